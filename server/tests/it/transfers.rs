//! Looking at transfers while they run and after, and ending them.

use std::time::Duration;

use bytes::Bytes;
use sluice_proto::v1::{self as pb, upload_request::Payload};
use sluice_server::task;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, IntoStreamingRequest as _, Status};

use crate::support::{TestServer, export_query, metadata, reason, spec, upload_messages};

const ID: &str = "0190a5f0-7f1a-7c00-8000-000000000001";

/// An upload whose messages the test sends one by one.
pub(crate) struct OpenUpload {
    pub(crate) messages: mpsc::Sender<pb::UploadRequest>,
    pub(crate) call: tokio::task::JoinHandle<Result<pb::UploadResponse, Status>>,
}

impl OpenUpload {
    pub(crate) async fn begin(server: &TestServer, table: &str, id: &str) -> Self {
        let spec = pb::UploadSpec {
            transfer_id: id.to_owned(),
            ..spec(table)
        };
        Self::begin_with(server, spec).await
    }

    pub(crate) async fn begin_with(server: &TestServer, spec: pb::UploadSpec) -> Self {
        let (messages, receiver) = mpsc::channel(1);
        let mut client = server.ingest().await;
        let call = task::spawn("upload", async move {
            let response = client.upload(ReceiverStream::new(receiver)).await;
            response.map(tonic::Response::into_inner)
        });
        let open = Self { messages, call };
        open.send(upload_messages(spec, b"", 1).remove(0)).await;
        open
    }

    /// Hangs up in the middle of the file: the call is gone before its stream ends, which would be the end
    /// of the file.
    pub(crate) async fn hang_up(self) {
        self.call.abort();
        assert!(self.call.await.unwrap_err().is_cancelled());
        drop(self.messages);
    }

    pub(crate) async fn send(&self, message: pb::UploadRequest) {
        self.messages.send(message).await.unwrap();
    }

    pub(crate) async fn data(&self, data: impl Into<Bytes>) {
        let payload = Some(Payload::Data(data.into()));
        self.send(pb::UploadRequest { payload }).await;
    }
}

/// A megabyte and a half of rows: more than one batch.
pub(crate) fn rows() -> String {
    (0..150_000).map(|n| format!("{n},abcde\n")).collect()
}

pub(crate) fn create(server: &TestServer) {
    server.sql("CREATE TABLE slow (n UInt32, s String) ENGINE = MergeTree ORDER BY n");
}

fn get(id: &str) -> pb::GetTransferRequest {
    pb::GetTransferRequest {
        transfer_id: id.to_owned(),
    }
}

pub(crate) async fn state(server: &TestServer, id: &str) -> pb::Transfer {
    let response = server.ingest().await.get_transfer(get(id)).await.unwrap();
    response.into_inner().transfer.unwrap()
}

