//! `sluice transfers`: what runs and what ended lately.
//!
//! Called by `command`. It must never report a transfer as ended before the server does.

use std::{io, io::Write, sync::Arc};

use serde::Serialize;
use sluice_proto::v1::{
    CancelTransferRequest, GetTransferRequest, Transfer, TransferKind, WatchTransferRequest,
};
use uuid::Uuid;

mod rejects;

pub(super) use self::rejects::rejects;
use crate::{
    connect::{Connection, about},
    error::{Error, Result},
    json::{self, TransferObject},
    output::Output,
    progress::{Counts, Progress},
    settings::TransferList,
    table::Table,
    text,
};

/// Transfers of one page: the most that the server gives.
const PAGE_SIZE: usize = 1_000;

/// The transfers.
#[derive(Debug, Serialize)]
struct Object<'a> {
    transfers: Vec<TransferObject<'a>>,
    /// For `--page-token`; empty when these are all.
    next_page_token: &'a str,
}

/// Prints the transfers that the server knows and that are asked for.
pub(super) async fn list(
    list: TransferList,
    connection: &Connection,
    output: Output,
) -> Result<()> {
    let (transfers, next_page_token) = all(list, connection).await?;
    let object = Object {
        transfers: transfers.iter().map(json::transfer).collect(),
        next_page_token: &next_page_token,
    };
    output.data(&object, |out| {
        let heading = Table::new()
            .text("transfer")
            .text("kind")
            .text("state")
            .text("table");
        let heading = heading.number("rows").number("bytes").number("time");
        let mut table = heading.text("started").text("file");
        for transfer in &transfers {
            let (rows, bytes) = moved(transfer);
            table.row([
                Some(transfer.transfer_id.clone()),
                Some(json::kind(transfer).to_owned()),
                Some(state(transfer)),
                Some(json::table_name(transfer.table.as_ref())),
                Some(text::count(rows)),
                Some(text::size(bytes)),
                Some(text::duration(json::elapsed(transfer))),
                Some(
                    transfer
                        .start_time
                        .map(|time| time.to_string())
                        .unwrap_or_default(),
                ),
                Some(transfer.source_name.clone()),
            ]);
        }
        table.write(out)?;
        if !next_page_token.is_empty() {
            writeln!(out, "there are more: --page-token {next_page_token}")?;
        }
        Ok(())
    })
}

/// All transfers up to the limit, and the token of the page behind them.
async fn all(list: TransferList, connection: &Connection) -> Result<(Vec<Transfer>, String)> {
    let TransferList { mut request, limit } = list;
    let limit = limit.unwrap_or(usize::MAX);
    let mut client = connection.ingest();
    let mut transfers = Vec::new();
    loop {
        let wanted = PAGE_SIZE.min(limit.saturating_sub(transfers.len()));
        request.page_size = i32::try_from(wanted).unwrap_or_default();
        let page = client.list_transfers(request.clone()).await?.into_inner();
        transfers.extend(page.transfers);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() || transfers.len() >= limit {
            return Ok((transfers, request.page_token));
        }
    }
}

/// Prints one transfer as it is now.
pub(super) async fn get(id: Uuid, connection: &Connection, output: Output) -> Result<()> {
    let request = GetTransferRequest {
        transfer_id: id.to_string(),
    };
    let response = connection
        .ingest()
        .get_transfer(about(&id.to_string(), request))
        .await?
        .into_inner();
    print(response.transfer, output)
}

/// Follows a transfer to its end and prints it; fails as it failed.
pub(super) async fn watch(id: Uuid, connection: &Connection, output: Output) -> Result<()> {
    let request = WatchTransferRequest {
        transfer_id: id.to_string(),
        interval: None,
    };
    let mut stream = connection
        .ingest()
        .watch_transfer(about(&id.to_string(), request))
        .await?
        .into_inner();
    let counts = Arc::new(Counts::default());
    let progress = Progress::start(&counts, output);
    let mut last = None;
    while let Some(message) = stream.message().await? {
        if let Some(transfer) = &message.transfer {
            count(&counts, transfer);
        }
        last = message.transfer.or(last);
    }
    drop(progress);
    match last {
        Some(Transfer {
            transfer_id,
            error: Some(error),
            ..
        }) => Err(Error::Transfer {
            transfer_id,
            error: Box::new(error),
        }),
        transfer => print(transfer, output),
    }
}

