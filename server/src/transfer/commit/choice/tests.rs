//! Which mode is chosen, and in what words.

use super::{CommitMode, EngineClause, Place, TableName, Traits, Views};

fn traits(engine: &str, window: u64) -> Traits {
    Traits {
        window,
        ..Traits::new(
            TableName::new("db", "t"),
            EngineClause::parse(engine),
            false,
        )
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
    let refusal = |mode, traits: &Traits, views: &Views| choose(mode, traits, views).unwrap_err();
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
