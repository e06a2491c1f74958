//! The end of an export on its thread: text is packed, cut into messages, sent and counted.
//!
//! Used by `export::formatting`. It must never count what the client was not handed.

use std::sync::Arc;

use bytes::Bytes;

use super::{Event, EventSender};
use crate::{
    codec::Output,
    transfer::{Result, Transfer},
};

/// The most bytes of one message; a longer text is cut into several.
const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// Where text goes.
#[derive(Debug)]
pub(super) struct Pipe {
    output: Output,
    events: EventSender,
    transfer: Arc<Transfer>,
}

impl Pipe {
    pub(super) const fn new(output: Output, events: EventSender, transfer: Arc<Transfer>) -> Self {
        Self {
            output,
            events,
            transfer,
        }
    }

    /// Sends the text of some rows; false when the client has gone.
    pub(super) fn send(&mut self, text: Vec<u8>, rows: usize) -> Result<bool> {
        let bytes = self.output.push(Bytes::from(text))?;
        Ok(self.send_bytes(bytes, rows))
    }

    /// Sends the last text and whatever ends the file.
    pub(super) fn finish(mut self, text: Vec<u8>, rows: usize) -> Result<()> {
        if self.send(text, rows)? {
            let Self {
                output,
                events,
                transfer,
            } = self;
            send_pieces(output.finish()?, 0, &events, &transfer);
        }
        Ok(())
    }

    fn send_bytes(&self, bytes: Bytes, rows: usize) -> bool {
        send_pieces(bytes, rows, &self.events, &self.transfer)
    }
}

/// Sends bytes in pieces that fit into messages. The rows count with the last of them, also where
/// the compression holds them back.
fn send_pieces(mut bytes: Bytes, rows: usize, events: &EventSender, transfer: &Transfer) -> bool {
    while !bytes.is_empty() {
        let piece = bytes.split_to(bytes.len().min(MAX_MESSAGE_BYTES));
        let byte_count = piece.len();
        if events.blocking_send(Ok(Event::Data(piece))).is_err() {
            return false;
        }
        transfer.counters().add_exported(0, byte_count);
    }
    transfer.counters().add_exported(rows, 0);
    true
}
