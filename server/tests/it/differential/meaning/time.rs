//! What dates, times and durations mean; the calendar is that of `jiff`.

use jiff::civil;

use super::Meaning;

/// A point in time: as the clocks of a place show it, as seconds of UTC, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) local: Option<i64>,
    pub(crate) utc: Option<i64>,
    /// The digits of the fraction without zeros at the end.
    pub(crate) fraction: String,
}

impl Moment {
    pub(super) fn is(&self, other: &Self) -> bool {
        let same = |one: Option<i64>, two: Option<i64>| one.is_some() && one == two;
        self.fraction == other.fraction
            && (same(self.utc, other.utc)
                || (self.utc.is_none() || other.utc.is_none()) && same(self.local, other.local))
    }
}

/// Reads a date with the year first that exists: days from 1970-01-01.
pub(crate) fn date(text: &str) -> Option<i32> {
    let separator = ['-', '/']
        .into_iter()
        .find(|separator| text.contains(*separator));
    let parts: Vec<&str> = match separator {
        Some(separator) => text.split(separator).collect(),
        None if text.len() == 8 => vec![text.get(..4)?, text.get(4..6)?, text.get(6..)?],
        None => return None,
    };
    let [year, month, day] = parts.as_slice() else {
        return None;
    };
    if year.len() != 4 || month.len() > 2 || day.len() > 2 {
        return None;
    }
    let [year, month, day] = [year, month, day].map(|part| digits(part));
    let date = civil::Date::new(
        i16::try_from(year?).ok()?,
        i8::try_from(month?).ok()?,
        i8::try_from(day?).ok()?,
    );
    let epoch = civil::Date::constant(1970, 1, 1);
    Some(date.ok()?.since((jiff::Unit::Day, epoch)).ok()?.get_days())
}

/// Reads a date with a time of day that is midnight: days from 1970-01-01.
pub(crate) fn midnight(text: &str) -> Option<i32> {
    let (day, clock) = text.split_once([' ', 'T'])?;
    let (clock, offset) = split_offset(clock)?;
    let is_midnight = clock_time(clock, 24)? == (0, String::new());
    date(day).filter(|_| is_midnight && matches!(offset, None | Some(0)))
}

fn digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// Reads `date[ T]hh:mm[:ss[.f]][offset]`, a date, or seconds from 1970. Behind an `@` stand the
/// seconds of UTC of the same moment.
pub(crate) fn moment(text: &str) -> Option<Moment> {
    if let Some((shown, utc)) = text.split_once('@') {
        let utc = utc.parse().ok();
        return moment(shown).map(|moment| Moment { utc, ..moment });
    }
    if let Some((seconds, fraction)) = seconds(text) {
        return Some(Moment {
            local: None,
            utc: Some(seconds),
            fraction,
        });
    }
    let Some((day, clock)) = text.split_once([' ', 'T']) else {
        let local = i64::from(date(text)?) * 86_400;
        return Some(Moment {
            local: Some(local),
            utc: None,
            fraction: String::new(),
        });
    };
    let (clock, offset) = split_offset(clock)?;
    let (second, fraction) = clock_time(clock, 24)?;
    let local = i64::from(date(day)?) * 86_400 + i64::try_from(second).ok()?;
    Some(match offset {
        Some(offset) => Moment {
            local: None,
            utc: Some(local - offset),
            fraction,
        },
        None => Moment {
            local: Some(local),
            utc: None,
            fraction,
        },
    })
}

/// Reads 9 or 10 digits and a fraction.
fn seconds(text: &str) -> Option<(i64, String)> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, fraction_digits(fraction)?),
        None => (text, String::new()),
    };
    digits(whole).filter(|_| matches!(whole.len(), 9 | 10))?;
    Some((whole.parse().ok()?, fraction))
}

fn fraction_digits(text: &str) -> Option<String> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.trim_end_matches('0').to_owned())
}

/// Reads `h:m[:s[.f]]` with less than `hours` hours.
fn clock_time(text: &str, hours: u64) -> Option<(u64, String)> {
    let (text, fraction) = match text.split_once('.') {
        Some((clock, fraction)) if clock.matches(':').count() == 2 => {
            (clock, fraction_digits(fraction)?)
        }
        Some(_) => return None,
        None => (text, String::new()),
    };
    let parts: Vec<&str> = text.split(':').collect();
    let (hour, minute, second) = match parts.as_slice() {
        [hour, minute] => (hour, minute, &"0"),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let (hour, minute, second) = (digits(hour)?, digits(minute)?, digits(second)?);
    let is_real = hour < hours && minute < 60 && second < 60;
    is_real.then(|| (hour * 3600 + minute * 60 + second, fraction))
}

/// Splits off `Z`, `+hh`, `+hhmm` or `+hh:mm`: seconds east of UTC.
fn split_offset(text: &str) -> Option<(&str, Option<i64>)> {
    let utc = text.strip_suffix(['Z', 'z']);
    if let Some(clock) = utc.or_else(|| text.strip_suffix(" UTC")) {
        return Some((clock, Some(0)));
    }
    let Some(place) = text.find(['+', '-']) else {
        return Some((text, None));
    };
    let (clock, offset) = (text.get(..place)?, text.get(place..)?);
    let number = offset.get(1..)?.replace(':', "");
    let number = digits(&number)
        .filter(|_| matches!(number.len(), 2 | 4))
        .map(|value| {
            let value = value.cast_signed();
            if number.len() == 2 {
                value * 100
            } else {
                value
            }
        })?;
    let (hours, minutes) = (number / 100, number % 100);
    let seconds = (hours < 24 && minutes < 60).then_some(hours * 3600 + minutes * 60)?;
    Some((
        clock,
        Some(if offset.starts_with('-') {
            -seconds
        } else {
            seconds
        }),
    ))
}

/// Reads a duration: `[-]h:mm[:ss[.f]]`.
pub(crate) fn span(text: &str) -> Option<Meaning> {
    let (is_negative, clock) = match text.strip_prefix('-') {
        Some(clock) => (true, clock),
        None => (false, text),
    };
    let (seconds, fraction) = clock_time(clock, 1_000_000_000)?;
    let is_negative = is_negative && (seconds > 0 || !fraction.is_empty());
    Some(Meaning::Span(is_negative, seconds, fraction))
}
