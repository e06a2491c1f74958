//! The JSON form of what the contract returns.
//!
//! The commands print these through `output`. Names and meanings stay: programs depend on them. It
//! must never leave a counter out because it is 0.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use prost_types::Timestamp;
use serde::Serialize;
use sluice_proto::v1::{
    Column, ColumnMatch, CommitMode, Counters, MatchKind, TableRef, TableSummary, Transfer,
    TransferError, TransferKind, TransferState,
};

use crate::settings::names::show_table;

/// One column.
#[derive(Debug, Serialize)]
pub(crate) struct ColumnObject<'a> {
    name: &'a str,
    r#type: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    default_kind: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    default_expression: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    comment: &'a str,
}

/// Columns, in their order.
pub(crate) fn columns(columns: &[Column]) -> Vec<ColumnObject<'_>> {
    columns.iter().map(ColumnObject::from).collect()
}

impl<'a> From<&'a Column> for ColumnObject<'a> {
    fn from(column: &'a Column) -> Self {
        Self {
            name: &column.name,
            r#type: &column.r#type,
            default_kind: &column.default_kind,
            default_expression: &column.default_expression,
            comment: &column.comment,
        }
    }
}

/// Where the values of a column came from; no source is its DEFAULT. A field of the file that has no
/// column is one without a name.
#[derive(Debug, Serialize)]
pub(crate) struct MatchObject<'a> {
    column: &'a str,
    r#type: &'a str,
    source: Option<&'a str>,
    kind: Option<&'static str>,
}

/// Matches, in the order of the table.
pub(crate) fn matches(matches: &[ColumnMatch]) -> Vec<MatchObject<'_>> {
    matches.iter().map(MatchObject::from).collect()
}

impl<'a> From<&'a ColumnMatch> for MatchObject<'a> {
    fn from(found: &'a ColumnMatch) -> Self {
        Self {
            column: &found.column,
            r#type: &found.r#type,
            source: found.source.as_deref(),
            kind: match_kind(found),
        }
    }
}

/// One table, in short.
#[derive(Debug, Serialize)]
pub(crate) struct TableObject<'a> {
    database: &'a str,
    table: &'a str,
    engine: &'a str,
    row_count: Option<i64>,
    byte_count: Option<i64>,
    comment: &'a str,
}

/// One table, in short.
pub(crate) fn table(summary: &TableSummary) -> TableObject<'_> {
    let name = summary.table.as_ref();
    TableObject {
        database: name.map_or("", |name| &name.database),
        table: name.map_or("", |name| &name.table),
        engine: &summary.engine,
        row_count: summary.row_count,
        byte_count: summary.byte_count,
        comment: &summary.comment,
    }
}

/// One transfer.
#[derive(Debug, Serialize)]
pub(crate) struct TransferObject<'a> {
    transfer_id: &'a str,
    kind: &'static str,
    state: &'static str,
    table: Option<String>,
    source_name: &'a str,
    commit_mode: Option<&'static str>,
    guarantee: &'a str,
    owner: &'a str,
    dry_run: bool,
    resumable: bool,
    committed_offset: i64,
    durable_offset: i64,
    bytes_received: i64,
    rows_parsed: i64,
    rows_staged: i64,
    rows_rejected: i64,
    rows_committed: i64,
    rows_exported: i64,
    bytes_sent: i64,
    total_bytes: Option<i64>,
    total_rows: Option<i64>,
    start_time: Option<String>,
    elapsed_seconds: f64,
    error: Option<ErrorObject>,
}

/// One transfer.
pub(crate) fn transfer(transfer: &Transfer) -> TransferObject<'_> {
    let Counters {
        bytes_received,
        rows_parsed,
        rows_staged,
        rows_committed,
        rows_rejected,
        rows_exported,
        bytes_sent,
    } = transfer.counters.unwrap_or_default();
    TransferObject {
        transfer_id: &transfer.transfer_id,
        kind: kind(transfer),
        state: state(transfer),
        table: transfer.table.as_ref().map(show_table),
        source_name: &transfer.source_name,
        commit_mode: commit_mode(transfer),
        guarantee: &transfer.guarantee,
        owner: &transfer.owner,
        dry_run: transfer.dry_run,
        resumable: transfer.resumable,
        committed_offset: transfer.committed_offset,
        durable_offset: transfer.durable_offset,
        bytes_received,
        rows_parsed,
        rows_staged,
        rows_rejected,
        rows_committed,
        rows_exported,
        bytes_sent,
        total_bytes: transfer.total_bytes,
        total_rows: transfer.total_rows,
        start_time: transfer.start_time.map(|time| time.to_string()),
        elapsed_seconds: seconds(elapsed(transfer)),
        error: transfer.error.as_ref().map(ErrorObject::of_transfer),
    }
}

