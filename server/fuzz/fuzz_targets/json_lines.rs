//! Reads any bytes as JSON lines: the same whole and in chunks, and a record without fields has a
//! fault that can be named.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sluice_fuzz::{Choices, chunks};
use sluice_server::csv::{
    Error, JsonDecoder, Limits, Position, RecordBatch, Result,
    json::{keys_of_sample, looks_like_json_lines},
};

/// A record, its text fields with whether they were strings, and where it stood.
type Row = (Vec<(Vec<u8>, bool)>, Vec<u8>, Position);

/// Everything that comes out of a decoder.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    batches: Vec<Vec<Row>>,
    error: Option<Error>,
}

fn decode<'a>(keys: &[String], limits: Limits, chunks: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let mut decoder = JsonDecoder::new(limits, keys.to_vec());
    let mut outcome = Outcome::default();
    for chunk in chunks {
        decoder.push(chunk);
        pull(&mut decoder, &mut outcome, JsonDecoder::next_batch);
    }
    pull(&mut decoder, &mut outcome, JsonDecoder::finish);
    for (fields, raw, _) in outcome.batches.concat() {
        let fault = decoder.fault(&raw);
        assert_eq!(fault.is_some(), fields.is_empty(), "{}", raw.escape_ascii());
    }
    outcome
}

fn pull(
    decoder: &mut JsonDecoder,
    outcome: &mut Outcome,
    next: impl Fn(&mut JsonDecoder) -> Result<Option<RecordBatch>>,
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

fuzz_target!(|input: &[u8]| {
    let Some((mut choices, file)) = Choices::split(input) else {
        return;
    };
    let limits = Limits {
        batch_bytes: choices.pick(&[1 << 20, 0, 1, 64, 300]),
        max_record_bytes: choices.pick(&[1 << 20, 3, 64, 200]),
        ..Limits::default()
    };
    let complete = choices.flag();
    looks_like_json_lines(file);
    let keys = keys_of_sample(file, complete);
    let keys = keys.unwrap_or_else(|_| vec!["a".to_owned(), "b".to_owned()]);
    if keys.is_empty() {
        return;
    }
    let whole = decode(&keys, limits, [file].into_iter());
    for lengths in [&[1][..], &[64], &[3, 100, 7]] {
        assert_eq!(decode(&keys, limits, chunks(file, lengths)), whole);
    }
});
