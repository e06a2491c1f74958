//! Hears SIGTERM and SIGINT and turns them into a token that everything else can wait on.
//!
//! Made once by `app`, before the engine starts. It never ends anything itself, except on the second
//! signal: then the process ends at once.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::task;

/// The exit code of a process that a second signal ended, as shells have it for SIGINT.
const INTERRUPTED: i32 = 130;

/// The wish that the server end. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    token: CancellationToken,
}

impl Shutdown {
    /// Begins to listen to the signals of the process.
    ///
    /// # Errors
    ///
    /// The system refuses a signal handler.
    pub fn on_signals() -> io::Result<Self> {
        let shutdown = Self::default();
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        let listener = listen(shutdown.token.clone(), terminate, interrupt);
        drop(task::spawn_background("signals", listener));
        Ok(shutdown)
    }

    /// A token that is cancelled when the server is to end.
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Waits until the server is to end.
    pub async fn requested(&self) {
        self.token.cancelled().await;
    }

    /// Asks the server to end, as a signal does.
    pub fn request(&self) {
        self.token.cancel();
    }
}

/// Cancels the token on the first signal and ends the process on the second.
async fn listen(token: CancellationToken, mut terminate: Signal, mut interrupt: Signal) {
    let name = next(&mut terminate, &mut interrupt).await;
    tracing::info!(
        signal = name,
        "shutting down; a second signal ends the server at once"
    );
    token.cancel();
    let name = next(&mut terminate, &mut interrupt).await;
    tracing::warn!(signal = name, "ending at once");
    end_process();
}

/// The name of the next signal.
async fn next(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}

#[expect(
    clippy::exit,
    reason = "the operator asked twice; nothing may delay the end"
)]
fn end_process() -> ! {
    std::process::exit(INTERRUPTED)
}

#[cfg(test)]
mod tests {
    use super::Shutdown;

    #[tokio::test]
    async fn a_request_reaches_every_clone() {
        let shutdown = Shutdown::default();
        let clone = shutdown.clone();
        assert!(!clone.token().is_cancelled());
        shutdown.request();
        clone.requested().await;
    }
}
