//! Which texts pass as one SELECT, in the form in which ClickHouse writes them.

use super::{CallerQuery, MAX_QUERY_BYTES, SelectQuery};
use crate::clickhouse::error::{Error, Exception};

fn accepts(text: &str) {
    let query = SelectQuery::from_normalised(text);
    let query = query.unwrap_or_else(|error| panic!("{text:?}: {error}"));
    assert_eq!(query.text(), text);
}

fn refuses(text: &str, part: &str) {
    match SelectQuery::from_normalised(text) {
        Err(Error::NotASelect { reason }) => assert!(reason.contains(part), "{text:?}: {reason}"),
        other => panic!("{text:?}: {other:?}"),
    }
}

#[test]
fn ordinary_queries_are_taken() {
    for text in [
        "SELECT 1",
        "WITH x AS (SELECT 1) SELECT * FROM x",
        "SELECT 1 UNION ALL (SELECT 2) EXCEPT (SELECT 3)",
        "SELECT file, `file`, t.file, count(t.file) FROM t WHERE (file = 'x') OR (file IN (file)) ORDER BY (file) ASC",
        "SELECT a.1, (a.1).2, a[-1], -(-1), a <=> b, t.^json, t.a.:Int64 FROM db.`odd table` AS t",
        "SELECT sumIf(x, y), quantile(0.5)(x), row_number() OVER (PARTITION BY a ORDER BY b ASC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
        "SELECT count() OVER w FROM t WINDOW w AS (PARTITION BY a)",
        "SELECT * EXCEPT a, * REPLACE (1 AS b), * APPLY toString, * APPLY quantiles(0.5), * APPLY (x -> (x + 1)), COLUMNS('a'), t.COLUMNS('b') FROM t",
        "SELECT arrayMap(x -> (x + 1), a), arrayMap((x, y) -> x, a, b), arrayMap((x -> x) AS f, a), arraySum(a), arrayFold((acc, x) -> (acc + x), a, 0), arrayMap(toString, a), arrayPartialSort(2, a)",
        "SELECT caseWithExpression(x, 1, 2, 3), multiIf(a, b, NULL), exists((SELECT 1)), x IN (SELECT 1), x NOT IN (1), toIntervalDay(1), CAST(x, 'Int8'), x::Int8",
        "SELECT * FROM numbers(3) AS n INNER JOIN `values`('a Int8', 1) AS v ON (n.number = v.a) LEFT JOIN t USING (a)",
        "SELECT a FROM x ARRAY JOIN [1] AS q PREWHERE (a) WHERE (b) GROUP BY GROUPING SETS ((a), (b)) HAVING (c) ORDER BY a ASC WITH FILL FROM (1) TO 2 INTERPOLATE (`b` AS b + 1) LIMIT 1 BY c LIMIT 3, 2",
    ] {
        accepts(text);
    }
}

#[test]
fn only_functions_of_the_list_are_called() {
    for text in [
        "SELECT file('/etc/passwd')",
        "SELECT FILE('/etc/passwd')",
        "SELECT `file`('/etc/passwd')",
        "SELECT \"file\"('/etc/passwd')",
        "SELECT `f\\x69le`('/etc/passwd')",
        "SELECT default.file('/etc/passwd')",
        "SELECT toString(file('/etc/passwd'))",
        "SELECT (file('/etc/passwd'))",
        "SELECT arrayMap(x -> file(x), ['/etc/passwd'])",
        "SELECT * APPLY file FROM (SELECT '/etc/passwd')",
        "SELECT * apply file FROM (SELECT '/etc/passwd')",
        "SELECT * APPLY (x -> file(x)) FROM (SELECT '/etc/passwd')",
        "SELECT * FROM file('/etc/passwd')",
        "SELECT * FROM t WHERE file('x') = ''",
        "WITH file AS toString, (x -> file(x)) AS f SELECT 1",
        "SELECT fileIf('x', 1)",
    ] {
        refuses(text, "may call");
    }
    for text in [
        "SELECT * FROM eval('SELECT 1')",
        "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT 1))",
        "SELECT * FROM url('http://x', 'CSV')",
        "SELECT nobody_knows(1)",
        "SELECT getServerSetting('path'), hasColumnInTable('a', 'b', 'c')",
        "SELECT x.toString(1)",
        "SELECT lambda(tuple(x), x)",
        "SELECT 1file(1)",
        "SELECT 'file'(1)",
    ] {
        refuses(text, "function");
    }
}

