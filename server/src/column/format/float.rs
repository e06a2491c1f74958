//! Floating point numbers: the shortest digits that read back to the same number, laid out as
//! ClickHouse does (`0.1`, `1`, `0.000001`, `1e-7`, `1e21`, `-0`, `inf`, `nan`).
//!
//! [`super::Formatter`] calls it; it must never print digits that read back to another number.
//!
//! How this works: most numbers of real files are short decimals. A number is first taken for a
//! whole count of millionths; if that count divided by a million is the very same number, then its
//! digits are the shortest. This holds because 15 digits (6 for [`f32`]) always survive the way
//! through a float, so two decimals of up to 15 digits never share one, and because the quotient
//! of two exact floats is correctly rounded. All other numbers go through a general algorithm.

use std::{iter, ops::Range};

use super::{
    digits::{push_fraction, push_i64, push_u64},
    line::Line,
};

/// Scale of the short way for [`f64`].
const MILLION: f64 = 1e6;

/// Where the general algorithm surely writes no exponent.
const PLAIN_RANGE: Range<f64> = 1e-3..1e9;

/// Numbers below it have at most 15 digits with 6 behind the point.
const SHORT_F64_LIMIT: f64 = 1e9;

/// Appends a 64 bit number.
#[inline]
pub(super) fn push_f64(out: &mut Line<'_>, number: f64) {
    if number.is_sign_negative() && !number.is_nan() {
        out.push(b'-');
    }
    let magnitude = number.abs();
    if magnitude < SHORT_F64_LIMIT {
        let millionths = nearest(magnitude * MILLION);
        if same_f64(exact(millionths) / MILLION, magnitude) {
            push_u64(out, millionths / 1_000_000);
            push_fraction(out, millionths % 1_000_000 * 100);
            return;
        }
    }
    if magnitude.is_finite() {
        push_general(out, magnitude, magnitude);
    } else {
        push_not_finite(out, magnitude.is_nan());
    }
}

/// Appends a 32 bit number.
#[inline]
pub(super) fn push_f32(out: &mut Line<'_>, number: f32) {
    if number.is_sign_negative() && !number.is_nan() {
        out.push(b'-');
    }
    let magnitude = number.abs();
    let done = match magnitude {
        ..100.0 => push_short_f32::<10_000>(out, magnitude),
        ..10_000.0 => push_short_f32::<100>(out, magnitude),
        ..1_000_000.0 => push_short_f32::<1>(out, magnitude),
        _ => false,
    };
    if done {
        return;
    }
    if magnitude.is_finite() {
        push_general(out, magnitude, magnitude.into());
    } else {
        push_not_finite(out, magnitude.is_nan());
    }
}

/// Appends a positive number that is a count below 10^6 of parts of `SCALE`, if it is one.
///
/// The quotient is rounded twice, which does no harm: with so few digits it cannot come close
/// enough to the middle of two floats without being it.
#[inline]
fn push_short_f32<const SCALE: u64>(out: &mut Line<'_>, magnitude: f32) -> bool {
    let count = nearest(f64::from(magnitude) * exact(SCALE));
    let is_short = same_f32(exact(count) / exact(SCALE), magnitude);
    if is_short {
        push_u64(out, count / SCALE);
        push_fraction(out, count % SCALE * (100_000_000 / SCALE));
    }
    is_short
}

/// Appends the number whose upper half `bits` are.
#[inline]
pub(super) fn push_bf16(out: &mut Line<'_>, bits: u16) {
    push_f32(out, f32::from_bits(u32::from(bits) << 16));
}

/// Returns the count nearest to a positive number below 10^15.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "cutting off is meant, and the number is positive and below 10^15"
)]
fn nearest(number: f64) -> u64 {
    (number + 0.5) as i64 as u64
}

/// Returns a count below 2^53 as a float.
#[inline]
fn exact(count: u64) -> f64 {
    count.cast_signed() as f64
}

#[inline]
fn same_f64(quotient: f64, number: f64) -> bool {
    quotient.to_bits() == number.to_bits()
}

#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "rounding to the nearest f32 is meant"
)]
fn same_f32(quotient: f64, number: f32) -> bool {
    (quotient as f32).to_bits() == number.to_bits()
}

#[cold]
fn push_not_finite(out: &mut Line<'_>, is_nan: bool) {
    out.extend_from_slice(if is_nan { b"nan" } else { b"inf" });
}

/// Appends a finite number that is not negative.
fn push_general<F: zmij::Float>(out: &mut Line<'_>, number: F, size: f64) {
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(number);
    if !PLAIN_RANGE.contains(&size)
        && let Some((mantissa, exponent)) = text.split_once('e')
        && let Ok(exponent) = exponent.parse::<i32>()
    {
        push_scientific(out, mantissa, exponent);
        return;
    }
    out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
}

