//! Functions of files and paths.

use super::check;

#[test]
#[rustfmt::skip]
fn calls_give_these_results() {
    check(&[
        (r#"basename("/a/b/")"#, r#""b""#),
        (r#"basename("")"#, r#"".""#),
        (r#"basename("/")"#, r#""/""#),
        (r#"dirname("/a/b/")"#, r#""/a/b""#),
        (r#"dirname("a")"#, r#"".""#),
        (r#"dirname("")"#, r#"".""#),
        (r#"dirname("/a")"#, r#""/""#),
        (r#"dirname("a/../b/c")"#, r#""b""#),
        (r#"pathexpand("~/x")"#, r#""/home/me/x""#),
        (r#"pathexpand("~x")"#, "error in argument 1: the home directory of another user cannot be looked up; write its path"),
        (r#"pathexpand("/a/../b")"#, r#""/a/../b""#),
        (r#"abspath("a/../b")"#, r#""/the/cwd/b""#),
        (r#"abspath("/x/./y")"#, r#""/x/y""#),
        (r#"templatefile("page.tpl", {"name": "world", "ports": [80, 443]})"#, r#""Hello WORLD!\nport 80\nport 443\n""#),
        (r#"templatefile("page.tpl", {"name": "world"})"#, r#"error in argument 2: it has no "ports", which the template uses at page.tpl:2:13"#),
        (r#"templatefile("whole.tpl", {"name": [1, "a"]})"#, r#"[1, "a"]"#),
        (r#"templatefile("whole.tpl", {"name": {"$secret": "x"}})"#, r#"secret "x""#),
        (r#"templatefile("whole.tpl", {"name": {"$unknown": "string"}})"#, "unknown any type"),
        (r#"templatefile("unknown.tpl", {})"#, r#"error in argument 2: it has no "nope", which the template uses at unknown.tpl:2:3"#),
        (r#"templatefile("broken.tpl", {})"#, "error in argument 1: broken.tpl:1:8: A value is expected: this is the `}` of an interpolation"),
        (r#"templatefile("nested.tpl", {})"#, "error in argument 1: nested.tpl:1:3: The call of `templatefile` failed: a template that is read by templatefile cannot call it again"),
        (r#"templatefile("failing.tpl", {"number": 1, "name": "x"})"#, r#"error in argument 1: failing.tpl:2:14: `+` needs a number: a number is required, but "a" is not a number, and one more problem"#),
        (r#"templatefile("missing.tpl", {})"#, r#"error in argument 1: "missing.tpl" cannot be read: it does not exist"#),
        (r#"templatefile("whole.tpl", {"a b": 1})"#, r#"error in argument 2: "a b" cannot be the name of a variable"#),
        (r#"templatefile("whole.tpl", [])"#, "error in argument 2: it must be a map or an object, but it is a tuple"),
        (r#"file("greeting.txt")"#, r#""hello\n""#),
        (r#"file("missing.txt")"#, r#"error in argument 1: "missing.txt" cannot be read: it does not exist"#),
        (r#"file("binary")"#, r#"error in argument 1: the file "binary" is not UTF-8 text; filebase64 can read it"#),
        (r#"file("parts")"#, r#"error in argument 1: "parts" cannot be read: Is a directory (os error 21)"#),
        (r#"file({"$secret": "missing.txt"})"#, "error in argument 1: a sensitive value cannot be read: it does not exist"),
        (r#"fileexists("greeting.txt")"#, "true"),
        (r#"fileexists("missing.txt")"#, "false"),
        (r#"fileexists("greeting.txt/x")"#, r#"error in argument 1: "greeting.txt/x" cannot be read: Not a directory (os error 20)"#),
        (r#"fileexists("parts")"#, r#"error in argument 1: "parts" is a directory, not a file"#),
        (r#"fileset(".", "**")"#, r#"set["binary", "broken.tpl", "failing.tpl", "greeting.txt", "nested.tpl", "page.tpl", "parts/a.conf", "parts/deep/b.conf", "unknown.tpl", "whole.tpl"]"#),
        (r#"fileset(".", "*.txt")"#, r#"set["greeting.txt"]"#),
        (r#"fileset("parts", "**/*.conf")"#, r#"set["a.conf", "deep/b.conf"]"#),
        (r#"fileset("parts", "*.conf")"#, r#"set["a.conf"]"#),
        (r#"fileset("nowhere", "*")"#, "set[]"),
        (r#"fileset(".", "{greeting,x}.*")"#, r#"set["greeting.txt"]"#),
        (r#"fileset(".", "[")"#, "error in argument 2: it is not a pattern for files: unclosed character class; missing ']'"),
        (r#"filebase64("greeting.txt")"#, r#"error in argument 1: "greeting.txt" cannot be read: it does not exist"#),
        (r#"file("~other/x")"#, "error in argument 1: the home directory of another user cannot be looked up; write its path"),
    ]);
}
