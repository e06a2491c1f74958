//! Goes through the words of a CREATE TABLE, and says where one is not taken.
//!
//! Used by the parts of `create::caller`. It knows nothing of what the words mean.

use std::{collections::HashSet, fmt};

use super::words::{Word, words};
use crate::clickhouse::sql::quote_identifier;

/// How deep types and expressions may be nested.
const MAX_DEPTH: usize = 32;

/// Where something stands, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    line: usize,
    column: usize,
}

impl Place {
    /// The place of a byte of a text.
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        }
    }
}

/// What is not taken, and what would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    place: Place,
    found: String,
    expected: String,
}

impl Refused {
    pub(super) fn at(place: Place, found: &str, expected: &str) -> Self {
        Self {
            place,
            found: found.to_owned(),
            expected: expected.to_owned(),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { line, column } = self.place;
        let found = match self.found.as_str() {
            "" => "its end".to_owned(),
            found => format!("{found:?}"),
        };
        write!(
            formatter,
            "is not taken at line {line}, column {column}: {found} stands where this is allowed: {}",
            self.expected
        )
    }
}

/// A place in a statement.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    /// Each with its offset in the text.
    words: Vec<(Word, usize)>,
    position: usize,
    depth: usize,
    /// The columns that have been read.
    columns: HashSet<String>,
    /// Names in expressions, which must be of columns; those may come later.
    used: Vec<(Vec<String>, usize)>,
}

impl<'a> Cursor<'a> {
    /// At the beginning of a statement.
    ///
    /// # Errors
    ///
    /// It cannot be cut into words.
    pub(super) fn new(text: &'a str) -> Result<Self, Refused> {
        Ok(Self {
            text,
            words: words(text)?,
            position: 0,
            depth: 0,
            columns: HashSet::new(),
            used: Vec::new(),
        })
    }

    pub(super) fn peek(&self) -> Option<&Word> {
        self.words.get(self.position).map(|(word, _)| word)
    }

    fn peek_behind(&self, count: usize) -> Option<&Word> {
        self.words.get(self.position + count).map(|(word, _)| word)
    }

    pub(super) fn take(&mut self) -> Option<Word> {
        let word = self.peek().cloned();
        self.position += 1;
        word
    }

    fn offset(&self) -> usize {
        let word = self.words.get(self.position);
        word.map_or(self.text.len(), |(_, offset)| *offset)
    }

    fn refuse_at(&self, offset: usize, found: &str, expected: &str) -> Refused {
        Refused::at(Place::of(self.text, offset), found, expected)
    }

