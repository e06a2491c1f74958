//! Every case is decoded whole, byte by byte and cut in two at each place, with batches of several
//! sizes and at several offsets to the blocks that the scanner looks at, and compared with a plain
//! byte-at-a-time decoder; where the dialect allows, with the `csv` crate too.

mod file_tests;
mod limits;
mod lines;
mod loose;
mod plain;
mod resume;

use proptest::prelude::{Just, Strategy, prop, prop_assert_eq, prop_oneof, proptest};

use super::{Decoder, Limits};
use crate::csv::{Account, Dialect, Error, Position, RecordBatch, Tally};

/// A record as it can be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    fields: Vec<(Vec<u8>, bool)>,
    raw: Vec<u8>,
    position: Position,
}

/// Everything that came out of a decoder.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Outcome {
    header: Option<Row>,
    batches: Vec<Vec<Row>>,
    error: Option<Error>,
    account: Account,
}

impl Outcome {
    fn rows(&self) -> Vec<Row> {
        self.batches.concat()
    }
}

fn bare_csv() -> Dialect {
    Dialect::csv().with_header(false)
}

fn bare_tsv() -> Dialect {
    Dialect::tsv().with_header(false)
}

fn limits(batch_bytes: usize) -> Limits {
    Limits {
        batch_bytes,
        ..Limits::default()
    }
}

fn rows_of(batch: &RecordBatch) -> Vec<Row> {
    let rows: Vec<Row> = batch
        .records()
        .map(|record| Row {
            fields: record
                .fields()
                .map(|field| (field.bytes.to_vec(), field.quoted))
                .collect(),
            raw: record.raw().to_vec(),
            position: record.position(),
        })
        .collect();
    let counts = rows.iter().map(|row| row.fields.len());
    let (least, most) = (counts.clone().min().unwrap(), counts.max().unwrap());
    assert_eq!(batch.field_count(), (least == most).then_some(most));
    for index in 0..=most {
        let column = batch.column(index);
        assert_eq!(column.len(), rows.len());
        let column: Vec<_> = column
            .map(|field| (field.bytes.to_vec(), field.quoted))
            .collect();
        let expected = rows
            .iter()
            .map(|row| row.fields.get(index).cloned().unwrap_or_default());
        assert_eq!(column, expected.collect::<Vec<_>>());
    }
    rows
}

fn decode<'a>(
    dialect: Dialect,
    limits: Limits,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Outcome {
    let mut decoder = Decoder::new(dialect, limits);
    let mut outcome = Outcome::default();
    for chunk in chunks {
        decoder.push(chunk);
        while let Some(batch) = pull(decoder.next_batch(), &mut outcome) {
            decoder.recycle(batch);
        }
    }
    while let Some(batch) = pull(decoder.finish(), &mut outcome) {
        decoder.recycle(batch);
    }
    outcome.account = decoder.account().clone();
    outcome.header = decoder.header().map(|header| Row {
        fields: header
            .names()
            .iter()
            .map(|name| (name.clone(), false))
            .collect(),
        raw: header.raw().to_vec(),
        position: header.position(),
    });
    outcome
}

fn pull(
    batch: crate::csv::Result<Option<RecordBatch>>,
    outcome: &mut Outcome,
) -> Option<RecordBatch> {
    match batch {
        Ok(batch) => {
            let batch = batch?;
            outcome.batches.push(rows_of(&batch));
            Some(batch)
        }
        Err(error) => {
            outcome.error = Some(error);
            None
        }
    }
}

/// Decodes in every way and checks that all of them agree.
fn decode_every_way(dialect: Dialect, limits: Limits, input: &[u8]) -> Outcome {
    let whole = decode(dialect, limits, [input]);
    assert_eq!(
        decode(dialect, limits, input.chunks(1)),
        whole,
        "{}",
        input.escape_ascii()
    );
    for at in 0..=input.len() {
        let (left, right) = input.split_at(at);
        let split = decode(dialect, limits, [left, right]);
        assert_eq!(split, whole, "{} split at {at}", input.escape_ascii());
    }
    whole
}

