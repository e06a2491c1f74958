//! Workbooks of offices: one sheet of them is loaded as any file is.

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, XlsxError};
use sluice_proto::v1 as pb;
use sluice_server::config::Config;

use crate::{
    support::{TestServer, counters, creating, metadata, reason, spec},
    transfers::{OpenUpload, until, until_state},
};

const ID: &str = "0190a5f0-7f1a-7c00-8000-0000000000e0";

fn made(make: impl FnOnce(&mut Workbook) -> Result<(), XlsxError>) -> Vec<u8> {
    let mut book = Workbook::new();
    make(&mut book).unwrap();
    book.save_to_buffer().unwrap()
}

/// A report with titles, so many rows from row 4 on, a second sheet and a hidden one.
fn report(row_count: u32) -> Vec<u8> {
    made(|book| {
        let date = Format::new().set_num_format("dd.mm.yyyy");
        let moment = Format::new().set_num_format("dd.mm.yyyy hh:mm");
        let sheet = book.add_worksheet().set_name("Umsatz")?;
        sheet.merge_range(0, 0, 0, 4, "Umsatz im Februar", &Format::new())?;
        let names = ["id", "plz", "tag", "um", "betrag", "bezahlt"];
        for (column, name) in names.into_iter().enumerate() {
            sheet.write_string(2, u16::try_from(column).unwrap(), name)?;
        }
        for n in 0..row_count {
            let row = 3 + n;
            let day = u8::try_from(n % 28 + 1).unwrap();
            let time = ExcelDateTime::from_ymd(2024, 2, day)?.and_hms(8, 30, 0)?;
            sheet.write_number(row, 0, n)?;
            sheet.write_string(row, 1, format!("{:05}", n % 7))?;
            sheet.write_datetime_with_format(
                row,
                2,
                ExcelDateTime::from_ymd(2024, 2, day)?,
                &date,
            )?;
            sheet.write_datetime_with_format(row, 3, &time, &moment)?;
            sheet.write_number(row, 4, f64::from(n) * 1.25)?;
            sheet.write_boolean(row, 5, n % 2 == 0)?;
        }
        sheet.set_row_hidden(4)?;
        book.add_worksheet().set_name("Legende")?.write(0, 0, "x")?;
        let old = book.add_worksheet().set_name("Alt")?.set_hidden(true);
        old.write(0, 0, "n")?.write(1, 0, 5)?;
        Ok(())
    })
}

