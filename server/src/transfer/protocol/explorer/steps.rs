//! What the answer to a statement, or a look, makes of a run.
//!
//! Part of `protocol::explorer`; `server` says what is sent.

use super::{
    Care, Mutation, State, World,
    model::Taken,
    server::{Place, Run, UNKNOWN, end},
    statement::Answer,
};
use crate::transfer::{CommitMode, Phase, protocol::Step};

/// Takes a run one action further, with the answer to what it has sent, if it has.
pub(super) fn go_on(world: &World, state: &mut State, server: usize, answer: Option<Answer>) {
    let Some(mut run) = state.runs[server] else {
        return;
    };
    let next = match answer {
        Some(Answer::Other(other)) => give_way(&run, other),
        _ => match run.place {
            Place::GiveBack | Place::Take | Place::Begin | Place::Resume => {
                own(world, state, &mut run)
            }
            Place::Create | Place::Rename => name(world, state, &run, answer),
            Place::SeeEnded => Some(Place::Ready),
            Place::SeeGivenUp => Some(Place::Insert),
            Place::LookAgain => {
                run.epoch = state.shared.newest;
                Some(Place::Renew)
            }
            Place::Renew => {
                run.epoch += 1;
                Some(Place::SeeGivenUp)
            }
            Place::Count => Some(count(world, state, &mut run)),
            Place::MakeReplacement => Some(Place::Commit),
            Place::Commit => {
                run.epoch += 1;
                state.shared.row.put(Phase::Committing, run.epoch);
                if world.has(Care::LooksBeforeItMoves) {
                    (run.moves, run.is_repeated) = (UNKNOWN, true);
                }
                Some(Place::Move)
            }
            Place::Move | Place::Fill => move_on(world, state, &mut run, answer),
            Place::RenameReplacement | Place::Exchange => exchange(state, &mut run, answer),
            Place::Done
            | Place::Drop
            | Place::Mismatch
            | Place::DropRestarted
            | Place::Fail
            | Place::Cancel
            | Place::DropEnded => conclude(state, &mut run),
            Place::Ready | Place::Insert | Place::Waiting => Some(run.place),
        },
    };
    state.runs[server] = next.map(|place| Run { place, ..run });
}

/// Somebody else has the step.
fn give_way(run: &Run, other: Taken) -> Option<Place> {
    match run.place {
        // Whoever completes a commit takes the DONE of anybody.
        Place::Done if run.is_repeated && other.step() == Step::Done => Some(Place::Drop),
        Place::Fail | Place::Cancel if other.step() == Step::Cancel => Some(Place::DropEnded),
        _ => None,
    }
}

/// The upload becomes that of the run.
fn own(world: &World, state: &mut State, run: &mut Run) -> Option<Place> {
    let is_staged = world.mode.is_staged();
    let shared = &mut state.shared;
    match run.place {
        Place::GiveBack => {
            run.epoch += 1;
            run.incarnation += 1;
            run.is_new = true;
            Some(Place::Take)
        }
        Place::Take => {
            run.epoch += 1;
            if run.epoch == 1 {
                shared.row.put(Phase::Running, run.epoch);
            }
            let reads_now = !run.is_new && world.has(Care::TakesBeforeItReads);
            if reads_now && !run.resume(world, shared) {
                return None;
            }
            Some(if run.is_new {
                Place::Begin
            } else if shared.begun != run.incarnation {
                Place::GiveBack
            } else if world.mode == CommitMode::Direct {
                Place::Fail
            } else {
                Place::Resume
            })
        }
        Place::Begin => {
            shared.begun = shared.begun.max(run.incarnation);
            shared.row.put(Phase::Running, run.epoch);
            Some(if is_staged {
                Place::Create
            } else {
                Place::Ready
            })
        }
        _ => {
            shared.row.put(Phase::Running, run.epoch);
            Some(match world.off {
                Some(Mutation::NoRename) => Place::Ready,
                _ if is_staged => Place::Rename,
                _ => Place::SeeEnded,
            })
        }
    }
}

