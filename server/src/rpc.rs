//! The gRPC side: one port for gRPC, gRPC-Web, health, reflection and the web page.
//!
//! `app` builds and runs it. Only this module, `rpc/` and `app` know tonic and the generated types;
//! a handler converts, calls `transfer` or `catalog`, and converts back.

mod access;
mod audit;
mod bulk;
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
mod pages;
mod peers;
mod requests;
mod session;
mod status;
mod transfers;
mod upload;

use std::sync::Arc;

use axum::{extract::Request, middleware, response::Response};
use sluice_proto::v1::{
    catalog_service_server::CatalogServiceServer, ingest_service_server::IngestServiceServer,
};
use tokio_util::sync::CancellationToken;
use tonic::{Status, service::Routes, transport::Server};
use tonic_health::server::HealthReporter;
use tonic_web::GrpcWebLayer;

pub use self::{access::Access, hosts::Hosts};
use self::{
    catalog::CatalogRpc, doors::Doors, forward::Forwarder, headers::Origins, ingest::IngestRpc,
    pages::Pages,
};
use crate::{
    config::RpcConfig,
    connections::Connections,
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

/// Builds every route of the port, and the reporter that says whether the services work.
///
/// # Errors
///
/// As [`BuildError`] says.
pub fn routes(
    transfers: &Transfers,
    connections: &Arc<Connections>,
    access: Access,
    hosts: Hosts,
    config: &RpcConfig,
) -> Result<(axum::Router, HealthReporter), BuildError> {
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
    let mut services = Routes::new(ingest).add_service(catalog).add_service(health);
    if config.reflection {
        services = services
            .add_service(reflection().build_v1()?)
            .add_service(reflection().build_v1alpha()?);
    }
    let admit = middleware::from_fn_with_state(Arc::new(access), access::admit);
    let grpc = services
        .into_axum_router()
        .layer(middleware::map_request(bulk::set_aside))
        .layer(middleware::map_response(bulk::place))
        .layer(middleware::from_fn_with_state(limits, requests::limit))
        .layer(admit)
        .layer(GrpcWebLayer::new())
        .layer(middleware::from_fn(headers::require_grpc));
    let pages = Pages::new(config.web_dir.as_deref());
    let origins = Origins::new(&config.cors_origins);
    let router = grpc
        .fallback(move |request| answer(request, pages))
        .layer(middleware::from_fn_with_state(hosts, hosts::check))
        .layer(middleware::from_fn_with_state(origins, headers::guard));
    Ok((router, reporter))
}

/// What a client sees of an error, for the journal.
#[must_use]
pub fn describe(error: &Error) -> Failure {
    status::failure(error)
}

/// Tells the health service whether both services work.
pub async fn report_health(reporter: &HealthReporter, serving: bool) {
    let status = if serving {
        tonic_health::ServingStatus::Serving
    } else {
        tonic_health::ServingStatus::NotServing
    };
    let services = ["", "sluice.v1.IngestService", "sluice.v1.CatalogService"];
    for service in services {
        reporter.set_service_status(service, status).await;
    }
}

/// Serves until `shutdown`, then until every call has ended.
///
/// # Errors
///
/// The listener broke.
pub async fn serve(
    incoming: Incoming,
    router: axum::Router,
    config: &RpcConfig,
    shutdown: CancellationToken,
) -> Result<(), tonic::transport::Error> {
    Server::builder()
        .accept_http1(true)
        .initial_stream_window_size(config.stream_window_bytes)
        .initial_connection_window_size(config.connection_window_bytes)
        .max_frame_size(config.max_frame_bytes)
        .max_concurrent_streams(config.max_streams)
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .http2_keepalive_interval(Some(config.keepalive_interval))
        .http2_keepalive_timeout(Some(config.keepalive_timeout))
        .add_routes(Routes::from(router))
        .serve_with_incoming_shutdown(incoming, shutdown.cancelled_owned())
        .await
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
