//! Which statements of callers are taken, and how they are written.

use proptest::prelude::*;

use super::Definition;
use crate::clickhouse::sql::{
    TableName,
    create::{NewEngine, create_table},
};

fn written(text: &str) -> Result<String, String> {
    let definition = Definition::parse(text)?;
    Ok(definition.statement(definition.name()).text().to_owned())
}

/// What is written is read again as the same.
fn check(text: &str, expected: &str) {
    let found = written(text).unwrap_or_else(|reason| panic!("{text}: {reason}"));
    assert_eq!(found, expected, "{text}");
    assert_eq!(written(&found).as_deref(), Ok(expected), "{text}");
}

/// The same for what stands between the parentheses.
fn check_columns(text: &str, expected: &str) {
    check(
        &format!("CREATE TABLE t ({text}) ENGINE = Log"),
        &format!("CREATE TABLE `t`\n(\n    {expected}\n)\nENGINE = Log"),
    );
}

fn check_clauses(text: &str, expected: &str) {
    check(
        &format!("CREATE TABLE t (a Int8, d Date) {text}"),
        &format!("CREATE TABLE `t`\n(\n    `a` Int8,\n    `d` Date\n)\n{expected}"),
    );
}

#[test]
fn names_and_texts_are_quoted_anew() {
    check(
        "create -- x\n table `d`.\"t\"\"1\" /* ) */ (a Int8 COMMENT 'it''s “AS SELECT”', `b``\\\\` String) ENGINE Log COMMENT 'x';",
        "CREATE TABLE `d`.`t\"1`\n(\n    `a` Int8 COMMENT 'it\\'s “AS SELECT”',\n    `b\\`\\\\` String\n)\nENGINE = Log\nCOMMENT 'x'",
    );
    check(
        "CREATE TABLE d.t ON CLUSTER c (a Int8)",
        "CREATE TABLE `d`.`t` ON CLUSTER `c`\n(\n    `a` Int8\n)",
    );
}

#[test]
fn types_are_those_of_the_list() {
    for (text, expected) in [
        ("a int", "`a` Int32"),
        ("a varchar(255)", "`a` String"),
        ("a numeric(10, 2)", "`a` Decimal(10, 2)"),
        ("a DateTime64(3, 'UTC')", "`a` DateTime64(3, 'UTC')"),
        ("a DateTime('UTC')", "`a` DateTime('UTC')"),
        ("a Enum8('x' = -1, 'y')", "`a` Enum8('x' = -1, 'y')"),
        (
            "a LowCardinality(Nullable(FixedString(3)))",
            "`a` LowCardinality(Nullable(FixedString(3)))",
        ),
        (
            "a Map(String, Array(UInt8)), b Tuple(x Int8, `y z` String), c Tuple(Int8, Map(String, UUID))",
            "`a` Map(String, Array(UInt8)),\n    `b` Tuple(`x` Int8, `y z` String),\n    `c` Tuple(Int8, Map(String, UUID))",
        ),
        ("a Nested(x Int8, y Date)", "`a` Nested(`x` Int8, `y` Date)"),
        (
            "a AggregateFunction(quantiles(0.5, 0.9), UInt64), b SimpleAggregateFunction(sum, Double)",
            "`a` AggregateFunction(quantiles(0.5, 0.9), UInt64),\n    `b` SimpleAggregateFunction(sum, Float64)",
        ),
        (
            "a JSON(max_dynamic_paths = 8)",
            "`a` JSON(max_dynamic_paths=8)",
        ),
        ("a Variant(String, Int8)", "`a` Variant(String, Int8)"),
    ] {
        check_columns(text, expected);
    }
    for text in [
        "a",
        "a Strings",
        "a Int8(3)",
        "a AggregateFunction(file, String)",
        "a Array",
        "a Nullable()",
        "a JSON(a.b UInt8)",
        "a Enum8(1)",
        "a `Int8`",
        "a Array(x Int8)",
        "a Object('json')",
        "a Nested(Int8)",
        "a String)",
        "",
    ] {
        let reason = written(&format!("CREATE TABLE t ({text}) ENGINE = Log"));
        assert!(reason.is_err(), "{text}: {reason:?}");
    }
}

