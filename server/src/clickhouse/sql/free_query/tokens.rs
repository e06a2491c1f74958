//! Cuts a query into words, names, texts and symbols, in the form that ClickHouse itself writes.
//!
//! Used by `free_query` only. It reads less than ClickHouse does: no comments, no heredocs, no parameters,
//! nothing but ASCII outside of quotes. ClickHouse writes none of them, and whatever is not read here
//! is refused, so that there is nothing that the two could read in different ways.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word without quotes: a name, or a word of the language.
    Word,
    /// A name in quotes.
    Name,
    /// A text in apostrophes.
    Text,
    /// What begins with a digit.
    Number,
    /// One character that is none of these.
    Symbol,
}

/// One of the parts of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    /// As it stands there; a name without its quotes.
    pub(super) text: &'a str,
}

impl Token<'_> {
    /// Whether it is this word of the language, in any case.
    pub(super) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is this symbol.
    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }

    /// Whether it may be a name.
    pub(super) fn is_name(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Name)
    }

    /// Whether it may stand behind a name. If it may not, what stands before it is no name but a word of
    /// the language.
    pub(super) fn is_follower(&self) -> bool {
        self.kind == Kind::Symbol || FOLLOWERS.iter().any(|word| self.is(word))
    }
}

/// Words that may follow a name without a comma in between, as ClickHouse writes a query.
const FOLLOWERS: [&str; 48] = [
    "AND",
    "ANTI",
    "ANY",
    "ARRAY",
    "AS",
    "ASC",
    "ASOF",
    "BETWEEN",
    "BY",
    "COLLATE",
    "CROSS",
    "DESC",
    "DIV",
    "EXCEPT",
    "FINAL",
    "FROM",
    "FULL",
    "GLOBAL",
    "GROUP",
    "HAVING",
    "IGNORE",
    "ILIKE",
    "IN",
    "INNER",
    "INTERPOLATE",
    "INTERSECT",
    "IS",
    "JOIN",
    "LEFT",
    "LIKE",
    "LIMIT",
    "MOD",
    "NOT",
    "NULLS",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "PASTE",
    "PREWHERE",
    "QUALIFY",
    "REGEXP",
    "RESPECT",
    "RIGHT",
    "SAMPLE",
    "UNION",
    "WHERE",
    "WITH",
];

/// The symbols that ClickHouse writes in a SELECT.
const SYMBOLS: &str = "()[],.*+-/%=<>!?:|^";

/// Cuts a query.
///
/// # Errors
///
/// What has no place in a query, in words.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first.is_ascii_whitespace() {
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        let (kind, length) = lexeme(rest, first)?;
        let (token, behind) = rest.split_at_checked(length).ok_or("it is cut")?;
        let inner = || token.get(1..length - 1).unwrap_or_default();
        tokens.push(Token {
            kind,
            text: if kind == Kind::Name { inner() } else { token },
        });
        rest = behind;
    }
    Ok(tokens)
}

/// What `rest` begins with, and its length in bytes.
fn lexeme(rest: &str, first: char) -> Result<(Kind, usize), String> {
    if first == '\'' {
        return Ok((Kind::Text, quoted_length(rest, first)?));
    }
    if matches!(first, '`' | '"') {
        return Ok((Kind::Name, quoted_length(rest, first)?));
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if is_part(first) {
        let kind = if first.is_ascii_digit() {
            Kind::Number
        } else {
            Kind::Word
        };
        return Ok((kind, rest.find(|c| !is_part(c)).unwrap_or(rest.len())));
    }
    if ["--", "/*"].iter().any(|comment| rest.starts_with(comment)) {
        return Err("it holds a comment within an expression".to_owned());
    }
    if first == '{' {
        return Err("parameters ({name:Type}) have no values here, write the values".to_owned());
    }
    if SYMBOLS.contains(first) {
        return Ok((Kind::Symbol, 1));
    }
    Err(format!("{first:?} has no place in it"))
}

/// The length of a quoted text with its marks. A doubled mark is one in the text.
fn quoted_length(rest: &str, mark: char) -> Result<usize, String> {
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((index, c)) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if c == mark && chars.next_if(|(_, next)| *next == mark).is_none() {
            return Ok(index + 1);
        }
    }
    Err(format!("a {mark} is not closed"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Kind, tokens};

    fn check(text: &str, expected: &[(Kind, &str)]) {
        let found = tokens(text).unwrap_or_else(|reason| panic!("{text}: {reason}"));
        let found: Vec<_> = found.iter().map(|token| (token.kind, token.text)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_query_is_cut_where_clickhouse_cuts_it() {
        use Kind::{Name, Number, Symbol, Text, Word};
        check(
            r"SELECT `a\`b``c`, 'x\'y''“' FROM t1 WHERE (a.1) >= -1.5e3",
            &[
                (Word, "SELECT"),
                (Name, r"a\`b``c"),
                (Symbol, ","),
                (Text, r"'x\'y''“'"),
                (Word, "FROM"),
                (Word, "t1"),
                (Word, "WHERE"),
                (Symbol, "("),
                (Word, "a"),
                (Symbol, "."),
                (Number, "1"),
                (Symbol, ")"),
                (Symbol, ">"),
                (Symbol, "="),
                (Symbol, "-"),
                (Number, "1"),
                (Symbol, "."),
                (Number, "5e3"),
            ],
        );
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not_read() {
        for text in [
            "SELECT “a”",
            "SELECT ‘a’",
            "SELECT ümlaut",
            "SELECT 1 -- x",
            "SELECT 1 --x",
            "SELECT /* x */ 1",
            "SELECT 1 # x",
            "SELECT $a$ x $a$",
            "SELECT a$b",
            "SELECT {x:String}",
            "SELECT @@x",
            "SELECT 1; SELECT 2",
            "SELECT 'a",
            r"SELECT 'a\'",
            "SELECT `a",
            "SELECT \"a",
            "SELECT 1\u{a0}",
            "SELECT \\x41",
            "SELECT a & b",
            "SELECT 1\0",
        ] {
            assert!(tokens(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[ -~é“’\n]{0,60}") {
            if let Ok(tokens) = tokens(&text) {
                let length: usize = tokens.iter().map(|token| token.text.len()).sum();
                prop_assert!(length <= text.len());
            }
        }
    }
}
