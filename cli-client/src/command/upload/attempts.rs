//! The calls that make one upload: after a failure that passes, the next one goes on where the last
//! one stood.
//!
//! `upload` runs it once for each pass over the file. It must never send a byte again without asking
//! the server where the file goes on, nor leave a transfer behind without saying so.

mod next;

use std::{env, pin::pin, time::Duration};

use sluice_proto::v1::{CommitMode, UploadResponse, UploadSpec};

use super::{
    decide::Seen,
    given_up::{self, with_rows_left},
    send::{View, send},
};
use crate::{
    cli,
    connect::{Connection, Server},
    ends::Ends,
    error::{Error, Left, Result},
    output::Output,
    progress::Progress,
    retry::Patience,
    signal::{Interrupt, Signal},
    source::{Origin, Source},
    task, text,
};

/// What the calls of an upload came to.
#[derive(Debug, Default)]
pub(in crate::command) struct History {
    /// Calls that sent the file or a part of it.
    pub(super) attempts: u32,
    /// The offsets at which the upload went on.
    pub(super) resumed_at: Vec<u64>,
}

/// One upload.
#[derive(Debug)]
pub(in crate::command) struct Attempts<'a> {
    server: &'a Server,
    connection: Connection,
    spec: UploadSpec,
    /// The file as it was opened, until the first call takes it.
    first: Option<Source>,
    /// The file to be opened again; nothing for standard input.
    origin: Option<Origin>,
    /// Whether the transfer is one that was interrupted before.
    resume: bool,
    /// Whether that one turned out to be loaded.
    is_loaded: bool,
    /// The offset that people were told of since something has moved.
    told: Option<u64>,
    view: View,
    ends: Ends,
    patience: Patience,
    /// How far it had come when the patience was renewed.
    furthest: Seen,
    history: History,
}

impl<'a> Attempts<'a> {
    /// An upload of this file, with this time to try again.
    pub(in crate::command) fn new(
        server: &'a Server,
        connection: Connection,
        source: Source,
        spec: UploadSpec,
        retry_time: Duration,
    ) -> Self {
        let view = View::default();
        let total_bytes = source.total_bytes().unwrap_or_default();
        view.counts.set_total_bytes(total_bytes);
        Self {
            server,
            connection,
            spec,
            origin: source.origin().cloned(),
            first: Some(source),
            resume: false,
            is_loaded: false,
            told: None,
            view,
            ends: Ends::default(),
            patience: Patience::new(retry_time),
            furthest: Seen::default(),
            history: History::default(),
        }
    }

    /// The same where the transfer is one that was interrupted before.
    pub(super) fn resuming(self, resume: bool) -> Self {
        Self { resume, ..self }
    }

    /// The id of the transfer; a dry run takes a new one for each call.
    pub(super) fn transfer_id(&self) -> &str {
        &self.spec.transfer_id
    }

    /// The connection as it is after the last call, and what the calls came to.
    pub(in crate::command) fn into_parts(self) -> (Connection, History) {
        (self.connection, self.history)
    }

    /// Uploads the file, whatever happens in between, and shows how far it is.
    pub(in crate::command) async fn run(
        &mut self,
        output: Output,
        interrupt: &mut Interrupt,
    ) -> Result<UploadResponse> {
        let progress = Progress::start(&self.view.counts, output);
        let mut offset = if self.resume {
            self.next_step(None, &progress, interrupt).await?
        } else {
            0
        };
        loop {
            match self.send(offset, &progress, interrupt).await {
                Ok(response) => return Ok(response),
                Err(error) => offset = self.recover(error, &progress, interrupt).await?,
            }
        }
    }

