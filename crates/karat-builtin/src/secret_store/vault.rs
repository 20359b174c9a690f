//! HashiCorp Vault.

use std::time::Duration;

use reqwest::{StatusCode, Url};
use serde_json::Value;

use super::http::{Answer, Tls, client, send};
use super::{Environment, such_as};

/// Where Vault is unless a variable says it.
const ADDRESS: &str = "https://127.0.0.1:8200";

/// What Vault keeps at a path.
pub(super) async fn read(environment: &Environment, path: &str) -> Result<Value, String> {
    environment.refuse(&["VAULT_TLS_SERVER_NAME", "VAULT_CACERT_BYTES", "VAULT_SRV_LOOKUP"])?;
    let token = environment.get("VAULT_TOKEN").ok_or("Vault needs a token: set VAULT_TOKEN")?;
    let address =
        ["VAULT_AGENT_ADDR", "VAULT_ADDR"].into_iter().find_map(|name| Some((name, environment.get(name)?)));
    let (variable, address) = address.unwrap_or(("VAULT_ADDR", ADDRESS));
    let url = url(variable, address, path)?;
    let file = |name| environment.get(name).map(|path| (name, path));
    let tls = Tls {
        authorities: file("VAULT_CACERT"),
        authority_directory: file("VAULT_CAPATH"),
        certificate: file("VAULT_CLIENT_CERT"),
        key: file("VAULT_CLIENT_KEY"),
        verify: environment.flag("VAULT_SKIP_VERIFY")? != Some(true),
    };
    let mut builder = client();
    if let Some(seconds) = environment.get("VAULT_CLIENT_TIMEOUT") {
        let seconds = seconds.trim_end_matches('s').parse();
        let seconds = seconds.map_err(|_| "VAULT_CLIENT_TIMEOUT must be a number of seconds")?;
        builder = builder.timeout(Duration::from_secs(seconds));
    }
    if let Some(proxy) = environment.get("VAULT_PROXY_ADDR").or(environment.get("VAULT_HTTP_PROXY")) {
        let proxy = reqwest::Proxy::all(proxy);
        builder = builder.proxy(proxy.map_err(|error| format!("VAULT_PROXY_ADDR is not a proxy: {error}"))?);
    }
    let client = tls.build(builder)?;
    let request = || {
        let mut request =
            client.get(url.clone()).header("X-Vault-Token", token).header("X-Vault-Request", "true");
        if let Some(namespace) = environment.get("VAULT_NAMESPACE") {
            request = request.header("X-Vault-Namespace", namespace);
        }
        Ok(request)
    };
    let place = format!("{address} ({variable})");
    let answer = send("Vault", &place, request).await?;
    match answer.status {
        StatusCode::OK => match answer.body.get("data") {
            Some(data @ Value::Object(_)) => Ok(data.clone()),
            _ => Err(format!("Vault at {place} has no secret at {path:?}{}", said(&answer))),
        },
        StatusCode::NOT_FOUND => Err(format!(
            "Vault at {place} has no secret at {path:?}{}; for the second version of the key-value engine the path has \
             a part \"data\", as in \"secret/data/name\"",
            said(&answer)
        )),
        StatusCode::FORBIDDEN => Err(format!(
            "Vault at {place} does not let the token in VAULT_TOKEN read {path:?}{}",
            said(&answer)
        )),
        status => Err(format!("Vault at {place} answered {status} for {path:?}{}", said(&answer))),
    }
}

fn url(variable: &str, address: &str, path: &str) -> Result<Url, String> {
    let wrong = || format!("{variable} must be a URL such as {ADDRESS}, but it is {address:?}");
    let mut url = Url::parse(address).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong());
    }
    let parts = path.split('/').filter(|part| !part.is_empty());
    url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().push("v1").extend(parts);
    Ok(url)
}

/// What Vault says about it, as `: this; that`.
fn said(answer: &Answer) -> String {
    let texts = ["errors", "warnings"].into_iter().filter_map(|name| answer.body.get(name)?.as_array());
    let texts: Vec<&str> = texts.flatten().filter_map(Value::as_str).collect();
    if texts.is_empty() { String::new() } else { format!(": {}", texts.join("; ")) }
}

/// One entry of what Vault keeps. The second version of its engine wraps the entries once more.
pub(super) fn entry(data: &Value, path: &str, key: &str) -> Result<String, String> {
    let entries = match data.get("data") {
        Some(Value::Object(entries)) => Some(entries),
        Some(Value::Null) => return Err(format!("the secret {path:?} in Vault has been deleted")),
        _ => data.as_object(),
    };
    let found = entries.and_then(|entries| entries.get(key));
    match found {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(Value::Bool(truth)) => Ok(truth.to_string()),
        Some(_) => Err(format!("{key:?} of the secret {path:?} in Vault is not a text")),
        None => {
            let others = such_as(entries.into_iter().flat_map(serde_json::Map::keys));
            Err(format!("the secret {path:?} in Vault has no {key:?}{others}"))
        }
    }
}
