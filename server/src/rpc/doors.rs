//! The ClickHouse of a call: named in its headers, one of the server's or the caller's own.
//!
//! Every handler enters through [`Doors::enter`], for one transfer through `reach` in `rpc::forward`. The headers are those of `catalog_service.proto`; their
//! values are percent-encoded. It never shows what a header holds.

use std::sync::Arc;

use percent_encoding::percent_decode_str;
use tonic::{Request, Status, metadata::MetadataMap};

use super::{access::Caller, forward::Forwarder, status};
use crate::{
    connections::{Connection, Connections, DEFAULT, Error, Own},
    transfer::Transfers,
};

/// The connection by its name. Default: `default`.
const CONNECTION: &str = "sluice-connection";

/// A ClickHouse of the caller's own, instead of a name, and as whom to talk to it.
const URL: &str = "sluice-clickhouse-url";
const DATABASE: &str = "sluice-clickhouse-database";
const USER: &str = "sluice-clickhouse-user";
const PASSWORD: &str = "sluice-clickhouse-password";
const TOKEN: &str = "sluice-clickhouse-token";

/// What a call shows of its caller and of its ClickHouse: with it, another server takes it for the same call.
pub(super) const HANDED_ON: [&str; 7] = [
    "authorization",
    CONNECTION,
    URL,
    DATABASE,
    USER,
    PASSWORD,
    TOKEN,
];

/// What a call works with.
#[derive(Debug)]
pub(super) struct Entered {
    pub(super) caller: Caller,
    pub(super) connection: Connection,
    pub(super) transfers: Transfers,
}

/// Leads every call to its ClickHouse.
#[derive(Clone, Debug)]
pub(super) struct Doors {
    transfers: Transfers,
    connections: Arc<Connections>,
    /// None where this server has no address for others.
    forwarder: Option<Arc<Forwarder>>,
}

impl Doors {
    pub(super) const fn new(
        transfers: Transfers,
        connections: Arc<Connections>,
        forwarder: Option<Arc<Forwarder>>,
    ) -> Self {
        Self {
            transfers,
            connections,
            forwarder,
        }
    }

    pub(super) fn forwarder(&self) -> Option<&Forwarder> {
        self.forwarder.as_deref()
    }

    pub(super) fn connections(&self) -> &Connections {
        &self.connections
    }

    /// What the headers of a call ask for.
    ///
    /// # Errors
    ///
    /// They cannot be read, or ask for what is not there or not allowed.
    pub(super) async fn enter<T: Sync>(
        &self,
        caller: Caller,
        request: &Request<T>,
    ) -> Result<Entered, Status> {
        let headers = request.metadata();
        let connection = if let Some(own) = own(headers)? {
            caller.check_connection(None)?;
            self.connections.open_own(own).await
        } else {
            let name = text(headers, CONNECTION)?.filter(|name| !name.is_empty());
            let name = name.as_deref().unwrap_or(DEFAULT);
            caller.check_connection(Some(name))?;
            self.connections.open(name, caller.means())
        };
        let connection = connection.map_err(|mut error| {
            if let Error::Unknown { known, .. } = &mut error {
                known.retain(|name| caller.sees_connection(name));
            }
            status::no_connection(&error)
        })?;
        Ok(Entered {
            caller: caller.on(&connection),
            transfers: self.transfers.through(connection.clone()),
            connection,
        })
    }
}

/// The ClickHouse of the caller's own, if the headers name one.
fn own(headers: &MetadataMap) -> Result<Option<Own>, Status> {
    let Some(url) = text(headers, URL)? else {
        let alone = [DATABASE, USER, PASSWORD, TOKEN];
        return match alone.iter().find(|name| headers.contains_key(**name)) {
            Some(name) => Err(status::invalid_request(
                name,
                "it belongs to an address in sluice-clickhouse-url, which is missing",
            )),
            None => Ok(None),
        };
    };
    let fault = |name, problem| Err(status::invalid_request(name, problem));
    if headers.contains_key(CONNECTION) {
        return fault(CONNECTION, "name a connection or an address, not both");
    }
    let token = text(headers, TOKEN)?;
    if token.is_some() && (headers.contains_key(USER) || headers.contains_key(PASSWORD)) {
        return fault(TOKEN, "give a token or a user with a password, not both");
    }
    Ok(Some(Own {
        url,
        database: text(headers, DATABASE)?.unwrap_or_default(),
        user: text(headers, USER)?.unwrap_or_default(),
        password: text(headers, PASSWORD)?.map(Into::into),
        token: token.map(Into::into),
    }))
}

/// The text of a header, which may stand there once.
fn text(headers: &MetadataMap, name: &'static str) -> Result<Option<String>, Status> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return match headers.contains_key(name) {
            true => Err(status::invalid_request(
                name,
                "it stands there more than once",
            )),
            false => Ok(None),
        };
    };
    let encoded = value.to_str().ok();
    let decoded = encoded.map(|text| percent_decode_str(text).decode_utf8());
    match decoded {
        Some(Ok(text)) if !text.chars().any(char::is_control) => Ok(Some(text.into_owned())),
        _ => Err(status::invalid_request(
            name,
            "it is not percent-encoded UTF-8 without control characters",
        )),
    }
}