fn check_rows_and_error(outcome: &Outcome, rows: usize, error: Option<Error>) {
    assert_eq!((outcome.rows().len(), outcome.error), (rows, error));
}

/// Checks the fields and whether all decoders, pushes, batch sizes and offsets agree on the rest.
fn check(dialect: Dialect, input: impl AsRef<[u8]>, expected: &[&[&str]]) {
    let input = input.as_ref();
    let rows = decode_every_way(dialect, Limits::default(), input).rows();
    let fields: Vec<Vec<_>> = rows
        .iter()
        .map(|row| {
            row.fields
                .iter()
                .map(|(text, _)| text.escape_ascii().to_string())
                .collect()
        })
        .collect();
    let expected: Vec<Vec<_>> = expected
        .iter()
        .map(|row| {
            row.iter()
                .map(|text| text.as_bytes().escape_ascii().to_string())
                .collect()
        })
        .collect();
    assert_eq!(fields, expected, "{}", input.escape_ascii());
    check_agreement(dialect, input);
    if input.starts_with(b"\xEF\xBB\xBF") {
        return;
    }
    let delimiter = String::from_utf8_lossy(dialect.delimiter());
    for padding in 0..=66 {
        let padded = [
            format!("{}{delimiter}x\n", "p".repeat(padding)).as_bytes(),
            input,
        ]
        .concat();
        check_agreement(dialect, &padded);
    }
}

/// Checks that batches of every size hold what the plain decoder finds.
fn check_agreement(dialect: Dialect, input: &[u8]) {
    let look = plain::look_at(dialect, input);
    let plain = look.rows;
    for batch_bytes in [0, 1, 9, 64, 100, 1 << 20] {
        let whole = decode(dialect, limits(batch_bytes), [input]);
        assert_eq!(whole.rows(), plain, "{}", input.escape_ascii());
        let bytewise = decode(dialect, limits(batch_bytes), input.chunks(1));
        assert_eq!(bytewise, whole, "{}", input.escape_ascii());
        check_batch_ends(&whole, batch_bytes as u64);
        check_account(&whole, look.account, input);
    }
    if is_for_crate(dialect, input) {
        let fields: Vec<Vec<Vec<u8>>> = plain
            .iter()
            .map(|row| row.fields.iter().map(|(text, _)| text.clone()).collect())
            .collect();
        assert_eq!(
            fields,
            crate_fields(dialect, input),
            "{}",
            input.escape_ascii()
        );
    }
}

/// Checks that every byte is what the plain decoder takes it for.
fn check_account(outcome: &Outcome, expected: [(u64, u64); 6], input: &[u8]) {
    if outcome.error.is_some() {
        return;
    }
    let account = &outcome.account;
    let parts = [
        account.header,
        account.records,
        account.blank,
        account.comments.tally(),
        account.before.tally(),
        account.after.tally(),
    ];
    let parts = parts.map(|Tally { lines, bytes }| (lines, bytes));
    assert_eq!(parts, expected, "{}", input.escape_ascii());
    assert_eq!(account.bytes(), input.len() as u64);
}

/// Whether the `csv` crate reads the dialect, and these bytes, by the same rules.
fn is_for_crate(dialect: Dialect, input: &[u8]) -> bool {
    let plain = plain::look_at(dialect, input);
    // There an escape works only inside quotes, and what an open quote makes of it is undefined.
    let escapes_differ =
        dialect.escape().is_some() && (plain.escapes_outside || plain.unterminated);
    // There a comment ends only with LF, and one that nothing ends is a record.
    let comments_differ = match dialect.comment() {
        Some([_]) => input.contains(&b'\r') || !input.ends_with(b"\n"),
        Some(_) => true,
        None => false,
    };
    dialect.delimiter().len() == 1
        && !dialect.is_tsv()
        && !dialect.skip_initial_space()
        && (dialect.skip_lines(), dialect.end_line()) == (0, None)
        && !escapes_differ
        && !plain.goes_on_after_quotes
        && !plain.has_blank_records
        && !comments_differ
}

