//! The text of Arrays, Maps and Tuples cut into its parts: brackets, separators and scalars.
//!
//! [`super::super::builder`] calls it and knows from the type what comes next; it must never skip
//! anything but white space, nor look at what a scalar means.
//!
//! How this works: the forms are those in which ClickHouse writes values (`[1,NULL]`, `{'a':1}`,
//! `(1,'it\'s')`), and JSON. A text in single quotes has ClickHouse's escapes, one in double quotes
//! those of JSON. Anything else up to the next separator is a plain scalar: a number, a date, a word.

mod braces;
mod escape;

use super::Reason;
use crate::json::Syntax;
pub use braces::array_in_braces;
use escape::{unescape_json, unescape_sql};

/// What stands for NULL, in any case.
const NULL: &[u8] = b"null";

/// Where in a container a scalar stands, which says what ends it unless it stands in quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// An element of an Array or Tuple: up to a comma or a closing bracket.
    Element,
    /// The key of a Map: up to a colon.
    Key,
    /// The value of a Map or of a named element: up to a comma or a closing brace.
    Value,
}

impl Place {
    const fn ends_at(self, byte: u8) -> bool {
        match self {
            Self::Element => matches!(byte, b',' | b']' | b')'),
            Self::Key => matches!(byte, b':' | b',' | b'}'),
            Self::Value => matches!(byte, b',' | b'}'),
        }
    }
}

/// A scalar inside a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// A text that stood in quotes, unescaped.
    Quoted(&'a [u8]),
    /// A text without quotes and without white space around it, never empty and not NULL.
    Plain(&'a [u8]),
    /// The word NULL in any case, without quotes.
    Null,
}

/// The rest of the text of one cell.
#[derive(Debug)]
pub struct Cursor<'c> {
    rest: &'c [u8],
    /// Takes the text of a scalar that had escapes.
    scratch: &'c mut Vec<u8>,
}

impl<'c> Cursor<'c> {
    /// Starts at the beginning of a cell. `scratch` may hold anything and is overwritten.
    #[must_use]
    pub const fn new(cell: &'c [u8], scratch: &'c mut Vec<u8>) -> Self {
        Self {
            rest: cell,
            scratch,
        }
    }

    /// Returns the next byte that is not white space, without taking it.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        while let Some((byte, rest)) = self.rest.split_first()
            && is_space(*byte)
        {
            self.rest = rest;
        }
        self.rest.first().copied()
    }

    /// Returns whether the word NULL comes next, in any case and without quotes.
    pub fn is_at_null(&mut self) -> bool {
        self.peek().is_some_and(|byte| byte | 32 == b'n')
            && self
                .rest
                .split_at_checked(NULL.len())
                .is_some_and(|(word, rest)| {
                    word.eq_ignore_ascii_case(NULL)
                        && !rest.first().is_some_and(u8::is_ascii_alphanumeric)
                })
    }

    /// Takes the next byte that is not white space if it is `byte`.
    #[inline]
    pub fn take_if(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        if is_next {
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
        is_next
    }

    /// Takes the next byte that is not white space, which must be `byte`.
    ///
    /// # Errors
    ///
    /// [`Reason::InvalidNested`].
    #[inline]
    pub fn take(&mut self, byte: u8) -> Result<(), Reason> {
        if self.take_if(byte) {
            Ok(())
        } else {
            Err(Reason::InvalidNested)
        }
    }

    /// Takes what follows an element: true for a comma, behind which another one must stand, and
    /// false for `closing`.
    ///
    /// # Errors
    ///
    /// [`Reason::InvalidNested`] for anything else.
    #[inline]
    pub fn take_comma(&mut self, closing: u8) -> Result<bool, Reason> {
        if self.take_if(b',') {
            return Ok(true);
        }
        self.take(closing).map(|()| false)
    }

    /// Takes a scalar.
    ///
    /// # Errors
    ///
    /// [`Reason::InvalidNested`] when there is none, when a container stands in its place, when nothing
    /// ends it, or when its quotes hold an escape that stands for nothing.
    pub fn take_scalar(&mut self, place: Place) -> Result<Token<'_>, Reason> {
        match self.peek() {
            Some(b'\'') => self.take_quoted(b'\''),
            Some(b'"') => self.take_quoted(b'"'),
            Some(b'[' | b'(' | b'{') | None => Err(Reason::InvalidNested),
            Some(_) => self.take_plain(place),
        }
    }

    /// Takes a value of JSON, whatever it holds, as it is written.
    ///
    /// # Errors
    ///
    /// [`Reason::InvalidNested`] when it is none.
    pub fn take_json(&mut self) -> Result<&'c [u8], Reason> {
        self.peek();
        let mut syntax = Syntax::new(self.rest);
        self.scratch.clear();
        let value = syntax.value(self.scratch);
        value.map_err(|_| Reason::InvalidNested)?;
        let (value, rest) = self.rest.split_at(syntax.offset());
        self.rest = rest;
        Ok(value)
    }

    /// Takes the name of an element: a text in quotes.
    ///
    /// # Errors
    ///
    /// [`Reason::InvalidNested`] for anything else.
    pub fn take_name(&mut self) -> Result<&[u8], Reason> {
        match self.take_scalar(Place::Key)? {
            Token::Quoted(name) => Ok(name),
            Token::Plain(_) | Token::Null => Err(Reason::InvalidNested),
        }
    }

    /// Checks that nothing but white space is left.
    ///
    /// # Errors
    ///
    /// [`Reason::InvalidNested`].
    pub fn finish(mut self) -> Result<(), Reason> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(Reason::InvalidNested),
        }
    }

    fn take_plain(&mut self, place: Place) -> Result<Token<'_>, Reason> {
        let end = self.rest.iter().position(|byte| place.ends_at(*byte));
        let (text, rest) = self.rest.split_at(end.ok_or(Reason::InvalidNested)?);
        self.rest = rest;
        let length = text.iter().rposition(|byte| !is_space(*byte));
        match text.get(..length.map_or(0, |last| last + 1)) {
            None | Some([]) => Err(Reason::InvalidNested),
            Some(word) if word.eq_ignore_ascii_case(NULL) => Ok(Token::Null),
            Some(text) => Ok(Token::Plain(text)),
        }
    }

    /// Takes a text in quotes; the next byte is the opening one.
    fn take_quoted(&mut self, quote: u8) -> Result<Token<'_>, Reason> {
        let text = self.rest.get(1..).unwrap_or_default();
        let special = memchr::memchr2(quote, b'\\', text).ok_or(Reason::InvalidNested)?;
        let (plain, rest) = text.split_at(special);
        let is_doubled = quote == b'\'' && rest.starts_with(b"''");
        if rest.first() == Some(&quote) && !is_doubled {
            self.rest = rest.get(1..).unwrap_or_default();
            return Ok(Token::Quoted(plain));
        }
        self.scratch.clear();
        self.scratch.extend_from_slice(plain);
        let rest = if quote == b'\'' {
            unescape_sql(rest, self.scratch)
        } else {
            unescape_json(rest, self.scratch)
        };
        self.rest = rest.ok_or(Reason::InvalidNested)?;
        Ok(Token::Quoted(self.scratch))
    }
}

