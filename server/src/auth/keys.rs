//! The keys that tokens are verified with, each with the one algorithm that it is for.
//!
//! `store` loads them, `verify` asks for those that a token may be signed with. That a key has one
//! algorithm, taken from the key and the configuration and never from a token, is what makes `none`
//! and a public key used as a secret impossible.

use std::{path::Path, sync::Arc};

use aws_lc_rs::digest;
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::{
    Error, KeyError,
    config::JwksLocation,
    secret::{read_public, read_secret},
};

/// The most keys of one set: an issuer has two or three.
const MAX_KEYS: usize = 100;

/// The most keys that a token without a key id is tried with.
const MAX_TRIES: usize = 8;

/// A key and what it is good for.
#[derive(Debug)]
pub(super) struct Key {
    /// Its `kid`.
    pub id: Option<String>,
    /// The only algorithm that it verifies.
    pub algorithm: Algorithm,
    /// The key.
    pub decoding: DecodingKey,
}

/// The keys of one source.
#[derive(Debug, Clone)]
pub(super) struct SourceKeys {
    pub keys: Arc<[Key]>,
    /// SHA-256 of what they were read from.
    pub digest: [u8; 32],
}

impl SourceKeys {
    fn new(keys: Vec<Key>, document: &[u8]) -> Self {
        let mut digest = [0; 32];
        digest.copy_from_slice(digest::digest(&digest::SHA256, document).as_ref());
        Self {
            keys: keys.into(),
            digest,
        }
    }
}

/// All keys at one time.
#[derive(Debug, Default)]
pub(super) struct KeySet {
    /// Those of each source.
    pub sources: Vec<Arc<[Key]>>,
    /// Grows with each change: what was verified with an older set is verified again.
    pub generation: u64,
    /// Whether every source could be read.
    pub is_complete: bool,
}

impl KeySet {
    fn keys(&self) -> impl Iterator<Item = &Key> {
        self.sources.iter().flat_map(|source| source.iter())
    }

    /// Whether there is a key of this id.
    pub(super) fn has(&self, id: &str) -> bool {
        self.keys().any(|key| key.id.as_deref() == Some(id))
    }

    /// The keys that a token with this header may be signed with: those of its id, or those without
    /// an id; without an id in the token all. Never one of another algorithm.
    ///
    /// # Errors
    ///
    /// There is none.
    pub(super) fn candidates(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Vec<&Key>, Error> {
        let is_meant = |key: &&Key| id.is_none() || key.id.is_none() || key.id.as_deref() == id;
        let mut meant = self.keys().filter(is_meant).peekable();
        if meant.peek().is_none() {
            return Err(match id {
                Some(id) if self.is_complete => Error::UnknownKey(id.chars().take(64).collect()),
                _ => Error::KeysUnavailable,
            });
        }
        let fitting = meant.filter(|key| key.algorithm == algorithm);
        let fitting: Vec<_> = fitting.take(MAX_TRIES).collect();
        if fitting.is_empty() {
            return Err(Error::Algorithm(format!("{algorithm:?}")));
        }
        Ok(fitting)
    }
}

/// Reads a shared secret.
///
/// # Errors
///
/// It is too short for the algorithm, or a PEM file: whoever has a public key must not be able to
/// sign with it.
pub(super) fn secret(path: &Path, algorithm: Algorithm) -> Result<SourceKeys, KeyError> {
    let secret = read_secret(path)?;
    let bytes = secret.expose_secret();
    check_secret(path, bytes, algorithm)?;
    let key = Key {
        id: None,
        algorithm,
        decoding: DecodingKey::from_secret(bytes),
    };
    Ok(SourceKeys::new(vec![key], bytes))
}

/// Checks that a shared secret is none that could be guessed or known.
pub(super) fn check_secret(
    path: &Path,
    bytes: &[u8],
    algorithm: Algorithm,
) -> Result<(), KeyError> {
    let needed = match algorithm {
        Algorithm::HS256 => 32,
        Algorithm::HS384 => 48,
        Algorithm::HS512 => 64,
        _ => return Err(algorithm_of_key(path, algorithm)),
    };
    if pem_label(bytes).is_some() {
        return Err(KeyError::NotKey {
            path: path.to_owned(),
            kind: "shared secret",
            hint: "it holds a PEM block, so it belongs to the option for public keys",
        });
    }
    if bytes.len() < needed {
        return Err(KeyError::Weak {
            path: path.to_owned(),
            bytes: bytes.len(),
            algorithm: format!("{algorithm:?}"),
            needed,
        });
    }
    Ok(())
}

pub(super) fn algorithm_of_key(path: &Path, algorithm: Algorithm) -> KeyError {
    KeyError::AlgorithmOfKey {
        path: path.to_owned(),
        algorithm: format!("{algorithm:?}"),
    }
}

/// What the first PEM block is, such as `PUBLIC KEY`.
pub(super) fn pem_label(bytes: &[u8]) -> Option<&str> {
    let text = str::from_utf8(bytes).ok()?;
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, _) = rest.split_once("-----")?;
    Some(label)
}

