use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use karat_model::event::CancelLevel;
use karat_sdk::testing::RecordingHost;
use serde_json::json;

use super::*;

type Asked = Arc<Mutex<Vec<String>>>;

/// A server that answers every request the same way and notes what it was asked.
async fn server(answer: fn() -> Response) -> (String, Asked) {
    let asked = Asked::default();
    let notes = asked.clone();
    let router = Router::new().fallback(move |request: Request| async move {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        let token = parts.headers.get("x-token").map(|token| token.to_str().unwrap().to_owned());
        let line = format!(
            "{} {} token={} body={}",
            parts.method,
            parts.uri,
            token.unwrap_or_default(),
            String::from_utf8_lossy(&body)
        );
        notes.lock().unwrap().push(line);
        answer()
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}/it"), asked)
}

fn text(body: &'static str) -> Response {
    Response::builder().header("content-type", "text/plain; charset=utf-8").body(Body::from(body)).unwrap()
}

async fn read(config: serde_json::Value) -> Result<Reading, StepError> {
    Http.read(&RecordingHost::new().read_context(), &Value::from_json(&config)).await
}

#[tokio::test]
async fn blt_23_http_offers_body_headers_and_address() {
    let (url, asked) = server(|| {
        Response::builder()
            .header("content-type", "application/json")
            .header("x-one-two", "a")
            .header("x-one-two", "b")
            .body(Body::from("{\"version\":3}"))
            .unwrap()
    })
    .await;
    let reading = read(json!({ "url": url })).await.unwrap();
    assert_eq!(reading.warnings, Vec::<String>::new());
    let offered = |name: &str| reading.value.get(name).and_then(Value::as_str).unwrap().to_owned();
    assert_eq!((offered("body"), offered("url")), ("{\"version\":3}".to_owned(), url));
    let headers = reading.value.get("request_headers").unwrap();
    assert_eq!(headers.get("X-One-Two").and_then(Value::as_str), Some("a, b"));
    assert_eq!(headers.get("Content-Type").and_then(Value::as_str), Some("application/json"));
    assert_eq!(reading.value.ty(), &Http.output().ty(), "it is what was announced");
    assert_eq!(*asked.lock().unwrap(), ["GET /it token= body="]);
}

#[tokio::test]
async fn blt_23_http_sends_method_headers_and_body() {
    let (url, asked) = server(|| text("ok")).await;
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "GET"] {
        let headers = json!({ "X-Token": "t", "Host": "elsewhere", "content-length": "9" });
        read(json!({ "url": url, "method": method, "request_headers": headers, "request_body": "hello" }))
            .await
            .unwrap();
        assert_eq!(asked.lock().unwrap().pop(), Some(format!("{method} /it token=t body=hello")));
    }
    assert_eq!(
        read(json!({ "url": url, "method": "HEAD" })).await.unwrap().value.get("body"),
        Some(&Value::string(""))
    );
}

#[tokio::test]
async fn blt_23_http_refuses_what_is_not_a_success() {
    let (url, _) = server(|| Response::builder().status(404).body(Body::from("no")).unwrap()).await;
    let error = read(json!({ "url": url })).await.unwrap_err();
    assert_eq!(error.to_string(), "HTTP request error. Response code: 404");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let error = read(json!({ "url": format!("http://{closed}") })).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("HTTP request error: cannot read http://{closed}/: ")), "{error}");
    assert!(error.ends_with("Connection refused (os error 111)"), "{error}");
}

#[tokio::test]
async fn blt_23_http_warns_of_what_is_not_text() {
    let (url, _) = server(|| {
        Response::builder().header("content-type", "image/png").body(Body::from(&b"\x89PNG\xff"[..])).unwrap()
    })
    .await;
    let reading = read(json!({ "url": url })).await.unwrap();
    let first = reading.warnings[0].lines().next();
    assert_eq!(first, Some("Content-Type is not recognized as a text type, got \"image/png\""));
    assert_eq!(reading.value.get("body").and_then(Value::as_str), Some("\u{fffd}PNG\u{fffd}"));
    for (kind, text) in [
        ("text/plain", true),
        ("TEXT/html; Charset=\"UTF-8\"", true),
        ("text/html; charset=iso-8859-1", false),
        ("application/json", true),
        ("application/json+ld", false),
        ("application/samlmetadata+xml", true),
        ("text/", false),
        ("", false),
    ] {
        assert_eq!(is_text(kind), text, "{kind}");
    }
}

#[tokio::test]
async fn blt_23_http_does_not_keep_more_than_fits_in_a_template() {
    let (url, _) = server(|| {
        let chunk = || Ok::<_, std::io::Error>(vec![b'x'; 1 << 20]);
        let endless = futures::stream::repeat_with(chunk);
        Response::builder().header("content-type", "text/plain").body(Body::from_stream(endless)).unwrap()
    })
    .await;
    let error = read(json!({ "url": url })).await.unwrap_err().to_string();
    assert!(error.contains("answers with more than 64 MiB"), "{error}");
}

#[tokio::test]
async fn blt_23_http_can_be_stopped() {
    let (url, asked) =
        server(|| Response::new(Body::from_stream(futures::stream::pending::<std::io::Result<Vec<u8>>>())))
            .await;
    let host = RecordingHost::new();
    let config = Value::from_json(&json!({ "url": url }));
    let cx = host.read_context();
    let stop = async {
        while asked.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        host.canceller().cancel(CancelLevel::Stop, "interrupt");
    };
    let (reading, ()) = tokio::join!(Http.read(&cx, &config), stop);
    assert!(reading.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn blt_23_http_checks_what_can_be_known() {
    let host = RecordingHost::new();
    let check = async |config: serde_json::Value| {
        let checked = Http.check(&host.read_context(), &Value::from_json(&config)).await;
        checked.map_or_else(|problems| format!("error: {problems}"), |checked| checked.warnings.join("\n"))
    };
    assert_eq!(check(json!({ "url": "http://h", "method": "HEAD" })).await, "");
    assert_eq!(check(json!({ "url": "" })).await, "error: the `url` must be specified");
    assert_eq!(
        check(json!({ "url": "http://h", "method": "get" })).await,
        "error: the `method` must be one of [HEAD GET POST PUT DELETE OPTIONS PATCH]"
    );
    assert_eq!(
        check(json!({ "url": "ftp://h", "request_headers": { "host": "x" } })).await,
        "the header host follows from the request: it is not set\n`url` must start with http:// or https://, not \
         with ftp:"
    );
    let unknown = Value::object(
        [("url", Type::String), ("method", Type::String), ("request_headers", Type::map(Type::String))]
            .map(|(name, ty)| (name.to_owned(), Value::unknown(ty)))
            .into(),
    );
    assert_eq!(Http.check(&host.read_context(), &unknown).await, Ok(Checked::default()));
}
