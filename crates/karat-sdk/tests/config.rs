//! `#[derive(Config)]`: one struct gives schema, decoding and documentation.

#![allow(clippy::unwrap_used, reason = "tests report by panicking")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use karat_model::facts::Facts;
use karat_model::schema::Nesting;
use karat_model::secret::Secret;
use karat_model::value::{Type, Value};
use karat_sdk::config::{Config, Decoder, Problem, Problems, UNKNOWN_TEXT};
use karat_sdk::testing::{RecordingHost, context_with};
use serde_json::json;

const PATH: &str = "/tmp/{{.Name}}";

/// What a test of everything configures.
#[derive(Config, Debug, PartialEq)]
#[config(unsupported(magic = "it arrives with a later release", more_magic = "so does this"))]
struct Everything {
    /// Lines of a script.
    ///
    /// Each ends by itself.
    #[config(late)]
    inline: Vec<String>,
    /// Where it goes.
    #[config(late, default = PATH.to_string())]
    path: String,
    /// How long.
    #[config(default = Duration::from_secs(300))]
    timeout: Duration,
    /// Which exit codes are fine.
    #[config(default = vec![0, 3])]
    codes: Vec<i32>,
    /// Who may.
    #[config(sensitive)]
    password: Option<Secret>,
    /// Needed.
    #[config(required)]
    name: String,
    /// Names have changed.
    #[config(deprecated = "use `name` instead", rename = "title")]
    old_name: Option<String>,
    /// Whether.
    #[config(default = true)]
    enabled: bool,
    /// A keyword of Rust.
    r#type: String,
    /// A port.
    port: u16,
    /// Variables.
    env: BTreeMap<String, String>,
    /// A file.
    file: Option<PathBuf>,
    #[config(flatten)]
    network: Network,
    /// At most one.
    #[config(block)]
    boot: Option<Disk>,
    /// Any number.
    #[config(block)]
    disk: Vec<Disk>,
}

#[derive(Config, Debug, PartialEq)]
#[config(unsupported(bridge = "bridges need root"))]
struct Network {
    /// Address.
    #[config(default = "0.0.0.0".into())]
    address: String,
}

#[derive(Config, Debug, PartialEq)]
struct Disk {
    /// Its size in MB.
    size: u32,
    /// Its label.
    label: String,
}

#[derive(Config, Debug, PartialEq)]
struct Nothing {}

fn decoder(facts: Facts) -> Decoder {
    let (cx, _host) = context_with(facts, |_| {});
    cx.decoder()
}

fn decode<C: Config>(json: serde_json::Value) -> Result<C, Problems> {
    C::decode(&Value::from_json(&json), &decoder(Facts::default()))
}

#[test]
fn the_schema_names_every_option() {
    let schema = Everything::schema();
    let names: Vec<_> = schema.attributes.keys().map(String::as_str).collect();
    let expected = [
        "address",
        "bridge",
        "codes",
        "enabled",
        "env",
        "file",
        "inline",
        "magic",
        "more_magic",
        "name",
        "password",
        "path",
        "port",
        "timeout",
        "title",
        "type",
    ];
    assert_eq!(names, expected);
    let attribute = |name: &str| &schema.attributes[name];
    assert_eq!(attribute("inline").ty, Type::list(Type::String));
    assert_eq!(attribute("inline").doc, "Lines of a script.\n\nEach ends by itself.");
    assert_eq!(attribute("timeout").ty, Type::String);
    assert_eq!(attribute("port").ty, Type::Number);
    assert_eq!(attribute("enabled").ty, Type::Bool);
    assert_eq!(attribute("env").ty, Type::map(Type::String));
    assert_eq!(attribute("file").ty, Type::String);
    assert!(attribute("name").required && !attribute("path").required);
    assert!(attribute("password").sensitive && !attribute("name").sensitive);
    assert_eq!(attribute("title").deprecated.as_deref(), Some("use `name` instead"));
    assert_eq!(attribute("magic").unsupported.as_deref(), Some("it arrives with a later release"));
    assert_eq!(attribute("bridge").unsupported.as_deref(), Some("bridges need root"));
    assert_eq!(attribute("name").unsupported, None);

    let blocks: Vec<_> = schema.blocks.iter().map(|(name, block)| (name.as_str(), block.nesting)).collect();
    assert_eq!(blocks, [("boot", Nesting::Single), ("disk", Nesting::List)]);
    assert_eq!(schema.blocks["disk"].doc, "Any number.");
    assert_eq!(schema.blocks["disk"].schema, Disk::schema());
    assert_eq!(Nothing::schema(), karat_model::schema::Schema::default());
}

