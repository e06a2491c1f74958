//! A real server in this process, with an embedded engine and clients for both services.

pub(crate) mod balanced;
pub(crate) mod faulty;
pub(crate) mod gate;
pub(crate) mod hosted;
#[path = "../chaos/proxy.rs"]
#[expect(dead_code, reason = "`make chaos` does more with it")]
pub(crate) mod proxy;

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use sluice_proto::v1::{
    self as pb, catalog_service_client::CatalogServiceClient, export_response,
    ingest_service_client::IngestServiceClient, list_rejected_rows_response, upload_request,
};
use sluice_server::{
    app::App,
    config::{Config, Invocation},
    engine::{Engine, EngineConfig, RemoteConfig, Secret},
    task,
};
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::OnceCell, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tonic::{Status, transport::Channel};
use tonic_types::StatusExt as _;

/// The ClickHouse library that `make engine` installs.
pub(crate) fn library() -> PathBuf {
    let package = "engine/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so";
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join(package);
    assert!(
        library.exists(),
        "{} is missing: run `make engine`",
        library.display()
    );
    library
}

static SHARED: OnceCell<SharedEngine> = OnceCell::const_new();

/// The address of an engine that all tests of this process share, with its password; it ends with the
/// process.
pub(crate) async fn engine_url() -> String {
    url_with_password(&SHARED.get_or_init(SharedEngine::start).await.engine)
}

/// The address of an engine as `post` takes it: `http://user:password@host:port`.
pub(crate) fn url_with_password(engine: &Engine) -> String {
    let endpoint = engine.endpoint();
    let password = endpoint.password.expose();
    let address = endpoint.url.trim_start_matches("http://");
    format!("http://{}:{password}@{address}", endpoint.user)
}

/// A directory in which that engine may read files.
pub(crate) async fn engine_dir() -> PathBuf {
    let shared = SHARED.get_or_init(SharedEngine::start).await;
    shared.data_dir.path().join("user_files")
}

/// The same user at another address.
pub(crate) fn at_address(url: &str, address: SocketAddr) -> String {
    match url.trim_start_matches("http://").split_once('@') {
        Some((identity, _)) => format!("http://{identity}@{address}"),
        None => format!("http://{address}"),
    }
}

/// The same address with another user, who has the same password.
pub(crate) fn as_user(url: &str, user: &str) -> String {
    let (bare, _, password) = split_url(url);
    let address = bare.trim_start_matches("http://");
    format!("http://{user}:{password}@{address}")
}

/// An address without its user and password, and these; without them it is that of `default`.
pub(crate) fn split_url(url: &str) -> (String, &str, &str) {
    let Some((identity, address)) = url.trim_start_matches("http://").split_once('@') else {
        return (url.to_owned(), "default", "");
    };
    let (user, password) = identity.split_once(':').unwrap();
    (format!("http://{address}"), user, password)
}

struct SharedEngine {
    engine: Engine,
    _runtime: Runtime,
    data_dir: TempDir,
}

impl SharedEngine {
    /// Starts it on a runtime of its own: that of a test ends with the test.
    async fn start() -> Self {
        let start = || {
            let data_dir = TempDir::new().unwrap();
            let runtime = Runtime::new().unwrap();
            let engine = runtime
                .block_on(Engine::start(config(data_dir.path()).engine))
                .unwrap();
            Self {
                engine,
                _runtime: runtime,
                data_dir,
            }
        };
        task::spawn_blocking("engine", start).await.unwrap()
    }
}

/// A server that runs in this process until it is dropped.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    /// That of the listener for probes, where the configuration has one.
    pub(crate) admin: Option<SocketAddr>,
    pub(crate) shutdown: CancellationToken,
    /// The address of the engine, with its password.
    pub(crate) engine_url: String,
    pub(crate) engine_process: u32,
    running: Option<JoinHandle<()>>,
    _data_dir: TempDir,
}

