//! The delimiters, quotes and escapes that a sample may have been written with.
//!
//! `score` cuts the sample by each. It must never leave out what the caller has set, and never list
//! so many that a sample takes long.

mod sequence;

use super::Hints;
use super::cut::Format;
use super::sample::Sample;

/// Symbols that delimit when they stand in most lines.
const RARE: &[u8] = b":^~*#!&@/=$%> ";
/// Symbols that quote when they stand around every field.
const RARE_QUOTES: &[u8] = b"|~^$%@*#";
/// Lines that are looked at.
const MAX_LINES: usize = 400;
/// The share of lines that a rare symbol stands in at least.
const RARE_SHARE: f64 = 0.3;
/// Symbols outside of ASCII that are told apart.
const MAX_SYMBOLS: usize = 12;

/// One way to write the sample, and what speaks for it before any cut.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) format: Format,
    /// From 0 to 1: how usual the delimiter is.
    pub(super) prior: f64,
    /// The symbol also stands in texts, times and paths: the table must be better than others.
    pub(super) is_weak: bool,
}

#[derive(Debug, Clone)]
struct Delimiter {
    bytes: Vec<u8>,
    collapse: bool,
}

/// Every way to write the sample that is worth a try.
pub(super) fn list(sample: &Sample<'_>, hints: &Hints) -> Vec<Candidate> {
    let text: &[u8] = &sample.window;
    let mut candidates = Vec::new();
    for delimiter in delimiters(sample, hints) {
        for quote in quotes(text, &delimiter.bytes, hints) {
            for escape in escapes(text, &delimiter.bytes, quote, hints) {
                candidates.push(Candidate {
                    format: Format {
                        delimiter: delimiter.bytes.clone(),
                        collapse: delimiter.collapse,
                        quote,
                        escape,
                        cr_ends: sample.cr_ends,
                    },
                    prior: prior(&delimiter.bytes),
                    is_weak: is_weak(&delimiter.bytes),
                });
            }
        }
    }
    candidates
}

fn delimiters(sample: &Sample<'_>, hints: &Hints) -> Vec<Delimiter> {
    let text: &[u8] = &sample.window;
    let given = hints
        .delimiter
        .given()
        .filter(|delimiter| !delimiter.is_empty())
        .cloned();
    let named = sample.named_delimiter.map(|byte| vec![byte]);
    if let Some(bytes) = given.or(named) {
        let collapse = bytes == b" " && has_space_runs(text);
        return vec![Delimiter { bytes, collapse }];
    }
    let mut found = vec![Delimiter {
        bytes: Vec::new(),
        collapse: false,
    }];
    let usage = Usage::of(text, sample.cr_ends);
    for byte in usage.bytes() {
        for bytes in sequence::around(text, byte) {
            found.push(Delimiter {
                bytes,
                collapse: false,
            });
        }
        if !is_protected(text, byte) {
            let collapse = byte == b' ' && has_space_runs(text);
            found.push(Delimiter {
                bytes: vec![byte],
                collapse,
            });
        }
    }
    for symbol in usage.symbols() {
        let bytes = symbol.to_string().into_bytes();
        found.push(Delimiter {
            bytes,
            collapse: false,
        });
    }
    found
}

/// In how many lines a symbol stands.
struct Usage {
    lines: usize,
    bytes: [usize; 256],
    symbols: Vec<(char, usize)>,
}

impl Usage {
    fn of(text: &[u8], cr_ends: bool) -> Self {
        let mut usage = Self {
            lines: 0,
            bytes: [0; 256],
            symbols: Vec::new(),
        };
        let is_end = |byte: &u8| *byte == b'\n' || (cr_ends && *byte == b'\r');
        let lines = text
            .split(is_end)
            .filter(|line| !line.trim_ascii().is_empty());
        for line in lines.take(MAX_LINES) {
            usage.add(line);
        }
        usage
    }

    fn add(&mut self, line: &[u8]) {
        self.lines += 1;
        let mut seen = [false; 256];
        for byte in line {
            seen[usize::from(*byte)] = true;
        }
        for (count, seen) in self.bytes.iter_mut().zip(seen) {
            *count += usize::from(seen);
        }
        if line.is_ascii() {
            return;
        }
        let mut chars: Vec<char> = Vec::new();
        for symbol in line.utf8_chunks().flat_map(|chunk| chunk.valid().chars()) {
            if is_symbol(symbol) && chars.len() < MAX_SYMBOLS && !chars.contains(&symbol) {
                chars.push(symbol);
            }
        }
        for symbol in chars {
            if let Some((_, lines)) = self.symbols.iter_mut().find(|(known, _)| *known == symbol) {
                *lines += 1;
            } else if self.symbols.len() < MAX_SYMBOLS {
                self.symbols.push((symbol, 1));
            }
        }
    }

