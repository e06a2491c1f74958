//! The gRPC side: one port for gRPC, gRPC-Web, health, reflection and the web page.
//!
//! `app` builds and runs it. Only this module, `rpc/` and `app` know tonic and the generated types;
//! a handler converts, calls `transfer` or `catalog`, and converts back.

mod access;
mod audit;
mod bulk;
mod calls;
mod catalog;
mod connection;
mod convert;
mod doors;
mod export;
mod files;
mod forward;
mod headers;
mod hosts;
mod ingest;
mod origin;
mod pages;
mod peers;
mod probes;
mod requests;
mod session;
mod status;
mod transfers;
mod upload;

use std::{sync::Arc, time::Duration};

use axum::{extract::Request, middleware, response::Response};
use futures_util::{StreamExt as _, future::try_join_all, stream};
use sluice_proto::v1::{
    catalog_service_server::CatalogServiceServer, ingest_service_server::IngestServiceServer,
};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tonic::{Status, service::Routes, transport::Server};
use tonic_health::server::HealthReporter;
use tonic_web::GrpcWebLayer;

pub use self::{access::Access, hosts::Hosts, probes::Shown};
use self::{
    catalog::CatalogRpc, doors::Doors, forward::Forwarder, headers::Origins, ingest::IngestRpc,
    pages::Pages,
};
use crate::{
    config::RpcConfig,
    connections::Connections,
    health::Readiness,
    tls::{self, Incoming},
    transfer::{Error, Failure, Transfers},
};

/// The most bytes of the headers of a request: a token of 8 KiB, and as much again for the rest.
const MAX_HEADER_BYTES: u32 = 16 << 10;

/// Why the routes cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The descriptor sets for reflection are broken: a fault of the build.
    #[error("the descriptors for reflection are broken")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The certificates that other servers are trusted by cannot be used.
    #[error("cannot verify the other servers of the fleet")]
    Fleet(#[source] tls::Error),
}

/// Every route, and the reporter that says whether the services work.
#[derive(Debug)]
pub struct Front {
    /// What the port answers.
    pub port: axum::Router,
    /// What the listener for probes answers.
    pub admin: axum::Router,
    /// Says whether the services work.
    pub health: HealthReporter,
}

/// Builds every route of the port and of the listener for probes.
///
/// # Errors
///
/// As [`BuildError`] says.
pub fn routes(
    transfers: &Transfers,
    connections: &Arc<Connections>,
    access: Access,
    hosts: Hosts,
    (config, shown): (&RpcConfig, Shown),
) -> Result<Front, BuildError> {
    let limit = config.max_message_bytes;
    let limits = requests::Limits {
        memory: Arc::clone(transfers.memory()),
        max_message_bytes: limit,
        timeout: config.body_timeout,
    };
    let forwarder = transfers
        .fleet()
        .map(Forwarder::new)
        .transpose()
        .map_err(BuildError::Fleet)?
        .map(Arc::new);
    let doors = Doors::new(transfers.clone(), Arc::clone(connections), forwarder);
    let ingest = IngestServiceServer::new(IngestRpc::new(doors.clone(), config))
        .max_decoding_message_size(limit);
    let takes_tokens = access.authenticator.takes_tokens();
    let catalog = CatalogRpc::new(doors, config, limits.clone(), takes_tokens);
    let catalog = CatalogServiceServer::new(catalog).max_decoding_message_size(limit);
    let (reporter, health) = tonic_health::server::health_reporter();
    let admin = Routes::new(health.clone()).into_axum_router();
    let admin = admin
        .merge(probes::metrics(shown.clone(), None))
        .merge(probes::probes(Arc::clone(&shown.health)));
    let mut services = Routes::new(ingest).add_service(catalog).add_service(health);
    if config.reflection {
        services = services
            .add_service(reflection().build_v1()?)
            .add_service(reflection().build_v1alpha()?);
    }
    let access = Arc::new(access);
    let admit = middleware::from_fn_with_state(Arc::clone(&access), access::admit);
    let count = middleware::from_fn_with_state(Arc::clone(&shown.metrics), calls::count);
    let grpc = services
        .into_axum_router()
        .layer(middleware::map_request(bulk::set_aside))
        .layer(middleware::map_response(bulk::place))
        .layer(middleware::from_fn_with_state(limits, requests::limit))
        .layer(admit)
        .layer(count)
        .layer(GrpcWebLayer::new())
        .layer(middleware::from_fn(headers::require_grpc));
    let pages = Pages::new(config.web_dir.as_deref());
    let origins = Origins::new(&config.cors_origins);
    let grpc = if config.metrics {
        grpc.merge(probes::metrics(shown.clone(), Some(access)))
    } else {
        grpc
    };
    let port = grpc
        .fallback(move |request| answer(request, pages))
        .layer(middleware::from_fn_with_state(hosts, hosts::check))
        .merge(probes::probes(shown.health))
        .layer(middleware::from_fn_with_state(origins, headers::guard));
    Ok(Front {
        port,
        admin,
        health: reporter,
    })
}

