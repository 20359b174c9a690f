//! The options of the qemu builder, and what they mean together.

use std::path::PathBuf;
use std::time::Duration;

use karat_model::duration;
use karat_sdk::config::{Config, Problems, UNKNOWN_TEXT};
use karat_sdk::context::RunInfo;

use crate::communicator::options::CommunicatorOptions;
use crate::machine::boot_command;
use crate::machine::cd::CdOptions;
use crate::machine::download::IsoOptions;
use crate::machine::http_server::HttpOptions;

const DEFAULT_DISK_SIZE: &str = "40960M";
const DEFAULT_MEMORY: i64 = 512;
const DEFAULT_BOOT_WAIT: Duration = Duration::from_secs(10);
const DEFAULT_KEY_INTERVAL: Duration = Duration::from_millis(100);
const DEFAULT_EFI_CODE: &str = "/usr/share/OVMF/OVMF_CODE.fd";
const DEFAULT_EFI_VARS: &str = "/usr/share/OVMF/OVMF_VARS.fd";

/// Makes a disk image with QEMU, from an installation medium or from another disk image.
#[derive(Config, Clone, Debug)]
#[config(unsupported(
    net_bridge = "guests on a bridge are not supported yet; leave it out to use QEMU's own network",
    vtpm = "a virtual TPM is not supported yet; start swtpm yourself and pass it with `qemuargs`",
    use_tpm1 = "a virtual TPM is not supported yet",
    tpm_device_type = "a virtual TPM is not supported yet",
    floppy_files = "floppies are not supported yet; use `cd_files`",
    floppy_dirs = "floppies are not supported yet; use `cd_files`",
    floppy_content = "floppies are not supported yet; use `cd_content`",
    floppy_label = "floppies are not supported yet; use `cd_label`",
))]
pub(super) struct QemuOptions {
    /// Where the image comes from.
    #[config(flatten)]
    pub(super) iso: IsoOptions,
    /// What the guest can fetch.
    #[config(flatten)]
    pub(super) http: HttpOptions,
    /// A CD of our own.
    #[config(flatten)]
    pub(super) cd: CdOptions,
    /// How to get in.
    #[config(flatten)]
    pub(super) communicator: CommunicatorOptions,

    /// What executes the guest: `kvm`, `tcg`, `xen`, `hax`, `hvf`, `whpx` or `none`. Found out by booting a probe when
    /// it is not set: `kvm` where that works, else `tcg`.
    pub(super) accelerator: String,
    /// QEMU's machine type.
    #[config(default = "pc".to_string())]
    pub(super) machine_type: String,
    /// QEMU's CPU model.
    pub(super) cpu_model: String,
    /// Number of virtual CPUs; 1 unless the topology says otherwise.
    pub(super) cpus: i64,
    /// Sockets of the CPU topology.
    pub(super) sockets: i64,
    /// Cores of the CPU topology.
    pub(super) cores: i64,
    /// Threads of the CPU topology.
    pub(super) threads: i64,
    /// Memory in MiB; less than 10 means 512.
    #[config(default = DEFAULT_MEMORY)]
    pub(super) memory: i64,

    /// Size of the disk, with a suffix `b`, `k`, `m`, `g` or `t`; a bare number counts megabytes.
    #[config(default = DEFAULT_DISK_SIZE.to_string())]
    pub(super) disk_size: String,
    /// Sizes of further disks.
    pub(super) disk_additional_size: Vec<String>,
    /// How disks are attached: `ide`, `sata`, `scsi`, `sd`, `virtio` or `virtio-scsi`.
    #[config(default = "virtio".to_string())]
    pub(super) disk_interface: String,
    /// QEMU's cache mode: `writethrough`, `writeback`, `none`, `unsafe` or `directsync`.
    #[config(default = "writeback".to_string())]
    pub(super) disk_cache: String,
    /// What the guest's discards do: `unmap` or `ignore`.
    #[config(default = "ignore".to_string())]
    pub(super) disk_discard: String,
    /// What written zeroes do: `unmap`, `on` or `off`.
    #[config(default = "off".to_string())]
    pub(super) disk_detect_zeroes: String,
    /// Format of the finished image: `qcow2` or `raw`.
    #[config(default = "qcow2".to_string())]
    pub(super) format: String,
    /// Whether to leave the finished image as it is, instead of copying it once more to make it small.
    pub(super) skip_compaction: bool,
    /// Whether the finished image is compressed.
    pub(super) disk_compression: bool,
    /// Whether `iso_url` is a disk image to start from, not an installation medium.
    pub(super) disk_image: bool,
    /// Whether the finished image holds only what differs from the disk image it started from.
    pub(super) use_backing_file: bool,
    /// Whether a disk image keeps its size.
    pub(super) skip_resize_disk: bool,
    /// Whether QEMU reads the image from the web server itself, without a download and without its checksum.
    pub(super) iso_skip_cache: bool,

