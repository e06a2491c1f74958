//! Tests of the columns and blocks.

mod defaults;
mod dictionary;
mod nested;
mod rollback;

use super::{BadCell, BlockBuilder, Limits};
use crate::column::error::Error;
use crate::column::parse::Reason;
use crate::column::{Cell, ColumnSpec, DataType};

const LIMITS: Limits = Limits {
    max_rows: 3,
    max_bytes: 1_000,
};

fn spec(data_type: &str, has_default: bool) -> ColumnSpec {
    ColumnSpec {
        name: "c".to_owned(),
        data_type: DataType::parse(data_type).unwrap(),
        has_default,
        empty_as_default: false,
        is_inferred: false,
    }
}

fn builder(data_type: &str, has_default: bool) -> BlockBuilder {
    BlockBuilder::new(
        vec![spec(data_type, has_default)],
        &crate::column::zone::Zones::bundled("UTC"),
        LIMITS,
    )
    .unwrap()
}

/// Builds a block of one column and returns what follows its header.
fn column_bytes(spec: ColumnSpec, cells: &[Cell<'_>]) -> Result<Vec<u8>, BadCell> {
    let wire_type = spec.wire_type().to_string();
    let header = 5 + wire_type.len() + usize::from(wire_type.len() > 127);
    let mut builder = BlockBuilder::new(
        vec![spec],
        &crate::column::zone::Zones::bundled("Europe/Paris"),
        LIMITS,
    )
    .unwrap();
    let column = builder.column_mut(0).unwrap();
    column.append(cells.iter().copied())?;
    let bytes = builder.take().unwrap().chunks.concat();
    Ok(bytes[header..].to_vec())
}

/// Checks the bytes of one unquoted cell.
fn check(data_type: &str, text: &str, expected: &[u8]) {
    let bytes = column_bytes(spec(data_type, false), &[Cell::plain(text.as_bytes())]);
    assert_eq!(bytes.as_deref(), Ok(expected), "{data_type} {text}");
}

#[test]
fn every_type_has_its_form_on_the_wire() {
    check("Int8", "-2", &[0xfe]);
    check("Int16", "-2", &[0xfe, 0xff]);
    check("Int32", "-2", &[0xfe, 0xff, 0xff, 0xff]);
    check("Int64", "258", &[2, 1, 0, 0, 0, 0, 0, 0]);
    check("Int128", "-1", &[0xff; 16]);
    check("Int256", "-1", &[0xff; 32]);
    check("UInt8", "255", &[255]);
    check("UInt16", "258", &[2, 1]);
    check("UInt32", "258", &[2, 1, 0, 0]);
    check("UInt64", "18446744073709551615", &[0xff; 8]);
    check(
        "UInt128",
        "340282366920938463463374607431768211455",
        &[0xff; 16],
    );
    check("Float32", "1.5", &[0, 0, 0xc0, 0x3f]);
    check("Float64", "1.5", &[0, 0, 0, 0, 0, 0, 0xf8, 0x3f]);
    check("BFloat16", "1.5", &[0xc0, 0x3f]);
    check("Decimal(9, 2)", "2.58", &[2, 1, 0, 0]);
    check("Decimal(18, 2)", "2.58", &[2, 1, 0, 0, 0, 0, 0, 0]);
    check("Decimal(38, 2)", "-0.01", &[0xff; 16]);
    check("Decimal(76, 2)", "-0.01", &[0xff; 32]);
    check("Bool", "yes", &[1]);
    check("String", "żó", &[4, 0xc5, 0xbc, 0xc3, 0xb3]);
    check("FixedString(4)", "ab", b"ab\0\0");
    check("IPv4", "1.2.3.4", &[4, 3, 2, 1]);
    check("Date", "1970-09-16", &[2, 1]);
    check("Date32", "1969-12-30", &[0xfe, 0xff, 0xff, 0xff]);
    check("DateTime('UTC')", "1970-01-01 00:04:18", &[2, 1, 0, 0]);
    check(
        "DateTime64(1, 'UTC')",
        "1970-01-01 00:00:25.8",
        &[2, 1, 0, 0, 0, 0, 0, 0],
    );
    check("Time", "-00:00:02", &[0xfe, 0xff, 0xff, 0xff]);
    check("Time64(1)", "00:00:25.8", &[2, 1, 0, 0, 0, 0, 0, 0]);
    check("Enum8('a' = -2)", "a", &[0xfe]);
    check("Enum16('a' = 258)", "258", &[2, 1]);
    check("LowCardinality(Int8)", "-2", &[0xfe]);
    check("JSON", "{}", b"\x02{}");
}

#[test]
fn uuids_are_two_words_and_ipv6_addresses_are_in_network_order() {
    let uuid = "00010203-0405-0607-0809-0a0b0c0d0e0f";
    check(
        "UUID",
        uuid,
        &[7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8],
    );
    let address = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    check("IPv6", "2001:db8::1", &address);
}

#[test]
fn times_without_a_zone_are_in_the_zone_of_the_server() {
    check("DateTime", "1970-01-01 01:04:18", &[2, 1, 0, 0]);
    check(
        "DateTime64(0)",
        "1970-01-01 01:04:18",
        &[2, 1, 0, 0, 0, 0, 0, 0],
    );
    check(
        "DateTime('Asia/Tokyo')",
        "1970-01-01 09:04:18",
        &[2, 1, 0, 0],
    );
}

#[test]
fn nullable_columns_have_a_mark_for_each_row_and_a_value_under_each_null() {
    let cells = [Cell::plain(b"7"), Cell::plain(b""), Cell::plain(b"\\N")];
    let bytes = column_bytes(spec("Nullable(UInt16)", false), &cells);
    assert_eq!(bytes.as_deref(), Ok(&[0, 1, 1, 7, 0, 0, 0, 0, 0][..]));
    let bytes = column_bytes(spec("Nullable(UInt8)", false), &[Cell::plain(b"7")]);
    assert_eq!(bytes.as_deref(), Ok(&[0, 7][..]));
    let cells = [Cell::plain(b"\\N"), Cell::quoted(b""), Cell::plain(b"a")];
    let bytes = column_bytes(spec("Nullable(FixedString(2))", false), &cells);
    assert_eq!(bytes.as_deref(), Ok(&b"\x01\0\0\0\0\0\0a\0"[..]));
    let bytes = column_bytes(spec("Nullable(Enum8('' = 1, 'a' = 2))", false), &cells);
    assert_eq!(bytes.as_deref(), Ok(&[1, 0, 0, 1, 1, 2][..]));
}

#[test]
fn null_stands_for_the_default() {
    let cells = [Cell::plain(b""), Cell::plain(b"5"), Cell::plain(b"\\N")];
    for (data_type, expected) in [
        ("UInt8", &[1, 0, 1, 0, 5, 0][..]),
        ("String", b"\x01\0\x01\0\x015\0"),
        ("LowCardinality(String)", b"\x01\0\x01\0\x015\0"),
        ("FixedString(1)", b"\x01\0\x01\x005\0"),
        ("Enum8('' = 1, '5' = 2)", &[1, 0, 1, 1, 2, 1]),
    ] {
        let spec = spec(data_type, true);
        let wire_type = spec.wire_type();
        assert!(wire_type.is_nullable(), "{wire_type}");
        assert_eq!(
            column_bytes(spec, &cells).as_deref(),
            Ok(expected),
            "{data_type}"
        );
    }
}

#[test]
fn null_stands_for_the_default_of_documents() {
    let cells = [
        Cell::plain(b""),
        Cell::plain(b"{\"a\":1}"),
        Cell::plain(b"\\N"),
    ];
    let bytes = column_bytes(spec("JSON", true), &cells);
    assert_eq!(
        bytes.as_deref(),
        Ok(&b"\x01\0\x01\x02{}\x07{\"a\":1}\x02{}"[..])
    );
}

#[test]
fn truth_values_of_json_are_digits_where_whole_numbers_are() {
    let truths = [
        Cell::plain(b"true"),
        Cell::plain(b"7"),
        Cell::plain(b"false"),
    ];
    let read = |data_type: &str, cell: Cell<'_>, is_json: bool| {
        let header = 5 + spec(data_type, false).wire_type().to_string().len();
        let mut builder = builder(data_type, false);
        let column = builder.column_mut(0).unwrap();
        if is_json {
            column.read_json();
        }
        column.append(std::iter::once(cell))?;
        Ok::<_, BadCell>(builder.take().unwrap().chunks.concat()[header..].to_vec())
    };
    let digits: Vec<_> = truths.map(|cell| read("UInt8", cell, true)).into();
    assert_eq!(digits, [Ok(vec![1]), Ok(vec![7]), Ok(vec![0])]);
    assert_eq!(read("Nullable(Int16)", truths[0], true), Ok(vec![0, 1, 0]));
    for (data_type, cell, is_json) in [
        ("UInt8", truths[0], false),
        ("UInt8", Cell::quoted(b"true"), true),
        ("UInt8", Cell::plain(b"True"), true),
        ("Float64", truths[0], true),
        ("Decimal(9, 2)", truths[0], true),
    ] {
        assert!(
            read(data_type, cell, is_json).is_err(),
            "{data_type} {cell:?}"
        );
    }
    let within = [
        (
            "Array(UInt8)",
            "[true,false,2]",
            &[3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2][..],
        ),
        ("Tuple(String)", "[true]", b"\x04true"),
        ("Tuple(String)", "[-1.50]", b"\x05-1.50"),
        (
            "Tuple(String)",
            "[{\"a\":[1,\"]\"]}]",
            b"\x0d{\"a\":[1,\"]\"]}",
        ),
        ("Tuple(a String)", "{\"a\":{}}", b"\x02{}"),
    ];
    for (data_type, text, expected) in within {
        let cell = Cell::plain(text.as_bytes());
        assert_eq!(
            read(data_type, cell, true).as_deref(),
            Ok(expected),
            "{text}"
        );
        assert!(read(data_type, cell, false).is_err(), "{text}");
    }
    for text in ["[x]", "[{]", "[01]", "[{\"a\":1}}]"] {
        assert!(
            read("Array(String)", Cell::plain(text.as_bytes()), true).is_err(),
            "{text}"
        );
    }
}

