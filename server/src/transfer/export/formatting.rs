//! Turns Native blocks into the text of the file, in pieces that fit into messages.
//!
//! Runs on a thread that may block.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::{Event, EventSender, selection::wire_type};
use crate::{
    catalog::Column,
    column::{
        DataType,
        format::{CellSink, Formatter},
        reader::{Block, Limits, Reader},
        zone::Zone,
    },
    csv::{CannotRepresent, Dialect, Encoder},
    transfer::{Error, Result, Transfer},
};

/// The bytes from which on a message is sent.
const MESSAGE_BYTES: usize = 512 << 10;

/// The most bytes of one message; a longer record is cut into several.
const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// Turns blocks into text, row by row.
#[derive(Debug)]
pub(super) struct Formatting {
    reader: Reader,
    formatters: Vec<Formatter>,
    types: Vec<DataType>,
    encoder: Encoder,
    transfer: Arc<Transfer>,
    /// Rows in the encoder that were not sent yet.
    unsent_rows: usize,
}

impl Formatting {
    pub(super) fn new(
        columns: &[Column],
        server_zone: &Zone,
        dialect: Dialect,
        max_block_bytes: usize,
        transfer: Arc<Transfer>,
    ) -> Result<Self> {
        let mut encoder = Encoder::new(dialect);
        if dialect.header() {
            encoder.header(columns.iter().map(|column| column.name.as_bytes()))?;
        }
        let types: Vec<_> = columns.iter().map(wire_type).collect::<Result<_>>()?;
        let formatters = types
            .iter()
            .map(|data_type| Formatter::new(data_type, server_zone));
        let formatters = formatters.collect::<Result<_, _>>()?;
        let reader = Reader::new(Limits { max_block_bytes });
        Ok(Self {
            reader,
            formatters,
            types,
            encoder,
            transfer,
            unsent_rows: 0,
        })
    }

    /// Formats the whole result; ends early and without an error when the client has gone.
    pub(super) fn run(
        mut self,
        mut chunks: mpsc::Receiver<Bytes>,
        events: &EventSender,
    ) -> Result<()> {
        while let Some(chunk) = chunks.blocking_recv() {
            self.reader.push(chunk);
            while let Some(block) = self.reader.next_block()? {
                if !self.format(&block, events)? {
                    return Ok(());
                }
                self.reader.recycle(block);
            }
        }
        self.reader.finish()?;
        self.send(events);
        Ok(())
    }

    /// Formats one block; false when the client has gone.
    fn format(&mut self, block: &Block, events: &EventSender) -> Result<bool> {
        let same_count = block.columns.len() == self.types.len();
        let mut pairs = block.columns.iter().zip(&self.types);
        if !same_count || !pairs.all(|(column, data_type)| column.carries(data_type)) {
            return Err(Error::Internal(
                "the result has other columns than were announced",
            ));
        }
        for row in 0..block.row_count {
            let mut sink = Sink {
                encoder: &mut self.encoder,
                outcome: Ok(()),
            };
            for (formatter, column) in self.formatters.iter_mut().zip(&block.columns) {
                formatter.cell(column, row, &mut sink);
            }
            sink.outcome?;
            self.encoder.end_record()?;
            self.unsent_rows += 1;
            if self.encoder.len() >= MESSAGE_BYTES && !self.send(events) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Sends what is in the encoder; false when the client has gone.
    fn send(&mut self, events: &EventSender) -> bool {
        let mut text = Bytes::from(self.encoder.take());
        while !text.is_empty() {
            let piece = text.split_to(text.len().min(MAX_MESSAGE_BYTES));
            let rows = if text.is_empty() {
                std::mem::take(&mut self.unsent_rows)
            } else {
                0
            };
            let bytes = piece.len();
            if events.blocking_send(Ok(Event::Data(piece))).is_err() {
                return false;
            }
            self.transfer.counters().add_exported(rows, bytes);
        }
        true
    }
}

/// Puts the cells of a row into the encoder, and keeps what is wrong with them.
struct Sink<'a> {
    encoder: &'a mut Encoder,
    outcome: Result<(), CannotRepresent>,
}

impl CellSink for Sink<'_> {
    fn null(&mut self) {
        self.encoder.null();
    }

    fn text(&mut self, bytes: &[u8]) {
        if let Err(fault) = self.encoder.text(bytes) {
            self.outcome = Err(fault);
        }
    }

    fn plain(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if let Err(fault) = self.encoder.plain(write) {
            self.outcome = Err(fault);
        }
    }
}
