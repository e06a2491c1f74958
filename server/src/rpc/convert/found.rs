//! What was found in a file, and what became of it, as the contract says it.
//!
//! Part of `rpc::convert`.

use sluice_proto::v1 as pb;

use super::{signed, status, transfer};
use crate::{
    codec::{Compression, Workbook},
    column::rules::ExcelText,
    csv::{
        self, LeftOut, Tally,
        sniff::{Finding, Sniffed, Terminator},
    },
    journal::{FaultRow, RejectedRow},
    transfer::{
        ColumnMatch, Format, MatchKind, Transfer,
        cut::Cut,
        inspect::Inspection,
        profile::{FoundColumn, Profile},
        rejects::FaultCounts,
        upload::{FileAccount, UploadOutcome},
    },
};

pub(in crate::rpc) fn upload_response(
    upload: &Transfer,
    outcome: &UploadOutcome,
) -> pb::UploadResponse {
    let columns = outcome.columns.iter().cloned();
    let rejected = outcome.rejected.iter().cloned();
    let after = outcome.account.as_ref().map(|found| &found.account.after);
    pb::UploadResponse {
        transfer: Some(transfer(upload.snapshot())),
        columns: columns.map(column_match).collect(),
        create_statement: outcome.create_statement.clone().unwrap_or_default(),
        profile: outcome.profile.as_ref().map(profile),
        rejected_rows: rejected.map(rejected_row).collect(),
        ignored_lines: signed(after.map_or(0, |after| after.tally().lines)),
        replayed: outcome.replayed,
        account: outcome.account.as_ref().map(file_account),
        fault_counts: fault_counts(&outcome.faults),
    }
}

fn fault_counts(counts: &FaultCounts) -> Vec<pb::FaultCount> {
    let counts = counts.by_frequency().into_iter();
    let counts = counts.map(|(column, reason, count)| pb::FaultCount {
        column: column.to_owned(),
        reason: reason.to_owned(),
        count: signed(count),
    });
    counts.collect()
}

fn file_account(found: &FileAccount) -> pb::FileAccount {
    let FileAccount { account, rejected } = found;
    let loaded = Tally {
        lines: account.records.lines - rejected.lines,
        bytes: account.records.bytes - rejected.bytes,
    };
    pb::FileAccount {
        text_bytes: signed(account.bytes()),
        header: Some(line_count(account.header)),
        loaded: Some(line_count(loaded)),
        rejected: Some(line_count(*rejected)),
        blank: Some(line_count(account.blank)),
        comments: Some(left_out(&account.comments)),
        before: Some(left_out(&account.before)),
        after: Some(left_out(&account.after)),
    }
}

fn line_count(tally: Tally) -> pb::LineCount {
    pb::LineCount {
        lines: signed(tally.lines),
        bytes: signed(tally.bytes),
        examples: Vec::new(),
    }
}

fn left_out(lines: &LeftOut) -> pb::LineCount {
    let examples = lines.examples().iter();
    pb::LineCount {
        examples: examples.map(|line| line.clone().into()).collect(),
        ..line_count(lines.tally())
    }
}

pub(in crate::rpc) fn inspect_response(inspection: Inspection) -> pb::InspectFileResponse {
    let trial = inspection.trial.unwrap_or_default();
    let rows = inspection.rows.into_iter().map(|cells| pb::Row {
        cells: cells.into_iter().map(|text| pb::Cell { text }).collect(),
    });
    pb::InspectFileResponse {
        profile: Some(profile(&inspection.profile)),
        rows: rows.collect(),
        create_statement: inspection.create_statement,
        sorting_key_reason: inspection.key_reason,
        matches: trial.matches.into_iter().map(column_match).collect(),
        rows_tried: signed(trial.rows_tried),
        rows_rejected: signed(trial.rows_rejected),
        rejected_rows: trial.rejected.into_iter().map(rejected_row).collect(),
        error: trial.error.as_ref().map(status::transfer_error),
    }
}

pub(in crate::rpc) fn rejected_row(row: RejectedRow) -> pb::RejectedRow {
    pb::RejectedRow {
        line: signed(row.line),
        record: signed(row.record),
        byte_offset: signed(row.byte_offset),
        column: row.column,
        r#type: row.r#type,
        value: row.value.into(),
        reason: row.reason,
        raw: row.raw.into(),
        more: row.more.into_iter().map(cell_fault).collect(),
    }
}

fn cell_fault((column, data_type, value, reason): FaultRow) -> pb::CellFault {
    pb::CellFault {
        column,
        r#type: data_type,
        value: value.into_vec().into(),
        reason,
    }
}

