//! `breakpoint`: stops until a person says go on.

use async_trait::async_trait;
use karat_model::id::ComponentKind;
use karat_model::schema::Schema;
use karat_model::value::Value;
use karat_sdk::{
    About, CheckContext, Checked, Component, Config, Guest, Problems, Provisioner, StepContext, StepError,
};

/// Pauses the build at this place.
pub struct Breakpoint;

#[derive(Config)]
struct Options {
    /// Goes on without asking.
    disable: bool,
    /// What to tell the person.
    note: String,
}

impl Component for Breakpoint {
    fn about(&self) -> About {
        About {
            kind: ComponentKind::Provisioner,
            name: "breakpoint",
            summary: "Pauses the build until somebody at the terminal goes on.",
        }
    }

    fn schema(&self) -> Schema {
        Options::schema()
    }
}

#[async_trait]
impl Provisioner for Breakpoint {
    async fn check(&self, cx: &CheckContext, config: &Value) -> Result<Checked, Problems> {
        cx.decode::<Options>(config)?;
        Ok(Checked::default())
    }

    async fn provision(&self, cx: &StepContext, config: &Value, _: &dyn Guest) -> Result<(), StepError> {
        let Options { disable, note } = cx.decode(config)?;
        if disable {
            cx.say(match note.as_str() {
                "" => "Breakpoint provisioner disabled; continuing...".to_string(),
                note => format!("Breakpoint provisioner with note \"{note}\" disabled; continuing..."),
            });
            return Ok(());
        }
        cx.say(match note.as_str() {
            "" => "Pausing at breakpoint provisioner.".to_string(),
            note => format!("Pausing at breakpoint provisioner with note \"{note}\"."),
        });
        match cx.unless_cancelled(cx.ask("Press enter to continue.")).await? {
            Ok(_) => Ok(()),
            Err(error) if error.is_cancelled() => Err(error),
            Err(error) => Err(StepError::because("Error asking for input", error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use karat_model::event::EventKind;
    use karat_sdk::NoCommunicator;
    use karat_sdk::testing::context;
    use serde_json::json;

    use super::*;

    struct Unreachable;

    impl Guest for Unreachable {
        fn communicator(&self) -> &dyn karat_sdk::Communicator {
            &NoCommunicator
        }
    }

    #[tokio::test]
    async fn blt_15_breakpoint_waits_for_somebody() {
        for (options, said) in [
            (json!({}), "Pausing at breakpoint provisioner."),
            (json!({ "note": "N" }), "Pausing at breakpoint provisioner with note \"N\"."),
        ] {
            let (cx, host) = context();
            host.answer("");
            Breakpoint.provision(&cx, &Value::from_json(&options), &Unreachable).await.unwrap();
            assert_eq!(host.lines(), [said]);
            let asked = EventKind::Asked { question: "Press enter to continue.".to_string() };
            assert_eq!(host.events().last(), Some(&asked));
        }
    }

    #[tokio::test]
    async fn blt_15_a_disabled_breakpoint_goes_on() {
        for (options, said) in [
            (json!({ "disable": true }), "Breakpoint provisioner disabled; continuing..."),
            (
                json!({ "disable": true, "note": "N" }),
                "Breakpoint provisioner with note \"N\" disabled; continuing...",
            ),
        ] {
            let (cx, host) = context();
            Breakpoint.provision(&cx, &Value::from_json(&options), &Unreachable).await.unwrap();
            assert_eq!(host.lines(), [said]);
            assert_eq!(host.events().len(), 1);
        }
    }

    #[tokio::test]
    async fn blt_15_a_breakpoint_without_a_terminal_fails_the_build() {
        let (cx, _host) = context();
        let error = Breakpoint.provision(&cx, &Value::from_json(&json!({})), &Unreachable).await.unwrap_err();
        assert_eq!(error.to_string(), "Error asking for input: no available tty");
    }
}
