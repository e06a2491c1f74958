//! Builds the parts of the server, runs them, and ends them in order.
//!
//! `main` calls it. It decides nothing about transfers; it only joins the parts.

mod access;
pub mod shutdown;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;
use tonic_health::server::HealthReporter;

use crate::{
    auth::KeyError,
    config::Config,
    connections::Connections,
    engine::{self, Engine},
    memory::Memory,
    rpc::{self, Hosts},
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
    health: HealthReporter,
}

impl App {
    /// Binds the port, starts the engine and builds every part.
    ///
    /// # Errors
    ///
    /// The port is taken, a key or a certificate cannot be used, or the engine does not start.
    pub async fn build(config: Config) -> Result<Self, Error> {
        let accept = access::port(&config)?;
        let listener = bind(config.listen).await?;
        let engine = Engine::start(config.engine.clone()).await?;
        let access = access::access(&config).await?;
        let connections = Connections::new(&config.connections, config.adhoc.clone(), &engine)?;
        let connections = Arc::new(connections);
        let memory = Memory::new(
            config.transfer.memory_limit,
            config.transfer.block_bytes,
            config.transfer.queue_timeout,
        );
        let memory = Arc::new(match &config.transfer.fleet {
            Some(_) => memory.for_fleet(),
            None => memory,
        });
        let transfers = Transfers::new(
            Arc::clone(&connections),
            config.transfer.clone(),
            Arc::clone(&memory),
            rpc::describe,
        );
        let is_open = config.listen.ip().is_loopback() && !access.is_required();
        let hosts = Hosts::new(&config.rpc.allowed_hosts, is_open);
        let hosts = match &config.transfer.fleet {
            Some(fleet) => hosts.and(fleet.address.host()),
            None => hosts,
        };
        let (router, health) = rpc::routes(&transfers, &connections, access, hosts, &config.rpc)?;
        Ok(Self {
            config,
            engine,
            transfers,
            connections,
            listener,
            accept,
            router,
            health,
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

    /// The ClickHouse behind the server.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Serves until `shutdown`, lets transfers end within the drain limit, stops the rest.
    ///
    /// # Errors
    ///
    /// The listener broke.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), Error> {
        let engine = self.engine.clone();
        let follow = follow_engine(engine.clone(), self.health.clone(), shutdown.clone());
        let sweep = self.transfers.clone().sweep(shutdown.clone());
        let watch_claims = self.transfers.clone().watch_claims(shutdown.clone());
        let watch_nodes = Arc::clone(&self.connections).watch_nodes(shutdown.clone());
        let background = [
            task::spawn("health", follow),
            task::spawn("sweeper", sweep),
            task::spawn("claims", watch_claims),
            task::spawn("nodes", watch_nodes),
        ];
        let outcome = self.serve(shutdown).await;
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

    async fn serve(self, shutdown: CancellationToken) -> Result<(), Error> {
        let Self {
            config,
            transfers,
            listener,
            accept,
            router,
            health,
            ..
        } = self;
        let serve = rpc::serve(
            Incoming::new(listener, accept),
            router,
            &config.rpc,
            shutdown.clone(),
        );
        tokio::pin!(serve);
        tokio::select! {
            ended = &mut serve => return Ok(ended?),
            () = shutdown.cancelled() => {}
        }
        tokio::select! {
            ended = &mut serve => return Ok(ended?),
            () = drain(&transfers, &health, config.drain_timeout) => {}
        }
        // An open watch of the health service would keep it for ever.
        match timeout(STOP_TIMEOUT, serve).await {
            Ok(ended) => Ok(ended?),
            Err(_) => Ok(()),
        }
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|source| Error::Listen { address, source })
}

/// Keeps the health service true to the state of the engine.
async fn follow_engine(engine: Engine, health: HealthReporter, shutdown: CancellationToken) {
    let mut state = engine.state();
    loop {
        let ready = state.borrow_and_update().is_ready();
        rpc::report_health(&health, ready).await;
        tokio::select! {
            changed = state.changed() => if changed.is_err() { return },
            () = shutdown.cancelled() => return,
        }
    }
}

/// Refuses new transfers, waits for those that run, and stops those that outlast the limit.
async fn drain(transfers: &Transfers, health: &HealthReporter, limit: Duration) {
    rpc::report_health(health, false).await;
    let registry = transfers.registry();
    registry.close();
    tracing::info!(?limit, "shutting down: waiting for transfers to end");
    if timeout(limit, registry.wait_idle()).await.is_err() {
        registry.stop_all();
        registry.wait_idle().await;
    }
}
