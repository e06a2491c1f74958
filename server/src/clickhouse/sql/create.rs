//! CREATE TABLE.
//!
//! Used by `catalog::create` only.

use super::{Statement, TableName, quote_identifier};

/// A MergeTree table with the given columns, each a name and a type, in the order of insertion.
pub(crate) fn create_table(table: &TableName, columns: &[(String, String)]) -> Statement {
    let definitions = columns
        .iter()
        .map(|(name, data_type)| format!("    {} {data_type}", quote_identifier(name)))
        .collect::<Vec<_>>()
        .join(",\n");
    Statement::new(format!(
        "CREATE TABLE {}\n(\n{definitions}\n)\nENGINE = MergeTree\nORDER BY tuple()",
        table.quoted()
    ))
}

#[cfg(test)]
mod tests {
    use super::{TableName, create_table};

    #[test]
    fn columns_keep_their_order_and_are_quoted() {
        let columns = [
            ("id".to_owned(), "Int64".to_owned()),
            ("ümlaut `x`".to_owned(), "Nullable(String)".to_owned()),
        ];
        assert_eq!(
            create_table(&TableName::new("db", "new table"), &columns).text(),
            "CREATE TABLE `db`.`new table`\n(\n    `id` Int64,\n    `ümlaut \\`x\\`` \
             Nullable(String)\n)\nENGINE = MergeTree\nORDER BY tuple()"
        );
    }
}
