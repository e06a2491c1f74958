//! Cuts dialects in which a byte has no meaning by itself: a state machine from mark to mark.
//!
//! Used by the scanner for delimiters of several bytes, escapes within CSV, comments and skipped
//! spaces. It must keep the rules of the other two paths for everything that they have too.
//!
//! # How this works
//!
//! A table says which bytes can end a run of text, outside of quotes and inside; all others are
//! passed over. What a mark means depends on the bytes after it, so near the end of what is there
//! it is left for later unless the file is over. The position never goes back.

use memchr::memchr2;

use super::super::escape::{unescape, unprotect};
use super::super::record::FieldSpan;
use super::super::{Dialect, NULL_MARKER};
use super::{Fault, Scanner, Stop, Until, narrow};

/// A byte that ends a run of text outside of quotes.
const OUTSIDE: u8 = 1;
/// A byte that ends a run of text inside quotes.
const INSIDE: u8 = 2;

/// What the bytes before the position have opened.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Before the first byte of a record.
    #[default]
    Record,
    /// After a delimiter, where spaces may be dropped.
    Spaces,
    /// Before the first byte of a field.
    Field,
    /// In text outside of quotes.
    Text,
    /// After an opening quote.
    Inside,
    /// Right after a quote that closes the field, unless another one follows.
    Closed,
    /// In a comment.
    Comment,
}

/// Whether the bytes at the position are those that are looked for.
enum Match {
    Yes,
    No,
    /// It takes more bytes to tell.
    Unknown,
}

/// What the marks of a dialect are.
#[derive(Debug)]
pub(super) struct Loose {
    dialect: Dialect,
    marks: [u8; 256],
    place: Place,
}

impl Loose {
    /// The marks of a dialect that masks cannot cut; none for the others.
    pub(super) fn for_dialect(dialect: Dialect) -> Option<Box<Self>> {
        if dialect.is_regular() {
            return None;
        }
        let mut marks = [0; 256];
        let mut mark = |byte: u8, kind: u8| marks[usize::from(byte)] |= kind;
        mark(b'\r', OUTSIDE | INSIDE);
        mark(b'\n', OUTSIDE | INSIDE);
        mark(dialect.delimiter_byte(), OUTSIDE);
        if let Some(quote) = dialect.quote() {
            mark(quote, INSIDE);
        }
        if let Some(escape) = dialect.escape() {
            mark(escape, OUTSIDE | INSIDE);
        }
        Some(Box::new(Self {
            dialect,
            marks,
            place: Place::Record,
        }))
    }

    /// Starts over where a record begins.
    pub(super) const fn restart(&mut self) {
        self.place = Place::Record;
    }

    /// How many of the bytes stand before the next mark.
    #[inline]
    fn run(&self, bytes: &[u8], kind: u8) -> usize {
        let found = bytes
            .iter()
            .position(|&byte| self.marks[usize::from(byte)] & kind != 0);
        found.unwrap_or(bytes.len())
    }
}

/// Whether `bytes` begin with `mark`, as far as can be told.
#[inline]
fn begins(bytes: &[u8], mark: &[u8], over: bool) -> Match {
    if bytes.starts_with(mark) {
        Match::Yes
    } else if over || bytes.len() >= mark.len() || !mark.starts_with(bytes) {
        Match::No
    } else {
        Match::Unknown
    }
}

