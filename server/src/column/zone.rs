//! Time zones: seconds of local time to seconds of UTC and back, fast enough for every cell.
//!
//! Parsing and formatting of times call it; it must never read the zone files of the machine. The rules are those of
//! the ClickHouse that the times are for, where it was asked.
//!
//! How this works: the offset changes of a zone from 1900 to 2300 are laid out as a sorted list of
//! spans with one offset each. A table with one entry for every 48.5 days says in which span that
//! stretch of time begins, so that a lookup takes one read and at most a few steps forward.

mod zones;

use jiff::{Timestamp, tz::TimeZone};

pub use zones::Zones;

use super::error::{Error, Result};

/// The first second of the table: 1899-12-30 00:00:00 UTC. The first span reaches back without end.
const TABLE_START: i64 = -2_209_161_600;
/// The first second behind the table: 2300-01-03 00:00:00 UTC. The last span reaches on without end.
const TABLE_END: i64 = 10_413_964_800;
/// Seconds of one table entry as a power of two: 48.5 days.
const BUCKET_BITS: u32 = 22;

/// What a local time is in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local {
    /// The local time was shown once, at this second of UTC.
    Unambiguous(i64),
    /// The clock was set back, so that the local time was shown twice.
    Fold {
        /// The first second of UTC with that local time.
        earlier: i64,
        /// The second one.
        later: i64,
    },
    /// The clock was set forward over the local time: it does not exist.
    Gap,
}

/// A time zone, ready for conversions between 1900 and 2300.
///
/// Before and after, the offset at the end of that range is used.
#[derive(Clone, Debug)]
pub struct Zone {
    rule: Rule,
}

#[derive(Clone, Debug)]
enum Rule {
    /// The same offset at all times, in seconds east of UTC.
    Fixed(i64),
    Changing(Spans),
}

#[derive(Clone, Debug)]
struct Spans {
    /// In the order of time, without holes; never empty.
    spans: Vec<Span>,
    /// For each stretch of 2^[`BUCKET_BITS`] seconds the span of its first second.
    buckets: Vec<u16>,
}

/// A stretch of time with one offset.
#[derive(Clone, Copy, Debug)]
struct Span {
    /// The first second of UTC.
    start: i64,
    /// The first second of UTC behind the span.
    end: i64,
    /// Seconds east of UTC.
    offset: i64,
    /// Local times from here ..
    unambiguous_start: i64,
    /// .. up to here, exclusive, belong to no other span.
    unambiguous_end: i64,
}

impl Zone {
    /// Returns UTC.
    #[must_use]
    pub const fn utc() -> Self {
        Self {
            rule: Rule::Fixed(0),
        }
    }

    /// Returns the zone with an IANA name (`Europe/Paris`, in any case) or one of ClickHouse's
    /// fixed offsets (`Fixed/UTC+05:30:00`).
    ///
    /// # Errors
    ///
    /// [`Error::UnknownZone`] when there is no such zone.
    pub fn named(name: &str) -> Result<Self> {
        if let Some(zone) = Self::fixed(name) {
            return Ok(zone);
        }
        let unknown = || Error::UnknownZone {
            name: name.to_owned(),
        };
        let time_zone = TimeZone::get(name).map_err(|_| unknown())?;
        Self::from_time_zone(&time_zone).ok_or_else(unknown)
    }

    /// Returns the zone of a name that says its offset: UTC, and ClickHouse's fixed offsets.
    #[must_use]
    pub fn fixed(name: &str) -> Option<Self> {
        let rule = Rule::Fixed(fixed_offset(name)?);
        Some(Self { rule })
    }

    fn from_time_zone(time_zone: &TimeZone) -> Option<Self> {
        let start = Timestamp::from_second(TABLE_START).ok()?;
        let changes = time_zone.following(start).map(|change| {
            let offset = i64::from(change.offset().seconds());
            (change.timestamp().as_second(), offset)
        });
        let changes = changes.take_while(|(second, _)| *second < TABLE_END);
        let offset = i64::from(time_zone.to_offset(start).seconds());
        Some(Self::from_changes(offset, changes))
    }

    /// Makes the zone whose clocks showed UTC and `offset` seconds in 1900, and from each second of UTC on another
    /// offset; in the order of time.
    #[must_use]
    pub fn from_changes(offset: i64, changes: impl IntoIterator<Item = (i64, i64)>) -> Self {
        let mut spans = vec![Span::new(i64::MIN, offset)];
        for (second, offset) in changes {
            if let Some(last) = spans.last_mut()
                && last.offset != offset
            {
                last.end = second;
                spans.push(Span::new(second, offset));
            }
        }
        let rule = match spans.as_slice() {
            [only] => Rule::Fixed(only.offset),
            _ => Rule::Changing(Spans::new(spans)),
        };
        Self { rule }
    }

