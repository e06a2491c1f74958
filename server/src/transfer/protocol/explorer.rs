//! Explores the protocol.

mod events;
mod model;
mod search;
mod server;
mod tests;

use super::{Standing, Step};
use crate::transfer::{CommitMode, Phase};
use model::{Rows, Shared, Statement};
use search::{Found, explore};
use server::{Run, whole};

/// What must hold in every state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Invariant {
    /// 1. Whoever is told that the file is loaded, or reads it in the journal, finds exactly its rows in the
    /// table; with REPLACE only those.
    LoadedIsThere,
    /// 2. No row is there twice.
    NoRowTwice,
    /// 3. In the modes ATOMIC and REPLACE the table shows no row before COMMIT, and none of an upload that
    /// was cancelled or has failed.
    EndedIsUnseen,
    /// 4. COMMIT is followed by DONE and nothing else.
    CommitGoesForward,
    /// 5. Nothing follows DONE; only a new incarnation follows CANCEL and FAIL.
    EndsStay,
    /// 6. From every state an end is reached: no staging table is left then, and nothing is under way.
    ComesToRest,
    /// 7. Nobody is told of the end of an incarnation that is loaded, or will be: a cancel is honoured or
    /// refused.
    OneAnswer,
}

/// A protection that is left out, to see that it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mutation {
    NoFence,
    NoRename,
    TokenWithoutContent,
    NoCount,
    GivenUpBlockIsLost,
    CommitThenFail,
    AbsentIsCommitted,
    ExchangeUnderOneName,
    HalfMovesStay,
    CancelWithoutClaim,
    TakeoverWithoutClaim,
    FailedBlocksBeginAnew,
}

/// What production lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repair {
    BegunLeavesRows,
    StagedInsertsEnd,
    EndIsTold,
    RestartedEnds,
    TakesBeforeItRestarts,
    TakesBeforeItReads,
    DirectIsFenced,
    KillIsNoticed,
    RenamesForward,
}

const REPAIRS: [Repair; 9] = [
    Repair::BegunLeavesRows,
    Repair::StagedInsertsEnd,
    Repair::EndIsTold,
    Repair::RestartedEnds,
    Repair::TakesBeforeItRestarts,
    Repair::TakesBeforeItReads,
    Repair::DirectIsFenced,
    Repair::KillIsNoticed,
    Repair::RenamesForward,
];

/// What is explored.
#[derive(Clone, Copy, Debug)]
struct World {
    mode: CommitMode,
    blocks: u8,
    partitions: u8,
    window: u8,
    uncovered: u8,
    faults: u8,
    attempts: u8,
    changes: bool,
    burns: bool,
    meddles: bool,
    off: Option<Mutation>,
    without: Option<Repair>,
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

/// Places for a block in a row's bits: three blocks, and the last one of a corrected file.
const WIDTH: u8 = 3;

impl World {
    const fn new(mode: CommitMode) -> Self {
        Self {
            mode,
            blocks: 2,
            partitions: 1,
            window: 1,
            uncovered: 1,
            faults: 1,
            attempts: 2,
            changes: false,
            burns: false,
            meddles: false,
            off: None,
            without: None,
        }
    }

    fn has(&self, repair: Repair) -> bool {
        self.without != Some(repair)
    }

    fn is_fenced(&self) -> bool {
        match self.mode {
            CommitMode::Blocks => self.off != Some(Mutation::NoFence),
            CommitMode::Direct => self.has(Repair::DirectIsFenced),
            _ => false,
        }
    }

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

    fn partition(&self, partition: u8) -> Rows {
        (0..4).fold(0, |rows, place| rows | 1 << (place * WIDTH + partition))
    }

    fn partitions_of(&self, rows: Rows) -> u8 {
        let all = (0..self.partitions).filter(|partition| rows & self.partition(*partition) != 0);
        all.fold(0, |mask, partition| mask | 1 << partition)
    }

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
        self.shared.on_the_way.sort_unstable();
        self.shared.replacement.attempt -= shift;
        for run in self.runs.iter_mut().flatten() {
            run.attempt = run.attempt.saturating_sub(shift);
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
