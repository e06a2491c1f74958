//! Tests of the floating point numbers.

use proptest::prelude::{any, proptest};

use super::{nearest_f32, nearest_f64, parse_bf16, parse_f32, parse_f64};
use crate::column::parse::Reason;

/// Checks that a text is read as the standard library reads it, bit for bit.
fn check(text: &str) {
    let bits = nearest_f64(text.as_bytes()).map(f64::to_bits);
    assert_eq!(bits, Ok(text.parse::<f64>().unwrap().to_bits()), "{text}");
    let bits = nearest_f32(text.as_bytes()).map(f32::to_bits);
    assert_eq!(bits, Ok(text.parse::<f32>().unwrap().to_bits()), "{text}");
}

#[test]
fn numbers_of_every_notation_are_the_nearest_value() {
    for text in [
        "0",
        "-0",
        "0.0",
        "1",
        "+1",
        "-1.5",
        "40.758",
        "-73.981234",
        "1e10",
        "1E-5",
        "1.5e+3",
        ".5",
        "5.",
        "0.1",
        "0.30000000000000004",
        "123456789.123456789",
        "9007199254740993",
        "9007199254740992.5",
        "1234567.12345678901",
        "12345678",
        "123456789",
        "1234567.8",
        "12345678.9",
        "1.17549435e-38",
        "1e-45",
        "3.4028234663852886e38",
        "0.000000000000000000000000001",
        "16777217",
        "16777216.5",
        "0.3333333",
        "8388608.5",
        "1.00000005960464477539",
        "1.0000000596046447",
        "1.00000006",
    ] {
        check(text);
    }
}

#[test]
fn the_point_may_stand_at_every_place_and_nothing_else_at_any() {
    for length in 1..=20 {
        let digits: String = "73123456789012345678".chars().take(length).collect();
        for place in 0..=length {
            let (before, behind) = digits.split_at(place);
            let text = format!("{before}.{behind}");
            check(&text);
            for at in (0..text.len()).filter(|at| *at != place) {
                for wrong in ["x", ":", "/", ".", "\0"] {
                    let mut text = text.clone();
                    text.replace_range(at..=at, wrong);
                    let found = parse_f64(text.as_bytes());
                    assert_eq!(found, Err(Reason::InvalidNumber), "{text:?}");
                }
            }
        }
    }
}

#[test]
fn an_integer_stays_or_is_refused() {
    for (text, is_f64, is_f32) in [
        ("9007199254740992", true, true),
        ("9007199254740993", false, false),
        ("-9007199254740993", false, false),
        ("+9007199254740993", false, false),
        ("9007199254740994", true, false),
        ("9007199254740993.0", true, true),
        ("9007199254740992.5", true, true),
        ("9007199254740.9935", true, true),
        ("16777216", true, true),
        ("16777217", true, false),
        ("016777217", true, false),
        ("16777217e0", true, true),
        ("1.6777217e7", true, true),
        ("1.6777218e7", true, true),
        ("123456789", true, false),
        // As programs write floats: the fewest digits, or all of them.
        ("123456790", true, true),
        ("123456792", true, true),
        ("12345678901234567000", true, false),
        ("12345678901234567168", true, false),
        ("12345678901234567169", false, false),
        ("1e22", true, true),
        ("1e23", true, true),
        ("100000000000000000000000", true, true),
        ("99999999999999991611392", true, false),
        ("1.7976931348623157e308", true, false),
        ("3.4028235e38", true, true),
        ("1.4411518807585587e+17", true, true),
        ("144115188075855872", true, true),
        ("144115188075855873", false, false),
        ("0.30000000000000004", true, true),
        ("0.1234567890123456789", true, true),
    ] {
        let fits = |outcome: Result<(), Reason>| {
            assert!(matches!(
                outcome,
                Ok(()) | Err(Reason::PrecisionLoss | Reason::Overflow)
            ));
            outcome.is_ok()
        };
        let bytes = text.as_bytes();
        assert_eq!(fits(parse_f64(bytes).map(drop)), is_f64, "Float64 {text}");
        assert_eq!(fits(parse_f32(bytes).map(drop)), is_f32, "Float32 {text}");
    }
}

proptest! {
    #[test]
    fn every_float_comes_back_from_what_programs_write(bits in any::<u64>(), short in any::<u32>()) {
        let (value, narrow) = (f64::from_bits(bits), f32::from_bits(short));
        if value.is_finite() && narrow.is_finite() {
            for text in [format!("{value}"), format!("{value:e}"), format!("{value:.16e}")] {
                assert_eq!(parse_f64(text.as_bytes()).map(f64::to_bits), Ok(bits), "{text}");
            }
            for text in [format!("{narrow}"), format!("{narrow:e}"), format!("{narrow:.8e}")] {
                assert_eq!(parse_f32(text.as_bytes()).map(f32::to_bits), Ok(short), "{text}");
            }
        }
    }
}

#[test]
fn words_are_read_in_any_case() {
    for (text, expected) in [
        ("inf", f64::INFINITY),
        ("-INF", f64::NEG_INFINITY),
        ("+Infinity", f64::INFINITY),
        ("-infinity", f64::NEG_INFINITY),
    ] {
        let value = parse_f64(text.as_bytes()).unwrap();
        assert_eq!(value.to_bits(), expected.to_bits(), "{text}");
        assert!(parse_f32(text.as_bytes()).unwrap().is_infinite());
        let bits = parse_bf16(text.as_bytes()).unwrap();
        assert_eq!(bits & 0x7fff, 0x7f80, "{text}");
    }
    for text in ["nan", "NaN", "-nan"] {
        assert!(parse_f64(text.as_bytes()).unwrap().is_nan());
        assert!(parse_f32(text.as_bytes()).unwrap().is_nan());
        assert_eq!(parse_bf16(text.as_bytes()).unwrap() & 0x7fff, 0x7fc0);
    }
}

