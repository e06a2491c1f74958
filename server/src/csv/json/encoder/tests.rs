//! What is written is read by the decoder and by `serde_json` as the same.

use proptest::prelude::{any, prop, prop_assert_eq, proptest};

use super::{JsonEncoder, JsonKind};
use crate::csv::{
    Limits,
    json::{Error, JsonDecoder},
};

fn encoder(columns: &[(&str, JsonKind)]) -> JsonEncoder {
    let names: Vec<String> = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
    let kinds: Vec<JsonKind> = columns.iter().map(|(_, kind)| *kind).collect();
    JsonEncoder::new(&names, &kinds).unwrap()
}

fn written(mut encoder: JsonEncoder) -> String {
    assert_eq!(encoder.len(), encoder.output.len());
    let text = String::from_utf8(encoder.take()).unwrap();
    assert!(encoder.is_empty());
    text
}

/// The value of the only column.
#[track_caller]
fn value(kind: JsonKind, write: impl FnOnce(&mut JsonEncoder) -> Result<(), Error>) -> String {
    let mut encoder = encoder(&[("c", kind)]);
    write(&mut encoder).unwrap();
    encoder.end_record().unwrap();
    let text = written(encoder);
    let value = text
        .strip_prefix("{\"c\":")
        .unwrap()
        .strip_suffix("}\n")
        .unwrap();
    value.to_owned()
}

fn plain(kind: JsonKind, text: &str) -> String {
    value(kind, |encoder| {
        encoder.plain(|output| output.extend_from_slice(text.as_bytes()))
    })
}

fn text(kind: JsonKind, text: &str) -> String {
    value(kind, |encoder| encoder.text(text.as_bytes()))
}

#[test]
fn records_are_objects_on_lines() {
    let mut encoder = encoder(&[
        ("id", JsonKind::Number),
        ("a \"b\"\n", JsonKind::Text),
        ("ok", JsonKind::Bool),
        ("tags", JsonKind::RawJson),
    ]);
    encoder.plain(|output| output.push(b'1')).unwrap();
    encoder.text("é\t".as_bytes()).unwrap();
    encoder
        .plain(|output| output.extend_from_slice(b"true"))
        .unwrap();
    encoder.text(b"[1,\n\"x\"]").unwrap();
    encoder.end_record().unwrap();
    for _ in 0..4 {
        encoder.null().unwrap();
    }
    encoder.end_record().unwrap();
    assert_eq!(
        written(encoder),
        "{\"id\":1,\"a \\\"b\\\"\\n\":\"é\\t\",\"ok\":true,\"tags\":[1, \"x\"]}\n\
         {\"id\":null,\"a \\\"b\\\"\\n\":null,\"ok\":null,\"tags\":null}\n"
    );
}

#[test]
fn numbers_stand_as_they_are_but_for_those_json_lacks() {
    for number in [
        "0",
        "-1",
        "1.50",
        "1e-7",
        "1e21",
        "340282366920938463463374607431768211455",
    ] {
        assert_eq!(plain(JsonKind::Number, number), number);
        assert_eq!(text(JsonKind::Number, number), number);
    }
    for (number, shown) in [("nan", "\"nan\""), ("inf", "\"inf\""), ("-inf", "\"-inf\"")] {
        assert_eq!(plain(JsonKind::Number, number), shown);
    }
}

#[test]
fn text_is_escaped() {
    assert_eq!(text(JsonKind::Text, ""), "\"\"");
    assert_eq!(
        text(JsonKind::Text, "a/b\u{7f}\u{2028}é😀"),
        "\"a/b\u{7f}\u{2028}é😀\""
    );
    assert_eq!(
        text(JsonKind::Text, "\"\\\u{8}\u{c}\n\r\t\0\u{1f}"),
        r#""\"\\\b\f\n\r\t\u0000\u001f""#
    );
    assert_eq!(
        plain(JsonKind::Text, "2024-02-29 12:00:00"),
        "\"2024-02-29 12:00:00\""
    );
}

#[test]
fn columns_without_a_kind_are_text() {
    let names = ["a".to_owned(), "b".to_owned()];
    let mut encoder = JsonEncoder::new(&names, &[JsonKind::Number]).unwrap();
    encoder.plain(|output| output.push(b'1')).unwrap();
    encoder.plain(|output| output.push(b'1')).unwrap();
    encoder.end_record().unwrap();
    assert_eq!(written(encoder), "{\"a\":1,\"b\":\"1\"}\n");
}

#[test]
fn what_cannot_be_written_is_an_error() {
    let message = |kind, text: &[u8]| encoder(&[("c", kind)]).text(text).unwrap_err().to_string();
    let not_text = "a value of column `c` is not UTF-8 and cannot be written as JSON; choose csv";
    assert_eq!(message(JsonKind::Text, b"a\xFF"), not_text);
    assert_eq!(message(JsonKind::RawJson, b"\"\xFF\""), not_text);
    assert_eq!(
        message(JsonKind::RawJson, b"['a']"),
        "a value of column `c` is no JSON: a value expected (at its byte 1)"
    );
    assert_eq!(
        message(JsonKind::RawJson, b"1 2"),
        "a value of column `c` is no JSON: something follows the value; write one a line (at its byte 2)"
    );
}

#[test]
fn names_are_unique_and_rows_whole() {
    let names = ["a".to_owned(), "a".to_owned()];
    let name = "a".to_owned();
    assert_eq!(
        JsonEncoder::new(&names, &[]).unwrap_err(),
        Error::DuplicateName { name }
    );
    let mut short = encoder(&[("a", JsonKind::Text), ("b", JsonKind::Text)]);
    short.null().unwrap();
    assert_eq!(
        short.end_record(),
        Err(Error::FieldCount {
            fields: 1,
            expected: 2
        })
    );
    let mut long = encoder(&[("a", JsonKind::Text)]);
    long.null().unwrap();
    let error = Error::FieldCount {
        fields: 2,
        expected: 1,
    };
    assert_eq!(long.null(), Err(error));
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        names in prop::collection::hash_set(any::<String>(), 1..5),
        rows in prop::collection::vec(
            prop::collection::vec(prop::option::of(any::<String>()), 5),
            0..6,
        ),
    ) {
        let names: Vec<String> = names.into_iter().collect();
        let mut encoder = JsonEncoder::new(&names, &[]).unwrap();
        for row in &rows {
            for (_, cell) in names.iter().zip(row) {
                match cell {
                    Some(cell) => encoder.text(cell.as_bytes()).unwrap(),
                    None => encoder.null().unwrap(),
                }
            }
            encoder.end_record().unwrap();
        }
        let text = written(encoder);

        let objects: Vec<serde_json::Map<String, serde_json::Value>> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        prop_assert_eq!(objects.len(), rows.len());
        let mut decoder = JsonDecoder::new(Limits::default(), names.clone());
        decoder.push(text.as_bytes());
        let batch = decoder.finish().unwrap().unwrap_or_default();
        prop_assert_eq!(batch.len(), rows.len());
        for ((record, row), object) in batch.records().zip(&rows).zip(&objects) {
            for ((field, name), cell) in record.fields().zip(&names).zip(row) {
                prop_assert_eq!(object[name].as_str(), cell.as_deref());
                let is_null = field.is_null_marker();
                prop_assert_eq!((!is_null).then_some(field.bytes), cell.as_ref().map(String::as_bytes));
            }
        }
    }
}
