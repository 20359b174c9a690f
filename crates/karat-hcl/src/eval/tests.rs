//! Expressions and what they are worth. Results were compared with HashiCorp's own evaluator where it knows the case.

use karat_model::value::{Type, Value};

use crate::Scope;
use crate::function::standard;
use crate::testing::check;

fn scope() -> Scope<'static> {
    let parse = |json: &str| Value::from_json(&serde_json::from_str(json).unwrap());
    Scope::new(standard(&Default::default()))
        .with("var", parse(r#"{"name": "web", "count": 3, "tags": {"a": "x", "b": "y"}, "nothing": null}"#))
        .with("list", Value::tuple(vec![1.into(), 2.into()]).convert(&Type::list(Type::Number)).unwrap())
        .with("map", parse(r#"{"k": 1}"#).convert(&Type::map(Type::Number)).unwrap())
        .with("set", parse(r#"["b", "a"]"#).convert(&Type::set(Type::String)).unwrap())
        .with("secret", Value::string("s3cret").mark_sensitive())
        .with("secrets", parse(r#"{"user": "root", "list": ["a"]}"#).mark_sensitive())
        .with("later", Value::unknown(Type::String))
        .with("later_bool", Value::unknown(Type::Bool))
        .with("later_list", Value::unknown(Type::list(Type::object([("id", Type::String)]))))
        .with("later_any", Value::unknown(Type::Any))
}

#[test]
fn keys_that_are_neither_names_nor_expressions() {
    let scope = Scope::new(standard(&Default::default()))
        .with("a", Value::object([("b".to_owned(), "x".into())].into()));
    let unclear = "1:2 It is not clear what the key is (a name, or something to evaluate?); put it in parentheses \
                   to have it evaluated; a key with a dot in it is written in quotes";
    check(
        &scope,
        &[
            ("{a.b = 1}", unclear),
            ("{a[\"b\"] = 1}", unclear),
            ("{(a.b) = 1}", "{x = 1}"),
            ("{1 + 1 = 1}", "{2 = 1}"),
            ("{true = 1}", "{true = 1}"),
        ],
    );
}

#[test]
fn operators() {
    check(
        &scope(),
        &[
            ("1 + 2 * 3 - 4 / 2 % 3", "5"),
            ("-1 - -1", "0"),
            ("1 < 2 == true", "true"),
            ("1 == 2 == false", "true"),
            ("!true == false", "true"),
            ("-[1][0]", "-1"),
            ("!true ? 1 : 2", "2"),
            ("true || false && false", "true"),
            (r#""1" + 1"#, "2"),
            (r#"true && "true""#, "true"),
            (r#"-"5""#, "-5"),
            (r#"1 == "1""#, "false"),
            ("[] == []", "true"),
            ("[1, 2] == list", "false"),
            ("null == null", "true"),
            ("var.nothing == null", "true"),
            ("var.name != null", "true"),
            ("5 % 0", "5"),
            ("1/0", "+Inf"),
            ("0.1 + 0.2 == 0.3", "true"),
            ("1e400 > 1", "true"),
            (
                "0/0",
                "1:2 The result of `/` is not a number (zero by zero and infinity by infinity have no result)",
            ),
            (
                r#""a" + 1"#,
                r#"1:1 `+` needs a number (a number is required, but "a" is not a number); to put texts together, write "${a}${b}""#,
            ),
            (
                "[1] + 1",
                "1:1 `+` needs a number (a number is required, but this is a tuple); use `concat` to put lists together, `merge` for objects",
            ),
            ("1 < null", "1:5 `<` needs a number (this is null)"),
            (
                "secret + 1",
                "1:1 `+` needs a number (a number is required, but this string is not a number); to put texts together, write \"${a}${b}\"",
            ),
        ],
    );
    assert_eq!(crate::testing::evaluate("1/3", &scope()).len(), "0.".len() + 155);
}

#[test]
fn logic_hides_what_does_not_matter() {
    check(
        &scope(),
        &[
            ("var.nothing == null || var.nothing.x == 1", "true"),
            ("var.nothing.x == 1 || var.nothing == null", "true"),
            ("var.nothing != null && var.nothing.x == 1", "false"),
            ("null && false", "false"),
            ("later_bool && false", "false"),
            ("later_bool && true", "unknown(bool)"),
            ("later_bool || true", "true"),
            // Null decides like false, as HCL has it; where it decides nothing, it is a mistake.
            ("true && null", "false"),
            ("null || false", "1:1 `||` needs a bool (this is null)"),
            ("true || 1", "1:9 `||` needs a bool (a bool is required, but this is a number)"),
            ("later_bool && nowhere", "unknown(bool)"),
            // What cannot be a bool is a mistake even where it does not matter, wrong or not.
            ("true || (1 - var.x)", "1:18 There is no variable `x`; declare it: variable \"x\" { … }"),
            ("false || var.x || true", "true"),
            ("false || var.x", "1:14 There is no variable `x`; declare it: variable \"x\" { … }"),
        ],
    );
}

#[test]
fn conditions() {
    check(
        &scope(),
        &[
            (r#"true ? 1 : "a""#, r#""1""#),
            ("true ? null : 1", "null(number)"),
            (r#"true ? [1] : ["a", "b"]"#, r#"list["1"]"#),
            ("true ? {a = 1} : {b = 2}", "map{a = 1}"),
            (r#"true ? {a = 1} : {a = "x"}"#, r#"{a = "1"}"#),
            ("false ? {a = 1} : {}", "map{}"),
            ("true ? 1 : false ? 2 : 3", "1"),
            ("true ? 1 : nowhere", "1"),
            ("later_bool ? 1 : 2", "unknown(number)"),
            (r#""true" ? 1 : 2"#, "1"),
            (r#"secret == "x" ? 1 : 2"#, "sensitive(2)"),
            (
                "true ? [] : {}",
                "1:13 The two sides of the condition must have types that fit together (this is an object)",
            ),
            (
                "1 ? 2 : 3",
                "1:1 The condition must be true or false (a bool is required, but this is a number)",
            ),
            ("null ? 2 : 3", "1:1 The condition must not be null (it must be either true or false)"),
        ],
    );
}

#[test]
fn steps() {
    check(
        &scope(),
        &[
            ("var.tags.a", r#""x""#),
            (r#"var["tags"]["b"]"#, r#""y""#),
            ("list[1]", "2"),
            (r#"list["0"]"#, "1"),
            ("[1, 2].0", "1"),
            ("[[1, 2]].0[1]", "2"),
            ("map.k", "1"),
            ("[{a = 1}, {a = 2}][*].a", "[1, 2]"),
            ("[{a = [1]}, {a = [2]}].*.a.0", "[1, 2]"),
            ("[{a = [1]}, {a = [2]}].*.a[0]", "[1]"),
            ("[{a = [1]}, {a = [2]}][*].a[0]", "[1, 2]"),
            ("null[*]", "[]"),
            ("5[*]", "[5]"),
            ("{a = 1}[*].a", "[1]"),
            ("list[*]", "list[1, 2]"),
            ("later_list[*].id", "unknown(list of string)"),
            ("later_list[0].id", "unknown(string)"),
            ("later_any.x[3]", "unknown(any type)"),
            ("list[5]", "1:6 `list` has no element 5 (it has 2 elements, with the indexes 0 to 1)"),
            (
                "list[-1]",
                "1:6 `list` has no element -1 (it has 2 elements, with the indexes 0 to 1); to count from the end, use `element(…, -1)`",
            ),
            (
                "list[0.5]",
                "1:6 `list` has no element 0.5 (it has 2 elements, with the indexes 0 to 1); an index is a whole number",
            ),
            (
                "set[0]",
                "1:1 The elements of a set have no index (this is a set); iterate over it with `for`, or make it a list: `convert(…, list(string))`",
            ),
            ("var.nmae", r#"1:5 There is no variable `nmae`; did you mean `var.name`?"#),
            ("var.tags.zzz", r#"1:10 `var.tags` has no attribute "zzz""#),
            (
                "var.nothing.x",
                r#"1:13 `var.nothing` is null, so it has no attribute "x" (there is nothing to take this from); where null is possible, use `try(…, default)`"#,
            ),
            (
                "list.x",
                r#"1:6 `list` is a list of number, which has no attribute "x"; for the attribute of one element, write `[0].x`; of every element, `[*].x`"#,
            ),
            ("later_list[0].x", r#"1:15 The value has no attribute "x""#),
            ("vra.name", "1:1 There is no `vra` here; did you mean `var`?"),
            ("qemu", "1:1 There is no `qemu` here; if you meant the text, put it in quotes: \"qemu\""),
        ],
    );
}

#[test]
fn collections() {
    check(
        &scope(),
        &[
            ("[1, 2,]", "[1, 2]"),
            ("{a = 1, b : 2\nc = 3}", "{a = 1, b = 2, c = 3}"),
            ("{1 = 2, (var.name) = 3, \"x${1}\" = 4, null = 5}", "{1 = 2, null = 5, web = 3, x1 = 4}"),
            (
                r#"{"a" = 1, "a" = 2}"#,
                "1:11 warning: \"a\" is in the object twice (this one counts, the earlier one is ignored)",
            ),
            ("{(null) = 1}", "1:2 A key must not be null"),
            ("[for x in list : x * 2 if x > 1]", "[4]"),
            ("[for k, v in var.tags : \"${k}${v}\"]", r#"["ax", "by"]"#),
            ("[for i, v in [\"x\"] : i]", "[0]"),
            ("{for i, x in set : i => x}", r#"{a = "a", b = "b"}"#),
            ("{for x in [\"a\", \"b\"] : \"k\" => x...}", r#"{k = ["a", "b"]}"#),
            ("[for x in later_list : x]", "unknown(any type)"),
            ("{for x in list : later => x}", "unknown(any type)"),
            (
                "{for x in [\"a\", \"a\"] : x => 1}",
                "1:24 Two elements of the `for` have the same key \"a\"; to put values with the same key together, write `...` after the value",
            ),
            (
                "[for x in null : x]",
                "1:11 `for` cannot iterate over null (this is null); give it a value, or iterate over `coalesce(…, [])`",
            ),
            (
                "[for x in \"abc\" : x]",
                "1:11 `for` needs a list, a set, a map or an object (this is a string)",
            ),
            ("[for x in list : x.y]", "1:20 `x` is a number, which has no attribute \"y\""),
        ],
    );
}

#[test]
fn templates() {
    check(
        &scope(),
        &[
            (r#""${1}""#, "1"),
            (r#"" ${~ 1}""#, r#""1""#),
            (r#""a${1}${true}""#, r#""a1true""#),
            (r#""$$${1} $${x} %%{y} $ %""#, r#""$${1} ${x} %{y} $ %""#),
            (r#""\u00e9\U0001F600\t\"\\""#, r#""é😀\t\"\\""#),
            (r#""%{ if var.count > 2 }many%{ else }few%{ endif ~}   !""#, r#""many!""#),
            (r#""%{ for k, v in var.tags }${k}=${v};%{ endfor }""#, r#""a=x;b=y;""#),
            ("<<A\n  x ${var.name}\n  A\n", r#""  x web\n""#),
            ("<<-A\n    x\n      y\n\n    z\n  A\n", r#""x\n  y\n\nz\n""#),
            ("<<A\nA\n", r#""""#),
            // A `for` whose markers strip line ends joins lines, and then there is nothing to take away.
            (
                "<<-A\n  a\n  %{ for x in [1, 2] ~}\n  - ${x}\n  %{ endfor ~}\n  b\n  A\n",
                r#""a\n  - 1\n  - 2\n  b\n""#,
            ),
            ("<<A\n${~ 1 ~}\n  x\nA\n", r#""1  x\n""#),
            ("<<A\n\\n $${x}\nA\n", r#""\\n ${x}\n""#),
            (
                r#""a${null}""#,
                "1:5 A null value cannot be put into text (this is null); give it a value, or a default: `coalesce(…, \"default\")`",
            ),
            (
                r#""a${[1]}""#,
                "1:5 A tuple cannot be put into text (this is a tuple; a string is required); use `join(\", \", …)` or `jsonencode(…)`",
            ),
            (r#""a${later}""#, "unknown(string)"),
            (r#""%{ if later_bool }a%{ endif }""#, "unknown(string)"),
        ],
    );
}

#[test]
fn calls() {
    check(
        &scope(),
        &[
            (r#"upper("a",)"#, r#""A""#),
            (r#"join("-", [["a"], ["b"]]...)"#, r#""a-b""#),
            ("upper(later)", "unknown(string)"),
            ("try(var.x, var.nothing.y, 3)", "3"),
            ("try(later, 1)", "unknown(any type)"),
            ("can(var.x)", "false"),
            ("can(var.name)", "true"),
            (r#"convert("5", number)"#, "5"),
            (r#"convert(["b", "a", "b"], set(string))"#, r#"set["a", "b"]"#),
            (r#"convert({a = 1, b = 2}, object({ a = string }))"#, r#"{a = "1"}"#),
            (
                "convert({}, object({ a = optional(string, \"x\") }))",
                "1:13 `convert` fills in no defaults; write `optional(TYPE)`; defaults belong into the type of a variable",
            ),
            (
                "convert({}, object({ a = optional(string) }))",
                "1:9 The value cannot be converted (the attribute \"a\" is required)",
            ),
            ("try([5]...)", "5"),
            ("can([5]...)", "true"),
            (
                "convert([1], number)",
                "1:9 The value cannot be converted (a number is required, but this is a tuple)",
            ),
            (
                "convert(1, text)",
                "1:12 There is no type `text`; types are string, number, bool, any, list, set, map, object, tuple",
            ),
            (
                "try(var.x)",
                "1:1 No argument of `try` can be evaluated; end it with a value that always works: `try(…, null)`",
            ),
            ("uper(1)", "1:1 There is no function `uper`; did you mean `upper`?"),
            ("tolist([1])", "1:1 There is no function `tolist`; use `convert(x, list(any))`"),
            (
                "upper(var.tags)",
                r#"1:7 The call of `upper` failed ("text": a string is required, but this is an object)"#,
            ),
            ("upper(null...)", "1:7 `...` cannot expand null (this is null)"),
        ],
    );
}

#[test]
fn sensitivity_goes_through_everything() {
    check(
        &scope(),
        &[
            ("secret", r#"sensitive("s3cret")"#),
            (r#""x${secret}""#, r#"sensitive("xs3cret")"#),
            ("upper(secret)", r#"sensitive("S3CRET")"#),
            ("[secret, 1]", r#"[sensitive("s3cret"), 1]"#),
            ("{a = secret}.a", r#"sensitive("s3cret")"#),
            ("{a = secret, b = 1}.b", "1"),
            ("secrets.user", r#"sensitive("root")"#),
            ("secrets.list[0]", r#"sensitive("a")"#),
            ("secrets.list[*]", r#"sensitive(["a"])"#),
            ("[for x in secrets.list : 1]", "sensitive([1])"),
            ("{(secret) = 1}", "sensitive({s3cret = 1})"),
            (r#"secret == "a""#, "sensitive(false)"),
            (r#"secret == "a" || later_bool"#, "sensitive(unknown(bool))"),
            (r#""%{ if secret == "" }a%{ endif }""#, r#"sensitive("")"#),
            (
                "[1, 2][length_of_nothing]",
                "1:8 There is no `length_of_nothing` here; if you meant the text, put it in quotes: \"length_of_nothing\"",
            ),
            // No message shows one.
            (
                "{a = 1}[secret]",
                "1:9 The value has no element of that key (the key is sensitive and not shown)",
            ),
            (
                "list[secret]",
                "1:6 The index of a list of number is a number (a number is required, but this string is not a number)",
            ),
        ],
    );
}

#[test]
fn one_mistake_is_one_message() {
    check(
        &scope(),
        &[
            (
                "upper(\"${var.x + 1}\")[0].y",
                "1:14 There is no variable `x`; declare it: variable \"x\" { … }",
            ),
            (
                "[for k in [1, 2, 3] : nowhere]",
                "1:23 There is no `nowhere` here; if you meant the text, put it in quotes: \"nowhere\"",
            ),
            (
                "nowhere.a == nowhere.b",
                "1:1 There is no `nowhere` here; if you meant the text, put it in quotes: \"nowhere\"\n1:14 There is no `nowhere` here; if you meant the text, put it in quotes: \"nowhere\"",
            ),
        ],
    );
}
