//! Takes steps of uploads in the journal, and reads those that others have taken.
//!
//! `transfer::upload`, `transfer::sweeper` and `transfer::records` use it; `transfer::protocol` says what
//! each step means and what may follow it. It must never take one for taken before ClickHouse has shown
//! whose it is.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Error, Inner, Phase, Result, Transfer, Transfers,
    protocol::{Claim, Counted, Standing, Step},
};
use crate::{
    connections,
    journal::{ClaimRow, TransferRow},
};

/// The pause before it is looked again whether other servers have taken uploads of this one.
const WATCH_INTERVAL: Duration = Duration::from_millis(500);

impl Transfers {
    /// Stops the uploads of this server that another one has taken over or ended.
    pub async fn watch_claims(self, shutdown: CancellationToken) {
        let watch = async {
            loop {
                tokio::time::sleep(WATCH_INTERVAL).await;
                if let Err(error) = self.inner.stop_lost().await {
                    tracing::debug!(error = error.logged(), "cannot see who owns the uploads");
                }
            }
        };
        shutdown.run_until_cancelled(watch).await;
    }
}

impl Inner {
    /// Looks once for all uploads that run here.
    async fn stop_lost(&self) -> Result<()> {
        let running = self.registry.all().into_iter();
        let owned: Vec<_> = running
            .filter(|transfer| transfer.state().is_active() && transfer.claim().is_some())
            .collect();
        let ids: Vec<_> = owned
            .iter()
            .map(|transfer| transfer.description().id)
            .collect();
        let newest = self.newest_claims(&ids).await?;
        for transfer in owned {
            let id = transfer.description().id;
            let newest = newest.iter().find(|(of, _)| *of == id);
            if let Some(lost) = newest.and_then(|(_, newest)| lost(&transfer, newest)) {
                transfer.stop(lost);
            }
        }
        Ok(())
    }

    /// Sees that nobody else has taken a step since the one by which an upload is owned here.
    ///
    /// # Errors
    ///
    /// What somebody did, and those of ClickHouse.
    pub(super) async fn check_owner(&self, transfer: &Transfer) -> Result<()> {
        if transfer.claim().is_none() {
            return Ok(());
        }
        let newest = self.newest_claim(transfer.description().id).await?;
        match newest.and_then(|newest| lost(transfer, &newest)) {
            Some(lost) => Err(lost),
            None => Ok(()),
        }
    }

    /// Owns an upload by another step than before, so that what was to happen under the one of before and has
    /// not begun does not happen any more.
    ///
    /// # Errors
    ///
    /// What somebody did, and those of ClickHouse.
    pub(super) async fn renew(&self, transfer: &Transfer, incarnation: u32) -> Result<()> {
        let Some((run, step)) = transfer.claim() else {
            return Ok(());
        };
        let id = transfer.description().id;
        let newest = self.newest_claim(id).await?;
        if let Some(lost) = newest.as_ref().and_then(|newest| lost(transfer, newest)) {
            return Err(lost);
        }
        let after = Claim::after(newest.as_ref(), Step::Own, run);
        let wanted = Claim {
            number: after.number.max(step + 1),
            incarnation,
            ..after
        };
        let taken = self.claim(id, &wanted).await?;
        if let Some(lost) = lost(transfer, &taken) {
            return Err(lost);
        }
        transfer.set_claim(run, taken.number);
        Ok(())
    }

