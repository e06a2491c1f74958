//! Flat files as bytes: cuts CSV and TSV into records and fields, and writes them.
//!
//! `transfer` feeds the [`Decoder`] with an upload and takes an export from the [`Encoder`].
//! Nothing here waits, logs, touches a file or a socket, or knows what a field means.
//!
//! # How this works
//!
//! The decoder copies pushed bytes into one buffer and looks at each byte once, 64 at a time: a bit
//! mask per kind of byte says where delimiters, quotes and line ends are. A block whose marks all
//! stand where they should is cut with a few operations on the masks; any other block goes through
//! a small state machine that looks at the marked bytes alone. Dialects in which single bytes are
//! not enough (delimiters of several bytes, comments, escapes within CSV, skipped spaces) go through
//! a plain state machine instead, at about a third of the speed. When enough bytes are cut, buffer
//! and index leave together as a [`RecordBatch`], and only the incomplete record is copied on.

mod account;
mod block;
mod decoder;
mod dialect;
mod encoder;
mod error;
mod escape;
pub mod json;
mod lines;
mod nested;
mod record;
mod scanner;
pub mod sniff;

pub use account::{Account, LeftOut, Tally};
pub use decoder::{Decoder, Header, Limits, Mark, decode_record};
pub use dialect::{Dialect, DialectError, MAX_HEADER_ROWS, MAX_MARK_BYTES};
pub use encoder::{CannotRepresent, Encoder, LineEnd, QuoteStyle, Style, StyleError};
pub use error::{Error, Result};
pub use json::{JsonDecoder, JsonEncoder, JsonKind};
pub use nested::{nested_text, raw_field};
pub use record::{Column, Field, Position, Record, RecordBatch};

/// The text that stands for NULL when it is a whole field, neither quoted nor escaped.
pub const NULL_MARKER: &[u8] = b"\\N";

/// The bytes EF BB BF that some programs write before the first record.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
