//! Transfers as a caller sees them: those that run here, and those that the journal knows.
//!
//! `rpc::transfers` calls it. What runs here is truer than what is written of it.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use uuid::Uuid;

use super::{
    Commit, CommitMode, Counts, Error, Failure, Kind, Phase, Result, Snapshot, Transfers,
    claims::as_counted,
    listing::millis,
    protocol::{Claim, Standing, Step},
};
use crate::journal::{Pulse, TransferRow};

/// How long a cancelled transfer may take to end before its caller hears of it as it is.
const CANCEL_LIMIT: Duration = Duration::from_secs(10);

/// The pause before it is looked again whether another server has ended what was cancelled.
const ACKNOWLEDGE_INTERVAL: Duration = Duration::from_millis(200);

/// The codes of gRPC for an end whose reason is not written yet.
const CANCELLED: i32 = 1;
const UNKNOWN: i32 = 2;

/// Silence of a running upload, in seconds, after which its server is gone: four heartbeats.
pub(super) const SILENCE_SECONDS: u64 = 120;

impl Transfers {
    /// One transfer.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], and those of ClickHouse.
    pub async fn find(&self, id: Uuid) -> Result<Snapshot> {
        let local = self
            .inner
            .registry
            .get(id)
            .map(|transfer| transfer.snapshot());
        match local {
            Ok(local) if local.may_be_outdone() && local.kind == Kind::Upload => {
                Ok(self.find_written(id).await.ok().flatten().unwrap_or(local))
            }
            Ok(local) => Ok(local),
            Err(unknown) => self.find_written(id).await?.ok_or(unknown),
        }
    }

    /// Ends a transfer, wherever it runs, unless it has ended or is being committed; returns it as it
    /// is then.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], and those of ClickHouse.
    pub async fn cancel(&self, id: Uuid) -> Result<Snapshot> {
        if let Ok(transfer) = self.inner.registry.get(id)
            && transfer.state().is_active()
        {
            transfer.stop(Error::Cancelled);
            transfer.wait_ended(CANCEL_LIMIT).await;
            let now = transfer.snapshot();
            match now.phase {
                // It stops, or waits for a ClickHouse that does not answer.
                Phase::Running => return Err(Error::CancelPending { id: id.to_string() }),
                // What was being interrupted already has not heard it.
                Phase::Interrupted => {}
                _ => return Ok(now),
            }
        }
        let found = self.find(id).await?;
        if found.phase.is_final() || found.phase == Phase::Committing {
            return Ok(found);
        }
        let inner = &self.inner;
        if inner.journal.open().await?
            && let Some(end) = inner.end_work(id, Step::Cancel).await?
            && end.step == Step::Cancel
        {
            // The server that works on it sees the step before its next block, stops, and says what it
            // leaves. One that has gone does not.
            if !self.wait_acknowledged(id, &found).await? {
                // Its caller may have gone before anything was written of it.
                let row = inner.journal.find(id).await?;
                let row = row.unwrap_or_else(|| row_of(found));
                inner.describe_end(row, &end, Error::Cancelled).await?;
            }
        }
        inner.registry.forget(id);
        // What runs here may have begun since, and not know yet.
        let now = match self.find_written(id).await? {
            Some(written) => written,
            None => self.find(id).await?,
        };
        match now.phase {
            Phase::Running => Err(Error::CancelPending { id: id.to_string() }),
            _ => Ok(now),
        }
    }