/// Returns whether a byte is white space to ClickHouse.
const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

#[cfg(test)]
mod tests {
    use super::{Cursor, Place, Reason, Token};

    /// Returns the scalar at the start of a text and what is left behind it.
    fn scalar(text: &str, place: Place) -> Result<(String, String), Reason> {
        let mut scratch = vec![b'?'];
        let mut cursor = Cursor::new(text.as_bytes(), &mut scratch);
        let token = match cursor.take_scalar(place)? {
            Token::Quoted(bytes) => format!("quoted {}", String::from_utf8_lossy(bytes)),
            Token::Plain(bytes) => format!("plain {}", String::from_utf8_lossy(bytes)),
            Token::Null => "null".to_owned(),
        };
        let rest = String::from_utf8_lossy(cursor.rest).into_owned();
        Ok((token, rest))
    }

    #[test]
    fn a_plain_scalar_ends_where_its_place_says() {
        for (text, place, token, rest) in [
            ("1,2]", Place::Element, "plain 1", ",2]"),
            (" 10:00 ]", Place::Element, "plain 10:00", "]"),
            ("1)", Place::Element, "plain 1", ")"),
            ("1},", Place::Element, "plain 1}", ","),
            ("1:2}", Place::Key, "plain 1", ":2}"),
            ("10:00}", Place::Value, "plain 10:00", "}"),
            ("a b , c", Place::Value, "plain a b", ", c"),
            ("null}", Place::Value, "null", "}"),
            ("nullx}", Place::Value, "plain nullx", "}"),
        ] {
            let expected = Ok((token.to_owned(), rest.to_owned()));
            assert_eq!(scalar(text, place), expected, "{text}");
        }
    }

    #[test]
    fn a_scalar_in_quotes_ends_with_them() {
        for (text, token, rest) in [
            ("'a' ,", "quoted a", " ,"),
            ("''", "quoted ", ""),
            ("'''',", "quoted '", ","),
            ("'a''b''','c'", "quoted a'b'", ",'c'"),
            (r"'\\',''", r"quoted \", ",''"),
            (r#""a""b""#, "quoted a", r#""b""#),
            (r#""it's\n""#, "quoted it's\n", ""),
            ("'null'", "quoted null", ""),
        ] {
            let expected = Ok((token.to_owned(), rest.to_owned()));
            assert_eq!(scalar(text, Place::Key), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_scalar_is_refused() {
        for text in [
            "", " ", "1", "1}", ",", "]", "[1]", "{}", "(1)", "'", "\"", "'\\", "'''", "\"\\\"",
        ] {
            let result = scalar(text, Place::Element);
            assert_eq!(result, Err(Reason::InvalidNested), "{text}");
        }
    }
}
