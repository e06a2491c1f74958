//! Tells names of ClickHouse's types, as the second row of its formats `…WithNamesAndTypes` has them.
//!
//! `header` asks it. It must never take a row for types of which the cells below are no values.

use super::super::cell::{Family, kind};
use super::Body;

/// The types by the family of their values; none for those that hold text.
const TYPES: &[(&str, Option<Family>)] = &[
    ("String", None),
    ("FixedString", None),
    ("UInt8", Some(Family::Number)),
    ("UInt16", Some(Family::Number)),
    ("UInt32", Some(Family::Number)),
    ("UInt64", Some(Family::Number)),
    ("UInt128", Some(Family::Number)),
    ("UInt256", Some(Family::Number)),
    ("Int8", Some(Family::Number)),
    ("Int16", Some(Family::Number)),
    ("Int32", Some(Family::Number)),
    ("Int64", Some(Family::Number)),
    ("Int128", Some(Family::Number)),
    ("Int256", Some(Family::Number)),
    ("Float32", Some(Family::Number)),
    ("Float64", Some(Family::Number)),
    ("BFloat16", Some(Family::Number)),
    ("Decimal", Some(Family::Number)),
    ("Bool", Some(Family::Bool)),
    ("Date", Some(Family::Moment)),
    ("Date32", Some(Family::Moment)),
    ("DateTime", Some(Family::Moment)),
    ("DateTime64", Some(Family::Moment)),
    ("Time", Some(Family::Moment)),
    ("Time64", Some(Family::Moment)),
    ("UUID", Some(Family::Link)),
    ("IPv4", Some(Family::Link)),
    ("IPv6", Some(Family::Link)),
    ("Enum8", None),
    ("Enum16", None),
    ("Array", None),
    ("Map", None),
    ("Tuple", None),
    ("Nested", None),
    ("Point", None),
    ("Ring", None),
    ("LineString", None),
    ("MultiLineString", None),
    ("Polygon", None),
    ("MultiPolygon", None),
    ("JSON", None),
    ("Variant", None),
    ("Dynamic", None),
];

/// What stands around a type and changes none of its values.
const WRAPPERS: &[&str] = &["Nullable", "LowCardinality"];

/// Whether a text begins like a type of ClickHouse: its name, and nothing behind it but arguments.
#[must_use]
pub fn is_type(text: &[u8]) -> bool {
    find(text).is_some()
}

/// The family of the values of a type, as [`TYPES`] has it; none for what is no type.
fn find(text: &[u8]) -> Option<&'static (&'static str, Option<Family>)> {
    let text = text.trim_ascii();
    let length = text.iter().take_while(|byte| byte.is_ascii_alphanumeric());
    let (name, rest) = text.split_at(length.count());
    let inner = match rest {
        [] => None,
        [b'(', inner @ .., b')'] => Some(inner),
        _ => return None,
    };
    let is_name = |known: &&str| known.as_bytes() == name;
    if WRAPPERS.iter().any(is_name) {
        return find(inner?);
    }
    TYPES.iter().find(|(known, _)| is_name(known))
}

/// Whether a row is one of types, given the columns below it.
pub(super) fn are_types(cells: &[&[u8]], below: &[Body<'_>]) -> bool {
    let fits = |(at, cell): (usize, &&[u8])| {
        let Some((_, family)) = find(cell) else {
            return false;
        };
        let body = below.get(at).filter(|body| !body.is_empty());
        match (family, body) {
            // Nothing, or text of any kind.
            (None, _) | (_, None) => true,
            (Some(family), Some(body)) => body.is_mostly(*family),
        }
    };
    cells.iter().enumerate().all(fits)
        && cells
            .iter()
            .all(|cell| kind(cell).family() != Family::Nothing)
}
