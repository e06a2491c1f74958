//! The one budget of memory (`--memory-limit`): what uploads, requests and answers may hold together.
//!
//! `transfer` takes from it for uploads, `rpc` for the messages of calls. It must never let two that hold a
//! part of it wait for each other.
//!
//! How this works: the budget has parts that are not lent to each other. Messages of calls have an eighth;
//! so a message that waits for its upload never holds what the upload waits for. Uploads have the rest. Each
//! takes what it needs to begin with, in the order of arrival, and more as its blocks grow. One that cannot
//! have more waits for the others, or for the turn: a part that is set aside for one block. So one of them
//! always goes on, and gives back what it holds.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::metrics::PoolLevel;

const KIB: usize = 1024;

/// What is reserved, in percent of the bytes that an upload holds: an allocator keeps freed memory, and
/// buffers that grow are there twice for a moment. Measured with uploads that ClickHouse holds up.
const RESERVE_PERCENT: usize = 250;

/// The part of the budget that messages of calls have.
const CALLS_PART: usize = 8;

/// The part of that which small messages have, and again those of callers that are not known: neither
/// can be kept away by large ones.
const SMALL_PART: usize = 8;

/// The part of that of large messages which those have that other servers hand on.
const FORWARDED_PART: usize = 3;

/// The part of the budget of uploads that the turn has at the most.
const TURN_PART: usize = 2;

/// A part of the budget, which has it back when this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Share {
    #[expect(dead_code, reason = "gives its part back on drop")]
    permit: OwnedSemaphorePermit,
}

/// Whose message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// A small one of anybody.
    Stranger,
    /// A small one.
    Small,
    /// A large one, or a large answer.
    Large,
    /// A large one that another server has handed on.
    Forwarded,
}

/// The budget.
#[derive(Debug)]
pub struct Memory {
    limit: usize,
    /// How long a message waits.
    patience: Duration,
    uploads: Pool,
    /// For one block of one upload.
    turn: Arc<Semaphore>,
    strangers: Pool,
    small: Pool,
    large: Pool,
    /// None where no other server hands messages on.
    forwarded: Option<Pool>,
    waiting: AtomicUsize,
}

/// One part of the budget, in KiB.
#[derive(Debug)]
struct Pool {
    kib: usize,
    free: Arc<Semaphore>,
}

impl Pool {
    fn new(bytes: usize) -> Self {
        let kib = (bytes / KIB).max(1);
        Self {
            kib,
            free: Arc::new(Semaphore::new(kib)),
        }
    }

    /// The permits for so many bytes; who asks for more than there is has all of it.
    fn permits(&self, bytes: usize) -> u32 {
        let kib = bytes.div_ceil(KIB).min(self.kib);
        u32::try_from(kib).unwrap_or(u32::MAX)
    }

    async fn take(&self, bytes: usize) -> Share {
        let free = Arc::clone(&self.free);
        match free.acquire_many_owned(self.permits(bytes)).await {
            Ok(permit) => Share { permit },
            // It is never closed.
            Err(_) => std::future::pending().await,
        }
    }

    fn try_take(&self, bytes: usize) -> Option<Share> {
        let free = Arc::clone(&self.free);
        let permit = free.try_acquire_many_owned(self.permits(bytes)).ok()?;
        Some(Share { permit })
    }
}

