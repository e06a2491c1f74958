//! The end of an export on its thread: text is packed, cut into messages, sent and counted.
//!
//! Used by `export::formatting`. It must never count what the client was not handed.

use std::sync::Arc;

use bytes::Bytes;

use super::{Event, EventSender};
use crate::{
    codec::{Encoding, Output},
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
    /// Whether it is looked for text that is not UTF-8; until the first one.
    checks: bool,
}

impl Pipe {
    pub(super) fn new(
        output: Output,
        encoding: Encoding,
        events: EventSender,
        transfer: Arc<Transfer>,
    ) -> Self {
        Self {
            output,
            events,
            transfer,
            checks: encoding != Encoding::Utf8Bytes,
        }
    }

    /// Sends the text of some rows; false when the client has gone.
    pub(super) fn send(&mut self, text: Vec<u8>, rows: usize) -> Result<bool> {
        // Whole rows: no character is cut here.
        if self.checks && str::from_utf8(&text).is_err() {
            self.checks = false;
            self.transfer.set_invalid_utf8();
        }
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
                ..
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
