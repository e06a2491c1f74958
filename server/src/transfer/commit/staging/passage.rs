//! How staged rows come into their target, and how it is seen that they are there.
//!
//! Used by `transfer::commit::staging`. Pure.

use crate::{
    clickhouse::{
        Statement,
        sql::{EngineClause, TableName, staging as sql},
    },
    transfer::CommitMode,
};

/// How the rows of a staging table come into the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transfer) enum Passage {
    /// Partitions move from one table to the other.
    Move,
    /// All replicas add partitions, which are left out here afterwards.
    Attach,
    /// All replicas put them in the place of what they have.
    Replace,
    /// A table with the rows and the target exchange their names.
    Exchange,
}

impl Passage {
    /// That of a mode that stages, into a table with this engine.
    pub(in crate::transfer) fn of(mode: CommitMode, engine: &EngineClause) -> Self {
        match (mode, engine.is_replicated()) {
            (CommitMode::Replace, true) => Self::Replace,
            (CommitMode::Replace, false) => Self::Exchange,
            (_, true) => Self::Attach,
            (_, false) => Self::Move,
        }
    }

    /// Whether it is a step of all replicas.
    pub(in crate::transfer) const fn is_replicated(self) -> bool {
        matches!(self, Self::Attach | Self::Replace)
    }

    /// What brings partitions in, one statement after the other.
    pub(super) fn statements(
        self,
        staged: &TableName,
        into: &TableName,
        partitions: &[String],
    ) -> Vec<Statement> {
        let copied = match self {
            Self::Move | Self::Exchange => {
                return vec![sql::move_partitions(staged, into, partitions)];
            }
            Self::Attach => sql::attach_partitions(staged, into, partitions),
            Self::Replace => sql::replace_partitions(staged, into, partitions),
        };
        vec![copied, self.leave_out(staged, partitions)]
    }

    /// What is in the target already, though it is still staged: parts where each moves by itself, else
    /// partitions.
    pub(super) fn there(self, staged: &TableName, into: &TableName) -> Statement {
        if self.is_replicated() {
            sql::attached_partitions(staged, into)
        } else {
            sql::moved_parts(staged, into)
        }
    }

    /// Leaves such parts or partitions out of what is staged.
    pub(super) fn leave_out(self, staged: &TableName, there: &[String]) -> Statement {
        if self.is_replicated() {
            sql::drop_partitions(staged, there)
        } else {
            sql::drop_parts(staged, there)
        }
    }
}
