//! Whether the server can do its work now: ClickHouse answers, the journal can be written to, and nobody has asked it
//! to end.
//!
//! `app` runs [`Watcher::watch`], `rpc` and `metrics` show what it has seen: so a probe costs nothing, however often it
//! comes. What is said here is said to strangers, and must name no host, no user and no file.

mod ask;

use std::{fmt, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

pub use self::ask::{Ask, AskError, ask};
use crate::{
    clickhouse::Error,
    config::Identity,
    connections::{Connection, Connections},
    engine::{Engine, State},
    journal::Standing,
    transfer::Transfers,
};

/// The pause between two looks while all is well: a balancer asks about as often.
const PAUSE: Duration = Duration::from_secs(3);

/// The pause while it is not.
const SHORT_PAUSE: Duration = Duration::from_secs(1);

/// A row is written to a journal that is well only after this pause: it makes a part of ClickHouse's.
const WRITE_PAUSE: Duration = Duration::from_secs(30);

/// How long the journal may take: at its first look it may have tables to make at a node that has just joined.
const JOURNAL_LIMIT: Duration = Duration::from_secs(10);

/// How a part of the server is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// Nobody has looked yet.
    #[default]
    Unknown,
    /// It works; in words.
    Works(&'static str),
    /// It does not; in words.
    Fails(String),
}

impl Part {
    /// Whether it works.
    #[must_use]
    pub const fn is_well(&self) -> bool {
        matches!(self, Self::Works(_))
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("not known yet"),
            Self::Works(words) => f.write_str(words),
            Self::Fails(words) => f.write_str(words),
        }
    }
}

/// What the last look has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// The ClickHouse of the connection `default`.
    pub clickhouse: Part,
    /// The journal, which is kept there.
    pub journal: Part,
    /// Whether the server was asked to end.
    pub is_ending: bool,
}

impl Readiness {
    /// Whether files can be looked at and tables listed.
    #[must_use]
    pub const fn reads(&self) -> bool {
        self.clickhouse.is_well() && !self.is_ending
    }

    /// Whether everything works.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.reads() && self.journal.is_well()
    }
}

/// A first line with the verdict, and one for each part.
impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.is_ready() {
            "ready"
        } else {
            "not ready"
        };
        writeln!(f, "{verdict}")?;
        writeln!(f, "clickhouse: {}", self.clickhouse)?;
        writeln!(f, "journal: {}", self.journal)?;
        if self.is_ending {
            writeln!(f, "server: shutting down")?;
        }
        Ok(())
    }
}

/// What is known of the server's health. Shared by all who show it.
#[derive(Debug, Default)]
pub struct Health {
    seen: watch::Sender<Readiness>,
}

impl Health {
    /// What the last look has seen.
    #[must_use]
    pub fn now(&self) -> Readiness {
        self.seen.borrow().clone()
    }

    /// The same, to wait for changes of it.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<Readiness> {
        self.seen.subscribe()
    }

    /// Says that the server was asked to end: whoever sends it work is to stop.
    pub fn end(&self) {
        self.seen.send_modify(|seen| seen.is_ending = true);
    }

    fn note(&self, clickhouse: Part, journal: Part) {
        let mut change = None;
        self.seen.send_if_modified(|seen| {
            let before = seen.clone();
            seen.clickhouse = clickhouse;
            seen.journal = journal;
            let has_changed = before != *seen;
            if before.is_ready() != seen.is_ready() {
                change = Some(seen.clone());
            }
            has_changed
        });
        if let Some(Readiness {
            clickhouse,
            journal,
            ..
        }) = change
        {
            tracing::info!(%clickhouse, %journal, "the readiness of the server has changed");
        }
    }
}

/// Looks how the server is.
#[derive(Debug)]
pub struct Watcher {
    health: Arc<Health>,
    engine: Engine,
    connections: Arc<Connections>,
    transfers: Transfers,
    /// When a row was last written to the journal.
    written: Option<Instant>,
}

impl Watcher {
    /// Will look at these, and say in `health` what it has seen.
    #[must_use]
    pub const fn new(
        health: Arc<Health>,
        engine: Engine,
        connections: Arc<Connections>,
        transfers: Transfers,
    ) -> Self {
        Self {
            health,
            engine,
            connections,
            transfers,
            written: None,
        }
    }

    /// Looks once.
    pub async fn look(&mut self) {
        let (clickhouse, journal) = self.once().await;
        self.health.note(clickhouse, journal);
    }

