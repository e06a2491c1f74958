//! The English names of months and weekdays.
//!
//! [`super`] and the search for date formats call it; it must never know other languages: their names
//! stay text.

/// The months, in lower case; the first three letters tell them apart.
const MONTHS: [&[u8]; 12] = [
    b"january",
    b"february",
    b"march",
    b"april",
    b"may",
    b"june",
    b"july",
    b"august",
    b"september",
    b"october",
    b"november",
    b"december",
];

/// The weekdays from Monday on, in lower case.
const WEEKDAYS: [&[u8]; 7] = [
    b"monday",
    b"tuesday",
    b"wednesday",
    b"thursday",
    b"friday",
    b"saturday",
    b"sunday",
];

/// Reads the name of a month at the beginning of a text: the month from 1, and the bytes of the name.
pub(in crate::column) fn month(text: &[u8]) -> Option<(u32, usize)> {
    let word = word(text);
    let index = named(&MONTHS, word, if word.len() == 4 { b"sept" } else { b"" })?;
    Some((u32::try_from(index).ok()? + 1, word.len()))
}

/// Reads the name of a weekday at the beginning of a text: the days after Monday, and the bytes of
/// the name.
pub(in crate::column) fn weekday(text: &[u8]) -> Option<(i32, usize)> {
    let word = word(text);
    let short = match word.len() {
        4 if word.eq_ignore_ascii_case(b"tues") => b"tues",
        4 => b"thur",
        5 => b"thurs" as &[u8],
        _ => b"",
    };
    let index = named(&WEEKDAYS, word, short)?;
    Some((i32::try_from(index).ok()?, word.len()))
}

/// Returns the letters at the beginning of a text.
fn word(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| !byte.is_ascii_alphabetic());
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
}

/// Finds a name that is written whole, with three letters, or as `short`.
fn named(names: &[&[u8]], word: &[u8], short: &[u8]) -> Option<usize> {
    let start = word.get(..3)?;
    let index = names.iter().position(|name| {
        name.get(..3)
            .is_some_and(|name| name.eq_ignore_ascii_case(start))
    })?;
    let name = names.get(index)?;
    let is_name = word.len() == 3
        || word.eq_ignore_ascii_case(name)
        || !short.is_empty() && word.eq_ignore_ascii_case(short);
    is_name.then_some(index)
}
