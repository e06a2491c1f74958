//! What a dialect takes, and what it says to the rest.

use super::{Dialect, DialectError};

fn same(role: &'static str, other: &'static str, byte: u8) -> DialectError {
    DialectError::SameByte { role, other, byte }
}

#[test]
fn usual_delimiters_and_quotes_are_taken() {
    for delimiter in [
        b';', b'|', b'\t', b' ', 0x01, 0x1F, 0x7F, b'5', b'x', 0xA7, 0xFF,
    ] {
        let dialect = Dialect::csv().with_delimiter(delimiter).unwrap();
        assert_eq!(dialect.delimiter(), [delimiter]);
        assert!(dialect.is_regular());
    }
    for quote in [b'\'', b'`', b'5', 0xAB] {
        let dialect = Dialect::csv().with_quote(Some(quote)).unwrap();
        assert_eq!(dialect.quote(), Some(quote));
    }
    assert_eq!(Dialect::csv().with_quote(None).unwrap().quote(), None);
    assert!(!Dialect::tsv().with_header(false).header());
}

#[test]
fn delimiters_have_one_to_eight_bytes() {
    for delimiter in ["||", "::", "\u{a7}", "\u{ff0c}", " | ", "AND", "12345678"] {
        let dialect = Dialect::csv().with_long_delimiter(delimiter.as_bytes());
        assert_eq!(dialect.unwrap().delimiter(), delimiter.as_bytes());
    }
    for (delimiter, length) in [("", 0), ("123456789", 9)] {
        let role = "delimiter";
        assert_eq!(
            Dialect::csv().with_long_delimiter(delimiter.as_bytes()),
            Err(DialectError::Length { role, length })
        );
    }
    let long = [b'x'; 300];
    assert!(Dialect::csv().with_long_delimiter(&long).is_err());
    assert!(Dialect::csv().with_comment(Some(b"")).is_err());
}

#[test]
fn bytes_that_cannot_work_are_refused() {
    let csv = Dialect::csv();
    for byte in [b'\r', b'\n', 0] {
        let unusable = |role| Err(DialectError::UnusableByte { role, byte });
        assert_eq!(csv.with_delimiter(byte), unusable("delimiter"));
        assert_eq!(
            csv.with_long_delimiter(&[b'|', byte]),
            unusable("delimiter")
        );
        assert_eq!(csv.with_quote(Some(byte)), unusable("quote"));
        assert_eq!(csv.with_escape(Some(byte)), unusable("escape"));
        assert_eq!(csv.with_comment(Some(&[byte])), unusable("comment prefix"));
    }
    let alike = |role| Err(DialectError::LikeByteOrderMark { role });
    assert_eq!(csv.with_delimiter(0xEF), alike("delimiter"));
    assert_eq!(csv.with_quote(Some(0xEF)), alike("quote"));
    assert_eq!(
        csv.with_comment(Some(b"\xEF\xBB\xBF#")),
        alike("comment prefix")
    );
}

#[test]
fn one_byte_has_one_role() {
    let csv = Dialect::csv();
    assert_eq!(
        csv.with_delimiter(b'"'),
        Err(same("delimiter", "quote", b'"'))
    );
    assert_eq!(
        csv.with_long_delimiter(b"|\"|"),
        Err(same("delimiter", "quote", b'"'))
    );
    assert_eq!(
        csv.with_quote(Some(b',')),
        Err(same("quote", "delimiter", b','))
    );
    assert_eq!(
        csv.with_escape(Some(b'"')),
        Err(same("escape", "quote", b'"'))
    );
    assert_eq!(
        csv.with_comment(Some(b"#,")),
        Err(same("comment prefix", "delimiter", b','))
    );
    assert_eq!(
        csv.with_comment(Some(b"\"#")),
        Err(same("comment prefix", "quote", b'"'))
    );
    let commented = csv.with_comment(Some(b"#\"")).unwrap();
    assert_eq!(
        commented.with_delimiter(b'#'),
        Err(same("delimiter", "comment prefix", b'#'))
    );
    let escaped = csv.with_escape(Some(b'\\')).unwrap();
    assert_eq!(
        escaped.with_comment(Some(b"\\\\")),
        Err(same("comment prefix", "escape", b'\\'))
    );
    let unquoted = csv.with_quote(None).unwrap();
    assert_eq!(unquoted.with_delimiter(b'"').unwrap().delimiter(), b"\"");
    assert_eq!(
        same("escape", "quote", b'"').to_string(),
        "the escape has the byte 0x22, which the quote has too; take another"
    );
}