/// Says that somebody waits, for as long as it is there.
#[derive(Debug)]
pub struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Memory {
    /// A budget of `limit` bytes for uploads whose blocks have `block_bytes`, and for messages that wait
    /// no longer than `patience`.
    #[must_use]
    pub fn new(limit: usize, block_bytes: usize, patience: Duration) -> Self {
        let calls = limit / CALLS_PART;
        let small = calls / SMALL_PART;
        let uploads = limit - calls;
        let turn = reserved(block_bytes).min(uploads / TURN_PART);
        Self {
            limit,
            patience,
            uploads: Pool::new(uploads - turn),
            turn: Arc::new(Semaphore::new(1)),
            strangers: Pool::new(small),
            small: Pool::new(small),
            large: Pool::new(calls - 2 * small),
            forwarded: None,
            waiting: AtomicUsize::new(0),
        }
    }

    /// The same with a part for messages that other servers hand on: two servers whose memory is full of
    /// messages for the other one would wait for each other.
    #[must_use]
    pub fn for_fleet(self) -> Self {
        let large = self.large.kib * KIB;
        let forwarded = large / FORWARDED_PART;
        Self {
            large: Pool::new(large - forwarded),
            forwarded: Some(Pool::new(forwarded)),
            ..self
        }
    }

    /// All of it, in bytes.
    #[must_use]
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// Waits for the memory that an upload needs for `bytes` of its own, in the order of arrival.
    pub async fn upload(&self, bytes: usize) -> Share {
        self.uploads.take(reserved(bytes)).await
    }

    /// Waits for the memory that an upload needs for a workbook beside that which it holds: at most half of what there
    /// is, so that one which holds some can have it. Two may wait for what the other has, so that nobody may wait for
    /// it without an end.
    pub async fn workbook(&self, bytes: usize) -> Share {
        let most = self.uploads.kib * KIB / 2;
        self.uploads.take(reserved(bytes).min(most)).await
    }

    /// Waits for the memory of a message or an answer of so many bytes, in the order of arrival; none
    /// where that takes too long.
    pub async fn message(&self, whose: Message, bytes: usize) -> Option<Share> {
        let pool = match whose {
            Message::Stranger => &self.strangers,
            Message::Small => &self.small,
            Message::Forwarded => self.forwarded.as_ref().unwrap_or(&self.large),
            Message::Large => &self.large,
        };
        timeout(self.patience, pool.take(bytes)).await.ok()
    }

    /// Says that somebody waits for the others.
    pub fn wait(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(&self.waiting)
    }

    /// How much of each part is taken.
    pub fn levels(&self) -> Vec<PoolLevel> {
        let lent: usize = self.pools().map(|(_, pool)| pool.kib).sum();
        let turn_limit = (self.limit / KIB).saturating_sub(lent);
        let turn_taken = 1_usize.saturating_sub(self.turn.available_permits());
        let turn = PoolLevel {
            name: "turn",
            used_bytes: turn_taken * turn_limit * KIB,
            limit_bytes: turn_limit * KIB,
        };
        let level = |(name, pool): (_, &Pool)| PoolLevel {
            name,
            used_bytes: (pool.kib - pool.free.available_permits()) * KIB,
            limit_bytes: pool.kib * KIB,
        };
        self.pools().map(level).chain([turn]).collect()
    }

    fn pools(&self) -> impl Iterator<Item = (&'static str, &Pool)> {
        let pools = [
            ("uploads", Some(&self.uploads)),
            ("strangers", Some(&self.strangers)),
            ("small_messages", Some(&self.small)),
            ("large_messages", Some(&self.large)),
            ("forwarded_messages", self.forwarded.as_ref()),
        ];
        let pools = pools.into_iter();
        pools.filter_map(|(name, pool)| Some((name, pool?)))
    }

    /// How many wait for the others.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Whether somebody waits for the others.
    #[must_use]
    pub fn is_waited_for(&self) -> bool {
        self.waiting() > 0
    }

    /// Waits for `bytes` more of a block that grows, or for the turn.
    async fn grow(&self, bytes: usize) -> Growth {
        let bytes = reserved(bytes);
        if let Some(share) = self.uploads.try_take(bytes) {
            return Growth::Share(share);
        }
        let _waiting = self.wait();
        tokio::select! {
            share = self.uploads.take(bytes) => Growth::Share(share),
            Ok(permit) = Arc::clone(&self.turn).acquire_owned() => Growth::Turn(Share { permit }),
        }
    }
}

/// What is reserved for so many bytes of an upload.
const fn reserved(bytes: usize) -> usize {
    bytes.saturating_mul(RESERVE_PERCENT) / 100
}

/// What a block was given.
#[derive(Debug)]
enum Growth {
    Share(Share),
    /// It may grow until it is full.
    Turn(Share),
}

/// The memory of the block that an upload makes.
#[derive(Debug)]
pub struct BlockMemory {
    memory: Arc<Memory>,
    /// The bytes that every block may have without asking, since the upload has them reserved.
    own: usize,
    /// The bytes that are asked for at once.
    step: usize,
    /// The bytes that the block may have.
    covered: usize,
    has_turn: bool,
    shares: Vec<Share>,
}

impl BlockMemory {
    /// Memory for blocks of which each may have `own` bytes without asking, and asks for `step` more at
    /// a time.
    #[must_use]
    pub const fn new(memory: Arc<Memory>, own: usize, step: usize) -> Self {
        Self {
            memory,
            own,
            step,
            covered: own,
            has_turn: false,
            shares: Vec::new(),
        }
    }

    /// Waits until the block may have so many bytes. Dropped in the middle, it has taken nothing.
    pub async fn cover(&mut self, bytes: usize) {
        while bytes > self.covered && !self.has_turn {
            let more = (bytes - self.covered).max(self.step);
            let share = match self.memory.grow(more).await {
                Growth::Share(share) => share,
                Growth::Turn(share) => {
                    self.has_turn = true;
                    share
                }
            };
            self.shares.push(share);
            self.covered += more;
        }
    }

    /// What the block holds, to go with its bytes; the next one begins.
    pub fn take(&mut self) -> Vec<Share> {
        self.covered = self.own;
        self.has_turn = false;
        std::mem::take(&mut self.shares)
    }
}

#[cfg(test)]
mod tests;
