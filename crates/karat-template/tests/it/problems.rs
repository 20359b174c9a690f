use crate::rendering::{evaluation, plan, problems, titles};

#[test]
fn cli_28_three_mistakes_are_three_errors_in_the_order_of_the_text() {
    let text = r#"variable "size" {
  default = "10"
  typo    = 1
}
source "null" "one" {
  comunicator = "none"
  ssh_host    = var.sise
}
build {
  sources = ["null.one"]
  provisioner "shell" {
    inline = ["${upper(1, 2)}"]
  }
}
"#;
    let evaluation = evaluation(text, |_| ());
    assert_eq!(titles(&evaluation).len(), 4, "{:?}", titles(&evaluation));
    let starts: Vec<String> =
        titles(&evaluation).iter().map(|title| title.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(starts, ["t.pkr.hcl:3:3", "t.pkr.hcl:6:3", "t.pkr.hcl:7:21", "t.pkr.hcl:12:27"]);
    let shown = problems(text);
    for expected in [
        "  on t.pkr.hcl line 3, in variable \"size\":\n   3:   typo    = 1\n",
        "  on t.pkr.hcl line 6, in source \"null\" \"one\":\n   6:   comunicator = \"none\"\n",
        "  on t.pkr.hcl line 12, in build:\n  12:     inline = [\"${upper(1, 2)}\"]\n",
        "communicator",
        "size",
    ] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
}

#[test]
fn cli_28_a_mistake_does_not_cause_others() {
    let text = r#"variable "a" {
  type    = number
  default = "x"
}
locals {
  b = var.a + 1
  c = local.b * 2
}
source "null" "one" {
  ssh_port = local.c
}
source "null" "two" {
  ssh_port = var.a
}
build {
  name    = "n${local.b}"
  sources = ["null.one", "null.two"]
  provisioner "shell" {
    inline       = ["${local.c}"]
    pause_before = local.b
    max_retries  = var.a
    only         = [local.c]
  }
}
"#;
    assert_eq!(titles(&evaluation(text, |_| ())), ["t.pkr.hcl:3:13 Invalid default value for variable"]);
}

#[test]
fn cli_28_one_mistake_in_a_step_of_many_builds_is_said_once() {
    let text = "source \"null\" \"a\" {}\nsource \"null\" \"b\" {}\nbuild {\n  sources = [\"null.a\", \"null.b\"]\n  provisioner \"shell\" {\n    inlin = []\n  }\n}\n";
    assert_eq!(titles(&evaluation(text, |_| ())), ["t.pkr.hcl:6:5 There is no argument `inlin` here"]);
}

#[test]
fn cli_28_what_may_stand_where() {
    let cases = [
        ("x = 1\n", "t.pkr.hcl:1:1 There is no argument `x` here"),
        ("biuld {\n}\n", "t.pkr.hcl:1:1 There is no block `biuld` here"),
        ("source \"null\" {\n}\n", "t.pkr.hcl:1:1 Missing name for source"),
        ("dynamic \"build\" {\n}\n", "t.pkr.hcl:1:1 There is no block `dynamic` here"),
        ("locals \"x\" {\n}\n", "t.pkr.hcl:1:8 Extraneous label for locals"),
        (
            "packer {\n  required_versio = \"1\"\n}\n",
            "t.pkr.hcl:2:3 There is no argument `required_versio` here",
        ),
        ("source \"null\" \"a\" {\n}\nsource \"null\" \"a\" {\n}\n", "t.pkr.hcl:3:1 Duplicate source block"),
    ];
    let rest = "source \"null\" \"z\" {\n}\nbuild {\n  sources = [\"null.z\"]\n}\n";
    for (text, expected) in cases {
        assert_eq!(titles(&evaluation(&format!("{text}{rest}"), |_| ())), [expected], "{text}");
    }
}

#[test]
fn cli_28_mistakes_of_syntax_end_the_reading() {
    let text = "locals {\n  a = [1,\n}\nsource \"nul\" \"x\" {\n}\nbuild {\n  sources = [\"null.z\"]\n}\n";
    let found = evaluation(text, |_| ());
    assert!(!found.diagnostics.is_empty() && found.plan.is_none());
    assert!(titles(&found).iter().all(|title| !title.contains("nul")), "{:?}", titles(&found));
}

#[test]
fn cli_28_syntax_only_leaves_sources_and_builds_alone() {
    let text = "variable \"unset\" {\n}\nsource \"nul\" \"x\" {\n}\nbuild {\n  sources = [\"null.z\"]\n}\n";
    let found = evaluation(text, |inputs| inputs.syntax_only = true);
    assert!(found.diagnostics.is_empty() && found.plan.is_none());
    let wrong = evaluation(text, |inputs| {
        inputs.syntax_only = true;
        inputs.arguments.push(("other".into(), "1".into()));
    });
    assert_eq!(titles(&wrong), ["Undefined -var variable"]);
}

#[test]
fn cli_28_many_provisioners_all_arrive_in_order() {
    let mut text = String::from("source \"null\" \"a\" {}\nbuild {\n  sources = [\"null.a\"]\n");
    for at in 0..170 {
        text.push_str(&format!(
            "  provisioner \"shell\" {{\n    inline = [\"echo {at} ${{source.name}}\"]\n  }}\n"
        ));
    }
    text.push_str("}\n");
    let steps: Vec<String> = plan(&text).lines().skip(2).map(str::to_owned).collect();
    let expected: Vec<String> =
        (0..170).map(|at| format!("  step shell \"shell\" {{inline=[\"echo {at} a\"]}}")).collect();
    assert_eq!(steps, expected);
}
