//! Everything that can end a transfer, with the data of its message.
//!
//! The layers' errors are wrapped, never turned into text; `rpc::status` alone decides what a
//! client sees of them.

use crate::{
    catalog, clickhouse,
    column::{self, parse::Reason},
    csv::{self, Position},
    engine,
};

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
    /// A cell does not fit its column.
    #[error(
        "line {}, column `{}`: `{}` {}; {} expected",
        .0.position.line, .0.column, .0.value, .0.reason, .0.data_type
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
    /// A header was expected, and the file has no record.
    #[error("the file has no record; a header was expected")]
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
    /// The commit mode cannot be honoured.
    #[error("commit mode {mode} cannot be honoured for {table}; this version knows DIRECT only")]
    CommitModeUnavailable {
        /// The mode.
        mode: &'static str,
        /// The table.
        table: String,
    },
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
    #[error("{limit} transfers are running, which is the limit; try again when one has ended")]
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
    /// No transfer has this id.
    #[error("transfer {id} is not known here; it may have ended long ago")]
    NotFound {
        /// The id.
        id: String,
    },
    /// A fault of the server itself.
    #[error("internal fault: {0}")]
    Internal(&'static str),
}

/// The first cell of a file that does not fit its column.
#[derive(Debug)]
pub struct BadCell {
    /// Where its record begins.
    pub position: Position,
    /// The number of the field in the file, from 1.
    pub field: usize,
    /// The column of the table.
    pub column: String,
    /// The type of the column.
    pub data_type: String,
    /// The text of the cell, at most [`MAX_VALUE_BYTES`] of it.
    pub value: String,
    /// Why it does not fit.
    pub reason: Reason,
}

/// The most bytes of a bad cell, or of a header, that an error shows.
pub const MAX_VALUE_BYTES: usize = 256;

/// Makes text of untrusted bytes, at most [`MAX_VALUE_BYTES`] of them.
pub(super) fn excerpt(bytes: &[u8]) -> String {
    let (shown, rest) = bytes.split_at(bytes.len().min(MAX_VALUE_BYTES));
    let mut text = String::from_utf8_lossy(shown).into_owned();
    if !rest.is_empty() {
        text.push('…');
    }
    text
}
