//! Every byte of a file is accounted for, and as what it is: files made of known parts, in every format, encoding and
//! compression.

use sluice_proto::v1 as pb;

use crate::support::{TestServer, counters, gzip, spec, zstd};

/// What a line of a made file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Before,
    Header,
    Loaded,
    Rejected,
    Blank,
    Comment,
    After,
}

/// A file, line by line.
#[derive(Debug, Default)]
struct File {
    lines: Vec<(Part, String)>,
}

impl File {
    fn add(&mut self, part: Part, line: impl Into<String>) {
        self.lines.push((part, line.into()));
    }

    fn text(&self) -> String {
        self.lines.iter().map(|(_, line)| line.as_str()).collect()
    }

    /// Lines and bytes of a part; a record may have several lines.
    fn count(&self, part: Part) -> (i64, i64) {
        let own = self.lines.iter().filter(|(of, _)| *of == part);
        own.fold((0, 0), |(lines, bytes), (_, line)| {
            let ends = line.replace("\r\n", "\n").replace('\r', "\n");
            let count = ends.trim_end_matches('\n').matches('\n').count() + 1;
            (
                lines + i64::try_from(count).unwrap(),
                bytes + i64::try_from(line.len()).unwrap(),
            )
        })
    }

    fn examples(&self, part: Part) -> Vec<Vec<u8>> {
        let own = self.lines.iter().filter(|(of, _)| *of == part);
        let texts = own.map(|(_, line)| line.trim_end_matches(['\r', '\n']));
        let texts = texts.filter(|text| !text.is_empty());
        texts.take(3).map(|text| text.as_bytes().to_vec()).collect()
    }
}

/// Packs the bytes of a file.
type Packing = fn(&[u8]) -> Vec<u8>;

/// One way to write a file.
#[derive(Clone, Copy, Debug)]
struct Way {
    format: pb::Format,
    line_end: &'static str,
    notes: bool,
    ends_with_line: bool,
}

fn record(random: &mut fastrand::Rng, way: Way, id: u32) -> (Part, String) {
    let part = if random.u8(..8) == 0 {
        Part::Rejected
    } else {
        Part::Loaded
    };
    let number = if part == Part::Rejected { "x7" } else { "7" };
    let text: String = (0..random.usize(..12))
        .map(|_| random.choice(['a', 'é', ' ', 'z']).unwrap())
        .collect();
    let text = text.trim();
    let end = way.line_end;
    let line = match way.format {
        pb::Format::Ndjson => format!("{{\"id\":{id},\"name\":\"{text}\",\"n\":\"{number}\"}}"),
        pb::Format::Tsv => format!("{id}\t{text}\\n\t{number}"),
        _ if random.u8(..6) == 0 => format!("{id},\"{text}{end}{end}\"\"x\"\"\",{number}"),
        _ => format!("{id},{text},{number}"),
    };
    (part, format!("{line}{end}"))
}

fn made(random: &mut fastrand::Rng, way: Way) -> (File, pb::Dialect) {
    let end = way.line_end;
    let is_json = way.format == pb::Format::Ndjson;
    let is_csv = way.format == pb::Format::Csv;
    let mut file = File::default();
    let mut dialect = pb::Dialect {
        format: way.format.into(),
        ..Default::default()
    };
    if is_csv && way.notes {
        for note in ["Report of May", "", "one, two and \"three", "é"] {
            file.add(Part::Before, format!("{note}{end}"));
        }
        dialect.skip_lines = Some(4);
        dialect.comment = Some("#".to_owned());
    }
    if !is_json {
        let delimiter = if is_csv { "," } else { "\t" };
        file.add(
            Part::Header,
            format!("{}{end}", ["id", "name", "n"].join(delimiter)),
        );
    }
    for id in 0..random.u32(1..400) {
        if random.u8(..5) == 0 {
            let blank = if is_json && random.bool() { "  \t" } else { "" };
            file.add(Part::Blank, format!("{blank}{end}"));
        }
        if is_csv && way.notes && random.u8(..5) == 0 {
            file.add(Part::Comment, format!("#{id}, \"{end}"));
        }
        let (part, line) = record(random, way, id);
        file.add(part, line);
    }
    if is_csv && way.notes {
        let lines = file.text().replace("\r\n", "\n").replace('\r', "\n");
        dialect.end_line = Some(i64::try_from(lines.matches('\n').count()).unwrap());
        file.add(Part::After, format!("Total,{end}"));
        file.add(Part::After, end);
        file.add(Part::After, format!("\"made by hand{end}"));
    }
    if !way.ends_with_line {
        let (_, last) = file.lines.last_mut().unwrap();
        last.truncate(last.len() - end.len());
        if last.is_empty() {
            file.lines.pop();
        }
    }
    (file, dialect)
}

