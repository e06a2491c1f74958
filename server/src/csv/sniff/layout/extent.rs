//! Finds the first and the last row of the first table, and its width.
//!
//! `layout` calls it with the rows that hold data. It must never end a table because single rows
//! are odd.

use std::ops::Range;

use super::super::cell::{Kind, kind};
use super::super::cut::{Row, Table};
use super::super::header::{self, Body};

/// Rows that may stand before the header.
const MAX_PREAMBLE: usize = 200;
/// Rows of footnotes at most.
const MAX_FOOTNOTES: usize = 15;

/// Where the first table is.
#[derive(Debug)]
pub(super) struct Extent {
    /// Its rows among those that hold data.
    pub(super) rows: Range<usize>,
    pub(super) width: usize,
    /// The share of its rows of that width.
    pub(super) width_share: f64,
    pub(super) start_confidence: f64,
    /// Its last physical line in the sample, when something follows it.
    pub(super) end_line: Option<u64>,
    pub(super) end_confidence: f64,
}

/// Finds the first table; with `is_fixed` its first row is the first one.
pub(super) fn find(table: &Table<'_>, rows: &[&Row], is_fixed: bool) -> Extent {
    let usual = usual_width(rows);
    let (width, start, end) = first_run(table, rows, usual)
        .and_then(|width| {
            let finder = Finder::new(table, rows, width);
            let start = if is_fixed { 0 } else { finder.start() };
            finder.end(start).map(|end| (width, start, Some(end)))
        })
        .unwrap_or_else(|| {
            let finder = Finder::new(table, rows, usual);
            let start = if is_fixed { 0 } else { finder.start() };
            (usual, start, finder.end(start))
        });
    let last = end.unwrap_or(rows.len());
    let own = rows.get(start..last).unwrap_or_default();
    let usual = own.iter().filter(|row| row.width == width).count();
    #[expect(clippy::cast_precision_loss, reason = "numbers of rows of a sample")]
    let width_share = usual as f64 / own.len().max(1) as f64;
    Extent {
        rows: start..last,
        width,
        width_share,
        start_confidence: if start == 0 {
            0.95
        } else {
            0.5 + 0.45 * width_share
        },
        end_line: end.and_then(|_| own.last()).map(|row| row.last_line),
        end_confidence: if end.is_some() { 0.8 } else { 0.95 },
    }
}

/// The width of most rows of more than one field, when there are any.
fn usual_width(rows: &[&Row]) -> usize {
    let mut widths: Vec<usize> = rows.iter().map(|row| row.width).collect();
    widths.sort_unstable();
    let is_wide = widths.last().is_some_and(|width| *width > 1);
    let runs = widths.chunk_by(|left, right| left == right);
    let runs = runs.filter(|run| !is_wide || run.first() > Some(&1));
    let most = runs.max_by_key(|run| (run.len(), run.first().copied()));
    most.and_then(<[usize]>::first).copied().unwrap_or(0)
}

/// The width of a whole table above the one that has most rows.
fn first_run(table: &Table<'_>, rows: &[&Row], usual: usize) -> Option<usize> {
    let runs: Vec<&[&Row]> = rows
        .chunk_by(|left, right| left.width == right.width)
        .collect();
    let first = runs
        .iter()
        .position(|run| run.first().is_some_and(|row| row.width == usual))?;
    let (at, run) = runs.iter().enumerate().take(first).find(|(_, run)| {
        let width = run.first().map_or(0, |row| row.width);
        let is_pairs = width == 2 && (run.len() >= 8 || (run.len() >= 4 && is_headed(table, run)));
        run.len() >= 3 && (width >= 3 || is_pairs)
    })?;
    let width = run.first()?.width;
    let after: usize = runs.iter().skip(at + 1).map(|run| run.len()).sum();
    let count = |wanted: usize| -> usize {
        let later = runs.iter().skip(at + 1);
        later
            .filter(|run| run.first().is_some_and(|row| row.width == wanted))
            .map(|run| run.len())
            .sum()
    };
    (count(width) * 20 <= after && count(usual) * 10 >= after * 8).then_some(width)
}

/// Whether the first row clearly names the columns of the others.
fn is_headed(table: &Table<'_>, rows: &[&Row]) -> bool {
    rows.split_first()
        .is_some_and(|(head, rest)| header::evidence(table, head, rest) > 0.5)
}

/// Whether most rows differ in width from the one above.
fn is_ragged(rows: &[&Row]) -> bool {
    let differ = |pair: &&[&Row]| pair[0].width != pair[1].width;
    rows.windows(2).filter(differ).count() * 2 > rows.len()
}

struct Finder<'a, 't> {
    table: &'t Table<'a>,
    rows: &'t [&'t Row],
    width: usize,
    /// How many fields of a row are filled in most rows.
    usual_filled: usize,
}