    /// Returns the local time of a second of UTC, both counted from 1970-01-01 00:00:00.
    #[inline]
    #[must_use]
    pub fn to_local_seconds(&self, utc: i64) -> i64 {
        match &self.rule {
            Rule::Fixed(offset) => utc.saturating_add(*offset),
            Rule::Changing(spans) => utc.saturating_add(spans.offset_at(utc)),
        }
    }

    /// Returns the second of UTC at which the clocks of the zone showed `local`.
    #[inline]
    #[must_use]
    pub fn to_utc(&self, local: i64) -> Local {
        match &self.rule {
            Rule::Fixed(offset) => Local::Unambiguous(local.saturating_sub(*offset)),
            Rule::Changing(spans) => spans.to_utc(local),
        }
    }
}

impl Span {
    const fn new(start: i64, offset: i64) -> Self {
        Self {
            start,
            end: i64::MAX,
            offset,
            unambiguous_start: i64::MIN,
            unambiguous_end: i64::MAX,
        }
    }

    fn contains_local(&self, local: i64) -> bool {
        let utc = local.saturating_sub(self.offset);
        self.start <= utc && utc < self.end
    }
}

impl Spans {
    fn new(mut spans: Vec<Span>) -> Self {
        mark_unambiguous(&mut spans);
        let mut buckets = Vec::new();
        let mut index = 0_u16;
        let mut second = TABLE_START;
        while second < TABLE_END {
            while spans
                .get(usize::from(index))
                .is_some_and(|span| span.end <= second)
            {
                index += 1;
            }
            buckets.push(index);
            second += 1 << BUCKET_BITS;
        }
        Self { spans, buckets }
    }

    /// Returns the index of the span that holds a second of UTC.
    #[inline]
    fn index_at(&self, utc: i64) -> usize {
        let bucket = utc.clamp(TABLE_START, TABLE_END - 1) - TABLE_START;
        let bucket = usize::try_from(bucket >> BUCKET_BITS).unwrap_or(0);
        let mut index = usize::from(self.buckets.get(bucket).copied().unwrap_or(0));
        while self.spans.get(index).is_some_and(|span| span.end <= utc)
            && index + 1 < self.spans.len()
        {
            index += 1;
        }
        index
    }

    #[inline]
    fn offset_at(&self, utc: i64) -> i64 {
        self.spans.get(self.index_at(utc)).map_or(0, |s| s.offset)
    }

    #[inline]
    fn to_utc(&self, local: i64) -> Local {
        let near = self.index_at(local);
        match self.spans.get(near) {
            Some(span) if span.unambiguous_start <= local && local < span.unambiguous_end => {
                Local::Unambiguous(local.saturating_sub(span.offset))
            }
            _ => self.search(local, near),
        }
    }

    /// Finds the spans that showed `local` close to the span `near`: an offset is less than a day,
    /// and no two changes of a zone are so close that a second neighbour could matter.
    #[cold]
    fn search(&self, local: i64, near: usize) -> Local {
        let first = near.saturating_sub(2);
        let mut found = self
            .spans
            .iter()
            .skip(first)
            .take(near + 3 - first)
            .filter(|span| span.contains_local(local))
            .map(|span| local.saturating_sub(span.offset));
        match (found.next(), found.next_back()) {
            (None, _) => Local::Gap,
            (Some(only), None) => Local::Unambiguous(only),
            (Some(earlier), Some(later)) => Local::Fold { earlier, later },
        }
    }
}

/// Fills in which local times belong to one span only.
fn mark_unambiguous(spans: &mut [Span]) {
    for index in 1..spans.len() {
        let Some([before, after]) = spans.get_mut(index - 1..=index) else {
            continue;
        };
        let old_end = after.start.saturating_add(before.offset);
        let new_start = after.start.saturating_add(after.offset);
        before.unambiguous_end = old_end.min(new_start);
        after.unambiguous_start = old_end.max(new_start);
    }
}

/// Reads `Fixed/UTC+hh:mm:ss`, the name ClickHouse gives to a constant offset.
fn fixed_offset(name: &str) -> Option<i64> {
    if name == "UTC" {
        return Some(0);
    }
    let text = name.strip_prefix("Fixed/UTC")?;
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+')?),
    };
    let parts: Vec<&str> = text.split(':').collect();
    let [hours, minutes, seconds] = parts.as_slice() else {
        return None;
    };
    let number = |part: &str, limit: i64| {
        (part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| part.parse::<i64>().ok())
            .flatten()
            .filter(|value| *value <= limit)
    };
    Some(sign * (number(hours, 24)? * 3600 + number(minutes, 59)? * 60 + number(seconds, 59)?))
}

#[cfg(test)]
mod tests;
