//! What the client certificates are given.
//!
//! `Authenticator` asks for each call without a token. A certificate that nothing is given to is no
//! caller: that a CA has signed it says who it is, not what it may do.

use std::collections::BTreeMap;

use super::{
    Error,
    connections::ConnectionLimit,
    principal::{Principal, Scopes},
    tables::Tables,
};

/// What stands before the name of a certificate in [`Principal::subject`], so that no token can name
/// the same caller.
pub(super) const PREFIX: &str = "cert:";

/// What one certificate is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What it may do.
    pub scopes: Scopes,
    /// On which tables.
    pub tables: Tables,
    /// Through which connections.
    pub connections: ConnectionLimit,
    /// The role of ClickHouse that it acts with.
    pub clickhouse_role: Option<String>,
    /// The user of ClickHouse that it acts as.
    pub clickhouse_user: Option<String>,
}

/// What the client certificates are given, by the name in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateGrants {
    /// Those of single certificates.
    pub subjects: BTreeMap<String, Grant>,
    /// That of all others. Default: none, they are refused.
    pub others: Option<Grant>,
}

impl CertificateGrants {
    /// The caller with the certificate of this name.
    ///
    /// # Errors
    ///
    /// Nothing is given to it.
    pub(super) fn principal(&self, subject: &str) -> Result<Principal, Error> {
        let grant = self.subjects.get(subject).or(self.others.as_ref());
        let grant = grant.ok_or_else(|| Error::UnknownCertificate(subject.to_owned()))?;
        Ok(Principal {
            subject: format!("{PREFIX}{subject}"),
            scopes: grant.scopes,
            tables: grant.tables.clone(),
            connections: grant.connections.clone(),
            clickhouse_role: grant.clickhouse_role.clone(),
            clickhouse_user: grant.clickhouse_user.clone(),
            expires_at: None,
            token: None,
        })
    }
}
