//! What a server does with an upload, action by action.
//!
//! Part of `protocol::explorer`. Every action is one statement, or one look, so that anything may come
//! between two of them. What is decided is decided by `protocol`.

use uuid::Uuid;

use super::{
    Care, Mutation, State, World,
    model::{Checkpoint, Rows, Shared, Taken},
    statement::{Answer, Statement, narrow},
    steps::go_on,
};
use crate::transfer::{
    CommitMode, Phase,
    protocol::{Claim, Next, Step},
};

/// Where a run is. Each place is named for what it does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// Gives up what there is, to begin anew.
    GiveBack,
    Take,
    Begin,
    Create,
    Resume,
    Rename,
    /// Waits until no INSERT of a former owner is under way.
    SeeEnded,
    Ready,
    Insert,
    /// ClickHouse is at the block.
    Waiting,
    /// Looks whether it still owns the upload, then owns it by another step.
    LookAgain,
    Renew,
    /// Waits for the INSERT that it has given up.
    SeeGivenUp,
    Count,
    MakeReplacement,
    Commit,
    Move,
    RenameReplacement,
    Fill,
    Exchange,
    Done,
    Drop,
    Mismatch,
    DropRestarted,
    /// Ends the upload: an error, or a caller of this server.
    Fail,
    Cancel,
    DropEnded,
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
    pub(super) is_new: bool,
    pub(super) is_repeated: bool,
    /// Partitions still to be moved, one bit each.
    pub(super) moves: u8,
    pub(super) attempt: u8,
}

/// All partitions, before it is known which there are.
pub(super) const UNKNOWN: u8 = 0x80;

impl Run {
    /// Whether it is the upload's owner, as far as it knows, and may still be stopped.
    pub(super) const fn may_stop(&self, mode: CommitMode) -> bool {
        match self.place {
            Place::Begin
            | Place::Create
            | Place::Resume
            | Place::Rename
            | Place::SeeEnded
            | Place::Ready
            | Place::Insert
            | Place::Waiting
            | Place::LookAgain
            | Place::Renew
            | Place::SeeGivenUp
            | Place::Count
            | Place::MakeReplacement => true,
            Place::Done => !mode.is_staged(),
            _ => false,
        }
    }

    fn id(&self) -> Uuid {
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
        is_new: true,
        is_repeated: false,
        moves: UNKNOWN,
        attempt: 0,
    };
    if let Some(newest) = shared.newest() {
        let incarnation = u8::try_from(newest.incarnation).unwrap();
        let has_begun = shared.begun == incarnation;
        run.incarnation = incarnation;
        let mut next = newest.next(shared.row.described(world.mode), has_begun);
        let begins_anew =
            matches!(next, Next::Ended { .. }) && world.off == Some(Mutation::EndedBeginsAnew);
        if begins_anew {
            next = Next::Begin;
        }
        match next {
            Next::Begin => run.incarnation += 1,
            Next::Restart if world.has(Care::TakesBeforeItRestarts) => run.is_new = false,
            Next::Restart => run.place = Place::GiveBack,
            Next::GoOn => {
                if !run.resume(world, shared) {
                    return;
                }
                let place = shared.find(incarnation);
                let staged = place.map_or(0, |place| shared.staging[place].rows.count_ones());
                if world.mode.is_staged() && staged < world.count(run.blocks) {
                    run.place = Place::GiveBack;
                } else {
                    run.is_new = false;
                }
            }
            Next::Complete => {
                run.place = Place::Move;
                run.is_repeated = true;
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
        Place::GiveBack | Place::Mismatch => run.claim(state, Step::Restart),
        Place::Take | Place::Renew => run.claim(state, Step::Own),
        Place::Commit => run.claim(state, Step::Commit),
        Place::Done => run.claim(state, Step::Done),
        Place::Fail => run.claim(state, Step::Fail),
        Place::Cancel => run.claim(state, Step::Cancel),
        Place::Create if found.is_none() => Statement::Create {
            incarnation,
            epoch: run.epoch,
        },
        Place::Create | Place::Rename => Statement::Rename {
            incarnation,
            from: found.filter(|found| *found <= run.epoch || !world.has(Care::RenamesForward))?,
            to: run.epoch,
        },
        Place::Insert => Statement::Insert {
            block: run.blocks,
            incarnation,
            version: run.version,
            epoch: run.epoch,
        },
        Place::MakeReplacement => Statement::MakeReplacement { incarnation },
        Place::RenameReplacement => Statement::RenameReplacement {
            from: shared.replacement.attempt,
            to: shared.replacement.attempt + 1,
        },
        Place::Move | Place::Fill if run.moves & UNKNOWN == 0 && run.moves != 0 => {
            Statement::Move {
                partition: narrow(run.moves.trailing_zeros() as usize),
                incarnation,
                epoch: found?,
                into: run.attempt,
            }
        }
        Place::Exchange => Statement::Exchange {
            attempt: run.attempt,
        },
        Place::Drop | Place::DropRestarted | Place::DropEnded if world.mode.is_staged() => {
            Statement::Drop { incarnation }
        }
        _ => return None,
    })
}

/// The answer to what a run has sent is lost.
pub(super) fn fail(world: &World, state: &mut State, server: usize) {
    let Some(run) = &mut state.runs[server] else {
        return;
    };
    match run.place {
        Place::Insert | Place::Waiting => {
            run.place = match world.mode {
                CommitMode::Direct => Place::Fail,
                _ if world.off == Some(Mutation::GivenUpBlockIsLost) => {
                    run.blocks += 1;
                    Place::Ready
                }
                CommitMode::Blocks => Place::LookAgain,
                _ => Place::Insert,
            };
        }
        Place::Move | Place::RenameReplacement | Place::Fill | Place::Exchange => {
            run.place = Place::Move;
            run.is_repeated = true;
            run.moves = UNKNOWN;
        }
        // Its caller is not told that it has ended; whoever comes, or the sweeper, sees.
        Place::Fail | Place::Cancel => {
            let incarnation = run.incarnation;
            if !world.has(Care::EndIsTold) {
                state.shared.told_end |= 1 << incarnation;
            }
            state.runs[server] = None;
        }
        Place::Renew => run.place = Place::LookAgain,
        Place::Drop | Place::DropRestarted | Place::DropEnded => {
            go_on(world, state, server, Some(Answer::Ok));
        }
        _ => {}
    }
}

/// Its client leaves, a caller of this server cancels it, or an error ends it.
pub(super) fn stop(world: &World, state: &mut State, server: usize, why: Option<Step>) {
    let Some(run) = &mut state.runs[server] else {
        return;
    };
    let why = match why {
        None if world.mode == CommitMode::Direct => Some(Step::Fail),
        why => why,
    };
    match why {
        None => {
            state.shared.row.put(Phase::Interrupted, run.epoch);
            if run.blocks > run.covered {
                state.shared.checkpoint = state.shared.checkpoint.max(run.checkpoint());
            }
            state.runs[server] = None;
        }
        Some(Step::Cancel) => run.place = Place::Cancel,
        Some(_) => run.place = Place::Fail,
    }
}

/// Somebody else has taken the upload, or has ended it; the run hears of it.
pub(super) fn lose(world: &World, state: &mut State, server: usize, newest: &Claim) {
    if let Some(run) = state.runs[server].take()
        && newest.is_cancel()
    {
        if world.mode.is_staged() {
            state.shared.drop_all(run.incarnation);
        }
        end(state, &run);
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
