//! Statements about the tables that uploads are staged in, and about the way out of them.
//!
//! Used by `transfer::commit`. Every statement but the exchange can be repeated.

use uuid::Uuid;

use super::{EngineClause, IDENTITY, Statement, TableName, join, quote_identifier, quote_string};

/// What the names of all tables begin with that Sluice makes beside others.
pub(super) const OWN_PREFIX: &str = "_sluice_";

/// What the name of every staging table begins with.
pub(super) const PREFIX: &str = "_sluice_staging_";

/// The comment of every staging table: a name alone does not make a table Sluice's own.
const COMMENT: &str = "an upload that Sluice stages; dropped by itself";

/// Tokens of blocks that a staging table remembers: a block that comes twice is there once.
const DEDUPLICATION_WINDOW: u32 = 1_000_000;

/// What the name of every table begins with that is to take the place of a target.
const REPLACEMENT_PREFIX: &str = "_sluice_replacement_";

/// The names of all these tables, as a regular expression.
pub(super) const PATTERN: &str = "^_sluice_(staging|replacement)_[0-9a-f]{32}_[0-9]+_[0-9]+$";

/// What the names of the staging tables of a transfer begin with, whoever has them.
pub(crate) fn prefix(transfer_id: Uuid, incarnation: u32) -> String {
    format!("{PREFIX}{}_{incarnation}_", transfer_id.simple())
}

/// The name of the staging table of a transfer as the owner by step `epoch` has it.
pub(crate) fn name(database: &str, transfer_id: Uuid, incarnation: u32, epoch: u32) -> TableName {
    let table = format!("{}{epoch}", prefix(transfer_id, incarnation));
    TableName::new(database, table)
}

/// What the names of the tables that are to take the place of a transfer's target begin with.
pub(crate) fn replacement_prefix(transfer_id: Uuid, incarnation: u32) -> String {
    format!(
        "{REPLACEMENT_PREFIX}{}_{incarnation}_",
        transfer_id.simple()
    )
}

/// The name of such a table for one attempt.
pub(crate) fn replacement(
    target: &TableName,
    transfer_id: Uuid,
    incarnation: u32,
    attempt: u32,
) -> TableName {
    let table = format!("{}{attempt}", replacement_prefix(transfer_id, incarnation));
    TableName::new(target.database.as_str(), table)
}

/// The transfer and the incarnation that a table serves, if it is one of these at all.
pub(crate) fn transfer_of(table: &str) -> Option<(Uuid, u32)> {
    let rest = table.strip_prefix(PREFIX);
    let rest = rest.or_else(|| table.strip_prefix(REPLACEMENT_PREFIX))?;
    let mut parts = rest.split('_');
    let id = Uuid::try_parse(parts.next()?).ok()?;
    let incarnation = parts.next()?.parse().ok()?;
    parts.next()?.parse::<u32>().ok()?;
    parts.next().is_none().then_some((id, incarnation))
}

/// The tables of two databases, which may be one, whose names begin with a text, each with its identity.
pub(crate) fn tables_of(databases: [&str; 2], prefix: &str) -> Statement {
    let [first, second] = databases.map(str::to_owned);
    Statement::with_params(
        format!(
            "SELECT database, name, {IDENTITY} AS uuid, engine, '' AS definition FROM system.tables \
             WHERE database IN ({{p0:String}}, {{p1:String}}) AND startsWith(name, {{p2:String}})"
        ),
        vec![first, second, prefix.to_owned()],
    )
}

/// What tells a table from another one of its name, and all that is said of it but the name.
pub(crate) fn identity(table: &TableName) -> Statement {
    Statement::with_params(
        format!(
            "SELECT database, name, {IDENTITY} AS uuid, engine, \
             substring(create_table_query, position(create_table_query, ' (`')) AS definition \
             FROM system.tables WHERE database = {{p0:String}} AND name = {{p1:String}}"
        ),
        vec![table.database.clone(), table.table.clone()],
    )
}

