//! Templates and values in HCL's JSON syntax.

use karat_model::diagnostic::Diagnostic;
use karat_template::{Evaluation, Inputs, Loaded, Said, VarFile, evaluate, from_texts, inspect};

use crate::rendering::{problems_of, render, schemas, whole};

const SOURCE: &str = r#""source": {"null": {"s": {"communicator": "none"}}}"#;

fn loaded(text: &str) -> Loaded {
    from_texts([("t.pkr.json".to_owned(), text.to_owned())], [])
}

fn evaluation(text: &str, adjust: impl FnOnce(&mut Inputs<'_>)) -> Evaluation {
    let schemas = schemas();
    let mut inputs = Inputs::new("/cwd", &schemas);
    adjust(&mut inputs);
    whole(evaluate(&loaded(text), &inputs))
}

/// What is wrong, each with the text that it points at.
fn wrong(evaluation: &Evaluation) -> String {
    let shown = |problem: &Diagnostic| {
        let place = problem.primary.as_ref().map(|label| evaluation.sources.snippet(label.span));
        let warning = if problem.is_error() { "" } else { "warning: " };
        format!("{} ~ {warning}{}", place.unwrap_or_default(), problem.title)
    };
    evaluation.diagnostics.iter().map(shown).collect::<Vec<_>>().join("\n")
}

/// The plan, or what is wrong.
fn plan(text: &str) -> String {
    let evaluation = evaluation(text, |_| ());
    if !evaluation.diagnostics.is_empty() {
        return wrong(&evaluation);
    }
    evaluation.plan.map(|plan| render(&plan)).unwrap_or_default()
}

/// The steps of a build of one source with this content.
fn steps(content: &str) -> String {
    let plan = plan(&format!("{{{SOURCE}, \"build\": {{\"sources\": [\"null.s\"], {content}}}}}"));
    plan.replacen("null.s (source s)\n  null {communicator=\"none\"}\n", "", 1)
}

/// What `local.x` is worth in a template with these properties, as `inspect` says it, and what is wrong.
fn local(properties: &str) -> (String, String) {
    let text = format!("{{{SOURCE}, \"build\": {{\"sources\": [\"null.s\"]}}, {properties}}}");
    let schemas = schemas();
    let messages = whole(inspect(&loaded(&text), &Inputs::new("/cwd", &schemas))).messages;
    let shown = match messages.as_deref() {
        Some([_, Said::Line(values), ..]) => values.as_str(),
        _ => "",
    };
    let x = shown.lines().find_map(|line| line.strip_prefix("local.x: ")).unwrap_or("none").to_owned();
    (x, wrong(&evaluation(&text, |_| ())))
}

#[test]
fn tpl_05_a_whole_template_in_json() {
    let text = r#"{
        "//": "all of the language in one file",
        "packer": {"required_version": ">= 1.7.0"},
        "variable": {
            "names": {"type": "list(object({ name = string, size = optional(number, 5) }))", "default": [{"name": "a"}]},
            "word": {"default": "x", "sensitive": false, "validation": [
                {"condition": "${length(var.word) > 0}", "error_message": "It must be ${some}thing."}
            ]}
        },
        "variables": {"old": "style"},
        "locals": {"all": "${join(\",\", [for n in var.names : \"${n.name}${n.size}\"])}"},
        "local": {"one": {"expression": "${upper(var.word)}"}},
        "source": {"null": {
            "a": {"communicator": "none", "disk": [{"size": "${1 + 1}"}, {"size": 3, "name": "${source.name}"}]},
            "b": [{"dynamic": {"disk": {"for_each": "${var.names}", "iterator": "it", "content": {"size": "${it.value.size}"}}}}]
        }},
        "build": {
            "name": "${var.old}",
            "sources": ["null.a"],
            "source": {"source.null.b": {"name": "bb", "ssh_host": "h"}},
            "provisioner": [
                {"shell": {"inline": ["echo ${local.all} ${local.one} ${build.Host}"], "max_retries": 2}},
                {"shell-local": {"//": "meta", "only": ["null.bb"], "override": {"bb": {"script": "y"}}, "inline": []}}
            ],
            "error-cleanup-provisioner": {"shell": {"script": "c"}},
            "post-processor": {"manifest": {"keep_input_artifact": true}},
            "post-processors": [
                {"post-processor": [{"checksum": {"checksum_types": ["md5"]}}, {"manifest": {"name": "m"}}]},
                {"dynamic": {"post-processor": {"for_each": ["x"], "labels": ["manifest"], "content": {"output": "${post-processor.value}"}}}}
            ],
            "dynamic": {"provisioner": {"for_each": {"k": "v"}, "labels": ["shell"], "iterator": "each", "content": {"script": "${each.key}${each.value}"}}}
        }
    }"#;
    assert_eq!(
        plan(text),
        r#"style.null.a (source a)
  null {communicator="none" disk=[{size=2} {name="a" size=3}]}
  step shell "shell" {inline=["echo a5 X 10.0.0.1"]} pause=0ns timeout=None retries=2 continue=false
  step shell "shell" {script="kv"}
  cleanup shell "shell" {script="c"}
  then manifest keep=true {}
  then checksum {checksum_types=["md5"]} | manifest "m" {}
  then manifest {output="x"}
style.null.bb (source b)
  null {disk=[{size=5}] ssh_host="h"}
  step shell "shell" {inline=["echo a5 X 10.0.0.1"]} pause=0ns timeout=None retries=2 continue=false
  step shell-local "shell-local" {script="y"}
  step shell "shell" {script="kv"}
  cleanup shell "shell" {script="c"}
  then manifest keep=true {}
  then checksum {checksum_types=["md5"]} | manifest "m" {}
  then manifest {output="x"}
"#
    );
}

