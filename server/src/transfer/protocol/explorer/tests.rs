//! What holds, and what would not without each of the protections.

use super::{Care, CommitMode, Found, Invariant, Mutation, OPEN, World, explore};

const DIRECT: World = World {
    blocks: 1,
    ..World::new(CommitMode::Direct)
};
const BLOCKS: World = World::new(CommitMode::Blocks);
const ATOMIC: World = World::new(CommitMode::Atomic);
const REPLACE: World = World::new(CommitMode::Replace);

/// A staged upload of one block, with two faults.
const TWO_FAULTS: World = World {
    blocks: 1,
    faults: 2,
    ..ATOMIC
};

/// A client whose file changes behind the last checkpoint.
const CHANGES: World = World {
    changes: true,
    ..ATOMIC
};

/// A ClickHouse that is killed between a token and its block, and somebody who drops staging tables.
const ROUGH: World = World {
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
fn breaks(world: World, expected: Invariant) {
    match explore(&world) {
        Found::Holds { states } => panic!("{expected:?} holds in all {states} states"),
        Found::Broken { invariant, way } => {
            println!("{invariant:?} does not hold:{way}");
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

const fn without(world: World, without: &'static [Care]) -> World {
    World { without, ..world }
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
    holds(World {
        faults: 2,
        ..ATOMIC
    });
}

#[test]
fn atomic_holds_with_a_file_that_changes() {
    holds(CHANGES);
}

#[test]
fn atomic_holds_where_clickhouse_is_killed_and_tables_are_dropped() {
    holds(ROUGH);
}

#[test]
fn replace_holds() {
    holds(REPLACE);
}

#[test]
fn replace_holds_with_a_file_that_changes() {
    holds(World {
        mode: CommitMode::Replace,
        ..CHANGES
    });
}

#[test]
fn replace_holds_where_clickhouse_is_killed_and_tables_are_dropped() {
    holds(World {
        mode: CommitMode::Replace,
        ..ROUGH
    });
}

// What each protection of production keeps out.

#[test]
fn an_insert_without_a_fence_comes_when_its_token_is_forgotten() {
    breaks(mutated(BLOCKS, Mutation::NoFence), Invariant::NoRowTwice);
}

#[test]
fn a_table_that_keeps_its_name_takes_blocks_of_a_former_owner() {
    let world = without(CHANGES, &[Care::StagedIsFenced]);
    breaks(mutated(world, Mutation::NoRename), Invariant::LoadedIsThere);
}

#[test]
fn a_token_that_names_no_content_drops_another_block() {
    let world = mutated(CHANGES, Mutation::TokenWithoutContent);
    breaks(world, Invariant::LoadedIsThere);
}

#[test]
fn a_commit_without_a_count_misses_a_block_that_clickhouse_has_lost() {
    breaks(mutated(ROUGH, Mutation::NoCount), Invariant::LoadedIsThere);
}

#[test]
fn a_block_that_is_given_up_and_not_sent_again_is_lost() {
    let world = mutated(BLOCKS, Mutation::GivenUpBlockIsLost);
    breaks(world, Invariant::LoadedIsThere);
}

#[test]
fn a_commit_that_may_fail_shows_rows_of_a_failed_upload() {
    let world = mutated(ATOMIC, Mutation::CommitThenFail);
    breaks(world, Invariant::CommitGoesForward);
}

#[test]
fn a_table_that_is_not_there_was_not_moved() {
    let world = mutated(ROUGH, Mutation::AbsentIsCommitted);
    breaks(world, Invariant::LoadedIsThere);
}

#[test]
fn an_exchange_under_the_same_name_swaps_back() {
    let world = mutated(REPLACE, Mutation::ExchangeUnderOneName);
    breaks(world, Invariant::LoadedIsThere);
}

#[test]
fn a_part_that_was_moved_by_half_would_be_moved_again() {
    for world in [ATOMIC, REPLACE] {
        let world = mutated(world, Mutation::HalfMovesStay);
        breaks(world, Invariant::NoRowTwice);
    }
}

#[test]
fn a_cancel_without_a_step_is_told_of_what_is_loaded() {
    for world in [BLOCKS, ATOMIC, REPLACE] {
        let world = mutated(world, Mutation::CancelWithoutClaim);
        breaks(world, Invariant::OneAnswer);
    }
}

#[test]
fn an_owner_who_writes_over_another_one_writes_over_ends() {
    for world in [BLOCKS, ATOMIC, REPLACE] {
        let world = mutated(world, Mutation::TakeoverWithoutClaim);
        breaks(world, Invariant::EndsStay);
    }
}

#[test]
fn an_upload_that_ended_and_begins_anew_was_not_at_its_end() {
    for world in [DIRECT, BLOCKS, ATOMIC, REPLACE] {
        let world = mutated(world, Mutation::EndedBeginsAnew);
        breaks(world, Invariant::EndsStay);
    }
}

#[test]
fn a_window_smaller_than_what_is_uncovered_forgets_a_block() {
    let small = World {
        blocks: 3,
        uncovered: 2,
        ..BLOCKS
    };
    breaks(small, Invariant::NoRowTwice);
    let partitioned = World {
        partitions: 2,
        ..BLOCKS
    };
    breaks(partitioned, Invariant::NoRowTwice);
}

// What the explorer has found and production minds since: each is left out.

#[test]
fn a_restart_is_decided_by_the_owner() {
    const WITHOUT: &[Care] = &[Care::TakesBeforeItRestarts];
    breaks(without(BLOCKS, WITHOUT), Invariant::NoRowTwice);
    breaks(without(DIRECT, WITHOUT), Invariant::NoRowTwice);
}

#[test]
fn a_checkpoint_is_read_by_the_owner() {
    const WITHOUT: &[Care] = &[Care::TakesBeforeItReads];
    breaks(without(BLOCKS, WITHOUT), Invariant::NoRowTwice);
}

#[test]
fn what_is_restarted_ends() {
    const WITHOUT: &[Care] = &[Care::RestartedEnds];
    breaks(without(BLOCKS, WITHOUT), Invariant::ComesToRest);
    breaks(without(ATOMIC, WITHOUT), Invariant::ComesToRest);
}

#[test]
fn a_block_in_hand_is_waited_for() {
    const WITHOUT: &[Care] = &[Care::StagedInsertsEnd];
    breaks(without(CHANGES, WITHOUT), Invariant::LoadedIsThere);
}

#[test]
fn a_former_owner_does_not_take_the_table_back() {
    const WITHOUT: &[Care] = &[Care::RenamesForward, Care::StagedIsFenced];
    breaks(without(CHANGES, WITHOUT), Invariant::LoadedIsThere);
}

#[test]
fn a_commit_looks_before_it_moves() {
    const WITHOUT: &[Care] = &[Care::LooksBeforeItMoves];
    breaks(without(TWO_FAULTS, WITHOUT), Invariant::NoRowTwice);
}

#[test]
fn direct_has_a_fence() {
    const WITHOUT: &[Care] = &[Care::DirectIsFenced];
    breaks(without(DIRECT, WITHOUT), Invariant::NoRowTwice);
}

#[test]
fn an_end_is_told_when_the_journal_has_it() {
    let world = World {
        faults: 2,
        ..DIRECT
    };
    const WITHOUT: &[Care] = &[Care::EndIsTold];
    breaks(without(world, WITHOUT), Invariant::OneAnswer);
}

// What production does not keep out: each of these ways is open. Whoever closes one moves its test up.

#[test]
fn open_a_look_is_older_than_a_kill() {
    const WITHOUT: &[Care] = &[Care::KillIsNoticed];
    breaks(without(ATOMIC, WITHOUT), Invariant::NoRowTwice);
}

#[test]
fn open_a_late_create_and_a_late_block_are_moved_again() {
    const WITHOUT: &[Care] = &[Care::StagedIsFenced];
    breaks(without(TWO_FAULTS, WITHOUT), Invariant::NoRowTwice);
}

#[test]
fn open_blocks_of_a_file_that_changes_stay() {
    let world = World {
        mode: CommitMode::Blocks,
        ..CHANGES
    };
    breaks(world, Invariant::LoadedIsThere);
}

#[test]
fn open_blocks_are_not_counted() {
    let world = World {
        burns: true,
        ..BLOCKS
    };
    breaks(world, Invariant::LoadedIsThere);
}

#[test]
fn open_as_production_is() {
    holds(without(DIRECT, &OPEN));
    holds(without(BLOCKS, &OPEN));
    breaks(without(ATOMIC, &OPEN), Invariant::NoRowTwice);
}