/// Whether two tables have the same columns, constraints, indices and projections: one row.
pub(crate) fn is_alike(staging: &TableName, target: &TableName) -> Statement {
    Statement::with_params(
        "SELECT uniqExact(arrayStringConcat(arrayPopBack(splitByString(') ENGINE = ', \
         substring(create_table_query, position(create_table_query, ' (`')))), ') ENGINE = ')) = 1 AS is_alike \
         FROM system.tables WHERE (database, name) IN (({p0:String}, {p1:String}), ({p2:String}, {p3:String}))"
            .to_owned(),
        vec![
            staging.database.clone(),
            staging.table.clone(),
            target.database.clone(),
            target.table.clone(),
        ],
    )
}

/// The settings of a table whose parts outlive a power loss.
pub(super) const SYNCED: [&str; 2] = ["fsync_after_insert", "fsync_part_directory"];

/// Makes a table with the whole definition of another one.
pub(crate) fn create_like(table: &TableName, target: &TableName) -> Statement {
    Statement::new(format!(
        "CREATE TABLE IF NOT EXISTS {} AS {}",
        table.quoted(),
        target.quoted()
    ))
}

/// Gives a table another name; fails where it has not the old one any more.
pub(crate) fn rename(from: &TableName, to: &TableName) -> Statement {
    Statement::new(format!("RENAME TABLE {} TO {}", from.quoted(), to.quoted()))
}

/// Makes a table with the columns and constraints of another that keeps no row.
pub(crate) fn create_trial(trial: &TableName, target: &TableName) -> Statement {
    Statement::new(format!(
        "CREATE TABLE IF NOT EXISTS {} AS {}\nENGINE = Null\nCOMMENT {}",
        trial.quoted(),
        target.quoted(),
        quote_string(COMMENT)
    ))
}

/// Makes the staging table: columns and keys of the target, so that partitions can move, but a plain
/// MergeTree, in which every row stays and can be counted. Each part has a UUID that moves with it.
pub(crate) fn create(
    staging: &TableName,
    target: &TableName,
    engine: &EngineClause,
    is_synced: bool,
) -> Statement {
    let mut own = vec![
        ("assign_part_uuids", "1".to_owned()),
        (
            "non_replicated_deduplication_window",
            DEDUPLICATION_WINDOW.to_string(),
        ),
        ("max_parts_in_total", i64::MAX.to_string()),
        ("parts_to_delay_insert", "100000".to_owned()),
        ("parts_to_throw_insert", "100000".to_owned()),
        // A part has few files, whatever its size: each is made, linked into the target and dropped,
        // and merges of the target make it what it has to be there.
        ("min_bytes_for_wide_part", i64::MAX.to_string()),
        ("min_rows_for_wide_part", i64::MAX.to_string()),
        // No part is merged here: it keeps its UUID, and the target would merge it again anyway.
        ("max_bytes_to_merge_at_max_space_in_pool", "1".to_owned()),
        ("max_bytes_to_merge_at_min_space_in_pool", "1".to_owned()),
    ];
    if is_synced {
        own.extend(SYNCED.map(|name| (name, "1".to_owned())));
    }
    let of_target = engine.settings().into_iter();
    let of_target = of_target.filter(|(name, _)| own.iter().all(|(own, _)| own != name));
    let mut settings: Vec<_> = of_target
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    settings.extend(own.iter().map(|(name, value)| format!("{name} = {value}")));
    Statement::new(format!(
        "CREATE TABLE IF NOT EXISTS {} AS {}\nENGINE = MergeTree\n{}\nSETTINGS {}\n\
         COMMENT {}",
        staging.quoted(),
        target.quoted(),
        engine.keys(),
        settings.join(", "),
        quote_string(COMMENT)
    ))
}

/// Drops it, with its rows.
pub(crate) fn drop(staging: &TableName) -> Statement {
    Statement::new(format!("DROP TABLE IF EXISTS {} SYNC", staging.quoted()))
}

/// Its partitions that have rows, each with their number. `staging` must name its database.
pub(crate) fn partitions(staging: &TableName) -> Statement {
    Statement::with_params(
        "SELECT partition_id AS id, sum(rows) AS row_count FROM system.parts \
         WHERE active AND rows > 0 AND database = {p0:String} AND table = {p1:String} \
         GROUP BY partition_id ORDER BY partition_id"
            .to_owned(),
        vec![staging.database.clone(), staging.table.clone()],
    )
}

