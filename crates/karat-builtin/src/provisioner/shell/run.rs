//! Running the scripts: send, run, show, remove.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::time::Duration;

use karat_model::duration::Go;
use karat_sdk::progress::ProgressMeter;
use karat_sdk::{
    CommError, Communicator, Exit, RemoteCommand, RemoteProcess, StepContext, StepError, Transfer, Upload,
};
use tokio::time::Instant;

use super::options::ShellOptions;
use crate::script::{Environment, ExitRule, OutputLines, inline_script, parse_pairs};

/// Packer's number for "the connection ended first"; templates have it among their `valid_exit_codes`.
const DISCONNECTED: i32 = 2_300_218;
/// Time between two attempts to reach a guest that is away.
const RETRY_PACE: Duration = Duration::from_secs(2);
const UNEXPECTED: &str = "Script disconnected unexpectedly. If you expect your script to disconnect, i.e. from a \
                          restart, you can try adding `\"expect_disconnect\": true` or `\"valid_exit_codes\": [0, \
                          2300218]` to the shell provisioner parameters.";

/// Runs every script of the provisioner.
pub(super) async fn run(
    cx: &StepContext,
    options: &ShellOptions,
    communicator: &dyn Communicator,
) -> Result<(), StepError> {
    let number = random_number();
    let mut environment = Environment::of_build(cx);
    environment.extend(parse_pairs(&options.environment_vars).map_err(StepError::failed)?);
    environment.extend(options.env.clone());
    let variables = environment.text(options.format());

    let work = Work {
        cx,
        options,
        communicator,
        path: options.path(number),
        env_path: if options.use_env_var_file { options.env_path(number) } else { String::new() },
        variables,
        exits: ExitRule::new(&options.valid_exit_codes),
    };
    work.send_env_file().await?;
    for file in options.files() {
        work.script(&cx.resolve(file), file).await?;
    }
    if !options.inline.is_empty() {
        let file = work.write_inline(number).await?;
        let shown = file.display().to_string();
        let ran = work.script(&file, &shown).await;
        // It goes with the scratch directory anyway.
        let _ = tokio::fs::remove_file(&file).await;
        ran?;
    }
    work.clean_env_file().await?;
    if !options.pause_after.is_zero() {
        cx.say(format!("Pausing {} after this provisioner...", Go(options.pause_after)));
        cx.pause(options.pause_after).await?;
    }
    Ok(())
}

/// A number below Packer's limit for such names. Two scripts at once in one guest are rare, and a clash is worse.
fn random_number() -> u32 {
    (RandomState::new().build_hasher().finish() % 9999) as u32
}

struct Work<'a> {
    cx: &'a StepContext,
    options: &'a ShellOptions,
    communicator: &'a dyn Communicator,
    /// Of the script in the guest.
    path: String,
    /// Of the file of variables in the guest; empty without one.
    env_path: String,
    variables: String,
    exits: ExitRule,
}

