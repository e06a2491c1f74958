//! What is in a cell, as text.
//!
//! Made by the families. Numbers are those that the workbook has, never what a format shows of them.

use jiff::{Span, civil::Date};

/// The text of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Blank,
    /// A number, a date, a time, a truth value.
    Plain(String),
    Text(String),
    /// An error such as `#N/A`.
    Fault(String),
    /// A formula of which the workbook does not keep the value.
    Missing,
}

impl Value {
    /// A text; an empty one is nothing.
    pub(super) fn text(text: String) -> Self {
        match text.is_empty() {
            true => Self::Blank,
            false => Self::Text(text),
        }
    }

    pub(super) fn truth(is_true: bool) -> Self {
        Self::Plain(is_true.to_string())
    }
}

/// What a number of a sheet stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Number,
    /// A day, or a day and a time: what has a fraction has a time.
    Date,
    /// A time of day.
    Time,
    /// How long something takes.
    Duration,
}

/// The shortest text of a number that is read back as the same; whole ones have no fraction.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".to_owned()
    } else if (1e-7..1e21).contains(&size) {
        value.to_string()
    } else {
        format!("{value:e}")
    }
}

const MILLIS_OF_DAY: f64 = 86_400_000.0;

/// The text of a number that is a date or a time; `is_1904` says from when days are counted.
pub(super) fn moment(value: f64, kind: Kind, is_1904: bool) -> String {
    let text = match kind {
        Kind::Number => None,
        Kind::Duration => duration(value),
        Kind::Date | Kind::Time => date_time(value, kind, is_1904),
    };
    // What no calendar has stays the number that it is.
    text.unwrap_or_else(|| number(value))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "its size is limited right before"
)]
fn millis(value: f64) -> Option<i64> {
    let millis = (value * MILLIS_OF_DAY).round();
    (millis.abs() < 1e15).then_some(millis as i64)
}

fn duration(value: f64) -> Option<String> {
    let millis = millis(value)?;
    let sign = if millis < 0 { "-" } else { "" };
    let (hours, rest) = (millis.abs() / 3_600_000, millis.abs() % 3_600_000);
    Some(format!("{sign}{hours:02}{}", minutes(rest)))
}

/// Minutes and seconds behind an hour.
fn minutes(millis: i64) -> String {
    let (minutes, seconds, rest) = (millis / 60_000, millis / 1_000 % 60, millis % 1_000);
    match rest {
        0 => format!(":{minutes:02}:{seconds:02}"),
        _ => format!(":{minutes:02}:{seconds:02}.{rest:03}"),
    }
}

const DAY: i64 = 86_400_000;

fn date_time(value: f64, kind: Kind, is_1904: bool) -> Option<String> {
    let millis = millis(value).filter(|millis| *millis >= 0)?;
    let (day, rest) = (millis / DAY, millis % DAY);
    let hours = rest / 3_600_000;
    let time = format!("{hours:02}{}", minutes(rest % 3_600_000));
    // In the calendar of 1904 that day is a date as well.
    if day == 0 && (kind == Kind::Time || rest > 0 && !is_1904) {
        return Some(time);
    }
    let date = date(day, is_1904)?;
    Some(match rest {
        0 => date,
        _ => format!("{date} {time}"),
    })
}

/// The date of a number of days. The calendar of 1900 has a day that never was, and none before its first.
fn date(day: i64, is_1904: bool) -> Option<String> {
    let start = match (is_1904, day) {
        (true, _) => Date::new(1904, 1, 1),
        (false, 0) => return Some("1900-01-00".to_owned()),
        (false, 60) => return Some("1900-02-29".to_owned()),
        (false, 1..60) => Date::new(1899, 12, 31),
        (false, _) => Date::new(1899, 12, 30),
    };
    let span = Span::new().try_days(day).ok()?;
    let date = start.ok()?.checked_add(span).ok()?;
    Some(date.to_string())
}

/// What the format of a number says that it stands for.
pub(super) fn kind_of_format(format: &str) -> Kind {
    let (mut has_date, mut has_time, mut has_month_or_minute) = (false, false, false);
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        match character.to_ascii_lowercase() {
            '"' => drop(characters.by_ref().find(|other| *other == '"')),
            '\\' | '_' | '*' => drop(characters.next()),
            '[' => {
                let within: String = characters
                    .by_ref()
                    .take_while(|other| *other != ']')
                    .collect();
                let is_elapsed = !within.is_empty()
                    && within
                        .chars()
                        .all(|other| matches!(other.to_ascii_lowercase(), 'h' | 'm' | 's'));
                if is_elapsed {
                    return Kind::Duration;
                }
            }
            ';' => break,
            'y' | 'd' => has_date = true,
            'h' | 's' => has_time = true,
            'm' => has_month_or_minute = true,
            '#' | '?' => return Kind::Number,
            'g' if format
                .get(..7)
                .is_some_and(|start| start.eq_ignore_ascii_case("general")) =>
            {
                return Kind::Number;
            }
            _ => {}
        }
    }
    match (has_date, has_time, has_month_or_minute) {
        (true, _, _) | (false, false, true) => Kind::Date,
        (false, true, _) => Kind::Time,
        (false, false, false) => Kind::Number,
    }
}

/// What a format that has only a number says.
pub(super) const fn kind_of_built_in(id: u32) -> Kind {
    match id {
        14..=17 | 22 | 27..=31 | 36 | 50..=58 => Kind::Date,
        18..=21 | 32..=35 | 45 | 47 => Kind::Time,
        46 => Kind::Duration,
        _ => Kind::Number,
    }
}
