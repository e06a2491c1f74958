//! Uploads while clients, servers, engines and connections are killed, frozen and cut at random, the line
//! to ClickHouse breaks, ClickHouse is full, and two servers get one upload: after each round the table
//! holds exactly the file, and before the retry all of it or nothing.
//!
//! `CHAOS_ROUNDS` says how many rounds (default 6), `CHAOS_SEED` repeats those of an earlier run: the
//! seed of a round that fails is printed.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it does"
)]

mod proxy;
mod stack;

use std::time::{Duration, Instant};

use fastrand::Rng;
use sluice_proto::v1::{
    self as pb, ingest_service_client::IngestServiceClient, upload_request::Payload,
};
use tonic::{Code, transport::Endpoint};

use crate::stack::{Stack, Trouble};

/// Rows of the file.
const ROWS: usize = 300_000;

/// Bytes of a message.
const CHUNK: usize = 256 << 10;

/// The longest that a round may take.
const ROUND_LIMIT: Duration = Duration::from_secs(300);

/// The longest that a staging table may outlive its upload: the silence that the sweeper waits for, and
/// two of its rounds.
const SWEEP_LIMIT: Duration = Duration::from_secs(160);

/// What a table is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Partitioned,
    /// Loaded block by block, for its views.
    Views,
    /// Loaded block by block, and remembers one block of three partitions only.
    Forgetful,
    /// Loaded by one INSERT, which is not repeated: after an error all begins anew.
    Direct,
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::Plain,
        Self::Partitioned,
        Self::Views,
        Self::Forgetful,
        Self::Direct,
    ];

    /// Whether the table holds all of the file or nothing of it, after an error too.
    const fn is_atomic(self) -> bool {
        matches!(self, Self::Plain | Self::Partitioned)
    }

    const fn commit_mode(self) -> pb::CommitMode {
        match self {
            Self::Plain | Self::Partitioned | Self::Views => pb::CommitMode::Unspecified,
            Self::Forgetful => pb::CommitMode::Blocks,
            Self::Direct => pb::CommitMode::Direct,
        }
    }
}

/// One round: what is loaded, and where.
struct Round {
    table: String,
    kind: Kind,
    spec: pb::UploadSpec,
    file: Vec<u8>,
    rows: usize,
    rejected: usize,
}

/// Rows over three months; with `bad` rows that do not fit.
fn file(bad: usize) -> Vec<u8> {
    let mut text = String::from("d,n,s\n");
    for n in 0..ROWS {
        let is_bad = bad > 0 && n % (ROWS / bad) == 7;
        let number = if is_bad {
            "x".to_owned()
        } else {
            n.to_string()
        };
        text.push_str(&format!(
            "2024-{:02}-{:02},{number},\"row, {n}\"\n",
            n % 3 + 1,
            n % 28 + 1
        ));
    }
    text.into_bytes()
}

fn new_id(rng: &mut Rng) -> String {
    let id = uuid::Builder::from_random_bytes(rng.u128(..).to_be_bytes());
    id.into_uuid().to_string()
}

impl Round {
    fn new(number: usize, rng: &mut Rng) -> Self {
        let kind = Kind::ALL[rng.usize(..Kind::ALL.len())];
        let rejected = if rng.bool() { 5 } else { 0 };
        let table = format!("t{number}");
        let spec = pb::UploadSpec {
            transfer_id: new_id(rng),
            commit_mode: kind.commit_mode().into(),
            table: Some(pb::TableRef {
                database: "default".to_owned(),
                table: table.clone(),
            }),
            rejects: Some(pb::RejectPolicy {
                max_rows: Some(10),
                max_share: None,
            }),
            ..Default::default()
        };
        Self {
            table,
            kind,
            spec,
            file: file(rejected),
            rows: ROWS - rejected,
            rejected,
        }
    }

    fn create(&self, stack: &Stack) {
        let table = &self.table;
        let partition = match self.kind {
            Kind::Plain | Kind::Direct => "",
            Kind::Partitioned | Kind::Views | Kind::Forgetful => "PARTITION BY toYYYYMM(d)",
        };
        let window = match self.kind {
            Kind::Views => "SETTINGS non_replicated_deduplication_window = 1000",
            Kind::Forgetful => "SETTINGS non_replicated_deduplication_window = 3",
            Kind::Plain | Kind::Partitioned | Kind::Direct => "",
        };
        stack.sql(&format!(
            "CREATE TABLE {table} (d Date, n UInt64, s String) ENGINE = MergeTree {partition} \
             ORDER BY n {window}"
        ));
        if self.kind == Kind::Views {
            stack.sql(&format!(
                "CREATE TABLE {table}_days (d Date, c UInt64) ENGINE = MergeTree ORDER BY d {window}"
            ));
            stack.sql(&format!(
                "CREATE MATERIALIZED VIEW {table}_view TO {table}_days AS \
                 SELECT d, count() AS c FROM {table} GROUP BY d"
            ));
        }
    }

