//! Why a caller is not known, and why a key cannot be used.
//!
//! [`Error`] goes to callers through `rpc/status.rs`, [`KeyError`] to whoever starts the server. Both
//! say what to do; neither may hold a token, a secret or a part of one.

use std::path::PathBuf;

use super::config::JwksLocation;

/// Why a caller is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Neither token nor certificate.
    #[error("the call has no token: send the header `authorization: Bearer <token>`")]
    MissingToken,
    /// No certificate, and tokens are not taken.
    #[error("the call has no client certificate: connect with one of the server's client CA")]
    MissingCertificate,
    /// A token, where only certificates are taken.
    #[error(
        "this server takes no tokens: leave the header `authorization` out and connect with a client certificate"
    )]
    NoTokens,
    /// The header is there more than once.
    #[error("the call has more than one `authorization` header: send one")]
    SeveralTokens,
    /// Another scheme, or bytes that no token has.
    #[error("the header `authorization` is not `Bearer <token>`")]
    NotBearer,
    /// Longer than the limit, in bytes.
    #[error("the token has {bytes} bytes, the limit is {limit}: ask for a token with fewer claims")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Not three parts of base64url with JSON in them.
    #[error("the token is no JWT: {0}")]
    Malformed(&'static str),
    /// An algorithm that none of the keys is for, `none` above all.
    #[error("the token is signed with {0}, which this server's keys are not for")]
    Algorithm(String),
    /// No key of that id.
    #[error(
        "the token is signed with the key {0:?}, which this server does not know: ask for a new token"
    )]
    UnknownKey(String),
    /// Signed by somebody else, or changed.
    #[error(
        "the signature of the token is wrong: ask the issuer that this server trusts for a token"
    )]
    Signature,
    /// Its time is over.
    #[error("the token expired {seconds} s ago: ask for a new one")]
    Expired {
        /// Since when.
        seconds: u64,
    },
    /// Its time has not come.
    #[error("the token is valid in {seconds} s only: check the clocks")]
    NotYetValid {
        /// How long it takes.
        seconds: u64,
    },
    /// Its time is longer than the limit.
    #[error("the token is valid for {seconds} s, the limit is {limit} s: ask for a shorter one")]
    TooLongLived {
        /// From now on.
        seconds: u64,
        /// The limit.
        limit: u64,
    },
    /// From another issuer.
    #[error("the token is from an issuer that this server does not trust")]
    Issuer,
    /// For another service.
    #[error("the token is for another audience: ask for one for this server")]
    Audience,
    /// A claim that must be there is not.
    #[error("the token lacks the claim `{0}`")]
    MissingClaim(String),
    /// A claim is not as it must be.
    #[error("the claim `{name}` of the token {problem}")]
    Claim {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A client certificate that the configuration gives nothing to.
    #[error(
        "the client certificate of {0:?} is valid, but the server grants it nothing: add it to the server's configuration"
    )]
    UnknownCertificate(String),
    /// The keys of the issuer could not be loaded. May be retried.
    #[error("the keys of the token's issuer cannot be loaded now: try again later")]
    KeysUnavailable,
}

impl Error {
    /// Which one it is, for a count of them.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::MissingToken => "MISSING_TOKEN",
            Self::MissingCertificate => "MISSING_CERTIFICATE",
            Self::NoTokens => "NO_TOKENS_TAKEN",
            Self::SeveralTokens | Self::NotBearer => "NOT_BEARER",
            Self::TooLong { .. } => "TOO_LONG",
            Self::Malformed(_) => "MALFORMED",
            Self::Algorithm(_) => "ALGORITHM",
            Self::UnknownKey(_) => "UNKNOWN_KEY",
            Self::Signature => "SIGNATURE",
            Self::Expired { .. } => "EXPIRED",
            Self::NotYetValid { .. } => "NOT_YET_VALID",
            Self::TooLongLived { .. } => "TOO_LONG_LIVED",
            Self::Issuer => "ISSUER",
            Self::Audience => "AUDIENCE",
            Self::MissingClaim(_) | Self::Claim { .. } => "CLAIM",
            Self::UnknownCertificate(_) => "UNKNOWN_CERTIFICATE",
            Self::KeysUnavailable => "KEYS_UNAVAILABLE",
        }
    }
}

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason of the system.
        source: std::io::Error,
    },
    /// The file is larger than a secret or a key can be.
    #[error("{path} is larger than {limit} bytes: it is no key")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// RFC 7518, 3.2: a secret has at least as many bytes as the hash.
    #[error(
        "the secret in {path} has {bytes} bytes, {algorithm} needs at least {needed}: make one with `openssl rand -hex {needed}`"
    )]
    Weak {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: usize,
        /// What it is for.
        algorithm: String,
        /// The least length.
        needed: usize,
    },
    /// Not a PEM key of a kind that is read.
    #[error("{path} holds no {kind}: give one as PEM ({hint})")]
    NotKey {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        kind: &'static str,
        /// Which forms are read, or how to get one.
        hint: &'static str,
    },
    /// An algorithm that the key cannot be used with.
    #[error("the key in {path} cannot be used with {algorithm}")]
    AlgorithmOfKey {
        /// The file.
        path: PathBuf,
        /// The algorithm.
        algorithm: String,
    },
    /// The document is no set of keys.
    #[error("{location} holds no JSON Web Key Set: {problem}")]
    NotJwks {
        /// Where it is.
        location: JwksLocation,
        /// What is wrong with it.
        problem: String,
    },
    /// The document could not be fetched.
    #[error("cannot fetch {url}: {problem}")]
    Fetch {
        /// The address.
        url: String,
        /// What went wrong, with its causes.
        problem: String,
    },
    /// A key set from an address would be trusted in the clear.
    #[error("{0} is not https: keys are fetched over http from loopback addresses only")]
    Insecure(String),
    /// Keys of an issuer that serves others too, without saying which of its tokens are meant.
    #[error(
        "keys from {0} need an issuer and an audience: its tokens for other services would be taken"
    )]
    OpenIssuer(String),
    /// No key at all.
    #[error("no key was given to verify tokens with")]
    NoKeys,
    /// TLS cannot be set up for fetching.
    #[error(transparent)]
    Tls(#[from] crate::tls::Error),
    /// The library could not sign.
    #[error("the key in {path} cannot sign with {algorithm}: {problem}")]
    Sign {
        /// The file.
        path: PathBuf,
        /// The algorithm.
        algorithm: String,
        /// What the library says.
        problem: String,
    },
    /// A request for a token that makes no sense.
    #[error("{0}")]
    Mint(String),
}
