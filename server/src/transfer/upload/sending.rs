//! The last stage of an upload: blocks go to ClickHouse, rejected rows to the journal.
//!
//! Part of `transfer::upload`. It must never hold more than the block at hand.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::{
    clickhouse::Insert,
    column::EncodedBlock,
    journal::RejectedRow,
    transfer::{Error, Inner, Result, Transfer},
};

/// The pause after which ClickHouse is told that more is to come; it gives up after 30 s.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// Sends every block, and returns the INSERT unless there was nothing to send.
///
/// `idle_block` has no rows: it keeps ClickHouse from giving up on a client that pauses.
pub(super) async fn send_blocks(
    mut insert: Insert,
    mut blocks: mpsc::Receiver<EncodedBlock>,
    idle_block: &EncodedBlock,
    transfer: &Transfer,
) -> Result<Option<Insert>> {
    let mut sent = false;
    loop {
        match tokio::time::timeout(KEEPALIVE_INTERVAL, blocks.recv()).await {
            Ok(Some(block)) => {
                sent = true;
                send_block(&mut insert, &block).await?;
                transfer.counters().add_rows_staged(block.row_count);
            }
            Ok(None) => return Ok(sent.then_some(insert)),
            Err(_) if sent => send_block(&mut insert, idle_block).await?,
            Err(_) => {}
        }
    }
}

async fn send_block(insert: &mut Insert, block: &EncodedBlock) -> Result<()> {
    for chunk in &block.chunks {
        insert.send(chunk.clone()).await?;
    }
    Ok(())
}

/// Takes the blocks of a dry run.
pub(super) async fn discard(mut blocks: mpsc::Receiver<EncodedBlock>) {
    while blocks.recv().await.is_some() {}
}

/// Writes the rejected rows to the journal as they come. The only one of an upload that stops there
/// is in its error as well, so that it need not be kept.
pub(super) async fn keep_rejected(
    inner: &Inner,
    mut rejected: mpsc::Receiver<Vec<RejectedRow>>,
    stops: bool,
) -> Result<()> {
    while let Some(rows) = rejected.recv().await {
        match inner.journal.add_rejected(&rows).await {
            Ok(()) => {}
            Err(error) if stops => tracing::warn!(%error, "cannot keep a rejected row"),
            Err(error) => return Err(Error::Journal(error)),
        }
    }
    Ok(())
}
