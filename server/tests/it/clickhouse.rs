//! `clickhouse` and `catalog` against a real engine.

mod catalog;
mod faults;
mod insert;
mod query;
mod quoting;
mod reading;

use bytes::Bytes;
use sluice_server::clickhouse::{
    Client, ClientConfig, Query, Result,
    sql::{SelectQuery, Statement, TableName, select_query},
};
use uuid::Uuid;

use crate::support;

/// A client with a database of its own, and the library's client to set the stage with.
struct Stage {
    client: Client,
    library: ::clickhouse::Client,
    database: String,
}

impl Stage {
    async fn new() -> Self {
        let url = support::engine_url().await;
        let database = format!("it_{}", Uuid::new_v4().simple());
        let (address, user, password) = support::split_url(&url);
        let library = ::clickhouse::Client::default().with_url(address);
        let library = library.with_user(user).with_password(password);
        let create = format!("CREATE DATABASE {database}");
        library.query(&create).execute().await.unwrap();
        Self {
            client: Client::new(config(&url, &database)),
            library: library.with_database(database.as_str()),
            database,
        }
    }

    /// Runs any statement.
    async fn run(&self, sql: &str) {
        self.library
            .query_raw(sql)
            .execute()
            .await
            .map_err(|error| format!("{sql}: {error}"))
            .unwrap();
    }

    /// The only value of a query, as text.
    async fn value(&self, sql: &str) -> String {
        let sql = format!("SELECT assumeNotNull(toString(({sql})))");
        self.library
            .query_raw(&sql)
            .fetch_one()
            .await
            .map_err(|error| format!("{sql}: {error}"))
            .unwrap()
    }

    fn table(&self, name: &str) -> TableName {
        TableName::new(self.database.as_str(), name)
    }

    /// The whole result of a statement.
    async fn read(&self, statement: &Statement) -> Result<Vec<u8>> {
        read_all(self.client.query_native(statement, Uuid::new_v4()).await?).await
    }
}

fn config(url: &str, database: &str) -> ClientConfig {
    let (url, user, password) = support::split_url(url);
    ClientConfig {
        password: Some(password.to_owned().into()),
        database: database.to_owned(),
        ..ClientConfig::new(url, user.to_owned())
    }
}

async fn read_all(mut query: Query) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = query.next().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// A free query that is run as it stands, in the form that ClickHouse would write.
fn free_query(text: &str) -> Statement {
    select_query(&SelectQuery::from_normalised(text).unwrap(), &[])
}

/// A Native block of one column; `data` holds its values in wire form.
fn block(name: &str, data_type: &str, row_count: u8, data: &[u8]) -> Bytes {
    assert!(row_count < 128, "one byte holds the number of rows");
    let mut bytes = vec![1, row_count];
    put_string(&mut bytes, name);
    put_string(&mut bytes, data_type);
    bytes.extend_from_slice(data);
    bytes.into()
}

/// A Native block of one String column.
fn text_block(name: &str, values: &[&str]) -> Bytes {
    let mut data = Vec::new();
    for value in values {
        put_string(&mut data, value);
    }
    block(name, "String", u8::try_from(values.len()).unwrap(), &data)
}

fn put_string(bytes: &mut Vec<u8>, text: &str) {
    let length = u8::try_from(text.len()).unwrap();
    assert!(length < 128, "one byte holds the length");
    bytes.push(length);
    bytes.extend_from_slice(text.as_bytes());
}