#[test]
fn texts_without_null_and_default_are_empty_and_take_no_marker() {
    check("String", "", &[0]);
    check("FixedString(2)", "", &[0, 0]);
    check("Enum8('' = 1)", "", &[1]);
    let quoted = [Cell::quoted(b""), Cell::quoted(b"\\N")];
    let bytes = column_bytes(spec("String", false), &quoted);
    assert_eq!(bytes.as_deref(), Ok(&b"\0\x02\\N"[..]));
    for data_type in [
        "String",
        "FixedString(2)",
        "LowCardinality(String)",
        "Enum8('' = 1)",
    ] {
        let bad = column_bytes(spec(data_type, false), &[Cell::plain(b"\\N")]).unwrap_err();
        assert_eq!(bad.reason, Reason::NullNotAllowed, "{data_type}");
    }
}

#[test]
fn other_columns_take_no_null() {
    for data_type in [
        "UInt8",
        "Float64",
        "Date",
        "DateTime",
        "UUID",
        "Bool",
        "IPv6",
        "Array(UInt8)",
        "Map(String, UInt8)",
        "Tuple(String)",
        "JSON",
    ] {
        for text in ["", "\\N"] {
            let cells = [Cell::plain(text.as_bytes())];
            let bad = column_bytes(spec(data_type, false), &cells).unwrap_err();
            assert_eq!(bad.reason, Reason::NullNotAllowed, "{data_type} {text}");
        }
    }
}

