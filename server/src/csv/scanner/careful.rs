//! Cuts a block byte by marked byte, whatever it holds.
//!
//! Used by the scanner where quotes, escapes and line ends do not stand in the usual places, and at
//! the end of the file. A quote is special only as the first byte of a field; a field with text after its
//! closing quote goes on, and is told apart.
//! It must never fail on odd input: the only fault is a quote that nothing closes.

use super::super::block::Masks;
use super::super::escape::{unescape, unquote};
use super::super::record::FieldSpan;
use super::{Fault, Scanner, State, Stop, Until, narrow};

impl Scanner {
    /// Cuts the first `length` bytes of the block.
    #[inline(never)]
    pub(super) fn cut_careful(
        &mut self,
        data: &[u8],
        masks: &Masks,
        length: u32,
        until: Until,
    ) -> Option<Stop> {
        let base = self.position;
        let line_ends = masks.line_feed | masks.carriage_return;
        let after_return =
            masks.line_feed & (masks.carriage_return << 1 | u64::from(self.after_return));
        let mut marked = masks.delimiter | masks.special | line_ends;
        while marked != 0 {
            let bit = marked.trailing_zeros();
            marked &= marked - 1;
            let at = base + bit;
            let after_return = after_return >> bit & 1 == 1;
            let is_line_end = line_ends >> bit & 1 == 1;
            self.records
                .count_lines(u32::from(is_line_end && !after_return));
            if masks.special >> bit & 1 == 1 {
                self.meet_special(at);
            } else if !self.is_text(at) {
                let stop = self.end_at(data, at, is_line_end, after_return, until);
                if stop.is_some() {
                    return stop;
                }
            }
        }
        self.settle(base + length);
        None
    }

    /// Ends the last record of the file, if there is one.
    pub(super) fn end_file(&mut self, data: &[u8], until: Until) -> Stop {
        if self.state == State::Inside {
            return Stop::Fault(Fault::Unterminated);
        }
        let end = self.position;
        if self.records.bytes_before(end) == 0 {
            return Stop::Over;
        }
        self.make_room();
        self.end_field(data, end);
        match self.records.end_record(end, self.field_count, until) {
            Some(Stop::Fault(fault)) => Stop::Fault(fault),
            _ => Stop::Over,
        }
    }

    /// Whether the byte at `at` is escaped.
    #[inline]
    pub(super) const fn is_escaped(&self, at: u32) -> bool {
        self.dialect.escape().is_some() && at < self.protected_until
    }

    /// Takes in a quote or an escape.
    fn meet_special(&mut self, at: u32) {
        if self.dialect.escape().is_some() {
            if at >= self.protected_until {
                self.protected_until = at + 2;
                self.differs = true;
            }
            return;
        }
        self.settle(at);
        match self.state {
            State::Outside if at == self.field_start => self.state = State::Inside,
            State::Outside => {}
            State::Inside => {
                self.state = State::Closed;
                self.protected_until = at + 1;
            }
            State::Closed => {
                self.state = State::Inside;
                self.differs = true;
            }
        }
    }

    /// Whether a delimiter or line end at `at` is part of the text.
    fn is_text(&mut self, at: u32) -> bool {
        self.settle(at);
        self.state == State::Inside || self.is_escaped(at)
    }

    /// Sees that what follows a closing quote is neither an end nor another quote, but text.
    fn settle(&mut self, at: u32) {
        if self.state == State::Closed && at != self.protected_until {
            self.state = State::Outside;
            self.differs = true;
        }
    }

    /// Ends a field, and with a line end the record, or passes over what is no record.
    fn end_at(
        &mut self,
        data: &[u8],
        at: u32,
        is_line_end: bool,
        after_return: bool,
        until: Until,
    ) -> Option<Stop> {
        if !is_line_end {
            self.end_field(data, at);
            return None;
        }
        if after_return && at == self.records.start() {
            // The LF of CR LF: the record ended with the CR.
            self.field_start = at + 1;
            self.records.start_at(at + 1);
            return None;
        }
        if self.records.is_blank(at) {
            self.field_start = at + 1;
            return self.records.end_blank(at, until);
        }
        self.end_field(data, at);
        self.records.end_record(at, self.field_count, until)
    }

    /// Stores the field at hand and starts the next one.
    fn end_field(&mut self, data: &[u8], end: u32) {
        let raw = data
            .get(self.field_start as usize..end as usize)
            .unwrap_or_default();
        let quoted = self
            .dialect
            .quote()
            .is_some_and(|quote| raw.first() == Some(&quote));
        let quote_bytes = u32::from(quoted);
        let length = (end - self.field_start).saturating_sub(2 * quote_bytes);
        let span = FieldSpan::new(self.field_start + quote_bytes, length, quoted);
        if let Some(slot) = self.fields.get_mut(self.field_count) {
            *slot = span;
        }
        if self.differs {
            self.replace_field(self.field_count, raw);
        }
        self.field_count += 1;
        self.field_start = end + 1;
        self.state = State::Outside;
        self.differs = false;
    }

    /// Replaces a field by the text that its bytes stand for.
    pub(super) fn replace_field(&mut self, index: usize, raw: &[u8]) {
        if raw == super::super::NULL_MARKER {
            return;
        }
        let start = self.texts.len();
        match (self.dialect.escape(), self.dialect.quote()) {
            (Some(escape), _) => {
                unescape(raw, escape, self.dialect.delimiter_byte(), &mut self.texts);
            }
            (None, Some(quote)) => {
                if !unquote(raw, quote, &mut self.texts) {
                    self.misquoted.push(narrow(index));
                }
            }
            (None, None) => self.texts.extend_from_slice(raw),
        }
        if let Some(slot) = self.fields.get_mut(index) {
            *slot = FieldSpan::new(narrow(start), narrow(self.texts.len() - start), true);
            self.text_fields.push(index);
        }
    }
}
