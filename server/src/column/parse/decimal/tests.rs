//! Tests of the decimals.

use proptest::prelude::proptest;

use super::{DecimalFormat, parse_decimal32, parse_decimal64, parse_decimal128, parse_decimal256};
use crate::column::parse::Reason;
use crate::column::parse::digits::Accumulator;

fn format<A: Accumulator>(precision: u8, scale: u8) -> DecimalFormat<A> {
    DecimalFormat::new(precision, scale).unwrap()
}

/// Checks a text as Decimal(10, 2), and as the wider types of the same scale.
fn check(text: &str, expected: Result<i64, Reason>) {
    let text = text.as_bytes();
    let shown = String::from_utf8_lossy(text);
    assert_eq!(parse_decimal64(text, format(10, 2)), expected, "{shown}");
    if expected != Err(Reason::Overflow) {
        let wide = expected.map(i128::from);
        assert_eq!(parse_decimal128(text, format(38, 2)), wide, "{shown}");
        let wider = expected.map(ethnum::I256::from);
        assert_eq!(parse_decimal256(text, format(76, 2)), wider, "{shown}");
    }
}

#[test]
fn digits_are_scaled() {
    check("0", Ok(0));
    check("-0.00", Ok(0));
    check("1", Ok(100));
    check("+1.5", Ok(150));
    check("-12.34", Ok(-1234));
    check("007.10", Ok(710));
    check(".5", Ok(50));
    check("5.", Ok(500));
    check("12345678.9", Ok(1_234_567_890));
    check("000000000000000000000000000012345678.9", Ok(1_234_567_890));
}

#[test]
fn digits_behind_the_scale_must_be_zero() {
    check("1.230", Ok(123));
    check("1.2300000000000000000000", Ok(123));
    check("1.234", Err(Reason::PrecisionLoss));
    check("0.001", Err(Reason::PrecisionLoss));
    check("1.230000000000000000001", Err(Reason::PrecisionLoss));
}

#[test]
fn digits_before_the_point_must_fit() {
    check("99999999.99", Ok(9_999_999_999));
    check("-99999999.99", Ok(-9_999_999_999));
    check("100000000.00", Err(Reason::Overflow));
    check("-100000000", Err(Reason::Overflow));
    check(
        "99999999999999999999999999999999999999999999999999999999999999999999999999999",
        Err(Reason::Overflow),
    );
}

#[test]
fn exponents_are_exact() {
    check("1e2", Ok(10_000));
    check("1.5E+1", Ok(1_500));
    check("1234e-2", Ok(1_234));
    check("1230e-3", Ok(123));
    check("1234e-3", Err(Reason::PrecisionLoss));
    check("1e-3", Err(Reason::PrecisionLoss));
    check("0.00123e3", Ok(123));
    check("1e8", Err(Reason::Overflow));
    check("1e7", Ok(1_000_000_000));
    check("0e99999999999999999999999", Ok(0));
    check("0.0e-99999999999999999999999", Ok(0));
    check("1e99999999999999999999999", Err(Reason::Overflow));
    check("1e-99999999999999999999999", Err(Reason::PrecisionLoss));
    check("1e0", Ok(100));
}

#[test]
fn zeros_and_digits_of_any_number_are_read() {
    let zeros = "0".repeat(1_000);
    check(&format!("{zeros}1.5"), Ok(150));
    check(&format!("1.5{zeros}"), Ok(150));
    check(&format!("-{zeros}.{zeros}"), Ok(0));
    check(&format!("1{zeros}e-1000"), Ok(100));
    check(&format!("0.{zeros}15e1001"), Ok(150));
    check(&format!("1.5{zeros}1"), Err(Reason::PrecisionLoss));
    check(&format!("1{zeros}"), Err(Reason::Overflow));
    check(&format!("1{zeros}x"), Err(Reason::InvalidNumber));
    check(&format!("1.5{zeros}x"), Err(Reason::InvalidNumber));
    check("1e+05", Ok(10_000_000));
    check("1e-02", Ok(1));
    check("1e-00", Ok(100));
}

#[test]
fn the_last_digit_of_the_scale_is_the_last_that_may_be_there() {
    for scale in 0_u8..=18 {
        let zeros = "0".repeat(scale.into());
        let last = match scale {
            0 => "1".to_owned(),
            _ => format!("0.{}1", "0".repeat(usize::from(scale) - 1)),
        };
        let result = parse_decimal64(last.as_bytes(), format(18, scale));
        assert_eq!(result, Ok(1), "{last}");
        let beyond = format!("0.{zeros}1");
        let result = parse_decimal64(beyond.as_bytes(), format(18, scale));
        assert_eq!(result, Err(Reason::PrecisionLoss), "{beyond}");
        let zero = format!("0.{zeros}0");
        assert_eq!(
            parse_decimal64(zero.as_bytes(), format(18, scale)),
            Ok(0),
            "{zero}"
        );
    }
}

