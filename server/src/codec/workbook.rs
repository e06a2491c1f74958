//! Workbooks of offices: the rows of one sheet as CSV.
//!
//! Driven by the unpacker. It must never choose in silence what is read, nor take what a cell looks like for
//! what is in it.
//!
//! How this works: a workbook is an archive whose directory stands at its end, so that it is kept until it has come
//! whole. Its sheet is then read twice, as a stream both times: first to see what there is (how many columns, what
//! is hidden, merged or at fault), then for its rows. What is in memory is the archive, its shared texts and one row.
//!
//! Each row of the sheet is one line of text, from row 1 on, so that numbers of lines are those of rows. Texts stand in
//! quotes, and nothing else does.

mod archive;
mod area;
mod ods;
mod rows;
mod survey;
mod value;
mod xlsx;
mod xml;

use std::fmt;

use bytes::Bytes;

use super::{Error, Foreign, Limits, Result};
use archive::Archive;
pub use area::{Area, NoArea};
use rows::Rows;
use survey::Survey;
use value::Value;

/// The most columns and rows that a sheet has.
const MAX_COLUMNS: u32 = 16_384;
const MAX_ROWS: u32 = 1_048_576;

/// Which part of a workbook is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The sheet, by its name or its number from 1. None: the first one that is visible.
    pub sheet: Option<String>,
    /// The cells. None: all that are not empty.
    pub range: Option<Area>,
}

impl Selection {
    /// Whether anything is chosen.
    pub const fn is_given(&self) -> bool {
        self.sheet.is_some() || self.range.is_some()
    }
}

/// A sheet of a workbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Its name.
    pub name: String,
    /// Whether it is not shown.
    pub is_hidden: bool,
}

/// What is known of a workbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workbook {
    /// Its family: `xlsx` or `ods`.
    pub kind: &'static str,
    /// Its sheets, in their order.
    pub sheets: Vec<Sheet>,
    /// The one that is read, from 0.
    pub taken: usize,
    /// Whether the caller has chosen it, and its cells.
    pub is_sheet_given: bool,
    /// See there.
    pub is_range_given: bool,
    /// Its cells that are read; none when it is empty.
    pub area: Option<Area>,
    /// What a person should know of how it is read, or of what is left out.
    pub notes: Vec<String>,
}

impl Workbook {
    /// The name of the sheet that is read.
    pub fn sheet_name(&self) -> &str {
        self.sheets
            .get(self.taken)
            .map_or("", |sheet| sheet.name.as_str())
    }
}

/// One step through the cells of a sheet.
#[derive(Debug)]
enum Step {
    /// A row begins; so many of them are the same.
    Row {
        row: u32,
        count: u32,
        is_hidden: bool,
    },
    /// A cell of that row; so many of them, side by side, are the same.
    Cell {
        column: u32,
        count: u32,
        value: Value,
    },
    HiddenColumns {
        first: u32,
        last: u32,
    },
    /// Cells that look like one.
    Merged(Area),
    /// Nothing that matters.
    Other,
    End,
}

/// A stream of the cells of a sheet, row by row.
trait Cells: fmt::Debug + Send + Sync {
    fn next(&mut self) -> Result<Step>;
}

/// The parts of a workbook, by its family.
#[derive(Debug)]
enum Package {
    Xlsx(xlsx::Package),
    Ods(ods::Package),
}

impl Package {
    fn open(archive: &mut Archive) -> Result<Self> {
        if ods::Package::is_in(archive)? {
            return Ok(Self::Ods(ods::Package::open(archive)?));
        }
        Ok(Self::Xlsx(xlsx::Package::open(archive)?))
    }

    fn sheets(&self) -> Vec<Sheet> {
        match self {
            Self::Xlsx(package) => package.sheets(),
            Self::Ods(package) => package.sheets(),
        }
    }

    fn cells(&self, archive: &mut Archive, sheet: usize) -> Result<Box<dyn Cells>> {
        Ok(match self {
            Self::Xlsx(package) => Box::new(package.cells(archive, sheet)?),
            Self::Ods(package) => Box::new(package.cells(archive, sheet)?),
        })
    }
}

/// Keeps a workbook until it is whole, and gives the text of its sheet then.
#[derive(Debug)]
pub(super) struct Reading {
    limits: Limits,
    selection: Selection,
    kept: Vec<u8>,
    opened: Option<(Workbook, Rows)>,
}

impl Reading {
    pub(super) const fn new(limits: Limits, selection: Selection) -> Self {
        Self {
            limits,
            selection,
            kept: Vec::new(),
            opened: None,
        }
    }

    /// Takes more of the file.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<()> {
        let limit = self.limits.max_workbook_bytes;
        if bytes.len() > limit - self.kept.len().min(limit) {
            self.kept = Vec::new();
            return Err(Error::WorkbookTooLarge {
                limit: limit as u64,
            });
        }
        self.kept.extend_from_slice(bytes);
        Ok(())
    }

    /// What is known of the workbook, once it is whole and was looked at.
    pub(super) fn found(&self) -> Option<&Workbook> {
        self.opened.as_ref().map(|(found, _)| found)
    }

    /// Looks at the workbook, which is whole.
    pub(super) fn open(&mut self) -> Result<()> {
        if self.opened.is_none() {
            let bytes = Bytes::from(std::mem::take(&mut self.kept));
            self.opened = Some(open(bytes, &self.limits, &self.selection)?);
        }
        Ok(())
    }

    /// The next piece of text of the file, which is whole; none after the last.
    pub(super) fn next_piece(&mut self) -> Result<Option<Bytes>> {
        self.open()?;
        let Some((_, rows)) = &mut self.opened else {
            return Ok(None);
        };
        rows.next_piece(self.limits.piece_bytes)
    }
}

