//! Unpacks zstd frames that follow one another.
//!
//! Driven by the unpacker. It must never give a window more memory than was allowed.

use std::fmt;

use zstd_safe::{
    DCtx, DParameter, InBuffer, OutBuffer, is_error_kind,
    zstd_sys::ZSTD_ErrorCode::{
        self, ZSTD_error_dictionary_wrong, ZSTD_error_frameParameter_windowTooLarge,
    },
};

use super::{Fault, Step};
use crate::codec::compression::{ZSTD_MAGIC, ZSTD_SKIPPABLE_TAIL};

/// Where in the file the next byte stands.
#[derive(Debug, Clone, Copy)]
enum State {
    /// Between frames, or within the magic number of the next.
    Between {
        /// How many bytes of the magic number were read.
        seen: usize,
    },
    /// Within a frame.
    Frame,
}

/// Unpacks any number of frames, with those that are to be skipped.
pub(super) struct Unzstd {
    context: DCtx<'static>,
    state: State,
    /// The magic number of the frame at hand.
    magic: [u8; 4],
    /// Whether one frame is complete.
    any: bool,
    /// Whether the context may hold what the last output had no room for.
    has_more: bool,
}

impl Unzstd {
    /// `None` when there is no memory, or no such window.
    pub(super) fn new(max_window_log: u32) -> Option<Self> {
        let mut context = DCtx::try_create()?;
        context
            .set_parameter(DParameter::WindowLogMax(max_window_log))
            .ok()?;
        Some(Self {
            context,
            state: State::Between { seen: 0 },
            magic: [0; 4],
            any: false,
            has_more: false,
        })
    }

    pub(super) const fn is_complete(&self) -> bool {
        matches!(self.state, State::Between { seen: 0 }) && self.any
    }

    pub(super) fn run(&mut self, bytes: &[u8], output: &mut Vec<u8>) -> Step {
        let mut read = 0;
        loop {
            let rest = bytes.get(read..).unwrap_or_default();
            let step = match self.state {
                State::Between { seen } => self.between(seen, rest, output),
                State::Frame => self.frame(rest, output),
            };
            read += step.read;
            let is_full = output.len() == output.capacity();
            if step.fault.is_some() || step.read == 0 || is_full {
                let fault = step.fault;
                return Step { read, fault };
            }
        }
    }

    /// Reads one byte of the magic number, or finds that there is none.
    fn between(&mut self, seen: usize, bytes: &[u8], output: &mut Vec<u8>) -> Step {
        let (Some(&byte), Some(slot)) = (bytes.first(), self.magic.get_mut(seen)) else {
            return Step::READ_NOTHING;
        };
        *slot = byte;
        if !may_be_magic(self.magic.get(..=seen).unwrap_or_default()) {
            return Step::fault(if self.any {
                Fault::TrailingData { seen }
            } else {
                Fault::NotPacked
            });
        }
        let mut fault = None;
        self.state = State::Between { seen: seen + 1 };
        if seen + 1 == self.magic.len() {
            self.state = State::Frame;
            fault = self.frame(&self.magic.clone(), output).fault;
        }
        Step { read: 1, fault }
    }

    /// Unpacks bytes of a frame.
    fn frame(&mut self, bytes: &[u8], output: &mut Vec<u8>) -> Step {
        // Being called for nothing is an error to the context.
        if output.len() == output.capacity() || (bytes.is_empty() && !self.has_more) {
            return Step::READ_NOTHING;
        }
        let mut input = InBuffer::around(bytes);
        let position = output.len();
        let mut room = OutBuffer::around_pos(output, position);
        let status = self.context.decompress_stream(&mut room, &mut input);
        let read = input.pos();
        self.has_more = output.len() == output.capacity();
        let fault = match status {
            Ok(0) => {
                self.any = true;
                self.state = State::Between { seen: 0 };
                None
            }
            Ok(_) => None,
            Err(code) => Some(explain(|kind| is_error_kind(code, kind))),
        };
        Step { read, fault }
    }
}

/// Whether the bytes begin the magic number of a frame or of one to be skipped.
fn may_be_magic(bytes: &[u8]) -> bool {
    let is_skippable = bytes
        .split_first()
        .is_some_and(|(first, tail)| first & 0xF0 == 0x50 && ZSTD_SKIPPABLE_TAIL.starts_with(tail));
    is_skippable || ZSTD_MAGIC.starts_with(bytes)
}

fn explain(is: impl Fn(ZSTD_ErrorCode) -> bool) -> Fault {
    if is(ZSTD_error_frameParameter_windowTooLarge) {
        Fault::WindowTooLarge
    } else if is(ZSTD_error_dictionary_wrong) {
        Fault::NeedsDictionary
    } else {
        Fault::Corrupt
    }
}

impl fmt::Debug for Unzstd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unzstd")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
