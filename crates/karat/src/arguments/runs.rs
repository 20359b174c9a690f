//! `karat runs`.

use clap::{Args, Subcommand};

const EXAMPLES: &str = "\
Examples:
  karat runs                    What was built here
  karat runs show latest        The last run again
  karat runs show latest -json  The same for a program";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Runs {
    #[command(subcommand)]
    pub(crate) action: Option<RunsAction>,
}

#[derive(Subcommand, Debug)]
pub(crate) enum RunsAction {
    /// Show a run as it was seen
    Show {
        /// `latest`, its id, or enough of its beginning or end
        #[arg(value_name = "ID")]
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
