//! Measures how fast fields are written, against the `csv` crate.
//!
//! Run with `cargo bench --bench encode`. Throughput is in bytes of the file that is written. The
//! fields exist before, so the cost of formatting numbers is not in it.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sluice_server::csv::{Decoder, Dialect, Encoder, Limits};

const RECORDS: usize = 100_000;
/// How much piles up before it is taken, as for a message of an export.
const MESSAGE_BYTES: usize = 1 << 20;

/// Name, one record as it is written, and how many of its first fields are plain.
const SHAPES: [(&str, &str, usize); 4] = [
    (
        "trips",
        "1000001,2024-05-17 12:34:11,2024-05-17 13:34:57,2,17.25,-73.985130,40.748817,52.60,3.5,\
         credit,\"Long Island City, Queens\",Jamaica Bay,false",
        9,
    ),
    ("integers", "1000001,512,7,-512,7,0", 6),
    (
        "short_text",
        "alpha,beta,gamma delta,epsilon,zeta eta theta",
        0,
    ),
    (
        "long_text",
        "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt \
         ut labore et dolore magna aliqua,\"she said \"\"no\"\" twice, then left without another \
         word about it\"",
        0,
    ),
];

fn fields(record: &str) -> Vec<Vec<u8>> {
    let mut decoder = Decoder::new(Dialect::csv().with_header(false), Limits::default());
    decoder.push(record.as_bytes());
    let batch = decoder.finish().unwrap().unwrap();
    batch
        .record(0)
        .fields()
        .map(|field| field.bytes.to_vec())
        .collect()
}

fn write(dialect: Dialect, fields: &[Vec<u8>], plain: usize) -> usize {
    let mut encoder = Encoder::new(dialect);
    let mut written = 0;
    let (plain, text) = fields.split_at(plain);
    for _ in 0..RECORDS {
        for field in plain {
            encoder
                .plain(|output| output.extend_from_slice(field))
                .unwrap();
        }
        for field in text {
            encoder.text(field).unwrap();
        }
        encoder.end_record().unwrap();
        if encoder.len() >= MESSAGE_BYTES {
            written += encoder.take().len();
        }
    }
    written + encoder.take().len()
}

fn write_with_crate(fields: &[Vec<u8>]) -> usize {
    let mut writer = csv::Writer::from_writer(Vec::with_capacity(MESSAGE_BYTES));
    let mut written = 0;
    for _ in 0..RECORDS {
        for field in fields {
            writer.write_field(field).unwrap();
        }
        writer.write_record(None::<&[u8]>).unwrap();
        if writer.get_ref().len() >= MESSAGE_BYTES {
            let output = writer.into_inner().unwrap();
            written += output.len();
            writer = csv::Writer::from_writer(Vec::with_capacity(MESSAGE_BYTES));
        }
    }
    written + writer.into_inner().unwrap().len()
}

fn encode(criterion: &mut Criterion) {
    for (name, record, plain) in SHAPES {
        let fields = fields(record);
        let mut group = criterion.benchmark_group(name);
        let bytes = write(Dialect::csv(), &fields, plain);
        assert_eq!(bytes, write_with_crate(&fields), "{name}");
        group
            .throughput(Throughput::Bytes(bytes as u64))
            .sample_size(20);
        group.bench_function(BenchmarkId::from_parameter("csv"), |bencher| {
            bencher.iter(|| write(Dialect::csv(), &fields, plain));
        });
        group.bench_function(BenchmarkId::from_parameter("tsv"), |bencher| {
            bencher.iter(|| write(Dialect::tsv(), &fields, plain));
        });
        group.bench_function(BenchmarkId::from_parameter("csv_crate"), |bencher| {
            bencher.iter(|| write_with_crate(&fields));
        });
        group.finish();
    }
}

criterion_group!(benches, encode);
criterion_main!(benches);
