//! What is loaded is what the file says, or nothing: records are never left out, columns never swapped,
//! and where two readings load different rows the upload is refused.

use std::fmt::Write as _;

use tonic::Code;

use crate::support::{TestServer, creating, metadata, reason, spec};
use sluice_proto::v1 as pb;

fn named(table: &str, file: &str) -> pb::UploadSpec {
    pb::UploadSpec {
        source_name: file.to_owned(),
        ..spec(table)
    }
}

fn lenient(spec: pb::UploadSpec, max_rows: i64) -> pb::UploadSpec {
    pb::UploadSpec {
        rejects: Some(pb::RejectPolicy {
            max_rows: Some(max_rows),
            ..Default::default()
        }),
        ..spec
    }
}

fn with(spec: pb::UploadSpec, dialect: pb::Dialect) -> pb::UploadSpec {
    pb::UploadSpec {
        dialect: Some(dialect),
        ..spec
    }
}

fn headless() -> pb::Dialect {
    pb::Dialect {
        header_rows: Some(0),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_with_other_numbers_of_fields_are_at_fault_and_never_left_out() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE people (id UInt8, name String, n UInt8, note String) ENGINE = MergeTree ORDER BY id");
    let file = "1,Ann,10\n2,Bob,20\n3,Cid,30,x\n4,Dan,40,x\n5,Eve,50,x\n6,Fay,60,x\n";
    let status = server.upload(spec("people"), file).await.unwrap_err();
    assert_eq!(reason(&status), "TOO_FEW_FIELDS", "{status}");
    assert!(status.message().starts_with("line 1:"), "{status}");
    assert_eq!(server.sql("SELECT count() FROM people"), "0");

    // With rejects allowed, the two are rejected and the others there.
    let response = server
        .upload(lenient(spec("people"), 2), file)
        .await
        .unwrap();
    let counters = response.transfer.unwrap().counters.unwrap();
    assert_eq!((counters.rows_rejected, counters.rows_committed), (2, 4));
    assert_eq!(server.sql("SELECT groupArray(id) FROM people"), "[3,4,5,6]");

    // What the caller says wins: short records are filled up.
    server.sql("TRUNCATE TABLE people");
    let padded = pb::UploadSpec {
        values: Some(pb::ValueOptions {
            ragged: pb::Ragged::Pad.into(),
            ..Default::default()
        }),
        ..with(spec("people"), headless())
    };
    server.upload(padded, file).await.unwrap();
    assert_eq!(
        server.sql("SELECT count(), countIf(note = '') FROM people"),
        "6\t2"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_cut_off_says_so() {
    let server = TestServer::start().await;
    server
        .sql("CREATE TABLE places (place String, x UInt8, y UInt8) ENGINE = MergeTree ORDER BY x");
    let file = "place,x,y\nOak Hill,1,2\nElm Street,3,4\nPine Road,5,6\nBirch Lane,7,8\nBoston Har";
    let status = server.upload(spec("places"), file).await.unwrap_err();
    assert_eq!(reason(&status), "TOO_FEW_FIELDS", "{status}");
    assert!(status.message().contains("cut off"), "{status}");
    assert_eq!(server.sql("SELECT count() FROM places"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_are_found_by_a_header_of_another_width() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE pairs (B UInt8, A UInt8) ENGINE = MergeTree ORDER BY A");
    server
        .upload(spec("pairs"), "A,B,\n1,2\n3,4\n")
        .await
        .unwrap();
    assert_eq!(
        server.sql("SELECT A, B FROM pairs ORDER BY A"),
        "1\t2\n3\t4"
    );

    server
        .sql("CREATE TABLE wide (id UInt8, qty UInt8, note String) ENGINE = MergeTree ORDER BY id");
    let file: String = (1..20).map(|row| format!("{row},{}\n", row * 2)).collect();
    let file = format!("qty,id,note\n{file}");
    let status = server.upload(spec("wide"), &file).await.unwrap_err();
    assert_eq!(reason(&status), "TOO_FEW_FIELDS", "{status}");
    let status = server
        .upload(lenient(spec("wide"), 5), &file)
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "TOO_MANY_REJECTS", "{status}");
    assert_eq!(server.sql("SELECT count() FROM wide"), "0");

    // Names of the table make a header of a line that could be a record as well.
    server.sql("CREATE TABLE texts (city String, person String) ENGINE = MergeTree ORDER BY city");
    server
        .upload(spec("texts"), "person,city,\nAnn,Oslo\nBob,Rome\n")
        .await
        .unwrap();
    assert_eq!(
        server.sql("SELECT city, person FROM texts ORDER BY city"),
        "Oslo\tAnn\nRome\tBob"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_readings_are_refused_with_the_options_of_both() {
    let server = TestServer::start().await;
    let cases: [(&str, &[&str]); 6] = [
        (
            "Report,Sales\n\nid,name,city\n1,Ann,Oslo\n2,Bob,Rome\n",
            &["--skip-lines 2", "--skip-lines 0"],
        ),
        (
            "Ann,Oslo,extra\nBob,Rome\nCid,Bonn\nDan,Kiev\n",
            &["--header-rows 1", "--no-header"],
        ),
        (
            "id\tpath\n1\tC:\\Users\\new\n2\tD:\\x\n",
            &["--format tsv", "--format csv"],
        ),
        (
            "H:m:s.S,H:m:s.SSS\n09:41:05.3,23:08:59.271\n",
            &["--delimiter ':'", "--delimiter ','"],
        ),
        (
            "<!DOCTYPE html>\n<html><body>\n<p>Sign in</p>\n</body></html>\n",
            &["an HTML page", r"--delimiter '\x01' --no-header"],
        ),
        (
            "INSERT INTO `t` VALUES (1,'a'),(2,'b');\nINSERT INTO `t` VALUES (3,'c');\n",
            &["an SQL script", r"--delimiter '\x01' --no-header"],
        ),
    ];
    for (file, options) in cases {
        let status = server.upload(creating("doubtful"), file).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
        assert_eq!(reason(&status), "AMBIGUOUS_FILE", "{status}");
        for option in options {
            assert!(status.message().contains(option), "{option}: {status}");
        }
    }
    assert_eq!(server.sql("EXISTS TABLE doubtful"), "0");
    let skip = pb::Dialect {
        skip_lines: Some(2),
        ..Default::default()
    };
    server
        .upload(with(creating("doubtful"), skip), cases[0].0)
        .await
        .unwrap();
    assert_eq!(server.sql("SELECT count() FROM doubtful"), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_that_may_part_thousands_is_no_decimal_point_beside_decimal_commas() {
    let server = TestServer::start().await;
    let columns = "(id UInt8, total Float64, part Nullable(Float64))";
    server.sql(&format!(
        "CREATE TABLE sums {columns} ENGINE = MergeTree ORDER BY id"
    ));
    let file = "id;total;part\n1;1.500;2,5\n2;2.250;3,75\n";
    let status = server.upload(spec("sums"), file).await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_NUMBER", "{status}");
    for option in [
        "`--thousands .` reads it as 1500",
        "`--thousands total=,` as 1.500",
    ] {
        assert!(status.message().contains(option), "{status}");
    }
    let response = server.upload(creating("found"), file).await.unwrap();
    let profile = response.profile.unwrap();
    assert_eq!(profile.columns[1].r#type, "String");
    assert!(profile.columns[1].notes[0].contains("1.500"), "{profile:?}");

    let thousands = |separator: &str| pb::UploadSpec {
        values: Some(pb::ValueOptions {
            columns: vec![pb::ColumnValueOptions {
                column: "total".to_owned(),
                thousands: Some(separator.to_owned()),
                ..Default::default()
            }],
            ..Default::default()
        }),
        ..spec("sums")
    };
    for (separator, total) in [(".", "3750"), (",", "3.75")] {
        server.sql("TRUNCATE TABLE sums");
        server.upload(thousands(separator), file).await.unwrap();
        assert_eq!(
            server.sql("SELECT sum(total), sum(part) FROM sums"),
            format!("{total}\t6.25")
        );
    }
    // One that cannot part thousands shows what the others are.
    server.sql("TRUNCATE TABLE sums");
    let clear = "id;total;part\n1;1.500;2,5\n2;2.25;3,75\n";
    server.upload(spec("sums"), clear).await.unwrap();
    assert_eq!(server.sql("SELECT sum(total) FROM sums"), "3.75");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_integer_that_a_float_does_not_hold_is_rejected_unless_it_may_be_rounded() {
    let server = TestServer::start().await;
    server.sql(
        "CREATE TABLE floats (a Float64, b Float32, c Array(Float64)) ENGINE = MergeTree ORDER BY a",
    );
    let fits = "a,b,c\n9007199254740992,16777216,[9007199254740992]\n0.1,0.123456789,[1e22]\n";
    server.upload(spec("floats"), fits).await.unwrap();
    for row in [
        "9007199254740993,1,[]",
        "1,16777217,[]",
        "1,1,[9007199254740993]",
    ] {
        let file = format!("a,b,c\n{row}\n");
        let status = server
            .upload(spec("floats"), file.as_str())
            .await
            .unwrap_err();
        assert_eq!(reason(&status), "PRECISION_LOSS", "{status}");
        assert!(status.message().contains("`--round` rounds it"), "{status}");
        let rounding = pb::UploadSpec {
            values: Some(pb::ValueOptions {
                round: true,
                ..Default::default()
            }),
            ..spec("floats")
        };
        server.upload(rounding, file.as_str()).await.unwrap();
    }
    assert_eq!(
        server.sql("SELECT sum(toInt256(a)), sum(toInt256(b)), sum(length(c)) FROM floats"),
        "18014398509481986\t33554434\t3"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_below_the_header_is_no_record() {
    let server = TestServer::start().await;
    for (table, file) in [
        (
            "psql",
            " id | name  | v\n----+-------+-----\n  1 | anna  | 1.5\n  2 | bob   | 2.5\n",
        ),
        ("sqlcmd", "id,name,v\n--,----,---\n1,anna,1.5\n2,bob,2.5\n"),
        ("sqlplus", "id;name;v\n--;----;---\n1;anna;1.5\n2;bob;2.5\n"),
    ] {
        let response = server.upload(creating(table), file).await.unwrap();
        assert_eq!(
            server.sql(&format!(
                "SELECT id, trim(name), v FROM {table} ORDER BY id"
            )),
            "1\tanna\t1.5\n2\tbob\t2.5",
            "{table}: {response:?}"
        );
    }
    // Values that are such runs are values: they stand among others.
    let file = "id,name,v\n1,---,---\n2,bob,2.5\n";
    server.upload(creating("runs"), file).await.unwrap();
    assert_eq!(server.sql("SELECT count() FROM runs"), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_behind_the_sample_never_changes_how_tabs_are_read() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE notes (id UInt32, txt String) ENGINE = MergeTree ORDER BY id");
    let mut head = String::from("id\ttxt\n");
    for row in 0..100_000 {
        writeln!(head, "{row}\tplain text").unwrap();
    }
    assert!(head.len() > 1 << 20);
    for (name, last, is_refused) in [
        ("notes.txt", "100000\ta\\nb\n", true),
        ("notes.txt", "100000\t\"quoted\"\n", true),
        ("notes.tsv", "100000\t\"quoted\"\n", true),
        ("notes.tsv", "100000\tC:\\temp\n", true),
        ("notes.txt", "100000\t5\" pipe\n", false),
        ("notes.tsv", "100000\ta\\nb\n", false),
    ] {
        let file = format!("{head}{last}");
        let loaded = server
            .upload_in(named("notes", name), file.as_bytes(), 64 << 10)
            .await;
        if is_refused {
            let status = loaded.unwrap_err();
            assert_eq!(reason(&status), "AMBIGUOUS_FILE", "{name} {last}: {status}");
            assert!(status.message().contains("line 100002"), "{status}");
            assert!(status.message().contains("--format csv"), "{status}");
            assert_eq!(
                server.sql("SELECT count() FROM notes"),
                "0",
                "{name} {last}"
            );
        } else {
            loaded.unwrap();
            assert_eq!(
                server.sql("SELECT count() FROM notes"),
                "100001",
                "{name} {last}"
            );
        }
        server.sql("TRUNCATE TABLE notes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_json_string_stays_what_it_is() {
    let server = TestServer::start().await;
    let file = "{\"pkg\":\"a\",\"version\":\"1.10\",\"sku\":\"12\",\"n\":1,\"day\":\"2024-01-02\",\"at\":\"2024-01-02T03:04:05Z\",\"ok\":\"true\",\"na\":\"NA\"}\n\
         {\"pkg\":\"b\",\"version\":\"1.9\",\"sku\":\"007\",\"n\":2,\"day\":\"2024-02-29\",\"at\":\"2024-01-02T03:04:05Z\",\"ok\":\"false\",\"na\":\"x\"}\n";
    server.upload(creating("packages"), file).await.unwrap();
    assert_eq!(
        server.sql("SELECT groupArray(version), groupArray(sku), groupArray(na) FROM packages"),
        "['1.10','1.9']\t['12','007']\t['NA','x']"
    );
    let types = "SELECT name, type FROM system.columns WHERE database = 'default' AND table = 'packages' \
         AND name IN ('n', 'day', 'at', 'ok') ORDER BY name";
    assert_eq!(
        server.sql(types),
        "at\tString\nday\tDate\nn\tInt16\nok\tString"
    );
    // A column that exists takes them as ever.
    server.sql("CREATE TABLE typed (sku UInt16, day Date) ENGINE = MergeTree ORDER BY sku");
    server
        .upload(
            spec("typed"),
            "{\"sku\":\"007\",\"day\":\"31.12.2024\"}\n{\"sku\":\"8\",\"day\":\"01.12.2024\"}\n",
        )
        .await
        .unwrap();
    assert_eq!(
        server.sql("SELECT * FROM typed ORDER BY sku"),
        "7\t2024-12-31\n8\t2024-12-01"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_longer_than_the_sample_hide_no_header() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE measured (b String, a UInt32) ENGINE = MergeTree ORDER BY a");
    let mut file = String::new();
    for line in 0..60_000 {
        writeln!(file, "# note {line} on what was measured").unwrap();
    }
    assert!(file.len() > 1 << 20);
    file.push_str("a,b\n");
    for row in 0..100 {
        writeln!(file, "{row},x").unwrap();
    }
    let loaded = server
        .upload_in(spec("measured"), file.as_bytes(), 100_000)
        .await
        .unwrap();
    assert_eq!(
        loaded.transfer.unwrap().counters.unwrap().rows_committed,
        100
    );
    assert_eq!(
        server.sql("SELECT count(), uniq(b), max(a) FROM measured"),
        "100\t1\t99"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn quotes_that_are_not_doubled_reject_their_record() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE q (id UInt8, name String, qty UInt8) ENGINE = MergeTree ORDER BY id");
    let mut file = "id,name,qty\n".to_owned();
    for id in 1..=10 {
        writeln!(file, "{id},\"pipe, steel\",{id}").unwrap();
    }
    file.push_str(
        "13,\"5\" pipe\",3\n14,\"Hat\" red,4\n15,\"he said \"no, no\" loudly\",5\n16,\"Cap\" ,6\n",
    );
    let file = file.as_str();
    let status = server.upload(spec("q"), file).await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_QUOTING", "{status}");
    assert_eq!(status.code(), Code::InvalidArgument);
    for (name, expected) in [("line", "12"), ("field", "2"), ("value", "5\" pipe")] {
        assert_eq!(metadata(&status, name), expected);
    }
    assert_eq!(server.sql("SELECT count() FROM q"), "0");

    let response = server.upload(lenient(spec("q"), 3), file).await.unwrap();
    let reasons: Vec<_> = response
        .rejected_rows
        .iter()
        .map(|row| (row.line, row.reason.as_str()))
        .collect();
    let rejected = [12, 13, 14].map(|line| (line, "INVALID_QUOTING"));
    assert_eq!(reasons, rejected);
    // Blanks behind a closing quote are nobody's.
    assert_eq!(
        server.sql("SELECT id, name FROM q WHERE id > 9"),
        "10\tpipe, steel\n16\tCap"
    );

    server.sql("TRUNCATE TABLE q");
    let taken = |spec: pb::UploadSpec| pb::UploadSpec {
        values: Some(pb::ValueOptions {
            quotes: pb::Quotes::Lenient.into(),
            ..Default::default()
        }),
        ..spec
    };
    // A delimiter that no quote protects is one all the same.
    let status = server.upload(taken(spec("q")), file).await.unwrap_err();
    assert_eq!(reason(&status), "TOO_MANY_FIELDS", "{status}");
    server
        .upload(taken(lenient(spec("q"), 1)), file)
        .await
        .unwrap();
    assert_eq!(
        server.sql("SELECT groupArray(name) FROM q WHERE id IN (13, 14)"),
        "['5\" pipe','\"Hat\" red']"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_without_a_value_are_not_filled_in_silence() {
    let server = TestServer::start().await;
    server.sql(
        "CREATE TABLE m (id UInt8, day Date, name String, note Nullable(String), \
         made DateTime DEFAULT '2020-01-01 00:00:00', twice UInt16 MATERIALIZED id * 2) \
         ENGINE = MergeTree ORDER BY id",
    );
    for file in ["id\n1\n", "ID,note\n1,x\n"] {
        let status = server.upload(spec("m"), file).await.unwrap_err();
        assert_eq!(reason(&status), "MISSING_COLUMN", "{status}");
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(metadata(&status, "columns"), "day, name");
    }
    // By position too, and when columns are chosen.
    let status = server
        .upload(with(spec("m"), headless()), "1,2024-01-01\n")
        .await
        .unwrap_err();
    assert_eq!(metadata(&status, "columns"), "name", "{status}");
    let mapping = |column: &str, source: &str| pb::ColumnMapping {
        column: column.to_owned(),
        source: source.to_owned(),
    };
    let chosen = pb::UploadSpec {
        columns: vec![mapping("id", "id"), mapping("name", "title")],
        ..spec("m")
    };
    let file = "id,day,title\n1,2024-01-02,a\n";
    let status = server.upload(chosen, file).await.unwrap_err();
    assert_eq!(metadata(&status, "columns"), "day", "{status}");
    // A dry run is the same.
    let dry = pb::UploadSpec {
        dry_run: true,
        ..spec("m")
    };
    let status = server.upload(dry, "id\n1\n").await.unwrap_err();
    assert_eq!(reason(&status), "MISSING_COLUMN", "{status}");
    assert_eq!(server.sql("SELECT count() FROM m"), "0");

    let renamed = pb::UploadSpec {
        renames: vec![mapping("name", "title")],
        ..spec("m")
    };
    server.upload(renamed.clone(), file).await.unwrap();
    assert_eq!(
        server.sql("SELECT * FROM m"),
        "1\t2024-01-02\ta\t\\N\t2020-01-01 00:00:00"
    );
    let status = server
        .upload(with(renamed, headless()), "1,2024-01-02,a\n")
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "HEADER_NOT_FOUND", "{status}");
    let meant = pb::UploadSpec {
        default_missing_columns: true,
        ..spec("m")
    };
    server.upload(meant, "id\n2\n").await.unwrap();
    assert_eq!(
        server.sql("SELECT day, name FROM m WHERE id = 2"),
        "1970-01-01\t"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_line_that_may_be_a_record_is_not_joined_to_the_header() {
    let server = TestServer::start().await;
    let mut file = "id,qty,name\nneu,offen,Pumpe\n".to_owned();
    for id in 1..=50 {
        writeln!(file, "{id},{},part {id}", id * 2).unwrap();
    }
    let file = file.as_str();
    let status = server.upload(creating("two"), file).await.unwrap_err();
    assert_eq!(reason(&status), "AMBIGUOUS_FILE", "{status}");
    assert_eq!(metadata(&status, "line"), "2");
    for option in ["--header-rows 1", "--header-rows 2"] {
        assert!(status.message().contains(option), "{status}");
    }
    let headed = |rows| pb::Dialect {
        header_rows: Some(rows),
        ..Default::default()
    };
    for (rows, expected) in [(1, "51"), (2, "50")] {
        let table = format!("two{rows}");
        server
            .upload(with(creating(&table), headed(rows)), file)
            .await
            .unwrap();
        assert_eq!(
            server.sql(&format!("SELECT count() FROM {table}")),
            expected
        );
    }
    // Names that are those of the table are the header, and what stands below is a record.
    server.sql(
        "CREATE TABLE parts (id UInt32, qty UInt32, name String) ENGINE = MergeTree ORDER BY id",
    );
    let status = server.upload(spec("parts"), file).await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_NUMBER", "{status}");
    assert_eq!(metadata(&status, "line"), "2");
    // Groups are no names by themselves.
    let groups =
        "day,,night,\nlow,high,low,high\n4.5,9.1,1.8,2.0\n4.9,8.0,1.2,3.1\n5.3,8.4,0.9,3.9\n";
    server.upload(creating("groups"), groups).await.unwrap();
    assert_eq!(server.sql("SELECT count() FROM groups"), "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn quotes_that_may_be_text_are_not_guessed_away() {
    let server = TestServer::start().await;
    let rows: String = (0..200).map(|id| format!("{id},item,plain\n")).collect();
    let half: String = (0..50)
        .map(|id| format!("{id},\"5\" pipe\",\"n\"\n"))
        .collect();
    for (file, line) in [
        // Cut off within a quoted field.
        (format!("id,kind,name\n{rows}200,item,\"cut off he"), "202"),
        (
            format!("id,kind,name\n{rows}200,item,\"never closed\n201,item,x\n"),
            "202",
        ),
    ] {
        let status = server.upload(creating("q"), file).await.unwrap_err();
        let told = reason(&status);
        assert!(
            ["AMBIGUOUS_FILE", "UNTERMINATED_QUOTE"].contains(&told.as_str()),
            "{status}"
        );
        assert_eq!(metadata(&status, "line"), line, "{status}");
    }
    let file = format!("id,kind,name\n{half}");
    let status = server
        .upload(creating("q"), file.clone())
        .await
        .unwrap_err();
    assert!(
        ["AMBIGUOUS_FILE", "INVALID_QUOTING"].contains(&reason(&status).as_str()),
        "{status}"
    );
    assert_eq!(server.sql("EXISTS TABLE q"), "0");
    // Whoever says what quotes within fields are says that there are quotes.
    let lenient = pb::UploadSpec {
        values: Some(pb::ValueOptions {
            quotes: pb::Quotes::Lenient.into(),
            ..Default::default()
        }),
        ..creating("q")
    };
    server.upload(lenient, file.clone()).await.unwrap();
    assert_eq!(
        server.sql("SELECT DISTINCT kind, name FROM q"),
        "5\" pipe\tn"
    );
    let unquoted = pb::Dialect {
        quote: Some(String::new()),
        ..Default::default()
    };
    server
        .upload(with(creating("text"), unquoted), file)
        .await
        .unwrap();
    assert_eq!(
        server.sql("SELECT DISTINCT kind, name FROM text"),
        "\"5\" pipe\"\t\"n\""
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_records_do_not_load_again_as_they_were() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE r (id UInt32, a String, b String) ENGINE = MergeTree ORDER BY id");
    let head = "id,a,b,_sluice_line,_sluice_column,_sluice_reason\n";
    for (record, why) in [
        ("2,a,\"b,c\",3,,TOO_MANY_FIELDS\n", "TOO_MANY_FIELDS"),
        ("3,z,,4,,TOO_FEW_FIELDS\n", "TOO_FEW_FIELDS"),
        ("4,\"5\"\" pipe\",x,5,,INVALID_QUOTING\n", "INVALID_QUOTING"),
    ] {
        let file = format!("{head}1,a,b,2,id,INVALID_NUMBER\n{record}");
        let status = server.upload(spec("r"), file.clone()).await.unwrap_err();
        assert_eq!(reason(&status), "UNRESOLVED_REJECT", "{status}");
        assert_eq!(metadata(&status, "rejectedFor"), why);
        assert_eq!(metadata(&status, "line"), "3");
        assert_eq!(server.sql("SELECT count() FROM r"), "0");
        server
            .upload(spec("r"), file.replace(why, ""))
            .await
            .unwrap();
        assert_eq!(server.sql("SELECT count() FROM r"), "2");
        server.sql("TRUNCATE TABLE r");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_is_no_utf8_says_where_and_both_ways_that_it_names_work() {
    let server = TestServer::start().await;
    let file = b"id,comment\n1,caf\xc3\xa9\n2,it\x92s broken\n3,plain\n";
    let status = server
        .upload(creating("stray"), &file[..])
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "INVALID_ENCODING", "{status}");
    assert_eq!(metadata(&status, "line"), "3");
    for words in ["`--encoding windows-1252`", "`--invalid-utf8 replace`"] {
        assert!(status.message().contains(words), "{status}");
    }
    for (encoding, expected) in [
        ("windows-1252", "['cafÃ©','it’s broken','plain']"),
        ("utf-8-replace", "['café','it\u{fffd}s broken','plain']"),
    ] {
        server.sql("DROP TABLE IF EXISTS stray");
        let said = pb::Dialect {
            encoding: encoding.to_owned(),
            ..Default::default()
        };
        server
            .upload(with(creating("stray"), said), &file[..])
            .await
            .unwrap();
        let found = server
            .sql("SELECT groupArray(comment) FROM (SELECT * FROM stray ORDER BY id) FORMAT TSVRaw");
        assert_eq!(found, expected, "{encoding}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_alphabets_are_found_by_their_letters() {
    let server = TestServer::start().await;
    for (label, text) in [
        ("shift_jis", "東京都の天気は晴れ、明日は雨が降るでしょう"),
        ("gbk", "北京是中华人民共和国的首都，人口超过两千万"),
        ("euc-kr", "서울은 대한민국의 수도이며 가장 큰 도시이다"),
        (
            "windows-1251",
            "Москва является столицей Российской Федерации",
        ),
    ] {
        let mut utf8 = String::from("id,text\n");
        for id in 0..20 {
            writeln!(utf8, "{id},{text}").unwrap();
        }
        let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap();
        let (bytes, _, _) = encoding.encode(&utf8);
        server.sql("DROP TABLE IF EXISTS letters");
        let done = server
            .upload(creating("letters"), bytes.into_owned())
            .await
            .unwrap_or_else(|status| panic!("{label}: {status}"));
        let found = done.profile.unwrap().dialect.unwrap().encoding;
        assert_eq!(found, label);
        let same = format!("SELECT uniqExact(text), any(text) = '{text}' FROM letters");
        assert_eq!(server.sql(&same), "1\t1", "{label}");
    }
}
