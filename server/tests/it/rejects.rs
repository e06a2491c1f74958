//! Records that are not loaded: how many may be, what is said of them, and how they come back.

use std::time::Duration;

use sluice_proto::v1::{self as pb, upload_request::Payload};
use sluice_server::task;
use tonic::Code;

use crate::support::{TestServer, counters, gzip, metadata, reason, remote, spec, table_ref};

const NUMBERS: &str = "CREATE TABLE numbers (n UInt8, s String) ENGINE = MergeTree ORDER BY n";

/// Ten records, of which the third, the sixth and the ninth do not fit.
const TEN: &str = "n,s\n1,a\n2,b\n300,c\n4,d\n5,e\nsix,\"f, g\"\n7,h\n8,i\n,j\n10,k\n";

fn policy(table: &str, max_rows: Option<i64>, max_share: Option<f64>) -> pb::UploadSpec {
    pb::UploadSpec {
        rejects: Some(pb::RejectPolicy {
            max_rows,
            max_share,
        }),
        ..spec(table)
    }
}

fn comma(spec: pb::UploadSpec) -> pb::UploadSpec {
    pb::UploadSpec {
        dialect: Some(pb::Dialect {
            delimiter: Some(",".to_owned()),
            quote: Some("\"".to_owned()),
            header_rows: Some(1),
            ..Default::default()
        }),
        ..spec
    }
}

fn id(number: u32) -> String {
    format!("0190a5f0-7f1a-7c00-8000-{number:012}")
}

fn with_id(number: u32, spec: pb::UploadSpec) -> pb::UploadSpec {
    pb::UploadSpec {
        transfer_id: id(number),
        ..spec
    }
}

fn transfer_id(response: &pb::UploadResponse) -> String {
    response.transfer.as_ref().unwrap().transfer_id.clone()
}

/// Checks that no record is lost: rejected and committed ones are all that were parsed.
fn check_counts(server: &TestServer, table: &str, response: &pb::UploadResponse) {
    let counters = counters(response);
    assert_eq!(
        counters.rows_parsed,
        counters.rows_committed + counters.rows_rejected
    );
    let rows = server.sql(&format!("SELECT count() FROM {table}"));
    assert_eq!(counters.rows_committed.to_string(), rows);
}

