//! Unpacks xz streams that follow one another.
//!
//! Driven by the unpacker. It must never take more memory than it may, nor go on after a checksum that does
//! not match.

use std::{fmt, io::ErrorKind};

use lzma_rust2::{Action, Status, StreamResult, XzStream};

use super::{Fault, Step};
use crate::codec::compression::XZ_MAGIC;

/// Where in the file the next byte stands.
enum State {
    /// Between streams, where zeros are padding, or within the magic number of the next.
    Between {
        /// How many bytes of the magic number were read.
        seen: usize,
    },
    /// Within a stream.
    Stream(Box<XzStream>),
}

/// Unpacks any number of streams.
pub(super) struct Unxz {
    state: State,
    /// Whether one stream is complete.
    any: bool,
    /// The memory that a stream may take, in KiB.
    limit_kib: u32,
}

impl Unxz {
    /// `window_log` is that of the largest dictionary, as a power of two of bytes.
    pub(super) const fn new(window_log: u32) -> Self {
        // What stands beside the dictionary is small.
        let limit_kib = (1 << (window_log - 10)) + (1 << 10);
        Self {
            state: State::Between { seen: 0 },
            any: false,
            limit_kib,
        }
    }

    pub(super) const fn is_complete(&self) -> bool {
        self.any && matches!(self.state, State::Between { seen: 0 })
    }

    pub(super) fn run(&mut self, bytes: &[u8], output: &mut Vec<u8>) -> Step {
        let mut read = 0;
        loop {
            let rest = bytes.get(read..).unwrap_or_default();
            let written = output.len();
            let step = match &mut self.state {
                State::Between { seen } => {
                    let seen = *seen;
                    self.between(seen, rest)
                }
                State::Stream(stream) => {
                    let (step, ends) = within(stream, rest, output);
                    if ends {
                        self.any = true;
                        self.state = State::Between { seen: 0 };
                    }
                    step
                }
            };
            read += step.read;
            let is_full = output.len() == output.capacity();
            let is_idle = step.read == 0 && output.len() == written;
            if step.fault.is_some() || is_idle || is_full {
                let fault = step.fault;
                return Step { read, fault };
            }
        }
    }

    /// Reads one byte of the magic number, or of what lies before it.
    fn between(&mut self, seen: usize, bytes: &[u8]) -> Step {
        let Some(&byte) = bytes.first() else {
            return Step::READ_NOTHING;
        };
        if XZ_MAGIC.get(seen) == Some(&byte) {
            self.state = match seen + 1 {
                all if all == XZ_MAGIC.len() => State::Stream(self.start()),
                seen => State::Between { seen },
            };
        } else if !(byte == 0 && seen == 0 && self.any) {
            return Step::fault(match self.any {
                true => Fault::TrailingData { seen },
                false => Fault::NotPacked,
            });
        }
        Step {
            read: 1,
            fault: None,
        }
    }

    /// A stream whose magic number is read.
    fn start(&self) -> Box<XzStream> {
        let mut stream = XzStream::new_mem_limit(false, self.limit_kib);
        // Six bytes of the header can neither be wrong nor give anything.
        drop(stream.process(&XZ_MAGIC, &mut [], Action::Run));
        Box::new(stream)
    }
}

/// Unpacks bytes of a stream, and says whether it ends with them.
fn within(stream: &mut XzStream, bytes: &[u8], output: &mut Vec<u8>) -> (Step, bool) {
    let written = output.len();
    output.resize(output.capacity(), 0);
    let room = output.get_mut(written..).unwrap_or_default();
    let result = stream.process(bytes, room, Action::Run);
    let (step, produced, ends) = match result {
        Ok(StreamResult {
            bytes_consumed,
            bytes_produced,
            status,
        }) => {
            let step = Step {
                read: bytes_consumed,
                fault: None,
            };
            (step, bytes_produced, status == Status::StreamEnd)
        }
        Err(error) if error.kind() == ErrorKind::OutOfMemory => {
            (Step::fault(Fault::WindowTooLarge), 0, false)
        }
        Err(_) => (Step::fault(Fault::Corrupt), 0, false),
    };
    output.truncate(written + produced);
    (step, ends)
}

impl fmt::Debug for Unxz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unxz")
            .field("any", &self.any)
            .finish_non_exhaustive()
    }
}
