//! What a client sees of a request that is wrong by itself.
//!
//! Part of `rpc::status`, called where requests are converted.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::{ERROR_DOMAIN, length};

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