async fn file(server: &TestServer, id: &str) -> String {
    let pieces = server.rejects_file(id).await.unwrap();
    assert!(pieces.iter().all(|piece| piece.len() <= 1 << 20));
    String::from_utf8(pieces.concat()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn by_default_the_first_bad_record_ends_the_upload_and_is_kept() {
    let server = TestServer::start().await;
    server.sql(NUMBERS);
    let upload = with_id(1, spec("numbers"));
    let status = server.upload(upload, TEN).await.unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("OVERFLOW", Code::InvalidArgument)
    );
    for (name, value) in [
        ("line", "4"),
        ("record", "3"),
        ("byteOffset", "12"),
        ("field", "1"),
        ("column", "n"),
        ("type", "UInt8"),
        ("value", "300"),
    ] {
        assert_eq!(metadata(&status, name), value, "{name}");
    }
    assert_eq!(server.sql("SELECT count() FROM numbers"), "0");
    let kept = server.rejected_rows(&id(1)).await.unwrap();
    let expected = pb::RejectedRow {
        line: 4,
        record: 3,
        byte_offset: 12,
        column: "n".to_owned(),
        r#type: "UInt8".to_owned(),
        value: b"300".to_vec().into(),
        reason: "OVERFLOW".to_owned(),
        raw: b"300,c".to_vec().into(),
        more: Vec::new(),
    };
    assert_eq!(kept, [expected]);
    assert_eq!(
        file(&server, &id(1)).await,
        "n,s,_sluice_line,_sluice_column,_sluice_reason\n300,c,4,n,OVERFLOW\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_allows_exactly_as_many_as_it_says() {
    let server = TestServer::start().await;
    server.sql(NUMBERS);
    let cases = [
        (Some(2), None, false),
        (Some(3), None, true),
        (Some(4), None, true),
        (None, Some(0.299), false),
        (None, Some(0.3), true),
        (None, Some(1.0), true),
        (None, Some(0.0), false),
        (Some(3), Some(0.2), false),
        (Some(2), Some(0.5), false),
        (Some(3), Some(0.3), true),
    ];
    for (rows, share, is_enough) in cases {
        server.sql("TRUNCATE TABLE numbers");
        let outcome = server.upload(policy("numbers", rows, share), TEN).await;
        match outcome {
            Ok(response) => {
                assert!(is_enough, "{rows:?}, {share:?}");
                assert_eq!(counters(&response).rows_rejected, 3);
                assert_eq!(counters(&response).rows_parsed, 10);
                check_counts(&server, "numbers", &response);
                assert_eq!(
                    server.sql("SELECT groupArray(n) FROM numbers"),
                    "[1,2,4,5,7,8,10]"
                );
            }
            Err(status) => {
                assert!(!is_enough, "{rows:?}, {share:?}: {status:?}");
                assert_eq!(reason(&status), "TOO_MANY_REJECTS");
                assert_eq!(status.code(), Code::InvalidArgument);
                assert_eq!(metadata(&status, "reason"), "OVERFLOW");
                assert_eq!(metadata(&status, "line"), "4", "the first one is named");
                let seen = (metadata(&status, "rejected"), metadata(&status, "parsed"));
                assert_eq!(
                    seen,
                    (
                        "3".to_owned(),
                        if rows == Some(2) { "9" } else { "10" }.to_owned()
                    )
                );
                assert_eq!(server.sql("SELECT count() FROM numbers"), "0");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_is_exact_at_its_limit() {
    let server = TestServer::start().await;
    server.sql(NUMBERS);
    // 0.29 x 100 is less than 29 in binary fractions.
    let mut text = String::from("n,s\n");
    for row in 0..100 {
        text.push_str(if row < 29 { "bad,x\n" } else { "1,x\n" });
    }
    let enough = server
        .upload(policy("numbers", None, Some(0.29)), &text)
        .await
        .unwrap();
    assert_eq!(counters(&enough).rows_rejected, 29);
    check_counts(&server, "numbers", &enough);
    text.push_str("bad,x\n1,x\n");
    let status = server
        .upload(policy("numbers", None, Some(0.29)), &text)
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "TOO_MANY_REJECTS");
    assert_eq!(
        (metadata(&status, "rejected"), metadata(&status, "parsed")),
        ("30".to_owned(), "102".to_owned())
    );
    assert_eq!(metadata(&status, "limit"), "29 %");
    for (rows, share) in [
        (Some(-1), None),
        (None, Some(1.5)),
        (None, Some(-0.1)),
        (None, Some(f64::NAN)),
    ] {
        let status = server
            .upload(policy("numbers", rows, share), &text)
            .await
            .unwrap_err();
        assert_eq!(reason(&status), "INVALID_REQUEST", "{rows:?} {share:?}");
    }
}

/// Line, record, offset, column, value, reason and text of a rejected row.
type Shown<'a> = (i64, i64, i64, &'a str, &'a [u8], &'a str, &'a [u8]);

#[tokio::test(flavor = "multi_thread")]
async fn rejected_rows_are_corrected_and_loaded_again() {
    let server = TestServer::start().await;
    server.sql(NUMBERS);
    let response = server
        .upload(policy("numbers", Some(3), None), TEN)
        .await
        .unwrap();
    let summary: Vec<_> = response
        .rejected_rows
        .iter()
        .map(|r| {
            (
                r.line,
                r.record,
                r.byte_offset,
                r.column.as_str(),
                &r.value[..],
                r.reason.as_str(),
                &r.raw[..],
            )
        })
        .collect();
    let expected: [Shown<'_>; 3] = [
        (4, 3, 12, "n", b"300", "OVERFLOW", b"300,c"),
        (7, 6, 26, "n", b"six", "INVALID_NUMBER", b"six,\"f, g\""),
        (10, 9, 45, "n", b"", "NULL_NOT_ALLOWED", b",j"),
    ];
    assert_eq!(summary, expected);
    let id = transfer_id(&response);
    assert_eq!(
        server.rejected_rows(&id).await.unwrap(),
        response.rejected_rows
    );
    let rejects = file(&server, &id).await;
    assert_eq!(
        rejects,
        "n,s,_sluice_line,_sluice_column,_sluice_reason\n300,c,4,n,OVERFLOW\n\
         six,\"f, g\",7,n,INVALID_NUMBER\n,j,10,n,NULL_NOT_ALLOWED\n"
    );
    let corrected = rejects
        .replace("\n300,", "\n3,")
        .replace("\nsix,", "\n6,")
        .replace("\n,j", "\n9,j");
    let again = server.upload(spec("numbers"), corrected).await.unwrap();
    assert_eq!(
        (
            counters(&again).rows_committed,
            counters(&again).rows_rejected
        ),
        (3, 0)
    );
    assert_eq!(
        server
            .sql("SELECT groupArray(n), groupArray(s)[6] FROM (SELECT * FROM numbers ORDER BY n)"),
        "[1,2,3,4,5,6,7,8,9,10]\tf, g"
    );
    assert_eq!(
        file(&server, &transfer_id(&again)).await,
        "",
        "no rejected row, no byte"
    );
    assert_eq!(
        server.rejected_rows(&transfer_id(&again)).await.unwrap(),
        []
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn all_faults_of_a_row_are_told_and_counted() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE w (a UInt8, b Date, c Bool, d String) ENGINE = MergeTree ORDER BY a");
    let upload = pb::UploadSpec {
        table: Some(table_ref("w")),
        rejects: Some(pb::RejectPolicy {
            max_rows: Some(10),
            ..Default::default()
        }),
        ..with_id(30, spec("w"))
    };
    let text = "a,b,c,d\n1,2024-01-01,true,x\n300,2024-02-30,maybe,y\n2,2024-02-31,no,z\n3,4\n-1,2024-01-01,yes,v\n";
    let response = server.upload(upload, text).await.unwrap();
    let cells = |row: &pb::RejectedRow| {
        let more = row.more.iter().map(|cell| {
            let value = String::from_utf8_lossy(&cell.value).into_owned();
            (
                cell.column.clone(),
                cell.r#type.clone(),
                value,
                cell.reason.clone(),
            )
        });
        more.collect::<Vec<_>>()
    };
    let fault = |column: &str, data_type: &str, value: &str, reason: &str| {
        (
            column.to_owned(),
            data_type.to_owned(),
            value.to_owned(),
            reason.to_owned(),
        )
    };
    assert_eq!(response.rejected_rows[0].column, "a");
    let expected = [
        fault("b", "Date", "2024-02-30", "INVALID_DATE"),
        fault("c", "Bool", "maybe", "INVALID_BOOL"),
    ];
    assert_eq!(cells(&response.rejected_rows[0]), expected);
    assert_eq!(
        server.rejected_rows(&id(30)).await.unwrap(),
        response.rejected_rows
    );
    let counts = response.fault_counts.iter();
    let counts: Vec<_> = counts
        .map(|kind| (kind.column.as_str(), kind.reason.as_str(), kind.count))
        .collect();
    assert_eq!(
        counts,
        [
            ("a", "OVERFLOW", 2),
            ("b", "INVALID_DATE", 2),
            ("", "TOO_FEW_FIELDS", 1),
            ("c", "INVALID_BOOL", 1),
        ]
    );
    let file = file(&server, &id(30)).await;
    let second = file.lines().nth(1).unwrap();
    assert_eq!(
        second,
        "300,2024-02-30,maybe,y,3,a; b; c,OVERFLOW; INVALID_DATE; INVALID_BOOL"
    );
    // A record with more faults than are named.
    let columns: Vec<_> = (0..50).map(|number| format!("c{number} UInt8")).collect();
    server.sql(&format!(
        "CREATE TABLE wide ({}) ENGINE = MergeTree ORDER BY c0",
        columns.join(", ")
    ));
    let names: Vec<_> = (0..50).map(|number| format!("c{number}")).collect();
    let text = format!("{}\n{}\n", names.join(","), ["x"; 50].join(","));
    let dry = pb::UploadSpec {
        dry_run: true,
        ..spec("wide")
    };
    let response = server.upload(dry, text).await.unwrap();
    assert_eq!(response.rejected_rows[0].more.len(), 31);
    assert_eq!(response.fault_counts.len(), 32);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_last_line_with_an_open_quote_is_a_rejected_record() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE q (id UInt8, s String) ENGINE = MergeTree ORDER BY id");
    let allowing = |number| pb::UploadSpec {
        rejects: Some(pb::RejectPolicy {
            max_rows: Some(1),
            ..Default::default()
        }),
        ..with_id(number, spec("q"))
    };
    let good: String = (1..=20).map(|id| format!("{id},\"a {id}\"\n")).collect();
    let good = format!("id,s\n{good}");
    for (number, end) in [
        (40, "30,\"never closed\n"),
        (41, "30,\"never closed"),
        (42, "30,\"never closed\r\n\n"),
    ] {
        server.sql("TRUNCATE TABLE q");
        let response = server
            .upload(allowing(number), format!("{good}{end}"))
            .await
            .unwrap();
        assert_eq!(counters(&response).rows_committed, 20);
        let row = &response.rejected_rows[0];
        assert_eq!(
            (row.line, row.record, row.reason.as_str()),
            (22, 21, "UNTERMINATED_QUOTE")
        );
        assert_eq!(row.raw, "30,\"never closed");
        let account = response.account.unwrap();
        let bytes = i64::try_from(end.len()).unwrap();
        assert_eq!(account.rejected.unwrap().bytes, bytes);
        assert_eq!(server.sql("SELECT count() FROM q"), "20");
    }
    // Without leave, and where lines follow that the quote may have swallowed, nothing is loaded.
    server.sql("TRUNCATE TABLE q");
    let strict = server
        .upload(spec("q"), format!("{good}30,\"never closed\n"))
        .await
        .unwrap_err();
    assert_eq!(reason(&strict), "UNTERMINATED_QUOTE");
    let swallowed = format!("{good}30,\"never closed\n4,d\n5,e\n");
    let swallowed = server.upload(allowing(50), swallowed).await.unwrap_err();
    assert_eq!(reason(&swallowed), "UNTERMINATED_QUOTE");
    assert_eq!(server.sql("SELECT count() FROM q"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_with_the_wrong_number_of_fields_are_rejected_or_padded() {
    let server = TestServer::start().await;
    server.sql(
        "CREATE TABLE three (a UInt8, b String, c Nullable(UInt8)) ENGINE = MergeTree ORDER BY a",
    );
    let text = "a,b,c\n1,x,1\n2,y\n3,z,3,\n4,w,4,more\n5\n6,v,6\n";
    let response = server
        .upload(comma(policy("three", Some(9), None)), text)
        .await
        .unwrap();
    let reasons: Vec<_> = response
        .rejected_rows
        .iter()
        .map(|r| (r.line, r.reason.as_str(), r.column.as_str()))
        .collect();
    assert_eq!(
        reasons,
        [
            (3, "TOO_FEW_FIELDS", ""),
            (4, "TOO_MANY_FIELDS", ""),
            (5, "TOO_MANY_FIELDS", ""),
            (6, "TOO_FEW_FIELDS", "")
        ]
    );
    check_counts(&server, "three", &response);
    assert_eq!(
        file(&server, &transfer_id(&response)).await,
        "a,b,c,_sluice_line,_sluice_column,_sluice_reason\n2,y,,3,\"\",TOO_FEW_FIELDS\n\
         3,z,\"3,\",4,\"\",TOO_MANY_FIELDS\n4,w,\"4,more\",5,\"\",TOO_MANY_FIELDS\n\
         5,,,6,\"\",TOO_FEW_FIELDS\n"
    );
    server.sql("TRUNCATE TABLE three");
    let padded = pb::UploadSpec {
        values: Some(pb::ValueOptions {
            ragged: pb::Ragged::Pad.into(),
            ..Default::default()
        }),
        ..comma(policy("three", Some(9), None))
    };
    let response = server.upload(padded, text).await.unwrap();
    let reasons: Vec<_> = response
        .rejected_rows
        .iter()
        .map(|r| (r.line, r.reason.as_str()))
        .collect();
    assert_eq!(reasons, [(5, "TOO_MANY_FIELDS")]);
    check_counts(&server, "three", &response);
    assert_eq!(
        server.sql("SELECT * FROM three ORDER BY a"),
        "1\tx\t1\n2\ty\t\\N\n3\tz\t3\n5\t\t\\N\n6\tv\t6"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_are_no_json_are_rejected_one_by_one() {
    let server = TestServer::start().await;
    server.sql(NUMBERS);
    let text = "{\"n\": 1, \"s\": \"a\"}\n{\"n\": 2, \"s\": \"b\"}\n{\"n\": 3, \"s\": \n{\"n\": 4, \"t\": \"d\"}\n\
        {\"n\": 999, \"s\": \"e\"}\n[5]\n{\"s\": \"f\", \"n\": 6}\n";
    let upload = pb::UploadSpec {
        dialect: Some(pb::Dialect {
            format: pb::Format::Ndjson.into(),
            ..Default::default()
        }),
        ..policy("numbers", Some(9), None)
    };
    // The whole file is the sample; the key that only the fourth line has is one of its columns.
    let ignoring = pb::UploadSpec {
        ignore_extra_fields: true,
        ..upload
    };
    let response = server.upload(ignoring, text).await.unwrap();
    let reasons: Vec<_> = response
        .rejected_rows
        .iter()
        .map(|r| (r.line, r.reason.as_str(), &r.raw[..]))
        .collect();
    let expected: [(i64, &str, &[u8]); 4] = [
        (3, "INVALID_JSON", b"{\"n\": 3, \"s\": "),
        (4, "NULL_NOT_ALLOWED", b"{\"n\": 4, \"t\": \"d\"}"),
        (5, "OVERFLOW", b"{\"n\": 999, \"s\": \"e\"}"),
        (6, "INVALID_JSON", b"[5]"),
    ];
    assert_eq!(reasons, expected);
    check_counts(&server, "numbers", &response);
    assert_eq!(
        server.sql("SELECT groupArray((n, s)) FROM (SELECT * FROM numbers ORDER BY n)"),
        "[(1,'a'),(2,'b'),(6,'f')]"
    );
    let rejects = file(&server, &transfer_id(&response)).await;
    assert!(rejects.contains("\n999,e,"), "{rejects}");
    assert!(rejects.contains("INVALID_JSON"), "{rejects}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_rejects_stream_in_bounded_messages() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE many (n UInt32, s String) ENGINE = MergeTree ORDER BY n");
    let mut text = String::from("n,s\n");
    for row in 0..200_000 {
        let sign = if row % 2 == 0 { "" } else { "-" };
        text.push_str(&format!("{sign}{row},some text\n"));
    }
    let response = server
        .upload(policy("many", None, Some(0.5)), &text)
        .await
        .unwrap();
    assert_eq!(counters(&response).rows_rejected, 100_000);
    check_counts(&server, "many", &response);
    assert_eq!(response.rejected_rows.len(), 100);
    let id = transfer_id(&response);
    let rows = server.rejected_rows(&id).await.unwrap();
    assert_eq!(rows.len(), 100_000);
    for (index, row) in (0_i64..).zip(&rows) {
        assert_eq!((row.record, row.line), (2 * index + 2, 2 * index + 3));
    }
    assert_eq!(rows[..100], response.rejected_rows[..]);
    let pieces = server.rejects_file(&id).await.unwrap();
    assert!(pieces.len() > 5 && pieces.iter().all(|piece| piece.len() <= 1 << 20));
    let corrected = String::from_utf8(pieces.concat())
        .unwrap()
        .replace("\n-", "\n");
    let again = server.upload(spec("many"), corrected).await.unwrap();
    assert_eq!(counters(&again).rows_committed, 100_000);
    assert_eq!(
        server.sql("SELECT count(), uniqExact(n), max(n) FROM many"),
        "200000\t200000\t199999"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_reports_everything_and_loads_nothing() {
    let server = TestServer::start().await;
    server.sql(NUMBERS);
    let dry = pb::UploadSpec {
        dry_run: true,
        ..spec("numbers")
    };
    let response = server.upload(dry, TEN).await.unwrap();
    let all = counters(&response);
    assert_eq!(
        (
            all.rows_parsed,
            all.rows_rejected,
            all.rows_committed,
            all.rows_staged
        ),
        (10, 3, 0, 0)
    );
    assert_eq!(response.rejected_rows.len(), 3);
    assert_eq!(server.sql("SELECT count() FROM numbers"), "0");
    assert_eq!(
        server
            .rejected_rows(&transfer_id(&response))
            .await
            .unwrap()
            .len(),
        3
    );
    assert_eq!(response.columns.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_asks_the_constraints_of_the_table() {
    let server = TestServer::start().await;
    server.sql(
        "CREATE TABLE c (a Int32, b Int32, m Int32 MATERIALIZED a + b, CONSTRAINT pos CHECK b > 0) \
         ENGINE = MergeTree PARTITION BY a ORDER BY b",
    );
    let dry = || pb::UploadSpec {
        dry_run: true,
        ..spec("c")
    };
    let bad = "a,b\n1,5\n2,-5\n3,5\n";
    let told = server.upload(dry(), bad).await.unwrap_err();
    let refused = server.upload(spec("c"), bad).await.unwrap_err();
    assert_eq!(reason(&told), "CONSTRAINT_VIOLATED");
    assert_eq!(
        (told.message(), metadata(&told, "line")),
        (refused.message(), "3".to_owned())
    );
    let fits = server.upload(dry(), "a,b\n1,5\n2,6\n").await.unwrap();
    assert_eq!(counters(&fits).rows_parsed, 2);
    assert_eq!(server.sql("SELECT count() FROM c"), "0");
    let left = "SELECT count() FROM system.tables WHERE name LIKE '\\_sluice%'";
    assert_eq!(server.sql(left), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_that_is_cancelled_leaves_no_table() {
    let server = TestServer::start().await;
    server
        .sql("CREATE TABLE c (a Int32, CONSTRAINT pos CHECK a > 0) ENGINE = MergeTree ORDER BY a");
    let tables = || server.sql("SELECT count() FROM system.tables WHERE name LIKE '\\_sluice%'");
    let until = async |expected: &str| {
        for _ in 0..200 {
            if tables() == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{} tables", tables());
    };
    let (messages, stream) = tokio::sync::mpsc::channel(4);
    let dry = pb::UploadSpec {
        dry_run: true,
        sniff: Some(false),
        ..with_id(60, spec("c"))
    };
    // More than the server looks at before it begins.
    let data = format!("a\n{}", "1\n".repeat(2 << 20));
    for payload in [Payload::Spec(dry), Payload::Data(data.into())] {
        let payload = Some(payload);
        messages.send(pb::UploadRequest { payload }).await.unwrap();
    }
    let mut client = server.ingest().await;
    let stream = tokio_stream::wrappers::ReceiverStream::new(stream);
    let call = task::spawn("upload", async move { client.upload(stream).await });
    until("1").await;
    let transfer_id = id(60);
    let cancel = pb::CancelTransferRequest { transfer_id };
    server.ingest().await.cancel_transfer(cancel).await.unwrap();
    assert_eq!(
        reason(&call.await.unwrap().unwrap_err()),
        "TRANSFER_CANCELLED"
    );
    until("0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_and_odd_records_are_shown_in_part_and_kept_whole() {
    let server = TestServer::start().await;
    server.sql(NUMBERS);
    let long = "x".repeat(10_000);
    let mut text = format!("n,s\n1,ok\n{long},\"two\nlines {long}\"\n2,").into_bytes();
    text.extend_from_slice(b"\xff\xfe\n-5,\"say \"\"hi\"\"\"\n");
    let mut upload = comma(policy("numbers", Some(5), None));
    upload.dialect.as_mut().unwrap().encoding = "utf-8".to_owned();
    let response = server.upload(upload, &text).await.unwrap();
    check_counts(&server, "numbers", &response);
    let kept = server.rejected_rows(&transfer_id(&response)).await.unwrap();
    let reasons: Vec<_> = kept
        .iter()
        .map(|r| (r.line, r.reason.as_str(), r.column.as_str()))
        .collect();
    assert_eq!(
        reasons,
        [
            (3, "INVALID_NUMBER", "n"),
            (5, "INVALID_UTF8", "s"),
            (6, "OVERFLOW", "n")
        ]
    );
    assert_eq!(
        (kept[0].raw.len(), kept[0].value.len()),
        (2 * 10_000 + 13, 256)
    );
    assert_eq!(response.rejected_rows[0].raw.len(), 4096);
    assert_eq!(&kept[1].raw[..], b"2,\xff\xfe");
    let pieces = server
        .rejects_file(&transfer_id(&response))
        .await
        .unwrap()
        .concat();
    let mut reader = csv::Reader::from_reader(&pieces[..]);
    let records: Vec<_> = reader.byte_records().map(Result::unwrap).collect();
    assert_eq!(&records[0][1], format!("two\nlines {long}").as_bytes());
    assert_eq!(&records[1][1], b"\xff\xfe");
    assert_eq!(&records[2][1], b"say \"hi\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rejects_of_another_dialect_come_as_plain_csv() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE dated (d Date, s Nullable(String)) ENGINE = MergeTree ORDER BY d");
    let text = "a title\n\nd;s\n2024-01-01;a,b\n2024-02-30;\\N\n2024-02-31;''\n2024-02-32;'x;y'\n";
    let upload = pb::UploadSpec {
        dialect: Some(pb::Dialect {
            delimiter: Some(";".to_owned()),
            quote: Some("'".to_owned()),
            skip_lines: Some(2),
            header_rows: Some(1),
            ..Default::default()
        }),
        ..policy("dated", Some(9), None)
    };
    let response = server.upload(upload, text).await.unwrap();
    let rejects = file(&server, &transfer_id(&response)).await;
    assert_eq!(
        rejects,
        "d,s,_sluice_line,_sluice_column,_sluice_reason\n2024-02-30,\\N,5,d,INVALID_DATE\n\
         2024-02-31,\"\",6,d,INVALID_DATE\n2024-02-32,x;y,7,d,INVALID_DATE\n"
    );
    let corrected = rejects.replace("-02-3", "-03-1");
    server.upload(spec("dated"), corrected).await.unwrap();
    assert_eq!(
        server.sql("SELECT * FROM dated ORDER BY d"),
        "2024-01-01\ta,b\n2024-03-10\t\\N\n2024-03-11\t\n2024-03-12\tx;y"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_transfer_has_no_rejects() {
    let server = TestServer::start().await;
    let status = server.rejected_rows(&id(99)).await.unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("TRANSFER_NOT_FOUND", Code::NotFound)
    );
    assert_eq!(metadata(&status, "transferId"), id(99));
    let status = server.rejects_file("no uuid").await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_REQUEST");
    assert_eq!(metadata(&status, "field"), "transfer_id");
}

/// Uploads, each with two rows that are rejected, whose files are cut in as many ways.
fn uploads() -> Vec<(&'static str, pb::UploadSpec, Vec<u8>)> {
    let lines = "n,s\n1,a\nx,\"b, c\"\n300,d\n";
    let json =
        "{\"n\": 1, \"s\": \"a\"}\n{\"n\": \"x\", \"s\": \"b, c\"}\n{\"n\": 300, \"s\": \"d\"}\n";
    let headless = pb::UploadSpec {
        dialect: Some(pb::Dialect {
            header_rows: Some(0),
            delimiter: Some(";".to_owned()),
            ..Default::default()
        }),
        ..policy("numbers", Some(9), None)
    };
    let late = || (0..300_000).map(|n| format!("{},a\n", n % 100));
    let created: String = std::iter::once("n,s\n".to_owned())
        .chain(late())
        .chain(["x,b\n".to_owned(), "y,c\n".to_owned()])
        .collect();
    let create = pb::UploadSpec {
        create_table: true,
        ..policy("fresh", Some(9), None)
    };
    let utf_16: Vec<u8> = std::iter::once(0xfeff)
        .chain(lines.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let plain = || policy("numbers", Some(9), None);
    vec![
        ("plain", plain(), lines.into()),
        ("no header", headless, b"1;a\nx;b\n300;c;d\n".into()),
        ("gzip", plain(), gzip(lines.as_bytes())),
        ("UTF-16", plain(), utf_16),
        ("NDJSON", plain(), json.into()),
        (
            "one column",
            policy("single", Some(9), None),
            b"n\n1\nx\n300\n".into(),
        ),
        ("a new table", create, created.into()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_rejected_rows_comes_from_another_server_too() {
    let server = TestServer::start().await;
    server.sql(NUMBERS);
    server.sql("CREATE TABLE single (n UInt8) ENGINE = MergeTree ORDER BY n");
    let mut files = Vec::new();
    for (number, (name, spec, bytes)) in (60..).zip(uploads()) {
        let response = server.upload(with_id(number, spec.clone()), &bytes).await;
        let response = response.unwrap_or_else(|status| panic!("{name}: {status}"));
        assert_eq!(counters(&response).rows_rejected, 2, "{name}");
        assert!(!response.replayed, "{name}");
        let written = file(&server, &id(number)).await;
        assert_eq!(written.lines().count(), 3, "{name}: {written}");
        files.push((name, number, spec, bytes, written));
    }
    let url = server.engine_url.clone();
    let other = TestServer::start_with(|config| config.engine = remote(&url)).await;
    for (name, number, spec, bytes, written) in &files {
        assert_eq!(file(&other, &id(*number)).await, *written, "{name}");
        // The same upload once more, by which each server knows of it and has not read its file.
        for server in [&server, &other] {
            let again = server.upload(with_id(*number, spec.clone()), bytes).await;
            assert!(again.unwrap().replayed, "{name}");
            assert_eq!(file(server, &id(*number)).await, *written, "{name}");
        }
    }
    // Where the table is gone, the names are those of the header, or found.
    for table in ["numbers", "single", "fresh"] {
        server.sql(&format!("DROP TABLE {table} SYNC"));
    }
    for (name, number, _, _, written) in &files {
        let later = file(&other, &id(*number)).await;
        match *name {
            "no header" => assert_eq!(
                later.split_once('\n').unwrap().1,
                written.split_once('\n').unwrap().1
            ),
            _ => assert_eq!(later, *written, "{name}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_rows_of_tsv_keep_the_escapes_of_nested_values() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE paths (id UInt8, p Array(String)) ENGINE = MergeTree ORDER BY id");
    let lenient = pb::UploadSpec {
        source_name: "paths.tsv".to_owned(),
        ..policy("paths", Some(1), None)
    };
    let tsv = "id\tp\n300\t['C:\\\\temp']\n2\t['b']\n";
    let response = server.upload(lenient, tsv).await.unwrap();
    let rejects = file(&server, &transfer_id(&response)).await;
    let corrected = rejects.replace("300", "3");
    server.upload(spec("paths"), corrected).await.unwrap();
    let loaded = server.sql("SELECT p FROM paths ORDER BY id DESC FORMAT TSVRaw");
    assert_eq!(loaded, "['C:\\\\temp']\n['b']");
}
