//! For what reasons a cell may be refused, found without Sluice's parsers.

use jiff::{civil, tz};
use sluice_server::column::{DataType, Reason};

use super::super::cells::Sample;
use super::super::meaning::{Meaning, Moment, Number, date, midnight, moment, number};
use super::is_null;

/// The seconds of 1900-01-01 and of 2300-01-01.
const DATE_TIME64_RANGE: (i64, i64) = (-2_208_988_800, 10_413_792_000);
/// The first second that 64 bits of nanoseconds do not hold.
const NANOSECONDS_END: i64 = 9_223_372_036;
/// How far the clocks of a zone may be from UTC.
const DAY: i64 = 86_400;

/// Returns the rule by which a cell is refused that means a value of its type.
pub(super) fn rule(data_type: &DataType, cell: &Sample, reason: Reason) -> Option<&'static str> {
    let text = String::from_utf8_lossy(&cell.text);
    match (data_type.inner(), reason) {
        (_, Reason::InvalidUtf8) => Some("texts must be UTF-8"),
        (inner, Reason::InvalidDate) if is_short(inner, &text) || inner.is_container() => {
            Some("month, day, hour, minute and second have two digits")
        }
        (inner, Reason::PrecisionLoss)
            if inner.is_container() || matches!(inner, DataType::Float32 | DataType::Float64) =>
        {
            Some("an integer is no other one; `--round` takes the nearest")
        }
        (DataType::DateTime64 { .. }, Reason::Overflow) => {
            Some("outside 1900 to 2299, the years of DateTime64 by its documentation")
        }
        _ => None,
    }
}

/// Returns whether a text is an integer, and the nearest float another one.
fn is_other_integer(text: &str, meant: Option<&Meaning>) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    let Some(Meaning::Float(bits)) = meant else {
        return false;
    };
    let exact = format!("{:.0}", f64::from_bits(*bits).abs());
    digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.trim_start_matches('0') != exact
}

/// Returns the reasons that fit a cell, given what it means.
pub(super) fn reasons(data_type: &DataType, cell: &Sample, meant: Option<&Meaning>) -> Vec<Reason> {
    if is_null(cell) {
        return vec![Reason::NullNotAllowed];
    }
    let text = String::from_utf8_lossy(&cell.text);
    match data_type.inner() {
        DataType::String => vec![Reason::InvalidUtf8],
        DataType::FixedString(_) => vec![Reason::TooLong],
        DataType::Bool => vec![Reason::InvalidBool],
        DataType::Uuid => vec![Reason::InvalidUuid],
        DataType::IPv4 | DataType::IPv6 => vec![Reason::InvalidIp],
        DataType::Enum8(_) | DataType::Enum16(_) => vec![Reason::UnknownEnum],
        DataType::Float32 | DataType::Float64 | DataType::BFloat16 => match number(&text) {
            Some(_) if is_other_integer(&text, meant) => vec![Reason::PrecisionLoss],
            Some(_) => vec![Reason::Overflow],
            None => vec![Reason::InvalidNumber],
        },
        DataType::Decimal { precision, scale } => match meant {
            Some(Meaning::Number(number)) => decimal(number, (*precision).into(), (*scale).into()),
            _ => vec![Reason::InvalidNumber],
        },
        DataType::Date | DataType::Date32 => match date(&text).or_else(|| midnight(&text)) {
            Some(_) if !is_short(data_type.inner(), &text) => vec![Reason::Overflow],
            _ if text.contains([' ', 'T']) && moment(&text).is_some() => {
                vec![Reason::PrecisionLoss, Reason::InvalidDate]
            }
            _ => vec![form_of_date(
                text.split([' ', 'T']).next().unwrap_or_default(),
            )],
        },
        inner @ (DataType::DateTime(_) | DataType::DateTime64 { .. }) => match meant {
            Some(Meaning::Moment(moment)) => date_time(inner, moment, &text),
            _ => vec![form_of_date(
                text.split([' ', 'T']).next().unwrap_or_default(),
            )],
        },
        inner @ (DataType::Time | DataType::Time64(_)) => match meant {
            Some(Meaning::Span(_, seconds, fraction)) => time(inner, *seconds, fraction, &text),
            _ => vec![Reason::InvalidDate],
        },
        DataType::Array(_) | DataType::Map(..) | DataType::Tuple(_) => container(meant),
        _ => match meant {
            Some(Meaning::Number(number)) if number.exponent < 0 => {
                vec![Reason::PrecisionLoss, Reason::Overflow]
            }
            Some(_) => vec![Reason::Overflow],
            None => vec![Reason::InvalidNumber],
        },
    }
}

