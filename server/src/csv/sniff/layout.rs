//! Finds where the table of a file starts and ends: notes, comments, header, footnotes, more tables.
//!
//! `sniff` calls it with the winner's table. It must never cut off rows without clear evidence: a
//! row too many is rejected later and seen, a row too few is not. Where the caller has said that
//! there is no header, every line is a record.

mod comment;
mod extent;
mod short;

pub(super) use comment::{is_remark, leads_comment, prefix_of as comment_prefix};

use short::Short;

use super::cut::{Mark, Row, Table};
use super::header::Names;
use super::sample::Sample;
use super::{Doubt, Finding, Hints, header};

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
    /// Whether the first column has no name in the header, and those of the rows.
    pub(super) row_names: bool,
    pub(super) doubt: Option<Doubt>,
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
    let names = Names::new(&hints.columns);
    let extent = extent::find(table, &rows, &names, hints);
    let body = rows.get(extent.rows.clone()).unwrap_or_default();
    let decision = header::decide(table, body, &names);
    let header_rows = hints.header_rows.given().copied().unwrap_or(decision.rows);
    let first_line = first_line(table, body, header_rows > 0);
    let end_line = extent.end_line.map(|line| line + sample.lines_before);
    let short = if header_rows == 1 {
        short::find(table, body, extent.width)
    } else {
        None
    };
    Layout {
        comment: comments.prefix,
        skip_lines: if hints.header_rows.given() == Some(&0) {
            // Every line is a record, but for the one that names the delimiter.
            let lines = u64::from(sample.named_delimiter.is_some()) + sample.lines_before;
            Finding::found(lines, 1.0, None)
        } else {
            skip_lines(first_line, sample, extent.start_confidence)
        },
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
        row_names: matches!(short, Some(Short::RowNames)),
        names: if header_rows == 0 {
            Vec::new()
        } else {
            header_names(table, body)
        },
        doubt: extent
            .doubt
            .or_else(|| lone_doubt(body, decision, hints))
            .or_else(|| second_doubt(table, body, decision))
            .or_else(|| lone_name(table, &rows, body, decision))
            .or(match short {
                Some(Short::Unclear(doubt)) => Some(doubt),
                _ => None,
            })
            .map(|doubt| doubt.moved(sample.lines_before)),
    }
}

/// A header that is surer than this shows that what stands above it is a note.
const SURE_HEADER: f64 = 0.8;

/// The longest word that is taken for the name of a column.
const MAX_NAME_BYTES: usize = 64;

/// The doubt about the only row of a file that makes its own table: its names, or its record.
fn lone_doubt(body: &[&Row], decision: header::Decision, hints: &Hints) -> Option<Doubt> {
    match body {
        [row]
            if decision.rows > 0
                && decision.confidence <= header::GUESS
                && hints.columns.is_empty() =>
        {
            Some(Doubt::LoneRow { line: row.line })
        }
        _ => None,
    }
}

/// The doubt about a word right above records, where no header that is certain stands below it.
fn lone_name(
    table: &Table<'_>,
    rows: &[&Row],
    body: &[&Row],
    decision: header::Decision,
) -> Option<Doubt> {
    let ([name, ..], [first, ..]) = (rows, body) else {
        return None;
    };
    let is_right_above = name.width == 1 && name.line + 1 == first.line;
    let is_doubtful = decision.rows == 0 || decision.confidence < SURE_HEADER;
    let text = table.texts(name).first().copied().unwrap_or_default();
    let text = text.trim_ascii();
    let is_word = text.len() <= MAX_NAME_BYTES
        && !text
            .iter()
            .any(|byte| byte.is_ascii_whitespace() || *byte == b':');
    (is_right_above && is_doubtful && is_word && first.width > 1)
        .then_some(Doubt::LoneName { line: name.line })
}

/// The doubt about a second row of names, where those of the first one are whole without.
fn second_doubt(table: &Table<'_>, body: &[&Row], decision: header::Decision) -> Option<Doubt> {
    let (head, second) = (body.first()?, body.get(1)?);
    (decision.rows > 1 && !decision.is_certain && !header::is_incomplete(table, head))
        .then_some(Doubt::SecondHeader { line: second.line })
}

fn skip_lines(first: u64, sample: &Sample<'_>, confidence: f64) -> Finding<u64> {
    let other = (first > 1).then_some(sample.lines_before);
    Finding::found(first - 1 + sample.lines_before, confidence, other)
}

/// The line of the first record. Without a header the empty ones above it, of as many fields, are
/// records too.
fn first_line(table: &Table<'_>, body: &[&Row], has_header: bool) -> u64 {
    let Some(first) = body.first() else {
        return 1;
    };
    let above = table.rows.partition_point(|row| row.line < first.line);
    let above = table.rows.get(..above).unwrap_or_default().iter().rev();
    let empty = above.take_while(|row| !has_header && row.filled == 0 && row.width == first.width);
    empty.last().map_or(first.line, |row| row.line)
}

/// Whether a filled row is neither a comment, nor a rule between header and rows.
fn is_data(table: &Table<'_>, row: &Row, comment: Option<&[u8]>) -> bool {
    let line = table.line(row);
    !comment.is_some_and(|prefix| line.starts_with(prefix))
        && !comment::is_rule(line, table.delimiter())
}

/// The fields of the first header row, without their quotes.
fn header_names(table: &Table<'_>, body: &[&Row]) -> Vec<String> {
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
