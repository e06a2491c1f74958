//! CREATE TABLE, and DROP TABLE of what was created for nothing.
//!
//! Used by `catalog::create` only.

mod caller;

pub(crate) use caller::check_shape;

use super::{Statement, TableName, join, quote_identifier};

/// A MergeTree table with the given columns, each a name and a type, sorted by `sorting_key`, or in
/// the order of insertion when that is empty.
pub(crate) fn create_table(
    table: &TableName,
    columns: &[(&str, &str)],
    sorting_key: &[String],
) -> Statement {
    let definitions = columns
        .iter()
        .map(|(name, data_type)| format!("    {} {data_type}", quote_identifier(name)))
        .collect::<Vec<_>>()
        .join(",\n");
    let order_by = match sorting_key {
        [] => "tuple()".to_owned(),
        [column] => quote_identifier(column),
        columns => format!("({})", join(columns, |column| quote_identifier(column))),
    };
    Statement::new(format!(
        "CREATE TABLE {}\n(\n{definitions}\n)\nENGINE = MergeTree\nORDER BY {order_by}",
        table.quoted()
    ))
}

/// Drops a table, unless it has rows.
pub(crate) fn drop_if_empty(table: &TableName) -> Statement {
    Statement::new(format!("DROP TABLE IF EMPTY {} SYNC", table.quoted()))
}

/// The statement of a caller, and the table that it creates, if it begins as a CREATE TABLE.
/// ClickHouse takes one statement in a request, so nothing can follow it.
pub(crate) fn by_caller(text: &str) -> Option<(Statement, TableName)> {
    let text = text.trim();
    let rest = ["CREATE", "TABLE"].into_iter().try_fold(text, after_word)?;
    let (first, rest) = identifier(rest.trim_start())?;
    let table = match rest.trim_start().strip_prefix('.') {
        Some(rest) => TableName::new(first, identifier(rest.trim_start())?.0),
        None => TableName::new("", first),
    };
    Some((Statement::new(text.to_owned()), table))
}

/// What follows a word, in any case, that ends with white space.
fn after_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (first, rest) = text.trim_start().split_once(char::is_whitespace)?;
    first.eq_ignore_ascii_case(word).then_some(rest)
}

/// The name that a text begins with, and what follows it.
fn identifier(text: &str) -> Option<(String, &str)> {
    let Some(quote) = text.chars().next().filter(|first| "`\"".contains(*first)) else {
        let is_part = |part: char| part.is_ascii_alphanumeric() || part == '_';
        let rest = text.trim_start_matches(is_part);
        let name = text.strip_suffix(rest)?;
        return (!name.is_empty()).then(|| (name.to_owned(), rest));
    };
    let mut name = String::new();
    let mut rest = text.chars();
    rest.next();
    loop {
        match rest.next()? {
            '\\' => name.push(rest.next()?),
            part if part == quote && rest.as_str().starts_with(quote) => {
                rest.next();
                name.push(quote);
            }
            part if part == quote => return Some((name, rest.as_str())),
            part => name.push(part),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{TableName, by_caller, create_table};

    #[test]
    fn columns_keep_their_order_and_are_quoted() {
        let columns = [("id", "Int64"), ("ümlaut `x`", "Nullable(String)")];
        assert_eq!(
            create_table(&TableName::new("db", "new table"), &columns, &[]).text(),
            "CREATE TABLE `db`.`new table`\n(\n    `id` Int64,\n    `ümlaut \\`x\\`` \
             Nullable(String)\n)\nENGINE = MergeTree\nORDER BY tuple()"
        );
    }

    #[test]
    fn rows_are_sorted_by_the_key() {
        let text = |key: &[String]| {
            let statement = create_table(&TableName::new("", "t"), &[("a", "Date")], key);
            statement.text().lines().last().unwrap().to_owned()
        };
        assert_eq!(text(&["a".to_owned()]), "ORDER BY `a`");
        assert_eq!(
            text(&["a".to_owned(), "b".to_owned()]),
            "ORDER BY (`a`, `b`)"
        );
    }

    #[test]
    fn only_a_create_table_of_a_caller_is_taken() {
        assert!(by_caller(" create\n TABLE t (a Int8) ENGINE = Log").is_some());
        for text in [
            "",
            "CREATE",
            "CREATE DATABASE d",
            "DROP TABLE t",
            "TABLE CREATE t",
        ] {
            assert_eq!(by_caller(text), None, "{text}");
        }
        for (text, database, table) in [
            ("CREATE TABLE t(a Int8) ENGINE = Log", "", "t"),
            ("create table `d` . `t``1\\`2` (a Int8)", "d", "t`1`2"),
            ("CREATE TABLE d.\"a b\" (a Int8)", "d", "a b"),
        ] {
            let (_, name) = by_caller(text).unwrap();
            assert_eq!(name, TableName::new(database, table), "{text}");
        }
    }
}
