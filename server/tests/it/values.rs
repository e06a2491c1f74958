//! How texts become values: what the caller says, what is found, and what is refused.

use sluice_proto::v1 as pb;
use tonic::Code;

use crate::support::{TestServer, counters, creating, metadata, reason, spec};

fn create(server: &TestServer, columns: &str) {
    server.sql(&format!(
        "CREATE OR REPLACE TABLE t ({columns}) ENGINE = MergeTree ORDER BY tuple()"
    ));
}

fn with(values: pb::ValueOptions) -> pb::UploadSpec {
    pb::UploadSpec {
        values: Some(values),
        ..spec("t")
    }
}

fn of_column(column: &str, change: impl FnOnce(&mut pb::ColumnValueOptions)) -> pb::UploadSpec {
    let mut options = pb::ColumnValueOptions {
        column: column.to_owned(),
        ..Default::default()
    };
    change(&mut options);
    with(pb::ValueOptions {
        columns: vec![options],
        ..Default::default()
    })
}

fn unsniffed(upload: pb::UploadSpec) -> pb::UploadSpec {
    pb::UploadSpec {
        sniff: Some(false),
        ..upload
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Loads a file and returns the table.
async fn load(server: &TestServer, upload: pb::UploadSpec, file: &str) -> String {
    let loaded = server.upload(upload, file).await;
    loaded.unwrap_or_else(|status| panic!("{file}: {status:?}"));
    server.sql("SELECT * FROM t")
}

/// Loads a file that must be refused for a cell, and returns reason, line and column.
async fn refused(
    server: &TestServer,
    upload: pb::UploadSpec,
    file: &str,
) -> (String, String, String) {
    let status = server.upload(upload, file).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    (
        reason(&status),
        metadata(&status, "line"),
        metadata(&status, "column"),
    )
}

fn bad(reason: &str, line: u32, column: &str) -> (String, String, String) {
    (reason.to_owned(), line.to_string(), column.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn null_markers_are_those_that_are_given_or_found() {
    let server = TestServer::start().await;
    let columns = "n Nullable(Int32), s Nullable(String), t String, d Int32 DEFAULT 7";
    let file = "n,s,t,d\n1,NA,NA,1\nNA,\"NA\",x,NA\n,-,-,\n";
    create(&server, columns);
    let all = with(pb::ValueOptions {
        null_markers: texts(&["NA", "-"]),
        ..Default::default()
    });
    assert_eq!(
        load(&server, all, file).await,
        "1\t\\N\t\t1\n\\N\tNA\tx\t7\n\\N\t\\N\t\t7"
    );
    // Found: a word that stands for NULL in columns that are no text, and stays a text in others.
    create(&server, columns);
    assert_eq!(
        load(&server, spec("t"), file).await,
        "1\tNA\tNA\t1\n\\N\tNA\tx\t7\n\\N\t-\t-\t7"
    );
    create(&server, columns);
    assert_eq!(
        refused(&server, unsniffed(spec("t")), file).await,
        bad("INVALID_NUMBER", 3, "n")
    );
    create(&server, columns);
    let one = unsniffed(of_column("n", |column| {
        column.null_markers = texts(&["NA"]);
    }));
    assert_eq!(
        refused(&server, one, file).await,
        bad("INVALID_NUMBER", 3, "d")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_cells_become_defaults_where_that_is_asked_for() {
    let server = TestServer::start().await;
    let columns =
        "n Int32, d Date, s String, z Nullable(Int32), e Enum8('x' = 5), u UUID, x Int32 DEFAULT 3";
    let file = "n,d,s,z,e,u,x\n,,,,,,\n\\N,\\N,\\N,\\N,\\N,\\N,\\N\n";
    create(&server, columns);
    assert_eq!(
        refused(&server, spec("t"), file).await,
        bad("NULL_NOT_ALLOWED", 2, "n")
    );
    let options = with(pb::ValueOptions {
        empty_as_default: true,
        ..Default::default()
    });
    let zero = "00000000-0000-0000-0000-000000000000";
    let row = format!("0\t1970-01-01\t\t\\N\tx\t{zero}\t3");
    assert_eq!(load(&server, options, file).await, format!("{row}\n{row}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn spaces_are_left_out_where_that_is_asked_for() {
    let server = TestServer::start().await;
    let columns = "n Int32, s String, q String";
    let file = "n,s,q\n 1\t, two words ,\" kept \"\n";
    create(&server, columns);
    assert_eq!(
        refused(&server, unsniffed(spec("t")), file).await,
        bad("INVALID_NUMBER", 2, "n")
    );
    let trim = unsniffed(with(pb::ValueOptions {
        trim: true,
        ..Default::default()
    }));
    assert_eq!(load(&server, trim, file).await, "1\ttwo words\t kept ");
}

#[tokio::test(flavor = "multi_thread")]
async fn decimal_commas_are_given_or_found() {
    let server = TestServer::start().await;
    let columns = "f Float64, d Decimal(9, 2), s String";
    let file = "f;d;s\n1,5;2,25;3,5\n-0,25;10,00;x\n7;3,1;y\n";
    let rows = "1.5\t2.25\t3,5\n-0.25\t10\tx\n7\t3.1\ty";
    create(&server, columns);
    assert_eq!(load(&server, spec("t"), file).await, rows);
    let semicolon = |mut upload: pb::UploadSpec| {
        upload.dialect = Some(pb::Dialect {
            delimiter: Some(";".to_owned()),
            ..Default::default()
        });
        unsniffed(upload)
    };
    let comma = |comma| {
        semicolon(with(pb::ValueOptions {
            decimal_comma: Some(comma),
            ..Default::default()
        }))
    };
    create(&server, columns);
    assert_eq!(load(&server, comma(true), file).await, rows);
    create(&server, columns);
    assert_eq!(
        refused(&server, comma(true), "f;d;s\n1.5;2,5;x\n").await,
        bad("INVALID_NUMBER", 2, "f")
    );
    assert_eq!(
        refused(&server, semicolon(spec("t")), file).await,
        bad("INVALID_NUMBER", 2, "f")
    );
    let one = semicolon(of_column("f", |column| column.decimal_comma = Some(true)));
    assert_eq!(
        refused(&server, one, file).await,
        bad("INVALID_NUMBER", 2, "d")
    );
    // A word of the caller's beats what could be found.
    let mut never = comma(false);
    never.sniff = None;
    assert_eq!(refused(&server, never, file).await.0, "INVALID_NUMBER");
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_of_dates_are_given_or_found_and_never_guessed() {
    let server = TestServer::start().await;
    let columns = "a Date, b DateTime('UTC')";
    let clear = "a,b\n13/02/2024,31.12.2023 23:59:58\n01/02/2024,01.02.2024 00:00:00\n";
    let ambiguous = "a,b\n01/02/2024,2024-01-02 03:04:05\n03/04/2024,2024-01-02 03:04:05\n";
    create(&server, columns);
    let rows = "2024-02-13\t2023-12-31 23:59:58\n2024-02-01\t2024-02-01 00:00:00";
    assert_eq!(load(&server, spec("t"), clear).await, rows);
    create(&server, columns);
    assert_eq!(
        refused(&server, spec("t"), ambiguous).await,
        bad("AMBIGUOUS_DATE", 2, "a")
    );
    for (format, first) in [("%d/%m/%Y", "2024-02-01"), ("%m/%d/%Y", "2024-01-02")] {
        create(&server, columns);
        let given = of_column("a", |column| column.date_format = format.to_owned());
        let loaded = load(&server, given, ambiguous).await;
        assert!(loaded.starts_with(first), "{format}: {loaded}");
    }
    create(&server, columns);
    let given = of_column("a", |column| column.date_format = "%m/%d/%Y".to_owned());
    assert_eq!(
        refused(&server, given, "a,b\n13/02/2024,2024-01-01 00:00:00\n").await,
        bad("INVALID_DATE", 2, "a")
    );
    let iso = of_column("a", |column| column.date_format = "%m/%d/%Y".to_owned());
    assert_eq!(
        load(&server, iso, "a,b\n2024-05-06,2024-01-01 00:00:00\n").await,
        "2024-05-06\t2024-01-01 00:00:00"
    );
    let wrong = of_column("a", |column| column.date_format = "%Q".to_owned());
    let status = server.upload(wrong, clear).await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_REQUEST");
    assert_eq!(metadata(&status, "field"), "values.columns.date_format");
    // A new table keeps as text what only the caller can know.
    server.upload(creating("fresh"), ambiguous).await.unwrap();
    assert_eq!(
        server.sql("SELECT a FROM fresh ORDER BY a"),
        "01/02/2024\n03/04/2024"
    );
    assert_eq!(
        server.sql("SELECT type FROM system.columns WHERE table = 'fresh' AND name = 'a'"),
        "String"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn words_for_true_and_false_are_added() {
    let server = TestServer::start().await;
    create(&server, "b Bool, s String");
    let file = "b,s\nja,ja\nnein,x\nTRUE,x\n0,x\n";
    assert_eq!(
        refused(&server, unsniffed(spec("t")), file).await,
        bad("INVALID_BOOL", 2, "b")
    );
    let words = with(pb::ValueOptions {
        true_words: texts(&["ja"]),
        false_words: texts(&["nein"]),
        ..Default::default()
    });
    assert_eq!(
        load(&server, words, file).await,
        "true\tja\nfalse\tx\ntrue\tx\nfalse\tx"
    );
    let both = with(pb::ValueOptions {
        true_words: texts(&["x"]),
        false_words: texts(&["x"]),
        ..Default::default()
    });
    let status = server.upload(both, file).await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_REQUEST");
    assert_eq!(metadata(&status, "field"), "values.true_words");
}

#[tokio::test(flavor = "multi_thread")]
async fn digits_are_rounded_where_that_is_asked_for() {
    let server = TestServer::start().await;
    let columns = "d Decimal(9, 2), t DateTime64(3, 'UTC')";
    let file = "d,t\n1.005,2024-01-01 00:00:00.0005\n-1.005,2024-01-01 00:00:00.9995\n2.00499,2024-01-01 00:00:00.12349\n";
    create(&server, columns);
    assert_eq!(
        refused(&server, spec("t"), file).await,
        bad("PRECISION_LOSS", 2, "d")
    );
    let round = with(pb::ValueOptions {
        round: true,
        ..Default::default()
    });
    assert_eq!(
        load(&server, round, file).await,
        "1.01\t2024-01-01 00:00:00.001\n-1.01\t2024-01-01 00:00:01.000\n2\t2024-01-01 00:00:00.123"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_is_not_there_is_named() {
    let server = TestServer::start().await;
    create(&server, "a String");
    let unknown = of_column("no_such", |column| column.decimal_comma = Some(true));
    let status = server.upload(unknown, "a\nx\n").await.unwrap_err();
    assert_eq!(reason(&status), "COLUMN_NOT_FOUND");
    assert_eq!(metadata(&status, "column"), "no_such");
    let twice = with(pb::ValueOptions {
        columns: ["a", "a"]
            .map(|column| pb::ColumnValueOptions {
                column: column.to_owned(),
                ..Default::default()
            })
            .to_vec(),
        ..Default::default()
    });
    let status = server.upload(twice, "a\nx\n").await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_REQUEST");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_sniffing_the_defaults_of_the_format_hold() {
    let server = TestServer::start().await;
    create(&server, "a String, b String");
    assert_eq!(
        load(&server, unsniffed(spec("t")), "a,b\n1;2,3\n").await,
        "1;2\t3"
    );
    let status = server
        .upload(unsniffed(spec("t")), "a;b\n1;2\n")
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "HEADER_MISMATCH");
    create(&server, "a String, b String");
    let tsv = pb::UploadSpec {
        dialect: Some(pb::Dialect {
            format: pb::Format::Tsv.into(),
            ..Default::default()
        }),
        ..unsniffed(spec("t"))
    };
    assert_eq!(
        load(&server, tsv, "a\tb\n\"x\\ty\"\t\n").await,
        "\"x\\ty\"\t"
    );
    create(&server, "a String, b String");
    let response = server
        .upload(unsniffed(spec("t")), "a,b\n1,2\n")
        .await
        .unwrap();
    assert_eq!(
        response
            .profile
            .unwrap()
            .findings
            .iter()
            .filter(|f| f.name == "delimiter")
            .count(),
        0
    );
}

/// A file whose first MiB has integers only in `n`, and one other text after it.
fn late(value: &str) -> String {
    let mut file = String::from("id,n,s\n");
    for id in 0..120_000 {
        file.push_str(&format!("{id},{},text\n", id % 50));
    }
    file.push_str(&format!("120000,{value},text\n120001,7,text\n"));
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_beyond_the_sample_says_what_its_column_must_become() {
    let server = TestServer::start().await;
    for (value, expected, needed) in [
        ("1.5", "PRECISION_LOSS", "Float64"),
        ("007", "LEADING_ZERO", "String"),
        ("\"1,234.5\"", "INVALID_NUMBER", "Float64"),
        ("many", "INVALID_NUMBER", "String"),
        ("", "NULL_NOT_ALLOWED", "Nullable(Int16)"),
        ("40000", "OVERFLOW", "Int32"),
    ] {
        server.sql("DROP TABLE IF EXISTS late");
        let status = server
            .upload(creating("late"), late(value))
            .await
            .unwrap_err();
        assert_eq!(reason(&status), expected, "{value}");
        assert_eq!(metadata(&status, "line"), "120002");
        assert_eq!(metadata(&status, "column"), "n");
        assert_eq!(metadata(&status, "type"), "Int16");
        assert!(
            metadata(&status, "neededType").contains(needed),
            "{value}: {status:?}"
        );
        assert!(
            status.message().contains(&metadata(&status, "neededType")),
            "{status:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_scan_finds_the_types_of_a_new_table_in_the_whole_file() {
    let server = TestServer::start().await;
    let scan = pb::UploadSpec {
        dry_run: true,
        full_scan: true,
        ..creating("late")
    };
    let response = server.upload(scan, late("1.5")).await.unwrap();
    assert_eq!(server.sql("EXISTS TABLE late"), "0");
    assert_eq!(counters(&response).rows_parsed, 120_002);
    let profile = response.profile.as_ref().unwrap();
    let n = &profile.columns[1];
    assert_ne!(n.r#type, "Int16");
    assert!(
        response
            .create_statement
            .contains(&format!("`n` {}", n.r#type)),
        "{}",
        response.create_statement
    );
    let load = pb::UploadSpec {
        create_statement: response.create_statement,
        ..creating("late")
    };
    let loaded = server.upload(load, late("1.5")).await.unwrap();
    assert_eq!(counters(&loaded).rows_committed, 120_002);
    assert_eq!(
        server.sql("SELECT toString(n) FROM late WHERE id = 120000"),
        "1.5"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_statement_makes_the_table() {
    let server = TestServer::start().await;
    let file = "id,name,price\n1,one,1.50\n2,two,2.25\n";
    let statement = "CREATE TABLE shop (id UInt8, name FixedString(5), price Decimal(9, 3), \
        at DateTime DEFAULT '2000-01-01 00:00:00') ENGINE = MergeTree ORDER BY (name, id) COMMENT 'edited'";
    let edited = |statement: &str| pb::UploadSpec {
        create_statement: statement.to_owned(),
        ..creating("shop")
    };
    let response = server.upload(edited(statement), file).await.unwrap();
    // The one that ran is written from what was understood.
    let run = "CREATE TABLE `default`.`shop`\n(\n    `id` UInt8,\n    `name` FixedString(5),\n    \
               `price` Decimal(9, 3),\n    `at` DateTime DEFAULT '2000-01-01 00:00:00'\n)\n\
               ENGINE = MergeTree\nORDER BY (`name`, `id`)\nCOMMENT 'edited'";
    assert_eq!(response.create_statement, run);
    assert_eq!(
        server.sql("SELECT id, price, at FROM shop ORDER BY id"),
        "1\t1.5\t2000-01-01 00:00:00\n2\t2.25\t2000-01-01 00:00:00"
    );
    assert_eq!(
        server.sql("SELECT sorting_key, comment FROM system.tables WHERE name = 'shop'"),
        "name, id\tedited"
    );
    let status = server.upload(edited(statement), file).await.unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("TABLE_EXISTS", Code::AlreadyExists)
    );
    server.sql("DROP TABLE shop");
    for wrong in [
        "CREATE TABLE another (id UInt8) ENGINE = MergeTree ORDER BY id",
        "DROP TABLE system.one",
        "CREATE TABLE shop (id UInt8) ENGINE = MergeTree ORDER BY id; DROP TABLE system.one",
        "SELECT 1",
    ] {
        let status = server.upload(edited(wrong), file).await.unwrap_err();
        assert_eq!(reason(&status), "INVALID_QUERY", "{wrong}: {status:?}");
        assert_eq!(
            server.sql("SELECT count() FROM system.tables WHERE name IN ('shop', 'another')"),
            "0",
            "{wrong}"
        );
    }
}
