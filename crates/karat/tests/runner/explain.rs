//! `karat explain`, and whether its examples show what they say.

use std::collections::BTreeSet;

use karat_model::diagnostic::code::{self, Code, Listing};
use karat_testkit::Sandbox;

/// Codes whose examples would be as long as what they are about, or pass away with the next release; each is tested
/// where it is made.
const WITHOUT_EXAMPLE: &[Code] = &[code::DUPLICATE_BLOCK, code::TOO_DEEP, code::TOO_MANY, code::UNSUPPORTED];

/// What an example that has no build of its own is part of.
const REST: &str =
    "source \"null\" \"rest\" {\n  communicator = \"none\"\n}\n\nbuild {\n  sources = [\"null.rest\"]\n}\n";

/// The codes that the files and commands of an example produce.
fn codes_of(code: Code, listings: &[Listing]) -> BTreeSet<String> {
    let sandbox = Sandbox::new();
    let needs_nothing = [code::MISSING_BUILD, code::NO_TEMPLATE].contains(&code);
    if !needs_nothing && !listings.iter().any(|listing| listing.text.contains("build {")) {
        sandbox.write("rest.pkr.hcl", REST);
    }
    let mut command = "karat validate .";
    for (at, listing) in listings.iter().enumerate() {
        match listing.language {
            "sh" => command = listing.text.trim(),
            language => {
                let name = listing.file.map_or(format!("{at}.pkr.{language}"), str::to_owned);
                sandbox.write(&name, listing.text);
            }
        }
    }
    let mut words = command.split(' ').map(|word| word.trim_matches('\''));
    assert_eq!(words.next(), Some("karat"), "{code}");
    let run = sandbox.karat(words.chain(["--json"]));
    let lines = run.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect(line));
    let diagnostics = lines.filter(|line| line["type"] == "diagnostic");
    diagnostics.map(|line| line["code"].as_str().expect("a code").to_owned()).collect()
}

#[test]
fn cli_28_every_example_shows_its_code_and_the_mended_one_nothing() {
    for code in code::ALL {
        let (wrong, right) = (code.wrong(), code.right());
        assert_eq!(wrong.is_empty(), WITHOUT_EXAMPLE.contains(code), "{code}");
        if wrong.is_empty() {
            continue;
        }
        assert_eq!(codes_of(*code, &wrong), BTreeSet::from([code.name().to_owned()]), "{code}, wrong");
        assert_eq!(codes_of(*code, &right), BTreeSet::new(), "{code}, right");
    }
}

#[test]
fn cli_28_json_lines_have_everything_and_no_secrets() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "t.pkr.hcl",
        "variable \"key\" {\n  sensitive = true\n  default   = \"hunter\\\"2\"\n}\n\
         source \"null\" \"a\" {\n  communicator = \"none\"\n}\n\
         build {\n  sources = [\"null.a\"]\n  provisioner \"shell-local\" {\n    inlin = [\"hunter\\\"2\"]\n  }\n}\n\
         locals {\n  a = parseint(var.key, 10)\n  b = parseint(\"hunter\\\"2\", 10)\n}\n",
    );
    let run = sandbox.karat(["validate", "--json", "t.pkr.hcl"]).exits(1);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(
        lines[0],
        "{\"type\":\"diagnostic\",\"severity\":\"error\",\"code\":\"unknown-argument\",\"title\":\"There is no argument `inlin` here\",\
         \"detail\":null,\"context\":\"build\",\"primary\":{\"file\":\"t.pkr.hcl\",\"start\":{\"line\":11,\"column\":5,\"byte\":175},\
         \"end\":{\"line\":11,\"column\":10,\"byte\":180},\"message\":\"\"},\"secondary\":[],\"values\":[],\"notes\":[],\
         \"help\":[\"did you mean `inline`?\"],\"fixes\":[{\"file\":\"t.pkr.hcl\",\"start\":{\"line\":11,\"column\":5,\"byte\":175},\
         \"end\":{\"line\":11,\"column\":10,\"byte\":180},\"replacement\":\"inline\"}]}"
    );
    let value =
        "\"values\":[{\"name\":\"var.key\",\"type\":\"string\",\"state\":\"sensitive\",\"value\":null}]";
    assert!(lines[1].contains(value), "{run}");
    // Not only by its mark: the same text elsewhere is hidden, too, whatever JSON makes of its quote.
    assert!(lines[2].contains("<sensitive>"), "{run}");
    assert!(!run.stdout.contains("hunter"), "{run}");
    let ok = sandbox.write(
        "ok.pkr.hcl",
        "source \"null\" \"a\" {\n  communicator = \"none\"\n}\nbuild {\n  sources = [\"null.a\"]\n}\n",
    );
    let run = sandbox.karat(["validate".as_ref(), "--json".as_ref(), ok.as_os_str()]).exits(0);
    assert_eq!(
        run.stdout,
        "{\"type\":\"message\",\"severity\":\"info\",\"text\":\"The configuration is valid.\"}\n"
    );
    let run = sandbox.karat(["build".as_ref(), "--json".as_ref(), ok.as_os_str()]).exits(0);
    let lines: Vec<serde_json::Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert!(!lines.is_empty() && lines.iter().all(|line| line["type"] == "event"), "{run}");
    for (other, text) in [
        ("--strict", "not defined: -json"),
        ("--machine-readable", "-json does not go with -machine-readable"),
    ] {
        let run =
            sandbox.karat(["validate".as_ref(), "--json".as_ref(), other.as_ref(), ok.as_os_str()]).exits(1);
        assert!(run.stdout.contains(text), "{run}");
    }
}

