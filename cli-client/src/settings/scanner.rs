//! Reads names and values from one argument, from left to right.
//!
//! `names` and `filter` use it. It must never look at more than the text: what a word means is
//! theirs to say.

use std::str::Chars;

/// Why an argument cannot be read. The texts follow clap's `invalid value '…' for '…':`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParseError {
    /// Nothing where something is needed.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A quote without its partner.
    #[error("{0} is opened and not closed")]
    Unclosed(char),
    /// Text behind what should be the end.
    #[error("unexpected `{0}`")]
    Unexpected(String),
    /// A table with more than two parts.
    #[error("a table is `db.table` or `table`; a name with a dot stands in backticks")]
    TooManyParts,
    /// An ordering other than asc and desc.
    #[error("`{0}` is not a direction: asc or desc")]
    Direction(String),
    /// An operator that does not exist.
    #[error(
        "`{0}` is not an operator: = != < <= > >= LIKE, ILIKE, IN, BETWEEN (each with NOT), IS NULL, IS NOT NULL"
    )]
    Operator(String),
    /// A bare NULL as a value.
    #[error("NULL is not a value: use IS NULL or IS NOT NULL, or quote the text 'NULL'")]
    Null,
    /// Two conditions in one.
    #[error(
        "conditions that must all hold go into a --where each; quote a value that holds the word AND or OR"
    )]
    Joined,
    /// Not what the flag takes.
    #[error("{0}")]
    Text(&'static str),
}

/// A position in an argument.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'a> {
    chars: Chars<'a>,
}

impl<'a> Scanner<'a> {
    /// Begins at the first character that is not white space.
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            chars: text.trim().chars(),
        }
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'a str {
        self.chars.as_str()
    }

    /// The next character, left where it is.
    pub(super) fn peek(&self) -> Option<char> {
        self.chars.clone().next()
    }

    /// Skips white space.
    pub(super) fn skip_space(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// Takes the character if it is the next one.
    pub(super) fn take(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        if found {
            self.chars.next();
        }
        found
    }

    /// Takes characters as long as they belong.
    pub(super) fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(next) = self.peek().filter(|next| belongs(*next)) {
            taken.push(next);
            self.chars.next();
        }
        taken
    }

    /// Takes a text in quotes if the next character is one of them; inside it the quote is doubled.
    pub(super) fn quoted(&mut self, quotes: &[char]) -> Result<Option<String>, ParseError> {
        let Some(quote) = self.peek().filter(|next| quotes.contains(next)) else {
            return Ok(None);
        };
        self.chars.next();
        let mut taken = String::new();
        while let Some(next) = self.chars.next() {
            if next != quote {
                taken.push(next);
            } else if self.take(quote) {
                taken.push(quote);
            } else {
                return Ok(Some(taken));
            }
        }
        Err(ParseError::Unclosed(quote))
    }

    /// Takes a name in backticks, or a bare one up to one of the stops.
    pub(super) fn name(
        &mut self,
        what: &'static str,
        is_stop: impl Fn(char) -> bool,
    ) -> Result<String, ParseError> {
        self.skip_space();
        let name = match self.quoted(&['`'])? {
            Some(name) => name,
            None => self.take_while(|next| !is_stop(next)).trim_end().to_owned(),
        };
        self.skip_space();
        if name.is_empty() {
            return Err(ParseError::Missing(what));
        }
        Ok(name)
    }

    /// Requires that everything has been read.
    pub(super) fn end(&mut self) -> Result<(), ParseError> {
        self.skip_space();
        match self.rest() {
            "" => Ok(()),
            rest => Err(ParseError::Unexpected(rest.to_owned())),
        }
    }
}
