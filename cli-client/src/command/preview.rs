//! `sluice preview`: the first rows of a table or of a query.
//!
//! Called by `command`. It must never show more than the server returns: at most 10,000 rows, cells
//! of at most 4 KiB, and no more rows than fit into one answer.

use serde::Serialize;
use sluice_proto::v1::PreviewRowsRequest;

use crate::{
    connect::Connection,
    error::Result,
    json::{self, ColumnObject},
    output::Output,
    table::Table,
};

/// The rows.
#[derive(Debug, Serialize)]
struct Object<'a> {
    columns: Vec<ColumnObject<'a>>,
    rows: Vec<Vec<Option<&'a str>>>,
    /// Whether rows were left out because they did not fit into the answer.
    truncated: bool,
}

/// Asks for the rows and prints them.
pub(super) async fn run(
    request: PreviewRowsRequest,
    connection: &Connection,
    output: Output,
) -> Result<()> {
    let response = connection
        .catalog()
        .preview_rows(request)
        .await?
        .into_inner();
    let rows = response.rows.iter();
    let rows = rows.map(|row| row.cells.iter().map(|cell| cell.text.as_deref()).collect());
    let object = Object {
        columns: json::columns(&response.columns),
        rows: rows.collect(),
        truncated: response.truncated,
    };
    output.data(&object, |out| {
        let columns = response.columns.iter();
        let mut table = columns.fold(Table::new(), |table, column| {
            table.column(&column.name, &column.r#type)
        });
        for row in &object.rows {
            table.row(row.iter().map(|cell| cell.map(str::to_owned)));
        }
        table.write(out)?;
        if response.truncated {
            writeln!(
                out,
                "more rows do not fit into one answer: choose fewer columns, or export them"
            )?;
        }
        Ok(())
    })
}
