//! What a client sees of a request that is wrong by itself.
//!
//! Part of `rpc::status`, called where requests are converted.

use std::{collections::HashMap, time::Duration};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::{ERROR_DOMAIN, External, length};

/// A field of a request is missing or wrong.
pub(in crate::rpc) fn invalid_request(field: &str, description: impl Into<String>) -> Status {
    let description = length::message(description.into());
    let metadata = HashMap::from([("field".to_owned(), field.to_owned())]);
    let mut details = ErrorDetails::with_error_info("INVALID_REQUEST", ERROR_DOMAIN, metadata);
    details.add_bad_request_violation(field, description.as_str());
    Status::with_error_details(
        Code::InvalidArgument,
        format!("{field}: {description}"),
        details,
    )
}

/// Delimiter, quote and format do not go together.
pub(in crate::rpc) fn invalid_dialect(
    field: &str,
    value: &str,
    description: impl Into<String>,
) -> Status {
    let description = length::message(description.into());
    let metadata = [("field", field), ("value", value)];
    let metadata = metadata.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut details =
        ErrorDetails::with_error_info("INVALID_DIALECT", ERROR_DOMAIN, HashMap::from(metadata));
    details.add_bad_request_violation(format!("dialect.{field}"), description.as_str());
    let message = format!("dialect.{field}: {description}");
    Status::with_error_details(Code::InvalidArgument, message, details)
}

/// A message has more bytes than its method takes.
pub(in crate::rpc) fn message_too_large(bytes: usize, limit: usize) -> Status {
    let problem = format!("the message has {bytes} bytes, this method takes {limit}");
    let external = External::new(Code::OutOfRange, "MESSAGE_TOO_LARGE", &problem);
    external
        .with("bytes", bytes)
        .with("limit", limit)
        .into_status()
}

/// A message did not come in time.
pub(in crate::rpc) fn message_too_slow(limit: Duration) -> Status {
    let seconds = limit.as_secs();
    let problem = format!("the message of the call did not come within {limit:?}; send it again");
    let external = External::new(Code::DeadlineExceeded, "MESSAGE_TIMEOUT", &problem);
    external.with("seconds", seconds).retryable().into_status()
}
