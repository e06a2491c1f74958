//! The cells of one sheet.
//!
//! Used for the survey and for the rows. It must never pass over a cell, nor take one for another.

use std::sync::Arc;

use super::{
    super::{
        Area, Cells, MAX_COLUMNS, MAX_ROWS, Result, Step, Value,
        area::parse_cell,
        value::{Kind, moment, number},
        xml::{Element, Node, Xml},
    },
    Book,
    strings::{rich_text, unmarked},
};

/// A stream of cells.
#[derive(Debug)]
pub(in super::super) struct SheetCells {
    xml: Xml,
    book: Arc<Book>,
    /// The row and the column that come next.
    row: u32,
    column: u32,
}

/// What an element says of a cell.
#[derive(Debug, Default)]
struct Head {
    place: Option<(u32, u32)>,
    kind: String,
    style: u32,
}

/// What is in a cell.
#[derive(Debug, Default)]
struct Body {
    value: Option<String>,
    inline: Option<String>,
    has_formula: bool,
}

/// What was opened.
enum Opened {
    Row(Option<u32>, bool),
    Cell(Head),
    Columns(u32, u32),
    Merged(Option<Area>),
    Other,
}

impl SheetCells {
    pub(in super::super) const fn new(xml: Xml, book: Arc<Book>) -> Self {
        Self {
            xml,
            book,
            row: 0,
            column: 0,
        }
    }

    fn start_row(&mut self, number: Option<u32>, is_hidden: bool) -> Result<Step> {
        let row = match number {
            Some(number) => number.checked_sub(1),
            None => Some(self.row),
        };
        let row = row.filter(|row| (self.row..MAX_ROWS).contains(row));
        let row = row.ok_or_else(|| self.xml.bad("its rows are out of order"))?;
        self.row = row + 1;
        self.column = 0;
        Ok(Step::Row {
            row,
            count: 1,
            is_hidden,
        })
    }

    fn cell(&mut self, head: &Head) -> Result<Step> {
        let column = head.place.map_or(self.column, |(_, column)| column);
        let is_here = match head.place {
            Some((row, _)) => row + 1 == self.row,
            None => self.row > 0,
        };
        if !is_here || !(self.column..MAX_COLUMNS).contains(&column) {
            return Err(self.xml.bad("its cells are out of order"));
        }
        self.column = column + 1;
        let body = self.body()?;
        Ok(Step::Cell {
            column,
            count: 1,
            value: self.value(head, body)?,
        })
    }

    /// Reads up to the end of the cell.
    fn body(&mut self) -> Result<Body> {
        let mut body = Body::default();
        loop {
            let name = match self.xml.next()? {
                Node::Open(element) => element.name().to_owned(),
                Node::Close => return Ok(body),
                Node::End => return Err(self.xml.bad("it ends too early")),
                Node::Text(_) | Node::Other => continue,
            };
            match name.as_str() {
                "v" => body.value = Some(self.text()?),
                "is" => body.inline = Some(rich_text(&mut self.xml)?),
                "f" => {
                    body.has_formula = true;
                    self.xml.skip()?;
                }
                _ => self.xml.skip()?,
            }
        }
    }

    /// The text of an element without others in it.
    fn text(&mut self) -> Result<String> {
        let mut text = String::new();
        loop {
            match self.xml.next()? {
                Node::Text(part) => text.push_str(&part),
                Node::Close => return Ok(text),
                Node::Open(_) => self.xml.skip()?,
                Node::End => return Err(self.xml.bad("it ends too early")),
                Node::Other => {}
            }
        }
    }

    fn value(&self, head: &Head, body: Body) -> Result<Value> {
        let is_text = head.kind == "str" || head.kind == "inlineStr";
        let value = body.value.filter(|value| is_text || !value.is_empty());
        let Some(value) = value else {
            return Ok(match body.inline {
                Some(text) => Value::text(text),
                None if body.has_formula => Value::Missing,
                None => Value::Blank,
            });
        };
        Ok(match head.kind.as_str() {
            "s" => {
                let index = value.trim().parse().ok();
                let text = index.and_then(|index| self.book.strings.get(index));
                let text = text.ok_or_else(|| self.xml.bad("a shared text is missing"))?;
                Value::text(text.to_owned())
            }
            "str" | "inlineStr" => Value::text(unmarked(&value)),
            "b" => Value::truth(matches!(value.trim(), "1" | "true")),
            "e" => Value::Fault(value),
            "d" => Value::Plain(iso(&value)),
            _ => {
                let parsed = value.trim().parse::<f64>().ok();
                let parsed = parsed.filter(|value| value.is_finite());
                let parsed = parsed.ok_or_else(|| self.xml.bad("a number in it is none"))?;
                let style = usize::try_from(head.style).unwrap_or(usize::MAX);
                let kind = self.book.kinds.get(style).copied().unwrap_or_default();
                Value::Plain(match kind {
                    Kind::Number => number(parsed),
                    _ => moment(parsed, kind, self.book.is_1904),
                })
            }
        })
    }
}

/// A date as ISO 8601 has it, without the time where that is midnight.
fn iso(text: &str) -> String {
    let text = text.trim().trim_end_matches('Z');
    match text.split_once('T') {
        Some((date, time)) if time.bytes().all(|byte| matches!(byte, b'0' | b':' | b'.')) => {
            date.to_owned()
        }
        Some((date, time)) => format!("{date} {time}"),
        None => text.to_owned(),
    }
}

fn opened(element: &Element<'_>) -> Opened {
    match element.name() {
        "row" => Opened::Row(element.number("r"), element.is_set("hidden")),
        "c" => Opened::Cell(Head {
            place: element.attribute("r").and_then(|name| parse_cell(&name)),
            kind: element.attribute("t").unwrap_or_default(),
            style: element.number("s").unwrap_or_default(),
        }),
        "col" if element.is_set("hidden") => {
            let number = |name| element.number(name).unwrap_or(1).saturating_sub(1);
            Opened::Columns(number("min"), number("max"))
        }
        "mergeCell" => {
            let name = element.attribute("ref").unwrap_or_default();
            Opened::Merged(name.parse().ok())
        }
        _ => Opened::Other,
    }
}

impl Cells for SheetCells {
    fn next(&mut self) -> Result<Step> {
        let opened = match self.xml.next()? {
            Node::Open(element) => opened(&element),
            Node::End => return Ok(Step::End),
            Node::Close | Node::Text(_) | Node::Other => return Ok(Step::Other),
        };
        match opened {
            Opened::Row(number, is_hidden) => self.start_row(number, is_hidden),
            Opened::Cell(head) => self.cell(&head),
            Opened::Columns(first, last) => Ok(Step::HiddenColumns { first, last }),
            Opened::Merged(area) => Ok(area.map_or(Step::Other, Step::Merged)),
            Opened::Other => Ok(Step::Other),
        }
    }
}
