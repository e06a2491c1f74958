//! What the configuration file may say, and what is said of what it may not.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use super::{Config, Wanted};

/// Reads a file of this text, in a directory whose name stands as `DIR` in faults.
fn load(text: &str) -> Result<Config, String> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config.toml");
    fs::write(&file, text).unwrap();
    let wanted = Wanted {
        usual: Some(file),
        home: Some("/home/me".into()),
        ..Wanted::default()
    };
    let path = directory.path().to_str().unwrap();
    Config::load(&wanted).map_err(|error| error.to_string().replace(path, "DIR"))
}

#[track_caller]
fn check(text: &str, fault: &str) {
    let expected = format!("the configuration DIR/config.toml cannot be used: {fault}");
    assert_eq!(load(text).unwrap_err(), expected);
}

const GOOD: &str = r#"
default-profile = "dev"
profile.dev.server = "db:50051"

[profile."größe 1"]
server = "https://db"
ca = "/etc/ca.pem"
cert = "own/me.pem"
key = "~/me.key"
token-file = "token"
clickhouse-url = "https://ch:8443"
clickhouse-database = "sales"
clickhouse-user = "me"
clickhouse-password-file = "~/password"
"#;

#[test]
fn paths_begin_at_the_file_or_at_home() {
    let config = load(GOOD).unwrap();
    assert_eq!(config.default.as_deref(), Some("dev"));
    let names: Vec<_> = config.profiles.keys().map(String::as_str).collect();
    assert_eq!(names, ["dev", "größe 1"]);
    let profile = &config.profiles["größe 1"];
    assert_eq!(profile.server, "https://db");
    let shown = format!("{:?}", profile.credentials);
    let directory = config.file.as_deref().and_then(Path::parent).unwrap();
    let own = directory.join("own/me.pem");
    for path in [
        "\"/etc/ca.pem\"",
        "\"/home/me/me.key\"",
        &format!("{own:?}"),
    ] {
        assert!(shown.contains(path), "{path} in {shown}");
    }
    let place = &profile.place;
    assert_eq!(place.url.as_deref(), Some("https://ch:8443"));
    assert_eq!(place.user.as_deref(), Some("me"));
    assert_eq!(
        place.password_file.as_deref(),
        Some(Path::new("/home/me/password"))
    );
}

#[test]
fn the_profile_that_counts_is_the_one_that_is_named() {
    let choose = |name| {
        let chosen = load(GOOD).unwrap().choose(name).unwrap();
        chosen.map(|(name, _)| name)
    };
    assert_eq!(choose(None).as_deref(), Some("dev"));
    assert_eq!(choose(Some("größe 1")).as_deref(), Some("größe 1"));
    assert_eq!(choose(Some("")), None);
    let error = load(GOOD)
        .unwrap()
        .choose(Some("prod"))
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("there is no profile prod in "), "{error}");
    assert!(error.ends_with("which has dev, größe 1"), "{error}");
}

#[test]
fn a_usual_file_may_be_missing_and_a_named_one_not() {
    let file = Some("/does/not/exist.toml".into());
    let usual = Wanted {
        usual: file.clone(),
        ..Wanted::default()
    };
    for wanted in [&usual, &Wanted::default()] {
        assert!(
            Config::load(wanted)
                .unwrap()
                .choose(None)
                .unwrap()
                .is_none()
        );
        let config = Config::load(wanted).unwrap();
        let error = config.choose(Some("prod")).unwrap_err().to_string();
        assert!(error.starts_with("there is no profile prod: "), "{error}");
    }
    let named = Wanted {
        file,
        ..Wanted::default()
    };
    let error = Config::load(&named).unwrap_err().to_string();
    assert!(error.starts_with("cannot read the configuration /does/not/exist.toml: "));
}

