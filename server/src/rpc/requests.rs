//! The messages of requests on their way to the gRPC library, within their limits of size, time and memory;
//! and the memory of large answers.
//!
//! `rpc` puts [`limit`] behind the one that says who calls, so that nothing is read for a caller who may
//! not call. The bytes of an upload go around it, see `rpc::bulk`. It must never copy a byte.
//!
//! How this works: each message begins with its length. One that is too long for its method is refused
//! there, any other waits for its part of the memory before more of it is read, and keeps that until its call
//! is answered. It is handed on in small pieces: the library makes room for a whole message once it has
//! seen its head, beside all that has come already. Of a frame that holds a message it would keep two copies,
//! and clients of any size of frame are welcome.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use tokio::time::{Instant, timeout_at};
use tonic::Status;

use super::{bulk, forward, status};
use crate::{
    memory::{Memory, Message, Share},
    transfer::Error,
};

/// The most bytes of a piece: those of a frame of HTTP/2, unless its receiver asks for more (RFC 9113, 4.2).
const PIECE_BYTES: usize = 16 << 10;

/// The bytes before each message: whether it is compressed, and its length.
const HEAD_BYTES: usize = 5;

/// The most bytes of a message of somebody who is not known: the name of a service, or nothing.
const STRANGER_BYTES: usize = 4 << 10;

/// The most bytes of a message that names something: a transfer, a table, a page of a list.
const SMALL_BYTES: usize = 64 << 10;

/// The most bytes of a message that says what to do: thousands of columns, or a query.
const SPEC_BYTES: usize = 1 << 20;

/// The methods whose messages say what to do.
const SPECS: [&str; 3] = ["/BeginUpload", "/Export", "/PreviewRows"];

/// The methods whose messages hold bytes of a file.
const FILES: [&str; 2] = ["/AppendUpload", "/InspectFile"];

/// The one method with many messages in a request: it may stay silent between them.
const REFLECTION: &str = "/ServerReflectionInfo";

/// The bytes that a sender must manage in each second beyond the first ones.
const LEAST_BYTES_A_SECOND: usize = 16 << 10;

/// What messages may take.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) memory: Arc<Memory>,
    pub(super) max_message_bytes: usize,
    pub(super) timeout: Duration,
}

/// Keeps the messages of a request within its limits.
pub(super) async fn limit(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if bulk::is_upload(path) {
        return next.run(request).await;
    }
    let mut messages = Messages::new(limits, path);
    messages.is_forwarded = request.headers().contains_key(forward::MARK);
    let held = Arc::clone(&messages.held);
    let request = request.map(|body| {
        let source = (body, messages);
        let frames = stream::try_unfold(source, async |(mut body, mut messages)| {
            let frame = messages.next(&mut body).await?;
            Ok::<_, axum::Error>(frame.map(|frame| (frame, (body, messages))))
        });
        Body::new(StreamBody::new(frames))
    });
    let mut response = next.run(request).await;
    drop(take(&held));
    match response.extensions_mut().remove() {
        Some(AnswerMemory(share)) => response.map(|body| {
            // It goes with the body.
            let kept = body.map_frame(move |frame| {
                let _share = &share;
                frame
            });
            Body::new(kept)
        }),
        None => response,
    }
}

/// The memory of an answer until it is sent.
#[derive(Clone, Debug)]
#[must_use]
pub(super) struct AnswerMemory(Arc<Share>);

/// An answer that keeps its memory until it is sent.
pub(super) fn with_memory<T>(
    mut response: tonic::Response<T>,
    memory: AnswerMemory,
) -> tonic::Response<T> {
    response.extensions_mut().insert(memory);
    response
}

impl Limits {
    /// Waits for the memory of an answer of at most so many bytes, which are there twice when it is encoded.
    pub(super) async fn answer(&self, bytes: usize) -> Result<AnswerMemory, Status> {
        let memory = &self.memory;
        let share = memory.message(Message::Large, 2 * bytes).await;
        let limit = memory.limit();
        let share = share.ok_or_else(|| status::status(&Error::MemoryLimit { limit }))?;
        Ok(AnswerMemory(Arc::new(share)))
    }
}

