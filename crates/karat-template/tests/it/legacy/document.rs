use karat_hcl::json::{Node, NodeKind, Property, Text};
use karat_model::diagnostic::Diagnostics;
use karat_model::span::SourceMap;
use karat_template::legacy::{Document, PostProcessor, Provisioner};

/// The document and what is wrong, a line each.
fn read(text: &str) -> (Option<Document>, Vec<String>) {
    let mut sources = SourceMap::new();
    let file = sources.add("t.json", text);
    let mut diagnostics = Diagnostics::new();
    let document = Document::read(file, sources.text(file), &mut diagnostics);
    if let Some(document) = &document {
        document.validate(&mut diagnostics);
    }
    let line = |problem: karat_model::diagnostic::Diagnostic| {
        let place = problem.primary.map(|label| sources.position(label.span).to_string());
        format!("{} {}", place.unwrap_or_default(), problem.title)
    };
    (document, diagnostics.into_sorted().into_iter().map(line).collect())
}

fn problems(text: &str) -> Vec<String> {
    read(text).1
}

/// What stands in a document, in few words.
fn shown(text: &str) -> String {
    let (document, problems) = read(text);
    assert!(problems.is_empty(), "{problems:?}");
    let document = document.unwrap();
    let mut lines = Vec::new();
    lines.extend(document.description.map(|text| format!("description {}", text.text)));
    lines.extend(document.min_packer_version.map(|text| format!("version {}", text.text)));
    lines.extend(
        document.comments.iter().map(|comment| format!("comment {}", options(std::slice::from_ref(comment)))),
    );
    for variable in &document.variables {
        let default =
            variable.default.as_ref().map_or("required".to_owned(), |text| format!("{:?}", text.text));
        lines.push(format!("variable {} {default}", variable.name.text));
    }
    lines.extend(names("sensitive", &document.sensitive));
    for builder in &document.builders {
        lines.push(format!(
            "builder {} {} {}",
            builder.kind.text,
            builder.name.text,
            options(&builder.options)
        ));
    }
    lines.extend(document.provisioners.iter().map(provisioner));
    lines.extend(document.cleanup.iter().map(|cleanup| format!("cleanup {}", provisioner(cleanup))));
    for chain in &document.post_processors {
        lines.push(chain.iter().map(post_processor).collect::<Vec<_>>().join(" | "));
    }
    lines.join("\n")
}

fn provisioner(used: &Provisioner) -> String {
    let mut words = vec![format!("provisioner {}", used.kind.text)];
    words.extend(names("only", &used.only));
    words.extend(names("except", &used.except));
    for (name, text) in
        [("pause", &used.pause_before), ("timeout", &used.timeout), ("retries", &used.max_retries)]
    {
        words.extend(text.as_ref().map(|text| format!("{name}={}", text.text)));
    }
    let overrides = used.overrides.iter();
    words.extend(overrides.map(|entry| format!("{}:{}", entry.builder.text, options(&entry.options))));
    words.push(options(&used.options));
    words.join(" ")
}

fn post_processor(used: &PostProcessor) -> String {
    let mut words = vec![format!("then {} {}", used.kind.text, used.name.text)];
    words.extend(names("only", &used.only));
    words.extend(names("except", &used.except));
    words.extend(used.keep_input.map(|keep| format!("keep={keep}")));
    words.push(options(&used.options));
    words.join(" ")
}

fn names(title: &str, names: &[Text]) -> Option<String> {
    let names: Vec<&str> = names.iter().map(|name| name.text.as_ref()).collect();
    (!names.is_empty()).then(|| format!("{title}={}", names.join(",")))
}