impl Scanner {
    /// Cuts records until there is a reason to stop.
    pub(super) fn scan_loose(&mut self, loose: &mut Loose, data: &[u8], until: Until) -> Stop {
        loop {
            let rest = data.get(self.position as usize..).unwrap_or_default();
            if rest.is_empty() {
                return self.end_loose(loose, data, until);
            }
            let stop = match loose.place {
                Place::Record => self.start_loose_record(loose, rest, until),
                Place::Comment => self.skip_comment(loose, data, rest, until),
                Place::Spaces => {
                    let spaces = rest.iter().take_while(|&&byte| byte == b' ').count();
                    self.position += narrow(spaces);
                    self.field_start = self.position;
                    if spaces < rest.len() {
                        loose.place = Place::Field;
                    }
                    None
                }
                Place::Field => {
                    loose.place = Place::Text;
                    if rest.first().copied() == loose.dialect.quote() {
                        loose.place = Place::Inside;
                        self.position += 1;
                    }
                    None
                }
                Place::Inside => {
                    self.position += narrow(loose.run(rest, INSIDE));
                    self.meet_inside(loose, data, until)
                }
                Place::Text => {
                    self.position += narrow(loose.run(rest, OUTSIDE));
                    self.meet_outside(loose, data, until)
                }
                Place::Closed => self.meet_closed(loose, data, until),
            };
            let stop = stop.or_else(|| self.beyond(until));
            if let Some(stop) = stop {
                return stop;
            }
        }
    }

    /// Ends the file, or waits for more bytes.
    #[cold]
    fn end_loose(&mut self, loose: &Loose, data: &[u8], until: Until) -> Stop {
        match loose.place {
            _ if !until.over => Stop::Starved,
            Place::Inside => Stop::Fault(Fault::Unterminated),
            Place::Comment | Place::Record => Stop::Over,
            _ => {
                self.end_loose_field(loose, data);
                match self
                    .records
                    .end_record(self.position, self.field_count, until)
                {
                    Some(Stop::Fault(fault)) => Stop::Fault(fault),
                    _ => Stop::Over,
                }
            }
        }
    }

    /// Tells a comment and the LF of a CR LF from a record.
    fn start_loose_record(&mut self, loose: &mut Loose, rest: &[u8], until: Until) -> Option<Stop> {
        if self.after_return && rest.first() == Some(&b'\n') {
            self.position += 1;
            self.records.start_at(self.position);
        } else if let Some(comment) = loose.dialect.comment() {
            match begins(rest, comment, until.over) {
                Match::Unknown => return Some(Stop::Starved),
                Match::Yes => {
                    loose.place = Place::Comment;
                    return None;
                }
                Match::No => loose.place = Place::Field,
            }
        } else {
            loose.place = Place::Field;
        }
        self.after_return = false;
        self.field_start = self.position;
        None
    }

    /// Passes over a comment and its line end.
    fn skip_comment(
        &mut self,
        loose: &mut Loose,
        data: &[u8],
        rest: &[u8],
        until: Until,
    ) -> Option<Stop> {
        let Some(length) = memchr2(b'\r', b'\n', rest) else {
            self.position += narrow(rest.len());
            return None;
        };
        self.position += narrow(length);
        let end = self.position;
        // Asked here, because the line end makes it the past.
        let stop = self.beyond(until);
        self.pass_line_end(data);
        loose.place = Place::Record;
        stop.or_else(|| self.records.end_blank(end, until))
    }

    /// Takes in a mark outside of quotes.
    #[inline]
    fn meet_outside(&mut self, loose: &mut Loose, data: &[u8], until: Until) -> Option<Stop> {
        let rest = data.get(self.position as usize..).unwrap_or_default();
        let first = *rest.first()?;
        if first == loose.dialect.delimiter_byte() {
            let delimiter = loose.dialect.delimiter();
            match begins(rest, delimiter, until.over) {
                Match::Unknown => return Some(Stop::Starved),
                Match::No => self.position += 1,
                Match::Yes => {
                    self.end_loose_field(loose, data);
                    self.position += narrow(delimiter.len());
                    self.field_start = self.position;
                    loose.place = if loose.dialect.skip_initial_space() {
                        Place::Spaces
                    } else {
                        Place::Field
                    };
                }
            }
            return None;
        }
        if Some(first) == loose.dialect.escape() {
            return self.pass_escape(data, until);
        }
        self.end_line(loose, data, until)
    }

    /// Ends the record, or passes over a blank line.
    fn end_line(&mut self, loose: &mut Loose, data: &[u8], until: Until) -> Option<Stop> {
        let end = self.position;
        loose.place = Place::Record;
        if self.records.is_blank(end) {
            self.pass_line_end(data);
            return self.records.end_blank(end, until);
        }
        self.end_loose_field(loose, data);
        self.pass_line_end(data);
        self.records.end_record(end, self.field_count, until)
    }

