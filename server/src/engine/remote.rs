//! A ClickHouse that runs elsewhere, and what any engine tells of itself: address and credentials.
//!
//! Built by `config` and `engine`, read by the ClickHouse client. It never connects.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

use super::users::SERVICE;

/// A password. Neither `Debug` nor `Display` shows it; its memory is overwritten when it is dropped.
#[derive(Clone, Default)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps the text of a password.
    pub fn new(text: String) -> Self {
        Self(text.into())
    }

    /// The password, as those take it who keep it.
    pub fn into_inner(self) -> SecretString {
        self.0
    }

    /// The password itself, for the request that needs it. Never log it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether there is no password.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "none" } else { "***" })
    }
}

/// A ClickHouse that runs elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteConfig {
    /// The address of its HTTP interface, without a final slash.
    pub url: String,
    /// The user. Default: `default`.
    pub user: String,
    /// The password. Default: none.
    pub password: Secret,
    /// The database of a table that is named without one. Default: `default`.
    pub database: String,
}

impl RemoteConfig {
    /// The endpoint that it describes.
    pub(super) fn into_endpoint(self) -> Endpoint {
        let Self {
            url,
            user,
            password,
            database,
        } = self;
        Endpoint {
            url,
            user,
            password,
            database,
        }
    }
}

/// Where an engine answers, and as whom to speak to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The address of its HTTP interface, without a final slash.
    pub url: String,
    /// The user.
    pub user: String,
    /// The password; empty for none.
    pub password: Secret,
    /// The database of a table that is named without one.
    pub database: String,
}

impl Endpoint {
    /// The endpoint of an embedded engine.
    pub(super) fn embedded(port: u16, password: Secret) -> Self {
        Self {
            url: format!("http://127.0.0.1:{port}"),
            user: SERVICE.to_owned(),
            password,
            database: "default".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn no_secret_is_shown_as_none() {
        assert_eq!(Secret::default().to_string(), "none");
    }
}
