//! The one place that decides what a caller may do.
//!
//! Every handler asks [`Policy::decide`] before it does anything, and filters lists by it. It decides
//! by its arguments alone: no clock, no database, no state.

use super::principal::{Principal, Scope};
use crate::clickhouse::sql::callers::SYSTEM_TABLES;

/// The database in which ClickHouse tells of itself, and the one that tells the same in standard words.
const SYSTEM: &str = "system";
const INFORMATION_SCHEMA: &str = "information_schema";

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Write rows, create a table.
    Upload,
    /// Read rows, also to look at the first of them.
    Export,
    /// See databases, tables, columns and connections; inspect a file.
    ReadCatalog,
    /// See, go on with or cancel a transfer, and read its rejected rows.
    ManageTransfers,
}

impl Action {
    const fn scope(self) -> Scope {
        match self {
            Self::Upload => Scope::Upload,
            Self::Export => Scope::Export,
            Self::ReadCatalog => Scope::CatalogRead,
            Self::ManageTransfers => Scope::TransfersManage,
        }
    }
}

/// A table by its full name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableName<'a> {
    /// The database, resolved: never empty.
    pub database: &'a str,
    /// The table.
    pub table: &'a str,
}

/// Whom ClickHouse takes a query for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunsAs {
    /// The user of the connection, whoever calls.
    Service,
    /// A user that the connection has for the statements of callers, with few rights.
    Restricted,
    /// The user of the connection with the caller's role.
    CallersRole,
    /// The caller's user, by `EXECUTE AS`.
    CallersUser,
    /// The owner of the caller's token.
    CallersToken,
    /// A user whose password or token the caller has sent along.
    CallersCredentials,
}

/// What it is to be done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// A table.
    Table(TableName<'a>),
    /// The names in a database.
    Database(&'a str),
    /// A SELECT of the caller's own.
    Query(RunsAs),
    /// A CREATE TABLE statement of the caller's own, beside its table.
    Create {
        /// As whom it runs.
        runs_as: RunsAs,
        /// Whether that user can do nothing but make tables.
        is_confined: bool,
    },
    /// A transfer.
    Transfer {
        /// The subject of the one who began it.
        owner: &'a str,
        /// Its table; none for a query.
        table: Option<TableName<'a>>,
    },
    /// Nothing in particular.
    None,
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The caller was not given the scope.
    #[error("{subject:?} lacks the scope {scope}: ask for a token with it")]
    Scope {
        /// Who.
        subject: String,
        /// What is missing.
        scope: Scope,
    },
    /// The table is none of the caller's.
    #[error(
        "{subject:?} may not use the table {database}.{table}: no pattern of its tables matches"
    )]
    Table {
        /// Who.
        subject: String,
        /// The database.
        database: String,
        /// The table.
        table: String,
    },
    /// No table of the database is one of the caller's.
    #[error("{subject:?} may not use the database {database}: no pattern of its tables matches")]
    Database {
        /// Who.
        subject: String,
        /// The database.
        database: String,
    },
    /// A query could read any table.
    #[error(
        "{subject:?} may not run queries of its own here: that needs the scope {} without a limit to \
         some tables; export a table, or use a connection that acts as the caller's own user or role",
        Scope::TransfersManage
    )]
    Query {
        /// Who.
        subject: String,
    },
    /// A statement could read any table.
    #[error(
        "{subject:?} may not make tables by a statement of its own here, because its token is limited to some \
         tables and ClickHouse would not know; let Sluice make the table, or use a connection that acts as the \
         caller's own user or role"
    )]
    Create {
        /// Who.
        subject: String,
    },
    /// The transfer is another caller's.
    #[error(
        "the transfer is not of {subject:?}: that needs the scope {}",
        Scope::TransfersManage
    )]
    Transfer {
        /// Who.
        subject: String,
    },
    /// The database is not for callers.
    #[error("the database {database} is not for uploads and exports")]
    Reserved {
        /// The database.
        database: String,
    },
    /// ClickHouse tells of others there.
    #[error(
        "{database}.{table} is not for callers: of ClickHouse's own tables they may read system.{}",
        SYSTEM_TABLES.join(", system.")
    )]
    System {
        /// The database.
        database: String,
        /// The table.
        table: String,
    },
    /// The connection is none of the caller's.
    #[error("{subject:?} may not use the connection {connection:?}: it is limited to others")]
    Connection {
        /// Who.
        subject: String,
        /// The connection.
        connection: String,
    },
    /// The token names connections, of which a ClickHouse of the caller's own is none.
    #[error(
        "{subject:?} may not name a ClickHouse of its own: it is limited to connections of the server"
    )]
    OwnClickHouse {
        /// Who.
        subject: String,
    },
    /// The action makes no sense there.
    #[error("a query cannot be written to")]
    NotWritable,
}

/// What callers may do.
#[derive(Debug, Clone)]
pub struct Policy {
    journal_database: String,
}

impl Policy {
    /// The policy of a server that keeps its own records in `journal_database`.
    pub const fn new(journal_database: String) -> Self {
        Self { journal_database }
    }

