//! `karat console`: fed by a pipe, and at a terminal.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use karat_testkit::{Run, Sandbox, Terminal};

const TEMPLATE: &str = r#"
variable "name" { default = "foo" }
variable "secret" {
  default   = "hush"
  sensitive = true
}
locals {
  long_name = "${var.name}-x"
  fails     = upper([])
}
data "null" "d" { input = "in" }
source "null" "a" { communicator = "none" }
build { sources = ["null.a"] }
"#;

fn piped(sandbox: &Sandbox, arguments: &str, input: &str) -> Run {
    let mut command = sandbox.karat_command();
    command.arg("console").args(arguments.split_whitespace());
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("karat starts");
    // Where the template is wrong nobody reads it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap().into()
}

fn with_template() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", TEMPLATE);
    sandbox
}

#[test]
fn cli_24_a_pipe_shows_what_its_last_line_is_worth() {
    let sandbox = with_template();
    for (arguments, input, code, said) in [
        ("t.pkr.hcl", "1 + 1", 0, "2\n"),
        ("t.pkr.hcl", "var.name\n  local.long_name  \n", 0, "foo-x\n"),
        ("t.pkr.hcl", "1\nexit\n", 0, "\n"),
        ("t.pkr.hcl", "exit\n1\n", 0, "1\n"),
        ("t.pkr.hcl", "", 0, "\n"),
        (
            "t.pkr.hcl",
            "[var.secret, upper(var.secret), \"a hush\"]",
            0,
            "[\n  \"<sensitive>\",\n  \"<sensitive>\",\n  \"a <sensitive>\",\n]\n",
        ),
        ("-var name=bar t.pkr.hcl", "var.name", 0, "bar\n"),
        ("-use-sequential-evaluation t.pkr.hcl", "local.long_name", 0, "foo-x\n"),
        ("-config-type=hcl2", "[path.root, upper(\"a\")]", 0, "[\n  \"\",\n  \"A\",\n]\n"),
        ("", "{ a = 1e30 }", 0, "{\n  \"a\" = 1e+30\n}\n"),
    ] {
        let run = piped(&sandbox, arguments, input).exits(code);
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), (said, ""), "{arguments} {input:?}");
    }
    let listing = piped(&sandbox, "t.pkr.hcl", "variables").success().stdout;
    assert_eq!(
        listing,
        "> input-variables:\n\nvar.name: \"foo\"\nvar.secret: \"<sensitive>\"\n\n> local-variables:\n\nlocal.long_name: \"foo-x\"\n\n"
    );
    assert!(piped(&sandbox, "", "help").success().stdout.contains("variables"));
}

#[test]
fn cli_24_a_mistake_is_shown_and_the_next_line_evaluated() {
    let sandbox = with_template();
    let run = piped(&sandbox, "t.pkr.hcl", "nope.x\n1 +\n2").exits(1);
    for text in ["on <console-input> line 1", "nope", "\n2\n"] {
        assert!(run.stdout.contains(text), "{text}\n{run}");
    }
    assert!(piped(&sandbox, "t.pkr.hcl", "local.fails").exits(1).stdout.contains("fails"));
    assert!(piped(&sandbox, "-var no=1 t.pkr.hcl", "1").exits(1).stdout.contains("no"));
    piped(&sandbox, "missing.pkr.hcl", "1").exits(1);
}

const LEGACY: &str = r#"{
  "variables": {"a": "1", "b": "{{user `a`}}-{{.Later}}", "c": "{{`{{`}}user `b`}}", "hidden": "hush", "needed": null},
  "sensitive-variables": ["hidden"],
  "builders": [{"type": "null", "communicator": "none"}]
}"#;

#[test]
fn cli_24_go_templates_are_rendered_with_a_json_template() {
    let sandbox = Sandbox::new();
    sandbox.write("t.json", LEGACY);
    for (arguments, input, said) in [
        ("t.json", "{{user `a`}}", "\n"),
        ("-var needed=x t.json", "{{user `a`}}+{{ user `b` | upper }}", "1+1-<no value>\n"),
        // What it renders to is rendered again.
        ("-var needed=x t.json", "{{user `c`}}", "1-<no value>\n"),
        ("-var needed=x t.json", "{{user `hidden`}} {{.X}} plain", "<sensitive> <no value> plain\n"),
        ("-var needed={{timestamp|len}} t.json", "{{user `needed`}}\n", "10\n"),
        ("-var needed=x t.json", "{{nope}}\n{{user `a`}}\nexit\n", "\n"),
        (
            "-var needed=x t.json",
            "variables",
            "\na: 1,\nb: 1-{{.Later}},\nc: {{user `b`}},\nhidden: <sensitive>,\nneeded: x,\n\n",
        ),
        ("-config-type=json", "{{packer_version}} {{user `a`}}{{if eq 1 1}}x{{end}}", "1.16.0 x\n"),
        ("-config-type=json -var a=5", "{{user `a`}}", "5\n"),
        ("--strict", "{{len `abc`}}", "3\n"),
    ] {
        let run = piped(&sandbox, arguments, input);
        assert!(run.stdout.ends_with(said), "{arguments} {input:?}\n{run}");
        assert!(input.contains("nope") || run.stdout == said, "{arguments} {input:?}\n{run}");
    }
    assert!(piped(&sandbox, "t.json", "help").success().stdout.contains("{{ user `name` | upper }}"));
    let directory = piped(&sandbox, "t.json", "{{template_dir}}").success().stdout;
    assert_eq!(directory.trim_end(), sandbox.work().display().to_string().trim_end_matches('/'));
}

