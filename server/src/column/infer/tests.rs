//! Tests of the inferred types.

use super::ColumnSample;
use crate::column::Cell;

/// Checks the type of unquoted cells.
fn check(cells: &[&str], expected: &str) {
    let mut sample = ColumnSample::default();
    for cell in cells {
        sample.observe(Cell::plain(cell.as_bytes()));
    }
    assert_eq!(sample.infer().to_string(), expected, "{cells:?}");
}

#[test]
fn integers_are_as_wide_as_needed_and_at_least_64_bits() {
    check(&["1", "-2", "0"], "Int64");
    check(&["9223372036854775807", "-9223372036854775808"], "Int64");
    check(&["9223372036854775808", "0"], "UInt64");
    check(&["18446744073709551615"], "UInt64");
    check(&["9223372036854775808", "-1"], "Int128");
    check(&["18446744073709551616"], "Int128");
    check(&["340282366920938463463374607431768211455"], "UInt128");
    check(&["340282366920938463463374607431768211456"], "Int256");
    check(&["-340282366920938463463374607431768211456"], "Int256");
    let max = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    check(&[max], "UInt256");
    check(&[max, "-1"], "String");
    check(&[&max.replace("935", "936")], "String");
}

#[test]
fn integers_that_would_change_stay_text() {
    for text in ["007", "+5", "00", "-007", "1_000", "1,000", " 1", "0x10"] {
        check(&["1", text], "String");
    }
    check(&["-0", "1"], "Float64");
}

#[test]
fn numbers_with_a_fraction_or_exponent_are_floats() {
    check(
        &["1.5", "2", "-3e5", ".5", "0.30000000000000004"],
        "Float64",
    );
    check(&["1.5", "nan", "-inf"], "Float64");
    check(&["nan", "inf"], "String");
    check(&["1e999", "1.5"], "String");
    check(&["007.5"], "String");
    check(&["+1.5"], "String");
}

#[test]
fn numbers_that_a_float_would_change_stay_text() {
    check(&["9007199254740992", "0.5"], "Float64");
    check(&["9007199254740993", "0.5"], "String");
    check(&["0.123456789012345678"], "String");
}

#[test]
fn truth_values_are_words_only() {
    check(&["true", "False", "TRUE"], "Bool");
    check(&["true", "1"], "String");
    check(&["0", "1"], "Int64");
    check(&["yes", "no"], "String");
}

#[test]
fn dates_are_as_wide_as_needed() {
    check(&["2024-02-29", "1970-01-01", "2149-06-06"], "Date");
    check(&["2024-02-29", "1969-12-31"], "Date32");
    check(&["2024-02-29", "2149-06-07"], "Date32");
    check(&["1900-01-01", "2299-12-31"], "Date32");
    check(&["1899-12-31"], "String");
    check(&["2300-01-01"], "String");
    check(&["2024-02-30"], "String");
    check(&["01/02/2024"], "String");
    check(&["20240229"], "Int64");
}

#[test]
fn times_have_the_precision_of_their_longest_fraction() {
    check(&["2024-02-29 10:00:00", "2024-02-29T10:00"], "DateTime");
    check(&["2024-02-29", "2024-02-29 10:00:00"], "DateTime");
    check(&["2024-02-29 10:00:00+02:00"], "DateTime");
    check(
        &["2024-02-29 10:00:00.5", "2024-02-29 10:00:00.125"],
        "DateTime64(3)",
    );
    check(&["2024-02-29 10:00:00.1234567890"], "DateTime64(9)");
    check(&["2024-02-29 10:00:00.1234567891"], "String");
}

#[test]
fn times_near_the_ends_of_a_type_take_a_wider_one() {
    check(&["1970-01-02 00:00:00"], "DateTime");
    check(&["1970-01-01 23:59:59"], "DateTime64(0)");
    check(&["2106-02-06 06:28:15"], "DateTime");
    check(&["2106-02-06 06:28:16"], "DateTime64(0)");
    check(&["2262-04-10 23:47:16.000000001"], "DateTime64(9)");
    check(&["2262-04-10 23:47:17.000000001"], "String");
    check(&["1900-01-01 10:00:00"], "String");
}

#[test]
fn uuids_and_addresses_are_found() {
    check(&["6d0ddcfc-5393-44a0-9b3f-73512f0fba05"], "UUID");
    check(&["6d0ddcfc539344a09b3f73512f0fba05"], "String");
    check(&["10.0.0.1", "255.255.255.255"], "IPv4");
    check(&["10.0.0.1", "::1"], "IPv6");
    check(&["10.0.0.256"], "String");
}

#[test]
fn unquoted_empty_cells_and_markers_are_null() {
    check(&["1", ""], "Nullable(Int64)");
    check(&["2024-02-29", "\\N"], "Nullable(Date)");
    check(&["abc", ""], "String");
    check(&["abc", "\\N"], "Nullable(String)");
    check(&["", ""], "Nullable(String)");
    check(&[], "String");
}

#[test]
fn a_quoted_empty_cell_is_a_text() {
    let mut sample = ColumnSample::default();
    sample.observe(Cell::plain(b"1"));
    sample.observe(Cell::quoted(b""));
    assert_eq!(sample.infer().to_string(), "String");
}
