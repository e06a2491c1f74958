//! Command lines and the requests that they become.

use std::time::Duration;

use clap::{CommandFactory as _, Parser as _};
use sluice_proto::v1::{
    ColumnValueOptions, CommitMode, Compression, Dialect, ExportRequest, ExportStyle, Format,
    LineEnd, ListTransfersRequest, QuoteStyle, Quotes, Ragged, TableRef, TransferKind,
    TransferState, UploadSpec, ValueOptions, export_request,
};

use super::value::FullScan;
use super::{Action, Cli, Endpoint, Question, Settings, Upload, Work};

/// A command line, with no profiles.
fn parse(line: &[&str]) -> Result<Cli, clap::Error> {
    Cli::try_parse_from([&["sluice", "--config", "/dev/null"], line].concat())
}

fn resolve(line: &[&str]) -> Work {
    match Settings::resolve(parse(line).unwrap()).unwrap() {
        Settings::Work(work) => *work,
        Settings::Print(page) => panic!("{page:?}"),
    }
}

#[test]
fn the_flags_are_consistent() {
    Cli::command().debug_assert();
}

fn upload(flags: &[&str]) -> Upload {
    let settings = resolve(&[&["upload", "dir/x.csv", "--table", "db.t"], flags].concat());
    match settings.action {
        Action::Upload(upload) => *upload,
        action => panic!("{action:?}"),
    }
}

fn export(flags: &[&str]) -> ExportRequest {
    let settings = resolve(&[&["export", "--table", "db.t"], flags].concat());
    match settings.action {
        Action::Export(export) => export.request,
        action => panic!("{action:?}"),
    }
}

/// A command line that is refused, by clap or by the settings.
#[track_caller]
fn refuse(line: &[&str]) {
    if let Ok(cli) = parse(line) {
        assert!(Settings::resolve(cli).is_err(), "{line:?}");
    }
}

#[test]
fn an_upload_asks_only_for_what_was_given() {
    let upload = upload(&[]);
    assert_eq!(upload.input, Endpoint::Path("dir/x.csv".into()));
    let id = uuid::Uuid::parse_str(&upload.spec.transfer_id).unwrap();
    assert_eq!(id.get_version_num(), 7);
    assert_eq!(upload.full_scan, FullScan::UpTo(64 << 20));
    assert!(upload.rejects.is_none() && upload.create_statement.is_none());
    let expected = UploadSpec {
        transfer_id: upload.spec.transfer_id.clone(),
        table: upload.spec.table.clone(),
        source_name: "x.csv".to_owned(),
        dialect: Some(Dialect::default()),
        values: Some(ValueOptions::default()),
        ..UploadSpec::default()
    };
    assert_eq!(upload.spec, expected);
}

#[test]
fn an_upload_carries_what_it_loads() {
    let settings = resolve(&["upload", "-", "-t", "t"]);
    let Action::Upload(piped) = settings.action else {
        panic!("not an upload");
    };
    assert_eq!(
        (piped.input, piped.spec.source_name),
        (Endpoint::Standard, "-".to_owned())
    );
    let id = "0190d3a0-0000-7000-8000-000000000001";
    let chosen = [
        "--columns",
        "a=1,b=2",
        "--commit",
        "direct",
        "--transfer-id",
        id,
    ];
    let spec = upload(&chosen).spec;
    assert_eq!(spec.commit_mode(), CommitMode::Direct);
    assert_eq!((spec.transfer_id.as_str(), spec.columns.len()), (id, 2));
    let all = [
        "--create",
        "--dry-run",
        "--no-sniff",
        "--ignore-extra",
        "--full-scan",
    ];
    let upload = upload(&[&all[..], &["--rejects", "bad.csv"]].concat());
    assert!(upload.spec.create_table && upload.spec.dry_run && upload.spec.ignore_extra_fields);
    assert_eq!(upload.spec.sniff, Some(false));
    assert_eq!(upload.full_scan, FullScan::Always);
    assert_eq!(upload.rejects, Some("bad.csv".into()));
}

