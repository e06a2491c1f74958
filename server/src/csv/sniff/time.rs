//! Tells dates and times of day by their look.
//!
//! `cell` calls it. It must never be used to read a date: `01/02/2024` looks like one, and nothing
//! here says which.

use super::cell::Kind;

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// No date with a time and a zone is longer.
const MAX_BYTES: usize = 48;

/// Date, DateTime or Time when a trimmed text looks like one.
pub(super) fn kind(text: &[u8]) -> Option<Kind> {
    if text.len() > MAX_BYTES || text.len() < 4 {
        return None;
    }
    if let Some(rest) = time_of_day(text) {
        return is_zone(rest).then_some(Kind::Time);
    }
    let text = without_weekday(text);
    let rest = numeric_date(text).or_else(|| named_date(text))?;
    if rest.is_empty() {
        return Some(Kind::Date);
    }
    let ([b'T' | b't' | b' ' | b':' | b'_', rest @ ..] | [b',', b' ', rest @ ..]) = rest else {
        return None;
    };
    let rest = time_of_day(rest.trim_ascii_start())?;
    is_zone(rest).then_some(Kind::DateTime)
}

/// Takes a number of `digits` digits off the front.
fn number(text: &[u8], digits: std::ops::RangeInclusive<usize>) -> Option<(u32, &[u8])> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !digits.contains(&length) {
        return None;
    }
    let (number, rest) = text.split_at_checked(length)?;
    let value = number
        .iter()
        .fold(0, |value, &digit| value * 10 + u32::from(digit - b'0'));
    Some((value, rest))
}

/// `h:mm`, `hh:mm:ss`, `hh:mm:ss.fff`, `hh:mm PM`; gives what follows.
fn time_of_day(text: &[u8]) -> Option<&[u8]> {
    let (hour, rest) = number(text, 1..=2)?;
    let rest = rest.strip_prefix(b":")?;
    let (minute, mut rest) = number(rest, 2..=2)?;
    if hour > 24 || minute > 59 {
        return None;
    }
    if let Some(seconds) = rest.strip_prefix(b":") {
        let (second, after) = number(seconds, 2..=2)?;
        if second > 60 {
            return None;
        }
        rest = after;
        if let [b'.' | b',', fraction @ ..] = rest {
            rest = number(fraction, 1..=9)?.1;
        }
    }
    let half = rest.trim_ascii_start();
    let is_half = half
        .get(..2)
        .is_some_and(|half| half.eq_ignore_ascii_case(b"am") || half.eq_ignore_ascii_case(b"pm"));
    Some(if is_half {
        half.get(2..).unwrap_or_default()
    } else {
        rest
    })
}

/// Nothing, `Z`, `+01:00`, `-0500`, ` UTC`, ` +0100`.
fn is_zone(text: &[u8]) -> bool {
    match text.trim_ascii_start() {
        [] | b"Z" | b"z" => true,
        [b'+' | b'-', digits @ ..] => {
            (2..=5).contains(&digits.len())
                && digits
                    .iter()
                    .all(|byte| byte.is_ascii_digit() || *byte == b':')
        }
        name => (3..=5).contains(&name.len()) && name.iter().all(u8::is_ascii_uppercase),
    }
}

fn without_weekday(text: &[u8]) -> &[u8] {
    let length = text
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let Some((name, rest)) = text.split_at_checked(length) else {
        return text;
    };
    if starts_with_one_of(name, &WEEKDAYS) && length <= 9 {
        let rest = rest.strip_prefix(b",").unwrap_or(rest);
        return rest.trim_ascii_start();
    }
    text
}

fn starts_with_one_of(word: &[u8], names: &[&str]) -> bool {
    word.get(..3).is_some_and(|start| {
        names
            .iter()
            .any(|name| start.eq_ignore_ascii_case(name.as_bytes()))
    })
}

/// `2024-01-31`, `31.1.2024`, `1/31/24`; gives what follows.
fn numeric_date(text: &[u8]) -> Option<&[u8]> {
    let (first, rest) = number(text, 1..=4)?;
    let first_digits = text.len() - rest.len();
    let (&mark, rest) = rest.split_first()?;
    if !matches!(mark, b'-' | b'/' | b'.') {
        return None;
    }
    let (second, rest) = number(rest, 1..=2)?;
    let (&second_mark, rest) = rest.split_first()?;
    if second_mark != mark {
        return None;
    }
    let before = rest.len();
    let (third, rest) = number(rest, 1..=4)?;
    let third_digits = before - rest.len();
    let is_day = |value: u32| (1..=31).contains(&value);
    let is_month = |value: u32| (1..=12).contains(&value);
    let is_year = |digits: usize, value: u32| digits == 2 || (1000..=2999).contains(&value);
    let year_first = first_digits == 4
        && third_digits <= 2
        && is_year(4, first)
        && ((is_month(second) && is_day(third)) || (is_day(second) && is_month(third)));
    let year_last = first_digits <= 2
        && matches!(third_digits, 2 | 4)
        && is_year(third_digits, third)
        && is_day(first)
        && is_day(second)
        && (is_month(first) || is_month(second));
    (year_first || year_last).then_some(rest)
}

/// `31 Jan 2024`, `31-Jan-24`, `January 31, 2024`, `Jan 2024`, `2024-Jan-31`; gives what follows.
fn named_date(text: &[u8]) -> Option<&[u8]> {
    if text.first()?.is_ascii_alphabetic() {
        let rest = after_mark(month(text)?);
        if let Some((year, rest)) = number(rest, 4..=4) {
            return (1000..=2999).contains(&year).then_some(rest);
        }
        let (day, rest) = number(rest, 1..=2)?;
        let (_, rest) = number(after_mark(rest), 4..=4)?;
        return (1..=31).contains(&day).then_some(rest);
    }
    let (_, rest) = number(text, 1..=4)?;
    let rest = after_mark(month(after_mark(rest))?);
    number(rest, 1..=4).map(|(_, rest)| rest)
}

fn after_mark(text: &[u8]) -> &[u8] {
    match text {
        [b',' | b'.', b' ', rest @ ..] | [b' ' | b'-' | b'/' | b'.' | b',', rest @ ..] => rest,
        _ => text,
    }
}

fn month(text: &[u8]) -> Option<&[u8]> {
    let length = text
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let (name, rest) = text.split_at_checked(length)?;
    (length <= 9 && starts_with_one_of(name, &MONTHS)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::{Kind, kind};

    #[test]
    fn dates_and_times_are_told_by_their_look() {
        let cases: &[(&str, Option<Kind>)] = &[
            ("2024-01-31", Some(Kind::Date)),
            ("31/01/2024", Some(Kind::Date)),
            ("1.2.24", Some(Kind::Date)),
            ("31-Jan-2024", Some(Kind::Date)),
            ("January 31, 2024", Some(Kind::Date)),
            ("Mar 2024", Some(Kind::Date)),
            ("Mon, 5 Feb 2024", Some(Kind::Date)),
            ("2024-01-31T10:20:30Z", Some(Kind::DateTime)),
            ("2024-01-31 10:20:30.123+01:00", Some(Kind::DateTime)),
            ("1/31/2024 1:05 PM", Some(Kind::DateTime)),
            ("10:20", Some(Kind::Time)),
            ("10:20:30.5", Some(Kind::Time)),
            ("99:20", None),
            ("2024-13-45", None),
            ("1.2.3", None),
            ("1-2", None),
            ("May Smith", None),
            ("192.168.1.1", None),
            ("Monday", None),
        ];
        for (text, expected) in cases {
            assert_eq!(kind(text.as_bytes()), *expected, "{text}");
        }
    }
}
