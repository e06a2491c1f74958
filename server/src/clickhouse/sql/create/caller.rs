//! The CREATE TABLE of a caller: read into a structure, and written from it.
//!
//! Used by `catalog::create`. How this works: a table of ClickHouse can read other tables, files, addresses and
//! databases when it is made or whenever it is read (`AS SELECT`, engines such as URL or Merge, disks in
//! SETTINGS, functions in DEFAULT), and the text that asks for it can be spelled in many ways. So nothing of
//! the caller's text is sent: only what is known here, and known to stay within the table, is read
//! ([`Definition::parse`]), and the statement is written anew, each name and text quoted by us. If you take
//! something new, write it from its parts.

mod codec;
mod cursor;
mod engine;
mod expression;
mod types;
mod words;

use self::cursor::{Cursor, Refused};
use super::super::{Statement, TableName, quote_identifier, quote_string};

/// What a caller's CREATE TABLE says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    name: TableName,
    cluster: Option<String>,
    /// Columns and indices, each as it is to be written.
    elements: Vec<String>,
    clauses: Clauses,
}

/// What stands behind the columns, each as it is to be written.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Clauses {
    engine: Option<String>,
    partition_by: Option<String>,
    primary_key: Option<String>,
    order_by: Option<String>,
    sample_by: Option<String>,
    ttl: Option<String>,
    settings: Option<String>,
    comment: Option<String>,
}

impl Definition {
    /// Reads the statement of a caller.
    ///
    /// # Errors
    ///
    /// The place of what is not taken and what would be, in words that follow "the statement".
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut cursor = Cursor::new(text).map_err(|refused| refused.to_string())?;
        definition(&mut cursor).map_err(|refused| refused.to_string())
    }

    /// The table that it creates.
    #[must_use]
    pub const fn name(&self) -> &TableName {
        &self.name
    }

    /// The statement that creates `table` as it says.
    #[must_use]
    pub fn statement(&self, table: &TableName) -> Statement {
        let mut text = format!("CREATE TABLE {}", table.quoted());
        if let Some(cluster) = &self.cluster {
            text.push_str(&format!(" ON CLUSTER {}", quote_identifier(cluster)));
        }
        let elements: Vec<_> = self
            .elements
            .iter()
            .map(|one| format!("    {one}"))
            .collect();
        text.push_str(&format!("\n(\n{}\n)", elements.join(",\n")));
        let clauses = &self.clauses;
        for (words, clause) in [
            ("ENGINE =", &clauses.engine),
            ("PARTITION BY", &clauses.partition_by),
            ("PRIMARY KEY", &clauses.primary_key),
            ("ORDER BY", &clauses.order_by),
            ("SAMPLE BY", &clauses.sample_by),
            ("TTL", &clauses.ttl),
            ("SETTINGS", &clauses.settings),
            ("COMMENT", &clauses.comment),
        ] {
            if let Some(clause) = clause {
                text.push_str(&format!("\n{words} {clause}"));
            }
        }
        Statement::new(text)
    }
}

fn definition(cursor: &mut Cursor<'_>) -> Result<Definition, Refused> {
    cursor.expect_words(&["CREATE", "TABLE"])?;
    let first = cursor.name("the name of the table")?;
    let name = if cursor.take_symbol(".") {
        TableName::new(first, cursor.name("the name of the table")?)
    } else {
        TableName::new("", first)
    };
    let cluster = match cursor.take_words(&["ON", "CLUSTER"]) {
        true => Some(cursor.name("the name of a cluster")?),
        false => None,
    };
    cursor.expect_symbol("(", "the list of columns in parentheses")?;
    let elements = cursor.list(")", element)?;
    let clauses = clauses(cursor)?;
    while cursor.take_symbol(";") {}
    if !cursor.is_at_end() {
        return Err(cursor.refuse(
            "ENGINE, PARTITION BY, PRIMARY KEY, ORDER BY, SAMPLE BY, TTL, SETTINGS or COMMENT, each once",
        ));
    }
    cursor.check_columns()?;
    Ok(Definition {
        name,
        cluster,
        elements,
        clauses,
    })
}

/// One column, or one index.
fn element(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    if cursor.take_words(&["INDEX"]) {
        return index(cursor);
    }
    for word in [
        "CONSTRAINT",
        "PROJECTION",
        "PRIMARY",
        "FOREIGN",
        "STATISTICS",
    ] {
        if cursor.is_word(word) {
            return Err(cursor.refuse("a column (put a name like this in quotes) or an INDEX"));
        }
    }
    let name = cursor.name("the name of a column")?;
    let data_type = types::data_type(cursor)?;
    let mut column = format!("{} {data_type}", quote_identifier(&name));
    cursor.declare(name);
    let mut seen = Vec::new();
    while !cursor.is_symbol(",") && !cursor.is_symbol(")") {
        let (kind, text) = modifier(cursor)?;
        if seen.contains(&kind) {
            return Err(cursor.refuse(&format!("one {kind} for a column")));
        }
        seen.push(kind);
        column.push(' ');
        column.push_str(&text);
    }
    Ok(column)
}

