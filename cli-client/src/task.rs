//! The runtime and its tasks: the only place that starts one.
//!
//! Used by `main` and by everything that does two things at once. It must never hold up the network:
//! what waits for a disk or a pipe goes to a [`worker`].

use std::io;

use tokio::{
    runtime::{Builder, Runtime},
    task::JoinHandle,
};

use crate::error::{Error, Result};

/// Builds the runtime: the network on this thread, files and pipes on threads of their own.
pub(crate) fn runtime() -> Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .thread_name("sluice")
        .build()
        .map_err(Error::Runtime)
}

/// A task that ends with its handle: dropping it aborts the task.
#[derive(Debug)]
#[must_use = "dropping it aborts the task"]
pub(crate) struct Background(JoinHandle<()>);

impl Drop for Background {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Starts a task beside the one that runs.
#[expect(clippy::disallowed_methods, reason = "the one place that starts tasks")]
pub(crate) fn background(task: impl Future<Output = ()> + Send + 'static) -> Background {
    Background(tokio::spawn(task))
}

/// Work on a thread of its own. The thread is not interrupted when this is dropped.
#[derive(Debug)]
pub(crate) struct Worker<T>(JoinHandle<T>);

impl<T> Worker<T> {
    /// Waits for the end of the work, once. Fails when the work has panicked.
    pub(crate) async fn join(&mut self) -> io::Result<T> {
        (&mut self.0).await.map_err(io::Error::other)
    }
}

/// Starts work that waits for a disk or a pipe on a thread of its own.
#[expect(clippy::disallowed_methods, reason = "the one place that starts tasks")]
pub(crate) fn worker<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Worker<T> {
    Worker(tokio::task::spawn_blocking(work))
}