fn options(options: &[Property]) -> String {
    let value = |node: &Node| match &node.kind {
        NodeKind::String(text) => text.text.to_string(),
        NodeKind::Number(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    let options = options.iter().map(|option| format!("{}={}", option.name.text, value(&option.value)));
    format!("{{{}}}", options.collect::<Vec<_>>().join(" "))
}

#[test]
fn tpl_01_every_root_key_is_read() {
    let text = r#"{
  "_comment": "a comment", "_more": "{{not a template", "comments": [{"c": "d"}], "push": {"name": "x"},
  "description": "what for", "min_packer_version": "1.4.0",
  "variables": {"z": "1", "a": null, "{{b}}": ""}, "sensitive-variables": ["z", "unknown"],
  "builders": [{"type": "null", "ssh_port": 22}, {"type": "file", "name": "f {{user `z`}}"}, {"name": "", "type": "qemu"}],
  "provisioners": [
    {"type": "shell", "only": ["null"], "pause_before": "5s", "timeout": "1m", "max_retries": 3, "inline": "x",
     "override": {"null": {"inline": "y"}, "qemu": null}},
    {"type": "file", "except": "null", "max_retries": "{{user `a`}}", "pause_before": 7, "name": "n"}
  ],
  "error-cleanup-provisioner": {"type": "shell-local", "only": ["nobody"], "override": {"nobody": {}}},
  "post-processors": ["manifest", {"type": "checksum", "keep_input_artifact": false}, [
    "compress", {"type": "artifice", "name": "a", "only": ["null"], "files": "f", "keep_input_artifact": true}
  ], []]
}"#;
    let expected = "\
description what for
version 1.4.0
comment {_comment=a comment}
comment {_more={{not a template}
comment {c=d}
variable z \"1\"
variable a required
variable {{b}} \"\"
sensitive=z,unknown
builder null null {ssh_port=22}
builder file f {{user `z`}} {}
builder qemu qemu {}
provisioner shell only=null pause=5s timeout=1m retries=3 null:{inline=y} qemu:{} {inline=x}
provisioner file except=null pause=7ns retries={{user `a`}} {name=n}
cleanup provisioner shell-local only=nobody nobody:{} {}
then manifest manifest {}
then checksum checksum keep=false {}
then compress compress {} | then artifice a only=null keep=true {files=f}
";
    assert_eq!(shown(text), expected);
}

#[test]
fn tpl_01_the_case_of_root_keys_does_not_count() {
    assert_eq!(
        shown(r#"{"BUILDERS": [{"type": "null"}], "Min_Packer_Version": "1"}"#),
        "version 1\nbuilder null null {}"
    );
    // One that is written exactly counts, and leaves the other one over.
    let text = r#"{"Builders": [{"type": "file"}], "builders": [{"type": "null"}]}"#;
    assert_eq!(problems(text), ["1:2 Unknown root level key in template: 'Builders'"]);
    // The keys of builders and the like are read as they are written.
    assert_eq!(problems(r#"{"builders": [{"Type": "null"}]}"#), ["1:15 builder 1: missing 'type'"]);
}

#[test]
fn tpl_01_null_is_as_if_it_were_not_there() {
    let text = r#"{"description": null, "variables": null, "provisioners": null, "error-cleanup-provisioner": null,
        "post-processors": null, "sensitive-variables": null, "min_packer_version": null, "push": null,
        "builders": [{"type": "null", "name": null}]}"#;
    assert_eq!(shown(text), "builder null null {}");
    assert_eq!(problems(r#"{"builders": null}"#), ["1:1 at least one builder must be defined"]);
}

#[test]
fn tpl_01_all_mistakes_in_keys_are_said_together() {
    let text = r#"{
  "builder": [], "_c": 1, "foo": 2,
  "variables": {"n": 5, "l": ["a"], "ok": "x"},
  "builders": [{"type": "null"}, {"name": "x"}, {"type": "null"}, "y", {"type": ["z"]}, {"type": "", "typ": "q"}],
  "provisioners": [{"inline": "x"}, {"type": "shell", "pause_before": "x", "override": 1, "only": [[1]]}, null],
  "post-processors": [5, [["a"], {"name": "b"}, {"type": "c", "keep_input_artifact": "true", "only": "x"}], ""],
  "error-cleanup-provisioner": {"inline": "x"}
}"#;
    assert_eq!(
        problems(text),
        [
            "2:3 Unknown root level key in template: 'builder'",
            "2:24 the comment \"_c\" must be a string",
            "2:27 Unknown root level key in template: 'foo'",
            "3:22 variable n: its default must be a string, or null if a value must be given",
            "3:30 variable l: its default must be a string, or null if a value must be given",
            "4:34 builder 2: missing 'type'",
            "4:58 builder 3: builder with name 'null' already exists",
            "4:67 builder 4 must be an object",
            "4:81 builder 5: type must be a string",
            "4:89 builder 6: missing 'type'",
            "5:20 provisioner 1: missing 'type'",
            "5:71 provisioner 2: pause_before: `x` is not a duration: a number is missing; write a number and a unit, such as `30s`, `5m` or `1h30m`",
            "5:88 provisioner 2: override must be an object",
            "5:100 provisioner 2: only must be an array of strings",
            "5:107 provisioner 3 must be an object",
            "6:23 post-processor 1 must be a string, an object or an array",
            "6:27 post-processor 2.1: sequence not allowed to be nested in a sequence",
            "6:34 post-processor 2.2: missing 'type'",
            "6:86 post-processor 2.3: keep_input_artifact must be true or false",
            "6:102 post-processor 2.3: only must be an array",
            "6:109 post-processor 3.1: missing 'type'",
            "7:32 error-cleanup-provisioner: missing 'type'",
        ]
    );
}

#[test]
fn tpl_01_names_that_stand_there_twice_are_mistakes_at_any_depth() {
    let text = r#"{"builders": [{"type": "null", "a": [{"b": {"c": 1, "d": 2, "\u0063": 3}}], "type": "file"}],
"_x": "", "_x": "", "A": 1}"#;
    assert_eq!(
        problems(text),
        [
            "1:61 template has duplicate field: c",
            "1:77 template has duplicate field: type",
            "2:11 template has duplicate field: _x",
            "2:21 Unknown root level key in template: 'A'",
        ]
    );
}

#[test]
fn tpl_01_references_to_builders_are_checked() {
    let text = r#"{"builders": [{"type": "null", "name": "one"}, {"type": "null", "name": "{{user `x`}}"}],
"provisioners": [
  {"type": "a", "only": ["one", "tow"], "override": {"null": {}, "{{user `x`}}": {}}},
  {"type": "b", "only": ["one"], "except": ["one"]},
  {"type": "c", "only": [], "except": ["null"]}],
"post-processors": [[{"type": "d", "except": ["two"]}, "e"], {"type": "f", "only": ["one"]}]}"#;
    assert_eq!(
        problems(text),
        [
            "3:33 provisioner 1: 'only' specified builder 'tow' not found",
            "3:54 provisioner 1: override 'null' doesn't exist",
            "4:45 provisioner 2: only one of 'only' or 'except' may be specified",
            "5:40 provisioner 3: 'except' specified builder 'null' not found",
            "6:47 post-processor 1.1: 'except' specified builder 'two' not found",
        ]
    );
}

#[test]
fn tpl_01_syntax_errors_have_their_place() {
    let cases = [
        ("", vec!["1:1 The text ends where a value is expected"]),
        ("{\"builders\": [{\"type\": \"null\"}],", vec!["1:33 A `}` is missing"]),
        ("{\n\"a\": 1,\n}", vec!["2:7 There is a comma too many"]),
        ("{\n  // x\n  \"builders\": []\n}", vec!["2:3 JSON has no comments"]),
        (
            "{\"a\": 'x' \"b\": 1e}",
            vec![
                "1:7 Text is written in double quotes",
                "1:11 There is no comma between two elements",
                "1:16 `1e` is not a number in JSON",
            ],
        ),
        (
            "{\"_\": \"a\tb\", \"_b\": \"\\q\"}",
            vec!["1:9 In a JSON string a tab is written \\t", "1:21 `\\q` means nothing in a JSON string"],
        ),
        ("[]", vec!["1:1 the template must be an object"]),
        ("null", vec!["1:1 the template must be an object"]),
        (
            "{\"_a\": \"\", \"builders\": [{\"type\": \"null\", \"n\": 1e400}]}",
            vec!["1:47 The number is too large for a legacy JSON template"],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(problems(text), expected, "{text}");
    }
}

#[test]
fn tpl_01_a_template_of_another_language_is_recognized() {
    let title = "Failed to parse file as legacy JSON template";
    let native = "# images\nvariable \"x\" {}\n\nsource \"null\" \"a\" {\n";
    assert_eq!(problems(native), [format!("2:1 {title}")]);
    let json = r#"{"variable": {"x": {}}, "source": {"null": {"a": {}}}}"#;
    assert_eq!(problems(json), [format!("1:2 {title}")]);
    // With builders it is one of ours, with a slip in it.
    let slip = r#"{"variable": {"x": ""}, "builders": [{"type": "null"}]}"#;
    assert_eq!(problems(slip), ["1:2 Unknown root level key in template: 'variable'"]);
    assert_eq!(
        problems("builders:\n- type: null"),
        ["1:1 `builders` is not a value in JSON", "1:9 Something follows the end of the JSON value"]
    );
}

#[test]
fn core_01_a_builder_with_a_name_of_its_own_is_shown_with_its_type() {
    let (document, _) = read(r#"{"builders": [{"type": "null"}, {"type": "null", "name": "x"}]}"#);
    let builders = document.unwrap().builders;
    assert_eq!([builders[0].shown("null"), builders[1].shown("y")], ["null", "null.y"]);
}
