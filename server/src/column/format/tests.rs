//! Wire bytes and texts of every type, both as ClickHouse 26.7 gives them.

use bytes::Bytes;

use super::{CellSink, Formatter, Joint};
use crate::column::{
    DataType, Error,
    reader::{Block, Limits, Reader},
    zone::Zones,
};

/// A type, values in wire form (of Nullable types the null map before them), and their texts.
type Case = (&'static str, &'static [u8], &'static [&'static str]);

const CASES: &[Case] = &[
    (
        "Int8",
        b"\x80\xff\x7f",
        &["-128", "-1", "127"],
    ),
    (
        "UInt8",
        b"\0\xff",
        &["0", "255"],
    ),
    (
        "Int16",
        b"\0\x80\xff\xff\xff\x7f",
        &["-32768", "-1", "32767"],
    ),
    (
        "UInt16",
        b"\0\0\xff\xff",
        &["0", "65535"],
    ),
    (
        "Int32",
        b"\0\0\0\x80\xff\xff\xff\xff\xff\xff\xff\x7f",
        &["-2147483648", "-1", "2147483647"],
    ),
    (
        "UInt32",
        b"\0\0\0\0\xff\xff\xff\xff",
        &["0", "4294967295"],
    ),
    (
        "Int64",
        b"\0\0\0\0\0\0\0\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        &["-9223372036854775808", "-1", "9223372036854775807"],
    ),
    (
        "UInt64",
        b"\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
        &["0", "18446744073709551615"],
    ),
    (
        "Int128",
        b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        &["-170141183460469231731687303715884105728", "-1", "170141183460469231731687303715884105727"],
    ),
    (
        "UInt128",
        b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        &["0", "340282366920938463463374607431768211455"],
    ),
    (
        "Int256",
        b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        &["-57896044618658097711785492504343953926634992332820282019728792003956564819968", "-1", "57896044618658097711785492504343953926634992332820282019728792003956564819967"],
    ),
    (
        "UInt256",
        b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        &["0", "115792089237316195423570985008687907853269984665640564039457584007913129639935"],
    ),
    (
        "Float32",
        b"\xcd\xcc\xcc=x\x86\x07\xe4\0\0\xc0\x7f",
        &["0.1", "-1e22", "nan"],
    ),
    (
        "Float64",
        b"J\xee\xb0\x89\xcc~R\xc0\x9a\x99\x99\x99\x99\x99\xb9?P\xef\xe2\xd6\xe4\x1aKD\0\0\0\0\0\0\xf0\xff\0\0\0\0\0\0\0\x80",
        &["-73.981234", "0.1", "1e21", "-inf", "-0"],
    ),
    (
        "BFloat16",
        b"\xc0?\xcc\xbd",
        &["1.5", "-0.099609375"],
    ),
    (
        "Decimal(9, 4)",
        b"\x0c\xfe\xff\xff\xff\xc9\x9a;p\x11\x01\0",
        &["-0.05", "99999.9999", "7"],
    ),
    (
        "Decimal(18, 9)",
        b"\x80\x821\xbe\x1c\0\0\0\x01\0\x9cXLI\x1f\xf2",
        &["123.45", "-999999999.999999999"],
    ),
    (
        "Decimal(38, 10)",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\x0e\xfa\xd5>\"\x8a\x09z\xc4\x86Z\xa8L;K",
        &["-0.0000000001", "9999999999999999999999999999.5"],
    ),
    (
        "Decimal(76, 20)",
        b"\0\0\xa8\x94 \xf7^\xb7\xcd\x98i\xd7\xc2/\x16/\xba9Df7\x89&\xf4-L\xec\xca-\0\0\0\0\0xN\xe9P\x1cJ\xfd\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        &["12345678901234567890123456789012345678901234567890.5", "-0.5"],
    ),
    (
        "Bool",
        b"\0\x01",
        &["false", "true"],
    ),
    (
        "UUID",
        b"wfUD3\"\x11\0\xff\xee\xdd\xcc\xbb\xaa\x99\x88",
        &["00112233-4455-6677-8899-aabbccddeeff"],
    ),
    (
        "IPv4",
        b"\x01\0\xa8\xc0",
        &["192.168.0.1"],
    ),
    (
        "IPv6",
        b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01 \x01\x0d\xb8\0\0\0\0\0\0\xff\0\0B\x83)\0\0\0\0\0\0\0\0\0\0\xff\xff\x01\x02\x03\x04",
        &["::1", "2001:db8::ff00:42:8329", "::ffff:1.2.3.4"],
    ),
    (
        "Date",
        b"\0\0\xff\xff",
        &["1970-01-01", "2149-06-06"],
    ),
    (
        "Date32",
        b"!\x9c\xff\xff\xd1\xd6\x01\0",
        &["1900-01-01", "2299-12-31"],
    ),
    (
        "DateTime",
        b"\0\0\0\0\xff\xff\xff\xff",
        &["1970-01-01 00:00:00", "2106-02-07 06:28:15"],
    ),
    (
        "DateTime64(3, 'Europe/Paris')",
        b"\x98L\xf9\xad\xfd\xfd\xff\xff\x7f\x89(\xa6x\x09\0\0",
        &["1900-01-01 00:00:00.000", "2299-12-31 23:59:59.999"],
    ),
    (
        "DateTime64(9)",
        b"\xff\xff\xff\xff\xff\xff\xff\xff",
        &["1969-12-31 23:59:59.999999999"],
    ),
    (
        "Time",
        b"\x81\x11\xc9\xff\x81Q\x01\0",
        &["-999:59:59", "24:00:01"],
    ),
    (
        "Time64(3)",
        b"\x0c\xfe\xff\xff\xff\xff\xff\xff\xff\xa3\x93\xd6\0\0\0\0",
        &["-00:00:00.500", "999:59:59.999"],
    ),
    (
        "Enum8('a' = -128, 'b, c' = 127)",
        b"\x80\x7f",
        &["a", "b, c"],
    ),
    (
        "Enum16('x' = -300, 'it\\'s' = 300)",
        b"\xd4\xfe,\x01",
        &["x", "it's"],
    ),
    (
        "String",
        b"\0\x03a,b\x05gr\xc3\xbcn",
        &["", "a,b", "grün"],
    ),
    (
        "FixedString(4)",
        b"ab\0\0",
        &["ab\0\0"],
    ),
    (
        "Nullable(String)",
        b"\x01\0\0\0\0\x04NULL",
        &["NULL", "", "NULL"],
    ),
    (
        "Nullable(Int32)",
        b"\0\x01\x05\0\0\0\0\0\0\0",
        &["5", "NULL"],
    ),
    (
        "Nullable(DateTime('Asia/Tokyo'))",
        b"\0\x010\xf3\xdfe\0\0\0\0",
        &["2024-02-29 12:00:00", "NULL"],
    ),
];

