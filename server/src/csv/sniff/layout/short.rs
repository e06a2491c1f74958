//! A header with fewer names than the records have fields.
//!
//! `layout` asks for it. It must never say which field has no name where two readings are as good.

use super::super::Doubt;
use super::super::cut::{Field, Mark, Row, Table};

/// Rows that are looked at.
const MAX_ROWS: usize = 200;

/// What a short header is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Short {
    /// The first column has the names of the rows, and none of its own: what R writes.
    RowNames,
    /// Nobody can tell which fields the names are of.
    Unclear(Doubt),
}

/// What the header of a table is, if it has fewer fields than the rows below it. Fields that are always empty are none:
/// each record ends with a delimiter.
pub(super) fn find(table: &Table<'_>, body: &[&Row], width: usize) -> Option<Short> {
    let (head, rows) = body.split_first()?;
    if head.width >= width {
        return None;
    }
    let rows: Vec<_> = rows
        .iter()
        .filter(|row| row.width == width)
        .take(MAX_ROWS)
        .collect();
    let is_surplus_empty = |row: &&&Row| {
        let texts = table.texts(row);
        let surplus = texts.get(head.width..).unwrap_or_default();
        surplus.iter().all(|text| text.trim_ascii().is_empty())
    };
    if rows.iter().all(is_surplus_empty) {
        return None;
    }
    let first: Option<Vec<Field>> = rows
        .iter()
        .map(|row| table.fields(row).first().copied())
        .collect();
    if head.width + 1 == width && are_row_names(table, &first?) {
        return Some(Short::RowNames);
    }
    Some(Short::Unclear(Doubt::ShortHeader {
        line: head.line,
        names: head.width,
        fields: width,
    }))
}

/// Whether the fields are names of rows: each another one, and all in quotes; or they count the rows. What counts them
/// without quotes before a comma can be the whole part of a decimal number.
fn are_row_names(table: &Table<'_>, fields: &[Field]) -> bool {
    let texts: Vec<&[u8]> = fields
        .iter()
        .map(|field| table.text(field).trim_ascii())
        .collect();
    let numbers: Option<Vec<u64>> = texts
        .iter()
        .map(|text| std::str::from_utf8(text).ok()?.parse().ok())
        .collect();
    let is_quoted = |field: &Field| field.mark == Mark::Quoted;
    if let Some(numbers) = numbers {
        if table.format.delimiter == b"," && !fields.iter().all(is_quoted) {
            return false;
        }
        let begins = numbers.first().is_some_and(|first| *first <= 1);
        return begins && numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]);
    }
    let mut sorted = texts.clone();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.len() == texts.len()
        && texts.iter().all(|text| !text.is_empty())
        && fields.iter().all(is_quoted)
}
