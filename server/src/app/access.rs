//! Builds what the server asks of its callers, and says so in the log where it asks nothing.
//!
//! Part of `app`.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    sync::Arc,
    time::Duration,
};

use crate::{
    auth::{
        Authenticator, KeyError, Policy, Verifier,
        limit::{Limiter, RateLimit},
    },
    config::Config,
    metrics::Metrics,
    rpc::{self, Access},
    tls::{AcceptConfig, Error as TlsError, ServerTls},
};

/// The callers whose requests are counted; the longest silent are forgotten. A few megabytes.
const COUNTED_CALLERS: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();

/// Connections of those who probe and scrape.
const ADMIN_CONNECTIONS: usize = 256;

/// Files that the server needs beside its connections: those to ClickHouse, the log, the library.
const OTHER_FILES: u64 = 512;

/// Builds the layer that admits callers.
pub(super) async fn access(config: &Config, metrics: Arc<Metrics>) -> Result<Access, KeyError> {
    let access = &config.access;
    let certificates = access.certificates.clone();
    let authenticator = match &access.tokens {
        Some(tokens) => Authenticator::tokens(Verifier::new(tokens.clone()).await?, certificates),
        None if access.is_required() => Authenticator::certificates(certificates),
        None => Authenticator::open(),
    };
    warn_of_open_doors(config);
    let per_second = NonZeroU32::new(access.requests_per_second).unwrap_or(NonZeroU32::MIN);
    Ok(Access {
        authenticator,
        policy: Policy::new(config.transfer.journal_database.clone()),
        limiter: Limiter::new(RateLimit {
            per_second,
            burst: per_second.saturating_mul(NonZeroU32::MIN.saturating_add(1)),
            max_callers: COUNTED_CALLERS,
        }),
        grace: access.grace,
        trusted_proxies: access.trusted_proxies.clone(),
        metrics,
    })
}

fn warn_of_open_doors(config: &Config) {
    if config.listen.ip().is_loopback() {
        return;
    }
    let address = config.listen;
    if !config.access.is_required() {
        tracing::warn!(
            %address,
            "OPEN: this server is reachable from other machines and asks nobody who they are; everybody \
             who reaches it may read, write and create every table"
        );
    } else if config.port.tls.is_none() {
        tracing::warn!(
            %address,
            "this server speaks without TLS: tokens can be read on their way, unless something in front \
             of it has TLS"
        );
    }
}

/// Reads the certificates, and makes room for the connections.
pub(super) fn port(config: &Config, metrics: Arc<Metrics>) -> Result<AcceptConfig, TlsError> {
    let port = &config.port;
    let needed = u64::try_from(port.max_connections).unwrap_or(u64::MAX);
    raise_file_limit(needed.saturating_add(OTHER_FILES));
    Ok(AcceptConfig {
        tls: port.tls.clone().map(ServerTls::load).transpose()?,
        max_connections: port.max_connections,
        max_connections_per_address: port.max_connections,
        handshake_timeout: non_zero(port.handshake_timeout),
        head_timeout: non_zero(port.head_timeout),
        end_of_life: end_of_life(port.max_age, port.max_age_grace),
        metrics,
    })
}

/// The age at which a connection is cut off: behind the one at which the last of them was asked to end.
fn end_of_life(max_age: Option<Duration>, grace: Option<Duration>) -> Option<Duration> {
    Some(rpc::latest_age(max_age?) + grace?)
}

/// How connections for probes are taken: without TLS, and few of them.
pub(super) fn admin(config: &Config) -> AcceptConfig {
    AcceptConfig {
        max_connections: ADMIN_CONNECTIONS,
        max_connections_per_address: ADMIN_CONNECTIONS,
        handshake_timeout: non_zero(config.port.handshake_timeout),
        head_timeout: non_zero(config.port.head_timeout),
        ..AcceptConfig::default()
    }
}

fn non_zero(time: Duration) -> Duration {
    time.max(Duration::from_millis(1))
}

/// Allows this process as many open files as the system lets it, and warns if that is less than it
/// needs.
fn raise_file_limit(needed: u64) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let is_enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= needed);
    if is_enough(limit.current) {
        return;
    }
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let outcome = setrlimit(Resource::Nofile, raised);
    let current = getrlimit(Resource::Nofile).current;
    if outcome.is_err() || !is_enough(current) {
        tracing::warn!(
            ?current,
            needed,
            "the limit of open files is below --max-connections: raise it (ulimit -n), or connections \
             will be refused"
        );
    }
}
