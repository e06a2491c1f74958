//! Which commit mode a table allows, and in what words it is promised.
//!
//! Used by `transfer::commit`. Pure.

use super::{Commit, CommitMode, window::Window};
use crate::clickhouse::sql::{EngineClause, TableName};

/// What is to know of a table.
#[derive(Clone, Debug)]
pub(super) struct Traits {
    pub(super) table: TableName,
    pub(super) engine: EngineClause,
    /// The insertions of parts that it remembers.
    pub(super) window: u64,
}

/// What materialized views make of a block that comes twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Views {
    /// None reads from the table.
    None,
    /// They take it once, as long as the tables that they fill remember it.
    Exact(Window),
    /// They may take it twice, or not at all; why.
    Inexact(String),
}

impl Traits {
    /// Whether the table takes a block that comes twice once.
    pub(super) fn is_deduplicating(&self) -> bool {
        self.engine.is_merge_tree() && self.window > 0
    }

    /// The setting that says how much it remembers.
    pub(super) fn window_setting(&self) -> &'static str {
        if self.engine.is_replicated() {
            "replicated_deduplication_window"
        } else {
            "non_replicated_deduplication_window"
        }
    }

    /// What it remembers when it is filled `times` for each block, if that is anything.
    pub(super) fn window_of(&self, times: u64) -> Option<Window> {
        let insertions = self.window.checked_div(times).filter(|count| *count > 0)?;
        Some(Window {
            table: self.table.clone(),
            setting: self.window_setting(),
            insertions,
            is_partitioned: self.engine.is_partitioned(),
        })
    }

    /// Why rows cannot be staged for it.
    fn staging_obstacle(&self, views: &Views) -> Option<String> {
        let engine = &self.engine;
        if !engine.is_merge_tree() {
            let name = if engine.name.is_empty() {
                "view"
            } else {
                &engine.name
            };
            return Some(format!(
                "its engine is {name}, into which no partition can be moved"
            ));
        }
        if engine.is_replicated() {
            return Some(format!(
                "staging for {} tables is not supported",
                engine.name
            ));
        }
        if engine.is_deprecated_form() {
            return Some("its engine is written in the form of before 2018".to_owned());
        }
        (*views != Views::None).then(|| {
            "a materialized view reads from it, and would not see rows that are moved in".to_owned()
        })
    }

    /// Why a block that comes twice may be there twice.
    fn block_obstacle(&self, views: &Views) -> Option<String> {
        if !self.engine.is_merge_tree() {
            return Some(format!(
                "its engine {} does not deduplicate inserts",
                self.engine.name
            ));
        }
        if !self.is_deduplicating() {
            let setting = self.window_setting();
            return Some(format!(
                "its setting {setting} is 0, so that it does not deduplicate inserts"
            ));
        }
        match views {
            Views::Inexact(cause) => Some(cause.clone()),
            Views::None | Views::Exact(_) => None,
        }
    }
}

impl Views {
    /// The window for INSERTs into a table with these views.
    fn window_with(&self, traits: &Traits) -> Option<Window> {
        let own = traits.window_of(1)?;
        match self {
            Self::Exact(window) => Some(own.and(window.clone())),
            Self::None => Some(own),
            Self::Inexact(_) => None,
        }
    }
}

/// Chooses the mode, or says why the requested one cannot be honoured; in the mode BLOCKS with what bounds
/// it.
pub(super) fn choose(
    requested: CommitMode,
    traits: &Traits,
    views: &Views,
) -> Result<(Commit, Option<Window>), String> {
    let staging = traits.staging_obstacle(views);
    let blocks = traits.block_obstacle(views);
    let mode = match (requested, staging, blocks) {
        (CommitMode::Auto, None, _) => CommitMode::Atomic,
        // Untested on this product's side, so that a caller has to ask for it.
        (CommitMode::Auto, Some(_), None) if !traits.engine.is_replicated() => CommitMode::Blocks,
        (CommitMode::Auto, Some(staging), blocks) => {
            let cause = blocks.map_or(staging.clone(), |blocks| format!("{staging}; {blocks}"));
            return Ok((direct(&cause, traits), None));
        }
        (CommitMode::Atomic | CommitMode::Replace, Some(cause), _)
        | (CommitMode::Blocks, _, Some(cause)) => return Err(cause),
        (requested, ..) => requested,
    };
    let window = views
        .window_with(traits)
        .filter(|_| mode == CommitMode::Blocks);
    let commit = match (mode, &window) {
        (CommitMode::Direct, _) => direct("the caller asked for it", traits),
        (mode, Some(window)) => Commit {
            mode,
            guarantee: guarantee_of_blocks(traits, window),
        },
        (mode, None) => Commit {
            mode,
            guarantee: guarantee(mode, traits).to_owned(),
        },
    };
    Ok((commit, window))
}

fn direct(cause: &str, traits: &Traits) -> Commit {
    let hint = if traits.engine.is_replicated() {
        "; the mode BLOCKS, if asked for, loads each block once here"
    } else {
        ""
    };
    Commit {
        mode: CommitMode::Direct,
        guarantee: format!(
            "one plain INSERT: neither atomic nor deduplicated; if it fails, the first rows may stay \
             in the table, and loading the file again doubles them ({cause}{hint})"
        ),
    }
}

