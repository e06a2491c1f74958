//! Lines before the table and after it, and headers of several records.

use proptest::prelude::{prop, prop_assert_eq, proptest};

use super::{Outcome, bare_csv, check, check_account, decode, decode_every_way, limits, plain};
use crate::csv::{Decoder, Dialect, Error, Limits, Position};

fn after(skip_lines: u32) -> Dialect {
    bare_csv().with_skip_lines(skip_lines).unwrap()
}

fn until(end_line: u64) -> Dialect {
    bare_csv().with_end_line(Some(end_line)).unwrap()
}

fn names(outcome: &Outcome) -> Vec<String> {
    let header = outcome.header.clone().unwrap();
    let names = header.fields.into_iter();
    names
        .map(|(name, _)| String::from_utf8(name).unwrap())
        .collect()
}

/// The lines after the table, counted for every way to push the file.
fn ignored_lines(dialect: Dialect, input: &[u8]) -> u64 {
    let count = |chunks: &[&[u8]]| {
        let mut decoder = Decoder::new(dialect, Limits::default());
        for chunk in chunks {
            decoder.push(chunk);
            while decoder.next_batch().unwrap().is_some() {}
        }
        while decoder.finish().unwrap().is_some() {}
        decoder.push(b"after\nthe end\n");
        decoder.account().after.tally().lines
    };
    let whole = count(&[input]);
    for at in 0..=input.len() {
        let (left, right) = input.split_at(at);
        assert_eq!(count(&[left, right]), whole, "split at {at}");
    }
    assert_eq!(count(&input.chunks(1).collect::<Vec<_>>()), whole);
    whole
}

#[test]
fn lines_before_the_table_are_skipped() {
    let expected: &[&[&str]] = &[&["a", "b"]];
    for text in [
        "x\ny\na,b\n",
        "\"x\r\n\r\na,b",
        "\r\ra,b\n",
        "\n\r\n\na,b\n",
    ] {
        let outcome = decode_every_way(after(2), limits(1), text.as_bytes());
        let fields = [(b"a".to_vec(), false), (b"b".to_vec(), false)];
        let position = Position {
            record: 1,
            line: if text.starts_with("\n\r") { 4 } else { 3 },
            byte_offset: text.find('a').unwrap() as u64,
        };
        assert_eq!(outcome.rows()[0].fields, fields);
        assert_eq!(outcome.rows()[0].position, position);
        let rows = plain::decode(after(2), text.as_bytes());
        assert_eq!(outcome.rows(), rows);
    }
    for text in ["", "x", "x\n", "x\ny", "x\r\ny\r\n"] {
        let outcome = decode_every_way(after(2), limits(1), text.as_bytes());
        assert_eq!((outcome.rows(), outcome.error), (vec![], None));
    }
    check(after(0), "a,b", expected);
    let marked = decode_every_way(after(1), limits(1), b"\xEF\xBB\xBFx\n\xEF\xBB\xBFa");
    assert_eq!(marked.rows()[0].fields[0].0, b"\xEF\xBB\xBFa");
}

#[test]
fn skipped_lines_may_be_of_any_length() {
    let limits = Limits {
        batch_bytes: 10,
        max_record_bytes: 10,
        max_fields: 2,
    };
    let mut decoder = Decoder::new(after(1), limits);
    for _ in 0..1000 {
        decoder.push(&[b','; 1000]);
        assert!(decoder.next_batch().unwrap().is_none());
        assert!(decoder.buffer.is_empty());
    }
    decoder.push(b"\na");
    let batch = decoder.finish().unwrap().unwrap();
    let position = Position {
        record: 1,
        line: 2,
        byte_offset: 1_000_001,
    };
    assert_eq!(batch.record(0).position(), position);
}

#[test]
fn table_ends_with_its_last_line() {
    for (text, rows, ignored) in [
        ("a\nb\nc\nd\n", 2, 2),
        ("a\r\nb\r\nc", 2, 1),
        ("a\rb\rc\r\n\r\n\"", 2, 3),
        ("a\n\nb\n", 2, 1),
        ("a,\n\nb\n", 1, 1),
        ("a\nb\n", 2, 0),
        ("a\nb", 2, 0),
        ("a", 1, 0),
        ("", 0, 0),
        ("a\nb\n\n\n", 2, 2),
    ] {
        let outcome = decode_every_way(until(2), limits(1 << 20), text.as_bytes());
        assert_eq!(
            (outcome.rows().len(), outcome.error),
            (rows, None),
            "{text:?}"
        );
        assert_eq!(
            ignored_lines(until(2), text.as_bytes()),
            ignored,
            "{text:?}"
        );
    }
    assert_eq!(ignored_lines(bare_csv(), b"a\nb\n"), 0);
    let late = after(2).with_end_line(Some(3)).unwrap();
    check_rows(late, b"x\ny\na,b\nc\n", 1);
    assert_eq!(ignored_lines(late, b"x\ny\na,b\nc\n\n"), 2);
}

fn check_rows(dialect: Dialect, input: &[u8], count: usize) {
    let rows = decode_every_way(dialect, limits(1), input).rows();
    assert_eq!(rows.len(), count);
    assert_eq!(rows, plain::decode(dialect, input));
}

