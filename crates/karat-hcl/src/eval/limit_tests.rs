//! Templates that would fill the memory, or never end.

use karat_model::value::{Type, Value};

use crate::Scope;
use crate::function::standard;
use crate::testing::{check, value_of};

fn scope() -> Scope<'static> {
    Scope::new(standard(&Default::default())).with("long", Value::string("x".repeat(100_000)))
}

/// Evaluates `text` again and again with its last value as `z`, and says when it is refused.
fn grown(text: &str, mut z: Value) -> (usize, String) {
    let scope = scope();
    for round in 0..1100 {
        match value_of(text, &scope.child().with("z", z)) {
            Ok(value) => z = value,
            Err(problem) => return (round, problem),
        }
    }
    panic!("{text} is never refused");
}

#[test]
fn what_doubles_is_refused() {
    let too_large = |what| format!("{what} The value is too large (it would be more than 64 MiB)");
    assert_eq!(grown("\"${z}${z}\"", "x".into()), (25, too_large("1:1")));
    for text in ["[z, z]", "{ a = z, b = z }", "[for i in [1, 2] : z]", "concat([z], [z])", "[z, z][*]"] {
        let (round, problem) = grown(text, "x".into());
        assert!((15..22).contains(&round) && problem.contains("too large"), "{text}: {round} {problem}");
    }
    // Nothing is known but the type, and that doubles.
    let (round, problem) = grown("true ? [z, z] : []", Value::unknown(Type::String));
    assert!(round < 22 && problem.contains("too large"), "{round} {problem}");
    let (_, problem) = grown("convert(jsondecode(unknown), any) == 1 ? [z, z] : [z, z]", "x".into());
    assert!(problem.contains("unknown") || problem.contains("too large"), "{problem}");
}

#[test]
fn what_nests_without_end_is_refused() {
    let (round, problem) = grown("[z]", "x".into());
    assert_eq!((round, problem.as_str()), (1023, "1:1 The value is nested more than 1024 levels deep"));
    // A value of the largest depth can be shown, compared, converted and written.
    let mut z = Value::string("x");
    for _ in 0..1023 {
        z = Value::tuple(vec![z]);
    }
    let scope = scope().with("z", z);
    check(
        &scope,
        &[("z == z", "true"), ("length(jsonencode(z))", "2049"), ("z == convert(z, any) ? 1 : 2", "1")],
    );
}

#[test]
fn functions_refuse_to_fill_the_memory() {
    let refused = |text: &str| {
        let problem = value_of(text, &scope()).expect_err(text);
        assert!(problem.contains("larger than 64 MiB") || problem.contains("too large"), "{text}: {problem}");
    };
    refused(r#"join(long, split("", substr(long, 0, 1000)))"#);
    refused(r#"replace(long, "x", substr(long, 0, 1000))"#);
    refused(r#"replace(long, "", long)"#);
    refused(r#"regex_replace(long, "(x)", substr(long, 0, 1000))"#);
    refused(r#"indent(1000000000000, "a\nb")"#);
    refused(r#"split("", join("", [for i in range(12) : long]))"#);
    refused(r#"regexall("x", join("", [for i in range(12) : long]))"#);
    refused(r#"setproduct(split("", substr(long, 0, 2000)), split("", substr(long, 0, 2000)))"#);
    refused(r#"[for i in range(1000) : long]"#);
    refused(r#""%{ for i in range(1000) }${long}%{ endfor }""#);
    refused(r#"{ for i in range(1000) : i => long }"#);
    check(&scope(), &[(r#"length(indent(2000, "a\nb"))"#, "2003")]);
}

#[test]
fn loops_end() {
    let problem = "1:38 The template takes too many steps through lists and maps (this goes beyond the limit of 100000 steps)";
    check(
        &scope(),
        &[("[for a in range(1000) : [for b in range(1000) : 1 if false]]", &problem.replace("1:38", "1:35"))],
    );
    // `try` does not buy time: all expressions of a scope share what there is.
    let scope = scope();
    let slow = "try([for a in range(1000) : [for b in range(1000) : 1 if false]], 1)";
    assert_eq!(value_of(slow, &scope).map(|value| value == Value::from(1)), Ok(true));
    assert!(value_of("[for x in [1] : x]", &scope).is_err());
}
