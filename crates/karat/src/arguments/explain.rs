//! `karat explain`.

use clap::Args;

const EXAMPLES: &str = "\
Examples:
  karat explain                     All kinds of problems
  karat explain unknown-argument    One of them, with an example and what is right";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Explain {
    /// The code that the message shows, such as unknown-argument; without one, all are listed; or `environment`, for the variables that count
    #[arg(value_name = "CODE")]
    pub(crate) code: Option<String>,
}
