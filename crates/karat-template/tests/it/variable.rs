use karat_template::{Inputs, VarFile, evaluate, from_texts};

use crate::rendering::{evaluation, problems_of, schemas, show, titles, whole};

const USE: &str =
    "\nsource \"null\" \"s\" {\n  ssh_host = jsonencode(var.v)\n}\nbuild {\n  sources = [\"null.s\"]\n}\n";

/// The value of `var.v` as JSON, or the titles of what is wrong.
fn value(declaration: &str, adjust: impl FnOnce(&mut Inputs<'_>)) -> String {
    let evaluation = evaluation(&format!("{declaration}{USE}"), adjust);
    match &evaluation.plan {
        Some(plan) if evaluation.diagnostics.is_empty() => {
            let host = plan.builds[0].source.config.get("ssh_host").unwrap();
            host.as_str().map_or_else(|| show(host), str::to_owned)
        }
        _ => titles(&evaluation).join("\n"),
    }
}

fn argument(value: &str) -> impl FnOnce(&mut Inputs<'_>) {
    move |inputs: &mut Inputs<'_>| inputs.arguments.push(("v".to_owned(), value.to_owned()))
}

fn file(name: &str, text: &str) -> VarFile {
    VarFile { name: name.to_owned(), text: text.to_owned() }
}

#[test]
fn tpl_06_later_sources_win() {
    let template = format!("variable \"v\" {{\n  default = \"default\"\n}}\n{USE}");
    let schemas = schemas();
    let mut inputs = Inputs::new("/cwd", &schemas);
    let mut auto: Vec<(String, String)> = Vec::new();
    let mut expected = vec!["\"default\""];
    let mut found = Vec::new();
    let mut run = |inputs: &Inputs<'_>, auto: &[(String, String)]| {
        let loaded = from_texts([("t.pkr.hcl".to_owned(), template.clone())], auto.iter().cloned());
        let plan = whole(evaluate(&loaded, inputs)).plan.unwrap();
        found.push(plan.builds[0].source.config.get("ssh_host").unwrap().as_str().unwrap().to_owned());
    };
    run(&inputs, &auto);
    inputs.environment.insert("PKR_VAR_v".into(), "env".into());
    run(&inputs, &auto);
    expected.push("\"env\"");
    auto.push(("a.auto.pkrvars.hcl".into(), "v = \"auto\"".into()));
    run(&inputs, &auto);
    expected.push("\"auto\"");
    auto.push(("a.auto.pkrvars.json".into(), "{\"v\": \"auto-json\"}".into()));
    run(&inputs, &auto);
    expected.push("\"auto-json\"");
    inputs.var_files.push(file("1.hcl", "v = \"file1\""));
    inputs.var_files.push(file("2.json", "{\"v\": \"${file2}\"}"));
    run(&inputs, &auto);
    expected.push("\"${file2}\"");
    inputs.arguments.push(("v".into(), "arg1".into()));
    inputs.arguments.push(("v".into(), "arg2".into()));
    run(&inputs, &auto);
    expected.push("\"arg2\"");
    assert_eq!(found, expected);
}

#[test]
fn tpl_06_text_is_literal_for_strings_and_numbers_and_an_expression_otherwise() {
    let cases = [
        ("type = string", "[1]", "\"[1]\""),
        ("type = number", "12", "12"),
        ("type = any", "true", "\"true\""),
        ("type = any\ndefault = {}", "[1]", "\"[1]\""),
        ("type = any\ndefault = [1]", "[\"2\"]", "[2]"),
        ("", "x y", "\"x y\""),
        ("default = \"d\"", "[1]", "\"[1]\""),
        ("type = bool", "true", "true"),
        ("type = list(string)", "[1, \"a\"]", "[\"1\",\"a\"]"),
        ("type = map(number)", "{ a = 1 }", "{\"a\":1}"),
        ("default = [\"a\"]", "[\"b\"]", "[\"b\"]"),
        ("default = []", "x", "\"x\""),
        ("type = set(string)", "[\"b\", \"a\", \"b\"]", "[\"a\",\"b\"]"),
    ];
    for (declaration, text, expected) in cases {
        let declaration = format!("variable \"v\" {{\n{declaration}\n}}");
        assert_eq!(value(&declaration, argument(text)), expected, "{declaration} {text}");
        let environment = value(&declaration, |inputs| {
            inputs.environment.insert("PKR_VAR_v".to_owned(), text.to_owned());
        });
        assert_eq!(environment, expected, "{declaration} {text}");
    }
}

