//! What is said of each kind of failure.

use std::{collections::HashMap, io};

use sluice_proto::v1::TransferError;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::{Error, Exit, Left, Report, Saved, is_closed_output};

fn data_error() -> Error {
    let metadata = [
        ("line", "17"),
        ("column", "age"),
        ("value", "3\t0"),
        ("limit", "255"),
    ];
    let metadata: HashMap<_, _> = metadata
        .map(|(key, value)| (key.into(), value.into()))
        .into();
    let mut details = ErrorDetails::with_error_info("OVERFLOW", "sluice.v1", metadata);
    details.add_bad_request_violation("spec.table", "is required");
    let message = "300 does not fit UInt8";
    Status::with_error_details(Code::InvalidArgument, message, details).into()
}

#[test]
fn an_error_of_the_server_keeps_reason_and_variables() {
    let report = Report::new(&data_error());
    let object = serde_json::to_value(&report).unwrap();
    let expected = serde_json::json!({"error": {
        "code": "INVALID_ARGUMENT",
        "reason": "OVERFLOW",
        "message": "300 does not fit UInt8",
        "metadata": {"line": "17", "column": "age", "value": "3\t0", "limit": "255"},
        "violations": [{"field": "spec.table", "description": "is required"}],
    }});
    assert_eq!(object, expected);
    assert_eq!(report.exit, Exit::Data);
}

#[test]
fn a_server_that_says_nothing_is_named_by_its_code() {
    let report = Report::new(&Status::unimplemented("").into());
    assert_eq!(
        report.error.message,
        "the server answered UNIMPLEMENTED without a message"
    );
    assert_eq!(
        (report.error.code, report.exit),
        ("UNIMPLEMENTED", Exit::Failure)
    );
}

#[test]
fn people_see_where_it_is() {
    assert_eq!(
        Report::new(&data_error()).variables(),
        "line 17, column age, value \"3\\t0\""
    );
}

#[test]
fn a_full_disk_names_path_and_bytes() {
    let source = io::Error::from(io::ErrorKind::StorageFull);
    let error = Error::Sink {
        name: "out.csv".to_owned(),
        bytes: 7,
        source,
    };
    let report = Report::new(&error);
    assert_eq!(report.exit, Exit::LocalIo);
    assert_eq!(report.error.code, "RESOURCE_EXHAUSTED");
    assert_eq!(report.error.reason, "SINK_UNWRITABLE");
    assert_eq!(report.error.metadata["path"], "out.csv");
    assert_eq!(report.error.metadata["bytes"], "7");
    assert!(
        report
            .error
            .message
            .starts_with("cannot write out.csv (after 7 bytes): ")
    );
}

#[test]
fn a_watched_transfer_fails_as_it_failed() {
    let error = TransferError {
        code: 14,
        reason: "CLICKHOUSE_UNAVAILABLE".to_owned(),
        message: "connection refused".to_owned(),
        metadata: HashMap::new(),
    };
    let report = Report::new(&Error::Transfer {
        transfer_id: "x".to_owned(),
        error: Box::new(error),
    });
    assert_eq!(report.exit, Exit::Unavailable);
    assert_eq!(report.error.code, "UNAVAILABLE");
    assert_eq!(report.error.metadata["transferId"], "x");
}

#[test]
fn an_upload_tells_its_transfer_and_where_the_rejected_rows_are() {
    let error = |saved| Error::Upload {
        transfer_id: "x".to_owned(),
        cause: Box::new(data_error()),
        saved,
    };
    let saved = Saved {
        is_raw: false,
        file: "bad.csv".to_owned(),
    };
    let report = Report::new(&error(Some(saved)));
    assert_eq!(report.exit, Exit::Data);
    assert_eq!(report.error.reason, "OVERFLOW");
    assert_eq!(report.error.metadata["transferId"], "x");
    assert_eq!(report.error.metadata["rejectsFile"], "bad.csv");
    let place = report.rejected_rows();
    assert_eq!(place.as_deref(), Some("the rejected rows are in bad.csv"));
    // The one row that it stopped at is named already.
    assert_eq!(Report::new(&error(None)).rejected_rows(), None);
}

#[test]
fn rows_that_are_loaded_are_not_passed_over() {
    let cause = Error::Sink {
        name: "bad.csv".to_owned(),
        bytes: 0,
        source: io::Error::from(io::ErrorKind::StorageFull),
    };
    let report = Report::new(&Error::Unsaved {
        transfer_id: "x".to_owned(),
        rows_committed: 7,
        cause: Box::new(cause),
    });
    assert_eq!(report.exit, Exit::LocalIo);
    assert_eq!(report.error.reason, "SINK_UNWRITABLE");
    let message = &report.error.message;
    assert!(message.starts_with("7 rows are loaded, but"), "{message}");
}

#[test]
fn only_a_closed_output_is_no_failure() {
    let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
    assert!(is_closed_output(&Error::Output(broken())));
    let sink = Error::Sink {
        name: "fifo".to_owned(),
        bytes: 0,
        source: broken(),
    };
    assert!(!is_closed_output(&sink));
}

#[test]
fn an_upload_that_was_left_tells_what_has_become_of_it() {
    let left = |cause, left| {
        Report::new(&Error::Left {
            transfer_id: "x".to_owned(),
            cause: Box::new(cause),
            left,
        })
    };
    let command = "sluice upload f -t t --resume x";
    let resumable = Left::Resumable {
        command: command.to_owned(),
        is_certain: true,
    };
    let report = left(Error::Interrupted, resumable);
    assert_eq!(report.exit, Exit::Interrupted);
    assert_eq!(report.error.reason, "INTERRUPTED");
    assert_eq!(report.error.metadata["resume"], command);
    assert_eq!(report.error.metadata["transferId"], "x");
    let text = "interrupted; the upload x can be resumed";
    assert_eq!(report.error.message, text);

    let report = left(Status::unavailable("gone").into(), Left::StandardInput(0));
    assert_eq!(report.exit, Exit::Unavailable);

    // A script that tries again by itself would load rows twice.
    let report = left(Status::unavailable("gone").into(), Left::Direct(7));
    assert_eq!(report.exit, Exit::Precondition);
    assert_eq!(report.error.reason, "TRANSFER_NOT_RESUMABLE");
    let text = "gone; an upload in the mode direct cannot go on, and up to 7 rows of it may be in the table";
    assert_eq!(report.error.message, text);
}
