//! A first look at a sheet: which cells have something in them, and what should be said of it.
//!
//! Used before the rows are read. It must never keep more than counts and first places.

use super::{Area, Cells, Result, Step, Value, area};

/// What was seen of a sheet.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// The cells that are read; none where all are empty.
    pub(super) area: Option<Area>,
    /// The first formula without a value among them.
    pub(super) first_missing: Option<(u32, u32)>,
    hidden_rows: u64,
    hidden_columns: Vec<(u32, u32)>,
    merged: u64,
    first_merged: Option<Area>,
    faults: Vec<Fault>,
    /// Cells with several lines.
    with_lines: u64,
    /// Cells outside the range.
    outside: u64,
}

#[derive(Debug)]
struct Fault {
    text: String,
    count: u64,
    first: String,
}

/// The most kinds of errors that are told apart.
const MAX_FAULTS: usize = 16;

/// The most groups of hidden columns that are kept.
const MAX_HIDDEN: usize = 1_024;

impl Survey {
    pub(super) fn of(cells: &mut dyn Cells, range: Option<Area>) -> Result<Self> {
        let mut survey = Self::default();
        let (mut row, mut row_count, mut is_hidden, mut has_content) = (0, 0, false, false);
        loop {
            let step = cells.next()?;
            if matches!(step, Step::Row { .. } | Step::End) && is_hidden && has_content {
                survey.hidden_rows += u64::from(row_count);
            }
            match step {
                Step::Row {
                    row: next,
                    count,
                    is_hidden: hidden,
                } => {
                    (row, row_count, is_hidden, has_content) = (next, count, hidden, false);
                }
                Step::Cell {
                    column,
                    count,
                    value,
                } => {
                    let whole = Area {
                        rows: (row, row + row_count - 1),
                        columns: (column, column + count - 1),
                    };
                    has_content |= survey.cell(whole, range, &value);
                }
                Step::HiddenColumns { first, last } if survey.hidden_columns.len() < MAX_HIDDEN => {
                    survey.hidden_columns.push((first, last));
                }
                Step::Merged(area) if range.is_none_or(|range| clip(range, area).is_some()) => {
                    survey.merged += 1;
                    survey.first_merged.get_or_insert(area);
                }
                Step::HiddenColumns { .. } | Step::Merged(_) | Step::Other => {}
                Step::End => break,
            }
        }
        if let (Some(area), Some(range)) = (&mut survey.area, range) {
            // Who names a range wants all of its columns, and lines are counted from its first row on.
            let (first, last) = range.columns;
            if last < super::MAX_COLUMNS - 1 {
                area.columns = (first, last);
            }
        }
        Ok(survey)
    }

    /// Takes equal cells into account; false where none of them is read.
    fn cell(&mut self, whole: Area, range: Option<Area>, value: &Value) -> bool {
        if *value == Value::Blank {
            return false;
        }
        let Some(area) = range.map_or(Some(whole), |range| clip(range, whole)) else {
            self.outside += size(whole);
            return false;
        };
        self.outside += size(whole) - size(area);
        let (row, column) = (area.rows.0, area.columns.0);
        match value {
            Value::Missing => {
                self.first_missing.get_or_insert((row, column));
            }
            Value::Fault(text) => self.fault(text, size(area), area::cell_name(row, column)),
            Value::Text(text) if text.contains(['\n', '\r']) => self.with_lines += size(area),
            Value::Text(_) | Value::Plain(_) | Value::Blank => {}
        }
        self.area = Some(self.area.map_or(area, |known| known.with(area)));
        true
    }

    fn fault(&mut self, text: &str, count: u64, place: String) {
        if let Some(fault) = self.faults.iter_mut().find(|fault| fault.text == *text) {
            fault.count += count;
        } else if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault {
                text: text.to_owned(),
                count,
                first: place,
            });
        }
    }

    /// What a person should know.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.outside > 0 {
            let are = plural(
                self.outside,
                "cell outside the range is",
                "cells outside the range are",
            );
            notes.push(format!("{are} left out"));
        }
        if self.hidden_rows > 0 {
            let rows = plural(self.hidden_rows, "row is", "rows are");
            notes.push(format!("{rows} hidden, and read like the others"));
        }
        let area = self.area;
        let shown = |(first, last): &(u32, u32)| {
            let (from, to) = area?.columns;
            let (first, last) = ((*first).max(from), (*last).min(to));
            (first <= last).then(|| match first == last {
                true => area::column_name(first),
                false => format!("{}:{}", area::column_name(first), area::column_name(last)),
            })
        };
        let hidden: Vec<_> = self.hidden_columns.iter().filter_map(shown).collect();
        if !hidden.is_empty() {
            notes.push(format!(
                "hidden columns are read like the others: {}",
                hidden.join(", ")
            ));
        }
        if let Some(first) = self.first_merged {
            let areas = plural(self.merged, "merged area", "merged areas");
            notes.push(format!(
                "{areas}, the first {first}: its value stands in its first cell, the others are empty"
            ));
        }
        for Fault { text, count, first } in &self.faults {
            let cells = plural(*count, "cell holds", "cells hold");
            notes.push(format!("{cells} the error `{text}`, first {first}: NULL"));
        }
        if self.with_lines > 0 {
            let cells = plural(self.with_lines, "cell has", "cells have");
            notes.push(format!(
                "{cells} line breaks; below them, numbers of lines are greater than those of rows"
            ));
        }
        notes
    }
}

fn plural(count: u64, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {many}"),
    }
}

fn size(area: Area) -> u64 {
    u64::from(area.rows.1 - area.rows.0 + 1) * u64::from(area.columns.1 - area.columns.0 + 1)
}

/// What two areas have in common.
fn clip(one: Area, other: Area) -> Option<Area> {
    let common = |one: (u32, u32), other: (u32, u32)| (one.0.max(other.0), one.1.min(other.1));
    let area = Area {
        rows: common(one.rows, other.rows),
        columns: common(one.columns, other.columns),
    };
    (area.rows.0 <= area.rows.1 && area.columns.0 <= area.columns.1).then_some(area)
}

/// Whether anything stands in a sheet.
pub(super) fn has_content(cells: &mut dyn Cells) -> Result<bool> {
    loop {
        match cells.next()? {
            Step::Cell { value, .. } if value != Value::Blank => return Ok(true),
            Step::End => return Ok(false),
            _ => {}
        }
    }
}
