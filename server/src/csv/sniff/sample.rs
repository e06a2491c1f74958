//! The sample: its text, how its lines end, and the part of it that is worth scoring.
//!
//! `sniff` makes one; every other part looks at it. It must never copy more than the scored part.

use std::borrow::Cow;

use super::cut::{Format, Keep, Table, cut};
use super::{Finding, Hint, Hints, Terminator};

/// The scored part: so much, and more when its lines are long.
const WINDOW_BYTES: usize = 64 << 10;
const LONG_WINDOW_BYTES: usize = 200 << 10;
const ENOUGH_LINES: usize = 30;
/// How much is added from further on, when quotes come late.
const LATE_BYTES: usize = 24 << 10;
/// A longer head of comments is cut short, so that it leaves room for the table.
const LONG_HEAD_BYTES: usize = 16 << 10;
/// What is left of it: its last lines, one of which may be the header.
const HEAD_LINES: usize = 20;
/// What is kept when the whole sample is cut.
const KEEP: Keep = Keep {
    rows: 100_000,
    rows_with_fields: 1_000,
    fields: usize::MAX,
};

/// The beginning of a file, without its mark.
#[derive(Debug)]
pub(super) struct Sample<'a> {
    /// What lies between the lines that the caller skips and the last one that the caller wants.
    pub(super) text: &'a [u8],
    /// Whether nothing follows.
    pub(super) complete: bool,
    /// Lines before `text`.
    pub(super) lines_before: u64,
    /// Lines after `text`.
    pub(super) lines_after: u64,
    /// A lone `\r` ends a record.
    pub(super) cr_ends: bool,
    /// The part that candidates are scored on.
    pub(super) window: Cow<'a, [u8]>,
    /// Whether `window` ends where the file ends.
    pub(super) window_complete: bool,
    /// The delimiter that a first line `sep=;` names.
    pub(super) named_delimiter: Option<u8>,
}

impl<'a> Sample<'a> {
    pub(super) fn new(text: &'a [u8], complete: bool, hints: &Hints) -> Self {
        let text = text
            .strip_prefix(crate::csv::BYTE_ORDER_MARK)
            .unwrap_or(text);
        let cr_ends = cr_ends(text, hints.terminator);
        let (text, complete, lines_before, lines_after) = within(text, complete, cr_ends, hints);
        let (window, window_complete) = window(text, complete);
        Self {
            text,
            complete,
            lines_before,
            lines_after,
            cr_ends,
            window,
            window_complete,
            named_delimiter: named_delimiter(text),
        }
    }

    /// Cuts the whole sample.
    pub(super) fn cut_whole(&self, format: &Format) -> Table<'a> {
        cut(self.text, self.complete, format, KEEP)
    }

    /// Lines of the sample from an offset of `text` on, with those after `text`.
    pub(super) fn lines_from(&self, offset: usize) -> u64 {
        let rest = self.text.get(offset..).unwrap_or_default();
        line_count(rest, self.cr_ends).saturating_sub(1) + self.lines_after
    }
}

/// What ends a record, in a table cut from the whole sample.
pub(super) fn terminator(table: &Table<'_>) -> Finding<Terminator> {
    let [lf, cr_lf, cr] = table.ends;
    let most = lf.max(cr_lf).max(cr);
    let total = lf + cr_lf + cr;
    if total == 0 {
        return Finding::found(Terminator::Lf, 0.5, None);
    }
    let usual = if most == lf {
        Terminator::Lf
    } else if most == cr_lf {
        Terminator::CrLf
    } else {
        Terminator::Cr
    };
    if most == total {
        return Finding::found(usual, 1.0, None);
    }
    Finding::found(Terminator::Mixed, 0.9, Some(usual))
}

/// Whether a lone `\r` ends a record rather than being text.
fn cr_ends(text: &[u8], hint: Hint<Terminator>) -> bool {
    if let Some(given) = hint.given() {
        return matches!(given, Terminator::Cr | Terminator::Mixed);
    }
    let window = text.get(..LONG_WINDOW_BYTES).unwrap_or(text);
    let mut lines = 0_usize;
    let mut alone = 0_usize;
    let mut bytes = window.iter().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\n' => lines += 1,
            b'\r' if bytes.peek().is_some_and(|next| **next != b'\n') => alone += 1,
            b'\r' if bytes.peek().is_none() && lines == 0 => alone += 1,
            _ => {}
        }
    }
    alone > 0 && alone * 20 >= lines
}

