//! What is written is compared byte for byte, and random records are read back by the decoder.

mod styles;

use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};

use super::{CannotRepresent, Encoder, Style};
use crate::csv::{Decoder, Dialect, Limits};

/// A field as it is given to the encoder.
#[derive(Debug, Clone)]
enum Value {
    Text(Vec<u8>),
    Plain(&'static str),
    Null,
}

use Value::{Null, Plain, Text};

fn text(text: impl AsRef<[u8]>) -> Value {
    Text(text.as_ref().to_vec())
}

fn unquoted(delimiter: u8) -> Dialect {
    Dialect::csv()
        .with_quote(None)
        .unwrap()
        .with_delimiter(delimiter)
        .unwrap()
}

fn encode(dialect: Dialect, records: &[Vec<Value>]) -> Result<Vec<u8>, CannotRepresent> {
    encode_with(Encoder::new(dialect), records)
}

fn encode_with(mut encoder: Encoder, records: &[Vec<Value>]) -> Result<Vec<u8>, CannotRepresent> {
    for record in records {
        for value in record {
            match value {
                Text(text) => encoder.text(text)?,
                Plain(text) => encoder.plain(|output| output.extend_from_slice(text.as_bytes()))?,
                Null => encoder.null(),
            }
        }
        encoder.end_record()?;
    }
    Ok(encoder.take())
}

fn check(dialect: Dialect, records: &[Vec<Value>], expected: impl AsRef<[u8]>) {
    let output = encode(dialect, records).unwrap();
    let (output, expected) = (output.escape_ascii(), expected.as_ref().escape_ascii());
    assert_eq!(output.to_string(), expected.to_string());
}

fn check_refused(dialect: Dialect, records: &[Vec<Value>], field: usize) {
    assert_eq!(encode(dialect, records), Err(CannotRepresent { field }));
}

#[test]
fn text_is_quoted_when_it_must_be() {
    let quoted = ["a,b", "a\nb", "a\rb", "", "\\N"];
    for field in quoted {
        check(
            Dialect::csv(),
            &[vec![text("x"), text(field)]],
            format!("x,\"{field}\"\n"),
        );
    }
    for field in ["a", " ", "a;b", "\\n", "N", "'", "\u{e9}", "a\tb"] {
        check(
            Dialect::csv(),
            &[vec![text("x"), text(field)]],
            format!("x,{field}\n"),
        );
    }
    check(
        Dialect::csv(),
        &[vec![text("\""), text("a\"\"b")]],
        "\"\"\"\",\"a\"\"\"\"b\"\n",
    );
}

#[test]
fn marks_are_found_wherever_they_stand() {
    for length in 1..70 {
        for place in 0..length {
            let mut field = vec![b'x'; length];
            field[place] = b',';
            let quoted = [b"\"", &field[..], b"\"\n"].concat();
            check(Dialect::csv(), &[vec![text(&field)]], &quoted);
            let after = [b",,,,,,,,,,,,,,,,,,,,", &quoted[..]].concat();
            let mut record = vec![Plain(""); 20];
            record.push(text(&field));
            check(Dialect::csv(), &[record], after);
        }
    }
}

#[test]
fn plain_and_null_are_written_as_they_are() {
    let record = vec![
        Plain("-1.5e+3"),
        Null,
        Plain("2024-01-02 03:04:05"),
        Plain(""),
    ];
    check(
        Dialect::csv(),
        std::slice::from_ref(&record),
        "-1.5e+3,\\N,2024-01-02 03:04:05,\n",
    );
    check(
        Dialect::tsv(),
        &[record],
        "-1.5e+3\t\\N\t2024-01-02 03:04:05\t\n",
    );
}

#[test]
fn plain_is_protected_from_an_odd_dialect() {
    let spaced = Dialect::csv().with_delimiter(b' ').unwrap();
    check(spaced, &[vec![Plain("1 2"), Plain("3")]], "\"1 2\" 3\n");
    let quoted = Dialect::csv().with_quote(Some(b'5')).unwrap();
    check(
        quoted,
        &[vec![Plain("152"), Plain("3")]],
        "51552 ,3\n".replace(' ', "5"),
    );
    let tsv = Dialect::tsv().with_delimiter(b'-').unwrap();
    check(tsv, &[vec![Plain("1-2"), Plain("-3")]], "1\\-2-\\-3\n");
    check_refused(unquoted(b'.'), &[vec![Plain("1"), Plain("1.5")]], 2);
}

#[test]
fn tsv_keeps_the_escapes_of_nested_values() {
    let record = [vec![text(r"['a\\b','\t']"), text(r"a\b"), Null]];
    let nested = |dialect, style: &Style| {
        let encoder = Encoder::with_style(dialect, style).unwrap();
        let written = encode_with(encoder.with_nested(vec![true]), &record);
        String::from_utf8(written.unwrap()).unwrap()
    };
    let usual = Style::default();
    let tsv = Dialect::tsv();
    assert_eq!(nested(tsv, &usual), "['a\\\\b','\\t']\ta\\\\b\t\\N\n");
    let comment = tsv.with_comment(Some(b"[")).unwrap();
    assert_eq!(
        nested(comment, &usual),
        "\\x5B'a\\\\b','\\t']\ta\\\\b\t\\N\n"
    );
    let bars = tsv.with_delimiter(b'|').unwrap();
    assert_eq!(nested(bars, &usual), "['a\\\\\\\\b','\\\\t']|a\\\\b|\\N\n");
    let csv = nested(Dialect::csv(), &usual);
    assert_eq!(csv, "\"['a\\\\b','\\t']\",a\\b,\\N\n");
}

#[test]
fn tsv_escapes_what_would_cut() {
    let record = vec![text("a\tb\nc\rd\\e"), text("\\N"), text(""), text("\"'\0")];
    check(
        Dialect::tsv(),
        &[record],
        "a\\tb\\nc\\rd\\\\e\t\\\\N\t\t\"'\0\n",
    );
    let piped = Dialect::tsv().with_delimiter(b'|').unwrap();
    check(piped, &[vec![text("a|b\tc")]], "a\\|b\tc\n");
}

#[test]
fn without_quotes_ambiguous_text_is_refused() {
    for field in ["a,b", "a\nb", "\r", "\\N"] {
        check_refused(unquoted(b','), &[vec![text("x"), text(field)]], 2);
    }
    check(unquoted(b','), &[vec![text("\""), text("")]], "\",\n");
    let error = CannotRepresent { field: 2 };
    assert!(
        error
            .to_string()
            .starts_with("field 2 needs quotes to be told from a delimiter")
    );
}

#[test]
fn lone_empty_field_is_no_blank_line() {
    check(
        Dialect::csv(),
        &[vec![text("")], vec![Plain("")]],
        "\"\"\n\"\"\n",
    );
    check(Dialect::tsv(), &[vec![text("a")], vec![text("")]], "a\n\n");
    check_refused(
        Dialect::tsv(),
        &[vec![text("a"), text("b")], vec![text("")]],
        1,
    );
    check_refused(unquoted(b','), &[vec![text("")]], 1);
    check(Dialect::csv(), &[vec![], vec![text("a")]], "a\n");
}

#[test]
fn first_text_is_no_byte_order_mark() {
    let mark = "\u{feff}a";
    let records = [vec![text(mark), text(mark)], vec![text(mark)]];
    check(
        Dialect::csv(),
        &records,
        format!("\"{mark}\",{mark}\n{mark}\n"),
    );
    check(
        Dialect::tsv(),
        &records,
        [
            &b"\\xEF\xBB\xBFa\t"[..],
            format!("{mark}\n{mark}\n").as_bytes(),
        ]
        .concat(),
    );
    check_refused(unquoted(b','), &records, 1);
}

#[test]
fn output_is_taken_at_any_time() {
    let mut encoder = Encoder::new(Dialect::csv());
    assert!(encoder.is_empty());
    encoder.header(["id", "a,b"]).unwrap();
    assert_eq!(encoder.len(), 9);
    encoder.text(b"").unwrap();
    assert_eq!(encoder.take(), b"id,\"a,b\"\n\"\"");
    encoder.plain(|output| output.push(b'1')).unwrap();
    encoder.end_record().unwrap();
    encoder.text("\u{feff}".as_bytes()).unwrap();
    assert_eq!(encoder.take(), ",1\n\u{feff}".as_bytes());
}

fn value() -> impl Strategy<Value = Value> {
    let special = b"\\N\",;|\t\r\n'x \xEF\xBB\xBF0";
    let odd = prop::collection::vec(prop::sample::select(&special[..]), 0..12);
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Text),
        odd.prop_map(Text),
        "[a-z ]{0,30}".prop_map(text),
        Just(Null),
        Just(Plain("2024-01-02 03:04:05.678")),
        Just(Plain("-17")),
    ]
}

