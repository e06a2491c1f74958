//! Unpacks gzip members that follow one another.
//!
//! Driven by the unpacker. It must never go on after a checksum that does not match.

use std::fmt;

use flate2::{Decompress, FlushDecompress, Status};

use super::{Fault, Step};
use crate::codec::compression::GZIP_MAGIC;

/// The window of deflate, as a power of two of bytes.
const WINDOW_LOG: u8 = 15;

/// Where in the file the next byte stands.
enum State {
    /// Between members, or within the magic number of the next.
    Between {
        /// How many bytes of the magic number were read.
        seen: usize,
    },
    /// Within a member.
    Member(Box<Decompress>),
    /// In the zeros that tapes and tar put after the last member, and gzip ignores.
    Padding,
}

/// Unpacks any number of members.
#[derive(Debug)]
pub(super) struct Gunzip {
    state: State,
    /// Whether one member is complete.
    any: bool,
}

impl Default for Gunzip {
    fn default() -> Self {
        Self {
            state: State::Between { seen: 0 },
            any: false,
        }
    }
}

impl Gunzip {
    pub(super) const fn is_complete(&self) -> bool {
        match self.state {
            State::Between { seen } => self.any && seen == 0,
            State::Member(_) => false,
            State::Padding => true,
        }
    }

    pub(super) fn run(&mut self, bytes: &[u8], output: &mut Vec<u8>) -> Step {
        let mut read = 0;
        loop {
            let rest = bytes.get(read..).unwrap_or_default();
            let step = match &mut self.state {
                State::Between { seen } => {
                    let seen = *seen;
                    self.between(seen, rest)
                }
                State::Member(inflate) => {
                    let (step, ends) = member(inflate, rest, output);
                    if ends {
                        self.any = true;
                        self.state = State::Between { seen: 0 };
                    }
                    step
                }
                State::Padding => padding(rest),
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
    fn between(&mut self, seen: usize, bytes: &[u8]) -> Step {
        let Some(&byte) = bytes.first() else {
            return Step::READ_NOTHING;
        };
        let is_magic = GZIP_MAGIC.get(seen) == Some(&byte);
        self.state = match seen {
            0 if is_magic => State::Between { seen: 1 },
            _ if is_magic => State::Member(start_member()),
            0 if byte == 0 && self.any => State::Padding,
            _ if self.any => return Step::fault(Fault::TrailingData { seen }),
            _ => return Step::fault(Fault::NotPacked),
        };
        Step {
            read: 1,
            fault: None,
        }
    }
}

/// A member whose magic number is read.
fn start_member() -> Box<Decompress> {
    let mut inflate = Decompress::new_gzip(WINDOW_LOG);
    // Two bytes of the header can neither be wrong nor give anything.
    drop(inflate.decompress(&GZIP_MAGIC, &mut [0], FlushDecompress::None));
    Box::new(inflate)
}

/// Unpacks bytes of a member, and says whether it ends with them.
fn member(inflate: &mut Decompress, bytes: &[u8], output: &mut Vec<u8>) -> (Step, bool) {
    let before = inflate.total_in();
    let status = inflate.decompress_vec(bytes, output, FlushDecompress::None);
    let read = usize::try_from(inflate.total_in() - before).unwrap_or(bytes.len());
    let fault = status.is_err().then_some(Fault::Corrupt);
    let step = Step { read, fault };
    (step, matches!(status, Ok(Status::StreamEnd)))
}

fn padding(bytes: &[u8]) -> Step {
    let read = bytes.iter().take_while(|&&byte| byte == 0).count();
    let fault = (read < bytes.len()).then_some(Fault::TrailingData { seen: 0 });
    Step { read, fault }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Between { seen } => write!(f, "Between({seen})"),
            Self::Member(_) => f.write_str("Member"),
            Self::Padding => f.write_str("Padding"),
        }
    }
}
