//! What callers' own statements may do on a ClickHouse that the server hosts itself.
//!
//! `engine` gives it to the users as whom such statements run: one reads tables, one makes them, neither does
//! both. What reaches files, addresses or other databases asks for a grant of its own, which neither has.

use super::quote_identifier;

/// Tables of ClickHouse itself that tell nothing of other callers: by name, and in queries. Of some others,
/// such as `system.tables`, queries see what their own user may see.
pub(crate) const SYSTEM_TABLES: [&str; 7] = [
    "numbers",
    "numbers_mt",
    "one",
    "parts",
    "parts_columns",
    "zeros",
    "zeros_mt",
];

/// Engines of tables that keep their rows themselves.
const ENGINES: [&str; 12] = [
    "AggregatingMergeTree",
    "CoalescingMergeTree",
    "CollapsingMergeTree",
    "Log",
    "Memory",
    "MergeTree",
    "Null",
    "ReplacingMergeTree",
    "StripeLog",
    "SummingMergeTree",
    "TinyLog",
    "VersionedCollapsingMergeTree",
];

/// The grants of the one who makes tables, in their order; `hidden` is a database that is not for callers.
pub(crate) fn creator_grants(hidden: &str) -> Vec<String> {
    let mut grants = vec![
        "GRANT CREATE TABLE ON *.*".to_owned(),
        format!("REVOKE CREATE TABLE ON {}.*", quote_identifier(hidden)),
        "REVOKE CREATE TABLE ON system.*".to_owned(),
    ];
    let engines = ENGINES.iter();
    grants.extend(engines.map(|engine| format!("GRANT TABLE ENGINE ON {engine}")));
    grants
}

/// The grants of the one who reads, in their order; `hidden` is a database that is not for callers.
pub(crate) fn reader_grants(hidden: &str) -> Vec<String> {
    let hidden = quote_identifier(hidden);
    let mut grants = vec![
        "GRANT SELECT, dictGet ON *.*".to_owned(),
        format!("REVOKE SELECT ON {hidden}.*"),
        "REVOKE SELECT ON system.*".to_owned(),
        // Views of the tables of `system`.
        "REVOKE SELECT ON information_schema.*".to_owned(),
        "REVOKE SELECT ON INFORMATION_SCHEMA.*".to_owned(),
    ];
    let tables = SYSTEM_TABLES.iter();
    grants.extend(tables.map(|table| format!("GRANT SELECT ON system.{table}")));
    grants
}

/// Settings of which not even a CREATE TABLE may change the value; those of a table say where it is kept.
pub(crate) const CREATOR_SETTINGS: [&str; 4] = [
    "allow_experimental_eval_table_function",
    "allow_introspection_functions",
    "merge_tree_disk",
    "merge_tree_table_disk",
];

/// Settings of which not even the query itself may change the value.
pub(crate) const READER_SETTINGS: [&str; 4] = [
    "allow_ddl",
    "allow_experimental_eval_table_function",
    "allow_introspection_functions",
    "readonly",
];
