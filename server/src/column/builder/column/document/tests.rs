//! Documents that a JSON column takes, and others. What ClickHouse makes of them is tried in the integration tests.

use std::sync::Arc;

use super::Documents;
use crate::column::data_type::DataType;
use crate::column::parse::Reason;
use crate::column::zone::Zone;

fn check(data_type: &str, text: &str) -> Result<(), Reason> {
    let DataType::Json(json) = DataType::parse(data_type).unwrap() else {
        panic!("{data_type} is no JSON");
    };
    let mut zone_of = |name: Option<&str>| Zone::named(name.unwrap_or("UTC")).map(Arc::new);
    let mut documents = Documents::new(&json, &mut zone_of).unwrap();
    // The second time nothing of the first may be left.
    documents.check(text.as_bytes()).ok();
    documents.check(text.as_bytes())
}

#[test]
fn documents_are_objects_without_a_path_that_stands_twice() {
    for text in [
        "{}",
        " {\"a\":1} \n",
        r#"{"a":{"b":1,"c":[]},"b":null}"#,
        r#"{"a":1,"a":{"b":2}}"#,
        r#"{"a":{},"a":1}"#,
        r#"{"a":[{"b":1},{"b":2},[{"b":3}]],"b":1}"#,
        r#"{"":{"":1},"é":"\ud83d\ude00"}"#,
        r#"{"a":-9223372036854775808,"b":18446744073709551615,"c":1e308,"d":-0}"#,
        r#"{"a":[1,"x",null,true,9007199254740992,0.5]}"#,
    ] {
        assert_eq!(check("JSON", text), Ok(()), "{text}");
    }
    for text in [
        "",
        " ",
        "null",
        "1",
        "[]",
        "\"{}\"",
        "{bad",
        "{\"a\":1} x",
        "{\"a\":1,}",
        "{'a':1}",
        "{\"a\":01}",
        "{\"a\":NaN}",
        r#"{"a":"\ud83d"}"#,
        "{\"a\":\"\t\"}",
        r#"{"a":1,"a":2}"#,
        r#"{"a":1,"b":{"c":1,"c":2}}"#,
        r#"{"a":{"b":1},"a.b":2}"#,
        r#"{"a":{"b":1},"a":{"c":2}}"#,
        r#"{"a":{},"a":{}}"#,
        r#"{"a":null,"a":1}"#,
        r#"{"a":[1,[2,{"z":1,"z":1}]]}"#,
        r#"{"":{"":1},".":2}"#,
    ] {
        assert_eq!(check("JSON", text), Err(Reason::InvalidDocument), "{text}");
    }
}

#[test]
fn numbers_that_would_not_stay_are_refused() {
    for (text, reason) in [
        (r#"{"a":18446744073709551616}"#, Reason::Overflow),
        (r#"{"a":-9223372036854775809}"#, Reason::Overflow),
        (r#"{"a":[[1.8e308]]}"#, Reason::Overflow),
        (r#"{"a":[9007199254740993,0.5]}"#, Reason::PrecisionLoss),
        (r#"{"a":[[9007199254740993],[0.5]]}"#, Reason::PrecisionLoss),
    ] {
        assert_eq!(check("JSON", text), Err(reason), "{text}");
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(check("JSON", &nested(99)), Ok(()));
    assert_eq!(check("JSON", &nested(100)), Err(Reason::InvalidDocument));
    assert_eq!(
        check("JSON", &nested(100_000)),
        Err(Reason::InvalidDocument)
    );
}

#[test]
fn paths_with_a_type_hold_values_of_it() {
    let data_type = "JSON(max_dynamic_paths=16, `a.b` UInt8, d Nullable(Date), l Array(UInt8), \
        SKIP s, SKIP REGEXP 'x.*')";
    for text in [
        r#"{"a":{"b":255},"d":"2024-02-29","l":[1,true]}"#,
        r#"{"a":{"b":"7"},"d":null}"#,
        r#"{"a":{"b":true}}"#,
        r#"{"a":[{"b":300}],"s":300}"#,
        "{}",
    ] {
        assert_eq!(check(data_type, text), Ok(()), "{text}");
    }
    for (text, reason) in [
        (r#"{"a":{"b":300}}"#, Reason::Overflow),
        (r#"{"a.b":1.5}"#, Reason::PrecisionLoss),
        (r#"{"a":{"b":null}}"#, Reason::NullNotAllowed),
        (r#"{"a":{"b":{"c":1}}}"#, Reason::InvalidNumber),
        (r#"{"d":"2024-02-30"}"#, Reason::InvalidDate),
        (r#"{"l":[256]}"#, Reason::Overflow),
        (r#"{"a":{"b":1},"a.b":1}"#, Reason::InvalidDocument),
    ] {
        assert_eq!(check(data_type, text), Err(reason), "{text}");
    }
}
