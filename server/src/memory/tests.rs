//! Who waits for whom.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::time::timeout;

use super::{BlockMemory, Memory, Message, Share};

const MIB: usize = 1 << 20;

const PATIENCE: Duration = Duration::from_millis(50);

/// With 64 MiB: 8 for calls, 56 for uploads, of which 10 are the turn: blocks have 4 MiB.
fn memory() -> Arc<Memory> {
    Arc::new(Memory::new(64 * MIB, 4 * MIB, PATIENCE))
}

/// What it gives at once, or nothing where it waits.
async fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    timeout(Duration::from_millis(20), future).await.ok()
}

fn block(memory: &Arc<Memory>) -> BlockMemory {
    BlockMemory::new(Arc::clone(memory), MIB, MIB)
}

#[tokio::test]
async fn uploads_begin_in_the_order_of_arrival() {
    let memory = memory();
    let held = memory.upload(18 * MIB).await;
    let large = memory.upload(2 * MIB);
    tokio::pin!(large);
    assert!(now(&mut large).await.is_none());
    // It would have its place, but does not overtake.
    let small = memory.upload(1);
    tokio::pin!(small);
    assert!(now(&mut small).await.is_none());
    drop(held);
    assert!(now(&mut large).await.is_some());
    assert!(now(&mut small).await.is_some());
}

#[tokio::test]
async fn one_that_needs_more_than_there_is_runs_alone() {
    let memory = memory();
    let whole = now(memory.upload(usize::MAX)).await.unwrap();
    assert!(now(memory.upload(1)).await.is_none());
    drop(whole);
    assert!(now(memory.upload(1)).await.is_some());
}

#[tokio::test]
async fn a_block_has_what_it_needs_until_its_bytes_are_gone() {
    let memory = memory();
    let mut growing = block(&memory);
    growing.cover(MIB).await;
    assert!(growing.take().is_empty());
    growing.cover(4 * MIB).await;
    let shares = growing.take();
    let free = 46 * MIB - 3 * MIB * 5 / 2;
    let rest = now(memory.upload(free * 2 / 5)).await.unwrap();
    assert!(now(memory.upload(1)).await.is_none());
    drop(shares);
    assert!(now(memory.upload(1)).await.is_some());
    drop(rest);
}

#[tokio::test]
async fn one_of_those_that_grow_always_goes_on() {
    let memory = memory();
    let held = memory.upload(usize::MAX).await;
    let mut blocks: Vec<_> = (0..5).map(|_| block(&memory)).collect();
    // All want more, and there is nothing: they go on one after the other.
    for growing in &mut blocks {
        now(growing.cover(4 * MIB)).await.unwrap();
        now(growing.cover(40 * MIB)).await.unwrap();
        assert!(memory.turn.available_permits() == 0);
        let shares: Vec<Share> = growing.take();
        let mut other = block(&memory);
        assert!(now(other.cover(2 * MIB)).await.is_none());
        assert!(!memory.is_waited_for());
        drop(shares);
    }
    drop(held);
}

#[tokio::test]
async fn who_begins_does_not_hold_up_who_grows() {
    let memory = memory();
    let held = memory.upload(18 * MIB).await;
    let next = memory.upload(10 * MIB);
    tokio::pin!(next);
    assert!(now(&mut next).await.is_none());
    let mut growing = block(&memory);
    now(growing.cover(4 * MIB)).await.unwrap();
    drop((held, growing));
    assert!(now(&mut next).await.is_some());
}

#[tokio::test]
async fn large_messages_keep_no_small_one_away() {
    let memory = memory();
    let uploads = memory.upload(usize::MAX).await;
    let large = memory.message(Message::Large, usize::MAX).await;
    let strangers = memory.message(Message::Stranger, usize::MAX).await;
    assert!(large.is_some() && strangers.is_some());
    let begun = tokio::time::Instant::now();
    assert!(memory.message(Message::Large, 1).await.is_none());
    assert!(begun.elapsed() >= PATIENCE);
    assert!(
        now(memory.message(Message::Small, 64 << 10))
            .await
            .is_some()
    );
    drop(uploads);
}

#[tokio::test]
async fn messages_for_other_servers_keep_none_of_theirs_away() {
    let memory = Memory::new(64 * MIB, 4 * MIB, PATIENCE).for_fleet();
    let own = memory.message(Message::Large, usize::MAX).await;
    let theirs = memory.message(Message::Forwarded, usize::MAX).await;
    assert!(own.is_some() && theirs.is_some());
    let parts = memory.large.kib + memory.forwarded.as_ref().unwrap().kib;
    assert_eq!(parts, self::memory().large.kib);
    // A server that is none of a fleet has no part for what says that it was handed on.
    let alone = self::memory();
    let own = alone.message(Message::Large, usize::MAX).await;
    assert!(own.is_some());
    assert!(now(alone.message(Message::Forwarded, 1)).await.is_none());
}

#[test]
fn the_parts_are_no_more_than_the_whole() {
    for limit in [16 * MIB, 64 * MIB, 2048 * MIB] {
        for block_bytes in [64 << 10, 16 * MIB, 1024 * MIB] {
            let memory = Memory::new(limit, block_bytes, PATIENCE);
            let turn = super::reserved(block_bytes).min((limit - limit / 8) / 2);
            let pools = [
                &memory.uploads,
                &memory.strangers,
                &memory.small,
                &memory.large,
            ];
            let kib: usize = pools.iter().map(|pool| pool.kib).sum();
            assert_eq!(kib * 1024 + turn, limit, "{limit} {block_bytes}");
        }
    }
}
