//! Which grants of ClickHouse each operation of Sluice needs: the one table, and the statements made of it.
//!
//! `transfer::grants` asks ClickHouse for them; `docs/grants.md` shows the table to people, and a test holds the
//! two together. Pure. A statement that Sluice begins to send, and that asks for another grant, belongs here
//! too: what is missing here is found out by its user in the middle of an upload.

use std::collections::BTreeMap;

use super::{EngineClause, Statement, TableName, join, quote_identifier, staging};

/// What a grant is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Exports and previews of a table.
    Export,
    /// Exports and previews of a query of the caller's own.
    Query,
    /// What loads nothing: inspections with a table, and dry runs.
    DryRun,
    /// Uploads in this mode.
    Direct,
    /// Uploads in this mode.
    Blocks,
    /// Uploads in this mode.
    Atomic,
    /// Uploads in this mode.
    Replace,
    /// Uploads that make their table, beside what their mode needs.
    Create,
    /// The journal: without it uploads are loaded, and cannot be resumed.
    Journal,
    /// To end what a cancelled or interrupted transfer has left, and to go on behind it.
    Recovery,
}

/// All of them.
pub const PURPOSES: [Purpose; 10] = [
    Purpose::Export,
    Purpose::Query,
    Purpose::DryRun,
    Purpose::Direct,
    Purpose::Blocks,
    Purpose::Atomic,
    Purpose::Replace,
    Purpose::Create,
    Purpose::Journal,
    Purpose::Recovery,
];

/// Who needs it. All are one user unless a connection says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Holder {
    /// Whom ClickHouse takes a call for: the user of the connection, or a role or a user that the caller's
    /// token names.
    Caller,
    /// As whom queries of callers run.
    Queries,
    /// The user of the connection.
    Service,
    /// The user of the connection `default`.
    Journal,
}

/// On what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum On {
    /// The table itself.
    Table,
    /// The tables that Sluice makes beside it, or where that cannot be, in its own database.
    Staging,
    /// All tables of the journal's database.
    Journal,
    /// One of ClickHouse's own tables.
    System(&'static str),
    /// A table engine.
    Engine(&'static str),
    /// The engine of the table.
    EngineOfTable,
    /// The engine of a table that Sluice makes of a file.
    EngineOfNewTable,
}

/// In which case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Always,
    /// The table is not replicated.
    Plain,
    /// The table is replicated.
    Replicated,
    /// The table is in a database of the engine Replicated, and Sluice's own database is not there yet.
    NoOwnDatabase,
    /// The upload makes its table.
    New,
    /// The caller is another user or role than the connection's.
    Mapped,
    /// The server runs with `--fsync on`.
    Fsync,
    /// The node of the journal belongs to no cluster.
    OneNode,
    /// It belongs to a cluster, which keeps the journal together.
    Cluster,
}

/// One line of the table.
#[derive(Debug)]
struct Rule {
    privileges: &'static [&'static str],
    on: On,
    purposes: &'static [Purpose],
    when: When,
    holder: Holder,
}

/// What is needed of a journal that is there; all else is needed to make it.
pub(crate) const USE_OF_JOURNAL: [&str; 2] = ["SELECT", "INSERT"];

/// The modes whose rows are staged.
const STAGED: &[Purpose] = &[Purpose::Atomic, Purpose::Replace];

/// All modes.
const UPLOADS: &[Purpose] = &[
    Purpose::Direct,
    Purpose::Blocks,
    Purpose::Atomic,
    Purpose::Replace,
];

/// What looks at a table as an upload does.
const CHECKS: &[Purpose] = &[
    Purpose::DryRun,
    Purpose::Direct,
    Purpose::Blocks,
    Purpose::Atomic,
    Purpose::Replace,
];

const fn rule(
    privileges: &'static [&'static str],
    on: On,
    purposes: &'static [Purpose],
    when: When,
    holder: Holder,
) -> Rule {
    Rule {
        privileges,
        on,
        purposes,
        when,
        holder,
    }
}

