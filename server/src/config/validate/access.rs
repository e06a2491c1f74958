//! Who may call.
//!
//! Part of `config::validate`. Keys are read by `auth`, when the server starts.

use std::{collections::BTreeMap, path::PathBuf};

use jsonwebtoken::Algorithm;

use super::{count, duration, port::trusted_proxies, switch};
use crate::{
    auth::{
        AuthConfig, CertificateGrants, ConnectionLimit, ConnectionPattern, Grant, JwksLocation,
        KeySource, Scopes, TablePattern, Tables, algorithm,
    },
    config::{
        AccessConfig,
        defaults::{self, range},
        errors::Faults,
        file::RawTable,
        raw::{RawAuth, RawPort},
    },
};

/// The table for all certificates that have none of their own.
const OTHERS: &str = "*";

impl AccessConfig {
    /// Whether callers must say who they are.
    pub fn is_required(&self) -> bool {
        self.tokens.is_some()
            || self.certificates.others.is_some()
            || !self.certificates.subjects.is_empty()
    }
}

/// Who may call, with which tokens and certificates.
pub(super) fn access(
    raw: RawAuth,
    certificates: &[RawTable],
    port: &RawPort,
    faults: &mut Faults,
) -> AccessConfig {
    let requests = count(
        "requests-per-second",
        port.requests_per_second.as_deref(),
        defaults::REQUESTS_PER_SECOND,
        &range::REQUESTS,
        faults,
    );
    let allow_open = switch("allow-open", raw.allow_open.as_deref(), false, faults);
    let grace = duration(
        "auth-grace",
        raw.auth_grace.as_deref(),
        defaults::AUTH_GRACE,
        faults,
    );
    let access = AccessConfig {
        certificates: grants(certificates, faults),
        tokens: tokens(raw, faults),
        grace,
        requests_per_second: u32::try_from(requests).unwrap_or(u32::MAX),
        trusted_proxies: trusted_proxies(port, faults),
        allow_open,
    };
    if !certificates.is_empty() && port.tls_client_ca.is_none() {
        let problem = "needs --tls-client-ca: without it nobody shows a certificate";
        faults.add("certificates", problem);
    }
    if port.tls_client_ca.is_some() && !access.is_required() {
        let problem = "says who the callers are, but not what they may do: add tables \
                       [certificates.<name>] to a configuration file, or set up tokens";
        faults.add("tls-client-ca", problem);
    }
    access
}

/// How tokens are verified, if there is a key to verify them with.
fn tokens(raw: RawAuth, faults: &mut Faults) -> Option<AuthConfig> {
    let algorithm = raw.auth_algorithm.as_deref().and_then(|name| {
        let parsed = algorithm(name).map_err(|error| error.to_string());
        faults.take("auth-algorithm", parsed.map(Some), None)
    });
    let leeway = duration(
        "auth-leeway",
        raw.auth_leeway.as_deref(),
        AuthConfig::LEEWAY,
        faults,
    );
    let has_own_ca = raw.auth_jwks_ca_file.is_some();
    if has_own_ca && raw.auth_jwks_url.is_none() {
        faults.add("auth-jwks-ca-file", "needs --auth-jwks-url");
    }
    let keys = keys(&raw, algorithm, faults);
    if keys.is_empty() {
        refuse_without_keys(&raw, faults);
        return None;
    }
    let is_open = raw.auth_issuer.is_empty() || raw.auth_audience.is_empty();
    if raw.auth_jwks_url.is_some() && is_open {
        let problem = "needs --auth-issuer and --auth-audience: the tokens that its owner makes for \
                       other services would be taken";
        faults.add("auth-jwks-url", problem);
    }
    let mut config = AuthConfig::new(keys);
    config.issuers = raw.auth_issuer;
    config.audiences = raw.auth_audience;
    config.leeway = leeway;
    let names = &mut config.claims;
    for (option, claim, own) in [
        (
            "auth-tables-claim",
            raw.auth_tables_claim,
            &mut names.tables,
        ),
        (
            "auth-connections-claim",
            raw.auth_connections_claim,
            &mut names.connections,
        ),
        (
            "auth-role-claim",
            raw.auth_role_claim,
            &mut names.clickhouse_role,
        ),
        (
            "auth-user-claim",
            raw.auth_user_claim,
            &mut names.clickhouse_user,
        ),
    ] {
        match claim {
            Some(claim) if claim.is_empty() => faults.add(option, "must not be empty"),
            Some(claim) => *own = claim,
            None => {}
        }
    }
    Some(config)
}

