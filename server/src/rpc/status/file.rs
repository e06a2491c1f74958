//! Errors of the bytes of a file: a client must not retry with the same ones.
//!
//! Part of the table in `rpc::status`.

use tonic::Code;

use super::External;
use crate::{
    codec,
    csv::{self, json},
};

/// The file itself: a client must not retry with the same bytes.
pub(super) fn csv_error(error: &csv::Error) -> External {
    let new = |reason| External::new(Code::InvalidArgument, reason, error).at(&error.position());
    match error {
        csv::Error::UnterminatedQuote { .. } => new("UNTERMINATED_QUOTE"),
        csv::Error::TooManyColumns { limit, .. } => new("TOO_MANY_COLUMNS").with("limit", limit),
        csv::Error::RecordTooLong { limit, .. } => new("RECORD_TOO_LONG").with("limit", limit),
    }
}

/// The bytes of the file, or those of an export that has no room for a character.
pub(super) fn codec_error(error: &codec::Error) -> External {
    use codec::Error as Kind;
    let new = |reason| External::new(Code::InvalidArgument, reason, error);
    match error {
        Kind::Foreign { .. } | Kind::NotPacked { .. } | Kind::OtherByteOrder { .. } => {
            new("INVALID_ENCODING")
        }
        Kind::InvalidText { offset, encoding } => new("INVALID_ENCODING")
            .with("byteOffset", offset)
            .with("encoding", encoding),
        Kind::Truncated { offset, .. }
        | Kind::Corrupt { offset, .. }
        | Kind::TrailingData { offset, .. }
        | Kind::NeedsDictionary { offset } => new("INVALID_COMPRESSION").with("byteOffset", offset),
        Kind::WorkbookTooLarge { limit } => new("INVALID_WORKBOOK").with("limit", limit),
        Kind::BadWorkbook { part, .. } => new("INVALID_WORKBOOK").with("value", part),
        Kind::NoSuchSheet { sheet, .. } => new("INVALID_WORKBOOK").with("value", sheet),
        Kind::FormulaWithoutValue { cell, .. } => new("INVALID_WORKBOOK").with("value", cell),
        Kind::WorkbookPassword
        | Kind::WorkbookCutShort
        | Kind::NoWorkbook { .. }
        | Kind::NotOfWorkbook { .. } => new("INVALID_WORKBOOK"),
        Kind::SeveralMembers { names } => new("INVALID_COMPRESSION").with("value", names),
        Kind::EmptyArchive | Kind::Encrypted | Kind::OtherMethod | Kind::NotStreamed => {
            new("INVALID_COMPRESSION")
        }
        Kind::WindowTooLarge { offset, limit, .. } => new("INVALID_COMPRESSION")
            .with("byteOffset", offset)
            .with("limit", limit),
        Kind::TooExpansive { packed, limit, .. } => new("EXPANSION_LIMIT")
            .with("byteOffset", packed)
            .with("limit", limit),
        Kind::CannotEncode {
            offset, encoding, ..
        }
        | Kind::NotText { offset, encoding } => {
            External::new(Code::FailedPrecondition, "CANNOT_REPRESENT", error)
                .with("byteOffset", offset)
                .with("encoding", encoding)
        }
        Kind::NotWritten { .. } => new("INVALID_REQUEST"),
        Kind::UnknownLevel { level, .. } => new("INVALID_REQUEST").with("level", level),
        Kind::Unavailable { .. } => External::new(Code::Internal, "INTERNAL", error),
    }
}

/// NDJSON: the beginning of a file, or a value of an export.
pub(super) fn json_error(error: &json::Error) -> External {
    use json::Error as Kind;
    match error {
        Kind::Array | Kind::NoLine { .. } | Kind::NoKey | Kind::TooManyKeys { .. } => {
            External::new(Code::InvalidArgument, "INVALID_JSON", error)
        }
        Kind::NoRecord { position, .. } => {
            External::new(Code::InvalidArgument, "INVALID_JSON", error).at(position)
        }
        Kind::DuplicateName { name } => {
            External::new(Code::FailedPrecondition, "DUPLICATE_COLUMN", error).with("column", name)
        }
        Kind::NotText { column } | Kind::NotJson { column, .. } => {
            External::new(Code::FailedPrecondition, "CANNOT_REPRESENT", error)
                .with("column", column)
        }
        Kind::FieldCount { .. } => External::new(Code::Internal, "INTERNAL", error),
    }
}
