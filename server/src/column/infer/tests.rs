//! Tests of the inferred types, rules and notes.

mod cells;
mod holds;

use super::{ColumnSample, Inferred, Note};
use crate::column::Cell;
use crate::column::rules::{DateFormat, ValueRules};
use crate::column::zone::Zone;

/// Infers the type of unquoted cells of a column with a name.
fn infer_named(name: &str, cells: &[&str]) -> Inferred {
    let mut sample = ColumnSample::new(name.as_bytes(), None);
    for cell in cells {
        sample.observe(Cell::plain(cell.as_bytes()));
    }
    sample.infer(false)
}

fn infer(cells: &[&str]) -> Inferred {
    infer_named("", cells)
}

/// Checks the type of unquoted cells.
fn check(cells: &[&str], expected: &str) {
    assert_eq!(infer(cells).data_type.to_string(), expected, "{cells:?}");
}

fn check_complete(cells: &[&str], expected: &str) {
    let mut sample = ColumnSample::default();
    for cell in cells {
        sample.observe(Cell::plain(cell.as_bytes()));
    }
    assert_eq!(
        sample.infer(true).data_type.to_string(),
        expected,
        "{cells:?}"
    );
}

fn check_named(name: &str, cells: &[&str], expected: &str) {
    let data_type = infer_named(name, cells).data_type.to_string();
    assert_eq!(data_type, expected, "{name} {cells:?}");
}

/// Checks type and format of dates.
fn check_date(cells: &[&str], expected: &str, format: &str) {
    let inferred = infer(cells);
    let found = inferred.rules.date_format.as_ref();
    let found = found.map_or("", |format| format.as_str());
    assert_eq!(
        (inferred.data_type.to_string().as_str(), found),
        (expected, format),
        "{cells:?} {:?}",
        inferred.notes
    );
}

fn markers(inferred: &Inferred) -> Vec<&str> {
    let markers = inferred.rules.null_markers.iter();
    markers
        .map(|marker| std::str::from_utf8(marker).unwrap())
        .collect()
}

fn check_nulls(cells: &[&str], expected: &str, words: &[&str]) {
    let inferred = infer(cells);
    assert_eq!(inferred.data_type.to_string(), expected, "{cells:?}");
    assert_eq!(markers(&inferred), words, "{cells:?}");
}

#[test]
fn integers_have_room_for_a_hundred_times_the_largest() {
    check(&["5", "0", "-3"], "Int16");
    check(&["327", "1"], "Int16");
    check(&["328", "1"], "Int32");
    check(&["-328", "1"], "Int32");
    check(&["21474836", "1"], "Int32");
    check(&["21474837", "1"], "Int64");
    check(&["2147483648", "1"], "Int64");
    check(&["9223372036854775807", "-9223372036854775808"], "Int64");
}

#[test]
fn integers_that_are_complete_are_as_wide_as_needed() {
    check_complete(&["5", "0", "-3"], "Int16");
    check_complete(&["127", "-128", "0"], "Int16");
    check_complete(&["32767", "-32768", "0"], "Int16");
    check_complete(&["32768", "0"], "Int32");
    check_complete(&["-32769", "0"], "Int32");
    check_complete(&["2147483647", "-2147483648", "0"], "Int32");
    check_complete(&["2147483648", "0"], "Int64");
    check_complete(&["-2147483649", "0"], "Int64");
}

#[test]
fn wide_integers_are_as_wide_as_needed() {
    check(&["9223372036854775808", "0"], "UInt64");
    check(&["18446744073709551615"], "UInt64");
    check(&["9223372036854775808", "-1"], "Int128");
    check(&["-9223372036854775809"], "Int128");
    check(&["18446744073709551616"], "Int128");
    check(&["170141183460469231731687303715884105727"], "Int128");
    check(&["170141183460469231731687303715884105728"], "UInt128");
    check(&["340282366920938463463374607431768211455"], "UInt128");
    check(&["340282366920938463463374607431768211456"], "Int256");
    check(&["-340282366920938463463374607431768211456"], "Int256");
    let max = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    check(&[max], "UInt256");
    check(&[max, "-1"], "String");
    check(&[&max.replace("935", "936")], "String");
}

