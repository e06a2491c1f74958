//! The connections of the configuration file.
//!
//! Part of `config::validate`. It reads password files; it must not open a connection.

use std::{collections::BTreeMap, path::PathBuf};

use super::{
    engine::{checked_urls, name, password},
    within,
};
use crate::config::{
    AccessConfig, CallersUser, ConnectionConfig, Identity, defaults::range, errors::Faults,
    file::RawTable,
};

/// The longest name of a connection, in bytes.
const MAX_NAME_BYTES: usize = 64;

/// The connections by name.
pub(super) fn connections(
    tables: &[RawTable],
    faults: &mut Faults,
) -> BTreeMap<String, ConnectionConfig> {
    let mut connections = BTreeMap::new();
    for table in tables {
        if !is_name(&table.name) {
            let problem = format!(
                "the name of a connection has 1 to {MAX_NAME_BYTES} letters, digits, `-`, `_` and `.`"
            );
            faults.add(table.path.clone(), problem);
        }
        connections.insert(table.name.clone(), connection(table, faults));
    }
    connections
}

fn is_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(is_part)
}

fn connection(table: &RawTable, faults: &mut Faults) -> ConnectionConfig {
    let text = |key| table.text(key).map(str::to_owned);
    let file = |key| table.text(key).map(PathBuf::from);
    let urls = if let Some(urls) = table.list("url") {
        let hint = table.key("password-file");
        let urls = checked_urls(urls.iter().map(String::as_str), &hint);
        faults.take(table.key("url"), urls, Vec::new())
    } else {
        faults.add(table.path.clone(), "needs a url, such as http://host:8123");
        Vec::new()
    };
    let password_file = file("password-file");
    let ca_file = file("ca-file");
    if ca_file.is_some() && urls.iter().any(|url| url.starts_with("http:")) {
        faults.add(table.key("ca-file"), "is for a url with https");
    }
    if let Some(ca) = ca_file.as_ref().filter(|ca| !ca.is_file()) {
        let problem = format!("{} is not a file", ca.display());
        faults.add(table.key("ca-file"), problem);
    }
    ConnectionConfig {
        urls,
        database: name(table.key("database"), text("database"), faults),
        user: name(table.key("user"), text("user"), faults),
        password: password(table.key("password-file"), password_file.as_deref(), faults),
        password_file,
        ca_file,
        identity: identity(table, faults),
        callers: callers(table, faults),
        max_transfers: max_transfers(table, faults),
    }
}

fn identity(table: &RawTable, faults: &mut Faults) -> Identity {
    let parsed = match table.text("identity") {
        None | Some("service") => Ok(Identity::Service),
        Some("token") => Ok(Identity::Token),
        Some("role") => Ok(Identity::Role),
        Some("impersonate") => Ok(Identity::Impersonate),
        Some(other) => Err(format!(
            "`{other}` is none of service, token, role, impersonate"
        )),
    };
    faults.take(table.key("identity"), parsed, Identity::Service)
}

fn callers(table: &RawTable, faults: &mut Faults) -> Option<CallersUser> {
    const USER: &str = "callers-user";
    const PASSWORD_FILE: &str = "callers-password-file";
    let password_file = table.text(PASSWORD_FILE).map(PathBuf::from);
    let Some(user) = table.text(USER) else {
        if password_file.is_some() {
            faults.add(table.key(PASSWORD_FILE), "needs a callers-user");
        }
        return None;
    };
    if !matches!(table.text("identity"), None | Some("service")) {
        let problem =
            "is for the identity service: with any other the caller's own user or role counts";
        faults.add(table.key(USER), problem);
    }
    Some(CallersUser {
        name: name(table.key(USER), Some(user.to_owned()), faults),
        password: password(table.key(PASSWORD_FILE), password_file.as_deref(), faults),
        password_file,
    })
}

fn max_transfers(table: &RawTable, faults: &mut Faults) -> Option<usize> {
    let text = table.text("max-transfers")?;
    let range = &range::TRANSFERS;
    let number = text.parse().ok().and_then(|number| within(number, range));
    if number.is_none() {
        let (least, most) = (range.start(), range.end());
        let problem = format!("`{text}` is not a whole number from {least} to {most}");
        faults.add(table.key("max-transfers"), problem);
    }
    number
}

/// A caller's token, role or user needs callers that are known.
pub(super) fn check_identities(
    connections: &BTreeMap<String, ConnectionConfig>,
    access: &AccessConfig,
    faults: &mut Faults,
) {
    for (name, connection) in connections {
        let problem = match connection.identity {
            Identity::Token if access.tokens.is_none() => {
                "hands on the caller's token, but no tokens are asked for: set up --auth-..."
            }
            Identity::Role | Identity::Impersonate if !access.is_required() => {
                "acts for the caller, but callers need not say who they are: set up --auth-..."
            }
            Identity::Service | Identity::Token | Identity::Role | Identity::Impersonate => {
                continue;
            }
        };
        faults.add(format!("connections.{name}.identity"), problem);
    }
}
