//! Files of every format, encoding and compression, into a table and out of it.

use std::io::Write as _;

use sluice_proto::v1 as pb;
use tonic::Code;

use crate::support::{
    TestServer, counters, export_query, export_source, export_table, gzip, metadata, reason, spec,
    table_ref, zstd,
};

const PEOPLE: &str = "id,name,born,height\n1,Zoë,2001-02-03,1.75\n2,\"Müller, Jürgen\",1999-12-31,\n\
    3,\"say \"\"hi\"\"\",,1.5\n";

fn create(server: &TestServer, table: &str) {
    server.sql(&format!(
        "CREATE OR REPLACE TABLE {table} (id UInt32, name String, born Nullable(Date), \
         height Nullable(Decimal(5, 2))) ENGINE = MergeTree ORDER BY id"
    ));
}

/// What `PEOPLE` is in the table.
const ROWS: &str =
    "1\tZoë\t2001-02-03\t1.75\n2\tMüller, Jürgen\t1999-12-31\t\\N\n3\tsay \"hi\"\t\\N\t1.5";

fn rows(server: &TestServer, table: &str) -> String {
    server.sql(&format!("SELECT * FROM {table} ORDER BY id"))
}

fn dialect(format: pb::Format, encoding: &str, compression: pb::Compression) -> pb::Dialect {
    pb::Dialect {
        format: format.into(),
        encoding: encoding.to_owned(),
        compression: compression.into(),
        ..Default::default()
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

fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(to_bytes).collect()
}

fn bzip2(text: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(text.len() + 1_000);
    let mut bzip2 = bzip2::Compress::new(bzip2::Compression::fast(), 30);
    bzip2
        .compress_vec(text, &mut packed, bzip2::Action::Finish)
        .unwrap();
    packed
}

fn xz(text: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut xz = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    xz.write_all(text).unwrap();
    xz.finish().unwrap()
}

/// An archive of files that are stored as they are.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, text) in files {
        let mut crc = flate2::Crc::new();
        crc.update(text);
        let length = u32::try_from(text.len()).unwrap().to_le_bytes();
        archive.extend(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0");
        archive.extend([crc.sum().to_le_bytes(), length, length].concat());
        archive.extend([u8::try_from(name.len()).unwrap(), 0, 0, 0]);
        archive.extend([name.as_bytes(), text].concat());
    }
    archive.extend(b"PK\x05\x06");
    archive.extend([0; 18]);
    archive
}

