//! Which commit mode a table allows, and in what words it is promised.
//!
//! Used by `transfer::commit`. Pure.

use super::{Commit, CommitMode, window::Window};
use crate::clickhouse::sql::{EngineClause, TableName};

/// The setting that says for how long a replicated table remembers insertions.
pub(super) const WINDOW_SECONDS: &str = "replicated_deduplication_window_seconds";

/// What is to know of a table.
#[derive(Clone, Debug)]
pub(super) struct Traits {
    pub(super) table: TableName,
    pub(super) engine: EngineClause,
    /// Whether its database does what is done to a table on each of its servers.
    pub(super) is_in_replicated_database: bool,
    /// The insertions of parts that it remembers.
    pub(super) window: u64,
    /// For how many seconds, where that is bounded.
    pub(super) window_seconds: Option<u64>,
}

/// Where statements and steps go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// That several servers answer, in words; none where it is one.
    pub(super) several: Option<String>,
    /// Why no journal knows what an upload has loaded; none where one does.
    pub(super) no_journal: Option<String>,
    /// Why rows cannot be staged on the server that answers, though the table would allow it.
    pub(super) no_staging: Option<String>,
    /// How long the journal remembers an upload, in seconds, if there is one.
    pub(super) memory: Option<u64>,
}

impl Place {
    /// That several servers answer of which each has such a table for itself.
    pub(super) fn several_for(&self, traits: &Traits) -> Option<&str> {
        let several = self.several.as_deref();
        several.filter(|_| !traits.engine.is_replicated())
    }
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
        self.engine.is_merge_tree() && self.window > 0 && self.window_seconds != Some(0)
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
            lifetime: self.window_seconds.map(|seconds| (WINDOW_SECONDS, seconds)),
            is_partitioned: self.engine.is_partitioned(),
        })
    }

    /// Whether its tables of staged rows cannot be beside it: what is done there to a table is done on each
    /// server of the database, and what is staged is on one.
    pub(super) fn stages_apart(&self) -> bool {
        self.is_in_replicated_database && self.engine.is_replicated()
    }

    /// Why rows cannot be staged for it.
    fn staging_obstacle(
        &self,
        requested: CommitMode,
        views: &Views,
        place: &Place,
    ) -> Option<String> {
        let engine = &self.engine;
        if let Some(several) = &place.several {
            return Some(format!(
                "{several}, and a staging table is on one of them; name one server"
            ));
        }
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
        if engine.is_shared() {
            return Some(format!(
                "staging for {} tables is not supported",
                engine.name
            ));
        }
        if self.is_in_replicated_database && !engine.is_replicated() {
            return Some(format!(
                "its database is of the engine Replicated, where staging tables are moved and exchanged on \
                 every server, while the rows of the engine {} are on one; make it a Replicated{}",
                engine.name, engine.name
            ));
        }
        if engine.is_deprecated_form() {
            return Some("its engine is written in the form of before 2018".to_owned());
        }
        if *views != Views::None {
            return Some(
                "a materialized view reads from it, and would not see rows that are moved in"
                    .to_owned(),
            );
        }
        if requested == CommitMode::Replace && engine.is_replicated() && engine.is_partitioned() {
            return Some(
                "it is replicated and has partitions, which could only be replaced one after the other"
                    .to_owned(),
            );
        }
        place.no_staging.clone()
    }

    /// Why a block that comes twice may be there twice.
    fn block_obstacle(&self, views: &Views, place: &Place) -> Option<String> {
        if let Some(several) = place.several_for(self) {
            return Some(format!(
                "{several}, and a table of the engine {} is on each of them for itself; name one server",
                self.engine.name
            ));
        }
        if !self.engine.is_merge_tree() {
            return Some(format!(
                "its engine {} does not deduplicate inserts",
                self.engine.name
            ));
        }
        if !self.is_deduplicating() {
            let setting = match self.window {
                0 => self.window_setting(),
                _ => WINDOW_SECONDS,
            };
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
    place: &Place,
) -> Result<(Commit, Option<Window>), String> {
    let staging = traits.staging_obstacle(requested, views, place);
    let blocks = traits.block_obstacle(views, place);
    // Blocks would be taken once, but not where another server goes on behind them: nobody knows that there.
    let is_cautious =
        traits.engine.is_replicated() && (traits.engine.is_shared() || place.several.is_some());
    let mode = match (requested, staging, blocks) {
        (CommitMode::Auto, None, _) => CommitMode::Atomic,
        (CommitMode::Auto, Some(_), None) if !is_cautious => CommitMode::Blocks,
        (CommitMode::Auto, Some(staging), blocks) => {
            let hint = if blocks.is_none() {
                "; the mode BLOCKS, if asked for, loads each block once here"
            } else {
                ""
            };
            let cause = match blocks {
                // The same cause bars both.
                Some(blocks) if place.several_for(traits).is_some() => blocks,
                Some(blocks) => format!("{staging}; {blocks}"),
                None => staging,
            };
            return Ok((direct(&format!("{cause}{hint}"), traits, place), None));
        }
        (CommitMode::Atomic | CommitMode::Replace, Some(cause), _)
        | (CommitMode::Blocks, _, Some(cause)) => return Err(cause),
        (requested, ..) => requested,
    };
    let window = views
        .window_with(traits)
        .filter(|_| mode == CommitMode::Blocks);
    let mut commit = match (mode, &window) {
        (CommitMode::Direct, _) => direct("the caller asked for it", traits, place),
        (mode, Some(window)) => Commit {
            mode,
            guarantee: guarantee_of_blocks(traits, window, place),
        },
        (mode, None) => Commit {
            mode,
            guarantee: guarantee(mode, traits, place),
        },
    };
    if let Some(seconds) = place.memory.filter(|_| mode != CommitMode::Direct) {
        commit.guarantee += &format!("; its id is remembered for {}", span(seconds));
    }
    Ok((commit, window))
}

/// A time in the largest unit that it is whole in.
fn span(seconds: u64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let whole = units
        .into_iter()
        .find(|(size, _)| seconds > 0 && seconds.is_multiple_of(*size));
    let (count, unit) = whole.map_or((seconds, "second"), |(size, unit)| (seconds / size, unit));
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// Where the rows are, if not where everybody looks for them.
fn whereabouts(traits: &Traits, place: &Place) -> &'static str {
    let is_shared = traits.engine.is_replicated() || traits.engine.name == "Distributed";
    if is_shared || !(traits.is_in_replicated_database || place.several.is_some()) {
        return "";
    }
    "; the rows are on the one server that took them, and on no other"
}

fn direct(cause: &str, traits: &Traits, place: &Place) -> Commit {
    Commit {
        mode: CommitMode::Direct,
        guarantee: format!(
            "one plain INSERT: neither atomic nor deduplicated; if it fails, the first rows may stay \
             in the table, and loading the file again doubles them ({cause}){}",
            whereabouts(traits, place)
        ),
    }
}

fn guarantee_of_blocks(traits: &Traits, window: &Window, place: &Place) -> String {
    let lost = if traits.engine.is_replicated() {
        ""
    } else {
        "; a clickhouse that is killed at the moment it takes a block can lose that block"
    };
    let after = match &place.no_journal {
        None => "and the same transfer goes on behind them".to_owned(),
        Some(cause) => format!("and no transfer goes on behind them: {cause}"),
    };
    format!(
        "block by block, each once, as long as the table remembers it ({}); if it fails, the first \
         blocks stay, {after}{lost}{}",
        window.words(),
        whereabouts(traits, place)
    )
}

fn guarantee(mode: CommitMode, traits: &Traits, place: &Place) -> String {
    if mode == CommitMode::Replace && traits.engine.is_replicated() {
        return format!(
            "the rows take the place of the old ones at once on every replica, after they are counted; if it \
             fails, the old ones stay; {STAGED_ON_ONE}"
        );
    }
    if mode == CommitMode::Replace {
        return "the rows take the place of the old ones at once, after they are counted; if it fails, \
                the old ones stay"
            .to_owned();
    }
    let is_partitioned = traits.engine.is_partitioned();
    let moved = if traits.engine.is_replicated() {
        "added by all replicas"
    } else {
        "moved in"
    };
    let (at_once, unfinished) = match (is_partitioned, &place.no_journal) {
        (false, _) => (" at once", ""),
        (true, None) => (
            ", each partition at once",
            "; a commit that is interrupted between two partitions is completed",
        ),
        (true, Some(_)) => (
            ", each partition at once",
            "; a commit that is interrupted between two partitions stays as it is",
        ),
    };
    let where_staged = if traits.engine.is_replicated() {
        format!("; {STAGED_ON_ONE}; {}", known_again(traits))
    } else {
        String::new()
    };
    let again = match &place.no_journal {
        None => "the same transfer never loads its rows twice".to_owned(),
        Some(cause) => format!("sent again, the same transfer may load its rows again: {cause}"),
    };
    format!(
        "all or nothing: staged, counted, then {moved}{at_once}{unfinished}; {again}{where_staged}"
    )
}

/// What becomes of an upload whose server is lost.
const STAGED_ON_ONE: &str = "until then the rows are on one server: if that loses them before the commit, the same \
     transfer begins anew; once the commit has begun, it waits for that server";

/// By what it is seen that an interrupted commit has added a partition.
fn known_again(traits: &Traits) -> String {
    let uuids = "a partition that an interrupted commit has added is known by the UUIDs of its parts, which \
                 ClickHouse keeps for old_parts_lifetime after they are merged";
    match traits.window_of(1) {
        Some(window) => format!("{uuids}, and by their tokens ({})", window.memory()),
        None => uuids.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{CommitMode, EngineClause, Place, TableName, Traits, Views};

    fn traits(engine: &str, window: u64) -> Traits {
        Traits {
            table: TableName::new("db", "t"),
            engine: EngineClause::parse(engine),
            is_in_replicated_database: false,
            window,
            window_seconds: None,
        }
    }

    /// The choice where one server answers, and the journal is there.
    fn choose(
        requested: CommitMode,
        traits: &Traits,
        views: &Views,
    ) -> Result<(super::Commit, Option<super::Window>), String> {
        super::choose(requested, traits, views, &Place::default())
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
    fn memory_of_the_journal_is_part_of_the_words() {
        let plain = traits("MergeTree ORDER BY a", 9);
        for (memory, words) in [
            (Some(604_800), "; its id is remembered for 7 days"),
            (Some(3_600), "; its id is remembered for 1 hour"),
            (Some(90), "; its id is remembered for 90 seconds"),
        ] {
            let place = Place {
                memory,
                ..Place::default()
            };
            for mode in [CommitMode::Atomic, CommitMode::Replace, CommitMode::Blocks] {
                let chosen = super::choose(mode, &plain, &Views::None, &place);
                let guarantee = chosen.unwrap().0.guarantee;
                assert!(guarantee.ends_with(words), "{guarantee}");
            }
        }
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
            (replicated, 0, &Views::None, CommitMode::Atomic),
            (replicated, 9, &exact(), CommitMode::Blocks),
            (replicated, 0, &exact(), CommitMode::Direct),
            (replicated, 9, &inexact, CommitMode::Direct),
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
        assert!(refusal(CommitMode::Atomic, &replicated, &exact()).contains("materialized view"));
        let shared = traits("SharedMergeTree ORDER BY a", 100);
        assert!(refusal(CommitMode::Atomic, &shared, &Views::None).contains("Shared"));
        let partitioned = traits("ReplicatedMergeTree PARTITION BY d ORDER BY a", 100);
        let cause = refusal(CommitMode::Replace, &partitioned, &Views::None);
        assert!(cause.contains("one after the other"), "{cause}");
        let brief = Traits {
            window_seconds: Some(0),
            ..replicated.clone()
        };
        let cause = refusal(CommitMode::Blocks, &brief, &Views::None);
        assert!(cause.contains("replicated_deduplication_window_seconds is 0"));
        for (mode, traits) in [
            (CommitMode::Direct, &plain),
            (CommitMode::Replace, &plain),
            (CommitMode::Blocks, &replicated),
            (CommitMode::Atomic, &partitioned),
            (CommitMode::Replace, &replicated),
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

    /// What is promised by default, and why the stronger modes are refused.
    fn weakened(traits: &Traits, place: &Place) -> (CommitMode, String, Vec<String>) {
        let choose = |mode| super::choose(mode, traits, &Views::None, place);
        let (commit, _) = choose(CommitMode::Auto).unwrap();
        let strong = [CommitMode::Atomic, CommitMode::Replace, CommitMode::Blocks];
        let refused = strong.into_iter().filter_map(|mode| choose(mode).err());
        (commit.mode, commit.guarantee, refused.collect())
    }

    #[test]
    fn plain_table_of_a_replicated_database_is_not_staged_for() {
        let own = Traits {
            is_in_replicated_database: true,
            ..traits("SummingMergeTree ORDER BY a", 0)
        };
        let (mode, words, refused) = weakened(&own, &Place::default());
        assert_eq!((mode, refused.len()), (CommitMode::Direct, 3), "{words}");
        assert!(
            words.contains("on the one server that took them"),
            "{words}"
        );
        for cause in &refused[..2] {
            assert!(cause.contains("engine Replicated"), "{cause}");
            assert!(
                cause.contains("make it a ReplicatedSummingMergeTree"),
                "{cause}"
            );
        }

        // What such a server takes block by block, it takes once.
        let own = Traits { window: 100, ..own };
        let (mode, words, refused) = weakened(&own, &Place::default());
        assert_eq!((mode, refused.len()), (CommitMode::Blocks, 2), "{words}");
        assert!(
            words.contains("on the one server that took them"),
            "{words}"
        );
    }

    #[test]
    fn replicated_table_says_where_its_rows_wait_and_what_it_remembers() {
        let own = Traits {
            window_seconds: Some(3600),
            ..traits("ReplicatedMergeTree PARTITION BY d ORDER BY a", 100)
        };
        let words = |mode| choose(mode, &own, &Views::None).unwrap().0.guarantee;
        let atomic = words(CommitMode::Auto);
        for part in [
            "added by all replicas, each partition at once",
            "waits for that server",
            "db.t remembers 100 insertions by replicated_deduplication_window for 3600 s by \
             replicated_deduplication_window_seconds",
        ] {
            assert!(atomic.contains(part), "{atomic}");
        }
        assert!(words(CommitMode::Blocks).contains("for 3600 s"));
        let place = Place {
            no_staging: Some("there is no room".to_owned()),
            ..Place::default()
        };
        let (mode, words, refused) = weakened(&own, &place);
        assert_eq!((mode, refused.len()), (CommitMode::Blocks, 2), "{words}");
        assert!(refused[0].contains("there is no room"));
    }

    #[test]
    fn several_servers_weaken_what_is_promised() {
        let place = Place {
            several: Some("2 servers answer".to_owned()),
            ..Place::default()
        };
        for engine in ["MergeTree ORDER BY a", "Log"] {
            let (mode, words, refused) = weakened(&traits(engine, 100), &place);
            assert_eq!((mode, refused.len()), (CommitMode::Direct, 3), "{engine}");
            assert!(words.contains("2 servers answer"), "{words}");
            assert!(
                words.contains("on the one server that took them"),
                "{words}"
            );
            for cause in refused {
                assert!(cause.contains("2 servers answer"), "{cause}");
                assert!(cause.contains("name one server"), "{cause}");
            }
        }
        // Tokens of replicated tables hold on every server.
        let replicated = traits("ReplicatedMergeTree ORDER BY a", 100);
        let (mode, words, refused) = weakened(&replicated, &place);
        assert_eq!((mode, refused.len()), (CommitMode::Direct, 2), "{words}");
        assert!(!words.contains("on the one server"), "{words}");
    }

    #[test]
    fn without_a_journal_no_transfer_is_said_to_load_once() {
        let place = Place {
            no_journal: Some("nobody keeps one".to_owned()),
            ..Place::default()
        };
        for engine in [
            "MergeTree ORDER BY a",
            "MergeTree PARTITION BY d ORDER BY a",
        ] {
            let own = traits(engine, 100);
            let words = |mode, place: &Place| {
                let (commit, _) = super::choose(mode, &own, &Views::None, place).unwrap();
                commit.guarantee
            };
            let kept = words(CommitMode::Atomic, &Place::default());
            assert!(kept.ends_with("the same transfer never loads its rows twice"));
            let lost = words(CommitMode::Atomic, &place);
            assert!(lost.contains("may load its rows again: nobody keeps one"));
            assert!(
                !lost.contains("never") && !lost.contains("is completed"),
                "{lost}"
            );
            let kept = words(CommitMode::Blocks, &Place::default());
            assert!(
                kept.contains("the same transfer goes on behind them"),
                "{kept}"
            );
            let lost = words(CommitMode::Blocks, &place);
            assert!(lost.contains("no transfer goes on behind them: nobody keeps one"));
        }
    }
}
