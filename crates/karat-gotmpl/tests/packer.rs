//! The functions of Packer, and the values that its plugins render with.
#![allow(clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};

use karat_gotmpl::function::{RunFacts, standard};
use karat_gotmpl::{Functions, Template, Value, render};

fn facts() -> RunFacts {
    RunFacts {
        start: (1_700_000_000, 5_000_000),
        template_dir: Some("/templates".to_owned()),
        cwd: "/home/me".to_owned(),
        build_name: Some("web".to_owned()),
        build_type: Some("qemu".to_owned()),
        packer_version: "1.16.0".to_owned(),
        variables: BTreeMap::from([("region".to_owned(), "Here".to_owned())]),
        build_data: None,
    }
}

fn text(template: &str, facts: &RunFacts) -> String {
    render(template, &Value::Null, &standard(facts)).unwrap_or_else(|error| format!("error: {error}"))
}

#[test]
fn tpl_03_functions_answer_as_in_packer() {
    let cases = [
        ("{{timestamp}}", "1700000000"),
        ("{{isotime}}", "2023-11-14T22:13:20Z"),
        ("{{isotime `2006-01-02 030405`}}", "2023-11-14 101320"),
        (
            "{{isotime `a` `b`}}",
            "error: 1:3: <isotime `a` `b`>: error calling isotime: wrong number of args: want 1 got 2",
        ),
        ("{{strftime `%Y%m%d%H%M%S%L`}}", "20231114221320.005"),
        ("{{user `region`}}/{{user `none`}}/{{user `region` | lower | upper}}", "Here//HERE"),
        ("{{pwd}} {{template_dir}} {{packer_version}}", "/home/me /templates 1.16.0"),
        ("{{build_name}} {{build_type}}", "web qemu"),
        (
            "{{build `Host`}}",
            "error: 1:3: <build `Host`>: error calling build: \"Host\" is known only in provisioners and \
             post-processors, once there is a machine",
        ),
        (
            "{{vault `a` `b`}}",
            "error: 1:3: <vault `a` `b`>: error calling vault: secret stores can be read only in the default values of \
             variables; declare a variable with this default and use it here",
        ),
        (
            "{{replace `a` `b` 1 `aaa`}} {{replace `a` `b` -1 `aaa`}} {{replace_all `` `-` `ab`}}",
            "baa bbb -a-b-",
        ),
        ("{{upper `straße é ᾳ`}}{{lower `ÀΣİ`}}", "STRAßE É ᾼàσi"),
        ("{{user `region` | replace_all `e` `.`}}", "H.r."),
        ("{{split `a-b-c` `-` 1}}{{split `xyz` `` 2}}", "bz"),
        (
            "{{split `a-b` `-` 2}}",
            "error: 1:3: <split `a-b` `-` 2>: error calling split: \
             \"a-b\" has no part 2 when split at \"-\"; parts count from 0",
        ),
        (
            "{{upper 1}}",
            "error: 1:3: <upper 1>: error calling upper: wrong type for value; expected string; got int",
        ),
        ("{{lower}}", "error: 1:3: <lower>: error calling lower: wrong number of args: want 1 got 0"),
        (
            "\n  {{ env `HOME` }}",
            "error: 2:6: <env `HOME`>: error calling env: environment variables can be read only in the default \
             values of variables; declare a variable with this default and use it here",
        ),
        (
            "{{sed `s/a/b/` `a`}}",
            "error: 1:3: <sed `s/a/b/` `a`>: error calling sed: \
             the function was removed from Packer; use replace or replace_all instead",
        ),
        ("{{clean_resource_name `a`}}", "error: 1:3: function \"clean_resource_name\" not defined"),
    ];
    for (template, expected) in cases {
        assert_eq!(text(template, &facts()), expected, "{template}");
    }
}

#[test]
fn tpl_03_what_is_not_known_is_an_error() {
    let nowhere = RunFacts::default();
    assert!(text("{{build_name}}", &nowhere).contains("the name of the build is not available here"));
    assert!(text("{{build_type}}", &nowhere).contains("the type of the builder is not available here"));
    assert!(text("{{template_dir}}", &nowhere).contains("the template is not in a file"));
    let data =
        BTreeMap::from([("Host".to_owned(), "10.0.0.1".to_owned()), ("Port".to_owned(), "22".to_owned())]);
    let running = RunFacts { build_data: Some(data), ..facts() };
    assert_eq!(text("{{build `Host`}}", &running), "10.0.0.1");
    assert!(text("{{build `Hots`}}", &running).ends_with("the build knows no \"Hots\"; it knows Host, Port"));
}

#[test]
fn tpl_03_every_uuid_is_new_and_begins_with_the_time() {
    let both = text("{{uuid}} {{uuid}}", &facts());
    let (a, b) = both.split_once(' ').expect("two identifiers");
    assert_ne!(a, b);
    for uuid in [a, b] {
        let lengths: Vec<_> = uuid.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert!(u32::from_str_radix(&uuid[..8], 16).expect("hexadecimal digits") > 1_700_000_000);
    }
}