#[test]
fn numbers_that_grow_from_row_to_row_are_64_bits_wide() {
    check(&["1", "2", "3"], "Int64");
    check_complete(&["1", "2", "3"], "Int64");
    check(&["1", "2", "2"], "Int16");
    check_named("order_id", &["7", "3"], "Int64");
}

#[test]
fn years_are_small_integers() {
    check(&["1990", "1991", "1992"], "Int16");
    check(&["2024", "2019", "1850"], "Int16");
    check(&["2024", "2019", "9999"], "Int32");
}

#[test]
fn zero_and_one_are_integers() {
    check(&["0", "1", "1", "0"], "Int16");
}

#[test]
fn integers_that_would_change_stay_text() {
    for text in [
        "007", "00", "-007", "1_000", "0x10", "1e", "--1", "+-1", "1-2",
    ] {
        check(&["1", text], "String");
    }
    check(&["-0", "1"], "Float64");
    check(&["+5", "-3"], "Int16");
    check(&["+491511234567", "+4930123456"], "String");
}

#[test]
fn digits_that_are_codes_stay_text() {
    let cards = [
        "4539578763621486",
        "5555555555554444",
        "4111111111111111",
        "4012888888881881",
        "5105105105105100",
    ];
    check(&cards, "String");
    check(
        &["4539578763621486", "5555555555554444", "4111111111111112"],
        "Int64",
    );
    check(
        &[
            "99999999999999999999",
            "88888888888888888888",
            "77777777777777777777",
        ],
        "String",
    );
    check(
        &[
            "1234567890123456789",
            "1234567890123456780",
            "1234567890123456781",
        ],
        "Int64",
    );
    check_named("zip_code", &["94105", "10001"], "String");
    check_named("Phone", &["5551234567", "5551234568"], "String");
    check_named("zip_count", &["94105", "10001"], "Int32");
    let inferred = infer(&["02134", "94105"]);
    assert_eq!(inferred.data_type.to_string(), "String");
    let example = "02134".to_owned();
    assert_eq!(inferred.notes, [Note::LeadingZeros { example }]);
}

#[test]
fn numbers_with_a_fraction_or_exponent_are_floats() {
    check(
        &["1.5", "2", "-3e5", ".5", "0.30000000000000004"],
        "Float64",
    );
    check(&["1.5", "5.", "1E-3", "+0.5"], "Float64");
    check(&["1e-308", "1.7976931348623157e308"], "Float64");
    check(&["1.5", "inf", "-Infinity"], "Float64");
    check(&["inf", "-inf"], "String");
    check(&["1e999", "1.5"], "String");
    check(&["1e-999", "1.5"], "String");
    check(&["007.5"], "String");
    check(&["1.2.3"], "String");
}

#[test]
fn nan_is_null_unless_the_column_is_one_of_floats() {
    check_nulls(&["1.5", "NaN", "-nan"], "Float64", &[]);
    check_nulls(
        &["1.5", "NaN", "1.#QNAN"],
        "Nullable(Float64)",
        &["1.#QNAN"],
    );
    check_nulls(&["1", "nan", "2"], "Nullable(Int16)", &["nan"]);
    check_nulls(&["1.5", "nan", "-inf"], "Float64", &[]);
    check_nulls(&["1.5", "nan", "-inf", "NA"], "Nullable(Float64)", &["NA"]);
}

#[test]
fn numbers_that_a_float_would_change_are_decimals_or_text() {
    check(&["9007199254740992", "0.5"], "Float64");
    check(&["9007199254740993", "0.5"], "Decimal(38, 1)");
    check(&["10000000000000000000000", "0.5"], "Float64");
    check(&["0.123456789012345678"], "Decimal(38, 18)");
    check(&["0.12345678901234567", "1"], "Decimal(38, 17)");
    check(&["0.12345678901234568", "1"], "Float64");
    check(&["0.10000000000000001", "1"], "Float64");
    check(
        &["1.154681084062493923e+00", "-4.770437333722984397e-01"],
        "Float64",
    );
    check(
        &["1.154681084062493924e+00", "-4.770437333722984397e-01"],
        "String",
    );
    check(&["0.123456789012345678", "1e5"], "String");
    check(&["1.500000000000000000000000", "1"], "Float64");
    check(&[&format!("0.{}1", "1".repeat(60))], "Decimal(76, 61)");
    check(&[&format!("0.{}1", "1".repeat(80))], "String");
}

