use std::sync::{Arc, Mutex};

use karat_sdk::testing::{RecordingHost, context};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

const ABC: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn options(url: &str, checksum: &str) -> IsoOptions {
    IsoOptions {
        iso_url: url.to_string(),
        iso_urls: Vec::new(),
        iso_checksum: checksum.to_string(),
        iso_target_path: String::new(),
        iso_target_extension: "iso".to_string(),
    }
}

/// A web server of fixed answers: each connection gets the next one (the last for ever); requests are kept.
struct Server {
    base: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(answers: Vec<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = requests.clone();
        tokio::spawn(async move {
            let mut answers = answers.into_iter().peekable();
            while let Ok((stream, _)) = listener.accept().await {
                let answer = answers.next().unwrap();
                if answers.peek().is_none() {
                    answers = vec![answer].into_iter().peekable();
                }
                let request = serve(stream, answer).await;
                kept.lock().unwrap().push(request);
            }
        });
        Self { base, requests }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, answer: &str) -> String {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => break,
        }
    }
    let _ = stream.write_all(answer.replace('\n', "\r\n").as_bytes()).await;
    String::from_utf8_lossy(&request).to_lowercase()
}

const WHOLE: &str = "HTTP/1.1 200 OK\nContent-Length: 3\nConnection: close\n\nabc";

fn cache_name(key: &str) -> String {
    format!("{}.iso", checksum::hex(&Sha1::digest(key.as_bytes())))
}

fn cached(host: &RecordingHost) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(host.directory().join("cache"))
        .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default();
    names.retain(|name| !name.ends_with(".lock"));
    names.sort();
    names
}

#[tokio::test]
async fn com_16_a_local_file_is_used_in_place() {
    let (cx, host) = context();
    let file = host.directory().join("a.iso");
    std::fs::write(&file, "abc").unwrap();
    assert_eq!(options("a.iso", ABC).retrieve(&cx).await.unwrap(), file);
    let with_query = format!("a.iso?checksum={}", ABC.replace(':', "%3A"));
    assert_eq!(
        host.lines(),
        [
            "Retrieving ISO".to_string(),
            "Trying a.iso".to_string(),
            format!("Trying {with_query}"),
            format!("{with_query} => {}", file.display()),
        ]
    );
    assert!(cached(&host).is_empty());
}

#[tokio::test]
async fn com_16_a_local_file_that_is_wrong_stays() {
    let (cx, host) = context();
    let file = host.directory().join("a.iso");
    std::fs::write(&file, "abd").unwrap();
    let error = options("a.iso", ABC).retrieve(&cx).await.unwrap_err().to_string();
    assert!(
        error.starts_with("error downloading ISO: [a.iso is not the file that iso_checksum describes"),
        "{error}"
    );
    assert!(error.contains("Expected: ba7816bf") && error.contains("Got: a52d159f"), "{error}");
    assert!(file.exists());
}

#[tokio::test]
async fn com_16_missing_and_unreadable_files_are_named() {
    let (cx, host) = context();
    let error = options("none.iso", ABC).retrieve(&cx).await.unwrap_err().to_string();
    assert_eq!(error, "error downloading ISO: [cannot read none.iso: no such file or directory]");
    std::fs::create_dir(host.directory().join("dir")).unwrap();
    let error = options("dir", ABC).retrieve(&cx).await.unwrap_err().to_string();
    assert_eq!(error, "error downloading ISO: [dir is a directory, not an image]");
}

#[tokio::test]
async fn com_16_downloads_once_into_a_cache_named_after_the_checksum() {
    let (cx, host) = context();
    let server = Server::start(vec![WHOLE]).await;
    let options = options(&format!("{}/a.iso", server.base), ABC);
    let path = options.retrieve(&cx).await.unwrap();
    assert_eq!(path, host.directory().join("cache").join(cache_name(ABC)));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "abc");
    assert_eq!(options.retrieve(&cx).await.unwrap(), path);
    assert_eq!(server.requests().len(), 1, "the second time it is there");
    std::fs::write(&path, "broken").unwrap();
    options.retrieve(&cx).await.unwrap();
    assert_eq!(server.requests().len(), 2, "a file that changed is fetched again");
    assert_eq!(cached(&host), [cache_name(ABC)]);
}

