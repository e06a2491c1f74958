//! Workbooks of Excel since 2007: Office Open XML (ECMA-376).
//!
//! Part of the workbook. It must never take the number of a date for a number.

mod sheet;
mod strings;
mod styles;

use std::sync::Arc;

use super::{Sheet, archive::Archive, foreign, xml::Node};
use crate::codec::{Error, Foreign, Result};
use sheet::SheetCells;
use strings::Strings;
use value::Kind;

use super::value;

/// The most sheets of a workbook.
const MAX_SHEETS: usize = 10_000;

/// The parts that matter.
#[derive(Debug)]
pub(super) struct Package {
    sheets: Vec<(Sheet, String)>,
    book: Arc<Book>,
}

/// What all sheets share.
#[derive(Debug)]
pub(super) struct Book {
    strings: Strings,
    kinds: Vec<Kind>,
    is_1904: bool,
}

/// What one part says of another one.
#[derive(Debug)]
struct Relation {
    id: String,
    kind: String,
    target: String,
}

impl Package {
    pub(super) fn open(archive: &mut Archive) -> Result<Self> {
        let of_archive = relations(archive, "")?;
        let main = of_kind(&of_archive, "officeDocument");
        let main = main.ok_or_else(|| foreign(Foreign::Office))?;
        if main.ends_with(".bin") {
            return Err(foreign(Foreign::BinaryWorkbook));
        }
        if !main.starts_with("xl/") && !main.contains("workbook") {
            return Err(foreign(Foreign::Office));
        }
        let related = relations(archive, &main)?;
        let (named, is_1904) = sheets(archive, &main)?;
        let with_part = |(sheet, id): (Sheet, String)| {
            let mut related = related.iter();
            let relation = related.find(|relation| relation.id == id)?;
            is_kind(relation, "worksheet").then(|| (sheet, relation.target.clone()))
        };
        let strings = match of_kind(&related, "sharedStrings").filter(|part| archive.has(part)) {
            Some(part) => Strings::read(archive, &part)?,
            None => Strings::default(),
        };
        let kinds = match of_kind(&related, "styles").filter(|part| archive.has(part)) {
            Some(part) => styles::kinds(archive, &part)?,
            None => Vec::new(),
        };
        Ok(Self {
            sheets: named.into_iter().filter_map(with_part).collect(),
            book: Arc::new(Book {
                strings,
                kinds,
                is_1904,
            }),
        })
    }

    pub(super) fn sheets(&self) -> Vec<Sheet> {
        self.sheets.iter().map(|(sheet, _)| sheet.clone()).collect()
    }

    pub(super) fn cells(&self, archive: &mut Archive, sheet: usize) -> Result<SheetCells> {
        let part = self.sheets.get(sheet).map(|(_, part)| part.as_str());
        let part = part.unwrap_or_default();
        Ok(SheetCells::new(archive.xml(part)?, Arc::clone(&self.book)))
    }
}

/// The sheets with the ids of their parts, and whether days are counted from 1904 on.
fn sheets(archive: &mut Archive, part: &str) -> Result<(Vec<(Sheet, String)>, bool)> {
    let mut xml = archive.xml(part)?;
    let (mut sheets, mut is_1904) = (Vec::new(), false);
    loop {
        match xml.next()? {
            Node::Open(element) if element.name() == "workbookPr" => {
                is_1904 = element.is_set("date1904");
            }
            Node::Open(element) if element.name() == "sheet" => {
                let state = element.attribute("state");
                let sheet = Sheet {
                    name: element.attribute("name").unwrap_or_default(),
                    is_hidden: matches!(state.as_deref(), Some("hidden" | "veryHidden")),
                };
                sheets.push((sheet, element.attribute("id").unwrap_or_default()));
                if sheets.len() > MAX_SHEETS {
                    return Err(xml.bad("it has more than 10,000 sheets"));
                }
            }
            Node::End => return Ok((sheets, is_1904)),
            _ => {}
        }
    }
}

/// The most relations of a part.
const MAX_RELATIONS: usize = 100_000;

/// The relations of a part, or of the archive.
fn relations(archive: &mut Archive, part: &str) -> Result<Vec<Relation>> {
    let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
    let path = resolve(folder, &format!("_rels/{name}.rels"));
    let mut xml = match archive.xml(&path) {
        Err(Error::BadWorkbook { .. }) if part.is_empty() => return Err(foreign(Foreign::Office)),
        xml => xml?,
    };
    let mut relations = Vec::new();
    loop {
        match xml.next()? {
            Node::Open(element) if element.name() == "Relationship" => {
                let target = element.attribute("Target").unwrap_or_default();
                relations.push(Relation {
                    id: element.attribute("Id").unwrap_or_default(),
                    kind: element.attribute("Type").unwrap_or_default(),
                    target: resolve(folder, &target),
                });
                if relations.len() > MAX_RELATIONS {
                    return Err(xml.bad("it has more than 100,000 relations"));
                }
            }
            Node::End => return Ok(relations),
            _ => {}
        }
    }
}

fn is_kind(relation: &Relation, kind: &str) -> bool {
    relation.kind.rsplit('/').next() == Some(kind)
}

fn of_kind(relations: &[Relation], kind: &str) -> Option<String> {
    let mut relations = relations.iter();
    let found = relations.find(|relation| is_kind(relation, kind))?;
    Some(found.target.clone())
}

/// The path of what a part in a folder names.
fn resolve(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let mut path: Vec<&str> = match target.starts_with('/') {
        true => Vec::new(),
        false => folder.split('/').collect(),
    };
    for step in target.split('/') {
        match step {
            ".." => drop(path.pop()),
            "" | "." => {}
            _ => path.push(step),
        }
    }
    path.retain(|step| !step.is_empty());
    path.join("/")
}