    /// Directory of the finished image; must not exist, unless `-force`. `output-BUILD` by default.
    pub(super) output_directory: String,
    /// File name of the finished image. `packer-BUILD` by default.
    pub(super) vm_name: String,

    /// QEMU's network device.
    #[config(default = "virtio-net".to_string())]
    pub(super) net_device: String,
    /// Lowest port of this host that may lead to the guest's SSH server.
    #[config(default = 2222)]
    pub(super) host_port_min: u16,
    /// Highest port of this host that may lead to the guest's SSH server.
    #[config(default = 4444)]
    pub(super) host_port_max: u16,
    /// Lowest port of this host that may lead to the guest's SSH server.
    #[config(deprecated = "use host_port_min")]
    pub(super) ssh_host_port_min: Option<u16>,
    /// Highest port of this host that may lead to the guest's SSH server.
    #[config(deprecated = "use host_port_max")]
    pub(super) ssh_host_port_max: Option<u16>,
    /// Whether the guest's SSH port is reached without forwarding.
    pub(super) skip_nat_mapping: bool,

    /// Whether to run without a window.
    pub(super) headless: bool,
    /// QEMU's display; `none` leaves it to QEMU.
    #[config(default = "gtk".to_string())]
    pub(super) display: String,
    /// Whether the display is left to QEMU.
    pub(super) use_default_display: bool,
    /// QEMU's graphics card.
    pub(super) vga: String,
    /// Address of QEMU's VNC server.
    #[config(default = "127.0.0.1".to_string())]
    pub(super) vnc_bind_address: String,
    /// Lowest port of QEMU's VNC server.
    #[config(default = 5900)]
    pub(super) vnc_port_min: u16,
    /// Highest port of QEMU's VNC server.
    #[config(default = 6000)]
    pub(super) vnc_port_max: u16,
    /// Whether QEMU's VNC server asks for a password.
    pub(super) vnc_use_password: bool,
    /// Password of QEMU's VNC server, at most 8 characters; random by default.
    #[config(sensitive)]
    pub(super) vnc_password: String,
    /// How the CD drives are attached; left to QEMU by default.
    pub(super) cdrom_interface: String,
    /// Firmware to boot with.
    pub(super) firmware: String,
    /// Whether the firmware is a flash device instead of a BIOS.
    pub(super) use_pflash: bool,
    /// Whether to boot with EFI.
    pub(super) efi_boot: bool,
    /// EFI firmware. Setting it turns EFI on.
    pub(super) efi_firmware_code: String,
    /// EFI variables to start from. Setting it turns EFI on.
    pub(super) efi_firmware_vars: String,
    /// Whether the EFI variables stay out of the artifact.
    pub(super) efi_drop_efivars: bool,
    /// Whether QEMU gets a control socket.
    pub(super) qmp_enable: bool,
    /// Path of the control socket; `OUTPUT/VM.monitor` by default.
    pub(super) qmp_socket_path: String,
    /// QEMU's program.
    #[config(default = "qemu-system-x86_64".to_string())]
    pub(super) qemu_binary: String,
    /// More arguments for QEMU, each a list of a switch and its value. A switch given here replaces every default of that
    /// switch. Knows `{{ .HTTPIP }}`, `{{ .HTTPPort }}`, `{{ .HTTPDir }}`, `{{ .OutputDir }}`, `{{ .Name }}` and
    /// `{{ .SSHHostPort }}`.
    #[config(late)]
    pub(super) qemuargs: Vec<Vec<String>>,
    /// More arguments for `qemu-img`.
    #[config(block)]
    pub(super) qemu_img_args: Option<QemuImgOptions>,
    /// Accepted and unused, as in Packer.
    pub(super) run_once: bool,

