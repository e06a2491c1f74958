//! What the journal knows of an upload that a client begins, perhaps not for the first time.
//!
//! Part of `transfer::upload`. It decides where the upload goes on; it moves nothing.

use std::sync::Arc;

use uuid::Uuid;

use crate::{
    clickhouse::{
        self,
        sql::{TableName, staging},
    },
    journal::{Checkpoint, TransferRow, UploadRow},
    transfer::{
        Commit, CommitMode, Error, Inner, Phase, Result, UploadRequest,
        claims::as_counted,
        inserts::tokens,
        protocol::{Claim, Described, Next, Standing, Step, beginning::Coming},
    },
};

/// An upload with this id, as it was.
#[derive(Debug)]
pub(in crate::transfer) enum Past {
    /// There was none, or it came to nothing; its newest step.
    Nothing(Option<Claim>),
    /// It is loaded.
    Done(Box<TransferRow>),
    /// Its rows were being made visible.
    Committing(Box<TransferRow>, Claim),
    /// It goes on.
    Begun {
        /// Its newest step.
        newest: Claim,
        /// What it began with.
        upload: Box<UploadRow>,
        /// The commit mode that was chosen, and what it promises; none while it was not.
        commit: Option<Commit>,
        /// How far it is.
        checkpoint: Checkpoint,
    },
}

impl Inner {
    /// The same at the node at which an upload goes on: that of its staged rows, as long as it answers.
    ///
    /// # Errors
    ///
    /// [`Error::CommitPending`] where only another server gets to them; and those of ClickHouse.
    pub(super) async fn at_node_of(&self, request: &UploadRequest) -> Result<Self> {
        let id = request.id;
        if request.dry_run || !self.journal.is_shared().await? {
            return Ok(self.clone());
        }
        let newest = self.newest_claim(id).await?;
        let Some(newest) = newest.filter(|newest| newest.needs_staging(newest.incarnation)) else {
            return Ok(self.clone());
        };
        let is_committing = newest.standing() == Standing::Committing;
        match self.at_place_of(id, newest.incarnation).await? {
            Ok(placed) if is_committing || placed.connection.service().answers().await => {
                Ok(placed)
            }
            Err(node) if is_committing => Err(Error::CommitPending {
                id: id.to_string(),
                cause: Arc::new(Error::OtherNode { node }),
            }),
            // What is staged there is given up.
            Ok(_) | Err(_) => Ok(self.clone()),
        }
    }

