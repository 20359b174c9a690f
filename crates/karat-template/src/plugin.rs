//! The plugins that hold the components people use most, for saying what is missing.

use karat_model::id::ComponentKind;

/// Where a component comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plugin {
    /// Its local name in `required_plugins`.
    pub(crate) name: &'static str,
    /// Its source address.
    pub(crate) source: &'static str,
}

const fn plugin(name: &'static str, source: &'static str) -> Plugin {
    Plugin { name, source }
}

const AMAZON: Plugin = plugin("amazon", "github.com/hashicorp/amazon");
const ANSIBLE: Plugin = plugin("ansible", "github.com/hashicorp/ansible");
const AZURE: Plugin = plugin("azure", "github.com/hashicorp/azure");
const DOCKER: Plugin = plugin("docker", "github.com/hashicorp/docker");
const GOOGLE: Plugin = plugin("googlecompute", "github.com/hashicorp/googlecompute");
const HYPERV: Plugin = plugin("hyperv", "github.com/hashicorp/hyperv");
const LXD: Plugin = plugin("lxd", "github.com/hashicorp/lxd");
const NUTANIX: Plugin = plugin("nutanix", "github.com/nutanix-cloud-native/nutanix");
const ORACLE: Plugin = plugin("oracle", "github.com/hashicorp/oracle");
const PARALLELS: Plugin = plugin("parallels", "github.com/parallels/parallels");
const PROXMOX: Plugin = plugin("proxmox", "github.com/hashicorp/proxmox");
const PUPPET: Plugin = plugin("puppet", "github.com/hashicorp/puppet");
const CHEF: Plugin = plugin("chef", "github.com/hashicorp/chef");
const SALT: Plugin = plugin("salt", "github.com/hashicorp/salt");
const TENCENT: Plugin = plugin("tencentcloud", "github.com/hashicorp/tencentcloud");
const VAGRANT: Plugin = plugin("vagrant", "github.com/hashicorp/vagrant");
const VIRTUALBOX: Plugin = plugin("virtualbox", "github.com/hashicorp/virtualbox");
const VMWARE: Plugin = plugin("vmware", "github.com/hashicorp/vmware");
const VSPHERE: Plugin = plugin("vsphere", "github.com/hashicorp/vsphere");
const YANDEX: Plugin = plugin("yandex", "github.com/hashicorp/yandex");

use ComponentKind::{Builder, DataSource, PostProcessor, Provisioner};