#[test]
fn an_empty_cell_in_quotes_is_no_null() {
    for (data_type, reason) in [
        ("Nullable(UInt8)", Reason::InvalidNumber),
        ("Nullable(Date)", Reason::InvalidDate),
        ("Nullable(Bool)", Reason::InvalidBool),
        ("Nullable(UUID)", Reason::InvalidUuid),
        ("Nullable(IPv4)", Reason::InvalidIp),
        ("Nullable(Enum8('a' = 1))", Reason::UnknownEnum),
    ] {
        let bad = column_bytes(spec(data_type, true), &[Cell::quoted(b"")]).unwrap_err();
        assert_eq!(bad.reason, reason, "{data_type}");
    }
}

#[test]
fn a_bad_cell_is_reported_with_its_place() {
    for (data_type, good, bad, reason) in [
        ("UInt8", "1", "256", Reason::Overflow),
        ("Nullable(Int64)", "", "x", Reason::InvalidNumber),
        ("Decimal(9, 2)", "1.5", "1.555", Reason::PrecisionLoss),
        ("FixedString(1)", "a", "ab", Reason::TooLong),
        ("String", "a", "\u{e9}", Reason::InvalidUtf8),
        ("Enum16('a' = 1)", "a", "b", Reason::UnknownEnum),
        ("Date", "2024-02-29", "2024-02-30", Reason::InvalidDate),
        ("Date", "2024-02-29", "01/02/2024", Reason::AmbiguousDate),
    ] {
        let latin1: Vec<u8> = bad.chars().map(|c| u8::try_from(c).unwrap()).collect();
        let cells = [
            Cell::plain(good.as_bytes()),
            Cell::plain(good.as_bytes()),
            Cell::plain(&latin1),
        ];
        let expected = Err(BadCell { row: 2, reason });
        assert_eq!(
            column_bytes(spec(data_type, false), &cells),
            expected,
            "{data_type} {bad}"
        );
    }
}

