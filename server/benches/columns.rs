//! How fast cells become the values of a block: the trips row, and columns of one type.
//!
//! `cargo bench --bench columns` runs it; the throughput is in bytes of CSV: the cells, a separator
//! for each, and the quotes. It must never touch the network.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sluice_server::column::{BlockBuilder, Cell, ColumnSpec, DataType, Limits};

/// The rows of a batch: about one MiB of trips.
const ROW_COUNT: usize = 8_960;

/// The columns of the trips file.
const TRIPS: [(&str, &str); 13] = [
    ("trip_id", "UInt64"),
    ("pickup", "DateTime"),
    ("dropoff", "DateTime"),
    ("pickup_longitude", "Float64"),
    ("pickup_latitude", "Float64"),
    ("passengers", "Nullable(UInt8)"),
    ("distance", "Float32"),
    ("fare", "Decimal(10, 2)"),
    ("tip", "Decimal(10, 2)"),
    (
        "payment",
        "Enum8('cash' = 1, 'credit' = 2, 'no charge' = 3, 'dispute' = 4)",
    ),
    ("zone", "LowCardinality(String)"),
    ("note", "String"),
    ("vendor", "UInt8"),
];

/// One value of each type that has a loop of its own.
const FAMILIES: [(&str, &[&str]); 22] = [
    ("UInt8", &["7", "42", "255"]),
    (
        "UInt64",
        &["1", "48213", "987654321", "18446744073709551615"],
    ),
    ("Int64", &["-1", "48213", "-987654321", "1234567890123"]),
    (
        "Int128",
        &["170141183460469231731687303715884105727", "-12"],
    ),
    (
        "Int256",
        &["170141183460469231731687303715884105727", "-12"],
    ),
    ("Float32", &["1.5", "12.25", "0.1"]),
    (
        "Float64",
        &["-73.981234", "40.758", "1e-5", "0.30000000000000004"],
    ),
    ("Decimal(9, 2)", &["12.50", "0.99", "1234.5"]),
    ("Decimal(18, 6)", &["12.500001", "0.99", "123456789012.5"]),
    (
        "Decimal(38, 10)",
        &["12.5000012345", "0.99", "123456789012.5"],
    ),
    ("Bool", &["true", "false", "1", "0"]),
    ("String", &["", "abc", "Upper East Side, Manhattan", "żółć"]),
    ("FixedString(8)", &["abc", "12345678"]),
    ("UUID", &["6d0ddcfc-5393-44a0-9b3f-73512f0fba05"]),
    ("IPv4", &["192.168.0.1", "8.8.8.8"]),
    ("IPv6", &["2001:db8::1", "fe80::1ff:fe23:4567:890a"]),
    ("Date", &["2024-02-29", "1999-12-31"]),
    ("DateTime", &["2024-02-29 23:59:59", "1999-12-31T00:00:00"]),
    (
        "DateTime('Europe/Paris')",
        &["2024-02-29 23:59:59", "1999-12-31 00:00:00"],
    ),
    (
        "DateTime64(6)",
        &["2024-02-29 23:59:59.123456", "1999-12-31 00:00:00.5"],
    ),
    ("Time64(3)", &["12:30:00.250", "-100:00:00"]),
    ("Nullable(Int32)", &["", "48213", "-7"]),
];

/// The cells of a file, in the order of rows.
#[derive(Default)]
struct Table {
    text: Vec<u8>,
    /// Where each cell begins, and whether it is in quotes.
    cells: Vec<(usize, usize, bool)>,
    column_count: usize,
}

impl Table {
    fn push(&mut self, text: &str) {
        let start = self.text.len();
        self.text.extend_from_slice(text.as_bytes());
        self.cells
            .push((start, self.text.len(), text.contains(',')));
    }

    fn column(&self, index: usize) -> impl Iterator<Item = Cell<'_>> {
        self.cells
            .iter()
            .skip(index)
            .step_by(self.column_count)
            .map(|(start, end, quoted)| Cell {
                bytes: self.text.get(*start..*end).unwrap_or_default(),
                quoted: *quoted,
            })
    }

    fn csv_bytes(&self) -> u64 {
        let quotes = self.cells.iter().filter(|(_, _, quoted)| *quoted).count() * 2;
        (self.text.len() + self.cells.len() + quotes) as u64
    }
}

