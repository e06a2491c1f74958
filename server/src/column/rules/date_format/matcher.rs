//! Matching a cell with the form of a date, and writing what it says as ISO 8601.
//!
//! Only [`super`] uses it; it must never change the order of what the form names.

use super::names::{month, weekday};
use super::{DateFormat, Field, Step};
use crate::column::calendar::{
    DAY_SECONDS, Date, date_from_days, days_from_date, days_in_month, is_leap_year,
};

/// Two-digit years from here on are of the 20th century.
const FIRST_SHORT_YEAR_OF_1900: u32 = 69;
/// Seconds of the years 1 to 9999 are between these, from 1970 on.
const EPOCH_SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// What a text says, part by part.
#[derive(Clone, Copy, Debug, Default)]
struct Parts<'t> {
    year: u32,
    month: u32,
    day: u32,
    day_of_year: u32,
    /// The week of a year of weeks, and its day.
    week: Option<(u32, u32)>,
    weekday: Option<i32>,
    hour: u32,
    minute: u32,
    second: u32,
    is_afternoon: Option<bool>,
    is_hour12: bool,
    fraction: &'t [u8],
    /// As it is written behind the time, at most `+hh:mm`.
    offset: &'t [u8],
    epoch: Option<i64>,
    /// The fraction of units from 1970, and how many digits it has.
    units: Option<(u32, u8)>,
}

impl DateFormat {
    /// Appends the ISO 8601 text of a cell that has this form: `YYYY-MM-DD`, with ` hh:mm:ss`, a
    /// fraction and an offset where the form has them, or `hh:mm:ss` alone.
    ///
    /// Returns false and appends nothing when the text has another form. A date that does not exist
    /// is written like any other, for the parser to refuse.
    #[must_use]
    pub fn rewrite(&self, text: &[u8], out: &mut Vec<u8>) -> bool {
        let Some(mut parts) = self.match_all(text) else {
            return false;
        };
        if parts.complete().is_none() {
            return false;
        }
        if self.has_date {
            push_digits(out, parts.year, 4);
            out.push(b'-');
            push_digits(out, parts.month, 2);
            out.push(b'-');
            push_digits(out, parts.day, 2);
        }
        if self.has_clock {
            if self.has_date {
                out.push(b' ');
            }
            parts.push_clock(out);
        }
        true
    }

    fn match_all<'t>(&self, text: &'t [u8]) -> Option<Parts<'t>> {
        let mut parts = Parts::default();
        let mut rest = text;
        for step in &self.steps {
            rest = parts.take(*step, rest)?;
        }
        rest.is_empty().then_some(parts)
    }
}

