//! `sluice databases`: the databases that the server's user may see.
//!
//! Called by `command`. It must never sort or filter: the server's order is the order.

use serde::Serialize;
use sluice_proto::v1::{Database, ListDatabasesRequest};

use crate::{connect::Connection, error::Result, output::Output, table::Table};

/// One database.
#[derive(Debug, Serialize)]
struct DatabaseObject<'a> {
    name: &'a str,
    engine: &'a str,
    comment: &'a str,
}

impl<'a> From<&'a Database> for DatabaseObject<'a> {
    fn from(database: &'a Database) -> Self {
        Self {
            name: &database.name,
            engine: &database.engine,
            comment: &database.comment,
        }
    }
}

/// The databases.
#[derive(Debug, Serialize)]
struct Object<'a> {
    databases: Vec<DatabaseObject<'a>>,
}

/// Asks for the databases and prints them.
pub(super) async fn run(connection: &Connection, output: Output) -> Result<()> {
    let request = ListDatabasesRequest {};
    let response = connection
        .catalog()
        .list_databases(request)
        .await?
        .into_inner();
    let object = Object {
        databases: response
            .databases
            .iter()
            .map(DatabaseObject::from)
            .collect(),
    };
    output.data(&object, |out| {
        let mut table = Table::new().text("database").text("engine").text("comment");
        for Database {
            name,
            engine,
            comment,
        } in &response.databases
        {
            table.row([name, engine, comment].map(|text| Some(text.clone())));
        }
        table.write(out)
    })
}
