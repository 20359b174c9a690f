//! What a legacy JSON template says, as it stands there: nothing is rendered, and everything knows its place.

use karat_hcl::json::{Property, Text};
use karat_model::span::Span;

/// A legacy JSON template.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// All of it.
    pub span: Span,
    /// `description`
    pub description: Option<Text>,
    /// `min_packer_version`
    pub min_packer_version: Option<Text>,
    /// Root keys that start with `_`; each value is a string.
    pub comments: Vec<Property>,
    /// `variables`, in the order of the text.
    pub variables: Vec<Variable>,
    /// `parallel`, its key and what it says: Karat's own, whether builds may go on at the same time.
    pub parallel: Option<(Text, bool)>,
    /// `sensitive-variables`: names, which need not be those of variables.
    pub sensitive: Vec<Text>,
    /// `builders`, no two of one name.
    pub builders: Vec<Builder>,
    /// `provisioners`
    pub provisioners: Vec<Provisioner>,
    /// `error-cleanup-provisioner`
    pub cleanup: Option<Provisioner>,
    /// `post-processors`: chains, where what stands alone is a chain of one.
    pub post_processors: Vec<Vec<PostProcessor>>,
}

/// A user variable.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: Text,
    /// Its default; `None` if it is null: a value must be given then.
    pub default: Option<Text>,
}

/// A builder.
#[derive(Debug, Clone, PartialEq)]
pub struct Builder {
    /// Its `type`.
    pub kind: Text,
    /// Its `name`, which may be a Go template; its type where it has none.
    pub name: Text,
    /// What the builder itself is to make of the rest.
    pub options: Vec<Property>,
    /// The whole object.
    pub span: Span,
}

/// A provisioner.
#[derive(Debug, Clone, PartialEq)]
pub struct Provisioner {
    /// Its `type`.
    pub kind: Text,
    /// Names of builders, as they stand there; not together with `except`.
    pub only: Vec<Text>,
    /// Names of builders, as they stand there.
    pub except: Vec<Text>,
    /// Other options for some builders.
    pub overrides: Vec<Override>,
    /// A duration in Go's notation. A number counts nanoseconds, and has that unit here.
    pub pause_before: Option<Text>,
    /// A duration, as [`Self::pause_before`].
    pub timeout: Option<Text>,
    /// A whole number, or a Go template for one.
    pub max_retries: Option<Text>,
    /// What the provisioner itself is to make of the rest.
    pub options: Vec<Property>,
    /// The whole object.
    pub span: Span,
}

/// Options that a provisioner has for one builder instead of its others.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    /// The name of the builder, as it stands there.
    pub builder: Text,
    /// The options.
    pub options: Vec<Property>,
}

/// A post-processor.
#[derive(Debug, Clone, PartialEq)]
pub struct PostProcessor {
    /// Its `type`.
    pub kind: Text,
    /// Its `name`; its type where it has none.
    pub name: Text,
    /// Names of builders, as they stand there; not together with `except`.
    pub only: Vec<Text>,
    /// Names of builders, as they stand there.
    pub except: Vec<Text>,
    /// Whether the artifact that it starts from is kept, where the template says so.
    pub keep_input: Option<bool>,
    /// What the post-processor itself is to make of the rest.
    pub options: Vec<Property>,
    /// The whole object, or the string that names its type.
    pub span: Span,
}

impl Builder {
    /// The name that people see: `type`, or `type.name` for a builder with a name of its own (Packer since 1.8.6).
    /// `name` is [`Self::name`], rendered.
    pub fn shown(&self, name: &str) -> String {
        if self.kind.text == self.name.text { name.to_owned() } else { format!("{}.{name}", self.kind.text) }
    }
}
