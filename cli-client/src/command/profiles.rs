//! `sluice profiles`: the profiles of the configuration file.
//!
//! Called by `command`. It must never ask a server, nor open a file that a profile names.

use serde::Serialize;

use crate::{
    config::{Config, Profile, Wanted},
    error::Result,
    output::Output,
    table::Table,
};

/// One profile.
#[derive(Debug, Serialize)]
struct ProfileObject<'a> {
    name: &'a str,
    server: &'a str,
    is_default: bool,
    connection: Option<&'a str>,
    clickhouse_url: Option<&'a str>,
    /// What it shows the server: token, certificate.
    credentials: String,
}

/// The profiles, and where they stand.
#[derive(Debug, Serialize)]
struct Object<'a> {
    file: Option<String>,
    profiles: Vec<ProfileObject<'a>>,
}

/// Prints the profiles.
pub(super) fn run(wanted: &Wanted, output: Output) -> Result<()> {
    let config = Config::load(wanted)?;
    let object = Object {
        file: config.file.as_ref().map(|file| file.display().to_string()),
        profiles: config
            .profiles
            .iter()
            .map(|(name, profile)| object(name, profile, &config))
            .collect(),
    };
    output.data(&object, |out| {
        if object.profiles.is_empty() {
            return writeln!(out, "{}", nothing(&config));
        }
        let table = Table::new().text("profile").text("server").text("default");
        let mut table = table.text("ClickHouse").text("credentials");
        for found in &object.profiles {
            let place = found.connection.or(found.clickhouse_url);
            let default = if found.is_default { "yes" } else { "" };
            let cells = [found.name, found.server, default, place.unwrap_or_default()];
            let cells = cells.into_iter().chain([found.credentials.as_str()]);
            table.row(cells.map(|cell| Some(cell.to_owned())));
        }
        table.write(out)
    })
}

fn object<'a>(name: &'a str, profile: &'a Profile, config: &Config) -> ProfileObject<'a> {
    ProfileObject {
        name,
        server: &profile.server,
        is_default: config.default.as_deref() == Some(name),
        connection: profile.place.connection.as_deref(),
        clickhouse_url: profile.place.url.as_deref(),
        credentials: profile.credentials.words(),
    }
}

/// Why there are none.
fn nothing(config: &Config) -> String {
    match &config.file {
        None => "no profiles: --config says where they are".to_owned(),
        Some(file) if config.is_found => format!("no profiles in {}", file.display()),
        Some(file) => format!("no profiles: {} is missing", file.display()),
    }
}
