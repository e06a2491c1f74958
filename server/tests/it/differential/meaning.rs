//! What a text means as a value of a type, by rules of its own: neither Sluice's parsers nor
//! ClickHouse take part, so that both can be measured against it.
//!
//! A meaning need not fit the type: 300 is a number also in a UInt8, where it can only be refused.

mod containers;
mod time;

use std::net::{Ipv4Addr, Ipv6Addr};

use sluice_server::column::DataType;

pub(super) use containers::container;
pub(super) use time::{Moment, date, midnight, moment, span};

/// What a text means.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Meaning {
    Null,
    Number(Number),
    /// The bits of the nearest floating point number.
    Float(u64),
    Truth(bool),
    Bytes(Vec<u8>),
    /// Days from 1970-01-01.
    Day(i32),
    Moment(Moment),
    /// A duration: whether it is negative, seconds, digits of the fraction.
    Span(bool, u64, String),
    /// The digits of a UUID.
    Uuid(String),
    Address(Ipv6Addr),
    Member(i16),
    List(Vec<Self>),
}

impl Meaning {
    /// Whether two texts mean the same value.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Moment(one), Self::Moment(two)) => one.is(two),
            (Self::List(one), Self::List(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.is(two))
            }
            _ => self == other,
        }
    }
}

/// A decimal number: `digits` times 10 to the power of `exponent`, without zeros at either end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) is_negative: bool,
    pub(super) digits: String,
    pub(super) exponent: i64,
}

impl Number {
    /// The digits before the point.
    pub(super) fn whole_digits(&self) -> i64 {
        i64::try_from(self.digits.len())
            .unwrap()
            .saturating_add(self.exponent)
    }
}

/// What a text means as a value of a type; None when it means nothing.
pub(super) fn meaning(data_type: &DataType, text: &[u8]) -> Option<Meaning> {
    let inner = data_type.inner();
    if matches!(inner, DataType::String) {
        return Some(Meaning::Bytes(text.to_vec()));
    }
    if let DataType::FixedString(length) = inner {
        let mut bytes = text.to_vec();
        bytes.resize(bytes.len().max(*length), 0);
        return Some(Meaning::Bytes(bytes));
    }
    let text = std::str::from_utf8(text).ok()?;
    match inner {
        DataType::Float32 | DataType::Float64 | DataType::BFloat16 => float(inner, text),
        DataType::Decimal { .. } => number(text).map(Meaning::Number),
        DataType::Bool => truth(text).map(Meaning::Truth),
        DataType::Uuid => uuid(text).map(Meaning::Uuid),
        DataType::IPv4 => text
            .parse()
            .ok()
            .map(|ip: Ipv4Addr| Meaning::Address(ip.to_ipv6_mapped())),
        DataType::IPv6 => address(text).map(Meaning::Address),
        DataType::Date | DataType::Date32 => {
            date(text).or_else(|| midnight(text)).map(Meaning::Day)
        }
        DataType::DateTime(_) | DataType::DateTime64 { .. } => moment(text).map(Meaning::Moment),
        DataType::Time | DataType::Time64(_) => span(text),
        DataType::Enum8(members) | DataType::Enum16(members) => {
            let mut named = members.members().iter().filter(|(name, _)| name == text);
            let by_number = || {
                text.parse()
                    .ok()
                    .filter(|number| members.name_of(*number).is_some())
            };
            named
                .next()
                .map(|(_, number)| *number)
                .or_else(by_number)
                .map(Meaning::Member)
        }
        DataType::Array(_) | DataType::Map(..) | DataType::Tuple(_) => container(inner, text),
        _ if may_be_grouped(text) => None,
        _ => number(text).map(Meaning::Number),
    }
}

