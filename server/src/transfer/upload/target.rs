//! The table of an upload: looked up or made, and matched to the file.
//!
//! Part of `transfer::upload`; `run` calls it. It sends no rows.
//!
//! A table is made in three steps: the journal is told its name, ClickHouse makes it, rows are sent.
//! Whatever breaks in between, the next run of the same upload knows that the empty table is its own.

use uuid::Uuid;

use super::{
    head::Head,
    job::{Job, Start},
};
use crate::{
    catalog::{self, NewTable, Table},
    clickhouse::sql::{TableName, staging},
    transfer::{CreateTable, Error, Result, UploadRequest, live::FileForm, plan::Plan},
};

/// A table that is ready to take rows.
pub(super) struct Target {
    pub(super) table: TableName,
    /// What tells it from another table of the same name; nil where it has no such thing.
    pub(super) uuid: Uuid,
    pub(super) plan: Plan,
    /// Whether it has constraints that a row may not meet.
    pub(super) has_checks: bool,
    pub(super) create_statement: Option<String>,
}

impl Job<'_> {
    /// The table to load into; none where it is to be made. A run that has brought no row yet is
    /// begun anew: what it has left is at most the empty table.
    pub(super) async fn existing(&self, start: &mut Start) -> Result<Option<Table>> {
        let (inner, request) = (self.inner, self.request);
        if request.create_table.is_none() {
            return Ok(Some(inner.table_to_load(request).await?));
        }
        let is_begun = start.upload.as_ref().is_some_and(|upload| upload.created);
        if !is_begun && !self.was_making_table().await? {
            return Ok(None);
        }
        let is_new = start.checkpoint.block == 0;
        match inner.catalog().table(&request.table).await {
            Ok(table) if is_new && table.summary.row_count == Some(0) => {
                *start = Start::default();
                Ok(Some(table))
            }
            Ok(table) if is_begun => Ok(Some(table)),
            // Somebody else writes to it. ClickHouse will say that it exists.
            Ok(_) => Ok(None),
            Err(error) if is_new && error.is_missing() => {
                *start = Start::default();
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether an earlier run of this upload has said that it makes the table.
    async fn was_making_table(&self) -> Result<bool> {
        if self.request.dry_run || !self.ledger.is_open() {
            return Ok(false);
        }
        let row = self.inner.journal.find(self.request.id).await?;
        Ok(row.is_some_and(|row| !row.create_statement.is_empty()))
    }

    /// Matches the file to the table, which is made here if it is to be.
    pub(super) async fn target(
        &mut self,
        head: &mut Head,
        existing: Option<Table>,
        was_created: bool,
    ) -> Result<Target> {
        let request = self.request;
        let matching = request.matching();
        let (table, plan, create_statement) = match existing {
            Some(table) if !was_created => {
                check_value_columns(request, &table.column_names())?;
                head.meet(&table, &request.file, matching, false)?;
                let plan = head.plan(&table, matching)?;
                (table, plan, None)
            }
            Some(table) => {
                head.meet(&table, &request.file, matching, true)?;
                let plan = head.plan_new(&table, matching)?;
                let statement = table.create_statement.clone();
                (table, plan, Some(statement))
            }
            None => {
                let (table, statement) = self.create(head).await?;
                head.meet(&table, &request.file, matching, true)?;
                let plan = head.plan_new(&table, matching)?;
                (table, plan, Some(statement))
            }
        };
        self.matched(head, table, plan, create_statement)
    }

    /// A table to which the file is matched.
    fn matched(
        &self,
        head: &Head,
        table: Table,
        plan: Plan,
        create_statement: Option<String>,
    ) -> Result<Target> {
        let plan = match self.request.create_table {
            Some(CreateTable::Inferred) => plan.of_inferred_types(),
            Some(CreateTable::Statement(_)) | None => plan,
        };
        plan.check_columns(&table, &self.request.file.values)?;
        self.transfer.set_file_form(FileForm {
            names: head.field_names(Some(&plan)),
            nested: plan.nested_fields(),
            integers: plan.integer_fields(),
            cut: head.profile.cut.clone(),
        });
        let uuid = table.uuid;
        let has_checks = table.create_statement.contains("CONSTRAINT ");
        let table = table.summary.name;
        self.transfer
            .set_target(table.clone(), create_statement.clone());
        Ok(Target {
            table,
            uuid,
            plan,
            has_checks,
            create_statement,
        })
    }
}

impl Job<'_> {
    /// Makes the table that a dry run asks for, under another name, and matches the file to it: ClickHouse has then
    /// taken the statement. It is dropped by [`Job::drop_trial`].
    pub(super) async fn try_target(&mut self, head: &mut Head) -> Result<Target> {
        let request = self.request;
        let catalog = self.inner.catalog();
        let (new, statement) = self.new_table(head).await?;
        let database = match catalog.table(&request.table).await {
            Err(catalog::Error::TableNotFound { database, .. }) => database,
            Ok(table) => return Err(catalog::Error::TableExists(table.summary.name).into()),
            Err(error) => return Err(error.into()),
        };
        let name = staging::name(&database, request.id, self.ledger.staging_incarnation(), 0);
        self.created = Some(name.clone());
        let statement = if let Some(new) = new {
            catalog.create_table(&name, &new).await?;
            statement
        } else {
            let client = self.inner.connection.creates();
            let as_said = Some(&request.table);
            catalog
                .create_by_statement(client, &name, as_said, &statement)
                .await?
        };
        let mut table = catalog.table(&name).await?;
        table.summary.name = TableName::new(database, request.table.table.as_str());
        head.meet(&table, &request.file, request.matching(), true)?;
        let plan = head.plan_new(&table, request.matching())?;
        self.matched(head, table, plan, Some(statement))
    }

    /// Drops what a dry run has made.
    pub(super) async fn drop_trial(&mut self) {
        if let Some(table) = self.created.take() {
            let cluster = self.request.on_cluster.as_deref();
            self.inner.catalog().drop_if_empty(&table, cluster).await;
        }
    }

    /// The table that the file asks for, unless the caller's statement says it, and the statement that makes it.
    async fn new_table(&self, head: &Head) -> Result<(Option<NewTable>, String)> {
        let request = self.request;
        self.inner.check_create(&request.table).await?;
        self.inner.require_create_grants(request).await?;
        if let Some(CreateTable::Statement(text)) = &request.create_table {
            return Ok((None, text.clone()));
        }
        let new = NewTable {
            on_cluster: request.on_cluster.clone(),
            ..head.new_table(&head.profile.columns, &request.columns)?
        };
        let columns = new.columns.iter();
        let names: Vec<_> = columns.map(|column| column.name.clone()).collect();
        check_value_columns(request, &names)?;
        let catalog = self.inner.catalog();
        let statement = catalog.create_statement(&request.table, &new).await?;
        Ok((Some(new), statement))
    }

    /// Creates the table that the file asks for; returns it and the statement that made it.
    async fn create(&mut self, head: &Head) -> Result<(Table, String)> {
        let request = self.request;
        let catalog = self.inner.catalog();
        let (new, statement) = self.new_table(head).await?;
        let name = match catalog.table(&request.table).await {
            Err(catalog::Error::TableNotFound { database, table }) => {
                let name = TableName::new(database, table);
                self.transfer
                    .set_target(name.clone(), Some(statement.clone()));
                self.ledger.resume().await?;
                name
            }
            // Nothing is said of it: ClickHouse is about to refuse.
            Ok(table) => table.summary.name,
            Err(error) => return Err(error.into()),
        };
        let statement = if let Some(new) = new {
            catalog.create_table(&request.table, &new).await?
        } else {
            // What was sent is made of what the caller's text says.
            let client = self.inner.connection.creates();
            catalog
                .create_by_statement(client, &request.table, None, &statement)
                .await?
        };
        self.created = Some(name);
        Ok((catalog.table(&request.table).await?, statement))
    }
}

/// Refuses rules for a column that is not there.
fn check_value_columns(request: &UploadRequest, names: &[String]) -> Result<()> {
    let mut columns = request.file.values.columns.iter();
    match columns.find(|own| !names.contains(&own.column)) {
        Some(unknown) => Err(Error::ColumnNotFound {
            column: unknown.column.clone(),
            table: request.table.to_string(),
        }),
        None => Ok(()),
    }
}
