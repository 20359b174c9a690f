//! Disk images: made, copied, grown and made small again with `qemu-img`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use karat_sdk::context::StepContext;
use karat_sdk::error::StepError;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use super::options::{Format, Settings};
use super::program::Programs;
use crate::input_file::on_a_thread;

/// How often a conversion is tried while something still holds the image.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(500);
/// What `qemu-img` says then.
const HELD: &str = "Failed to get shared \"write\" lock";

/// The arguments that make an empty disk, or one on top of `backing`.
pub(super) fn create(settings: &Settings, backing: Option<&Path>, disk: &Path, size: &str) -> Vec<OsString> {
    let mut words = words(["create", "-f", settings.format.name()]);
    if let Some(backing) = backing {
        words.extend([OsString::from("-b"), backing.into(), "-F".into(), "qcow2".into()]);
    }
    words.extend(extra(settings).create.iter().map(OsString::from));
    words.extend([disk.into(), size.into()]);
    words
}

/// The arguments that make the disk from another image.
pub(super) fn import(settings: &Settings, image: &Path, disk: &Path) -> Vec<OsString> {
    let mut words = words(["convert"]);
    words.extend(extra(settings).convert.iter().map(OsString::from));
    words.extend([OsString::from("-O"), settings.format.name().into(), image.into(), disk.into()]);
    words
}

/// The arguments that change the disk's size.
pub(super) fn resize(settings: &Settings, disk: &Path) -> Vec<OsString> {
    let mut words = words(["resize", "-f", settings.format.name()]);
    words.extend(extra(settings).resize.iter().map(OsString::from));
    words.extend([disk.into(), OsString::from(&settings.disk_size)]);
    words
}

/// The arguments that copy the disk without what is unused.
pub(super) fn compact(settings: &Settings, disk: &Path, target: &Path) -> Vec<OsString> {
    let mut words = words(["convert"]);
    words.extend(settings.compression.then(|| OsString::from("-c")));
    words.extend(extra(settings).convert.iter().map(OsString::from));
    words.extend([OsString::from("-O"), settings.format.name().into(), disk.into(), target.into()]);
    words
}

fn words<const N: usize>(words: [&str; N]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

fn extra(settings: &Settings) -> super::options::QemuImgOptions {
    settings.options.qemu_img_args.clone().unwrap_or_default()
}

/// What the main disk starts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Empty.
    Empty,
    /// On top of the image.
    Backed,
    /// A byte-for-byte copy of the image.
    Copied,
    /// A conversion of the image.
    Converted,
}

impl Origin {
    /// What the settings ask for. A file whose extension is the format's name is taken to have that format, as Packer
    /// does.
    pub(super) fn of(settings: &Settings, image: &Path) -> Self {
        let options = &settings.options;
        if !options.disk_image {
            return Self::Empty;
        }
        if options.use_backing_file {
            return Self::Backed;
        }
        let same = image.extension().is_some_and(|extension| extension == settings.format.name());
        if same && extra(settings).convert.is_empty() { Self::Copied } else { Self::Converted }
    }
}

/// The main disk, as the command line names it.
pub(super) fn main_disk(settings: &Settings) -> PathBuf {
    settings.output_directory.join(&settings.vm_name)
}

/// Makes the disks that begin empty or on top of the image; returns the paths of all, as the command line names them.
pub(super) async fn make_disks(
    cx: &StepContext,
    programs: &Programs,
    settings: &Settings,
    image: &Path,
) -> Result<Vec<PathBuf>, StepError> {
    let options = &settings.options;
    let main = main_disk(settings);
    let mut disks = vec![main.clone()];
    for number in 1..=options.disk_additional_size.len() {
        disks.push(settings.output_directory.join(format!("{}-{number}", settings.vm_name)));
    }
    if !options.disk_additional_size.is_empty() || options.use_backing_file {
        cx.say("Creating required virtual machine disks");
    }
    match Origin::of(settings, image) {
        Origin::Empty => run(cx, programs, create(settings, None, &main, &settings.disk_size)).await?,
        Origin::Backed => {
            run(cx, programs, create(settings, Some(image), &main, &settings.disk_size)).await?
        }
        Origin::Copied | Origin::Converted => {}
    }
    for (disk, size) in disks.iter().skip(1).zip(&options.disk_additional_size) {
        run(cx, programs, create(settings, None, disk, size)).await?;
    }
    Ok(disks)
}

