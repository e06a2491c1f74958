//! Ctrl-C and termination, as something to wait for.
//!
//! `command` listens from the start, so that no signal ends the process before its temporary files
//! are gone and its transfer is cancelled.

use std::io;

/// What asked a command to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ctrl-C: somebody does not want it any more.
    Interrupt,
    /// A request to terminate, such as of a system that shuts down.
    #[cfg(unix)]
    Terminate,
}

impl Signal {
    /// Whether work that can be resumed is to be left as it is.
    pub(crate) fn leaves_work(self) -> bool {
        self != Self::Interrupt
    }
}

/// The signals that end a command.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct Interrupt {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Interrupt {
    /// Begins to listen for SIGINT and SIGTERM.
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for one of the signals.
    pub(crate) async fn received(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}

/// The signal that ends a command.
#[cfg(not(unix))]
#[derive(Debug)]
pub(crate) struct Interrupt;

#[cfg(not(unix))]
impl Interrupt {
    /// Begins to listen for Ctrl-C.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    /// Waits for Ctrl-C; for ever where it cannot be heard.
    pub(crate) async fn received(&mut self) -> Signal {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Signal::Interrupt
    }
}
