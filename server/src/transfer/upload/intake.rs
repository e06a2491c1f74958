//! What comes in: how many bytes may wait for the decoder, and which are passed over.
//!
//! Part of `transfer::upload`. It must never let more wait than the budget, but for one message that is
//! larger than all of it; nor pass over what is not the same as it was.
//!
//! Bytes are let in by the share, not one by one: when the decoder is slower than the network, a caller
//! that is woken for each message it may send wakes, and sleeps, thousands of times for nothing.

use std::sync::Arc;

use bytes::{Buf as _, Bytes};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many shares the budget has: one is decoded while the other arrives.
const SHARES: usize = 2;

/// Holds a share of the budget until the last chunk with it is gone.
pub(super) type Share = Arc<OwnedSemaphorePermit>;

/// The budget of one upload.
#[derive(Debug)]
pub(super) struct Budget {
    free: Arc<Semaphore>,
    byte_count: usize,
    /// What was taken last, and how many bytes of it are not spent.
    share: Option<(Share, usize)>,
}

impl Budget {
    pub(super) fn new(byte_count: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(byte_count)),
            byte_count,
            share: None,
        }
    }

    /// Waits until so many bytes may come. Dropped in the middle, it has taken nothing.
    pub(super) async fn take(&mut self, byte_count: usize) -> Option<Share> {
        let byte_count = byte_count.min(self.byte_count);
        if let Some((share, left)) = &mut self.share
            && *left >= byte_count
        {
            *left -= byte_count;
            return Some(Arc::clone(share));
        }
        self.share = None;
        let share_bytes = byte_count.max(self.byte_count / SHARES);
        let permits = u32::try_from(share_bytes).unwrap_or(u32::MAX);
        let free = Arc::clone(&self.free);
        let share = Arc::new(free.acquire_many_owned(permits).await.ok()?);
        self.share = Some((Arc::clone(&share), share_bytes - byte_count));
        Some(share)
    }
}

/// Where an upload begins, once that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Begun {
    /// The offset in the file of the first byte that it takes.
    pub offset: u64,
    /// The CRC-32C of the bytes before.
    pub crc32c: u32,
    /// Whether it takes none, because it is loaded already or being committed.
    pub is_over: bool,
}

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
    pub(super) fn between(offset: u64, crc32c: u32, begun: Begun) -> Option<Self> {
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
    use super::*;

    /// Takes, or says that it has to wait.
    async fn try_take(budget: &mut Budget, byte_count: usize) -> Option<Share> {
        tokio::select! {
            biased;
            share = budget.take(byte_count) => share,
            () = tokio::task::yield_now() => None,
        }
    }

    #[tokio::test]
    async fn the_budget_is_given_out_to_its_last_byte() {
        let mut budget = Budget::new(8);
        let mut held = Vec::new();
        for byte_count in [1, 3, 2, 2] {
            held.push(try_take(&mut budget, byte_count).await.unwrap());
        }
        assert!(try_take(&mut budget, 1).await.is_none());
    }

    #[tokio::test]
    async fn a_share_comes_back_with_its_last_chunk() {
        let mut budget = Budget::new(8);
        let first = try_take(&mut budget, 2).await.unwrap();
        let second = try_take(&mut budget, 2).await.unwrap();
        let other = try_take(&mut budget, 4).await.unwrap();
        drop(first);
        assert!(try_take(&mut budget, 1).await.is_none());
        drop(second);
        assert!(try_take(&mut budget, 4).await.is_some());
        drop(other);
    }

    #[tokio::test]
    async fn a_message_as_large_as_the_budget_or_larger_comes_alone() {
        for byte_count in [8, 9, 1 << 40] {
            let mut budget = Budget::new(8);
            let whole = try_take(&mut budget, byte_count).await.unwrap();
            assert!(try_take(&mut budget, 1).await.is_none(), "{byte_count}");
            drop(whole);
            assert!(try_take(&mut budget, byte_count).await.is_some());
        }
    }

    #[tokio::test]
    async fn who_stops_waiting_has_taken_nothing() {
        let mut budget = Budget::new(8);
        let held = try_take(&mut budget, 6).await.unwrap();
        assert!(try_take(&mut budget, 6).await.is_none());
        drop(held);
        assert!(try_take(&mut budget, 8).await.is_some());
    }

    fn begun() -> Begun {
        Begun {
            offset: 5,
            crc32c: crc32c::crc32c(b"hello"),
            is_over: false,
        }
    }

    #[test]
    fn what_was_loaded_is_passed_over_and_compared() {
        assert_eq!(Skip::between(5, 0, begun()), None);
        let mut skip = Skip::between(0, 0, begun()).unwrap();
        let mut data = Bytes::from_static(b"hel");
        assert_eq!(skip.pass(&mut data), Passed::All);
        let mut data = Bytes::from_static(b"lo world");
        assert_eq!(skip.pass(&mut data), Passed::Same);
        assert_eq!(data, " world");
    }

    #[test]
    fn a_caller_may_begin_in_the_middle_of_what_was_loaded() {
        for (prefix, expected) in [(b"hel", Passed::Same), (b"hal", Passed::Different)] {
            let mut skip = Skip::between(3, crc32c::crc32c(prefix), begun()).unwrap();
            assert_eq!(skip.pass(&mut Bytes::from_static(b"lo world")), expected);
        }
    }

    #[test]
    fn other_bytes_are_noticed() {
        let mut skip = Skip::between(0, 0, begun()).unwrap();
        assert_eq!(
            skip.pass(&mut Bytes::from_static(b"hallo")),
            Passed::Different
        );
    }
}
