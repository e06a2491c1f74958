//! Looks for the bytes that a text cannot hold as it is.
//!
//! The encoder asks for every text. It must never look at a text where it was just written: those
//! bytes would have to be waited for.

use wide::u8x16;

/// How many bytes are checked together.
const LANES: usize = 16;

/// The bytes that a text cannot hold as it is, some of them perhaps twice; the delimiter is the first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks([u8; 4]);

impl Marks {
    /// These bytes.
    pub(super) const fn new(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// The delimiter.
    #[inline]
    pub(super) const fn delimiter(self) -> u8 {
        self.0[0]
    }

    /// Whether one of them is the byte.
    pub(super) fn are(self, byte: u8) -> bool {
        self.0.contains(&byte)
    }

    /// Whether a text has one of them.
    #[inline]
    pub(super) fn are_in(self, text: &[u8]) -> bool {
        let Some(last) = text.last_chunk::<LANES>() else {
            return !text.is_empty() && self.are_among(&lanes(text));
        };
        let (chunks, _) = text.as_chunks::<LANES>();
        self.are_among(last) || chunks.iter().any(|chunk| self.are_among(chunk))
    }

    #[inline]
    fn are_among(self, bytes: &[u8; LANES]) -> bool {
        let bytes = u8x16::new(*bytes);
        let [first, second, third, fourth] = self.0.map(|mark| bytes.simd_eq(u8x16::splat(mark)));
        (first | second | third | fourth).to_bitmask() != 0
    }
}

/// The bytes of a text of 1 to 15, some of them several times.
#[inline]
fn lanes(text: &[u8]) -> [u8; LANES] {
    let (low, high) = if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
    } else {
        let word = half_lanes(text);
        (word, word)
    };
    (u128::from(low) | u128::from(high) << 64).to_le_bytes()
}

/// The same for a text of 1 to 7 bytes.
#[inline]
fn half_lanes(text: &[u8]) -> u64 {
    let (low, high) = if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        (u32::from_le_bytes(*first), u32::from_le_bytes(*last))
    } else {
        let byte = |index: usize| text.get(index).copied().unwrap_or_default();
        let (middle, last) = (byte(text.len() / 2), byte(text.len().saturating_sub(1)));
        let word = u32::from_le_bytes([byte(0), middle, last, last]);
        (word, word)
    };
    u64::from(low) | u64::from(high) << 32
}
