//! Measures how fast files of several shapes are cut into records, against the `csv` crate.
//!
//! Run with `cargo bench --bench decode`. Throughput is in bytes of the file. Each shape is pushed in
//! chunks of 64 KiB, as messages of an upload would be, and every batch is only counted, or read
//! column by column where the name says so.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sluice_server::csv::{Decoder, Dialect, Limits};

/// About how long each file is; several batches, and more than the caches next to a core.
const FILE_BYTES: usize = 16 << 20;
const CHUNK_BYTES: usize = 64 << 10;

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// Lines until the file is long enough.
fn file(mut write_line: impl FnMut(u64, &mut Numbers, &mut String)) -> Vec<u8> {
    let mut numbers = Numbers(7);
    let mut file = String::with_capacity(FILE_BYTES + 1024);
    let mut id = 0;
    while file.len() < FILE_BYTES {
        id += 1;
        write_line(id, &mut numbers, &mut file);
    }
    file.into_bytes()
}

/// 13 columns, about 117 bytes: numbers, dates, an enum, a nullable and two texts, some quoted.
fn trip(
    id: u64,
    numbers: &mut Numbers,
    line: &mut String,
    delimiter: &str,
    quote: &str,
    end: &str,
) {
    let d = delimiter;
    let payments = ["cash", "credit", "dispute", "no charge"];
    let zones = [
        "Astoria",
        "Long Island City, Queens",
        "Midtown",
        "Harlem, North",
        "Jamaica Bay",
    ];
    let payment = payments[numbers.below(4) as usize];
    let (from, to) = (
        zones[numbers.below(5) as usize],
        zones[numbers.below(5) as usize],
    );
    let (day, minute) = (numbers.below(28) + 1, numbers.below(60));
    let hour = numbers.below(23);
    write!(
        line,
        "{}{d}2024-05-{day:02} {hour:02}:{minute:02}:11{d}",
        1_000_000 + id
    )
    .unwrap();
    write!(line, "2024-05-{day:02} {:02}:{minute:02}:57{d}", hour + 1).unwrap();
    write!(
        line,
        "{}{d}{}.{:02}{d}",
        numbers.below(6),
        numbers.below(30),
        numbers.below(100)
    )
    .unwrap();
    write!(
        line,
        "-73.{:06}{d}40.{:06}{d}",
        numbers.below(1_000_000),
        numbers.below(1_000_000)
    )
    .unwrap();
    write!(line, "{}.{:02}{d}", numbers.below(90), numbers.below(100)).unwrap();
    match numbers.below(3) {
        0 => write!(line, "{d}").unwrap(),
        _ => write!(line, "{}.5{d}", numbers.below(9)).unwrap(),
    }
    write!(
        line,
        "{payment}{d}{quote}{from}{quote}{d}{quote}{to}{quote}{d}"
    )
    .unwrap();
    write!(line, "{}{end}", numbers.below(2) == 0).unwrap();
}

/// Name, dialect and bytes of each file.
fn files() -> Vec<(&'static str, Dialect, Vec<u8>)> {
    let csv = Dialect::csv();
    let tab = csv.with_delimiter(b'\t').unwrap();
    vec![
        (
            "trips",
            csv,
            file(|id, numbers, line| trip(id, numbers, line, ",", "\"", "\n")),
        ),
        (
            "trips_crlf",
            csv,
            file(|id, numbers, line| trip(id, numbers, line, ",", "\"", "\r\n")),
        ),
        (
            "trips_unquoted",
            tab,
            file(|id, numbers, line| trip(id, numbers, line, "\t", "", "\n")),
        ),
        (
            "trips_tsv",
            Dialect::tsv(),
            file(|id, numbers, line| trip(id, numbers, line, "\t", "", "\n")),
        ),
        (
            "integers",
            csv,
            file(|id, numbers, line| {
                let (a, b) = (numbers.below(1000), numbers.below(10));
                writeln!(line, "{id},{a},{b},{a},{b},{b}").unwrap();
            }),
        ),
        (
            "quoted_text",
            csv,
            file(|id, numbers, line| {
                let words = "lorem ipsum, dolor ".repeat(1 + numbers.below(12) as usize);
                writeln!(line, "\"{id}\",\"{words}\",\"{words}\"").unwrap();
            }),
        ),
        (
            "doubled_quotes",
            csv,
            file(|id, _, line| {
                writeln!(line, "{id},\"she said \"\"no\"\", twice\",\"\"\"\"").unwrap();
            }),
        ),
        (
            "multi_line_text",
            csv,
            file(|id, numbers, line| {
                let words = "a line of text\nand ".repeat(numbers.below(4) as usize);
                writeln!(line, "{id},\"{words}\",x").unwrap();
            }),
        ),
    ]
}

