//! `karat hcl2_upgrade`: a legacy JSON template as HCL2, in a file of its own.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use karat_migrate::upgrade::{self, Options};
use karat_model::diagnostic::{Diagnostic, Diagnostics, code};
use karat_model::span::SourceMap;
use karat_sdk::error::in_words;
use karat_template::legacy::Document;

use super::End;
use crate::arguments::Hcl2Upgrade;
use crate::report::Console;
use crate::session::Session;

pub(super) fn run(arguments: &Hcl2Upgrade, console: Console, strict: bool) -> End {
    upgrade(arguments, console, strict).unwrap_or_else(|end| end)
}

fn upgrade(arguments: &Hcl2Upgrade, console: Console, strict: bool) -> Result<End, End> {
    let session = Session::new(console, strict)?;
    let mut sources = SourceMap::new();
    let mut problems = Diagnostics::new();
    let document = match text(&arguments.template) {
        Ok(_) if !strict && is_hcl2(&arguments.template) => {
            let title = format!("{} is HCL2 already", arguments.template.display());
            let why = "hcl2_upgrade makes HCL2 of legacy JSON templates. Here it has nothing to do.";
            problems.push(Diagnostic::error(code::SYNTAX, title).detail(why));
            None
        }
        Ok(text) => {
            let file = sources.add(arguments.template.to_string_lossy(), text.as_str());
            let document = Document::read(file, &text, &mut problems);
            document.iter().filter(|_| strict).for_each(|document| document.refuse_ours(&mut problems));
            document.filter(|_| !problems.has_errors())
        }
        Err(problem) => {
            problems.push(*problem);
            None
        }
    };
    session.show(&problems, &sources);
    let document = document.ok_or(End::Failure)?;
    let schemas = session.components.schemas();
    let options = Options { schemas: &schemas, strict, annotations: arguments.with_annotations };
    let upgraded = upgrade::upgrade(&document, &options);
    let output = arguments.output_file.clone().unwrap_or_else(|| beside(&arguments.template));
    write(&output, &upgraded.text).map_err(|text| {
        console.error(&text);
        End::Failure
    })?;
    let unknown = &upgraded.unknown_builders;
    if !unknown.is_empty() {
        // Packer's line, for who looks for it.
        let unknown = unknown.join(" ");
        console.error(&format!(
            "Ignoring following sources.Parse error: unknown builder type(s): [{unknown}]\n"
        ));
        if !strict {
            console.error("Add the plugins that have them to required_plugins in the packer block.");
        }
    }
    let code = i32::from(!unknown.is_empty());
    console.say(&format!("Successfully created {}. Exit {code}", output.display()));
    Ok(if unknown.is_empty() { End::Success } else { End::Failure })
}

/// The text of the template; `-` is standard input.
fn text(template: &Path) -> Result<String, Box<Diagnostic>> {
    if template != "-" {
        return karat_template::read_text(template);
    }
    let unreadable =
        |why: String| Box::new(Diagnostic::error(code::UNREADABLE, "Cannot read standard input").detail(why));
    let bytes =
        karat_template::read_bounded(io::stdin().lock()).map_err(|error| unreadable(in_words(&error)))?;
    String::from_utf8(bytes).map_err(|_| unreadable("What came is not UTF-8 text.".to_owned()))
}

/// Whether the name says that a file is HCL2.
fn is_hcl2(template: &Path) -> bool {
    let name = template.as_os_str().as_encoded_bytes();
    name.ends_with(b".pkr.hcl") || name.ends_with(b".pkr.json")
}

/// Where the result goes if nobody says so.
fn beside(template: &Path) -> PathBuf {
    let mut name = OsString::from(template);
    name.push(".pkr.hcl");
    PathBuf::from(name)
}

/// Writes the result, with the directories that lead to it.
fn write(output: &Path, text: &str) -> Result<(), String> {
    if let Some(directory) = output.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        fs::create_dir_all(directory).map_err(|error| {
            let shown = directory.display();
            let blocked = directory.exists() && !directory.is_dir();
            let why = if blocked { "not a directory".to_owned() } else { in_words(&error) };
            format!("Failed to create output directory: mkdir {shown}: {why}")
        })?;
    }
    fs::write(output, text).map_err(|error| {
        format!("Failed to create output file: open {}: {}", output.display(), in_words(&error))
    })
}
