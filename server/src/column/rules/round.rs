//! Rounding in decimal text: digits of a fraction that a type does not hold.
//!
//! Only [`super::rewriter`] uses it; it must never touch a text that the type holds as it is, nor one
//! that is not a number or time at all.

use crate::column::calendar::{DAY_SECONDS, date_from_days};
use crate::column::parse::date_time::parse_time_text;
use crate::column::parse::time::parse_time;

/// Appends a number with at most `scale` digits behind the point, half away from zero.
///
/// Returns false and appends nothing when the text is not a number or needs no rounding.
pub(super) fn round_number(text: &[u8], scale: usize, out: &mut Vec<u8>) -> bool {
    let Some(number) = Number::split(text) else {
        return false;
    };
    // How many of the digits stand before the last one that is kept; may lie outside them.
    let kept = as_signed(number.whole.len())
        .saturating_add(number.exponent)
        .saturating_add(as_signed(scale));
    let digit_count = as_signed(number.whole.len() + number.fraction.len());
    if kept >= digit_count {
        return keep_integer(&number, scale, out);
    }
    let digits = || number.whole.iter().chain(number.fraction).copied();
    let index = usize::try_from(kept);
    let dropped = digits().skip(index.unwrap_or(0));
    if scale > 0 && index.is_ok() && dropped.clone().all(|digit| digit == b'0') {
        return false;
    }
    let rounds_up = index.is_ok() && dropped.clone().next().is_some_and(|digit| digit >= b'5');
    let start = out.len();
    if text.starts_with(b"-") {
        out.push(b'-');
    }
    let first = out.len();
    // At least one digit before the point.
    let padding = (scale + 1).saturating_sub(index.unwrap_or(0));
    out.extend(std::iter::repeat_n(b'0', padding));
    out.extend(digits().take(index.unwrap_or(0)));
    if rounds_up {
        increment(out, first);
    }
    if scale > 0 {
        out.insert(out.len() - scale, b'.');
    }
    out.len() > start
}

/// Appends an integer that is written with an exponent or a bare point, where no digit behind the
/// point is wanted.
fn keep_integer(number: &Number<'_>, scale: usize, out: &mut Vec<u8>) -> bool {
    /// More zeros fit no integer type.
    const MOST_ZEROS: i64 = 100;
    let zeros = number.exponent - as_signed(number.fraction.len());
    if scale > 0 || number.is_integer || !(0..=MOST_ZEROS).contains(&zeros) {
        return false;
    }
    if number.is_negative {
        out.push(b'-');
    }
    out.extend_from_slice(number.whole);
    out.extend_from_slice(number.fraction);
    out.extend(std::iter::repeat_n(
        b'0',
        usize::try_from(zeros).unwrap_or(0),
    ));
    true
}

/// Adds one to the digits from `first` on.
fn increment(out: &mut Vec<u8>, first: usize) {
    let digits = out.get_mut(first..).unwrap_or_default();
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
    out.insert(first, b'1');
}

/// The parts of a number: digits, an optional fraction, an optional exponent.
struct Number<'a> {
    is_negative: bool,
    is_integer: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    exponent: i64,
}

impl<'a> Number<'a> {
    fn split(text: &'a [u8]) -> Option<Self> {
        let (is_negative, digits) = split_sign(text);
        let place = digits.iter().position(|byte| byte | 32 == b'e');
        let (mantissa, exponent) = match place {
            Some(place) => (
                digits.get(..place)?,
                read_exponent(digits.get(place + 1..)?)?,
            ),
            None => (digits, 0),
        };
        let point = memchr::memchr(b'.', mantissa);
        let (whole, fraction) = match point {
            Some(point) => (mantissa.get(..point)?, mantissa.get(point + 1..)?),
            None => (mantissa, &[] as &[u8]),
        };
        let is_number = whole.len() + fraction.len() > 0
            && whole.iter().chain(fraction).all(u8::is_ascii_digit);
        is_number.then_some(Self {
            is_negative,
            is_integer: point.is_none() && place.is_none(),
            whole,
            fraction,
            exponent,
        })
    }
}

