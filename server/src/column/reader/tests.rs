//! Blocks made by hand and captured from ClickHouse, whole, cut everywhere, and broken.

use bytes::Bytes;
use proptest::prelude::{ProptestConfig, any, prop, proptest};

use super::{Block, Error, Limits, Reader, Result};

/// `SELECT toUInt16(number) AS n, toString(number * 99) AS s, if(number = 1, NULL, toInt8(-5)) AS m
/// FROM numbers(3) FORMAT Native`, as ClickHouse 26.7 sends it.
const CAPTURED: &[u8] = b"\x03\x03\x01n\x06UInt16\0\0\x01\0\x02\0\x01s\x06String\x010\x0299\x03198\
    \x01m\x0eNullable(Int8)\0\x01\0\xfb\0\xfb";

/// Builds blocks as ClickHouse lays them out.
#[derive(Default)]
struct Native(Vec<u8>);

impl Native {
    fn varint(mut self, mut value: u64) -> Self {
        while value >= 0x80 {
            self.0.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.0.push(value.to_le_bytes()[0]);
        self
    }

    fn text(self, bytes: &[u8]) -> Self {
        self.varint(bytes.len() as u64).bytes(bytes)
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn block(self, column_count: u64, row_count: u64) -> Self {
        self.varint(column_count).varint(row_count)
    }

    fn column(self, name: &str, data_type: &str) -> Self {
        self.text(name.as_bytes()).text(data_type.as_bytes())
    }
}

fn limits(max_block_bytes: usize) -> Limits {
    Limits { max_block_bytes }
}

/// Reads a stream that comes in the given chunks, and recycles as the export does.
fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>, limits: Limits) -> Result<Vec<String>> {
    let mut reader = Reader::new(limits);
    let mut blocks = Vec::new();
    for chunk in chunks {
        reader.push(Bytes::copy_from_slice(chunk));
        while let Some(block) = reader.next_block()? {
            blocks.push(show(&block));
            reader.recycle(block);
        }
    }
    reader.finish()?;
    Ok(blocks)
}

fn read_whole(stream: &[u8]) -> Result<Vec<String>> {
    read([stream], Limits::default())
}

/// Writes a block out: a line for each column.
fn show(block: &Block) -> String {
    let mut text = format!("{} rows", block.row_count);
    for column in &block.columns {
        text.push_str(&format!("\n{} {}", column.name, column.data_type));
        for row in 0..block.row_count {
            let value = match column.data_type.fixed_width() {
                _ if column.is_null(row) => "NULL".to_owned(),
                None => format!("{:?}", String::from_utf8_lossy(column.string(row))),
                Some(width) => format!("{:02x?}", column.slice(row, width)),
            };
            text.push(' ');
            text.push_str(&value);
        }
    }
    text
}

fn sample() -> Vec<u8> {
    let long = "ab".repeat(100);
    Native::default()
        .block(0, 0)
        .block(3, 0)
        .column("id", "UInt32")
        .column("", "Nullable(String)")
        .column("größe", "FixedString(3)")
        .block(3, 2)
        .column("id", "UInt32")
        .bytes(&[1, 0, 0, 0, 2, 0, 0, 0])
        .column("", "Nullable(String)")
        .bytes(&[0, 1])
        .text(long.as_bytes())
        .text(b"")
        .column("größe", "FixedString(3)")
        .bytes(b"abcde\0")
        .block(3, 1)
        .column("id", "UInt32")
        .bytes(&[3, 0, 0, 0])
        .column("", "Nullable(String)")
        .bytes(&[0])
        .text(b"x")
        .column("größe", "FixedString(3)")
        .bytes(b"xyz")
        .0
}

#[test]
fn a_captured_block_reads_back() {
    let blocks = read_whole(CAPTURED).unwrap();
    assert_eq!(
        blocks,
        [
            "3 rows\nn UInt16 [00, 00] [01, 00] [02, 00]\ns String \"0\" \"99\" \"198\"\n\
          m Nullable(Int8) [fb] NULL [fb]"
        ]
    );
}

#[test]
fn blocks_without_columns_are_skipped_and_blocks_without_rows_are_not() {
    let blocks = read_whole(&sample()).unwrap();
    assert_eq!(blocks.len(), 3);
    assert_eq!(
        blocks[0],
        "0 rows\nid UInt32\n Nullable(String)\ngröße FixedString(3)"
    );
    assert_eq!(
        blocks[2],
        "1 rows\nid UInt32 [03, 00, 00, 00]\n Nullable(String) \"x\"\ngröße FixedString(3) [78, 79, 7a]"
    );
}

#[test]
fn every_split_in_two_and_single_bytes_read_the_same() {
    let stream = sample();
    let whole = read_whole(&stream).unwrap();
    assert_eq!(read(stream.chunks(1), Limits::default()).unwrap(), whole);
    for at in 0..=stream.len() {
        let (front, back) = stream.split_at(at);
        assert_eq!(
            read([front, back], Limits::default()).unwrap(),
            whole,
            "split at {at}"
        );
    }
}

#[test]
fn an_end_inside_a_block_is_an_error_at_every_byte() {
    let stream = sample();
    let mut whole_ends = 0;
    for end in 0..=stream.len() {
        match read_whole(&stream[..end]) {
            Ok(_) => whole_ends += 1,
            Err(Error::Truncated { byte_count, .. }) => assert!(byte_count <= end as u64),
            Err(other) => panic!("cut at {end}: {other}"),
        }
    }
    // Nothing, the block without columns, and the three with.
    assert_eq!(whole_ends, 5);
}

#[test]
fn a_cut_stream_names_the_bytes_and_rows() {
    let error = read_whole(&[CAPTURED, &[3, 9, 1]].concat()).unwrap_err();
    let expected = Error::Truncated {
        byte_count: 3,
        row_count: 3,
    };
    assert_eq!(error, expected);
}

#[test]
fn a_block_at_the_limit_passes_and_one_byte_more_does_not() {
    let stream = sample();
    let mut lowest = 0;
    while read([stream.as_slice()], limits(lowest)).is_err() {
        lowest += 1;
    }
    for limit in [0, 1, lowest - 1] {
        let error = read(stream.chunks(7), limits(limit)).unwrap_err();
        assert_eq!(error, Error::BlockTooLarge { limit });
    }
    assert!(read(stream.chunks(7), limits(lowest)).is_ok());
    assert!((stream.len()..2000).contains(&lowest), "{lowest}");
}

#[test]
fn huge_counts_and_lengths_are_refused_before_memory_is_taken() {
    let counts = [1 << 40, u64::MAX];
    for count in counts {
        let streams = [
            Native::default().block(count, 1).column("a", "UInt8"),
            Native::default().block(1, count).column("a", "UInt8"),
            Native::default().block(1, count).column("a", "String"),
            Native::default()
                .block(1, count)
                .column("a", "Nullable(Int256)"),
            Native::default().block(1, 1).varint(count),
            Native::default().block(1, 1).text(b"a").varint(count),
            Native::default()
                .block(1, 1)
                .column("a", "String")
                .varint(count),
        ];
        for stream in streams {
            let error = read_whole(&stream.0).unwrap_err();
            assert_eq!(error, Error::BlockTooLarge { limit: 64 << 20 });
        }
    }
    // Allowed, but not reserved: only a few bytes of it arrive.
    let stream = Native::default().block(1, 60_000_000).column("a", "UInt8");
    let mut reader = Reader::new(Limits::default());
    reader.push(Bytes::from(stream.bytes(&[1, 2]).0));
    assert!(reader.next_block().unwrap().is_none());
    assert!(reader.columns[0].values.capacity() < 100);
}

#[test]
fn types_that_cannot_be_read_are_named() {
    let long = format!("Nullable({})", "Nullable(".repeat(100_000));
    let types = [
        "LowCardinality(String)",
        "Array(UInt8)",
        "Nullable(Nullable(UInt8))",
        "AggregateFunction(sum, UInt64)",
        "Nothing",
        "",
        "Nullable(",
        long.as_str(),
    ];
    for data_type in types {
        let stream = Native::default().block(1, 1).column("c", data_type).0;
        let expected = Error::UnexpectedType {
            column: "c".to_owned(),
            data_type: data_type.chars().take(256).collect(),
        };
        assert_eq!(read_whole(&stream).unwrap_err(), expected);
    }
}

#[test]
fn a_long_enum_is_readable() {
    let members: Vec<String> = (0..2000).map(|n| format!("'member {n}' = {n}")).collect();
    let data_type = format!("Enum16({})", members.join(", "));
    let stream = Native::default().block(1, 0).column("e", &data_type).0;
    assert_eq!(
        read_whole(&stream).unwrap(),
        [format!("0 rows\ne {data_type}")]
    );
}

#[test]
fn other_columns_in_a_later_block_are_an_error() {
    let first = || Native::default().block(1, 0).column("a", "UInt8");
    let later = [
        first()
            .block(2, 0)
            .column("a", "UInt8")
            .column("b", "UInt8"),
        first().block(1, 0).column("b", "UInt8"),
        first().block(1, 0).column("a", "Int8"),
    ];
    for stream in later {
        let error = read_whole(&stream.0).unwrap_err();
        assert!(matches!(error, Error::SchemaChanged { .. }), "{error}");
    }
}

#[test]
fn malformed_numbers_are_errors() {
    let streams: [&[u8]; 4] = [
        b"\x81\0",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\0\x01",
    ];
    for stream in streams {
        let error = read_whole(stream).unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }), "{error}");
    }
}