#[test]
fn amounts_with_a_fixed_count_of_digits_are_decimals() {
    check(&["12.50", "3.99", "0.10"], "Decimal(18, 2)");
    check(&["12.51", "3.99"], "Float64");
    check(&["12.50", "3.9"], "Float64");
    check(&["12.50", "3"], "Float64");
    check(&["1.5000", "2.1234"], "Decimal(18, 4)");
    check(&["1.50000", "2.12345"], "Float64");
    check(&["1.50", "-0.00"], "Float64");
    check(&["12345678901234.50", "1.00"], "Decimal(18, 2)");
    check(&["123456789012345.50", "1.00"], "Decimal(38, 2)");
    check_complete(&["1234567890123456.50", "1.00"], "Decimal(18, 2)");
    check_complete(&["12345678901234567.50", "1.00"], "Decimal(38, 2)");
    check_named("price", &["12.5", "3", "7.25"], "Decimal(18, 2)");
    check_named("Unit Price", &["12.123", "3"], "Decimal(18, 3)");
    check_named("price", &["12", "3"], "Int16");
    check_named("price", &["12.12345", "3"], "Float64");
    let many: Vec<_> = (0..20)
        .map(|number| format!("{number}.{}", 11 + number % 7))
        .collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    check(&many, "Decimal(18, 2)");
}

#[test]
fn decimal_commas_are_found_where_they_are_clear() {
    let comma = |cells: &[&str], expected: &str| {
        let inferred = infer(cells);
        assert_eq!(inferred.data_type.to_string(), expected, "{cells:?}");
        assert_eq!(inferred.rules.decimal_comma, Some(true), "{cells:?}");
    };
    comma(&["1,5", "2", "-0,25"], "Float64");
    comma(&["12,50", "3,99"], "Decimal(18, 2)");
    comma(&["0,125", "1,250"], "Decimal(18, 3)");
    comma(&["1234,567", "1,5e3"], "Float64");
    for cells in [&["1,234", "12,345"][..], &["1,234", "5"]] {
        let inferred = infer(cells);
        assert_eq!(inferred.data_type.to_string(), "String", "{cells:?}");
        assert!(
            matches!(&inferred.notes[..], [Note::AmbiguousComma { .. }]),
            "{cells:?}"
        );
    }
    for cells in [
        &["1,5", "1.5"][..],
        &["1.234,5", "1,234.5"],
        &["1,234,567", "1,5"],
    ] {
        check(cells, "String");
    }
}

#[test]
fn numbers_with_decorations_stay_text_and_say_why() {
    for (text, expected) in [
        ("12%", "a percent sign"),
        ("$5", "the unit of a currency"),
        ("5,00 €", "the unit of a currency"),
        ("5 CHF", "the unit of a currency"),
        (
            "(5)",
            "another mark of a number below zero than a minus before it",
        ),
        (
            "5-",
            "another mark of a number below zero than a minus before it",
        ),
    ] {
        let inferred = infer(&[text]);
        assert_eq!(inferred.data_type.to_string(), "String");
        let Some(Note::Decorated { what, .. }) = inferred.notes.first() else {
            panic!("{text} {:?}", inferred.notes);
        };
        assert_eq!(*what, expected, "{text}");
    }
    check(&["5 km", "7 km"], "String");
}