/// Checks that no batch goes on after the first record that reaches the limit.
fn check_batch_ends(outcome: &Outcome, batch_bytes: u64) {
    for batch in &outcome.batches {
        let [before @ .., _] = batch.as_slice() else {
            panic!("an empty batch")
        };
        let (Some(first), Some(last)) = (before.first(), before.last()) else {
            continue;
        };
        let end = last.position.byte_offset + last.raw.len() as u64 + 1;
        let span = end - first.position.byte_offset;
        assert!(span < batch_bytes, "the batch goes on after {span} bytes");
    }
}

/// What the `csv` crate makes of it.
fn crate_fields(dialect: Dialect, input: &[u8]) -> Vec<Vec<Vec<u8>>> {
    csv::ReaderBuilder::new()
        .delimiter(dialect.delimiter_byte())
        .quoting(dialect.quote().is_some())
        .quote(dialect.quote().unwrap_or(b'"'))
        .escape(dialect.escape())
        .comment(dialect.comment().map(|comment| comment[0]))
        .has_headers(false)
        .flexible(true)
        .from_reader(input)
        .byte_records()
        .map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect())
        .collect()
}

#[test]
fn records_end_with_any_line_end() {
    let expected: &[&[&str]] = &[&["a", "b"], &["c", "d"]];
    for input in [
        "a,b\nc,d\n",
        "a,b\nc,d",
        "a,b\r\nc,d\r\n",
        "a,b\rc,d\r",
        "a,b\r\nc,d\n",
    ] {
        check(bare_csv(), input, expected);
    }
}

#[test]
fn blank_lines_are_no_records() {
    for input in ["", "\n", "\r\n\r\n", "\n\n\r\r"] {
        check(bare_csv(), input, &[]);
    }
    check(bare_csv(), "\n\na,c\n\r\n\n\rb\n\n", &[&["a", "c"], &["b"]]);
    check(
        bare_csv(),
        "a\n \n\"\"\n,\n",
        &[&["a"], &[" "], &[""], &["", ""]],
    );
}

#[test]
fn records_may_differ_in_length() {
    check(
        bare_csv(),
        "a\nb,c,d\n,\ne,",
        &[&["a"], &["b", "c", "d"], &["", ""], &["e", ""]],
    );
}

#[test]
fn quotes_protect_delimiters_and_line_ends() {
    check(bare_csv(), "\"a,b\",c\n", &[&["a,b", "c"]]);
    check(
        bare_csv(),
        "a,\"b\nc\r\nd\re\"\nf",
        &[&["a", "b\nc\r\nd\re"], &["f"]],
    );
    check(bare_csv(), "\"\"\n\"\",\"\"", &[&[""], &["", ""]]);
    check(
        bare_csv(),
        "\"a\"\r\n\"b\"\r\"c\"",
        &[&["a"], &["b"], &["c"]],
    );
}

#[test]
fn doubled_quotes_are_one() {
    check(bare_csv(), "\"a\"\"b\",\"\"\"\"\n", &[&["a\"b", "\""]]);
    check(
        bare_csv(),
        "\"\"\"a\"\"\",\"\"\",\"\"\"\n",
        &[&["\"a\"", "\",\""]],
    );
    check(bare_csv(), "\"\"\"\n\"\"\"\"\"", &[&["\"\n\"\""]]);
}

#[test]
fn quotes_elsewhere_are_text() {
    check(
        bare_csv(),
        "a\"b,\"\n\",c\"d\"",
        &[&["a\"b", "\n", "c\"d\""]],
    );
    check(bare_csv(), " \"a\",b\n", &[&[" \"a\"", "b"]]);
}

