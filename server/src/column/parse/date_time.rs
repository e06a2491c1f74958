//! Dates, and dates with a time, as text with the year first or as seconds from 1970.
//!
//! [`super::super::builder`] and [`super::super::infer`] call it; it must never guess the order of day
//! and month, nor move a date that does not exist.

mod text;

use super::Reason;
use super::digits::{append, chunk, is_zeros, power_of_ten};
use crate::column::calendar::DAY_SECONDS;
use crate::column::zone::{Local, Zone};
pub use text::LastDate;
use text::{CivilTime, civil_date, civil_time, timestamp, usual_time};

/// The first day of Date32 and DateTime64: 1900-01-01.
const FIRST_DAY: i32 = -25_567;
/// The last day of Date32 and DateTime64: 2299-12-31.
const LAST_DAY: i32 = 120_529;

/// The first second of DateTime64, of the clocks of its zone.
const FIRST_SECOND: i64 = FIRST_DAY as i64 * DAY_SECONDS;
/// The last one.
const LAST_SECOND: i64 = (LAST_DAY as i64 + 1) * DAY_SECONDS - 1;
/// The bytes of `YYYY-MM-DD hh:mm:ss`.
const USUAL_LENGTH: usize = 19;

/// Reads a Date as days from 1970-01-01: up to 2149-06-06. A time of day must be midnight.
///
/// # Errors
///
/// [`Reason::InvalidDate`]; [`Reason::AmbiguousDate`] for `dd/mm/yyyy` and the like;
/// [`Reason::Overflow`] for a date outside the range of the type; [`Reason::PrecisionLoss`] for another time of
/// day, or an offset from UTC.
#[inline]
pub fn parse_date(bytes: &[u8]) -> Result<u16, Reason> {
    u16::try_from(date_or_midnight(bytes)?).map_err(|_| Reason::Overflow)
}

/// Reads a Date32 as days from 1970-01-01: 1900-01-01 to 2299-12-31.
///
/// # Errors
///
/// Those of [`parse_date`].
#[inline]
pub fn parse_date32(bytes: &[u8]) -> Result<i32, Reason> {
    let days = date_or_midnight(bytes)?;
    if (FIRST_DAY..=LAST_DAY).contains(&days) {
        Ok(days)
    } else {
        Err(Reason::Overflow)
    }
}

#[inline]
fn date_or_midnight(bytes: &[u8]) -> Result<i32, Reason> {
    civil_date(bytes).or_else(|reason| midnight(bytes, reason))
}

/// Reads a date with a time of day that says no more than the date; else the reason is that of the date.
#[cold]
fn midnight(bytes: &[u8], reason: Reason) -> Result<i32, Reason> {
    if reason != Reason::InvalidDate {
        return Err(reason);
    }
    let time = civil_time(bytes)?;
    let is_midnight = time.local.rem_euclid(DAY_SECONDS) == 0 && is_zeros(time.fraction);
    match (is_midnight, time.offset) {
        (true, None | Some(0)) => {
            i32::try_from(time.local.div_euclid(DAY_SECONDS)).map_err(|_| Reason::Overflow)
        }
        _ => Err(Reason::PrecisionLoss),
    }
}

/// Reads a DateTime as seconds from 1970-01-01 00:00:00 UTC, in `zone` unless the text has an offset.
///
/// The values of one column should share `last`, which only saves time.
///
/// A time that the clocks of the zone showed twice is the earlier one.
///
/// # Errors
///
/// Those of [`parse_date`]; [`Reason::InvalidDate`] also for a time that the clocks of the zone skipped;
/// [`Reason::PrecisionLoss`] for a fraction that is not zero.
#[inline]
pub fn parse_date_time(bytes: &[u8], zone: &Zone, last: &mut LastDate) -> Result<u32, Reason> {
    if let Some(local) = usual_time(bytes, last) {
        return u32::try_from(local_to_utc(local, zone)?).map_err(|_| Reason::Overflow);
    }
    let (utc, fraction) = match timestamp(bytes) {
        Some((_, fraction)) if !fraction.is_empty() => return Err(Reason::InvalidDate),
        Some((second, fraction)) => (second, fraction),
        None => {
            let time = civil_time(bytes)?;
            (to_utc(&time, zone)?, time.fraction)
        }
    };
    let second = u32::try_from(utc).map_err(|_| Reason::Overflow)?;
    scaled_fraction(fraction, 0)?;
    Ok(second)
}

