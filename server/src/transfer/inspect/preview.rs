//! The first rows of a file, each value as the type that was found for its column reads it.
//!
//! Part of `transfer::inspect`. It must never show a text that the load would not understand so.

use super::{super::plan::Plan, Head, InspectRequest, Result, Typer, reading};
use crate::column::{
    ColumnSpec, DataType, EncodedBlock,
    format::{CellSink, Formatter},
    reader::{self, Reader},
    zone::Zones,
};

/// The most bytes of a cell that are shown.
const MAX_CELL_BYTES: usize = 4096;

/// The first rows; records that do not fit the types are left out.
pub(super) fn rows(
    head: &Head,
    request: &InspectRequest,
    zones: &Zones,
) -> Result<Vec<Vec<Option<String>>>> {
    let columns = head.profile.columns.iter();
    let specs: Vec<_> = columns
        .map(|column| ColumnSpec {
            name: column.name.name.clone(),
            // How a value is stored makes no difference to what it is.
            data_type: column.inferred.data_type.wire_type(),
            has_default: false,
            empty_as_default: false,
            is_inferred: false,
        })
        .collect();
    if specs.is_empty() {
        return Ok(Vec::new());
    }
    let plan = Plan {
        fields: (0..specs.len()).collect(),
        matches: Vec::new(),
        reject_reason: None,
        specs,
    };
    let types: Vec<_> = plan
        .specs
        .iter()
        .map(|spec| spec.data_type.clone())
        .collect();
    let mut typer = Typer::new(&plan, reading(head, request, zones))?;
    let mut rows = Vec::new();
    for (batch, _) in &head.first_batches {
        if rows.len() >= request.row_count {
            break;
        }
        typer.append(batch)?;
        let left = request.row_count - rows.len();
        rows.extend(read_back(&typer.take()?, &types, zones, left)?);
    }
    Ok(rows)
}

/// Reads a block as an export does.
pub(in crate::transfer) fn read_back(
    block: &EncodedBlock,
    types: &[DataType],
    zones: &Zones,
    row_count: usize,
) -> Result<Vec<Vec<Option<String>>>> {
    let mut reader = Reader::new(reader::Limits {
        max_block_bytes: usize::MAX,
    });
    for chunk in &block.chunks {
        reader.push(chunk.clone());
    }
    let Some(block) = reader.next_block()? else {
        return Ok(Vec::new());
    };
    let mut formatter = Formatter::new(types, zones, None)?;
    let row_count = block.row_count.min(row_count);
    let rows = formatter.format(&block.columns, 0..row_count);
    let rows = (0..row_count).map(|row| {
        let mut cells = Cells(Vec::with_capacity(types.len()));
        rows.give(row, &mut cells);
        cells.0
    });
    Ok(rows.collect())
}

/// The cells of a row as text.
struct Cells(Vec<Option<String>>);

impl CellSink for Cells {
    fn null(&mut self) {
        self.0.push(None);
    }

    fn text(&mut self, bytes: &[u8]) {
        let shown = bytes.get(..MAX_CELL_BYTES).unwrap_or(bytes);
        self.0
            .push(Some(String::from_utf8_lossy(shown).into_owned()));
    }

    fn plain(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut text = Vec::new();
        write(&mut text);
        self.text(&text);
    }

    fn joined(&mut self, _: usize, _: impl FnOnce(&mut Vec<u8>)) {}
}
