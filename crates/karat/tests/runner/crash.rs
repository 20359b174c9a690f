//! `kill -9` at any moment leaves nothing that `karat gc` does not remove.

use std::time::Duration;

use karat_testkit::{Run, Sandbox, wait_for};

use crate::template::{local, owned_processes, tiny};

/// Builds with the fault hook at `point`; `None` when the build got past its last point.
fn killed_at(sandbox: &Sandbox, point: u32) -> Option<Run> {
    let mut command = sandbox.karat_command();
    command.args(["build", "t.pkr.hcl"]).env("KARAT_FAULT_LEDGER_POINT", point.to_string());
    let run = Run::from(command.output().unwrap());
    match run.code {
        None => Some(run),
        Some(0) => None,
        Some(code) => panic!("point {point}: exit code {code} instead of a kill\n{run}"),
    }
}

/// Kills a build at every one of its ledger points in turn; after each, gc must leave exactly what was there before.
/// Only at the last point may `made` be there as well: it was finished and kept just before.
fn survives_a_kill_at_every_point(template: &str, made: &[&str]) -> u32 {
    let mut point = 1;
    let mut finished = false;
    loop {
        let sandbox = Sandbox::new();
        sandbox.write("t.pkr.hcl", template);
        // What is not ours must survive: a neighbour of everything that a build makes.
        sandbox.write("outside/keep", "kept");
        std::fs::write(sandbox.tmp().join("keep"), "kept").unwrap();
        let Some(run) = killed_at(&sandbox, point) else { return point - 1 };
        sandbox.karat(["gc"]).success();
        wait_for("owned processes to end", Duration::from_secs(10), || {
            owned_processes(&sandbox).is_empty().then_some(())
        });
        let left = |directory: std::path::PathBuf| {
            let mut names: Vec<_> = std::fs::read_dir(directory)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        assert_eq!(left(sandbox.tmp()), ["keep"], "point {point}\n{run}");
        let mut ours = left(sandbox.work());
        ours.retain(|name| !["outside", "t.pkr.hcl"].contains(&name.as_str()));
        assert!(!finished, "point {point} comes after what was made was kept\n{run}");
        finished = !made.is_empty() && ours == made;
        assert!(finished || ours.is_empty(), "point {point} leaves {ours:?}\n{run}");
        assert_eq!(sandbox.read("outside/keep"), "kept");
        assert_eq!(sandbox.karat(["gc"]).success().stdout, "Nothing to reclaim.\n", "point {point}");
        point += 1;
    }
}

#[test]
fn a_qemu_build_killed_at_any_ledger_point_leaves_nothing() {
    let points = survives_a_kill_at_every_point(&tiny("", ""), &["out"]);
    // The output directory, QEMU and the scratch directory at the least, each with its intent, its note and its end.
    assert!(points >= 3 * 6, "only {points} points: the build owns less than it should");
}

#[test]
fn a_local_build_killed_at_any_ledger_point_leaves_nothing() {
    assert!(survives_a_kill_at_every_point(&local("true"), &[]) >= 6);
}

#[test]
fn the_next_run_reclaims_what_a_killed_one_left() {
    let sandbox = Sandbox::new();
    sandbox.write("t.pkr.hcl", local("echo x"));
    // After the intent and the creation of the first thing.
    assert!(killed_at(&sandbox, 3).is_some());
    sandbox.karat(["build", "t.pkr.hcl"]).success();
    assert_eq!(sandbox.karat(["gc"]).success().stdout, "Nothing to reclaim.\n");
}

#[test]
fn gc_leaves_a_live_run_alone() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "t.pkr.hcl",
        local("touch started; for i in $(seq 600); do test -e go && break; sleep 0.05; done"),
    );
    let mut build = sandbox.karat_command().args(["build", "t.pkr.hcl"]).spawn().unwrap();
    wait_for("the step to start", Duration::from_secs(20), || {
        sandbox.work().join("started").exists().then_some(())
    });
    assert_eq!(sandbox.karat(["gc"]).success().stdout, "Nothing to reclaim.\n");
    assert!(!owned_processes(&sandbox).is_empty(), "the live step was killed");
    sandbox.write("go", "");
    assert!(build.wait().unwrap().success());
}