    fn is_in_most_lines(&self, lines: usize) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "at most `MAX_LINES`")]
        let share = lines as f64 / self.lines.max(1) as f64;
        share >= RARE_SHARE
    }

    /// The bytes that may delimit, the usual ones first.
    fn bytes(&self) -> impl Iterator<Item = u8> {
        let usual = b",;\t|"
            .iter()
            .filter(|byte| self.bytes[usize::from(**byte)] > 0);
        let control = (1..0x20)
            .chain([0x7F])
            .filter(|byte| !b"\t\n\r".contains(byte));
        let rare = control.chain(RARE.iter().copied());
        let rare = rare.filter(|byte| self.is_in_most_lines(self.bytes[usize::from(*byte)]));
        usual.copied().chain(rare)
    }

    /// The symbols outside of ASCII that may delimit.
    fn symbols(&self) -> impl Iterator<Item = char> {
        let usual = self
            .symbols
            .iter()
            .filter(|(_, lines)| self.is_in_most_lines(*lines));
        usual.map(|(symbol, _)| *symbol)
    }
}

/// Signs like `§`, `¦`, `¬`, `·`, `×`, `→`; no letters, marks, digits, currencies or quotes.
fn is_symbol(char: char) -> bool {
    matches!(
        char,
        '¡' | '¦' | '§' | '¨' | '¬' | '¯' | '±' | '´' | '¶' | '·' | '¸' | '¿' | '×' | '÷'
    ) || matches!(char, '\u{2016}' | '\u{2020}'..='\u{2023}' | '\u{2190}'..='\u{23FF}')
        || matches!(
            char,
            '\u{2500}'..='\u{27BF}' | '\u{3001}' | '\u{FF0C}' | '\u{FF1B}' | '\u{FF5C}'
        )
}

/// How usual a delimiter is.
fn prior(delimiter: &[u8]) -> f64 {
    match delimiter {
        b"," | b"\t" | b";" => 1.0,
        b"|" => 0.98,
        [] | b"^" | b"~" => 0.9,
        b":" => 0.8,
        b" " => 0.75,
        [byte] if byte.is_ascii_control() => 1.0,
        [_] => 0.6,
        [first, ..] if first.is_ascii() => 1.05,
        _ => 0.85,
    }
}

/// Whether texts, times and paths have it too.
fn is_weak(delimiter: &[u8]) -> bool {
    matches!(delimiter, [byte] if RARE.contains(byte) && !matches!(byte, b'^' | b'~'))
}

/// Whether spaces align columns rather than part them.
fn has_space_runs(text: &[u8]) -> bool {
    let lines = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .take(MAX_LINES);
    let (mut all, mut runs) = (0, 0);
    for line in lines {
        all += 1;
        runs += usize::from(line.starts_with(b" ") || line.windows(2).any(|pair| pair == b"  "));
    }
    runs * 10 >= all * 3
}

/// Whether most of the places of a symbol are those inside of times, dates and addresses.
fn is_protected(text: &[u8], byte: u8) -> bool {
    if !matches!(byte, b':' | b'/' | b' ') {
        return false;
    }
    let (mut all, mut inside, mut enclosed) = (0_usize, 0_usize, 0_usize);
    for at in text
        .iter()
        .enumerate()
        .filter(|(_, found)| **found == byte)
        .map(|(at, _)| at)
    {
        all += 1;
        let before = text.get(at.saturating_sub(8)..at).unwrap_or_default();
        let after = text.get(at + 1..text.len().min(at + 9)).unwrap_or_default();
        inside += usize::from(stands_inside(byte, before, after));
        let quote = before.last().filter(|quote| b"\"'`".contains(quote));
        enclosed += usize::from(quote.is_some() && quote == after.first());
        if all == 4_000 {
            break;
        }
    }
    inside * 2 > all && enclosed < 2
}