/// Reads a DateTime64 with `precision` digits of a fraction (0 to 9), in that unit from
/// 1970-01-01 00:00:00 UTC: the years 1900 to 2299 of `zone`, and with 9 digits up to
/// 2262-04-11 23:47:16.854775807 UTC.
///
/// # Errors
///
/// Those of [`parse_date_time`]; [`Reason::PrecisionLoss`] for more digits that are not zero.
#[inline]
pub fn parse_date_time64(
    bytes: &[u8],
    precision: u8,
    zone: &Zone,
    last: &mut LastDate,
) -> Result<i64, Reason> {
    let (head, tail) = bytes.split_at(bytes.len().min(USUAL_LENGTH));
    let fraction = match tail {
        [] => Some(0),
        [b'.', digits @ ..] if digits.len() == usize::from(precision) => chunk(digits),
        _ => None,
    };
    if let (Some(local), Some(fraction)) = (usual_time(head, last), fraction) {
        let utc = local_to_utc(local, zone)?;
        return ticks(utc, local, fraction.cast_signed(), precision);
    }
    any_date_time64(bytes, precision, zone)
}

/// Reads every form of a DateTime64.
fn any_date_time64(bytes: &[u8], precision: u8, zone: &Zone) -> Result<i64, Reason> {
    let (utc, local, fraction) = if let Some((utc, fraction)) = timestamp(bytes) {
        (utc, zone.to_local_seconds(utc), fraction)
    } else {
        let time = civil_time(bytes)?;
        let utc = to_utc(&time, zone)?;
        let local = match time.offset {
            None => time.local,
            Some(_) => zone.to_local_seconds(utc),
        };
        (utc, local, time.fraction)
    };
    let fraction = scaled_fraction(fraction, precision.into())?;
    ticks(utc, local, fraction, precision)
}

/// Returns a DateTime64 in units of its last digit.
#[inline]
fn ticks(utc: i64, local: i64, fraction: i64, precision: u8) -> Result<i64, Reason> {
    if !(FIRST_SECOND..=LAST_SECOND).contains(&local) {
        return Err(Reason::Overflow);
    }
    // Only times after 2262 overflow, and only with nine digits.
    utc.checked_mul(power_of_ten(precision.into()).cast_signed())
        .and_then(|value| value.checked_add(fraction))
        .ok_or(Reason::Overflow)
}

/// What a text says about a date or time, apart from any type and zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeText {
    /// Seconds from 1970-01-01 00:00:00, of UTC if the text has an offset, else of a clock.
    pub second: i64,
    /// The digits of the fraction, at most 9.
    pub fraction_digits: u8,
    /// Whether there is more than a date.
    pub has_clock: bool,
}

/// Reads the text of a date or time, but not seconds from 1970.
///
/// None when it is not one, or has more than nine digits of a fraction that are not zero.
#[must_use]
pub fn parse_time_text(bytes: &[u8]) -> Option<TimeText> {
    let time = civil_time(bytes).ok()?;
    scaled_fraction(time.fraction, 9).ok()?;
    Some(TimeText {
        second: time.local - time.offset.unwrap_or(0),
        fraction_digits: u8::try_from(time.fraction.len().min(9)).ok()?,
        has_clock: bytes.len() > 10,
    })
}

#[inline]
fn to_utc(time: &CivilTime<'_>, zone: &Zone) -> Result<i64, Reason> {
    match time.offset {
        Some(offset) => Ok(time.local - offset),
        None => local_to_utc(time.local, zone),
    }
}

#[inline]
fn local_to_utc(local: i64, zone: &Zone) -> Result<i64, Reason> {
    match zone.to_utc(local) {
        Local::Unambiguous(utc) | Local::Fold { earlier: utc, .. } => Ok(utc),
        Local::Gap => Err(Reason::InvalidDate),
    }
}

/// Returns the digits of a fraction as an integer of `precision` digits.
#[inline]
pub(super) fn scaled_fraction(digits: &[u8], precision: usize) -> Result<i64, Reason> {
    let (kept, dropped) = digits.split_at(digits.len().min(precision));
    if !is_zeros(dropped) {
        return Err(Reason::PrecisionLoss);
    }
    // At most 9 digits.
    let fraction = append(0_u64, kept)? * power_of_ten(precision - kept.len());
    Ok(fraction.cast_signed())
}

#[cfg(test)]
mod tests;