/// Its parts that the target has too: ClickHouse ended between adding them there and leaving them
/// out here. Both names must have their database.
pub(crate) fn moved_parts(staging: &TableName, target: &TableName) -> Statement {
    Statement::with_params(
        "SELECT name FROM system.parts WHERE active AND rows > 0 AND database = {p0:String} \
         AND table = {p1:String} AND uuid IN (SELECT uuid FROM system.parts \
         WHERE database = {p2:String} AND table = {p3:String})"
            .to_owned(),
        vec![
            staging.database.clone(),
            staging.table.clone(),
            target.database.clone(),
            target.table.clone(),
        ],
    )
}

/// Leaves parts out.
pub(crate) fn drop_parts(staging: &TableName, parts: &[String]) -> Statement {
    alter(staging, parts, |part| format!("DROP PART {part}"))
}

/// Does nothing. Whoever runs it with the id of a commit knows that no other statement of that commit is under way;
/// it names no table, because others may give that another name this moment.
pub(crate) fn do_nothing() -> Statement {
    Statement::new("SELECT 1 FORMAT Null".to_owned())
}

/// Moves partitions, one after the other, each at once.
pub(crate) fn move_partitions(
    staging: &TableName,
    target: &TableName,
    partitions: &[String],
) -> Statement {
    let target = target.quoted();
    alter(staging, partitions, |id| {
        format!("MOVE PARTITION ID {id} TO TABLE {target}")
    })
}

/// Adds partitions to a replicated target, one after the other, each at once on all replicas. The parts keep
/// their UUIDs there, and stay here too.
pub(crate) fn attach_partitions(
    staging: &TableName,
    target: &TableName,
    partitions: &[String],
) -> Statement {
    let staging = staging.quoted();
    alter(target, partitions, |id| {
        format!("ATTACH PARTITION ID {id} FROM {staging}")
    })
}

/// Puts partitions in the place of those of a replicated target, each at once on all replicas.
pub(crate) fn replace_partitions(
    staging: &TableName,
    target: &TableName,
    partitions: &[String],
) -> Statement {
    let staging = staging.quoted();
    alter(target, partitions, |id| {
        format!("REPLACE PARTITION ID {id} FROM {staging}")
    })
}

/// Changes each of some parts or partitions of a table, whose names are given as quoted texts.
fn alter(table: &TableName, names: &[String], change: impl Fn(&str) -> String) -> Statement {
    let changes = join(names, |name| change(&quote_string(name)));
    Statement::new(format!("ALTER TABLE {} {changes}", table.quoted()))
}

/// Leaves partitions out.
pub(crate) fn drop_partitions(staging: &TableName, partitions: &[String]) -> Statement {
    alter(staging, partitions, |id| format!("DROP PARTITION ID {id}"))
}

/// Leaves out all rows of a table.
pub(crate) fn empty(table: &TableName) -> Statement {
    Statement::new(format!("TRUNCATE TABLE {}", table.quoted()))
}

/// Its partitions of which the target has a part: what all replicas add, they add as a whole. Both names must
/// have their database.
pub(crate) fn attached_partitions(staging: &TableName, target: &TableName) -> Statement {
    Statement::with_params(
        "SELECT DISTINCT partition_id FROM system.parts WHERE active AND rows > 0 \
         AND database = {p0:String} AND table = {p1:String} AND uuid IN (SELECT uuid FROM system.parts \
         WHERE database = {p2:String} AND table = {p3:String})"
            .to_owned(),
        vec![
            staging.database.clone(),
            staging.table.clone(),
            target.database.clone(),
            target.table.clone(),
        ],
    )
}

/// The path in Keeper of a replicated table: one row, or none for another one.
pub(crate) fn keeper_path(table: &TableName) -> Statement {
    Statement::with_params(
        "SELECT zookeeper_path FROM system.replicas WHERE database = {p0:String} AND table = {p1:String}"
            .to_owned(),
        vec![table.database.clone(), table.table.clone()],
    )
}