#[test]
fn numbers_beyond_the_largest_are_refused() {
    check_largest("1.7976931348623157e308", "1.7976931348623159e308", |text| {
        parse_f64(text).map(f64::is_finite)
    });
    check_largest("3.4028235e38", "3.4028236e38", |text| {
        parse_f32(text).map(f32::is_finite)
    });
    check_largest("3.3895313892515355e38", "3.39617752923046e38", |text| {
        parse_bf16(text).map(|bits| bits == 0x7f7f)
    });
}

fn check_largest(largest: &str, beyond: &str, parse: impl Fn(&[u8]) -> Result<bool, Reason>) {
    assert_eq!(parse(largest.as_bytes()), Ok(true));
    assert_eq!(parse(beyond.as_bytes()), Err(Reason::Overflow));
    assert_eq!(parse(b"1e999999999999999999999"), Err(Reason::Overflow));
}

#[test]
fn numbers_below_the_smallest_are_zero() {
    assert_eq!(parse_f64(b"1e-400").map(f64::to_bits), Ok(0));
    assert_eq!(parse_f32(b"1e-60").map(f32::to_bits), Ok(0));
    assert_eq!(parse_bf16(b"-1e-60"), Ok(0x8000));
}

#[test]
fn bfloat16_is_the_nearest_with_ties_to_even() {
    for (text, expected) in [
        ("0", 0),
        ("-0.0", 0x8000),
        ("1", 0x3f80),
        ("1.5", 0x3fc0),
        ("-2", 0xc000),
        ("1.00390625", 0x3f80),
        ("1.01171875", 0x3f82),
        ("1.00390626", 0x3f81),
        ("1.00390625000001", 0x3f81),
        ("1.0117187499999", 0x3f81),
        ("1.9999", 0x4000),
        ("9.1835e-41", 0x0001),
        ("4.5e-41", 0x0000),
    ] {
        assert_eq!(parse_bf16(text.as_bytes()), Ok(expected), "{text}");
    }
}

#[test]
fn zeros_and_digits_of_any_number_are_read() {
    let zeros = "0".repeat(1_000);
    for text in [
        format!("{zeros}7"),
        format!("-{zeros}7.5"),
        format!("1.{zeros}"),
        format!("0.{zeros}1"),
        format!("1{zeros}e-1000"),
        format!("0.{zeros}1e1001"),
        format!("1.{}", "3".repeat(1_000)),
        format!("0e{}", "9".repeat(30)),
        format!("1e-{}", "9".repeat(30)),
        "1e+05".to_owned(),
        "1e-00".to_owned(),
        "00.5".to_owned(),
    ] {
        check(&text);
    }
    for text in [
        format!("1{zeros}"),
        format!("-{}", "9".repeat(400)),
        format!("1e{}", "9".repeat(30)),
    ] {
        assert_eq!(parse_f64(text.as_bytes()), Err(Reason::Overflow), "{text}");
        assert_eq!(parse_f32(text.as_bytes()), Err(Reason::Overflow), "{text}");
        assert_eq!(parse_bf16(text.as_bytes()), Err(Reason::Overflow), "{text}");
    }
}

#[test]
fn white_space_is_never_part_of_a_number() {
    for space in [" ", "\t", "\n", "\r", "\0", "\u{b}", "\u{a0}"] {
        for text in [
            format!("{space}1"),
            format!("1{space}"),
            format!("1{space}2"),
            format!("-{space}1"),
            format!("1e{space}5"),
            space.to_owned(),
        ] {
            assert_eq!(
                parse_f64(text.as_bytes()),
                Err(Reason::InvalidNumber),
                "{text:?}"
            );
            assert_eq!(
                parse_f32(text.as_bytes()),
                Err(Reason::InvalidNumber),
                "{text:?}"
            );
        }
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
        "1e",
        "1e+",
        "1.2.3",
        "1,5",
        " 1",
        "1 ",
        "--1",
        "+-1",
        "0x1p3",
        "nano",
        "in",
        "infinit",
        "1f",
        "1_0",
        "1.5x",
        "1.1234567x",
        "x.5",
        "1 .5",
        "\\N",
        "NULL",
        "1d",
        "1.5e3.0",
    ] {
        assert_eq!(
            parse_f64(text.as_bytes()),
            Err(Reason::InvalidNumber),
            "{text}"
        );
        assert_eq!(
            parse_f32(text.as_bytes()),
            Err(Reason::InvalidNumber),
            "{text}"
        );
        assert_eq!(
            parse_bf16(text.as_bytes()),
            Err(Reason::InvalidNumber),
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn any_decimal_text_is_the_nearest_value(whole in 0_u32..99_999_999, fraction in "[0-9]{0,18}") {
        check(&format!("{whole}.{fraction}"));
        check(&format!("-{}.{fraction}", whole % 1000));
    }

    #[test]
    fn any_value_is_read_back(bits in any::<u64>()) {
        let value = f64::from_bits(bits);
        if value.is_finite() {
            for text in [value.to_string(), format!("{value:e}")] {
                assert_eq!(parse_f64(text.as_bytes()).map(f64::to_bits), Ok(bits));
            }
        }
    }
}
