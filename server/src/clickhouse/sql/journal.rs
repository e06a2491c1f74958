//! The tables that Sluice keeps for itself.
//!
//! Used by `journal` only. Every statement can be repeated.

use uuid::Uuid;

use super::{Statement, TableName, quote_identifier};

/// The table of rejected rows.
pub(crate) const REJECTED_ROWS: &str = "rejected_rows";

/// Makes the database.
pub(crate) fn create_database(database: &str) -> Statement {
    Statement::new(format!(
        "CREATE DATABASE IF NOT EXISTS {}",
        quote_identifier(database)
    ))
}

/// Makes the table of rejected rows, which forgets them after `retention_seconds`.
pub(crate) fn create_rejected_rows(database: &str, retention_seconds: u64) -> Statement {
    let table = TableName::new(database, REJECTED_ROWS).quoted();
    Statement::new(format!(
        "CREATE TABLE IF NOT EXISTS {table}\n(\n    \
         `transfer_id` UUID,\n    `record` UInt64,\n    `line` UInt64,\n    \
         `byte_offset` UInt64,\n    `field` UInt32,\n    `column` String,\n    `type` String,\n    \
         `value` String,\n    `reason` LowCardinality(String),\n    `raw` String,\n    \
         `time` DateTime('UTC') DEFAULT now()\n)\nENGINE = MergeTree\n\
         ORDER BY (transfer_id, record)\nTTL time + toIntervalSecond({retention_seconds})\n\
         COMMENT 'records of uploads that Sluice rejected'"
    ))
}

/// The rejected rows of one transfer, in the order of the file.
pub(crate) fn rejected_rows(database: &str, transfer_id: Uuid) -> Statement {
    let table = TableName::new(database, REJECTED_ROWS).quoted();
    Statement::with_params(
        format!(
            "SELECT transfer_id, record, line, byte_offset, field, column, type, value, reason, \
             raw FROM {table} WHERE transfer_id = {{p0:UUID}} ORDER BY record"
        ),
        vec![transfer_id.to_string()],
    )
}
