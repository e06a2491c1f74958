//! Numbers in groups, units, lists, times and texts as other programs write them into cells.

use sluice_proto::v1 as pb;

use crate::support::{TestServer, metadata, reason, spec};

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

fn of_column(column: &str, change: impl FnOnce(&mut pb::ColumnValueOptions)) -> pb::ValueOptions {
    let mut options = pb::ColumnValueOptions {
        column: column.to_owned(),
        ..Default::default()
    };
    change(&mut options);
    pb::ValueOptions {
        columns: vec![options],
        ..Default::default()
    }
}

fn creating(upload: pb::UploadSpec) -> pb::UploadSpec {
    pb::UploadSpec {
        create_table: true,
        ..upload
    }
}

/// Loads a file and returns the table.
async fn load(server: &TestServer, upload: pb::UploadSpec, file: &str) -> String {
    let loaded = server.upload(upload, file).await;
    loaded.unwrap_or_else(|status| panic!("{file}: {status:?}"));
    server.sql("SELECT * FROM t")
}

/// Loads a file into a new table, and returns the types of its columns and its rows.
async fn load_new(server: &TestServer, upload: pb::UploadSpec, file: &str) -> (String, String) {
    server.sql("DROP TABLE IF EXISTS t");
    let rows = load(server, creating(upload), file).await;
    let types = "SELECT arrayStringConcat(groupArray(type), ', ') FROM system.columns \
                 WHERE table = 't' AND database = currentDatabase()";
    (server.sql(types), rows)
}

/// Loads a file that must be refused for a cell, and returns the reason and the message.
async fn refused(server: &TestServer, upload: pb::UploadSpec, file: &str) -> (String, String) {
    let status = server.upload(upload, file).await.unwrap_err();
    (reason(&status), status.message().to_owned())
}

#[track_caller]
fn check_refused((reason, message): (String, String), expected: &str, words: &[&str]) {
    assert_eq!(reason, expected, "{message}");
    for word in words {
        assert!(message.contains(word), "{word} in {message}");
    }
}

