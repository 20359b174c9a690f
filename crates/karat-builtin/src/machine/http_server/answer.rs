//! One request, one answer.

use std::io::{self, SeekFrom};
use std::path::Path;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use karat_model::diagnostic::did_you_mean;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::{Site, below, clean};

pub(super) async fn answer(site: &Site, request: &Parts) -> Response {
    if request.method != Method::GET && request.method != Method::HEAD {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered here\n".to_string());
    }
    let asked = decode(request.uri.path());
    let path = clean(&asked);
    match site {
        Site::Content(content) => match content.get(&path) {
            Some(found) => text(StatusCode::OK, found.clone()),
            None => {
                let near = did_you_mean(&path, content.keys().map(String::as_str));
                let hint = near.map(|known| format!(" Did you mean {known}?")).unwrap_or_default();
                text(StatusCode::NOT_FOUND, format!("{path} not found.{hint}\n"))
            }
        },
        Site::Directory(root) => match from_directory(root, &path, asked.ends_with('/'), request).await {
            Ok(response) => response,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                text(StatusCode::NOT_FOUND, "404 page not found\n".to_string())
            }
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{path}: {error}\n")),
        },
    }
}

async fn from_directory(root: &Path, path: &str, slash: bool, request: &Parts) -> io::Result<Response> {
    let file = below(root, path);
    if !tokio::fs::metadata(&file).await?.is_dir() {
        return send_file(&file, request).await;
    }
    if !slash {
        let location = format!("{}/", request.uri.path());
        return Ok(built(
            Response::builder().status(StatusCode::MOVED_PERMANENTLY).header(header::LOCATION, location),
            Body::empty(),
        ));
    }
    let index = file.join("index.html");
    if tokio::fs::metadata(&index).await.is_ok_and(|found| found.is_file()) {
        return send_file(&index, request).await;
    }
    let mut names = Vec::new();
    let mut entries = tokio::fs::read_dir(&file).await?;
    while let Some(entry) = entries.next_entry().await? {
        let mut name = entry.file_name().to_string_lossy().into_owned();
        if tokio::fs::metadata(entry.path()).await.is_ok_and(|found| found.is_dir()) {
            name.push('/');
        }
        names.push(name);
    }
    names.sort();
    let links = names.iter().map(|name| {
        let shown = name.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&#34;");
        format!("<a href=\"{}\">{shown}</a>\n", encode(name))
    });
    let page = format!("<pre>\n{}</pre>\n", links.collect::<String>());
    let response = Response::builder().header(header::CONTENT_TYPE, "text/html; charset=utf-8");
    Ok(built(response, Body::from(page)))
}

async fn send_file(path: &Path, request: &Parts) -> io::Result<Response> {
    let mut file = File::open(path).await?;
    let size = file.metadata().await?.len();
    let range = request.headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let mut response = Response::builder()
        .header(header::CONTENT_TYPE, content_type(path))
        .header(header::ACCEPT_RANGES, "bytes");
    let (first, length) = match range.map(|range| span(range, size)) {
        None | Some(Span::Whole) => (0, size),
        Some(Span::Part(first, length)) => {
            let last = first + length - 1;
            response = response
                .status(StatusCode::PARTIAL_CONTENT)
                .header(header::CONTENT_RANGE, format!("bytes {first}-{last}/{size}"));
            (first, length)
        }
        Some(Span::Impossible) => {
            let response = response
                .status(StatusCode::RANGE_NOT_SATISFIABLE)
                .header(header::CONTENT_RANGE, format!("bytes */{size}"));
            return Ok(built(response, Body::empty()));
        }
    };
    file.seek(SeekFrom::Start(first)).await?;
    let response = response.header(header::CONTENT_LENGTH, length);
    Ok(built(response, Body::from_stream(ReaderStream::with_capacity(file.take(length), 64 * 1024))))
}

/// What a `Range` header asks for.
enum Span {
    /// Several ranges or nonsense: the whole file is a correct answer.
    Whole,
    /// First byte and length, which is not 0.
    Part(u64, u64),
    Impossible,
}

fn span(range: &str, size: u64) -> Span {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Span::Whole;
    };
    let (first, end) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if last >= first => (first, last.saturating_add(1).min(size)),
        (Ok(first), Err(_)) if last.is_empty() => (first, size),
        (Err(_), Ok(tail)) if first.is_empty() => (size.saturating_sub(tail), size),
        _ => return Span::Whole,
    };
    if first < end { Span::Part(first, end - first) } else { Span::Impossible }
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html" | "htm") => "text/html; charset=utf-8",
        Some("json") => "application/json",
        Some("xml") => "text/xml; charset=utf-8",
        Some("txt" | "cfg" | "ks" | "sh" | "yaml" | "yml" | "ign" | "seed") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn text(status: StatusCode, body: String) -> Response {
    let response =
        Response::builder().status(status).header(header::CONTENT_TYPE, "text/plain; charset=utf-8");
    built(response, Body::from(body))
}

fn built(response: axum::http::response::Builder, body: Body) -> Response {
    // Fails only for headers that do not parse, such as a redirect to a path with odd bytes.
    response.body(body).unwrap_or_else(|_| {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::BAD_REQUEST;
        response
    })
}

fn decode(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = tail
            .get(..2)
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (first, escaped) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn encode(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}
