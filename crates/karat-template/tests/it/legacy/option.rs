use super::{planned, planned_with};

/// A provisioner with these options, in a template with these variables.
fn step(options: &str, variables: &str) -> String {
    let text = format!(
        "{{\"variables\": {{{variables}}}, \"builders\": [{{\"type\": \"null\"}}],\n\"provisioners\": [{{\"type\": \"shell\",\n{options}}}]}}"
    );
    let shown = planned(&text);
    match shown.split_once("step shell \"shell\" ") {
        Some((before, step)) => before.replace("null (source null)\n  null {}\n  ", "") + step.trim_end(),
        None => shown,
    }
}

#[test]
fn core_07_options_are_read_as_loosely_as_packer_reads_them() {
    for (options, expected) in [
        (r#""inline": "echo a,echo b""#, r#"{inline=["echo a" "echo b"]}"#),
        (r#""inline": "", "script": """#, r#"{script=""}"#),
        (r#""INLINE": ["x"], "Script": 5"#, r#"{inline=["x"] script="5"}"#),
        (
            r#""inline": [1, true, false, null, 1.50, 1e21]"#,
            r#"{inline=["1" "1" "0" "" "1.5" "1000000000000000000000"]}"#,
        ),
        (r#""exit_codes": "1, 2""#, "3:15 The argument `exit_codes` has the wrong type"),
        (r#""exit_codes": "1,0x10,017,-3,0b11,1_000""#, "{exit_codes=[1 16 15 -3 3 1000]}"),
        (r#""exit_codes": ["5", true, 6]"#, "{exit_codes=[5 1 6]}"),
        (r#""exit_codes": 7"#, "{exit_codes=[7]}"),
        (r#""exit_codes": {}, "inline": {}"#, "{}"),
        (r#""pty": "true""#, "{pty=true}"),
        (r#""pty": "F""#, "{pty=false}"),
        (r#""pty": 2"#, "{pty=true}"),
        (r#""pty": "", "inline": null"#, "{}"),
        (r#""pty": "yes""#, "3:8 The argument `pty` has the wrong type"),
        (r#""environment": {"A": 1, "B": "x", "C": null}"#, r#"{environment={A="1" B="x" C=""}}"#),
        (r#""environment": [{"A": "1"}, {"B": "2"}]"#, r#"{environment={A="1" B="2"}}"#),
        (r#""environment": [], "script": false"#, r#"{environment={} script="0"}"#),
        (r#""environment": "A=1""#, "3:16 The argument `environment` has the wrong type"),
        (r#""script": ["x"]"#, "3:11 The argument `script` has the wrong type"),
        (r#""exit_codes": [[1]]"#, "3:16 The argument `exit_codes` has the wrong type"),
    ] {
        let shown = step(options, "");
        assert_eq!(shown.strip_prefix("t.json:").unwrap_or(&shown), expected, "{options}");
    }
}

#[test]
fn tpl_02_variables_may_stand_where_numbers_lists_and_truths_do() {
    let variables = r#""n": "3", "l": "a,b", "t": "true", "braces": "{{`{{x}}`}},y""#;
    for (options, expected) in [
        (r#""exit_codes": ["{{user `n`}}", "{{user `n`}}0"]"#, "{exit_codes=[3 30]}"),
        (r#""exit_codes": "{{user `n`}},4""#, "{exit_codes=[3 4]}"),
        (r#""pty": "{{user `t`}}""#, "{pty=true}"),
        (r#""pty": "{{user `unset`}}""#, "3:17 warning: The variable `unset` has no value\n{}"),
        (r#""inline": "{{user `l`}}""#, r#"{inline=["a" "b"]}"#),
        // What is text stays as it is for who decodes it: it is rendered once.
        (
            r#""inline": ["{{user `l`}}"], "script": "{{user `n`}}""#,
            r#"{inline=["{{user `l`}}"] script="{{user `n`}}"}"#,
        ),
        (r#""inline": "{{user `braces`}}""#, r#"{inline=["{{\"{{x}}\"}}" "y"]}"#),
        // What the component renders itself is left alone.
        (r#""execute_command": "{{user `l`}} {{.Path}}""#, r#"{execute_command=["{{user `l`}} {{.Path}}"]}"#),
        (r#""exit_codes": "{{user `l`}}""#, "3:15 The argument `exit_codes` has the wrong type"),
        (r#""pty": "{{nofn}}""#, "3:11 render 'pty': function \"nofn\" not defined"),
        (r#""exit_codes": "{{build `Port`}}""#, "{exit_codes=[22]}"),
        (r#""exit_codes": ["{{.Port}}"]"#, "{exit_codes=[22]}"),
    ] {
        let shown = step(options, variables);
        assert_eq!(shown.strip_prefix("t.json:").unwrap_or(&shown), expected, "{options}");
    }
}

#[test]
fn core_07_unknown_options_are_all_named() {
    assert_eq!(
        step(
            r#""inlne": 1, "name": "x", "packer_debug": true, "inline": ["x"], "Inline": ["y"], "filename": 1"#,
            ""
        ),
        "t.json:3:1 unknown configuration key: '\"inlne\"'\n\
         t.json:3:13 unknown configuration key: '\"name\"'\n\
         t.json:3:26 warning: `packer_debug` has no effect: Packer sets it itself\n\
         t.json:3:65 unknown configuration key: '\"Inline\"'\n\
         t.json:3:82 unknown configuration key: '\"filename\"'"
    );
    let fixable = r#"{"builders": [{"type": "null", "iso_md5": "x"}], "post-processors": [{"type": "manifest", "filename": "f"}]}"#;
    assert_eq!(
        planned(fixable),
        "t.json:1:32 Deprecated configuration key: 'iso_md5'\nt.json:1:91 Deprecated configuration key: 'filename'"
    );
}

#[test]
fn core_07_blocks_may_stand_alone_or_in_arrays() {
    let builder = |disk: &str| {
        planned(&format!(
            "{{\"variables\": {{\"s\": \"7\"}}, \"builders\": [{{\"type\": \"null\", \"disk\": {disk}}}]}}"
        ))
    };
    assert_eq!(builder(r#"{"size": "5"}"#), "null (source null)\n  null {disk=[{size=5}]}\n");
    assert_eq!(
        builder(r#"[{"size": "{{user `s`}}", "NAME": "{{user `s`}}"}, {"size": 1}]"#),
        "null (source null)\n  null {disk=[{name=\"{{user `s`}}\" size=7} {size=1}]}\n"
    );
    assert_eq!(builder("{}"), "null (source null)\n  null {}\n");
    assert_eq!(
        builder(r#"[{"size": 1, "sise": 2}, {"name": "x"}, 3]"#),
        "t.json:1:78 unknown configuration key: '\"disk[0].sise\"'\n\
         t.json:1:90 The argument `disk[1].size` is required\n\
         t.json:1:105 `disk[2]` must be an object"
    );
}

#[test]
fn core_07_what_is_required_must_be_there() {
    assert_eq!(
        planned(r#"{"builders": [{"type": "file", "content": "x"}]}"#),
        "t.json:1:15 The argument `target` is required"
    );
    // Sensitive values and deprecations are up to the schema; strict says nothing that Packer does not say.
    let strict =
        planned_with(r#"{"builders": [{"type": "null", "packer_x": 1}]}"#, |inputs| inputs.strict = true);
    assert_eq!(strict, "null (source null)\n  null {}\n");
}
