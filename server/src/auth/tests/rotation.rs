//! Key sets from files and addresses: unknown keys, rotated keys, issuers that are away.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    http::{StatusCode, header::LOCATION},
    response::IntoResponse as _,
    routing::get,
};
use futures_util::StreamExt as _;
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::net::TcpListener;

use super::kit::{self, Keys, claims, secret_file, verifier};
use crate::{
    auth::{AuthConfig, Error, JwksLocation, KeyError, KeySource, Verifier},
    task,
    tls::{AcceptConfig, Incoming, ServerTls, TlsConfig},
};

fn set(keys: &[Value]) -> String {
    json!({"keys": keys}).to_string()
}

fn file_config(path: &Path) -> AuthConfig {
    let location = JwksLocation::File(path.to_owned());
    let mut config = kit::config(vec![KeySource::Jwks(location)]);
    config.refetch_interval = Duration::ZERO;
    config
}

fn token(keys: &Keys, id: &str) -> String {
    keys.sign("p256", Algorithm::ES256, Some(id), &claims(&json!({})))
}

#[tokio::test]
async fn each_kind_of_key_in_a_set_works() {
    let keys = Keys::new();
    let names = ["rsa", "p256", "p384", "ed"];
    let set = set(&names.map(|name| keys.jwk(name, name)));
    let file = secret_file(set.as_bytes());
    let verifier = verifier(file_config(file.path())).await;
    let algorithms = [
        Algorithm::RS256,
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::EdDSA,
    ];
    for (name, algorithm) in names.into_iter().zip(algorithms) {
        for id in [Some(name), None] {
            let token = keys.sign(name, algorithm, id, &claims(&json!({})));
            verifier.verify(&token).await.unwrap();
        }
    }
    let crossed = keys.sign("p256", Algorithm::ES256, Some("ed"), &claims(&json!({})));
    let error = verifier.verify(&crossed).await.unwrap_err();
    assert_eq!(error, Error::Algorithm("ES256".to_owned()));
}

#[tokio::test]
async fn keys_for_something_else_are_left_out() {
    let keys = Keys::new();
    let with = |name: &str, value: Value| {
        let mut key = keys.jwk("p256", "used");
        key[name] = value;
        key
    };
    let unused = [
        with("use", json!("enc")),
        with("key_ops", json!(["sign"])),
        with("alg", json!("ES384")),
        with("alg", json!("RSA-OAEP")),
        json!({"kty": "oct", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY", "kid": "used"}),
        json!({"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"}),
        json!({"kty": "new"}),
        json!(7),
    ];
    for key in unused {
        let file = secret_file(set(std::slice::from_ref(&key)).as_bytes());
        let error = Verifier::new(file_config(file.path())).await.unwrap_err();
        assert!(matches!(error, KeyError::NotJwks { .. }), "{key}");
        let file = secret_file(set(&[key, keys.jwk("rsa", "good")]).as_bytes());
        let verifier = verifier(file_config(file.path())).await;
        let error = verifier.verify(&token(&keys, "used")).await.unwrap_err();
        assert_eq!(error, Error::UnknownKey("used".to_owned()));
    }
    for text in ["", "{}", "[]", "{\"keys\":7}", "{\"keys\":[]}"] {
        let file = secret_file(text.as_bytes());
        let error = Verifier::new(file_config(file.path())).await.unwrap_err();
        assert!(matches!(error, KeyError::NotJwks { .. }), "{text}");
    }
    let many = vec![keys.jwk("p256", "x"); 101];
    let file = secret_file(set(&many).as_bytes());
    let error = Verifier::new(file_config(file.path())).await.unwrap_err();
    assert!(error.to_string().contains("the limit is 100"));
}

#[tokio::test]
async fn a_key_id_that_tries_to_be_a_path_is_only_unknown() {
    let keys = Keys::new();
    let file = secret_file(set(&[keys.jwk("p256", "a")]).as_bytes());
    let verifier = verifier(file_config(file.path())).await;
    for id in [
        "../../dev/null",
        "' OR 1=1 --",
        "",
        "A",
        "\u{0}",
        &"x".repeat(1000),
    ] {
        let error = verifier.verify(&token(&keys, id)).await.unwrap_err();
        let Error::UnknownKey(named) = &error else {
            panic!("{error}")
        };
        assert!(named.len() <= 64);
        assert!(!error.to_string().contains('\u{0}'));
    }
}

#[tokio::test]
async fn a_rotated_key_is_found_and_the_old_one_is_trusted_no_more() {
    let (old, new) = (Keys::new(), Keys::new());
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), set(&[old.jwk("p256", "old")])).unwrap();
    let verifier = verifier(file_config(file.path())).await;
    let by_old = token(&old, "old");
    let by_new = token(&new, "new");
    verifier.verify(&by_old).await.unwrap();
    let error = verifier.verify(&by_new).await.unwrap_err();
    assert_eq!(error, Error::UnknownKey("new".to_owned()));
    let both = set(&[old.jwk("p256", "old"), new.jwk("p256", "new")]);
    std::fs::write(file.path(), both).unwrap();
    verifier.verify(&by_new).await.unwrap();
    verifier.verify(&by_old).await.unwrap();
    std::fs::write(file.path(), set(&[new.jwk("p256", "new")])).unwrap();
    verifier.verify(&token(&old, "other")).await.unwrap_err();
    // It was verified before, and remembered: the key that vouched for it is gone.
    let error = verifier.verify(&by_old).await.unwrap_err();
    assert_eq!(error, Error::UnknownKey("old".to_owned()));
    verifier.verify(&by_new).await.unwrap();
}

