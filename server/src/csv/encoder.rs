//! Writes records as bytes of a flat file.
//!
//! `transfer` gives it the values of an export and takes what has piled up. It must never write
//! what the decoder would not read back as the same fields.

mod careful;
mod marks;
mod style;

use std::mem;

use memchr::memchr;

pub use style::{LineEnd, QuoteStyle, Style, StyleError};

use careful::Careful;
use marks::Marks;

use super::{BYTE_ORDER_MARK, Dialect, NULL_MARKER};

/// A field that the dialect has no form for, mostly because it has neither quotes nor escapes.
///
/// The record that it belongs to is incomplete; the output is of no more use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "field {field} needs quotes to be told from a delimiter, a line end, NULL or a blank line, \
     but the dialect has none, or NULL is written as nothing; choose a quote and a null marker"
)]
pub struct CannotRepresent {
    /// Number of the field in its record, from 1.
    pub field: usize,
}

/// Takes fields in and gives bytes out.
///
/// A record is any number of calls of [`text`](Self::text), [`plain`](Self::plain) and
/// [`null`](Self::null), one for each field, then [`end_record`](Self::end_record).
#[derive(Debug)]
pub struct Encoder {
    dialect: Dialect,
    output: Vec<u8>,
    /// The bytes that text cannot hold as they are.
    marks: Marks,
    /// Whether numbers, dates and the like can stand as they are, without a look at them.
    plain_is_safe: bool,
    /// Number of fields of the record at hand.
    field_count: usize,
    /// Whether the record at hand has not written anything yet.
    record_is_empty: bool,
    /// Whether no byte has been written yet at all.
    at_start: bool,
    /// Whether no record had several fields.
    one_column: bool,
    line_end: LineEnd,
    /// Which fields are texts with escapes of their own, where the dialect keeps those.
    nested: Vec<bool>,
    /// What fields are written by where four marks are not enough.
    careful: Option<Box<Careful>>,
}

impl Encoder {
    /// Starts at the beginning of a file with a style of its own. The header is written only on
    /// demand.
    ///
    /// Lines that the dialect skips and the table's last line mean nothing here.
    ///
    /// # Errors
    ///
    /// Fails when the null marker means something else in the dialect, or when the style puts quotes
    /// around fields and the dialect has none.
    pub fn with_style(dialect: Dialect, style: &Style) -> Result<Self, StyleError> {
        let mut encoder = Self::new(dialect);
        encoder.careful = Careful::for_style(dialect, style);
        if let Some(careful) = &encoder.careful {
            careful.check()?;
            encoder.plain_is_safe = false;
        }
        encoder.line_end = style.line_end;
        Ok(encoder)
    }

    /// Starts at the beginning of a file with the usual [`Style`]. The header is written only on
    /// demand.
    pub fn new(dialect: Dialect) -> Self {
        let special = dialect.quote().or(dialect.escape());
        let delimiter = dialect.delimiter_byte();
        let marks = [delimiter, special.unwrap_or(b'\n'), b'\r', b'\n'];
        let careful = Careful::for_style(dialect, &Style::default());
        Self {
            dialect,
            output: Vec::new(),
            marks: Marks::new(marks),
            plain_is_safe: careful.is_none() && !marks.into_iter().any(is_plain),
            field_count: 0,
            record_is_empty: true,
            at_start: true,
            one_column: true,
            line_end: LineEnd::Lf,
            nested: Vec::new(),
            careful,
        }
    }

    /// Says, after the header, which fields are Arrays, Maps and Tuples: their text has escapes of its
    /// own, and stands as it is where the dialect [keeps it](Dialect::keeps_nested).
    #[must_use]
    pub fn with_nested(mut self, nested: Vec<bool>) -> Self {
        if self.dialect.keeps_nested() {
            self.nested = nested;
        }
        self
    }

    /// Number of bytes that wait to be taken.
    pub const fn len(&self) -> usize {
        self.output.len()
    }

    /// Whether no byte waits to be taken.
    pub const fn is_empty(&self) -> bool {
        self.output.is_empty()
    }

    /// Takes the bytes written so far. They may end within a record.
    pub fn take(&mut self) -> Vec<u8> {
        let next = Vec::with_capacity(self.output.capacity());
        mem::replace(&mut self.output, next)
    }

