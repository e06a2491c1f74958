//! What a table remembers of the blocks that came, and how many of them it may therefore be sent again.
//!
//! Used by `transfer::commit` and by `transfer::upload`, in the mode BLOCKS. Pure.
//!
//! How this works: a table remembers its last insertions of parts, and a block makes one part for each
//! partition that it touches. A block may come twice while no checkpoint covers it. So for each table that
//! an INSERT fills: uncovered blocks, times the partitions that one may touch, is at most the window.

use crate::{
    clickhouse::TableName,
    transfer::{CommitMode, Error, Transfer},
};

/// Partitions that a block may touch, before more than one block is left uncovered.
const AMPLE_PARTITIONS: u64 = 1000;

/// The window of the table that remembers least among those that an INSERT fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::transfer) struct Window {
    /// The table.
    pub(super) table: TableName,
    /// The setting that says so.
    pub(super) setting: &'static str,
    /// The insertions of parts that it remembers of one view, or of the INSERT itself; at least 1.
    pub(super) insertions: u64,
    /// For how long, where that is bounded: the setting that says so, and the seconds.
    pub(super) lifetime: Option<(&'static str, u64)>,
    /// Whether any of the tables is partitioned.
    pub(super) is_partitioned: bool,
}

impl Window {
    /// The smaller window of two, for INSERTs that fill both tables.
    #[must_use]
    pub(super) fn and(self, other: Self) -> Self {
        let is_partitioned = self.is_partitioned || other.is_partitioned;
        let lifetimes = [self.lifetime, other.lifetime];
        let lifetime = lifetimes
            .into_iter()
            .flatten()
            .min_by_key(|(_, seconds)| *seconds);
        let smaller = if other.insertions < self.insertions {
            other
        } else {
            self
        };
        Self {
            is_partitioned,
            lifetime,
            ..smaller
        }
    }

    /// The blocks that may be sent without a checkpoint that covers them.
    pub(in crate::transfer) const fn uncovered_blocks(&self) -> u64 {
        let blocks = if self.is_partitioned {
            self.insertions / AMPLE_PARTITIONS
        } else {
            self.insertions
        };
        if blocks == 0 { 1 } else { blocks }
    }

    /// The partitions that a block may touch.
    pub(in crate::transfer) const fn partitions_per_block(&self) -> u64 {
        self.insertions / self.uncovered_blocks()
    }

    /// The limits in words.
    pub(super) fn words(&self) -> String {
        let partitions = self.partitions_per_block();
        format!(
            "{}, and a block makes one for each of its partitions, of which it may have {partitions}",
            self.memory()
        )
    }

    /// What is remembered, in words.
    pub(super) fn memory(&self) -> String {
        let Self {
            table,
            setting,
            insertions,
            lifetime,
            ..
        } = self;
        let lifetime = lifetime.map_or_else(String::new, |(setting, seconds)| {
            format!(" for {seconds} s by {setting}")
        });
        format!("{table} remembers {insertions} insertions by {setting}{lifetime}")
    }

    /// Why a block cannot be sent that has more partitions than that.
    pub(in crate::transfer) fn too_small(&self, transfer: &Transfer) -> Error {
        let there = transfer.counters().read().rows_committed;
        let Self { table, setting, .. } = self;
        Error::CommitModeUnavailable {
            mode: CommitMode::Blocks.name(),
            table: table.to_string(),
            cause: format!(
                "a block has rows of more than {} partitions, and with {setting} = {} one that came \
                 twice might be there twice; set {setting} of {table} to more than the partitions of \
                 the file, or sort the file by partition; {there} rows of the file are in the table \
                 and stay",
                self.partitions_per_block(),
                self.insertions
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{TableName, Window};

    fn window(insertions: u64, is_partitioned: bool) -> Window {
        Window {
            table: TableName::new("d", "t"),
            setting: "s",
            insertions,
            lifetime: None,
            is_partitioned,
        }
    }

    #[test]
    fn no_more_is_uncovered_than_the_table_remembers() {
        for insertions in (1..=5000).chain([10_000, 1_000_000, u64::MAX]) {
            for is_partitioned in [false, true] {
                let window = window(insertions, is_partitioned);
                let (blocks, partitions) =
                    (window.uncovered_blocks(), window.partitions_per_block());
                assert!(blocks >= 1 && partitions >= 1, "{window:?}");
                assert!(
                    u128::from(blocks) * u128::from(partitions) <= u128::from(insertions),
                    "{window:?}"
                );
            }
        }
    }

    #[test]
    fn partitions_come_before_blocks() {
        let limits = |window: Window| (window.uncovered_blocks(), window.partitions_per_block());
        assert_eq!(limits(window(20, false)), (20, 1));
        assert_eq!(limits(window(20, true)), (1, 20));
        assert_eq!(limits(window(1000, true)), (1, 1000));
        assert_eq!(limits(window(10_000, true)), (10, 1000));
    }

    #[test]
    fn smallest_window_counts() {
        let both = window(20, false).and(window(10_000, true));
        assert_eq!(both, window(20, true));
        assert_eq!(window(10_000, true).and(window(20, false)), both);
    }
}
