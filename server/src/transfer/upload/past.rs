//! What the journal knows of an upload that a client begins, perhaps not for the first time.
//!
//! Part of `transfer::upload`. It decides where the upload goes on; it moves nothing.

use crate::{
    journal::{Checkpoint, TransferRow, UploadRow},
    transfer::{CommitMode, Error, Inner, Phase, Result, UploadRequest},
};

/// An upload with this id, as it was.
#[derive(Debug)]
pub(in crate::transfer) enum Past {
    /// There was none, or it came to nothing.
    Nothing {
        /// Whether it has left something in the journal.
        is_repeated: bool,
    },
    /// It is loaded.
    Done(Box<TransferRow>),
    /// Its rows were being made visible.
    Committing(Box<TransferRow>),
    /// It goes on.
    Begun {
        /// What it began with.
        upload: Box<UploadRow>,
        /// The commit mode that was chosen.
        mode: CommitMode,
        /// How far it is.
        checkpoint: Checkpoint,
    },
}

impl Inner {
    /// Looks for an upload of the same id.
    ///
    /// # Errors
    ///
    /// It belongs to somebody else, has another spec, or cannot go on; and those of ClickHouse.
    pub(super) async fn past(&self, request: &UploadRequest) -> Result<Past> {
        let Some(row) = self.journal.find(request.id).await? else {
            return Ok(Past::Nothing { is_repeated: false });
        };
        let id = || request.id.to_string();
        if row.owner != request.owner {
            return Err(Error::Exists { id: id() });
        }
        let phase = Phase::named(&row.state);
        let mode = CommitMode::named(&row.commit_mode).unwrap_or_default();
        let nothing = Past::Nothing { is_repeated: true };
        let may_have_rows = row.rows_staged > 0 || phase == Some(Phase::Running);
        if mode == CommitMode::Direct && phase != Some(Phase::Succeeded) && may_have_rows {
            return Err(Error::NotResumable { id: id() });
        }
        if matches!(phase, None | Some(Phase::Failed | Phase::Cancelled)) {
            return Ok(nothing);
        }
        let Some(upload) = self.journal.upload(request.id).await? else {
            return Ok(nothing);
        };
        if upload.spec != request.spec || row.connection != self.connection.name() {
            return Err(Error::SpecMismatch { id: id() });
        }
        match phase {
            Some(Phase::Succeeded) => return Ok(Past::Done(Box::new(row))),
            Some(Phase::Committing) => return Ok(Past::Committing(Box::new(row))),
            _ => {}
        }
        let checkpoint = self
            .journal
            .checkpoint(request.id)
            .await?
            .unwrap_or_default();
        if !self.has_staged(&row, mode, checkpoint).await? {
            tracing::warn!(id = %request.id, "the staged rows are gone: beginning again");
            return Ok(nothing);
        }
        Ok(Past::Begun {
            upload: Box::new(upload),
            mode,
            checkpoint,
        })
    }

    /// Whether ClickHouse still has what a checkpoint says.
    async fn has_staged(
        &self,
        row: &TransferRow,
        mode: CommitMode,
        checkpoint: Checkpoint,
    ) -> Result<bool> {
        if !mode.is_staged() || checkpoint.rows_staged == 0 {
            return Ok(true);
        }
        let staging = self.staging(row.transfer_id, &row.target());
        Ok(staging.row_count().await? >= checkpoint.rows_staged)
    }
}
