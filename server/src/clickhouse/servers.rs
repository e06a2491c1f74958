//! Which servers answer at the address of a connection.
//!
//! Asked by `journal` and `transfer::commit`. A table that is not replicated is on one server: behind a
//! load balancer the next statement may find another one, or none. It must never say that one server
//! answers where two have been seen.
//!
//! How this works: a few connections at once, each of its own, ask who is there. A balancer that hands out
//! connections in turn or by load is seen at once; one that prefers a server, when that changes.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde::Deserialize;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::{Client, Error, Result, Statement, settings::Purpose, sql};

/// Connections that ask at once.
const TRIES: usize = 8;

/// How long an answer holds before it is asked for again.
const REFRESH: Duration = Duration::from_secs(60);

/// How long a server counts that has answered.
const MEMORY: Duration = Duration::from_secs(600);

/// A row of `sql::servers::identity` and of `sql::servers::disks`.
#[derive(::clickhouse::Row, Deserialize)]
struct ServerRow {
    host: String,
    identity: String,
    is_nameless: u8,
}

/// What is known of the servers at one address.
#[derive(Debug, Default)]
pub(super) struct Servers {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    asked: Option<Instant>,
    /// By identity: the host, and when it answered last.
    servers: BTreeMap<String, (String, Instant)>,
}

impl Client {
    /// In words, that several servers answer at the address; none where it is one.
    ///
    /// # Errors
    ///
    /// When none answers, and none has before.
    pub(crate) async fn several_servers(&self) -> Result<Option<String>> {
        let Some(servers) = &self.shared.servers else {
            return Ok(None);
        };
        // Whoever else wants to know waits for the same answer.
        let mut known = servers.known.lock().await;
        let now = Instant::now();
        if known.is_due(now) {
            let before = known.words();
            match self.ask_servers().await {
                Ok(rows) => known.learn(rows.into_iter().map(|row| (row.identity, row.host)), now),
                // Whoever asks goes on with a statement of his own, which says what is wrong.
                Err(error) if known.servers.is_empty() => return Err(error),
                Err(_) => {}
            }
            if let (None, Some(words)) = (before, known.words()) {
                tracing::warn!(
                    "{words}: uploads into tables that are not replicated are not atomic, and with the \
                     journal there no upload can be resumed; name one server"
                );
            }
        }
        Ok(known.words())
    }

    async fn ask_servers(&self) -> Result<Vec<ServerRow>> {
        let rows = self.ask_each(&sql::servers::identity()).await?;
        let first = rows.first().map(|row| row.identity.clone());
        let is_one = rows.iter().all(|row| Some(&row.identity) == first.as_ref());
        if !(is_one && rows.iter().any(|row| row.is_nameless == 1)) {
            return Ok(rows);
        }
        // Servers without an identity of their own differ in where they keep their data.
        match self.ask_each(&sql::servers::disks()).await {
            Err(Error::AccessDenied(_)) => Ok(rows),
            disks => disks,
        }
    }

    /// What each of a few connections answers; those that fail are left out, unless all do.
    async fn ask_each(&self, statement: &Statement) -> Result<Vec<ServerRow>> {
        let answers = join_all((0..TRIES).map(|_| self.ask_once(statement))).await;
        let mut rows = Vec::new();
        let mut failure = None;
        for answer in answers {
            match answer {
                Ok(found) => rows.extend(found),
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(error) if rows.is_empty() => Err(error),
            _ => Ok(rows),
        }
    }

    /// Asks over a connection of its own.
    async fn ask_once(&self, statement: &Statement) -> Result<Vec<ServerRow>> {
        let library = &self.shared.single_use;
        let purpose = Purpose::Read;
        let library = self
            .prepare_on(library, statement, Uuid::new_v4(), purpose)
            .await?;
        let query = library.query_raw(&self.text(statement, purpose));
        self.within_limit(query.fetch_all()).await
    }
}

impl Known {
    fn is_due(&self, now: Instant) -> bool {
        self.asked
            .is_none_or(|asked| now.duration_since(asked) >= REFRESH)
    }

    /// Takes in who has answered, each with its host.
    fn learn(&mut self, answered: impl Iterator<Item = (String, String)>, now: Instant) {
        self.asked = Some(now);
        self.servers
            .retain(|_, (_, last)| now.duration_since(*last) < MEMORY);
        for (identity, host) in answered {
            self.servers.insert(identity, (host, now));
        }
    }

    fn words(&self) -> Option<String> {
        if self.servers.len() < 2 {
            return None;
        }
        let hosts: BTreeSet<_> = self
            .servers
            .values()
            .map(|(host, _)| host.as_str())
            .collect();
        let hosts = hosts.into_iter().collect::<Vec<_>>().join(", ");
        Some(format!(
            "{} servers answer at the address of the connection (on {hosts})",
            self.servers.len()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Instant, Known, MEMORY, REFRESH};

    fn server(name: &str) -> (String, String) {
        (format!("{name}/1"), name.to_owned())
    }

    #[test]
    fn two_servers_are_several_until_one_is_long_gone() {
        let mut known = Known::default();
        let begun = Instant::now();
        assert!(known.is_due(begun));
        known.learn([server("a"), server("a")].into_iter(), begun);
        assert_eq!(known.words(), None);
        assert!(!known.is_due(begun + REFRESH - Duration::from_nanos(1)));
        assert!(known.is_due(begun + REFRESH));

        known.learn([server("b")].into_iter(), begun + REFRESH);
        assert_eq!(
            known.words().unwrap(),
            "2 servers answer at the address of the connection (on a, b)"
        );
        let almost = begun + MEMORY - Duration::from_nanos(1);
        known.learn([server("b")].into_iter(), almost);
        assert!(known.words().is_some());
        known.learn([server("b")].into_iter(), begun + MEMORY);
        assert_eq!(known.words(), None);
    }
}
