//! A connection that acts as its caller by `EXECUTE AS`, which only a ClickHouse like those of the cluster takes.

use std::{fs, path::Path, process::Command};

use sluice_proto::v1::{
    self as pb, catalog_service_client::CatalogServiceClient, export_request::Source,
    export_response::Payload, ingest_service_client::IngestServiceClient,
};
use tempfile::TempDir;
use tonic::{Code, Request, Status, transport::Channel};

use crate::{
    modes::{content, content_of, file},
    nodes::Cluster,
    service::{Service, messages, spec},
};

const SCOPES: &str = "ingest:upload,ingest:export,catalog:read";

/// A caller with a token.
struct Caller {
    channel: Channel,
    token: String,
}

impl Caller {
    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let token = format!("Bearer {}", self.token).parse().unwrap();
        request.metadata_mut().insert("authorization", token);
        request
    }

    async fn check(&self) -> Result<pb::CheckConnectionResponse, Status> {
        let mut client = CatalogServiceClient::new(self.channel.clone());
        let request = self.request(pb::CheckConnectionRequest::default());
        Ok(client.check_connection(request).await?.into_inner())
    }

    async fn tables(&self, database: &str) -> Result<Vec<String>, Status> {
        let mut client = CatalogServiceClient::new(self.channel.clone());
        let request = self.request(pb::ListTablesRequest {
            database: database.to_owned(),
            ..Default::default()
        });
        let tables = client.list_tables(request).await?.into_inner().tables;
        let names = tables.into_iter().map(|table| table.table.unwrap().table);
        Ok(names.collect())
    }

    async fn export(&self, source: Source) -> Result<String, Status> {
        let mut client = IngestServiceClient::new(self.channel.clone());
        let request = self.request(pb::ExportRequest {
            source: Some(source),
            ..Default::default()
        });
        let mut messages = client.export(request).await?.into_inner();
        let mut text = Vec::new();
        while let Some(message) = messages.message().await? {
            if let Some(Payload::Data(data)) = message.payload {
                text.extend_from_slice(&data);
            }
        }
        Ok(String::from_utf8(text).unwrap())
    }

    async fn upload(
        &self,
        database: &str,
        mode: pb::CommitMode,
        file: &[u8],
    ) -> Result<pb::Transfer, Status> {
        let mut client = IngestServiceClient::new(self.channel.clone());
        let messages = messages(&spec(database, "t", mode), file);
        let request = self.request(tokio_stream::iter(messages));
        let answer = client.upload(request).await?.into_inner();
        Ok(answer.transfer.unwrap())
    }
}

fn table(database: &str) -> Source {
    Source::Table(pb::TableSource {
        table: Some(pb::TableRef {
            database: database.to_owned(),
            table: "t".to_owned(),
        }),
        ..Default::default()
    })
}

/// A token of a user, by the server's own program.
fn token(key: &Path, user: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_sluice-server"))
        .args(["token", "--key", key.to_str().unwrap()])
        .args(["--subject", user, "--clickhouse-user", user])
        .args(["--scopes", SCOPES])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn is_denied(status: &Status) -> bool {
    matches!(status.code(), Code::PermissionDenied | Code::NotFound)
}

#[tokio::test(flavor = "multi_thread")]
async fn caller_sees_and_loads_what_his_user_may() {
    let cluster = Cluster::start();
    if !cluster.is_ours() {
        return;
    }
    let node = &cluster.nodes[0];
    for database in ["alice", "bob"] {
        node.sql(&format!("CREATE DATABASE {database}"));
        node.sql(&format!(
            "CREATE TABLE {database}.t (d Date, n UInt64, s String) ORDER BY n"
        ));
        node.sql(&format!(
            "INSERT INTO {database}.t VALUES ('2024-01-01', 7, '{database}')"
        ));
    }
    let dir = TempDir::new().unwrap();
    let (key, config) = (dir.path().join("key"), dir.path().join("config.toml"));
    fs::write(&key, "0123456789abcdef0123456789abcdef").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&key, mode).unwrap();
    let text = format!(
        "auth-secret-file = \"{}\"\n[connections.default]\nurl = \"{}\"\nidentity = \"impersonate\"\n",
        key.display(),
        node.url
    );
    fs::write(&config, text).unwrap();
    let service = Service::start_with_file(&config);
    let alice = Caller {
        channel: service.channel(),
        token: token(&key, "alice"),
    };

    let checked = alice.check().await.unwrap();
    assert_eq!(checked.user, "alice");
    assert_eq!(alice.tables("alice").await.unwrap(), ["t"]);
    let exported = alice.export(table("alice")).await.unwrap();
    assert!(exported.ends_with("2024-01-01,7,alice\n"), "{exported}");
    let denied = alice.export(table("bob")).await.unwrap_err();
    assert!(is_denied(&denied), "{denied:?}");
    let sum = Source::Query("SELECT sum(n) AS n FROM alice.t".to_owned());
    assert_eq!(alice.export(sum).await.unwrap(), "n\n7\n");
    let others = Source::Query("SELECT * FROM bob.t".to_owned());
    let denied = alice.export(others).await.unwrap_err();
    assert!(is_denied(&denied), "{denied:?}");

    node.sql("TRUNCATE TABLE alice.t");
    let auto = pb::CommitMode::Unspecified;
    let loaded = alice.upload("alice", auto, &file(5_000)).await.unwrap();
    assert_eq!(loaded.commit_mode(), pb::CommitMode::Atomic);
    let found = content(node, "alice.t");
    assert!(found.starts_with(&content_of(5_000)), "{found}");
    let denied = alice.upload("bob", auto, &file(10)).await.unwrap_err();
    assert!(is_denied(&denied), "{denied:?}");
    assert!(content(node, "bob.t").starts_with("1\t"));
}