    /// Takes in a mark inside quotes.
    #[inline]
    fn meet_inside(&mut self, loose: &mut Loose, data: &[u8], until: Until) -> Option<Stop> {
        let first = data.get(self.position as usize).copied()?;
        if Some(first) == loose.dialect.quote() {
            self.position += 1;
            loose.place = Place::Closed;
        } else if Some(first) == loose.dialect.escape() {
            return self.pass_escape(data, until);
        } else {
            self.pass_line_end(data);
        }
        None
    }

    /// Takes in what follows a quote that may close the field.
    #[inline]
    fn meet_closed(&mut self, loose: &mut Loose, data: &[u8], until: Until) -> Option<Stop> {
        let rest = data.get(self.position as usize..).unwrap_or_default();
        let first = *rest.first()?;
        if Some(first) == loose.dialect.quote() {
            self.differs = true;
            self.position += 1;
            loose.place = Place::Inside;
            return None;
        }
        let ends = match begins(rest, loose.dialect.delimiter(), until.over) {
            Match::Unknown => return Some(Stop::Starved),
            Match::Yes => true,
            Match::No => matches!(first, b'\r' | b'\n'),
        };
        self.differs |= !ends;
        loose.place = Place::Text;
        None
    }

    /// Passes over an escape and the byte that it makes text.
    fn pass_escape(&mut self, data: &[u8], until: Until) -> Option<Stop> {
        let escaped = data.get(self.position as usize + 1);
        if escaped.is_none() && !until.over {
            return Some(Stop::Starved);
        }
        self.differs = true;
        self.position += 1;
        match escaped {
            Some(b'\r' | b'\n') => self.pass_line_end(data),
            Some(_) => self.position += 1,
            None => {}
        }
        None
    }

    /// Passes over CR or LF and counts the line, unless it is the LF of a CR LF.
    #[inline]
    fn pass_line_end(&mut self, data: &[u8]) {
        let at = self.position as usize;
        let is_return = data.get(at) == Some(&b'\r');
        let before = at.checked_sub(1).and_then(|before| data.get(before));
        let follows = !is_return && before == Some(&b'\r');
        self.records.count_lines(u32::from(!follows));
        self.position += 1;
        self.after_return = is_return;
    }

    /// Stores the field that ends at the position.
    #[inline]
    fn end_loose_field(&mut self, loose: &Loose, data: &[u8]) {
        self.make_room();
        let raw = data
            .get(self.field_start as usize..self.position as usize)
            .unwrap_or_default();
        let quoted = loose
            .dialect
            .quote()
            .is_some_and(|quote| raw.first() == Some(&quote));
        let quote_bytes = u32::from(quoted);
        let length = narrow(raw.len()).saturating_sub(2 * quote_bytes);
        let mut span = FieldSpan::new(self.field_start + quote_bytes, length, quoted);
        if self.differs {
            if raw != NULL_MARKER {
                span = self.store_text(loose.dialect, raw);
            }
            self.differs = false;
        }
        if let Some(slot) = self.fields.get_mut(self.field_count) {
            *slot = span;
        }
        self.field_count += 1;
    }

    /// Stores the text of the field at hand, which differs from its bytes.
    #[inline(never)]
    fn store_text(&mut self, dialect: Dialect, raw: &[u8]) -> FieldSpan {
        let start = self.texts.len();
        match dialect.escape() {
            Some(escape) if dialect.is_tsv() => {
                unescape(raw, escape, dialect.delimiter_byte(), &mut self.texts);
            }
            escape => {
                if !unprotect(raw, dialect.quote(), escape, &mut self.texts) {
                    self.misquoted.push(narrow(self.field_count));
                }
            }
        }
        self.text_fields.push(self.field_count);
        FieldSpan::new(narrow(start), narrow(self.texts.len() - start), true)
    }
}
