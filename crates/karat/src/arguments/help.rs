//! `karat -h`.

use clap::Command;
use clap::builder::StyledStr;

/// Every command that is not hidden stands in one group.
pub(super) const GROUPS: &[(&str, &[&str])] = &[
    ("Build", &["build", "validate"]),
    ("Look", &["inspect", "console"]),
    ("Change templates", &["fmt", "fix", "hcl2_upgrade"]),
    ("Runs and clean-up", &["runs", "gc"]),
    ("Plugins", &["init", "plugins"]),
    ("More", &["explain", "completion", "verify-attestation", "version"]),
];

const AFTER: &[(&str, &str)] = &[
    (
        "Everywhere",
        "
  -h, --help            What a command does, its flags and examples
  -machine-readable     Lines for programs: UNIX-TIME,TARGET,CATEGORY,DATA…
  --strict              Exactly Packer 1.16: nothing better, nothing else. Also when called as `packer`
",
    ),
    (
        "Examples",
        "
  karat build ubuntu.pkr.hcl                      Build everything in a template
  karat build -only='*.web' -var version=1.2 .    Some builds of a directory, with a variable set
  karat build -on-error=ask -debug .              Stop at each step, and ask what to do on failure
  karat validate .                                Find mistakes without building
  karat runs show latest                          See the last run again
",
    ),
    (
        "Environment",
        "
  PKR_VAR_NAME          The value of the variable NAME of an HCL2 template
  PACKER_LOG=1          A log, on standard error or in the file that PACKER_LOG_PATH names
  PACKER_CACHE_DIR      Where downloads are kept
  PACKER_PLUGIN_PATH    Where plugins are
  PACKER_NO_COLOR       No colour; so does NO_COLOR
  KARAT_STATE_DIR       Where runs are recorded, and what they have to clean up
  `karat explain environment` lists all of them
",
    ),
];

/// The definition as manual pages show it.
pub(crate) fn documented() -> Command {
    let after: String = AFTER.iter().map(|(title, lines)| format!("{title}:{lines}\n")).collect();
    super::line::shown(false).after_help(after)
}

/// All commands, grouped, with what people need first. Headings are styled as clap styles them.
pub(super) fn text(definition: &Command) -> StyledStr {
    let heading = definition.get_styles().get_header();
    let mut text = String::from("Golden machine images from Packer templates, without the flakiness.\n\n");
    text.push_str(&format!("{heading}Usage:{heading:#} karat COMMAND [FLAGS] [TEMPLATE]\n"));
    for (title, names) in GROUPS {
        text.push_str(&format!("\n{heading}{title}:{heading:#}\n"));
        for command in names.iter().filter_map(|name| definition.find_subcommand(name)) {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            text.push_str(&format!("  {:<20}  {about}\n", command.get_name()));
        }
    }
    for (title, lines) in AFTER {
        text.push_str(&format!("\n{heading}{title}:{heading:#}{lines}"));
    }
    text.push_str("\n`karat COMMAND -h` says more. Packer's flags work with one dash or two.\n");
    text.into()
}
