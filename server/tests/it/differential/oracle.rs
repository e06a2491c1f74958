//! What ClickHouse's CSV reader and Sluice's builder make of cells, shown by ClickHouse as text.
//!
//! Values of text types are shown in hexadecimal digits, times with their second of UTC, members of an
//! Enum as their number.

use std::fmt::Write as _;

use sluice_server::column::{BlockBuilder, Cell, ColumnSpec, DataType, Limits, Reason};

use super::cells::Sample;
use crate::support::post;

/// Reads cells by `INSERT .. FORMAT CSV`: what is stored, or None for a cell that is refused.
pub(super) fn clickhouse(url: &str, data_type: &DataType, cells: &[Sample]) -> Vec<Option<String>> {
    let table = "differential_clickhouse";
    create(url, table, data_type);
    let rows: Vec<(usize, &Sample)> = cells.iter().enumerate().collect();
    insert_csv(url, table, &rows);
    stored(url, table, data_type, cells.len())
}

/// Inserts what can be read of some rows. A cell may fail the whole statement: it is found by halving.
fn insert_csv(url: &str, table: &str, rows: &[(usize, &Sample)]) {
    let mut file = Vec::new();
    for (row, cell) in rows {
        file.extend_from_slice(format!("{row},").as_bytes());
        cell.write_csv(&mut file);
        file.push(b'\n');
    }
    let statement = format!(
        "INSERT INTO {table} SETTINGS input_format_allow_errors_num=1000000, \
         input_format_parallel_parsing=0, \
         input_format_csv_deserialize_separate_columns_into_tuple=0 FORMAT CSV"
    );
    let is_inserted = insert(url, &statement, &file).is_ok();
    if !is_inserted && rows.len() > 1 {
        let (head, tail) = rows.split_at(rows.len() / 2);
        insert_csv(url, table, head);
        insert_csv(url, table, tail);
    }
}

/// Reads cells by the builder and stores those that fit by `INSERT .. FORMAT Native`.
pub(super) fn sluice(
    url: &str,
    data_type: &DataType,
    cells: &[Sample],
) -> Vec<Result<String, Reason>> {
    let mut reasons = vec![None; cells.len()];
    let mut column = builder(vec![("c", data_type.clone())]);
    let mut rest = cells.iter().map(Sample::cell);
    let mut row = 0;
    while let Err(bad) = column.column_mut(0).unwrap().append(&mut rest) {
        row += bad.row;
        reasons[row] = Some(bad.reason);
        row += 1;
    }
    let good = || (0..cells.len()).filter(|row| reasons[*row].is_none());
    let mut block = builder(vec![("id", DataType::UInt32), ("c", data_type.clone())]);
    let ids: Vec<String> = good().map(|row| row.to_string()).collect();
    let ids = ids.iter().map(|id| Cell::plain(id.as_bytes()));
    block.column_mut(0).unwrap().append(ids).unwrap();
    let fitting = good().map(|row| cells[row].cell());
    block.column_mut(1).unwrap().append(fitting).unwrap();
    let table = "differential_sluice";
    create(url, table, data_type);
    let block = block.take().unwrap().chunks.concat();
    insert(url, &format!("INSERT INTO {table} FORMAT Native"), &block).unwrap();
    let stored = stored(url, table, data_type, cells.len());
    let results = stored.into_iter().zip(reasons);
    results
        .map(|(stored, reason)| reason.map_or_else(|| Ok(stored.unwrap()), Err))
        .collect()
}

fn builder(columns: Vec<(&str, DataType)>) -> BlockBuilder {
    let spec = |(name, data_type): (&str, DataType)| ColumnSpec {
        name: name.to_owned(),
        data_type,
        has_default: false,
        empty_as_default: false,
        is_inferred: false,
    };
    let limits = Limits {
        max_rows: usize::MAX,
        max_bytes: usize::MAX,
    };
    BlockBuilder::new(
        columns.into_iter().map(spec).collect(),
        &sluice_server::column::zone::Zones::bundled("UTC"),
        limits,
    )
    .unwrap()
}

fn create(url: &str, table: &str, data_type: &DataType) {
    let create =
        format!("CREATE OR REPLACE TABLE {table} (id UInt32, c {data_type}) ENGINE = Memory");
    run(url, "", create.as_bytes()).unwrap();
}

fn insert(url: &str, statement: &str, data: &[u8]) -> Result<String, String> {
    let mut path = "async_insert=0&max_insert_threads=1&query=".to_owned();
    for byte in statement.bytes() {
        write!(path, "%{byte:02x}").unwrap();
    }
    run(url, &path, data)
}

/// Returns the value of each row.
fn stored(url: &str, table: &str, data_type: &DataType, row_count: usize) -> Vec<Option<String>> {
    let shown = match data_type.inner() {
        DataType::String | DataType::FixedString(_) => "hex(c)",
        DataType::DateTime(_) => "concat(toString(c), '@', toString(toInt64(c)))",
        DataType::DateTime64 { .. } => {
            "concat(toString(c), '@', toString(toInt64(toStartOfSecond(c))))"
        }
        // A number that is no member can be stored, and has no name.
        DataType::Enum8(_) | DataType::Enum16(_) => "toString(toInt16(c))",
        _ => "toString(c)",
    };
    let select = format!("SELECT id, ifNull(hex({shown}), 'null') FROM {table} FORMAT TSV");
    let mut values = vec![None; row_count];
    for line in run(url, "", select.as_bytes()).unwrap().lines() {
        let (row, value) = line.split_once('\t').unwrap();
        let value = match value {
            "null" => "NULL".to_owned(),
            hex => String::from_utf8_lossy(&bytes_of(hex)).into_owned(),
        };
        values[row.parse::<usize>().unwrap()] = Some(value);
    }
    values
}

/// Returns the bytes of hexadecimal digits.
pub(super) fn bytes_of(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.map(byte).collect()
}

/// Sends a request: the answer, or what is wrong.
fn run(url: &str, parameters: &str, body: &[u8]) -> Result<String, String> {
    match post(url, &format!("/?{parameters}"), body) {
        (200, answer) => Ok(answer),
        (_, answer) => Err(answer),
    }
}
