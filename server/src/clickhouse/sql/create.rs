//! CREATE TABLE, and DROP TABLE of what was created for nothing.
//!
//! Used by `catalog::create` only.

mod caller;

pub use caller::Definition;

use super::{Statement, TableName, join, quote_identifier};

/// The engine of a new table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NewEngine {
    /// On one server.
    MergeTree,
    /// On every server of its database, which says where and under which name.
    ReplicatedMergeTree,
}

impl NewEngine {
    const fn name(self) -> &'static str {
        match self {
            Self::MergeTree => "MergeTree",
            Self::ReplicatedMergeTree => "ReplicatedMergeTree",
        }
    }
}

/// A table with the given columns, each a name and a type, sorted by `sorting_key`, or in
/// the order of insertion when that is empty.
pub(crate) fn create_table(
    table: &TableName,
    cluster: Option<&str>,
    engine: NewEngine,
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
        "CREATE TABLE {}{}\n(\n{definitions}\n)\nENGINE = {}\nORDER BY {order_by}",
        table.quoted(),
        on_cluster(cluster),
        engine.name()
    ))
}

/// Drops a table, unless it has rows.
pub(crate) fn drop_if_empty(table: &TableName, cluster: Option<&str>) -> Statement {
    let (table, on_cluster) = (table.quoted(), on_cluster(cluster));
    Statement::new(format!("DROP TABLE IF EMPTY {table}{on_cluster} SYNC"))
}

fn on_cluster(cluster: Option<&str>) -> String {
    cluster.map_or_else(String::new, |cluster| {
        format!(" ON CLUSTER {}", quote_identifier(cluster))
    })
}

#[cfg(test)]
mod tests {
    use super::{NewEngine, TableName, create_table};

    #[test]
    fn columns_keep_their_order_and_are_quoted() {
        let columns = [("id", "Int64"), ("ümlaut `x`", "Nullable(String)")];
        assert_eq!(
            create_table(
                &TableName::new("db", "new table"),
                None,
                NewEngine::MergeTree,
                &columns,
                &[]
            )
            .text(),
            "CREATE TABLE `db`.`new table`\n(\n    `id` Int64,\n    `ümlaut \\`x\\`` \
             Nullable(String)\n)\nENGINE = MergeTree\nORDER BY tuple()"
        );
    }

    #[test]
    fn replicated_table_leaves_its_place_to_the_database() {
        let table = TableName::new("db", "t");
        let engine = NewEngine::ReplicatedMergeTree;
        let text = |cluster| {
            let key = ["a".to_owned()];
            let statement = create_table(&table, cluster, engine, &[("a", "Date")], &key);
            statement.text().to_owned()
        };
        assert!(text(Some("c")).starts_with("CREATE TABLE `db`.`t` ON CLUSTER `c`\n("));
        let text = text(None);
        assert!(
            text.ends_with(")\nENGINE = ReplicatedMergeTree\nORDER BY `a`"),
            "{text}"
        );
    }

    #[test]
    fn rows_are_sorted_by_the_key() {
        let text = |key: &[String]| {
            let table = TableName::new("", "t");
            let statement = create_table(&table, None, NewEngine::MergeTree, &[("a", "Date")], key);
            statement.text().lines().last().unwrap().to_owned()
        };
        assert_eq!(text(&["a".to_owned()]), "ORDER BY `a`");
        assert_eq!(
            text(&["a".to_owned(), "b".to_owned()]),
            "ORDER BY (`a`, `b`)"
        );
    }
}
