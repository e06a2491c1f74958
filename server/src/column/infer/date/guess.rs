//! The forms that a text could have if it is a date.
//!
//! Only [`super`] uses it; it must never prefer one of several forms, nor look at more than one text.

use crate::column::rules::DateFormat;
use crate::column::rules::date_format::matcher::without_ordinal;
use crate::column::rules::date_format::names::{month, weekday};

/// Dates of digits only are of these years.
const COMPACT_YEARS: std::ops::RangeInclusive<u32> = 1900..=2100;

/// Returns the forms, the usual one first; none when the text is not like a date.
pub(super) fn formats(text: &[u8]) -> Vec<DateFormat> {
    let mut scan = Scan {
        rest: text,
        format: String::new(),
        year_is_open: false,
    };
    let Some(cores) = scan.date_and_clock() else {
        return Vec::new();
    };
    if !scan.rest.is_empty() || scan.year_is_open {
        return Vec::new();
    }
    let format = |core: &String| DateFormat::parse(&scan.format.replace(CORE, core)).ok();
    cores.iter().filter_map(format).collect()
}

/// Stands for the date in a form until it is known.
const CORE: &str = "\u{1}";

/// Returns whether 8, 12 or 14 digits could be a date, with hours and minutes, and seconds.
pub(super) fn is_plausible(digits: &[u8]) -> bool {
    let number = |from: usize, to: usize| {
        let digits = digits.get(from..to).unwrap_or_default();
        digits
            .iter()
            .fold(0, |value, digit| value * 10 + u32::from(digit - b'0'))
    };
    COMPACT_YEARS.contains(&number(0, 4))
        && (1..=12).contains(&number(4, 6))
        && (1..=31).contains(&number(6, 8))
        && number(8, 10) < 24
        && number(10, 12) < 60
        && number(12, 14) < 60
}

/// Returns the first three numbers of a text.
pub(super) fn numbers(text: &[u8]) -> impl Iterator<Item = u32> {
    text.split(|byte| !byte.is_ascii_digit())
        .filter(|digits| matches!(digits.len(), 1 | 2))
        .map(|digits| {
            digits
                .iter()
                .fold(0, |value, digit| value * 10 + u32::from(digit - b'0'))
        })
        .take(3)
}

/// Reads a text from its beginning, and writes the form of what was read.
struct Scan<'t> {
    rest: &'t [u8],
    format: String,
    /// Whether the year is still to come, behind the clock.
    year_is_open: bool,
}

impl<'t> Scan<'t> {
    /// Reads the whole text; returns the forms that the date in it could have.
    fn date_and_clock(&mut self) -> Option<Vec<String>> {
        if self.rest.iter().all(u8::is_ascii_digit) {
            return self.digits_only();
        }
        if let Some((_, length)) = weekday(self.rest) {
            self.take(length, "%a")?;
            self.separator(&[", ", ",", " "])?;
        }
        self.format.push_str(CORE);
        let cores = self.date()?;
        if !self.rest.is_empty() {
            self.separator(&[", ", " - ", "T", ":", " ", "_"])?;
            self.clock()?;
        }
        if self.year_is_open {
            self.separator(&[" "])?;
            self.number(&[4])?;
            self.format.push_str("%Y");
            self.year_is_open = false;
        }
        Some(cores)
    }

    /// Reads a date and a time without separators.
    fn digits_only(&mut self) -> Option<Vec<String>> {
        let form = match self.rest.len() {
            12 => "%Y%m%d%H%M",
            14 => "%Y%m%d%H%M%S",
            _ => return None,
        };
        self.take(self.rest.len(), form)?;
        Some(vec![String::new()])
    }

    fn date(&mut self) -> Option<Vec<String>> {
        if self.month().is_some() {
            return self.month_first();
        }
        if let [_, _, _, _, b'-', b'W', _, _, b'-', _, ..] = self.rest {
            return self.week();
        }
        match self.number(&[4, 8, 1, 2])? {
            8 => self.compact(),
            4 => self.year_first(),
            digits => self.day_or_month_first(digits),
        }
    }

