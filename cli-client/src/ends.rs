//! Who does not answer, in words: the server, and the ClickHouse behind it.
//!
//! Uploads and exports ask while they wait. It must never fail, nor keep anybody waiting for long: what is
//! not known is left out.

use std::time::Duration;

use sluice_proto::v1::ListConnectionsRequest;
use tokio::{sync::OnceCell, time::timeout};

use crate::{
    connect::{Connection, Server},
    error::Error,
    retry,
};

/// How long the server may take to say where its ClickHouse is.
const LIMIT: Duration = Duration::from_secs(2);
/// The connection of a call that names none.
const DEFAULT: &str = "default";

/// Both ends of a command, as far as they are known.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    clickhouse: OnceCell<Option<String>>,
}

impl Ends {
    /// `127.0.0.1:50051`, and where ClickHouse is what fails also where that is.
    pub(crate) async fn words(
        &self,
        server: &Server,
        connection: &Connection,
        error: &Error,
    ) -> String {
        let address = hosts(&server.url);
        if !retry::kind(error).starts_with("CLICKHOUSE_") {
            return address;
        }
        let found = self.clickhouse.get_or_init(|| async {
            let found = timeout(LIMIT, clickhouse(server, connection)).await;
            found.ok().flatten()
        });
        match found.await {
            Some(clickhouse) => format!("{address}, ClickHouse at {clickhouse}"),
            None => address,
        }
    }
}

/// Where the ClickHouse is that the server works with; it does not say it of the one that it hosts itself.
async fn clickhouse(server: &Server, connection: &Connection) -> Option<String> {
    if let Some(url) = server.place("sluice-clickhouse-url") {
        return Some(hosts(&url));
    }
    let name = server.place("sluice-connection");
    let name = name.as_deref().unwrap_or(DEFAULT);
    let mut catalog = connection.catalog();
    let answer = catalog.list_connections(ListConnectionsRequest {}).await;
    let connections = answer.ok()?.into_inner().connections;
    let found = connections.into_iter().find(|found| found.name == name)?;
    Some(hosts(&found.url)).filter(|hosts| !hosts.is_empty())
}

/// The hosts and ports of one or several URLs with commas between them.
fn hosts(urls: &str) -> String {
    let hosts = urls.split(',').map(|url| {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default().trim()
    });
    hosts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::hosts;

    #[test]
    fn of_urls_hosts_and_ports_are_said() {
        assert_eq!(
            hosts("https://db.example.com:50051/"),
            "db.example.com:50051"
        );
        assert_eq!(
            hosts("http://ch1:8123,http://ch2:8123"),
            "ch1:8123, ch2:8123"
        );
        assert_eq!(hosts(""), "");
    }
}
