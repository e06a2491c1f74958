//! Callers who want to see, end or go on with the transfers of others.

use bytes::Bytes;
use sluice_proto::v1 as pb;
use tonic::Code;
use uuid::Uuid;

use super::kit::{ALL, Ingest, Site, USUAL, connection_to, refused, spec, through, upload};
use crate::support::hosted::HostedEngine;

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

/// A site with another ClickHouse, `prod`, that has a table `sales.t` too.
async fn site_and_prod() -> (Site, HostedEngine) {
    let tables = "CREATE DATABASE sales; \
                  CREATE TABLE sales.t (a Int32) ENGINE = MergeTree ORDER BY a; ";
    let prod = HostedEngine::start("", None, tables);
    let url = prod.url.clone();
    let site = Site::start_with(|config| {
        let connection = connection_to(&url, "default", "");
        config.connections.insert("prod".to_owned(), connection);
    });
    (site.await, prod)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_found_through_its_own_connection_only() {
    let (site, prod) = site_and_prod().await;
    let mut alice = site.ingest(&site.alice()).await;
    let begin = pb::BeginUploadRequest {
        spec: Some(spec("sales", "t")),
    };
    let begun = alice.begin_upload(through("prod", begin)).await.unwrap();
    let id = begun.into_inner().transfer_id;
    let append = || pb::AppendUploadRequest {
        transfer_id: id.clone(),
        data: Bytes::from_static(b"a\n7\n"),
        ..Default::default()
    };
    let finish = || pb::FinishUploadRequest {
        transfer_id: id.clone(),
        total_bytes: 4,
        crc32c: None,
    };
    let get = || pb::GetTransferRequest {
        transfer_id: id.clone(),
    };
    let unknown = |outcome: Result<(), tonic::Status>| {
        refused(outcome, Code::NotFound, "TRANSFER_NOT_FOUND");
    };
    unknown(alice.append_upload(append()).await.map(drop));
    unknown(alice.finish_upload(finish()).await.map(drop));
    unknown(alice.get_transfer(get()).await.map(drop));
    let watch = pb::WatchTransferRequest {
        transfer_id: id.clone(),
        interval: None,
    };
    unknown(alice.watch_transfer(watch).await.map(drop));
    let cancel = pb::CancelTransferRequest {
        transfer_id: id.clone(),
    };
    unknown(alice.cancel_transfer(cancel).await.map(drop));
    let rejects = pb::ListRejectedRowsRequest {
        transfer_id: id.clone(),
        as_csv: false,
    };
    unknown(alice.list_rejected_rows(rejects).await.map(drop));
    let again = pb::UploadSpec {
        transfer_id: id.clone(),
        ..spec("sales", "t")
    };
    let begin = pb::BeginUploadRequest { spec: Some(again) };
    alice.begin_upload(begin).await.unwrap_err();
    assert!(ids(&mut alice, "default").await.is_empty());

    assert_eq!(ids(&mut alice, "prod").await, [id.as_str()]);
    alice.get_transfer(through("prod", get())).await.unwrap();
    alice
        .append_upload(through("prod", append()))
        .await
        .unwrap();
    alice
        .finish_upload(through("prod", finish()))
        .await
        .unwrap();
    // Also what the journal alone knows.
    assert_eq!(prod.sql("SELECT sum(a) FROM sales.t"), "7");
    assert_eq!(site.server.sql("SELECT count() FROM sales.t"), "0");
    unknown(alice.get_transfer(get()).await.map(drop));
    alice.get_transfer(through("prod", get())).await.unwrap();
}

async fn ids(client: &mut Ingest, connection: &str) -> Vec<String> {
    let request = through(connection, pb::ListTransfersRequest::default());
    let listed = client.list_transfers(request).await.unwrap().into_inner();
    let ids = listed.transfers.into_iter();
    ids.map(|transfer| transfer.transfer_id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_name_from_two_issuers_is_two_callers() {
    let site = Site::start_with(|config| {
        let tokens = config.access.tokens.as_mut().unwrap();
        tokens.issuers = vec!["issuer-one".to_owned(), "issuer-two".to_owned()];
        config.access.requests_per_second = 1;
    })
    .await;
    let mut first = site
        .ingest(&site.token_from("issuer-one", "alice", USUAL))
        .await;
    let mut second = site
        .ingest(&site.token_from("issuer-two", "alice", ALL))
        .await;
    let done = upload(&mut first, spec("sales", "t")).await.unwrap();
    let transfer = done.transfer.unwrap();
    assert_eq!(transfer.owner, "issuer-one#alice");
    // Who calls too often keeps nobody else from calling.
    let get = || pb::GetTransferRequest {
        transfer_id: transfer.transfer_id.clone(),
    };
    let mut limited = first.get_transfer(get()).await;
    for _ in 0..1_000 {
        if limited.is_err() {
            break;
        }
        limited = first.get_transfer(get()).await;
    }
    refused(limited, Code::ResourceExhausted, "RATE_LIMITED");
    let own = pb::ListTransfersRequest {
        owner: "issuer-two#alice".to_owned(),
        ..Default::default()
    };
    let listed = second.list_transfers(own).await.unwrap().into_inner();
    assert!(listed.transfers.is_empty(), "{listed:?}");
    let mut other = site
        .ingest(&site.token_from("issuer-two", "bob", USUAL))
        .await;
    other.get_transfer(get()).await.unwrap_err();
    // The same name of the other issuer, without the right to manage.
    let mut same = site
        .ingest(&site.token_from("issuer-two", "alice", USUAL))
        .await;
    refused(same.get_transfer(get()).await, DENIED, WHY);
}
