//! What there is beside the servers: the journal, ClickHouse's tables, and statements on their way.
//!
//! Part of `protocol::explorer`. A row is a bit: of a version of the file, in a block, in a partition.

use uuid::Uuid;

use super::{Invariant, Mutation, World};
use crate::transfer::{
    CommitMode, Phase,
    protocol::{Claim, Counted, Described, Step},
};

/// Steps of the journal that one exploration has room for.
const STEPS: usize = 16;

/// Statements that may be on their way at once.
const ON_THE_WAY: usize = 6;

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

/// A statement that was sent and not answered. It may still happen, once, or never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Statement {
    #[default]
    Nothing,
    /// Takes a step of the journal.
    Claim {
        number: u8,
        taken: Taken,
    },
    /// A block that ClickHouse has not begun with. `epoch` names the staging table, or is what the fence
    /// compares.
    Insert {
        block: u8,
        incarnation: u8,
        version: u8,
        epoch: u8,
    },
    /// A block that ClickHouse has begun with: its table is chosen, its fence passed.
    Begun {
        block: u8,
        incarnation: u8,
        version: u8,
        /// The staging table, by its place; the target otherwise.
        table: u8,
    },
    Create {
        incarnation: u8,
        epoch: u8,
    },
    Rename {
        incarnation: u8,
        from: u8,
        to: u8,
    },
    /// Moves a partition from a staging table into the target, or what takes its place by that name.
    Move {
        partition: u8,
        incarnation: u8,
        epoch: u8,
        into: u8,
    },
    MakeReplacement {
        incarnation: u8,
    },
    RenameReplacement {
        from: u8,
        to: u8,
    },
    Exchange {
        attempt: u8,
    },
    Drop {
        incarnation: u8,
    },
}

/// How ClickHouse answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Ok,
    /// The table is not there by that name.
    Absent,
    /// The INSERT came after another step.
    Fenced,
    /// Somebody else has the step.
    Other(Taken),
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
}

/// The table that the file is loaded into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Target {
    pub(super) rows: Rows,
    pub(super) has_twice: bool,
    /// BLOCKS: the newest tokens, each `1 + incarnation * 16 + bit`.
    window: [u16; 4],
    /// Partitions of which ClickHouse was killed in the middle of the MOVE: they are in both tables.
    pub(super) by_half: u8,
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
}

