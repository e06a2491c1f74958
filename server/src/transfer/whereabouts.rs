//! On which server of the fleet a transfer is worked on.
//!
//! `rpc::forward` asks it before every call about one transfer; `transfer::upload` and `transfer::export`
//! write the address of this server. Which run owns an upload its newest step says, where that run is a row
//! beside it, written before the step. It must never call another server: that is for `rpc`.

use std::time::Duration;

use uuid::Uuid;

use super::{
    Error, Inner, Phase, Result, State, Transfers, protocol::Standing, records::SILENCE_SECONDS,
};
use crate::{
    fleet::{Address, Fleet},
    journal::RunRow,
};

/// How long the journal may keep an export waiting: the other servers find it later, or not at all.
const EXPORT_LIMIT: Duration = Duration::from_secs(2);

/// Where a transfer is worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// Here, or nowhere: whoever asks this server is served by it.
    Here,
    /// At another server.
    There(Address),
    /// At another server, and nobody says which; or it was, a moment ago.
    Elsewhere,
}

impl Transfers {
    /// What makes this server one of a fleet.
    #[must_use]
    pub fn fleet(&self) -> Option<&Fleet> {
        self.inner.config.fleet.as_ref()
    }

    /// Why no journal can be kept, where the reason lies in the nodes that are named: nothing is resumed then.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn journal_obstacle(&self) -> Result<Option<String>> {
        let has_several = self.inner.connections.default().nodes().are_several();
        Ok(if has_several {
            self.inner.journal.absence().await?
        } else {
            None
        })
    }

    /// Whether a transfer is worked on here, or has succeeded here: nobody else goes on with it.
    #[must_use]
    pub fn is_here(&self, id: Uuid) -> bool {
        let known = self.inner.registry.get(id);
        known.is_ok_and(|known| match known.state() {
            State::Running | State::Committing => true,
            State::Succeeded => !known.description().is_dry_run,
            State::Failed(_) | State::Interrupted(_) => false,
        })
    }

    /// Looks in the journal for who works on a transfer; none where nobody knows of it.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn locate(&self, id: Uuid) -> Result<Option<Whereabouts>> {
        let inner = &self.inner;
        let here = inner.registry.get(id).ok();
        inner.wait_ready().await?;
        if !inner.journal.exists().await? {
            return Ok(here.map(|_| Whereabouts::Here));
        }
        let Some(newest) = inner.newest_claim(id).await? else {
            // What takes no steps: an export, or a dry run.
            if here.is_some() {
                return Ok(Some(Whereabouts::Here));
            }
            let said = inner.said(id, Uuid::nil()).await?;
            return Ok(said.filter(|said| matches!(said, Whereabouts::There(_))));
        };
        let is_open = matches!(newest.standing(), Standing::Owned | Standing::Committing);
        let run_here = here.and_then(|here| here.claim());
        if !is_open || run_here.is_some_and(|(run, _)| run == newest.run) {
            return Ok(Some(Whereabouts::Here));
        }
        match inner.said(id, newest.run).await? {
            Some(Whereabouts::Elsewhere) | None if !inner.is_alive(id).await? => {
                Ok(Some(Whereabouts::Here))
            }
            said => Ok(Some(said.unwrap_or(Whereabouts::Elsewhere))),
        }
    }
}

impl Inner {
    /// Writes that a run works on a transfer here, where the other servers can make use of it.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub(super) async fn announce(&self, transfer_id: Uuid, run: Uuid) -> Result<()> {
        let Some(fleet) = &self.config.fleet else {
            return Ok(());
        };
        let row = RunRow {
            transfer_id,
            run,
            address: fleet.address.to_string(),
        };
        Ok(self.journal.put_run(row).await?)
    }

    /// The same for what goes on all the same if it cannot be written.
    pub(super) async fn try_announce(&self, transfer_id: Uuid) {
        if self.config.fleet.is_none() {
            return;
        }
        let announce = async {
            if self.journal.open().await? {
                self.announce(transfer_id, Uuid::nil()).await?;
            }
            Ok::<_, Error>(())
        };
        let outcome = tokio::time::timeout(EXPORT_LIMIT, announce).await;
        if let Ok(Err(error)) = outcome {
            let error = error.logged();
            tracing::warn!(%transfer_id, error, "the other servers cannot find a transfer");
        }
    }

    /// Where the journal says that a run works on a transfer that is not known here; none where it says nothing.
    async fn said(&self, id: Uuid, run: Uuid) -> Result<Option<Whereabouts>> {
        let Some(said) = self.journal.address(id, run).await? else {
            return Ok(None);
        };
        let Ok(address) = said.address.parse::<Address>() else {
            tracing::warn!(%id, "the journal holds an address that is none");
            return Ok(None);
        };
        let own = self.config.fleet.as_ref().map(|fleet| &fleet.address);
        if own != Some(&address) {
            return Ok(Some(Whereabouts::There(address)));
        }
        // It has ended with the server that had the address before this one; or a server is called alike.
        let is_before = self.begun.elapsed() < Duration::from_millis(said.age);
        Ok(Some(if is_before {
            Whereabouts::Here
        } else {
            Whereabouts::Elsewhere
        }))
    }

    /// Whether an open upload that is not here may be under way at another server.
    async fn is_alive(&self, id: Uuid) -> Result<bool> {
        let row = self.journal.find(id).await?;
        let phase = row.and_then(|row| Phase::named(&row.state));
        if phase == Some(Phase::Interrupted) {
            return Ok(false);
        }
        Ok(self.journal.silence(id).await? < SILENCE_SECONDS)
    }
}