    /// Looks, again and again.
    pub async fn watch(mut self, shutdown: CancellationToken) {
        let mut state = self.engine.state();
        let looks = async {
            loop {
                state.borrow_and_update();
                self.look().await;
                let now = self.health.now();
                let is_well = now.clickhouse.is_well() && now.journal.is_well();
                let pause = if is_well { PAUSE } else { SHORT_PAUSE };
                tokio::select! {
                    // That of a remote one never changes.
                    Ok(()) = state.changed() => {}
                    () = tokio::time::sleep(pause) => {}
                }
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = looks => {}
        }
    }

    async fn once(&mut self) -> (Part, Part) {
        let clickhouse = self.clickhouse().await;
        if !clickhouse.is_well() {
            self.written = None;
            let words = "not known, because ClickHouse does not answer";
            return (clickhouse, Part::Fails(words.to_owned()));
        }
        let journal = self.journal().await;
        (clickhouse, journal)
    }

    async fn clickhouse(&self) -> Part {
        let state = self.engine.state().borrow().clone();
        match state {
            State::Ready => {}
            State::Starting => return Part::Fails("the embedded one is starting".to_owned()),
            State::Down { .. } => {
                return Part::Fails("the embedded one is down, and is started again".to_owned());
            }
            State::Stopped => return Part::Fails("the embedded one was stopped".to_owned()),
        }
        let connection = self.connections.default().at_preferred();
        match connection.service().ask().await {
            Ok(()) => Part::Works("answers"),
            Err(error) if is_refused(&connection, &error) => Part::Works("answers"),
            Err(error) => {
                tracing::debug!(error = error.logged(), "ClickHouse does not answer");
                Part::Fails(words(&error))
            }
        }
    }

    async fn journal(&mut self) -> Part {
        let is_due = |written: Instant| written.elapsed() >= WRITE_PAUSE;
        let by_writing = self.written.is_none_or(is_due);
        let standing = self.transfers.journal_standing(by_writing);
        let Ok(standing) = timeout(JOURNAL_LIMIT, standing).await else {
            self.written = None;
            return Part::Fails("does not answer".to_owned());
        };
        match standing {
            Ok(Standing::Kept) => {
                if by_writing {
                    self.written = Some(Instant::now());
                }
                Part::Works("can be written to")
            }
            Ok(Standing::ToBeMade) => Part::Works("is made with the first upload"),
            Ok(Standing::NotKept) => {
                Part::Works("not kept here, as the log says; uploads cannot be resumed")
            }
            Err(error) if is_refused(self.connections.default(), &error) => {
                Part::Works("not kept here; every caller brings a token of its own")
            }
            Err(error) => {
                self.written = None;
                tracing::debug!(error = error.logged(), "the journal cannot be written to");
                Part::Fails(format!(
                    "cannot be written to: ClickHouse {}",
                    words(&error)
                ))
            }
        }
    }
}

/// Whether ClickHouse has refused a server that has no user of its own there.
fn is_refused(connection: &Connection, error: &Error) -> bool {
    connection.identity() == Identity::Token && error.exception().is_some()
}

/// What strangers may know of an error.
fn words(error: &Error) -> String {
    match error.exception() {
        Some(exception) => format!("answers with the error {}", exception.code),
        None => "does not answer".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Health, Part, Readiness};

    #[test]
    fn the_verdict_comes_first_and_every_part_says_how_it_is() {
        let health = Health::default();
        assert!(!health.now().is_ready());
        health.note(Part::Works("answers"), Part::Works("can be written to"));
        assert_eq!(
            health.now().to_string(),
            "ready\nclickhouse: answers\njournal: can be written to\n"
        );
        health.note(Part::Works("answers"), Part::Fails("full".to_owned()));
        let now = health.now();
        assert!(now.reads() && !now.is_ready());
        assert_eq!(
            now.to_string(),
            "not ready\nclickhouse: answers\njournal: full\n"
        );
    }

    #[test]
    fn a_server_that_ends_is_not_ready_whatever_is_seen_later() {
        let health = Health::default();
        health.end();
        health.note(Part::Works("answers"), Part::Works("can be written to"));
        let now = health.now();
        assert!(!now.is_ready() && !now.reads());
        assert!(now.to_string().ends_with("server: shutting down\n"));
        assert_eq!(
            Readiness::default().to_string(),
            "not ready\nclickhouse: not known yet\njournal: not known yet\n"
        );
    }
}