    /// Whether a table here is the one that an upload was begun with at another node, as another replica: its UUID
    /// there was `uuid`.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub(super) async fn is_replica_of(
        &self,
        table: &TableName,
        upload: &UploadRow,
    ) -> Result<bool> {
        let place = self
            .journal
            .place(upload.transfer_id, upload.incarnation)
            .await?;
        let Some(place) = place else {
            return Ok(false);
        };
        let is_here = place.node == self.connection.node_name().await?;
        let is_replicated = !place.keeper_path.is_empty();
        if is_here || !is_replicated || place.keeper_path != self.keeper_path(table).await? {
            return Ok(false);
        }
        // Whoever makes a table anew under the path of before has dropped it there too.
        let Some(there) = self.connection.at_node(&place.node).await else {
            return Ok(true);
        };
        if !there.service().answers().await {
            return Ok(true);
        }
        let there = self.through(there);
        let staging = there.staging(table, upload.transfer_id, upload.incarnation);
        Ok(staging.target_uuid().await? == Some(upload.target))
    }

    /// Waits until another node that is named, and answers, has all rows of a replicated table; nothing where there
    /// is none.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub(in crate::transfer) async fn show_at_another_node(&self, table: &TableName) -> Result<()> {
        if !self.connection.nodes().are_several() {
            return Ok(());
        }
        let path = self.keeper_path(table).await?;
        for connection in self.connection.at_each() {
            let is_other = connection.url() != self.connection.url();
            let there = self.through(connection);
            // A node of another shard has other rows.
            if is_other && there.keeper_path(table).await? == path {
                let service = there.connection.service();
                return Ok(service.execute(&staging::sync_replica(table)).await?);
            }
        }
        Ok(())
    }

    /// The path in Keeper of a replicated table here; empty for another one, and where the user may not know.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub(in crate::transfer) async fn keeper_path(&self, table: &TableName) -> Result<String> {
        match self.client().fetch(&staging::keeper_path(table)).await {
            Ok(paths) => Ok(Vec::into_iter(paths).next().unwrap_or_default()),
            Err(clickhouse::Error::AccessDenied(_)) => Ok(String::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// Looks for an upload of the same id.
    ///
    /// # Errors
    ///
    /// It belongs to somebody else, has another spec or another file, or cannot go on; and those of
    /// ClickHouse.
    pub(super) async fn past(&self, request: &UploadRequest) -> Result<Past> {
        let id = request.id;
        let Some(newest) = self.newest_claim(id).await? else {
            return Ok(Past::Nothing(None));
        };
        // Behind the step: what was written before it is seen.
        let row = self.journal.find(id).await?;
        if row.as_ref().is_some_and(|row| row.owner != request.owner) {
            return Err(Error::Exists { id: id.to_string() });
        }
        let upload = self.journal.upload(id).await?;
        let upload = upload.filter(|upload| upload.incarnation == newest.incarnation);
        let next = newest.next(row.as_ref().map(described), upload.is_some());
        match (next, row, upload) {
            (Next::Take(Coming::New), ..) => Ok(Past::Nothing(Some(newest))),
            (Next::Take(Coming::Unsent), ..) => self.begin_unless_sent(id, &newest).await,
            (Next::Refuse | Next::Ended { leaves_rows: true }, ..) => {
                Err(Error::NotResumable { id: id.to_string() })
            }
            (Next::Ended { leaves_rows: false }, row, _) => Err(ended(id, &newest, row)),
            (Next::Take(Coming::Resumed), Some(row), Some(upload)) => {
                self.go_on(request, row, upload, newest).await
            }
            (Next::Complete, Some(row), upload) => {
                let row = as_counted(row, &newest);
                self.check_same(request, &row, upload.as_ref())?;
                Ok(Past::Committing(Box::new(row), newest))
            }
            (Next::Replay, Some(row), upload) => {
                let row = as_counted(row, &newest);
                self.check_same(request, &row, upload.as_ref())?;
                Ok(Past::Done(Box::new(row)))
            }
            _ => Err(Error::Internal("the journal has lost the row of an upload")),
        }
    }

    /// Where an upload goes on that somebody has worked on.
    async fn go_on(
        &self,
        request: &UploadRequest,
        row: TransferRow,
        upload: UploadRow,
        newest: Claim,
    ) -> Result<Past> {
        let id = request.id;
        let mode = CommitMode::named(&row.commit_mode).unwrap_or_default();
        self.check_same(request, &row, Some(&upload))?;
        let checkpoint = self.journal.checkpoint(id, newest.incarnation).await?;
        let checkpoint = checkpoint.unwrap_or_default();
        if mode.is_staged() {
            let staging = self.staging(&row.target(), id, newest.incarnation);
            if !staging.holds(checkpoint.rows_staged).await? {
                tracing::warn!(%id, "the staged rows are gone: beginning again");
                return self.restart(id, &newest).await;
            }
        }
        Ok(Past::Begun {
            newest,
            upload: Box::new(upload),
            commit: (mode != CommitMode::Auto).then_some(Commit {
                mode,
                guarantee: row.guarantee,
            }),
            checkpoint,
        })
    }

    /// Begins anew what has an owner who has not written down what it begins with: nothing is sent before.
    /// But that owner may be alive, and do both in this moment.
    async fn begin_unless_sent(&self, id: Uuid, newest: &Claim) -> Result<Past> {
        let own = Claim::after(Some(newest), Step::Own, Uuid::new_v4());
        let taken = self.claim(id, &own).await?;
        let taken_over = || Err(Error::TakenOver { id: id.to_string() });
        if taken.run != own.run {
            return taken_over();
        }
        // From here on nobody else sends.
        self.see_ended(self.client(), &tokens(id)).await?;
        match self.journal.upload(id).await? {
            // It has been sent meanwhile, and goes on.
            Some(upload) if upload.incarnation == newest.incarnation => taken_over(),
            _ => self.restart(id, &taken).await,
        }
    }

    /// Gives up what there is of an upload, so that its file begins at its first byte again.
    async fn restart(&self, id: Uuid, newest: &Claim) -> Result<Past> {
        let restart = Claim::after(Some(newest), Step::Restart, Uuid::new_v4());
        let taken = self.claim(id, &restart).await?;
        if taken.run == restart.run {
            return Ok(Past::Nothing(Some(taken)));
        }
        let id = id.to_string();
        Err(Error::TakenOver { id })
    }

    /// Sees that the same is asked for as before, as far as the first message tells.
    fn check_same(
        &self,
        request: &UploadRequest,
        row: &TransferRow,
        upload: Option<&UploadRow>,
    ) -> Result<()> {
        let id = || request.id.to_string();
        let has_spec = upload.is_none_or(|upload| upload.spec == request.spec);
        if !has_spec || row.connection != self.connection.name() {
            return Err(Error::SpecMismatch {
                id: id(),
                before: upload.map_or_else(|| request.spec.clone(), |upload| upload.spec.clone()),
                now: request.spec.clone(),
            });
        }
        // By then the file was whole.
        let is_whole = matches!(
            Phase::named(&row.state),
            Some(Phase::Committing | Phase::Succeeded)
        );
        let expected = Some(row.bytes_received).filter(|_| is_whole);
        match (expected.or(row.total_bytes), request.total_bytes) {
            (Some(expected), Some(actual)) if expected != actual => Err(Error::OtherFile {
                id: id(),
                expected,
                actual,
            }),
            _ => Ok(()),
        }
    }
}

/// What a client is told whose upload has ended without success. Its row may say less than its step.
fn ended(id: Uuid, newest: &Claim, row: Option<TransferRow>) -> Error {
    let phase = match newest.standing() {
        Standing::Ended { by_caller: true } => Phase::Cancelled,
        _ => Phase::Failed,
    };
    let row = row.filter(|row| Phase::named(&row.state) == Some(phase));
    let cause = row.map_or_else(
        || "the journal does not say why".to_owned(),
        |row| row.error_message,
    );
    Error::Ended {
        id: id.to_string(),
        phase,
        cause,
    }
}

/// What the protocol asks of a row.
fn described(row: &TransferRow) -> Described {
    Described {
        mode: CommitMode::named(&row.commit_mode).unwrap_or_default(),
    }
}
