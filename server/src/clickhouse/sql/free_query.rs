//! A query that a caller wrote: one SELECT that reads tables, and nothing else.
//!
//! Used by `catalog`, for `rpc::catalog` and `transfer::export`. How this works: ClickHouse reads the text
//! ([`CallerQuery::normalise`]; the text travels as data and is not run) and writes it anew, in one form:
//! without comments, each name and text in ASCII quotes. That form is checked here and sent, so there is
//! one reading of the text, that of ClickHouse, and nothing hides in a spelling. It may call the functions
//! of a list only; what nobody has looked at is refused.
//!
//! Behind it stand `readonly` and, in a ClickHouse that the server hosts, a user with few grants. They
//! would not be enough: the function `file` reads any file of the machine without a grant, and SETTINGS in
//! a subquery lift `readonly`.

mod calls;
mod tokens;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use self::tokens::{Token, tokens};
use super::Statement;
use crate::clickhouse::error::{Error, Exception, Result};

/// The longest query, in bytes: in base64 it stays below `max_query_size` of ClickHouse, 256 KiB unless
/// its operator has said otherwise.
pub const MAX_QUERY_BYTES: usize = 128 << 10;

/// The code of ClickHouse for a function that it does not have.
const UNKNOWN_FUNCTION: i32 = 46;

/// What ClickHouse says of a text that goes on behind a `;`.
const SEVERAL_STATEMENTS: &str = "Multi-statements are not allowed";

/// The text of a caller, which nobody has read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerQuery {
    text: String,
}

impl CallerQuery {
    /// Takes the text of a caller.
    ///
    /// # Errors
    ///
    /// [`Error::NotASelect`] when it is empty, or longer than [`MAX_QUERY_BYTES`].
    pub fn new(text: &str) -> Result<Self> {
        if text.trim().is_empty() {
            return Err(refused("it is empty"));
        }
        if text.len() > MAX_QUERY_BYTES {
            return Err(refused(format!(
                "it has {} bytes, at most {MAX_QUERY_BYTES} are taken",
                text.len()
            )));
        }
        Ok(Self {
            text: text.to_owned(),
        })
    }

    /// Asks ClickHouse to write the text anew, as one row with one text. Nothing of it runs.
    pub(crate) fn normalise(&self) -> Statement {
        // Base64, as no parser can take it for anything else, and as a parameter would be part of the URL.
        let encoded = STANDARD.encode(&self.text);
        // An escape in a name or a text may stand for any byte; what is not UTF-8 comes back empty.
        Statement::new(format!(
            "SELECT if(isValidUTF8(written), written, '') AS text \
             FROM (SELECT formatQuerySingleLine(base64Decode('{encoded}')) AS written)"
        ))
    }

    /// What is wrong with a text that could not be written anew: without the statement that asked for it.
    pub(crate) fn explain(error: Error) -> Error {
        match error {
            Error::InvalidQuery(exception) if exception.code == UNKNOWN_FUNCTION => refused(
                "this ClickHouse is too old to read it before it is run (23.10 can): export a table",
            ),
            Error::InvalidQuery(exception) if exception.message.contains(SEVERAL_STATEMENTS) => {
                refused("a second statement follows the ;, send one")
            }
            Error::InvalidQuery(exception) | Error::Exception(exception) => {
                Error::InvalidQuery(without_scope(exception))
            }
            error => error,
        }
    }
}

/// What ClickHouse says of the caller's text, without the statement that asked for it.
fn without_scope(mut exception: Exception) -> Exception {
    if let Some((message, _)) = exception.message.split_once(": In scope SELECT ") {
        exception.message = message.to_owned();
    }
    exception
}

/// The text of one SELECT, as ClickHouse has written it and as it was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectQuery {
    text: String,
}

impl SelectQuery {
    /// Checks what ClickHouse has made of the text of a caller.
    ///
    /// # Errors
    ///
    /// [`Error::NotASelect`] for anything but one SELECT without SETTINGS, FORMAT and INTO OUTFILE that
    /// calls functions of the list only.
    pub fn from_normalised(text: &str) -> Result<Self> {
        let tokens = tokens(text).map_err(refused)?;
        let first = tokens.iter().find(|token| !token.is_symbol("("));
        match first {
            None => {
                return Err(refused(
                    "it says nothing, or its names and texts are not UTF-8",
                ));
            }
            Some(token) if token.is("SELECT") || token.is("WITH") => {}
            Some(token) => {
                return Err(refused(format!(
                    "it begins with {}, not with SELECT or WITH",
                    token.text
                )));
            }
        }
        check_clauses(&tokens)?;
        calls::check(&tokens).map_err(refused)?;
        Ok(Self {
            text: text.to_owned(),
        })
    }

    /// The query.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// The error for a text that is not one SELECT, or does more.
fn refused(reason: impl Into<String>) -> Error {
    Error::NotASelect {
        reason: reason.into(),
    }
}

/// Refuses clauses that are the server's, wherever they stand.
fn check_clauses(tokens: &[Token<'_>]) -> Result<()> {
    for (index, token) in tokens.iter().enumerate() {
        let next = tokens.get(index + 1);
        let opens = |word: &str| token.is(word) && next.is_some_and(|next| !next.is_follower());
        let is_before = |word: &str| next.is_some_and(|next| next.is(word));
        // A setting may be called as a word that could follow a name, such as limit.
        let is_set = tokens
            .get(index + 2)
            .is_some_and(|far| far.is_symbol("=") || far.is_symbol("."));
        let sets = token.is("SETTINGS") && is_set && next.is_some_and(Token::is_name);
        if sets || opens("SETTINGS") {
            return Err(refused("leave out SETTINGS, they are the server's"));
        }
        if token.is("INTO") && is_before("OUTFILE") {
            return Err(refused(
                "leave out INTO OUTFILE, the result goes to the caller",
            ));
        }
        if opens("FORMAT") {
            return Err(refused(
                "leave out FORMAT, the format of the file is chosen by the request",
            ));
        }
        if token.is("PARALLEL") && is_before("WITH") {
            return Err(refused(
                "a second statement follows PARALLEL WITH, send one",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
