//! `http`: what a server answers to one request.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use karat_model::id::ComponentKind;
use karat_model::schema::Schema;
use karat_model::value::{Type, Value};
use karat_sdk::config::UNKNOWN_TEXT;
use karat_sdk::{About, Checked, Component, Config, DataSource, Problems, ReadContext, Reading, StepError};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, Url};

use crate::http_client::{Cause, client};

/// An answer becomes a string in the template; larger ones are files, which is what downloads are for.
const LARGEST_BODY: usize = 64 << 20;
/// How long a request may take from end to end.
const TIMEOUT: Duration = Duration::from_secs(10 * 60);
const METHODS: [&str; 7] = ["HEAD", "GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
/// Headers that follow from the request itself: Packer 1.16 passes over them too.
const FIXED_HEADERS: [&str; 4] = ["Host", "Content-Length", "Transfer-Encoding", "Trailer"];

/// The `http` data source.
pub struct Http;

#[derive(Config)]
struct Options {
    /// Where to ask.
    #[config(required)]
    url: String,
    /// HEAD, GET, POST, PUT, DELETE, OPTIONS or PATCH.
    #[config(default = "GET".to_string())]
    method: String,
    /// Headers of the request.
    request_headers: BTreeMap<String, String>,
    /// Body of the request.
    request_body: String,
}

/// A request that makes sense.
struct Request {
    url: Url,
    method: Method,
    headers: HeaderMap,
    body: String,
}

impl Options {
    /// What Packer 1.16 looks at before it asks.
    fn method(&self) -> Result<Method, Problems> {
        let mut problems = Problems::new();
        if self.url.is_empty() {
            problems.add("url", "the `url` must be specified");
        }
        let name = if self.method.is_empty() { "GET" } else { &self.method };
        let method = METHODS.contains(&name).then(|| Method::from_bytes(name.as_bytes()).ok()).flatten();
        if method.is_none() {
            problems.add("method", format!("the `method` must be one of [{}]", METHODS.join(" ")));
        }
        problems.or(())?;
        Ok(method.unwrap_or_default())
    }

    fn request(&self) -> Result<Request, Problems> {
        let method = self.method()?;
        let mut problems = Problems::new();
        let url = problems.keep(self.target());
        let mut headers = HeaderMap::new();
        for (name, value) in self.request_headers.iter().filter(|(name, _)| !is_fixed(name)) {
            match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                (Ok(name), Ok(value)) => {
                    headers.insert(name, value);
                }
                (Err(_), _) => {
                    problems.add("request_headers", format!("{name:?} cannot be the name of a header"))
                }
                (_, Err(_)) => problems.add(
                    "request_headers",
                    format!("the value of the header {name} has a character that no header may have"),
                ),
            }
        }
        match url {
            Some(url) if problems.0.is_empty() => {
                Ok(Request { url, method, headers, body: self.request_body.clone() })
            }
            _ => Err(problems),
        }
    }

    fn target(&self) -> Result<Url, Problems> {
        match Url::parse(&self.url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
            Ok(url) => Err(Problems::one(
                "url",
                format!("`url` must start with http:// or https://, not with {}:", url.scheme()),
            )),
            Err(error) => Err(Problems::one("url", format!("`url` is no address: {error}: {:?}", self.url))),
        }
    }

    /// What is worth a word although it is no mistake, or not yet.
    fn warnings(&self) -> Vec<String> {
        let ignored = self.request_headers.keys().filter(|name| is_fixed(name));
        let mut warnings: Vec<String> = ignored
            .map(|name| format!("the header {name} follows from the request: it is not set"))
            .collect();
        if !self.url.contains(UNKNOWN_TEXT)
            && let Err(problems) = self.target()
        {
            warnings.push(problems.to_string());
        }
        warnings
    }
}

fn is_fixed(header: &str) -> bool {
    FIXED_HEADERS.iter().any(|fixed| fixed.eq_ignore_ascii_case(header))
}

impl Component for Http {
    fn about(&self) -> About {
        About {
            kind: ComponentKind::DataSource,
            name: "http",
            summary: "Asks a server over HTTP and offers what it answers.",
        }
    }

