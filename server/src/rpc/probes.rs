//! What is answered to those who run the server: whether it lives and is ready, and what it has counted.
//!
//! `rpc` serves it on the port and on the listener for probes. Only [`metrics`] asks who reads, and only on the port.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use tonic::Code;

use super::Access;
use crate::{
    health::Health,
    metrics::{self, Levels, Metrics},
};

/// What is shown of the server.
#[derive(Clone)]
pub struct Shown {
    /// Whether it works.
    pub health: Arc<Health>,
    /// What it has counted.
    pub metrics: Arc<Metrics>,
    /// Says how things stand now.
    pub levels: Arc<dyn Fn() -> Levels + Send + Sync>,
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shown").finish_non_exhaustive()
    }
}

/// `/livez` and `/readyz`.
pub(super) fn probes(health: Arc<Health>) -> Router {
    Router::new()
        .route(
            "/livez",
            get(async || plain(StatusCode::OK, "alive\n".to_owned())),
        )
        .route("/readyz", get(readyz))
        .with_state(health)
}

/// `/metrics`, for everybody, or those whom `access` lets read.
pub(super) fn metrics(shown: Shown, access: Option<Arc<Access>>) -> Router {
    let show = |State((shown, access)): State<(Shown, Option<Arc<Access>>)>, request: Request| async move {
        let (head, _) = request.into_parts();
        if let Some(access) = access
            && let Err(status) = access.check_reader(&head).await
        {
            let code = match status.code() {
                Code::Unauthenticated => StatusCode::UNAUTHORIZED,
                Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
                Code::PermissionDenied => StatusCode::FORBIDDEN,
                _ => StatusCode::SERVICE_UNAVAILABLE,
            };
            return plain(code, format!("{}\n", status.message()));
        }
        let text = shown.metrics.render(&(shown.levels)());
        ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response()
    };
    let router = Router::new().route("/metrics", get(show));
    router.with_state((shown, access))
}

async fn readyz(State(health): State<Arc<Health>>) -> Response {
    let now = health.now();
    let status = if now.is_ready() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    plain(status, now.to_string())
}

/// A text that nobody may keep.
fn plain(status: StatusCode, text: String) -> Response {
    let headers = HeaderMap::from_iter([
        (
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        ),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ]);
    (status, headers, text).into_response()
}
