//! Decimals: a number of any notation that has no more digits than the type, as an integer of its last digit.
//!
//! [`super::super::builder`] calls it; it must never round.

use ethnum::{I256, U256};

use super::Reason;
use super::digits::{
    Accumulator, append, append_zeros, is_digits, is_zeros, short_number, split_sign,
};

/// The digits of a Decimal type and the smallest integer that has too many, in a width that holds it.
#[derive(Clone, Copy, Debug)]
pub struct DecimalFormat<A> {
    scale: usize,
    limit: A,
}

impl<A: Accumulator> DecimalFormat<A> {
    /// Returns the format of `Decimal(precision, scale)`; None when 10 to the power of `precision`
    /// does not fit `A`.
    #[must_use]
    pub(in super::super) fn new(precision: u8, scale: u8) -> Option<Self> {
        let one = A::ZERO.push(1, 1)?;
        let limit = append_zeros(one, usize::from(precision))?;
        Some(Self {
            scale: usize::from(scale),
            limit,
        })
    }
}

/// Reads a decimal of at most 9 digits.
///
/// # Errors
///
/// Those of [`parse_decimal64`].
#[inline]
pub fn parse_decimal32(bytes: &[u8], format: DecimalFormat<u64>) -> Result<i32, Reason> {
    i32::try_from(parse_decimal64(bytes, format)?).map_err(|_| Reason::Overflow)
}

/// Reads a decimal of at most 18 digits.
///
/// # Errors
///
/// [`Reason::InvalidNumber`]; [`Reason::PrecisionLoss`] when a digit that is not zero stands behind
/// the last one of the type; [`Reason::Overflow`] when there are too many digits before the point.
#[inline]
pub fn parse_decimal64(bytes: &[u8], format: DecimalFormat<u64>) -> Result<i64, Reason> {
    let (negative, digits) = split_sign(bytes);
    let value = i64::try_from(magnitude(digits, format)?).map_err(|_| Reason::Overflow)?;
    Ok(if negative { -value } else { value })
}

/// Reads a decimal of at most 38 digits.
///
/// # Errors
///
/// Those of [`parse_decimal64`].
pub fn parse_decimal128(bytes: &[u8], format: DecimalFormat<u128>) -> Result<i128, Reason> {
    let (negative, digits) = split_sign(bytes);
    let value = i128::try_from(magnitude(digits, format)?).map_err(|_| Reason::Overflow)?;
    Ok(if negative { -value } else { value })
}

/// Reads a decimal of at most 76 digits.
///
/// # Errors
///
/// Those of [`parse_decimal64`].
pub fn parse_decimal256(bytes: &[u8], format: DecimalFormat<U256>) -> Result<I256, Reason> {
    let (negative, digits) = split_sign(bytes);
    let value = I256::try_from(magnitude(digits, format)?).map_err(|_| Reason::Overflow)?;
    Ok(if negative { -value } else { value })
}

/// Reads a number without its sign.
#[inline]
fn magnitude<A: Accumulator>(digits: &[u8], format: DecimalFormat<A>) -> Result<A, Reason> {
    let magnitude = match short_number(digits) {
        Some((number, fraction_digits)) if fraction_digits <= format.scale => A::ZERO
            .push(0, number)
            .and_then(|number| append_zeros(number, format.scale - fraction_digits))
            .ok_or(Reason::Overflow)?,
        _ => any_magnitude(digits, format.scale)?,
    };
    if magnitude < format.limit {
        Ok(magnitude)
    } else {
        Err(Reason::Overflow)
    }
}

/// Reads a number of any notation that is an integer.
pub(super) fn integer_magnitude<A: Accumulator>(digits: &[u8]) -> Result<A, Reason> {
    any_magnitude(digits, 0)
}

/// Reads a number of any form.
fn any_magnitude<A: Accumulator>(digits: &[u8], scale: usize) -> Result<A, Reason> {
    let number = Notation::split(digits)?;
    if number.exponent != 0 {
        return number.shifted(scale);
    }
    let (kept, dropped) = number.fraction.split_at(number.fraction.len().min(scale));
    if !is_zeros(dropped) {
        return Err(Reason::PrecisionLoss);
    }
    let value = append(append(A::ZERO, number.whole)?, kept)?;
    append_zeros(value, scale - kept.len()).ok_or(Reason::Overflow)
}

/// The parts of `whole.fractionEexponent`, all digits.
#[derive(Clone, Copy, Debug)]
struct Notation<'a> {
    whole: &'a [u8],
    fraction: &'a [u8],
    exponent: i64,
}

impl<'a> Notation<'a> {
    fn split(digits: &'a [u8]) -> Result<Self, Reason> {
        let (mantissa, exponent) = match digits.iter().position(|byte| byte | 32 == b'e') {
            Some(place) => (
                digits.get(..place).unwrap_or_default(),
                exponent(digits.get(place + 1..).unwrap_or_default())?,
            ),
            None => (digits, 0),
        };
        let (whole, fraction) = match memchr::memchr(b'.', mantissa) {
            Some(point) => (
                mantissa.get(..point).unwrap_or_default(),
                mantissa.get(point + 1..).unwrap_or_default(),
            ),
            None => (mantissa, &[] as &[u8]),
        };
        if whole.is_empty() && fraction.is_empty() || !is_digits(whole) || !is_digits(fraction) {
            return Err(Reason::InvalidNumber);
        }
        Ok(Self {
            whole,
            fraction,
            exponent,
        })
    }

    /// Returns the number times 10 to the power of `scale`.
    fn shifted<A: Accumulator>(self, scale: usize) -> Result<A, Reason> {
        let length = self.whole.len() + self.fraction.len();
        let mut digits = self.whole.iter().chain(self.fraction).copied();
        let Some(leading) = digits.position(|digit| digit != b'0') else {
            return Ok(A::ZERO);
        };
        let digits = self.whole.iter().chain(self.fraction).copied();
        // How many of the digits stand before the last one that the type holds.
        let kept = as_signed(self.whole.len())
            .saturating_add(self.exponent)
            .saturating_add(as_signed(scale));
        let Ok(kept) = usize::try_from(kept) else {
            return Err(Reason::PrecisionLoss);
        };
        let mut value = A::ZERO;
        for (index, digit) in digits.enumerate().skip(leading) {
            if index < kept {
                value = value
                    .push(1, u64::from(digit - b'0'))
                    .ok_or(Reason::Overflow)?;
            } else if digit != b'0' {
                return Err(Reason::PrecisionLoss);
            }
        }
        append_zeros(value, kept.saturating_sub(length)).ok_or(Reason::Overflow)
    }
}

/// Reads the digits behind an `e`; far exponents are as good as any that is out of range.
fn exponent(bytes: &[u8]) -> Result<i64, Reason> {
    const FAR: u64 = 1_000_000_000_000_000_000;
    let (negative, digits) = split_sign(bytes);
    if digits.is_empty() || !is_digits(digits) {
        return Err(Reason::InvalidNumber);
    }
    let magnitude = append(0_u64, digits).unwrap_or(FAR).min(FAR).cast_signed();
    Ok(if negative { -magnitude } else { magnitude })
}

/// Lengths of slices fit an `i64`.
fn as_signed(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