#[test]
fn quote_across_the_last_line_is_never_closed() {
    let outcome = decode_every_way(until(2), limits(1), b"a\n\"b\nc\"\n");
    let position = Position {
        record: 2,
        line: 2,
        byte_offset: 2,
    };
    let error = Error::UnterminatedQuote {
        position,
        quote_line: 2,
    };
    assert_eq!(outcome.error, Some(error));
}

#[test]
fn an_open_quote_ends_with_the_last_line() {
    for end in ["\r\n", "\r", "\n"] {
        let limits = Limits {
            // The quote, the letter and the longest line end.
            max_record_bytes: 4,
            ..Limits::default()
        };
        let text = format!("\"a{end}b");
        let error = decode_every_way(until(1), limits, text.as_bytes()).error;
        assert!(
            matches!(error, Some(Error::UnterminatedQuote { .. })),
            "{error:?}"
        );
    }
}

#[test]
fn what_follows_the_table_is_not_kept() {
    let mut decoder = Decoder::new(until(1), Limits::default());
    decoder.push(b"a\n");
    let batch = decoder.next_batch().unwrap().unwrap();
    assert_eq!(batch.len(), 1);
    for _ in 0..100 {
        decoder.push(&[b'\n'; 1000]);
        assert!(decoder.next_batch().unwrap().is_none());
        assert!(decoder.buffer.is_empty());
    }
    assert!(decoder.finish().unwrap().is_none());
    assert_eq!(decoder.account().after.tally().lines, 100_000);
}

#[test]
fn several_records_name_the_columns_together() {
    let text = b"Speed,,\"Air, \"\r\n\nkm/h,Name,,x\n1,2,3\n";
    for batch_bytes in [0, 1, 20, 1000] {
        let two = Dialect::csv().with_header_rows(2).unwrap();
        let outcome = decode_every_way(two, limits(batch_bytes), text);
        // A group goes on as far as there are parts below it.
        let expected = ["Speed km/h", "Speed Name", "Air, ", "Air,  x"];
        assert_eq!(names(&outcome), expected);
        let header = outcome.header.clone().unwrap();
        assert_eq!(header.raw, b"Speed,,\"Air, \"\nkm/h,Name,,x");
        let start = Position {
            record: 0,
            line: 1,
            byte_offset: 0,
        };
        assert_eq!(header.position, start);
        let first = Position {
            record: 1,
            line: 4,
            byte_offset: 30,
        };
        assert_eq!(outcome.rows()[0].position, first);
    }
    let four = Dialect::csv().with_header_rows(4).unwrap();
    let outcome = decode_every_way(four, limits(1), b"a,b\n,c\na\n");
    assert_eq!(names(&outcome), ["a a", "b c"]);
    assert!(outcome.rows().is_empty());
    let outcome = decode_every_way(four, limits(1), b"\n");
    assert_eq!(outcome.header, None);
    let outcome = decode_every_way(four, limits(1), b"a\nb\n\"c");
    assert_eq!(outcome.error.unwrap().position().record, 0);
}

#[test]
fn header_is_there_only_when_it_is_whole() {
    let two = Dialect::csv().with_header_rows(2).unwrap();
    let mut decoder = Decoder::new(two, Limits::default());
    decoder.push(&[b"a\n", &[b'x'; 64][..]].concat());
    assert!(decoder.next_batch().unwrap().is_none());
    assert!(decoder.header().is_none());
    decoder.push(&[b"\n", &[b'x'; 64][..]].concat());
    assert!(decoder.next_batch().unwrap().is_none());
    assert_eq!(decoder.header().unwrap().names().len(), 1);
}

proptest! {
    #[test]
    fn lines_mean_the_same_in_every_way(
        bytes in prop::collection::vec(prop::sample::select(&b"a,\"\r\n"[..]), 0..60),
        skip_lines in 0..4_u32,
        lines in 1..5_u64,
    ) {
        let end_line = u64::from(skip_lines) + lines;
        let dialect = after(skip_lines).with_end_line(Some(end_line)).unwrap();
        let plain = plain::look_at(dialect, &bytes);
        for batch_bytes in [1, 1 << 20] {
            let whole = decode(dialect, limits(batch_bytes), [&bytes[..]]);
            for length in 1..4 {
                let chunked = decode(dialect, limits(batch_bytes), bytes.chunks(length));
                prop_assert_eq!(&chunked, &whole);
            }
            prop_assert_eq!(whole.error.is_some(), plain.unterminated);
            let whole_rows = plain.rows.len() - usize::from(plain.unterminated);
            prop_assert_eq!(whole.rows(), &plain.rows[..whole_rows]);
            check_account(&whole, plain.account, &bytes);
        }
        let total = plain::line_ends(&bytes)
            + u64::from(bytes.last().is_some_and(|last| !matches!(last, b'\r' | b'\n')));
        if !plain.unterminated {
            let expected = total.saturating_sub(end_line);
            prop_assert_eq!(ignored_lines(dialect, &bytes), expected);
        }
    }
}
