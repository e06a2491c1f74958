//! What is exported loads again into a table of the same structure with the same content.

mod no_flag;

use crate::support::{TestServer, export_source, export_table, spec, table_ref};
use sluice_proto::v1 as pb;

/// Types, and rows of literals with extreme and odd values; the first row must be distinct.
const CASES: &[(&str, &[&str])] = &[
    ("Int8", &["-128", "127", "0"]),
    ("Int16", &["-32768", "32767"]),
    ("Int32", &["-2147483648", "2147483647"]),
    ("Int64", &["-9223372036854775808", "9223372036854775807"]),
    (
        "Int128",
        &[
            "'-170141183460469231731687303715884105728'",
            "'170141183460469231731687303715884105727'",
        ],
    ),
    (
        "Int256",
        &[
            "'-57896044618658097711785492504343953926634992332820282019728792003956564819968'",
            "'57896044618658097711785492504343953926634992332820282019728792003956564819967'",
        ],
    ),
    ("UInt8", &["0", "255"]),
    ("UInt16", &["0", "65535"]),
    ("UInt32", &["0", "4294967295"]),
    ("UInt64", &["0", "18446744073709551615"]),
    (
        "UInt128",
        &["0", "'340282366920938463463374607431768211455'"],
    ),
    (
        "UInt256",
        &[
            "0",
            "'115792089237316195423570985008687907853269984665640564039457584007913129639935'",
        ],
    ),
    (
        "Float32",
        &[
            "0.1",
            "-3.4028235e38",
            "1e-45",
            "inf",
            "-inf",
            "nan",
            "16777216",
            "-0.0",
        ],
    ),
    (
        "Float64",
        &[
            "0.1",
            "1.7976931348623157e308",
            "5e-324",
            "-inf",
            "nan",
            "1e21",
            "123456789.123456789",
            "-0.0",
        ],
    ),
    ("BFloat16", &["0.1", "1e38", "inf", "-2.5"]),
    (
        "Decimal(9, 4)",
        &["99999.9999", "-99999.9999", "0.0001", "0"],
    ),
    (
        "Decimal(18, 9)",
        &["'999999999.999999999'", "'-0.000000001'"],
    ),
    (
        "Decimal(38, 10)",
        &[
            "'9999999999999999999999999999.9999999999'",
            "'-0.0000000001'",
        ],
    ),
    (
        "Decimal(76, 30)",
        &[
            "'9999999999999999999999999999999999999999999999.999999999999999999999999999999'",
            "-1",
        ],
    ),
    ("Bool", &["true", "false"]),
    (
        "String",
        &[
            "''",
            "'a,b'",
            "'\"'",
            "'\"\"'",
            "'line\\nbreak'",
            "'cr\\r\\nlf'",
            "'\\\\N'",
            "'NULL'",
            "' space '",
            "'ünï ✓'",
            "'tab\\there'",
            "'\\0'",
            "'back\\\\slash'",
        ],
    ),
    ("FixedString(4)", &["'abcd'", "'a'", "''", "'a,\"\\n'"]),
    (
        "UUID",
        &[
            "'61f0c404-5cb3-11e7-907b-a6006ad3dba0'",
            "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
        ],
    ),
    ("IPv4", &["'0.0.0.0'", "'255.255.255.255'", "'192.0.2.1'"]),
    (
        "IPv6",
        &[
            "'::'",
            "'2001:db8::1'",
            "'::ffff:1.2.3.4'",
            "'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'",
        ],
    ),
    ("Date", &["'1970-01-01'", "'2149-06-06'", "'2024-02-29'"]),
    ("Date32", &["'1900-01-01'", "'2299-12-31'"]),
    (
        "DateTime('UTC')",
        &["'1970-01-01 00:00:00'", "'2106-02-07 06:28:15'"],
    ),
    (
        "DateTime('America/New_York')",
        &["1730610000", "1730613600", "1730617200", "1710054000"],
    ),
    (
        "DateTime64(3, 'UTC')",
        &[
            "'1900-01-01 00:00:00.000'",
            "'2299-12-31 23:59:59.999'",
            "'2024-05-06 07:08:09.012'",
        ],
    ),
    (
        "DateTime64(9, 'Europe/Berlin')",
        &["'2024-10-27 01:59:59.999999999'", "'1969-12-31 23:59:59.5'"],
    ),
    ("Time", &["'-999:59:59'", "'999:59:59'", "'00:00:01'"]),
    (
        "Time64(6)",
        &[
            "'-999:59:59.999999'",
            "'999:59:59.999999'",
            "'-00:00:00.000001'",
        ],
    ),
    (
        "Enum8('a' = -128, 'b,c' = 0, '\"' = 127)",
        &["'a'", "'b,c'", "'\"'"],
    ),
    ("Enum16('x' = -32768, 'y\\'z' = 32767)", &["'x'", "'y\\'z'"]),
    ("LowCardinality(String)", &["'one'", "'two'", "''"]),
    ("LowCardinality(Nullable(String))", &["'one'", "NULL", "''"]),
    ("Nullable(Int32)", &["1", "NULL", "-5"]),
    ("Nullable(String)", &["'text'", "NULL", "''", "'\\\\N'"]),
    ("Nullable(Float64)", &["1.5", "NULL"]),
    ("Nullable(Decimal(10, 2))", &["-1.25", "NULL"]),
    (
        "Nullable(DateTime64(6, 'UTC'))",
        &["'2024-01-01 00:00:00.000001'", "NULL"],
    ),
    (
        "Nullable(UUID)",
        &["'61f0c404-5cb3-11e7-907b-a6006ad3dba0'", "NULL"],
    ),
    ("Nullable(IPv6)", &["'::1'", "NULL"]),
    ("Nullable(Enum8('p' = 1, 'q' = 2))", &["'p'", "NULL"]),
    ("Nullable(FixedString(2))", &["'ab'", "NULL"]),
    ("Nullable(Bool)", &["true", "NULL"]),
    (
        "Array(String)",
        &["['a', 'b,\"c\"', '']", "[]", "['it''s']"],
    ),
    ("Array(Array(Nullable(Int64)))", &["[[1, NULL], []]", "[]"]),
    ("Map(String, UInt64)", &["map('k', 1, 'l,m', 2)", "map()"]),
    (
        "Tuple(a Int32, b Nullable(String))",
        &["(1, 'x')", "(2, NULL)"],
    ),
    ("JSON", &["'{\"a\": 1, \"b\": {\"c\": [1, 2]}}'", "'{}'"]),
];