impl<'a, 't> Finder<'a, 't> {
    fn new(table: &'t Table<'a>, rows: &'t [&'t Row], width: usize) -> Self {
        let mut filled: Vec<usize> = rows
            .iter()
            .filter(|row| row.width == width)
            .take(1_000)
            .map(|row| row.filled)
            .collect();
        filled.sort_unstable();
        let usual_filled = filled.get(filled.len() / 2).copied().unwrap_or(0);
        Self {
            table,
            rows,
            width,
            usual_filled,
        }
    }

    fn row(&self, at: usize) -> Option<&Row> {
        self.rows.get(at).copied()
    }

    /// Whether something blank stands before a row.
    fn has_gap_before(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.row(before));
        let (Some(before), Some(row)) = (before, self.row(at)) else {
            return false;
        };
        row.line > before.last_line + 1
    }

    fn start(&self) -> usize {
        if self.width <= 1 {
            return 0;
        }
        let places = 0..self.rows.len().min(MAX_PREAMBLE);
        let first = places.into_iter().find(|at| self.starts_table(*at));
        let Some(first) = first else {
            return 0;
        };
        match first.checked_sub(1) {
            Some(before) if self.is_uneven_header(before) => before,
            _ => first,
        }
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

    /// A row in which only the first cells are filled, above rows that are full.
    fn is_title(&self, row: &Row) -> bool {
        let texts = self.table.texts(row);
        let is_first_filled = texts
            .first()
            .is_some_and(|text| matches!(kind(text), Kind::Text | Kind::Word));
        let is_sparse = row.filled <= (self.width / 4).clamp(1, 2);
        self.width >= 3 && is_first_filled && is_sparse && self.usual_filled > 2 * row.filled
    }

    /// A header with a field too many or too few.
    fn is_uneven_header(&self, at: usize) -> bool {
        let (Some(row), Some(next)) = (self.row(at), self.row(at + 1)) else {
            return false;
        };
        let below = self.rows.get(at + 1..).unwrap_or_default();
        let rest = self.rows.get(at + 2..).unwrap_or_default();
        self.width >= 3
            && row.width >= 2
            && row.width + 1 >= self.width
            && !self.has_gap_before(at + 1)
            && header::evidence(self.table, row, below) > 0.0
            && header::evidence(self.table, next, rest) <= 0.0
    }

    /// The first row behind the table, when there is any.
    fn end(&self, start: usize) -> Option<usize> {
        if self.width <= 1 {
            return None;
        }
        let gap = (start + 2..self.rows.len())
            .filter(|at| self.has_gap_before(*at))
            .find(|at| self.ends_at_gap(start, *at));
        gap.or_else(|| self.change(start))
            .or_else(|| self.footnotes(start))
    }

    /// Whether the rows behind a gap are something else.
    fn ends_at_gap(&self, start: usize, at: usize) -> bool {
        let after = self.rows.get(at..).unwrap_or_default();
        let same = after.iter().filter(|row| row.width == self.width).count();
        let is_table = after.len() >= 2 && !is_ragged(after);
        let are_notes = after.iter().all(|row| row.width < self.width);
        let is_other = same * 10 <= after.len()
            && (self.table.whole || after.len() >= 3)
            && (is_table || are_notes);
        let before = self.rows.get(start..at).unwrap_or_default();
        is_other && self.is_even(before) || self.repeats_header(before, at)
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
        if before
            .first()
            .is_some_and(|head| self.table.line(head) == self.table.line(row))
        {
            return true;
        }
        let body = before.get(1..).unwrap_or_default();
        let bodies = Body::of_rows(self.table, body.iter().take(200).copied());
        let (mut names, mut values) = (0, 0);
        let cells = bodies.iter().zip(self.table.texts(row));
        for (_, text) in cells.filter(|(body, _)| body.is_of_values()) {
            names += usize::from(matches!(kind(text), Kind::Word | Kind::Text));
            values += usize::from(kind(text).family().is_value());
        }
        let is_full = row.filled + 1 >= row.width;
        let is_unlike = names > 0 && values == 0 && body.len() >= 2;
        is_full && (is_unlike || self.names_values(at))
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
        (is_table && header::evidence(self.table, head, rest) > 0.3).then_some(at)
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
        let is_said = after.iter().any(|row| self.is_sentence(row));
        let is_clear = (1..=MAX_FOOTNOTES).contains(&notes) && before.len() >= 3 && !is_usual_above;
        (is_clear && is_said && is_apart && self.is_even(before)).then_some(start + at)
    }

    /// A row with text in its first field alone.
    fn is_note(&self, row: &Row) -> bool {
        let is_text_kind =
            |text: &&[u8]| matches!(kind(text), Kind::Text | Kind::Word | Kind::Code);
        let is_text = self.table.texts(row).first().is_some_and(is_text_kind);
        let is_alone = row.width == 1 || (self.width >= 3 && row.filled == 1);
        let is_narrow = self.width >= 4 && row.width * 2 < self.width;
        is_text && (is_alone || is_narrow)
    }

    fn is_sentence(&self, row: &Row) -> bool {
        let line = self.table.line(row).trim_ascii();
        line.len() >= 8 && line.contains(&b' ') || line.starts_with(b"*")
    }
}
