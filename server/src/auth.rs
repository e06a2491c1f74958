//! Who calls, and what they may do: tokens, client certificates, the policy, the rate of requests.
//!
//! The layer in `rpc` calls [`Authenticator`] for each request and its handlers call [`Policy`];
//! `main` calls [`mint`] for `sluice-server token`. Nothing in here may show a token, a secret or a
//! private key: not in an error, not in the log, not in `Debug`.

mod cache;
mod certificate;
mod claims;
mod config;
mod connections;
mod error;
mod fetch;
mod keys;
pub mod limit;
pub mod mint;
mod policy;
mod principal;
mod secret;
mod store;
mod tables;
mod verify;

use std::sync::Arc;

use http::{HeaderMap, header::AUTHORIZATION};

pub use self::{
    certificate::{CertificateGrants, Grant},
    config::{AuthConfig, ClaimNames, JwksLocation, KeySource, UnknownAlgorithm, algorithm},
    connections::{ConnectionLimit, ConnectionPattern, ConnectionPatternError},
    error::{Error, KeyError},
    policy::{Action, Denial, Policy, RunsAs, TableName, Target},
    principal::{Principal, Scope, Scopes, UnknownScope},
    secret::read_secret,
    tables::{PatternError, TablePattern, Tables},
    verify::Verifier,
};

/// Turns what a request brings into a [`Principal`].
#[derive(Debug, Clone)]
pub struct Authenticator {
    mode: Mode,
    certificates: Arc<CertificateGrants>,
}

#[derive(Debug, Clone)]
enum Mode {
    /// Nobody is asked who they are: only for a server that listens on loopback.
    Open(Arc<Principal>),
    /// Callers need a client certificate that is known.
    Certificates,
    /// Callers need a token, or a client certificate that is known.
    Tokens(Verifier),
}

impl Authenticator {
    /// Lets everybody do everything.
    pub fn open() -> Self {
        Self {
            mode: Mode::Open(Arc::new(Principal::open())),
            certificates: Arc::default(),
        }
    }

    /// Asks for a token; where there is none, for one of the client certificates in `certificates`.
    pub fn tokens(verifier: Verifier, certificates: CertificateGrants) -> Self {
        Self {
            mode: Mode::Tokens(verifier),
            certificates: Arc::new(certificates),
        }
    }

    /// Asks for one of the client certificates in `certificates`.
    pub fn certificates(certificates: CertificateGrants) -> Self {
        Self {
            mode: Mode::Certificates,
            certificates: Arc::new(certificates),
        }
    }

    /// Whether calls without a token or a certificate are refused.
    pub fn is_required(&self) -> bool {
        !matches!(self.mode, Mode::Open(_))
    }

    /// Whether callers may show a token.
    pub fn takes_tokens(&self) -> bool {
        matches!(self.mode, Mode::Tokens(_))
    }

    /// Says who calls. A token that is there is judged alone: where it is refused, a certificate does
    /// not help. `certificate` is the subject of the client certificate that TLS has verified.
    ///
    /// # Errors
    ///
    /// [`Error`]; all but [`Error::KeysUnavailable`] mean that the caller is not known.
    pub async fn authenticate(
        &self,
        headers: &HeaderMap,
        certificate: Option<&str>,
    ) -> Result<Arc<Principal>, Error> {
        let verifier = match &self.mode {
            Mode::Open(principal) => return Ok(Arc::clone(principal)),
            Mode::Certificates => None,
            Mode::Tokens(verifier) => Some(verifier),
        };
        match (verifier, bearer(headers)?, certificate) {
            (Some(verifier), Some(token), _) => verifier.verify(token).await,
            (None, Some(_), _) => Err(Error::NoTokens),
            (_, None, Some(subject)) => self.certificates.principal(subject).map(Arc::new),
            (Some(_), None, None) => Err(Error::MissingToken),
            (None, None, None) => Err(Error::MissingCertificate),
        }
    }
}

/// The token of `authorization: Bearer <token>` (RFC 6750, 2.1); `None` without such a header.
///
/// # Errors
///
/// The header stands there twice, is of another scheme, or its token has bytes that no token has.
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Error::SeveralTokens);
    }
    let text = value.to_str().map_err(|_| Error::NotBearer)?;
    let (scheme, token) = text.split_once(' ').ok_or(Error::NotBearer)?;
    let token = token.trim_matches(' ');
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || !token.bytes().all(is_token) {
        return Err(Error::NotBearer);
    }
    Ok(Some(token))
}

#[cfg(test)]
mod tests;
