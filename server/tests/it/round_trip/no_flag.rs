//! What `export` writes, in each form that it offers, loads again without a flag.

use sluice_proto::v1 as pb;

use super::{checksum, create};
use crate::support::{TestServer, export_source, reason, spec, table_ref};

/// Types, and rows of literals that are easily taken for something else.
const CASES: &[(&str, &[&str])] = &[
    ("Int64", &["-9223372036854775808", "7"]),
    (
        "UInt256",
        &[
            "0",
            "'1157920892373161954235709850086879078532699846656405640394575'",
        ],
    ),
    ("Float64", &["nan", "1.5", "-0.0"]),
    ("Float32", &["nan", "1.5", "inf", "-inf"]),
    ("BFloat16", &["nan", "2.5"]),
    ("Nullable(Float64)", &["nan", "NULL", "1.5"]),
    ("Nullable(Float32)", &["nan", "nan"]),
    ("Decimal(38, 10)", &["'-0.0000000001'", "12"]),
    ("Bool", &["true", "false"]),
    ("String", HOSTILE),
    (
        "Nullable(String)",
        &[
            "'NULL'", "NULL", "''", r"'\\N'", "'-'", "'nan'", "'null'", "'None'",
        ],
    ),
    (
        "LowCardinality(Nullable(String))",
        &["'NULL'", "NULL", "''", "'-'", "'N/A'", "'?'"],
    ),
    (
        "FixedString(4)",
        &["'null'", "'a'", r"'\\t\t\n'", r#"'\'\"`'"#],
    ),
    (
        "UUID",
        &[
            "'61f0c404-5cb3-11e7-907b-a6006ad3dba0'",
            "'00000000-0000-0000-0000-000000000000'",
        ],
    ),
    ("IPv4", &["'0.0.0.0'", "'192.0.2.1'"]),
    ("Nullable(IPv6)", &["'::'", "NULL", "'::ffff:1.2.3.4'"]),
    ("Date32", &["'1900-01-01'", "'2299-12-31'", "'1970-01-01'"]),
    (
        "DateTime('America/New_York')",
        &["1730611800", "1730615400", "0"],
    ),
    (
        "DateTime64(3, 'Europe/Berlin')",
        &["1729989000.001", "1729992600.001", "1729996200.001"],
    ),
    (
        "DateTime('Australia/Lord_Howe')",
        &["1712415600", "1712413800", "1712417400"],
    ),
    ("Time64(6)", &["'-00:00:00.000001'", "'999:59:59'"]),
    (
        "Enum8('None' = 1, 'null' = 2, '-' = 3, 'a' = 4)",
        &["'None'", "'null'", "'-'", "'a'"],
    ),
    (
        "Nullable(Enum8('NULL' = 1, 'nan' = 2, '' = 3))",
        &["'NULL'", "NULL", "'nan'", "''"],
    ),
    (
        r"Enum16('x\ty' = 1, 'y\'z' = 2, 'b\\n' = 3)",
        &[r"'x\ty'", r"'y\'z'", r"'b\\n'"],
    ),
    (
        "Array(String)",
        &[
            r"['C:\\temp\\new']",
            r#"['tab\there', 'line\nbreak', 'it\'s', 'a"b', '']"#,
            r"['NULL', '\\N', ' blank ', 'ünï ✓', '\r\n', 'a,b;c|d']",
            "[]",
        ],
    ),
    ("Array(String)", &[r"['a\\tb']", r"['a\tb']"]),
    (
        "Array(Array(Nullable(String)))",
        &[r"[[NULL, 'NULL'], [], ['\\\\']]", "[]"],
    ),
    ("Array(Float64)", &["[nan, inf, -inf, -0.0, 1.5]", "[]"]),
    ("Array(Nullable(Float32))", &["[nan, NULL]", "[inf]"]),
    ("Array(FixedString(3))", &[r"['\\\'\t', 'a']"]),
    (
        r"Array(Enum8('a\'\t\\' = 1, 'NULL' = 2))",
        &[r"['a\'\t\\']", "['NULL']"],
    ),
    (
        "Map(String, String)",
        &[r"map('k\t\'', 'v\\n', '\\N', 'NULL')", "map()"],
    ),
    (
        "Map(LowCardinality(String), Array(Float64))",
        &["map('a:b', [nan], '', [])"],
    ),
    (
        "Tuple(a Float64, b Nullable(String), `c d` Array(String))",
        &[r"(nan, NULL, ['x\\y'])", r"(-inf, 'NULL', [])"],
    ),
    ("Tuple(String, UInt8)", &[r"('a\\\'\tb', 1)", "('', 0)"]),
    (
        "Array(DateTime('Europe/Berlin'))",
        &["[1729989000, 1729992600, 1729996200]", "[]"],
    ),
    (
        "Map(DateTime('America/New_York'), DateTime64(3, 'Europe/Berlin'))",
        &["map(toDateTime(1730615400), toDateTime64(1729992600.5, 3))"],
    ),
    (
        "Tuple(at Nullable(DateTime64(9, 'Europe/Berlin')), list Array(Tuple(DateTime('Europe/Berlin'), UInt8)))",
        &[
            "(toDateTime64(1729992600.5, 9), [(toDateTime(1729992600), 1)])",
            "(NULL, [(toDateTime(1729989000), 2)])",
        ],
    ),
    (
        "Nested(a UInt8, b String)",
        &[r"[(1, 'x\\n'), (2, '\'')]", "[]"],
    ),
    ("Point", &["(1.5, -2)", "(0, inf)"]),
    ("Ring", &["[(0, 0), (1, 0), (1, 1.5)]", "[]"]),
    ("LineString", &["[(0, 0), (1, 0)]", "[]"]),
    (
        "Polygon",
        &["[[(0, 0), (1, 0), (1, 1.5)], [(0.1, 0.1)]]", "[]"],
    ),
    ("MultiLineString", &["[[(0, 0), (1, 0)]]", "[]"]),
    (
        "MultiPolygon",
        &["[[[(0, 0), (1, 0), (1, 1.5)]], [[(5, 5)]]]", "[]"],
    ),
    (
        "JSON",
        &[
            r#"'{"a": "x\\\\ty", "b": {"c": ["\\n", "it\'s"]}}'"#,
            "'{}'",
        ],
    ),
    ("Array(JSON)", &[r#"['{"a": "x\\\\ty\\"z"}', '{}']"#]),
];

/// Texts that are escapes, NULLs, quotes or notes in one format or another.
const HOSTILE: &[&str] = &[
    "''",
    r"'a\tb'",
    r"'a\\tb'",
    r"'line\nbreak'",
    r"'cr\r\nlf'",
    r#"'"'"#,
    r#"'say "hi"'"#,
    r"'it\'s'",
    r"'\\'",
    r"'\\N'",
    "'NULL'",
    "'null'",
    "' blank '",
    "' '",
    "'nan'",
    "'inf'",
    "'-'",
    "'2024-10-27 02:30:00'",
    "'ünï ✓'",
    "'[1,2]'",
    "'# note'",
    "'a,b;c|d'",
];

/// A form of a file: a name for it, its ending, and how it is asked for.
type Form = (&'static str, &'static str, pb::Dialect, pb::ExportStyle);

fn form(name: &'static str, ending: &'static str, change: fn(&mut pb::Dialect)) -> Form {
    let mut dialect = pb::Dialect::default();
    change(&mut dialect);
    (name, ending, dialect, pb::ExportStyle::default())
}

fn csv() -> Form {
    form("csv", "csv", |_| ())
}

fn tsv() -> Form {
    form("tsv", "tsv", |d| d.format = pb::Format::Tsv.into())
}

fn ndjson() -> Form {
    form("ndjson", "ndjson", |d| d.format = pb::Format::Ndjson.into())
}

fn csv_with_tabs() -> Form {
    form("csv with tabs", "csv", |d| {
        d.delimiter = Some("\t".to_owned());
    })
}

fn other_forms() -> Vec<Form> {
    let styled = |name, quotes: pb::QuoteStyle, end: pb::LineEnd| {
        let style = pb::ExportStyle {
            quote_style: quotes.into(),
            line_end: end.into(),
            ..Default::default()
        };
        (name, "csv", pb::Dialect::default(), style)
    };
    vec![
        form("semicolons", "csv", |d| d.delimiter = Some(";".to_owned())),
        form("bars", "csv", |d| d.delimiter = Some("|".to_owned())),
        styled("all quoted", pb::QuoteStyle::Always, pb::LineEnd::Crlf),
        styled("texts quoted", pb::QuoteStyle::NonNumeric, pb::LineEnd::Cr),
        form("utf-16", "csv", |d| d.encoding = "utf-16le".to_owned()),
        form("utf-8 with a mark", "csv", |d| {
            d.encoding = "utf-8-bom".to_owned();
        }),
        form("tsv in utf-16, gzip", "tsv.gz", |d| {
            d.format = pb::Format::Tsv.into();
            d.encoding = "utf-16be".to_owned();
            d.compression = pb::Compression::Gzip.into();
        }),
        form("ndjson, zstd", "ndjson.zst", |d| {
            d.format = pb::Format::Ndjson.into();
            d.compression = pb::Compression::Zstd.into();
        }),
    ]
}

/// ClickHouse itself reads these, and takes no JSON for an Array: such an upload is refused.
fn is_refused(data_type: &str, ending: &str) -> bool {
    data_type == "Array(JSON)" && ending.starts_with("ndjson")
}

/// Each type alone, so that no other column gives the format away.
async fn check_each_type(forms: &[Form]) {
    let server = TestServer::start().await;
    let mut failures = Vec::new();
    for (data_type, values) in CASES {
        create(&server, "flagless_in", data_type);
        let rows = values.iter().enumerate();
        let rows = rows.map(|(id, value)| format!("SELECT {id}, CAST({value} AS {data_type})"));
        let rows = rows.collect::<Vec<_>>().join(" UNION ALL ");
        server.sql(&format!("INSERT INTO flagless_in {rows}"));
        for form in forms.iter().filter(|form| !is_refused(data_type, form.1)) {
            create(&server, "flagless_out", data_type);
            if let Err(fault) = load_again(&server, form).await {
                failures.push(format!("{data_type} as {}: {fault}", form.0));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_loads_again_from_csv_and_tsv() {
    check_each_type(&[csv(), tsv()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_loads_again_from_ndjson_and_csv_with_tabs() {
    check_each_type(&[ndjson(), csv_with_tabs()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_types_together_load_again_from_every_other_form() {
    let server = TestServer::start().await;
    let mut failures = Vec::new();
    let most = CASES.iter().map(|(_, values)| values.len()).max().unwrap();
    for form in other_forms() {
        let cases = CASES.iter().filter(|case| !is_refused(case.0, form.1));
        let cases: Vec<_> = cases.enumerate().collect();
        let columns = cases
            .iter()
            .map(|(at, (data_type, _))| format!("v{at} {data_type}"));
        let columns = columns.collect::<Vec<_>>().join(", ");
        for table in ["flagless_in", "flagless_out"] {
            server.sql(&format!(
                "CREATE OR REPLACE TABLE {table} (id UInt32, {columns}) \
                 ENGINE = MergeTree ORDER BY id SETTINGS flatten_nested = 0"
            ));
        }
        for id in 0..most {
            let value = |(_, (data_type, values)): &(usize, &(&str, &[&str]))| {
                format!("CAST({} AS {data_type})", values[id % values.len()])
            };
            let values = cases.iter().map(value).collect::<Vec<_>>().join(", ");
            server.sql(&format!("INSERT INTO flagless_in SELECT {id}, {values}"));
        }
        if let Err(fault) = load_again(&server, &form).await {
            failures.push(format!("{}: {fault}", form.0));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Arrays, Maps and Tuples of texts that have escapes.
const NESTED: &str = "a Array(String), m Map(String, String), t Tuple(String, Nullable(String)), \
    n Nested(x UInt8, y String), e Array(Enum8('a\\'\\t\\\\' = 1)), j Array(JSON)";
const NESTED_ROW: &str = r#"['C:\\temp\\new', 'it\'s', '\t', '\n', '"', '\0\b', 'NULL', '\\N'], map('k\t\'', 'v\\n'),
    ('\\\'', NULL), [(1, 'x\\ty')], ['a\'\t\\'], ['{"k": "x\\\\ty\\"z"}']"#;

#[tokio::test(flavor = "multi_thread")]
async fn nested_values_in_tsv_are_those_of_clickhouse() {
    let server = TestServer::start().await;
    for table in ["flagless_in", "flagless_out"] {
        server.sql(&format!(
            "CREATE TABLE {table} (id UInt32, {NESTED}) ENGINE = MergeTree ORDER BY id \
             SETTINGS flatten_nested = 0"
        ));
    }
    server.sql(&format!("INSERT INTO flagless_in SELECT 1, {NESTED_ROW}"));
    let dialect = pb::Dialect {
        format: pb::Format::Tsv.into(),
        ..Default::default()
    };
    let request = pb::ExportRequest {
        dialect: Some(dialect),
        ..ordered("flagless_in")
    };
    let exported = server.export(request).await.unwrap();
    let theirs = server.sql("SELECT * FROM flagless_in FORMAT TabSeparatedWithNames");
    assert_eq!(
        String::from_utf8_lossy(&exported.file),
        format!("{theirs}\n")
    );
    let named = pb::UploadSpec {
        source_name: "theirs.tsv".to_owned(),
        ..spec("flagless_out")
    };
    server.upload(named, theirs).await.unwrap();
    assert_eq!(
        checksum(&server, "flagless_out"),
        checksum(&server, "flagless_in")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn json_in_tsv_is_refused_where_it_has_two_readings() {
    let server = TestServer::start().await;
    create(&server, "flagless_out", "Array(String)");
    let tsv = |value: &str| format!("id\tvalue\n1\t{value}\n2\t['b']\n");
    let named = || pb::UploadSpec {
        source_name: "json.tsv".to_owned(),
        dialect: Some(pb::Dialect {
            format: pb::Format::Tsv.into(),
            ..Default::default()
        }),
        ..spec("flagless_out")
    };
    for value in [r#"["a\\nb"]"#, r#"["a\",\"b"]"#] {
        let status = server.upload(named(), tsv(value)).await.unwrap_err();
        assert_eq!(reason(&status), "INVALID_NESTED", "{value}");
    }
    server.upload(named(), tsv(r#"["a\nb"]"#)).await.unwrap();
    let loaded = server.sql("SELECT value FROM flagless_out WHERE id = 1 FORMAT TSVRaw");
    assert_eq!(loaded, r"['a\nb']");
}

#[tokio::test(flavor = "multi_thread")]
async fn nan_is_a_value_unless_the_caller_says_that_it_is_null() {
    let server = TestServer::start().await;
    let text = "id,value\n1,nan\n2,1.5\n";
    let said = pb::ValueOptions {
        null_markers: vec!["nan".to_owned()],
        ..Default::default()
    };
    for (values, expected) in [(None, "nan\n1.5"), (Some(said), "\\N\n1.5")] {
        create(&server, "flagless_out", "Nullable(Float64)");
        let upload = pb::UploadSpec {
            values,
            ..spec("flagless_out")
        };
        server.upload(upload, text).await.unwrap();
        let loaded = server.sql("SELECT value FROM flagless_out ORDER BY id");
        assert_eq!(loaded, expected);
    }
}

fn ordered(table: &str) -> pb::ExportRequest {
    export_source(pb::TableSource {
        table: Some(table_ref(table)),
        order_by: vec![pb::OrderBy {
            column: "id".to_owned(),
            descending: false,
        }],
        ..Default::default()
    })
}

/// Exports one table and loads the file into the other one; the error says what is not equal.
async fn load_again(server: &TestServer, (_, ending, dialect, style): &Form) -> Result<(), String> {
    let request = pb::ExportRequest {
        dialect: Some(dialect.clone()),
        style: Some(style.clone()),
        ..ordered("flagless_in")
    };
    let exported = server.export(request).await;
    let file = exported
        .map_err(|status| format!("export: {}", status.message()))?
        .file;
    let shown = String::from_utf8_lossy(&file);
    let named = pb::UploadSpec {
        source_name: format!("out.{ending}"),
        ..spec("flagless_out")
    };
    let loaded = server.upload_in(named, &file, 1_000).await;
    loaded.map_err(|status| format!("{}\n{shown}", status.message()))?;
    let (before, after) = ("flagless_in", "flagless_out");
    if checksum(server, before) == checksum(server, after) {
        return Ok(());
    }
    let values = |table: &str| server.sql(&format!("SELECT * FROM {table} ORDER BY id"));
    Err(format!(
        "{}\nbecame\n{}\nby\n{shown}",
        values(before),
        values(after)
    ))
}
