//! The configuration file: what it says, what is refused, and the example.

use std::{collections::BTreeSet, fs, path::PathBuf};

use clap::CommandFactory;
use tempfile::TempDir;

use super::parse;
use crate::{
    auth::{Scope, Tables},
    config::{Config, Error, Identity, Invocation, raw::RawConfig},
    engine::EngineConfig,
};

const EXAMPLE: &str = include_str!("../../../sluice-server.example.toml");

fn write(directory: &TempDir, text: &str) -> PathBuf {
    let path = directory.path().join("sluice.toml");
    fs::write(&path, text).unwrap();
    path
}

fn read_with(text: &str, arguments: &[&str]) -> Result<Config, Error> {
    let directory = TempDir::new().unwrap();
    let path = write(&directory, text);
    let file = format!("--config={}", path.display());
    let mut all = vec![file.as_str()];
    all.extend(arguments);
    parse(&all)
}

fn read(text: &str) -> Result<Config, Error> {
    read_with(text, &[])
}

/// The faults, without the directory of the file.
fn faults(text: &str) -> Vec<String> {
    let error = read(text).unwrap_err();
    let faults = error.faults().iter().map(ToString::to_string);
    let faults = faults.map(|fault| match fault.split_once("sluice.toml:") {
        Some((_, rest)) => rest.to_owned(),
        None => fault,
    });
    faults.collect()
}

