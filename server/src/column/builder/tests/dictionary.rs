//! Tests of columns that send each text once: `LowCardinality(String)`, Nullable or not.

use super::{builder, column_bytes, spec};
use crate::column::parse::Reason;
use crate::column::{Cell, ColumnSpec};

/// What is sent: the texts, then the numbers of the rows in `width` bytes each.
fn sent(texts: &[&str], rows: &[u32], width: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let code = u64::from(width.trailing_zeros());
    for number in [1, 0x600 | code, texts.len() as u64] {
        bytes.extend(u64::to_le_bytes(number));
    }
    for text in texts {
        bytes.push(u8::try_from(text.len()).unwrap());
        bytes.extend(text.as_bytes());
    }
    bytes.extend((rows.len() as u64).to_le_bytes());
    for row in rows {
        bytes.extend(&row.to_le_bytes()[..width]);
    }
    bytes
}

#[test]
fn each_text_is_sent_once() {
    let cells = ["b", "a", "b", "", "a"].map(|text| Cell::plain(text.as_bytes()));
    let bytes = column_bytes(spec("LowCardinality(String)", false), &cells);
    assert_eq!(bytes, Ok(sent(&["b", "a", ""], &[0, 1, 0, 2, 1], 1)));
}

#[test]
fn the_first_text_of_a_nullable_column_is_null() {
    let cells = [
        Cell::plain(b"\\N"),
        Cell::quoted(b""),
        Cell::plain(b"a"),
        Cell::plain(b""),
        Cell::quoted(b"\\N"),
    ];
    let bytes = column_bytes(spec("LowCardinality(Nullable(String))", false), &cells);
    assert_eq!(bytes, Ok(sent(&["", "", "a", "\\N"], &[0, 1, 2, 0, 3], 1)));
}

#[test]
fn null_is_an_empty_text_if_asked_for() {
    let spec = ColumnSpec {
        empty_as_default: true,
        is_inferred: false,
        ..spec("LowCardinality(String)", false)
    };
    let cells = [Cell::plain(b"\\N"), Cell::plain(b"")];
    assert_eq!(column_bytes(spec, &cells), Ok(sent(&[""], &[0, 0], 1)));
}

#[test]
fn the_numbers_are_as_wide_as_they_must_be() {
    for (count, width) in [(256, 1), (257, 2), (65_536, 2), (65_537, 4)] {
        let texts: Vec<_> = (0..count).map(|number| format!("{number}")).collect();
        let cells: Vec<_> = texts.iter().map(|t| Cell::plain(t.as_bytes())).collect();
        let mut builder = builder("LowCardinality(String)", false);
        let column = builder.column_mut(0).unwrap();
        column.append(cells.into_iter()).unwrap();
        let bytes = builder.take().unwrap().chunks.concat();
        let texts: Vec<_> = texts.iter().map(String::as_str).collect();
        let rows: Vec<_> = (0..count).collect();
        assert!(bytes.ends_with(&sent(&texts, &rows, width)), "{count}");
    }
}

#[test]
fn the_next_block_has_texts_of_its_own() {
    let mut builder = builder("LowCardinality(String)", false);
    let [first, second, third] = ["a", "b", "a"].map(|text| {
        let column = builder.column_mut(0).unwrap();
        column
            .append([Cell::plain(text.as_bytes())].into_iter())
            .unwrap();
        builder.take().unwrap()
    });
    assert_eq!(first, third);
    assert!(second.chunks.concat().ends_with(&sent(&["b"], &[0], 1)));
    assert_eq!(builder.take().unwrap().chunks.len(), 2);
}

#[test]
fn rows_that_are_thrown_away_leave_no_text() {
    let mut builder = builder("LowCardinality(Nullable(String))", false);
    let append = |builder: &mut super::BlockBuilder, texts: &[&str]| {
        let cells = texts.iter().map(|text| Cell::plain(text.as_bytes()));
        builder.column_mut(0).unwrap().append(cells).unwrap();
    };
    append(&mut builder, &["a", "b"]);
    let mark = builder.mark();
    append(&mut builder, &["c", "a", "d"]);
    let before = builder.byte_count();
    builder.rollback(&mark);
    assert!(builder.byte_count() < before);
    append(&mut builder, &["d", "b", "c"]);
    let expected = sent(&["", "a", "b", "d", "c"], &[1, 2, 3, 2, 4], 1);
    assert!(builder.take().unwrap().chunks.concat().ends_with(&expected));
}

#[test]
fn texts_that_are_no_utf8_are_refused() {
    let cells = [Cell::plain(b"a"), Cell::plain(b"\xe9")];
    let bad = column_bytes(spec("LowCardinality(String)", false), &cells).unwrap_err();
    assert_eq!((bad.row, bad.reason), (1, Reason::InvalidUtf8));
}
