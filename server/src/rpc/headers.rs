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
                               sluice-clickhouse-database";

/// What it may read, beside the body.
const EXPOSED_HEADERS: &str = "grpc-status, grpc-message, grpc-status-details-bin";

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
            let port = origin.port_u16().or_else(|| default_port(&origin));
            Some((origin.host()?.to_ascii_lowercase(), port))
        });
        match (own, authority(request).and_then(split)) {
            (Some((own, own_port)), Some((host, port)))
                if own == host && (port.is_none() || port == own_port) =>
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

/// Whether the content is that of a gRPC call, gRPC-Web too.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    has_type(headers, b"application/grpc")
}

/// Whether the content is that of a gRPC-Web call.
pub(super) fn is_grpc_web(headers: &HeaderMap) -> bool {
    has_type(headers, b"application/grpc-web")
}

fn has_type(headers: &HeaderMap, start: &[u8]) -> bool {
    let kind = headers.get(CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(start))
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
