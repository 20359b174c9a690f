//! The functions that need more than their arguments and files.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use karat_model::secret::Secret;
use karat_model::secret_store::{SecretRequest, SecretStores};
use karat_template::Inputs;

use crate::rendering::{evaluation, titles};

/// Answers with what it is asked for.
#[derive(Debug, Default)]
struct Echo(Mutex<Vec<String>>);

impl SecretStores for Echo {
    fn fetch(&self, request: SecretRequest<'_>) -> Result<Secret, String> {
        self.0.lock().unwrap().push(format!("{request:?}"));
        match request {
            SecretRequest::Vault { path, key } if path != "broken" => {
                Ok(Secret::new(format!("{path}#{key}")))
            }
            SecretRequest::Vault { .. } => Err("Vault needs a token: set VAULT_TOKEN".to_owned()),
            SecretRequest::Consul { key } => Ok(Secret::new(key)),
            SecretRequest::Aws { name, key } => Ok(Secret::new(format!("{name}#{key}"))),
            SecretRequest::AwsRaw { name } => Ok(Secret::new(name)),
        }
    }
}

fn source(expression: &str) -> String {
    format!(
        "source \"null\" \"s\" {{\n  ssh_host = {expression}\n}}\nbuild {{\n  sources = [\"null.s\"]\n}}\n"
    )
}

/// What an expression is worth in a source, and whether it is secret; or what is wrong.
fn value(expression: &str, change: impl FnOnce(&mut Inputs<'_>)) -> String {
    let evaluation = evaluation(&source(expression), change);
    match &evaluation.plan {
        Some(plan) if evaluation.diagnostics.is_empty() => {
            let value = plan.builds[0].source.config.get("ssh_host").unwrap();
            format!("{}{}", if value.is_sensitive() { "secret " } else { "" }, value.as_str().unwrap())
        }
        _ => {
            let labels = evaluation.diagnostics.iter().filter_map(|problem| problem.primary.as_ref());
            let labels: Vec<_> = labels.map(|label| label.message.as_str()).collect();
            let titles = titles(&evaluation).join("; ");
            // Without the place.
            format!("{}: {}", titles.split_once(' ').unwrap().1, labels.join("; "))
        }
    }
}

#[test]
fn tpl_10_legacy_times_tell_when_the_run_started() {
    let at = |expression: &str| {
        value(expression, |inputs| {
            inputs.started = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_250);
        })
    };
    assert_eq!(at("legacy_isotime()"), "2023-11-14T22:13:20Z");
    assert_eq!(at("legacy_isotime(\"Mon Jan _2 15:04:05.000 2006\")"), "Tue Nov 14 22:13:20.250 2023");
    assert_eq!(at("legacy_strftime()"), "2023-11-14T22:13:20Z");
    assert_eq!(at("legacy_strftime(\"%Y%m%d-%H%M%S %%\")"), "20231114-221320 %");
    assert_eq!(
        at("legacy_isotime(null)"),
        "The call of `legacy_isotime` failed: \"format\": it must not be null"
    );
    assert_eq!(
        at("legacy_strftime(\"\", \"\")"),
        "The call of `legacy_strftime` failed: it takes no or one argument, but 2 were given"
    );
}

#[test]
fn tpl_10_secrets_from_stores_are_secret() {
    let with =
        |expression: &str| value(expression, |inputs| inputs.secret_stores = Some(Arc::new(Echo::default())));
    assert_eq!(with("vault(\"secret/data/a\", \"b\")"), "secret secret/data/a#b");
    assert_eq!(with("upper(consul_key(\"k\"))"), "secret K");
    assert_eq!(with("aws_secretsmanager(\"n\", null)"), "secret n#");
    assert_eq!(with("\"${aws_secretsmanager(\"n\", \"k\")}!\""), "secret n#k!");
    assert_eq!(with("aws_secretsmanager_raw(\"n\")"), "secret n");
    assert_eq!(
        with("vault(\"broken\", \"b\")"),
        "The call of `vault` failed: Vault needs a token: set VAULT_TOKEN"
    );
    assert_eq!(
        with("vault(\"p\")"),
        "The call of `vault` failed: it takes 2 arguments, but 1 were given; \"key\" is missing"
    );
    assert_eq!(
        value("vault(\"p\", \"k\")", |_| ()),
        "The call of `vault` failed: no secret store can be reached from here"
    );
}

#[test]
fn tpl_10_stores_are_not_asked_when_only_the_syntax_matters() {
    let stores = Arc::new(Echo::default());
    let text = format!("locals {{\n  a = consul_key(\"k\")\n}}\n{}", source("vault(\"p\", \"k\")"));
    evaluation(&text, |inputs| {
        inputs.secret_stores = Some(stores.clone());
        inputs.syntax_only = true;
    });
    assert_eq!(*stores.0.lock().unwrap(), [] as [&str; 0]);
    evaluation(&text, |inputs| inputs.secret_stores = Some(stores.clone()));
    assert!(!stores.0.lock().unwrap().is_empty());
}
