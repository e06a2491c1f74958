//! Tests of the type names.

use super::{DataType, EnumDef};

fn parsed(text: &str) -> DataType {
    DataType::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

/// The types that must be written exactly as they were read.
const SCALARS: &[&str] = &[
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "Int128",
    "Int256",
    "UInt8",
    "UInt16",
    "UInt32",
    "UInt64",
    "UInt128",
    "UInt256",
    "Float32",
    "Float64",
    "BFloat16",
    "Decimal(1, 0)",
    "Decimal(18, 4)",
    "Decimal(76, 76)",
    "Bool",
    "String",
    "FixedString(1)",
    "FixedString(16777215)",
    "UUID",
    "IPv4",
    "IPv6",
    "Date",
    "Date32",
    "DateTime",
    "DateTime('Europe/Paris')",
    "DateTime64(0)",
    "DateTime64(9, 'UTC')",
    "Time",
    "Time64(6)",
    "Enum8('a' = -128, 'b' = 127)",
    "Enum16('it\\'s, (so) = \\\\ \\n\\t' = -32768, '' = 0, '日本' = 32767)",
    "Nullable(Decimal(9, 2))",
    "LowCardinality(String)",
    "LowCardinality(Nullable(FixedString(3)))",
];

#[test]
fn scalar_types_are_written_as_they_were_read() {
    for text in SCALARS {
        let data_type = parsed(text);
        assert!(!matches!(data_type.inner(), DataType::Other(_)), "{text}");
        assert_eq!(data_type.to_string(), *text);
    }
}

/// The containers that must be written exactly as they were read.
const CONTAINERS: &[&str] = &[
    "Array(String)",
    "Array(Nullable(Decimal(9, 2)))",
    "Array(LowCardinality(Nullable(String)))",
    "Array(Array(Enum8('a)' = 1, 'b,' = 2)))",
    "Map(LowCardinality(String), Array(UInt8))",
    "Map(DateTime64(3, 'Europe/Paris'), Map(String, Bool))",
    "Tuple(UInt8)",
    "Tuple(UInt8, String, Array(Tuple(FixedString(2), IPv6)))",
    "Tuple(a UInt8, b_1 Nullable(String), _c Tuple(d Date), Tuple Time64(3))",
    "Tuple(`b, c` String, `1` UInt8, `select` UInt8, `Null` UInt8, as UInt8)",
    "Tuple(`a\\`b` String, `it's` String, `a\\\\b` String, `a\\nb` String, `żó` String, `` String)",
];

#[test]
fn containers_are_written_as_they_were_read() {
    for text in CONTAINERS {
        let data_type = parsed(text);
        assert!(data_type.is_container(), "{text}");
        assert_eq!(data_type.to_string(), *text);
        assert_eq!(data_type.fixed_width(), None);
        assert!(!data_type.is_nullable());
    }
}

#[test]
fn names_of_elements_are_unquoted_and_spaces_do_not_matter() {
    let expected = DataType::Tuple(vec![
        (Some("a`b".to_owned()), DataType::UInt8),
        (
            Some("c d".to_owned()),
            DataType::Decimal {
                precision: 9,
                scale: 2,
            },
        ),
        (None, DataType::String),
    ]);
    assert_eq!(
        parsed("Tuple(`a\\`b` UInt8, `c d` Decimal(9, 2), String)"),
        expected
    );
    assert_eq!(
        parsed("Tuple(\n    `a\\`b`   UInt8,\n    `c d`\tDecimal(9,2),\n    String)"),
        expected
    );
}

#[test]
fn nested_columns_are_arrays_of_tuples() {
    let expected = parsed("Array(Tuple(a UInt8, b Array(String)))");
    assert_eq!(parsed("Nested(a UInt8, b Array(String))"), expected);
}

#[test]
fn shapes_are_what_they_are_stored_as() {
    for (shape, stored) in [
        ("Point", "Tuple(Float64, Float64)"),
        ("Ring", "Array(Tuple(Float64, Float64))"),
        ("Array(LineString)", "Array(Array(Tuple(Float64, Float64)))"),
        ("Polygon", "Array(Array(Tuple(Float64, Float64)))"),
        ("MultiLineString", "Array(Array(Tuple(Float64, Float64)))"),
        (
            "MultiPolygon",
            "Array(Array(Array(Tuple(Float64, Float64))))",
        ),
    ] {
        assert_eq!(parsed(shape), parsed(stored));
    }
}

#[test]
fn values_in_brackets_are_known_without_all_their_types() {
    for text in [
        "Array(UInt8)",
        "Map(String, JSON)",
        "Nullable(Tuple(UInt8))",
        "Nested(a JSON)",
    ] {
        assert!(parsed(text).is_bracketed(), "{text}");
    }
    for text in [
        "String",
        "Nullable(String)",
        "JSON",
        "Variant(Array(UInt8), String)",
        "Dynamic",
    ] {
        assert!(!parsed(text).is_bracketed(), "{text}");
    }
}

#[test]
fn containers_with_another_type_inside_are_other_types() {
    for text in [
        "Array(Array(Variant(String, UInt8)))",
        "Map(String, Dynamic)",
        "Map(Nothing, String)",
        "Tuple(UInt8, a Geometry)",
        "Nested(a Dynamic)",
        "Array(Nullable(Tuple(UInt8)))",
        "Array(Nullable(Array(UInt8)))",
        "LowCardinality(Array(UInt8))",
        "Tuple()",
        "Array(Tuple())",
        "Tuple(`a``b` UInt8)",
        "Tuple(`a UInt8`)",
    ] {
        assert_eq!(parsed(text), DataType::Other(text.to_owned()));
    }
}

#[test]
fn types_of_more_than_32_levels_are_other_types() {
    let nested = |depth: usize| {
        let text = format!("{}UInt8{}", "Array(".repeat(depth), ")".repeat(depth));
        (parsed(&text), text)
    };
    let (data_type, text) = nested(32);
    assert!(data_type.is_container());
    assert_eq!(data_type.to_string(), text);
    for depth in [33, 34, 1_000] {
        let (data_type, text) = nested(depth);
        assert_eq!(data_type, DataType::Other(text));
    }
}

#[test]
fn other_types_keep_their_whole_text_and_travel_as_text() {
    for text in [
        "AggregateFunction(sum, UInt64)",
        "SimpleAggregateFunction(anyLast, Dynamic)",
        "Geometry",
        "IntervalDay",
        "Nothing",
        "Object('json')",
    ] {
        assert_eq!(parsed(text), DataType::Other(text.to_owned()));
        assert_eq!(parsed(text).to_string(), text);
        assert_eq!(parsed(text).wire_type(), DataType::String);
    }
}

#[test]
fn other_types_that_hold_null_travel_as_nullable_text() {
    for text in [
        "Variant(String, UInt64)",
        "Dynamic",
        "Dynamic(max_types=3)",
        "Nullable(Tuple(UInt8))",
    ] {
        assert_eq!(parsed(text), DataType::Other(text.to_owned()));
        assert!(parsed(text).is_nullable());
        assert_eq!(parsed(text).wire_type().to_string(), "Nullable(String)");
    }
}

#[test]
fn documents_travel_as_text_wherever_they_stand() {
    for (text, wire_type) in [
        ("JSON", "String"),
        ("Nullable(JSON)", "Nullable(String)"),
        ("JSON(max_dynamic_paths=8, a.b UInt32, SKIP c)", "String"),
        ("Array(JSON)", "Array(String)"),
        (
            "Map(String, Array(JSON(a UInt8)))",
            "Map(String, Array(String))",
        ),
        ("Tuple(a JSON, b UInt8)", "Tuple(a String, b UInt8)"),
    ] {
        let data_type = parsed(text);
        assert_eq!(data_type.to_string(), text);
        assert_eq!(data_type.wire_type().to_string(), wire_type);
        assert!(data_type.is_cast());
    }
    let DataType::Json(json) =
        parsed("JSON(max_dynamic_types=2, `a.b` Array(UInt8), c Date, SKIP d, SKIP REGEXP 'e (f')")
    else {
        panic!("no JSON");
    };
    let typed = [("a.b", "Array(UInt8)"), ("c", "Date")];
    let typed = typed.map(|(path, data_type)| (path.to_owned(), parsed(data_type)));
    assert_eq!(json.typed(), typed);
    for text in ["String", "Array(UInt8)", "Nullable(UUID)"] {
        assert!(!parsed(text).is_cast(), "{text}");
    }
}

#[test]
fn simple_aggregate_functions_are_their_type() {
    let text = "SimpleAggregateFunction(anyLast, Nullable(DateTime64(3, 'UTC')))";
    assert_eq!(parsed(text).to_string(), "Nullable(DateTime64(3, 'UTC'))");
    let with_arguments = "SimpleAggregateFunction(sumWithOverflow(1, 'a,b'), UInt64)";
    assert_eq!(parsed(with_arguments), DataType::UInt64);
    let of_arrays = "SimpleAggregateFunction(groupArrayArray, Array(UInt8))";
    assert_eq!(parsed(of_arrays), parsed("Array(UInt8)"));
}

#[test]
fn wire_types_have_no_dictionary() {
    for (text, wire) in [
        ("LowCardinality(String)", "String"),
        ("LowCardinality(Nullable(String))", "Nullable(String)"),
        ("Nullable(UInt8)", "Nullable(UInt8)"),
        ("DateTime('UTC')", "DateTime('UTC')"),
        (
            "Array(LowCardinality(Nullable(String)))",
            "Array(Nullable(String))",
        ),
        (
            "Map(LowCardinality(String), Map(String, LowCardinality(String)))",
            "Map(String, Map(String, String))",
        ),
        (
            "Tuple(`a b` LowCardinality(String), Array(LowCardinality(UInt8)))",
            "Tuple(`a b` String, Array(UInt8))",
        ),
    ] {
        assert_eq!(parsed(text).wire_type().to_string(), wire);
    }
}

#[test]
fn inner_is_neither_nullable_nor_a_dictionary() {
    assert_eq!(
        *parsed("LowCardinality(Nullable(String))").inner(),
        DataType::String
    );
    assert!(parsed("LowCardinality(Nullable(String))").is_nullable());
    assert!(!parsed("LowCardinality(String)").is_nullable());
}

#[test]
fn the_width_of_a_decimal_follows_its_precision() {
    for (precision, width) in [
        (1, 4),
        (9, 4),
        (10, 8),
        (18, 8),
        (19, 16),
        (38, 16),
        (39, 32),
        (76, 32),
    ] {
        let data_type = parsed(&format!("Nullable(Decimal({precision}, 1))"));
        assert_eq!(data_type.fixed_width(), Some(width));
    }
    assert_eq!(parsed("LowCardinality(String)").fixed_width(), None);
    assert_eq!(parsed("FixedString(7)").fixed_width(), Some(7));
}

#[test]
fn texts_that_cannot_be_types_are_errors() {
    for text in [
        "",
        "Nullable(UInt8",
        "Nullable)",
        "Array(Tuple(UInt8)",
        "Nullable(UInt8, UInt8)",
        "Array()",
        "Array(UInt8, UInt8)",
        "Map(UInt8)",
        "Tuple(a)b)",
        "Array(Decimal(77, 0))",
        "Tuple(a FixedString(0))",
        "Decimal(0, 0)",
        "Decimal(77, 0)",
        "Decimal(9, 10)",
        "Decimal(9)",
        "FixedString(0)",
        "FixedString(16777216)",
        "DateTime64(10)",
        "DateTime64(3, UTC)",
        "Time64(10)",
        "Enum8('a' = 128)",
        "Enum16('a' = -32769)",
        "Enum8('a')",
        "Enum8('a = 1)",
        "DateTime('UTC)",
    ] {
        assert!(DataType::parse(text).is_err(), "{text}");
    }
}

#[test]
fn members_of_an_enum_are_found_by_number() {
    let members = EnumDef::new(vec![("b".to_owned(), 7), ("a".to_owned(), -3)]);
    assert_eq!(members.name_of(-3), Some("a"));
    assert_eq!(members.name_of(7), Some("b"));
    assert_eq!(members.name_of(0), None);
    assert_eq!(members.to_string(), "'a' = -3, 'b' = 7");
}
