//! One streaming SELECT in flight.
//!
//! Driven by `transfer::export`, which reads whole Native blocks. It never hands the text of an
//! exception out as data, although ClickHouse appends it to the data.
//!
//! How this works: once rows have been sent, ClickHouse reports a failure by writing
//! `\r\n__exception__\r\n<TAG>\r\n<message>\n<length> <TAG>\r\n__exception__\r\n` behind them, at
//! most 16 KiB of message, and closes the connection without the last chunk. The library finds this
//! only when it arrives in one piece. So the last `HELD_BYTES` are held back until more data
//! or a clean end shows that they are data; at a broken end they are searched for the message. Where
//! a piece of it is lost, ClickHouse is asked.

use std::{collections::VecDeque, fmt, time::Duration};

use ::clickhouse::query::BytesCursor;
use bytes::Bytes;
use uuid::Uuid;

use super::{
    Client,
    error::{Error, Exception, Result},
};

/// More than the longest exception with all around it, in bytes.
const HELD_BYTES: usize = 17 * 1024;
/// What stands before and behind an exception.
const EXCEPTION_MARK: &str = "__exception__\r\n";

/// A SELECT whose result comes as chunks of Native blocks.
///
/// Dropping it closes the connection, at which ClickHouse ends a read-only query.
#[must_use = "a query does nothing unless its result is read"]
pub struct Query {
    cursor: BytesCursor,
    client: Client,
    query_id: Uuid,
    held: Held,
    has_ended: bool,
}

impl fmt::Debug for Query {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Query")
            .field("query_id", &self.query_id)
            .field("held_bytes", &self.held.length)
            .field("has_ended", &self.has_ended)
            .finish_non_exhaustive()
    }
}

impl Query {
    pub(super) fn new(cursor: BytesCursor, client: Client, query_id: Uuid) -> Self {
        Self {
            cursor,
            client,
            query_id,
            held: Held::default(),
            has_ended: false,
        }
    }

    /// The next chunk of the result, `None` at its end. A chunk may end anywhere in a block.
    /// Dropping the future loses nothing.
    ///
    /// # Errors
    ///
    /// The exception of ClickHouse where there is one, else [`Error::Unavailable`]. The result is
    /// not whole then, and `None` follows.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            if let Some(chunk) = self.held.release(self.has_ended) {
                return Ok(Some(chunk));
            }
            if self.has_ended {
                return Ok(None);
            }
            match self.cursor.next().await {
                Ok(Some(chunk)) => self.held.push(chunk),
                Ok(None) => self.has_ended = true,
                Err(error) => {
                    self.has_ended = true;
                    let error = Error::from_library(&error, "answer", Duration::ZERO);
                    let error = self.held.take_exception().map_or(error, Error::from);
                    return Err(self.client.recover_reason(self.query_id, error).await);
                }
            }
        }
    }
}

/// The newest chunks of a result, which may yet turn out to be an exception.
#[derive(Debug, Default)]
struct Held {
    chunks: VecDeque<Bytes>,
    length: usize,
}

impl Held {
    fn push(&mut self, chunk: Bytes) {
        self.length += chunk.len();
        self.chunks.push_back(chunk);
    }

    /// The oldest chunk, as soon as enough is held without it, or at the end.
    fn release(&mut self, is_end: bool) -> Option<Bytes> {
        let length = self.chunks.front()?.len();
        if !is_end && self.length - length < HELD_BYTES {
            return None;
        }
        self.length -= length;
        self.chunks.pop_front()
    }

    /// Drops all that is held, and returns the exception in it.
    fn take_exception(&mut self) -> Option<Exception> {
        let bytes: Vec<u8> = self.chunks.drain(..).flatten().collect();
        self.length = 0;
        let tail = bytes.get(bytes.len().saturating_sub(HELD_BYTES)..)?;
        let text = String::from_utf8_lossy(tail);
        let (_, after_mark) = text.split_once(EXCEPTION_MARK)?;
        Exception::parse(after_mark.split(EXCEPTION_MARK).next()?)
    }
}

#[cfg(test)]
mod tests;
