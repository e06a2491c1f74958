//! Numbers whose digits stand in groups: `1,234,567.89`, `1.234,5`, `1 234`.
//!
//! `rewriter` and `infer` call it; it must never take a separator that does not
//! stand before exactly three digits, or two in the Indian way of grouping.

use std::fmt;

/// What separates groups of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thousands {
    /// `1,234`; the decimal point is then a point.
    Comma,
    /// `1.234`; the decimal point is then a comma.
    Point,
    /// `1 234`, with a blank of any width that may be broken or not.
    Space,
    /// `1'234`, with a straight or a curved one.
    Apostrophe,
    /// `1_234`.
    Underscore,
}

/// How a number is written that has been brought to digits, an optional decimal point and an exponent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grouping {
    /// How many separators there were.
    pub separator_count: usize,
    /// Whether some group had two digits, in the Indian way.
    pub is_indian: bool,
    /// The decimal point.
    pub decimal: Option<u8>,
}

impl Thousands {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Comma,
        Self::Point,
        Self::Space,
        Self::Apostrophe,
        Self::Underscore,
    ];

    /// Reads the character that a caller gives for a separator.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|separator| separator.marks().contains(&text))
    }

    /// Returns the separator that a text begins with.
    #[must_use]
    pub fn at_start(text: &[u8]) -> Option<Self> {
        let is_mark = |mark: &&str| text.starts_with(mark.as_bytes());
        let mut all = Self::ALL.into_iter();
        all.find(|separator| separator.marks().iter().any(is_mark))
    }

    /// Returns the usual character.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Comma => ",",
            Self::Point => ".",
            Self::Space => " ",
            Self::Apostrophe => "'",
            Self::Underscore => "_",
        }
    }

    /// Returns it as a shell takes it.
    #[must_use]
    pub const fn quoted(self) -> &'static str {
        match self {
            Self::Space => "' '",
            Self::Apostrophe => "\"'\"",
            Self::Comma | Self::Point | Self::Underscore => self.as_str(),
        }
    }

    /// Returns whether the decimal point must be a comma, or must be none; None where both can be.
    #[must_use]
    pub const fn decimal_comma(self) -> Option<bool> {
        match self {
            Self::Comma => Some(false),
            Self::Point => Some(true),
            Self::Space | Self::Apostrophe | Self::Underscore => None,
        }
    }

    /// Returns the texts that are this separator.
    const fn marks(self) -> &'static [&'static str] {
        match self {
            Self::Comma => &[","],
            Self::Point => &["."],
            Self::Space => &[" ", "\u{a0}", "\u{202f}", "\u{2009}"],
            Self::Apostrophe => &["'", "\u{2019}"],
            Self::Underscore => &["_"],
        }
    }

    /// Appends a number without its separators; the sign, the decimal point and an exponent stay.
    ///
    /// Returns None and appends nothing when the text is no number, or is one that is grouped otherwise.
    pub fn ungroup(self, text: &[u8], out: &mut Vec<u8>) -> Option<Grouping> {
        let start = out.len();
        let grouping = self.read(text, out);
        if grouping.is_none() {
            out.truncate(start);
        }
        grouping
    }

    fn read(self, text: &[u8], out: &mut Vec<u8>) -> Option<Grouping> {
        let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
        let (sign, mut rest) = text.split_at_checked(sign)?;
        out.extend_from_slice(sign);
        let mut separator_count = 0;
        let mut is_indian = false;
        // The digits of the group before, and of the first.
        let mut before;
        let mut first = 0;
        loop {
            before = digit_count(rest);
            let (group, behind) = rest.split_at_checked(before)?;
            out.extend_from_slice(group);
            let is_first = separator_count == 0;
            let Some(next) = self.next_group(behind) else {
                let is_last = is_first || before == 3;
                is_last.then_some(())?;
                rest = behind;
                break;
            };
            let is_grouped = match before {
                1..=3 if is_first => {
                    first = before;
                    group.first() != Some(&b'0')
                }
                3 => !is_indian,
                2 => is_indian || separator_count == 1 && first < 3,
                _ => false,
            };
            is_grouped.then_some(())?;
            // A group of two behind the first one: all but the last have two then.
            is_indian |= before == 2 && !is_first;
            separator_count += 1;
            rest = next;
        }
        let decimal = rest.first().copied().filter(|byte| self.is_decimal(*byte));
        if let Some(decimal) = decimal {
            let digits = rest.get(1..)?;
            let (fraction, behind) = digits.split_at_checked(digit_count(digits))?;
            (before + fraction.len() > 0).then_some(())?;
            out.push(decimal);
            out.extend_from_slice(fraction);
            rest = behind;
        }
        (before > 0 || decimal.is_some()).then_some(())?;
        if separator_count == 0 && is_exponent(rest) {
            out.extend_from_slice(rest);
            rest = &[];
        }
        rest.is_empty().then_some(Grouping {
            separator_count,
            is_indian,
            decimal,
        })
    }

    /// Returns what follows a separator, if there is one with a digit behind it.
    fn next_group(self, text: &[u8]) -> Option<&[u8]> {
        let mut marks = self.marks().iter();
        let rest = marks.find_map(|mark| text.strip_prefix(mark.as_bytes()))?;
        rest.first()?.is_ascii_digit().then_some(rest)
    }

    fn is_decimal(self, byte: u8) -> bool {
        match self.decimal_comma() {
            Some(true) => byte == b',',
            Some(false) => byte == b'.',
            None => matches!(byte, b'.' | b','),
        }
    }
}

