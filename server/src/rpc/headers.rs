//! What browsers are told and what they may do: other sites are kept out, pages may load only what is
//! theirs.
//!
//! `rpc` puts [`guard`] around everything on the port. A header that a page has set itself stays. It
//! knows nothing of callers: that is for `access`.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
        CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN, REFERRER_POLICY,
        STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};

use crate::tls::ConnectionInfo;

/// What pages may do: load their own scripts, styles and images, and call their own server.
const CSP: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; \
                   frame-ancestors 'none'";

/// On every answer that is not gRPC.
const PAGE_HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, CSP),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// A browser that has seen it speaks TLS with this host for the next half year.
const HSTS: &str = "max-age=15552000";

/// What a page of another site may send.
const ALLOWED_HEADERS: &str = "authorization, content-type, x-grpc-web, x-user-agent, grpc-timeout, \
                               sluice-connection, sluice-clickhouse-url, sluice-clickhouse-user, \
                               sluice-clickhouse-password, sluice-clickhouse-token, \
                               sluice-clickhouse-database, sluice-transfer-id";

/// What it may read, beside the body.
const EXPOSED_HEADERS: &str =
    "grpc-status, grpc-message, grpc-status-details-bin, sluice-transfer-id";

/// How long a browser may remember that, in seconds.
const MAX_AGE: &str = "7200";

/// The web sites whose pages may call, as browsers name them: `https://app.example.com`.
#[derive(Debug, Clone)]
pub(super) struct Origins(Arc<[String]>);

impl Origins {
    pub(super) fn new(origins: &[String]) -> Self {
        Self(origins.into())
    }

    fn judge(&self, request: &Request) -> Origin {
        let Some(origin) = request.headers().get(ORIGIN) else {
            return Origin::None;
        };
        if self.0.iter().any(|own| own.as_bytes() == origin.as_bytes()) {
            return Origin::Allowed(origin.clone());
        }
        let own = origin.to_str().ok().and_then(|origin| {
            let origin = origin.parse::<Uri>().ok()?;
            let default = default_port(&origin);
            let port = origin.port_u16().or(default);
            Some((origin.host()?.to_ascii_lowercase(), port, default))
        });
        match (own, authority(request).and_then(split)) {
            // A host without a port is at the port of the scheme, and not at every one: what listens
            // at another port of this machine is another site.
            (Some((own, port, default)), Some((host, host_port)))
                if own == host && port.is_some() && port == host_port.or(default) =>
            {
                Origin::None
            }
            _ => Origin::Foreign,
        }
    }
}

/// Where a request of a browser comes from.
enum Origin {
    /// The server's own page, or no page at all.
    None,
    /// A page of a site that is allowed.
    Allowed(HeaderValue),
    /// Some other page.
    Foreign,
}

fn default_port(origin: &Uri) -> Option<u16> {
    match origin.scheme_str() {
        Some("https") => Some(443),
        Some("http") => Some(80),
        _ => None,
    }
}

/// The authority that a request was sent to; a browser always sends one.
pub(super) fn authority(request: &Request) -> Option<&[u8]> {
    match request.uri().authority() {
        Some(authority) => Some(authority.as_str().as_bytes()),
        None => request.headers().get(HOST).map(HeaderValue::as_bytes),
    }
}

/// Host, in lower case, and port of an authority.
pub(super) fn split(authority: &[u8]) -> Option<(String, Option<u16>)> {
    let authority = http::uri::Authority::try_from(authority).ok()?;
    Some((authority.host().to_ascii_lowercase(), authority.port_u16()))
}

/// Refuses what pages of other sites send, answers for those that are allowed, and adds the headers.
pub(super) async fn guard(
    State(origins): State<Origins>,
    request: Request,
    next: Next,
) -> Response {
    let info = request.extensions().get::<ConnectionInfo>();
    let is_encrypted = info.is_some_and(|info| info.is_encrypted);
    let origin = origins.judge(&request);
    let is_preflight = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match &origin {
        Origin::Foreign => {
            let problem = "pages of this site may not call this server: see --cors-origins\n";
            (StatusCode::FORBIDDEN, problem).into_response()
        }
        Origin::Allowed(_) if is_preflight => preflight(),
        Origin::Allowed(_) | Origin::None => next.run(request).await,
    };
    let headers = response.headers_mut();
    if let Origin::Allowed(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(EXPOSED_HEADERS),
        );
        headers.append(VARY, HeaderValue::from_static("origin"));
    }
    if !is_grpc(headers) {
        add_page_headers(headers, is_encrypted);
    }
    response
}

fn preflight() -> Response {
    let headers = [
        (ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        (ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS),
        (ACCESS_CONTROL_MAX_AGE, MAX_AGE),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Refuses what comes to a service and is no gRPC: a page of another site may send `text/plain` anywhere
/// without being asked.
pub(super) async fn require_grpc(request: Request, next: Next) -> Response {
    if is_grpc(request.headers()) {
        return next.run(request).await;
    }
    let problem =
        "the services are called with content-type application/grpc or application/grpc-web\n";
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, problem).into_response()
}

/// Whether the content is that of a gRPC call, gRPC-Web too.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    has_type(headers, &["grpc"]) || is_grpc_web(headers)
}

/// Whether the content is that of a gRPC-Web call.
pub(super) fn is_grpc_web(headers: &HeaderMap) -> bool {
    has_type(headers, &["grpc-web", "grpc-web-text"])
}

/// Whether the content is of one of these kinds of application, in any form of theirs: `grpc+proto`.
fn has_type(headers: &HeaderMap, kinds: &[&str]) -> bool {
    let is_of = |text: &str| {
        let (kind, _) = text.split_once(';').unwrap_or((text, ""));
        let (kind, _) = kind.split_once('+').unwrap_or((kind, ""));
        let kind = kind.trim().to_ascii_lowercase();
        let kind = kind.strip_prefix("application/");
        kind.is_some_and(|kind| kinds.contains(&kind))
    };
    let text = headers.get(CONTENT_TYPE).map(HeaderValue::to_str);
    text.is_some_and(|text| text.is_ok_and(is_of))
}

fn add_page_headers(headers: &mut HeaderMap, is_encrypted: bool) {
    for (name, value) in PAGE_HEADERS {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    if is_encrypted {
        headers
            .entry(STRICT_TRANSPORT_SECURITY)
            .or_insert(HeaderValue::from_static(HSTS));
    }
}