/// Records with one number of fields in each file.
fn records() -> impl Strategy<Value = Vec<Vec<Value>>> {
    (1..5_usize).prop_flat_map(|count| {
        prop::collection::vec(prop::collection::vec(value(), count..=count), 0..12)
    })
}

/// What the decoder makes of a file; NULL is `None`.
fn decode(dialect: Dialect, file: &[u8]) -> Vec<Vec<Option<Vec<u8>>>> {
    let mut decoder = Decoder::new(dialect.with_header(false), Limits::default());
    decoder.push(file);
    let mut records = Vec::new();
    while let Some(batch) = decoder.finish().unwrap() {
        records.extend(batch.records().map(|record| {
            let fields = record.fields();
            fields
                .map(|field| (!field.is_null_marker()).then(|| field.bytes.to_vec()))
                .collect()
        }));
    }
    records
}

proptest! {
    #[test]
    fn what_is_written_reads_back(records in records()) {
        let expected: Vec<Vec<Option<Vec<u8>>>> = records
            .iter()
            .map(|record| {
                let fields = record.iter().map(|value| match value {
                    Text(text) => Some(text.clone()),
                    Plain(text) => Some(text.as_bytes().to_vec()),
                    Null => None,
                });
                fields.collect()
            })
            .collect();
        let csv = Dialect::csv();
        let tsv = Dialect::tsv();
        let dialects = [
            csv,
            csv.with_delimiter(b';').unwrap(),
            csv.with_delimiter(b'\t').unwrap(),
            csv.with_delimiter(b' ').unwrap().with_quote(Some(b'\'')).unwrap(),
            csv.with_delimiter(b'-').unwrap().with_quote(Some(b'0')).unwrap(),
            tsv,
            tsv.with_delimiter(b'|').unwrap(),
            tsv.with_delimiter(b' ').unwrap(),
            tsv.with_delimiter(b'\'').unwrap(),
        ];
        for dialect in dialects {
            let file = encode(dialect, &records).unwrap();
            prop_assert_eq!(&decode(dialect, &file), &expected, "{}", file.escape_ascii());
        }
        if let Ok(file) = encode(unquoted(b','), &records) {
            prop_assert_eq!(&decode(unquoted(b','), &file), &expected);
        }
    }
}

