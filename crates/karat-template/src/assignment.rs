//! The values that variables get: from their declarations, the environment, files and the command line.

use std::collections::BTreeMap;

use karat_hcl::function::FunctionTable;
use karat_hcl::json::{self, Form, Property, Role};
use karat_hcl::tree::{Attribute, Body, Ident};
use karat_hcl::{Scope, eval, mentioned};
use karat_model::diagnostic::{Diagnostic, Diagnostics, Edit, did_you_mean};
use karat_model::secret::REDACTED;
use karat_model::span::{FileId, SourceMap, Span};
use karat_model::value::{Type, Value};

use crate::code;
use crate::fixed;
use crate::inputs::Inputs;
use crate::load::Hcl2Files;
use crate::settle;
use crate::variable::{Rule, Variable};

/// What the names of environment variables begin with that set variables.
const ENVIRONMENT_PREFIX: &str = "PKR_VAR_";

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Default,
    Environment,
    File,
    Argument,
}

/// A variable's value.
#[derive(Clone, Debug)]
pub(crate) struct Assigned {
    pub(crate) value: Value,
    pub(crate) span: Span,
    pub(crate) origin: Origin,
}

/// The values of variables by name.
pub(crate) struct Assignments<'t, 'a> {
    variables: &'t [Variable<'a>],
    values: BTreeMap<&'a str, Assigned>,
    /// Names that were given a value which was refused: nothing more is said about them.
    refused: Vec<&'a str>,
}

impl Origin {
    /// The word that Packer's messages have for it.
    fn word(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Environment => "env",
            Self::File => "varfile",
            Self::Argument => "cmd",
        }
    }
}

