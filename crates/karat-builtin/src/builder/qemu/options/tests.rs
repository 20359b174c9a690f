use karat_model::value::Value;
use karat_sdk::testing::{RecordingHost, check_context};
use serde_json::{Value as Json, json};

use super::*;

/// The settings of a template that gives these options.
pub(in crate::builder::qemu) fn settings(more: Json) -> Settings {
    settled(more).unwrap().0
}

fn settled(more: Json) -> Result<(Settings, Vec<String>), Problems> {
    let host = RecordingHost::new();
    let mut config = json!({ "iso_url": "a.iso", "iso_checksum": "none", "ssh_username": "root" });
    for (key, value) in more.as_object().unwrap() {
        config[key] = value.clone();
    }
    let options = check_context(&host).decode(&Value::from_json(&config))?;
    Settings::new(options, &host.info(|_| {}))
}

fn problems(more: Json) -> String {
    settled(more).err().map(|problems| problems.to_string()).unwrap_or_default()
}

#[test]
fn qem_01_defaults() {
    let settings = settings(json!({}));
    let options = &settings.options;
    assert_eq!(settings.vm_name, "packer-test");
    assert_eq!(settings.output_directory, PathBuf::from("output-test"));
    assert_eq!(
        (settings.disk_size.as_str(), settings.memory, settings.format),
        ("40960M", 512, Format::Qcow2)
    );
    assert_eq!(
        (settings.host_ports.clone(), options.vnc_port_min, options.vnc_port_max),
        (2222..=4444, 5900, 6000)
    );
    assert_eq!((options.net_device.as_str(), options.disk_interface.as_str()), ("virtio-net", "virtio"));
    assert_eq!((options.machine_type.as_str(), options.display.as_str()), ("pc", "gtk"));
    assert_eq!(options.shutdown_timeout, Duration::from_secs(300));
    assert_eq!(settings.key_interval, Duration::from_millis(100));
    assert!(settings.efi.is_none() && settings.qmp_socket.is_none() && !settings.skip_compaction);
}

#[test]
fn qem_01_options_that_follow_from_others() {
    let sizes = [("0", "40960M"), ("", "40960M"), ("5000", "5000M"), ("8g", "8g"), ("1T", "1T")];
    for (given, used) in sizes {
        assert_eq!(settings(json!({ "disk_size": given })).disk_size, used, "{given}");
    }
    assert_eq!(settings(json!({ "memory": 9 })).memory, 512);
    let raw = settings(json!({ "format": "raw", "disk_compression": true }));
    assert!(raw.skip_compaction && !raw.compression);
    assert!(settings(json!({ "disk_image": true, "use_backing_file": true })).skip_compaction);
    let password = settings(json!({ "vnc_use_password": true, "vm_name": "x" }));
    assert_eq!(password.qmp_socket, Some(PathBuf::from("output-test/x.monitor")));
    let efi = settings(json!({ "efi_firmware_vars": "v.fd" })).efi.unwrap();
    assert_eq!((efi.code.as_path(), efi.vars.as_path()), (DEFAULT_EFI_CODE.as_ref(), "v.fd".as_ref()));
    assert_eq!(settings(json!({ "ssh_host_port_min": 3000 })).host_ports, 3000..=4444);
}

#[test]
fn qem_01_what_makes_no_sense_is_named() {
    for (given, says) in [
        (json!({ "accelerator": "fast" }), "accelerator: \"fast\" is invalid; use one of kvm, tcg, xen"),
        (json!({ "disk_interface": "usb" }), "disk_interface: \"usb\""),
        (json!({ "disk_cache": "x" }), "disk_cache: \"x\""),
        (json!({ "disk_discard": "x" }), "disk_discard: \"x\""),
        (json!({ "disk_detect_zeroes": "x" }), "disk_detect_zeroes: \"x\""),
        (json!({ "format": "vmdk" }), "format: \"vmdk\""),
        (json!({ "disk_size": "big" }), "Invalid disk size."),
        (json!({ "disk_size": "5gb" }), "Invalid disk size."),
        (json!({ "cpus": -1 }), "cpus must not be negative"),
        (json!({ "use_backing_file": true }), "use_backing_file can only be enabled"),
        (json!({ "skip_resize_disk": true }), "skip_resize_disk can only be used"),
        (json!({ "vnc_port_min": 80 }), "vnc_port_min cannot be below 5900"),
        (json!({ "vnc_port_min": 6001 }), "vnc_port_min must be less than vnc_port_max"),
        (json!({ "host_port_min": 5000 }), "host_port_min must be less than host_port_max"),
        (json!({ "vnc_port_max": 70000 }), "vnc_port_max: 70000 is not a whole number from 0 to 65535"),
        (json!({ "boot_command": ["a"], "boot_steps": [["b"]] }), "Both boot command and boot steps"),
        (json!({ "boot_command": ["<wait", "0>"] }), "Expecting a positive wait value. Got 0"),
        (
            json!({ "boot_command": ["a"], "disable_vnc": true }),
            "A boot command cannot be used when vnc is disabled.",
        ),
        (json!({ "boot_wait": "soon" }), "boot_wait: "),
        (json!({ "qemuargs": [[]] }), "an empty list names no switch"),
    ] {
        let problems = problems(given.clone());
        assert!(problems.contains(says), "{given}: {problems}");
    }
    let three = problems(json!({ "format": "x", "disk_size": "x", "cpus": -1 }));
    assert!(three.starts_with("3 error(s) occurred:"), "{three}");
}

#[test]
fn qem_01_what_is_not_supported_yet_is_in_the_schema() {
    let schema = QemuOptions::schema();
    for option in
        ["net_bridge", "vtpm", "use_tpm1", "tpm_device_type", "floppy_files", "floppy_dirs", "floppy_content"]
    {
        assert!(schema.attributes[option].unsupported.is_some(), "{option}");
    }
}

#[test]
fn qem_01_options_without_effect_are_warned_about() {
    let (_, warnings) =
        settled(json!({ "run_once": true, "boot_keygroup_interval": "1s", "ssh_host_port_max": 3000 }))
            .unwrap();
    assert_eq!(warnings.len(), 4, "{warnings:?}");
}

#[test]
fn qem_07_nobody_waits_to_type_nothing() {
    let ten = Duration::from_secs(10);
    let wait = |given: Option<&str>| match given {
        Some(text) => settings(json!({ "boot_wait": text })).boot_wait,
        None => settings(json!({})).boot_wait,
    };
    assert_eq!(wait(None).time(true, false), ten);
    assert_eq!(wait(None).time(false, true), ten);
    assert_eq!(wait(None).time(false, false), Duration::ZERO);
    assert_eq!(wait(Some("3s")).time(false, false), Duration::from_secs(3));
    assert_eq!(wait(Some("-1s")).time(true, true), Duration::ZERO);
}