#[test]
fn truth_values_are_words_in_pairs() {
    check(&["true", "False", "TRUE"], "Bool");
    check(&["true"], "Bool");
    check(&["yes", "no", "Yes"], "Bool");
    check(&["Y", "N"], "Bool");
    check(&["t", "f"], "Bool");
    check(&["on", "off"], "Bool");
    check(&["Y", "N", ""], "Nullable(Bool)");
    check_nulls(&["Y", "N", "N/A", "-"], "Nullable(Bool)", &["N/A", "-"]);
    check(&["true", "1"], "String");
    check(&["yes", "yes"], "String");
    check(&["N", "S", "E"], "String");
    check(&["N"], "String");
    check(&["yes", "true"], "String");
    check(&["M", "F"], "String");
}

#[test]
fn words_for_missing_values_are_null_unless_the_column_is_text() {
    for word in [
        "NA", "N/A", "n/a", "?", "-", "--", "null", "NULL", "None", ".", "#N/A", "missing",
        "unknown",
    ] {
        check_nulls(&["1", word, "2"], "Nullable(Int16)", &[word]);
        check_nulls(&[word, "1.5", "x"], "String", &[]);
        check_nulls(&[word, "2024-02-29"], "Nullable(Date)", &[word]);
        check_nulls(&[word, word], "String", &[]);
    }
    check_nulls(
        &["NA", "1", "-", "NA", "?"],
        "Nullable(Int16)",
        &["NA", "-", "?"],
    );
    check_nulls(&["1", "-999", "2"], "Int32", &[]);
    check_nulls(&["1", "abc", "2"], "String", &[]);
    let words = [
        "NA", "na", "Na", "N/A", "n/a", "null", "NULL", "None", "none", "1",
    ];
    check(&words, "String");
    check(&words[1..], "Nullable(Int16)");
    let inferred = infer(&["1", "NA", "NA", ""]);
    assert_eq!((inferred.null_count, inferred.cell_count), (3, 4));
    assert!(inferred.notes.contains(&Note::NullWords {
        words: vec!["NA".to_owned()],
        count: 2
    }));
}

#[test]
fn unquoted_empty_cells_and_markers_are_null() {
    check(&["1", ""], "Nullable(Int16)");
    check(&["2024-02-29", "\\N"], "Nullable(Date)");
    check(&["abc", ""], "String");
    check(&["abc", "\\N"], "Nullable(String)");
    check(&["", ""], "String");
    check(&["\\N"], "Nullable(String)");
    check(&[], "String");
}

#[test]
fn quoted_nothing_is_null_where_it_can_be_nothing_else() {
    let quoted = |cells: &[&str]| {
        let mut sample = ColumnSample::default();
        cells
            .iter()
            .for_each(|cell| sample.observe(Cell::quoted(cell.as_bytes())));
        sample.infer(false)
    };
    let inferred = quoted(&["1", "", "NA"]);
    assert_eq!(inferred.data_type.to_string(), "Nullable(Int16)");
    assert_eq!(markers(&inferred), ["NA", ""]);
    assert!(inferred.rules.quoted_nulls);
    assert_eq!(quoted(&["a", ""]).data_type.to_string(), "String");
    assert_eq!(quoted(&["1", "2"]).rules, ValueRules::default());
    assert!(quoted(&[" 1", "2"]).rules.trim);
}

#[test]
fn spaces_around_values_are_trimmed_and_around_text_kept() {
    let inferred = infer(&[" 1", "30 ", "\t2"]);
    assert_eq!(inferred.data_type.to_string(), "Int16");
    assert!(inferred.rules.trim);
    let inferred = infer(&["1", "  ", "2"]);
    assert_eq!(inferred.data_type.to_string(), "Nullable(Int16)");
    assert!(inferred.rules.trim);
    let inferred = infer(&[" a", "b "]);
    assert_eq!(
        (inferred.data_type.to_string().as_str(), inferred.rules.trim),
        ("String", false)
    );
    check_nulls(&["1", " NA ", "2"], "Nullable(Int16)", &["NA"]);
}

