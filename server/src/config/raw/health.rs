//! The options of who runs the server: probes, metrics, its end, the age of connections.
//!
//! Part of `config::raw`.

use std::net::SocketAddr;

use clap::Args;

use super::RawOptions;

/// The options of probes, metrics and the end.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Operation")]
pub(in crate::config) struct RawOperation {
    /// Address of a second listener, without TLS and tokens, that serves /livez, /readyz, /metrics and the health
    /// service of gRPC, and nothing else [default: none; probes are served at --listen]
    #[arg(long, env = "SLUICE_ADMIN_LISTEN", value_name = "ADDRESS:PORT")]
    pub(in crate::config) admin_listen: Option<String>,

    /// Whether --listen serves /metrics too, on or off; where callers need a token, to those with the scope
    /// transfers:manage [default: off]
    #[arg(long, env = "SLUICE_METRICS", value_name = "on|off",
        num_args = 0..=1, require_equals = true, default_missing_value = "on")]
    pub(in crate::config) metrics: Option<String>,

    /// Time from the signal to end until no more calls are taken, in which the server says that it is not ready
    /// [default: 5s; 0s on the loopback address]
    #[arg(long, env = "SLUICE_LAME_DUCK", value_name = "DURATION")]
    pub(in crate::config) lame_duck: Option<String>,

    /// Time that a shutdown waits after that for transfers to end [default: 30s]
    #[arg(long, env = "SLUICE_DRAIN_TIMEOUT", value_name = "DURATION")]
    pub(in crate::config) drain_timeout: Option<String>,

    /// Age at which a connection is asked to take no more calls, so that its client connects anew; some are asked up
    /// to a tenth earlier or later [default: none]
    #[arg(long, env = "SLUICE_MAX_CONNECTION_AGE", value_name = "DURATION")]
    pub(in crate::config) max_connection_age: Option<String>,

    /// Time that its calls may take from then on; what is left is cut off [default: as long as they take]
    #[arg(long, env = "SLUICE_MAX_CONNECTION_AGE_GRACE", value_name = "DURATION")]
    pub(in crate::config) max_connection_age_grace: Option<String>,
}

/// Whom to ask.
#[derive(Debug, Args)]
pub(in crate::config) struct RawHealth {
    /// Address of the running server [default: --admin-listen, else --listen, on this machine]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(in crate::config) address: Option<SocketAddr>,

    #[command(flatten)]
    pub(in crate::config) options: RawOptions,
}
