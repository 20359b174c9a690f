//! Reading YAML. `yamlencode` is among the encodings.

use super::call;

fn decode(text: &str) -> String {
    call(&format!("yamldecode({})", serde_json::json!(text)))
}

fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(decode(text), *expected, "{text}");
    }
}

#[test]
fn tpl_10_yaml_has_the_scalars_of_packers_library() {
    check(&[
        ("[yes, No, ON, n, true, tRue]", r#"[true, false, true, false, true, "tRue"]"#),
        ("[~, null, Null, nUll]", r#"[null any type, null any type, null any type, "nUll"]"#),
        ("[1, 010, 0b101, -0b11, 1_000, 1e3, .5, 5.]", "[1, 10, 5, -3, 1000, 1000, 0.5, 5]"),
        ("[0x1F, 0o17, 1:30, 1.2.3, +, _1]", r#"["0x1F", "0o17", "1:30", "1.2.3", "+", "_1"]"#),
        ("[!!int 0x1F, !!int 0o17, !!float \"1\", !!str 1]", r#"[31, 15, "1", "1"]"#),
        ("[.inf, -.Inf]", "[+Inf, -Inf]"),
        ("[2001-12-14, 2001-1-4]", r#"["2001-12-14T00:00:00Z", "2001-01-04T00:00:00Z"]"#),
        ("2001-12-14t21:59:43.10-05:00", r#""2001-12-14T21:59:43-05:00""#),
        ("2001-12-14 21:59:43", r#""2001-12-14T21:59:43Z""#),
        ("[2001-12-32, 2001-12-14 21:59:43 Z]", r#"["2001-12-32", "2001-12-14 21:59:43 Z"]"#),
        ("['1', \"true\", '']", r#"["1", "true", ""]"#),
        ("- |-\n  1e3\n- |\n  1e3\n", r#"["1000", "1e3\n"]"#),
        ("- a\n- |\n  b", r#"["a", "b"]"#),
        ("[!!binary aGk=]", r#"["aGk="]"#),
    ]);
}

#[test]
fn tpl_10_yaml_has_anchors_and_merges() {
    check(&[
        ("a: &x {k: v}\nb: *x", r#"{a = {k = "v"}, b = {k = "v"}}"#),
        ("b: &b {x: 1, z: 2}\nd: {<<: *b, z: 3}", "{b = {x = 1, z = 2}, d = {x = 1, z = 3}}"),
        // As in Packer, and unlike YAML has it, the order decides.
        ("b: &b {x: 1, z: 2}\nd: {z: 3, <<: *b}", "{b = {x = 1, z = 2}, d = {x = 1, z = 2}}"),
        ("a: <<", r#"{a = "<<"}"#),
        ("1: a\n1.50: b\nyes: c", r#"{1 = "a", 1.5 = "b", true = "c"}"#),
    ]);
}

#[test]
fn tpl_10_yaml_may_have_tabs_behind_colons_and_quotes_that_go_on_further_left() {
    check(&[
        ("a:\tb\nc: \t d", r#"{a = "b", c = "d"}"#),
        ("{a:\tb}", r#"{a = "b"}"#),
        ("a: \"b\nc\\\"\nd\"\ne: 'f\n\ng'", r#"{a = "b c\" d", e = "f\ng"}"#),
    ]);
}

#[test]
fn tpl_10_mistakes_in_yaml_have_a_place() {
    let wrong = |text: &str, expected: &str| {
        assert_eq!(decode(text), format!("error in argument 1: it is not YAML: {expected}"));
    };
    wrong("a: 1\nb: *c", "while parsing node, found unknown anchor at line 2, column 4");
    wrong("&a [*a]", "an alias refers to something that it is itself part of at line 1, column 5");
    wrong("<<: 5", "a number cannot be merged into a mapping at line 1, column 1");
    wrong("~: 1", "a key must not be null at line 1, column 1");
    wrong("[a]: 1", "a key must be a plain value at line 1, column 1");
    wrong("- .nan", "a number that is none (.nan) is not supported at line 1, column 3");
    wrong("- 0b12", "\"0b12\" cannot be read as !!int at line 1, column 3");
    wrong("- !x y", "the tag !x is not supported at line 1, column 3");
    wrong("!!seq {}", "a mapping cannot be read as tag:yaml.org,2002:seq at line 1, column 1");
    wrong("a\n---\nb", "a second document begins, and only one is allowed at line 2, column 1");
    wrong("", "there is no value at line 1, column 1");
    wrong("# nothing", "there is no value at line 2, column 1");
    wrong(
        "a:\n  - b: \u{7}",
        "line 2 has a control character; in double quotes it can be written like \\x07",
    );
}

#[test]
fn yaml_takes_bounded_time_and_memory() {
    assert!(decode(&"[".repeat(100_000)).contains("recursion limit exceeded"));
    let nested: String = (0..300).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    assert!(decode(&nested).contains("sequences and mappings are nested too deeply at line 201"));
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let alias = format!("*a{}", level - 1);
        laughs.push_str(&format!("a{level}: &a{level} [{}]\n", [alias.as_str(); 10].join(", ")));
    }
    assert!(
        decode(&laughs).contains("with its aliases written out, it has more than 1,000,000 values at line 6")
    );
}
