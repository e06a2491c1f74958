//! Files at and beyond every limit: a clear error for each, bounded memory, and nothing lost.

use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use sluice_proto::v1 as pb;
use tonic::Code;

use crate::support::{
    TestServer, counters, creating, export_table, gzip, gzip_by, metadata, reason, spec,
};

const MIB: usize = 1 << 20;

fn text_table(server: &TestServer) {
    server.sql("CREATE OR REPLACE TABLE t (n UInt32, s String) ENGINE = MergeTree ORDER BY n");
}

fn quoted(upload: pb::UploadSpec) -> pb::UploadSpec {
    pb::UploadSpec {
        dialect: Some(pb::Dialect {
            delimiter: Some(",".to_owned()),
            quote: Some("\"".to_owned()),
            header_rows: Some(1),
            encoding: "utf-8".to_owned(),
            ..Default::default()
        }),
        ..upload
    }
}

/// The most memory that this process has had, in MiB; it hosts one test only under nextest.
fn peak_mib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    let kib: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib / 1024
}

fn is_alone() -> bool {
    std::env::var_os("NEXTEST").is_some()
}

/// Sends `piece` 160 times, or until it is refused; the error, and the bytes that were taken.
async fn endless(
    server: &TestServer,
    upload: pb::UploadSpec,
    head: &'static [u8],
    piece: Bytes,
) -> (tonic::Status, usize) {
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&taken);
    let pieces = std::iter::repeat_n(piece, 160).inspect(move |piece| {
        counter.fetch_add(piece.len(), Ordering::Relaxed);
    });
    let chunks = std::iter::once(Bytes::from_static(head)).chain(pieces);
    let status = server.upload_chunks(upload, chunks).await.unwrap_err();
    (status, taken.load(Ordering::Relaxed))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_a_hundred_megabytes_needs_a_higher_limit() {
    let server = TestServer::start().await;
    text_table(&server);
    let mut file = b"n,s\n1,short\n2,".to_vec();
    file.resize(100_000_000, b'x');
    file.extend_from_slice(b"\n3,after\n");
    let status = server.upload(spec("t"), &file).await.unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("RECORD_TOO_LONG", Code::InvalidArgument)
    );
    assert_eq!(metadata(&status, "limit"), (16 * MIB).to_string());
    assert_eq!(
        (metadata(&status, "line"), metadata(&status, "byteOffset")),
        ("3".to_owned(), "12".to_owned())
    );
    drop(server);

    let server =
        TestServer::start_with(|config| config.transfer.max_record_bytes = 128 * MIB).await;
    text_table(&server);
    server.upload(spec("t"), &file).await.unwrap();
    let expected = "1\t5\t0\n2\t99999986\t99999986\n3\t5\t0";
    assert_eq!(
        server.sql("SELECT n, length(s), countSubstrings(s, 'x') FROM t ORDER BY n"),
        expected
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limits_hold_exactly() {
    let limit = 2000;
    let server = TestServer::start_with(|config| {
        config.transfer.max_record_bytes = limit;
        config.transfer.max_fields = 100;
    })
    .await;
    for (length, quotes) in [
        (limit - 1, false),
        (limit, false),
        (limit + 1, false),
        (limit, true),
        (limit + 1, true),
    ] {
        text_table(&server);
        let cell = if quotes {
            format!("\"{}\"", "\n".repeat(length - 4))
        } else {
            "x".repeat(length - 2)
        };
        for end in ["\n", "\r\n", ""] {
            let file = format!("n,s\n0,first\n1,{cell}{end}");
            let outcome = server.upload(quoted(spec("t")), file).await;
            match outcome {
                Ok(_) => assert!(length <= limit, "{length}"),
                Err(status) => {
                    assert!(length > limit, "{length}: {status:?}");
                    assert_eq!(reason(&status), "RECORD_TOO_LONG");
                    assert_eq!(metadata(&status, "limit"), limit.to_string());
                    assert_eq!(
                        (metadata(&status, "record"), metadata(&status, "line")),
                        ("2".to_owned(), "3".to_owned())
                    );
                }
            }
        }
    }
    for fields in [99, 100, 101] {
        let names: Vec<_> = (1..=fields).map(|field| format!("f{field}")).collect();
        let file = format!("{}\n{}\n", names.join(","), vec!["x"; fields].join(","));
        server.sql("DROP TABLE IF EXISTS wide");
        match server.upload(creating("wide"), file).await {
            Ok(_) => assert!(fields <= 100),
            Err(status) => {
                assert_eq!(
                    (fields, reason(&status).as_str()),
                    (101, "TOO_MANY_COLUMNS")
                );
                assert_eq!(metadata(&status, "limit"), "100");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_columns_are_loaded() {
    let server = TestServer::start().await;
    let names: Vec<_> = (0..10_000).map(|n| format!("c{n}")).collect();
    let types: Vec<_> = names.iter().map(|name| format!("{name} UInt32")).collect();
    server.sql(&format!(
        "CREATE TABLE wide ({}) ENGINE = Memory",
        types.join(", ")
    ));
    let mut file = names.join(",");
    for row in 0..20 {
        file.push('\n');
        let cells: Vec<_> = (0..10_000).map(|n| (row * n).to_string()).collect();
        file.push_str(&cells.join(","));
    }
    let response = server.upload(spec("wide"), &file).await.unwrap();
    assert_eq!(counters(&response).rows_committed, 20);
    assert_eq!(response.columns.len(), 10_000);
    assert_eq!(
        server.sql("SELECT sum(c0), sum(c1), sum(c9999) FROM wide"),
        "0\t190\t1899810"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nul_bytes_marks_and_line_ends_inside_are_kept() {
    let server = TestServer::start().await;
    text_table(&server);
    let cells: [&[u8]; 6] = [
        b"\0",
        b"a\0b",
        "\u{feff}mark".as_bytes(),
        b"a\r\nb\rc\nd\n",
        b"\r",
        b"end\0",
    ];
    let mut file = b"n,s\n".to_vec();
    for (n, cell) in cells.iter().enumerate() {
        file.extend_from_slice(format!("{n},\"").as_bytes());
        file.extend_from_slice(cell);
        file.extend_from_slice(if n % 2 == 0 { b"\"\n" } else { b"\"\r\n" });
    }
    let hex = cells.map(|cell| {
        cell.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02X}").unwrap();
            hex
        })
    });
    for upload in [spec("t"), quoted(spec("t"))] {
        text_table(&server);
        server.upload_in(upload, &file, 5).await.unwrap();
        assert_eq!(
            server.sql("SELECT hex(s) FROM t ORDER BY n"),
            hex.join("\n")
        );
    }
    let exported = server.export(export_table("t")).await.unwrap();
    let before = server.checksum("t");
    text_table(&server);
    server.upload(spec("t"), &exported.file).await.unwrap();
    assert_eq!(server.checksum("t"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_with_nothing_in_them_are_told_apart() {
    let server = TestServer::start().await;
    text_table(&server);
    for file in ["n,s\n", "n,s", "s,n\r\n", "\n\nn,s\n\n"] {
        let response = server
            .upload(spec("t"), file)
            .await
            .unwrap_or_else(|s| panic!("{file:?}: {s:?}"));
        assert_eq!(
            (
                counters(&response).rows_parsed,
                counters(&response).rows_committed
            ),
            (0, 0),
            "{file:?}"
        );
        assert_eq!(response.columns.len(), 2);
    }
    // A table that is there gets no row, and of nothing none is made.
    for upload in [spec("t"), quoted(spec("t")), creating("new")] {
        let texts = [
            "",
            "\n",
            "\r\n\r\n\r\n",
            "\n\n\n\n\n\n",
            "\u{feff}",
            "\u{feff}\n",
        ];
        let texts = texts.iter().map(|text| text.as_bytes().to_vec());
        for file in texts.chain([gzip(b""), gzip(b"\n\n")]) {
            let outcome = server.upload(upload.clone(), file.clone()).await;
            if upload.create_table {
                let status = outcome.unwrap_err();
                assert_eq!(
                    (reason(&status).as_str(), status.code()),
                    ("EMPTY_FILE", Code::InvalidArgument),
                    "{file:?}"
                );
            } else {
                let response = outcome.unwrap_or_else(|status| panic!("{file:?}: {status:?}"));
                assert_eq!(counters(&response).rows_parsed, 0, "{file:?}");
            }
        }
    }
    assert_eq!(server.sql("EXISTS TABLE new"), "0");
    // One row: two names, or a record.
    let status = server.upload(creating("new"), "a,b\n").await.unwrap_err();
    assert_eq!(reason(&status), "AMBIGUOUS_FILE");
    assert_eq!(server.sql("EXISTS TABLE new"), "0");
    // Two names and no row: every column can be anything.
    server
        .upload(quoted(creating("new")), "a,b\n")
        .await
        .unwrap();
    assert_eq!(
        server.sql("SELECT name, type FROM system.columns WHERE table = 'new'"),
        "a\tString\nb\tString"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_that_never_ends_fails_early() {
    let server = TestServer::start().await;
    text_table(&server);
    let line = "1,some text without any quote in it\n".repeat(50_000);
    let before = peak_mib();
    let (status, taken) = endless(
        &server,
        quoted(spec("t")),
        b"n,s\n0,x\n1,\"open\n",
        Bytes::from(line),
    )
    .await;
    assert_eq!(reason(&status), "RECORD_TOO_LONG");
    assert_eq!(
        (metadata(&status, "line"), metadata(&status, "byteOffset")),
        ("3".to_owned(), "8".to_owned())
    );
    assert!(taken < 100 * MIB, "{taken} bytes were taken");
    if is_alone() {
        assert!(
            peak_mib() - before < 200,
            "{before} MiB became {}",
            peak_mib()
        );
    }
    let short = server
        .upload(quoted(spec("t")), "n,s\n0,x\n1,\"open\n2,b\n")
        .await
        .unwrap_err();
    assert_eq!(reason(&short), "UNTERMINATED_QUOTE");
    assert_eq!(metadata(&short, "line"), "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn bombs_end_with_an_error_in_bounded_memory() {
    let server = TestServer::start().await;
    text_table(&server);
    for (unpacked, possible) in [
        (
            vec![0; 64 * MIB],
            &["EXPANSION_LIMIT", "RECORD_TOO_LONG"][..],
        ),
        (vec![b'\n'; 64 * MIB], &["EXPANSION_LIMIT"][..]),
    ] {
        let member = Bytes::from(gzip_by(9, &unpacked));
        drop(unpacked);
        let before = peak_mib();
        // 160 members of 64 MiB are 10 GiB.
        let (status, _) = endless(&server, spec("t"), b"", member.clone()).await;
        assert!(possible.contains(&reason(&status).as_str()), "{status:?}");
        assert_eq!(status.code(), Code::InvalidArgument);
        if reason(&status) == "EXPANSION_LIMIT" {
            assert_eq!(metadata(&status, "limit"), "500");
            let read: usize = metadata(&status, "byteOffset").parse().unwrap();
            assert!(read < 4 * member.len(), "{read} bytes were read");
        } else {
            assert_eq!(metadata(&status, "byteOffset"), "0");
        }
        if is_alone() {
            assert!(
                peak_mib() - before < 200,
                "{before} MiB became {}",
                peak_mib()
            );
        }
    }
    // Rows that are only very alike are no bomb, but where the limit is low.
    let rows = MIB + MIB / 4;
    let row = format!("1,{}\n", "a".repeat(60));
    let alike = gzip_by(9, format!("n,s\n{}", row.repeat(rows)).as_bytes());
    let response = server.upload(spec("t"), &alike).await.unwrap();
    let committed = counters(&response).rows_committed;
    assert_eq!(committed, i64::try_from(rows).unwrap());
    let server = TestServer::start_with(|config| config.transfer.max_expansion = 100).await;
    text_table(&server);
    let status = server.upload(spec("t"), &alike).await.unwrap_err();
    assert_eq!(reason(&status), "EXPANSION_LIMIT");
    assert_eq!(metadata(&status, "limit"), "100");
}

#[tokio::test(flavor = "multi_thread")]
async fn packed_files_that_end_early_or_are_broken_are_named() {
    let server = TestServer::start().await;
    text_table(&server);
    let mut text = String::from("n,s\n");
    for n in 0..50_000 {
        writeln!(text, "{n},text {}", n * 7).unwrap();
    }
    let packed = gzip(text.as_bytes());
    for length in [
        3,
        10,
        18,
        1000,
        packed.len() / 2,
        packed.len() - 8,
        packed.len() - 1,
    ] {
        let status = server
            .upload(spec("t"), &packed[..length])
            .await
            .unwrap_err();
        assert_eq!(
            (reason(&status).as_str(), status.code()),
            ("INVALID_COMPRESSION", Code::InvalidArgument),
            "{length}"
        );
        assert_eq!(metadata(&status, "byteOffset"), length.to_string());
    }
    let mut broken = packed.clone();
    let middle = broken.len() / 2;
    broken[middle..middle + 20].fill(0x55);
    let status = server.upload(spec("t"), &broken).await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_COMPRESSION");
    assert_eq!(server.sql("SELECT count() FROM t"), "0");
    server.upload(spec("t"), &packed).await.unwrap();
    assert_eq!(server.sql("SELECT count(), max(n) FROM t"), "50000\t49999");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_column_is_dropped_whatever_its_name_is() {
    let server = TestServer::start().await;
    let header = [
        "id",
        "",
        "name",
        "name",
        "NAME",
        " ",
        "a`b",
        "c\"d",
        "e\\f",
        "",
        "日本",
        "tab\tin",
        "new\nline",
        "select",
        "'",
    ];
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header).unwrap();
    for row in 0..20 {
        let cells: Vec<_> = (0..header.len())
            .map(|column| format!("v{row} of {column}"))
            .collect();
        writer.write_record(&cells).unwrap();
    }
    let file = writer.into_inner().unwrap();
    let response = server.upload(quoted(creating("odd")), &file).await.unwrap();
    assert_eq!(response.columns.len(), header.len());
    let exported = server.export(export_table("odd")).await.unwrap();
    let records = |file: &[u8]| -> Vec<csv::ByteRecord> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(file);
        let mut records: Vec<_> = reader.byte_records().map(Result::unwrap).collect();
        let header = records.remove(0);
        records.sort_by_key(|record| record.as_slice().to_vec());
        records.insert(0, header);
        records
    };
    let (before, after) = (records(&file), records(&exported.file));
    assert_eq!(before[1..], after[1..]);
    assert_eq!(after[0].len(), header.len());
    let names: std::collections::BTreeSet<_> = after[0].iter().collect();
    assert_eq!(names.len(), header.len(), "each has a name of its own");
}