#[test]
fn tpl_05_json_says_several_blocks_in_several_ways() {
    let two = "  step shell \"shell\" {script=\"1\"}\n  step shell \"shell\" {script=\"2\"}\n";
    for content in [
        r#""provisioner": [{"shell": {"script": "1"}}, {"shell": {"script": "2"}}]"#,
        r#""provisioner": {"shell": [{"script": "1"}, {"script": "2"}]}"#,
        r#""provisioner": {"shell": {"script": "1"}, "shell": {"script": "2"}}"#,
        r#""provisioner": {"shell": {"script": "1"}}, "provisioner": {"shell": {"script": "2"}}"#,
        r#""provisioner": {"shell": [[{"//": "x"}, {"script": "1"}], {"script": "2"}]}"#,
        r#""provisioner": {"shell": [{"script": "1"}, {"script": "2"}], "shell-local": null}"#,
    ] {
        assert_eq!(steps(content), two, "{content}");
    }
}

#[test]
fn tpl_05_json_locals_and_what_they_may_be() {
    for (properties, expected, wrong) in [
        (r#""locals": {"//": "c", "x": "${1 + 1}"}"#, r#""2""#, ""),
        (r#""locals": [{"y": 1}, {"x": "${local.y}"}]"#, r#""1""#, ""),
        (r#""locals": {"y": 1}, "locals": {"x": "${local.y}"}"#, r#""1""#, ""),
        (r#""local": {"x": [{"expression": 1}]}"#, r#""1""#, ""),
        (r#""local": {"x": {"expression": "s", "sensitive": "true"}}"#, r#""<sensitive>""#, ""),
        (r#""locals": null, "local": {"x": null}"#, "none", ""),
        (r#""locals": {"x": {"a": 1, "a": 2}}"#, "none", "\"a\" ~ \"a\" is in the object twice"),
        (r#""locals": {"x": "${"}"#, "none", " ~ A value is expected"),
        (r#""locals": {"x": 1, "x": 2}"#, "none", "x ~ `x` is set twice"),
        (r#""locals": [[{"x": 1}]]"#, "none", "] ~ An object is expected here"),
        (r#""locals": "x""#, "none", "\"x\" ~ `locals` is a block, not an argument"),
        (r#""local": {}"#, "none", "{} ~ Missing name for local"),
        (r#""local": {"//": "c"}"#, "none", "\"c\" ~ `local` is a block, not an argument"),
        (r#""lokals": {"x": 1}"#, "none", "lokals ~ There is no argument or block `lokals` here"),
    ] {
        assert_eq!(local(properties), (expected.to_owned(), wrong.to_owned()), "{properties}");
    }
}

#[test]
fn tpl_05_json_strings_of_declarations_stand_as_they_are() {
    let variable = |body: &str| {
        local(&format!("\"variable\": {{\"v\": {body}}}, \"locals\": {{\"x\": \"${{var.v}}\"}}"))
    };
    let good = |value: &str| (value.to_owned(), String::new());
    assert_eq!(variable(r#"{"default": "$${x}", "description": "${nothing}"}"#), good("\"${x}\""));
    assert_eq!(variable(r#"[[{"type": "list(string)"}, {"default": [1]}]]"#), good(r#""[\n  \"1\",\n]""#));
    assert_eq!(
        variable(r#"{"type": "${string}", "default": 1}"#).1,
        "$ ~ The character `$` has no meaning here"
    );
    assert_eq!(variable(r#"{"default": "${upper(\"a\")}"}"#).1, "upper ~ There is no function `upper`");
    assert_eq!(
        local(r#""packer": {"required_version": "${\">= 1\"}"}"#).1,
        "\"${\\\">= 1\\\"}\" ~ Invalid version constraint"
    );
    let plugins = |entry: &str| local(&format!("\"packer\": {{\"required_plugins\": {{{entry}}}}}")).1;
    assert_eq!(
        plugins(r#""//": "c", "q": {"source": "github.com/hashicorp/qemu", "version": ">= 1.0.0"}"#),
        ""
    );
    assert_eq!(plugins(r#""q": ">= 1.0.0""#), "\"q\": \">= 1.0.0\" ~ Invalid plugin requirement");
}

#[test]
fn tpl_05_json_mistakes_point_into_the_file() {
    for (content, expected) in [
        (r#""provisoner": []"#, "provisoner ~ There is no argument or block `provisoner` here"),
        (r#""provisioner": []"#, "[] ~ Missing type for provisioner"),
        (r#""provisioner": {"shell": "x"}"#, "\"x\" ~ `provisioner` is a block, not an argument"),
        (r#""provisioner": {"shel": {}}"#, "\"shel\" ~ Unknown provisioner type \"shel\""),
        (r#""provisioner": {"shell": {"inlin": []}}"#, "inlin ~ There is no argument or block `inlin` here"),
        (
            r#""provisioner": {"shell": {"inline": [1, "${build.Nope.a}", "a\u0041${nop\u0065}"]}}"#,
            "nop\\u0065 ~ There is no `nope` here",
        ),
        (r#""provisioner": {"shell": {"name": "a", "name": "b"}}"#, "name ~ `name` is set twice"),
        (r#""provisioner": {"shell": {"script": "${"}}"#, " ~ A value is expected"),
        (r#""source": {"null.s": {"communicator": "none"}}"#, "communicator ~ Duplicate argument"),
        (
            r#""post-processors": {"manifest": {}}"#,
            "manifest ~ There is no argument or block `manifest` here",
        ),
        (
            r#""hcp_packer_registry": {"bucket_name": "xyz"}"#,
            "\"hcp_packer_registry\" ~ warning: hcp_packer_registry has no effect",
        ),
    ] {
        assert_eq!(steps(content), expected, "{content}");
    }
}

#[test]
fn tpl_05_json_problems_show_the_line() {
    let text = "{\n  \"build\": {\n    \"sources\": [\"null.s\"],\n  }\n}\n";
    let shown = problems_of(&evaluation(text, |_| ()));
    assert!(shown.contains("on t.pkr.json line 3") && shown.contains("comma too many"), "{shown}");
}

#[test]
fn tpl_05_json_changes_of_text_are_written_for_json() {
    let fixes = |content: &str| {
        let text = format!("{{{SOURCE}, {content}}}");
        let evaluation = evaluation(&text, |_| ());
        let all = evaluation.diagnostics.iter().flat_map(|problem| problem.fixes.clone());
        all.map(|edit| edit.replacement).collect::<Vec<_>>()
    };
    assert_eq!(fixes(r#""build": {"sources": ["null.t"]}"#), [r#""null.s""#]);
    assert_eq!(fixes(r#""locals": {"x": "${upper('a')}"}, "build": {"sources": ["null.s"]}"#), [r#"\"a\""#]);
    assert_eq!(fixes(r#""biuld": {"sources": ["null.s"]}"#), ["build"]);
    // The block that would ask for a plugin is none in JSON.
    assert!(fixes(r#""build": {"sources": ["null.s"], "provisioner": {"ansible": {}}}"#).is_empty());
}

#[test]
fn tpl_05_json_mistakes_in_locals_and_builds_are_no_matter_of_syntax() {
    for (content, passes) in [
        (r#""locals": {"x": "${"}"#, true),
        (r#""build": {"provisioner": 1}"#, true),
        (r#""locals": 1"#, false),
        (r#""variable": {"v": {"default": "${"}}"#, false),
    ] {
        let text = format!("{{{content}}}");
        assert!(evaluation(&text, |_| ()).diagnostics.has_errors(), "{content}");
        let syntax = evaluation(&text, |inputs| inputs.syntax_only = true);
        assert_eq!(!syntax.diagnostics.has_errors(), passes, "{content}");
    }
}

#[test]
fn tpl_05_json_files_of_values() {
    let template = "source \"null\" \"s\" {\n  ssh_host = jsonencode(var.v)\n}\nbuild {\n  sources = [\"null.s\"]\n}\nvariable \"v\" {}\n";
    let schemas = schemas();
    let value = |text: &str| {
        let mut inputs = Inputs::new("/cwd", &schemas);
        inputs.warn_undeclared = true;
        inputs.var_files.push(VarFile { name: "f.json".to_owned(), text: text.to_owned() });
        let loaded = from_texts([("t.pkr.hcl".to_owned(), template.to_owned())], []);
        let evaluation = whole(evaluate(&loaded, &inputs));
        match evaluation.plan {
            Some(plan) if evaluation.diagnostics.is_empty() => {
                render(&plan).lines().nth(1).unwrap().replace("  null {ssh_host=", "")
            }
            _ => wrong(&evaluation),
        }
    };
    for (text, expected) in [
        (r#"{"v": "x"}"#, r#""\"x\""}"#),
        (r#"{"//": "c", "v": ["${nothing}", 1.50, null, true]}"#, r#""[\"${nothing}\",1.5,null,true]"}"#),
        (r#"{"v": {"$${k}": "a\nb"}}"#, r#""{\"$${k}\":\"a\\nb\"}"}"#),
        (r#"{"v": 123456789012345678901234567890.25}"#, r#""123456789012345678901234567890.25"}"#),
        (r#"{"v": 1, "v": 2}"#, "v ~ `v` is set twice"),
        (r#"{"v": {"a": 1, "a": 2}}"#, "\"a\" ~ \"a\" is in the object twice"),
        (r#"{"v": 1, "w": 2}"#, "w ~ warning: Undefined variable"),
        (r#"{"v": 1, "variable": {"q": {}}}"#, "\"q\" ~ Variable declaration in a .pkrvar file"),
        (r#"{"v": 1, "variable": "q"}"#, "variable ~ warning: Undefined variable"),
        (r#"[{"v": 1}]"#, "] ~ An object is expected here"),
        (r#"{"v": 1,}"#, ", ~ There is a comma too many"),
        ("5", "5 ~ The text must be an object"),
    ] {
        let found = value(text);
        assert!(found.starts_with(expected), "{text}\n{found}");
    }
}
