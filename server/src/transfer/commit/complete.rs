//! Completes a commit: does the actions of `protocol::Completion`, and says what it sees.
//!
//! `transfer::upload` completes what it has begun, and the sweeper, a client that comes back or the server that
//! began what others have left. Here nothing is decided: what follows which look is written in `protocol`.

use std::time::Duration;

use tokio::time::timeout;
use uuid::Uuid;

use super::staging::Staging;
use crate::{
    clickhouse::{
        Error as ClickHouseError,
        sql::{EngineClause, TableName, staging as sql},
    },
    journal::TransferRow,
    transfer::{
        CommitMode, Error, Inner, Patience, Result,
        claims::as_counted,
        inserts::tokens,
        protocol::{
            Claim, Step,
            completion::{Action, Completion, Observed, Passage, Stop},
        },
    },
};

/// How long a second replica is waited for.
const REPLICA_LIMIT: Duration = Duration::from_secs(10);

/// Partitions that one statement moves: enough to save round trips, few enough to be soon done.
const PARTITIONS_AT_ONCE: usize = 16;

/// How often a commit is begun with that others complete at the same time.
const MAX_ROUNDS: u32 = 64;

/// The pause before a commit that broke off is tried again, and how often: then it is the sweeper's.
const PENDING_PAUSE: Duration = Duration::from_secs(2);
const PENDING_TRIES: u32 = 60;

/// What is committed.
pub(in crate::transfer) struct Decided<'a> {
    pub(in crate::transfer) staging: &'a Staging,
    pub(in crate::transfer) passage: Passage,
    /// The identity of the table that the rows were counted for.
    pub(in crate::transfer) target: Uuid,
    /// The partitions that move, or the identity of the table that takes the target's place.
    pub(in crate::transfer) moves: &'a [String],
    /// The step COMMIT; none without a journal.
    pub(in crate::transfer) commit: Option<Claim>,
}

/// A commit that is being completed, and what was seen on the way.
struct Completing<'a> {
    inner: &'a Inner,
    decided: Decided<'a>,
    /// The run that takes DONE.
    run: Uuid,
    staged: Option<TableName>,
    /// Where the rows come.
    into: TableName,
    /// What is in the target already.
    there: Vec<String>,
    /// Partitions that are to be brought in, and those that one statement has copied.
    left: Vec<String>,
    copied: Vec<String>,
    done: Option<Claim>,
}

impl Passage {
    /// That of a mode that stages, into a table with this engine.
    pub(in crate::transfer) fn of(mode: CommitMode, engine: &EngineClause) -> Self {
        match (mode, engine.is_replicated()) {
            (CommitMode::Replace, true) => Self::Replace,
            (CommitMode::Replace, false) => Self::Exchange,
            (_, true) => Self::Attach,
            (_, false) => Self::Move,
        }
    }
}

impl Inner {
    /// Completes a commit, and returns the step DONE; none without a journal.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse, once `patience` is at its end; and what somebody has to mend before it can be
    /// completed.
    pub(in crate::transfer) async fn carry_out(
        &self,
        decided: Decided<'_>,
        mut patience: Patience,
    ) -> Result<Option<Claim>> {
        let mut completion = Completion::new(decided.passage, decided.moves.is_empty());
        let mut rounds = 0;
        let mut completing = Completing {
            inner: self,
            run: Uuid::new_v4(),
            staged: None,
            into: decided.staging.target().clone(),
            there: Vec::new(),
            left: Vec::new(),
            copied: Vec::new(),
            done: None,
            decided,
        };
        loop {
            if completion.is_at_its_beginning() {
                rounds += 1;
                if rounds > MAX_ROUNDS {
                    return Err(Error::Internal("a table is given new names without end"));
                }
            }
            let observed = match completing.perform(completion.action()).await {
                Ok(observed) => observed,
                Err(error) => {
                    patience.after(self, "committing", error).await?;
                    Observed::Unknown
                }
            };
            let next = completion.after(observed);
            match next.map_err(|stop| completing.explain(stop))? {
                Some(next) => completion = next,
                None => return Ok(completing.done),
            }
        }
    }

    /// Completes a commit that was begun, here or by another server.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse; and what somebody has to mend before it can be completed.
    pub(in crate::transfer) async fn complete(
        &self,
        row: TransferRow,
        commit: &Claim,
    ) -> Result<TransferRow> {
        let id = row.transfer_id;
        let mode = CommitMode::named(&row.commit_mode).unwrap_or_default();
        let staging = self.staging(&row.target(), id, commit.incarnation);
        tracing::info!(%id, mode = mode.name(), "completing a commit");
        let decided = Decided {
            staging: &staging,
            passage: staging.passage(mode).await?,
            target: commit.target,
            moves: &commit.moves,
            commit: Some(commit.clone()),
        };
        let done = self.carry_out(decided, Patience::none()).await?;
        let row = done.map_or(row.clone(), |done| as_counted(row, &done));
        self.journal.put_transfer(row.clone()).await?;
        Ok(row)
    }

