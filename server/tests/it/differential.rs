//! How Sluice and ClickHouse's own CSV reader read the same cells, type by type.
//!
//! Thousands of cells of every type, at the ends of its range, odd or hostile, are read by both. The
//! parts: `cells` makes them, `oracle` asks both sides, `meaning` says independently of both what a
//! text means, `verdict` judges, `report` writes what differs to `tests/data/differences.md`.
//!
//! `UPDATE_EXPECTED=1` rewrites that file; without it the test fails when the file would change.

mod cells;
mod generate;
mod meaning;
mod oracle;
mod report;
mod verdict;

use std::{env, fs, path::Path};

use sluice_server::column::DataType;

use crate::support;
use report::Report;
use verdict::Verdict;

/// Every scalar type, and some containers.
const TYPES: &[&str] = &[
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "Int128",
    "Int256",
    "UInt8",
    "UInt16",
    "UInt32",
    "UInt64",
    "UInt128",
    "UInt256",
    "Float32",
    "Float64",
    "BFloat16",
    "Decimal(9, 2)",
    "Decimal(18, 18)",
    "Decimal(38, 10)",
    "Decimal(76, 30)",
    "Decimal(9, 0)",
    "Bool",
    "String",
    "FixedString(5)",
    "UUID",
    "IPv4",
    "IPv6",
    "Date",
    "Date32",
    "DateTime('UTC')",
    "DateTime('Europe/Paris')",
    "DateTime64(0, 'UTC')",
    "DateTime64(3, 'Europe/Paris')",
    "DateTime64(9, 'UTC')",
    "Time",
    "Time64(3)",
    "Enum8('a' = -128, 'b c' = 1, '' = 2, '3' = 127)",
    "Enum16('x' = -32768, 'y' = 300)",
    "Nullable(Int32)",
    "Nullable(String)",
    "Nullable(DateTime('UTC'))",
    "LowCardinality(String)",
    "LowCardinality(Nullable(String))",
    "Array(Int32)",
    "Array(Nullable(String))",
    "Array(LowCardinality(Nullable(String)))",
    "Array(Array(Date))",
    "Array(Decimal(9, 2))",
    "Map(String, UInt8)",
    "Map(LowCardinality(String), Array(Nullable(Int32)))",
    "Tuple(Int32, Nullable(String))",
    "Tuple(a Float64, b Array(Bool))",
];

/// The generated cells of each type, beside those picked by hand.
const GENERATED_CELLS: usize = 4_000;

#[tokio::test(flavor = "multi_thread")]
async fn sluice_reads_what_clickhouse_reads_exactly_and_refuses_what_it_changes() {
    let url = support::engine_url().await;
    let mut report = Report::default();
    let mut failures = Vec::new();
    for text in TYPES {
        let data_type = DataType::parse(text).unwrap();
        let cells = cells::of(&data_type, GENERATED_CELLS);
        let by_clickhouse = oracle::clickhouse(&url, &data_type, &cells);
        let by_sluice = oracle::sluice(&url, &data_type, &cells);
        for ((cell, theirs), ours) in cells.iter().zip(by_clickhouse).zip(by_sluice) {
            match verdict::judge(&data_type, cell, theirs.as_deref(), &ours) {
                Verdict::Agree => report.count(text, None),
                Verdict::Differ(difference) => report.count(text, Some(difference)),
                Verdict::Fault(fault) => failures.push(format!(
                    "{text} {}: {fault}; ClickHouse {theirs:?}, Sluice {ours:?}",
                    cell.shown()
                )),
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} faults:\n{}",
        failures.len(),
        failures[..failures.len().min(60)].join("\n")
    );
    compare(&report.to_markdown());
}

fn compare(found: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/differences.md");
    if env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&file, found).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    let mut lines = expected.lines().zip(found.lines());
    let first = lines.find(|(expected, found)| expected != found);
    assert!(
        expected == found,
        "{} is not what was found (UPDATE_EXPECTED=1 rewrites it); first: {first:?}",
        file.display()
    );
}
