//! What to do with an upload whose call has ended: go on, begin again, wait, or stop.
//!
//! `attempts` asks after every failure, with what the server says of the transfer. Pure: it must
//! never ask anybody itself, nor send a row again that may be in the table.

use sluice_proto::v1::{CommitMode, Transfer, TransferError, TransferState};
use tonic::Code;

use crate::{error::leaves_rows, retry};

/// Reasons that a call with another or a damaged file, or other flags, was refused, which is not the transfer's
/// end.
const REFUSALS: [&str; 3] = ["SPEC_MISMATCH", "FILE_CHANGED", "CHECKSUM_MISMATCH"];

/// What is known of a transfer from before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Whether the server knew of it.
    pub(super) known: bool,
    /// Whether it could go on.
    pub(super) resumable: bool,
    /// Rows that may be in the table, or staged.
    pub(super) rows: i64,
    /// Rows that are in the table, in the modes that show them as they come.
    pub(super) shown: i64,
    /// Whether rows may be in the table that nobody has counted.
    pub(super) at_risk: bool,
    /// The offset that the next bytes start at.
    pub(super) offset: i64,
    /// The bytes that no failure takes back.
    pub(super) durable: i64,
}

impl Seen {
    /// Takes over what the server says.
    pub(super) fn update(&mut self, transfer: &Transfer) {
        let counters = transfer.counters.unwrap_or_default();
        let rows = counters.rows_staged.max(counters.rows_committed);
        *self = Self {
            known: true,
            resumable: transfer.resumable,
            rows,
            shown: if leaves_rows(transfer) { rows } else { 0 },
            at_risk: self.at_risk,
            offset: transfer.committed_offset,
            durable: transfer.durable_offset,
        };
    }

    /// Takes over what has moved further, and tells whether anything has.
    pub(super) fn raise(&mut self, now: &Self) -> bool {
        let moved = now.rows > self.rows || now.offset > self.offset || now.durable > self.durable;
        self.rows = self.rows.max(now.rows);
        self.offset = self.offset.max(now.offset);
        self.durable = self.durable.max(now.durable);
        moved
    }
}

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    /// Send the file from this offset on.
    Send(u64),
    /// Ask again later.
    Wait,
    /// Stop: the transfer has ended so.
    Ended(TransferError),
    /// Stop: it cannot go on, and rows of it may be in the table.
    Lost,
}

/// Decides by what was seen before, what the server says now (nothing: it knows no such transfer),
/// and whether another caller has taken the transfer over.
pub(super) fn decide(seen: &Seen, now: Option<&Transfer>, taken_over: bool) -> Verdict {
    let Some(transfer) = now else {
        return without_trace(seen);
    };
    let offset = u64::try_from(transfer.committed_offset).unwrap_or_default();
    match transfer.state() {
        // Of one that has succeeded the server compares what it has loaded, and returns its result.
        TransferState::Succeeded | TransferState::Interrupted => Verdict::Send(offset),
        // The other caller is at work, unless nothing moves from one look to the next.
        TransferState::Running if taken_over && transfer.committed_offset != seen.offset => {
            Verdict::Wait
        }
        // Whoever sends it again completes the commit too, where its server has gone.
        TransferState::Running | TransferState::Committing if transfer.resumable => {
            Verdict::Send(offset)
        }
        // A mode without a way back: the server will notice that the call is gone. A transfer of
        // another state does something that a later version knows.
        TransferState::Running | TransferState::Committing | TransferState::Unspecified => {
            Verdict::Wait
        }
        TransferState::Failed => failed(transfer),
        TransferState::Cancelled => Verdict::Ended(error(transfer)),
    }
}

/// An upload that nobody can go on with may be made again, with the same id, unless its file is at
/// fault: no row of it is in the table but in the mode direct, or none twice.
fn failed(transfer: &Transfer) -> Verdict {
    let error = error(transfer);
    let is_refusal = REFUSALS.contains(&error.reason.as_str());
    if !is_refusal && !retry::is_passing_reason(&error.reason) {
        return Verdict::Ended(error);
    }
    let counters = transfer.counters.unwrap_or_default();
    if transfer.commit_mode() == CommitMode::Direct && counters.rows_staged > 0 {
        return Verdict::Lost;
    }
    Verdict::Send(0)
}

/// Why a transfer has ended.
fn error(transfer: &Transfer) -> TransferError {
    transfer.error.clone().unwrap_or_else(|| TransferError {
        code: Code::Cancelled.into(),
        reason: "TRANSFER_CANCELLED".to_owned(),
        message: "the transfer was cancelled".to_owned(),
        ..TransferError::default()
    })
}

/// The server knows no such transfer: it never did, or it has been started anew.
fn without_trace(seen: &Seen) -> Verdict {
    let may_hold_rows = seen.rows > 0 || seen.at_risk;
    if seen.resumable || !may_hold_rows {
        return Verdict::Send(0);
    }
    Verdict::Lost
}

#[cfg(test)]
mod tests;