/// The table. ClickHouse shows a table to everybody who has any right on it, with its columns to those who may
/// read them or insert into them, so that INSERT needs nothing beside it.
#[rustfmt::skip]
const RULES: &[Rule] = &[
    rule(&["SELECT"], On::Table, &[Purpose::Export], When::Always, Holder::Caller),
    rule(&["SELECT"], On::Table, &[Purpose::Query], When::Always, Holder::Queries),
    rule(&["SHOW COLUMNS"], On::Table, &[Purpose::DryRun], When::Always, Holder::Caller),
    rule(&["INSERT"], On::Table, UPLOADS, When::Always, Holder::Caller),
    // The defaults of what a table remembers of its insertions.
    rule(&["SELECT"], On::System("merge_tree_settings"), CHECKS, When::Always, Holder::Caller),
    rule(&["SELECT"], On::System("replicated_merge_tree_settings"), CHECKS, When::Replicated, Holder::Caller),
    // Made, filled, and at the end dropped. SELECT and ALTER DELETE together are the right to move partitions; ALTER
    // DELETE alone leaves parts out that were moved by half, and SELECT belongs to RENAME.
    rule(
        &["SELECT", "INSERT", "CREATE TABLE", "DROP TABLE", "ALTER DELETE"],
        On::Staging, STAGED, When::Always, Holder::Service,
    ),
    // Partitions of too many parts for one step of ZooKeeper are merged before.
    rule(&["OPTIMIZE"], On::Staging, STAGED, When::Replicated, Holder::Service),
    rule(&["TABLE ENGINE"], On::Engine("MergeTree"), STAGED, When::Always, Holder::Service),
    rule(&["SELECT"], On::System("parts"), STAGED, When::Always, Holder::Service),
    // Who moves partitions inserts them.
    rule(&["INSERT"], On::Table, STAGED, When::Always, Holder::Service),
    // ClickHouse asks for ALTER DELETE where partitions are attached, too.
    rule(&["ALTER DELETE", "SYSTEM SYNC REPLICA"], On::Table, STAGED, When::Replicated, Holder::Service),
    // What EXCHANGE TABLES asks for.
    rule(&["SELECT", "CREATE TABLE", "DROP TABLE"], On::Table, &[Purpose::Replace], When::Plain, Holder::Service),
    rule(&["TABLE ENGINE"], On::EngineOfTable, &[Purpose::Replace], When::Plain, Holder::Service),
    // By a file from which no row is loaded.
    rule(&["TRUNCATE"], On::Table, &[Purpose::Replace], When::Replicated, Holder::Service),
    // That the rows of before go is the caller's doing, though another user does it.
    rule(&["TRUNCATE"], On::Table, &[Purpose::Replace], When::Mapped, Holder::Caller),
    rule(&["CREATE DATABASE"], On::Journal, STAGED, When::NoOwnDatabase, Holder::Service),
    rule(&["TABLE ENGINE"], On::Engine("Atomic"), STAGED, When::NoOwnDatabase, Holder::Service),
    rule(&["CREATE TABLE"], On::Table, &[Purpose::Create], When::New, Holder::Caller),
    rule(&["TABLE ENGINE"], On::EngineOfNewTable, &[Purpose::Create], When::New, Holder::Caller),
    rule(
        &["CREATE DATABASE", "CREATE TABLE", "SELECT", "INSERT"],
        On::Journal, &[Purpose::Journal], When::Always, Holder::Journal,
    ),
    rule(&["TABLE ENGINE"], On::Engine("MergeTree"), &[Purpose::Journal], When::OneNode, Holder::Journal),
    rule(&["TABLE ENGINE"], On::Engine("ReplacingMergeTree"), &[Purpose::Journal], When::OneNode, Holder::Journal),
    rule(&["TABLE ENGINE"], On::Engine("ReplicatedMergeTree"), &[Purpose::Journal], When::Cluster, Holder::Journal),
    rule(&["TABLE ENGINE"], On::Engine("ReplicatedReplacingMergeTree"), &[Purpose::Journal], When::Cluster, Holder::Journal),
    rule(&["SYSTEM SYNC REPLICA"], On::Journal, &[Purpose::Journal], When::Cluster, Holder::Journal),
    rule(&["ALTER SETTINGS"], On::Journal, &[Purpose::Journal], When::Fsync, Holder::Journal),
    rule(&["SELECT"], On::System("processes"), &[Purpose::Recovery], When::Always, Holder::Caller),
    // That a table is the same at another node.
    rule(&["SELECT"], On::System("replicas"), &[Purpose::Recovery], When::Cluster, Holder::Caller),
    // The new table of an upload that fails.
    rule(&["DROP TABLE"], On::Table, &[Purpose::Recovery], When::New, Holder::Caller),
];

