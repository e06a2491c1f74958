//! What ClickHouse itself allows the user or role of a call: quotas and row policies.

use sluice_proto::v1 as pb;
use sluice_server::guard::AllowList;
use tonic::{Code, Request, Status};

use super::kit::{Ingest, Site, USUAL, connection_to, preview, spec, through, with};
use crate::support::{
    Exported, export_table, hosted::HostedEngine, metadata, reason, upload_messages,
};

/// `rare` may ask twelve times an hour; `service` sees the rows that its roles let it see.
const USERS: &str = "<users>\
     <default><no_password/><networks><ip>::/0</ip></networks><access_management>1</access_management></default>\
     <rare><password>seldom</password><networks><ip>::/0</ip></networks><quota>twelve</quota>\
       <grants><query>GRANT SELECT, INSERT ON default.*</query></grants></rare>\
     <south><password>south</password><networks><ip>::/0</ip></networks>\
       <databases><default><t><filter>a > 1</filter></t></default></databases>\
       <grants><query>GRANT SELECT ON default.*</query></grants></south>\
     </users>\
     <profiles><default></default></profiles>\
     <quotas><default></default><twelve><interval><duration>3600</duration>\
       <queries>12</queries></interval></twelve></quotas>";

struct Stage {
    other: HostedEngine,
    site: Site,
}

impl Stage {
    async fn set() -> Self {
        let other = HostedEngine::start("", Some(USERS), "");
        other.sql("CREATE TABLE t (a Int32) ENGINE = MergeTree ORDER BY a");
        other.sql("INSERT INTO t VALUES (1), (2), (3)");
        let host = other.url.trim_start_matches("http://").to_owned();
        let south = connection_to(&other.url, "south", "south");
        let site = Site::start_with(|config| {
            config.adhoc = Some(AllowList::parse(&[host]).unwrap());
            config.connections.insert("south".to_owned(), south);
        })
        .await;
        Self { other, site }
    }

    async fn ingest(&self) -> Ingest {
        let token = self.site.token("alice", USUAL, None);
        self.site.ingest(&token).await
    }

    /// A request as the user whose quota is small.
    fn as_rare<T>(&self, message: T) -> Request<T> {
        let headers = [
            ("sluice-clickhouse-url", self.other.url.as_str()),
            ("sluice-clickhouse-user", "rare"),
            ("sluice-clickhouse-password", "seldom"),
        ];
        with(message, &headers)
    }
}

/// The rows of an export.
async fn rows(ingest: &mut Ingest, request: Request<pb::ExportRequest>) -> Result<i64, Status> {
    let exported = Exported::of(ingest.export(request).await?).await?;
    Ok(exported.row_count())
}

fn used_up(status: &Status) {
    let told = (status.code(), reason(status));
    assert_eq!(
        told,
        (Code::ResourceExhausted, "CLICKHOUSE_RESOURCES".to_owned()),
        "{status:?}"
    );
    assert_eq!(metadata(status, "clickhouseName"), "QUOTA_EXCEEDED");
    for part in ["quota", "wait until its interval ends"] {
        assert!(status.message().contains(part), "{status:?}");
    }
    // Seconds later it would be the same.
    let details = tonic_types::StatusExt::get_error_details(status);
    assert!(details.retry_info().is_none(), "{status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_is_used_up_is_said_so() {
    let stage = Stage::set().await;
    let mut ingest = stage.ingest().await;
    let mut exports = 0;
    let status = loop {
        match rows(&mut ingest, stage.as_rare(export_table("t"))).await {
            Ok(rows) => assert_eq!(rows, 3),
            Err(status) => break status,
        }
        exports += 1;
        assert!(exports < 12, "there is no quota");
    };
    assert!(exports > 0, "{status:?}");
    used_up(&status);

    let messages = upload_messages(spec("default", "t"), b"a\n9\n", 1024);
    let begun = std::time::Instant::now();
    let call = ingest.upload(stage.as_rare(tokio_stream::iter(messages)));
    used_up(&call.await.unwrap_err());
    // Nobody waits for a quota as for a ClickHouse that starts again.
    assert!(begun.elapsed() < std::time::Duration::from_secs(5));
    assert_eq!(stage.other.sql("SELECT count() FROM t"), "3");
    stage.site.check_alive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_policy_limits_what_is_exported_and_shown() {
    let stage = Stage::set().await;
    let mut ingest = stage.ingest().await;
    let seen = rows(&mut ingest, through("south", export_table("t"))).await;
    assert_eq!(seen.unwrap(), 2);
    let token = stage.site.token("alice", USUAL, None);
    let request = through("south", preview("default", "t"));
    let seen = stage.site.catalog(&token).await.preview_rows(request).await;
    let rows = seen.unwrap().into_inner().rows;
    let cells: Vec<_> = rows.iter().map(|row| row.cells[0].text()).collect();
    assert_eq!(cells, ["2", "3"]);
}
