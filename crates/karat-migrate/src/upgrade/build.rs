//! Sources, and the build block with its steps.

use std::sync::Arc;

use karat_hcl::json::Text as JsonText;
use karat_model::id::ComponentKind;
use karat_template::legacy::{PostProcessor, Provisioner};

use super::Upgrade;
use super::action::Place;
use super::amazon::{self, Filters};
use super::body::{Body, Text, Value};

impl Upgrade<'_> {
    /// The `source` blocks.
    pub(super) fn sources(&mut self, filters: &mut Filters) -> Body {
        let mut blocks = Body::default();
        let schemas = self.schemas;
        for source in self.names.sources().to_vec() {
            let builder = source.builder;
            let schema = schemas.get(ComponentKind::Builder, &builder.kind.text);
            let filter = amazon::filter(builder).map(|filter| self.options(&filter, None, Place::Data));
            let place = Place::Source(&source);
            let mut body = Body::default();
            for option in self.ordered(&builder.options) {
                match (option.name.text.as_ref(), &filter) {
                    ("source_ami_filter", Some(filter)) => {
                        let mut image = Text::default();
                        image.push_interpolation(filters.image(filter.clone()));
                        body.argument("source_ami", self.value_of(image));
                    }
                    ("source_ami", Some(_)) => {}
                    _ => self.option(option, schema, place, &mut body),
                }
            }
            blocks.blank();
            if source.is_renamed() && !self.strict {
                blocks.comment(format!("{:?} in the JSON template.", builder.name.text));
            }
            blocks.block("source", &[&builder.kind.text, &source.label], body);
        }
        blocks
    }

    /// The `build` block.
    pub(super) fn build(&mut self) -> Body {
        let mut body = Body::default();
        let document = self.document;
        if let Some(description) = document.description.as_ref().filter(|text| !text.text.is_empty()) {
            body.argument("description", description.text.as_ref());
            body.blank();
        }
        let sources = self.names.sources().iter();
        let names = sources.map(|source| Value::from(format!("source.{}", source.name()).as_str()));
        body.argument("sources", Value::List(names.collect()));
        if let Some((_, parallel)) = &document.parallel {
            body.argument("parallel", Value::Expression(parallel.to_string()));
        }
        for provisioner in &document.provisioners {
            self.provisioner("provisioner", provisioner, &mut body);
        }
        if let Some(cleanup) = &document.cleanup {
            self.provisioner("error-cleanup-provisioner", cleanup, &mut body);
        }
        for chain in &document.post_processors {
            body.blank();
            match chain.as_slice() {
                [] => {}
                [one] => self.post_processor(one, &mut body),
                several => {
                    let mut inner = Body::default();
                    for one in several {
                        inner.blank();
                        self.post_processor(one, &mut inner);
                    }
                    body.block("post-processors", &[], inner);
                }
            }
        }
        let mut build = Body::default();
        build.block("build", &[], body);
        build
    }

    fn provisioner(&mut self, keyword: &str, provisioner: &Provisioner, out: &mut Body) {
        let mut body = Body::default();
        let kind = provisioner.kind.text.as_ref();
        self.selection(&provisioner.only, &provisioner.except, &mut body);
        let policy = [
            ("pause_before", &provisioner.pause_before),
            ("timeout", &provisioner.timeout),
            ("max_retries", &provisioner.max_retries),
        ];
        for (name, value) in policy {
            if let Some(value) = value {
                let value = self.text(&value.text, Place::Step);
                self.notes_to(&mut body);
                body.argument(name, self.value_of(value));
            }
        }
        let schema = self.schemas.get(ComponentKind::Provisioner, kind);
        body.append(self.options(&provisioner.options, schema, Place::Step));
        if !provisioner.overrides.is_empty() && !self.strict {
            let mut overrides = Vec::new();
            for one in &provisioner.overrides {
                let mut options = Vec::new();
                for option in self.ordered(&one.options) {
                    let name = Text::from(option.name.text.as_ref());
                    options.push((name, self.value(&option.value, Place::Step)));
                }
                let source = self.names.source(&one.builder.text);
                let label = source.map_or(one.builder.text.as_ref(), |source| source.label.as_str());
                overrides.push((Text::from(label), Value::Object(options)));
            }
            self.notes_to(&mut body);
            body.argument("override", Value::Object(overrides));
        }
        out.blank();
        out.block(keyword, &[kind], body);
    }

    fn post_processor(&mut self, post_processor: &PostProcessor, out: &mut Body) {
        let mut body = Body::default();
        let kind = &post_processor.kind.text;
        if post_processor.name.text != *kind && !post_processor.name.text.is_empty() {
            let name = self.text(&post_processor.name.text, Place::Step);
            self.notes_to(&mut body);
            body.argument("name", self.value_of(name));
        }
        self.selection(&post_processor.only, &post_processor.except, &mut body);
        if let Some(keep) = post_processor.keep_input {
            body.argument("keep_input_artifact", Value::truth(keep));
        }
        let schema = self.schemas.get(ComponentKind::PostProcessor, kind);
        body.append(self.options(&post_processor.options, schema, Place::Step));
        out.block("post-processor", &[kind], body);
    }

    /// `only` and `except`, with the builders under the names they have now.
    fn selection(&self, only: &[JsonText], except: &[JsonText], body: &mut Body) {
        for (keyword, names) in [("only", only), ("except", except)] {
            if names.is_empty() {
                continue;
            }
            let name = |name: &JsonText| {
                let name: &Arc<str> = &name.text;
                match self.names.source(name).filter(|_| !self.strict) {
                    Some(source) => Value::from(source.name().as_str()),
                    None => Value::from(name.as_ref()),
                }
            };
            body.argument(keyword, Value::List(names.iter().map(name).collect()));
        }
    }
}