#[test]
fn iso_dates_are_as_wide_as_needed() {
    check(&["2024-02-29", "1970-01-01", "2149-06-06"], "Date");
    check(&["2024/02/29", "2024/03/01"], "Date");
    check(&["2024-02-29", "1969-12-31"], "Date32");
    check(&["2024-02-29", "2149-06-07"], "Date32");
    check(&["1900-01-01", "2299-12-31"], "Date32");
    for text in [
        "1899-12-31",
        "2300-01-01",
        "2024-02-30",
        "2024-02",
        "9999-12-31",
    ] {
        check(&[text], "String");
    }
    check_nulls(
        &["2024-02-29", "0000-00-00"],
        "Nullable(Date)",
        &["0000-00-00"],
    );
}

#[test]
fn times_have_the_precision_of_their_longest_fraction() {
    check(&["2024-02-29 10:00:00", "2024-02-29T10:00"], "DateTime");
    check(&["2024-02-29", "2024-02-29 10:00:00"], "DateTime");
    check(
        &["2024-02-29 10:00:00.5", "2024-02-29 10:00:00.125"],
        "DateTime64(3)",
    );
    check(&["2024-02-29 10:00:00.1234567890"], "DateTime64(9)");
    check(&["2024-02-29 10:00:00.1234567891"], "String");
    check(&["1970-01-02 00:00:00"], "DateTime");
    check(&["1970-01-01 23:59:59"], "DateTime64(0)");
    check(&["2106-02-06 06:28:15"], "DateTime");
    check(&["2106-02-06 06:28:16"], "DateTime64(0)");
    check(&["2262-04-10 23:47:16.000000001"], "DateTime64(9)");
    check(&["2262-04-10 23:47:17.000000001"], "String");
    check(&["1900-01-01 10:00:00"], "String");
}

#[test]
fn times_with_offsets_are_instants_in_utc() {
    check(
        &["2024-02-29 10:00:00+02:00", "2024-02-29T10:00:00Z"],
        "DateTime('UTC')",
    );
    check(&["2024-02-29T10:00:00.123Z"], "DateTime64(3, 'UTC')");
    check(&["2024-02-29 10:00:00", "2024-02-29 10:00:00Z"], "String");
    check(&["2024-02-29", "2024-02-29 10:00:00Z"], "String");
}

#[test]
fn times_that_the_zone_of_the_server_skips_are_utc() {
    let zone = std::sync::Arc::new(Zone::named("Europe/Paris").unwrap());
    let infer = |text: &str| {
        let mut sample = ColumnSample::new(b"", Some(zone.clone()));
        sample.observe(Cell::plain(text.as_bytes()));
        sample.infer(false)
    };
    assert_eq!(
        infer("2024-07-01 10:00:00").data_type.to_string(),
        "DateTime"
    );
    for text in [
        "2024-03-31 02:30:00",
        "2024-10-27 02:30:00",
        "31.03.2024 02:30",
    ] {
        let inferred = infer(text);
        assert_eq!(inferred.data_type.to_string(), "DateTime('UTC')", "{text}");
        assert_eq!(inferred.notes, [Note::SkippedTimes], "{text}");
    }
    assert_eq!(infer("2024-03-31 02:30:00Z").notes, [Note::Offsets]);
    assert_eq!(infer("2024-03-31").data_type.to_string(), "Date");
}

#[test]
fn dates_in_one_clear_form_are_dates() {
    for (cells, expected, format) in [
        (&["31/12/2024", "01/02/2024"][..], "Date", "%d/%m/%Y"),
        (&["01/02/2024", "12/31/2024"], "Date", "%m/%d/%Y"),
        (&["1/2/2024", "31/12/2024"], "Date", "%d/%m/%Y"),
        (&["31.12.2024", "1.2.1950"], "Date32", "%d.%m.%Y"),
        (&["31-12-2024"], "Date", "%d-%m-%Y"),
        (
            &["31.12.2024 23:59", "01.01.2025 00:00"],
            "DateTime",
            "%d.%m.%Y %H:%M",
        ),
        (
            &["12/31/2024 11:59 PM", "1/1/2025 12:00 AM"],
            "DateTime",
            "%m/%d/%Y %I:%M %p",
        ),
        (
            &["12/31/2024 11:59:01PM"],
            "DateTime",
            "%m/%d/%Y %I:%M:%S%p",
        ),
    ] {
        check_date(cells, expected, format);
    }
}

