//! Functions of numbers.

use super::check;

#[test]
#[rustfmt::skip]
fn calls_give_these_results() {
    check(&[
        ("abs(-1.5)", "1.5"),
        ("ceil(-1.5)", "-1"),
        ("ceil(1.2)", "2"),
        ("floor(-1.5)", "-2"),
        ("log(8, 2)", "3"),
        ("log(0, 2)", "-Inf"),
        ("pow(2, 0.5)", "1.4142135623730951"),
        ("pow(3, 4)", "81"),
        ("pow(0, -1)", "+Inf"),
        ("signum(-3)", "-1"),
        ("signum(1.5)", "error in argument 1: it must be a whole number"),
        (r#"sum([1, 2.5, "3"])"#, "6.5"),
        ("sum([])", "error in argument 1: it must not be empty"),
        (r#"sum(["x"])"#, "error in argument 1: its elements must be numbers"),
        ("sum(5)", "error in argument 1: it must be a list, a set or a tuple, but it is a number"),
        (r#"max("5", 3)"#, "5"),
        ("min(5, 3, 4)", "3"),
        ("max()", "error: it takes at least 1 argument, but 0 were given"),
        (r#"parseint("ff", 16)"#, "255"),
        (r#"parseint("FF", 16)"#, "255"),
        (r#"parseint("Zz", 62)"#, "3817"),
        (r#"parseint("-101", 2)"#, "-5"),
        (r#"parseint("12", 63)"#, "error in argument 2: it must be a whole number from 2 to 62"),
        (r#"parseint("12x", 10)"#, r#"error in argument 1: "12x" is not a whole number of base 10"#),
        (r#"parseint("", 10)"#, r#"error in argument 1: "" is not a whole number of base 10"#),
        (r#"parseint("123456789012345678901234567890", 10)"#, "123456789012345678901234567890"),
        (r#"parseint({"$secret": "x"}, 10)"#, "error in argument 1: a sensitive value is not a whole number of base 10"),
    ]);
}
