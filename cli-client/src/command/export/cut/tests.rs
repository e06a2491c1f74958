//! Partial files of every form, cut at every byte.

use super::{Cut, Form, Place, cut};

fn csv(crlf: bool, header: bool) -> Form {
    Form::Csv {
        delimiter: b',',
        quote: b'"',
        crlf,
        header,
    }
}

fn place() -> Place {
    Place {
        name: "id".to_owned(),
        index: 0,
    }
}

/// The records of a file: offset and key of each, as they were written.
struct Written {
    bytes: Vec<u8>,
    records: Vec<(usize, String)>,
}

/// Writes records with the keys 0, 1, 1, 2, 2, 2 and so on, and what is hard to cut in between.
fn written(header: &str, record: impl Fn(usize, usize) -> String) -> Written {
    let mut written = Written {
        bytes: header.as_bytes().to_vec(),
        records: Vec::new(),
    };
    for (number, id) in (0..6).flat_map(|id| vec![id; id + 1]).enumerate() {
        written.records.push((written.bytes.len(), id.to_string()));
        written.bytes.extend(record(id, number).bytes());
    }
    written
}

/// Cuts the file at every byte. What is to be kept ends before the group of the last record that is
/// whole, and never behind the last record that another one follows.
fn check(written: &Written, form: &Form) {
    for length in 0..=written.bytes.len() {
        let found = cut(&written.bytes[..length], form, &place()).unwrap();
        // The records of which a byte of the next one is there, or may be.
        let next = written.records.iter().skip(1).map(|(start, _)| *start);
        let certain = next.clone().filter(|start| *start < length).count();
        let possible = next.filter(|start| *start <= length).count();
        let expected = [certain, possible].map(|whole| {
            let (_, key) = written.records[..whole].last()?;
            let mut group = written.records.iter().enumerate();
            let (rows, (start, _)) = group.find(|(_, (_, other))| other == key)?;
            Some(Cut {
                bytes: *start as u64,
                rows: i64::try_from(rows).unwrap(),
                key: key.clone(),
            })
        });
        assert!(
            expected.contains(&found),
            "{length}: {found:?}, not {expected:?}"
        );
    }
}

#[test]
fn a_csv_is_cut_before_the_last_key_that_is_whole() {
    let texts = [
        "plain",
        "\"a,b\"",
        "\"line\nbreak\n\"",
        "\"q\"\"uo\"\"te\"",
        "",
        "\\N",
    ];
    for (crlf, end) in [(false, "\n"), (true, "\r\n")] {
        let record = |id, number: usize| format!("{id},{}{end}", texts[number % texts.len()]);
        check(&written(&format!("id,text{end}"), record), &csv(crlf, true));
        check(&written("", record), &csv(crlf, false));
    }
}

#[test]
fn a_tsv_is_cut_at_its_lines() {
    let record = |id, number: usize| format!("{id}\t{}\n", ["a\\tb", "", "\\N"][number % 3]);
    check(&written("id\ttext\n", record), &Form::Tsv { header: true });
    check(&written("", record), &Form::Tsv { header: false });
}

#[test]
fn ndjson_is_cut_at_its_lines() {
    let record = |id, _| format!("{{\"id\":{id},\"text\":\"a\\nb\"}}\n");
    check(&written("", record), &Form::Ndjson);
}

#[test]
fn keys_are_read_as_the_values_that_they_are() {
    let key = |bytes: &[u8], form: &Form| cut(bytes, form, &place()).unwrap().unwrap().key;
    assert_eq!(
        key(b"\"a \"\"b\"\"\",1\nx,2\n", &csv(false, false)),
        "a \"b\""
    );
    let tsv = Form::Tsv { header: false };
    assert_eq!(key(b"a\\tb\\\\c\\'\t1\nx", &tsv), "a\tb\\c'");
    assert_eq!(
        key(b"{\"id\":\"a\\u0041\"}\n{\"id\":1", &Form::Ndjson),
        "aA"
    );
    let large = b"{\"id\":18446744073709551615}\n{\"id\":1";
    assert_eq!(key(large, &Form::Ndjson), "18446744073709551615");
}

#[test]
fn what_cannot_be_a_key_is_refused() {
    for line in ["{\"id\":1.5}\n", "{\"id\":null}\n", "{}\n", "[1]\n", "x\n"] {
        assert!(
            cut(line.as_bytes(), &Form::Ndjson, &place()).is_err(),
            "{line}"
        );
    }
    let no_text = cut(&b"\xff,1\n2,\n3"[..], &csv(false, false), &place());
    // Only the last key that is whole has to be a text.
    assert_eq!(no_text.unwrap().unwrap().key, "2");
    assert!(cut(&b"\xff,1\n2,\n"[..], &csv(false, false), &place()).is_err());
}
