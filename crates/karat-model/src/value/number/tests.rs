use super::*;

fn n(text: &str) -> Number {
    text.parse().unwrap()
}

fn shown(number: Option<Number>) -> String {
    number.map_or_else(|| "undefined".to_owned(), |number| number.to_string())
}

#[test]
fn printing() {
    for (text, expected) in [
        ("0", "0"),
        ("-0.0", "-0"),
        ("1.50", "1.5"),
        ("-12.25", "-12.25"),
        ("0.1", "0.1"),
        ("0.000001", "0.000001"),
        ("1e20", "100000000000000000000"),
        ("9223372036854775808", "9223372036854775808"),
        ("-9223372036854775808", "-9223372036854775808"),
        (
            "12345678901234567890123456789012345678901234567890",
            "12345678901234567890123456789012345678901234567890",
        ),
        (
            "3.14159265358979323846264338327950288419716939937510",
            "3.1415926535897932384626433832795028841971693993751",
        ),
        ("5e-7", "0.0000005"),
        ("9.99", "9.99"),
        ("99999999999999999999.5", "99999999999999999999.5"),
    ] {
        assert_eq!(n(text).to_string(), expected, "{text}");
    }
    let huge = n("1e400").to_string();
    assert!(huge.len() == 401 && huge.starts_with('1') && huge[1..].bytes().all(|b| b == b'0'));
}

#[test]
fn a_third_depends_on_precision() {
    let third = n("1").div(&n("3")).unwrap().to_string();
    assert_eq!(third, format!("0.{}5", "3".repeat(154)));
    let counted = Number::from(1).div(&Number::from(3)).unwrap();
    assert_eq!(counted.to_string(), "0.33333333333333333334");
    let float = Number::try_from(1.0 / 3.0).unwrap();
    assert_eq!(float.to_string(), "0.3333333333333333");
}

#[test]
fn binary_fractions_are_read_as_a_division_would() {
    for (read, divided) in
        [("2.5", "25e-1"), ("-0.75", "-75e-2"), ("12.50", "1250e-2"), ("4.0", "40e-1"), ("0.0", "0e-1")]
    {
        assert_eq!(n(read), n(divided));
        let third = |text| shown(n(text).div(&n("3")));
        assert_eq!(third(read), third(divided), "{read} has another precision");
    }
}

#[test]
fn floats_print_like_rust_prints_them() {
    for float in
        [0.1, 0.3, 1.0 / 3.0, 123456.789, 1e21, 1.7976931348623157e308, 2.5, 1e-7, 9007199254740993.0]
    {
        assert_eq!(Number::try_from(float).unwrap().to_string(), format!("{float}"), "{float:e}");
        assert_eq!(Number::try_from(float).unwrap().to_f64(), Some(float));
    }
    assert!(Number::try_from(f64::NAN).is_err());
}

#[test]
fn arithmetic() {
    assert_eq!(n("0.1").add(&n("0.2")), Some(n("0.3")));
    for (found, expected) in [
        (n("0.1").add(&n("0.2")), "0.3"),
        (n("1").sub(&n("0.75")), "0.25"),
        (n("1.5").mul(&n("0.1")), "0.15"),
        (n("7").div(&n("2")), "3.5"),
        (n("1").div(&n("0")), "+Inf"),
        (n("-1").div(&n("0")), "-Inf"),
        (n("0").div(&n("0")), "undefined"),
        (n("5").rem(&n("0")), "5"),
        (n("5").rem(&n("3")), "2"),
        (n("-5").rem(&n("3")), "-2"),
        (n("5").rem(&n("-3")), "2"),
        (n("5.5").rem(&n("2")), "1.5"),
        (
            n("792.7875097").rem(&n("0.99204370049745665")),
            "0.14459300253213665000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001125",
        ),
        (Some(n("-2.5").floor()), "-3"),
        (Some(n("-2.5").ceil()), "-2"),
        (n("9223372036854775807").add(&n("1")), "9223372036854775808"),
        (Number::from(i64::MAX).mul(&Number::from(i64::MAX)), "85070591730234615847396907784232501249"),
        (Some(Number::from(i64::MIN).neg()), "9223372036854775808"),
        (Number::infinity().sub(&Number::infinity()), "undefined"),
    ] {
        assert_eq!(shown(found), expected);
    }
}

#[test]
fn order_and_machine_integers() {
    assert!(n("0.5") < n("1") && n("-0.5") > n("-1") && n("1e30") < Number::infinity() && n("-3") < n("0.1"));
    assert!(Number::infinity().neg() < n("-1e30"));
    assert_eq!(n("18446744073709551615").to_u64(), Some(u64::MAX));
    assert_eq!(n("18446744073709551616").to_u64(), None);
    assert_eq!(n("-1").to_u64(), None);
    assert_eq!(n("1.5").to_i64(), None);
    assert_eq!(Number::from(u64::MAX).to_u64(), Some(u64::MAX));
}

#[test]
fn what_is_not_a_number() {
    for text in
        ["", "-", ".", "1e", "e5", "0x10", "1_000", " 1", "1 ", "Infinity", "INF", "NaN", "--1", "1.2.3"]
    {
        assert_eq!(text.parse::<Number>(), Err(ParseNumberError::Syntax), "{text:?}");
    }
    assert_eq!("1e999999999".parse::<Number>(), Err(ParseNumberError::Range));
    assert_eq!("1e99999999999999999999".parse::<Number>(), Err(ParseNumberError::Range));
}
