//! Everything that the one port answers: gRPC, gRPC-Web, health, reflection, and the page.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use sluice_proto::v1 as pb;
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::support::{TestServer, export_query};

/// One HTTP/1.1 request; the whole answer, head and body.
fn http(server: &TestServer, method: &str, path: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.address).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

/// One gRPC-Web frame around a message.
fn frame(message: &impl prost::Message) -> Vec<u8> {
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.encoded_len()).unwrap().to_be_bytes());
    frame.extend(message.encode_to_vec());
    frame
}

#[tokio::test(flavor = "multi_thread")]
async fn grpc_web_is_answered_over_http_1() {
    let server = TestServer::start().await;
    let path = "/sluice.v1.CatalogService/CheckConnection";
    let body = frame(&pb::CheckConnectionRequest::default());
    let answer = http(&server, "POST", path, "application/grpc-web+proto", &body);
    let text = String::from_utf8_lossy(&answer).to_lowercase();
    assert!(text.starts_with("http/1.1 200"), "{text}");
    assert!(text.contains("grpc-status:0"), "{text}");
    assert!(text.contains(&server.sql("SELECT version()")), "{text}");

    let path = "/sluice.v1.CatalogService/GetTable";
    let body = frame(&pb::GetTableRequest { table: None });
    let answer = http(&server, "POST", path, "application/grpc-web+proto", &body);
    let text = String::from_utf8_lossy(&answer).to_lowercase();
    assert!(
        text.contains("grpc-status: 3") || text.contains("grpc-status:3"),
        "{text}"
    );
    assert!(text.contains("grpc-status-details-bin"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn grpc_web_uploads_a_file_in_one_request_or_not_at_all() {
    let server = TestServer::start().await;
    server.sql("CREATE TABLE t (v String) ENGINE = MergeTree ORDER BY tuple()");
    let path = "/sluice.v1.IngestService/Upload";
    let messages = crate::support::upload_messages(crate::support::spec("t"), b"v\na\nb\n", 4);
    let frames: Vec<_> = messages.iter().map(frame).collect();
    let body = frames.concat();

    // The client goes after a whole message and a whole line.
    let mut stream = TcpStream::connect(server.address).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/grpc-web+proto\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&frames[..2].concat()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    // Whether it is told or not: nothing is loaded.
    stream.read_to_end(&mut answer).ok();
    let text = String::from_utf8_lossy(&answer);
    assert!(!text.contains("grpc-status:0"), "{text}");
    assert_eq!(server.sql("SELECT count() FROM t"), "0");

    let answer = http(&server, "POST", path, "application/grpc-web+proto", &body);
    let text = String::from_utf8_lossy(&answer).to_lowercase();
    assert!(text.contains("grpc-status:0"), "{text}");
    assert_eq!(server.sql("SELECT groupArray(v) FROM t"), "['a','b']");
}

#[tokio::test(flavor = "multi_thread")]
async fn grpc_web_exports_to_the_end_or_to_the_error() {
    let server = TestServer::start().await;
    let path = "/sluice.v1.IngestService/Export";
    let body = frame(&export_query(
        "SELECT number, 'Swift' AS bird FROM numbers(2)",
    ));
    let answer = http(&server, "POST", path, "application/grpc-web+proto", &body);
    let text = String::from_utf8_lossy(&answer).to_lowercase();
    assert!(text.contains("number,bird\n0,swift\n1,swift\n"), "{text}");
    assert!(text.contains("grpc-status:0"), "{text}");

    let query = "SELECT throwIf(number = 500000, 'too far') FROM numbers(600000)";
    let body = frame(&export_query(query));
    let answer = http(&server, "POST", path, "application/grpc-web+proto", &body);
    let text = String::from_utf8_lossy(&answer).to_lowercase();
    assert!(text.contains("grpc-status-details-bin"), "{text}");
    assert!(!text.contains("grpc-status:0"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_gets_the_page_and_nothing_else() {
    let server = TestServer::start().await;
    let page = http(&server, "GET", "/", "text/plain", b"");
    let text = String::from_utf8_lossy(&page);
    assert!(
        text.starts_with("HTTP/1.1 200") && text.contains("text/html"),
        "{text}"
    );
    assert!(text.contains("Sluice"), "{text}");
    for path in ["/nothing", "/../Cargo.toml", "/%2e%2e/Cargo.toml"] {
        let missing = http(&server, "GET", path, "text/plain", b"");
        assert!(
            missing.starts_with(b"HTTP/1.1 404"),
            "{}",
            String::from_utf8_lossy(&missing)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_of_pages_is_served_and_nothing_above_it() {
    let outer = tempfile::tempdir().unwrap();
    let pages = outer.path().join("pages");
    std::fs::create_dir_all(pages.join("assets")).unwrap();
    std::fs::write(outer.path().join("secret"), "secret").unwrap();
    std::fs::write(pages.join("index.html"), "<title>Mine</title>").unwrap();
    std::fs::write(pages.join("assets/app-1a2b.js"), "export {};").unwrap();
    let server = TestServer::start_with(|config| config.rpc.web_dir = Some(pages)).await;
    let ask = |path| {
        let answer = http(&server, "GET", path, "text/plain", b"");
        String::from_utf8_lossy(&answer).to_lowercase()
    };
    let page = ask("/");
    assert!(page.contains("<title>mine"), "{page}");
    assert!(page.contains("content-type: text/html"), "{page}");
    assert!(page.contains("cache-control: no-cache"), "{page}");
    let script = ask("/assets/app-1a2b.js");
    assert!(script.contains("content-type: text/javascript"), "{script}");
    assert!(script.contains("immutable"), "{script}");
    for path in ["/../secret", "/%2e%2e/secret", "/assets/..%2f../secret"] {
        let answer = ask(path);
        assert!(answer.starts_with("http/1.1 404"), "{path}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_services_and_methods_are_unimplemented() {
    let server = TestServer::start().await;
    for path in [
        "/no.such.Service/Call",
        "/sluice.v1.IngestService/NoSuchCall",
    ] {
        let mut client = tonic::client::Grpc::new(server.channel().await);
        client.ready().await.unwrap();
        let codec =
            tonic_prost::ProstCodec::<pb::GetTransferRequest, pb::GetTransferResponse>::default();
        let request = tonic::Request::new(pb::GetTransferRequest::default());
        let path = http::uri::PathAndQuery::from_static(path);
        let status = client.unary(request, path, codec).await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "{status:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_says_serving_for_every_service() {
    let server = TestServer::start().await;
    let mut client = HealthClient::new(server.channel().await);
    for service in ["", "sluice.v1.IngestService", "sluice.v1.CatalogService"] {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let status = client.check(request).await.unwrap().into_inner().status;
        assert_eq!(status, 1, "{service} is serving");
    }
}

/// Asks one version of the reflection service for the services.
macro_rules! reflected_services {
    ($server:expr, $version:ident) => {{
        use tonic_reflection::pb::$version::{
            ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
            server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
        };
        let request = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::ListServices(String::new())),
        };
        let mut client = ServerReflectionClient::new($server.channel().await);
        let answers = client
            .server_reflection_info(tokio_stream::iter([request]))
            .await
            .unwrap();
        let answer = answers.into_inner().message().await.unwrap().unwrap();
        let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
            panic!("{answer:?}");
        };
        list.service
            .into_iter()
            .map(|service| service.name)
            .collect::<Vec<_>>()
    }};
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_lists_the_services_in_both_versions() {
    let server = TestServer::start().await;
    let versions = [
        reflected_services!(server, v1),
        reflected_services!(server, v1alpha),
    ];
    for names in versions {
        for name in [
            "sluice.v1.IngestService",
            "sluice.v1.CatalogService",
            "grpc.health.v1.Health",
        ] {
            assert!(
                names.iter().any(|n| n == name),
                "{name} is not in {names:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_knows_the_details_of_errors() {
    use tonic_reflection::pb::v1::{
        ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
        server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
    };
    let server = TestServer::start().await;
    let mut client = ServerReflectionClient::new(server.channel().await);
    for name in ["ErrorInfo", "BadRequest", "RetryInfo"] {
        let symbol = MessageRequest::FileContainingSymbol(format!("google.rpc.{name}"));
        let request = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(symbol),
        };
        let requests = tokio_stream::iter([request]);
        let answers = client.server_reflection_info(requests).await.unwrap();
        let answer = answers.into_inner().message().await.unwrap().unwrap();
        let response = answer.message_response.unwrap();
        assert!(
            matches!(response, MessageResponse::FileDescriptorResponse(_)),
            "{name}: {response:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_can_be_closed() {
    let server = TestServer::start_with(|config| config.rpc.reflection = false).await;
    for version in ["v1", "v1alpha"] {
        let path = format!("/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo");
        let answer = http(
            &server,
            "POST",
            &path,
            "application/grpc-web+proto",
            &[0; 5],
        );
        let text = String::from_utf8_lossy(&answer).to_lowercase();
        assert!(text.contains("grpc-status: 12\r\n"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_may_be_as_large_as_the_limit_and_no_larger() {
    let limit = 1 << 20;
    let server = TestServer::start_with(|config| config.rpc.max_message_bytes = limit).await;
    server.sql("CREATE TABLE t (v String) ENGINE = MergeTree ORDER BY tuple()");
    // A data message has 4 bytes around its bytes: a tag, and a length of 3 bytes.
    for (data_bytes, fits) in [(limit - 5, true), (limit - 4, true), (limit - 3, false)] {
        let file = "v\n".repeat(data_bytes / 2 + 1);
        let file = &file.as_bytes()[..data_bytes];
        let outcome = server
            .upload_in(crate::support::spec("t"), file, data_bytes)
            .await;
        match outcome {
            Ok(_) => assert!(fits, "{data_bytes} bytes were taken"),
            Err(status) => assert!(!fits, "{data_bytes} bytes were refused: {status}"),
        }
    }
}