/// The staging table gets the name of its owner.
fn name(world: &World, state: &State, run: &Run, answer: Option<Answer>) -> Option<Place> {
    match answer {
        Some(Answer::Absent) => Some(run.place),
        Some(_) if run.place == Place::Rename && world.has(Care::StagedInsertsEnd) => {
            Some(Place::SeeEnded)
        }
        Some(_) => Some(Place::Ready),
        // There is none, or somebody with a later step has it.
        None => {
            let is_gone = state.shared.find(run.incarnation).is_none();
            is_gone.then_some(Place::Mismatch)
        }
    }
}

/// Counts what is staged.
fn count(world: &World, state: &State, run: &mut Run) -> Place {
    let Some(place) = state.shared.find(run.incarnation) else {
        return Place::Mismatch;
    };
    let table = state.shared.staging[place];
    let rows = table.rows.count_ones() + u32::from(table.has_twice);
    run.moves = world.partitions_of(table.rows);
    if rows != world.count(world.blocks) {
        Place::Mismatch
    } else if world.mode == CommitMode::Replace {
        Place::MakeReplacement
    } else {
        Place::Commit
    }
}

/// The table that takes the place of the target has another name, or its place.
fn exchange(state: &State, run: &mut Run, answer: Option<Answer>) -> Option<Place> {
    match (run.place, answer) {
        (Place::Exchange, Some(Answer::Absent)) => None,
        (Place::Exchange, _) | (_, Some(Answer::Absent)) => Some(Place::Move),
        _ => {
            run.attempt = state.shared.replacement.attempt;
            run.moves = UNKNOWN;
            Some(Place::Fill)
        }
    }
}

/// A step that ends the upload or its incarnation is taken, or what it leaves is dropped.
fn conclude(state: &mut State, run: &mut Run) -> Option<Place> {
    let shared = &mut state.shared;
    match run.place {
        Place::Done => {
            run.epoch += 1;
            shared.row.put(Phase::Succeeded, run.epoch);
            Some(Place::Drop)
        }
        Place::Drop => {
            shared.told_success = true;
            None
        }
        Place::Mismatch => {
            run.epoch += 1;
            Some(Place::DropRestarted)
        }
        Place::DropRestarted => {
            shared.row.put(Phase::Interrupted, run.epoch);
            None
        }
        Place::DropEnded => {
            end(state, run);
            None
        }
        _ => {
            run.epoch += 1;
            Some(Place::DropEnded)
        }
    }
}

/// One look or one move of a commit.
fn move_on(
    world: &World,
    state: &mut State,
    run: &mut Run,
    answer: Option<Answer>,
) -> Option<Place> {
    let shared = &mut state.shared;
    if world.mode == CommitMode::Replace && run.place == Place::Move {
        run.attempt = shared.replacement.attempt;
        return Some(match world.off {
            _ if shared.replacement.is_exchanged => Place::Done,
            Some(Mutation::ExchangeUnderOneName) => {
                run.moves = UNKNOWN;
                Place::Fill
            }
            _ => Place::RenameReplacement,
        });
    }
    match answer {
        Some(Answer::Ok) => {
            run.moves &= run.moves - 1;
            return Some(run.place);
        }
        Some(_) => return None,
        None => {}
    }
    let replacement = shared.replacement;
    if run.place == Place::Fill
        && (!replacement.is_made || replacement.is_exchanged || replacement.attempt != run.attempt)
    {
        return Some(Place::Move);
    }
    let Some(place) = shared.find(run.incarnation) else {
        // Where it is not there, nobody knows why.
        return (world.off == Some(Mutation::AbsentIsCommitted)).then_some(Place::Done);
    };
    if run.moves != 0 {
        let looks = run.is_repeated || run.place == Place::Fill;
        if looks && world.off != Some(Mutation::HalfMovesStay) {
            shared.leave_out_moved(world, place);
        }
        run.moves = world.partitions_of(shared.staging[place].rows);
    }
    if run.moves != 0 {
        return Some(run.place);
    }
    if shared.staging[place].rows != 0 {
        // More rows than were counted: they are looked at again.
        (run.moves, run.is_repeated) = (UNKNOWN, true);
        return Some(run.place);
    }
    Some(match run.place {
        Place::Fill => Place::Exchange,
        _ => Place::Done,
    })
}
