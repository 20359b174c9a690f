//! What of the definition is Packer's. The rest does not exist under `--strict` and for whoever calls us `packer`.

use clap::{Arg, Command};

/// The heading of flags that Packer does not have.
pub(super) const BEYOND: &str = "Beyond Packer (not with --strict)";

/// The commands that Packer does not have.
pub(super) const OURS: &[&str] = &["completion", "explain", "gc", "man", "runs"];

/// Whether Packer has a flag.
pub(super) fn has_flag(flag: &Arg) -> bool {
    flag.get_help_heading() != Some(BEYOND)
}

/// Whether Packer has a command, of those at the top.
pub(super) fn has_command(command: &Command) -> bool {
    !OURS.contains(&command.get_name())
}

/// The definition as Packer's help shows it. What Packer lacks is hidden here, and not found by [`super::line`].
pub(super) fn only(definition: Command) -> Command {
    let commands = definition.get_subcommands().filter(|command| has_command(command));
    let names: Vec<_> = commands.map(|command| command.get_name().to_string()).collect();
    let mut definition = definition.name("packer").bin_name("packer");
    for name in names {
        definition =
            definition.mut_subcommand(&name, |command| described(command, &format!("packer {name}")));
    }
    definition
}

fn described(command: Command, path: &str) -> Command {
    let values = command.get_positionals().filter(|value| !value.is_hide_set()).map(|value| {
        let name = value.get_value_names().and_then(<[_]>::first).map_or("ARGS", |name| name.as_str());
        if value.is_required_set() { format!(" {name}") } else { format!(" [{name}]") }
    });
    let values: String = values.collect();
    let usage = match command.has_subcommands() {
        true => format!("{path} <subcommand> [options] [args]"),
        false => format!("{path} [options]{values}"),
    };
    let names: Vec<_> = command.get_subcommands().map(|command| command.get_name().to_string()).collect();
    let template = match command.has_subcommands() {
        true => "Usage: {usage}\n\n  {about}\n\nSubcommands:\n{subcommands}\n",
        false => "Usage: {usage}\n\n  {about}\n\nOptions:\n\n{options}\n",
    };
    let mut command = command
        .override_usage(usage)
        .help_template(template)
        .disable_help_flag(true)
        .mut_args(|flag| if has_flag(&flag) { flag.help_heading(None) } else { flag.hide(true) });
    for name in names {
        command = command.mut_subcommand(&name, |command| described(command, &format!("{path} {name}")));
    }
    command
}

/// What Packer says where no command is named that it knows.
pub(super) fn usage(definition: &Command) -> String {
    let shown = |command: &&Command| has_command(command) && !command.is_hide_set();
    let mut commands: Vec<_> = definition.get_subcommands().filter(shown).collect();
    commands.sort_by_key(|command| command.get_name());
    let lines = commands.iter().map(|command| {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        format!("    {:<18}    {about}\n", command.get_name())
    });
    let lines: String = lines.collect();
    format!("Usage: packer [--version] [--help] <command> [<args>]\n\nAvailable commands are:\n{lines}\n")
}
