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
