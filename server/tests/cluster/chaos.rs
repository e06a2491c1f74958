//! Uploads into replicated tables while nodes, servers and lines are killed, frozen and cut, at any moment and
//! at the statements of a commit: after each round both replicas have exactly the file. The servers go on at the
//! second node where the first does not answer.

use std::time::{Duration, Instant};

use fastrand::Rng;
use sluice_proto::v1 as pb;
use tonic::Status;
use uuid::Builder;

use crate::{
    commit::{STAGES, is_clean},
    host,
    line::{Catch, Line, When},
    modes::{content_of, file, settled},
    nodes::Cluster,
    service::{Service, spec},
};

/// Rows of a file.
const ROWS: usize = 60_000;

/// Rows that are there before, but for a table that is replaced.
const BEFORE: usize = 500;

/// The longest that a round may take.
const ROUND_LIMIT: Duration = Duration::from_secs(240);

/// What a table is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Partitioned,
    /// It knows no block again.
    Forgetful,
    /// In a database that does what is done to it on each server.
    Together,
    Replaced,
    /// With a view.
    Blocks,
}

impl Kind {
    const ALL: [Self; 6] = [
        Self::Plain,
        Self::Partitioned,
        Self::Forgetful,
        Self::Together,
        Self::Replaced,
        Self::Blocks,
    ];

    /// What stands behind the engine.
    const fn clauses(self) -> &'static str {
        match self {
            Self::Plain | Self::Replaced => "ORDER BY n SETTINGS old_parts_lifetime = 480",
            Self::Forgetful => {
                "PARTITION BY toYYYYMM(d) ORDER BY n \
                 SETTINGS old_parts_lifetime = 480, replicated_deduplication_window = 0"
            }
            Self::Partitioned | Self::Together | Self::Blocks => {
                "PARTITION BY n % 40 ORDER BY n SETTINGS old_parts_lifetime = 480"
            }
        }
    }

    const fn mode(self) -> pb::CommitMode {
        match self {
            Self::Replaced => pb::CommitMode::Replace,
            Self::Blocks => pb::CommitMode::Blocks,
            _ => pb::CommitMode::Atomic,
        }
    }
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// The node that is talked to dies.
    Node,
    /// The other replica dies.
    Replica,
    FrozenNode,
    FrozenReplica,
    /// The server dies.
    Server,
    /// The line between server and node breaks.
    Cut,
    /// The client dies.
    Client,
    /// Another client sends the same through the other server.
    Rival,
}

impl Trouble {
    const ALL: [Self; 8] = [
        Self::Node,
        Self::Replica,
        Self::FrozenNode,
        Self::FrozenReplica,
        Self::Server,
        Self::Cut,
        Self::Client,
        Self::Rival,
    ];

    /// Does it, and makes it good after a while.
    async fn befall(
        self,
        cluster: &mut Cluster,
        (service, line): (&Service, &Line),
        pause: Duration,
    ) {
        match self {
            Self::Node | Self::Replica => {
                let node = &mut cluster.nodes[usize::from(self == Self::Replica)];
                node.kill();
                tokio::time::sleep(pause).await;
                node.start_again();
            }
            Self::FrozenNode | Self::FrozenReplica => {
                let node = &cluster.nodes[usize::from(self == Self::FrozenReplica)];
                node.freeze();
                tokio::time::sleep(pause).await;
                node.thaw();
            }
            Self::Server => {
                service.kill();
                tokio::time::sleep(pause).await;
                service.start_again();
            }
            Self::Cut => line.cut(),
            Self::Client | Self::Rival => {}
        }
    }
}

/// When it happens; dropped, it lets a statement go on that it has stopped.
struct Moment {
    words: String,
    delay: Duration,
    catch: Option<Catch>,
}

impl Moment {
    fn any(line: &Line, rng: &mut Rng) -> Self {
        let delay = Duration::from_millis(rng.u64(0..900));
        let stages = [STAGES.as_slice(), &["REPLACE PARTITION"]].concat();
        let stage = stages[rng.usize(..stages.len())];
        let when = When::ALL[rng.usize(..When::ALL.len())];
        if rng.bool() {
            return Self {
                words: format!("after {delay:?}"),
                delay,
                catch: None,
            };
        }
        Self {
            words: format!("{when:?} {stage}"),
            delay,
            catch: Some(line.wait_for(stage, when)),
        }
    }

    async fn come(&mut self) {
        match &mut self.catch {
            None => tokio::time::sleep(self.delay).await,
            Some(catch) => {
                // The statement may never come.
                let limit = Duration::from_secs(3);
                drop(tokio::time::timeout(limit, &mut catch.caught).await);
            }
        }
    }
}

/// One round.
struct Round {
    kind: Kind,
    database: String,
    spec: pb::UploadSpec,
}

