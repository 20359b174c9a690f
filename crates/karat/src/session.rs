//! One invocation: where it runs, what it may use, and how a template becomes a checked plan.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use karat_builtin::catalog::Catalog;
use karat_builtin::secret_store::EnvironmentStores;
use karat_engine::RunOptions;
use karat_model::diagnostic::{Diagnostic, Diagnostics, code};
use karat_model::plan::Plan;
use karat_model::schema_set::SchemaSet;
use karat_model::secret::Redactor;
use karat_model::span::SourceMap;
use karat_sdk::{Cancellation, Components, OnError};
use karat_store::{FAULT_VARIABLE, FaultLedger, Store, new_run_id};
use karat_template::{Inputs, Language, Loaded, VarFile};

use crate::arguments::{ConfigType, Selection};
use crate::command::End;
use crate::data_sources::DataSources;
use crate::directories::Directories;
use crate::legacy_call;
use crate::report::{self, Console, log};

/// The Packer version whose templates, command line and output this is compatible with.
pub(crate) const PACKER_VERSION: &str = "1.16.0";

/// What every command of one invocation shares.
pub(crate) struct Session {
    /// Where one-off texts go.
    pub(crate) console: Console,
    /// Exactly Packer.
    pub(crate) strict: bool,
    /// Where things are kept.
    pub(crate) directories: Directories,
    /// Where the user started.
    pub(crate) cwd: PathBuf,
    /// When the user started.
    pub(crate) started: SystemTime,
    /// Every component that can be named.
    pub(crate) components: Arc<dyn Components>,
    /// Hides secrets in everything that is shown or recorded.
    pub(crate) redactor: Redactor,
}

/// How a plan will be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Purpose {
    /// An empty selection of builds is an error.
    pub(crate) require_builds: bool,
    /// Only whether the text can be read.
    pub(crate) syntax_only: bool,
    /// Warn about values for undeclared variables.
    pub(crate) warn_undeclared: bool,
    /// Read the data sources that are needed.
    pub(crate) read_data: bool,
    /// Packer's old order of data sources and locals.
    pub(crate) sequential: bool,
}

impl Session {
    /// From the process.
    pub(crate) fn new(console: Console, strict: bool) -> Result<Self, End> {
        let cwd = std::env::current_dir().map_err(|error| {
            report::early_error(&format!("cannot tell the current directory: {error}"));
            End::Failure
        })?;
        let redactor = Redactor::default();
        log::hide(&redactor);
        Ok(Self {
            console,
            strict,
            directories: Directories::from_env(),
            cwd,
            started: SystemTime::now(),
            components: Arc::new(Catalog),
            redactor,
        })
    }

    /// How a run of this session goes, before the command's own flags.
    pub(crate) fn run_options(&self) -> RunOptions {
        RunOptions {
            run: new_run_id(),
            parallel: None,
            on_error: OnError::Cleanup,
            force: false,
            debug: false,
            fail_fast: false,
            strict: self.strict,
            version: env!("CARGO_PKG_VERSION").to_string(),
            packer_version: PACKER_VERSION.to_string(),
            cwd: self.cwd.clone(),
            cache: self.directories.cache.clone(),
            temp: std::env::temp_dir(),
            started: self.started,
            redactor: self.redactor.clone(),
        }
    }

    /// What is remembered between runs. Nothing is opened before it is needed.
    pub(crate) fn store(&self) -> Result<Store, End> {
        let mut store = Store::disk(&self.directories.state);
        if let Some(fault) = std::env::var_os(FAULT_VARIABLE) {
            let fault = fault.to_string_lossy();
            let panics = fault.strip_prefix("panic:");
            let Ok(point) = panics.unwrap_or(&fault).parse() else {
                self.console
                    .error(&format!("Error: {FAULT_VARIABLE} must be a number, or panic: and a number"));
                return Err(End::Failure);
            };
            let fault = if panics.is_some() { FaultLedger::panicking } else { FaultLedger::killing };
            store.ledger = Arc::new(fault(store.ledger, point));
        }
        Ok(store)
    }

    /// Reads a template's files, or standard input for `-`; shows why, if it cannot. `config_type` is the language where
    /// no name tells it.
    pub(crate) fn load(&self, template: &Path, config_type: Option<ConfigType>) -> Result<Loaded, End> {
        log::info(format_args!("Template: {}, from {}", template.display(), self.cwd.display()));
        let language = match config_type {
            Some(ConfigType::Hcl2) => Language::Hcl2,
            Some(ConfigType::Json) | None => Language::LegacyJson,
        };
        if template == Path::new("-") && language == Language::LegacyJson {
            let read = karat_template::read_bounded(std::io::stdin());
            let bytes = read.map_err(|error| {
                let title = "Failed to read the template from standard input";
                self.refuse(Diagnostic::error(code::UNREADABLE, title).detail(error.to_string()))
            })?;
            return Ok(karat_template::legacy_from_bytes(template, &bytes));
        }
        karat_template::load(template, language).map_err(|problems| {
            self.show(&problems, &SourceMap::default());
            End::Failure
        })
    }