/// Leaves out the lines that the caller skips, and those after the last one the caller wants.
fn within<'a>(
    text: &'a [u8],
    complete: bool,
    cr_ends: bool,
    hints: &Hints,
) -> (&'a [u8], bool, u64, u64) {
    let (start, skipped) = match hints.skip_lines.given() {
        Some(skipped) => (line_start(text, *skipped, cr_ends), *skipped),
        None if hints.header_rows.given() == Some(&0) => (0, 0),
        None => head_start(text, cr_ends, hints),
    };
    let body = text.get(start..).unwrap_or_default();
    let Some(Some(last)) = hints.end_line.given() else {
        return (body, complete, skipped, 0);
    };
    let end = line_start(body, last.saturating_sub(skipped), cr_ends);
    let after = body.get(end..).unwrap_or_default();
    let is_complete = complete || !after.is_empty();
    let lines_after = line_count(after, cr_ends);
    (
        body.get(..end).unwrap_or_default(),
        is_complete,
        skipped,
        lines_after,
    )
}

/// How many bytes at the start are no part of the table for sure: the lines that the caller skips, or
/// those that begin with a comment sign, and blank ones among them.
///
/// The last line counts only with its end.
#[must_use]
pub fn head_bytes(text: &[u8], hints: &Hints) -> usize {
    let own = text
        .strip_prefix(crate::csv::BYTE_ORDER_MARK)
        .unwrap_or(text);
    let mark = text.len() - own.len();
    let cr_ends = cr_ends(own, hints.terminator);
    let head = match hints.skip_lines.given() {
        Some(skipped) => line_start(own, *skipped, cr_ends),
        None => comment_lines(own, cr_ends, hints).last().unwrap_or(0),
    };
    mark + head
}

/// The text with nothing in its lines that are comments for sure, but their ends: all of them where the caller has said
/// what they begin with, else those at the start. None where that changes nothing, or leaves nothing.
pub(super) fn without_comments(text: &[u8], hints: &Hints) -> Option<Vec<u8>> {
    let cr_ends = cr_ends(text, hints.terminator);
    let head = match hints.comment.given() {
        Some(None) => return None,
        Some(Some(_)) => text.len(),
        None => comment_lines(text, cr_ends, hints).last()?,
    };
    let prefix = hints.comment.given().and_then(Option::as_deref);
    let mut left = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(rest) = text.get(at..head).filter(|rest| !rest.is_empty()) {
        let line = rest.get(..line_length(rest, cr_ends)).unwrap_or(rest);
        let is_end = |byte: &&u8| matches!(byte, b'\n' | b'\r');
        let ends = line.iter().rev().take_while(is_end).count();
        let is_comment = prefix.is_none_or(|prefix| line.starts_with(prefix));
        let kept = if is_comment { line.len() - ends } else { 0 };
        left.extend_from_slice(line.get(kept..).unwrap_or_default());
        at += line.len();
    }
    left.extend_from_slice(text.get(head..).unwrap_or_default());
    (left.len() < text.len() && !left.trim_ascii().is_empty()).then_some(left)
}

/// The ends of the comment lines at the start, and of the blank ones among them.
fn comment_lines<'t>(
    text: &'t [u8],
    cr_ends: bool,
    hints: &'t Hints,
) -> impl Iterator<Item = usize> + 't {
    let first = text.trim_ascii_start();
    let (prefix, is_given) = match hints.comment.given() {
        Some(given) => (given.as_deref().unwrap_or_default(), true),
        None if is_even(first) => (&b""[..], false),
        None => (
            super::layout::comment_prefix(first).unwrap_or_default(),
            false,
        ),
    };
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let length = line_length(rest, cr_ends);
        let line = rest.get(..length)?;
        let is_whole = line.ends_with(b"\n") || line.ends_with(b"\r");
        let is_blank = line.trim_ascii().is_empty();
        at += length;
        let is_said = is_given || super::layout::is_remark(line, prefix);
        let is_comment = !prefix.is_empty() && (is_blank || line.starts_with(prefix) && is_said);
        (is_whole && is_comment).then_some(at)
    })
}

