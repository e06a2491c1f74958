//! The audit log: who has done what to which table, how many rows, and how it ended.
//!
//! Written by the handlers of uploads, exports and cancellations, and by `access` for what is refused.
//! Each entry is one event of the target `audit`. It must never hold a token, a value of a cell or the
//! text of a query.

use std::net::IpAddr;

use sluice_proto::v1 as pb;
use tonic::Status;
use uuid::Uuid;

use super::access::Caller;
use crate::{
    auth::{Action, Denial, Error, Target},
    clickhouse::TableName,
};

/// Something that a caller does; the entry is written when it ends, however it does.
#[derive(Debug)]
pub(super) struct Entry {
    subject: String,
    action: &'static str,
    target: String,
    id: String,
    is_written: bool,
}

impl Entry {
    /// Begins; without a table it is a query.
    pub(super) fn begin(caller: &Caller, action: &'static str, table: Option<&TableName>) -> Self {
        Self {
            subject: caller.subject().to_owned(),
            action,
            target: table.map_or_else(|| "query".to_owned(), ToString::to_string),
            id: String::new(),
            is_written: false,
        }
    }

    /// The transfer that it is.
    pub(super) fn transfer(mut self, id: Uuid) -> Self {
        self.id = id.to_string();
        self
    }

    /// It went well, with this many rows.
    pub(super) fn succeeded(&mut self, rows: u64) {
        self.write("succeeded", Some(rows), "");
    }

    /// An upload went well, now or before.
    pub(super) fn loaded(&mut self, response: &pb::UploadResponse) {
        if response.replayed {
            return self.write("replayed", None, "");
        }
        let transfer = response.transfer.as_ref();
        let counters = transfer.and_then(|transfer| transfer.counters);
        let rows = counters.map(|counters| counters.rows_committed);
        self.succeeded(u64::try_from(rows.unwrap_or_default()).unwrap_or_default());
    }

    /// It ended with an error.
    pub(super) fn failed(&mut self, status: &Status) {
        let cause = format!("{:?}", status.code());
        self.write("failed", None, &cause);
    }

    fn write(&mut self, outcome: &'static str, rows: Option<u64>, cause: &str) {
        let Self {
            subject,
            action,
            target,
            id,
            is_written,
        } = self;
        *is_written = true;
        tracing::info!(
            target: "audit",
            subject,
            action,
            table = target,
            transfer = id,
            rows,
            outcome,
            cause,
        );
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if !self.is_written {
            self.write("interrupted", None, "");
        }
    }
}

/// Somebody was refused who has not shown who it is.
pub(super) fn unknown(peer: Option<IpAddr>, path: &str, error: &Error) {
    tracing::warn!(target: "audit", ?peer, call = path, outcome = "refused", cause = %error);
}

/// A caller was refused what it asked for.
pub(super) fn denied(caller: &Caller, action: Action, target: Target<'_>, denial: &Denial) {
    let subject = caller.subject();
    let action = match action {
        Action::Upload => "upload",
        Action::Export => "export",
        Action::ReadCatalog => "read",
        Action::ManageTransfers => "manage",
    };
    let table = match target {
        Target::Table(name)
        | Target::Transfer {
            table: Some(name), ..
        } => format!("{}.{}", name.database, name.table),
        Target::Database(database) => database.to_owned(),
        Target::Query(_) | Target::Transfer { table: None, .. } => "query".to_owned(),
        Target::Create { .. } => "statement".to_owned(),
        Target::None => String::new(),
    };
    tracing::warn!(target: "audit", subject, action, table, outcome = "denied", cause = denial.to_string());
}

/// A caller was refused the connection that it asked for.
pub(super) fn shut_out(caller: &Caller, denial: &Denial) {
    let subject = caller.subject();
    tracing::warn!(target: "audit", subject, action = "connect", outcome = "denied", cause = denial.to_string());
}