/// The options of the example, uncommented: those that hold by default, and all.
fn uncommented(with_examples: bool) -> String {
    let lines = EXAMPLE.lines().filter_map(|line| {
        let option = line.strip_prefix('#')?;
        let is_option =
            option.starts_with(|first: char| first.is_ascii_lowercase() || first == '[');
        let is_default = !option.ends_with("# not set");
        (is_option && (is_default || with_examples)).then_some(option)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_options_of_the_file_are_taken_and_flags_count_more() {
    let text = "listen = \"[::1]:0\"\nblock-rows = 1000\nreflection = false\nmax-transfers = \"7\"";
    let config = read_with(text, &["--block-rows=2000"]).unwrap();
    assert_eq!(config.listen.to_string(), "[::1]:0");
    assert_eq!(config.transfer.block_rows, 2000);
    assert_eq!(config.transfer.max_transfers, 7);
    assert!(!config.rpc.reflection);
}

#[test]
fn the_defaults_of_the_example_are_the_defaults() {
    assert_eq!(read(&uncommented(false)).unwrap(), parse(&[]).unwrap());
}

#[test]
fn the_example_has_every_option_and_no_other() {
    let text = uncommented(true);
    let table: toml::Table = text.parse().unwrap();
    let keys: BTreeSet<String> = table.keys().cloned().collect();
    let command = RawConfig::command();
    let flags = command.get_arguments().filter_map(|flag| flag.get_long());
    let flags = flags.filter(|flag| !["config", "help", "version"].contains(flag));
    let tables = ["connections", "certificates"];
    let expected: BTreeSet<String> = flags.chain(tables).map(str::to_owned).collect();
    assert_eq!(keys, expected);
    let unknown = read(&text).map_or_else(|error| error.to_string(), |config| config.to_string());
    assert!(!unknown.contains("is no option"), "{unknown}");
    assert!(!unknown.contains("is no key"), "{unknown}");
}

#[test]
fn what_the_example_shows_of_tokens_and_certificates_holds_by_default() {
    let shown: toml::Table = uncommented(true).parse().unwrap();
    let config = read("auth-secret-file = \"x\"").unwrap();
    let effective: toml::Table = config.to_toml().parse().unwrap();
    for key in [
        "auth-leeway",
        "auth-grace",
        "auth-tables-claim",
        "auth-role-claim",
        "auth-user-claim",
    ] {
        let normal = |value: &toml::Value| value.to_string().replace("60s", "1m");
        assert_eq!(normal(&shown[key]), normal(&effective[key]), "{key}");
    }
}

#[test]
fn unknown_keys_are_refused_with_their_place_and_everything_else_is_checked_too() {
    let text = "listn = 1\nblock-bytes = \"2GiB\"\nlog = [\"info\"]\n\n  config = \"other\"\n\
                [connections.a]\nurl = \"http://h\"\npasword-file = \"x\"\n[certificates]\nx = 1\n";
    assert_eq!(
        faults(text),
        [
            "10:1: certificates.x: is no key: write [certificates.<name>]",
            "5:3: config: is no option; `sluice-server --help` lists them",
            "8:1: connections.a.pasword-file: is no key here; there are url, database, user, \
             password-file, ca-file, identity, callers-user, callers-password-file, max-transfers",
            "1:1: listn: is no option; `sluice-server --help` lists them",
            "3:1: log: takes one value, not a list",
            "2:1: block-bytes: 2GiB is out of range; the range is 64KiB to 1GiB",
        ]
    );
}

#[test]
fn a_file_that_is_no_toml_or_is_missing_is_a_fault() {
    let broken = faults("listen = \n");
    assert!(broken[0].starts_with("1:1"), "{broken:?}");
    let error = parse(&["--config=/nowhere.toml"]).unwrap_err().to_string();
    assert!(error.contains("cannot read /nowhere.toml"), "{error}");
}

#[test]
fn a_file_does_not_show_what_it_should_not_hold() {
    let shown = faults("[connections.a]\nurl = \"https://me:hunter2@db\"\n").join("\n");
    assert!(shown.contains("connections.a.password-file"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn connections_are_taken() {
    let directory = TempDir::new().unwrap();
    crate::secret_file::write(&directory.path().join("pw"), "hunter2\n");
    fs::write(directory.path().join("ca.pem"), "").unwrap();
    let (password, ca) = (directory.path().join("pw"), directory.path().join("ca.pem"));
    let text = format!(
        "auth-secret-file = \"s\"\n[connections.default]\nurl = \"http://main:8123/\"\n\
         [connections.\"a.b\"]\nurl = \"https://ch\"\nuser = \"u\"\ndatabase = \"d\"\nidentity = \"role\"\n\
         password-file = {password:?}\nca-file = {ca:?}\nmax-transfers = 3\n"
    );
    let config = read(&text).unwrap();
    let connection = &config.connections["a.b"];
    assert_eq!(connection.urls, ["https://ch"]);
    assert_eq!(connection.password.expose(), "hunter2");
    assert_eq!(connection.identity, Identity::Role);
    assert_eq!(connection.max_transfers, Some(3));
    let EngineConfig::Remote(remote) = &config.engine else {
        panic!("{:?}", config.engine)
    };
    assert_eq!(
        (remote.url.as_str(), remote.user.as_str()),
        ("http://main:8123", "default")
    );
    let shown = format!("{config} {config:?} {}", config.to_toml());
    assert!(!shown.contains("hunter2"), "{shown}");
    assert_eq!(read(&config.to_toml()).unwrap(), config);
}

#[test]
fn connections_that_make_no_sense_are_refused() {
    let text = "data-dir = \"d\"\n[connections.default]\nurl = \"ftp://x\"\n[connections.\"a b\"]\n\
                [connections.c]\nurl = \"http://x\"\nidentity = \"impersonate\"\nmax-transfers = 0\n\
                ca-file = \"/nowhere\"\npassword-file = \"/nowhere\"\nuser = \"\"\n";
    let found = read(text).unwrap_err();
    let found: Vec<_> = found.faults().iter().map(|fault| &*fault.option).collect();
    assert_eq!(
        found,
        [
            "connections.a b",
            "connections.a b",
            "connections.c.ca-file",
            "connections.c.ca-file",
            "connections.c.user",
            "connections.c.password-file",
            "connections.c.max-transfers",
            "connections.default.url",
            "data-dir",
            "connections.c.identity",
        ]
    );
}

#[test]
fn certificates_are_given_scopes_and_tables() {
    let text = "tls-cert = \"c\"\ntls-key = \"k\"\ntls-client-ca = \"a\"\ntls-client-auth = \"optional\"\n\
                [certificates.loader]\nscopes = [\"ingest:upload\"]\ntables = [\"sales.*\"]\n\
                [certificates.\"*\"]\nscopes = \"catalog:read ingest:export\"\nclickhouse-role = \"r\"\n";
    let config = read(text).unwrap();
    let grants = &config.access.certificates;
    let others = grants.others.as_ref().unwrap();
    assert!(others.scopes.contains(Scope::Export) && !others.scopes.contains(Scope::Upload));
    assert_eq!(others.tables, Tables::All);
    assert!(!grants.subjects["loader"].tables.allow("hr", "x"));
    assert_eq!(read(&config.to_toml()).unwrap(), config);
    let wrong = "[certificates.x]\ntables = [\"nothing\"]\n[certificates.y]\nscopes = [\"all\"]\n";
    assert_eq!(faults(wrong).len(), 4, "{:?}", faults(wrong));
}

#[test]
fn the_effective_configuration_is_a_configuration() {
    for text in [
        "",
        "clickhouse-url = \"http://db\"\ncors-origins = [\"https://a.example\"]\nallowed-hosts = [\"a.example\"]",
        "auth-secret-file = \"s\"\nauth-algorithm = \"HS512\"\nauth-issuer = [\"a\", \"b\"]",
        "auth-jwks-url = \"https://i\"\nauth-issuer = \"i\"\nauth-audience = \"a\"\nauth-jwks-ca-file = \"c\"",
        "adhoc-clickhouse = true\nadhoc-hosts = [\"*.example.com:8443\", \"10.1.0.0/16\"]",
        "listen = \"0.0.0.0:1\"\nallow-open = true",
    ] {
        let config = read(text).unwrap();
        assert_eq!(read(&config.to_toml()).unwrap(), config, "{text}");
    }
}

#[test]
fn the_effective_configuration_can_be_asked_for() {
    let directory = TempDir::new().unwrap();
    let path = write(&directory, "block-rows = 5");
    let path = path.to_str().unwrap();
    let line = [
        "sluice-server",
        "config",
        "--config",
        path,
        "--max-streams=9",
    ];
    let Invocation::Show(config) = Invocation::from_arguments(line).unwrap() else {
        panic!("not the configuration");
    };
    let shown = config.to_toml();
    assert!(
        shown.contains("\nblock-rows = 5\n") && shown.contains("\nmax-streams = 9\n"),
        "{shown}"
    );
}
