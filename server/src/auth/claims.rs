//! From the claims of a verified token to a [`Principal`].
//!
//! `verify` calls it once the signature is right. A claim that cannot be understood refuses the
//! token: a limit that is not understood must not become no limit.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, UNIX_EPOCH},
};

use secrecy::SecretString;
use serde_json::Value;

use super::{
    AuthConfig, Error,
    certificate::PREFIX,
    connections::{ConnectionLimit, ConnectionPattern},
    principal::{Principal, Scope, Scopes},
    tables::{TablePattern, Tables},
};

/// The longest subject, role and user, in bytes.
const MAX_NAME_BYTES: usize = 256;

/// The most patterns of tables, and of connections.
const MAX_PATTERNS: usize = 500;

/// The end of the year 9999, in seconds since 1970.
const LAST_SECOND: u64 = 253_402_300_799;

/// The times of a token, in seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub expires: u64,
    not_before: u64,
}

impl Times {
    /// Reads `exp`, which must be there, `nbf` and `iat`.
    pub(super) fn read(claims: &Value) -> Result<Self, Error> {
        let expires =
            seconds(claims, "exp")?.ok_or_else(|| Error::MissingClaim("exp".to_owned()))?;
        let not_before = seconds(claims, "nbf")?.unwrap_or(0);
        let issued = seconds(claims, "iat")?.unwrap_or(0);
        Ok(Self {
            expires,
            not_before: not_before.max(issued),
        })
    }

    /// Whether the token is valid at `now`, where clocks may be `leeway` seconds apart.
    pub(super) fn check(self, now: u64, config: &AuthConfig) -> Result<(), Error> {
        let leeway = config.leeway.as_secs();
        if now > self.expires.saturating_add(leeway) {
            let seconds = now - self.expires;
            return Err(Error::Expired { seconds });
        }
        if self.not_before > now.saturating_add(leeway) {
            let seconds = self.not_before - now;
            return Err(Error::NotYetValid { seconds });
        }
        let seconds = self.expires.saturating_sub(now);
        match config.max_lifetime.map(|limit| limit.as_secs()) {
            Some(limit) if seconds > limit.saturating_add(leeway) => {
                Err(Error::TooLongLived { seconds, limit })
            }
            Some(_) | None => Ok(()),
        }
    }
}

fn seconds(claims: &Value, name: &str) -> Result<Option<u64>, Error> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let wrong = || {
        claim(
            name,
            "is no time: it must be a number of seconds since 1970",
        )
    };
    if let Some(seconds) = value.as_u64() {
        return (seconds <= LAST_SECOND)
            .then_some(Some(seconds))
            .ok_or_else(wrong);
    }
    // RFC 7519 allows fractions of a second.
    let seconds = value
        .as_f64()
        .filter(|seconds| (0.0..=LAST_SECOND as f64).contains(seconds));
    let seconds = seconds.ok_or_else(wrong)?;
    Ok(Some(Duration::from_secs_f64(seconds).as_secs()))
}

fn claim(name: &str, problem: impl Into<String>) -> Error {
    Error::Claim {
        name: name.to_owned(),
        problem: problem.into(),
    }
}

/// The principal that the claims describe.
pub(super) fn principal(
    claims: &Value,
    times: Times,
    token: &str,
    config: &AuthConfig,
) -> Result<Principal, Error> {
    let names = &config.claims;
    Ok(Principal {
        subject: subject(claims, config)?,
        scopes: scopes(claims, &names.scopes)?,
        tables: tables(claims, &names.tables, &config.missing_tables)?,
        connections: connections(claims, &names.connections)?,
        clickhouse_role: text(claims, &names.clickhouse_role)?,
        clickhouse_user: text(claims, &names.clickhouse_user)?,
        expires_at: UNIX_EPOCH.checked_add(Duration::from_secs(times.expires)),
        token: Some(SecretString::from(token)),
    })
}

