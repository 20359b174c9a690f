//! What a fixer consists of: whose options it looks at, and what it does to them.

use karat_model::diagnostic::{Diagnostic, code};

use super::sections::Component;
use crate::json::{Json, Object};

/// A root key whose components have options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// `builders`
    Builders,
    /// `provisioners`
    Provisioners,
    /// `post-processors`
    PostProcessors,
}

/// One thing that a fixer does.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) section: Section,
    pub(super) types: Types,
    pub(super) verb: Verb,
}

/// The types of components.
#[derive(Debug, Clone, Copy)]
pub(super) enum Types {
    /// Every component, also one whose type is missing.
    All,
    /// These.
    Of(&'static [&'static str]),
    /// Those that start so.
    Starting(&'static str),
}

impl Types {
    pub(super) fn have(self, kind: Option<&str>) -> bool {
        match (self, kind) {
            (Self::All, _) => true,
            (Self::Of(types), Some(kind)) => types.contains(&kind),
            (Self::Starting(start), Some(kind)) => kind.starts_with(start),
            (_, None) => false,
        }
    }
}

/// What to do to options.
#[derive(Debug)]
pub(super) enum Verb {
    /// Takes an option away.
    Drop(&'static str),
    /// Gives an option another name.
    Rename(Rename),
    /// Gives a component another type.
    Retype(&'static str),
    /// Anything else.
    Mend {
        /// The options that are not there afterwards.
        takes_away: &'static [&'static str],
        /// Changes the options, or says why it cannot. `strict`: not better than Packer.
        by: fn(options: &mut Object, strict: bool) -> Result<(), Stuck>,
    },
}

/// Gives an option another name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rename {
    from: &'static str,
    to: &'static str,
    only: fn(&Json) -> bool,
    taken: Taken,
}

/// When there is an option of the new name already.
#[derive(Debug, Clone, Copy)]
enum Taken {
    /// The old name wins.
    Replace,
    /// The new name wins, if the value of the old name has the right type.
    Keep,
    /// The new name wins, whatever the old one says.
    KeepAlways,
}

/// Whatever the value is, under the new name it replaces what is there.
pub(super) const fn rename(from: &'static str, to: &'static str) -> Rename {
    Rename { from, to, only: |_| true, taken: Taken::Replace }
}

impl Rename {
    /// Only a string is renamed.
    pub(super) const fn if_text(self) -> Self {
        Self { only: |value| matches!(value, Json::Text(_)), ..self }
    }

    /// Only a truth value is renamed.
    pub(super) const fn if_bool(self) -> Self {
        Self { only: |value| matches!(value, Json::Bool(_)), ..self }
    }

    /// Where the new name is taken, the old one goes.
    pub(super) const fn unless_taken(self) -> Self {
        Self { taken: Taken::Keep, ..self }
    }

    /// Where the new name is taken, the old one goes even if it would not have been renamed.
    pub(super) const fn unless_taken_at_all(self) -> Self {
        Self { taken: Taken::KeepAlways, ..self }
    }

    fn apply(self, options: &mut Object) {
        let is_taken = options.contains_key(self.to);
        let Some(value) = options.get(self.from) else { return };
        if !((self.only)(value) || is_taken && matches!(self.taken, Taken::KeepAlways)) {
            return;
        }
        let Some(value) = options.remove(self.from) else { return };
        if !is_taken || matches!(self.taken, Taken::Replace) {
            options.insert(self.to.to_owned(), value);
        }
    }
}

impl Verb {
    pub(super) fn apply(&self, options: &mut Object, strict: bool) -> Result<(), Stuck> {
        match self {
            Self::Drop(name) => drop(options.remove(*name)),
            Self::Rename(rename) => rename.apply(options),
            Self::Retype(kind) => drop(options.insert("type".to_owned(), Json::Text((*kind).to_owned()))),
            Self::Mend { by, .. } => return by(options, strict),
        }
        Ok(())
    }

    /// The options that are not there afterwards.
    pub(super) fn takes_away(&self) -> &[&'static str] {
        match self {
            Self::Drop(name) => std::slice::from_ref(name),
            Self::Rename(rename) => std::slice::from_ref(&rename.from),
            Self::Retype(_) => &[],
            Self::Mend { takes_away, .. } => takes_away,
        }
    }
}

/// Why an option cannot be mended.
#[derive(Debug)]
pub(super) struct Stuck {
    /// The option that is in the way.
    pub(super) option: &'static str,
    /// What it must be.
    pub(super) must_be: &'static str,
}

impl Stuck {
    /// What to tell people about it.
    pub(super) fn problem(self, component: &Component<'_, '_>) -> Diagnostic {
        let Self { option, must_be } = self;
        let found = component.options.get(option).map_or("missing", Json::kind);
        let title = format!("Error fixing: {option} of {} must be {must_be}", component.title);
        Diagnostic::error(code::WRONG_TYPE, title)
            .label(component.place_of(option), format!("this is {found}"))
    }
}