impl<'t, 'a> Assignments<'t, 'a> {
    /// Collects the values from everywhere; later sources win: default, environment, automatic files, `-var-file`,
    /// `-var`. Texts that are not files join `sources`.
    pub(crate) fn collect(
        variables: &'t [Variable<'a>],
        files: &Hcl2Files,
        inputs: &Inputs<'_>,
        sources: &mut SourceMap,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut all = Self { variables, values: BTreeMap::new(), refused: Vec::new() };
        for variable in variables {
            if let Some((value, span)) = &variable.default {
                all.accept(variable, value.clone(), *span, Origin::Default);
            }
        }
        for (name, text) in &inputs.environment {
            let name = name.strip_prefix(ENVIRONMENT_PREFIX);
            // A name that is not declared may be meant for another template.
            if let Some(variable) = name.and_then(|name| all.declared(name)) {
                all.assign_text(variable, text, Origin::Environment, sources, diagnostics);
            }
        }
        let given = inputs.var_files.iter().map(|file| sources.add(file.name.as_str(), file.text.as_str()));
        let given: Vec<FileId> = given.collect();
        for file in files.values.iter().copied().chain(given) {
            all.assign_file(file, inputs.warn_undeclared, sources, diagnostics);
        }
        for (name, text) in &inputs.arguments {
            match all.declared(name) {
                Some(variable) => all.assign_text(variable, text, Origin::Argument, sources, diagnostics),
                None => diagnostics.push(undeclared_argument(name, variables)),
            }
        }
        all
    }

    fn declared(&self, name: &str) -> Option<&'t Variable<'a>> {
        self.variables.iter().find(|variable| variable.name == name)
    }

    fn accept(&mut self, variable: &Variable<'a>, value: Value, span: Span, origin: Origin) {
        let value = value.mark_if(variable.sensitive);
        self.values.insert(variable.name, Assigned { value, span, origin });
    }

    /// A text is the value of a string or number as it is; for other types it is an expression.
    fn assign_text(
        &mut self,
        variable: &Variable<'a>,
        text: &str,
        origin: Origin,
        sources: &mut SourceMap,
        diagnostics: &mut Diagnostics,
    ) {
        let name = variable.name;
        let place = match origin {
            Origin::Environment => "env",
            _ => "arguments",
        };
        // Excerpts must not show what is secret.
        let shown = if variable.sensitive { REDACTED } else { text };
        let file = sources.add(format!("<value for var.{name} from {place}>"), shown);
        let span = Span::new(file, 0, shown.len());
        let value = if matches!(variable.constraint.ty, Type::String | Type::Number | Type::Any) {
            Some(Value::string(text))
        } else {
            let mut problems = Diagnostics::new();
            let expr = karat_hcl::parse_expression(file, text, &mut problems);
            let value = if problems.has_errors() { None } else { fixed::value(&expr, &mut problems) };
            let hide = |problem: Diagnostic| {
                if variable.sensitive { problem_without_text(problem, span) } else { problem }
            };
            let hint = |problem: Diagnostic| {
                problem.note(format!(
                    "the value of var.{name} is read as an expression, because its type is {}; a string in it needs quotes",
                    variable.constraint.ty
                ))
            };
            diagnostics.extend(problems.into_iter().map(hide).map(hint));
            value
        };
        match value {
            Some(value) => self.assign(variable, value, span, origin, diagnostics),
            None => self.refused.push(name),
        }
    }

    fn assign(
        &mut self,
        variable: &Variable<'a>,
        value: Value,
        span: Span,
        origin: Origin,
        diagnostics: &mut Diagnostics,
    ) {
        // What the declaration says is not known if it has mistakes.
        if variable.broken {
            return;
        }
        let name = variable.name;
        match variable.constraint.apply(&value.mark_if(variable.sensitive)) {
            Ok(value) => self.accept(variable, value, span, origin),
            Err(error) => {
                let (title, what) = match origin {
                    Origin::Argument => ("Invalid argument value for -var variable", "received arg value"),
                    _ => ("Invalid value for variable", "value"),
                };
                let mut problem = Diagnostic::error(code::INVALID_VALUE, title)
                    .at(span)
                    .detail(format!(
                        "The {what} for {name} is not compatible with the variable's type constraint: {error}."
                    ))
                    .label(variable.span, "declared here");
                if let (Type::Tuple(elements), Some(place)) = (&variable.constraint.ty, variable.untyped) {
                    let element = elements.first().filter(|ty| elements.iter().all(|other| other == *ty));
                    let element = element.filter(|ty| ty.is_primitive()).unwrap_or(&Type::Any);
                    let element = if *element == Type::Any { "any".to_owned() } else { element.to_string() };
                    problem = problem
                        .help(format!(
                            "without a type, var.{name} has the type of its default, a list of exactly that length; \
                             declare it: type = list({element})"
                        ))
                        .fix(Edit { span: place, replacement: format!("type    = list({element})\n  ") });
                }
                diagnostics.push(problem);
                self.refused.push(name);
            }
        }
    }

    fn assign_file(
        &mut self,
        file: FileId,
        warn_undeclared: bool,
        sources: &SourceMap,
        diagnostics: &mut Diagnostics,
    ) {
        let name = sources.name(file).to_owned();
        let before = diagnostics.len();
        let body = if name.ends_with(".json") {
            let mut body = json::parse(file, sources.text(file), diagnostics);
            settle::check_object(&body, sources.text(file), diagnostics);
            settle_values(&mut body, diagnostics);
            body
        } else if name.ends_with(".hcl") {
            karat_hcl::parse(file, sources.text(file), diagnostics)
        } else {
            diagnostics.push(
                Diagnostic::error(code::UNREADABLE, format!("Could not guess format of {name}"))
                    .detail("A var file must be suffixed with `.hcl` or `.json`."),
            );
            return;
        };
        // Which variables the text that cannot be read would have set, nobody knows.
        if diagnostics.iter().skip(before).any(|problem| problem.code == code::SYNTAX) {
            let unset = self.variables.iter().map(|variable| variable.name);
            self.refused.extend(unset.filter(|name| !self.values.contains_key(name)));
        }
        refuse_blocks(&body, &name, diagnostics);
        for Attribute { name: Ident { name, span }, expr, .. } in &body.attributes {
            match self.declared(name) {
                Some(variable) => match fixed::value(expr, diagnostics) {
                    Some(value) => self.assign(variable, value, *span, Origin::File, diagnostics),
                    None => self.refused.push(variable.name),
                },
                // Its value is not looked at.
                None if warn_undeclared => diagnostics.push(undeclared_value(name, *span, self.variables)),
                None => {}
            }
        }
    }

    /// Every declared variable's value, checked by its rules. A variable without a value is an error; one whose
    /// mistakes were reported already has a value about which nothing more is said.
    pub(crate) fn check(
        &self,
        functions: &FunctionTable,
        sources: &SourceMap,
        diagnostics: &mut Diagnostics,
    ) -> BTreeMap<String, Value> {
        let mut values = BTreeMap::new();
        for variable in self.variables {
            let assigned = self.values.get(variable.name);
            let silent = variable.broken || self.refused.contains(&variable.name);
            let value = match assigned {
                _ if silent => Value::error(),
                Some(assigned) => {
                    let (name, value) = (variable.name, &assigned.value);
                    let disobeyed = |rule: &&Rule<'_>| !obeys(rule, name, value, functions, diagnostics);
                    let disobeyed: Vec<_> = variable.rules.iter().filter(disobeyed).collect();
                    if !disobeyed.is_empty() {
                        diagnostics.push(disobedient(&disobeyed, name, assigned, sources));
                    }
                    assigned.value.clone()
                }
                None => {
                    diagnostics.push(unset(variable));
                    Value::error()
                }
            };
            values.insert(variable.name.to_owned(), value);
        }
        values
    }

    /// The value of a variable, if it has one.
    pub(crate) fn get(&self, name: &str) -> Option<&Assigned> {
        self.values.get(name)
    }
}

/// Whether the value obeys the rule, or cannot be judged by it: what is wrong with the rule itself is reported.
fn obeys(
    rule: &Rule<'_>,
    name: &str,
    value: &Value,
    functions: &FunctionTable,
    diagnostics: &mut Diagnostics,
) -> bool {
    let own = Value::object(BTreeMap::from([(name.to_owned(), value.clone())]));
    let scope = Scope::new(functions.clone()).with("var", own);
    let result = eval(rule.condition, &scope, diagnostics);
    if result.is_error() || !result.is_known() {
        return true;
    }
    let reason = match result.convert(&Type::Bool) {
        Ok(truth) if truth.is_null() => "it must be true or false, not null".to_owned(),
        Ok(truth) => return truth.as_bool() == Some(true),
        Err(error) => error.to_string(),
    };
    diagnostics.push(
        Diagnostic::error(code::INVALID_VALIDATION, "Invalid variable validation result")
            .at(rule.condition.span)
            .values(mentioned(rule.condition, &scope))
            .detail(format!("Invalid validation condition result value: {reason}.")),
    );
    true
}