const KNOWN: &[(ComponentKind, &str, Plugin)] = &[
    (Builder, "alicloud-ecs", plugin("alicloud", "github.com/hashicorp/alicloud")),
    (Builder, "amazon-chroot", AMAZON),
    (Builder, "amazon-ebs", AMAZON),
    (Builder, "amazon-ebssurrogate", AMAZON),
    (Builder, "amazon-ebsvolume", AMAZON),
    (Builder, "amazon-instance", AMAZON),
    (DataSource, "amazon-ami", AMAZON),
    (DataSource, "amazon-parameterstore", AMAZON),
    (DataSource, "amazon-secretsmanager", AMAZON),
    (PostProcessor, "amazon-import", AMAZON),
    (Provisioner, "ansible", ANSIBLE),
    (Provisioner, "ansible-local", ANSIBLE),
    (Builder, "azure-arm", AZURE),
    (Builder, "azure-chroot", AZURE),
    (Builder, "azure-dtl", AZURE),
    (Provisioner, "azure-dtlartifact", AZURE),
    (Provisioner, "chef-client", CHEF),
    (Provisioner, "chef-solo", CHEF),
    (Builder, "cloudstack", plugin("cloudstack", "github.com/hashicorp/cloudstack")),
    (Provisioner, "converge", plugin("converge", "github.com/hashicorp/converge")),
    (Builder, "digitalocean", plugin("digitalocean", "github.com/digitalocean/digitalocean")),
    (PostProcessor, "digitalocean-import", plugin("digitalocean", "github.com/digitalocean/digitalocean")),
    (Builder, "docker", DOCKER),
    (PostProcessor, "docker-import", DOCKER),
    (PostProcessor, "docker-push", DOCKER),
    (PostProcessor, "docker-save", DOCKER),
    (PostProcessor, "docker-tag", DOCKER),
    (DataSource, "git-commit", plugin("git", "github.com/ethanmdavidson/git")),
    (DataSource, "git-repository", plugin("git", "github.com/ethanmdavidson/git")),
    (Builder, "googlecompute", GOOGLE),
    (PostProcessor, "googlecompute-export", GOOGLE),
    (PostProcessor, "googlecompute-import", GOOGLE),
    (Provisioner, "goss", plugin("goss", "github.com/YaleUniversity/goss")),
    (Builder, "hcloud", plugin("hcloud", "github.com/hetznercloud/hcloud")),
    (Builder, "hyperone", plugin("hyperone", "github.com/hashicorp/hyperone")),
    (Builder, "hyperv-iso", HYPERV),
    (Builder, "hyperv-vmcx", HYPERV),
    (Provisioner, "inspec", plugin("inspec", "github.com/hashicorp/inspec")),
    (Builder, "linode", plugin("linode", "github.com/linode/linode")),
    (Builder, "lxc", plugin("lxc", "github.com/hashicorp/lxc")),
    (Builder, "lxd", LXD),
    (Builder, "ncloud", plugin("ncloud", "github.com/hashicorp/ncloud")),
    (Builder, "nutanix", NUTANIX),
    (Builder, "openstack", plugin("openstack", "github.com/hashicorp/openstack")),
    (Builder, "oracle-classic", ORACLE),
    (Builder, "oracle-oci", ORACLE),
    (Builder, "outscale-bsu", plugin("outscale", "github.com/outscale/outscale")),
    (Builder, "parallels-iso", PARALLELS),
    (Builder, "parallels-pvm", PARALLELS),
    (Builder, "proxmox-clone", PROXMOX),
    (Builder, "proxmox-iso", PROXMOX),
    (Provisioner, "puppet-masterless", PUPPET),
    (Provisioner, "puppet-server", PUPPET),
    (Builder, "qemu", plugin("qemu", "github.com/hashicorp/qemu")),
    (Provisioner, "salt-masterless", SALT),
    (Builder, "scaleway", plugin("scaleway", "github.com/scaleway/scaleway")),
    (DataSource, "sshkey", plugin("sshkey", "github.com/ivoronin/sshkey")),
    (Builder, "tart-cli", plugin("tart", "github.com/cirruslabs/tart")),
    (Builder, "tencentcloud-cvm", TENCENT),
    (Builder, "ucloud-uhost", plugin("ucloud", "github.com/ucloud/ucloud")),
    (Builder, "upcloud", plugin("upcloud", "github.com/UpCloudLtd/upcloud")),
    (PostProcessor, "upcloud-import", plugin("upcloud", "github.com/UpCloudLtd/upcloud")),
    (Builder, "vagrant", VAGRANT),
    (PostProcessor, "vagrant", VAGRANT),
    (PostProcessor, "vagrant-cloud", VAGRANT),
    (PostProcessor, "vagrant-registry", VAGRANT),
    (Builder, "virtualbox-iso", VIRTUALBOX),
    (Builder, "virtualbox-ovf", VIRTUALBOX),
    (Builder, "virtualbox-vm", VIRTUALBOX),
    (Builder, "vmware-iso", VMWARE),
    (Builder, "vmware-vmx", VMWARE),
    (Builder, "vsphere-clone", VSPHERE),
    (Builder, "vsphere-iso", VSPHERE),
    (Builder, "vsphere-supervisor", VSPHERE),
    (PostProcessor, "vsphere", VSPHERE),
    (PostProcessor, "vsphere-template", VSPHERE),
    (Builder, "vultr", plugin("vultr", "github.com/vultr/vultr")),
    (Provisioner, "windows-update", plugin("windows-update", "github.com/rgl/windows-update")),
    (Builder, "yandex", YANDEX),
    (PostProcessor, "yandex-export", YANDEX),
    (PostProcessor, "yandex-import", YANDEX),
];

impl Plugin {
    /// The plugin of a well-known component.
    pub(crate) fn of(kind: ComponentKind, component: &str) -> Option<Self> {
        KNOWN.iter().find(|(k, name, _)| *k == kind && *name == component).map(|(_, _, plugin)| *plugin)
    }

    /// The types of one kind that some plugin is known to have.
    pub(crate) fn components<'a>(kind: ComponentKind) -> impl Iterator<Item = &'a str> {
        KNOWN.iter().filter(move |(k, _, _)| *k == kind).map(|(_, name, _)| *name)
    }

    /// The block that asks for it.
    pub(crate) fn requirement(self) -> String {
        format!("packer {{\n  required_plugins {{\n{}  }}\n}}\n", self.entry("    "))
    }

    /// Its entry in a `required_plugins` block.
    pub(crate) fn entry(self, indent: &str) -> String {
        let Self { name, source } = self;
        format!(
            "{indent}{name} = {{\n{indent}  source  = \"{source}\"\n{indent}  version = \">= 1.0.0\"\n{indent}}}\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tpl_11_every_component_is_listed_once_and_every_address_is_whole() {
        let mut keys: Vec<_> = KNOWN.iter().map(|(kind, name, _)| (*kind, *name)).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), KNOWN.len());
        assert!(KNOWN.len() >= 60);
        for (_, component, plugin) in KNOWN {
            assert_eq!(plugin.source.split('/').count(), 3, "{component}");
            assert!(plugin.source.ends_with(&format!("/{}", plugin.name)), "{component}");
        }
    }
}
