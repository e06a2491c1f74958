//! The forms in which dates and times are written.
//!
//! Only the parsers of dates and times call it; it must never look at ranges of types, nor at zones that the text
//! does not name.
//!
//! How this works: the usual forms have a fixed layout. Their bytes are taken as words from which the
//! layout is subtracted, so that digits become their values and separators zero; one test then
//! checks all of them.

use super::super::Reason;
use super::super::digits::{is_digits, up_to_eight};
use crate::column::calendar::{DAY_SECONDS, days_from_date, days_in_month};

/// The place of a digit in a layout.
const DIGIT: u8 = b'0';

/// A date and a time as clocks show them.
#[derive(Clone, Copy, Debug)]
pub(super) struct CivilTime<'a> {
    /// Seconds from 1970-01-01 00:00:00 of the same clock.
    pub(super) local: i64,
    /// The digits behind the point; may be empty.
    pub(super) fraction: &'a [u8],
    /// Seconds east of UTC, when the text says it.
    pub(super) offset: Option<i64>,
}

/// The date that was read last: the next row mostly has the same.
#[derive(Clone, Copy, Debug)]
pub struct LastDate {
    text: [u8; 10],
    days: i32,
}

impl Default for LastDate {
    fn default() -> Self {
        Self {
            text: *b"1970-01-01",
            days: 0,
        }
    }
}

impl LastDate {
    /// Reads a date with separators; see [`separated_date`].
    #[inline]
    fn days_of(&mut self, text: &[u8; 10]) -> Option<i32> {
        if *text != self.text {
            self.days = separated_date(text)?;
            self.text = *text;
        }
        Some(self.days)
    }
}

/// Reads `YYYY-MM-DD`, `YYYY/MM/DD` or `YYYYMMDD` as days from 1970-01-01.
#[inline]
pub(super) fn civil_date(bytes: &[u8]) -> Result<i32, Reason> {
    if let Ok(date) = <&[u8; 10]>::try_from(bytes)
        && let Some(days) = separated_date(date)
    {
        return Ok(days);
    }
    other_date(bytes)
}

/// Reads `YYYY-MM-DD hh:mm:ss`, or with a `T`, as seconds of the same clock from 1970-01-01 00:00:00.
///
/// None for any other form and for what does not exist.
#[inline]
pub(super) fn usual_time(bytes: &[u8], last: &mut LastDate) -> Option<i64> {
    let bytes = <&[u8; 19]>::try_from(bytes).ok()?;
    let [date @ .., b' ' | b'T', _, _, _, _, _, _, _, _] = bytes else {
        return None;
    };
    let second = clock_time(*bytes.last_chunk::<8>()?)?;
    Some(i64::from(last.days_of(date)?) * DAY_SECONDS + second)
}

/// Reads `YYYY-MM-DD[ T]hh:mm[:ss[.f]]` with an optional offset or the name of a zone, or a date alone.
pub(super) fn civil_time(bytes: &[u8]) -> Result<CivilTime<'_>, Reason> {
    let separator = bytes.iter().position(|byte| matches!(byte, b' ' | b'T'));
    let (date, clock) = match separator {
        None => (bytes, None),
        Some(place) => (
            bytes.get(..place).unwrap_or_default(),
            Some(bytes.get(place + 1..).unwrap_or_default()),
        ),
    };
    let midnight = i64::from(civil_date(date)?) * DAY_SECONDS;
    let Some(clock) = clock else {
        return Ok(CivilTime {
            local: midnight,
            fraction: &[],
            offset: None,
        });
    };
    let usual = split_offset(clock).and_then(|(clock, offset)| {
        let (second, fraction) = clock_with_fraction(clock)?;
        Some(CivilTime {
            local: midnight + second,
            fraction,
            offset,
        })
    });
    usual
        .or_else(|| zoned_time(midnight, clock))
        .ok_or(Reason::InvalidDate)
}

/// Reads a time of day with the name of a zone behind it, as `hh:mm:ss Europe/Paris`, or in brackets behind an
/// offset, with which it must agree.
///
/// None for a time that the clocks of the zone skipped or showed twice, unless the offset says which.
#[cold]
fn zoned_time(midnight: i64, clock: &[u8]) -> Option<CivilTime<'_>> {
    let (text, mark) = match clock.strip_suffix(b"]") {
        Some(text) => (text, b'['),
        None => (clock, b' '),
    };
    let place = memchr::memchr(mark, text)?;
    let (clock, name) = (text.get(..place)?, text.get(place + 1..)?);
    let (clock, offset) = split_offset(clock)?;
    let (second, fraction) = clock_with_fraction(clock)?;
    let local = midnight + second;
    let named = named_offsets(name, local)?;
    let offset = match offset {
        Some(offset) => named.contains(&Some(offset)).then_some(offset)?,
        None => match named {
            [Some(offset), None] => offset,
            _ => return None,
        },
    };
    Some(CivilTime {
        local,
        fraction,
        offset: Some(offset),
    })
}