/// What rules say about a value that does not obey them.
fn disobedient(rules: &[&Rule<'_>], name: &str, assigned: &Assigned, sources: &SourceMap) -> Diagnostic {
    let say = |rule: &&Rule<'_>| {
        let place = sources.location(rule.span);
        format!("{}\n\nThis was checked by the validation rule at {place}.", rule.message)
    };
    let title = format!("Invalid value for {} variable", assigned.origin.word());
    let problem = Diagnostic::error(code::VALIDATION, title)
        .at(assigned.span)
        .detail(rules.iter().map(say).collect::<Vec<_>>().join("\n\n"));
    let label = format!("the rule of var.{name}");
    rules.iter().fold(problem, |problem, rule| problem.label(rule.condition.span, label.clone()))
}

fn unset(variable: &Variable<'_>) -> Diagnostic {
    let name = variable.name;
    Diagnostic::error(code::UNSET, format!("Unset variable \"{name}\"")).at(variable.span).detail(format!(
        "A used variable must be set or have a default value. Set it with `-var {name}=…`, in a file for `-var-file`, or \
         in the environment as PKR_VAR_{name}; or give it a default."
    ))
}

fn undeclared_argument(name: &str, variables: &[Variable<'_>]) -> Diagnostic {
    let problem = Diagnostic::error(code::UNDECLARED, "Undefined -var variable");
    let detail = format!(
        "A \"{name}\" variable was passed in the command line but was not found in known variables. To declare variable \
         \"{name}\", place this block in one of your .pkr.hcl files, such as variables.pkr.hcl:\n\n{}",
        declaration(name)
    );
    match did_you_mean(name, variables.iter().map(|variable| variable.name)) {
        Some(near) => problem.detail(detail).help(format!("did you mean `{near}`?")),
        None => problem.detail(detail),
    }
}

fn undeclared_value(name: &str, span: Span, variables: &[Variable<'_>]) -> Diagnostic {
    let problem = Diagnostic::warning(code::UNDECLARED, "Undefined variable").at(span).detail(format!(
        "The variable \"{name}\" was set but was not declared as an input variable.\nTo declare variable \"{name}\" place \
         this block in one of your .pkr.hcl files, such as variables.pkr.hcl\n\n{}",
        declaration(name)
    ));
    match did_you_mean(name, variables.iter().map(|variable| variable.name)) {
        Some(near) => problem.did_you_mean(span, near),
        None => problem,
    }
}

fn declaration(name: &str) -> String {
    format!("variable \"{name}\" {{\n  type    = string\n  default = null\n}}")
}

/// A file of values has no blocks.
fn refuse_blocks(body: &Body, file: &str, diagnostics: &mut Diagnostics) {
    for block in &body.blocks {
        let problem = |title: &str| Diagnostic::error(code::UNKNOWN_BLOCK, title).at(block.header);
        diagnostics.push(match (block.kind.name.as_str(), block.labels.as_slice()) {
            ("variable", [label]) => problem("Variable declaration in a .pkrvar file").detail(format!(
                "A .pkrvar file is used to assign values to variables that have already been declared in .pkr files, not \
                 to declare new variables. Declare variable \"{0}\" in one of your .pkr.hcl files.\n\nTo set a value for \
                 this variable in {file}, use the definition syntax instead:\n    {0} = <value>",
                label.text
            )),
            (kind, _) => problem("Unsupported block type")
                .detail(format!("A file of variable values has no blocks, and \"{kind}\" is one.")),
        });
    }
}

/// Decides what the properties of a JSON file of values are: values, whose strings are taken as they are, but for
/// `variable` when it looks like the declaration of one.
fn settle_values(body: &mut Body, diagnostics: &mut Diagnostics) {
    let is_declaration = |property: &&Property| property.name.text.as_ref() == "variable";
    let mut declarations = Body {
        properties: body.properties.iter().filter(is_declaration).cloned().collect(),
        attributes: Vec::new(),
        blocks: Vec::new(),
        end: body.end,
    };
    declarations.settle(&|_| Some(Role::Block(&["name"])), &mut Diagnostics::new());
    let declares = !declarations.blocks.is_empty();
    let is_value = |name: &str| name != "//" && !(declares && name == "variable");
    body.settle(&|name| is_value(name).then_some(Role::Argument(Form::Verbatim)), diagnostics);
    body.blocks.extend(declarations.blocks);
}

/// The problem without anything that quotes the text it is about.
fn problem_without_text(problem: Diagnostic, span: Span) -> Diagnostic {
    Diagnostic::error(problem.code, "Invalid value for a sensitive variable").at(span)
}
