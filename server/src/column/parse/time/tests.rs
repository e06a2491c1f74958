//! Tests of the times without a date.

use super::{parse_time, parse_time64};
use crate::column::parse::Reason;

#[test]
fn times_are_seconds() {
    for (text, expected) in [
        ("00:00:00", 0),
        ("0:00", 0),
        ("-0:00:01", -1),
        ("12:34", 45_240),
        ("12:34:56", 45_296),
        ("-001:02:03", -3_723),
        ("23:59:59.000", 86_399),
        ("999:59:59", 3_599_999),
        ("-999:59:59", -3_599_999),
    ] {
        assert_eq!(parse_time(text.as_bytes()), Ok(expected), "{text}");
    }
}

#[test]
fn fractions_are_scaled_to_the_precision() {
    for (text, precision, expected) in [
        ("00:00:01.5", 3, Ok(1_500)),
        ("-0:00:00.5", 3, Ok(-500)),
        ("00:00:01.123000", 3, Ok(1_123)),
        ("00:00:01.1234", 3, Err(Reason::PrecisionLoss)),
        ("00:00:01.5", 0, Err(Reason::PrecisionLoss)),
        ("01:00", 2, Ok(360_000)),
        ("999:59:59.999999999", 9, Ok(3_599_999_999_999_999)),
        ("-999:59:59.999999999", 9, Ok(-3_599_999_999_999_999)),
    ] {
        assert_eq!(parse_time64(text.as_bytes(), precision), expected, "{text}");
    }
}

#[test]
fn more_hours_are_refused() {
    for text in ["1000:00:00", "-1000:00", "12345:00:00"] {
        assert_eq!(parse_time(text.as_bytes()), Err(Reason::Overflow), "{text}");
    }
}

#[test]
fn other_texts_are_not_times() {
    for text in [
        "",
        "-",
        "12",
        "12:3",
        "12:345",
        "12:60",
        "12:34:60",
        "12:34:5",
        "12:34:567",
        "12:34:56.",
        "12:34:56.x",
        "12:34.5",
        "12:34:56:78",
        ":34:56",
        "a:34:56",
        " 12:34",
        "12:34 ",
        "+12:34",
        "--12:34",
        "12:34:",
        "1:-2:03",
        "45296",
    ] {
        assert_eq!(
            parse_time(text.as_bytes()),
            Err(Reason::InvalidDate),
            "{text}"
        );
    }
}

#[test]
fn every_precision_holds_its_ends_and_no_more() {
    for precision in 0..=9_u8 {
        let parse = |text: &str| parse_time64(text.as_bytes(), precision);
        let unit = 10_i64.pow(precision.into());
        let (point, nines) = match precision {
            0 => ("", String::new()),
            _ => (".", "9".repeat(precision.into())),
        };
        let last = 3_600_000 * unit - 1;
        assert_eq!(parse(&format!("999:59:59{point}{nines}")), Ok(last));
        assert_eq!(parse(&format!("-999:59:59{point}{nines}")), Ok(-last));
        assert_eq!(parse("1000:00:00"), Err(Reason::Overflow));
        assert_eq!(parse("-1000:00:00"), Err(Reason::Overflow));
        assert_eq!(parse("12345678:00:00"), Err(Reason::Overflow));
        assert_eq!(parse("123456789:00:00"), Err(Reason::InvalidDate));
        assert_eq!(parse("999:59:60"), Err(Reason::InvalidDate));
        let beyond = format!("0:00:00.{}1", "0".repeat(precision.into()));
        assert_eq!(parse(&beyond), Err(Reason::PrecisionLoss));
        assert_eq!(parse(&format!("0:00:00.{}", "0".repeat(1_000))), Ok(0));
    }
}
