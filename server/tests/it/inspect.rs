//! What an inspection says of the beginning of a file, and of how it fits a table.

use std::collections::BTreeMap;

use sluice_proto::v1 as pb;
use tonic::Code;

use crate::support::{TestServer, gzip, metadata, reason, spec, table_ref};

fn whole(sample: impl Into<Vec<u8>>) -> pb::InspectFileRequest {
    pb::InspectFileRequest {
        sample: sample.into().into(),
        complete: true,
        ..Default::default()
    }
}

fn against(table: &str, sample: impl Into<Vec<u8>>) -> pb::InspectFileRequest {
    pb::InspectFileRequest {
        table: Some(table_ref(table)),
        ..whole(sample)
    }
}

/// The rows as texts; NULL is `\N`.
fn rows(response: &pb::InspectFileResponse) -> Vec<Vec<String>> {
    let text = |cell: &pb::Cell| cell.text.clone().unwrap_or_else(|| "\\N".to_owned());
    let rows = response.rows.iter();
    rows.map(|row| row.cells.iter().map(text).collect())
        .collect()
}

/// Name and type of every column.
fn columns(response: &pb::InspectFileResponse) -> Vec<(&str, &str)> {
    let columns = &response.profile.as_ref().unwrap().columns;
    let columns = columns.iter();
    columns
        .map(|c| (c.name.as_str(), c.r#type.as_str()))
        .collect()
}

/// Column, source and kind of every match.
fn matches(response: &pb::InspectFileResponse) -> Vec<(&str, Option<&str>, pb::MatchKind)> {
    let matches = response.matches.iter();
    matches
        .map(|m| (m.column.as_str(), m.source.as_deref(), m.kind()))
        .collect()
}

/// A report as a spreadsheet of a German office writes it.
fn deliveries() -> Vec<u8> {
    let mut text = String::from("Lieferungen im Februar\r\nStand: 3. März 2024\r\n\r\n");
    text.push_str("Artikel;Menge;Preis;Geliefert;Größe\r\n");
    for day in 1..=28 {
        let price = 1000 + day * 37;
        text.push_str(&format!(
            "Äpfel Nr. {day};{};{},{:02};{day:02}.02.2024;{}\r\n",
            day * 3,
            price / 100,
            price % 100,
            if day % 2 == 0 { "groß" } else { "klein" },
        ));
    }
    let (bytes, _, lossy) = encoding_rs::WINDOWS_1252.encode(&text);
    assert!(!lossy);
    bytes.into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spreadsheet_report_is_understood_without_a_word() {
    let server = TestServer::start().await;
    let response = server.inspect(whole(deliveries())).await.unwrap();
    let profile = response.profile.as_ref().unwrap();
    let dialect = profile.dialect.as_ref().unwrap();
    assert_eq!(dialect.format(), pb::Format::Csv);
    assert_eq!(dialect.compression(), pb::Compression::None);
    assert_eq!(dialect.encoding, "windows-1252");
    assert_eq!(dialect.delimiter.as_deref(), Some(";"));
    assert_eq!(
        (dialect.skip_lines, dialect.header_rows),
        (Some(3), Some(1))
    );
    assert_eq!((profile.trailing_lines, dialect.end_line), (0, None));
    let findings = profile.findings.iter();
    let findings: BTreeMap<_, _> = findings.map(|f| (f.name.as_str(), f)).collect();
    for (name, value) in [
        ("format", "csv"),
        ("compression", "none"),
        ("encoding", "windows-1252"),
        ("delimiter", ";"),
        ("escape", ""),
        ("comment", ""),
        ("skip_lines", "3"),
        ("header_rows", "1"),
        ("skip_initial_space", "false"),
        ("end_line", ""),
        ("line_end", "crlf"),
    ] {
        let finding = findings
            .get(name)
            .unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(finding.value, value, "{name}");
        assert!(!finding.given, "{name}");
        assert!((0.5..=1.0).contains(&finding.confidence), "{finding:?}");
    }
    assert_eq!(findings.len(), 13, "{findings:?}");
    assert_eq!(
        columns(&response),
        [
            ("Artikel", "String"),
            ("Menge", "Int64"),
            ("Preis", "Decimal(18, 2)"),
            ("Geliefert", "Date"),
            ("Größe", "LowCardinality(String)"),
        ]
    );
    let [_, _, price, date, _] = &profile.columns[..] else {
        panic!("five columns");
    };
    assert!(price.decimal_comma && !date.decimal_comma);
    assert_eq!(
        (price.date_format.as_str(), date.date_format.as_str()),
        ("", "%d.%m.%Y")
    );
    assert_eq!(rows(&response).len(), 10);
    assert_eq!(
        rows(&response)[1],
        ["Äpfel Nr. 2", "6", "10.74", "2024-02-02", "groß"]
    );
    assert_eq!(
        response.create_statement,
        "CREATE TABLE `data`\n(\n    `Artikel` String,\n    `Menge` Int64,\n    \
         `Preis` Decimal(18, 2),\n    `Geliefert` Date,\n    `Größe` LowCardinality(String)\n)\n\
         ENGINE = MergeTree\nORDER BY `Geliefert`"
    );
    assert!(!response.sorting_key_reason.is_empty());
    assert_eq!((response.matches.len(), response.rows_tried), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_caller_says_is_not_looked_for() {
    let server = TestServer::start().await;
    let dialect = pb::Dialect {
        delimiter: Some(",".to_owned()),
        header_rows: Some(0),
        skip_lines: Some(1),
        encoding: "latin1".to_owned(),
        compression: pb::Compression::None.into(),
        format: pb::Format::Csv.into(),
        ..Default::default()
    };
    let request = pb::InspectFileRequest {
        dialect: Some(dialect),
        row_count: 2,
        ..whole(&b"x;y;z\n1;2,a\n3;\xe9,b\n5;6,c\n"[..])
    };
    let response = server.inspect(request).await.unwrap();
    assert_eq!(rows(&response), [["1;2", "a"], ["3;é", "b"]]);
    let profile = response.profile.unwrap();
    let findings = profile.findings.iter();
    let given: Vec<_> = findings
        .filter(|f| f.given)
        .map(|f| f.name.as_str())
        .collect();
    let expected = [
        "format",
        "compression",
        "encoding",
        "delimiter",
        "skip_lines",
        "header_rows",
    ];
    assert_eq!(given, expected);
    assert!(
        profile
            .findings
            .iter()
            .all(|f| !f.given || f.runner_up.is_none())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_is_tried_against_a_table() {
    let server = TestServer::start().await;
    server.sql(
        "CREATE TABLE trial (id UInt32, Name String, amount Decimal(9, 2), note String, \
         added Date DEFAULT '2000-01-01') ENGINE = MergeTree ORDER BY id",
    );
    let file =
        "id,name,amount,colour\n1,one,1.25,red\n2,two,1.255,red\n-3,three,3,blue\n4,four,4,\n";
    let response = server.inspect(against("trial", file)).await.unwrap();
    assert_eq!(
        matches(&response),
        [
            ("id", Some("id"), pb::MatchKind::Exact),
            ("Name", Some("name"), pb::MatchKind::CaseDiffers),
            ("amount", Some("amount"), pb::MatchKind::Exact),
            ("note", None, pb::MatchKind::Missing),
            ("added", None, pb::MatchKind::Default),
            ("", Some("colour"), pb::MatchKind::Extra),
        ]
    );
    let types: Vec<_> = response.matches.iter().map(|m| m.r#type.as_str()).collect();
    assert_eq!(
        types,
        ["UInt32", "String", "Decimal(9, 2)", "String", "Date", ""]
    );
    assert_eq!((response.rows_tried, response.rows_rejected), (4, 2));
    let rejected: Vec<_> = response
        .rejected_rows
        .iter()
        .map(|r| {
            (
                r.line,
                r.record,
                r.column.as_str(),
                r.reason.as_str(),
                &r.value[..],
            )
        })
        .collect();
    assert_eq!(
        rejected,
        [
            (3, 2, "amount", "PRECISION_LOSS", &b"1.255"[..]),
            (4, 3, "id", "OVERFLOW", &b"-3"[..]),
        ]
    );
    let raw = &response.rejected_rows[1];
    assert_eq!(
        (&raw.raw[..], raw.byte_offset),
        (&b"-3,three,3,blue"[..], 53)
    );
    let error = response.error.unwrap();
    assert_eq!(
        error.reason, "UNMATCHED_COLUMN",
        "what stands in the way is told"
    );
    assert_eq!(error.metadata["column"], "colour");
    assert_eq!(server.sql("SELECT count() FROM trial"), "0");
    assert_eq!(
        server.sql("SHOW DATABASES LIKE 'sluice'"),
        "",
        "nothing was kept"
    );

    let by_number = pb::InspectFileRequest {
        columns: vec![pb::ColumnMapping {
            column: "id".to_owned(),
            source: "amount".to_owned(),
        }],
        ..against("trial", file)
    };
    let response = server.inspect(by_number).await.unwrap();
    assert_eq!(
        matches(&response)[0],
        ("id", Some("amount"), pb::MatchKind::Selected)
    );
    assert_eq!((response.rows_tried, response.rows_rejected), (4, 2));
    assert_eq!(response.rejected_rows[0].reason, "PRECISION_LOSS");
    let error = response.error.unwrap();
    assert_eq!(error.reason, "MISSING_COLUMN", "an upload is told so too");
    assert_eq!(error.metadata["columns"], "Name, amount, note");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_not_there_or_does_not_fit_is_part_of_the_answer() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE other (x UInt8, y String) ENGINE = MergeTree ORDER BY x");
    let file = "id,name\n1,one\n2,two\n";
    let response = server.inspect(against("nowhere", file)).await.unwrap();
    assert_eq!((response.matches.len(), response.rows_tried), (0, 0));
    assert_eq!(response.error.unwrap().reason, "TABLE_NOT_FOUND");
    assert!(
        response
            .create_statement
            .starts_with("CREATE TABLE `default`.`nowhere`\n"),
        "{}",
        response.create_statement
    );
    let response = server.inspect(against("other", file)).await.unwrap();
    let error = response.error.unwrap();
    assert_eq!((error.reason.as_str(), error.code), ("HEADER_MISMATCH", 9));
    assert!(error.metadata["header"].contains("id, name"), "{error:?}");
    assert_eq!(response.rows.len(), 2, "the file is shown all the same");
    let elsewhere = pb::InspectFileRequest {
        table: Some(pb::TableRef {
            database: "no_db".to_owned(),
            table: "t".to_owned(),
        }),
        ..whole(file)
    };
    let status = server.inspect(elsewhere).await.unwrap_err();
    assert_eq!(reason(&status), "DATABASE_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_lines_are_understood() {
    let server = TestServer::start().await;
    let file = "{\"id\": 1, \"name\": \"one\", \"tags\": [\"a\", \"b\"]}\n\
        {\"id\": 2, \"name\": null, \"tags\": []}\n{\"name\": \"three\", \"id\": 3, \"tags\": [\"c\"]}\n";
    let response = server.inspect(whole(file)).await.unwrap();
    let dialect = response.profile.as_ref().unwrap().dialect.as_ref().unwrap();
    assert_eq!(dialect.format(), pb::Format::Ndjson);
    assert_eq!(
        (dialect.delimiter.as_ref(), dialect.quote.as_ref()),
        (None, None)
    );
    let names: Vec<_> = columns(&response)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["id", "name", "tags"]);
    assert!(
        columns(&response)[1].1.contains("Nullable(String)"),
        "{:?}",
        columns(&response)
    );
    let shown: Vec<_> = rows(&response)
        .iter()
        .map(|row| row[..2].join("|"))
        .collect();
    assert_eq!(shown, ["1|one", "2|\\N", "3|three"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packed_sample_may_end_anywhere() {
    let server = TestServer::start().await;
    let mut file = String::from("n,half\n");
    for n in 0..200_000 {
        file.push_str(&format!("{n},{}\n", f64::from(n) / 2.0));
    }
    let packed = gzip(file.as_bytes());
    for cut in [30_000, 60_001, 90_002] {
        let request = pb::InspectFileRequest {
            complete: false,
            row_count: 3,
            ..whole(&packed[..cut])
        };
        let response = server.inspect(request).await.unwrap();
        let profile = response.profile.as_ref().unwrap();
        let dialect = profile.dialect.as_ref().unwrap();
        assert_eq!(dialect.compression(), pb::Compression::Gzip);
        assert!(profile.sample_bytes > 40_000, "{}", profile.sample_bytes);
        assert_eq!(rows(&response), [["0", "0"], ["1", "0.5"], ["2", "1"]]);
    }
    let status = server.inspect(whole(&packed[..30_000])).await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_COMPRESSION");
    assert_eq!(metadata(&status, "byteOffset"), "30000");
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_names_and_ambiguous_dates_are_told() {
    let server = TestServer::start().await;
    let file = "id,,id,when,when\n1,a,x,01/02/2024,13/02/2024\n2,b,y,03/04/2024,14/02/2024\n";
    let response = server.inspect(whole(file)).await.unwrap();
    let columns = &response.profile.as_ref().unwrap().columns;
    let names: Vec<_> = columns
        .iter()
        .map(|c| (c.name.as_str(), c.original_name.as_deref()))
        .collect();
    assert_eq!(
        names,
        [
            ("id", None),
            ("c2", Some("")),
            ("id_2", Some("id")),
            ("when", None),
            ("when_2", Some("when"))
        ]
    );
    assert_eq!(columns[3].r#type, "String");
    let note = columns[3].notes.join("; ");
    assert!(
        note.contains("`%d/%m/%Y`") && note.contains("`%m/%d/%Y`"),
        "{note}"
    );
    assert_eq!(
        (columns[4].r#type.as_str(), columns[4].date_format.as_str()),
        ("Date", "%d/%m/%Y")
    );
    let values = pb::ValueOptions {
        columns: vec![pb::ColumnValueOptions {
            column: "when".to_owned(),
            date_format: "%m/%d/%Y".to_owned(),
            ..Default::default()
        }],
        ..Default::default()
    };
    let told = pb::InspectFileRequest {
        values: Some(values),
        ..whole(file)
    };
    let response = server.inspect(told).await.unwrap();
    assert_eq!(
        rows(&response)[0],
        ["1", "a", "x", "2024-01-02", "2024-02-13"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_inspected_loads_as_it_was_shown() {
    let server = TestServer::start().await;
    let response = server.inspect(whole(deliveries())).await.unwrap();
    let profile = response.profile.as_ref().unwrap();
    // The statement, and the dialect that was found, are enough for an upload that looks for nothing.
    let values = profile.columns.iter().map(|column| pb::ColumnValueOptions {
        column: column.name.clone(),
        null_markers: column.null_markers.clone(),
        date_format: column.date_format.clone(),
        decimal_comma: Some(column.decimal_comma),
        ..Default::default()
    });
    let upload = pb::UploadSpec {
        dialect: profile.dialect.clone(),
        values: Some(pb::ValueOptions {
            columns: values.collect(),
            ..Default::default()
        }),
        sniff: Some(false),
        create_table: true,
        create_statement: response.create_statement.clone(),
        ..spec("data")
    };
    server.upload(upload, deliveries()).await.unwrap();
    let loaded = server.sql("SELECT * FROM data ORDER BY Geliefert LIMIT 10");
    let loaded: Vec<Vec<_>> = loaded.lines().map(|l| l.split('\t').collect()).collect();
    assert_eq!(rows(&response), loaded);
    assert_eq!(
        server.sql("SELECT count(), sum(Preis) FROM data"),
        "28\t430.22"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_refused() {
    let server = TestServer::start().await;
    for row_count in [-1, 1001] {
        let request = pb::InspectFileRequest {
            row_count,
            ..whole("a\n1\n")
        };
        let status = server.inspect(request).await.unwrap_err();
        assert_eq!(
            (reason(&status).as_str(), status.code()),
            ("INVALID_REQUEST", Code::InvalidArgument)
        );
        assert_eq!(metadata(&status, "field"), "row_count");
    }
    let status = server.inspect(whole("")).await.unwrap_err();
    assert_eq!(reason(&status), "EMPTY_FILE");
    let status = server
        .inspect(whole(&b"Rar!\x1A\x07rest of an archive"[..]))
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "INVALID_ENCODING");
}
