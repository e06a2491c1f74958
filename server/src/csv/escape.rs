//! Takes the protection off a field: doubled quotes and backslash escapes.
//!
//! Used by the scanner for the few fields that differ from their text. It must never fail: what is
//! no escape sequence is text, and of quotes it says whether they have but one reading.

use memchr::{memchr, memchr2};

/// Appends the text of a field that begins with `quote`; false where its quotes have no certain reading, because
/// more than blanks follows the closing one.
///
/// A doubled quote is one quote. Blanks behind the closing quote are no part of the text.
pub(super) fn unquote(raw: &[u8], quote: u8, text: &mut Vec<u8>) -> bool {
    let start = text.len();
    let mut rest = raw.get(1..).unwrap_or_default();
    while let Some(at) = memchr(quote, rest) {
        let (before, after) = rest.split_at(at);
        text.extend_from_slice(before);
        // `after` begins with the quote that was found.
        let after = after.get(1..).unwrap_or_default();
        let Some((&next, after_next)) = after.split_first() else {
            return true;
        };
        if next != quote {
            let is_certain = is_blank(after);
            if !is_certain {
                text.truncate(start);
                unquote_leniently(raw, quote, None, text);
            }
            return is_certain;
        }
        text.push(quote);
        rest = after_next;
    }
    text.extend_from_slice(rest);
    true
}

/// Appends the text of a field that begins with `quote`, and whose quotes are not all doubled: only those around
/// it are no text.
fn unquote_leniently(raw: &[u8], quote: u8, escape: Option<u8>, text: &mut Vec<u8>) {
    let within = raw
        .strip_prefix(&[quote])
        .and_then(|rest| rest.strip_suffix(&[quote]));
    let mut rest = within.unwrap_or(raw);
    while let Some((&byte, after)) = rest.split_first() {
        let next = after.first().copied();
        let is_pair = next.is_some_and(|next| {
            Some(byte) == escape || byte == quote && next == quote && within.is_some()
        });
        text.push(next.filter(|_| is_pair).unwrap_or(byte));
        rest = after.get(usize::from(is_pair)..).unwrap_or_default();
    }
}

fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' ' | b'\t'))
}

/// Appends the text of a field that may begin with `quote` and hold escapes; false as [`unquote`] says it.
///
/// The byte after an escape is text, inside quotes and outside; a doubled quote is one quote.
pub(super) fn unprotect(
    raw: &[u8],
    quote: Option<u8>,
    escape: Option<u8>,
    text: &mut Vec<u8>,
) -> bool {
    let (Some(first_mark), Some(second_mark)) = (quote.or(escape), escape.or(quote)) else {
        text.extend_from_slice(raw);
        return true;
    };
    let start = text.len();
    let inside = quote.is_some() && raw.first().copied() == quote;
    let mut rest = raw.get(usize::from(inside)..).unwrap_or_default();
    while let Some(at) = memchr2(first_mark, second_mark, rest) {
        let (before, marked) = rest.split_at(at);
        text.extend_from_slice(before);
        let mark = marked.first().copied();
        let next = marked.get(1).copied();
        let is_doubled = inside && mark == quote && next == quote;
        let (kept, length) = match next {
            Some(next) if mark == escape || is_doubled => (Some(next), 2),
            _ if inside && mark == quote => {
                let is_certain = is_blank(marked.get(1..).unwrap_or_default());
                if !is_certain && let Some(quote) = quote {
                    text.truncate(start);
                    unquote_leniently(raw, quote, escape, text);
                }
                return is_certain;
            }
            _ => (mark, 1),
        };
        text.extend(kept);
        rest = marked.get(length..).unwrap_or_default();
    }
    text.extend_from_slice(rest);
    true
}

/// Appends the text of a field with escape sequences.
///
/// The sequences are those of ClickHouse's `TabSeparated`. The delimiter and a line end may stand
/// after a backslash as they are. A sequence without a meaning keeps its backslash, as in ClickHouse.
pub(super) fn unescape(raw: &[u8], escape: u8, delimiter: u8, text: &mut Vec<u8>) {
    let mut rest = raw;
    while let Some(at) = memchr(escape, rest) {
        let (before, sequence) = rest.split_at(at);
        text.extend_from_slice(before);
        let (byte, length) = match sequence {
            [_, b'x', high, low, ..] => (hex_byte(*high, *low), 4),
            [_, code, ..] => (single_byte(*code, escape, delimiter), 2),
            _ => (None, 1),
        };
        // What has no meaning is text: the escape itself, then whatever follows it.
        let length = if byte.is_some() { length } else { 1 };
        text.push(byte.unwrap_or(escape));
        rest = sequence.get(length..).unwrap_or_default();
    }
    text.extend_from_slice(rest);
}

