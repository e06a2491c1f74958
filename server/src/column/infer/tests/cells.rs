//! Tests of numbers in groups and with units, of lists, and of what other programs make of cells.

use super::{check, check_date, infer, infer_named};
use crate::column::Cell;
use crate::column::infer::{ColumnSample, Inferred, Note};
use crate::column::rules::{DateFormat, ExcelText, Thousands, ValueRules};

fn infer_with(rules: &ValueRules, cells: &[&str]) -> Inferred {
    let mut sample = ColumnSample::default()
        .with_rules(rules)
        .finding_excel_text();
    for cell in cells {
        sample.observe(Cell::plain(cell.as_bytes()));
    }
    sample.infer(false)
}

fn type_with(rules: &ValueRules, cells: &[&str]) -> String {
    infer_with(rules, cells).data_type.to_string()
}

#[test]
fn groups_of_digits_are_found_where_a_value_proves_them() {
    for (cells, expected, separator, comma) in [
        (
            &["1,234.56", "2,334.01", "17.5"][..],
            "Float64",
            ",",
            Some(false),
        ),
        (&["12,000", "900", "1,000,000"], "Int32", ",", Some(false)),
        (&["900", "1,234,567", "1,234"], "Int32", ",", Some(false)),
        (&["1.234,50", "7", "0,5"], "Float64", ".", Some(true)),
        (&["1.234.567", "1.234"], "Int32", ".", Some(true)),
        (&["1 234", "7"], "Int32", " ", None),
        (&["7", "1 234"], "Int32", " ", None),
        (&["1\u{202f}234,5"], "Float64", " ", Some(true)),
        (&["1 234.5"], "Float64", " ", None),
        (&["1'234", "2'345"], "Int32", "'", None),
        (&["1_000.5", "5"], "Float64", "_", None),
        (&["-1,234,567", ""], "Nullable(Int32)", ",", Some(false)),
    ] {
        let inferred = infer(cells);
        assert_eq!(
            (
                inferred.data_type.to_string().as_str(),
                inferred.rules.thousands,
                inferred.rules.decimal_comma
            ),
            (expected, Thousands::parse(separator), comma),
            "{cells:?} {:?}",
            inferred.notes
        );
    }
}

#[test]
fn groups_that_may_be_something_else_stay_text() {
    for cells in [
        &["1,234", "2,500"][..],
        &["1,234", "5"],
        &["1 234", "2 345"],
        &["555 123", "555 987"],
        &["1_000", "2_000"],
        &["1_000_000", "5"],
        &["1,23,4"],
        &["1,234.5", "1.234,5"],
        &["1,234,567", "1,5"],
        &["1.234.567.890", "1.234.567.891"],
        &["12,34,567"],
        &["1,234,567", "1,23,45,678"],
        &["2,345,678", "x"],
        &["0,123,456"],
    ] {
        check(cells, "String");
    }
    let phones = infer_named("phone", &["1 234", "7"]);
    assert_eq!(phones.data_type.to_string(), "String");
    check(&["100.200.100.200"], "IPv4");
}

#[test]
fn groups_that_are_given_need_no_proof() {
    let given = |separator| ValueRules {
        thousands: Thousands::parse(separator),
        ..ValueRules::default()
    };
    assert_eq!(type_with(&given(","), &["1,234", "2,500"]), "Int32");
    assert_eq!(type_with(&given("."), &["1.234", "2.500"]), "Int32");
    assert_eq!(type_with(&given("."), &["1.234", "2,5"]), "Float64");
    assert_eq!(type_with(&given(","), &["12,34,567"]), "Int32");
    assert_eq!(type_with(&given(" "), &["1 234", "NA"]), "Nullable(Int32)");
    assert_eq!(type_with(&given(","), &["1,23,4"]), "String");
    assert_eq!(type_with(&given("."), &["1.5"]), "String");
    assert_eq!(type_with(&given(","), &["1,234", "inf"]), "Float64");
}

