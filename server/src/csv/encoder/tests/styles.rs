//! Every dialect and every style: compared byte for byte, and read back for random ones.

use std::slice;

use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};

use super::{CannotRepresent, Null, Plain, Value, encode_with, records, text};
use crate::csv::{
    Decoder, Dialect, Encoder, Field, Limits, LineEnd, NULL_MARKER, QuoteStyle, Style, StyleError,
};

fn style() -> Style {
    Style::default()
}

fn nulls_as(marker: &str) -> Style {
    Style {
        null_marker: marker.into(),
        ..style()
    }
}

fn quoting(quotes: QuoteStyle) -> Style {
    Style { quotes, ..style() }
}

fn check(dialect: Dialect, style: &Style, records: &[Vec<Value>], expected: &str) {
    let encoder = Encoder::with_style(dialect, style).unwrap();
    let output = encode_with(encoder, records).unwrap();
    let output = String::from_utf8(output).unwrap();
    assert_eq!(output, expected);
}

fn check_refused(dialect: Dialect, style: &Style, record: Vec<Value>) {
    let encoder = Encoder::with_style(dialect, style).unwrap();
    assert!(encode_with(encoder, &[record]).is_err());
}

fn long() -> Dialect {
    Dialect::csv().with_long_delimiter(b"||").unwrap()
}

fn escaped() -> Dialect {
    Dialect::csv().with_escape(Some(b'\\')).unwrap()
}

fn unquoted(dialect: Dialect) -> Dialect {
    dialect.with_quote(None).unwrap()
}

#[test]
fn long_delimiters_are_told_from_text() {
    let record = vec![
        text("a"),
        text("b|"),
        text("c||d"),
        text("|e"),
        text("f|g"),
        Null,
    ];
    check(
        long(),
        &style(),
        &[record],
        "a||\"b|\"||\"c||d\"|||e||f|g||\\N\n",
    );
    let overlapping = Dialect::csv().with_long_delimiter(b"aba").unwrap();
    let record = vec![text("ab"), text("a"), text("b"), text("xaby")];
    let expected = ["\"ab\"", "a", "b", "xaby\n"].join("aba");
    check(overlapping, &style(), &[record], &expected);
}

#[test]
fn escapes_stand_where_quotes_were_doubled() {
    let record = vec![
        text("a\"b"),
        text("c\\d"),
        text("e,f"),
        text("\\N"),
        text(""),
        Null,
    ];
    let expected = "\"a\\\"b\",\"c\\\\d\",\"e,f\",\"\\\\N\",\"\",\\N\n";
    check(escaped(), &style(), &[record], expected);
    let record = vec![
        text("a,b"),
        text("c\nd\r"),
        text("\\N"),
        text(""),
        text("N"),
        Plain("1"),
    ];
    let expected = "a\\,b,c\\\nd\\\r,\\\\N,,N,1\n";
    check(unquoted(escaped()), &style(), &[record], expected);
    check_refused(unquoted(escaped()), &style(), vec![text("")]);
}

#[test]
fn text_is_no_comment() {
    let dialect = Dialect::csv().with_comment(Some(b"#")).unwrap();
    let records = [vec![text("#a"), text("#b")], vec![text("c")]];
    check(dialect, &style(), &records, "\"#a\",#b\nc\n");
    let dashed = Dialect::csv().with_comment(Some(b"-1")).unwrap();
    check(
        dashed,
        &style(),
        &[vec![Plain("-1.5"), Plain("-1")]],
        "\"-1.5\",-1\n",
    );
    let tsv = Dialect::tsv().with_comment(Some(b"#")).unwrap();
    check(
        tsv,
        &style(),
        &[vec![text("#a\t"), text("#b")]],
        "\\x23a\\t\t#b\n",
    );
    let escaped = unquoted(escaped()).with_comment(Some(b"#")).unwrap();
    check(escaped, &style(), &[vec![text("#a")]], "\\#a\n");
    check_refused(unquoted(dialect), &style(), vec![text("#a")]);
}

#[test]
fn leading_spaces_are_kept() {
    let dialect = Dialect::csv().with_skip_initial_space(true).unwrap();
    let record = vec![text(" a"), text(" b"), text("c "), text(" ")];
    check(dialect, &style(), &[record], " a,\" b\",c ,\" \"\n");
    let spaced = dialect.with_delimiter(b' ').unwrap();
    let record = vec![Plain("1"), Plain(""), text(""), Null];
    check(spaced, &style(), &[record], "1 \"\" \"\" \\N\n");
    check_refused(unquoted(spaced), &style(), vec![text("a"), text("")]);
}

#[test]
fn any_line_end_is_written() {
    for (line_end, expected) in [
        (LineEnd::Lf, "a,\"b\r\"\n1,\n"),
        (LineEnd::CrLf, "a,\"b\r\"\r\n1,\r\n"),
        (LineEnd::Cr, "a,\"b\r\"\r1,\r"),
    ] {
        let style = Style {
            line_end,
            ..style()
        };
        let records = [vec![text("a"), text("b\r")], vec![Plain("1"), Plain("")]];
        check(Dialect::csv(), &style, &records, expected);
    }
}

