//! Bodies on their way around the library, and what becomes of one that breaks off.

use std::convert::Infallible;

use h2::Reason;
use http_body_util::BodyExt as _;
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use sluice_proto::{
    Fault,
    v1::{ExportResponse, export_response::Payload, upload_request::Payload::Data},
};
use tokio::{io::DuplexStream, sync::oneshot};
use tokio_stream::StreamExt as _;
use tonic::Code;

use super::*;

fn response() -> tonic::Response<Absent<ExportResponse>> {
    let message = ExportResponse {
        payload: Some(Payload::Data("a,b\n".into())),
    };
    respond(tokio_stream::once(Ok(message)))
}

#[tokio::test]
async fn the_body_that_was_handed_over_takes_the_place_of_the_other() {
    let (_, _, extensions) = response().into_parts();
    let mut response = Response::new(Body::from("another"));
    *response.extensions_mut() = extensions;
    let mut response = place(response).await;
    let body = response.body_mut().collect().await.unwrap();
    assert_eq!(body.trailers().unwrap().get("grpc-status").unwrap(), "0");
    assert_eq!(body.to_bytes().as_ref(), b"\0\0\0\0\x06\x12\x04a,b\n");
    assert!(response.extensions().is_empty());
}

#[tokio::test]
async fn a_response_without_one_stays_as_it_is() {
    let response = place(Response::new(Body::from("another"))).await;
    assert_eq!(response.body().size_hint().exact(), Some(7));
}

const UPLOAD: &str = "/sluice.v1.IngestService/Upload";

fn request(path: &str) -> Request {
    let mut request = Request::new(Body::from(&b"\0\0\0\0\x06\x12\x04a,b\n"[..]));
    *request.uri_mut() = path.parse().unwrap();
    request
}

/// What the handler sees of a request.
fn seen(request: Request) -> tonic::Request<Body> {
    let (parts, body) = request.into_parts();
    let mut request = tonic::Request::new(body);
    *request.extensions_mut() = parts.extensions;
    request
}

#[tokio::test]
async fn an_upload_is_read_from_the_body_that_was_set_aside() {
    let request = set_aside(request(UPLOAD)).await;
    assert_eq!(request.body().size_hint().exact(), Some(0));
    let mut messages = messages(seen(request), 6).unwrap();
    let message = messages.next().await.unwrap().unwrap();
    assert_eq!(message.payload, Some(Data("a,b\n".into())));
    assert!(messages.next().await.unwrap().is_none());
}

#[tokio::test]
async fn the_body_of_another_call_stays_where_it_is() {
    for path in [
        "/",
        "/sluice.v1.IngestService/Uploads",
        "/sluice.v1.IngestService/AppendUpload",
        "/x/sluice.v1.IngestService/Upload",
        "/sluice.v1.CatalogService/Upload",
    ] {
        let request = set_aside(request(path)).await;
        assert_eq!(request.body().size_hint().exact(), Some(11), "{path}");
        let missing = messages(seen(request), 6).unwrap_err();
        assert_eq!(missing.code(), Code::Internal);
    }
}

#[tokio::test]
async fn a_body_that_was_never_put_in_place_is_an_error() {
    let seen: Vec<_> = response().into_inner().collect().await;
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].as_ref().unwrap_err().code(), Code::Internal);
}

/// The upload that a client sends: one message, and then it ends, or is reset for a reason.
async fn send(client: DuplexStream, reset: Option<Reason>, has_arrived: oneshot::Receiver<()>) {
    let (mut client, connection) = h2::client::handshake(client).await.unwrap();
    let upload = async move {
        let request = http::Request::post(format!("http://localhost{UPLOAD}"));
        let (_response, mut stream) = client
            .send_request(request.body(()).unwrap(), false)
            .unwrap();
        let message = Bytes::from_static(b"\0\0\0\0\x06\x12\x04a,b\n");
        stream.send_data(message, false).unwrap();
        has_arrived.await.unwrap();
        match reset {
            Some(reason) => stream.send_reset(reason),
            None => stream.send_data(Bytes::new(), true).unwrap(),
        }
        // The connection is held until the other side has seen it.
        std::future::pending::<()>().await;
    };
    let (closed, ()) = tokio::join!(connection, upload);
    closed.unwrap();
}

/// What a handler sees of an upload at its end.
async fn end_of_upload(reset: Option<Reason>) -> Result<(), Fault> {
    let (client, server) = tokio::io::duplex(64 << 10);
    let (arrive, has_arrived) = oneshot::channel();
    let (end, seen_end) = oneshot::channel();
    let once = Mutex::new(Some((arrive, end)));
    let handler = service_fn(move |request: http::Request<Incoming>| {
        let (arrive, end) = once.lock().unwrap().take().unwrap();
        async move {
            let request = set_aside(request.map(Body::new)).await;
            let mut messages = messages(seen(request), 6).unwrap();
            let message = messages.next().await.unwrap().unwrap();
            assert_eq!(message.payload, Some(Data("a,b\n".into())));
            arrive.send(()).unwrap();
            let rest = messages.next().await;
            end.send(rest.map(|message| assert!(message.is_none())))
                .unwrap();
            // The connection is held as long as the call.
            std::future::pending::<Result<Response, Infallible>>().await
        }
    });
    let server =
        http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(server), handler);
    tokio::select! {
        _ = server => unreachable!("the client stays"),
        () = send(client, reset, has_arrived) => unreachable!("the server stays"),
        end = seen_end => end.unwrap(),
    }
}

#[tokio::test]
async fn a_file_ends_where_its_sender_has_ended_it() {
    end_of_upload(None).await.unwrap();
}

#[tokio::test]
async fn a_reset_stream_is_no_file_that_has_ended() {
    for reason in [Reason::NO_ERROR, Reason::CANCEL, Reason::INTERNAL_ERROR] {
        match end_of_upload(Some(reason)).await {
            Err(Fault::Broken(_)) => {}
            end => panic!("{reason}: {end:?}"),
        }
    }
}
