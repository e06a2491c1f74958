//! Ways to reach internal services through a name or an address: each is refused.

use std::net::{IpAddr, SocketAddr};

use hyper_util::client::legacy::connect::dns::Name;
use proptest::{prop_assert_eq, proptest};
use tower::ServiceExt as _;

use super::{
    AllowList, Error, Guard, Target,
    url::{Host, ParsedUrl},
};

fn guard(entries: &[&str]) -> Guard {
    Guard::new(AllowList::parse(entries).unwrap())
}

/// What a guard says of a host that has these addresses.
fn judged(entries: &[&str], url: &str, addresses: &[&str]) -> Result<Target, Error> {
    let addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
    guard(entries).judge(ParsedUrl::parse(url).unwrap(), &addresses)
}

#[test]
fn an_address_is_taken_in_one_form_only() {
    for (url, expected) in [
        ("http://ch.example.com", "http://ch.example.com:8123"),
        ("https://ch.example.com", "https://ch.example.com:8443"),
        (
            "HTTPS://CH.Example.com:9440/",
            "https://ch.example.com:9440",
        ),
        ("http://ch.example.com.:80", "http://ch.example.com:80"),
        ("http://8.8.8.8:8123", "http://8.8.8.8:8123"),
        (
            "http://[2606:4700::1111]:8123",
            "http://[2606:4700::1111]:8123",
        ),
        ("http://[::ffff:8.8.8.8]", "http://8.8.8.8:8123"),
        ("http://my_host-1", "http://my_host-1:8123"),
    ] {
        let parsed = ParsedUrl::parse(url).unwrap();
        let target = Target {
            is_secure: parsed.is_secure,
            host: parsed.host,
            port: parsed.port,
            addresses: Vec::new(),
        };
        assert_eq!(target.to_string(), expected);
    }
    let long = format!("http://{}", "a.".repeat(200));
    for url in [
        "",
        "ch.example.com",
        "http:ch.example.com",
        "//ch.example.com",
        "ftp://ch.example.com",
        "file:///etc/passwd",
        "gopher://x:1/_",
        "http://",
        "http:///",
        "http://:8123",
        "http://.",
        "http://user@ch.example.com",
        "http://user:password@ch.example.com",
        "http://allowed.example@evil.example",
        "http://evil.example#@allowed.example",
        "http://evil.example\\@allowed.example",
        "http://ch.example.com/path",
        "http://ch.example.com//",
        "http://ch.example.com?query",
        "http://ch.example.com#f",
        "http://ch.example.com:0",
        "http://ch.example.com:65536",
        "http://ch.example.com:+80",
        "http://ch.example.com:",
        "http://ch.example.com:80:80",
        "http://ch example.com",
        "http://ch.example.com\r\nx: y",
        "http://ch\0.example.com",
        "http://ch..example.com",
        "http://-ch.example.com",
        "http://ch%2eexample.com",
        "http://ｅxample.com",
        "http://[::1",
        "http://::1",
        "http://[::1]x:80",
        "http://[fe80::1%eth0]",
        "http://[fe80::1%25eth0]",
        "http://[127.0.0.1]",
        "http://2130706433",
        "http://0x7f000001",
        "http://0x7f.0.0.1",
        "http://0177.0.0.1",
        "http://127.1",
        "http://127.0.0.01",
        "http://1.2.3.4.5",
        "http://256.0.0.1",
        "http://foo.0x",
        "http://foo.1",
        &long,
    ] {
        assert!(ParsedUrl::parse(url).is_err(), "{url:?}");
    }
}

#[test]
fn a_host_needs_an_entry() {
    let names = [
        "ch.example.com",
        "*.ch.example.org",
        "only.example.net:8443",
    ];
    let check = |url: &str| judged(&names, url, &["8.8.8.8"]).is_ok();
    assert!(check("https://ch.example.com"));
    assert!(check("https://a.ch.example.org"));
    assert!(check("https://a.b.ch.example.org"));
    assert!(check("https://only.example.net:8443"));
    assert!(!check("https://only.example.net:9000"));
    assert!(!check("https://ch.example.org"));
    assert!(!check("https://xch.example.org"));
    assert!(!check("https://ch.example.com.evil.example"));
    assert!(!check("https://evilch.example.com"));
    assert!(!check("https://8.8.8.8"));
    assert!(judged(&["*"], "https://any.example", &["8.8.8.8"]).is_ok());
    assert!(judged(&["*"], "https://8.8.8.8", &["8.8.8.8"]).is_err());
    assert!(judged(&["8.8.8.0/24"], "https://8.8.8.8", &["8.8.8.8"]).is_ok());
    assert!(judged(&[], "https://ch.example.com", &["8.8.8.8"]).is_err());
}

