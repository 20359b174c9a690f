//! QEMU's command line: from settings to words, without touching anything.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::options::Settings;

/// What a run found out before QEMU starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// What executes the guest.
    pub(super) accelerator: String,
    /// The disks, in order.
    pub(super) disks: Vec<PathBuf>,
    /// The CDs, in order.
    pub(super) cds: Vec<PathBuf>,
    /// Port of this host and the guest's port behind it.
    pub(super) forward: Option<(u16, u16)>,
    /// Port of the VNC server.
    pub(super) vnc_port: u16,
    /// This build's copy of the EFI variables.
    pub(super) efi_vars: Option<PathBuf>,
}

/// Switches with their values, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Arguments(Vec<(String, Vec<String>)>);

impl Arguments {
    /// The command line that the settings ask for, `extra` (rendered `qemuargs`) included.
    pub(super) fn new(settings: &Settings, layout: &Layout, extra: &[Vec<String>]) -> Self {
        let mut arguments = Self::defaults(settings, layout);
        arguments.override_with(extra);
        // Whoever writes `-device` means other devices, rarely a guest without a network.
        let device = &settings.options.net_device;
        if !arguments.values("-device").iter().any(|value| value.contains(device.as_str())) {
            arguments.add("-device", format!("{device},netdev=user.0"));
        }
        arguments
    }

    fn defaults(settings: &Settings, layout: &Layout) -> Self {
        let options = &settings.options;
        let mut arguments = Self::default();
        if settings.efi.is_none() {
            arguments.add("-boot", if options.disk_image { "c" } else { "once=d" });
        }
        if let Some(socket) = &settings.qmp_socket {
            arguments.add("-qmp", format!("unix:{},server,nowait", socket.display()));
        }
        arguments.add("-name", &settings.vm_name);
        arguments.add(
            "-machine",
            match layout.accelerator.as_str() {
                "none" => format!("type={}", options.machine_type),
                accelerator => format!("type={},accel={accelerator}", options.machine_type),
            },
        );
        if !options.firmware.is_empty() && !options.use_pflash {
            arguments.add("-bios", &options.firmware);
        }
        arguments.add(
            "-netdev",
            match layout.forward {
                Some((host, guest)) => format!("user,id=user.0,hostfwd=tcp::{host}-:{guest}"),
                None => "user,id=user.0".to_string(),
            },
        );
        let password = if options.vnc_use_password { ",password" } else { "" };
        let display_number = layout.vnc_port.saturating_sub(5900);
        arguments.add("-vnc", format!("{}:{display_number}{password}", options.vnc_bind_address));
        arguments.add("-m", format!("{}M", settings.memory));
        arguments.add("-smp", processors(settings));
        for (switch, value) in [("-cpu", &options.cpu_model), ("-vga", &options.vga)] {
            if !value.is_empty() {
                arguments.add(switch, value);
            }
        }
        if !options.headless && !options.use_default_display && options.display != "none" {
            arguments.add("-display", if options.display.is_empty() { "gtk" } else { &options.display });
        }
        arguments.add_disks(settings, &layout.disks);
        arguments.add("-device", format!("{},netdev=user.0", options.net_device));
        arguments.add_cds(settings, &layout.cds);
        arguments.add_flash(settings, layout);
        arguments
    }

    fn add_disks(&mut self, settings: &Settings, disks: &[PathBuf]) {
        let options = &settings.options;
        let on_scsi = options.disk_interface == "virtio-scsi";
        if on_scsi && !disks.is_empty() {
            self.add("-device", "virtio-scsi-pci,id=scsi0");
        }
        for (index, disk) in disks.iter().enumerate() {
            let file = path_value(disk);
            let mut drive = if on_scsi {
                self.add("-device", format!("scsi-hd,bus=scsi0.0,drive=drive{index}"));
                format!("if=none,file={file},id=drive{index}")
            } else {
                format!("file={file},if={}", options.disk_interface)
            };
            let _ = write!(
                drive,
                ",cache={},discard={},format={}",
                options.disk_cache,
                options.disk_discard,
                settings.format.name()
            );
            if options.disk_detect_zeroes != "off" {
                let _ = write!(drive, ",detect-zeroes={}", options.disk_detect_zeroes);
            }
            self.add("-drive", drive);
        }
    }

