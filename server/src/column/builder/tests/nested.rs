//! Tests of the columns of Arrays, Maps and Tuples.

use super::{BadCell, column_bytes, spec};
use crate::column::Cell;
use crate::column::parse::Reason;

/// Returns the bytes of one cell, or why it is refused.
fn read(data_type: &str, text: &str) -> Result<Vec<u8>, Reason> {
    let cells = [Cell::plain(text.as_bytes())];
    column_bytes(spec(data_type, false), &cells).map_err(|bad| bad.reason)
}

/// Checks that texts have the same value as the first one.
fn check_same(data_type: &str, texts: &[&str]) {
    let expected = read(data_type, texts[0]);
    assert!(expected.is_ok(), "{data_type} {}: {expected:?}", texts[0]);
    for text in texts {
        assert_eq!(read(data_type, text), expected, "{data_type} {text}");
    }
}

/// Checks that texts are refused.
fn check_refused(data_type: &str, reason: Reason, texts: &[&str]) {
    for text in texts {
        assert_eq!(read(data_type, text), Err(reason), "{data_type} {text}");
    }
}

fn offsets(ends: &[u64]) -> Vec<u8> {
    ends.iter().flat_map(|end| end.to_le_bytes()).collect()
}

#[test]
fn arrays_are_the_ends_of_their_rows_and_all_elements() {
    let cells = [
        Cell::plain(b"[1,2,3]"),
        Cell::plain(b"[]"),
        Cell::quoted(b"[4]"),
    ];
    let bytes = column_bytes(spec("Array(UInt8)", false), &cells).unwrap();
    assert_eq!(bytes, [offsets(&[3, 3, 4]), vec![1, 2, 3, 4]].concat());
}

#[test]
fn marks_of_null_stand_before_the_elements() {
    let bytes = read("Array(Nullable(UInt16))", "[1,NULL,258]").unwrap();
    let expected = [offsets(&[3]), vec![0, 1, 0, 1, 0, 0, 0, 2, 1]].concat();
    assert_eq!(bytes, expected);
    let bytes = read("Array(LowCardinality(Nullable(String)))", "[NULL,'a']").unwrap();
    assert_eq!(bytes, [offsets(&[2]), vec![1, 0, 0, 1, b'a']].concat());
}

#[test]
fn arrays_of_arrays_have_ends_at_each_level() {
    let cells = [Cell::plain(b"[[1],[]]"), Cell::plain(b"[[2,3]]")];
    let bytes = column_bytes(spec("Array(Array(UInt8))", false), &cells).unwrap();
    let expected = [offsets(&[2, 3]), offsets(&[1, 1, 3]), vec![1, 2, 3]].concat();
    assert_eq!(bytes, expected);
}

#[test]
fn maps_are_ends_then_keys_then_values_and_keep_a_key_that_stands_twice() {
    let bytes = read("Map(String, UInt8)", "{'a':1,'b':2,'a':3}").unwrap();
    let expected = [offsets(&[3]), b"\x01a\x01b\x01a\x01\x02\x03".to_vec()].concat();
    assert_eq!(bytes, expected);
}

#[test]
fn tuples_are_their_elements() {
    let cells = [Cell::plain(b"(1,'a')"), Cell::plain(b"(2,'')")];
    let bytes = column_bytes(spec("Tuple(UInt8, String)", false), &cells);
    assert_eq!(bytes, Ok(b"\x01\x02\x01a\x00".to_vec()));
}

#[test]
fn types_stand_inside_one_another_to_any_depth() {
    let data_type = "Map(String, Array(Tuple(a UInt8, b Map(UInt8, Nullable(String)))))";
    let bytes = read(data_type, "{'k':[(1,{2:'x'}),(3,{4:NULL,5:'y'})]}").unwrap();
    let expected = [
        offsets(&[1]),
        b"\x01k".to_vec(),
        offsets(&[2]),
        vec![1, 3],
        offsets(&[1, 3]),
        vec![2, 4, 5],
        vec![0, 1, 0],
        b"\x01x\0\x01y".to_vec(),
    ];
    assert_eq!(bytes, expected.concat());
    let deep = format!("{}UInt8{}", "Array(".repeat(32), ")".repeat(32));
    let text = format!("{}7{}", "[".repeat(32), "]".repeat(32));
    let expected = [offsets(&[1; 32]), vec![7]].concat();
    assert_eq!(read(&deep, &text), Ok(expected));
    let deeper = "[".repeat(100_000);
    assert_eq!(read(&deep, &deeper), Err(Reason::InvalidNested));
}

