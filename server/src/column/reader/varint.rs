//! Lengths and counts of the Native format: 7 bits a byte, least significant first.
//!
//! [`super::Reader`] feeds them byte by byte; it must never accept a form ClickHouse does not write,
//! because the length of a string is told from the length of its whole record.

/// A number that may have been read in part.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Varint {
    value: u64,
    shift: u32,
}

impl Varint {
    /// Reads on from `input`, consuming what belongs to the number.
    ///
    /// `Ok(None)` when the input ended first. An error says what is wrong; the number is then void.
    pub(super) fn feed(&mut self, input: &mut &[u8]) -> Result<Option<u64>, &'static str> {
        while let Some((&byte, rest)) = input.split_first() {
            *input = rest;
            let bits = u64::from(byte & 0x7f);
            if self.shift == 63 && bits > 1 || self.shift > 63 {
                return Err("a number has more than 64 bits");
            }
            self.value |= bits << self.shift;
            if byte < 0x80 {
                if byte == 0 && self.shift > 0 {
                    return Err("a number has needless zero bytes");
                }
                return Ok(Some(self.value));
            }
            self.shift += 7;
        }
        Ok(None)
    }
}

/// Returns the bytes of the length in front of a string, by the length of both together.
///
/// A length of up to `2^(7n) - 1` takes n bytes, so both together take up to `2^(7n) - 1 + n`.
#[inline]
pub(super) fn prefix_length(record_length: usize) -> usize {
    if record_length <= 0x80 {
        return 1;
    }
    match record_length {
        0..=0x4001 => 2,
        0x4002..=0x20_0002 => 3,
        0x20_0003..=0x1000_0003 => 4,
        _ => 5,
    }
}