#[test]
fn quotes_that_are_not_doubled_are_text_and_told() {
    let cases = [
        ("\"a\" ,\"b\" \t,c\n", ["a", "b", "c"], None),
        ("a\"b,c,\"d\"\"\"\n", ["a\"b", "c", "d\""], None),
        ("x,\"5\" pipe\",c\n", ["x", "5\" pipe", "c"], Some(1)),
        ("x,y,\"a \"b\" c\"\n", ["x", "y", "a \"b\" c"], Some(2)),
        (
            "\"a\"b\"c,\"d\"\"\"e,f\n",
            ["\"a\"b\"c", "\"d\"\"\"e", "f"],
            Some(0),
        ),
        ("\"b\"\"\"c\"\",d,e\n", ["b\"\"c\"", "d", "e"], Some(0)),
    ];
    for (line, fields, misquoted) in cases {
        for dialect in [bare_csv(), bare_csv().with_escape(Some(b'\\')).unwrap()] {
            check(dialect, line, &[&fields]);
            let file = format!("1,2,3\n{line}4,5,6\n");
            let mut decoder = Decoder::new(dialect, Limits::default());
            decoder.push(file.as_bytes());
            let batch = decoder.finish().unwrap().unwrap();
            let told: Vec<_> = batch
                .records()
                .map(|record| record.misquoted_field())
                .collect();
            assert_eq!(told, [None, misquoted, None], "{line}");
            assert_eq!(batch.is_well_quoted(), misquoted.is_none());
        }
    }
}

#[test]
fn other_delimiters_and_quotes_work_alike() {
    let dialect = bare_csv()
        .with_delimiter(b';')
        .unwrap()
        .with_quote(Some(b'\''))
        .unwrap();
    check(dialect, "a;'b;''c';\"d,e\"\n", &[&["a", "b;'c", "\"d,e\""]]);
    let dialect = bare_csv().with_quote(None).unwrap();
    check(
        dialect,
        "\"a,b\"\n\"\"\"\n",
        &[&["\"a", "b\""], &["\"\"\""]],
    );
}

#[test]
fn long_fields_and_records_cross_blocks() {
    let long = "x".repeat(200);
    check(
        bare_csv(),
        format!("{long},\"{long}\"\n{long}"),
        &[&[&long, &long], &[&long]],
    );
    let commas = ",".repeat(99);
    check(bare_csv(), format!("\"{commas}\",1\n"), &[&[&commas, "1"]]);
    check(bare_csv(), &commas, &[&[""; 100]]);
}

#[test]
fn byte_order_mark_is_skipped_and_counted() {
    let outcome = decode_every_way(bare_csv(), Limits::default(), b"\xEF\xBB\xBF\"a\",b\nc\n");
    let [first, second] = outcome.rows().try_into().unwrap();
    assert_eq!(
        first.fields,
        [(b"a".to_vec(), true), (b"b".to_vec(), false)]
    );
    assert_eq!(
        first.position,
        Position {
            record: 1,
            line: 1,
            byte_offset: 3
        }
    );
    assert_eq!(
        second.position,
        Position {
            record: 2,
            line: 2,
            byte_offset: 9
        }
    );
    check(
        bare_csv(),
        b"\xEF\xBB\xBFa\n\xEF\xBB\xBFb",
        &[&["a"], &["\u{feff}b"]],
    );
    assert_eq!(
        decode_every_way(bare_csv(), limits(1), b"\xEF\xBB")
            .rows()
            .len(),
        1
    );
    assert_eq!(
        decode_every_way(bare_csv(), limits(1), b"\xEF\xBB\xBF").rows(),
        []
    );
}

