//! Every fault that the upload has had, by name: what would be broken if it came back, or the test that would fail.
//!
//! Part of `protocol::explorer`. A fault that the model has words for is a protection that is left out, and the
//! invariant that does not hold then; any other one is a test of the real server, which has to be there.

use std::{fs, path::Path};

use super::{
    Care::{self, DirectIsFenced, EndIsTold, RenamesForward, RestartedEnds, StagedInsertsEnd},
    CommitMode,
    Invariant::{
        self, ComesToRest, CommitGoesForward, EndsStay, LoadedIsThere, NoRowTwice, OneAnswer,
    },
    Mutation as Off, World,
    tests::{ATOMIC, ATTACH, BLOCKS, CHANGES, DIRECT, REPLACE, ROUGH, TWO_FAULTS, breaks},
};

/// How a fault shows.
enum Shown {
    /// The world that has it, and what does not hold there.
    By(World, Invariant),
    /// The file in `tests/` and the test.
    In(&'static str, &'static str),
}

use Shown::{By, In};

/// The faults with which all this began, in the order in which they were found.
const FAULTS: [(&str, Shown); 25] = [
    (
        "block_that_fails_twice_is_lost",
        By(off(BLOCKS, Off::GivenUpBlockIsLost), LoadedIsThere),
    ),
    (
        "replaced_table_loses_its_definition",
        In(
            "it/promise.rs",
            "a_replaced_table_keeps_its_whole_definition",
        ),
    ),
    (
        "commit_fails_at_a_lasting_error",
        By(off(ATOMIC, Off::CommitThenFail), CommitGoesForward),
    ),
    (
        "token_names_no_content",
        By(off(CHANGES, Off::TokenWithoutContent), LoadedIsThere),
    ),
    (
        "window_counts_blocks_and_not_parts",
        By(OVER_PARTITIONS, NoRowTwice),
    ),
    ("checkpoints_come_by_the_clock", By(UNCOVERED, NoRowTwice)),
    (
        "last_writer_has_the_step",
        By(off(ATOMIC, Off::TakeoverWithoutClaim), EndsStay),
    ),
    (
        "exchange_swaps_back",
        By(off(REPLACE, Off::ExchangeUnderOneName), LoadedIsThere),
    ),
    (
        "absent_table_is_taken_for_moved",
        By(off(ROUGH, Off::AbsentIsCommitted), LoadedIsThere),
    ),
    (
        "half_a_move_is_not_known_again",
        By(off(ATOMIC, Off::HalfMovesStay), NoRowTwice),
    ),
    (
        "client_that_leaves_stops_a_commit",
        In(
            "it/promise.rs",
            "a_client_that_leaves_does_not_stop_a_commit_that_has_no_journal",
        ),
    ),
    (
        "failed_id_begins_anew",
        By(off(ATOMIC, Off::EndedBeginsAnew), EndsStay),
    ),
    (
        "many_partitions_are_tried_for_ever",
        In(
            "it/blocks.rs",
            "a_year_of_daily_partitions_loads_in_every_mode",
        ),
    ),
    (
        "other_block_options_end_an_upload",
        In(
            "it/promise.rs",
            "another_server_goes_on_with_the_blocks_of_the_first",
        ),
    ),
    (
        "skipped_bytes_are_not_compared",
        In(
            "it/blocks.rs",
            "a_file_that_ends_before_the_checkpoint_is_another_one",
        ),
    ),
    (
        "table_made_anew_is_gone_on_with",
        In(
            "it/blocks.rs",
            "a_table_that_is_made_anew_is_not_gone_on_with",
        ),
    ),
    (
        "shutdown_ends_staged_work",
        In(
            "it/resume.rs",
            "an_engine_that_dies_in_an_upload_costs_nothing",
        ),
    ),
    (
        "nothing_replaces_everything",
        In(
            "it/empty.rs",
            "no_row_replaces_no_table_unless_that_is_meant",
        ),
    ),
    (
        "rows_that_stay_are_not_told",
        In(
            "it/promise.rs",
            "blocks_that_failed_do_not_begin_anew_under_their_id",
        ),
    ),
    (
        "commit_waits_for_a_table_that_was_replaced_again",
        By(off(REPLACED_AGAIN, Off::OldTableIsNotSeen), ComesToRest),
    ),
    (
        "direct_id_begins_anew_after_a_cancel",
        By(off(DIRECT, Off::EndedBeginsAnew), EndsStay),
    ),
    (
        "cancel_elsewhere_is_not_heard",
        By(off(ATOMIC, Off::CancelWithoutClaim), OneAnswer),
    ),
    (
        "target_that_goes_ends_a_commit",
        In(
            "it/promise.rs",
            "a_table_that_goes_in_the_middle_of_a_commit_is_waited_for",
        ),
    ),
    (
        "view_made_meanwhile_is_passed_by",
        In(
            "it/promise.rs",
            "a_view_that_is_made_during_an_upload_is_not_passed_by",
        ),
    ),
    (
        "other_file_under_one_id_is_told_loaded",
        In(
            "it/promise.rs",
            "another_file_under_the_same_id_is_refused_also_after_it_succeeded",
        ),
    ),
];