#[test]
fn a_host_without_a_port_is_its_clickhouse_and_nothing_else_there() {
    let check = |entry: &str, port: u16| {
        let url = format!("http://ch.example.com:{port}");
        judged(&[entry], &url, &["8.8.8.8"]).is_ok()
    };
    for (entry, ports) in [
        ("ch.example.com", &[8123, 8443][..]),
        ("*.example.com", &[8123, 8443]),
        ("*", &[8123, 8443]),
        ("8.8.8.8", &[8123, 8443]),
        ("8.8.0.0/16", &[8123, 8443]),
        ("ch.example.com:22", &[22]),
        ("8.8.0.0/16:22", &[22]),
        (
            "ch.example.com:*",
            &[1, 22, 80, 443, 8123, 8443, 9000, 65535],
        ),
        ("*:*", &[1, 22, 80, 443, 8123, 8443, 9000, 65535]),
        ("8.8.8.8:*", &[1, 22, 80, 443, 8123, 8443, 9000, 65535]),
    ] {
        for port in [1, 22, 80, 443, 8123, 8443, 9000, 65535] {
            assert_eq!(check(entry, port), ports.contains(&port), "{entry} {port}");
        }
    }
    let v6 = |entry: &str, url: &str| judged(&[entry], url, &["2606:4700::1111"]).is_ok();
    assert!(v6("[2606:4700::1111]:*", "http://[2606:4700::1111]:22"));
    assert!(v6("2606:4700::1111", "http://[2606:4700::1111]"));
    assert!(!v6("2606:4700::1111", "http://[2606:4700::1111]:22"));
    for entry in [
        "ch.example.com:",
        "ch.example.com:**",
        "ch.example.com:8*",
        ":*",
    ] {
        assert!(AllowList::parse(&[entry]).is_err(), "{entry}");
    }
}

const INTERNAL: [&str; 16] = [
    "127.0.0.1",
    "10.0.0.1",
    "192.168.0.1",
    "172.16.5.5",
    "169.254.169.254",
    "169.254.0.1",
    "0.0.0.0",
    "100.64.0.1",
    "224.0.0.1",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "::ffff:127.0.0.1",
    "64:ff9b::a00:1",
    "fd00:ec2::254",
];

#[test]
fn a_name_that_points_inside_is_refused() {
    for address in INTERNAL {
        for entries in [&["*"][..], &["ch.example.com"], &["0.0.0.0/0", "::/0", "*"]] {
            let verdict = judged(entries, "http://ch.example.com", &[address]);
            assert!(
                matches!(verdict, Err(Error::Address { .. })),
                "{address} {verdict:?}"
            );
            let mixed = judged(entries, "http://ch.example.com", &["8.8.8.8", address]);
            assert!(
                matches!(mixed, Err(Error::Address { .. })),
                "{address} {mixed:?}"
            );
        }
    }
}

#[tokio::test]
async fn an_internal_address_is_refused_in_every_form() {
    for host in [
        "127.0.0.1",
        "127.8.8.8",
        "10.0.0.1",
        "169.254.169.254",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fd00::1]",
        "[ff02::1]",
        "0.0.0.0",
        "255.255.255.255",
    ] {
        for entries in [&["*"][..], &["0.0.0.0/0", "::/0"]] {
            let verdict = guard(entries).check(&format!("http://{host}:8123")).await;
            assert!(
                matches!(verdict, Err(Error::Address { .. })),
                "{host} {verdict:?}"
            );
        }
    }
}

