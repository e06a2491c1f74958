//! The loops over the cells of a column, one for each form of value.
//!
//! Only [`super::scalar`] uses it; it must never know a type.

use super::BadCell;
use super::document::EMPTY_DOCUMENT;
use crate::column::Cell;
use crate::column::parse::Reason;
use crate::column::parse::text::{parse_fixed, parse_text};
use crate::column::wire::put_varint;

/// What an unquoted empty field and an unquoted `\N` are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NullRule {
    /// NULL, or what ClickHouse puts in its place: the column is Nullable or has a DEFAULT.
    Null,
    /// The default value of the type: the caller asks for it.
    Default,
    /// An empty text and an error: the column is a text without NULL and DEFAULT.
    EmptyText,
    /// Errors.
    Refuse,
}

/// What stands in the place of a cell that is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instead {
    Null,
    Default,
}

impl NullRule {
    /// What an unquoted empty field or an unquoted `\N` becomes.
    #[inline]
    pub(super) const fn instead(self) -> Result<Instead, Reason> {
        match self {
            Self::Null => Ok(Instead::Null),
            Self::Default => Ok(Instead::Default),
            Self::EmptyText | Self::Refuse => Err(Reason::NullNotAllowed),
        }
    }

    /// Whether a cell of a column of texts is no text.
    #[inline]
    pub(super) fn is_no_text(self, cell: Cell<'_>) -> bool {
        let is_empty_text = self == Self::EmptyText && cell.bytes.is_empty();
        is_null(cell) && !is_empty_text
    }
}

/// Values in the form of the wire.
#[derive(Debug, Default)]
pub(super) struct Values {
    pub(super) bytes: Vec<u8>,
    /// A byte for each row, 1 for NULL; empty unless the column is Nullable on the wire.
    pub(super) nulls: Vec<u8>,
    pub(super) row_count: usize,
}

/// Appends cells to values.
#[derive(Debug)]
pub(super) struct Appender<'v> {
    pub(super) values: &'v mut Values,
    pub(super) rule: NullRule,
    /// Whether `true` and `false` are 1 and 0.
    pub(super) reads_truths: bool,
    /// Whether texts need not be UTF-8.
    pub(super) keeps_bytes: bool,
}