/// What one byte after the escape stands for.
const fn single_byte(code: u8, escape: u8, delimiter: u8) -> Option<u8> {
    match code {
        b'0' => Some(0),
        b'a' => Some(0x07),
        b'b' => Some(0x08),
        b't' => Some(b'\t'),
        b'n' => Some(b'\n'),
        b'v' => Some(0x0B),
        b'f' => Some(0x0C),
        b'r' => Some(b'\r'),
        b'e' => Some(0x1B),
        b'\'' | b'"' | b'`' | b'/' => Some(code),
        _ if code == escape || code == delimiter || code.is_ascii_control() => Some(code),
        _ => None,
    }
}

fn hex_byte(high: u8, low: u8) -> Option<u8> {
    Some(hex_digit(high)? << 4 | hex_digit(low)?)
}

const fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{unescape, unprotect, unquote};

    #[test]
    fn quotes_come_off() {
        let cases: &[(&[u8], &[u8])] = &[
            (br#""""#, b""),
            (br#""a""#, b"a"),
            (br#""a""b""#, br#"a"b"#),
            (br#""""""#, br#"""#),
            (br#"""""""#, br#""""#),
            (b"\"a\" \t", b"a"),
        ];
        for (raw, expected) in cases {
            let mut text = Vec::new();
            assert!(unquote(raw, b'"', &mut text));
            assert_eq!(text, *expected, "{}", raw.escape_ascii());
        }
    }

    #[test]
    fn quotes_that_are_not_doubled_are_told_and_are_text() {
        let cases: &[(&[u8], &[u8])] = &[
            (br#""he said "no" loudly""#, br#"he said "no" loudly"#),
            (br#""5" pipe""#, br#"5" pipe"#),
            (br#""a" and ""b"""#, br#"a" and "b""#),
            (br#""Hat" red"#, br#""Hat" red"#),
            (br#""a"b"c""d"#, br#""a"b"c""d"#),
        ];
        for (raw, expected) in cases {
            let mut text = Vec::new();
            assert!(!unquote(raw, b'"', &mut text));
            assert_eq!(text, *expected, "{}", raw.escape_ascii());
            let mut text = Vec::new();
            assert!(!unprotect(raw, Some(b'"'), Some(b'\\'), &mut text));
            assert_eq!(text, *expected, "{}", raw.escape_ascii());
        }
        let mut text = Vec::new();
        assert!(!unprotect(
            br#""a\"b"c\"d""#,
            Some(b'"'),
            Some(b'\\'),
            &mut text
        ));
        assert_eq!(text, br#"a"b"c"d"#);
    }

    #[test]
    fn quotes_and_escapes_come_off_together() {
        let cases: &[(&[u8], &[u8])] = &[
            (br#""a\"b""#, br#"a"b"#),
            (br#""a""\"b\\""#, br#"a""b\"#),
            (br#""a\"" "#, br#"a""#),
            (br#"\"a"\,"#, br#""a","#),
            (br"\n\", br"n\"),
            (b"a\\\r\\\n", b"a\r\n"),
        ];
        for (raw, expected) in cases {
            let mut text = Vec::new();
            assert!(unprotect(raw, Some(b'"'), Some(b'\\'), &mut text));
            assert_eq!(text, *expected, "{}", raw.escape_ascii());
        }
    }

    #[test]
    fn escapes_come_off() {
        let cases: &[(&[u8], &[u8])] = &[
            (
                br"\t\n\r\\\'\0\b\f\v\a\e",
                b"\t\n\r\\'\0\x08\x0C\x0B\x07\x1B",
            ),
            (br"a\x41\x7a\xfFb", b"aAz\xFFb"),
            (br"\x4", br"\x4"),
            (br"\x4g", br"\x4g"),
            (br"100\%", br"100\%"),
            (br"\q\\q", br"\q\q"),
            (br"a\Nb", br"a\Nb"),
            (br"\\N", br"\N"),
            (b"a\\\tb\\\nc", b"a\tb\nc"),
            (br"end\", br"end\"),
            (br"\|\", br"|\"),
        ];
        for (raw, expected) in cases {
            let mut text = Vec::new();
            unescape(raw, b'\\', b'|', &mut text);
            assert_eq!(text, *expected, "{}", raw.escape_ascii());
        }
    }
}
