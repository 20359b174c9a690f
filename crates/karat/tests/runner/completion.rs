//! Completion of command lines, and manual pages.

use karat_testkit::{Run, Sandbox};

/// What a shell is told may come next.
fn offered(sandbox: &Sandbox, line: &str, whole: bool) -> Vec<String> {
    let mut command = sandbox.karat_command();
    command.env("COMP_LINE", line).env("COMP_POINT", line.len().to_string());
    if whole {
        command.env("KARAT_COMPLETE", "1");
    }
    let run = Run::from(command.output().unwrap()).success();
    run.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn shells_are_told_what_may_come_next() {
    let sandbox = Sandbox::new();
    sandbox.write("web.pkr.hcl", "");
    sandbox.write("notes.txt", "");
    assert_eq!(offered(&sandbox, "packer bu", false), ["build"]);
    assert_eq!(offered(&sandbox, "karat build -on-error=a", false), ["abort", "ask"]);
    assert_eq!(offered(&sandbox, "karat build ", false), ["web.pkr.hcl"]);
    assert_eq!(
        offered(&sandbox, "karat build -on-error=ab", true),
        ["-on-error=abort\tLeave everything as it is"]
    );
    assert!(offered(&sandbox, "packer g", false).is_empty(), "Packer has no gc");
}

#[test]
fn bash_completes_by_the_script() {
    let sandbox = Sandbox::new();
    let script = sandbox.karat(["completion", "bash"]).success().stdout;
    sandbox.write("script", format!("{script}\ncomplete -p karat"));
    let run = Run::from(sandbox.command("bash").args(["--norc", "script"]).output().unwrap()).success();
    assert!(run.stdout.starts_with("complete -o filenames -C"), "{run}");
    for shell in ["zsh", "fish", "powershell"] {
        let script = sandbox.karat(["completion", shell]).success().stdout;
        assert!(script.contains("COMP_LINE") && script.contains("KARAT_COMPLETE"), "{shell}: {script}");
    }
    assert!(sandbox.karat(["completion", "csh"]).exits(1).stdout.contains("fish"));
}

#[test]
fn completion_is_installed_once_and_removed_again() {
    let sandbox = Sandbox::new();
    let bash = sandbox.home().join(".bashrc");
    std::fs::write(&bash, "alias ll='ls -l'\n").unwrap();
    let text = || std::fs::read_to_string(&bash).unwrap();
    for _ in 0..2 {
        sandbox.karat(["-autocomplete-install"]).success();
        assert_eq!(text().matches("complete -C ").count(), 1, "{}", text());
    }
    let run = sandbox.karat(["--strict", "--autocomplete-uninstall"]).exits(1);
    assert!(
        run.stderr.contains("does not installed in") && run.stdout.is_empty(),
        "its name is packer: {run}"
    );
    sandbox.karat(["-autocomplete-uninstall"]).success();
    assert_eq!(text().trim_end(), "alias ll='ls -l'");
    let run = sandbox.karat(["-autocomplete-install", "-autocomplete-uninstall"]).exits(1);
    assert!(run.stderr.contains("but not both"), "{run}");
}

#[test]
fn manual_pages_come_from_the_definition() {
    let sandbox = Sandbox::new();
    sandbox.karat(["man", "pages"]).success();
    assert!(sandbox.read("pages/karat.1").contains("PACKER_LOG"));
    let page = sandbox.read("pages/karat-build.1");
    assert!(page.contains("\\-\\-parallel\\-builds") && page.contains("Examples"), "{page}");
}