#[test]
fn header_is_apart_from_the_records() {
    let input = b"\r\n\"id\",\"na\"\"me\"\r\n\n1,x\n2,y\n";
    for batch_bytes in [0, 1, 20, 1000] {
        let outcome = decode_every_way(Dialect::csv(), limits(batch_bytes), input);
        let header = outcome.header.clone().unwrap();
        assert_eq!(
            header.fields,
            [(b"id".to_vec(), false), (b"na\"me".to_vec(), false)]
        );
        assert_eq!(header.raw, b"\"id\",\"na\"\"me\"");
        assert_eq!(
            header.position,
            Position {
                record: 0,
                line: 2,
                byte_offset: 2
            }
        );
        let positions: Vec<_> = outcome.rows().iter().map(|row| row.position).collect();
        let first = Position {
            record: 1,
            line: 4,
            byte_offset: 18,
        };
        assert_eq!(
            positions,
            [
                first,
                Position {
                    record: 2,
                    line: 5,
                    byte_offset: 22
                }
            ]
        );
    }
    for (input, header) in [("a,b", true), ("", false), ("\n\n", false)] {
        let outcome = decode_every_way(Dialect::csv(), limits(1), input.as_bytes());
        assert_eq!(outcome.header.is_some(), header);
        assert_eq!((outcome.rows(), outcome.error), (vec![], None));
    }
}

#[test]
fn header_is_there_before_the_first_batch() {
    let mut decoder = Decoder::new(Dialect::csv(), Limits::default());
    decoder.push(b"a,b\n");
    decoder.push(&[b'1'; 64]);
    assert!(decoder.header().is_none());
    assert!(decoder.next_batch().unwrap().is_none());
    assert_eq!(decoder.header().unwrap().names(), [b"a", b"b"]);
}

#[test]
fn escapes_of_tsv_are_replaced() {
    check(bare_tsv(), "a\tb\nc\td\n", &[&["a", "b"], &["c", "d"]]);
    check(
        bare_tsv(),
        r"\t\n\r\\\'\0\b\f\v\a\x41",
        &[&["\t\n\r\\'\0\x08\x0C\x0B\x07A"]],
    );
    check(
        bare_tsv(),
        "a\\\tb\tc\\\nd\\\r\ne",
        &[&["a\tb", "c\nd\r"], &["e"]],
    );
    check(bare_tsv(), "\"a\tb\"\\\\\tc\n", &[&["\"a", "b\"\\", "c"]]);
    check(bare_tsv(), "a\\", &[&["a\\"]]);
    let piped = bare_tsv().with_delimiter(b'|').unwrap();
    check(piped, r"a\|b|c\\|d", &[&["a|b", "c\\", "d"]]);
}

#[test]
fn null_marker_differs_from_its_text() {
    let rows = decode_every_way(bare_tsv(), limits(1), b"\\N\t\\\\N\ta\\Nb\n").rows();
    let fields = [
        (b"\\N".to_vec(), false),
        (b"\\N".to_vec(), true),
        (b"a\\Nb".to_vec(), true),
    ];
    assert_eq!(rows[0].fields, fields);
    let rows = decode_every_way(bare_csv(), limits(1), b"\\N,\"\\N\",\"\"\n").rows();
    let fields = [
        (b"\\N".to_vec(), false),
        (b"\\N".to_vec(), true),
        (Vec::new(), true),
    ];
    assert_eq!(rows[0].fields, fields);
}

#[test]
fn blank_line_of_one_tsv_column_is_empty_text() {
    check(
        bare_tsv(),
        "\na\n\r\n\nb\n",
        &[&[""], &["a"], &[""], &[""], &["b"]],
    );
    check(bare_tsv(), "a\tb\n\nc\td\n\n", &[&["a", "b"], &["c", "d"]]);
}

#[test]
fn blank_line_of_one_column_is_an_empty_field() {
    let expected: &[&[&str]] = &[&["a"], &[""], &["b"], &[""], &[""]];
    check(bare_csv(), "a\n\nb\r\n\r\n\n", expected);
    let commented = bare_csv().with_comment(Some(b"#")).unwrap();
    check(commented, "a\n#x\n\nb\r\n\r\n#\n\n", expected);
    // Before the first record nothing says how many fields there are.
    check(bare_csv(), "\n\na\n\n", &[&["a"], &[""]]);
    check(
        bare_csv(),
        "a\n\nb,c\n\nd\n\n",
        &[&["a"], &[""], &["b", "c"], &["d"]],
    );
}

