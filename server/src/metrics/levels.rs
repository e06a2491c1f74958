//! How things stand at the moment in which somebody looks.
//!
//! Part of `metrics`; `app` fills it in.

/// A part of the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolLevel {
    /// Its name.
    pub name: &'static str,
    /// The bytes that are taken.
    pub used_bytes: usize,
    /// All of it.
    pub limit_bytes: usize,
}

/// How things stand.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    /// Whether the server is ready.
    pub is_ready: bool,
    /// Whether ClickHouse answers.
    pub has_clickhouse: bool,
    /// Whether the journal can be written to, or none is kept.
    pub has_journal: bool,
    /// How often the embedded ClickHouse was started again.
    pub engine_restarts: u64,
    /// The parts of the memory.
    pub memory: Vec<PoolLevel>,
    /// Those who wait for memory or for their turn.
    pub waiting: usize,
    /// Transfers that have a place.
    pub places_used: usize,
    /// The places.
    pub places_limit: usize,
    /// Open transfers: kind, state, number.
    pub open: Vec<(&'static str, &'static str, usize)>,
}
