//! Memory and back-pressure: a slow ClickHouse, and a client that does not read.

use std::{
    fs::Permissions,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use sluice_proto::v1::{
    self as pb, ingest_service_client::IngestServiceClient, upload_request::Payload,
};
use sluice_server::task;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
};
use tonic::transport::{Channel, Endpoint};

use crate::support::{
    export_query,
    hosted::{HostedEngine, free_port},
    spec, split_url,
};

/// What the server needs without uploads, and what an upload reserves, in KiB.
const BASE_KIB: u64 = 48 << 10;
const UPLOAD_KIB: u64 = 80 << 10;

/// What a client may send on one connection before it is read.
const CONNECTION_WINDOW_KIB: u64 = 8 << 10;

/// Uploads at once.
const UPLOADS: usize = 4;

/// What the slow ClickHouse takes from each connection in a second, in bytes.
const BYTES_A_SECOND: usize = 2 << 20;

/// How long to look at what comes in: it comes block by block, of which each upload passes two on.
const WINDOW: Duration = Duration::from_secs(16);

/// A server in a process of its own, whose memory is its own too.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    _data_dir: TempDir,
}

impl Server {
    fn start(clickhouse_url: &str) -> Self {
        Self::start_with(clickhouse_url, &[])
    }

    pub(crate) fn start_with(clickhouse_url: &str, options: &[&str]) -> Self {
        let data_dir = TempDir::new().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let (clickhouse_url, user, password) = split_url(clickhouse_url);
        let password_file = data_dir.path().join("password");
        std::fs::write(&password_file, password).unwrap();
        std::fs::set_permissions(&password_file, Permissions::from_mode(0o600)).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_sluice-server"))
            .args([
                "--listen",
                &address.to_string(),
                "--clickhouse-url",
                &clickhouse_url,
                "--clickhouse-user",
                user,
            ])
            .arg("--clickhouse-password-file")
            .arg(&password_file)
            .args(options)
            .current_dir(data_dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            child,
            address,
            _data_dir: data_dir,
        }
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) async fn client(&self) -> IngestServiceClient<Channel> {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address)).unwrap();
        let begun = Instant::now();
        loop {
            match endpoint.connect().await {
                Ok(channel) => return IngestServiceClient::new(channel),
                Err(error) => assert!(begun.elapsed() < Duration::from_secs(20), "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The most memory that it has had so far, in KiB.
    pub(crate) fn peak_kib(&self) -> u64 {
        self.kib("VmHWM:")
    }

    /// The memory that it has now, in KiB.
    pub(crate) fn memory_kib(&self) -> u64 {
        self.kib("VmRSS:")
    }

    fn kib(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name));
        let number = line.unwrap().split_whitespace().nth(1).unwrap();
        number.parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Forwards connections to `target`, slowly on the way there.
async fn slow_way_to(target: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    task::spawn_background("slow way", async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&target).await.unwrap();
            let (mut from_server, to_server) = server.into_split();
            let (from_client, mut to_client) = client.into_split();
            task::spawn_background("there", copy_slowly(from_client, to_server));
            task::spawn_background("back", async move {
                tokio::io::copy(&mut from_server, &mut to_client).await.ok();
            });
        }
    });
    url
}

async fn copy_slowly(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
        let pause = Duration::from_secs(1) * u32::try_from(length).unwrap();
        tokio::time::sleep(pause / u32::try_from(BYTES_A_SECOND).unwrap()).await;
    }
}

