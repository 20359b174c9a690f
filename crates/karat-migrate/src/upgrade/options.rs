//! Options of components: which become arguments, which blocks.

use karat_hcl::is_identifier;
use karat_hcl::json::{Node, NodeKind, Property};
use karat_model::schema::Schema;
use karat_model::value::Type;

use super::Upgrade;
use super::action::Place;
use super::body::{Body, Text, Value};

/// Options of plugins that are blocks though nothing in them need be: their values may all be plain.
const BLOCKS: [&str; 37] = [
    "additional_iso_files",
    "ami_root_device",
    "assume_role",
    "aws_polling",
    "boot_iso",
    "content_library_destination",
    "customize",
    "deregistration_protection",
    "disk_encryption_key",
    "efi_config",
    "export",
    "fast_launch",
    "gpu",
    "image_encryption_key",
    "image_filter",
    "license_configuration_request",
    "linux_options",
    "metadata_options",
    "network_interface",
    "placement",
    "plan_info",
    "qemu_img_args",
    "reservation_affinity",
    "security_group_filter",
    "shared_image_destination",
    "shared_image_gallery",
    "shared_image_gallery_destination",
    "source_ami_filter",
    "spot",
    "subnet_filter",
    "temporary_iam_instance_profile_policy_document",
    "tpm_config",
    "vapp",
    "vault_aws_engine",
    "vpc_filter",
    "vtpm",
    "windows_options",
];

/// Of these, the ones that Packer's command knows.
const BLOCKS_OF_PACKER: [&str; 3] = ["linux_options", "network_interface", "shared_image_gallery"];

impl Upgrade<'_> {
    /// Options as a body, in their order or, as Packer has it, in that of their names.
    pub(super) fn options(
        &mut self,
        options: &[Property],
        schema: Option<&Schema>,
        place: Place<'_>,
    ) -> Body {
        let mut body = Body::default();
        for option in self.ordered(options) {
            self.option(option, schema, place, &mut body);
        }
        body
    }

    /// Options in the order they are written in.
    pub(super) fn ordered<'o>(&self, options: &'o [Property]) -> Vec<&'o Property> {
        let mut options: Vec<_> = options.iter().collect();
        if self.strict {
            options.sort_by_key(|option| &option.name.text);
        }
        options
    }

    pub(super) fn option(
        &mut self,
        option: &Property,
        schema: Option<&Schema>,
        place: Place<'_>,
        body: &mut Body,
    ) {
        let name = option.name.text.as_ref();
        if let (NodeKind::String(text), false, true) =
            (&option.value.kind, self.strict, name.starts_with('_'))
        {
            body.comment(remark(name, &text.text));
            return;
        }
        let bodies = self.bodies(name, &option.value, schema);
        if !is_identifier(name) && !self.strict {
            let value = self.value(&option.value, place).to_text();
            body.comment(format!("An option cannot be called this in HCL2: {name:?} = {value}"));
            return;
        }
        let Some(bodies) = bodies else { return self.argument(name, &option.value, schema, place, body) };
        let schema = schema.and_then(|schema| schema.blocks.get(name)).map(|block| &block.schema);
        for properties in bodies {
            let inner = self.options(properties, schema, place);
            body.block(name, &[], inner);
        }
    }

    fn argument(
        &mut self,
        name: &str,
        value: &Node,
        schema: Option<&Schema>,
        place: Place<'_>,
        body: &mut Body,
    ) {
        let empty = matches!(&value.kind, NodeKind::Array(items) if items.is_empty());
        if self.strict && empty {
            return;
        }
        let ty = schema.and_then(|schema| schema.attributes.get(name)).map(|attribute| &attribute.ty);
        let value = match (&value.kind, ty) {
            // Where a list is expected, legacy JSON templates may have one text with commas.
            (NodeKind::String(text), Some(Type::List(_))) if !self.strict => {
                let text = self.text(&text.text, place);
                match text.plain() {
                    Some("") => Value::List(Vec::new()),
                    Some(plain) => Value::List(plain.split(',').map(Value::from).collect()),
                    None => Value::Expression(format!("split(\",\", {})", text.expression())),
                }
            }
            _ => self.value(value, place),
        };
        self.notes_to(body);
        body.argument(name, value);
    }

    /// What has been noted since, as comments.
    pub(super) fn notes_to(&mut self, body: &mut Body) {
        self.notes.drain(..).for_each(|note| body.comment(note));
    }

    /// What is inside of the blocks that a value becomes; none if it is the value of an argument.
    fn bodies<'v>(
        &self,
        name: &str,
        value: &'v Node,
        schema: Option<&Schema>,
    ) -> Option<Vec<&'v [Property]>> {
        let known = schema.filter(|_| !self.strict).and_then(|schema| {
            let is_argument = schema.attributes.contains_key(name);
            (is_argument || schema.blocks.contains_key(name)).then_some(!is_argument)
        });
        let objects: Vec<_> = match &value.kind {
            NodeKind::Object(properties) => vec![properties.as_slice()],
            NodeKind::Array(items) => {
                let objects = items.iter().map(|item| match &item.kind {
                    NodeKind::Object(properties) => Some(properties.as_slice()),
                    _ => None,
                });
                objects.collect::<Option<_>>()?
            }
            _ => return None,
        };
        let is_block = known.unwrap_or_else(|| match &value.kind {
            NodeKind::Object(properties) => self.looks_like_block(name, properties),
            _ => !objects.is_empty(),
        });
        is_block.then_some(objects)
    }

    /// Whether an object is more than a map of plain values.
    fn looks_like_block(&self, name: &str, properties: &[Property]) -> bool {
        let known: &[&str] = if self.strict { &BLOCKS_OF_PACKER } else { &BLOCKS };
        let is_plain = |value: &Node| match value.kind {
            NodeKind::String(_) | NodeKind::Number(_) | NodeKind::Bool(_) => true,
            NodeKind::Null => !self.strict,
            NodeKind::Array(_) | NodeKind::Object(_) => false,
        };
        known.contains(&name)
            || !properties.iter().all(|property| is_plain(&property.value))
            || (self.strict && properties.is_empty())
    }

    /// A JSON value as an expression.
    pub(super) fn value(&mut self, value: &Node, place: Place<'_>) -> Value {
        match &value.kind {
            NodeKind::Null => Value::Expression("null".to_owned()),
            NodeKind::Bool(truth) => Value::truth(*truth),
            NodeKind::Number(number) => Value::Expression(number.to_string()),
            NodeKind::String(text) => {
                let text = self.text(&text.text, place);
                self.value_of(text)
            }
            NodeKind::Array(items) => Value::List(items.iter().map(|item| self.value(item, place)).collect()),
            NodeKind::Object(properties) => {
                let entries = self.ordered(properties).into_iter().map(|property| {
                    (self.text(&property.name.text, place), self.value(&property.value, place))
                });
                Value::Object(entries.collect())
            }
        }
    }

    /// A text as an expression: without quotes if it is one value. Packer's command leaves them.
    pub(super) fn value_of(&self, text: Text) -> Value {
        match text.sole_expression() {
            Some(expression) if !self.strict => Value::Expression(expression.to_owned()),
            _ => Value::Text(text),
        }
    }
}

/// What a key beginning with `_` says.
pub(super) fn remark(key: &str, text: &str) -> String {
    if key.starts_with("_comment") {
        text.to_owned()
    } else {
        format!("{}: {text}", key.trim_start_matches('_'))
    }
}
