//! An inspection for people.
//!
//! Printed by `inspect`. It must never hide a doubt: every finding stands with how sure it is.

use std::io::{self, Write};

use sluice_proto::v1::{ColumnMatch, FileProfile, InspectFileResponse, MatchKind, TransferError};

use super::Object;
use crate::{profile, rejects, table::Table, text};

/// Writes findings, columns, rows, and how they fit the table.
pub(super) fn write(
    object: &Object<'_>,
    response: &InspectFileResponse,
    out: &mut dyn Write,
) -> io::Result<()> {
    let profile = response.profile.clone().unwrap_or_default();
    let bytes = u64::try_from(profile.sample_bytes).unwrap_or_default();
    let part = if object.complete {
        "the whole file"
    } else {
        "the beginning of the file"
    };
    writeln!(out, "looked at {} of text, {part}", text::size(bytes))?;
    if let Some(reading) = profile::reading(&profile) {
        writeln!(out, "{reading}")?;
    }
    for note in profile::workbook_notes(&profile) {
        writeln!(out, "{note}")?;
    }
    if profile.trailing_lines > 0 {
        let lines = text::counted(profile.trailing_lines, "line");
        writeln!(out, "{lines} after the end of the table would be left out")?;
    }
    writeln!(out)?;
    profile::findings(&profile).write(out)?;
    writeln!(out)?;
    columns(&profile).write(out)?;
    if !object.rows.is_empty() {
        writeln!(out)?;
        rows(object, &profile).write(out)?;
    }
    writeln!(out)?;
    match object.table {
        Some(table) => trial(table, object, response, out),
        None => statement(object, out),
    }
}

/// The columns with their types and what is to be said of them.
fn columns(profile: &FileProfile) -> Table {
    let mut table = Table::new().text("column").text("type").text("notes");
    for column in &profile.columns {
        let mut notes = profile::column_words(column);
        if let Some(original) = &column.original_name {
            notes.push(format!("in the file \"{}\"", text::short(original)));
        }
        notes.extend(column.notes.iter().cloned());
        table.row([
            Some(column.name.clone()),
            Some(column.r#type.clone()),
            Some(notes.join("; ")),
        ]);
    }
    table
}

/// The first rows.
fn rows(object: &Object<'_>, profile: &FileProfile) -> Table {
    let columns = profile.columns.iter();
    let mut table = columns.fold(Table::new(), |table, column| {
        table.column(&column.name, &column.r#type)
    });
    for row in &object.rows {
        table.row(row.iter().map(|cell| cell.map(str::to_owned)));
    }
    table
}

/// How the file fits the table.
fn trial(
    table: &str,
    object: &Object<'_>,
    response: &InspectFileResponse,
    out: &mut dyn Write,
) -> io::Result<()> {
    if !response.matches.is_empty() {
        matches(table, &response.matches).write(out)?;
        writeln!(out)?;
    }
    // What is said of these two below says more; but for a table that the user may not see.
    let is_told = |error: &TransferError| {
        ["TABLE_NOT_FOUND", "UNMATCHED_COLUMN"].contains(&error.reason.as_str())
            && !error.metadata.contains_key("grants")
    };
    let error = response.error.as_ref();
    if let Some(error) = error.filter(|error| !is_told(error)) {
        let message = text::one_line(&error.message);
        let reason = &error.reason;
        return writeln!(
            out,
            "it cannot be loaded into {table}: {message} ({reason})"
        );
    }
    if response.matches.is_empty() {
        writeln!(
            out,
            "there is no table {table}; `upload --create` would make it:"
        )?;
        return statement(object, out);
    }
    let extra = response.matches.iter();
    let extra = extra.filter(|found| found.kind() == MatchKind::Extra);
    let extra = extra.filter_map(|found| found.source.as_deref());
    let extra: Vec<_> = extra.filter(|field| !rejects::is_place(field)).collect();
    if !extra.is_empty() {
        let fields = text::one_line(&extra.join(", "));
        writeln!(
            out,
            "not in {table}: {fields}; an upload refuses them unless --ignore-extra or --columns \
             leaves them out"
        )?;
    }
    let tried = text::rows(object.rows_tried);
    if object.rows_rejected == 0 {
        return writeln!(out, "tried {tried}: every one fits {table}");
    }
    let rejected = text::count(object.rows_rejected);
    writeln!(out, "tried {tried}: {table} would reject {rejected}")?;
    let lines = rejects::list(&response.rejected_rows, object.rows_rejected);
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}

/// Column by column, with the field that it takes.
fn matches(table: &str, matches: &[ColumnMatch]) -> Table {
    let heading = Table::new().text(&format!("column of {table}"));
    let mut table = heading.text("type").text("field").text("match");
    for found in matches {
        let words = match found.kind() {
            MatchKind::Unspecified => "",
            MatchKind::Exact => "same name",
            MatchKind::CaseDiffers => "same name but for case",
            MatchKind::Position => "by position",
            MatchKind::Selected => "chosen",
            MatchKind::Default => "not in the file, takes its DEFAULT",
            MatchKind::Missing => "not in the file, empty",
            MatchKind::Extra => "not in the table",
        };
        table.row([
            Some(found.column.clone()),
            Some(found.r#type.clone()),
            Some(found.source.clone().unwrap_or_default()),
            Some(words.to_owned()),
        ]);
    }
    table
}

/// The table that `upload --create` would make.
fn statement(object: &Object<'_>, out: &mut dyn Write) -> io::Result<()> {
    if object.create_statement.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", object.create_statement)?;
    if !object.sorting_key_reason.is_empty() {
        writeln!(
            out,
            "-- sorting key: {}",
            text::one_line(object.sorting_key_reason)
        )?;
    }
    Ok(())
}
