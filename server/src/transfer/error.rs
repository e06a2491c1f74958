//! Everything that can end a transfer, with the data of its message.
//!
//! The layers' errors are wrapped, never turned into text; `rpc::status` alone decides what a
//! client sees of them.

mod cell;
mod logged;
mod nature;
mod violation;

use std::sync::Arc;

use super::Phase;
use crate::{
    catalog, clickhouse, codec,
    column::{self, parse::Reason},
    csv::{self, Position},
    engine,
};

pub(super) use cell::excerpt;
pub use cell::{BadCell, MAX_VALUE_BYTES};
pub use violation::Violation;

/// A result of this layer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a transfer ended, or never began.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes of the file cannot be cut into records.
    #[error(transparent)]
    Csv(#[from] csv::Error),
    /// A type cannot be carried, or the bytes of a block are wrong.
    #[error(transparent)]
    Column(#[from] column::Error),
    /// The bytes of a result are no Native blocks, or too large ones.
    #[error(transparent)]
    Reader(#[from] column::reader::Error),
    /// A value cannot be written in the dialect.
    #[error(transparent)]
    CannotRepresent(#[from] csv::CannotRepresent),
    /// ClickHouse refused or went away.
    #[error(transparent)]
    ClickHouse(#[from] clickhouse::Error),
    /// A table is not there.
    #[error(transparent)]
    Catalog(#[from] catalog::Error),
    /// The embedded engine is not running.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// The bytes of the file cannot be turned into text.
    #[error(transparent)]
    Codec(#[from] codec::Error),
    /// The bytes are no UTF-8, and what they are instead is a guess.
    #[error(
        "line {line} is no UTF-8, and the file may be in another encoding: `--encoding {found}` reads it as {found}, and \
         so with any other one; `--invalid-utf8 replace` has \u{fffd} instead of what is no UTF-8"
    )]
    UncertainEncoding {
        /// The best guess.
        found: codec::Encoding,
        /// The first line that is not valid UTF-8.
        line: u64,
    },
    /// Delimiter, quote and the like do not go together.
    #[error("{0}; say how the file is to be read")]
    Dialect(csv::DialectError),
    /// The file can be read in two ways that load different rows.
    #[error("{0}")]
    Doubt(csv::sniff::Doubt),
    /// The beginning of the file has nothing of its table.
    #[error(
        "the first {limit} bytes of the file are comments or lines to skip, so that the table cannot be \
         seen: take them off, or raise `max-record-bytes` of the server; to inspect the file, send more \
         of it"
    )]
    LongHead {
        /// The bytes that were looked at.
        limit: usize,
    },
    /// A text cannot be written in the format or encoding of the export.
    #[error(transparent)]
    Json(#[from] csv::json::Error),
    /// The rejected rows cannot be kept.
    #[error(
        "cannot keep the rejected rows in ClickHouse: {0}; grant the right to create the journal's \
         database, or load without rejects"
    )]
    Journal(#[source] clickhouse::Error),
    /// More records were rejected than the policy allows.
    #[error(
        "{rejected} of {parsed} records were rejected, at most {limit} may be; the first: {first}"
    )]
    TooManyRejects {
        /// The rejected ones.
        rejected: u64,
        /// All records so far.
        parsed: u64,
        /// The policy in words.
        limit: String,
        /// What is wrong with the first of them.
        first: Box<Self>,
    },
    /// A cell does not fit its column.
    #[error(
        "line {}, column `{}`: {} {}; {} expected{}",
        .0.position.line, .0.column, .0.value_words(), .0.reason, .0.data_type, .0.advice()
    )]
    BadCell(Box<BadCell>),
    /// A value of a condition does not fit its column.
    #[error("condition on `{column}`: `{value}` {reason}; {data_type} expected")]
    BadConditionValue {
        /// The column.
        column: String,
        /// Its type.
        data_type: String,
        /// The value.
        value: String,
        /// Why it does not fit.
        reason: Reason,
    },
    /// A row is not what a constraint of the table wants.
    #[error("{0}")]
    Violation(Box<Violation>),
    /// A record has too few or too many fields.
    #[error(
        "line {}: the record has {fields} fields, {expected} expected{}",
        position.line,
        if *cut_off { "; it is the last record and has no line end: the file seems to be cut off" } else { "" }
    )]
    FieldCount {
        /// Where the record begins.
        position: Position,
        /// How many it has.
        fields: usize,
        /// How many the header, or the first record, has.
        expected: usize,
        /// Whether it is the file's last record and has no line end.
        cut_off: bool,
    },
    /// The quotes of a field have no certain reading.
    #[error(
        "line {}, field {field}: `{value}` has a quote that is neither doubled nor the end of the field",
        position.line
    )]
    InvalidQuoting {
        /// Where the record begins.
        position: Position,
        /// The number of the field, from 1.
        field: usize,
        /// The beginning of its text, with the quotes within.
        value: String,
    },
    /// A record of a file of rejected rows has not been corrected, as far as it says.
    #[error(
        "line {}: the record was rejected with {reason}; correct it, and empty its field _sluice_reason",
        position.line
    )]
    UnresolvedReject {
        /// Where the record begins.
        position: Position,
        /// What its field says.
        reason: &'static str,
    },
    /// A line of NDJSON is no object with the keys of the first lines.
    #[error("line {}: {fault}", position.line)]
    InvalidJson {
        /// Where the record begins.
        position: Position,
        /// What is wrong with it.
        fault: csv::json::Fault,
    },
    /// The file has no record, or no header where one was expected.
    #[error("the file has no record")]
    EmptyFile,
    /// No name of the header is a column of the table.
    #[error(
        "no field of the header is a column of {table}; the header reads `{header}`: \
         check the delimiter, and whether the file has a header at all"
    )]
    HeaderMismatch {
        /// The first line of the file, shortened.
        header: String,
        /// The table.
        table: String,
    },
    /// A selected field is not in the header.
    #[error("the file has no field `{source_name}`; its header reads `{header}`")]
    HeaderNotFound {
        /// The field that was selected.
        source_name: String,
        /// The first line of the file, shortened.
        header: String,
    },
    /// A field of the file has no column in the table.
    #[error(
        "{table} has no column for the file's field `{field}`; select the columns to load, or add it to the table"
    )]
    UnmatchedColumn {
        /// The field, by name or by number.
        field: String,
        /// The table.
        table: String,
    },
    /// Columns of the table would be filled with what nobody has said.
    #[error(
        "the file has no field for {columns} of {table}, which has no DEFAULT and takes no NULL; name the field, give \
         the column a DEFAULT, or ask for 0 or '' there"
    )]
    MissingColumns {
        /// The columns; the first ones.
        columns: String,
        /// The table.
        table: String,
    },
    /// A name stands twice.
    #[error("`{column}` stands twice in {place}")]
    DuplicateColumn {
        /// The name.
        column: String,
        /// Where: the header or the selection.
        place: &'static str,
    },
    /// The table has no such column.
    #[error("{table} has no column `{column}`")]
    ColumnNotFound {
        /// The column.
        column: String,
        /// The table.
        table: String,
    },
    /// The column takes no values.
    #[error("column `{column}` is {kind}: ClickHouse computes it, and takes no value for it")]
    NotInsertable {
        /// The column.
        column: String,
        /// MATERIALIZED or ALIAS.
        kind: String,
    },
    /// The user of ClickHouse lacks grants that an upload needs.
    #[error(
        "clickhouse's user lacks grants for {table}: {}{}",
        statements.join("; "),
        if *may_be_absent { "; clickhouse shows it to nobody without a grant, so it may not be there either" } else { "" }
    )]
    MissingGrants {
        /// The table.
        table: String,
        /// The statements that give all of them.
        statements: Vec<String>,
        /// Whether it is not known that the table exists.
        may_be_absent: bool,
    },
    /// The commit mode cannot be honoured.
    #[error(
        "commit mode {mode} cannot be honoured for {table}: {cause}; ask for another one, or let the \
         server choose"
    )]
    CommitModeUnavailable {
        /// The mode.
        mode: &'static str,
        /// The table.
        table: String,
        /// Why.
        cause: String,
    },
    /// Another call goes on with the upload.
    #[error(
        "another call or server goes on with upload {id}: it is the one to wait for; nothing is loaded twice"
    )]
    TakenOver {
        /// The upload.
        id: String,
    },
    /// The id was used with another spec.
    #[error("upload {id} was begun with another spec; use the same one, or another id")]
    SpecMismatch {
        /// The upload.
        id: String,
        /// The spec that it was begun with, as its caller encoded it.
        before: Vec<u8>,
        /// The other one.
        now: Vec<u8>,
    },
    /// The bytes before an offset are not those that were sent before.
    #[error(
        "the file has changed: its first {offset} bytes are not those that upload {id} began with; \
         load it under another id"
    )]
    FileChanged {
        /// The upload.
        id: String,
        /// The offset.
        offset: u64,
    },
    /// The file is another one than the upload had.
    #[error(
        "the file has changed: upload {id} has one of {expected} bytes, this one has {actual}{}; send that file \
         again, or load this one under another id",
        if expected == actual { " and another CRC-32C" } else { "" }
    )]
    OtherFile {
        /// The upload.
        id: String,
        /// The bytes of the file that it has, or was begun with.
        expected: u64,
        /// The bytes of this one.
        actual: u64,
    },
    /// The bytes that came are not those that were declared.
    #[error(
        "the file of upload {id} came with the CRC-32C {actual:08x}, and {expected:08x} was declared: its bytes were \
         damaged on the way, or it was changed while it was sent; send it again under the same id, or where that is \
         FILE_CHANGED, because damaged bytes are kept already, under another one"
    )]
    DamagedFile {
        /// The upload.
        id: String,
        /// The CRC-32C that was declared.
        expected: u32,
        /// That of the bytes that came.
        actual: u32,
    },
    /// The file has not the size that was declared.
    #[error(
        "the file has {actual} bytes, and {expected} were declared: {}; send the whole file",
        if actual < expected { "it was cut off on the way" } else { "it has grown, or is another one" }
    )]
    FileTruncated {
        /// The size that was declared.
        expected: u64,
        /// The bytes that came.
        actual: u64,
    },
    /// The rows are staged and counted, and their commit has begun.
    #[error(
        "all rows of upload {id} are staged and their commit has begun, but is not finished: {cause}; it \
         will be completed by itself, or by the same id: do not load the file under another one"
    )]
    CommitPending {
        /// The upload.
        id: String,
        /// What holds it up.
        cause: Arc<Self>,
    },
    /// What is staged is at a node that this server does not work with.
    #[error(
        "they are staged at the node {node}, with which this server does not work; ask one that does, or name \
         its address here too"
    )]
    OtherNode {
        /// The name of the node: its shard and replica.
        node: String,
    },
    /// The table that rows were counted for is not there any more.
    #[error(
        "{table} was dropped, renamed or made anew since the rows were counted for it; bring that table \
         back under its name (RENAME, ATTACH or UNDROP)"
    )]
    TargetGone {
        /// The table.
        table: String,
    },
    /// What ended an upload that shows its rows as they come.
    #[error(
        "{cause}; up to {rows} rows of the file are in the table and stay there: look at them before you \
         load the file again"
    )]
    RowsLeft {
        /// The rows that may be there.
        rows: u64,
        /// What ended it.
        cause: Box<Self>,
    },
    /// Nobody but this server may drop the staged rows, but they are gone.
    #[error("the staged rows are gone: somebody else has dropped or renamed their table")]
    StagedRowsGone,
    /// What decides the blocks is not what it was.
    #[error(
        "{table} is not as it was when upload {id} began, or the server has other options; load the \
         file under another id"
    )]
    TableChanged {
        /// The upload.
        id: String,
        /// The table.
        table: String,
    },
    /// An upload with this id has ended without success, and left nothing.
    #[error(
        "upload {id} {} ({cause}), and nothing of it is in the table; an id is used once: load the file under \
         another one",
        match phase { Phase::Cancelled => "was cancelled", _ => "has failed" }
    )]
    Ended {
        /// The upload.
        id: String,
        /// Whether it failed or was cancelled.
        phase: Phase,
        /// Why, as its own caller was told.
        cause: String,
    },
    /// An upload that shows its rows as they come has ended.
    #[error(
        "upload {id} has ended without success, and some of its rows may be in the table; look there, then \
         load the file under another id"
    )]
    NotResumable {
        /// The upload.
        id: String,
    },
    /// Bytes are missing.
    #[error("the bytes of upload {id} go on at offset {expected}, not at {actual}")]
    OffsetOutOfRange {
        /// The upload.
        id: String,
        /// Where the next bytes are expected.
        expected: u64,
        /// Where those that came begin.
        actual: u64,
    },
    /// The bytes are there.
    #[error("the bytes of upload {id} at offset {actual} are there; go on at {expected}")]
    OffsetAlreadyCommitted {
        /// The upload.
        id: String,
        /// Where the next bytes are expected.
        expected: u64,
        /// Where those that came begin.
        actual: u64,
    },
    /// The bytes were damaged on the way.
    #[error("the bytes of upload {id} at offset {offset} have another CRC-32C; send them again")]
    ChecksumMismatch {
        /// The upload.
        id: String,
        /// Where they begin.
        offset: u64,
    },
    /// ClickHouse holds another number of rows than were sent.
    #[error(
        "clickhouse holds {actual} staged rows where {expected} should be, as after a crash; nothing was \
         committed, send the file again from its beginning"
    )]
    CountMismatch {
        /// The rows that were sent.
        expected: u64,
        /// The rows that are there.
        actual: u64,
    },
    /// No row would take the place of all rows of the table.
    #[error(
        "no row of the file would be loaded ({rejected} were rejected), and all rows of {table} would \
         go; nothing was changed: ask for it with allow_empty if that is meant"
    )]
    EmptyReplacement {
        /// The table.
        table: String,
        /// The rows of the file that were rejected.
        rejected: u64,
    },
    /// The client did not come back.
    #[error(
        "the upload waited {seconds} s for its client, which is the limit; load the file again under another id"
    )]
    SessionExpired {
        /// The limit.
        seconds: u64,
    },
    /// More uploads wait for their clients than are kept.
    #[error(
        "the server keeps at most {count} interrupted uploads, and {bytes} bytes that they have staged; it has given \
         up this one, which had waited longest; load the file again under another id"
    )]
    TooManyInterrupted {
        /// How many are kept.
        count: usize,
        /// How many bytes they may have staged.
        bytes: u64,
    },
    /// All memory for transfers is in use.
    #[error(
        "all of the {limit} bytes of memory that the server may use were taken for too long; try again in a \
         moment, or start the server with a larger --memory-limit"
    )]
    MemoryLimit {
        /// The limit.
        limit: usize,
    },
    /// The file is larger than the server takes.
    #[error("the file is larger than {limit} bytes, which is the limit; split it")]
    FileTooLarge {
        /// The limit.
        limit: u64,
    },
    /// Another server works on the upload, and this one has no way to it.
    #[error(
        "upload {id} runs on another server, which this one cannot reach: send the call again, it may come \
         to the right one. The operator can give each server its address (--advertise), or have the proxy \
         before them choose by the metadata sluice-transfer-id"
    )]
    Elsewhere {
        /// The upload.
        id: String,
    },
    /// A caller has ended it, and it has not yet.
    #[error("transfer {id} is being cancelled, which is not confirmed yet; ask again")]
    CancelPending {
        /// The transfer.
        id: String,
    },
    /// The server that moved it has gone.
    #[error(
        "the server of this transfer does not answer any more; begin an upload again with the same id"
    )]
    ServerGone,
    /// An error that the journal has kept.
    #[error("{}", .0.message)]
    Recorded(Failure),
    /// A caller cancelled the transfer.
    #[error("the transfer was cancelled")]
    Cancelled,
    /// The client went away in the middle.
    #[error("the client went away before the transfer was complete")]
    ClientGone,
    /// The client sent nothing for too long.
    #[error("the client sent nothing for {seconds} s")]
    IdleTimeout {
        /// The limit.
        seconds: u64,
    },
    /// The server is ending.
    #[error("the server is shutting down; start the transfer again in a moment")]
    ShuttingDown,
    /// As many transfers run as are allowed.
    #[error("{limit} transfers are open, which is the limit; try again when one has ended")]
    TooManyTransfers {
        /// The limit.
        limit: usize,
    },
    /// The id is in use.
    #[error("transfer {id} exists already")]
    Exists {
        /// The id.
        id: String,
    },
    /// No transfer of the connection has this id.
    #[error(
        "transfer {id} is not known on this connection; it may go through another one, or have ended \
         long ago"
    )]
    NotFound {
        /// The id.
        id: String,
    },
    /// A fault of the server itself.
    #[error("internal fault: {0}")]
    Internal(&'static str),
}

/// An error as a client sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// The gRPC status code, 0 to 16.
    pub code: i32,
    /// The reason, in capitals with underscores.
    pub reason: String,
    /// The message.
    pub message: String,
    /// The variables of the message.
    pub metadata: Vec<(String, String)>,
}
