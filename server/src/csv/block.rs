//! Finds the bytes that matter among 64: the only place with vector instructions.
//!
//! Used by the scanner. It must never know about records or state.

use wide::u8x64;

use super::Dialect;

/// How many bytes are looked at together.
pub(super) const BLOCK_BYTES: usize = 64;

/// Where each kind of byte stands in a block: bit `i` is byte `i`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Masks {
    pub(super) delimiter: u64,
    /// The quote of a dialect with quotes, the escape of one with escapes, else nothing.
    pub(super) special: u64,
    pub(super) line_feed: u64,
    pub(super) carriage_return: u64,
}

/// The bytes to look for, spread over vectors.
#[derive(Debug, Clone)]
pub(super) struct Finder {
    delimiter: u8x64,
    special: u8x64,
    /// All ones, or zero when the dialect has neither quote nor escape.
    special_filter: u64,
}

impl Finder {
    pub(super) fn new(dialect: Dialect) -> Self {
        let special = dialect.quote().or(dialect.escape());
        Self {
            delimiter: u8x64::splat(dialect.delimiter_byte()),
            special: u8x64::splat(special.unwrap_or_default()),
            special_filter: if special.is_some() { u64::MAX } else { 0 },
        }
    }

    #[inline]
    pub(super) fn masks(&self, block: &[u8; BLOCK_BYTES]) -> Masks {
        let block = u8x64::new(*block);
        Masks {
            delimiter: block.simd_eq(self.delimiter).to_bitmask(),
            special: block.simd_eq(self.special).to_bitmask() & self.special_filter,
            line_feed: block.simd_eq(u8x64::splat(b'\n')).to_bitmask(),
            carriage_return: block.simd_eq(u8x64::splat(b'\r')).to_bitmask(),
        }
    }
}

/// For each bit, whether an odd number of bits are set up to and including it: the bytes inside
/// quotes, with the opening quote and without the closing one.
#[inline]
pub(super) const fn parity(mut bits: u64) -> u64 {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^ (bits << 32)
}

#[cfg(test)]
mod tests {
    use super::{Dialect, Finder, parity};

    #[test]
    fn every_byte_is_marked_at_its_place() {
        let finder = Finder::new(Dialect::csv());
        for place in 0..64 {
            let mut block = [b'x'; 64];
            block[place] = b',';
            assert_eq!(finder.masks(&block).delimiter, 1 << place);
            block[place] = b'"';
            assert_eq!(finder.masks(&block).special, 1 << place);
            block[place] = b'\n';
            assert_eq!(finder.masks(&block).line_feed, 1 << place);
            block[place] = b'\r';
            assert_eq!(finder.masks(&block).carriage_return, 1 << place);
        }
    }

    #[test]
    fn without_quote_and_escape_nothing_is_special() {
        let finder = Finder::new(Dialect::csv().with_quote(None).unwrap());
        assert_eq!(finder.masks(&[0; 64]).special, 0);
        assert_eq!(finder.masks(&[b'"'; 64]).special, 0);
    }

    #[test]
    fn parity_covers_from_each_odd_bit_to_the_next() {
        assert_eq!(parity(0b0100_0010), 0b0011_1110);
        assert_eq!(parity(1 << 63), 1 << 63);
        assert_eq!(parity(1), u64::MAX);
    }
}
