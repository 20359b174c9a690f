//! `hcp_packer_registry` blocks: checked as Packer checks them, and without effect.

use karat_hcl::Scope;
use karat_hcl::tree::Body;
use karat_model::diagnostic::{Diagnostic, Diagnostics};
use karat_model::span::Span;

use crate::code;
use crate::meta::Meta;

/// Any other argument, and any block, is accepted as well.
const ARGUMENTS: &[&str] =
    &["bucket_labels", "bucket_name", "build_labels", "channels", "description", "labels"];

/// Checks the block with this header, and `first`, which stands before it in the same place.
pub(crate) fn check(
    header: Span,
    body: &Body,
    first: Option<Span>,
    scope: &Scope<'_>,
    diagnostics: &mut Diagnostics,
) {
    if let Some(first) = first {
        let problem = Diagnostic::error(code::DUPLICATE, "Only one hcp_packer_registry is allowed");
        diagnostics.push(problem.at(header).label(first, "the first one is here"));
        return;
    }
    let (meta, _) = Meta::split(body.clone(), ARGUMENTS, scope, diagnostics);
    let mut wrong = |text: String| {
        let problem = Diagnostic::error(code::INVALID_META, format!("hcp_packer_registry.{text}"));
        diagnostics.push(problem.at(header));
    };
    let mut problems = Diagnostics::new();
    if meta.text("description", &mut problems).is_some_and(|text| text.len() > 255) {
        wrong("description should have a maximum length of 255 characters".to_owned());
    }
    if meta.text("bucket_name", &mut problems).is_some_and(|name| !name.is_empty() && !is_bucket_name(&name))
    {
        wrong("bucket_name can only contain between 3 and 36 ASCII letters, numbers and hyphens".to_owned());
    }
    let mut labels = |name| meta.texts_by_name(name, &mut problems).is_some_and(|count| count > 0);
    let (old, new) = (labels("labels"), labels("bucket_labels"));
    labels("build_labels");
    if old && new {
        wrong(
            "labels and hcp_packer_registry.bucket_labels are mutually exclusive; please use the recommended argument \
             hcp_packer_registry.bucket_labels"
                .to_owned(),
        );
    } else if old {
        let title = "hcp_packer_registry.labels is deprecated";
        let problem = Diagnostic::warning(code::DEPRECATED, title).at(header);
        diagnostics.push(problem.help("call it `bucket_labels`"));
    }
    meta.texts("channels", &mut problems);
    diagnostics.extend(problems);
    diagnostics.push(
        Diagnostic::warning(code::NO_EFFECT, "hcp_packer_registry has no effect").at(header).detail(
            "Karat does not publish to HCP Packer. The block is accepted so that one template serves both.",
        ),
    );
}

fn is_bucket_name(name: &str) -> bool {
    (3..=36).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
