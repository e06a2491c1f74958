//! The connection to ClickHouse over HTTP: statements, one streaming INSERT or SELECT at a time
//! each, progress and kill.
//!
//! Used by `catalog`, `transfer` and `engine`. Every statement has a `query_id` of its own and
//! pinned settings; this layer never looks into the blocks that it carries.

mod config;
mod connection;
pub mod error;
pub mod insert;
pub(crate) mod nodes;
pub mod query;
mod rows;
mod servers;
mod settings;
pub mod sql;
mod timeouts;

use std::{borrow::Cow, collections::HashMap, future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::OnceCell;
use uuid::Uuid;

pub use config::{ActAs, ClientConfig};
use error::Exception;
pub use error::{Error, Result, Violation};
pub use insert::Insert;
pub use query::Query;
pub use rows::Rows;
use servers::Servers;
use settings::{Pins, Purpose};
pub use sql::{Statement, TableName};
pub use timeouts::Timeouts;
use timeouts::within;

/// The longest INSERT that is sent in the URL, which must stay below 64 KiB when each of its bytes is
/// escaped by three.
const MAX_URL_STATEMENT_BYTES: usize = 16 << 10;
/// How long to look for the reason of a failure: the failure itself is not to be held up.
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(2);

/// How far a running statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ::clickhouse::Row, Deserialize)]
pub struct QueryProgress {
    /// Rows read from tables.
    pub read_rows: u64,
    /// Bytes read from tables, uncompressed.
    pub read_bytes: u64,
    /// Rows that ClickHouse expects to read in all; 0 while it does not know.
    pub total_rows_approx: u64,
    /// Rows written.
    pub written_rows: u64,
    /// Bytes written, uncompressed.
    pub written_bytes: u64,
}

/// A handle on one ClickHouse and one user. Cloning it is cheap; clones share connections.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
    /// Whose statements they are, for those who look at them in ClickHouse.
    transfer: Option<Uuid>,
}

#[derive(Debug)]
struct Shared {
    /// For everything but inserts.
    pooled: ::clickhouse::Client,
    /// For inserts.
    single_use: ::clickhouse::Client,
    database: String,
    timeouts: Timeouts,
    act_as: Option<ActAs>,
    /// With the rights to ask for the reasons of failures, where this one lacks them.
    service: Option<Client>,
    pins: OnceCell<Pins>,
    /// Who answers; none where it is known to be one server.
    servers: Option<Arc<Servers>>,
}

/// A row of `system.settings`.
#[derive(::clickhouse::Row, Deserialize)]
struct SettingRow {
    name: String,
    value: String,
}

/// A row of `system.errors`.
#[derive(::clickhouse::Row, Deserialize)]
struct ExceptionRow {
    code: i32,
    name: String,
    message: String,
}

impl From<ExceptionRow> for Exception {
    fn from(row: ExceptionRow) -> Self {
        Self {
            code: row.code,
            name: row.name,
            message: row.message,
        }
    }
}

impl Client {
    /// A handle for the given address. Nothing is sent before the first statement.
    #[must_use]
    pub fn new(config: ClientConfig) -> Self {
        Self {
            shared: Arc::new(Shared {
                pooled: config.apply(connection::pooled(&config)),
                single_use: config.apply(connection::single_use(&config)),
                database: config.database,
                timeouts: config.timeouts,
                act_as: None,
                service: None,
                pins: OnceCell::new(),
                servers: (!config.is_one_server).then(Arc::default),
            }),
            transfer: None,
        }
    }

    /// The same ClickHouse with other rights. Shares the connections.
    #[must_use]
    pub fn acting_as(&self, act_as: ActAs) -> Self {
        let shared = &self.shared;
        let is_restricted = matches!(act_as, ActAs::Restricted { .. });
        Self {
            shared: Arc::new(Shared {
                pooled: act_as.apply(shared.pooled.clone()),
                single_use: act_as.apply(shared.single_use.clone()),
                database: shared.database.clone(),
                timeouts: shared.timeouts,
                act_as: Some(act_as),
                service: is_restricted.then(|| self.clone()),
                pins: OnceCell::new(),
                servers: shared.servers.clone(),
            }),
            transfer: self.transfer,
        }
    }