/// Why something failed.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorObject {
    /// The gRPC status code, by name.
    pub(crate) code: &'static str,
    /// The reason, as in `ErrorInfo`.
    pub(crate) reason: String,
    /// The message.
    pub(crate) message: String,
    /// The variables of the message.
    pub(crate) metadata: BTreeMap<String, String>,
    /// The fields of the request that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) violations: Vec<ViolationObject>,
}

impl ErrorObject {
    /// The error that ended a transfer.
    pub(crate) fn of_transfer(error: &TransferError) -> Self {
        Self {
            code: sluice_proto::code_name(error.code.into()),
            reason: error.reason.clone(),
            message: error.message.clone(),
            metadata: error.metadata.clone().into_iter().collect(),
            violations: Vec::new(),
        }
    }
}

/// A field of the request that is wrong.
#[derive(Debug, Serialize)]
pub(crate) struct ViolationObject {
    /// The field, as the contract names it.
    pub(crate) field: String,
    /// What is wrong.
    pub(crate) description: String,
}

/// How a column and a field belong together, in a word.
pub(crate) fn match_kind(found: &ColumnMatch) -> Option<&'static str> {
    match found.kind() {
        MatchKind::Unspecified => None,
        MatchKind::Exact => Some("exact"),
        MatchKind::CaseDiffers => Some("case-differs"),
        MatchKind::Position => Some("position"),
        MatchKind::Selected => Some("selected"),
        MatchKind::Default => Some("default"),
        MatchKind::Missing => Some("missing"),
        MatchKind::Extra => Some("extra"),
    }
}

/// The kind of a transfer, in a word.
pub(crate) fn kind(transfer: &Transfer) -> &'static str {
    match transfer.kind() {
        TransferKind::Unspecified => "unknown",
        TransferKind::Upload => "upload",
        TransferKind::Export => "export",
    }
}

/// The state of a transfer, in a word.
pub(crate) fn state(transfer: &Transfer) -> &'static str {
    match transfer.state() {
        TransferState::Unspecified => "unknown",
        TransferState::Running => "running",
        TransferState::Succeeded => "succeeded",
        TransferState::Failed => "failed",
        TransferState::Cancelled => "cancelled",
        TransferState::Interrupted => "interrupted",
        TransferState::Committing => "committing",
    }
}

/// The commit mode of an upload, as `--commit` takes it.
pub(crate) fn commit_mode(transfer: &Transfer) -> Option<&'static str> {
    match transfer.commit_mode() {
        CommitMode::Unspecified => None,
        CommitMode::Atomic => Some("atomic"),
        CommitMode::Blocks => Some("blocks"),
        CommitMode::Replace => Some("replace"),
        CommitMode::Direct => Some("direct"),
    }
}

/// How long a transfer ran, by the server's clock.
pub(crate) fn elapsed(transfer: &Transfer) -> Duration {
    let elapsed = transfer.elapsed.unwrap_or_default();
    Duration::try_from(elapsed).unwrap_or_default()
}

/// When a transfer ended, to the second, by the server's clock. Nothing for one that may have ended while it
/// waited for its client: of such a one only how long it ran before is known.
pub(crate) fn end_time(transfer: &Transfer) -> Option<Timestamp> {
    let reason = transfer.error.as_ref().map(|error| error.reason.as_str());
    let may_have_waited = transfer.state() == TransferState::Cancelled
        || matches!(reason, Some("SESSION_EXPIRED" | "TOO_MANY_INTERRUPTED"));
    if may_have_waited {
        return None;
    }
    let start = transfer.start_time?;
    let start = SystemTime::try_from(start).ok()?;
    let end = Timestamp::from(start.checked_add(elapsed(transfer))?);
    Some(Timestamp { nanos: 0, ..end })
}

/// Seconds, to the microsecond.
pub(crate) fn seconds(elapsed: Duration) -> f64 {
    (elapsed.as_secs_f64() * 1_000_000.0).round() / 1_000_000.0
}

/// The name of a table that may be missing.
pub(crate) fn table_name(table: Option<&TableRef>) -> String {
    table.map(show_table).unwrap_or_default()
}
