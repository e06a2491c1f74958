//! Dialects that masks cannot cut: long delimiters, escapes within CSV, comments, skipped spaces.

use proptest::prelude::{Just, Strategy, prop, proptest};
use proptest::strategy::Union;
use proptest::test_runner::TestCaseError;

use super::{bare_csv, bare_tsv, check, check_any, decode_every_way, limits};
use crate::csv::{Dialect, Position, decode_record};

fn long(delimiter: &str) -> Dialect {
    let dialect = bare_csv().with_long_delimiter(delimiter.as_bytes());
    dialect.unwrap()
}

fn escaped() -> Dialect {
    bare_csv().with_escape(Some(b'\\')).unwrap()
}

fn commented(comment: &str) -> Dialect {
    bare_csv().with_comment(Some(comment.as_bytes())).unwrap()
}

fn spaced() -> Dialect {
    bare_csv().with_skip_initial_space(true).unwrap()
}

/// Dialects of every kind, for generated files.
fn dialects() -> Vec<Dialect> {
    let unquoted = |dialect: Dialect| dialect.with_quote(None).unwrap();
    vec![
        long(",,"),
        long(",;"),
        long(",a,"),
        long("\u{a7}"),
        unquoted(long(",;,")),
        escaped(),
        unquoted(escaped()),
        escaped().with_long_delimiter(b",a").unwrap(),
        commented("#"),
        commented("a#"),
        unquoted(commented(";;")),
        spaced(),
        spaced().with_delimiter(b' ').unwrap(),
        unquoted(spaced()),
        spaced().with_escape(Some(b'#')).unwrap(),
        escaped()
            .with_comment(Some(b"#"))
            .unwrap()
            .with_skip_initial_space(true)
            .unwrap()
            .with_long_delimiter(b",;")
            .unwrap(),
        bare_tsv().with_long_delimiter(b",,").unwrap(),
        bare_tsv().with_comment(Some(b"#a")).unwrap(),
        bare_tsv().with_skip_initial_space(true).unwrap(),
        bare_csv()
            .with_delimiter(0xA7)
            .unwrap()
            .with_quote(Some(0xC2))
            .unwrap(),
    ]
}

#[test]
fn long_delimiters_cut_at_the_leftmost_place() {
    check(
        long("||"),
        "a||b\n||\nc|d||e|\n",
        &[&["a", "b"], &["", ""], &["c|d", "e|"]],
    );
    check(long("||"), "a|||b\n||||", &[&["a", "|b"], &["", "", ""]]);
    check(long("::"), "a:b::\"c::d\"::e:", &[&["a:b", "c::d", "e:"]]);
    check(long("aab"), "aaab,x\naa", &[&["a", ",x"], &["aa"]]);
    check(
        long("\u{a7}"),
        "1\u{a7}\u{a8}\u{a7}3",
        &[&["1", "\u{a8}", "3"]],
    );
    check(
        long("||"),
        "\"a\"|b||\"c\"\"\"||\"d\"e\r\n",
        &[&["\"a\"|b", "c\"", "\"d\"e"]],
    );
    check(long("12345678"), "a12345678b1234567", &[&["a", "b1234567"]]);
}

#[test]
fn escaped_bytes_are_text_inside_quotes_and_outside() {
    check(escaped(), "a\\,b,\\\"c\\\"\n", &[&["a,b", "\"c\""]]);
    check(escaped(), "\"a\\\"b\",\"c\"\"d\"\n", &[&["a\"b", "c\"d"]]);
    check(escaped(), "\"a\\\\\",\\\\\n", &[&["a\\", "\\"]]);
    check(escaped(), "a\\\nb,c\\\r\nd", &[&["a\nb", "c\r"], &["d"]]);
    check(escaped(), "\\n\\t,\"\\n\"\n", &[&["nt", "n"]]);
    check(escaped(), "\"a\"b\\,c,d\n", &[&["\"a\"b,c", "d"]]);
    check(escaped(), "a,b\\", &[&["a", "b\\"]]);
    let caret = bare_csv().with_escape(Some(b'^')).unwrap();
    check(caret, "a^,b,\"^\"^^\"\n", &[&["a,b", "\"^"]]);
}

#[test]
fn null_marker_is_no_escape() {
    let rows = decode_every_way(escaped(), limits(1), b"\\N,\"\\N\",\\Nx,\\\\N,\\N").rows();
    let fields = [
        (b"\\N".to_vec(), false),
        (b"N".to_vec(), true),
        (b"Nx".to_vec(), true),
        (b"\\N".to_vec(), true),
        (b"\\N".to_vec(), false),
    ];
    assert_eq!(rows[0].fields, fields);
}