#[test]
fn white_space_may_stand_between_the_parts() {
    check_same(
        "Array(Array(Int8))",
        &[
            "[[1,-2],[]]",
            " [ [ 1 , -2 ] , [ ] ] ",
            "\t[[\n1,\r\n-2\x0b],\x0c[]]",
        ],
    );
    check_same(
        "Map(String, UInt8)",
        &["{'a':1}", " { 'a' : 1 } ", "{'a'\n:\n1\n}"],
    );
    check_same("Tuple(UInt8, String)", &["(1,'a')", " ( 1 , 'a' ) "]);
    check_refused("Array(String)", Reason::InvalidNested, &["[\u{a0}'a']"]);
}

#[test]
fn texts_have_the_escapes_of_clickhouse_or_of_json() {
    check_same(
        "Array(String)",
        &[
            r"['it\'s']",
            "['it''s']",
            r#"["it's"]"#,
            r#"["it\u0027s"]"#,
            r"['it\x27s']",
        ],
    );
    check_same(
        "Array(String)",
        &[
            "['a\nb\tc']",
            r"['a\nb\tc']",
            r#"["a\nb\tc"]"#,
            "['a\\\nb\\tc']",
        ],
    );
    check_same(
        "Array(String)",
        &[r"['\\q\\%']", r"['\q\%']", r#"["\\q\\%"]"#],
    );
    check_same(
        "Array(String)",
        &[r#"['"/`=']"#, r#"['\"\/\`\=']"#, r#"["\"\/`="]"#],
    );
    check_same(
        "Array(String)",
        &["['\0\u{7}\u{8}\u{b}\u{c}\u{1b}']", r"['\0\a\b\v\f\e']"],
    );
    check_same("Array(String)", &["['😀é']", r#"["\ud83d\ude00\u00e9"]"#]);
    check_same("Array(String)", &["['',',',']']", r#"["", ",", "]"]"#]);
}

#[test]
fn texts_that_do_not_close_or_hold_no_escape_are_refused() {
    check_refused(
        "Array(String)",
        Reason::InvalidNested,
        &[
            "['a]",
            "['a\\']",
            "[\"a]",
            "['a\"]",
            "['a''",
            "['a'b]",
            "['a' 'b']",
            r"['\N']",
            r"['\xg0']",
            r"['\x4']",
            r#"["\x41"]"#,
            r#"["\'"]"#,
            r#"["\ud83d"]"#,
            r#"["\ud83d\u0041"]"#,
            r#"["\ude00"]"#,
            r#"["\u12"]"#,
            "[a]",
            "[1]",
            "[true]",
            r"[\N]",
            r#"[{"a":1}]"#,
            "[['a']]",
        ],
    );
}

#[test]
fn arrays_in_the_braces_of_postgresql_are_arrays() {
    check_same("Array(UInt8)", &["[1,2]", "{1,2}", "{ \"1\", 2 }"]);
    check_same(
        "Array(String)",
        &["['a b','it\\'s']", "{a b,it's}", "{\"a b\",\"it's\"}"],
    );
    check_same("Array(Nullable(Int8))", &["[1,NULL]", "{1,NULL}"]);
    check_same("Array(Array(Int8))", &["[[1],[2,3]]", "{{1},{2,3}}"]);
    check_same("Array(Date)", &["[]", "{}"]);
    check_refused("Map(String, UInt8)", Reason::InvalidNested, &["{1,2}"]);
    check_refused("Array(UInt8)", Reason::InvalidNumber, &["{a}"]);
}

#[test]
fn brackets_and_commas_must_be_right() {
    check_refused(
        "Array(UInt8)",
        Reason::InvalidNested,
        &[
            "1", "1,2", "[", "]", "[1", "1]", "[1,", "[1,]", "[,]", "[,1]", "[1,,2]", "[1]]",
            "[[1]]", "[1)", "(1)", "{1", "{1]", "[1}", "[1]x", "[1][2]", "[ , ]", "NULLx", "[1;2",
            "['1]",
        ],
    );
    check_refused(
        "Array(UInt8)",
        Reason::InvalidNumber,
        &["[1 2]", "[1;2]", "[1}]", "[1'2']", "[x]"],
    );
    check_refused(
        "Map(String, UInt8)",
        Reason::InvalidNested,
        &[
            "{",
            "}",
            "{'a'}",
            "{'a':}",
            "{'a':1",
            "{'a':1,}",
            "{,}",
            "{:1}",
            "{'a'=1}",
            "{a:1}",
            "[('a',1)]",
            "['a':1]",
            "{'a':1}}",
            "{'a',1}",
            "{'a':1 'b':2",
        ],
    );
    check_refused(
        "Tuple(UInt8, String)",
        Reason::InvalidNested,
        &[
            "(",
            ")",
            "()",
            "(1)",
            "(1,)",
            "(1,'a'",
            "(1,'a',)",
            "(1,'a',2)",
            "[1,'a')",
            "(1,'a']",
            "1,'a'",
            "('1' 'a')",
            "(,'a')",
            r#"{"1":1,"2":"a"}"#,
            "{}",
        ],
    );
}

#[test]
fn an_empty_cell_in_quotes_is_no_container() {
    for data_type in ["Array(UInt8)", "Map(UInt8, UInt8)", "Tuple(UInt8)"] {
        let bad = column_bytes(spec(data_type, false), &[Cell::quoted(b"")]);
        let reason = Reason::InvalidNested;
        assert_eq!(bad, Err(BadCell { row: 0, reason }), "{data_type}");
    }
}

#[test]
fn tuples_are_read_from_json_too() {
    check_same(
        "Tuple(UInt8, String)",
        &["(1,'a')", r#"[1,"a"]"#, r#"(1,"a")"#, r#"["1", 'a']"#],
    );
    check_same("Tuple(UInt8)", &["(1)", "(1,)", "[1]", "('1')"]);
    check_refused(
        "Tuple(UInt8)",
        Reason::InvalidNested,
        &["1", "(1,,)", "[1,]", "(1,2)"],
    );
    let named = "Tuple(a UInt8, `b c` Nullable(String))";
    check_same(
        named,
        &[
            "(1,'x')",
            r#"{"a":1,"b c":"x"}"#,
            r#" { "b c" : "x" , "a" : "1" } "#,
            r#"{"\u0061":1,'b c':'x'}"#,
        ],
    );
    check_same(named, &["(1,NULL)", r#"{"a":1,"b c":null}"#, r#"{"a":1}"#]);
    check_refused(
        named,
        Reason::InvalidNested,
        &[
            "{}",
            r#"{"b c":"x"}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":"x"}"#,
            r#"{"A":1}"#,
            r#"{a:1}"#,
            r#"{"a":1,}"#,
            r#"{"a" 1}"#,
            r#"{"a":1"#,
        ],
    );
    check_same(
        "Array(Tuple(a UInt8, b Map(String, Array(Bool))))",
        &[
            "[(1,{'k':[true,false]})]",
            r#"[{"a":1,"b":{"k":[true,false]}}]"#,
        ],
    );
    check_same(
        "Map(UInt64, Date)",
        &["{1:'2024-02-29'}", r#"{"1":"2024-02-29"}"#],
    );
}

#[test]
fn null_goes_only_where_it_may_be() {
    check_same(
        "Array(Nullable(Int8))",
        &["[NULL]", "[null]", "[Null]", "[ nUlL ]"],
    );
    check_same("Array(Nullable(String))", &["['NULL']", r#"["NULL"]"#]);
    check_refused(
        "Array(Int8)",
        Reason::NullNotAllowed,
        &["[NULL]", "[1,null]"],
    );
    check_refused("Array(String)", Reason::NullNotAllowed, &["[NULL]"]);
    check_refused(
        "Map(String, Nullable(Int8))",
        Reason::NullNotAllowed,
        &["{NULL:1}"],
    );
    check_refused("Map(String, Int8)", Reason::NullNotAllowed, &["{'a':null}"]);
    check_refused(
        "Array(Array(Int8))",
        Reason::NullNotAllowed,
        &["NULL", "[null]"],
    );
    check_refused(
        "Map(Int8, Tuple(Int8))",
        Reason::NullNotAllowed,
        &["{1:null}", "null"],
    );
    check_refused(
        "Tuple(Array(Int8))",
        Reason::NullNotAllowed,
        &["(null)", "null"],
    );
    check_refused(
        "Array(Nullable(Int8))",
        Reason::InvalidNumber,
        &["['NULL']", r"[\N]", "['']"],
    );
    check_refused(
        "Array(Nullable(Int8))",
        Reason::InvalidNested,
        &["[]NULL", "[NULL", "NUL"],
    );
}

#[test]
fn every_scalar_is_read_by_its_strict_parser() {
    check_same(
        "Array(Decimal(9, 2))",
        &["[1.5,-0.01]", "['1.50', '-1e-2']"],
    );
    check_same(
        "Array(Date)",
        &["['2024-02-29']", "[2024-02-29]", "[\"2024/02/29\"]"],
    );
    check_same(
        "Array(DateTime('UTC'))",
        &[
            "['2024-02-29 10:34:56']",
            "[2024-02-29 10:34:56]",
            "[1709202896]",
            "[ 2024-02-29T10:34:56Z ]",
        ],
    );
    check_same(
        "Map(DateTime('UTC'), UInt8)",
        &["{'2024-02-29 10:34:56':1}", "{1709202896:1}"],
    );
    let uuid = "61f0c404-5cb3-11e7-907b-a6006ad3dba0";
    check_same(
        "Array(UUID)",
        &[&format!("['{uuid}']"), &format!("[{uuid}]")],
    );
    check_same("Array(IPv6)", &["['::1']", "[::1]", "[0:0:0:0:0:0:0:1]"]);
    check_same(
        "Array(Enum8('a' = 1, 'b c' = 2))",
        &["['a','b c']", "[1,2]", "['1', \"b c\"]"],
    );
    check_same("Array(FixedString(2))", &["['a','ab']", "['a\\0','ab']"]);
    check_same("Array(Bool)", &["[true,false]", "[1,0]", "['yes','no']"]);
    check_same("Array(Float64)", &["[inf,-1.5]", "['inf','-1.5e0']"]);
    for (data_type, text, reason) in [
        ("Array(UInt8)", "[1,256]", Reason::Overflow),
        ("Array(Decimal(9, 2))", "[1.555]", Reason::PrecisionLoss),
        ("Array(Date)", "['2024-02-30']", Reason::InvalidDate),
        ("Array(Date)", "[01/02/2024]", Reason::AmbiguousDate),
        ("Map(UInt8, UInt8)", "{1:300}", Reason::Overflow),
        ("Map(UInt8, UInt8)", "{-1:3}", Reason::Overflow),
        ("Tuple(Bool, UUID)", "(2,'x')", Reason::InvalidBool),
        ("Tuple(Bool, UUID)", "(1,'x')", Reason::InvalidUuid),
        ("Array(IPv4)", "['1.2.3']", Reason::InvalidIp),
        ("Array(Enum8('a' = 1))", "['b']", Reason::UnknownEnum),
        ("Array(FixedString(1))", "['ab']", Reason::TooLong),
        ("Array(String)", r"['\xff']", Reason::InvalidUtf8),
        (
            "Map(DateTime('UTC'), UInt8)",
            "{2024-02-29 10:34:56:1}",
            Reason::InvalidDate,
        ),
    ] {
        check_refused(data_type, reason, &[text]);
    }
}

#[test]
fn a_cell_that_fails_leaves_nothing_behind() {
    let data_type =
        "Tuple(a Array(Nullable(String)), b Map(String, Array(UInt8)), c Nullable(Date))";
    let good = "(['x',NULL],{'k':[1,2]},'2024-02-29')";
    let cells = [Cell::plain(good.as_bytes()), Cell::plain(good.as_bytes())];
    let expected = column_bytes(spec(data_type, false), &cells).unwrap();
    for bad in [
        "(['y',NULL,'z'],{'l':[3],'m':[4,300]},NULL)",
        "(['y',NULL,'z'],{'l':[3],'m':[4]},'2024-02-30')",
        "(['y',NULL,'z'],{'l':[3],'m':[4]},NULL) more",
        "([",
        r#"{"c":null,"a":["q"]}"#,
        "",
    ] {
        let mut builder = super::builder(data_type, false);
        let column = builder.column_mut(0).unwrap();
        let texts = [good, bad, good];
        let mut cells = texts.iter().map(|text| Cell::plain(text.as_bytes()));
        assert_eq!(column.append(&mut cells).unwrap_err().row, 1, "{bad}");
        assert_eq!(column.row_count(), 1);
        column.append(&mut cells).unwrap();
        let bytes = builder.take().unwrap().chunks.concat();
        assert!(bytes.ends_with(&expected), "{bad}");
    }
}

#[test]
fn bytes_of_every_level_count() {
    let mut builder = super::builder("Map(String, Array(Nullable(UInt16)))", false);
    let column = builder.column_mut(0).unwrap();
    column
        .append([Cell::plain(b"{'ab':[1,NULL]}")].into_iter())
        .unwrap();
    assert_eq!(column.byte_count(), 8 + 3 + 8 + 2 + 4);
    builder.clear();
    assert_eq!((builder.row_count(), builder.byte_count()), (0, 0));
    let block = builder.take().unwrap();
    assert_eq!(block.row_count, 0);
}
