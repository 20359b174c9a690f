//! Legacy JSON templates from outside.

use std::io::Write;
use std::process::Stdio;

use karat_testkit::{Run, Sandbox};

use crate::template::nothing_left;

/// A build without a machine, with more root keys.
fn local(more: &str) -> String {
    format!("{{\n  \"builders\": [{{\"type\": \"null\", \"communicator\": \"none\"}}]{more}\n}}\n")
}

/// What the builds of a template say, without colour.
fn builds(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let command = ["build", "-color=false"].iter().chain(arguments).chain(&["t.json"]);
    sandbox.karat(command)
}

/// The lines of builds, sorted by nothing but time.
fn said(run: &Run) -> Vec<&str> {
    let lines = run.stdout.lines().filter_map(|line| line.strip_prefix("==> "));
    lines.filter(|line| !line.contains("Running ") && line.contains(": ")).collect()
}

#[test]
fn core_01_builds_tell_their_names_to_their_steps() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "t.json",
        r#"{
  "variables": {"suffix": "b"},
  "builders": [
    {"type": "null", "communicator": "none", "name": "x-{{user `suffix`}}"},
    {"type": "null", "communicator": "none"}
  ],
  "provisioners": [{
    "type": "shell-local",
    "inline": ["echo $PACKER_BUILD_NAME $PACKER_BUILDER_TYPE {{build_name}} {{build_type}}"],
    "override": {"x-{{user `suffix`}}": {"inline": "echo mine {{build_name}},echo two"}}
  }],
  "post-processors": [["manifest", {"type": "shell-local", "name": "last", "inline": ["echo {{user `suffix`}}"]}]]
}"#,
    );
    let run = builds(&sandbox, &["-parallel-builds=1"]).success();
    assert_eq!(
        said(&run),
        [
            "null: null null null null",
            "null (shell-local): b",
            "null.x-b: mine x-b",
            "null.x-b: two",
            "null.x-b (shell-local): b"
        ]
    );
    for line in [
        "==> null.x-b: Running post-processor: manifest\n",
        "==> null.x-b: Running post-processor: last (type shell-local)\n",
        "--> null.x-b: Did not export anything. This is the null builder\n",
    ] {
        assert!(run.stdout.contains(line), "{line}{run}");
    }
    let manifest = sandbox.read("packer-manifest.json");
    assert!(
        manifest.contains("\"name\": \"x-b\"") && manifest.contains("\"builder_type\": \"null\""),
        "{manifest}"
    );
    nothing_left(&sandbox);
}