    /// One call, from the beginning of the file or from where the upload stands.
    async fn attempt(&self, url: String, from: usize) -> Result<pb::UploadResponse, tonic::Status> {
        let endpoint = Endpoint::from_shared(url).unwrap();
        let endpoint = endpoint.connect_timeout(Duration::from_secs(5));
        let channel = endpoint.connect().await;
        let channel = channel.map_err(|error| tonic::Status::unavailable(error.to_string()))?;
        let spec = pb::UploadSpec {
            start_offset: i64::try_from(from).unwrap(),
            ..self.spec.clone()
        };
        let chunks = self.file.get(from..).unwrap_or_default().chunks(CHUNK);
        let chunks: Vec<_> = chunks
            .map(|chunk| Payload::Data(chunk.to_vec().into()))
            .collect();
        let payloads = std::iter::once(Payload::Spec(spec)).chain(chunks);
        let messages = payloads.map(|payload| pb::UploadRequest {
            payload: Some(payload),
        });
        let call = IngestServiceClient::new(channel)
            .upload(tokio_stream::iter(messages.collect::<Vec<_>>()))
            .await?;
        Ok(call.into_inner())
    }

    /// Where the upload stands.
    async fn offset(&self, stack: &Stack, door: usize) -> usize {
        let request = pb::GetTransferRequest {
            transfer_id: self.spec.transfer_id.clone(),
        };
        let Ok(mut client) = IngestServiceClient::connect(stack.proxy_url(door)).await else {
            return 0;
        };
        match client.get_transfer(request).await {
            Ok(response) => {
                let transfer = response.into_inner().transfer.unwrap();
                match transfer.state() {
                    pb::TransferState::Interrupted => {
                        usize::try_from(transfer.committed_offset).unwrap()
                    }
                    _ => 0,
                }
            }
            Err(_) => 0,
        }
    }

