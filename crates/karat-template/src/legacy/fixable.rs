//! Options that Packer had once, and that `fix` mends.

/// Options of components whose names begin and end so.
const FIXABLE: &[(&str, &[&str])] = &[
    (
        "*",
        &[
            "iso_md5",
            "ssh_key_path",
            "ssh_disable_agent",
            "ssh_host_port_min",
            "ssh_host_port_max",
            "ssh_skip_nat_mapping",
            "ssh_wait_timeout",
            "iso_checksum_url",
            "iso_checksum_type",
        ],
    ),
    (
        "amazon-*",
        &[
            "shutdown_behaviour",
            "enhanced_networking",
            "ssh_private_ip",
            "temporary_security_group_source_cidr",
            "clean_ami_name",
            "spot_price_auto_product",
        ],
    ),
    ("ansible-local", &["galaxycommand"]),
    ("azure-*", &["clean_image_name", "exlude_from_latest"]),
    ("docker", &["login_email"]),
    ("docker-import", &["login_email"]),
    ("docker-tag", &["tag"]),
    ("googlecompute", &["clean_image_name"]),
    ("hyperv-*", &["vhd_temp_path", "clone_from_vmxc_path", "cpu", "ram_size"]),
    ("manifest", &["filename"]),
    ("parallels-*", &["headless", "parallels_tools_host_path", "guest_os_distribution"]),
    ("scaleway", &["access_key"]),
    ("virtualbox-*", &["guest_additions_attach"]),
    (
        "vsphere-*",
        &[
            "network_card",
            "network",
            "networkCard",
            "disk_size",
            "disk_thin_provisioned",
            "disk_eagerly_scrub",
        ],
    ),
];

/// Whether `fix` knows what to make of an option that a component does not have.
pub fn is_fixable(component: &str, option: &str) -> bool {
    let fits = |pattern: &str| match pattern.strip_suffix('*') {
        Some(prefix) => component.starts_with(prefix),
        None => component == pattern,
    };
    FIXABLE.iter().any(|(pattern, options)| fits(pattern) && options.contains(&option))
}