fn decimal(number: &Number, precision: i64, scale: i64) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if number.exponent < -scale {
        reasons.push(Reason::PrecisionLoss);
    }
    if number.whole_digits() > precision - scale {
        reasons.push(Reason::Overflow);
    }
    reasons
}

/// Returns why a text that is no date is none.
fn form_of_date(text: &str) -> Reason {
    let parts: Vec<&str> = text.split(['/', '.', '-']).collect();
    let is_number =
        |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let has_year_last = match parts.as_slice() {
        [first, second, year] => {
            first.len() <= 2 && second.len() <= 2 && matches!(year.len(), 2 | 4)
        }
        _ => false,
    };
    if has_year_last && parts.iter().all(is_number) {
        Reason::AmbiguousDate
    } else {
        Reason::InvalidDate
    }
}

fn date_time(data_type: &DataType, moment: &Moment, text: &str) -> Vec<Reason> {
    let (precision, (first, end), zone) = match data_type {
        DataType::DateTime(zone) => (0, (0, 1 << 32), zone),
        DataType::DateTime64 { precision: 9, zone } => {
            (9, (DATE_TIME64_RANGE.0, NANOSECONDS_END), zone)
        }
        DataType::DateTime64 { precision, zone } => (*precision, DATE_TIME64_RANGE, zone),
        _ => return Vec::new(),
    };
    let mut reasons = Vec::new();
    if moment.fraction.len() > usize::from(precision) {
        reasons.push(Reason::PrecisionLoss);
    }
    let second = moment.utc.or(moment.local).unwrap_or_default();
    if second < first + DAY || second >= end - DAY {
        reasons.push(Reason::Overflow);
    }
    let is_whole_timestamp = precision == 0
        && matches!(data_type, DataType::DateTime(_))
        && moment.utc.is_some()
        && text.contains('.');
    if is_short(data_type, text) || is_whole_timestamp || is_skipped(zone.as_deref(), moment) {
        reasons.push(Reason::InvalidDate);
    }
    reasons
}

/// Returns whether the clocks of a zone never showed a time.
fn is_skipped(zone: Option<&str>, moment: &Moment) -> bool {
    let (Some(zone), Some(local)) = (zone, moment.local) else {
        return false;
    };
    let zone = tz::TimeZone::get(zone).unwrap();
    let epoch = civil::date(1970, 1, 1).at(0, 0, 0, 0);
    let shown = epoch
        .checked_add(jiff::SignedDuration::from_secs(local))
        .unwrap();
    matches!(
        zone.to_ambiguous_zoned(shown).offset(),
        tz::AmbiguousOffset::Gap { .. }
    )
}

fn time(data_type: &DataType, seconds: u64, fraction: &str, text: &str) -> Vec<Reason> {
    let precision = match data_type {
        DataType::Time64(precision) => usize::from(*precision),
        _ => 0,
    };
    let mut reasons = Vec::new();
    if fraction.len() > precision {
        reasons.push(Reason::PrecisionLoss);
    }
    if seconds >= 3_600_000 {
        reasons.push(Reason::Overflow);
    }
    if is_short(data_type, text) {
        reasons.push(Reason::InvalidDate);
    }
    reasons
}

/// Returns whether a number in a date or time has one digit where it should have two.
fn is_short(data_type: &DataType, text: &str) -> bool {
    let clock_from = match data_type {
        DataType::Time | DataType::Time64(_) => 0,
        DataType::Date | DataType::Date32 | DataType::DateTime(_) | DataType::DateTime64 { .. } => {
            let day = text.split([' ', 'T']).next().unwrap_or_default();
            if !matches!(day.len(), 10 | 8) || day.len() == 8 && day.contains(['-', '/']) {
                return true;
            }
            day.len()
        }
        _ => return false,
    };
    let clock = text.get(clock_from..).unwrap_or_default();
    let clock = clock
        .trim_start_matches([' ', 'T'])
        .split(['.', '+', '-', 'Z', ' '])
        .find(|part| !part.is_empty());
    let hours_may_be_any = clock_from == 0;
    clock.is_some_and(|clock| {
        let mut parts = clock.split(':').enumerate();
        parts.any(|(index, part)| part.len() != 2 && !(index == 0 && hours_may_be_any))
    })
}

fn container(meant: Option<&Meaning>) -> Vec<Reason> {
    match meant {
        Some(_) => vec![
            Reason::NullNotAllowed,
            Reason::Overflow,
            Reason::PrecisionLoss,
            Reason::InvalidDate,
        ],
        None => vec![
            Reason::InvalidNested,
            Reason::NullNotAllowed,
            Reason::InvalidNumber,
            Reason::Overflow,
            Reason::PrecisionLoss,
            Reason::InvalidDate,
            Reason::AmbiguousDate,
            Reason::InvalidBool,
            Reason::InvalidUtf8,
        ],
    }
}
