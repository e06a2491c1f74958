//! Profiles as JSON and in words.

use serde_json::json;
use sluice_proto::v1::{
    Compression, Dialect, FileProfile, Finding, Format, ProfileColumn, Sheet, Workbook,
};

use super::{column_words, object, reading, workbook_notes};

fn profile(dialect: Dialect) -> FileProfile {
    FileProfile {
        dialect: Some(dialect),
        ..FileProfile::default()
    }
}

fn odd() -> Dialect {
    Dialect {
        format: Format::Csv.into(),
        delimiter: Some(";".to_owned()),
        quote: Some(String::new()),
        header_rows: Some(2),
        escape: Some("\\".to_owned()),
        comment: Some("#".to_owned()),
        skip_lines: Some(1),
        skip_initial_space: Some(true),
        row_names: Some(true),
        end_line: Some(1_200),
        encoding: "Windows-1252".to_owned(),
        compression: Compression::Gzip.into(),
        ..Dialect::default()
    }
}

#[test]
fn a_workbook_is_told_with_what_is_to_be_said_of_it() {
    let sheet = |name: &str, hidden| Sheet {
        name: name.to_owned(),
        hidden,
    };
    let mut file = profile(Dialect {
        format: Format::Workbook.into(),
        skip_lines: Some(3),
        ..Dialect::default()
    });
    file.workbook = Some(Workbook {
        kind: "ods".to_owned(),
        sheets: vec![sheet("May", false), sheet("Old", true)],
        sheet: "May".to_owned(),
        range: "A1:F200".to_owned(),
        notes: vec!["one".to_owned(), "two".to_owned()],
    });
    let words = "read as the sheet May of an ods workbook (A1:F200), 3 lines skipped";
    assert_eq!(reading(&file).as_deref(), Some(words));
    assert_eq!(
        workbook_notes(&file),
        ["  workbook: one", "  workbook: two"]
    );
    let sheets = json!([{"name": "May", "hidden": false}, {"name": "Old", "hidden": true}]);
    let object = serde_json::to_value(object(&file)).unwrap();
    assert_eq!(object["format"], "workbook");
    assert_eq!(
        object["workbook"],
        json!({"kind": "ods", "sheets": sheets, "sheet": "May", "range": "A1:F200",
            "notes": ["one", "two"]})
    );
}

#[test]
fn a_plain_file_needs_no_words() {
    assert_eq!(reading(&FileProfile::default()), None);
    assert_eq!(reading(&profile(Dialect::default())), None);
    let said = Dialect {
        format: Format::Csv.into(),
        delimiter: Some(",".to_owned()),
        quote: Some("\"".to_owned()),
        escape: Some(String::new()),
        comment: Some(String::new()),
        header_rows: Some(1),
        encoding: "utf-8-bom".to_owned(),
        compression: Compression::None.into(),
        ..Dialect::default()
    };
    assert_eq!(reading(&profile(said)), None);
    let tsv = Dialect {
        format: Format::Tsv.into(),
        ..Dialect::default()
    };
    assert_eq!(reading(&profile(tsv)).as_deref(), Some("read as TSV"));
}

#[test]
fn what_is_not_plain_is_said() {
    assert_eq!(
        reading(&profile(odd())).unwrap(),
        "read as windows-1252, gzip, delimiter ;, no quote, escape \\, spaces after delimiters \
         left out, the first field without a name, 1 line skipped, comments after #, a header of 2 records, up to line 1,200"
    );
    let few = Dialect {
        delimiter: Some("\t".to_owned()),
        header_rows: Some(0),
        ..Dialect::default()
    };
    assert_eq!(
        reading(&profile(few)).unwrap(),
        "read with delimiter tab, no header"
    );
}

#[test]
fn a_first_record_that_may_be_no_header_is_said() {
    let with = |confidence, given| FileProfile {
        findings: vec![Finding {
            name: "header_rows".to_owned(),
            value: "1".to_owned(),
            confidence,
            given,
            ..Finding::default()
        }],
        ..FileProfile::default()
    };
    assert_eq!(
        reading(&with(0.65, false)).unwrap(),
        "read with the first record as the header (65 % sure; --no-header if it is none)"
    );
    assert_eq!(reading(&with(0.65, true)), None);
    assert_eq!(reading(&with(0.9, false)), None);
}

#[test]
fn a_column_says_how_it_is_read() {
    let column = ProfileColumn {
        null_markers: vec!["NA".to_owned(), "?".to_owned()],
        date_format: "%d/%m/%Y".to_owned(),
        decimal_comma: true,
        thousands: Some(" ".to_owned()),
        unit: Some("€".to_owned()),
        excel_text: true,
        ..ProfileColumn::default()
    };
    let expected = [
        "NA, ? are NULL",
        "dates as %d/%m/%Y",
        "decimal comma",
        "thousands separated by space",
        "€ left out",
        "=\"text\" is text",
    ];
    assert_eq!(column_words(&column), expected);
    assert!(column_words(&ProfileColumn::default()).is_empty());
}

#[test]
fn json_has_every_key_and_the_defaults_of_the_format() {
    let mut file = profile(odd());
    file.columns.push(ProfileColumn {
        name: "a_2".to_owned(),
        original_name: Some("a".to_owned()),
        r#type: "Date".to_owned(),
        ..ProfileColumn::default()
    });
    file.findings.push(Finding {
        name: "line_end".to_owned(),
        value: "crlf".to_owned(),
        confidence: 1.0,
        ..Finding::default()
    });
    let column = json!({"name": "a_2", "type": "Date", "original_name": "a", "null_markers": [],
        "date_format": null, "decimal_comma": false, "thousands": null, "unit": null,
        "excel_text": false, "notes": []});
    let finding = json!({"name": "line_end", "value": "crlf", "confidence": 1.0,
        "runner_up": null, "given": false});
    assert_eq!(
        serde_json::to_value(object(&file)).unwrap(),
        json!({"encoding": "windows-1252", "compression": "gzip", "format": "csv",
            "delimiter": ";", "quote": null, "escape": "\\", "comment": "#", "header": true,
            "header_rows": 2, "skip_lines": 1, "skip_initial_space": true, "row_names": true, "end_line": 1200,
            "line_end": "crlf", "columns": [column], "findings": [finding], "sample_bytes": 0,
            "trailing_lines": 0, "workbook": null})
    );
    let plain = serde_json::to_value(object(&FileProfile::default())).unwrap();
    assert_eq!(
        (&plain["delimiter"], &plain["quote"], &plain["escape"]),
        (&json!(","), &json!("\""), &json!(null))
    );
    assert_eq!(
        (&plain["header"], &plain["line_end"]),
        (&json!(true), &json!(null))
    );
    let json = Dialect {
        format: Format::Ndjson.into(),
        ..Dialect::default()
    };
    let json = profile(json);
    let json = serde_json::to_value(object(&json)).unwrap();
    assert_eq!(
        (&json["delimiter"], &json["quote"]),
        (&json!(null), &json!(null))
    );
}
