//! Tokens that are forged, stale, meant for others, or none.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{KeyPair, PKCS_ED25519};
use serde_json::{Value, json};
use sluice_proto::v1 as pb;
use sluice_server::auth::{AuthConfig, JwksLocation, KeySource};
use tonic::Code;

use super::kit::{ALL, Bearer, SECRET, Site, bearer, refused};
use crate::support::reason;

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs()
}

fn claims() -> Value {
    json!({"sub": "eve", "scope": ALL, "exp": now() + 600, "iat": now()})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn signed_with(header: &Header, claims: &Value, secret: &[u8]) -> String {
    jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(secret)).unwrap()
}

fn signed(claims: &Value) -> String {
    signed_with(&Header::new(Algorithm::HS256), claims, SECRET)
}

/// A token whose parts are written by hand.
fn raw(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signature = URL_SAFE_NO_PAD.encode(signature);
    format!("{}.{}.{signature}", part(header), part(claims))
}

/// A good token's header and signature around other claims.
fn changed() -> String {
    let good = signed(&claims());
    let other = URL_SAFE_NO_PAD.encode(with("sub", json!("admin")).to_string());
    let mut parts = good.split('.');
    let (header, _, signature) = (parts.next().unwrap(), parts.next(), parts.next().unwrap());
    format!("{header}.{other}.{signature}")
}

fn stripped() -> String {
    let good = signed(&claims());
    format!("{}.", good.rsplit_once('.').unwrap().0)
}

fn header(change: impl FnOnce(&mut Header)) -> Header {
    let mut header = Header::new(Algorithm::HS256);
    change(&mut header);
    header
}

async fn call(site: &Site, bearer: Bearer) -> Result<(), tonic::Status> {
    let channel = site.server.channel().await;
    let mut catalog =
        pb::catalog_service_client::CatalogServiceClient::with_interceptor(channel, bearer);
    let request = pb::ListDatabasesRequest {};
    catalog.list_databases(request).await.map(drop)
}

