//! Cancel by signal with a reason, never by drop.

use std::sync::Arc;

use karat_model::event::CancelLevel;
use tokio::sync::watch;

/// A cancellation in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancel {
    /// How urgent.
    pub level: CancelLevel,
    /// Why, as people read it: `interrupt`, `terminated`, `timeout`.
    pub reason: String,
}

/// The end that cancels.
#[derive(Clone)]
pub struct Canceller(Arc<watch::Sender<Option<Cancel>>>);

impl Canceller {
    /// Raises the level; a lower or equal level than the one in force changes nothing.
    pub fn cancel(&self, level: CancelLevel, reason: &str) {
        self.0.send_if_modified(|current| {
            let raises = current.as_ref().is_none_or(|cancel| cancel.level < level);
            if raises {
                *current = Some(Cancel { level, reason: reason.to_string() });
            }
            raises
        });
    }

    /// The level in force.
    pub fn level(&self) -> Option<CancelLevel> {
        self.0.borrow().as_ref().map(|cancel| cancel.level)
    }
}

/// The end that listens. A child also hears what its parents hear, so one attempt can stop without the run.
#[derive(Clone)]
pub struct Cancellation {
    sources: Vec<Source>,
}

#[derive(Clone)]
struct Source {
    signal: watch::Receiver<Option<Cancel>>,
    /// What is less urgent is not heard.
    least: CancelLevel,
}

impl Source {
    fn current(&self) -> Option<Cancel> {
        self.signal.borrow().clone().filter(|cancel| cancel.level >= self.least)
    }
}

impl Cancellation {
    /// A new pair.
    pub fn new() -> (Canceller, Self) {
        let (sender, signal) = watch::channel(None);
        let sources = vec![Source { signal, least: CancelLevel::Drain }];
        (Canceller(Arc::new(sender)), Self { sources })
    }

    /// A listener that nothing cancels: what teardown runs under.
    pub fn never() -> Self {
        Self { sources: Vec::new() }
    }

    /// A listener that hears this one's signals and those of the new canceller.
    pub fn child(&self) -> (Canceller, Self) {
        let (canceller, mut own) = Self::new();
        own.sources.extend(self.sources.iter().cloned());
        (canceller, own)
    }

    /// A listener that hears only what is at least as urgent as `level`: for work that begins after a less urgent
    /// cancellation.
    pub fn from_level(&self, level: CancelLevel) -> Self {
        let raised = |source: &Source| Source { least: source.least.max(level), ..source.clone() };
        Self { sources: self.sources.iter().map(raised).collect() }
    }

    /// The most urgent cancellation in force.
    pub fn current(&self) -> Option<Cancel> {
        self.sources.iter().filter_map(Source::current).max_by_key(|cancel| cancel.level)
    }

    /// Whether work should stop now ([`CancelLevel::Stop`] or more).
    pub fn is_stopped(&self) -> bool {
        self.current().is_some_and(|cancel| cancel.level >= CancelLevel::Stop)
    }

    /// Waits until work should stop.
    pub async fn stopped(&self) -> Cancel {
        self.reached(CancelLevel::Stop).await
    }

    /// Waits until a cancellation of at least `level` is in force; for ever if none can come.
    pub async fn reached(&self, level: CancelLevel) -> Cancel {
        let waits = self.sources.iter().map(|source| {
            let (mut signal, level) = (source.signal.clone(), level.max(source.least));
            Box::pin(async move {
                let found = signal
                    .wait_for(|cancel| cancel.as_ref().is_some_and(|cancel| cancel.level >= level))
                    .await
                    .map(|cancel| cancel.clone());
                match found {
                    Ok(Some(cancel)) => cancel,
                    // The canceller is gone, so this signal can never come.
                    _ => std::future::pending().await,
                }
            })
        });
        let waits: Vec<_> = waits.collect();
        if waits.is_empty() {
            return std::future::pending().await;
        }
        futures::future::select_all(waits).await.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_child_hears_its_parent_but_not_the_other_way_round() {
        let (parent_canceller, parent) = Cancellation::new();
        let (child_canceller, child) = parent.child();
        child_canceller.cancel(CancelLevel::Stop, "timeout");
        assert_eq!(child.stopped().await.reason, "timeout");
        assert!(!parent.is_stopped());
        parent_canceller.cancel(CancelLevel::Kill, "interrupt");
        assert_eq!(child.reached(CancelLevel::Kill).await.reason, "interrupt");
    }

    #[tokio::test]
    async fn what_is_less_urgent_can_be_passed_over() {
        let (canceller, all) = Cancellation::new();
        let urgent = all.from_level(CancelLevel::Kill);
        let (own, child) = urgent.child();
        canceller.cancel(CancelLevel::Stop, "interrupt");
        assert!(all.is_stopped() && !urgent.is_stopped() && !child.is_stopped());
        own.cancel(CancelLevel::Stop, "timeout");
        assert_eq!(child.stopped().await.reason, "timeout");
        canceller.cancel(CancelLevel::Kill, "interrupt");
        assert_eq!(urgent.stopped().await.level, CancelLevel::Kill);
    }

    #[test]
    fn levels_only_rise() {
        let (canceller, listener) = Cancellation::new();
        canceller.cancel(CancelLevel::Drain, "another build failed");
        assert!(!listener.is_stopped());
        canceller.cancel(CancelLevel::Kill, "interrupt");
        canceller.cancel(CancelLevel::Stop, "late");
        assert_eq!(listener.current().map(|cancel| cancel.level), Some(CancelLevel::Kill));
    }
}
