//! Connections to a real server: encrypted, slow, silent, too many, of strangers.

mod certificates;
mod kit;
mod limits;
