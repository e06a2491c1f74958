//! Applying the rules of a column to the cells of a batch.
//!
//! `transfer::upload` puts a [`CellRewriter`] between the cells and the builder; it must never copy a
//! cell that no rule changes.
//!
//! How this works: the cells are gone through twice. The first time, the text of every changed cell is
//! written into one buffer and noted with its row; the second time, the cells go on, those of the noted
//! rows with their new text. Both buffers are kept for the next batch.

use super::date_format::DateFormat;
use super::list::ListForm;
use super::number::NumberForm;
use super::round::{round_number, round_time};
use super::{ExcelText, ValueRules, excel_text, trim_blanks};
use crate::column::Cell;
use crate::column::data_type::DataType;

/// Rewrites the cells of one column.
#[derive(Clone, Debug)]
pub struct CellRewriter {
    /// Which fields are texts in the form of a formula.
    excel_text: ExcelText,
    /// Whether the column is one of text.
    is_text: bool,
    trim: Trim,
    markers: Markers,
    conversion: Conversion,
    rounding: Rounding,
    /// The texts of the changed cells of a batch.
    arena: Vec<u8>,
    /// A text between conversion and rounding.
    scratch: Vec<u8>,
    changes: Vec<Change>,
}

/// Around which cells spaces are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trim {
    Never,
    Unquoted,
    Always,
}

/// The texts that stand for NULL.
#[derive(Clone, Debug, Default)]
struct Markers {
    texts: Vec<Vec<u8>>,
    longest: usize,
    also_quoted: bool,
}

/// What is done to the text of a value.
#[derive(Clone, Debug)]
enum Conversion {
    Nothing,
    Number(NumberForm),
    List(ListForm),
    Truth {
        true_words: Vec<Vec<u8>>,
        false_words: Vec<Vec<u8>>,
    },
    Date(DateFormat),
}

/// Which digits of a fraction are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rounding {
    Nothing,
    Number { scale: usize },
    Time { precision: usize },
}

/// A cell that is not passed on as it is.
#[derive(Clone, Copy, Debug)]
struct Change {
    row: usize,
    text: NewText,
}

/// What a changed cell becomes.
#[derive(Clone, Copy, Debug)]
enum NewText {
    Null,
    /// These bytes of the old text.
    Part(usize, usize),
    /// The same, as if they were in quotes.
    Text(usize, usize),
    /// These bytes of the arena.
    Written(usize, usize),
}

impl CellRewriter {
    /// Prepares the rules for a column; None when no rule can change a cell of this type, so that
    /// cells can go to the builder directly.
    #[must_use]
    pub fn new(rules: &ValueRules, data_type: &DataType) -> Option<Self> {
        let inner = data_type.inner();
        let is_text = matches!(
            inner,
            DataType::String | DataType::FixedString(_) | DataType::Json(_) | DataType::Other(_)
        );
        let rewriter = Self {
            excel_text: rules.excel_text.unwrap_or(ExcelText::Never),
            is_text,
            trim: match (rules.trim, is_text) {
                (false, _) => Trim::Never,
                (true, true) => Trim::Unquoted,
                (true, false) => Trim::Always,
            },
            markers: Markers::new(rules),
            conversion: Conversion::new(rules, inner),
            rounding: if rules.round {
                Rounding::new(inner)
            } else {
                Rounding::Nothing
            },
            arena: Vec::new(),
            scratch: Vec::new(),
            changes: Vec::new(),
        };
        let does_nothing = rewriter.excel_text == ExcelText::Never
            && rewriter.trim == Trim::Never
            && rewriter.markers.texts.is_empty()
            && matches!(rewriter.conversion, Conversion::Nothing)
            && rewriter.rounding == Rounding::Nothing;
        (!does_nothing).then_some(rewriter)
    }