#[test]
fn tpl_06_values_that_do_not_fit() {
    let declare = |body: &str| format!("variable \"v\" {{\n  {body}\n}}");
    let place = "<value for var.v from arguments>:1";
    let cases = [
        ("type = number", "x", format!("{place}:1 Invalid argument value for -var variable")),
        ("type = list(string)", "x", format!("{place}:1 Variables not allowed")),
        ("type = list(string)", "[upper(\"a\")]", format!("{place}:2 Function calls not allowed")),
        (
            "default = [\"a\"]",
            "[\"a\", \"b\"]",
            format!("{place}:1 Invalid argument value for -var variable"),
        ),
    ];
    for (body, text, expected) in cases {
        assert_eq!(value(&declare(body), argument(text)), expected, "{body} {text}");
    }
    let shown = problems_of(&evaluation(
        &format!("{}{USE}", declare("default = [\"a\"]")),
        argument("[\"a\", \"b\"]"),
    ));
    assert!(shown.contains("type = list(string)"), "{shown}");
}

#[test]
fn tpl_06_undeclared_names() {
    let declaration = "variable \"v\" {\n  default = 1\n}";
    let other = |inputs: &mut Inputs<'_>| inputs.arguments.push(("w".into(), "1".into()));
    assert_eq!(value(declaration, other), "Undefined -var variable");
    let environment = |inputs: &mut Inputs<'_>| {
        inputs.environment.insert("PKR_VAR_w".into(), "1".into());
    };
    assert_eq!(value(declaration, environment), "1");
    let in_file = |inputs: &mut Inputs<'_>| inputs.var_files.push(file("f.hcl", "w = 1\n"));
    assert_eq!(value(declaration, in_file), "1", "silent unless asked");
    let warned = |inputs: &mut Inputs<'_>| {
        in_file(inputs);
        inputs.warn_undeclared = true;
    };
    assert_eq!(value(declaration, warned), "f.hcl:1:1 warning: Undefined variable");
    let not_asked = |inputs: &mut Inputs<'_>| inputs.var_files.push(file("f.hcl", "w = nonsense.x\n"));
    assert_eq!(value(declaration, not_asked), "1", "nobody asks for its value");
    let block = |inputs: &mut Inputs<'_>| inputs.var_files.push(file("f.hcl", "variable \"v\" {\n}\n"));
    assert_eq!(value(declaration, block), "f.hcl:1:1 Variable declaration in a .pkrvar file");
    let unknown = |inputs: &mut Inputs<'_>| inputs.var_files.push(file("f.txt", ""));
    assert_eq!(value(declaration, unknown), "Could not guess format of f.txt");
    let json = |inputs: &mut Inputs<'_>| inputs.var_files.push(file("f.json", "{\n  \"v\" 1\n}\n"));
    assert_eq!(value(declaration, json), "f.json:2:7 There is no `:` between the name and the value");
}

#[test]
fn tpl_07_every_variable_must_be_set() {
    let two = "variable \"v\" {\n  type = string\n}\nvariable \"idle\" {\n}\n";
    assert_eq!(
        value(two, |_| ()),
        "t.pkr.hcl:1:10 Unset variable \"v\"\nt.pkr.hcl:4:10 Unset variable \"idle\""
    );
    assert_eq!(value("variable \"v\" {\n  default = null\n}", |_| ()), "null");
}