/// Whether the first lines are cut alike by a usual delimiter, as records are: then a sign that all of
/// them begin with is theirs.
fn is_even(text: &[u8]) -> bool {
    const LINES: usize = 50;
    let lines: Vec<&[u8]> = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.trim_ascii().is_empty())
        .take(LINES)
        .collect();
    b",;\t|".iter().any(|delimiter| {
        // A sentence has a space behind its comma.
        let cuts = |line: &&[u8]| {
            let pairs = line.windows(2);
            pairs
                .filter(|pair| pair[0] == *delimiter && pair[1] != b' ')
                .count()
        };
        let mut counts = lines.iter().map(cuts);
        let first = counts.next().unwrap_or(0);
        first > 0 && lines.len() > 1 && counts.all(|count| count == first)
    })
}

/// Where the last lines of a long head of comments begin, and the lines before.
fn head_start(text: &[u8], cr_ends: bool, hints: &Hints) -> (usize, u64) {
    let ends: Vec<usize> = comment_lines(text, cr_ends, hints).collect();
    let is_long = ends.last().is_some_and(|end| *end > LONG_HEAD_BYTES);
    let lines = ends.len().saturating_sub(HEAD_LINES);
    match ends.get(lines.wrapping_sub(1)).filter(|_| is_long) {
        Some(end) => (*end, lines as u64),
        None => (0, 0),
    }
}

/// The offset behind the first `lines` lines.
fn line_start(text: &[u8], lines: u64, cr_ends: bool) -> usize {
    let mut at = 0;
    for _ in 0..lines {
        let rest = text.get(at..).unwrap_or_default();
        if rest.is_empty() {
            break;
        }
        at += line_length(rest, cr_ends);
    }
    at
}

fn line_count(mut text: &[u8], cr_ends: bool) -> u64 {
    let mut lines = 0;
    while !text.is_empty() {
        text = text.get(line_length(text, cr_ends)..).unwrap_or_default();
        lines += 1;
    }
    lines
}

/// The length of the first line with its end.
fn line_length(text: &[u8], cr_ends: bool) -> usize {
    let is_end = |byte: &u8| *byte == b'\n' || (cr_ends && *byte == b'\r');
    match text.iter().position(is_end) {
        None => text.len(),
        Some(at) if text.get(at..at + 2) == Some(b"\r\n") => at + 2,
        Some(at) => at + 1,
    }
}

fn window(text: &[u8], complete: bool) -> (Cow<'_, [u8]>, bool) {
    let is_end = |byte: &&u8| matches!(byte, b'\n' | b'\r');
    let mut length = WINDOW_BYTES;
    let start = text.get(..length).unwrap_or(text);
    if start.iter().filter(is_end).count() < ENOUGH_LINES {
        length = LONG_WINDOW_BYTES;
    }
    let Some((start, rest)) = text.split_at_checked(length) else {
        return (Cow::Borrowed(text), complete);
    };
    let late = late_quotes(start, rest);
    if late.is_empty() {
        return (Cow::Borrowed(start), false);
    }
    let lines = start
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let mut joined = start.get(..lines).unwrap_or_default().to_vec();
    joined.extend_from_slice(late);
    (Cow::Owned(joined), false)
}

/// The lines around the first quote of `rest`, when `start` has none.
fn late_quotes<'a>(start: &[u8], rest: &'a [u8]) -> &'a [u8] {
    if start.contains(&b'"') {
        return &[];
    }
    let Some(at) = rest.iter().position(|byte| *byte == b'"') else {
        return &[];
    };
    let before = rest.get(..at).unwrap_or_default();
    let line = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let end = rest.len().min(line.max(at) + LATE_BYTES);
    rest.get(line..end).unwrap_or_default()
}

/// The delimiter of a first line like `sep=;`, which spreadsheet programs read.
fn named_delimiter(text: &[u8]) -> Option<u8> {
    let line = text.get(..line_length(text, true))?;
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let (name, value) = line.split_at_checked(4)?;
    if !name.eq_ignore_ascii_case(b"sep=") {
        return None;
    }
    value
        .first()
        .copied()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
}
