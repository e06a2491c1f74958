//! Cuts the CREATE TABLE of a caller into words, names, texts, numbers and symbols.
//!
//! Used by [`Cursor`](super::cursor::Cursor) only. It takes ASCII outside of quotes, and in quotes the
//! escapes that everybody knows. How ClickHouse would read the text does not matter: it never sees it.

use super::cursor::{Place, Refused};

/// One part of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// Letters, digits and `_`, without quotes.
    Plain(String),
    /// A name in quotes, as it is called.
    Name(String),
    /// A text in apostrophes, as it reads.
    Text(String),
    /// A number without a sign.
    Number(String),
    /// One of [`SYMBOLS`].
    Symbol(&'static str),
}

/// The symbols, longer ones first. Those of the last row have no place anywhere: where they stand says more
/// than that they do.
const SYMBOLS: &[&str] = &[
    "::", "(", ")", "[", "]", ",", ".", "=", "+", "-", "*", "/", "%", ";", //
    "<", ">", "!", "?", ":", "|", "&", "^", "~",
];

/// Cuts a statement; with each word comes its offset in bytes.
///
/// # Errors
///
/// The place of what is none of these.
pub(super) fn words(text: &str) -> Result<Vec<(Word, usize)>, Refused> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let offset = text.len() - rest.len();
        let refuse =
            |Fault(found, expected)| Refused::at(Place::of(text, offset), &found, expected);
        let length = if first.is_ascii_whitespace() {
            1
        } else if let Some(comment) = comment_length(rest).map_err(refuse)? {
            comment
        } else {
            let (word, length) = word(rest, first).map_err(refuse)?;
            words.push((word, offset));
            length
        };
        rest = behind(rest, length);
    }
    Ok(words)
}

/// What is not taken, and what would be.
struct Fault(String, &'static str);

fn behind(text: &str, length: usize) -> &str {
    text.get(length..).unwrap_or_default()
}

fn comment_length(rest: &str) -> Result<Option<usize>, Fault> {
    if rest.starts_with("--") {
        return Ok(Some(rest.find('\n').unwrap_or(rest.len())));
    }
    let Some(comment) = rest.strip_prefix("/*") else {
        return Ok(None);
    };
    match comment.find("*/") {
        Some(end) => Ok(Some(end + 4)),
        None => Err(Fault("/*".to_owned(), "a comment that ends")),
    }
}

/// What `rest` begins with, and its length in bytes.
fn word(rest: &str, first: char) -> Result<(Word, usize), Fault> {
    if matches!(first, '\'' | '`' | '"') {
        let (inner, length) = quoted(rest, first)?;
        let word = if first == '\'' {
            Word::Text(inner)
        } else {
            Word::Name(inner)
        };
        return Ok((word, length));
    }
    if first.is_ascii_digit() {
        let length = number_length(rest);
        let number = rest.get(..length).unwrap_or_default();
        if behind(rest, length).starts_with(is_part) {
            return Err(Fault(number.to_owned(), "a decimal number"));
        }
        return Ok((Word::Number(number.to_owned()), length));
    }
    if is_part(first) {
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let plain = rest.get(..length).unwrap_or_default();
        return Ok((Word::Plain(plain.to_owned()), length));
    }
    match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
        Some(symbol) => Ok((Word::Symbol(symbol), symbol.len())),
        None => Err(Fault(
            first.to_string(),
            "plain letters, digits and signs outside of quotes, and the quotes ' ` and \"",
        )),
    }
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The length of `12`, `1.5`, `1000.` or `1e-9`.
fn number_length(rest: &str) -> usize {
    let digits = |from: usize| {
        let tail = behind(rest, from);
        tail.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(tail.len())
    };
    let mut length = digits(0);
    // ClickHouse writes `1000.` for a number with a fraction that has none.
    let fraction = behind(rest, length).strip_prefix('.');
    if fraction
        .is_some_and(|fraction| !fraction.starts_with(|c: char| is_part(c) && !c.is_ascii_digit()))
    {
        length += 1 + digits(length + 1);
    }
    if let Some(exponent) = behind(rest, length).strip_prefix(['e', 'E']) {
        let sign = usize::from(exponent.starts_with(['+', '-']));
        let count = digits(length + 1 + sign);
        if count > 0 {
            length += 1 + sign + count;
        }
    }
    length
}

/// What stands between two marks, and the length with them.
fn quoted(rest: &str, mark: char) -> Result<(String, usize), Fault> {
    let mut inner = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((index, c)) = chars.next() {
        if c == mark {
            if chars.next_if(|(_, next)| *next == mark).is_none() {
                return Ok((inner, index + mark.len_utf8()));
            }
            inner.push(mark);
        } else if c == '\\' {
            let escaped = chars.next().map_or('\0', |(_, escaped)| escaped);
            let Some(meant) = unescaped(escaped) else {
                return Err(Fault(
                    format!("\\{escaped}"),
                    "the character itself, or one of the escapes \\\\ \\' \\` \\\" \\n \\r \\t \\b \\f \\0",
                ));
            };
            inner.push(meant);
        } else {
            inner.push(c);
        }
    }
    Err(Fault(mark.to_string(), "a closing quote"))
}

const fn unescaped(escaped: char) -> Option<char> {
    match escaped {
        '\\' | '\'' | '`' | '"' => Some(escaped),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        '0' => Some('\0'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Word, words};

    fn cut(text: &str) -> Vec<Word> {
        let words = words(text).unwrap_or_else(|refused| panic!("{text}: {refused}"));
        words.into_iter().map(|(word, _)| word).collect()
    }

    #[test]
    fn quotes_and_escapes_are_taken_off() {
        let name = |text: &str| Word::Name(text.to_owned());
        let text = |text: &str| Word::Text(text.to_owned());
        assert_eq!(
            cut(r#"`a``b\`c\\` "“x”""y" 'it''s\n“'"#),
            [name("a`b`c\\"), name("“x”\"y"), text("it's\n“")]
        );
    }

    #[test]
    fn numbers_end_where_they_end() {
        let number = |text: &str| Word::Number(text.to_owned());
        assert_eq!(
            cut("1 2.5 3e-9 1000."),
            [number("1"), number("2.5"), number("3e-9"), number("1000.")]
        );
        assert_eq!(
            cut("1.a"),
            [number("1"), Word::Symbol("."), Word::Plain("a".to_owned())]
        );
    }

    #[test]
    fn comments_are_left_out() {
        assert_eq!(
            cut("a -- ' b\n/* \" */c"),
            [Word::Plain("a".to_owned()), Word::Plain("c".to_owned())]
        );
    }

    #[test]
    fn anything_else_is_refused_with_its_place() {
        for (text, place) in [
            ("a\n “b”", "line 2, column 2"),
            ("$a$", "line 1, column 1"),
            ("a # b", "line 1, column 3"),
            ("{x}", "line 1, column 1"),
            ("'a", "line 1, column 1"),
            (r"`\x41`", "line 1, column 1"),
            ("/* a", "line 1, column 1"),
            ("0x10", "line 1, column 1"),
            ("1a", "line 1, column 1"),
            ("a\u{a0}b", "line 1, column 2"),
            ("üb", "line 1, column 1"),
        ] {
            let refused = words(text).unwrap_err().to_string();
            assert!(refused.contains(place), "{text}: {refused}");
        }
    }
}
