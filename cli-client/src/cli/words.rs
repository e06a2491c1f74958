//! The words that flags take, one enum a flag.
//!
//! Used by the flags of `cli` and read by `settings`. A word must never change its meaning: scripts
//! have it.

use clap::ValueEnum;

/// The family of a flat file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Values between delimiters, RFC 4180 and its relatives.
    Csv,
    /// Tab-separated values as ClickHouse writes them: backslash escapes, `\N` for NULL.
    Tsv,
    /// One JSON object a line; the keys are the names of the columns.
    #[value(alias = "jsonl")]
    Ndjson,
}

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compression {
    /// Not at all.
    None,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

/// How a file that is read is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compressed {
    /// Not at all.
    None,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
    /// bzip2.
    #[value(alias = "bz2")]
    Bzip2,
    /// xz.
    Xz,
    /// A zip archive with one file in it.
    Zip,
}

/// What to do with a record that has too few fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ragged {
    /// Fill it up with empty fields; surplus fields that are empty are left out.
    Pad,
    /// Reject it.
    Reject,
}

/// What to do with a quoted field with a quote in it that is not doubled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Quotes {
    /// Reject its record.
    Strict,
    /// Take all quotes for text but those around the field.
    Lenient,
}

/// What to do with bytes that are no UTF-8, in a file that is UTF-8 otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum InvalidUtf8 {
    /// Take U+FFFD for them.
    Replace,
    /// Keep them as they are, in columns of texts.
    Keep,
}

/// What to do with columns of the table that have no field, no DEFAULT and take no NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Missing {
    /// Refuse the file.
    Refuse,
    /// Fill them with the default value of their type: 0, '', 1970-01-01.
    Default,
}

/// What ends a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LineEnd {
    /// Line feed.
    Lf,
    /// Carriage return and line feed.
    Crlf,
    /// Carriage return.
    Cr,
}

/// Which fields have quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum QuoteStyle {
    /// Those that would not read back as they are without.
    Necessary,
    /// All but NULL.
    Always,
    /// All that are no numbers, dates and the like.
    NonNumeric,
}

/// How rows become visible in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Commit {
    /// The strongest mode that the table allows.
    Auto,
    /// One plain streaming INSERT: a failure can leave the first rows, a repetition doubles rows.
    Direct,
    /// All rows at once or none.
    Atomic,
    /// Block by block, each exactly once.
    Blocks,
    /// The new rows take the place of the old ones at once.
    Replace,
}

/// Where a transfer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum State {
    /// Bytes or rows are moving.
    Running,
    /// Ended: everything arrived.
    Succeeded,
    /// Ended by an error.
    Failed,
    /// Ended by a caller.
    Cancelled,
    /// An upload that waits for its client to go on.
    Interrupted,
    /// An upload whose rows become visible now.
    Committing,
}

/// Whether a transfer goes into or out of ClickHouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// File to ClickHouse.
    Upload,
    /// ClickHouse to file.
    Export,
}