/// What was seen to be needed on the way, and what these faults do in other modes.
const FOUND: [(&str, Shown); 39] = [
    (
        "insert_has_no_fence",
        By(off(BLOCKS, Off::NoFence), NoRowTwice),
    ),
    (
        "block_is_sent_again_without_a_step",
        By(off(BLOCKS, Off::NoRenewal), NoRowTwice),
    ),
    (
        "block_is_sent_again_beside_itself",
        By(off(BLOCKS, Off::GivenUpIsNotAwaited), NoRowTwice),
    ),
    (
        "direct_insert_has_no_fence",
        By(without(DIRECT, &[DirectIsFenced]), NoRowTwice),
    ),
    (
        "staging_keeps_its_name",
        By(off(CHANGES, Off::NoRename), LoadedIsThere),
    ),
    (
        "staging_is_made_twice",
        By(off(TWO_FAULTS, Off::GoneIsMadeAnew), NoRowTwice),
    ),
    (
        "former_owner_takes_staging_back",
        By(without(CHANGES, &[RenamesForward]), LoadedIsThere),
    ),
    (
        "blocks_under_way_are_not_waited_for",
        By(without(CHANGES, &[StagedInsertsEnd]), LoadedIsThere),
    ),
    (
        "staged_is_not_counted",
        By(off(ROUGH, Off::NoCount), LoadedIsThere),
    ),
    (
        "restart_is_decided_by_anybody",
        By(without(BLOCKS, &[Care::TakesBeforeItRestarts]), NoRowTwice),
    ),
    (
        "direct_restart_is_decided_by_anybody",
        By(without(DIRECT, &[Care::TakesBeforeItRestarts]), NoRowTwice),
    ),
    (
        "checkpoint_is_read_before_the_take_over",
        By(without(BLOCKS, &[Care::TakesBeforeItReads]), NoRowTwice),
    ),
    (
        "blocks_of_another_file_stay",
        By(
            without(
                World {
                    mode: CommitMode::Blocks,
                    ..CHANGES
                },
                &[Care::BlocksAreMeantFirst],
            ),
            LoadedIsThere,
        ),
    ),
    (
        "restarted_blocks_stay_open",
        By(without(BLOCKS, &[RestartedEnds]), ComesToRest),
    ),
    (
        "restarted_stays_open",
        By(without(ATOMIC, &[RestartedEnds]), ComesToRest),
    ),
    (
        "end_is_told_too_early",
        By(without(DIRECT_TWICE, &[EndIsTold]), OneAnswer),
    ),
    (
        "commit_keeps_the_name",
        By(off(ATOMIC, Off::CommitKeepsName), NoRowTwice),
    ),
    (
        "attach_keeps_the_name",
        By(off(ATTACH, Off::CommitKeepsName), NoRowTwice),
    ),
    (
        "commit_of_others_is_not_noticed",
        By(off(ATOMIC, Off::NameIsNotCompared), NoRowTwice),
    ),
    (
        "attach_of_others_is_not_noticed",
        By(off(ATTACH, Off::NameIsNotCompared), NoRowTwice),
    ),
    (
        "attach_does_not_wait_for_inserts",
        By(
            off(ATTACH_PARTITIONS, Off::CommitWaitsForNobody),
            NoRowTwice,
        ),
    ),
    (
        "table_that_came_late_is_moved",
        By(off(TWO_FAULTS, Off::StepIsNotRead), NoRowTwice),
    ),
    (
        "two_rename_and_one_finds_nothing",
        By(off(ATTACH, Off::NameIsNotSeen), LoadedIsThere),
    ),
    (
        "two_move_and_one_finds_nothing",
        By(off(ATOMIC, Off::NameIsNotSeen), LoadedIsThere),
    ),
    (
        "replica_is_asked_too_early",
        By(off(ATTACH, Off::NoSync), NoRowTwice),
    ),
    (
        "half_an_attach_is_not_known_again",
        By(off(ATTACH, Off::HalfMovesStay), NoRowTwice),
    ),
    (
        "half_a_move_for_an_exchange_is_not_known_again",
        By(off(REPLACE, Off::HalfMovesStay), NoRowTwice),
    ),
    (
        "failed_blocks_begin_anew",
        By(off(BLOCKS, Off::EndedBeginsAnew), EndsStay),
    ),
    (
        "failed_replace_begins_anew",
        By(off(REPLACE, Off::EndedBeginsAnew), EndsStay),
    ),
    (
        "last_writer_has_the_blocks",
        By(off(BLOCKS, Off::TakeoverWithoutClaim), EndsStay),
    ),
    (
        "last_writer_has_the_replacement",
        By(off(REPLACE, Off::TakeoverWithoutClaim), EndsStay),
    ),
    (
        "cancel_of_blocks_is_not_heard",
        By(off(BLOCKS, Off::CancelWithoutClaim), OneAnswer),
    ),
    (
        "cancel_of_a_replacement_is_not_heard",
        By(off(REPLACE, Off::CancelWithoutClaim), OneAnswer),
    ),
    (
        "two_servers_complete_on_replicas",
        In(
            "cluster/commit.rs",
            "two_servers_complete_one_commit_together",
        ),
    ),
    (
        "server_that_was_frozen_goes_on",
        In(
            "it/promise.rs",
            "a_server_that_was_frozen_while_another_went_on_changes_nothing",
        ),
    ),
    (
        "block_comes_when_it_is_forgotten",
        In(
            "it/blocks.rs",
            "a_block_that_is_sent_again_does_not_come_after_it_is_forgotten",
        ),
    ),
    (
        "table_goes_between_two_moves",
        In(
            "it/promise.rs",
            "a_table_that_changes_between_two_moves_leaves_the_commit_open",
        ),
    ),
    (
        "unknown_upload_is_told_ended",
        In(
            "it/promise.rs",
            "a_client_that_leaves_before_anything_is_known_leaves_an_id_that_can_be_cancelled",
        ),
    ),
    (
        "insert_is_killed_between_table_and_view",
        In(
            "it/blocks.rs",
            "blocks_that_are_cancelled_leave_the_views_with_what_the_table_has",
        ),
    ),
];