#[test]
fn positions_are_exact() {
    let input = b"a,b\r\n\r\n\"c\nd\r\ne\rf\",g\rh\n\n\ni\n";
    for batch_bytes in [0, 1, 10, 1000] {
        let outcome = decode_every_way(bare_csv(), limits(batch_bytes), input);
        let positions: Vec<_> = outcome
            .rows()
            .iter()
            .map(|row| {
                (
                    row.position.record,
                    row.position.line,
                    row.position.byte_offset,
                )
            })
            .collect();
        assert_eq!(positions, [(1, 1, 0), (2, 3, 7), (3, 7, 20), (4, 10, 24)]);
        assert_eq!(outcome.rows()[1].raw, b"\"c\nd\r\ne\rf\",g");
    }
}

#[test]
fn open_quote_at_the_end_is_an_error() {
    for input in [
        "a\n\"b",
        "a\n\"",
        "a\n\"b\nc,d\n",
        "a\nc,\"b\"\"",
        "a\n\"b\"\",c",
    ] {
        let outcome = decode_every_way(bare_csv(), Limits::default(), input.as_bytes());
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
        assert_eq!(outcome.rows().len(), 1, "the record before it is there");
    }
    let outcome = decode_every_way(Dialect::csv(), Limits::default(), b"\n\"a");
    let error = outcome.error.unwrap();
    assert_eq!(
        error.position(),
        Position {
            record: 0,
            line: 2,
            byte_offset: 1
        }
    );
    assert_eq!(
        error.to_string(),
        "the header on line 2 (byte 1) opens a quote on line 2 that is never closed; \
         close it or change the quote"
    );
}

#[test]
fn record_limit_holds_to_the_byte() {
    for max_record_bytes in [2, 5, 63, 64, 65, 130] {
        for batch_bytes in [1, 1000] {
            let limits = Limits {
                batch_bytes,
                max_record_bytes,
                ..Limits::default()
            };
            for (excess, end) in [
                (0, "\n"),
                (0, "\r\n"),
                (0, ""),
                (1, "\n"),
                (1, ""),
                (200, ""),
            ] {
                let long = "x".repeat(max_record_bytes + excess);
                let outcome =
                    decode_every_way(bare_csv(), limits, format!("a,\n\n{long}{end}").as_bytes());
                let position = Position {
                    record: 2,
                    line: 3,
                    byte_offset: 4,
                };
                let error = Error::RecordTooLong {
                    position,
                    limit: max_record_bytes,
                };
                assert_eq!(outcome.error, (excess > 0).then_some(error));
                assert_eq!(outcome.rows().len(), if excess > 0 { 1 } else { 2 });
            }
        }
    }
}

#[test]
fn error_stays_and_later_bytes_are_ignored() {
    let limits = Limits {
        batch_bytes: 10,
        max_record_bytes: 3,
        ..Limits::default()
    };
    let mut decoder = Decoder::new(bare_csv(), limits);
    decoder.push(&[b'x'; 100]);
    let error = decoder.next_batch().unwrap_err();
    decoder.push(b"\na\n");
    assert_eq!(decoder.next_batch().unwrap_err(), error);
    assert_eq!(decoder.finish().unwrap_err(), error);
}

#[test]
fn endless_blank_lines_are_not_kept() {
    let mut decoder = Decoder::new(Dialect::csv(), limits(100));
    for _ in 0..100 {
        decoder.push(&[b'\n'; 1000]);
        assert!(decoder.next_batch().unwrap().is_none());
        assert!(decoder.buffer.len() < 100 + 64);
    }
    decoder.push(b"id\n1\n");
    let batch = decoder.finish().unwrap().unwrap();
    let position = Position {
        record: 1,
        line: 100_002,
        byte_offset: 100_003,
    };
    assert_eq!(batch.record(0).position(), position);
}

