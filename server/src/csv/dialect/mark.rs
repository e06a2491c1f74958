//! A few bytes that mean something together: a delimiter or a comment prefix.
//!
//! Used by the dialect, which stays `Copy` that way. It must never be empty.

use super::{DialectError, MAX_MARK_BYTES};

/// 1 to 8 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    bytes: [u8; MAX_MARK_BYTES],
    length: u8,
}

impl Mark {
    pub(super) const fn byte(byte: u8) -> Self {
        let mut bytes = [0; MAX_MARK_BYTES];
        bytes[0] = byte;
        Self { bytes, length: 1 }
    }

    /// Takes the bytes for a role, which an error names.
    pub(super) fn new(role: &'static str, text: &[u8]) -> Result<Self, DialectError> {
        let mut bytes = [0; MAX_MARK_BYTES];
        let place = bytes.get_mut(..text.len());
        let (Some(place), Ok(length @ 1..)) = (place, u8::try_from(text.len())) else {
            let length = text.len();
            return Err(DialectError::Length { role, length });
        };
        place.copy_from_slice(text);
        Ok(Self { bytes, length })
    }

    pub(super) const fn bytes(&self) -> &[u8] {
        self.bytes.split_at(self.length as usize).0
    }

    pub(super) const fn first(&self) -> u8 {
        self.bytes[0]
    }
}
