//! `karat hcl2_upgrade`: `tests/upgrade/*.json` and what they become. `KARAT_BLESS=1` writes the results anew.

use std::fs;
use std::path::{Path, PathBuf};

use karat_testkit::{Run, Sandbox};

fn templates() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upgrade");
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut templates: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    templates.sort();
    assert!(templates.len() >= 13, "where are the templates?");
    templates
}

/// The result of one template, and what was said.
fn upgraded(template: &Path, flags: &[&str], code: i32) -> (String, String) {
    let sandbox = Sandbox::new();
    sandbox.write("t.json", fs::read_to_string(template).unwrap());
    let run = sandbox.karat(["hcl2_upgrade"].iter().chain(flags).chain(&["t.json"])).exits(code);
    let text = sandbox.read("t.json.pkr.hcl");
    assert_eq!(
        sandbox.karat(["fmt", "-check", "t.json.pkr.hcl"]).success().stdout,
        "",
        "{}",
        template.display()
    );
    sandbox.karat(["validate", "-syntax-only", "t.json.pkr.hcl"]).success();
    (text, run.stdout)
}

fn same(expected: &Path, text: &str) {
    if std::env::var_os("KARAT_BLESS").is_some() {
        fs::write(expected, text).unwrap();
    }
    let known = fs::read_to_string(expected).unwrap_or_default();
    assert_eq!(text, known, "{}", expected.display());
}

#[test]
fn cli_27_templates_become_what_is_written_beside_them() {
    for template in templates() {
        let code = i32::from(template.ends_with("unknown-builder.json"));
        let flags: &[&str] = if template.ends_with("annotated.json") { &["-with-annotations"] } else { &[] };
        let (text, said) = upgraded(&template, flags, code);
        same(&template.with_extension("pkr.hcl"), &text);
        assert!(said.ends_with(&format!("Successfully created t.json.pkr.hcl. Exit {code}\n")), "{said}");
    }
}

#[test]
fn cli_27_strict_loses_what_packer_loses() {
    for template in templates() {
        let name = template.file_stem().unwrap().to_string_lossy().into_owned();
        // With these, Packer's own result is no HCL2.
        if ["names", "blocks", "build", "conditions", "damaged-actions"].contains(&name.as_str()) {
            continue;
        }
        let unknown = [("unknown-builder", "potato"), ("packer-block", "hcloud")];
        let unknown = unknown.iter().find(|(template, _)| *template == name).map(|(_, builder)| builder);
        let flags: &[&str] =
            if name == "annotated" { &["-strict", "-with-annotations"] } else { &["-strict"] };
        let (text, said) = upgraded(&template, flags, i32::from(unknown.is_some()));
        same(&template.with_extension("strict.hcl"), &text);
        if let Some(builder) = unknown {
            let line =
                format!("Ignoring following sources.Parse error: unknown builder type(s): [{builder}]\n\n");
            assert_eq!(said, format!("{line}Successfully created t.json.pkr.hcl. Exit 1\n"));
        }
    }
}

/// What steps and post-processors wrote, without the names of builds.
fn written(run: &Run) -> Vec<&str> {
    let mut lines: Vec<_> = run.stdout.lines().filter_map(|line| line.split_once(": echoed ")).collect();
    lines.sort_unstable_by_key(|(_, text)| *text);
    lines.into_iter().map(|(_, text)| text).collect()
}

#[test]
fn cli_27_the_result_builds_what_the_template_built() {
    let sandbox = Sandbox::new();
    let template = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upgrade/build.json"));
    sandbox.write("t.json", template.unwrap());
    sandbox.karat(["hcl2_upgrade", "t.json"]).success();
    let before = sandbox.karat(["build", "t.json"]).success();
    let after = sandbox.karat(["build", "t.json.pkr.hcl"]).success();
    let (before, after) = (written(&before), written(&after));
    assert_eq!(before.len(), 40, "{before:?}");
    assert_eq!(before, after);
}

#[test]
fn cli_27_the_output_file_is_where_it_should_be() {
    let sandbox = Sandbox::new();
    let template = r#"{"builders": [{"type": "null", "communicator": "none"}]}"#;
    sandbox.write("t.json", template);
    sandbox.write("old.pkr.hcl", "old");
    let run = sandbox.karat(["hcl2_upgrade", "-output-file=a/b/c.pkr.hcl", "t.json"]).success();
    assert_eq!(run.stdout, "Successfully created a/b/c.pkr.hcl. Exit 0\n");
    sandbox.karat(["hcl2_upgrade", "-output-file", "old.pkr.hcl", "t.json"]).success();
    assert_eq!(sandbox.read("old.pkr.hcl"), sandbox.read("a/b/c.pkr.hcl"));
    let run = sandbox.karat(["hcl2_upgrade", "-output-file=t.json/x.pkr.hcl", "t.json"]).exits(1);
    assert_eq!(run.stdout, "Failed to create output directory: mkdir t.json: not a directory\n");
    let run = sandbox.karat(["hcl2_upgrade", "-output-file=a/b", "t.json"]).exits(1);
    assert_eq!(run.stdout, "Failed to create output file: open a/b: is a directory\n");
}

#[test]
fn cli_27_what_is_no_legacy_json_template_leaves_no_file() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", "");
    sandbox.write("broken.json", "{\"builders\": [");
    sandbox.write("other.json", "{\"builders\": [{\"type\": \"null\"}], \"bilders\": []}");
    for (template, said) in [
        ("t.pkr.hcl", "t.pkr.hcl is HCL2 already"),
        ("broken.json", "broken.json"),
        ("other.json", "bilders"),
        ("missing.json", "missing.json"),
    ] {
        let run = sandbox.karat(["hcl2_upgrade", template]).exits(1);
        assert!(run.stdout.contains(said), "{run}");
        assert!(!sandbox.work().join(format!("{template}.pkr.hcl")).exists(), "{template}");
    }
}
