//! Tells numbers by their look: grouped, with a decimal comma, with a currency, as a share.
//!
//! `cell` calls it. It must never be used to read a value: a text may look like a number of several
//! kinds.

use super::cell::Kind;

/// Signs and names of currencies that stand before or after an amount.
const CURRENCIES: [&str; 23] = [
    "$", "€", "£", "¥", "₹", "₽", "₩", "₺", "R$", "US$", "kr", "zł", "Kč", "Fr.", "USD", "EUR",
    "GBP", "JPY", "CHF", "CAD", "AUD", "CNY", "INR",
];

/// The kind of number that a trimmed text looks like.
pub(super) fn kind(text: &[u8]) -> Option<Kind> {
    let (text, is_signed) = without_sign(text);
    if let Some(kind) = bare(text) {
        return Some(kind);
    }
    if let Some(share) = text.strip_suffix(b"%") {
        return bare(share.trim_ascii_end()).map(|_| Kind::Percent);
    }
    let amount = without_currency(text)?;
    let amount = if is_signed {
        amount
    } else {
        without_sign(amount).0
    };
    bare(amount).map(|_| Kind::Money)
}

/// Takes off a sign, or the brackets that stand for a minus.
fn without_sign(text: &[u8]) -> (&[u8], bool) {
    if let Some(rest) = text
        .strip_prefix(b"(")
        .and_then(|rest| rest.strip_suffix(b")"))
        && rest.len() > 2
    {
        return (rest, true);
    }
    match text {
        [b'+' | b'-', rest @ ..] | [0xE2, 0x88, 0x92, rest @ ..] => (rest, true),
        _ => (text, false),
    }
}

fn without_currency(text: &[u8]) -> Option<&[u8]> {
    let is_plain_start = text.first().is_some_and(u8::is_ascii_digit);
    CURRENCIES.iter().find_map(|currency| {
        let currency = currency.as_bytes();
        if is_plain_start {
            text.strip_suffix(currency).map(<[u8]>::trim_ascii_end)
        } else {
            text.strip_prefix(currency).map(<[u8]>::trim_ascii_start)
        }
    })
}

/// Digits with groups, fraction and exponent.
fn bare(text: &[u8]) -> Option<Kind> {
    if !text
        .first()
        .is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
    {
        return infinity(text);
    }
    if text.iter().all(u8::is_ascii_digit) {
        return Some(Kind::Int);
    }
    let (mantissa, has_exponent) = without_exponent(text)?;
    let kind = grouped(mantissa)?;
    Some(if has_exponent { Kind::Float } else { kind })
}

fn infinity(text: &[u8]) -> Option<Kind> {
    let is_infinity = text.eq_ignore_ascii_case(b"inf") || text.eq_ignore_ascii_case(b"infinity");
    is_infinity.then_some(Kind::Float)
}

fn without_exponent(text: &[u8]) -> Option<(&[u8], bool)> {
    let Some(at) = text
        .iter()
        .position(|byte| matches!(byte, b'e' | b'E' | b'd' | b'D'))
    else {
        return Some((text, false));
    };
    let (mantissa, exponent) = text.split_at_checked(at)?;
    let digits = without_sign(exponent.get(1..)?).0;
    let is_exponent = (1..=4).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    is_exponent.then_some((mantissa, true))
}

/// Digits, groups of three, and at most one decimal mark, which comes last.
fn grouped(text: &[u8]) -> Option<Kind> {
    let mut digits = 0_usize;
    let mut since_mark = 0_usize;
    let mut marks: [(u8, u32); 2] = [(0, 0); 2];
    let mut all_threes = true;
    for &byte in text {
        if byte.is_ascii_digit() {
            digits += 1;
            since_mark += 1;
            continue;
        }
        if !matches!(byte, b'.' | b',' | b' ' | b'\'' | b'_') {
            return None;
        }
        let is_first = marks[0].1 == 0;
        all_threes &= if is_first {
            since_mark <= 3
        } else {
            since_mark == 3
        };
        let slot = usize::from(!is_first && marks[0].0 != byte);
        if marks[slot].1 > 0 && marks[slot].0 != byte {
            return None;
        }
        if slot == 0 && marks[1].1 > 0 {
            return None;
        }
        marks[slot] = (byte, marks[slot].1 + 1);
        since_mark = 0;
    }
    (digits > 0)
        .then(|| last_mark(marks, all_threes, since_mark))
        .flatten()
}

/// What the marks of a number mean: groups before `marks[1]`, or one mark alone.
fn last_mark(marks: [(u8, u32); 2], all_threes: bool, after: usize) -> Option<Kind> {
    let is_decimal = |mark: u8| matches!(mark, b'.' | b',');
    match marks {
        [(mark, 1), (_, 0)] if is_decimal(mark) => Some(Kind::Float),
        [(_, _), (_, 0)] => (all_threes && after == 3).then_some(Kind::Int),
        [(_, _), (mark, 1)] if is_decimal(mark) => all_threes.then_some(Kind::Float),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, kind};

    #[test]
    fn numbers_are_told_by_their_look() {
        let cases: &[(&str, Option<Kind>)] = &[
            ("0", Some(Kind::Int)),
            ("-17", Some(Kind::Int)),
            ("1,234,567", Some(Kind::Int)),
            ("1.5", Some(Kind::Float)),
            ("1,5", Some(Kind::Float)),
            (".5", Some(Kind::Float)),
            ("1.234,50", Some(Kind::Float)),
            ("1 234,50", Some(Kind::Float)),
            ("-1.5e-10", Some(Kind::Float)),
            ("$1,200.00", Some(Kind::Money)),
            ("-$5", Some(Kind::Money)),
            ("12,50 €", Some(Kind::Money)),
            ("(1,234,567)", Some(Kind::Int)),
            ("45 %", Some(Kind::Percent)),
            ("1.2.3", None),
            ("1,2,3", None),
            ("12 34", None),
            ("1-2", None),
            ("", None),
            (".", None),
            ("e5", None),
            ("5e", None),
            ("$", None),
            ("()", None),
        ];
        for (text, expected) in cases {
            assert_eq!(kind(text.as_bytes()), *expected, "{text}");
        }
    }
}
