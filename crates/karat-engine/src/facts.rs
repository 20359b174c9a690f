//! What `build.*` means while a build runs.

use karat_model::facts::Facts;
use karat_model::id::RunId;

/// The facts that a builder offers, with those that every build has. What a builder does not know is a marker that
/// names itself, as in Packer 1.16, so that a template that uses it fails visibly.
pub(crate) fn complete(offered: &Facts, run: &RunId) -> Facts {
    let mut facts = offered.clone();
    facts.set("PackerRunUUID", run.0.clone());
    if let (None, Some(ip), Some(port)) = (
        facts.get("PackerHTTPAddr"),
        facts.text("PackerHTTPIP").map(str::to_string),
        facts.get("PackerHTTPPort").map(plain),
    ) {
        facts.set("PackerHTTPAddr", format!("{ip}:{port}"));
    }
    for (key, marker) in [
        ("ID", "ERR_ID_NOT_IMPLEMENTED_BY_BUILDER"),
        ("PackerHTTPIP", "ERR_HTTP_IP_NOT_IMPLEMENTED_BY_BUILDER"),
        ("PackerHTTPPort", "ERR_HTTP_PORT_NOT_IMPLEMENTED_BY_BUILDER"),
        ("PackerHTTPAddr", "ERR_HTTP_ADDR_NOT_IMPLEMENTED_BY_BUILDER"),
    ] {
        if facts.get(key).is_none() {
            facts.set(key, marker);
        }
    }
    facts
}

/// A port may be offered as text or as a number.
fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(offered: &[(&str, serde_json::Value)]) -> Facts {
        let mut facts = Facts::default();
        offered.iter().for_each(|(key, value)| facts.set(*key, value.clone()));
        complete(&facts, &RunId("RUN".into()))
    }

    #[test]
    fn core_10_what_a_builder_does_not_know_is_marked() {
        let facts = completed(&[]);
        let all: Vec<_> = facts.iter().map(|(key, value)| (key, value.as_str().unwrap())).collect();
        assert_eq!(
            all,
            [
                ("ID", "ERR_ID_NOT_IMPLEMENTED_BY_BUILDER"),
                ("PackerHTTPAddr", "ERR_HTTP_ADDR_NOT_IMPLEMENTED_BY_BUILDER"),
                ("PackerHTTPIP", "ERR_HTTP_IP_NOT_IMPLEMENTED_BY_BUILDER"),
                ("PackerHTTPPort", "ERR_HTTP_PORT_NOT_IMPLEMENTED_BY_BUILDER"),
                ("PackerRunUUID", "RUN"),
            ],
            "no communicator, so no Host, Port or User"
        );
    }

    #[test]
    fn core_10_what_a_builder_offers_is_kept() {
        let facts = completed(&[("ID", "i-1".into()), ("Host", "h".into()), ("ImageSha256", "x".into())]);
        assert_eq!(facts.text("ID"), Some("i-1"));
        assert_eq!(facts.text("Host"), Some("h"));
        assert_eq!(facts.text("ImageSha256"), Some("x"));
    }

    #[test]
    fn core_10_the_http_address_needs_both_its_parts() {
        let address = |offered: &[(&str, serde_json::Value)]| {
            completed(offered).text("PackerHTTPAddr").unwrap().to_string()
        };
        assert_eq!(
            address(&[("PackerHTTPIP", "10.0.2.2".into()), ("PackerHTTPPort", "8000".into())]),
            "10.0.2.2:8000"
        );
        assert_eq!(
            address(&[("PackerHTTPIP", "10.0.2.2".into()), ("PackerHTTPPort", 0.into())]),
            "10.0.2.2:0"
        );
        assert_eq!(
            address(&[("PackerHTTPIP", "10.0.2.2".into())]),
            "ERR_HTTP_ADDR_NOT_IMPLEMENTED_BY_BUILDER"
        );
    }
}
