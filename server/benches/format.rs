//! Exports without network and database: Native bytes to blocks, and blocks to CSV.
//!
//! `trips` is one block of 13 columns as in a table of taxi trips, read in chunks of 64 KiB and
//! written row by row with an encoder that does no more than delimiters and quotes. The other
//! groups write one column of one type each. Throughput is in bytes of Native for `read` and in
//! bytes of CSV for the rest.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::expect_used,
    reason = "a bench makes up its own numbers and ends where they are wrong"
)]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sluice_server::column::{
    format::{CellSink, Formatter, Joint},
    reader::{Block, Limits, Reader},
    zone::Zones,
};

/// As many rows as ClickHouse puts into a block by default.
const ROW_COUNT: u64 = 65_409;

const CHUNK_BYTES: usize = 64 << 10;

/// As many rows as an export of a dozen columns formats at a time.
const ROWS_AT_ONCE: usize = 64;

/// Random numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn unit(&mut self) -> f64 {
        self.below(1 << 53) as f64 / (1_u64 << 53) as f64
    }

    fn decimal(&mut self, limit: u64, scale: f64) -> f64 {
        self.below(limit) as f64 / scale
    }
}

/// One column in wire form.
struct Column {
    data_type: &'static str,
    data: Vec<u8>,
}

fn column(data_type: &'static str, mut value: impl FnMut(u64, &mut Vec<u8>)) -> Column {
    let mut data = Vec::new();
    for row in 0..ROW_COUNT {
        value(row, &mut data);
    }
    Column { data_type, data }
}

fn text(data: &mut Vec<u8>, text: &str) {
    data.push(u8::try_from(text.len()).unwrap_or(0));
    data.extend_from_slice(text.as_bytes());
}

fn stream(columns: &[Column]) -> Bytes {
    let mut stream = vec![u8::try_from(columns.len()).unwrap_or(0)];
    stream.extend([
        ROW_COUNT as u8 | 0x80,
        (ROW_COUNT >> 7) as u8 | 0x80,
        (ROW_COUNT >> 14) as u8,
    ]);
    for column in columns {
        text(&mut stream, "column");
        text(&mut stream, column.data_type);
        stream.extend_from_slice(&column.data);
    }
    stream.into()
}

fn trips() -> Vec<Column> {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut seconds: Vec<u32> = Vec::new();
    let mut next = 1_704_067_200_u32;
    for _ in 0..ROW_COUNT {
        next += u32::try_from(random.below(3)).unwrap_or(0);
        seconds.push(next);
    }
    let mut columns = vec![
        column("UInt64", |row, data| {
            data.extend((1_000_000 + row).to_le_bytes());
        }),
        column("DateTime", |row, data| {
            data.extend(seconds[row as usize].to_le_bytes());
        }),
        column("DateTime", |row, data| {
            let end = seconds[row as usize] + random.below(3600) as u32;
            data.extend(end.to_le_bytes());
        }),
    ];
    for start in [-74.0, 40.6, -74.0, 40.6] {
        columns.push(column("Float64", |_, data| {
            let place = ((start + random.decimal(300_000, 1e6)) * 1e6_f64).round() / 1e6;
            data.extend(place.to_le_bytes());
        }));
    }
    columns.push(column("Float32", |_, data| {
        data.extend((random.decimal(2_000, 100.0) as f32).to_le_bytes());
    }));
    columns.push(column("Decimal(10, 2)", |_, data| {
        data.extend((random.below(10_000) as i64).to_le_bytes());
    }));
    columns.push(column(
        "Enum8('cash' = 1, 'card' = 2, 'other' = 3)",
        |_, data| {
            data.push(1 + random.below(3) as u8);
        },
    ));
    columns.push(column("String", |_, data| {
        text(data, ["N", "Y"][random.below(2) as usize]);
    }));
    let mut nullable = column("Nullable(UInt8)", |_, data| {
        data.push((random.below(8) == 0).into());
    });
    nullable
        .data
        .extend((0..ROW_COUNT).map(|row| (row % 7) as u8));
    columns.push(nullable);
    columns.push(column("String", |row, data| {
        text(data, &format!("{} Main St, Apt {}", row % 997, row % 13));
    }));
    columns
}

/// Delimiters, and quotes where a text needs them.
struct Encoder {
    out: Vec<u8>,
}

impl CellSink for Encoder {
    fn null(&mut self) {
        self.out.push(b',');
    }

    fn text(&mut self, bytes: &[u8]) {
        if bytes
            .iter()
            .any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'))
        {
            self.out.push(b'"');
            self.out.extend_from_slice(bytes);
            self.out.extend_from_slice(b"\",");
        } else {
            self.out.extend_from_slice(bytes);
            self.out.push(b',');
        }
    }

    fn plain(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.out);
        self.out.push(b',');
    }

    fn joined(&mut self, _: usize, write: impl FnOnce(&mut Vec<u8>)) {
        self.plain(write);
    }
}

