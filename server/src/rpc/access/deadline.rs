//! Ends a call when its token has ended and the grace after it.
//!
//! Part of `rpc::access`. What ends the handler ends the transfer: an upload can go on with a new
//! token.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::HeaderMap;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

use crate::rpc::status;

/// Runs a handler and the stream that it answers with until `limit`.
pub(super) async fn within(limit: Duration, handler: impl Future<Output = Response>) -> Response {
    let end = Instant::now() + limit;
    match timeout_at(end, handler).await {
        Ok(response) => response.map(|body| {
            Body::new(Ending {
                body,
                end: Box::pin(sleep_until(end)),
                is_over: false,
            })
        }),
        Err(_) => status::outlived_token().into_http(),
    }
}

/// A body that ends with an error at a given time.
struct Ending {
    body: Body,
    end: Pin<Box<Sleep>>,
    is_over: bool,
}

impl HttpBody for Ending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        if self.end.as_mut().poll(context).is_ready() {
            self.is_over = true;
            let mut trailers = HeaderMap::new();
            // A status of ours always fits into headers.
            let written = status::outlived_token().add_header(&mut trailers);
            return Poll::Ready(written.is_ok().then(|| Ok(Frame::trailers(trailers))));
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
