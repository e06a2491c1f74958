//! A query that a caller wrote: checked to be one SELECT as far as its outline shows.
//!
//! Used by `catalog` and `transfer::export`. What it lets through still runs read-only inside
//! `DESCRIBE TABLE (…)` first, so the database itself refuses what is no SELECT; the checks here
//! exist for clear errors, but for two: the function `file` reads any file of the machine of an embedded
//! ClickHouse, read-only or not; and SETTINGS in a subquery lift `readonly`, which SETTINGS of the whole
//! query cannot. Both are refused here. It never rewrites a query beyond cutting off a final `;`.

use crate::clickhouse::error::{Error, Result};

/// The text of one SELECT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectQuery {
    text: String,
}

impl SelectQuery {
    /// Takes the query of a caller.
    ///
    /// # Errors
    ///
    /// [`Error::NotASelect`] when it is empty, begins with something else than SELECT, WITH or
    /// FROM, or holds more than one statement.
    pub fn new(text: &str) -> Result<Self> {
        let tokens = tokens(text);
        let first = tokens.iter().find(|token| token.text != "(");
        match first {
            None => return Err(not_a_select("it is empty")),
            Some(token) if ["SELECT", "WITH", "FROM"].iter().any(|word| token.is(word)) => {}
            Some(token) => {
                let reason = format!("it begins with {:?}, not with SELECT or WITH", token.text);
                return Err(not_a_select(reason));
            }
        }
        if reads_files(&tokens) {
            return Err(not_a_select(
                "the function file is not for callers; write a column of that name with its table, \
                 as t.file",
            ));
        }
        if evaluates(&tokens) {
            return Err(not_a_select("the function eval is not for callers"));
        }
        if has_settings(&tokens) {
            return Err(not_a_select("leave out SETTINGS, they are the server's"));
        }
        let mut before_semicolon = text;
        if let Some(position) = tokens.iter().position(|token| token.text == ";") {
            if tokens.iter().skip(position).any(|token| token.text != ";") {
                return Err(not_a_select("a second statement follows the ;, send one"));
            }
            let end = tokens.get(position).map_or(text.len(), |token| token.start);
            before_semicolon = text.get(..end).unwrap_or(text);
        }
        Ok(Self {
            text: before_semicolon.trim().to_owned(),
        })
    }

    /// The query without a final `;`. It may end with a comment, so a newline must follow it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Explains a syntax error, where a clause at the end is the likely cause.
    pub(crate) fn explain(&self, error: Error) -> Error {
        let is_syntax = matches!(&error, Error::InvalidQuery(exception) if exception.code == 62);
        if !is_syntax {
            return error;
        }
        let tokens = tokens(&self.text);
        let has_outfile = tokens
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if a.is("INTO") && b.is("OUTFILE")));
        let has_format = tokens
            .iter()
            .rev()
            .nth(1)
            .is_some_and(|token| token.is("FORMAT"));
        if has_outfile {
            not_a_select("leave out INTO OUTFILE, the result goes to the caller")
        } else if has_format {
            not_a_select("leave out FORMAT, the format of the file is chosen by the request")
        } else {
            error
        }
    }
}

/// The error for a text that is not one SELECT.
fn not_a_select(reason: impl Into<String>) -> Error {
    Error::NotASelect {
        reason: reason.into(),
    }
}

/// A word, a quoted text or a single symbol of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    start: usize,
}

impl<'a> Token<'a> {
    /// The name that it is, if it is one; quoted or not.
    pub(super) fn name(&self) -> &'a str {
        let quotes = ['`', '"'];
        self.text.trim_matches(quotes)
    }

    /// Whether it is a quoted name with an escape in it that may stand for any character.
    pub(super) fn is_escaped_name(&self) -> bool {
        let plain = ["\\\\", "\\`", "\\\""];
        let removed = |text: String, escape: &&str| text.replace(*escape, "");
        self.text.starts_with(['`', '"'])
            && plain
                .iter()
                .fold(self.text.to_owned(), removed)
                .contains('\\')
    }

    /// Whether it can be the name of a function.
    fn is_name(&self) -> bool {
        self.text
            .starts_with(|c: char| is_word(c) || "`\"".contains(c))
    }

    pub(super) fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }
}

/// Words before a parenthesis that open no call of a function.
const KEYWORDS: [&str; 13] = [
    "AND", "AS", "BY", "ELSE", "IN", "KEY", "NOT", "ON", "OR", "THEN", "USING", "WHEN", "WHERE",
];

