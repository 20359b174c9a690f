use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use karat_model::diagnostic_plain::render_plain;
use karat_model::span::SourceMap;
use karat_template::{Inputs, Language, evaluate, language, load};

use crate::rendering::{plan, problems, render, schemas, titles, whole};

/// A directory with these files.
fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

fn planned(path: &Path) -> String {
    let schemas = schemas();
    let loaded = load(path, Language::default()).unwrap();
    let evaluation = whole(evaluate(&loaded, &Inputs::new("/cwd", &schemas)));
    assert!(evaluation.diagnostics.is_empty(), "{:?}", titles(&evaluation));
    render(&evaluation.plan.unwrap())
}

/// What loading says, without the directory.
fn refusal(directory: &Path, name: &str) -> String {
    let problems = load(&directory.join(name), Language::default()).unwrap_err();
    let text: String = problems.iter().map(|problem| render_plain(problem, &SourceMap::new())).collect();
    text.replace(&directory.display().to_string(), "DIR").replace('\n', " ")
}

const SOURCE: &str = "source \"null\" \"s\" {\n  ssh_host = var.v\n}\n";
const BUILD: &str = "build {\n  sources = [\"null.s\"]\n}\n";
const VARIABLE: &str = "variable \"v\" {\n  default = \"d\"\n}\n";

#[test]
fn tpl_05_a_directory_is_all_its_templates_and_automatic_values() {
    let files = [
        ("a.pkr.hcl", SOURCE),
        ("b.pkr.hcl", BUILD),
        ("c.pkr.hcl", VARIABLE),
        ("notes.hcl", "not a template"),
        ("other.pkrvars.hcl", "v = \"not automatic\""),
        ("1.auto.pkrvars.hcl", "v = \"first\""),
        ("2.auto.pkrvars.hcl", "v = \"second\""),
        ("sub/d.pkr.hcl", "nothing of this is read"),
        ("dir.pkr.hcl/e", ""),
    ];
    let directory = directory(&files);
    assert_eq!(planned(directory.path()), "null.s (source s)\n  null {ssh_host=\"second\"}\n");
}

#[test]
fn tpl_05_a_file_is_only_itself() {
    let whole = format!("{SOURCE}{BUILD}{VARIABLE}");
    let directory =
        directory(&[("a.pkr.hcl", &whole), ("b.pkr.hcl", "?"), ("1.auto.pkrvars.hcl", "v = \"first\"")]);
    let path = directory.path().join("a.pkr.hcl");
    assert_eq!(planned(&path), "null.s (source s)\n  null {ssh_host=\"d\"}\n");
    let loaded = load(&path, Language::default()).unwrap();
    assert_eq!(loaded.root, fs::canonicalize(directory.path()).unwrap());
    assert_eq!(loaded.directory, directory.path());
}

#[test]
fn tpl_05_there_must_be_a_template() {
    let directory = directory(&[("a.hcl", ""), ("empty/x", "")]);
    let suffixes =
        "A config file must be suffixed with `.pkr.hcl` or `.pkr.json`. A folder can be referenced.";
    assert_eq!(
        refusal(directory.path(), "empty"),
        format!("Error: Could not find any config file in DIR/empty  {suffixes}  ")
    );
    assert_eq!(
        refusal(directory.path(), "nope.pkr.hcl"),
        "Error: Could not find any config file in DIR/nope.pkr.hcl  stat DIR/nope.pkr.hcl: no such file or directory  "
    );
    assert_eq!(
        refusal(directory.path(), "nope.json"),
        "Error: \"DIR/nope.json\": stat DIR/nope.json: no such file or directory  "
    );
}