#[test]
fn tpl_02_values_come_from_the_command_line_and_secrets_are_hidden() {
    let sandbox = Sandbox::new();
    let echo = r#", "provisioners": [{"type": "shell-local", "inline": ["echo {{user `all`}}"], "env": {"{{user `a`}}": "1"}}]"#;
    let variables = r#", "variables": {"a": "A", "b": null, "home": "{{env `FROM_ENV`}}", "pw": "s3cret",
        "all": "{{user `a`}} {{user `b`}} {{user `home`}} {{user `pw`}}"}, "sensitive-variables": ["pw"]"#;
    sandbox.write("t.json", local(&format!("{variables}{echo}")));
    sandbox.write("1.json", r#"{"a": "one", "b": "one"}"#);
    sandbox.write("2.json", r#"{"b": "two", "undeclared": "x"}"#);
    let mut command = sandbox.karat_command();
    command.args(["build", "-var-file=1.json", "-var-file", "2.json", "-var", "a=arg", "t.json"]);
    let run = Run::from(command.env("FROM_ENV", "environment").output().unwrap()).success();
    assert_eq!(said(&run), ["null: arg two environment <sensitive>"]);
    let unset = sandbox.karat(["validate", "t.json"]).exits(1);
    assert!(unset.stdout.contains("Error: required variable not set: b\n\n  on t.json line 2:"), "{unset}");
    // What is not JSON's way is refused.
    sandbox.write("v.pkrvars.hcl", "b = \"x\"\n");
    let hcl = sandbox.karat(["validate", "-var-file=v.pkrvars.hcl", "t.json"]).exits(1);
    assert!(hcl.stdout.contains("Error reading variables in 'v.pkrvars.hcl'"), "{hcl}");
}

#[test]
fn tpl_01_a_template_can_come_through_a_pipe() {
    let sandbox = Sandbox::new();
    let text =
        local(r#", "provisioners": [{"type": "shell-local", "inline": ["echo in {{template_dir}}"]}]"#);
    let mut command = sandbox.karat_command();
    command.args(["build", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let run = Run::from(child.wait_with_output().unwrap()).success();
    let work = sandbox.work().canonicalize().unwrap();
    assert_eq!(said(&run), [format!("null: in {}", work.display())]);
    sandbox.write("d/t.json", &text);
    let run = Run::from(
        sandbox
            .command("sh")
            .arg("-c")
            .arg(r#""$0" build d/../d/t.json; cat d/t.json | "$0" validate /dev/stdin"#)
            .arg(karat_testkit::karat_binary())
            .output()
            .unwrap(),
    )
    .success();
    assert_eq!(said(&run), [format!("null: in {}", work.join("d").display())]);
    assert!(run.stdout.ends_with("The configuration is valid.\n"), "{run}");
    // Nothing says that standard input could be HCL2.
    let hcl2 = sandbox.karat(["validate", "-config-type=hcl2", "-"]).exits(1);
    assert!(hcl2.stdout.contains("no such file or directory"), "{hcl2}");
}

#[test]
fn tpl_01_what_is_no_template_is_explained() {
    let sandbox = Sandbox::new();
    let refused = |text: &str, texts: &[&str]| {
        sandbox.write("t.json", text);
        for command in ["validate", "build"] {
            let run = sandbox.karat([command, "t.json"]).exits(1);
            let flat = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
            texts.iter().for_each(|text| assert!(flat.contains(text), "missing: {text}\n{run}"));
            assert_eq!(run.stderr, "");
        }
        nothing_left(&sandbox);
    };
    refused("", &["The text ends where a value is expected", "on t.json line 1"]);
    refused(
        "{\n  \"builders\": [\n    {\"type\": \"null\",}\n  ]\n}",
        &["There is a comma too many", "on t.json line 3"],
    );
    refused("source \"null\" \"a\" {}\n", &["Failed to parse file as legacy JSON template", "`.pkr.hcl`"]);
    refused(
        &local(", \"builder\": []"),
        &["Unknown root level key in template: 'builder'", "did you mean `builders`?"],
    );
    refused(&local(", \"_a\": \"\", \"_a\": \"\""), &["template has duplicate field: _a"]);
    refused("{\"builders\": []}", &["at least one builder must be defined"]);
    refused(
        &local(", \"min_packer_version\": \"99\""),
        &["This template requires Packer version 99.0.0 or higher; using 1.16.0"],
    );
    refused(
        &local(", \"variables\": {\"a\": \"{{user `b`}}\", \"b\": \"{{user `a`}}\"}"),
        &["The variables need one another: a -> b -> a"],
    );
    refused(
        &local(", \"variables\": {\"a\": \"{{user `b\"}"),
        &["error interpolating default value for 'a'"],
    );
    refused(
        &local(
            ", \"provisioners\": [{\"type\": \"shell-local\", \"inlin\": [\"x\"], \"inline\": [\"{{env `HOME`}} {{nofn}}\"]}]",
        ),
        &["unknown configuration key: '\"inlin\"'", "did you mean `inline`?"],
    );
    refused(
        &local(", \"provisioners\": [{\"type\": \"shell-local\", \"inline\": [\"{{nofn}}\"]}]"),
        &["nofn", "in provisioner \"shell-local\""],
    );
}

#[test]
fn cli_19_builds_are_selected_and_chains_are_cut() {
    let sandbox = Sandbox::new();
    let echo =
        |name: &str| format!(r#"{{"type": "shell-local", "name": "{name}", "inline": ["echo {name}"]}}"#);
    sandbox.write(
        "t.json",
        format!(
            r#"{{"builders": [{{"type": "null", "communicator": "none", "name": "a"}}, {{"type": "null", "communicator": "none", "name": "b"}}],
            "post-processors": [[{}, {}, {}], {}]}}"#,
            echo("one"), echo("two"), echo("three"), echo("four")
        ),
    );
    let selected = |arguments: &[&str]| said(&builds(&sandbox, arguments).success()).join("; ");
    assert_eq!(
        selected(&["-only=b", "-except=two"]),
        "null.b (shell-local): one; null.b (shell-local): four"
    );
    assert_eq!(
        selected(&["-except", "a,three"]),
        "null.b (shell-local): one; null.b (shell-local): two; null.b (shell-local): four"
    );
    let nothing = builds(&sandbox, &["-only=null.a"]).exits(1);
    assert!(nothing.stdout.contains("Error: No builds to run"), "{nothing}");
    assert!(nothing.stdout.contains("builds are selected by the name of the builder:\n-only=a"), "{nothing}");
    let strict = builds(&sandbox, &["--strict", "-only=null.a"]).exits(1);
    assert!(!strict.stdout.contains("Warning"), "{strict}");
}

#[test]
fn core_07_a_whole_command_may_be_in_a_variable() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "t.json",
        local(
            r#", "variables": {"run": "echo {{ .Vars }} >/dev/null; . {{ .Script }}", "codes": "3,4", "retries": "1"},
  "provisioners": [
    {"type": "shell-local", "execute_command": ["/bin/sh", "-c", "{{user `run`}}"], "inline": ["echo ran"]},
    {"type": "shell-local", "command": "exit 4", "valid_exit_codes": "{{user `codes`}}"},
    {"type": "shell-local", "inline": ["test -e again || { touch again; exit 1; }"], "max_retries": "{{user `retries`}}"},
    {"type": "shell-local", "inline": ["echo {{build `ID`}} {{.ID}}"]}
  ],
  "error-cleanup-provisioner": {"type": "shell-local", "inline": ["echo not needed"]}"#,
        ),
    );
    let run = builds(&sandbox, &[]).success();
    let said = said(&run);
    assert_eq!(said.first(), Some(&"null: ran"), "{run}");
    assert_eq!(said.last(), Some(&"null: Null Null"), "{run}");
    assert!(
        run.stdout.contains("retrying with 1 trie(s) left") && !run.stdout.contains("not needed"),
        "{run}"
    );
}

#[test]
fn core_02_a_build_that_cannot_be_leaves_the_others() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "t.json",
        r#"{"builders": [{"type": "file", "name": "good", "target": "out.txt", "content": "{{user `v`}}{{build_name}}"},
    {"type": "nul", "name": "bad"}, {"type": "file", "name": "empty"}], "variables": {"v": "by "}}"#,
    );
    let run = builds(&sandbox, &[]).exits(1);
    assert!(run.stdout.contains("Error: Failed to initialize build \"bad\""), "{run}");
    assert!(
        run.stdout.contains("Error: target required\n\n  on t.json line 2, in builder \"empty\":\n"),
        "{run}"
    );
    assert!(run.stdout.contains("--> file.good: Stored file: out.txt\n"), "{run}");
    assert_eq!(sandbox.read("out.txt"), "by good");
}