impl TestServer {
    /// Starts a server with the default configuration.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts a server whose configuration is changed first.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let data_dir = TempDir::new().unwrap();
        let mut config = config(data_dir.path());
        change(&mut config);
        let app = App::build(config).await.unwrap();
        let address = app.local_address().unwrap();
        let admin = app.admin_address();
        let engine_url = url_with_password(app.engine());
        let engine_process = app.engine().process_id().unwrap_or_default();
        let shutdown = CancellationToken::new();
        let run = app.run(shutdown.clone());
        // Not among the tasks whose end it waits for itself.
        let running = task::spawn_background("server", async move { run.await.unwrap() });
        let running = Some(running);
        Self {
            address,
            admin,
            shutdown,
            engine_url,
            engine_process,
            running,
            _data_dir: data_dir,
        }
    }

    pub(crate) async fn channel(&self) -> Channel {
        let url = format!("http://{}", self.address);
        Channel::from_shared(url).unwrap().connect().await.unwrap()
    }

    pub(crate) async fn ingest(&self) -> IngestServiceClient<Channel> {
        IngestServiceClient::new(self.channel().await)
    }

    pub(crate) async fn catalog(&self) -> CatalogServiceClient<Channel> {
        CatalogServiceClient::new(self.channel().await)
    }

    /// Runs SQL on the engine directly, past the server, and returns the answer as text.
    pub(crate) fn sql(&self, query: &str) -> String {
        let (status, answer) = post(&self.engine_url, "/", query.as_bytes());
        assert_eq!(status, 200, "{query}: {answer}");
        answer.trim_end_matches('\n').to_owned()
    }

    /// Loads a file in chunks of `chunk_bytes`.
    pub(crate) async fn upload_in(
        &self,
        spec: pb::UploadSpec,
        file: &[u8],
        chunk_bytes: usize,
    ) -> Result<pb::UploadResponse, Status> {
        let messages = upload_messages(spec, file, chunk_bytes);
        let call = self
            .ingest()
            .await
            .upload(tokio_stream::iter(messages))
            .await;
        call.map(tonic::Response::into_inner)
    }

    /// Loads a file in one go.
    pub(crate) async fn upload(
        &self,
        spec: pb::UploadSpec,
        file: impl AsRef<[u8]>,
    ) -> Result<pb::UploadResponse, Status> {
        self.upload_in(spec, file.as_ref(), 1 << 20).await
    }

    /// Loads a file whose chunks are made as they are sent.
    pub(crate) async fn upload_chunks(
        &self,
        spec: pb::UploadSpec,
        chunks: impl Iterator<Item = Bytes> + Send + 'static,
    ) -> Result<pb::UploadResponse, Status> {
        let message = |payload| pb::UploadRequest {
            payload: Some(payload),
        };
        let data = chunks.map(move |data| message(upload_request::Payload::Data(data)));
        let messages = std::iter::once(message(upload_request::Payload::Spec(spec))).chain(data);
        let mut client = self.ingest().await;
        let call = client.upload(tokio_stream::iter(messages)).await;
        call.map(tonic::Response::into_inner)
    }

    /// Looks at a file.
    pub(crate) async fn inspect(
        &self,
        request: pb::InspectFileRequest,
    ) -> Result<pb::InspectFileResponse, Status> {
        let call = self.ingest().await.inspect_file(request).await;
        call.map(tonic::Response::into_inner)
    }

    /// The rejected rows of an upload.
    pub(crate) async fn rejected_rows(&self, id: &str) -> Result<Vec<pb::RejectedRow>, Status> {
        let payloads = self.rejected(id, false).await?.into_iter();
        let rows = payloads.map(|payload| match payload {
            list_rejected_rows_response::Payload::Row(row) => row,
            list_rejected_rows_response::Payload::Csv(_) => panic!("rows were asked for"),
        });
        Ok(rows.collect())
    }

    /// The rejected rows of an upload as a file, in the pieces that it came in.
    pub(crate) async fn rejects_file(&self, id: &str) -> Result<Vec<Bytes>, Status> {
        let payloads = self.rejected(id, true).await?.into_iter();
        let pieces = payloads.map(|payload| match payload {
            list_rejected_rows_response::Payload::Csv(csv) => csv,
            list_rejected_rows_response::Payload::Row(_) => panic!("a file was asked for"),
        });
        Ok(pieces.collect())
    }

    async fn rejected(
        &self,
        id: &str,
        as_csv: bool,
    ) -> Result<Vec<list_rejected_rows_response::Payload>, Status> {
        let request = pb::ListRejectedRowsRequest {
            transfer_id: id.to_owned(),
            as_csv,
        };
        let mut client = self.ingest().await;
        let mut messages = client.list_rejected_rows(request).await?.into_inner();
        let mut payloads = Vec::new();
        while let Some(message) = messages.message().await? {
            payloads.push(message.payload.unwrap());
        }
        Ok(payloads)
    }

    /// The number of rows of a table, and a checksum that does not depend on their order.
    pub(crate) fn checksum(&self, table: &str) -> String {
        self.sql(&format!(
            "SELECT count(), sum(cityHash64(tuple(*))) FROM {table}"
        ))
    }

    /// Exports to memory: the file, its columns and its summary.
    pub(crate) async fn export(&self, request: pb::ExportRequest) -> Result<Exported, Status> {
        Exported::of(self.ingest().await.export(request).await?).await
    }

    /// Waits until the server has ended by itself.
    pub(crate) async fn ended(&mut self) {
        let running = self.running.take().unwrap();
        tokio::time::timeout(Duration::from_secs(60), running)
            .await
            .unwrap()
            .unwrap();
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// One request by HTTP/1.1 under a name of the server: the code of the answer, and its body.
pub(crate) fn get(address: SocketAddr, host: &str, path: &str) -> (u16, String) {
    get_with(address, host, path, "")
}

/// The same with more lines of a head, each with its end.
pub(crate) fn get_with(address: SocketAddr, host: &str, path: &str, head: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{head}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let code = head.split(' ').nth(1).unwrap().parse().unwrap();
    (code, body.to_owned())
}

/// The configuration of a test's server: free ports, and this data directory.
pub(crate) fn config(data_dir: &Path) -> Config {
    let arguments = ["sluice-server", "--listen", "127.0.0.1:0", "--data-dir"];
    let arguments = arguments
        .iter()
        .map(|text| (*text).into())
        .chain([data_dir.into()]);
    let arguments = arguments.collect::<Vec<std::ffi::OsString>>();
    let Invocation::Serve(mut config) = Invocation::from_arguments(arguments).unwrap() else {
        panic!("the arguments ask for a server");
    };
    if let EngineConfig::Embedded(embedded) = &mut config.engine {
        embedded.library = Some(library());
        embedded.host_program = Some(env!("CARGO_BIN_EXE_sluice-server").into());
    }
    *config
}

/// The engine of another server.
pub(crate) fn remote(url: &str) -> EngineConfig {
    let (url, user, password) = split_url(url);
    EngineConfig::Remote(RemoteConfig {
        url,
        user: user.to_owned(),
        password: Secret::new(password.to_owned()),
        database: "default".to_owned(),
    })
}

/// The messages of one export.
#[derive(Debug, Default)]
pub(crate) struct Exported {
    pub(crate) columns: Vec<pb::Column>,
    pub(crate) file: Vec<u8>,
    pub(crate) largest_message: usize,
    pub(crate) progress: Vec<pb::ExportProgress>,
    pub(crate) summary: Option<pb::Transfer>,
    pub(crate) has_invalid_utf8: bool,
}

impl Exported {
    /// What a call gives to its end.
    pub(crate) async fn of(
        call: tonic::Response<tonic::Streaming<pb::ExportResponse>>,
    ) -> Result<Self, Status> {
        let mut messages = call.into_inner();
        let mut exported = Self::default();
        while let Some(message) = messages.message().await? {
            exported.add(message.payload.unwrap());
        }
        Ok(exported)
    }

    pub(crate) fn row_count(&self) -> i64 {
        let summary = self.summary.as_ref().unwrap();
        summary.counters.unwrap().rows_exported
    }

    fn add(&mut self, payload: export_response::Payload) {
        use export_response::Payload;
        assert!(self.summary.is_none(), "nothing comes after the summary");
        match payload {
            Payload::Schema(schema) => {
                assert!(
                    self.columns.is_empty() && self.file.is_empty(),
                    "the schema comes first"
                );
                self.columns = schema.columns;
            }
            Payload::Data(data) => {
                self.largest_message = self.largest_message.max(data.len());
                self.file.extend_from_slice(&data);
            }
            Payload::Progress(progress) => self.progress.push(progress),
            Payload::Summary(summary) => {
                self.summary = summary.transfer;
                self.has_invalid_utf8 = summary.has_invalid_utf8;
            }
        }
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.file).unwrap()
    }
}

