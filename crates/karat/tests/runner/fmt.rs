//! `karat fmt`: what Packer 1.16 lists, writes and ends with.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};

use karat_testkit::{Run, Sandbox};

const ODD: &str = "a=1\nbcd = 2\n";
const EVEN: &str = "a   = 1\nbcd = 2\n";
const CHANGE: &str = "@@ -1,2 +1,2 @@\n-a=1\n+a   = 1\n bcd = 2\n";

fn fmt(sandbox: &Sandbox, arguments: &str) -> Run {
    sandbox.karat(["fmt"].into_iter().chain(arguments.split(' ')))
}

fn fed(sandbox: &Sandbox, arguments: &str, input: &str) -> Run {
    let mut command = sandbox.karat_command();
    command.arg("fmt").args(arguments.split(' ')).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap().into()
}

#[test]
fn cli_25_lists_and_writes_what_changes() {
    let sandbox = Sandbox::new();
    sandbox.write("a.pkr.hcl", ODD);
    sandbox.write("b.pkrvars.hcl", ODD);
    sandbox.write("c.pkr.hcl", EVEN);
    let run = fmt(&sandbox, "c.pkr.hcl b.pkrvars.hcl a.pkr.hcl").success();
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("b.pkrvars.hcl\na.pkr.hcl\n", ""));
    assert_eq!(sandbox.read("a.pkr.hcl") + &sandbox.read("b.pkrvars.hcl"), EVEN.repeat(2));
    assert_eq!(fmt(&sandbox, ".").success().stdout, "");
}

#[test]
fn cli_25_check_and_diff() {
    let sandbox = Sandbox::new();
    sandbox.write("a.pkr.hcl", ODD);
    sandbox.write("c.pkr.hcl", EVEN);
    let diff = format!("a.pkr.hcl\n--- old/a.pkr.hcl\n+++ new/a.pkr.hcl\n{CHANGE}");
    for (arguments, code, said) in [
        ("-check a.pkr.hcl", 3, "a.pkr.hcl\n"),
        ("-check -write=true a.pkr.hcl", 3, "a.pkr.hcl\n"),
        ("-check c.pkr.hcl", 0, ""),
        ("-write=false a.pkr.hcl", 0, "a.pkr.hcl\n"),
        ("-check -diff .", 3, &diff),
        ("-write=false -diff a.pkr.hcl c.pkr.hcl", 0, &diff),
        ("-strict -write=false -diff a.pkr.hcl", 0, &diff),
    ] {
        assert_eq!(fmt(&sandbox, arguments).exits(code).stdout, said, "{arguments}");
        assert_eq!(sandbox.read("a.pkr.hcl"), ODD, "{arguments}");
    }
    assert_eq!(fmt(&sandbox, "-diff a.pkr.hcl").success().stdout, diff);
    assert_eq!(sandbox.read("a.pkr.hcl"), EVEN);
}

#[test]
fn cli_25_directories() {
    let sandbox = Sandbox::new();
    let skipped = ["t.tf", "n.hcl", ".d.pkr.hcl", "e.pkr.hcl~", "#f.pkr.hcl#", ".hidden/g.pkr.hcl"];
    let read = ["b.pkr.hcl", "a.auto.pkrvars.hcl", "sub/h.pkr.hcl", "sub/deep/i.pkr.hcl"];
    skipped.iter().chain(&read).for_each(|name| drop(sandbox.write(name, ODD)));
    fs::create_dir(sandbox.work().join("x.pkr.hcl")).unwrap();
    // A directory is entered by its name, or when it is asked for; not through a link.
    symlink("sub", sandbox.work().join("link")).unwrap();
    let listed = |arguments: &str| fmt(&sandbox, arguments).success().stdout;
    assert_eq!(listed("-write=false ."), "a.auto.pkrvars.hcl\nb.pkr.hcl\n");
    assert_eq!(listed("-write=false ./sub/"), "sub/h.pkr.hcl\n");
    assert_eq!(listed("-write=false link"), "link/h.pkr.hcl\n");
    assert_eq!(listed("-recursive ."), "a.auto.pkrvars.hcl\nb.pkr.hcl\nsub/deep/i.pkr.hcl\nsub/h.pkr.hcl\n");
    assert!(read.iter().all(|name| sandbox.read(name) == EVEN));
    assert!(skipped.iter().all(|name| sandbox.read(name) == ODD));
}

