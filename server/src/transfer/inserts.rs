//! The INSERTs of an upload that may be under way though nobody waits for their answers.
//!
//! `transfer::upload` ends them when it takes an upload over or sends a block again, `transfer::commit` before
//! anything is brought in. It must never say that none runs before ClickHouse has said so.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::{Error, Inner, Patience, Result};
use crate::clickhouse::{self, Client};

/// How long an INSERT that was given up may go on, and the pause between two looks at it.
const GIVEN_UP_LIMIT: Duration = Duration::from_secs(60);
const GIVEN_UP_PAUSE: Duration = Duration::from_millis(100);

/// How long one may go on writing to a table that everybody sees, and the pause between two looks at it.
const WRITING_LIMIT: Duration = Duration::from_secs(5);
const WRITING_PAUSE: Duration = Duration::from_millis(50);

/// What the tokens of all blocks of an upload begin with.
pub(super) fn tokens(id: Uuid) -> String {
    format!("{id}/")
}

impl Inner {
    /// Waits until an INSERT that got its whole block has written it: one that is killed leaves the rows in the
    /// table, and not in all of its views. One that did not get it ends with its connection.
    pub(super) async fn let_write(&self, query_id: Uuid) {
        let begun = Instant::now();
        while begun.elapsed() < WRITING_LIMIT {
            // Who may not look cannot wait.
            let Ok(Some(_)) = self.client().progress(query_id).await else {
                return;
            };
            sleep(WRITING_PAUSE).await;
        }
    }

    /// Ends the INSERTs whose tokens begin with `token`, and waits until none runs: the table must not forget
    /// a block while the same block may still come.
    pub(super) async fn see_ended(&self, client: &Client, token: &str) -> Result<()> {
        let mut patience = Patience::new();
        let begun = Instant::now();
        while begun.elapsed() < GIVEN_UP_LIMIT {
            match client.end_inserts(token).await {
                Ok(true) => sleep(GIVEN_UP_PAUSE).await,
                // Who may not look cannot wait.
                Ok(false) | Err(clickhouse::Error::AccessDenied(_)) => return Ok(()),
                Err(error) => {
                    let looking = "looking for an INSERT that was given up";
                    patience.after(self, looking, error.into()).await?;
                }
            }
        }
        Err(Error::ClickHouse(clickhouse::Error::Timeout {
            action: "end an INSERT that was given up",
            limit: GIVEN_UP_LIMIT,
        }))
    }
}
