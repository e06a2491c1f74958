//! The grammar of JSON (RFC 8259), for lines of NDJSON and for values of JSON columns.
//!
//! `csv` and `column` read by it. It knows neither files nor types, and is never laxer than the RFC.

mod fault;
mod syntax;

pub(crate) use fault::shown;
pub use fault::{Expected, Fault, FaultKind};
pub(crate) use syntax::{ENDS_RUN, Syntax, Text, Value};
