//! The bytes of a file as they travel: packed or not, in any encoding; inside, all text is UTF-8.
//!
//! `transfer` feeds an [`Input`] with an upload and an [`Output`] with an export. Nothing here
//! waits, logs, touches a file or a socket, or knows what a record is.
//!
//! # How this works
//!
//! ```text
//! upload   file -> unpack (gzip, zstd, a sheet of a workbook) -> transcode -> UTF-8
//! export   UTF-8 -> encode -> pack (gzip, zstd) -> file
//! ```
//!
//! Each step is pulled for pieces of bounded size, so that a few bytes that unpack to terabytes
//! never stand in memory together. Compression and encoding are found in the content unless the
//! caller has set them; names of files mean nothing. Byte order marks belong to the text: an
//! upload hands them on as U+FEFF, and the decoder of records drops it.

mod compression;
mod detect;
mod encoding;
mod error;
mod input;
mod output;
mod workbook;

pub use compression::{Compression, Foreign, detect_compression};
pub use detect::{Detected, LEAST_CONFIDENCE, detect_encoding};
pub use encoding::Encoding;
pub use error::{Error, Result};
pub use input::{Input, Limits};
pub use output::{Output, Packing};
pub use workbook::{Area, NoArea, Selection, Sheet, Workbook};
