use super::*;

fn text(value: &Value) -> String {
    value.to_json().map_or_else(|error| error.to_string(), |json| json.to_string())
}

fn entries<const N: usize>(entries: [(&str, Value); N]) -> BTreeMap<String, Value> {
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[test]
fn conversions() {
    let t = |elements: Vec<Value>| Value::tuple(elements);
    let string = || Type::list(Type::String);
    let optional = Type::Object(Arc::new(BTreeMap::from([
        ("a".to_owned(), ObjectAttr { ty: Type::Number, optional: false }),
        ("b".to_owned(), ObjectAttr { ty: Type::String, optional: true }),
    ])));
    let cases = [
        (Value::number(5), Type::String, r#""5""#),
        (Value::string("12"), Type::Number, "12"),
        (Value::string("x"), Type::Number, r#"a number is required, but "x" is not a number"#),
        (
            Value::string("x").mark_sensitive(),
            Type::Number,
            "a number is required, but this string is not a number",
        ),
        (Value::string("1"), Type::Bool, "true"),
        (Value::string("True"), Type::Bool, "a bool is required; write true in lower case"),
        (Value::number(1), Type::Bool, "a bool is required, but this is a number"),
        (t(vec![1.into(), "a".into()]), Type::list(Type::Any), r#"["1","a"]"#),
        (t(vec![1.into(), true.into()]), string(), r#"["1","true"]"#),
        (t(vec![1.into(), t(vec![])]), string(), "[1]: a string is required, but this is a tuple"),
        (t(vec!["b".into(), "a".into(), "b".into()]), Type::set(Type::String), r#"["a","b"]"#),
        (
            t(vec![1.into(), t(vec![])]),
            Type::list(Type::Any),
            "all elements must have the same type, and these have no type in common",
        ),
        (t(vec![1.into()]), Type::tuple([Type::String]), r#"["1"]"#),
        (t(vec![1.into()]), Type::tuple([]), "a tuple of 0 elements is required, but this one has 1"),
        (
            Value::object(entries([("x", 1.into()), ("y", "z".into())])),
            Type::map(Type::String),
            r#"{"x":"1","y":"z"}"#,
        ),
        (
            Value::object(entries([("x", t(vec![]))])),
            Type::map(Type::String),
            r#"["x"]: a string is required, but this is a tuple"#,
        ),
        (
            Value::object(entries([("a", "1".into()), ("c", 1.into())])),
            optional.clone(),
            r#"{"a":1,"b":null}"#,
        ),
        (Value::object(entries([("b", 1.into())])), optional.clone(), r#"the attribute "a" is required"#),
        (Value::null(Type::Any), string(), "null"),
        (Value::null(Type::Number), string(), "a list of string is required, but this is a number"),
        (Value::string("a"), string(), "a list of string is required, but this is a string"),
    ];
    for (value, ty, expected) in cases {
        let found = value.convert(&ty).map_or_else(|error| error.to_string(), |value| text(&value));
        assert_eq!(found, expected, "{value:?} as {ty}");
        if let Ok(value) = value.convert(&ty) {
            assert!(ty.has_any() || *value.ty() == ty.without_optional(), "{value:?} as {ty}");
        }
    }
}

#[test]
fn unknown_values_convert_by_type() {
    let unknown = Value::unknown(Type::tuple([Type::Number, Type::String]));
    assert_eq!(unknown.convert(&Type::list(Type::Any)).unwrap(), Value::unknown(Type::list(Type::String)));
    assert!(unknown.convert(&Type::Bool).is_err());
    assert!(Value::unknown(Type::Any).convert(&Type::Bool).unwrap().ty() == &Type::Bool);
    let partly = Value::tuple(vec![Value::unknown(Type::Number), 1.into()]);
    assert!(partly.is_known() && !partly.is_wholly_known());
    assert_eq!(text(&partly), "a value that is not known yet cannot be written as JSON");
}

#[test]
fn unification() {
    let object = |names: &[(&str, Type)]| Type::object(names.iter().cloned());
    let cases = [
        (vec![], Some(Type::Any)),
        (vec![Type::Number, Type::String], Some(Type::String)),
        (vec![Type::Number, Type::Bool], None),
        (vec![Type::Number, Type::Any], Some(Type::Number)),
        (vec![Type::tuple([]), Type::Any], Some(Type::Any)),
        (vec![Type::set(Type::String), Type::list(Type::Number)], Some(Type::list(Type::Number))),
        (vec![Type::set(Type::String), Type::tuple([Type::Number])], Some(Type::set(Type::String))),
        (vec![Type::tuple([Type::Number]), Type::list(Type::String)], Some(Type::list(Type::String))),
        (vec![Type::tuple([Type::Number]), Type::tuple([Type::String])], Some(Type::tuple([Type::String]))),
        (vec![Type::tuple([Type::Number]), Type::tuple([])], Some(Type::list(Type::Number))),
        (vec![Type::tuple([]), object(&[])], None),
        (vec![object(&[("a", Type::Number)]), object(&[("b", Type::String)])], Some(Type::map(Type::String))),
        (
            vec![object(&[("a", Type::Number)]), object(&[("a", Type::String)])],
            Some(object(&[("a", Type::String)])),
        ),
        (vec![object(&[("a", Type::Number)]), Type::map(Type::Number)], Some(Type::map(Type::Number))),
        (vec![Type::String, Type::list(Type::String)], None),
    ];
    for (types, expected) in cases {
        assert_eq!(unify(&types), expected, "{types:?}");
    }
}

#[test]
fn sensitivity_goes_inward_and_survives_conversion() {
    let secret = Value::string("s3cret").mark_sensitive();
    let object = Value::object(entries([("password", secret.clone()), ("user", "root".into())]));
    assert!(object.is_sensitive() && !object.is_itself_sensitive());
    let map = object.convert(&Type::map(Type::String)).unwrap();
    assert_eq!(map.sensitive_strings(), ["s3cret"]);
    let whole = object.mark_sensitive();
    assert!(whole.get("user").unwrap().is_sensitive());
    assert_eq!(whole.convert(&Type::map(Type::String)).unwrap().sensitive_strings(), ["s3cret", "root"]);
    assert!(!whole.clone().unmark().is_sensitive());
    assert!(Value::set(Type::String, vec!["a".into(), secret]).is_itself_sensitive());
    assert_eq!(Value::number(5).mark_sensitive().convert(&Type::String).unwrap().sensitive_strings(), ["5"]);
}

#[test]
fn strings_are_in_normal_form() {
    assert_eq!(Value::string("e\u{301}").as_str(), Some("é"));
}

#[test]
fn equality_compares_types_too() {
    assert!(!Value::number(1).equals(&Value::string("1")));
    let tuple = Value::tuple(vec![1.into(), 2.into()]);
    assert!(tuple.equals(&tuple) && !tuple.equals(&tuple.convert(&Type::list(Type::Number)).unwrap()));
    assert!(Value::null(Type::String).equals(&Value::null(Type::Any)));
}

#[test]
fn types_travel_as_json() {
    let ty = Type::object([
        ("a", Type::list(Type::Any)),
        ("b", Type::tuple([Type::Bool, Type::map(Type::Number)])),
    ]);
    let json = ty.to_json().to_string();
    assert_eq!(json, r#"["object",{"a":["list","dynamic"],"b":["tuple",["bool",["map","number"]]]}]"#);
    assert_eq!(Type::from_json(&ty.to_json()), Ok(ty));
    assert!(Type::from_json(&serde_json::json!(["list"])).is_err());
}
