//! What of an error may stand in a log: never a value of a cell, nor a line of a file.
//!
//! Part of `transfer::error`. Everything of this server that logs an [`Error`] comes here; the caller and
//! the journal get the whole message.

use super::Error;
use crate::catalog;

impl Error {
    /// The message without what the file or the table holds.
    #[must_use]
    #[expect(
        clippy::too_many_lines,
        reason = "one exhaustive table, an entry for each error"
    )]
    pub fn logged(&self) -> String {
        match self {
            Self::ClickHouse(error)
            | Self::Catalog(catalog::Error::ClickHouse(error))
            | Self::Journal(error) => error.logged(),
            Self::CommitPending { id, cause } => {
                format!(
                    "the commit of upload {id} is not finished: {}",
                    cause.logged()
                )
            }
            Self::RowsLeft { rows, cause } => {
                format!("{}; up to {rows} rows are in the table", cause.logged())
            }
            Self::BadCell(cell) => {
                let (line, reason) = (cell.position.line, cell.reason.as_str());
                let (column, data_type) = (&cell.column, &cell.data_type);
                format!("line {line}, column `{column}`: {reason}; {data_type} expected")
            }
            Self::BadConditionValue {
                column,
                data_type,
                reason,
                value: _,
            } => {
                let reason = reason.as_str();
                format!("condition on `{column}`: {reason}; {data_type} expected")
            }
            Self::TooManyRejects {
                rejected,
                parsed,
                limit,
                first,
            } => {
                let first = first.logged();
                format!(
                    "{rejected} of {parsed} records were rejected, at most {limit} may be; the first: {first}"
                )
            }
            Self::Violation(violation) => {
                let (table, constraint) = (&violation.table, &violation.said.constraint);
                format!("CONSTRAINT_VIOLATED: a row does not meet `{constraint}` of {table}")
            }
            Self::InvalidQuoting {
                position,
                field,
                value: _,
            } => {
                format!("line {}, field {field}: INVALID_QUOTING", position.line)
            }
            Self::InvalidJson { position, fault: _ } => {
                format!("line {}: INVALID_JSON", position.line)
            }
            // A line of data that is taken for the header has values for names.
            Self::HeaderMismatch { table, header: _ } => {
                format!("HEADER_MISMATCH: no field of the header is a column of {table}")
            }
            Self::HeaderNotFound {
                source_name,
                header: _,
            } => format!("HEADER_NOT_FOUND: the file has no field `{source_name}`"),
            Self::UnmatchedColumn { table, field: _ } => {
                format!("UNMATCHED_COLUMN: {table} has no column for a field of the file")
            }
            Self::DuplicateColumn { place, column: _ } => {
                format!("DUPLICATE_COLUMN: a name stands twice in {place}")
            }
            Self::Doubt(_) => "the file can be read in two ways".to_owned(),
            Self::Json(_) => "the text is no JSON, or cannot be written as JSON".to_owned(),
            Self::Catalog(
                catalog::Error::RefusedCreate { .. } | catalog::Error::NotCreateTable,
            ) => "the statement of the caller is not taken".to_owned(),
            Self::Recorded(failure) => format!("{}, as the journal has it", failure.reason),
            told @ (Self::Csv(_)
            | Self::Column(_)
            | Self::Reader(_)
            | Self::CannotRepresent(_)
            | Self::Catalog(_)
            | Self::Engine(_)
            | Self::Codec(_)
            | Self::UncertainEncoding { .. }
            | Self::Dialect(_)
            | Self::FieldCount { .. }
            | Self::UnresolvedReject { .. }
            | Self::MissingColumns { .. }
            | Self::EmptyFile
            | Self::ColumnNotFound { .. }
            | Self::NotInsertable { .. }
            | Self::MissingGrants { .. }
            | Self::CommitModeUnavailable { .. }
            | Self::TakenOver { .. }
            | Self::SpecMismatch { .. }
            | Self::FileChanged { .. }
            | Self::OtherFile { .. }
            | Self::DamagedFile { .. }
            | Self::FileTruncated { .. }
            | Self::OtherNode { .. }
            | Self::TargetGone { .. }
            | Self::StagedRowsGone
            | Self::EmptyReplacement { .. }
            | Self::LongHead { .. }
            | Self::TableChanged { .. }
            | Self::Ended { .. }
            | Self::NotResumable { .. }
            | Self::OffsetOutOfRange { .. }
            | Self::OffsetAlreadyCommitted { .. }
            | Self::ChecksumMismatch { .. }
            | Self::CountMismatch { .. }
            | Self::SessionExpired { .. }
            | Self::TooManyInterrupted { .. }
            | Self::MemoryLimit { .. }
            | Self::FileTooLarge { .. }
            | Self::Elsewhere { .. }
            | Self::CancelPending { .. }
            | Self::ServerGone
            | Self::Cancelled
            | Self::ClientGone
            | Self::IdleTimeout { .. }
            | Self::ShuttingDown
            | Self::TooManyTransfers { .. }
            | Self::Exists { .. }
            | Self::NotFound { .. }
            | Self::Internal(_)) => told.to_string(),
        }
    }
}