    /// Returns the cells of one batch as the builder should see them, as many and in the same order.
    ///
    /// `cells` is gone through twice.
    pub fn rewrite<'a, I>(&'a mut self, cells: I) -> Rewritten<'a, I>
    where
        I: Iterator<Item = Cell<'a>> + Clone,
    {
        self.arena.clear();
        self.changes.clear();
        for (row, cell) in cells.clone().enumerate() {
            if let Some(text) = self.new_text(cell) {
                self.changes.push(Change { row, text });
            }
        }
        Rewritten {
            cells,
            changes: &self.changes,
            arena: &self.arena,
            row: 0,
        }
    }

    /// Returns what becomes of a cell; None when it stays as it is.
    fn new_text(&mut self, cell: Cell<'_>) -> Option<NewText> {
        let trims = match self.trim {
            Trim::Never => false,
            Trim::Unquoted => !cell.quoted,
            Trim::Always => true,
        };
        let text = if trims {
            trim_blanks(cell.bytes)
        } else {
            cell.bytes
        };
        let is_formula = match self.excel_text {
            ExcelText::Never => false,
            ExcelText::Unquoted => !cell.quoted,
            ExcelText::All => true,
        };
        if is_formula && let Some(inner) = excel_text(text) {
            return Some(self.formula(cell, inner));
        }
        if self.markers.contain(text, cell.quoted) {
            return Some(NewText::Null);
        }
        if let Some(written) = self.written(text, cell.quoted) {
            return Some(written);
        }
        (text.len() < cell.bytes.len()).then(|| {
            let (start, end) = place_of(text, cell.bytes);
            NewText::Part(start, end)
        })
    }

    /// Returns what becomes of a cell of the form `="text"`.
    fn formula(&mut self, cell: Cell<'_>, inner: &[u8]) -> NewText {
        let (start, end) = place_of(inner, cell.bytes);
        if self.is_text {
            return NewText::Text(start, end);
        }
        if self.markers.contain(inner, cell.quoted) {
            return NewText::Null;
        }
        self.written(inner, cell.quoted)
            .unwrap_or(NewText::Part(start, end))
    }

    /// Converts and rounds a text; None when neither changes it.
    fn written(&mut self, text: &[u8], is_quoted: bool) -> Option<NewText> {
        let start = self.arena.len();
        if self.rounding == Rounding::Nothing {
            let is_converted = self.conversion.apply(text, is_quoted, &mut self.arena);
            return is_converted.then_some(NewText::Written(start, self.arena.len()));
        }
        self.scratch.clear();
        let is_converted = self.conversion.apply(text, is_quoted, &mut self.scratch);
        let text = if is_converted { &self.scratch } else { text };
        if !self.rounding.apply(text, &mut self.arena) {
            self.arena.truncate(start);
            if !is_converted {
                return None;
            }
            self.arena.extend_from_slice(text);
        }
        Some(NewText::Written(start, self.arena.len()))
    }
}

/// Returns where a part of a text begins and ends in it.
fn place_of(part: &[u8], text: &[u8]) -> (usize, usize) {
    let start = part.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    (start, start + part.len())
}

impl Markers {
    fn new(rules: &ValueRules) -> Self {
        let is_needed =
            |marker: &&Vec<u8>| rules.quoted_nulls || !matches!(marker.as_slice(), b"" | b"\\N");
        let texts: Vec<_> = rules
            .null_markers
            .iter()
            .filter(is_needed)
            .cloned()
            .collect();
        Self {
            longest: texts.iter().map(Vec::len).max().unwrap_or(0),
            texts,
            also_quoted: rules.quoted_nulls,
        }
    }

    #[inline]
    fn contain(&self, text: &[u8], is_quoted: bool) -> bool {
        text.len() <= self.longest
            && (!is_quoted || self.also_quoted)
            && self.texts.iter().any(|marker| marker == text)
    }
}

