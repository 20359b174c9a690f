//! What is wrong with a command line: in Go's words, or in clap's with what was probably meant.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::Path;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::go;

/// What Go says about a flag's value. Packer says nothing about a template that is missing or one too many.
pub(super) fn in_gos_words(error: &clap::Error) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let flag = text(ContextKind::InvalidArg)?.trim_start_matches('-');
    let flag = flag.split([' ', '=', '[']).next().unwrap_or(flag);
    let value = text(ContextKind::InvalidValue)?;
    if let Some(wrong) =
        std::error::Error::source(error).and_then(|source| source.downcast_ref::<go::WrongValue>())
    {
        return Some(match wrong.is_truth {
            true => format!("invalid boolean value {value:?} for -{flag}: {}", wrong.gos),
            false => format!("invalid value {value:?} for flag -{flag}: {}", wrong.gos),
        });
    }
    let (ErrorKind::InvalidValue, Some(ContextValue::Strings(right))) =
        (error.kind(), error.get(ContextKind::ValidValue))
    else {
        return None;
    };
    let why = match flag {
        "config-type" => format!("{value} does not belong to configType values"),
        _ => format!(
            "expected one of [{}]",
            right.iter().map(|one| format!("{one:?}")).collect::<Vec<_>>().join(" ")
        ),
    };
    Some(format!("invalid value {value:?} for flag -{flag}: {why}"))
}

/// Says what probably went wrong where clap only sees that the template is missing.
pub(super) fn with_tips(mut error: clap::Error, words: &[OsString]) -> clap::Error {
    if error.kind() != ErrorKind::MissingRequiredArgument {
        return error;
    }
    let texts: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let Some((flag, value)) = builds_flag(&texts) else { return error };
    let Some((builds, template)) = template_in(value) else { return error };
    let tips = [
        format!("what follows {flag} are names of builds; {value} was read as one"),
        format!("for the build {builds} of {template}, write {flag}={builds} {template}"),
    ];
    let tips = tips.map(StyledStr::from).to_vec();
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    error
}

/// The last `-only` or `-except` of a command line, and its value.
fn builds_flag<'w>(words: &'w [Cow<'_, str>]) -> Option<(&'static str, &'w str)> {
    words.iter().enumerate().rev().find_map(|(index, word)| {
        let name = word.trim_start_matches('-');
        let flag =
            ["-only", "-except"].into_iter().find(|flag| name.starts_with(flag.trim_start_matches('-')))?;
        match name.split_once('=') {
            Some((_, value)) => Some((flag, value)),
            None => Some((flag, words.get(index + 1)?.as_ref())),
        }
    })
}

/// `amazon-ebs.template.json` is the build `amazon-ebs` of `template.json`, most likely.
fn template_in(value: &str) -> Option<(&str, &str)> {
    if !(value.ends_with(".json") || value.ends_with(".hcl")) {
        return None;
    }
    let splits = || value.match_indices(['.', ',']).map(|(at, _)| (&value[..at], &value[at + 1..]));
    let is_file = |(_, file): &(&str, &str)| Path::new(file).exists();
    splits()
        .find(is_file)
        .or_else(|| splits().next())
        .filter(|(builds, file)| !builds.is_empty() && file.contains('.'))
}
