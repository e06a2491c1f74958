//! Every case is decoded whole, byte by byte and cut in two at each place, with batches of several
//! sizes, and its fields compared with what `serde_json` makes of the lines.

use proptest::prelude::{Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};

use super::JsonDecoder;
use crate::csv::{
    Error, Limits, NULL_MARKER, Position, RecordBatch,
    json::{FaultKind, JsonKeys, keys_of_sample},
};

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
    batches: Vec<Vec<Row>>,
    error: Option<Error>,
}

fn limits(batch_bytes: usize) -> Limits {
    Limits {
        batch_bytes,
        ..Limits::default()
    }
}

fn rows_of(batch: &RecordBatch) -> Vec<Row> {
    let row = |record: crate::csv::Record<'_>| Row {
        fields: record
            .fields()
            .map(|field| (field.bytes.to_vec(), field.quoted))
            .collect(),
        raw: record.raw().to_vec(),
        position: record.position(),
    };
    batch.records().map(row).collect()
}

fn decode<'a>(
    limits: Limits,
    keys: &[&str],
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Outcome {
    let keys: Vec<_> = keys.iter().map(|&key| key.to_owned()).collect();
    let mut decoder = JsonDecoder::new(limits, keys);
    let mut outcome = Outcome::default();
    let mut take = |batch: crate::csv::Result<Option<RecordBatch>>| match batch {
        Ok(batch) => {
            let batch = batch?;
            assert!(!batch.is_empty());
            outcome.batches.push(rows_of(&batch));
            Some(batch)
        }
        Err(error) => {
            outcome.error = Some(error);
            None
        }
    };
    for chunk in chunks {
        decoder.push(chunk);
        while let Some(batch) = take(decoder.next_batch()) {
            decoder.recycle(batch);
        }
    }
    while let Some(batch) = take(decoder.finish()) {
        decoder.recycle(batch);
    }
    outcome
}

/// Decodes in every way and checks that all of them agree.
fn decode_every_way(limits: Limits, keys: &[&str], input: &[u8]) -> Outcome {
    let whole = decode(limits, keys, [input]);
    assert_eq!(
        decode(limits, keys, input.chunks(1)),
        whole,
        "{}",
        input.escape_ascii()
    );
    for at in 0..=input.len() {
        let (left, right) = input.split_at(at);
        let split = decode(limits, keys, [left, right]);
        assert_eq!(split, whole, "{} split at {at}", input.escape_ascii());
    }
    whole
}

/// Checks the fields, `'…'` for text and `∅` for null, in every way and with batches of any size.
#[track_caller]
fn check(keys: &[&str], input: &str, expected: &[&[&str]]) {
    let whole = decode_every_way(Limits::default(), keys, input.as_bytes());
    assert_eq!(whole.error, None);
    let rows = whole.batches.concat();
    let shown: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            row.fields
                .iter()
                .map(|(bytes, quoted)| show(bytes, *quoted))
                .collect()
        })
        .collect();
    assert_eq!(shown, expected, "{input:?}");
    for batch_bytes in [0, 1, 2, 7, 16] {
        let outcome = decode_every_way(limits(batch_bytes), keys, input.as_bytes());
        assert_eq!(outcome.batches.concat(), rows, "{input:?} by {batch_bytes}");
    }
}

fn show(bytes: &[u8], quoted: bool) -> String {
    let text = String::from_utf8_lossy(bytes);
    match (quoted, &*text) {
        (true, _) => format!("'{text}'"),
        (false, "\\N") => "∅".to_owned(),
        (false, _) => text.into_owned(),
    }
}

