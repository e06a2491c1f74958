//! The files of `tests/data/csv`, each with the records that it holds.

use std::fs;
use std::path::{Path, PathBuf};

use super::{check_any, decode_every_way};
use crate::csv::{Dialect, Encoder, Limits};

fn cases() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/csv");
    let paths = fs::read_dir(directory).unwrap();
    let mut paths: Vec<PathBuf> = paths
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "csv"))
        .collect();
    paths.sort();
    paths
}

/// The dialect that stands beside a file; comma and double quotes without one.
fn dialect_of(path: &Path) -> Dialect {
    let mut dialect = Dialect::csv().with_header(false);
    let settings = fs::read_to_string(path.with_extension("dialect")).unwrap_or_default();
    for setting in settings.lines() {
        let (key, value) = setting.split_once(' ').unwrap_or((setting, ""));
        let bytes = value.as_bytes();
        let changed = match key {
            "delimiter" => dialect.with_long_delimiter(bytes),
            "quote" => dialect.with_quote(bytes.first().copied()),
            "escape" => dialect.with_escape(bytes.first().copied()),
            "comment" => dialect.with_comment(Some(bytes)),
            "skip-initial-space" => dialect.with_skip_initial_space(true),
            "skip-lines" => dialect.with_skip_lines(value.parse().unwrap()),
            "end-line" => dialect.with_end_line(Some(value.parse().unwrap())),
            "tsv" => Ok(Dialect::tsv().with_header(false)),
            _ => panic!("{}: {key}", path.display()),
        };
        dialect = changed.unwrap();
    }
    dialect
}

fn texts_of(dialect: Dialect, file: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let outcome = decode_every_way(dialect, Limits::default(), file);
    assert_eq!(outcome.error, None);
    let rows = outcome.rows().into_iter();
    rows.map(|row| row.fields.into_iter().map(|(text, _)| text).collect())
        .collect()
}

#[test]
fn files_hold_what_is_expected() {
    let cases = cases();
    assert!(cases.len() > 30, "the cases are there");
    for path in cases {
        let file = fs::read(&path).unwrap();
        let expected = fs::read_to_string(path.with_extension("expected")).unwrap();
        let expected: Vec<Vec<String>> = serde_json::from_str(&expected).unwrap();
        let expected: Vec<Vec<Vec<u8>>> = expected
            .into_iter()
            .map(|row| row.into_iter().map(String::into_bytes).collect())
            .collect();
        let dialect = dialect_of(&path);
        assert_eq!(texts_of(dialect, &file), expected, "{}", path.display());
        check_any(dialect, &file).unwrap();
    }
}

#[test]
fn files_come_back_with_their_texts() {
    for path in cases() {
        let dialect = dialect_of(&path);
        let texts = texts_of(dialect, &fs::read(&path).unwrap());
        let whole = dialect.with_end_line(None).unwrap();
        let whole = whole.with_skip_lines(0).unwrap();
        for target in [whole, Dialect::csv().with_header(false)] {
            let mut encoder = Encoder::new(target);
            let mut written = Ok(());
            for row in &texts {
                for text in row {
                    written = written.and_then(|()| encoder.text(text));
                }
                written = written.and_then(|()| encoder.end_record());
            }
            // Only what has neither quotes nor escapes may be refused.
            let is_plain = target.quote().is_none() && target.escape().is_none();
            assert!(written.is_ok() || is_plain, "{}", path.display());
            if written.is_ok() {
                assert_eq!(
                    texts_of(target, &encoder.take()),
                    texts,
                    "{}",
                    path.display()
                );
            }
        }
    }
}
