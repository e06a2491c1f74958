//! The messages of an upload, from the body of its request, by the rules of gRPC over HTTP/2.
//!
//! The server reads uploads through it. It must never copy the bytes of a file, keep more of it than has
//! come, or take a body that broke off for one that has ended.
//!
//! How this works: the gRPC library collects every message in a buffer of its own. Here a message that
//! holds a piece of the file is not collected: whatever of it has come is handed on, as a message
//! of its own. To whoever puts the file together that is the same.

use std::mem;

use bytes::{Buf as _, Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt as _;
use prost::{Message as _, decode_length_delimiter};
use tonic::Status;

use crate::{
    frames::PREFIX_BYTES,
    v1::{UploadRequest, upload_request::Payload},
};

/// What stands before a piece of the file: the number of its field, and that a length follows
/// (<https://protobuf.dev/programming-guides/encoding/>).
const DATA_KEY: u8 = (2 << 3) | 2;

/// Of a piece that is smaller, more is waited for: each costs whoever keeps it some 100 bytes.
const MIN_PIECE_BYTES: usize = 4 << 10;

/// The most bytes of a length.
const MAX_LENGTH_BYTES: usize = 10;

/// Why there is no next message.
#[derive(Debug)]
pub enum Fault {
    /// The call has broken off.
    Broken(Status),
    /// What came is not a message, or one above the limit.
    Message(Status),
}

/// The messages of an upload.
#[derive(Debug)]
pub struct Messages<B> {
    body: B,
    max_message_bytes: usize,
    /// What has come and is still to be looked at.
    rest: Bytes,
    state: State,
}

/// What comes next.
#[derive(Debug)]
enum State {
    /// The beginning of a message, as far as it has come: its prefix, and what says that it is a piece of
    /// the file.
    Beginning(Vec<u8>),
    /// Another message, all of which is needed.
    Message { bytes: BytesMut, byte_count: usize },
    /// A piece of the file with so many bytes left, and what has come of it but is too small.
    Data { left: usize, small: BytesMut },
}

/// What the beginning of a message says.
enum Beginning {
    /// It is too short to say.
    Open,
    /// This many bytes of the file follow, and then the next message.
    Data(usize),
    /// This many bytes are another message.
    Message(usize),
}

impl<B> Messages<B> {
    /// The messages of a body, each of which may have so many bytes.
    pub const fn new(body: B, max_message_bytes: usize) -> Self {
        Self {
            body,
            max_message_bytes,
            rest: Bytes::new(),
            state: State::Beginning(Vec::new()),
        }
    }
}

impl<B> Messages<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// The next message, or the next piece of one; none when the caller has sent all. Dropped in the
    /// middle, it has lost nothing.
    ///
    /// # Errors
    ///
    /// The call has broken off, or its bytes are no messages. There is nothing after that.
    pub async fn next(&mut self) -> Result<Option<UploadRequest>, Fault> {
        loop {
            if let Some(message) = self.take().map_err(Fault::Message)? {
                return Ok(Some(message));
            }
            let Some(frame) = self.body.frame().await else {
                return self.end();
            };
            let frame = frame.map_err(|error| Fault::Broken(Status::from_error(error.into())))?;
            // Trailers of a request say nothing.
            self.rest = frame.into_data().unwrap_or_default();
        }
    }

    /// The next message of what has come; none when that is used up.
    fn take(&mut self) -> Result<Option<UploadRequest>, Status> {
        while !self.rest.is_empty() {
            match &mut self.state {
                State::Beginning(beginning) => {
                    beginning.push(self.rest.get_u8());
                    match read(beginning, self.max_message_bytes)? {
                        Beginning::Open => continue,
                        Beginning::Data(left) => {
                            let small = BytesMut::new();
                            self.state = State::Data { left, small };
                        }
                        Beginning::Message(byte_count) => {
                            let bytes = beginning.get(PREFIX_BYTES..).unwrap_or_default();
                            let bytes = BytesMut::from(bytes);
                            self.state = State::Message { bytes, byte_count };
                        }
                    }
                }
                State::Message { bytes, byte_count } => {
                    let missing = *byte_count - bytes.len();
                    bytes.extend_from_slice(&self.rest.split_to(missing.min(self.rest.len())));
                }
                State::Data { left, small } => {
                    let mut piece = self.rest.split_to((*left).min(self.rest.len()));
                    *left -= piece.len();
                    if *left > 0 && small.len() + piece.len() < MIN_PIECE_BYTES {
                        small.extend_from_slice(&piece);
                        continue;
                    }
                    if !small.is_empty() {
                        small.extend_from_slice(&piece);
                        piece = mem::take(small).freeze();
                    }
                    if *left == 0 {
                        self.state = State::Beginning(Vec::new());
                    }
                    let payload = Some(Payload::Data(piece));
                    return Ok(Some(UploadRequest { payload }));
                }
            }
            if let Some(message) = self.take_whole()? {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    /// A message that has come to its end without another byte.
    fn take_whole(&mut self) -> Result<Option<UploadRequest>, Status> {
        let payload = match &mut self.state {
            State::Data { left: 0, .. } => Some(Payload::Data(Bytes::new())),
            State::Message { bytes, byte_count } if bytes.len() == *byte_count => {
                let message = UploadRequest::decode(mem::take(bytes).freeze());
                let message = message.map_err(|error| Status::internal(error.to_string()))?;
                message.payload
            }
            _ => return Ok(None),
        };
        self.state = State::Beginning(Vec::new());
        Ok(Some(UploadRequest { payload }))
    }

    /// What the end of the body means.
    fn end(&self) -> Result<Option<UploadRequest>, Fault> {
        match &self.state {
            State::Beginning(beginning) if beginning.is_empty() => Ok(None),
            _ => Err(Fault::Broken(Status::internal(
                "the request ends in the middle of a message",
            ))),
        }
    }
}

/// Reads the beginning of a message, which has grown by a byte.
fn read(beginning: &[u8], max_message_bytes: usize) -> Result<Beginning, Status> {
    let Some((&[is_compressed, a, b, c, d], message)) = beginning.split_first_chunk() else {
        return Ok(Beginning::Open);
    };
    if is_compressed != 0 {
        return Err(Status::internal(format!(
            "a message has the compressed flag {is_compressed}, but the request names no grpc-encoding"
        )));
    }
    let byte_count = u32::from_be_bytes([a, b, c, d]) as usize;
    if byte_count > max_message_bytes {
        return Err(Status::out_of_range(format!(
            "a message has {byte_count} bytes, the limit is {max_message_bytes}"
        )));
    }
    Ok(match message {
        [] if byte_count > 0 => Beginning::Open,
        [DATA_KEY, length @ ..] if message.len() <= byte_count => {
            let is_whole = length.last().is_some_and(|byte| byte & 0x80 == 0);
            if !is_whole && length.len() < MAX_LENGTH_BYTES && message.len() < byte_count {
                return Ok(Beginning::Open);
            }
            match decode_length_delimiter(length) {
                Ok(data) if message.len().checked_add(data) == Some(byte_count) => {
                    Beginning::Data(data)
                }
                _ => Beginning::Message(byte_count),
            }
        }
        _ => Beginning::Message(byte_count),
    })
}

#[cfg(test)]
mod tests;
