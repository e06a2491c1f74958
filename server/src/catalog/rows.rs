//! The rows that ClickHouse answers questions of the catalog with.
//!
//! Used by `catalog` only. The fields are named like the columns of the statements in
//! `clickhouse::sql::catalog`; nothing else may depend on them.

use serde::Deserialize;
use uuid::Uuid;

use super::{Column, Connection, Database, Table, TableSummary};
use crate::clickhouse::sql::TableName;

#[derive(clickhouse::Row, Deserialize)]
pub(super) struct ConnectionRow {
    version: String,
    user: String,
    database: String,
    timezone: String,
}

impl From<ConnectionRow> for Connection {
    fn from(row: ConnectionRow) -> Self {
        Self {
            version: row.version,
            user: row.user,
            database: row.database,
            timezone: row.timezone,
        }
    }
}

/// A row of `sql::catalog::zone_changes`.
#[derive(clickhouse::Row, Deserialize)]
pub(super) struct ZoneChangeRow {
    pub(super) second: i64,
    pub(super) offset: i64,
}

#[derive(clickhouse::Row, Deserialize)]
pub(super) struct DatabaseRow {
    name: String,
    engine: String,
    comment: String,
}

impl From<DatabaseRow> for Database {
    fn from(row: DatabaseRow) -> Self {
        Self {
            name: row.name,
            engine: row.engine,
            comment: row.comment,
        }
    }
}

#[derive(clickhouse::Row, Deserialize)]
pub(super) struct SummaryRow {
    name: String,
    engine: String,
    total_rows: Option<u64>,
    total_bytes: Option<u64>,
    comment: String,
}

impl SummaryRow {
    pub(super) fn summary(self, database: &str) -> TableSummary {
        TableSummary {
            name: TableName::new(database, self.name),
            engine: self.engine,
            row_count: self.total_rows,
            byte_count: self.total_bytes,
            comment: self.comment,
        }
    }
}

#[derive(clickhouse::Row, Deserialize)]
pub(super) struct TableRow {
    name: String,
    #[serde(with = "clickhouse::serde::uuid")]
    uuid: Uuid,
    engine: String,
    total_rows: Option<u64>,
    total_bytes: Option<u64>,
    comment: String,
    sorting_key: String,
    primary_key: String,
    partition_key: String,
    create_table_query: String,
}

impl TableRow {
    pub(super) fn table(self, database: &str, columns: Vec<Column>) -> Table {
        Table {
            summary: TableSummary {
                name: TableName::new(database, self.name),
                engine: self.engine,
                row_count: self.total_rows,
                byte_count: self.total_bytes,
                comment: self.comment,
            },
            uuid: self.uuid,
            sorting_key: self.sorting_key,
            primary_key: self.primary_key,
            partition_key: self.partition_key,
            create_statement: self.create_table_query,
            columns,
        }
    }
}

#[derive(clickhouse::Row, Deserialize)]
pub(super) struct ColumnRow {
    name: String,
    r#type: String,
    default_kind: String,
    default_expression: String,
    comment: String,
}

impl From<ColumnRow> for Column {
    fn from(row: ColumnRow) -> Self {
        Self {
            name: row.name,
            type_text: row.r#type,
            default_kind: row.default_kind,
            default_expression: row.default_expression,
            comment: row.comment,
        }
    }
}

/// What ClickHouse makes of the text of a query.
#[derive(clickhouse::Row, Deserialize)]
pub(super) struct NormalisedRow {
    pub(super) text: String,
}

/// A row of DESCRIBE.
#[derive(clickhouse::Row, Deserialize)]
pub(super) struct DescribeRow {
    name: String,
    r#type: String,
    default_type: String,
    default_expression: String,
    comment: String,
    #[expect(dead_code, reason = "DESCRIBE returns it, a query never has one")]
    codec_expression: String,
    #[expect(dead_code, reason = "DESCRIBE returns it, a query never has one")]
    ttl_expression: String,
}

impl From<DescribeRow> for Column {
    fn from(row: DescribeRow) -> Self {
        Self {
            name: row.name,
            type_text: row.r#type,
            default_kind: row.default_type,
            default_expression: row.default_expression,
            comment: row.comment,
        }
    }
}

#[derive(clickhouse::Row, Deserialize)]
pub(super) struct PreviewRow {
    cells: Vec<Option<String>>,
}

impl PreviewRow {
    /// The cells, of at most so many bytes; a character that the cut went through is left out.
    pub(super) fn into_cells(self, cell_bytes: usize) -> Vec<Option<String>> {
        let mut cells = self.cells;
        for cell in cells.iter_mut().flatten() {
            let is_cut = cell.len() + char::REPLACEMENT_CHARACTER.len_utf8() > cell_bytes;
            if is_cut && cell.ends_with(char::REPLACEMENT_CHARACTER) {
                cell.pop();
            }
        }
        cells
    }
}
