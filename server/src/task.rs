//! Starts tasks: the only place that spawns, so that every task has a name and keeps its span.
//!
//! Called wherever something runs on its own. At shutdown `app` waits here for all of them; a task
//! that has no end of its own must be started with [`spawn_background`].

use std::future::Future;
use std::sync::LazyLock;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

/// The tasks that [`drain`] waits for.
static TASKS: LazyLock<TaskTracker> = LazyLock::new(TaskTracker::new);

/// Runs `future` on its own, inside the current span. Dropping the handle does not end it.
pub fn spawn<F>(name: &'static str, future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    TASKS.spawn(future.instrument(tracing::debug_span!("task", name)))
}

/// Like [`spawn`], for a task that lives as long as the process: [`drain`] does not wait for it.
#[expect(
    clippy::disallowed_methods,
    reason = "the place that the lint points to"
)]
pub fn spawn_background<F>(name: &'static str, future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    tokio::spawn(future.instrument(tracing::debug_span!("task", name)))
}

/// Runs `closure` on a thread where it may block or compute for long, inside the current span.
pub fn spawn_blocking<T, F>(name: &'static str, closure: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let span = tracing::debug_span!("task", name);
    TASKS.spawn_blocking(move || span.in_scope(closure))
}

/// Waits until all tasks have ended, at most `timeout`. Returns how many are left.
pub async fn drain(timeout: Duration) -> usize {
    TASKS.close();
    match tokio::time::timeout(timeout, TASKS.wait()).await {
        Ok(()) => 0,
        Err(_) => TASKS.len(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{drain, spawn, spawn_blocking};

    #[tokio::test]
    async fn draining_waits_for_tasks_and_gives_up_on_time() {
        let (release, held) = tokio::sync::oneshot::channel::<()>();
        let held = spawn("held", held);
        let computed = spawn_blocking("computed", || 2 + 2);
        assert_eq!(computed.await.unwrap(), 4);
        assert!(drain(Duration::from_millis(10)).await > 0);
        release.send(()).unwrap();
        held.await.unwrap().unwrap();
    }
}