/// Waits until a replica has what was written to any other before.
pub(crate) fn sync_replica(table: &TableName) -> Statement {
    Statement::new(format!(
        "SYSTEM SYNC REPLICA {} LIGHTWEIGHT",
        table.quoted()
    ))
}

/// Asks whether a user may do that.
pub(crate) fn check_sync_grant(table: &TableName) -> Statement {
    Statement::new(format!(
        "CHECK GRANT SYSTEM SYNC REPLICA ON {}",
        table.quoted()
    ))
}

/// Its partitions of more than so many parts. `staging` must name its database.
pub(crate) fn crowded_partitions(staging: &TableName, parts: u32) -> Statement {
    Statement::with_params(
        format!(
            "SELECT partition_id FROM system.parts WHERE active AND rows > 0 AND database = {{p0:String}} \
             AND table = {{p1:String}} GROUP BY partition_id HAVING count() > {parts}"
        ),
        vec![staging.database.clone(), staging.table.clone()],
    )
}

/// Makes the parts of a partition one.
pub(crate) fn merge_partition(staging: &TableName, id: &str) -> Statement {
    Statement::new(format!(
        "OPTIMIZE TABLE {} PARTITION ID {} FINAL",
        staging.quoted(),
        quote_string(id)
    ))
}

/// The engine of a database; no row where there is none.
pub(crate) fn database_engine(database: &str) -> Statement {
    Statement::with_params(
        "SELECT engine FROM system.databases WHERE name = {p0:String}".to_owned(),
        vec![database.to_owned()],
    )
}

/// Makes a database whose tables are on one server.
pub(crate) fn create_database(database: &str) -> Statement {
    Statement::new(format!(
        "CREATE DATABASE IF NOT EXISTS {} ENGINE = Atomic",
        quote_identifier(database)
    ))
}

/// Gives each of two tables the name of the other, at once.
pub(crate) fn exchange(staging: &TableName, target: &TableName) -> Statement {
    Statement::new(format!(
        "EXCHANGE TABLES {} AND {}",
        staging.quoted(),
        target.quoted()
    ))
}

/// All tables that are older than `seconds` and named like tables of an upload, with their age (0 where
/// ClickHouse does not know it: then only the journal can say that one is not needed), and whether
/// they say that they stage one.
pub(crate) fn old_tables(seconds: u64) -> Statement {
    Statement::with_params(
        format!(
            "SELECT database, name, \
             if(metadata_modification_time = 0, 0, toUInt64(now() - metadata_modification_time)) AS age, \
             comment = {{p2:String}} AS is_marked FROM system.tables \
             WHERE (startsWith(name, {{p0:String}}) OR startsWith(name, {{p1:String}})) \
             AND metadata_modification_time < now() - toIntervalSecond({seconds})"
        ),
        vec![
            PREFIX.to_owned(),
            REPLACEMENT_PREFIX.to_owned(),
            COMMENT.to_owned(),
        ],
    )
}

/// How many bytes each staging table has.
pub(crate) fn staged_bytes() -> Statement {
    Statement::with_params(
        "SELECT name, ifNull(total_bytes, 0) AS bytes FROM system.tables \
         WHERE startsWith(name, {p0:String})"
            .to_owned(),
        vec![PREFIX.to_owned()],
    )
}

/// What decides how rows can be committed to a table. `table` must name its database.
pub(crate) fn engine(table: &TableName) -> Statement {
    Statement::with_params(
        "SELECT engine_full, ifNull((SELECT value FROM system.merge_tree_settings \
         WHERE name = 'non_replicated_deduplication_window'), '') AS default_window, \
         arrayZip(dependencies_database, dependencies_table) AS views, \
         ifNull((SELECT engine FROM system.databases WHERE name = {p0:String}), '') AS database_engine \
         FROM system.tables WHERE database = {p0:String} AND name = {p1:String}"
            .to_owned(),
        vec![table.database.clone(), table.table.clone()],
    )
}

/// What a replicated table remembers which does not say it itself: how many insertions, and for how many
/// seconds, each with the name of its setting.
pub(crate) fn default_replicated_windows() -> Statement {
    Statement::new(
        "SELECT name, value FROM system.replicated_merge_tree_settings WHERE name IN \
         ('replicated_deduplication_window', 'replicated_deduplication_window_seconds')"
            .to_owned(),
    )
}