    /// Refuses what comes next.
    pub(super) fn refuse(&self, expected: &str) -> Refused {
        let found = match self.peek() {
            None => "",
            Some(Word::Plain(text) | Word::Name(text) | Word::Text(text) | Word::Number(text)) => {
                text
            }
            Some(Word::Symbol(symbol)) => symbol,
        };
        let found: String = found.chars().take(64).collect();
        self.refuse_at(self.offset(), &found, expected)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.peek().is_none()
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self.peek(), Some(Word::Symbol(found)) if *found == symbol)
    }

    pub(super) fn is_symbol_behind(&self, symbol: &str) -> bool {
        matches!(self.peek_behind(1), Some(Word::Symbol(found)) if *found == symbol)
    }

    pub(super) fn is_number_behind(&self) -> bool {
        matches!(self.peek_behind(1), Some(Word::Number(_)))
    }

    /// Whether a word of the language comes next, in any case and without quotes.
    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Word::Plain(found)) if found.eq_ignore_ascii_case(word))
    }

    pub(super) fn take_symbol(&mut self, symbol: &str) -> bool {
        let is_next = self.is_symbol(symbol);
        self.position += usize::from(is_next);
        is_next
    }

    /// Takes some words in a row, or none of them.
    pub(super) fn take_words(&mut self, words: &[&str]) -> bool {
        let start = self.position;
        for word in words {
            if !self.is_word(word) {
                self.position = start;
                return false;
            }
            self.position += 1;
        }
        true
    }

    pub(super) fn expect_words(&mut self, words: &[&str]) -> Result<(), Refused> {
        if self.take_words(words) {
            return Ok(());
        }
        Err(self.refuse(&words.join(" ")))
    }

    pub(super) fn expect_symbol(&mut self, symbol: &str, what: &str) -> Result<(), Refused> {
        if self.take_symbol(symbol) {
            return Ok(());
        }
        Err(self.refuse(what))
    }

    /// A name, in quotes or without.
    pub(super) fn name(&mut self, what: &str) -> Result<String, Refused> {
        match self.peek() {
            Some(Word::Plain(name) | Word::Name(name)) if !name.is_empty() => {
                let name = name.clone();
                self.position += 1;
                Ok(name)
            }
            _ => Err(self.refuse(what)),
        }
    }

    /// A text in apostrophes.
    pub(super) fn text(&mut self, what: &str) -> Result<String, Refused> {
        match self.peek() {
            Some(Word::Text(text)) => {
                let text = text.clone();
                self.position += 1;
                Ok(text)
            }
            _ => Err(self.refuse(what)),
        }
    }

    /// A number without a sign.
    pub(super) fn number(&mut self, what: &str) -> Result<String, Refused> {
        match self.peek() {
            Some(Word::Number(number)) => {
                let number = number.clone();
                self.position += 1;
                Ok(number)
            }
            _ => Err(self.refuse(what)),
        }
    }

    /// A number without a sign and a fraction.
    pub(super) fn whole_number(&mut self, what: &str) -> Result<String, Refused> {
        let is_whole = matches!(self.peek(), Some(Word::Number(number))
            if number.bytes().all(|byte| byte.is_ascii_digit()));
        if is_whole {
            return self.number(what);
        }
        Err(self.refuse(what))
    }

    /// A number that may have a sign.
    pub(super) fn signed_number(&mut self, what: &str) -> Result<String, Refused> {
        let sign = if self.take_symbol("-") { "-" } else { "" };
        Ok(format!("{sign}{}", self.number(what)?))
    }

    /// One of a list of names, in any case, as the list has it.
    pub(super) fn one_of(
        &mut self,
        names: &[&'static str],
        what: &str,
    ) -> Result<&'static str, Refused> {
        let Some(Word::Plain(found) | Word::Name(found)) = self.peek() else {
            return Err(self.refuse(what));
        };
        let known = names.iter().find(|name| name.eq_ignore_ascii_case(found));
        match known.copied() {
            Some(known) => {
                self.position += 1;
                Ok(known)
            }
            None => Err(self.refuse(what)),
        }
    }

    /// One thing or more with commas in between, up to and with `end`.
    pub(super) fn list<T>(
        &mut self,
        end: &str,
        mut item: impl FnMut(&mut Self) -> Result<T, Refused>,
    ) -> Result<Vec<T>, Refused> {
        let mut items = Vec::new();
        loop {
            items.push(item(self)?);
            if self.take_symbol(end) {
                return Ok(items);
            }
            self.expect_symbol(",", &format!("a comma, or {end}"))?;
        }
    }

    /// The same in parentheses that may be empty, or not be there at all.
    pub(super) fn optional_list<T>(
        &mut self,
        item: impl FnMut(&mut Self) -> Result<T, Refused>,
    ) -> Result<Vec<T>, Refused> {
        if !self.take_symbol("(") || self.take_symbol(")") {
            return Ok(Vec::new());
        }
        self.list(")", item)
    }

    /// Reads something that may hold others of its kind.
    pub(super) fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        if self.depth == MAX_DEPTH {
            return Err(self.refuse(&format!("at most {MAX_DEPTH} within one another")));
        }
        self.depth += 1;
        let outcome = read(self);
        self.depth -= 1;
        outcome
    }

    /// Remembers a column.
    pub(super) fn declare(&mut self, column: String) {
        self.columns.insert(column);
    }

    /// The name of a column or of a part of one, as it is to be written.
    pub(super) fn column(&mut self) -> Result<String, Refused> {
        let offset = self.offset();
        let mut path = vec![self.name("the name of a column, a value or a function")?];
        while self.is_symbol(".") {
            self.position += 1;
            path.push(self.name("the name of a part of a column")?);
        }
        let quoted: Vec<_> = path.iter().map(|part| quote_identifier(part)).collect();
        self.used.push((path, offset));
        Ok(quoted.join("."))
    }

    /// Whether all columns that were named are there.
    pub(super) fn check_columns(&self) -> Result<(), Refused> {
        let is_there = |path: &[String]| {
            let first = path
                .first()
                .is_some_and(|first| self.columns.contains(first));
            first || self.columns.contains(&path.join("."))
        };
        match self.used.iter().find(|(path, _)| !is_there(path)) {
            Some((path, offset)) => Err(self.refuse_at(
                *offset,
                &path.join("."),
                "the name of a column of this table",
            )),
            None => Ok(()),
        }
    }
}
