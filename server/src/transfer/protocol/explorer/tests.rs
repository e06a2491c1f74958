//! What holds, and what would not without each of the protections.

use super::{CommitMode, Found, Invariant, Mutation, Repair, World, explore};

const DIRECT: World = World {
    blocks: 1,
    ..World::new(CommitMode::Direct)
};
const BLOCKS: World = World::new(CommitMode::Blocks);
const ATOMIC: World = World::new(CommitMode::Atomic);
const REPLACE: World = World::new(CommitMode::Replace);

#[track_caller]
fn holds(world: World) {
    match explore(&world) {
        Found::Holds { states } => println!("{:?}: {states} states", world.mode),
        Found::Broken { invariant, way } => panic!("{invariant:?} does not hold:{way}"),
    }
}

#[track_caller]
fn breaks(world: World, expected: Invariant) {
    match explore(&world) {
        Found::Holds { states } => panic!("{expected:?} holds in all {states} states"),
        Found::Broken { invariant, way } => {
            println!("{way}");
            assert_eq!(invariant, expected, "{way}");
        }
    }
}

const fn mutated(world: World, off: Mutation) -> World {
    World {
        off: Some(off),
        ..world
    }
}

const fn without(world: World, repair: Repair) -> World {
    World {
        without: Some(repair),
        ..world
    }
}

#[test]
fn invariants_hold_in_direct() {
    holds(DIRECT);
}

#[test]
fn invariants_hold_in_blocks() {
    holds(BLOCKS);
}

#[test]
fn invariants_hold_in_atomic() {
    holds(ATOMIC);
}

#[test]
fn invariants_hold_in_replace() {
    holds(REPLACE);
}

#[test]
fn fence_keeps_late_blocks_out() {
    breaks(mutated(BLOCKS, Mutation::NoFence), Invariant::NoRowTwice);
}

#[test]
fn commit_is_never_followed_by_a_failure() {
    let world = mutated(ATOMIC, Mutation::CommitThenFail);
    breaks(world, Invariant::CommitGoesForward);
}

#[test]
fn ended_blocks_that_may_have_left_rows_begin_anew() {
    let world = without(BLOCKS, Repair::BegunLeavesRows);
    breaks(world, Invariant::NoRowTwice);
}