#[tokio::test]
async fn com_16_goes_on_where_a_download_broke_off() {
    let (cx, host) = context();
    let server = Server::start(vec![
        "HTTP/1.1 200 OK\nContent-Length: 3\nConnection: close\n\na",
        "HTTP/1.1 206 Partial Content\nContent-Length: 2\nContent-Range: bytes 1-2/3\nConnection: close\n\nbc",
    ])
    .await;
    let path = options(&format!("{}/a.iso", server.base), ABC).retrieve(&cx).await.unwrap();
    assert_eq!(std::fs::read_to_string(path).unwrap(), "abc");
    assert!(server.requests()[1].contains("range: bytes=1-"), "{:?}", server.requests());
    assert!(host.lines().iter().any(|line| line.contains("broke off")), "{:?}", host.lines());
}

#[tokio::test]
async fn com_16_a_wrong_download_is_removed_and_the_next_url_tried() {
    let (cx, host) = context();
    let wrong = Server::start(vec!["HTTP/1.1 200 OK\nContent-Length: 3\nConnection: close\n\nabd"]).await;
    let gone = Server::start(vec!["HTTP/1.1 404 Not Found\nContent-Length: 0\nConnection: close\n\n"]).await;
    let right = Server::start(vec![WHOLE]).await;
    let mut options = options("", ABC);
    options.iso_urls = [&wrong, &gone, &right].map(|server| format!("{}/a.iso", server.base)).to_vec();
    let path = options.retrieve(&cx).await.unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "abc");
    let removing = format!("Checksum did not match, removing {}", path.display());
    assert!(host.lines().contains(&removing), "{:?}", host.lines());

    options.iso_urls.pop();
    std::fs::remove_file(&path).unwrap();
    let error = options.retrieve(&cx).await.unwrap_err().to_string();
    assert!(error.contains("Expected: ba7816bf") && error.contains("Got: a52d159f"), "{error}");
    assert!(error.contains("404 Not Found"), "{error}");
    assert!(cached(&host).is_empty(), "{:?}", cached(&host));
}

#[tokio::test]
async fn com_16_checksum_files_and_target_paths() {
    let (cx, host) = context();
    let sums = host.directory().join("SUMS");
    std::fs::write(&sums, format!("{}  a.iso\n", ABC.trim_start_matches("sha256:"))).unwrap();
    let server = Server::start(vec![WHOLE]).await;
    let mut options = options(&format!("{}/some/a.iso", server.base), "file:SUMS");
    options.iso_target_path = "images/own.iso".to_string();
    assert_eq!(options.retrieve(&cx).await.unwrap(), host.directory().join("images/own.iso"));
    options.iso_target_path = "images".to_string();
    assert_eq!(
        options.retrieve(&cx).await.unwrap(),
        host.directory().join("images").join(cache_name("file:SUMS"))
    );
}

#[tokio::test]
async fn com_16_without_a_checksum_the_name_is_that_of_the_url() {
    let (cx, host) = context();
    let server = Server::start(vec![WHOLE]).await;
    let url = format!("{}/a.iso", server.base);
    let options = options(&url, "none");
    assert_eq!(options.retrieve(&cx).await.unwrap(), host.directory().join("cache").join(cache_name(&url)));
    let mut warnings = Vec::new();
    options.check(Path::new("/"), &mut Problems::new(), &mut warnings);
    assert!(warnings[0].starts_with("A checksum of 'none' was specified."));
}

#[test]
fn com_16_what_is_missing_or_unknown_is_a_problem() {
    let messages = |options: IsoOptions| {
        let mut problems = Problems::new();
        options.check(Path::new("/"), &mut problems, &mut Vec::new());
        problems.0.into_iter().map(|problem| problem.message).collect::<Vec<_>>().join("\n")
    };
    assert!(messages(options("", ABC)).contains("One of iso_url or iso_urls must be specified"));
    assert!(messages(options("a.iso", "")).contains("iso_checksum is required"));
    assert!(messages(options("s3::https://x/a.iso", ABC)).contains("\"s3\" is not supported yet"));
    let mut both = options("a.iso", ABC);
    both.iso_urls = vec!["b.iso".to_string()];
    assert!(messages(both).contains("Only one of iso_url or iso_urls"));
}
