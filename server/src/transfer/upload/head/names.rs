//! The names of a header: what else stands beside them, and what is left out of them.
//!
//! Part of `head`.

use crate::{
    column::DataType,
    csv::{Header, sniff},
};

/// The names of a header, and the types of which its second record is a list, as in ClickHouse's formats
/// `…WithNamesAndTypes`.
pub(super) fn names_and_types(header: &Header) -> (Option<Vec<Vec<u8>>>, Option<Vec<DataType>>) {
    let [names, types] = header.rows() else {
        return (Some(header.names().to_vec()), None);
    };
    let parsed = types.iter().map(|text| {
        let text = str::from_utf8(text).ok()?;
        DataType::parse(text)
            .ok()
            .filter(|_| sniff::is_type(text.as_bytes()))
    });
    match parsed.collect::<Option<Vec<_>>>() {
        Some(types) if types.len() == names.len() => (Some(names.clone()), Some(types)),
        _ => (Some(header.names().to_vec()), None),
    }
}

/// The names of a header whose first one is left out.
pub(super) fn with_row_names(mut names: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    names.insert(0, Vec::new());
    names
}

/// The names of a header that ends with a delimiter, where the records do not: there is no column
/// behind it.
pub(super) fn without_empty_end(mut names: Vec<Vec<u8>>, width: usize) -> Vec<Vec<u8>> {
    let is_surplus = names
        .get(width..)
        .is_some_and(|surplus| surplus.iter().all(|name| name.trim_ascii().is_empty()));
    if is_surplus && width > 0 {
        names.truncate(width);
    }
    names
}
