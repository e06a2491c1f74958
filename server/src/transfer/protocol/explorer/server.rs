//! What a server does with an upload, action by action.
//!
//! Part of `protocol::explorer`. Every action is one statement, or one look, so that anything may come
//! between two of them. What is decided is decided by `protocol`.

use uuid::Uuid;

use super::{
    Care, Mutation, State, World, completing,
    model::{Checkpoint, Rows, Shared, Taken},
    statement::{Reply, Statement},
    steps::go_on,
};
use crate::transfer::{
    CommitMode, Phase,
    protocol::{
        Claim, Next, Step,
        beginning::Coming,
        block::{self, Sending},
        completion::{Action, Completion, Observed},
        ending::{Answer, Cause, Ending, Farewell, Journal, Situation, explained},
    },
};

/// Where a run is. Each place is named for what it does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// Gives up what there is, to begin anew.
    GiveBack,
    Take,
    Begin,
    Create,
    Rename,
    /// Waits until no INSERT of a former owner is under way.
    SeeEnded,
    /// Looks whether the upload was begun, or how far it is.
    LookBegun,
    CatchUp,
    Ready,
    Sending(Sending),
    /// ClickHouse is at the block.
    Waiting(Sending),
    /// Looks whether it still owns the upload, before it owns it by another step.
    LookAgain(Sending),
    Count,
    MakeReplacement,
    Commit,
    /// Brings in what was committed.
    Completing(Completion),
    /// BLOCKS, DIRECT: says that all of it is there.
    Done,
    /// Takes the step that ends the upload, or its incarnation, and drops what that leaves.
    Close(Ending),
    Clear(Ending),
}

/// A server at work on the upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Run {
    pub(super) place: Place,
    pub(super) run: u8,
    /// The number of its newest step; before it has one, of the newest that it has seen.
    pub(super) epoch: u8,
    pub(super) incarnation: u8,
    pub(super) version: u8,
    /// Blocks that ClickHouse has confirmed, and those that a checkpoint says.
    pub(super) blocks: u8,
    pub(super) covered: u8,
    pub(super) coming: Coming,
    pub(super) seen: Seen,
}

/// What whoever completes a commit has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Seen {
    /// The name of the staging table, and of the table that takes the target's place.
    pub(super) staged: u8,
    pub(super) attempt: u8,
    /// Partitions that are in the target already, and those to be brought in, one bit each.
    pub(super) there: u8,
    pub(super) left: u8,
}

impl Place {
    /// Goes on with a block that ClickHouse does not have yet.
    pub(super) fn sending(world: &World, sending: Sending, observed: block::Observed) -> Self {
        let next = sending.after(observed).unwrap();
        match (next.action(), world.off) {
            (block::Action::Renew, Some(Mutation::NoRenewal))
            | (block::Action::SeeEnded, Some(Mutation::GivenUpIsNotAwaited)) => {
                Self::sending(world, next, block::Observed::Done)
            }
            (block::Action::Renew, _) => Self::LookAgain(next),
            _ => Self::Sending(next),
        }
    }

    /// Whether nothing is done before the INSERTs that have begun are over.
    pub(super) fn waits_for_inserts(self, world: &World) -> bool {
        match self {
            Self::SeeEnded => true,
            Self::Sending(sending) => sending.action() == block::Action::SeeEnded,
            Self::Completing(completion) => {
                completion.action() == Action::WaitForInserts
                    && world.off != Some(Mutation::CommitWaitsForNobody)
            }
            _ => false,
        }
    }
}

impl Run {
    /// Whether it is the upload's owner, as far as it knows, and may still be stopped.
    pub(super) const fn may_stop(&self, mode: CommitMode) -> bool {
        match self.place {
            Place::Begin
            | Place::Create
            | Place::Rename
            | Place::SeeEnded
            | Place::CatchUp
            | Place::Ready
            | Place::Sending(_)
            | Place::Waiting(_)
            | Place::LookAgain(_)
            | Place::Count
            | Place::MakeReplacement => true,
            Place::Done => !mode.is_staged(),
            _ => false,
        }
    }

    /// Whether a staging table may be made by it.
    pub(super) const fn may_make_staging(&self) -> bool {
        matches!(
            self.place,
            Place::GiveBack
                | Place::Take
                | Place::Begin
                | Place::Create
                | Place::Rename
                | Place::SeeEnded
                | Place::LookBegun
        )
    }

