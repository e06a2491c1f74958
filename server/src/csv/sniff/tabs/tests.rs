//! TSV or CSV: what the bytes show, what the name says, and what comes late.

use super::{Tabs, Watch, tabs};

#[test]
fn escapes_outweigh_quotes_and_needed_quotes_are_csv() {
    let cases: &[(&str, Tabs, Tabs)] = &[
        ("id\ttxt\n1\tx\n", Tabs::Either, Tabs::NamedTsv),
        ("id\ttxt\n1\t\\N\n", Tabs::NamedTsv, Tabs::NamedTsv),
        ("id\ttxt\n1\ta\\nb\n", Tabs::Tsv, Tabs::Tsv),
        (
            "id\tt\n1\t{\"m\":\"a\\\\nb\"}\n2\t{\"m\":\"x\"}\n",
            Tabs::Tsv,
            Tabs::Tsv,
        ),
        ("id\tt\n1\t\"a\\nb\"\n2\t\"x\"\n", Tabs::Tsv, Tabs::Tsv),
        ("id\tt\n1\t\"x\"\n2\ty\n", Tabs::Csv, Tabs::Tsv),
        ("id\tt\n1\tsay \"x\"\n", Tabs::Either, Tabs::NamedTsv),
        ("id\tt\n1\t\"\"\n", Tabs::Csv, Tabs::Tsv),
        // What ClickHouse never writes in TSV.
        ("\"id\"\t\"t\"\n1\t\"x\"\n", Tabs::Csv, Tabs::Csv),
        ("\"id\"\t\"t\"\n1\ta\\nb\n2\t\"x\"\n", Tabs::Csv, Tabs::Csv),
        ("'id'\t't'\n1\ta\\nb\n", Tabs::Csv, Tabs::Csv),
        ("\"id\"\tt\n1\ta\\nb\n", Tabs::Doubt(1), Tabs::Doubt(1)),
        ("id\tt\n1\t\"a\"\"b\"\n", Tabs::Csv, Tabs::Csv),
        ("id\tt\n1\t\"a\tb\"\n", Tabs::Csv, Tabs::Csv),
        ("id\tt\n1\t\"a\nb\"\n", Tabs::Csv, Tabs::Csv),
        ("id\tpath\n1\tC:\\Users\n", Tabs::Csv, Tabs::NamedTsv),
        // Something for both.
        (
            "id\tpath\n1\tC:\\Users\\new\n",
            Tabs::Doubt(2),
            Tabs::Doubt(2),
        ),
        (
            "id\tpath\n1\tx\n2\tC:\\temp\\new\n",
            Tabs::Doubt(3),
            Tabs::Doubt(3),
        ),
        (
            "id\tt\n1\t\"{\"\"a\"\":\"\"x\\ny\"\"}\"\n",
            Tabs::Doubt(2),
            Tabs::Doubt(2),
        ),
        // Two backslashes are how ClickHouse writes one.
        ("id\tpath\n1\tC:\\\\temp\\\\new\n", Tabs::Tsv, Tabs::Tsv),
    ];
    for (text, unnamed, named) in cases {
        assert_eq!(tabs(text.as_bytes(), false), *unnamed, "{text}");
        assert_eq!(tabs(text.as_bytes(), true), *named, "{text} by its name");
    }
}

/// The line that a text is stopped at, pushed in pieces of each length.
fn stopped(tabs: Tabs, text: &str) -> Option<u64> {
    let look = |length: usize| {
        let mut watch = Watch::of(tabs, 1).unwrap();
        text.as_bytes()
            .chunks(length)
            .find_map(|piece| watch.look(piece))
    };
    let whole = look(text.len());
    for length in 1..text.len() {
        assert_eq!(look(length), whole, "{text:?} in pieces of {length}");
    }
    whole
}

#[test]
fn what_comes_late_and_has_two_readings_stops() {
    let cases: &[(&str, Option<u64>, Option<u64>)] = &[
        ("1\tx\n2\ty\n", None, None),
        ("1\t\\N\n\\N\tx\n", None, None),
        ("1\tx\n2\t5\" pipe\n", None, None),
        ("1\tx\n2\t\"y\"\n", Some(2), Some(2)),
        ("1\tx\n\"2\"\ty\n", Some(2), Some(2)),
        ("1\tx\n2\ta\\nb\n", Some(2), None),
        ("1\tx\n2\ta\\\\b\n3\t\"z\n", Some(2), Some(3)),
        ("1\tx\n2\tC:\\temp\n", Some(2), Some(2)),
        ("1\tx\n2\t\\Next\n", Some(2), None),
        ("1\tx\n2\ta\\qb\n", Some(2), None),
        ("1\tx\n2\ta\\vb\n", Some(2), Some(2)),
    ];
    for (text, either, named) in cases {
        assert_eq!(stopped(Tabs::Either, text), *either, "{text:?}");
        assert_eq!(
            stopped(Tabs::NamedTsv, text),
            *named,
            "{text:?} by its name"
        );
    }
}

#[test]
fn what_is_certain_is_not_watched() {
    for tabs in [Tabs::Tsv, Tabs::Csv, Tabs::Doubt(1)] {
        assert!(Watch::of(tabs, 1).is_none());
    }
}
