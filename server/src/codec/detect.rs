//! Finds the encoding of text from a sample.
//!
//! Used by [`Input`](super::Input). It must never choose between encodings in silence: how sure a
//! finding is, and what else it may be, goes with it.

mod latin;

use std::str;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};

use super::{Encoding, Error, Foreign, Result, compression::refuse_inside};

/// What a sample shows of the encoding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detected {
    /// The encoding.
    pub encoding: Encoding,
    /// How sure that is, from 0 to 1; below 0.5 a caller should ask.
    pub confidence: f64,
    /// What comes next.
    pub runner_up: Option<Encoding>,
    /// Whether the caller has set it.
    pub given: bool,
    /// The first line, from 1, that is not valid UTF-8, where that was looked for.
    pub first_fault: Option<u64>,
}

impl Detected {
    pub(super) const fn sure(encoding: Encoding) -> Self {
        Self::new(encoding, 1.0, None)
    }

    const fn new(encoding: Encoding, confidence: f64, runner_up: Option<Encoding>) -> Self {
        Self {
            encoding,
            confidence,
            runner_up,
            given: false,
            first_fault: None,
        }
    }

    /// What the caller has set, which needs no evidence.
    pub(super) const fn given(encoding: Encoding) -> Self {
        Self {
            given: true,
            ..Self::sure(encoding)
        }
    }
}

/// Finds the encoding from the beginning of the text, unpacked; `complete` says that it is all of
/// it, otherwise its end may cut a character.
///
/// A byte order mark decides. Without one, zero bytes at every other place are UTF-16, what is
/// valid UTF-8 is UTF-8, and so is what is damaged in fewer places than it has characters beyond
/// ASCII. Of the rest, text in Latin letters is windows-1252, and text in another alphabet what its letters show.
///
/// # Errors
///
/// Fails when the sample is UTF-32, is packed, or is of a kind that is no flat file.
pub fn detect_encoding(sample: &[u8], complete: bool) -> Result<Detected> {
    refuse_inside(sample)?;
    if is_utf32(sample) {
        return Err(Error::Foreign {
            foreign: Foreign::Utf32,
        });
    }
    let marked = byte_order_mark(sample).map(Detected::sure);
    let found = marked.or_else(|| detect_utf16(sample));
    Ok(found.unwrap_or_else(|| detect_bytes(sample, complete)))
}

/// The encoding whose byte order mark the text begins with.
pub(super) fn byte_order_mark(text: &[u8]) -> Option<Encoding> {
    match text {
        [0xEF, 0xBB, 0xBF, ..] => Some(Encoding::Utf8Bom),
        [0xFF, 0xFE, ..] => Some(Encoding::Utf16Le),
        [0xFE, 0xFF, ..] => Some(Encoding::Utf16Be),
        _ => None,
    }
}

/// Whether groups of four bytes are characters, most of them of the first plane: two bytes of each
/// are zero, and always the same ones.
fn is_utf32(sample: &[u8]) -> bool {
    if sample.starts_with(b"\xFF\xFE\0\0") || sample.starts_with(b"\0\0\xFE\xFF") {
        return true;
    }
    let (groups, _) = sample.as_chunks::<4>();
    let all = |order: fn([u8; 4]) -> u32| {
        let mut first_plane = 0;
        let valid = groups.iter().all(|&group| {
            let character = order(group);
            first_plane += usize::from(character <= 0xFFFF);
            character != 0 && char::from_u32(character).is_some()
        });
        valid && first_plane > groups.len() / 2
    };
    all(u32::from_le_bytes) || all(u32::from_be_bytes)
}

/// How sure UTF-16 without a byte order mark is.
const UTF16_CONFIDENCE: f64 = 0.95;

/// Counts in one order of bytes.
#[derive(Debug, Default, Clone, Copy)]
struct Units {
    /// Characters that every table has: printable ASCII, tab and line ends.
    common: usize,
    /// Those of two bytes that are printable ASCII each, as in plain text.
    plain: usize,
    /// Zeros, other control characters and surrogates without their other half.
    odd: usize,
}

