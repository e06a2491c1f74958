//! Databases, tables, columns and rows as ClickHouse has them now.
//!
//! Used by `rpc::catalog` and `transfer`. It only asks; the one thing it changes is in
//! `create`. It never caches: a table may change between two uploads.

mod create;
mod preview;
mod rows;

use uuid::Uuid;

use crate::{
    clickhouse::{
        Client, Error as ClickHouseError,
        sql::{self, CallerQuery, SelectQuery, TableName},
    },
    column::zone::Zone,
};
use rows::{
    ColumnRow, ConnectionRow, DatabaseRow, DescribeRow, NormalisedRow, SummaryRow, TableRow,
    ZoneChangeRow,
};

pub use create::{NewColumn, NewTable};
pub use preview::{Preview, PreviewSource};

/// The most bytes of the names and types of a query's columns: a hundred for each of ten thousand. A short
/// query can have columns of types that are much longer than itself.
const MAX_COLUMNS_BYTES: usize = 1 << 20;

/// Tables that ClickHouse is asked for at the least: a caller may see few of many.
const LEAST_TABLES: usize = 1_000;

/// The result of a question to the catalog.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the catalog has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database does not exist, or the user may not see it.
    #[error("unknown database {database:?}")]
    DatabaseNotFound {
        /// The name.
        database: String,
    },
    /// The database exists, the table does not, or the user may not see it.
    #[error("unknown table {table:?} in database {database:?}")]
    TableNotFound {
        /// The database.
        database: String,
        /// The table.
        table: String,
    },
    /// The table or the database may be there, and the user may not see it.
    #[error(
        "unknown {}, or clickhouse's user may not see it: {grant}",
        place(name)
    )]
    Hidden {
        /// The table; without a name its database.
        name: TableName,
        /// The statement that shows it.
        grant: String,
    },
    /// There is a table of the name of one that is to be made.
    #[error("table {0} exists already")]
    TableExists(TableName),
    /// A table needs at least one column.
    #[error("a table without columns cannot be created or shown")]
    NoColumns,
    /// The names and types of a query's columns are as long as those of no table.
    #[error(
        "the names and types of the columns of this query have more than {limit} bytes; select fewer"
    )]
    TooManyColumns {
        /// The limit.
        limit: usize,
    },
    /// A statement of a caller creates another table.
    #[error(
        "the statement does not create the table to load into; take the one that the inspection \
         shows and edit it"
    )]
    NotCreateTable,
    /// A statement of a caller asks for more than a table of its own columns.
    #[error("the statement {reason}")]
    RefusedCreate {
        /// What, and what would be taken.
        reason: String,
    },
    /// ClickHouse failed to answer.
    #[error(transparent)]
    ClickHouse(#[from] ClickHouseError),
}

impl Error {
    /// Whether it says that the database or the table is not there.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        matches!(
            self,
            Self::DatabaseNotFound { .. } | Self::TableNotFound { .. } | Self::Hidden { .. }
        )
    }
}

/// What ClickHouse says about itself and the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The version, such as `26.7.2.1`.
    pub version: String,
    /// The user that ClickHouse knows the connection by.
    pub user: String,
    /// The database that a name without one belongs to.
    pub database: String,
    /// The time zone of a DateTime without one, an IANA name.
    pub timezone: String,
}

/// One database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// The name.
    pub name: String,
    /// The engine, such as `Atomic`.
    pub engine: String,
    /// The comment; may be empty.
    pub comment: String,
}

/// One table, in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSummary {
    /// The name, with its database.
    pub name: TableName,
    /// The engine, such as `MergeTree`.
    pub engine: String,
    /// The number of rows; `None` where ClickHouse does not know it without counting, as for views.
    pub row_count: Option<u64>,
    /// Bytes on disk, compressed; `None` where ClickHouse does not know it.
    pub byte_count: Option<u64>,
    /// The comment; may be empty.
    pub comment: String,
}

/// One page of tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TablePage {
    /// The tables by name.
    pub tables: Vec<TableSummary>,
    /// Whether more tables follow behind the last one.
    pub has_more: bool,
}

/// One table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Name, engine and sizes.
    pub summary: TableSummary,
    /// What tells it from another table of the same name; nil where the database gives none.
    pub uuid: Uuid,
    /// The sorting key; empty when there is none.
    pub sorting_key: String,
    /// The primary key; empty when there is none.
    pub primary_key: String,
    /// The partition key; empty when there is none.
    pub partition_key: String,
    /// The CREATE statement as ClickHouse shows it.
    pub create_statement: String,
    /// The columns in the order of the table.
    pub columns: Vec<Column>,
}

impl Table {
    /// The names of the columns in the order of the table.
    #[must_use]
    pub fn column_names(&self) -> Vec<String> {
        self.columns
            .iter()
            .map(|column| column.name.clone())
            .collect()
    }
}

