//! How a column is compressed.
//!
//! Used by `create::caller`. Codecs that encrypt are not taken: their keys are the server's.

use super::{
    cursor::{Cursor, Refused},
    words::Word,
};
use crate::clickhouse::sql::quote_string;

const CODECS: &[&str] = &[
    "Default",
    "Delta",
    "DoubleDelta",
    "FPC",
    "GCD",
    "Gorilla",
    "LZ4",
    "LZ4HC",
    "NONE",
    "T64",
    "ZSTD",
];

/// Reads what follows CODEC, and writes it anew.
pub(super) fn codec(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    cursor.expect_symbol("(", "codecs in parentheses")?;
    let codecs = cursor.list(")", one)?;
    Ok(format!("CODEC({})", codecs.join(", ")))
}

fn one(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    let name = cursor.one_of(CODECS, &format!("one of {}", CODECS.join(", ")))?;
    let arguments = cursor.optional_list(|cursor| match cursor.peek() {
        Some(Word::Text(_)) => Ok(quote_string(&cursor.text("a text")?)),
        _ => cursor.whole_number("a level"),
    })?;
    Ok(match arguments.is_empty() {
        true => name.to_owned(),
        false => format!("{name}({})", arguments.join(", ")),
    })
}