/// A generator of numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn date_time(numbers: &mut Numbers) -> String {
    let date = (
        2_009 + numbers.below(15),
        1 + numbers.below(12),
        1 + numbers.below(28),
    );
    let time = (numbers.below(24), numbers.below(60), numbers.below(60));
    let date = format!("{:04}-{:02}-{:02}", date.0, date.1, date.2);
    format!("{date} {:02}:{:02}:{:02}", time.0, time.1, time.2)
}

fn money(numbers: &mut Numbers, limit: u64) -> String {
    format!("{}.{:02}", numbers.below(limit), numbers.below(100))
}

fn trips() -> Table {
    const PAYMENTS: [&str; 4] = ["cash", "credit", "no charge", "dispute"];
    const ZONES: [&str; 5] = [
        "Midtown",
        "Harlem",
        "JFK Airport",
        "SoHo",
        "Upper East Side",
    ];
    const NOTES: [&str; 4] = ["", "ok", "paid, with receipt", "left bag, called back"];
    let mut numbers = Numbers(42);
    let mut table = Table {
        column_count: TRIPS.len(),
        ..Table::default()
    };
    for row in 0..ROW_COUNT {
        table.push(&format!("{}", 1_000_000_000 + row * 37));
        table.push(&date_time(&mut numbers));
        table.push(&date_time(&mut numbers));
        table.push(&format!("-73.{:06}", numbers.below(1_000_000)));
        table.push(&format!("40.{:06}", numbers.below(1_000_000)));
        let passengers = numbers.below(7);
        table.push(&if passengers == 0 {
            String::new()
        } else {
            passengers.to_string()
        });
        table.push(&money(&mut numbers, 30));
        table.push(&money(&mut numbers, 200));
        table.push(&money(&mut numbers, 10));
        table.push(PAYMENTS[row % 4]);
        table.push(ZONES[(row / 3) % 5]);
        table.push(NOTES[(row / 7) % 4]);
        table.push(&numbers.below(3).to_string());
    }
    table
}

fn builder(columns: &[(&str, &str)]) -> BlockBuilder {
    let specs = columns
        .iter()
        .map(|(name, data_type)| ColumnSpec {
            name: (*name).to_owned(),
            data_type: DataType::parse(data_type).unwrap(),
            has_default: false,
            empty_as_default: false,
            is_inferred: false,
        })
        .collect();
    let limits = Limits {
        max_rows: 1_000_000,
        max_bytes: 64 << 20,
    };
    BlockBuilder::new(
        specs,
        &sluice_server::column::zone::Zones::bundled("UTC"),
        limits,
    )
    .unwrap()
}

fn fill(builder: &mut BlockBuilder, table: &Table) {
    for (index, column) in builder.columns_mut().iter_mut().enumerate() {
        column.append(table.column(index)).unwrap();
    }
}

fn trips_row(criterion: &mut Criterion) {
    let table = trips();
    let mut group = criterion.benchmark_group("trips");
    group.throughput(Throughput::Bytes(table.csv_bytes()));
    group.bench_function("append and take", |bencher| {
        let mut builder = builder(&TRIPS);
        bencher.iter(|| {
            fill(&mut builder, black_box(&table));
            builder.take().unwrap()
        });
    });
    for (index, column) in TRIPS.iter().enumerate() {
        group.bench_function(column.0, |bencher| {
            let mut builder = builder(&[*column]);
            bencher.iter(|| {
                builder.clear();
                let column = builder.column_mut(0).unwrap();
                column.append(black_box(&table).column(index)).unwrap();
            });
        });
    }
    group.finish();
}

fn families(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("type");
    for (data_type, values) in FAMILIES {
        let mut table = Table {
            column_count: 1,
            ..Table::default()
        };
        let mut numbers = Numbers(7);
        for _ in 0..ROW_COUNT {
            let index = numbers.below(values.len() as u64);
            table.push(values[usize::try_from(index).unwrap()]);
        }
        group.throughput(Throughput::Bytes(table.csv_bytes()));
        group.bench_function(data_type, |bencher| {
            bencher.iter_batched_ref(
                || builder(&[("value", data_type)]),
                |builder| fill(builder, black_box(&table)),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(std::time::Duration::from_millis(300))
        .measurement_time(std::time::Duration::from_millis(700));
    targets = trips_row, families
}
criterion_main!(benches);
