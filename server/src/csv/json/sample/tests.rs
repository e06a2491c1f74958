//! Samples of JSON of every shape, and of what is none.

use super::{keys_of_sample, looks_like_json_lines};
use crate::csv::{Limits, json::Error};

fn keys(sample: &str) -> Result<Vec<String>, Error> {
    keys_of_sample(sample.as_bytes(), true)
}

#[track_caller]
fn check(sample: &str, expected: &[&str]) {
    assert_eq!(keys(sample).unwrap(), expected, "{sample:?}");
}

#[test]
fn keys_stand_in_the_order_of_their_first_appearance() {
    check(
        "{\"b\":1,\"a\":2}\n{\"a\":1,\"c\":{\"d\":1}}\n{}\n",
        &["b", "a", "c"],
    );
    check(
        "\u{FEFF}\r\n\n{\"\\u0061\":1}\r\n{\"a\":1, \"\":2}",
        &["a", ""],
    );
    check("{\"a\":1}\nbroken\n{\"b\":1}\n", &["a", "b"]);
    check("{\"a\":1,\"a\":2}\n", &["a"]);
}

#[test]
fn a_file_without_lines_has_no_keys() {
    for sample in ["", "\n", " \r\n", "\u{FEFF}"] {
        check(sample, &[]);
    }
}

#[test]
fn a_cut_line_counts_only_at_the_end_of_the_file() {
    let sample = b"{\"a\":1}\n{\"b\":1}";
    assert_eq!(keys_of_sample(sample, true).unwrap(), ["a", "b"]);
    assert_eq!(keys_of_sample(sample, false).unwrap(), ["a"]);
    let cut = keys_of_sample(b"{\"a\":1,\"b\":", false);
    assert_eq!(cut, Err(Error::NoLine { limit: 11 }));
}

#[test]
fn what_is_no_ndjson_is_refused_with_the_reason() {
    let array = "the file is one JSON array; write one object a line, as `jq -c '.[]'` does";
    let cases = [
        ("[{\"a\":1},{\"a\":2}]", array),
        ("[\n  {\n    \"a\": 1\n  }\n]\n", array),
        ("[{\"a\":1},\n{\"a\":2}]\n", array),
        ("[]", array),
        (
            "{\n  \"a\": 1\n}\n",
            "record 1 on line 1 (byte 0), at byte 1 of the line: the line ends within the object; \
             an object has to stand on one line, as `jq -c .` writes it; NDJSON is one JSON object a line",
        ),
        (
            "\na,b\n1,2\n",
            "record 1 on line 2 (byte 1), at byte 0 of the line: a JSON object expected; \
             NDJSON is one JSON object a line",
        ),
        (
            "{}\n{}\n",
            "no object has a key; the keys are the names of the columns",
        ),
    ];
    for (sample, expected) in cases {
        assert_eq!(keys(sample).unwrap_err().to_string(), expected);
    }
}

#[test]
fn the_number_of_keys_is_limited() {
    let limit = Limits::default().max_fields;
    let object = |count: usize| {
        let members: Vec<_> = (0..count).map(|key| format!("\"k{key}\":1")).collect();
        format!("{{{}}}\n", members.join(","))
    };
    assert_eq!(keys(&object(limit)).unwrap().len(), limit);
    assert_eq!(keys(&object(limit + 1)), Err(Error::TooManyKeys { limit }));
}

#[test]
fn json_looks_like_json_and_nothing_else_does() {
    let json = [
        "{\"a\":1}\n",
        " \n{ \"a\" : 1",
        "\u{FEFF}{\"a\":",
        "{}\n{\"a\":1}\n",
        "{}",
        "[{\"a\":1}]",
        "[\n {\n \"a\": 1",
        "{\n  \"a\": 1\n}",
        "{\"a b\\n\":[",
    ];
    for sample in json {
        assert!(looks_like_json_lines(sample.as_bytes()), "{sample}");
    }
    let other = [
        "",
        "\n",
        "a,b\n1,2\n",
        "\"a\",\"b\"\n",
        "{a},b\n",
        "{\"a\",\"b\"}\n",
        "{\"a\"\n",
        "[1,2]\n",
        "[a],b\n",
        "{}x,y\n",
        "{},b\n1,2\n",
        "null\n",
        "{'a':1}\n",
        "{",
        "[",
    ];
    for sample in other.iter().filter(|sample| **sample != "{},b\n1,2\n") {
        assert!(!looks_like_json_lines(sample.as_bytes()), "{sample}");
    }
}
