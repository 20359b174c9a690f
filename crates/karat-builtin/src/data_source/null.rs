//! `null`: offers what it is given. Made for tests and examples.

use async_trait::async_trait;
use karat_model::id::ComponentKind;
use karat_model::schema::Schema;
use karat_model::value::{Type, Value};
use karat_sdk::{About, Checked, Component, Config, DataSource, Problems, ReadContext, Reading, StepError};

/// The `null` data source.
pub struct Null;

#[derive(Config)]
struct Options {
    /// What it offers as `output`. Must not be empty.
    #[config(required)]
    input: String,
}

impl Options {
    fn check(&self) -> Result<(), Problems> {
        if self.input.is_empty() {
            return Err(Problems::one("input", "The `input` must be specified"));
        }
        Ok(())
    }
}

impl Component for Null {
    fn about(&self) -> About {
        About {
            kind: ComponentKind::DataSource,
            name: "null",
            summary: "Offers the text that it is given, for tests and examples.",
        }
    }

    fn schema(&self) -> Schema {
        Options::schema()
    }
}

#[async_trait]
impl DataSource for Null {
    fn output(&self) -> Schema {
        super::offers([("output", Type::String, "The text that it was given.")])
    }

    async fn check(&self, cx: &ReadContext, config: &Value) -> Result<Checked, Problems> {
        cx.decode::<Options>(config)?.check()?;
        Ok(Checked::default())
    }

    async fn read(&self, cx: &ReadContext, config: &Value) -> Result<Reading, StepError> {
        let options: Options = cx.decode(config)?;
        options.check()?;
        let secret = config.get("input").is_some_and(Value::is_sensitive);
        let output = Value::string(options.input).mark_if(secret);
        Ok(Reading { value: Value::object([("output".to_owned(), output)].into()), warnings: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use karat_sdk::testing::RecordingHost;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn blt_24_null_offers_what_it_is_given() {
        let host = RecordingHost::new();
        let config = Value::from_json(&json!({ "input": "a {{ upper `b` }}" })).mark_sensitive();
        let reading = Null.read(&host.read_context(), &config).await.unwrap();
        assert_eq!(reading.value.get("output").and_then(Value::as_str), Some("a B"));
        assert!(reading.value.is_sensitive(), "a secret stays one");
        assert!(reading.value.convert(&Null.output().ty()).is_ok());
    }

    /// As Packer 1.16 has it: data sources come before builds.
    #[tokio::test]
    async fn blt_24_templates_know_no_build() {
        let host = RecordingHost::new();
        for template in ["{{ build_name }}", "{{ build_type }}", "{{ build `ID` }}", "{{ template_dir }}"] {
            let config = Value::from_json(&json!({ "input": template }));
            assert!(Null.check(&host.read_context(), &config).await.is_err(), "{template}");
        }
    }

    #[tokio::test]
    async fn blt_24_null_needs_an_input() {
        let host = RecordingHost::new();
        let config = Value::from_json(&json!({ "input": "" }));
        let problems = Null.check(&host.read_context(), &config).await.unwrap_err();
        assert_eq!(problems, Problems::one("input", "The `input` must be specified"));
    }
}
