//! The file to load, or standard input, as the stream of an upload's messages.
//!
//! `command::upload` opens it before it connects, and `command::inspect` reads its beginning. Bytes
//! are read on a thread of their own into a few chunks that are used again and again. It must never
//! end the stream before the end of the file, which it says with size and checksum: after a failure to
//! read the stream stays silent until the call is dropped.

mod origin;

use std::{
    collections::VecDeque,
    fs::{File, Metadata},
    io::{self, Read as _, Seek as _},
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use sluice_proto::v1::{UploadEnd, UploadRequest, UploadSpec, upload_request::Payload};
use tokio::sync::mpsc;
use tokio_stream::Stream;

pub(crate) use self::origin::Origin;
use self::origin::{Marks, Stamp};
use crate::{
    error::{Error, Result},
    progress::Counts,
    settings::Endpoint,
    stdio,
};

/// What an archive begins with, such as a workbook.
const ARCHIVE: &[u8] = b"PK\x03\x04";

/// The most bytes of an archive that are looked at: what fits a message of a server that has no other limit.
const MAX_ARCHIVE_BYTES: usize = 15 << 20;

/// Bytes of one message.
const CHUNK_BYTES: usize = 256 << 10;
/// Chunks between the thread that reads and the network.
const QUEUE_CHUNKS: usize = 3;
/// A chunk of a slow pipe is sent after this time even if it is not full.
const FLUSH_INTERVAL: Duration = Duration::from_secs(1);

/// An open file.
#[derive(Debug)]
pub(crate) struct Source {
    file: File,
    name: String,
    total_bytes: Option<u64>,
    /// The file as it was when it was opened; nothing for a pipe.
    stamp: Option<Stamp>,
    /// The way to read it again; nothing for standard input and pipes.
    origin: Option<Origin>,
    marks: Marks,
    /// Bytes before those that are read, and their CRC-32C.
    offset: u64,
    sum: u32,
}

impl Source {
    /// Opens the file. Fails with [`Error::Source`].
    pub(crate) fn open(input: &Endpoint) -> Result<Self> {
        let (name, opened) = match input {
            Endpoint::Standard => ("standard input".to_owned(), open_standard()),
            Endpoint::Path(path) => (path.display().to_string(), open_path(path)),
        };
        match opened {
            Ok((file, metadata)) => Ok(Self::new(file, &metadata, name, input)),
            Err(source) => Err(Error::Source {
                name,
                bytes: 0,
                source,
            }),
        }
    }

    fn new(file: File, metadata: &Metadata, name: String, input: &Endpoint) -> Self {
        let marks = Marks::default();
        let stamp = Stamp::of(metadata);
        let origin = match input {
            Endpoint::Standard => None,
            Endpoint::Path(path) => {
                stamp.map(|stamp| Origin::new(path.clone(), stamp, marks.clone()))
            }
        };
        let mut source = Self {
            file,
            name,
            total_bytes: size(metadata),
            stamp,
            origin,
            marks,
            offset: 0,
            sum: 0,
        };
        if *input == Endpoint::Standard {
            source.skip_read();
        }
        source
    }

    /// Standard input may be a file too, and may have been read in part.
    fn skip_read(&mut self) {
        let position = self.file.stream_position().unwrap_or_default();
        self.total_bytes = self.total_bytes.and_then(|size| size.checked_sub(position));
    }

    /// The way to read the file again; nothing for what can be read only once.
    pub(crate) fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// Opens the same file once more. Fails with [`Error::Usage`] for what can be read only once.
    pub(crate) fn reopen(&self, input: &Endpoint) -> Result<Self> {
        let is_file = self
            .file
            .metadata()
            .is_ok_and(|metadata| metadata.is_file());
        if !is_file {
            return Err(Error::Usage(format!(
                "--full-scan reads the file twice, and {} can be read once",
                self.name
            )));
        }
        Self::open(input)
    }

    /// Reads the beginning: the bytes, at most `limit`, and whether they are the whole file. Of an archive, whose end says
    /// what is in it, it is all that a message takes. Waits for the file. Fails with [`Error::Source`].
    pub(crate) fn read_sample(mut self, limit: usize) -> Result<(Bytes, bool)> {
        let mut sample = Vec::new();
        let mut limit = limit;
        // One byte more tells whether there is one.
        let mut read = |sample: &mut Vec<u8>, limit: usize| {
            let more = (limit + 1).saturating_sub(sample.len());
            (&mut self.file).take(more as u64).read_to_end(sample)
        };
        let mut beginning = read(&mut sample, limit);
        if beginning.is_ok() && sample.starts_with(ARCHIVE) && sample.len() > limit {
            limit = limit.max(MAX_ARCHIVE_BYTES);
            beginning = read(&mut sample, limit);
        }
        match beginning {
            Ok(_) => {
                let is_whole = sample.len() <= limit;
                sample.truncate(limit);
                Ok((sample.into(), is_whole))
            }
            Err(source) => Err(Error::Source {
                name: self.name,
                bytes: sample.len() as u64,
                source,
            }),
        }
    }

    /// Bytes of the file; of standard input those to come; `None` for a pipe.
    pub(crate) fn total_bytes(&self) -> Option<u64> {
        self.total_bytes
    }

    /// The messages of the upload, and the reader that fills them: it has to run on a thread that
    /// may wait.
    pub(crate) fn into_messages(self, spec: UploadSpec, counts: Arc<Counts>) -> (Messages, Reader) {
        let (sender, chunks) = mpsc::channel(QUEUE_CHUNKS);
        let messages = Messages {
            spec: Some(spec),
            chunks,
            counts,
            has_ended: false,
        };
        let reader = Reader {
            source: self,
            sender,
            used: VecDeque::with_capacity(QUEUE_CHUNKS + 2),
        };
        (messages, reader)
    }
}

fn open_path(path: &Path) -> io::Result<(File, Metadata)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    Ok((file, metadata))
}

