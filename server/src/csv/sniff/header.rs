//! Decides how many of a table's first rows name its columns.
//!
//! `layout` calls it. It must never go by one column alone when there are more.
//!
//! # How this works
//!
//! Each column says how much the first row differs from what stands below it: a word above numbers
//! speaks for a header, a number above numbers against it; above words it takes length, letter case,
//! repetition and the vocabulary of names (`column`). The mean of the columns, with what the row as
//! a whole says, decides.

mod column;
mod names;
mod types;

use super::cell::{Family, Kind, kind};
use super::cut::{Row, Table};
pub(super) use column::Body;
pub(super) use names::Names;
pub use names::folded_name;
pub use types::is_type;

/// Rows below the first that are compared with it.
const MAX_BODY_ROWS: usize = 150;
/// Rows that name the columns at most.
const MAX_HEADER_ROWS: usize = 3;
/// Columns that are compared.
pub(super) const MAX_COLUMNS: usize = 120;
/// The share of files with a header is far above a half.
const PRIOR: f64 = 0.15;

/// One header row, which says itself that it is one.
const NAMED: Decision = Decision {
    rows: 1,
    confidence: 0.95,
    is_certain: true,
};

/// The confidence in a header without a row below it, in which no word is one that names columns.
pub(super) const GUESS: f64 = 0.6;

/// How many rows name the columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decision {
    pub(super) rows: u8,
    /// From 0 to 1.
    pub(super) confidence: f64,
    /// Whether the rows say themselves that they are names.
    pub(super) is_certain: bool,
}

/// Decides on the rows of a table, which has no other rows among them. A first row that names columns
/// of the table that it is loaded into is the header, whatever stands below it.
pub(super) fn decide(table: &Table<'_>, rows: &[&Row], names: &Names) -> Decision {
    let Some((head, below)) = rows.split_first() else {
        return Decision {
            rows: 0,
            confidence: 0.5,
            is_certain: false,
        };
    };
    let is_named = names.are_in(&table.texts(head));
    let Some((second, rest)) = below.split_first() else {
        return match is_named {
            true => NAMED,
            false => decide_alone(table, head),
        };
    };
    if is_of_types(table, second, rest) {
        return Decision {
            rows: 2,
            confidence: 0.95,
            is_certain: !rest.is_empty(),
        };
    }
    if is_named {
        return NAMED;
    }
    let deep = (2..=MAX_HEADER_ROWS).rev().find_map(|rows| {
        let (names, rest) = below.split_at_checked(rows - 1)?;
        Some((rows, evidence_of_names(table, head, names, rest)?))
    });
    let (rows, evidence) = deep.unwrap_or_else(|| {
        let evidence = evidence(table, head, below);
        (usize::from(evidence > 0.0), evidence)
    });
    Decision {
        rows: u8::try_from(rows).unwrap_or_default(),
        confidence: certainty(evidence),
        is_certain: false,
    }
}

fn certainty(evidence: f64) -> f64 {
    1.0 / (1.0 + (-4.0 * evidence.abs()).exp())
}

/// A single row is a header when nothing in it is a value.
fn decide_alone(table: &Table<'_>, head: &Row) -> Decision {
    let mut names = 0;
    let mut known = 0;
    for text in table.texts(head) {
        match kind(text) {
            Kind::Empty => {}
            Kind::Word | Kind::Code | Kind::Text if text.len() <= 60 => {
                names += 1;
                known += usize::from(super::words::has_name_word(text));
            }
            _ => {
                return Decision {
                    rows: 0,
                    confidence: 0.8,
                    is_certain: false,
                };
            }
        }
    }
    let is_header = !has_duplicates(table, head) && (known > 0 || names > 1);
    Decision {
        rows: u8::from(is_header),
        confidence: if is_header && known > 0 { 0.8 } else { GUESS },
        is_certain: false,
    }
}

/// Above 0: `head` names the columns of `below`.
pub(super) fn evidence(table: &Table<'_>, head: &Row, below: &[&Row]) -> f64 {
    let bodies = Body::of_rows(table, below.iter().take(MAX_BODY_ROWS).copied());
    let mut cells = table.texts(head);
    cells.truncate(MAX_COLUMNS);
    let second = below
        .first()
        .map(|row| table.texts(row))
        .unwrap_or_default();
    let series = if is_count(&second) {
        0
    } else {
        series_length(&cells, &bodies)
    };
    let (mut sum, mut count) = (0.0, 0.0);
    for (at, (cell, body)) in cells.iter().zip(&bodies).enumerate() {
        if at == 0 && cell.is_empty() && body.is_of_values() && cells.len() > 1 {
            sum += 1.0;
            count += 2.0;
        } else if let Some(evidence) = body.evidence(cell, series > 0) {
            let weight = body.weight();
            sum += evidence * weight;
            count += weight;
        }
    }
    if count == 0.0 {
        return -0.05;
    }
    sum / count + PRIOR + row_evidence(table, head, &cells)
}

