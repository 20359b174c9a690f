use super::{Json, Object};

fn object(properties: impl IntoIterator<Item = (&'static str, Json)>) -> Json {
    Json::Object(properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Object>())
}

#[test]
fn keys_are_sorted_by_bytes_and_levels_take_two_spaces() {
    let inner = object([("é", Json::Null), ("z", Json::List(vec![])), ("Z", Json::Bool(true))]);
    let json = object([("b", Json::List(vec![inner, Json::Number(1.0)])), ("a", object([]))]);
    let expected = r#"{
  "a": {},
  "b": [
    {
      "Z": true,
      "z": [],
      "é": null
    },
    1
  ]
}"#;
    assert_eq!(json.to_string(), expected);
}

#[test]
fn numbers_are_written_as_go_writes_them() {
    let cases = [
        (0.0, "0"),
        (-0.0, "-0"),
        (-12.5, "-12.5"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (-1.5e300, "-1.5e+300"),
        (123456789012345678901.0, "123456789012345680000"),
        (1e-6, "0.000001"),
        (1.5e-7, "1.5e-7"),
        (5e-324, "5e-324"),
        (0.1, "0.1"),
    ];
    for (number, expected) in cases {
        assert_eq!(Json::Number(number).to_string(), expected);
    }
}

#[test]
fn texts_escape_what_packer_escapes() {
    let text = "\"\\/ <b>&amp; \u{8}\u{c}\n\r\t\u{1}\u{7f} \u{2028} é \u{1f600}";
    let expected = "\"\\\"\\\\/ <b>\\u0026amp; \\b\\f\\n\\r\\t\\u0001\u{7f} \\u2028 é \u{1f600}\"";
    assert_eq!(Json::Text(text.into()).to_string(), expected);
}
