//! Builds side by side, on one screen.

use karat_testkit::{CTRL_C, Sandbox};

use crate::template::nothing_left;

/// `count` builds that each run `line`.
fn side_by_side(sandbox: &Sandbox, count: usize, line: &str) {
    let names = (0..count).map(|number| format!("s{number}"));
    let sources =
        names.clone().map(|name| format!("source \"null\" {name:?} {{ communicator = \"none\" }}\n"));
    let list: Vec<_> = names.map(|name| format!("\"null.{name}\"")).collect();
    let sources: String = sources.collect();
    sandbox.write(
        "t.pkr.hcl",
        format!(
            "{sources}build {{\n  sources = [{}]\n  provisioner \"shell-local\" {{\n    inline = [{line:?}]\n  }}\n}}\n",
            list.join(", ")
        ),
    );
}

#[test]
fn cli_03_no_line_of_ten_builds_is_broken() {
    let sandbox = Sandbox::new();
    side_by_side(
        &sandbox,
        10,
        "for i in $(seq 200); do echo \"out $PACKER_BUILD_NAME $i end\"; echo \"err $PACKER_BUILD_NAME $i end\" >&2; done",
    );
    for said in [
        sandbox.karat(["build", "t.pkr.hcl"]).success().stdout,
        sandbox.at_terminal(["build", "-color=false", "t.pkr.hcl"]).end().1,
    ] {
        for build in 0..10 {
            for stream in ["out", "err"] {
                let prefix = format!("==> null.s{build}: {stream} s{build} ");
                let numbers =
                    said.lines().filter_map(|line| line.strip_prefix(&prefix)?.strip_suffix(" end"));
                let numbers: Vec<usize> = numbers.map(|number| number.parse().unwrap()).collect();
                assert_eq!(numbers, (1..=200).collect::<Vec<_>>(), "{prefix}");
            }
        }
    }
}

const QUESTION: &str = "retry succeeds)? ";

#[test]
fn cli_15_questions_of_several_builds_come_one_at_a_time() {
    let sandbox = Sandbox::new();
    side_by_side(&sandbox, 5, "for i in $(seq 50); do echo $i; done; exit 1");
    let mut terminal = sandbox.at_terminal(["build", "-color=false", "-on-error=ask", "t.pkr.hcl"]);
    for _ in 0..5 {
        terminal.shows(QUESTION);
        terminal.types("clean\r");
    }
    let (code, said) = terminal.end();
    assert_eq!(code, Some(1), "{said}");
    let asked: Vec<_> = said.lines().filter(|line| line.contains("[c] Clean up")).collect();
    for build in 0..5 {
        let of = |line: &&&str| line.starts_with(&format!("==> null.s{build}: [c] Clean up"));
        assert_eq!(asked.iter().filter(of).count(), 1, "{said}");
    }
    // Nothing gets between a question and its answer.
    assert!(asked.iter().all(|line| line.ends_with("retry succeeds)? clean")), "{said}");
    nothing_left(&sandbox);
}

#[test]
fn cli_15_an_interrupt_withdraws_every_question() {
    let sandbox = Sandbox::new();
    side_by_side(&sandbox, 5, "exit 1");
    let mut terminal = sandbox.at_terminal(["build", "-color=false", "-on-error=ask", "t.pkr.hcl"]);
    terminal.shows(QUESTION);
    terminal.types(CTRL_C);
    let (code, said) = terminal.end();
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(said.matches("[c] Clean up").count(), 1, "{said}");
    assert!(said.ends_with("Cleanly cancelled builds after being interrupted.\n"), "{said}");
    nothing_left(&sandbox);
}