    /// Writes a record of names, and as many of empty fields as the dialect has further header rows.
    /// With tabs between them the names have quotes, which no TSV has.
    ///
    /// # Errors
    ///
    /// Fails as [`text`](Self::text) and [`end_record`](Self::end_record) do.
    pub fn header<N: AsRef<[u8]>>(
        &mut self,
        names: impl IntoIterator<Item = N>,
    ) -> Result<(), CannotRepresent> {
        let usual = self.careful.clone();
        if self.dialect.may_seem_tsv() {
            let style = usual
                .as_ref()
                .map_or_else(Style::default, |own| own.style());
            self.careful = Careful::for_style(self.dialect, &style.with_quotes());
        }
        for name in names {
            self.text(name.as_ref())?;
        }
        self.careful = usual;
        let field_count = self.field_count;
        self.end_record()?;
        for _ in 1..self.dialect.header_rows() {
            for _ in 0..field_count {
                self.plain(|_| ())?;
            }
            self.end_record()?;
        }
        Ok(())
    }

    /// Writes a field of any text, with quotes or escapes where it needs them.
    ///
    /// # Errors
    ///
    /// Fails when it needs quotes and the dialect has neither those nor escapes.
    #[inline]
    pub fn text(&mut self, text: &[u8]) -> Result<(), CannotRepresent> {
        if self.careful.is_some() {
            return self.careful_text(text);
        }
        self.start_field();
        let start = self.output.len();
        if let ([], Some(quote)) = (text, self.dialect.quote()) {
            self.output.extend_from_slice(&[quote, quote]);
        } else if self.marks.are_in(text) || self.is_mistakable(text) {
            self.protect(text)?;
        } else {
            self.output.extend_from_slice(text);
        }
        self.end_field(start);
        Ok(())
    }

    /// Writes a field that is a number, a date or the like: ASCII letters, digits, spaces and
    /// `+`, `-`, `.`, `:`, `/` only.
    ///
    /// `write` appends it, and must neither append anything else nor change what is there.
    ///
    /// # Errors
    ///
    /// Fails when it holds the delimiter and the dialect has neither quotes nor escapes.
    #[inline]
    pub fn plain(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), CannotRepresent> {
        self.start_field();
        let start = self.output.len();
        write(&mut self.output);
        debug_assert!(
            self.output.iter().skip(start).copied().all(is_plain),
            "not plain"
        );
        if !self.plain_is_safe {
            return self.check_plain(start);
        }
        self.end_field(start);
        Ok(())
    }

    /// What stands between two fields where several numbers, dates and NULLs can be written at once;
    /// none where each has to be looked at.
    #[must_use]
    pub const fn joint(&self) -> Option<u8> {
        if self.plain_is_safe {
            Some(self.marks.delimiter())
        } else {
            None
        }
    }

    /// Writes `count` fields, two or more, that are [`plain`](Self::plain) or NULL. `write` appends them,
    /// with [`joint`](Self::joint) between them, which there must be.
    #[inline]
    pub fn joined(&mut self, count: usize, write: impl FnOnce(&mut Vec<u8>)) {
        debug_assert!(self.plain_is_safe && count > 1, "each has to be looked at");
        self.start_field();
        write(&mut self.output);
        self.field_count += count - 1;
        self.record_is_empty = false;
    }

    /// Ends a field of numbers, dates and the like that may hold marks.
    #[inline(never)]
    fn check_plain(&mut self, start: usize) -> Result<(), CannotRepresent> {
        if self.careful.is_some() {
            return self.careful_plain(start);
        }
        if self
            .marks
            .are_in(self.output.get(start..).unwrap_or_default())
        {
            let text = self.output.split_off(start);
            self.protect(&text)?;
        }
        self.end_field(start);
        Ok(())
    }

    /// Writes the null marker.
    #[inline]
    pub fn null(&mut self) {
        if self.careful.is_some() {
            return self.careful_null();
        }
        self.start_field();
        let start = self.output.len();
        self.output.extend_from_slice(NULL_MARKER);
        self.end_field(start);
    }

