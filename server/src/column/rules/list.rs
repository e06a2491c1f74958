//! Lists in a cell, with a separator of their own, as Arrays.
//!
//! Only [`super::rewriter`] uses it; it must never leave an element out, nor look for quotes.

use crate::column::data_type::DataType;

use super::trim_blanks;

/// How the lists of a column are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListForm {
    separator: Vec<u8>,
    /// Whether the elements stand in quotes, because blanks and marks belong to them.
    is_text: bool,
}

impl ListForm {
    /// Returns the form; None when the type is no Array of scalars.
    pub(super) fn new(separator: &[u8], data_type: &DataType) -> Option<Self> {
        let DataType::Array(element) = data_type else {
            return None;
        };
        let is_scalar = !element.is_container() && !separator.is_empty();
        is_scalar.then(|| Self {
            separator: separator.to_vec(),
            is_text: matches!(
                element.inner(),
                DataType::String | DataType::FixedString(_) | DataType::Other(_)
            ),
        })
    }

    /// Appends the list as ClickHouse writes an Array; false for `\N`, which is no list.
    pub(super) fn apply(&self, text: &[u8], is_quoted: bool, out: &mut Vec<u8>) -> bool {
        if text == b"\\N" && !is_quoted {
            return false;
        }
        out.push(b'[');
        for (index, element) in elements_of(text, &self.separator).enumerate() {
            if index > 0 {
                out.push(b',');
            }
            self.push(element, out);
        }
        out.push(b']');
        true
    }

    fn push(&self, element: &[u8], out: &mut Vec<u8>) {
        let element = if self.is_text {
            element
        } else {
            trim_blanks(element)
        };
        out.push(b'\'');
        for byte in element {
            if matches!(byte, b'\'' | b'\\') {
                out.push(b'\\');
            }
            out.push(*byte);
        }
        out.push(b'\'');
    }
}

/// Returns the elements of a list; an empty one has none.
pub(in crate::column) fn elements_of<'l>(
    list: &'l [u8],
    separator: &'l [u8],
) -> impl Iterator<Item = &'l [u8]> {
    let mut rest = Some(list).filter(|list| !list.is_empty());
    std::iter::from_fn(move || {
        let list = rest?;
        let place = memchr::memmem::find(list, separator);
        let (element, behind) = list.split_at(place.unwrap_or(list.len()));
        rest = place.and_then(|_| behind.get(separator.len()..));
        Some(element)
    })
}
