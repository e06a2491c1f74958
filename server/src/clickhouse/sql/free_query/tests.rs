//! Which texts pass as one SELECT.

use proptest::prelude::*;

use super::{SelectQuery, tokens};
use crate::clickhouse::error::{Error, Exception};

fn accepts(text: &str, expected: &str) {
    let query = SelectQuery::new(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    assert_eq!(query.text(), expected);
}

fn refuses(text: &str, part: &str) {
    match SelectQuery::new(text) {
        Err(Error::NotASelect { reason }) => assert!(reason.contains(part), "{text:?}: {reason}"),
        other => panic!("{text:?}: {other:?}"),
    }
}

#[test]
fn select_with_and_from_are_taken_as_they_stand() {
    accepts("SELECT 1", "SELECT 1");
    accepts("  select 1 -- x", "select 1 -- x");
    accepts(
        "/* a */ -- b\n WITH x AS (SELECT 1) SELECT * FROM x",
        "/* a */ -- b\n WITH x AS (SELECT 1) SELECT * FROM x",
    );
    accepts(
        "(SELECT 1) UNION ALL (SELECT 2)",
        "(SELECT 1) UNION ALL (SELECT 2)",
    );
    accepts("FROM t SELECT a", "FROM t SELECT a");
}

#[test]
fn the_function_that_reads_files_is_refused_however_it_is_written() {
    for text in [
        "SELECT file('/etc/passwd')",
        "SELECT FILE /* x */ ('/etc/passwd')",
        "SELECT `file`('/etc/passwd')",
        r#"SELECT "f\x69le"('/etc/passwd')"#,
        "SELECT arrayMap(x -> file(x), ['/etc/passwd'])",
        "SELECT * APPLY file FROM (SELECT '/etc/passwd')",
        "SELECT * APPLY(file) FROM (SELECT '/etc/passwd')",
        "SELECT a$b$ file('/etc/passwd') a$b$",
        "SELECT * FROM file('/etc/passwd')",
        "SELECT arrayMap(file, ['/etc/passwd'])",
        "SELECT arrayMap((`file`) AS f, ['/etc/passwd'])",
        "SELECT arrayMap(file AS f, ['/etc/passwd'])",
        r#"SELECT arrayMap("f\x69le", ['/etc/passwd'])"#,
        "SELECT (SELECT arrayMap(file, ['/etc/passwd']))",
    ] {
        refuses(text, "file");
    }
    for text in [
        "SELECT file, `file` FROM t WHERE (file = 'x' OR file IN (file)) ORDER BY (file)",
        "SELECT count(t.file), size FROM (SELECT file FROM t) AS t",
        r"SELECT concat(`a\`b`, `c\\`) FROM t",
        "SELECT profile(1), 'file(x)' -- file(x)",
    ] {
        accepts(text, text);
    }
}

#[test]
fn a_text_is_not_run_as_a_query() {
    refuses("SELECT * FROM eval('SELECT 1')", "eval");
    refuses("SELECT * FROM `EVAL` ('SELECT 1')", "eval");
    accepts(
        "SELECT eval, medieval(1) FROM t",
        "SELECT eval, medieval(1) FROM t",
    );
}

#[test]
fn settings_of_a_caller_are_refused_wherever_they_stand() {
    for text in [
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT * FROM (SELECT * FROM url('http://x', 'CSV') settings /**/ readonly=0)",
        "SELECT (SELECT 1 SETTINGS `readonly` = 0, x = 1)",
        "WITH x AS (SELECT 1 SETTINGS a = 1, readonly = 0) SELECT * FROM x",
        "SELECT 1 SETTINGS readonly",
        "SELECT a$b$ (SELECT 1 SETTINGS readonly = 0) a$b$",
    ] {
        refuses(text, "SETTINGS");
    }
    for text in [
        "SELECT settings FROM t",
        "SELECT settings, a FROM t WHERE settings = 1 ORDER BY settings DESC",
        "SELECT t.settings AS x, 'SETTINGS readonly = 0' FROM t",
        "SELECT name FROM system.settings",
        "SELECT name FROM system.settings WHERE name = 'x'",
    ] {
        accepts(text, text);
    }
}

#[test]
fn final_semicolon_is_cut_off() {
    accepts("SELECT 1;", "SELECT 1");
    accepts("SELECT 1 ; ; -- done\n /* ; */", "SELECT 1");
}

#[test]
fn semicolon_in_text_and_comments_is_no_end() {
    for text in [
        "SELECT ';'",
        r"SELECT '\';' AS `a;b`",
        "SELECT 'it''s;'",
        "SELECT 1 -- ; x",
        "SELECT 1 /* ; */ + 1",
        "SELECT $tag$ ; ' $tag$",
        "SELECT \"a;\"",
    ] {
        accepts(text, text);
    }
}

#[test]
fn anything_but_one_select_is_refused() {
    refuses("", "empty");
    refuses(" -- nothing\n", "empty");
    refuses("INSERT INTO t SELECT 1", "\"INSERT\"");
    refuses("drop table t", "\"drop\"");
    refuses("EXPLAIN SELECT 1", "\"EXPLAIN\"");
    refuses("SHOW TABLES", "\"SHOW\"");
    refuses("SELECT 1; SELECT 2", "second statement");
    refuses("SELECT 1; DROP TABLE t", "second statement");
    refuses("SELECT ''';'; DROP TABLE t", "second statement");
}

#[test]
fn syntax_error_behind_format_and_outfile_is_explained() {
    let syntax_error = || {
        Error::InvalidQuery(Exception {
            code: 62,
            name: "SYNTAX_ERROR".to_owned(),
            message: "m".to_owned(),
        })
    };
    let explain = |text: &str| {
        SelectQuery::new(text)
            .unwrap()
            .explain(syntax_error())
            .to_string()
    };
    assert!(explain("SELECT 1 FORMAT CSV").contains("leave out FORMAT"));
    assert!(explain("SELECT 1 INTO OUTFILE 'x' FORMAT CSV").contains("leave out INTO OUTFILE"));
    assert!(explain("SELECT 1 FROM").contains("SYNTAX_ERROR"));
}

proptest! {
    #[test]
    fn tokens_lie_in_order_within_the_text(text in "[ -~é\n]{0,60}") {
        let mut end = 0;
        for token in tokens(&text) {
            prop_assert!(token.start >= end);
            end = token.start + token.text.len();
            prop_assert_eq!(text.get(token.start..end), Some(token.text));
        }
        prop_assert!(end <= text.len());
    }
}
