//! The times of a column under one reading, and the narrowest type for them.
//!
//! Only [`super`] uses it; it must never let a time pass that the type would not hold in every zone.

use std::sync::Arc;

use super::Found;
use crate::column::calendar::DAY_SECONDS;
use crate::column::data_type::DataType;
use crate::column::parse::date_time::TimeText;
use crate::column::rules::DateFormat;
use crate::column::zone::{Local, Zone};

/// The last second of DateTime in every zone; no zone is further than a day from UTC.
const LAST_DATE_TIME: i64 = u32::MAX as i64 - DAY_SECONDS;
/// The last second of DateTime64(9) in every zone.
const LAST_NANOSECOND_TIME: i64 = i64::MAX / 1_000_000_000 - DAY_SECONDS;
/// The first and the last second of DateTime64: 1900-01-01 to 2299-12-31.
pub(super) const TIMES: std::ops::RangeInclusive<i64> = -2_208_988_800..=10_413_791_999;
/// The last day of Date: 2149-06-06.
const LAST_DATE: i64 = u16::MAX as i64 * DAY_SECONDS;

/// The zone that times without an offset are in, if it is known and matters.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Zones {
    pub(in super::super) server: Option<Arc<Zone>>,
}

/// What the times so far have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Track {
    pub(super) count: u64,
    has_clock: bool,
    has_offset: bool,
    has_local: bool,
    /// Whether the clocks of the server skip or repeat one of them.
    is_skipped: bool,
    /// Whether some time of day is not midnight.
    is_uneven: bool,
    fraction_digits: u8,
    first: i64,
    last: i64,
}

impl Default for Track {
    fn default() -> Self {
        Self {
            count: 0,
            has_clock: false,
            has_offset: false,
            has_local: false,
            is_skipped: false,
            is_uneven: false,
            fraction_digits: 0,
            first: i64::MAX,
            last: i64::MIN,
        }
    }
}

impl Track {
    /// Takes a time into account; false when no type holds it beside the others.
    pub(super) fn include(&mut self, time: TimeText, text: &[u8], zones: &Zones) -> bool {
        self.count += 1;
        let has_offset = time.has_clock && has_offset(text);
        self.has_clock |= time.has_clock;
        self.has_offset |= has_offset;
        self.has_local |= !has_offset;
        self.is_uneven |= time.second.rem_euclid(DAY_SECONDS) != 0;
        self.fraction_digits = self.fraction_digits.max(time.fraction_digits);
        self.first = self.first.min(time.second);
        self.last = self.last.max(time.second);
        if !has_offset && let Some(zone) = &zones.server {
            let is_clear = matches!(zone.to_utc(time.second), Local::Unambiguous(_));
            self.is_skipped |= !is_clear;
        }
        // A clock time that is not far from an end could be beyond it in the zone of the server.
        let margin = if self.has_clock { DAY_SECONDS } else { 0 };
        !(self.has_offset && self.has_local)
            && TIMES.contains(&(self.first - margin))
            && TIMES.contains(&(self.last + margin))
            && (self.fraction_digits < 9 || self.last <= LAST_NANOSECOND_TIME)
    }

    pub(super) fn found(&self, format: Option<DateFormat>) -> Found {
        Found::Type {
            data_type: self.data_type(),
            format,
            has_offset: self.has_offset,
            is_skipped: self.has_clock && self.is_skipped,
            is_midnight: self.has_clock && !self.is_uneven && self.fraction_digits == 0,
        }
    }

    fn data_type(&self) -> DataType {
        let is_utc = self.has_offset || self.is_skipped;
        let zone = is_utc.then(|| "UTC".to_owned());
        match (self.has_clock, self.fraction_digits) {
            (false, _) if self.first >= 0 && self.last <= LAST_DATE => DataType::Date,
            (false, _) => DataType::Date32,
            (true, 0) if self.first >= DAY_SECONDS && self.last <= LAST_DATE_TIME => {
                DataType::DateTime(zone)
            }
            (true, precision) => DataType::DateTime64 { precision, zone },
        }
    }
}

/// Returns whether an ISO 8601 text with a clock says its offset.
fn has_offset(text: &[u8]) -> bool {
    let place = memchr::memchr2(b' ', b'T', text);
    let clock = place.and_then(|place| text.get(place + 1..));
    clock.is_some_and(|clock| {
        clock
            .iter()
            .any(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'+' | b'-'))
    })
}