    pub(super) fn id(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.run))
    }

    /// Goes on at the checkpoint; false where the file is another one than it was up to there.
    pub(super) fn resume(&mut self, world: &World, shared: &Shared) -> bool {
        let last = shared.checkpoint;
        let is_there = last.incarnation == self.incarnation;
        self.blocks = if is_there { last.blocks } else { 0 };
        self.covered = self.blocks;
        // Only the last block of another version is another one.
        self.blocks < world.blocks || last.version == self.version
    }

    pub(super) const fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            incarnation: self.incarnation,
            blocks: self.blocks,
            version: self.version,
        }
    }

    /// The step that it takes next. A retried step keeps its number.
    fn claim(&self, state: &State, step: Step) -> Statement {
        let newest = state.shared.claim(self.epoch);
        let claim = Claim::after(newest.as_ref(), step, self.id());
        Statement::Claim {
            number: u8::try_from(claim.number).unwrap(),
            taken: Taken::of(&claim, self.version),
        }
    }
}

/// A client begins the id: the server looks what there is of it.
pub(super) fn look(world: &World, state: &mut State, server: usize) {
    let shared = &mut state.shared;
    let mut run = Run {
        place: Place::Take,
        run: state.runs_begun + 1,
        epoch: shared.newest,
        incarnation: 1,
        version: shared.version,
        blocks: 0,
        covered: 0,
        coming: Coming::New,
        seen: Seen::default(),
    };
    if let Some(newest) = shared.newest() {
        let incarnation = u8::try_from(newest.incarnation).unwrap();
        let has_begun = shared.begun == incarnation;
        run.incarnation = incarnation;
        let mut next = newest.next(shared.row.described(world.mode), has_begun);
        let begins_anew =
            matches!(next, Next::Ended { .. }) && world.off == Some(Mutation::EndedBeginsAnew);
        if begins_anew {
            next = Next::Take(Coming::New);
        }
        match next {
            Next::Take(Coming::New) => run.incarnation += 1,
            Next::Take(Coming::Unsent) if world.has(Care::TakesBeforeItRestarts) => {
                run.coming = Coming::Unsent;
            }
            Next::Take(Coming::Unsent) => run.place = Place::GiveBack,
            Next::Take(Coming::Resumed) => {
                if !run.resume(world, shared) {
                    return;
                }
                let place = shared.find(incarnation);
                let staged = place.map_or(0, |place| shared.staging[place].rows.count_ones());
                let is_there = place.is_some() || world.off == Some(Mutation::GoneIsMadeAnew);
                let is_there = is_there && staged >= world.count(run.blocks);
                if world.mode.is_staged() && !is_there {
                    run.place = Place::GiveBack;
                } else {
                    run.coming = Coming::Resumed;
                }
            }
            Next::Complete => {
                run.place = Place::Completing(Completion::new(world.passage, false));
            }
            Next::Replay => {
                shared.told_success = true;
                return;
            }
            Next::Refuse | Next::Ended { .. } | Next::Lost => return,
        }
        let is_new = run.incarnation != incarnation;
        let may_follow = begins_anew || Step::Own.may_follow(Some(newest.step), is_new);
        if run.place == Place::Take && !may_follow {
            return;
        }
    }
    state.runs_begun += 1;
    state.runs[server] = Some(run);
}

/// The statement that a run sends next; none where it only looks, or waits.
pub(super) fn statement(world: &World, state: &State, run: &Run) -> Option<Statement> {
    let shared = &state.shared;
    let incarnation = run.incarnation;
    let found = shared
        .find(incarnation)
        .map(|place| shared.staging[place].epoch);
    Some(match run.place {
        Place::GiveBack | Place::Close(Ending::Restart) => run.claim(state, Step::Restart),
        Place::Take => run.claim(state, Step::Own),
        Place::Commit => run.claim(state, Step::Commit),
        Place::Done => run.claim(state, Step::Done),
        Place::Close(Ending::End(step)) => run.claim(state, step),
        Place::Completing(completion) => {
            return completing::statement(world, state, run, completion);
        }
        Place::Create if found.is_none() => Statement::Create {
            incarnation,
            epoch: run.epoch,
        },
        Place::Create | Place::Rename => Statement::Rename {
            incarnation,
            from: found.filter(|found| *found <= run.epoch || !world.has(Care::RenamesForward))?,
            to: run.epoch,
        },
        Place::Sending(sending) => match sending.action() {
            block::Action::Renew => run.claim(state, Step::Own),
            block::Action::Send => Statement::Insert {
                block: run.blocks,
                incarnation,
                version: run.version,
                epoch: run.epoch,
            },
            _ => return None,
        },
        Place::MakeReplacement => Statement::MakeReplacement { incarnation },
        Place::Clear(_) if world.mode.is_staged() => Statement::Drop { incarnation },
        _ => return None,
    })
}

