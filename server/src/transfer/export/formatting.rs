//! Turns Native blocks into the text of the file, in pieces that fit into messages.
//!
//! Runs on a thread that may block.

use bytes::Bytes;
use tokio::sync::mpsc;

use super::{pipe::Pipe, selection::wire_type, sheet::RowEncoder};
use crate::{
    catalog::Column,
    column::{
        DataType,
        format::{CellSink, Formatter, Joint, Rows},
        reader::{Block, Limits, Reader},
        zone::Zones,
    },
    transfer::{Error, Result},
};

/// The bytes of text from which on a message is sent.
const MESSAGE_BYTES: usize = 512 << 10;

/// Rows that are formatted at a time: their texts stay in the cache of the processor.
const MAX_ROWS_AT_ONCE: usize = 128;

/// Cells that are formatted at a time, unless a row has more of them: bounds the memory for their
/// texts.
const CELLS_AT_ONCE: usize = 1024;

/// Turns blocks into text, some rows at a time.
#[derive(Debug)]
pub(super) struct Formatting {
    reader: Reader,
    formatter: Formatter,
    types: Vec<DataType>,
    /// Rows in the encoder that were not sent yet.
    unsent_rows: usize,
}

impl Formatting {
    pub(super) fn new(
        columns: &[Column],
        zones: &Zones,
        joint: Option<Joint>,
        max_block_bytes: usize,
    ) -> Result<Self> {
        let types: Vec<_> = columns.iter().map(wire_type).collect::<Result<_>>()?;
        let formatter = Formatter::new(&types, zones, joint)?;
        let reader = Reader::new(Limits { max_block_bytes });
        Ok(Self {
            reader,
            formatter,
            types,
            unsent_rows: 0,
        })
    }

    /// Formats the whole result; ends early and without an error when the client has gone.
    pub(super) fn run<E: RowEncoder>(
        mut self,
        mut encoder: E,
        mut chunks: mpsc::Receiver<Bytes>,
        mut pipe: Pipe,
    ) -> Result<()> {
        while let Some(chunk) = chunks.blocking_recv() {
            self.reader.push(chunk);
            while let Some(block) = self.reader.next_block()? {
                if !self.format(&block, &mut encoder, &mut pipe)? {
                    return Ok(());
                }
                self.reader.recycle(block);
            }
        }
        self.reader.finish()?;
        pipe.finish(encoder.take(), self.unsent_rows)
    }

    /// Formats one block; false when the client has gone.
    fn format<E: RowEncoder>(
        &mut self,
        block: &Block,
        encoder: &mut E,
        pipe: &mut Pipe,
    ) -> Result<bool> {
        let same_count = block.columns.len() == self.types.len();
        let mut pairs = block.columns.iter().zip(&self.types);
        if !same_count || !pairs.all(|(column, data_type)| column.carries(data_type)) {
            return Err(Error::Internal(
                "the result has other columns than were announced",
            ));
        }
        let rows_at_once = (CELLS_AT_ONCE / block.columns.len().max(1)).clamp(1, MAX_ROWS_AT_ONCE);
        for start in (0..block.row_count).step_by(rows_at_once) {
            let rows = start..block.row_count.min(start + rows_at_once);
            let row_count = rows.len();
            let rows = self.formatter.format(&block.columns, rows);
            for index in 0..row_count {
                write_row(&rows, index, encoder)?;
                self.unsent_rows += 1;
                if encoder.len() >= MESSAGE_BYTES {
                    let rows = std::mem::take(&mut self.unsent_rows);
                    if !pipe.send(encoder.take(), rows)? {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }
}

/// Puts a row into the encoder.
#[inline]
fn write_row<E: RowEncoder>(rows: &Rows<'_>, index: usize, encoder: &mut E) -> Result<()> {
    let mut sink = Sink {
        encoder,
        outcome: Ok(()),
    };
    rows.give(index, &mut sink);
    sink.outcome.map_err(Into::into)?;
    encoder.end_record().map_err(Into::into)
}

/// Puts the cells of a row into the encoder, and keeps what is wrong with them.
struct Sink<'a, E: RowEncoder> {
    encoder: &'a mut E,
    outcome: Result<(), E::Error>,
}

impl<E: RowEncoder> Sink<'_, E> {
    #[inline]
    fn keep(&mut self, outcome: Result<(), E::Error>) {
        if outcome.is_err() {
            self.outcome = outcome;
        }
    }
}

impl<E: RowEncoder> CellSink for Sink<'_, E> {
    fn null(&mut self) {
        let outcome = self.encoder.null();
        self.keep(outcome);
    }

    fn text(&mut self, bytes: &[u8]) {
        let outcome = self.encoder.text(bytes);
        self.keep(outcome);
    }

    fn plain(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let outcome = self.encoder.plain(write);
        self.keep(outcome);
    }

    fn joined(&mut self, count: usize, write: impl FnOnce(&mut Vec<u8>)) {
        self.encoder.joined(count, write);
    }
}
