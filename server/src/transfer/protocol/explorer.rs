//! Goes through everything that can happen to an upload, and sees that the protocol keeps what it promises.
//!
//! Runs as a test. Breadth first over all states of a small world, so that the first state in which an invariant
//! does not hold is told with a shortest way there; then back from all states at rest, so that no state is left
//! from which no end is reached. What is decided is decided by the functions of `protocol` that production calls:
//! those of [`super::Claim`] and [`Step`], [`super::beginning`], [`super::block::Sending`], [`super::completion::Completion`],
//! [`super::ending::Ending`]. What is done is written here once more, action by action. By hand it follows in
//! which order an upload is looked for, taken and described (`upload::past`, `run`, `deliver`).
//!
//! What there is: two servers, each at work on the upload or not; a client who begins the id through either, again
//! and again, and may come with a file whose last block is another one; the journal's steps, row, beginning and
//! checkpoint; ClickHouse with staging tables, the target, what both remember of tokens, the table that takes the
//! target's place, a replica that lags behind what all have agreed on; statements on their way, each of which may
//! happen at any later time, or never; a caller who cancels; the sweepers. Partitions are brought in one by one.
//! Faults are counted: an answer that is lost, a server that ends, a client that leaves, an
//! error that ends an upload, a cancel, a kill of ClickHouse (in a MOVE; between a token and its block), somebody
//! who drops a staging table, or replaces the target. A server that is frozen, and how fast each is, needs no
//! fault: any order is tried.
//!
//! What there is not: more than one upload at a time, and rows of others in the same table, which push tokens out
//! of its window; other servers than two; partitions of a block that come one by one; late writes of the row and of
//! checkpoints (their versions make them harmless); a step whose token is there and whose row is not; merges of
//! the target after half a MOVE; a target that is dropped or altered by others; a changed file that differs before
//! its last block; rejected rows; views; the journal's own loss. Two blocks that are sent at once are one after the
//! other here: the one ahead lacks its last byte. A statement happens once: that one happens twice is an answer
//! that is lost and a repetition.
//!
//! A [`Mutation`] leaves a protection of production out, and the explorer has to find what it is for; a [`Care`]
//! is one that was found by the explorer. `faults` names them all. What production lacks still, tests show whose
//! names begin with `open_`.

mod completing;
mod event;
mod events;
mod faults;
mod model;
mod search;
mod server;
mod statement;
mod steps;
mod tests;

use super::{Standing, Step, completion::Passage};
use crate::transfer::{CommitMode, Phase};
use completing::NO_NAME;
use model::{Rows, Shared};
use search::{Found, explore};
use server::{Run, whole};
use statement::Statement;

/// What must hold in every state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Invariant {
    /// I1. Whoever is told that the file is loaded, or reads it in the journal, finds exactly its rows in the
    /// table; with REPLACE only those.
    LoadedIsThere,
    /// I2. No row is there twice.
    NoRowTwice,
    /// I3. In the modes ATOMIC and REPLACE the table shows no row before COMMIT, and none of an upload that
    /// was cancelled or has failed.
    EndedIsUnseen,
    /// I4. COMMIT is followed by DONE and nothing else.
    CommitGoesForward,
    /// I5. Nothing follows DONE, CANCEL and FAIL.
    EndsStay,
    /// I6. From every state an end is reached: no staging table is left then, and nothing is under way.
    ComesToRest,
    /// I7. Nobody is told of the end of an incarnation that is loaded, or will be: a cancel is honoured or
    /// refused.
    OneAnswer,
}

/// A protection of production that is left out, to see that it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mutation {
    /// BLOCKS: an INSERT does not ask whose the upload is.
    NoFence,
    /// A staging table keeps its name when its rows are brought in.
    CommitKeepsName,
    /// Whoever begins to complete a commit takes what is staged for whole, whoever has named it.
    NameIsNotCompared,
    /// INSERTs that had begun before a commit go on.
    CommitWaitsForNobody,
    /// Whoever completes a commit does not see that it is not completed.
    StepIsNotRead,
    /// A staging table without rows is taken for brought in, whatever its name is by then.
    NameIsNotSeen,
    /// REPLACE: only what the target is now says that the tables were exchanged.
    OldTableIsNotSeen,
    /// A replica is asked before it knows what all have agreed on.
    NoSync,
    /// BLOCKS: a block is sent again while the one of before may still begin.
    NoRenewal,
    /// BLOCKS: a block is sent again while the one of before runs.
    GivenUpIsNotAwaited,
    /// A staging table keeps its name when the upload changes hands.
    NoRename,
    /// A token is the number of a block, whatever is in it.
    TokenWithoutContent,
    /// Who goes on with an upload, of which no block is known, makes a staging table that is not there.
    GoneIsMadeAnew,
    /// COMMIT comes without a count of what is staged.
    NoCount,
    /// A block whose INSERT was given up is taken for sent.
    GivenUpBlockIsLost,
    /// A commit that takes long is called failed.
    CommitThenFail,
    /// A staging table that is not there is taken for moved.
    AbsentIsCommitted,
    /// An exchange is repeated under the name of the one before.
    ExchangeUnderOneName,
    /// Parts that were moved by half are not left out.
    HalfMovesStay,
    /// A cancel drops and tells, and takes no step.
    CancelWithoutClaim,
    /// The last who writes a step has it.
    TakeoverWithoutClaim,
    /// An upload that ended begins anew.
    EndedBeginsAnew,
}