#[test]
fn values_of_columns_are_simple() {
    for (text, expected) in [
        (
            "a Int8 DEFAULT -1 COMMENT 'x'",
            "`a` Int8 DEFAULT -1 COMMENT 'x'",
        ),
        (
            "a Int8 NOT NULL DEFAULT 1 + 2 * -3",
            "`a` Int8 NOT NULL DEFAULT (1 + (2 * -3))",
        ),
        ("a Int8 DEFAULT - -1", "`a` Int8 DEFAULT negate(-1)"),
        ("a DateTime DEFAULT NOW()", "`a` DateTime DEFAULT now()"),
        (
            "a Array(Int8) DEFAULT [1, 2]",
            "`a` Array(Int8) DEFAULT [1, 2]",
        ),
        (
            "a Date DEFAULT '2020-01-01'::Date",
            "`a` Date DEFAULT CAST('2020-01-01', 'Date')",
        ),
        (
            "a Date DEFAULT CAST('x' AS Date)",
            "`a` Date DEFAULT CAST('x', 'Date')",
        ),
        (
            "a Date DEFAULT CAST('x', 'date')",
            "`a` Date DEFAULT CAST('x', 'Date')",
        ),
        (
            "a Nullable(Int8) DEFAULT NULL CODEC(Delta(4), zstd(3)) TTL d + INTERVAL 1 MONTH, d Date MATERIALIZED toDate(a)",
            "`a` Nullable(Int8) DEFAULT NULL CODEC(Delta(4), ZSTD(3)) TTL (`d` + toIntervalMonth(1)),\n    `d` Date MATERIALIZED toDate(`a`)",
        ),
        (
            "a Int8 EPHEMERAL, b Int8 ALIAS a, INDEX i (a, b) TYPE set(10) GRANULARITY 2",
            "`a` Int8 EPHEMERAL,\n    `b` Int8 ALIAS `a`,\n    INDEX `i` (`a`, `b`) TYPE set(10) GRANULARITY 2",
        ),
        (
            "a Tuple(x Int8), b Int8 DEFAULT a.x",
            "`a` Tuple(`x` Int8),\n    `b` Int8 DEFAULT `a`.`x`",
        ),
    ] {
        check_columns(text, expected);
    }
    for (text, part) in [
        ("a Int8 DEFAULT b", "the name of a column of this table"),
        (
            "a Int8 DEFAULT hr.salaries",
            "the name of a column of this table",
        ),
        ("a Int8 DEFAULT file('/etc/passwd')", "a function out of"),
        ("a Int8 DEFAULT `file`('/etc/passwd')", "a function out of"),
        ("a Int8 DEFAULT arrayMap(file, [1])", "a function out of"),
        ("a Int8 DEFAULT tuple()(1)", "no second list"),
        ("a Int8 DEFAULT toString()(file)", "no second list"),
        ("a Int8 DEFAULT a IN b", "the next column"),
        ("a Int8 DEFAULT (SELECT 1)", "a comma"),
        ("a Int8 DEFAULT CAST('x', 'file(1)')", "a type"),
        ("a Int8 DEFAULT 1 DEFAULT 2", "one DEFAULT"),
        ("a Int8 CODEC(AES_128_GCM_SIV)", "one of"),
        ("CONSTRAINT c CHECK a > 0", "a column"),
        ("PROJECTION p (SELECT a)", "a column"),
        ("a Int8, INDEX i a TYPE hypothesis", "one of"),
    ] {
        let reason = written(&format!("CREATE TABLE t ({text}) ENGINE = Log")).unwrap_err();
        assert!(reason.contains(part), "{text}: {reason}");
    }
}

#[test]
fn engines_and_clauses_stay_within_the_table() {
    for (text, expected) in [
        (
            "ENGINE MergeTree() ORDER BY tuple()",
            "ENGINE = MergeTree\nORDER BY tuple()",
        ),
        (
            "ENGINE = mergetree ORDER BY ()",
            "ENGINE = MergeTree\nORDER BY tuple()",
        ),
        (
            "ENGINE = ReplacingMergeTree(a) ORDER BY (d, a) PARTITION BY toyyyymm(d) SAMPLE BY intHash32(a) TTL d + INTERVAL 2 years DELETE SETTINGS index_granularity = 1024, ttl_only_drop_parts = true",
            "ENGINE = ReplacingMergeTree(`a`)\nPARTITION BY toYYYYMM(`d`)\nORDER BY (`d`, `a`)\nSAMPLE BY intHash32(`a`)\nTTL (`d` + toIntervalYear(2)) DELETE\nSETTINGS index_granularity = 1024, ttl_only_drop_parts = true",
        ),
        (
            "ENGINE = SummingMergeTree((a, d)) ORDER BY a",
            "ENGINE = SummingMergeTree((`a`, `d`))\nORDER BY `a`",
        ),
        (
            "ENGINE = ReplicatedMergeTree ORDER BY a",
            "ENGINE = ReplicatedMergeTree\nORDER BY `a`",
        ),
        (
            "ENGINE = ReplicatedCollapsingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}', a) ORDER BY a",
            "ENGINE = ReplicatedCollapsingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}', `a`)\nORDER BY `a`",
        ),
        (
            "ENGINE = SharedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}') ORDER BY a",
            "ENGINE = SharedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')\nORDER BY `a`",
        ),
        (
            "PRIMARY KEY a ENGINE = MergeTree",
            "ENGINE = MergeTree\nPRIMARY KEY `a`",
        ),
        ("ENGINE = Memory", "ENGINE = Memory"),
    ] {
        check_clauses(text, expected);
    }
    for text in [
        "ENGINE = Log AS SELECT 1",
        "AS hr.salaries",
        "ENGINE = Merge('hr', '.*')",
        "ENGINE = Log('x')",
        "ENGINE = MergeTree(d, a, 8192)",
        "ENGINE = MergeTree ORDER BY b",
        "ENGINE = MergeTree ORDER BY a ORDER BY a",
        "ENGINE = CollapsingMergeTree ORDER BY a",
        "ENGINE = ReplacingMergeTree(a, a, a) ORDER BY a",
        "ENGINE = ReplacingMergeTree(file('x')) ORDER BY a",
        "ENGINE = ReplicatedMergeTree('/clickhouse/tables/x', 'r') ORDER BY a",
        "ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', 'r') ORDER BY a",
        "ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}') ORDER BY a",
        "ENGINE = ReplicatedMergeTree('/x/{uuid}', '{replica}') ORDER BY a",
        "ENGINE = MergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}') ORDER BY a",
        "ENGINE = GraphiteMergeTree('x') ORDER BY a",
        "ENGINE = MergeTree ORDER BY a SETTINGS disk = 'x'",
        "ENGINE = MergeTree ORDER BY a SETTINGS `d\\x69sk` = 'x'",
        "ENGINE = MergeTree ORDER BY a SETTINGS index_granularity = disk(type = web)",
        "ENGINE = MergeTree ORDER BY a TTL d TO DISK 'x'",
        "ENGINE = MergeTree ORDER BY a TTL d WHERE a",
        "ENGINE = Log; DROP TABLE x",
    ] {
        let statement = format!("CREATE TABLE t (a Int8, d Date) {text}");
        assert!(written(&statement).is_err(), "{text}");
    }
}

