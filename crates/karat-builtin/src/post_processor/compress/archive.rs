//! Writing the archive.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use karat_sdk::{StepContext, StepError};
use nix::unistd::{Gid, Group, Uid, User};

use super::format::{Archive, Compression, Format};
use super::gzip::{Framing, ParallelGzip};
use crate::input_file::InputFile;

const DOING: &str = "Compressing";

/// Writes `files` to `path`. `level`: 1–9, or the compression's own default.
pub(super) fn write(
    cx: &StepContext,
    files: &[PathBuf],
    path: &Path,
    format: Format,
    level: Option<u32>,
    threads: usize,
) -> Result<(), StepError> {
    let cannot_write = |error| StepError::io(format!("cannot write {}", path.display()), error);
    let out = File::create(path).map_err(cannot_write)?;
    if format.archive == Some(Archive::Zip) {
        return zip(cx, files, out, level);
    }
    let mut encoder = encoder(format.compression, level, threads, out).map_err(cannot_write)?;
    match (format.archive, files) {
        (Some(_), _) => tar(cx, files, &mut encoder)?,
        (None, [file]) => {
            let mut input = open(cx, file)?;
            io::copy(&mut input, &mut encoder)
                .map_err(|error| StepError::io(format!("Failed to compress {}", file.display()), error))?;
        }
        (None, _) => return Err(StepError::failed(only_one(files))),
    }
    encoder.finish().map_err(cannot_write)
}

/// What Packer says when several files are to be compressed without an archive.
pub(super) fn only_one(files: &[PathBuf]) -> String {
    let names: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
    format!(
        "Can only have 1 input file when not using tar/zip. Found {} files: [{}]",
        files.len(),
        names.join(" ")
    )
}

/// A writer that has something to say at its end.
trait Encoder: Write {
    fn finish(self: Box<Self>) -> io::Result<()>;
}

fn encoder(
    compression: Option<Compression>,
    level: Option<u32>,
    threads: usize,
    out: File,
) -> io::Result<Box<dyn Encoder>> {
    let out = BufWriter::with_capacity(1 << 16, out);
    Ok(match compression {
        None => Box::new(out),
        Some(Compression::Pgzip) => Box::new(ParallelGzip::new(out, Framing::OneStream, level, threads)?),
        Some(Compression::Bgzf) => Box::new(ParallelGzip::new(out, Framing::Blocks, level, threads)?),
        Some(Compression::Lz4) => {
            let info = lz4_flex::frame::FrameInfo::new()
                .block_size(lz4_flex::frame::BlockSize::Max4MB)
                .content_checksum(true);
            Box::new(lz4_flex::frame::FrameEncoder::with_frame_info(info, out))
        }
        Some(Compression::Xz) => {
            // Packer's library knows no levels; 6 is xz's own.
            Box::new(lzma_rust2::XzWriter::new(out, lzma_rust2::XzOptions::with_preset(6))?)
        }
        Some(Compression::Bzip2) => {
            Box::new(bzip2::write::BzEncoder::new(out, bzip2::Compression::new(level.unwrap_or(9))))
        }
    })
}

impl Encoder for BufWriter<File> {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.flush()
    }
}

impl Encoder for ParallelGzip<BufWriter<File>> {
    fn finish(self: Box<Self>) -> io::Result<()> {
        (*self).finish()?.flush()
    }
}

impl Encoder for lz4_flex::frame::FrameEncoder<BufWriter<File>> {
    fn finish(self: Box<Self>) -> io::Result<()> {
        (*self).finish().map_err(io::Error::other)?.flush()
    }
}

impl Encoder for lzma_rust2::XzWriter<BufWriter<File>> {
    fn finish(self: Box<Self>) -> io::Result<()> {
        (*self).finish()?.flush()
    }
}

impl Encoder for bzip2::write::BzEncoder<BufWriter<File>> {
    fn finish(self: Box<Self>) -> io::Result<()> {
        (*self).finish()?.flush()
    }
}

fn open<'a>(cx: &'a StepContext, file: &Path) -> Result<InputFile<'a>, StepError> {
    InputFile::open(cx, file, DOING).map_err(|error| {
        StepError::io(format!("Failed to open source file {} for reading", file.display()), error)
    })
}

/// A GNU tar of the files under their base names, without times, with mode and owner.
fn tar(cx: &StepContext, files: &[PathBuf], out: &mut dyn Write) -> Result<(), StepError> {
    let mut archive = tar::Builder::new(out);
    for file in files {
        let failed = |error| {
            StepError::io(
                format!("Error creating tar: Failed to copy {} data to archive", file.display()),
                error,
            )
        };
        let mut input = open(cx, file)?;
        let metadata = input.metadata();
        if metadata.is_dir() {
            return Err(failed(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(metadata.mode() & 0o7777);
        header.set_uid(metadata.uid().into());
        header.set_gid(metadata.gid().into());
        header.set_size(metadata.len());
        header.set_mtime(0);
        // Names that are not known, or too long for the header, stay out: the numbers are there.
        if let Ok(Some(user)) = User::from_uid(Uid::from_raw(metadata.uid())) {
            let _ = header.set_username(&user.name);
        }
        if let Ok(Some(group)) = Group::from_gid(Gid::from_raw(metadata.gid())) {
            let _ = header.set_groupname(&group.name);
        }
        let name = file.file_name().unwrap_or(file.as_os_str());
        let size = metadata.len();
        // A file that changes meanwhile must not bring the archive out of step.
        archive.append_data(&mut header, name, Exactly { input: &mut input, left: size }).map_err(failed)?;
    }
    archive.finish().map_err(|error| StepError::io("Error creating tar", error))
}

/// A zip of the files under the names that the artifact lists, without times.
fn zip(cx: &StepContext, files: &[PathBuf], out: File, level: Option<u32>) -> Result<(), StepError> {
    let mut archive = ::zip::ZipWriter::new(BufWriter::with_capacity(1 << 16, out));
    for file in files {
        let failed = |error: io::Error| {
            StepError::io(
                format!("Error creating zip: Failed to copy {} data to archive", file.display()),
                error,
            )
        };
        let mut input = open(cx, file)?;
        if input.metadata().is_dir() {
            return Err(failed(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        let options = ::zip::write::SimpleFileOptions::DEFAULT
            .compression_method(::zip::CompressionMethod::Deflated)
            .compression_level(level.map(i64::from))
            .last_modified_time(::zip::DateTime::DEFAULT)
            .large_file(true);
        archive.start_file(file.to_string_lossy(), options).map_err(|error| {
            StepError::because(format!("Error creating zip: cannot add {}", file.display()), error)
        })?;
        io::copy(&mut input, &mut archive).map_err(failed)?;
    }
    let mut out = archive.finish().map_err(|error| StepError::because("Error creating zip", error))?;
    out.flush().map_err(|error| StepError::io("Error creating zip", error))
}

/// Reads `left` bytes, no more, and fails if there are fewer.
struct Exactly<'a, 'b> {
    input: &'a mut InputFile<'b>,
    left: u64,
}

impl io::Read for Exactly<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.input.read(&mut buffer[..most])?;
        self.left -= count as u64;
        if count == 0 && most > 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the file became shorter while it was read",
            ));
        }
        Ok(count)
    }
}
