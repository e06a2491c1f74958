//! Limits, sizes and the forms of dates as they are given on the command line.
//!
//! Called by clap. Whether a column is there, and whether a form can be read, is the server's to
//! say.

use std::time::Duration;

use uuid::Uuid;

use super::scanner::{ParseError, Scanner};

/// The most bytes of a file that an inspection looks at.
pub(crate) const MAX_SAMPLE_BYTES: usize = 8 << 20;
/// The longest time that a flag takes: a year.
const MAX_TIME_MILLIS: u64 = 365 * 24 * 3_600_000;

/// How many rows may be rejected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Limit {
    /// A number of rows.
    Rows(i64),
    /// A share of all rows: 0 to 1.
    Share(f64),
}

/// The form of the dates of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DateFormat {
    /// The column.
    pub(crate) column: String,
    /// The form in strftime's notation.
    pub(crate) format: String,
}

/// Reads `N` or `P%`.
pub(crate) fn parse_limit(text: &str) -> Result<Limit, ParseError> {
    let limit = match text.strip_suffix('%') {
        Some(percent) => percent
            .trim_end()
            .parse()
            .ok()
            .filter(|percent| (0.0..=100.0).contains(percent))
            .map(|percent: f64| Limit::Share(percent / 100.0)),
        None => text.parse().ok().filter(|rows| *rows >= 0).map(Limit::Rows),
    };
    limit.ok_or(ParseError::Text(
        "a limit is a number of rows from 0, or a share of all rows from 0% to 100%",
    ))
}

/// Reads `column=format`.
pub(crate) fn parse_date_format(text: &str) -> Result<DateFormat, ParseError> {
    let (column, format) = of_column(text, "`=` and the form of the dates")?;
    if !format.contains('%') && !format.starts_with("epoch_") {
        return Err(ParseError::Text(
            "a form of dates is made of parts such as %d, %m, %Y, %H, %M and %S, or is epoch_s, epoch_ms, epoch_us or \
             epoch_ns",
        ));
    }
    Ok(DateFormat { column, format })
}

/// What separates groups of digits, in all columns or in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Thousands {
    /// The column; none for all.
    pub(crate) column: Option<String>,
    /// The character.
    pub(crate) separator: String,
}

/// What separates the elements of the lists of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListSeparator {
    /// The column.
    pub(crate) column: String,
    /// The text between two elements.
    pub(crate) separator: String,
}

/// Reads `C` or `column=C`. Which characters there are, the server says.
pub(crate) fn parse_thousands(text: &str) -> Result<Thousands, ParseError> {
    if text.chars().count() <= 1 {
        return Ok(Thousands {
            column: None,
            separator: text.to_owned(),
        });
    }
    let (column, separator) = of_column(text, "`=` and what separates groups of digits")?;
    Ok(Thousands {
        column: Some(column),
        separator,
    })
}

/// Reads `column=separator`.
pub(crate) fn parse_list_separator(text: &str) -> Result<ListSeparator, ParseError> {
    let (column, separator) = of_column(text, "`=` and what separates the elements")?;
    if separator.is_empty() {
        return Err(ParseError::Missing("what separates the elements"));
    }
    Ok(ListSeparator { column, separator })
}

/// Reads the name of a column, and what is said of it behind `=`.
fn of_column(text: &str, what: &'static str) -> Result<(String, String), ParseError> {
    let mut scanner = Scanner::new(text);
    let column = scanner.name("the column", |next| next == '=')?;
    if !scanner.take('=') {
        return Err(ParseError::Missing(what));
    }
    // The scanner leaves blanks at the end out, which may be what is said.
    let (_, blanks) = text.split_at(text.trim_end().len());
    Ok((column, format!("{}{blanks}", scanner.rest())))
}

/// Reads a whole number with its unit, which `size_of` knows.
fn scaled(text: &str, size_of: impl Fn(&str) -> Option<u64>) -> Option<u64> {
    let digits = text.trim_end_matches(|next: char| !next.is_ascii_digit());
    let size = size_of(text.get(digits.len()..).unwrap_or_default())?;
    digits.parse::<u64>().ok()?.checked_mul(size)
}

/// Reads a number of bytes, of KiB (`64K`) or of MiB (`4M`).
pub(crate) fn parse_sample_bytes(text: &str) -> Result<usize, ParseError> {
    let bytes = scaled(text, |unit| match unit {
        "" => Some(1),
        "K" | "k" | "KiB" => Some(1 << 10),
        "M" | "m" | "MiB" => Some(1 << 20),
        _ => None,
    });
    bytes
        .and_then(|bytes| usize::try_from(bytes).ok())
        .filter(|bytes| (1..=MAX_SAMPLE_BYTES).contains(bytes))
        .ok_or(ParseError::Text(
            "a size is 1 to 8388608 bytes, written as 500000, 64K or 4M",
        ))
}

