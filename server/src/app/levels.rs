//! How the parts of the server stand, for those who read its metrics.
//!
//! Part of `app`, which alone knows all of them.

use std::sync::Arc;

use crate::{engine::Engine, health::Health, metrics::Levels, transfer::Transfers};

/// Says how things stand whenever it is asked.
pub(super) fn levels(
    engine: Engine,
    transfers: Transfers,
    health: Arc<Health>,
) -> Arc<dyn Fn() -> Levels + Send + Sync> {
    Arc::new(move || {
        let (registry, memory) = (transfers.registry(), transfers.memory());
        let now = health.now();
        Levels {
            is_ready: now.is_ready(),
            has_clickhouse: now.clickhouse.is_well(),
            has_journal: now.journal.is_well(),
            engine_restarts: engine.restarts(),
            memory: memory.levels(),
            waiting: memory.waiting(),
            places_used: registry.running(),
            places_limit: registry.max_running(),
            open: registry.open(),
        }
    })
}