#[test]
fn joined_fields_are_what_they_are_one_by_one() {
    let mut encoder = Encoder::new(Dialect::csv());
    assert_eq!(encoder.joint(), Some(b','));
    encoder.text(b"a").unwrap();
    encoder.joined(3, |output| output.extend_from_slice(b"1,\\N,2.5"));
    encoder.text(b"b,c").unwrap();
    encoder.end_record().unwrap();
    encoder.joined(2, |output| output.extend_from_slice(b"\\N,7"));
    encoder.end_record().unwrap();
    let one_by_one = [
        vec![text("a"), Plain("1"), Null, Plain("2.5"), text("b,c")],
        vec![Null, Plain("7")],
    ];
    assert_eq!(encoder.take(), encode(Dialect::csv(), &one_by_one).unwrap());
}

#[test]
fn numbers_are_joined_only_where_none_has_to_be_looked_at() {
    let delimited = |delimiter| Dialect::csv().with_delimiter(delimiter).unwrap();
    assert_eq!(Encoder::new(delimited(b';')).joint(), Some(b';'));
    for delimiter in [b'.', b'-', b' ', b'1'] {
        assert_eq!(Encoder::new(delimited(delimiter)).joint(), None);
    }
    let style = Style {
        null_marker: b"NA".to_vec(),
        ..Style::default()
    };
    let encoder = Encoder::with_style(Dialect::csv(), &style).unwrap();
    assert_eq!(encoder.joint(), None);
}

#[test]
fn a_mark_is_seen_at_every_place_of_a_text_of_any_length() {
    for length in 1..70 {
        for place in 0..length {
            let mut bytes = vec![b'a'; length];
            bytes[place] = b',';
            let quoted = format!("\"{}\"\n", String::from_utf8(bytes.clone()).unwrap());
            check(Dialect::csv(), &[vec![text(bytes)]], quoted);
        }
        let clean = "a".repeat(length);
        check(Dialect::csv(), &[vec![text(&clean)]], format!("{clean}\n"));
    }
}