/// Ends a transfer and prints what it came to.
pub(super) async fn cancel(id: Uuid, connection: &Connection, output: Output) -> Result<()> {
    let request = CancelTransferRequest {
        transfer_id: id.to_string(),
    };
    let response = connection
        .ingest()
        .cancel_transfer(about(&id.to_string(), request))
        .await?
        .into_inner();
    print(response.transfer, output)
}

fn print(transfer: Option<Transfer>, output: Output) -> Result<()> {
    let transfer = transfer.ok_or(Error::Answer("transfer"))?;
    output.data(&json::transfer(&transfer), |out| {
        write_facts(out, &transfer)
    })
}

fn count(counts: &Counts, transfer: &Transfer) {
    let counters = transfer.counters.unwrap_or_default();
    if transfer.kind() == TransferKind::Export {
        counts.set_bytes(counters.bytes_sent);
        counts.set_rows(counters.rows_exported);
    } else {
        counts.set_bytes(counters.bytes_received);
        counts.set_rows(counters.rows_parsed);
        let total = transfer
            .total_bytes
            .and_then(|total| u64::try_from(total).ok());
        counts.set_total_bytes(total.unwrap_or_default());
    }
}

/// Rows and bytes in the direction of the transfer.
fn moved(transfer: &Transfer) -> (i64, u64) {
    let counters = transfer.counters.unwrap_or_default();
    let (rows, bytes) = match transfer.kind() {
        TransferKind::Export => (counters.rows_exported, counters.bytes_sent),
        TransferKind::Upload | TransferKind::Unspecified => {
            (counters.rows_parsed, counters.bytes_received)
        }
    };
    (rows, u64::try_from(bytes).unwrap_or_default())
}

fn yes_or_no(holds: bool) -> &'static str {
    if holds { "yes" } else { "no" }
}

/// An offset in the file, exactly.
fn offset(offset: i64) -> String {
    format!("byte {}", text::count(offset))
}

/// Its state; a dry run that succeeded has loaded nothing.
fn state(transfer: &Transfer) -> String {
    let state = json::state(transfer);
    match transfer.dry_run {
        true => format!("{state} (dry run)"),
        false => state.to_owned(),
    }
}

fn write_facts(out: &mut dyn Write, transfer: &Transfer) -> io::Result<()> {
    let counters = transfer.counters.unwrap_or_default();
    let (_, bytes) = moved(transfer);
    let mut facts = vec![
        ("transfer", transfer.transfer_id.clone()),
        ("kind", json::kind(transfer).to_owned()),
        ("state", state(transfer)),
        ("table", json::table_name(transfer.table.as_ref())),
        ("file", transfer.source_name.clone()),
        ("owner", transfer.owner.clone()),
        (
            "started",
            transfer
                .start_time
                .map(|time| time.to_string())
                .unwrap_or_default(),
        ),
        ("time", text::duration(json::elapsed(transfer))),
    ];
    if transfer.kind() == TransferKind::Export {
        facts.push(("rows exported", text::count(counters.rows_exported)));
        facts.push(("bytes sent", text::size(bytes)));
    } else {
        facts.push(("bytes received", text::size(bytes)));
        facts.push(("rows parsed", text::count(counters.rows_parsed)));
        facts.push(("rows staged", text::count(counters.rows_staged)));
        facts.push(("rows rejected", text::count(counters.rows_rejected)));
        facts.push(("rows committed", text::count(counters.rows_committed)));
        facts.push((
            "commit mode",
            json::commit_mode(transfer).unwrap_or_default().to_owned(),
        ));
        facts.push(("guarantee", transfer.guarantee.clone()));
        facts.push(("resumable", yes_or_no(transfer.resumable).to_owned()));
        facts.push(("goes on at", offset(transfer.committed_offset)));
        facts.push(("durable to", offset(transfer.durable_offset)));
    }
    if let Some(error) = &transfer.error {
        facts.push(("error", format!("{} ({})", error.message, error.reason)));
    }
    for (fact, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        writeln!(out, "{fact:<14} {}", text::one_line(value))?;
    }
    Ok(())
}