#[test]
fn null_is_told_from_text() {
    let record = vec![Null, text("NULL"), text("\\N"), text("null"), text("")];
    let expected = "NULL,\"NULL\",\"\\N\",null,\"\"\n";
    check(
        Dialect::csv(),
        &nulls_as("NULL"),
        slice::from_ref(&record),
        expected,
    );
    let expected = ",NULL,\"\\N\",null,\"\"\n";
    check(
        Dialect::csv(),
        &nulls_as(""),
        slice::from_ref(&record),
        expected,
    );
    let expected = "NULL\t\\x4EULL\t\\\\N\tnull\t\n";
    check(
        Dialect::tsv(),
        &nulls_as("NULL"),
        slice::from_ref(&record),
        expected,
    );
    let expected = "NULL,\\NULL,\\\\N,null,\n";
    check(unquoted(escaped()), &nulls_as("NULL"), &[record], expected);
    let zeros = vec![Null, Plain("0"), Plain("00")];
    check(
        Dialect::csv(),
        &nulls_as("0"),
        slice::from_ref(&zeros),
        "0,\"0\",00\n",
    );
    check_refused(unquoted(Dialect::csv()), &nulls_as("0"), zeros);
    check_refused(unquoted(escaped()), &nulls_as("N"), vec![text("N")]);
    check_refused(Dialect::tsv(), &nulls_as(""), vec![text(""), text("")]);
}

#[test]
fn lone_null_is_no_blank_line() {
    check_refused(Dialect::csv(), &nulls_as(""), vec![Null]);
    check(
        Dialect::csv(),
        &nulls_as(""),
        &[vec![text("")], vec![Null, Null]],
        "\"\"\n,\n",
    );
    check(
        Dialect::tsv(),
        &nulls_as(""),
        &[vec![Null], vec![text("a")]],
        "\na\n",
    );
    check(Dialect::csv(), &nulls_as("-"), &[vec![Null]], "-\n");
}

#[test]
fn null_markers_that_mean_something_are_refused() {
    let refused = |dialect: Dialect, marker: &str| {
        let error = Encoder::with_style(dialect, &nulls_as(marker)).err();
        error.map(|error| error.to_string())
    };
    let comment = Dialect::csv().with_comment(Some(b"#")).unwrap();
    let spaced = Dialect::csv().with_skip_initial_space(true).unwrap();
    for (dialect, marker, role) in [
        (Dialect::csv(), "a,b", "delimiter"),
        (long(), "a|", "delimiter"),
        (Dialect::csv(), "a\n", "line end"),
        (Dialect::csv(), "\"\"", "quote"),
        (escaped(), "\\n", "escape"),
        (comment, "#NA", "comment prefix"),
        (spaced, " -", "skipped space"),
        (spaced.with_delimiter(b' ').unwrap(), "", "skipped space"),
        (Dialect::csv(), "\u{feff}", "byte order mark"),
    ] {
        let expected = format!(
            "the null marker cannot be told from the {role}; \
             take another null marker, such as `\\N`"
        );
        assert_eq!(refused(dialect, marker), Some(expected));
    }
    for dialect in [Dialect::csv(), Dialect::tsv(), escaped(), comment, spaced] {
        assert_eq!(refused(dialect, "\\N"), None);
    }
}

#[test]
fn quotes_stand_where_the_style_wants_them() {
    let record = vec![text("a"), Plain("1.5"), Null, text(""), text("\"")];
    let expected = "\"a\",\"1.5\",\\N,\"\",\"\"\"\"\n";
    check(
        Dialect::csv(),
        &quoting(QuoteStyle::Always),
        slice::from_ref(&record),
        expected,
    );
    let expected = "\"a\",1.5,\\N,\"\",\"\"\"\"\n";
    check(
        Dialect::csv(),
        &quoting(QuoteStyle::NonNumeric),
        &[record],
        expected,
    );
    for dialect in [unquoted(Dialect::csv()), Dialect::tsv()] {
        let refused = Encoder::with_style(dialect, &quoting(QuoteStyle::Always));
        assert_eq!(refused.err(), Some(StyleError::NoQuote));
    }
}

#[test]
fn formulas_are_made_text() {
    let style = Style {
        excel_safe: true,
        ..style()
    };
    let records = [
        vec![
            text("=1+1"),
            text("+1"),
            text("-1"),
            text("@a"),
            text("\tb"),
            text("\rc"),
        ],
        vec![
            text("a=b"),
            Plain("-1"),
            Plain("+1"),
            Null,
            text(""),
            text("'="),
        ],
    ];
    let expected = "'=1+1,'+1,'-1,'@a,'\tb,\"'\rc\"\na=b,-1,+1,\\N,\"\",'=\n";
    check(Dialect::csv(), &style, &records, expected);
    check(
        Dialect::tsv(),
        &style,
        &[vec![text("\ta"), text("=")]],
        "'\\ta\t'=\n",
    );
}