#[tokio::test]
async fn a_key_reused_under_its_old_id_is_verified_again() {
    let (old, new) = (Keys::new(), Keys::new());
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), set(&[old.jwk("p256", "same")])).unwrap();
    let mut config = file_config(file.path());
    config.refresh_interval = Duration::from_millis(20);
    let verifier = verifier(config).await;
    let by_old = token(&old, "same");
    verifier.verify(&by_old).await.unwrap();
    std::fs::write(file.path(), set(&[new.jwk("p256", "same")])).unwrap();
    let by_new = token(&new, "same");
    until(async || verifier.verify(&by_new).await.is_ok()).await;
    assert_eq!(
        verifier.verify(&by_old).await.unwrap_err(),
        Error::Signature
    );
}

#[tokio::test]
async fn a_key_set_that_breaks_keeps_its_keys_until_they_are_too_old() {
    let keys = Keys::new();
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), set(&[keys.jwk("p256", "a")])).unwrap();
    let mut config = file_config(file.path());
    config.max_stale = Duration::from_millis(300);
    let verifier = verifier(config).await;
    let right = token(&keys, "a");
    let unknown = token(&keys, "b");
    std::fs::write(file.path(), "broken").unwrap();
    verifier.verify(&unknown).await.unwrap_err();
    verifier.verify(&right).await.unwrap();
    let is_away = async || verifier.verify(&unknown).await.unwrap_err() == Error::KeysUnavailable;
    until(is_away).await;
    assert_eq!(
        verifier.verify(&right).await.unwrap_err(),
        Error::KeysUnavailable
    );
}

/// Asks again until it is so, for at most ten seconds.
async fn until(is_so: impl AsyncFn() -> bool) {
    let asking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), asking)
        .await
        .unwrap();
}

/// An issuer that counts how often its keys are fetched.
struct Issuer {
    url: String,
    fetches: Arc<AtomicUsize>,
}

