//! How the rows of an upload become visible: the choice of the commit mode, the staging table, the commit.
//!
//! `transfer::upload` asks for all three. It must never promise what the table cannot keep.

mod choice;
pub(super) mod complete;
mod distributed;
pub(super) mod staging;
pub(super) mod window;

use std::collections::HashMap;

use serde::Deserialize;

use super::{CommitMode, Error, Inner, Result};
use crate::{
    catalog,
    clickhouse::{
        Client, Error as ClickHouseError,
        error::Exception,
        sql::{self, EngineClause, TableName, create::NewEngine},
    },
};

use choice::{Place, Traits, Views};
use window::Window;

/// How often views may fire for one block before nobody can say what they keep.
const MAX_VIEWS: usize = 64;

/// How the rows of an upload become visible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The mode, never [`CommitMode::Auto`].
    pub mode: CommitMode,
    /// What it promises for this table, in words.
    pub guarantee: String,
}

/// A commit mode for a table, and what it takes to honour it.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) commit: Commit,
    pub(super) engine: EngineClause,
    /// Whether its rows are staged in Sluice's own database, and not beside the table.
    pub(super) stages_apart: bool,
    /// What bounds the mode BLOCKS.
    pub(super) window: Option<Window>,
}

/// A row of `sql::staging::engine`.
#[derive(::clickhouse::Row, Deserialize)]
struct EngineRow {
    engine_full: String,
    default_window: String,
    views: Vec<(String, String)>,
    database_engine: String,
}

/// A row of `sql::staging::view_target`.
#[derive(::clickhouse::Row, Deserialize)]
struct ViewTargetRow {
    target_database: String,
    target_table: String,
}

impl Inner {
    /// Chooses how rows are committed to a table, which must have its database in its name.
    ///
    /// # Errors
    ///
    /// [`Error::CommitModeUnavailable`] when the requested mode cannot be honoured.
    pub(super) async fn choose_commit(
        &self,
        table: &TableName,
        requested: CommitMode,
    ) -> Result<Choice> {
        let (mut traits, views) = traits(self.client(), table).await?;
        if traits.engine.name == "Distributed" {
            let behind = match distributed::behind(self.client(), &traits.engine).await {
                // Which blocks are there can only be asked of all servers; without, it is loaded as anything is.
                Err(error) if requested == CommitMode::Auto => {
                    let cause = error.logged();
                    Err(format!("what stands behind it cannot be seen: {cause}"))
                }
                behind => behind?,
            };
            traits.behind = Some(Box::new(behind));
        }
        let no_journal = self.journal.absence().await?;
        let place = Place {
            several: self.client().several_servers().await?,
            no_staging: self.no_staging(&traits).await?,
            memory: match &no_journal {
                None => Some(self.journal.memory().await?),
                Some(_) => None,
            },
            no_journal,
        };
        let views = match views.as_slice() {
            [] => Views::None,
            views if traits.is_deduplicating() => view_traits(self.client(), &place, views).await?,
            _ => Views::Inexact("a materialized view reads from it".to_owned()),
        };
        let chosen = choice::choose(requested, &traits, &views, &place);
        let (commit, window) = chosen.map_err(|cause| Error::CommitModeUnavailable {
            mode: requested.name(),
            table: table.to_string(),
            cause,
        })?;
        if self.connection.is_mapped() {
            self.check_mapped(table, commit.mode).await?;
        }
        Ok(Choice {
            commit,
            stages_apart: traits.stages_apart(),
            engine: traits.engine,
            window,
        })
    }

    /// Why rows cannot be staged for a replicated table with this ClickHouse.
    async fn no_staging(&self, traits: &Traits) -> Result<Option<String>> {
        if !traits.engine.is_replicated() || traits.engine.is_shared() {
            return Ok(None);
        }
        let service = self.connection.service();
        let may_sync = sql::staging::check_sync_grant(&traits.table);
        match service.is_granted(&may_sync).await {
            // Versions that do not know the question.
            Ok(true) | Err(ClickHouseError::InvalidQuery(_)) => {}
            Ok(false) => {
                return Ok(Some(format!(
                    "the user lacks the grant SYSTEM SYNC REPLICA ON {}, without which an interrupted commit could \
                     not be completed",
                    traits.table
                )));
            }
            Err(error) => return Err(error.into()),
        }
        if traits.stages_apart() {
            self.no_own_database().await
        } else {
            Ok(None)
        }
    }

    /// Sees that there is a database of Sluice's own to stage rows in; says why there is none.
    async fn no_own_database(&self) -> Result<Option<String>> {
        let service = self.connection.service();
        let database = self.journal.database();
        let engine = sql::staging::database_engine(database);
        let engine: Vec<String> = service.fetch(&engine).await?;
        if engine.first().is_some_and(|engine| engine == "Replicated") {
            return Ok(Some(format!(
                "the database {database} is of the engine Replicated too, and what is staged is on one server"
            )));
        }
        if !engine.is_empty() {
            return Ok(None);
        }
        match service
            .execute(&sql::staging::create_database(database))
            .await
        {
            Ok(()) => Ok(None),
            Err(ClickHouseError::AccessDenied(exception)) => Ok(Some(format!(
                "the user may not make the database {database}, in which its rows would be staged: {exception}"
            ))),
            Err(error) => Err(error.into()),
        }
    }

