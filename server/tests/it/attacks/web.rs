//! Pages of other sites, and paths that lead elsewhere.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use sluice_proto::v1 as pb;
use tonic::Code;

use super::kit::{Site, refused};
use crate::support::TestServer;

/// One request over HTTP/1.1, and the whole answer in lower case.
fn ask(server: &TestServer, line: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(server.address).unwrap();
    let head =
        format!("{line} HTTP/1.1\r\nHost: sluice.example\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).to_lowercase()
}

const CALL: &str = "POST /sluice.v1.CatalogService/GetServerInfo";
const GRPC_WEB: &str = "Content-Type: application/grpc-web+proto\r\nContent-Length: 5\r\n";
const PREFLIGHT: &str = "Access-Control-Request-Method: POST\r\n\
                         Access-Control-Request-Headers: authorization,x-grpc-web\r\n";

fn call(server: &TestServer, headers: &str) -> String {
    let mut stream = TcpStream::connect(server.address).unwrap();
    let head = format!(
        "{CALL} HTTP/1.1\r\nHost: sluice.example\r\nConnection: close\r\n{GRPC_WEB}{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&[0, 0, 0, 0, 0]).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).to_lowercase()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_are_kept_out() {
    let site = Site::start_with(|config| {
        config.rpc.cors_origins = vec!["https://app.example".to_owned()];
    })
    .await;
    let server = &site.server;
    for origin in [
        "https://evil.example",
        "https://app.example.evil.example",
        "https://app.example:444",
        "http://app.example",
        "https://sub.app.example",
        "null",
        "https://sluice.example.evil.example",
        "x",
    ] {
        let header = format!("Origin: {origin}\r\n");
        let answer = call(server, &header);
        assert!(answer.starts_with("http/1.1 403"), "{origin}: {answer}");
        let answer = ask(
            server,
            &CALL.replace("POST", "OPTIONS"),
            &format!("{header}{PREFLIGHT}"),
        );
        assert!(answer.starts_with("http/1.1 403"), "{origin}: {answer}");
        assert!(
            !answer.contains("access-control-allow"),
            "{origin}: {answer}"
        );
    }
    let allowed = "Origin: https://app.example\r\n";
    let answer = call(server, allowed);
    assert!(answer.starts_with("http/1.1 200"), "{answer}");
    assert!(
        answer.contains("access-control-allow-origin: https://app.example\r\n"),
        "{answer}"
    );
    assert!(answer.contains("grpc-status-details-bin"), "{answer}");
    let answer = ask(
        server,
        &CALL.replace("POST", "OPTIONS"),
        &format!("{allowed}{PREFLIGHT}"),
    );
    assert!(answer.starts_with("http/1.1 204"), "{answer}");
    assert!(
        answer.contains("access-control-allow-headers: authorization"),
        "{answer}"
    );
    for own in [
        "http://sluice.example",
        "https://sluice.example",
        "http://SLUICE.example",
    ] {
        let answer = call(server, &format!("Origin: {own}\r\n"));
        assert!(answer.starts_with("http/1.1 200"), "{own}: {answer}");
        assert!(!answer.contains("access-control-allow"), "{own}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_was_made_to_lead_here_is_not_answered_to() {
    let server = TestServer::start().await;
    let get = |host: &str| {
        let mut stream = TcpStream::connect(server.address).unwrap();
        let head = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).to_lowercase()
    };
    let port = server.address.port();
    for own in ["localhost", "127.0.0.1", "[::1]"] {
        let answer = get(&format!("{own}:{port}"));
        assert!(answer.starts_with("http/1.1 200"), "{own}: {answer}");
    }
    let answer = get(&format!("evil.example:{port}"));
    assert!(answer.starts_with("http/1.1 403"), "{answer}");
    assert!(answer.contains("--allowed-hosts"), "{answer}");
    // A page of evil.example is of the same origin there, and is kept out nevertheless.
    for origin in ["", "Origin: http://sluice.example\r\n"] {
        let answer = call(&server, origin);
        assert!(answer.starts_with("http/1.1 403"), "{answer}");
    }
    let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{}", server.address));
    let endpoint = endpoint
        .unwrap()
        .origin("http://evil.example".parse().unwrap());
    let channel = endpoint.connect().await.unwrap();
    let mut catalog = pb::catalog_service_client::CatalogServiceClient::new(channel);
    let outcome = catalog.list_databases(pb::ListDatabasesRequest {}).await;
    refused(outcome, Code::PermissionDenied, "HOST_NOT_ALLOWED");
    let own = TestServer::start_with(|config| {
        config.rpc.allowed_hosts = vec!["sluice.example".to_owned()];
    });
    let answer = call(&own.await, "");
    assert!(answer.starts_with("http/1.1 200"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_that_leave_the_directory_find_nothing() {
    let web = tempfile::tempdir().unwrap();
    let files = web.path().join("files");
    std::fs::create_dir(&files).unwrap();
    std::fs::write(web.path().join("secret.txt"), "hunter2").unwrap();
    std::fs::write(files.join("page.txt"), "page").unwrap();
    let site = Site::start_with(|config| config.rpc.web_dir = Some(files)).await;
    assert!(ask(&site.server, "GET /page.txt", "").contains("page"));
    for path in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e%2fsecret.txt",
        "/x/../../secret.txt",
        "//secret.txt",
        "/..\\secret.txt",
        "/%5c..%5csecret.txt",
        "/page.txt%00",
        "/%252e%252e/secret.txt",
    ] {
        let answer = ask(&site.server, &format!("GET {path}"), "");
        assert!(answer.starts_with("http/1.1 4"), "{path}: {answer}");
        assert!(!answer.contains("hunter2"), "{path}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_tells_browsers_to_be_careful() {
    let site = Site::start().await;
    for path in ["/", "/nothing"] {
        let answer = ask(&site.server, &format!("GET {path}"), "");
        for header in [
            "content-security-policy: default-src '",
            "frame-ancestors 'none'",
            "x-content-type-options: nosniff",
            "x-frame-options: deny",
            "referrer-policy: no-referrer",
        ] {
            assert!(answer.contains(header), "{path} lacks {header}: {answer}");
        }
        assert!(!answer.contains("strict-transport-security"), "{answer}");
    }
}