#[test]
fn tpl_07_validation() {
    let rule = |condition: &str, message: &str| {
        format!(
            "variable \"v\" {{\n  default = \"abc\"\n  validation {{\n    condition = {condition}\n    error_message = \"{message}\"\n  }}\n}}"
        )
    };
    let good = "Too short.";
    assert_eq!(value(&rule("length(var.v) > 2", good), |_| ()), "\"abc\"");
    let failed = evaluation(&format!("{}{USE}", rule("length(var.v) > 3", good)), argument("ab"));
    assert_eq!(
        problems_of(&failed),
        "Error: Invalid value for cmd variable\n\n  on <value for var.v from arguments> line 1:\n   1: ab\n\nToo short.\n\n\
         This was checked by the validation rule at t.pkr.hcl:3:3.\n\n  on t.pkr.hcl line 4 (the rule of var.v):\n   4:     condition = length(var.v) > 3\n\n"
    );
    let cases = [
        (rule("length(var.v) > 3", good), "t.pkr.hcl:2:13 Invalid value for default variable"),
        (rule("true", good), "t.pkr.hcl:4:17 Invalid variable validation condition"),
        (rule("var.w == var.v", good), "t.pkr.hcl:4:17 Invalid reference in variable validation"),
        (rule("var.v", good), "t.pkr.hcl:4:17 Invalid variable validation result"),
        (rule("true == var.v ? null : null", good), "t.pkr.hcl:4:17 Invalid variable validation result"),
        (rule("length(var.v) > 2", "too short"), "t.pkr.hcl:5:21 Invalid validation error message"),
        (rule("length(var.v) > 2", "too short."), "t.pkr.hcl:5:21 Invalid validation error message"),
        (rule("length(var.v) > 2", " "), "t.pkr.hcl:5:21 Invalid validation error message"),
        (rule("length(var.v) > 2", "\u{77ed}."), "t.pkr.hcl:5:21 Invalid validation error message"),
        (rule("length(var.v) > 2", "\\n Too short! \\n"), "\"abc\""),
        (rule("length(var.v) > 2", "3 are too few?"), "\"abc\""),
        (
            "variable \"v\" {\n  default = 1\n  validation {\n    condition = var.v > 0\n  }\n}".to_owned(),
            "t.pkr.hcl:5:3 The argument `error_message` is required",
        ),
    ];
    for (declaration, expected) in cases {
        assert_eq!(value(&declaration, |_| ()), expected, "{declaration}");
    }
}

#[test]
fn tpl_07_what_a_declaration_says_is_fixed_and_not_null() {
    let declare = |line: &str| value(&format!("variable \"v\" {{\n  default = 1\n  {line}\n}}"), |_| ());
    assert_eq!(declare("description = 5"), "1");
    assert_eq!(declare("sensitive = \"false\""), "1");
    assert_eq!(declare("description = null"), "t.pkr.hcl:3:17 Unsuitable value type");
    assert_eq!(declare("sensitive = null"), "t.pkr.hcl:3:15 Unsuitable value type");
    assert_eq!(declare("sensitive = \"yes\""), "t.pkr.hcl:3:15 Unsuitable value type");
    assert_eq!(declare("description = var.v"), "t.pkr.hcl:3:17 Variables not allowed");
    assert_eq!(declare("ephemeral = true"), "t.pkr.hcl:3:3 There is no argument `ephemeral` here");
}

#[test]
fn tpl_07_rules_all_speak_and_only_of_the_value_that_counts() {
    let rule = |wanted: &str| {
        format!(
            "validation {{\n    condition = var.v == \"{wanted}\"\n    error_message = \"Not {wanted}.\"\n  }}\n  "
        )
    };
    let declaration = format!("variable \"v\" {{\n  default = \"abc\"\n  {}{}\n}}", rule("x"), rule("y"));
    let shown = problems_of(&evaluation(&format!("{declaration}{USE}"), |_| ()));
    assert_eq!(shown.matches("Error: Invalid value for default variable").count(), 1, "{shown}");
    assert!(shown.contains("Not x.") && shown.contains("Not y."), "{shown}");
    let failed = "<value for var.v from arguments>:1:1 Invalid value for cmd variable";
    assert_eq!(value(&declaration, argument("y")), failed, "the default is not looked at");
}

