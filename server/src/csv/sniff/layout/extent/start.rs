//! Finds the first row of a table: the header, or the first record.

use super::super::super::cell::Kind;
use super::{CLEAR_HEADER, CLEAR_RECORD, Doubt, Finder, Row, header};

/// Rows that may stand before the header.
const MAX_PREAMBLE: usize = 200;

impl Finder<'_, '_> {
    /// The first row, and why it may be another one.
    pub(super) fn start(&self) -> (usize, Option<Doubt>) {
        let places = || 0..self.rows.len().min(MAX_PREAMBLE);
        let row_at = |at: usize| self.row(at);
        if let Some(at) = places().find(|at| row_at(*at).is_some_and(|row| self.is_named(row))) {
            return (at, self.lines_above(at));
        }
        if self.width <= 1 {
            return (0, None);
        }
        if let Some(at) = self.titled() {
            return (at, None);
        }
        let Some(first) = places().find(|at| self.starts_table(*at)) else {
            return (0, None);
        };
        let Some(above) = first.checked_sub(1) else {
            return (0, None);
        };
        if self.is_uneven_header(above) {
            return (above, self.lines_above(above));
        }
        let evidence = self.evidence(first);
        let records = || (0..first).find(|at| row_at(*at).is_some_and(|row| self.is_record(row)));
        match records() {
            // Notes above a header, or above records.
            None if evidence > 0.0 => (first, None),
            None => (first, self.padded_above(first)),
            Some(_) if evidence > CLEAR_HEADER => (first, self.lines_above(first)),
            Some(record) => (record, self.uneven_doubt(record, evidence)),
        }
    }

    /// Whether the row names columns of the table that the file is loaded into.
    fn is_named(&self, row: &Row) -> bool {
        self.names.are_in(&self.table.texts(row))
    }

    /// How much a row looks like the header of those below it.
    fn evidence(&self, at: usize) -> f64 {
        let below = self.rows.get(at + 1..).unwrap_or_default();
        self.row(at)
            .map_or(0.0, |row| header::evidence(self.table, row, below))
    }

    /// Whether a row above a table without a header can be one of its records: one without a
    /// delimiter that is a value is no note.
    fn is_record(&self, row: &Row) -> bool {
        let is_value = row.width == 1 && self.first_kind(row).family().is_value();
        !self.is_no_record(row) || is_value
    }

    /// The doubt about a header that rows which can be records stand above.
    fn lines_above(&self, at: usize) -> Option<Doubt> {
        let is_note = |row: &Row| self.is_no_record(row) || self.is_prose(row);
        self.doubt_above(at, is_note)
    }

    /// The doubt about a first record that rows of as many fields stand above, of which only the first
    /// is filled: a title, or a record.
    fn padded_above(&self, at: usize) -> Option<Doubt> {
        self.doubt_above(at, |row| row.width != self.width)
    }

    fn doubt_above(&self, at: usize, is_note: impl Fn(&Row) -> bool) -> Option<Doubt> {
        let above = self.rows.get(..at).unwrap_or_default();
        let record = above.iter().find(|row| !is_note(row))?;
        Some(Doubt::LinesAbove {
            line: record.line,
            table_line: self.row(at)?.line,
        })
    }

    /// The doubt about a first row with another number of fields than the others, given how much the
    /// first of those looks like a header.
    fn uneven_doubt(&self, at: usize, below: f64) -> Option<Doubt> {
        let row = self.row(at)?;
        let is_unclear = (CLEAR_RECORD..CLEAR_HEADER).contains(&self.evidence(at));
        (is_unclear || below > 0.0).then_some(Doubt::UnevenHeader {
            line: row.line,
            fields: row.width,
            expected: self.width,
        })
    }

    fn starts_table(&self, at: usize) -> bool {
        let Some(row) = self.row(at) else {
            return false;
        };
        let after: Vec<&Row> = self.rows.iter().skip(at + 1).take(5).copied().collect();
        let alike = after
            .iter()
            .filter(|row| row.width.abs_diff(self.width) <= 1)
            .count();
        row.width == self.width && alike * 2 >= after.len() && !self.is_title(row)
    }

    /// The header, where all rows above it are titles: text in the first of as many fields.
    fn titled(&self) -> Option<usize> {
        let is_title = |row: &&&Row| {
            let is_text = matches!(self.first_kind(row), Kind::Text | Kind::Word);
            is_text && row.filled == 1
        };
        let at = self
            .rows
            .iter()
            .take(MAX_PREAMBLE)
            .take_while(is_title)
            .count();
        let row = self.row(at).filter(|_| at > 0)?;
        let is_full = row.width == self.width && row.filled == row.width;
        (is_full && self.evidence(at) > CLEAR_HEADER).then_some(at)
    }

    /// A row in which only the first cell is filled, above rows that are full.
    fn is_title(&self, row: &Row) -> bool {
        let is_text = matches!(self.first_kind(row), Kind::Text | Kind::Word);
        self.width >= 3 && is_text && row.filled == 1 && self.usual_filled > 2
    }

    /// A header with too many fields or too few.
    fn is_uneven_header(&self, at: usize) -> bool {
        let (Some(row), Some(_)) = (self.row(at), self.row(at + 1)) else {
            return false;
        };
        let (own, next) = (self.evidence(at), self.evidence(at + 1));
        row.width >= 2
            && !self.is_no_record(row)
            && !self.has_gap_before(at + 1)
            && own > CLEAR_HEADER
            && (next <= 0.0 || next < CLEAR_HEADER && own > next + CLEAR_HEADER)
    }
}
