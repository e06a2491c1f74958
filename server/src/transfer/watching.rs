//! Looking at one transfer again and again, for any number of watchers.
//!
//! `rpc::transfers` calls it. What runs here is looked at here; for anything else the journal is asked, once
//! for all who watch it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, Weak},
    time::{Duration, Instant},
};

use uuid::Uuid;

use super::{Error, Result, Snapshot, Transfers, live::lock};

/// The time for which an answer of the journal is good: an upload writes to it once a second.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// What the journal has said last, and when.
type Answer = Option<(Instant, Result<Snapshot, Arc<Error>>)>;

/// The newest answers of the journal on the transfers that are watched.
#[derive(Debug, Default)]
pub(super) struct Watched {
    by_id: Mutex<HashMap<Uuid, Weak<tokio::sync::Mutex<Answer>>>>,
}

impl Watched {
    /// The answer for all who watch a transfer; it is forgotten with the last of them.
    fn join(&self, id: Uuid) -> Arc<tokio::sync::Mutex<Answer>> {
        let mut by_id = lock(&self.by_id);
        if let Some(answer) = by_id.get(&id).and_then(Weak::upgrade) {
            return answer;
        }
        by_id.retain(|_, answer| answer.strong_count() > 0);
        let answer = Arc::default();
        by_id.insert(id, Arc::downgrade(&answer));
        answer
    }
}

/// Somebody who watches a transfer.
#[derive(Debug)]
pub struct Watch {
    transfers: Transfers,
    id: Uuid,
    shared: Arc<tokio::sync::Mutex<Answer>>,
}

impl Transfers {
    /// Watches a transfer.
    #[must_use]
    pub fn watch(&self, id: Uuid) -> Watch {
        Watch {
            transfers: self.clone(),
            id,
            shared: self.inner.watched.join(id),
        }
    }
}

impl Watch {
    /// The transfer after a while, or as soon as one that runs here has ended; none when the server ends
    /// and nobody here works on it.
    pub async fn next(&self, interval: Duration) -> Option<Result<Snapshot, Arc<Error>>> {
        let registry = self.transfers.registry();
        match registry.get(self.id) {
            Ok(transfer) if transfer.state().is_active() => {
                transfer.wait_ended(interval).await;
            }
            _ if registry.is_closed() => return None,
            _ => tokio::time::sleep(interval).await,
        }
        Some(self.look().await)
    }

    async fn look(&self) -> Result<Snapshot, Arc<Error>> {
        if let Ok(here) = self.transfers.registry().get(self.id) {
            let here = here.snapshot();
            if !here.may_be_outdone() {
                return Ok(here);
            }
        }
        let mut shared = self.shared.lock().await;
        if let Some((at, answer)) = &*shared
            && at.elapsed() < GOOD_FOR
        {
            return answer.clone();
        }
        let answer = self.transfers.find(self.id).await.map_err(Arc::new);
        *shared = Some((Instant::now(), answer.clone()));
        answer
    }
}
