//! Lines for programs: `UNIX-SECONDS,TARGET,CATEGORY,ARGUMENT…`.

use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use karat_model::artifact::Artifact;
use karat_model::event::Event;

use super::Reporter;
use super::human::{Lines, Said};

/// Shows a run as machine-readable lines: the human lines as `ui`, and what scripts want to know as categories of their
/// own.
pub(crate) struct Machine {
    out: Box<dyn Write + Send>,
    lines: Lines,
}

impl Machine {
    /// Writes to `out`.
    pub(crate) fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out, lines: Lines::default() }
    }
}

impl Reporter for Machine {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let at = event.at_ms / 1000;
        for said in self.lines.of(event) {
            let text = match &said {
                Said::Plain { text, is_error, .. } => {
                    line(at, "", "ui", &[if *is_error { "error" } else { "say" }, text])
                }
                Said::ErrorCount(count) => line(at, "", "error-count", &[&count.to_string()]),
                Said::BuildError { build, error } => line(at, &build.0, "error", &[error]),
                Said::ArtifactCount { build, count } => {
                    line(at, &build.0, "artifact-count", &[&count.to_string()])
                }
                Said::Artifact { build, index, artifact } => {
                    self::artifact(at, &build.0, *index, artifact.as_ref())
                }
                Said::Banner { .. } | Said::Progress { .. } => continue,
            };
            self.out.write_all(text.as_bytes())?;
        }
        self.out.flush()
    }
}

fn artifact(at: u64, build: &str, index: usize, artifact: Option<&Artifact>) -> String {
    let index = index.to_string();
    let fact = |arguments: &[&str]| line(at, build, "artifact", &[&[index.as_str()], arguments].concat());
    let Some(artifact) = artifact else { return fact(&["nil"]) + &fact(&["end"]) };
    let mut text = fact(&["builder-id", &artifact.builder_id]);
    text += &fact(&["id", &artifact.id]);
    text += &fact(&["string", &artifact.description]);
    text += &fact(&["files-count", &artifact.files.len().to_string()]);
    for (number, file) in artifact.files.iter().enumerate() {
        text += &fact(&["file", &number.to_string(), &file.display().to_string()]);
    }
    text + &fact(&["end"])
}

/// One line, escaped as Packer 1.16 does.
pub(crate) fn line(at: u64, target: &str, category: &str, arguments: &[&str]) -> String {
    let mut text = format!("{at},{target},{category}");
    for argument in arguments {
        text.push(',');
        text += &argument.replace(',', "%!(PACKER_COMMA)").replace('\r', "\\r").replace('\n', "\\n");
    }
    text.push('\n');
    text
}

/// Seconds since the epoch.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(|time| time.as_secs()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cli_06_lines_are_escaped() {
        assert_eq!(
            line(7, "null.a", "ui", &["say", "a, b\r\nc"]),
            "7,null.a,ui,say,a%!(PACKER_COMMA) b\\r\\nc\n"
        );
    }
}
