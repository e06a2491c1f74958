//! Leads the bytes of files past the gRPC library, which would copy them.
//!
//! `rpc::ingest` hands a body over with the response of an export, and `rpc` has it put in place right
//! behind the services; the body of an upload is set aside right before them. It must never end a call
//! whose body did not arrive as if it had been served.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{body::Body, extract::Request, response::Response};
use sluice_proto::{Bulk, Frames, Messages, v1::ingest_service_server::SERVICE_NAME};
use tokio_stream::Stream;
use tonic::Status;

/// What the library sees of the messages: that they are not sent by it.
pub(super) type Absent<T> = tokio_stream::Once<Result<T, Status>>;

/// A body on its way around the library. What goes with a request or a response has to be `Clone` and
/// `Sync`; there is one body all the same.
#[derive(Clone)]
struct Handed(Arc<Mutex<Option<Body>>>);

impl Handed {
    fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new(Some(body))))
    }

    fn take(self) -> Option<Body> {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        body.take()
    }
}

/// Sets the body of an upload aside for [`messages`].
pub(super) async fn set_aside(mut request: Request) -> Request {
    if is_upload(request.uri().path()) {
        let body = mem::take(request.body_mut());
        request.extensions_mut().insert(Handed::new(body));
    }
    request
}

fn is_upload(path: &str) -> bool {
    let path = path.strip_prefix('/').unwrap_or_default();
    path.strip_prefix(SERVICE_NAME) == Some("/Upload")
}

/// The messages of an upload whose body was set aside. Each may have so many bytes.
pub(super) fn messages<T>(
    mut request: tonic::Request<T>,
    max_message_bytes: usize,
) -> Result<Messages<Body>, Status> {
    let handed: Option<Handed> = request.extensions_mut().remove();
    let body = handed.and_then(Handed::take);
    let body =
        body.ok_or_else(|| Status::internal("the body of this request was not set aside"))?;
    Ok(Messages::new(body, max_message_bytes))
}

/// A response with these messages.
pub(super) fn respond<T, S>(messages: S) -> tonic::Response<Absent<T>>
where
    T: Bulk + 'static,
    S: Stream<Item = Result<T, Status>> + Send + Unpin + 'static,
{
    let absent = Status::internal("the body of this response was not put in place");
    let mut response = tonic::Response::new(tokio_stream::once(Err(absent)));
    let body = Body::new(Frames::response(messages));
    response.extensions_mut().insert(Handed::new(body));
    response
}

/// Puts the body in place that was handed over with a response.
pub(super) async fn place(mut response: Response) -> Response {
    let handed: Option<Handed> = response.extensions_mut().remove();
    if let Some(body) = handed.and_then(Handed::take) {
        *response.body_mut() = body;
    }
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use hyper::body::Body as _;
    use sluice_proto::v1::{
        ExportResponse, export_response::Payload, upload_request::Payload::Data,
    };
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
}
