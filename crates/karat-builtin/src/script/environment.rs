//! The environment that a script sees, and the text that sets it.

use std::collections::BTreeMap;

use karat_sdk::StepContext;

/// Reads `KEY=VALUE` texts.
pub(crate) fn parse_pairs(texts: &[String]) -> Result<Vec<(String, String)>, String> {
    let pairs = texts.iter().map(|text| match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_string(), value.to_string())),
        _ => Err(format!("Environment variable not in format 'key=value': {text}")),
    });
    pairs.collect()
}

/// Variables by name. What is set later wins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// What every script is told: the build's name, the builder's type, and where the builder serves files, if it does.
    pub(crate) fn of_build(cx: &StepContext) -> Self {
        let mut environment = Self::default();
        let info = cx.info();
        environment.set("PACKER_BUILD_NAME", info.source_name.as_str());
        environment.set("PACKER_BUILDER_TYPE", info.builder_type.as_str());
        for (name, fact) in [
            ("PACKER_HTTP_ADDR", "PackerHTTPAddr"),
            ("PACKER_HTTP_IP", "PackerHTTPIP"),
            ("PACKER_HTTP_PORT", "PackerHTTPPort"),
        ] {
            let value = match cx.facts().get(fact) {
                Some(serde_json::Value::String(text)) => text.clone(),
                Some(serde_json::Value::Number(number)) => number.to_string(),
                _ => continue,
            };
            // Builders without a web server have this text there, as Packer's do.
            if !value.is_empty() && !value.starts_with("ERR_") {
                environment.set(name, value);
            }
        }
        environment
    }

    /// Sets one variable.
    pub(crate) fn set(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.insert(key.into(), value.into());
    }

    /// Sets several.
    pub(crate) fn extend(&mut self, pairs: impl IntoIterator<Item = (String, String)>) {
        self.0.extend(pairs);
    }

    /// The text that sets all variables, in the order of their names. `format` is a printf format of key and value;
    /// a single quote in a value becomes `'"'"'`, so that the value can stand in single quotes.
    pub(crate) fn text(&self, format: &str) -> String {
        self.0.iter().map(|(key, value)| printf(format, key, &value.replace('\'', r#"'"'"'"#))).collect()
    }
}

/// The part of Go's printf that such formats use: `%s`, `%v`, `%q`, `%[N]s` and `%%`.
fn printf(format: &str, key: &str, value: &str) -> String {
    let mut text = String::new();
    let mut next = 0;
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        let (index, after) = match after.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            Some((number, after)) => (number.parse::<usize>().ok().and_then(|n| n.checked_sub(1)), after),
            None => (None, after),
        };
        let mut chars = after.chars();
        let verb = chars.next();
        rest = chars.as_str();
        if verb == Some('%') {
            text.push('%');
            continue;
        }
        let at = index.unwrap_or(next);
        next = at + 1;
        let argument = [key, value].get(at).copied();
        match (verb, argument) {
            (Some('s' | 'v'), Some(argument)) => text.push_str(argument),
            (Some('q'), Some(argument)) => text.push_str(&format!("{argument:?}")),
            // What Go prints when the arguments are used up, or for a verb that strings do not have.
            (Some(verb), None) => text.push_str(&format!("%!{verb}(MISSING)")),
            (Some(verb), Some(argument)) => text.push_str(&format!("%!{verb}(string={argument})")),
            (None, _) => text.push_str("%!(NOVERB)"),
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use karat_model::facts::Facts;
    use karat_sdk::testing::context_with;

    use super::*;

    #[test]
    fn blt_04_variables_are_sorted_and_quoted() {
        let (cx, _host) = context_with(Facts::default(), |_| {});
        let mut environment = Environment::of_build(&cx);
        environment.extend(parse_pairs(&["Z=a=b".into(), "A=it's".into()]).unwrap());
        assert_eq!(
            environment.text("%s='%s' "),
            r#"A='it'"'"'s' PACKER_BUILDER_TYPE='null' PACKER_BUILD_NAME='test' Z='a=b' "#
        );
    }

    #[test]
    fn blt_04_the_web_servers_address_is_told_where_there_is_one() {
        let mut facts = Facts::default();
        facts.set("PackerHTTPAddr", "10.0.2.2:0");
        facts.set("PackerHTTPIP", "ERR_HTTP_IP_NOT_IMPLEMENTED_BY_BUILDER");
        facts.set("PackerHTTPPort", 0);
        let (cx, _host) = context_with(facts, |_| {});
        let text = Environment::of_build(&cx).text("%s=%s\n");
        assert!(text.contains("PACKER_HTTP_ADDR=10.0.2.2:0\nPACKER_HTTP_PORT=0\n"), "{text}");
        assert!(!text.contains("PACKER_HTTP_IP"), "{text}");
    }

    #[test]
    fn blt_05_formats_are_printf() {
        let mut environment = Environment::default();
        environment.set("K", "v");
        assert_eq!(environment.text("export %s='%s'\n"), "export K='v'\n");
        assert_eq!(environment.text("%[2]s<-%[1]s 100%%;"), "v<-K 100%;");
        assert_eq!(environment.text("$env:%s=%q; %s"), "$env:K=\"v\"; %!s(MISSING)");
    }

    #[test]
    fn blt_03_pairs_need_a_key_and_a_value() {
        assert_eq!(parse_pairs(&["A=".into()]).unwrap(), [("A".to_string(), String::new())]);
        for bad in ["A", "=b", ""] {
            let error = parse_pairs(&[bad.into()]).unwrap_err();
            assert_eq!(error, format!("Environment variable not in format 'key=value': {bad}"));
        }
    }
}