    /// How long to wait before typing; `10s` by default, negative means not at all.
    pub(super) boot_wait: Option<String>,
    /// What to type when the machine boots.
    #[config(late)]
    pub(super) boot_command: Vec<String>,
    /// What to type when the machine boots: a list of texts, each with a description that is shown.
    #[config(late)]
    pub(super) boot_steps: Vec<Vec<String>>,
    /// Time between two key events; 100 ms by default.
    pub(super) boot_key_interval: Duration,
    /// Time between two groups of keys; has no effect where keys are typed over VNC.
    pub(super) boot_keygroup_interval: Duration,
    /// Whether nothing is typed and VNC is not used.
    pub(super) disable_vnc: bool,

    /// Command that shuts the guest down; without one the machine is switched off.
    pub(super) shutdown_command: String,
    /// How long the guest may take to shut down.
    #[config(default = Duration::from_secs(300))]
    pub(super) shutdown_timeout: Duration,
}

/// More arguments for `qemu-img`.
#[derive(Config, Clone, Debug, Default)]
pub(super) struct QemuImgOptions {
    /// For `qemu-img convert`.
    pub(super) convert: Vec<String>,
    /// For `qemu-img create`.
    pub(super) create: Vec<String>,
    /// For `qemu-img resize`.
    pub(super) resize: Vec<String>,
}

/// Format of a disk image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// QEMU's own.
    Qcow2,
    /// A plain copy of the disk.
    Raw,
}

impl Format {
    /// As `qemu-img` names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Qcow2 => "qcow2",
            Self::Raw => "raw",
        }
    }
}

/// EFI firmware.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Efi {
    /// The program.
    pub(super) code: PathBuf,
    /// The variables to start from.
    pub(super) vars: PathBuf,
}

/// What to type, with the description of each part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BootStep {
    /// In the boot command language, not rendered yet.
    pub(super) command: String,
    /// For people.
    pub(super) description: String,
}

/// Options that make sense, with defaults that depend on one another filled in.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// As the template gives them.
    pub(super) options: QemuOptions,
    /// Format of the finished image.
    pub(super) format: Format,
    /// File name of the finished image.
    pub(super) vm_name: String,
    /// Directory of the finished image, as the template writes it.
    pub(super) output_directory: PathBuf,
    /// Size of the disk, with its unit.
    pub(super) disk_size: String,
    /// Memory in MiB.
    pub(super) memory: i64,
    /// Whether the finished image is left as it is.
    pub(super) skip_compaction: bool,
    /// Whether the finished image is compressed.
    pub(super) compression: bool,
    /// EFI firmware, if it boots with EFI.
    pub(super) efi: Option<Efi>,
    /// The control socket, if there is one.
    pub(super) qmp_socket: Option<PathBuf>,
    /// Ports of this host that may lead to the guest.
    pub(super) host_ports: std::ops::RangeInclusive<u16>,
    /// How long to wait before typing.
    pub(super) boot_wait: BootWait,
    /// What to type.
    pub(super) boot_steps: Vec<BootStep>,
    /// Time between two key events.
    pub(super) key_interval: Duration,
}

/// How long to wait before typing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BootWait {
    /// The template does not say.
    Default,
    /// The template says so; may be zero.
    Set(Duration),
}

impl BootWait {
    /// The wait for a machine that is typed to (`typing`) or not: with nothing to type there is nothing to wait for,
    /// unless somebody asked for it.
    pub(super) fn time(self, typing: bool, strict: bool) -> Duration {
        match self {
            Self::Set(time) => time,
            Self::Default if typing || strict => DEFAULT_BOOT_WAIT,
            Self::Default => Duration::ZERO,
        }
    }
}

