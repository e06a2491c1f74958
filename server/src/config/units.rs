//! Byte sizes and durations as people write them.
//!
//! Used by `config::validate` to read them and by `config` to show them. It knows no option.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The units of a byte size; those that are written in one word come before `B`.
const BYTE_UNITS: [(&str, u64); 10] = [
    ("", 1),
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
];

/// The units of a duration, in milliseconds.
const TIME_UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

/// A number of bytes. Reads `65536`, `64KiB`, `16 MiB`, `1GB`; shows the largest binary unit that
/// divides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(u64);

impl ByteSize {
    /// The number of bytes.
    pub fn bytes(self) -> u64 {
        self.0
    }
}

impl From<u64> for ByteSize {
    fn from(bytes: u64) -> Self {
        Self(bytes)
    }
}

impl From<usize> for ByteSize {
    fn from(bytes: usize) -> Self {
        // No platform has a wider usize.
        Self(u64::try_from(bytes).unwrap_or(u64::MAX))
    }
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        scaled(text, &BYTE_UNITS).map(Self).ok_or_else(|| {
            format!("`{text}` is not a size in bytes; write it as 65536, 64KiB, 16MiB or 1GB")
        })
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [
            ("TiB", 1_u64 << 40),
            ("GiB", 1 << 30),
            ("MiB", 1 << 20),
            ("KiB", 1 << 10),
        ];
        match units
            .iter()
            .find(|(_, size)| self.0 >= *size && self.0.is_multiple_of(*size))
        {
            Some((unit, size)) => write!(f, "{}{unit}", self.0 / size),
            None => write!(f, "{}", self.0),
        }
    }
}

/// Reads a duration: `500ms`, `30s`, `2m`, `1h`. A plain number is refused, as its unit is not known.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    scaled(text, &TIME_UNITS)
        .map(Duration::from_millis)
        .ok_or_else(|| format!("`{text}` is not a duration; write it as 500ms, 30s, 2m or 1h"))
}

/// Writes a duration with the largest unit that divides it.
pub(super) fn format_duration(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    let largest = TIME_UNITS.iter().rev().find(|(_, size)| {
        milliseconds >= u128::from(*size) && milliseconds.is_multiple_of(u128::from(*size))
    });
    match largest {
        Some((unit, size)) => format!("{}{unit}", milliseconds / u128::from(*size)),
        None => format!("{milliseconds}ms"),
    }
}

/// A whole number times the unit behind it.
fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let unit = unit.trim_start();
    let (_, scale) = units
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    number.parse::<u64>().ok()?.checked_mul(*scale)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{ByteSize, format_duration, parse_duration};

    fn bytes(text: &str) -> Option<u64> {
        text.parse::<ByteSize>().ok().map(ByteSize::bytes)
    }

    #[test]
    fn byte_sizes_have_binary_and_decimal_units() {
        assert_eq!(bytes("65536"), Some(65_536));
        assert_eq!(bytes("16MiB"), Some(16_777_216));
        assert_eq!(bytes("16 mib"), Some(16_777_216));
        assert_eq!(bytes("1GB"), Some(1_000_000_000));
        assert_eq!(bytes("7b"), Some(7));
    }

    #[test]
    fn what_is_no_byte_size_is_refused() {
        for text in [
            "",
            "MiB",
            "-1",
            "1.5MiB",
            "1TBx",
            "99999999999999999999",
            "20000000000GiB",
        ] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn byte_sizes_are_shown_in_the_largest_unit_that_divides_them() {
        let shown = |bytes: u64| ByteSize::from(bytes).to_string();
        assert_eq!(shown(16 << 20), "16MiB");
        assert_eq!(shown(1000), "1000");
        assert_eq!(shown(0), "0");
    }

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(parse_duration(" 30 s "), Ok(Duration::from_secs(30)));
        assert!(parse_duration("30").unwrap_err().contains("500ms"));
    }

    #[test]
    fn durations_are_shown_in_the_largest_unit_that_divides_them() {
        assert_eq!(format_duration(Duration::from_secs(90)), "90s");
        assert_eq!(format_duration(Duration::from_secs(120)), "2m");
        assert_eq!(format_duration(Duration::ZERO), "0ms");
    }
}