fn column_match(matched: ColumnMatch) -> pb::ColumnMatch {
    let ColumnMatch {
        column,
        data_type,
        source,
        kind,
    } = matched;
    let kind = match kind {
        MatchKind::Exact => pb::MatchKind::Exact,
        MatchKind::CaseDiffers => pb::MatchKind::CaseDiffers,
        MatchKind::Position => pb::MatchKind::Position,
        MatchKind::Selected => pb::MatchKind::Selected,
        MatchKind::Default => pb::MatchKind::Default,
        MatchKind::Missing => pb::MatchKind::Missing,
        MatchKind::Extra => pb::MatchKind::Extra,
    };
    pb::ColumnMatch {
        column,
        r#type: data_type,
        source,
        kind: kind.into(),
    }
}

fn profile(profile: &Profile) -> pb::FileProfile {
    let trailing_lines = profile
        .sniffed
        .as_ref()
        .map_or(0, |sniffed| sniffed.lines_after_end);
    pb::FileProfile {
        dialect: Some(dialect(profile)),
        findings: findings(profile),
        columns: profile.columns.iter().map(column).collect(),
        sample_bytes: i64::try_from(profile.sample_bytes).unwrap_or(i64::MAX),
        trailing_lines: signed(trailing_lines),
        workbook: profile.workbook.as_ref().map(workbook),
    }
}

fn workbook(found: &Workbook) -> pb::Workbook {
    let sheets = found.sheets.iter().map(|sheet| pb::Sheet {
        name: sheet.name.clone(),
        hidden: sheet.is_hidden,
    });
    pb::Workbook {
        kind: found.kind.to_owned(),
        sheets: sheets.collect(),
        sheet: found.sheet_name().to_owned(),
        range: range_text(found),
        notes: found.notes.clone(),
    }
}

fn range_text(found: &Workbook) -> String {
    found.area.map(|area| area.to_string()).unwrap_or_default()
}

fn given(is_given: bool, text: String) -> String {
    if is_given { text } else { String::new() }
}

/// The dialect of a sheet: what a workbook leaves to be found.
fn sheet_dialect(found: &Workbook, cut: &csv::Dialect, profile: &Profile) -> pb::Dialect {
    pb::Dialect {
        format: pb::Format::Workbook.into(),
        // What the caller has said; a file is read in the same way once more where nothing was.
        sheet: given(found.is_sheet_given, found.sheet_name().to_owned()),
        range: given(found.is_range_given, range_text(found)),
        header_rows: Some(cut.header_rows().into()),
        skip_lines: Some(cut.skip_lines().into()),
        end_line: cut.end_line().map(signed),
        row_names: Some(profile.has_row_names),
        ..pb::Dialect::default()
    }
}

fn dialect(profile: &Profile) -> pb::Dialect {
    if let (Some(found), Cut::Delimited(cut)) = (&profile.workbook, &profile.cut) {
        return sheet_dialect(found, cut, profile);
    }

    let format = match profile.format.value {
        Format::Csv => pb::Format::Csv,
        Format::Tsv => pb::Format::Tsv,
        Format::Ndjson => pb::Format::Ndjson,
    };
    let compression = match profile.compression {
        None | Some(Compression::None | Compression::Workbook) => pb::Compression::None,
        Some(Compression::Gzip) => pb::Compression::Gzip,
        Some(Compression::Zstd) => pb::Compression::Zstd,
        Some(Compression::Bzip2) => pb::Compression::Bzip2,
        Some(Compression::Xz) => pb::Compression::Xz,
        Some(Compression::Zip) => pb::Compression::Zip,
    };
    let mut dialect = pb::Dialect {
        format: format.into(),
        compression: compression.into(),
        encoding: profile
            .encoding
            .map(|found| found.encoding.to_string())
            .unwrap_or_default(),
        ..pb::Dialect::default()
    };
    if let Cut::Delimited(cut) = &profile.cut {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        dialect.delimiter = Some(text(cut.delimiter()));
        dialect.quote = Some(text(cut.quote().as_slice()));
        dialect.header_rows = Some(cut.header_rows().into());
        dialect.escape = Some(text(cut.escape().as_slice()));
        dialect.comment = Some(text(cut.comment().unwrap_or_default()));
        dialect.skip_lines = Some(cut.skip_lines().into());
        dialect.skip_initial_space = Some(cut.skip_initial_space());
        dialect.end_line = cut.end_line().map(signed);
        dialect.row_names = Some(profile.has_row_names);
    }
    dialect
}

