//! Scores each way to write the sample by the table that it gives, and ranks them.
//!
//! `sniff` calls it. It must never look at more than the scored part of the sample.
//!
//! # How this works
//!
//! The score is the product of: how alike the rows are in width (van den Burg, Nazabal and Sutton,
//! "Wrangling messy CSV files by detecting row and type patterns", 2019, have the idea), how clean
//! the cells are and how alike within a column, how usual the delimiter is, and how well the quotes
//! work. A cell that is still full of other delimiters speaks against the cut that made it.

mod cells;

use cells::Cells;

use super::candidates::{self, Candidate};
use super::cut::{Format, Keep, Row, Table, cut};
use super::layout::leads_comment;
use super::sample::Sample;
use super::{Finding, Hints};

/// Rows whose cells are looked at, and cells of each.
const MAX_ROWS: usize = 120;
const MAX_COLUMNS: usize = 64;
const KEEP: Keep = Keep {
    rows: usize::MAX,
    rows_with_fields: MAX_ROWS * 4,
    fields: MAX_COLUMNS,
};
/// What all candidates together may read, and what each may at least.
const BUDGET_BYTES: usize = 2 << 20;
const MIN_SCORED_BYTES: usize = 32 << 10;
/// What a table of one column has for its shape: less than the worst real table of two.
const ONE_COLUMN_SHAPE: f64 = 0.36;
/// The same, when nearly every line is one value, as a date with its time.
const ONE_VALUE_SHAPE: f64 = 0.97;

/// A delimiter that is less sure than this has another one that is as good.
const TIE: f64 = 0.525;

/// A candidate with its score.
#[derive(Debug, Clone)]
pub(super) struct Scored {
    pub(super) format: Format,
    pub(super) score: f64,
    /// Fields between quotes.
    quoted: u32,
    /// Fields in which quotes do not work.
    broken: u32,
    /// Whether all of several lines have the same number of fields, which is more than one.
    is_whole: bool,
}

/// All candidates, the best apart.
#[derive(Debug)]
pub(super) struct Ranking {
    pub(super) best: Scored,
    all: Vec<Scored>,
}

/// Ranks every way to write the sample.
pub(super) fn rank(sample: &Sample<'_>, hints: &Hints) -> Ranking {
    let candidates = candidates::list(sample, hints);
    let is_free = candidates.len() > 1;
    let length = (BUDGET_BYTES / candidates.len().max(1)).max(MIN_SCORED_BYTES);
    let (text, is_short) = match sample.window.split_at_checked(length) {
        Some((start, _)) => (start, true),
        None => (&*sample.window, false),
    };
    let complete = sample.window_complete && !is_short;
    let mut all = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let table = cut(text, complete, &candidate.format, KEEP);
        all.push(Scored {
            score: if is_free {
                score(&table, &candidate)
            } else {
                1.0
            },
            quoted: table.quoted,
            broken: table.broken,
            is_whole: is_whole(&table),
            format: candidate.format,
        });
    }
    let best = all.iter().fold(None::<&Scored>, |best, scored| match best {
        Some(best) if best.score >= scored.score => Some(best),
        _ => Some(scored),
    });
    let best = best.cloned().unwrap_or_else(|| Scored {
        format: Format {
            delimiter: b",".to_vec(),
            collapse: false,
            quote: Some(b'"'),
            escape: None,
            cr_ends: sample.cr_ends,
        },
        score: 0.0,
        quoted: 0,
        broken: 0,
        is_whole: false,
    });
    let best = whole(&best, &all).cloned().unwrap_or(best);
    let best = with_quote(&best, &all).cloned().unwrap_or(best);
    Ranking { best, all }
}

/// A way that parts all lines alike, when the best one is hardly better and leaves some of them out.
fn whole<'s>(best: &Scored, all: &'s [Scored]) -> Option<&'s Scored> {
    let is_near = |scored: &&Scored| scored.is_whole && scored.score > 0.9 * best.score;
    let near = all.iter().filter(is_near).filter(|_| !best.is_whole);
    near.max_by(|left, right| left.score.total_cmp(&right.score))
}

