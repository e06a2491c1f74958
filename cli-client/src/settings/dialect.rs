//! Delimiter, quote, escape, comment and encoding as they are given on the command line.
//!
//! Called by clap. Whether they go together is the server's to say.

use super::scanner::ParseError;

/// The most bytes of a delimiter or a comment prefix.
const MAX_BYTES: usize = 8;

/// Reads a delimiter: 1 to 8 bytes, `\t`, `\xHH` and `\\` among them, or a name.
pub(crate) fn parse_delimiter(text: &str) -> Result<String, ParseError> {
    let named = match text {
        "tab" => Some("\t"),
        "comma" => Some(","),
        "semicolon" => Some(";"),
        "pipe" => Some("|"),
        "space" => Some(" "),
        r"\" => Some(r"\"),
        _ => None,
    };
    let delimiter = named.map_or_else(|| unescape(text), |name| Some(name.to_owned()));
    let delimiter = delimiter.filter(|text| !text.is_empty() && is_mark(text));
    delimiter.ok_or(ParseError::Text(
        r"a delimiter is 1 to 8 bytes without line ends, \t, \x01 to \x7f, or one of: tab, comma, semicolon, pipe, space",
    ))
}

/// Reads a quote: one ASCII character, or nothing for none.
pub(crate) fn parse_quote(text: &str) -> Result<String, ParseError> {
    one_character(
        text,
        "a quote is one ASCII character, or empty for a file without quotes",
    )
}

/// Reads an escape: one ASCII character, or nothing for none.
pub(crate) fn parse_escape(text: &str) -> Result<String, ParseError> {
    one_character(
        text,
        "an escape is one ASCII character, or empty for a file without one",
    )
}

/// Reads a comment prefix: 1 to 8 bytes, or nothing for none.
pub(crate) fn parse_comment(text: &str) -> Result<String, ParseError> {
    if is_mark(text) {
        return Ok(text.to_owned());
    }
    Err(ParseError::Text(
        "a comment prefix is 1 to 8 bytes without line ends, or empty for none",
    ))
}

/// Reads the label of an encoding.
pub(crate) fn parse_encoding(text: &str) -> Result<String, ParseError> {
    let label = text.trim().to_ascii_lowercase();
    if label.is_empty() || !label.chars().all(|next| next.is_ascii_graphic()) {
        return Err(ParseError::Text(
            "an encoding is a label such as utf-8, utf-16le, windows-1252 or latin1",
        ));
    }
    // Written so nearly everywhere but in the standard.
    if label == "latin-1" {
        return Ok("latin1".to_owned());
    }
    Ok(label)
}

fn one_character(text: &str, rule: &'static str) -> Result<String, ParseError> {
    if is_mark(text) && text.is_ascii() && text.len() <= 1 {
        return Ok(text.to_owned());
    }
    Err(ParseError::Text(rule))
}

/// Whether the text may stand between fields or before lines.
fn is_mark(text: &str) -> bool {
    text.len() <= MAX_BYTES && !text.contains(['\r', '\n', '\0'])
}

/// The text with its escapes read; nothing where one cannot be read.
fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(next) = rest.next() {
        if next != '\\' {
            plain.push(next);
            continue;
        }
        plain.push(match rest.next()? {
            't' => '\t',
            '\\' => '\\',
            'x' => ascii(rest.next()?, rest.next()?)?,
            _ => return None,
        });
    }
    Some(plain)
}

/// The ASCII character of two hexadecimal digits.
fn ascii(high: char, low: char) -> Option<char> {
    let code = high.to_digit(16)? * 16 + low.to_digit(16)?;
    char::from_u32(code).filter(char::is_ascii)
}

#[cfg(test)]
mod tests {
    use super::{parse_comment, parse_delimiter, parse_encoding, parse_escape, parse_quote};

    #[test]
    fn a_delimiter_is_some_bytes_or_a_name() {
        let cases = [
            (",", ","),
            (r"\t", "\t"),
            ("\t", "\t"),
            ("tab", "\t"),
            ("comma", ","),
            ("semicolon", ";"),
            ("pipe", "|"),
            ("space", " "),
            ("-", "-"),
            ("\u{1f}", "\u{1f}"),
            (r"\x1f", "\u{1f}"),
            (r"\x7F", "\u{7f}"),
            (r"\", r"\"),
            (r"\\", r"\"),
            (r"\t|\t", "\t|\t"),
            ("||", "||"),
            ("§", "§"),
            ("12345678", "12345678"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_delimiter(text).as_deref(), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn a_longer_or_broken_delimiter_is_refused() {
        let cases = [
            "",
            "\n",
            "\r",
            "a\0",
            r"\n",
            r"\x80",
            r"\x0",
            r"\x0a",
            r"\xzz",
            r"a\",
            "123456789",
            "§§§§§",
        ];
        for text in cases {
            assert!(parse_delimiter(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_empty_quote_or_escape_means_none() {
        for parse in [parse_quote, parse_escape] {
            assert_eq!(parse("").as_deref(), Ok(""));
            assert_eq!(parse("'").as_deref(), Ok("'"));
            assert_eq!(parse(r"\").as_deref(), Ok(r"\"));
            assert!(parse("''").is_err());
            assert!(parse("«").is_err());
            assert!(parse("\n").is_err());
        }
    }

    #[test]
    fn an_encoding_is_a_label_in_any_case() {
        let cases = [
            ("UTF-8", "utf-8"),
            ("windows-1252", "windows-1252"),
            ("Latin-1", "latin1"),
            ("Shift_JIS", "shift_jis"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_encoding(text).as_deref(), Ok(expected), "{text}");
        }
        for text in ["", " ", "utf 8", "é"] {
            assert!(parse_encoding(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_comment_has_up_to_eight_bytes() {
        for text in ["", "#", "//", "12345678"] {
            assert_eq!(parse_comment(text).as_deref(), Ok(text));
        }
        for text in ["123456789", "\n"] {
            assert!(parse_comment(text).is_err(), "{text:?}");
        }
    }
}