/// Shapes of dialects that take a look at every byte.
fn odd_files() -> Vec<(&'static str, Dialect, Vec<u8>)> {
    let csv = Dialect::csv();
    let bars = csv.with_long_delimiter(b"||").unwrap();
    let commented = csv.with_comment(Some(b"#")).unwrap();
    let escaped = csv.with_escape(Some(b'\\')).unwrap();
    let spaced = csv.with_skip_initial_space(true).unwrap();
    vec![
        (
            "trips_long_delimiter",
            bars,
            file(|id, numbers, line| trip(id, numbers, line, "||", "\"", "\n")),
        ),
        (
            "trips_with_comments",
            commented,
            file(|id, numbers, line| {
                trip(id, numbers, line, ",", "\"", "\n");
                if id % 100 == 0 {
                    line.push_str("# 100 more\n");
                }
            }),
        ),
        (
            "trips_after_spaces",
            spaced,
            file(|id, numbers, line| trip(id, numbers, line, ", ", "\"", "\n")),
        ),
        (
            "escaped_quotes",
            escaped,
            file(|id, _, line| {
                writeln!(line, "{id},\"she said \\\"no\\\", twice\",\"\\\"\"").unwrap();
            }),
        ),
    ]
}

fn count(
    dialect: Dialect,
    file: &[u8],
    mut read: impl FnMut(&sluice_server::csv::RecordBatch),
) -> usize {
    let mut decoder = Decoder::new(dialect, Limits::default());
    let mut records = 0;
    let mut take = |batch: &sluice_server::csv::RecordBatch| {
        records += batch.len();
        read(batch);
    };
    for chunk in file.chunks(CHUNK_BYTES) {
        decoder.push(chunk);
        while let Some(batch) = decoder.next_batch().unwrap() {
            take(&batch);
            decoder.recycle(batch);
        }
    }
    while let Some(batch) = decoder.finish().unwrap() {
        take(&batch);
        decoder.recycle(batch);
    }
    records
}

/// Looks at every field, a column at a time.
fn read_columns(batch: &sluice_server::csv::RecordBatch) {
    for index in 0..batch.field_count().unwrap_or_default() {
        let bytes: usize = batch.column(index).map(|field| field.bytes.len()).sum();
        black_box(bytes);
    }
}

/// Number of records, which one byte of a delimiter is enough for.
fn count_with_crate(dialect: Dialect, file: &[u8]) -> usize {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(dialect.delimiter()[0])
        .quoting(dialect.quote().is_some())
        .escape(dialect.escape())
        .comment(dialect.comment().map(|comment| comment[0]))
        .flexible(true)
        .from_reader(file);
    let mut record = csv::ByteRecord::new();
    let mut records = 0;
    while reader.read_byte_record(&mut record).unwrap() {
        records += 1;
    }
    records
}

fn decode(criterion: &mut Criterion) {
    for (name, dialect, file) in files().into_iter().chain(odd_files()) {
        let mut group = criterion.benchmark_group(name);
        group
            .throughput(Throughput::Bytes(file.len() as u64))
            .sample_size(20);
        assert_eq!(
            count(dialect, &file, |_| ()),
            count_with_crate(dialect, &file),
            "{name}"
        );
        group.bench_function(BenchmarkId::from_parameter("cut"), |bencher| {
            bencher.iter(|| count(dialect, &file, |_| ()));
        });
        group.bench_function(
            BenchmarkId::from_parameter("cut_and_read_columns"),
            |bencher| {
                bencher.iter(|| count(dialect, &file, read_columns));
            },
        );
        group.bench_function(BenchmarkId::from_parameter("csv_crate"), |bencher| {
            bencher.iter(|| count_with_crate(dialect, &file));
        });
        group.finish();
    }
}

criterion_group!(benches, decode);
criterion_main!(benches);
