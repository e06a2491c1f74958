//! Integers: an optional sign and digits; and in other notations, where these are exactly an integer.
//!
//! [`super::super::builder`] calls it; it must never drop a digit that is not zero, nor read `1.000`, where the
//! point may separate thousands.

use ethnum::{I256, U256};

use super::Reason;
use super::decimal::integer_magnitude;
use super::digits::{Accumulator, append, chunk, is_digits, split_sign};

/// Reads an unsigned integer of at most 64 bits.
///
/// # Errors
///
/// [`Reason::InvalidNumber`]; [`Reason::Overflow`] when it does not fit or is below zero;
/// [`Reason::PrecisionLoss`] when it has a fraction.
#[inline]
pub fn parse_unsigned<T: TryFrom<u64>>(bytes: &[u8]) -> Result<T, Reason> {
    if bytes.len() <= 16
        && let Some(value) = chunk(bytes)
    {
        return T::try_from(value).map_err(|_| Reason::Overflow);
    }
    let value = wide_unsigned::<u64>(bytes)?;
    T::try_from(value).map_err(|_| Reason::Overflow)
}

/// Reads a signed integer of at most 64 bits.
///
/// # Errors
///
/// [`Reason::InvalidNumber`]; [`Reason::Overflow`] when it does not fit; [`Reason::PrecisionLoss`] when it
/// has a fraction.
#[inline]
pub fn parse_signed<T: TryFrom<i64>>(bytes: &[u8]) -> Result<T, Reason> {
    let (negative, digits) = split_sign(bytes);
    let magnitude = match chunk(digits) {
        Some(value) if digits.len() <= 16 => value,
        _ => magnitude::<u64>(digits)?,
    };
    let value = if negative {
        0_i64.checked_sub_unsigned(magnitude)
    } else {
        0_i64.checked_add_unsigned(magnitude)
    };
    value
        .and_then(|value| T::try_from(value).ok())
        .ok_or(Reason::Overflow)
}

/// Reads a `UInt128`.
///
/// # Errors
///
/// Those of [`parse_unsigned`].
pub fn parse_u128(bytes: &[u8]) -> Result<u128, Reason> {
    wide_unsigned(bytes)
}

/// Reads a `UInt256`.
///
/// # Errors
///
/// Those of [`parse_unsigned`].
pub fn parse_u256(bytes: &[u8]) -> Result<U256, Reason> {
    wide_unsigned(bytes)
}

/// Reads an `Int128`.
///
/// # Errors
///
/// Those of [`parse_signed`].
pub fn parse_i128(bytes: &[u8]) -> Result<i128, Reason> {
    let (negative, digits) = split_sign(bytes);
    let magnitude = magnitude::<u128>(digits)?;
    if negative {
        0_i128.checked_sub_unsigned(magnitude)
    } else {
        0_i128.checked_add_unsigned(magnitude)
    }
    .ok_or(Reason::Overflow)
}

/// Reads an `Int256`.
///
/// # Errors
///
/// Those of [`parse_signed`].
pub fn parse_i256(bytes: &[u8]) -> Result<I256, Reason> {
    let (negative, digits) = split_sign(bytes);
    let magnitude = magnitude::<U256>(digits)?;
    let limit = I256::MIN.as_u256();
    if negative && magnitude <= limit {
        Ok(magnitude.as_i256().wrapping_neg())
    } else if magnitude < limit {
        Ok(magnitude.as_i256())
    } else {
        Err(Reason::Overflow)
    }
}

/// Reads a sign and digits; a minus goes with zero only.
fn wide_unsigned<A: Accumulator>(bytes: &[u8]) -> Result<A, Reason> {
    let (negative, digits) = split_sign(bytes);
    match magnitude(digits) {
        Ok(value) if negative && value > A::ZERO => Err(Reason::Overflow),
        other => other,
    }
}

/// Reads digits, at least one, or another notation of the same.
fn magnitude<A: Accumulator>(digits: &[u8]) -> Result<A, Reason> {
    if digits.is_empty() {
        return Err(Reason::InvalidNumber);
    }
    append(A::ZERO, digits).or_else(|reason| match reason {
        Reason::InvalidNumber => exact(digits),
        other => Err(other),
    })
}

/// Reads `1.0`, `1e2` and the like.
#[cold]
fn exact<A: Accumulator>(digits: &[u8]) -> Result<A, Reason> {
    // Three zeros may be a group of digits, so that two readings would differ.
    if let Some((whole, b"000")) = split_at_point(digits)
        && matches!(whole, [b'1'..=b'9', ..])
        && whole.len() <= 3
        && is_digits(whole)
    {
        return Err(Reason::InvalidNumber);
    }
    integer_magnitude(digits)
}

fn split_at_point(digits: &[u8]) -> Option<(&[u8], &[u8])> {
    let point = memchr::memchr(b'.', digits)?;
    Some((digits.get(..point)?, digits.get(point + 1..)?))
}

#[cfg(test)]
mod tests;