/// What decides which lines hold.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    /// The table, with its database; without a name all tables of the database.
    pub(crate) table: TableName,
    /// Its engine; that of a new table, where it is not there.
    pub(crate) engine: String,
    /// Whether its database does what is done to a table on each of its servers.
    pub(crate) is_in_replicated_database: bool,
    /// Whether the upload makes it.
    pub(crate) is_new: bool,
    /// Whether the caller is another user or role than the connection's.
    pub(crate) is_mapped: bool,
    /// The journal's database, which is Sluice's own.
    pub(crate) journal: String,
    /// Whether that is there.
    pub(crate) has_own_database: bool,
    /// Whether the journal is written with fsync.
    pub(crate) is_synced: bool,
    /// Whether it is kept together by the nodes of a cluster.
    pub(crate) is_journal_shared: bool,
}

impl Subject {
    fn is_replicated(&self) -> bool {
        EngineClause::parse(&self.engine).is_replicated()
    }

    fn stages_apart(&self) -> bool {
        self.is_in_replicated_database && self.is_replicated()
    }

    fn holds(&self, when: When) -> bool {
        match when {
            When::Always => true,
            When::Plain => !self.is_replicated(),
            When::Replicated => self.is_replicated(),
            When::NoOwnDatabase => self.stages_apart() && !self.has_own_database,
            When::New => self.is_new,
            When::Mapped => self.is_mapped,
            When::Fsync => self.is_synced,
            When::OneNode => !self.is_journal_shared,
            When::Cluster => self.is_journal_shared,
        }
    }

    fn staging_database(&self) -> String {
        name(if self.stages_apart() {
            &self.journal
        } else {
            &self.table.database
        })
    }

    /// The object as CHECK GRANT is to name it: of tables with a prefix one, because versions of 2025 answer
    /// wrongly for a prefix.
    fn example(&self, on: On) -> String {
        match on {
            On::Staging => format!("{}.{}0", self.staging_database(), staging::PREFIX),
            on => self.object(on),
        }
    }

    /// The object as GRANT names it.
    fn object(&self, on: On) -> String {
        let TableName { database, table } = &self.table;
        match on {
            On::Table if table.is_empty() => format!("{}.*", name(database)),
            On::Table => format!("{}.{}", name(database), name(table)),
            On::Staging => format!("{}.{}*", self.staging_database(), staging::OWN_PREFIX),
            On::Journal => format!("{}.*", name(&self.journal)),
            On::System(table) => format!("system.{table}"),
            On::Engine(engine) => engine.to_owned(),
            On::EngineOfTable => name(&self.engine),
            On::EngineOfNewTable if self.is_in_replicated_database => {
                "ReplicatedMergeTree".to_owned()
            }
            On::EngineOfNewTable => "MergeTree".to_owned(),
        }
    }
}

/// A name as GRANT takes it: as it is where it is a word, or else quoted.
fn name(name: &str) -> String {
    let mut chars = name.chars();
    let is_word = chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_word {
        name.to_owned()
    } else {
        quote_identifier(name)
    }
}

/// One grant that is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) privilege: &'static str,
    /// As GRANT names it.
    pub(crate) on: String,
    /// The same, or one of several.
    example: String,
    pub(crate) holder: Holder,
    pub(crate) purposes: Vec<Purpose>,
}

