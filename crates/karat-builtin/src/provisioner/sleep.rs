//! `sleep`: waits.

use std::time::Duration;

use async_trait::async_trait;
use karat_model::id::ComponentKind;
use karat_model::schema::Schema;
use karat_model::value::Value;
use karat_sdk::{
    About, CheckContext, Checked, Component, Config, Guest, Problems, Provisioner, StepContext, StepError,
};

/// Waits for some time.
pub struct Sleep;

#[derive(Config)]
struct Options {
    /// How long, such as `30s`.
    duration: Duration,
}

impl Component for Sleep {
    fn about(&self) -> About {
        About { kind: ComponentKind::Provisioner, name: "sleep", summary: "Waits for some time." }
    }

    fn schema(&self) -> Schema {
        Options::schema()
    }
}

#[async_trait]
impl Provisioner for Sleep {
    async fn check(&self, cx: &CheckContext, config: &Value) -> Result<Checked, Problems> {
        cx.decode::<Options>(config)?;
        Ok(Checked::default())
    }

    async fn provision(&self, cx: &StepContext, config: &Value, _: &dyn Guest) -> Result<(), StepError> {
        let options: Options = cx.decode(config)?;
        cx.pause(options.duration).await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use karat_model::event::CancelLevel;
    use karat_sdk::NoCommunicator;
    use karat_sdk::testing::{check_context, context};
    use serde_json::json;

    use super::*;

    struct Unreachable;

    impl Guest for Unreachable {
        fn communicator(&self) -> &dyn karat_sdk::Communicator {
            &NoCommunicator
        }
    }

    fn config(duration: &str) -> Value {
        Value::from_json(&json!({ "duration": duration }))
    }

    /// Also CORE-19: no communicator is needed.
    #[tokio::test(start_paused = true)]
    async fn blt_15_sleep_waits_in_silence() {
        let (cx, host) = context();
        let before = tokio::time::Instant::now();
        Sleep.provision(&cx, &config("1h30m"), &Unreachable).await.unwrap();
        assert_eq!(before.elapsed().as_secs(), 5400);
        assert!(host.events().is_empty());
    }

    #[tokio::test]
    async fn blt_15_sleep_can_be_cancelled() {
        let (cx, host) = context();
        let before = Instant::now();
        let options = config("1h");
        let sleep = Sleep.provision(&cx, &options, &Unreachable);
        let (slept, ()) =
            tokio::join!(sleep, async { host.canceller().cancel(CancelLevel::Stop, "interrupt") });
        assert!(slept.unwrap_err().is_cancelled());
        assert!(before.elapsed() < Duration::from_secs(3000));
    }

    #[tokio::test]
    async fn blt_15_sleep_needs_a_duration() {
        let (_, host) = context();
        let problems = Sleep.check(&check_context(&host), &config("long")).await.unwrap_err();
        assert!(problems.to_string().contains("`long` is not a duration"), "{problems}");
    }
}
