//! What callers' own queries may do on a ClickHouse that the server hosts itself.
//!
//! `engine` gives it to the user as whom such queries run. It never allows anything but reading tables:
//! what reaches files, addresses or other databases asks for a grant of its own.

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

/// The grants, in their order; `hidden` is a database that is not for callers.
pub(crate) fn grants(hidden: &str) -> Vec<String> {
    let hidden = quote_identifier(hidden);
    let mut grants = vec![
        "GRANT SELECT, dictGet ON *.*".to_owned(),
        format!("REVOKE SELECT ON {hidden}.*"),
        "REVOKE SELECT ON system.*".to_owned(),
    ];
    let tables = SYSTEM_TABLES.iter();
    grants.extend(tables.map(|table| format!("GRANT SELECT ON system.{table}")));
    grants
}

/// Settings of which not even the query itself may change the value.
pub(crate) const FIXED_SETTINGS: [&str; 4] = [
    "allow_ddl",
    "allow_experimental_eval_table_function",
    "allow_introspection_functions",
    "readonly",
];