fn check(account: &pb::FileAccount, file: &File, mark_bytes: i64, what: &str) {
    let parts = [
        (Part::Header, &account.header),
        (Part::Loaded, &account.loaded),
        (Part::Rejected, &account.rejected),
        (Part::Blank, &account.blank),
        (Part::Comment, &account.comments),
        (Part::Before, &account.before),
        (Part::After, &account.after),
    ];
    let mut sum = 0;
    for (part, said) in parts {
        let said = said.as_ref().unwrap();
        let (lines, mut bytes) = file.count(part);
        if part == Part::Header {
            bytes += mark_bytes;
        }
        assert_eq!(
            (said.lines, said.bytes),
            (lines, bytes),
            "{part:?} of {what}"
        );
        sum += said.bytes;
        if matches!(part, Part::Comment | Part::Before | Part::After) {
            let examples: Vec<_> = said.examples.iter().map(|text| text.to_vec()).collect();
            assert_eq!(examples, file.examples(part), "{part:?} of {what}");
        }
    }
    assert_eq!(account.text_bytes, sum, "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_byte_of_a_file_is_accounted_for() {
    let server = TestServer::start().await;
    server.sql(
        "CREATE TABLE people (id UInt32, name String, n UInt8) ENGINE = MergeTree ORDER BY id",
    );
    let mut random = fastrand::Rng::with_seed(17);
    let encodings = ["utf-8", "utf-8-bom", "utf-16le", "utf-16be", "windows-1252"];
    let packings: [(&str, Packing); 3] = [
        ("none", |bytes| bytes.to_vec()),
        ("gzip", gzip),
        ("zstd", zstd),
    ];
    for format in [pb::Format::Csv, pb::Format::Tsv, pb::Format::Ndjson] {
        for (index, encoding) in encodings.into_iter().enumerate() {
            for (packing, pack) in packings {
                let ends: &[&str] = match format {
                    pb::Format::Ndjson => &["\n", "\r\n"],
                    _ => &["\n", "\r\n", "\r"],
                };
                let way = Way {
                    format,
                    line_end: random.choice(ends).unwrap(),
                    notes: random.u8(..4) > 0,
                    ends_with_line: random.bool(),
                };
                let (file, mut dialect) = made(&mut random, way);
                let what = format!("{way:?} {encoding} {packing}");
                let text = file.text();
                let marked = format!("\u{feff}{text}");
                let bytes: Vec<u8> = match encoding {
                    "utf-8" => text.clone().into(),
                    "utf-8-bom" => marked.into(),
                    "utf-16le" => marked.encode_utf16().flat_map(u16::to_le_bytes).collect(),
                    "utf-16be" => marked.encode_utf16().flat_map(u16::to_be_bytes).collect(),
                    _ => encoding_rs::WINDOWS_1252.encode(&text).0.into_owned(),
                };
                let has_mark = (1..4).contains(&index);
                // With lines to skip the mark is part of the first of them.
                let in_notes = has_mark && dialect.skip_lines.is_some();
                let mut expected = file;
                if in_notes {
                    expected.lines[0].1.insert(0, '\u{feff}');
                }
                dialect.encoding = encoding.to_owned();
                let upload = pb::UploadSpec {
                    dialect: Some(dialect),
                    rejects: Some(pb::RejectPolicy {
                        max_rows: Some(1_000),
                        ..Default::default()
                    }),
                    ..spec("people")
                };
                let chunk_bytes = random.choice([1, 7, 1 << 20]).unwrap();
                let loaded = server.upload_in(upload, &pack(&bytes), chunk_bytes).await;
                let loaded = loaded.unwrap_or_else(|status| panic!("{what}: {status:?}"));
                let account = loaded.account.clone().unwrap();
                check(
                    &account,
                    &expected,
                    if has_mark && !in_notes { 3 } else { 0 },
                    &what,
                );
                let rejected = expected
                    .lines
                    .iter()
                    .filter(|(part, _)| *part == Part::Rejected);
                let rejected = i64::try_from(rejected.count()).unwrap();
                assert_eq!(counters(&loaded).rows_rejected, rejected, "{what}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blank_line_of_one_column_is_a_record() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE names (name Nullable(String)) ENGINE = MergeTree ORDER BY tuple()");
    let loaded = server
        .upload(spec("names"), "name\nAnn\n\nBob\n\n")
        .await
        .unwrap();
    assert_eq!(counters(&loaded).rows_committed, 4);
    assert_eq!(
        server.sql("SELECT count(), countIf(name IS NULL) FROM names"),
        "4\t2"
    );
    let account = loaded.account.unwrap();
    assert_eq!(account.blank.unwrap().lines, 0);
    assert_eq!(account.loaded.unwrap().lines, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_accounts_for_every_byte_too() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE pairs (a UInt8, b UInt8) ENGINE = MergeTree ORDER BY a");
    let file = "a,b\n1,2\n\nx,y\n";
    let checked = pb::UploadSpec {
        dry_run: true,
        ..spec("pairs")
    };
    let new = pb::UploadSpec {
        create_table: true,
        ..pb::UploadSpec {
            table: spec("other").table,
            ..checked.clone()
        }
    };
    for (upload, loaded, rejected) in [(checked, 4, 4), (new, 8, 0)] {
        let account = server.upload(upload, file).await.unwrap().account.unwrap();
        assert_eq!(account.text_bytes, 13);
        assert_eq!(account.header.unwrap().bytes, 4);
        assert_eq!(account.blank.unwrap().bytes, 1);
        assert_eq!(account.loaded.unwrap().bytes, loaded);
        assert_eq!(account.rejected.unwrap().bytes, rejected);
    }
}
