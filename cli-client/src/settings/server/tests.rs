//! Which of flags and profile counts.

use std::fs;

use super::{DEFAULT, Given, is_same, resolve};
use crate::{config::Wanted, connect::Server, credentials::Credentials, place::Place};

const FILE: &str = r#"
[profile.prod]
server = "https://db.example.com:50051"
token-file = "prod.token"
cert = "prod.pem"
key = "prod.key"
connection = "warehouse"
[profile.own]
server = "https://db.example.com:50051"
ca = "ca.pem"
clickhouse-url = "https://ch:8443"
clickhouse-database = "sales"
clickhouse-user = "me"
clickhouse-password-file = "password"
"#;

/// Resolves what is given with a profile of [`FILE`]; the server, its headers as text, and the note.
fn with(profile: &str, given: Given) -> (Server, String, Option<String>) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config.toml");
    fs::write(&file, FILE).unwrap();
    let password = directory.path().join("password");
    fs::write(&password, "hunter2\n").unwrap();
    fs::set_permissions(
        &password,
        std::os::unix::fs::PermissionsExt::from_mode(0o600),
    )
    .unwrap();
    let wanted = Wanted {
        profile: Some(profile.to_owned()).filter(|name| !name.is_empty()),
        file: Some(file),
        ..Wanted::default()
    };
    let (server, note) = resolve(given, &wanted).unwrap();
    let headers = server.place.iter();
    let headers = headers.map(|(name, value)| format!("{name}={}\n", value.to_str().unwrap()));
    let headers = headers.collect();
    (server, headers, note)
}

fn shown(credentials: &Credentials) -> String {
    format!("{credentials:?}")
}

fn at(server: &str) -> Given {
    Given {
        server: Some(server.to_owned()),
        ..Given::default()
    }
}

#[test]
fn a_profile_fills_in_what_is_not_given() {
    let (server, headers, note) = with("prod", Given::default());
    assert_eq!(server.url, "https://db.example.com:50051");
    assert_eq!(headers, "sluice-connection=warehouse\n");
    let credentials = shown(&server.credentials);
    assert!(credentials.contains("prod.token") && credentials.contains("prod.key"));
    assert!(note.is_none());
    let (server, headers, _) = with("", Given::default());
    assert_eq!((server.url.as_str(), headers.as_str()), (DEFAULT, ""));
}

#[test]
fn another_server_gets_nothing_of_a_profile() {
    for url in [
        "https://evil.example.com:50051",
        "http://db.example.com:50051",
        "https://db.example.com",
        "https://db.example.com:50051/other",
        "db.example.com:50051",
        "https://127.0.0.1:50051",
    ] {
        for profile in ["prod", "own"] {
            let (server, headers, note) = with(profile, at(url));
            assert_eq!(
                shown(&server.credentials),
                shown(&Credentials::default()),
                "{url}"
            );
            assert_eq!(headers, "", "{url}");
            assert!(note.unwrap().contains("nothing of it is used"), "{url}");
        }
    }
    for url in [
        "https://DB.example.com:50051",
        "https://db.example.com:50051/",
    ] {
        let (server, headers, note) = with("prod", at(url));
        assert!(shown(&server.credentials).contains("prod.token"), "{url}");
        assert_eq!(
            (headers.as_str(), note),
            ("sluice-connection=warehouse\n", None)
        );
    }
}

#[test]
fn a_token_or_a_certificate_replaces_its_own_kind_only() {
    let given = |credentials| Given {
        credentials,
        ..Given::default()
    };
    for own in [
        Credentials::new(Some("secret".into()), None, None, (None, None)),
        Credentials::new(None, Some("my.token".into()), None, (None, None)),
    ] {
        let (server, ..) = with("prod", given(own));
        let credentials = shown(&server.credentials);
        assert!(!credentials.contains("prod.token"), "{credentials}");
        assert!(credentials.contains("prod.pem") && credentials.contains("prod.key"));
    }
    let half = Credentials::new(None, None, None, (Some("my.pem".into()), None));
    let (server, ..) = with("prod", given(half));
    let credentials = shown(&server.credentials);
    assert!(credentials.contains("prod.token") && credentials.contains("my.pem"));
    assert!(!credentials.contains("prod.key"), "{credentials}");
}

#[test]
fn a_clickhouse_that_is_given_replaces_the_whole_of_the_profile_s() {
    let headers = |profile, place| {
        let given = Given {
            place,
            ..Given::default()
        };
        with(profile, given).1
    };
    let url = Place {
        url: Some("http://c".to_owned()),
        ..Place::default()
    };
    for profile in ["prod", "own"] {
        let expected = "sluice-clickhouse-url=http%3A%2F%2Fc\n";
        assert_eq!(headers(profile, url.clone()), expected);
    }
    let connection = Place {
        connection: Some("x".to_owned()),
        ..Place::default()
    };
    for profile in ["prod", "own"] {
        assert_eq!(
            headers(profile, connection.clone()),
            "sluice-connection=x\n"
        );
    }
    let all = headers("own", Place::default());
    assert!(
        all.contains("-user=me\n") && all.contains("-password=hunter2\n"),
        "{all}"
    );
    let database = Place {
        database: Some("d".to_owned()),
        ..Place::default()
    };
    let expected = all.replace("-database=sales", "-database=d");
    assert_eq!(headers("own", database), expected);
}

#[test]
fn a_password_stays_with_its_user() {
    let profile = || Place {
        url: Some("http://c".to_owned()),
        user: Some("me".to_owned()),
        password_file: Some("password".into()),
        ..Place::default()
    };
    let user = Place {
        user: Some("you".to_owned()),
        ..Place::default()
    };
    let place = user.or(profile());
    assert_eq!(
        (place.user.as_deref(), place.password_file),
        (Some("you"), None)
    );
    let token = Place {
        token_file: Some("token".into()),
        ..Place::default()
    };
    let place = token.or(profile());
    assert_eq!((place.user, place.password_file), (None, None));
    let password = Place {
        password_file: Some("other".into()),
        ..Place::default()
    };
    let place = password.or(profile());
    assert_eq!(place.user.as_deref(), Some("me"));
    assert_eq!(place.password_file, Some("other".into()));
}

#[test]
fn ports_that_are_not_written_count() {
    assert!(is_same("https://x", "https://x:443/"));
    assert!(is_same("http://x:80", "http://X"));
    assert!(!is_same("http://x:443", "https://x"));
    assert!(is_same("http://a b", "http://a b") && !is_same("http://a b", "http://a c"));
}