impl<'t> Parts<'t> {
    /// Takes one part from the beginning of a text; returns what is behind it.
    #[inline]
    fn take(&mut self, step: Step, text: &'t [u8]) -> Option<&'t [u8]> {
        match step {
            Step::Byte(byte) => text
                .split_first()
                .filter(|(first, _)| **first == byte)
                .map(|(_, rest)| rest),
            Step::Blanks => {
                let rest = skip_blanks(text);
                (rest.len() < text.len()).then_some(rest)
            }
            Step::Number {
                field,
                fewest,
                most,
            } => {
                let (value, rest) = number(text, fewest, most)?;
                self.set(field, value);
                Some(rest)
            }
            Step::MonthName { point } => {
                let (value, length) = month(text)?;
                self.month = value;
                let rest = text.get(length..)?;
                Some(rest.strip_prefix(b".").filter(|_| point).unwrap_or(rest))
            }
            Step::Ordinal => Some(without_ordinal(text)),
            Step::Weekday => {
                let (value, length) = weekday(text)?;
                self.weekday = Some(value);
                text.get(length..)
            }
            Step::Meridiem => self.take_meridiem(text),
            Step::Fraction { point } => self.take_fraction(text, point),
            Step::Offset => self.take_offset(text),
            Step::ZoneName => self.take_zone(text),
            Step::Epoch => self.take_epoch(text),
            Step::Units(digits) => self.take_units(text, digits),
        }
    }

    #[inline]
    fn set(&mut self, field: Field, value: u32) {
        match field {
            Field::Year | Field::WeekYear => self.year = value,
            Field::ShortYear => {
                let century = if value >= FIRST_SHORT_YEAR_OF_1900 {
                    1900
                } else {
                    2000
                };
                self.year = century + value;
            }
            Field::Month => self.month = value,
            Field::Day => self.day = value,
            Field::DayOfYear => self.day_of_year = value,
            Field::Week => self.week = Some((value, self.week.map_or(0, |(_, day)| day))),
            Field::WeekDay => self.week = Some((self.week.map_or(0, |(week, _)| week), value)),
            Field::Hour => self.hour = value,
            Field::Hour12 => {
                self.hour = value;
                self.is_hour12 = true;
            }
            Field::Minute => self.minute = value,
            Field::Second => self.second = value,
        }
    }

    /// Takes `AM`, `PM`, `a.m.` or `p.m.` in any case.
    fn take_meridiem(&mut self, text: &'t [u8]) -> Option<&'t [u8]> {
        let (is_afternoon, rest) = match text {
            [b'a' | b'A', rest @ ..] => (false, rest),
            [b'p' | b'P', rest @ ..] => (true, rest),
            _ => return None,
        };
        self.is_afternoon = Some(is_afternoon);
        match rest {
            [b'm' | b'M', rest @ ..] | [b'.', b'm' | b'M', b'.', rest @ ..] => Some(rest),
            _ => None,
        }
    }

    fn take_fraction(&mut self, text: &'t [u8], point: bool) -> Option<&'t [u8]> {
        let digits = match (point, text.split_first()) {
            (false, _) => text,
            (true, Some((b'.' | b',', digits))) => digits,
            (true, _) => return Some(text),
        };
        let count = digits
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let (fraction, rest) = digits.split_at(count);
        self.fraction = fraction;
        (count > 0).then_some(rest)
    }

    fn take_offset(&mut self, text: &'t [u8]) -> Option<&'t [u8]> {
        let is_digit = |index: usize| text.get(index).is_some_and(u8::is_ascii_digit);
        let length = match text.first()? {
            b'Z' | b'z' => 1,
            b'+' | b'-' if is_digit(1) && is_digit(2) => match text.get(3) {
                Some(b':') if is_digit(4) && is_digit(5) => 6,
                Some(byte) if byte.is_ascii_digit() && is_digit(4) => 5,
                _ => 3,
            },
            _ => return None,
        };
        let (offset, rest) = text.split_at_checked(length)?;
        self.offset = offset;
        Some(rest)
    }

    /// Takes `UTC`, `GMT` or `Z`, or a name of the IANA database, which the parser looks up.
    fn take_zone(&mut self, text: &'t [u8]) -> Option<&'t [u8]> {
        let is_of_name =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-' | b'+');
        let length = text.iter().take_while(|byte| is_of_name(byte)).count();
        let (name, rest) = text.split_at_checked(length)?;
        let is_utc = [&b"UTC"[..], b"GMT", b"Z"]
            .iter()
            .any(|utc| name.eq_ignore_ascii_case(utc));
        self.offset = if is_utc { b"Z" } else { name };
        (is_utc || name.contains(&b'/')).then_some(rest)
    }

    /// Takes units of which a second has 10 to the power of `digits`.
    fn take_units(&mut self, text: &'t [u8], digits: u8) -> Option<&'t [u8]> {
        /// The digits of the nanoseconds up to the year 2286.
        const LONGEST: usize = 19;
        let magnitude = text.strip_prefix(b"-").unwrap_or(text);
        let count = magnitude
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let (magnitude, rest) = magnitude.split_at(count);
        let rest = without_zero_fraction(rest);
        if !(1..=LONGEST).contains(&count) {
            return None;
        }
        let value = magnitude.iter().try_fold(0_i64, |value, digit| {
            value.checked_mul(10)?.checked_add(i64::from(digit - b'0'))
        })?;
        let value = if text.starts_with(b"-") {
            -value
        } else {
            value
        };
        let per_second = 10_i64.pow(digits.into());
        self.epoch = Some(value.div_euclid(per_second));
        let fraction = u32::try_from(value.rem_euclid(per_second)).ok()?;
        self.units = Some((fraction, digits));
        Some(rest)
    }

    fn take_epoch(&mut self, text: &'t [u8]) -> Option<&'t [u8]> {
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        let count = digits
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let (digits, rest) = digits.split_at(count);
        if !(1..=12).contains(&count) {
            return None;
        }
        let magnitude = digits
            .iter()
            .fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        self.epoch = Some(if text.len() > count + rest.len() {
            -magnitude
        } else {
            magnitude
        });
        Some(rest)
    }

    /// Works out what stands in another form than it is written; None when that cannot be.
    fn complete(&mut self) -> Option<()> {
        if let Some(second) = self.epoch {
            self.set_epoch(second)?;
        }
        if self.day_of_year > 0 {
            let year = self.year.cast_signed();
            let last = if is_leap_year(year) { 366 } else { 365 };
            let day = self.day_of_year.cast_signed();
            (day <= last).then_some(())?;
            self.set_date(date_from_days(days_from_date(year, 1, 1) + day - 1));
        }
        if let Some((week, day)) = self.week {
            self.set_week(week, day)?;
        }
        if self.is_hour12 {
            (1..=12).contains(&self.hour).then_some(())?;
            let noon = if self.is_afternoon? { 12 } else { 0 };
            self.hour = self.hour % 12 + noon;
        }
        match self.weekday {
            Some(weekday) if self.is_date() => (weekday == self.real_weekday()).then_some(()),
            _ => Some(()),
        }
    }

    fn set_epoch(&mut self, second: i64) -> Option<()> {
        // A fraction counts forward from its second, which a negative number does not say.
        let is_clear = second >= 0 || self.fraction.is_empty();
        (is_clear && EPOCH_SECONDS.contains(&second)).then_some(())?;
        let days = i32::try_from(second.div_euclid(DAY_SECONDS)).ok()?;
        let second = u32::try_from(second.rem_euclid(DAY_SECONDS)).ok()?;
        self.set_date(date_from_days(days));
        (self.hour, self.minute, self.second) = (second / 3600, second / 60 % 60, second % 60);
        self.offset = b"Z";
        Some(())
    }

    /// Sets the date of a day of a week: the first week of a year is that of its 4th of January.
    fn set_week(&mut self, week: u32, day: u32) -> Option<()> {
        let year = self.year.cast_signed();
        let first_monday = |year| {
            let fourth = days_from_date(year, 1, 4);
            // 1970-01-01 was a Thursday.
            fourth - (fourth + 3).rem_euclid(7)
        };
        ((1..=53).contains(&week) && (1..=7).contains(&day)).then_some(())?;
        let days = first_monday(year) + (week.cast_signed() - 1) * 7;
        (days < first_monday(year + 1)).then_some(())?;
        self.set_date(date_from_days(days + day.cast_signed() - 1));
        Some(())
    }

    fn set_date(&mut self, date: Date) {
        self.year = date.year.cast_unsigned();
        self.month = date.month;
        self.day = date.day;
    }

    fn is_date(&self) -> bool {
        let days = days_in_month(self.year.cast_signed(), self.month);
        (1..=days).contains(&self.day)
    }

    /// Returns the days after Monday of a date that exists.
    fn real_weekday(&self) -> i32 {
        // 1970-01-01 was a Thursday.
        (days_from_date(self.year.cast_signed(), self.month, self.day) + 3).rem_euclid(7)
    }

    fn push_clock(&self, out: &mut Vec<u8>) {
        push_digits(out, self.hour, 2);
        out.push(b':');
        push_digits(out, self.minute, 2);
        out.push(b':');
        push_digits(out, self.second, 2);
        if let Some((fraction, digits @ 1..)) = self.units {
            out.push(b'.');
            push_digits(out, fraction, digits.into());
        }
        if !self.fraction.is_empty() {
            out.push(b'.');
            out.extend_from_slice(self.fraction);
        }
        if self.offset.contains(&b'/') {
            out.push(b' ');
        }
        out.extend_from_slice(self.offset);
    }
}

/// Returns a text without a point and zeros at its beginning, as floats have them.
fn without_zero_fraction(text: &[u8]) -> &[u8] {
    let Some(fraction) = text.strip_prefix(b".0") else {
        return text;
    };
    let zeros = fraction.iter().take_while(|byte| **byte == b'0').count();
    fraction.get(zeros..).unwrap_or_default()
}

/// Returns a text without the mark of an ordinal number at its beginning.
pub(in crate::column) fn without_ordinal(text: &[u8]) -> &[u8] {
    const MARKS: [&str; 7] = ["st", "nd", "rd", "th", "er", "º", "ª"];
    let rest = MARKS.iter().find_map(|mark| {
        let (head, rest) = text.split_at_checked(mark.len())?;
        let is_end = !rest.first().is_some_and(u8::is_ascii_alphanumeric);
        (head.eq_ignore_ascii_case(mark.as_bytes()) && is_end).then_some(rest)
    });
    rest.unwrap_or(text)
}

/// Reads `fewest` to `most` digits.
#[inline]
fn number(text: &[u8], fewest: u8, most: u8) -> Option<(u32, &[u8])> {
    let mut value = 0;
    let mut count = 0;
    let mut rest = text;
    while let [digit @ b'0'..=b'9', behind @ ..] = rest
        && count < most
    {
        value = value * 10 + u32::from(digit - b'0');
        count += 1;
        rest = behind;
    }
    (count >= fewest).then_some((value, rest))
}

fn skip_blanks(text: &[u8]) -> &[u8] {
    let mut rest = text;
    while let [b' ' | b'\t', behind @ ..] = rest {
        rest = behind;
    }
    rest
}

/// Appends a number with leading zeros.
#[inline]
fn push_digits(out: &mut Vec<u8>, value: u32, width: u32) {
    for place in (0..width).rev() {
        let [digit, ..] = (value / 10_u32.pow(place) % 10).to_le_bytes();
        out.push(b'0' + digit);
    }
}
