//! Hands the bytes of a request to the gRPC library in small pieces.
//!
//! `rpc` puts it before the services. It must never copy a byte.
//!
//! How this works: the library makes room for a whole message once it has seen its head, beside
//! all that has come already. Of a frame that holds a message it would keep two copies, and clients of
//! any size of frame are welcome.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{body::Body, extract::Request};
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

/// The most bytes of a piece: those of a frame of HTTP/2, unless its receiver asks for more (RFC 9113, 4.2).
const PIECE_BYTES: usize = 16 << 10;

/// Has the body of a request come in pieces.
pub(super) async fn cut(request: Request) -> Request {
    request.map(|body| {
        Body::new(Pieces {
            body,
            rest: Bytes::new(),
        })
    })
}

/// A body in pieces.
struct Pieces {
    body: Body,
    /// What has come and is still to be handed on.
    rest: Bytes,
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                end => return Poll::Ready(end),
            }
        }
        let length = self.rest.len().min(PIECE_BYTES);
        let piece = self.rest.split_to(length);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (hint, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut whole = SizeHint::new();
        whole.set_lower(hint.lower() + rest);
        if let Some(upper) = hint.upper() {
            whole.set_upper(upper + rest);
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn no_piece_is_too_large_and_no_byte_is_lost() {
        for length in [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 300_000] {
            let whole: Vec<u8> = (0..=250).cycle().take(length).collect();
            let mut body = cut(Request::new(Body::from(whole.clone())))
                .await
                .into_body();
            let mut received = Vec::new();
            while let Some(frame) = body.frame().await {
                let piece = frame.unwrap().into_data().unwrap();
                assert_eq!(piece.len(), PIECE_BYTES.min(length - received.len()));
                received.extend_from_slice(&piece);
                let left = (length - received.len()) as u64;
                assert_eq!(body.size_hint().exact(), Some(left));
            }
            assert!(body.is_end_stream());
            assert_eq!(received, whole);
        }
    }
}