/// Whether three zeros behind a point may be the last group of an integer.
fn may_be_grouped(text: &str) -> bool {
    let whole = text
        .strip_suffix(".000")
        .map(|whole| whole.trim_start_matches(['-', '+']));
    whole.is_some_and(|whole| {
        matches!(whole.len(), 1..=3) && !whole.starts_with('0') && is_integer(whole)
    })
}

/// Whether a text is a sign and digits, or digits alone.
pub(super) fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads a sign, digits, a fraction and an exponent.
pub(super) fn number(text: &str) -> Option<Number> {
    let (is_negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(place) => (
            unsigned.get(..place)?,
            signed_digits(unsigned.get(place + 1..)?)?,
        ),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let trimmed = all.trim_end_matches('0');
    let cut = i64::try_from(all.len() - trimmed.len()).ok()?;
    let digits = trimmed.trim_start_matches('0').to_owned();
    let exponent = exponent
        .saturating_sub(i64::try_from(fraction.len()).ok()?)
        .saturating_add(cut);
    Some(Number {
        is_negative: is_negative && !digits.is_empty(),
        exponent: if digits.is_empty() { 0 } else { exponent },
        digits,
    })
}

fn signed_digits(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let far = if text.starts_with('-') {
        -1_000_000_000
    } else {
        1_000_000_000
    };
    Some(text.parse().unwrap_or(far))
}

/// The nearest number of the type, by the standard library.
fn float(data_type: &DataType, text: &str) -> Option<Meaning> {
    let unsigned = text
        .strip_prefix(['-', '+'])
        .unwrap_or(text)
        .to_ascii_lowercase();
    let is_word = ["inf", "infinity", "nan"].contains(&unsigned.as_str());
    if !is_word && number(text).is_none() {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    if value.is_nan() {
        return Some(Meaning::Float(f64::NAN.to_bits()));
    }
    let value = match data_type {
        DataType::Float32 => f64::from(text.parse::<f32>().ok()?),
        DataType::BFloat16 => nearest_bfloat16(value),
        _ => value,
    };
    if is_word || value.is_finite() {
        return Some(Meaning::Float(value.to_bits()));
    }
    // A number beyond the largest one means no infinity.
    number(text).map(Meaning::Number)
}

/// The nearest BFloat16, the even one of two: a Float32 whose lower half is zero.
#[expect(
    clippy::cast_possible_truncation,
    clippy::float_cmp,
    reason = "only a first guess, whose neighbours are compared"
)]
fn nearest_bfloat16(value: f64) -> f64 {
    if value.is_infinite() {
        return value;
    }
    let guess = (value.abs() as f32).to_bits() >> 16;
    let candidates = guess.saturating_sub(1)..=guess + 1;
    let as_float = |bits: u32| match bits {
        // Where the largest exponent would go on.
        0x7f80.. => 2_f64.powi(128),
        bits => f64::from(f32::from_bits(bits << 16)),
    };
    let distance = |bits: &u32| (as_float(*bits) - value.abs()).abs();
    let nearest = candidates
        .min_by(|one, two| {
            let order = distance(one).total_cmp(&distance(two));
            order.then_with(|| (one % 2).cmp(&(two % 2)))
        })
        .unwrap();
    let magnitude = if as_float(nearest) == 2_f64.powi(128) {
        f64::INFINITY
    } else {
        as_float(nearest)
    };
    magnitude.copysign(value)
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn uuid(text: &str) -> Option<String> {
    let inner = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'));
    let text = inner.unwrap_or(text);
    let hyphens: Vec<usize> = text.match_indices('-').map(|(place, _)| place).collect();
    let digits = text.replace('-', "").to_ascii_lowercase();
    let is_whole = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_whole && (hyphens.is_empty() || hyphens == [8, 13, 18, 23])).then_some(digits)
}

fn address(text: &str) -> Option<Ipv6Addr> {
    let as_four = || {
        text.parse::<Ipv4Addr>()
            .ok()
            .map(|four| four.to_ipv6_mapped())
    };
    text.parse().ok().or_else(as_four)
}