#[test]
fn tpl_07_optional_attributes() {
    let declaration = "variable \"v\" {\n  type = list(object({\n    name = string\n    size = optional(number, 5)\n    tag  = optional(string)\n  }))\n}";
    assert_eq!(
        value(declaration, argument("[{ name = \"a\" }, { name = 1, size = \"2\", tag = \"t\" }]")),
        r#"[{"name":"a","size":5,"tag":null},{"name":"1","size":2,"tag":"t"}]"#
    );
    assert_eq!(
        value(declaration, argument("[{ size = 1 }]")),
        "<value for var.v from arguments>:1:1 Invalid argument value for -var variable"
    );
}

#[test]
fn tpl_07_defaults_may_call_env_and_nothing_else() {
    let set = |inputs: &mut Inputs<'_>| {
        inputs.environment.insert("X".into(), "from env".into());
    };
    assert_eq!(value("variable \"v\" {\n  default = env(\"X\")\n}", set), "\"from env\"");
    assert_eq!(value("variable \"v\" {\n  default = env(\"Y\")\n}", set), "\"\"");
    assert_eq!(
        value("variable \"v\" {\n  default = upper(\"x\")\n}", |_| ()),
        "t.pkr.hcl:2:13 There is no function `upper`"
    );
    assert_eq!(
        value("variable \"w\" {\n  default = 1\n}\nvariable \"v\" {\n  default = var.w\n}", |_| ()),
        "t.pkr.hcl:5:13 Variables not allowed"
    );
    assert_eq!(
        value("variable \"v\" {\n  type = number\n  default = \"x\"\n}", |_| ()),
        "t.pkr.hcl:3:13 Invalid default value for variable"
    );
    assert_eq!(
        value("variable \"v\" {\n  type = strin\n  default = \"x\"\n}", |_| ()),
        "t.pkr.hcl:2:10 There is no type `strin`"
    );
}

#[test]
fn tpl_07_sensitive_values_are_secrets_and_never_in_excerpts() {
    let declaration =
        "variable \"v\" {\n  sensitive = true\n  type = object({ a = string, b = list(string) })\n}\n";
    let found = evaluation(&format!("{declaration}{USE}"), argument("{ a = \"s1\", b = [\"s2\", \"s3\"] }"));
    assert_eq!(titles(&found), Vec::<String>::new());
    assert_eq!(found.secrets, ["s1", "s2", "s3"]);
    let plan = found.plan.unwrap();
    assert_eq!(plan.secrets, ["s1", "s2", "s3"]);
    assert!(
        plan.builds[0].source.config.get("ssh_host").unwrap().is_sensitive(),
        "what is derived is a secret, too"
    );
    for wrong in ["{ a = \"hunter2\" }", "[\"hunter2\"", "hunter2"] {
        let shown = problems_of(&evaluation(&format!("{declaration}{USE}"), argument(wrong)));
        assert!(shown.starts_with("Error: ") && !shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn tpl_07_variables_short_form_and_duplicates() {
    assert_eq!(value("variables {\n  v = [\"a\"]\n}", |_| ()), "[\"a\"]");
    assert_eq!(
        value("variables {\n  v = []\n}", argument("[1]")),
        "<value for var.v from arguments>:1:1 Invalid argument value for -var variable",
        "even an empty list is the type"
    );
    let twice = "variable \"v\" {\n  default = 1\n}\nvariables {\n  v = 2\n}";
    assert_eq!(value(twice, |_| ()), "t.pkr.hcl:5:3 Duplicate variable");
    assert_eq!(
        value("variable \"1v\" {\n  default = 1\n}\nvariable \"v\" {\n  default = 1\n}", |_| ()),
        "t.pkr.hcl:1:10 Invalid variable name"
    );
}