fn guarantee_of_blocks(traits: &Traits, window: &Window) -> String {
    let lost = if traits.engine.is_replicated() {
        ""
    } else {
        "; a clickhouse that is killed at the moment it takes a block can lose that block"
    };
    format!(
        "block by block, each once, as long as the table remembers it ({}); if it fails, the first \
         blocks stay, and the same transfer goes on behind them{lost}",
        window.words()
    )
}

fn guarantee(mode: CommitMode, traits: &Traits) -> &'static str {
    match mode {
        CommitMode::Replace => {
            "the rows take the place of the old ones at once, after they are counted; if it fails, \
             the old ones stay"
        }
        _ if traits.engine.is_partitioned() => {
            "all or nothing: staged, counted, then moved in, each partition at once; a commit that is \
             interrupted between two partitions is completed, and the same transfer never loads \
             its rows twice"
        }
        _ => {
            "all or nothing: staged, counted, then moved in at once; the same transfer never loads \
             its rows twice"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CommitMode, EngineClause, TableName, Traits, Views, choose};

    fn traits(engine: &str, window: u64) -> Traits {
        Traits {
            table: TableName::new("db", "t"),
            engine: EngineClause::parse(engine),
            window,
        }
    }

    /// Views that take a block once.
    fn exact() -> Views {
        Views::Exact(traits("MergeTree ORDER BY a", 5).window_of(1).unwrap())
    }

    fn chosen(engine: &str, window: u64, views: &Views) -> CommitMode {
        choose(CommitMode::Auto, &traits(engine, window), views)
            .unwrap()
            .0
            .mode
    }

    #[test]
    fn strongest_mode_that_the_table_allows_is_chosen() {
        let inexact = Views::Inexact("x".to_owned());
        let plain = "ReplacingMergeTree(v) PARTITION BY d ORDER BY a";
        let replicated = "ReplicatedMergeTree('/p', 'r') ORDER BY a";
        for (engine, window, views, mode) in [
            (plain, 0, &Views::None, CommitMode::Atomic),
            (plain, 9, &Views::None, CommitMode::Atomic),
            (plain, 9, &exact(), CommitMode::Blocks),
            (plain, 0, &exact(), CommitMode::Direct),
            (plain, 9, &inexact, CommitMode::Direct),
            (plain, 0, &inexact, CommitMode::Direct),
            (replicated, 0, &Views::None, CommitMode::Direct),
            (
                "SharedMergeTree ORDER BY a",
                0,
                &Views::None,
                CommitMode::Direct,
            ),
            (
                "MergeTree(d, (a), 8192)",
                0,
                &Views::None,
                CommitMode::Direct,
            ),
            ("Log", 0, &Views::None, CommitMode::Direct),
            (
                "Distributed('c', 'd', 't')",
                0,
                &Views::None,
                CommitMode::Direct,
            ),
            ("", 0, &Views::None, CommitMode::Direct),
        ] {
            assert_eq!(
                chosen(engine, window, views),
                mode,
                "{engine} {window} {views:?}"
            );
        }
    }

    #[test]
    fn forced_mode_is_honoured_or_refused_with_the_cause() {
        let plain = traits("MergeTree ORDER BY a", 0);
        let refusal =
            |mode, traits: &Traits, views: &Views| choose(mode, traits, views).unwrap_err();
        assert!(refusal(CommitMode::Blocks, &plain, &Views::None).contains("window is 0"));
        assert!(refusal(CommitMode::Atomic, &plain, &exact()).contains("materialized view"));
        assert!(refusal(CommitMode::Replace, &traits("Log", 0), &Views::None).contains("Log"));
        let forgetful = traits("ReplicatedMergeTree ORDER BY a", 0);
        let cause = refusal(CommitMode::Blocks, &forgetful, &Views::None);
        assert!(cause.contains("replicated_deduplication_window is 0"));
        let replicated = traits("ReplicatedMergeTree ORDER BY a", 100);
        assert!(refusal(CommitMode::Atomic, &replicated, &Views::None).contains("Replicated"));
        for (mode, traits) in [
            (CommitMode::Direct, &plain),
            (CommitMode::Replace, &plain),
            (CommitMode::Blocks, &replicated),
            (CommitMode::Direct, &traits("Log", 0)),
        ] {
            assert_eq!(choose(mode, traits, &Views::None).unwrap().0.mode, mode);
        }
    }

    #[test]
    fn smallest_window_bounds_the_blocks_and_is_named() {
        let traits = traits("MergeTree PARTITION BY d ORDER BY a", 9);
        let choose = |mode, views: &Views| choose(mode, &traits, views).unwrap();
        let (commit, window) = choose(CommitMode::Blocks, &exact());
        let window = window.unwrap();
        assert_eq!(
            (window.uncovered_blocks(), window.partitions_per_block()),
            (1, 5)
        );
        assert!(
            commit.guarantee.contains("db.t remembers 5 insertions"),
            "{commit:?}"
        );
        assert!(
            commit.guarantee.contains("of which it may have 5"),
            "{commit:?}"
        );
        assert_eq!(choose(CommitMode::Atomic, &Views::None).1, None);
    }
}
