//! A server that asks for tokens, and callers with tokens of all kinds.

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::ExposeSecret as _;
use sluice_proto::v1::{
    self as pb, catalog_service_client::CatalogServiceClient,
    ingest_service_client::IngestServiceClient,
};
use sluice_server::{
    auth::{
        AuthConfig, KeySource,
        mint::{MintRequest, SigningKey, mint},
    },
    config::{Config, ConnectionConfig, Identity},
    engine::Secret,
};
use tempfile::TempDir;
use tonic::{
    Code, Request, Status,
    metadata::AsciiMetadataValue,
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};

use crate::support::{TestServer, reason};

/// The secret that signs the tokens.
pub(crate) const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef0123456789abcdef";

/// Everything that there is to be allowed.
pub(super) const ALL: &str = "ingest:upload ingest:export catalog:read transfers:manage";

/// What most callers are allowed.
pub(crate) const USUAL: &str = "ingest:upload ingest:export catalog:read";

/// Adds a header to each call.
#[derive(Clone)]
pub(super) struct Bearer(pub(super) Option<AsciiMetadataValue>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(value) = &self.0 {
            request
                .metadata_mut()
                .insert("authorization", value.clone());
        }
        Ok(request)
    }
}

pub(super) type Ingest = IngestServiceClient<InterceptedService<Channel, Bearer>>;
pub(super) type Catalog = CatalogServiceClient<InterceptedService<Channel, Bearer>>;

/// A server with tokens, and the tables `sales.t` and `hr.salaries`.
pub(super) struct Site {
    pub(super) server: TestServer,
    pub(super) directory: TempDir,
}

impl Site {
    pub(super) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(super) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let directory = TempDir::new().unwrap();
        let secret = directory.path().join("secret");
        write_secret(&secret, SECRET);
        let server = TestServer::start_with(|config| {
            config.access.tokens = Some(AuthConfig::new(vec![secret_source(secret)]));
            change(config);
        })
        .await;
        for statement in [
            "CREATE DATABASE sales",
            "CREATE DATABASE hr",
            "CREATE TABLE sales.t (a Int32) ENGINE = MergeTree ORDER BY a",
            "CREATE TABLE hr.salaries (a Int32) ENGINE = MergeTree ORDER BY a",
            "INSERT INTO hr.salaries VALUES (1000000)",
        ] {
            server.sql(statement);
        }
        Self { server, directory }
    }

    /// A token that is valid for an hour.
    pub(super) fn token(&self, subject: &str, scopes: &str, tables: Option<&[&str]>) -> String {
        self.token_for(subject, scopes, tables, Duration::from_secs(3600))
    }

    pub(super) fn token_for(
        &self,
        subject: &str,
        scopes: &str,
        tables: Option<&[&str]>,
        ttl: Duration,
    ) -> String {
        let tables = tables.map(|tables| tables.iter().map(|text| text.parse().unwrap()).collect());
        self.mint(&MintRequest {
            tables,
            ttl,
            ..request(subject, scopes)
        })
    }

    /// A token whose owner acts with a role of ClickHouse.
    pub(super) fn token_with_role(&self, subject: &str, role: &str) -> String {
        self.mint(&MintRequest {
            clickhouse_role: Some(role.to_owned()),
            ..request(subject, USUAL)
        })
    }

    /// A token of an issuer.
    pub(super) fn token_from(&self, issuer: &str, subject: &str, scopes: &str) -> String {
        self.mint(&MintRequest {
            issuer: Some(issuer.to_owned()),
            ..request(subject, scopes)
        })
    }

    fn mint(&self, request: &MintRequest) -> String {
        mint_with(&self.directory.path().join("secret"), request)
    }

    pub(super) async fn ingest(&self, token: &str) -> Ingest {
        IngestServiceClient::with_interceptor(self.server.channel().await, bearer(token))
    }

    pub(super) async fn catalog(&self, token: &str) -> Catalog {
        CatalogServiceClient::with_interceptor(self.server.channel().await, bearer(token))
    }

    /// A caller who may do what most may, with the tables of `sales`.
    pub(super) fn alice(&self) -> String {
        self.token("alice", USUAL, Some(&["sales.*"]))
    }

    /// Fails unless the server still serves.
    pub(super) async fn check_alive(&self) {
        let token = self.token("probe", ALL, None);
        let mut catalog = self.catalog(&token).await;
        catalog
            .check_connection(pb::CheckConnectionRequest::default())
            .await
            .unwrap();
    }
}