/// The offsets that a zone had when its clocks showed a time: one, or two where they were set back.
fn named_offsets(name: &[u8], local: i64) -> Option<[Option<i64>; 2]> {
    if [b"UTC", b"GMT"]
        .iter()
        .any(|utc| name.eq_ignore_ascii_case(*utc))
    {
        return Some([Some(0), None]);
    }
    // Names without a region are abbreviations, which mean different things in different places.
    let name = std::str::from_utf8(name)
        .ok()
        .filter(|name| name.contains('/'))?;
    let zone = jiff::tz::TimeZone::get(name).ok()?;
    let time = jiff::civil::date(1970, 1, 1)
        .at(0, 0, 0, 0)
        .checked_add(jiff::SignedDuration::from_secs(local))
        .ok()?;
    let seconds = |offset: jiff::tz::Offset| Some(i64::from(offset.seconds()));
    Some(match zone.to_ambiguous_timestamp(time).offset() {
        jiff::tz::AmbiguousOffset::Unambiguous { offset } => [seconds(offset), None],
        jiff::tz::AmbiguousOffset::Fold { before, after } => [seconds(before), seconds(after)],
        jiff::tz::AmbiguousOffset::Gap { .. } => [None, None],
    })
}

/// Reads seconds from 1970-01-01 00:00:00 UTC: 9 or 10 digits, and a fraction.
#[inline]
pub(super) fn timestamp(bytes: &[u8]) -> Option<(i64, &[u8])> {
    // Every other form has something else than a digit among its first nine bytes.
    if bytes.get(4).is_none_or(|byte| !byte.is_ascii_digit()) {
        return None;
    }
    let (whole, fraction) = match bytes.iter().position(|byte| *byte == b'.') {
        Some(point) => (bytes.get(..point)?, bytes.get(point + 1..)?),
        None => (bytes, &[] as &[u8]),
    };
    let has_fraction = whole.len() < bytes.len();
    if !matches!(whole.len(), 9 | 10)
        || !is_digits(whole)
        || !is_digits(fraction)
        || has_fraction && fraction.is_empty()
    {
        return None;
    }
    let (high, low) = whole.split_at(2);
    let second = up_to_eight(high)? * power(low.len()) + up_to_eight(low)?;
    Some((second.cast_signed(), fraction))
}

const fn power(digit_count: usize) -> u64 {
    if digit_count == 8 {
        100_000_000
    } else {
        10_000_000
    }
}

/// Makes the word and the mask of eight bytes of a layout.
const fn layout(text: [u8; 8]) -> (u64, u64) {
    let mut mask = [0xff; 8];
    let mut index = 0;
    while index < 8 {
        if text[index] == DIGIT {
            mask[index] = 0xf0;
        }
        index += 1;
    }
    (u64::from_le_bytes(text), u64::from_le_bytes(mask))
}

/// Takes a layout from eight bytes, which leaves the values of the digits; None when a byte does not
/// fit. Each byte is then ten times its value and that of the next: two digits give their number.
#[inline]
fn fit_pairs(word: u64, (text, mask): (u64, u64)) -> Option<u64> {
    let values = word ^ text;
    // Sixes carry digits above nine into the upper half of their byte.
    let carried = values.wrapping_add(0x0606_0606_0606_0606 & !mask);
    if (values | carried) & mask != 0 {
        return None;
    }
    Some(values.wrapping_mul(10).wrapping_add(values >> 8))
}

/// Returns a byte of a word, the lowest being 0.
#[inline]
const fn byte(word: u64, index: u32) -> u32 {
    let [low, ..] = (word >> (8 * index)).to_le_bytes();
    low as u32
}