#[test]
fn values_become_fields() {
    let input = r#"{"a":"x","b":1.50,"c":true}
{"a":"","b":-0,"c":false}
{"a":null,"b":12345678901234567890123456789012345678,"c":null}
{"a":"q\"\n\u00e9\ud83d\ude00","b":1E-7,"c":[1, "two", {"d": null}]}
{"a":"\\N","b":{"d":{"e":[]}},"c":"[]"}
"#;
    let expected: [&[&str]; 5] = [
        &["'x'", "1.50", "true"],
        &["''", "-0", "false"],
        &["∅", "12345678901234567890123456789012345678", "∅"],
        &["'q\"\né😀'", "1E-7", r#"[1, "two", {"d": null}]"#],
        &["'\\N'", r#"{"d":{"e":[]}}"#, "'[]'"],
    ];
    check(&["a", "b", "c"], input, &expected);
}

#[test]
fn keys_stand_in_any_order_and_may_be_missing() {
    let input = "{\"b\":2,\"a\":1}\n{\"c\":3}\n{}\n{\"c\":1,\"b\":2}\n{\"a\":1,\"c\":3}\n";
    check(
        &["a", "b", "c"],
        input,
        &[
            &["1", "2", "∅"],
            &["∅", "∅", "3"],
            &["∅", "∅", "∅"],
            &["∅", "2", "1"],
            &["1", "∅", "3"],
        ],
    );
}

#[test]
fn keys_may_have_escape_sequences() {
    check(
        &["é", "a\"b"],
        r#"{"\u00e9":1,"a\"b":"\t"}"#,
        &[&["1", "'\t'"]],
    );
}

#[test]
fn line_ends_blank_lines_and_white_space_are_passed_over() {
    check(
        &["a"],
        "{\"a\":1}\r\n\r\n  \t\n\n { \"a\" : 2 } \n{\"a\":3}",
        &[&["1"], &["2"], &["3"]],
    );
    check(&["a"], "\u{FEFF}{\"a\":1}\n", &[&["1"]]);
    check(&["a"], "{\"a\":1}\r\n{\"a\":2}\r", &[&["1"], &["2"]]);
    for input in ["", "\n", "\r\n \n", "\u{FEFF}", "\u{FEFF}\n"] {
        check(&["a"], input, &[]);
    }
}

#[test]
fn line_separators_of_unicode_end_no_line() {
    check(
        &["a"],
        "{\"a\":\"x\u{2028}y\u{85}\"}\n",
        &[&["'x\u{2028}y\u{85}'"]],
    );
}

#[test]
fn positions_and_raw_bytes_are_those_of_the_file() {
    let input = b"\xEF\xBB\xBF\n {\"a\":1}\r\n\n{\"a\":\"\\n\"}\n{bad}\n{\"a\":2}";
    for batch_bytes in [0, 1, 20, 1 << 20] {
        let outcome = decode_every_way(limits(batch_bytes), &["a"], input);
        let rows = outcome.batches.concat();
        let places: Vec<_> = rows
            .iter()
            .map(|row| {
                let Position {
                    record,
                    line,
                    byte_offset,
                } = row.position;
                (record, line, byte_offset, row.raw.as_slice())
            })
            .collect();
        let expected: [(u64, u64, u64, &[u8]); 4] = [
            (1, 2, 4, b" {\"a\":1}"),
            (2, 4, 15, b"{\"a\":\"\\n\"}"),
            (3, 5, 26, b"{bad}"),
            (4, 6, 32, b"{\"a\":2}"),
        ];
        assert_eq!(places, expected);
        for row in rows {
            let start = usize::try_from(row.position.byte_offset).unwrap();
            assert_eq!(&input[start..start + row.raw.len()], row.raw);
        }
    }
}

#[test]
fn a_line_at_fault_is_a_record_without_fields() {
    let cases = [
        ("[1]", "at byte 0 of the line: a JSON object expected"),
        (
            "{\"a\":1",
            "at byte 6 of the line: the line ends within the object; an object has to stand on one line, as `jq -c .` writes it",
        ),
        (
            "{\"a\":1} x",
            "at byte 8 of the line: something follows the value; write one a line",
        ),
        (
            "{\"a\":1}{\"a\":2}",
            "at byte 7 of the line: something follows the value; write one a line",
        ),
        (
            "{\"a\":1,\"c\":2}",
            "at byte 7 of the line: the key `c` comes for the first time, and the table has no column for it; leave such keys out, add the column, or where the table is made of this file have the whole file looked at first",
        ),
        (
            "{\"a\":1,\"b\":2, \"a\":1}",
            "at byte 14 of the line: the key `a` stands twice",
        ),
        (
            "{\"a\":01}",
            "at byte 5 of the line: a number is not written as JSON has it",
        ),
        (
            "{\"A\":1}",
            "at byte 1 of the line: the key `A` comes for the first time, and the table has no column for it; leave such keys out, add the column, or where the table is made of this file have the whole file looked at first",
        ),
        ("a,b", "at byte 0 of the line: a JSON object expected"),
    ];
    for (line, text) in cases {
        let input = format!("{{\"a\":1}}\n{line}\n{{\"b\":2}}\n");
        check(&["a", "b"], &input, &[&["1", "∅"], &[], &["∅", "2"]]);
        let mut decoder = JsonDecoder::new(Limits::default(), vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(decoder.fault(line.as_bytes()).unwrap().to_string(), text);
        assert_eq!(decoder.fault(b"{\"a\":1}"), None);
    }
}

#[test]
fn a_long_key_is_cut_short_in_a_fault() {
    let mut decoder = JsonDecoder::new(Limits::default(), vec!["a".to_owned()]);
    let line = format!("{{\"{}\":1}}", "k".repeat(1000));
    let fault = decoder.fault(line.as_bytes()).unwrap();
    let key = "k".repeat(64) + "…";
    assert_eq!(fault.kind, FaultKind::UnknownKey { key });
}

#[test]
fn a_record_is_limited_at_its_exact_length() {
    let line = "{\"a\":\"0123456789\"}";
    for end in ["\n", "\r\n", ""] {
        let input = format!("{{}}\n{line}{end}");
        for (max_record_bytes, fits) in [
            (line.len() - 1, false),
            (line.len(), true),
            (line.len() + 1, true),
        ] {
            let limits = Limits {
                max_record_bytes,
                ..Limits::default()
            };
            let outcome = decode_every_way(limits, &["a"], input.as_bytes());
            let error = Error::RecordTooLong {
                position: Position {
                    record: 2,
                    line: 2,
                    byte_offset: 3,
                },
                limit: max_record_bytes,
            };
            assert_eq!(outcome.error, (!fits).then_some(error));
            assert_eq!(outcome.batches.concat().len(), 1 + usize::from(fits));
        }
    }
}

#[test]
fn batches_are_cut_by_bytes_of_the_file_alone() {
    let input = "{\"a\":1}\n".repeat(10);
    for (batch_bytes, sizes) in [
        (0, vec![1; 10]),
        (8, vec![1; 10]),
        (9, vec![2; 5]),
        (16, vec![2; 5]),
        (17, vec![3, 3, 3, 1]),
    ] {
        let outcome = decode_every_way(limits(batch_bytes), &["a"], input.as_bytes());
        let found: Vec<_> = outcome.batches.iter().map(Vec::len).collect();
        assert_eq!(found, sizes, "{batch_bytes}");
    }
}

#[test]
fn the_header_is_the_keys() {
    let decoder = JsonDecoder::new(Limits::default(), vec!["a".to_owned(), "b c".to_owned()]);
    let header = decoder.header().unwrap();
    assert_eq!(header.names(), [b"a".to_vec(), b"b c".to_vec()]);
    assert_eq!(header.raw(), b"a,b c");
    assert_eq!(header.position().record, 0);
}

/// What `serde_json` makes of a value, as a field.
fn field_of(value: Option<&serde_json::Value>) -> (Vec<u8>, bool) {
    match value {
        None | Some(serde_json::Value::Null) => (NULL_MARKER.to_vec(), false),
        Some(serde_json::Value::String(text)) => (text.clone().into_bytes(), true),
        Some(other) => (other.to_string().into_bytes(), false),
    }
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    prop_oneof![
        prop::strategy::Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        "[a-z\"\\\\\n\r\té😀]{0,6}".prop_map(serde_json::Value::from),
        prop::collection::vec(any::<u8>(), 0..3).prop_map(serde_json::Value::from),
    ]
}

proptest! {
    #[test]
    fn fields_are_those_of_serde_json(
        records in prop::collection::vec(
            prop::collection::vec((prop::sample::select(vec!["a", "b\n", "é", ""]), value()), 0..5),
            1..6,
        ),
        batch_bytes in 0..100_usize,
        at in 0..200_usize,
    ) {
        let objects: Vec<serde_json::Map<String, serde_json::Value>> = records
            .into_iter()
            .map(|members| members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            .collect();
        let lines: Vec<String> = objects.iter().map(|object| serde_json::to_string(object).unwrap()).collect();
        let text = lines.join("\n");
        let Ok(keys) = keys_of_sample(text.as_bytes(), true) else {
            return Ok(());
        };
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let (left, right) = text.as_bytes().split_at(at.min(text.len()));
        let rows = decode(limits(batch_bytes), &keys, [left, right]).batches.concat();
        prop_assert_eq!(rows.len(), objects.len());
        for (row, object) in rows.iter().zip(&objects) {
            let expected: Vec<_> = keys.iter().map(|&key| field_of(object.get(key))).collect();
            prop_assert_eq!(&row.fields, &expected);
        }
    }

    #[test]
    fn any_bytes_neither_panic_nor_depend_on_the_way_they_come(
        tokens in prop::collection::vec(
            prop_oneof![
                prop::sample::select(vec!["{\"a\":", "}", "\n", "\r", "\"", "\\u", "1", "[", "]", ",", "\u{FEFF}", " "])
                    .prop_map(|token| token.as_bytes().to_vec()),
                prop::collection::vec(any::<u8>(), 1..3),
            ],
            0..30,
        ),
        at in 0..60_usize,
        batch_bytes in 0..30_usize,
        max_record_bytes in 0..30_usize,
    ) {
        let input = tokens.concat();
        let limits = Limits { batch_bytes, max_record_bytes, ..Limits::default() };
        let (left, right) = input.split_at(at.min(input.len()));
        let whole = decode(limits, &["a"], [&input[..]]);
        prop_assert_eq!(decode(limits, &["a"], [left, right]), whole.clone());
        prop_assert_eq!(decode(limits, &["a"], input.chunks(1)), whole);
    }
}

/// The fields of each record as text, `None` for a record without any.
fn fields_of(batch: &RecordBatch) -> Vec<Option<String>> {
    let text = |record: crate::csv::Record<'_>| {
        let fields = record.fields().map(|field| {
            let text = String::from_utf8_lossy(field.bytes);
            if field.quoted {
                format!("'{text}'")
            } else {
                text.into_owned()
            }
        });
        let fields: Vec<_> = fields.collect();
        (!fields.is_empty()).then(|| fields.join(" "))
    };
    batch.records().map(text).collect()
}

fn keys(names: &[&str], opened: &[&str]) -> JsonKeys {
    let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    JsonKeys {
        names: owned(names),
        opened: owned(opened),
        ..JsonKeys::default()
    }
}

fn decode_with(keys: &JsonKeys, text: &str) -> Vec<Option<String>> {
    let mut decoder = JsonDecoder::new(Limits::default(), keys.clone());
    decoder.push(text.as_bytes());
    fields_of(&decoder.finish().unwrap().unwrap_or_default())
}

#[test]
fn objects_are_taken_apart_where_their_keys_are_fields() {
    let keys = keys(
        &["site", "pump.model", "pump.motor.kw", "pump.odd.name"],
        &["pump", "pump.motor"],
    );
    for (line, fields) in [
        (
            r#"{"site":"n","pump":{"model":"K\u00377","motor":{"kw":11}}}"#,
            Some("'n' 'K77' 11 \\N"),
        ),
        (
            r#"{"pump":{"odd.name":[1],"motor":null}}"#,
            Some("\\N \\N \\N [1]"),
        ),
        (r#"{"pump":null,"pump.model":"x"}"#, Some("\\N 'x' \\N \\N")),
        (r#"{"pump":{}}"#, Some("\\N \\N \\N \\N")),
        (
            r#"{"pump":[{"model":"a","motor":{"kw":1}},{"motor":{"kw":null}},{"model":"q\""}]}"#,
            Some(r#"\N ["a",null,"q\""] [1,null,null] [null,null,null]"#),
        ),
        (r#"{"pump":[]}"#, Some("\\N [] [] []")),
        (
            r#"{"pump":{"motor":[{"kw":1},{"kw":2}]}}"#,
            Some("\\N \\N [1,2] \\N"),
        ),
        (
            r#"{"pump":[{"motor":[{"kw":1},{"kw":2}]},{"motor":[]}]}"#,
            Some("\\N [null,null] [[1,2],[]] [null,null]"),
        ),
        (r#"{"pump":1}"#, None),
        (r#"{"pump":"x"}"#, None),
        (r#"{"pump":[1]}"#, None),
        (r#"{"pump":{"size":1}}"#, None),
        (r#"{"pump":{"model":"a","model":"b"}}"#, None),
        (r#"{"pump":{"model":"a"},"pump":{"model":"b"}}"#, None),
        (r#"{"pump":{"model":"a"},"pump.model":"b"}"#, None),
        (r#"{"pump.model":"b","pump":[{"model":"a"}]}"#, None),
    ] {
        // A record before and behind it: nothing of one may stand in another.
        let text = format!("{{\"site\":\"a\"}}\n{line}\n{{}}\n");
        let expected = [
            Some("'a' \\N \\N \\N".to_owned()),
            fields.map(str::to_owned),
            Some("\\N \\N \\N \\N".to_owned()),
        ];
        assert_eq!(decode_with(&keys, &text), expected, "{line}");
    }
}

#[test]
fn unknown_keys_are_passed_over_where_that_is_wanted() {
    let keys = JsonKeys {
        skips_unknown: true,
        ..keys(&["a", "b.c"], &["b"])
    };
    let text = r#"{"x":[{"y":"\n"}],"a":"\u0041","b":{"d":{"e":1},"c":2},"z":null}"#;
    assert_eq!(decode_with(&keys, text), [Some("'A' 2".to_owned())]);
    // Malformed JSON is none the better for it.
    assert_eq!(decode_with(&keys, r#"{"x":[1,}"#), [None]);
}

#[test]
fn fields_that_come_late_are_told() {
    let late = JsonKeys {
        unmet: 3,
        ..keys(&["a", "b", "c.d", "e"], &["c"])
    };
    let mut decoder = JsonDecoder::new(limits(1), late);
    decoder.push(b"{\"a\":1}\n{\"c\":{\"d\":1},\"b\":null}\n");
    decoder.next_batch().unwrap();
    assert_eq!(decoder.met().count(), 0);
    decoder.next_batch().unwrap();
    assert_eq!(decoder.met().collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn keys_can_change_between_two_batches() {
    let mark = char::from_u32(0xFEFF).unwrap();
    let text = format!("{mark}\n{{\"a\":1}}\n{{\"a\":2,\"b\":\"\\u0041\"}}\n\n{{\"b\":3}}");
    let mut decoder = JsonDecoder::new(limits(1), keys(&["a"], &[]));
    decoder.push(text.as_bytes());
    let mut batches = Vec::new();
    let first = decoder.next_batch().unwrap().unwrap();
    assert_eq!(fields_of(&first), [Some("1".to_owned())]);
    batches.push(JsonDecoder::cut_again(keys(&["a", "b"], &[]), &first));
    // A line that was read already is read again.
    decoder.set_keys(&keys(&["a", "b"], &[]));
    while let Some(batch) = decoder.finish().unwrap() {
        batches.push(JsonDecoder::cut_again(keys(&["a", "b"], &[]), &batch));
        batches.push(batch);
    }
    let rows: Vec<_> = batches.iter().flat_map(fields_of).flatten().collect();
    let twice = |row: &'static str| [row, row];
    let expected = [&["1 \\N"][..], &twice("2 'A'"), &twice("\\N 3")].concat();
    assert_eq!(rows, expected);
    let lines: Vec<_> = batches
        .iter()
        .map(|batch| batch.record(0).position())
        .collect();
    let whole = decode(limits(1), &["a", "b"], [text.as_bytes()]);
    let whole: Vec<_> = whole
        .batches
        .iter()
        .flatten()
        .map(|row| row.position)
        .collect();
    let [first, second, third] = whole.as_slice() else {
        panic!("{whole:?}");
    };
    assert_eq!(lines, [*first, *second, *second, *third, *third]);
}
