//! Dates, times and points in time.
//!
//! [`super::Formatter`] calls it; it must never print a text that loads back as another instant.

use super::{
    digits::{push_u64, two_digits},
    line::Line,
};
use crate::column::{
    calendar::{DAY_SECONDS, date_from_days},
    zone::{Local, Zone},
};

/// 0000-01-01 and 9999-12-31 in days from 1970-01-01: ClickHouse shows nothing outside.
const FIRST_DAY: i32 = -719_528;
const LAST_DAY: i32 = 2_932_896;

/// 999:59:59, the longest Time that ClickHouse shows, in seconds.
const LONGEST_TIME: u64 = 3_599_999;

/// The text of the day before, which most often is the text of the next value too.
#[derive(Clone, Debug)]
pub(super) struct DateText {
    day: i32,
    text: [u8; 10],
}

impl DateText {
    /// Makes the text of the first day.
    pub(super) fn new() -> Self {
        Self {
            day: 0,
            text: *b"1970-01-01",
        }
    }

    /// Returns `YYYY-MM-DD` of a day counted from 1970-01-01.
    #[inline]
    pub(super) fn text(&mut self, day: i32) -> [u8; 10] {
        if day != self.day {
            self.day = day;
            self.text = date_text(day.clamp(FIRST_DAY, LAST_DAY));
        }
        self.text
    }
}

fn date_text(day: i32) -> [u8; 10] {
    let date = date_from_days(day);
    let year = date.year.unsigned_abs();
    let [y1, y2] = two_digits(year / 100);
    let [y3, y4] = two_digits(year % 100);
    let [m1, m2] = two_digits(date.month);
    let [d1, d2] = two_digits(date.day);
    [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2]
}

/// Prints points in time in one zone.
#[derive(Clone, Debug)]
pub(super) struct DateTimeText {
    zone: Zone,
    date: DateText,
}

impl DateTimeText {
    /// Makes the printer of a zone.
    pub(super) fn new(zone: Zone) -> Self {
        Self {
            zone,
            date: DateText::new(),
        }
    }

    /// Appends `YYYY-MM-DD hh:mm:ss` of a second of UTC, and the offset when the clock showed the
    /// same an hour before.
    #[inline]
    pub(super) fn push_seconds(&mut self, out: &mut Line<'_>, utc: i64) {
        let local = self.zone.to_local_seconds(utc);
        self.push_local(out, local);
        self.push_offset(out, utc, local);
    }

    /// Appends the same with a fraction, from a count of ticks.
    #[inline]
    pub(super) fn push_ticks(&mut self, out: &mut Line<'_>, ticks: i64, tick: Tick) {
        let per_second = tick.per_second.cast_signed();
        let utc = ticks.div_euclid(per_second);
        let local = self.zone.to_local_seconds(utc);
        self.push_local(out, local);
        tick.push_fraction(out, ticks.rem_euclid(per_second).unsigned_abs());
        self.push_offset(out, utc, local);
    }

    #[inline]
    fn push_local(&mut self, out: &mut Line<'_>, local: i64) {
        let first = i64::from(FIRST_DAY) * DAY_SECONDS;
        let last = i64::from(LAST_DAY) * DAY_SECONDS + DAY_SECONDS - 1;
        let local = local.clamp(first, last);
        let day = i32::try_from(local.div_euclid(DAY_SECONDS)).unwrap_or(FIRST_DAY);
        let second = u32::try_from(local.rem_euclid(DAY_SECONDS)).unwrap_or(0);
        let mut text = [b' '; 19];
        if let Some(place) = text.first_chunk_mut() {
            *place = self.date.text(day);
        }
        if let Some(place) = text.last_chunk_mut() {
            *place = clock(second / 3600, second % 3600);
        }
        out.extend_from_slice(&text);
    }

    /// Appends the offset of the second of two instants with the same local time. The first one has
    /// none: it is the one that a text without an offset is read as.
    #[inline]
    fn push_offset(&self, out: &mut Line<'_>, utc: i64, local: i64) {
        if let Local::Fold { later, .. } = self.zone.to_utc(local)
            && later == utc
        {
            push_offset(out, local.saturating_sub(utc));
        }
    }
}

#[cold]
fn push_offset(out: &mut Line<'_>, offset: i64) {
    out.push(if offset < 0 { b'-' } else { b'+' });
    let seconds = u32::try_from(offset.unsigned_abs()).unwrap_or(0);
    let text = clock(seconds / 3600 % 100, seconds % 3600);
    // Seconds stand only in offsets from before time was standardized.
    let length = if seconds.is_multiple_of(60) { 5 } else { 8 };
    out.extend(text.into_iter().take(length));
}

/// Returns `hh:mm:ss` of hours below 100 and the seconds behind them.
#[inline]
fn clock(hours: u32, seconds: u32) -> [u8; 8] {
    let [h1, h2] = two_digits(hours);
    let [m1, m2] = two_digits(seconds / 60);
    let [s1, s2] = two_digits(seconds % 60);
    [h1, h2, b':', m1, m2, b':', s1, s2]
}

/// The unit of a type with a fraction of a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tick {
    digits: usize,
    per_second: u64,
}

impl Tick {
    /// Makes the unit of a type with this many digits behind the point, at most 9.
    pub(super) fn new(precision: u8) -> Self {
        let digits = precision.min(9);
        Self {
            digits: usize::from(digits),
            per_second: 10_u64.pow(digits.into()),
        }
    }