/// One column of a table or of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name, unquoted.
    pub name: String,
    /// The type as ClickHouse writes it, such as `Nullable(DateTime64(3, 'UTC'))`.
    pub type_text: String,
    /// DEFAULT, MATERIALIZED, ALIAS or EPHEMERAL; empty when the column has no expression.
    pub default_kind: String,
    /// The expression that belongs to `default_kind`; empty when there is none.
    pub default_expression: String,
    /// The comment; may be empty.
    pub comment: String,
}

impl Column {
    /// The bytes of its texts.
    fn byte_count(&self) -> usize {
        let texts = [
            &self.name,
            &self.type_text,
            &self.default_kind,
            &self.default_expression,
            &self.comment,
        ];
        texts.map(String::len).iter().sum()
    }

    /// Whether `SELECT *` returns the column.
    #[must_use]
    pub fn is_selected_by_star(&self) -> bool {
        matches!(self.default_kind.as_str(), "" | "DEFAULT")
    }

    /// Whether an INSERT may name the column.
    #[must_use]
    pub fn is_insertable(&self) -> bool {
        matches!(self.default_kind.as_str(), "" | "DEFAULT" | "EPHEMERAL")
    }
}

/// Questions to one ClickHouse as one user. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Catalog {
    client: Client,
}

impl Catalog {
    /// A catalog of the ClickHouse behind `client`.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self { client }
    }

    /// Says whether ClickHouse answers, and as whom.
    ///
    /// # Errors
    ///
    /// [`Error::ClickHouse`].
    pub async fn check(&self) -> Result<Connection> {
        let statement = sql::catalog::connection();
        let rows: Vec<ConnectionRow> = self.client.fetch(&statement).await?;
        rows.into_iter()
            .next()
            .map(Connection::from)
            .ok_or_else(|| no_row("the connection"))
    }

    /// A time zone by the rules that ClickHouse prints times with, which may be older than those that come with this
    /// program. None where ClickHouse knows no zone by that name.
    ///
    /// # Errors
    ///
    /// [`Error::ClickHouse`].
    pub async fn zone(&self, name: &str) -> Result<Option<Zone>> {
        if let Some(fixed) = Zone::fixed(name) {
            return Ok(Some(fixed));
        }
        let statement = sql::catalog::zone_changes(name);
        let rows: Vec<ZoneChangeRow> = match self.client.fetch(&statement).await {
            Ok(rows) => rows,
            Err(ClickHouseError::InvalidQuery(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        // The first one is the offset that the clocks showed in the beginning.
        let mut changes = rows.into_iter().map(|row| (row.second, row.offset));
        let first = changes.next().ok_or_else(|| no_row("the time zone"))?;
        Ok(Some(Zone::from_changes(first.1, changes)))
    }

    /// What the user may reach beyond the tables of ClickHouse, as GRANT names it. Empty where ClickHouse does
    /// not know CHECK GRANT.
    ///
    /// # Errors
    ///
    /// [`Error::ClickHouse`].
    pub async fn granted_sources(&self) -> Result<Vec<&'static str>> {
        let mut granted = Vec::new();
        for source in sql::catalog::SOURCES {
            match self
                .client
                .is_granted(&sql::catalog::check_source(source))
                .await
            {
                Ok(true) => granted.push(source),
                Ok(false) => {}
                Err(ClickHouseError::InvalidQuery(_)) => return Ok(Vec::new()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(granted)
    }

    /// Lists the databases that the user may see, by name.
    ///
    /// # Errors
    ///
    /// [`Error::ClickHouse`].
    pub async fn list_databases(&self) -> Result<Vec<Database>> {
        let statement = sql::catalog::databases();
        let rows: Vec<DatabaseRow> = self.client.fetch(&statement).await?;
        Ok(rows.into_iter().map(Database::from).collect())
    }

    /// Lists the tables of a database by name: at most `page_size` of those that are `seen`, from behind
    /// `after_name` on, which is empty for the first page. An empty database is the default one.
    ///
    /// # Errors
    ///
    /// [`Error::DatabaseNotFound`] and [`Error::ClickHouse`].
    pub async fn list_tables(
        &self,
        database: &str,
        page_size: usize,
        after_name: &str,
        seen: impl Fn(&TableSummary) -> bool,
    ) -> Result<TablePage> {
        let database = self.database_or_default(database).await?;
        let limit = page_size.saturating_add(1).max(LEAST_TABLES);
        let (mut tables, mut after) = (Vec::new(), after_name.to_owned());
        // What is not seen takes no place: nothing of a page may tell of it, nor that it is there.
        loop {
            let statement = sql::catalog::tables(&database, &after, limit);
            let rows: Vec<SummaryRow> = self.client.fetch(&statement).await?;
            if rows.is_empty() && after == after_name {
                self.require_database(&database).await?;
            }
            let is_last = rows.len() < limit;
            let found = rows.into_iter().map(|row| row.summary(&database));
            let found: Vec<_> = found.collect();
            if let Some(last) = found.last() {
                after.clone_from(&last.name.table);
            }
            tables.extend(found.into_iter().filter(|table| seen(table)));
            if is_last || tables.len() > page_size {
                break;
            }
        }
        let has_more = tables.len() > page_size;
        tables.truncate(page_size);
        Ok(TablePage { tables, has_more })
    }

    /// Describes one table.
    ///
    /// # Errors
    ///
    /// [`Error::DatabaseNotFound`], [`Error::TableNotFound`] and [`Error::ClickHouse`].
    pub async fn table(&self, name: &TableName) -> Result<Table> {
        let name = self.full_name(name).await?;
        let statement = sql::catalog::table(&name);
        let rows: Vec<TableRow> = self.client.fetch(&statement).await?;
        let Some(row) = rows.into_iter().next() else {
            self.require_visible(&name).await?;
            self.require_database(&name.database).await?;
            return Err(Error::TableNotFound {
                database: name.database,
                table: name.table,
            });
        };
        let statement = sql::catalog::columns(&name);
        let columns: Vec<ColumnRow> = self.client.fetch(&statement).await?;
        let columns = columns.into_iter().map(Column::from).collect();
        Ok(row.table(&name.database, columns))
    }

    /// Has ClickHouse read the text of a caller, and checks what it is. Nothing of it runs.
    ///
    /// # Errors
    ///
    /// [`Error::ClickHouse`]: that the text cannot be read, or what it must not say.
    pub async fn read_query(&self, query: &CallerQuery) -> Result<SelectQuery> {
        let rows: Result<Vec<NormalisedRow>, _> = self.client.fetch(&query.normalise()).await;
        let rows = rows.map_err(CallerQuery::explain)?;
        let row = rows.into_iter().next();
        let text = row.ok_or_else(|| no_row("the query"))?.text;
        Ok(SelectQuery::from_normalised(&text)?)
    }

    /// The columns of a query, by asking ClickHouse to analyse it.
    ///
    /// # Errors
    ///
    /// [`Error::ClickHouse`]: that the query is no SELECT, or whatever is wrong with it; and
    /// [`Error::TooManyColumns`].
    pub async fn describe_query(&self, query: &SelectQuery) -> Result<Vec<Column>> {
        let statement = sql::catalog::describe(query);
        let mut columns = Vec::new();
        let mut left = MAX_COLUMNS_BYTES;
        let is_whole = self.client.fetch_while(&statement, |row: DescribeRow| {
            let column = Column::from(row);
            let fits = column.byte_count() <= left;
            left = left.saturating_sub(column.byte_count());
            columns.push(column);
            fits
        });
        match is_whole.await {
            Ok(true) => Ok(columns),
            Ok(false) => Err(Error::TooManyColumns {
                limit: MAX_COLUMNS_BYTES,
            }),
            Err(error) => Err(error.into()),
        }
    }

    /// The name with its database filled in.
    async fn full_name(&self, name: &TableName) -> Result<TableName> {
        let database = self.database_or_default(&name.database).await?;
        Ok(TableName::new(database, name.table.as_str()))
    }

    /// The database itself, or for an empty name the default one of the connection.
    async fn database_or_default(&self, database: &str) -> Result<String> {
        for name in [database, self.client.database()] {
            if !name.is_empty() {
                return Ok(name.to_owned());
            }
        }
        Ok(self.check().await?.database)
    }

    /// Fails when ClickHouse would not show this table, or this database, to the user if it were there.
    async fn require_visible(&self, name: &TableName) -> Result<()> {
        let is_visible = self
            .client
            .is_granted(&sql::grants::check_visible(name))
            .await;
        match is_visible {
            // Versions that do not know the question.
            Ok(true) | Err(ClickHouseError::InvalidQuery(_)) => Ok(()),
            Ok(false) => Err(Error::Hidden {
                name: name.clone(),
                grant: sql::grants::to_read(name, &self.grantee().await?),
            }),
            Err(error) => Err(error.into()),
        }
    }

    /// The user or the role that statements which give grants name.
    ///
    /// # Errors
    ///
    /// [`Error::ClickHouse`].
    pub(crate) async fn grantee(&self) -> Result<String> {
        match self.client.role() {
            Some(role) => Ok(role.to_owned()),
            None => Ok(self.check().await?.user),
        }
    }

    /// Fails when the database does not exist.
    async fn require_database(&self, database: &str) -> Result<()> {
        let statement = sql::catalog::count_database(database);
        let counts: Vec<u64> = self.client.fetch(&statement).await?;
        if counts.into_iter().any(|count| count > 0) {
            return Ok(());
        }
        self.require_visible(&TableName::new(database, "")).await?;
        Err(Error::DatabaseNotFound {
            database: database.to_owned(),
        })
    }
}

/// What a name names, in words.
fn place(name: &TableName) -> String {
    let TableName { database, table } = name;
    if table.is_empty() {
        format!("database {database:?}")
    } else {
        format!("table {table:?} in database {database:?}")
    }
}

/// The error for an answer without the row that every answer has.
fn no_row(subject: &str) -> Error {
    let message = format!("no row about {subject}");
    ClickHouseError::Protocol { message }.into()
}