    /// Waits until the table holds all of the file or nothing of it.
    async fn is_all_or_nothing(&self, stack: &Stack) {
        if !self.kind.is_atomic() {
            return;
        }
        let started = Instant::now();
        loop {
            let count: usize = stack
                .sql(&format!("SELECT count() FROM {}", self.table))
                .parse()
                .unwrap();
            if count == 0 || count == self.rows {
                return;
            }
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "{count} rows are visible"
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Begins anew with what cannot be repeated: in an empty table, under another id.
    async fn begin_anew(&mut self, stack: &Stack, rng: &mut Rng) {
        let table = &self.table;
        let inserts = format!(
            "SELECT count() FROM system.processes WHERE query_kind = 'Insert' AND query LIKE '%{table}%'"
        );
        let started = Instant::now();
        while stack.sql(&inserts) != "0" {
            assert!(started.elapsed() < ROUND_LIMIT, "an INSERT does not end");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        stack.sql(&format!("TRUNCATE TABLE {table}"));
        self.spec.transfer_id = new_id(rng);
    }

    /// One attempt with trouble in the middle; nothing when the client dies of it.
    async fn attempt_in(
        &self,
        trouble: Trouble,
        (door, from): (usize, usize),
        stack: &mut Stack,
        rng: &mut Rng,
    ) -> Option<Result<pb::UploadResponse, tonic::Status>> {
        let attempt = self.attempt(stack.proxy_url(door), from);
        let delay = Duration::from_millis(rng.u64(0..600));
        tokio::pin!(attempt);
        if let Ok(outcome) = tokio::time::timeout(delay, &mut attempt).await {
            return Some(outcome);
        }
        let wait = stack.disrupt(trouble, door, &self.table, rng)?;
        if trouble == Trouble::Rival {
            let rival = self.attempt(stack.proxy_url(1 - door), 0);
            let (outcome, rival) = tokio::join!(attempt, rival);
            return Some(outcome.or(rival));
        }
        let outcome = tokio::time::timeout(wait, &mut attempt).await;
        stack.mend().await;
        match outcome {
            Ok(outcome) => Some(outcome),
            Err(_) => Some(attempt.await),
        }
    }

    /// Loads the file while things break.
    async fn run(&mut self, stack: &mut Stack, rng: &mut Rng) -> usize {
        let started = Instant::now();
        let mut attempts = 0;
        let mut disruptions = rng.usize(1..=3);
        loop {
            attempts += 1;
            assert!(
                started.elapsed() < ROUND_LIMIT,
                "{attempts} attempts were not enough"
            );
            let trouble = Trouble::any(rng);
            let door = trouble.door(rng);
            let from = if rng.bool() {
                0
            } else {
                self.offset(stack, door).await
            };
            let outcome = if disruptions > 0 {
                disruptions -= 1;
                self.attempt_in(trouble, (door, from), stack, rng).await
            } else {
                Some(self.attempt(stack.proxy_url(door), from).await)
            };
            stack.mend().await;
            match outcome {
                Some(Ok(_)) => return attempts,
                Some(Err(status)) => {
                    println!("  {:?}: {}", status.code(), status.message());
                    let is_final = matches!(
                        status.code(),
                        Code::InvalidArgument | Code::FailedPrecondition | Code::Internal
                    );
                    assert!(!is_final || self.kind == Kind::Direct, "{status:?}");
                }
                None => {}
            }
            self.is_all_or_nothing(stack).await;
            if self.kind == Kind::Direct {
                self.begin_anew(stack, rng).await;
            }
        }
    }

    fn check(&self, stack: &Stack) {
        let content = |table: &str| {
            stack.sql(&format!(
                "SELECT count(), uniqExact(n), sum(cityHash64(*)) FROM {table}"
            ))
        };
        let expected = if self.rejected > 0 { "good" } else { "whole" };
        assert_eq!(content(&self.table), content(expected));
        if self.kind == Kind::Views {
            let seen = stack.sql(&format!("SELECT sum(c) FROM {}_days", self.table));
            assert_eq!(seen, self.rows.to_string(), "the view");
        }
        let rejected = stack.sql(&format!(
            "SELECT count() FROM sluice.rejected_rows_3 FINAL WHERE (transfer_id, incarnation) IN \
             (SELECT transfer_id, max(incarnation) FROM sluice.claims_2 \
             WHERE transfer_id = '{}' GROUP BY transfer_id)",
            self.spec.transfer_id
        ));
        assert_eq!(rejected, self.rejected.to_string(), "rejected rows");
    }

    /// Waits until no staging table is left: what a statement that was lost has made is swept.
    async fn is_clean(&self, stack: &Stack) {
        let started = Instant::now();
        let staging = "SELECT count() FROM system.tables WHERE startsWith(name, '_sluice_staging')";
        while stack.sql(staging) != "0" {
            assert!(started.elapsed() < SWEEP_LIMIT, "a staging table is left");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// The content that every round must end with, loaded by ClickHouse itself.
fn load_reference(stack: &Stack) {
    for (table, bad) in [("whole", 0), ("good", 5)] {
        stack.sql(&format!(
            "CREATE TABLE {table} (d Date, n UInt64, s String) ENGINE = MergeTree ORDER BY n"
        ));
        let text = String::from_utf8(file(bad)).unwrap();
        let good = text.lines().filter(|line| !line.contains(",x,"));
        let good = good.collect::<Vec<_>>().join("\n");
        stack.sql(&format!(
            "INSERT INTO {table} FORMAT CSVWithNames\n{good}\n"
        ));
    }
}

#[expect(clippy::disallowed_methods, reason = "the options of this test")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_load_survives_anything() {
    let rounds = number("CHAOS_ROUNDS").unwrap_or(6);
    let first = number("CHAOS_SEED").unwrap_or_else(|| fastrand::u64(..1_000_000));
    let mut stack = Stack::start().await;
    load_reference(&stack);
    for round in 0..rounds {
        let seed = first + round;
        let mut rng = Rng::with_seed(seed);
        let mut load = Round::new(usize::try_from(round).unwrap(), &mut rng);
        println!(
            "round {round} (CHAOS_SEED={seed}): {:?}, {} rejected",
            load.kind, load.rejected
        );
        load.create(&stack);
        let attempts = load.run(&mut stack, &mut rng).await;
        load.check(&stack);
        load.is_clean(&stack).await;
        println!("  exact after {attempts} attempts");
        for suffix in ["_view", "_days", ""] {
            stack.sql(&format!("DROP TABLE IF EXISTS {}{suffix} SYNC", load.table));
        }
    }
}