#[test]
fn an_upload_is_resumed_by_its_id() {
    let plain = upload(&[]);
    assert!(!plain.resume);
    assert_eq!(plain.retry_time, Duration::from_secs(300));
    let id = "0190d3a0-0000-7000-8000-000000000001";
    let resumed = upload(&["--resume", id, "--retry-time", "0"]);
    assert_eq!(
        (resumed.spec.transfer_id.as_str(), resumed.resume),
        (id, true)
    );
    assert_eq!(resumed.retry_time, Duration::ZERO);
    refuse(&["upload", "-", "-t", "t", "--resume", id]);
    refuse(&[
        "upload",
        "x",
        "-t",
        "t",
        "--resume",
        id,
        "--transfer-id",
        id,
    ]);
    refuse(&["upload", "x", "-t", "t", "--resume", id, "--dry-run"]);
    refuse(&["export", "-t", "t", "-o", "-", "--resume"]);
}

#[test]
fn a_list_asks_only_for_what_was_given() {
    let list = |flags: &[&str]| {
        let settings = resolve(&[&["transfers", "list"], flags].concat());
        match settings.action {
            Action::Ask(Question::TransferList(list)) => *list,
            action => panic!("{action:?}"),
        }
    };
    let plain = list(&[]);
    assert_eq!((plain.request, plain.limit), (Default::default(), None));
    let flags = "--state failed,interrupted --state committing --kind export -t db.t --owner me \
                 --limit 7 --page-token x";
    let flags: Vec<_> = flags.split_ascii_whitespace().collect();
    let chosen = list(&flags);
    assert_eq!(chosen.limit, Some(7));
    let states = [
        TransferState::Failed,
        TransferState::Interrupted,
        TransferState::Committing,
    ];
    let request = ListTransfersRequest {
        page_size: 0,
        page_token: "x".to_owned(),
        states: states.map(i32::from).to_vec(),
        kind: TransferKind::Export.into(),
        table: Some(TableRef {
            database: "db".to_owned(),
            table: "t".to_owned(),
        }),
        owner: "me".to_owned(),
    };
    assert_eq!(chosen.request, request);
    refuse(&["transfers", "list", "--limit", "0"]);
}

#[test]
fn an_upload_carries_every_flag_of_the_dialect() {
    let flags = [
        "--format=csv",
        "--delimiter=||",
        "--quote=",
        "--escape=\\",
        "--comment=//",
        "--skip-lines=3",
        "--header-rows=2",
        "--skip-initial-space",
        "--row-names",
        "--end-line=99",
        "--encoding=Windows-1252",
        "--compression=gzip",
        "--sheet=Umsatz 2024",
        "--range=A1:F200",
    ];
    let expected = Dialect {
        format: Format::Csv.into(),
        delimiter: Some("||".to_owned()),
        quote: Some(String::new()),
        header_rows: Some(2),
        escape: Some("\\".to_owned()),
        comment: Some("//".to_owned()),
        skip_lines: Some(3),
        skip_initial_space: Some(true),
        row_names: Some(true),
        end_line: Some(99),
        encoding: "windows-1252".to_owned(),
        compression: Compression::Gzip.into(),
        sheet: "Umsatz 2024".to_owned(),
        range: "A1:F200".to_owned(),
    };
    assert_eq!(upload(&flags).spec.dialect, Some(expected));
    let dialect = upload(&["--no-header", "--skip-initial-space=false"])
        .spec
        .dialect;
    let expected = Dialect {
        header_rows: Some(0),
        skip_initial_space: Some(false),
        row_names: None,
        ..Dialect::default()
    };
    assert_eq!(dialect, Some(expected));
}

#[test]
fn an_upload_carries_every_flag_of_the_values() {
    let flags = [
        "--null=NA",
        "--null=-",
        "--null=",
        "--empty-as-default",
        "--trim",
        "--decimal-comma",
        "--date-format=a=%d/%m/%Y",
        "--date-format=b=epoch_ms",
        "--thousands=,",
        "--thousands=a= ",
        "--strip-units",
        "--list-separator=c=; ",
        "--excel-text=false",
        "--true=ja",
        "--false=nein",
        "--round",
        "--ragged=pad",
        "--quotes=lenient",
    ];
    let column = |column: &str| ColumnValueOptions {
        column: column.to_owned(),
        ..ColumnValueOptions::default()
    };
    let columns = vec![
        ColumnValueOptions {
            date_format: "%d/%m/%Y".to_owned(),
            thousands: Some(" ".to_owned()),
            ..column("a")
        },
        ColumnValueOptions {
            date_format: "epoch_ms".to_owned(),
            ..column("b")
        },
        ColumnValueOptions {
            list_separator: Some("; ".to_owned()),
            ..column("c")
        },
    ];
    let expected = ValueOptions {
        null_markers: vec!["NA".to_owned(), "-".to_owned()],
        trim: true,
        decimal_comma: Some(true),
        true_words: vec!["ja".to_owned()],
        false_words: vec!["nein".to_owned()],
        round: true,
        empty_as_default: true,
        ragged: Ragged::Pad.into(),
        quotes: Quotes::Lenient.into(),
        thousands: Some(",".to_owned()),
        strip_units: true,
        excel_text: Some(false),
        columns,
    };
    assert_eq!(upload(&flags).spec.values, Some(expected));
    let values = upload(&["--decimal-comma=false"]).spec.values.unwrap();
    assert_eq!(values.decimal_comma, Some(false));
}