#[test]
fn cli_28_how_to_learn_more_is_said_once_and_not_under_strict() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", "locals {\n  a = nope\n  b = uper(1)\n}\n");
    let run = sandbox.karat(["validate", "t.pkr.hcl"]).exits(1);
    let more =
        "For more: karat explain CODE; the codes are missing-build, unknown-function, unknown-variable\n";
    assert!(run.stdout.trim_end_matches('\n').ends_with(more.trim_end()), "{run}");
    assert_eq!(run.stdout.matches("karat explain").count(), 1, "{run}");
    let strict = sandbox.karat(["validate", "--strict", "t.pkr.hcl"]).exits(1);
    assert!(!strict.stdout.contains("karat explain"), "{strict}");
    let machine = sandbox.karat(["validate", "--machine-readable", "t.pkr.hcl"]).exits(1);
    assert!(!machine.stdout.contains("karat explain"), "{machine}");
}

#[test]
fn tpl_11_legacy_functions_name_what_hcl_has() {
    let sandbox = Sandbox::new();
    let template = |line: &str| {
        format!(
            "variable \"region\" {{\n  default = \"eu\"\n}}\nsource \"null\" \"a\" {{\n  communicator = \"none\"\n}}\n\
             build {{\n  sources = [\"null.a\"]\n  provisioner \"shell-local\" {{\n    inline = [{line}]\n  }}\n}}\n"
        )
    };
    sandbox.write("t.pkr.hcl", template("\"echo {{user `region`}}\""));
    let run = sandbox.karat(["validate", "t.pkr.hcl"]).exits(1);
    assert!(run.stdout.contains("error calling user: in HCL, variables are written ${var.NAME}"), "{run}");
    assert!(run.stdout.contains("Write ${var.region} instead of {{user `region`}}\n"), "{run}");
    sandbox.write("t.pkr.hcl", template("\"echo {{env `HOME`}}\""));
    let run = sandbox.karat(["validate", "t.pkr.hcl"]).exits(1);
    assert!(run.stdout.contains("error calling env:") && run.stdout.contains("env(\"NAME\") }"), "{run}");
    // What Packer 1.16 still renders in HCL is fine.
    sandbox.write("t.pkr.hcl", template("\"echo {{isotime}} {{timestamp}} {{uuid}} {{build_name}}\""));
    sandbox.karat(["validate", "t.pkr.hcl"]).exits(0);
}

#[test]
fn tpl_11_a_fact_that_no_build_knows_names_one_that_is_near() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "t.pkr.hcl",
        "source \"null\" \"a\" {\n  communicator = \"none\"\n}\nbuild {\n  sources = [\"null.a\"]\n  \
         provisioner \"shell-local\" {\n    inline = [\"echo ${build.Hots}\"]\n  }\n}\n",
    );
    let run = sandbox.karat(["validate", "--json", "t.pkr.hcl"]).exits(1);
    assert!(run.stdout.contains("\"title\":\"`build` has no attribute \\\"Hots\\\"\""), "{run}");
    assert!(run.stdout.contains("\"replacement\":\"Host\""), "{run}");
}

#[test]
fn cli_28_explain_shows_pages() {
    let sandbox = Sandbox::new();
    let all = sandbox.karat(["explain"]).exits(0);
    assert_eq!(all.stdout.lines().count(), code::ALL.len(), "{all}");
    let page = sandbox.karat(["explain", "unknown-argument"]).exits(0);
    assert!(
        page.stdout.starts_with("unknown-argument: An argument that the block does not have\n\n"),
        "{page}"
    );
    assert!(page.stdout.contains("Wrong:\n\n```hcl\n"), "{page}");
    let copied = sandbox.karat(["explain", "error[unknown-argument]"]).exits(0);
    assert_eq!(copied.stdout, page.stdout);
    let slip = sandbox.karat(["explain", "unknown-argumnet"]).exits(1);
    assert_eq!(slip.stdout, "Error: there is no code unknown-argumnet. Did you mean unknown-argument?\n");
}
