//! The texts that cells of a workbook share.
//!
//! Read once, and kept. They must never take more memory than a workbook may.

use super::super::{
    archive::{Archive, MAX_NODE_BYTES},
    xml::{Node, Xml},
};
use crate::codec::{Error, Result};

/// Texts, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Strings {
    text: String,
    ends: Vec<usize>,
}

impl Strings {
    pub(super) fn read(archive: &mut Archive, part: &str) -> Result<Self> {
        let limit = archive.limits().max_workbook_bytes;
        let mut xml = archive.xml(part)?;
        let mut strings = Self::default();
        loop {
            match xml.next()? {
                Node::Open(element) if element.name() == "si" => {
                    let text = rich_text(&mut xml)?;
                    strings.text.push_str(&text);
                    strings.ends.push(strings.text.len());
                    if strings.text.len() + size_of_val(strings.ends.as_slice()) > limit {
                        return Err(Error::WorkbookTooLarge {
                            limit: limit as u64,
                        });
                    }
                }
                Node::End => return Ok(strings),
                _ => {}
            }
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.text.get(start..end)
    }
}

/// The text of an element that was opened: that of its runs, without how they are pronounced.
pub(super) fn rich_text(xml: &mut Xml) -> Result<String> {
    let (mut text, mut depth, mut within, mut is_marked) = (String::new(), 1, None, false);
    let mut passed = None;
    while depth > 0 {
        match xml.next()? {
            Node::Open(element) => {
                depth += 1;
                match element.name() {
                    "t" if passed.is_none() => within = Some(depth),
                    "rPh" if passed.is_none() => passed = Some(depth),
                    _ => {}
                }
            }
            Node::Close => {
                within = within.filter(|at| *at < depth);
                passed = passed.filter(|at| *at < depth);
                depth -= 1;
            }
            Node::Text(part) if within.is_some() => {
                is_marked |= part.contains('_');
                text.push_str(&part);
            }
            Node::End => return Err(xml.bad("it ends too early")),
            Node::Text(_) | Node::Other => {}
        }
        if text.len() > MAX_NODE_BYTES {
            return Err(xml.bad("a text is longer than 16 MiB"));
        }
    }
    Ok(match is_marked {
        true => unmarked(&text),
        false => text,
    })
}

/// The text with the characters that XML cannot have, written as `_x000D_`.
pub(super) fn unmarked(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("_x") {
        result.push_str(before);
        let digits = after.get(..4).filter(|_| after.get(4..5) == Some("_"));
        let is_hex = |digits: &&str| digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let code = digits
            .filter(is_hex)
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        if let Some(character) = code.and_then(char::from_u32) {
            result.push(character);
            rest = after.get(5..).unwrap_or_default();
        } else {
            result.push_str("_x");
            rest = after;
        }
    }
    result.push_str(rest);
    result
}
