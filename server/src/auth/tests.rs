//! Attacks on tokens and their keys: each is refused, for its own reason.

mod kit;
mod mint;
mod rotation;

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use jsonwebtoken::Algorithm;
use proptest::proptest;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use self::kit::{
    Keys, SECRET, claims, encode, part, rs256_with_text, secret_config, secret_file, verifier,
};
use super::{
    AuthConfig, Authenticator, CertificateGrants, ConnectionLimit, Error, Grant, KeySource,
    Principal, Scope, Scopes, Tables, Verifier, bearer,
};

fn signed(changes: &Value) -> String {
    encode(&json!({"alg": "HS256", "typ": "JWT"}), &claims(changes))
}

async fn refused(token: &str) -> Error {
    let (_file, config) = secret_config();
    verifier(config).await.verify(token).await.unwrap_err()
}

async fn accepted(token: &str) -> Principal {
    let (_file, config) = secret_config();
    (*verifier(config).await.verify(token).await.unwrap()).clone()
}

#[tokio::test]
async fn a_right_token_tells_who_calls_and_what_it_may_do() {
    let token = signed(&json!({
        "scope": "ingest:upload openid", "scopes": ["catalog:read"], "tables": ["sales.*", "a.b"],
        "clickhouse_role": "loader", "clickhouse_user": "alice_ch",
    }));
    let principal = accepted(&token).await;
    assert_eq!(principal.subject, "https://id.example#alice");
    assert_eq!(principal.scopes.to_string(), "ingest:upload catalog:read");
    assert!(principal.tables.allow("sales", "t") && !principal.tables.allow("hr", "t"));
    assert_eq!(principal.clickhouse_role.as_deref(), Some("loader"));
    assert_eq!(principal.clickhouse_user.as_deref(), Some("alice_ch"));
    assert!(principal.expires_at.is_some());
    assert_eq!(principal.token.as_ref().unwrap().expose_secret(), token);
    assert!(!format!("{principal:?}").contains(&token));
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    let token = signed(&json!({"exp": kit::now() - 100}));
    let Error::Expired { seconds } = refused(&token).await else {
        panic!("it must be expired")
    };
    assert!((100..110).contains(&seconds));
    accepted(&signed(&json!({"exp": kit::now() - 50}))).await;
}

#[tokio::test]
async fn a_token_of_the_future_is_refused() {
    for claim in ["nbf", "iat"] {
        let token = signed(&json!({claim: kit::now() + 100}));
        assert!(matches!(refused(&token).await, Error::NotYetValid { .. }));
        accepted(&signed(&json!({claim: kit::now() + 50}))).await;
    }
}

#[tokio::test]
async fn a_token_without_an_end_is_refused() {
    assert_eq!(
        refused(&signed(&json!({"exp": null}))).await,
        Error::Claim {
            name: "exp".to_owned(),
            problem: "is no time: it must be a number of seconds since 1970".to_owned()
        }
    );
    let mut lacking = claims(&json!({}));
    lacking.as_object_mut().unwrap().remove("exp");
    let token = encode(&json!({"alg": "HS256"}), &lacking);
    assert_eq!(refused(&token).await, Error::MissingClaim("exp".to_owned()));
}

#[tokio::test]
async fn times_that_are_none_are_refused() {
    for time in [
        json!("4102444800"),
        json!(-1),
        json!(1e30),
        json!([1]),
        json!({}),
    ] {
        for claim in ["exp", "nbf", "iat"] {
            let token = signed(&json!({claim: time}));
            let error = refused(&token).await;
            assert!(
                matches!(error, Error::Claim { .. } | Error::Malformed(_)),
                "{claim} {time} {error}"
            );
        }
    }
    accepted(&signed(&json!({"exp": kit::now() as f64 + 10.5}))).await;
}

#[tokio::test]
async fn a_token_that_lives_too_long_is_refused() {
    let (_file, mut config) = secret_config();
    config.max_lifetime = Some(Duration::from_secs(3600));
    let verifier = verifier(config).await;
    let token = signed(&json!({"exp": kit::now() + 4000}));
    let error = verifier.verify(&token).await.unwrap_err();
    assert!(matches!(error, Error::TooLongLived { limit: 3600, .. }));
    let token = signed(&json!({"exp": kit::now() + 3000}));
    verifier.verify(&token).await.unwrap();
}

