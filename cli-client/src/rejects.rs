//! Rejected rows: as JSON, in words, and as a file that can be fixed and loaded again.
//!
//! `upload`, `inspect` and `transfers rejects` show them. It must never keep them all in memory:
//! there may be as many as the file has rows.

mod file;

use serde::Serialize;
use sluice_proto::v1::{CellFault, FaultCount, RejectedRow};

pub(crate) use self::file::{Kept, RejectsFile, Saved, print_csv, print_objects};
use crate::text;

/// What is to be done with rows of which the server could make no CSV.
pub(crate) const RAW_WORDS: &str = "as they stand in the file, without its header: once fixed, load them \
    with the flags of the file and --no-header";

/// Rows that a list for people has at most.
const LIST_ROWS: usize = 5;

/// Cells of a row that a list for people has at most.
const LIST_CELLS: usize = 4;

/// The fields that the server adds to a file of rejected rows, and leaves out when it is loaded.
const PLACE: [&str; 3] = ["_sluice_line", "_sluice_column", "_sluice_reason"];

/// Whether a field is one of those that tell where and why a row was rejected.
pub(crate) fn is_place(field: &str) -> bool {
    PLACE.contains(&field)
}

/// A rejected row as JSON. What is not UTF-8 stands as `�`; the CSV has the bytes themselves.
#[derive(Debug, Serialize)]
pub(crate) struct RejectedObject<'a> {
    line: i64,
    record: i64,
    byte_offset: i64,
    /// None where the record as a whole is at fault.
    column: Option<&'a str>,
    r#type: Option<&'a str>,
    value: String,
    reason: &'a str,
    raw: String,
    more: Vec<CellFaultObject<'a>>,
}

/// A further cell of a rejected row as JSON.
#[derive(Debug, Serialize)]
struct CellFaultObject<'a> {
    column: &'a str,
    r#type: &'a str,
    value: String,
    reason: &'a str,
}

/// How often a column was at fault for a reason, as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct FaultCountObject<'a> {
    /// None where records as a whole are at fault.
    column: Option<&'a str>,
    reason: &'a str,
    count: i64,
}

/// The kinds of faults that a list for people has at most.
const LIST_KINDS: usize = 10;

/// What was wrong with rejected rows, as JSON.
pub(crate) fn fault_counts(counts: &[FaultCount]) -> Vec<FaultCountObject<'_>> {
    let counts = counts.iter().map(|count| FaultCountObject {
        column: Some(count.column.as_str()).filter(|column| !column.is_empty()),
        reason: &count.reason,
        count: count.count,
    });
    counts.collect()
}

/// What was wrong with them in one line; nothing where the list of them says it.
pub(crate) fn kinds(counts: &[FaultCount], listed: i64) -> Option<String> {
    let total: i64 = counts.iter().map(|count| count.count).sum();
    if total <= listed {
        return None;
    }
    let shown = counts.iter().take(LIST_KINDS).map(|count| {
        let column = match count.column.as_str() {
            "" => String::new(),
            column => format!("{} ", text::one_line(column)),
        };
        format!("{column}{} ({})", count.reason, text::count(count.count))
    });
    let more = match counts.len().saturating_sub(LIST_KINDS) {
        0 => "",
        _ => ", …",
    };
    Some(format!(
        "  faults: {}{more}",
        shown.collect::<Vec<_>>().join(", ")
    ))
}

/// Rejected rows as JSON.
pub(crate) fn objects(rows: &[RejectedRow]) -> Vec<RejectedObject<'_>> {
    rows.iter().map(RejectedObject::from).collect()
}

impl<'a> From<&'a RejectedRow> for RejectedObject<'a> {
    fn from(row: &'a RejectedRow) -> Self {
        let given = |text: &'a String| Some(text.as_str()).filter(|text| !text.is_empty());
        Self {
            line: row.line,
            record: row.record,
            byte_offset: row.byte_offset,
            column: given(&row.column),
            r#type: given(&row.r#type),
            value: text::lossy(&row.value).into_owned(),
            reason: &row.reason,
            raw: text::lossy(&row.raw).into_owned(),
            more: row.more.iter().map(CellFaultObject::from).collect(),
        }
    }
}