    /// Makes a call that sends the file from this offset on.
    async fn send(
        &mut self,
        offset: u64,
        progress: &Progress,
        interrupt: &mut Interrupt,
    ) -> Result<UploadResponse> {
        let source = self.open(offset, interrupt).await?;
        self.history.attempts += 1;
        progress.go_on();
        if self.is_loaded {
            progress.note("the file is loaded already; only its checksum is compared");
        } else if self.resume || self.history.attempts > 1 {
            self.history.resumed_at.push(offset);
            if self.told.replace(offset) != Some(offset) {
                progress.note(&self.going_on(offset));
            }
        }
        let shown = i64::try_from(offset).unwrap_or_default();
        self.view.counts.set_bytes(shown);
        if self.spec.commit_mode() == CommitMode::Direct {
            self.view.set_at_risk(true);
        }
        let call = send(&self.connection, source, self.spec.clone(), &self.view);
        self.guarded(call, interrupt).await
    }

    /// Opens the file at this offset, and puts into the spec what lies before.
    async fn open(&mut self, offset: u64, interrupt: &mut Interrupt) -> Result<Source> {
        self.spec.start_offset = i64::try_from(offset).unwrap_or(i64::MAX);
        self.spec.prefix_crc32c = None;
        let first = self.first.take();
        if offset == 0
            && let Some(source) = first
        {
            return Ok(source);
        }
        // Only a file gets here: see `recover`.
        let origin = self.origin.clone().ok_or(Error::Interrupted)?;
        let mut opening = task::worker(move || origin.open_at(offset));
        let opened = async { opening.join().await.map_err(Error::Runtime).flatten() };
        let (source, sum) = match self.guarded(opened, interrupt).await {
            Err(cause @ Error::FileChanged { .. }) if !self.resume => {
                // Nobody can go on with it.
                let id = &self.spec.transfer_id;
                let answer = self.connection.give_up(id).await;
                let seen = self.view.seen();
                return Err(with_rows_left(cause, &seen, answer.as_ref(), id));
            }
            opened => opened?,
        };
        self.spec.prefix_crc32c = (offset > 0).then_some(sum);
        Ok(source)
    }

    /// `going on at 12.3 MB of 45.0 MB`.
    fn going_on(&self, offset: u64) -> String {
        let total = self.origin.as_ref().map_or(0, Origin::total_bytes);
        match offset {
            0 => "beginning at zero: the server has none of it, or takes a compressed file \
                  as a whole; no row is loaded twice"
                .to_owned(),
            _ => format!(
                "going on at {} of {}",
                text::size(offset),
                text::size(total)
            ),
        }
    }

    /// Waits for some work; when it is interrupted, the server is told while a call still stands: one
    /// that breaks off looks like a client that has gone.
    async fn guarded<T>(
        &self,
        work: impl Future<Output = Result<T>>,
        interrupt: &mut Interrupt,
    ) -> Result<T> {
        let mut work = pin!(work);
        let signal = tokio::select! {
            result = &mut work => return result,
            signal = interrupt.received() => signal,
        };
        Err(self.stop(signal, interrupt).await)
    }

    /// Leaves the transfer to be resumed, or cancels it; the error tells which.
    async fn stop(&self, signal: Signal, interrupt: &mut Interrupt) -> Error {
        let seen = self.view.seen();
        let can_go_on = seen.resumable || (!seen.known && !seen.at_risk);
        let is_sent_again = self.origin.is_some() && !self.spec.dry_run;
        if signal.leaves_work() && can_go_on && is_sent_again {
            return self.left(Error::Interrupted, self.resumable());
        }
        let answer = tokio::select! {
            answer = self.connection.give_up(&self.spec.transfer_id) => answer,
            _ = interrupt.received() => None,
        };
        match given_up::left(&seen, answer.as_ref()) {
            Some(left) if !self.spec.dry_run => self.left(Error::Interrupted, left),
            _ => Error::Interrupted,
        }
    }

    fn resumable(&self) -> Left {
        let id = &self.spec.transfer_id;
        Left::Resumable {
            command: cli::resume_command(env::args_os(), id),
            is_certain: self.view.seen().known,
        }
    }

    fn left(&self, cause: Error, left: Left) -> Error {
        Error::Left {
            transfer_id: self.spec.transfer_id.clone(),
            cause: Box::new(cause),
            left,
        }
    }
}
