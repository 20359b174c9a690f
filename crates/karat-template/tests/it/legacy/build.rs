use super::{own, planned, planned_with};
use crate::rendering::{legacy, render, titles};

#[test]
fn core_01_builds_are_named_by_type_and_name_and_ordered_by_name() {
    let text = r#"{"variables": {"n": "b"}, "builders": [
        {"type": "null", "name": "z"}, {"type": "null"}, {"type": "file", "name": "{{user `n`}}-1", "target": "t"},
        {"type": "file", "target": "{{build_name}}"}]}"#;
    let expected = "\
file.b-1 (source b-1)
  file {target=\"t\"}
file (source file)
  file {target=\"{{build_name}}\"}
null (source null)
  null {}
null.z (source z)
  null {}
";
    assert_eq!(planned(text), expected);
    let builds: Vec<String> = legacy(text, |_| ()).builds.into_iter().map(|name| name.0).collect();
    assert_eq!(builds, ["file.b-1", "file", "null", "null.z"]);
}

#[test]
fn core_01_names_must_render_to_different_ones() {
    let text = r#"{"variables": {"n": "x"},
"builders": [{"type": "null", "name": "x"}, {"type": "null", "name": "{{user `n`}}"}, {"type": "null", "name": "{{nofn}}"}]}"#;
    assert_eq!(
        planned(text),
        "t.json:2:70 two builders have the same name when it is rendered: x\n\
         t.json:2:115 Error interpolating builder '{{nofn}}': function \"nofn\" not defined"
    );
}

const THREE: &str = r#"{"variables": {"n": "c"}, "builders": [
    {"type": "null", "name": "a"}, {"type": "null", "name": "b"}, {"type": "null", "name": "{{user `n`}}"}],
  "provisioners": [{"type": "shell", "only": ["a", "{{user `n`}}"], "script": "1"},
    {"type": "shell", "except": ["a"], "script": "2", "override": {"b": {"script": "b"}}}],
  "error-cleanup-provisioner": {"type": "shell", "only": ["nobody"], "script": "always"},
  "post-processors": [["manifest", {"type": "checksum", "name": "sums", "only": ["b"]}, {"type": "shell-local", "except": ["b"]}],
    {"type": "shell-local", "keep_input_artifact": true}]}"#;

#[test]
fn core_07_components_apply_to_the_builders_that_they_name() {
    let expected = "\
null.a (source a)
  null {}
  step shell \"shell\" {script=\"1\"}
  cleanup shell \"shell\" {script=\"always\"}
  then manifest \"manifest\" {} | shell-local \"shell-local\" {}
  then shell-local \"shell-local\" keep=true {}
null.b (source b)
  null {}
  step shell \"shell\" {script=\"b\"}
  cleanup shell \"shell\" {script=\"always\"}
  then manifest \"manifest\" {} | checksum \"sums\" {}
  then shell-local \"shell-local\" keep=true {}
null.c (source c)
  null {}
  step shell \"shell\" {script=\"1\"}
  step shell \"shell\" {script=\"2\"}
  cleanup shell \"shell\" {script=\"always\"}
  then manifest \"manifest\" {} | shell-local \"shell-local\" {}
  then shell-local \"shell-local\" keep=true {}
";
    assert_eq!(planned(THREE), expected);
}

#[test]
fn cli_19_builds_are_selected_by_the_rendered_name_of_their_builder() {
    let selected = |only: &[&str], except: &[&str]| {
        let evaluation = legacy(THREE, |inputs| (inputs.only, inputs.except) = (own(only), own(except)));
        let builds: Vec<String> =
            evaluation.plan.iter().flat_map(|plan| &plan.builds).map(|b| b.name.0.clone()).collect();
        format!("{} {:?}", builds.join(" "), titles(&evaluation))
    };
    assert_eq!(selected(&["a", "c"], &[]), "null.a null.c []");
    assert_eq!(selected(&[], &["c"]), "null.a null.b []");
    assert_eq!(selected(&["a", "b"], &["b"]), "null.a []");
    assert_eq!(selected(&["null.a"], &[]), " [\"warning: -only=null.a matches nothing\"]");
    assert_eq!(
        selected(&["*"], &["x"]),
        " [\"warning: -only=* matches nothing\", \"warning: -except=x matches nothing\"]"
    );
    let build = planned_with(THREE, |inputs| {
        inputs.only = own(&["null.a"]);
        inputs.require_builds = true;
    });
    assert_eq!(build, "warning: -only=null.a matches nothing\nNo builds to run");
}