impl Appender<'_> {
    /// Appends values of `N` bytes whose text is never that of NULL.
    #[inline]
    pub(super) fn fixed<'a, const N: usize>(
        &mut self,
        cells: impl Iterator<Item = Cell<'a>>,
        mut parse: impl FnMut(&[u8]) -> Result<[u8; N], Reason>,
    ) -> Result<(), BadCell> {
        self.values.bytes.reserve(cells.size_hint().0 * N);
        let mut row = 0;
        for cell in cells {
            match parse(cell.bytes) {
                Ok(value) => self.values.bytes.extend_from_slice(&value),
                Err(reason) => {
                    if let Some(Ok(value)) = self.truth_of(cell).map(&mut parse) {
                        self.values.bytes.extend_from_slice(&value);
                        row += 1;
                        continue;
                    }
                    let bad = BadCell { row, reason };
                    if let Err(bad) = self.instead(cell, &[0; N], bad) {
                        self.finish(row);
                        return Err(bad);
                    }
                }
            }
            row += 1;
        }
        self.finish(row);
        Ok(())
    }

    /// Appends numbers of `N` bytes, but for those that begin with a zero where `refuses_zeros` says so.
    #[inline]
    pub(super) fn number<'a, const N: usize>(
        &mut self,
        cells: impl Iterator<Item = Cell<'a>>,
        refuses_zeros: bool,
        parse: impl Fn(&[u8]) -> Result<[u8; N], Reason>,
    ) -> Result<(), BadCell> {
        self.fixed(cells, |bytes| {
            if refuses_zeros && begins_with_zero(bytes) {
                return Err(Reason::LeadingZero);
            }
            parse(bytes)
        })
    }

    /// Appends values of `N` bytes that have names, so that a name may be the text of NULL.
    #[inline]
    pub(super) fn named<'a, const N: usize>(
        &mut self,
        cells: impl Iterator<Item = Cell<'a>>,
        default: [u8; N],
        parse: impl Fn(&[u8]) -> Result<[u8; N], Reason>,
    ) -> Result<(), BadCell> {
        self.values.bytes.reserve(cells.size_hint().0 * N);
        self.each(cells, |into, row, cell| {
            if into.rule == NullRule::Null && is_null(cell) {
                into.null(row, &default);
                return Ok(());
            }
            match parse(cell.bytes) {
                Ok(value) => {
                    into.values.bytes.extend_from_slice(&value);
                    Ok(())
                }
                Err(reason) => into.instead(cell, &default, BadCell { row, reason }),
            }
        })
    }

    /// Appends texts of any length.
    #[inline]
    pub(super) fn text<'a>(
        &mut self,
        cells: impl Iterator<Item = Cell<'a>>,
    ) -> Result<(), BadCell> {
        self.each(cells, |into, row, cell| {
            if into.rule.is_no_text(cell) {
                let reason = Reason::NullNotAllowed;
                return into.instead(cell, &[0], BadCell { row, reason });
            }
            let text = match parse_text(cell.bytes) {
                Err(_) if into.keeps_bytes => cell.bytes,
                text => text.map_err(|reason| BadCell { row, reason })?,
            };
            put_varint(&mut into.values.bytes, text.len() as u64);
            into.values.bytes.extend_from_slice(text);
            Ok(())
        })
    }

    /// Appends documents, each of them a text that `check` lets through.
    pub(super) fn documents<'a>(
        &mut self,
        cells: impl Iterator<Item = Cell<'a>>,
        mut check: impl FnMut(&[u8]) -> Result<(), Reason>,
    ) -> Result<(), BadCell> {
        self.each(cells, |into, row, cell| {
            let bad = |reason| BadCell { row, reason };
            if is_null(cell) {
                return into.instead(cell, EMPTY_DOCUMENT, bad(Reason::NullNotAllowed));
            }
            check(cell.bytes).map_err(bad)?;
            put_varint(&mut into.values.bytes, cell.bytes.len() as u64);
            into.values.bytes.extend_from_slice(cell.bytes);
            Ok(())
        })
    }

    /// Appends bytes of a fixed length, with zero bytes behind shorter ones.
    #[inline]
    pub(super) fn fixed_text<'a>(
        &mut self,
        cells: impl Iterator<Item = Cell<'a>>,
        length: usize,
    ) -> Result<(), BadCell> {
        self.each(cells, |into, row, cell| {
            let end = into.values.bytes.len() + length;
            if into.rule.is_no_text(cell) {
                let reason = Reason::NullNotAllowed;
                into.instead(cell, &[], BadCell { row, reason })?;
            } else {
                let text =
                    parse_fixed(cell.bytes, length).map_err(|reason| BadCell { row, reason })?;
                into.values.bytes.extend_from_slice(text);
            }
            into.values.bytes.resize(end, 0);
            Ok(())
        })
    }

    /// Appends a value for each cell by `append`, which gets the place of the cell in the call and
    /// appends nothing when it fails; counts the rows in either case.
    #[inline]
    fn each<'a>(
        &mut self,
        cells: impl Iterator<Item = Cell<'a>>,
        mut append: impl FnMut(&mut Self, usize, Cell<'a>) -> Result<(), BadCell>,
    ) -> Result<(), BadCell> {
        let mut row = 0;
        let mut result = Ok(());
        for cell in cells {
            result = append(self, row, cell);
            if result.is_err() {
                break;
            }
            row += 1;
        }
        self.finish(row);
        result
    }

    /// The digit of a cell that is a truth value, where that is read.
    #[cold]
    fn truth_of(&self, cell: Cell<'_>) -> Option<&'static [u8]> {
        match cell.bytes {
            b"true" if self.reads_truths && !cell.quoted => Some(b"1"),
            b"false" if self.reads_truths && !cell.quoted => Some(b"0"),
            _ => None,
        }
    }

    /// Appends NULL or the default value for a cell that did not parse, if that is what it is.
    #[inline]
    fn instead(&mut self, cell: Cell<'_>, default: &[u8], bad: BadCell) -> Result<(), BadCell> {
        if !is_null(cell) {
            return Err(bad);
        }
        match self.rule.instead() {
            Ok(Instead::Null) => self.null(bad.row, default),
            Ok(Instead::Default) => self.values.bytes.extend_from_slice(default),
            Err(reason) => return Err(BadCell { reason, ..bad }),
        }
        Ok(())
    }

    /// Appends NULL as the row with this place in the call; the rows before it that are not marked
    /// are values.
    #[inline]
    fn null(&mut self, row: usize, default: &[u8]) {
        self.values.bytes.extend_from_slice(default);
        self.values.nulls.resize(self.values.row_count + row, 0);
        self.values.nulls.push(1);
    }

    /// Counts the rows of the call and marks those behind the last NULL as values.
    fn finish(&mut self, row_count: usize) {
        self.values.row_count += row_count;
        if self.rule == NullRule::Null {
            self.values.nulls.resize(self.values.row_count, 0);
        }
    }
}

/// Returns whether digits begin with a zero that a number does not keep.
#[inline]
fn begins_with_zero(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [b'0', b'0'..=b'9', ..] | [b'-' | b'+', b'0', b'0'..=b'9', ..]
    )
}

/// Returns whether a cell is an empty field or `\N`, and not in quotes.
#[inline]
pub(super) fn is_null(cell: Cell<'_>) -> bool {
    !cell.quoted && matches!(cell.bytes, [] | [b'\\', b'N'])
}
