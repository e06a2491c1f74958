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
    /// Of a Distributed table: those behind it, by the one that remembers least; or why nobody can say.
    pub(super) behind: Option<Box<Result<Self, String>>>,
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
    /// A table of which no more is known than its definition.
    pub(super) const fn new(
        table: TableName,
        engine: EngineClause,
        is_in_replicated_database: bool,
    ) -> Self {
        Self {
            table,
            engine,
            is_in_replicated_database,
            window: 0,
            window_seconds: None,
            behind: None,
        }
    }

    /// The table that takes the blocks: the one behind a Distributed one.
    fn taking(&self) -> Result<&Self, &str> {
        match self.behind.as_deref() {
            None => Ok(self),
            Some(behind) => behind.as_ref().map_err(String::as_str),
        }
    }

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
        let taking = match self.taking() {
            Ok(taking) => taking,
            Err(cause) => return Some(cause.to_owned()),
        };
        if !taking.engine.is_merge_tree() {
            return Some(format!(
                "its engine {} does not deduplicate inserts",
                taking.engine.name
            ));
        }
        if !taking.is_deduplicating() {
            let setting = match taking.window {
                0 => taking.window_setting(),
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
        let own = traits.taking().ok()?.window_of(1)?;
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
    let is_replicated = |taking: &Traits| taking.engine.is_replicated();
    let lost = if traits.taking().is_ok_and(is_replicated) {
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
mod tests;
