//! How fast texts are read: `cargo bench -p karat-hcl --bench parse`. `cargo xtask bench --only parse` runs it too and
//! sets Packer beside it. Each line of the output is a name and the mean time in milliseconds for a megabyte; it is
//! processor time where the system tells, since a machine that is busy with other things says little by its clock.
//! Reading and freeing are measured apart: `dense-file-freed` is how long the tree of `dense-file` takes to be freed.
#![allow(clippy::print_stdout, reason = "a measurement talks to its reader")]

use std::fmt::Write as _;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use karat_hcl::tree::Body;
use karat_hcl::{lex, parse};
use karat_model::diagnostic::Diagnostics;
use karat_model::span::SourceMap;

/// How long each figure is measured.
const TIME: Duration = Duration::from_secs(1);

fn main() {
    let dense = vec![dense(1 << 20)];
    let small: Vec<String> = (0..1000).map(small).collect();
    measure("dense-file-lexed", &dense, |text| text, lex);
    measure("dense-file", &dense, |text| text, read);
    measure("dense-file-freed", &dense, read, drop);
    measure("1000-small-files", &small, |text| text, read);
}

/// One text that is parsed as a file; it has no mistakes.
fn read(text: &str) -> Body {
    let mut diagnostics = Diagnostics::new();
    let body = parse(SourceMap::new().add("bench", ""), text, &mut diagnostics);
    assert!(diagnostics.is_empty(), "the text has mistakes: {:?}", diagnostics.iter().next());
    body
}

/// Measures `run`; neither what `prepare` makes for it, nor how long its results take to be freed.
fn measure<'a, P, R>(name: &str, texts: &'a [String], prepare: impl Fn(&'a str) -> P, run: impl Fn(P) -> R) {
    let bytes: usize = texts.iter().map(String::len).sum();
    let started = Instant::now();
    // The system counts processor time by its ticks, so a single round says little.
    let (mut spent, mut rounds) = (0.0, 0);
    while started.elapsed() < TIME {
        let prepared: Vec<P> = texts.iter().map(|text| prepare(text)).collect();
        let round = now();
        let results: Vec<R> = prepared.into_iter().map(&run).collect();
        spent += now() - round;
        rounds += 1;
        drop(results);
    }
    let mean = spent / f64::from(rounds);
    let megabytes = bytes as f64 / 1e6;
    println!("{name} {:.3} ms/MB ({:.0} MB/s)", mean * 1000.0 / megabytes, megabytes / mean);
}

/// Seconds of this thread on a processor; else of the clock.
fn now() -> f64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = times.split(' ').next().and_then(|time| time.parse::<f64>().ok());
    nanoseconds.map_or_else(|| START.elapsed().as_secs_f64(), |time| time / 1e9)
}

/// A file in which every byte counts: locals of many kinds and no comments.
fn dense(size: usize) -> String {
    let mut text = String::new();
    let mut number = 0;
    while text.len() < size {
        text.push_str("locals {\n");
        for _ in 0..1000 {
            number += 1;
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "  local_{number} = {{ name = \"vm-${{var.name}}-{number}\", sizes = [1, {number}, 2.5], on = !var.off }}\n  \
                 other_{number} = [for x in local.list : upper(x.name) if x.size > {number} && x.on]\n  \
                 third_{number} = var.a ? \"${{local.b}}/{number}\" : join(\",\", [var.c[0].d, \"plain text\"])"
            );
        }
        text.push_str("}\n");
    }
    text
}

/// A template as people write it.
fn small(number: usize) -> String {
    format!(
        "# Template {number}\npacker {{\n  required_plugins {{\n    qemu = {{\n      version = \"~> 1\"\n      \
         source  = \"github.com/hashicorp/qemu\"\n    }}\n  }}\n}}\n\nvariable \"name\" {{\n  type        = string\n  \
         default     = \"web-{number}\"\n  description = \"What the image is called.\"\n}}\n\nlocals {{\n  stamp = \
         formatdate(\"YYYYMMDD\", timestamp())\n}}\n\nsource \"qemu\" \"image\" {{\n  vm_name          = \
         \"${{var.name}}-${{local.stamp}}\"\n  disk_size        = \"10G\"\n  memory           = 2048\n  ssh_username     = \
         \"root\"\n  ssh_timeout      = \"20m\"\n  boot_command     = [\"<wait>\", \"root<enter>\"]\n  shutdown_command = \
         \"poweroff\"\n}}\n\nbuild {{\n  sources = [\"source.qemu.image\"]\n\n  provisioner \"shell\" {{\n    inline = [\n      \
         \"apt-get update\",\n      \"apt-get install -y nginx\",\n    ]\n  }}\n\n  provisioner \"file\" {{\n    destination = \
         \"/etc/motd\"\n    content     = <<-EOT\n      Welcome to ${{var.name}}\n      This is machine number {number}.\n    \
         EOT\n  }}\n}}\n"
    )
}
