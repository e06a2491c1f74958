//! Tests of the rules as the builder sees them.

use super::CellRewriter;
use crate::column::rules::{DateFormat, ExcelText, Thousands, ValueRules};
use crate::column::{BlockBuilder, Cell, ColumnSpec, DataType, Limits, Reason};

fn words(words: &[&str]) -> Vec<Vec<u8>> {
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

fn rewrite(rules: &ValueRules, data_type: &str, cells: &[Cell<'_>]) -> Vec<(String, bool)> {
    let data_type = DataType::parse(data_type).unwrap();
    let mut rewriter = CellRewriter::new(rules, &data_type).unwrap();
    let show = |cell: Cell<'_>| {
        (
            String::from_utf8_lossy(cell.bytes).into_owned(),
            cell.quoted,
        )
    };
    let first: Vec<_> = rewriter.rewrite(cells.iter().copied()).map(show).collect();
    let second: Vec<_> = rewriter.rewrite(cells.iter().copied()).map(show).collect();
    assert_eq!(first, second, "a rewriter is the same for every batch");
    first
}

/// Checks the text of unquoted cells, each a pair of what it was and what it becomes.
fn check(rules: &ValueRules, data_type: &str, pairs: &[(&str, &str)]) {
    let cells: Vec<_> = pairs
        .iter()
        .map(|(text, _)| Cell::plain(text.as_bytes()))
        .collect();
    let texts = rewrite(rules, data_type, &cells);
    for ((text, is_quoted), (before, after)) in texts.iter().zip(pairs) {
        assert_eq!(
            (text.as_str(), *is_quoted),
            (*after, false),
            "{data_type} {before}"
        );
    }
}

/// Says what the builder makes of one unquoted cell under the rules.
fn outcome(rules: &ValueRules, data_type: &str, text: &str) -> Result<(), Reason> {
    let spec = ColumnSpec {
        name: "c".to_owned(),
        data_type: DataType::parse(data_type).unwrap(),
        has_default: false,
        empty_as_default: false,
        is_inferred: false,
    };
    let limits = Limits {
        max_rows: 9,
        max_bytes: 999,
    };
    let mut rewriter = CellRewriter::new(rules, &spec.data_type).unwrap();
    let mut builder = BlockBuilder::new(
        vec![spec],
        &crate::column::zone::Zones::bundled("UTC"),
        limits,
    )
    .unwrap();
    let cells = rewriter.rewrite(std::iter::once(Cell::plain(text.as_bytes())));
    builder
        .column_mut(0)
        .unwrap()
        .append(cells)
        .map_err(|bad| bad.reason)
}

fn format(text: &str) -> ValueRules {
    ValueRules {
        date_format: Some(DateFormat::parse(text).unwrap()),
        ..ValueRules::default()
    }
}

#[test]
fn rules_without_use_for_a_type_make_no_rewriter() {
    let new = |rules: &ValueRules, data_type: &str| {
        CellRewriter::new(rules, &DataType::parse(data_type).unwrap()).is_some()
    };
    for data_type in ["String", "Int64", "Nullable(Date)", "Bool", "Array(Int8)"] {
        assert!(!new(&ValueRules::default(), data_type), "{data_type}");
    }
    let comma = ValueRules {
        decimal_comma: Some(true),
        ..ValueRules::default()
    };
    assert!(new(&comma, "Nullable(Float32)") && new(&comma, "Decimal(9, 2)"));
    assert!(new(&comma, "Int32") && !new(&comma, "String") && !new(&comma, "Date"));
    let dates = format("%d/%m/%Y");
    assert!(new(&dates, "Date") && new(&dates, "Nullable(DateTime64(3))"));
    assert!(!new(&dates, "Time") && !new(&dates, "String") && !new(&dates, "Int8"));
    assert!(new(&format("%I:%M %p"), "Time") && !new(&format("%I:%M %p"), "DateTime"));
    let truth = ValueRules {
        true_words: words(&["ja"]),
        ..ValueRules::default()
    };
    assert!(new(&truth, "Bool") && !new(&truth, "UInt8"));
    let round = ValueRules {
        round: true,
        ..ValueRules::default()
    };
    assert!(new(&round, "Decimal(9, 2)") && new(&round, "Int8") && new(&round, "Time64(3)"));
    assert!(!new(&round, "Float32") && !new(&round, "Date") && !new(&round, "String"));
    let builtin = ValueRules {
        null_markers: words(&["", "\\N"]),
        ..ValueRules::default()
    };
    assert!(!new(&builtin, "Int8"));
    assert!(new(
        &ValueRules {
            quoted_nulls: true,
            ..builtin
        },
        "Int8"
    ));
}

#[test]
fn markers_become_unquoted_empty_cells() {
    let rules = ValueRules {
        null_markers: words(&["NA", "-"]),
        ..ValueRules::default()
    };
    let pairs = [
        ("NA", ""),
        ("-", ""),
        ("1", "1"),
        ("na", "na"),
        ("NA ", "NA "),
        ("--", "--"),
    ];
    check(&rules, "Nullable(Int32)", &pairs);
    check(&rules, "Nullable(String)", &pairs);
    let quoted = [Cell::quoted(b"NA"), Cell::quoted(b""), Cell::plain(b"NA")];
    let keep = |text: &str, is_quoted| (text.to_owned(), is_quoted);
    assert_eq!(
        rewrite(&rules, "Nullable(Int32)", &quoted),
        [keep("NA", true), keep("", true), keep("", false)]
    );
    let rules = ValueRules {
        null_markers: words(&["NA", ""]),
        quoted_nulls: true,
        ..ValueRules::default()
    };
    assert_eq!(
        rewrite(&rules, "Nullable(Int32)", &quoted),
        [keep("", false), keep("", false), keep("", false)]
    );
    assert_eq!(outcome(&rules, "Int32", "NA"), Err(Reason::NullNotAllowed));
    assert_eq!(outcome(&rules, "Nullable(Int32)", "NA"), Ok(()));
}

#[test]
fn blanks_around_unquoted_texts_and_all_other_values_are_dropped() {
    let rules = ValueRules {
        trim: true,
        null_markers: words(&["NA"]),
        ..ValueRules::default()
    };
    let pairs = [
        (" 1", "1"),
        ("1\t ", "1"),
        ("  ", ""),
        (" a b ", "a b"),
        (" NA ", ""),
        ("\u{a0}1", "\u{a0}1"),
    ];
    check(&rules, "Nullable(Int32)", &pairs);
    check(&rules, "Nullable(String)", &pairs);
    let quoted = [Cell::quoted(b" 1 ")];
    assert_eq!(
        rewrite(&rules, "String", &quoted),
        [(" 1 ".to_owned(), true)]
    );
    assert_eq!(rewrite(&rules, "Int8", &quoted), [("1".to_owned(), true)]);
}

#[test]
fn a_decimal_comma_excludes_the_point() {
    let rules = ValueRules {
        decimal_comma: Some(true),
        ..ValueRules::default()
    };
    let pairs = [
        ("1,5", "1.5"),
        ("-0,25e3", "-0.25e3"),
        ("7", "7"),
        ("1.5", "1,5"),
        ("1.234,5", "1,234.5"),
    ];
    check(&rules, "Float64", &pairs);
    for data_type in ["Float64", "Decimal(9, 3)", "Nullable(BFloat16)"] {
        assert_eq!(outcome(&rules, data_type, "1,5"), Ok(()));
        for text in ["1.5", "1.234,5", "1,234,5", "1.234"] {
            let outcome = outcome(&rules, data_type, text);
            assert_eq!(outcome, Err(Reason::InvalidNumber), "{data_type} {text}");
        }
    }
}

#[test]
fn words_for_truth_values_come_before_the_built_in_ones() {
    let rules = ValueRules {
        true_words: words(&["ja", "N"]),
        false_words: words(&["nein"]),
        ..ValueRules::default()
    };
    check(
        &rules,
        "Bool",
        &[
            ("JA", "true"),
            ("nein", "false"),
            ("n", "true"),
            ("yes", "yes"),
            ("1", "1"),
        ],
    );
    assert_eq!(outcome(&rules, "Bool", "jein"), Err(Reason::InvalidBool));
    assert_eq!(rules.contradictory_word(), None);
    let rules = ValueRules {
        false_words: words(&["Ja"]),
        ..rules
    };
    assert_eq!(rules.contradictory_word(), Some(&b"ja"[..]));
    assert_eq!(outcome(&rules, "Bool", "ja"), Err(Reason::InvalidBool));
}

#[test]
fn dates_of_the_form_and_of_iso_are_read_and_others_are_refused() {
    let rules = format("%d/%m/%Y");
    for data_type in ["Date", "Nullable(Date32)", "DateTime", "DateTime64(3)"] {
        assert_eq!(outcome(&rules, data_type, "29/02/2024"), Ok(()));
        assert_eq!(outcome(&rules, data_type, "2024-02-29"), Ok(()));
        for text in ["30/02/2024", "01/13/2024", "00/01/2024"] {
            let outcome = outcome(&rules, data_type, text);
            assert_eq!(outcome, Err(Reason::InvalidDate), "{data_type} {text}");
        }
        let outcome = outcome(&rules, data_type, "01/02/24");
        assert_eq!(outcome, Err(Reason::AmbiguousDate), "{data_type}");
    }
    let rules = format("%d/%m/%Y %H:%M");
    assert_eq!(
        outcome(&rules, "Date", "01/02/2024 00:01"),
        Err(Reason::PrecisionLoss)
    );
    assert_eq!(outcome(&rules, "Date", "01/02/2024 00:00"), Ok(()));
    assert_eq!(
        outcome(&rules, "DateTime", "01/02/2024 24:00"),
        Err(Reason::InvalidDate)
    );
}

#[test]
fn conversion_comes_before_rounding() {
    let rules = ValueRules {
        decimal_comma: Some(true),
        round: true,
        ..ValueRules::default()
    };
    check(
        &rules,
        "Decimal(9, 2)",
        &[
            ("1,005", "1.01"),
            ("1,5", "1.5"),
            ("1.5", "1,5"),
            ("2", "2"),
        ],
    );
    let rules = ValueRules {
        round: true,
        ..format("%d.%m.%Y %H:%M:%S%.f")
    };
    check(
        &rules,
        "DateTime64(1)",
        &[
            ("31.12.2023 23:59:59.95", "2024-01-01 00:00:00.0"),
            ("01.02.2024 10:00:00", "2024-02-01 10:00:00"),
        ],
    );
}

#[test]
fn rounding_does_away_with_precision_loss() {
    let rules = ValueRules {
        round: true,
        ..ValueRules::default()
    };
    for (data_type, text) in [
        ("Decimal(9, 2)", "1.999999999999999999999999"),
        ("Decimal(9, 2)", "1e-40"),
        ("Decimal(38, 0)", "0.5"),
        ("DateTime", "2024-01-01 00:00:00.999999999999Z"),
        ("DateTime64(6)", "2024-01-01 00:00:00.1234567"),
        ("Time", "-999:59:58.7"),
        ("Time64(3)", "10:00:00.0005"),
        ("Int8", "127.0"),
    ] {
        assert_eq!(
            outcome(&rules, data_type, text),
            Ok(()),
            "{data_type} {text}"
        );
    }
    assert_eq!(outcome(&rules, "Int8", "127.5"), Err(Reason::Overflow));
    assert_eq!(
        outcome(&rules, "Time", "999:59:59.5"),
        Err(Reason::Overflow)
    );
    assert_eq!(outcome(&rules, "Int8", "1.2.3"), Err(Reason::InvalidNumber));
    assert_eq!(
        outcome(&rules, "DateTime", "20240101.6"),
        Err(Reason::InvalidDate)
    );
    assert_eq!(
        outcome(&rules, "DateTime", "2024-01-01 10:00.7"),
        Err(Reason::InvalidDate)
    );
    assert_eq!(
        outcome(&rules, "Time", "+10:00:00.7"),
        Err(Reason::InvalidDate)
    );
}

#[test]
fn found_rules_leave_text_columns_alone() {
    let rules = ValueRules {
        null_markers: words(&["NA", "nan"]),
        ..ValueRules::default()
    };
    let found = |text: &str| rules.found_for(&DataType::parse(text).unwrap());
    assert_eq!(found("Nullable(Int8)"), rules);
    for text in [
        "String",
        "LowCardinality(Nullable(String))",
        "Enum8('NA' = 1)",
        "Array(Nullable(Int8))",
        "JSON",
    ] {
        assert_eq!(found(text), ValueRules::default(), "{text}");
    }
    for text in ["Float64", "Nullable(Float32)", "BFloat16"] {
        assert_eq!(found(text).null_markers, words(&["NA"]), "{text}");
    }
}

fn thousands(separator: &str) -> ValueRules {
    ValueRules {
        thousands: Thousands::parse(separator),
        ..ValueRules::default()
    }
}

#[test]
fn groups_of_digits_become_digits() {
    check(
        &thousands(","),
        "Float64",
        &[
            ("1,234.50", "1234.50"),
            ("12,34,567", "1234567"),
            ("900", "900"),
            ("1.5", "1.5"),
            ("1,23,4", "1,23,4"),
            ("", ""),
        ],
    );
    check(
        &thousands("."),
        "Decimal(18, 2)",
        &[
            ("1.234,50", "1234.50"),
            ("12,5", "12.5"),
            ("12.5", "12,5"),
            ("1.234", "1234"),
        ],
    );
    check(
        &thousands(","),
        "Int32",
        &[
            ("1,234", "1234"),
            ("1,234.00", "1234"),
            ("5.000", "5"),
            ("1,234.5", "1234.5"),
        ],
    );
    check(
        &thousands(" "),
        "Nullable(Int64)",
        &[("1 234", "1234"), ("\\N", "\\N")],
    );
    let text = DataType::parse("String").unwrap();
    assert!(CellRewriter::new(&thousands(","), &text).is_none());
    for text in ["1,23,4", "1.234,5", "12.34"] {
        let refused = Err(Reason::InvalidNumber);
        assert!(outcome(&thousands(","), "Int32", text).is_err(), "{text}");
        let is_refused = outcome(&thousands("."), "Float64", text) == refused;
        assert_eq!(is_refused, text != "1.234,5", "{text}");
    }
}

#[test]
fn three_zeros_behind_a_point_need_a_word_about_the_point() {
    let comma = |comma| ValueRules {
        decimal_comma: Some(comma),
        ..ValueRules::default()
    };
    check(&comma(false), "Int32", &[("12.000", "12"), ("1.5", "1.5")]);
    check(
        &comma(true),
        "Int32",
        &[("12.000", "12,000"), ("12,000", "12"), ("1,5", "1.5")],
    );
    assert_eq!(outcome(&comma(false), "Int32", "12.000"), Ok(()));
    assert_eq!(
        outcome(&comma(true), "Int32", "12.000"),
        Err(Reason::InvalidNumber)
    );
}

fn unit(unit: &str) -> ValueRules {
    ValueRules {
        strip_units: true,
        unit: Some(unit.as_bytes().to_vec()).filter(|unit| !unit.is_empty()),
        thousands: Some(Thousands::Comma),
        ..ValueRules::default()
    }
}

#[test]
fn one_unit_is_left_out_of_numbers() {
    check(
        &unit("$"),
        "Float64",
        &[
            ("$1,234.50", "1234.50"),
            ("-$5", "-5"),
            ("($5.25)", "-5.25"),
            ("7-", "-7"),
            ("7", "7"),
            ("€7", "?"),
            ("5%", "?"),
            ("", ""),
            ("\\N", "\\N"),
            ("abc", "abc"),
        ],
    );
    check(
        &unit("%"),
        "Float64",
        &[("12.5%", "12.5"), ("12.5 %", "12.5"), ("0.5", "?")],
    );
    check(&unit(""), "Int32", &[("(5)", "-5"), ("$5", "?")]);
    assert_eq!(
        outcome(&unit("$"), "Nullable(Float64)", "€7"),
        Err(Reason::InvalidNumber)
    );
}

#[test]
fn lists_become_arrays() {
    let list = |separator: &str| ValueRules {
        list_separator: Some(separator.as_bytes().to_vec()),
        ..ValueRules::default()
    };
    check(
        &list(";"),
        "Array(String)",
        &[
            ("red;big", "['red','big']"),
            ("red", "['red']"),
            ("it's;a\\b; c ", "['it\\'s','a\\\\b',' c ']"),
            ("a;;b;", "['a','','b','']"),
            ("", "[]"),
            ("\\N", "\\N"),
        ],
    );
    check(&list(", "), "Array(Int32)", &[("1, 2", "['1','2']")]);
    assert_eq!(outcome(&list(";"), "Array(Int32)", "1; 2"), Ok(()));
    assert_eq!(
        outcome(&list(";"), "Array(Int32)", "1;x"),
        Err(Reason::InvalidNumber)
    );
    let nested = DataType::parse("Array(Array(Int8))").unwrap();
    assert!(CellRewriter::new(&list(";"), &nested).is_none());
}

#[test]
fn a_text_in_the_form_of_a_formula_is_the_text() {
    let rules = |form| ValueRules {
        excel_text: Some(form),
        ..ValueRules::default()
    };
    let cells = [
        Cell::plain(b"=\"007\""),
        Cell::plain(b"=\"\""),
        Cell::quoted(b"=\"007\""),
        Cell::plain(b"=1+1"),
        Cell::plain(b"=\"a\"b\""),
    ];
    let texts = |form, data_type| {
        let texts = rewrite(&rules(form), data_type, &cells);
        texts
            .into_iter()
            .map(|(text, quoted)| format!("{text}{}", if quoted { "!" } else { "" }))
            .collect::<Vec<_>>()
            .join("|")
    };
    let rest = "=1+1|=\"a\"b\"";
    assert_eq!(
        texts(ExcelText::Unquoted, "String"),
        format!("007!|!|=\"007\"!|{rest}")
    );
    assert_eq!(
        texts(ExcelText::All, "String"),
        format!("007!|!|007!|{rest}")
    );
    assert_eq!(
        texts(ExcelText::Unquoted, "Int32"),
        format!("007||=\"007\"!|{rest}")
    );
    let text = DataType::parse("String").unwrap();
    assert!(CellRewriter::new(&rules(ExcelText::Never), &text).is_none());
}