    /// Reads a date that names its week.
    fn week(&mut self) -> Option<Vec<String>> {
        for (digits, mark) in [(4, "-W"), (2, "-"), (1, "")] {
            self.number(&[digits])?;
            self.rest = self.rest.strip_prefix(mark.as_bytes())?;
        }
        Some(vec!["%G-W%V-%u".to_owned()])
    }

    /// Reads the name of a month, with the point of a short one.
    fn month(&mut self) -> Option<()> {
        let (_, length) = month(self.rest)?;
        let rest = self.rest.get(length..)?;
        self.rest = match rest {
            [b'.', behind @ ..] if behind.starts_with(b" ") => behind,
            _ => rest,
        };
        Some(())
    }

    /// Goes on behind eight digits: a `T` and a time without separators.
    fn compact(&mut self) -> Option<Vec<String>> {
        self.rest = self.rest.strip_prefix(b"T")?;
        let clock = match self.number(&[6, 4])? {
            6 => "%H%M%S",
            _ => "%H%M",
        };
        self.format.push('T');
        self.format.push_str(clock);
        self.offset()?;
        Some(vec!["%Y%m%d".to_owned()])
    }

    /// Goes on behind a year of four digits.
    fn year_first(&mut self) -> Option<Vec<String>> {
        let one = self.plain_separator()?;
        let middle = if self.month().is_some() {
            "%b"
        } else {
            self.number(&[1, 2])?;
            "%m"
        };
        let two = self.plain_separator()?;
        self.number(&[1, 2])?;
        Some(vec![format!("%Y{one}{middle}{two}%d")])
    }

    /// Goes on behind one or two digits.
    fn day_or_month_first(&mut self, first_digits: usize) -> Option<Vec<String>> {
        self.rest = without_ordinal(self.rest);
        let one = self.plain_separator().unwrap_or_default();
        if self.month().is_some() {
            let two = self.plain_separator().unwrap_or_default();
            let year = self.year()?;
            return Some(vec![format!("%d{one}%b{two}{year}")]);
        }
        if one.is_empty() || one.len() > 1 || one == " " || one == "," {
            return None;
        }
        let second_digits = self.number(&[1, 2])?;
        if self.plain_separator()? != one {
            return None;
        }
        let year = self.year()?;
        // Numbers of versions look like that.
        if one == "." && year == "%y" && first_digits + second_digits < 4 {
            return None;
        }
        let mut cores = vec![
            format!("%d{one}%m{one}{year}"),
            format!("%m{one}%d{one}{year}"),
        ];
        if year == "%y" {
            cores.push(format!("%y{one}%m{one}%d"));
        }
        Some(cores)
    }

    /// Goes on behind the name of a month.
    fn month_first(&mut self) -> Option<Vec<String>> {
        let one = self.plain_separator()?;
        self.number(&[1, 2])?;
        self.rest = without_ordinal(self.rest);
        let is_clock_next = matches!(
            self.rest,
            [b' ', b'0'..=b'9', b':', ..] | [b' ', b'0'..=b'9', b'0'..=b'9', b':', ..]
        );
        if is_clock_next {
            self.year_is_open = true;
            return Some(vec![format!("%b{one}%d")]);
        }
        let two = self.plain_separator()?;
        let year = self.year()?;
        Some(vec![format!("%b{one}%d{two}{year}")])
    }

