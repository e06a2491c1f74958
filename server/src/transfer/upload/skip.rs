//! Bytes that a caller sends again though they are loaded: passed over, and compared.
//!
//! Part of `transfer::upload`. Pure.

use bytes::{Buf as _, Bytes};

use super::Begun;

/// What became of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// All of them are passed over.
    All,
    /// The rest of them is new, and those before are the same as they were.
    Same,
    /// They are not the same.
    Different,
}

/// The bytes between where a caller begins and where the upload goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Skip {
    left: u64,
    crc32c: u32,
    wanted: Begun,
}

impl Skip {
    /// The caller begins at an offset, behind bytes with a CRC-32C; none where the upload goes on there.
    pub(super) fn between((offset, crc32c): (u64, u32), begun: Begun) -> Option<Self> {
        let left = begun.offset.saturating_sub(offset);
        (left > 0).then_some(Self {
            left,
            crc32c,
            wanted: begun,
        })
    }

    /// Where the upload goes on.
    pub(super) const fn offset(&self) -> u64 {
        self.wanted.offset
    }

    /// The bytes of the file that have come so far.
    pub(super) const fn passed(&self) -> u64 {
        self.wanted.offset - self.left
    }

    /// Takes what is to be passed over from the beginning of `data`.
    pub(super) fn pass(&mut self, data: &mut Bytes) -> Passed {
        let length = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(data.len());
        let passed = data.get(..length).unwrap_or_default();
        self.crc32c = crc32c::crc32c_append(self.crc32c, passed);
        self.left -= length as u64;
        data.advance(length);
        match self.left {
            0 if self.crc32c == self.wanted.crc32c => Passed::Same,
            0 => Passed::Different,
            _ => Passed::All,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Begun, Bytes, Passed, Skip};

    fn begun() -> Begun {
        Begun {
            offset: 5,
            crc32c: crc32c::crc32c(b"hello"),
            is_over: false,
        }
    }

    #[test]
    fn what_was_loaded_is_passed_over_and_compared() {
        assert_eq!(Skip::between((5, 0), begun()), None);
        let mut skip = Skip::between((0, 0), begun()).unwrap();
        let mut data = Bytes::from_static(b"hel");
        assert_eq!(skip.pass(&mut data), Passed::All);
        let mut data = Bytes::from_static(b"lo world");
        assert_eq!(skip.pass(&mut data), Passed::Same);
        assert_eq!(data, " world");
    }

    #[test]
    fn a_caller_may_begin_in_the_middle_of_what_was_loaded() {
        for (prefix, expected) in [(b"hel", Passed::Same), (b"hal", Passed::Different)] {
            let start = (3, crc32c::crc32c(prefix));
            let mut skip = Skip::between(start, begun()).unwrap();
            assert_eq!(skip.pass(&mut Bytes::from_static(b"lo world")), expected);
        }
    }

    #[test]
    fn other_bytes_are_noticed() {
        let mut skip = Skip::between((0, 0), begun()).unwrap();
        assert_eq!(
            skip.pass(&mut Bytes::from_static(b"hallo")),
            Passed::Different
        );
    }
}
