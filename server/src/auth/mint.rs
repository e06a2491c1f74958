//! Makes tokens, for development and for services that have no issuer.
//!
//! `sluice-server token` calls it, and tests. The server itself never signs anything.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jsonwebtoken::{Algorithm, AlgorithmFamily, EncodingKey};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};

use super::{
    ConnectionPattern, KeyError,
    keys::{algorithm_of_key, check_secret, fits, pem_label},
    principal::Scopes,
    secret::read_secret,
    tables::TablePattern,
};

/// The longest validity of a token made here: 10 years.
const MAX_TTL: Duration = Duration::from_secs(3652 * 24 * 3600);

/// A key that signs.
#[derive(Debug)]
pub struct SigningKey {
    file: PathBuf,
    key: EncodingKey,
    algorithm: Algorithm,
}

/// A token that is asked for.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// The file of the key that signs it.
    pub key: PathBuf,
    /// What it signs with. Default: HS256, RS256, or what its curve is for.
    pub algorithm: Option<Algorithm>,
    /// What the token shall say.
    pub claims: MintRequest,
}

/// What the token shall say.
#[derive(Debug, Clone)]
pub struct MintRequest {
    /// Whose it is; not empty.
    pub subject: String,
    /// What its owner may do.
    pub scopes: Scopes,
    /// On which tables; `None` leaves the claim out, and the server decides.
    pub tables: Option<Vec<TablePattern>>,
    /// Through which connections; `None` leaves the claim out: through all.
    pub connections: Option<Vec<ConnectionPattern>>,
    /// The role of ClickHouse.
    pub clickhouse_role: Option<String>,
    /// The user of ClickHouse.
    pub clickhouse_user: Option<String>,
    /// How long it is valid: 1 s to 10 years.
    pub ttl: Duration,
    /// Who makes it.
    pub issuer: Option<String>,
    /// For which servers; none leaves the claim out.
    pub audiences: Vec<String>,
    /// The id of the key in a key set.
    pub key_id: Option<String>,
}

impl SigningKey {
    /// Reads a private key in PEM (PKCS#8, or PKCS#1 for RSA), or else a shared secret. Without
    /// `algorithm` it signs with HS256, RS256, or what its curve is for.
    ///
    /// # Errors
    ///
    /// The file holds neither, or the key is not for the algorithm.
    pub fn read(file: &Path, algorithm: Option<Algorithm>) -> Result<Self, KeyError> {
        let content = read_secret(file)?;
        let bytes = content.expose_secret();
        let (key, algorithm) = if let Some(label) = pem_label(bytes) {
            private_key(file, label, bytes, algorithm)?
        } else {
            let algorithm = algorithm.unwrap_or(Algorithm::HS256);
            check_secret(file, bytes, algorithm)?;
            (EncodingKey::from_secret(bytes), algorithm)
        };
        Ok(Self {
            file: file.to_owned(),
            key,
            algorithm,
        })
    }

    /// What it signs with.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

fn private_key(
    file: &Path,
    label: &str,
    pem: &[u8],
    algorithm: Option<Algorithm>,
) -> Result<(EncodingKey, Algorithm), KeyError> {
    let not_key = || KeyError::NotKey {
        path: file.to_owned(),
        kind: "private key",
        hint: "PRIVATE KEY or RSA PRIVATE KEY; turn others into it with `openssl pkcs8 -topk8 -nocrypt`",
    };
    if !matches!(label, "PRIVATE KEY" | "RSA PRIVATE KEY") {
        return Err(not_key());
    }
    let key = EncodingKey::from_rsa_pem(pem)
        .or_else(|_| EncodingKey::from_ed_pem(pem))
        .or_else(|_| EncodingKey::from_ec_pem(pem));
    let key = key.map_err(|_| not_key())?;
    let signs = |algorithm| jsonwebtoken::crypto::sign(b"", &key, algorithm).is_ok();
    let natural = match key.family() {
        AlgorithmFamily::Rsa => Algorithm::RS256,
        AlgorithmFamily::Ed => Algorithm::EdDSA,
        AlgorithmFamily::Ec if signs(Algorithm::ES256) => Algorithm::ES256,
        AlgorithmFamily::Ec => Algorithm::ES384,
        AlgorithmFamily::Hmac => return Err(not_key()),
    };
    let algorithm = algorithm.unwrap_or(natural);
    if !fits(natural, algorithm) {
        return Err(algorithm_of_key(file, algorithm));
    }
    Ok((key, algorithm))
}

/// Makes a token.
///
/// # Errors
///
/// The request makes no sense, or the key cannot sign.
pub fn mint(key: &SigningKey, request: &MintRequest) -> Result<SecretString, KeyError> {
    let claims = claims(request)?;
    let mut header = jsonwebtoken::Header::new(key.algorithm);
    header.kid.clone_from(&request.key_id);
    let token = jsonwebtoken::encode(&header, &claims, &key.key);
    let token = token.map_err(|error| KeyError::Sign {
        path: key.file.clone(),
        algorithm: format!("{:?}", key.algorithm),
        problem: error.to_string(),
    })?;
    Ok(SecretString::from(token))
}

fn claims(request: &MintRequest) -> Result<Map<String, Value>, KeyError> {
    let wrong = |problem: &str| KeyError::Mint(problem.to_owned());
    if request.subject.is_empty() {
        return Err(wrong("a token needs a subject"));
    }
    if request.ttl < Duration::from_secs(1) || request.ttl > MAX_TTL {
        return Err(wrong("a token is valid for 1 s to 10 years"));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now
        .map_err(|_| wrong("the clock stands before 1970"))?
        .as_secs();
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), json!(request.subject));
    claims.insert("iat".to_owned(), json!(now));
    claims.insert("exp".to_owned(), json!(now + request.ttl.as_secs()));
    claims.insert("scope".to_owned(), json!(request.scopes.to_string()));
    let tables = request.tables.as_deref().map(texts);
    let connections = request.connections.as_deref().map(texts);
    let optional = [
        ("tables", tables.map(|tables| json!(tables))),
        ("connections", connections.map(|names| json!(names))),
        (
            "clickhouse_role",
            request.clickhouse_role.as_ref().map(|role| json!(role)),
        ),
        (
            "clickhouse_user",
            request.clickhouse_user.as_ref().map(|user| json!(user)),
        ),
        ("iss", request.issuer.as_ref().map(|issuer| json!(issuer))),
        (
            "aud",
            (!request.audiences.is_empty()).then(|| json!(request.audiences)),
        ),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            claims.insert(name.to_owned(), value);
        }
    }
    Ok(claims)
}

fn texts(patterns: &[impl ToString]) -> Vec<String> {
    patterns.iter().map(ToString::to_string).collect()
}