/// What has to be minded, as the explorer has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Care {
    /// Staged: whoever takes the upload over waits for the INSERTs that are under way.
    StagedInsertsEnd,
    /// Nobody is told of an end whose step may not be there.
    EndIsTold,
    /// FAIL and CANCEL may follow RESTART.
    RestartedEnds,
    /// That there is nothing to go on with is looked for by the owner, and no one else gives it up.
    TakesBeforeItRestarts,
    /// The checkpoint is read by the owner.
    TakesBeforeItReads,
    /// DIRECT: the INSERT has a fence.
    DirectIsFenced,
    /// Nobody takes a staging table that is named for a later step.
    RenamesForward,
    /// BLOCKS: which block is sent is written before, and whoever goes on compares it.
    BlocksAreMeantFirst,
}

/// What is explored.
#[derive(Clone, Copy, Debug)]
struct World {
    mode: CommitMode,
    /// Staged: how its rows come into the table.
    passage: Passage,
    /// Blocks of the file, at most 3.
    blocks: u8,
    /// Partitions that they are in, at most 3.
    partitions: u8,
    /// Insertions of parts that the target remembers, at most 4.
    window: u8,
    /// Blocks that may be sent without a checkpoint that covers them.
    uncovered: u8,
    /// How many faults there may be.
    faults: u8,
    /// How often the client begins.
    attempts: u8,
    /// Whether it may come with a changed file though nobody has ended the upload.
    changes: bool,
    /// Whether ClickHouse may be killed between a token and its block.
    burns: bool,
    /// Whether somebody may drop a staging table.
    meddles: bool,
    /// REPLACE: whether another upload may replace the table after this one.
    replaces_again: bool,
    off: Option<Mutation>,
    without: &'static [Care],
}

/// Everything at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct State {
    shared: Shared,
    runs: [Option<Run>; 2],
    runs_begun: u8,
    attempts_left: u8,
    faults_left: u8,
}

/// Bits of a block in [`Rows`], one for each partition: of three blocks, then of the last one of a changed file.
const WIDTH: u8 = 3;

impl World {
    const fn new(mode: CommitMode) -> Self {
        Self {
            mode,
            passage: match mode {
                CommitMode::Replace => Passage::Exchange,
                _ => Passage::Move,
            },
            blocks: 2,
            partitions: 1,
            window: 1,
            uncovered: 1,
            faults: 1,
            attempts: 2,
            changes: false,
            burns: false,
            meddles: false,
            replaces_again: false,
            off: None,
            without: &[],
        }
    }

    fn has(&self, care: Care) -> bool {
        !self.without.contains(&care)
    }

    fn is_fenced(&self) -> bool {
        match self.mode {
            CommitMode::Blocks => self.off != Some(Mutation::NoFence),
            CommitMode::Direct => self.has(Care::DirectIsFenced),
            _ => false,
        }
    }

    /// The rows of a block: one for each of its partitions.
    fn cells(&self, block: u8, version: u8) -> Rows {
        let is_changed = version > 0 && block + 1 == self.blocks;
        let place = WIDTH * if is_changed { 3 } else { block };
        let first = 1 << (place + block % self.partitions);
        if block == 1 {
            first | 1 << (place + (block + 1) % self.partitions)
        } else {
            first
        }
    }

    /// All rows of a partition.
    fn partition(partition: u8) -> Rows {
        (0..4).fold(0, |rows, place| rows | 1 << (place * WIDTH + partition))
    }

    /// The partitions of rows, one bit each.
    fn partitions_of(&self, rows: Rows) -> u8 {
        let all = (0..self.partitions).filter(|partition| rows & Self::partition(*partition) != 0);
        all.fold(0, |mask, partition| mask | 1 << partition)
    }

    /// How many rows the first blocks have.
    fn count(&self, blocks: u8) -> u32 {
        (0..blocks)
            .map(|block| self.cells(block, 0).count_ones())
            .sum()
    }
}

impl State {
    fn new(world: &World) -> Self {
        Self {
            shared: Shared::default(),
            runs: [None; 2],
            runs_begun: 0,
            attempts_left: world.attempts,
            faults_left: world.faults,
        }
    }