/// Waits until a transfer is as wanted; it may not have arrived yet.
pub(crate) async fn until(
    server: &TestServer,
    id: &str,
    is_so: impl Fn(&pb::Transfer) -> bool,
) -> pb::Transfer {
    let mut client = server.ingest().await;
    let mut last = None;
    for _ in 0..3_000 {
        let found = client.get_transfer(get(id)).await.ok();
        let found = found.and_then(|found| found.into_inner().transfer);
        match found {
            Some(transfer) if is_so(&transfer) => return transfer,
            other => last = other,
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the transfer {id} stays {last:?}");
}

/// Waits until it has this state.
pub(crate) async fn until_state(
    server: &TestServer,
    id: &str,
    wanted: pb::TransferState,
) -> pb::Transfer {
    until(server, id, |transfer| transfer.state() == wanted).await
}

/// Waits until so many rows of an upload are on their way.
pub(crate) async fn until_rows_are_staged(server: &TestServer, id: &str, rows: i64) {
    let are_staged = |transfer: &pb::Transfer| {
        let counters = transfer.counters.as_ref();
        counters.is_some_and(|counters| counters.rows_staged >= rows)
    };
    until(server, id, are_staged).await;
}

/// Waits until the server has counted rows of this upload.
pub(crate) async fn until_rows_are_parsed(server: &TestServer, id: &str) {
    let are_parsed = |transfer: &pb::Transfer| {
        let counters = transfer.counters.as_ref();
        counters.is_some_and(|counters| counters.rows_parsed > 0)
    };
    until(server, id, are_parsed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_told_its_id_at_once() {
    let server = TestServer::start().await;
    create(&server);
    let (messages, stream) = mpsc::channel(4);
    let first = pb::UploadRequest {
        payload: Some(Payload::Spec(spec("slow"))),
    };
    messages.send(first).await.unwrap();
    let mut client = tonic::client::Grpc::new(server.channel().await);
    client.ready().await.unwrap();
    let path = "/sluice.v1.IngestService/Upload".parse().unwrap();
    let codec = tonic_prost::ProstCodec::<pb::UploadRequest, pb::UploadResponse>::default();
    let call = client.streaming(
        ReceiverStream::new(stream).into_streaming_request(),
        path,
        codec,
    );
    let call = tokio::time::timeout(Duration::from_secs(30), call).await;
    let response = call.expect("headers come before the file").unwrap();
    let id = response.metadata().get("sluice-transfer-id").unwrap();
    let id = id.to_str().unwrap().to_owned();
    assert_eq!(
        state(&server, &id).await.state(),
        pb::TransferState::Running
    );
    let rows = pb::UploadRequest {
        payload: Some(Payload::Data(rows().into())),
    };
    messages.send(rows).await.unwrap();
    drop(messages);
    let loaded = response.into_inner().message().await.unwrap().unwrap();
    let transfer = loaded.transfer.unwrap();
    assert_eq!(transfer.transfer_id, id);
    assert_eq!(server.sql("SELECT count() FROM slow"), "150000");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_counters_of_an_upload_can_be_watched_while_it_runs() {
    let server = TestServer::start().await;
    create(&server);
    let upload = OpenUpload::begin(&server, "slow", ID).await;
    upload.data(format!("n,s\n{}", rows())).await;
    until_rows_are_parsed(&server, ID).await;
    let interval = Some(prost_types::Duration {
        seconds: 0,
        nanos: 100_000_000,
    });
    let watch = pb::WatchTransferRequest {
        transfer_id: ID.to_owned(),
        interval,
    };
    let mut watch = server
        .ingest()
        .await
        .watch_transfer(watch)
        .await
        .unwrap()
        .into_inner();
    let seen = watch.message().await.unwrap().unwrap().transfer.unwrap();
    assert_eq!(seen.state, i32::from(pb::TransferState::Running));
    let counters = seen.counters.unwrap();
    assert!(
        counters.rows_parsed > 0 && counters.bytes_received > 1_000_000,
        "{counters:?}"
    );
    assert_eq!(counters.rows_committed, 0);
    drop(upload.messages);
    upload.call.await.unwrap().unwrap();
    let mut last = None;
    while let Some(message) = watch.message().await.unwrap() {
        last = message.transfer;
    }
    let last = last.unwrap();
    assert_eq!(last.state, i32::from(pb::TransferState::Succeeded));
    assert_eq!(last.counters.unwrap().rows_committed, 150_000);
    let late = pb::WatchTransferRequest {
        transfer_id: ID.to_owned(),
        interval: None,
    };
    let mut late = server
        .ingest()
        .await
        .watch_transfer(late)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        late.message()
            .await
            .unwrap()
            .unwrap()
            .transfer
            .unwrap()
            .state,
        last.state
    );
    assert!(
        late.message().await.unwrap().is_none(),
        "one final state for a late watcher"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_upload_ends_within_a_second() {
    let server = TestServer::start().await;
    create(&server);
    let upload = OpenUpload::begin(&server, "slow", ID).await;
    upload.data(format!("n,s\n{}", rows())).await;
    until_rows_are_parsed(&server, ID).await;
    let asked = std::time::Instant::now();
    let cancel = pb::CancelTransferRequest {
        transfer_id: ID.to_owned(),
    };
    let cancelled = server
        .ingest()
        .await
        .cancel_transfer(cancel.clone())
        .await
        .unwrap();
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "{:?}",
        asked.elapsed()
    );
    let transfer = cancelled.into_inner().transfer.unwrap();
    assert_eq!(transfer.state, i32::from(pb::TransferState::Cancelled));
    assert_eq!(transfer.error.unwrap().reason, "TRANSFER_CANCELLED");
    let status = upload.call.await.unwrap().unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("TRANSFER_CANCELLED", Code::Cancelled)
    );
    let again = server.ingest().await.cancel_transfer(cancel).await.unwrap();
    let again = again.into_inner().transfer.unwrap();
    assert_eq!(
        again.state,
        i32::from(pb::TransferState::Cancelled),
        "cancelling is idempotent"
    );
}

/// A cancellation that comes while the upload of a client that has gone is being interrupted.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_just_interrupted_is_cancelled_all_the_same() {
    let server = TestServer::start().await;
    create(&server);
    for delay in (0..24).step_by(2) {
        let id = uuid::Uuid::now_v7().to_string();
        let upload = OpenUpload::begin(&server, "slow", &id).await;
        upload.data(format!("n,s\n{}", rows())).await;
        until_rows_are_parsed(&server, &id).await;
        upload.call.abort();
        tokio::time::sleep(Duration::from_millis(delay)).await;
        let cancel = pb::CancelTransferRequest {
            transfer_id: id.clone(),
        };
        let cancelled = server.ingest().await.cancel_transfer(cancel).await.unwrap();
        let told = cancelled.into_inner().transfer.unwrap().state;
        let cancelled = i32::from(pb::TransferState::Cancelled);
        assert_eq!(told, cancelled, "after {delay} ms");
        assert_eq!(state(&server, &id).await.state, cancelled);
    }
    assert_eq!(server.sql("SELECT count() FROM slow"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_are_listed_in_pages_the_newest_first() {
    let server = TestServer::start().await;
    create(&server);
    for n in 0..5 {
        let spec = pb::UploadSpec {
            source_name: format!("{n}.csv"),
            ..spec("slow")
        };
        server.upload(spec, "n,s\n1,a\n").await.unwrap();
    }
    let mut names = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListTransfersRequest {
            page_size: 2,
            page_token,
            ..Default::default()
        };
        let page = server
            .ingest()
            .await
            .list_transfers(request)
            .await
            .unwrap()
            .into_inner();
        assert!(page.transfers.len() <= 2);
        names.extend(
            page.transfers
                .into_iter()
                .map(|transfer| transfer.source_name),
        );
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(names, ["4.csv", "3.csv", "2.csv", "1.csv", "0.csv"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_are_unique_and_checked() {
    let server = TestServer::start().await;
    create(&server);
    let named = pb::UploadSpec {
        transfer_id: ID.to_owned(),
        ..spec("slow")
    };
    let mut export = export_query("SELECT 1");
    export.transfer_id = ID.to_owned();
    server.export(export).await.unwrap();
    let status = server.upload(named, "n,s\n1,a\n").await.unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("TRANSFER_EXISTS", Code::AlreadyExists)
    );
    let mut client = server.ingest().await;
    let status = client.get_transfer(get("nonsense")).await.unwrap_err();
    assert_eq!(reason(&status), "INVALID_REQUEST");
    let unknown = "0190a5f0-7f1a-7c00-8000-00000000ffff";
    let status = client.get_transfer(get(unknown)).await.unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("TRANSFER_NOT_FOUND", Code::NotFound)
    );
    assert_eq!(metadata(&status, "transferId"), unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_transfers_run_as_are_allowed() {
    let server = TestServer::start_with(|config| {
        config.transfer.max_transfers = 2;
        config.transfer.queue_timeout = Duration::from_millis(100);
    })
    .await;
    create(&server);
    let id = |n: u32| format!("0190a5f0-7f1a-7c00-8000-00000000000{n}");
    let mut open = Vec::new();
    for n in 1..=2 {
        let upload = OpenUpload::begin(&server, "slow", &id(n)).await;
        upload.data(format!("n,s\n{}", rows())).await;
        until_rows_are_parsed(&server, &id(n)).await;
        open.push(upload);
    }
    let status = server.upload(spec("slow"), "n,s\n1,a\n").await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(reason(&status), "TOO_MANY_TRANSFERS");
    assert_eq!(metadata(&status, "limit"), "2");
    let upload = open.pop().unwrap();
    drop(upload.messages);
    upload.call.await.unwrap().unwrap();
    server.upload(spec("slow"), "n,s\n1,a\n").await.unwrap();
}