#[test]
fn tpl_04_the_wanted_version_is_looked_at_first() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "t.json",
        local(", \"min_packer_version\": \"1.16.1\", \"provisioners\": [{\"type\": \"later\"}]"),
    );
    let run = sandbox.karat(["validate", "t.json"]).exits(1);
    assert!(
        run.stdout
            .starts_with("Error: This template requires Packer version 1.16.1 or higher; using 1.16.0\n"),
        "{run}"
    );
    assert!(!run.stdout.contains("Failed to initialize"), "{run}");
    sandbox.write("t.json", local(", \"min_packer_version\": \"1.16\""));
    sandbox.karat(["validate", "t.json"]).success();
    // Only the text, then.
    sandbox.write("t.json", local(", \"min_packer_version\": \"99\", \"variables\": {\"a\": null}"));
    let run = sandbox.karat(["validate", "-syntax-only", "t.json"]).success();
    assert_eq!(run.stdout, "Syntax-only check passed. Everything looks okay.\n");
}

/// What Packer 1.16 prints for these.
#[test]
fn tpl_03_functions_and_statements_in_a_build() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "t.json",
        r#"{
  "variables": {
    "region": "Here-1", "env": "{{env `SHELF`}}", "both": "{{user `region` | lower}}/{{env `SHELF`}}"
  },
  "builders": [{"type": "null", "name": "web-{{user `region`}}", "communicator": "none"}],
  "provisioners": [{
    "type": "shell-local",
    "inline": [
      "echo 1 {{user `region`}} {{user `env`}} {{user `both`}} [{{user `none`}}]",
      "echo 2 {{build_name}} {{build_type}} {{packer_version}}",
      "echo 3 {{split `a-b-c` `-` 1}} {{replace `a` `b` 1 `aaa`}} {{replace_all `a` `b` `aaa`}} {{user `region` | upper}}",
      "echo 4 {{timestamp | len}} {{isotime | len}} {{uuid | len}} {{strftime `%Y` | len}} {{isotime `06` | len}}",
      "echo 5 {{template_dir}} {{pwd}}",
      "echo 6 {{ if eq build_type `null` }}yes{{ else }}no{{ end }} {{ $x := 5 }}{{ printf `%03d` $x }}",
      "echo '7 {{ .Nope }}'"
    ]
  }]
}"#,
    );
    let mut command = sandbox.karat_command();
    let run: Run =
        command.args(["build", "-color=false", "t.json"]).env("SHELF", "books").output().unwrap().into();
    let run = run.success();
    let here = sandbox.work().display().to_string();
    let lines: Vec<&str> =
        said(&run).iter().filter_map(|line| line.strip_prefix("null.web-Here-1: ")).collect();
    assert_eq!(
        lines,
        [
            "1 Here-1 books here-1/books []",
            "2 web-Here-1 null 1.16.0",
            "3 b baa bbb HERE-1",
            "4 10 20 36 4 2",
            &format!("5 {here} {here}"),
            "6 yes 005",
            "7 <no value>",
        ]
    );
}

