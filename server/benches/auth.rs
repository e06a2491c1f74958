//! What it costs to know who calls and what it may do, for each call.
//!
//! `cargo bench --bench auth` verifies tokens that were seen before (`cached`) and that were not, and
//! takes a whole call through token, rate limit and policy. It must never touch the network.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::{
    hint::black_box,
    num::{NonZeroU32, NonZeroUsize},
    path::Path,
    time::Duration,
};

use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::FutureExt as _;
use http::{HeaderMap, header::AUTHORIZATION};
use jsonwebtoken::Algorithm;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256, SignatureAlgorithm};
use secrecy::ExposeSecret as _;
use sluice_server::auth::{
    Action, AuthConfig, Authenticator, CertificateGrants, KeySource, Policy, Scope, TableName,
    Target, Verifier,
    limit::{Caller, Limiter, RateLimit},
    mint::{MintRequest, SigningKey, mint},
};
use tokio::runtime::Runtime;

/// A token as an issuer would make it.
fn token(key: &SigningKey, subject: &str) -> String {
    let request = MintRequest {
        subject: subject.to_owned(),
        scopes: [Scope::Upload, Scope::CatalogRead].into_iter().collect(),
        connections: None,
        tables: Some(vec![
            "sales.*".parse().unwrap(),
            "hr.public_*".parse().unwrap(),
        ]),
        clickhouse_role: Some("loader".to_owned()),
        clickhouse_user: None,
        ttl: Duration::from_secs(3600),
        issuer: Some("https://id.example.com/realms/main".to_owned()),
        audiences: vec!["sluice".to_owned()],
        key_id: Some("2026-11".to_owned()),
    };
    mint(key, &request).unwrap().expose_secret().to_owned()
}

fn verifier(runtime: &Runtime, source: &KeySource, cached_tokens: usize) -> Verifier {
    let mut config = AuthConfig::new(vec![source.clone()]);
    config.issuers = vec!["https://id.example.com/realms/main".to_owned()];
    config.audiences = vec!["sluice".to_owned()];
    config.cached_tokens = cached_tokens;
    runtime.block_on(Verifier::new(config)).unwrap()
}

/// A verifier's key and the one that signs for it.
fn pair(
    directory: &Path,
    name: &str,
    kind: Option<&'static SignatureAlgorithm>,
) -> (KeySource, SigningKey) {
    let (private, public) = (directory.join("key"), directory.join(name));
    let source = if let Some(kind) = kind {
        let pair = KeyPair::generate_for(kind).unwrap();
        std::fs::write(&private, pair.serialize_pem()).unwrap();
        std::fs::write(&public, pair.public_key_pem()).unwrap();
        KeySource::Pem {
            file: public,
            algorithm: None,
        }
    } else {
        std::fs::write(&private, [b'k'; 32]).unwrap();
        std::fs::write(&public, [b'k'; 32]).unwrap();
        KeySource::Secret {
            file: public,
            algorithm: Algorithm::HS256,
        }
    };
    (source, SigningKey::read(&private, None).unwrap())
}

fn verify(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut group = criterion.benchmark_group("verify");
    let kinds = [
        ("HS256", None),
        ("RS256", Some(&PKCS_RSA_SHA256)),
        ("ES256", Some(&PKCS_ECDSA_P256_SHA256)),
        ("EdDSA", Some(&PKCS_ED25519)),
    ];
    for (name, kind) in kinds {
        let (source, key) = pair(directory.path(), name, kind);
        let tokens = ["alice", "bob"].map(|subject| token(&key, subject));
        let cached = verifier(&runtime, &source, 1000);
        runtime.block_on(cached.verify(&tokens[0])).unwrap();
        group.bench_function(format!("{name}, cached"), |bencher| {
            bencher.iter(|| {
                cached
                    .verify(black_box(&tokens[0]))
                    .now_or_never()
                    .unwrap()
                    .unwrap()
            });
        });
        // Room for one token: each of the two drives out the other.
        let forgetful = verifier(&runtime, &source, 1);
        let mut turn = tokens.iter().cycle();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let token = turn.next().unwrap();
                forgetful
                    .verify(black_box(token))
                    .now_or_never()
                    .unwrap()
                    .unwrap()
            });
        });
    }
    group.finish();
}

fn call(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let (source, key) = pair(directory.path(), "ES256", Some(&PKCS_ECDSA_P256_SHA256));
    let verifier = verifier(&runtime, &source, 1000);
    let authenticator = Authenticator::tokens(verifier, CertificateGrants::default());
    let policy = Policy::new("sluice".to_owned());
    let limiter = Limiter::new(RateLimit {
        per_second: NonZeroU32::MAX,
        burst: NonZeroU32::MAX,
        max_callers: NonZeroUsize::new(1000).unwrap(),
    });
    let mut headers = HeaderMap::new();
    let value = format!("Bearer {}", token(&key, "alice"));
    headers.insert(AUTHORIZATION, value.parse().unwrap());
    let target = Target::Table(TableName {
        database: "hr",
        table: "public_holidays",
    });
    criterion.bench_function("a whole call, cached", |bencher| {
        bencher.iter(|| {
            let known = authenticator.authenticate(black_box(&headers), None);
            let principal = known.now_or_never().unwrap().unwrap();
            limiter.check(Caller::subject(&principal.subject)).unwrap();
            policy
                .decide(&principal, Action::Upload, black_box(target))
                .unwrap();
        });
    });
}

criterion_group!(benches, verify, call);
criterion_main!(benches);
