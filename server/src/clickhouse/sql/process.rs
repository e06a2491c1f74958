//! Statements about statements: what runs, how far it is, and how to end it.
//!
//! Used by `clickhouse::Client` only.

use uuid::Uuid;

use super::{Statement, join, quote_string};

/// How far the statement with this id is; no row when it does not run.
pub(crate) fn progress(query_id: Uuid) -> Statement {
    Statement::new(format!(
        "SELECT read_rows, read_bytes, total_rows_approx, written_rows, written_bytes \
         FROM system.processes WHERE {}",
        has_id(query_id)
    ))
}

/// Ends the statement with this id; does nothing when it does not run.
pub(crate) fn kill(query_id: Uuid) -> Statement {
    Statement::new(format!("KILL QUERY WHERE {} ASYNC", has_id(query_id)))
}

/// How many INSERTs run whose tokens begin with a text, and may still write. One that was killed while it waits
/// for its block is there until its connection ends, which may take an hour, and writes nothing.
pub(crate) fn inserts(token: &str) -> Statement {
    Statement::new(format!(
        "SELECT count() FROM system.processes WHERE {} AND (NOT is_cancelled OR written_rows > 0)",
        has_token(token)
    ))
}

/// Ends them.
pub(crate) fn kill_inserts(token: &str) -> Statement {
    Statement::new(format!("KILL QUERY WHERE {} ASYNC", has_token(token)))
}

/// Before its own id, a statement may have that of its transfer.
fn has_id(query_id: Uuid) -> String {
    format!("endsWith(query_id, '{query_id}')")
}

fn has_token(token: &str) -> String {
    format!(
        "startsWith(Settings['insert_deduplication_token'], {})",
        quote_string(token)
    )
}

/// The exception that ended the statement with this id, as far as ClickHouse remembers it: it keeps only the
/// newest of each code, of all statements. One that it meets while it looks for the names in a stack trace, in
/// a program's library that it may not open, says nothing of the statement.
pub(crate) fn exception(query_id: Uuid) -> Statement {
    Statement::new(format!(
        "SELECT code, name, last_error_message AS message FROM system.errors WHERE {} \
         AND NOT (name = 'CANNOT_OPEN_FILE' AND last_error_message LIKE 'Cannot open file %.so: %') \
         ORDER BY last_error_time DESC LIMIT 1",
        has_id(query_id)
    ))
}

/// Which of the settings the server knows, with their values.
pub(crate) fn settings(names: &[&str]) -> Statement {
    Statement::new(format!(
        "SELECT name, value FROM system.settings WHERE name IN ({})",
        join(names, |name| quote_string(name))
    ))
}
