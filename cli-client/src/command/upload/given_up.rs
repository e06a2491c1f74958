//! What is left of an upload that this command has given up.
//!
//! `attempts` and `send` ask after they have told the server. It must never pass over rows that are in the
//! table: whoever loads the file again has them twice.

use sluice_proto::v1::{Transfer, TransferState};

use super::decide::Seen;
use crate::error::{Error, Left};

/// What has become of it, by what was seen before and the server's answer; nothing where the server may
/// never have heard of it.
pub(super) fn left(seen: &Seen, answer: Option<&Transfer>) -> Option<Left> {
    let Some(transfer) = answer else {
        let may_be_there = seen.known || seen.at_risk;
        return may_be_there.then_some(Left::Unknown(seen.shown));
    };
    Some(match transfer.state() {
        TransferState::Cancelled | TransferState::Failed => Left::Cancelled(rows_left(transfer)),
        TransferState::Committing | TransferState::Succeeded => Left::Committing,
        TransferState::Unspecified | TransferState::Running | TransferState::Interrupted => {
            let mut seen = *seen;
            seen.update(transfer);
            Left::Unknown(seen.shown)
        }
    })
}

/// The failure that this command has given an upload up for, with the rows that are in the table.
pub(super) fn with_rows_left(
    cause: Error,
    seen: &Seen,
    answer: Option<&Transfer>,
    id: &str,
) -> Error {
    match left(seen, answer) {
        Some(left @ (Left::Cancelled(1..) | Left::Unknown(1..))) => Error::Left {
            transfer_id: id.to_owned(),
            cause: Box::new(cause),
            left,
        },
        _ => cause,
    }
}

/// Rows of an upload that has ended that are in the table all the same.
fn rows_left(transfer: &Transfer) -> i64 {
    let rows = transfer.error.as_ref();
    let rows = rows.and_then(|error| error.metadata.get("rowsLeft")?.parse().ok());
    rows.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use sluice_proto::v1::{CommitMode, Counters, Transfer, TransferError, TransferState};

    use super::{Left, Seen, left};

    fn transfer(state: TransferState, mode: CommitMode) -> Transfer {
        let metadata = [("rowsLeft".to_owned(), "7".to_owned())];
        Transfer {
            state: state.into(),
            commit_mode: mode.into(),
            counters: Some(Counters {
                rows_staged: 5,
                ..Counters::default()
            }),
            error: (state == TransferState::Cancelled).then(|| TransferError {
                metadata: metadata.into(),
                ..TransferError::default()
            }),
            ..Transfer::default()
        }
    }

    #[test]
    fn rows_in_the_table_are_told_as_far_as_they_are_known() {
        let mut seen = Seen::default();
        let cancelled = transfer(TransferState::Cancelled, CommitMode::Blocks);
        assert_eq!(left(&seen, Some(&cancelled)), Some(Left::Cancelled(7)));
        assert_eq!(left(&seen, None), None);

        let running = transfer(TransferState::Running, CommitMode::Blocks);
        assert_eq!(left(&seen, Some(&running)), Some(Left::Unknown(5)));
        seen.update(&running);
        assert_eq!(left(&seen, None), Some(Left::Unknown(5)));
        // What is staged is in no table.
        seen.update(&transfer(TransferState::Running, CommitMode::Atomic));
        assert_eq!(left(&seen, None), Some(Left::Unknown(0)));

        let committing = transfer(TransferState::Committing, CommitMode::Atomic);
        assert_eq!(left(&seen, Some(&committing)), Some(Left::Committing));
    }
}
