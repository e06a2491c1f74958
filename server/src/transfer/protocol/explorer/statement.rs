//! Statements, and what ClickHouse makes of them.
//!
//! Part of `protocol::explorer`. Each is done at once; an INSERT in two halves, between which anything may come.

use super::{
    Mutation, World,
    model::{ON_THE_WAY, Replacement, Rows, Shared, Table, Taken},
};
use crate::transfer::protocol::completion::Passage;

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
    /// Adds a partition of a staging table to a replicated target, or puts it in the place of what is there.
    Copy {
        partition: u8,
        incarnation: u8,
        epoch: u8,
    },
    /// Leaves partitions out of a staging table.
    LeaveOut {
        incarnation: u8,
        epoch: u8,
        partitions: u8,
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

impl Statement {
    /// The names of staging tables of an incarnation in it.
    pub(super) fn staged_names(&mut self, of: u8) -> impl Iterator<Item = &mut u8> {
        let (incarnation, names) = match self {
            Self::Rename {
                incarnation,
                from,
                to,
            } => (*incarnation, [Some(from), Some(to)]),
            Self::Move {
                incarnation, epoch, ..
            }
            | Self::Copy {
                incarnation, epoch, ..
            }
            | Self::LeaveOut {
                incarnation, epoch, ..
            }
            | Self::Insert {
                incarnation, epoch, ..
            } => (*incarnation, [Some(epoch), None]),
            _ => (0, [None, None]),
        };
        names
            .into_iter()
            .flatten()
            .filter(move |_| incarnation == of)
    }
}

/// How ClickHouse answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
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
    pub(super) fn begin(&self, world: &World, insert: Statement) -> Result<Statement, Reply> {
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
            return Err(Reply::Fenced);
        }
        let table = if world.mode.is_staged() {
            let found = match world.off {
                Some(Mutation::NoRename) => self.find(incarnation),
                _ => self.named(incarnation, epoch),
            };
            narrow(found.ok_or(Reply::Absent)?)
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
    pub(super) fn execute(&mut self, world: &World, statement: Statement) -> Reply {
        match statement {
            Statement::Nothing => Reply::Ok,
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
                Reply::Ok
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
                Reply::Ok
            }
            Statement::Rename {
                incarnation,
                from,
                to,
            } => self.rename(incarnation, from, to),
            Statement::Move {
                partition,
                incarnation,
                epoch,
                into,
            } => self.move_in(world, partition, (incarnation, epoch), into, true),
            Statement::Copy {
                partition,
                incarnation,
                epoch,
            } => self.copy(world, partition, (incarnation, epoch)),
            Statement::LeaveOut {
                incarnation,
                epoch,
                partitions,
            } => self.leave_out(world, partitions, (incarnation, epoch)),
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
                Reply::Ok
            }
            Statement::RenameReplacement { from, to } => {
                if !self.replacement.is_made || self.replacement.attempt != from {
                    return Reply::Absent;
                }
                self.replacement.attempt = to;
                Reply::Ok
            }
            Statement::Exchange { attempt } => {
                if !self.replacement.is_made || self.replacement.attempt != attempt {
                    return Reply::Absent;
                }
                // Under the old name there is the table of before, whatever has the target's by now.
                self.replacement.is_exchanged ^= true;
                Reply::Ok
            }
            Statement::Drop { incarnation } => {
                self.drop_all(incarnation);
                Reply::Ok
            }
        }
    }

    /// Gives a staging table another name.
    fn rename(&mut self, incarnation: u8, from: u8, to: u8) -> Reply {
        match self.named(incarnation, from) {
            // The new name is taken.
            Some(_) if from != to && self.named(incarnation, to).is_some() => Reply::Absent,
            Some(place) => {
                self.staging[place].epoch = to;
                Reply::Ok
            }
            None => Reply::Absent,
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
    ) -> Reply {
        let Some(place) = self.named(incarnation, epoch) else {
            return Reply::Absent;
        };
        let table = &mut self.staging[place];
        let moved = table.rows & World::partition(partition);
        let has_twice = table.has_twice && moved != 0;
        if world.passage == Passage::Exchange {
            let replacement = &mut self.replacement;
            if !replacement.is_made || replacement.attempt != into {
                return Reply::Absent;
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
            table.in_both |= 1 << partition;
        }
        Reply::Ok
    }

    /// Copies a partition to all replicas.
    fn copy(&mut self, world: &World, partition: u8, (incarnation, epoch): (u8, u8)) -> Reply {
        let Some(place) = self.named(incarnation, epoch) else {
            return Reply::Absent;
        };
        let table = &mut self.staging[place];
        let rows = World::partition(partition);
        let copied = table.rows & rows;
        if world.passage == Passage::Replace {
            self.target.has_twice |= table.has_twice;
            self.target.rows &= !rows;
        } else {
            let has_twice = table.has_twice && copied != 0;
            self.target.has_twice |= has_twice || self.target.rows & copied != 0;
        }
        self.target.rows |= copied;
        table.in_both |= 1 << partition;
        Reply::Ok
    }

    /// Leaves partitions out, of which the table forgets the tokens.
    fn leave_out(
        &mut self,
        world: &World,
        partitions: u8,
        (incarnation, epoch): (u8, u8),
    ) -> Reply {
        let Some(place) = self.named(incarnation, epoch) else {
            return Reply::Absent;
        };
        for partition in (0..world.partitions).filter(|partition| partitions & 1 << partition != 0)
        {
            let rows = World::partition(partition);
            self.staging[place].rows &= !rows;
            self.staging[place].tokens &= !rows;
        }
        self.staging[place].in_both &= !partitions;
        self.staging[place].unseen &= !partitions;
        Reply::Ok
    }

    /// ClickHouse ends, and with it all connections to it and what it was at.
    pub(super) fn kill(&mut self) {
        self.on_the_way = [Statement::Nothing; ON_THE_WAY];
    }

    /// The rows of the file that whoever reads the target sees.
    pub(super) fn visible(&self, world: &World) -> Rows {
        match world.passage {
            Passage::Exchange if !self.replacement.is_exchanged => 0,
            Passage::Exchange => self.replacement.rows,
            _ => self.target.rows,
        }
    }
}

pub(super) fn narrow(number: usize) -> u8 {
    u8::try_from(number).unwrap()
}
