//! Which ClickHouse the server is to work with, as the headers of each call.
//!
//! Made by `settings`, once, used by `connect`. It must never show a password.

use std::path::{Path, PathBuf};

use console::Term;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue};

use crate::{
    credentials::secret,
    error::{Error, Result},
};

/// One of the server's connections, or a ClickHouse of the caller's own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    pub(crate) connection: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) database: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) password_file: Option<PathBuf>,
    pub(crate) token_file: Option<PathBuf>,
}

/// A header of each call.
pub(crate) type Header = (AsciiMetadataKey, AsciiMetadataValue);

impl Place {
    /// This one, and where it is silent that of a profile. Another connection or another ClickHouse
    /// takes the place of the profile's, and passwords stay with the user that they are for.
    pub(crate) fn or(self, profile: Self) -> Self {
        if self.connection.is_some() || self.url.is_some() {
            return self;
        }
        let is_other = self.user.is_some() || self.token_file.is_some();
        let (user, password_file, token_file) = if is_other {
            (self.user, self.password_file, self.token_file)
        } else if self.password_file.is_some() {
            (profile.user, self.password_file, None)
        } else {
            (profile.user, profile.password_file, profile.token_file)
        };
        Self {
            connection: profile.connection,
            url: profile.url,
            database: self.database.or(profile.database),
            user,
            password_file,
            token_file,
        }
    }

    /// What to add to each call. Asks for the password of a user who has none in a file, on a terminal.
    /// Fails with [`Error::Usage`].
    pub(crate) fn headers(&self) -> Result<Vec<Header>> {
        let mut headers = Vec::new();
        let mut add = |name: &'static str, value: Option<String>| {
            if let Some(value) = value {
                headers.push(header(name, &value)?);
            }
            Ok::<_, Error>(())
        };
        add("sluice-connection", self.connection.clone())?;
        let Some(url) = &self.url else {
            return match self.has_details() {
                true => Err(Error::Usage(
                    "the other --clickhouse- flags belong to --clickhouse-url".to_owned(),
                )),
                false => Ok(headers),
            };
        };
        add("sluice-clickhouse-url", Some(url.clone()))?;
        add("sluice-clickhouse-database", self.database.clone())?;
        add("sluice-clickhouse-user", self.user.clone())?;
        add("sluice-clickhouse-password", self.password()?)?;
        let token = self.token_file.as_deref().map(text).transpose()?;
        add("sluice-clickhouse-token", token)?;
        Ok(headers)
    }

    const fn has_details(&self) -> bool {
        self.database.is_some()
            || self.user.is_some()
            || self.password_file.is_some()
            || self.token_file.is_some()
    }

    fn password(&self) -> Result<Option<String>> {
        match (&self.password_file, &self.user) {
            (Some(file), _) => text(file).map(Some),
            (None, Some(user)) => ask(user),
            (None, None) => Ok(None),
        }
    }
}

/// Asks on a terminal; elsewhere a user has no password.
fn ask(user: &str) -> Result<Option<String>> {
    let terminal = Term::stderr();
    if !terminal.is_term() {
        return Ok(None);
    }
    let asked = terminal
        .write_str(&format!("Password of {user}: "))
        .and_then(|()| terminal.read_secure_line());
    match asked {
        Ok(password) => Ok(Some(password).filter(|password| !password.is_empty())),
        Err(error) => Err(Error::Usage(format!(
            "cannot ask for the password: {error}"
        ))),
    }
}

/// The text of a file with a secret, without its line end.
fn text(file: &Path) -> Result<String> {
    let text = String::from_utf8(secret(file)?);
    let text = text.map_err(|_| Error::Usage(format!("{} is no text", file.display())))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn header(name: &'static str, value: &str) -> Result<Header> {
    let encoded = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
    let mut value: AsciiMetadataValue = encoded
        .parse()
        .map_err(|_| Error::Usage(format!("{name} cannot be sent")))?;
    value.set_sensitive(true);
    Ok((AsciiMetadataKey::from_static(name), value))
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn names_of_any_text_can_be_sent() {
        let place = Place {
            connection: Some("größe %".to_owned()),
            ..Place::default()
        };
        let headers = place.headers().unwrap();
        let (name, value) = headers.first().unwrap();
        assert_eq!(name.as_str(), "sluice-connection");
        assert_eq!(value.to_str().unwrap(), "gr%C3%B6%C3%9Fe%20%25");
    }

    #[test]
    fn a_user_without_an_address_is_a_mistake() {
        let place = Place {
            user: Some("me".to_owned()),
            ..Place::default()
        };
        let error = place.headers().unwrap_err();
        assert!(error.to_string().contains("--clickhouse-url"), "{error}");
    }
}