#[test]
fn cli_19_except_ends_chains_of_post_processors() {
    let chains = |except: &[&str]| {
        let evaluation = legacy(THREE, |inputs| (inputs.only, inputs.except) = (own(&["b"]), own(except)));
        let shown = render(&evaluation.plan.unwrap());
        shown.lines().filter_map(|line| line.strip_prefix("  then ")).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(chains(&["sums"]), "manifest \"manifest\" {}; shell-local \"shell-local\" keep=true {}");
    // By its name, not by its type.
    assert_eq!(chains(&["checksum"]), chains(&[]));
    assert_eq!(chains(&["manifest"]), "shell-local \"shell-local\" keep=true {}");
    assert_eq!(chains(&["manifest", "shell-local"]), "");
}

#[test]
fn core_07_an_override_is_laid_over_the_options() {
    let text = |over: &str| {
        let text = format!(
            r#"{{"builders": [{{"type": "null"}}], "provisioners": [{{"type": "shell", "script": "s", "inline": ["1", "2", "3"],
            "environment": {{"A": "1"}}, "override": {{"null": {over}}}}}]}}"#
        );
        planned(&text).lines().last().unwrap_or_default().trim().to_owned()
    };
    assert_eq!(
        text(r#"{"environment": {"B": "2"}, "script": null}"#),
        r#"step shell "shell" {environment={A="1" B="2"} inline=["1" "2" "3"] script="s"}"#
    );
    // Packer replaces as many elements as there are.
    assert_eq!(
        text(r#"{"inline": "x,y", "SCRIPT": "t"}"#),
        r#"step shell "shell" {environment={A="1"} inline=["x" "y" "3"] script="t"}"#
    );
    assert_eq!(text(r#"{"nope": 1}"#), "t.json:2:62 unknown configuration key: '\"nope\"'");
}

#[test]
fn core_04_how_a_provisioner_is_run() {
    let step = |options: &str, strict: bool| {
        let text = format!(
            r#"{{"variables": {{"r": "2"}}, "builders": [{{"type": "null"}}], "provisioners": [{{"type": "shell", {options}}}]}}"#
        );
        planned_with(&text, |inputs| inputs.strict = strict)
            .lines()
            .last()
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    assert_eq!(
        step(r#""pause_before": "1m", "timeout": "5s", "max_retries": "{{user `r`}}""#, false),
        "step shell \"shell\" {} pause=60s timeout=Some(5s) retries=2 continue=false"
    );
    assert_eq!(
        step(r#""pause_before": "1m", "timeout": "5s""#, true),
        "step shell \"shell\" {} pause=60s timeout=None retries=0 continue=false"
    );
    assert_eq!(
        step(r#""max_retries": 3, "timeout": 5000"#, false),
        "step shell \"shell\" {} pause=0ns timeout=Some(5µs) retries=3 continue=false"
    );
    assert_eq!(
        step(r#""max_retries": "x""#, false),
        "t.json:1:109 `max_retries` must be a valid integer: it is \"x\""
    );
    assert_eq!(
        step(r#""max_retries": "{{user `no`}}""#, false),
        "t.json:1:109 `max_retries` must be a valid integer: it is \"\""
    );
    assert_eq!(
        step(r#""continue_on_error": true"#, false),
        "t.json:1:94 unknown configuration key: '\"continue_on_error\"'"
    );
}

#[test]
fn tpl_04_a_template_says_which_packer_it_wants() {
    let version = |version: &str| {
        planned(&format!("{{\"min_packer_version\": \"{version}\", \"builders\": [{{\"type\": \"null\"}}]}}"))
    };
    let fine = "null (source null)\n  null {}\n";
    for satisfied in ["1.4.0", "1.16", "v1.16.0", "", "1.16.0-dev", "0"] {
        assert_eq!(version(satisfied), fine, "{satisfied}");
    }
    assert_eq!(
        version("2"),
        "t.json:1:24 This template requires Packer version 2.0.0 or higher; using 1.16.0"
    );
    assert_eq!(
        version("1.16.1-rc1"),
        "t.json:1:24 This template requires Packer version 1.16.1-rc1 or higher; using 1.16.0"
    );
    assert_eq!(version("abc"), "t.json:1:24 min_version is invalid: Malformed version: abc");
}

#[test]
fn core_02_a_build_with_a_mistake_leaves_the_others() {
    let text = r#"{"builders": [{"type": "null"}, {"type": "nul", "name": "b"}, {"type": "null", "name": "c", "x": 1}, {"type": "zz-y"},
 {"type": "null", "name": "d"}],
"provisioners": [{"type": "ansible", "only": ["d"]}], "post-processors": [{"type": "foo", "only": ["d"]}]}"#;
    let evaluation = legacy(text, |_| ());
    assert_eq!(
        titles(&evaluation),
        [
            "t.json:1:42 Failed to initialize build \"b\"",
            "t.json:1:93 unknown configuration key: '\"x\"'",
            "t.json:1:111 Failed to initialize build \"zz-y\"",
            "t.json:3:27 Failed to initialize build \"d\"",
            "t.json:3:84 Failed to initialize build \"d\"",
        ]
    );
    assert_eq!(render(&evaluation.plan.unwrap()), "null (source null)\n  null {}\n");
}
