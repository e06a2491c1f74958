//! NDJSON, also known as JSON Lines: one JSON object a line, in and out.
//!
//! `transfer` uses [`JsonDecoder`] and [`JsonEncoder`] in the places of the decoder and the encoder
//! of delimited text. Nothing here may be laxer than RFC 8259, and no number goes through a float.
//!
//! # How this works
//!
//! A line is a record and a key is a column. The keys are those of a sample, in the order of their
//! first appearance, so that each record has the same fields at the same places; [`JsonKeys`] can have more.
//! A line that is no such object stays a record, without any field, and the rest of the file is read all the same.

mod decoder;
mod encoder;
mod error;
mod keys;
mod sample;

pub use decoder::JsonDecoder;
pub use encoder::{JsonEncoder, JsonKind};
pub use error::Error;
pub use keys::JsonKeys;
pub use sample::{keys_of_sample, looks_like_json_lines};

pub use crate::json::{Fault, FaultKind};
