//! How the server ends: it lets transfers end, and stops those that outlast the limit.

use std::time::{Duration, Instant};

use tonic::Code;
use tonic_types::StatusExt as _;

use crate::{
    support::{TestServer, reason, spec},
    transfers::{OpenUpload, create, rows, until_rows_are_parsed},
};

const ID: &str = "0190a5f0-7f1a-7c00-8000-00000000000b";

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_ends_in_time_is_not_disturbed() {
    let mut server = TestServer::start().await;
    create(&server);
    let upload = OpenUpload::begin(&server, "slow", ID).await;
    upload.data(format!("n,s\n{}", rows())).await;
    until_rows_are_parsed(&server, ID).await;
    let mut late = server.ingest().await;
    server.shutdown.cancel();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let messages = crate::support::upload_messages(spec("slow"), b"n,s\n1,a\n", 100);
    let refused = late.upload(tokio_stream::iter(messages)).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    drop(upload.messages);
    let response = upload.call.await.unwrap().unwrap();
    assert_eq!(
        response.transfer.unwrap().counters.unwrap().rows_committed,
        150_000
    );
    server.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_outlasts_the_limit_ends_with_a_hint_to_retry() {
    let limit = Duration::from_millis(300);
    let mut server = TestServer::start_with(|config| config.drain_timeout = limit).await;
    create(&server);
    let upload = OpenUpload::begin(&server, "slow", ID).await;
    upload.data(format!("n,s\n{}", rows())).await;
    until_rows_are_parsed(&server, ID).await;
    let asked = Instant::now();
    server.shutdown.cancel();
    let status = upload.call.await.unwrap().unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("SHUTTING_DOWN", Code::Unavailable)
    );
    assert!(status.get_error_details().retry_info().is_some());
    server.ended().await;
    assert!(
        asked.elapsed() < Duration::from_secs(20),
        "{:?}",
        asked.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_server_ends_at_once() {
    let mut server = TestServer::start().await;
    let asked = Instant::now();
    server.shutdown.cancel();
    server.ended().await;
    assert!(
        asked.elapsed() < Duration::from_secs(10),
        "{:?}",
        asked.elapsed()
    );
}
