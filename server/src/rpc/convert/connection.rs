//! Connections as callers see them.
//!
//! Part of `rpc::convert`.

use sluice_proto::v1 as pb;

use crate::{config::Identity, connections::Connection};

/// One connection; the address of the embedded ClickHouse is for nobody.
pub(in crate::rpc) fn connection(connection: &Connection) -> pb::Connection {
    let identity_mode = match connection.identity() {
        Identity::Service => pb::IdentityMode::Service,
        Identity::Token => pb::IdentityMode::Token,
        Identity::Role => pb::IdentityMode::Role,
        Identity::Impersonate => pb::IdentityMode::Impersonate,
    };
    let url = if connection.is_embedded() {
        ""
    } else {
        connection.url()
    };
    pb::Connection {
        name: connection.name().to_owned(),
        url: url.to_owned(),
        database: connection.database().to_owned(),
        identity_mode: identity_mode.into(),
    }
}