/// Reads a stream and gives its last block back to the reader, as an export does.
fn read(reader: &mut Reader, stream: &Bytes) -> usize {
    let mut row_count = 0;
    let mut rest = stream.clone();
    while !rest.is_empty() {
        reader.push(rest.split_to(rest.len().min(CHUNK_BYTES)));
        while let Ok(Some(block)) = reader.next_block() {
            row_count += block.row_count;
            reader.recycle(block);
        }
    }
    row_count
}

fn block(stream: &Bytes) -> Block {
    let mut reader = Reader::new(Limits::default());
    reader.push(stream.clone());
    let block = reader.next_block().ok().flatten();
    block.expect("the stream is one whole block")
}

fn formatter(block: &Block, zones: &Zones) -> Formatter {
    let types = block.columns.iter();
    let types: Vec<_> = types.map(|column| (*column.data_type).clone()).collect();
    let joint = Joint {
        delimiter: b',',
        null: b"\\N",
    };
    Formatter::new(&types, zones, Some(joint)).expect("every type has a form")
}

fn write(block: &Block, formatter: &mut Formatter, encoder: &mut Encoder) -> usize {
    encoder.out.clear();
    for start in (0..block.row_count).step_by(ROWS_AT_ONCE) {
        let rows = start..block.row_count.min(start + ROWS_AT_ONCE);
        let row_count = rows.len();
        let rows = formatter.format(&block.columns, rows);
        for index in 0..row_count {
            rows.give(index, encoder);
            encoder.out.push(b'\n');
        }
    }
    encoder.out.len()
}

fn bench_write(criterion: &mut Criterion, name: &str, columns: &[Column], zones: &Zones) {
    let block = block(&stream(columns));
    let mut formatter = formatter(&block, zones);
    let mut encoder = Encoder { out: Vec::new() };
    let bytes = write(&block, &mut formatter, &mut encoder);
    let mut group = criterion.benchmark_group("write");
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function(name, |bencher| {
        bencher.iter(|| write(black_box(&block), &mut formatter, &mut encoder));
    });
    group.finish();
}

fn bench_trips(criterion: &mut Criterion) {
    let columns = trips();
    let stream = stream(&columns);
    let mut reader = Reader::new(Limits::default());
    let mut group = criterion.benchmark_group("read");
    group.throughput(Throughput::Bytes(stream.len() as u64));
    group.bench_function("trips", |bencher| {
        bencher.iter(|| read(&mut reader, black_box(&stream)));
    });
    group.finish();
    let new_york = Zones::bundled("America/New_York");
    bench_write(criterion, "trips", &columns, &Zones::bundled("UTC"));
    bench_write(
        criterion,
        "trips in a zone with summer time",
        &columns,
        &new_york,
    );
}

fn bench_types(criterion: &mut Criterion) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let utc = Zones::bundled("UTC");
    let mut one = |name: &str, column: Column| bench_write(criterion, name, &[column], &utc);
    one(
        "UInt64",
        column("UInt64", |_, data| {
            data.extend((random.below(u64::MAX) >> 20).to_le_bytes());
        }),
    );
    one(
        "Float64, 6 decimals",
        column("Float64", |_, data| {
            data.extend(random.decimal(200_000_000, 1e6).to_le_bytes());
        }),
    );
    one(
        "Float64, all digits",
        column("Float64", |_, data| {
            data.extend((random.unit() * 1e3).to_le_bytes());
        }),
    );
    one(
        "Float32, all digits",
        column("Float32", |_, data| {
            data.extend((random.unit() as f32 * 1e3).to_le_bytes());
        }),
    );
    one(
        "Decimal(18, 4)",
        column("Decimal(18, 4)", |_, data| {
            data.extend((random.below(1 << 50) as i64).to_le_bytes());
        }),
    );
    one(
        "Decimal(38, 10)",
        column("Decimal(38, 10)", |_, data| {
            data.extend((i128::from(random.below(1 << 60)) << 40).to_le_bytes());
        }),
    );
    one(
        "DateTime, any day",
        column("DateTime", |_, data| {
            data.extend((random.below(1 << 32) as u32).to_le_bytes());
        }),
    );
    one(
        "DateTime64(3), any day",
        column("DateTime64(3)", |_, data| {
            data.extend((random.below(1 << 41) as i64).to_le_bytes());
        }),
    );
    one(
        "Date, any day",
        column("Date", |_, data| {
            data.extend((random.below(1 << 16) as u16).to_le_bytes());
        }),
    );
    one(
        "UUID",
        column("UUID", |_, data| {
            data.extend(random.below(u64::MAX).to_le_bytes());
            data.extend(random.below(u64::MAX).to_le_bytes());
        }),
    );
    one(
        "IPv4",
        column("IPv4", |_, data| {
            data.extend((random.below(1 << 32) as u32).to_le_bytes());
        }),
    );
    one(
        "String, 20 bytes",
        column("String", |row, data| text(data, &format!("{row:020}"))),
    );
}

criterion_group!(benches, bench_trips, bench_types);
criterion_main!(benches);
