//! Tests of the integers.

use std::fmt;

use ethnum::{I256, U256};

use super::{parse_i128, parse_i256, parse_signed, parse_u128, parse_u256, parse_unsigned};
use crate::column::parse::Reason;

/// Checks a type at, below and above its ends.
fn check_ends<T: fmt::Display + fmt::Debug + PartialEq>(
    parse: impl Fn(&[u8]) -> Result<T, Reason>,
    (below, min): (&str, T),
    (max, above): (T, &str),
) {
    let shown = |text: &str| parse(text.as_bytes()).map(|value| value.to_string());
    let many = "9".repeat(100);
    assert_eq!(shown(&min.to_string()), Ok(min.to_string()));
    assert_eq!(shown("-0"), Ok("0".to_owned()));
    assert_eq!(shown(&"0".repeat(100)), Ok("0".to_owned()));
    let max = max.to_string();
    for text in [max.clone(), format!("+{max}"), format!("0000{max}")] {
        assert_eq!(shown(&text), Ok(max.clone()));
    }
    for text in [below, above, &format!("{max}0"), &many] {
        assert_eq!(shown(text), Err(Reason::Overflow), "{text}");
    }
    for text in [&format!("{max}x"), &format!("{many}x")] {
        assert_eq!(shown(text), Err(Reason::InvalidNumber), "{text}");
    }
    for text in INVALID {
        assert_eq!(shown(text), Err(Reason::InvalidNumber), "{text:?}");
    }
}

const INVALID: &[&str] = &[
    "",
    "+",
    "-",
    "--1",
    "+-1",
    " 1",
    "1 ",
    "1 2",
    "1.000",
    "12.000",
    "999.000",
    "1.0.0",
    "1e",
    "1_000",
    "1,000",
    "0x10",
    "a",
    "1a",
    "a1",
    "1/",
    "1:",
    "\u{661}",
    "12345678a",
    "a12345678",
    "1234567890123456a",
    "12345678901234567a",
    "\\N",
    "NULL",
    "1-",
    "1+",
    "9\u{0}",
];

#[test]
fn every_unsigned_type_holds_its_ends_and_no_more() {
    check_ends(parse_unsigned::<u8>, ("-1", 0), (u8::MAX, "256"));
    check_ends(parse_unsigned::<u16>, ("-1", 0), (u16::MAX, "65536"));
    check_ends(parse_unsigned::<u32>, ("-1", 0), (u32::MAX, "4294967296"));
    check_ends(
        parse_unsigned::<u64>,
        ("-1", 0),
        (u64::MAX, "18446744073709551616"),
    );
    let above = "340282366920938463463374607431768211456";
    check_ends(parse_u128, ("-1", 0), (u128::MAX, above));
    let above = "115792089237316195423570985008687907853269984665640564039457584007913129639936";
    check_ends(parse_u256, ("-1", U256::ZERO), (U256::MAX, above));
}

#[test]
fn every_signed_type_holds_its_ends_and_no_more() {
    check_ends(parse_signed::<i8>, ("-129", i8::MIN), (i8::MAX, "128"));
    check_ends(
        parse_signed::<i16>,
        ("-32769", i16::MIN),
        (i16::MAX, "32768"),
    );
    check_ends(
        parse_signed::<i32>,
        ("-2147483649", i32::MIN),
        (i32::MAX, "2147483648"),
    );
    let (below, above) = ("-9223372036854775809", "9223372036854775808");
    check_ends(parse_signed::<i64>, (below, i64::MIN), (i64::MAX, above));
    let below = "-170141183460469231731687303715884105729";
    let above = "170141183460469231731687303715884105728";
    check_ends(parse_i128, (below, i128::MIN), (i128::MAX, above));
    let below = "-57896044618658097711785492504343953926634992332820282019728792003956564819969";
    let above = "57896044618658097711785492504343953926634992332820282019728792003956564819968";
    check_ends(parse_i256, (below, I256::MIN), (I256::MAX, above));
}

#[test]
fn integers_of_every_length_are_read() {
    let mut value = 0_u128;
    for digit in (1..=9).chain(0..=9).chain(0..=9).chain([1, 2, 3]) {
        value = value * 10 + digit;
        let text = value.to_string();
        assert_eq!(parse_u128(text.as_bytes()), Ok(value));
        assert_eq!(
            parse_i128(format!("-{text}").as_bytes()),
            Ok(-value.cast_signed())
        );
        if let Ok(value) = u64::try_from(value) {
            assert_eq!(parse_unsigned(text.as_bytes()), Ok(value));
        }
    }
}

#[test]
fn a_byte_that_is_no_digit_is_found_at_every_place() {
    for length in 1..=20 {
        for place in 0..length {
            for byte in [
                b'0' - 1,
                b'9' + 1,
                b' ',
                0x00,
                0x80,
                0xb1,
                0xff,
                b'?',
                b'@',
                b'p',
            ] {
                let mut text = vec![b'1'; length];
                text[place] = byte;
                assert_eq!(
                    parse_unsigned::<u64>(&text),
                    Err(Reason::InvalidNumber),
                    "{text:?}"
                );
            }
        }
    }
}

#[test]
fn other_notations_are_read_where_they_are_an_integer() {
    for (text, value) in [
        ("1.0", 1),
        ("1.", 1),
        ("-12.00", -12),
        ("0.000", 0),
        ("0.00000000", 0),
        ("1000.000", 1_000),
        ("1.0000", 1),
        ("1e2", 100),
        ("1.5E3", 1_500),
        ("1200e-2", 12),
        ("-1e+2", -100),
        ("1.000e0", 1),
    ] {
        assert_eq!(parse_signed::<i32>(text.as_bytes()), Ok(value), "{text}");
        assert_eq!(parse_i128(text.as_bytes()), Ok(value.into()), "{text}");
        let unsigned = u32::try_from(value).map_err(|_| Reason::Overflow);
        assert_eq!(parse_unsigned::<u32>(text.as_bytes()), unsigned, "{text}");
    }
    for text in ["1.5", "1.001", "1e-1", "-0.1", "15e-1"] {
        let lost = Err(Reason::PrecisionLoss);
        assert_eq!(parse_signed::<i64>(text.as_bytes()), lost, "{text}");
        assert_eq!(
            parse_u256(text.as_bytes()),
            Err(Reason::PrecisionLoss),
            "{text}"
        );
    }
    assert_eq!(parse_signed::<i8>(b"1e3"), Err(Reason::Overflow));
    assert_eq!(
        parse_signed::<i64>(b"1e999999999999"),
        Err(Reason::Overflow)
    );
    assert_eq!(parse_unsigned::<u8>(b"-1.0"), Err(Reason::Overflow));
}
