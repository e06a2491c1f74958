//! `sluice describe`: columns, keys and size of a table.
//!
//! Called by `command`. It must never rebuild what ClickHouse says of the table.

use std::io::{self, Write};

use serde::Serialize;
use sluice_proto::v1::{GetTableRequest, GetTableResponse, TableRef, TableSummary};

use crate::{
    connect::Connection,
    error::{Error, Result},
    json::{self, ColumnObject, TableObject},
    output::Output,
    settings::names::show_table,
    table::Table,
    text,
};

/// The table.
#[derive(Debug, Serialize)]
struct Object<'a> {
    #[serde(flatten)]
    summary: TableObject<'a>,
    columns: Vec<ColumnObject<'a>>,
    sorting_key: &'a str,
    primary_key: &'a str,
    partition_key: &'a str,
    create_statement: &'a str,
}

/// Asks for the table and prints it.
pub(super) async fn run(table: TableRef, connection: &Connection, output: Output) -> Result<()> {
    let name = show_table(&table);
    let request = GetTableRequest { table: Some(table) };
    let response = connection.catalog().get_table(request).await?.into_inner();
    let summary = response.summary.as_ref().ok_or(Error::Answer("summary"))?;
    let object = Object {
        summary: json::table(summary),
        columns: json::columns(&response.columns),
        sorting_key: &response.sorting_key,
        primary_key: &response.primary_key,
        partition_key: &response.partition_key,
        create_statement: &response.create_statement,
    };
    output.data(&object, |out| {
        write_columns(out, &response)?;
        writeln!(out)?;
        write_facts(out, &name, summary, &response)
    })
}

fn write_columns(out: &mut dyn Write, response: &GetTableResponse) -> io::Result<()> {
    let heading = Table::new().text("column").text("type");
    let mut table = heading.text("default").text("comment");
    for column in &response.columns {
        let default = format!("{} {}", column.default_kind, column.default_expression);
        table.row([
            Some(column.name.clone()),
            Some(column.r#type.clone()),
            Some(default.trim().to_owned()),
            Some(column.comment.clone()),
        ]);
    }
    table.write(out)
}

fn write_facts(
    out: &mut dyn Write,
    name: &str,
    summary: &TableSummary,
    response: &GetTableResponse,
) -> io::Result<()> {
    let size = summary
        .byte_count
        .and_then(|bytes| u64::try_from(bytes).ok());
    let name = summary
        .table
        .as_ref()
        .map_or_else(|| name.to_owned(), show_table);
    let facts = [
        ("table", name),
        ("engine", summary.engine.clone()),
        (
            "rows",
            summary.row_count.map(text::count).unwrap_or_default(),
        ),
        ("size on disk", size.map(text::size).unwrap_or_default()),
        ("sorting key", response.sorting_key.clone()),
        ("primary key", response.primary_key.clone()),
        ("partition key", response.partition_key.clone()),
        ("comment", summary.comment.clone()),
    ];
    for (fact, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        writeln!(out, "{fact:<14} {}", text::one_line(value))?;
    }
    Ok(())
}
