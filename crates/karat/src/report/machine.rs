//! Lines for programs: `UNIX-SECONDS,TARGET,CATEGORY,ARGUMENT…`.

use std::fmt;
use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use karat_model::artifact::Artifact;
use karat_model::event::Event;
use karat_model::id::BuildName;

use super::Reporter;
use super::human::{Lines, Said, rfc3339};

/// Shows a run as machine-readable lines: the human lines as `ui`, and what scripts want to know as categories of their
/// own.
pub(crate) struct Machine {
    out: Box<dyn Write + Send>,
    lines: Lines,
    timestamps: bool,
}

impl Machine {
    /// Writes to `out`; the time before what builds say, if `timestamps`.
    pub(crate) fn new(out: Box<dyn Write + Send>, timestamps: bool) -> Self {
        Self { out, lines: Lines::default(), timestamps }
    }
}

impl Reporter for Machine {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let at = event.at_ms / 1000;
        for said in self.lines.of(event) {
            if let Said::Plain { text, is_error, stamped, .. } = &said {
                let tone = if *is_error { "error" } else { "say" };
                let text =
                    if self.timestamps && *stamped { &format!("{}: {text}", rfc3339(at)) } else { text };
                self.out.write_all(line(at, "", "ui", &[tone, text]).as_bytes())?;
            }
            for Fact { target, category, arguments } in facts(&said) {
                let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
                self.out.write_all(line(at, target, category, &arguments).as_bytes())?;
            }
        }
        self.out.flush()
    }
}

/// Something that scripts want to know.
pub(super) struct Fact<'a> {
    target: &'a str,
    category: &'static str,
    arguments: Vec<String>,
}

impl fmt::Display for Fact<'_> {
    /// As Packer 1.16 logs it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.target.is_empty() {
            write!(f, "{},", self.target)?;
        }
        let arguments: Vec<_> = self.arguments.iter().map(|argument| format!("{argument:?}")).collect();
        write!(f, "{} []string{{{}}}", self.category, arguments.join(", "))
    }
}

/// What scripts want to know of `said`; nothing, where people see it.
pub(super) fn facts(said: &Said) -> Vec<Fact<'_>> {
    fn fact<'a>(build: &'a BuildName, category: &'static str, arguments: Vec<String>) -> Fact<'a> {
        Fact { target: &build.0, category, arguments }
    }
    match said {
        Said::ErrorCount(count) => {
            vec![Fact { target: "", category: "error-count", arguments: vec![count.to_string()] }]
        }
        Said::BuildError { build, error } => vec![fact(build, "error", vec![error.clone()])],
        Said::ArtifactCount { build, count } => vec![fact(build, "artifact-count", vec![count.to_string()])],
        Said::Artifact { build, index, artifact } => {
            let about = artifact.as_ref().map_or_else(|| vec![vec!["nil".to_owned()]], artifact_facts);
            let all = about.into_iter().chain([vec!["end".to_owned()]]);
            all.map(|about| fact(build, "artifact", [vec![index.to_string()], about].concat())).collect()
        }
        Said::Plain { .. } | Said::Banner { .. } | Said::Progress { .. } => Vec::new(),
    }
}

fn artifact_facts(artifact: &Artifact) -> Vec<Vec<String>> {
    let fact = |name: &str, value: &str| vec![name.to_owned(), value.to_owned()];
    let mut facts = vec![
        fact("builder-id", &artifact.builder_id),
        fact("id", &artifact.id),
        fact("string", &artifact.description),
        fact("files-count", &artifact.files.len().to_string()),
    ];
    facts.extend(
        artifact
            .files
            .iter()
            .enumerate()
            .map(|(number, file)| vec!["file".to_owned(), number.to_string(), file.display().to_string()]),
    );
    facts
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
