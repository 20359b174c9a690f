//! The fixers, in the order in which they run. Later ones rely on what earlier ones have done: `iso-md5` writes a type
//! that `iso-checksum-type-and-url` takes in, and nothing mends a `virtualbox` once it is a `virtualbox-iso`.

use super::Fixer;
use super::rule::{Rule, Section, Stuck, Types, Verb, rename};
use super::special;
use crate::json::Object;

const AMAZON: Types = Types::Starting("amazon-");
const HYPERV: Types = Types::Of(&["hyperv-iso", "hyperv-vmcx"]);
const PARALLELS: Types = Types::Of(&["parallels-iso", "parallels-pvm"]);
const QEMU: Types = Types::Of(&["qemu"]);
const VIRTUALBOX: Types = Types::Of(&["virtualbox"]);
const VIRTUALBOXES: Types = Types::Starting("virtualbox");

const fn builders(types: Types, verb: Verb) -> Rule {
    Rule { section: Section::Builders, types, verb }
}

const fn provisioners(types: Types, verb: Verb) -> Rule {
    Rule { section: Section::Provisioners, types, verb }
}

const fn post_processors(types: Types, verb: Verb) -> Rule {
    Rule { section: Section::PostProcessors, types, verb }
}

const fn only(types: &'static [&'static str]) -> Types {
    Types::Of(types)
}

const fn mend(takes_away: &'static [&'static str], by: fn(&mut Object, bool) -> Result<(), Stuck>) -> Verb {
    Verb::Mend { takes_away, by }
}

