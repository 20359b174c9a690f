//! What `build.*` means while a build runs.

use karat_model::facts::{COMMON_KEYS, Facts};
use karat_model::id::RunId;
use karat_sdk::config::UNKNOWN_TEXT;

/// The facts of a build that has nothing to tell. As in Packer 1.16 they read `<unknown>`.
pub(crate) fn unknown() -> Facts {
    let mut facts = Facts::default();
    COMMON_KEYS.into_iter().for_each(|key| facts.set(key, UNKNOWN_TEXT));
    facts
}

/// The facts that a builder offers, with those that every build has. What a builder should know and does not is a marker
/// that names itself, as in Packer 1.16, so that a template that uses it fails visibly; how to get into a guest that
/// nobody gets into is `<unknown>`.
pub(crate) fn complete(offered: &Facts, run: &RunId) -> Facts {
    let mut facts = unknown();
    facts.extend(offered);
    facts.set("PackerRunUUID", run.0.clone());
    if let (None, Some(ip), Some(port)) = (
        offered.get("PackerHTTPAddr"),
        offered.text("PackerHTTPIP").map(str::to_string),
        offered.get("PackerHTTPPort").map(plain),
    ) {
        facts.set("PackerHTTPAddr", format!("{ip}:{port}"));
    }
    for (key, marker) in [
        ("ID", "ERR_ID_NOT_IMPLEMENTED_BY_BUILDER"),
        ("PackerHTTPIP", "ERR_HTTP_IP_NOT_IMPLEMENTED_BY_BUILDER"),
        ("PackerHTTPPort", "ERR_HTTP_PORT_NOT_IMPLEMENTED_BY_BUILDER"),
        ("PackerHTTPAddr", "ERR_HTTP_ADDR_NOT_IMPLEMENTED_BY_BUILDER"),
    ] {
        if facts.text(key) == Some(UNKNOWN_TEXT) {
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
                ("ConnType", "<unknown>"),
                ("Host", "<unknown>"),
                ("ID", "ERR_ID_NOT_IMPLEMENTED_BY_BUILDER"),
                ("PackerHTTPAddr", "ERR_HTTP_ADDR_NOT_IMPLEMENTED_BY_BUILDER"),
                ("PackerHTTPIP", "ERR_HTTP_IP_NOT_IMPLEMENTED_BY_BUILDER"),
                ("PackerHTTPPort", "ERR_HTTP_PORT_NOT_IMPLEMENTED_BY_BUILDER"),
                ("PackerRunUUID", "RUN"),
                ("Password", "<unknown>"),
                ("Port", "<unknown>"),
                ("SSHPrivateKey", "<unknown>"),
                ("SSHPublicKey", "<unknown>"),
                ("User", "<unknown>"),
                ("WinRMPassword", "<unknown>"),
            ],
            "no communicator, so nobody knows Host, Port or User"
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
