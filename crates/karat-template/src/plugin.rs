//! The plugins that hold the components people use most, for saying what is missing.

use karat_model::diagnostic::Edit;
use karat_model::id::ComponentKind;
use karat_model::span::{FileId, SourceMap, Span};

/// Where a component comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plugin {
    /// Its local name in `required_plugins`.
    pub name: &'static str,
    /// Its source address.
    pub source: &'static str,
    /// The versions that are current.
    pub version: &'static str,
}

/// A plugin whose current versions are 1.x.
const fn plugin(name: &'static str, source: &'static str) -> Plugin {
    Plugin { name, source, version: "~> 1" }
}

/// A plugin of other versions.
const fn versioned(name: &'static str, source: &'static str, version: &'static str) -> Plugin {
    Plugin { name, source, version }
}

const AMAZON: Plugin = plugin("amazon", "github.com/hashicorp/amazon");
const ANSIBLE: Plugin = plugin("ansible", "github.com/hashicorp/ansible");
const AZURE: Plugin = versioned("azure", "github.com/hashicorp/azure", "~> 2");
const DOCKER: Plugin = plugin("docker", "github.com/hashicorp/docker");
const GOOGLE: Plugin = plugin("googlecompute", "github.com/hashicorp/googlecompute");
const HYPERV: Plugin = plugin("hyperv", "github.com/hashicorp/hyperv");
const LXD: Plugin = plugin("lxd", "github.com/hashicorp/lxd");
const NUTANIX: Plugin = versioned("nutanix", "github.com/nutanix-cloud-native/nutanix", ">= 0.9.0");
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
    (DataSource, "git-commit", versioned("git", "github.com/ethanmdavidson/git", ">= 0.6.0")),
    (DataSource, "git-repository", versioned("git", "github.com/ethanmdavidson/git", ">= 0.6.0")),
    (Builder, "googlecompute", GOOGLE),
    (PostProcessor, "googlecompute-export", GOOGLE),
    (PostProcessor, "googlecompute-import", GOOGLE),
    (Provisioner, "goss", versioned("goss", "github.com/YaleUniversity/goss", "~> 3")),
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
    (Builder, "vultr", versioned("vultr", "github.com/vultr/vultr", "~> 2")),
    (
        Provisioner,
        "windows-update",
        versioned("windows-update", "github.com/rgl/windows-update", ">= 0.16.0"),
    ),
    (Builder, "yandex", YANDEX),
    (PostProcessor, "yandex-export", YANDEX),
    (PostProcessor, "yandex-import", YANDEX),
];

impl Plugin {
    /// The plugin of a well-known component.
    pub fn of(kind: ComponentKind, component: &str) -> Option<Self> {
        KNOWN.iter().find(|(k, name, _)| *k == kind && *name == component).map(|(_, _, plugin)| *plugin)
    }

    /// The types of one kind that some plugin is known to have.
    pub(crate) fn components<'a>(kind: ComponentKind) -> impl Iterator<Item = &'a str> {
        KNOWN.iter().filter(move |(k, _, _)| *k == kind).map(|(_, name, _)| *name)
    }

    /// The entry that asks for it, without indentation.
    fn entry(self) -> String {
        let Self { name, source, version } = self;
        format!("{name} = {{\n  source  = \"{source}\"\n  version = \"{version}\"\n}}")
    }

    /// The change of a template's text that requires it.
    pub(crate) fn require(self, room: Option<&Room>, file: FileId) -> Edit {
        let block = || format!("required_plugins {{\n{}\n}}", indented(&self.entry(), "  "));
        match room {
            Some(Room::Plugins(gap)) => gap.fill(&self.entry()),
            Some(Room::Packer(gap)) => gap.fill(&block()),
            None => Edit {
                span: Span::new(file, 0, 0),
                replacement: format!("packer {{\n{}\n}}\n\n", indented(&block(), "  ")),
            },
        }
    }
}

/// Where a template has room for one more required plugin.
#[derive(Clone, Debug)]
pub(crate) enum Room {
    /// At the end of a `required_plugins` block.
    Plugins(Gap),
    /// At the end of a `packer` block.
    Packer(Gap),
}

/// The place before the closing brace of a block.
#[derive(Clone, Debug)]
pub(crate) struct Gap {
    span: Span,
    /// Of the line with the brace.
    indent: String,
    /// Nothing stands before the brace on its line.
    own_line: bool,
}

impl Gap {
    /// Before the brace at `end`, unless the block has something on one line with its braces.
    pub(crate) fn before(end: Span, sources: &SourceMap) -> Option<Self> {
        let before = sources.text(end.file).get(..end.range().start)?;
        let line = before.rsplit('\n').next().unwrap_or(before);
        let indent: String = line.chars().take_while(|c| c.is_whitespace()).collect();
        let own_line = indent.len() == line.len();
        let closes = sources.snippet(end) == "}";
        let empty = before.trim_end().ends_with('{');
        (closes && (own_line || empty)).then_some(Self { span: end.at_start(), indent, own_line })
    }

    fn fill(&self, text: &str) -> Edit {
        let indent = &self.indent;
        let text = indented(text, &format!("{indent}  "));
        let replacement = if self.own_line {
            format!("{}\n{indent}", text.strip_prefix(indent.as_str()).unwrap_or(&text))
        } else {
            format!("\n{text}\n{indent}")
        };
        Edit { span: self.span, replacement }
    }
}

fn indented(text: &str, indent: &str) -> String {
    text.lines().map(|line| format!("{indent}{line}")).collect::<Vec<_>>().join("\n")
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
            assert!(crate::constraint::Constraint::parse(plugin.version).is_ok(), "{component}");
        }
    }
}
