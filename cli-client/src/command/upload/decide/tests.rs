//! Every state that a transfer can be found in, with what was seen of it before.

use sluice_proto::v1::{CommitMode, Counters, Transfer, TransferError, TransferState};
use tonic::Code;

use super::{Seen, Verdict, decide};

const RESUMABLE: Seen = Seen {
    known: true,
    resumable: true,
    rows: 10,
    shown: 0,
    at_risk: false,
    offset: 500,
    durable: 400,
};

const NEVER_SEEN: Seen = Seen {
    known: false,
    resumable: false,
    rows: 0,
    shown: 0,
    at_risk: false,
    offset: 0,
    durable: 0,
};

fn found(state: TransferState, resumable: bool, offset: i64) -> Transfer {
    Transfer {
        state: state.into(),
        resumable,
        committed_offset: offset,
        ..Transfer::default()
    }
}

fn ended(state: TransferState, reason: &str) -> Transfer {
    Transfer {
        error: Some(error(reason)),
        ..found(state, false, 0)
    }
}

fn error(reason: &str) -> TransferError {
    TransferError {
        reason: reason.to_owned(),
        ..TransferError::default()
    }
}

/// What is said of a transfer that was cancelled, where the server says nothing.
fn without_words() -> TransferError {
    TransferError {
        code: Code::Cancelled.into(),
        message: "the transfer was cancelled".to_owned(),
        ..error("TRANSFER_CANCELLED")
    }
}

#[test]
fn every_state_has_its_next_step() {
    use TransferState::{
        Cancelled, Committing, Failed, Interrupted, Running, Succeeded, Unspecified,
    };
    let direct = Seen {
        resumable: false,
        ..RESUMABLE
    };
    let cases = [
        (RESUMABLE, found(Succeeded, true, 900), Verdict::Send(900)),
        (NEVER_SEEN, found(Succeeded, false, 0), Verdict::Send(0)),
        (RESUMABLE, found(Interrupted, true, 450), Verdict::Send(450)),
        (NEVER_SEEN, found(Interrupted, true, 0), Verdict::Send(0)),
        (RESUMABLE, found(Running, true, 700), Verdict::Send(700)),
        (direct, found(Running, false, 700), Verdict::Wait),
        (NEVER_SEEN, found(Running, false, 0), Verdict::Wait),
        (RESUMABLE, found(Committing, true, 900), Verdict::Send(900)),
        (direct, found(Committing, false, 900), Verdict::Wait),
        (RESUMABLE, found(Unspecified, true, 900), Verdict::Wait),
        (
            RESUMABLE,
            ended(Failed, "OVERFLOW"),
            Verdict::Ended(error("OVERFLOW")),
        ),
        (
            RESUMABLE,
            ended(Failed, "SESSION_EXPIRED"),
            Verdict::Ended(error("SESSION_EXPIRED")),
        ),
        (
            RESUMABLE,
            ended(Cancelled, "TRANSFER_CANCELLED"),
            Verdict::Ended(error("TRANSFER_CANCELLED")),
        ),
        (
            RESUMABLE,
            found(Cancelled, true, 0),
            Verdict::Ended(without_words()),
        ),
        // The server took the broken connection for the client's end.
        (direct, ended(Failed, "CLIENT_GONE"), Verdict::Send(0)),
        (
            RESUMABLE,
            ended(Failed, "CLICKHOUSE_UNAVAILABLE"),
            Verdict::Send(0),
        ),
        (RESUMABLE, ended(Failed, "SPEC_MISMATCH"), Verdict::Send(0)),
    ];
    for (seen, now, expected) in cases {
        let verdict = decide(&seen, Some(&now), false);
        assert_eq!(verdict, expected, "{:?} after {seen:?}", now.state());
    }
}

#[test]
fn a_failure_in_the_mode_direct_is_gone_on_with_only_before_its_first_row() {
    let failed = |mode: CommitMode, rows_staged| {
        let now = Transfer {
            commit_mode: mode.into(),
            counters: Some(Counters {
                rows_staged,
                ..Counters::default()
            }),
            ..ended(TransferState::Failed, "CLIENT_GONE")
        };
        decide(&NEVER_SEEN, Some(&now), false)
    };
    assert_eq!(failed(CommitMode::Direct, 1), Verdict::Lost);
    assert_eq!(failed(CommitMode::Direct, 0), Verdict::Send(0));
    assert_eq!(failed(CommitMode::Atomic, 1), Verdict::Send(0));
    assert_eq!(failed(CommitMode::Blocks, 1), Verdict::Send(0));
}

#[test]
fn a_transfer_that_was_cancelled_stays_so() {
    let now = ended(TransferState::Cancelled, "CLIENT_GONE");
    let expected = Verdict::Ended(super::error(&now));
    assert_eq!(decide(&RESUMABLE, Some(&now), false), expected);
}

#[test]
fn without_a_trace_it_begins_again_only_where_no_row_can_be_in_the_table() {
    let cases = [
        (NEVER_SEEN, Verdict::Send(0)),
        (RESUMABLE, Verdict::Send(0)),
        (
            Seen {
                known: true,
                ..NEVER_SEEN
            },
            Verdict::Send(0),
        ),
        (
            Seen {
                resumable: false,
                ..RESUMABLE
            },
            Verdict::Lost,
        ),
        // The mode direct was asked for, and bytes have left.
        (
            Seen {
                at_risk: true,
                ..NEVER_SEEN
            },
            Verdict::Lost,
        ),
    ];
    for (seen, expected) in cases {
        assert_eq!(decide(&seen, None, false), expected, "{seen:?}");
    }
}

#[test]
fn another_caller_is_left_alone_while_it_gets_on() {
    let running = found(TransferState::Running, true, 700);
    assert_eq!(decide(&RESUMABLE, Some(&running), true), Verdict::Wait);
    let mut seen = RESUMABLE;
    seen.update(&running);
    assert_eq!(decide(&seen, Some(&running), true), Verdict::Send(700));
    let left = found(TransferState::Interrupted, true, 700);
    assert_eq!(decide(&RESUMABLE, Some(&left), true), Verdict::Send(700));
}

#[test]
fn rows_and_offsets_are_progress_and_falling_back_is_none() {
    let mut furthest = RESUMABLE;
    let back = Seen {
        offset: 400,
        ..RESUMABLE
    };
    assert!(!furthest.raise(&back));
    assert_eq!(furthest, RESUMABLE);
    let rows = Seen { rows: 11, ..back };
    assert!(furthest.raise(&rows));
    assert_eq!((furthest.rows, furthest.offset), (11, 500));
    assert!(!furthest.raise(&rows));
}

#[test]
fn rows_that_are_staged_or_committed_are_seen() {
    let mut now = found(TransferState::Running, false, 0);
    now.counters = Some(Counters {
        rows_staged: 11,
        rows_committed: 7,
        ..Counters::default()
    });
    let mut seen = NEVER_SEEN;
    seen.update(&now);
    assert_eq!((seen.known, seen.rows), (true, 11));
}
