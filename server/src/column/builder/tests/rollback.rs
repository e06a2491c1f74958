//! Tests of finding all bad cells of a batch, and of taking a batch back.

use super::{BlockBuilder, LIMITS, builder, spec};
use crate::column::parse::Reason;
use crate::column::{BadCell, Cell, ColumnBuilder};

const TYPES: &[(&str, bool, &str, &str)] = &[
    ("UInt8", false, "7", "300"),
    ("Int256", true, "7", "x"),
    ("Nullable(Float64)", false, "1.5", "-"),
    ("Nullable(UInt16)", false, "", "\u{e9}"),
    ("String", true, "text", "\u{e9}"),
    ("Nullable(String)", false, "\\N", "\u{e9}"),
    ("LowCardinality(String)", false, "text", "\u{e9}"),
    ("LowCardinality(Nullable(String))", false, "\\N", "\u{e9}"),
    ("FixedString(3)", false, "ab", "abcd"),
    ("Nullable(FixedString(3))", false, "", "abcd"),
    ("Enum8('a' = 1)", false, "a", "b"),
    ("Nullable(Enum16('a' = 1))", false, "\\N", "b"),
    (
        "Array(Array(Nullable(String)))",
        false,
        "[['a',NULL],[]]",
        "[['a',NULL],[],['b']",
    ),
    (
        "Map(String, Tuple(String, UInt8))",
        false,
        "{'a':('b',1)}",
        "{'a':('b',1),'c':('d',300)}",
    ),
    ("JSON", false, "{}", "\\N"),
];

/// Makes a cell of Latin-1 bytes, so that `é` is not UTF-8.
fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).unwrap()).collect()
}

fn append(column: &mut ColumnBuilder, cells: &[Vec<u8>]) -> Vec<BadCell> {
    let mut cells = cells.iter().map(|cell| Cell::plain(cell));
    let mut bad_cells = Vec::new();
    let mut row = 0;
    while let Err(bad) = column.append(&mut cells) {
        row += bad.row;
        bad_cells.push(BadCell { row, ..bad });
        row += 1;
    }
    bad_cells
}

fn all_columns() -> BlockBuilder {
    let specs = TYPES
        .iter()
        .map(|(data_type, has_default, ..)| spec(data_type, *has_default));
    BlockBuilder::new(
        specs.collect(),
        &crate::column::zone::Zones::bundled("UTC"),
        LIMITS,
    )
    .unwrap()
}

#[test]
fn appending_goes_on_behind_a_bad_cell() {
    for (data_type, has_default, good, bad) in TYPES {
        let mut with_bad = builder(data_type, *has_default);
        let texts = [bad, good, good, bad, bad, good, bad].map(|text| latin1(text));
        let bad_cells = append(with_bad.column_mut(0).unwrap(), &texts);
        let rows: Vec<_> = bad_cells.iter().map(|bad| bad.row).collect();
        assert_eq!(rows, [0, 3, 4, 6], "{data_type}");
        let mut without = builder(data_type, *has_default);
        assert!(
            append(
                without.column_mut(0).unwrap(),
                &[good, good, good].map(|g| latin1(g))
            )
            .is_empty()
        );
        assert_eq!(with_bad.row_count(), 3, "{data_type}");
        assert_eq!(with_bad.byte_count(), without.byte_count(), "{data_type}");
        assert_eq!(with_bad.take(), without.take(), "{data_type}");
    }
}

#[test]
fn the_iterator_stands_behind_the_bad_cell() {
    let mut builder = builder("UInt8", false);
    let mut cells = [b"1", b"x", b"2"].iter().map(|cell| Cell::plain(*cell));
    let bad = builder
        .column_mut(0)
        .unwrap()
        .append(&mut cells)
        .unwrap_err();
    assert_eq!(
        bad,
        BadCell {
            row: 1,
            reason: Reason::InvalidNumber
        }
    );
    assert_eq!(cells.next(), Some(Cell::plain(b"2")));
}

#[test]
fn a_rollback_brings_back_every_column() {
    let mut builder = all_columns();
    let mut expected = all_columns();
    for (index, (_, _, good, _)) in TYPES.iter().enumerate() {
        for builder in [&mut builder, &mut expected] {
            assert!(append(builder.column_mut(index).unwrap(), &[latin1(good)]).is_empty());
        }
    }
    let mark = builder.mark();
    for _ in 0..2 {
        // As after a batch of which the columns took different numbers of rows.
        for (index, (_, _, good, bad)) in TYPES.iter().enumerate() {
            let texts = [latin1(good), latin1(good), latin1(bad), latin1(good)];
            append(builder.column_mut(index).unwrap(), &texts[index % 4..]);
        }
        builder.rollback(&mark);
        assert_eq!(builder.mark(), mark);
        assert_eq!(builder.row_count(), 1);
        assert_eq!(builder.byte_count(), expected.byte_count());
    }
    for (index, (_, _, good, _)) in TYPES.iter().enumerate() {
        for builder in [&mut builder, &mut expected] {
            assert!(append(builder.column_mut(index).unwrap(), &[latin1(good)]).is_empty());
        }
    }
    assert_eq!(builder.take().unwrap(), expected.take().unwrap());
}

#[test]
fn a_rollback_to_the_start_empties_the_block() {
    let mut builder = all_columns();
    let mark = builder.mark();
    for (index, (_, _, good, _)) in TYPES.iter().enumerate() {
        append(
            builder.column_mut(index).unwrap(),
            &[latin1(good), latin1(good)],
        );
    }
    builder.rollback(&mark);
    assert!(builder.is_empty() && builder.byte_count() == 0);
    assert_eq!(builder.take().unwrap(), all_columns().take().unwrap());
}
