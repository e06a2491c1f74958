//! Finds where the table of a file starts and ends: notes, comments, header, footnotes, more tables.
//!
//! `sniff` calls it with the winner's table. It must never cut off rows without clear evidence: a
//! row too many is rejected later and seen, a row too few is not.

mod comment;
mod extent;

pub(super) use comment::leads_comment;

use super::cut::{Mark, Row, Table};
use super::sample::Sample;
use super::{Finding, Hints, header};

/// Where the table is and what its columns are called.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) comment: Finding<Option<Vec<u8>>>,
    pub(super) skip_lines: Finding<u64>,
    pub(super) header_rows: Finding<u8>,
    pub(super) end_line: Finding<Option<u64>>,
    pub(super) lines_after_end: u64,
    pub(super) field_count: Finding<usize>,
    pub(super) names: Vec<String>,
}

/// Finds the first table.
pub(super) fn find(table: &Table<'_>, sample: &Sample<'_>, hints: &Hints) -> Layout {
    let comments = comment::find(table, hints);
    let prefix = comments.prefix.value.as_deref();
    let filled = table
        .rows
        .iter()
        .filter(|row| row.filled > 0)
        .skip(comments.notes);
    let rows: Vec<&Row> = filled.filter(|row| is_data(table, row, prefix)).collect();
    let is_fixed = hints.skip_lines.given().is_some();
    let extent = extent::find(table, &rows, is_fixed);
    let body = rows.get(extent.rows.clone()).unwrap_or_default();
    let decision = header::decide(table, body);
    let header_rows = hints.header_rows.given().copied().unwrap_or(decision.rows);
    let end_line = extent.end_line.map(|line| line + sample.lines_before);
    Layout {
        comment: comments.prefix,
        skip_lines: skip_lines(body, sample, extent.start_confidence),
        header_rows: Finding::found(
            decision.rows,
            decision.confidence,
            Some(u8::from(decision.rows == 0)),
        ),
        end_line: Finding::found(end_line, extent.end_confidence, None),
        lines_after_end: match body.last() {
            Some(last) if end_line.is_some() => sample.lines_from(last.end),
            _ => sample.lines_after,
        },
        field_count: Finding::found(extent.width, extent.width_share, None),
        names: if header_rows == 0 {
            Vec::new()
        } else {
            names(table, body)
        },
    }
}

fn skip_lines(body: &[&Row], sample: &Sample<'_>, confidence: f64) -> Finding<u64> {
    let first = body.first().map_or(1, |row| row.line);
    let other = (first > 1).then_some(sample.lines_before);
    Finding::found(first - 1 + sample.lines_before, confidence, other)
}

/// Whether a filled row is neither a comment, nor a rule between header and rows.
fn is_data(table: &Table<'_>, row: &Row, comment: Option<&[u8]>) -> bool {
    let line = table.line(row);
    let is_rule = || line.len() > 2 && line.iter().all(|byte| b"-=+| \t".contains(byte));
    !comment.is_some_and(|prefix| line.starts_with(prefix)) && !is_rule()
}

/// The fields of the first header row, without their quotes.
fn names(table: &Table<'_>, body: &[&Row]) -> Vec<String> {
    let Some(head) = body.first() else {
        return Vec::new();
    };
    let fields = table.fields(head);
    let name = |field: &super::cut::Field| {
        let text = String::from_utf8_lossy(table.text(field));
        match field.mark {
            Mark::Quoted => text.replace("\"\"", "\""),
            Mark::Plain | Mark::Broken => text.trim().to_owned(),
        }
    };
    fields.iter().map(name).collect()
}
