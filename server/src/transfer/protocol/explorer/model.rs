//! What there is beside the servers: the journal, ClickHouse's tables, and statements on their way.
//!
//! Part of `protocol::explorer`. A row is a bit: of a version of the file, in a block, in a partition.

use uuid::Uuid;

use super::{
    Invariant, Mutation, World,
    statement::{Reply, Statement, narrow},
};
use crate::transfer::{
    CommitMode, Phase,
    protocol::{Claim, Counted, Described, Step},
};

/// Steps of the journal that one exploration has room for.
const STEPS: usize = 16;

/// Statements that may be on their way at once.
pub(super) const ON_THE_WAY: usize = 6;

/// Rows, one bit each.
pub(super) type Rows = u16;

/// A step, as small as it can be: a [`Claim`] without what the explorer has no use for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Taken {
    pub(super) step: u8,
    pub(super) run: u8,
    pub(super) incarnation: u8,
    /// The version of the file that its run loads.
    pub(super) version: u8,
}

/// A staging table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Table {
    /// Of its name; 0 where there is no table.
    pub(super) incarnation: u8,
    pub(super) epoch: u8,
    pub(super) rows: Rows,
    /// What it remembers of the rows that came.
    pub(super) tokens: Rows,
    pub(super) has_twice: bool,
    /// Partitions that are in the target too: ClickHouse was killed in the middle of a MOVE, or they were copied.
    pub(super) in_both: u8,
    /// Those of them that the replica does not know yet.
    pub(super) unseen: u8,
}

/// The table that the file is loaded into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Target {
    pub(super) rows: Rows,
    pub(super) has_twice: bool,
    /// BLOCKS: the newest tokens, each `1 + incarnation * 16 + bit`.
    pub(super) window: [u16; 4],
}

/// REPLACE: the table that takes the place of the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Replacement {
    pub(super) is_made: bool,
    pub(super) incarnation: u8,
    /// The number that its name ends with; once exchanged, the old table has that name.
    pub(super) attempt: u8,
    pub(super) rows: Rows,
    pub(super) is_exchanged: bool,
    /// Whether another upload has replaced the table since: what this one has loaded is not there any more.
    pub(super) is_replaced: bool,
}

/// What the journal says beside the steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Row {
    /// 0: there is none; else one more than the place in `Phase::ALL`.
    phase: u8,
    version: u8,
}

/// The last checkpoint; the newest one is the greatest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Checkpoint {
    pub(super) incarnation: u8,
    pub(super) blocks: u8,
    /// The version of the file that it is a checkpoint of.
    pub(super) version: u8,
}

/// All but the servers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Shared {
    steps: [Taken; STEPS],
    pub(super) newest: u8,
    pub(super) row: Row,
    /// The incarnation for which it is written what it began with.
    pub(super) begun: u8,
    pub(super) checkpoint: Checkpoint,
    /// BLOCKS: the last block of the file, once it may have been sent.
    pub(super) meant: Checkpoint,
    pub(super) staging: [Table; 3],
    pub(super) target: Target,
    pub(super) replacement: Replacement,
    pub(super) on_the_way: [Statement; ON_THE_WAY],
    /// Whether a client was told that the file is loaded, and of which incarnations that they ended.
    pub(super) told_success: bool,
    /// The version of the file that the client has now.
    pub(super) version: u8,
    pub(super) told_end: u8,
    /// What does not hold of the chain of steps.
    pub(super) broken: Option<Invariant>,
}

impl Taken {
    pub(super) fn of(claim: &Claim, version: u8) -> Self {
        let place = Step::ALL.iter().position(|step| *step == claim.step);
        Self {
            step: narrow(place.unwrap()),
            run: u8::try_from(claim.run.as_u128()).unwrap(),
            incarnation: u8::try_from(claim.incarnation).unwrap(),
            version,
        }
    }

    pub(super) fn step(self) -> Step {
        Step::ALL[usize::from(self.step)]
    }
}

impl Row {
    pub(super) fn phase(self) -> Option<Phase> {
        let place = usize::from(self.phase).checked_sub(1)?;
        Phase::ALL.get(place).copied()
    }

    /// Writes the row; the journal keeps the one with the highest version.
    pub(super) fn put(&mut self, phase: Phase, step: u8) {
        let version = narrow(usize::try_from(phase.version(u32::from(step))).unwrap());
        if version < self.version {
            return;
        }
        let place = Phase::ALL.iter().position(|known| *known == phase);
        *self = Self {
            phase: narrow(place.unwrap() + 1),
            version,
        };
    }