/// What the first row says as a whole.
fn row_evidence(table: &Table<'_>, head: &Row, cells: &[&[u8]]) -> f64 {
    let mut evidence = 0.0;
    if has_duplicates(table, head) {
        evidence -= 0.3;
    }
    let is_empty = |cell: &&&[u8]| cell.trim_ascii().is_empty();
    let empty = cells.iter().skip(1).filter(is_empty).count();
    if empty * 2 > cells.len() {
        evidence -= 0.2;
    }
    evidence
}

/// Whether a row of names is none by itself, as that of groups: a name is empty or stands twice.
pub(super) fn is_incomplete(table: &Table<'_>, head: &Row) -> bool {
    let is_empty = |cell: &[u8]| cell.trim_ascii().is_empty();
    has_duplicates(table, head) || table.texts(head).into_iter().skip(1).any(is_empty)
}

fn has_duplicates(table: &Table<'_>, row: &Row) -> bool {
    let texts = table
        .texts(row)
        .into_iter()
        .take(MAX_COLUMNS)
        .map(<[u8]>::trim_ascii);
    let mut texts: Vec<&[u8]> = texts.filter(|text| !text.is_empty()).collect();
    texts.sort_unstable();
    texts.windows(2).any(|pair| pair[0] == pair[1])
}

/// How many cells of a first row go up by one step each, as years, numbers or dates of a cross table.
///
/// 0 when they do so below too, or when there are too few of them.
fn series_length(cells: &[&[u8]], bodies: &[Body<'_>]) -> usize {
    let values: Vec<(usize, i64)> = cells
        .iter()
        .enumerate()
        .filter_map(|(at, cell)| {
            Some((
                at,
                std::str::from_utf8(cell.trim_ascii()).ok()?.parse().ok()?,
            ))
        })
        .collect();
    let texts = cells
        .iter()
        .filter(|cell| kind(cell).family() == Family::Text)
        .count();
    let needed = if texts > 0 { 2 } else { 3 };
    let mut steps = values
        .windows(2)
        .map(|pair| pair[1].1.checked_sub(pair[0].1));
    let step = steps.next().flatten();
    let is_series = values.len() >= needed
        && step.is_some_and(|step| step != 0)
        && steps.all(|next| next == step);
    let is_year = values
        .iter()
        .all(|(_, value)| (1800..=2150).contains(value));
    let is_count = values
        .first()
        .is_some_and(|(_, value)| matches!(value, 0 | 1))
        && step == Some(1)
        && values.len() >= 3
        && values.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1);
    let differs = values.iter().any(|(at, value)| {
        bodies
            .get(*at)
            .is_some_and(|body| body.is_unlike_series(*value, is_year))
    });
    if is_series && (is_year || is_count) && differs {
        values.len()
    } else {
        0
    }
}

/// Whether a row counts up by one, from any number.
fn is_count(cells: &[&[u8]]) -> bool {
    let number =
        |cell: &&[u8]| -> Option<i64> { std::str::from_utf8(cell.trim_ascii()).ok()?.parse().ok() };
    let values: Vec<i64> = cells.iter().filter_map(number).collect();
    values.len() >= 3
        && values
            .windows(2)
            .all(|pair| pair[0].checked_add(1) == Some(pair[1]))
}

/// Whether a row has the types of the columns of the rows below it, which themselves are none.
fn is_of_types(table: &Table<'_>, row: &Row, below: &[&Row]) -> bool {
    let bodies = Body::of_rows(table, below.iter().take(MAX_BODY_ROWS).copied());
    types::are_types(&table.texts(row), &bodies)
        && !below
            .first()
            .is_some_and(|next| types::are_types(&table.texts(next), &[]))
}

/// The evidence for more header rows: units, or names below groups.
fn evidence_of_names(table: &Table<'_>, head: &Row, more: &[&Row], rest: &[&Row]) -> Option<f64> {
    if rest.len() < 2 {
        return None;
    }
    let bodies = Body::of_rows(table, rest.iter().take(MAX_BODY_ROWS).copied());
    if !more
        .iter()
        .all(|row| names_values(table, head, row, &bodies))
    {
        return None;
    }
    let above = evidence(table, head, rest);
    (above > 0.0).then_some(above)
}

/// Whether a row below the first one has names, or nothing, above all columns of values.
fn names_values(table: &Table<'_>, head: &Row, second: &Row, bodies: &[Body<'_>]) -> bool {
    if second.width != head.width {
        return false;
    }
    let (mut names, mut values, mut typed) = (0, 0, 0);
    let cells = table.texts(head).into_iter().zip(table.texts(second));
    for ((first, second), body) in cells.zip(bodies) {
        if !body.is_of_values() {
            continue;
        }
        typed += 1;
        let (first, second) = (kind(first), kind(second));
        match (first.family(), second.family()) {
            (Family::Nothing | Family::Text | Family::Code, Family::Text | Family::Code) => {
                names += 1;
            }
            (Family::Nothing | Family::Text | Family::Code, Family::Nothing)
                if second == Kind::Empty => {}
            (Family::Number | Family::Moment, Family::Text) => names += 1,
            _ => values += 1,
        }
    }
    typed > 0 && values == 0 && names * 2 >= typed
}
