//! The grammar, checked by hand and against `serde_json`.

use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use serde::de::IgnoredAny;

use super::{MAX_DEPTH, Syntax, Text, Value};
use crate::json::{Expected, Fault, FaultKind};

/// The value that a whole text is, as text or as it stands.
fn read(line: &[u8]) -> Result<Option<(Vec<u8>, bool)>, Fault> {
    let mut texts = Vec::new();
    let mut syntax = Syntax::new(line);
    let value = syntax.value(&mut texts)?;
    if syntax.peek().is_some() {
        return Err(syntax.fault(FaultKind::TrailingText));
    }
    Ok(match value {
        Value::Null => None,
        Value::Text(text) => Some((text.get(line, &texts).to_vec(), true)),
        Value::Raw(range) => {
            assert!(texts.is_empty());
            Some((line[range].to_vec(), false))
        }
    })
}

#[test]
fn values_are_read_as_they_stand() {
    let same = [
        "0",
        "-0",
        "7",
        "-12",
        "0.5",
        "-0.25",
        "1e5",
        "1E+05",
        "1.5e-300",
        "123456789012345678901234567890.5",
        "1e999999",
        "true",
        "false",
        "[]",
        "{}",
        "[ ]",
        "{ }",
        "[1,2]",
        "[1, [2, []], {\"a\": {}}]",
        r#"{"a":1,"b":[true,null,"x\"y\u0041"]}"#,
        r#"{"":""}"#,
        "[null]",
        "[[[[]]]]",
        "[{},{}]",
    ];
    for text in same {
        let padded = format!(" \t{text}\r\n ");
        let expected = Ok(Some((text.as_bytes().to_vec(), false)));
        assert_eq!(read(text.as_bytes()), expected, "{text}");
        assert_eq!(read(padded.as_bytes()), expected, "{text}");
    }
    assert_eq!(read(b"null"), Ok(None));
}

