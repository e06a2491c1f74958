//! A decoder that goes on at a mark gives what the first one would have given.

use super::{Decoder, Limits, Row, rows_of};
use crate::csv::{Dialect, Mark};

/// The batches of what follows, and after each the mark.
fn drain(decoder: &mut Decoder, text: &[u8], chunk_bytes: usize) -> Vec<(Vec<Row>, Mark)> {
    let mut batches = Vec::new();
    for chunk in text.chunks(chunk_bytes) {
        decoder.push(chunk);
        while let Some(batch) = decoder.next_batch().unwrap() {
            batches.push((rows_of(&batch), decoder.mark()));
        }
    }
    while let Some(batch) = decoder.finish().unwrap() {
        batches.push((rows_of(&batch), decoder.mark()));
    }
    batches
}

fn check(dialect: Dialect, text: &[u8]) {
    for batch_bytes in [1, 20, 100, 1000] {
        let limits = Limits {
            batch_bytes,
            ..Limits::default()
        };
        let all = drain(&mut Decoder::new(dialect, limits), text, 64);
        assert!(!all.is_empty());
        for (index, (_, mark)) in all.iter().enumerate() {
            let offset = usize::try_from(mark.position.byte_offset).unwrap();
            let rest = text.get(offset..).unwrap();
            for chunk_bytes in [1, 7, 64, 4096] {
                let mut resumed = Decoder::resume(dialect, limits, *mark);
                let rest = drain(&mut resumed, rest, chunk_bytes);
                assert_eq!(
                    rest,
                    all.get(index + 1..).unwrap(),
                    "{batch_bytes} {mark:?}"
                );
            }
        }
    }
}

fn text(line_end: &str, separator: &str) -> Vec<u8> {
    let mut text = format!("a{separator}b{separator}c{line_end}");
    for n in 0..60 {
        let quoted = if n % 7 == 0 { "\"x\n\"\"y\"" } else { "plain" };
        let blank = if n % 11 == 0 { line_end } else { "" };
        text.push_str(&format!(
            "{n}{separator}{quoted}{separator}é{line_end}{blank}"
        ));
    }
    text.into_bytes()
}

#[test]
fn every_mark_is_a_place_to_go_on() {
    for line_end in ["\n", "\r\n", "\r"] {
        check(Dialect::csv(), &text(line_end, ","));
        let long = Dialect::csv().with_long_delimiter(b"||").unwrap();
        check(long, &text(line_end, "||"));
        check(Dialect::tsv(), &text(line_end, "\t"));
    }
    let marked = [b"\xEF\xBB\xBF", text("\n", ",").as_slice()].concat();
    check(Dialect::csv(), &marked);
}
