//! `karat explain`, and whether its examples show what they say.

use std::collections::BTreeSet;

use karat_model::diagnostic::code::{self, Code, Listing};
use karat_testkit::Sandbox;

/// Codes whose examples would be as long as what they are about, or pass away with the next release; each is tested
/// where it is made.
const WITHOUT_EXAMPLE: &[Code] =
    &[code::ARRIVES_LATER, code::DUPLICATE_BLOCK, code::TOO_DEEP, code::TOO_MANY, code::UNSUPPORTED];

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