/// Reads a public key. Without `algorithm` it is good for RS256, or for what its curve is for.
///
/// # Errors
///
/// The file holds something else, a private key too.
pub(super) fn pem(path: &Path, algorithm: Option<Algorithm>) -> Result<SourceKeys, KeyError> {
    let content = read_public(path)?;
    let bytes = content.expose_secret();
    let not_key = |hint| KeyError::NotKey {
        path: path.to_owned(),
        kind: "public key",
        hint,
    };
    match pem_label(bytes) {
        Some("PUBLIC KEY" | "RSA PUBLIC KEY") => {}
        Some("CERTIFICATE") => return Err(not_key("get it with `openssl x509 -pubkey -noout`")),
        Some(label) if label.ends_with("PRIVATE KEY") => {
            return Err(not_key(
                "this is the private key: get it with `openssl pkey -pubout`",
            ));
        }
        Some(_) | None => return Err(not_key("PUBLIC KEY or RSA PUBLIC KEY")),
    }
    let (decoding, natural) =
        public_key(bytes).ok_or_else(|| not_key("RSA, EC on P-256 or P-384, or Ed25519"))?;
    let algorithm = algorithm.unwrap_or(natural);
    if !fits(natural, algorithm) {
        return Err(algorithm_of_key(path, algorithm));
    }
    let key = Key {
        id: None,
        algorithm,
        decoding,
    };
    Ok(SourceKeys::new(vec![key], bytes))
}

fn public_key(pem: &[u8]) -> Option<(DecodingKey, Algorithm)> {
    if let Ok(key) = DecodingKey::from_rsa_pem(pem) {
        return Some((key, Algorithm::RS256));
    }
    if let Ok(key) = DecodingKey::from_ed_pem(pem) {
        return Some((key, Algorithm::EdDSA));
    }
    let key = DecodingKey::from_ec_pem(pem).ok()?;
    // An uncompressed point: a byte and two coordinates.
    let algorithm = match key.try_get_as_bytes().ok()?.len() {
        65 => Algorithm::ES256,
        97 => Algorithm::ES384,
        _ => return None,
    };
    Some((key, algorithm))
}

/// Whether a key whose own algorithm is `natural` may be used with `algorithm`: RSA keys with any of
/// theirs, those on a curve with one only.
pub(super) fn fits(natural: Algorithm, algorithm: Algorithm) -> bool {
    natural == algorithm
        || (natural.family() == AlgorithmFamily::Rsa && algorithm.family() == AlgorithmFamily::Rsa)
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

/// Reads a JSON Web Key Set. Keys of kinds that are not used here are left out, secrets above all: a
/// set is public.
///
/// # Errors
///
/// It is no such set, or none of its keys can be used.
pub(super) fn jwks(location: &JwksLocation, bytes: &[u8]) -> Result<SourceKeys, KeyError> {
    let not_jwks = |problem: String| KeyError::NotJwks {
        location: location.clone(),
        problem,
    };
    let document: Document =
        serde_json::from_slice(bytes).map_err(|error| not_jwks(error.to_string()))?;
    let count = document.keys.len();
    if count > MAX_KEYS {
        let problem = format!("it has {count} keys, the limit is {MAX_KEYS}");
        return Err(not_jwks(problem));
    }
    let keys = document.keys.into_iter();
    let keys: Vec<_> = keys
        .filter_map(|value| jwk(&serde_json::from_value(value).ok()?))
        .collect();
    if keys.is_empty() {
        let problem =
            format!("none of its {count} keys is an RSA, EC or Ed25519 key for signatures");
        return Err(not_jwks(problem));
    }
    Ok(SourceKeys::new(keys, bytes))
}

fn jwk(jwk: &Jwk) -> Option<Key> {
    let common = &jwk.common;
    let is_for_signatures = match &common.public_key_use {
        None | Some(PublicKeyUse::Signature) => true,
        Some(PublicKeyUse::Encryption | PublicKeyUse::Other(_)) => false,
    };
    let operations = common.key_operations.as_ref();
    if !is_for_signatures || operations.is_some_and(|all| !all.contains(&KeyOperations::Verify)) {
        return None;
    }
    let natural = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => Algorithm::ES256,
            EllipticCurve::P384 => Algorithm::ES384,
            _ => return None,
        },
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDSA
        }
        _ => return None,
    };
    let algorithm = match common.key_algorithm {
        Some(named) => Algorithm::try_from(named).ok()?,
        None => natural,
    };
    if !fits(natural, algorithm) {
        return None;
    }
    Some(Key {
        id: common.key_id.clone(),
        algorithm,
        decoding: DecodingKey::from_jwk(jwk).ok()?,
    })
}