/// The grants that some purposes need, each once, in the order of the table.
pub(crate) fn needed(subject: &Subject, purposes: &[Purpose]) -> Vec<Grant> {
    let mut grants: Vec<Grant> = Vec::new();
    for rule in RULES.iter().filter(|rule| subject.holds(rule.when)) {
        let of_rule = rule.purposes.iter().copied();
        let wanted: Vec<_> = of_rule.filter(|one| purposes.contains(one)).collect();
        if wanted.is_empty() {
            continue;
        }
        let on = subject.object(rule.on);
        for privilege in rule.privileges.iter().copied() {
            let same = |grant: &&mut Grant| {
                grant.privilege == privilege && grant.on == on && grant.holder == rule.holder
            };
            if let Some(grant) = grants.iter_mut().find(same) {
                grant.purposes.extend(&wanted);
                grant.purposes.sort_unstable();
                grant.purposes.dedup();
            } else {
                grants.push(Grant {
                    privilege,
                    on: on.clone(),
                    example: subject.example(rule.on),
                    holder: rule.holder,
                    purposes: wanted.clone(),
                });
            }
        }
    }
    grants
}

/// Asks whether the user has all of some grants: one row, 1 for yes. There must be one.
pub(crate) fn check<'a>(grants: impl IntoIterator<Item = &'a Grant>) -> Statement {
    let grants: Vec<_> = grants.into_iter().collect();
    let list = join(&grants, |grant| {
        format!("{} ON {}", grant.privilege, grant.example)
    });
    Statement::new(format!("CHECK GRANT {list}"))
}

/// Asks whether ClickHouse shows a table to the user, or with an empty name its database: one row, 1 for yes.
pub(crate) fn check_visible(table: &TableName) -> Statement {
    let TableName { database, table } = table;
    let database = quote_identifier(database);
    Statement::new(if table.is_empty() {
        format!("CHECK GRANT SHOW DATABASES ON {database}.*")
    } else {
        format!(
            "CHECK GRANT SHOW TABLES ON {database}.{}",
            quote_identifier(table)
        )
    })
}

/// The statements that give grants, each with whom to: one for each object. To be shown, not to be run.
pub(crate) fn statements<'a>(
    grants: impl IntoIterator<Item = (&'static str, &'a str, &'a str)>,
) -> Vec<String> {
    let mut order = Vec::new();
    let mut merged: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for (privilege, on, grantee) in grants {
        let privileges = merged.entry((on, grantee)).or_default();
        if privileges.is_empty() {
            order.push((on, grantee));
        }
        if !privileges.contains(&privilege) {
            privileges.push(privilege);
        }
    }
    let statement = |key: (&str, &str)| {
        let privileges = merged.get(&key).map(|list| list.join(", "));
        let (on, grantee) = key;
        let grantee = name(grantee);
        format!(
            "GRANT {} ON {on} TO {grantee}",
            privileges.unwrap_or_default()
        )
    };
    order.into_iter().map(statement).collect()
}

/// The grant by which a user sees a table, or the tables of a database, and may read them.
pub(crate) fn to_read(table: &TableName, grantee: &str) -> String {
    let TableName { database, table } = table;
    let table = if table.is_empty() {
        "*".to_owned()
    } else {
        name(table)
    };
    format!(
        "GRANT SELECT ON {}.{table} TO {}",
        name(database),
        name(grantee)
    )
}

/// What decides of a table which grants are needed, as far as the user may see it: one row. `table` must name its
/// database.
pub(crate) fn facts(table: &TableName, own_database: &str) -> Statement {
    Statement::with_params(
        "SELECT ifNull((SELECT engine FROM system.tables WHERE database = {p0:String} AND name = {p1:String}), '') \
         AS engine, ifNull((SELECT notEmpty(dependencies_table) FROM system.tables \
         WHERE database = {p0:String} AND name = {p1:String}), 0) AS has_views, \
         ifNull((SELECT engine FROM system.databases WHERE name = {p0:String}), '') AS database_engine, \
         toUInt8({p2:String} IN (SELECT name FROM system.databases)) AS has_own_database"
            .to_owned(),
        vec![
            table.database.clone(),
            table.table.clone(),
            own_database.to_owned(),
        ],
    )
}

#[cfg(test)]
mod tests;
