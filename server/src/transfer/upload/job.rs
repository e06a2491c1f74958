//! An upload at work: what its stages share, where it begins, and what it did.
//!
//! Part of `transfer::upload`; `run`, `target`, `deliver` and `finish` work with it.

use std::sync::Arc;

use super::{insert::Queries, intake::Begun, ledger::Ledger, typing::Sizes};
use crate::{
    clickhouse::sql::TableName,
    column::Limits,
    config::TransferConfig,
    csv::{Account, Tally},
    journal::{Checkpoint, RejectedRow, UploadRow},
    transfer::{
        ColumnMatch, Commit, Error, Inner, Result, Transfer, UploadRequest,
        commit::staging::Staging,
        profile::Profile,
        protocol::{beginning::Coming, ending::Journal},
        rejects::FaultCounts,
    },
};

/// What an upload did.
#[derive(Debug, Default)]
pub struct UploadOutcome {
    /// Every column of the table that takes values, and its source.
    pub columns: Vec<ColumnMatch>,
    /// The CREATE TABLE that was run, or would have been; none when the table was there.
    pub create_statement: Option<String>,
    /// How the file was read; none when that was before this call.
    pub profile: Option<Profile>,
    /// The first rejected rows.
    pub rejected: Vec<RejectedRow>,
    /// What was wrong with rejected records; empty where not all of the file was read by this run.
    pub faults: FaultCounts,
    /// What every byte of the file is; none where not all of it was read by this run.
    pub account: Option<FileAccount>,
    /// Whether it had succeeded before this call, which has loaded nothing.
    pub replayed: bool,
}

/// What every byte of a file is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileAccount {
    /// As it was cut.
    pub account: Account,
    /// The records that were rejected, which are among those of the account.
    pub rejected: Tally,
}

/// One upload at work, and what is to be cleared away if it fails.
pub(super) struct Job<'a> {
    pub(super) inner: &'a Inner,
    pub(super) transfer: &'a Arc<Transfer>,
    pub(super) request: &'a UploadRequest,
    /// The options of the server, but for what decides where blocks end: that is as it was when the
    /// upload began, on whatever server.
    pub(super) config: Arc<TransferConfig>,
    pub(super) ledger: Ledger<'a>,
    pub(super) created: Option<TableName>,
    pub(super) staging: Option<Staging>,
    /// The INSERTs that run.
    pub(super) queries: Queries,
    /// Whether rows may be in the table of which nobody can say which: the one INSERT of the mode DIRECT.
    pub(super) is_out_of_hand: bool,
}

/// Where an upload begins or goes on.
#[derive(Default)]
pub(super) struct Start {
    /// What it began with, if it goes on.
    pub(super) upload: Option<Box<UploadRow>>,
    /// How its rows become visible, if that was chosen before.
    pub(super) commit: Option<Commit>,
    pub(super) checkpoint: Checkpoint,
}

/// The options with which an upload goes on that began with others.
pub(super) fn cut_as_before(config: &TransferConfig, upload: &UploadRow) -> Arc<TransferConfig> {
    let size = |size| usize::try_from(size).unwrap_or(usize::MAX);
    Arc::new(TransferConfig {
        block_rows: size(upload.block_rows),
        block_bytes: size(upload.block_bytes),
        batch_bytes: size(upload.batch_bytes),
        ..config.clone()
    })
}

impl Start {
    /// How this run comes by the upload.
    pub(super) const fn coming(&self) -> Coming {
        if self.upload.is_some() {
            Coming::Resumed
        } else {
            Coming::New
        }
    }

    /// Whether the bytes of the file before the checkpoint are not needed any more.
    pub(super) fn can_seek(&self) -> bool {
        let can_seek = self.upload.as_ref().is_some_and(|upload| upload.can_seek);
        can_seek && self.checkpoint.block > 0
    }

    /// Where the typing begins: at the checkpoint, or at the beginning again.
    pub(super) fn typing(&self) -> Checkpoint {
        if self.can_seek() {
            self.checkpoint
        } else {
            Checkpoint::default()
        }
    }

    pub(super) fn begun(&self) -> Begun {
        let from = self.typing();
        Begun {
            offset: from.file_offset,
            crc32c: from.crc32c,
            is_over: false,
        }
    }
}

impl Job<'_> {
    /// What a client is told whose rows are staged but not all visible.
    pub(super) fn pending(&self, error: Error) -> Error {
        Error::CommitPending {
            id: self.request.id.to_string(),
            cause: Arc::new(error),
        }
    }

    /// Finds out whether there is a journal.
    pub(super) async fn open_ledger(&mut self) -> Result<()> {
        let journal = match self.inner.journal.open().await? {
            true => Journal::Present,
            false => Journal::Absent,
        };
        self.ledger = Ledger::new(self.inner, self.transfer, journal);
        Ok(())
    }

    /// When blocks are full: by the options of the server that began the upload, so that they are the
    /// same again.
    pub(super) fn block_sizes(&self) -> Sizes {
        Sizes::new(Limits {
            max_rows: self.config.block_rows,
            max_bytes: self.config.block_bytes,
        })
    }
}
