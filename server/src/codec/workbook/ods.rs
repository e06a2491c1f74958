//! Workbooks of `LibreOffice` and others: `OpenDocument` spreadsheets (ISO/IEC 26300).
//!
//! Part of the workbook. It must never write what is repeated more often than it is read.

mod sheet;

use std::collections::HashSet;

use super::{Sheet, archive::Archive, foreign, xml::Node};
use crate::codec::{Error, Foreign, Result};
use sheet::SheetCells;

const MIME_TYPE: &str = "application/vnd.oasis.opendocument.spreadsheet";

const CONTENT: &str = "content.xml";
const MANIFEST: &str = "META-INF/manifest.xml";

/// The bytes of the manifest in which the encryption of a part is looked for.
const MANIFEST_BYTES: u64 = 1 << 20;

/// The most sheets of a workbook, and styles of sheets.
const MAX_SHEETS: usize = 10_000;

/// The sheets, all of which stand in one part.
#[derive(Debug)]
pub(super) struct Package {
    sheets: Vec<Sheet>,
}

impl Package {
    /// Whether an archive is one of these.
    ///
    /// # Errors
    ///
    /// It is another document of that family.
    pub(super) fn is_in(archive: &mut Archive) -> Result<bool> {
        if !archive.has("mimetype") {
            return Ok(false);
        }
        let kind = archive.text("mimetype", 100)?;
        match kind.trim() {
            kind if kind.starts_with(MIME_TYPE) => Ok(true),
            _ => Err(foreign(Foreign::Office)),
        }
    }

    pub(super) fn open(archive: &mut Archive) -> Result<Self> {
        if archive.has(MANIFEST)
            && archive
                .text(MANIFEST, MANIFEST_BYTES)?
                .contains("encryption-data")
        {
            return Err(Error::WorkbookPassword);
        }
        let mut xml = archive.xml(CONTENT)?;
        let (mut sheets, mut hidden, mut style) = (Vec::new(), HashSet::new(), String::new());
        loop {
            let is_table = match xml.next()? {
                Node::Open(element) => match element.name() {
                    "style" => {
                        style = element.attribute("name").unwrap_or_default();
                        false
                    }
                    "table-properties" => {
                        if element.attribute("display").as_deref() == Some("false") {
                            hidden.insert(style.clone());
                        }
                        false
                    }
                    "table" if element.prefix() == "table" => {
                        let style = element.attribute("style-name").unwrap_or_default();
                        sheets.push(Sheet {
                            name: element.attribute("name").unwrap_or_default(),
                            is_hidden: hidden.contains(&style),
                        });
                        true
                    }
                    _ => false,
                },
                Node::End => return Ok(Self { sheets }),
                _ => false,
            };
            if is_table {
                xml.skip()?;
            }
            if sheets.len() > MAX_SHEETS || hidden.len() > MAX_SHEETS {
                return Err(xml.bad("it has more than 10,000 sheets"));
            }
        }
    }

    pub(super) fn sheets(&self) -> Vec<Sheet> {
        self.sheets.clone()
    }

    #[expect(clippy::unused_self, reason = "the other family has its parts here")]
    pub(super) fn cells(&self, archive: &mut Archive, sheet: usize) -> Result<SheetCells> {
        SheetCells::find(archive.xml(CONTENT)?, sheet)
    }
}