#[test]
fn a_policy_is_a_number_or_a_share() {
    let policy = |text| upload(&["--max-rejects", text]).spec.rejects.unwrap();
    assert_eq!(
        (policy("10").max_rows, policy("10").max_share),
        (Some(10), None)
    );
    assert_eq!(
        (policy("5%").max_rows, policy("5%").max_share),
        (None, Some(0.05))
    );
}

#[test]
fn flags_of_an_upload_that_do_not_go_together_are_refused() {
    let cases: [&[&str]; 17] = [
        &["--no-header", "--header-rows", "1"],
        &["--header-rows", "5"],
        &["--skip-lines", "-1"],
        &["--end-line", "0"],
        &["--delimiter", "123456789"],
        &["--encoding", ""],
        &["--compression", "lz4"],
        &["--decimal-comma=yes"],
        &["--date-format", "a=%d", "--date-format", "a=%Y"],
        &["--ragged", "drop"],
        &["--max-rejects", "101%"],
        &["--rejects", "-"],
        &["--full-scan"],
        &["--create-statement", "t.sql"],
        &["--create", "--full-scan", "--create-statement", "t.sql"],
        &["--format", "ndjson", "--delimiter", ","],
        &["--format", "parquet"],
    ];
    for flags in cases {
        refuse(&[&["upload", "x.csv", "--table", "t"], flags].concat());
    }
    refuse(&["upload", "-", "--table", "t", "--create", "--full-scan"]);
}

#[test]
fn an_inspection_carries_what_is_known() {
    let line = [
        "inspect",
        "x.csv",
        "--delimiter",
        ";",
        "--trim",
        "--rows",
        "3",
    ];
    let more = ["--table", "t", "--columns", "a", "--sample-bytes", "2M"];
    let Action::Inspect(inspect) = resolve(&[&line[..], &more].concat()).action else {
        panic!("not an inspection");
    };
    assert_eq!(inspect.sample_bytes, 2 << 20);
    assert!(!inspect.statement_only);
    let request = inspect.request;
    assert_eq!((request.row_count, request.columns.len()), (3, 1));
    assert_eq!(request.table.unwrap().table, "t");
    assert_eq!(request.dialect.unwrap().delimiter.as_deref(), Some(";"));
    assert!(request.values.unwrap().trim);
    refuse(&["inspect", "x.csv", "--rows", "0"]);
    refuse(&["inspect", "x.csv", "--sample-bytes", "9M"]);
    refuse(&["inspect", "x.csv", "--columns", "a"]);
    refuse(&["--json", "inspect", "x.csv", "--create-statement"]);
}