fn is_whole(table: &Table<'_>) -> bool {
    let mut widths = counted(table).map(|row| row.width);
    let first = widths.next().unwrap_or(0);
    let mut others = 0;
    let is_even = widths.all(|width| {
        others += 1;
        width == first
    });
    first > 1 && others > 0 && is_even
}

/// The quote that most of its fields need, when the best way to write the sample has none because
/// a few are damaged.
fn with_quote<'s>(best: &Scored, all: &'s [Scored]) -> Option<&'s Scored> {
    let same = |scored: &&Scored| {
        best.format.quote.is_none()
            && scored.format.quote == Some(b'"')
            && scored.format.delimiter == best.format.delimiter
            && scored.quoted > 2 * scored.broken
            && scored.score > 0.6 * best.score
    };
    all.iter()
        .filter(same)
        .max_by(|left, right| left.score.total_cmp(&right.score))
}

impl Ranking {
    pub(super) fn delimiter(&self) -> Finding<Vec<u8>> {
        let named = |format: &Format| {
            if format.delimiter.is_empty() {
                b",".to_vec()
            } else {
                format.delimiter.clone()
            }
        };
        let value = named(&self.best.format);
        let other = self.best_where(|format| named(format) != value);
        let confidence = self.confidence(other);
        Finding::found(value, confidence, other.map(|other| named(&other.format)))
    }

    pub(super) fn quote(&self) -> Finding<Option<u8>> {
        let best = &self.best.format;
        let other = self
            .best_where(|format| format.delimiter == best.delimiter && format.quote != best.quote);
        let confidence = if self.best.quoted == 0 && best.quote.is_some() {
            0.6
        } else {
            self.confidence(other)
        };
        Finding::found(
            best.quote,
            confidence,
            other.map(|other| other.format.quote),
        )
    }

    pub(super) fn escape(&self) -> Finding<Option<u8>> {
        let best = &self.best.format;
        let other = self.best_where(|format| {
            format.delimiter == best.delimiter
                && format.quote == best.quote
                && format.escape != best.escape
        });
        let confidence = if other.is_none() {
            0.7
        } else {
            self.confidence(other)
        };
        Finding::found(
            best.escape,
            confidence,
            other.map(|other| other.format.escape),
        )
    }

    /// Another delimiter that is as good as the best one.
    pub(super) fn rival(&self) -> Option<&[u8]> {
        let best = &self.best.format.delimiter;
        let other = self.best_where(|format| format.delimiter != *best)?;
        (self.confidence(Some(other)) < TIE).then_some(other.format.delimiter.as_slice())
    }

    fn best_where(&self, is_wanted: impl Fn(&Format) -> bool) -> Option<&Scored> {
        let wanted = self
            .all
            .iter()
            .filter(|scored| scored.score > 0.0 && is_wanted(&scored.format));
        wanted.max_by(|left, right| left.score.total_cmp(&right.score))
    }

    fn confidence(&self, other: Option<&Scored>) -> f64 {
        if self.best.score <= 0.0 {
            return 0.1;
        }
        let ratio = other.map_or(0.0, |other| other.score / self.best.score);
        1.0 - ratio * ratio / 2.0
    }
}

fn score(table: &Table<'_>, candidate: &Candidate) -> f64 {
    let shape = Shape::of(table);
    let Some(mode) = shape.mode else {
        return 0.0;
    };
    let is_one_column = candidate.format.delimiter.is_empty();
    if !is_one_column && mode < 2 && shape.wide_share < 0.5 {
        return shape.value * 0.5 * candidate.prior;
    }
    let cells = Cells::of(table, mode);
    if candidate.is_weak && !is_convincing(&shape, &cells, mode) && !is_enclosed(table, &shape) {
        return 0.0;
    }
    let shape = match is_one_column {
        true if cells.value_lines >= 0.8 => ONE_VALUE_SHAPE,
        true => ONE_COLUMN_SHAPE,
        false => shape.value,
    };
    let cell_value = (0.7 * cells.clean + 0.3 * cells.alike) * (0.4 + 0.6 * table.coverage());
    shape * cell_value * (1.0 - 0.8 * cells.void_columns) * candidate.prior * quote_value(table)
}

