//! `karat runs`.

use clap::{Args, Subcommand};

#[derive(Args, Debug)]
pub(crate) struct Runs {
    #[command(subcommand)]
    pub(crate) action: Option<RunsAction>,
}

#[derive(Subcommand, Debug)]
pub(crate) enum RunsAction {
    /// Show a run as it was seen
    Show {
        /// Its id, or enough of its beginning or end
        id: String,
        /// Put the time before each line
        #[arg(long)]
        timestamp_ui: bool,
        /// The log, as PACKER_LOG=1 would have shown it
        #[arg(long)]
        log: bool,
        /// The recorded events, as JSON lines
        #[arg(long)]
        json: bool,
    },
}
