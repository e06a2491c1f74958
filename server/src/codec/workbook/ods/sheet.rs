//! The cells of one table.
//!
//! Used for the survey and for the rows. It must never take for a cell what only lies over one.

use super::super::{
    Area, Cells, MAX_COLUMNS, MAX_ROWS, Result, Step, Value,
    archive::MAX_NODE_BYTES,
    value::number,
    xml::{Element, Node, Xml},
};

/// A stream of cells.
#[derive(Debug)]
pub(in super::super) struct SheetCells {
    xml: Xml,
    /// The row at hand.
    current: u32,
    /// The row and the column that come next, and the column of which it is next said whether it is hidden.
    row: u32,
    column: u32,
    described: u32,
    /// A merged area that is still to be told.
    merged: Option<Area>,
    /// How many elements are open within the table.
    depth: usize,
    is_over: bool,
}

/// What an element says of a cell.
#[derive(Debug)]
struct Head {
    count: u32,
    /// Rows and columns that it covers.
    span: (u32, u32),
    is_covered: bool,
    kind: String,
    is_fault: bool,
    has_formula: bool,
    value: Option<String>,
}

enum Opened {
    Row(u32, bool),
    Cell(Head),
    Columns(u32, bool),
    /// A group of rows or columns, which is looked into.
    Group,
    Other,
}

impl SheetCells {
    /// Passes over the tables before.
    pub(in super::super) fn find(mut xml: Xml, sheet: usize) -> Result<Self> {
        let mut index = 0;
        loop {
            match xml.next()? {
                Node::Open(element) if element.name() == "table" && element.prefix() == "table" => {
                    if index == sheet {
                        break;
                    }
                    index += 1;
                    xml.skip()?;
                }
                Node::End => return Err(xml.bad("a sheet is missing")),
                _ => {}
            }
        }
        Ok(Self {
            xml,
            current: 0,
            row: 0,
            column: 0,
            described: 0,
            merged: None,
            depth: 1,
            is_over: false,
        })
    }

    /// Reads to the end of the document, which shows whether it is whole.
    fn finish(&mut self) -> Result<Step> {
        self.is_over = true;
        while !matches!(self.xml.next()?, Node::End) {}
        Ok(Step::End)
    }

    fn cell(&mut self, head: Head) -> Result<Step> {
        if self.row == 0 {
            return Err(self.xml.bad("a cell stands in no row"));
        }
        let column = self.column;
        let text = match head.kind.as_str() {
            "string" | "" => Some(self.texts()?),
            _ => {
                let shown = self.texts()?;
                head.is_fault.then_some(shown)
            }
        };
        let count = head.count.min(MAX_COLUMNS - column.min(MAX_COLUMNS));
        self.column = column.saturating_add(head.count);
        let (rows, columns) = head.span;
        if rows > 1 || columns > 1 {
            let row = self.current;
            self.merged = Some(Area {
                rows: (row, row.saturating_add(rows - 1).min(MAX_ROWS - 1)),
                columns: (
                    column,
                    column.saturating_add(columns - 1).min(MAX_COLUMNS - 1),
                ),
            });
        }
        let value = match head.is_covered {
            true => Value::Blank,
            false => self.value(head, text)?,
        };
        if count == 0 {
            return match value {
                Value::Blank => Ok(Step::Other),
                _ => Err(self.xml.bad("a row has more than 16,384 columns")),
            };
        }
        Ok(Step::Cell {
            column,
            count,
            value,
        })
    }

    fn value(&self, head: Head, text: Option<String>) -> Result<Value> {
        if head.is_fault {
            return Ok(Value::Fault(text.unwrap_or_default()));
        }
        let is_number = matches!(head.kind.as_str(), "float" | "percentage" | "currency");
        let value = match (head.kind.as_str(), head.value) {
            ("string", value) => return Ok(Value::text(value.or(text).unwrap_or_default())),
            // Without a type it has no value: a comment, or a formula that was never computed.
            ("" | "void", _) if head.has_formula => return Ok(Value::Missing),
            ("" | "void", _) => return Ok(Value::text(text.unwrap_or_default())),
            (_, Some(value)) => value,
            (_, None) => return Err(self.xml.bad("a cell has a type and no value")),
        };
        let of_kind = match head.kind.as_str() {
            _ if is_number => {
                let parsed = value.trim().parse::<f64>().ok();
                parsed.filter(|value| value.is_finite()).map(number)
            }
            "date" => Some(date(&value)),
            "time" => time(&value),
            "boolean" => return Ok(Value::truth(value == "true")),
            _ => None,
        };
        let text = of_kind.ok_or_else(|| self.xml.bad("a value in it is not of its type"))?;
        Ok(Value::Plain(text))
    }