#[test]
fn dates_with_names_offsets_and_fractions_are_dates() {
    for (cells, expected, format) in [
        (&["5 Jan 2024", "31 December 2024"][..], "Date", "%d %b %Y"),
        (&["05-JAN-24", "31-DEC-99"], "Date", "%d-%b-%y"),
        (&["05JAN2024"], "Date", "%d%b%Y"),
        (&["Jan 5, 2024", "September 30, 2024"], "Date", "%b %d, %Y"),
        (&["2024-Jan-05"], "Date", "%Y-%b-%d"),
        (&["2024-1-5", "2024-01-15"], "Date", "%Y-%m-%d"),
        (
            &["2024-01-15", "2024-1-5", "2024-12-05"],
            "Date",
            "%Y-%m-%d",
        ),
        (&["2024.01.15"], "Date", "%Y.%m.%d"),
        (
            &["2024-01-15 1:05", "2024-01-15 10:05:00"],
            "DateTime",
            "%Y-%m-%d %H:%M",
        ),
        (&["2024-02-29 10:00:00 UTC"], "DateTime('UTC')", ""),
        (
            &["2024-02-29 10:00:00 +0000"],
            "DateTime('UTC')",
            "%Y-%m-%d %H:%M:%S %z",
        ),
        (
            &["2024-02-29T10:00:00,250"],
            "DateTime64(3)",
            "%Y-%m-%dT%H:%M:%S%.f",
        ),
        (
            &["31/12/2024 10:00:00", "31/12/2024 10:00:00.5"],
            "DateTime64(1)",
            "%d/%m/%Y %H:%M:%S%.f",
        ),
        (
            &["Thu, 29 Feb 2024 10:00:00 +0100"],
            "DateTime('UTC')",
            "%a, %d %b %Y %H:%M:%S %z",
        ),
        (
            &["Wed Aug 27 13:08:45 +0000 2008"],
            "DateTime('UTC')",
            "%a %b %d %H:%M:%S %z %Y",
        ),
        (
            &["Thu Feb 29 10:00:00 2024"],
            "DateTime",
            "%a %b %d %H:%M:%S %Y",
        ),
        (
            &["10/Oct/2000:13:55:36 -0700"],
            "DateTime('UTC')",
            "%d/%b/%Y:%H:%M:%S %z",
        ),
        (&["20240229T100000Z"], "DateTime('UTC')", "%Y%m%dT%H%M%S%z"),
        (&["31/12/24", "30/11/99", "29/10/98"], "Date", "%d/%m/%y"),
    ] {
        check_date(cells, expected, format);
    }
}

#[test]
fn ambiguous_dates_are_flagged_and_stay_text() {
    for (cells, expected) in [
        (
            &["01/02/2024", "03/04/2024"][..],
            &["%d/%m/%Y", "%m/%d/%Y"][..],
        ),
        (&["05/05/2024"], &["%d/%m/%Y", "%m/%d/%Y"]),
        (&["1.2.2024 10:00"], &["%d.%m.%Y %H:%M", "%m.%d.%Y %H:%M"]),
        (
            &["01/02/03", "04/05/06"],
            &["%d/%m/%y", "%m/%d/%y", "%y/%m/%d"],
        ),
        (&["25/12/20", "24/12/20"], &["%d/%m/%y", "%y/%m/%d"]),
    ] {
        let inferred = infer(cells);
        assert_eq!(inferred.data_type.to_string(), "String");
        let formats = expected.iter().map(|format| (*format).to_owned()).collect();
        assert_eq!(
            inferred.notes,
            [Note::AmbiguousDate { formats }],
            "{cells:?}"
        );
    }
}

#[test]
fn years_of_two_digits_are_told_from_days_by_how_they_vary() {
    let days: Vec<_> = (1..=28)
        .map(|day| format!("{day:02}/12/{}", 20 + day % 3))
        .collect();
    let days: Vec<_> = days.iter().map(String::as_str).collect();
    check_date(&days, "Date", "%d/%m/%y");
    let years: Vec<_> = (1..=28)
        .map(|day| format!("{}-12-{day:02}", 20 + day % 3))
        .collect();
    let years: Vec<_> = years.iter().map(String::as_str).collect();
    check_date(&years, "Date", "%y-%m-%d");
}

