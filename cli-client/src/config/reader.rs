//! The text of the configuration file, key by key.
//!
//! Called by `config`. Every key must be one that is known, and every fault is found at once. It must
//! never show a value of the file: somebody may have written a secret there.

use std::{
    collections::BTreeMap,
    ops::Range,
    path::{Path, PathBuf},
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::Profile;
use crate::{credentials::Credentials, place::Place, settings::server_url, text};

/// The keys of `[profile.NAME]`.
const KEYS: [&str; 11] = [
    "server",
    "ca",
    "cert",
    "key",
    "token-file",
    "connection",
    "clickhouse-url",
    "clickhouse-database",
    "clickhouse-user",
    "clickhouse-password-file",
    "clickhouse-token-file",
];
/// Keys that would hold a secret, and the keys for a file with it.
const SECRETS: [(&str, &str); 4] = [
    ("token", "token-file"),
    ("password", "clickhouse-password-file"),
    ("clickhouse-password", "clickhouse-password-file"),
    ("clickhouse-token", "clickhouse-token-file"),
];
/// Keys that exclude each other: a ClickHouse is one of the server's or the caller's own, and is
/// opened by a token or by a user.
const RIVALS: [(&str, &str); 3] = [
    ("connection", "clickhouse-url"),
    ("clickhouse-token-file", "clickhouse-user"),
    ("clickhouse-token-file", "clickhouse-password-file"),
];
/// Keys that need another one.
const NEEDS: [(&str, &str); 6] = [
    ("cert", "key"),
    ("key", "cert"),
    ("clickhouse-database", "clickhouse-url"),
    ("clickhouse-user", "clickhouse-url"),
    ("clickhouse-password-file", "clickhouse-url"),
    ("clickhouse-token-file", "clickhouse-url"),
];

/// The default profile and all of them.
type Profiles = (Option<String>, BTreeMap<String, Profile>);

/// Reads the text of a file. Fails with all its faults, in the order of their lines.
pub(super) fn read(text: &str, file: &Path, home: Option<&Path>) -> Result<Profiles, Vec<String>> {
    let mut reader = Reader {
        text,
        directory: file.parent().unwrap_or(Path::new("")),
        home,
        faults: Vec::new(),
    };
    let profiles = reader.file();
    if reader.faults.is_empty() {
        return Ok(profiles);
    }
    reader.faults.sort_by_key(|(line, _)| *line);
    let faults = reader.faults.into_iter();
    Err(faults
        .map(|(line, fault)| format!("line {line}: {fault}"))
        .collect())
}

/// The names of profiles, for people.
pub(super) fn names(profiles: &BTreeMap<String, Profile>) -> String {
    if profiles.is_empty() {
        return "none".to_owned();
    }
    let names = profiles.keys().map(|name| text::one_line(name));
    names.collect::<Vec<_>>().join(", ")
}

/// Goes through a file.
struct Reader<'a> {
    text: &'a str,
    directory: &'a Path,
    home: Option<&'a Path>,
    /// With their lines.
    faults: Vec<(usize, String)>,
}

