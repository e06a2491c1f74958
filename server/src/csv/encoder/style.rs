//! What only the writer of a flat file has to decide.
//!
//! Whoever knows the request fills a [`Style`] in; the encoder checks it against the dialect. It
//! must never change what a reader needs to know: that is the dialect's.

use super::super::NULL_MARKER;

/// What ends a record.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    /// LF. The default.
    #[default]
    Lf,
    /// CR LF.
    CrLf,
    /// CR.
    Cr,
}

/// Which fields get quotes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum QuoteStyle {
    /// Those that would be read as something else without. The default.
    #[default]
    Necessary,
    /// All texts; numbers, dates and the like only where it is necessary.
    NonNumeric,
    /// All but NULL.
    Always,
}

/// How records are written, beyond what the dialect says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// What ends each record, the last one too. Default: LF.
    pub line_end: LineEnd,
    /// What stands for NULL, without quotes; a text that is equal to it gets quotes or an escape.
    /// Default: `\N`.
    pub null_marker: Vec<u8>,
    /// Which fields get quotes. Default: those that need them.
    pub quotes: QuoteStyle,
    /// Whether a text that begins with `=`, `+`, `-`, `@`, a tab or CR gets a `'` before it, so that
    /// no spreadsheet takes it for a formula. What is read back then differs. Default: false.
    pub excel_safe: bool,
}

impl Style {
    /// The same with quotes around all fields.
    pub(super) fn with_quotes(self) -> Self {
        Self {
            quotes: QuoteStyle::Always,
            ..self
        }
    }
}

impl Default for Style {
    fn default() -> Self {
        Self {
            line_end: LineEnd::default(),
            null_marker: NULL_MARKER.to_vec(),
            quotes: QuoteStyle::default(),
            excel_safe: false,
        }
    }
}

/// What is wrong with a style for a dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StyleError {
    /// The null marker would be read as something else.
    #[error(
        "the null marker cannot be told from the {role}; take another null marker, such as `\\N`"
    )]
    NullMarker {
        /// What of the dialect is in it, such as `delimiter`.
        role: &'static str,
    },
    /// There is nothing to put around the fields.
    #[error("quotes around all fields need a quote, but the dialect has none; choose one")]
    NoQuote,
}