/// Reads the id of a transfer.
pub(crate) fn parse_id(text: &str) -> Result<Uuid, ParseError> {
    Uuid::try_parse(text).map_err(|_| {
        ParseError::Text(
            "the id of a transfer is a UUID, such as 0190d3a0-7c51-7e2a-9d4b-5f1c8a7e3b60; `uuidgen` \
             makes one, and `sluice transfers list` shows those that there are",
        )
    })
}

/// When a file is read for the types before it is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FullScan {
    /// Whatever its size is.
    Always,
    /// Where it has at most so many bytes, and can be read twice.
    UpTo(u64),
}

impl Default for FullScan {
    fn default() -> Self {
        Self::UpTo(64 << 20)
    }
}

/// Reads `always`, `never`, or a size as `64MiB`, `256MB` or a number of bytes.
pub(crate) fn parse_full_scan(text: &str) -> Result<FullScan, ParseError> {
    match text {
        "always" => return Ok(FullScan::Always),
        "never" => return Ok(FullScan::UpTo(0)),
        _ => {}
    }
    let bytes = scaled(text, |unit| match unit {
        "" | "B" => Some(1),
        "kB" => Some(1_000),
        "MB" => Some(1_000_000),
        "GB" => Some(1_000_000_000),
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1 << 30),
        _ => None,
    });
    bytes.map(FullScan::UpTo).ok_or(ParseError::Text(
        "always, never, or a size such as 64MiB, 256MB or 1000000",
    ))
}

/// Reads a number from 1.
pub(crate) fn parse_count(text: &str) -> Result<usize, ParseError> {
    let count = text.parse().ok().filter(|count| *count > 0);
    count.ok_or(ParseError::Text("a number from 1"))
}

/// Reads a time: a number of seconds, or with `ms`, `s`, `m` or `h` behind it.
pub(crate) fn parse_time(text: &str) -> Result<Duration, ParseError> {
    let millis = scaled(text, |unit| match unit {
        "ms" => Some(1),
        "" | "s" => Some(1_000),
        "m" | "min" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    });
    millis
        .filter(|millis| *millis <= MAX_TIME_MILLIS)
        .map(Duration::from_millis)
        .ok_or(ParseError::Text(
            "a time is a number of seconds, or written as 500ms, 30s, 5m or 2h, up to 8760h",
        ))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{
        DateFormat, Limit, parse_date_format, parse_limit, parse_sample_bytes, parse_time,
    };

    #[test]
    fn a_time_has_a_unit_or_is_in_seconds() {
        let cases = [
            ("0", 0),
            ("90", 90_000),
            ("500ms", 500),
            ("30s", 30_000),
            ("5m", 300_000),
            ("5min", 300_000),
            ("2h", 7_200_000),
        ];
        for (text, millis) in cases {
            assert_eq!(
                parse_time(text),
                Ok(Duration::from_millis(millis)),
                "{text}"
            );
        }
        for text in [
            "",
            "m",
            "-1",
            "1.5m",
            "5 m",
            "1d",
            "9000h",
            "99999999999999999999",
        ] {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_limit_is_a_number_or_a_share() {
        let cases = [
            ("0", Limit::Rows(0)),
            ("100", Limit::Rows(100)),
            ("0%", Limit::Share(0.0)),
            ("0.5%", Limit::Share(0.005)),
            ("100%", Limit::Share(1.0)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_limit(text), Ok(expected), "{text}");
        }
        for text in ["", "-1", "1.5", "%", "-1%", "100.1%", "NaN%", "inf%", "ten"] {
            assert!(parse_limit(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_date_format_names_its_column() {
        let check = |text, column: &str, format: &str| {
            let expected = DateFormat {
                column: column.to_owned(),
                format: format.to_owned(),
            };
            assert_eq!(parse_date_format(text), Ok(expected), "{text}");
        };
        check("born=%d/%m/%Y", "born", "%d/%m/%Y");
        check("`a = b`=%d.%m.%Y %H:%M:%S", "a = b", "%d.%m.%Y %H:%M:%S");
        check("a=%Y=%m=%d", "a", "%Y=%m=%d");
        for text in ["", "born", "=%d", "born=", "born=dd/mm/yyyy", "`born=%d"] {
            assert!(parse_date_format(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_sample_has_a_byte_to_eight_mebibytes() {
        let cases = [
            ("1", 1),
            ("500000", 500_000),
            ("64K", 65_536),
            ("4M", 4 << 20),
            ("8MiB", 8 << 20),
            ("8388608", 8 << 20),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_sample_bytes(text), Ok(expected), "{text}");
        }
        for text in ["", "0", "0M", "9M", "8388609", "1G", "M", "1.5M", "-1"] {
            assert!(parse_sample_bytes(text).is_err(), "{text}");
        }
    }
}