#[test]
fn mixed_forms_and_things_like_dates_stay_text() {
    for cells in [
        &["31/12/2024", "2024-12-31"][..],
        &["2024-12-31", "31/12/2024"],
        &["31/12/2024", "12/31/2024"],
        &["31/12/2024", "31.12.2024"],
        &["31/12/2024", "31/12/2024 10:00"],
        &["31/02/2024"],
        &["2024-01", "2024-02"],
        &["Jan 2024"],
        &["May 5"],
        &["1.10.12", "14.2.10", "15.1.20"],
        &["555-12-1234"],
        &["36-24-36"],
        &["1/2", "3/4"],
        &["Mon, 31 Dec 2024"],
    ] {
        check(cells, "String");
    }
}

#[test]
fn digits_are_dates_only_when_many_different_ones_are() {
    let days: Vec<_> = (1..=6).map(|day| format!("202401{day:02}")).collect();
    let days: Vec<_> = days.iter().map(String::as_str).collect();
    check_date(&days, "Date", "");
    check(&days[..3], "Int64");
    check(&[&days[..], &["20241301"]].concat(), "Int64");
    check(&["20240101", "20240101"], "Int32");
    check_named("day", &["20240101", "20240101"], "Date");
    let times: Vec<_> = (1..=6).map(|day| format!("202401{day:02}101500")).collect();
    let times: Vec<_> = times.iter().map(String::as_str).collect();
    check_date(&times, "DateTime", "%Y%m%d%H%M%S");
    check(&["20240101", "2024-01-02"], "String");
}

#[test]
fn times_of_day_are_times_where_hours_are_clear() {
    check(&["10:00:00", "9:05:01", "23:59:59"], "Time");
    check(&["10:00:00.5", "10:00:00.125"], "Time64(3)");
    check(&["-01:00:00", "36:00:00"], "Time");
    check(&["03:45", "04:10"], "String");
    check(&["08:00", "08:15", "09:30", "12:45", "17:00"], "Time");
    check(&["08:00", "08:15", "09:30", "12:45", "27:00"], "String");
    check(&["8:00", "8:15", "9:30", "12:45", "17:00"], "String");
    check_named("start_time", &["8:03", "17:21"], "Time");
    check(&["10:00:00", "10:00"], "String");
    check(&["10:60:00"], "String");
    check(&["100:00:00"], "String");
    check_date(&["9:05 AM", "11:00 pm"], "Time", "%I:%M %p");
    check_date(&["9:05:10AM"], "Time", "%I:%M:%S%p");
}

#[test]
fn uuids_and_addresses_are_found() {
    check(&["6d0ddcfc-5393-44a0-9b3f-73512f0fba05"], "UUID");
    check(&["6d0ddcfc539344a09b3f73512f0fba05"], "String");
    check(&["10.0.0.1", "255.255.255.255"], "IPv4");
    check(&["10.0.0.1", "::1"], "IPv6");
    check(&["fe80::1", "-"], "Nullable(IPv6)");
    check(&["10.0.0.256"], "String");
}

#[test]
fn few_texts_that_repeat_are_low_cardinality() {
    let cells: Vec<_> = (0..40)
        .map(|row| ["red", "green", "blue"][row % 3])
        .collect();
    check(&cells, "LowCardinality(String)");
    check(&cells[..15], "String");
    check(
        &[&cells[..], &["\\N"]].concat(),
        "LowCardinality(Nullable(String))",
    );
    let codes: Vec<_> = (0..40).map(|row| ["1", "2", "A"][row % 3]).collect();
    check(&codes, "LowCardinality(String)");
    let many: Vec<_> = (0..40).map(|row| format!("text {}", row % 20)).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    check(&many, "String");
}