fn stands_inside(byte: u8, before: &[u8], after: &[u8]) -> bool {
    let digits_after = after
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let digits_before = before
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    match byte {
        b':' => {
            let is_clock = digits_after == 2 && (1..=2).contains(&digits_before);
            let part = before
                .get(..before.len() - digits_before)
                .unwrap_or_default();
            let is_long = after
                .get(3..)
                .is_some_and(|more| after.get(2) == Some(&b':') && more.get(2) == Some(&b':'))
                || part.ends_with(b":") && after.get(2) == Some(&b':');
            let is_fraction = part.ends_with(b".");
            (is_clock && !is_long && !is_fraction)
                || after.starts_with(b"//")
                || after.starts_with(b"\\")
        }
        b'/' => {
            let is_date = (1..=4).contains(&digits_after) && (1..=4).contains(&digits_before);
            is_date || after.starts_with(b"/") || before.ends_with(b"/") || before.ends_with(b":")
        }
        _ => {
            digits_before > 0
                && (1..=2).contains(&digits_after)
                && after.get(digits_after) == Some(&b':')
        }
    }
}

/// The quotes that are worth a try with a delimiter, the most likely first.
fn quotes(text: &[u8], delimiter: &[u8], hints: &Hints) -> Vec<Option<u8>> {
    if let Some(given) = hints.quote.given() {
        return vec![*given];
    }
    let mut quotes = vec![Some(b'"')];
    if opens(text, delimiter, b'"') > 0 {
        quotes.push(None);
    }
    for quote in [b'\'', b'`'] {
        if !delimiter.contains(&quote) && (opens(text, delimiter, quote) > 0) {
            quotes.push(Some(quote));
        }
    }
    for &quote in RARE_QUOTES {
        if !delimiter.is_empty() && !delimiter.contains(&quote) && encloses(text, delimiter, quote)
        {
            quotes.push(Some(quote));
        }
    }
    quotes.retain(|quote| quote.is_none_or(|quote| !delimiter.contains(&quote)));
    if quotes.is_empty() {
        quotes.push(None);
    }
    quotes
}

/// Fields that a quote opens, up to a few.
fn opens(text: &[u8], delimiter: &[u8], quote: u8) -> usize {
    openings(text, delimiter, quote).take(3).count()
}

/// Where the first field is that a quote opens.
pub(super) fn first_opening(text: &[u8], delimiter: &[u8], quote: u8) -> Option<usize> {
    openings(text, delimiter, quote).next()
}

fn openings(text: &[u8], delimiter: &[u8], quote: u8) -> impl Iterator<Item = usize> {
    memchr::memchr_iter(quote, text).filter(move |at| {
        let before = text.get(..*at).unwrap_or_default();
        let before = if delimiter.ends_with(b" ") {
            before
        } else {
            let spaces = before
                .iter()
                .rev()
                .take(4)
                .take_while(|byte| **byte == b' ')
                .count();
            before.get(..before.len() - spaces).unwrap_or_default()
        };
        before.is_empty()
            || before.ends_with(b"\n")
            || (!delimiter.is_empty() && before.ends_with(delimiter))
    })
}

/// Whether (nearly) every line starts and ends with the quote and has it around each delimiter.
fn encloses(text: &[u8], delimiter: &[u8], quote: u8) -> bool {
    let lines = text
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii_end);
    let lines = lines.filter(|line| !line.is_empty()).take(MAX_LINES);
    let between = [&[quote], delimiter, &[quote]].concat();
    let (mut all, mut enclosed) = (0, 0);
    for line in lines {
        all += 1;
        let is_around = line.starts_with(&[quote]) && line.ends_with(&[quote]);
        let is_between = || line.windows(between.len()).any(|part| part == between);
        enclosed += usize::from(is_around && is_between());
    }
    enclosed * 10 >= all * 8 && enclosed > 1
}

/// The escapes that are worth a try.
fn escapes(text: &[u8], delimiter: &[u8], quote: Option<u8>, hints: &Hints) -> Vec<Option<u8>> {
    if let Some(given) = hints.escape.given() {
        return vec![*given];
    }
    if delimiter.contains(&b'\\') || quote == Some(b'\\') {
        return vec![None];
    }
    let next = [quote, delimiter.first().copied()];
    let is_escape =
        |pair: &[u8]| matches!(pair, [b'\\', next_byte] if next.contains(&Some(*next_byte)));
    if text.windows(2).any(is_escape) {
        vec![None, Some(b'\\')]
    } else {
        vec![None]
    }
}
