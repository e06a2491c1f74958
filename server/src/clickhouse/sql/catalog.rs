//! Questions about databases, tables and columns.
//!
//! Used by `catalog` only; the names of the result columns are the fields of its rows.

use super::{IDENTITY, SelectQuery, Statement, TableName, join, quote_identifier, staging};

/// Version, user, default database and time zone.
#[must_use]
pub(crate) fn connection() -> Statement {
    Statement::new(
        "SELECT version() AS version, currentUser() AS user, currentDatabase() AS database, \
         timezone() AS timezone"
            .to_owned(),
    )
}

/// The offset that the clocks of a zone showed in 1900, and each one from a second of UTC on, both in seconds, as
/// ClickHouse itself prints times: day by day, then the minute, then the second of a change. Without a zone by that
/// name it is an error.
#[must_use]
pub(crate) fn zone_changes(zone: &str) -> Statement {
    // Not `timezoneOffset`: it is off by a day where the offset before 1970 is not one of today.
    let offset = |second: &str| {
        format!(
            "intDiv(toUnixTimestamp64Milli(toDateTime64(toString(toDateTime64({second}, 0, {{p0:String}})), 0, \
             'UTC')), 1000) - ({second})"
        )
    };
    let (at_day, at_tick) = (offset("day"), offset("tick"));
    Statement::with_params(
        format!(
            "WITH days AS (SELECT arrayJoin(range(146097)) * 86400 - 2208988800 AS day, {at_day} AS offset, \
             lagInFrame(offset, 1, -1000000) OVER (ORDER BY day ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before), \
             changes AS (SELECT day, before, offset FROM days WHERE before != offset), \
             minutes AS (SELECT day, any(before) AS earlier, any(offset) AS later, min(tick) AS minute FROM \
             (SELECT day, before, offset, arrayJoin(range(1441)) * 60 + day - 86400 AS tick FROM changes) \
             WHERE {at_tick} != before GROUP BY day) \
             SELECT min(tick) AS second, any(later) AS offset FROM \
             (SELECT earlier, later, minute, arrayJoin(range(61)) + minute - 60 AS tick FROM minutes) \
             WHERE {at_tick} != earlier GROUP BY minute ORDER BY second"
        ),
        vec![zone.to_owned()],
    )
}

/// What reads or writes beyond the tables of ClickHouse, as GRANT names it.
pub(crate) const SOURCES: [&str; 4] = ["FILE", "URL", "REMOTE", "S3"];

/// Asks whether the user has one of [`SOURCES`]: one row, 1 for yes.
pub(crate) fn check_source(source: &'static str) -> Statement {
    Statement::new(format!("CHECK GRANT {source} ON *.*"))
}

/// All databases by name.
pub(crate) fn databases() -> Statement {
    Statement::new("SELECT name, engine, comment FROM system.databases ORDER BY name".to_owned())
}

/// The engine of a database, no row when there is none; an empty name is the user's default one.
pub(crate) fn database_engine(database: &str) -> Statement {
    Statement::with_params(
        "SELECT engine FROM system.databases \
         WHERE name = if({p0:String} = '', currentDatabase(), {p0:String})"
            .to_owned(),
        vec![database.to_owned()],
    )
}

/// How many databases have this name: 0 or 1.
pub(crate) fn count_database(database: &str) -> Statement {
    Statement::with_params(
        "SELECT count() FROM system.databases WHERE name = {p0:String}".to_owned(),
        vec![database.to_owned()],
    )
}

/// The tables of a database by name, at most `limit`, from behind `after` on; without those of uploads that
/// are on their way.
pub(crate) fn tables(database: &str, after: &str, limit: usize) -> Statement {
    Statement::with_params(
        format!(
            "SELECT name, engine, total_rows, total_bytes, comment FROM system.tables \
             WHERE database = {{p0:String}} AND name > {{p1:String}} AND NOT is_temporary \
             AND NOT match(name, {{p2:String}}) ORDER BY name LIMIT {limit}"
        ),
        vec![
            database.to_owned(),
            after.to_owned(),
            staging::PATTERN.to_owned(),
        ],
    )
}

/// One table, no row when there is none. `table` must name its database. A database of the engine
/// Overlay, such as `default` in the embedded ClickHouse, does not tell the UUIDs of its tables; the path
/// of their data ends with it.
pub(crate) fn table(table: &TableName) -> Statement {
    Statement::with_params(
        format!(
            "SELECT name, {IDENTITY} AS uuid, engine, total_rows, total_bytes, comment, sorting_key, \
             primary_key, partition_key, create_table_query FROM system.tables \
             WHERE database = {{p0:String}} AND name = {{p1:String}} AND NOT is_temporary"
        ),
        vec![table.database.clone(), table.table.clone()],
    )
}

/// The columns of a table in its order. `table` must name its database.
pub(crate) fn columns(table: &TableName) -> Statement {
    Statement::with_params(
        "SELECT name, type, default_kind, default_expression, comment FROM system.columns \
         WHERE database = {p0:String} AND table = {p1:String} ORDER BY position"
            .to_owned(),
        vec![table.database.clone(), table.table.clone()],
    )
}

/// The columns of a query.
pub(crate) fn describe(query: &SelectQuery) -> Statement {
    Statement::new(format!("DESCRIBE TABLE (\n{}\n)", query.text()))
}

/// How much of a result a preview is to have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PreviewLimits {
    /// The most rows.
    pub(crate) rows: usize,
    /// The most bytes of a cell.
    pub(crate) cell_bytes: usize,
}

/// The first rows of a table, each as one array `cells` of texts.
pub(crate) fn preview_table(
    table: &TableName,
    columns: &[String],
    limits: PreviewLimits,
) -> Statement {
    let limit = limits.rows;
    let names = join(columns, |name| quote_identifier(name));
    let source = format!("SELECT {names} FROM {} LIMIT {limit}", table.quoted());
    preview(&source, columns, limits)
}

/// The first rows of a query, each as one array `cells` of texts.
pub(crate) fn preview_query(
    query: &SelectQuery,
    columns: &[String],
    limits: PreviewLimits,
) -> Statement {
    preview(query.text(), columns, limits)
}

/// Makes one array of texts of the columns of `source`, cells cut and repaired to valid UTF-8.
fn preview(source: &str, columns: &[String], limits: PreviewLimits) -> Statement {
    let PreviewLimits { rows, cell_bytes } = limits;
    let cells = join(columns, |name| {
        format!(
            "toValidUTF8(substring(CAST({}, 'Nullable(String)'), 1, {cell_bytes}))",
            quote_identifier(name)
        )
    });
    Statement::new(format!(
        "SELECT [{cells}] AS cells FROM (\n{source}\n) LIMIT {rows}"
    ))
}