#[test]
fn a_block_is_full_at_its_limits_and_empty_after_it_was_taken() {
    let mut builder = builder("Nullable(UInt64)", false);
    assert!(builder.is_empty() && !builder.is_full());
    for row in 1..=3 {
        builder
            .column_mut(0)
            .unwrap()
            .append([Cell::plain(b"")].into_iter())
            .unwrap();
        assert_eq!((builder.row_count(), builder.byte_count()), (row, row * 9));
        assert_eq!(builder.is_full(), row == 3);
    }
    let block = builder.take().unwrap();
    assert_eq!(block.row_count, 3);
    assert!(builder.is_empty() && builder.byte_count() == 0);
    let again: Vec<Cell<'_>> = vec![Cell::plain(b""); 3];
    builder
        .column_mut(0)
        .unwrap()
        .append(again.into_iter())
        .unwrap();
    assert_eq!(builder.take().unwrap(), block);
    assert_eq!(builder.take().unwrap().row_count, 0);
}

#[test]
fn a_block_is_full_at_its_bytes() {
    let mut builder = builder("FixedString(500)", false);
    builder
        .column_mut(0)
        .unwrap()
        .append([Cell::plain(b"")].into_iter())
        .unwrap();
    assert!(!builder.is_full());
    builder
        .column_mut(0)
        .unwrap()
        .append([Cell::plain(b"")].into_iter())
        .unwrap();
    assert!(builder.is_full());
    builder.clear();
    assert!(builder.is_empty() && builder.byte_count() == 0);
}

#[test]
fn uneven_columns_are_an_error() {
    let specs = vec![spec("UInt8", false), spec("UInt8", false)];
    let mut builder =
        BlockBuilder::new(specs, &crate::column::zone::Zones::bundled("UTC"), LIMITS).unwrap();
    builder
        .column_mut(0)
        .unwrap()
        .append([Cell::plain(b"1")].into_iter())
        .unwrap();
    assert_eq!(
        builder.take(),
        Err(Error::UnevenColumns {
            column: "c".to_owned(),
            actual: 0,
            expected: 1
        })
    );
    assert!(builder.column_mut(2).is_none());
}

#[test]
fn unknown_zones_and_missing_columns_are_errors() {
    let no_columns = BlockBuilder::new(
        Vec::new(),
        &crate::column::zone::Zones::bundled("UTC"),
        LIMITS,
    )
    .map(|_| ());
    assert_eq!(no_columns, Err(Error::NoColumns));
    for (data_type, server_zone) in [("DateTime('Mars')", "UTC"), ("DateTime64(3)", "Mars")] {
        let result = BlockBuilder::new(
            vec![spec(data_type, false)],
            &crate::column::zone::Zones::bundled(server_zone),
            LIMITS,
        );
        let name = "Mars".to_owned();
        assert_eq!(result.map(|_| ()), Err(Error::UnknownZone { name }));
    }
}

#[test]
fn numbers_of_a_found_type_do_not_lose_a_zero() {
    for (data_type, text, refused) in [
        ("Int64", "007", true),
        ("Int16", "-01", true),
        ("UInt32", "00", true),
        ("Float64", "01.5", true),
        ("Decimal(18, 2)", "000.50", true),
        ("Nullable(Int32)", "09", true),
        ("Int64", "0", false),
        ("Int64", "-0", false),
        ("Float64", "0.5", false),
        ("String", "007", false),
    ] {
        let is_inferred = |is_inferred| ColumnSpec {
            is_inferred,
            ..spec(data_type, false)
        };
        let cells = [Cell::plain(text.as_bytes())];
        let outcome = column_bytes(is_inferred(true), &cells).map_err(|bad| bad.reason);
        let expected = refused.then_some(Reason::LeadingZero);
        assert_eq!(outcome.err(), expected, "{data_type} {text}");
        assert!(
            column_bytes(is_inferred(false), &cells).is_ok(),
            "{data_type} {text}"
        );
    }
}
