//! The variables that count, and those of Packer 1.16 that do not: `karat explain environment`.

/// A variable and what it does.
type Variable = (&'static str, &'static str);

/// What the user can set.
const COUNT: &[Variable] = &[
    ("PKR_VAR_NAME", "The value of the variable NAME of an HCL2 template; unknown names are passed over"),
    ("PACKER_LOG", "The log on stderr, unless empty or 0"),
    (
        "PACKER_LOG_PATH",
        "The log into this file, which is emptied first, and not on stderr; PACKER_LOG is not needed",
    ),
    ("PACKER_NO_COLOR", "No colour, unless empty"),
    ("NO_COLOR", "No colour, unless empty; not under --strict"),
    ("PACKER_CONFIG", "The configuration file; else .packerconfig in PACKER_CONFIG_DIR, else in HOME"),
    ("PACKER_CONFIG_DIR", "Where .packer.d is, for plugins; else HOME, where there is one"),
    ("XDG_CONFIG_HOME", "Where packer/plugins is, if there is no .packer.d; else ~/.config"),
    ("PACKER_PLUGIN_PATH", "Where plugins are: one directory"),
    ("PACKER_CACHE_DIR", "Where downloads are kept; else packer in XDG_CACHE_HOME, else ~/.cache/packer"),
    ("XDG_CACHE_HOME", "Where packer is, for downloads; else ~/.cache"),
    (
        "KARAT_STATE_DIR",
        "Where runs are recorded and what they have to clean up; else karat in XDG_STATE_HOME",
    ),
    (
        "KARAT_COMPLETE",
        "Set by the scripts of `karat completion`: the answer is how a command line may go on",
    ),
    ("XDG_STATE_HOME", "Where karat is, for runs; else ~/.local/state"),
    ("HOME", "Where all of this is unless something else is said; ~ in paths"),
    ("TMPDIR", "Where temporary files are; else /tmp"),
    ("TZ", "The time zone of the log and of -timestamp-ui"),
    (
        "PACKER_KEY_INTERVAL",
        "Time between two keys of a boot_command, unless boot_key_interval says it; else 100ms",
    ),
    ("PACKER_GETTER_READ_TIMEOUT", "How long one download may take; else 30m"),
    ("SSH_AUTH_SOCK", "The SSH agent, for ssh_agent_auth and for the guest"),
    ("HTTP_PROXY", "Proxies of downloads and http data sources; HTTPS_PROXY, ALL_PROXY and NO_PROXY, too"),
    ("VAULT_ADDR", "Vault for the function vault; with VAULT_TOKEN and what else Vault's own tool reads"),
    (
        "CONSUL_HTTP_ADDR",
        "Consul for consul_key; with CONSUL_HTTP_TOKEN and what else Consul's own tool reads",
    ),
    ("AWS_REGION", "AWS for aws_secretsmanager; with AWS_PROFILE and what else AWS's own tool reads"),
];

/// What steps and plugins find set.
const SET: &[Variable] = &[
    ("PACKER_RUN_UUID", "The run"),
    ("PACKER_BUILD_NAME", "The name of the build's source"),
    ("PACKER_BUILDER_TYPE", "The type of the builder"),
    (
        "PACKER_HTTP_ADDR",
        "Address and port of the build's web server; PACKER_HTTP_IP and PACKER_HTTP_PORT are its parts",
    ),
    ("KARAT_RESOURCE", "The mark by which `karat gc` knows what a run started"),
];

/// What Packer 1.16 reads and Karat does not.
const NO_EFFECT: &[Variable] = &[
    ("CHECKPOINT_DISABLE", "Nothing is ever sent anywhere, and no version is looked up"),
    ("PACKER_TMP_DIR", "Only Packer's docker plugin reads it"),
    ("DOCKER_CONFIG", "Only Packer's docker plugin reads it"),
    (
        "PACKER_PLUGIN_MIN_PORT",
        "Plugins do not run yet; PACKER_PLUGIN_MAX_PORT and PACKER_PLUGIN_MAGIC_COOKIE, too",
    ),
    ("PACKER_FORCE_GOB", "Plugins do not run yet"),
    ("PACKER_GITHUB_API_TOKEN", "Plugins cannot be installed yet"),
    ("PACKER_WRAP_COOKIE", "Karat is one process"),
    ("GOMAXPROCS", "Karat uses the cores that it is given"),
    ("HCP_CLIENT_ID", "Nothing is published to HCP Packer; so for all that begin with HCP_"),
];

