//! Command lines and the requests that they become.

use clap::{CommandFactory as _, Parser as _};
use sluice_proto::v1::{CommitMode, Format, export_request};

use super::{Action, Cli, Endpoint, Settings};

fn resolve(line: &[&str]) -> Settings {
    let cli = Cli::try_parse_from([&["sluice"], line].concat()).unwrap();
    Settings::resolve(cli).unwrap()
}

#[test]
fn the_flags_are_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn an_upload_asks_only_for_what_was_given() {
    let settings = resolve(&["upload", "dir/x.csv", "--table", "db.t"]);
    let Action::Upload(upload) = settings.action else {
        panic!("not an upload");
    };
    assert_eq!(upload.input, Endpoint::Path("dir/x.csv".into()));
    assert_eq!(upload.spec.source_name, "x.csv");
    assert_eq!(upload.spec.commit_mode(), CommitMode::Unspecified);
    assert!(upload.spec.columns.is_empty() && !upload.spec.create_table);
    let dialect = upload.spec.dialect.unwrap();
    assert_eq!(dialect.format(), Format::Csv);
    assert_eq!(
        (dialect.delimiter, dialect.quote, dialect.header),
        (None, None, None)
    );
    assert_eq!(
        uuid::Uuid::parse_str(&upload.spec.transfer_id)
            .unwrap()
            .get_version_num(),
        7
    );
}

#[test]
fn an_upload_carries_every_flag() {
    let settings = resolve(&[
        "upload",
        "-",
        "-t",
        "t",
        "--create",
        "--format",
        "tsv",
        "--delimiter",
        r"\t",
        "--quote",
        "",
        "--no-header",
        "--columns",
        "a=1,b=2",
        "--commit",
        "direct",
        "--transfer-id",
        "0190d3a0-0000-7000-8000-000000000001",
    ]);
    let Action::Upload(upload) = settings.action else {
        panic!("not an upload");
    };
    assert_eq!(upload.input, Endpoint::Standard);
    assert_eq!(upload.spec.commit_mode(), CommitMode::Direct);
    assert_eq!(
        upload.spec.transfer_id,
        "0190d3a0-0000-7000-8000-000000000001"
    );
    assert_eq!(upload.spec.columns.len(), 2);
    assert!(upload.spec.create_table);
    let dialect = upload.spec.dialect.unwrap();
    assert_eq!(dialect.format(), Format::Tsv);
    assert_eq!(dialect.delimiter.as_deref(), Some("\t"));
    assert_eq!(dialect.quote.as_deref(), Some(""));
    assert_eq!(dialect.header, Some(false));
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
        resolve(&["--server", "db:50051", "ping"]).server,
        "http://db:50051"
    );
    let cli = Cli::try_parse_from(["sluice", "--server", "https://db", "ping"]).unwrap();
    assert!(Settings::resolve(cli).is_err());
}
