//! Sends the bytes of an export past the gRPC library, which would copy them.
//!
//! `rpc::ingest` hands a body over with its response, `rpc` has it put in place right behind the
//! services. It must never end a call whose body did not arrive as if it had been served.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{body::Body, response::Response};
use sluice_proto::{Bulk, Frames};
use tokio_stream::Stream;
use tonic::Status;

/// What the library sees of the messages: that they are not sent by it.
pub(super) type Absent<T> = tokio_stream::Once<Result<T, Status>>;

/// A body on its way around the library. What goes with a response has to be `Clone` and `Sync`; there
/// is one body all the same.
#[derive(Clone)]
struct Handed(Arc<Mutex<Option<Body>>>);

/// A response with these messages.
pub(super) fn respond<T, S>(messages: S) -> tonic::Response<Absent<T>>
where
    T: Bulk + 'static,
    S: Stream<Item = Result<T, Status>> + Send + Unpin + 'static,
{
    let absent = Status::internal("the body of this response was not put in place");
    let mut response = tonic::Response::new(tokio_stream::once(Err(absent)));
    let body = Body::new(Frames::response(messages));
    let handed = Handed(Arc::new(Mutex::new(Some(body))));
    response.extensions_mut().insert(handed);
    response
}

/// Puts the body in place that was handed over with a response.
pub(super) async fn place(mut response: Response) -> Response {
    if let Some(Handed(body)) = response.extensions_mut().remove() {
        let body = body.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(body) = body {
            *response.body_mut() = body;
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use hyper::body::Body as _;
    use sluice_proto::v1::{ExportResponse, export_response::Payload};
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

    #[tokio::test]
    async fn a_body_that_was_never_put_in_place_is_an_error() {
        let seen: Vec<_> = response().into_inner().collect().await;
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].as_ref().unwrap_err().code(), Code::Internal);
    }
}