fn findings(profile: &Profile) -> Vec<pb::Finding> {
    if let Some(found) = &profile.workbook {
        return sheet_findings(found, profile);
    }
    let mut findings = vec![finding("format", &profile.format, |format| {
        format.name().to_owned()
    })];
    if let Some(compression) = profile.compression {
        findings.push(pb::Finding {
            name: "compression".to_owned(),
            value: compression_name(compression).to_owned(),
            confidence: 1.0,
            runner_up: None,
            given: profile.compression_given,
        });
    }
    if let Some(found) = profile.encoding {
        findings.push(pb::Finding {
            name: "encoding".to_owned(),
            value: found.encoding.to_string(),
            confidence: found.confidence,
            runner_up: found.runner_up.map(|encoding| encoding.to_string()),
            given: found.given,
        });
    }
    if let Some(sniffed) = &profile.sniffed {
        findings.extend(dialect_findings(sniffed));
    }
    findings
}

/// What was found of a sheet; the rest of its dialect says nothing of the file.
fn sheet_findings(found: &Workbook, profile: &Profile) -> Vec<pb::Finding> {
    let own = |name: &str, value: &str, given: bool| pb::Finding {
        name: name.to_owned(),
        value: value.to_owned(),
        confidence: 1.0,
        runner_up: None,
        given,
    };
    let of_sheet = ["skip_lines", "header_rows", "row_names", "end_line"];
    let sniffed = profile.sniffed.iter().flat_map(dialect_findings);
    let mut findings = vec![
        own("format", "workbook", profile.compression_given),
        own("sheet", found.sheet_name(), found.is_sheet_given),
        own("range", &range_text(found), found.is_range_given),
    ];
    findings.extend(sniffed.filter(|finding| of_sheet.contains(&finding.name.as_str())));
    findings
}

fn dialect_findings(sniffed: &Sniffed) -> [pb::Finding; 10] {
    let bytes = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
    let byte = |byte: &Option<u8>| String::from_utf8_lossy(byte.as_slice()).into_owned();
    [
        finding("delimiter", &sniffed.delimiter, bytes),
        finding("quote", &sniffed.quote, byte),
        finding("escape", &sniffed.escape, byte),
        finding("comment", &sniffed.comment, |comment| {
            comment.as_ref().map(bytes).unwrap_or_default()
        }),
        finding("skip_lines", &sniffed.skip_lines, u64::to_string),
        finding("header_rows", &sniffed.header_rows, u8::to_string),
        finding(
            "skip_initial_space",
            &sniffed.skip_initial_space,
            bool::to_string,
        ),
        finding("row_names", &sniffed.row_names, bool::to_string),
        finding("end_line", &sniffed.end_line, |line| {
            line.map(|line| line.to_string()).unwrap_or_default()
        }),
        finding("line_end", &sniffed.terminator, |terminator| {
            terminator_name(*terminator)
        }),
    ]
}

fn finding<T>(name: &str, found: &Finding<T>, text: impl Fn(&T) -> String) -> pb::Finding {
    pb::Finding {
        name: name.to_owned(),
        value: text(&found.value),
        confidence: found.confidence,
        runner_up: found.runner_up.as_ref().map(text),
        given: found.given,
    }
}

const fn compression_name(compression: Compression) -> &'static str {
    match compression {
        Compression::None => "none",
        Compression::Gzip => "gzip",
        Compression::Zstd => "zstd",
        Compression::Bzip2 => "bzip2",
        Compression::Xz => "xz",
        Compression::Zip => "zip",
        Compression::Workbook => "workbook",
    }
}

fn terminator_name(terminator: Terminator) -> String {
    let name = match terminator {
        Terminator::Lf => "lf",
        Terminator::CrLf => "crlf",
        Terminator::Cr => "cr",
        Terminator::Mixed => "mixed",
    };
    name.to_owned()
}

fn column(column: &FoundColumn) -> pb::ProfileColumn {
    let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
    let inferred = &column.inferred;
    let rules = &inferred.rules.found_for(&inferred.data_type);
    let name_note = column.name.why.map(|why| why.to_string());
    let notes = inferred.notes.iter().map(ToString::to_string);
    pb::ProfileColumn {
        name: column.name.name.clone(),
        original_name: column.name.why.map(|_| text(&column.name.original)),
        r#type: inferred.data_type.to_string(),
        null_markers: rules.null_markers.iter().map(text).collect(),
        date_format: rules
            .date_format
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        decimal_comma: rules.decimal_comma == Some(true),
        notes: name_note.into_iter().chain(notes).collect(),
        thousands: rules.thousands.map(|thousands| thousands.to_string()),
        unit: rules.unit.as_ref().map(text),
        excel_text: matches!(rules.excel_text, Some(ExcelText::Unquoted | ExcelText::All)),
    }
}