/// What the journal says beside the steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Row {
    /// 0: there is none; else one more than the place in `Phase::ALL`.
    phase: u8,
    pub(super) has_rows: bool,
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
    pub(super) fn put(&mut self, phase: Phase, step: u8, has_rows: bool) {
        let version = narrow(usize::try_from(phase.version(u32::from(step))).unwrap());
        if version < self.version {
            return;
        }
        let place = Phase::ALL.iter().position(|known| *known == phase);
        *self = Self {
            phase: narrow(place.unwrap() + 1),
            has_rows,
            version,
        };
    }

    pub(super) fn described(self, mode: CommitMode) -> Option<Described> {
        let phase = self.phase()?;
        Some(Described {
            mode,
            phase: Some(phase),
            rows_staged: u64::from(self.has_rows),
        })
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

    /// What the journal does with a row for a step: the first one stays.
    fn take(&mut self, world: &World, number: u8, taken: Taken) -> Answer {
        let is_free = number > self.newest;
        if !is_free && world.off != Some(Mutation::TakeoverWithoutClaim) {
            let first = self.taken(number);
            if first.run == taken.run && first.step == taken.step {
                return Answer::Ok;
            }
            return Answer::Other(first);
        }
        if let Some(before) = self.newest().filter(|_| is_free) {
            let next = taken.step();
            self.broken = match before.step {
                Step::Commit if next != Step::Done => Some(Invariant::CommitGoesForward),
                Step::Done => Some(Invariant::EndsStay),
                Step::Cancel | Step::Fail if next != Step::Own => Some(Invariant::EndsStay),
                _ => self.broken,
            };
        }
        self.newest = self.newest.max(number);
        self.steps[usize::from(number) - 1] = taken;
        Answer::Ok
    }

    /// The staging table of an incarnation that `Staging::find` finds.
    pub(super) fn find(&self, incarnation: u8) -> Option<usize> {
        let all = 0..self.staging.len();
        all.filter(|place| self.staging[*place].incarnation == incarnation)
            .max_by_key(|place| self.staging[*place].epoch)
    }

    fn named(&self, incarnation: u8, epoch: u8) -> Option<usize> {
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

    /// Begins an INSERT: finds its table, and passes its fence.
    pub(super) fn begin(&self, world: &World, insert: Statement) -> Result<Statement, Answer> {
        let Statement::Insert {
            block,
            incarnation,
            version,
            epoch,
        } = insert
        else {
            unreachable!("only an INSERT begins");
        };
        let table = if world.mode.is_staged() {
            let found = match world.off {
                Some(Mutation::NoRename) => self.find(incarnation),
                _ => self.named(incarnation, epoch),
            };
            narrow(found.ok_or(Answer::Absent)?)
        } else {
            if world.is_fenced() && self.newest != epoch {
                return Err(Answer::Fenced);
            }
            u8::MAX
        };
        Ok(Statement::Begun {
            block,
            incarnation,
            version,
            table,
        })
    }

    /// Does a statement at once.
    pub(super) fn execute(&mut self, world: &World, statement: Statement) -> Answer {
        match statement {
            Statement::Nothing => Answer::Ok,
            Statement::Claim { number, taken } => self.take(world, number, taken),
            Statement::Insert { .. } => match self.begin(world, statement) {
                Ok(begun) => self.execute(world, begun),
                Err(answer) => answer,
            },
            Statement::Begun {
                block,
                incarnation,
                version,
                table,
            } => {
                self.write(world, (block, incarnation, version), table, true);
                Answer::Ok
            }
            Statement::Create { incarnation, epoch } => {
                if self.named(incarnation, epoch).is_none() {
                    let free = self.staging.iter().position(|table| table.incarnation == 0);
                    self.staging[free.expect("room for one more table")] = Table {
                        incarnation,
                        epoch,
                        ..Table::default()
                    };
                }
                Answer::Ok
            }
            Statement::Rename {
                incarnation,
                from,
                to,
            } => match self.named(incarnation, from) {
                Some(place) => {
                    self.staging[place].epoch = to;
                    Answer::Ok
                }
                None => Answer::Absent,
            },
            Statement::Move {
                partition,
                incarnation,
                epoch,
                into,
            } => self.move_in(world, partition, (incarnation, epoch), into, true),
            Statement::MakeReplacement { incarnation } => {
                // One of another incarnation has another name, and is swept like a staging table.
                let is_of_newest = self.taken(self.newest).incarnation == incarnation;
                if is_of_newest && self.replacement.incarnation != incarnation {
                    self.replacement = Replacement {
                        is_made: true,
                        incarnation,
                        ..Replacement::default()
                    };
                }
                Answer::Ok
            }
            Statement::RenameReplacement { from, to } => {
                if !self.replacement.is_made || self.replacement.attempt != from {
                    return Answer::Absent;
                }
                self.replacement.attempt = to;
                Answer::Ok
            }
            Statement::Exchange { attempt } => {
                let is_there = self.replacement.is_made && self.replacement.attempt == attempt;
                if !is_there {
                    return Answer::Absent;
                }
                self.replacement.is_exchanged ^= true;
                Answer::Ok
            }
            Statement::Drop { incarnation } => {
                self.drop_all(incarnation);
                Answer::Ok
            }
        }
    }

    /// Writes a block, unless the table remembers it. `is_whole`: ClickHouse is not killed between the token
    /// and the rows.
    fn write(
        &mut self,
        world: &World,
        (block, incarnation, version): (u8, u8, u8),
        table: u8,
        is_whole: bool,
    ) {
        let cells = world.cells(block, version);
        // Without what a token says of the content, it is that of the first version.
        let named = match world.off {
            Some(Mutation::TokenWithoutContent) => world.cells(block, 0),
            _ => cells,
        };
        if let Some(table) = self.staging.get_mut(usize::from(table)) {
            let is_known = named & table.tokens == named;
            let new = if is_known || !is_whole { 0 } else { cells };
            table.has_twice |= table.rows & new != 0;
            table.rows |= new;
            table.tokens |= named;
            return;
        }
        let bits = |rows: Rows| (0..Rows::BITS).filter(move |bit| rows & (1 << bit) != 0);
        for (bit, name) in bits(cells).zip(bits(named)) {
            let name = u16::try_from(1 + u32::from(incarnation) * Rows::BITS + name).unwrap();
            let length = usize::from(world.window);
            let window = &mut self.target.window[..length];
            if window.contains(&name) {
                continue;
            }
            if length > 0 {
                window.rotate_right(1);
                window[0] = name;
            }
            if is_whole {
                self.target.has_twice |= self.target.rows & (1 << bit) != 0;
                self.target.rows |= 1 << bit;
            }
        }
    }

    /// ClickHouse is killed when it has written the token of a block, and nothing of the block.
    pub(super) fn burn(&mut self, world: &World, sent: Statement) {
        if let Statement::Begun {
            block,
            incarnation,
            version,
            table,
        } = sent
        {
            self.write(world, (block, incarnation, version), table, false);
        }
        self.kill();
    }

    /// Moves a partition. `is_whole`: ClickHouse is not killed before it is out of the staging table.
    pub(super) fn move_in(
        &mut self,
        world: &World,
        partition: u8,
        (incarnation, epoch): (u8, u8),
        into: u8,
        is_whole: bool,
    ) -> Answer {
        let Some(place) = self.named(incarnation, epoch) else {
            return Answer::Absent;
        };
        let table = &mut self.staging[place];
        let moved = table.rows & world.partition(partition);
        let has_twice = table.has_twice && moved != 0;
        if world.mode == CommitMode::Replace {
            let replacement = &mut self.replacement;
            if !replacement.is_made || replacement.attempt != into {
                return Answer::Absent;
            }
            if !replacement.is_exchanged {
                self.target.has_twice |= has_twice || replacement.rows & moved != 0;
                replacement.rows |= moved;
            }
        } else {
            self.target.has_twice |= has_twice || self.target.rows & moved != 0;
            self.target.rows |= moved;
        }
        if is_whole {
            table.rows &= !moved;
        } else if moved != 0 {
            self.target.by_half |= 1 << partition;
        }
        Answer::Ok
    }

    /// Leaves out what is in the target already; the table forgets the tokens of what it drops.
    pub(super) fn leave_out_moved(&mut self, world: &World, place: usize) {
        for partition in 0..world.partitions {
            if self.target.by_half & (1 << partition) != 0 {
                let rows = world.partition(partition);
                self.staging[place].rows &= !rows;
                self.staging[place].tokens &= !rows;
            }
        }
        self.target.by_half = 0;
    }

    /// ClickHouse ends, and with it all connections to it and what it was at.
    pub(super) fn kill(&mut self) {
        self.on_the_way = [Statement::Nothing; ON_THE_WAY];
    }

    /// The rows of the file that whoever reads the target sees.
    pub(super) fn visible(&self, world: &World) -> Rows {
        match world.mode {
            CommitMode::Replace if !self.replacement.is_exchanged => 0,
            CommitMode::Replace => self.replacement.rows,
            _ => self.target.rows,
        }
    }
}

pub(super) fn narrow(number: usize) -> u8 {
    u8::try_from(number).unwrap()
}
