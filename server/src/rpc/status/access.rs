//! What a client sees when it is not known, not allowed, or too fast.
//!
//! Part of `rpc::status`, called by `rpc::access`.

use tonic::{Code, Status};

use super::External;
use crate::{
    auth::{Denial, Error, limit::TooMany},
    connections, guard,
};

/// The caller has not shown who it is.
pub(in crate::rpc) fn unknown_caller(error: &Error) -> Status {
    let new = |reason| External::new(Code::Unauthenticated, reason, error);
    let external = match error {
        Error::MissingToken | Error::MissingCertificate => new("TOKEN_MISSING"),
        Error::Expired { seconds } => new("TOKEN_EXPIRED").with("seconds", seconds),
        Error::UnknownCertificate(name) => new("CERTIFICATE_NOT_GRANTED").with("certificate", name),
        Error::KeysUnavailable => {
            External::new(Code::Unavailable, "KEYS_UNAVAILABLE", error).retryable()
        }
        Error::NoTokens
        | Error::SeveralTokens
        | Error::NotBearer
        | Error::TooLong { .. }
        | Error::Malformed(_)
        | Error::Algorithm(_)
        | Error::UnknownKey(_)
        | Error::Signature
        | Error::NotYetValid { .. }
        | Error::TooLongLived { .. }
        | Error::Issuer
        | Error::Audience
        | Error::MissingClaim(_)
        | Error::Claim { .. } => new("TOKEN_INVALID"),
    };
    external.into_status()
}

/// The call has gone on for longer than the token and the grace after it.
pub(in crate::rpc) fn outlived_token() -> Status {
    let message = "the token of this call expired while it ran: go on with a new one";
    External::new(Code::Unauthenticated, "TOKEN_EXPIRED", &message).into_status()
}

/// There is no ClickHouse for this call.
pub(in crate::rpc) fn no_connection(error: &connections::Error) -> Status {
    use connections::Error as E;
    let new = |code, reason| External::new(code, reason, error);
    let external = match error {
        E::Unknown { name, .. } => {
            new(Code::NotFound, "CONNECTION_NOT_FOUND").with("connection", name)
        }
        E::Identity { connection, .. } => {
            new(Code::PermissionDenied, "IDENTITY_MISSING").with("connection", connection)
        }
        E::OwnNotAllowed => new(Code::PermissionDenied, "CLICKHOUSE_NOT_ALLOWED"),
        E::Guard(guard::Error::Host(host)) => {
            new(Code::PermissionDenied, "CLICKHOUSE_NOT_ALLOWED").with("host", host)
        }
        E::Guard(guard::Error::Address { host, address, .. }) => {
            new(Code::PermissionDenied, "CLICKHOUSE_NOT_ALLOWED")
                .with("host", host)
                .with("address", address)
        }
        E::Guard(guard::Error::Url(_)) => {
            new(Code::InvalidArgument, "INVALID_REQUEST").with("field", "sluice-clickhouse-url")
        }
        E::Guard(guard::Error::Resolve { .. }) => {
            new(Code::Unavailable, "CLICKHOUSE_UNAVAILABLE").retryable()
        }
    };
    external.into_status()
}

/// The caller may not do this.
pub(in crate::rpc) fn denied(denial: &Denial) -> Status {
    let new = |reason, subject: &str| {
        External::new(Code::PermissionDenied, reason, denial).with("subject", subject)
    };
    let external = match denial {
        Denial::Scope { subject, scope } => new("SCOPE_MISSING", subject).with("scope", scope),
        Denial::Table {
            subject,
            database,
            table,
        } => new("TABLE_NOT_ALLOWED", subject)
            .with("database", database)
            .with("table", table),
        Denial::Database { subject, database } => {
            new("TABLE_NOT_ALLOWED", subject).with("database", database)
        }
        Denial::Reserved { database } => {
            External::new(Code::PermissionDenied, "TABLE_NOT_ALLOWED", denial)
                .with("database", database)
        }
        Denial::System { database, table } => {
            External::new(Code::PermissionDenied, "TABLE_NOT_ALLOWED", denial)
                .with("database", database)
                .with("table", table)
        }
        Denial::Connection {
            subject,
            connection,
        } => new("CONNECTION_NOT_ALLOWED", subject).with("connection", connection),
        Denial::OwnClickHouse { subject } => new("CONNECTION_NOT_ALLOWED", subject),
        Denial::Query { subject } | Denial::Create { subject } => new("QUERY_NOT_ALLOWED", subject),
        Denial::NotWritable => External::new(Code::PermissionDenied, "QUERY_NOT_ALLOWED", denial),
        Denial::Transfer { subject } => new("TRANSFER_NOT_OWNED", subject),
    };
    external.into_status()
}

/// The caller has called too often.
pub(in crate::rpc) fn too_many(error: &TooMany) -> Status {
    let external = External::new(Code::ResourceExhausted, "RATE_LIMITED", error);
    let external = External {
        retry: Some(error.retry_after),
        ..external.with("limit", error.per_second)
    };
    external.into_status()
}

/// The request was sent to a name that is none of the server's.
pub(in crate::rpc) fn foreign_host(host: &str) -> Status {
    let problem = format!(
        "this server is not called {host:?}: call it localhost or by its address, or name it with \
         --allowed-hosts"
    );
    let external = External::new(Code::PermissionDenied, "HOST_NOT_ALLOWED", &problem);
    external.with("host", host).into_status()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tonic_types::StatusExt as _;

    use super::{outlived_token, too_many, unknown_caller};
    use crate::auth::{Error, limit::TooMany};

    #[test]
    fn only_what_passes_by_itself_asks_for_another_try() {
        let info = |status: tonic::Status| status.get_details_retry_info();
        assert!(info(outlived_token()).is_none());
        assert!(info(unknown_caller(&Error::MissingToken)).is_none());
        assert!(info(unknown_caller(&Error::KeysUnavailable)).is_some());
        let error = TooMany {
            per_second: 5,
            retry_after: Duration::from_secs(1),
        };
        assert!(info(too_many(&error)).is_some());
    }
}
