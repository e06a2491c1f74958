//! Two servers, and a client whose calls take turns on them.

use std::{
    fs,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use sluice_proto::v1::{self as pb, ingest_service_client::IngestServiceClient};
use sluice_server::{config::Config, fleet::Fleet};
use tonic::{
    Code, Status,
    transport::{Channel, Endpoint},
};

use crate::support::{
    TestServer,
    hosted::{HostedEngine, free_port},
    reason, remote, spec,
};

pub(super) const ID: &str = "0190a5f0-7f1a-7c00-8000-0000000000d0";

/// The longest that anything may take.
pub(super) const LIMIT: Duration = Duration::from_secs(60);

pub(super) type Client = IngestServiceClient<Channel>;

/// The address that the other servers are told, if any: by the number of a server and both ports.
pub(super) type Advertise = fn(usize, [u16; 2]) -> Option<String>;

/// Each its own.
pub(super) fn truly(number: usize, ports: [u16; 2]) -> Option<String> {
    Some(format!("http://127.0.0.1:{}", ports[number]))
}

/// None.
pub(super) fn silently(_: usize, _: [u16; 2]) -> Option<String> {
    None
}

pub(super) fn engine() -> HostedEngine {
    HostedEngine::start("", None, "")
}

/// Two servers in this process.
pub(super) async fn servers(engine: &HostedEngine, advertise: Advertise) -> [TestServer; 2] {
    servers_with(engine, advertise, |_| {}).await
}

pub(super) async fn servers_with(
    engine: &HostedEngine,
    advertise: Advertise,
    change: impl Fn(&mut Config),
) -> [TestServer; 2] {
    let ports = [free_port(), free_port()];
    let start = async |number: usize| {
        TestServer::start_with(|config| {
            config.engine = remote(&engine.url);
            config.listen.set_port(ports[number]);
            config.transfer.fleet = advertise(number, ports).map(|url| Fleet {
                address: url.parse().unwrap(),
                ca_file: None,
            });
            config.transfer.block_rows = 20_000;
            change(config);
        })
        .await
    };
    [start(0).await, start(1).await]
}

/// A server that can be killed and frozen.
pub(super) struct Process {
    child: Child,
    pub(super) url: String,
}

impl Process {
    pub(super) async fn start(engine: &HostedEngine) -> Self {
        Self::start_at(format!("http://127.0.0.1:{}", free_port()), engine).await
    }

    /// Starts it again at its address, after it was killed.
    pub(super) async fn start_again(&mut self, engine: &HostedEngine) {
        *self = Self::start_at(self.url.clone(), engine).await;
    }

    async fn start_at(url: String, engine: &HostedEngine) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_sluice-server"))
            .args(["--listen", url.trim_start_matches("http://")])
            .args(["--clickhouse-url", &engine.url, "--advertise", &url])
            .args(["--block-rows", "20000", "--log", "warn"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let process = Self { child, url };
        let begun = Instant::now();
        while process.try_client().await.is_none() {
            assert!(begun.elapsed() < LIMIT, "the server does not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        process
    }

    async fn try_client(&self) -> Option<Client> {
        let endpoint = Endpoint::from_shared(self.url.clone()).unwrap();
        Some(IngestServiceClient::new(endpoint.connect().await.ok()?))
    }

    pub(super) async fn client(&self) -> Client {
        self.try_client().await.unwrap()
    }

    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(super) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Has it stand still, and waits until it does: each of its threads hears of that at its next turn.
    pub(super) fn freeze(&self) {
        self.signal("-STOP");
        let tasks = format!("/proc/{}/task", self.child.id());
        let stands = |task: std::io::Result<fs::DirEntry>| {
            let stat = fs::read_to_string(task.unwrap().path().join("stat"));
            // One that has ended meanwhile.
            stat.map_or(true, |stat| {
                stat.rsplit(')').next().unwrap().starts_with(" T")
            })
        };
        while !fs::read_dir(&tasks).unwrap().all(stands) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The rows of a file: `n,m,s`.
pub(super) fn file(rows: usize) -> Bytes {
    let lines = (0..rows).map(|n| format!("{n},{},sluice {n}\n", n * 7_919 % 1_000_003));
    std::iter::once("n,m,s\n".to_owned())
        .chain(lines)
        .collect::<String>()
        .into()
}

/// The same rows as ClickHouse makes them: their number and checksum.
pub(super) fn checksum_of(engine: &HostedEngine, rows: usize) -> String {
    engine.sql(&format!(
        "SELECT count(), sum(cityHash64(tuple(*))) FROM (SELECT toUInt32(number) AS n, \
         toUInt32(number * 7919 % 1000003) AS m, concat('sluice ', toString(number)) AS s \
         FROM numbers({rows}))"
    ))
}

pub(super) fn create(engine: &HostedEngine, table: &str) {
    engine.sql(&format!(
        "CREATE TABLE {table} (n UInt32, m UInt32, s String) ENGINE = MergeTree ORDER BY n"
    ));
}

pub(super) fn checksum(engine: &HostedEngine, table: &str) -> String {
    engine.sql(&format!(
        "SELECT count(), sum(cityHash64(tuple(*))) FROM {table}"
    ))
}

pub(super) fn begin(table: &str, id: &str) -> pb::BeginUploadRequest {
    pb::BeginUploadRequest {
        spec: Some(pb::UploadSpec {
            transfer_id: id.to_owned(),
            ..spec(table)
        }),
    }
}

pub(super) fn append(id: &str, offset: usize, data: Bytes) -> pb::AppendUploadRequest {
    pb::AppendUploadRequest {
        transfer_id: id.to_owned(),
        offset: i64::try_from(offset).unwrap(),
        crc32c: Some(crc32c::crc32c(&data)),
        data,
    }
}

pub(super) fn finish(id: &str, file: &Bytes) -> pb::FinishUploadRequest {
    pb::FinishUploadRequest {
        transfer_id: id.to_owned(),
        total_bytes: i64::try_from(file.len()).unwrap(),
        crc32c: Some(crc32c::crc32c(file)),
    }
}

pub(super) fn get(id: &str) -> pb::GetTransferRequest {
    pb::GetTransferRequest {
        transfer_id: id.to_owned(),
    }
}

pub(super) fn cancel(id: &str) -> pb::CancelTransferRequest {
    pb::CancelTransferRequest {
        transfer_id: id.to_owned(),
    }
}

/// A client behind a balancer that sends each call to the next server, and does what the contract says of
/// each failure.
#[derive(Clone)]
pub(super) struct Turns {
    clients: Vec<Client>,
    next: Arc<AtomicUsize>,
    /// The bytes of files that were sent, again ones too.
    pub(super) sent: Arc<AtomicU64>,
    pub(super) begins: Arc<AtomicU64>,
}

impl Turns {
    pub(super) fn new(clients: Vec<Client>) -> Self {
        Self {
            clients,
            next: Arc::default(),
            sent: Arc::default(),
            begins: Arc::default(),
        }
    }

    /// The same over other connections, counted together.
    pub(super) fn with(&self, clients: Vec<Client>) -> Self {
        Self {
            clients,
            next: Arc::default(),
            ..self.clone()
        }
    }

    pub(super) fn client(&self) -> Client {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        self.clients[next % self.clients.len()].clone()
    }

    /// Loads a file, as the page does.
    pub(super) async fn load(&self, table: &str, id: &str, file: &Bytes, chunk: usize) -> Status {
        for pause in pauses() {
            match self.attempt(table, id, file, chunk).await {
                Ok(()) => return Status::ok(""),
                Err(status) if is_passing(&status) => tokio::time::sleep(pause).await,
                Err(status) => return status,
            }
        }
        Status::deadline_exceeded("it does not end")
    }

    async fn attempt(
        &self,
        table: &str,
        id: &str,
        file: &Bytes,
        chunk: usize,
    ) -> Result<(), Status> {
        self.begins.fetch_add(1, Ordering::Relaxed);
        let begun = self.client().begin_upload(begin(table, id)).await?;
        let mut offset = usize::try_from(begun.into_inner().committed_offset).unwrap();
        while offset < file.len() {
            // Three in flight.
            let starts = (offset..file.len()).step_by(chunk).take(3);
            let appends = starts.map(|start| {
                let end = (start + chunk).min(file.len());
                self.append(id, start, file.slice(start..end))
            });
            for outcome in futures_util::future::join_all(appends).await {
                offset = match outcome {
                    Ok(next) => offset.max(next),
                    Err(status) => match status.code() {
                        Code::AlreadyExists | Code::OutOfRange => continue,
                        _ => return Err(status),
                    },
                };
            }
        }
        let finished = self.patiently(async |client| client.finish_upload(finish(id, file)).await);
        finished.await.map(drop)
    }

    async fn append(&self, id: &str, offset: usize, data: Bytes) -> Result<usize, Status> {
        let appended = self.patiently(async |client| {
            self.sent.fetch_add(data.len() as u64, Ordering::Relaxed);
            client.append_upload(append(id, offset, data.clone())).await
        });
        let next = appended.await?.into_inner().committed_offset;
        Ok(usize::try_from(next).unwrap())
    }

    /// Makes a call again that has come to a server without a way to the right one.
    async fn patiently<T>(
        &self,
        call: impl AsyncFn(&mut Client) -> Result<T, Status>,
    ) -> Result<T, Status> {
        let mut last = Status::ok("");
        for pause in pauses().take(6) {
            match call(&mut self.client()).await {
                Err(status) if has_reason(&status, "TRANSFER_ELSEWHERE") => last = status,
                outcome => return outcome,
            }
            tokio::time::sleep(pause).await;
        }
        Err(last)
    }
}

fn pauses() -> impl Iterator<Item = Duration> {
    (0..12).map(|n| Duration::from_millis((50 << n).min(2_000)))
}

fn is_passing(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::Aborted | Code::ResourceExhausted | Code::DeadlineExceeded
    )
}

pub(super) fn has_reason(status: &Status, wanted: &str) -> bool {
    !status.details().is_empty() && reason(status) == wanted
}
