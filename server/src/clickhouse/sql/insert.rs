//! The INSERT that a stream of Native blocks follows.
//!
//! Used by `transfer::upload`.

use uuid::Uuid;

use super::{Statement, TableName, join, journal::CLAIMS, quote_identifier, quote_string};

/// One column of an INSERT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsertColumn {
    /// The name.
    pub name: String,
    /// The type that the blocks carry, such as `Int32` or `Nullable(String)`.
    pub wire_type: String,
    /// The type that the database is to cast to; `None` when the blocks carry the column's own type
    /// or one that ClickHouse converts by itself.
    pub cast_to: Option<String>,
}

/// An INSERT that begins later than another step of its upload was taken does nothing but fail: ClickHouse
/// itself looks, in the moment in which the INSERT begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fence<'a> {
    /// The journal's database.
    pub(crate) journal: &'a str,
    pub(crate) transfer_id: Uuid,
    /// The step by which the upload is owned.
    pub(crate) step: u32,
}

/// What the exception of an INSERT says that came too late.
pub(crate) const FENCED: &str = "the upload belongs to somebody else";

impl Fence<'_> {
    fn condition(&self) -> String {
        format!(
            " WHERE NOT (SELECT throwIf(max(step) != {}, {}) FROM {} WHERE transfer_id = '{}')",
            self.step,
            quote_string(FENCED),
            TableName::new(self.journal, CLAIMS).quoted(),
            self.transfer_id
        )
    }
}

/// `INSERT INTO t (a, b) FORMAT Native`, or, as soon as one column needs a cast, or there is a fence,
/// `INSERT INTO t (a, b) SELECT a, CAST(b, 'T') FROM input('a Int8, b String') FORMAT Native`.
/// `columns` must not be empty.
#[must_use]
pub fn insert_native(table: &TableName, columns: &[InsertColumn]) -> Statement {
    insert_fenced(table, columns, None)
}

/// The same, behind a fence.
pub(crate) fn insert_fenced(
    table: &TableName,
    columns: &[InsertColumn],
    fence: Option<Fence<'_>>,
) -> Statement {
    let names = join(columns, |column| quote_identifier(&column.name));
    let target = format!("INSERT INTO {} ({names})", table.quoted());
    if fence.is_none() && columns.iter().all(|column| column.cast_to.is_none()) {
        return Statement::new(format!("{target} FORMAT Native"));
    }
    let condition = fence.map(|fence| fence.condition()).unwrap_or_default();
    let values = join(columns, value);
    let structure = join(columns, |column| {
        format!("{} {}", quote_identifier(&column.name), column.wire_type)
    });
    Statement::new(format!(
        "{target} SELECT {values} FROM input({}){condition} FORMAT Native",
        quote_string(&structure)
    ))
}

/// The expression for one column of `input()`.
fn value(column: &InsertColumn) -> String {
    let name = quote_identifier(&column.name);
    let Some(data_type) = &column.cast_to else {
        return name;
    };
    let target = quote_string(data_type);
    // What is no text is a container whose documents are cast one by one.
    if is_container(data_type) && !is_container(&column.wire_type) {
        // CAST knows no String to Map, and reads 300 in an Array(UInt8) as 44. A Variant is read
        // by the parser of its type, which takes the text whole or not at all.
        let variant = quote_string(&format!("Variant({data_type})"));
        format!("CAST(CAST({name}, {variant}), {target})")
    } else {
        format!("CAST({name}, {target})")
    }
}

/// Whether the type holds other values.
fn is_container(data_type: &str) -> bool {
    ["Array(", "Map(", "Tuple("]
        .iter()
        .any(|prefix| data_type.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::{InsertColumn, TableName, insert_native};

    fn column(name: &str, wire_type: &str, cast_to: Option<&str>) -> InsertColumn {
        InsertColumn {
            name: name.to_owned(),
            wire_type: wire_type.to_owned(),
            cast_to: cast_to.map(str::to_owned),
        }
    }

    #[test]
    fn plain_columns_go_straight_in() {
        let columns = [column("id", "UInt64", None), column("a`b", "String", None)];
        assert_eq!(
            insert_native(&TableName::new("db", "t"), &columns).text(),
            r"INSERT INTO `db`.`t` (`id`, `a\`b`) FORMAT Native"
        );
    }

    #[test]
    fn one_complex_column_takes_the_cast_route() {
        let columns = [
            column("e", "Enum8('a' = 1)", None),
            column("j", "Nullable(String)", Some("Nullable(JSON)")),
        ];
        assert_eq!(
            insert_native(&TableName::new("", "t"), &columns).text(),
            "INSERT INTO `t` (`e`, `j`) SELECT `e`, CAST(`j`, 'Nullable(JSON)') \
             FROM input('`e` Enum8(\\'a\\' = 1), `j` Nullable(String)') FORMAT Native"
        );
    }

    #[test]
    fn documents_within_containers_are_cast() {
        let columns = [column("a", "Array(String)", Some("Array(JSON)"))];
        assert_eq!(
            insert_native(&TableName::new("", "t"), &columns).text(),
            "INSERT INTO `t` (`a`) SELECT CAST(`a`, 'Array(JSON)') \
             FROM input('`a` Array(String)') FORMAT Native"
        );
    }

    #[test]
    fn containers_are_read_by_the_parser_of_their_type() {
        let columns = [column("m", "String", Some("Map(String, UInt8)"))];
        assert_eq!(
            insert_native(&TableName::new("", "t"), &columns).text(),
            "INSERT INTO `t` (`m`) SELECT CAST(CAST(`m`, 'Variant(Map(String, UInt8))'), \
             'Map(String, UInt8)') FROM input('`m` String') FORMAT Native"
        );
    }
}
