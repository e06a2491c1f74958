//! How many different texts a column has, up to a limit.
//!
//! Only [`super`] uses it; it must never keep a text, nor grow without end.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

/// Beyond this many the texts are no longer counted.
const LIMIT: usize = 1_000;

/// The hashes of the texts so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Distinct {
    hashes: HashSet<u64, BuildHasherDefault<Given>>,
    last: u64,
    is_full: bool,
}

impl Distinct {
    #[inline]
    pub(super) fn insert(&mut self, text: &[u8]) {
        if self.is_full {
            return;
        }
        let hash = hash(text);
        if hash == self.last {
            return;
        }
        self.last = hash;
        self.hashes.insert(hash);
        if self.hashes.len() > LIMIT {
            self.is_full = true;
            self.hashes = HashSet::default();
        }
    }

    /// Returns the count; None above the limit.
    pub(super) fn count(&self) -> Option<usize> {
        (!self.is_full).then_some(self.hashes.len())
    }
}

/// Mixes all bytes and the length into 64 bits that are well spread.
#[inline]
fn hash(text: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |state: u64, word: u64| {
        let product = u128::from(state ^ word) * u128::from(FACTOR | 1);
        let [low, high] = [product, product >> 64].map(|half| half & u128::from(u64::MAX));
        // Both halves fit a word.
        u64::try_from(low ^ high).unwrap_or(0)
    };
    let (words, tail) = text.as_chunks::<8>();
    let mut state = mix(0x517c_c1b7_2722_0a95, text.len() as u64);
    for word in words {
        state = mix(state, u64::from_le_bytes(*word)).rotate_left(23);
    }
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(tail) {
        *to = *from;
    }
    mix(mix(state, u64::from_le_bytes(last)), FACTOR)
}

/// A hash that needs no hashing.
#[derive(Clone, Debug, Default)]
struct Given(u64);

impl Hasher for Given {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash(bytes);
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

#[cfg(test)]
mod tests {
    use super::{Distinct, LIMIT};

    #[test]
    fn every_text_counts_once_up_to_the_limit() {
        let mut distinct = Distinct::default();
        for round in 0..3 {
            for number in 0..LIMIT {
                distinct.insert(format!("value number {number}").as_bytes());
            }
            assert_eq!(distinct.count(), Some(LIMIT), "{round}");
        }
        distinct.insert(b"one more");
        assert_eq!(distinct.count(), None);
    }

    #[test]
    fn short_texts_differ_from_longer_ones_with_zeros() {
        let mut distinct = Distinct::default();
        for text in [
            &b"a"[..],
            b"a\0",
            b"a\0\0\0\0\0\0\0",
            b"a\0\0\0\0\0\0\0\0",
            b"b",
            b"",
        ] {
            distinct.insert(text);
        }
        assert_eq!(distinct.count(), Some(6));
    }
}
