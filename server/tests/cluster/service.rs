//! Servers of Sluice at nodes of the cluster, each a process, and a client of theirs.

use std::{
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Mutex,
    time::Duration,
};

use bytes::Bytes;
use sluice_proto::v1::{
    self as pb, catalog_service_client::CatalogServiceClient,
    ingest_service_client::IngestServiceClient, upload_request::Payload,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Status,
    transport::{Channel, Endpoint},
};
use uuid::Uuid;

use crate::{
    host,
    nodes::{PATIENCE, free_ports, wait},
};

/// Rows of a block: some blocks a file, and not too many parts.
const BLOCK_ROWS: u32 = 5_000;

/// Bytes of a message.
const CHUNK: usize = 256 << 10;

/// A server; dropping it ends it.
pub(crate) struct Service {
    listen: SocketAddr,
    options: Vec<String>,
    process: Mutex<Child>,
}

impl Service {
    /// Starts one that works with the ClickHouse at an address.
    pub(crate) fn start(clickhouse: &str) -> Self {
        Self::start_with(clickhouse, BLOCK_ROWS)
    }

    /// The same with blocks of so many rows.
    pub(crate) fn start_with(clickhouse: &str, block_rows: u32) -> Self {
        Self::start_as(vec![
            "--clickhouse-url".to_owned(),
            clickhouse.to_owned(),
            "--block-rows".to_owned(),
            block_rows.to_string(),
        ])
    }

    /// Starts one that works with ClickHouse as another user than `default`.
    pub(crate) fn start_for(user: &str, clickhouse: &str) -> Self {
        let options = ["--clickhouse-user", user, "--clickhouse-url", clickhouse];
        Self::start_as(options.map(str::to_owned).to_vec())
    }

    /// Starts one with a configuration file.
    pub(crate) fn start_with_file(file: &Path) -> Self {
        Self::start_as(vec!["--config".to_owned(), file.display().to_string()])
    }

    fn start_as(options: Vec<String>) -> Self {
        let [port] = free_ports();
        let listen = SocketAddr::from(([127, 0, 0, 1], port));
        let service = Self {
            listen,
            process: Mutex::new(spawn(listen, &options)),
            options,
        };
        service.wait();
        service
    }

    /// A connection to it, once it is needed.
    pub(crate) fn channel(&self) -> Channel {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.listen)).unwrap();
        endpoint.connect_lazy()
    }

    /// Ends it at once.
    pub(crate) fn kill(&self) {
        let mut process = self.process.lock().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Starts it again, at the same address.
    pub(crate) fn start_again(&self) {
        *self.process.lock().unwrap() = spawn(self.listen, &self.options);
        self.wait();
    }

    fn wait(&self) {
        wait(PATIENCE, "the server does not start", || {
            TcpStream::connect(self.listen).is_ok()
        });
    }

    async fn client(&self) -> Result<IngestServiceClient<Channel>, Status> {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.listen)).unwrap();
        let endpoint = endpoint.connect_timeout(Duration::from_secs(5));
        let channel = endpoint.connect().await;
        let channel = channel.map_err(|error| Status::unavailable(error.to_string()))?;
        Ok(IngestServiceClient::new(channel))
    }

    /// Loads a file.
    pub(crate) async fn upload(
        &self,
        spec: &pb::UploadSpec,
        file: &[u8],
    ) -> Result<pb::Transfer, Status> {
        Ok(self.send(spec, file).await?.transfer.unwrap())
    }

    /// Whether a file was loaded before, and is not again.
    pub(crate) async fn knows(&self, spec: &pb::UploadSpec, file: &[u8]) -> bool {
        self.send(spec, file).await.unwrap().replayed
    }

    /// Sends the beginning of a file, and leaves the call open for as long as what is returned lives.
    pub(crate) async fn begin(
        &self,
        spec: &pb::UploadSpec,
        beginning: &[u8],
    ) -> (
        mpsc::Sender<pb::UploadRequest>,
        impl Future<Output = Result<(), Status>> + use<>,
    ) {
        let (sender, receiver) = mpsc::channel(1_000);
        for message in messages(spec, beginning) {
            sender.send(message).await.unwrap();
        }
        let client = self.client().await;
        let call = async move {
            let answer = client?.upload(ReceiverStream::new(receiver)).await?;
            drop(answer);
            Ok(())
        };
        (sender, call)
    }

    /// Whether ClickHouse answers behind it.
    pub(crate) async fn check(&self) -> Result<(), Status> {
        let mut client = CatalogServiceClient::new(self.channel());
        client
            .check_connection(pb::CheckConnectionRequest::default())
            .await?;
        Ok(())
    }

    async fn send(&self, spec: &pb::UploadSpec, file: &[u8]) -> Result<pb::UploadResponse, Status> {
        let mut client = self.client().await?;
        let call = client
            .upload(tokio_stream::iter(messages(spec, file)))
            .await?;
        Ok(call.into_inner())
    }

    /// Ends an upload, wherever it runs.
    pub(crate) async fn cancel(&self, id: &str) -> Result<pb::Transfer, Status> {
        let request = pb::CancelTransferRequest {
            transfer_id: id.to_owned(),
        };
        let answer = self.client().await?.cancel_transfer(request).await?;
        Ok(answer.into_inner().transfer.unwrap())
    }

    /// Loads a file, however often that takes.
    pub(crate) async fn upload_to_the_end(
        &self,
        spec: &pb::UploadSpec,
        file: &[u8],
    ) -> pb::Transfer {
        let trying = async {
            loop {
                match self.upload(spec, file).await {
                    Ok(transfer) => return transfer,
                    Err(status) => println!("  {:?}: {}", status.code(), status.message()),
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        let done = tokio::time::timeout(3 * PATIENCE, trying).await;
        done.expect("the upload does not come to its end")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(listen: SocketAddr, options: &[String]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_sluice-server"))
        .args(["--listen", &listen.to_string()])
        .args(["--log", "warn"])
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log())
        .spawn()
        .unwrap()
}

/// The messages that send a file.
pub(crate) fn messages(spec: &pb::UploadSpec, file: &[u8]) -> Vec<pb::UploadRequest> {
    let chunks = file.chunks(CHUNK).map(Bytes::copy_from_slice);
    let payloads = std::iter::once(Payload::Spec(spec.clone())).chain(chunks.map(Payload::Data));
    let messages = payloads.map(|payload| pb::UploadRequest {
        payload: Some(payload),
    });
    messages.collect()
}

/// Where a server writes what it does: nowhere, or with `CLUSTER_LOG=1` to the standard error.
fn log() -> Stdio {
    match host::variable("CLUSTER_LOG") {
        Some(_) => Stdio::inherit(),
        None => Stdio::null(),
    }
}

/// The spec of an upload under an id of its own.
pub(crate) fn spec(database: &str, table: &str, mode: pb::CommitMode) -> pb::UploadSpec {
    pb::UploadSpec {
        transfer_id: Uuid::new_v4().to_string(),
        commit_mode: mode.into(),
        table: Some(pb::TableRef {
            database: database.to_owned(),
            table: table.to_owned(),
        }),
        ..Default::default()
    }
}