#[test]
fn comments_are_no_records() {
    check(
        commented("#"),
        "# \"a\nb,c\n#\n#x\r\n\r\nd,#e\n \"#\"\n\"#f\n#g\"\n#h",
        &[&["b", "c"], &["d", "#e"], &[" \"#\""], &["#f\n#g"]],
    );
    check(commented("--"), "-\n--a\n-,--\n--", &[&["-"], &["-", "--"]]);
    check(commented("#"), "#a\rb\r#c\r", &[&["b"]]);
    let rows = decode_every_way(commented("#"), limits(1), b"#a\r\n\r\nb,\n#\"c\n\nd").rows();
    let positions: Vec<_> = rows.iter().map(|row| row.position).collect();
    let at = |record, line, byte_offset| Position {
        record,
        line,
        byte_offset,
    };
    assert_eq!(positions, [at(1, 3, 6), at(2, 6, 14)]);
    let header = commented("#").with_header(true);
    let outcome = decode_every_way(header, limits(9), b"#a\nid,x\n#b\n1,2\n");
    assert_eq!(outcome.header.unwrap().raw, b"id,x");
    assert_eq!(outcome.batches.concat().len(), 1);
}

#[test]
fn spaces_after_delimiters_are_skipped() {
    check(
        spaced(),
        "a, b,  \"c, d\" , e \n f, ,\n",
        &[&["a", "b", "c, d", "e "], &[" f", "", ""]],
    );
    let words = spaced().with_delimiter(b' ').unwrap();
    check(
        words,
        "a  b   \"c d\"\n e \n",
        &[&["a", "b", "c d"], &["", "e", ""]],
    );
    let rows = decode_every_way(spaced(), limits(1), b"a, \\N, \"\"").rows();
    assert_eq!(rows[0].fields[1], (b"\\N".to_vec(), false));
    assert_eq!(rows[0].fields[2], (Vec::new(), true));
    assert_eq!(rows[0].raw, b"a, \\N, \"\"");
}

#[test]
fn tsv_rules_hold_beyond_masks() {
    let dialect = bare_tsv().with_long_delimiter(b"||").unwrap();
    check(dialect, "a\\|||b\\n||\\N\\||\n", &[&["a|", "b\n", "\\N||"]]);
    let dialect = bare_tsv().with_comment(Some(b"#")).unwrap();
    check(dialect, "#a\n\n\\x23b\n\n", &[&[""], &["#b"], &[""]]);
}

#[test]
fn nul_and_marks_within_the_file_are_text() {
    for dialect in [bare_csv(), commented("#"), long(",,")] {
        check(
            dialect,
            "\0a\n\u{feff}b\0\n\0",
            &[&["\0a"], &["\u{feff}b\0"], &["\0"]],
        );
    }
    check(
        commented("#"),
        "\u{feff}#a\nb\n\u{feff}#c",
        &[&["b"], &["\u{feff}#c"]],
    );
}

#[test]
fn records_are_cut_once_more_alike() {
    let texts = [
        "a,,b;\"c,,d\",; e \\, \"f\"\"g\\\"h\"\n\"i\r\nj\",,k\n\u{feff}l,a,m\n\\N\n#",
        "a,\"b\"c, \"d\"\"e\" \nN,\\N,\\\\N\n",
    ];
    for dialect in dialects().into_iter().chain([bare_csv(), bare_tsv()]) {
        for text in texts {
            for row in decode_every_way(dialect, limits(1 << 20), text.as_bytes()).rows() {
                let header = dialect.with_header(true).with_skip_lines(3).unwrap();
                assert_eq!(decode_record(&row.raw, header), row.fields, "{dialect:?}");
            }
        }
    }
    let plain = |text: &str| [(text.as_bytes().to_vec(), false)];
    assert_eq!(decode_record(b"", bare_csv()), plain(""));
    assert_eq!(decode_record(b"", bare_tsv()), plain(""));
    assert_eq!(decode_record(b"a,\"b", bare_csv()), plain("a,\"b"));
}

/// Bytes that mean something in one of the dialects, mixed with bytes that do not.
fn odd_bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces: [(u32, &[u8]); 16] = [
        (6, b"a"),
        (3, b","),
        (2, b"\""),
        (2, b"\\"),
        (2, b" "),
        (1, b";"),
        (1, b"\n"),
        (1, b"\r"),
        (1, b"\r\n"),
        (1, b"#"),
        (1, b"\\N"),
        (1, b"\xC2\xA7"),
        (1, b"\0"),
        (1, b"\xEF\xBB\xBF"),
        (1, b",,"),
        (1, b"\n#a\""),
    ];
    let weighted = pieces.map(|(weight, piece)| (weight, Just(piece)));
    let piece = Union::new_weighted(weighted.to_vec());
    prop::collection::vec(piece, 0..150).prop_map(|pieces| pieces.concat())
}

fn check_all(input: &[u8]) -> Result<(), TestCaseError> {
    for dialect in dialects() {
        check_any(dialect, input)?;
    }
    Ok(())
}

proptest! {
    #[test]
    fn odd_files_of_odd_dialects_are_cut_as_byte_by_byte(input in odd_bytes()) {
        check_all(&input)?;
    }
}