impl Round {
    fn new(cluster: &Cluster, rng: &mut Rng) -> Self {
        let kind = Kind::ALL[rng.usize(..Kind::ALL.len())];
        let id = Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid();
        let database = format!("chaos_{}_{}", id.simple(), std::process::id());
        let (engine, path) = if kind == Kind::Together {
            (
                format!(
                    "ENGINE = Replicated('/clickhouse/databases/{database}', '{{shard}}', '{{replica}}')"
                ),
                String::new(),
            )
        } else {
            (
                String::new(),
                format!("('/clickhouse/tables/{database}/{{shard}}/t', '{{replica}}')"),
            )
        };
        for node in &cluster.nodes[..2] {
            node.sql(&format!("CREATE DATABASE {database} {engine}"));
        }
        let nodes = if kind == Kind::Together { 1 } else { 2 };
        for node in &cluster.nodes[..nodes] {
            node.sql(&format!(
                "CREATE TABLE {database}.t (d Date, n UInt64, s String) \
                 ENGINE = ReplicatedMergeTree{path} {}",
                kind.clauses()
            ));
        }
        if kind == Kind::Blocks {
            cluster.count_days(&database);
        }
        // Rows of others, which no trouble may take.
        cluster.nodes[1].sql(&format!(
            "INSERT INTO {database}.t SELECT '2023-01-01', 1000000 + number, '' FROM numbers({BEFORE})"
        ));
        let mut spec = spec(&database, "t", kind.mode());
        spec.transfer_id = id.to_string();
        Self {
            kind,
            database,
            spec,
        }
    }

    /// Loads the file while things break; returns how often it was tried.
    async fn run(
        &self,
        cluster: &mut Cluster,
        (services, line): (&[Service; 2], &Line),
        rng: &mut Rng,
    ) -> usize {
        let file = file(ROWS);
        let started = Instant::now();
        let troubles = rng.usize(1..=3);
        for attempt in 1.. {
            assert!(started.elapsed() < ROUND_LIMIT, "{attempt} attempts");
            let door = rng.usize(..2);
            let outcome = if attempt > troubles {
                Some(services[door].upload(&self.spec, &file).await)
            } else {
                let doors = (&services[door], &services[1 - door]);
                self.attempt_in_trouble(cluster, (doors, line), &file, rng)
                    .await
            };
            match outcome {
                Some(Ok(_)) => return attempt,
                Some(Err(status)) => println!("  {:?}: {}", status.code(), status.message()),
                None => println!("  the client is gone"),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        unreachable!("attempts have no end")
    }

    /// One attempt, in which something happens at some time or at a statement; nothing when the client dies of
    /// it.
    async fn attempt_in_trouble(
        &self,
        cluster: &mut Cluster,
        ((service, other), line): ((&Service, &Service), &Line),
        file: &[u8],
        rng: &mut Rng,
    ) -> Option<Result<pb::Transfer, Status>> {
        let trouble = Trouble::ALL[rng.usize(..Trouble::ALL.len())];
        let pause = Duration::from_millis(rng.u64(0..1500));
        let mut moment = Moment::any(line, rng);
        println!("  {trouble:?} {}", moment.words);
        let upload = service.upload(&self.spec, file);
        tokio::pin!(upload);
        let early = tokio::select! {
            outcome = &mut upload => Some(outcome),
            () = moment.come() => None,
        };
        line.forget();
        if early.is_some() {
            return early;
        }
        match trouble {
            Trouble::Client => None,
            Trouble::Rival => {
                let rival = other.upload(&self.spec, file);
                let release = async {
                    tokio::time::sleep(pause).await;
                    drop(moment);
                };
                let (outcome, rival, ()) = tokio::join!(upload, rival, release);
                Some(outcome.or(rival))
            }
            _ => {
                let befall = async {
                    trouble.befall(cluster, (service, line), pause).await;
                    drop(moment);
                };
                let (outcome, ()) = tokio::join!(upload, befall);
                Some(outcome)
            }
        }
    }

    fn check(&self, cluster: &Cluster) {
        let found = settled(cluster, &format!("{}.t", self.database));
        let before = match self.kind {
            Kind::Replaced => 0,
            _ => BEFORE,
        };
        assert!(
            found.starts_with(&content_of(ROWS + before)),
            "{:?}: {found}",
            self.kind
        );
        if self.kind == Kind::Blocks {
            let days = format!("{}.days", self.database);
            cluster.nodes[0].sql(&format!("SYSTEM SYNC REPLICA {days}"));
            let seen = cluster.nodes[0].sql(&format!("SELECT sum(c) FROM {days}"));
            assert_eq!(seen, (ROWS + before).to_string(), "the view");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_load_is_exact_on_all_replicas_whatever_happens() {
    let number = |name| host::variable(name).and_then(|text| text.parse().ok());
    let rounds = number("CLUSTER_ROUNDS").unwrap_or(4);
    let first = number("CLUSTER_SEED").unwrap_or_else(|| fastrand::u64(..1_000_000));
    let mut cluster = Cluster::start();
    if !cluster.is_ours() {
        return;
    }
    let line = Line::start(&cluster.nodes[0].url).await;
    let both = format!("{},{}", line.url, cluster.nodes[1].url);
    let services = [Service::start(&both), Service::start(&both)];
    for seed in first..first + rounds {
        let mut rng = Rng::with_seed(seed);
        let round = Round::new(&cluster, &mut rng);
        println!("CLUSTER_SEED={seed}: {:?}", round.kind);
        let started = Instant::now();
        let attempts = round.run(&mut cluster, (&services, &line), &mut rng).await;
        round.check(&cluster);
        println!("  exact after {attempts} attempts, {:?}", started.elapsed());
        // What is left of an upload beside its table is swept, however late.
        for node in &cluster.nodes[..2] {
            for table in ["view", "days", "t"] {
                node.sql(&format!(
                    "DROP TABLE IF EXISTS {}.{table} SYNC",
                    round.database
                ));
            }
        }
    }
    is_clean(&cluster.nodes[0]);
    is_clean(&cluster.nodes[1]);
}