#[test]
fn units_are_left_out_where_that_is_wanted() {
    let strip = ValueRules {
        strip_units: true,
        ..ValueRules::default()
    };
    for (cells, expected, unit) in [
        (&["$100.50", "$1,200.00"][..], "Decimal(18, 2)", "$"),
        (&["90€", "12€"], "Int16", "€"),
        (&["50 %", "12.5%"], "Float64", "%"),
        (&["70.00 CHF", "3.10 CHF"], "Decimal(18, 2)", "CHF"),
        (&["$5", "7", "($3)"], "Int16", "$"),
    ] {
        let inferred = infer_with(&strip, cells);
        assert_eq!(inferred.data_type.to_string(), expected, "{cells:?}");
        assert_eq!(
            inferred.rules.unit.as_deref(),
            Some(unit.as_bytes()),
            "{cells:?}"
        );
        let has_note = |note: &Note| matches!(note, Note::Unit { .. });
        assert!(inferred.notes.iter().any(has_note), "{cells:?}");
        assert_eq!(infer(cells).data_type.to_string(), "String", "{cells:?}");
    }
    for cells in [
        &["$5", "€7"][..],
        &["50%", "0.5"],
        &["0.5", "50%"],
        &["$5", "5%"],
        &["A5"],
    ] {
        assert_eq!(type_with(&strip, cells), "String", "{cells:?}");
    }
    assert_eq!(type_with(&strip, &["(5)", "7-", "3"]), "Int16");
}

#[test]
fn lists_are_arrays_where_their_separator_is_given() {
    let list = ValueRules {
        list_separator: Some(b";".to_vec()),
        ..ValueRules::default()
    };
    assert_eq!(type_with(&list, &["red;big", "", "blue"]), "Array(String)");
    assert_eq!(type_with(&list, &["1;2", "3"]), "Array(Int64)");
    assert_eq!(type_with(&list, &["1;;2"]), "Array(String)");
    assert_eq!(type_with(&list, &["1;NA"]), "Array(String)");
    check(&["red;big", "blue;small"], "String");
}

#[test]
fn formulas_of_text_are_text() {
    let found = infer_with(&ValueRules::default(), &["=\"007\"", "=\"008\"", ""]);
    assert_eq!(found.data_type.to_string(), "String");
    assert_eq!(found.rules.excel_text, Some(ExcelText::Unquoted));
    assert!(
        matches!(found.notes[..], [Note::ExcelText { .. }]),
        "{:?}",
        found.notes
    );
    let mixed = infer_with(&ValueRules::default(), &["=\"007\"", "5"]);
    assert_eq!(mixed.rules.excel_text, None);
    let never = ValueRules {
        excel_text: Some(ExcelText::Never),
        ..ValueRules::default()
    };
    assert_eq!(infer_with(&never, &["=\"007\""]).rules.excel_text, None);
    let said = ValueRules {
        excel_text: Some(ExcelText::All),
        ..ValueRules::default()
    };
    let inferred = infer_with(&said, &["5", "=\"007\""]);
    assert_eq!(inferred.rules.excel_text, Some(ExcelText::All));
    let mut quoted = ColumnSample::default().finding_excel_text();
    quoted.observe(Cell::quoted(b"=\"007\""));
    assert_eq!(quoted.infer(false).rules.excel_text, None);
    let mut elsewhere = ColumnSample::default();
    elsewhere.observe(Cell::plain(b"=\"007\""));
    assert_eq!(elsewhere.infer(false).rules.excel_text, None);
}