    /// The newest step of an upload.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub(super) async fn newest_claim(&self, id: Uuid) -> Result<Option<Claim>> {
        Ok(self
            .newest_claims(&[id])
            .await?
            .pop()
            .map(|(_, claim)| claim))
    }

    /// The newest step of each of some uploads.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub(super) async fn newest_claims(&self, ids: &[Uuid]) -> Result<Vec<(Uuid, Claim)>> {
        let rows = self.journal.newest_claims(ids).await?;
        let claims = rows.into_iter().map(|row| {
            let id = row.transfer_id;
            Ok((id, claim(row)?))
        });
        claims.collect()
    }

    /// Takes a step unless it is taken; returns the one that stands.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse; then it is not known whether the step was taken.
    pub(super) async fn claim(&self, id: Uuid, wanted: &Claim) -> Result<Claim> {
        let row = ClaimRow {
            transfer_id: id,
            step: wanted.number,
            kind: wanted.step.name().to_owned(),
            run: wanted.run,
            incarnation: wanted.incarnation,
            target: wanted.target,
            moves: wanted.moves.clone(),
            file_bytes: wanted.counted.file_bytes,
            file_crc32c: wanted.counted.file_crc32c,
            rows_parsed: wanted.counted.rows_parsed,
            rows_staged: wanted.counted.rows_staged,
            rows_rejected: wanted.counted.rows_rejected,
        };
        let taken = claim(self.journal.claim(row).await?)?;
        let connection = &self.connection;
        // An INSERT asks the journal of the node that it is sent to.
        if connection.name() == connections::DEFAULT {
            let service = connection.service();
            let shown = self.journal.show_steps_at(service, connection.url()).await;
            if let Err(error) = shown {
                // Until it is seen there, INSERTs are refused there, and tried again.
                tracing::debug!(%id, error = error.logged(), "a step may not be seen yet");
            }
        }
        Ok(taken)
    }

    /// Ends the work on an upload, whoever works on it or is about to, unless it has ended or is being committed;
    /// returns the newest step. `None`: there is no step, and `step` may not be the first.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub(super) async fn end_work(&self, id: Uuid, step: Step) -> Result<Option<Claim>> {
        let run = Uuid::new_v4();
        loop {
            let newest = self.newest_claim(id).await?;
            if !step.may_follow(newest.as_ref().map(|newest| newest.step), false) {
                return Ok(newest);
            }
            let wanted = Claim::after(newest.as_ref(), step, run);
            let taken = self.claim(id, &wanted).await?;
            if taken.run == run {
                return Ok(Some(taken));
            }
        }
    }
}

/// What the newest step of an upload means for the run that owned it here; none if that is its own.
fn lost(transfer: &Transfer, newest: &Claim) -> Option<Error> {
    let (run, step) = transfer.claim()?;
    newest
        .is_lost_to(run, step)
        .then(|| lost_to(transfer, newest))
}

/// What a step of somebody else means for a run.
pub(super) fn lost_to(transfer: &Transfer, other: &Claim) -> Error {
    if other.is_cancel() {
        return Error::Cancelled;
    }
    let id = transfer.description().id.to_string();
    Error::TakenOver { id }
}

/// A row of the journal as the protocol knows it.
fn claim(row: ClaimRow) -> Result<Claim> {
    Ok(Claim {
        number: row.step,
        step: Step::named(&row.kind).ok_or(Error::Internal(
            "the journal holds a step of a newer version",
        ))?,
        run: row.run,
        incarnation: row.incarnation,
        target: row.target,
        moves: row.moves,
        counted: Counted {
            file_bytes: row.file_bytes,
            file_crc32c: row.file_crc32c,
            rows_parsed: row.rows_parsed,
            rows_staged: row.rows_staged,
            rows_rejected: row.rows_rejected,
        },
    })
}

/// What is known of an upload that is being committed, or is loaded: its row may be older than the step, which
/// says what was counted.
pub(super) fn as_counted(row: TransferRow, claim: &Claim) -> TransferRow {
    let Counted {
        file_bytes,
        file_crc32c,
        rows_parsed,
        rows_staged,
        rows_rejected,
    } = claim.counted;
    let (phase, rows_committed) = match claim.standing() {
        Standing::Succeeded => (Phase::Succeeded, rows_staged),
        _ => (Phase::Committing, row.rows_committed),
    };
    TransferRow {
        state: phase.name().to_owned(),
        bytes_received: file_bytes,
        file_crc32c,
        rows_parsed,
        rows_staged,
        rows_rejected,
        rows_committed,
        version: phase.version(claim.number),
        ..row
    }
}