/// What a client sees of an error, for the journal.
#[must_use]
pub fn describe(error: &Error) -> Failure {
    status::failure(error)
}

/// Tells the health service which services work: the catalog needs no journal. Whoever watches one hears of changes
/// only, from what was told before.
pub async fn report_health(reporter: &HealthReporter, before: Option<&Readiness>, now: &Readiness) {
    let is_ready: fn(&Readiness) -> bool = Readiness::is_ready;
    let services = [
        ("", is_ready),
        ("sluice.v1.IngestService", is_ready),
        ("sluice.v1.CatalogService", Readiness::reads),
    ];
    for (service, works) in services {
        let works_now = works(now);
        if before.map(works) == Some(works_now) {
            continue;
        }
        let status = if works_now {
            tonic_health::ServingStatus::Serving
        } else {
            tonic_health::ServingStatus::NotServing
        };
        reporter.set_service_status(service, status).await;
    }
}

/// The ages at which connections are asked to take no more calls, in percent of the one that was chosen: those that
/// began in one moment, behind a restart, must not all come anew in another one.
const AGES: [u32; 8] = [90, 93, 96, 99, 101, 104, 107, 110];

/// The last of them.
pub fn latest_age(age: Duration) -> Duration {
    age * AGES[AGES.len() - 1] / 100
}

/// Serves until `shutdown`, then until every call has ended. The library has one age for all connections of a server:
/// so several of them serve the port by turns.
///
/// # Errors
///
/// The listener broke.
pub async fn serve(
    incoming: Incoming,
    router: axum::Router,
    config: &RpcConfig,
    max_age: Option<Duration>,
    shutdown: CancellationToken,
) -> Result<(), tonic::transport::Error> {
    let Some(age) = max_age else {
        let server = server(config).add_routes(Routes::from(router));
        let ended = server.serve_with_incoming_shutdown(incoming, shutdown.cancelled_owned());
        return ended.await;
    };
    let incoming = Arc::new(Mutex::new(incoming));
    let servers = AGES.map(|percent| {
        // Whoever waits longest has the next one.
        let turns = stream::unfold(Arc::clone(&incoming), async |incoming| {
            let next = incoming.lock().await.next().await;
            next.map(|connection| (connection, incoming))
        });
        server(config)
            .max_connection_age(age * percent / 100)
            .add_routes(Routes::from(router.clone()))
            .serve_with_incoming_shutdown(Box::pin(turns), shutdown.clone().cancelled_owned())
    });
    drop(incoming);
    try_join_all(servers).await.map(drop)
}

fn server(config: &RpcConfig) -> Server {
    Server::builder()
        .accept_http1(true)
        .initial_stream_window_size(config.stream_window_bytes)
        .initial_connection_window_size(config.connection_window_bytes)
        .max_frame_size(config.max_frame_bytes)
        .max_concurrent_streams(config.max_streams)
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .http2_keepalive_interval(Some(config.keepalive_interval))
        .http2_keepalive_timeout(Some(config.keepalive_timeout))
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(sluice_proto::FILE_DESCRIPTOR_SET)
        // What the details of an error are made of: a client that knows nothing but reflection prints them.
        .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

/// Answers what no service takes: gRPC callers in their own terms, browsers with a page.
async fn answer(request: Request, pages: Pages) -> Response {
    if headers::is_grpc(request.headers()) {
        let message = format!("this server has no service at {}", request.uri().path());
        return Status::unimplemented(message).into_http();
    }
    pages.answer(request).await
}
