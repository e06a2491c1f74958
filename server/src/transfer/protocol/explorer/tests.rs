//! What holds, and what does not yet.

use super::{CommitMode, Found, Invariant, Passage, World, explore};

pub(super) const DIRECT: World = World {
    blocks: 1,
    ..World::new(CommitMode::Direct)
};
pub(super) const BLOCKS: World = World::new(CommitMode::Blocks);
pub(super) const ATOMIC: World = World::new(CommitMode::Atomic);
pub(super) const REPLACE: World = World::new(CommitMode::Replace);

/// A staged upload of one block, with two faults.
pub(super) const TWO_FAULTS: World = World {
    blocks: 1,
    faults: 2,
    ..ATOMIC
};

/// A client whose file changes behind the last checkpoint.
pub(super) const CHANGES: World = World {
    changes: true,
    ..ATOMIC
};

/// A ClickHouse that is killed between a token and its block, and somebody who drops staging tables.
pub(super) const ROUGH: World = World {
    burns: true,
    meddles: true,
    ..ATOMIC
};

#[track_caller]
fn holds(world: World) {
    match explore(&world) {
        Found::Holds { states } => println!("{:?}: {states} states", world.mode),
        Found::Broken { invariant, way } => panic!("{invariant:?} does not hold:{way}"),
    }
}

#[track_caller]
pub(super) fn breaks(world: World, expected: Invariant) {
    match explore(&world) {
        Found::Holds { states } => panic!("{expected:?} holds in all {states} states"),
        Found::Broken { invariant, way } => {
            println!("{invariant:?} does not hold:{way}");
            assert_eq!(invariant, expected, "{way}");
        }
    }
}

#[test]
fn direct_holds() {
    holds(World {
        faults: 3,
        attempts: 3,
        ..DIRECT
    });
}

#[test]
fn blocks_hold() {
    holds(World {
        faults: 2,
        attempts: 3,
        ..BLOCKS
    });
}

#[test]
fn blocks_hold_with_several_that_no_checkpoint_covers() {
    holds(World {
        blocks: 3,
        window: 2,
        uncovered: 2,
        faults: 3,
        ..BLOCKS
    });
}

#[test]
fn blocks_hold_over_partitions() {
    holds(World {
        blocks: 3,
        partitions: 2,
        window: 2,
        faults: 2,
        ..BLOCKS
    });
}

#[test]
fn atomic_holds_over_partitions() {
    holds(World {
        partitions: 2,
        ..ATOMIC
    });
}

#[test]
fn atomic_holds_with_two_faults() {
    holds(TWO_FAULTS);
}

#[test]
fn atomic_holds_with_a_file_that_changes() {
    holds(CHANGES);
}

#[test]
fn atomic_holds_where_clickhouse_is_killed_and_tables_are_dropped() {
    holds(ROUGH);
}

/// A replicated table.
pub(super) const ATTACH: World = World {
    passage: Passage::Attach,
    ..ATOMIC
};

#[test]
fn attach_holds() {
    holds(ATTACH);
}

#[test]
fn attach_holds_with_two_faults() {
    holds(World {
        passage: Passage::Attach,
        ..TWO_FAULTS
    });
}

#[test]
fn attach_holds_over_partitions() {
    holds(World {
        partitions: 2,
        ..ATTACH
    });
}

#[test]
fn replicas_replace_holds() {
    holds(World {
        passage: Passage::Replace,
        ..REPLACE
    });
}

#[test]
fn replace_holds() {
    holds(REPLACE);
}

#[test]
fn replace_holds_where_the_table_is_replaced_again() {
    holds(World {
        replaces_again: true,
        blocks: 1,
        attempts: 1,
        faults: 2,
        ..REPLACE
    });
}

#[test]
fn replace_holds_with_a_file_that_changes() {
    holds(World {
        mode: CommitMode::Replace,
        passage: Passage::Exchange,
        ..CHANGES
    });
}

#[test]
fn replace_holds_where_clickhouse_is_killed_and_tables_are_dropped() {
    holds(World {
        mode: CommitMode::Replace,
        passage: Passage::Exchange,
        blocks: 1,
        ..ROUGH
    });
}

#[test]
fn blocks_hold_with_a_file_that_changes() {
    holds(World {
        mode: CommitMode::Blocks,
        ..CHANGES
    });
}

// What production does not keep out: each of these ways is open. Whoever closes one moves its test up.

#[test]
fn open_blocks_are_not_counted() {
    let world = World {
        burns: true,
        ..BLOCKS
    };
    breaks(world, Invariant::LoadedIsThere);
}