/// Whether the function that reads files of the machine may be meant: called by its name, by `APPLY`,
/// or handed to another function, as in `arrayMap(file, …)`. A column of that name looks the same
/// there, unless its table stands before it.
pub(super) fn reads_files(tokens: &[Token<'_>]) -> bool {
    let mut calls = Vec::new();
    tokens.iter().enumerate().any(|(index, token)| {
        let before = index.checked_sub(1).and_then(|index| tokens.get(index));
        let is_after = |word: &str| before.is_some_and(|before| before.is(word));
        let is_before = |word: &str| tokens.get(index + 1).is_some_and(|next| next.is(word));
        let is_argument = calls.last() == Some(&true);
        match token.text {
            "(" => {
                let is_query = ["SELECT", "WITH", "FROM"].into_iter().any(is_before);
                let is_call = before.is_some_and(Token::is_name)
                    && !KEYWORDS.iter().any(|word| is_after(word));
                calls.push(!is_query && (is_call || is_argument));
            }
            ")" => drop(calls.pop()),
            _ => {}
        }
        let is_handed = is_argument && !is_after(".") && !is_after("AS");
        let is_file = token.name().eq_ignore_ascii_case("file") || token.is_escaped_name();
        is_file && (is_before("(") || is_after("APPLY") || is_handed)
    })
}

/// Whether a function is called that runs the text of a query.
fn evaluates(tokens: &[Token<'_>]) -> bool {
    tokens.windows(2).any(|pair| {
        matches!(pair, [name, open] if name.name().eq_ignore_ascii_case("eval") && open.text == "(")
    })
}

/// Whether there is a clause SETTINGS anywhere, and not just a column of that name.
fn has_settings(tokens: &[Token<'_>]) -> bool {
    tokens.iter().enumerate().any(|(index, token)| {
        let text = |ahead: usize| tokens.get(index + ahead).map_or("", |token| token.text);
        let is_order = ["ASC", "DESC"]
            .iter()
            .any(|word| text(1).eq_ignore_ascii_case(word));
        let is_name = text(1).starts_with(|c: char| is_word(c) || "`\"{".contains(c)) && !is_order;
        let is_end = ["", "=", ",", ")", ";", "."].contains(&text(2));
        token.is("SETTINGS") && is_name && (is_end || text(1).starts_with('{'))
    })
}

/// Cuts a query into tokens; blanks and comments are left out. What is never closed runs to the end.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(rest) = text.get(start..).filter(|rest| !rest.is_empty()) {
        let (length, is_token) = lexeme(rest);
        if is_token {
            let text = rest.get(..length).unwrap_or(rest);
            tokens.push(Token { text, start });
        }
        start += length;
    }
    tokens
}

/// The length of what `rest` begins with, in bytes, at least 1; and whether it means anything.
fn lexeme(rest: &str) -> (usize, bool) {
    let Some(first) = rest.chars().next() else {
        return (1, false);
    };
    if first.is_whitespace() {
        return (first.len_utf8(), false);
    }
    if rest.starts_with("--") || rest.starts_with("# ") || rest.starts_with("#!") {
        return (rest.find('\n').map_or(rest.len(), |end| end + 1), false);
    }
    if let Some(comment) = rest.strip_prefix("/*") {
        return (comment.find("*/").map_or(rest.len(), |end| end + 4), false);
    }
    if matches!(first, '\'' | '"' | '`') {
        return (quoted_length(rest, first), true);
    }
    if let Some(length) = heredoc_length(rest) {
        return (length, true);
    }
    if is_word(first) {
        return (rest.find(|c| !goes_on(c)).unwrap_or(rest.len()), true);
    }
    (first.len_utf8(), true)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// ClickHouse takes `a$b$` for one word, so it must not begin a heredoc here.
fn goes_on(c: char) -> bool {
    is_word(c) || c == '$'
}

/// The length of a quoted text with its marks. A doubled mark reads as two texts in a row, which
/// is all the same here.
fn quoted_length(rest: &str, mark: char) -> usize {
    let mut is_escaped = false;
    for (index, c) in rest.char_indices().skip(1) {
        if is_escaped {
            is_escaped = false;
        } else if c == '\\' {
            is_escaped = true;
        } else if c == mark {
            return index + 1;
        }
    }
    rest.len()
}

/// The length of `$tag$ … $tag$`.
fn heredoc_length(rest: &str) -> Option<usize> {
    let tag_end = rest.strip_prefix('$')?.find('$')? + 2;
    let (tag, body) = rest.split_at_checked(tag_end)?;
    let is_tag = tag.trim_matches('$').chars().all(is_word);
    let close = body.find(tag).filter(|_| is_tag)?;
    Some(tag_end + close + tag_end)
}

#[cfg(test)]
mod tests;
