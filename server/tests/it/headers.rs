//! Headers as offices, scripts and databases write them: what names the columns, and what has no name.

use sluice_proto::v1 as pb;

use crate::support::{TestServer, counters, creating, reason, spec};

/// Loads a file into a new table; gives its columns with their types, and its rows.
async fn loaded(server: &TestServer, file: &str) -> (String, String) {
    server.sql("DROP TABLE IF EXISTS new_one");
    let done = server.upload(creating("new_one"), file).await;
    done.unwrap_or_else(|status| panic!("{file}: {status}"));
    let columns = "SELECT arrayStringConcat(groupArray(name || ' ' || type), ', ') FROM (SELECT name, type FROM \
                   system.columns WHERE table = 'new_one' AND database = currentDatabase() ORDER BY position) FORMAT TSVRaw";
    (
        server.sql(columns),
        server.sql("SELECT * FROM new_one ORDER BY ALL FORMAT CSV"),
    )
}

async fn check(server: &TestServer, cases: &[(&str, &str, &str)]) {
    for (file, columns, rows) in cases {
        let (found, content) = loaded(server, file).await;
        assert_eq!(found, *columns, "{file}");
        assert_eq!(content, *rows, "{file}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_groups_go_on_over_their_columns() {
    let server = TestServer::start().await;
    check(
        &server,
        &[
            (
                "day,,night,\nlow,high,low,high\n4.5,9.1,1.8,2.0\n4.9,8.0,1.2,3.1\n5.3,8.4,0.9,3.9\n",
                "day low Float64, day high Float64, night low Float64, night high Float64",
                "4.5,9.1,1.8,2\n4.9,8,1.2,3.1\n5.3,8.4,0.9,3.9",
            ),
            (
                "Sales,Sales,Cost,Cost\nNorth,South,North,South\nEUR,EUR,EUR,EUR\n1.5,2.5,3.5,4.5\n2.5,3.5,4.5,5.5\n",
                "Sales North EUR Decimal(18, 2), Sales South EUR Decimal(18, 2), Cost North EUR Decimal(18, 2), Cost South EUR Decimal(18, 2)",
                "1.5,2.5,3.5,4.5\n2.5,3.5,4.5,5.5",
            ),
            (
                "id,day,,note\n,low,high,\n1,4.5,9.1,x\n2,4.9,8.5,y\n",
                "id Int64, day low Float64, day high Float64, note String",
                "1,4.5,9.1,\"x\"\n2,4.9,8.5,\"y\"",
            ),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn types_that_the_file_names_are_taken() {
    let server = TestServer::start().await;
    let file = "\"id\",\"name\",\"at\"\n\"UInt32\",\"LowCardinality(String)\",\"DateTime('UTC')\"\n1,\"a\",\"2024-01-05 10:00:00\"\n";
    check(
        &server,
        &[(
            file,
            "id UInt32, name LowCardinality(String), at DateTime('UTC')",
            "1,\"a\",\"2024-01-05 10:00:00\"",
        )],
    )
    .await;
    // A value that does not fit is refused, and the type stays.
    let late = format!("{file}-7,\"b\",\"2024-01-05 10:00:00\"\n");
    let status = server.upload(creating("late"), &late).await.unwrap_err();
    assert_eq!(reason(&status), "OVERFLOW", "{status}");
    // What is no type of ClickHouse, whole, never comes into a statement.
    let odd = "id,name\nUInt32,\"String) ENGINE = Log; --\"\n1,a\n2,b\n";
    let status = server.upload(creating("odd"), odd).await.unwrap_err();
    assert_eq!(reason(&status), "AMBIGUOUS_FILE", "{status}");
    let joined = pb::UploadSpec {
        dialect: Some(pb::Dialect {
            header_rows: Some(2),
            ..Default::default()
        }),
        ..creating("odd")
    };
    server.upload(joined, odd).await.unwrap();
    let columns = server.sql(
        "SELECT groupArray((name, type)) FROM system.columns WHERE table = 'odd' FORMAT TSVRaw",
    );
    assert_eq!(
        columns,
        "[('id UInt32','Int16'),('name String) ENGINE = Log; --','String')]"
    );

    for format in ["CSVWithNamesAndTypes", "TabSeparatedWithNamesAndTypes"] {
        server.sql("CREATE OR REPLACE TABLE own (a UInt8, b Nullable(String), c DateTime64(3, 'UTC'), d Array(String), e Decimal(9, 2)) ENGINE = Memory");
        server.sql("INSERT INTO own VALUES (1, NULL, '2024-01-05 10:00:00.125', ['x', 'it''s'], 1.5), (2, '', '2025-01-05 10:00:00', [], -7)");
        let file = server.sql(&format!("SELECT * FROM own ORDER BY a FORMAT {format}"));
        let (columns, _) = loaded(&server, &format!("{file}\n")).await;
        assert_eq!(
            columns,
            "a UInt8, b Nullable(String), c DateTime64(3, 'UTC'), d Array(String), e Decimal(9, 2)",
            "{format}"
        );
        let hashes = server.sql("SELECT (SELECT sum(cityHash64(*)) FROM own) = (SELECT sum(cityHash64(*)) FROM new_one)");
        assert_eq!(hashes, "1", "{format}: {file}");
        // The same into a table that is there.
        server.sql("CREATE OR REPLACE TABLE other AS own ENGINE = MergeTree ORDER BY a");
        server
            .upload(spec("other"), &format!("{file}\n"))
            .await
            .unwrap();
        let hashes = server.sql(
            "SELECT (SELECT sum(cityHash64(*)) FROM own) = (SELECT sum(cityHash64(*)) FROM other)",
        );
        assert_eq!(hashes, "1", "{format}: {file}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn titles_above_names_are_left_out_and_counted() {
    let server = TestServer::start().await;
    let file = "Overview of apples for the year ,\n,\nOrchard,Sum of Baskets\nNorth,120.5\nEast,88.25\nWest,310.75\n";
    check(
        &server,
        &[(
            file,
            "Orchard String, Sum of Baskets Float64",
            "\"East\",88.25\n\"North\",120.5\n\"West\",310.75",
        )],
    )
    .await;
    let again = server.upload(creating("counted"), file).await.unwrap();
    let before = again.account.unwrap().before.unwrap();
    assert_eq!((before.lines, before.bytes), (2, 36));
    assert_eq!(
        before.examples[0],
        "Overview of apples for the year ,".as_bytes()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_header_again_ends_the_table_and_is_said() {
    let server = TestServer::start().await;
    let file = "DAY,THING,N\n03/02/2021,Lamp,2\n04/02/2021,Chair,0\n05/02/2021,Table,1\nDAY,THING,N\n03/03/2021,Rug,2\n04/03/2021,Bag,3\n";
    let done = server.upload(creating("things"), file).await.unwrap();
    assert_eq!(counters(&done).rows_committed, 3);
    let after = done.account.unwrap().after.unwrap();
    assert_eq!(after.lines, 3);
    assert_eq!(after.examples[0], "DAY,THING,N".as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_with_fewer_names_is_read_or_refused_with_what_helps() {
    let server = TestServer::start().await;
    check(
        &server,
        &[
            // R writes the names of rows without a name above them.
            (
                "\"x\";\"y\"\n\"r1\";1;2\n\"r2\";3;4\n\"r3\";5;6\n",
                "c1 String, x Int64, y Int64",
                "\"r1\",1,2\n\"r2\",3,4\n\"r3\",5,6",
            ),
            // A delimiter ends each record.
            ("A,B\n1,2,\n3,4,\n", "A Int16, B Int16", "1,2\n3,4"),
            (
                "A,B\n1,2,,\n3,4,,\n5,6\n",
                "A Int64, B Int64",
                "1,2\n3,4\n5,6",
            ),
        ],
    )
    .await;
    let status = server
        .upload(creating("surplus"), "A,B\n1,2,\n3,4,\n5,6,7\n")
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "AMBIGUOUS_FILE", "{status}");

    let file = "id,name,qty\n1,Ann,10,x,y\n2,Bob,20,x,y\n3,Cid,30,x,y\n4,Dan,40,x,y\n";
    let status = server.upload(creating("short"), file).await.unwrap_err();
    assert_eq!(reason(&status), "AMBIGUOUS_FILE", "{status}");
    assert!(
        status
            .message()
            .starts_with("line 1 names 3 columns, the records below have 5 fields"),
        "{status}"
    );
    // What it advises works.
    let columns = ["id", "name", "qty", "a", "b"].iter().enumerate();
    let columns = columns.map(|(at, column)| pb::ColumnMapping {
        column: (*column).to_owned(),
        source: (at + 1).to_string(),
    });
    let named = pb::UploadSpec {
        dialect: Some(pb::Dialect {
            skip_lines: Some(1),
            header_rows: Some(0),
            ..Default::default()
        }),
        columns: columns.collect(),
        ..creating("short")
    };
    server.upload(named, file).await.unwrap();
    assert_eq!(
        server.sql("SELECT * FROM short WHERE id = 2 FORMAT CSV"),
        "2,\"Bob\",20,\"x\",\"y\""
    );

    // The line of the names is at fault itself.
    let file =
        "id,\"name,qty,\"long text\"\n1,Ann,10,\"a, b\"\n2,Bob,20,\"c, d\"\n3,Cid,30,\"e, f\"\n";
    let status = server.upload(creating("quoted"), file).await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_QUOTING", "{status}");
    assert!(status.message().starts_with("line 1, field 2"), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_finds_its_columns_again_next_month() {
    let server = TestServer::start().await;
    for file in [
        "id , n ,d\n1, 5 ,2024-01-05 \n2, 6 , 2024-01-06\n",
        "id,name,name,score\n1,a,b,3\n2,c,d,4\n",
        "from,to,order by,a.b,`tick`,\"q\"\"q\",select,n\u{e4}me,%share,,end\n1,2,3,4,5,6,7,8,9,10,11\n",
        "name,,,note\na,1,2,x\nb,3,4,y\n",
        "size (m),Stra\u{df}e,\u{130}d\n1.5,a,7\n2.5,b,8\n",
    ] {
        let (_, before) = loaded(&server, file).await;
        server
            .upload(spec("new_one"), file)
            .await
            .unwrap_or_else(|status| panic!("{file}: {status}"));
        let twice: Vec<_> = before.lines().flat_map(|row| [row, row]).collect();
        let after = server.sql("SELECT * FROM new_one ORDER BY ALL FORMAT CSV");
        assert_eq!(after, twice.join("\n"), "{file}");
    }
    // Case is that of Unicode.
    server.sql("CREATE TABLE streets (`STRASSE` String, `\u{c4}rger` UInt8) ENGINE = MergeTree ORDER BY tuple()");
    server
        .upload(spec("streets"), "\u{e4}RGER ,stra\u{df}e\n1,a\n")
        .await
        .unwrap();
    assert_eq!(server.sql("SELECT * FROM streets"), "a\t1");
}