    /// Goes on with a commit that broke off here, as long as what holds it up may pass and nobody else does.
    pub(in crate::transfer) async fn complete_pending(&self, id: Uuid) {
        for _ in 0..PENDING_TRIES {
            tokio::time::sleep(PENDING_PAUSE).await;
            if self.registry.is_closed() || self.is_active(id) {
                return;
            }
            match self.complete_once(id).await {
                Ok(()) => return,
                Err(error) if error.is_passing() => {
                    tracing::debug!(%id, error = error.logged(), "the commit is not finished yet");
                }
                Err(error) => {
                    tracing::warn!(%id, error = error.logged(), "the commit waits for somebody");
                    return;
                }
            }
        }
    }

    async fn complete_once(&self, id: Uuid) -> Result<()> {
        let newest = self.newest_claim(id).await?;
        let Some(commit) = newest.filter(|newest| newest.step == Step::Commit) else {
            return Ok(());
        };
        match self.journal.find(id).await? {
            Some(row) => match self.through_that_of(&row, commit.incarnation).await? {
                Some(inner) => inner.complete(row, &commit).await.map(drop),
                None => Ok(()),
            },
            None => Ok(()),
        }
    }
}

impl Completing<'_> {
    /// Does an action. Of two that give a table its next name, one hears that this is taken, or the table gone.
    async fn perform(&mut self, action: Action) -> Result<Observed> {
        match self.act(action).await {
            Err(Error::ClickHouse(
                ClickHouseError::UnknownTable(_) | ClickHouseError::TableExists(_),
            )) => Ok(Observed::Gone),
            observed => observed,
        }
    }

    async fn act(&mut self, action: Action) -> Result<Observed> {
        let staging = self.decided.staging;
        match action {
            Action::LookExchanged | Action::RenameNew | Action::CheckNew => {
                self.prepare_new(action).await
            }
            Action::FindStaged => {
                self.staged = staging.find().await?;
                let first = self.first_name();
                let is_first = |table| Staging::epoch(table) < first;
                let found = self.staged.as_ref();
                Ok(found.map_or(Observed::Gone, |table| is_first(table).into()))
            }
            Action::RenameStaged => {
                let next = staging.rename_on(self.staged()?, self.first_name());
                self.staged = Some(next.await?);
                Ok(Observed::Yes)
            }
            Action::WaitForInserts => {
                let service = self.inner.connection.service();
                let blocks = tokens(staging.transfer_id());
                self.inner.see_ended(service, &blocks).await?;
                Ok(Observed::Yes)
            }
            Action::CheckTarget(_) => {
                let now = staging.target_uuid().await?;
                Ok((now == Some(self.decided.target)).into())
            }
            Action::CheckName => Ok((staging.find().await? == self.staged).into()),
            Action::LookStaged | Action::LookLeft | Action::CheckEmpty => self.look(action).await,
            Action::WaitForOthers | Action::Sync | Action::LookThere | Action::LeaveOut => {
                self.leave_out(action).await
            }
            Action::Bring | Action::LeaveOutBrought | Action::EmptyTarget | Action::Exchange => {
                self.bring_in(action).await
            }
            // That the journal is gone says nothing of the staged rows.
            Action::CheckStep { .. } | Action::TakeDone => self.see_done(action).await,
            Action::Drop => {
                if self.decided.passage.is_replicated() {
                    self.wait_for_second_replica().await;
                }
                staging.drop_or_leave().await;
                Ok(Observed::Yes)
            }
        }
    }

    /// What is done to the table that is to take the place of the target.
    async fn prepare_new(&mut self, action: Action) -> Result<Observed> {
        let staging = self.decided.staging;
        let new = self.decided.moves.first();
        let new = new.and_then(|id| Uuid::try_parse(id).ok());
        let new = new.ok_or(Error::Internal("the journal names no table"))?;
        Ok(match action {
            Action::LookExchanged => {
                let tables = staging.replacements().await?;
                // The old rows wait under our name: they have been exchanged, whatever came then.
                let has_old = tables.iter().any(|(_, uuid)| *uuid == self.decided.target);
                if has_old || staging.target_uuid().await? == Some(new) {
                    return Ok(Observed::Yes);
                }
                let Some((table, _)) = tables.into_iter().find(|(_, uuid)| *uuid == new) else {
                    return Ok(Observed::Gone);
                };
                self.into = table;
                Observed::No
            }
            Action::RenameNew => {
                self.into = staging.rename_replacement_on(&self.into).await?;
                Observed::Yes
            }
            _ => (staging.uuid_of(&self.into).await? == Some(new)).into(),
        })
    }

    /// Looks what is staged.
    async fn look(&mut self, action: Action) -> Result<Observed> {
        let staging = self.decided.staging;
        let staged = staging.partitions_of(self.staged()?).await?;
        Ok(match action {
            Action::CheckEmpty => staged.is_empty().into(),
            Action::LookLeft => {
                self.left = staged.into_keys().collect();
                Observed::Left(pieces(&self.left))
            }
            _ => Observed::Left(u32::from(!staged.is_empty())),
        })
    }

    /// Leaves out what this, or another server, has brought in before.
    async fn leave_out(&mut self, action: Action) -> Result<Observed> {
        let staging = self.decided.staging;
        let is_replicated = self.decided.passage.is_replicated();
        let staged = self.staged()?;
        match action {
            // What is being moved this moment is in both tables, and is not to be left out.
            Action::WaitForOthers => staging.execute_alone(&sql::do_nothing()).await?,
            // The replicas may have agreed on what this one has not done yet.
            Action::Sync => staging.sync(&self.into).await?,
            Action::LookThere => {
                // Parts where each moves by itself, else partitions.
                let there = if is_replicated {
                    sql::attached_partitions(staged, &self.into)
                } else {
                    sql::moved_parts(staged, &self.into)
                };
                self.there = staging.names(&there).await?;
                return Ok((!self.there.is_empty()).into());
            }
            _ => {
                let there = &self.there;
                tracing::warn!(table = %staged, ?there, "the target has these already; leaving them out");
                let leave_out = if is_replicated {
                    sql::drop_partitions(staged, there)
                } else {
                    sql::drop_parts(staged, there)
                };
                staging.execute_alone(&leave_out).await?;
            }
        }
        Ok(Observed::Yes)
    }

    /// Changes what is seen in the target.
    async fn bring_in(&mut self, action: Action) -> Result<Observed> {
        let staging = self.decided.staging;
        let statement = match action {
            Action::EmptyTarget => sql::empty(&self.into),
            Action::Exchange => sql::exchange(&self.into, staging.target()),
            Action::LeaveOutBrought => sql::drop_partitions(self.staged()?, &self.copied),
            _ => {
                let rest = self.left.split_off(self.left.len().min(PARTITIONS_AT_ONCE));
                self.copied = std::mem::replace(&mut self.left, rest);
                let staged = self.staged()?;
                match self.decided.passage {
                    Passage::Move | Passage::Exchange => {
                        sql::move_partitions(staged, &self.into, &self.copied)
                    }
                    Passage::Attach => sql::attach_partitions(staged, &self.into, &self.copied),
                    Passage::Replace => sql::replace_partitions(staged, &self.into, &self.copied),
                }
            }
        };
        staging.execute_alone(&statement).await?;
        Ok(Observed::Yes)
    }

    /// Looks whether the commit is completed, or says so.
    async fn see_done(&mut self, action: Action) -> Result<Observed> {
        let Some(commit) = &self.decided.commit else {
            return Ok(Observed::Yes);
        };
        let id = self.decided.staging.transfer_id();
        if action != Action::TakeDone {
            return match self.inner.newest_claim(id).await? {
                Some(newest) if newest.number > commit.number => Ok(Observed::No),
                Some(newest) if newest.number == commit.number => Ok(Observed::Yes),
                // It is not what is written: a journal that has just been joined, or was made anew.
                _ => Err(Error::Journal(ClickHouseError::Unavailable {
                    message: "the journal does not show the commit that it has shown before"
                        .to_owned(),
                    exception: None,
                })),
            };
        }
        let done = self.inner.claim(id, &commit.done(self.run)).await?;
        let is_done = done.step == Step::Done;
        self.done = Some(done);
        Ok(is_done.into())
    }

    /// Waits until another node that is named has the rows too, so that they outlive this one. Without, they are
    /// safe as soon as any replica has fetched them.
    async fn wait_for_second_replica(&self) {
        let table = self.decided.staging.target();
        match timeout(REPLICA_LIMIT, self.inner.show_at_another_node(table)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%table, error = error.logged(), "no second replica"),
            Err(_) => tracing::warn!(%table, "no second replica has the rows in time"),
        }
    }

    /// The number of the first name that a commit gives to its staging table: no owner has given it that.
    fn first_name(&self) -> u32 {
        let commit = self.decided.commit.as_ref();
        commit.map_or(1, |commit| commit.number)
    }

    fn staged(&self) -> Result<&TableName> {
        self.staged.as_ref().ok_or(Error::StagedRowsGone)
    }

    fn explain(&self, stop: Stop) -> Error {
        match stop {
            Stop::StagedGone => Error::StagedRowsGone,
            Stop::NewGone => Error::Internal("the table that was to take the place is gone"),
            Stop::TargetGone => self.decided.staging.target_changed(),
            Stop::Lost => Error::TakenOver {
                id: self.decided.staging.transfer_id().to_string(),
            },
        }
    }
}

impl From<bool> for Observed {
    fn from(is_so: bool) -> Self {
        if is_so { Self::Yes } else { Self::No }
    }
}

/// How many statements it takes to bring partitions in.
fn pieces(partitions: &[String]) -> u32 {
    u32::try_from(partitions.len().div_ceil(PARTITIONS_AT_ONCE)).unwrap_or(u32::MAX)
}
