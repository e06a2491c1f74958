//! Cuts blocks in which every mark stands in a usual place: nearly all blocks, made fast.
//!
//! Used by the scanner. It must never cut a block that holds anything else: that is `careful`'s.
//!
//! A block is regular when quotes open only at the start of a field, close only at its end and are
//! doubled in between, and when no escape stands before a marked byte. Then one mask says where
//! fields end, whatever the marks in between, and all fields of a block are stored without asking
//! what ends them; records, which are fewer, come second, and texts that differ from their bytes
//! last.

use super::super::block::{BLOCK_BYTES, Masks, parity};
use super::super::record::FieldSpan;
use super::{Scanner, State, Stop, Until, narrow};

/// What a regular block is cut by. Bit `i` is byte `i`.
struct Cuts {
    /// The delimiters and line ends that end a field.
    ends: u64,
    /// The line ends among them.
    record_ends: u64,
    /// The LFs of CR LF between records.
    skipped: u64,
    /// The bytes right after a closing quote.
    after_quote: u64,
    /// All line ends, also inside quotes, with CR LF counted once.
    lines: u64,
    /// Bytes that make a text differ from its bytes: the second of doubled quotes, and escapes.
    differing: u64,
    state: State,
    /// Whether the last byte is an escape.
    escape_last: bool,
    /// Whether the last byte is a CR.
    return_last: bool,
}

impl Scanner {
    /// Cuts blocks until one is not regular or there is a reason to stop.
    pub(super) fn cut_regular(&mut self, data: &[u8], until: Until) -> Option<Stop> {
        loop {
            let rest = data.get(self.position as usize..).unwrap_or_default();
            let block = rest.first_chunk::<BLOCK_BYTES>()?;
            let masks = self.finder.masks(block);
            self.make_room();
            let stop = if self.is_plain(&masks) {
                let cuts = self.plain_cuts(&masks)?;
                self.cut_whole(data, &cuts, until)
            } else {
                let cuts = self.cuts(&masks)?;
                self.cut_whole(data, &cuts, until)
            };
            if stop.is_some() {
                return stop;
            }
        }
    }

    /// Whether nothing but delimiters and LFs is marked in the block at the position, nor right before it.
    #[inline]
    fn is_plain(&self, masks: &Masks) -> bool {
        masks.special | masks.carriage_return == 0
            && self.state == State::Outside
            && !self.after_return
            && !self.is_escaped(self.position)
    }

    /// Says how to cut the block at the position, which is plain, if it is regular.
    #[inline]
    fn plain_cuts(&self, masks: &Masks) -> Option<Cuts> {
        let at_record = self.records.start() == self.position;
        let after_record = masks.line_feed << 1 | u64::from(at_record);
        (masks.line_feed & after_record == 0).then_some(Cuts {
            ends: masks.delimiter | masks.line_feed,
            record_ends: masks.line_feed,
            skipped: 0,
            after_quote: 0,
            lines: masks.line_feed,
            differing: 0,
            state: State::Outside,
            escape_last: false,
            return_last: false,
        })
    }

    /// Says how to cut the block at the position, if it is regular.
    #[inline]
    fn cuts(&self, masks: &Masks) -> Option<Cuts> {
        let line_ends = masks.line_feed | masks.carriage_return;
        let marks = masks.delimiter | line_ends;
        let after_return = masks.carriage_return << 1 | u64::from(self.after_return);
        let line_feeds_after = masks.line_feed & after_return;
        // An escaped CR before the block has ended no record.
        let at_record = self.records.start() == self.position;
        let mut cuts = Cuts {
            ends: marks,
            record_ends: line_ends,
            skipped: line_feeds_after & !u64::from(!at_record),
            after_quote: 0,
            lines: line_ends & !line_feeds_after,
            differing: 0,
            state: State::Outside,
            escape_last: false,
            return_last: masks.carriage_return >> 63 == 1,
        };
        if self.dialect.escape().is_some() {
            let escaped = masks.special << 1 | u64::from(self.is_escaped(self.position));
            cuts.differing = masks.special;
            cuts.escape_last = masks.special >> 63 == 1;
            if escaped & (marks | masks.special) != 0 {
                return None;
            }
        } else {
            let before_inside = if self.state == State::Inside {
                u64::MAX
            } else {
                0
            };
            let inside = parity(masks.special) ^ before_inside;
            let opening = masks.special & inside;
            let closing = masks.special & !inside;
            let after_quote = closing << 1 | u64::from(self.state == State::Closed);
            let at_start = self.state == State::Outside && self.field_start == self.position;
            let starts = (marks & !inside) << 1 | u64::from(at_start);
            cuts.ends = marks & !inside;
            cuts.record_ends = line_ends & !inside;
            cuts.skipped &= !inside;
            cuts.after_quote = after_quote;
            cuts.differing = opening & after_quote;
            cuts.state = match (inside >> 63, closing >> 63) {
                (0, 0) => State::Outside,
                (0, _) => State::Closed,
                _ => State::Inside,
            };
            if opening & !(starts | after_quote) | after_quote & !(cuts.ends | opening) != 0 {
                return None;
            }
        }
        cuts.ends &= !cuts.skipped;
        cuts.record_ends &= !cuts.skipped;
        // A line end right after another one ends a blank line.
        let after_record = line_ends << 1 | u64::from(at_record);
        (cuts.record_ends & after_record == 0).then_some(cuts)
    }

