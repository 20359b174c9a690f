//! A test hook: the process dies, or panics, at a chosen write to the ledger.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use karat_model::id::{BuildName, RunId};
use karat_model::resource::{Intent, ProcessHandle, Resource, ResourceId, Settled};

use crate::error::StoreError;
use crate::store::Ledger;

/// Name of the environment variable by which a session turns this hook on; its value is the point's number, after `panic:`
/// if whoever writes is to panic there instead.
pub const FAULT_VARIABLE: &str = "KARAT_FAULT_LEDGER_POINT";

/// A ledger with points at which the process can die: one just before and one just after each durable write, counted
/// from 1. Tests kill a build at each point in turn and look at what `karat gc` leaves.
pub struct FaultLedger {
    inner: Arc<dyn Ledger>,
    passed: AtomicU64,
    at: u64,
    strike: Box<dyn Fn() + Send + Sync>,
}

impl FaultLedger {
    /// Kills this process with SIGKILL, as the kernel's out-of-memory killer would, at point `at`.
    pub fn killing(inner: Arc<dyn Ledger>, at: u64) -> Self {
        Self::striking(inner, at, || {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::this(), nix::sys::signal::Signal::SIGKILL);
        })
    }

    /// Panics at point `at`, as a bug would.
    #[expect(clippy::panic, reason = "tests see what becomes of a run that panics")]
    pub fn panicking(inner: Arc<dyn Ledger>, at: u64) -> Self {
        Self::striking(inner, at, || panic!("a test asked for it: {FAULT_VARIABLE}"))
    }

    /// Calls `strike` at point `at`.
    pub fn striking(inner: Arc<dyn Ledger>, at: u64, strike: impl Fn() + Send + Sync + 'static) -> Self {
        Self { inner, passed: AtomicU64::new(0), at, strike: Box::new(strike) }
    }

    fn point(&self) {
        if self.passed.fetch_add(1, Ordering::SeqCst) + 1 == self.at {
            (self.strike)();
        }
    }
}

#[async_trait]
impl Ledger for FaultLedger {
    async fn intend(
        &self,
        run: &RunId,
        build: Option<&BuildName>,
        intent: &Intent,
    ) -> Result<ResourceId, StoreError> {
        self.point();
        let id = self.inner.intend(run, build, intent).await?;
        self.point();
        Ok(id)
    }

    async fn acquired(&self, id: ResourceId, process: Option<ProcessHandle>) -> Result<(), StoreError> {
        self.point();
        self.inner.acquired(id, process).await?;
        self.point();
        Ok(())
    }

    async fn settle(&self, id: ResourceId, how: Settled) -> Result<(), StoreError> {
        self.point();
        self.inner.settle(id, how).await?;
        self.point();
        Ok(())
    }

    async fn outstanding(&self, run: &RunId) -> Result<Vec<Resource>, StoreError> {
        self.inner.outstanding(run).await
    }

    async fn unsettled_runs(&self) -> Result<Vec<RunId>, StoreError> {
        self.inner.unsettled_runs().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::tests::header;
    use crate::store::Store;

    #[tokio::test]
    async fn each_write_has_a_point_before_and_one_after_it() {
        let intent = Intent::File { path: "/x".into() };
        // (point, entries that are open when it strikes)
        for (at, open) in [(1, 0), (2, 1), (3, 1), (4, 1), (5, 1), (6, 0)] {
            let store = Store::memory();
            let header = header();
            store.log.begin(&header).await.unwrap();
            let seen = Arc::new(AtomicU64::new(u64::MAX));
            let ledger = {
                let (seen, inner, run) = (seen.clone(), store.ledger.clone(), header.run.clone());
                FaultLedger::striking(store.ledger.clone(), at, move || {
                    let entries = futures_now(inner.outstanding(&run)).unwrap();
                    seen.store(entries.len() as u64, Ordering::SeqCst);
                })
            };
            let id = ledger.intend(&header.run, None, &intent).await.unwrap();
            ledger.acquired(id, None).await.unwrap();
            ledger.settle(id, Settled::Gone).await.unwrap();
            assert_eq!(seen.load(Ordering::SeqCst), open, "point {at}");
        }
    }

    /// The result of a future that is ready at once, as all of the memory store's are.
    fn futures_now<T>(mut future: std::pin::Pin<Box<dyn Future<Output = T> + Send + '_>>) -> T {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(value) => value,
            std::task::Poll::Pending => panic!("the memory store waited"),
        }
    }
}