/// The value of a claim; null is none.
fn find<'a>(claims: &'a Value, name: &str) -> Option<&'a Value> {
    let found = match name.strip_prefix('/') {
        Some(_) => claims.pointer(name),
        None => claims.get(name),
    };
    found.filter(|value| !value.is_null())
}

/// Who it is. A `sub` is unique within its issuer only (RFC 7519, 4.1.2): where the server names issuers,
/// the issuer stands before it. The first `#` ends the issuer.
fn subject(claims: &Value, config: &AuthConfig) -> Result<String, Error> {
    let required = |name: &str| {
        let found = text(claims, name)?.ok_or_else(|| Error::MissingClaim(name.to_owned()))?;
        match found.starts_with(PREFIX) {
            true => Err(claim(name, "names a client certificate")),
            false => Ok(found),
        }
    };
    let subject = required("sub")?;
    if config.issuers.is_empty() {
        return Ok(subject);
    }
    let issuer = required("iss")?.replace('%', "%25").replace('#', "%23");
    Ok(format!("{issuer}#{subject}"))
}

fn text(claims: &Value, name: &str) -> Result<Option<String>, Error> {
    let Some(value) = find(claims, name) else {
        return Ok(None);
    };
    let text = value.as_str().ok_or_else(|| claim(name, "is no string"))?;
    if text.is_empty() || text.len() > MAX_NAME_BYTES || text.chars().any(char::is_control) {
        let problem =
            format!("is empty, longer than {MAX_NAME_BYTES} bytes or has control characters");
        return Err(claim(name, problem));
    }
    Ok(Some(text.to_owned()))
}

/// The words of a string, or the strings of an array.
fn words<'a>(value: &'a Value, name: &str) -> Result<Vec<&'a str>, Error> {
    let words = match value {
        Value::String(text) => Some(text.split_ascii_whitespace().collect()),
        Value::Array(values) => values.iter().map(Value::as_str).collect(),
        _ => None,
    };
    words.ok_or_else(|| claim(name, "is neither a string nor an array of strings"))
}

fn scopes(claims: &Value, names: &[String]) -> Result<Scopes, Error> {
    let mut scopes = Vec::new();
    for name in names {
        if let Some(value) = find(claims, name) {
            scopes.extend(words(value, name)?.into_iter().filter_map(Scope::from_name));
        }
    }
    Ok(scopes.into_iter().collect())
}

fn tables(claims: &Value, name: &str, missing: &Tables) -> Result<Tables, Error> {
    let patterns = patterns::<TablePattern>(claims, name)?;
    Ok(patterns.map_or_else(|| missing.clone(), Tables::Only))
}

fn connections(claims: &Value, name: &str) -> Result<ConnectionLimit, Error> {
    let patterns = patterns::<ConnectionPattern>(claims, name)?;
    Ok(patterns.map_or(ConnectionLimit::All, ConnectionLimit::Only))
}

/// The patterns of a claim that limits what a token is for; `None` where there is no such claim.
fn patterns<T>(claims: &Value, name: &str) -> Result<Option<Vec<T>>, Error>
where
    T: FromStr<Err: fmt::Display>,
{
    // A null is no list; it must not mean everything.
    let value = match name.strip_prefix('/') {
        Some(_) => claims.pointer(name),
        None => claims.get(name),
    };
    let Some(value) = value else { return Ok(None) };
    if value.is_null() {
        return Err(claim(name, "is null: leave it out, or give a list"));
    }
    let words = words(value, name)?;
    if words.len() > MAX_PATTERNS {
        let problem = format!("has {} patterns, the limit is {MAX_PATTERNS}", words.len());
        return Err(claim(name, problem));
    }
    let patterns: Result<Vec<T>, _> = words.into_iter().map(str::parse).collect();
    let patterns = patterns.map_err(|error| claim(name, format!("is wrong: {error}")))?;
    Ok(Some(patterns))
}
