//! What passes, and how long it is waited for.

use std::{
    collections::HashMap,
    io,
    time::{Duration, Instant},
};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::{Patience, Wait, is_passing, wanted_delay};
use crate::{error::Error, trust::Distrust};

fn call(code: Code, reason: &str) -> Error {
    let details = ErrorDetails::with_error_info(reason, "sluice.v1", HashMap::new());
    Status::with_error_details(code, "no", details).into()
}

#[test]
fn what_may_be_otherwise_later_passes() {
    let passing = [
        (Code::Unavailable, ""),
        (Code::Unavailable, "SHUTTING_DOWN"),
        (Code::Unavailable, "CLICKHOUSE_UNAVAILABLE"),
        (Code::DeadlineExceeded, "CLICKHOUSE_TIMEOUT"),
        (Code::DeadlineExceeded, "IDLE_TIMEOUT"),
        (Code::ResourceExhausted, "TOO_MANY_TRANSFERS"),
        (Code::ResourceExhausted, "MEMORY_LIMIT"),
        (Code::Aborted, "TRANSFER_TAKEN_OVER"),
        (Code::Unavailable, "TRANSFER_ELSEWHERE"),
        (Code::OutOfRange, "OFFSET_OUT_OF_RANGE"),
        (Code::AlreadyExists, "OFFSET_ALREADY_COMMITTED"),
    ];
    for (code, reason) in passing {
        assert!(is_passing(&call(code, reason)), "{code:?} {reason}");
    }
    let lasting = [
        (Code::InvalidArgument, "OVERFLOW"),
        (Code::InvalidArgument, "FILE_TOO_LARGE"),
        (Code::FailedPrecondition, "FILE_CHANGED"),
        (Code::FailedPrecondition, "SPEC_MISMATCH"),
        (Code::FailedPrecondition, "SESSION_EXPIRED"),
        (Code::FailedPrecondition, "CLICKHOUSE_EXCEPTION"),
        (Code::NotFound, "TABLE_NOT_FOUND"),
        (Code::ResourceExhausted, "BLOCK_TOO_LARGE"),
        (Code::Cancelled, "TRANSFER_CANCELLED"),
        (Code::Internal, "INTERNAL"),
        (Code::DataLoss, "COUNT_MISMATCH"),
    ];
    for (code, reason) in lasting {
        assert!(!is_passing(&call(code, reason)), "{code:?} {reason}");
    }
}

#[test]
fn a_connection_that_broke_passes_and_a_file_that_cannot_be_read_does_not() {
    let mut status = Status::unknown("transport error");
    status.set_source(std::sync::Arc::new(io::Error::from(
        io::ErrorKind::ConnectionReset,
    )));
    assert!(is_passing(&status.into()));
    let source = io::Error::from(io::ErrorKind::ConnectionReset);
    let name = "pipe".to_owned();
    let unreadable = Error::Source {
        name,
        bytes: 0,
        source,
    };
    assert!(!is_passing(&unreadable));
    assert!(!is_passing(&Error::Interrupted));
}

#[test]
fn what_the_server_asks_to_be_tried_later_passes_in_that_time() {
    let details = ErrorDetails::with_retry_info(Some(Duration::from_secs(3)));
    let error = Status::with_error_details(Code::ResourceExhausted, "later", details).into();
    assert!(is_passing(&error));
    assert_eq!(wanted_delay(&error), Duration::from_secs(3));
    let details = ErrorDetails::with_retry_info(None);
    let error = Status::with_error_details(Code::Unauthenticated, "who", details).into();
    assert!(!is_passing(&error));
    assert!(!is_passing(&Distrust::Client("no").into()));
}

#[test]
fn delays_double_to_a_limit_and_differ_by_chance() {
    let now = Instant::now();
    let delays = |random: f64| {
        let mut patience = Patience::new(Duration::from_secs(300));
        let mut next = || patience.next(Duration::ZERO, random, now).unwrap();
        let delays: Vec<_> = (0..40).map(|_| next().as_millis()).collect();
        delays
    };
    assert_eq!(delays(1.0)[..7], [200, 400, 800, 1600, 3200, 6400, 10_000]);
    assert_eq!(delays(0.0)[..3], [100, 200, 400]);
    assert_eq!(delays(1.0)[39], 10_000);
}

#[test]
fn patience_ends_unless_something_moves() {
    let start = Instant::now();
    let after = |seconds| start + Duration::from_secs(seconds);
    let mut patience = Patience::new(Duration::from_secs(60));
    let mut next = |at| patience.next(Duration::from_secs(20), 0.5, after(at));
    assert_eq!(next(100), Some(Duration::from_secs(20)));
    assert_eq!(next(150), Some(Duration::from_secs(10)));
    assert_eq!(next(160), None);
    assert_eq!(next(900), None);
    patience.renew();
    assert!(patience.next(Duration::ZERO, 0.5, after(900)).is_some());
    assert!(
        Patience::new(Duration::ZERO)
            .delay(&Error::Interrupted)
            .is_none()
    );
}

#[test]
fn a_wait_names_the_server_the_reason_the_attempt_and_the_time() {
    let mut patience = Patience::new(Duration::from_secs(300));
    let error = call(Code::Unavailable, "TRANSFER_ELSEWHERE");
    let start = Instant::now();
    patience.next(Duration::ZERO, 0.5, start);
    patience.next(Duration::ZERO, 0.5, start);
    let wait = Wait::new("db:50051", &error, &patience, "trying again");
    assert_eq!(
        wait.line(start + Duration::from_millis(20_300)),
        "trying again for up to 4 min 40 s (attempt 3): db:50051: no"
    );
    assert_eq!(
        wait.line(start + Duration::from_secs(400)),
        "trying again for up to 0 s (attempt 3): db:50051: no"
    );
}
