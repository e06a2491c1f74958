//! The messages of a call as the body of its request or response, by the rules of gRPC over HTTP/2.
//!
//! The command line sends the file of an upload through it, the server that of an export. It must
//! never copy the bytes of a file, nor ask for a message before the one before has been taken.
//!
//! How this works: the gRPC library encodes every message into a buffer of its own, and with it the
//! bytes of the file. Here prost encodes the head of such a message only. What it holds of the file
//! follows as a frame of its own, which is the very buffer that it was read or written into.

use std::{
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{BufMut as _, Bytes};
use http::HeaderMap;
use http_body::{Body, Frame};
use prost::{Message, encode_length_delimiter, length_delimiter_len};
use tokio_stream::Stream;
use tonic::Status;

use crate::v1::{ExportResponse, UploadRequest, UploadResponse, export_response, upload_request};

/// Bytes in front of each message: whether it is compressed, and its length.
pub(crate) const PREFIX_BYTES: usize = 1 + 4;

/// A message that may hold bytes of a file.
pub trait Bulk: Message {
    /// Takes the bytes, if it is such a message. They must be the field that is encoded last, and
    /// leave behind an empty one.
    fn take_data(&mut self) -> Option<Bytes>;
}

impl Bulk for UploadRequest {
    fn take_data(&mut self) -> Option<Bytes> {
        match &mut self.payload {
            Some(upload_request::Payload::Data(data)) => Some(mem::take(data)),
            _ => None,
        }
    }
}

impl Bulk for UploadResponse {
    fn take_data(&mut self) -> Option<Bytes> {
        None
    }
}

impl Bulk for ExportResponse {
    fn take_data(&mut self) -> Option<Bytes> {
        match &mut self.payload {
            Some(export_response::Payload::Data(data)) => Some(mem::take(data)),
            _ => None,
        }
    }
}

/// Which side sends: only the server says how the call has ended.
#[derive(Debug, Clone, Copy)]
enum Sender {
    Client,
    Server,
}

/// A stream of messages as a body.
#[derive(Debug)]
pub struct Frames<S> {
    messages: S,
    sender: Sender,
    /// What the message whose head was taken last holds of the file.
    data: Bytes,
    has_ended: bool,
}

impl<S> Frames<S> {
    /// The body of a request. It ends as the messages end; a failure among them breaks the call.
    pub const fn request(messages: S) -> Self {
        Self::new(messages, Sender::Client)
    }

    /// The body of a response. It ends with the status: OK, or the failure among the messages.
    pub const fn response(messages: S) -> Self {
        Self::new(messages, Sender::Server)
    }

    const fn new(messages: S, sender: Sender) -> Self {
        Self {
            messages,
            sender,
            data: Bytes::new(),
            has_ended: false,
        }
    }

    /// The last frame, if there is one.
    fn end(&mut self, outcome: Result<(), Status>) -> Option<Result<Frame<Bytes>, Status>> {
        self.has_ended = true;
        match (self.sender, outcome) {
            (Sender::Client, Ok(())) => None,
            (Sender::Client, Err(status)) => Some(Err(status)),
            (Sender::Server, Ok(())) => Some(trailers(&Status::ok(""))),
            (Sender::Server, Err(status)) => Some(trailers(&status)),
        }
    }
}

impl<S, M> Body for Frames<S>
where
    S: Stream<Item = Result<M, Status>> + Unpin,
    M: Bulk,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if !self.data.is_empty() {
            let data = mem::take(&mut self.data);
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if self.has_ended {
            return Poll::Ready(None);
        }
        let Some(message) = ready!(Pin::new(&mut self.messages).poll_next(context)) else {
            return Poll::Ready(self.end(Ok(())));
        };
        Poll::Ready(match message.and_then(split) {
            Ok((head, data)) => {
                self.data = data;
                Some(Ok(Frame::data(head)))
            }
            Err(status) => self.end(Err(status)),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended
    }
}

fn trailers(status: &Status) -> Result<Frame<Bytes>, Status> {
    let mut headers = HeaderMap::new();
    status.add_header(&mut headers)?;
    Ok(Frame::trailers(headers))
}

/// A message as the bytes that are sent: those before what it holds of the file, and that.
fn split<M: Bulk>(mut message: M) -> Result<(Bytes, Bytes), Status> {
    let Some(data) = message.take_data() else {
        let head = head(&message, message.encoded_len(), 0)?;
        return Ok((head.into(), Bytes::new()));
    };
    // What is left ends with the length of no data, one byte: the true one takes its place.
    let rest_bytes = message.encoded_len() - 1 + length_delimiter_len(data.len());
    let mut head = head(&message, rest_bytes, data.len())?;
    head.pop();
    encode_length_delimiter(data.len(), &mut head).map_err(|error| broken(&error))?;
    Ok((head.into(), data))
}

/// The prefix, and the message without data. The bytes that both will have are known before.
fn head<M: Message>(message: &M, rest_bytes: usize, data_bytes: usize) -> Result<Vec<u8>, Status> {
    let length = rest_bytes.saturating_add(data_bytes);
    let length = u32::try_from(length).map_err(|_| {
        Status::resource_exhausted(format!(
            "cannot send a message of {length} bytes: 4 GiB is the end"
        ))
    })?;
    let mut head = Vec::with_capacity(PREFIX_BYTES + rest_bytes);
    head.put_u8(0);
    head.put_u32(length);
    message.encode(&mut head).map_err(|error| broken(&error))?;
    Ok(head)
}

/// A buffer that grows is never too small; if it were, the call would end with this.
fn broken(error: &prost::EncodeError) -> Status {
    Status::internal(format!("a message cannot be encoded: {error}"))
}

#[cfg(test)]
mod tests;