#[test]
fn a_name_that_is_not_text_is_an_error() {
    let error = read_whole(b"\x01\0\x01\xff\x05UInt8").unwrap_err();
    assert!(matches!(error, Error::InvalidName { .. }), "{error}");
}

#[test]
fn strings_around_each_length_of_their_prefix_read_back() {
    let lengths = [
        0, 1, 127, 128, 129, 16_383, 16_384, 16_385, 2_097_151, 2_097_152,
    ];
    let mut stream = Native::default()
        .block(1, lengths.len() as u64)
        .column("s", "String");
    for length in lengths {
        stream = stream.text(&vec![b'x'; length]);
    }
    let mut reader = Reader::new(Limits::default());
    reader.push(Bytes::from(stream.0));
    let block = reader.next_block().unwrap().unwrap();
    let read: Vec<usize> = (0..lengths.len())
        .map(|row| block.columns[0].string(row).len())
        .collect();
    assert_eq!(read, lengths);
}

#[test]
fn rows_that_do_not_exist_are_empty() {
    let mut reader = Reader::new(Limits::default());
    reader.push(Bytes::from_static(CAPTURED));
    let block = reader.next_block().unwrap().unwrap();
    for row in [3, 4, usize::MAX] {
        assert_eq!(block.columns[0].fixed::<2>(row), [0, 0]);
        assert_eq!(block.columns[0].slice(row, 2), b"");
        assert_eq!(block.columns[1].string(row), b"");
        assert!(!block.columns[2].is_null(row));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_chunks_read_the_same(sizes in prop::collection::vec(1_usize..40, 1..200)) {
        let stream = [sample(), sample()[2..].to_vec()].concat();
        let mut chunks = Vec::new();
        let mut rest = stream.as_slice();
        for size in sizes {
            let (chunk, left) = rest.split_at(size.min(rest.len()));
            chunks.push(chunk);
            rest = left;
        }
        chunks.push(rest);
        assert_eq!(read(chunks, Limits::default()), read_whole(&stream));
    }

    #[test]
    fn garbage_is_an_error_or_blocks_but_never_a_panic(
        garbage in prop::collection::vec(any::<u8>(), 0..300),
        prefix in 0_usize..60,
    ) {
        let stream = [&CAPTURED[..prefix.min(CAPTURED.len())], &garbage].concat();
        let whole = read([stream.as_slice()], limits(1 << 16));
        let bytewise = read(stream.chunks(1), limits(1 << 16));
        assert_eq!(whole.is_ok(), bytewise.is_ok());
    }

    #[test]
    fn a_changed_byte_never_panics(at in 0_usize..300, byte: u8, size in 1_usize..50) {
        let mut stream = sample();
        let at = at % stream.len();
        stream[at] = byte;
        let blocks = read(stream.chunks(size), limits(1 << 16));
        assert!(blocks.is_err() || blocks.is_ok_and(|blocks| blocks.len() < 300));
    }
}