#[test]
fn what_does_not_exist_is_empty() {
    let mut decoder = Decoder::new(bare_csv(), Limits::default());
    decoder.push(b"a,b\n");
    let batch = decoder.finish().unwrap().unwrap();
    assert_eq!(batch.record(1).field_count(), 0);
    assert_eq!(batch.record(0).field(2), None);
    assert_eq!(batch.record(1).raw(), b"");
    assert!(RecordBatch::default().is_empty());
    assert_eq!(RecordBatch::default().field_count(), None);
    assert_eq!(RecordBatch::default().column(0).count(), 0);
}

/// Bytes that mean something, mixed with bytes that do not.
fn odd_bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        6 => Just(b'a'), 3 => Just(b','), 2 => Just(b'"'), 1 => Just(b'\n'), 1 => Just(b'\r'),
        1 => Just(b' '), 1 => Just(b';'),
    ];
    prop::collection::vec(byte, 0..300)
}

/// Files as programs write them, so that most blocks are regular.
fn usual_bytes() -> impl Strategy<Value = Vec<u8>> {
    let field = prop_oneof![
        6 => "[a-z0-9.]{0,20}",
        3 => "\"[a-z, ]{0,30}\"",
        1 => "\"[a-z\n,]{0,5}(\"\")?[a-z\r\n,]{0,9}\"",
    ];
    let end = prop_oneof![5 => Just("\n"), 2 => Just("\r\n"), 1 => Just("\r")];
    let record = (prop::collection::vec(field, 1..6), end);
    prop::collection::vec(record, 0..12).prop_map(|records| {
        let lines = records.iter().map(|(fields, end)| fields.join(",") + end);
        lines.collect::<String>().into_bytes()
    })
}

/// Escapes, delimiters and line ends in any order.
fn tsv_bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        9 => Just(b'a'), 2 => Just(b'\t'), 2 => Just(b'\\'), 1 => Just(b'\n'), 1 => Just(b'\r'),
        1 => Just(b'N'), 1 => Just(b'x'), 1 => Just(b'4'),
    ];
    prop::collection::vec(byte, 0..300)
}

fn check_any(dialect: Dialect, input: &[u8]) -> Result<(), proptest::test_runner::TestCaseError> {
    let look = plain::look_at(dialect, input);
    let plain = look.rows;
    for batch_bytes in [1, 50, 1 << 20] {
        let whole = decode(dialect, limits(batch_bytes), [input]);
        check_account(&whole, look.account, input);
        for length in [1, 7, 64, 100] {
            let chunked = decode(dialect, limits(batch_bytes), input.chunks(length));
            prop_assert_eq!(&chunked, &whole);
        }
        if whole.error.is_none() {
            prop_assert_eq!(whole.rows(), &plain[..]);
        } else {
            prop_assert_eq!(whole.rows(), &plain[..plain.len() - 1]);
        }
    }
    if is_for_crate(dialect, input) {
        let fields = plain
            .iter()
            .map(|row| row.fields.iter().map(|(text, _)| text.clone()));
        let fields: Vec<Vec<Vec<u8>>> = fields.map(Iterator::collect).collect();
        prop_assert_eq!(fields, crate_fields(dialect, input));
    }
    Ok(())
}

proptest! {
    #[test]
    fn odd_files_are_cut_as_by_the_csv_crate(input in odd_bytes()) {
        check_any(bare_csv(), &input)?;
        check_any(bare_csv().with_quote(None).unwrap(), &input)?;
        check_any(bare_csv().with_delimiter(b';').unwrap(), &input)?;
    }

    #[test]
    fn usual_files_are_cut_as_by_the_csv_crate(input in usual_bytes()) {
        check_any(bare_csv(), &input)?;
    }

    #[test]
    fn tsv_files_are_cut_as_byte_by_byte(input in tsv_bytes()) {
        check_any(bare_tsv(), &input)?;
    }
}