#[test]
fn every_fault_is_named_with_its_line() {
    check(
        "[profile.a]\nsever = \"x\"\n[profiles]\n",
        "line 1: profile.a has no server; line 2: unknown key profile.a.sever: there are server, \
         ca, cert, key, token-file, connection, clickhouse-url, clickhouse-database, \
         clickhouse-user, clickhouse-password-file, clickhouse-token-file; line 3: unknown key \
         profiles: there are default-profile and [profile.NAME]",
    );
    check(
        "[profile.a]\nserver = 5\nca = \"\"\n[profile]\nb = 1\nc = {}\n\"\" = {}",
        "line 2: profile.a.server must be a text in quotes; line 3: profile.a.ca is empty: leave \
         it out; line 5: profile.b is no table: write [profile.b]; line 6: profile.c has no \
         server; line 7: a profile needs a name",
    );
    check("profile = 1", "line 1: write [profile.NAME]");
    check(
        "default-profile = \"b\"\nprofile.a.server = \"x\"",
        "line 1: default-profile is b, of the profiles a",
    );
    check(
        "\ndefault-profile = \"b\"",
        "line 2: default-profile is b, of the profiles none",
    );
    check(
        "[profile.a]\nserver = \"ftp://x\"",
        "line 2: profile.a.server: the address ftp://x begins with ftp://, not with http:// or \
         https://",
    );
}

#[test]
fn what_is_no_toml_is_refused_with_its_line() {
    for text in [
        "[profile.a]\nserver = x",
        "[profile.a]\nserver = \"x\"\nserver = \"y\"",
        "a\n= 1",
    ] {
        let fault = load(text).unwrap_err();
        assert!(fault.contains("cannot be used: line "), "{fault}");
    }
}

#[test]
fn a_profile_says_one_thing() {
    let check = |lines: &str, fault: &str| {
        check(
            &format!("[profile.a]\nserver = \"https://x\"\n{lines}"),
            &format!("line 1: {fault}"),
        );
    };
    check("cert = \"c\"", "profile.a has cert, which needs key");
    check("key = \"c\"", "profile.a has key, which needs cert");
    check(
        "clickhouse-user = \"c\"",
        "profile.a has clickhouse-user, which needs clickhouse-url",
    );
    check(
        "clickhouse-url = \"http://c\"\nconnection = \"c\"",
        "profile.a has connection and clickhouse-url: leave one of them out",
    );
    check(
        "clickhouse-url = \"http://c\"\nclickhouse-user = \"c\"\nclickhouse-token-file = \"c\"",
        "profile.a has clickhouse-token-file and clickhouse-user: leave one of them out",
    );
}

#[test]
fn no_secret_stands_in_the_file_or_in_a_message() {
    for (key, file) in [
        ("token", "token-file"),
        ("password", "clickhouse-password-file"),
        ("clickhouse-password", "clickhouse-password-file"),
        ("clickhouse-token", "clickhouse-token-file"),
    ] {
        check(
            &format!("[profile.a]\nserver = \"x\"\n{key} = \"hunter2\""),
            &format!(
                "line 3: profile.a.{key}: a secret has no place here: write it to a file, and \
                 {file} = \"FILE\""
            ),
        );
    }
    for text in [
        "server = \"https://me:hunter2@x\"",
        "server = \"x\"\nclickhouse-url = \"http://hunter2@c/\"",
        "server = \"x\"\ntoken-file = hunter2",
        "server = \"x\"\ntoken-file = \"hunter2",
        "server = \"x\"\ntoken = \"\"\"hunter2\n",
    ] {
        let fault = load(&format!("[profile.a]\n{text}")).unwrap_err();
        assert!(!fault.contains("hunter2"), "{fault}");
    }
}

#[test]
fn a_file_that_everybody_can_change_or_that_never_ends_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config.toml");
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o646)).unwrap();
    for (file, part) in [
        (file.as_path(), "chmod o-w"),
        (Path::new("/dev/zero"), "1048576 bytes"),
    ] {
        let wanted = Wanted {
            file: Some(file.to_owned()),
            ..Wanted::default()
        };
        let error = Config::load(&wanted).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_home_that_nobody_knows_is_a_fault() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config.toml");
    fs::write(
        &file,
        "profile.a = {server = \"https://x\", ca = \"~/ca.pem\"}",
    )
    .unwrap();
    let wanted = Wanted {
        file: Some(file),
        ..Wanted::default()
    };
    let error = Config::load(&wanted).unwrap_err().to_string();
    assert!(error.contains("set HOME"), "{error}");
}
