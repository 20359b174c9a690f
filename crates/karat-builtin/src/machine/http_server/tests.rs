use karat_sdk::testing::context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

fn options(change: impl FnOnce(&mut HttpOptions)) -> HttpOptions {
    let mut options = HttpOptions {
        http_directory: String::new(),
        http_content: BTreeMap::new(),
        http_port_min: 8000,
        http_port_max: 9000,
        http_bind_address: "127.0.0.1".to_string(),
        http_interface: String::new(),
        http_network_protocol: "tcp".to_string(),
    };
    change(&mut options);
    options
}

/// The status line, the headers in lower case, and the body.
async fn ask(port: u16, request: &str) -> (String, String, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(format!("{request}\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let (status, headers) = head.split_once("\r\n").unwrap();
    (status.to_string(), headers.to_lowercase(), body.to_string())
}

#[tokio::test]
async fn com_15_serves_a_directory() {
    let (cx, host) = context();
    let site = host.directory().join("site");
    std::fs::create_dir_all(site.join("sub")).unwrap();
    std::fs::write(site.join("ks.cfg"), "0123456789").unwrap();
    std::fs::write(site.join("a b.txt"), "spaced").unwrap();
    std::fs::write(host.directory().join("secret"), "outside").unwrap();
    let server =
        options(|options| options.http_directory = "site".to_string()).serve(&cx).await.unwrap().unwrap();
    let port = server.port;
    assert_eq!(host.lines(), [format!("Starting HTTP server on port {port}")]);
    assert!((8000..=9000).contains(&port));

    let (status, headers, body) = ask(port, "GET /ks.cfg HTTP/1.1").await;
    assert_eq!((status.as_str(), body.as_str()), ("HTTP/1.1 200 OK", "0123456789"));
    assert!(headers.contains("content-length: 10") && headers.contains("accept-ranges: bytes"), "{headers}");
    let (_, headers, body) = ask(port, "HEAD /ks.cfg HTTP/1.1").await;
    assert!(headers.contains("content-length: 10") && body.is_empty());
    assert_eq!(ask(port, "GET /a%20b.txt?x=y HTTP/1.1").await.2, "spaced");
    assert_eq!(ask(port, "GET /sub/../ks.cfg HTTP/1.1").await.2, "0123456789");

    let (status, headers, body) = ask(port, "GET /ks.cfg HTTP/1.1\r\nRange: bytes=2-4").await;
    assert_eq!((status.as_str(), body.as_str()), ("HTTP/1.1 206 Partial Content", "234"));
    assert!(headers.contains("content-range: bytes 2-4/10"), "{headers}");
    assert_eq!(ask(port, "GET /ks.cfg HTTP/1.1\r\nRange: bytes=-3").await.2, "789");
    assert_eq!(ask(port, "GET /ks.cfg HTTP/1.1\r\nRange: bytes=8-").await.2, "89");
    assert!(ask(port, "GET /ks.cfg HTTP/1.1\r\nRange: bytes=10-").await.0.contains("416"));

    assert!(ask(port, "GET /sub HTTP/1.1").await.1.contains("location: /sub/"));
    let listing = ask(port, "GET / HTTP/1.1").await.2;
    assert!(
        listing.contains("<a href=\"a%20b.txt\">a b.txt</a>") && listing.contains(">sub/</a>"),
        "{listing}"
    );
    for outside in ["/../secret", "/%2e%2e/secret", "/sub/%2e%2e/%2e%2e/secret", "/none"] {
        let (status, _, body) = ask(port, &format!("GET {outside} HTTP/1.1")).await;
        assert_eq!(
            (status.as_str(), body.as_str()),
            ("HTTP/1.1 404 Not Found", "404 page not found\n"),
            "{outside}"
        );
    }
    assert!(ask(port, "POST /ks.cfg HTTP/1.1").await.0.contains("405"));

    host.tear_down().await;
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err(), "the server stops at teardown");
}

#[tokio::test]
async fn com_15_serves_texts_and_hints_at_near_names() {
    let (cx, host) = context();
    let options = options(|options| {
        options.http_content =
            [("/preseed.cfg", "d-i"), ("/a/b", "ab")].map(|(k, v)| (k.to_string(), v.to_string())).into();
    });
    let port = options.serve(&cx).await.unwrap().unwrap().port;
    assert_eq!(ask(port, "GET /preseed.cfg HTTP/1.1").await.2, "d-i");
    assert_eq!(ask(port, "GET //a/./b HTTP/1.1").await.2, "ab");
    let (status, _, body) = ask(port, "GET /presed.cfg HTTP/1.1").await;
    assert_eq!(
        (status.as_str(), body.as_str()),
        ("HTTP/1.1 404 Not Found", "/presed.cfg not found. Did you mean /preseed.cfg?\n")
    );
    assert_eq!(ask(port, "GET /unlike/anything HTTP/1.1").await.2, "/unlike/anything not found.\n");
    host.tear_down().await;
}

#[tokio::test]
async fn com_15_nothing_to_serve_starts_nothing() {
    let (cx, host) = context();
    assert_eq!(options(|_| {}).serve(&cx).await.unwrap(), None);
    assert!(host.lines().is_empty());
    let missing = options(|options| options.http_directory = "nowhere".to_string());
    let error = missing.serve(&cx).await.unwrap_err().to_string();
    assert_eq!(error, "Error finding \"nowhere\": no such file or directory");
}

#[test]
fn com_15_contradictions_are_problems() {
    let messages = |change: fn(&mut HttpOptions)| {
        let mut problems = Problems::new();
        options(change).check(&mut problems);
        problems.0.into_iter().map(|problem| problem.message).collect::<Vec<_>>()
    };
    assert!(messages(|_| {}).is_empty());
    assert_eq!(messages(|o| o.http_port_min = 9001), ["http_port_min must be less than http_port_max"]);
    assert_eq!(messages(|o| o.http_interface = "eth0".into()).len(), 1);
    assert_eq!(messages(|o| o.http_network_protocol = "udp".into()).len(), 1);
    assert!(messages(|o| o.http_network_protocol = "unix".into())[0].contains("not supported yet"));
    let both = messages(|o| {
        o.http_directory = "site".into();
        o.http_content = [("ks".to_string(), String::new())].into();
    });
    assert_eq!(
        both,
        [
            "http_content cannot be used in conjunction with http_directory",
            "http_content: the path \"ks\" must begin with '/'",
        ]
    );
}