/// The table that a materialized view fills; no row for any other kind of view.
pub(crate) fn view_target(view: &TableName) -> Statement {
    Statement::with_params(
        "SELECT target_database, target_table FROM system.tables \
         WHERE engine = 'MaterializedView' AND database = {p0:String} AND name = {p1:String}"
            .to_owned(),
        vec![view.database.clone(), view.table.clone()],
    )
}

/// Asks whether a user may insert into a table, and empty it where `replaces`: one row, 1 for yes.
pub(crate) fn check_grants(table: &TableName, replaces: bool) -> Statement {
    let replace = if replaces { ", TRUNCATE" } else { "" };
    Statement::new(format!("CHECK GRANT INSERT{replace} ON {}", table.quoted()))
}

#[cfg(test)]
mod tests {
    use super::{
        EngineClause, TableName, attach_partitions, create, move_partitions, name, replacement,
        transfer_of,
    };

    #[test]
    fn staging_table_keeps_keys_and_settings_but_no_merging_rule() {
        let engine = EngineClause::parse(
            "ReplacingMergeTree(v) PARTITION BY toYYYYMM(d) ORDER BY (a, b) TTL d + \
             toIntervalDay(1) SETTINGS index_granularity = 4096, assign_part_uuids = 0",
        );
        let target = TableName::new("db", "t");
        let nil = uuid::Uuid::nil();
        let staging = name("db", nil, 1, 2);
        let synced = create(&staging, &target, &engine, true);
        let words = "fsync_after_insert = 1, fsync_part_directory = 1\nCOMMENT";
        assert!(synced.text().contains(words), "{}", synced.text());
        let statement = create(&staging, &target, &engine, false);
        assert_eq!(
            statement.text(),
            "CREATE TABLE IF NOT EXISTS `db`.`_sluice_staging_00000000000000000000000000000000_1_2` AS \
             `db`.`t`\nENGINE = MergeTree\nPARTITION BY toYYYYMM(d)\nORDER BY (a, b)\nSETTINGS \
             index_granularity = 4096, assign_part_uuids = 1, \
             non_replicated_deduplication_window = 1000000, max_parts_in_total = 9223372036854775807, \
             parts_to_delay_insert = 100000, parts_to_throw_insert = 100000, min_bytes_for_wide_part = 9223372036854775807, \
             min_rows_for_wide_part = 9223372036854775807, max_bytes_to_merge_at_max_space_in_pool = 1, \
             max_bytes_to_merge_at_min_space_in_pool = 1\nCOMMENT 'an upload that Sluice stages; \
             dropped by itself'"
        );
    }

    #[test]
    fn names_tell_what_they_serve() {
        let target = TableName::new("db", "t");
        let nil = uuid::Uuid::nil();
        for own in [name("db", nil, 3, 17), replacement(&target, nil, 3, 1)] {
            assert_eq!(transfer_of(&own.table), Some((nil, 3)), "{own}");
        }
        let staging = "_sluice_staging_00000000000000000000000000000000";
        for other in [
            "t",
            staging,
            &format!("{staging}_1"),
            &format!("{staging}_1_2_3"),
        ] {
            assert_eq!(transfer_of(other), None, "{other}");
        }
    }

    #[test]
    fn names_of_partitions_are_texts() {
        let target = TableName::new("db", "t");
        let partitions = ["a'b".to_owned(), "2".to_owned()];
        assert_eq!(
            move_partitions(&TableName::new("db", "s"), &target, &partitions).text(),
            "ALTER TABLE `db`.`s` MOVE PARTITION ID 'a\\'b' TO TABLE `db`.`t`, \
             MOVE PARTITION ID '2' TO TABLE `db`.`t`"
        );
        assert_eq!(
            attach_partitions(&TableName::new("own", "s"), &target, &partitions).text(),
            "ALTER TABLE `db`.`t` ATTACH PARTITION ID 'a\\'b' FROM `own`.`s`, \
             ATTACH PARTITION ID '2' FROM `own`.`s`"
        );
    }
}