/// Makes the main disk from the image, where it is not on top of it.
pub(super) async fn copy_disk(
    cx: &StepContext,
    programs: &Programs,
    settings: &Settings,
    image: &Path,
) -> Result<(), StepError> {
    let main = main_disk(settings);
    match Origin::of(settings, image) {
        Origin::Copied => {
            cx.say("File extension already matches desired output format. Skipping qemu-img convert step");
            copy(cx, image, &main).await
        }
        Origin::Converted => {
            cx.say("Copying hard drive...");
            run(cx, programs, import(settings, image, &main)).await
        }
        Origin::Empty | Origin::Backed => Ok(()),
    }
}

/// Gives a main disk that was made from an image its size.
pub(super) async fn resize_disk(
    cx: &StepContext,
    programs: &Programs,
    settings: &Settings,
) -> Result<(), StepError> {
    if !settings.options.disk_image || settings.options.skip_resize_disk {
        return Ok(());
    }
    cx.say("Resizing hard drive...");
    run(cx, programs, resize(settings, &main_disk(settings))).await
}

/// Copies an image; the file system shares the blocks where it can.
async fn copy(cx: &StepContext, image: &Path, disk: &Path) -> Result<(), StepError> {
    let (image, disk) = (cx.resolve(image), cx.resolve(disk));
    on_a_thread(cx, move |cx| {
        let copied = std::fs::File::open(&image).and_then(|mut from| {
            let mut to = std::fs::File::create(&disk)?;
            // In the kernel, and without copying where blocks can be shared.
            std::io::copy(&mut from, &mut to)
        });
        copied.map(|_| ()).map_err(|error| {
            StepError::io(format!("cannot copy {} to {}", cx.shown(&image), cx.shown(&disk)), error)
        })
    })
    .await
}

/// Makes the finished image small.
pub(super) async fn make_compact(
    cx: &StepContext,
    programs: &Programs,
    settings: &Settings,
) -> Result<(), StepError> {
    if settings.skip_compaction && !settings.compression {
        return Ok(());
    }
    cx.say("Converting hard drive...");
    let disk = &main_disk(settings);
    let mut target = disk.as_os_str().to_os_string();
    target.push(".convert");
    let target = PathBuf::from(target);
    let mut tries = 1;
    loop {
        match run(cx, programs, compact(settings, disk, &target)).await {
            Ok(()) => break,
            Err(error) if tries < TRIES && error.to_string().contains(HELD) => {
                tries += 1;
                cx.pause(PAUSE).await?;
            }
            Err(error) => return Err(error),
        }
    }
    let (from, to) = (cx.resolve(&target), cx.resolve(disk));
    tokio::fs::rename(&from, &to).await.map_err(|error| {
        StepError::io(format!("cannot rename {} to {}", target.display(), disk.display()), error)
    })
}

/// Runs `qemu-img`.
async fn run(cx: &StepContext, programs: &Programs, words: Vec<OsString>) -> Result<(), StepError> {
    let mut command = Command::new(&programs.qemu_img);
    command.args(&words).current_dir(&cx.info().cwd);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut process = cx.own_process(command).await?;
    let mut complaint = String::new();
    if let Some(mut stderr) = process.stderr.take() {
        // Ends when the program does.
        let _ = cx.unless_cancelled(stderr.read_to_string(&mut complaint)).await?;
    }
    let status = process.finished().await?;
    if status.success() {
        return Ok(());
    }
    let line: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let full = if complaint.contains("No space left on device") {
        "\nMake room on the disk and build again."
    } else {
        ""
    };
    Err(StepError::failed(format!(
        "qemu-img {} failed ({status}):\n{}{full}",
        line.join(" "),
        complaint.trim_end()
    )))
}

/// Format and size as an artifact tells them.
impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests;