/// The spec of an upload into a table of the default database, all else by default.
pub(crate) fn spec(table: &str) -> pb::UploadSpec {
    pb::UploadSpec {
        table: Some(table_ref(table)),
        ..Default::default()
    }
}

/// The spec of an upload into a table that it creates.
pub(crate) fn creating(table: &str) -> pb::UploadSpec {
    pb::UploadSpec {
        create_table: true,
        ..spec(table)
    }
}

pub(crate) fn table_ref(table: &str) -> pb::TableRef {
    pb::TableRef {
        database: "default".to_owned(),
        table: table.to_owned(),
    }
}

/// The request for a whole table of the default database.
pub(crate) fn export_table(table: &str) -> pb::ExportRequest {
    export_source(pb::TableSource {
        table: Some(table_ref(table)),
        ..Default::default()
    })
}

pub(crate) fn export_source(source: pb::TableSource) -> pb::ExportRequest {
    let source = Some(pb::export_request::Source::Table(source));
    pb::ExportRequest {
        source,
        ..Default::default()
    }
}

pub(crate) fn export_query(query: &str) -> pb::ExportRequest {
    let source = Some(pb::export_request::Source::Query(query.to_owned()));
    pb::ExportRequest {
        source,
        ..Default::default()
    }
}

pub(crate) fn upload_messages(
    spec: pb::UploadSpec,
    file: &[u8],
    chunk_bytes: usize,
) -> Vec<pb::UploadRequest> {
    let message = |payload| pb::UploadRequest {
        payload: Some(payload),
    };
    let data = file.chunks(chunk_bytes).map(Bytes::copy_from_slice);
    let data = data.map(|data| message(upload_request::Payload::Data(data)));
    std::iter::once(message(upload_request::Payload::Spec(spec)))
        .chain(data)
        .collect()
}

