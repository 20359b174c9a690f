//! Texts and what is wrong with them, and how reading goes on.

use karat_model::diagnostic::{Diagnostics, code};
use karat_model::span::SourceMap;

use crate::function::FunctionTable;
use crate::testing::{problems, show};
use crate::tree::Body;
use crate::{Scope, eval, parse, parse_expression, parse_template};

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

#[test]
fn one_mistake_is_one_message_and_the_rest_is_read() {
    let mut wrong = Vec::new();
    for (text, outline, expected) in [
        (
            "a = \"x\nb = 2\nc {\n d = 3\n}",
            "a = error, b = 2, c { d = 3 }",
            "1:5 The string is not closed (the closing `\"` is missing on this line); write \\n for a line end in a string; longer texts are written as heredocs: `<<EOT`",
        ),
        (
            "a = 1\"\nb = 2",
            "a = 1, b = 2",
            "1:6 The line must end here (instead there is a string); is there a quote too many, or an operator missing?",
        ),
        (
            "a = [1, 2\nb = 2\nc = 3",
            "a = error, b = 2, c = 3",
            "2:1 The `[` is not closed (`,` or `]` is expected here, not `b`)",
        ),
        (
            "a = f(1\n\nb {\n}\n",
            "a = error, b {  }",
            "3:1 The `(` is not closed (`,` or `)` is expected here, not `b`)",
        ),
        (
            "a = \"${b\"\nc = 2",
            "a = error, c = 2",
            "1:9 The `${` is not closed (`}` is expected here, not a string)",
        ),
        (
            "a = 1,\nb = 2",
            "a = 1, b = 2",
            "1:6 The line must end here (instead there is `,`); arguments are separated by line ends, not by commas",
        ),
        ("a: 1\nb = 2", "b = 2", "1:2 `a` is neither an argument nor a block (an argument is set with `=`)"),
        ("a == 1", "", "1:3 `a` is neither an argument nor a block (an argument is set with one `=`)"),
        ("\"a\" = 1\nb = 2", "b = 2", "1:1 The name of an argument is written without quotes"),
        (
            "a = 'x'\nb = 2",
            "a = error, b = 2",
            "1:5 The character `'` has no meaning here; text is written in double quotes: \"…\"",
        ),
        (
            "a = 1;\nb = 2",
            "a = 1, b = 2",
            "1:6 The character `;` has no meaning here; arguments are separated by line ends, not by semicolons",
        ),
        (
            "a\nb = 2",
            "b = 2",
            "1:1 `a` is neither an argument nor a block (nothing follows it); write `a = …` or `a { … }`",
        ),
        ("a {\n b = 1\n", "a { b = 1 }", "1:3 The block is not closed (this `{` has no `}`)"),
        (
            "a = 1\n}\nb = 2",
            "a = 1, b = 2",
            "2:1 This `}` closes nothing; remove it, or look above it for a `{` that is missing",
        ),
        (
            "a = 1\na = 2",
            "a = 1",
            "2:1 `a` is set twice (set again here); an argument can be set once; remove one of them",
        ),
        (
            "a =\nb = 2",
            "a = error, b = 2",
            "1:4 A value is expected (this is the end of the line); the value must start on the same line; parentheses let it span lines",
        ),
        (
            "a { b = 1, c = 2 }\nd = 3",
            "a { b = 1 }, d = 3",
            "1:10 The line must end here (instead there is `,`); arguments are separated by line ends, not by commas",
        ),
        (
            "a { b {} }\n",
            "a { b {  } }",
            "1:5 A block on one line can have one argument and nothing else (this block needs a line of its own); put a line end after the `{`",
        ),
        (
            "a = <<E\nx\n",
            "a = error",
            "1:5 The heredoc is not closed (there is no line that consists of `E`)",
        ),
        ("a = <<E\nx\nE", "a = error", "3:1 The heredoc is not closed (this line must end with a line end)"),
        ("a = b.*.c.*\nd = 2", "a = error, d = 2", "1:10 A `.*` cannot follow another one; write `[*]`"),
        (
            "a = [for, 1]\nb = {for = 1}\nc = 2",
            "a = error, b = error, c = 2",
            "1:9 The `for` is not complete (a name is expected here, not `,`); it is written `for value in collection : …` or `for key, value in collection : …`\n2:10 The `for` is not complete (a name is expected here, not `=`); it is written `for value in collection : …` or `for key, value in collection : …`",
        ),
        (
            "a = << E\nb = 2",
            "a = error, b = 2",
            "1:5 The start of a heredoc is not complete (needs a name, and after the name nothing but the end of the line); for example `<<EOT`, the text on lines of its own, then `EOT` on a line of its own",
        ),
        (
            "a = <<E\n${HOME:-x}\nE\nb = 2",
            "a = error, b = 2",
            "2:1 This looks like a variable of the shell (it would be evaluated here, and cannot be); to leave it to the shell, double the first character: `$${…}`",
        ),
        (
            r#"a = "C:\dir""#,
            r#"a = "C:\\dir""#,
            r#"1:8 `\d` means nothing in a string; for a backslash write `\\`; known are \n \r \t \" \\ \uXXXX \UXXXXXXXX"#,
        ),
        (
            "a = \"%{ if true }x\"",
            "a = error",
            "1:6 The directive is not closed (there is no `%{ endif }` for it)",
        ),
        (
            "a = \"x%{ endif }\"",
            "a = error",
            "1:7 This directive belongs to nothing (there is no `%{ if … }` or `%{ for … }` before it that is still open)",
        ),
        (
            "a = {\n b = 1\n c\n}\nd = 2",
            "a = error, d = 2",
            "3:3 The key has no value (`=` is expected here, not the end of the line)",
        ),
        (
            "a = {b.c = 1}",
            "a = error",
            "1:6 It is not clear what the key is (a name, or something to evaluate?); to evaluate it, write `(b.c)`; for a key with a dot, write \"b.c\"",
        ),
        (
            "a = [\"x\"\n\"y\"]\nb = 1",
            "a = error, b = 1",
            "2:1 There is no comma between two elements (the next element starts here)",
        ),
        ("a = [1].0.1", "a = error", "1:8 Two indexes cannot be written with dots; write [0][1]"),
        (
            "source qemu \"x\" = {\n}\nb = 1",
            "b = 1",
            "1:17 The block `source` has no `{` (a block is opened by `{` without `=`); to set an argument, write `source = …`",
        ),
        (
            "a = 1\n/* b\nc = 2\n",
            "a = 1",
            "2:1 The comment is not closed (there is no `*/` after this; the rest of the text is in the comment)",
        ),
        (
            "a = 1 /*/",
            "a = 1",
            "1:7 The comment is not closed (there is no `*/` after this; the rest of the text is in the comment)",
        ),
    ] {
        let (found, messages) = read(text);
        if (found.as_str(), messages.as_str()) != (outline, expected) {
            wrong.push(format!(
                "{text}\n  expected: {outline}\n    {expected}\n  found:    {found}\n    {messages}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn several_mistakes_are_several_messages() {
    let (outline, messages) = read("a = \"x\nb {\n  c = [1\n  d = 1,\n}\ne = 'y'\nf = 2\n");
    assert_eq!(outline, "a = error, b { c = error, d = 1 }, e = error, f = 2");
    let lines: Vec<&str> = messages.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(lines, ["1:5", "4:3", "4:8", "6:5"]);
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
