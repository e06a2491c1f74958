//! What the formats of cells say that their numbers are.

use std::collections::HashMap;

use super::super::{
    archive::Archive,
    value::{Kind, kind_of_built_in, kind_of_format},
    xml::Node,
};
use crate::codec::Result;

/// The most formats, and styles, of a workbook: Excel has 64,000 of them.
const MAX_STYLES: usize = 1 << 20;

/// What a number stands for, by the style of its cell.
pub(super) fn kinds(archive: &mut Archive, part: &str) -> Result<Vec<Kind>> {
    let mut xml = archive.xml(part)?;
    let (mut formats, mut kinds, mut is_of_cells) = (HashMap::new(), Vec::new(), false);
    loop {
        match xml.next()? {
            Node::Open(element) => match element.name() {
                "numFmt" => {
                    let format = element.attribute("formatCode").unwrap_or_default();
                    let id = element.number("numFmtId").unwrap_or_default();
                    formats.insert(id, kind_of_format(&format));
                }
                "cellXfs" => is_of_cells = true,
                "cellStyleXfs" | "cellStyles" | "dxfs" => is_of_cells = false,
                "xf" if is_of_cells => {
                    let id = element.number("numFmtId").unwrap_or_default();
                    let own = formats.get(&id).copied();
                    kinds.push(own.unwrap_or_else(|| kind_of_built_in(id)));
                }
                _ => {}
            },
            Node::End => return Ok(kinds),
            _ => {}
        }
        if formats.len() > MAX_STYLES || kinds.len() > MAX_STYLES {
            return Err(xml.bad("it has more than a million styles"));
        }
    }
}
