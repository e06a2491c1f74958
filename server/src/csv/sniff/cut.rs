//! Cuts a sample into rows and fields by one dialect, forgiving every fault.
//!
//! `score` and `layout` call it. It must never give a file's values to anyone: the decoder, which is
//! strict, does that.

mod table;

pub(super) use table::{Field, Format, Keep, Mark, Row, Table};

/// A quoted field longer than this, or of more lines, must end well, or it is a stray quote.
const MAX_QUOTED_BYTES: usize = 4 << 10;
const MAX_QUOTED_LINES: u32 = 30;
/// After so many quotes that nothing closes, quotes are text.
const MAX_STRAY_QUOTES: u32 = 8;

/// Cuts `text`; `complete` says that nothing follows it. A cut record at its end is left out.
pub(super) fn cut<'a>(text: &'a [u8], complete: bool, format: &Format, keep: Keep) -> Table<'a> {
    let mut cutter = Cutter::new(text, complete, format, keep);
    while cutter.at < text.len() && cutter.table.rows.len() < keep.rows {
        cutter.record();
    }
    let mut table = cutter.table;
    table.whole = complete && cutter.at >= text.len();
    let is_cut = table.open_end || !text.ends_with(b"\n");
    if !complete && cutter.at >= text.len() && is_cut && table.rows.len() > 1 {
        table.rows.pop();
    }
    table
}

/// What ended a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Delimiter,
    Record,
}

struct Cutter<'a, 'f> {
    format: &'f Format,
    complete: bool,
    keep: Keep,
    at: usize,
    line: u64,
    /// The bytes that plain text stops at.
    stops: [bool; 256],
    quote: Option<u8>,
    stray_quotes: u32,
    width: usize,
    filled: usize,
    table: Table<'a>,
}

