//! Finds the row behind a table: a second table, or notes.
//!
//! It must never end a table without either a header of the next one, or lines that cannot be
//! records.

use super::super::super::header::Body;
use super::super::super::words::has_name_word;
use super::{CLEAR_HEADER, Finder, Kind, Row, header, is_ragged, kind};

/// Rows of footnotes at most.
const MAX_FOOTNOTES: usize = 15;
/// Blank lines between rows that may part a table from what follows it.
const MAX_GAPS: usize = 64;

impl Finder<'_, '_> {
    /// The first row behind the table, when there is any.
    pub(super) fn end(&self, start: usize) -> Option<usize> {
        if self.width <= 1 {
            return None;
        }
        let gaps = self.gaps(start);
        let gap = gaps.into_iter().find(|at| self.ends_at_gap(start, *at));
        let repetition = self.repetition(start);
        let first = gap.into_iter().chain(repetition).min();
        first
            .or_else(|| self.change(start))
            .or_else(|| self.footnotes(start))
    }

    /// The rows behind blank lines. In a file that is full of them they say nothing, but for the last.
    fn gaps(&self, start: usize) -> Vec<usize> {
        let all = || (start + 2..self.rows.len()).filter(|at| self.has_gap_before(*at));
        let first: Vec<usize> = all().take(MAX_GAPS + 1).collect();
        match first.len() > MAX_GAPS {
            true => all().next_back().into_iter().collect(),
            false => first,
        }
    }

    /// The row that is the header once more.
    fn repetition(&self, start: usize) -> Option<usize> {
        let (head, body) = self.rows.get(start..)?.split_first()?;
        let line = self.table.line(head).trim_ascii();
        let is_it = |row: &&Row| self.table.line(row).trim_ascii() == line;
        let at = body.iter().position(is_it)?;
        let is_header = header::evidence(self.table, head, body.get(..at)?) > CLEAR_HEADER;
        (at > 0 && is_header).then_some(start + 1 + at)
    }

    /// Whether the rows behind a gap are something else.
    fn ends_at_gap(&self, start: usize, at: usize) -> bool {
        let before = self.rows.get(start..at).unwrap_or_default();
        let after = self.rows.get(at..).unwrap_or_default();
        let same = after.iter().filter(|row| row.width == self.width).count();
        let is_apart = same * 10 <= after.len() && (self.table.whole || after.len() >= 3);
        let is_other = is_apart && after.len() >= 2 && !is_ragged(after) && self.names_others(at);
        let are_notes = self.table.whole && self.are_notes_behind_gap(start, at);
        (is_other || are_notes) && self.is_even(before) || self.repeats_header(before, at)
    }

    /// Whether lines that cannot be records are all that stands behind a gap.
    fn are_notes_behind_gap(&self, start: usize, at: usize) -> bool {
        let after = self.rows.get(at..).unwrap_or_default();
        let is_note = |row: &&Row| {
            let is_text = !self.first_kind(row).family().is_value();
            is_text && (self.is_no_record(row) || self.is_prose(row))
        };
        // The last line may be a record that was cut off, if it does not read like a note.
        let is_only_gap = || !(start + 1..at).any(|at| self.has_gap_before(at));
        let is_remark = || after.len() > 1 || after.iter().any(|row| self.is_remark(row));
        let is_cut_off = || self.table.is_cut_off() && !(is_only_gap() && is_remark());
        // Where records look like notes, so do those behind a gap.
        let own = self.rows.get(start..at).unwrap_or_default();
        let is_usual = || own.iter().any(|row| self.is_no_record(row));
        after.iter().all(is_note) && !is_cut_off() && !is_usual()
    }

    fn is_even(&self, rows: &[&Row]) -> bool {
        let usual = rows.iter().filter(|row| row.width == self.width).count();
        rows.len() >= 2 && usual * 10 >= rows.len() * 9
    }