impl Reader<'_> {
    fn file(&mut self) -> Profiles {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            self.fault(error.span().unwrap_or_default(), error.message().to_owned());
        }
        let mut profiles = BTreeMap::new();
        let mut default = None;
        if !errors.is_empty() {
            return (default, profiles);
        }
        for (key, value) in table.get_ref() {
            match key.get_ref().as_ref() {
                "profile" => profiles = self.profiles(value),
                "default-profile" => default = self.string("default-profile", value),
                other => {
                    let fault = format!(
                        "unknown key {}: there are default-profile and [profile.NAME]",
                        text::one_line(other)
                    );
                    self.fault(key.span(), fault);
                }
            }
        }
        let unknown = default
            .as_ref()
            .filter(|name| !profiles.contains_key(*name));
        if let Some(name) = unknown.filter(|_| self.faults.is_empty()) {
            let fault = format!(
                "default-profile is {}, of the profiles {}",
                text::one_line(name),
                names(&profiles)
            );
            let at = table.get_ref().get("default-profile").map(Spanned::span);
            self.fault(at.unwrap_or_default(), fault);
        }
        (default, profiles)
    }

    fn profiles(&mut self, value: &Spanned<DeValue<'_>>) -> BTreeMap<String, Profile> {
        let mut profiles = BTreeMap::new();
        let Some(tables) = value.get_ref().as_table() else {
            self.fault(value.span(), "write [profile.NAME]".to_owned());
            return profiles;
        };
        for (name, value) in tables {
            let path = format!("profile.{}", text::one_line(name.get_ref()));
            match value.get_ref().as_table() {
                Some(table) if !name.get_ref().is_empty() => {
                    let at = name.span();
                    if let Some(profile) = self.profile(&path, at, table) {
                        profiles.insert(name.get_ref().to_string(), profile);
                    }
                }
                Some(_) => self.fault(name.span(), "a profile needs a name".to_owned()),
                None => self.fault(name.span(), format!("{path} is no table: write [{path}]")),
            }
        }
        profiles
    }

    /// One profile; none where a fault leaves it without a server.
    fn profile(&mut self, path: &str, at: Range<usize>, table: &DeTable<'_>) -> Option<Profile> {
        let mut values = self.values(path, table);
        for (key, other) in RIVALS {
            if values.contains_key(key) && values.contains_key(other) {
                let fault = format!("{path} has {key} and {other}: leave one of them out");
                self.fault(at.clone(), fault);
            }
        }
        for (key, other) in NEEDS {
            if values.contains_key(key) && !table.contains_key(other) {
                self.fault(at.clone(), format!("{path} has {key}, which needs {other}"));
            }
        }
        if !table.contains_key("server") {
            self.fault(at, format!("{path} has no server"));
        }
        let mut text = |key: &str| values.remove(key);
        let server = text("server")?;
        let mut place = Place {
            connection: text("connection"),
            url: text("clickhouse-url"),
            database: text("clickhouse-database"),
            user: text("clickhouse-user"),
            ..Place::default()
        };
        let mut path = |key: &str| values.remove(key).map(|text| self.path(&text));
        place.password_file = path("clickhouse-password-file");
        place.token_file = path("clickhouse-token-file");
        let own = (path("cert"), path("key"));
        Some(Profile {
            server,
            credentials: Credentials::new(None, path("token-file"), path("ca"), own),
            place,
        })
    }

    /// The values of the keys of a profile.
    fn values(&mut self, path: &str, table: &DeTable<'_>) -> BTreeMap<&'static str, String> {
        let mut values = BTreeMap::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let Some(known) = KEYS.into_iter().find(|known| *known == name) else {
                self.fault(key.span(), unknown(path, name));
                continue;
            };
            let full = format!("{path}.{known}");
            let Some(text) = self.string(&full, value) else {
                continue;
            };
            if let Some(fault) = self.judge(known, &text) {
                self.fault(value.span(), format!("{full}: {fault}"));
            }
            values.insert(known, text);
        }
        values
    }

    /// What is wrong with a value.
    fn judge(&self, key: &str, text: &str) -> Option<String> {
        let is_url = key == "server" || key == "clickhouse-url";
        if is_url && has_user(text) {
            return Some("leave user and password out of the address".to_owned());
        }
        if key == "server" {
            return server_url(text).err().map(|error| error.to_string());
        }
        let is_homeless = text.starts_with("~/") && self.home.is_none();
        (is_file(key) && is_homeless).then(|| "nobody says where ~ is: set HOME".to_owned())
    }

    /// A path: `~/` is the home directory, and others begin at the directory of the file.
    fn path(&self, text: &str) -> PathBuf {
        match (text.strip_prefix("~/"), self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => self.directory.join(text),
        }
    }

    /// A text that is not empty.
    fn string(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<String> {
        match value.get_ref().as_str() {
            Some("") => self.fault(value.span(), format!("{key} is empty: leave it out")),
            Some(text) => return Some(text.to_owned()),
            None => self.fault(value.span(), format!("{key} must be a text in quotes")),
        }
        None
    }

    fn fault(&mut self, at: Range<usize>, fault: String) {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        self.faults.push((before.matches('\n').count() + 1, fault));
    }
}

/// What to say of a key that is none.
fn unknown(path: &str, name: &str) -> String {
    match SECRETS.iter().find(|(secret, _)| *secret == name) {
        Some((_, file)) => {
            format!(
                "{path}.{name}: a secret has no place here: write it to a file, and {file} = \"FILE\""
            )
        }
        None => format!(
            "unknown key {path}.{}: there are {}",
            text::one_line(name),
            KEYS.join(", ")
        ),
    }
}

/// Whether the value of a key is a path.
fn is_file(key: &str) -> bool {
    ["ca", "cert", "key"].contains(&key) || key.ends_with("-file")
}

/// Whether an address holds more than scheme, host, port and path.
fn has_user(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#'])
        .next()
        .is_some_and(|authority| authority.contains('@'))
}