fn keys(raw: &RawAuth, algorithm: Option<Algorithm>, faults: &mut Faults) -> Vec<KeySource> {
    let mut keys = Vec::new();
    let owners = [&raw.auth_secret_file, &raw.auth_public_key_file];
    let owners = owners.into_iter().flatten().count();
    if raw.auth_algorithm.is_some() && owners != 1 {
        let problem = "needs either --auth-secret-file or --auth-public-key-file";
        faults.add("auth-algorithm", problem);
    }
    if let Some(file) = &raw.auth_secret_file {
        let algorithm = algorithm.unwrap_or(Algorithm::HS256);
        let is_for_secrets = [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
        if owners == 1 && !is_for_secrets.contains(&algorithm) {
            let problem = format!("{algorithm:?} is for keys, not for a secret");
            faults.add("auth-algorithm", problem);
        }
        let file = file.clone();
        keys.push(KeySource::Secret { file, algorithm });
    }
    if let Some(file) = &raw.auth_public_key_file {
        let file = file.clone();
        keys.push(KeySource::Pem { file, algorithm });
    }
    if let Some(file) = &raw.auth_jwks_file {
        keys.push(KeySource::Jwks(JwksLocation::File(file.clone())));
    }
    if let Some(url) = &raw.auth_jwks_url {
        let (url, ca) = (url.clone(), raw.auth_jwks_ca_file.clone());
        keys.push(KeySource::Jwks(JwksLocation::Url { url, ca }));
    }
    keys
}

/// Refuses what would have no effect: somebody believes that tokens are verified.
fn refuse_without_keys(raw: &RawAuth, faults: &mut Faults) {
    for (option, is_given) in [
        ("auth-issuer", !raw.auth_issuer.is_empty()),
        ("auth-audience", !raw.auth_audience.is_empty()),
        ("auth-leeway", raw.auth_leeway.is_some()),
        ("auth-grace", raw.auth_grace.is_some()),
        ("auth-tables-claim", raw.auth_tables_claim.is_some()),
        (
            "auth-connections-claim",
            raw.auth_connections_claim.is_some(),
        ),
        ("auth-role-claim", raw.auth_role_claim.is_some()),
        ("auth-user-claim", raw.auth_user_claim.is_some()),
    ] {
        let problem = "has no effect without a key: give --auth-secret-file, \
                       --auth-public-key-file, --auth-jwks-file or --auth-jwks-url";
        super::refuse(option, is_given, problem, faults);
    }
}

/// What the client certificates are given.
fn grants(tables: &[RawTable], faults: &mut Faults) -> CertificateGrants {
    let mut subjects = BTreeMap::new();
    let mut others = None;
    for table in tables {
        let grant = grant(table, faults);
        if table.name == OTHERS {
            others = Some(grant);
        } else {
            subjects.insert(table.name.clone(), grant);
        }
    }
    CertificateGrants { subjects, others }
}

fn grant(table: &RawTable, faults: &mut Faults) -> Grant {
    let scopes = if let Some(scopes) = table.list("scopes") {
        let parsed = scopes.join(" ").parse::<Scopes>();
        let parsed = parsed.map_err(|error| error.to_string());
        faults.take(table.key("scopes"), parsed, Scopes::NONE)
    } else {
        let problem = "needs scopes, such as scopes = [\"catalog:read\"]";
        faults.add(table.path.clone(), problem);
        Scopes::NONE
    };
    let tables = table.list("tables").map_or(Tables::All, |patterns| {
        let parsed: Result<Vec<TablePattern>, _> =
            patterns.iter().map(|text| text.parse()).collect();
        let parsed = parsed.map_err(|error| error.to_string());
        Tables::Only(faults.take(table.key("tables"), parsed, Vec::new()))
    });
    let connections = table
        .list("connections")
        .map_or(ConnectionLimit::All, |patterns| {
            let parsed: Result<Vec<ConnectionPattern>, _> =
                patterns.iter().map(|text| text.parse()).collect();
            let parsed = parsed.map_err(|error| error.to_string());
            ConnectionLimit::Only(faults.take(table.key("connections"), parsed, Vec::new()))
        });
    let mut name = |key| {
        let text = table.text(key).map(str::to_owned);
        if text.as_deref() == Some("") {
            faults.add(table.key(key), "must not be empty");
        }
        text
    };
    Grant {
        scopes,
        tables,
        connections,
        clickhouse_role: name("clickhouse-role"),
        clickhouse_user: name("clickhouse-user"),
    }
}

/// Files are looked for when the server starts; here only that two options name one together.
pub(super) fn together(
    first: (&'static str, Option<PathBuf>),
    second: (&'static str, Option<PathBuf>),
    faults: &mut Faults,
) -> Option<(PathBuf, PathBuf)> {
    match (first.1, second.1) {
        (Some(one), Some(other)) => Some((one, other)),
        (Some(_), None) => {
            faults.add(first.0, format!("needs --{}", second.0));
            None
        }
        (None, Some(_)) => {
            faults.add(second.0, format!("needs --{}", first.0));
            None
        }
        (None, None) => None,
    }
}
