//! Finds the first and the last row of the first table, and its width.
//!
//! `layout` calls it with the rows that hold data. It must never end a table because single rows
//! are odd, nor leave out a row that can be a record: what has a delimiter and more than its first
//! field filled is one, however many fields it has.

mod end;
mod start;

use std::ops::Range;

use super::super::cell::{Kind, kind};
use super::super::cut::{Row, Table};
use super::super::header::{self, Names};
use super::super::{Doubt, Hints};

/// The evidence from which on a row is beyond doubt the header, though it has another number of
/// fields than those below.
const CLEAR_HEADER: f64 = 0.3;
/// Rows that are looked at for spaces behind their delimiters.
const PROSE_ROWS: usize = 50;
/// The evidence below which it is beyond doubt none.
const CLEAR_RECORD: f64 = -0.1;

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
    /// Why its first row may be another one.
    pub(super) doubt: Option<Doubt>,
}

/// Finds the first table. Where the caller has said that lines are skipped, or that every line is a
/// record, its first row is the first one.
pub(super) fn find(table: &Table<'_>, rows: &[&Row], names: &Names, hints: &Hints) -> Extent {
    let usual = usual_width(rows, hints.columns.len());
    let is_headless = hints.header_rows.given() == Some(&0);
    let is_fixed = is_headless || hints.skip_lines.given().is_some();
    let look = |width: usize| {
        let finder = Finder::new(table, rows, names, width);
        let (start, doubt) = match is_fixed {
            true => (0, None),
            false => finder.start(),
        };
        let end = match is_headless {
            true => None,
            false => finder.end(start),
        };
        (width, start, doubt, end)
    };
    let (width, start, doubt, end) = first_run(table, rows, usual)
        .map(look)
        .filter(|(_, _, _, end)| end.is_some())
        .unwrap_or_else(|| look(usual));
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
        doubt,
    }
}

/// The width of most rows of more than one field, when there are any; where two widths are as common,
/// that of the table that the file is loaded into, which has so many columns.
fn usual_width(rows: &[&Row], column_count: usize) -> usize {
    let mut widths: Vec<usize> = rows.iter().map(|row| row.width).collect();
    widths.sort_unstable();
    let is_wide = widths.last().is_some_and(|width| *width > 1);
    let runs = widths.chunk_by(|left, right| left == right);
    let runs = runs.filter(|run| !is_wide || run.first() > Some(&1));
    let most = runs.max_by_key(|run| {
        let width = run.first().copied();
        (run.len(), width == Some(column_count), width)
    });
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
    names: &'t Names,
    width: usize,
    /// How many fields of a row are filled in most rows.
    usual_filled: usize,
}

impl<'a, 't> Finder<'a, 't> {
    fn new(table: &'t Table<'a>, rows: &'t [&'t Row], names: &'t Names, width: usize) -> Self {
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
            names,
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

    /// Whether a row cannot be a record: it has no delimiter, or nothing but its first field.
    fn is_no_record(&self, row: &Row) -> bool {
        row.width == 1 || (row.filled == 1 && self.first_kind(row) != Kind::Empty)
    }

    /// Whether what cuts a row are the commas of a sentence, which spaces follow, in a table in which
    /// none do.
    fn is_prose(&self, row: &Row) -> bool {
        let begins_spaced = |field: &&[u8]| field.starts_with(b" ");
        let is_tight = |row: &Row| !self.table.texts(row).iter().skip(1).any(begins_spaced);
        let mut fields = self.table.texts(row).into_iter();
        let is_text = matches!(fields.next().map(kind), Some(Kind::Text | Kind::Word));
        let even = || self.rows.iter().filter(|row| row.width == self.width);
        is_text
            && row.width < self.width
            && fields.all(|field| begins_spaced(&field))
            && even().take(PROSE_ROWS).all(|row| is_tight(row))
    }

    /// What the first field of a row looks like.
    fn first_kind(&self, row: &Row) -> Kind {
        let texts = self.table.texts(row);
        texts.first().map_or(Kind::Empty, |text| kind(text))
    }
}