#[tokio::test]
async fn a_token_of_another_issuer_or_audience_is_refused() {
    let cases = [
        (json!({"iss": "https://evil.example"}), Error::Issuer),
        (json!({"iss": null}), Error::MissingClaim("iss".to_owned())),
        (json!({"iss": 7}), Error::MissingClaim("iss".to_owned())),
        (json!({"aud": "billing"}), Error::Audience),
        (json!({"aud": ["billing", "hr"]}), Error::Audience),
        (json!({"aud": []}), Error::Audience),
        (json!({"aud": null}), Error::MissingClaim("aud".to_owned())),
    ];
    for (changes, expected) in cases {
        assert_eq!(refused(&signed(&changes)).await, expected, "{changes}");
    }
    accepted(&signed(&json!({"aud": ["hr", "sluice"]}))).await;
}

#[tokio::test]
async fn a_token_for_somebody_is_refused_where_no_audience_is_configured() {
    let (_file, mut config) = secret_config();
    config.audiences.clear();
    config.issuers.clear();
    let verifier = verifier(config).await;
    let error = verifier.verify(&signed(&json!({}))).await.unwrap_err();
    assert_eq!(error, Error::Audience);
    let mut lacking = claims(&json!({}));
    lacking.as_object_mut().unwrap().remove("aud");
    let token = encode(&json!({"alg": "HS256"}), &lacking);
    verifier.verify(&token).await.unwrap();
}

#[tokio::test]
async fn a_token_without_a_subject_is_refused() {
    for subject in [
        json!(null),
        json!(""),
        json!(7),
        json!("a\nb"),
        json!("x".repeat(300)),
        json!("cert:alice"),
    ] {
        let error = refused(&signed(&json!({"sub": subject}))).await;
        assert!(
            matches!(error, Error::MissingClaim(_) | Error::Claim { .. }),
            "{subject}: {error}"
        );
    }
}