#[test]
fn functions_are_handed_over_as_lambdas() {
    for text in [
        "SELECT arrayMap(file, ['/etc/passwd'])",
        "SELECT arrayMap((file), ['/etc/passwd'])",
        "SELECT arrayMap((file) AS f, ['/etc/passwd'])",
        "SELECT arrayMap(file AS f, ['/etc/passwd'])",
        "SELECT arrayMap(`file`, ['/etc/passwd'])",
        "SELECT arrayMap(*, ['/etc/passwd'])",
        "SELECT arrayMap(COLUMNS('file'), ['/etc/passwd'])",
        "SELECT ARRAYMAP(file, ['/etc/passwd'])",
        "SELECT (SELECT arrayMap(file, ['/etc/passwd']))",
        "SELECT arraySort(f(x), ['/etc/passwd'])",
    ] {
        assert!(SelectQuery::from_normalised(text).is_err(), "{text}");
    }
    refuses("SELECT arrayMap()(file, ['/etc/passwd'])", "parameters");
    refuses("SELECT arrayMap(1)(x -> x, ['/etc/passwd'])", "parameters");
    refuses("SELECT * APPLY (file) FROM t", "APPLY");
}

#[test]
fn settings_of_a_caller_are_refused_wherever_they_stand() {
    for text in [
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT * FROM (SELECT 1 settings readonly = 0)",
        "SELECT (SELECT 1 SETTINGS `readonly` = 0, x = 1)",
        "SELECT 1 SETTINGS limit = 1, readonly = 0",
        "SELECT 1 SETTINGS limit.x = 1, readonly = 0",
        "SELECT 1 SETTINGS some_bool = true UNION ALL SELECT 2",
        "SELECT 1 SETTINGS 1x = 1",
        "SELECT 1 SETTINGS readonly",
    ] {
        refuses(text, "SETTINGS");
    }
    for text in [
        "SELECT settings FROM t",
        "SELECT settings, a FROM t WHERE settings = 1 ORDER BY settings DESC LIMIT 1",
        "SELECT t.settings AS x, 'SETTINGS readonly = 0', SETTINGS FROM t",
        "SELECT name FROM system.settings WHERE name = 'x'",
    ] {
        accepts(text);
    }
}

#[test]
fn anything_but_one_select_is_refused() {
    refuses("", "says nothing");
    refuses("INSERT INTO t SELECT 1", "INSERT");
    refuses("DROP TABLE t", "DROP");
    refuses("EXPLAIN SELECT 1", "EXPLAIN");
    refuses("SELECT 1 PARALLEL WITH DROP TABLE t", "PARALLEL WITH");
    refuses("SELECT 1 FORMAT CSV", "leave out FORMAT");
    refuses(
        "SELECT 1 INTO OUTFILE 'x' FORMAT CSV",
        "leave out INTO OUTFILE",
    );
    refuses("SELECT 1; SELECT 2", "';'");
    refuses("SELECT 1) UNION ALL (SELECT 2", "bracket");
    refuses("SELECT [1)", "bracket");
    refuses("SELECT (1", "bracket");
}

#[test]
fn the_text_of_a_caller_travels_as_base64() {
    let text = "SELECT “file”(‘x’) -- '";
    let statement = CallerQuery::new(text).unwrap().normalise();
    assert_eq!(
        statement.text(),
        "SELECT if(isValidUTF8(written), written, '') AS text FROM \
         (SELECT formatQuerySingleLine(base64Decode(\
         'U0VMRUNUIOKAnGZpbGXigJ0o4oCYeOKAmSkgLS0gJw==')) AS written)"
    );
    assert!(statement.params().is_empty());
}

#[test]
fn a_query_has_a_greatest_length() {
    let text = |length: usize| format!("SELECT {}", "1".repeat(length - 7));
    for length in [MAX_QUERY_BYTES - 1, MAX_QUERY_BYTES] {
        assert!(CallerQuery::new(&text(length)).is_ok(), "{length}");
    }
    let error = CallerQuery::new(&text(MAX_QUERY_BYTES + 1)).unwrap_err();
    assert!(error.to_string().contains("at most 131072"), "{error}");
    assert!(CallerQuery::new(" \n").is_err());
}

#[test]
fn an_error_of_the_syntax_is_that_of_the_callers_text() {
    let invalid = |code: i32| {
        Error::InvalidQuery(Exception {
            code,
            name: String::new(),
            message: "failed at position 9: In scope SELECT formatQuery('x')".to_owned(),
        })
    };
    let message = CallerQuery::explain(invalid(62)).to_string();
    assert!(
        message.contains("failed at position 9 (code 62)"),
        "{message}"
    );
    let message = CallerQuery::explain(invalid(46)).to_string();
    assert!(message.contains("too old"), "{message}");
}