/// The same rows in many forms: a name, the file, and its encoding.
fn forms() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let tsv = "id\tname\tborn\theight\n1\tZoë\t2001-02-03\t1.75\n2\tMüller, Jürgen\t1999-12-31\t\\N\n\
        3\tsay \"hi\"\t\\N\t1.5\n";
    let json = "{\"id\":1,\"name\":\"Zoë\",\"born\":\"2001-02-03\",\"height\":1.75}\n\
        {\"name\":\"M\\u00fcller, J\\u00fcrgen\",\"id\":2,\"born\":\"1999-12-31\"}\n\n\
        {\"id\":3,\"name\":\"say \\\"hi\\\"\",\"born\":null,\"height\":1.5}\r\n";
    let bom = |text: &str| format!("\u{feff}{text}");
    let (latin, ..) = encoding_rs::WINDOWS_1252.encode(PEOPLE);
    vec![
        ("csv", PEOPLE.into(), "utf-8"),
        ("crlf", PEOPLE.replace('\n', "\r\n").into(), "utf-8"),
        ("cr", PEOPLE.replace('\n', "\r").into(), "utf-8"),
        (
            "semicolon",
            PEOPLE
                .replace(',', ";")
                .replace("Müller; ", "Müller, ")
                .into(),
            "utf-8",
        ),
        (
            "pipe",
            PEOPLE
                .replace(',', "|")
                .replace("Müller| ", "Müller, ")
                .into(),
            "utf-8",
        ),
        ("tsv", tsv.into(), "utf-8"),
        ("json", json.into(), "utf-8"),
        ("json with a mark", bom(json).into(), "utf-8-bom"),
        ("mark", bom(PEOPLE).into(), "utf-8-bom"),
        ("utf-16le", utf16(PEOPLE, u16::to_le_bytes), "utf-16le"),
        ("utf-16be", utf16(PEOPLE, u16::to_be_bytes), "utf-16be"),
        (
            "utf-16le, mark",
            utf16(&bom(PEOPLE), u16::to_le_bytes),
            "utf-16le",
        ),
        (
            "utf-16be, mark",
            utf16(&bom(PEOPLE), u16::to_be_bytes),
            "utf-16be",
        ),
        ("gzip", gzip(PEOPLE.as_bytes()), "utf-8"),
        ("zstd", zstd(PEOPLE.as_bytes()), "utf-8"),
        (
            "gzip of utf-16",
            gzip(&utf16(&bom(PEOPLE), u16::to_be_bytes)),
            "utf-16be",
        ),
        ("zstd of tsv", zstd(tsv.as_bytes()), "utf-8"),
        ("bzip2", bzip2(PEOPLE.as_bytes()), "utf-8"),
        ("xz", xz(PEOPLE.as_bytes()), "utf-8"),
        ("zip", zip(&[("people.csv", PEOPLE.as_bytes())]), "utf-8"),
        (
            "zip of json in a folder",
            zip(&[("a/", b""), ("a/b.ndjson", json.as_bytes())]),
            "utf-8",
        ),
        ("gzip of json", gzip(json.as_bytes()), "utf-8"),
        (
            "two gzip members",
            [
                gzip(&PEOPLE.as_bytes()[..40]),
                gzip(&PEOPLE.as_bytes()[40..]),
            ]
            .concat(),
            "utf-8",
        ),
        (
            "two zstd frames",
            [
                zstd(&PEOPLE.as_bytes()[..40]),
                zstd(&PEOPLE.as_bytes()[40..]),
            ]
            .concat(),
            "utf-8",
        ),
        ("latin", latin.to_vec(), "windows-1252"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_of_the_same_rows_is_found_by_itself() {
    let server = TestServer::start().await;
    for (name, file, encoding) in forms() {
        for chunk_bytes in [1, 7, 1 << 20] {
            create(&server, "people");
            let upload = pb::UploadSpec {
                // Few letters beyond ASCII are no proof.
                dialect: (name == "latin").then(|| pb::Dialect {
                    encoding: "latin1".to_owned(),
                    ..Default::default()
                }),
                ..spec("people")
            };
            let loaded = server.upload_in(upload, &file, chunk_bytes).await;
            let loaded = loaded.unwrap_or_else(|status| panic!("{name}: {status:?}"));
            assert_eq!(rows(&server, "people"), ROWS, "{name}");
            let found = loaded.profile.as_ref().unwrap().dialect.clone().unwrap();
            assert_eq!(found.encoding, encoding, "{name}");
            let bytes = counters(&loaded).bytes_received;
            assert_eq!(
                bytes,
                i64::try_from(file.len()).unwrap(),
                "{name}: bytes as they came"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_loads_again_in_every_form() {
    let server = TestServer::start().await;
    create(&server, "people");
    server.upload(spec("people"), PEOPLE).await.unwrap();
    for format in [pb::Format::Csv, pb::Format::Tsv, pb::Format::Ndjson] {
        for encoding in [
            "",
            "utf-8-bom",
            "utf-16le",
            "utf-16be",
            "windows-1252",
            "shift_jis",
            "gb18030",
        ] {
            for packing in [
                pb::Compression::Unspecified,
                pb::Compression::Gzip,
                pb::Compression::Zstd,
            ] {
                let name = format!("{format:?} {encoding} {packing:?}");
                let form = dialect(format, encoding, packing);
                let request = pb::ExportRequest {
                    dialect: Some(form.clone()),
                    ..ordered("people")
                };
                let exported = match server.export(request).await {
                    Ok(exported) => exported,
                    Err(status) => {
                        // It has no ë and no ü.
                        assert_eq!(
                            (encoding, reason(&status).as_str()),
                            ("shift_jis", "CANNOT_REPRESENT")
                        );
                        continue;
                    }
                };
                assert_ne!(encoding, "shift_jis");
                create(&server, "copy");
                let upload = pb::UploadSpec {
                    dialect: Some(form),
                    ..spec("copy")
                };
                let loaded = server.upload(upload, &exported.file).await;
                loaded.unwrap_or_else(|status| panic!("{name}: {status:?}"));
                assert_eq!(server.checksum("copy"), server.checksum("people"), "{name}");
                let bytes = exported.summary.unwrap().counters.unwrap().bytes_sent;
                assert_eq!(bytes, i64::try_from(exported.file.len()).unwrap(), "{name}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn encodings_are_written_byte_for_byte() {
    let server = TestServer::start().await;
    let export = |encoding: &'static str, query: &'static str| {
        let request = pb::ExportRequest {
            dialect: Some(dialect(
                pb::Format::Csv,
                encoding,
                pb::Compression::Unspecified,
            )),
            ..export_query(query)
        };
        server.export(request)
    };
    let euro = "SELECT '5 €' AS p";
    assert_eq!(
        export("windows-1252", euro).await.unwrap().file,
        b"p\n5 \x80\n"
    );
    assert_eq!(
        export("utf-8-bom", euro).await.unwrap().file,
        "\u{feff}p\n5 €\n".as_bytes()
    );
    assert_eq!(
        export("utf-16le", euro).await.unwrap().file,
        b"\xff\xfep\0\n\x005\0 \0\xac\x20\n\0"
    );
    assert_eq!(
        export("utf-16be", euro).await.unwrap().file,
        b"\xfe\xff\0p\0\n\x005\0 \x20\xac\0\n"
    );
    let status = export("windows-1252", "SELECT 'ok' AS p UNION ALL SELECT '日本'")
        .await
        .unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("CANNOT_REPRESENT", Code::FailedPrecondition)
    );
    assert_eq!(metadata(&status, "encoding"), "windows-1252");
    let status = export("klingon", euro).await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_DIALECT");
    assert_eq!(metadata(&status, "field"), "encoding");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_option_of_style_is_honoured() {
    let server = TestServer::start().await;
    let query = "SELECT * FROM (SELECT 1 AS n, 'a' AS s, CAST(NULL AS Nullable(String)) AS z, toDate('2024-01-02') AS d, \
        '=1+1' AS f UNION ALL SELECT -2, 'NA', '', toDate('2024-01-03'), '-x') ORDER BY d";
    let style = |change: &dyn Fn(&mut pb::ExportStyle)| {
        let mut style = pb::ExportStyle::default();
        change(&mut style);
        pb::ExportRequest {
            style: Some(style),
            ..export_query(query)
        }
    };
    type Change<'a> = &'a dyn Fn(&mut pb::ExportStyle);
    let cases: [(Change<'_>, &str); 8] = [
        (
            &|_| (),
            "n,s,z,d,f\n1,a,\\N,2024-01-02,=1+1\n-2,NA,\"\",2024-01-03,-x\n",
        ),
        (
            &|style| style.set_line_end(pb::LineEnd::Crlf),
            "n,s,z,d,f\r\n1,a,\\N,2024-01-02,=1+1\r\n-2,NA,\"\",2024-01-03,-x\r\n",
        ),
        (
            &|style| style.set_line_end(pb::LineEnd::Cr),
            "n,s,z,d,f\r1,a,\\N,2024-01-02,=1+1\r-2,NA,\"\",2024-01-03,-x\r",
        ),
        (
            &|style| style.set_quote_style(pb::QuoteStyle::Always),
            "\"n\",\"s\",\"z\",\"d\",\"f\"\n\"1\",\"a\",\\N,\"2024-01-02\",\"=1+1\"\n\
             \"-2\",\"NA\",\"\",\"2024-01-03\",\"-x\"\n",
        ),
        (
            &|style| style.set_quote_style(pb::QuoteStyle::NonNumeric),
            "\"n\",\"s\",\"z\",\"d\",\"f\"\n1,\"a\",\\N,2024-01-02,\"=1+1\"\n-2,\"NA\",\"\",2024-01-03,\"-x\"\n",
        ),
        (
            &|style| style.excel_safe = true,
            "n,s,z,d,f\n1,a,\\N,2024-01-02,'=1+1\n-2,NA,\"\",2024-01-03,'-x\n",
        ),
        (
            &|style| style.null_marker = Some("NA".to_owned()),
            "n,s,z,d,f\n1,a,NA,2024-01-02,=1+1\n-2,\"NA\",\"\",2024-01-03,-x\n",
        ),
        (
            &|style| style.null_marker = Some(String::new()),
            "n,s,z,d,f\n1,a,,2024-01-02,=1+1\n-2,NA,\"\",2024-01-03,-x\n",
        ),
    ];
    for (change, expected) in cases {
        let exported = server.export(style(change)).await.unwrap();
        assert_eq!(exported.text(), expected);
    }
    for level in [0, 10, -1] {
        let mut request = style(&|style| style.compression_level = Some(level));
        request.dialect = Some(dialect(pb::Format::Csv, "", pb::Compression::Gzip));
        let status = server.export(request).await.unwrap_err();
        assert_eq!(reason(&status), "INVALID_REQUEST", "{level}");
        assert_eq!(metadata(&status, "field"), "style.compression_level");
    }
    let sizes = [1, 9].map(|level| {
        let mut request = pb::ExportRequest {
            style: Some(pb::ExportStyle {
                compression_level: Some(level),
                ..Default::default()
            }),
            ..export_query("SELECT number % 1000 AS n, toString(number) AS s FROM numbers(100000)")
        };
        request.dialect = Some(dialect(pb::Format::Csv, "", pb::Compression::Gzip));
        request
    });
    let [fast, small] = sizes.map(|request| server.export(request));
    let (fast, small) = (
        fast.await.unwrap().file.len(),
        small.await.unwrap().file.len(),
    );
    assert!(small < fast, "{small} < {fast}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_null_marker_of_ones_own_comes_back() {
    let server = TestServer::start().await;
    let structure =
        "(id UInt8, s Nullable(String), n Nullable(Int32)) ENGINE = MergeTree ORDER BY id";
    server.sql(&format!("CREATE TABLE before {structure}"));
    server.sql("INSERT INTO before VALUES (1, 'NA', 1), (2, NULL, NULL), (3, '', 3), (4, '\\\\N', -4), (5, 'n/a', NULL)");
    for marker in ["NA", "", "n/a", "-", "NULL,"] {
        let request = pb::ExportRequest {
            style: Some(pb::ExportStyle {
                null_marker: Some(marker.to_owned()),
                ..Default::default()
            }),
            ..ordered("before")
        };
        let exported = match server.export(request).await {
            Ok(exported) => exported,
            Err(status) => {
                // It holds the delimiter.
                assert_eq!(
                    (marker, reason(&status).as_str()),
                    ("NULL,", "INVALID_REQUEST")
                );
                continue;
            }
        };
        assert_ne!(marker, "NULL,");
        server.sql(&format!("CREATE OR REPLACE TABLE after {structure}"));
        let upload = pb::UploadSpec {
            values: Some(pb::ValueOptions {
                null_markers: vec![marker.to_owned()],
                ..Default::default()
            }),
            ..spec("after")
        };
        server.upload(upload, &exported.file).await.unwrap();
        assert_eq!(
            rows(&server, "after"),
            rows(&server, "before"),
            "{marker}: {}",
            exported.text()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_value_comes_back_from_json_lines() {
    let server = TestServer::start().await;
    let structure = "(id UInt32, big Int128, u UInt256, price Decimal(38, 10), ratio Float64, ok Nullable(Bool), \
        s Nullable(String), e Enum8('a\"b' = 1, 'c' = 2), at DateTime64(6, 'UTC'), day Nullable(Date32), \
        ip IPv6, key UUID, low LowCardinality(Nullable(String)), list Array(Nullable(String)), \
        deep Array(Array(Int64)), pairs Map(String, Decimal(9, 2)), pair Tuple(x Int128, y Nullable(String)), \
        fixed FixedString(3)) ENGINE = MergeTree ORDER BY id";
    server.sql(&format!("CREATE TABLE before {structure}"));
    server.sql(
        "INSERT INTO before SELECT number, \
         if(number % 2 = 0, toInt128('170141183460469231731687303715884105727'), toInt128('-170141183460469231731687303715884105728')), \
         toUInt256('115792089237316195423570985008687907853269984665640564039457584007913129639935') - number, \
         toDecimal128('-1234567890123456789012345678.0123456789', 10) + number, number / 7, \
         if(number % 3 = 0, NULL, number % 3 = 1), \
         arrayElement([NULL, '', 'NULL', '\\\\N', 'tab\\there', 'quote\"back\\\\slash', 'line\\nend', 'emoji 😀', 'null', '\\0nul'], number % 10 + 1), \
         if(number % 2 = 0, 'a\"b', 'c'), toDateTime64('1999-12-31 23:59:59.999999', 6, 'UTC') + number, \
         if(number % 5 = 0, NULL, toDate32('1900-01-01') + number), \
         toIPv6('2001:db8::') , toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0'), if(number % 4 = 0, NULL, toString(number % 4)), \
         if(number % 6 = 0, [], ['it''s', NULL, 'a,b', '\"', '\\\\', 'NULL', '\\n']), [[1, -2], [], [toInt64(number)]], \
         map('k\"ey', -1.25, '', 0), (toInt128(number), if(number % 2 = 0, NULL, 'x''y')), toFixedString('é', 3) \
         FROM numbers(1000)",
    );
    let json = dialect(pb::Format::Ndjson, "", pb::Compression::Unspecified);
    let request = pb::ExportRequest {
        dialect: Some(json.clone()),
        ..ordered("before")
    };
    let exported = server.export(request).await.unwrap();
    let lines: Vec<serde_json::Value> = exported
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 1000);
    assert_eq!(lines[0]["ok"], serde_json::Value::Null);
    assert_eq!(lines[1]["ok"], true);
    assert_eq!(lines[4]["s"], "tab\there");
    for upload in [
        spec("after"),
        pb::UploadSpec {
            dialect: Some(json),
            ..spec("after")
        },
    ] {
        server.sql(&format!("CREATE OR REPLACE TABLE after {structure}"));
        server
            .upload_in(upload, &exported.file, 4096)
            .await
            .unwrap();
        assert_eq!(server.checksum("after"), server.checksum("before"));
        assert_eq!(
            server.sql("SELECT count() FROM (SELECT * FROM before EXCEPT SELECT * FROM after)"),
            "0"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn long_delimiters_escapes_and_comments_are_read_and_written() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE odd (id UInt8, s String) ENGINE = MergeTree ORDER BY id");
    let form = pb::Dialect {
        delimiter: Some("||".to_owned()),
        quote: Some("'".to_owned()),
        escape: Some("\\".to_owned()),
        comment: Some("//".to_owned()),
        skip_lines: Some(1),
        header_rows: Some(1),
        ..Default::default()
    };
    let upload = pb::UploadSpec {
        dialect: Some(form.clone()),
        ..spec("odd")
    };
    let file = "title\n// a comment\nid||s\n1||'a||b'\n// 2||no\n3||'it\\'s'\n4||c|d\n";
    server.upload(upload, file).await.unwrap();
    let stored = "1\ta||b\n3\tit\\'s\n4\tc|d";
    assert_eq!(rows(&server, "odd"), stored);
    let request = pb::ExportRequest {
        dialect: Some(form.clone()),
        ..ordered("odd")
    };
    let exported = server.export(request).await.unwrap();
    assert_eq!(exported.text(), "id||s\n1||'a||b'\n3||'it\\'s'\n4||c|d\n");
    server.sql("TRUNCATE TABLE odd");
    let upload = pb::UploadSpec {
        dialect: Some(pb::Dialect {
            skip_lines: Some(0),
            ..form
        }),
        ..spec("odd")
    };
    server.upload(upload, &exported.file).await.unwrap();
    assert_eq!(rows(&server, "odd"), stored);
    let none = pb::ExportRequest {
        dialect: Some(pb::Dialect {
            quote: Some(String::new()),
            ..Default::default()
        }),
        ..export_query("SELECT 'a,b' AS s")
    };
    let status = server.export(none).await.unwrap_err();
    assert_eq!(reason(&status), "CANNOT_REPRESENT");
}

#[tokio::test(flavor = "multi_thread")]
async fn archives_and_foreign_formats_are_named() {
    let server = TestServer::start().await;
    create(&server, "people");
    for (head, word) in [
        (&zip(&[("mimetype", b"application/epub+zip")])[..], "office"),
        (&b"\x04\x22\x4D\x18"[..], "lz4"),
        (&b"PAR1\x15\x04\x15"[..], "parquet"),
    ] {
        let mut file = head.to_vec();
        file.resize(4096, 7);
        let status = server.upload(spec("people"), &file).await.unwrap_err();
        assert_eq!(reason(&status), "INVALID_ENCODING", "{word}");
        assert!(
            status.message().to_lowercase().contains(word),
            "{word}: {status:?}"
        );
    }
    let several = zip(&[
        ("jan.csv", PEOPLE.as_bytes()),
        ("feb.csv", PEOPLE.as_bytes()),
    ]);
    let status = server.upload(spec("people"), &several).await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_COMPRESSION", "{status:?}");
    assert!(
        status.message().contains("`jan.csv`, `feb.csv`"),
        "{status:?}"
    );
    let packed = pb::ExportRequest {
        dialect: Some(dialect(pb::Format::Csv, "", pb::Compression::Xz)),
        ..export_table("people")
    };
    let status = server.export(packed).await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_REQUEST", "{status:?}");
    let wrong = pb::UploadSpec {
        dialect: Some(dialect(pb::Format::Csv, "", pb::Compression::Gzip)),
        ..spec("people")
    };
    let status = server.upload(wrong, PEOPLE).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let plain = server.export(export_table("people")).await.unwrap();
    assert_eq!(plain.text(), "id,name,born,height\n", "nothing was loaded");
}