#[test]
fn strings_are_unescaped() {
    let cases = [
        (r#""""#, ""),
        (r#""abc""#, "abc"),
        (r#""a\"b\\c\/d""#, "a\"b\\c/d"),
        (r#""\b\f\n\r\t""#, "\u{8}\u{c}\n\r\t"),
        (r#""\u0041\u00e9\u00E9\u20ac""#, "Aéé€"),
        (r#""\u0000""#, "\0"),
        (r#""\ud83d\ude00 \uD83D\uDE00""#, "😀 😀"),
        (r#""\uDBFF\uDFFF""#, "\u{10FFFF}"),
        (r#""\uFFFF\uFFFE""#, "\u{FFFF}\u{FFFE}"),
        ("\"é\u{7f}\u{2028}\"", "é\u{7f}\u{2028}"),
        (r#""\\N""#, "\\N"),
    ];
    for (text, expected) in cases {
        assert_eq!(
            read(text.as_bytes()),
            Ok(Some((expected.as_bytes().to_vec(), true))),
            "{text}"
        );
    }
    assert_eq!(read(b"\"\xFF\""), Ok(Some((b"\xFF".to_vec(), true))));
}

#[test]
fn faults_name_the_place() {
    use FaultKind::{
        ControlCharacter, InvalidEscape, InvalidNumber, LoneSurrogate, TrailingText, Unterminated,
    };
    let expected = FaultKind::Expected;
    let cases = [
        ("", 0, Unterminated),
        ("  ", 2, Unterminated),
        ("x", 0, expected(Expected::Value)),
        ("nul", 0, expected(Expected::Value)),
        ("True", 0, expected(Expected::Value)),
        ("nullx", 4, TrailingText),
        ("'a'", 0, expected(Expected::Value)),
        ("+1", 0, expected(Expected::Value)),
        (".5", 0, expected(Expected::Value)),
        ("NaN", 0, expected(Expected::Value)),
        ("01", 0, InvalidNumber),
        ("-01", 0, InvalidNumber),
        ("-", 0, InvalidNumber),
        ("1.", 0, InvalidNumber),
        ("1e", 0, InvalidNumber),
        ("1e+", 0, InvalidNumber),
        ("-a", 0, InvalidNumber),
        ("1 2", 2, TrailingText),
        ("1a", 1, TrailingText),
        ("0x10", 1, TrailingText),
        ("\"abc", 4, Unterminated),
        ("\"a\tb\"", 2, ControlCharacter),
        ("\"a\0b\"", 2, ControlCharacter),
        ("\"a\nb\"", 2, ControlCharacter),
        (r#""a\x""#, 2, InvalidEscape),
        (r#""a\u12g4""#, 2, InvalidEscape),
        (r#""a\u+123""#, 2, InvalidEscape),
        (r#""a\u12"#, 2, Unterminated),
        ("\"a\\", 2, Unterminated),
        (r#""\ud800""#, 1, LoneSurrogate),
        (r#""\ude00""#, 1, LoneSurrogate),
        (r#""\ud83d\u0041""#, 1, LoneSurrogate),
        (r#""\ud83d\ud83d\ude00""#, 1, LoneSurrogate),
        (r#""\ud83dx""#, 1, LoneSurrogate),
        ("[1", 2, Unterminated),
        ("[1,", 3, Unterminated),
        ("[1,]", 3, expected(Expected::Value)),
        ("[,1]", 1, expected(Expected::Value)),
        ("[1 2]", 3, expected(Expected::CommaOrBracket)),
        ("[1}", 2, expected(Expected::CommaOrBracket)),
        ("{1:2}", 1, expected(Expected::Key)),
        ("{a:2}", 1, expected(Expected::Key)),
        ("{\"a\" 2}", 5, expected(Expected::Colon)),
        ("{\"a\":}", 5, expected(Expected::Value)),
        ("{\"a\":1,}", 7, expected(Expected::Key)),
        ("{\"a\":1]", 6, expected(Expected::CommaOrBrace)),
        ("{\"a\":1", 6, Unterminated),
        ("{\"a\"", 4, Unterminated),
        ("{", 1, Unterminated),
        ("[1]]", 3, TrailingText),
        ("[1, // two\n2]", 4, expected(Expected::Value)),
        ("]", 0, expected(Expected::Value)),
    ];
    for (text, offset, kind) in cases {
        assert_eq!(read(text.as_bytes()), Err(Fault { offset, kind }), "{text}");
    }
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
    let limit = MAX_DEPTH as usize;
    assert!(read(&nested(limit - 1)).is_ok());
    assert!(read(&nested(limit)).is_ok());
    let fault = read(&nested(limit + 1)).unwrap_err();
    assert_eq!(fault.kind, FaultKind::TooDeep { limit: MAX_DEPTH });
    assert_eq!(fault.offset, limit);
    let objects = [b"{\"a\":".repeat(limit), b"1".to_vec(), vec![b'}'; limit]].concat();
    assert!(read(&objects).is_ok());
    assert!(read(&vec![b'['; 1 << 20]).is_err());
}

#[test]
fn a_text_with_escape_sequences_is_written_and_another_is_not() {
    let mut texts = b"before".to_vec();
    let plain = Syntax::new(b"\"ab\"").string(&mut texts);
    assert_eq!(plain, Ok(Text::Plain(1..3)));
    let written = Syntax::new(b"\"a\\n\"").string(&mut texts);
    assert_eq!(written, Ok(Text::Written(6..8)));
    assert_eq!(texts, b"beforea\n");
}

/// Texts that are nearly JSON.
fn nearly_json() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            " ",
            "\"a\"",
            "\"\"",
            "\"b\\n\"",
            "\"\\u00e9\"",
            "\"\\ud83d\\ude00\"",
            "\"\\ud83d\"",
            "0",
            "1",
            "-1",
            "1.5",
            "1e3",
            "01",
            "-",
            "null",
            "true",
            "false",
            "\\",
            "\"",
            "é",
            "\t",
            "{\"k\":",
            "[1,",
            "\"k\":",
            "{\"x\":1}",
            "[]",
            "{}",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(token, 0..8).prop_map(|tokens| tokens.concat())
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        prop::strategy::Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        any::<String>().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(4, 20, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            prop::collection::vec((any::<String>(), inner), 0..5)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_serde_json_takes_is_taken_and_what_it_refuses_is_not(text in nearly_json()) {
        let ours = read(text.as_bytes());
        if serde_json::from_str::<serde_json::Value>(&text).is_ok() {
            prop_assert!(ours.is_ok(), "{text}: {ours:?}");
        }
        // Passing over a value, serde_json looks at its grammar alone, but not for surrogates.
        if serde_json::from_str::<IgnoredAny>(&text).is_err() {
            prop_assert!(ours.is_err(), "{text}");
        }
    }

    #[test]
    fn values_are_those_of_serde_json(value in value(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let text = text.unwrap();
        let ours = read(text.as_bytes()).unwrap();
        match value {
            serde_json::Value::Null => prop_assert_eq!(ours, None),
            serde_json::Value::String(expected) => prop_assert_eq!(ours, Some((expected.into_bytes(), true))),
            _ => prop_assert_eq!(ours, Some((text.into_bytes(), false))),
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        drop(read(&bytes));
    }
}