/// Keeps each cell with the function it came through.
#[derive(Default)]
struct Cells(Vec<(char, String)>);

impl CellSink for Cells {
    fn null(&mut self) {
        self.0.push(('n', "NULL".to_owned()));
    }

    fn text(&mut self, bytes: &[u8]) {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        self.0.push(('t', text));
    }

    fn plain(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut out = b"before".to_vec();
        write(&mut out);
        let text = String::from_utf8(out).unwrap();
        self.0
            .push(('p', text.strip_prefix("before").unwrap().to_owned()));
    }

    fn joined(&mut self, count: usize, write: impl FnOnce(&mut Vec<u8>)) {
        let mut out = Vec::new();
        write(&mut out);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.split(';').count(), count);
        self.0.push(('j', text));
    }
}

fn block(data_type: &str, row_count: usize, data: &[u8]) -> Block {
    let mut stream = vec![1, u8::try_from(row_count).unwrap(), 1, b'c'];
    stream.push(u8::try_from(data_type.len()).unwrap());
    stream.extend_from_slice(data_type.as_bytes());
    stream.extend_from_slice(data);
    let mut reader = Reader::new(Limits::default());
    reader.push(Bytes::from(stream));
    let block = reader.next_block().unwrap().unwrap();
    reader.finish().unwrap();
    block
}

fn cells(data_type: &str, block: &Block, zones: &Zones) -> Vec<(char, String)> {
    let mut formatter =
        Formatter::new(&[DataType::parse(data_type).unwrap()], zones, None).unwrap();
    let mut cells = Cells::default();
    let formatted = formatter.format(&block.columns, 0..block.row_count);
    for index in 0..block.row_count {
        formatted.give(index, &mut cells);
    }
    cells.0
}

#[test]
fn every_type_has_the_text_of_clickhouse() {
    for (data_type, data, expected) in CASES {
        let block = block(data_type, expected.len(), data);
        let cells = cells(data_type, &block, &Zones::bundled("UTC"));
        let texts: Vec<&str> = cells.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, *expected, "{data_type}");
    }
}

#[test]
fn only_strings_and_names_may_need_quotes() {
    for (data_type, data, expected) in CASES {
        let described = DataType::parse(data_type).unwrap();
        let is_text = matches!(
            described.inner(),
            DataType::String | DataType::FixedString(_) | DataType::Enum8(_) | DataType::Enum16(_)
        );
        let block = block(data_type, expected.len(), data);
        for (way, text) in cells(data_type, &block, &Zones::bundled("UTC")) {
            match way {
                'n' => assert!(described.is_nullable()),
                't' => assert!(is_text, "{data_type}"),
                _ => {
                    let harmless = |byte| matches!(byte, b' ' | b'+' | b'-' | b'.' | b':');
                    assert!(!is_text && !text.is_empty(), "{data_type}");
                    assert!(
                        text.bytes()
                            .all(|b| b.is_ascii_alphanumeric() || harmless(b))
                    );
                }
            }
        }
    }
}