#[test]
fn other_texts_are_not_numbers() {
    for text in [
        "",
        "+",
        "-",
        ".",
        "-.",
        "e5",
        ".e5",
        "1e",
        "1e+",
        "1e5.0",
        "1.2.3",
        "1,5",
        " 1",
        "1 ",
        "--1",
        "-+1",
        "1e-",
        "0x1",
        "nan",
        "inf",
        "1_0",
        "1.5x",
        "x1.5",
        "1.x",
        "1.12345678x",
        "1.x2345678",
        "\\N",
        "12345678x.5",
        "1e5e5",
    ] {
        check(text, Err(Reason::InvalidNumber));
    }
}

#[test]
fn every_width_holds_its_ends_and_no_more() {
    for scale in [0_u8, 1, 4, 9] {
        let max = nines(9, scale);
        assert_eq!(
            parse_decimal32(max.as_bytes(), format(9, scale)),
            Ok(999_999_999)
        );
        let min = format!("-{max}");
        assert_eq!(
            parse_decimal32(min.as_bytes(), format(9, scale)),
            Ok(-999_999_999)
        );
        let above = one_and_zeros(9, scale);
        assert_eq!(
            parse_decimal32(above.as_bytes(), format(9, scale)),
            Err(Reason::Overflow)
        );
    }
    for scale in [0_u8, 1, 9, 18] {
        let (max, above) = (nines(18, scale), one_and_zeros(18, scale));
        let expected = 999_999_999_999_999_999;
        assert_eq!(
            parse_decimal64(max.as_bytes(), format(18, scale)),
            Ok(expected)
        );
        assert_eq!(
            parse_decimal64(above.as_bytes(), format(18, scale)),
            Err(Reason::Overflow)
        );
    }
    for scale in [0_u8, 20, 38] {
        let (max, above) = (nines(38, scale), one_and_zeros(38, scale));
        let expected = 10_i128.pow(38) - 1;
        assert_eq!(
            parse_decimal128(max.as_bytes(), format(38, scale)),
            Ok(expected)
        );
        assert_eq!(
            parse_decimal128(above.as_bytes(), format(38, scale)),
            Err(Reason::Overflow)
        );
    }
    for scale in [0_u8, 40, 76] {
        let (max, above) = (nines(76, scale), one_and_zeros(76, scale));
        let expected = ethnum::I256::from(10).pow(76) - 1;
        assert_eq!(
            parse_decimal256(max.as_bytes(), format(76, scale)),
            Ok(expected)
        );
        let min = format!("-{max}");
        assert_eq!(
            parse_decimal256(min.as_bytes(), format(76, scale)),
            Ok(-expected)
        );
        assert_eq!(
            parse_decimal256(above.as_bytes(), format(76, scale)),
            Err(Reason::Overflow)
        );
    }
}

/// Returns the largest number of a type.
fn nines(precision: u8, scale: u8) -> String {
    let whole = "9".repeat(usize::from(precision - scale));
    format!("{whole}.{}", "9".repeat(usize::from(scale)))
}

/// Returns the next one.
fn one_and_zeros(precision: u8, scale: u8) -> String {
    let zeros = "0".repeat(usize::from(precision - scale));
    format!("1{zeros}.{}", "0".repeat(usize::from(scale)))
}

proptest! {
    #[test]
    fn any_value_is_read_back_from_every_notation(
        value in -999_999_999_999_999_999_i64..=999_999_999_999_999_999,
        digits in 1_u32..=18,
        scale in 0_u8..=18,
    ) {
        let value = value % 10_i64.pow(digits);
        let one = 10_u64.pow(scale.into());
        let (whole, fraction) = (value.unsigned_abs() / one, value.unsigned_abs() % one);
        let sign = if value < 0 { "-" } else { "" };
        let plain = match scale {
            0 => format!("{sign}{whole}"),
            _ => format!("{sign}{whole}.{fraction:0width$}", width = usize::from(scale)),
        };
        for text in [plain.clone(), format!("{value}e-{scale}"), format!("{plain}e0")] {
            let text = text.as_bytes();
            assert_eq!(parse_decimal64(text, format(18, scale)), Ok(value));
            assert_eq!(parse_decimal128(text, format(38, scale)), Ok(value.into()));
            assert_eq!(parse_decimal256(text, format(76, scale)), Ok(value.into()));
        }
    }
}
