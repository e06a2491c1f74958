//! `sluice transfers rejects`: the rejected rows of an upload, printed or written to a file.
//!
//! Called by `command`. It must never mix the rows with anything else: what is said of a file goes
//! to standard output only when the rows do not.

use std::path::Path;

use serde::Serialize;
use sluice_proto::v1::GetTransferRequest;
use uuid::Uuid;

use crate::{
    command::is_closed_pipe,
    connect::{Connection, about},
    error::Result,
    output::Output,
    rejects::{self, RejectsFile},
    settings::Endpoint,
    stdio, text,
};

/// What was written.
#[derive(Debug, Serialize)]
struct Object<'a> {
    transfer_id: &'a str,
    rows_rejected: i64,
    rejects_file: Option<&'a str>,
    /// Whether the file has the rows as they stand in the one that was loaded, without its header.
    rejects_file_is_raw: bool,
}

/// Prints the rows, or writes them and says how many there are.
pub(in crate::command) async fn rejects(
    id: Uuid,
    target: &Endpoint,
    connection: &Connection,
    output: Output,
) -> Result<()> {
    let id = id.to_string();
    let printed = match target {
        Endpoint::Path(path) => return save(&id, path, connection, output).await,
        Endpoint::Standard if output.is_json() => rejects::print_objects(connection, &id).await,
        Endpoint::Standard => print(&id, connection).await,
    };
    match printed {
        Err(error) if is_closed_pipe(&error, target) => Ok(()),
        printed => printed,
    }
}

async fn print(id: &str, connection: &Connection) -> Result<()> {
    if rejects::print_csv(connection, id).await? {
        stdio::error_line(&format!("the rows are {}", rejects::RAW_WORDS));
    }
    Ok(())
}

async fn save(id: &str, path: &Path, connection: &Connection, output: Output) -> Result<()> {
    let file = RejectsFile::open(path, None)?;
    let request = GetTransferRequest {
        transfer_id: id.to_owned(),
    };
    let mut client = connection.ingest();
    let transfer = client
        .get_transfer(about(id, request))
        .await?
        .into_inner()
        .transfer;
    let counters = transfer.and_then(|transfer| transfer.counters);
    let rows_rejected = counters.unwrap_or_default().rows_rejected;
    let kept = file.fill(connection, id, rows_rejected).await?;
    let saved = kept.saved();
    let object = Object {
        transfer_id: id,
        rows_rejected,
        rejects_file: saved.map(|saved| saved.file.as_str()),
        rejects_file_is_raw: saved.is_some_and(|saved| saved.is_raw),
    };
    let text = match saved {
        Some(saved) => {
            let rows = text::counted(rows_rejected, "rejected row");
            let raw = if saved.is_raw {
                format!(", {}", rejects::RAW_WORDS)
            } else {
                String::new()
            };
            format!("{rows} in {}{raw}", saved.file)
        }
        None => format!(
            "no row of transfer {id} was rejected{}",
            kept.old_file_words()
        ),
    };
    output.summary(&object, &text)
}
