//! The table of an upload: looked up or made, and matched to the file.
//!
//! Part of `transfer::upload`; `run` calls it once. It sends no rows.

use uuid::Uuid;

use super::{head::Head, run::Job};
use crate::{
    catalog::Table,
    clickhouse::sql::TableName,
    transfer::{CreateTable, Error, Inner, Result, UploadRequest, live::FileForm, plan::Plan},
};

/// A table that is ready to take rows.
pub(super) struct Target {
    pub(super) table: TableName,
    /// What tells it from another table of the same name; nil where it has no such thing.
    pub(super) uuid: Uuid,
    pub(super) plan: Plan,
    pub(super) create_statement: Option<String>,
}

impl Job<'_> {
    /// Matches the file to the table, which is made here if it is to be.
    pub(super) async fn target(
        &mut self,
        head: &Head,
        existing: Option<Table>,
        was_created: bool,
    ) -> Result<Target> {
        let request = self.request;
        let matching = request.matching();
        let (table, plan, create_statement) = match existing {
            Some(table) if !was_created => {
                check_value_columns(request, &table.column_names())?;
                let plan = head.plan(&table, matching)?;
                (table, plan, None)
            }
            Some(table) => {
                let plan = head.plan_new(&table, matching)?;
                let statement = table.create_statement.clone();
                (table, plan, Some(statement))
            }
            None => {
                let (table, statement) = create(self.inner, request, head).await?;
                self.created = Some(table.summary.name.clone());
                let plan = head.plan_new(&table, matching)?;
                (table, plan, Some(statement))
            }
        };
        plan.check_columns(&table, &request.file.values)?;
        self.transfer.set_file_form(FileForm {
            names: head.field_names(&plan),
            cut: head.profile.cut.clone(),
        });
        let uuid = table.uuid;
        let table = table.summary.name;
        self.transfer
            .set_target(table.clone(), create_statement.clone());
        Ok(Target {
            table,
            uuid,
            plan,
            create_statement,
        })
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

/// Creates the table that the file asks for; returns it and the statement that made it.
async fn create(inner: &Inner, request: &UploadRequest, head: &Head) -> Result<(Table, String)> {
    let statement = if let Some(CreateTable::Statement(text)) = &request.create_table {
        inner
            .catalog()
            .create_by_statement(&request.table, text)
            .await?;
        text.clone()
    } else {
        let table = head.new_table(&head.profile.columns, &request.columns)?;
        let names: Vec<_> = table
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect();
        check_value_columns(request, &names)?;
        inner.catalog().create_table(&request.table, &table).await?
    };
    Ok((inner.catalog().table(&request.table).await?, statement))
}
