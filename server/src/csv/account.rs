//! What every byte of a text is: part of a header, of a record, or of a line that was left out.
//!
//! The decoders keep one, and give it each byte once. It must never keep more of a text than its first lines.

use super::BYTE_ORDER_MARK;
use super::lines::LineCounter;
use super::record::RecordSpan;

/// How many of the lines that were left out are kept.
const EXAMPLES: usize = 3;

/// How many bytes are kept of each.
const EXAMPLE_BYTES: usize = 256;

/// Lines, and the bytes in them with their line ends.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Line ends, and what follows the last one.
    pub lines: u64,
    /// The bytes.
    pub bytes: u64,
}

/// Lines that were left out, and the first of them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct LeftOut {
    bytes: u64,
    counter: LineCounter,
    examples: Vec<Vec<u8>>,
    /// Whether the last example goes on with the next byte.
    is_open: bool,
}

/// What the bytes of a text are; together they are all of them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Account {
    /// The records that name the columns, and a byte order mark.
    pub header: Tally,
    /// All other records.
    pub records: Tally,
    /// Lines without text.
    pub blank: Tally,
    /// Comments.
    pub comments: LeftOut,
    /// Lines before the table.
    pub before: LeftOut,
    /// Lines after it.
    pub after: LeftOut,
}

/// Whole lines with records in them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines<'a> {
    pub(super) text: &'a [u8],
    /// Whether the file begins with them, perhaps with a byte order mark.
    pub(super) begin_file: bool,
    pub(super) records: &'a [RecordSpan],
    /// The line ends in them.
    pub(super) ends: u32,
    /// Whether the records name the columns.
    pub(super) is_header: bool,
}

impl Tally {
    pub(super) const fn add(&mut self, lines: u64, bytes: usize) {
        self.lines += lines;
        self.bytes += bytes as u64;
    }
}

impl LeftOut {
    /// How many there are.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        Tally {
            lines: self.counter.lines(),
            bytes: self.bytes,
        }
    }

    /// The first lines, at most three, without their line ends; each may be cut after 256 bytes.
    #[must_use]
    pub fn examples(&self) -> &[Vec<u8>] {
        &self.examples
    }

    /// Takes the next bytes.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.counter.take_all(bytes);
        self.keep(bytes);
    }

    /// Keeps the first lines that have text.
    fn keep(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && (self.is_open || self.examples.len() < EXAMPLES) {
            let length = memchr::memchr2(b'\n', b'\r', bytes);
            let (line, rest) = bytes.split_at(length.unwrap_or(bytes.len()));
            if !self.is_open && !line.is_empty() {
                self.examples.push(Vec::new());
                self.is_open = true;
            }
            if let Some(example) = self.examples.last_mut().filter(|_| self.is_open) {
                let room = EXAMPLE_BYTES - example.len();
                example.extend_from_slice(line.get(..room).unwrap_or(line));
            }
            self.is_open &= length.is_none();
            bytes = rest.get(1..).unwrap_or_default();
        }
    }
}

impl Account {
    /// What all parts add up to: the whole text.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let parts = [
            self.header,
            self.records,
            self.blank,
            self.comments.tally(),
            self.before.tally(),
            self.after.tally(),
        ];
        parts.iter().map(|part| part.bytes).sum()
    }

    /// Takes lines in which records stand, with what stands between them.
    pub(super) fn take(&mut self, lines: Lines<'_>) {
        let Lines {
            text,
            begin_file,
            records,
            ends,
            is_header,
        } = lines;
        let mark_bytes = if begin_file && text.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len()
        } else {
            0
        };
        let is_ended = matches!(text.last(), Some(b'\n' | b'\r'));
        let line_count = u64::from(ends) + u64::from(!is_ended && text.len() > mark_bytes);
        let mut left_out = Tally::default();
        // As many lines as records: there is nothing between them.
        if line_count != records.len() as u64 || mark_bytes > 0 {
            let mut from = mark_bytes;
            for record in records {
                left_out = self.pass(text, from..record.start as usize, left_out);
                from = behind_line_end(text, record.end as usize);
            }
            left_out = self.pass(text, from..text.len(), left_out);
        }
        self.header.add(0, mark_bytes);
        let own = if is_header {
            &mut self.header
        } else {
            &mut self.records
        };
        own.lines += line_count.saturating_sub(left_out.lines);
        own.bytes += (text.len() - mark_bytes) as u64 - left_out.bytes;
    }

    /// Takes what stands between two records: blank lines and comments.
    fn pass(&mut self, text: &[u8], range: std::ops::Range<usize>, so_far: Tally) -> Tally {
        let mut gap = text.get(range).unwrap_or_default();
        let mut passed = so_far;
        while !gap.is_empty() {
            let length = memchr::memchr2(b'\n', b'\r', gap).unwrap_or(gap.len());
            let (line, rest) = gap.split_at(behind_line_end(gap, length));
            if line.trim_ascii().is_empty() {
                self.blank.add(1, line.len());
            } else {
                self.comments.take(line);
            }
            passed.add(1, line.len());
            gap = rest;
        }
        passed
    }
}

/// Where the next line begins, if this one ends at `end`.
pub(super) fn behind_line_end(text: &[u8], end: usize) -> usize {
    match text.get(end..) {
        Some([b'\r', b'\n', ..]) => end + 2,
        Some([b'\r' | b'\n', ..]) => end + 1,
        _ => end,
    }
}
