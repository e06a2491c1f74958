//! Whether the journal can be written to now.
//!
//! Part of `journal`, asked by `health`. It makes no journal where there is none yet.

use std::{sync::atomic::Ordering, time::Duration};

use tokio::time::timeout;
use uuid::Uuid;

use super::{Journal, PlaceRow};
use crate::clickhouse::{
    Error, Result,
    sql::{TableName, journal},
};

/// How long the row of a try may take.
const LIMIT: Duration = Duration::from_secs(2);

/// The token of that row: where Keeper remembers tokens, it is there once.
const TOKEN: &str = "health";

/// Where the journal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It can be written to.
    Kept,
    /// It is made with the first upload.
    ToBeMade,
    /// The user or the nodes do not allow one, and the server works without.
    NotKept,
}

impl Journal {
    /// Sees whether it is there, and with `by_writing` whether a row reaches it: that of no transfer, which each try
    /// replaces. After a row that has not reached it there is always a try.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse: it cannot be written to now.
    pub async fn standing(&self, by_writing: bool) -> Result<Standing> {
        let at = self.at();
        if !Box::pin(self.exists()).await? {
            let is_known = at.known.absence.get().is_some_and(Option::is_some);
            return Ok(match is_known {
                true => Standing::NotKept,
                false => Standing::ToBeMade,
            });
        }
        // Where it is there, this makes nothing, and is asked once.
        if !Box::pin(self.open()).await? {
            return Ok(Standing::NotKept);
        }
        if by_writing || self.is_failing.load(Ordering::Relaxed) {
            let table = TableName::new(self.database.as_str(), journal::PLACES);
            let row = PlaceRow {
                transfer_id: Uuid::nil(),
                incarnation: 0,
                node: String::new(),
                keeper_path: String::new(),
            };
            let rows = std::slice::from_ref(&row);
            let written = timeout(LIMIT, at.client.insert_rows_once(&table, rows, TOKEN)).await;
            written.unwrap_or(Err(Error::Timeout {
                action: "take a row of the journal",
                limit: LIMIT,
            }))?;
            self.is_failing.store(false, Ordering::Relaxed);
        }
        Ok(Standing::Kept)
    }
}
