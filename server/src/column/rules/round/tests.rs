//! Tests of rounding in decimal text.

use super::{round_number, round_time};

fn number(text: &str, scale: usize) -> Option<String> {
    let mut out = b"x".to_vec();
    let is_rounded = round_number(text.as_bytes(), scale, &mut out);
    let out = String::from_utf8(out).unwrap();
    let rounded = out.strip_prefix('x').unwrap();
    assert_eq!(is_rounded, !rounded.is_empty());
    is_rounded.then(|| rounded.to_owned())
}

fn time(text: &str, precision: usize) -> Option<String> {
    let mut out = Vec::new();
    round_time(text.as_bytes(), precision, &mut out).then(|| String::from_utf8(out).unwrap())
}

#[test]
fn numbers_are_rounded_half_away_from_zero() {
    for (text, scale, expected) in [
        ("1.234", 2, "1.23"),
        ("1.235", 2, "1.24"),
        ("-1.235", 2, "-1.24"),
        ("+1.235", 2, "1.24"),
        ("9.999", 2, "10.00"),
        ("99.5", 0, "100"),
        ("0.5", 0, "1"),
        ("-0.5", 0, "-1"),
        ("0.4999999999999999999999999999999", 0, "0"),
        (".019", 2, "0.02"),
        ("0.001", 2, "0.00"),
        ("0.005", 2, "0.01"),
        ("5e-3", 2, "0.01"),
        ("4e-3", 2, "0.00"),
        ("5e-4", 2, "0.00"),
        ("9e-99999999999999999999", 2, "0.00"),
        ("12345e-3", 2, "12.35"),
        ("0.12345e2", 1, "012.3"),
        ("007.77", 1, "007.8"),
        ("3.0", 0, "3"),
        ("3.7", 0, "4"),
        ("3.", 0, "3"),
        ("1e3", 0, "1000"),
        ("-1.5e1", 0, "-15"),
    ] {
        assert_eq!(
            number(text, scale).as_deref(),
            Some(expected),
            "{text} {scale}"
        );
    }
}

#[test]
fn numbers_that_need_no_rounding_and_other_texts_stay() {
    for (text, scale) in [
        ("1.23", 2),
        ("1.230000", 2),
        ("1", 2),
        ("1", 0),
        ("1e3", 2),
        ("1e999", 0),
        ("", 2),
        (".", 2),
        ("-", 2),
        ("e5", 2),
        ("1e", 2),
        ("1.2.3", 0),
        ("1,234", 2),
        ("nan", 2),
        ("abc", 2),
        ("0x1.8", 0),
    ] {
        assert_eq!(number(text, scale), None, "{text} {scale}");
    }
}

#[test]
fn times_are_rounded_with_a_carry() {
    for (text, precision, expected) in [
        ("2024-02-28 23:59:59.9995", 3, "2024-02-29 00:00:00.000"),
        ("2024-02-28T23:59:59.9994Z", 3, "2024-02-28T23:59:59.999Z"),
        (
            "2024-12-31 23:59:59.5+02:00",
            0,
            "2025-01-01 00:00:00+02:00",
        ),
        ("1969-12-31 23:59:59.5", 0, "1970-01-01 00:00:00"),
        ("2024-01-01 10:00:00.4", 0, "2024-01-01 10:00:00"),
        ("1700000000.6", 0, "1700000001"),
        ("1700000000.0", 0, "1700000000"),
        ("999999999.96", 1, "1000000000.0"),
        ("12:00:00.0005", 3, "12:00:00.001"),
        ("-0:59:59.5", 0, "-01:00:00"),
        ("-00:00:00.96", 1, "-00:00:01.0"),
    ] {
        assert_eq!(
            time(text, precision).as_deref(),
            Some(expected),
            "{text} {precision}"
        );
    }
}

#[test]
fn times_that_need_no_rounding_and_other_texts_stay() {
    for (text, precision) in [
        ("2024-01-01 10:00:00", 0),
        ("2024-01-01 10:00:00.000", 0),
        ("2024-01-01 10:00:00.123000", 3),
        ("2024-01-01 10:00:00.5x", 0),
        ("1700000000.5", 1),
        ("31.12.2024", 0),
        ("2024-02-30 10:00:00.9", 0),
        ("2024-01-01 10:00.9", 0),
        ("20240101.9", 0),
        ("12:00.9", 0),
        ("", 0),
        (".", 0),
    ] {
        assert_eq!(time(text, precision), None, "{text} {precision}");
    }
}
