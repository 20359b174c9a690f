//! What the pairs in `karat/tests/upgrade` cannot show: damage and size.

use karat_model::diagnostic::Diagnostics;
use karat_model::schema_set::SchemaSet;
use karat_model::span::SourceMap;
use karat_template::legacy::Document;

use super::{Options, upgrade};

fn upgraded(template: &str) -> String {
    let mut sources = SourceMap::new();
    let file = sources.add("t.json", template);
    let mut problems = Diagnostics::new();
    let document = Document::read(file, template, &mut problems).unwrap_or_else(|| panic!("{problems:?}"));
    let options = Options { schemas: &SchemaSet::default(), strict: false, annotations: false };
    let text = upgrade(&document, &options).text;
    let mut problems = Diagnostics::new();
    karat_hcl::parse(file, &text, &mut problems);
    assert!(!problems.has_errors(), "{problems:?}\n{text}");
    assert_eq!(karat_hcl::format(&text), text);
    text
}

/// The text that one option becomes, when the option is this text.
fn option(text: &str) -> String {
    let json = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let upgraded = upgraded(&format!(r#"{{"builders": [{{"type": "x", "o": "{json}"}}]}}"#));
    let line = upgraded.lines().find_map(|line| line.trim().strip_prefix("o = ").map(str::to_owned));
    line.unwrap_or_else(|| panic!("{upgraded}"))
}

#[test]
fn cli_27_a_text_says_the_same_as_before() {
    for (json, hcl) in [
        ("${x} %{y} $${z} $ %", r#""$${x} %%{y} $$${z} $ %""#),
        ("a$", r#""a$""#),
        ("${{user `x`}}", r#""${"$"}${var.x}""#),
        ("%{{user `x`}}", r#""${"%"}${var.x}""#),
        ("${{ .X }}", r#""$${{ .X }}""#),
        ("a\"b\\c", r#""a\"b\\c""#),
        ("é日本\u{7f}", "\"é日本\\u007f\""),
        ("{{user `x`}}", "var.x"),
        ("{{user `x` -}}  tail", r#""${var.x}tail""#),
        ("{{ $a := user `x` }}{{ $a }}{{ $a | .F }}", r#""${var.x}{{ .F `${var.x}` }}""#),
        ("{{ $a := `1` }}{{ $a = `2` }}{{ $a }}", r#""{{ $a := `1` }}{{ $a = `2` }}{{ $a }}""#),
        ("{{ env `X` }}", "var.env_X"),
        ("{{ vault `a/b` `c` }}{{ consul_key `k` }}", r#""${vault("a/b", "c")}${consul_key("k")}""#),
        ("{{ build_type }}-{{ build_name }}", r#""x-x""#),
        ("{{ f `a` \"`\" }}", "\"{{ f `a` \\\"`\\\" }}\""),
        ("{{ printf `%s %d%%` (user `x`) 3 }}", r#"format("%s %d%%", var.x, 3)"#),
        ("{{ printf `%05d` 3 }}", "\"{{ printf `%05d` 3 }}\""),
        ("{{ split (user `x`) `-` -1 }}", "\"{{ split `${var.x}` `-` -1 }}\""),
    ] {
        assert_eq!(option(json), hcl, "{json}");
    }
}

#[test]
fn cli_27_values_used_again_and_again_stay_small() {
    let mut text = "{{$a0 := user `x`}}".to_owned();
    for i in 0..60 {
        text += &format!("{{{{$a{} := printf `%s%s` $a{i} $a{i}}}}}", i + 1);
    }
    assert!(
        upgraded(&format!(r#"{{"builders": [{{"type": "x", "o": "{text} {{{{$a60}}}}"}}]}}"#)).len() < 60_000
    );
    let nested = format!("{}eq `a` `b`{}", "eq (".repeat(60), ") `a` `b` `c`".repeat(60));
    assert!(
        upgraded(&format!(r#"{{"builders": [{{"type": "x", "o": "{{{{{nested}}}}}"}}]}}"#)).len() < 60_000
    );
}

#[test]
fn cli_27_deep_lists_take_no_time() {
    let deep = format!("{}1{}", "[".repeat(90), "]".repeat(90));
    assert!(upgraded(&format!(r#"{{"builders": [{{"type": "x", "o": {deep}}}]}}"#)).contains('1'));
}

/// Texts of pieces that mean something in HCL, in Go templates or in JSON, from a fixed seed.
fn texts() -> impl Iterator<Item = String> {
    const PIECES: [&str; 20] = [
        "$", "%", "{", "}", "${", "%{", "$${", "~", "\"", "\\", "\n", "\n", "\t", "#", "a", "é日", "EOF",
        "<<", " ", "\u{1}",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    (0..20_000).map(move |_| (0..random(12)).map(|_| PIECES[random(PIECES.len())]).collect())
}

#[test]
fn cli_27_any_text_keeps_its_value() {
    use karat_hcl::{Scope, eval, parse};
    use karat_model::span::SourceMap;

    let file = SourceMap::new().add("t", "");
    let mut heredocs = 0;
    for text in texts().filter(|text| !text.contains("{{")) {
        for heredoc in [true, false] {
            let mut body = super::Body::default();
            body.argument("o", super::Text::from(text.as_str()));
            let hcl = body.to_text(heredoc);
            heredocs += usize::from(hcl.contains("= <<"));
            let mut problems = Diagnostics::new();
            let tree = parse(file, &hcl, &mut problems);
            let value = eval(&tree.attributes[0].expr, &Scope::default(), &mut problems);
            assert!(problems.is_empty(), "{text:?} {hcl} {problems:?}");
            assert_eq!(value.as_str(), Some(text.as_str()), "{hcl}");
        }
    }
    assert!(heredocs > 100, "{heredocs}");
}