    /// Sees that a table that is made is where its rows will come.
    ///
    /// # Errors
    ///
    /// [`Error::CommitModeUnavailable`]: it would be on one of several servers.
    pub(super) async fn check_create(&self, table: &TableName) -> Result<()> {
        let Some(several) = self.client().several_servers().await? else {
            return Ok(());
        };
        if self.catalog().new_engine(table).await? == NewEngine::ReplicatedMergeTree {
            return Ok(());
        }
        Err(Error::CommitModeUnavailable {
            mode: CommitMode::Auto.name(),
            table: table.to_string(),
            cause: format!(
                "{several}, and a new table would be on one of them only; make it on all of them, or in a \
                 database of the engine Replicated, or name one server"
            ),
        })
    }
}

impl Inner {
    /// Sees that the caller may do what the connection's own user is to do for it.
    ///
    /// # Errors
    ///
    /// The caller lacks a grant, or the mode cannot be had for it.
    pub(super) async fn check_mapped(&self, table: &TableName, mode: CommitMode) -> Result<()> {
        if !mode.is_staged() {
            return if self.connection.takes_inserts() {
                Ok(())
            } else {
                Err(Error::CommitModeUnavailable {
                    mode: mode.name(),
                    table: table.to_string(),
                    cause: "the connection acts as another user, as whom no rows can be inserted"
                        .to_owned(),
                })
            };
        }
        let replaces = mode == CommitMode::Replace;
        let statement = sql::staging::check_grants(table, replaces);
        if self.client().is_granted(&statement).await? {
            return Ok(());
        }
        let message = format!("the caller's user or role may not insert into {table}");
        let exception = Exception {
            code: 497,
            name: "ACCESS_DENIED".to_owned(),
            message,
        };
        Err(Error::ClickHouse(ClickHouseError::AccessDenied(exception)))
    }
}

/// What is to know of a table, and the views that read from it.
async fn traits(client: &Client, table: &TableName) -> Result<(Traits, Vec<TableName>)> {
    let rows: Vec<EngineRow> = client.fetch(&sql::staging::engine(table)).await?;
    let Some(row) = rows.into_iter().next() else {
        return Err(Error::Catalog(catalog::Error::TableNotFound {
            database: table.database.clone(),
            table: table.table.clone(),
        }));
    };
    let mut traits = Traits::new(
        table.clone(),
        EngineClause::parse(&row.engine_full),
        row.database_engine == "Replicated",
    );
    if traits.engine.is_replicated() {
        let statement = sql::staging::default_replicated_windows();
        let defaults: Vec<(String, String)> = client.fetch(&statement).await?;
        let value = |setting: &str| {
            let default = defaults.iter().find(|(name, _)| name == setting);
            let default = default.map(|(_, value)| value.as_str());
            traits.engine.setting(setting).or(default)?.parse().ok()
        };
        let window = value(traits.window_setting());
        let seconds = value(choice::WINDOW_SECONDS);
        (traits.window, traits.window_seconds) = (window.unwrap_or(0), seconds);
    } else {
        let own = traits.engine.setting(traits.window_setting());
        let window = own.unwrap_or(&row.default_window).parse();
        traits.window = window.unwrap_or(0);
    }
    let views = row.views.into_iter();
    let views = views.map(|(database, name)| TableName::new(database, name));
    Ok((traits, views.collect()))
}

/// Whether every table that these views fill, and those that views on these fill, takes a block
/// once, and how long.
async fn view_traits(client: &Client, place: &Place, views: &[TableName]) -> Result<Views> {
    let mut open = views.to_vec();
    let mut fired = 0;
    // How often each table is filled for one block, and what it is like.
    let mut filled: HashMap<TableName, (u64, Traits)> = HashMap::new();
    while let Some(view) = open.pop() {
        fired += 1;
        if fired > MAX_VIEWS {
            return Ok(Views::Inexact(format!(
                "more than {MAX_VIEWS} views depend on it"
            )));
        }
        let target = client.fetch(&sql::staging::view_target(&view)).await;
        let target: Option<ViewTargetRow> = match target {
            Ok(rows) => rows.into_iter().next(),
            // A version of ClickHouse that does not tell.
            Err(ClickHouseError::UnknownColumn(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let Some(target) = target else {
            return Ok(Views::Inexact(format!(
                "the target of its view {view} is not known"
            )));
        };
        let target = TableName::new(target.target_database, target.target_table);
        let (traits, views) = traits(client, &target).await?;
        if !traits.is_deduplicating() {
            return Ok(Views::Inexact(format!(
                "{target}, which its view {view} fills, does not deduplicate inserts"
            )));
        }
        if let Some(several) = place.several_for(&traits) {
            return Ok(Views::Inexact(format!(
                "{several}, and {target}, which its view {view} fills, is on each of them for itself"
            )));
        }
        open.extend(views);
        let (times, _) = filled.entry(target).or_insert((0, traits));
        *times += 1;
    }
    let mut window: Option<Window> = None;
    for (times, traits) in filled.into_values() {
        let Some(own) = traits.window_of(times) else {
            return Ok(Views::Inexact(format!(
                "{} remembers less than the {times} insertions that its views make of a block",
                traits.table
            )));
        };
        window = Some(match window {
            Some(window) => window.and(own),
            None => own,
        });
    }
    Ok(window.map_or(Views::None, Views::Exact))
}