impl Settings {
    /// What the options mean together, and warnings; or everything that is wrong with them.
    pub(super) fn new(options: QemuOptions, info: &RunInfo) -> Result<(Self, Vec<String>), Problems> {
        let mut problems = Problems::new();
        let mut warnings = Vec::new();
        options.iso.check(&info.cwd, &mut problems, &mut warnings);
        options.http.check(&mut problems);
        options.cd.check(&info.cwd, &mut problems);
        options.check_choices(&mut problems);
        options.check_disks(&mut problems);
        options.check_ports(&mut problems);
        let boot_steps = options.boot(&mut problems);
        let (boot_wait, key_interval) = options.boot_times(&mut problems);
        if !options.boot_keygroup_interval.is_zero() {
            warnings.push(
                "boot_keygroup_interval has no effect: keys are typed over VNC. Use boot_key_interval"
                    .to_string(),
            );
        }
        if options.run_once {
            warnings.push("run_once has no effect, as in Packer".to_string());
        }
        if options.ssh_host_port_min.is_some() || options.ssh_host_port_max.is_some() {
            warnings.push(
                "ssh_host_port_min and ssh_host_port_max are deprecated; use host_port_min and host_port_max"
                    .to_string(),
            );
        }
        let format = match options.format.as_str() {
            "raw" => Format::Raw,
            _ => Format::Qcow2,
        };
        let or = |text: &str, default: String| if text.is_empty() { default } else { text.to_string() };
        let vm_name = or(&options.vm_name, format!("packer-{}", info.source_name));
        let output_directory =
            PathBuf::from(or(&options.output_directory, format!("output-{}", info.source_name)));
        let qmp_wanted = options.qmp_enable || options.vnc_use_password;
        let qmp_socket = qmp_wanted.then(|| match options.qmp_socket_path.as_str() {
            "" => output_directory.join(format!("{vm_name}.monitor")),
            path => PathBuf::from(path),
        });
        let with_efi = options.efi_boot
            || !options.efi_firmware_code.is_empty()
            || !options.efi_firmware_vars.is_empty();
        let efi = with_efi.then(|| Efi {
            code: or(&options.efi_firmware_code, DEFAULT_EFI_CODE.to_string()).into(),
            vars: or(&options.efi_firmware_vars, DEFAULT_EFI_VARS.to_string()).into(),
        });
        let settings = Self {
            format,
            vm_name,
            output_directory,
            disk_size: sized(&options.disk_size),
            memory: if options.memory < 10 { DEFAULT_MEMORY } else { options.memory },
            skip_compaction: options.skip_compaction || format == Format::Raw || options.use_backing_file,
            compression: options.disk_compression && format == Format::Qcow2,
            efi,
            qmp_socket,
            host_ports: options.host_ports(),
            boot_wait,
            boot_steps,
            key_interval,
            options,
        };
        problems.or((settings, warnings))
    }
}

impl QemuOptions {
    fn host_ports(&self) -> std::ops::RangeInclusive<u16> {
        let first = self.ssh_host_port_min.filter(|port| *port > 0).unwrap_or(self.host_port_min);
        let last = self.ssh_host_port_max.filter(|port| *port > 0).unwrap_or(self.host_port_max);
        first..=last
    }

    /// Options that are one of a few words.
    fn check_choices(&self, problems: &mut Problems) {
        let choices: [(&str, &str, &[&str]); 6] = [
            ("accelerator", &self.accelerator, &["", "kvm", "tcg", "xen", "hax", "hvf", "whpx", "none"]),
            ("disk_interface", &self.disk_interface, &["ide", "sata", "scsi", "sd", "virtio", "virtio-scsi"]),
            ("disk_cache", &self.disk_cache, &["writethrough", "writeback", "none", "unsafe", "directsync"]),
            ("disk_discard", &self.disk_discard, &["unmap", "ignore"]),
            ("disk_detect_zeroes", &self.disk_detect_zeroes, &["unmap", "on", "off"]),
            ("format", &self.format, &["qcow2", "raw"]),
        ];
        for (name, value, known) in choices {
            if !known.contains(&value) && value != UNKNOWN_TEXT {
                let known: Vec<_> = known.iter().filter(|word| !word.is_empty()).copied().collect();
                problems.add(name, format!("{name}: {value:?} is invalid; use one of {}", known.join(", ")));
            }
        }
        for (name, value) in
            [("cpus", self.cpus), ("sockets", self.sockets), ("cores", self.cores), ("threads", self.threads)]
        {
            if value < 0 {
                problems.add(name, format!("{name} must not be negative"));
            }
        }
    }

