//! Each limit at, below and above it, and files that nothing but a limit stops.

use super::{bare_csv, check_rows_and_error, decode_every_way};
use crate::csv::{Decoder, Dialect, Error, Limits, Position};

/// One dialect that masks cut, and one that they cannot.
fn both() -> [Dialect; 2] {
    [bare_csv(), bare_csv().with_comment(Some(b"#")).unwrap()]
}

#[test]
fn field_limit_holds_to_the_field() {
    for dialect in both() {
        for max_fields in [1, 2, 63, 64, 65, 200] {
            for (count, end) in [
                (max_fields - 1, "\n"),
                (max_fields, "\n"),
                (max_fields, ""),
                (max_fields + 1, "\r\n"),
                (max_fields + 1, ""),
                (max_fields + 100, ""),
            ] {
                if count == 0 {
                    continue;
                }
                let limits = Limits {
                    max_fields,
                    ..Limits::default()
                };
                let text = format!("a\n{}{end}", vec!["x"; count].join(","));
                let outcome = decode_every_way(dialect, limits, text.as_bytes());
                let position = Position {
                    record: 2,
                    line: 2,
                    byte_offset: 2,
                };
                let error = Error::TooManyColumns {
                    position,
                    limit: max_fields,
                };
                let error = (count > max_fields).then_some(error);
                check_rows_and_error(&outcome, if error.is_some() { 1 } else { 2 }, error);
            }
        }
    }
}

#[test]
fn error_of_the_field_limit_says_what_to_do() {
    let limits = Limits {
        max_fields: 2,
        ..Limits::default()
    };
    let error = decode_every_way(Dialect::csv(), limits, b"a,b,c\n").error;
    assert_eq!(
        error.unwrap().to_string(),
        "the header on line 1 (byte 0) has more than 2 fields; \
         check the delimiter or raise the limit"
    );
}

#[test]
fn record_limit_holds_in_every_dialect() {
    let [_, dialect] = both();
    for max_record_bytes in [1, 5, 64, 130] {
        let limits = Limits {
            max_record_bytes,
            ..Limits::default()
        };
        for (excess, end) in [
            (0, "\n"),
            (0, "\r\n"),
            (0, ""),
            (1, "\n"),
            (1, ""),
            (99, ""),
        ] {
            for first in ["x", "#", "\\"] {
                let long = first.to_owned() + &"x".repeat(max_record_bytes + excess - 1);
                let outcome =
                    decode_every_way(dialect, limits, format!("a\n{long}{end}").as_bytes());
                let error = Error::RecordTooLong {
                    position: Position {
                        record: 2,
                        line: 2,
                        byte_offset: 2,
                    },
                    limit: max_record_bytes,
                };
                let error = (excess > 0).then_some(error);
                let is_record = error.is_none() && first != "#";
                check_rows_and_error(&outcome, 1 + usize::from(is_record), error);
            }
        }
    }
}

#[test]
fn delimiters_alone_take_no_memory() {
    for dialect in both() {
        let mut decoder = Decoder::new(dialect, Limits::default());
        decoder.push(&vec![b','; 1 << 20]);
        let error = decoder.next_batch().unwrap_err();
        assert!(matches!(error, Error::TooManyColumns { limit: 10_000, .. }));
        assert!(decoder.scanner.field_capacity() < 20_000);
    }
}

#[test]
fn wide_records_are_taken_up_to_the_limit() {
    for dialect in both() {
        let text = vec!["x"; 10_000].join(",");
        let outcome = decode_every_10(dialect, text.as_bytes());
        assert_eq!(outcome, 10_000);
    }
}

fn decode_every_10(dialect: Dialect, text: &[u8]) -> usize {
    let mut decoder = Decoder::new(dialect, Limits::default());
    for chunk in text.chunks(10) {
        decoder.push(chunk);
        assert!(decoder.next_batch().unwrap().is_none());
    }
    decoder.finish().unwrap().unwrap().record(0).field_count()
}

#[test]
fn endless_quote_fails_early() {
    for dialect in both() {
        let mut decoder = Decoder::new(dialect, Limits::default());
        decoder.push(b"a,b\n1,\"x");
        let mut pushed = 0_usize;
        let error = loop {
            decoder.push(&b"y,z\n".repeat(16 << 10));
            pushed += 64 << 10;
            match decoder.next_batch() {
                Ok(batch) => assert!(batch.is_none_or(|batch| batch.len() == 1)),
                Err(error) => break error,
            }
            assert!(decoder.buffer.len() < (17 << 20), "memory is bounded");
        };
        assert!(
            pushed <= (16 << 20) + (128 << 10),
            "{pushed} bytes were taken"
        );
        let position = Position {
            record: 2,
            line: 2,
            byte_offset: 4,
        };
        let limit = 16 << 20;
        assert_eq!(error, Error::RecordTooLong { position, limit });
        assert!(decoder.buffer.is_empty());
    }
}

#[test]
fn open_quote_is_named_by_its_line() {
    for dialect in both() {
        let text = "a\nb,\"c\r\nd\n\re\",\"f\ng\n".as_bytes();
        let outcome = decode_every_way(dialect, Limits::default(), text);
        let position = Position {
            record: 2,
            line: 2,
            byte_offset: 2,
        };
        let error = Error::UnterminatedQuote {
            position,
            quote_line: 5,
        };
        assert_eq!(outcome.error, Some(error));
        assert_eq!(
            error.to_string(),
            "record 2 on line 2 (byte 2) opens a quote on line 5 that is never closed; \
             close it or change the quote"
        );
    }
}

#[test]
fn endless_comments_are_not_kept() {
    let [_, dialect] = both();
    let limits = Limits {
        batch_bytes: 100,
        ..Limits::default()
    };
    let mut decoder = Decoder::new(dialect, limits);
    for _ in 0..100 {
        decoder.push(&b"#a\n".repeat(400));
        assert!(decoder.next_batch().unwrap().is_none());
        assert!(decoder.buffer.len() < 200);
    }
    decoder.push(b"x");
    let batch = decoder.finish().unwrap().unwrap();
    assert_eq!(batch.record(0).position().line, 40_001);
}