fn dialects() -> Vec<(&'static str, pb::Dialect)> {
    let csv = pb::Dialect::default();
    let with = |delimiter: &str, quote: &str| pb::Dialect {
        delimiter: Some(delimiter.to_owned()),
        quote: Some(quote.to_owned()),
        ..Default::default()
    };
    let tsv = pb::Dialect {
        format: pb::Format::Tsv.into(),
        ..Default::default()
    };
    let headless = pb::Dialect {
        header_rows: Some(0),
        ..Default::default()
    };
    vec![
        ("csv", csv),
        ("tsv", tsv),
        ("no header", headless),
        ("semicolon", with(";", "'")),
        ("a delimiter that stands in numbers", with("-", "\"")),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_comes_back_equal_in_every_dialect() {
    let server = TestServer::start().await;
    let mut failures = Vec::new();
    for (index, (data_type, values)) in CASES.iter().enumerate() {
        let source = format!("source_{index}");
        create(&server, &source, data_type);
        for (row, value) in values.iter().enumerate() {
            server.sql(&format!(
                "INSERT INTO {source} SELECT {row}, CAST({value} AS {data_type})"
            ));
        }
        for (name, dialect) in dialects() {
            if let Err(fault) = round_trip(&server, &source, data_type, &dialect).await {
                failures.push(format!("{data_type} as {name}: {fault}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn random_rows_of_many_types_come_back_equal() {
    let server = TestServer::start().await;
    let structure = "id UInt64, i8 Int8, u16 UInt16, i128 Int128, u256 UInt256, f32 Float32, \
        f64 Float64, d Decimal(38, 12), b Bool, s String, fs FixedString(7), u UUID, i4 IPv4, \
        i6 IPv6, dt DateTime('Europe/Berlin'), dt64 DateTime64(6, 'UTC'), ns Nullable(Int32), \
        e Enum8('a' = 1, 'b' = 2), a Array(Nullable(UInt8))";
    for table in ["random_in", "random_out"] {
        server.sql(&format!(
            "CREATE TABLE {table} ({structure}) ENGINE = MergeTree ORDER BY id"
        ));
    }
    // generateRandom makes any bytes: text must be UTF-8, and of the many NaNs one is written.
    let columns = "id, i8, u16, i128, u256, if(isNaN(f32), 0, f32), if(isNaN(f64), 0, f64), d, b, hex(s), fs, u, i4, i6, dt, dt64, ns, e, a";
    server.sql(&format!(
        "INSERT INTO random_in SELECT {columns} FROM generateRandom('{}', 7, 20, 4) LIMIT 20000",
        structure.replace('\'', "\\'")
    ));
    let exported = server.export(export_table("random_in")).await.unwrap();
    // The bytes of a FixedString are no text, so that no encoding could be found in the file.
    let dialect = pb::Dialect {
        encoding: "utf-8".to_owned(),
        ..Default::default()
    };
    let binary = pb::UploadSpec {
        dialect: Some(dialect),
        ..spec("random_out")
    };
    server
        .upload_in(binary, &exported.file, 64 * 1024)
        .await
        .unwrap();
    assert_eq!(
        checksum(&server, "random_out"),
        checksum(&server, "random_in")
    );
}

/// Texts that look like something else in one format or another.
const HOSTILE: &[&str] = &[
    r"'a\\nb'",
    r"'a\nb'",
    r"'a\tb'",
    r"'\\'",
    r"'C:\\temp\\new'",
    r#"'"quoted"'"#,
    r#"'"a\nb"'"#,
    r#"'say "hi"'"#,
    r#"'{"msg":"say \\"hi\\""}'"#,
    r#"'""'"#,
    r"'\\N'",
    "''",
    "' '",
    "'# note'",
    "'a,b;c|d'",
    "'NULL'",
    "'007'",
    r"'cr\rlf\r\n'",
    r"'it\'s'",
    "'ünï ✓'",
];

/// Each text alone, so that no other one gives the format away, and all together, exported in each
/// format and loaded again without a flag.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_loads_again_without_a_flag() {
    let server = TestServer::start().await;
    let mut failures = Vec::new();
    let alone = HOSTILE.iter().map(|text| vec![*text]);
    for texts in alone.chain([HOSTILE.to_vec()]) {
        for columns in ["id UInt32, value String", "value String, id UInt32"] {
            for table in ["hostile_in", "hostile_out"] {
                server.sql(&format!("DROP TABLE IF EXISTS {table}"));
                server.sql(&format!(
                    "CREATE TABLE {table} ({columns}, maybe Nullable(String)) ENGINE = MergeTree ORDER BY id"
                ));
            }
            let rows = texts.iter().chain([&"'plain'", &"'text'"]).enumerate();
            let rows = rows.map(|(id, text)| format!("({id}, {text}, {text})"));
            let rows = rows.collect::<Vec<_>>().join(", ");
            server.sql(&format!(
                "INSERT INTO hostile_in (id, value, maybe) VALUES {rows}"
            ));
            for (format, name) in [
                (pb::Format::Csv, "out.csv"),
                (pb::Format::Tsv, "out.tsv"),
                (pb::Format::Ndjson, "out.ndjson"),
            ] {
                server.sql("TRUNCATE TABLE hostile_out");
                let dialect = pb::Dialect {
                    format: format.into(),
                    ..Default::default()
                };
                let exported = server
                    .export(pb::ExportRequest {
                        dialect: Some(dialect),
                        ..export_table("hostile_in")
                    })
                    .await
                    .unwrap();
                let named = pb::UploadSpec {
                    source_name: name.to_owned(),
                    ..spec("hostile_out")
                };
                let loaded = server.upload_in(named, &exported.file, 1_000).await;
                let fault = match loaded {
                    Err(status) => status.to_string(),
                    Ok(_)
                        if checksum(&server, "hostile_out") == checksum(&server, "hostile_in") =>
                    {
                        continue;
                    }
                    Ok(_) => server.sql("SELECT * FROM hostile_out ORDER BY id"),
                };
                let file = String::from_utf8_lossy(&exported.file);
                failures.push(format!("{texts:?} in {columns} as {name}: {fault}\n{file}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn create(server: &TestServer, table: &str, data_type: &str) {
    server.sql(&format!(
        "CREATE OR REPLACE TABLE {table} (id UInt32, value {data_type}) \
         ENGINE = MergeTree ORDER BY id SETTINGS flatten_nested = 0"
    ));
}

async fn round_trip(
    server: &TestServer,
    source: &str,
    data_type: &str,
    dialect: &pb::Dialect,
) -> Result<(), String> {
    let target = "target";
    create(server, target, data_type);
    let request = pb::ExportRequest {
        dialect: Some(dialect.clone()),
        ..export_source(pb::TableSource {
            table: Some(table_ref(source)),
            order_by: vec![pb::OrderBy {
                column: "id".to_owned(),
                descending: false,
            }],
            ..Default::default()
        })
    };
    let exported = server
        .export(request)
        .await
        .map_err(|error| format!("export: {error}"))?;
    let spec = pb::UploadSpec {
        dialect: Some(dialect.clone()),
        ..spec(target)
    };
    let loaded = server.upload_in(spec, &exported.file, 3).await;
    let file = String::from_utf8_lossy(&exported.file);
    let loaded = loaded.map_err(|error| format!("{error}\n{file}"))?;
    let rows = server.sql(&format!("SELECT count() FROM {source}"));
    let committed = loaded.transfer.unwrap().counters.unwrap().rows_committed;
    if committed.to_string() != rows {
        return Err(format!("{committed} rows of {rows}\n{file}"));
    }
    let (before, after) = (checksum(server, source), checksum(server, target));
    let values = |table: &str| server.sql(&format!("SELECT * FROM {table} ORDER BY id"));
    if before == after {
        Ok(())
    } else {
        Err(format!(
            "{}\nbecame\n{}\nby\n{file}",
            values(source),
            values(target)
        ))
    }
}

fn checksum(server: &TestServer, table: &str) -> String {
    server.sql(&format!(
        "SELECT count(), sum(cityHash64(tuple(*))) FROM {table}"
    ))
}
