//! Between two calls of an upload: the time to wait, the question to the server, the next step.
//!
//! Part of `attempts`. What the answer means is `decide`'s to say.

use sluice_proto::v1::{Transfer, TransferKind, TransferState};
use uuid::Uuid;

use super::{Attempts, Interrupt, Left, Progress};
use crate::{
    command::upload::decide::{Verdict, decide},
    connect::Connection,
    error::{Error, Result, connection_broke},
    json,
    retry::{self, Wait},
};

/// Reasons of the server that an upload has ended without success, and its id with it.
const USED_UP: [&str; 2] = ["TRANSFER_ENDED", "TRANSFER_NOT_RESUMABLE"];

/// What the server says of the transfer.
#[derive(Debug)]
enum Answer {
    /// It is so.
    Found(Box<Transfer>),
    /// It knows no such transfer.
    Unknown(Error),
    /// Nothing, or not now.
    Silent(Error),
}

impl Attempts<'_> {
    /// Where the file goes on after a failure that passes; any other one is the end.
    pub(super) async fn recover(
        &mut self,
        error: Error,
        progress: &Progress,
        interrupt: &mut Interrupt,
    ) -> Result<u64> {
        if !retry::is_passing(&error) {
            return Err(self.explained(error).await);
        }
        if retry::is_reason(&error, "TOO_MANY_TRANSFERS") {
            // The server has not begun with it.
            self.view.set_at_risk(false);
        }
        if self.origin.is_none() {
            let shown = self.view.seen().shown;
            let left = self.partly_loaded();
            let left = left.unwrap_or(Left::StandardInput(shown));
            return Err(self.left(error, left));
        }
        self.next_step(Some(error), progress, interrupt).await
    }

    /// The failure, with how and when the upload ended where the server says only that its id is used up.
    async fn explained(&self, error: Error) -> Error {
        if !USED_UP
            .iter()
            .any(|reason| retry::is_reason(&error, reason))
        {
            return error;
        }
        let transfer = self.connection.transfer(&self.spec.transfer_id).await;
        match transfer {
            Ok(transfer) if has_ended(&transfer) => Error::Ended(Box::new(transfer)),
            _ => error,
        }
    }

    /// Asks the server where the file goes on, after a failure not before it is time for that.
    pub(super) async fn next_step(
        &mut self,
        mut failure: Option<Error>,
        progress: &Progress,
        interrupt: &mut Interrupt,
    ) -> Result<u64> {
        loop {
            if let Some(error) = failure.take() {
                failure = Some(self.pause(error, progress, interrupt).await?);
            }
            let answer = self.ask(interrupt).await?;
            if self.spec.dry_run && !matches!(answer, Answer::Silent(_)) {
                // It holds nothing, and is made anew.
                self.spec.transfer_id = Uuid::now_v7().to_string();
                return Ok(0);
            }
            match self.judge(&answer, failure.as_ref(), progress)? {
                Verdict::Send(offset) => return Ok(offset),
                Verdict::Wait => failure = Some(self.reason_to_wait(answer, failure)?),
                Verdict::Ended(error) => {
                    return Err(match (answer, &failure) {
                        // This command has not begun with it.
                        (Answer::Found(transfer), None) => Error::Ended(transfer),
                        _ => Error::Transfer {
                            transfer_id: self.spec.transfer_id.clone(),
                            error: Box::new(error),
                        },
                    });
                }
                Verdict::Lost => return Err(self.lost(answer, failure)),
            }
        }
    }

    /// The end of an upload of which rows may be in the table.
    fn lost(&self, answer: Answer, failure: Option<Error>) -> Error {
        let cause = match (failure, answer) {
            (Some(failure), _) => failure,
            (None, Answer::Silent(error) | Answer::Unknown(error)) => error,
            (None, Answer::Found(transfer)) => Error::Transfer {
                error: Box::new(transfer.error.unwrap_or_default()),
                transfer_id: transfer.transfer_id,
            },
        };
        self.left(cause, Left::Direct(self.view.seen().rows))
    }

    /// Waits before the next question, and returns the failure; fails with it when there has been
    /// enough of that.
    async fn pause(
        &mut self,
        error: Error,
        progress: &Progress,
        interrupt: &mut Interrupt,
    ) -> Result<Error> {
        let Some(delay) = self.patience.delay(&error) else {
            return Err(self.worn_out(error));
        };
        let pause = async {
            let ends = self.ends.words(self.server, &self.connection, &error).await;
            progress.wait(Wait::new(&ends, &error, &self.patience, "trying again"));
            tokio::time::sleep(delay).await;
            Ok(())
        };
        self.guarded(pause, interrupt).await?;
        Ok(error)
    }

    /// The failure that ends the upload, with what becomes of it.
    fn worn_out(&self, error: Error) -> Error {
        let seen = self.view.seen();
        if seen.resumable {
            return self.left(error, self.resumable());
        }
        if let Some(left) = self.partly_loaded() {
            return self.left(error, left);
        }
        if !seen.known && self.may_be_known(&error) {
            return self.left(error, self.resumable());
        }
        error
    }

    /// What has become of an upload that cannot be resumed, if rows of it may be in the table.
    fn partly_loaded(&self) -> Option<Left> {
        let seen = self.view.seen();
        let may_hold_rows = !seen.resumable && (seen.rows > 0 || seen.at_risk);
        may_hold_rows.then_some(Left::Direct(seen.rows))
    }

    /// Whether the server may know of an upload that was not seen there: the connection broke too
    /// early to tell.
    fn may_be_known(&self, error: &Error) -> bool {
        let is_silent = match error {
            Error::Connect { .. } => true,
            Error::Call(status) => connection_broke(status),
            _ => false,
        };
        is_silent && (self.resume || self.history.attempts > 0)
    }

    /// Asks for the transfer over a new connection.
    async fn ask(&mut self, interrupt: &mut Interrupt) -> Result<Answer> {
        let (server, transfer_id) = (self.server, self.spec.transfer_id.clone());
        let question = async {
            let connection = Connection::open(server).await?;
            let transfer = connection.transfer(&transfer_id).await;
            Ok((connection, transfer))
        };
        let answer = match self.guarded(question, interrupt).await {
            Ok((connection, transfer)) => {
                self.connection = connection;
                transfer
            }
            Err(error) => Err(error),
        };
        match answer {
            Ok(transfer) => Ok(Answer::Found(Box::new(transfer))),
            Err(error) if retry::is_reason(&error, "TRANSFER_NOT_FOUND") => {
                Ok(Answer::Unknown(error))
            }
            Err(error) if retry::is_passing(&error) => Ok(Answer::Silent(error)),
            Err(error) => Err(error),
        }
    }

    /// What to do by the answer; what it says is remembered.
    fn judge(
        &mut self,
        answer: &Answer,
        failure: Option<&Error>,
        progress: &Progress,
    ) -> Result<Verdict> {
        let seen = self.view.seen();
        match answer {
            Answer::Silent(_) => Ok(Verdict::Wait),
            // An id that was never there is a mistake of whoever gave it.
            Answer::Unknown(Error::Call(status)) if self.resume && !seen.known => {
                Err(Error::Call(status.clone()))
            }
            Answer::Unknown(_) => Ok(decide(&seen, None, false)),
            Answer::Found(transfer) if transfer.kind() == TransferKind::Export => {
                Err(Error::Usage(format!(
                    "transfer {} is an export, and only uploads are resumed by their id",
                    transfer.transfer_id
                )))
            }
            Answer::Found(transfer) => {
                let taken_over =
                    failure.is_some_and(|error| retry::is_reason(error, "TRANSFER_TAKEN_OVER"));
                let verdict = decide(&seen, Some(transfer), taken_over);
                self.view.update(transfer);
                if self.furthest.raise(&self.view.seen()) {
                    self.patience.renew();
                    self.told = None;
                    progress.moved();
                }
                let is_first = self.history.attempts == 0;
                self.is_loaded = is_first && transfer.state() == TransferState::Succeeded;
                Ok(verdict)
            }
        }
    }

    /// Why the next question has to wait.
    fn reason_to_wait(&self, answer: Answer, failure: Option<Error>) -> Result<Error> {
        let transfer = match answer {
            Answer::Silent(error) | Answer::Unknown(error) => return Ok(error),
            Answer::Found(transfer) => transfer,
        };
        let busy = Error::Busy {
            state: json::state(&transfer),
            transfer_id: transfer.transfer_id.clone(),
        };
        match failure {
            Some(failure) => Ok(failure),
            // Somebody else's, for which there is nothing to wait.
            None if transfer.state() == TransferState::Running => {
                Err(self.left(busy, Left::Direct(self.view.seen().rows)))
            }
            None => Ok(busy),
        }
    }
}

/// Whether an upload has ended without success.
fn has_ended(transfer: &Transfer) -> bool {
    matches!(
        transfer.state(),
        TransferState::Failed | TransferState::Cancelled
    )
}