/// Blocks of two partitions, of which the table remembers one.
const OVER_PARTITIONS: World = World {
    partitions: 2,
    ..BLOCKS
};

/// Two blocks without a checkpoint, of which the table remembers one.
const UNCOVERED: World = World {
    blocks: 3,
    uncovered: 2,
    ..BLOCKS
};

const ATTACH_PARTITIONS: World = World {
    partitions: 2,
    ..ATTACH
};

const DIRECT_TWICE: World = World {
    faults: 2,
    ..DIRECT
};

/// Another upload replaces the table once more.
const REPLACED_AGAIN: World = World {
    replaces_again: true,
    ..REPLACE
};

const fn off(world: World, off: Off) -> World {
    World {
        off: Some(off),
        ..world
    }
}

const fn without(world: World, without: &'static [Care]) -> World {
    World { without, ..world }
}

#[track_caller]
fn check(faults: &[(&str, Shown)]) {
    for (name, shown) in faults {
        println!("{name}");
        match shown {
            By(world, invariant) => breaks(*world, *invariant),
            In(file, test) => {
                let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
                let text = fs::read_to_string(tests.join(file)).unwrap();
                assert!(
                    text.contains(&format!("fn {test}(")),
                    "{name}: no {test} in {file}"
                );
            }
        }
    }
}

#[test]
fn every_fault_would_be_seen() {
    check(&FAULTS);
}

#[test]
fn everything_that_was_found_is_needed() {
    check(&FOUND);
}

/// In a list in words, so that whoever reads the architecture finds it there too.
#[test]
fn every_fault_is_written_down() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md"));
    let text = text.unwrap();
    for (name, _) in FAULTS.iter().chain(&FOUND) {
        assert!(
            text.contains(&format!("`{name}`")),
            "{name} is not in ARCHITECTURE.md"
        );
    }
}
