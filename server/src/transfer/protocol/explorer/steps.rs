//! What the reply to a statement, or a look, makes of a run.
//!
//! Part of `protocol::explorer`; `server` says what is sent.

use super::{
    Care, Mutation, State, World, completing,
    server::{Place, Run, cause_of, end, settle},
    statement::Reply,
};
use crate::transfer::{
    Phase,
    protocol::{
        Step,
        beginning::{Coming, First, Staging},
        block,
        completion::{Completion, Passage},
        ending::{Answer, Cause, Ending, Farewell},
    },
};

/// Takes a run one action further, with the reply to what it has sent, if it has.
pub(super) fn go_on(world: &World, state: &mut State, server: usize, reply: Option<Reply>) {
    let Some(mut run) = state.runs[server] else {
        return;
    };
    let next = match (run.place, reply) {
        (Place::Completing(completion), reply) => {
            let observed = match reply {
                Some(reply) => completing::answered(reply),
                None => completing::look(world, state, &mut run, completion.action()),
            };
            completing::go_on(world, state, &mut run, completion, observed)
        }
        (Place::Close(ending), Some(reply)) => close(&mut run, ending, reply),
        // It has not become its own.
        (Place::Take | Place::GiveBack, Some(Reply::Other(_))) => None,
        (_, Some(Reply::Other(other))) => {
            settle(world, state, server, cause_of(other.step()));
            return;
        }
        (Place::Create | Place::Rename, reply) => {
            if let Err(cause) = name(world, state, &mut run, reply) {
                settle(world, state, server, cause);
                return;
            }
            Some(run.place)
        }
        (Place::Count, _) => {
            if let Err(cause) = count(world, state, &mut run) {
                settle(world, state, server, cause);
                return;
            }
            Some(run.place)
        }
        (place, _) => pass(world, state, &mut run, place),
    };
    state.runs[server] = next.map(|place| Run { place, ..run });
}

/// What follows where nothing but one thing can.
fn pass(world: &World, state: &mut State, run: &mut Run, place: Place) -> Option<Place> {
    match place {
        Place::GiveBack
        | Place::Take
        | Place::Begin
        | Place::SeeEnded
        | Place::LookBegun
        | Place::CatchUp => own(world, state, run),
        Place::LookAgain(sending) => {
            run.epoch = state.shared.newest;
            Some(Place::Sending(sending))
        }
        Place::Sending(sending) => {
            let looks = sending.action() == block::Action::LookWhoOwns;
            // Only the last block of another version is another one.
            if looks && run.blocks + 1 == world.blocks && world.has(Care::BlocksAreMeantFirst) {
                state.shared.meant = run.checkpoint();
            }
            run.epoch += u8::from(sending.action() == block::Action::Renew);
            Some(Place::sending(world, sending, block::Observed::Done))
        }
        Place::MakeReplacement => Some(Place::Commit),
        Place::Commit => {
            run.epoch += 1;
            state.shared.row.put(Phase::Committing, run.epoch);
            let completion = Completion::new(world.passage, false);
            Some(Place::Completing(completion))
        }
        Place::Done => {
            run.epoch += 1;
            state.shared.row.put(Phase::Succeeded, run.epoch);
            state.shared.told_success = true;
            None
        }
        Place::Clear(Ending::Restart) => {
            state.shared.row.put(Phase::Interrupted, run.epoch);
            None
        }
        Place::Clear(_) => {
            end(state, run);
            None
        }
        place => Some(place),
    }
}

/// The step that ends the upload, or its incarnation, is taken by this run or another one.
fn close(run: &mut Run, ending: Ending, reply: Reply) -> Option<Place> {
    let answer = match reply {
        Reply::Other(other) if other.step() == Step::Cancel => Answer::Cancelled,
        Reply::Other(_) => Answer::Lost,
        _ => {
            run.epoch += 1;
            Answer::Taken
        }
    };
    (ending.then(answer) == Farewell::Tell).then_some(Place::Clear(ending))
}

/// The upload becomes that of the run.
fn own(world: &World, state: &mut State, run: &mut Run) -> Option<Place> {
    let is_staged = world.mode.is_staged();
    let shared = &mut state.shared;
    let first = run.coming.first(is_staged);
    match run.place {
        Place::GiveBack => {
            run.epoch += 1;
            run.incarnation += 1;
            run.coming = Coming::New;
            return Some(Place::Take);
        }
        Place::Take => {
            run.epoch += 1;
            if run.epoch == 1 {
                shared.row.put(Phase::Running, run.epoch);
            }
            return Some(match first {
                First::Begin => Place::Begin,
                First::LookBegun | First::CatchUp => Place::SeeEnded,
                First::TakeStaging if world.off == Some(Mutation::NoRename) => Place::Ready,
                First::TakeStaging => Place::Rename,
            });
        }
        Place::SeeEnded => match first {
            First::LookBegun => return Some(Place::LookBegun),
            First::CatchUp => return Some(Place::CatchUp),
            First::Begin | First::TakeStaging => return Some(Place::Ready),
        },
        // Where it has been sent meanwhile, it is left to whoever asks next.
        Place::LookBegun => {
            return (shared.begun != run.incarnation).then_some(Place::GiveBack);
        }
        Place::CatchUp => {
            if world.has(Care::TakesBeforeItReads) && !run.resume(world, shared) {
                return None;
            }
            let meant = shared.meant;
            if meant.incarnation == run.incarnation && meant.version != run.version {
                return None;
            }
        }
        _ => shared.begun = shared.begun.max(run.incarnation),
    }
    shared.row.put(Phase::Running, run.epoch);
    Some(if is_staged && run.place == Place::Begin {
        Place::Create
    } else {
        Place::Ready
    })
}

/// The staging table gets the name of its owner.
fn name(
    world: &World,
    state: &mut State,
    run: &mut Run,
    reply: Option<Reply>,
) -> Result<(), Cause> {
    let found = state.shared.find(run.incarnation).is_some();
    run.place = match (reply, Staging::of(found, run.coming)) {
        (Some(Reply::Absent), _) => run.place,
        (Some(_), _) => {
            state.shared.row.put(Phase::Running, run.epoch);
            if world.has(Care::StagedInsertsEnd) {
                Place::SeeEnded
            } else {
                Place::Ready
            }
        }
        (None, Staging::Make) => Place::Create,
        (None, Staging::Gone) if world.off == Some(Mutation::GoneIsMadeAnew) => Place::Create,
        (None, Staging::Gone) => return Err(Cause::StagedGone),
        // Somebody with a later step has it.
        (None, Staging::WaitForBlocks) => return Err(Cause::TakenOver),
    };
    Ok(())
}

/// Counts what is staged.
fn count(world: &World, state: &State, run: &mut Run) -> Result<(), Cause> {
    let place = state.shared.find(run.incarnation);
    let table = state.shared.staging[place.ok_or(Cause::StagedGone)?];
    let rows = table.rows.count_ones() + u32::from(table.has_twice);
    if rows != world.count(world.blocks) {
        return Err(Cause::Miscounted);
    }
    run.place = match world.passage {
        Passage::Exchange => Place::MakeReplacement,
        _ => Place::Commit,
    };
    Ok(())
}