    /// Waits until the server that runs an upload has said that it was cancelled; false when it does
    /// not, or none runs it.
    async fn wait_acknowledged(&self, id: Uuid, found: &Snapshot) -> Result<bool> {
        if found.phase != Phase::Running {
            return Ok(false);
        }
        let deadline = tokio::time::Instant::now() + CANCEL_LIMIT;
        while tokio::time::Instant::now() < deadline {
            tokio::time::sleep(ACKNOWLEDGE_INTERVAL).await;
            let row = self.inner.journal.find(id).await?;
            let phase = row.and_then(|row| Phase::named(&row.state));
            if phase.is_some_and(Phase::is_final) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn find_written(&self, id: Uuid) -> Result<Option<Snapshot>> {
        let journal = &self.inner.journal;
        if !journal.exists().await? {
            return Ok(None);
        }
        let row = journal.find(id).await?;
        Ok(self.snapshots(row.into_iter().collect()).await?.pop())
    }

    pub(super) async fn snapshots(&self, rows: Vec<TransferRow>) -> Result<Vec<Snapshot>> {
        let open = rows.iter().filter(|row| !is_final(row));
        let open: Vec<_> = open.map(|row| row.transfer_id).collect();
        let pulses = if open.is_empty() {
            Vec::new()
        } else {
            self.inner.journal.pulses(&open).await?
        };
        let claims = self.inner.newest_claims(&open).await?;
        let pulse_of = |id| pulses.iter().find(|pulse| pulse.transfer_id == id).copied();
        let claim_of = |id| claims.iter().find(|(of, _)| *of == id);
        let snapshots = rows.into_iter().map(|row| {
            let pulse = pulse_of(row.transfer_id).unwrap_or_default();
            let newest = claim_of(row.transfer_id).map(|(_, claim)| claim);
            snapshot(as_claimed(row, newest), pulse)
        });
        Ok(snapshots.collect())
    }
}

fn is_final(row: &TransferRow) -> bool {
    Phase::named(&row.state).is_some_and(Phase::is_final)
}

/// A row that lags behind the newest step of its upload, as that step has it. Why it has ended is not written yet:
/// whoever took the step does so, or the sweeper.
fn as_claimed(row: TransferRow, newest: Option<&Claim>) -> TransferRow {
    let Some(newest) = newest else {
        return row;
    };
    let (phase, code) = match newest.standing() {
        Standing::Succeeded | Standing::Committing => return as_counted(row, newest),
        Standing::Owned | Standing::Restarted => return row,
        Standing::Ended { by_caller: true } => (Phase::Cancelled, CANCELLED),
        Standing::Ended { by_caller: false } => (Phase::Failed, UNKNOWN),
    };
    TransferRow {
        state: phase.name().to_owned(),
        error_code: code,
        error_reason: "TRANSFER_ENDED".to_owned(),
        error_message: "the journal does not say yet why the upload has ended".to_owned(),
        ..row
    }
}

/// What is written of a transfer that is like this, but for what only its run knows.
pub(super) fn row_of(now: Snapshot) -> TransferRow {
    let table = now.table.unwrap_or_default();
    let mode = now.commit.as_ref().map_or("", |commit| commit.mode.name());
    TransferRow {
        transfer_id: now.id,
        connection: now.connection,
        state: now.phase.name().to_owned(),
        database: table.database,
        table: table.table,
        commit_mode: mode.to_owned(),
        guarantee: now
            .commit
            .map(|commit| commit.guarantee)
            .unwrap_or_default(),
        resumable: now.is_resumable,
        source_name: now.source_name,
        owner: now.owner,
        total_bytes: now.total_bytes,
        bytes_received: now.counts.bytes_received,
        rows_parsed: now.counts.rows_parsed,
        rows_staged: now.counts.rows_staged,
        rows_committed: now.counts.rows_committed,
        rows_rejected: now.counts.rows_rejected,
        started_at: millis(now.started_at),
        elapsed_ms: u64::try_from(now.elapsed.as_millis()).unwrap_or(u64::MAX),
        ..TransferRow::default()
    }
}

/// What is written of a transfer, as it is to be understood now.
fn snapshot(row: TransferRow, pulse: Pulse) -> Snapshot {
    let table = row.target();
    let mode = CommitMode::named(&row.commit_mode);
    let phase = match Phase::named(&row.state).unwrap_or(Phase::Failed) {
        Phase::Running if pulse.age > SILENCE_SECONDS && row.resumable => Phase::Interrupted,
        Phase::Running if pulse.age > SILENCE_SECONDS => Phase::Failed,
        phase => phase,
    };
    let error = match phase {
        Phase::Failed | Phase::Cancelled | Phase::Interrupted if row.error_code != 0 => {
            Some(Error::Recorded(Failure {
                code: row.error_code,
                reason: row.error_reason,
                message: row.error_message,
                metadata: row.error_metadata,
            }))
        }
        Phase::Failed | Phase::Interrupted => Some(Error::ServerGone),
        _ => None,
    };
    let started_at = u64::try_from(row.started_at).unwrap_or(0);
    let durable_offset = match phase {
        Phase::Succeeded => row.bytes_received,
        _ => pulse.file_offset,
    };
    Snapshot {
        id: row.transfer_id,
        kind: Kind::Upload,
        phase,
        table: Some(table),
        counts: Counts {
            bytes_received: row.bytes_received.max(pulse.file_offset),
            rows_parsed: row.rows_parsed.max(pulse.rows_parsed),
            rows_staged: row.rows_staged.max(pulse.rows_staged),
            rows_committed: row.rows_committed,
            rows_rejected: row.rows_rejected.max(pulse.rows_rejected),
            ..Counts::default()
        },
        total_bytes: row.total_bytes,
        total_rows: None,
        commit: mode.map(|mode| Commit {
            mode,
            guarantee: row.guarantee,
        }),
        started_at: SystemTime::UNIX_EPOCH + Duration::from_millis(started_at),
        elapsed: Duration::from_millis(row.elapsed_ms),
        error: error.map(Arc::new),
        source_name: row.source_name,
        committed_offset: durable_offset,
        durable_offset,
        is_resumable: row.resumable && phase.may_go_on(),
        owner: row.owner,
        connection: row.connection,
        is_dry_run: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_counts_before_its_reason_is_written() {
        let row = || TransferRow {
            state: Phase::Running.name().to_owned(),
            resumable: true,
            ..TransferRow::default()
        };
        let own = Claim::after(None, Step::Own, Uuid::new_v4());
        let seen = |newest: &Claim| snapshot(as_claimed(row(), Some(newest)), Pulse::default());
        assert_eq!(seen(&own).phase, Phase::Running);
        for (step, phase) in [
            (Step::Cancel, Phase::Cancelled),
            (Step::Fail, Phase::Failed),
        ] {
            let end = Claim::after(Some(&own), step, Uuid::new_v4());
            let seen = seen(&end);
            assert_eq!(seen.phase, phase);
            assert!(!seen.is_resumable && seen.error.is_some());
        }
    }
}
