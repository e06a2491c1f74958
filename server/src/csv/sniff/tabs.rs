//! Tells ClickHouse's TSV, which has escapes and no quotes, from CSV with tabs, which has quotes and no
//! escapes.
//!
//! `transfer` asks for a text that tabs part. It must never choose between two readings of the same
//! bytes without evidence: what shows only behind the sample is watched for, and stops the file.
//!
//! # How this works
//!
//! ClickHouse writes a backslash only as part of an escape, so that every one of them speaks for TSV,
//! and one that is none against it. Quotes speak for CSV where they are needed: around a tab, a line
//! end or a doubled quote, or around the names of the header. In TSV they are text. Around all names
//! they are enough: only CSV has such a header, whatever backslashes come behind it.

use memchr::{memchr, memchr2};

use crate::csv::BYTE_ORDER_MARK;

/// What ClickHouse writes behind a backslash.
const ESCAPES: &[u8] = b"bfnrt0'\\";
/// Behind what else our decoder takes a backslash for part of an escape.
const ALSO_DECODED: &[u8] = b"avex\"`/";
/// The longest field that is looked at for a closing quote.
const MAX_QUOTED_BYTES: usize = 64 << 10;

/// How a text that tabs part is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tabs {
    /// As TSV, whatever comes.
    Tsv,
    /// As CSV, whatever comes.
    Csv,
    /// As TSV, because of the name of the file or its NULLs alone.
    NamedTsv,
    /// As either: nothing in it would be read in two ways.
    Either,
    /// Both have something for them: the line on which escapes or quotes begin.
    Doubt(u64),
}

/// Finds out how a text that tabs part is read; `is_named` says that the name of its file ends as those
/// of TSV do.
#[must_use]
pub fn tabs(sample: &[u8], is_named: bool) -> Tabs {
    let found = Found::of(sample);
    if has_all_names_quoted(sample) {
        return Tabs::Csv;
    }
    let is_quoted = found.needed > 0 || found.has_quoted_header;
    match (found.escapes > 0, found.others > 0) {
        (true, true) => Tabs::Doubt(found.first_line),
        (true, false) if is_quoted => Tabs::Doubt(found.first_line),
        (true, false) => Tabs::Tsv,
        (false, _) if is_quoted => Tabs::Csv,
        (false, true) if found.opening > 0 || !is_named => Tabs::Csv,
        // Quotes that nothing needs are text in a file that says it is TSV.
        (false, _) if is_named && found.opening > 0 => Tabs::Tsv,
        (false, false) if found.opening > 0 => Tabs::Csv,
        _ if is_named || found.nulls > 0 => Tabs::NamedTsv,
        _ => Tabs::Either,
    }
}

/// Whether each field of the first line stands in quotes, of either kind.
fn has_all_names_quoted(text: &[u8]) -> bool {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut lines = text.split(|byte| matches!(byte, b'\n' | b'\r'));
    let mut names = lines
        .next()
        .unwrap_or_default()
        .split(|byte| *byte == b'\t');
    names.all(|name| matches!(name, [b'"', _, .., b'"'] | [b'\'', _, .., b'\'']))
}

/// What the fields of a text have.
#[derive(Debug, Default)]
struct Found {
    /// Escapes, and backslashes that are none.
    escapes: usize,
    others: usize,
    /// Fields that are `\N`.
    nulls: usize,
    /// Fields that begin with a quote, and those of them that would not be one field without.
    opening: usize,
    needed: usize,
    has_quoted_header: bool,
    /// The line of the first escape or quote.
    first_line: u64,
}

impl Found {
    fn of(text: &[u8]) -> Self {
        let mut found = Self::default();
        let is_uneven = is_uneven(text);
        let (mut at, mut line, mut seen) = (0, 1, 0);
        while let Some(next) = text.get(at..).and_then(|rest| memchr2(b'\\', b'"', rest)) {
            let place = at + next;
            let step = if text.get(place) == Some(&b'\\') {
                found.backslash(text, place)
            } else {
                found.quote(text, place, is_uneven)
            };
            if found.first_line == 0 && found.escapes + found.opening + found.others > 0 {
                line += lines(text.get(seen..place).unwrap_or_default());
                seen = place;
                found.first_line = line;
            }
            at = place + step;
        }
        found
    }

    /// Counts a backslash; how many bytes it takes.
    fn backslash(&mut self, text: &[u8], at: usize) -> usize {
        match escape(
            text.get(at..).unwrap_or_default(),
            byte_before(text, at, b'\n'),
        ) {
            Escape::Null => self.nulls += 1,
            Escape::Known => self.escapes += 1,
            Escape::Unknown => self.others += 1,
            // The sample ends here.
            Escape::Cut => {}
        }
        2
    }

    /// Counts a quote, if it begins a field; how many bytes it takes.
    fn quote(&mut self, text: &[u8], at: usize, is_uneven: bool) -> usize {
        if !starts_field(byte_before(text, at, b'\n')) {
            return 1;
        }
        self.opening += 1;
        let Some(field) = quoted(text, at) else {
            return 1;
        };
        let is_cut = field.iter().any(|byte| matches!(byte, b'\t' | b'\n'));
        let inner = field.get(1..field.len() - 1).unwrap_or_default();
        let is_doubled = !inner.is_empty() && inner.windows(2).any(|pair| pair == b"\"\"");
        self.needed += usize::from(is_doubled || (is_cut && is_uneven));
        let before = text.get(..at).unwrap_or_default();
        self.has_quoted_header |= memchr(b'\n', before).is_none() && !is_cut;
        1
    }
}