    /// Appends a point and every digit of a fraction; nothing when there are no digits.
    #[inline]
    fn push_fraction(self, out: &mut Line<'_>, ticks: u64) {
        if self.digits == 0 {
            return;
        }
        let mut text = [b'.'; 10];
        let mut rest = ticks;
        for place in text.iter_mut().skip(1).take(self.digits).rev() {
            *place = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
        out.push_front(text, self.digits + 1);
    }
}

/// Appends `[-]hh:mm:ss` and a fraction, from a count of ticks.
pub(super) fn push_time(out: &mut Line<'_>, ticks: i64, tick: Tick) {
    if ticks < 0 {
        out.push(b'-');
    }
    let magnitude = ticks.unsigned_abs();
    let seconds = (magnitude / tick.per_second).min(LONGEST_TIME);
    let seconds = u32::try_from(seconds).unwrap_or(0);
    let hours = seconds / 3600;
    if hours >= 100 {
        push_u64(out, (hours / 100).into());
    }
    out.extend_from_slice(&clock(hours % 100, seconds % 3600));
    tick.push_fraction(out, magnitude % tick.per_second);
}

#[cfg(test)]
mod tests {
    use super::{super::line::text, DateText, DateTimeText, FIRST_DAY, LAST_DAY, Tick, push_time};
    use crate::column::{
        parse::date_time::{LastDate, parse_date_time},
        zone::Zone,
    };

    #[test]
    fn dates_are_shown_from_year_0_to_9999() {
        let mut date = DateText::new();
        let cases: [(i32, &[u8; 10]); 8] = [
            (0, b"1970-01-01"),
            (65_535, b"2149-06-06"),
            (-25_567, b"1900-01-01"),
            (120_529, b"2299-12-31"),
            (FIRST_DAY, b"0000-01-01"),
            (i32::MIN, b"0000-01-01"),
            (LAST_DAY, b"9999-12-31"),
            (i32::MAX, b"9999-12-31"),
        ];
        for (day, expected) in cases {
            assert_eq!(&date.text(day), expected);
            assert_eq!(&date.text(day), expected);
        }
    }

    #[test]
    fn only_the_later_of_two_equal_local_times_has_an_offset() {
        let mut zone = DateTimeText::new(Zone::named("America/New_York").unwrap());
        let cases = [
            (1_730_608_200, "2024-11-03 00:30:00"),
            (1_730_611_800, "2024-11-03 01:30:00"),
            (1_730_613_599, "2024-11-03 01:59:59"),
            (1_730_613_600, "2024-11-03 01:00:00-05:00"),
            (1_730_615_400, "2024-11-03 01:30:00-05:00"),
            (1_730_617_199, "2024-11-03 01:59:59-05:00"),
            (1_730_617_200, "2024-11-03 02:00:00"),
            (1_710_053_999, "2024-03-10 01:59:59"),
            (1_710_054_000, "2024-03-10 03:00:00"),
        ];
        for (utc, expected) in cases {
            assert_eq!(text(|out| zone.push_seconds(out, utc)), expected);
        }
        let fraction = text(|out| zone.push_ticks(out, 1_730_615_400_250, Tick::new(3)));
        assert_eq!(fraction, "2024-11-03 01:30:00.250-05:00");
    }

    #[test]
    fn every_instant_around_a_change_of_the_clock_reads_back() {
        for name in ["America/New_York", "Australia/Lord_Howe", "Europe/Dublin"] {
            let zone = Zone::named(name).unwrap();
            let mut shown = DateTimeText::new(zone.clone());
            // A year in steps that fall into every hour that comes twice.
            for utc in (1_704_067_200..1_735_689_600).step_by(599) {
                let text = text(|out| shown.push_seconds(out, utc));
                let read = parse_date_time(text.as_bytes(), &zone, &mut LastDate::default())
                    .map(i64::from);
                assert_eq!(read, Ok(utc), "{text} {name}");
            }
        }
    }

    #[test]
    fn offsets_may_be_half_hours_or_have_seconds() {
        let mut zone = DateTimeText::new(Zone::named("Australia/Lord_Howe").unwrap());
        let later = text(|out| zone.push_seconds(out, 1_712_415_600));
        assert_eq!(later, "2024-04-07 01:30:00+10:30");
        assert_eq!(text(|out| super::push_offset(out, -1_172)), "-00:19:32");
    }

    #[test]
    fn points_in_time_have_every_digit_of_their_fraction() {
        let mut utc = DateTimeText::new(Zone::utc());
        let cases = [
            (-1, 3, "1969-12-31 23:59:59.999"),
            (-1_000, 3, "1969-12-31 23:59:59.000"),
            (5, 0, "1970-01-01 00:00:05"),
            (i64::MAX, 3, "9999-12-31 23:59:59.807"),
            (i64::MIN, 3, "0000-01-01 00:00:00.192"),
            (i64::MAX, 9, "2262-04-11 23:47:16.854775807"),
            (i64::MIN, 9, "1677-09-21 00:12:43.145224192"),
        ];
        for (ticks, precision, expected) in cases {
            let shown = text(|out| utc.push_ticks(out, ticks, Tick::new(precision)));
            assert_eq!(shown, expected);
        }
    }

    #[test]
    fn times_pass_a_day_and_zero() {
        let cases = [
            (0, 0, "00:00:00"),
            (-3_661, 0, "-01:01:01"),
            (360_059, 0, "100:00:59"),
            (3_600_000, 0, "999:59:59"),
            (-2_147_483_648, 0, "-999:59:59"),
            (-1, 3, "-00:00:00.001"),
            (3_600_000_000, 3, "999:59:59.000"),
            (i64::MIN, 3, "-999:59:59.808"),
        ];
        for (ticks, precision, expected) in cases {
            assert_eq!(
                text(|out| push_time(out, ticks, Tick::new(precision))),
                expected
            );
        }
    }
}