#[test]
fn cli_24_a_mistake_in_a_go_template_has_its_place() {
    let sandbox = Sandbox::new();
    sandbox.write("t.json", LEGACY);
    for (input, said) in [
        ("x {{nope}}", "function \"nope\" not defined"),
        ("{{template_dir}}", "the template is not in a file"),
        ("{{build `Host`}}", "known only in provisioners and post-processors"),
        ("{{env `HOME`}}", "declare a variable with this default"),
        ("{{vault `a` `b`}}", "declare a variable with this default"),
        ("{{user", "unclosed action"),
    ] {
        let run = piped(&sandbox, "-config-type=json", input).exits(1);
        assert!(run.stdout.contains(said) && run.stdout.contains("<console-input> line 1"), "{input}\n{run}");
        // Packer shows the mistake as well, and calls it a success.
        let strict = piped(&sandbox, "--strict -config-type=json", input).success();
        assert!(strict.stdout.contains(said) && strict.stdout.ends_with("\n\n"), "{input}\n{strict}");
    }
    piped(&sandbox, "missing.json", "1").exits(1);
    sandbox.write("broken.json", "{\"builders\": [}");
    piped(&sandbox, "broken.json", "1").exits(1);
}

#[test]
fn cli_24_data_sources_are_read_when_asked_for() {
    let sandbox = Sandbox::new();
    let template = TEMPLATE.replace("fails     = upper([])", "of_data = data.null.d.output");
    sandbox.write("t.pkr.hcl", template);
    let said = |arguments: &str, input: &str| piped(&sandbox, arguments, input).success().stdout;
    assert_eq!(said("t.pkr.hcl", "data.null.d.output"), "<unknown>\n");
    assert_eq!(said("-evaluate-datasources t.pkr.hcl", "data.null.d.output"), "in\n");
    // Packer reads them, and has no name for them here.
    assert_eq!(said("--strict t.pkr.hcl", "local.of_data"), "in\n");
    let run = piped(&sandbox, "--strict t.pkr.hcl", "data.null.d.output").exits(1);
    assert!(run.stdout.contains("data"), "{run}");
}

fn at_terminal(sandbox: &Sandbox) -> Terminal {
    let mut terminal = sandbox.at_terminal(["console", "t.pkr.hcl"]);
    terminal.shows("> ");
    terminal
}

#[test]
fn cli_24_lines_are_edited_completed_and_continued() {
    let sandbox = with_template();
    let mut terminal = at_terminal(&sandbox);
    // Why local.fails is not there has been said.
    terminal.types("help\r");
    terminal.shows("Ctrl-D");
    terminal.shows("> ");
    terminal.types("vari\t\r");
    terminal.shows("var.secret: \"<sensitive>\"");
    terminal.shows("local.long_name: \"foo-x\"");
    terminal.shows("> ");
    terminal.types("1 + 1\r");
    terminal.shows("\r\n2\r\n");
    terminal.shows("> ");
    terminal.types("upper(local.lo\t)\r");
    terminal.shows("\r\nFOO-X\r\n");
    terminal.shows("> ");
    terminal.types("[\r1,\r2]\r");
    terminal.shows("[\r\n  1,\r\n  2,\r\n]\r\n");
    terminal.shows("> ");
    terminal.types("<<E\rsome text\rE\r");
    terminal.shows("\r\nsome text\r\n");
    terminal.shows("> ");
    terminal.types("((\r\r\r");
    terminal.shows("For more");
    terminal.shows("> ");
    terminal.types("var.nope\r");
    terminal.shows("For more");
    terminal.shows("> ");
    // Ctrl-C throws a line away, and leaves where there is none.
    terminal.types("never seen");
    terminal.shows("never seen");
    terminal.types("\u{3}");
    terminal.shows("> ");
    terminal.types("3 * 3\r");
    terminal.shows("\r\n9\r\n");
    terminal.shows("> ");
    terminal.types("\u{3}");
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn cli_24_lines_are_remembered_for_their_owner_only() {
    let sandbox = with_template();
    let mut terminal = at_terminal(&sandbox);
    terminal.types("\"x hush\"\r");
    terminal.shows("x <sensitive>\r\n");
    terminal.shows("> ");
    terminal.types("6 * 7\r");
    terminal.shows("\r\n42\r\n");
    terminal.shows("> ");
    terminal.types("exit\r");
    assert_eq!(terminal.ends(), Some(0));
    let history = sandbox.state().join("karat/console_history");
    let text = fs::read_to_string(&history).unwrap();
    assert!(text.contains("6 * 7") && !text.contains("hush"), "{text}");
    assert_eq!(fs::metadata(&history).unwrap().permissions().mode() & 0o777, 0o600);

    let mut terminal = at_terminal(&sandbox);
    // The line before `exit`.
    terminal.types("\u{1b}[A\u{1b}[A\r");
    terminal.shows("\r\n42\r\n");
    terminal.shows("> ");
    terminal.types("\u{4}");
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn cli_24_json_lines_say_what_is_wrong_and_what_the_last_line_is_worth() {
    let sandbox = with_template();
    let run = piped(&sandbox, "--json t.pkr.hcl", "nope.x\n[var.name, var.secret]").exits(1);
    let lines = run.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect(line));
    let [problem, value] = &lines.collect::<Vec<_>>()[..] else { panic!("other lines\n{run}") };
    assert_eq!((&problem["type"], &problem["severity"]), (&"diagnostic".into(), &"error".into()), "{run}");
    assert_eq!(problem["primary"]["file"], "<console-input>");
    assert_eq!(value["type"], "message");
    assert_eq!(value["text"], "[\n  \"foo\",\n  \"<sensitive>\",\n]");
    let run = piped(&sandbox, "--strict --json t.pkr.hcl", "1").exits(1);
    assert!(run.stdout.contains("flag provided but not defined: -json"), "{run}");
}