#[test]
fn a_refusal_says_where_and_what_is_taken() {
    for (text, expected) in [
        (
            "CREATE TABLE t (\n  a Int8,\n  b Strin\n) ENGINE = Log",
            "is not taken at line 3, column 5: \"Strin\" stands where this is allowed: a type",
        ),
        ("CREATE TABLE t (a Int8", "column 23: its end stands where"),
        (
            "DROP TABLE t",
            "line 1, column 1: \"DROP\" stands where this is allowed: CREATE TABLE",
        ),
        ("", "line 1, column 1: its end"),
        (
            "CREATE TABLE t UUID 'x' (a Int8)",
            "the list of columns in parentheses",
        ),
        ("CREATE TABLE t (“a” Int8)", "line 1, column 17"),
    ] {
        let reason = written(text).unwrap_err();
        assert!(reason.contains(expected), "{text}: {reason}");
    }
}

#[test]
fn types_and_expressions_are_nested_so_deep_and_no_deeper() {
    let of = |depth: usize| {
        let (open, close) = ("Array(".repeat(depth), ")".repeat(depth));
        written(&format!(
            "CREATE TABLE t (a {open}Int8{close}) ENGINE = Log"
        ))
    };
    assert!(of(30).is_ok() && of(31).is_ok());
    assert!(of(32).unwrap_err().contains("at most 32"));
    let deep = format!("CREATE TABLE t (a Int8 DEFAULT {}1)", "(".repeat(100_000));
    assert!(written(&deep).unwrap_err().contains("at most 32"));
    let minus = format!("CREATE TABLE t (a Int8 DEFAULT {}1)", "- ".repeat(100_000));
    assert!(written(&minus).unwrap_err().contains("at most 32"));
}

/// All that are found in files.
const TYPES: [&str; 28] = [
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "Int128",
    "Int256",
    "UInt8",
    "UInt64",
    "UInt128",
    "UInt256",
    "Float64",
    "Decimal(18, 4)",
    "Bool",
    "String",
    "Date",
    "Date32",
    "DateTime",
    "DateTime('UTC')",
    "DateTime64(3)",
    "DateTime64(3, 'Europe/Berlin')",
    "Time",
    "Time64(3)",
    "IPv4",
    "IPv6",
    "UUID",
    "Nullable(UUID)",
    "LowCardinality(String)",
    "LowCardinality(Nullable(String))",
];

proptest! {
    #[test]
    fn our_own_statements_are_taken_as_they_are(
        names in proptest::collection::vec("[ -~é“‘’`'\"\\\\\n\t\u{0}]{1,12}", 1..6),
        types in proptest::collection::vec(0..TYPES.len(), 6),
        table in "[ -~é“`\\\\]{1,12}",
    ) {
        let columns = names.iter().zip(types);
        let columns: Vec<_> = columns.map(|(name, index)| (name.as_str(), TYPES[index])).collect();
        let key = [names[0].clone()];
        for key in [&key[..], &[]] {
            for engine in [NewEngine::MergeTree, NewEngine::ReplicatedMergeTree] {
                for cluster in [None, Some(table.as_str())] {
                    let name = TableName::new("d", table.as_str());
                    let own = create_table(&name, cluster, engine, &columns, key);
                    prop_assert_eq!(written(own.text()), Ok(own.text().to_owned()));
                }
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(CREATE TABLE t \\()?[ -~é“’\n]{0,60}") {
        if let Ok(statement) = written(&text) {
            prop_assert_eq!(written(&statement), Ok(statement.clone()));
        }
    }
}
