//! Numbers and values as people read them.
//!
//! Used by progress, summaries and tables, and by whatever else goes to a terminal: it sees to it that no
//! text of others is obeyed there. It must never be used in JSON, which has plain numbers.

use std::{
    borrow::Cow,
    io::{self, Write},
    time::Duration,
};

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

/// A time of whole seconds: `12 s`, `2 min 5 s`.
pub(crate) fn whole_seconds(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        _ => duration(time),
    }
}

/// `1 row`, `2 rows`.
pub(crate) fn rows(number: i64) -> String {
    counted(number, "row")
}

/// Text on one line: line ends, tabs and other characters that a terminal obeys as escapes.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for next in text.chars() {
        if is_obeyed(next) {
            line.extend(next.escape_default());
        } else {
            line.push(next);
        }
    }
    line
}

/// Whether a terminal does something else with a character than to show it: controls, line ends of Unicode,
/// and what turns the direction of writing.
fn is_obeyed(next: char) -> bool {
    next.is_control()
        || matches!(
            next,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}'
        )
}

/// Takes text for people, in which of what a terminal obeys only line ends pass, and the two sequences with
/// which this program shows a NULL.
#[derive(Debug)]
pub(crate) struct Plain<W>(pub(crate) W);

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = lossy(bytes);
        let mut rest = text.as_ref();
        while let Some(at) = rest.find(is_obeyed) {
            let (seen, obeyed) = rest.split_at_checked(at).unwrap_or((rest, ""));
            self.0.write_all(seen.as_bytes())?;
            let own = ["\n", "\u{1b}[2m", "\u{1b}[0m"];
            let passed = own.iter().find(|own| obeyed.starts_with(**own));
            let length = if let Some(passed) = passed {
                self.0.write_all(passed.as_bytes())?;
                passed.len()
            } else {
                let next = obeyed.chars().next().unwrap_or_default();
                write!(self.0, "{}", next.escape_default())?;
                next.len_utf8()
            };
            rest = obeyed.get(length..).unwrap_or_default();
        }
        self.0.write_all(rest.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
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
    use std::{io::Write as _, time::Duration};

    use super::{Plain, bytes, count, duration, mark, one_line, rate, rows, short, whole_seconds};

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
        assert_eq!(whole_seconds(Duration::from_secs(12)), "12 s");
        assert_eq!(whole_seconds(Duration::from_secs(125)), "2 min 5 s");
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
        assert_eq!(one_line("\u{9b}ä\u{202e}"), "\\u{9b}ä\\u{202e}");
        let mut shown = Vec::new();
        let text = "größe\n\u{1b}[2mNULL\u{1b}[0m \u{1b}[31m\t\u{7}\u{9b}\u{2028}";
        write!(Plain(&mut shown), "{text}").unwrap();
        assert_eq!(
            String::from_utf8(shown).unwrap(),
            "größe\n\u{1b}[2mNULL\u{1b}[0m \\u{1b}[31m\\t\\u{7}\\u{9b}\\u{2028}"
        );
    }
}
