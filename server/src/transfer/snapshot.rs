//! A transfer at one moment, whether it runs here or another server has written of it.
//!
//! Made by `transfer::registry` and `transfer::records`, shown by `rpc`. It never changes.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use uuid::Uuid;

use super::{Commit, Counts, Error, Kind};
use crate::clickhouse::sql::TableName;

/// Where a transfer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Bytes or rows are moving.
    Running,
    /// The rows become visible.
    Committing,
    /// Everything arrived.
    Succeeded,
    /// An error ended it.
    Failed,
    /// A caller ended it.
    Cancelled,
    /// It waits for its client to come back.
    Interrupted,
}

impl Phase {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Running,
        Self::Committing,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::Interrupted,
    ];

    /// The name, as the journal has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Committing => "COMMITTING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::Interrupted => "INTERRUPTED",
        }
    }

    /// The phase with a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.name() == name)
    }

    /// Whether nothing will change any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }

    /// Whether it has not ended without success, which nothing follows.
    pub(super) const fn may_go_on(self) -> bool {
        !matches!(self, Self::Failed | Self::Cancelled)
    }

    /// The rank of a row that says this, written by whoever took step `step`: a later step counts more
    /// than an earlier one, and of one step what comes later in a transfer's life.
    pub(super) const fn version(self, step: u32) -> u64 {
        let rank = match self {
            Self::Running => 1,
            Self::Interrupted => 2,
            Self::Committing => 3,
            Self::Failed | Self::Cancelled => 4,
            Self::Succeeded => 5,
        };
        step as u64 * 8 + rank
    }

    /// The phase of a transfer that this error ended.
    pub(super) fn of_failure(error: &Error) -> Self {
        match error {
            Error::Cancelled => Self::Cancelled,
            Error::RowsLeft { cause, .. } => Self::of_failure(cause),
            _ => Self::Failed,
        }
    }
}

/// How far the file of an upload is safe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offsets {
    /// The bytes before it are never asked for again.
    pub durable: u64,
    /// Whether the upload can go on after an interruption.
    pub is_resumable: bool,
}

/// A transfer at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The id.
    pub id: Uuid,
    /// Upload or export.
    pub kind: Kind,
    /// Where it stands.
    pub phase: Phase,
    /// The table; none for the export of a query.
    pub table: Option<TableName>,
    /// What has moved.
    pub counts: Counts,
    /// Upload: the size of the file, where known.
    pub total_bytes: Option<u64>,
    /// Export: the rows that ClickHouse expects to read, where known.
    pub total_rows: Option<u64>,
    /// Upload: how its rows become visible, once that is known.
    pub commit: Option<Commit>,
    /// When it began.
    pub started_at: SystemTime,
    /// How long it has run, or ran.
    pub elapsed: Duration,
    /// Why it failed or was interrupted.
    pub error: Option<Arc<Error>>,
    /// The name of the file as the client gave it.
    pub source_name: String,
    /// Upload: the offset that the next bytes start at.
    pub committed_offset: u64,
    /// Upload: the bytes before it are never asked for again.
    pub durable_offset: u64,
    /// Upload: whether it can go on after an interruption; never after an end without success.
    pub is_resumable: bool,
    /// Who began it; empty when that is not known.
    pub owner: String,
    /// The connection that it goes through: a name, or the address of one that the caller named.
    pub connection: String,
    /// Upload: whether it only reads the file.
    pub is_dry_run: bool,
}

impl Snapshot {
    /// Whether another server may know better: it may have gone on with what was interrupted here, or have loaded
    /// what was only read here.
    pub(super) fn may_be_outdone(&self) -> bool {
        match self.phase {
            Phase::Running | Phase::Committing => false,
            Phase::Interrupted => true,
            Phase::Succeeded | Phase::Failed | Phase::Cancelled => self.is_dry_run,
        }
    }

    /// Why nobody goes on with this upload, of which nothing was sent: it has ended, or its beginning was with
    /// a server that has it no more.
    #[must_use]
    pub fn unsent(&self) -> Error {
        if self.phase.may_go_on() {
            return Error::ServerGone;
        }
        let error = self.error.as_ref();
        Error::Ended {
            id: self.id.to_string(),
            phase: self.phase,
            cause: error.map_or_else(String::new, ToString::to_string),
        }
    }
}
