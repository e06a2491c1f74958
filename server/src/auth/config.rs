//! The settings of authentication, already validated.
//!
//! Made by `config`, read by [`super::Verifier`]. Every default stands here with its unit and reason.

use std::{fmt, path::PathBuf, time::Duration};

use jsonwebtoken::Algorithm;

use super::tables::Tables;

/// An algorithm that is not known.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no algorithm: use HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, \
     ES256, ES384 or EdDSA"
)]
pub struct UnknownAlgorithm(pub String);

/// The algorithm of a name of RFC 7518, such as `RS256`.
///
/// # Errors
///
/// Another name; `none` is no algorithm.
pub fn algorithm(name: &str) -> Result<Algorithm, UnknownAlgorithm> {
    name.parse().map_err(|_| UnknownAlgorithm(name.to_owned()))
}

/// How tokens are verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthConfig {
    /// Where the keys are; at least one.
    pub keys: Vec<KeySource>,
    /// The issuers whose tokens are taken, as in `iss`. Default: any that has the key. Needed for
    /// keys from a URL. The `sub` of two issuers must not name two callers.
    pub issuers: Vec<String>,
    /// The names of this server in `aud`. Default: none, and a token with an `aud` is refused (RFC
    /// 7519, 4.1.3). Needed for keys from a URL.
    pub audiences: Vec<String>,
    /// How far the clocks may be apart. Default: [`Self::LEEWAY`].
    pub leeway: Duration,
    /// The longest time that a token may still be valid for. Default: none.
    pub max_lifetime: Option<Duration>,
    /// The longest token, in bytes. Default: [`Self::MAX_TOKEN_BYTES`].
    pub max_token_bytes: usize,
    /// The tables of a token without the claim of tables. Default: all.
    pub missing_tables: Tables,
    /// The names of the claims.
    pub claims: ClaimNames,
    /// The pause between two reads of a key set. Default: [`Self::REFRESH_INTERVAL`].
    pub refresh_interval: Duration,
    /// The least pause before a key set is read because of an unknown key. Default:
    /// [`Self::REFETCH_INTERVAL`].
    pub refetch_interval: Duration,
    /// How long a key set is trusted that cannot be read again. Default: [`Self::MAX_STALE`].
    pub max_stale: Duration,
    /// How many verified tokens are remembered. Default: [`Self::CACHED_TOKENS`].
    pub cached_tokens: usize,
}

impl AuthConfig {
    /// 60 s, as RFC 7519, 4.1.4 suggests "no more than a few minutes".
    pub const LEEWAY: Duration = Duration::from_secs(60);
    /// 8 KiB: half of what HTTP/2 takes as headers by default.
    pub const MAX_TOKEN_BYTES: usize = 8 << 10;
    /// 5 min: the time after which a key that was withdrawn is trusted no more.
    pub const REFRESH_INTERVAL: Duration = Duration::from_secs(300);
    /// 10 s: forged key ids cannot make the server call its issuer more often.
    pub const REFETCH_INTERVAL: Duration = Duration::from_secs(10);
    /// 24 h: an issuer may be away for a night.
    pub const MAX_STALE: Duration = Duration::from_secs(24 * 3600);
    /// 10,000 tokens, about 20 MiB of the usual ones.
    pub const CACHED_TOKENS: usize = 10_000;

    /// The defaults, with these keys.
    pub fn new(keys: Vec<KeySource>) -> Self {
        Self {
            keys,
            issuers: Vec::new(),
            audiences: Vec::new(),
            leeway: Self::LEEWAY,
            max_lifetime: None,
            max_token_bytes: Self::MAX_TOKEN_BYTES,
            missing_tables: Tables::All,
            claims: ClaimNames::default(),
            refresh_interval: Self::REFRESH_INTERVAL,
            refetch_interval: Self::REFETCH_INTERVAL,
            max_stale: Self::MAX_STALE,
            cached_tokens: Self::CACHED_TOKENS,
        }
    }
}

/// Where keys are. Each key is good for the algorithms of its own kind only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A secret that issuer and server share: the bytes of a file, without line ends at its end.
    Secret {
        /// The file.
        file: PathBuf,
        /// HS256, HS384 or HS512. Default: HS256.
        algorithm: Algorithm,
    },
    /// A public key: `PUBLIC KEY` or `RSA PUBLIC KEY` in PEM.
    Pem {
        /// The file.
        file: PathBuf,
        /// The algorithm. Default: RS256 for RSA, else that of the curve.
        algorithm: Option<Algorithm>,
    },
    /// A JSON Web Key Set (RFC 7517). An RSA key that does not say its algorithm is for RS256.
    Jwks(JwksLocation),
}

/// Where a key set is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JwksLocation {
    /// A file, read again when it changes.
    File(PathBuf),
    /// An address, https, or http on loopback; redirects are not followed.
    Url {
        /// The address.
        url: String,
        /// The certificates in PEM to trust for it. Default: those of the system.
        ca: Option<PathBuf>,
    },
}

impl fmt::Display for JwksLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Url { url, .. } => f.write_str(url),
        }
    }
}

/// How the claims are called. A name that begins with `/` is a path into the claims (RFC 6901), such
/// as `/realm_access/roles`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimNames {
    /// Scopes: a string with spaces, or an array of strings; all that are there count. Words that are
    /// no scope of Sluice are left out. Default: `scope`, `scopes`, `scp`.
    pub scopes: Vec<String>,
    /// Patterns of tables: a string with spaces, or an array of strings. Default: `tables`.
    pub tables: String,
    /// Names and patterns of connections, in the same form. Default: `connections`.
    pub connections: String,
    /// The role of ClickHouse: a string. Default: `clickhouse_role`.
    pub clickhouse_role: String,
    /// The user of ClickHouse: a string. Default: `clickhouse_user`.
    pub clickhouse_user: String,
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self {
            scopes: ["scope", "scopes", "scp"].map(str::to_owned).to_vec(),
            tables: "tables".to_owned(),
            connections: "connections".to_owned(),
            clickhouse_role: "clickhouse_role".to_owned(),
            clickhouse_user: "clickhouse_user".to_owned(),
        }
    }
}