impl Conversion {
    fn new(rules: &ValueRules, data_type: &DataType) -> Self {
        if let Some(form) = NumberForm::new(rules, data_type) {
            return Self::Number(form);
        }
        match data_type {
            DataType::Array(_) => {
                let separator = rules.list_separator.as_ref();
                separator
                    .and_then(|separator| ListForm::new(separator, data_type))
                    .map_or(Self::Nothing, Self::List)
            }
            DataType::Bool if !(rules.true_words.is_empty() && rules.false_words.is_empty()) => {
                Self::Truth {
                    true_words: rules.true_words.clone(),
                    false_words: rules.false_words.clone(),
                }
            }
            DataType::Date
            | DataType::Date32
            | DataType::DateTime(_)
            | DataType::DateTime64 { .. } => Self::date(rules, true),
            DataType::Time | DataType::Time64(_) => Self::date(rules, false),
            _ => Self::Nothing,
        }
    }

    /// Returns the form of a column of dates, or of times of day.
    fn date(rules: &ValueRules, has_date: bool) -> Self {
        let format = rules.date_format.as_ref();
        format
            .filter(|format| format.has_date() == has_date)
            .map_or(Self::Nothing, |format| Self::Date(format.clone()))
    }

    /// Appends the converted text; false when the text stays as it is.
    #[inline]
    fn apply(&mut self, text: &[u8], is_quoted: bool, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Nothing => false,
            Self::Number(form) => form.apply(text, out),
            Self::List(form) => form.apply(text, is_quoted, out),
            Self::Truth {
                true_words,
                false_words,
            } => {
                let has = |words: &[Vec<u8>]| {
                    let mut words = words.iter();
                    words.any(|word| word.eq_ignore_ascii_case(text))
                };
                let word: &[u8] = match (has(true_words), has(false_words)) {
                    (true, false) => b"true",
                    (false, true) => b"false",
                    _ => return false,
                };
                out.extend_from_slice(word);
                true
            }
            Self::Date(format) => format.rewrite(text, out),
        }
    }
}

impl Rounding {
    fn new(data_type: &DataType) -> Self {
        match data_type {
            integer if integer.is_integer() => Self::Number { scale: 0 },
            DataType::Decimal { scale, .. } => Self::Number {
                scale: usize::from(*scale),
            },
            DataType::DateTime(_) | DataType::Time => Self::Time { precision: 0 },
            DataType::DateTime64 { precision, .. } | DataType::Time64(precision) => Self::Time {
                precision: usize::from(*precision),
            },
            _ => Self::Nothing,
        }
    }

    /// Appends the rounded text; false when the text stays as it is.
    fn apply(self, text: &[u8], out: &mut Vec<u8>) -> bool {
        match self {
            Self::Nothing => false,
            Self::Number { scale } => round_number(text, scale, out),
            Self::Time { precision } => round_time(text, precision, out),
        }
    }
}

/// The cells of a batch as the builder should see them; see [`CellRewriter::rewrite`].
#[derive(Clone, Debug)]
pub struct Rewritten<'a, I> {
    cells: I,
    /// Those that are still to come.
    changes: &'a [Change],
    arena: &'a [u8],
    row: usize,
}

impl<'a, I: Iterator<Item = Cell<'a>>> Iterator for Rewritten<'a, I> {
    type Item = Cell<'a>;

    #[inline]
    fn next(&mut self) -> Option<Cell<'a>> {
        let cell = self.cells.next()?;
        let row = self.row;
        self.row += 1;
        match self.changes {
            [change, rest @ ..] if change.row == row => {
                self.changes = rest;
                Some(change.text.apply(cell, self.arena))
            }
            _ => Some(cell),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.cells.size_hint()
    }
}

impl NewText {
    #[inline]
    fn apply<'a>(self, cell: Cell<'a>, arena: &'a [u8]) -> Cell<'a> {
        let bytes = match self {
            Self::Null => return Cell::plain(b""),
            Self::Part(start, end) => cell.bytes.get(start..end),
            Self::Text(start, end) => {
                return Cell::quoted(cell.bytes.get(start..end).unwrap_or_default());
            }
            Self::Written(start, end) => arena.get(start..end),
        };
        Cell {
            bytes: bytes.unwrap_or_default(),
            quoted: cell.quoted,
        }
    }
}

#[cfg(test)]
mod tests;
