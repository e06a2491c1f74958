//! `sluice ping`: whether the server and its ClickHouse answer, and what its user may not do there.
//!
//! Called by `command`. It must never say yes for the server alone.

use std::time::Duration;

use serde::Serialize;
use sluice_proto::v1::{CheckConnectionRequest, GrantPurpose, MissingGrant};

use crate::{
    connect::Connection,
    error::{Error, Result},
    json,
    output::Output,
    settings::names::show_table,
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
    /// Whether the upload that was asked about needs it.
    required: bool,
}

impl<'a> GrantObject<'a> {
    fn new(grant: &'a MissingGrant, upload_needs: &[i32]) -> Self {
        let mut needed_for = grant.needed_for.iter();
        Self {
            privilege: &grant.privilege,
            on: &grant.on,
            grantee: &grant.grantee,
            needed_for: grant.needed_for().map(word).collect(),
            required: needed_for.any(|purpose| upload_needs.contains(purpose)),
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
    let table = request.table.as_ref().map(show_table);
    let response = connection
        .catalog()
        .check_connection(request)
        .await?
        .into_inner();
    let round_trip = Duration::try_from(response.round_trip.unwrap_or_default());
    let round_trip = round_trip.unwrap_or_default();
    let missing = response.missing_grants.iter();
    let missing = missing.map(|grant| GrantObject::new(grant, &response.upload_needs));
    let object = Object {
        server,
        server_version: &response.server_version,
        user: &response.user,
        database: &response.database,
        timezone: &response.timezone,
        round_trip_seconds: json::seconds(round_trip),
        embedded: response.embedded,
        missing_grants: missing.collect(),
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
    text += &match &table {
        Some(table) => grants_of_table(&object, table),
        None => grants_of_all(&object),
    };
    for warning in object.warnings {
        text += &format!("\nwarning: {warning}");
    }
    output.data(&object, |out| writeln!(out, "{text}"))?;
    match table {
        Some(table) if object.lacks_any() => Err(Error::NotGranted { table }),
        _ => Ok(()),
    }
}

impl Object<'_> {
    /// Whether an upload as it was asked about lacks a grant.
    fn lacks_any(&self) -> bool {
        self.missing_grants.iter().any(|grant| grant.required)
    }

    /// The missing grants, a line each: those that the upload needs, or the others.
    fn lines(&self, required: bool) -> String {
        let grants = self.missing_grants.iter();
        let grants = grants.filter(|grant| grant.required == required);
        let lines = grants.map(|grant| {
            let needed_for = grant.needed_for.join(", ");
            format!("\n  {} ON {}: {needed_for}", grant.privilege, grant.on)
        });
        lines.collect()
    }

    /// The statements that give what is missing, under a heading.
    fn statements(&self, heading: &str) -> String {
        let statements = self.grant_statements.iter();
        let statements = statements.map(|statement| format!("\n  {statement};"));
        let statements: String = statements.collect();
        match statements.as_str() {
            "" => statements,
            _ => format!("\n{heading}{statements}"),
        }
    }
}

/// What is missing for a table: first what the upload needs, and what nobody has asked for as such.
fn grants_of_table(object: &Object<'_>, table: &str) -> String {
    if object.missing_grants.is_empty() {
        return String::new();
    }
    let upload = format!(
        "an upload into {table} ({})",
        object.upload_needs.join(", ")
    );
    let (required, others) = (object.lines(true), object.lines(false));
    let mut text = match required.as_str() {
        "" => format!("\n{upload} lacks no grant"),
        _ => format!("\n{upload} lacks these grants:{required}"),
    };
    if !others.is_empty() {
        text += &format!("\nnot needed for it, and missing for other uses of the table:{others}");
    }
    text += &object.statements(match required.as_str() {
        "" => "exports, the journal and recovery get theirs of these, if they are wanted, by:",
        _ => "for this upload, exports, the journal and recovery, have run in ClickHouse:",
    });
    text
}

/// What is missing for some table or other, where none was named.
fn grants_of_all(object: &Object<'_>) -> String {
    if object.missing_grants.is_empty() {
        return String::new();
    }
    let grants = object.lines(true) + &object.lines(false);
    let heading =
        "\nnot granted for all tables at once (--table looks at one, which may need none of it):";
    format!("{heading}{grants}") + &object.statements("for all tables, have run in ClickHouse:")
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
