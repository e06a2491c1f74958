//! Unpacks bzip2 streams that follow one another, as programs that pack in parallel write them.
//!
//! Driven by the unpacker. It must never go on after a checksum that does not match.

use std::fmt;

use bzip2::{Decompress, Error, Status};

use super::{Fault, Step};

/// Unpacks any number of streams, each of which takes 4 MiB.
#[derive(Default)]
pub(super) struct Bunzip {
    /// The stream at hand; none between two.
    stream: Option<Box<Decompress>>,
    /// Whether one stream is complete.
    any: bool,
}

impl Bunzip {
    pub(super) const fn is_complete(&self) -> bool {
        self.any && self.stream.is_none()
    }

    pub(super) fn run(&mut self, bytes: &[u8], output: &mut Vec<u8>) -> Step {
        let mut read = 0;
        loop {
            let rest = bytes.get(read..).unwrap_or_default();
            if self.stream.is_none() && rest.is_empty() {
                return Step { read, fault: None };
            }
            let stream = self
                .stream
                .get_or_insert_with(|| Box::new(Decompress::new(false)));
            let (before, written) = (stream.total_in(), output.len());
            let status = stream.decompress_vec(rest, output);
            let step = usize::try_from(stream.total_in() - before).unwrap_or(rest.len());
            read += step;
            let fault = match status {
                Ok(Status::StreamEnd) => {
                    self.any = true;
                    self.stream = None;
                    continue;
                }
                Ok(Status::MemNeeded) => Some(Fault::NeedsMemory),
                Ok(_) => None,
                Err(Error::DataMagic) if self.any => Some(Fault::TrailingData {
                    seen: usize::try_from(stream.total_in()).unwrap_or(step),
                }),
                Err(Error::DataMagic) => Some(Fault::NotPacked),
                Err(_) => Some(Fault::Corrupt),
            };
            let is_full = output.len() == output.capacity();
            let is_idle = step == 0 && output.len() == written;
            if fault.is_some() || is_full || is_idle {
                return Step { read, fault };
            }
        }
    }
}

impl fmt::Debug for Bunzip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bunzip")
            .field("any", &self.any)
            .finish_non_exhaustive()
    }
}
