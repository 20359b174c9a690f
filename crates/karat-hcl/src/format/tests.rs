//! Text in, text out. What is expected here is what Packer 1.16's `fmt` writes.

use karat_model::diagnostic::Diagnostics;
use karat_model::span::SourceMap;

use super::format;
use crate::{lex, parse};

/// Formats `text`, and wants the same tokens, no new mistakes, and nothing left to format.
#[track_caller]
fn formatted(text: &str) -> String {
    let formatted = format(text);
    assert_eq!(words(&formatted), words(text), "the tokens changed");
    assert_eq!(mistakes(&formatted), mistakes(text), "{formatted}");
    assert_eq!(format(&formatted), formatted, "formatting once is not enough");
    formatted
}

fn words(text: &str) -> Vec<&str> {
    lex(text).iter().map(|token| &text[token.start as usize..token.end as usize]).collect()
}

fn mistakes(text: &str) -> usize {
    let mut sources = SourceMap::new();
    let file = sources.add("test", text);
    let mut diagnostics = Diagnostics::new();
    parse(file, text, &mut diagnostics);
    diagnostics.len()
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(formatted(text), *expected, "{text}");
    }
}

#[test]
fn cli_25_brackets_indent() {
    check(&[
        ("a {\nb {\nc = 1\n}\n}\n", "a {\n  b {\n    c = 1\n  }\n}\n"),
        ("a = [\n1,\n2\n]\n", "a = [\n  1,\n  2\n]\n"),
        // A line is worth one level, however much it opens, and what closes it may come in pieces.
        ("a = foo([{\nb = 1\n}])\n", "a = foo([{\n  b = 1\n}])\n"),
        ("a = foo([{\nb = 1\n}\n, 2\n])\n", "a = foo([{\n  b = 1\n  }\n  , 2\n])\n"),
        ("a {\n\tb = 1\n\n\n\t# c\n}\n", "a {\n  b = 1\n\n\n  # c\n}\n"),
        ("  a = 1", "a = 1"),
        ("a = \"${\nb\n}\"\n", "a = \"${\n  b\n}\"\n"),
    ]);
}

#[test]
fn cli_25_spaces_between_tokens() {
    check(&[
        ("a=1+2*b\n", "a = 1 + 2 * b\n"),
        ("a = foo ( b , c... )\n", "a = foo(b, c...)\n"),
        ("a = [ 1,2 ] [ 0 ]\n", "a = [1, 2][0]\n"),
        ("a = b . c [ d ] . * . e\n", "a = b.c[d].*.e\n"),
        ("a = ! b == - c - -d\n", "a = !b == -c - -d\n"),
        ("a = b?-1:- 2\n", "a = b ? -1 : -2\n"),
        ("a = {b=1,c=2}\nd = { }\n", "a = { b = 1, c = 2 }\nd = {}\n"),
        ("a \"b\"   \"c\"{}\n", "a \"b\" \"c\" {}\n"),
        ("a = [for x in [1]:x if x>0]\n", "a = [for x in [1] : x if x > 0]\n"),
        ("a = {for k,v in b:k=>v...}\n", "a = { for k, v in b : k => v... }\n"),
        ("a = b  // c\n", "a = b // c\n"),
        ("a = /*b*/1/*c*/ \n", "a = /*b*/ 1 /*c*/\n"),
        ("a = x :: y (1)\n", "a = x::y(1)\n"),
    ]);
}

#[test]
fn cli_25_strings_keep_their_text() {
    check(&[
        ("a = \" b  ${ c+1 }  d ${~ e ~}\"\n", "a = \" b  ${c + 1}  d ${~e~}\"\n"),
        ("a = \"%{if b}x%{else ~} y %{  endif}\"\n", "a = \"%{if b}x%{else~} y %{endif}\"\n"),
        ("a = \"${{b=1}.b}\"\n", "a = \"${ { b = 1 }.b}\"\n"),
        ("a   = <<E\n  b\n\t c ${ d }\n  E\ne=1\n", "a = <<E\n  b\n\t c ${d}\n  E\ne = 1\n"),
        ("a {\nb = <<-E\n c\nE\n}\n", "a {\n  b = <<-E\n c\nE\n}\n"),
        ("a = \"a  $${ b }  #c\"\n", "a = \"a  $${ b }  #c\"\n"),
    ]);
}

#[test]
fn cli_25_neighbours_are_aligned() {
    check(&[
        ("a = 1\nbcd = 2\n\nef = 3\n", "a   = 1\nbcd = 2\n\nef = 3\n"),
        // A value that goes on in the next line, a comment and a block end a chain.
        ("a = [\n]\nbcd = 2\n", "a = [\n]\nbcd = 2\n"),
        ("a = 1\n# x\nbcd = 2\n", "a = 1\n# x\nbcd = 2\n"),
        ("a = 1 # x\nbcd = 2    # y\ne = 3\n", "a   = 1 # x\nbcd = 2 # y\ne   = 3\n"),
        ("a {# x\nb = 1// y\n}\n", "a {     # x\n  b = 1 // y\n}\n"),
        // In columns, not bytes or code points.
        ("日本 = 1\ne\u{301}e = 2\nabc = 3\n", "日本  = 1\ne\u{301}e  = 2\nabc = 3\n"),
        ("a = { b = 1 }\nccc = 2\n", "a   = { b = 1 }\nccc = 2\n"),
        ("a = {\nb = 1,\nccc = 2\n}\n", "a = {\n  b   = 1,\n  ccc = 2\n}\n"),
    ]);
}

#[test]
fn cli_25_line_ends_and_empty_lines_stay() {
    check(&[
        ("a = 1\r\n\r\n  bc=2 # x\r\n", "a = 1\r\n\r\nbc = 2 # x\r\n"),
        ("\n\n\na = 1\n\n\n", "\n\n\na = 1\n\n\n"),
        ("a = 1  ", "a = 1  "),
        ("a = 1 # b  \n", "a = 1 # b  \n"),
        ("\t", " "),
        ("", ""),
    ]);
    // A byte order mark is white space.
    assert_eq!(format("\u{FEFF}a=1\n"), "a = 1\n");
    assert_eq!(format("\u{FEFF}"), "");
}

#[test]
fn a_number_does_not_grow() {
    check(&[("a = 1 .5\n", "a = 1 .5\n"), ("a = 1. b\n", "a = 1 .b\n"), ("a = b.0 . c\n", "a = b.0.c\n")]);
}

#[test]
fn a_long_name_pushes_a_few_neighbours_only() {
    let name = "a".repeat(10_000);
    let short = "b = 1\n".repeat(10_000);
    let text = format!("{name} = 1\n{short}");
    assert_eq!(format(&text), text);
    let three = format(&format!("{name} = 1\nb = 2\nc = 3\n"));
    assert!(three.contains(&format!("\nb{} = 2\n", " ".repeat(9_999))));
}

#[test]
fn broken_texts_are_put_in_lines_and_nothing_is_lost() {
    for text in ["a = \"b\nc {\n", "}}}\n{", "a = ${", "\"${\"\n", "<<E\nx", "= =\n==", "/*"] {
        let squeezed = |text: &str| text.replace([' ', '\t'], "");
        assert_eq!(squeezed(&format(text)), squeezed(text));
    }
}