/// One thing that follows the type of a column, and of which kind it is.
fn modifier(cursor: &mut Cursor<'_>) -> Result<(&'static str, String), Refused> {
    if cursor.take_words(&["NULL"]) {
        return Ok(("NULL", "NULL".to_owned()));
    }
    if cursor.take_words(&["NOT", "NULL"]) {
        return Ok(("NULL", "NOT NULL".to_owned()));
    }
    for word in ["DEFAULT", "MATERIALIZED", "ALIAS"] {
        if cursor.take_words(&[word]) {
            let value = expression::expression(cursor)?;
            return Ok(("DEFAULT", format!("{word} {value}")));
        }
    }
    if cursor.take_words(&["EPHEMERAL"]) {
        let ends = [",", ")"].into_iter().any(|end| cursor.is_symbol(end));
        let is_alone = ends || cursor.is_word("COMMENT") || cursor.is_word("CODEC");
        let value = match is_alone {
            true => String::new(),
            false => format!(" {}", expression::expression(cursor)?),
        };
        return Ok(("DEFAULT", format!("EPHEMERAL{value}")));
    }
    if cursor.take_words(&["COMMENT"]) {
        let comment = cursor.text("a comment in apostrophes")?;
        return Ok(("COMMENT", format!("COMMENT {}", quote_string(&comment))));
    }
    if cursor.take_words(&["CODEC"]) {
        return Ok(("CODEC", codec::codec(cursor)?));
    }
    if cursor.take_words(&["TTL"]) {
        return Ok(("TTL", format!("TTL {}", expression::expression(cursor)?)));
    }
    Err(cursor.refuse(
        "NULL, DEFAULT, MATERIALIZED, ALIAS, EPHEMERAL, COMMENT, CODEC, TTL or the next column",
    ))
}

/// What follows INDEX.
fn index(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    let name = cursor.name("the name of an index")?;
    let value = expression::expression(cursor)?;
    cursor.expect_words(&["TYPE"])?;
    let kind = engine::index_type(cursor)?;
    let mut index = format!("INDEX {} {value} TYPE {kind}", quote_identifier(&name));
    if cursor.take_words(&["GRANULARITY"]) {
        let granularity = cursor.whole_number("a number of granules")?;
        index.push_str(&format!(" GRANULARITY {granularity}"));
    }
    Ok(index)
}

/// What follows the list of columns, in any order.
fn clauses(cursor: &mut Cursor<'_>) -> Result<Clauses, Refused> {
    let mut clauses = Clauses::default();
    loop {
        let (slot, text) = if cursor.take_words(&["ENGINE"]) {
            cursor.take_symbol("=");
            (&mut clauses.engine, engine::engine(cursor)?)
        } else if cursor.take_words(&["PARTITION", "BY"]) {
            (&mut clauses.partition_by, expression::expression(cursor)?)
        } else if cursor.take_words(&["PRIMARY", "KEY"]) {
            (&mut clauses.primary_key, expression::expression(cursor)?)
        } else if cursor.take_words(&["ORDER", "BY"]) {
            (&mut clauses.order_by, expression::expression(cursor)?)
        } else if cursor.take_words(&["SAMPLE", "BY"]) {
            (&mut clauses.sample_by, expression::expression(cursor)?)
        } else if cursor.take_words(&["TTL"]) {
            (&mut clauses.ttl, ttl(cursor)?)
        } else if cursor.take_words(&["SETTINGS"]) {
            (&mut clauses.settings, engine::settings(cursor)?)
        } else if cursor.take_words(&["COMMENT"]) {
            let comment = cursor.text("a comment in apostrophes")?;
            (&mut clauses.comment, quote_string(&comment))
        } else {
            return Ok(clauses);
        };
        if slot.is_some() {
            return Err(cursor.refuse("each clause once"));
        }
        *slot = Some(text);
    }
}

/// When rows are deleted.
fn ttl(cursor: &mut Cursor<'_>) -> Result<String, Refused> {
    let mut rules = Vec::new();
    loop {
        let mut rule = expression::expression(cursor)?;
        if cursor.take_words(&["DELETE"]) {
            rule.push_str(" DELETE");
        }
        rules.push(rule);
        if !cursor.take_symbol(",") {
            return Ok(rules.join(", "));
        }
    }
}

#[cfg(test)]
mod tests;
