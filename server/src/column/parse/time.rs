//! Times of day and durations: `[-]hhh:mm[:ss[.f]]`.
//!
//! [`super::super::builder`] calls it; it must never read a number without a colon.

use super::Reason;
use super::date_time::scaled_fraction;
use super::digits::{is_digits, power_of_ten, up_to_eight};

/// The most hours of a Time.
const MAX_HOURS: u64 = 999;

/// Reads a Time as seconds: -999:59:59 to 999:59:59.
///
/// # Errors
///
/// [`Reason::InvalidDate`]; [`Reason::Overflow`] for more hours; [`Reason::PrecisionLoss`] for a
/// fraction that is not zero.
pub fn parse_time(bytes: &[u8]) -> Result<i32, Reason> {
    let value = parse_time64(bytes, 0)?;
    i32::try_from(value).map_err(|_| Reason::Overflow)
}

/// Reads a Time64 with `precision` digits of a fraction (0 to 9), in that unit.
///
/// # Errors
///
/// Those of [`parse_time`]; [`Reason::PrecisionLoss`] for more digits that are not zero.
pub fn parse_time64(bytes: &[u8], precision: u8) -> Result<i64, Reason> {
    let precision = usize::from(precision);
    let (negative, clock) = match bytes.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, bytes),
    };
    let mut parts = clock.split(|byte| *byte == b':');
    let (hours, minutes, second, more) = (parts.next(), parts.next(), parts.next(), parts.next());
    let (second, fraction) = split_fraction(second)?;
    let hours = hours.and_then(up_to_eight).ok_or(Reason::InvalidDate)?;
    let minutes = sixtieth(minutes).ok_or(Reason::InvalidDate)?;
    let second = sixtieth(Some(second)).ok_or(Reason::InvalidDate)?;
    if more.is_some() {
        return Err(Reason::InvalidDate);
    }
    if hours > MAX_HOURS {
        return Err(Reason::Overflow);
    }
    let seconds = hours * 3600 + minutes * 60 + second;
    let whole = (seconds * power_of_ten(precision)).cast_signed();
    let value = whole + scaled_fraction(fraction, precision)?;
    Ok(if negative { -value } else { value })
}

/// Splits the seconds from their fraction; no seconds are zero.
fn split_fraction(second: Option<&[u8]>) -> Result<(&[u8], &[u8]), Reason> {
    let Some(text) = second else {
        return Ok((b"00", &[]));
    };
    match text.split_at_checked(2) {
        Some((second, [])) => Ok((second, &[])),
        Some((second, [b'.', fraction @ ..])) if !fraction.is_empty() && is_digits(fraction) => {
            Ok((second, fraction))
        }
        _ => Err(Reason::InvalidDate),
    }
}

/// Reads two digits from 00 to 59.
fn sixtieth(part: Option<&[u8]>) -> Option<u64> {
    part.filter(|part| part.len() == 2)
        .and_then(up_to_eight)
        .filter(|value| *value < 60)
}

#[cfg(test)]
mod tests;