#[expect(clippy::too_many_lines, reason = "one table, a row for each token")]
#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_not_good_are_refused() {
    let site = Site::start().await;
    let hs512 = Header::new(Algorithm::HS512);
    let none = json!({"alg": "none", "typ": "JWT"});
    let jwk = json!({"alg": "HS256", "jwk": {"kty": "oct", "k": "AAAA"}, "crit": ["jwk"]});
    let rows: Vec<(&str, String, &str)> = vec![
        (
            "another secret",
            signed_with(&Header::default(), &claims(), b"guessed"),
            "TOKEN_INVALID",
        ),
        (
            "an empty secret",
            signed_with(&Header::default(), &claims(), b""),
            "TOKEN_INVALID",
        ),
        ("changed claims", changed(), "TOKEN_INVALID"),
        ("no signature", stripped(), "TOKEN_INVALID"),
        (
            "algorithm none",
            raw(&none, &claims(), b""),
            "TOKEN_INVALID",
        ),
        (
            "algorithm none, signed",
            raw(&none, &claims(), b"x"),
            "TOKEN_INVALID",
        ),
        (
            "algorithm nOnE",
            raw(&json!({"alg": "nOnE"}), &claims(), b""),
            "TOKEN_INVALID",
        ),
        (
            "another algorithm",
            signed_with(&hs512, &claims(), SECRET),
            "TOKEN_INVALID",
        ),
        (
            "algorithm RS256",
            raw(&json!({"alg": "RS256"}), &claims(), b"x"),
            "TOKEN_INVALID",
        ),
        (
            "a key of its own",
            raw(&jwk, &claims(), b"x"),
            "TOKEN_INVALID",
        ),
        (
            "another kind",
            signed_with(
                &header(|h| h.typ = Some("logout+jwt".into())),
                &claims(),
                SECRET,
            ),
            "TOKEN_INVALID",
        ),
        (
            "expired",
            signed(&with("exp", json!(now() - 61))),
            "TOKEN_EXPIRED",
        ),
        (
            "expired long ago",
            signed(&with("exp", json!(1))),
            "TOKEN_EXPIRED",
        ),
        ("no end", signed(&without("exp")), "TOKEN_INVALID"),
        (
            "an end that is no time",
            signed(&with("exp", json!("never"))),
            "TOKEN_INVALID",
        ),
        (
            "the future",
            signed(&with("nbf", json!(now() + 120))),
            "TOKEN_INVALID",
        ),
        (
            "made in the future",
            signed(&with("iat", json!(now() + 120))),
            "TOKEN_INVALID",
        ),
        (
            "an audience",
            signed(&with("aud", json!("another"))),
            "TOKEN_INVALID",
        ),
        ("nobody", signed(&without("sub")), "TOKEN_INVALID"),
        (
            "a name of a certificate",
            signed(&with("sub", json!("cert:admin"))),
            "TOKEN_INVALID",
        ),
        (
            "tables that are null",
            signed(&with("tables", Value::Null)),
            "TOKEN_INVALID",
        ),
        (
            "tables that are no list",
            signed(&with("tables", json!(1))),
            "TOKEN_INVALID",
        ),
        (
            "a token that is too long",
            signed(&with("x", json!("y".repeat(9000)))),
            "TOKEN_INVALID",
        ),
        ("no token at all", "AAAA".to_owned(), "TOKEN_INVALID"),
        (
            "four parts",
            format!("{}.x", signed(&claims())),
            "TOKEN_INVALID",
        ),
    ];
    for (what, token, why) in rows {
        let status = call(&site, bearer(&token)).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{what}: {status:?}");
        assert_eq!(reason(&status), why, "{what}");
        assert!(!status.message().contains(&token), "{what}");
    }
    call(&site, bearer(&signed(&claims()))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_without_a_bearer_token_are_refused() {
    let site = Site::start().await;
    refused(
        call(&site, Bearer(None)).await,
        Code::Unauthenticated,
        "TOKEN_MISSING",
    );
    for value in ["Basic YWRtaW46YWRtaW4=", "Bearer", "Bearer a b", "token"] {
        let bearer = Bearer(Some(value.parse().unwrap()));
        refused(
            call(&site, bearer).await,
            Code::Unauthenticated,
            "TOKEN_INVALID",
        );
    }
    let mut request = tonic::Request::new(pb::ListDatabasesRequest {});
    for _ in 0..2 {
        let value = format!("Bearer {}", signed(&claims()));
        request
            .metadata_mut()
            .append("authorization", value.parse().unwrap());
    }
    let outcome = site.server.catalog().await.list_databases(request).await;
    refused(outcome, Code::Unauthenticated, "TOKEN_INVALID");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_other_issuers_and_audiences_are_refused() {
    let site = Site::start_with(|config| {
        let tokens = config.access.tokens.as_mut().unwrap();
        tokens.issuers = vec!["https://id.example".to_owned()];
        tokens.audiences = vec!["sluice".to_owned()];
    })
    .await;
    let token = |issuer: &str, audience: &str| {
        let mut claims = with("iss", json!(issuer));
        claims["aud"] = json!(audience);
        bearer(&signed(&claims))
    };
    call(&site, token("https://id.example", "sluice"))
        .await
        .unwrap();
    for bad in [
        token("https://evil.example", "sluice"),
        token("https://id.example", "mail"),
        bearer(&signed(&claims())),
    ] {
        refused(
            call(&site, bad).await,
            Code::Unauthenticated,
            "TOKEN_INVALID",
        );
    }
}

/// A set with one key.
fn jwks(pair: &KeyPair, kid: &str) -> String {
    let x = URL_SAFE_NO_PAD.encode(pair.public_key_raw());
    let key = json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": kid, "x": x});
    json!({"keys": [key]}).to_string()
}

fn signed_by(pair: &KeyPair, kid: &str) -> Bearer {
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some(kid.to_owned());
    let key = EncodingKey::from_ed_pem(pair.serialize_pem().as_bytes()).unwrap();
    bearer(&jsonwebtoken::encode(&header, &claims(), &key).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_key_is_no_secret_and_a_withdrawn_key_is_no_key() {
    let key = || KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let (old, new, other) = (key(), key(), key());
    let directory = tempfile::tempdir().unwrap();
    let set = directory.path().join("jwks.json");
    std::fs::write(&set, jwks(&old, "1")).unwrap();
    let location = JwksLocation::File(set.clone());
    let site = Site::start_with(|config| {
        let mut tokens = AuthConfig::new(vec![KeySource::Jwks(location)]);
        tokens.refresh_interval = Duration::from_millis(50);
        tokens.refetch_interval = Duration::from_millis(10);
        config.access.tokens = Some(tokens);
    })
    .await;
    let refuses = async |token: Bearer| {
        refused(
            call(&site, token).await,
            Code::Unauthenticated,
            "TOKEN_INVALID",
        );
    };
    call(&site, signed_by(&old, "1")).await.unwrap();
    let named = header(|header| header.kid = Some("1".to_owned()));
    for secret in [old.public_key_pem().as_bytes(), old.public_key_raw()] {
        refuses(bearer(&signed_with(&named, &claims(), secret))).await;
    }
    refuses(signed_by(&other, "1")).await;
    refuses(signed_by(&other, "3")).await;
    refuses(signed_by(&old, "2")).await;
    std::fs::write(&set, jwks(&new, "2")).unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    call(&site, signed_by(&new, "2")).await.unwrap();
    refuses(signed_by(&old, "1")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_the_server_s_own_description_need_no_token() {
    let site = Site::start().await;
    let request = pb::GetServerInfoRequest {};
    let info = site
        .server
        .catalog()
        .await
        .get_server_info(request)
        .await
        .unwrap();
    assert!(info.into_inner().requires_token);
    let mut health =
        tonic_health::pb::health_client::HealthClient::new(site.server.channel().await);
    let request = tonic_health::pb::HealthCheckRequest::default();
    health.check(request).await.unwrap();
}