#[test]
fn tpl_03_functions_say_what_is_wrong_and_where() {
    let sandbox = Sandbox::new();
    for (action, said) in [
        ("{{vault `a` `b`}}", ": <vault `a` `b`>: error calling vault: secret stores can be read only in"),
        ("{{env `X`}}", "error calling env: environment variables can be read only in"),
        ("{{upper 1}}", "error calling upper: wrong type for value; expected string; got int"),
        ("{{split `a` `b` 3}}", "parts count from 0"),
        ("{{sed `a` `b`}}", "use replace or replace_all"),
        ("{{nope}}", ": function \"nope\" not defined"),
        ("{{.X", ": unclosed action"),
        ("{{user}}", "error calling user: wrong number of args: want 1 got 0"),
        ("{{isotime `a` `b`}}", "error calling isotime: wrong number of args"),
        ("{{build `Nope`}}", "the build knows no \"Nope\""),
    ] {
        let provisioner =
            format!(",\n\"provisioners\": [{{\"type\": \"shell-local\",\n\"inline\": [\"echo {action}\"]}}]");
        sandbox.write("t.json", local(&provisioner));
        let run = sandbox.karat(["validate", "t.json"]).exits(1);
        let words = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        let place = said.find(": ").map(|at| &said[at..]).unwrap_or(said);
        assert!(words.contains(place) && run.stdout.contains("line 4"), "{action}: {said}\n{run}");
    }
}
