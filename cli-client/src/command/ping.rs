//! `sluice ping`: whether the server and its ClickHouse answer, and what its user may not do there.
//!
//! Called by `command`. It must never say yes for the server alone.

use std::time::Duration;

use serde::Serialize;
use sluice_proto::v1::{
    CheckConnectionRequest, CheckConnectionResponse, GrantPurpose, MissingGrant,
};

use crate::{
    connect::Connection,
    error::{Error, Result},
    json,
    output::Output,
    text,
};

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
    missing_grants: Vec<GrantObject<'a>>,
    grant_statements: &'a [String],
    upload_needs: Vec<String>,
    warnings: &'a [String],
}

/// A grant that is missing.
#[derive(Debug, Serialize)]
struct GrantObject<'a> {
    privilege: &'a str,
    on: &'a str,
    grantee: &'a str,
    needed_for: Vec<String>,
}

impl<'a> From<&'a MissingGrant> for GrantObject<'a> {
    fn from(grant: &'a MissingGrant) -> Self {
        Self {
            privilege: &grant.privilege,
            on: &grant.on,
            grantee: &grant.grantee,
            needed_for: grant.needed_for().map(word).collect(),
        }
    }
}

/// Asks and prints the answer. Fails with [`Error::NotGranted`] where an upload into the table that was
/// asked for would be refused.
pub(super) async fn run(
    request: CheckConnectionRequest,
    server: &str,
    connection: &Connection,
    output: Output,
) -> Result<()> {
    let table = request.table.clone();
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
        missing_grants: response.missing_grants.iter().map(Into::into).collect(),
        grant_statements: &response.grant_statements,
        upload_needs: response.upload_needs().map(word).collect(),
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
    text += &grants_text(&object, table.is_some());
    for warning in object.warnings {
        text += &format!("\nwarning: {warning}");
    }
    output.data(&object, |out| writeln!(out, "{text}"))?;
    match table {
        Some(table) if is_refused(&response) => Err(Error::NotGranted {
            table: json::table_name(Some(&table)),
        }),
        _ => Ok(()),
    }
}

/// Whether an upload as it was asked about lacks a grant.
fn is_refused(response: &CheckConnectionResponse) -> bool {
    let mut missing = response.missing_grants.iter();
    missing.any(|grant| {
        let mut needed_for = grant.needed_for.iter();
        needed_for.any(|purpose| response.upload_needs.contains(purpose))
    })
}

/// What is missing, and the statements that give it.
fn grants_text(object: &Object<'_>, is_one_table: bool) -> String {
    let mut text = String::new();
    if object.missing_grants.is_empty() {
        return text;
    }
    text += if is_one_table {
        "\nmissing grants:"
    } else {
        "\nmissing grants for all tables (--table looks at one):"
    };
    for grant in &object.missing_grants {
        let needed_for = grant.needed_for.join(", ");
        text += &format!("\n  {} ON {}: {needed_for}", grant.privilege, grant.on);
    }
    if !object.grant_statements.is_empty() {
        let uploads = object.upload_needs.join(", ");
        text += &format!("\nto export and to upload ({uploads}), have run in ClickHouse:");
    }
    for statement in object.grant_statements {
        text += &format!("\n  {statement};");
    }
    text
}

/// What a grant is needed for, in a word or two.
fn word(purpose: GrantPurpose) -> String {
    let name = purpose.as_str_name();
    let name = name.strip_prefix("GRANT_PURPOSE_").unwrap_or(name);
    name.to_ascii_lowercase().replace('_', " ")
}

fn round_trip_text(round_trip: Duration) -> String {
    if round_trip >= Duration::from_secs(1) {
        return format!(" in {}", text::duration(round_trip));
    }
    format!(" in {:.1} ms", round_trip.as_secs_f64() * 1_000.0)
}
