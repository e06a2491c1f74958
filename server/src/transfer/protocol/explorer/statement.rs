//! Statements, and what ClickHouse makes of them.
//!
//! Part of `protocol::explorer`. Each is done at once; an INSERT in two halves, between which anything may come.

use super::{
    Mutation, World,
    model::{ON_THE_WAY, Replacement, Rows, Shared, Table, Taken},
};
use crate::transfer::CommitMode;

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

impl Shared {
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
        if world.is_fenced() && self.newest != epoch {
            return Err(Answer::Fenced);
        }
        let table = if world.mode.is_staged() {
            let found = match world.off {
                Some(Mutation::NoRename) => self.find(incarnation),
                _ => self.named(incarnation, epoch),
            };
            narrow(found.ok_or(Answer::Absent)?)
        } else {
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
                // The new name is taken.
                Some(_) if from != to && self.named(incarnation, to).is_some() => Answer::Absent,
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
        let moved = table.rows & World::partition(partition);
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
                let rows = World::partition(partition);
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
