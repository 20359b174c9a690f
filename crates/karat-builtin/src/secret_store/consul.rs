//! Consul's key-value store.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{StatusCode, Url};
use serde_json::Value;

use super::Environment;
use super::http::{Tls, client, send};

/// What Consul keeps under a key.
pub(super) async fn read(environment: &Environment, key: &str) -> Result<Value, String> {
    environment.refuse(&["CONSUL_TLS_SERVER_NAME"])?;
    let url = url(environment, key)?;
    let token = match environment.get("CONSUL_HTTP_TOKEN_FILE") {
        Some(path) => {
            let text = std::fs::read_to_string(path);
            let wrong = |error| format!("CONSUL_HTTP_TOKEN_FILE names {path}, which cannot be read: {error}");
            Some(text.map_err(wrong)?.trim().to_owned())
        }
        None => environment.get("CONSUL_HTTP_TOKEN").map(str::to_owned),
    };
    let file = |name| environment.get(name).map(|path| (name, path));
    let tls = Tls {
        authorities: file("CONSUL_CACERT"),
        authority_directory: file("CONSUL_CAPATH"),
        certificate: file("CONSUL_CLIENT_CERT"),
        key: file("CONSUL_CLIENT_KEY"),
        verify: environment.flag("CONSUL_HTTP_SSL_VERIFY")? != Some(false),
    };
    let client = tls.build(client())?;
    let request = || {
        let mut request = client.get(url.clone());
        if let Some(token) = &token {
            request = request.header("X-Consul-Token", token);
        }
        if let Some(auth) = environment.get("CONSUL_HTTP_AUTH") {
            let (user, password) = auth.split_once(':').unwrap_or((auth, ""));
            request = request.basic_auth(user, Some(password));
        }
        Ok(request)
    };
    let place = format!("{} (CONSUL_HTTP_ADDR)", url.origin().ascii_serialization());
    let answer = send("Consul", &place, request).await?;
    match answer.status {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => return Err(format!("Consul at {place} has no key {key:?}")),
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => {
            let who = if token.is_some() {
                "the token in CONSUL_HTTP_TOKEN"
            } else {
                "us without a CONSUL_HTTP_TOKEN"
            };
            return Err(format!("Consul at {place} does not let {who} read {key:?}"));
        }
        status => return Err(format!("Consul at {place} answered {status} for {key:?}")),
    }
    let value = answer.body.get(0).and_then(|entry| entry.get("Value")).and_then(Value::as_str);
    let bytes = value.and_then(|value| STANDARD.decode(value).ok()).unwrap_or_default();
    match String::from_utf8(bytes) {
        Ok(text) if text.is_empty() => Err(format!("the key {key:?} of Consul at {place} is empty")),
        Ok(text) => Ok(Value::String(text)),
        Err(_) => Err(format!("the key {key:?} of Consul at {place} is not UTF-8 text")),
    }
}

pub(super) fn text(found: &Value) -> String {
    found.as_str().unwrap_or_default().to_owned()
}

fn url(environment: &Environment, key: &str) -> Result<Url, String> {
    let address = environment.get("CONSUL_HTTP_ADDR").unwrap_or("127.0.0.1:8500");
    let wrong =
        || format!("CONSUL_HTTP_ADDR must be an address such as 127.0.0.1:8500, but it is {address:?}");
    let tls = environment.flag("CONSUL_HTTP_SSL")? == Some(true);
    let full = match address.split_once("://") {
        Some(("http", rest)) if tls => format!("https://{rest}"),
        Some(("http" | "https", _)) => address.to_owned(),
        Some(("unix", _)) => {
            return Err("CONSUL_HTTP_ADDR names a Unix socket, which is not supported yet".to_owned());
        }
        Some(_) => return Err(wrong()),
        None => format!("{}://{address}", if tls { "https" } else { "http" }),
    };
    let mut url = Url::parse(&full).map_err(|_| wrong())?;
    url.path_segments_mut()
        .map_err(|()| wrong())?
        .pop_if_empty()
        .extend(["v1", "kv"])
        .extend(key.strip_prefix('/').unwrap_or(key).split('/'));
    let settings = [("ns", "CONSUL_NAMESPACE"), ("partition", "CONSUL_PARTITION")];
    for (name, value) in
        settings.into_iter().filter_map(|(name, variable)| Some((name, environment.get(variable)?)))
    {
        url.query_pairs_mut().append_pair(name, value);
    }
    Ok(url)
}
