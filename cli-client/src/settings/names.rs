//! Names of tables and columns, and lists of them.
//!
//! Called by clap for `--table`, `--columns` and `--order-by`, and by the commands to show a table's
//! name. A bare name ends at the separator; any name may stand in backticks.

use sluice_proto::v1::{ColumnMapping, OrderBy, TableRef};

use super::scanner::{ParseError, Scanner};

/// The columns of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Columns(pub(crate) Vec<String>);

/// The columns of an upload, each with its field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mappings(pub(crate) Vec<ColumnMapping>);

/// The order of an export.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ordering(pub(crate) Vec<OrderBy>);

/// Reads `db.table` or `table`.
pub(crate) fn parse_table(text: &str) -> Result<TableRef, ParseError> {
    let mut scanner = Scanner::new(text);
    let first = scanner.name("the name of the table", |next| next == '.')?;
    if !scanner.take('.') {
        scanner.end()?;
        return Ok(TableRef {
            database: String::new(),
            table: first,
        });
    }
    let table = scanner.name("the name of the table", |next| next == '.')?;
    if scanner.peek() == Some('.') {
        return Err(ParseError::TooManyParts);
    }
    scanner.end()?;
    Ok(TableRef {
        database: first,
        table,
    })
}

/// Reads `a,b`.
pub(crate) fn parse_columns(text: &str) -> Result<Columns, ParseError> {
    let item = |scanner: &mut Scanner<'_>| scanner.name("a column", |next| next == ',');
    list(text, item).map(Columns)
}

/// Reads `a,b=field`.
pub(crate) fn parse_mappings(text: &str) -> Result<Mappings, ParseError> {
    list(text, mapping).map(Mappings)
}

/// Reads `a=field,b=other`.
pub(crate) fn parse_renames(text: &str) -> Result<Mappings, ParseError> {
    let item = |scanner: &mut Scanner<'_>| {
        let rename = mapping(scanner)?;
        match rename.source.is_empty() {
            true => Err(ParseError::Missing("the field of a column")),
            false => Ok(rename),
        }
    };
    list(text, item).map(Mappings)
}

/// Reads `a,b:desc`.
pub(crate) fn parse_ordering(text: &str) -> Result<Ordering, ParseError> {
    list(text, order).map(Ordering)
}

/// The name of a table as `parse_table` reads it.
pub(crate) fn show_table(table: &TableRef) -> String {
    if table.database.is_empty() {
        return show_name(&table.table);
    }
    format!("{}.{}", show_name(&table.database), show_name(&table.table))
}

fn show_name(name: &str) -> String {
    let is_plain = |next: char| next.is_alphanumeric() || next == '_';
    if !name.is_empty() && name.chars().all(is_plain) {
        return name.to_owned();
    }
    format!("`{}`", name.replace('`', "``"))
}

fn mapping(scanner: &mut Scanner<'_>) -> Result<ColumnMapping, ParseError> {
    let column = scanner.name("a column", |next| matches!(next, ',' | '='))?;
    let source = if scanner.take('=') {
        scanner.name("the field of a column", |next| next == ',')?
    } else {
        String::new()
    };
    Ok(ColumnMapping { column, source })
}

fn order(scanner: &mut Scanner<'_>) -> Result<OrderBy, ParseError> {
    let column = scanner.name("a column", |next| matches!(next, ',' | ':'))?;
    let descending = if scanner.take(':') {
        let direction = scanner.name("the direction", |next| next == ',')?;
        match direction.to_ascii_lowercase().as_str() {
            "asc" => false,
            "desc" => true,
            _ => return Err(ParseError::Direction(direction)),
        }
    } else {
        false
    };
    Ok(OrderBy { column, descending })
}

/// Reads items with commas between them, at least one.
fn list<T>(
    text: &str,
    item: impl Fn(&mut Scanner<'_>) -> Result<T, ParseError>,
) -> Result<Vec<T>, ParseError> {
    let mut scanner = Scanner::new(text);
    let mut items = vec![item(&mut scanner)?];
    while scanner.take(',') {
        items.push(item(&mut scanner)?);
    }
    scanner.end()?;
    Ok(items)
}

#[cfg(test)]
mod tests;