    fn add_cds(&mut self, settings: &Settings, cds: &[PathBuf]) {
        // On a controller of our own CDs are counted together with the disks, elsewhere by themselves.
        let drives = self.values("-drive").len();
        for (index, cd) in cds.iter().enumerate() {
            let file = path_value(cd);
            match settings.options.cdrom_interface.as_str() {
                "" => self.add("-drive", format!("file={file},media=cdrom")),
                "virtio-scsi" => {
                    let place = drives + index;
                    self.add(
                        "-drive",
                        format!("file={file},if=none,index={place},id=cdrom{index},media=cdrom"),
                    );
                    self.add("-device", "virtio-scsi-device");
                    self.add("-device", format!("scsi-cd,drive=cdrom{index}"));
                }
                interface => self.add(
                    "-drive",
                    format!("file={file},if={interface},index={index},id=cdrom{index},media=cdrom"),
                ),
            }
        }
    }

    fn add_flash(&mut self, settings: &Settings, layout: &Layout) {
        let options = &settings.options;
        if !options.firmware.is_empty() && options.use_pflash {
            let file = path_value(Path::new(&options.firmware));
            self.add("-drive", format!("file={file},if=pflash,format=raw,readonly=on"));
        }
        if let (Some(efi), Some(vars)) = (&settings.efi, &layout.efi_vars) {
            let code = path_value(&efi.code);
            self.add("-drive", format!("file={code},if=pflash,unit=0,format=raw,readonly=on"));
            self.add("-drive", format!("file={},if=pflash,unit=1,format=raw", path_value(vars)));
        }
    }

    /// A switch that the user names loses every default.
    fn override_with(&mut self, extra: &[Vec<String>]) {
        let mut named: Vec<(String, Vec<String>)> = Vec::new();
        for words in extra {
            let Some((switch, pieces)) = words.split_first() else { continue };
            let value = pieces.concat();
            match named.iter_mut().find(|(known, _)| known == switch) {
                Some((_, values)) => values.push(value),
                None => named.push((switch.clone(), vec![value])),
            }
        }
        self.0.retain(|(switch, _)| !named.iter().any(|(other, _)| other == switch));
        self.0.extend(named);
    }

    fn add(&mut self, switch: &str, value: impl Into<String>) {
        match self.0.iter_mut().find(|(known, _)| known == switch) {
            Some((_, values)) => values.push(value.into()),
            None => self.0.push((switch.to_string(), vec![value.into()])),
        }
    }

    /// The values of one switch, in order.
    pub(super) fn values(&self, switch: &str) -> &[String] {
        self.0.iter().find(|(known, _)| known == switch).map_or(&[], |(_, values)| values)
    }

    /// The words of the command line. An empty value is a bare switch.
    pub(super) fn words(&self) -> Vec<OsString> {
        let pairs =
            self.0.iter().flat_map(|(switch, values)| values.iter().map(move |value| (switch, value)));
        pairs
            .flat_map(|(switch, value)| {
                let value = (!value.is_empty()).then(|| OsString::from(value));
                [OsString::from(switch)].into_iter().chain(value)
            })
            .collect()
    }
}

/// A path as part of an option list, where a comma would end it.
fn path_value(path: &Path) -> String {
    path.display().to_string().replace(',', ",,")
}

/// The value of `-smp`: the count, never above what the topology has room for, and what is set of the topology.
fn processors(settings: &Settings) -> String {
    let options = &settings.options;
    let topology = [("sockets", options.sockets), ("cores", options.cores), ("threads", options.threads)];
    let set: Vec<_> = topology.into_iter().filter(|(_, count)| *count > 0).collect();
    let room: i64 = set.iter().map(|(_, count)| count).product();
    let count = match options.cpus {
        0 if set.is_empty() => 1,
        0 => room,
        cpus if set.is_empty() => cpus,
        cpus => cpus.min(room),
    };
    set.iter().fold(count.to_string(), |text, (name, count)| format!("{text},{name}={count}"))
}

#[cfg(test)]
mod tests;
