//! Files from which no row is loaded, in the mode REPLACE: refused before anything is taken away.

use sluice_proto::v1 as pb;
use tonic::Code;

use crate::{
    support::{TestServer, counters, metadata, reason, spec},
    transfers::state,
};

fn id(number: usize) -> String {
    format!("0190a5f0-7f1a-7c00-8000-0000000000e{number}")
}

async fn server() -> TestServer {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE t (n UInt8, s String) ENGINE = MergeTree ORDER BY n");
    server.sql("INSERT INTO t VALUES (1, 'old'), (2, 'old')");
    server
}

/// Each upload has an id of its own: one that was refused is used up.
fn replace(number: usize) -> pb::UploadSpec {
    pb::UploadSpec {
        commit_mode: pb::CommitMode::Replace.into(),
        transfer_id: id(number),
        rejects: Some(pb::RejectPolicy {
            max_rows: None,
            max_share: Some(1.0),
        }),
        ..spec("t")
    }
}

fn staging_tables(server: &TestServer) -> String {
    server.sql("SELECT count() FROM system.tables WHERE name LIKE '\\_sluice\\_staging%'")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_row_replaces_no_table_unless_that_is_meant() {
    let server = server().await;
    let files = [("n,s\n", "0"), ("n,s\n300,a\nx,b\n", "2")];
    for (number, (file, rejected)) in files.into_iter().enumerate() {
        let status = server.upload(replace(number), file).await.unwrap_err();
        assert_eq!(
            (reason(&status).as_str(), status.code()),
            ("EMPTY_REPLACEMENT", Code::FailedPrecondition)
        );
        assert_eq!(metadata(&status, "table"), "default.t");
        assert_eq!(metadata(&status, "rejected"), rejected);
        assert_eq!(server.sql("SELECT count() FROM t WHERE s = 'old'"), "2");
        assert_eq!(staging_tables(&server), "0");
        let transfer = state(&server, &id(number)).await;
        assert_eq!(transfer.state(), pb::TransferState::Failed);
    }

    // One row is enough: the old ones go.
    let response = server
        .upload(replace(2), "n,s\n300,a\n7,b\n")
        .await
        .unwrap();
    assert_eq!(counters(&response).rows_committed, 1);
    assert_eq!(server.sql("SELECT n, s FROM t"), "7\tb");

    let meant = pb::UploadSpec {
        allow_empty: true,
        transfer_id: String::new(),
        ..replace(3)
    };
    let response = server.upload(meant, "n,s\n300,a\n").await.unwrap();
    assert_eq!(counters(&response).rows_committed, 0);
    assert_eq!(counters(&response).rows_rejected, 1);
    assert_eq!(server.sql("SELECT count() FROM t"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_a_byte_is_refused_in_any_case() {
    let server = server().await;
    let meant = pb::UploadSpec {
        allow_empty: true,
        ..replace(3)
    };
    let status = server.upload(meant, "").await.unwrap_err();
    assert_eq!(reason(&status), "EMPTY_FILE");
    assert_eq!(server.sql("SELECT count() FROM t"), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_nothing_away_may_be_empty() {
    let server = server().await;
    for mode in [pb::CommitMode::Atomic, pb::CommitMode::Direct] {
        let upload = pb::UploadSpec {
            commit_mode: mode.into(),
            ..spec("t")
        };
        for (file, format) in [
            ("n,s\n", pb::Format::Unspecified),
            ("", pb::Format::Unspecified),
            ("\n\n", pb::Format::Csv),
            ("", pb::Format::Tsv),
            ("\u{feff}", pb::Format::Unspecified),
        ] {
            let upload = pb::UploadSpec {
                dialect: Some(pb::Dialect {
                    format: format.into(),
                    ..Default::default()
                }),
                ..upload.clone()
            };
            let response = server.upload(upload, file).await.unwrap();
            assert_eq!(counters(&response).rows_committed, 0, "{file:?}");
            let bytes = response.account.unwrap().text_bytes;
            assert_eq!(usize::try_from(bytes).unwrap(), file.len(), "{file:?}");
            assert_eq!(server.sql("SELECT count() FROM t"), "2");
        }
    }
}
