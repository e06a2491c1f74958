//! `sluice inspect`: how a file would be read.
//!
//! Called by `command`. It must never call what the sample shows the whole file.

mod report;

use std::time::Duration;

use serde::Serialize;
use sluice_proto::v1::InspectFileResponse;

use super::{
    unless,
    upload::{Attempts, is_of_server, scan},
};
use crate::{
    connect::{Connection, Server},
    error::{Error, Result},
    json::{self, ErrorObject, MatchObject},
    output::Output,
    profile::{self, ProfileObject},
    rejects::{self, RejectedObject},
    settings::{Inspect, names::show_table, value::FullScan},
    signal::Interrupt,
    source::Source,
    task,
};

/// What was found.
#[derive(Debug, Serialize)]
struct Object<'a> {
    #[serde(flatten)]
    profile: ProfileObject<'a>,
    complete: bool,
    rows: Vec<Vec<Option<&'a str>>>,
    create_statement: &'a str,
    sorting_key_reason: &'a str,
    table: Option<&'a str>,
    matches: Vec<MatchObject<'a>>,
    rows_tried: i64,
    rows_rejected: i64,
    rejected_rows: Vec<RejectedObject<'a>>,
    error: Option<ErrorObject>,
}

/// Prints how the file would be read; the statement alone is that of an upload with `--create`, which looks at all of a file
/// that is not large.
pub(super) async fn run(
    look: Inspect,
    server: &Server,
    output: Output,
    interrupt: &mut Interrupt,
) -> Result<()> {
    let source = Source::open(&look.input)?;
    let connection = unless(interrupt, Connection::open(server)).await?;
    if look.statement_only && scan::is_due(FullScan::default(), &source) {
        let pass = source.reopen(&look.input)?;
        let question = scan::question_of(&look.request);
        let mut pass = Attempts::new(server, connection, pass, question, Duration::ZERO);
        match pass.run(output, interrupt).await {
            Ok(found) => {
                let statement = &found.create_statement;
                return output.data(&(), |out| writeln!(out, "{statement}"));
            }
            // The sample may show what is wrong.
            Err(error) if is_of_server(&error) => {}
            Err(error) => return Err(error),
        }
        let (connection, _) = pass.into_parts();
        return show(look, source, &connection, output).await;
    }
    unless(interrupt, show(look, source, &connection, output)).await
}

/// Sends the beginning of the file and prints what the server makes of it.
async fn show(
    look: Inspect,
    source: Source,
    connection: &Connection,
    output: Output,
) -> Result<()> {
    let mut reader = task::worker(move || source.read_sample(look.sample_bytes));
    let mut request = look.request;
    (request.sample, request.complete) = reader.join().await.map_err(Error::Runtime).flatten()?;
    let table = request.table.as_ref().map(show_table);
    let complete = request.complete;
    let mut client = connection.whole_records();
    let response = client.inspect_file(request).await?.into_inner();
    if look.statement_only {
        let statement = &response.create_statement;
        return output.data(&(), |out| writeln!(out, "{statement}"));
    }
    let object = Object::new(&response, complete, table.as_deref())?;
    output.data(&object, |out| report::write(&object, &response, out))
}

impl<'a> Object<'a> {
    fn new(
        response: &'a InspectFileResponse,
        complete: bool,
        table: Option<&'a str>,
    ) -> Result<Self> {
        let profile = response.profile.as_ref().ok_or(Error::Answer("profile"))?;
        let rows = response.rows.iter();
        let rows = rows.map(|row| row.cells.iter().map(|cell| cell.text.as_deref()).collect());
        Ok(Self {
            profile: profile::object(profile),
            complete,
            rows: rows.collect(),
            create_statement: &response.create_statement,
            sorting_key_reason: &response.sorting_key_reason,
            table,
            matches: json::matches(&response.matches),
            rows_tried: response.rows_tried,
            rows_rejected: response.rows_rejected,
            rejected_rows: rejects::objects(&response.rejected_rows),
            error: response.error.as_ref().map(ErrorObject::of_transfer),
        })
    }
}