#[tokio::test]
async fn none_is_no_algorithm() {
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let head = part(&json!({"alg": alg}));
        let body = part(&claims(&json!({})));
        for signature in ["", "AAAA"] {
            let error = refused(&format!("{head}.{body}.{signature}")).await;
            assert_eq!(error, Error::Algorithm(alg.to_owned()));
        }
    }
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let keys = Keys::new();
    let config = keys.config(&["rsa", "p256", "ed"]);
    let verifier = verifier(config).await;
    for name in ["rsa", "p256", "ed"] {
        let secret = keys.public_pem(name);
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            for secret in [secret.as_bytes(), secret.trim_end().as_bytes()] {
                let token = kit::hmac(algorithm, secret, &claims(&json!({})));
                let error = verifier.verify(&token).await.unwrap_err();
                assert_eq!(error, Error::Algorithm(format!("{algorithm:?}")), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn each_key_verifies_its_own_algorithm_only() {
    let keys = Keys::new();
    let config = keys.config(&["rsa", "p256", "p384", "ed"]);
    let verifier = verifier(config).await;
    let cases = [
        ("rsa", Algorithm::RS256, true),
        ("rsa", Algorithm::PS256, false),
        ("rsa", Algorithm::RS512, false),
        ("p256", Algorithm::ES256, true),
        ("p384", Algorithm::ES384, true),
        ("ed", Algorithm::EdDSA, true),
    ];
    for (name, algorithm, expected) in cases {
        let token = keys.sign(name, algorithm, None, &claims(&json!({})));
        let outcome = verifier.verify(&token).await;
        assert_eq!(
            outcome.is_ok(),
            expected,
            "{name} {algorithm:?} {outcome:?}"
        );
    }
}

#[tokio::test]
async fn an_rsa_key_can_be_pinned_to_another_algorithm() {
    let keys = Keys::new();
    for algorithm in [Algorithm::RS384, Algorithm::PS256, Algorithm::PS512] {
        let (_file, mut config) = secret_config();
        config.keys = vec![KeySource::Pem {
            file: keys.public_file("rsa"),
            algorithm: Some(algorithm),
        }];
        let verifier = verifier(config).await;
        let token = keys.sign("rsa", algorithm, None, &claims(&json!({})));
        verifier.verify(&token).await.unwrap();
        let token = keys.sign("rsa", Algorithm::RS256, None, &claims(&json!({})));
        assert_eq!(
            verifier.verify(&token).await.unwrap_err(),
            Error::Algorithm("RS256".to_owned())
        );
    }
}

#[tokio::test]
async fn a_forged_token_is_refused() {
    let forged = kit::hmac(Algorithm::HS256, &[b'x'; 32], &claims(&json!({})));
    assert_eq!(refused(&forged).await, Error::Signature);
    let keys = Keys::new();
    let config = keys.config(&["rsa", "p256", "ed"]);
    let verifier = verifier(config).await;
    let others = Keys::new();
    for (name, algorithm) in [
        ("rsa", Algorithm::RS256),
        ("p256", Algorithm::ES256),
        ("ed", Algorithm::EdDSA),
    ] {
        let token = others.sign(name, algorithm, None, &claims(&json!({})));
        assert_eq!(verifier.verify(&token).await.unwrap_err(), Error::Signature);
    }
}

#[tokio::test]
async fn a_changed_token_is_refused() {
    let token = signed(&json!({}));
    let [head, body, signature]: [&str; 3] =
        token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let admin = part(&claims(&json!({"sub": "root"})));
    assert_eq!(
        refused(&format!("{head}.{admin}.{signature}")).await,
        Error::Signature
    );
    assert_eq!(refused(&format!("{head}.{body}.")).await, Error::Signature);
    let cut = signature.get(..signature.len() - 4).unwrap();
    assert!(matches!(
        refused(&format!("{head}.{body}.{cut}")).await,
        Error::Signature | Error::Malformed(_)
    ));
    let other = part(&json!({"alg": "HS256", "typ": "JWT", "x": 1}));
    assert_eq!(
        refused(&format!("{other}.{body}.{signature}")).await,
        Error::Signature
    );
    let hs384 = part(&json!({"alg": "HS384"}));
    let error = refused(&format!("{hs384}.{body}.{signature}")).await;
    assert_eq!(error, Error::Algorithm("HS384".to_owned()));
}

#[tokio::test]
async fn a_verified_token_does_not_vouch_for_one_like_it() {
    let (_file, config) = secret_config();
    let verifier = verifier(config).await;
    let token = signed(&json!({}));
    for _ in 0..3 {
        verifier.verify(&token).await.unwrap();
    }
    let mut other = token.clone().into_bytes();
    let last = other.len() - 5;
    other[last] = if other[last] == b'A' { b'B' } else { b'A' };
    let other = String::from_utf8(other).unwrap();
    assert_eq!(verifier.verify(&other).await.unwrap_err(), Error::Signature);
    verifier.verify(&token).await.unwrap();
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let token = signed(&json!({}));
    let (head, rest) = token.split_once('.').unwrap();
    let cases = [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        format!("{token}.x"),
        format!("{head}=.{rest}"),
        format!(".{rest}"),
        rest.to_owned(),
        format!("{}.{rest}", part(&json!([1]))),
        format!("{}.{rest}", part(&json!({"alg": 7}))),
        format!("{}.{rest}", part(&json!({"kid": "x"}))),
        "ü.ü.ü".to_owned(),
    ];
    for case in cases {
        let error = refused(&case).await;
        assert!(matches!(error, Error::Malformed(_)), "{case:?}: {error}");
    }
}

#[tokio::test]
async fn claims_that_are_no_object_are_refused() {
    for text in ["[]", "7", "\"x\"", "{", "{\"exp\":1,\"exp\":99999999999}"] {
        let token = kit::hmac_text(Algorithm::HS256, SECRET, text);
        let error = refused(&token).await;
        assert!(
            matches!(error, Error::Malformed(_) | Error::MissingClaim(_)),
            "{text}: {error}"
        );
    }
}

#[tokio::test]
async fn a_header_that_asks_for_more_is_refused() {
    let headers = [
        json!({"alg": "HS256", "crit": ["exp"], "exp": 1}),
        json!({"alg": "HS256", "crit": ["b64"], "b64": false}),
        json!({"alg": "HS256", "crit": []}),
        json!({"alg": "HS256", "enc": "A128GCM"}),
        json!({"alg": "HS256", "typ": "logout+jwt"}),
        json!({"alg": "HS256", "typ": "dpop+jwt"}),
    ];
    for header in headers {
        let error = refused(&encode(&header, &claims(&json!({})))).await;
        assert!(matches!(error, Error::Malformed(_)), "{header}: {error}");
    }
    for typ in ["JWT", "jwt", "at+jwt", "application/at+jwt"] {
        accepted(&encode(
            &json!({"alg": "HS256", "typ": typ}),
            &claims(&json!({})),
        ))
        .await;
    }
}

#[tokio::test]
async fn a_token_does_not_bring_its_own_key() {
    let mine = Keys::new();
    let theirs = Keys::new();
    let config = mine.config(&["rsa"]);
    let verifier = verifier(config).await;
    for (name, value) in [
        ("jwk", theirs.jwk("rsa", "evil")),
        ("jku", json!("http://evil.example/keys")),
        ("x5u", json!("http://evil.example/chain")),
        ("x5c", json!(["AAAA"])),
    ] {
        let header = json!({"alg": "RS256", name: value});
        let token = rs256_with_text(&theirs, &header.to_string(), &claims(&json!({})));
        assert_eq!(
            verifier.verify(&token).await.unwrap_err(),
            Error::Signature,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_huge_token_is_refused_before_it_is_read() {
    let token = signed(&json!({"padding": "x".repeat(9000)}));
    let error = refused(&token).await;
    assert!(matches!(error, Error::TooLong { limit: 8192, .. }));
    let deep = format!("{}{}", "[".repeat(3000), "]".repeat(3000));
    let token = kit::hmac_text(Algorithm::HS256, SECRET, &format!("{{\"x\":{deep}}}"));
    assert!(matches!(refused(&token).await, Error::Malformed(_)));
}

#[tokio::test]
async fn claims_that_are_not_understood_refuse_the_token() {
    for (name, value) in [
        ("scope", json!(7)),
        ("scope", json!([7])),
        ("scope", json!({"ingest:upload": true})),
        ("tables", json!(null)),
        ("tables", json!("sales")),
        ("tables", json!(["sales.*", "no pattern"])),
        ("tables", json!({"sales": "*"})),
        ("tables", json!(vec!["a.b"; 501])),
        ("clickhouse_role", json!("")),
        ("clickhouse_role", json!(["a", "b"])),
        ("clickhouse_user", json!("a\0b")),
    ] {
        let error = refused(&signed(&json!({name: value}))).await;
        assert!(
            matches!(error, Error::Claim { .. }),
            "{name} {value}: {error}"
        );
    }
}

#[tokio::test]
async fn a_token_without_tables_gets_what_the_configuration_says() {
    let token = signed(&json!({}));
    assert_eq!(accepted(&token).await.tables, Tables::All);
    let (_file, mut config) = secret_config();
    config.missing_tables = Tables::Only(Vec::new());
    let principal = verifier(config).await.verify(&token).await.unwrap();
    assert!(!principal.tables.allow("sales", "t"));
    let principal = accepted(&signed(&json!({"tables": []}))).await;
    assert!(!principal.tables.allow("sales", "t"));
    let principal = accepted(&signed(&json!({"tables": "a.* b.c"}))).await;
    assert!(principal.tables.allow("b", "c"));
}

#[tokio::test]
async fn claims_can_have_other_names() {
    let (_file, mut config) = secret_config();
    config.claims.scopes = vec!["/realm_access/roles".to_owned()];
    config.claims.tables = "https://example.com/tables".to_owned();
    let token = signed(&json!({
        "scope": "transfers:manage",
        "realm_access": {"roles": ["ingest:export"]},
        "https://example.com/tables": ["a.b"],
    }));
    let principal = verifier(config).await.verify(&token).await.unwrap();
    assert_eq!(principal.scopes, [Scope::Export].into_iter().collect());
    assert!(principal.tables.is_limited());
}

#[tokio::test]
async fn no_refusal_shows_the_token() {
    let token = signed(&json!({"exp": kit::now() - 1000, "secret_claim": "hush"}));
    let [head, body, signature]: [&str; 3] =
        token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let cases = [
        token.clone(),
        format!("{head}.{body}."),
        format!("{token}.x"),
        format!("{head}.{body}.{}", "A".repeat(43)),
    ];
    for case in cases {
        let error = refused(&case).await;
        let text = format!("{error} {error:?}");
        for secret in [head, body, signature, "hush"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

fn headers(values: &[&'static str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(AUTHORIZATION, HeaderValue::from_static(value));
    }
    headers
}

#[test]
fn only_one_bearer_token_is_taken() {
    assert_eq!(bearer(&headers(&[])), Ok(None));
    assert_eq!(bearer(&headers(&["Bearer a.b.c"])), Ok(Some("a.b.c")));
    assert_eq!(
        bearer(&headers(&["bearer  a.b-_~+/="])),
        Ok(Some("a.b-_~+/="))
    );
    assert_eq!(
        bearer(&headers(&["Bearer a", "Bearer b"])),
        Err(Error::SeveralTokens)
    );
    for value in [
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "a.b.c",
        "Bearer a b",
        "Bearer a,b",
        "Bearer\ta",
    ] {
        assert_eq!(
            bearer(&headers(&[value])),
            Err(Error::NotBearer),
            "{value:?}"
        );
    }
    let mut bad = HeaderMap::new();
    bad.insert(
        AUTHORIZATION,
        HeaderValue::from_bytes(b"Bearer \xff").unwrap(),
    );
    assert_eq!(bearer(&bad), Err(Error::NotBearer));
}

fn grants() -> CertificateGrants {
    let grant = Grant {
        scopes: [Scope::Upload].into_iter().collect(),
        tables: Tables::All,
        connections: ConnectionLimit::All,
        clickhouse_role: None,
        clickhouse_user: None,
    };
    CertificateGrants {
        subjects: [("loader".to_owned(), grant)].into(),
        others: None,
    }
}

#[tokio::test]
async fn a_certificate_is_a_caller_only_where_something_is_given_to_it() {
    let authenticator = Authenticator::certificates(grants());
    let none = headers(&[]);
    let principal = authenticator
        .authenticate(&none, Some("loader"))
        .await
        .unwrap();
    assert_eq!(principal.subject, "cert:loader");
    assert_eq!(
        principal.scopes,
        [Scope::Upload].into_iter().collect::<Scopes>()
    );
    let error = authenticator.authenticate(&none, Some("stranger")).await;
    assert_eq!(
        error.unwrap_err(),
        Error::UnknownCertificate("stranger".to_owned())
    );
    let error = authenticator.authenticate(&none, None).await;
    assert_eq!(error.unwrap_err(), Error::MissingCertificate);
    let token = headers(&["Bearer a.b.c"]);
    let error = authenticator.authenticate(&token, Some("loader")).await;
    assert_eq!(error.unwrap_err(), Error::NoTokens);
}

#[tokio::test]
async fn a_certificate_does_not_help_a_bad_token() {
    let (_file, config) = secret_config();
    let verifier = Verifier::new(config).await.unwrap();
    let authenticator = Authenticator::tokens(verifier, grants());
    assert!(authenticator.is_required() && authenticator.takes_tokens());
    let error = authenticator
        .authenticate(&headers(&["Bearer a.b.c"]), Some("loader"))
        .await;
    assert!(matches!(error, Err(Error::Malformed(_))));
    let error = authenticator.authenticate(&headers(&[]), None).await;
    assert_eq!(error.unwrap_err(), Error::MissingToken);
    let principal = authenticator
        .authenticate(&headers(&[]), Some("loader"))
        .await;
    assert_eq!(principal.unwrap().subject, "cert:loader");
    let mut right = HeaderMap::new();
    let value = format!("Bearer {}", signed(&json!({})));
    right.insert(AUTHORIZATION, value.parse().unwrap());
    let principal = authenticator.authenticate(&right, Some("loader")).await;
    let subject = principal.unwrap().subject.clone();
    assert_eq!(subject, "https://id.example#alice");
}

#[tokio::test]
async fn an_open_server_asks_nobody() {
    let open = Authenticator::open();
    assert!(!open.is_required() && !open.takes_tokens());
    let principal = open
        .authenticate(&headers(&["nonsense"]), None)
        .await
        .unwrap();
    assert_eq!(principal.scopes, Scopes::all());
}

#[tokio::test]
async fn a_secret_that_could_be_guessed_or_known_is_refused() {
    let keys = Keys::new();
    let cases = [
        ("short", Algorithm::HS256, "31 bytes"),
        (&*"x".repeat(47), Algorithm::HS384, "47 bytes"),
        (&*"x".repeat(63), Algorithm::HS512, "63 bytes"),
        (&*keys.public_pem("rsa"), Algorithm::HS256, "PEM"),
        (
            &*"x".repeat(64),
            Algorithm::RS256,
            "cannot be used with RS256",
        ),
    ];
    for (text, algorithm, expected) in cases {
        let text = if text == "short" {
            "x".repeat(31)
        } else {
            text.to_owned()
        };
        let file = secret_file(text.as_bytes());
        let source = KeySource::Secret {
            file: file.path().to_owned(),
            algorithm,
        };
        let error = Verifier::new(AuthConfig::new(vec![source]))
            .await
            .unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!error.to_string().contains(&text), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_holds_no_public_key_is_refused_with_advice() {
    let keys = Keys::new();
    let certificate = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    for (text, expected) in [
        (keys.private_pem("rsa"), "openssl pkey -pubout"),
        (certificate.cert.pem(), "openssl x509 -pubkey"),
        ("x".repeat(64), "PUBLIC KEY"),
        (
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n".to_owned(),
            "P-256",
        ),
    ] {
        let file = secret_file(text.as_bytes());
        let source = KeySource::Pem {
            file: file.path().to_owned(),
            algorithm: None,
        };
        let error = Verifier::new(AuthConfig::new(vec![source]))
            .await
            .unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    let source = KeySource::Pem {
        file: keys.public_file("p256"),
        algorithm: Some(Algorithm::ES384),
    };
    let error = Verifier::new(AuthConfig::new(vec![source]))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("cannot be used with ES384"));
    let error = Verifier::new(AuthConfig::new(Vec::new()))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "no key was given to verify tokens with");
}

proptest! {
    #[test]
    fn no_text_is_a_token_and_none_panics(text in ".{0,200}", parts in "[A-Za-z0-9_-]{0,80}(\\.[A-Za-z0-9_-]{0,80}){0,4}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (_file, config) = secret_config();
            let verifier = verifier(config).await;
            let right = signed(&json!({}));
            let (head, rest) = right.split_once('.').unwrap();
            for token in [text.clone(), parts.clone(), format!("{head}.{parts}"), format!("{parts}.{rest}")] {
                verifier.verify(&token).await.unwrap_err();
            }
        });
    }
}

#[tokio::test]
async fn a_caller_is_issuer_and_subject_where_issuers_are_named() {
    let (_file, config) = secret_config();
    let open = AuthConfig {
        issuers: Vec::new(),
        ..config.clone()
    };
    let several = AuthConfig {
        issuers: ["a", "a#b", "a%23b", "cert:a"].map(str::to_owned).to_vec(),
        ..config
    };
    let subject = async |config: &AuthConfig, issuer: &str, subject: &str| {
        let token = signed(&json!({"iss": issuer, "sub": subject}));
        let principal = verifier(config.clone()).await.verify(&token).await;
        principal.map(|principal| principal.subject.clone())
    };
    // Without a list the keys are those of one issuer, and rows of a journal keep their owner.
    assert_eq!(subject(&open, "a", "alice").await.unwrap(), "alice");
    let named = [
        ("a", "alice", "a#alice"),
        ("a", "b#alice", "a#b#alice"),
        ("a#b", "alice", "a%23b#alice"),
        ("a%23b", "alice", "a%2523b#alice"),
    ];
    for (issuer, name, expected) in named {
        assert_eq!(subject(&several, issuer, name).await.unwrap(), expected);
    }
    for (issuer, name) in [("cert:a", "loader"), ("a", "cert:loader")] {
        subject(&several, issuer, name).await.unwrap_err();
    }
    let token = signed(&json!({"iss": ["a", "b"]}));
    verifier(several).await.verify(&token).await.unwrap_err();
}
