//! Which keys are fields, by what a table has.

use super::{Keys, Matching};
use crate::{catalog::Column, csv::json::JsonKeys, transfer::ColumnMapping};

const STRICT: Matching<'_> = Matching {
    mappings: &[],
    renames: &[],
    ignore_extra: false,
    default_missing: false,
    empty_as_default: false,
};

fn table(columns: &[&str]) -> Vec<Column> {
    let column = |text: &&str| {
        let mut words = text.splitn(3, ' ').map(str::to_owned);
        let mut word = || words.next().unwrap_or_default();
        Column {
            name: word(),
            type_text: word(),
            default_kind: word(),
            default_expression: String::new(),
            comment: String::new(),
        }
    };
    columns.iter().map(column).collect()
}

fn met(keys: &[&str], is_complete: bool, columns: &[&str], matching: Matching<'_>) -> JsonKeys {
    let keys: Vec<_> = keys.iter().map(|&key| key.to_owned()).collect();
    let keys = Keys {
        keys: &keys,
        fields: &keys,
        made: &keys,
        is_complete,
    };
    keys.for_table(&table(columns), matching).unwrap()
}

fn check(
    keys: &[&str],
    is_complete: bool,
    columns: &[&str],
    (names, opened, seen): (&[&str], &[&str], usize),
) {
    let found = met(keys, is_complete, columns, STRICT);
    assert_eq!(found.names, names, "{keys:?}");
    assert_eq!(found.opened, opened, "{keys:?}");
    assert_eq!(found.names.len() - found.unmet, seen, "{keys:?}");
    assert!(!found.skips_unknown);
}

#[test]
fn a_sample_that_is_all_adds_nothing() {
    check(
        &["a"],
        true,
        &["a Int8", "b Nullable(Int8)"],
        (&["a"], &[], 1),
    );
}

#[test]
fn later_records_may_have_columns_that_can_be_absent() {
    let columns = [
        "a Int8",
        "B Nullable(Int8)",
        "c Int8 DEFAULT",
        "d Int8",
        "e Array(Int8) DEFAULT",
        "f Nullable(Int8) MATERIALIZED",
        "g.h.i Nullable(Int8)",
        "k Nullable(Int8) EPHEMERAL",
    ];
    let names = ["a", "x", "B", "c", "g.h.i"];
    check(&["a", "x"], false, &columns, (&names, &["g", "g.h"], 2));
    // Another case is the same column.
    check(
        &["b", "C", "g.h.i"],
        false,
        &columns,
        (&["b", "C", "g.h.i"], &[], 3),
    );
    let lenient = Matching {
        default_missing: true,
        ..STRICT
    };
    let found = met(&["a"], false, &columns, lenient);
    assert_eq!(found.names, ["a", "B", "c", "d", "g.h.i"]);
    assert_eq!(found.unmet, 4);
}

#[test]
fn objects_are_opened_where_the_table_has_what_they_hold() {
    let columns = ["site String", "pump.model String", "pump.motor.kw Int8"];
    let names = ["site", "pump.model", "pump.motor.kw"];
    check(
        &["site", "pump"],
        true,
        &columns,
        (&names, &["pump", "pump.motor"], 3),
    );
    // The object of a key that is opened already, and a column of the key itself.
    let names = ["pump.model", "pump.motor.kw"];
    check(
        &["pump", "pump.model"],
        true,
        &columns,
        (&names, &["pump", "pump.motor"], 2),
    );
    let columns = ["pump JSON", "pump.model String"];
    check(&["pump"], true, &columns, (&["pump"], &[], 1));
    check(&["pumps"], true, &columns, (&["pumps"], &[], 1));
}

#[test]
fn what_is_selected_is_all_there_is() {
    let mapping = ColumnMapping {
        column: "b".to_owned(),
        source: Some("pump.model".to_owned()),
    };
    let selected = Matching {
        mappings: &[mapping],
        ..STRICT
    };
    let columns = ["a Nullable(Int8)", "b String"];
    let found = met(&["a", "pump"], false, &columns, selected);
    assert_eq!(found.names, ["a", "pump.model"]);
    assert_eq!(found.opened, ["pump"]);
    assert_eq!(found.unmet, 0);
    assert!(found.skips_unknown);
}
