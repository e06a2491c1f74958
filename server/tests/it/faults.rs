//! Clients, files and engines that break in the middle: a precise error, and the next call works.

use std::time::Duration;

use sluice_proto::v1 as pb;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::{
    support::{TestServer, export_query, metadata, reason, spec},
    transfers::{OpenUpload, create, rows, state, until_rows_are_parsed},
};

const ID: &str = "0190a5f0-7f1a-7c00-8000-00000000000a";

/// Loads one more row: whatever went before, the server serves the next call.
async fn next_upload_works(server: &TestServer) {
    server.sql("TRUNCATE TABLE slow");
    server.upload(spec("slow"), "n,s\n7,after\n").await.unwrap();
    assert_eq!(server.sql("SELECT * FROM slow"), "7\tafter");
}

async fn ended(server: &TestServer, id: &str) -> pb::Transfer {
    for _ in 0..200 {
        let transfer = state(server, id).await;
        if transfer.state != i32::from(pb::TransferState::Running) {
            return transfer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the transfer {id} does not end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_cut_off_in_a_record_is_named_as_such() {
    let server = TestServer::start().await;
    create(&server);
    let status = server
        .upload(spec("slow"), "n,s\n1,a\n2")
        .await
        .unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("TOO_FEW_FIELDS", Code::InvalidArgument)
    );
    assert_eq!(metadata(&status, "line"), "3");
    assert!(status.message().contains("cut off"), "{status:?}");
    let quoted = pb::UploadSpec {
        dialect: Some(pb::Dialect {
            quote: Some("\"".to_owned()),
            ..Default::default()
        }),
        ..spec("slow")
    };
    let status = server
        .upload(quoted, "n,s\n1,a\n2,\"b\n3,c\n")
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "UNTERMINATED_QUOTE");
    assert_eq!(metadata(&status, "line"), "3");
    assert_eq!(metadata(&status, "byteOffset"), "8");
    next_upload_works(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_cell_in_line_3_000_001_is_found_there() {
    let server = TestServer::start().await;
    create(&server);
    let mut file = String::from("n,s\n");
    for n in 0..2_999_999 {
        file.push_str(itoa::Buffer::new().format(n));
        file.push_str(",x\n");
    }
    let offset = file.len();
    file.push_str("4294967296,x\n1,x\n");
    let status = server.upload(spec("slow"), &file).await.unwrap_err();
    assert_eq!(reason(&status), "OVERFLOW");
    assert_eq!(metadata(&status, "line"), "3000001");
    assert_eq!(metadata(&status, "byteOffset"), offset.to_string());
    assert_eq!(metadata(&status, "value"), "4294967296");
    assert_eq!(metadata(&status, "column"), "n");
    next_upload_works(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_does_not_exist_is_named() {
    let server = TestServer::start().await;
    create(&server);
    let status = server.upload(spec("nowhere"), "a\n1\n").await.unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("TABLE_NOT_FOUND", Code::NotFound)
    );
    assert!(metadata(&status, "table").contains("nowhere"));
    let table = Some(pb::TableRef {
        database: "no_db".to_owned(),
        table: "t".to_owned(),
    });
    let elsewhere = pb::UploadSpec {
        table,
        ..Default::default()
    };
    let status = server.upload(elsewhere, "a\n1\n").await.unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("DATABASE_NOT_FOUND", Code::NotFound)
    );
    next_upload_works(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_vanishes_ends_its_transfer() {
    let server = TestServer::start().await;
    create(&server);
    let upload = OpenUpload::begin(&server, "slow", ID).await;
    upload.data(format!("n,s\n{}", rows())).await;
    until_rows_are_parsed(&server, ID).await;
    upload.hang_up().await;
    let transfer = ended(&server, ID).await;
    assert_eq!(transfer.state(), pb::TransferState::Interrupted);
    assert_eq!(transfer.error.unwrap().reason, "CLIENT_GONE");
    let queries = "SELECT count() FROM system.processes WHERE query_kind = 'Insert'";
    assert_eq!(server.sql(queries), "0");
    next_upload_works(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_falls_silent_is_ended() {
    let limit = Duration::from_millis(300);
    let server = TestServer::start_with(|config| config.rpc.idle_timeout = limit).await;
    create(&server);
    let upload = OpenUpload::begin(&server, "slow", ID).await;
    upload.data("n,s\n1,a\n").await;
    let status = upload.call.await.unwrap().unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("IDLE_TIMEOUT", Code::DeadlineExceeded)
    );
    next_upload_works(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_killed_in_a_direct_upload_is_an_error_and_comes_back() {
    let server = TestServer::start().await;
    create(&server);
    let direct = pb::UploadSpec {
        transfer_id: ID.to_owned(),
        commit_mode: pb::CommitMode::Direct.into(),
        ..spec("slow")
    };
    let upload = OpenUpload::begin_with(&server, direct).await;
    upload.data(format!("n,s\n{}", rows())).await;
    until_rows_are_parsed(&server, ID).await;
    kill(server.engine_process);
    drop(upload.messages);
    let status = upload.call.await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert_eq!(reason(&status), "CLICKHOUSE_UNAVAILABLE");
    // Nobody is asked to send it again if some of its rows may be there.
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_ne!(
        details.retry_info().is_some(),
        info.metadata.contains_key("rowsLeft"),
        "{status:?}"
    );
    // The next call waits for the engine that is starting again.
    server.upload(spec("slow"), "n,s\n7,after\n").await.unwrap();
    assert_eq!(
        server.sql("SELECT s FROM slow WHERE n = 7 AND s = 'after'"),
        "after"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_killed_in_an_export_is_an_error_and_comes_back() {
    let server = TestServer::start().await;
    let query = export_query("SELECT number FROM system.numbers");
    let mut messages = server
        .ingest()
        .await
        .export(query)
        .await
        .unwrap()
        .into_inner();
    for _ in 0..5 {
        messages.message().await.unwrap().unwrap();
    }
    kill(server.engine_process);
    let status = loop {
        match messages.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the export ended as if it were whole"),
            Err(status) => break status,
        }
    };
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert_eq!(reason(&status), "CLICKHOUSE_UNAVAILABLE");
    let exported = server
        .export(export_query("SELECT 1 AS one"))
        .await
        .unwrap();
    assert_eq!(exported.text(), "one\n1\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_in_the_wrong_order_are_refused() {
    let server = TestServer::start().await;
    create(&server);
    let mut client = server.ingest().await;
    let data = pb::upload_request::Payload::Data(bytes::Bytes::from_static(b"n,s\n"));
    let data = pb::UploadRequest {
        payload: Some(data),
    };
    let spec = pb::UploadRequest {
        payload: Some(pb::upload_request::Payload::Spec(spec("slow"))),
    };
    for messages in [
        vec![],
        vec![data.clone()],
        vec![spec.clone(), data, spec.clone()],
    ] {
        let status = client
            .upload(tokio_stream::iter(messages))
            .await
            .unwrap_err();
        assert_eq!(
            (reason(&status).as_str(), status.code()),
            ("INVALID_REQUEST", Code::InvalidArgument)
        );
    }
    next_upload_works(&server).await;
}

fn kill(process: u32) {
    let status = std::process::Command::new("kill")
        .args(["-9", &process.to_string()])
        .status();
    assert!(status.unwrap().success());
}
