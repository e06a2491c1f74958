//! The only place that builds SQL: quoting here, one kind of statement in each file of `sql/`.
//!
//! Called by `clickhouse`, `catalog` and `transfer`, which hand names, types and values over and
//! get a [`Statement`] back. Names are always quoted, values always travel as parameters; nothing
//! a caller gives ever becomes SQL by itself, except a whole query, which ClickHouse writes anew and
//! [`SelectQuery`] checks.

pub(crate) mod callers;
pub(crate) mod catalog;
pub(crate) mod create;
pub(crate) mod distributed;
mod engine;
mod free_query;
mod functions;
pub(crate) mod grants;
mod insert;
pub(crate) mod journal;
pub(crate) mod process;
mod select;
pub(crate) mod servers;
pub(crate) mod staging;

use std::fmt;

pub use create::Definition;
pub use engine::EngineClause;
pub use free_query::{CallerQuery, MAX_QUERY_BYTES, SelectQuery};
pub(crate) use insert::{FENCED, Fence, insert_fenced};
pub use insert::{InsertColumn, insert_native};
pub use select::{
    Compared, Condition, Moments, Operator, OrderBy, Projection, SelectColumn, Selection, Timed,
    select_query, select_table,
};

/// In `system.tables`: what tells a table from another one of the same name, also where its database
/// shows no UUID. The directory of its data stays with a table under any name.
const IDENTITY: &str = "if(uuid = toUUID('00000000-0000-0000-0000-000000000000'), \
     reinterpretAsUUID(sipHash128(arrayStringConcat(data_paths, ' '))), uuid)";

/// One SQL statement with the values of its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    text: String,
    params: Vec<(String, String)>,
}

impl Statement {
    /// A statement without parameters.
    pub(crate) const fn new(text: String) -> Self {
        Self {
            text,
            params: Vec::new(),
        }
    }

    /// A statement whose text refers to `{p0:String}`, `{p1:String}`, … in the order of `values`.
    fn with_params(text: String, values: Vec<String>) -> Self {
        let params = values
            .into_iter()
            .enumerate()
            .map(|(index, value)| (format!("p{index}"), value))
            .collect();
        Self { text, params }
    }

    /// The SQL.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The parameters that the text refers to, as name and value; the values are not escaped.
    #[must_use]
    pub fn params(&self) -> &[(String, String)] {
        &self.params
    }
}

/// The name of a table.
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
pub struct TableName {
    /// The database; empty for the default database of the connection.
    pub database: String,
    /// The table.
    pub table: String,
}

impl TableName {
    /// Names a table of a database; an empty database is the default one of the connection.
    #[must_use]
    pub fn new(database: impl Into<String>, table: impl Into<String>) -> Self {
        Self {
            database: database.into(),
            table: table.into(),
        }
    }

    /// The name as SQL: each part quoted.
    pub(super) fn quoted(&self) -> String {
        let table = quote_identifier(&self.table);
        if self.database.is_empty() {
            table
        } else {
            format!("{}.{table}", quote_identifier(&self.database))
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.database.is_empty() {
            write!(formatter, "{}.", self.database)?;
        }
        formatter.write_str(&self.table)
    }
}

/// Quotes a name with backticks, so that any text is one identifier.
#[must_use]
pub fn quote_identifier(name: &str) -> String {
    quote(name, '`')
}

/// Quotes a text with apostrophes, so that it is one string literal.
#[must_use]
pub fn quote_string(text: &str) -> String {
    quote(text, '\'')
}

/// Puts `mark` around `text`, with a backslash before every mark and backslash in it.
fn quote(text: &str, mark: char) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push(mark);
    for c in text.chars() {
        if c == mark || c == '\\' {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push(mark);
    quoted
}

/// A statement that runs with the rights of another user, whom one must be allowed to impersonate. One that only reads
/// says so itself: the setting of the request would keep the change of users out, as that of a DESCRIBE does.
pub(super) fn execute_as(user: &str, statement: &str, only_reads: bool) -> String {
    let is_select = ["SELECT ", "WITH "]
        .iter()
        .any(|word| statement.starts_with(word));
    let settings = if only_reads && is_select {
        " SETTINGS readonly = 1"
    } else {
        ""
    };
    format!(
        "EXECUTE AS {} {statement}{settings}",
        quote_identifier(user)
    )
}

/// Writes the value of a parameter the way the HTTP interface reads it: the escaped form of
/// `TabSeparated`, in which a raw tab or newline would end the value and `\N` be NULL.
pub(super) fn escape_param(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '\t' => escaped.push_str("\\t"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\0' => escaped.push_str("\\0"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Joins what `write` makes of each item with commas.
fn join<T>(items: &[T], write: impl Fn(&T) -> String) -> String {
    items.iter().map(write).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