/// What a backslash is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escape {
    /// The whole field is `\N`.
    Null,
    Known,
    /// A byte like others, as in `C:\temp`.
    Unknown,
    Cut,
}

/// What the backslash is that `text` begins with, behind the byte `before`.
fn escape(text: &[u8], before: u8) -> Escape {
    let ends = |at: usize| matches!(text.get(at), None | Some(b'\t' | b'\r' | b'\n'));
    match text.get(1) {
        None => Escape::Cut,
        Some(b'N') if starts_field(before) && ends(2) => Escape::Null,
        // A drive in a path: ClickHouse would have written two backslashes.
        Some(code) if before == b':' && *code != b'\\' => Escape::Unknown,
        Some(code) if ESCAPES.contains(code) => Escape::Known,
        Some(_) => Escape::Unknown,
    }
}

fn is_decoded(escape: &[u8]) -> bool {
    let code = escape.get(1);
    code.is_some_and(|code| ESCAPES.contains(code) || ALSO_DECODED.contains(code))
}

/// Whether a field begins behind this byte.
const fn starts_field(before: u8) -> bool {
    matches!(before, b'\t' | b'\n' | b'\r')
}

/// The byte before a place; a line end before the first.
fn byte_before(text: &[u8], at: usize, first: u8) -> u8 {
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    before.copied().unwrap_or(first)
}

/// The field that a quote opens, with its quotes, when it is closed before a tab or a line end.
fn quoted(text: &[u8], open: usize) -> Option<&[u8]> {
    let end = text.len().min(open + MAX_QUOTED_BYTES);
    let text = text.get(..end)?;
    let mut at = open + 1;
    loop {
        at += memchr(b'"', text.get(at..)?)?;
        match text.get(at + 1) {
            Some(b'"') => at += 2,
            None | Some(b'\t' | b'\r' | b'\n') => return text.get(open..=at),
            Some(_) => return None,
        }
    }
}

/// Whether the lines differ in their number of tabs.
fn is_uneven(text: &[u8]) -> bool {
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let whole = lines.filter(|line| line.ends_with(b"\n") && line.len() > 2);
    let mut counts = whole.map(|line| line.iter().filter(|byte| **byte == b'\t').count());
    let first = counts.next();
    counts.any(|count| Some(count) != first)
}

fn lines(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

/// Looks out for what would be read in two ways, in a text that had nothing of it in the sample.
#[derive(Debug, Clone)]
pub struct Watch {
    is_tsv: bool,
    line: u64,
    /// The last byte before what is looked at next.
    before: u8,
    /// A backslash at the end of the last piece, which only what follows it explains.
    open: Vec<u8>,
}

impl Watch {
    /// How a reading that was found has to be watched, if at all, from the beginning of a line on.
    #[must_use]
    pub const fn of(tabs: Tabs, line: u64) -> Option<Self> {
        let is_tsv = match tabs {
            Tabs::NamedTsv => true,
            Tabs::Either => false,
            Tabs::Tsv | Tabs::Csv | Tabs::Doubt(_) => return None,
        };
        Some(Self {
            is_tsv,
            line,
            before: b'\n',
            open: Vec::new(),
        })
    }

    /// Looks at the next piece of the text: the line of the first byte that has two readings.
    pub fn look(&mut self, piece: &[u8]) -> Option<u64> {
        if self.open.is_empty() {
            return self.look_at(piece);
        }
        let mut text = std::mem::take(&mut self.open);
        text.extend_from_slice(piece);
        self.look_at(&text)
    }

    fn look_at(&mut self, text: &[u8]) -> Option<u64> {
        let mut at = 0;
        while let Some(next) = text.get(at..).and_then(|rest| memchr2(b'\\', b'"', rest)) {
            let place = at + next;
            let before = byte_before(text, place, self.before);
            let rest = text.get(place..).unwrap_or_default();
            let is_escape = rest.first() == Some(&b'\\');
            if is_escape && (rest.len() == 1 || rest == b"\\N") {
                self.open = rest.to_vec();
                self.pass(text.get(..place).unwrap_or_default());
                return None;
            }
            let is_read_in_two_ways = match is_escape {
                false => starts_field(before),
                true => match escape(rest, before) {
                    Escape::Null | Escape::Cut => false,
                    Escape::Known => !self.is_tsv,
                    // Where it is no escape for anybody, it is text in TSV too.
                    Escape::Unknown => !self.is_tsv || is_decoded(rest),
                },
            };
            if is_read_in_two_ways {
                return Some(self.line + lines(text.get(..place).unwrap_or_default()));
            }
            at = place + if is_escape { 2 } else { 1 };
        }
        self.pass(text);
        None
    }

    fn pass(&mut self, text: &[u8]) {
        self.line += lines(text);
        self.before = text.last().copied().unwrap_or(self.before);
    }
}

#[cfg(test)]
mod tests;