impl fmt::Display for Thousands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn digit_count(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Returns whether a text is an `e` with a number behind it.
fn is_exponent(text: &[u8]) -> bool {
    let Some((b'e' | b'E', number)) = text.split_first() else {
        return false;
    };
    let sign = usize::from(matches!(number.first(), Some(b'+' | b'-')));
    let digits = number.get(sign..).unwrap_or_default();
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::{Grouping, Thousands};

    fn ungroup(separator: &str, text: &str) -> Option<(String, usize)> {
        let mut out = b"x".to_vec();
        let separator = Thousands::parse(separator).unwrap();
        let grouping = separator.ungroup(text.as_bytes(), &mut out);
        let out = String::from_utf8(out).unwrap();
        assert_eq!(grouping.is_none(), out == "x", "nothing is left of {text}");
        grouping.map(
            |Grouping {
                 separator_count, ..
             }| (out.trim_start_matches('x').to_owned(), separator_count),
        )
    }

    #[test]
    fn separators_before_three_digits_go() {
        for (separator, text, expected, count) in [
            (",", "1,234,567.89", "1234567.89", 2),
            (",", "-1,234", "-1234", 1),
            (",", "+12,345.", "+12345.", 1),
            (",", "999", "999", 0),
            (",", "1234", "1234", 0),
            (",", "1234567.5", "1234567.5", 0),
            (",", "0.5", "0.5", 0),
            (",", ".5", ".5", 0),
            (",", "1.5e-3", "1.5e-3", 0),
            (",", "12,34,567", "1234567", 2),
            (",", "1,23,45,678.9", "12345678.9", 3),
            (".", "1.234,50", "1234,50", 1),
            (".", "12,5", "12,5", 0),
            (" ", "1 234 567,5", "1234567,5", 2),
            (" ", "1\u{a0}234", "1234", 1),
            (" ", "1\u{202f}234.5", "1234.5", 1),
            ("'", "1'234.50", "1234.50", 1),
            ("\u{2019}", "1\u{2019}234", "1234", 1),
            ("_", "1_000_000", "1000000", 2),
        ] {
            let expected = Some((expected.to_owned(), count));
            assert_eq!(ungroup(separator, text), expected, "{separator} {text}");
        }
    }

    #[test]
    fn other_separators_make_no_number() {
        for (separator, text) in [
            (",", "1,23,4"),
            (",", "1,23"),
            (",", "1,2345"),
            (",", "1234,567"),
            (",", "1,234,56"),
            (",", "1,234,5678"),
            (",", "1,234,56,789"),
            (",", "12,345,67,890"),
            (",", "1,23,456,789"),
            (",", "123,45,678,9"),
            (",", "123,45,678"),
            (",", "0,123"),
            (",", "012,345"),
            (",", ",123"),
            (",", "1,,234"),
            (",", "1,234,"),
            (",", "1,234e5"),
            (",", "1,234.5.6"),
            (",", "1.234,5"),
            (",", "1 234"),
            (",", ""),
            (",", "-"),
            (",", "."),
            (",", "abc"),
            (",", "1e"),
            (".", "1.5"),
            (".", "12.34"),
            (".", "1,234.5"),
            (" ", "1  234"),
            (" ", " 1"),
            ("_", "1_"),
        ] {
            assert_eq!(ungroup(separator, text), None, "{separator} {text}");
        }
    }
}
