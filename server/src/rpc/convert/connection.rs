//! Connections as callers see them, and the grants that are missing there.
//!
//! Part of `rpc::convert`.

use sluice_proto::v1 as pb;

use tonic::Status;

use super::{commit_mode, table_name};
use crate::{
    clickhouse::TableName,
    config::Identity,
    connections::Connection,
    transfer::grants::{GrantQuestion, MissingGrant, Purpose},
};

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

/// Whose grants to look at.
pub(in crate::rpc) fn grant_question(
    request: pb::CheckConnectionRequest,
) -> Result<GrantQuestion, Status> {
    let table = match request.table {
        Some(table) => table_name("table", Some(table))?,
        None => TableName::default(),
    };
    Ok(GrantQuestion {
        table,
        mode: commit_mode(request.commit_mode)?,
        creates: request.create_table,
    })
}

pub(in crate::rpc) fn missing_grant(grant: MissingGrant) -> pb::MissingGrant {
    pb::MissingGrant {
        privilege: grant.privilege.to_owned(),
        on: grant.on,
        grantee: grant.grantee,
        needed_for: grant_purposes(&grant.purposes),
    }
}

pub(in crate::rpc) fn grant_purposes(purposes: &[Purpose]) -> Vec<i32> {
    let purpose = |purpose: &Purpose| match purpose {
        Purpose::Export => pb::GrantPurpose::Export,
        Purpose::Query => pb::GrantPurpose::Query,
        Purpose::DryRun => pb::GrantPurpose::DryRun,
        Purpose::Direct => pb::GrantPurpose::Direct,
        Purpose::Blocks => pb::GrantPurpose::Blocks,
        Purpose::Atomic => pb::GrantPurpose::Atomic,
        Purpose::Replace => pb::GrantPurpose::Replace,
        Purpose::Create => pb::GrantPurpose::Create,
        Purpose::Journal => pb::GrantPurpose::Journal,
        Purpose::Recovery => pb::GrantPurpose::Recovery,
    };
    purposes.iter().map(|one| purpose(one).into()).collect()
}
