//! Tells what kind of value a cell looks like.
//!
//! `score`, `layout` and `header` call it. It must never decide a column's type: that takes every
//! cell, and `column` does it.

use super::{number, time};

/// What a cell looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Empty,
    /// A word that stands for no value.
    Null,
    Bool,
    Int,
    Float,
    Money,
    Percent,
    Date,
    Time,
    DateTime,
    Url,
    Email,
    Path,
    Uuid,
    Ip,
    /// One token of letters and digits, as `A-17`.
    Code,
    /// One token of letters.
    Word,
    /// More than one token.
    Text,
}

/// Kinds that one column may mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Nothing,
    Number,
    Moment,
    Bool,
    /// Url, email, path, address, UUID.
    Link,
    Code,
    /// A word or a text.
    Text,
}

impl Kind {
    pub(super) const fn family(self) -> Family {
        match self {
            Self::Empty | Self::Null => Family::Nothing,
            Self::Int | Self::Float | Self::Money | Self::Percent => Family::Number,
            Self::Date | Self::Time | Self::DateTime => Family::Moment,
            Self::Bool => Family::Bool,
            Self::Url | Self::Email | Self::Path | Self::Uuid | Self::Ip => Family::Link,
            Self::Code => Family::Code,
            Self::Word | Self::Text => Family::Text,
        }
    }
}

impl Family {
    /// Whether no name of a column looks like this.
    pub(super) const fn is_value(self) -> bool {
        matches!(self, Self::Number | Self::Moment | Self::Bool | Self::Link)
    }
}

/// Longer texts are texts.
const MAX_VALUE_BYTES: usize = 200;

/// What a cell looks like; white space around it does not count.
pub(super) fn kind(cell: &[u8]) -> Kind {
    let text = cell.trim_ascii();
    let Some(&first) = text.first() else {
        return Kind::Empty;
    };
    if text.len() > MAX_VALUE_BYTES {
        return if is_url(text) { Kind::Url } else { Kind::Text };
    }
    if is_null(text) {
        return Kind::Null;
    }
    if is_bool(text) {
        return Kind::Bool;
    }
    if let Some(kind) = number::kind(text).or_else(|| time::kind(text)) {
        return kind;
    }
    if text.iter().any(u8::is_ascii_whitespace) {
        return Kind::Text;
    }
    if let Some(kind) = address(text, first) {
        return kind;
    }
    token(text)
}

fn is_null(text: &[u8]) -> bool {
    const WORDS: [&str; 10] = [
        "null", "na", "n/a", "nan", "none", "nil", "#n/a", "\\n", "<na>", "n.a.",
    ];
    text.iter()
        .all(|byte| matches!(byte, b'-' | b'?' | b'.' | b'*'))
        && text.len() <= 3
        || text.len() <= 4
            && WORDS
                .iter()
                .any(|word| text.eq_ignore_ascii_case(word.as_bytes()))
}

fn is_bool(text: &[u8]) -> bool {
    const WORDS: [&str; 4] = ["true", "false", "yes", "no"];
    text.len() <= 5
        && WORDS
            .iter()
            .any(|word| text.eq_ignore_ascii_case(word.as_bytes()))
}

fn address(text: &[u8], first: u8) -> Option<Kind> {
    if is_url(text) {
        Some(Kind::Url)
    } else if is_email(text) {
        Some(Kind::Email)
    } else if is_uuid(text) {
        Some(Kind::Uuid)
    } else if is_ip(text) {
        Some(Kind::Ip)
    } else if is_path(text, first) {
        Some(Kind::Path)
    } else {
        None
    }
}

pub(super) fn is_url(text: &[u8]) -> bool {
    let scheme = text
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let has_scheme = text
        .get(scheme..)
        .is_some_and(|rest| rest.starts_with(b"://"));
    (scheme > 1 && has_scheme) || text.starts_with(b"www.") || text.starts_with(b"mailto:")
}

fn is_email(text: &[u8]) -> bool {
    let Some(at) = text.iter().position(|&byte| byte == b'@') else {
        return false;
    };
    let (name, domain) = text.split_at_checked(at).unwrap_or_default();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"._%+-".contains(byte);
    !name.is_empty()
        && name.iter().all(is_name)
        && domain.len() > 4
        && domain
            .get(1..)
            .is_some_and(|domain| domain.iter().all(is_name) && domain.contains(&b'.'))
}

/// Whether a text has what delimits or quotes in most files.
pub(super) fn has_mark(text: &[u8]) -> bool {
    text.iter().any(|byte| b",;|\t\"".contains(byte))
}

fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_ip(text: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b':';
    let colons = text.iter().filter(|&&byte| byte == b':').count();
    if colons >= 2 && text.iter().all(is_part) {
        let short = text.windows(2).filter(|pair| *pair == b"::").count();
        let is_even = text.split(|&byte| byte == b':').all(|part| part.len() <= 4);
        let is_mac = colons == 5 && text.len() == 17;
        return is_even && (is_mac || colons == 7 || (short == 1 && colons < 7));
    }
    text.split(|&byte| byte == b'.').count() == 4
        && text
            .split(|&byte| byte == b'.')
            .all(|part| (1..=3).contains(&part.len()) && part.iter().all(u8::is_ascii_digit))
}

fn is_path(text: &[u8], first: u8) -> bool {
    let slashes = text.iter().filter(|&&byte| byte == b'/').count();
    let is_drive = matches!(text, [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic());
    let is_slashed = (first == b'/' && text.len() > 1) || slashes >= 2;
    let is_plain =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-~%+".contains(byte) || *byte >= 0x80;
    is_drive || text.starts_with(b"\\\\") || (is_slashed && text.iter().all(is_plain))
}

/// A text without spaces.
fn token(text: &[u8]) -> Kind {
    let has_digit = text.iter().any(u8::is_ascii_digit);
    let is_code_byte =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"-_./:#+".contains(byte) || *byte >= 0x80;
    let is_word_byte =
        |byte: &u8| byte.is_ascii_alphabetic() || b"_-.'".contains(byte) || *byte >= 0x80;
    if !has_digit && text.iter().all(is_word_byte) {
        Kind::Word
    } else if has_digit && text.iter().all(is_code_byte) {
        Kind::Code
    } else {
        Kind::Text
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, kind};

    #[test]
    fn cells_are_told_by_their_look() {
        let cases: &[(&str, Kind)] = &[
            ("", Kind::Empty),
            ("  ", Kind::Empty),
            ("NA", Kind::Null),
            ("-", Kind::Null),
            ("?", Kind::Null),
            ("True", Kind::Bool),
            (" 42 ", Kind::Int),
            ("3,14", Kind::Float),
            ("2024-01-01", Kind::Date),
            ("https://example.org/a?b=c", Kind::Url),
            ("a.b@example.org", Kind::Email),
            ("/usr/share", Kind::Path),
            ("C:\\data\\x.txt", Kind::Path),
            ("123e4567-e89b-12d3-a456-426614174000", Kind::Uuid),
            ("10.0.0.1", Kind::Ip),
            ("fe80::1:2:3", Kind::Ip),
            ("A-17", Kind::Code),
            ("unit_price", Kind::Word),
            ("New York", Kind::Text),
            ("a,b", Kind::Text),
        ];
        for (text, expected) in cases {
            assert_eq!(kind(text.as_bytes()), *expected, "{text}");
        }
    }
}