    fn schema(&self) -> Schema {
        Options::schema()
    }
}

#[async_trait]
impl DataSource for Http {
    fn output(&self) -> Schema {
        super::offers([
            ("body", Type::String, "What the server answered."),
            (
                "request_headers",
                Type::map(Type::String),
                "The headers of the answer (sic), those that are repeated joined by `, `.",
            ),
            ("url", Type::String, "Where it was asked."),
        ])
    }

    async fn check(&self, cx: &ReadContext, config: &Value) -> Result<Checked, Problems> {
        let mut options: Options = cx.decode(config)?;
        if options.method.contains(UNKNOWN_TEXT) {
            options.method = String::new();
        }
        options.method()?;
        let warnings = if cx.info.strict { Vec::new() } else { options.warnings() };
        Ok(Checked { warnings, ..Checked::default() })
    }

    async fn read(&self, cx: &ReadContext, config: &Value) -> Result<Reading, StepError> {
        let options: Options = cx.decode(config)?;
        let request = options.request()?;
        match cx.unless_cancelled(tokio::time::timeout(TIMEOUT, ask(request))).await? {
            Ok(answer) => Ok(answer?.reading(options.url)),
            Err(_) => Err(StepError::failed(format!(
                "HTTP request error: {} did not answer in full within {} minutes",
                options.url,
                TIMEOUT.as_secs() / 60
            ))),
        }
    }
}

struct Answer {
    headers: HeaderMap,
    body: Vec<u8>,
}

async fn ask(request: Request) -> Result<Answer, StepError> {
    let Request { url, method, headers, body } = request;
    let failed = |error: reqwest::Error| {
        StepError::because(format!("HTTP request error: cannot read {url}"), Cause(error.without_url()))
    };
    let mut request = client()?.request(method, url.clone()).headers(headers);
    if !body.is_empty() {
        request = request.body(body);
    }
    let mut response = request.send().await.map_err(failed)?;
    if !response.status().is_success() {
        let status = response.status().as_u16();
        return Err(StepError::failed(format!("HTTP request error. Response code: {status}")));
    }
    let body = receive(&mut response).await.map_err(failed)?.ok_or_else(|| {
        StepError::failed(format!(
            "HTTP request error: {url} answers with more than {} MiB. A data source is for small texts; a \
             provisioner can fetch large files.",
            LARGEST_BODY >> 20
        ))
    })?;
    Ok(Answer { headers: response.headers().clone(), body })
}

/// The body, unless it is too large.
async fn receive(response: &mut Response) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > LARGEST_BODY {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

impl Answer {
    fn reading(self, url: String) -> Reading {
        let mut warnings = Vec::new();
        let kind = self.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !is_text(kind) {
            warnings.push(format!(
                "Content-Type is not recognized as a text type, got {kind:?}\nIf the content is binary data, it is \
                 not kept as it is: the value in the template is text."
            ));
        }
        let body = String::from_utf8_lossy(&self.body);
        let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in &self.headers {
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            headers.entry(canonical(name.as_str())).or_default().push(text);
        }
        let headers = headers.into_iter().map(|(name, values)| (name, Value::string(values.join(", "))));
        let value = Value::object(
            [
                ("body".to_owned(), Value::string(body)),
                ("request_headers".to_owned(), Value::map(Type::String, headers.collect())),
                ("url".to_owned(), Value::string(url)),
            ]
            .into(),
        );
        Reading { value, warnings }
    }
}

/// The name of a header as Go writes it, which is what templates look for: `content-type` is `Content-Type`.
fn canonical(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}

/// Whether a Content-Type says that a body is text that can be shown as it is.
fn is_text(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
    let charset = parts.filter_map(|parameter| parameter.split_once('=')).find_map(|(name, value)| {
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    });
    let is_text = kind.strip_prefix("text/").is_some_and(|rest| !rest.is_empty())
        || matches!(kind.as_str(), "application/json" | "application/samlmetadata+xml");
    is_text && charset.is_none_or(|charset| matches!(charset.as_str(), "" | "utf-8" | "us-ascii"))
}

#[cfg(test)]
mod tests;