#[test]
fn cli_25_standard_input() {
    let sandbox = Sandbox::new();
    sandbox.write("a.pkr.hcl", ODD);
    for (arguments, input, code, said) in [
        ("-", ODD, 0, EVEN),
        ("-", EVEN, 0, EVEN),
        ("-diff -", ODD, 0, EVEN),
        ("-check -", ODD, 3, ""),
        ("-check -", EVEN, 0, EVEN),
        ("-write=false -", ODD, 0, ""),
        ("- a.pkr.hcl", ODD, 0, "a   = 1\nbcd = 2\na.pkr.hcl\n"),
    ] {
        assert_eq!(fed(&sandbox, arguments, input).exits(code).stdout, said, "{arguments}");
    }
    let run = fed(&sandbox, "-", "a = \n").exits(1);
    assert!(run.stdout.contains("on - line 1"), "{run}");
}

#[test]
fn cli_25_what_cannot_be_read_is_said_and_stays_as_it_is() {
    let sandbox = Sandbox::new();
    sandbox.write("broken.pkr.hcl", "a=\n");
    sandbox.write("latin.pkr.hcl", b"a = 1\nb=\"\xe9\"\n");
    sandbox.write("x.txt", ODD);
    sandbox.write("good.pkr.hcl", ODD);
    let run = fmt(&sandbox, "-check broken.pkr.hcl latin.pkr.hcl x.txt no.pkr.hcl good.pkr.hcl").exits(1);
    let mut rest = run.stdout.as_str();
    for text in [
        "good.pkr.hcl\n",
        "  on broken.pkr.hcl line 1:\n",
        "Error: encountered an error while formatting latin.pkr.hcl\n",
        "line 2 has a byte",
        "file x.txt is not a HCL file\n",
        "failed to open no.pkr.hcl: open no.pkr.hcl: no such file or directory\n",
    ] {
        rest = rest.split_once(text).unwrap_or_else(|| panic!("{text:?} is missing or too early\n{run}")).1;
    }
    fmt(&sandbox, ".").exits(1);
    assert_eq!((sandbox.read("broken.pkr.hcl"), sandbox.read("good.pkr.hcl")), ("a=\n".into(), EVEN.into()));
    sandbox.karat(["fmt"]).exits(1);
}

#[test]
fn cli_25_what_is_no_file_or_too_large_is_not_read() {
    let sandbox = Sandbox::new();
    let pipe = sandbox.work().join("pipe.pkr.hcl");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    symlink("/dev/zero", sandbox.work().join("zero.pkr.hcl")).unwrap();
    fs::File::create(sandbox.work().join("huge.pkr.hcl")).unwrap().set_len(100 << 20).unwrap();
    sandbox.write("good.pkr.hcl", ODD);
    let run = fmt(&sandbox, ".").exits(1);
    for text in [
        "good.pkr.hcl\n",
        "failed to read huge.pkr.hcl: it is larger than 16 MiB",
        "failed to read pipe.pkr.hcl: it is a pipe, a socket or a device",
        "failed to read zero.pkr.hcl: it is a pipe, a socket or a device",
    ] {
        assert!(run.stdout.contains(text), "{text:?} is missing\n{run}");
    }
    assert_eq!(sandbox.read("good.pkr.hcl"), EVEN);
    let mut command = sandbox.karat_command();
    let zeros = fs::File::open("/dev/zero").unwrap();
    let run = Run::from(command.args(["fmt", "-"]).stdin(zeros).output().unwrap()).exits(1);
    assert!(run.stdout.contains("failed to read -: it is larger than 16 MiB"), "{run}");
}

#[test]
fn cli_25_a_written_file_is_otherwise_the_same() {
    let sandbox = Sandbox::new();
    let file = sandbox.write("real/a.pkr.hcl", ODD);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real/a.pkr.hcl", sandbox.work().join("link.pkr.hcl")).unwrap();
    fs::hard_link(sandbox.write("one.pkr.hcl", ODD), sandbox.work().join("two.pkr.hcl")).unwrap();
    assert_eq!(fmt(&sandbox, "link.pkr.hcl one.pkr.hcl").success().stdout, "link.pkr.hcl\none.pkr.hcl\n");
    assert!(sandbox.work().join("link.pkr.hcl").is_symlink());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(sandbox.read("real/a.pkr.hcl") + &sandbox.read("two.pkr.hcl"), EVEN.repeat(2));
    assert_eq!(fs::read_dir(sandbox.work().join("real")).unwrap().count(), 1, "something was left behind");
}
