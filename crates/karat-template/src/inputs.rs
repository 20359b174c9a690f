//! What a template is evaluated with: values for its variables, and the choices of the command line.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use karat_model::schema_set::SchemaSet;
use karat_model::secret_store::SecretStores;

/// Everything that an evaluation depends on besides the template. Nothing is read from the process.
#[derive(Clone, Debug)]
pub struct Inputs<'a> {
    /// The process directory (`path.cwd`), absolute.
    pub cwd: PathBuf,
    /// The Packer version that `required_version` is checked against and `packer.version` tells.
    pub packer_version: String,
    /// The environment of the process: `PKR_VAR_NAME` sets variables, and their defaults may call `env`.
    pub environment: BTreeMap<String, String>,
    /// When the run started: what `legacy_isotime` and `legacy_strftime` tell.
    pub started: SystemTime,
    /// Where `vault`, `consul_key` and `aws_secretsmanager` get secrets from. Without them such calls are errors.
    pub secret_stores: Option<Arc<dyn SecretStores>>,
    /// `-var NAME=VALUE` options in the order given.
    pub arguments: Vec<(String, String)>,
    /// `-var-file` files in the order given. The template's own `*.auto.pkrvars.hcl` files are not among them.
    pub var_files: Vec<VarFile>,
    /// `-only` patterns; empty selects every build.
    pub only: Vec<String>,
    /// `-except` patterns.
    pub except: Vec<String>,
    /// What every component that can be named accepts.
    pub schemas: &'a SchemaSet,
    /// Whether a value in a file for a variable that no file declares deserves a warning. Packer's `validate` warns
    /// by default, `build` only with `-warn-on-undeclared-var`.
    pub warn_undeclared: bool,
    /// Whether it is an error when `-only` and `-except` leave no build: so for `build`, not so for `validate`.
    pub require_builds: bool,
    /// Stop after the text, the declarations and the values of variables: no locals, no sources, no builds.
    pub syntax_only: bool,
    /// Whether data sources are read; otherwise they are unknown values of the types that they announce. Those that no
    /// selected build needs are not read, unless `strict`.
    pub read_data: bool,
    /// Packer's old order, `-use-sequential-evaluation`: data sources one after another, which see no locals, then
    /// locals.
    pub sequential: bool,
    /// Be exactly like Packer 1.16, including `pause_before` making `timeout` ineffective.
    pub strict: bool,
}

/// A file of variable values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VarFile {
    /// Its path as the user gave it; the ending tells its language, `.hcl` or `.json`.
    pub name: String,
    /// Its content.
    pub text: String,
}

impl<'a> Inputs<'a> {
    /// No values and no choices, compatible with Packer 1.16.0.
    pub fn new(cwd: impl Into<PathBuf>, schemas: &'a SchemaSet) -> Self {
        Self {
            cwd: cwd.into(),
            packer_version: "1.16.0".to_owned(),
            environment: BTreeMap::new(),
            started: SystemTime::UNIX_EPOCH,
            secret_stores: None,
            arguments: Vec::new(),
            var_files: Vec::new(),
            only: Vec::new(),
            except: Vec::new(),
            schemas,
            warn_undeclared: false,
            require_builds: false,
            syntax_only: false,
            read_data: false,
            sequential: false,
            strict: false,
        }
    }
}
