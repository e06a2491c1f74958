//! Builds the parts of the server, runs them, and ends them in order.
//!
//! `main` calls it. It decides nothing about transfers; it only joins the parts.

mod access;
mod levels;
pub mod shutdown;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::{net::TcpListener, time::timeout};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tonic_health::server::HealthReporter;

use crate::{
    auth::KeyError,
    config::Config,
    connections::Connections,
    engine::{self, Engine},
    health::{Health, Watcher},
    memory::Memory,
    metrics::Metrics,
    rpc::{self, Access, Hosts, Shown},
    task,
    tls::{self, AcceptConfig, Incoming},
    transfer::Transfers,
};

/// How long calls may take to end after their transfers were stopped.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Why the server could not start, or broke.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The ClickHouse that this server hosts did not start.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The reason of the system.
        source: std::io::Error,
    },
    /// A key that tokens are verified with cannot be used.
    #[error("cannot verify tokens")]
    Keys(#[from] KeyError),
    /// The certificates cannot be used.
    #[error("cannot set up TLS")]
    Tls(#[from] tls::Error),
    /// The services cannot be set up.
    #[error("cannot set up the services")]
    Services(#[from] rpc::BuildError),
    /// The listener broke.
    #[error("the server broke")]
    Serve(#[from] tonic::transport::Error),
}

/// A server that is ready to run.
#[derive(Debug)]
pub struct App {
    config: Config,
    engine: Engine,
    transfers: Transfers,
    connections: Arc<Connections>,
    listener: TcpListener,
    accept: AcceptConfig,
    router: axum::Router,
    /// The listener for probes, and what it answers.
    admin: Option<(TcpListener, axum::Router)>,
    health: Arc<Health>,
    watcher: Watcher,
    reporter: HealthReporter,
}

impl App {
    /// Binds the port, starts the engine and builds every part.
    ///
    /// # Errors
    ///
    /// The port is taken, a key or a certificate cannot be used, or the engine does not start.
    pub async fn build(config: Config) -> Result<Self, Error> {
        let metrics = Metrics::new();
        let accept = access::port(&config, Arc::clone(&metrics))?;
        let listener = bind(config.listen).await?;
        let admin = match config.admin_listen {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        let engine = Engine::start(config.engine.clone()).await?;
        let access = access::access(&config, Arc::clone(&metrics)).await?;
        let connections = Connections::new(&config.connections, config.adhoc.clone(), &engine)?;
        let connections = Arc::new(connections);
        let transfers = Transfers::new(
            Arc::clone(&connections),
            config.transfer.clone(),
            Arc::new(memory(&config)),
            Arc::clone(&metrics),
            rpc::describe,
        );
        let health = Arc::<Health>::default();
        let shown = Shown {
            health: Arc::clone(&health),
            metrics,
            levels: levels::levels(engine.clone(), transfers.clone(), Arc::clone(&health)),
        };
        let mut watcher = Watcher::new(
            Arc::clone(&health),
            engine.clone(),
            Arc::clone(&connections),
            transfers.clone(),
        );
        // So that nobody is told that it is not ready who asks early.
        watcher.look().await;
        let hosts = hosts(&config, &access);
        let front = (&config.rpc, shown);
        let front = rpc::routes(&transfers, &connections, access, hosts, front)?;
        Ok(Self {
            config,
            engine,
            transfers,
            connections,
            listener,
            accept,
            router: front.port,
            admin: admin.map(|listener| (listener, front.admin)),
            health,
            watcher,
            reporter: front.health,
        })
    }

    /// The address that the server listens on, with the real port where 0 was asked for.
    ///
    /// # Errors
    ///
    /// The system does not tell.
    pub fn local_address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The address of the listener for probes, where there is one.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref()?.0.local_addr().ok()
    }

    /// The ClickHouse behind the server.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Serves until `shutdown`, and on for as long as those who send work may need to notice; then lets transfers end
    /// within the drain limit, and stops the rest.
    ///
    /// # Errors
    ///
    /// The listener broke.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), Error> {
        let Self {
            config,
            engine,
            transfers,
            connections,
            health,
            watcher,
            reporter,
            ..
        } = self;
        let stop = CancellationToken::new();
        let wait = lame_duck(
            Arc::clone(&health),
            config.lame_duck,
            shutdown,
            stop.clone(),
        );
        drop(task::spawn_background("lame duck", wait));
        let follow = follow_health(health, reporter, stop.clone());
        let background = [
            task::spawn("health", watcher.watch(stop.clone())),
            task::spawn("health service", follow),
            task::spawn("sweeper", transfers.clone().sweep(stop.clone())),
            task::spawn("claims", transfers.clone().watch_claims(stop.clone())),
            task::spawn("nodes", connections.watch_nodes(stop.clone())),
        ];
        let serving = Serving {
            config,
            transfers,
            listener: self.listener,
            accept: self.accept,
            router: self.router,
            admin: self.admin,
        };
        let outcome = serving.serve(stop).await;
        // An open connection to the engine would hold it for seconds. They end with what uses them.
        if timeout(STOP_TIMEOUT, join_all(background)).await.is_err() {
            tracing::warn!("the sweeper or a watch did not end in time");
        }
        engine.shutdown().await;
        let left = task::drain(STOP_TIMEOUT).await;
        if left > 0 {
            tracing::warn!(left, "some tasks did not end in time");
        }
        outcome
    }
}

/// What answers callers.
struct Serving {
    config: Config,
    transfers: Transfers,
    listener: TcpListener,
    accept: AcceptConfig,
    router: axum::Router,
    admin: Option<(TcpListener, axum::Router)>,
}

impl Serving {
    async fn serve(self, shutdown: CancellationToken) -> Result<(), Error> {
        let Self {
            config,
            transfers,
            listener,
            accept,
            router,
            admin,
        } = self;
        // Ends with this function: those who probe are answered until the last call has ended.
        let _admin = admin.map(|(listener, router)| {
            let incoming = Incoming::new(listener, access::admin(&config));
            let config = config.rpc.clone();
            let serve = async move {
                rpc::serve(incoming, router, &config, None, CancellationToken::new()).await
            };
            AbortOnDropHandle::new(task::spawn_background("admin", serve))
        });
        let serve = rpc::serve(
            Incoming::new(listener, accept),
            router,
            &config.rpc,
            config.port.max_age,
            shutdown.clone(),
        );
        tokio::pin!(serve);
        tokio::select! {
            ended = &mut serve => return Ok(ended?),
            () = shutdown.cancelled() => {}
        }
        tokio::select! {
            ended = &mut serve => return Ok(ended?),
            () = drain(&transfers, config.drain_timeout) => {}
        }
        // An open watch of the health service would keep it for ever.
        match timeout(STOP_TIMEOUT, serve).await {
            Ok(ended) => Ok(ended?),
            Err(_) => Ok(()),
        }
    }
}

/// The budget of memory.
fn memory(config: &Config) -> Memory {
    let memory = Memory::new(
        config.transfer.memory_limit,
        config.transfer.block_bytes,
        config.transfer.queue_timeout,
    );
    match &config.transfer.fleet {
        Some(_) => memory.for_fleet(),
        None => memory,
    }
}

/// The names that the server may be called by.
fn hosts(config: &Config, access: &Access) -> Hosts {
    let is_open = config.listen.ip().is_loopback() && !access.is_required();
    let hosts = Hosts::new(&config.rpc.allowed_hosts, is_open);
    match &config.transfer.fleet {
        Some(fleet) => hosts.and(fleet.address.host()),
        None => hosts,
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|source| Error::Listen { address, source })
}

/// Once the server is asked to end, says so to those who send it work, and gives them time to notice; then has it
/// take no more.
async fn lame_duck(
    health: Arc<Health>,
    limit: Duration,
    shutdown: CancellationToken,
    stop: CancellationToken,
) {
    shutdown.cancelled().await;
    health.end();
    if !limit.is_zero() {
        tracing::info!(
            ?limit,
            "not ready any more; calls are taken for a while yet"
        );
        tokio::time::sleep(limit).await;
    }
    stop.cancel();
}

/// Keeps the health service true to what is known of the server's health.
async fn follow_health(health: Arc<Health>, reporter: HealthReporter, shutdown: CancellationToken) {
    let mut seen = health.follow();
    let mut told = None;
    loop {
        let is_last = shutdown.is_cancelled();
        let now = seen.borrow_and_update().clone();
        rpc::report_health(&reporter, told.as_ref(), &now).await;
        told = Some(now);
        if is_last {
            return;
        }
        tokio::select! {
            changed = seen.changed() => if changed.is_err() { return },
            () = shutdown.cancelled() => {}
        }
    }
}

/// Refuses new transfers, waits for those that run, and stops those that outlast the limit.
async fn drain(transfers: &Transfers, limit: Duration) {
    let registry = transfers.registry();
    registry.close();
    tracing::info!(?limit, "shutting down: waiting for transfers to end");
    if timeout(limit, registry.wait_idle()).await.is_err() {
        registry.stop_all();
        registry.wait_idle().await;
    }
}