/// All fixers, in Packer 1.16's order.
pub static FIXERS: [Fixer; 34] = [
    Fixer {
        name: "iso-md5",
        about: "iso_md5 becomes iso_checksum",
        since: Some("0.2"),
        rules: &[builders(Types::All, mend(&["iso_md5"], special::iso_md5))],
    },
    Fixer {
        name: "createtime",
        about: "{{.CreateTime}} in names of Amazon images becomes {{timestamp}}",
        since: Some("0.3"),
        rules: &[builders(Types::All, mend(&[], special::create_time))],
    },
    Fixer {
        name: "virtualbox-gaattach",
        about: "guest_additions_attach of VirtualBox becomes guest_additions_mode",
        since: None,
        rules: &[builders(VIRTUALBOX, mend(&["guest_additions_attach"], special::guest_additions))],
    },
    Fixer {
        name: "pp-vagrant-override",
        about: "options for one provider of the vagrant post-processor move into override",
        since: Some("0.5"),
        rules: &[post_processors(
            only(&["vagrant"]),
            mend(&["aws", "digitalocean", "virtualbox", "vmware"], special::vagrant_overrides),
        )],
    },
    Fixer {
        name: "virtualbox-rename",
        about: "the builder virtualbox becomes virtualbox-iso, in overrides, too",
        since: Some("0.5"),
        rules: &[
            builders(VIRTUALBOX, Verb::Retype("virtualbox-iso")),
            provisioners(Types::All, mend(&[], special::virtualbox_override)),
        ],
    },
    Fixer {
        name: "vmware-rename",
        about: "the builder vmware becomes vmware-iso",
        since: Some("0.5"),
        rules: &[builders(only(&["vmware"]), Verb::Retype("vmware-iso"))],
    },
    Fixer {
        name: "parallels-headless",
        about: "headless of Parallels goes: it never had an effect",
        since: None,
        rules: &[builders(PARALLELS, Verb::Drop("headless"))],
    },
    Fixer {
        name: "parallels-deprecations",
        about: "guest_os_distribution of Parallels becomes guest_os_type; parallels_tools_host_path goes",
        since: Some("0.9"),
        rules: &[
            builders(PARALLELS, Verb::Drop("parallels_tools_host_path")),
            builders(PARALLELS, Verb::Rename(rename("guest_os_distribution", "guest_os_type"))),
        ],
    },
    Fixer {
        name: "sshkeypath",
        about: "ssh_key_path becomes ssh_private_key_file",
        since: None,
        rules: &[builders(
            Types::All,
            Verb::Rename(rename("ssh_key_path", "ssh_private_key_file").if_text().unless_taken()),
        )],
    },
    Fixer {
        name: "sshdisableagent",
        about: "ssh_disable_agent becomes ssh_disable_agent_forwarding",
        since: Some("1.1"),
        rules: &[builders(
            Types::All,
            Verb::Rename(
                rename("ssh_disable_agent", "ssh_disable_agent_forwarding").if_bool().unless_taken(),
            ),
        )],
    },
    Fixer {
        name: "scaleway-access-key",
        about: "access_key of Scaleway becomes organization_id",
        since: None,
        rules: &[builders(
            only(&["scaleway"]),
            Verb::Rename(rename("access_key", "organization_id").if_text().unless_taken()),
        )],
    },
    Fixer {
        name: "manifest-filename",
        about: "filename of the manifest post-processor becomes output",
        since: Some("0.12.1"),
        rules: &[post_processors(only(&["manifest"]), Verb::Rename(rename("filename", "output").if_text()))],
    },
    Fixer {
        name: "amazon-shutdown_behavior",
        about: "shutdown_behaviour of Amazon builders becomes shutdown_behavior",
        since: Some("0.12.1"),
        rules: &[builders(AMAZON, Verb::Rename(rename("shutdown_behaviour", "shutdown_behavior")))],
    },
    Fixer {
        name: "amazon-enhanced-networking",
        about: "enhanced_networking of Amazon builders becomes ena_support",
        since: Some("1.1"),
        rules: &[builders(AMAZON, Verb::Rename(rename("enhanced_networking", "ena_support").if_bool()))],
    },
    Fixer {
        name: "amazon-private-ip",
        about: "ssh_private_ip of Amazon builders becomes ssh_interface",
        since: Some("1.2"),
        rules: &[builders(AMAZON, mend(&["ssh_private_ip"], special::private_ip))],
    },
    Fixer {
        name: "amazon-temp-sec-cidrs",
        about: "temporary_security_group_source_cidr of Amazon builders becomes a list of its plural's name",
        since: Some("1.4"),
        rules: &[builders(
            AMAZON,
            mend(&["temporary_security_group_source_cidr"], special::security_group_cidrs),
        )],
    },
    Fixer {
        name: "docker-email",
        about: "login_email of Docker goes: Docker knows it no more",
        since: Some("1.1.2"),
        rules: &[
            builders(Types::All, Verb::Drop("login_email")),
            post_processors(Types::All, Verb::Drop("login_email")),
        ],
    },
    Fixer {
        name: "docker-tag-tags",
        about: "tag of the docker-tag post-processor becomes the list tags",
        since: Some("1.6"),
        rules: &[post_processors(only(&["docker-tag"]), mend(&["tag"], special::docker_tags))],
    },
    Fixer {
        name: "powershell-escapes",
        about: "backticks that escape values for powershell go: Packer escapes them itself",
        since: Some("1.2"),
        rules: &[provisioners(only(&["powershell"]), mend(&[], special::powershell_escapes))],
    },
    Fixer {
        name: "vmware-compaction",
        about: "vmware-iso on ESXi gets skip_compaction where its disk cannot be compacted",
        since: Some("1.3"),
        rules: &[builders(only(&["vmware-iso"]), mend(&[], special::skip_compaction))],
    },
    Fixer {
        name: "hyperv-deprecations",
        about: "vhd_temp_path of hyperv-iso goes",
        since: None,
        rules: &[builders(only(&["hyperv-iso"]), Verb::Drop("vhd_temp_path"))],
    },
    Fixer {
        name: "hyperv-vmxc-typo",
        about: "clone_from_vmxc_path of hyperv-vmcx becomes clone_from_vmcx_path",
        since: None,
        rules: &[builders(
            only(&["hyperv-vmcx"]),
            Verb::Rename(rename("clone_from_vmxc_path", "clone_from_vmcx_path")),
        )],
    },
    Fixer {
        name: "hyperv-cpu-and-ram",
        about: "cpu and ram_size of Hyper-V become cpus and memory",
        since: Some("1.4"),
        rules: &[
            builders(HYPERV, Verb::Rename(rename("cpu", "cpus"))),
            builders(HYPERV, Verb::Rename(rename("ram_size", "memory"))),
        ],
    },
    Fixer {
        name: "clean-image-name",
        about: "clean_ami_name and clean_image_name in builders become clean_resource_name",
        since: Some("1.5"),
        rules: &[builders(Types::All, mend(&[], special::clean_names))],
    },
    Fixer {
        name: "spot-price-auto-product",
        about: "spot_price_auto_product of Amazon builders goes",
        since: None,
        rules: &[builders(
            only(&["amazon-ebs", "amazon-ebssurrogate", "amazon-ebsvolume", "amazon-instance"]),
            Verb::Drop("spot_price_auto_product"),
        )],
    },
    Fixer {
        name: "qemu-disk-size",
        about: "a disk_size of qemu that is a number gets the unit M",
        since: Some("1.5"),
        rules: &[builders(QEMU, mend(&[], special::disk_size))],
    },
    Fixer {
        name: "galaxy-command",
        about: "galaxycommand of ansible-local becomes galaxy_command",
        since: Some("1.5"),
        rules: &[provisioners(
            only(&["ansible-local"]),
            Verb::Rename(rename("galaxycommand", "galaxy_command").if_text().unless_taken_at_all()),
        )],
    },
    Fixer {
        name: "comm-config",
        about: "ports and NAT of VirtualBox lose ssh_ in front: host_port_min, host_port_max, skip_nat_mapping",
        since: None,
        rules: &[
            builders(
                VIRTUALBOXES,
                Verb::Rename(rename("ssh_host_port_min", "host_port_min").unless_taken_at_all()),
            ),
            builders(
                VIRTUALBOXES,
                Verb::Rename(rename("ssh_host_port_max", "host_port_max").unless_taken_at_all()),
            ),
            builders(
                VIRTUALBOXES,
                Verb::Rename(
                    rename("ssh_skip_nat_mapping", "skip_nat_mapping").if_bool().unless_taken_at_all(),
                ),
            ),
        ],
    },
    Fixer {
        name: "ssh-wait-timeout",
        about: "ssh_wait_timeout becomes ssh_timeout",
        since: None,
        rules: &[builders(
            Types::All,
            Verb::Rename(rename("ssh_wait_timeout", "ssh_timeout").if_text().unless_taken_at_all()),
        )],
    },
    Fixer {
        name: "vsphere-iso-net-disk",
        about: "network and disk of vsphere-iso become the first of network_adapters and storage",
        since: Some("1.6"),
        rules: &[builders(
            only(&["vsphere-iso"]),
            mend(
                &[
                    "network",
                    "networkCard",
                    "network_card",
                    "disk_size",
                    "disk_thin_provisioned",
                    "disk_eagerly_scrub",
                ],
                special::vsphere_adapters,
            ),
        )],
    },
    Fixer {
        name: "iso-checksum-type-and-url",
        about: "iso_checksum_type and iso_checksum_url become part of iso_checksum",
        since: Some("1.6"),
        rules: &[builders(
            Types::All,
            mend(&["iso_checksum_type", "iso_checksum_url"], special::iso_checksum),
        )],
    },
    Fixer {
        name: "qemu-host-port",
        about: "ssh_host_port_min and ssh_host_port_max of qemu become host_port_min and host_port_max",
        since: Some("1.6"),
        rules: &[
            builders(QEMU, Verb::Rename(rename("ssh_host_port_min", "host_port_min"))),
            builders(QEMU, Verb::Rename(rename("ssh_host_port_max", "host_port_max"))),
        ],
    },
    Fixer {
        name: "azure-exclude_from_latest",
        about: "exlude_from_latest of azure-chroot becomes exclude_from_latest",
        since: Some("1.6.5"),
        rules: &[builders(Types::Starting("azure-chroot"), mend(&[], special::exclude_from_latest))],
    },
    Fixer {
        name: "proxmox-type",
        about: "the builder proxmox becomes proxmox-iso",
        since: Some("1.6.5"),
        rules: &[builders(only(&["proxmox"]), Verb::Retype("proxmox-iso"))],
    },
];
