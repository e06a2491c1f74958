//! Callers who want to see, end or go on with the transfers of others.

use bytes::Bytes;
use sluice_proto::v1 as pb;
use tonic::Code;
use uuid::Uuid;

use super::kit::{ALL, Site, USUAL, refused, spec, upload};

const DENIED: Code = Code::PermissionDenied;
const WHY: &str = "TRANSFER_NOT_OWNED";

/// An upload of alice that is open, and one that is done.
async fn begun(site: &Site) -> [String; 2] {
    let mut alice = site.ingest(&site.alice()).await;
    let done = upload(&mut alice, spec("sales", "t")).await.unwrap();
    let request = pb::BeginUploadRequest {
        spec: Some(spec("sales", "t")),
    };
    let open = alice.begin_upload(request).await.unwrap().into_inner();
    [open.transfer_id, done.transfer.unwrap().transfer_id]
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_of_others_are_out_of_reach() {
    let site = Site::start().await;
    let ids = begun(&site).await;
    let mut mallory = site.ingest(&site.token("mallory", USUAL, None)).await;
    for id in ids.clone() {
        let id = || id.clone();
        let get = pb::GetTransferRequest { transfer_id: id() };
        refused(mallory.get_transfer(get).await, DENIED, WHY);
        let watch = pb::WatchTransferRequest {
            transfer_id: id(),
            interval: None,
        };
        refused(mallory.watch_transfer(watch).await.map(drop), DENIED, WHY);
        let cancel = pb::CancelTransferRequest { transfer_id: id() };
        refused(mallory.cancel_transfer(cancel).await, DENIED, WHY);
        let rejects = pb::ListRejectedRowsRequest {
            transfer_id: id(),
            as_csv: false,
        };
        refused(
            mallory.list_rejected_rows(rejects).await.map(drop),
            DENIED,
            WHY,
        );
        let append = pb::AppendUploadRequest {
            transfer_id: id(),
            data: Bytes::from_static(b"a\n7\n"),
            ..Default::default()
        };
        refused(mallory.append_upload(append).await, DENIED, WHY);
        let finish = pb::FinishUploadRequest {
            transfer_id: id(),
            ..Default::default()
        };
        refused(mallory.finish_upload(finish).await, DENIED, WHY);
        let again = pb::UploadSpec {
            transfer_id: id(),
            ..spec("sales", "t")
        };
        let status = upload(&mut mallory, again.clone()).await.unwrap_err();
        assert_eq!(status.code(), Code::AlreadyExists, "{status:?}");
        let begin = pb::BeginUploadRequest { spec: Some(again) };
        mallory.begin_upload(begin).await.unwrap_err();
    }
    let listed = mallory
        .list_transfers(pb::ListTransfersRequest::default())
        .await
        .unwrap();
    assert!(listed.into_inner().transfers.is_empty());
    let of_alice = pb::ListTransfersRequest {
        owner: "alice".to_owned(),
        ..Default::default()
    };
    refused(mallory.list_transfers(of_alice).await, DENIED, WHY);
    let mut alice = site.ingest(&site.alice()).await;
    let listed = alice
        .list_transfers(pb::ListTransfersRequest::default())
        .await
        .unwrap();
    assert_eq!(listed.into_inner().transfers.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_sees_the_transfers_of_its_tables_only() {
    let site = Site::start().await;
    let [open, _] = begun(&site).await;
    let get = || pb::GetTransferRequest {
        transfer_id: open.clone(),
    };
    let mut manager = site.ingest(&site.token("boss", ALL, None)).await;
    manager.get_transfer(get()).await.unwrap();
    let mut limited = site.ingest(&site.token("hr", ALL, Some(&["hr.*"]))).await;
    refused(limited.get_transfer(get()).await, DENIED, WHY);
    let listed = limited
        .list_transfers(pb::ListTransfersRequest::default())
        .await
        .unwrap();
    assert!(listed.into_inner().transfers.is_empty());
    let cancel = pb::CancelTransferRequest { transfer_id: open };
    manager.cancel_transfer(cancel).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_that_nobody_has_or_that_are_none_are_refused() {
    let site = Site::start().await;
    let mut mallory = site.ingest(&site.token("mallory", ALL, None)).await;
    let get = pb::GetTransferRequest {
        transfer_id: Uuid::nil().to_string(),
    };
    refused(
        mallory.get_transfer(get).await,
        Code::NotFound,
        "TRANSFER_NOT_FOUND",
    );
    for id in ["", "1' OR '1'='1", "../../etc/passwd", &"a".repeat(10_000)] {
        let get = pb::GetTransferRequest {
            transfer_id: id.to_owned(),
        };
        refused(
            mallory.get_transfer(get).await,
            Code::InvalidArgument,
            "INVALID_REQUEST",
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_outlives_its_token_only_by_the_grace() {
    let site = Site::start_with(|config| {
        config.access.grace = std::time::Duration::from_secs(1);
    })
    .await;
    let [open, _] = begun(&site).await;
    let ttl = std::time::Duration::from_secs(1);
    let token = site.token_for("alice", USUAL, Some(&["sales.*"]), ttl);
    let mut alice = site.ingest(&token).await;
    let watch = pb::WatchTransferRequest {
        transfer_id: open,
        interval: None,
    };
    let mut states = alice.watch_transfer(watch).await.unwrap().into_inner();
    let begun = std::time::Instant::now();
    let status = loop {
        match states.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the watch ended by itself"),
            Err(status) => break status,
        }
    };
    assert!(begun.elapsed() < std::time::Duration::from_secs(10));
    refused(Err::<(), _>(status), Code::Unauthenticated, "TOKEN_EXPIRED");
}