/// A token of a caller for every table.
pub(crate) fn token_of(secret: &Path, subject: &str, scopes: &str) -> String {
    mint_with(secret, &request(subject, scopes))
}

fn mint_with(secret: &Path, request: &MintRequest) -> String {
    let key = SigningKey::read(secret, None).unwrap();
    mint(&key, request).unwrap().expose_secret().to_owned()
}

/// Writes a file that only its owner can read.
pub(crate) fn write_secret(file: &Path, content: &[u8]) {
    std::fs::write(file, content).unwrap();
    std::fs::set_permissions(file, Permissions::from_mode(0o600)).unwrap();
}

fn request(subject: &str, scopes: &str) -> MintRequest {
    MintRequest {
        subject: subject.to_owned(),
        scopes: scopes.parse().unwrap(),
        tables: None,
        connections: None,
        clickhouse_role: None,
        clickhouse_user: None,
        ttl: Duration::from_secs(3600),
        issuer: None,
        audiences: Vec::new(),
        key_id: None,
    }
}

pub(crate) fn secret_source(file: PathBuf) -> KeySource {
    KeySource::Secret {
        file,
        algorithm: jsonwebtoken::Algorithm::HS256,
    }
}

pub(super) fn bearer(token: &str) -> Bearer {
    Bearer(Some(format!("Bearer {token}").parse().unwrap()))
}

/// Fails unless the call was refused with this code and reason.
pub(super) fn refused<T: std::fmt::Debug>(outcome: Result<T, Status>, code: Code, why: &str) {
    let status = outcome.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (code, why),
        "{status:?}"
    );
}

/// A connection of the configuration, with the identity of its own user.
pub(crate) fn connection_to(url: &str, user: &str, password: &str) -> ConnectionConfig {
    ConnectionConfig {
        urls: vec![url.to_owned()],
        database: "default".to_owned(),
        user: user.to_owned(),
        password_file: None,
        password: Secret::new(password.to_owned()),
        ca_file: None,
        identity: Identity::Service,
        callers: None,
        max_transfers: None,
    }
}

/// A request with headers.
pub(super) fn with<T>(message: T, headers: &[(&'static str, &str)]) -> Request<T> {
    let mut request = Request::new(message);
    for (name, value) in headers {
        request.metadata_mut().insert(*name, value.parse().unwrap());
    }
    request
}

/// A request to work with a connection.
pub(super) fn through<T>(connection: &str, message: T) -> Request<T> {
    with(message, &[("sluice-connection", connection)])
}

pub(super) fn table(database: &str, table: &str) -> pb::TableRef {
    pb::TableRef {
        database: database.to_owned(),
        table: table.to_owned(),
    }
}

pub(super) fn spec(database: &str, name: &str) -> pb::UploadSpec {
    pb::UploadSpec {
        table: Some(table(database, name)),
        ..Default::default()
    }
}

pub(super) fn export(database: &str, name: &str) -> pb::ExportRequest {
    crate::support::export_source(pb::TableSource {
        table: Some(table(database, name)),
        ..Default::default()
    })
}

pub(super) fn preview(database: &str, name: &str) -> pb::PreviewRowsRequest {
    pb::PreviewRowsRequest {
        source: Some(pb::preview_rows_request::Source::Table(table(
            database, name,
        ))),
        ..Default::default()
    }
}

/// Loads a small file.
pub(super) async fn upload(
    client: &mut Ingest,
    spec: pb::UploadSpec,
) -> Result<pb::UploadResponse, Status> {
    let messages = crate::support::upload_messages(spec, b"a\n1\n", 1024);
    let call = client.upload(tokio_stream::iter(messages)).await;
    call.map(tonic::Response::into_inner)
}