    fn check_disks(&self, problems: &mut Problems) {
        if !is_size(&self.disk_size) && self.disk_size != UNKNOWN_TEXT {
            problems.add("disk_size", format!("Invalid disk size. disk_size: {:?} is not a number with one of the suffixes b, k, m, g, t", self.disk_size));
        }
        if self.use_backing_file && !(self.disk_image && self.format == "qcow2") {
            problems.add(
                "use_backing_file",
                "use_backing_file can only be enabled for QCOW2 images and when disk_image is true",
            );
        }
        if self.skip_resize_disk && !self.disk_image {
            problems.add("skip_resize_disk", "skip_resize_disk can only be used when disk_image is true");
        }
        if self.qemuargs.iter().any(Vec::is_empty) {
            problems.add("qemuargs", "qemuargs: an empty list names no switch");
        }
    }

    fn check_ports(&self, problems: &mut Problems) {
        if self.host_ports().is_empty() {
            problems.add("host_port_min", "host_port_min must be less than host_port_max");
        }
        if self.vnc_port_min < 5900 {
            problems.add("vnc_port_min", "vnc_port_min cannot be below 5900");
        }
        if self.vnc_port_min > self.vnc_port_max {
            problems.add("vnc_port_min", "vnc_port_min must be less than vnc_port_max");
        }
    }

    /// What to type; a boot command is one step without a description.
    fn boot(&self, problems: &mut Problems) -> Vec<BootStep> {
        if !self.boot_command.is_empty() && !self.boot_steps.is_empty() {
            problems.add("boot_steps", "Both boot command and boot steps cannot be used.");
        }
        let mut steps = Vec::new();
        if !self.boot_command.is_empty() {
            steps.push(BootStep { command: self.boot_command.concat(), description: String::new() });
        }
        for step in &self.boot_steps {
            match step.as_slice() {
                [command] => steps.push(BootStep { command: command.clone(), description: String::new() }),
                [command, description] => {
                    steps.push(BootStep { command: command.clone(), description: description.clone() });
                }
                _ => problems
                    .add("boot_steps", "boot_steps: each step is a list of a command and a description"),
            }
        }
        for step in &steps {
            // Templates in it are not rendered yet, but they cannot make a wait of something else.
            if let Err(reason) = boot_command::parse(&step.command) {
                problems.add("boot_command", format!("boot_command: {reason}"));
            }
        }
        if self.disable_vnc && !steps.is_empty() {
            problems.add("disable_vnc", "A boot command cannot be used when vnc is disabled.");
        }
        steps
    }

    fn boot_times(&self, problems: &mut Problems) -> (BootWait, Duration) {
        let wait = match self.boot_wait.as_deref() {
            None | Some("" | UNKNOWN_TEXT) => BootWait::Default,
            Some(text) => match duration::parse_signed(text) {
                Ok((false, time)) => BootWait::Set(time),
                Ok((true, _)) => BootWait::Set(Duration::ZERO),
                Err(error) => {
                    problems.add("boot_wait", format!("boot_wait: {error}"));
                    BootWait::Default
                }
            },
        };
        let own = Some(self.boot_key_interval).filter(|interval| !interval.is_zero());
        let from_environment = || {
            let text = std::env::var("PACKER_KEY_INTERVAL").ok().filter(|text| !text.is_empty())?;
            let parsed = duration::parse(&text);
            parsed
                .map_err(|error| problems.add("boot_key_interval", format!("PACKER_KEY_INTERVAL: {error}")))
                .ok()
        };
        (wait, own.or_else(from_environment).unwrap_or(DEFAULT_KEY_INTERVAL))
    }
}

/// `40G`, `512m` or `8192`.
fn is_size(text: &str) -> bool {
    let digits = text.trim_end_matches(|c: char| "bkmgtBKMGT".contains(c));
    text.is_empty()
        || (text.len() - digits.len() <= 1
            && !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A size with its unit.
fn sized(text: &str) -> String {
    match text {
        "" | "0" => DEFAULT_DISK_SIZE.to_string(),
        text if text.ends_with(|last: char| last.is_ascii_digit()) => format!("{text}M"),
        text => text.to_string(),
    }
}

#[cfg(test)]
pub(super) mod tests;
