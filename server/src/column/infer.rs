//! The type that holds every cell of a sample without loss.
//!
//! `InspectFile` and the creation of tables call it; it must never choose a type in which a cell of
//! the sample would be refused or changed.

use super::Cell;
use super::data_type::DataType;
use super::parse::date_time::{TimeText, parse_time_text};
use super::parse::float::parse_f64;
use super::parse::int::{
    parse_i128, parse_i256, parse_signed, parse_u128, parse_u256, parse_unsigned,
};
use super::parse::ip::{parse_ipv4, parse_ipv6};
use super::parse::uuid::parse_uuid;

/// Integers up to this one are exact in a Float64.
const EXACT_IN_FLOAT: u64 = 1 << 53;
/// A Float64 keeps this many digits at most.
const FLOAT_DIGITS: usize = 17;
/// Seconds of a day: no zone is further from UTC.
const DAY: i64 = 86_400;
/// The last second of DateTime in every zone.
const LAST_DATE_TIME: i64 = u32::MAX as i64 - DAY;
/// The last second of DateTime64(9) in every zone.
const LAST_NANOSECOND_TIME: i64 = i64::MAX / 1_000_000_000 - DAY;
/// The first and the last second of DateTime64: 1900-01-01 to 2299-12-31.
const TIMES: std::ops::RangeInclusive<i64> = -2_208_988_800..=10_413_791_999;
/// The last day of Date: 2149-06-06.
const LAST_DATE: i64 = u16::MAX as i64 * DAY;

/// What the cells of one column have in common.
///
/// Show it cells with [`ColumnSample::observe`] and ask for the type with [`ColumnSample::infer`].
#[derive(Clone, Debug, Default)]
pub struct ColumnSample {
    value_count: u64,
    has_empty: bool,
    has_null_marker: bool,
    refused: Refused,
    number_count: u64,
    times: Times,
}

/// The families that some cell does not fit.
#[derive(Clone, Copy, Debug, Default)]
struct Refused {
    bool: bool,
    int: bool,
    /// For each type of [`INTEGERS`].
    width: [bool; 6],
    float: bool,
    time: bool,
    uuid: bool,
    ipv4: bool,
    ipv6: bool,
}

/// The dates and times so far.
#[derive(Clone, Copy, Debug)]
struct Times {
    has_clock: bool,
    fraction_digits: u8,
    first: i64,
    last: i64,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            has_clock: false,
            fraction_digits: 0,
            first: i64::MAX,
            last: i64::MIN,
        }
    }
}

type Fits = fn(&[u8]) -> bool;

/// The integer types in the order of preference, with the test whether a text fits.
const INTEGERS: [(DataType, Fits); 6] = [
    (DataType::Int64, |text| parse_signed::<i64>(text).is_ok()),
    (DataType::UInt64, |text| parse_unsigned::<u64>(text).is_ok()),
    (DataType::Int128, |text| parse_i128(text).is_ok()),
    (DataType::UInt128, |text| parse_u128(text).is_ok()),
    (DataType::Int256, |text| parse_i256(text).is_ok()),
    (DataType::UInt256, |text| parse_u256(text).is_ok()),
];

impl ColumnSample {
    /// Takes one more cell into account.
    pub fn observe(&mut self, cell: Cell<'_>) {
        match cell.bytes {
            b"" if !cell.quoted => self.has_empty = true,
            b"\\N" if !cell.quoted => self.has_null_marker = true,
            text => self.observe_value(text),
        }
    }

    /// Returns the type that holds every cell so far; String before there is any.
    ///
    /// It is Nullable when an unquoted empty cell or `\N` was seen; String only for `\N`, or when
    /// there was nothing else.
    #[must_use]
    pub fn infer(&self) -> DataType {
        let data_type = self.value_type();
        let is_nullable = if self.value_count == 0 || data_type != DataType::String {
            self.has_empty || self.has_null_marker
        } else {
            self.has_null_marker
        };
        if is_nullable {
            DataType::Nullable(Box::new(data_type))
        } else {
            data_type
        }
    }

