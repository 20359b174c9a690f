//! Rendering until nothing changes any more.

use crate::{Functions, TemplateError, Value, render};

/// How often a text is rendered at most.
const ROUNDS: usize = 100;

/// Renders `text`, then what it renders to, and so on until it stays the same: so Packer treats some of its options, and in
/// legacy templates a variable may hold a template for them. Text without `{{` is never looked at.
///
/// # Errors
/// Those of [`render`]; when a hundred rounds are not enough, which only a mistake needs.
pub fn settle(text: &str, data: &Value, functions: &Functions) -> Result<String, TemplateError> {
    let mut text = text.to_owned();
    for _ in 0..ROUNDS {
        if !text.contains("{{") {
            return Ok(text);
        }
        let rendered = render(&text, data, functions)?;
        if rendered == text {
            return Ok(text);
        }
        text = rendered;
    }
    let message = format!("after {ROUNDS} rounds it still renders to something else");
    Err(TemplateError { line: 1, column: 1, message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_in_a_template_is_rendered() {
        let data = Value::map([("Path", "/s".into()), ("Command", "sh {{ .Path }}".into())]);
        let settled = |text: &str| settle(text, &data, &Functions::default());
        assert_eq!(settled("sudo {{ .Command }} {{`{{ .Path }}`}}").as_deref(), Ok("sudo sh /s /s"));
        assert_eq!(settled("}} {").as_deref(), Ok("}} {"));
        assert!(settled("{{ .Command").is_err());
        let endless = Value::map([("Again", "{{ .Again }}!".into())]);
        let problem = super::settle("{{ .Again }}", &endless, &Functions::default()).unwrap_err();
        assert_eq!(problem.message, "after 100 rounds it still renders to something else");
    }
}