    pub(super) fn described(self, mode: CommitMode) -> Option<Described> {
        self.phase().map(|_| Described { mode })
    }
}

impl Shared {
    /// A step, as production knows it.
    pub(super) fn claim(&self, number: u8) -> Option<Claim> {
        let taken = self.steps[usize::from(number.checked_sub(1)?)];
        Some(Claim {
            number: u32::from(number),
            step: taken.step(),
            run: Uuid::from_u128(u128::from(taken.run)),
            incarnation: u32::from(taken.incarnation),
            target: Uuid::nil(),
            moves: Vec::new(),
            counted: Counted::default(),
        })
    }

    pub(super) fn newest(&self) -> Option<Claim> {
        self.claim(self.newest)
    }

    pub(super) fn taken(&self, number: u8) -> Taken {
        self.steps[usize::from(number) - 1]
    }

    /// The number of COMMIT; none where it is not taken.
    pub(super) fn commit(&self) -> Option<u8> {
        (1..=self.newest).find(|number| self.taken(*number).step() == Step::Commit)
    }

    /// What the journal does with a row for a step: the first one stays.
    pub(super) fn take(&mut self, world: &World, number: u8, taken: Taken) -> Reply {
        let is_free = number > self.newest;
        if !is_free && world.off != Some(Mutation::TakeoverWithoutClaim) {
            let first = self.taken(number);
            if first.run == taken.run && first.step == taken.step {
                return Reply::Ok;
            }
            return Reply::Other(first);
        }
        if let Some(before) = self.newest().filter(|_| is_free) {
            let next = taken.step();
            self.broken = match before.step {
                Step::Commit if next != Step::Done => Some(Invariant::CommitGoesForward),
                Step::Done | Step::Cancel | Step::Fail => Some(Invariant::EndsStay),
                _ => self.broken,
            };
        }
        self.newest = self.newest.max(number);
        self.steps[usize::from(number) - 1] = taken;
        Reply::Ok
    }

    /// The staging table of an incarnation that `Staging::find` finds.
    pub(super) fn find(&self, incarnation: u8) -> Option<usize> {
        let all = 0..self.staging.len();
        all.filter(|place| self.staging[*place].incarnation == incarnation)
            .max_by_key(|place| self.staging[*place].epoch)
    }

    pub(super) fn named(&self, incarnation: u8, epoch: u8) -> Option<usize> {
        let mut all = self.staging.iter();
        all.position(|table| (table.incarnation, table.epoch) == (incarnation, epoch))
    }

    pub(super) fn send(&mut self, statement: Statement) {
        if statement != Statement::Nothing {
            let free = self
                .on_the_way
                .iter()
                .position(|one| *one == Statement::Nothing);
            self.on_the_way[free.expect("room for one more statement")] = statement;
            self.on_the_way.sort_unstable();
        }
    }

    /// Takes a statement away.
    pub(super) fn take_back(&mut self, place: usize) -> Statement {
        let statement = std::mem::take(&mut self.on_the_way[place]);
        self.on_the_way.sort_unstable();
        statement
    }

    /// Whether ClickHouse is at an INSERT that it has begun with.
    pub(super) fn is_inserting(&self) -> bool {
        let mut all = self.on_the_way.iter();
        all.any(|one| matches!(one, Statement::Begun { .. }))
    }

    fn end_inserts_into(&mut self, place: usize) {
        let gone = narrow(place);
        for statement in &mut self.on_the_way {
            if matches!(statement, Statement::Begun { table, .. } if *table == gone) {
                *statement = Statement::Nothing;
            }
        }
        self.on_the_way.sort_unstable();
    }

    pub(super) fn drop_staging(&mut self, place: usize) {
        self.end_inserts_into(place);
        self.staging[place] = Table::default();
    }

    /// Drops what is staged for an incarnation, as `Staging::drop` does.
    pub(super) fn drop_all(&mut self, incarnation: u8) {
        for place in 0..self.staging.len() {
            if self.staging[place].incarnation == incarnation {
                self.drop_staging(place);
            }
        }
        if self.replacement.incarnation == incarnation {
            if !self.replacement.is_exchanged {
                self.replacement = Replacement::default();
            }
            self.replacement.is_made = false;
        }
    }
}