async fn issuer(status: StatusCode, body: String) -> Issuer {
    let fetches = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&fetches);
    let answer = move || {
        counter.fetch_add(1, Ordering::Relaxed);
        let body = body.clone();
        async move { (status, [(LOCATION, "http://127.0.0.1:1/keys")], body).into_response() }
    };
    let router = Router::new().route("/keys", get(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    drop(task::spawn_background("issuer", async move {
        axum_serve(listener, router).await;
    }));
    Issuer { url, fetches }
}

/// Serves HTTP/1 until the test ends.
async fn axum_serve(listener: TcpListener, router: Router) {
    serve(Incoming::new(listener, AcceptConfig::default()), router).await;
}

async fn serve(mut incoming: Incoming, router: Router) {
    while let Some(Ok(connection)) = incoming.next().await {
        let service = TowerToHyperService::new(router.clone());
        drop(task::spawn_background("connection", async move {
            let http = http1::Builder::new();
            drop(
                http.serve_connection(TokioIo::new(connection), service)
                    .await,
            );
        }));
    }
}

fn url_config(url: &str) -> AuthConfig {
    kit::config(vec![KeySource::Jwks(JwksLocation::Url {
        url: url.to_owned(),
        ca: None,
    })])
}

#[tokio::test]
async fn forged_key_ids_do_not_become_load_on_the_issuer() {
    let keys = Keys::new();
    let issuer = issuer(StatusCode::OK, set(&[keys.jwk("p256", "a")])).await;
    let mut config = url_config(&issuer.url);
    config.refetch_interval = Duration::from_secs(3600);
    let verifier = verifier(config).await;
    verifier.verify(&token(&keys, "a")).await.unwrap();
    for number in 0..50 {
        let token = token(&keys, &number.to_string());
        verifier.verify(&token).await.unwrap_err();
    }
    assert_eq!(issuer.fetches.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn many_callers_with_a_new_key_fetch_it_once() {
    let keys = Keys::new();
    let issuer = issuer(StatusCode::OK, set(&[keys.jwk("p256", "a")])).await;
    let mut config = url_config(&issuer.url);
    config.refetch_interval = Duration::from_millis(1);
    let verifier = verifier(config).await;
    tokio::time::sleep(Duration::from_millis(2)).await;
    let unknown = token(&keys, "b");
    let before = issuer.fetches.load(Ordering::Relaxed);
    verifier.verify(&unknown).await.unwrap_err();
    assert_eq!(issuer.fetches.load(Ordering::Relaxed), before + 1);
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_rightly_makes_the_service_unavailable() {
    let keys = Keys::new();
    let right = set(&[keys.jwk("p256", "a")]);
    let answers = [
        (StatusCode::INTERNAL_SERVER_ERROR, right.clone()),
        (StatusCode::NOT_FOUND, right.clone()),
        (StatusCode::FOUND, right.clone()),
        (StatusCode::OK, format!("{}{right}", " ".repeat(1 << 20))),
    ];
    for (status, body) in answers {
        let issuer = issuer(status, body).await;
        let verifier = verifier(url_config(&issuer.url)).await;
        for id in [Some("a"), None] {
            let token = keys.sign("p256", Algorithm::ES256, id, &claims(&json!({})));
            assert_eq!(
                verifier.verify(&token).await.unwrap_err(),
                Error::KeysUnavailable
            );
        }
        assert_eq!(issuer.fetches.load(Ordering::Relaxed), 1, "{status}");
    }
}

#[tokio::test]
async fn an_issuer_that_comes_back_is_trusted_again() {
    let keys = Keys::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut config = url_config(&format!("http://{address}/keys"));
    config.refetch_interval = Duration::ZERO;
    let verifier = verifier(config).await;
    let token = token(&keys, "a");
    assert_eq!(
        verifier.verify(&token).await.unwrap_err(),
        Error::KeysUnavailable
    );
    let body = set(&[keys.jwk("p256", "a")]);
    let router = Router::new().route("/keys", get(move || async move { body.clone() }));
    let listener = TcpListener::bind(address).await.unwrap();
    drop(task::spawn_background(
        "issuer",
        axum_serve(listener, router),
    ));
    verifier.verify(&token).await.unwrap();
}

#[tokio::test]
async fn keys_of_an_address_need_an_issuer_and_an_audience() {
    let url = "https://id.example/keys";
    let mut config = url_config(url);
    config.audiences.clear();
    let error = Verifier::new(config).await.unwrap_err();
    assert!(matches!(error, KeyError::OpenIssuer(_)));
    let mut config = url_config(url);
    config.issuers.clear();
    let error = Verifier::new(config).await.unwrap_err();
    assert!(matches!(error, KeyError::OpenIssuer(_)));
    let error = Verifier::new(url_config("http://id.example/keys"))
        .await
        .unwrap_err();
    assert!(matches!(error, KeyError::Insecure(_)));
}

#[tokio::test]
async fn keys_are_fetched_over_tls_from_those_who_can_prove_their_name_only() {
    let keys = Keys::new();
    let directory = tempfile::tempdir().unwrap();
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (directory.path().join("cert"), directory.path().join("key"));
    std::fs::write(&certificate, own.cert.pem()).unwrap();
    crate::secret_file::write(&key, own.signing_key.serialize_pem());
    let tls = ServerTls::load(TlsConfig {
        certificate: certificate.clone(),
        key,
        client_ca: None,
        reload_interval: TlsConfig::RELOAD_INTERVAL,
    });
    let accept = AcceptConfig {
        tls: Some(tls.unwrap()),
        ..AcceptConfig::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let body = set(&[keys.jwk("p256", "a")]);
    let router = Router::new().route("/keys", get(move || async move { body.clone() }));
    drop(task::spawn_background(
        "issuer",
        serve(Incoming::new(listener, accept), router),
    ));
    let token = token(&keys, "a");
    for (host, ca, expected) in [
        ("localhost", Some(certificate.clone()), true),
        ("localhost", None, false),
        ("127.0.0.1", Some(certificate), false),
    ] {
        let url = format!("https://{host}:{port}/keys");
        let source = KeySource::Jwks(JwksLocation::Url { url, ca });
        let outcome = verifier(kit::config(vec![source]))
            .await
            .verify(&token)
            .await;
        assert_eq!(outcome.is_ok(), expected, "{host} {outcome:?}");
    }
}