    /// The paragraphs of a cell up to its end, without notes and drawings.
    fn texts(&mut self) -> Result<String> {
        let (mut text, mut depth, mut paragraphs) = (String::new(), 1, 0);
        while depth > 0 {
            let is_passed = match self.xml.next()? {
                Node::Open(element) => {
                    depth += 1;
                    match (element.prefix(), element.name()) {
                        ("text", "p") => {
                            if paragraphs > 0 {
                                text.push('\n');
                            }
                            paragraphs += 1;
                            false
                        }
                        ("text", "s") => {
                            let count = element.number("c").unwrap_or(1) as usize;
                            let count = count.min(MAX_NODE_BYTES);
                            text.extend(std::iter::repeat_n(' ', count));
                            false
                        }
                        ("text", "tab") => {
                            text.push('\t');
                            false
                        }
                        ("text", "line-break") => {
                            text.push('\n');
                            false
                        }
                        ("text", "ruby-text") => true,
                        ("text", _) => false,
                        _ => true,
                    }
                }
                Node::Close => {
                    depth -= 1;
                    false
                }
                // Between paragraphs there is only how the file is laid out.
                Node::Text(part) if depth > 1 => {
                    text.push_str(&part);
                    false
                }
                Node::End => return Err(self.xml.bad("it ends too early")),
                Node::Text(_) | Node::Other => false,
            };
            if is_passed {
                self.xml.skip()?;
                depth -= 1;
            }
            if text.len() > MAX_NODE_BYTES {
                return Err(self.xml.bad("a text is longer than 16 MiB"));
            }
        }
        Ok(text)
    }
}

fn opened(element: &Element<'_>) -> Opened {
    let count = |name| element.number(name).unwrap_or(1).max(1);
    let visibility = || element.attribute("visibility");
    let is_hidden = || matches!(visibility().as_deref(), Some("collapse" | "filter"));
    if element.prefix() != "table" {
        return Opened::Other;
    }
    match element.name() {
        "table-row" => Opened::Row(count("number-rows-repeated"), is_hidden()),
        "table-column" => Opened::Columns(count("number-columns-repeated"), is_hidden()),
        "table-cell" | "covered-table-cell" => {
            let kind = element.prefixed_attribute("office:value-type");
            let kind = kind.unwrap_or_default();
            let value = match kind.as_str() {
                "date" => "office:date-value",
                "time" => "office:time-value",
                "boolean" => "office:boolean-value",
                "string" => "office:string-value",
                _ => "office:value",
            };
            let shown = element.prefixed_attribute("calcext:value-type");
            let has_formula = element.attribute("formula").is_some();
            Opened::Cell(Head {
                count: count("number-columns-repeated"),
                span: (
                    count("number-rows-spanned"),
                    count("number-columns-spanned"),
                ),
                is_covered: element.name() == "covered-table-cell",
                is_fault: shown.as_deref() == Some("error"),
                has_formula,
                value: element.prefixed_attribute(value),
                kind,
            })
        }
        "table-row-group"
        | "table-rows"
        | "table-header-rows"
        | "table-column-group"
        | "table-columns"
        | "table-header-columns" => Opened::Group,
        _ => Opened::Other,
    }
}

/// A date, or a date and a time, without the time where that is midnight.
fn date(text: &str) -> String {
    let text = text.trim();
    match text.split_once('T') {
        Some((date, time)) if time.bytes().all(|byte| matches!(byte, b'0' | b':' | b'.')) => {
            date.to_owned()
        }
        Some((date, time)) => {
            let whole = time.trim_end_matches('0').trim_end_matches('.');
            let time = if time.contains('.') { whole } else { time };
            format!("{date} {time}")
        }
        None => text.to_owned(),
    }
}

/// A time of day, or how long something takes, of a duration such as `PT13H05M07S`.
fn time(text: &str) -> Option<String> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => ("-", text),
        None => ("", text),
    };
    let rest = text.strip_prefix("PT")?;
    let (hours, rest) = rest.split_once('H')?;
    let (minutes, rest) = rest.split_once('M')?;
    let seconds = rest.strip_suffix('S')?.replace(',', ".");
    let (whole, fraction) = seconds.split_once('.').unwrap_or((&seconds, ""));
    let number = |text: &str| text.parse::<u64>().ok();
    let (hours, minutes, whole) = (number(hours)?, number(minutes)?, number(whole)?);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    fraction
        .bytes()
        .all(|digit| digit.is_ascii_digit())
        .then(|| format!("{sign}{hours:02}:{minutes:02}:{whole:02}{point}{fraction}"))
}

impl Cells for SheetCells {
    fn next(&mut self) -> Result<Step> {
        if let Some(area) = self.merged.take() {
            return Ok(Step::Merged(area));
        }
        if self.is_over {
            return Ok(Step::End);
        }
        let opened = match self.xml.next()? {
            Node::Open(element) => opened(&element),
            Node::Close => {
                self.depth -= 1;
                return if self.depth == 0 {
                    self.finish()
                } else {
                    Ok(Step::Other)
                };
            }
            Node::End => return Err(self.xml.bad("it ends too early")),
            Node::Text(_) | Node::Other => return Ok(Step::Other),
        };
        match opened {
            Opened::Row(count, is_hidden) => {
                self.depth += 1;
                let row = self.row.min(MAX_ROWS);
                self.current = row;
                self.row = self.row.saturating_add(count);
                self.column = 0;
                if row == MAX_ROWS {
                    return Err(self.xml.bad("it has more than 1,048,576 rows"));
                }
                Ok(Step::Row {
                    row,
                    // What is repeated to the end of all rows may go beyond it.
                    count: count.min(MAX_ROWS - row),
                    is_hidden,
                })
            }
            Opened::Cell(head) => self.cell(head),
            Opened::Columns(count, is_hidden) => {
                self.depth += 1;
                let first = self.described;
                self.described = first.saturating_add(count);
                let last = self.described - 1;
                Ok(match is_hidden {
                    true => Step::HiddenColumns { first, last },
                    false => Step::Other,
                })
            }
            Opened::Group => {
                self.depth += 1;
                Ok(Step::Other)
            }
            Opened::Other => {
                self.xml.skip()?;
                Ok(Step::Other)
            }
        }
    }
}