#[test]
fn tpl_05_native_files_come_before_json_files() {
    let directory = directory(&[
        ("z.pkr.hcl", &format!("{BUILD}{VARIABLE}")),
        ("a.pkr.json", r#"{"build": {"name": "json", "sources": ["null.s"]}}"#),
        ("b.pkr.json", r#"{"source": {"null": {"s": {"communicator": "none", "ssh_host": "${var.v}"}}}}"#),
    ]);
    let expected =
        |build| format!("{build}null.s (source s)\n  null {{communicator=\"none\" ssh_host=\"d\"}}\n");
    assert_eq!(planned(directory.path()), expected("") + &expected("json."));
}

#[test]
fn tpl_05_files_that_cannot_be_read_are_named() {
    let directory = directory(&[("a.pkr.hcl", VARIABLE)]);
    fs::write(directory.path().join("b.pkr.hcl"), b"x = 1\ny = \"\xff\"\n").unwrap();
    std::os::unix::fs::symlink("nowhere", directory.path().join("c.pkr.hcl")).unwrap();
    let shown = refusal(directory.path(), "");
    assert!(shown.contains("DIR/b.pkr.hcl is not UTF-8 text  What stands in line 2"), "{shown}");
    assert!(shown.contains("Failed to read DIR/c.pkr.hcl  No such file"), "both are said\n{shown}");
}

#[test]
fn tpl_05_comments_may_be_in_another_encoding() {
    let directory = directory(&[]);
    let text = format!("# \u{e9}\n/* \u{e9} */ {SOURCE}{BUILD}{VARIABLE}");
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    fs::write(directory.path().join("a.pkr.hcl"), &latin).unwrap();
    fs::write(directory.path().join("a.auto.pkrvars.hcl"), b"v = \"x\" // \xe9").unwrap();
    assert_eq!(planned(directory.path()), "null.s (source s)\n  null {ssh_host=\"x\"}\n");
    fs::write(directory.path().join("b.pkr.hcl"), b"# \xe9\nx = \xe9\n").unwrap();
    let shown = refusal(directory.path(), "");
    assert!(shown.contains("DIR/b.pkr.hcl is not UTF-8 text  What stands in line 2, column 5"), "{shown}");
}

#[test]
fn tpl_05_files_are_found_whatever_they_are_called() {
    let directory = directory(&[(".pkr.hcl", SOURCE), ("\u{e9} b.pkr.hcl", BUILD), ("T.PKR.HCL", "junk")]);
    let odd = std::ffi::OsStr::from_bytes(b"\xff.pkr.hcl");
    fs::write(directory.path().join(odd), VARIABLE).unwrap();
    fs::create_dir(directory.path().join("d.pkr.hcl")).unwrap();
    assert_eq!(planned(directory.path()), "null.s (source s)\n  null {ssh_host=\"d\"}\n");
    // Packer tries to read a link to a directory.
    std::os::unix::fs::symlink("d.pkr.hcl", directory.path().join("l.pkr.hcl")).unwrap();
    let shown = refusal(directory.path(), "");
    assert!(shown.contains("Failed to read DIR/l.pkr.hcl  it is a directory, not a file"), "{shown}");
}

#[test]
fn tpl_05_a_byte_order_mark_and_crlf_are_no_matter() {
    let text = format!("\u{feff}{SOURCE}{BUILD}{VARIABLE}").replace('\n', "\r\n");
    assert_eq!(plan(&text), "null.s (source s)\n  null {ssh_host=\"d\"}\n");
    let shown = problems("\u{feff}x = 1\r\n");
    assert!(shown.contains("  on t.pkr.hcl line 1:\n"), "{shown}");
}

#[test]
fn tpl_05_any_other_file_is_a_legacy_json_template() {
    let native = "source \"null\" \"s\" {}\n";
    let directory = directory(&[("a.hcl", native), ("b", "{\"builders\": []}"), ("c.pkr.hcl", "")]);
    let path = |name: &str| directory.path().join(name);
    let title = |name: &str| {
        let loaded = load(&path(name), Language::default()).unwrap();
        loaded.diagnostics.iter().map(|problem| problem.title.clone()).collect::<Vec<_>>()
    };
    assert_eq!(title("a.hcl"), ["Failed to parse file as legacy JSON template"]);
    assert!(title("b").is_empty() && title("c.pkr.hcl").is_empty());
    let languages = ["a.hcl", "b", "c.pkr.hcl", ""].map(|name| language(&path(name), Language::LegacyJson));
    assert_eq!(languages, [Language::LegacyJson, Language::LegacyJson, Language::Hcl2, Language::Hcl2]);
    // `-config-type=hcl2` makes HCL2 of no file that is not called so.
    let problems = load(&path("a.hcl"), Language::Hcl2).unwrap_err();
    assert!(problems.iter().all(|problem| problem.title.starts_with("Could not find any config file in ")));
}