    /// Whether `principal` may do `action` to `target`.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn decide(
        &self,
        principal: &Principal,
        action: Action,
        target: Target<'_>,
    ) -> Result<(), Denial> {
        if let (Action::ManageTransfers, Target::Transfer { owner, table }) = (action, target) {
            return transfer(principal, owner, table);
        }
        let scope = action.scope();
        if !principal.scopes.contains(scope) {
            let subject = principal.subject.clone();
            return Err(Denial::Scope { subject, scope });
        }
        match target {
            Target::Table(name)
            | Target::Transfer {
                table: Some(name), ..
            } => self.table(principal, action, name),
            Target::Database(database) => self.database(principal, action, database),
            Target::Query(_) | Target::Transfer { table: None, .. } if action == Action::Upload => {
                Err(Denial::NotWritable)
            }
            Target::Query(runs_as) => query(principal, runs_as),
            Target::Create {
                runs_as,
                is_confined,
            } => create(principal, runs_as, is_confined),
            Target::Transfer { table: None, .. } => query(principal, RunsAs::Service),
            Target::None => Ok(()),
        }
    }

    /// Whether `principal` may use a connection, before anything else is asked; without a name it is a
    /// ClickHouse of its own.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn connection(principal: &Principal, name: Option<&str>) -> Result<(), Denial> {
        let subject = || principal.subject.clone();
        match name {
            Some(name) if principal.connections.allow(name) => Ok(()),
            Some(name) => Err(Denial::Connection {
                subject: subject(),
                connection: name.to_owned(),
            }),
            None if principal.connections.is_limited() => {
                Err(Denial::OwnClickHouse { subject: subject() })
            }
            None => Ok(()),
        }
    }

    fn table(&self, caller: &Principal, action: Action, name: TableName<'_>) -> Result<(), Denial> {
        self.reserved(caller, action, name.database)?;
        let is_harmless = name.database == SYSTEM && SYSTEM_TABLES.contains(&name.table);
        if is_system(name.database) && !is_harmless {
            return Err(Denial::System {
                database: name.database.to_owned(),
                table: name.table.to_owned(),
            });
        }
        if caller.tables.allow(name.database, name.table) {
            return Ok(());
        }
        Err(Denial::Table {
            subject: caller.subject.clone(),
            database: name.database.to_owned(),
            table: name.table.to_owned(),
        })
    }

    fn database(&self, caller: &Principal, action: Action, name: &str) -> Result<(), Denial> {
        self.reserved(caller, action, name)?;
        if caller.tables.allow_in(name) {
            return Ok(());
        }
        Err(Denial::Database {
            subject: caller.subject.clone(),
            database: name.to_owned(),
        })
    }

    /// Whether it is the database of the journal, which nobody looks for among the tables of users.
    pub fn is_journal(&self, database: &str) -> bool {
        database == self.journal_database
    }

    /// Refuses what is nobody's: writing to ClickHouse's own databases and to the journal, all of the
    /// standard's view of everything, and reading the journal, where the rejected rows of everybody are,
    /// for all but those who manage transfers.
    fn reserved(&self, caller: &Principal, action: Action, database: &str) -> Result<(), Denial> {
        let is_journal = self.is_journal(database);
        let sees_all =
            caller.scopes.contains(Scope::TransfersManage) && !caller.tables.is_limited();
        let is_refused = match action {
            Action::Upload => is_system(database) || is_journal,
            Action::Export | Action::ReadCatalog | Action::ManageTransfers => {
                (is_system(database) && database != SYSTEM) || (is_journal && !sees_all)
            }
        };
        if is_refused {
            let database = database.to_owned();
            return Err(Denial::Reserved { database });
        }
        Ok(())
    }
}

/// Whether a database is ClickHouse's own. It is sorted in by any writing of its name: the server's user
/// may see all of it.
fn is_system(database: &str) -> bool {
    [SYSTEM, INFORMATION_SCHEMA]
        .iter()
        .any(|name| database.eq_ignore_ascii_case(name))
}

/// Everybody may manage their own transfers, those with the scope also others' of their tables.
fn transfer(caller: &Principal, owner: &str, table: Option<TableName<'_>>) -> Result<(), Denial> {
    if caller.subject == owner {
        return Ok(());
    }
    let is_in_limits = match table {
        Some(name) => caller.tables.allow(name.database, name.table),
        None => !caller.tables.is_limited(),
    };
    if caller.scopes.contains(Scope::TransfersManage) && is_in_limits {
        return Ok(());
    }
    let subject = caller.subject.clone();
    Err(Denial::Transfer { subject })
}

/// A query may read anything that its user may read: a caller with limits needs a user or role of its
/// own, to which ClickHouse's grants then apply.
///
/// The user of the connection may also read the journal, where the rejected rows of everybody are, and
/// no look at the text of a query can tell whether it does (views, `merge`, dictionaries): as that
/// user only those run queries of their own who may see all of it.
fn query(caller: &Principal, runs_as: RunsAs) -> Result<(), Denial> {
    let sees_all = caller.scopes.contains(Scope::TransfersManage) && !caller.tables.is_limited();
    if is_bound(caller, runs_as) || sees_all {
        return Ok(());
    }
    let subject = caller.subject.clone();
    Err(Denial::Query { subject })
}

/// A CREATE TABLE may read other tables while it runs: a caller with limits needs a user of its own, or one who
/// reads nothing.
fn create(caller: &Principal, runs_as: RunsAs, is_confined: bool) -> Result<(), Denial> {
    if is_confined || is_bound(caller, runs_as) || !caller.tables.is_limited() {
        return Ok(());
    }
    let subject = caller.subject.clone();
    Err(Denial::Create { subject })
}

/// Whether ClickHouse knows the caller, and so its limits.
const fn is_bound(caller: &Principal, runs_as: RunsAs) -> bool {
    match runs_as {
        RunsAs::Service | RunsAs::Restricted => false,
        RunsAs::CallersRole => caller.clickhouse_role.is_some(),
        RunsAs::CallersUser => caller.clickhouse_user.is_some(),
        RunsAs::CallersToken => caller.token.is_some(),
        RunsAs::CallersCredentials => true,
    }
}

#[cfg(test)]
mod tests;
