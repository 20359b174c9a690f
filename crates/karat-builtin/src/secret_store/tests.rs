//! The stores against servers of this process that speak as their documentation says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use karat_gotmpl::time::Moment;
use karat_model::secret::{Redactor, Secret};
use karat_model::secret_store::{SecretRequest, SecretStores};

use super::EnvironmentStores;
use super::profile::Credentials;
use super::signature::Unsigned;

/// Serves answers; the requests are kept.
struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(
        answer: impl Fn(&Uri, &HeaderMap, &Bytes) -> (u16, String) + Clone + Send + Sync + 'static,
    ) -> Self {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = requests.clone();
        let handler = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            log.lock().unwrap().push(format!("{method} {uri}"));
            let (status, text) = answer(&uri, &headers, &body);
            async move { (StatusCode::from_u16(status).unwrap(), text) }
        };
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap().to_string()).unwrap();
                axum::serve(listener, Router::new().fallback(handler)).await.unwrap();
            });
        });
        Self { address: told.recv().unwrap(), requests }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn stores(variables: &[(&str, &str)]) -> EnvironmentStores {
    let variables = variables.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    EnvironmentStores::new(variables.collect::<BTreeMap<_, _>>(), Redactor::default())
}

fn fetch(stores: &EnvironmentStores, request: SecretRequest<'_>) -> String {
    match stores.fetch(request) {
        Ok(secret) => secret.expose().to_owned(),
        Err(error) => format!("error: {error}"),
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or("-")
}

fn vault_server() -> Server {
    Server::start(|uri, headers, _| {
        if header(headers, "x-vault-token") != "s.token" {
            return (403, r#"{"errors": ["permission denied"]}"#.to_owned());
        }
        let space = header(headers, "x-vault-namespace");
        match uri.path() {
            "/v1/secret/data/hello" => (
                200,
                format!(
                    r#"{{"data": {{"data": {{"foo": "bär", "n": 5, "o": {{}}, "space": "{space}"}}, "metadata": {{}}}}}}"#
                ),
            ),
            "/v1/kv/hello" => (200, r#"{"data": {"foo": "one", "data": "itself"}}"#.to_owned()),
            "/v1/secret/data/gone" => (200, r#"{"data": {"data": null}}"#.to_owned()),
            "/v1/a%20b/c%3Fd" => (200, r#"{"data": {"k": "odd"}}"#.to_owned()),
            "/v1/sealed" => (503, r#"{"errors": ["Vault is sealed"]}"#.to_owned()),
            _ => (404, r#"{"errors": [], "warnings": ["Invalid path"]}"#.to_owned()),
        }
    })
}

#[test]
fn tpl_10_vault_has_both_versions_of_its_engine() {
    let server = vault_server();
    let url = server.url();
    let stores = stores(&[("VAULT_ADDR", &url), ("VAULT_TOKEN", "s.token"), ("VAULT_NAMESPACE", "team")]);
    let vault = |path, key| fetch(&stores, SecretRequest::Vault { path, key });
    assert_eq!(vault("secret/data/hello", "foo"), "bär");
    assert_eq!(vault("secret/data/hello", "space"), "team");
    assert_eq!(server.requests(), ["GET /v1/secret/data/hello"], "one request for both");
    assert_eq!(vault("/secret/data/hello", "n"), "5");
    assert_eq!(vault("kv/hello", "foo"), "one");
    assert_eq!(vault("kv/hello", "data"), "itself");
    assert_eq!(vault("a b/c?d", "k"), "odd");
    assert_eq!(
        vault("secret/data/hello", "fox"),
        r#"error: the secret "secret/data/hello" in Vault has no "fox"; it has "foo", "n", "o", "space""#
    );
    assert_eq!(
        vault("secret/data/hello", "o"),
        r#"error: "o" of the secret "secret/data/hello" in Vault is not a text"#
    );
    assert_eq!(
        vault("secret/data/gone", "x"),
        r#"error: the secret "secret/data/gone" in Vault has been deleted"#
    );
    assert_eq!(
        vault("secret/hello", "foo"),
        format!(
            "error: Vault at {url} (VAULT_ADDR) has no secret at \"secret/hello\": Invalid path; for the second version of \
             the key-value engine the path has a part \"data\", as in \"secret/data/name\""
        )
    );
    assert_eq!(stores.redactor.redact("a bär"), "a <sensitive>");
}

#[test]
fn tpl_10_vaults_errors_name_the_variable_to_set() {
    let server = vault_server();
    let url = server.url();
    let read =
        |variables: &[(&str, &str)], path| fetch(&stores(variables), SecretRequest::Vault { path, key: "k" });
    assert_eq!(read(&[("VAULT_TOKEN", "")], "x"), "error: Vault needs a token: set VAULT_TOKEN");
    assert_eq!(
        read(&[("VAULT_ADDR", "not a url"), ("VAULT_TOKEN", "t")], "x"),
        r#"error: VAULT_ADDR must be a URL such as https://127.0.0.1:8200, but it is "not a url""#
    );
    assert_eq!(
        read(&[("VAULT_ADDR", &url), ("VAULT_TOKEN", "wrong")], "x"),
        format!(
            "error: Vault at {url} (VAULT_ADDR) does not let the token in VAULT_TOKEN read \"x\": permission denied"
        )
    );
    let before = server.requests().len();
    assert_eq!(
        read(&[("VAULT_AGENT_ADDR", &url), ("VAULT_TOKEN", "s.token")], "sealed"),
        format!(
            "error: Vault at {url} (VAULT_AGENT_ADDR) answered 503 Service Unavailable for \"sealed\": Vault is sealed"
        )
    );
    assert_eq!(server.requests().len() - before, 3, "what may pass is tried again");
    assert_eq!(
        read(&[("VAULT_TOKEN", "t"), ("VAULT_SKIP_VERIFY", "maybe")], "x"),
        "error: VAULT_SKIP_VERIFY must be true or false"
    );
    assert_eq!(
        read(&[("VAULT_TOKEN", "t"), ("VAULT_TLS_SERVER_NAME", "x")], "x"),
        "error: VAULT_TLS_SERVER_NAME is set, which is not supported yet"
    );
    let missing = read(&[("VAULT_TOKEN", "t"), ("VAULT_CACERT", "/does/not/exist")], "x");
    assert!(
        missing.starts_with("error: VAULT_CACERT names /does/not/exist, which cannot be read"),
        "{missing}"
    );
    let unreachable = read(&[("VAULT_TOKEN", "t"), ("VAULT_ADDR", "http://127.0.0.1:1")], "x");
    assert!(
        unreachable.starts_with("error: Vault at http://127.0.0.1:1 (VAULT_ADDR) cannot be reached: "),
        "{unreachable}"
    );
}

#[test]
fn tpl_10_consul_has_keys() {
    let server = Server::start(|uri, headers, _| match (uri.path(), header(headers, "x-consul-token")) {
        ("/v1/kv/app/version", "-") => (200, r#"[{"Key": "app/version", "Value": "MS4yLjM="}]"#.to_owned()),
        ("/v1/kv/app/version", token) => {
            let value =
                base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("{token} {uri}"));
            (200, format!(r#"[{{"Value": "{value}"}}]"#))
        }
        ("/v1/kv/empty", _) => (200, r#"[{"Value": null}]"#.to_owned()),
        ("/v1/kv/bytes", _) => (200, r#"[{"Value": "/w=="}]"#.to_owned()),
        ("/v1/kv/secret", _) => (403, "Permission denied".to_owned()),
        _ => (404, String::new()),
    });
    let address = server.address.as_str();
    let read = |variables: &[(&str, &str)], key| fetch(&stores(variables), SecretRequest::Consul { key });
    let at = [("CONSUL_HTTP_ADDR", address)];
    let place = format!("Consul at http://{address} (CONSUL_HTTP_ADDR)");
    assert_eq!(read(&at, "app/version"), "1.2.3");
    assert_eq!(read(&at, "/app/version"), "1.2.3");
    assert_eq!(read(&[("CONSUL_HTTP_ADDR", &server.url())], "app/version"), "1.2.3");
    let settings = [("CONSUL_NAMESPACE", "team"), ("CONSUL_PARTITION", "p"), ("CONSUL_HTTP_TOKEN", "t0")];
    let all: Vec<_> = at.into_iter().chain(settings).collect();
    assert_eq!(read(&all, "app/version"), "t0 /v1/kv/app/version?ns=team&partition=p");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "from-file\n").unwrap();
    let path = file.path().to_str().unwrap();
    assert_eq!(
        read(&[("CONSUL_HTTP_ADDR", address), ("CONSUL_HTTP_TOKEN_FILE", path)], "app/version"),
        "from-file /v1/kv/app/version"
    );
    assert_eq!(read(&at, "nothing"), format!("error: {place} has no key \"nothing\""));
    assert_eq!(read(&at, "empty"), format!("error: the key \"empty\" of {place} is empty"));
    assert_eq!(read(&at, "bytes"), format!("error: the key \"bytes\" of {place} is not UTF-8 text"));
    assert_eq!(
        read(&at, "secret"),
        format!("error: {place} does not let us without a CONSUL_HTTP_TOKEN read \"secret\"")
    );
    assert_eq!(
        read(&[("CONSUL_HTTP_ADDR", "unix:///x")], "k"),
        "error: CONSUL_HTTP_ADDR names a Unix socket, which is not supported yet"
    );
    let tls = read(&[("CONSUL_HTTP_ADDR", address), ("CONSUL_HTTP_SSL", "true")], "k");
    assert!(
        tls.starts_with(&format!("error: Consul at https://{address} (CONSUL_HTTP_ADDR) cannot be reached")),
        "{tls}"
    );
}

/// Checks the signature as AWS does: by computing it from the request that arrived.
fn is_signed(uri: &Uri, headers: &HeaderMap, body: &Bytes, key: &str) -> bool {
    let authorization = header(headers, "authorization");
    let names = authorization.split("SignedHeaders=").nth(1).unwrap().split(',').next().unwrap();
    let headers: Vec<_> = names.split(';').map(|name| (name, header(headers, name))).collect();
    let date = headers.iter().find(|(name, _)| *name == "x-amz-date").unwrap().1;
    let number = |from: usize, to: usize| date[from..to].parse::<i64>().unwrap();
    // Days since 1970 by counting; the test needs no calendar of its own.
    let time = (0..40_000)
        .map(|days| Moment::from_unix(days * 86_400, 0))
        .position(|day| day.format("20060102") == date[..8]);
    let seconds =
        time.unwrap() as i64 * 86_400 + number(9, 11) * 3_600 + number(11, 13) * 60 + number(13, 15);
    let unsigned = Unsigned {
        method: "POST",
        path: uri.path(),
        query: uri.query().unwrap_or_default(),
        headers: &headers,
        body,
        region: "eu-west-1",
        service: "secretsmanager",
        time: Moment::from_unix(seconds, 0),
    };
    let credentials = Credentials { key_id: "AKID".to_owned(), key: Secret::new(key), session: None };
    unsigned.authorization(&credentials) == authorization
}

#[test]
fn tpl_10_aws_secrets_are_asked_for_with_signatures() {
    let server = Server::start(|uri, headers, body| {
        if !is_signed(uri, headers, body, "sekret") {
            return (400, r#"{"__type": "InvalidSignatureException", "message": "no"}"#.to_owned());
        }
        assert_eq!(header(headers, "x-amz-target"), "secretsmanager.GetSecretValue");
        assert_eq!(header(headers, "content-type"), "application/x-amz-json-1.1");
        let body: serde_json::Value = serde_json::from_slice(body).unwrap();
        assert_eq!(body["VersionStage"], "AWSCURRENT");
        let text = match body["SecretId"].as_str().unwrap() {
            "plain" => "just text",
            "one" => r#"{"password": "only"}"#,
            "two" => r#"{"user": "me", "port": 5432.6, "on": true}"#,
            "list" => "[1]",
            "session" => header(headers, "x-amz-security-token"),
            "bytes" => return (200, r#"{"Name": "bytes", "SecretBinary": "AAAA"}"#.to_owned()),
            _ => {
                let kind = "com.amazonaws.secretsmanager#ResourceNotFoundException";
                return (400, format!(r#"{{"__type": "{kind}", "Message": "cannot find it"}}"#));
            }
        };
        (200, serde_json::json!({ "Name": body["SecretId"], "SecretString": text }).to_string())
    });
    let url = server.url();
    let mut variables = vec![
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", url.as_str()),
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "sekret"),
        ("HOME", "/does/not/exist"),
    ];
    let own = stores(&variables);
    let aws = |name, key| fetch(&own, SecretRequest::Aws { name, key });
    let raw = |name| fetch(&own, SecretRequest::AwsRaw { name });
    assert_eq!(aws("plain", ""), "just text");
    assert_eq!(aws("plain", "any"), "just text");
    assert_eq!(aws("one", ""), "only");
    assert_eq!(aws("two", "user"), "me");
    assert_eq!(aws("two", "port"), "5433");
    assert_eq!(raw("two"), r#"{"user": "me", "port": 5432.6, "on": true}"#);
    assert_eq!(server.requests().len(), 3, "one request for each secret");
    assert_eq!(
        aws("two", ""),
        r#"error: the secret "two" has several entries, so one must be chosen; it has "user", "port", "on""#
    );
    assert_eq!(
        aws("two", "usr"),
        r#"error: the secret "two" has no entry "usr"; it has "user", "port", "on""#
    );
    assert_eq!(aws("two", "on"), r#"error: the entry "on" of the secret "two" is not a text"#);
    assert_eq!(
        aws("list", ""),
        r#"error: the secret "list" has no entries; aws_secretsmanager_raw reads it as a whole"#
    );
    assert_eq!(
        aws("bytes", ""),
        format!("error: the secret \"bytes\" of AWS Secrets Manager at {url} is not a text but bytes")
    );
    assert_eq!(
        aws("other", ""),
        format!(
            "error: AWS Secrets Manager at {url} did not give \"other\": ResourceNotFoundException: cannot find it"
        )
    );
    assert_eq!(aws("", ""), "error: the name of a secret must not be empty");
    variables.push(("AWS_SESSION_TOKEN", "lent"));
    assert_eq!(fetch(&stores(&variables), SecretRequest::AwsRaw { name: "session" }), "lent");
    variables.push(("AWS_SECRET_ACCESS_KEY", "wrong"));
    assert_eq!(
        fetch(&stores(&variables), SecretRequest::AwsRaw { name: "plain" }),
        format!("error: AWS Secrets Manager at {url} did not give \"plain\": InvalidSignatureException: no")
    );
}

#[test]
fn tpl_10_aws_settings_come_from_variables_and_files() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(|uri, headers, body| {
        let signed = is_signed(uri, headers, body, "filekey");
        (200, serde_json::json!({ "SecretString": format!("signed: {signed}") }).to_string())
    });
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    let write = |name, text: &str| std::fs::write(home.path().join(".aws").join(name), text).unwrap();
    write(
        "config",
        &format!(
            "[profile ci]\nregion = eu-west-1\nendpoint_url = {}\n[profile sso]\nregion = x\nsso_session = y\n",
            server.url()
        ),
    );
    write("credentials", "[ci]\naws_access_key_id = AKID\naws_secret_access_key = filekey\n");
    let read = |variables: &[(&str, &str)]| {
        let home = ("HOME", home.path().to_str().unwrap());
        let variables: Vec<_> = variables.iter().copied().chain([home]).collect();
        fetch(&stores(&variables), SecretRequest::AwsRaw { name: "n" })
    };
    assert_eq!(read(&[("AWS_PROFILE", "ci")]), "signed: true");
    assert_eq!(read(&[]), "error: AWS needs to know the region: set AWS_REGION");
    assert_eq!(
        read(&[("AWS_DEFAULT_REGION", "eu-west-1")]),
        "error: AWS needs credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE to a profile with keys"
    );
    assert_eq!(
        read(&[("AWS_PROFILE", "sso")]),
        "error: AWS needs credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE to a profile with \
         keys; the profile \"sso\" uses sso_session, which is not supported yet"
    );
    assert_eq!(
        read(&[("AWS_PROFILE", "nobody")]),
        "error: AWS_PROFILE names \"nobody\", which no file of AWS settings has"
    );
    assert_eq!(
        read(&[("AWS_REGION", "a/b"), ("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")]),
        "error: AWS_REGION must be a region such as eu-west-1, but it is \"a/b\""
    );
}

#[test]
fn secrets_can_be_fetched_inside_of_any_runtime() {
    let server = vault_server();
    let own = stores(&[("VAULT_ADDR", &server.url()), ("VAULT_TOKEN", "s.token")]);
    let current = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let read = |key| fetch(&own, SecretRequest::Vault { path: "kv/hello", key });
    assert_eq!(current.block_on(async { read("foo") }), "one");
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    assert_eq!(threads.block_on(async { read("data") }), "itself");
}