/// Looks at a workbook, and begins to read its sheet.
fn open(bytes: Bytes, limits: &Limits, selection: &Selection) -> Result<(Workbook, Rows)> {
    let mut archive = Archive::open(bytes, limits)?;
    let package = Package::open(&mut archive)?;
    let sheets = package.sheets();
    let taken = choose(&sheets, selection)?;
    let range = selection.range;
    let survey = Survey::of(&mut *package.cells(&mut archive, taken)?, range)?;
    if let Some((row, column)) = survey.first_missing {
        return Err(Error::FormulaWithoutValue {
            cell: area::cell_name(row, column),
            sheet: sheets
                .get(taken)
                .map(|sheet| sheet.name.clone())
                .unwrap_or_default(),
        });
    }
    let mut others = Vec::new();
    if selection.sheet.is_none() {
        for (index, sheet) in sheets.iter().enumerate() {
            if index != taken
                && !sheet.is_hidden
                && survey::has_content(&mut *package.cells(&mut archive, index)?)?
            {
                others.push(sheet.name.as_str());
            }
        }
    }
    let mut notes = notes_of_sheets(&sheets, taken, &others);
    notes.extend(survey.notes());
    let rows = Rows::new(package.cells(&mut archive, taken)?, survey.area);
    let found = Workbook {
        kind: match package {
            Package::Xlsx(_) => "xlsx",
            Package::Ods(_) => "ods",
        },
        area: survey.area,
        is_sheet_given: selection.sheet.is_some(),
        is_range_given: selection.range.is_some(),
        sheets,
        taken,
        notes,
    };
    Ok((found, rows))
}

/// The sheet that is read: the one with the name, the one with the number, or the first visible one.
fn choose(sheets: &[Sheet], selection: &Selection) -> Result<usize> {
    let Some(wanted) = &selection.sheet else {
        let visible = sheets.iter().position(|sheet| !sheet.is_hidden);
        return visible.ok_or_else(|| no_such_sheet("", sheets));
    };
    let named = sheets.iter().position(|sheet| sheet.name == *wanted);
    let numbered = || {
        let number = wanted.parse::<usize>().ok()?;
        number.checked_sub(1).filter(|index| *index < sheets.len())
    };
    named
        .or_else(numbered)
        .ok_or_else(|| no_such_sheet(wanted, sheets))
}

fn no_such_sheet(wanted: &str, sheets: &[Sheet]) -> Error {
    Error::NoSuchSheet {
        sheet: wanted.to_owned(),
        sheets: names(sheets.iter().map(|sheet| sheet.name.as_str())),
    }
}

/// The most names that are shown.
const MAX_NAMES: usize = 20;

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<_> = names
        .take(MAX_NAMES)
        .map(|name| format!("`{name}`"))
        .collect();
    quoted.join(", ")
}

fn notes_of_sheets(sheets: &[Sheet], taken: usize, others: &[&str]) -> Vec<String> {
    let mut notes = Vec::new();
    if !others.is_empty() {
        notes.push(format!(
            "only the first visible sheet is read; not read: {} (choose with --sheet)",
            names(others.iter().copied())
        ));
    }
    let is_other = |(index, sheet): &(usize, &Sheet)| *index != taken && sheet.is_hidden;
    let hidden: Vec<_> = sheets.iter().enumerate().filter(is_other).collect();
    if !hidden.is_empty() {
        notes.push(format!(
            "hidden sheets are not read: {}",
            names(hidden.iter().map(|(_, sheet)| sheet.name.as_str()))
        ));
    }
    if sheets.get(taken).is_some_and(|sheet| sheet.is_hidden) {
        notes.push("the sheet that is read is hidden".to_owned());
    }
    notes
}

/// What the archive of an office document has first: of Office Open XML, and of `OpenDocument`.
const OFFICE_FIRST: [&str; 4] = ["[Content_Types].xml", "_rels/", "docProps/", "xl/"];
const OPEN_DOCUMENT_FIRST: &str = "mimetype";

/// Whether the name of the first file of an archive is that of an office document.
pub(super) fn is_office(name: &str) -> bool {
    let mut firsts = OFFICE_FIRST.iter();
    firsts.any(|first| name.starts_with(first)) || name.starts_with(OPEN_DOCUMENT_FIRST)
}

/// Whether a file begins as a workbook does: as an archive with what an office document has first.
pub(super) fn is_workbook(prefix: &[u8]) -> bool {
    /// The bytes of a header before the name.
    const HEADER_BYTES: usize = 30;
    /// What the file of that name holds, which is not packed.
    const OPEN_DOCUMENT: &[u8] = b"application/vnd.oasis.opendocument.";
    let name = prefix.get(HEADER_BYTES..).unwrap_or_default();
    let begins = |first: &&str| name.starts_with(first.as_bytes());
    let open_document = name.strip_prefix(OPEN_DOCUMENT_FIRST.as_bytes());
    prefix.starts_with(b"PK\x03\x04")
        && (OFFICE_FIRST.iter().any(begins)
            || open_document.is_some_and(|kind| kind.starts_with(OPEN_DOCUMENT)))
}

/// An office document that is no workbook, or one of a family that is not read.
const fn foreign(foreign: Foreign) -> Error {
    Error::Foreign { foreign }
}

#[cfg(test)]
mod tests;
