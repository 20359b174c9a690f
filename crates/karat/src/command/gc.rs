//! `karat gc`: remove what killed runs left behind.

use karat_engine::reclaim;
use karat_store::{Store, StoreError};

use super::{End, runtime};
use crate::directories::Directories;
use crate::report::Console;

pub(super) fn run(console: Console) -> End {
    let runtime = match runtime(false) {
        Ok(runtime) => runtime,
        Err(end) => return end,
    };
    let store = Store::disk(Directories::from_env().state);
    match runtime.block_on(collect(&store, console)) {
        Ok(end) => end,
        Err(error) => {
            console.error(&format!("Error: {error}"));
            End::Failure
        }
    }
}

async fn collect(store: &Store, console: Console) -> Result<End, StoreError> {
    let report = reclaim(store).await?;
    for gone in &report.reclaimed {
        let build = gone.build.as_ref().map(|build| format!(" of {build}")).unwrap_or_default();
        console.say(&format!("Removed {}{build} (run {})", gone.what, gone.run));
    }
    for left in &report.left {
        console.error(&format!("Could not remove {} (run {}): {}", left.what, left.run, left.why));
    }
    if report.reclaimed.is_empty() && report.left.is_empty() {
        console.say("Nothing to reclaim.");
    }
    Ok(if report.left.is_empty() { End::Success } else { End::Failure })
}