    fn observe_value(&mut self, text: &[u8]) {
        self.value_count += 1;
        let refused = &mut self.refused;
        refused.bool |= !text.eq_ignore_ascii_case(b"true") && !text.eq_ignore_ascii_case(b"false");
        refused.int |= !is_plain_integer(text);
        for ((_, fits), refused) in INTEGERS.iter().zip(&mut refused.width) {
            *refused = *refused || !fits(text);
        }
        refused.float = refused.float || !is_plain_float(text);
        self.number_count += u64::from(text.iter().any(u8::is_ascii_digit));
        refused.uuid = refused.uuid || text.len() != 36 || parse_uuid(text).is_err();
        refused.ipv4 = refused.ipv4 || parse_ipv4(text).is_err();
        refused.ipv6 = refused.ipv6 || parse_ipv6(text).is_err();
        if !refused.time {
            refused.time = parse_time_text(text).is_none_or(|time| !self.times.include(time));
        }
    }

    /// Returns the type of the cells that are not NULL.
    fn value_type(&self) -> DataType {
        let refused = &self.refused;
        if self.value_count == 0 {
            DataType::String
        } else if !refused.bool {
            DataType::Bool
        } else if !refused.int {
            self.integer_type()
        } else if !refused.float && self.number_count > 0 {
            DataType::Float64
        } else if !refused.time {
            self.times.data_type()
        } else if !refused.uuid {
            DataType::Uuid
        } else if !refused.ipv4 {
            DataType::IPv4
        } else if !refused.ipv6 {
            DataType::IPv6
        } else {
            DataType::String
        }
    }

    fn integer_type(&self) -> DataType {
        INTEGERS
            .iter()
            .zip(self.refused.width)
            .find(|(_, refused)| !refused)
            .map_or(DataType::String, |((data_type, _), _)| data_type.clone())
    }
}

impl Times {
    /// Takes a time into account; false when no type holds it.
    fn include(&mut self, time: TimeText) -> bool {
        self.has_clock |= time.has_clock;
        self.fraction_digits = self.fraction_digits.max(time.fraction_digits);
        self.first = self.first.min(time.second);
        self.last = self.last.max(time.second);
        // A clock time that is not far from an end could be beyond it in the zone of the server.
        let margin = if self.has_clock { DAY } else { 0 };
        TIMES.contains(&(self.first - margin))
            && TIMES.contains(&(self.last + margin))
            && (self.fraction_digits < 9 || self.last <= LAST_NANOSECOND_TIME)
    }

    fn data_type(&self) -> DataType {
        match (self.has_clock, self.fraction_digits) {
            (false, _) if self.first >= 0 && self.last <= LAST_DATE => DataType::Date,
            (false, _) => DataType::Date32,
            (true, 0) if self.first >= DAY && self.last <= LAST_DATE_TIME => {
                DataType::DateTime(None)
            }
            (true, precision) => DataType::DateTime64 {
                precision,
                zone: None,
            },
        }
    }
}

/// Returns whether a text is an integer as ClickHouse would write it: no plus, no leading zeros.
fn is_plain_integer(text: &[u8]) -> bool {
    match text.strip_prefix(b"-").unwrap_or(text) {
        b"0" => text == b"0",
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// Returns whether a text is a number that a Float64 holds, or a word for infinity or NaN.
fn is_plain_float(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if parse_f64(text).is_err() || matches!(digits, [b'+', ..] | [b'0', b'0'..=b'9', ..]) {
        return false;
    }
    if is_plain_integer(text) {
        return parse_unsigned::<u64>(digits).is_ok_and(|value| value <= EXACT_IN_FLOAT);
    }
    let mantissa = digits.split(|byte| byte | 32 == b'e').next();
    let significant = mantissa
        .unwrap_or_default()
        .iter()
        .filter(|byte| byte.is_ascii_digit())
        .skip_while(|byte| **byte == b'0');
    significant.count() <= FLOAT_DIGITS
}

#[cfg(test)]
mod tests;
