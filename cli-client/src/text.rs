//! Numbers and values as people read them.
//!
//! Used by progress, summaries and tables. It must never be used in JSON, which has plain numbers.

use std::{borrow::Cow, time::Duration};

use console::truncate_str;

/// Columns of a terminal that a value in a list of findings takes at most.
const SHORT_WIDTH: usize = 60;

/// A count with a comma between each three digits: `4,000,000`.
pub(crate) fn count(number: impl Into<i128>) -> String {
    let number = number.into();
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size in units of 1,000: `467.3 MB`.
pub(crate) fn bytes(number: f64) -> String {
    let mut scaled = number.max(0.0);
    let mut units = ["B", "kB", "MB", "GB", "TB", "PB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    for next in units {
        if scaled < 1_000.0 {
            break;
        }
        scaled /= 1_000.0;
        unit = next;
    }
    if unit == "B" {
        format!("{scaled:.0} B")
    } else {
        format!("{scaled:.1} {unit}")
    }
}

/// A size of a file.
#[expect(clippy::cast_precision_loss, reason = "shown with four digits")]
pub(crate) fn size(number: u64) -> String {
    bytes(number as f64)
}

/// Bytes a second: `328.9 MB/s`.
#[expect(clippy::cast_precision_loss, reason = "shown with four digits")]
pub(crate) fn rate(number: u64, elapsed: Duration) -> String {
    format!(
        "{}/s",
        bytes(number as f64 / elapsed.as_secs_f64().max(0.000_001))
    )
}

/// A time: `0.42 s`, `2 min 5 s`, `3 h 2 min`.
pub(crate) fn duration(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    match seconds {
        0..60 => format!("{:.2} s", elapsed.as_secs_f64()),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// `1 row`, `2 rows`.
pub(crate) fn rows(number: i64) -> String {
    counted(number, "row")
}

/// Text on one line: line ends, tabs and other control characters as escapes.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for next in text.chars() {
        match next {
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            next if next.is_control() => line.extend(next.escape_unicode()),
            next => line.push(next),
        }
    }
    line
}

/// Text on one line, cut to what a line of a list has room for.
pub(crate) fn short(text: &str) -> String {
    let line = one_line(text);
    truncate_str(&line, SHORT_WIDTH, "…").into_owned()
}

/// Bytes as text: what is not UTF-8 stands as `�`.
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// A delimiter or another character as people read it: a name where it cannot be seen.
pub(crate) fn mark(mark: &str) -> String {
    match mark {
        "" => "none".to_owned(),
        " " => "space".to_owned(),
        "\t" => "tab".to_owned(),
        _ => one_line(mark),
    }
}

/// A number with its noun: `1 line`, `2 lines`.
pub(crate) fn counted(number: i64, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", count(number))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{bytes, count, duration, mark, one_line, rate, rows, short};

    #[test]
    fn counts_have_commas() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(-1_234_567), "-1,234,567");
        assert_eq!(rows(1), "1 row");
        assert_eq!(rows(4_000_000), "4,000,000 rows");
    }

    #[test]
    fn sizes_go_by_thousands() {
        assert_eq!(bytes(0.0), "0 B");
        assert_eq!(bytes(999.0), "999 B");
        assert_eq!(bytes(1_000.0), "1.0 kB");
        assert_eq!(bytes(467_300_000.0), "467.3 MB");
        assert_eq!(rate(500, Duration::from_millis(500)), "1.0 kB/s");
    }

    #[test]
    fn times_keep_two_units() {
        assert_eq!(duration(Duration::from_millis(420)), "0.42 s");
        assert_eq!(duration(Duration::from_secs(125)), "2 min 5 s");
        assert_eq!(duration(Duration::from_secs(10_920)), "3 h 2 min");
    }

    #[test]
    fn a_long_value_is_cut_and_a_mark_can_be_seen() {
        assert_eq!(short(&"x".repeat(60)), "x".repeat(60));
        assert_eq!(short(&"x".repeat(61)), format!("{}…", "x".repeat(59)));
        let marks = ["", " ", "\t", ";", "\u{1f}", "||"].map(mark);
        assert_eq!(marks, ["none", "space", "tab", ";", "\\u{1f}", "||"]);
    }

    #[test]
    fn control_characters_cannot_reach_the_terminal() {
        assert_eq!(one_line("a\tb\nc\u{1b}[31m"), "a\\tb\\nc\\u{1b}[31m");
    }
}
