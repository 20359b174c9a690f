use serde_json::{Value as Json, json};

use super::super::options::tests::settings;
use super::*;

fn layout() -> Layout {
    Layout {
        accelerator: "tcg".to_string(),
        disks: vec!["output-test/packer-test".into()],
        cds: Vec::new(),
        forward: Some((3250, 22)),
        vnc_port: 5945,
        efi_vars: None,
    }
}

/// The command line, one switch with its value per line, in alphabetic order of the switches: Packer's own order is
/// random.
fn line(options: Json, change: impl FnOnce(&mut Layout)) -> String {
    let settings = settings(options);
    let mut layout = layout();
    change(&mut layout);
    let extra = settings.options.qemuargs.clone();
    let mut pairs: Vec<_> = Arguments::new(&settings, &layout, &extra).0;
    pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
    let lines = pairs.iter().flat_map(|(switch, values)| {
        values.iter().map(move |value| format!("{switch} {value}").trim_end().to_string())
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn qem_02_booting_an_iso() {
    let options =
        json!({ "http_directory": "http", "cpus": 2, "cores": 4, "boot_command": ["x"], "headless": true });
    assert_eq!(
        line(options, |layout| layout.cds = vec!["/isos/a.iso".into()]),
        "-boot once=d\n\
         -device virtio-net,netdev=user.0\n\
         -drive file=output-test/packer-test,if=virtio,cache=writeback,discard=ignore,format=qcow2\n\
         -drive file=/isos/a.iso,media=cdrom\n\
         -m 512M\n\
         -machine type=pc,accel=tcg\n\
         -name packer-test\n\
         -netdev user,id=user.0,hostfwd=tcp::3250-:22\n\
         -smp 2,cores=4\n\
         -vnc 127.0.0.1:45"
    );
}

#[test]
fn qem_02_displays_machines_and_processors() {
    let has = |options: Json, expected: &str| {
        let line = line(options.clone(), |_| {});
        assert!(line.lines().any(|found| found == expected), "{options}: no {expected} in\n{line}");
    };
    has(json!({}), "-display gtk");
    has(json!({ "display": "sdl" }), "-display sdl");
    for hidden in
        [json!({ "headless": true }), json!({ "display": "none" }), json!({ "use_default_display": true })]
    {
        assert!(!line(hidden, |_| {}).contains("-display"));
    }
    has(json!({ "sockets": 2, "threads": 3 }), "-smp 6,sockets=2,threads=3");
    has(json!({ "cpus": 4, "sockets": 1, "cores": 2 }), "-smp 2,sockets=1,cores=2");
    has(json!({ "cpus": 4 }), "-smp 4");
    has(json!({}), "-smp 1");
    has(json!({ "cpu_model": "max" }), "-cpu max");
    has(json!({ "vga": "std" }), "-vga std");
    has(json!({ "firmware": "fw" }), "-bios fw");
    has(json!({ "memory": 2048 }), "-m 2048M");
    assert!(line(json!({}), |layout| layout.accelerator = "none".to_string()).contains("-machine type=pc\n"));
    assert!(line(json!({}), |layout| layout.forward = None).contains("-netdev user,id=user.0\n"));
}

#[test]
fn qem_03_a_disk_image_with_more_disks_on_scsi() {
    let options = json!({
        "disk_image": true, "headless": true, "disk_interface": "virtio-scsi", "disk_discard": "unmap",
        "disk_detect_zeroes": "unmap", "cdrom_interface": "virtio-scsi", "vnc_use_password": true,
    });
    let more = |layout: &mut Layout| {
        layout.disks.push("output-test/packer-test-1".into());
        layout.disks.push("output-test/packer-test-2".into());
        layout.cds = vec!["/tmp/cd.iso".into()];
    };
    assert_eq!(
        line(options, more),
        "-boot c\n\
         -device virtio-scsi-pci,id=scsi0\n\
         -device scsi-hd,bus=scsi0.0,drive=drive0\n\
         -device scsi-hd,bus=scsi0.0,drive=drive1\n\
         -device scsi-hd,bus=scsi0.0,drive=drive2\n\
         -device virtio-net,netdev=user.0\n\
         -device virtio-scsi-device\n\
         -device scsi-cd,drive=cdrom0\n\
         -drive if=none,file=output-test/packer-test,id=drive0,cache=writeback,discard=unmap,format=qcow2,detect-zeroes=unmap\n\
         -drive if=none,file=output-test/packer-test-1,id=drive1,cache=writeback,discard=unmap,format=qcow2,detect-zeroes=unmap\n\
         -drive if=none,file=output-test/packer-test-2,id=drive2,cache=writeback,discard=unmap,format=qcow2,detect-zeroes=unmap\n\
         -drive file=/tmp/cd.iso,if=none,index=3,id=cdrom0,media=cdrom\n\
         -m 512M\n\
         -machine type=pc,accel=tcg\n\
         -name packer-test\n\
         -netdev user,id=user.0,hostfwd=tcp::3250-:22\n\
         -qmp unix:output-test/packer-test.monitor,server,nowait\n\
         -smp 1\n\
         -vnc 127.0.0.1:45,password"
    );
}

#[test]
fn qem_03_cds_on_a_named_interface_and_flash() {
    let options = json!({ "headless": true, "cdrom_interface": "scsi", "firmware": "fw", "use_pflash": true, "format": "raw" });
    let found = line(options, |layout| layout.cds = vec!["/a,b.iso".into(), "/cd.iso".into()]);
    let drives: Vec<_> = found.lines().filter(|line| line.starts_with("-drive")).collect();
    assert_eq!(
        drives,
        [
            "-drive file=output-test/packer-test,if=virtio,cache=writeback,discard=ignore,format=raw",
            "-drive file=/a,,b.iso,if=scsi,index=0,id=cdrom0,media=cdrom",
            "-drive file=/cd.iso,if=scsi,index=1,id=cdrom1,media=cdrom",
            "-drive file=fw,if=pflash,format=raw,readonly=on",
        ]
    );
    let efi = json!({ "disk_image": true, "efi_firmware_code": "c.fd", "efi_firmware_vars": "v.fd" });
    let found = line(efi, |layout| layout.efi_vars = Some("output-test/efivars.fd".into()));
    assert!(!found.contains("-boot"), "{found}");
    assert!(
        found.contains(
            "-drive file=c.fd,if=pflash,unit=0,format=raw,readonly=on\n\
             -drive file=output-test/efivars.fd,if=pflash,unit=1,format=raw\n"
        ),
        "{found}"
    );
}

#[test]
fn qem_05_a_switch_of_the_user_replaces_every_default() {
    let options = json!({ "headless": true, "qemuargs": [
        ["-m", "1024", "M"], ["-device", "e1000"], ["-device", "x"], ["-nographic", ""], ["-enable-kvm"], ["-display", "none"],
    ] });
    let found = line(options, |_| {});
    let about = |switch: &str| found.lines().filter(|line| line.starts_with(switch)).collect::<Vec<_>>();
    assert_eq!(about("-m "), ["-m 1024M"]);
    assert_eq!(about("-device"), ["-device e1000", "-device x", "-device virtio-net,netdev=user.0"]);
    assert_eq!(about("-nographic"), ["-nographic"]);
    assert_eq!(about("-enable-kvm"), ["-enable-kvm"]);
    assert_eq!(about("-display"), ["-display none"]);
    assert_eq!(about("-drive").len(), 1);

    let drive = json!({ "qemuargs": [["-drive", "file=own"], ["-device", "virtio-net,netdev=own"]] });
    let found = line(drive, |layout| layout.cds = vec!["/a.iso".into()]);
    assert_eq!(
        found.lines().filter(|line| line.starts_with("-d")).collect::<Vec<_>>(),
        ["-device virtio-net,netdev=own", "-display gtk", "-drive file=own",]
    );
}

#[test]
fn qem_05_words_are_switches_and_values() {
    let settings = settings(json!({ "headless": true, "qemuargs": [["-nographic"], ["-m", "1G"]] }));
    let words = Arguments::new(&settings, &layout(), &settings.options.qemuargs).words();
    let words: Vec<_> = words.iter().map(|word| word.to_str().unwrap()).collect();
    assert_eq!(words[words.len() - 3..], ["-nographic", "-m", "1G"]);
    assert_eq!(words[..2], ["-boot", "once=d"]);
}