    /// The same client for the statements of one transfer, whose ids begin with its id, as does their
    /// `log_comment`.
    #[must_use]
    pub fn for_transfer(&self, id: Uuid) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            transfer: Some(id),
        }
    }

    /// The database that names without one belong to; empty for the user's own default.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.shared.database
    }

    /// The role that its statements are limited to, if any.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        match &self.shared.act_as {
            Some(ActAs::Role(role)) => Some(role),
            Some(ActAs::Token(_) | ActAs::User(_) | ActAs::Restricted { .. }) | None => None,
        }
    }

    /// Opens one INSERT, to be followed by its blocks. `query_id` must not be in use.
    ///
    /// # Errors
    ///
    /// When the settings of the server cannot be read. The statement itself goes out with the first
    /// chunk, so its faults show then.
    pub async fn insert(&self, statement: &Statement, query_id: Uuid) -> Result<Insert> {
        let library = self.prepare(statement, query_id, Purpose::Insert).await?;
        Ok(self.open_insert(library, statement, query_id))
    }

    /// Opens an INSERT of exactly one block. ClickHouse takes the block once for each `token`, as long
    /// as the table remembers it, and refuses one that touches more than `max_partitions`.
    /// `query_id` must not be in use.
    ///
    /// # Errors
    ///
    /// As [`Client::insert`].
    pub async fn insert_block(
        &self,
        statement: &Statement,
        query_id: Uuid,
        token: &str,
        max_partitions: Option<u64>,
    ) -> Result<Insert> {
        let purpose = Purpose::InsertBlock;
        let mut library = self.prepare(statement, query_id, purpose).await?;
        library.set_setting("insert_deduplication_token", token);
        if let Some(limit) = max_partitions {
            library.set_setting(settings::MAX_PARTITIONS, limit.to_string());
        }
        Ok(self.open_insert(library, statement, query_id))
    }

    fn open_insert(
        &self,
        mut library: ::clickhouse::Client,
        statement: &Statement,
        query_id: Uuid,
    ) -> Insert {
        if statement.text().len() <= MAX_URL_STATEMENT_BYTES {
            let inner = library.insert_formatted_with(statement.text());
            return Insert::new(inner, self.clone(), query_id);
        }
        // ClickHouse takes what the URL lacks from the beginning of the body.
        library.set_setting("max_query_size", (2 * statement.text().len()).to_string());
        let inner = library.insert_formatted_with("");
        let head = Bytes::from(format!("{}\n", statement.text()));
        Insert::new(inner, self.clone(), query_id).with_head(head)
    }

    /// Sends one SELECT, whose result comes as Native blocks. `query_id` must not be in use.
    ///
    /// # Errors
    ///
    /// When the settings of the server cannot be read. Faults of the query show in [`Query::next`].
    pub async fn query_native(&self, statement: &Statement, query_id: Uuid) -> Result<Query> {
        let library = self.prepare(statement, query_id, Purpose::Read).await?;
        let cursor = library
            .query_raw(&self.text(statement, Purpose::Read))
            .fetch_bytes("Native")
            .map_err(|error| Error::from_library(&error, "answer", Duration::ZERO))?;
        Ok(Query::new(cursor, self.clone(), query_id))
    }

    /// Asks ClickHouse to end the statement with this id, and does not wait until it has ended.
    /// It is no error when no such statement runs.
    ///
    /// # Errors
    ///
    /// [`Error::AccessDenied`] for the statement of another user, and faults of the connection.
    pub async fn kill(&self, query_id: Uuid) -> Result<()> {
        self.execute(&sql::process::kill(query_id)).await
    }

    /// Asks ClickHouse to end the INSERTs whose tokens begin with `token`, and says whether there were any.
    ///
    /// # Errors
    ///
    /// [`Error::AccessDenied`] when the user may not see `system.processes`, and faults of the
    /// connection.
    pub(crate) async fn end_inserts(&self, token: &str) -> Result<bool> {
        let running: Vec<u64> = self.fetch(&sql::process::inserts(token)).await?;
        let are_running = running != [0];
        if are_running {
            self.execute(&sql::process::kill_inserts(token)).await?;
        }
        Ok(are_running)
    }

    /// How far the statement with this id is; `None` when it does not run.
    ///
    /// # Errors
    ///
    /// [`Error::AccessDenied`] when the user may not see `system.processes`, and faults of the
    /// connection.
    pub async fn progress(&self, query_id: Uuid) -> Result<Option<QueryProgress>> {
        let rows = self.fetch(&sql::process::progress(query_id)).await?;
        Ok(rows.into_iter().next())
    }

    /// Runs a statement that returns nothing of interest.
    pub(crate) async fn execute(&self, statement: &Statement) -> Result<()> {
        let query = self.query(statement, Purpose::Change).await?;
        self.within_limit(query.execute()).await
    }

    /// Like [`Client::execute`], for a statement that may take as long as the end of an INSERT.
    /// ClickHouse refuses it while another one with the same id runs.
    pub(crate) async fn execute_long(&self, statement: &Statement, query_id: Uuid) -> Result<()> {
        let library = self.prepare(statement, query_id, Purpose::Change).await?;
        let limit = self.shared.timeouts.finish;
        let answer = library.query_raw(statement.text()).execute();
        within(limit, answer).await
    }

    /// Reads all rows of a small result.
    pub(crate) async fn fetch<T>(&self, statement: &Statement) -> Result<Vec<T>>
    where
        T: ::clickhouse::RowOwned + ::clickhouse::RowRead,
    {
        let query = self.query(statement, Purpose::Read).await?;
        self.within_limit(query.fetch_all()).await
    }

    /// Whether ClickHouse says yes to a `CHECK GRANT`. To a statement that only reads it would say no.
    pub(crate) async fn is_granted(&self, statement: &Statement) -> Result<bool> {
        let query = self.query(statement, Purpose::Change).await?;
        let answer = self.within_limit(query.fetch_all::<u8>()).await?;
        Ok(answer == [1])
    }

    /// Looks for the reason of a failure whose answer was lost on the way, in what ClickHouse
    /// remembers of its exceptions; without success returns `error` itself.
    async fn recover_reason(&self, query_id: Uuid, error: Error) -> Error {
        if !error.is_answer_lost() {
            return error;
        }
        let statement = sql::process::exception(query_id);
        let asking = self.shared.service.as_ref().unwrap_or(self);
        let rows = asking.fetch::<ExceptionRow>(&statement);
        match tokio::time::timeout(RECOVERY_TIMEOUT, rows).await {
            Ok(Ok(rows)) => rows
                .into_iter()
                .next()
                .map_or(error, |row| Error::from(Exception::from(row))),
            Ok(Err(_)) | Err(_) => error,
        }
    }

    async fn query(
        &self,
        statement: &Statement,
        purpose: Purpose,
    ) -> Result<::clickhouse::query::Query> {
        let library = self.prepare(statement, Uuid::new_v4(), purpose).await?;
        Ok(library.query_raw(&self.text(statement, purpose)))
    }

    /// A statement as this client sends it.
    fn text<'a>(&self, statement: &'a Statement, purpose: Purpose) -> Cow<'a, str> {
        match &self.shared.act_as {
            Some(ActAs::User(user)) => {
                let only_reads = purpose == Purpose::Read;
                sql::execute_as(user, statement.text(), only_reads).into()
            }
            Some(ActAs::Token(_) | ActAs::Role(_) | ActAs::Restricted { .. }) | None => {
                statement.text().into()
            }
        }
    }

    /// The library's client with everything that belongs to one statement set.
    async fn prepare(
        &self,
        statement: &Statement,
        query_id: Uuid,
        purpose: Purpose,
    ) -> Result<::clickhouse::Client> {
        let library = match purpose {
            Purpose::Insert | Purpose::InsertBlock => &self.shared.single_use,
            Purpose::Read | Purpose::Change => &self.shared.pooled,
        };
        self.prepare_on(library, statement, query_id, purpose).await
    }

    /// The same, over connections of one kind.
    async fn prepare_on(
        &self,
        library: &::clickhouse::Client,
        statement: &Statement,
        query_id: Uuid,
        purpose: Purpose,
    ) -> Result<::clickhouse::Client> {
        let pins = self
            .shared
            .pins
            .get_or_try_init(|| self.read_pins())
            .await?;
        tracing::debug!(%query_id, sql = statement.text(), "statement");
        let mut library = match self.transfer {
            Some(transfer) => with_query_id(library, format!("{transfer}-{query_id}")),
            None => with_query_id(library, query_id.to_string()),
        };
        let is_other_user = matches!(self.shared.act_as, Some(ActAs::User(_)));
        for (name, value) in pins.of(purpose) {
            // To one that only reads, ClickHouse refuses the change of users: the statement says it itself.
            if !(is_other_user && *name == settings::READONLY) {
                library.set_setting(*name, *value);
            }
        }
        if let Some(transfer) = self.transfer.filter(|_| pins.take_comments()) {
            library.set_setting(settings::COMMENT, transfer.to_string());
        }
        for (name, value) in statement.params() {
            library.set_setting(format!("param_{name}"), sql::escape_param(value));
        }
        Ok(library)
    }

    /// Asks the server, with no setting of ours, which of our settings it takes.
    async fn read_pins(&self) -> Result<Pins> {
        let mut names: Vec<_> = settings::names().collect();
        names.push("readonly");
        let statement = sql::process::settings(&names);
        let library = with_query_id(&self.shared.pooled, Uuid::new_v4().to_string());
        let rows = library
            .query_raw(statement.text())
            .fetch_all::<SettingRow>();
        let values: HashMap<_, _> = self
            .within_limit(rows)
            .await?
            .into_iter()
            .map(|row| (row.name, row.value))
            .collect();
        let readonly = values.get("readonly").and_then(|value| value.parse().ok());
        Ok(Pins::new(
            &values.into_keys().collect(),
            readonly.unwrap_or_default(),
        ))
    }

    /// Waits for an answer of the library for no longer than the limit for statements.
    async fn within_limit<T>(
        &self,
        answer: impl Future<Output = ::clickhouse::error::Result<T>>,
    ) -> Result<T> {
        within(self.shared.timeouts.statement, answer).await
    }
}

/// A copy of the library's client that names its next statement.
fn with_query_id(library: &::clickhouse::Client, query_id: String) -> ::clickhouse::Client {
    library.clone().with_setting("query_id", query_id)
}
