//! Who asks AWS, and where: environment variables and the files that AWS tools share.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use karat_model::secret::Secret;

use super::Environment;

/// The account that asks.
pub(super) struct Credentials {
    pub(super) key_id: String,
    pub(super) key: Secret,
    /// With a key that is only lent for some time.
    pub(super) session: Option<Secret>,
}

/// The settings of a profile by name.
pub(super) struct Profile {
    name: String,
    settings: BTreeMap<String, String>,
}

/// Settings that lead to credentials in a way that is not supported yet.
const DETOURS: [&str; 5] =
    ["role_arn", "credential_process", "sso_session", "sso_start_url", "web_identity_token_file"];
const DETOUR_VARIABLES: [&str; 3] = [
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

impl Profile {
    /// The profile that the environment chooses, from both files. What the file of credentials says counts more.
    pub(super) fn read(environment: &Environment) -> Result<Self, String> {
        let chosen = environment.get("AWS_PROFILE").or(environment.get("AWS_DEFAULT_PROFILE"));
        let name = chosen.unwrap_or("default");
        let mut settings = BTreeMap::new();
        let mut found = false;
        for (variable, file) in
            [("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")]
        {
            let path = environment.get(variable).map(PathBuf::from);
            let path = path.unwrap_or_else(|| environment.home().join(".aws").join(file));
            let text = match fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(format!("{} cannot be read: {error}", path.display())),
            };
            let section = section(&text, name, file == "config");
            found |= section.is_some();
            settings.extend(section.unwrap_or_default());
        }
        match chosen {
            Some(name) if !found => {
                Err(format!("AWS_PROFILE names {name:?}, which no file of AWS settings has"))
            }
            _ => Ok(Self { name: name.to_owned(), settings }),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// The account that asks. Variables count more than files.
    pub(super) fn credentials(&self, environment: &Environment) -> Result<Credentials, String> {
        let variable = |names: [&str; 2]| names.into_iter().find_map(|name| environment.get(name));
        let id = variable(["AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"]);
        let key = variable(["AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"]);
        let session = environment.get("AWS_SESSION_TOKEN");
        let setting = |name| self.get(name);
        let (id, key, session) = match (id, key) {
            (Some(id), Some(key)) => (id, key, session),
            _ => match (setting("aws_access_key_id"), setting("aws_secret_access_key")) {
                (Some(id), Some(key)) => (id, key, setting("aws_session_token")),
                _ => return Err(self.missing(environment)),
            },
        };
        Ok(Credentials { key_id: id.to_owned(), key: Secret::new(key), session: session.map(Secret::new) })
    }

    fn missing(&self, environment: &Environment) -> String {
        let detour = DETOURS.into_iter().find(|name| self.get(name).is_some());
        let detour = detour.map(|name| format!("the profile {:?} uses {name}", self.name));
        let variable = DETOUR_VARIABLES.into_iter().find(|name| environment.get(name).is_some());
        let detour = detour.or(variable.map(|name| format!("{name} is set")));
        let detour = detour.map(|what| format!("; {what}, which is not supported yet")).unwrap_or_default();
        format!(
            "AWS needs credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE to a profile with keys{detour}"
        )
    }
}

/// The settings of a section, if there is one. In the file of settings the names have `profile` before them.
fn section(text: &str, wanted: &str, prefixed: bool) -> Option<BTreeMap<String, String>> {
    let mut settings = None;
    let mut inside = false;
    for line in text.lines() {
        // Indented lines belong to the setting above them.
        let nested = line.starts_with([' ', '\t']);
        let line =
            line.split([' ', '\t']).scan((), |(), word| (!word.starts_with(['#', ';'])).then_some(word));
        let line = line.collect::<Vec<_>>().join(" ");
        if let Some(name) = line.trim().strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let name = name.trim();
            let bare = name.strip_prefix("profile ").map(str::trim).filter(|_| prefixed);
            inside = bare.or(Some(name).filter(|name| !prefixed || *name == "default")) == Some(wanted);
            if inside {
                settings.get_or_insert_with(BTreeMap::new);
            }
        } else if let Some((name, value)) = line.split_once('=').filter(|_| inside && !nested)
            && let Some(settings) = &mut settings
        {
            settings.insert(name.trim().to_lowercase(), value.trim().to_owned());
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_have_settings() {
        let text = "; mine\n[default]\nregion = eu-west-1 # near\ns3 =\n  region = us-east-1\n[profile two]\nRegion=x\n[two]\nregion=y\n";
        let region =
            |wanted, prefixed| section(text, wanted, prefixed).map(|found| found.get("region").cloned());
        assert_eq!(region("default", true), Some(Some("eu-west-1".to_owned())));
        assert_eq!(region("two", true), Some(Some("x".to_owned())));
        assert_eq!(region("two", false), Some(Some("y".to_owned())));
        assert_eq!(region("three", true), None);
    }
}
