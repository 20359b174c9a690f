//! `karat fix`: a legacy JSON template that old versions of Packer understood, as today's do.

use std::fs::File;
use std::io;
use std::path::Path;

use karat_migrate::fix::{Change, Fixed, fix};
use karat_model::diagnostic::Diagnostics;
use karat_model::secret::Redactor;
use karat_model::span::{FileId, SourceMap};
use karat_sdk::error::in_words;
use karat_template::legacy::Document;
use karat_template::{Language, language, read_bounded};

use super::End;
use crate::arguments::Fix;
use crate::report::Console;

pub(super) fn run(arguments: &Fix, console: Console, strict: bool) -> End {
    let path = &arguments.template;
    let text = match text(path, strict) {
        Ok(text) => text,
        Err(why) => {
            console.error(&why);
            return End::Failure;
        }
    };
    let mut sources = SourceMap::new();
    let mut problems = Diagnostics::new();
    let file = sources.add(path.to_string_lossy(), text.as_str());
    let fixed = fix(file, &text, strict, &mut problems);
    console.diagnostics(&problems, &sources, &Redactor::default());
    let Some(fixed) = fixed else { return End::Failure };
    let text = format!("{}\n", fixed.template);
    // With an empty line behind it, as in Packer.
    console.say(&text);
    console.aside(&changes(&fixed, &sources));
    if !arguments.validate {
        return End::Success;
    }
    let file = sources.add(format!("{} (fixed)", path.display()), text.as_str());
    let problems = validate(file, &text, strict);
    console.diagnostics(&problems, &sources, &Redactor::default());
    if problems.has_errors() { End::Failure } else { End::Success }
}

/// The text of the template, or why there is none. What is not UTF-8 is replaced, as Packer does.
fn text(path: &Path, strict: bool) -> Result<String, String> {
    let shown = path.display();
    if language(path, Language::LegacyJson) == Language::Hcl2 {
        return Err(match strict {
            true => "packer fix only works with JSON files for now.".to_owned(),
            false => format!(
                "karat fix is for legacy JSON templates: {shown} is HCL2, where it has nothing to do."
            ),
        });
    }
    let read = match path {
        _ if path == "-" && !strict => read_bounded(io::stdin().lock()),
        _ => File::open(path).and_then(read_bounded),
    };
    let bytes =
        read.map_err(|error| format!("Error opening template: open {shown}: {}", in_words(&error)))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What was mended, for the person who looks at it.
fn changes(fixed: &Fixed, sources: &SourceMap) -> String {
    let line = |change: &Change| format!("{}: {change}\n", sources.location(change.place));
    match fixed.changes.len() {
        0 => "Nothing had to be mended.".to_owned(),
        _ => fixed.changes.iter().map(line).collect::<String>().trim_end().to_owned(),
    }
}

/// What is wrong with the mended template: as Packer, as text and in how its parts fit.
fn validate(file: FileId, text: &str, strict: bool) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let document = Document::read(file, text, &mut problems);
    document.iter().filter(|_| strict).for_each(|document| document.refuse_ours(&mut problems));
    let mut what = "Fixed template fails to parse";
    if let Some(document) = document.filter(|_| !problems.has_errors()) {
        what = "Fixed template failed to validate";
        document.validate(&mut problems);
    }
    problems.iter_mut().for_each(|problem| problem.title = format!("{what}: {}", problem.title));
    problems
}