    /// Reads a year of four or two digits.
    fn year(&mut self) -> Option<&'static str> {
        Some(match self.number(&[4, 2])? {
            4 => "%Y",
            _ => "%y",
        })
    }

    /// Reads `h:mm`, with seconds and a fraction, AM or PM, and an offset.
    fn clock(&mut self) -> Option<()> {
        let start = self.format.len();
        self.number(&[1, 2])?;
        self.format.push_str("%H");
        self.colon_and("%M")?;
        if self.rest.starts_with(b":") {
            self.colon_and("%S")?;
            if let [b'.' | b',', b'0'..=b'9', ..] = self.rest {
                self.rest = self.rest.get(1..)?;
                let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit());
                self.take(digits.count(), "%.f")?;
            }
        }
        self.meridiem(start)?;
        self.offset()
    }

    fn colon_and(&mut self, specifier: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(b":")?;
        self.number(&[2])?;
        self.format.push(':');
        self.format.push_str(specifier);
        Some(())
    }

    /// Reads AM or PM, if there is one, and makes the hours from `start` on those of twelve.
    fn meridiem(&mut self, start: usize) -> Option<()> {
        let (blank, word) = match self.rest {
            [b' ', word @ ..] => (" ", word),
            word => ("", word),
        };
        let length = match word {
            [b'a' | b'A' | b'p' | b'P', b'm' | b'M', ..] => 2,
            [b'a' | b'A' | b'p' | b'P', b'.', b'm' | b'M', b'.', ..] => 4,
            _ => return Some(()),
        };
        self.rest = word.get(length..)?;
        let clock = self.format.split_off(start).replace("%H", "%I");
        self.format.push_str(&clock);
        self.format.push_str(blank);
        self.format.push_str("%p");
        Some(())
    }

    /// Reads an offset, if there is one.
    fn offset(&mut self) -> Option<()> {
        let (blank, rest) = match self.rest {
            [b' ', rest @ ..] => (" ", rest),
            rest => ("", rest),
        };
        let specifier = match rest {
            [b'+' | b'-', ..] | [b'Z'] => "%z",
            [b'U' | b'G' | b'u' | b'g', ..] => "%Z",
            name if name.contains(&b'/') => "%Z",
            _ => return Some(()),
        };
        let is_end = |byte: &u8| *byte == b' ';
        let length = rest.iter().position(is_end).unwrap_or(rest.len());
        self.rest = rest.get(length..)?;
        self.format.push_str(blank);
        self.format.push_str(specifier);
        Some(())
    }

    /// Reads digits, of which there must be one of these counts; returns how many there are.
    fn number(&mut self, counts: &[usize]) -> Option<usize> {
        let count = self
            .rest
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        counts.contains(&count).then_some(())?;
        self.rest = self.rest.get(count..)?;
        Some(count)
    }

    /// Reads what stands between the parts of a date.
    fn plain_separator(&mut self) -> Option<String> {
        for word in [" de ", " del "] {
            if let Some(rest) = self.rest.strip_prefix(word.as_bytes()) {
                self.rest = rest;
                return Some(word.to_owned());
            }
        }
        let count = self
            .rest
            .iter()
            .take_while(|byte| matches!(byte, b'-' | b'/' | b'.' | b',' | b' '))
            .count();
        let (separator, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        let text = std::str::from_utf8(separator).ok()?;
        // Blanks match any number of them.
        let is_blank = !text.is_empty() && text.trim_matches(' ').is_empty();
        match text {
            _ if is_blank => Some(" ".to_owned()),
            "-" | "/" | "." | "," | ", " | ". " => Some(text.to_owned()),
            _ => None,
        }
    }

    /// Reads the first of these texts that is next.
    fn separator(&mut self, texts: &[&str]) -> Option<()> {
        let text = texts
            .iter()
            .find(|text| self.rest.starts_with(text.as_bytes()))?;
        self.take(text.len(), text)?;
        while text.ends_with(' ') && self.rest.starts_with(b" ") {
            self.rest = self.rest.get(1..)?;
        }
        Some(())
    }

    fn take(&mut self, length: usize, form: &str) -> Option<()> {
        self.rest = self.rest.get(length..)?;
        self.format.push_str(form);
        Some(())
    }
}
