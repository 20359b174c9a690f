//! `fix`, text in and text out. Each file has a template and, behind dashes, what becomes of it: byte for byte what
//! Packer 1.16 writes, which `cargo xtask differential fix` checks. `KARAT_BLESS=1` writes the files anew.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests report by panicking")]

use std::fs;
use std::path::PathBuf;

use karat_migrate::fix::{FIXERS, Fixed, Section, fix, mends};
use karat_model::diagnostic::Diagnostics;
use karat_model::diagnostic_plain::render_plain;
use karat_model::span::SourceMap;
use karat_template::legacy::is_fixable;

const BETWEEN: &str = "----\n";

/// What becomes of a template, or what is said about it.
fn fixed(text: &str, strict: bool) -> Result<Fixed, String> {
    let mut sources = SourceMap::new();
    let file = sources.add("t.json", text);
    let mut diagnostics = Diagnostics::new();
    fix(file, text, strict, &mut diagnostics)
        .ok_or_else(|| diagnostics.iter().map(|problem| render_plain(problem, &sources)).collect())
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fix").join(format!("{name}.txt"))
}

/// Checks a file; returns its template and what became of it.
fn check(name: &str) -> (String, Fixed) {
    let pair = fs::read_to_string(file(name)).unwrap();
    let template = pair.split(BETWEEN).next().unwrap();
    let fixed = fixed(template, true).unwrap();
    let becomes = format!("{template}{BETWEEN}{}\n", fixed.template);
    if std::env::var_os("KARAT_BLESS").is_some() {
        fs::write(file(name), &becomes).unwrap();
    } else {
        assert_eq!(becomes, pair, "{name}");
    }
    (template.to_owned(), fixed)
}

#[test]
fn cli_26_every_fixer_does_what_packers_does() {
    for fixer in &FIXERS {
        let (_, fixed) = check(fixer.name);
        assert!(fixed.changes.iter().any(|change| change.fixer == fixer.name), "{} does nothing", fixer.name);
    }
}

#[test]
fn cli_26_fixers_build_on_each_other() {
    check("order");
}

#[test]
fn cli_26_json_is_written_as_go_writes_it() {
    check("text");
}

/// The title and the place of each problem.
fn problems(text: &str, strict: bool) -> Vec<String> {
    let said = fixed(text, strict).expect_err(text);
    let titles = said.lines().filter_map(|line| line.strip_prefix("Error: "));
    let places = said.lines().filter_map(|line| line.trim().strip_prefix("on t.json line "));
    titles
        .zip(places)
        .map(|(title, place)| format!("{title} @{}", place.split([':', ',']).next().unwrap()))
        .collect()
}

#[test]
fn cli_26_what_packer_refuses_or_crashes_over_has_a_place() {
    for (template, expected) in [
        ("[]", &["Error fixing: the template must be an object @1"][..]),
        ("null", &["Error fixing: the template must be an object @1"]),
        ("{\n\"builders\": {}}", &["Error fixing: builders must be a list @2"]),
        (
            "{\"builders\": [\n{\"type\":\"null\"}, null,\n\"null\", [],\n7]}",
            &[
                "Error fixing: builder 3 must be an object @3",
                "Error fixing: builder 4 must be an object @3",
                "Error fixing: builder 5 must be an object @4",
            ],
        ),
        ("{\"post-processors\":\n\"x\"}", &["Error fixing: post-processors must be a list @2"]),
        (
            "{\"provisioners\": [{},\n{\"override\": \"x\"}]}",
            &["Error fixing: override of provisioner 2 must be an object @2"],
        ),
        (
            "{\"builders\": [{\"type\": \"amazon-ebs\",\n\"ssh_private_ip\": \"yes\"}, {\"type\": \"amazon-ebs\",\n\"ssh_private_ip\": 1}]}",
            &[
                "Error fixing: ssh_private_ip of builder 1 must be true or false @2",
                "Error fixing: ssh_private_ip of builder 2 must be true or false @3",
            ],
        ),
        (
            "{\"post-processors\": [[{\"type\": \"docker-tag\",\n\"tag\": [1]}]]}",
            &["Error fixing: tag of post-processor 1.1 must be a string, or a list of strings @2"],
        ),
        (
            "{\"builders\": [{\"type\": \"vsphere-iso\", \"network\": \"n\",\n\"network_adapters\": {}}]}",
            &["Error fixing: network_adapters of builder 1 must be a list @2"],
        ),
        ("{\"a\":\n1e999}", &["The number is too large for a double @2"]),
        ("{} {}", &["Something follows the end of the JSON value @1"]),
        ("", &["The text ends where a value is expected @1"]),
        ("build {}", &["Failed to parse file as legacy JSON template @1"]),
    ] {
        for strict in [false, true] {
            assert_eq!(problems(template, strict), expected, "{template}");
        }
    }
}

#[test]
fn cli_26_what_has_no_type_or_an_odd_one_stays() {
    let odd = r#"{"builders": [{}, {"type": 1, "headless": true}, {"image_labels": [1]}], "provisioners": {},
        "post-processors": [null, 5, {"tag": "a"}]}"#;
    let fixed = fixed(odd, true).unwrap();
    assert_eq!(fixed.changes, []);
    let same = r#"{"builders":[{},{"headless":true,"type":1},{"image_labels":[1]}],"post-processors":[null,5,{"tag":"a"}],"provisioners":{}}"#;
    assert_eq!(fixed.template.to_string().replace(['\n', ' '], ""), same);
}

