//! Data sources: what is asked for when, and what is made of the answers.

use std::fmt::Write;

use karat_model::diagnostic::{Diagnostic, code};
use karat_model::value::Value;
use karat_template::{Answer, DataRead, Evaluation, Inputs, Progress, evaluate, from_texts};

use crate::rendering::{evaluation, problems_of, render, schemas, titles};

/// What the builds know in the end.
fn using(expression: &str) -> String {
    format!(
        "source \"null\" \"s\" {{\n  ssh_host = {expression}\n}}\nbuild {{\n  sources = [\"null.s\"]\n}}\n"
    )
}

/// The rounds of reading, a line each, and what came of it. A data source offers its input in capitals; one whose input
/// is `broken` cannot be read.
fn read_with(text: &str, adjust: impl FnOnce(&mut Inputs<'_>)) -> (String, Evaluation) {
    read_file("t.pkr.hcl", text, adjust)
}

fn read_file(name: &str, text: &str, adjust: impl FnOnce(&mut Inputs<'_>)) -> (String, Evaluation) {
    let schemas = schemas();
    let mut inputs = Inputs::new("/cwd", &schemas);
    inputs.read_data = true;
    adjust(&mut inputs);
    let loaded = from_texts([(name.to_owned(), text.to_owned())], []);
    let mut progress = evaluate(&loaded, &inputs);
    let mut rounds = String::new();
    loop {
        match progress {
            Progress::Done(evaluation) => return (rounds, evaluation),
            Progress::Reads(paused) => {
                let names: Vec<String> = paused.reads().iter().map(ToString::to_string).collect();
                writeln!(rounds, "{}", names.join(", ")).unwrap();
                let answers: Vec<Answer> = paused.reads().iter().map(answer).collect();
                progress = paused.resume(answers);
            }
        }
    }
}

fn answer(read: &DataRead) -> Answer {
    let input = read.node.config.get("input").unwrap();
    match input.as_str() {
        Some("broken") => {
            Err([Diagnostic::error(code::DATA_SOURCE, "no answer").at(read.node.span)].into_iter().collect())
        }
        Some(text) => Ok(Value::object([("output".to_owned(), Value::string(text.to_uppercase()))].into())),
        None => panic!("{read} is asked for with {input:?}"),
    }
}

fn read(text: &str) -> String {
    let (rounds, evaluation) = read_with(text, |_| ());
    rounds + &outcome(&evaluation)
}

fn outcome(evaluation: &Evaluation) -> String {
    match &evaluation.plan {
        Some(plan) if evaluation.diagnostics.is_empty() => render(plan),
        _ => titles(evaluation).join("\n"),
    }
}

#[test]
fn tpl_08_data_sources_and_locals_are_one_graph() {
    let text = format!(
        r#"
data "null" "last" {{
  input = "${{local.both}}!"
}}
locals {{
  both = "${{data.null.a.output}}-${{data.null["b"].output}}"
  name = "b"
}}
data "null" "a" {{
  input = "a"
}}
data "null" "b" {{
  input = local.name
}}
{}"#,
        using("data.null.last.output")
    );
    assert_eq!(
        read(&text),
        "data.null.a, data.null.b\ndata.null.last\nnull.s (source s)\n  null {ssh_host=\"A-B!\"}\n"
    );
}

#[test]
fn tpl_08_every_value_is_made_once() {
    let text = format!(
        "locals {{\n  id = uuidv4()\n  same = local.id == data.null.b.output\n}}\n\
         data \"null\" \"a\" {{\n  input = \"a\"\n}}\n\
         data \"null\" \"b\" {{\n  input = substr(data.null.a.output, 0, 0) == \"\" ? local.id : \"\"\n}}\n{}",
        using("upper(local.id) == data.null.b.output ? \"same\" : \"other\"")
    );
    assert_eq!(read(&text), "data.null.a\ndata.null.b\nnull.s (source s)\n  null {ssh_host=\"same\"}\n");
}

#[test]
fn tpl_08_one_type_of_data_is_a_map() {
    let text = |expression: &str| {
        format!(
            "data \"null\" \"x\" {{\n  input = \"a\"\n}}\ndata \"null\" \"y\" {{\n  input = \"b\"\n}}\n\
             locals {{\n  all = {expression}\n}}\n{}",
            using("jsonencode(local.all)")
        )
    };
    let rounds = "data.null.x, data.null.y\nnull.s (source s)\n  null {ssh_host=";
    for (expression, json) in [
        ("data.null", r#"{"x":{"output":"A"},"y":{"output":"B"}}"#),
        ("data", r#"{"null":{"x":{"output":"A"},"y":{"output":"B"}}}"#),
        (r#"[for name in ["y", "x"] : data.null[name].output]"#, r#"["B","A"]"#),
        (r#"values(data.null)[*].output"#, r#"["A","B"]"#),
    ] {
        let expected = format!("{rounds}\"{}\"}}\n", json.replace('"', "\\\""));
        assert_eq!(read(&text(expression)), expected, "{expression}");
    }
    let one = read(&text(r#"data["null"]["x"]["output"]"#));
    assert!(one.starts_with("data.null.x\n"), "{one}");
    let other = read(&text(r#"[for data in ["own"] : data]"#));
    assert!(other.starts_with("null.s "), "that is another `data`: {other}");
}

#[test]
fn tpl_08_wholes_hold_what_does_not_need_them() {
    let text = format!(
        "data \"null\" \"x\" {{\n  input = jsonencode(data.null)\n}}\ndata \"null\" \"y\" {{\n  input = \"b\"\n}}\n\
         locals {{\n  one = local[\"key\"]\n  two = local[local.key]\n  three = local.two\n  key = \"four\"\n  \
         four = 4\n  five = local[\"t${{\"wo\"}}\"]\n}}\n{}",
        using("\"${data.null.x.output} ${local.two} ${local.three}\"")
    );
    let (rounds, evaluation) = read_with(&text, |_| ());
    // What is picked by a computed key must not depend on such a pick itself.
    assert_eq!(outcome(&evaluation), "t.pkr.hcl:13:16 There is no local value `two`");
    assert_eq!(rounds, "");
    let (rounds, evaluation) = read_with(&text.replace("five", "# five"), |_| ());
    assert_eq!(rounds, "data.null.y\ndata.null.x\n");
    assert_eq!(
        outcome(&evaluation),
        "null.s (source s)\n  null {ssh_host=\"{\\\"Y\\\":{\\\"OUTPUT\\\":\\\"B\\\"}} 4 4\"}\n"
    );
}

#[test]
fn tpl_08_a_data_source_that_cannot_be_read_is_the_only_one_to_complain() {
    let text = format!(
        "data \"null\" \"a\" {{\n  input = \"broken\"\n}}\ndata \"null\" \"b\" {{\n  input = \"broken\"\n}}\n\
         data \"null\" \"c\" {{\n  input = data.null.a.output\n}}\n\
         locals {{\n  l = upper(data.null.c.output)\n}}\n{}",
        using("[local.l, data.null.b.output][0]")
    );
    assert_eq!(read(&text), "data.null.a, data.null.b\nt.pkr.hcl:1:1 no answer\nt.pkr.hcl:4:1 no answer");
}

#[test]
fn tpl_08_nothing_is_read_for_a_template_with_mistakes() {
    let text = format!(
        "data \"null\" \"a\" {{\n  input = \"a\"\n}}\nlocals {{\n  wrong = 1 + true\n  fine = data.null.a.output\n}}\n{}",
        using("data.null.a.outputt")
    );
    let (rounds, evaluation) = read_with(&text, |_| ());
    assert_eq!(rounds, "");
    assert_eq!(
        titles(&evaluation),
        ["t.pkr.hcl:5:15 `+` needs a number", "t.pkr.hcl:9:26 `data.null.a` has no attribute \"outputt\""]
    );
}

#[test]
fn tpl_08_cycles_name_each_edge() {
    let text = format!(
        "data \"null\" \"a\" {{\n  input = local.b\n}}\nlocals {{\n  b = \"${{data.null.a.output}}!\"\n}}\n\
         data \"null\" \"self\" {{\n  input = data.null.self.output\n}}\n{}",
        using("local.b")
    );
    let (rounds, evaluation) = read_with(&text, |_| ());
    assert_eq!(rounds, "");
    assert_eq!(
        problems_of(&evaluation),
        "Error: Data sources and local values need one another in a circle\n\n  on t.pkr.hcl line 5, in locals:\n   \
         5:   b = \"${data.null.a.output}!\"\n\nlocal.b needs data.null.a\n\nCycle: local.b, data.null.a, local.b\n\n  \
         on t.pkr.hcl line 2 (data.null.a needs local.b):\n   2:   input = local.b\n\n\
         Error: A data source needs itself\n\n  on t.pkr.hcl line 8, in data \"null\" \"self\":\n   8:   input = \
         data.null.self.output\n\ndata.null.self needs data.null.self\n\nCycle: data.null.self, data.null.self\n\n"
    );
}

#[test]
fn tpl_08_data_sources_that_are_missing_are_named() {
    let text = format!(
        "data \"null\" \"release\" {{\n  input = local.nam\n}}\nlocals {{\n  name = data.null.relase.output\n  \
         kind = data.nul\n  other = data.http.x\n}}\n{}",
        using("data.null.release.output")
    );
    let (_, evaluation) = read_with(&text, |_| ());
    let shown = problems_of(&evaluation).replace("\n\n", "\n");
    for detail in [
        "There is no local value `nam`",
        "There is no data source \"null\" \"relase\"",
        "Help: did you mean `data.null.release`?",
        "There is no data source of the type \"nul\"",
        "There is no data source \"http\" \"x\"",
    ] {
        assert!(shown.contains(detail), "{detail} in {shown}");
    }
    assert_eq!(titles(&evaluation).len(), 4, "{shown}");
}

#[test]
fn tpl_08_blocks_of_data_sources_are_checked() {
    let block = |labels: &str, body: &str| format!("data {labels} {{\n{body}\n}}\n{}", using("\"x\""));
    for (labels, body, problem) in [
        ("\"nul\" \"x\"", "", "1:6 Unknown data type nul"),
        ("\"amazon-ami\" \"x\"", "", "1:6 Unknown data type amazon-ami"),
        ("\"null\" \"a b\"", "input = \"a\"", "1:13 Invalid data resource name"),
        ("\"null\" \"x\"", "inputt = \"a\"\ninput = \"b\"", "2:1 There is no argument `inputt` here"),
        ("\"null\" \"x\"", "", "3:1 The argument `input` is required"),
        (
            "\"null\" \"x\"",
            "input = \"a\"\ndynamic \"y\" {\n  for_each = [1]\n  content {}\n}",
            "3:1 Blocks of type \"dynamic\" are not expected here",
        ),
    ] {
        let found = read(&block(labels, body));
        assert_eq!(found, format!("t.pkr.hcl:{problem}"), "{labels} {body}");
    }
    let two = "data \"null\" \"x\" {\n  input = \"a\"\n}\n".repeat(2) + &using("\"x\"");
    assert_eq!(read(&two), "t.pkr.hcl:4:1 Duplicate data block");
}

#[test]
fn tpl_08_without_reading_values_have_their_types() {
    let text = format!(
        "data \"null\" \"a\" {{\n  input = \"broken\"\n}}\nlocals {{\n  l = data.null.a.output\n}}\n{}",
        using("local.l")
    );
    let found = evaluation(&text, |_| ());
    assert_eq!(found.plan.as_ref().map(render).unwrap(), "null.s (source s)\n  null {ssh_host=?}\n");
    let unread: Vec<String> = found.unread.iter().map(ToString::to_string).collect();
    assert_eq!(unread, ["data.null.a"], "for whoever knows its component to check");
    let wrong = evaluation(&using("data.null.a.output"), |_| ());
    assert_eq!(titles(&wrong), ["t.pkr.hcl:2:19 `data` has no attribute \"null\""]);
    let wrong = evaluation(&text.replace("= local.l", "= data.null.a.body"), |_| ());
    assert_eq!(titles(&wrong), ["t.pkr.hcl:8:26 `data.null.a` has no attribute \"body\""]);
}

/// Packer 1.16 wants all of these to be known, and takes one block for a `dynamic` one.
#[test]
fn cli_21_what_shapes_builds_must_be_known() {
    let build = |inner: &str| {
        format!(
            "data \"null\" \"a\" {{\n  input = \"a\"\n}}\nsource \"null\" \"s\" {{\n}}\nbuild {{\n{inner}\n}}\n"
        )
    };
    let value = "data.null.a.output";
    for (inner, place, name) in [
        (format!("sources = [\"null.s\"]\nname = {value}"), "8:8", "name"),
        (format!("sources = [{value}]"), "7:11", "sources"),
        (
            format!("sources = [\"null.s\"]\nprovisioner \"shell\" {{\n  pause_before = {value}\n}}"),
            "9:18",
            "pause_before",
        ),
        (format!("sources = [\"null.s\"]\nprovisioner \"shell\" {{\n  only = [{value}]\n}}"), "9:10", "only"),
    ] {
        let found = evaluation(&build(&inner), |_| ());
        assert_eq!(
            titles(&found),
            [format!("t.pkr.hcl:{place} The argument `{name}` must be known before the build")],
            "{inner}"
        );
    }
    let given = build(&format!(
        "sources = [\"null.s\"]\nprovisioner \"shell\" {{\n  override = {{\n    s = {{\n      script = {value}\n    }}\n  }}\n}}"
    ));
    assert_eq!(
        outcome(&evaluation(&given, |_| ())),
        "null.s (source s)\n  null {}\n  step shell \"shell\" {script=?}\n",
        "what a step is given may be known later"
    );
    let many = build(&format!(
        "sources = [\"null.s\"]\ndynamic \"provisioner\" {{\n  for_each = split(\",\", {value})\n  labels = \
         [\"shell\"]\n  content {{\n    script = provisioner.value\n  }}\n}}"
    ));
    let found = evaluation(&many, |_| ());
    assert_eq!(outcome(&found), "null.s (source s)\n  null {}\n  step shell \"shell\" {script=?}\n");
}

const SEVERAL: &str = r#"
data "null" "always" {
  input = "x"
}
data "null" "one" {
  input = "${local.base}1"
}
data "null" "base" {
  input = "b"
}
data "null" "two" {
  input = "2"
}
data "null" "nobody" {
  input = "broken"
}
locals {
  base = data.null.base.output
  two  = data.null.two.output
  idle = data.null.nobody.output
}
source "null" "one" {
  ssh_host = data.null.one.output
}
source "null" "two" {
}
build {
  name    = lower(data.null.always.output)
  sources = ["null.one"]
}
build {
  name    = lower("B")
  sources = ["null.two"]
  provisioner "shell" {
    script = local.two
  }
}
"#;

#[test]
fn tpl_08_what_no_selected_build_needs_is_not_read() {
    let rounds = |text: &str, only: &[&str]| {
        let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
        let (rounds, evaluation) = read_with(text, |inputs| inputs.only = only);
        assert!(!evaluation.diagnostics.has_errors(), "{:?}", titles(&evaluation));
        rounds
    };
    assert_eq!(rounds(SEVERAL, &[]), "data.null.always, data.null.base, data.null.two\ndata.null.one\n");
    // The first build's name is not known before: it might be selected.
    assert_eq!(
        rounds(SEVERAL, &["b.null.two"]),
        "data.null.always, data.null.base, data.null.two\ndata.null.one\n"
    );
    let named = SEVERAL.replace("lower(data.null.always.output)", "lower(\"A\")");
    assert_eq!(rounds(&named, &["b.null.two"]), "data.null.two\n");
    assert_eq!(rounds(&named, &["a.*"]), "data.null.base\ndata.null.one\n");
    let with_local =
        named.replace("lower(\"B\")", "local.b").replace("base = data", "b = \"B\"\n  base = data");
    assert_eq!(rounds(&with_local, &["a.*"]), "data.null.base\ndata.null.one\n");
    // How steps are run is looked at for all builds.
    let shaped = named.replace("script = local.two", "only = [\"null.${data.null.two.output}\"]");
    assert_eq!(rounds(&shaped, &["a.*"]), "data.null.base, data.null.two\ndata.null.one\n");
    let whole = named.replace("script = local.two", "script = jsonencode(data)");
    let (all, evaluation) = read_with(&whole, |_| ());
    assert_eq!(all.lines().next(), Some("data.null.always, data.null.base, data.null.two, data.null.nobody"));
    assert!(evaluation.plan.is_none());
}

#[test]
fn tpl_08_strictly_everything_is_read() {
    let (rounds, evaluation) = read_with(SEVERAL, |inputs| inputs.strict = true);
    assert_eq!(rounds, "data.null.always, data.null.base, data.null.two, data.null.nobody\n");
    assert_eq!(titles(&evaluation), ["t.pkr.hcl:14:1 no answer"]);
}

#[test]
fn tpl_08_sequential_evaluation_is_packers_old_order() {
    let text = format!(
        "data \"null\" \"c\" {{\n  input = data.null.b.output\n}}\ndata \"null\" \"a\" {{\n  input = \"a\"\n}}\n\
         data \"null\" \"b\" {{\n  input = \"b\"\n}}\nlocals {{\n  l = \"${{data.null.c.output}}${{local.m}}\"\n  m = 1\n}}\n{}",
        using("\"${local.l} ${data.null.a.output}\"")
    );
    let (rounds, evaluation) = read_with(&text, |inputs| inputs.sequential = true);
    assert_eq!(rounds, "data.null.a\ndata.null.b\ndata.null.c\n", "one at a time");
    assert_eq!(outcome(&evaluation), "null.s (source s)\n  null {ssh_host=\"B1 A\"}\n");
    let text = text.replace("input = \"b\"", "input = local.m");
    let (_, evaluation) = read_with(&text, |inputs| inputs.sequential = true);
    assert_eq!(titles(&evaluation), ["t.pkr.hcl:8:11 Unsupported attribute"]);
    let shown = problems_of(&evaluation).replace('\n', " ");
    assert!(shown.contains("data sources are read before there are local values"), "{shown}");
    let (_, evaluation) = read_with(&text, |_| ());
    assert!(evaluation.diagnostics.is_empty(), "without the flag they see one another");
    let text = "locals {\n  l = try(data.null.nope.output, \"d\")\n}\n".to_owned() + &using("local.l");
    let (_, evaluation) = read_with(&text, |inputs| inputs.sequential = true);
    assert_eq!(outcome(&evaluation), "null.s (source s)\n  null {ssh_host=\"d\"}\n");
    let (_, evaluation) = read_with(&text, |_| ());
    assert!(evaluation.plan.is_none(), "without the flag what is missing is missing");
}

/// As Packer 1.16: from the first to what it needs, ten deep; what has been reached before does not count again.
#[test]
fn tpl_08_sequential_evaluation_is_ten_deep() {
    let chain = |count: usize, backwards: bool| {
        let mut blocks: Vec<String> = (1..count)
            .map(|at| format!("local \"l{at}\" {{\n  expression = local.l{}\n}}\n", at - 1))
            .collect();
        blocks.insert(0, "local \"l0\" {\n  expression = \"end\"\n}\n".to_owned());
        if backwards {
            blocks.reverse();
        }
        blocks.concat() + &using(&format!("local.l{}", count - 1))
    };
    let sequential = |text: &str| outcome(&evaluation(text, |inputs| inputs.sequential = true));
    let fine = "null.s (source s)\n  null {ssh_host=\"end\"}\n";
    assert_eq!(sequential(&chain(10, true)), fine);
    assert_eq!(sequential(&chain(11, true)), "t.pkr.hcl:1:7 Max local recursion depth exceeded.");
    assert_eq!(sequential(&chain(30, false)), fine);
    assert_eq!(outcome(&evaluation(&chain(30, true), |_| ())), fine);
}

#[test]
fn tpl_08_defaults_of_variables_see_no_data() {
    let text = format!(
        "variable \"v\" {{\n  default = data.null.x.output\n}}\ndata \"null\" \"x\" {{\n  input = \"a\"\n}}\n{}",
        using("\"x\"")
    );
    assert_eq!(read(&text), "t.pkr.hcl:2:13 Variables not allowed");
}

#[test]
fn tpl_08_data_sources_in_json() {
    let text = r#"{
  "data": { "null": { "a": { "input": "${local.l}" }, "b": { "input": "${upper(data.null.a.output)}b" },
                      "idle": { "input": "broken" } } },
  "locals": { "l": "x" },
  "source": { "null": { "s": { "ssh_host": "${data.null.b.output}" } } },
  "build": { "sources": ["null.s"], "provisioner": { "shell": { "pause_before": "1s", "script": "y" } } }
}"#;
    let (rounds, evaluation) = read_file("t.pkr.json", text, |_| ());
    assert_eq!(rounds, "data.null.a\ndata.null.b\n", "{:?}", titles(&evaluation));
    let host = evaluation.plan.unwrap().builds[0].source.config.get("ssh_host").cloned();
    assert_eq!(host, Some(Value::string("XB")));
    let dynamic = text.replace("\"input\": \"broken\"", "\"input\": \"x\", \"dynamic\": { \"y\": {} }");
    let (_, evaluation) = read_file("t.pkr.json", &dynamic, |_| ());
    assert_eq!(titles(&evaluation), ["t.pkr.json:3:47 Blocks of type \"dynamic\" are not expected here"]);
}
