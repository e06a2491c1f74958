//! Verifies tokens.
//!
//! `Authenticator` calls it for each request that brings one. The order matters: size, form, key,
//! signature, and only then what the claims say; nothing of a token is believed before its signature
//! is right, but for the names of its key and its algorithm, by which a key is chosen that has one
//! algorithm of its own.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Validation, errors::ErrorKind};
use serde::Deserialize;
use serde_json::Value;

use super::{
    AuthConfig, Error, KeyError, algorithm,
    cache::{TokenCache, TokenHash, Verified},
    claims::{self, Times},
    config::{JwksLocation, KeySource},
    keys::{Key, KeySet},
    principal::Principal,
    store::KeyStore,
};
use crate::task;

/// Verifies tokens, and remembers those that it has verified. A clone shares everything.
#[derive(Debug, Clone)]
pub struct Verifier {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: AuthConfig,
    store: KeyStore,
    cache: TokenCache,
    /// What is asked of `iss` and `aud`.
    validation: Validation,
}

/// What the header of a token says, as far as it is used. `jwk`, `jku`, `x5c` and `x5u` are not: a
/// token does not bring its own key.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    /// Extensions that must be understood (RFC 7515, 4.1.11): none is.
    crit: Option<Value>,
    /// Only encrypted tokens have it.
    enc: Option<Value>,
}

impl Verifier {
    /// Reads the keys, and from then on reads them again as the configuration says, as long as one
    /// verifier lives.
    ///
    /// # Errors
    ///
    /// A key cannot be used, or the configuration would trust more than it says.
    pub async fn new(config: AuthConfig) -> Result<Self, KeyError> {
        check(&config)?;
        let inner = Arc::new(Inner {
            store: KeyStore::open(&config).await?,
            cache: TokenCache::new(config.cached_tokens),
            validation: validation(&config),
            config,
        });
        let weak = Arc::downgrade(&inner);
        let pause = inner.config.refresh_interval;
        drop(task::spawn_background("keys", async move {
            loop {
                tokio::time::sleep(pause).await;
                let Some(inner) = weak.upgrade() else { return };
                inner.store.refresh().await;
            }
        }));
        Ok(Self { inner })
    }

    /// Says whose token it is. A token that was verified before costs about a microsecond.
    ///
    /// # Errors
    ///
    /// Why it is refused.
    pub async fn verify(&self, token: &str) -> Result<Arc<Principal>, Error> {
        let Inner {
            config,
            cache,
            store,
            ..
        } = &*self.inner;
        let (bytes, limit) = (token.len(), config.max_token_bytes);
        if bytes > limit {
            return Err(Error::TooLong { bytes, limit });
        }
        let hash = TokenHash::of(token);
        let keys = store.current();
        if let Some(principal) = cache.get(hash, now(), keys.generation) {
            return Ok(principal);
        }
        let header = header(token)?;
        let keys = match &header.kid {
            Some(kid) if !keys.has(kid) => store.refresh_for_unknown(&keys).await,
            None if !keys.is_complete => store.refresh_for_unknown(&keys).await,
            Some(_) | None => keys,
        };
        let verified = self.inner.verify(token, &header, &keys)?;
        let principal = Arc::clone(&verified.principal);
        cache.put(hash, verified);
        Ok(principal)
    }
}

impl Inner {
    fn verify(&self, token: &str, header: &Header, keys: &KeySet) -> Result<Verified, Error> {
        let name = || Error::Algorithm(header.alg.chars().take(32).collect());
        let named = algorithm(&header.alg).map_err(|_| name())?;
        let mut outcome = Err(Error::Signature);
        for key in keys.candidates(header.kid.as_deref(), named)? {
            outcome = self.claims(token, key);
            if !matches!(outcome, Err(Error::Signature)) {
                break;
            }
        }
        let claims = outcome?;
        let times = Times::read(&claims)?;
        times.check(now(), &self.config)?;
        let principal = claims::principal(&claims, times, token, &self.config)?;
        Ok(Verified {
            principal: Arc::new(principal),
            usable_until: times.expires.saturating_add(self.config.leeway.as_secs()),
            generation: keys.generation,
        })
    }

    /// The claims of a token that `key` has signed, from an issuer and for an audience that are taken.
    fn claims(&self, token: &str, key: &Key) -> Result<Value, Error> {
        let mut validation = self.validation.clone();
        validation.algorithms = vec![key.algorithm];
        let decoded = jsonwebtoken::decode::<Value>(token, &key.decoding, &validation);
        let data = decoded.map_err(|error| refusal(error.into_kind()))?;
        if !data.claims.is_object() {
            return Err(Error::Malformed("its claims are no JSON object"));
        }
        Ok(data.claims)
    }
}

fn refusal(kind: ErrorKind) -> Error {
    match kind {
        ErrorKind::InvalidIssuer => Error::Issuer,
        ErrorKind::InvalidAudience => Error::Audience,
        ErrorKind::MissingRequiredClaim(name) => Error::MissingClaim(name),
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidSignature => Error::Signature,
        ErrorKind::Json(_) | ErrorKind::Utf8(_) => {
            Error::Malformed("its claims are not as RFC 7519 has them")
        }
        _ => Error::Malformed("its parts are not base64url, or its key cannot be used"),
    }
}

/// Refuses keys that sign for others too, where nothing tells whose tokens are meant.
fn check(config: &AuthConfig) -> Result<(), KeyError> {
    let is_open = config.issuers.is_empty() || config.audiences.is_empty();
    for source in &config.keys {
        if let KeySource::Jwks(JwksLocation::Url { url, .. }) = source
            && is_open
        {
            return Err(KeyError::OpenIssuer(url.clone()));
        }
    }
    Ok(())
}

/// What the library checks: issuer and audience. The times are checked in `claims`, which says by how
/// much they are missed.
fn validation(config: &AuthConfig) -> Validation {
    let mut validation = Validation::default();
    validation.algorithms.clear();
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    if !config.issuers.is_empty() {
        validation.set_issuer(&config.issuers);
        validation.required_spec_claims.insert("iss".to_owned());
    }
    if !config.audiences.is_empty() {
        validation.set_audience(&config.audiences);
        validation.required_spec_claims.insert("aud".to_owned());
    }
    validation
}

/// Reads the header of a token, and refuses what could mean something else than a signed JWT.
fn header(token: &str) -> Result<Header, Error> {
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Error::Malformed("it must be three parts between two dots"));
    };
    if header.is_empty() || claims.is_empty() {
        return Err(Error::Malformed("its header or its claims are missing"));
    }
    let header = URL_SAFE_NO_PAD.decode(header);
    let header = header.map_err(|_| Error::Malformed("its header is not base64url"))?;
    let header = serde_json::from_slice::<Header>(&header);
    let header = header.map_err(|_| Error::Malformed("its header is no JSON object with `alg`"))?;
    if header.crit.is_some() || header.enc.is_some() {
        return Err(Error::Malformed(
            "its header asks for something that is not supported",
        ));
    }
    // RFC 8725, 3.11: tokens of other kinds are signed with the same keys.
    let is_access_token = header.typ.as_deref().is_none_or(|typ| {
        let typ = typ.to_ascii_lowercase();
        ["jwt", "at+jwt", "application/jwt", "application/at+jwt"].contains(&typ.as_str())
    });
    if !is_access_token {
        return Err(Error::Malformed("its `typ` is neither JWT nor at+jwt"));
    }
    if signature.is_empty() && algorithm(&header.alg).is_ok() {
        return Err(Error::Signature);
    }
    Ok(header)
}

/// Seconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