#[test]
fn null_and_the_text_null_are_told_apart() {
    let block = block("Nullable(String)", 2, b"\x01\0\0\x04NULL");
    let cells = cells("Nullable(String)", &block, &Zones::bundled("UTC"));
    assert_eq!(cells, [('n', "NULL".to_owned()), ('t', "NULL".to_owned())]);
}

#[test]
fn the_described_zone_counts_not_that_of_the_stream() {
    let tokyo = "DateTime('Asia/Tokyo')";
    let block = block("DateTime", 1, &[0; 4]);
    let column = &block.columns[0];
    assert!(column.carries(&DataType::parse(tokyo).unwrap()));
    assert!(column.carries(&DataType::parse("DateTime").unwrap()));
    assert!(!column.carries(&DataType::parse("UInt32").unwrap()));
    assert!(!column.carries(&DataType::parse("Nullable(DateTime)").unwrap()));
    let berlin = Zones::bundled("Europe/Berlin");
    assert_eq!(cells(tokyo, &block, &berlin)[0].1, "1970-01-01 09:00:00");
    assert_eq!(
        cells("DateTime", &block, &berlin)[0].1,
        "1970-01-01 01:00:00"
    );
}

#[test]
fn types_that_travel_as_text_are_text() {
    let block = block("String", 1, b"\x05[1,2]");
    for data_type in ["Array(UInt8)", "LowCardinality(String)"] {
        assert!(block.columns[0].carries(&DataType::parse(data_type).unwrap()));
        let cells = cells(data_type, &block, &Zones::bundled("UTC"));
        assert_eq!(cells, [('t', "[1,2]".to_owned())]);
    }
}

#[test]
fn numbers_without_a_name_in_their_enum_are_digits_or_nothing() {
    let data_type = "Enum8('a' = -1, 'b' = 2)";
    let block = block(data_type, 5, &[255, 0, 2, 3, 128]);
    let texts: Vec<String> = cells(data_type, &block, &Zones::bundled("UTC"))
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    assert_eq!(texts, ["a", "0", "b", "", ""]);
}

#[test]
fn an_unknown_zone_is_an_error() {
    let data_type = DataType::DateTime(Some("Mars/Olympus".to_owned()));
    let error = Formatter::new(&[data_type], &Zones::bundled("UTC"), None).unwrap_err();
    assert!(matches!(error, Error::UnknownZone { .. }));
}

#[test]
fn cells_without_quotes_that_stand_side_by_side_are_joined() {
    let types = [
        "UInt8",
        "Nullable(Int16)",
        "String",
        "Date",
        "UInt256",
        "Bool",
        "String",
    ];
    let mut stream = vec![7, 2];
    let data: [&[u8]; 7] = [
        b"\x01\xff",
        b"\x01\0\0\0\xfe\xff",
        b"\x01a\0",
        b"\0\0\x01\0",
        &[[0xff; 32], [0; 32]].concat(),
        b"\x01\0",
        b"\0\x01;",
    ];
    for (data_type, data) in types.iter().zip(data) {
        stream.extend([1, b'c', u8::try_from(data_type.len()).unwrap()]);
        stream.extend_from_slice(data_type.as_bytes());
        stream.extend_from_slice(data);
    }
    let mut reader = Reader::new(Limits::default());
    reader.push(Bytes::from(stream));
    let block = reader.next_block().unwrap().unwrap();
    let types = types.map(|data_type| DataType::parse(data_type).unwrap());
    let joint = Joint {
        delimiter: b';',
        null: b"NULL",
    };
    let mut formatter = Formatter::new(&types, &Zones::bundled("UTC"), Some(joint)).unwrap();
    let largest = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    let largest = format!("1970-01-01;{largest};true");
    let expected = [
        [
            ('j', "1;NULL"),
            ('t', "a"),
            ('j', largest.as_str()),
            ('t', ""),
        ],
        [
            ('j', "255;-2"),
            ('t', ""),
            ('j', "1970-01-02;0;false"),
            ('t', ";"),
        ],
    ];
    // Some rows at a time, and in the end the first ones again.
    for rows in [0..2, 1..2, 0..1] {
        let formatted = formatter.format(&block.columns, rows.clone());
        for (index, row) in rows.enumerate() {
            let mut cells = Cells::default();
            formatted.give(index, &mut cells);
            let cells: Vec<_> = cells
                .0
                .iter()
                .map(|(way, text)| (*way, text.as_str()))
                .collect();
            assert_eq!(cells, expected[row]);
        }
    }
}
