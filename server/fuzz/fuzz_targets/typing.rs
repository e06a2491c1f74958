//! Puts any cells into a column of any type: what is refused leaves no trace, and what is taken is a
//! block that can be read and formatted.
//!
//! After the choices come the type and the cells, a line each; a cell that begins with `"` counts as
//! quoted.

#![no_main]

use std::slice;

use libfuzzer_sys::fuzz_target;
use sluice_fuzz::Choices;
use sluice_server::column::{
    BlockBuilder, Cell, ColumnSpec, DataType, EncodedBlock, Limits,
    format::{CellSink, Formatter},
    reader::{self, Reader},
    rules::{CellRewriter, DateFormat, ExcelText, Thousands, ValueRules},
    zone::Zone,
};

/// Takes text and forgets it.
#[derive(Default)]
struct Sink {
    buffer: Vec<u8>,
    count: usize,
}

impl CellSink for Sink {
    fn null(&mut self) {
        self.count += 1;
    }

    fn text(&mut self, _bytes: &[u8]) {
        self.count += 1;
    }

    fn plain(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.buffer.clear();
        write(&mut self.buffer);
        assert!(!self.buffer.is_empty());
        self.count += 1;
    }

    fn joined(&mut self, _: usize, _: impl FnOnce(&mut Vec<u8>)) {
        panic!("no joint was given");
    }
}

fn rules(choices: &mut Choices<'_>) -> ValueRules {
    let words = |word: &str| vec![word.as_bytes().to_vec()];
    let format = choices.pick(&[
        None,
        Some("%d/%m/%Y"),
        Some("%m/%d/%y %I:%M %p"),
        Some("%s"),
    ]);
    let has_words = choices.flag();
    ValueRules {
        trim: choices.flag(),
        null_markers: if choices.flag() {
            words("NA")
        } else {
            Vec::new()
        },
        quoted_nulls: choices.flag(),
        decimal_comma: choices.flag().then(|| choices.flag()),
        thousands: choices
            .flag()
            .then(|| Thousands::ALL[usize::from(choices.flag())]),
        strip_units: choices.flag(),
        unit: choices.flag().then(|| b"%".to_vec()),
        list_separator: choices.flag().then(|| b";".to_vec()),
        excel_text: choices.flag().then_some(ExcelText::All),
        true_words: if has_words { words("ja") } else { Vec::new() },
        false_words: if has_words { words("nein") } else { Vec::new() },
        date_format: format.and_then(|format| DateFormat::parse(format).ok()),
        round: choices.flag(),
    }
}

/// Appends all cells, those after a bad one too, and counts the bad ones.
fn append<'a>(builder: &mut BlockBuilder, mut cells: impl Iterator<Item = Cell<'a>>) -> usize {
    let column = builder.column_mut(0).unwrap();
    let mut bad = 0;
    while column.append(&mut cells).is_err() {
        bad += 1;
    }
    bad
}

/// Reads and formats the block; one of containers is not read by the server.
fn check_block(block: &EncodedBlock, data_type: &DataType, zone: &Zone) {
    if data_type.is_container() {
        return;
    }
    let mut reader = Reader::new(reader::Limits::default());
    for chunk in &block.chunks {
        reader.push(chunk.clone());
    }
    let read = reader.next_block().unwrap().unwrap();
    assert_eq!(read.row_count, block.row_count);
    reader.finish().unwrap();
    let mut sink = Sink::default();
    for column in &read.columns {
        let mut formatter = Formatter::new(slice::from_ref(data_type), zone, None).unwrap();
        let rows = formatter.format(slice::from_ref(column), 0..read.row_count);
        for index in 0..read.row_count {
            rows.give(index, &mut sink);
        }
    }
    assert_eq!(sink.count, block.row_count);
}

fuzz_target!(|input: &[u8]| {
    let Some((mut choices, rest)) = Choices::split(input) else {
        return;
    };
    let mut lines = rest.split(|&byte| byte == b'\n');
    let type_text = String::from_utf8_lossy(lines.next().unwrap_or_default());
    let Ok(data_type) = DataType::parse(&type_text) else {
        return;
    };
    let again = DataType::parse(&data_type.to_string());
    assert_eq!(
        again.as_ref(),
        Ok(&data_type),
        "the type is written as it is read"
    );
    let cells: Vec<Cell<'_>> = lines
        .map(|line| match line.strip_prefix(b"\"") {
            Some(quoted) => Cell::quoted(quoted),
            None => Cell::plain(line),
        })
        .collect();
    let spec = ColumnSpec {
        name: "c".to_owned(),
        data_type: data_type.clone(),
        has_default: choices.flag(),
        empty_as_default: choices.flag(),
        is_inferred: false,
    };
    let rules = rules(&mut choices);
    let limits = Limits {
        max_rows: 1000,
        max_bytes: 1 << 20,
    };
    let zone_name = choices.pick(&["UTC", "Europe/Paris", "Asia/Kathmandu"]);
    let has_rule = spec.has_default;
    let wire_type = spec.wire_type();
    let Ok(mut builder) = BlockBuilder::new(vec![spec], zone_name, limits) else {
        return;
    };
    let mark = builder.mark();
    let mut bad = 0;
    for round in 0..2 {
        bad = match CellRewriter::new(&rules, &data_type) {
            Some(mut rewriter) => append(&mut builder, rewriter.rewrite(cells.iter().copied())),
            None => append(&mut builder, cells.iter().copied()),
        };
        assert_eq!(builder.row_count() + bad, cells.len());
        if round == 0 {
            builder.rollback(&mark);
            assert!(builder.is_empty());
        }
    }
    let block = builder.take().unwrap();
    assert_eq!(block.row_count + bad, cells.len());
    let zone = Zone::named(zone_name).unwrap();
    let shown = if has_rule { &wire_type } else { &data_type };
    check_block(&block, shown, &zone);
});
