//! Writes fields where the dialect or the style asks for more than four marked bytes.
//!
//! Used by the encoder for everything that is not plain CSV or TSV. It must never write what the
//! decoder would not read back, except for the `'` of a style that is safe for spreadsheets.

use memchr::memmem;

use super::super::{BYTE_ORDER_MARK, Dialect, NULL_MARKER};
use super::{CannotRepresent, Encoder, QuoteStyle, Style, StyleError};

/// The first bytes that make a spreadsheet take a text for a formula.
const FORMULA_STARTS: &[u8] = b"=+-@\t\r";

/// Where a field stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    first_of_file: bool,
    first_of_record: bool,
}

/// What a field is written by.
#[derive(Debug, Clone)]
pub(super) struct Careful {
    dialect: Dialect,
    style: Style,
    /// Whether the byte may mean something within a field.
    marks: [bool; 256],
    /// Whether the last field is NULL.
    ends_with_null: bool,
}

impl Careful {
    /// What it takes for a dialect and a style; nothing where the usual marks are enough.
    pub(super) fn for_style(dialect: Dialect, style: &Style) -> Option<Box<Self>> {
        let is_usual = style.null_marker == NULL_MARKER
            && style.quotes == QuoteStyle::Necessary
            && !style.excel_safe;
        if is_usual && dialect.is_regular() {
            return None;
        }
        let mut marks = [false; 256];
        let special = [dialect.quote(), dialect.escape()];
        let always = [b'\r', b'\n', dialect.delimiter_byte()];
        for byte in special.into_iter().flatten().chain(always) {
            marks[usize::from(byte)] = true;
        }
        Some(Box::new(Self {
            dialect,
            style: style.clone(),
            marks,
            ends_with_null: false,
        }))
    }

    /// What fields look like.
    pub(super) fn style(&self) -> Style {
        self.style.clone()
    }

    /// Sees that the style can be had in the dialect: the null marker in every place, and quotes.
    pub(super) fn check(&self) -> Result<(), StyleError> {
        if self.style.quotes != QuoteStyle::Necessary && self.dialect.quote().is_none() {
            return Err(StyleError::NoQuote);
        }
        let marker = self.style.null_marker.as_slice();
        if marker == NULL_MARKER {
            return Ok(());
        }
        let first = Place {
            first_of_file: true,
            first_of_record: true,
        };
        let inner = Place {
            first_of_file: false,
            first_of_record: false,
        };
        let conflict = self
            .inner_conflict(marker)
            .or_else(|| self.first_conflict(marker, first))
            .or_else(|| self.first_conflict(marker, inner));
        conflict.map_or(Ok(()), |role| Err(StyleError::NullMarker { role }))
    }

    /// What stands in the text that would cut it or change it.
    fn inner_conflict(&self, text: &[u8]) -> Option<&'static str> {
        if !text.iter().any(|byte| self.marks[usize::from(*byte)]) {
            return None;
        }
        let has = |byte: Option<u8>| byte.is_some_and(|byte| text.contains(&byte));
        let dialect = &self.dialect;
        let conflicts = [
            (has(Some(b'\n')) || has(Some(b'\r')), "line end"),
            (has(dialect.quote()), Dialect::QUOTE),
            (has(dialect.escape()), Dialect::ESCAPE),
            (meets(text, dialect.delimiter()), Dialect::DELIMITER),
        ];
        let met = conflicts.into_iter().find(|(is_met, _)| *is_met);
        met.map(|(_, role)| role)
    }

    /// What the text would seem to begin with there.
    fn first_conflict(&self, text: &[u8], place: Place) -> Option<&'static str> {
        let dialect = &self.dialect;
        let comment = dialect.comment().filter(|_| place.first_of_record);
        if comment.is_some_and(|comment| text.starts_with(comment)) {
            return Some(Dialect::COMMENT);
        }
        if dialect.skip_initial_space() && !place.first_of_record {
            let vanishes = text.is_empty() && dialect.delimiter() == b" ";
            if vanishes || text.starts_with(b" ") {
                return Some(Dialect::SPACES);
            }
        }
        let marked = place.first_of_file && text.starts_with(BYTE_ORDER_MARK);
        marked.then_some("byte order mark")
    }

    /// Whether the text would be taken for NULL if it stood there as it is.
    fn is_null(&self, text: &[u8]) -> bool {
        text == NULL_MARKER || text == self.style.null_marker
    }

    /// Appends the text with quotes or escapes; `from_start` says that its first byte must not be
    /// seen, and `kept` is a mark that stays as it is where there are no quotes.
    fn protect(
        &self,
        text: &[u8],
        from_start: bool,
        kept: Option<u8>,
        output: &mut Vec<u8>,
    ) -> Option<()> {
        match (self.dialect.quote(), self.dialect.escape()) {
            (Some(quote), escape) => {
                output.push(quote);
                for &byte in text {
                    if byte == quote || Some(byte) == escape {
                        output.push(escape.unwrap_or(quote));
                    }
                    output.push(byte);
                }
                output.push(quote);
                Some(())
            }
            (None, Some(escape)) => self.escape(text, escape, from_start, kept, output),
            (None, None) => None,
        }
    }

    /// Appends the text with every mark escaped but the one that is kept, and its first byte if it must
    /// not be seen.
    fn escape(
        &self,
        text: &[u8],
        escape: u8,
        from_start: bool,
        kept: Option<u8>,
        output: &mut Vec<u8>,
    ) -> Option<()> {
        let start = output.len();
        let mut rest = text;
        if from_start {
            let (&first, after) = text.split_first()?;
            if !self.marks[usize::from(first)] {
                self.hide(first, escape, output);
                rest = after;
            }
        }
        for &byte in rest {
            if !self.marks[usize::from(byte)] || kept == Some(byte) {
                output.push(byte);
                continue;
            }
            let code = if self.dialect.is_tsv() {
                tsv_code(byte)
            } else {
                byte
            };
            output.extend_from_slice(&[escape, code]);
        }
        (output.get(start..) != Some(NULL_MARKER)).then_some(())
    }

    /// Appends a byte that is no mark in another form.
    fn hide(&self, byte: u8, escape: u8, output: &mut Vec<u8>) {
        output.push(escape);
        if self.dialect.is_tsv() {
            let digit = |value: u8| b"0123456789ABCDEF".get(usize::from(value)).copied();
            output.push(b'x');
            output.extend([byte >> 4, byte & 15].into_iter().filter_map(digit));
        } else {
            output.push(byte);
        }
    }
}

