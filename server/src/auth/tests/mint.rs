//! Tokens made here are taken here.

use std::time::Duration;

use jsonwebtoken::Algorithm;
use secrecy::ExposeSecret as _;

use super::kit::{Keys, SECRET, secret_config, secret_file, verifier};
use crate::auth::{
    ConnectionLimit, KeyError, Scope, Tables,
    mint::{MintRequest, SigningKey, mint},
};

fn request() -> MintRequest {
    MintRequest {
        subject: "nightly".to_owned(),
        scopes: [Scope::Upload, Scope::CatalogRead].into_iter().collect(),
        tables: Some(vec!["sales.*".parse().unwrap()]),
        connections: Some(vec!["dev_*".parse().unwrap()]),
        clickhouse_role: Some("loader".to_owned()),
        clickhouse_user: None,
        ttl: Duration::from_secs(60),
        issuer: Some("https://id.example".to_owned()),
        audiences: vec!["sluice".to_owned()],
        key_id: None,
    }
}

#[tokio::test]
async fn a_minted_token_says_what_was_asked_for() {
    let (file, config) = secret_config();
    let key = SigningKey::read(file.path(), None).unwrap();
    assert_eq!(key.algorithm(), Algorithm::HS256);
    let token = mint(&key, &request()).unwrap();
    let principal = verifier(config)
        .await
        .verify(token.expose_secret())
        .await
        .unwrap();
    assert_eq!(principal.subject, "https://id.example#nightly");
    assert_eq!(principal.scopes, request().scopes);
    assert_eq!(principal.tables, Tables::Only(request().tables.unwrap()));
    let connections = ConnectionLimit::Only(request().connections.unwrap());
    assert_eq!(principal.connections, connections);
    assert_eq!(principal.clickhouse_role.as_deref(), Some("loader"));
    assert!(!format!("{token:?} {key:?}").contains(token.expose_secret()));
}

#[tokio::test]
async fn every_kind_of_key_signs() {
    let keys = Keys::new();
    let cases = [
        ("rsa", None, Algorithm::RS256),
        ("p256", None, Algorithm::ES256),
        ("p384", None, Algorithm::ES384),
        ("ed", None, Algorithm::EdDSA),
    ];
    for (name, algorithm, expected) in cases {
        let key = SigningKey::read(&keys.private_file(name), algorithm).unwrap();
        assert_eq!(key.algorithm(), expected);
        let token = mint(&key, &request()).unwrap();
        let verifier = verifier(keys.config(&[name])).await;
        verifier.verify(token.expose_secret()).await.unwrap();
    }
    let key = SigningKey::read(&keys.private_file("rsa"), Some(Algorithm::PS512)).unwrap();
    mint(&key, &request()).unwrap();
}

#[test]
fn what_cannot_sign_is_refused() {
    let keys = Keys::new();
    let public = std::fs::read(keys.public_file("rsa")).unwrap();
    let error = SigningKey::read(secret_file(&public).path(), None).unwrap_err();
    assert!(matches!(error, KeyError::NotKey { .. }));
    let error = SigningKey::read(&keys.private_file("p256"), Some(Algorithm::HS256)).unwrap_err();
    assert!(matches!(error, KeyError::AlgorithmOfKey { .. }));
    let weak = secret_file(&SECRET[1..]);
    let error = SigningKey::read(weak.path(), None).unwrap_err();
    assert!(matches!(error, KeyError::Weak { .. }));
}

#[test]
fn a_request_that_makes_no_sense_is_refused() {
    let file = secret_file(SECRET);
    let key = SigningKey::read(file.path(), None).unwrap();
    let nobody = MintRequest {
        subject: String::new(),
        ..request()
    };
    let now = MintRequest {
        ttl: Duration::ZERO,
        ..request()
    };
    let for_ever = MintRequest {
        ttl: Duration::from_secs(1 << 40),
        ..request()
    };
    for request in [nobody, now, for_ever] {
        assert!(matches!(mint(&key, &request), Err(KeyError::Mint(_))));
    }
}
