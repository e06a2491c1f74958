//! Judges a cell: what Sluice stores must be what the cell means, what it refuses must have the right
//! reason, and what ClickHouse reads exactly must only be refused by a rule that is named here.

mod reasons;

use sluice_server::column::{DataType, Reason};

use super::cells::Sample;
use super::meaning::{Meaning, meaning};
use super::oracle::bytes_of;
use reasons::{reasons, rule};

/// What one cell showed.
#[derive(Debug)]
pub(super) enum Verdict {
    Agree,
    Differ(Difference),
    /// Sluice is wrong, or the difference is not a known one.
    Fault(String),
}

/// One cell that both sides do not treat alike.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) cell: String,
    pub(super) theirs: String,
    pub(super) ours: String,
    pub(super) why: &'static str,
}

impl Difference {
    /// What cells of the same kind have in common.
    pub(super) fn group(&self) -> String {
        let ours = self.ours.strip_prefix(REJECTS).unwrap_or("stores");
        let theirs = if self.theirs == REFUSED {
            REFUSED
        } else {
            "stores"
        };
        format!("{}/{ours}/{theirs}", self.why)
    }
}

/// What ClickHouse does with a cell that it does not store.
pub(super) const REFUSED: &str = "refuses";
/// What stands before the reason for which Sluice refuses a cell.
pub(super) const REJECTS: &str = "rejects: ";
/// What ClickHouse stores for a time without a year.
pub(super) const THIS_YEAR: &str = "a time of this year";
const CHANGED: &str = "ClickHouse would change the value";
const ONLY_SLUICE: &str = "only Sluice reads this form";
const NO_MEANING: &str = "not one of the forms that are read; ClickHouse makes a value of it";
const EXACT: &str = "Sluice stores what the cell means, ClickHouse something else";

const HOURS: &str = "hours and minutes; ClickHouse takes them for minutes and seconds";

/// Judges one cell.
pub(super) fn judge(
    data_type: &DataType,
    cell: &Sample,
    theirs: Option<&str>,
    ours: &Result<String, Reason>,
) -> Verdict {
    let meant = meant(data_type, cell);
    match ours {
        Ok(value) => judge_stored(data_type, cell, meant.as_ref(), theirs, value),
        Err(reason) => judge_refused(data_type, cell, meant.as_ref(), theirs, *reason),
    }
}

/// What a cell means in its column.
fn meant(data_type: &DataType, cell: &Sample) -> Option<Meaning> {
    if is_null(cell) && data_type.is_nullable() {
        return Some(Meaning::Null);
    }
    meaning(data_type, &cell.text)
}

fn is_null(cell: &Sample) -> bool {
    !cell.quoted && (cell.text.is_empty() || cell.text == b"\\N")
}

/// What a stored value means, as ClickHouse shows it.
fn shown(data_type: &DataType, value: &str) -> Option<Meaning> {
    match data_type.inner() {
        _ if value == "NULL" && data_type.is_nullable() => Some(Meaning::Null),
        DataType::String | DataType::FixedString(_) => Some(Meaning::Bytes(bytes_of(value))),
        _ => meaning(data_type, value.as_bytes()),
    }
}

fn is_same(data_type: &DataType, meant: Option<&Meaning>, value: &str) -> bool {
    let shown = shown(data_type, value);
    meant
        .zip(shown.as_ref())
        .is_some_and(|(meant, shown)| meant.is(shown))
}

fn judge_stored(
    data_type: &DataType,
    cell: &Sample,
    meant: Option<&Meaning>,
    theirs: Option<&str>,
    value: &str,
) -> Verdict {
    if !is_same(data_type, meant, value) {
        return Verdict::Fault(format!("means {meant:?}"));
    }
    let why = match theirs {
        Some(theirs) if theirs == value => return Verdict::Agree,
        Some(theirs) if is_same(data_type, meant, theirs) => {
            "a time that was shown twice is the earlier one"
        }
        Some(_) if is_clock_of_two(data_type, &cell.text) => HOURS,
        Some(_) => EXACT,
        None => ONLY_SLUICE,
    };
    Verdict::Differ(difference(
        data_type,
        cell,
        theirs,
        show(data_type, value),
        why,
    ))
}

fn judge_refused(
    data_type: &DataType,
    cell: &Sample,
    meant: Option<&Meaning>,
    theirs: Option<&str>,
    reason: Reason,
) -> Verdict {
    let reasons = reasons(data_type, cell, meant);
    if !reasons.contains(&reason) {
        return Verdict::Fault(format!("expected one of {reasons:?}, means {meant:?}"));
    }
    let Some(stored) = theirs else {
        return Verdict::Agree;
    };
    let trimmed = cell.text.trim_ascii();
    let why = if is_null(cell) {
        "NULL goes only where it may be"
    } else if is_same(data_type, meant, stored) {
        match rule(data_type, cell, reason) {
            Some(rule) => rule,
            None => return Verdict::Fault("ClickHouse reads it exactly".to_owned()),
        }
    } else if trimmed.len() < cell.text.len()
        && is_same(data_type, meaning(data_type, trimmed).as_ref(), stored)
    {
        "white space is part of a cell unless it is to be trimmed"
    } else if meant.is_none() {
        NO_MEANING
    } else {
        CHANGED
    };
    Verdict::Differ(difference(
        data_type,
        cell,
        theirs,
        format!("{REJECTS}{}", reason.as_str()),
        why,
    ))
}

fn difference(
    data_type: &DataType,
    cell: &Sample,
    theirs: Option<&str>,
    ours: String,
    why: &'static str,
) -> Difference {
    Difference {
        cell: cell.shown(),
        theirs: match theirs {
            None => REFUSED.to_owned(),
            Some(_) if is_day_without_year(data_type, &cell.text) => THIS_YEAR.to_owned(),
            Some(value) => show(data_type, value),
        },
        ours,
        why,
    }
}

/// Returns whether a text is two numbers of a time of day.
fn is_clock_of_two(data_type: &DataType, text: &[u8]) -> bool {
    let is_time = matches!(data_type.inner(), DataType::Time | DataType::Time64(_));
    is_time && text.iter().filter(|byte| **byte == b':').count() == 1
}

/// Returns whether ClickHouse takes the year of such a cell from its clock: the table must not.
fn is_day_without_year(data_type: &DataType, text: &[u8]) -> bool {
    let is_date_time = matches!(
        data_type.inner(),
        DataType::DateTime(_) | DataType::DateTime64 { .. }
    );
    let mut numbers = text.split(|byte| !byte.is_ascii_digit());
    let separators = text.iter().filter(|byte| b"./-".contains(byte)).count();
    is_date_time
        && numbers.any(|digits| !digits.is_empty())
        && separators < 2
        && text
            .split(|byte| !byte.is_ascii_digit())
            .all(|digits| digits.len() < 4)
}

/// Writes a stored value for people.
fn show(data_type: &DataType, value: &str) -> String {
    match data_type.inner() {
        DataType::String | DataType::FixedString(_) if value != "NULL" => {
            String::from_utf8_lossy(&bytes_of(value)).into_owned()
        }
        _ => value.split('@').next().unwrap_or_default().to_owned(),
    }
}
