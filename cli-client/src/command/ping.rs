//! `sluice ping`: whether the server and its ClickHouse answer.
//!
//! Called by `command`. It must never say yes for the server alone.

use std::time::Duration;

use serde::Serialize;
use sluice_proto::v1::CheckConnectionRequest;

use crate::{connect::Connection, error::Result, json, output::Output, text};

/// The state of the connection.
#[derive(Debug, Serialize)]
struct Object<'a> {
    server: &'a str,
    server_version: &'a str,
    user: &'a str,
    database: &'a str,
    timezone: &'a str,
    round_trip_seconds: f64,
    embedded: bool,
    missing_grants: &'a [String],
    warnings: &'a [String],
}

/// Asks and prints the answer.
pub(super) async fn run(server: &str, connection: &Connection, output: Output) -> Result<()> {
    let request = CheckConnectionRequest {};
    let response = connection
        .catalog()
        .check_connection(request)
        .await?
        .into_inner();
    let round_trip = Duration::try_from(response.round_trip.unwrap_or_default());
    let round_trip = round_trip.unwrap_or_default();
    let object = Object {
        server,
        server_version: &response.server_version,
        user: &response.user,
        database: &response.database,
        timezone: &response.timezone,
        round_trip_seconds: json::seconds(round_trip),
        embedded: response.embedded,
        missing_grants: &response.missing_grants,
        warnings: &response.warnings,
    };
    let mut text = format!(
        "ClickHouse {}{} answers through {server}{}\nuser {}, database {}, time zone {}",
        object.server_version,
        if object.embedded { " (embedded)" } else { "" },
        round_trip_text(round_trip),
        object.user,
        object.database,
        object.timezone
    );
    if !object.missing_grants.is_empty() {
        let (grants, database) = (object.missing_grants.join(", "), object.database);
        text += &format!(
            "\nmissing: GRANT {grants} ON {database}.* TO {}, unless single tables are enough",
            object.user
        );
    }
    for warning in object.warnings {
        text += &format!("\nwarning: {warning}");
    }
    output.data(&object, |out| writeln!(out, "{text}"))
}

fn round_trip_text(round_trip: Duration) -> String {
    if round_trip >= Duration::from_secs(1) {
        return format!(" in {}", text::duration(round_trip));
    }
    format!(" in {:.1} ms", round_trip.as_secs_f64() * 1_000.0)
}