/// Appends `mantissa` (one digit, then perhaps a point and more) times ten to the `exponent`:
/// without an exponent from 10^-6 up to 10^21.
fn push_scientific(out: &mut Line<'_>, mantissa: &str, exponent: i32) {
    let digits = || mantissa.bytes().filter(|byte| *byte != b'.');
    let (zeros, whole) = match exponent {
        -6..0 => (exponent.unsigned_abs() as usize, 0),
        0..21 => (0, exponent.unsigned_abs() as usize + 1),
        _ => {
            out.extend_from_slice(mantissa.as_bytes());
            out.push(b'e');
            push_i64(out, exponent.into());
            return;
        }
    };
    let zeros = iter::repeat_n(b'0', zeros);
    if whole == 0 {
        let mut text = zeros.chain(digits());
        out.extend(text.next());
        out.push(b'.');
        out.extend(text);
    } else {
        let padded = digits().chain(iter::repeat(b'0'));
        out.extend(padded.take(whole));
        if digits().count() > whole {
            out.push(b'.');
            out.extend(digits().skip(whole));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::line::text, push_bf16, push_f32, push_f64};

    fn f64_text(number: f64) -> String {
        text(|out| push_f64(out, number))
    }

    fn f32_text(number: f32) -> String {
        text(|out| push_f32(out, number))
    }

    /// A small generator of numbers without pattern.
    fn random(state: &mut u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state
    }

    #[test]
    fn the_layout_is_that_of_clickhouse() {
        let cases = [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (0.000_001, "0.000001"),
            (0.000_002_5, "0.0000025"),
            (1e-7, "1e-7"),
            (-1.5e-7, "-1.5e-7"),
            (5e-324, "5e-324"),
            (0.3 + 0.6, "0.8999999999999999"),
            (999_999_999.999_999, "999999999.999999"),
            (1e9, "1000000000"),
            (1e15, "1000000000000000"),
            (1e16, "10000000000000000"),
            (123_456_789_012_345_680.0, "123456789012345680"),
            (1e20, "100000000000000000000"),
            (1e21, "1e21"),
            (123_456_789_012_345_678_901_234.0, "1.2345678901234569e23"),
            (f64::MAX, "1.7976931348623157e308"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
            (-f64::NAN, "nan"),
        ];
        for (number, expected) in cases {
            assert_eq!(f64_text(number), expected);
        }
    }

    #[test]
    fn the_layout_of_32_bits_is_that_of_clickhouse() {
        let cases = [
            (0.3, "0.3"),
            (-0.0, "-0"),
            (99.9999, "99.9999"),
            (16_777_216.0, "16777216"),
            (1e10, "10000000000"),
            (1e22, "1e22"),
            (3.4e38, "3.4e38"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (1.0 / 3.0, "0.33333334"),
            (f32::NAN, "nan"),
            (f32::NEG_INFINITY, "-inf"),
        ];
        for (number, expected) in cases {
            assert_eq!(f32_text(number), expected);
        }
        assert_eq!(text(|out| push_bf16(out, 0x3dcc)), "0.099609375");
    }

    #[test]
    fn short_decimals_print_as_they_were_written() {
        let mut state = 88_172_645_463_325_252;
        for _ in 0..200_000 {
            let places = random(&mut state) % 8;
            let count = random(&mut state) % 10_u64.pow(1 + (random(&mut state) % 15) as u32);
            let scale = 10_u64.pow(places as u32);
            let width = places as usize;
            let mut text = format!("{}.{:0width$}", count / scale, count % scale);
            text = text.trim_end_matches('0').trim_end_matches('.').to_owned();
            if count.is_multiple_of(scale) {
                text = (count / scale).to_string();
            }
            if text.parse::<f64>().unwrap() >= 1e-6 {
                assert_eq!(f64_text(text.parse().unwrap()), text);
            }
            let digits = text
                .bytes()
                .filter(u8::is_ascii_digit)
                .skip_while(|d| *d == b'0');
            if digits.count() <= 6 && text.parse::<f64>().unwrap() >= 1e-6 {
                assert_eq!(f32_text(text.parse().unwrap()), text);
            }
        }
    }

    #[test]
    fn any_bits_read_back_to_the_same_number_in_no_more_digits_than_needed() {
        let mut state = 1;
        for _ in 0..200_000 {
            let number = f64::from_bits(random(&mut state));
            if !number.is_nan() {
                let text = f64_text(number);
                assert_eq!(text.parse::<f64>().unwrap().to_bits(), number.to_bits());
                let digits = |text: &str| {
                    let mantissa = text.split('e').next().unwrap_or_default();
                    let digits = mantissa.replace(['.', '-'], "");
                    digits.trim_start_matches('0').trim_end_matches('0').len()
                };
                assert!(digits(&text) <= digits(&format!("{number:e}")), "{text}");
            }
            let number = f32::from_bits((random(&mut state) >> 32) as u32);
            if !number.is_nan() {
                assert_eq!(
                    f32_text(number).parse::<f32>().unwrap().to_bits(),
                    number.to_bits()
                );
            }
        }
    }
}