impl<'a, 'f> Cutter<'a, 'f> {
    fn new(text: &'a [u8], complete: bool, format: &'f Format, keep: Keep) -> Self {
        let mut stops = [false; 256];
        let marks = [Some(b'\n'), Some(b'\r'), format.escape];
        let first = format.delimiter.first().copied();
        for byte in marks.into_iter().chain([first]).flatten() {
            stops[usize::from(byte)] = true;
        }
        Self {
            format,
            complete,
            keep,
            at: 0,
            line: 1,
            stops,
            quote: format.quote,
            stray_quotes: 0,
            width: 0,
            filled: 0,
            table: Table {
                text,
                format: format.clone(),
                rows: Vec::new(),
                fields: Vec::new(),
                quoted: 0,
                broken: 0,
                spaced: 0,
                tight: 0,
                spaced_quotes: 0,
                tight_quotes: 0,
                ends: [0; 3],
                escaped: 0,
                whole: false,
                open_end: false,
            },
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.table.text.get(at).copied()
    }

    /// The length of the record end at `at`, 0 when there is none.
    fn record_end(&self, at: usize) -> usize {
        match self.byte(at) {
            Some(b'\n') => 1,
            Some(b'\r') if self.byte(at + 1) == Some(b'\n') => 2,
            Some(b'\r') if self.format.cr_ends => 1,
            _ => 0,
        }
    }

    fn delimiter_at(&self, at: usize) -> bool {
        let delimiter = &self.format.delimiter;
        match delimiter.as_slice() {
            [] => false,
            [byte] => self.byte(at) == Some(*byte),
            _ => self
                .table
                .text
                .get(at..)
                .is_some_and(|rest| rest.starts_with(delimiter)),
        }
    }

    fn is_space(&self, byte: u8) -> bool {
        byte == b' ' && self.format.delimiter.first() != Some(&b' ')
    }

    fn after_spaces(&self, mut at: usize) -> usize {
        while self.byte(at).is_some_and(|byte| self.is_space(byte)) {
            at += 1;
        }
        at
    }

    fn record(&mut self) {
        let (start, line) = (self.at, self.line);
        let first_field = self.table.fields.len();
        self.width = 0;
        self.filled = 0;
        if self.format.collapse {
            self.skip_run();
        }
        if self.record_end(self.at) == 0 {
            while self.field() == End::Delimiter {}
        }
        let end = self.at;
        self.take_record_end();
        if self.width > 1 || self.filled > 0 {
            self.table.rows.push(Row {
                start,
                end,
                line,
                last_line: self.line,
                width: self.width,
                filled: self.filled,
                first_field,
                kept_fields: self.table.fields.len() - first_field,
            });
        } else {
            self.table.fields.truncate(first_field);
        }
        self.line += 1;
    }

    fn take_record_end(&mut self) {
        let length = self.record_end(self.at);
        let kind = match (self.byte(self.at), length) {
            (_, 0) => return,
            (Some(b'\n'), _) => 0,
            (_, 2) => 1,
            _ => 2,
        };
        self.table.ends[kind] += 1;
        self.at += length;
    }

    fn skip_run(&mut self) {
        while self.delimiter_at(self.at) {
            self.at += self.format.delimiter.len();
        }
    }

    /// Cuts one field and the delimiter behind it.
    fn field(&mut self) -> End {
        if self.width > 0 {
            self.count_space();
        }
        if let Some(quote) = self.quote {
            let open = self.after_spaces(self.at);
            if self.byte(open) == Some(quote) && self.quoted(open, quote) {
                return self.after_field();
            }
        }
        let start = self.at;
        self.skip_plain();
        self.push(start, self.at, Mark::Plain);
        self.after_field()
    }

    fn count_space(&mut self) {
        let Some(byte) = self.byte(self.at) else {
            return;
        };
        let is_spaced = self.is_space(byte);
        let text = self.after_spaces(self.at);
        let is_empty = self.record_end(text) > 0 || self.delimiter_at(text);
        if is_empty || text == self.table.text.len() {
            return;
        }
        self.table.spaced += u32::from(is_spaced);
        self.table.tight += u32::from(!is_spaced);
        if self.quote.is_some() && self.byte(text) == self.quote {
            self.table.spaced_quotes += u32::from(is_spaced);
            self.table.tight_quotes += u32::from(!is_spaced);
        }
    }

    fn after_field(&mut self) -> End {
        if !self.delimiter_at(self.at) {
            return End::Record;
        }
        self.at += self.format.delimiter.len();
        if self.format.collapse {
            self.skip_run();
            if self.at >= self.table.text.len() || self.record_end(self.at) > 0 {
                return End::Record;
            }
        }
        if self.at >= self.table.text.len() {
            self.push(self.at, self.at, Mark::Plain);
            return End::Record;
        }
        End::Delimiter
    }

    /// Goes on to the next delimiter or record end.
    fn skip_plain(&mut self) {
        while let Some(byte) = self.byte(self.at) {
            if !self.stops[usize::from(byte)] {
                self.at += 1;
            } else if self.delimiter_at(self.at) || self.record_end(self.at) > 0 {
                return;
            } else if self.format.escape == Some(byte) {
                let is_before_end = self.record_end(self.at + 1) > 0;
                self.table.escaped += u32::from(!is_before_end);
                self.at += if is_before_end { 1 } else { 2 };
            } else {
                self.at += 1;
            }
        }
        self.at = self.at.min(self.table.text.len());
    }

    fn push(&mut self, start: usize, end: usize, mark: Mark) {
        self.width += 1;
        let text = self.table.text.get(start..end).unwrap_or_default();
        self.filled += usize::from(text.iter().any(|byte| !byte.is_ascii_whitespace()));
        if self.width <= self.keep.fields && self.table.rows.len() < self.keep.rows_with_fields {
            self.table.fields.push(Field { start, end, mark });
        }
    }

    /// Cuts the quoted field that opens at `open`. False, and nothing done, for a stray quote.
    fn quoted(&mut self, open: usize, quote: u8) -> bool {
        let (close, lines) = match self.closing_quote(open + 1, quote) {
            Close::At(close, lines) => (close, lines),
            Close::Cut(lines) => {
                self.table.open_end = true;
                (self.table.text.len(), lines)
            }
            Close::Stray => {
                self.table.broken += 1;
                self.stray_quotes += 1;
                if self.stray_quotes >= MAX_STRAY_QUOTES {
                    self.quote = None;
                }
                return false;
            }
        };
        self.line += u64::from(lines);
        self.at = self.after_spaces(close + 1).min(self.table.text.len());
        if self.is_field_end(self.at) {
            self.table.quoted += 1;
            self.push(open + 1, close, Mark::Quoted);
        } else {
            self.table.broken += 1;
            self.skip_plain();
            self.push(open, self.at, Mark::Broken);
        }
        true
    }

    fn is_field_end(&self, at: usize) -> bool {
        at >= self.table.text.len() || self.delimiter_at(at) || self.record_end(at) > 0
    }

    fn closing_quote(&mut self, mut at: usize, quote: u8) -> Close {
        let (start, mut lines, mut escaped) = (at, 0, 0);
        while let Some(byte) = self.byte(at) {
            if self.format.escape == Some(byte) && byte != quote {
                escaped += 1;
                at += 2;
                continue;
            }
            if byte == quote {
                if self.byte(at + 1) != Some(quote) {
                    let is_long = at - start > MAX_QUOTED_BYTES || lines > MAX_QUOTED_LINES;
                    if is_long && !self.is_field_end(self.after_spaces(at + 1)) {
                        return Close::Stray;
                    }
                    self.table.escaped += escaped;
                    return Close::At(at, lines);
                }
                at += 1;
            }
            let is_lone_cr = byte == b'\r' && self.byte(at + 1) != Some(b'\n');
            lines += u32::from(byte == b'\n' || (is_lone_cr && self.format.cr_ends));
            at += 1;
        }
        if self.complete {
            Close::Stray
        } else {
            Close::Cut(lines)
        }
    }
}

/// Where a quoted field ends.
enum Close {
    /// At this offset, so many lines further on.
    At(usize, u32),
    /// Beyond the sample.
    Cut(u32),
    /// Nowhere near.
    Stray,
}
