//! A program of this host whose output is shown line by line.

use std::io;
use std::process::Stdio;

use karat_model::event::Stream;
use karat_sdk::{StepContext, StepError};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use crate::script::OutputLines;

/// Runs `argv` to its end and gives its exit code; -1 if a signal ended it, as Packer counts. When the build is
/// cancelled, the program is killed with everything that it started.
pub(super) async fn run(cx: &StepContext, argv: &[String]) -> Result<i32, StepError> {
    let (program, arguments) =
        argv.split_first().ok_or_else(|| StepError::failed("execute_command names no program"))?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(&cx.info().cwd)
        .env("PACKER_RUN_UUID", &cx.info().run.0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut process = cx.own_process(command).await?;
    let (stdout, stderr) = (process.stdout.take(), process.stderr.take());
    let work = async {
        if let (Some(stdout), Some(stderr)) = (stdout, stderr) {
            show(cx, stdout, stderr).await;
        }
        process.wait().await
    };
    match cx.unless_cancelled(work).await {
        Ok(_) => Ok(process.finished().await?.code().unwrap_or(-1)),
        Err(cancelled) => {
            process.kill().await?;
            Err(cancelled)
        }
    }
}

/// Shows both streams until they end: when the last program that holds them does, which may be one that went to the
/// background.
async fn show(cx: &StepContext, mut stdout: impl AsyncRead + Unpin, mut stderr: impl AsyncRead + Unpin) {
    let mut lines = OutputLines::new(cx);
    let (mut out, mut err) = (vec![0; 8 << 10], vec![0; 8 << 10]);
    let (mut out_open, mut err_open) = (true, true);
    while out_open || err_open {
        tokio::select! {
            read = stdout.read(&mut out), if out_open => out_open = take(&mut lines, Stream::Stdout, &out, read),
            read = stderr.read(&mut err), if err_open => err_open = take(&mut lines, Stream::Stderr, &err, read),
        }
    }
    lines.finish();
}

/// Whether there may be more. A pipe that cannot be read has no more to say.
fn take(lines: &mut OutputLines<'_>, stream: Stream, buffer: &[u8], read: io::Result<usize>) -> bool {
    match read {
        Ok(0) | Err(_) => false,
        Ok(count) => {
            lines.add(stream, &buffer[..count]);
            true
        }
    }
}
