//! The browser client's files, from this program or from a directory.
//!
//! `rpc` answers with them what no service takes. It never leads out of the directory, and never shows
//! the page in place of a file that is missing.

use std::{
    io,
    path::{Component, Path, PathBuf},
};

use axum::{
    body::Body,
    extract::Request,
    response::{Html, IntoResponse as _, Response},
};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{
        ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
        VARY,
    },
};
use percent_encoding::percent_decode_str;
use rust_embed::{Embed, EmbeddedFile};
use tower::ServiceExt as _;
use tower_http::services::ServeDir;

/// What `make web` has built; nothing where it did not run before the server was built.
#[derive(Embed)]
#[folder = "../web-client/dist/page"]
#[allow_missing = true]
struct Built;

/// What `/` shows where the page was not built.
const UNBUILT: &str = include_str!("pages/unbuilt.html");

/// The names of these files change with their content: a browser need not ask for them again.
const HASHED: &str = "assets/";

/// Where the files come from.
#[derive(Debug, Clone)]
pub(super) struct Pages {
    /// Serves a directory instead of the embedded files.
    directory: Option<(PathBuf, ServeDir)>,
}

impl Pages {
    /// Takes the files of `directory`. Default: those that are embedded.
    pub(super) fn new(directory: Option<&Path>) -> Self {
        let serve = |path: &Path| (path.to_owned(), ServeDir::new(path).precompressed_gzip());
        let directory = directory.map(serve);
        Self { directory }
    }

    /// Answers a request of a browser.
    pub(super) async fn answer(&self, request: Request) -> Response {
        let path = request.uri().path().trim_start_matches('/').to_owned();
        let Some((root, directory)) = self.directory.clone() else {
            return embedded(&path, request.method(), request.headers());
        };
        if !is_within(&root, &path).await.unwrap_or(false) {
            return (StatusCode::NOT_FOUND, "not found\n").into_response();
        }
        let mut response = match directory.oneshot(request).await {
            Ok(response) => response.into_response(),
            Err(never) => match never {},
        };
        if response.status().is_success() {
            response.headers_mut().insert(CACHE_CONTROL, caching(&path));
        }
        response
    }
}

/// Whether what a path leads to is in the directory, links followed: the file itself, its packed form,
/// and the page of a directory. What is not there leads nowhere.
async fn is_within(root: &Path, path: &str) -> io::Result<bool> {
    let Ok(path) = percent_decode_str(path).decode_utf8() else {
        return Ok(false);
    };
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    let path = Path::new(path.as_ref());
    if path.is_absolute() || !path.components().all(is_plain) {
        return Ok(false);
    }
    let inside = tokio::fs::canonicalize(root).await?;
    let asked = root.join(path);
    let packed = |path: &Path| {
        let mut name = path.as_os_str().to_owned();
        name.push(".gz");
        PathBuf::from(name)
    };
    let page = asked.join("index.html");
    for file in [packed(&asked), packed(&page), page, asked] {
        match tokio::fs::canonicalize(&file).await {
            Ok(found) if !found.starts_with(&inside) => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(false),
            // A link to nowhere is no way out.
            Ok(_) | Err(_) => {}
        }
    }
    Ok(true)
}

/// Answers with an embedded file.
fn embedded(path: &str, method: &Method, headers: &HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response();
    }
    let path = if path.is_empty() { "index.html" } else { path };
    match Built::get(path) {
        Some(file) => serve(path, file, headers),
        None if path == "index.html" => Html(UNBUILT).into_response(),
        None => (StatusCode::NOT_FOUND, "not found\n").into_response(),
    }
}

/// The file, packed where the browser takes that, or nothing where the browser has it already.
fn serve(path: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let content_type = content_type(&file);
    let packed = Built::get(&format!("{path}.gz"));
    let has_packed = packed.is_some();
    let packed = packed.filter(|_| takes_gzip(headers));
    let is_packed = packed.is_some();
    let file = packed.unwrap_or(file);
    let tag = entity_tag(&file);
    let is_known = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim().trim_start_matches("W/") == tag);
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(Body::from(file.data));
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        if is_packed {
            let gzip = HeaderValue::from_static("gzip");
            response.headers_mut().insert(CONTENT_ENCODING, gzip);
        }
        response
    };
    let fields = response.headers_mut();
    fields.insert(CACHE_CONTROL, caching(path));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        fields.insert(ETAG, tag);
    }
    if has_packed {
        fields.insert(VARY, HeaderValue::from_static("accept-encoding"));
    }
    response
}

/// How long a browser may keep a file without asking.
fn caching(path: &str) -> HeaderValue {
    HeaderValue::from_static(if path.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    })
}

/// The media type of a file by its name; text is UTF-8.
fn content_type(file: &EmbeddedFile) -> HeaderValue {
    let media_type = file.metadata.mimetype();
    let charset = if media_type.starts_with("text/") {
        "; charset=utf-8"
    } else {
        ""
    };
    HeaderValue::try_from(format!("{media_type}{charset}"))
        .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"))
}

/// A name of the content, quoted as in a header.
fn entity_tag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let half = u128::from_be_bytes(std::array::from_fn(|index| {
        hash.get(index).copied().unwrap_or_default()
    }));
    format!("\"{half:032x}\"")
}

/// Whether the browser takes gzip: named, and not with the weight 0.
fn takes_gzip(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
            let weight = weight.trim().trim_start_matches("q=").parse::<f32>();
            name.trim().eq_ignore_ascii_case("gzip") && weight.unwrap_or(1.0) > 0.0
        })
}