/// The answer to what a run has sent is lost.
pub(super) fn fail(world: &World, state: &mut State, server: usize) {
    let Some(run) = &mut state.runs[server] else {
        return;
    };
    match run.place {
        Place::Sending(sending) if sending.action() == block::Action::Renew => {
            run.place = Place::LookAgain(sending);
        }
        Place::Sending(sending) | Place::Waiting(sending) => match world.mode {
            CommitMode::Direct => settle(world, state, server, Cause::Passing),
            _ if world.off == Some(Mutation::GivenUpBlockIsLost) => {
                run.blocks += 1;
                run.place = Place::Ready;
            }
            _ => run.place = Place::sending(world, sending, block::Observed::Failed),
        },
        Place::Completing(completion) => {
            let mut run = *run;
            let next = completing::go_on(world, state, &mut run, completion, Observed::Unknown);
            state.runs[server] = next.map(|place| Run { place, ..run });
        }
        Place::Close(ending) => {
            let tells = ending.then(Answer::Unknown) == Farewell::Tell
                || ending != Ending::Restart && !world.has(Care::EndIsTold);
            if tells {
                state.shared.told_end |= 1 << run.incarnation;
            }
            state.runs[server] = None;
        }
        Place::Clear(_) => go_on(world, state, server, Some(Reply::Ok)),
        _ => {}
    }
}

/// A run ends with an error.
pub(super) fn settle(world: &World, state: &mut State, server: usize, cause: Cause) {
    let Some(mut run) = state.runs[server] else {
        return;
    };
    let situation = Situation {
        journal: Journal::Present,
        is_owner: true,
        has_committed: false,
        is_staged: world.mode.is_staged(),
        is_out_of_hand: world.mode == CommitMode::Direct && run.place != Place::Begin,
        is_begun: true,
    };
    let mut ending = Ending::of(cause, situation);
    if ending == Ending::LookWhoOwns {
        let owner = match lost(state, &run) {
            None => Answer::Taken,
            Some(newest) if newest.is_cancel() => Answer::Cancelled,
            Some(_) => Answer::Lost,
        };
        ending = Ending::of(explained(cause, owner), situation);
    }
    match ending {
        Ending::Interrupt => {
            state.shared.row.put(Phase::Interrupted, run.epoch);
            if run.blocks > run.covered {
                state.shared.checkpoint = state.shared.checkpoint.max(run.checkpoint());
            }
        }
        Ending::ClearLate => {
            let newest = state.shared.newest().unwrap();
            if !newest.needs_staging(u32::from(run.incarnation)) {
                state.shared.drop_all(run.incarnation);
            }
        }
        Ending::Leave | Ending::CancelUnbegun | Ending::LookWhoOwns => {}
        Ending::Restart | Ending::End(_) => {
            run.place = Place::Close(ending);
            state.runs[server] = Some(run);
            return;
        }
    }
    state.runs[server] = None;
}

/// What a step of somebody else is for a run.
pub(super) const fn cause_of(other: Step) -> Cause {
    match other {
        Step::Cancel => Cause::Cancelled,
        _ => Cause::TakenOver,
    }
}

/// Writes how the upload ended, and tells it.
pub(super) fn end(state: &mut State, run: &Run) {
    state.shared.row.put(Phase::Failed, run.epoch);
    state.shared.told_end |= 1 << run.incarnation;
}

/// Whether somebody else has the upload.
pub(super) fn lost(state: &State, run: &Run) -> Option<Claim> {
    let newest = state.shared.newest()?;
    newest
        .is_lost_to(run.id(), u32::from(run.epoch))
        .then_some(newest)
}

/// The rows that a run has to see in the target before it may say that they are there.
pub(super) fn whole(world: &World, version: u8) -> Rows {
    (0..world.blocks).fold(0, |rows, block| rows | world.cells(block, version))
}
