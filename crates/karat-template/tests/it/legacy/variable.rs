use std::sync::Arc;

use karat_model::secret::Secret;
use karat_model::secret_store::{SecretRequest, SecretStores};
use karat_template::{Evaluation, Inputs, VarFile};

use super::planned_with;
use crate::rendering::{legacy, titles};

const BUILDERS: &str = r#""builders": [{"type": "null", "communicator": "none"}]"#;

fn evaluated(variables: &str, adjust: impl FnOnce(&mut Inputs<'_>)) -> Evaluation {
    legacy(&format!("{{\"variables\": {{{variables}}},\n{BUILDERS}}}"), adjust)
}

/// The values of all variables; what is wrong before them.
fn values_with(variables: &str, adjust: impl FnOnce(&mut Inputs<'_>)) -> String {
    let evaluation = evaluated(variables, adjust);
    let mut lines = titles(&evaluation);
    if let Some(plan) = &evaluation.plan {
        let values = plan.user_variables.as_ref().unwrap().iter();
        lines.push(values.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "));
    }
    lines.join("\n")
}

fn values(variables: &str) -> String {
    values_with(variables, |_| ())
}

#[test]
fn tpl_02_variables_may_need_others_in_any_order() {
    let text =
        r#""a": "{{user `b`}}-{{ user \"c\" | upper }}", "b": "{{user `c`}}{{user `c`}}", "c": "x", "d": """#;
    assert_eq!(values(text), "a=xx-X b=xx c=x d=");
    // More than Packer's hundred rounds.
    let chain: Vec<String> = (0..300).map(|n| format!("\"v{n}\": \"{{{{user `v{}`}}}}\"", n + 1)).collect();
    let shown = values(&(chain.join(",") + ", \"v300\": \"end\""));
    assert!(shown.contains("v0=end ") && shown.contains("v299=end"), "{shown}");
}

#[test]
fn tpl_02_values_come_from_files_and_arguments() {
    let file = |name: &str, text: &str| VarFile { name: name.to_owned(), text: text.to_owned() };
    let shown =
        values_with(r#""a": "template", "b": "template", "c": null, "d": "{{user `e`}}""#, |inputs| {
            inputs.var_files = vec![
                file("1.json", r#"{"a": "one", "b": "one", "e": "undeclared", "n": null}"#),
                file("2.json", r#"{"b": "two", "c": "two"}"#),
            ];
            inputs.arguments = vec![("c".into(), "first".into()), ("c".into(), "{{user `a`}}!".into())];
            inputs.environment.insert("PKR_VAR_a".into(), "not for JSON".into());
        });
    assert_eq!(shown, "a=one b=two c=one! d=undeclared e=undeclared n=");
}

#[test]
fn tpl_02_a_variable_without_default_must_be_given() {
    assert_eq!(
        values(r#""a": null, "b": "", "c": null"#),
        "t.json:1:16 required variable not set: a\nt.json:1:36 required variable not set: c"
    );
    assert_eq!(
        values_with(r#""a": null"#, |inputs| inputs.arguments = vec![("a".into(), String::new())]),
        "a="
    );
    let syntax_only = evaluated(r#""a": null"#, |inputs| inputs.syntax_only = true);
    assert!(syntax_only.plan.is_none() && syntax_only.diagnostics.is_empty());
}

#[test]
fn tpl_02_what_is_needed_must_be_set() {
    assert_eq!(
        values(r#""ab": "{{user `ad`}}""#),
        "t.json:1:30 variable ab needs the variable ad, which is not set"
    );
    assert_eq!(
        values(r#""a": "{{user `b`}}", "b": "{{user `c`}}", "c": "{{user `a`}}""#),
        "t.json:1:29 The variables need one another: a -> b -> c -> a"
    );
    assert_eq!(values(r#""a": "x{{user `a`}}""#), "t.json:1:30 The variables need one another: a -> a");
    // Two that need the same one are no circle.
    assert_eq!(values(r#""a": "{{user `b`}}{{user `c`}}", "b": "1", "c": "{{user `b`}}""#), "a=11 b=1 c=1");
}

#[test]
fn tpl_02_packer_passes_over_what_is_not_set_while_other_variables_need_some() {
    assert_eq!(
        values(r#""a": "{{user `zz`}}", "b": "{{user `c`}}", "c": "x", "d": "{{user `a`}}""#),
        "t.json:1:29 warning: variable a needs the variable zz, which is not set\nb=x c=x"
    );
    let strict =
        values_with(r#""a": "{{user `a`}}", "b": "{{user `c`}}", "c": "x""#, |inputs| inputs.strict = true);
    assert_eq!(strict, "b=x c=x");
}

#[test]
fn tpl_02_the_environment_is_read_only_here() {
    let home = |inputs: &mut Inputs<'_>| drop(inputs.environment.insert("HOME".into(), "/h".into()));
    assert_eq!(values_with(r#""a": "{{env `HOME`}}{{env `NOPE`}}""#, home), "a=/h");
    let elsewhere = format!(
        "{{{BUILDERS}, \"provisioners\": [{{\"type\": \"shell\", \"pty\": \"{{{{env `HOME`}}}}\"}}]}}"
    );
    let shown = planned_with(&elsewhere, home);
    assert!(
        shown.contains("render 'pty': ") && shown.contains("environment variables can be read only"),
        "{shown}"
    );
}

#[derive(Debug)]
struct Stores;

impl SecretStores for Stores {
    fn fetch(&self, request: SecretRequest<'_>) -> Result<Secret, String> {
        match request {
            SecretRequest::Consul { key: "none" } => Err("consul has no none".to_owned()),
            request => Ok(Secret::new(format!("{request:?}"))),
        }
    }
}

#[test]
fn tpl_02_secret_stores_answer_here() {
    let stores = |inputs: &mut Inputs<'_>| inputs.secret_stores = Some(Arc::new(Stores));
    let text = r#""a": "{{vault `p` `k`}}", "b": "{{consul_key `k`}}", "c": "{{aws_secretsmanager `n`}}",
        "d": "{{aws_secretsmanager `n` `k`}}", "e": "{{aws_secretsmanager_raw `n`}}""#;
    assert_eq!(
        values_with(text, stores),
        "a=Vault { path: \"p\", key: \"k\" } b=Consul { key: \"k\" } c=Aws { name: \"n\", key: \"\" } \
         d=Aws { name: \"n\", key: \"k\" } e=AwsRaw { name: \"n\" }"
    );
    let shown = values_with(r#""a": "{{consul_key `none`}}""#, stores);
    assert!(shown.starts_with("t.json:1:") && shown.contains("consul has no none"), "{shown}");
    assert!(values(r#""a": "{{vault `p` `k`}}""#).contains("no secret store can be reached"));
}

#[test]
fn tpl_02_actions_with_fields_wait_for_who_knows_them() {
    let text = r#""a": "{{ .Vars }} {{.Path}} {{user `b`}} {{.Path}}", "b": "{{`{{`}}.X}}""#;
    assert_eq!(values(text), "a={{ .Vars }} {{.Path}} {{.X}} {{.Path}} b={{.X}}");
}

#[test]
fn tpl_02_mistakes_are_shown_where_they_are() {
    let cases = [
        (r#""a": "x\n\u0041 {{nofn}}""#, "1:34 error interpolating default value for 'a': "),
        (r#""a": "{{user `b`""#, "1:22 error interpolating default value for 'a': "),
        (r#""a": "{{upper}}""#, "1:24 error interpolating default value for 'a': "),
        (r#""a": "{{build_name}}""#, "1:24 error interpolating default value for 'a': "),
        (
            r#""a": "{{split `a-b` `-` 5}}", "b": "{{user `a`}}""#,
            "1:24 error interpolating default value for 'a': ",
        ),
    ];
    for (text, expected) in cases {
        let shown = values(text);
        let place = |shown: &str| shown.split(' ').next().unwrap().to_owned();
        assert_eq!(place(shown.strip_prefix("t.json:").unwrap()), place(expected), "{text}\n{shown}");
        assert!(shown.contains(expected.split_once(' ').unwrap().1), "{shown}");
        assert_eq!(shown.lines().count(), 1, "{shown}");
    }
}

#[test]
fn tpl_02_files_of_values_are_flat() {
    let with = |name: &str, text: &str| {
        let file = VarFile { name: name.to_owned(), text: text.to_owned() };
        values_with(r#""a": "x""#, |inputs| inputs.var_files = vec![file])
    };
    assert_eq!(
        with("v.json", r#"{"a": 1, "b": {}}"#),
        "v.json:1:7 Error reading variables in 'v.json': the value of a must be a string\n\
         v.json:1:15 Error reading variables in 'v.json': the value of b must be a string"
    );
    assert_eq!(with("v.json", "[]"), "v.json:1:1 Error reading variables in 'v.json': it must be an object");
    assert_eq!(with("v.json", "null"), "a=x");
    assert_eq!(with("v.json", "{\"a\": "), "v.json:1:7 The text ends where a value is expected");
    let hcl = with("v.pkrvars.hcl", "a = \"x\"\n");
    assert_eq!(hcl, "v.pkrvars.hcl:1:1 Error reading variables in 'v.pkrvars.hcl': it is no JSON file");
}

#[test]
fn tpl_02_sensitive_variables_are_known_to_whoever_hides_them() {
    let text = format!(
        r#"{{"variables": {{"pw": "{{{{user `base`}}}}!", "base": "s3cret", "empty": ""}},
        "sensitive-variables": ["pw", "nope", "empty"], {BUILDERS}}}"#
    );
    let evaluation = legacy(&text, |inputs| inputs.arguments = vec![("nope".into(), "not declared".into())]);
    assert_eq!(evaluation.secrets, ["s3cret!"]);
    assert_eq!(evaluation.plan.unwrap().secrets, ["s3cret!"]);
    let evaluation = legacy(&text, |inputs| inputs.arguments = vec![("pw".into(), "{{hidden".into())]);
    let shown = crate::rendering::problems_of(&evaluation);
    assert!(!shown.contains("hidden") && shown.contains("<sensitive>"), "{shown}");
}

#[test]
fn variables_that_grow_without_end_are_an_error() {
    let twice: Vec<String> =
        (0..60).map(|n| format!("\"v{n}\": \"{{{{user `v{0}`}}}}{{{{user `v{0}`}}}}\"", n + 1)).collect();
    let shown = values(&(twice.join(",") + ", \"v60\": \"0123456789abcdef\""));
    assert!(shown.contains("more than 64 MiB in all"), "{shown}");
}

#[test]
fn tpl_02_a_name_without_a_value_is_warned_of_once() {
    let text = r#"{"variables": {"release": "12"}, "builders": [{"type": "null", "communicator": "none"}],
        "provisioners": [{"type": "shell-local", "inline": ["echo {{user `relase`}} {{user `relase` | upper}}",
        "{{if user `other`}}x{{end}} {{user `release`}} {{user `given`}} {{ .user }} user"]}]}"#;
    let given = |inputs: &mut Inputs<'_>| inputs.arguments = vec![("given".into(), "1".into())];
    let evaluation = legacy(text, given);
    assert_eq!(
        titles(&evaluation),
        [
            "t.json:2:75 warning: The variable `relase` has no value",
            "t.json:3:21 warning: The variable `other` has no value"
        ]
    );
    let near = evaluation.diagnostics.iter().next().unwrap();
    assert_eq!(near.fixes.first().map(|fix| fix.replacement.as_str()), Some("release"));
    assert!(evaluation.plan.is_some());
    let strict = legacy(text, |inputs| {
        given(inputs);
        inputs.strict = true;
    });
    assert!(strict.diagnostics.is_empty());
}