/// A file in gzip, packed quickly.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    gzip_by(1, bytes)
}

/// A file in gzip, of a level up to 9.
pub(crate) fn gzip_by(level: u32, bytes: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::new(level);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A file in zstd.
pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut packed = vec![0; zstd_safe::compress_bound(bytes.len())];
    let length = zstd_safe::compress(packed.as_mut_slice(), bytes, 1).unwrap();
    packed.truncate(length);
    packed
}

/// The counters of an upload.
pub(crate) fn counters(response: &pb::UploadResponse) -> pb::Counters {
    response.transfer.as_ref().unwrap().counters.unwrap()
}

/// The reason of an error, checked to be whole: an `ErrorInfo` of our domain and a message.
pub(crate) fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    let info = details
        .error_info()
        .unwrap_or_else(|| panic!("{status:?} has no ErrorInfo"));
    assert_eq!(info.domain, "sluice.v1");
    assert!(!status.message().is_empty());
    info.reason.clone()
}

/// One variable of an error.
pub(crate) fn metadata(status: &Status, name: &str) -> String {
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    info.metadata
        .get(name)
        .unwrap_or_else(|| panic!("{info:?} has no {name}"))
        .clone()
}

/// One HTTP/1.0 request: the status and the body.
pub(crate) fn post(url: &str, path: &str, body: &[u8]) -> (u16, String) {
    let (status, body) = post_bytes(url, path, body);
    (status, String::from_utf8_lossy(&body).into_owned())
}

/// The same with the body as it is.
pub(crate) fn post_bytes(url: &str, path: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let (url, user, password) = split_url(url);
    let host = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    // None without a password, for requests that say themselves who asks.
    let identity = match password {
        "" => String::new(),
        _ => format!("X-ClickHouse-User: {user}\r\nX-ClickHouse-Key: {password}\r\n"),
    };
    let head = format!(
        "POST {path} HTTP/1.0\r\nHost: {host}\r\n{identity}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let body = answer.split_off(end.unwrap() + 4);
    let head = String::from_utf8(answer).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body)
}