impl Work<'_> {
    fn strict(&self) -> bool {
        self.cx.info().strict
    }

    async fn write_inline(&self, number: u32) -> Result<PathBuf, StepError> {
        let text = inline_script(&self.options.inline, self.options.inline_shebang.as_deref());
        let path = self.cx.scratch().await?.join(format!("packer-shell{number}"));
        tokio::fs::write(&path, text)
            .await
            .map_err(|error| StepError::io(format!("cannot write the script {}", path.display()), error))?;
        Ok(path)
    }

    /// One script.
    async fn script(&self, file: &Path, shown: &str) -> Result<(), StepError> {
        self.cx.say(format!("Provisioning with shell script: {shown}"));
        let text = tokio::fs::read(file)
            .await
            .map_err(|error| StepError::io(format!("Error opening shell script {shown}"), error))?;
        let text = if self.options.binary { text } else { unix_lines(&text) };
        let command = self.command()?;
        let exit = self.send_and_run(&text, &command).await?;
        self.judge(exit)?;
        let is_gone = self.removes_itself() && exit == Exit::Code(0);
        if !self.options.skip_clean && !is_gone {
            self.remove(&self.path).await?;
        }
        Ok(())
    }

    /// Whether the session that runs the script also removes it, which saves a round trip. Only with our own command: it
    /// runs the script as a process of its own, where a template's may source it, and with it traps of its own.
    fn removes_itself(&self) -> bool {
        !self.strict() && !self.options.skip_clean && self.options.has_own_command()
    }

    fn command(&self) -> Result<String, StepError> {
        let variables = [
            ("Path", self.path.as_str().into()),
            ("Vars", self.variables.as_str().into()),
            ("EnvVarFile", self.env_path.as_str().into()),
        ];
        self.cx
            .decoder()
            .render_late(self.options.command(), variables)
            .map_err(|error| StepError::failed(format!("Error processing command: {error}")))
    }

    /// Sends the script and runs it; while the guest is away, again.
    async fn send_and_run(&self, text: &[u8], command: &str) -> Result<Exit, StepError> {
        let process = self
            .while_away(|| async move {
                let meter = ProgressMeter::new(self.cx, self.path.as_str());
                let report = |done, total| meter.moved(done, total);
                // Strict sends what Packer sends, which needs one more command to become executable.
                let mode = if self.strict() { 0o644 } else { 0o755 };
                self.communicator
                    .upload(Upload::Bytes { data: text, mode }, &self.path, Transfer::reporting(&report))
                    .await?;
                let chmod = format!("chmod 0755 {}", self.path);
                if self.strict() {
                    self.quietly(&chmod).await?;
                    return self.communicator.start(RemoteCommand::new(command)).await;
                }
                // The guest's umask may have taken a bit away. In the command's own session it costs no round trip.
                let line = if self.removes_itself() {
                    // A script that failed stays, as under Packer: somebody may want to look at it.
                    format!("trap 'test $? = 0 && rm -f {}' EXIT; {chmod}; {command}", self.path)
                } else {
                    format!("{chmod}; {command}")
                };
                self.communicator.start(RemoteCommand::new(line)).await
            })
            .await?;
        self.follow(process).await
    }

    /// Shows the output until the command ends.
    async fn follow(&self, mut process: Box<dyn RemoteProcess>) -> Result<Exit, StepError> {
        let mut lines = OutputLines::new(self.cx);
        let followed = self
            .cx
            .unless_cancelled(async {
                while let Some(output) = process.output().await {
                    lines.add(output.stream, &output.bytes);
                }
                process.wait().await
            })
            .await;
        lines.finish();
        match followed {
            Ok(exit) => Ok(exit?),
            Err(cancelled) => {
                process.terminate().await;
                Err(cancelled)
            }
        }
    }

    fn judge(&self, exit: Exit) -> Result<(), StepError> {
        match exit {
            Exit::Code(code) => self.exits.check(code, self.strict()).map_err(StepError::failed),
            Exit::Disconnected if self.options.expect_disconnect || self.exits.allows(DISCONNECTED) => Ok(()),
            Exit::Disconnected => Err(StepError::failed(UNEXPECTED)),
            Exit::Signal => Err(StepError::failed("Script was killed by a signal")),
        }
    }

    async fn send_env_file(&self) -> Result<(), StepError> {
        if self.env_path.is_empty() {
            return Ok(());
        }
        self.while_away(|| async {
            let data = self.variables.as_bytes();
            let mode = if self.strict() { 0o644 } else { 0o600 };
            self.communicator.upload(Upload::Bytes { data, mode }, &self.env_path, Transfer::quiet()).await?;
            if self.strict() {
                self.quietly(&format!("chmod 0600 {}", self.env_path)).await?;
            }
            Ok(())
        })
        .await
    }

    /// Packer's last command removes the file of variables even where there is none.
    async fn clean_env_file(&self) -> Result<(), StepError> {
        if self.options.skip_clean || (self.env_path.is_empty() && !self.strict()) {
            return Ok(());
        }
        self.remove(&self.env_path).await
    }

    async fn remove(&self, path: &str) -> Result<(), StepError> {
        let exit = self.while_away(|| self.quietly_command(format!("rm -f {path}"))).await?;
        match exit {
            Exit::Code(0) | Exit::Disconnected => Ok(()),
            Exit::Code(code) => Err(StepError::failed(format!(
                "Error removing temporary script at {path}: `rm -f` ended with status {code}"
            ))),
            Exit::Signal => {
                Err(StepError::failed(format!("Error removing temporary script at {path}: rm was killed")))
            }
        }
    }

    async fn quietly(&self, line: &str) -> Result<(), CommError> {
        self.quietly_command(line.to_string()).await.map(drop)
    }

    async fn quietly_command(&self, line: String) -> Result<Exit, CommError> {
        self.communicator.start(RemoteCommand::new(line)).await?.wait().await
    }

    /// Does `work`, and again while the guest cannot be reached: it may be rebooting.
    async fn while_away<T, F: Future<Output = Result<T, CommError>>>(
        &self,
        work: impl Fn() -> F,
    ) -> Result<T, StepError> {
        let deadline = Instant::now() + self.options.start_retry_timeout;
        loop {
            match self.cx.unless_cancelled(work()).await? {
                Ok(done) => return Ok(done),
                Err(error) if error.is_transient() && Instant::now() + RETRY_PACE < deadline => {
                    self.cx.pause(RETRY_PACE).await?;
                }
                Err(error @ CommError::Transfer { .. }) => {
                    return Err(StepError::because("Error uploading script", error));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The text with Unix line ends; the last line gets one too.
fn unix_lines(text: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(text.len() + 1);
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        lines.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        lines.push(b'\n');
        rest = after.get(1..).unwrap_or_default();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blt_05_line_ends_become_those_of_unix() {
        assert_eq!(unix_lines(b"#!/bin/sh\r\na\rb\r\n\r\nlast"), b"#!/bin/sh\na\rb\n\nlast\n");
        assert_eq!(unix_lines(b""), b"");
        assert_eq!(unix_lines(b"\n\n"), b"\n\n");
    }
}
