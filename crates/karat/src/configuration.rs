//! What the user configured for every command: `.packerconfig`, and where plugins are.
//!
//! What is wrong here stops a command before anything else: Packer 1.16 says it on stderr, and so do we.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use karat_sdk::error::in_words;
use serde::Deserialize;

use crate::directories::Directories;
use crate::report::log;

/// What may stand in the file. Other keys are passed over, as in Packer 1.16.
#[derive(Deserialize, Default)]
#[serde(default)]
struct File {
    /// Nothing is ever sent, so there is nothing to disable.
    #[serde(rename = "disable_checkpoint")]
    _checkpoint: Option<bool>,
    #[serde(rename = "disable_checkpoint_signature")]
    _signature: Option<bool>,
    builders: Option<Components>,
    provisioners: Option<Components>,
    #[serde(rename = "post-processors")]
    post_processors: Option<Components>,
}

/// Name and program of components from before there were plugins of several components.
type Components = BTreeMap<String, String>;

/// Looks at what is configured; the error is for the user, and names its place.
pub(crate) fn check(directories: &Directories) -> Result<(), String> {
    let shown = |path: &Option<_>| {
        path.as_ref().map_or("none".to_owned(), |path: &std::path::PathBuf| path.display().to_string())
    };
    plugins(directories.plugins.as_deref())?;
    let Some(path) = &directories.config_file else { return Ok(()) };
    match fs::read(path) {
        Ok(text) => {
            log::info(format_args!("Config file: {}", path.display()));
            file(path, &text)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            log::info(format_args!("Config file doesn't exist: {}", path.display()));
        }
        Err(error) => return Err(format!("open {}: {}", path.display(), in_words(&error))),
    }
    log::info(format_args!("Config directory: {}", shown(&directories.config)));
    log::info(format_args!("Plugin directory: {}", shown(&directories.plugins)));
    log::info(format_args!("Setting cache directory: {}", directories.cache.display()));
    log::info(format_args!("State directory: {}", directories.state.display()));
    Ok(())
}

/// Packer looks for plugins in one directory only.
fn plugins(path: Option<&Path>) -> Result<(), String> {
    let parts: Vec<_> = path.into_iter().flat_map(std::env::split_paths).collect();
    if parts.len() < 2 {
        return Ok(());
    }
    let suggestions = parts.iter().map(|part| format!("\n* PACKER_PLUGIN_PATH={}", part.display()));
    Err(format!(
        "Multiple paths are no longer supported for PACKER_PLUGIN_PATH.\nName one of them:{}",
        suggestions.collect::<String>()
    ))
}

fn file(path: &Path, text: &[u8]) -> Result<(), String> {
    // Only the first value counts, as for Packer.
    let first = serde_json::Deserializer::from_slice(text).into_iter::<Option<File>>().next();
    let shown = path.display();
    let file = match first {
        // Serde would take it for the fields in their order.
        Some(Ok(_)) if text.trim_ascii_start().starts_with(b"[") => {
            return Err(format!("{shown}: an object is expected at line 1, and there is a list"));
        }
        Some(Ok(file)) => file.unwrap_or_default(),
        Some(Err(error)) => return Err(format!("{shown}: {error}")),
        None => return Err(format!("{shown}: it is empty; write {{}} or remove it")),
    };
    let components = [file.provisioners, file.builders, file.post_processors];
    let paths: Vec<_> = components.into_iter().flatten().flat_map(BTreeMap::into_values).collect();
    if paths.is_empty() {
        return Ok(());
    }
    let list = paths.iter().map(|path| format!("- {path}\n")).collect::<String>();
    Err(format!(
        "{shown}: Your configuration file describes some legacy components: \n{list}\
         Packer has had no such components of one program each since version 1.11, and Karat has none either.\n\
         Remove them from the file, and name their plugin in the template's required_plugins."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(), String> {
        file(Path::new("c.json"), text.as_bytes())
    }

    #[test]
    fn cli_30_a_configuration_file_without_components_is_fine() {
        for text in [
            "{}",
            "null",
            "{\"disable_checkpoint\": true, \"disable_checkpoint_signature\": false, \"other\": [1]}",
            "{\"builders\": {}, \"provisioners\": null}",
            "{} what follows is not read",
        ] {
            assert_eq!(read(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn cli_30_components_of_one_program_are_listed() {
        let text = r#"{"builders": {"a": "/p/a"}, "provisioners": {"s": "packer-provisioner-super-shell"}}"#;
        let error = read(text).unwrap_err();
        let start = "c.json: Your configuration file describes some legacy components: \n\
                     - packer-provisioner-super-shell\n- /p/a\n";
        assert!(error.starts_with(start), "{error}");
        assert!(read(r#"{"post-processors": {"a": "/p/a"}}"#).unwrap_err().contains("- /p/a\n"));
    }

    #[test]
    fn cli_30_mistakes_name_the_file_and_the_place() {
        assert_eq!(read("").unwrap_err(), "c.json: it is empty; write {} or remove it");
        for (text, place) in [
            ("{\n\"builders", "line 2 column 9"),
            ("[]", "line 1"),
            ("{\"builders\": []}", "line 1 column 13"),
            ("{\"disable_checkpoint\": \"yes\"}", "line 1 column 28"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with("c.json: ") && error.contains(place), "{error}");
        }
    }

    #[test]
    fn cli_30_plugins_are_in_one_directory() {
        assert_eq!(plugins(Some(Path::new("/a"))), Ok(()));
        assert_eq!(plugins(None), Ok(()));
        let error = plugins(Some(Path::new("/a:/b"))).unwrap_err();
        assert!(
            error.starts_with("Multiple paths are no longer supported for PACKER_PLUGIN_PATH.\n"),
            "{error}"
        );
        assert!(error.ends_with("\n* PACKER_PLUGIN_PATH=/a\n* PACKER_PLUGIN_PATH=/b"), "{error}");
    }
}
