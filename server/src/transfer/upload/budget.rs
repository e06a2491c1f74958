//! How many bytes of an upload may wait for the decoder.
//!
//! Part of `transfer::upload`. It must never let more wait than the budget, but for one message that is
//! larger than all of it.
//!
//! Bytes are let in by the share, not one by one: when the decoder is slower than the network, a caller
//! that is woken for each message it may send wakes, and sleeps, thousands of times for nothing.

use std::sync::Arc;

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
}