    /// Cuts the block at the position and passes on to the next one, unless there is a reason to stop.
    #[expect(
        clippy::inline_always,
        reason = "of a plain block most of it is known and falls away"
    )]
    #[inline(always)]
    fn cut_whole(&mut self, data: &[u8], cuts: &Cuts, until: Until) -> Option<Stop> {
        let stop = self.cut_by(data, cuts, until);
        if stop.is_some() {
            return stop;
        }
        self.after_return = cuts.return_last;
        self.position += narrow(BLOCK_BYTES);
        self.state = cuts.state;
        if cuts.state == State::Closed || cuts.escape_last {
            self.protected_until = self.position + u32::from(cuts.escape_last);
        }
        self.beyond(until)
    }

    /// Stores the fields and records of the block at the position.
    #[expect(clippy::inline_always, reason = "see `cut_whole`")]
    #[inline(always)]
    fn cut_by(&mut self, data: &[u8], cuts: &Cuts, until: Until) -> Option<Stop> {
        let base = self.position;
        let first = self.field_count;
        // The LF that belongs to the CR before the block.
        if cuts.skipped & 1 == 1 {
            self.field_start = base + 1;
            self.records.start_at(base + 1);
        }
        self.field_count += self.store_fields(cuts);
        let mut kept = cuts.ends;
        let stop = self.store_records(cuts, first, until);
        if let Some(Stop::Full(end)) = stop {
            kept &= below(end - base);
            self.field_count = first + kept.count_ones() as usize;
        }
        if cuts.differing != 0 || self.differs {
            self.mend(data, cuts, first, kept);
        }
        if kept != 0 {
            let last = 63 - kept.leading_zeros();
            self.field_start = base + last + 1 + bit(cuts.skipped >> 1, last);
        }
        stop
    }

    /// Stores every field that ends in the block and counts them.
    #[expect(clippy::inline_always, reason = "see `cut_whole`")]
    #[inline(always)]
    fn store_fields(&mut self, cuts: &Cuts) -> usize {
        let base = self.position;
        let room = self.fields.get_mut(self.field_count..);
        let Some(room) = room.and_then(<[FieldSpan]>::first_chunk_mut::<BLOCK_BYTES>) else {
            return 0;
        };
        let after_skipped = cuts.skipped >> 1;
        let mut start = self.field_start;
        let mut ends = cuts.ends;
        let mut count = 0;
        for slot in room {
            if ends == 0 {
                break;
            }
            count += 1;
            let at = ends.trailing_zeros();
            ends &= ends - 1;
            let end = base + at;
            let quoted = bit(cuts.after_quote, at);
            let length = end - start - 2 * quoted;
            *slot = FieldSpan::new(start + quoted, length, quoted == 1);
            start = end + 1 + bit(after_skipped, at);
        }
        count
    }

    /// Stores every record that ends in the block.
    #[expect(clippy::inline_always, reason = "see `cut_whole`")]
    #[inline(always)]
    fn store_records(&mut self, cuts: &Cuts, first: usize, until: Until) -> Option<Stop> {
        let base = self.position;
        let mut ends = cuts.record_ends;
        // Usually every line end ends a record, and there is nothing to count.
        let has_inner_lines = cuts.lines != cuts.record_ends;
        let mut lines_before = 0;
        while ends != 0 {
            let at = ends.trailing_zeros();
            ends &= ends - 1;
            let upto = below(at + 1);
            let lines = if has_inner_lines {
                (cuts.lines & upto).count_ones()
            } else {
                lines_before + 1
            };
            self.records.count_lines(lines - lines_before);
            lines_before = lines;
            let field_count = first + (cuts.ends & upto).count_ones() as usize;
            let stop = self.records.end_record(base + at, field_count, until);
            if stop.is_some() {
                return stop;
            }
            if bit(cuts.skipped >> 1, at) == 1 {
                self.records.start_at(base + at + 2);
            }
        }
        if has_inner_lines {
            self.records
                .count_lines(cuts.lines.count_ones() - lines_before);
        }
        None
    }

    /// Replaces the fields whose texts differ from their bytes.
    #[inline(never)]
    fn mend(&mut self, data: &[u8], cuts: &Cuts, first: usize, kept: u64) {
        let base = self.position;
        let mut differing = cuts.differing;
        let mut differs = self.differs;
        let mut ends = kept;
        let mut start = self.field_start;
        let mut index = first;
        while ends != 0 {
            let at = ends.trailing_zeros();
            ends &= ends - 1;
            if differs || differing & below(at) != 0 {
                let raw = data
                    .get(start as usize..(base + at) as usize)
                    .unwrap_or_default();
                self.replace_field(index, raw);
            }
            differs = false;
            differing &= !below(at);
            start = base + at + 1 + bit(cuts.skipped >> 1, at);
            index += 1;
        }
        self.differs = differs || differing != 0;
    }
}

/// The bit at `at`, as a number.
#[inline]
const fn bit(mask: u64, at: u32) -> u32 {
    (mask >> at & 1) as u32
}

/// The bits before `at`, which may be 64.
#[inline]
const fn below(at: u32) -> u64 {
    match 1_u64.checked_shl(at) {
        Some(bit) => bit - 1,
        None => u64::MAX,
    }
}
