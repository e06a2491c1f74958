//! The cells that are read: picked by hand, and generated with a fixed seed.

mod picked;

use sluice_server::column::{Cell, DataType};

use super::generate::{self, Random};
use picked::picked;

/// A cell of a CSV file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) text: Vec<u8>,
    pub(super) quoted: bool,
}

impl Sample {
    /// Makes a cell that stands in quotes where CSV asks for it.
    fn new(text: impl Into<Vec<u8>>) -> Self {
        let text = text.into();
        let quoted = text.iter().any(|byte| b",\"\r\n".contains(byte));
        Self { text, quoted }
    }

    fn quoted(text: impl Into<Vec<u8>>) -> Self {
        let text = text.into();
        Self { text, quoted: true }
    }

    pub(super) fn cell(&self) -> Cell<'_> {
        Cell {
            bytes: &self.text,
            quoted: self.quoted,
        }
    }

    /// Writes the cell as it stands in the file.
    pub(super) fn write_csv(&self, file: &mut Vec<u8>) {
        if !self.quoted {
            file.extend_from_slice(&self.text);
            return;
        }
        file.push(b'"');
        for byte in &self.text {
            if *byte == b'"' {
                file.push(b'"');
            }
            file.push(*byte);
        }
        file.push(b'"');
    }

    /// The cell as it stands in the file, as text.
    pub(super) fn shown(&self) -> String {
        let mut file = Vec::new();
        self.write_csv(&mut file);
        String::from_utf8_lossy(&file).into_owned()
    }
}

/// Cells that are odd for every type.
const ODD: &[&str] = &[
    "\\N", "NULL", "null", "nan", "inf", " ", "-", "+", ".", "abc", "0x10", "1,5", "1 000",
    "1_000", "1e3", "1E-3", "1.0", " 1", "1 ", "\t1", "'1'", "+1", "-0", "007", "1;", "true", "é",
    "0\0", "1-", "--1", "+-1", "1..2",
];

/// All cells of a type, each one once.
pub(super) fn of(data_type: &DataType, count: usize) -> Vec<Sample> {
    let mut cells = vec![Sample::new(""), Sample::quoted("")];
    cells.extend(ODD.iter().map(|text| Sample::new(*text)));
    cells.push(Sample::quoted("1"));
    cells.push(Sample::quoted("\\N"));
    cells.extend(picked(data_type).iter().map(|text| Sample::new(*text)));
    let mut random = Random::new(data_type.to_string().len() as u64 * 7919 + 1);
    for _ in 0..count {
        let mut text = generate::value(data_type, &mut random);
        if random.one_in(6) {
            random.damage(&mut text);
        }
        let mut cell = Sample::new(text);
        cell.quoted |= random.one_in(8);
        cells.push(cell);
    }
    let mut seen = std::collections::HashSet::new();
    cells.retain(|cell| seen.insert((cell.text.clone(), cell.quoted)));
    cells
}
