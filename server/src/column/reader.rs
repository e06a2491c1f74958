//! Reads ClickHouse's Native format, pushed in chunks of any size, into blocks of columns.
//!
//! Called by `transfer::export` with the bytes of a streaming `SELECT .. FORMAT Native`. Must never
//! panic, reserve more memory than a small multiple of what has arrived, or hand out part of a
//! block, whatever the bytes are.
//!
//! # How this works
//!
//! A block over HTTP (client revision 0) is `varint columns, varint rows`, then for each column
//! `name, type, data`, where name and type are a varint length and bytes. The data of a nullable
//! column is one null byte for each row, then all values. Values have a fixed width, except
//! strings, which are a varint length and bytes each.
//!
//! [`Reader`] is a state machine over these parts: every state knows how much of its part is still
//! missing, so a chunk boundary can fall anywhere and no byte is looked at twice. Values are copied
//! in bulk, as they are, into the buffer of their column; of strings only the place of each is
//! noted. What the bytes mean is the matter of [`super::format`].

mod block;
mod error;
mod schema;
mod state;
mod strings;
mod varint;

pub use block::{Block, BlockColumn};
pub use error::{Error, Result};

use std::{collections::VecDeque, mem};

use bytes::{Buf, Bytes};

use schema::Schema;
use state::{Part, State, Step, fill};
use strings::StringScan;
use varint::Varint;

/// Most bytes of a block, whatever the configuration says: places of strings are kept in 32 bits.
const HIGHEST_MAX_BLOCK_BYTES: usize = 2 << 30;

/// Memory for each byte of a type, which for an Enum becomes a list of its members.
const TYPE_BYTE_COST: usize = 8;

/// Bounds on what a stream may make the reader hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of memory one block may need: its bytes in the stream, 4 for each string and
    /// about 100 for each column. More than 2 GiB counts as 2 GiB. Default: 64 MiB.
    pub max_block_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_block_bytes: 64 << 20,
        }
    }
}

/// Turns chunks of a Native stream into [`Block`]s.
///
/// Push a chunk, take blocks until there is none, push the next; [`finish`](Self::finish) says at
/// the end whether it came between two blocks. After an error the reader must be dropped.
#[derive(Debug)]
pub struct Reader {
    max_block_bytes: usize,
    chunks: VecDeque<Bytes>,
    state: State,
    schema: Schema,
    column_count: usize,
    row_count: usize,
    /// Columns of the block being read, the last one perhaps in part.
    columns: Vec<BlockColumn>,
    /// Buffers of an earlier block, the first column's last.
    spare: Vec<BlockColumn>,
    /// The name, then the type, of the column being read.
    name: Vec<u8>,
    type_text: Vec<u8>,
    /// Bytes of the block being read that have been consumed.
    block_bytes: u64,
    /// Memory that the block being read is known to need.
    claimed_bytes: usize,
    finished_row_count: u64,
}