#[test]
fn times_that_are_integers_say_so() {
    for (cells, unit) in [
        (["1612137595007", "1612137595372"], "epoch_ms"),
        (["1612137595007000", "1612137595372000"], "epoch_us"),
        (["1612137595007000000", "1612137595372000000"], "epoch_ns"),
    ] {
        let inferred = infer(&cells);
        assert_eq!(inferred.data_type.to_string(), "Int64");
        assert!(
            inferred.notes.contains(&Note::Epoch { unit }),
            "{:?}",
            inferred.notes
        );
        let rules = ValueRules {
            date_format: Some(DateFormat::parse(unit).unwrap()),
            ..ValueRules::default()
        };
        let digits = match unit {
            "epoch_ms" => 3,
            "epoch_us" => 6,
            _ => 9,
        };
        assert_eq!(
            type_with(&rules, &cells),
            format!("DateTime64({digits}, 'UTC')")
        );
    }
    let ids = infer(&["12345678", "22345678"]);
    assert!(
        !ids.notes
            .iter()
            .any(|note| matches!(note, Note::Epoch { .. }))
    );
}

#[test]
fn dates_beyond_every_type_say_so() {
    for cells in [
        &["1850-01-01"][..],
        &["2024-01-05", "9999-12-31"],
        &["13/01/1850"],
    ] {
        let inferred = infer(cells);
        assert_eq!(inferred.data_type.to_string(), "String", "{cells:?}");
        let is_said = matches!(inferred.notes[..], [Note::OutOfRange { .. }]);
        assert!(is_said, "{cells:?} {:?}", inferred.notes);
    }
    check(&["1950-01-01", "2024-01-05"], "Date32");
    check(&["2200-01-01 10:00:00"], "DateTime64(0)");
    let mixed = infer(&["2024-01-05", "13/01/2024"]);
    assert!(
        matches!(mixed.notes[..], [Note::Misfit { .. }]),
        "{:?}",
        mixed.notes
    );
}

#[test]
fn times_that_are_all_midnight_say_so() {
    let inferred = infer(&["2024-01-05 00:00:00", "2024-01-06 00:00:00"]);
    assert_eq!(inferred.data_type.to_string(), "DateTime");
    assert_eq!(inferred.notes, [Note::Midnights]);
    let inferred = infer(&["2024-01-05 00:00:00", "2024-01-06 00:00:01"]);
    assert_eq!(inferred.notes, []);
}

#[test]
fn names_of_months_of_many_languages_are_dates() {
    for (cells, format) in [
        (&["3. März 2024", "14. Dezember 2023"][..], "%d. %b %Y"),
        (
            &["14 de marzo de 2024", "1 de enero de 2023"],
            "%d de %b de %Y",
        ),
        (&["5 janv. 2024", "6 mai 2024", "1er août 2024"], "%d %b %Y"),
        (&["12 października 2024"], "%d %b %Y"),
        (&["3 kesäkuuta 2024"], "%d %b %Y"),
        (&["12. června 2024", "12. července 2024"], "%d. %b %Y"),
        (&["January 5th, 2024", "March 1st, 2024"], "%b %d, %Y"),
        (&["03-out-2024"], "%d-%b-%Y"),
        (&["2024-W05-1"], "%G-W%V-%u"),
    ] {
        check_date(cells, "Date", format);
    }
    check_date(
        &["1/14/20 7:06am", "1/15/20 12:30pm"],
        "DateTime",
        "%m/%d/%y %I:%M%p",
    );
    check_date(
        &["2024-01-05 10:00:00 Europe/Berlin"],
        "DateTime('UTC')",
        "",
    );
    check_date(
        &[
            "05.01.2024 10:00 Europe/Berlin",
            "25.01.2024 10:00 Europe/Berlin",
        ],
        "DateTime('UTC')",
        "%d.%m.%Y %H:%M %Z",
    );
}

#[test]
fn uuids_may_have_braces_and_lack_hyphens_among_others() {
    check(&["{123e4567-e89b-12d3-a456-426614174000}"], "UUID");
    check(
        &[
            "123E4567E89B12D3A456426614174000",
            "123e4567-e89b-12d3-a456-426614174000",
        ],
        "UUID",
    );
    check(&["123E4567E89B12D3A456426614174000"], "String");
}