#[test]
fn a_struct_misses_no_field_and_a_map_does() {
    let fields = [("Vars", Value::from("A=1")), ("Path", "/tmp/x.sh".into())];
    let command = "chmod +x {{ .Path }}; {{ .Vars }} {{ .Path }}";
    let functions = Functions::default();
    let expected = "chmod +x /tmp/x.sh; A=1 /tmp/x.sh";
    assert_eq!(render(command, &Value::structure(fields.clone()), &functions).as_deref(), Ok(expected));
    assert_eq!(render("{{.Name}}", &Value::map(fields.clone()), &functions).as_deref(), Ok("<no value>"));
    let error = render("x\n{{.Name}}", &Value::structure(fields), &functions).expect_err("no such field");
    assert_eq!((error.line, error.column), (2, 3));
    assert_eq!(error.message, "<.Name>: there is no .Name; there are .Path, .Vars");
}

#[test]
fn a_template_tells_what_it_asks_for() {
    let functions = standard(&facts());
    let ask = |text: &str| Template::parse(text, &functions).expect("a template");
    let fields =
        ask("{{.A.B}}{{if .C}}{{$.D | printf `%s` (.E)}}{{end}}{{define `x`}}{{.F}}{{end}}").fields();
    assert_eq!(fields, ["A", "C", "D", "E", "F"].map(str::to_owned).into_iter().collect::<BTreeSet<_>>());
    assert!(ask("plain } text {").is_literal());
    assert!(!ask("{{/* nothing */}}").is_literal());
    assert!(!ask("{{`a`}}").is_literal());
}

#[test]
fn own_functions_win_over_gos() {
    let mut functions = Functions::default();
    functions.insert("len", |_| Ok("mine".into()));
    let mut more = Functions::default();
    more.insert("twice", |arguments| Ok(Value::List(arguments.iter().chain(arguments).cloned().collect())));
    functions.extend(more);
    assert_eq!(functions.names().collect::<Vec<_>>(), ["len", "twice"]);
    assert_eq!(
        render("{{len .}} {{twice 1 | len}} {{twice 1}}", &Value::Null, &functions).as_deref(),
        Ok("mine mine [1 1]")
    );
}

#[test]
fn nesting_is_bounded_where_texts_are_parsed_and_rendered() {
    let functions = Functions::default();
    let parens = |depth: usize| format!("{{{{{}1{}}}}}", "(".repeat(depth), ")".repeat(depth));
    let blocks = |depth: usize| format!("{}x{}", "{{if true}}".repeat(depth), "{{end}}".repeat(depth));
    let elses = |depth: usize| format!("{{{{if false}}}}{}{{{{end}}}}", "{{else if false}}".repeat(depth));
    assert_eq!(render(&parens(100), &Value::Null, &functions).as_deref(), Ok("1"));
    assert_eq!(render(&blocks(100), &Value::Null, &functions).as_deref(), Ok("x"));
    for deep in [parens(101), blocks(101), elses(101), parens(100_000), blocks(100_000)] {
        let error = render(&deep, &Value::Null, &functions).expect_err("too deep");
        assert!(error.message.starts_with("nested deeper than 100 levels"), "{error}");
    }
    let body = "{{if true}}{{with .}}{{(template_itself)}}{{end}}{{end}}"
        .replace("{{(template_itself)}}", "{{template `T` (print .)}}");
    let endless = format!("{{{{define `T`}}}}{body}{{{{end}}}}{{{{template `T` 1}}}}");
    let error = render(&endless, &Value::Null, &functions).expect_err("endless");
    assert!(error.message.ends_with("exceeded the maximum depth of 400"), "{error}");
}

#[test]
fn work_is_bounded_where_texts_are_rendered() {
    let functions = standard(&facts());
    let doubled = "{{$x = print $x $x}}".repeat(60);
    let thousands = "{{printf `%1000000d` 1}}".repeat(300);
    for (endless, reason) in [
        ("{{range 9223372036854775807}}{{end}}".to_owned(), "takes too many steps or makes too much text"),
        ("{{range 9999999}}{{range 9999999}}x{{end}}{{end}}".to_owned(), "takes too many steps"),
        (format!("{{{{$x := `text`}}}}{doubled}"), "makes too much text"),
        (thousands, "makes too much text"),
        (
            "{{define `T`}}{{template `T`}}{{end}}{{template `T`}}".to_owned(),
            "exceeded the maximum depth of 400",
        ),
        (
            "{{$x := printf `%1000000d` 1}}{{replace_all `` $x $x}}".to_owned(),
            "the text would be longer than 16 MiB",
        ),
        (format!("{{{{printf `{}` 1}}}}", "%1000000[1]d".repeat(90)), "the text would be longer than 16 MiB"),
        ("{{$x := 1}}".repeat(10_001), "more than 10000 variables"),
    ] {
        let error = render(&endless, &Value::Null, &functions).expect_err("endless");
        assert!(error.message.contains(reason), "{error}");
    }
}

#[test]
fn positions_count_characters() {
    let error = render("é{{/* é */}}\n日本{{ nope }}", &Value::Null, &Functions::default())
        .expect_err("unknown function");
    assert_eq!(error.to_string(), "2:6: function \"nope\" not defined");
}