impl Reader {
    /// Makes a reader at the start of a stream.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            max_block_bytes: limits.max_block_bytes.min(HIGHEST_MAX_BLOCK_BYTES),
            chunks: VecDeque::new(),
            state: State::Number(Part::ColumnCount, Varint::default()),
            schema: Schema::default(),
            column_count: 0,
            row_count: 0,
            columns: Vec::new(),
            spare: Vec::new(),
            name: Vec::new(),
            type_text: Vec::new(),
            block_bytes: 0,
            claimed_bytes: 0,
            finished_row_count: 0,
        }
    }

    /// Adds the next bytes of the stream, any number of them.
    ///
    /// They are held until [`next_block`](Self::next_block) consumes them, so take all blocks
    /// before the next push to keep memory bounded.
    pub fn push(&mut self, chunk: Bytes) {
        if !chunk.is_empty() {
            self.chunks.push_back(chunk);
        }
    }

    /// Returns the next whole block, or `None` when it needs more bytes than have been pushed.
    ///
    /// The first block of a result may have no rows; it still tells the columns. Blocks without
    /// columns are skipped.
    ///
    /// # Errors
    ///
    /// Every [`Error`] but `Truncated`.
    pub fn next_block(&mut self) -> Result<Option<Block>> {
        while let Some(mut chunk) = self.chunks.pop_front() {
            let mut rest: &[u8] = &chunk;
            let block = self.read_block(&mut rest)?;
            let consumed = chunk.len() - rest.len();
            if block.is_some() {
                if consumed < chunk.len() {
                    chunk.advance(consumed);
                    self.chunks.push_front(chunk);
                }
                return Ok(block);
            }
        }
        Ok(None)
    }

    /// Takes back a block that is no longer needed, to use its memory for the next one.
    ///
    /// Without it every block takes fresh memory and grows it as its bytes arrive.
    pub fn recycle(&mut self, block: Block) {
        self.spare = block.columns;
        self.spare.reverse();
    }

    /// Says whether the stream may end here.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`] inside a block.
    pub fn finish(&self) -> Result<()> {
        let waiting: usize = self.chunks.iter().map(Bytes::len).sum();
        let byte_count = self.block_bytes + waiting as u64;
        if byte_count == 0 {
            return Ok(());
        }
        Err(Error::Truncated {
            byte_count,
            row_count: self.finished_row_count,
        })
    }

    /// Steps through one chunk up to the end of a block with columns, or of the chunk.
    fn read_block(&mut self, rest: &mut &[u8]) -> Result<Option<Block>> {
        loop {
            let before = rest.len();
            let step = self.step(rest)?;
            self.block_bytes += (before - rest.len()) as u64;
            match step {
                Step::Next(state) => self.state = state,
                Step::Starved => return Ok(None),
                Step::Block => {
                    let block = self.end_block();
                    if !block.columns.is_empty() {
                        return Ok(Some(block));
                    }
                }
            }
        }
    }

    fn step(&mut self, rest: &mut &[u8]) -> Result<Step> {
        match &mut self.state {
            State::Number(part, varint) => {
                let part = *part;
                match varint.feed(rest) {
                    Ok(None) => Ok(Step::Starved),
                    Ok(Some(number)) => self.take_number(part, number),
                    Err(problem) => Err(self.malformed(problem)),
                }
            }
            State::Name { missing } => match fill(missing, rest, &mut self.name) {
                true => Ok(Step::number(Part::TypeLength)),
                false => Ok(Step::Starved),
            },
            State::Type { missing } => match fill(missing, rest, &mut self.type_text) {
                true => self.begin_column(),
                false => Ok(Step::Starved),
            },
            State::Nulls { .. } | State::Fixed { .. } | State::Strings(_) => self.step_data(rest),
        }
    }

    fn take_number(&mut self, part: Part, number: u64) -> Result<Step> {
        match part {
            Part::ColumnCount => self.begin_block(number),
            Part::RowCount => self.begin_columns(number),
            Part::NameLength => {
                let missing = self.claim(number, 1)?;
                self.name.clear();
                Ok(Step::Next(State::Name { missing }))
            }
            Part::TypeLength => {
                let missing = self.claim(number, TYPE_BYTE_COST)? / TYPE_BYTE_COST;
                self.type_text.clear();
                Ok(Step::Next(State::Type { missing }))
            }
        }
    }

    /// Does a step inside the data of the last column.
    fn step_data(&mut self, rest: &mut &[u8]) -> Result<Step> {
        let Some(column) = self.columns.last_mut() else {
            return Err(self.malformed("data comes before its column"));
        };
        match &mut self.state {
            State::Nulls { missing } => match fill(missing, rest, &mut column.nulls) {
                true => self.begin_values(),
                false => Ok(Step::Starved),
            },
            State::Fixed { missing } => match fill(missing, rest, &mut column.values) {
                true => Ok(self.end_column()),
                false => Ok(Step::Starved),
            },
            State::Strings(scan) => {
                let before = rest.len();
                let scanned = scan.scan(rest, column, self.row_count);
                let missing = scan.missing();
                let complete = scanned.map_err(|problem| self.malformed(problem))?;
                self.claim((before - rest.len()) as u64, 1)?;
                // A string that has begun must fit, but is claimed as it arrives.
                if missing > self.max_block_bytes - self.claimed_bytes {
                    return Err(self.too_large());
                }
                Ok(if complete {
                    self.end_column()
                } else {
                    Step::Starved
                })
            }
            _ => Ok(Step::Starved),
        }
    }

    fn begin_block(&mut self, column_count: u64) -> Result<Step> {
        self.claim(column_count, size_of::<BlockColumn>())?;
        self.column_count = usize::try_from(column_count).unwrap_or(usize::MAX);
        if column_count != 0 {
            self.schema.check_count(column_count)?;
        }
        Ok(Step::number(Part::RowCount))
    }

    fn begin_columns(&mut self, row_count: u64) -> Result<Step> {
        if self.column_count == 0 {
            if row_count != 0 {
                return Err(self.malformed("a block has rows, but no columns"));
            }
            return Ok(Step::Block);
        }
        // Every value takes a byte at least, and is claimed in full with its column.
        match usize::try_from(row_count) {
            Ok(row_count) if row_count <= self.max_block_bytes => self.row_count = row_count,
            _ => return Err(self.too_large()),
        }
        Ok(Step::number(Part::NameLength))
    }

    /// Takes the column whose name and type are complete.
    fn begin_column(&mut self) -> Result<Step> {
        let index = self.columns.len();
        let (name, data_type) = self.schema.column(index, &self.name, &self.type_text)?;
        let nullable = data_type.is_nullable();
        let spare = self.spare.pop();
        self.columns
            .push(BlockColumn::reusing(spare, name, data_type));
        if self.row_count == 0 {
            return Ok(self.end_column());
        }
        if nullable {
            let missing = self.claim(self.row_count as u64, 1)?;
            return Ok(Step::Next(State::Nulls { missing }));
        }
        self.begin_values()
    }

    /// Begins the values of the last column.
    fn begin_values(&mut self) -> Result<Step> {
        let width = self
            .columns
            .last()
            .and_then(|column| column.data_type.fixed_width());
        let row_count = self.row_count as u64;
        if let Some(width) = width {
            let missing = self.claim(row_count, width)?;
            return Ok(Step::Next(State::Fixed { missing }));
        }
        self.claim(row_count, size_of::<u32>())?;
        Ok(Step::Next(State::Strings(StringScan::default())))
    }

    fn end_column(&self) -> Step {
        if self.columns.len() < self.column_count {
            return Step::number(Part::NameLength);
        }
        Step::Block
    }

    fn end_block(&mut self) -> Block {
        self.state = State::Number(Part::ColumnCount, Varint::default());
        if !self.columns.is_empty() {
            self.schema.complete();
        }
        self.finished_row_count += self.row_count as u64;
        self.block_bytes = 0;
        self.claimed_bytes = 0;
        Block {
            row_count: mem::take(&mut self.row_count),
            columns: mem::take(&mut self.columns),
        }
    }

    /// Counts `count * size` bytes against the limit and returns them.
    fn claim(&mut self, count: u64, size: usize) -> Result<usize> {
        let claimed = usize::try_from(count)
            .ok()
            .and_then(|count| count.checked_mul(size))
            .filter(|bytes| *bytes <= self.max_block_bytes - self.claimed_bytes);
        let Some(bytes) = claimed else {
            return Err(self.too_large());
        };
        self.claimed_bytes += bytes;
        Ok(bytes)
    }

    fn too_large(&self) -> Error {
        Error::BlockTooLarge {
            limit: self.max_block_bytes,
        }
    }

    fn malformed(&self, problem: &'static str) -> Error {
        Error::Malformed {
            byte_count: self.block_bytes,
            problem,
        }
    }
}

#[cfg(test)]
mod tests;
