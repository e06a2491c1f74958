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
async fn links_that_leave_the_directory_find_nothing() {
    use std::os::unix::fs::symlink;
    let web = tempfile::tempdir().unwrap();
    let files = web.path().join("files");
    std::fs::create_dir_all(files.join("real")).unwrap();
    std::fs::create_dir(web.path().join("outside")).unwrap();
    for file in ["secret.txt", "outside/index.html", "outside/x.txt"] {
        std::fs::write(web.path().join(file), "hunter2").unwrap();
    }
    std::fs::write(files.join("real/page.txt"), "page").unwrap();
    std::fs::write(files.join("packed.txt"), "plain").unwrap();
    symlink("../secret.txt", files.join("link.txt")).unwrap();
    symlink(web.path().join("secret.txt"), files.join("whole.txt")).unwrap();
    symlink("../secret.txt", files.join("packed.txt.gz")).unwrap();
    symlink("../outside", files.join("out")).unwrap();
    symlink("real", files.join("in")).unwrap();
    symlink("in/page.txt", files.join("page.txt")).unwrap();
    // The directory itself may be a link, and links may lead around within it.
    symlink("files", web.path().join("current")).unwrap();
    let current = web.path().join("current");
    let site = Site::start_with(|config| config.rpc.web_dir = Some(current)).await;
    for path in ["/page.txt", "/in/page.txt", "/real/page.txt"] {
        let answer = ask(&site.server, &format!("GET {path}"), "");
        assert!(answer.ends_with("page"), "{path}: {answer}");
    }
    for path in [
        "/link.txt",
        "/whole.txt",
        "/out/x.txt",
        "/out/",
        "/out",
        "/%6cink.txt",
        "/in/../link.txt",
        "/packed.txt",
    ] {
        let answer = ask(
            &site.server,
            &format!("GET {path}"),
            "Accept-Encoding: gzip\r\n",
        );
        assert!(!answer.contains("hunter2"), "{path}: {answer}");
        assert!(!answer.starts_with("http/1.1 2"), "{path}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_without_a_port_is_not_every_port_of_it() {
    let site = Site::start().await;
    for (origin, status) in [
        ("http://sluice.example", "200"),
        ("http://sluice.example:80", "200"),
        ("https://sluice.example", "200"),
        ("https://sluice.example:443", "200"),
        ("http://sluice.example:3000", "403"),
        ("https://sluice.example:8443", "403"),
        ("http://sluice.example:443", "403"),
    ] {
        let answer = call(&site.server, &format!("Origin: {origin}\r\n"));
        let expected = format!("http/1.1 {status}");
        assert!(answer.starts_with(&expected), "{origin}: {answer}");
    }
}

/// One request over HTTP/2: the status.
async fn ask_h2(server: &TestServer, path: &str, content_type: Option<&str>) -> u16 {
    let stream = tokio::net::TcpStream::connect(server.address)
        .await
        .unwrap();
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    sluice_server::task::spawn_background("connection", async move {
        connection.await.ok();
    });
    let mut request = http::Request::post(format!("http://localhost{path}"));
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    let (answer, mut body) = client
        .send_request(request.body(()).unwrap(), false)
        .unwrap();
    // A server that refuses the head need not wait for the body.
    body.send_data(bytes::Bytes::from_static(&[0; 5]), true)
        .ok();
    answer.await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_grpc_is_an_unsupported_media_type() {
    let server = TestServer::start().await;
    let path = "/sluice.v1.CatalogService/ListDatabases";
    for kind in [
        None,
        Some("text/plain"),
        Some("application/json"),
        Some("application/x-www-form-urlencoded"),
        Some("application/grpcs"),
        Some("application/grpc-webx"),
        Some("multipart/form-data; boundary=application/grpc"),
    ] {
        for path in [
            path,
            "/grpc.health.v1.Health/Check",
            "/sluice.v1.IngestService/Upload",
        ] {
            let status = ask_h2(&server, path, kind).await;
            assert_eq!(status, 415, "{kind:?} {path}");
        }
    }
    for kind in [
        "application/grpc",
        "application/grpc+proto",
        "Application/gRPC",
        "application/grpc; charset=utf-8",
        "application/grpc-web",
        "application/grpc-web+proto",
        "application/grpc-web-text+proto",
    ] {
        assert_eq!(ask_h2(&server, path, Some(kind)).await, 200, "{kind}");
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
