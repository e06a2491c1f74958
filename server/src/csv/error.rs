//! What can be wrong with a flat file before any field is looked at.
//!
//! Made by the decoder; `transfer` wraps it. It must never carry the file's own bytes.

use super::Position;

/// The result of decoding.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A fault after which the file cannot be cut any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A quote was opened and never closed before the end of the file.
    #[error(
        "{position} opens a quote on line {quote_line} that is never closed; \
         close it or change the quote"
    )]
    UnterminatedQuote {
        /// Where the record with the open quote begins.
        position: Position,
        /// Number of the line, from 1, on which the quote stands.
        quote_line: u64,
    },
    /// A record is longer than the limit, often because of a quote that is never closed.
    #[error("{position} is longer than {limit} bytes; look for a quote that is never closed")]
    RecordTooLong {
        /// Where the record begins.
        position: Position,
        /// The limit on one record, in bytes without the line end.
        limit: usize,
    },
    /// A record has more fields than the limit, often because of the wrong delimiter.
    #[error("{position} has more than {limit} fields; check the delimiter or raise the limit")]
    TooManyColumns {
        /// Where the record begins.
        position: Position,
        /// The limit on the fields of one record.
        limit: usize,
    },
}

impl Error {
    /// Where the record at fault begins.
    pub const fn position(&self) -> Position {
        match self {
            Self::UnterminatedQuote { position, .. }
            | Self::RecordTooLong { position, .. }
            | Self::TooManyColumns { position, .. } => *position,
        }
    }
}
