//! A sample, cut: its rows and their fields.
//!
//! `cut` makes it; `score`, `layout` and `header` look at it. It must never hold a copy of the text.

use std::borrow::Cow;

use super::cut;

/// More columns than these say nothing new of a table.
const MAX_TEXTS: usize = 256;

/// One way to cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::csv::sniff) struct Format {
    /// Never empty, unless every line is one field.
    pub(in crate::csv::sniff) delimiter: Vec<u8>,
    /// A run of delimiters is one, and those around a line are none (columns aligned with spaces).
    pub(in crate::csv::sniff) collapse: bool,
    pub(in crate::csv::sniff) quote: Option<u8>,
    pub(in crate::csv::sniff) escape: Option<u8>,
    /// A lone `\r` ends a record.
    pub(in crate::csv::sniff) cr_ends: bool,
}

/// How a field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::csv::sniff) enum Mark {
    Plain,
    /// Its text stands between quotes.
    Quoted,
    /// It starts with a quote, and more text follows the closing one.
    Broken,
}

/// Where a field's text is.
#[derive(Debug, Clone, Copy)]
pub(in crate::csv::sniff) struct Field {
    pub(in crate::csv::sniff) start: usize,
    pub(in crate::csv::sniff) end: usize,
    pub(in crate::csv::sniff) mark: Mark,
}

/// One record; blank lines are none.
#[derive(Debug, Clone, Copy)]
pub(in crate::csv::sniff) struct Row {
    /// Its bytes, without the end of the line.
    pub(in crate::csv::sniff) start: usize,
    pub(in crate::csv::sniff) end: usize,
    /// Its first physical line, from 1.
    pub(in crate::csv::sniff) line: u64,
    /// Its last physical line.
    pub(in crate::csv::sniff) last_line: u64,
    /// How many fields it has.
    pub(in crate::csv::sniff) width: usize,
    /// How many of them are more than white space.
    pub(in crate::csv::sniff) filled: usize,
    pub(super) first_field: usize,
    pub(super) kept_fields: usize,
}

/// How much of a cut is kept; widths and counts are always right.
#[derive(Debug, Clone, Copy)]
pub(in crate::csv::sniff) struct Keep {
    /// Rows in all.
    pub(in crate::csv::sniff) rows: usize,
    /// Rows with their fields.
    pub(in crate::csv::sniff) rows_with_fields: usize,
    /// Fields of each of them.
    pub(in crate::csv::sniff) fields: usize,
}

/// A sample, cut.
#[derive(Debug, Clone)]
pub(in crate::csv::sniff) struct Table<'a> {
    pub(super) text: &'a [u8],
    pub(in crate::csv::sniff) format: Format,
    pub(in crate::csv::sniff) rows: Vec<Row>,
    pub(super) fields: Vec<Field>,
    /// Fields between quotes, and fields in which something is wrong with them.
    pub(in crate::csv::sniff) quoted: u32,
    pub(in crate::csv::sniff) broken: u32,
    /// Delimiters that a space follows, and that other text follows.
    pub(in crate::csv::sniff) spaced: u32,
    pub(in crate::csv::sniff) tight: u32,
    /// Of them, those before a quote.
    pub(in crate::csv::sniff) spaced_quotes: u32,
    pub(in crate::csv::sniff) tight_quotes: u32,
    /// Record ends: `\n`, `\r\n`, `\r`.
    pub(in crate::csv::sniff) ends: [u32; 3],
    /// Bytes after an escape, outside of the doubled quote.
    pub(in crate::csv::sniff) escaped: u32,
    /// Every row to the end of the file is here.
    pub(in crate::csv::sniff) whole: bool,
    /// The text ends in an open quote.
    pub(super) open_end: bool,
}

impl<'a> Table<'a> {
    /// The fields of a row, cut again when they were not kept.
    pub(in crate::csv::sniff) fn fields(&self, row: &Row) -> Cow<'_, [Field]> {
        if row.kept_fields > 0 {
            let fields = row.first_field..row.first_field + row.kept_fields;
            return Cow::Borrowed(self.fields.get(fields).unwrap_or_default());
        }
        let keep = Keep {
            rows: 1,
            rows_with_fields: 1,
            fields: usize::MAX,
        };
        let mut fields = cut(self.line(row), true, &self.format, keep).fields;
        for field in &mut fields {
            field.start += row.start;
            field.end += row.start;
        }
        Cow::Owned(fields)
    }

    /// What the table was cut by.
    pub(in crate::csv::sniff) fn delimiter(&self) -> &[u8] {
        &self.format.delimiter
    }

    /// The texts of the first fields of a row, up to `MAX_TEXTS`.
    pub(in crate::csv::sniff) fn texts(&self, row: &Row) -> Vec<&'a [u8]> {
        self.fields(row)
            .iter()
            .take(MAX_TEXTS)
            .map(|field| self.text(field))
            .collect()
    }

    /// The text of a field as it stands in the file, without the quotes around it.
    pub(in crate::csv::sniff) fn text(&self, field: &Field) -> &'a [u8] {
        self.text.get(field.start..field.end).unwrap_or_default()
    }

    /// The share of the text that the rows make up.
    #[expect(clippy::cast_precision_loss, reason = "lengths of a sample")]
    pub(in crate::csv::sniff) fn coverage(&self) -> f64 {
        let end = self.rows.last().map_or(0, |row| row.end);
        (end as f64 + 2.0).min(self.text.len() as f64) / self.text.len().max(1) as f64
    }

    /// Whether the file ends with a line that has no end.
    pub(in crate::csv::sniff) fn is_cut_off(&self) -> bool {
        self.whole && !self.text.ends_with(b"\n") && !self.text.ends_with(b"\r")
    }

    /// The bytes of a row.
    pub(in crate::csv::sniff) fn line(&self, row: &Row) -> &'a [u8] {
        self.text.get(row.start..row.end).unwrap_or_default()
    }
}
