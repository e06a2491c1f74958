//! Packs the bytes of a file.
//!
//! Driven by [`Output`](super::Output). It must never end a file before it is told to.

use std::fmt;

use flate2::{Compress, FlushCompress, Status};
use zstd_safe::{CCtx, CParameter, InBuffer, OutBuffer, zstd_sys::ZSTD_EndDirective};

use super::Packing;
use crate::codec::{Compression, Error, Result};

/// By how much the output grows when it is full, in bytes.
const GROWTH_BYTES: usize = 32 << 10;

/// The window of deflate, as a power of two of bytes.
const WINDOW_LOG: u8 = 15;

/// One way of packing.
pub(super) enum Packer {
    Gzip(Box<Compress>),
    Zstd(CCtx<'static>),
}

impl Packer {
    /// `None` when nothing is to be packed.
    pub(super) fn new(packing: Packing) -> Result<Option<Self>> {
        Ok(match packing.compression() {
            // `Packing` lets no other through.
            Compression::None
            | Compression::Bzip2
            | Compression::Xz
            | Compression::Zip
            | Compression::Workbook => None,
            Compression::Gzip => {
                let level = flate2::Compression::new(packing.level().unsigned_abs());
                let gzip = Compress::new_gzip(level, WINDOW_LOG);
                Some(Self::Gzip(Box::new(gzip)))
            }
            Compression::Zstd => {
                let zstd = start_zstd(packing.level());
                let unavailable = Error::Unavailable {
                    compression: Compression::Zstd,
                };
                Some(Self::Zstd(zstd.ok_or(unavailable)?))
            }
        })
    }

    /// Gives what is ready.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<u8>> {
        self.pack(bytes, false)
    }

    /// Gives the rest.
    pub(super) fn finish(mut self, bytes: &[u8]) -> Result<Vec<u8>> {
        self.pack(bytes, true)
    }

    fn pack(&mut self, bytes: &[u8], last: bool) -> Result<Vec<u8>> {
        let mut output = Vec::new();
        let mut rest = bytes;
        loop {
            output.reserve(GROWTH_BYTES);
            let (read, is_done) = match self {
                Self::Gzip(gzip) => pack_gzip(gzip, rest, last, &mut output)?,
                Self::Zstd(zstd) => pack_zstd(zstd, rest, last, &mut output)?,
            };
            rest = rest.get(read..).unwrap_or_default();
            if is_done && rest.is_empty() {
                return Ok(output);
            }
        }
    }
}

fn pack_gzip(
    gzip: &mut Compress,
    bytes: &[u8],
    last: bool,
    output: &mut Vec<u8>,
) -> Result<(usize, bool)> {
    let flush = if last {
        FlushCompress::Finish
    } else {
        FlushCompress::None
    };
    let before = gzip.total_in();
    let status = gzip.compress_vec(bytes, output, flush);
    let status = status.map_err(|_| Error::Unavailable {
        compression: Compression::Gzip,
    })?;
    let read = usize::try_from(gzip.total_in() - before).unwrap_or(bytes.len());
    let is_done = if last {
        status == Status::StreamEnd
    } else {
        read == bytes.len() && output.len() < output.capacity()
    };
    Ok((read, is_done))
}

fn start_zstd(level: i32) -> Option<CCtx<'static>> {
    let mut context = CCtx::try_create()?;
    context
        .set_parameter(CParameter::CompressionLevel(level))
        .ok()?;
    context.set_parameter(CParameter::ChecksumFlag(true)).ok()?;
    Some(context)
}

fn pack_zstd(
    zstd: &mut CCtx<'static>,
    bytes: &[u8],
    last: bool,
    output: &mut Vec<u8>,
) -> Result<(usize, bool)> {
    let directive = if last {
        ZSTD_EndDirective::ZSTD_e_end
    } else {
        ZSTD_EndDirective::ZSTD_e_continue
    };
    let mut input = InBuffer::around(bytes);
    let position = output.len();
    let mut room = OutBuffer::around_pos(output, position);
    let left = zstd.compress_stream2(&mut room, &mut input, directive);
    let left = left.map_err(|_| Error::Unavailable {
        compression: Compression::Zstd,
    })?;
    let is_done = if last {
        left == 0
    } else {
        input.pos() == bytes.len()
    };
    Ok((input.pos(), is_done))
}

impl fmt::Debug for Packer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip(_) => "Gzip",
            Self::Zstd(_) => "Zstd",
        })
    }
}
