//! Cuts any bytes in any dialect: the same whole, in chunks and once more from a raw record; and what
//! the encoder writes of it reads back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sluice_fuzz::{Choices, chunks};
use sluice_server::csv::{
    Account, Decoder, Dialect, Encoder, Error, Limits, LineEnd, Position, Style, decode_record,
};

/// A record, its text fields with whether they were quoted, and where it stood.
type Row = (Vec<(Vec<u8>, bool)>, Vec<u8>, Position);

/// Everything that comes out of a decoder.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    names: Option<Vec<Vec<u8>>>,
    batches: Vec<Vec<Row>>,
    error: Option<Error>,
    account: Account,
}

fn dialect(choices: &mut Choices<'_>) -> Dialect {
    let mut dialect = choices.pick(&[Dialect::csv(), Dialect::tsv()]);
    let quote = choices.pick(&[Some(b'"'), None, Some(b'\''), Some(b'a'), Some(0xA7)]);
    dialect = dialect.with_quote(quote).unwrap_or(dialect);
    let delimiters: [&[u8]; 9] = [
        b",",
        b";",
        b"\t",
        b"||",
        b" ",
        b"aba",
        "\u{a7}".as_bytes(),
        b"\x1F",
        b", | ,",
    ];
    let delimiter = choices.pick(&delimiters);
    dialect = dialect.with_long_delimiter(delimiter).unwrap_or(dialect);
    let escape = choices.pick(&[None, Some(b'\\'), Some(b'^'), Some(b'|')]);
    dialect = dialect.with_escape(escape).unwrap_or(dialect);
    let comment = choices.pick(&[None, Some(&b"#"[..]), Some(b"//"), Some(b"-")]);
    dialect = dialect.with_comment(comment).unwrap_or(dialect);
    let skip_space = choices.flag();
    dialect = dialect
        .with_skip_initial_space(skip_space)
        .unwrap_or(dialect);
    let header_rows = choices.pick(&[1, 0, 2, 4]);
    dialect = dialect.with_header_rows(header_rows).unwrap_or(dialect);
    let skip_lines = choices.pick(&[0, 1, 2, 7]);
    dialect = dialect.with_skip_lines(skip_lines).unwrap_or(dialect);
    let end_line = choices.pick(&[None, Some(1), Some(5), Some(9)]);
    dialect.with_end_line(end_line).unwrap_or(dialect)
}

fn decode<'a>(dialect: Dialect, limits: Limits, chunks: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let mut decoder = Decoder::new(dialect, limits);
    let mut outcome = Outcome::default();
    let mut byte_count = 0;
    for chunk in chunks {
        byte_count += chunk.len() as u64;
        decoder.push(chunk);
        pull(&mut decoder, &mut outcome, Decoder::next_batch);
    }
    pull(&mut decoder, &mut outcome, Decoder::finish);
    outcome.names = decoder.header().map(|header| header.names().to_vec());
    outcome.account = decoder.account().clone();
    if outcome.error.is_none() {
        assert_eq!(outcome.account.bytes(), byte_count);
    }
    outcome
}

fn pull(
    decoder: &mut Decoder,
    outcome: &mut Outcome,
    next: impl Fn(&mut Decoder) -> sluice_server::csv::Result<Option<sluice_server::csv::RecordBatch>>,
) {
    loop {
        match next(decoder) {
            Ok(None) => return,
            Ok(Some(batch)) => {
                let rows = batch.records().map(|record| {
                    let fields = record.fields();
                    let fields = fields.map(|field| (field.bytes.to_vec(), field.quoted));
                    (fields.collect(), record.raw().to_vec(), record.position())
                });
                outcome.batches.push(rows.collect());
                decoder.recycle(batch);
            }
            Err(error) => {
                outcome.error = Some(error);
                return;
            }
        }
    }
}

/// Checks what holds for the records of every file.
fn check_rows(dialect: Dialect, file: &[u8], outcome: &Outcome, limits: Limits) {
    let mut before = Position::default();
    for (fields, raw, position) in outcome.batches.concat() {
        assert_eq!(position.record, before.record + 1);
        assert!(position.line > before.line);
        before = position;
        let start = usize::try_from(position.byte_offset).unwrap();
        assert_eq!(file.get(start..start + raw.len()), Some(&raw[..]));
        assert!(raw.len() <= limits.max_record_bytes && fields.len() <= limits.max_fields);
        assert_eq!(decode_record(&raw, dialect), fields);
    }
}

/// Checks that the records can be written, if at all, such that they read back.
fn check_encoder(dialect: Dialect, outcome: &Outcome, style: &Style) {
    let whole = dialect
        .with_end_line(None)
        .and_then(|whole| whole.with_skip_lines(0));
    let whole = whole.unwrap().with_header(false);
    let Ok(mut encoder) = Encoder::with_style(whole, style) else {
        return;
    };
    let rows = outcome.batches.concat();
    for (fields, _, _) in &rows {
        for (text, _) in fields {
            if encoder.text(text).is_err() {
                assert!(whole.quote().is_none(), "quotes hold every text");
                return;
            }
        }
        if encoder.end_record().is_err() {
            return;
        }
    }
    let texts = |outcome: &Outcome| -> Vec<Vec<Vec<u8>>> {
        let rows = outcome.batches.concat().into_iter();
        rows.map(|(fields, _, _)| fields.into_iter().map(|(text, _)| text).collect())
            .collect()
    };
    let limits = Limits {
        max_fields: usize::MAX,
        ..Limits::default()
    };
    let written = encoder.take();
    let read = decode(whole, limits, [&written[..]].into_iter());
    assert_eq!(read.error, None);
    assert_eq!(texts(&read), texts(outcome));
}

fuzz_target!(|input: &[u8]| {
    let Some((mut choices, file)) = Choices::split(input) else {
        return;
    };
    let dialect = dialect(&mut choices);
    let limits = Limits {
        batch_bytes: choices.pick(&[1 << 20, 0, 1, 64, 300]),
        max_record_bytes: choices.pick(&[1 << 20, 3, 64, 200]),
        max_fields: choices.pick(&[10_000, 1, 3, 70]),
    };
    let whole = decode(dialect, limits, [file].into_iter());
    check_rows(dialect, file, &whole, limits);
    for lengths in [&[1][..], &[64], &[3, 100, 7]] {
        assert_eq!(decode(dialect, limits, chunks(file, lengths)), whole);
    }
    let style = Style {
        line_end: [LineEnd::Lf, LineEnd::CrLf, LineEnd::Cr][file.len() % 3],
        ..Style::default()
    };
    check_encoder(dialect, &whole, &style);
});
