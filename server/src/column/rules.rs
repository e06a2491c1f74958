//! How the text of a cell is read before the strict parsers see it: the rules of one column.
//!
//! `transfer::upload` makes them of what the caller has set and of what [`super::infer`] has found,
//! and runs a [`CellRewriter`] over each batch. A rule must never turn a text into a value that it
//! could not mean: what does not fit a rule is left for the parser to refuse.

pub mod date_format;
pub mod thousands;
pub mod units;

mod list;
mod number;
mod rewriter;
mod round;

pub use date_format::{DateFormat, FormatError};
pub(super) use list::elements_of;
pub use rewriter::{CellRewriter, Rewritten};
pub use thousands::Thousands;

use super::data_type::DataType;
use super::parse::float::nearest_f64;

/// What is done to the cells of one column. The default does nothing.
///
/// The rules apply in the order of the fields, `excel_text` first; each is looked at only where the type has a use for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValueRules {
    /// Whether ASCII spaces and tabs around a cell are dropped. In a column of text only those around
    /// unquoted cells are; other types have no spaces, so that quotes do not keep them.
    pub trim: bool,
    /// Texts that stand for NULL, compared byte by byte; an empty field and `\N` always do.
    pub null_markers: Vec<Vec<u8>>,
    /// Whether a quoted cell can be a null marker as well, the empty one included where it is among
    /// the markers. Default: false, a quoted cell is a value.
    pub quoted_nulls: bool,
    /// Which fields of the form `="text"`, which spreadsheets take for text, are that text. None: none.
    pub excel_text: Option<ExcelText>,
    /// What separates the elements of an Array, instead of brackets around them. An empty field is an empty Array.
    pub list_separator: Option<Vec<u8>>,
    /// Whether units are left out of numbers: [`ValueRules::unit`], parentheses and a minus behind a number.
    pub strip_units: bool,
    /// The unit that numbers may have, and must have where it is a percent sign. None: they have none.
    pub unit: Option<Vec<u8>>,
    /// What separates groups of digits in numbers; numbers without it are read as well.
    pub thousands: Option<Thousands>,
    /// Whether a comma is the decimal point of numbers; a point is then refused. None: a point is, and
    /// `1.000` is no integer, because the point may separate thousands.
    pub decimal_comma: Option<bool>,
    /// Words for true in Bool columns, in any ASCII case. They come before the built-in ones.
    pub true_words: Vec<Vec<u8>>,
    /// Words for false in Bool columns, in any ASCII case. They come before the built-in ones.
    pub false_words: Vec<Vec<u8>>,
    /// The form of dates and times, in columns of such types. What does not match it reads as ISO 8601.
    pub date_format: Option<DateFormat>,
    /// Whether digits of a fraction that the type does not hold are rounded, half away from zero.
    ///
    /// Applies to Decimals, to times with or without a fraction, and to integers, which then read
    /// `3.0` as 3 and `3.7` as 4. Floats take the nearest value of a fraction in any case, and then that of an integer
    /// which they do not hold too.
    pub round: bool,
}

/// Which fields of the form `="text"` are text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExcelText {
    /// None, because the caller says so.
    Never,
    /// Those that are not in quotes: it is a program that has written them so.
    Unquoted,
    /// All.
    All,
}

/// Returns what stands in a field of the form `="text"`; None where there is a quote in it.
#[must_use]
pub fn excel_text(field: &[u8]) -> Option<&[u8]> {
    let text = field.strip_prefix(b"=\"")?.strip_suffix(b"\"")?;
    memchr::memchr(b'"', text).is_none().then_some(text)
}

impl ValueRules {
    /// Returns the rules that remain of found ones for a column that exists already: none for a
    /// column of text, names or containers but for `="text"`, because the words that stand for NULL in numbers may
    /// be values there, and no word for NULL that is a value of the type.
    #[must_use]
    pub fn found_for(&self, data_type: &DataType) -> Self {
        match data_type.inner() {
            DataType::String
            | DataType::FixedString(_)
            | DataType::Enum8(_)
            | DataType::Enum16(_)
            | DataType::Array(_)
            | DataType::Map(..)
            | DataType::Tuple(_)
            | DataType::Json(_)
            | DataType::Other(_) => Self {
                excel_text: self.excel_text,
                ..Self::default()
            },
            inner => {
                let mut rules = self.clone();
                rules.null_markers.retain(|word| !is_value(word, inner));
                rules
            }
        }
    }

    /// Returns a word that is listed for both true and false, which no column can have.
    #[must_use]
    pub fn contradictory_word(&self) -> Option<&[u8]> {
        let is_false = |word: &&Vec<u8>| {
            let mut words = self.false_words.iter();
            words.any(|other| other.eq_ignore_ascii_case(word))
        };
        self.true_words.iter().find(is_false).map(Vec::as_slice)
    }
}

/// Returns whether a word that stands for NULL in other columns is a value of a type: NaN is one of
/// floats, and there is no other.
pub(super) fn is_value(word: &[u8], data_type: &DataType) -> bool {
    let is_float = matches!(
        data_type,
        DataType::Float32 | DataType::Float64 | DataType::BFloat16
    );
    is_float && nearest_f64(word).is_ok()
}

/// Returns a text without the ASCII spaces and tabs around it.
#[inline]
pub(super) fn trim_blanks(text: &[u8]) -> &[u8] {
    let mut text = text;
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}
