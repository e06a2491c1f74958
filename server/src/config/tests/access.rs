//! The options of who may call, and of the port.

use std::time::Duration;

use jsonwebtoken::Algorithm;

use super::{faulty_options, parse};
use crate::{
    auth::{KeySource, Scope},
    config::Invocation,
};

#[test]
fn without_authentication_the_server_stays_on_this_machine() {
    for listen in ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "[::ffff:10.0.0.1]:1"] {
        let listen = format!("--listen={listen}");
        assert_eq!(faulty_options(&[&listen]), ["listen"], "{listen}");
        parse(&[&listen, "--allow-open"]).unwrap();
        parse(&[&listen, "--auth-secret-file=s"]).unwrap();
        assert_eq!(faulty_options(&[&listen, "--allow-open=off"]), ["listen"]);
    }
    for listen in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1"] {
        parse(&[&format!("--listen={listen}")]).unwrap();
    }
}

#[test]
fn sources_of_keys_turn_authentication_on() {
    let config = parse(&[
        "--auth-secret-file=s",
        "--auth-algorithm=HS384",
        "--auth-jwks-file=j",
        "--auth-issuer=a,b",
        "--auth-audience=sluice",
        "--auth-leeway=5s",
        "--auth-grace=1m",
        "--auth-role-claim=/ch/role",
    ])
    .unwrap();
    assert_eq!(config.access.grace, Duration::from_secs(60));
    let tokens = config.access.tokens.unwrap();
    let KeySource::Secret { algorithm, .. } = &tokens.keys[0] else {
        panic!("{:?}", tokens.keys)
    };
    assert_eq!((*algorithm, tokens.keys.len()), (Algorithm::HS384, 2));
    assert_eq!(tokens.issuers, ["a", "b"]);
    assert_eq!(tokens.leeway, Duration::from_secs(5));
    assert_eq!(tokens.claims.clickhouse_role, "/ch/role");
}

#[test]
fn options_that_would_have_no_effect_are_refused() {
    for (arguments, faulty) in [
        (&["--auth-issuer=a"][..], "auth-issuer"),
        (&["--auth-audience=a"], "auth-audience"),
        (&["--auth-grace=1s"], "auth-grace"),
        (
            &["--auth-jwks-ca-file=c", "--auth-secret-file=s"],
            "auth-jwks-ca-file",
        ),
        (
            &["--auth-jwks-url=https://i", "--auth-issuer=i"],
            "auth-jwks-url",
        ),
        (
            &["--auth-algorithm=none", "--auth-secret-file=s"],
            "auth-algorithm",
        ),
        (
            &["--auth-algorithm=RS256", "--auth-secret-file=s"],
            "auth-algorithm",
        ),
        (
            &["--auth-algorithm=RS256", "--auth-jwks-file=s"],
            "auth-algorithm",
        ),
        (&["--tls-cert=c"], "tls-cert"),
        (&["--tls-key=c"], "tls-key"),
        (
            &["--tls-client-ca=c", "--auth-secret-file=s"],
            "tls-client-ca",
        ),
        (&["--tls-client-auth=required"], "tls-client-auth"),
        (
            &["--tls-cert=c", "--tls-key=k", "--tls-client-ca=a"],
            "tls-client-ca",
        ),
        (&["--adhoc-hosts=h"], "adhoc-hosts"),
        (&["--adhoc-clickhouse=on"], "adhoc-clickhouse"),
        (
            &["--adhoc-clickhouse=on", "--adhoc-hosts=10.0.0.1/8"],
            "adhoc-hosts",
        ),
        (&["--cors-origins=*"], "cors-origins"),
        (&["--cors-origins=https://a.example/"], "cors-origins"),
        (&["--allowed-hosts=sluice.example:1"], "allowed-hosts"),
        (&["--fleet-ca=c"], "fleet-ca"),
        (&["--advertise=http://a", "--fleet-ca=c"], "fleet-ca"),
        (&["--advertise=http://0.0.0.0:1"], "advertise"),
        (&["--advertise=https://a/path"], "advertise"),
        (
            &["--tls-cert=c", "--tls-key=k", "--advertise=http://a"],
            "advertise",
        ),
        (&["--max-connections=0"], "max-connections"),
        (&["--handshake-timeout=0s"], "handshake-timeout"),
        (&["--reflection=maybe"], "reflection"),
    ] {
        assert_eq!(faulty_options(arguments), [faulty], "{arguments:?}");
    }
}

#[test]
fn a_token_can_be_asked_for() {
    let line = "sluice-server token --key k --subject alice --scopes ingest:upload,catalog:read \
                --tables sales.*,hr.t --ttl 5m --audience a --algorithm HS512";
    let Invocation::Token(request) = Invocation::from_arguments(line.split_whitespace()).unwrap()
    else {
        panic!("not a token");
    };
    assert_eq!(request.algorithm, Some(Algorithm::HS512));
    let claims = request.claims;
    assert!(claims.scopes.contains(Scope::Upload) && !claims.scopes.contains(Scope::Export));
    assert_eq!(claims.tables.unwrap().len(), 2);
    assert_eq!(claims.ttl, Duration::from_secs(300));
    for wrong in [
        "--scopes all",
        "--tables x --scopes catalog:read",
        "--ttl 5 --scopes catalog:read",
    ] {
        let line = format!("sluice-server token --key k --subject a {wrong}");
        Invocation::from_arguments(line.split_whitespace()).unwrap_err();
    }
}
