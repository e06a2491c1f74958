//! What is known of a file, in words.
//!
//! `inspect` and `upload` print it for people. It must never name what is the plain default: what
//! is said is what differs from it.

use sluice_proto::v1::{FileProfile, Finding, ProfileColumn, Workbook};

use super::{Form, Format, form};
use crate::{table::Table, text};

/// How the file was read, where that is not the plain form of a CSV file:
/// `read as windows-1252, delimiter ;, 2 lines skipped`.
pub(crate) fn reading(profile: &FileProfile) -> Option<String> {
    let form = form(profile.dialect.as_ref());
    let kinds = match &profile.workbook {
        Some(workbook) => vec![sheet(workbook)],
        None => kinds(&form),
    };
    let mut parts = [cutting(&form), lines(&form)].concat();
    parts.extend(unsure_header(profile));
    match (kinds.is_empty(), parts.is_empty()) {
        (true, true) => None,
        (true, false) => Some(format!("read with {}", parts.join(", "))),
        (false, _) => Some(format!("read as {}", [kinds, parts].concat().join(", "))),
    }
}

/// A header is said from here on down.
const SURE: f64 = 0.8;

/// A first record that may be none, though it is taken for the header.
fn unsure_header(profile: &FileProfile) -> Option<String> {
    let is_it = |found: &&Finding| found.name == "header_rows" && found.value == "1";
    let found = profile.findings.iter().find(is_it)?;
    (!found.given && found.confidence < SURE).then(|| {
        let sure = found.confidence * 100.0;
        format!("the first record as the header ({sure:.0} % sure; --no-header if it is none)")
    })
}

/// Which part of a workbook: `the sheet Sales of an xlsx workbook (A1:F200)`.
fn sheet(workbook: &Workbook) -> String {
    let Workbook {
        kind, sheet, range, ..
    } = workbook;
    let sheet = text::one_line(sheet);
    let cells = match range.as_str() {
        "" => "empty",
        range => range,
    };
    format!("the sheet {sheet} of an {kind} workbook ({cells})")
}

/// What is to be said of a workbook, a line each.
pub(crate) fn workbook_notes(profile: &FileProfile) -> Vec<String> {
    let notes = profile.workbook.iter().flat_map(|found| &found.notes);
    notes
        .map(|note| format!("  workbook: {}", text::one_line(note)))
        .collect()
}

/// Format, encoding and compression.
fn kinds(form: &Form<'_>) -> Vec<String> {
    let mut kinds = Vec::new();
    if form.format != "csv" {
        kinds.push(form.format.to_uppercase());
    }
    // A byte order mark changes nothing.
    if !["utf-8", "utf-8-bom"].contains(&form.encoding.as_str()) {
        kinds.push(form.encoding.clone());
    }
    if form.compression != "none" {
        kinds.push(form.compression.to_owned());
    }
    kinds
}

/// How records are cut into fields.
fn cutting(form: &Form<'_>) -> Vec<String> {
    let plain = match form.format {
        "tsv" => Form::default_of(Format::Tsv),
        "ndjson" => Form::default_of(Format::Ndjson),
        "workbook" => Form::default_of(Format::Workbook),
        _ => Form::default_of(Format::Csv),
    };
    let marks = [
        ("delimiter", form.delimiter, plain.delimiter),
        ("quote", form.quote, plain.quote),
        ("escape", form.escape, plain.escape),
    ];
    let mut parts = Vec::new();
    for (name, mark, _) in marks.iter().filter(|(_, mark, plain)| mark != plain) {
        parts.push(match mark {
            Some(mark) => format!("{name} {}", text::mark(mark)),
            None => format!("no {name}"),
        });
    }
    if form.skip_initial_space {
        parts.push("spaces after delimiters left out".to_owned());
    }
    if form.row_names {
        parts.push("the first field without a name".to_owned());
    }
    parts
}

/// Which lines are records.
fn lines(form: &Form<'_>) -> Vec<String> {
    let mut parts = Vec::new();
    if form.skip_lines > 0 {
        parts.push(format!(
            "{} skipped",
            text::counted(form.skip_lines, "line")
        ));
    }
    if let Some(comment) = form.comment {
        parts.push(format!("comments after {}", text::mark(comment)));
    }
    match form.header_rows {
        0 if form.format != "ndjson" => parts.push("no header".to_owned()),
        0 | 1 => {}
        rows => parts.push(format!("a header of {rows} records")),
    }
    if let Some(line) = form.end_line {
        parts.push(format!("up to line {}", text::count(line)));
    }
    parts
}

/// How the texts of a column are read, where that is not plain: `NA is NULL, decimal comma`.
pub(crate) fn column_words(column: &ProfileColumn) -> Vec<String> {
    let mut words = Vec::new();
    if !column.null_markers.is_empty() {
        let markers = column.null_markers.iter().map(|marker| text::short(marker));
        let verb = if column.null_markers.len() == 1 {
            "is"
        } else {
            "are"
        };
        words.push(format!(
            "{} {verb} NULL",
            markers.collect::<Vec<_>>().join(", ")
        ));
    }
    if !column.date_format.is_empty() {
        words.push(format!("dates as {}", text::one_line(&column.date_format)));
    }
    if column.decimal_comma {
        words.push("decimal comma".to_owned());
    }
    if let Some(separator) = &column.thousands {
        words.push(format!("thousands separated by {}", text::mark(separator)));
    }
    if let Some(unit) = &column.unit {
        words.push(format!("{} left out", text::one_line(unit)));
    }
    if column.excel_text {
        words.push("=\"text\" is text".to_owned());
    }
    words
}

/// Every finding, with how sure it is and the next best.
pub(crate) fn findings(profile: &FileProfile) -> Table {
    let heading = Table::new().text("found").text("value");
    let mut table = heading.number("sure").text("or");
    for found in &profile.findings {
        let sure = if found.given {
            "given".to_owned()
        } else {
            format!("{:.0} %", found.confidence * 100.0)
        };
        table.row([
            Some(found.name.replace('_', " ")),
            Some(text::mark(&found.value)),
            Some(sure),
            Some(
                found
                    .runner_up
                    .as_deref()
                    .map(text::mark)
                    .unwrap_or_default(),
            ),
        ]);
    }
    table
}