/// An `OpenDocument` sheet of some rows.
fn opendocument() -> Vec<u8> {
    use std::io::Write as _;
    let text = |text: &str| {
        format!(
            "<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>"
        )
    };
    let row = |cells: &[String]| format!("<table:table-row>{}</table:table-row>", cells.concat());
    let names = ["id", "code", "day"].map(text);
    let rows: String = (1..=3)
        .map(|n| {
            let id =
                format!("<table:table-cell office:value-type=\"float\" office:value=\"{n}\"/>");
            let day = format!(
                "<table:table-cell office:value-type=\"date\" office:date-value=\"2024-02-0{n}\"/>"
            );
            row(&[id, text(&format!("00{n}")), day])
        })
        .collect();
    let content = format!(
        "<office:document-content><office:body><office:spreadsheet><table:table table:name=\"T\">{}{rows}</table:table>\
         </office:spreadsheet></office:body></office:document-content>",
        row(&names)
    );
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, text) in [
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", content.as_str()),
    ] {
        writer.start_file(name, options).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn of_sheet(sheet: &str, range: &str) -> Option<pb::Dialect> {
    Some(pb::Dialect {
        sheet: sheet.to_owned(),
        range: range.to_owned(),
        ..Default::default()
    })
}

fn types(server: &TestServer, table: &str) -> String {
    server.sql(&format!(
        "SELECT arrayStringConcat(groupArray(name || ' ' || type), ', ') FROM (SELECT name, type FROM system.columns \
         WHERE table = '{table}' AND database = 'default' ORDER BY position)"
    ))
}

fn workbook(profile: Option<pb::FileProfile>) -> pb::Workbook {
    profile.unwrap().workbook.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_makes_a_table_of_its_types() {
    let server = TestServer::start().await;
    let file = report(5);
    let response = server.upload(creating("r"), &file).await.unwrap();
    assert_eq!(counters(&response).rows_committed, 5);
    assert_eq!(
        counters(&response).bytes_received,
        i64::try_from(file.len()).unwrap()
    );
    assert_eq!(
        types(&server, "r"),
        "id Int64, plz String, tag Date, um DateTime, betrag Float64, bezahlt Bool"
    );
    assert_eq!(
        server.sql("SELECT * FROM r ORDER BY id LIMIT 2"),
        "0\t00000\t2024-02-01\t2024-02-01 08:30:00\t0\ttrue\n\
         1\t00001\t2024-02-02\t2024-02-02 08:30:00\t1.25\tfalse"
    );
    let account = response.account.unwrap();
    assert_eq!(account.before.unwrap().lines, 2);
    assert_eq!(account.loaded.unwrap().lines, 5);
    let found = workbook(response.profile);
    assert_eq!(
        (
            found.kind.as_str(),
            found.sheet.as_str(),
            found.range.as_str()
        ),
        ("xlsx", "Umsatz", "A1:F8")
    );
    let sheets: Vec<_> = found
        .sheets
        .iter()
        .map(|s| (s.name.as_str(), s.hidden))
        .collect();
    assert_eq!(
        sheets,
        [("Umsatz", false), ("Legende", false), ("Alt", true)]
    );
    assert_eq!(
        found.notes,
        [
            "only the first visible sheet is read; not read: `Legende` (choose with --sheet)",
            "hidden sheets are not read: `Alt`",
            "1 row is hidden, and read like the others",
            "1 merged area, the first A1:E1: its value stands in its first cell, the others are empty",
        ]
    );
    server.upload(creating("o"), opendocument()).await.unwrap();
    assert_eq!(types(&server, "o"), "id Int64, code String, day Date");
    assert_eq!(
        server.sql("SELECT * FROM o ORDER BY id"),
        "1\t001\t2024-02-01\n2\t002\t2024-02-02\n3\t003\t2024-02-03"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sheet_and_range_choose_what_is_loaded() {
    let server = TestServer::start().await;
    let file = report(5);
    for (table, sheet, range, expected) in [
        ("a", "Alt", "", "5"),
        ("b", "3", "", "5"),
        ("c", "", "A3:A5", "0\n1"),
        ("d", "Umsatz", "A3:A9", "0\n1\n2\n3\n4"),
    ] {
        let upload = pb::UploadSpec {
            dialect: of_sheet(sheet, range),
            ..creating(table)
        };
        let outcome = server.upload(upload, &file).await;
        outcome.unwrap_or_else(|status| panic!("{table}: {status:?}"));
        assert_eq!(
            server.sql(&format!("SELECT * FROM {table} ORDER BY 1")),
            expected
        );
    }
    for (sheet, range, expected) in [
        ("None", "", "INVALID_WORKBOOK"),
        ("", "A1:", "INVALID_DIALECT"),
    ] {
        let upload = pb::UploadSpec {
            dialect: of_sheet(sheet, range),
            ..creating("e")
        };
        let status = server.upload(upload, &file).await.unwrap_err();
        assert_eq!(reason(&status), expected, "{status:?}");
    }
    let upload = pb::UploadSpec {
        dialect: of_sheet("Umsatz", ""),
        ..creating("e")
    };
    let status = server.upload(upload, "a,b\n1,2\n").await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_WORKBOOK", "{status:?}");
    let marked = |dialect| pb::UploadSpec {
        dialect: Some(dialect),
        ..creating("e")
    };
    for dialect in [
        pb::Dialect {
            format: pb::Format::Csv.into(),
            ..Default::default()
        },
        pb::Dialect {
            delimiter: Some(";".to_owned()),
            ..Default::default()
        },
        pb::Dialect {
            encoding: "latin1".to_owned(),
            ..Default::default()
        },
    ] {
        let status = server.upload(marked(dialect), &file).await.unwrap_err();
        assert_eq!(reason(&status), "INVALID_WORKBOOK", "{status:?}");
        assert!(status.message().contains("leave it out"), "{status:?}");
    }
    let format = pb::Format::Workbook.into();
    let dialect = pb::Dialect {
        format,
        ..Default::default()
    };
    server.upload(marked(dialect), &file).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inspection_and_a_dry_run_say_what_an_upload_does() {
    let server = TestServer::start().await;
    let file = report(5);
    let request = |complete| pb::InspectFileRequest {
        sample: file.clone().into(),
        complete,
        ..Default::default()
    };
    let inspected = server.inspect(request(true)).await.unwrap();
    let dry = pb::UploadSpec {
        dry_run: true,
        ..creating("r")
    };
    let tried = server.upload(dry, &file).await.unwrap();
    let loaded = server.upload(creating("r"), &file).await.unwrap();
    let profile = inspected.profile.clone().unwrap();
    assert_eq!(
        profile.dialect.as_ref().unwrap().format(),
        pb::Format::Workbook
    );
    assert_eq!(Some(&profile), tried.profile.as_ref());
    assert_eq!(Some(&profile), loaded.profile.as_ref());
    assert_eq!(counters(&tried).rows_committed, 0);
    assert_eq!(inspected.rows[0].cells[1].text.as_deref(), Some("00000"));
    // What was found reads the file in the same way once more.
    let again = pb::UploadSpec {
        dialect: profile.dialect.clone(),
        sniff: Some(false),
        ..spec("r")
    };
    let again = server.upload(again, &file).await.unwrap();
    assert_eq!(counters(&again).rows_committed, 5);
    assert_eq!(workbook(again.profile), profile.workbook.unwrap());
    // Nothing is looked for, and it is a workbook all the same.
    let other = pb::UploadSpec {
        dialect: Some(pb::Dialect {
            delimiter: Some(";".to_owned()),
            ..Default::default()
        }),
        sniff: Some(false),
        ..spec("r")
    };
    let status = server.upload(other, &file).await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_WORKBOOK", "{status:?}");
    let status = server.inspect(request(false)).await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_WORKBOOK", "{status:?}");
    assert!(status.message().contains("dry run"), "{status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_cell_has_the_number_of_its_row() {
    let server = TestServer::start().await;
    let file = made(|book| {
        let sheet = book.add_worksheet();
        sheet
            .write(0, 0, "Liste")?
            .write(2, 1, "n")?
            .write(2, 2, "s")?;
        for row in 3..9 {
            sheet.write(row, 1, row)?.write(row, 2, "x")?;
        }
        sheet.write(6, 1, "viele")?;
        Ok(())
    });
    server.sql("CREATE TABLE t (n UInt8, s String) ENGINE = MergeTree ORDER BY n");
    let lenient = pb::UploadSpec {
        dialect: of_sheet("", "B3:C20"),
        rejects: Some(pb::RejectPolicy {
            max_rows: Some(1),
            max_share: None,
        }),
        ..spec("t")
    };
    let response = server.upload(lenient, &file).await.unwrap();
    let [row] = response.rejected_rows.as_slice() else {
        panic!("{response:?}");
    };
    assert_eq!((row.line, row.value.as_ref()), (7, &b"viele"[..]));
    let id = response.transfer.unwrap().transfer_id;
    let csv = server.rejects_file(&id).await.unwrap().concat();
    let csv = String::from_utf8(csv).unwrap();
    assert!(csv.contains("viele"), "{csv}");
    assert_eq!(server.sql("SELECT count() FROM t"), "5");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workbook_has_a_limit_of_its_own() {
    let file = report(50);
    for (limit, fits) in [
        (file.len() - 1, false),
        (file.len(), true),
        (file.len() + 1, true),
    ] {
        let change = |config: &mut Config| config.transfer.max_workbook_bytes = limit;
        let server = TestServer::start_with(change).await;
        let table = format!("t{limit}");
        let outcome = server.upload(creating(&table), &file).await;
        match outcome {
            Ok(_) => assert!(fits, "{limit}"),
            Err(status) => {
                assert!(!fits, "{limit}: {status:?}");
                assert_eq!(reason(&status), "INVALID_WORKBOOK");
                assert_eq!(metadata(&status, "limit"), limit.to_string());
                assert!(status.message().contains("CSV"), "{status:?}");
            }
        }
        // Any other file may be longer.
        let text = "n\n".to_owned() + &"123456789\n".repeat(file.len() / 4);
        let other = format!("other{limit}");
        server.upload(creating(&other), text).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_named_and_changes_nothing() {
    let server = TestServer::start().await;
    let file = report(5);
    let truncated = &file[..file.len() / 2];
    let status = server.upload(creating("t"), truncated).await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_COMPRESSION", "{status:?}");
    let mut damaged = file.clone();
    // In the part of the sheet that is read: the first place of its name is its header in the archive.
    let name = b"xl/worksheets/sheet1.xml";
    let place = file
        .windows(name.len())
        .position(|part| part == name)
        .unwrap()
        + 100;
    damaged[place..place + 8].fill(0);
    let status = server.upload(creating("t"), damaged).await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_WORKBOOK", "{status:?}");
    // What a workbook with a password is kept in.
    let mut secret = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    secret.resize(8_192, 0);
    let status = server.upload(creating("t"), secret).await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_ENCODING", "{status:?}");
    assert!(status.message().contains("password"), "{status:?}");
    assert_eq!(server.sql("EXISTS TABLE t"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workbook_that_was_cut_off_is_sent_again() {
    let server = TestServer::start().await;
    let file = report(5_000);
    server.upload(creating("whole"), &file).await.unwrap();
    server.sql("CREATE TABLE t AS whole");
    let upload = OpenUpload::begin(&server, "t", ID).await;
    upload.data(file[..file.len() / 2].to_vec()).await;
    let half = i64::try_from(file.len() / 2).unwrap();
    until(&server, ID, |transfer| {
        let counters = transfer.counters.as_ref();
        counters.is_some_and(|counters| counters.bytes_received == half)
    })
    .await;
    upload.hang_up().await;
    let left = until_state(&server, ID, pb::TransferState::Interrupted).await;
    assert_eq!(left.committed_offset, 0);
    let again = pb::UploadSpec {
        transfer_id: ID.to_owned(),
        ..spec("t")
    };
    let response = server.upload(again, &file).await.unwrap();
    assert_eq!(counters(&response).rows_committed, 5_000);
    assert_eq!(server.checksum("t"), server.checksum("whole"));
}

#[tokio::test(flavor = "multi_thread")]
async fn appends_make_a_workbook() {
    let server = TestServer::start().await;
    let file = report(500);
    let mut ingest = server.ingest().await;
    let begin = pb::BeginUploadRequest {
        spec: Some(pb::UploadSpec {
            transfer_id: ID.to_owned(),
            ..creating("t")
        }),
    };
    ingest.begin_upload(begin).await.unwrap();
    let mut offset = 0;
    for data in file.chunks(5_000) {
        let append = pb::AppendUploadRequest {
            transfer_id: ID.to_owned(),
            offset,
            data: data.to_vec().into(),
            crc32c: None,
        };
        offset = ingest
            .append_upload(append)
            .await
            .unwrap()
            .into_inner()
            .committed_offset;
    }
    let finish = pb::FinishUploadRequest {
        transfer_id: ID.to_owned(),
        total_bytes: offset,
        crc32c: Some(crc32c::crc32c(&file)),
    };
    let finished = ingest.finish_upload(finish).await.unwrap().into_inner();
    assert_eq!(counters(&finished.result.unwrap()).rows_committed, 500);
    assert_eq!(server.sql("SELECT count(), sum(id) FROM t"), "500\t124750");
}