impl<'a> From<&'a CellFault> for CellFaultObject<'a> {
    fn from(fault: &'a CellFault) -> Self {
        Self {
            column: &fault.column,
            r#type: &fault.r#type,
            value: text::lossy(&fault.value).into_owned(),
            reason: &fault.reason,
        }
    }
}

/// The first of the rejected rows, one line each, and how many more there are of `total`.
pub(crate) fn list(rows: &[RejectedRow], total: i64) -> Vec<String> {
    let shown = rows.iter().take(LIST_ROWS);
    let mut lines: Vec<_> = shown.map(|row| format!("  {}", words(row))).collect();
    let listed = i64::try_from(lines.len()).unwrap_or_default();
    if total > listed {
        lines.push(format!("  … and {} more", text::count(total - listed)));
    }
    lines
}

/// `line 4, column age (UInt8): OVERFLOW "300"`.
fn words(row: &RejectedRow) -> String {
    let line = text::count(row.line);
    if row.column.is_empty() {
        let raw = text::short(&text::lossy(&row.raw));
        return format!("line {line}: {} in \"{raw}\"", row.reason);
    }
    let first = cell(&row.column, &row.r#type, &row.reason, &row.value);
    let more = row.more.iter().take(LIST_CELLS - 1);
    let more = more.map(|fault| cell(&fault.column, &fault.r#type, &fault.reason, &fault.value));
    let cells: Vec<_> = [first].into_iter().chain(more).collect();
    let rest = match (row.more.len() + 1).saturating_sub(LIST_CELLS) {
        0 => String::new(),
        rest => format!(", and {rest} more"),
    };
    format!("line {line}, {}{rest}", cells.join(", "))
}

fn cell(column: &str, data_type: &str, reason: &str, value: &[u8]) -> String {
    format!(
        "column {} ({data_type}): {reason} \"{}\"",
        text::one_line(column),
        text::short(&text::lossy(value))
    )
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;
    use sluice_proto::v1::RejectedRow;

    use super::{list, objects};

    fn cell() -> RejectedRow {
        RejectedRow {
            line: 1_004,
            record: 1_003,
            byte_offset: 9,
            column: "age".to_owned(),
            r#type: "UInt8".to_owned(),
            value: Bytes::from_static(b"3\t0\xff"),
            reason: "OVERFLOW".to_owned(),
            raw: Bytes::from_static(b"a,3\t0\xff"),
            more: Vec::new(),
        }
    }

    fn record() -> RejectedRow {
        RejectedRow {
            line: 2,
            reason: "TOO_FEW_FIELDS".to_owned(),
            raw: Bytes::from_static(b"a"),
            ..RejectedRow::default()
        }
    }

    #[test]
    fn a_row_is_a_line() {
        let lines = list(&[record(), cell()], 2);
        assert_eq!(lines[0], "  line 2: TOO_FEW_FIELDS in \"a\"");
        let cell = "  line 1,004, column age (UInt8): OVERFLOW \"3\\t0\u{fffd}\"";
        assert_eq!(lines[1..], [cell]);
    }

    #[test]
    fn a_list_is_short_and_tells_the_rest() {
        let lines = list(&vec![record(); 100], 1_234);
        assert_eq!(lines.len(), 6);
        assert_eq!(lines[5], "  … and 1,229 more");
        assert!(list(&[], 0).is_empty());
    }

    #[test]
    fn json_says_null_where_the_record_is_at_fault() {
        let rows = [cell(), record()];
        let objects = serde_json::to_value(objects(&rows)).unwrap();
        assert_eq!(
            objects[0],
            json!({"line": 1004, "record": 1003, "byte_offset": 9, "column": "age",
                "type": "UInt8", "value": "3\t0\u{fffd}", "reason": "OVERFLOW",
                "more": [], "raw": "a,3\t0\u{fffd}"})
        );
        assert_eq!(objects[1]["column"], json!(null));
    }
}