#[test]
fn cli_26_beyond_packer() {
    let compact = |template: &str, strict| {
        fixed(template, strict).map(|fixed| fixed.template.to_string().replace(['\n', ' '], ""))
    };
    // No sum was checked, and none is.
    let none =
        r#"{"builders": [{"iso_checksum": "", "iso_checksum_type": "None", "iso_checksum_url": "x"}]}"#;
    assert_eq!(compact(none, false).unwrap(), r#"{"builders":[{"iso_checksum":"none"}]}"#);
    assert_eq!(compact(none, true).unwrap(), r#"{"builders":[{"iso_checksum":"file:x"}]}"#);
    // A builder has no login_email, whether there are post-processors or not.
    let email = r#"{"builders": [{"type": "docker", "login_email": "a"}]}"#;
    assert_eq!(compact(email, false).unwrap(), r#"{"builders":[{"type":"docker"}]}"#);
    assert_eq!(compact(email, true).unwrap(), r#"{"builders":[{"login_email":"a","type":"docker"}]}"#);
    // A tag is not lost.
    let tag = r#"{"post-processors": [{"type": "docker-tag", "tag": 1.5}]}"#;
    assert!(compact(tag, false).unwrap_err().contains("tag of post-processor 1 must be a string"));
    assert!(compact(tag, true).unwrap().contains(r#""tags":[]"#));
    // The case of root keys does not count, and each has one name.
    let big = r#"{"BUILDERS": [{"type": "vmware"}], "Provisioners": [], "builders": [{"type": "proxmox"}]}"#;
    let expected =
        r#"{"BUILDERS":[{"type":"vmware"}],"builders":[{"type":"proxmox-iso"}],"provisioners":[]}"#;
    assert_eq!(compact(big, true).unwrap(), expected);
}

#[test]
fn changes_are_said_with_their_places() {
    let template = r#"{
  "builders": [
    { "type": "virtualbox",
      "iso_md5": "a" },
    { "type": "parallels-iso", "name": "p",
      "headless": true }
  ]
}"#;
    let changes = fixed(template, false).unwrap().changes;
    let said: Vec<String> = changes
        .iter()
        .map(|change| {
            format!("{}: {change}", template[..change.place.range().start].matches('\n').count() + 1)
        })
        .collect();
    assert_eq!(
        said,
        [
            "4: builder 1: iso_md5 becomes iso_checksum, iso_checksum_type (iso-md5)",
            "3: builder 1: type is set (virtualbox-rename)",
            "6: builder 2: headless is gone (parallels-headless)",
            "3: builder 1: iso_checksum_type becomes iso_checksum (iso-checksum-type-and-url)",
        ]
    );
}

/// An error about an option that is gone recommends `fix`, by a list that karat-template has. It must be right about it.
#[test]
fn errors_recommend_fix_for_what_it_mends() {
    use Section::{Builders, PostProcessors, Provisioners};
    for (section, kind, options) in [
        (Builders, "null", "iso_md5 ssh_key_path ssh_disable_agent ssh_wait_timeout"),
        (Builders, "null", "iso_checksum_url iso_checksum_type"),
        (Builders, "virtualbox-iso", "ssh_host_port_min ssh_host_port_max ssh_skip_nat_mapping"),
        (Builders, "qemu", "ssh_host_port_min ssh_host_port_max"),
        (
            Builders,
            "amazon-ebs",
            "shutdown_behaviour enhanced_networking ssh_private_ip spot_price_auto_product",
        ),
        (Builders, "amazon-ebs", "temporary_security_group_source_cidr"),
        (Builders, "parallels-iso", "headless parallels_tools_host_path guest_os_distribution"),
        (Builders, "hyperv-iso", "vhd_temp_path cpu ram_size"),
        (Builders, "hyperv-vmcx", "clone_from_vmxc_path cpu ram_size"),
        (Builders, "scaleway", "access_key"),
        (Builders, "docker", "login_email"),
        (Builders, "vsphere-iso", "network networkCard network_card disk_size"),
        (Builders, "vsphere-iso", "disk_thin_provisioned disk_eagerly_scrub"),
        (PostProcessors, "docker-tag", "tag"),
        (PostProcessors, "docker-import", "login_email"),
        (PostProcessors, "manifest", "filename"),
        (Provisioners, "ansible-local", "galaxycommand"),
    ] {
        for option in options.split(' ') {
            assert!(mends(section, kind, option).is_some(), "{kind}: {option} is not mended");
            assert!(is_fixable(kind, option), "{kind}: {option} is not recommended");
        }
    }
}

#[test]
fn others_can_ask_which_fixer_mends_an_option() {
    let name = |section, kind, option| mends(section, kind, option).map(|fixer| fixer.name);
    assert_eq!(name(Section::Builders, "null", "ssh_key_path"), Some("sshkeypath"));
    assert_eq!(name(Section::Builders, "amazon-ebs", "shutdown_behaviour"), Some("amazon-shutdown_behavior"));
    assert_eq!(name(Section::Builders, "qemu", "shutdown_behaviour"), None);
    assert_eq!(name(Section::Builders, "vsphere-iso", "networkCard"), Some("vsphere-iso-net-disk"));
    assert_eq!(name(Section::Provisioners, "ansible-local", "galaxycommand"), Some("galaxy-command"));
    assert_eq!(name(Section::PostProcessors, "docker-tag", "tag"), Some("docker-tag-tags"));
    assert_eq!(name(Section::PostProcessors, "docker-tag", "tags"), None);
}