#[test]
fn documentation_shows_defaults_as_templates_write_them() {
    let schema = Everything::schema();
    let shown = |name: &str| schema.attributes[name].default.as_deref();
    assert_eq!(shown("path"), Some("/tmp/{{.Name}}"));
    assert_eq!(shown("timeout"), Some("5m0s"));
    assert_eq!(shown("codes"), Some("[0, 3]"));
    assert_eq!(shown("enabled"), Some("true"));
    assert_eq!(shown("address"), Some("0.0.0.0"));
    assert_eq!(shown("name"), None);
}

#[test]
fn what_is_absent_or_null_has_its_default() {
    let expected = Everything {
        inline: vec![],
        path: PATH.to_string(),
        timeout: Duration::from_secs(300),
        codes: vec![0, 3],
        password: None,
        name: String::new(),
        old_name: None,
        enabled: true,
        r#type: String::new(),
        port: 0,
        env: BTreeMap::new(),
        file: None,
        network: Network { address: "0.0.0.0".to_string() },
        boot: None,
        disk: vec![],
    };
    assert_eq!(decode(json!({})), Ok(expected));
    let nulls =
        json!({ "codes": null, "enabled": null, "boot": null, "disk": null, "magic": null, "bridge": null });
    let found: Everything = decode(nulls).unwrap();
    assert_eq!((found.codes, found.enabled, found.boot), (vec![0, 3], true, None));
    assert_eq!(decode(json!({})), Ok(Nothing {}));
}