    /// Leaves out what makes no difference any more.
    fn normalize(&mut self, world: &World) {
        let newest = self.shared.newest;
        let attempt = self.shared.replacement.attempt;
        let shift = attempt.saturating_sub(1);
        let takes_over = world.off == Some(Mutation::TakeoverWithoutClaim);
        for sent in &mut self.shared.on_the_way {
            let is_dead = match sent {
                Statement::Claim { number, .. } => *number <= newest && !takes_over,
                Statement::RenameReplacement { from, to } => {
                    let is_dead = *from < attempt;
                    (*from, *to) = (from.saturating_sub(shift), to.saturating_sub(shift));
                    is_dead
                }
                Statement::Exchange { attempt: of } => {
                    let is_dead = *of < attempt;
                    *of = of.saturating_sub(shift);
                    is_dead
                }
                Statement::Insert { epoch, .. } => world.is_fenced() && *epoch < newest,
                _ => false,
            };
            if is_dead {
                *sent = Statement::Nothing;
            }
            if let Statement::Move { into, .. } = sent {
                *into = into.saturating_sub(shift);
            }
        }
        self.shared.replacement.attempt -= shift;
        for run in self.runs.iter_mut().flatten() {
            run.seen.attempt = run.seen.attempt.saturating_sub(shift);
        }
        self.normalize_names();
        self.shared.on_the_way.sort_unstable();
    }

    /// Counts the names that a commit has given to its staging table without gaps; what is sent to one that is no
    /// more, and that nobody can make, finds nothing.
    fn normalize_names(&mut self) {
        let Some(commit) = self.shared.commit() else {
            return;
        };
        let of = self.shared.taken(commit).incarnation;
        let tables = self.shared.staging.iter();
        let tables = tables.filter(|table| table.incarnation == of);
        let (least, most) = tables.fold((u8::MAX, 0), |(least, most), table| {
            (least.min(table.epoch), most.max(table.epoch))
        });
        let mut names: Vec<&mut u8> = Vec::with_capacity(16);
        let mut may_be_made = false;
        let shared = &mut self.shared;
        for sent in &mut shared.on_the_way {
            may_be_made |= matches!(sent, Statement::Create { .. });
            names.extend(sent.staged_names(of));
        }
        for run in self.runs.iter_mut().flatten() {
            may_be_made |= run.may_make_staging();
            if run.seen.staged > 0 {
                names.push(&mut run.seen.staged);
            }
        }
        if !may_be_made {
            for name in names.iter_mut().filter(|name| ***name < least) {
                **name = NO_NAME;
            }
        }
        if most >= commit {
            let tables = shared.staging.iter_mut();
            let tables = tables.filter(|table| table.incarnation == of);
            names.extend(tables.map(|table| &mut table.epoch));
            names.retain(|name| **name >= commit && **name != NO_NAME);
            names.sort_unstable();
            let (mut last, mut next) = (0, commit);
            for name in names {
                if last > 0 && *name != last {
                    next += 1;
                }
                last = *name;
                *name = next;
            }
        }
        for sent in &mut self.shared.on_the_way {
            if sent.staged_names(of).any(|name| *name == NO_NAME) {
                *sent = Statement::Nothing;
            }
        }
    }

    /// An invariant that does not hold.
    fn broken(&self, world: &World) -> Option<Invariant> {
        let shared = &self.shared;
        if shared.target.has_twice {
            return Some(Invariant::NoRowTwice);
        }
        if shared.broken.is_some() {
            return shared.broken;
        }
        let visible = shared.visible(world);
        let newest = shared.newest()?;
        match newest.standing() {
            Standing::Succeeded => {
                let mut number = shared.newest;
                while shared.taken(number).step() != Step::Own {
                    number -= 1;
                }
                if visible != whole(world, shared.taken(number).version) {
                    return Some(Invariant::LoadedIsThere);
                }
                if shared.told_end & 1 << newest.incarnation != 0 {
                    return Some(Invariant::OneAnswer);
                }
            }
            _ if shared.told_success => return Some(Invariant::LoadedIsThere),
            Standing::Owned | Standing::Ended { .. } | Standing::Restarted => {
                if world.mode.is_staged() && visible != 0 {
                    return Some(Invariant::EndedIsUnseen);
                }
            }
            Standing::Committing => {
                if shared.told_end & 1 << newest.incarnation != 0 {
                    return Some(Invariant::OneAnswer);
                }
            }
        }
        None
    }

    fn is_at_rest(&self, world: &World) -> bool {
        let shared = &self.shared;
        let is_over = match shared.newest() {
            None => true,
            Some(newest) => match newest.standing() {
                Standing::Succeeded | Standing::Ended { .. } => true,
                // It waits for somebody who knows where the table is.
                Standing::Committing => world.meddles,
                // No list has it.
                Standing::Owned | Standing::Restarted => {
                    shared.row.phase().is_none_or(Phase::is_final)
                }
            },
        };
        is_over
            && self.runs == [None; 2]
            && shared
                .on_the_way
                .iter()
                .all(|sent| *sent == Statement::Nothing)
            && shared.staging.iter().all(|table| table.incarnation == 0)
            && (!shared.replacement.is_made || world.meddles)
    }
}