    /// Ends the record with its line end; one without fields leaves no trace.
    ///
    /// # Errors
    ///
    /// Fails when the record would be a blank line and the dialect has no other form for it.
    #[inline]
    pub fn end_record(&mut self) -> Result<(), CannotRepresent> {
        if self.record_is_empty {
            if self.field_count == 0 {
                return Ok(());
            }
            self.avoid_blank_line()?;
        }
        self.one_column &= self.field_count == 1;
        if self.line_end != LineEnd::Lf {
            self.output.push(b'\r');
        }
        if self.line_end != LineEnd::Cr {
            self.output.push(b'\n');
        }
        self.at_start = false;
        self.field_count = 0;
        self.record_is_empty = true;
        Ok(())
    }

    #[inline]
    fn start_field(&mut self) {
        if self.field_count > 0 {
            self.output.push(self.marks.delimiter());
            self.record_is_empty = false;
        }
        self.field_count += 1;
    }

    #[inline]
    fn end_field(&mut self, start: usize) {
        self.record_is_empty &= self.output.len() == start;
    }

    /// Gives the only field of a record, which is empty, a form that the decoder takes for a record.
    #[cold]
    fn avoid_blank_line(&mut self) -> Result<(), CannotRepresent> {
        match self.dialect.quote() {
            Some(quote) if !self.ends_with_null() => {
                self.output.extend_from_slice(&[quote, quote]);
                Ok(())
            }
            None if self.dialect.is_tsv() && self.one_column => Ok(()),
            _ => Err(CannotRepresent { field: 1 }),
        }
    }

    /// Whether text without marks that is not empty would still be read as something else.
    #[inline]
    fn is_mistakable(&self, text: &[u8]) -> bool {
        text == NULL_MARKER || self.starts_as_byte_order_mark(text)
    }

    /// Whether text would begin the file with what looks like a byte order mark.
    #[inline]
    fn starts_as_byte_order_mark(&self, text: &[u8]) -> bool {
        self.at_start && self.field_count == 1 && text.starts_with(BYTE_ORDER_MARK)
    }

    /// Writes text with quotes or escapes.
    #[inline(never)]
    fn protect(&mut self, text: &[u8]) -> Result<(), CannotRepresent> {
        match (self.dialect.quote(), self.dialect.escape()) {
            (Some(quote), _) => self.write_quoted(text, quote),
            (None, Some(escape)) => self.write_escaped(text, escape),
            (None, None) => {
                return Err(CannotRepresent {
                    field: self.field_count,
                });
            }
        }
        Ok(())
    }

    fn write_quoted(&mut self, text: &[u8], quote: u8) {
        self.output.reserve(text.len() + 2);
        self.output.push(quote);
        let mut rest = text;
        while let Some(at) = memchr(quote, rest) {
            let (with_quote, after) = rest.split_at(at + 1);
            self.output.extend_from_slice(with_quote);
            self.output.push(quote);
            rest = after;
        }
        self.output.extend_from_slice(rest);
        self.output.push(quote);
    }

    /// Whether the field at hand has escapes of its own.
    fn is_nested(&self) -> bool {
        let index = self.field_count.checked_sub(1);
        index.is_some_and(|index| self.nested.get(index) == Some(&true))
    }

    fn write_escaped(&mut self, text: &[u8], escape: u8) {
        let keeps_escapes = self.is_nested();
        let mut rest = text;
        if self.starts_as_byte_order_mark(text) {
            self.output.extend_from_slice(&[escape, b'x', b'E', b'F']);
            rest = text.get(1..).unwrap_or_default();
        }
        while let Some(at) = rest.iter().position(|byte| self.marks.are(*byte)) {
            let (before, after) = rest.split_at(at);
            self.output.extend_from_slice(before);
            let Some((&mark, after)) = after.split_first() else {
                return;
            };
            match mark {
                b'\n' => self.output.extend_from_slice(&[escape, b'n']),
                b'\r' => self.output.extend_from_slice(&[escape, b'r']),
                b'\t' => self.output.extend_from_slice(&[escape, b't']),
                mark if keeps_escapes && mark == escape => self.output.push(mark),
                mark => self.output.extend_from_slice(&[escape, mark]),
            }
            rest = after;
        }
        self.output.extend_from_slice(rest);
    }
}

/// Whether numbers, dates and the like can hold the byte.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b':' | b' ' | b'/')
}

#[cfg(test)]
mod tests;