#[test]
fn what_is_set_is_read() {
    let found: Everything = decode(json!({
        "inline": ["a", "b"],
        "timeout": "1m30s",
        "codes": [7],
        "password": "hush",
        "title": "old",
        "enabled": false,
        "type": "t",
        "port": 22,
        "env": { "A": "1", "B": null },
        "file": "x/y",
        "address": "::1",
        "boot": { "size": 1 },
        "disk": [{ "size": 2, "label": "two" }, { "size": 3 }],
    }))
    .unwrap();
    assert_eq!(found.inline, ["a", "b"]);
    assert_eq!(found.timeout, Duration::from_secs(90));
    assert_eq!(found.codes, [7]);
    assert_eq!(found.password.unwrap().expose(), "hush");
    assert_eq!(found.old_name.as_deref(), Some("old"));
    assert!(!found.enabled);
    assert_eq!((found.r#type.as_str(), found.port), ("t", 22));
    assert_eq!(found.env, BTreeMap::from([("A".to_string(), "1".to_string())]));
    assert_eq!(found.file, Some(PathBuf::from("x/y")));
    assert_eq!(found.network.address, "::1");
    assert_eq!(found.boot, Some(Disk { size: 1, label: String::new() }));
    let disks = [Disk { size: 2, label: "two".into() }, Disk { size: 3, label: String::new() }];
    assert_eq!(found.disk, disks);
}

/// Also the text of CORE-18 for a configuration that the component itself refuses.
#[test]
fn core_18_every_problem_is_reported_at_once() {
    let problems = decode::<Everything>(json!({
        "timeout": "soon",
        "port": 70000,
        "codes": [1, null],
        "magic": true,
        "bridge": "br0",
        "disk": [{ "size": -1 }, { "size": 1.5 }],
        "boot": { "label": 3 },
        "env": { "A": true },
        "inline": ["{{ .Unclosed"],
    }))
    .unwrap_err();
    let found: Vec<_> = problems
        .0
        .iter()
        .map(|Problem { argument, message }| (argument.as_deref().unwrap_or_default(), message.as_str()))
        .collect();
    let arguments: Vec<_> = found.iter().map(|(argument, _)| *argument).collect();
    let expected = ["magic", "inline", "timeout", "codes", "port", "env", "bridge", "label", "size", "size"];
    assert_eq!(arguments, expected, "{problems}");
    let message = |name: &str| found.iter().find(|(argument, _)| *argument == name).unwrap().1;
    assert_eq!(message("magic"), "magic is not supported yet: it arrives with a later release");
    assert!(message("inline").starts_with("inline: element 0: in the template \"{{ .Unclosed\""));
    assert!(message("timeout").starts_with("timeout: `soon` is not a duration"));
    assert_eq!(message("codes"), "codes: element 1 is null");
    assert_eq!(message("port"), "port: 70000 is not a whole number from 0 to 65535");
    assert_eq!(message("env"), "env: key \"A\": a string is needed");
    assert_eq!(message("size"), "size: -1 is not a whole number from 0 to 4294967295");
    assert!(problems.to_string().starts_with("10 error(s) occurred:\n\n* magic is not supported yet"));
}

#[test]
fn templates_are_rendered_at_once_unless_they_are_late() {
    let mut facts = Facts::default();
    facts.set("Host", "10.0.2.2");
    facts.set("Port", 2222);
    let value = Value::from_json(&json!({
        "name": "{{build_name}} {{.Host}} {{ build `Port` }}",
        "path": "{{.Host}}/{{.Name}}",
        "env": { "A": "{{.Port}}" },
        "disk": [{ "label": "{{build_type}}" }],
    }));
    let decoder = decoder(facts);
    let found = Everything::decode(&value, &decoder).unwrap();
    assert_eq!(found.name, "test 10.0.2.2 2222");
    assert_eq!(found.env["A"], "2222");
    assert_eq!(found.disk[0].label, "null");
    assert_eq!(found.path, "{{.Host}}/{{.Name}}");
    assert_eq!(decoder.render_late(&found.path, [("Name", "x".into())]), Ok("10.0.2.2/x".to_string()));
    // What only the component knows wins over a fact of the same name.
    assert_eq!(decoder.render_late("{{.Host}}", [("Host", "y".into())]), Ok("y".to_string()));

    let error = decoder.render("{{ build `Nope` }}").unwrap_err();
    assert!(error.contains("Nope") && error.contains("Host, Port"), "{error}");
}

#[test]
fn what_is_not_known_yet_reads_as_a_placeholder() {
    let unknown = |ty: Type| Value::unknown(ty);
    let value = Value::object(BTreeMap::from([
        ("name".to_string(), unknown(Type::String)),
        ("inline".to_string(), Value::tuple(vec![Value::string("a"), unknown(Type::String)])),
        ("codes".to_string(), unknown(Type::list(Type::Number))),
        ("enabled".to_string(), unknown(Type::Bool)),
        ("port".to_string(), unknown(Type::Number)),
        ("timeout".to_string(), unknown(Type::String)),
        ("env".to_string(), Value::object(BTreeMap::from([("A".to_string(), unknown(Type::Any))]))),
        ("boot".to_string(), unknown(Disk::schema().ty())),
    ]));
    let found = Everything::decode(&value, &decoder(Facts::pending([]))).unwrap();
    assert_eq!(found.name, UNKNOWN_TEXT);
    assert_eq!(found.inline, ["a", UNKNOWN_TEXT]);
    assert_eq!((found.codes, found.enabled, found.port), (vec![], false, 0));
    assert_eq!(found.timeout, Duration::ZERO);
    assert_eq!(found.env["A"], UNKNOWN_TEXT);

    // A build that has not run offers its keys without their values; others are mistakes now.
    let pending = decoder(Facts::pending(["SourceImage"]));
    assert_eq!(
        pending.render("{{ build `SourceImage` }} {{.Host}}"),
        Ok(format!("{UNKNOWN_TEXT} {UNKNOWN_TEXT}"))
    );
    assert!(pending.render("{{ build `Nope` }}").is_err());

    let nothing_known = Value::unknown(Everything::schema().ty());
    assert!(Everything::decode(&nothing_known, &pending).is_ok());
}

#[test]
fn functions_know_the_run() {
    let host = RecordingHost::new();
    let info = host.info(|_| {});
    let decoder = Decoder::new(&info, &Facts::default());
    let render = |text: &str| decoder.render(text).unwrap();
    assert_eq!(render("{{template_dir}} {{pwd}}"), format!("{0} {0}", host.directory().display()));
    assert_eq!(render("{{timestamp}} {{isotime `2006-01-02`}}"), "1700000000 2023-11-14");
    assert_eq!(render("{{packer_version}}"), "1.16.0");
    assert_eq!(render("no template } {"), "no template } {");
}
