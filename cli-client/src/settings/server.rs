//! The server to work with and what to show it: what is given, and for the rest the profile.
//!
//! Called by `settings`. What belongs to one server must never be sent to another: a profile counts
//! for its own server only.

use tonic::transport::Uri;

use crate::{
    config::{Config, Wanted},
    connect::Server,
    credentials::Credentials,
    error::{Error, Result},
    place::Place,
};

/// The server where nothing says otherwise.
const DEFAULT: &str = "http://127.0.0.1:50051";

/// What flags and environment say.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) server: Option<String>,
    pub(super) credentials: Credentials,
    pub(super) place: Place,
}

/// The server, and what to tell people when the profile that they named is not used. Asks for a
/// password on a terminal where one is missing. Fails with [`Error::Usage`].
pub(super) fn resolve(given: Given, wanted: &Wanted) -> Result<(Server, Option<String>)> {
    let profile = Config::load(wanted)?.choose(wanted.profile.as_deref())?;
    let server = given.server.as_deref().map(server_url).transpose()?;
    let mut resolved = given;
    let mut note = None;
    let url = match (server, profile) {
        (None, None) => DEFAULT.to_owned(),
        (Some(server), None) => server,
        (server, Some((name, profile))) => {
            let own = server_url(&profile.server)?;
            let url = server.unwrap_or_else(|| own.clone());
            if is_same(&url, &own) {
                resolved.credentials = resolved.credentials.or(profile.credentials);
                resolved.place = resolved.place.or(profile.place);
            } else if wanted.profile.is_some() {
                note = Some(format!(
                    "sluice: profile {name} is for {own}: nothing of it is used for {url}"
                ));
            }
            url
        }
    };
    let server = Server {
        url,
        credentials: resolved.credentials,
        place: resolved.place.headers()?,
    };
    Ok((server, note))
}

/// The URL with its scheme. Fails with [`Error::Usage`].
pub(crate) fn server_url(text: &str) -> Result<String> {
    if text.is_empty() {
        return Err(Error::Usage(
            "the address of the server is empty".to_owned(),
        ));
    }
    match text.split_once("://") {
        None => Ok(format!("http://{text}")),
        Some(("http" | "https", _)) => Ok(text.to_owned()),
        Some((scheme, _)) => Err(Error::Usage(format!(
            "the address {text} begins with {scheme}://, not with http:// or https://"
        ))),
    }
}

/// Whether two URLs are the same server, reached in the same way.
fn is_same(url: &str, other: &str) -> bool {
    let parts = |url: &str| {
        let url: Uri = url.parse().ok()?;
        let is_encrypted = url.scheme_str()? == "https";
        let port = url
            .port_u16()
            .unwrap_or(if is_encrypted { 443 } else { 80 });
        let path = url.path().trim_end_matches('/').to_owned();
        Some((is_encrypted, url.host()?.to_ascii_lowercase(), port, path))
    };
    match (parts(url), parts(other)) {
        (Some(one), Some(two)) => one == two,
        _ => url == other,
    }
}

#[cfg(test)]
mod tests;