fn open_standard() -> io::Result<(File, Metadata)> {
    let file = stdio::input()?;
    let metadata = file.metadata()?;
    Ok((file, metadata))
}

/// The size of a regular file. Files that the system makes up say 0, and may hold more.
fn size(metadata: &Metadata) -> Option<u64> {
    Some(metadata.len()).filter(|size| metadata.is_file() && *size > 0)
}

/// What goes from the reader to the network.
#[derive(Debug)]
enum Piece {
    /// The next bytes.
    Data(Bytes),
    /// The file is whole, and this is what was sent of it and before.
    End(UploadEnd),
}

/// Reads the file.
#[derive(Debug)]
pub(crate) struct Reader {
    source: Source,
    sender: mpsc::Sender<Piece>,
    /// Chunks that were sent, the oldest first; one that nobody holds any more is filled again.
    used: VecDeque<Bytes>,
}

impl Reader {
    /// Reads to the end of the file, or until nobody wants more. Waits for the file and for the
    /// network.
    pub(crate) fn run(mut self) -> Result<()> {
        match self.read_to_end() {
            Ok(true) => self.finish(),
            Ok(false) => Ok(()),
            Err(source) => Err(self.unreadable(source)),
        }
    }

    /// Returns whether the end was reached before nobody wanted more.
    fn read_to_end(&mut self) -> io::Result<bool> {
        loop {
            let mut chunk = self.empty_chunk();
            let (filled, at_end) = fill(&mut self.source.file, &mut chunk)?;
            chunk.truncate(filled);
            if filled > 0 {
                self.note(&chunk);
                let chunk = chunk.freeze();
                self.used.push_back(chunk.clone());
                if self.sender.blocking_send(Piece::Data(chunk)).is_err() {
                    return Ok(false);
                }
            }
            if at_end {
                return Ok(true);
            }
        }
    }

