//! One streaming INSERT in flight.
//!
//! Driven by `transfer::upload`, which sends whole Native blocks. It never buffers more than the
//! chunk in hand: when ClickHouse is slow, `send` waits.

use std::fmt;

use ::clickhouse::insert_formatted::InsertFormatted;
use bytes::Bytes;
use uuid::Uuid;

use super::{
    Client,
    error::{Error, Result},
};

/// An INSERT that takes chunks of Native blocks.
///
/// It must end in [`Insert::finish`]; dropping it before aborts the INSERT. ClickHouse may by then
/// have written blocks that it had received whole, so an aborted INSERT is not an undone one.
#[must_use = "an INSERT that is not finished is aborted"]
pub struct Insert {
    /// `None` once it has failed.
    inner: Option<InsertFormatted>,
    /// What is to be sent before the first chunk.
    head: Option<Bytes>,
    client: Client,
    query_id: Uuid,
}

impl fmt::Debug for Insert {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Insert")
            .field("query_id", &self.query_id)
            .field("has_failed", &self.inner.is_none())
            .finish_non_exhaustive()
    }
}

impl Insert {
    pub(super) fn new(inner: InsertFormatted, client: Client, query_id: Uuid) -> Self {
        let timeouts = client.shared.timeouts;
        let inner = inner.with_timeouts(Some(timeouts.send), Some(timeouts.finish));
        Self {
            inner: Some(inner),
            head: None,
            client,
            query_id,
        }
    }

    /// Sends `head` before the first chunk: a statement that is too long for a URL.
    pub(super) fn with_head(self, head: Bytes) -> Self {
        Self {
            head: Some(head),
            ..self
        }
    }

    /// Sends a chunk, neither copied nor cut, and waits while ClickHouse takes no more. A chunk may
    /// end anywhere in a block. A block without rows is safe to send at any time and keeps
    /// ClickHouse from closing a connection that is silent for 30 s (`http_receive_timeout`); a
    /// block without columns is not, it ends the data.
    ///
    /// # Errors
    ///
    /// The exception of ClickHouse where there is one, [`Error::Timeout`] when it takes nothing for
    /// the time limit, else [`Error::Unavailable`]. The INSERT has ended then.
    pub async fn send(&mut self, chunk: Bytes) -> Result<()> {
        let Some(inner) = &mut self.inner else {
            return Err(ended());
        };
        if chunk.is_empty() {
            return Ok(());
        }
        let sent = match self.head.take() {
            Some(head) => match inner.send(head).await {
                Ok(()) => inner.send(chunk).await,
                failed => failed,
            },
            None => inner.send(chunk).await,
        };
        let Err(error) = sent else {
            return Ok(());
        };
        let limit = self.client.shared.timeouts.send;
        let error = Error::from_library(&error, "take more data", limit);
        let Some(inner) = self.inner.take().filter(|_| error.is_answer_lost()) else {
            return Err(error.of_own_statement());
        };
        // The line broke while sending: ClickHouse may have said why before it hung up.
        let error = self.end(inner).await.err().unwrap_or(error);
        Err(self.recover(error).await)
    }

    /// Says that the data is whole, and waits until ClickHouse has written all of it. An INSERT
    /// that nothing was sent to never reaches ClickHouse.
    ///
    /// # Errors
    ///
    /// As [`Insert::send`]. After [`Error::Timeout`] and [`Error::Unavailable`] the rows may be in
    /// the table or not.
    pub async fn finish(mut self) -> Result<()> {
        let Some(inner) = self.inner.take() else {
            return Err(ended());
        };
        let Err(error) = self.end(inner).await else {
            return Ok(());
        };
        Err(self.recover(error).await)
    }

    /// The reason of a failure, as far as it can be had.
    async fn recover(&self, error: Error) -> Error {
        let reason = self.client.recover_reason(self.query_id, error).await;
        reason.of_own_statement()
    }

    /// Waits for the answer.
    async fn end(&self, inner: InsertFormatted) -> Result<()> {
        let limit = self.client.shared.timeouts.finish;
        inner
            .end()
            .await
            .map_err(|error| Error::from_library(&error, "finish the insert", limit))
    }
}

/// The error for using an INSERT that has failed before.
fn ended() -> Error {
    Error::Unavailable {
        message: "the insert has already failed".to_owned(),
        exception: None,
    }
}