#[test]
fn an_export_of_a_table_is_typed() {
    let settings = resolve(&[
        "export",
        "-t",
        "db.t",
        "--columns",
        "b,a",
        "--where",
        "a = 1",
        "--where",
        "b IS NULL",
        "--order-by",
        "a,b:desc",
        "--limit",
        "0",
        "-o",
        "-",
    ]);
    let Action::Export(export) = settings.action else {
        panic!("not an export");
    };
    assert_eq!(export.output, Endpoint::Standard);
    assert!(!export.reads_what_it_writes);
    let Some(export_request::Source::Table(source)) = export.request.source else {
        panic!("not a table");
    };
    assert_eq!(source.columns, ["b", "a"]);
    assert_eq!(source.r#where.len(), 2);
    assert_eq!(source.order_by.len(), 2);
    assert_eq!(source.limit, Some(0));
}

#[test]
fn an_export_carries_every_flag_of_the_form() {
    let flags = [
        "--output=out.csv",
        "--format=csv",
        "--delimiter=semicolon",
        "--quote='",
        "--escape=\\",
        "--no-header",
        "--null=NULL",
        "--line-end=crlf",
        "--quote-style=non-numeric",
        "--excel-safe",
        "--encoding=utf-8-bom",
        "--compression=zstd",
        "--compression-level=9",
    ];
    let request = export(&flags);
    let expected = Dialect {
        format: Format::Csv.into(),
        delimiter: Some(";".to_owned()),
        quote: Some("'".to_owned()),
        header_rows: Some(0),
        escape: Some("\\".to_owned()),
        encoding: "utf-8-bom".to_owned(),
        compression: Compression::Zstd.into(),
        ..Dialect::default()
    };
    assert_eq!(request.dialect, Some(expected));
    let expected = ExportStyle {
        line_end: LineEnd::Crlf.into(),
        quote_style: QuoteStyle::NonNumeric.into(),
        excel_safe: true,
        null_marker: Some("NULL".to_owned()),
        compression_level: Some(9),
    };
    assert_eq!(request.style, Some(expected));
}

#[test]
fn the_name_of_the_file_tells_the_compression() {
    let cases: [(&[&str], Compression); 7] = [
        (&["-o", "-"], Compression::None),
        (&["-o", "a.csv"], Compression::None),
        (&["-o", "a.csv.gz"], Compression::Gzip),
        (&["-o", "A.CSV.GZ"], Compression::Gzip),
        (&["-o", "a.csv.zst"], Compression::Zstd),
        (&["-o", "a.gz", "--compression", "none"], Compression::None),
        (&["-o", "-", "--compression", "gzip"], Compression::Gzip),
    ];
    for (flags, expected) in cases {
        let dialect = export(flags).dialect.unwrap();
        assert_eq!(dialect.compression(), expected, "{flags:?}");
    }
}

#[test]
fn the_name_of_the_file_tells_the_format() {
    let cases: [(&[&str], Format); 9] = [
        (&["-o", "-"], Format::Csv),
        (&["-o", "a"], Format::Csv),
        (&["-o", "a.txt"], Format::Csv),
        (&["-o", "A.TSV"], Format::Tsv),
        (&["-o", "a.tab.gz"], Format::Tsv),
        (&["-o", "a.ndjson"], Format::Ndjson),
        (&["-o", "a.jsonl.zst"], Format::Ndjson),
        (&["-o", "a.tsv", "--format", "csv"], Format::Csv),
        (&["-o", "a.xlsx", "--format", "csv"], Format::Csv),
    ];
    for (flags, expected) in cases {
        let dialect = export(flags).dialect.unwrap();
        assert_eq!(dialect.format(), expected, "{flags:?}");
    }
    for name in [
        "a.xlsx",
        "a.XLS",
        "a.ods",
        "a.parquet",
        "a.json.gz",
        "a.csv.xz",
        "a.csv.bz2",
        "a.zip",
    ] {
        refuse(&["export", "--table", "t", "-o", name]);
    }
}

#[test]
fn flags_of_an_export_that_do_not_go_together_are_refused() {
    let cases: [&[&str]; 6] = [
        &["--compression-level", "3"],
        &["--compression", "gzip", "--compression-level", "10"],
        &["--format", "ndjson", "--no-header"],
        &["--format", "ndjson", "--null", "NULL"],
        &["--line-end", "lfcr"],
        &["--quote-style", "never"],
    ];
    for flags in cases {
        refuse(&[&["export", "--table", "t", "-o", "-"], flags].concat());
    }
}

#[test]
fn a_query_takes_no_filter() {
    for flags in [
        ["--where", "a = 1"],
        ["--limit", "1"],
        ["--columns", "a"],
        ["--order-by", "a"],
    ] {
        let line = [
            &["sluice", "export", "--query", "SELECT 1", "-o", "-"][..],
            &flags,
        ]
        .concat();
        assert!(Cli::try_parse_from(line).is_err(), "{flags:?}");
    }
}

#[test]
fn a_server_without_a_scheme_is_http() {
    assert_eq!(
        resolve(&["--server", "db:50051", "ping"]).server.url,
        "http://db:50051"
    );
    refuse(&["--server", "ftp://db", "ping"]);
}