    /// Counts the bytes of a chunk and adds to their sum, which is kept where the file may be read again.
    fn note(&mut self, chunk: &[u8]) {
        let source = &mut self.source;
        source.offset += chunk.len() as u64;
        source.sum = crc32c::crc32c_append(source.sum, chunk);
        if source.origin.is_some() {
            source.marks.note(source.offset, source.sum);
        }
    }

    fn unreadable(self, source: io::Error) -> Error {
        Error::Source {
            name: self.source.name,
            bytes: self.source.offset,
            source,
        }
    }

    /// Says that the file is whole, unless it was written to while it was read.
    fn finish(self) -> Result<()> {
        let Source {
            total_bytes,
            offset,
            stamp,
            sum,
            ..
        } = self.source;
        if let Some(expected) = total_bytes.filter(|expected| offset < *expected) {
            let text =
                format!("the file had {expected} bytes when it was opened, and was cut since");
            let source = io::Error::new(io::ErrorKind::UnexpectedEof, text);
            return Err(self.unreadable(source));
        }
        if let (Some(stamp), Some(_)) = (stamp, &self.source.origin) {
            match self.source.file.metadata() {
                Ok(metadata) => {
                    let now = Stamp::of(&metadata).unwrap_or(stamp);
                    stamp.check(&now, &self.source.name)?;
                }
                Err(source) => return Err(self.unreadable(source)),
            }
        }
        // An error means that the call has ended, which the call itself tells.
        let end = UploadEnd {
            total_bytes: i64::try_from(offset).ok(),
            crc32c: Some(sum),
        };
        self.sender.blocking_send(Piece::End(end)).ok();
        Ok(())
    }

    /// A chunk of full length: the oldest one again if the network is done with it.
    fn empty_chunk(&mut self) -> BytesMut {
        let unused = self.used.pop_front().map(Bytes::try_into_mut);
        match unused {
            Some(Ok(mut chunk)) => {
                chunk.resize(CHUNK_BYTES, 0);
                chunk
            }
            Some(Err(busy)) => {
                self.used.push_front(busy);
                BytesMut::zeroed(CHUNK_BYTES)
            }
            None => BytesMut::zeroed(CHUNK_BYTES),
        }
    }
}

/// Reads until the chunk is full, the file is at its end, or a slow pipe has kept the chunk long
/// enough. Returns how many bytes there are, and whether it is the end.
fn fill(file: &mut File, chunk: &mut [u8]) -> io::Result<(usize, bool)> {
    let start = Instant::now();
    let mut filled = 0;
    while let Some(free) = chunk.get_mut(filled..).filter(|free| !free.is_empty()) {
        match file.read(free) {
            Ok(0) => return Ok((filled, true)),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        if start.elapsed() >= FLUSH_INTERVAL {
            break;
        }
    }
    Ok((filled, false))
}

/// The messages of an upload: the spec, then the chunks, then the end.
#[derive(Debug)]
pub(crate) struct Messages {
    spec: Option<UploadSpec>,
    chunks: mpsc::Receiver<Piece>,
    counts: Arc<Counts>,
    has_ended: bool,
}

impl Stream for Messages {
    type Item = UploadRequest;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<UploadRequest>> {
        let payload = match self.spec.take() {
            Some(spec) => Payload::Spec(spec),
            None if self.has_ended => return Poll::Ready(None),
            None => match self.chunks.poll_recv(context) {
                Poll::Ready(Some(Piece::Data(data))) => {
                    self.counts.add_bytes(data.len());
                    Payload::Data(data)
                }
                Poll::Ready(Some(Piece::End(end))) => {
                    self.has_ended = true;
                    Payload::End(end)
                }
                // Closed without an end: the reader has failed, and whoever waits for it drops the
                // call. An end here would be taken for the end of the file.
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            },
        };
        Poll::Ready(Some(UploadRequest {
            payload: Some(payload),
        }))
    }
}

#[cfg(test)]
mod tests;