fn split_sign(text: &[u8]) -> (bool, &[u8]) {
    let is_negative = text.first() == Some(&b'-');
    let has_sign = is_negative || text.first() == Some(&b'+');
    let digits = text.get(usize::from(has_sign)..).unwrap_or_default();
    (is_negative, digits)
}

/// Reads an exponent; far ones are as good as any that is out of range.
fn read_exponent(text: &[u8]) -> Option<i64> {
    const FAR: i64 = 1_000_000_000_000;
    let (is_negative, digits) = split_sign(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0, |value: i64, digit| {
        (value * 10 + i64::from(digit - b'0')).min(FAR)
    });
    Some(if is_negative { -value } else { value })
}

/// Lengths of slices fit an `i64`.
fn as_signed(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// Appends a time with at most `precision` digits behind the point of its seconds; half a unit goes
/// up, and that of a negative duration down.
///
/// Takes the forms that the parsers of times take. Returns false and appends nothing when the text is
/// none of them or needs no rounding.
pub(super) fn round_time(text: &[u8], precision: usize, out: &mut Vec<u8>) -> bool {
    rounded_time(text, precision, out).is_some()
}

fn rounded_time(text: &[u8], precision: usize, out: &mut Vec<u8>) -> Option<()> {
    let point = memchr::memchr(b'.', text)?;
    let (head, rest) = (text.get(..point)?, text.get(point + 1..)?);
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (fraction, offset) = rest.split_at(count);
    if !matches!(offset.first(), None | Some(b'Z' | b'z' | b'+' | b'-')) {
        return None;
    }
    let (kept, dropped) = fraction.split_at(count.min(precision));
    let is_timestamp = matches!(head.len(), 9 | 10) && head.iter().all(u8::is_ascii_digit);
    let first = *dropped.first()?;
    // A timestamp must not have a fraction at all for a type without one.
    if dropped.iter().all(|digit| *digit == b'0') && !(is_timestamp && precision == 0) {
        return None;
    }
    let mut digits = [b'0'; 9];
    let digits = digits.get_mut(..precision)?;
    digits.copy_from_slice(kept);
    if first >= b'5' && !carry(digits) {
        push_next_second(head, is_timestamp, out)?;
    } else {
        out.extend_from_slice(head);
    }
    if precision > 0 {
        out.push(b'.');
        out.extend_from_slice(digits);
    }
    out.extend_from_slice(offset);
    Some(())
}

/// Adds one to digits; false when they have become zero.
fn carry(digits: &mut [u8]) -> bool {
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return true;
        }
        *digit = b'0';
    }
    false
}

/// Appends a time that is one second later, or a duration that is one second longer.
fn push_next_second(text: &[u8], is_timestamp: bool, out: &mut Vec<u8>) -> Option<()> {
    if is_timestamp {
        let first = out.len();
        out.extend_from_slice(text);
        increment(out, first);
        return Some(());
    }
    // Only a clock with seconds has a fraction.
    if !matches!(text, [.., b':', _, _, b':', _, _]) {
        return None;
    }
    if let Some(time) = parse_time_text(text) {
        let second = time.second + 1;
        let days = i32::try_from(second.div_euclid(DAY_SECONDS)).ok()?;
        let date = date_from_days(days);
        let (year, month, day) = (date.year, date.month, date.day);
        out.extend_from_slice(format!("{year:04}-{month:02}-{day:02} ").as_bytes());
        push_clock(second.rem_euclid(DAY_SECONDS), out);
        return Some(());
    }
    let seconds = i64::from(parse_time(text).ok()?.abs());
    if text.starts_with(b"-") {
        out.push(b'-');
    }
    push_clock(seconds + 1, out);
    Some(())
}

fn push_clock(second: i64, out: &mut Vec<u8>) {
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    out.extend_from_slice(format!("{hour:02}:{minute:02}:{second:02}").as_bytes());
}

#[cfg(test)]
mod tests;
