//! Finds where each string of a column begins and ends, over any number of chunks.
//!
//! [`super::Reader`] calls it for the data of a String column; it must never look at the bytes of
//! the strings themselves.

use super::{block::BlockColumn, varint::Varint};

/// Where a column of strings stands between two chunks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StringScan {
    /// The length of the next string, as far as it has been read.
    length: Varint,
    /// The bytes of the present string that are still to come; `None` in front of its length.
    missing: Option<usize>,
}

impl StringScan {
    /// Returns the bytes that the present string lacks.
    pub(super) fn missing(&self) -> usize {
        self.missing.unwrap_or(0)
    }

    /// Moves strings from `rest` to the column until it has `row_count` of them or `rest` is empty.
    ///
    /// Returns whether the column is complete. The caller checks the size of the column and of
    /// [`missing`](Self::missing) against its limit after each call.
    pub(super) fn scan(
        &mut self,
        rest: &mut &[u8],
        column: &mut BlockColumn,
        row_count: usize,
    ) -> Result<bool, &'static str> {
        let offsets = &mut column.offsets;
        let base = column.values.len();
        if offsets.is_empty() {
            offsets.push(0);
        }
        // A string takes a byte at least, so no more of them can be in this chunk.
        let wanted = (row_count + 1).saturating_sub(offsets.len());
        offsets.reserve(wanted.min(rest.len()));

        let input = *rest;
        let mut at = 0;
        let mut failure = None;
        while offsets.len() <= row_count {
            let missing = match (self.missing, input.get(at)) {
                (Some(missing), _) => missing,
                (None, None) => break,
                (None, Some(_)) => {
                    let mut tail = input.get(at..).unwrap_or_default();
                    let fed = self.length.feed(&mut tail);
                    at = input.len() - tail.len();
                    match fed {
                        Ok(Some(length)) => usize::try_from(length).unwrap_or(usize::MAX),
                        Ok(None) => break,
                        Err(problem) => {
                            failure = Some(problem);
                            break;
                        }
                    }
                }
            };
            let taken = missing.min(input.len() - at);
            at += taken;
            if taken < missing {
                self.missing = Some(missing - taken);
                break;
            }
            *self = Self::default();
            offsets.push(place(base + at));
        }
        let (taken, left) = input.split_at(at);
        column.values.extend_from_slice(taken);
        *rest = left;
        failure.map_or(Ok(offsets.len() > row_count), Err)
    }
}

/// The limit of a block keeps every place below 4 GiB.
fn place(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
