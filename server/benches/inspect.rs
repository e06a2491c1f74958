//! What it costs to find out how a file is read: its dialect, its encoding, its columns.
//!
//! `cargo bench --bench inspect` runs it on the first MiB of shapes that differ; each upload pays it
//! once. It must never touch the network.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::{fmt::Write as _, hint::black_box};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sluice_server::{
    codec::detect_encoding,
    column::{Cell, infer::ColumnSample},
    csv::{
        Decoder, Dialect, Limits, RecordBatch,
        sniff::{Hints, sniff},
    },
};

/// The text that an upload looks at.
const SAMPLE_BYTES: usize = 1 << 20;

/// Rows of a clean table with types of many kinds.
fn clean() -> Vec<u8> {
    rows("id,day,time,x,y,name,note\n", |row, text| {
        let (day, x) = (row % 28 + 1, row * 7919 % 10_007);
        writeln!(
            text,
            "{row},2024-01-{day:02},2024-01-{day:02} 12:{:02}:00,{}.{x:04},-0.5,name {x},\"a, b\"",
            row % 60,
            x % 90,
        )
    })
}

/// Semicolons, decimal commas, dates with the day first, notes before the header.
fn european() -> Vec<u8> {
    rows("Export\n\nNr;Datum;Betrag;Ort\n", |row, text| {
        let day = row % 28 + 1;
        writeln!(
            text,
            "{row};{day:02}.03.2024;{},{:02};Köln",
            row % 900,
            row % 100
        )
    })
}

/// Prose with every delimiter in it, in one column.
fn prose() -> Vec<u8> {
    rows("text\n", |row, text| {
        writeln!(
            text,
            "On line {row}: he said, \"well; 5|6\" - see http://a.b/c?d=e, or not"
        )
    })
}

/// One long line of marks.
fn hostile() -> Vec<u8> {
    b"\",;|\t:' "
        .iter()
        .copied()
        .cycle()
        .take(SAMPLE_BYTES)
        .collect()
}

fn rows(header: &str, write: impl Fn(usize, &mut String) -> std::fmt::Result) -> Vec<u8> {
    let mut text = String::from(header);
    let mut row = 0;
    while text.len() < SAMPLE_BYTES {
        write(row, &mut text).unwrap();
        row += 1;
    }
    text.into_bytes()
}

fn dialect(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sniff");
    group.sample_size(20);
    let shapes = [
        ("clean", clean()),
        ("european", european()),
        ("prose", prose()),
        ("hostile", hostile()),
    ];
    for (name, sample) in shapes {
        group.throughput(Throughput::Bytes(sample.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| sniff(black_box(&sample), false, &Hints::default()));
        });
    }
    group.finish();
}

fn encoding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encoding");
    let sample = european();
    group.throughput(Throughput::Bytes(sample.len() as u64));
    group.bench_function("european", |bencher| {
        bencher.iter(|| detect_encoding(black_box(&sample), false));
    });
    group.finish();
}

fn batches(text: &[u8], dialect: Dialect) -> Vec<RecordBatch> {
    let mut decoder = Decoder::new(dialect, Limits::default());
    decoder.push(text);
    std::iter::from_fn(|| decoder.finish().unwrap()).collect()
}

fn types(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("infer");
    let semicolon = Dialect::csv().with_delimiter(b';').unwrap();
    let semicolon = semicolon.with_skip_lines(2).unwrap();
    for (name, text, dialect) in [
        ("clean", clean(), Dialect::csv()),
        ("european", european(), semicolon),
    ] {
        let batches = batches(&text, dialect);
        let columns = batches[0].field_count().unwrap();
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut samples = vec![ColumnSample::default(); columns];
                for (index, sample) in samples.iter_mut().enumerate() {
                    for field in batches.iter().flat_map(|batch| batch.column(index)) {
                        sample.observe(Cell {
                            bytes: field.bytes,
                            quoted: field.quoted,
                        });
                    }
                }
                samples
                    .iter()
                    .map(|sample| sample.infer(false))
                    .collect::<Vec<_>>()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, dialect, encoding, types);
criterion_main!(benches);