#[test]
fn an_internal_address_can_be_allowed_on_purpose() {
    let cases = [
        (&["10.0.0.0/8"][..], "10.1.2.3", true),
        (&["10.1.0.0/16"], "10.2.0.1", false),
        (&["127.0.0.1"], "127.0.0.1", true),
        (&["127.0.0.1"], "127.0.0.2", false),
        (&["[::1]:8123"], "::1", true),
        (&["fd00::/8"], "fd00::1", true),
        (&["fd00::/8"], "fd00:ec2::254", false),
        (&["169.254.0.0/16"], "169.254.169.254", false),
        (&["169.254.169.254"], "169.254.169.254", true),
        (&["0.0.0.0/0"], "10.0.0.1", false),
        (&["8.0.0.0/6"], "10.0.0.1", false),
        (&["64:ff9b::/96"], "64:ff9b::a00:1", false),
        (&["64:ff9b::a00:1"], "64:ff9b::a00:1", true),
    ];
    for (entries, address, expected) in cases {
        let verdict = judged(entries, "http://ch.internal:8123", &[address]);
        assert_eq!(
            verdict.is_ok(),
            expected,
            "{entries:?} {address} {verdict:?}"
        );
    }
}

#[tokio::test]
async fn a_real_name_is_resolved_and_pinned() {
    let refused = guard(&["localhost"]).check("http://localhost:8123").await;
    assert!(matches!(refused, Err(Error::Address { .. })), "{refused:?}");
    let entries = ["localhost", "127.0.0.0/8", "::1"];
    let target = guard(&entries)
        .check("http://LOCALHOST:8123/")
        .await
        .unwrap();
    assert!(!target.addresses().is_empty() && !target.is_secure());
    assert!(
        target
            .addresses()
            .iter()
            .all(|address| address.ip().is_loopback() && address.port() == 8123)
    );
    let name = |text: &str| text.parse::<Name>().unwrap();
    let found: Vec<SocketAddr> = target
        .resolver()
        .oneshot(name("localhost"))
        .await
        .unwrap()
        .collect();
    assert_eq!(found, target.addresses());
    target
        .resolver()
        .oneshot(name("evil.example"))
        .await
        .unwrap_err();
}

#[tokio::test]
async fn a_name_on_no_list_is_not_looked_up() {
    let verdict = guard(&["ch.example.com"])
        .check("http://does-not-exist.invalid")
        .await;
    assert!(matches!(verdict, Err(Error::Host(_))), "{verdict:?}");
    let verdict = guard(&["*"]).check("http://does-not-exist.invalid").await;
    assert!(matches!(verdict, Err(Error::Resolve { .. })), "{verdict:?}");
}

#[test]
fn every_entry_that_cannot_be_read_is_named() {
    let bad = [
        "",
        "*.",
        "a.*.b",
        "*x",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "::ffff:10.0.0.0/104",
        "host:0",
        "host:x",
        "http://host",
        "user@host",
        "127.1",
        "h ost",
    ];
    let errors = AllowList::parse(&bad).unwrap_err();
    assert_eq!(errors.len(), bad.len(), "{errors:?}");
    assert!(AllowList::parse::<&str>(&[]).unwrap().is_empty());
    AllowList::parse(&[
        "*",
        "*:8443",
        "::1",
        "[::1]:9000",
        "10.0.0.0/8:8123",
        "h",
        "H.example.",
    ])
    .unwrap();
}

proptest! {
    #[test]
    fn any_text_is_judged_without_a_panic(text in ".{0,80}", port in ".{0,8}") {
        drop(ParsedUrl::parse(&text));
        drop(ParsedUrl::parse(&format!("http://{text}:{port}")));
        drop(AllowList::parse(&[text, port]));
    }

    #[test]
    fn the_http_library_sees_the_same_host(authority in "[a-zA-Z0-9.:@\\[\\]/?#%_\\\\ -]{1,24}") {
        let url = format!("http://{authority}");
        if let Ok(parsed) = ParsedUrl::parse(&url) {
            let uri: http::Uri = url.parse().unwrap();
            let host = uri.host().unwrap().trim_end_matches('.');
            let host = Host::parse(host).unwrap();
            prop_assert_eq!(host, parsed.host);
            prop_assert_eq!(uri.port_u16().unwrap_or(8123), parsed.port);
        }
    }
}
