//! Probes, metrics, the end of the server.
//!
//! Part of `config::validate`.

use std::{net::SocketAddr, time::Duration};

use super::{duration, refuse, socket, switch};
use crate::config::{defaults, errors::Faults, raw::RawOperation};

/// How the server is run.
pub(super) struct Operation {
    pub(super) admin_listen: Option<SocketAddr>,
    pub(super) lame_duck: Duration,
    pub(super) drain_timeout: Duration,
}

/// Whether the port serves metrics.
pub(super) fn metrics(raw: &RawOperation, faults: &mut Faults) -> bool {
    switch("metrics", raw.metrics.as_deref(), false, faults)
}

/// What the options say; `listen` is the address of the port.
pub(super) fn operation(raw: &RawOperation, listen: SocketAddr, faults: &mut Faults) -> Operation {
    let admin = raw.admin_listen.as_deref().map(socket).transpose();
    let admin_listen = faults.take("admin-listen", admin, None);
    let is_taken = admin_listen.is_some_and(|admin| admin.port() != 0 && admin == listen);
    let problem = "is the address of --listen: choose another port";
    refuse("admin-listen", is_taken, problem, faults);
    let lame_duck = if listen.ip().is_loopback() {
        defaults::LAME_DUCK_OF_LOOPBACK
    } else {
        defaults::LAME_DUCK
    };
    Operation {
        admin_listen,
        lame_duck: duration("lame-duck", raw.lame_duck.as_deref(), lame_duck, faults),
        drain_timeout: duration(
            "drain-timeout",
            raw.drain_timeout.as_deref(),
            defaults::DRAIN_TIMEOUT,
            faults,
        ),
    }
}