/// Reads a date with separators; None when it does not exist or is of another form.
#[inline]
fn separated_date(bytes: &[u8; 10]) -> Option<i32> {
    const HYPHENS: (u64, u64) = layout(*b"0000-00-");
    const SLASHES: (u64, u64) = layout(*b"0000/00/");
    let word = u64::from_le_bytes(*bytes.first_chunk::<8>()?);
    let pairs = match fit_pairs(word, HYPHENS) {
        Some(pairs) => pairs,
        None => fit_pairs(word, SLASHES)?,
    };
    let [.., d1, d2] = bytes.map(|byte| u32::from(byte.wrapping_sub(b'0')));
    if d1 > 9 || d2 > 9 {
        return None;
    }
    let year = byte(pairs, 0) * 100 + byte(pairs, 2);
    date_of(year, byte(pairs, 5), d1 * 10 + d2)
}

#[inline]
fn date_of(year: u32, month: u32, day: u32) -> Option<i32> {
    let year = year.cast_signed();
    // Only the last days need the length of the month.
    let is_real = (1..=28).contains(&day) && (1..=12).contains(&month)
        || (29..=days_in_month(year, month)).contains(&day);
    is_real.then(|| days_from_date(year, month, day))
}

/// Reads `hh:mm:ss` as seconds of the day.
#[inline]
fn clock_time(bytes: [u8; 8]) -> Option<i64> {
    const CLOCK: (u64, u64) = layout(*b"00:00:00");
    let pairs = fit_pairs(u64::from_le_bytes(bytes), CLOCK)?;
    let (hour, minute, second) = (byte(pairs, 0), byte(pairs, 3), byte(pairs, 6));
    (hour < 24 && minute < 60 && second < 60).then(|| i64::from(hour * 3600 + minute * 60 + second))
}

/// Reads the date forms that are not the usual ones, or says what is wrong.
#[cold]
fn other_date(bytes: &[u8]) -> Result<i32, Reason> {
    if bytes.len() == 8
        && let Some(number) = up_to_eight(bytes).and_then(|number| u32::try_from(number).ok())
    {
        let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
        return date_of(year, month, day).ok_or(Reason::InvalidDate);
    }
    if has_year_last(bytes) {
        Err(Reason::AmbiguousDate)
    } else {
        Err(Reason::InvalidDate)
    }
}

/// Returns whether the text is two short numbers and a year with `/`, `.` or `-` between them.
fn has_year_last(bytes: &[u8]) -> bool {
    let mut parts = bytes.split(|byte| matches!(byte, b'/' | b'.' | b'-'));
    let mut next = |lengths: &[usize]| {
        parts
            .next()
            .is_some_and(|part| lengths.contains(&part.len()) && is_digits(part))
    };
    next(&[1, 2]) && next(&[1, 2]) && next(&[2, 4]) && parts.next().is_none()
}

/// Reads `hh:mm[:ss[.f]]`.
fn clock_with_fraction(bytes: &[u8]) -> Option<(i64, &[u8])> {
    if let Ok([h1, h2, colon, m1, m2]) = <[u8; 5]>::try_from(bytes) {
        let padded = [h1, h2, colon, m1, m2, b':', b'0', b'0'];
        return Some((clock_time(padded)?, &[]));
    }
    let (clock, rest) = bytes.split_first_chunk::<8>()?;
    let fraction = match rest.split_first() {
        None => rest,
        Some((b'.', fraction)) if !fraction.is_empty() && is_digits(fraction) => fraction,
        Some(_) => return None,
    };
    Some((clock_time(*clock)?, fraction))
}

/// Splits off `Z`, `±hh`, `±hh:mm` or `±hhmm`.
fn split_offset(bytes: &[u8]) -> Option<(&[u8], Option<i64>)> {
    if let Some((b'Z' | b'z', clock)) = bytes.split_last() {
        return Some((clock, Some(0)));
    }
    let Some(place) = bytes.iter().position(|byte| matches!(byte, b'+' | b'-')) else {
        return Some((bytes, None));
    };
    let (clock, offset) = bytes.split_at(place);
    let (sign, digits) = offset.split_first()?;
    let seconds = match *digits {
        [h1, h2] => offset_seconds([h1, h2, b'0', b'0'])?,
        [h1, h2, m1, m2] | [h1, h2, b':', m1, m2] => offset_seconds([h1, h2, m1, m2])?,
        _ => return None,
    };
    Some((clock, Some(if *sign == b'-' { -seconds } else { seconds })))
}

fn offset_seconds(digits: [u8; 4]) -> Option<i64> {
    let number = up_to_eight(&digits)?.cast_signed();
    let (hours, minutes) = (number / 100, number % 100);
    (hours < 24 && minutes < 60).then_some(hours * 3600 + minutes * 60)
}