    /// A second table of the same width: another header, or the same one again.
    fn repeats_header(&self, before: &[&Row], at: usize) -> bool {
        let Some(row) = self.row(at).filter(|row| row.width == self.width) else {
            return false;
        };
        let Some((head, body)) = before.split_first() else {
            return false;
        };
        if self.table.line(head) == self.table.line(row) {
            return header::evidence(self.table, head, body) > 0.0;
        }
        let bodies = Body::of_rows(self.table, body.iter().take(200).copied());
        let (mut names, mut values, mut known) = (0, 0, 0);
        let cells = bodies.iter().zip(self.table.texts(row));
        for (body, text) in cells {
            known += usize::from(has_name_word(text));
            if body.is_of_values() {
                names += usize::from(matches!(kind(text), Kind::Word | Kind::Text));
                values += usize::from(kind(text).family().is_value());
            }
        }
        let is_full = row.filled + 1 >= row.width;
        // One word where a number should be is a fault of a record.
        let is_unlike = values == 0 && (names > 1 || (names == 1 && known * 2 >= row.width));
        is_full && body.len() >= 2 && is_unlike && self.names_values(at)
    }

    /// Whether a row names columns of values below it.
    fn names_values(&self, at: usize) -> bool {
        let (Some(row), Some(below)) = (self.row(at), self.rows.get(at + 1..)) else {
            return false;
        };
        let bodies = Body::of_rows(self.table, below.iter().take(200).copied());
        let has_values = below.len() >= 2 && bodies.iter().any(Body::is_of_values);
        has_values && header::evidence(self.table, row, below) > 0.5
    }

    /// Whether a row is the header of a table of another width below it.
    fn names_others(&self, at: usize) -> bool {
        let Some((head, rest)) = self.rows.get(at..).and_then(<[&Row]>::split_first) else {
            return false;
        };
        head.width > 1 && header::evidence(self.table, head, rest) > CLEAR_HEADER
    }

    /// A second table without a gap: from one row on, all have another width.
    fn change(&self, start: usize) -> Option<usize> {
        let own = self.rows.get(start..)?;
        let even = own.iter().take_while(|row| row.width == self.width).count();
        let at = start + even;
        let after = self.rows.get(at..)?;
        let (head, rest) = after.split_first()?;
        let same = rest.iter().filter(|row| row.width == head.width).count();
        let is_same = same * 10 >= rest.len() * 9;
        let is_table = even >= 3 && rest.len() >= 2 && is_same && head.width > 1;
        (is_table && self.names_values(at)).then_some(at)
    }

    /// Notes below the table, at the end of the file.
    fn footnotes(&self, start: usize) -> Option<usize> {
        if !self.table.whole {
            return None;
        }
        let own = self.rows.get(start..)?;
        let notes = own
            .iter()
            .rev()
            .take(MAX_FOOTNOTES + 1)
            .take_while(|row| self.is_note(row))
            .count();
        let at = own.len().checked_sub(notes)?;
        let (before, after) = own.split_at_checked(at)?;
        let is_usual_above = before.iter().any(|row| self.is_note(row));
        let is_padded = after.first().is_some_and(|row| row.width == self.width);
        let is_apart = self.has_gap_before(start + at) || !is_padded;
        // A last line without its end is a record that was cut off, unless the table has ended above.
        let is_remark = || after.iter().any(|row| self.is_remark(row));
        let is_alone = notes == 1 && !(self.has_gap_before(start + at) && is_remark());
        let is_cut_off = self.table.is_cut_off() && is_alone;
        let is_said = after.iter().any(|row| self.is_sentence(row));
        let is_clear = (1..=MAX_FOOTNOTES).contains(&notes) && before.len() >= 3 && !is_usual_above;
        let is_end = is_clear && is_said && is_apart && !is_cut_off;
        (is_end && self.is_even(before)).then_some(start + at)
    }

    /// A row with text in its first field alone.
    fn is_note(&self, row: &Row) -> bool {
        let is_text = matches!(self.first_kind(row), Kind::Text | Kind::Word | Kind::Code);
        let is_padded = self.width >= 3 && row.width == self.width && row.filled == 1;
        is_text && (row.width == 1 || is_padded)
    }

    fn is_sentence(&self, row: &Row) -> bool {
        let line = self.table.line(row).trim_ascii();
        line.len() >= 8 && line.contains(&b' ') || line.starts_with(b"*")
    }

    /// Whether a line reads like nothing but a note: `Source: …`, `* …`, or a sentence.
    fn is_remark(&self, row: &Row) -> bool {
        let line = self.table.line(row).trim_ascii();
        let words = line.split(u8::is_ascii_whitespace).count();
        let is_marked = line.first().is_some_and(u8::is_ascii_punctuation);
        is_marked || line.contains(&b':') || line.ends_with(b".") || words >= 4
    }
}
