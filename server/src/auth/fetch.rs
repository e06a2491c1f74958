//! Fetches key sets over HTTPS.
//!
//! `store` calls it. One GET with a time limit and a size limit; a redirect is a failure, and nothing
//! is fetched in the clear but from this machine.

use std::{path::Path, time::Duration};

use bytes::Bytes;
use http::{StatusCode, Uri, header::ACCEPT};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use super::KeyError;
use crate::causes::with_causes;

/// The time that all of it may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The largest document, in bytes: a hundred RSA keys with their certificates.
const MAX_BYTES: usize = 1 << 20;

/// One address that keys are fetched from.
#[derive(Debug)]
pub(super) struct Fetcher {
    uri: Uri,
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

impl Fetcher {
    /// A fetcher that trusts the certificates in `ca`, or those that the system trusts.
    ///
    /// # Errors
    ///
    /// The address is not taken, or the certificates cannot be read.
    pub(super) fn new(url: &str, ca: Option<&Path>) -> Result<Self, KeyError> {
        let uri = check(url)?;
        let tls = crate::tls::client(ca)?;
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build(connector);
        Ok(Self { uri, client })
    }

    /// The document.
    ///
    /// # Errors
    ///
    /// It cannot be had: no connection, another status than 200, too large, too slow.
    pub(super) async fn fetch(&self) -> Result<Bytes, KeyError> {
        let fetched = tokio::time::timeout(TIMEOUT, self.get()).await;
        let late = || Err(format!("no answer within {} s", TIMEOUT.as_secs()));
        fetched
            .unwrap_or_else(|_| late())
            .map_err(|problem| KeyError::Fetch {
                url: self.uri.to_string(),
                problem,
            })
    }

    async fn get(&self) -> Result<Bytes, String> {
        let request = http::Request::get(self.uri.clone())
            .header(ACCEPT, "application/jwk-set+json, application/json")
            .body(Empty::new())
            .map_err(|error| error.to_string())?;
        let response = self.client.request(request).await;
        let response = response.map_err(|error| with_causes(&error))?;
        if response.status() != StatusCode::OK {
            return Err(format!("it answered {}", response.status()));
        }
        let body = Limited::new(response.into_body(), MAX_BYTES)
            .collect()
            .await;
        body.map(http_body_util::Collected::to_bytes)
            .map_err(|error| error.to_string())
    }
}

/// Reads an address, and refuses those that keys cannot be trusted from.
fn check(url: &str) -> Result<Uri, KeyError> {
    let fault = |problem: &str| KeyError::Fetch {
        url: "the address of the key set".to_owned(),
        problem: problem.to_owned(),
    };
    let uri: Uri = url.parse().map_err(|_| fault("it is no address"))?;
    let host = uri.host().ok_or_else(|| fault("it has no host"))?;
    if uri
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'))
    {
        return Err(fault(
            "a user and a password in it are not sent: leave them out",
        ));
    }
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = host == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    match uri.scheme_str() {
        Some("https") => Ok(uri),
        Some("http") if is_loopback => Ok(uri),
        Some(_) | None => Err(KeyError::Insecure(url.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::auth::KeyError;

    #[test]
    fn keys_are_not_fetched_in_the_clear_from_elsewhere() {
        for url in [
            "https://id.example.com/keys",
            "http://127.0.0.1:8080/k",
            "http://[::1]/",
            "http://localhost/k",
        ] {
            check(url).unwrap();
        }
        for url in [
            "http://id.example.com/keys",
            "http://10.0.0.1/",
            "http://localhost.evil.com/",
            "ftp://127.0.0.1/",
        ] {
            assert!(matches!(check(url), Err(KeyError::Insecure(_))), "{url}");
        }
        for url in [
            "",
            "/keys",
            "https://",
            "https://me:secret@id.example.com/keys",
        ] {
            let error = check(url).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
