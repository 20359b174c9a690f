//! AWS Secrets Manager.

use std::time::SystemTime;

use karat_gotmpl::time::Moment;
use reqwest::Url;
use serde_json::{Value, json};

use super::http::{Tls, client, send};
use super::profile::Profile;
use super::signature::{Unsigned, amz_date};
use super::{Environment, such_as};

const SERVICE: &str = "secretsmanager";

/// The text of a secret.
pub(super) async fn read(environment: &Environment, name: &str) -> Result<Value, String> {
    if name.is_empty() {
        return Err("the name of a secret must not be empty".to_owned());
    }
    let profile = Profile::read(environment)?;
    let region =
        environment.get("AWS_REGION").or(environment.get("AWS_DEFAULT_REGION")).or(profile.get("region"));
    let region = region.ok_or("AWS needs to know the region: set AWS_REGION")?;
    let credentials = profile.credentials(environment)?;
    let url = endpoint(environment, &profile, region)?;
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or(host.to_owned(), |port| format!("{host}:{port}"));
    let authorities = environment.get("AWS_CA_BUNDLE").map(|path| ("AWS_CA_BUNDLE", path));
    let tls = Tls { authorities, authority_directory: None, certificate: None, key: None, verify: true };
    let client = tls.build(client())?;
    let body = json!({ "SecretId": name, "VersionStage": "AWSCURRENT" }).to_string();
    let request = || {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let time = Moment::from_unix(i64::try_from(since.as_secs()).unwrap_or_default(), 0);
        let date = amz_date(&time);
        let mut headers = vec![
            ("content-type", "application/x-amz-json-1.1"),
            ("host", host.as_str()),
            ("x-amz-date", date.as_str()),
            ("x-amz-target", "secretsmanager.GetSecretValue"),
        ];
        if let Some(session) = &credentials.session {
            headers.insert(3, ("x-amz-security-token", session.expose()));
        }
        let unsigned = Unsigned {
            method: "POST",
            path: url.path(),
            query: "",
            headers: &headers,
            body: body.as_bytes(),
            region,
            service: SERVICE,
            time,
        };
        let authorization = unsigned.authorization(&credentials);
        let request = client.post(url.clone()).header("authorization", authorization).body(body.clone());
        Ok(headers
            .iter()
            .filter(|(name, _)| *name != "host")
            .fold(request, |request, (name, value)| request.header(*name, *value)))
    };
    let place = url.origin().ascii_serialization();
    let answer = send("AWS Secrets Manager", &place, request).await?;
    if !answer.status.is_success() {
        let field = |name: &str| answer.body.get(name).and_then(Value::as_str);
        let kind = field("__type").map(|kind| kind.rsplit('#').next().unwrap_or_default());
        let said = [kind, field("message").or(field("Message"))];
        let said = said.into_iter().flatten().collect::<Vec<_>>().join(": ");
        let said = if said.is_empty() { answer.status.to_string() } else { said };
        return Err(format!("AWS Secrets Manager at {place} did not give {name:?}: {said}"));
    }
    match answer.body.get("SecretString") {
        Some(text @ Value::String(_)) => Ok(text.clone()),
        _ => Err(format!("the secret {name:?} of AWS Secrets Manager at {place} is not a text but bytes")),
    }
}

/// The service's address.
fn endpoint(environment: &Environment, profile: &Profile, region: &str) -> Result<Url, String> {
    let own = ["AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL"];
    let own = own.into_iter().find_map(|name| Some((name, environment.get(name)?)));
    let own = own.or(profile.get("endpoint_url").map(|url| ("endpoint_url", url)));
    let ignored = environment.flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")? == Some(true);
    if let Some((name, url)) = own.filter(|_| !ignored) {
        return Url::parse(url).map_err(|_| format!("{name} must be a URL, but it is {url:?}"));
    }
    let is_name = region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
    let url = Url::parse(&format!("https://{SERVICE}.{region}.amazonaws.com{suffix}/"));
    url.ok()
        .filter(|_| is_name)
        .ok_or_else(|| format!("AWS_REGION must be a region such as eu-west-1, but it is {region:?}"))
}

pub(super) fn text(secret: &Value) -> String {
    secret.as_str().unwrap_or_default().to_owned()
}

/// One entry of a secret that is a JSON object, or the whole text if it is no JSON.
pub(super) fn entry(secret: &Value, name: &str, key: &str) -> Result<String, String> {
    let text = text(secret);
    let entries = match serde_json::from_str(&text) {
        Ok(Value::Object(entries)) => entries,
        Ok(_) => {
            return Err(format!(
                "the secret {name:?} has no entries; aws_secretsmanager_raw reads it as a whole"
            ));
        }
        Err(_) => return Ok(text),
    };
    if key.is_empty() && entries.len() > 1 {
        return Err(format!(
            "the secret {name:?} has several entries, so one must be chosen{}",
            such_as(entries.keys())
        ));
    }
    let found = if key.is_empty() { entries.values().next() } else { entries.get(key) };
    match found {
        Some(Value::String(text)) => Ok(text.clone()),
        // Packer 1.16 writes them without fractions.
        Some(Value::Number(number)) => Ok(format!("{:.0}", number.as_f64().unwrap_or_default())),
        Some(_) => Err(format!("the entry {key:?} of the secret {name:?} is not a text")),
        None => Err(format!("the secret {name:?} has no entry {key:?}{}", such_as(entries.keys()))),
    }
}
