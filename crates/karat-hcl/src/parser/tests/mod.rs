//! Texts and what is wrong with them, and how reading goes on.

use karat_model::diagnostic::{Diagnostics, code};
use karat_model::span::SourceMap;

use crate::function::FunctionTable;
use crate::testing::{problems, show};
use crate::tree::Body;
use crate::{Scope, eval, parse, parse_expression, parse_template};

mod faults;

/// A body in one line: `a = 1, b "x" { c = 2 }`.
fn outline(body: &Body, diagnostics: &mut Diagnostics) -> String {
    let scope = Scope::new(FunctionTable::new());
    let attributes = body.attributes.iter().map(|attribute| {
        let value = eval(&attribute.expr, &scope, diagnostics);
        (attribute.span.start, format!("{} = {}", attribute.name.name, show(&value)))
    });
    let mut items: Vec<(u32, String)> = attributes.collect();
    for block in &body.blocks {
        items.push((
            block.span.start,
            format!("{} {{ {} }}", block.title(), outline(&block.body, diagnostics)),
        ));
    }
    items.sort();
    items.into_iter().map(|(_, item)| item).collect::<Vec<_>>().join(", ")
}

fn read(text: &str) -> (String, String) {
    let mut map = SourceMap::new();
    let file = map.add("test", text);
    let mut diagnostics = Diagnostics::new();
    let body = parse(file, text, &mut diagnostics);
    let outline = outline(&body, &mut diagnostics);
    (outline, problems(&map, diagnostics))
}

