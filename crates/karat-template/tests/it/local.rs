use std::fmt::Write;

use crate::rendering::{evaluation, plan, problems, problems_of, titles};

const USE: &str =
    "source \"null\" \"s\" {\n  ssh_host = jsonencode(local)\n}\nbuild {\n  sources = [\"null.s\"]\n}\n";

fn values(locals: &str) -> String {
    let evaluation = evaluation(&format!("{locals}{USE}"), |_| ());
    match &evaluation.plan {
        Some(plan) if evaluation.diagnostics.is_empty() => {
            plan.builds[0].source.config.get("ssh_host").unwrap().as_str().unwrap().to_owned()
        }
        _ => titles(&evaluation).join("\n"),
    }
}

#[test]
fn tpl_08_locals_are_evaluated_in_the_order_of_need() {
    assert_eq!(
        values(
            "locals {\n  a = local.b + 1\n  b = local.c * 2\n}\nlocals {\n  c = 5\n  l = [for local in [1] : local]\n}\nlocal \"d\" {\n  expression = local[\"a\"]\n}\n"
        ),
        r#"{"a":11,"b":10,"c":5,"d":11,"l":[1]}"#
    );
}

#[test]
fn tpl_08_local_as_a_whole_is_what_can_be_known_before() {
    let text = "locals {\n  c = local.all.a\n  all = local\n  key = \"b\"\n  one = local[local.key]\n  a = 1\n  b = 2\n}\n";
    assert_eq!(values(text), r#"{"a":1,"all":{"a":1,"b":2,"key":"b"},"b":2,"c":1,"key":"b","one":2}"#);
}

#[test]
fn tpl_08_a_cycle_shows_each_edge() {
    let text = format!(
        "locals {{\n  a = local.b\n  b = upper(local.c)\n  c = local.a\n  d = local.c\n  e = 1\n}}\n{USE}"
    );
    let evaluation = evaluation(&text, |_| ());
    assert_eq!(
        problems_of(&evaluation),
        "Error: Local values need one another in a circle\n\n  on t.pkr.hcl line 2, in locals:\n   2:   a = local.b\n\n\
         local.a needs local.b\n\nCycle: local.a, local.b, local.c, local.a\n\n  \
         on t.pkr.hcl line 3 (local.b needs local.c):\n   3:   b = upper(local.c)\n\n  \
         on t.pkr.hcl line 4 (local.c needs local.a):\n   4:   c = local.a\n\n"
    );
    assert!(evaluation.plan.is_none());
}

#[test]
fn tpl_08_a_local_that_needs_itself_and_two_circles() {
    let text = "locals {\n  a = local.a\n  b = local.c\n  c = local.b\n}\n";
    let cycle = "Local values need one another in a circle";
    assert_eq!(values(text), format!("t.pkr.hcl:2:7 {cycle}\nt.pkr.hcl:3:7 {cycle}"));
}

#[test]
fn tpl_08_a_local_that_is_missing_is_named_once() {
    let text = "locals {\n  disk_size = 5\n  a = local.dsk_size\n  b = local.a\n}\n";
    assert_eq!(values(text), "t.pkr.hcl:3:13 There is no local value `dsk_size`");
    let shown = problems(&format!("{text}{USE}"));
    assert!(shown.contains("Help: did you mean `local.disk_size`?"), "{shown}");
}

#[test]
fn tpl_08_duplicates_say_where_the_other_is() {
    let shown = problems(&format!("locals {{\n  a = 1\n}}\nlocal \"a\" {{\n  expression = 2\n}}\n{USE}"));
    let head = "Error: Duplicate local definition\n\n  on t.pkr.hcl line 4, in local \"a\":\n   4: local \"a\" {\n\n";
    assert!(shown.starts_with(head), "{shown}");
    assert!(shown.replace('\n', " ").contains("Other definition found at \"t.pkr.hcl:2:3\""), "{shown}");
    assert_eq!(values("local \"a\" {\n}\n"), "t.pkr.hcl:2:1 The argument `expression` is required");
}

#[test]
fn tpl_08_sensitive_locals_are_secrets() {
    let text =
        format!("local \"a\" {{\n  sensitive = true\n  expression = [\"s1\", {{ b = \"s2\" }}]\n}}\n{USE}");
    assert_eq!(evaluation(&text, |_| ()).secrets, ["s1", "s2"]);
}

#[test]
fn tpl_08_a_chain_of_ten_thousand_locals_needs_no_deep_stack() {
    let mut text = String::from("locals {\n  x0 = 1\n");
    for at in 1..10_000 {
        writeln!(text, "  x{at} = local.x{} + 1", at - 1).unwrap();
    }
    text.push_str(
        "}\nsource \"null\" \"s\" {\n  ssh_port = local.x9999\n}\nbuild {\n  sources = [\"null.s\"]\n}\n",
    );
    assert_eq!(plan(&text), "null.s (source s)\n  null {ssh_port=10000}\n");
}
