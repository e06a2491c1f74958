//! Delimiter and quote as they are given on the command line.
//!
//! Called by clap. Whether they go together is the server's to say.

use super::scanner::ParseError;

/// Reads a delimiter: one ASCII character, `\t`, or a name.
pub(crate) fn parse_delimiter(text: &str) -> Result<String, ParseError> {
    let delimiter = match text {
        r"\t" | "tab" => "\t",
        "comma" => ",",
        "semicolon" => ";",
        "pipe" => "|",
        "space" => " ",
        other if is_one_character(other) => other,
        _ => {
            return Err(ParseError::Character(
                r"a delimiter is one ASCII character, \t, tab, comma, semicolon, pipe or space",
            ));
        }
    };
    Ok(delimiter.to_owned())
}

/// Reads a quote: one ASCII character, or nothing for none.
pub(crate) fn parse_quote(text: &str) -> Result<String, ParseError> {
    if text.is_empty() || is_one_character(text) {
        return Ok(text.to_owned());
    }
    Err(ParseError::Character(
        "a quote is one ASCII character, or empty for a file without quotes",
    ))
}

fn is_one_character(text: &str) -> bool {
    matches!(text.as_bytes(), [byte] if byte.is_ascii() && !matches!(byte, b'\r' | b'\n' | 0))
}

#[cfg(test)]
mod tests {
    use super::{parse_delimiter, parse_quote};

    #[test]
    fn a_delimiter_is_a_character_or_a_name() {
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
        ];
        for (text, expected) in cases {
            assert_eq!(parse_delimiter(text).as_deref(), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn a_longer_or_foreign_delimiter_is_refused() {
        for text in ["", ";;", "é", "\n", "\r", "TAB", r"\n"] {
            assert!(parse_delimiter(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_empty_quote_means_none() {
        assert_eq!(parse_quote("").as_deref(), Ok(""));
        assert_eq!(parse_quote("'").as_deref(), Ok("'"));
        assert!(parse_quote("''").is_err());
        assert!(parse_quote("«").is_err());
    }
}
