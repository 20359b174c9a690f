//! Made-up legacy JSON templates: every type and option that a fixer knows, with values of any type.

use crate::differential::random::Random;

const BUILDERS: [&str; 30] = [
    "amazon-chroot",
    "amazon-ebs",
    "amazon-ebssurrogate",
    "amazon-ebsvolume",
    "amazon-instance",
    "azure-arm",
    "azure-chroot",
    "docker",
    "googlecompute",
    "hyperv-iso",
    "hyperv-vmcx",
    "null",
    "parallels-iso",
    "parallels-pvm",
    "proxmox",
    "proxmox-clone",
    "qemu",
    "qemu",
    "scaleway",
    "virtualbox",
    "virtualbox-iso",
    "virtualbox-ovf",
    "virtualbox-vm",
    "vmware",
    "vmware-iso",
    "vmware-iso",
    "vmware-vmx",
    "vsphere-clone",
    "vsphere-iso",
    "vsphere-iso",
];

const OF_BUILDERS: [&str; 62] = [
    "access_key",
    "ami_name",
    "bundle_prefix",
    "clone_from_vmcx_path",
    "clone_from_vmxc_path",
    "cpu",
    "cpus",
    "disk_eagerly_scrub",
    "disk_size",
    "disk_size",
    "disk_thin_provisioned",
    "disk_type_id",
    "ena_support",
    "enhanced_networking",
    "guest_additions_attach",
    "guest_additions_mode",
    "guest_os_distribution",
    "guest_os_type",
    "headless",
    "host_port_max",
    "host_port_min",
    "image_labels",
    "image_name",
    "iso_checksum",
    "iso_checksum",
    "iso_checksum_type",
    "iso_checksum_type",
    "iso_checksum_url",
    "iso_md5",
    "iso_url",
    "login_email",
    "memory",
    "name",
    "network",
    "networkCard",
    "network_adapters",
    "network_card",
    "organization_id",
    "parallels_tools_host_path",
    "ram_size",
    "shared_image_destination",
    "shutdown_behavior",
    "shutdown_behaviour",
    "skip_compaction",
    "skip_nat_mapping",
    "snapshot_name",
    "spot_price_auto_product",
    "ssh_disable_agent",
    "ssh_disable_agent_forwarding",
    "ssh_host_port_max",
    "ssh_host_port_min",
    "ssh_interface",
    "ssh_key_path",
    "ssh_private_ip",
    "ssh_private_key_file",
    "ssh_skip_nat_mapping",
    "ssh_timeout",
    "ssh_wait_timeout",
    "storage",
    "temporary_security_group_source_cidr",
    "temporary_security_group_source_cidrs",
    "vhd_temp_path",
];

const PROVISIONERS: [&str; 5] = ["ansible", "ansible-local", "powershell", "powershell", "shell"];

const OF_PROVISIONERS: [&str; 9] = [
    "elevated_password",
    "elevated_user",
    "environment_vars",
    "environment_vars",
    "galaxy_command",
    "galaxycommand",
    "inline",
    "only",
    "override",
];

const POST_PROCESSORS: [&str; 6] =
    ["docker-import", "docker-tag", "docker-tag", "manifest", "vagrant", "vagrant"];

const OF_POST_PROCESSORS: [&str; 14] = [
    "aws",
    "digitalocean",
    "filename",
    "keep_input_artifact",
    "login_email",
    "only",
    "output",
    "override",
    "tag",
    "tag",
    "tags",
    "tags",
    "virtualbox",
    "vmware",
];

/// What options say: JSON.
const VALUES: [&str; 34] = [
    "null",
    "true",
    "false",
    "0",
    "-1.5",
    "40960",
    "1e22",
    "1e-7",
    "\"\"",
    "\"a\"",
    "\"a, b ,a\"",
    "\"true\"",
    "\"False\"",
    "\"none\"",
    "\"md5\"",
    "\"thin\"",
    "\"esx5\"",
    "\"{{user `x`}} <b> & \\\"c\\\" \\\\ é \\ud83d\\ude00 \\ud800 \\u2028\\n\"",
    "\"{{ .CreateTime }} {{.CreateTime}} {{{.CreateTime}}\"",
    "\"{{clean_ami_name `x`}} clean_image_name\"",
    "\"`$a ``b `\\\" `' ` `n\"",
    "[]",
    "[null]",
    "[\"a\", \"b\", \"a\"]",
    "[\"A=`$a\", \"B=``\"]",
    "[1, \"a\"]",
    "[{\"a\": 1}]",
    "[[\"clean_ami_name\"]]",
    "{}",
    "{\"a\": \"clean_ami_name\", \"b\": [\"clean_ami_name\"], \"c\": {\"d\": \"clean_ami_name\"}}",
    "{\"exlude_from_latest\": true}",
    "{\"exlude_from_latest\": true, \"exclude_from_latest\": false}",
    "{\"virtualbox\": {\"script\": \"a\"}, \"vmware\": {}}",
    "{\"virtualbox\": null, \"virtualbox-iso\": 1}",
];

/// A template.
pub(super) fn generate(random: &mut Random) -> String {
    let mut keys = Vec::new();
    if !random.one_in(20) {
        keys.push(("builders", section(random, &BUILDERS, &OF_BUILDERS, false)));
    }
    if !random.one_in(3) {
        keys.push(("provisioners", section(random, &PROVISIONERS, &OF_PROVISIONERS, false)));
    }
    if !random.one_in(3) {
        keys.push(("post-processors", section(random, &POST_PROCESSORS, &OF_POST_PROCESSORS, true)));
    }
    if random.one_in(2) {
        keys.push(("variables", random.choose(&VALUES).to_owned()));
        keys.push(("_comment", random.choose(&VALUES).to_owned()));
    }
    let keys: Vec<String> = keys.into_iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
    format!("{{{}}}", keys.join(", "))
}

fn section(random: &mut Random, types: &[&str], options: &[&str], chains: bool) -> String {
    if random.one_in(40) {
        return random.choose(&VALUES).to_owned();
    }
    let mut components = Vec::new();
    for _ in 0..random.below(5) {
        let component = match () {
            () if random.one_in(60) => random.choose(&VALUES).to_owned(),
            () if chains && random.one_in(4) => {
                let chain = [component(random, types, options), component(random, types, options)];
                format!("[{}]", chain.join(", "))
            }
            () => component(random, types, options),
        };
        components.push(component);
    }
    // A single provisioner may stand alone.
    match components.as_slice() {
        [single] if random.one_in(4) => single.clone(),
        _ => format!("[{}]", components.join(", ")),
    }
}

fn component(random: &mut Random, types: &[&str], options: &[&str]) -> String {
    let mut properties = Vec::new();
    if !random.one_in(60) {
        properties.push(format!("\"type\": \"{}\"", random.choose(types)));
    }
    for _ in 0..random.below(14) {
        properties.push(format!("\"{}\": {}", random.choose(options), random.choose(&VALUES)));
    }
    format!("{{{}}}", properties.join(", "))
}