/// What TSV writes after the backslash for a mark.
const fn tsv_code(mark: u8) -> u8 {
    match mark {
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        other => other,
    }
}

/// Whether a delimiter would be found within a text, or across its end when one follows.
fn meets(text: &[u8], delimiter: &[u8]) -> bool {
    if memmem::find(text, delimiter).is_some() {
        return true;
    }
    (1..delimiter.len()).any(|length| {
        let (within, after) = delimiter.split_at(length);
        text.ends_with(within) && delimiter.starts_with(after)
    })
}

impl Encoder {
    /// Writes a field of any text.
    pub(super) fn careful_text(&mut self, text: &[u8]) -> Result<(), CannotRepresent> {
        let guards = self
            .careful
            .as_ref()
            .is_some_and(|careful| careful.style.excel_safe);
        let first = text.first();
        if guards && first.is_some_and(|byte| FORMULA_STARTS.contains(byte)) {
            return self.write_careful(&[b"'", text].concat(), true);
        }
        self.write_careful(text, true)
    }

    /// Writes a number, a date or the like once more, which stands at `start` as it is.
    pub(super) fn careful_plain(&mut self, start: usize) -> Result<(), CannotRepresent> {
        let text = self.output.split_off(start);
        self.field_count -= 1;
        if self.field_count > 0 {
            // The first byte of the delimiter, which is written again as a whole.
            self.output.pop();
        }
        self.write_careful(&text, false)
    }

    /// Writes the delimiter before every field but the first.
    fn start_careful_field(&mut self) {
        if self.field_count > 0 {
            self.output.extend_from_slice(self.dialect.delimiter());
            self.record_is_empty = false;
        }
        self.field_count += 1;
    }

    /// Writes the null marker of the style.
    pub(super) fn careful_null(&mut self) {
        self.start_careful_field();
        let start = self.output.len();
        if let Some(careful) = self.careful.as_deref_mut() {
            self.output.extend_from_slice(&careful.style.null_marker);
            careful.ends_with_null = true;
        }
        self.end_field(start);
    }

    /// Whether the field before is NULL in a style of its own.
    pub(super) fn ends_with_null(&self) -> bool {
        let careful = self.careful.as_ref();
        careful.is_some_and(|careful| careful.ends_with_null)
    }

    fn write_careful(&mut self, text: &[u8], is_text: bool) -> Result<(), CannotRepresent> {
        self.start_careful_field();
        let start = self.output.len();
        let field = self.field_count;
        let kept = self.dialect.escape().filter(|_| self.is_nested());
        let place = Place {
            first_of_file: self.at_start && field == 1,
            first_of_record: field == 1,
        };
        if let Some(careful) = self.careful.as_deref_mut() {
            careful.ends_with_null = false;
            let by_style = match careful.style.quotes {
                QuoteStyle::Always => true,
                QuoteStyle::NonNumeric => is_text,
                QuoteStyle::Necessary => false,
            };
            // An empty text is told from an empty field by its quotes, where there are any.
            let is_empty_text = is_text && text.is_empty() && careful.dialect.quote().is_some();
            let from_start = careful.is_null(text) || careful.first_conflict(text, place).is_some();
            let needed = by_style || is_empty_text || from_start;
            if needed || careful.inner_conflict(text).is_some() {
                let written = careful.protect(text, from_start, kept, &mut self.output);
                written.ok_or(CannotRepresent { field })?;
            } else {
                self.output.extend_from_slice(text);
            }
        }
        self.end_field(start);
        Ok(())
    }
}