/// Whether a symbol that texts have too makes a real table.
fn is_convincing(shape: &Shape, cells: &Cells, mode: usize) -> bool {
    let is_long = mode >= 3 && shape.mode_share >= 0.5 && cells.value_columns > 1;
    let is_even = (shape.mode_share >= 0.8 || is_long) && shape.rows >= 2;
    let is_wide = mode >= 3 && shape.mode_share >= 0.95 && shape.rows >= 5;
    is_even && (cells.value_columns > 0 || is_wide)
}

/// Whether quotes part the fields, so that the symbol does not come from a text.
fn is_enclosed(table: &Table<'_>, shape: &Shape) -> bool {
    let is_even = shape.mode_share >= 0.6 || shape.rows <= 4;
    is_even && table.broken == 0 && table.tight_quotes + table.spaced_quotes >= 2
}

/// What broken quotes take away and working ones add.
fn quote_value(table: &Table<'_>) -> f64 {
    if table.quoted + table.broken == 0 {
        return 1.0;
    }
    let (quoted, broken) = (f64::from(table.quoted), f64::from(table.broken));
    let broken_share = broken / (quoted + broken);
    #[expect(clippy::cast_precision_loss, reason = "a number of rows of a sample")]
    let rows = table.rows.len().max(1) as f64;
    (1.0 - 0.8 * broken_share) * (1.0 + 0.1 * (quoted / rows).min(1.0))
}

/// How alike rows are in width.
struct Shape {
    value: f64,
    /// The usual width; none when there are no rows.
    mode: Option<usize>,
    mode_share: f64,
    /// The share of rows of more than one field.
    wide_share: f64,
    rows: usize,
}

impl Shape {
    fn of(table: &Table<'_>) -> Self {
        let mut widths: Vec<(usize, usize)> = Vec::new();
        let mut sorted: Vec<usize> = counted(table).map(|row| row.width).collect();
        sorted.sort_unstable();
        for same in sorted.chunk_by(|left, right| left == right) {
            widths.push((same.first().copied().unwrap_or(0), same.len()));
        }
        let rows = sorted.len();
        let share = |count: usize| ratio(count, rows);
        let weigh =
            |(width, count): &(usize, usize)| share(*count).powf(1.5) * worth_of_width(*width);
        let mode = widths.iter().max_by_key(|(width, count)| (*count, *width));
        Self {
            value: widths.iter().map(weigh).sum(),
            mode: mode.map(|(width, _)| *width),
            mode_share: mode.map_or(0.0, |(_, count)| share(*count)),
            wide_share: share(sorted.iter().filter(|width| **width > 1).count()),
            rows,
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of rows and fields of a sample"
)]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// More columns are less likely to be alike by chance; one column is no table.
#[expect(clippy::cast_precision_loss, reason = "a number of fields of a sample")]
fn worth_of_width(width: usize) -> f64 {
    if width < 2 {
        0.0
    } else {
        1.0 - 0.7 / width as f64
    }
}

/// The rows that say something of the shape: no rules and comments.
fn counted<'t>(table: &'t Table<'_>) -> impl Iterator<Item = &'t Row> {
    let can_comment = !table.delimiter().starts_with(b"#");
    let is_comment = move |row: &&Row| can_comment && leads_comment(table.line(row));
    let comments = table.rows.iter().filter(&is_comment).count();
    let leading = table.rows.iter().take_while(&is_comment).count();
    let has_comments =
        comments < table.rows.len() && (leading == comments || comments * 2 <= table.rows.len());
    table.rows.iter().filter(move |row| {
        let is_left_out = has_comments && is_comment(row);
        !is_left_out && !is_rule(table.line(row))
    })
}

/// Whether a line only parts a header from the rows, as `-----+----`.
fn is_rule(line: &[u8]) -> bool {
    line.len() > 2 && line.iter().all(|byte| b"-=+| \t:".contains(byte))
}
