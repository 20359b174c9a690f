//! Work on several threads.

use std::collections::BTreeMap;

use crate::Result;

/// Processes at once.
const PARALLEL: usize = 2;

/// Runs batches on as many threads as there may be processes; the results in the order of the items.
pub(crate) fn spread<T: Sync, R: Send>(
    items: &[T],
    size: usize,
    run: impl Fn(&[T]) -> Result<Vec<R>> + Sync,
) -> Result<Vec<R>> {
    let batches: Vec<&[T]> = items.chunks(size).collect();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let results = std::sync::Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(batch) = batches.get(at) else { return };
                    let result = run(batch).map_err(|error| error.to_string());
                    if let Ok(mut results) = results.lock() {
                        results.insert(at, result);
                    }
                }
            });
        }
    });
    let mut all = Vec::with_capacity(items.len());
    for result in results.into_inner().unwrap_or_default().into_values() {
        all.extend(result?);
    }
    Ok(all)
}
