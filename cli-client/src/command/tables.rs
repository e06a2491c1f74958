//! `sluice tables`: the tables of a database.
//!
//! Called by `command`. It must never stop at the first page.

use serde::Serialize;
use sluice_proto::v1::{ListTablesRequest, TableSummary};

use crate::{
    connect::Connection,
    error::Result,
    json::{self, TableObject},
    output::Output,
    settings::names,
    table::Table,
    text,
};

/// Tables of one page: the most that the server gives.
const PAGE_SIZE: i32 = 10_000;

/// The tables.
#[derive(Debug, Serialize)]
struct Object<'a> {
    tables: Vec<TableObject<'a>>,
}

/// Asks for the tables, page by page, and prints them.
pub(super) async fn run(database: &str, connection: &Connection, output: Output) -> Result<()> {
    let tables = all(database, connection).await?;
    let object = Object {
        tables: tables.iter().map(json::table).collect(),
    };
    output.data(&object, |out| {
        let heading = Table::new().text("table").text("engine");
        let mut table = heading.number("rows").number("bytes").text("comment");
        for summary in &tables {
            let size = summary
                .byte_count
                .and_then(|bytes| u64::try_from(bytes).ok());
            table.row([
                Some(
                    summary
                        .table
                        .as_ref()
                        .map(names::show_table)
                        .unwrap_or_default(),
                ),
                Some(summary.engine.clone()),
                Some(summary.row_count.map(text::count).unwrap_or_default()),
                Some(size.map(text::size).unwrap_or_default()),
                Some(summary.comment.clone()),
            ]);
        }
        table.write(out)
    })
}

async fn all(database: &str, connection: &Connection) -> Result<Vec<TableSummary>> {
    let mut client = connection.catalog();
    let mut tables = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListTablesRequest {
            database: database.to_owned(),
            page_size: PAGE_SIZE,
            page_token,
        };
        let page = client.list_tables(request).await?.into_inner();
        tables.extend(page.tables);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(tables);
        }
    }
}
