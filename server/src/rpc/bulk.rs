//! Leads the bytes of files past the gRPC library, which would copy them.
//!
//! `rpc::ingest` hands a body over with the response of an export, and `rpc` has it put in place right
//! behind the services; the body of an upload is set aside right before them. It must never end a call
//! whose body did not arrive as if it had been served.

use std::{
    future::Future,
    mem,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::Version,
    response::Response,
};
use hyper::body::{Body as HttpBody, Frame};
use sluice_proto::{Bulk, Frames, Messages, v1::ingest_service_server::SERVICE_NAME};
use tokio_stream::{Stream, StreamExt as _};
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
        let mut body = mem::take(request.body_mut());
        if request.version() == Version::HTTP_2 {
            body = Body::new(Whole(body));
        }
        request.extensions_mut().insert(Handed::new(body));
    }
    request
}

/// A body of HTTP/2 that ends where its sender has ended it, and nowhere else.
///
/// A stream that is reset without an error looks like one that has ended to the HTTP library, since that is
/// how a server may answer early (RFC 9113, 8.1). From a client, or a proxy before it, it is a file cut off.
struct Whole(Body);

impl HttpBody for Whole {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.0).poll_frame(context));
        Poll::Ready(match frame {
            None if !self.0.is_end_stream() => {
                let reset = Status::cancelled("the stream was reset");
                Some(Err(axum::Error::new(reset)))
            }
            frame => frame,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }
}

/// Whether the bytes of this call are those of a file, which come message by message.
pub(super) fn is_upload(path: &str) -> bool {
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

/// A response that begins now, and whose one message comes later.
pub(super) fn respond_later<T, F>(message: F) -> tonic::Response<T>
where
    T: Bulk + Default + 'static,
    F: Future<Output = Result<T, Status>> + Send + 'static,
{
    let messages = Box::pin(tokio_stream::once(message).then(|message| message));
    let mut response = tonic::Response::new(T::default());
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
mod tests;