/// All of it as one page.
pub(crate) fn page() -> String {
    let list = |title: &str, variables: &[Variable]| {
        let lines = variables.iter().map(|(name, meaning)| format!("  {name:<26}  {meaning}\n"));
        format!("{title}:\n{}", lines.collect::<String>())
    };
    [
        list("Variables that count", COUNT),
        list("Variables that steps find set", SET),
        list("Variables of Packer that have no effect", NO_EFFECT),
    ]
    .join("\n")
    .trim_end()
    .to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Every variable of Packer 1.16's core, SDK and the components that Karat has.
    const PACKERS: &str = "PACKER_LOG PACKER_LOG_PATH PACKER_NO_COLOR PACKER_CONFIG PACKER_CONFIG_DIR XDG_CONFIG_HOME HOME \
        PACKER_PLUGIN_PATH PACKER_CACHE_DIR XDG_CACHE_HOME PACKER_TMP_DIR TMPDIR PACKER_RUN_UUID PACKER_KEY_INTERVAL \
        PACKER_GETTER_READ_TIMEOUT PACKER_PLUGIN_MIN_PORT PACKER_PLUGIN_MAX_PORT PACKER_PLUGIN_MAGIC_COOKIE \
        PACKER_FORCE_GOB PACKER_GITHUB_API_TOKEN PKR_VAR_ CHECKPOINT_DISABLE SSH_AUTH_SOCK NO_PROXY HTTP_PROXY \
        DOCKER_CONFIG HCP_CLIENT_ID GOMAXPROCS PACKER_WRAP_COOKIE PACKER_BUILD_NAME PACKER_BUILDER_TYPE \
        PACKER_HTTP_ADDR PACKER_HTTP_IP PACKER_HTTP_PORT";

    #[test]
    fn cli_30_every_variable_of_packer_is_explained() {
        let page = page();
        for name in PACKERS.split_whitespace() {
            assert!(page.contains(name), "{name}");
        }
    }

    /// The code of all rooms, without this file, tests and comments.
    fn code(directory: &Path, found: &mut String) {
        for entry in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.file_name().unwrap().to_str().unwrap();
            if entry.is_dir() && !["tests", "target"].contains(&name) && name != "karat-testkit" {
                code(&entry, found);
            } else if name.ends_with(".rs")
                && name != "tests.rs"
                && !entry.ends_with("karat/src/environment.rs")
            {
                let text = fs::read_to_string(&entry).unwrap();
                let lines = text.lines().take_while(|line| line.trim() != "mod tests {");
                lines.for_each(|line| *found += line.split("//").next().unwrap_or_default());
            }
        }
    }

    #[test]
    fn cli_30_what_is_said_to_count_is_read_and_what_is_read_is_said() {
        let mut all = String::new();
        code(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")), &mut all);
        // Read by what we are built on.
        let elsewhere = ["TMPDIR", "TZ", "HTTP_PROXY"];
        for (name, _) in COUNT.iter().chain(SET).filter(|(name, _)| !elsewhere.contains(name)) {
            let name = name.replace("PKR_VAR_NAME", "PKR_VAR_");
            assert!(all.contains(&format!("\"{name}")), "{name} is not read anywhere");
        }
        let page = page();
        for prefix in ["\"PACKER_", "\"KARAT_"] {
            for (at, _) in all.match_indices(prefix) {
                let name: String =
                    all[at + 1..].chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect();
                let is_for_tests = name.starts_with("KARAT_FAULT_");
                assert!(is_for_tests || page.contains(&name), "{name} is not explained");
            }
        }
        for (name, _) in NO_EFFECT {
            assert!(!all.contains(&format!("\"{name}\"")), "{name} has an effect");
        }
    }
}