impl Units {
    fn count(sample: &[u8], order: fn([u8; 2]) -> u16) -> Self {
        let (pairs, _) = sample.as_chunks::<2>();
        let mut units = Self::default();
        let mut wants_low = false;
        for &pair in pairs {
            let unit = order(pair);
            let is_low = (0xDC00..0xE000).contains(&unit);
            units.odd += usize::from(is_low != wants_low);
            wants_low = (0xD800..0xDC00).contains(&unit);
            units.plain += usize::from(pair.iter().all(|byte| matches!(byte, 0x20..0x7F)));
            match unit {
                0x09 | 0x0A | 0x0D | 0x20..0x7F => units.common += 1,
                0..0x20 | 0x7F..0xA0 => units.odd += 1,
                _ => {}
            }
        }
        units
    }
}

/// Judges by characters that every table has, which are a zero byte and another one in UTF-16.
///
/// Bytes that are valid UTF-8 need more of them, so that a text with a few NUL bytes is not taken
/// for UTF-16.
fn detect_utf16(sample: &[u8]) -> Option<Detected> {
    memchr::memchr(0, sample)?;
    let pairs = sample.len() / 2;
    let little = Units::count(sample, u16::from_le_bytes);
    let big = Units::count(sample, u16::from_be_bytes);
    let (encoding, units, other) = if little.common >= big.common {
        (Encoding::Utf16Le, little, big)
    } else {
        (Encoding::Utf16Be, big, little)
    };
    // The few letters of other alphabets that look like plain text are outweighed by delimiters, digits and line ends.
    let needed = if is_utf8_start(sample) {
        (pairs / 4).max(units.plain)
    } else {
        pairs / 100
    };
    let is_utf16 =
        units.common > needed && units.common / 4 >= other.common && units.odd <= pairs / 100;
    is_utf16.then(|| Detected::new(encoding, UTF16_CONFIDENCE, Some(Encoding::Utf8)))
}

/// Whether the text is valid UTF-8, but for a character that its end may cut.
fn is_utf8_start(sample: &[u8]) -> bool {
    str::from_utf8(sample).map_or_else(|fault| fault.error_len().is_none(), |_| true)
}

/// Counts in text that is UTF-8 or an encoding of single bytes.
#[derive(Debug, Default)]
struct Bytes {
    /// Characters beyond ASCII that are valid UTF-8.
    characters: usize,
    /// Places that are not.
    faults: usize,
    /// Bytes beyond ASCII in those places, and the ASCII before each.
    singles: Singles,
}

/// What single bytes beyond ASCII would be in windows-1252.
#[derive(Debug, Default)]
struct Singles {
    /// Letters in words of ASCII letters, and signs.
    likely: usize,
    /// Bytes in rows of them, as other alphabets have, and those without a character.
    unlikely: usize,
}

fn detect_bytes(sample: &[u8], complete: bool) -> Detected {
    Detected {
        first_fault: first_fault(sample),
        ..judge_bytes(sample, complete)
    }
}

/// The first line, from 1, that is not valid UTF-8.
fn first_fault(sample: &[u8]) -> Option<u64> {
    let fault = str::from_utf8(sample).err()?;
    let before = sample.get(..fault.valid_up_to())?;
    Some(memchr::memchr_iter(b'\n', before).count() as u64 + 1)
}

fn judge_bytes(sample: &[u8], complete: bool) -> Detected {
    let counts = count_bytes(sample, complete);
    let Bytes {
        characters,
        faults,
        singles,
    } = counts;
    if faults == 0 {
        // Text without any character beyond ASCII may have them further on.
        return match (characters, complete) {
            (0, true) => Detected::sure(Encoding::Utf8),
            (0, false) => Detected::new(Encoding::Utf8, 0.9, Some(Encoding::WINDOWS_1252)),
            _ => Detected::new(Encoding::Utf8, 0.99, Some(Encoding::WINDOWS_1252)),
        };
    }
    if characters > faults {
        let confidence = ratio(characters, characters + faults);
        return Detected::new(Encoding::Utf8, confidence, Some(Encoding::WINDOWS_1252));
    }
    let Singles { likely, unlikely } = singles;
    let alone = ratio(faults, characters + faults);
    let mut confidence = 0.95 * alone * ratio(likely, likely + unlikely).max(0.1);
    if latin::share_of_strange_words(sample) >= MOST_STRANGE {
        confidence *= 0.5;
    }
    if confidence < LEAST_CONFIDENCE
        && let Some(other) = detect_foreign(sample, complete, characters)
    {
        return other;
    }
    Detected::new(Encoding::WINDOWS_1252, confidence, Some(Encoding::Utf8))
}

