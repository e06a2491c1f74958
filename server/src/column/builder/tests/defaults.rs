//! Tests of the cells that become the default value of their type.

use super::{column_bytes, spec};
use crate::column::Cell;
use crate::column::parse::Reason;

/// Returns the bytes of NULL in a column that takes the default value of the type for it.
fn default_of(data_type: &str, cell: Cell<'_>) -> Result<Vec<u8>, Reason> {
    let mut spec = spec(data_type, false);
    spec.empty_as_default = true;
    column_bytes(spec, &[cell]).map_err(|bad| bad.reason)
}

#[test]
fn null_is_the_default_value_of_the_type_if_asked_for() {
    for (data_type, expected) in [
        ("Int8", vec![0]),
        ("UInt16", vec![0; 2]),
        ("Int32", vec![0; 4]),
        ("UInt64", vec![0; 8]),
        ("Int128", vec![0; 16]),
        ("UInt256", vec![0; 32]),
        ("Float32", vec![0; 4]),
        ("Float64", vec![0; 8]),
        ("BFloat16", vec![0; 2]),
        ("Decimal(9, 2)", vec![0; 4]),
        ("Decimal(76, 2)", vec![0; 32]),
        ("Bool", vec![0]),
        ("String", vec![0]),
        ("LowCardinality(UInt8)", vec![0]),
        ("FixedString(3)", vec![0; 3]),
        ("UUID", vec![0; 16]),
        ("IPv4", vec![0; 4]),
        ("IPv6", vec![0; 16]),
        ("Date", vec![0; 2]),
        ("Date32", vec![0; 4]),
        ("DateTime", vec![0; 4]),
        ("DateTime64(3)", vec![0; 8]),
        ("Time", vec![0; 4]),
        ("Time64(3)", vec![0; 8]),
        ("Enum8('b' = 5, 'a' = -3)", vec![0xfd]),
        ("Enum16('b' = 258, 'c' = 300)", vec![2, 1]),
        ("Array(String)", vec![0; 8]),
        ("Map(String, UInt8)", vec![0; 8]),
        (
            "Tuple(String, Enum8('a' = 2), Nullable(UInt16), Array(UInt8), FixedString(2), Decimal(18, 1))",
            [vec![0, 2, 1, 0, 0], vec![0; 8 + 2 + 8]].concat(),
        ),
    ] {
        for cell in [Cell::plain(b""), Cell::plain(b"\\N")] {
            assert_eq!(
                default_of(data_type, cell),
                Ok(expected.clone()),
                "{data_type}"
            );
        }
    }
}

#[test]
fn null_and_default_expressions_go_first() {
    for (data_type, has_default) in [("Nullable(UInt8)", false), ("UInt8", true)] {
        let mut spec = spec(data_type, has_default);
        spec.empty_as_default = true;
        let bytes = column_bytes(spec, &[Cell::plain(b"")]);
        assert_eq!(bytes, Ok(vec![1, 0]), "{data_type}");
    }
    for data_type in ["Array(UInt8)", "Map(UInt8, UInt8)", "Tuple(UInt8)"] {
        let mut spec = spec(data_type, true);
        assert!(!spec.wire_type().is_nullable());
        for empty_as_default in [false, true] {
            spec.empty_as_default = empty_as_default;
            let bad = column_bytes(spec.clone(), &[Cell::plain(b"")]).unwrap_err();
            assert_eq!(bad.reason, Reason::NullNotAllowed, "{data_type}");
        }
    }
}

#[test]
fn only_unquoted_empty_cells_and_null_are_default_values() {
    let quoted = Cell::quoted(b"");
    assert_eq!(default_of("UInt8", quoted), Err(Reason::InvalidNumber));
    assert_eq!(
        default_of("Array(UInt8)", quoted),
        Err(Reason::InvalidNested)
    );
    assert_eq!(
        default_of("Enum8('a' = 1)", quoted),
        Err(Reason::UnknownEnum)
    );
    assert_eq!(
        default_of("Enum8('a' = 1, '' = 2)", Cell::plain(b"")),
        Ok(vec![2])
    );
    assert_eq!(
        default_of("String", Cell::quoted(b"\\N")),
        Ok(b"\x02\\N".to_vec())
    );
    assert_eq!(
        default_of("UInt8", Cell::plain(b" ")),
        Err(Reason::InvalidNumber)
    );
    assert_eq!(default_of("JSON", Cell::plain(b"")), Ok(b"\x02{}".to_vec()));
    assert_eq!(default_of("JSON", quoted), Err(Reason::InvalidDocument));
    assert_eq!(
        default_of("Geometry", Cell::plain(b"")),
        Err(Reason::NullNotAllowed)
    );
    assert_eq!(default_of("UInt8", Cell::plain(b"7")), Ok(vec![7]));
}
