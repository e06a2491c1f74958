//! Servers of Sluice at nodes of the cluster, each a process, and a client of theirs.

use std::{
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    sync::Mutex,
    time::Duration,
};

use bytes::Bytes;
use sluice_proto::v1::{
    self as pb, ingest_service_client::IngestServiceClient, upload_request::Payload,
};
use tonic::{Status, transport::Endpoint};
use uuid::Uuid;

use crate::nodes::{PATIENCE, free_ports, wait};

/// Rows of a block: some blocks a file, and not too many parts.
const BLOCK_ROWS: u32 = 5_000;

/// Bytes of a message.
const CHUNK: usize = 256 << 10;

/// A server; dropping it ends it.
pub(crate) struct Service {
    listen: SocketAddr,
    clickhouse: String,
    block_rows: u32,
    process: Mutex<Child>,
}

impl Service {
    /// Starts one that works with the ClickHouse at an address.
    pub(crate) fn start(clickhouse: &str) -> Self {
        Self::start_with(clickhouse, BLOCK_ROWS)
    }

    /// The same with blocks of so many rows.
    pub(crate) fn start_with(clickhouse: &str, block_rows: u32) -> Self {
        let [port] = free_ports();
        let listen = SocketAddr::from(([127, 0, 0, 1], port));
        let service = Self {
            listen,
            clickhouse: clickhouse.to_owned(),
            block_rows,
            process: Mutex::new(spawn(listen, clickhouse, block_rows)),
        };
        service.wait();
        service
    }

    /// Ends it at once.
    pub(crate) fn kill(&self) {
        let mut process = self.process.lock().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Starts it again, at the same address.
    pub(crate) fn start_again(&self) {
        *self.process.lock().unwrap() = spawn(self.listen, &self.clickhouse, self.block_rows);
        self.wait();
    }

    fn wait(&self) {
        wait(PATIENCE, "the server does not start", || {
            TcpStream::connect(self.listen).is_ok()
        });
    }

    async fn client(&self) -> Result<IngestServiceClient<tonic::transport::Channel>, Status> {
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
        let chunks = file.chunks(CHUNK).map(Bytes::copy_from_slice);
        let payloads =
            std::iter::once(Payload::Spec(spec.clone())).chain(chunks.map(Payload::Data));
        let messages = payloads.map(|payload| pb::UploadRequest {
            payload: Some(payload),
        });
        let messages: Vec<_> = messages.collect();
        let mut client = self.client().await?;
        let call = client.upload(tokio_stream::iter(messages)).await?;
        Ok(call.into_inner().transfer.unwrap())
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

fn spawn(listen: SocketAddr, clickhouse: &str, block_rows: u32) -> Child {
    Command::new(env!("CARGO_BIN_EXE_sluice-server"))
        .args(["--listen", &listen.to_string()])
        .args(["--clickhouse-url", clickhouse])
        .args(["--block-rows", &block_rows.to_string(), "--log", "warn"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
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
