//! `karat explain`.

use clap::Args;

#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// The code that the message shows, such as unknown-argument; without one, all are listed
    #[arg(value_name = "CODE")]
    pub(crate) code: Option<String>,
}
