//! Floating point numbers: the nearest value to a decimal number, and the words for infinity and NaN.
//!
//! [`super::super::builder`] calls it; it must never turn a finite number into infinity, nor an integer into another
//! one unless that is asked for.

use super::Reason;
use super::digits::{is_digits, short_number, split_sign};

/// The powers of ten for fractions of at most 18 digits, all of them exact.
const POWERS: [f64; 19] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18,
];
/// Integers up to this one are exact in a `f64`.
const EXACT: u64 = 1 << 53;

/// Integers up to this one are exact in a `f32`.
const EXACT_F32: f32 = 16_777_216.0;
/// Integers up to this one are exact in a `f64`.
const EXACT_F64: f64 = 9_007_199_254_740_992.0;

/// Reads a Float64.
///
/// # Errors
///
/// [`Reason::InvalidNumber`], [`Reason::Overflow`] for a number beyond the largest one, or [`Reason::PrecisionLoss`]
/// for a plain integer that would become another one, as 9007199254740993. A number with a point or an exponent is the
/// nearest value.
#[inline]
pub fn parse_f64(bytes: &[u8]) -> Result<f64, Reason> {
    let value = nearest_f64(bytes)?;
    let is_large = value.abs() >= EXACT_F64 && value.is_finite();
    if is_large && !keeps_integer(bytes, value, zmij::Buffer::new().format_finite(value)) {
        return Err(Reason::PrecisionLoss);
    }
    Ok(value)
}

/// Reads a Float64, the nearest one whatever is lost.
///
/// # Errors
///
/// [`Reason::InvalidNumber`], or [`Reason::Overflow`] for a number beyond the largest one.
#[inline]
pub fn nearest_f64(bytes: &[u8]) -> Result<f64, Reason> {
    let (negative, digits) = split_sign(bytes);
    let value = match short(digits) {
        Some(value) => value,
        None => finite_or_word(digits, f64::INFINITY, f64::NAN, |value: &f64| {
            value.is_finite()
        })?,
    };
    Ok(if negative { -value } else { value })
}

/// Reads a Float32.
///
/// # Errors
///
/// Those of [`parse_f64`].
#[inline]
pub fn parse_f32(bytes: &[u8]) -> Result<f32, Reason> {
    let value = nearest_f32(bytes)?;
    let is_large = value.abs() >= EXACT_F32 && value.is_finite();
    let mut shortest = zmij::Buffer::new();
    if is_large && !keeps_integer(bytes, f64::from(value), shortest.format_finite(value)) {
        return Err(Reason::PrecisionLoss);
    }
    Ok(value)
}

/// Reads a Float32, the nearest one whatever is lost.
///
/// # Errors
///
/// Those of [`nearest_f64`].
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "to the nearest f32 is what is wanted"
)]
pub fn nearest_f32(bytes: &[u8]) -> Result<f32, Reason> {
    /// The bits that a `f64` has more than a `f32`, and their value halfway between two `f32`.
    const REST: u64 = (1 << 29) - 1;
    const HALFWAY: u64 = 1 << 28;
    let (negative, digits) = split_sign(bytes);
    let value = match short(digits) {
        // Rounding twice is rounding once unless the first result lies halfway.
        Some(value) if value.to_bits() & REST != HALFWAY => value as f32,
        _ => finite_or_word(digits, f32::INFINITY, f32::NAN, |value: &f32| {
            value.is_finite()
        })?,
    };
    Ok(if negative { -value } else { value })
}

/// Reads a BFloat16 and returns its bits: the nearest one to the Float64, ties to even. It has eight digits of two, and
/// nobody takes it for exact.
///
/// # Errors
///
/// Those of [`nearest_f64`].
#[expect(
    clippy::cast_possible_truncation,
    clippy::float_cmp,
    reason = "what the narrower type loses is found by comparing and made sticky"
)]
pub fn parse_bf16(bytes: &[u8]) -> Result<u16, Reason> {
    const INFINITY: u32 = 0x7f80_0000;
    let value = nearest_f64(bytes)?;
    let narrow = value as f32;
    if value.is_nan() || value.is_infinite() {
        return Ok((narrow.to_bits() >> 16) as u16);
    }
    let mut bits = narrow.to_bits() & !(1 << 31);
    let widened = f64::from(f32::from_bits(bits));
    if widened != value.abs() {
        // Cut instead of round, and mark that something was cut.
        bits = (if widened > value.abs() {
            bits - 1
        } else {
            bits
        }) | 1;
    }
    bits = (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff_0000;
    if bits >= INFINITY {
        return Err(Reason::Overflow);
    }
    let sign = u32::from(value.is_sign_negative()) << 31;
    Ok(((bits | sign) >> 16) as u16)
}

/// Reads the usual forms when the only rounding is that of one division; None for any other.
#[inline]
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
fn short(digits: &[u8]) -> Option<f64> {
    let (integer, fraction_digits) = short_number(digits)?;
    let divisor = POWERS.get(fraction_digits)?;
    (integer <= EXACT).then(|| integer as f64 / divisor)
}

/// Reads any number or word without its sign.
fn finite_or_word<F: fast_float2::FastFloat>(
    digits: &[u8],
    infinity: F,
    nan: F,
    is_finite: impl Fn(&F) -> bool,
) -> Result<F, Reason> {
    if !matches!(digits.first(), Some(b'0'..=b'9' | b'.')) {
        return if ["inf", "infinity"]
            .iter()
            .any(|word| digits.eq_ignore_ascii_case(word.as_bytes()))
        {
            Ok(infinity)
        } else if digits.eq_ignore_ascii_case(b"nan") {
            Ok(nan)
        } else {
            Err(Reason::InvalidNumber)
        };
    }
    let value = fast_float2::parse::<F, _>(digits).map_err(|_| Reason::InvalidNumber)?;
    if is_finite(&value) {
        Ok(value)
    } else {
        Err(Reason::Overflow)
    }
}

/// Returns whether a number is no plain integer, or one whose digits are those of the value that was made of it, written
/// with as few of them as tell it from the next value, or with as many as the integer has.
#[cold]
fn keeps_integer(bytes: &[u8], value: f64, shortest: &str) -> bool {
    let (_, digits) = split_sign(bytes);
    if !is_digits(digits) {
        return true;
    }
    let digits = significant(digits);
    let longest = || format!("{value:.*e}", digits.len().saturating_sub(1));
    digits == significant(shortest.as_bytes()) || digits == significant(longest().as_bytes())
}

/// The digits of a number before its exponent, without zeros at their ends.
fn significant(number: &[u8]) -> Vec<u8> {
    let mantissa = number.iter().take_while(|byte| **byte | 32 != b'e');
    let digits = mantissa.filter(|byte| byte.is_ascii_digit()).copied();
    let mut digits: Vec<u8> = digits.skip_while(|digit| *digit == b'0').collect();
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    digits
}

#[cfg(test)]
mod tests;