/// A finding that is less sure is a guess, which a caller should ask about.
pub const LEAST_CONFIDENCE: f64 = 0.5;

/// From this share of words on that no language in windows-1252 has, the text may be in another encoding.
const MOST_STRANGE: f64 = 0.25;

/// The bytes beyond ASCII from which on the alphabet of a text shows its encoding.
const ENOUGH_FOREIGN: usize = 40;

/// The confidence in an encoding of another alphabet, with enough letters of it or without.
const FOREIGN_CONFIDENCE: [f64; 2] = [0.7, 0.4];

/// The encoding of text in another alphabet: in rows of bytes beyond ASCII, all of which are characters in it. None where
/// parts are UTF-8, or where it is windows-1252 after all.
fn detect_foreign(sample: &[u8], complete: bool, characters: usize) -> Option<Detected> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(sample, complete);
    let found = detector.guess(None, Utf8Detection::Deny);
    if found == encoding_rs::WINDOWS_1252 {
        return None;
    }
    let length = if complete {
        sample.len()
    } else {
        // The last character may be cut.
        memchr::memrchr(b'\n', sample).map_or(0, |at| at + 1)
    };
    let whole = sample.get(..length).unwrap_or(sample);
    let (_, has_faults) = found.decode_without_bom_handling(whole);
    let high = sample.iter().filter(|byte| !byte.is_ascii()).count();
    let is_enough = high >= ENOUGH_FOREIGN && !has_faults && characters * 4 < high;
    let [enough, few] = FOREIGN_CONFIDENCE;
    let confidence = if is_enough { enough } else { few };
    let encoding = Encoding::Legacy(found);
    Some(Detected::new(
        encoding,
        confidence,
        Some(Encoding::WINDOWS_1252),
    ))
}

/// A share in 0 to 1.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of bytes in a sample are small"
)]
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

fn count_bytes(sample: &[u8], complete: bool) -> Bytes {
    let mut counts = Bytes::default();
    for chunk in sample.utf8_chunks() {
        let valid = chunk.valid();
        counts.characters += count_characters(valid);
        counts.faults += usize::from(!chunk.invalid().is_empty());
    }
    if !complete && cuts_a_character(sample) {
        counts.faults = counts.faults.saturating_sub(1);
    }
    if counts.faults >= counts.characters {
        counts.singles = judge_singles(sample);
    }
    counts
}

/// Number of characters beyond ASCII: every byte that is not ASCII and begins one.
fn count_characters(text: &str) -> usize {
    if text.is_ascii() {
        return 0;
    }
    text.bytes().filter(|&byte| byte >= 0xC0).count()
}

/// Whether the text ends within what may be a character.
fn cuts_a_character(sample: &[u8]) -> bool {
    let last = sample.utf8_chunks().last();
    let tail = last.map_or(&[][..], |chunk| chunk.invalid());
    !tail.is_empty() && str::from_utf8(tail).is_err_and(|fault| fault.error_len().is_none())
}

/// The longest row of bytes beyond ASCII that languages in Latin letters have.
const LONGEST_ROW: usize = 2;

fn judge_singles(sample: &[u8]) -> Singles {
    let mut singles = Singles::default();
    for row in sample.chunk_by(|left, right| left.is_ascii() == right.is_ascii()) {
        if row.first().is_some_and(u8::is_ascii) {
            continue;
        }
        let strange = row
            .iter()
            .filter(|byte| matches!(byte, 0x81 | 0x8D | 0x8F | 0x90 | 0x9D))
            .count();
        let unlikely = if row.len() > LONGEST_ROW {
            row.len()
        } else {
            strange
        };
        singles.unlikely += unlikely;
        singles.likely += row.len() - unlikely;
    }
    singles
}

#[cfg(test)]
mod tests;