    /// The plan that a template asks for, after every component has looked at its configuration. Shows everything that is
    /// wrong, in the order of the text. Whether there were errors comes with it: builds without any can still run.
    pub(crate) async fn plan(
        &self,
        loaded: &Loaded,
        selection: &Selection,
        purpose: Purpose,
        options: &RunOptions,
        cancellation: &Cancellation,
    ) -> Result<(Option<Plan>, bool), End> {
        let schemas = self.components.schemas();
        let inputs = self.inputs(selection, purpose, &schemas)?;
        let data_sources = self.data_sources(loaded, options, cancellation);
        let evaluation = data_sources.settle(karat_template::evaluate(loaded, &inputs));
        let (evaluation, warnings) = evaluation.await?;
        evaluation.secrets.iter().for_each(|secret| self.redactor.add(secret));
        let (mut plan, mut diagnostics) = (evaluation.plan, evaluation.diagnostics);
        diagnostics.extend(warnings);
        let unread = data_sources.check(&evaluation.unread).await;
        if unread.has_errors() {
            plan = None;
        }
        diagnostics.extend(unread);
        if let Some(plan) = &mut plan {
            let names: Vec<_> = plan.builds.iter().map(|build| build.name.0.as_str()).collect();
            log::info(format_args!("Evaluated; builds: {}", names.join(", ")));
            let checks = karat_engine::check(plan, self.components.as_ref(), options).await;
            plan.builds.retain(|build| {
                !checks.iter().any(|check| check.build == build.name && check.diagnostics.has_errors())
            });
            for check in checks {
                diagnostics.extend(check.diagnostics);
            }
        }
        let explain = |problem| legacy_call::explain(problem, &evaluation.sources);
        let diagnostics: Diagnostics = diagnostics.into_sorted().into_iter().map(explain).collect();
        self.show(&diagnostics, &evaluation.sources);
        Ok((plan, diagnostics.has_errors()))
    }

    /// What reads the data sources of a template.
    pub(crate) fn data_sources<'s>(
        &'s self,
        loaded: &'s Loaded,
        options: &'s RunOptions,
        cancellation: &'s Cancellation,
    ) -> DataSources<'s> {
        DataSources {
            components: self.components.as_ref(),
            options,
            loaded,
            cancellation,
            console: self.console,
        }
    }

    /// Shows diagnostics, secrets hidden.
    pub(crate) fn show(&self, diagnostics: &Diagnostics, sources: &SourceMap) {
        self.console.diagnostics(diagnostics, sources, &self.redactor);
    }

    /// Shows one problem that stands in no text.
    pub(crate) fn refuse(&self, problem: Diagnostic) -> End {
        self.show(&[problem].into_iter().collect(), &SourceMap::default());
        End::Failure
    }

    /// What the template is evaluated with.
    pub(crate) fn inputs<'a>(
        &self,
        selection: &Selection,
        purpose: Purpose,
        schemas: &'a SchemaSet,
    ) -> Result<Inputs<'a>, End> {
        let mut inputs = Inputs::new(&self.cwd, schemas);
        inputs.packer_version = PACKER_VERSION.to_string();
        inputs.strict = self.strict;
        inputs.started = self.started;
        inputs.require_builds = purpose.require_builds;
        inputs.syntax_only = purpose.syntax_only;
        inputs.warn_undeclared = purpose.warn_undeclared;
        inputs.read_data = purpose.read_data;
        inputs.sequential = purpose.sequential;
        inputs.only.clone_from(&selection.only);
        inputs.except.clone_from(&selection.except);
        inputs.environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let stores = EnvironmentStores::new(inputs.environment.clone(), self.redactor.clone());
        inputs.secret_stores = Some(Arc::new(stores));
        inputs.arguments.clone_from(&selection.variables);
        for file in &selection.variable_files {
            log::info(format_args!("Variable file: {}", file.display()));
            let text = karat_template::read_text(file).map_err(|problem| self.refuse(*problem))?;
            inputs.var_files.push(VarFile { name: file.display().to_string(), text });
        }
        Ok(inputs)
    }
}