#[test]
fn null_marker_stays_whole() {
    let csv = Dialect::csv();
    let hidden = |role, byte| Err(DialectError::InNullMarker { role, byte });
    assert_eq!(csv.with_delimiter(b'N'), hidden("delimiter", b'N'));
    assert_eq!(csv.with_long_delimiter(b"NN"), hidden("delimiter", b'N'));
    assert!(csv.with_long_delimiter(b"NXN").is_ok());
    assert!(csv.with_long_delimiter(b"\\\\").is_ok());
    assert_eq!(csv.with_long_delimiter(b"\\N"), hidden("delimiter", b'\\'));
    assert_eq!(csv.with_quote(Some(b'\\')), hidden("quote", b'\\'));
    assert_eq!(
        csv.with_comment(Some(b"\\")),
        hidden("comment prefix", b'\\')
    );
    assert_eq!(
        csv.with_comment(Some(b"\\NN")),
        hidden("comment prefix", b'\\')
    );
    assert!(csv.with_escape(Some(b'\\')).is_ok());
}

#[test]
fn escape_is_no_letter() {
    let refused = DialectError::AlphanumericEscape { byte: b'n' };
    assert_eq!(Dialect::csv().with_escape(Some(b'n')), Err(refused));
    let dialect = Dialect::csv().with_escape(Some(b'^')).unwrap();
    assert_eq!(dialect.escape(), Some(b'^'));
    assert!(!dialect.is_regular());
}

#[test]
fn tsv_keeps_its_escapes() {
    let tsv = Dialect::tsv();
    assert_eq!(
        tsv.with_quote(Some(b'"')),
        Err(DialectError::QuoteWithEscapes)
    );
    assert_eq!(tsv.with_escape(None), Err(DialectError::EscapeOfTsv));
    assert!(tsv.with_quote(None).unwrap().is_regular());
    assert!(tsv.with_delimiter(b'\\').is_err());
    assert!(!tsv.with_long_delimiter(b"||").unwrap().is_regular());
    let refused = DialectError::DelimiterInEscapes { byte: b'n' };
    assert_eq!(tsv.with_delimiter(b'n'), Err(refused));
    assert_eq!(
        refused.to_string(),
        "the delimiter 'n' is a letter or digit, which TSV escapes use; take another"
    );
}

#[test]
fn skipped_spaces_have_no_other_meaning() {
    let csv = Dialect::csv();
    let skipping = csv.with_skip_initial_space(true).unwrap();
    assert!(skipping.skip_initial_space() && !skipping.is_regular());
    assert!(skipping.with_delimiter(b' ').is_ok());
    let refused = |role| Err(DialectError::SpaceIsSkipped { role });
    assert_eq!(skipping.with_long_delimiter(b" |"), refused("delimiter"));
    assert_eq!(skipping.with_quote(Some(b' ')), refused("quote"));
    let spaced = csv.with_escape(Some(b' ')).unwrap();
    assert_eq!(spaced.with_skip_initial_space(true), refused("escape"));
}

#[test]
fn table_begins_before_it_ends() {
    let csv = Dialect::csv();
    assert_eq!(csv.with_header_rows(4).unwrap().header_rows(), 4);
    let refused = DialectError::TooManyHeaderRows { rows: 5 };
    assert_eq!(csv.with_header_rows(5), Err(refused));
    let late = csv.with_skip_lines(3).unwrap();
    assert_eq!(late.with_end_line(Some(4)).unwrap().end_line(), Some(4));
    let refused = |end_line, skip_lines| {
        Err(DialectError::EndsBeforeStart {
            end_line,
            skip_lines,
        })
    };
    assert_eq!(late.with_end_line(Some(3)), refused(3, 3));
    assert_eq!(csv.with_end_line(Some(0)), refused(0, 0));
    let short = csv.with_end_line(Some(2)).unwrap();
    assert_eq!(short.with_skip_lines(5), refused(2, 5));
    assert_eq!(short.with_end_line(None), Ok(csv));
}