#[test]
fn bodies() {
    for (text, expected) in [
        ("", ""),
        ("\u{FEFF}a = 1\r\n# c\r\nb = 2", "a = 1, b = 2"),
        ("a \"b\" c {\n  d = [\n 1,\n 2 // x\n]\n}\ne {}", r#"a "b" "c" { d = [1, 2] }, e {  }"#),
        ("a { b = 1 }\n/* c */ d = 2", "a { b = 1 }, d = 2"),
        ("a {\n  b = <<E\nx\nE\n  c = 1\n}", r#"a { b = "x\n", c = 1 }"#),
        ("a = {\n  b = 1\n  c = 2,\n  for = 3\n}", "a = {b = 1, c = 2, for = 3}"),
        ("a = (\n1\n+ 2)\nb = \"${\n1\n}\"", "a = 3, b = 1"),
        ("a { b = [\n1] }", "a { b = [1] }"),
        ("a { b = 1 /*\n*/ }", "a { b = 1 }"),
        ("a = {b = 1, for = 2}//\r", "a = {b = 1, for = 2}"),
    ] {
        assert_eq!(read(text), (expected.to_owned(), String::new()), "{text}");
    }
}

/// The verdicts of Packer 1.16 about the edges of the syntax.
#[test]
fn edges() {
    let good = [
        "a { b = [\n1] }",
        "a {\nb { c = 1 }\n}",
        "a = b.1e5",
        "a = b.9999999999999999999999",
        "a = {b.c = 1, d[0] = 2, e.* = 3, f + g = 4, !h = 5, 1.5 = 6, [i] = 7, null = 8}",
        "a = {b ? c : d = 1}",
        "a = <<E\nx\n\u{A0}E\u{B}\n",
        "\u{309B} = 1",
        "a\u{B7} = \"\\u00e9 \u{1}\"",
        "a = 1e400",
        "a = [1, /* b */ 2, # c\n]",
        "a = b.*.c.0.d[e][*].f",
        "a = \"${\nb\n}\"",
        "a = [for for in for : for]",
        "a \"\" b \"$${c}\" {}",
    ];
    let bad = [
        "a {\nb = 1 }",
        "a {\nb { c = 1 } }",
        "a = 1.5.5",
        "a = .0",
        "a = b.0.1",
        "a = \"\r\"",
        "a\u{200D}b = 1",
        "a\u{30FB} = 1",
        "a = [1,,]",
        "a = \"\\ud800\"",
        "a = f(,)",
        "a = f(b..., c)",
        "a = <<E\nx\nE",
        "a = <<E x\nx\nE\n",
        "a = \"\\u00\"",
        "a = \"\\U00110000\"x",
        "a\n{}",
        "a { b = 1, c = 2 }",
        "a = b\n[0]",
        "a = 1\rb = 2",
        "\u{FEFF}\u{FEFF}a = 1",
    ];
    for text in good {
        assert_eq!(messages(text), "", "{text}");
    }
    for text in bad {
        assert_ne!(messages(text), "", "{text}");
    }
}

fn messages(text: &str) -> String {
    let mut map = SourceMap::new();
    let file = map.add("test", text);
    let mut diagnostics = Diagnostics::new();
    parse(file, text, &mut diagnostics);
    problems(&map, diagnostics)
}

/// What is said about these texts is in `faults.txt`.
#[test]
fn the_rest_of_a_text_with_a_mistake_is_read() {
    for (text, outline) in [
        ("a = \"x\nb = 2\nc {\n d = 3\n}", "a = error, b = 2, c { d = 3 }"),
        ("a = 1\"\nb = 2", "a = 1, b = 2"),
        ("a = [1, 2\nb = 2\nc = 3", "a = error, b = 2, c = 3"),
        ("a = f(1\n\nb {\n}\n", "a = error, b {  }"),
        ("a = \"${b\"\nc = 2", "a = error, c = 2"),
        ("a = 1,\nb = 2", "a = 1, b = 2"),
        ("a: 1\nb = 2", "a = 1, b = 2"),
        ("a == 1", "a = 1"),
        ("\"a\" = 1\nb = 2", "a = 1, b = 2"),
        ("a = 'x'\nb = 2", r#"a = "x", b = 2"#),
        ("a = 1;\nb = 2", "a = 1, b = 2"),
        ("a\nb = 2", "b = 2"),
        ("a {\n b = 1\n", "a { b = 1 }"),
        ("a = 1\n}\nb = 2", "a = 1, b = 2"),
        ("a = 1\na = 2", "a = 1"),
        ("a =\nb = 2", "a = error, b = 2"),
        ("a { b = 1, c = 2 }\nd = 3", "a { b = 1, c = 2 }, d = 3"),
        ("a { b {} }\n", "a { b {  } }"),
        ("a = <<E\nx\n", "a = error"),
        ("a = << E\nb = 2", "a = error, b = 2"),
        ("a = <<E\nx\nE", "a = error"),
        ("a = b.*.c.*\nd = 2", "a = error, d = 2"),
        ("a = [for, 1]\nb = 2", "a = error, b = 2"),
        ("a = <<E\n${HOME:-x}\nE\nb = 2", "a = error, b = 2"),
        (r#"a = "C:\dir""#, "a = \"C:\\\\dir\""),
        ("a = \"%{ if true }x\"", "a = error"),
        ("a = \"x%{ endif }\"", "a = error"),
        ("a = {\n b = 1\n c\n}\nd = 2", "a = error, d = 2"),
        ("a = {b.c = 1}", "a = error"),
        ("a = [\"x\"\n\"y\"]\nb = 1", r#"a = ["x", "y"], b = 1"#),
        ("a = [1].0.1", "a = error"),
        ("source qemu \"x\" = {\n}\nb = 1", r#"source "qemu" "x" {  }, b = 1"#),
        ("a = 1\n/* b\nc = 2\n", "a = 1"),
        ("a = 1 /*/", "a = 1"),
    ] {
        let (found, messages) = read(text);
        assert_eq!((found.as_str(), messages.lines().count()), (outline, 1), "{text}\n{messages}");
    }
}

#[test]
fn several_mistakes_are_several_messages() {
    let (outline, messages) = read("a = \"x\nb {\n  c = [1\n  d = 1,\n}\ne = 'y'\nf = 2\n");
    assert_eq!(outline, "a = error, b { c = error, d = 1 }, e = \"y\", f = 2");
    let lines: Vec<&str> = messages.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(lines, ["1:5", "3:9", "4:8", "6:5"]);
}

/// Nested as deeply as people could ever want is fine, more is a clear error, and no stack overflows.
#[test]
fn depth_is_bounded() {
    let shapes: &[fn(usize) -> String] = &[
        |n| format!("{}1{}", "(".repeat(n), ")".repeat(n)),
        |n| format!("{}1{}", "[".repeat(n), "]".repeat(n)),
        |n| format!("{}1{}", "{a=".repeat(n), "}".repeat(n)),
        |n| format!("{}1{}", "f(".repeat(n), ")".repeat(n)),
        |n| format!("{}1{}", "\"${".repeat(n), "}\"".repeat(n)),
        |n| format!("\"{}{}\"", "%{ if true }".repeat(n), "%{ endif }".repeat(n)),
        |n| format!("{}1{}", "true ? ".repeat(n), " : 1".repeat(n)),
        |n| format!("{}1", "-".repeat(n)),
        |n| format!("{}true", "!".repeat(n)),
        |n| format!("{}1{}", "1 + (".repeat(n), ")".repeat(n)),
        |n| format!("{}1{}", "[for x in [1] : ".repeat(n), "]".repeat(n)),
        |n| format!("{}[]{}", "[for x in ".repeat(n), " : x]".repeat(n)),
        |n| format!("[]{}", "[*]".repeat(n)),
    ];
    let file = SourceMap::new().add("test", "");
    let scope = Scope::new(FunctionTable::new());
    for shape in shapes {
        let text = shape(100);
        let mut diagnostics = Diagnostics::new();
        eval(&parse_expression(file, &text, &mut diagnostics), &scope, &mut diagnostics);
        assert!(!diagnostics.iter().any(|problem| problem.code == "too-deep"), "{}", &text[..40]);
        let evaluated = |text: &str| {
            let mut diagnostics = Diagnostics::new();
            eval(&parse_expression(file, text, &mut diagnostics), &scope, &mut diagnostics);
            diagnostics
        };
        let text = shape(10_000);
        let codes: Vec<_> = evaluated(&text).iter().map(|problem| problem.code).collect();
        assert!(codes.contains(&code::TOO_DEEP), "{codes:?} {}", &text[..40]);
        // Cut off in the middle, too.
        assert!(evaluated(&text[..5_001]).has_errors(), "{}", &text[..40]);
    }
    // Parentheses go deeper; long chains are not deep at all.
    for text in [
        format!("{}1{}", "(".repeat(500), ")".repeat(500)),
        format!("1{}", " + 1".repeat(10_000)),
        format!("[1]{}", ".0".repeat(10_000)),
    ] {
        let mut diagnostics = Diagnostics::new();
        eval(&parse_expression(file, &text, &mut diagnostics), &scope, &mut diagnostics);
        assert!(!diagnostics.iter().any(|problem| problem.code == "too-deep"), "{}", &text[..40]);
    }
    let blocks = "a {\n".repeat(10_000);
    let mut diagnostics = Diagnostics::new();
    parse(file, &blocks, &mut diagnostics);
    assert!(diagnostics.iter().any(|problem| problem.code == "too-deep"));
}

#[test]
fn broken_texts_end() {
    // Every sample cut off at every place: some result, no panic, no endless loop.
    for text in [
        "a \"b\" {\n  c = \"x ${d.e[0]} %{ if f ~}g%{ else }h%{ endif }\"\n  i = [for j, k in { l = 1 } : k... if m]\n}\n",
        "a = <<-EOT\n  b ${c}\n  %{ for d in e }x%{ endfor }\n  EOT\nf = g(h, i...)[*].j.0 ? -1 : !k::l()\n",
        "a = ( { [ ( \" ${ \" %{ } ] ) } <<X\n",
    ] {
        for (at, _) in text.char_indices() {
            for part in [&text[..at], &text[at..]] {
                let file = SourceMap::new().add("test", part);
                let mut diagnostics = Diagnostics::new();
                parse(file, part, &mut diagnostics);
                parse_expression(file, part, &mut diagnostics);
                parse_template(file, part, &mut diagnostics);
            }
        }
    }
}

#[test]
fn references_and_static_forms() {
    let text = r#"[for local in var.a["b"][0].c : "${local.x} ${data.t.n.id}" if f(path.root)]"#;
    let file = SourceMap::new().add("test", text);
    let expr = parse_expression(file, text, &mut Diagnostics::new());
    let shown = expr.references().into_iter().map(|reference| {
        let path: Vec<_> = reference.path.into_iter().map(|name| name.name).collect();
        format!("{} {}", reference.root.name, path.join("."))
    });
    assert_eq!(shown.collect::<Vec<_>>(), ["var a.b", "data t.n.id", "path root"]);

    let names = |text: &str| {
        let expr = parse_expression(file, text, &mut Diagnostics::new());
        expr.as_traversal()
            .map(|traversal| traversal.names.into_iter().map(|name| name.name).collect::<Vec<_>>())
    };
    assert_eq!(names("source.qemu.x").unwrap(), ["source", "qemu", "x"]);
    assert_eq!(names("a[0]"), None);
    assert_eq!(names("f()"), None);
    assert_eq!(parse_expression(file, "string", &mut Diagnostics::new()).as_keyword(), Some("string"));
}

#[test]
fn bare_templates() {
    let text = "a \"${1 + 1}\"\n%{ for x in [1] }${x}%{ endfor }\n";
    let mut diagnostics = Diagnostics::new();
    let expr = parse_template(SourceMap::new().add("test", text), text, &mut diagnostics);
    let value = eval(&expr, &Scope::new(FunctionTable::new()), &mut diagnostics);
    assert_eq!((show(&value).as_str(), diagnostics.len()), (r#""a \"2\"\n1\n""#, 0));
}