fn thousands(separator: &str) -> pb::UploadSpec {
    with(pb::ValueOptions {
        thousands: Some(separator.to_owned()),
        ..Default::default()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_digits_are_read_where_they_are_clear_or_said() {
    let server = TestServer::start().await;
    let file =
        "sku,price,qty\nA,\"1,234.56\",\"12,000\"\nB,\"2,334.01\",900\nC,17.5,\"1,000,000\"\n";
    let rows = "A\t1234.56\t12000\nB\t2334.01\t900\nC\t17.5\t1000000";
    let (types, loaded) = load_new(&server, spec("t"), file).await;
    assert_eq!(loaded, rows);
    assert_eq!(types.matches("String").count(), 1, "{types}");
    create(&server, "sku String, price Float64, qty UInt32");
    assert_eq!(load(&server, spec("t"), file).await, rows);
    // One comma and three digits may be a fraction.
    let unclear = "id,v\n1,\"1,234\"\n2,\"2,500\"\n";
    let (types, loaded) = load_new(&server, spec("t"), unclear).await;
    assert_eq!(
        (types.as_str(), loaded.as_str()),
        ("Int64, String", "1\t1,234\n2\t2,500")
    );
    create(&server, "id Int32, v Float64");
    let both = ["`--thousands ,`", "`--decimal-comma`", "line 2"];
    check_refused(
        refused(&server, spec("t"), unclear).await,
        "INVALID_NUMBER",
        &both,
    );
    assert_eq!(
        load(&server, thousands(","), unclear).await,
        "1\t1234\n2\t2500"
    );
    create(&server, "id Int32, v Float64");
    let comma = with(pb::ValueOptions {
        decimal_comma: Some(true),
        ..Default::default()
    });
    assert_eq!(load(&server, comma, unclear).await, "1\t1.234\n2\t2.5");
    create(&server, "id Int32, v Decimal(18, 2)");
    let german = "id;v\n1;7,5\n2;1.234,50\n";
    assert_eq!(load(&server, spec("t"), german).await, "1\t7.5\n2\t1234.5");
    create(&server, "id Int32, v Int32");
    let words = [
        "`--thousands .` reads it as 12000",
        "`--thousands v=,` as 12",
    ];
    let zeros = "id;v\n1;12.000\n";
    check_refused(
        refused(&server, spec("t"), zeros).await,
        "INVALID_NUMBER",
        &words,
    );
    assert_eq!(load(&server, thousands("."), zeros).await, "1\t12000");
    let wrong = "id,v\n1,\"1,23,4\"\n";
    check_refused(
        refused(&server, thousands(","), wrong).await,
        "INVALID_NUMBER",
        &[],
    );
    let per_column = with(of_column("v", |column| {
        column.thousands = Some("_".to_owned());
    }));
    create(&server, "id Int32, v Int32");
    assert_eq!(
        load(&server, per_column, "id,v\n1,1_234\n").await,
        "1\t1234"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn contradictory_separators_are_refused() {
    let server = TestServer::start().await;
    create(&server, "v Float64");
    for (separator, decimal_comma) in [
        (",", Some(true)),
        (".", Some(false)),
        (";", None),
        ("", None),
    ] {
        let values = with(pb::ValueOptions {
            thousands: Some(separator.to_owned()),
            decimal_comma,
            ..Default::default()
        });
        let (reason, message) = refused(&server, values, "v\n1\n").await;
        assert_eq!(reason, "INVALID_REQUEST", "{separator} {message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn units_are_left_out_where_that_is_said() {
    let server = TestServer::start().await;
    let file = "item,price,eur,share,chf\na,$100.50,90€,50 %,70.00 CHF\nb,\"$1,200.00\",12€,12.5%,3.10 CHF\n";
    let strip = || {
        with(pb::ValueOptions {
            strip_units: true,
            ..Default::default()
        })
    };
    let rows = "a\t100.5\t90\t50\t70\nb\t1200\t12\t12.5\t3.1";
    let (types, loaded) = load_new(&server, strip(), file).await;
    assert_eq!(loaded, rows, "{types}");
    let (types, loaded) = load_new(&server, spec("t"), file).await;
    assert_eq!(types, "String, String, String, String, String");
    assert!(
        loaded.starts_with("a\t$100.50\t90€\t50 %\t70.00 CHF"),
        "{loaded}"
    );
    create(
        &server,
        "item String, price Decimal(10, 2), eur Int32, share Float64, chf Float64",
    );
    let words = ["`--strip-units`", "column `price`"];
    check_refused(
        refused(&server, spec("t"), file).await,
        "INVALID_NUMBER",
        &words,
    );
    assert_eq!(load(&server, strip(), file).await, rows);
    create(&server, "v Float64");
    for mixed in ["v\n$5\n€7\n", "v\n50%\n0.5\n", "v\n1\n2%\n"] {
        check_refused(
            refused(&server, strip(), mixed).await,
            "INVALID_NUMBER",
            &[],
        );
    }
    assert_eq!(
        load(&server, strip(), "v\n(5)\n7-\n-3\n").await,
        "-5\n-7\n-3"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn units_from_1970_are_read_where_that_is_said() {
    let server = TestServer::start().await;
    let file = "ts,v\n1612137595007,1\n1612137595372,2\n";
    let json = "{\"ts\":1612137595007,\"v\":1}\n{\"ts\":1612137595372,\"v\":2}\n";
    let epoch = |unit: &str| {
        let unit = unit.to_owned();
        with(of_column("ts", |column| column.date_format = unit))
    };
    for file in [file, json] {
        let (types, _) = load_new(&server, spec("t"), file).await;
        assert!(types.starts_with("Int64"), "{types}");
        let (types, loaded) = load_new(&server, epoch("epoch_ms"), file).await;
        assert!(types.starts_with("DateTime64(3"), "{types}");
        assert!(loaded.starts_with("2021-01-31 23:59:55.007"), "{loaded}");
        create(&server, "ts DateTime64(3, 'UTC'), v Int32");
        let words = ["`--date-format ts=epoch_ms`"];
        check_refused(
            refused(&server, spec("t"), file).await,
            "INVALID_DATE",
            &words,
        );
        assert!(
            load(&server, epoch("epoch_ms"), file)
                .await
                .contains("23:59:55.372\t2")
        );
        create(&server, "ts DateTime('UTC'), v Int32");
        check_refused(
            refused(&server, epoch("epoch_ms"), file).await,
            "PRECISION_LOSS",
            &["--round"],
        );
    }
    create(&server, "ts DateTime('UTC')");
    let whole = "ts\n1612137595000\n";
    assert_eq!(
        load(&server, epoch("epoch_ms"), whole).await,
        "2021-01-31 23:59:55"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn other_notations_load_where_they_say_the_same() {
    let server = TestServer::start().await;
    create(&server, "i Int32, d Date");
    let file = "i,d\n1.0,2024-01-05 00:00:00\n1e2,2024-01-06T00:00:00Z\n0.00000000,2024-01-07\n";
    assert_eq!(
        load(&server, spec("t"), file).await,
        "1\t2024-01-05\n100\t2024-01-06\n0\t2024-01-07"
    );
    check_refused(
        refused(&server, spec("t"), "i,d\n1.5,2024-01-05\n").await,
        "PRECISION_LOSS",
        &["`--round` rounds it"],
    );
    check_refused(
        refused(&server, spec("t"), "i,d\n1,2024-01-05 10:00:00\n").await,
        "PRECISION_LOSS",
        &["a DateTime column holds it"],
    );
    let midnight = "id,d\n1,2024-01-05 00:00:00\n2,2024-01-06 00:00:00\n";
    let (types, _) = load_new(&server, spec("t"), midnight).await;
    assert_eq!(types, "Int64, DateTime");
    let mixed = "a,b,c\n0.00000000,0.00000000,aaa\n5,1.5,bbb\n";
    create(&server, "a Int32, b Float64, c String");
    assert_eq!(
        load(&server, spec("t"), mixed).await,
        "0\t0\taaa\n5\t1.5\tbbb"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn dates_of_many_places_are_dates() {
    let server = TestServer::start().await;
    let german = "id,datum\n1,3. März 2024\n2,14. Dezember 2023\n";
    let (types, loaded) = load_new(&server, spec("t"), german).await;
    assert_eq!(types, "Int64, Date");
    assert_eq!(loaded, "1\t2024-03-03\n2\t2023-12-14");
    let clock = "id,at\n1,1/14/20 7:06am\n2,1/15/20 12:30pm\n";
    let (types, loaded) = load_new(&server, spec("t"), clock).await;
    assert_eq!(types, "Int64, DateTime");
    assert_eq!(loaded, "1\t2020-01-14 07:06:00\n2\t2020-01-15 12:30:00");
    create(&server, "at DateTime('UTC')");
    let zoned = "at\n2024-01-05 10:00:00 Europe/Berlin\n";
    assert_eq!(load(&server, spec("t"), zoned).await, "2024-01-05 09:00:00");
    let twice = "at\n2024-10-27 02:30:00 Europe/Berlin\n";
    check_refused(
        refused(&server, spec("t"), twice).await,
        "INVALID_DATE",
        &[],
    );
    let (types, _) = load_new(&server, spec("t"), "d\n1850-01-01\n2024-01-05\n").await;
    assert_eq!(types, "String");
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_in_the_form_of_a_formula_are_texts() {
    let server = TestServer::start().await;
    let file = "name;zip;tel;n\nAnn;=\"0001234\";=\"+99-9-999\";7896\nBob;=\"0005678\";=\"+99-9-998\";12\n";
    let rows = "Ann\t0001234\t+99-9-999\t7896\nBob\t0005678\t+99-9-998\t12";
    let (types, loaded) = load_new(&server, spec("t"), file).await;
    assert_eq!(
        (types.as_str(), loaded.as_str()),
        ("String, String, String, Int16", rows)
    );
    create(&server, "name String, zip String, tel String, n Int32");
    assert_eq!(load(&server, spec("t"), file).await, rows);
    create(&server, "name String, zip String, tel String, n Int32");
    let never = with(pb::ValueOptions {
        excel_text: Some(false),
        ..Default::default()
    });
    assert!(
        load(&server, never, file)
            .await
            .starts_with("Ann\t=\"0001234\"\t")
    );
    // What is written as a text comes back as one.
    create(&server, "s String");
    let quoted = "s\n\"=\"\"0001234\"\"\"\n";
    assert_eq!(load(&server, spec("t"), quoted).await, "=\"0001234\"");
    create(&server, "n Int32");
    assert_eq!(load(&server, spec("t"), "n\n=\"12\"\n").await, "12");
}

#[tokio::test(flavor = "multi_thread")]
async fn uuids_and_arrays_of_other_programs_are_read() {
    let server = TestServer::start().await;
    let uuids =
        "id,u\n1,{123e4567-e89b-12d3-a456-426614174000}\n2,123E4567E89B12D3A456426614174000\n";
    create(&server, "id Int32, u UUID");
    let uuid = "123e4567-e89b-12d3-a456-426614174000";
    assert_eq!(
        load(&server, spec("t"), uuids).await,
        format!("1\t{uuid}\n2\t{uuid}")
    );
    create(&server, "id Int32, tags Array(String)");
    let arrays = "id,tags\n1,\"{\"\"apple\"\", \"\"pear\"\"}\"\n2,\"{x,y}\"\n3,{}\n";
    assert_eq!(
        load(&server, spec("t"), arrays).await,
        "1\t['apple','pear']\n2\t['x','y']\n3\t[]"
    );
    let lists = "key,tags\n0,red;big;old\n1,blue\n2,\n";
    let separated = || {
        with(of_column("tags", |column| {
            column.list_separator = Some(";".to_owned());
        }))
    };
    create(&server, "key Int32, tags Array(String)");
    let rows = "0\t['red','big','old']\n1\t['blue']\n2\t[]";
    assert_eq!(load(&server, separated(), lists).await, rows);
    let (types, loaded) = load_new(&server, separated(), lists).await;
    assert_eq!(
        (types.as_str(), loaded.as_str()),
        ("Int64, Array(String)", rows)
    );
    let (types, loaded) = load_new(&server, separated(), "tags\n5;2\n3\n").await;
    assert_eq!(
        (types.as_str(), loaded.as_str()),
        ("Array(Int16)", "[5,2]\n[3]")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_zero_is_not_lost_in_a_new_table() {
    let server = TestServer::start().await;
    let rows = 200_000;
    let early: String = (0..rows)
        .map(|row| format!("{},x\n", 1_000_000 + row))
        .collect();
    let file = format!("code,s\n{early}007,x\n");
    let status = server
        .upload(creating(spec("t")), &*file)
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "LEADING_ZERO", "{status:?}");
    assert_eq!(metadata(&status, "neededType"), "String");
    assert_eq!(metadata(&status, "line"), (rows + 2).to_string());
    server.sql("DROP TABLE IF EXISTS t");
    create(&server, "code Int64, s String");
    server.upload(spec("t"), &*file).await.unwrap();
    assert_eq!(server.sql("SELECT min(code) FROM t"), "7");
}