#[test]
fn the_value_that_makes_a_column_text_is_named() {
    let inferred = infer(&["1", "2", "12a"]);
    let family = "integers";
    assert_eq!(
        inferred.notes,
        [Note::Misfit {
            family,
            before: 2,
            value: "12a".to_owned()
        }]
    );
    assert!(infer(&["abc", "def"]).notes.is_empty());
}

#[test]
fn bytes_that_are_no_utf8_are_counted() {
    let mut sample = ColumnSample::default();
    for text in [&b"a\xff"[..], b"abc", b"\xe9"] {
        sample.observe(Cell::plain(text));
    }
    let inferred = sample.infer(false);
    assert_eq!(inferred.data_type.to_string(), "String");
    assert_eq!(inferred.notes, [Note::InvalidUtf8 { count: 2 }]);
}

/// Infers the type of a column under the rules that the caller gives.
fn infer_given(rules: &ValueRules, comma: Option<bool>, cells: &[&str]) -> String {
    let rules = ValueRules {
        decimal_comma: comma,
        ..rules.clone()
    };
    let mut sample = ColumnSample::default().with_rules(&rules);
    for cell in cells {
        sample.observe(Cell::plain(cell.as_bytes()));
    }
    sample.infer(false).data_type.to_string()
}

#[test]
fn rules_that_are_given_settle_what_is_open() {
    let format = |text: &str| ValueRules {
        date_format: Some(DateFormat::parse(text).unwrap()),
        ..ValueRules::default()
    };
    let none = ValueRules::default();
    let dates = format("%d/%m/%Y");
    assert_eq!(
        infer_given(&dates, None, &["01/02/2024", "2024-01-01", "NA"]),
        "Nullable(Date)"
    );
    assert_eq!(infer_given(&dates, None, &["01/13/2024"]), "String");
    assert_eq!(infer_given(&dates, None, &["5", "7"]), "Int16");
    assert_eq!(
        infer_given(&format("%H.%M"), None, &["9.30", "17.05"]),
        "Time"
    );
    assert_eq!(infer_given(&format("%Y%m%d"), None, &["20240101"]), "Date");
    assert_eq!(
        infer_given(&format("%s"), None, &["1700000000", "0"]),
        "DateTime64(0, 'UTC')"
    );
    assert_eq!(infer_given(&none, Some(true), &["1,234", "5"]), "Float64");
    assert_eq!(infer_given(&none, Some(true), &["1.5"]), "String");
    assert_eq!(infer_given(&none, Some(false), &["1,5"]), "String");
    assert_eq!(infer_given(&none, Some(true), &["1", "7"]), "Int16");
    let words = ValueRules {
        true_words: vec![b"ja".to_vec()],
        false_words: vec![b"nein".to_vec()],
        ..ValueRules::default()
    };
    assert_eq!(infer_given(&words, None, &["JA", "nein"]), "Bool");
    assert_eq!(infer_given(&words, None, &["ja", "vielleicht"]), "String");
    let nulls = ValueRules {
        null_markers: vec![b"-999".to_vec(), b"leer".to_vec()],
        ..ValueRules::default()
    };
    assert_eq!(infer_given(&nulls, None, &["1", "-999"]), "Nullable(Int16)");
    assert_eq!(
        infer_given(&nulls, None, &["abc", "leer"]),
        "Nullable(String)"
    );
}

#[test]
fn notes_are_sentences() {
    for (cells, expected) in [
        (
            &["01/02/2024"][..],
            "day, month and year cannot be told apart: give the date format, `%d/%m/%Y` or `%m/%d/%Y`",
        ),
        (
            &["007"],
            "`007` begins with a zero that a number would lose: kept as text",
        ),
        (
            &["1", "x"],
            "1 integers came before `x`, which is none: kept as text",
        ),
        (&["1.5", "NA", "?"], "`NA`, `?` in 2 cells taken for NULL"),
        (
            &["4", "9"],
            "wider than the values of the sample, 4 to 9, to leave room for others",
        ),
    ] {
        let notes = infer(cells).notes;
        assert_eq!(
            notes.first().map(ToString::to_string).as_deref(),
            Some(expected)
        );
    }
}
