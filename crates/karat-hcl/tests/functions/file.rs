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
        (r#"file("greeting.txt")"#, r#""hello\n""#),
        (r#"file("missing.txt")"#, r#"error in argument 1: "missing.txt" cannot be read: it does not exist"#),
        (r#"file("binary")"#, r#"error in argument 1: the file "binary" is not UTF-8 text; filebase64 can read it"#),
        (r#"file("parts")"#, r#"error in argument 1: "parts" cannot be read: Is a directory (os error 21)"#),
        (r#"file({"$secret": "missing.txt"})"#, "error in argument 1: a sensitive value cannot be read: it does not exist"),
        (r#"fileexists("greeting.txt")"#, "true"),
        (r#"fileexists("missing.txt")"#, "false"),
        (r#"fileexists("greeting.txt/x")"#, "false"),
        (r#"fileexists("parts")"#, r#"error in argument 1: "parts" is a directory, not a file"#),
        (r#"fileset(".", "**")"#, r#"set["binary", "greeting.txt", "parts/a.conf", "parts/deep/b.conf"]"#),
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