#[test]
fn header_takes_as_many_records_as_are_read() {
    let write = |dialect: Dialect, names: &[&str]| {
        let mut encoder = Encoder::new(dialect);
        encoder.header(names)?;
        Ok(String::from_utf8(encoder.take()).unwrap())
    };
    for (rows, names, expected) in [
        (0, &["a", "b"][..], "a,b\n"),
        (1, &["a", "b"], "a,b\n"),
        (3, &["a b", ""], "a b,\"\"\n,\n,\n"),
        (2, &["a"], "a\n\"\"\n"),
    ] {
        let dialect = Dialect::csv().with_header_rows(rows).unwrap();
        assert_eq!(
            write(dialect, names),
            Ok::<_, CannotRepresent>(expected.to_owned())
        );
        if rows > 0 {
            let mut decoder = Decoder::new(dialect, Limits::default());
            decoder.push(expected.as_bytes());
            assert!(decoder.finish().unwrap().is_none());
            let expected: Vec<_> = names.iter().map(|name| name.as_bytes()).collect();
            assert_eq!(decoder.header().unwrap().names(), expected);
        }
    }
}

/// A byte that could have any role.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        4 => prop::sample::select(&b",;\t|\"'\\ #-0aN\x01\x1F\xA7\xC2"[..]),
        1 => any::<u8>(),
    ]
}

/// Whatever mix of roles is allowed.
fn dialect() -> impl Strategy<Value = Dialect> {
    let bytes = |longest: usize| prop::collection::vec(byte(), 1..=longest);
    let delimiter =
        prop_oneof![2 => Just(b",".to_vec()), 3 => bytes(1), 2 => bytes(3), 1 => bytes(8)];
    let quote = prop_oneof![2 => Just(Some(b'"')), 1 => Just(None), 1 => byte().prop_map(Some)];
    let base = prop_oneof![4 => Just(Dialect::csv()), 1 => Just(Dialect::tsv())];
    let escape = prop::option::of(byte());
    let comment = prop::option::of(bytes(2));
    let roles = (base, delimiter, quote, escape, comment, any::<bool>());
    roles.prop_map(|(base, delimiter, quote, escape, comment, skip_space)| {
        let mut dialect = base.with_header(false);
        dialect = dialect.with_quote(quote).unwrap_or(dialect);
        dialect = dialect.with_long_delimiter(&delimiter).unwrap_or(dialect);
        dialect = dialect.with_escape(escape).unwrap_or(dialect);
        dialect = dialect.with_comment(comment.as_deref()).unwrap_or(dialect);
        let skipping = dialect.with_skip_initial_space(skip_space);
        skipping.unwrap_or(dialect)
    })
}

fn any_style() -> impl Strategy<Value = Style> {
    let line_ends = [LineEnd::Lf, LineEnd::CrLf, LineEnd::Cr];
    let quotes = [
        QuoteStyle::Necessary,
        QuoteStyle::NonNumeric,
        QuoteStyle::Always,
    ];
    let markers = ["\\N", "\\N", "", "NULL", "-", "a|", "N", "0"];
    (
        prop::sample::select(line_ends.to_vec()),
        prop::sample::select(quotes.to_vec()),
        prop::sample::select(markers.to_vec()),
    )
        .prop_map(|(line_end, quotes, marker)| Style {
            line_end,
            quotes,
            null_marker: marker.into(),
            excel_safe: false,
        })
}

/// What a field says, when NULL has a marker of its own.
fn value_of(field: Field<'_>, marker: &[u8]) -> Option<Vec<u8>> {
    let is_null = !field.quoted && (field.bytes == marker || field.bytes == NULL_MARKER);
    (!is_null).then(|| field.bytes.to_vec())
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(2000))]
    #[test]
    fn every_dialect_reads_back_what_it_writes(
        dialect in dialect(),
        style in any_style(),
        records in records(),
    ) {
        let encoder = Encoder::with_style(dialect, &style);
        let marker = style.null_marker.as_slice();
        let Ok(encoder) = encoder else { return Ok(()) };
        let Ok(file) = encode_with(encoder, &records) else {
            let is_lone_null = marker.is_empty() && records[0].len() == 1;
            assert!(dialect.quote().is_none() || is_lone_null, "quotes hold every text");
            return Ok(());
        };
        let mut decoder = Decoder::new(dialect, Limits::default());
        decoder.push(&file);
        let mut read = Vec::new();
        while let Some(batch) = decoder.finish().unwrap() {
            read.extend(batch.records().map(|record| {
                let fields = record.fields();
                fields.map(|field| value_of(field, marker)).collect::<Vec<_>>()
            }));
        }
        let expected: Vec<Vec<_>> = records
            .iter()
            .map(|record| {
                let fields = record.iter().map(|value| match value {
                    Value::Text(text) => Some(text.clone()),
                    Plain(text) => Some(text.as_bytes().to_vec()),
                    Null => None,
                });
                fields.collect()
            })
            .collect();
        prop_assert_eq!(read, expected, "{}", file.escape_ascii());
    }
}