/// An upload without end; counts the bytes that the connection has taken.
async fn upload_for_ever(server: &Server, table: &str, sent: Arc<AtomicUsize>) {
    let row = "2024-01-01 00:00:00,some text that is not short,1234567.125\n";
    let chunk = Bytes::from(row.repeat((256 << 10) / row.len()));
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let message = |payload| pb::UploadRequest {
        payload: Some(payload),
    };
    let header = Bytes::from_static(b"t,s,f\n");
    sender
        .send(message(Payload::Spec(spec(table))))
        .await
        .unwrap();
    task::spawn_background("sender", async move {
        let mut data = header;
        while sender.send(message(Payload::Data(data))).await.is_ok() {
            sent.fetch_add(chunk.len(), Ordering::Relaxed);
            data = chunk.clone();
        }
    });
    let mut client = server.client().await;
    task::spawn_background("upload", async move {
        let messages = tokio_stream::wrappers::ReceiverStream::new(receiver);
        client.upload(messages).await.ok();
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_clickhouse_makes_the_clients_wait() {
    let engine = HostedEngine::start("", None, "");
    let url = slow_way_to(engine.url.trim_start_matches("http://").to_owned()).await;
    let server = Server::start(&url);
    let sent = Arc::new(AtomicUsize::new(0));
    for n in 0..UPLOADS {
        engine.sql(&format!(
            "CREATE TABLE t{n} (t DateTime, s String, f Float64) ENGINE = MergeTree ORDER BY t"
        ));
        upload_for_ever(&server, &format!("t{n}"), Arc::clone(&sent)).await;
    }
    let passed_on = UPLOADS * BYTES_A_SECOND * usize::try_from(WINDOW.as_secs()).unwrap();
    // The queues fill first; from then on no more comes in than goes out.
    let begun = Instant::now();
    let mut before = 0;
    loop {
        tokio::time::sleep(WINDOW / 2).await;
        let taken = sent.load(Ordering::Relaxed) - before;
        before += taken;
        if taken < 4 * passed_on / 2 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(90), "{before} bytes");
    }
    // On a busy machine the queues can fill more slowly than what is passed on: the memory settles later.
    loop {
        let memory_before = server.peak_kib();
        tokio::time::sleep(WINDOW).await;
        let taken = sent.load(Ordering::Relaxed) - before;
        before += taken;
        assert!(taken < 3 * passed_on, "{taken} bytes in {WINDOW:?}");
        let peak = server.peak_kib();
        assert!(peak < BASE_KIB + UPLOADS as u64 * UPLOAD_KIB, "{peak} KiB");
        if peak < memory_before * 11 / 10 {
            break;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(90),
            "{memory_before} KiB, {peak} KiB"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_makes_clickhouse_wait() {
    let engine = HostedEngine::start("", None, "");
    let server = Server::start(&engine.url);
    let query = "SELECT number, toString(number) AS s FROM system.numbers";
    let mut client = server.client().await;
    let mut messages = client
        .export(export_query(query))
        .await
        .unwrap()
        .into_inner();
    for _ in 0..10 {
        messages.message().await.unwrap().unwrap();
    }
    let read_rows = || {
        let query = "SELECT sum(read_rows) FROM system.processes WHERE query LIKE '%system.numbers%' \
                     AND query NOT LIKE '%processes%'";
        engine.sql(query)
    };
    tokio::time::sleep(Duration::from_secs(4)).await;
    let before = read_rows();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(read_rows(), before);
    assert_ne!(before, "0");
    let peak = server.peak_kib();
    assert!(peak < BASE_KIB + UPLOAD_KIB, "{peak} KiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_uploads_than_memory_take_turns_and_all_succeed() {
    const COUNT: usize = 4;
    const ROWS: usize = 300_000;
    const LIMIT_KIB: u64 = 128 << 10;
    let engine = HostedEngine::start("", None, "");
    engine.sql("CREATE TABLE t (u UInt32, n UInt32, s String) ENGINE = MergeTree ORDER BY (u, n)");
    let options = ["--memory-limit=128MiB", "--queue-timeout=10m"];
    let server = Server::start_with(&engine.url, &options);
    let one = async |upload: usize| {
        let chunk = move |from: usize| {
            let rows = (from..from + 10_000)
                .map(|n| format!("{upload},{n},text of some length that is kept\n"));
            Bytes::from(rows.collect::<String>())
        };
        let data = std::iter::once(Bytes::from_static(b"u,n,s\n"));
        let data = data.chain((0..ROWS).step_by(10_000).map(chunk));
        let messages = std::iter::once(Payload::Spec(spec("t"))).chain(data.map(Payload::Data));
        let messages = messages.map(|payload| pb::UploadRequest {
            payload: Some(payload),
        });
        let mut client = server.client().await;
        client.upload(tokio_stream::iter(messages)).await.unwrap();
    };
    futures_util::future::join_all((0..COUNT).map(one)).await;
    let counts = engine.sql("SELECT count(), uniqExact(u, n) FROM t");
    assert_eq!(counts, format!("{0}\t{0}", COUNT * ROWS));
    let peak = server.peak_kib();
    println!("{peak} KiB");
    // What HTTP/2 lets each client send ahead is not in the budget.
    let ahead = COUNT as u64 * CONNECTION_WINDOW_KIB;
    assert!(peak < BASE_KIB + LIMIT_KIB + ahead, "{peak} KiB");
}