/// The memory of the message at hand, until its call is answered.
type Held = Arc<Mutex<Option<Share>>>;

fn take(held: &Held) -> Option<Share> {
    held.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// The messages of one request.
struct Messages {
    limits: Limits,
    most_bytes: usize,
    is_stranger: bool,
    /// Whether another server of the fleet has handed it on.
    is_forwarded: bool,
    has_pauses: bool,
    held: Held,
    /// What has come and is still to be handed on.
    rest: Bytes,
    /// The head of the next message, as far as it has come.
    head: Vec<u8>,
    /// What is still to come of the message at hand.
    left: usize,
    /// When the message must have come.
    until: Instant,
}

impl Messages {
    fn new(limits: Limits, path: &str) -> Self {
        let is_one_of = |names: &[&str]| names.iter().any(|name| path.ends_with(name));
        let is_stranger = super::access::is_open(path);
        let most_bytes = match () {
            () if is_stranger => STRANGER_BYTES,
            () if is_one_of(&FILES) => limits.max_message_bytes,
            () if is_one_of(&SPECS) => SPEC_BYTES.min(limits.max_message_bytes),
            () => SMALL_BYTES.min(limits.max_message_bytes),
        };
        Self {
            most_bytes,
            is_stranger,
            is_forwarded: false,
            has_pauses: path.ends_with(REFLECTION),
            held: Held::default(),
            rest: Bytes::new(),
            head: Vec::with_capacity(HEAD_BYTES),
            left: 0,
            until: Instant::now() + limits.timeout,
            limits,
        }
    }

    /// The next piece of a body.
    async fn next(&mut self, body: &mut Body) -> Result<Option<Frame<Bytes>>, axum::Error> {
        while self.rest.is_empty() {
            let is_pause = self.has_pauses && self.left == 0 && self.head.is_empty();
            let frame = if is_pause {
                let frame = body.frame().await;
                self.until = Instant::now() + self.limits.timeout;
                frame
            } else {
                let frame = timeout_at(self.until, body.frame()).await;
                frame
                    .map_err(|_| axum::Error::new(status::message_too_slow(self.limits.timeout)))?
            };
            match frame.transpose()?.map(Frame::into_data) {
                Some(Ok(data)) => self.rest = data,
                Some(Err(other)) => return Ok(Some(other)),
                None => return Ok(None),
            }
        }
        let piece = self.piece().await?;
        Ok(Some(Frame::data(piece)))
    }

    /// The next bytes of the head or of the message behind it.
    async fn piece(&mut self) -> Result<Bytes, axum::Error> {
        if self.left > 0 {
            let length = self.rest.len().min(PIECE_BYTES).min(self.left);
            self.left -= length;
            return Ok(self.rest.split_to(length));
        }
        let length = self.rest.len().min(HEAD_BYTES - self.head.len());
        let piece = self.rest.split_to(length);
        self.head.extend_from_slice(&piece);
        if let [_, a, b, c, d] = *self.head.as_slice() {
            self.head.clear();
            self.left = u32::from_be_bytes([a, b, c, d]) as usize;
            self.admit().await.map_err(axum::Error::new)?;
        }
        Ok(piece)
    }

    /// Refuses the message that begins now, or takes the memory for it.
    async fn admit(&mut self) -> Result<(), Status> {
        let bytes = self.left;
        if bytes > self.most_bytes {
            return Err(status::message_too_large(bytes, self.most_bytes));
        }
        if bytes == 0 {
            return Ok(());
        }
        let whose = match bytes {
            _ if self.is_stranger => Message::Stranger,
            ..=SMALL_BYTES => Message::Small,
            _ if self.is_forwarded => Message::Forwarded,
            _ => Message::Large,
        };
        // That of a message before is not needed any more.
        drop(take(&self.held));
        let asked = Instant::now();
        let memory = &self.limits.memory;
        let share = memory.message(whose, bytes).await;
        let limit = memory.limit();
        let share = share.ok_or_else(|| status::status(&Error::MemoryLimit { limit }))?;
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(share);
        // Nobody is too slow who had to wait.
        let more = Duration::from_secs((bytes / LEAST_BYTES_A_SECOND) as u64);
        self.until += asked.elapsed() + more;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
