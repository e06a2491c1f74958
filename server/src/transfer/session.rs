//! Uploads of clients that cannot stream: each append names its offset, and may come too early.
//!
//! `rpc::session` calls it. Bytes reach the pipeline in the order of the file, each once, whatever the
//! order and number of the calls; a call that was cut off has handed over all of its bytes or none.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::{
    sync::{Mutex as OrderedMutex, OnceCell, Semaphore, watch},
    time::timeout,
};
use uuid::Uuid;

use super::{
    Error, Result, State, Transfer, Transfers, UploadRequest,
    live::lock,
    upload::{Begun, Upload, UploadOutcome, Whole},
};

/// How long an append waits for its predecessor, which is on its way.
const EARLY_LIMIT: Duration = Duration::from_secs(20);

/// The outcome of an upload, for every call that asks.
pub type SharedOutcome = Result<Arc<UploadOutcome>, Arc<Error>>;

/// An upload that is open.
#[derive(Debug)]
pub struct Session {
    transfer: Arc<Transfer>,
    spec: Vec<u8>,
    begun: Begun,
    /// The pipeline, and whether it knows that the file is whole.
    upload: OrderedMutex<(Upload, bool)>,
    /// The offset that the next append starts at.
    next: watch::Sender<u64>,
    early: Semaphore,
    outcome: OnceCell<SharedOutcome>,
    used: Mutex<Instant>,
}

/// The uploads that are open on this server.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    by_id: Mutex<HashMap<Uuid, Arc<Session>>>,
}

impl Transfers {
    /// Opens an upload, or finds the one that is open.
    ///
    /// # Errors
    ///
    /// As [`Transfers::start_upload`]; and it has another spec, or cannot go on.
    pub async fn open_session(&self, request: UploadRequest) -> Result<Arc<Session>, Arc<Error>> {
        let id = request.id;
        if let Some(session) = self.session(id).filter(|session| session.is_active()) {
            let description = session.transfer.description();
            let is_same = session.spec == request.spec
                && description.owner == request.owner
                && description.connection == self.connection();
            if !is_same {
                return Err(Arc::new(Error::SpecMismatch {
                    id: id.to_string(),
                    before: session.spec.clone(),
                    now: request.spec,
                }));
            }
            return match (description.total_bytes, request.total_bytes) {
                (Some(expected), Some(actual)) if expected != actual => {
                    let id = id.to_string();
                    Err(Arc::new(Error::OtherFile {
                        id,
                        expected,
                        actual,
                    }))
                }
                _ => Ok(session),
            };
        }
        let spec = request.spec.clone();
        let mut upload = self.start_upload(request).await?;
        let Some(begun) = upload.begun().await else {
            let outcome = upload.outcome().await;
            return Err(outcome
                .err()
                .unwrap_or_else(|| Arc::new(Error::Internal("an upload ended before it began"))));
        };
        let session = Arc::new(Session {
            transfer: Arc::clone(upload.transfer()),
            spec,
            begun,
            upload: OrderedMutex::new((upload, false)),
            next: watch::Sender::new(begun.offset),
            early: Semaphore::new(self.inner.config.max_early_appends),
            outcome: OnceCell::new(),
            used: Mutex::new(Instant::now()),
        });
        lock(&self.inner.sessions.by_id).insert(id, Arc::clone(&session));
        Ok(session)
    }

    /// The open upload with this id.
    #[must_use]
    pub fn session(&self, id: Uuid) -> Option<Arc<Session>> {
        lock(&self.inner.sessions.by_id).get(&id).cloned()
    }

    /// The appends that may wait for their predecessor.
    #[must_use]
    pub fn max_early_appends(&self) -> usize {
        self.inner.config.max_early_appends
    }

    /// What an upload was asked for, when it was begun on any server of this ClickHouse.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], and those of ClickHouse.
    pub async fn stored_spec(&self, id: Uuid) -> Result<Vec<u8>> {
        let not_found = || Error::NotFound { id: id.to_string() };
        self.inner.wait_ready().await?;
        if !self.inner.journal.open().await? {
            return Err(not_found());
        }
        let upload = self.inner.journal.upload(id).await?;
        Ok(upload.ok_or_else(not_found)?.spec)
    }
}

impl Sessions {
    /// Gives up what has been silent for `limit` while others wait, is used by no call, and can go on
    /// later.
    pub(super) fn give_way(&self, limit: Duration) {
        lock(&self.by_id).retain(|_, session| {
            let is_silent = lock(&session.used).elapsed() >= limit;
            let can_go_on = session.transfer.offsets().is_resumable && session.is_active();
            !(is_silent && can_go_on && Arc::strong_count(session) == 1)
        });
    }

    /// Forgets the sessions that nobody has used for `limit`: what they hold of their files is lost,
    /// what is in ClickHouse stays.
    pub(super) fn drop_idle(&self, limit: Duration) {
        lock(&self.by_id).retain(|_, session| lock(&session.used).elapsed() < limit);
    }
}

impl Session {
    /// The transfer, for its id, counters and state.
    #[must_use]
    pub fn transfer(&self) -> &Arc<Transfer> {
        &self.transfer
    }

    /// Whether calls can be served with it: it runs, or has an end that more of the same bytes do not change.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        !matches!(self.transfer.state(), State::Interrupted(error) if error.is_passing())
    }

    /// The offset that the next append starts at.
    #[must_use]
    pub fn next_offset(&self) -> u64 {
        *self.next.borrow()
    }

    /// Hands bytes over that begin at `offset`; returns the offset of the next ones. Waits for those
    /// before, as long as not too many do.
    ///
    /// # Errors
    ///
    /// The bytes are there, or others before them are missing; and why the upload has ended.
    pub async fn append(&self, offset: u64, data: Bytes) -> Result<u64, Arc<Error>> {
        self.touch();
        self.wait_turn(offset).await?;
        let mut upload = self.upload.lock().await;
        let next = self.next_offset();
        let end = offset + data.len() as u64;
        if next != offset {
            return Err(Arc::new(self.misplaced(offset)));
        }
        if upload.1 || !self.is_active() || self.begun.is_over {
            return Err(self.over(end));
        }
        // Refused, it can be sent again: the upload stays open.
        upload.0.enter().await.map_err(Arc::new)?;
        if !upload.0.send(data).await {
            drop(upload);
            let outcome = self.outcome().await;
            return Err(outcome.err().unwrap_or_else(|| self.over(end)));
        }
        self.next.send_replace(end);
        self.touch();
        Ok(end)
    }

    /// Says that the file is whole, `total` bytes, and waits until every row is in the table.
    ///
    /// # Errors
    ///
    /// Bytes are missing; and why the upload has failed.
    pub async fn finish(&self, total: u64, crc32c: Option<u32>) -> SharedOutcome {
        self.touch();
        {
            let mut upload = self.upload.lock().await;
            let next = self.next_offset();
            let declared = self.transfer.description().total_bytes;
            if let Some(expected) = declared.filter(|declared| *declared != total && !upload.1) {
                return Err(Arc::new(Error::FileTruncated {
                    expected,
                    actual: total,
                }));
            }
            if self.begun.is_over && next != total {
                return Err(Arc::new(Error::OtherFile {
                    id: self.id(),
                    expected: next,
                    actual: total,
                }));
            }
            if next != total && !self.begun.is_over && self.is_active() {
                return Err(Arc::new(Error::OffsetOutOfRange {
                    id: self.id(),
                    expected: next,
                    actual: total,
                }));
            }
            if !upload.1 {
                upload.0.end(Whole { size: None, crc32c }).await;
                upload.1 = true;
            }
        }
        self.outcome().await
    }

    /// Waits until the upload has ended.
    async fn outcome(&self) -> SharedOutcome {
        let outcome = self.outcome.get_or_init(|| async {
            let mut upload = self.upload.lock().await;
            upload.0.outcome().await.map(Arc::new)
        });
        outcome.await.clone()
    }

    async fn wait_turn(&self, offset: u64) -> Result<(), Arc<Error>> {
        let mut next = self.next.subscribe();
        if *next.borrow_and_update() >= offset {
            return Ok(());
        }
        let Ok(_waiting) = self.early.try_acquire() else {
            return Err(Arc::new(self.misplaced(offset)));
        };
        let turn = next.wait_for(|next| *next >= offset);
        match timeout(EARLY_LIMIT, turn).await {
            Ok(_) => Ok(()),
            Err(_) => Err(Arc::new(self.misplaced(offset))),
        }
    }

    /// What is wrong with bytes behind the end of the file, up to `end`.
    fn over(&self, end: u64) -> Arc<Error> {
        match self.transfer.state() {
            State::Failed(error) | State::Interrupted(error) => error,
            State::Running | State::Committing | State::Succeeded => Arc::new(Error::OtherFile {
                id: self.id(),
                expected: self.next_offset(),
                actual: end,
            }),
        }
    }

    fn misplaced(&self, actual: u64) -> Error {
        let expected = self.next_offset();
        let id = self.id();
        if actual < expected {
            Error::OffsetAlreadyCommitted {
                id,
                expected,
                actual,
            }
        } else {
            Error::OffsetOutOfRange {
                id,
                expected,
                actual,
            }
        }
    }

    fn id(&self) -> String {
        self.transfer.description().id.to_string()
    }

    fn is_active(&self) -> bool {
        self.transfer.state().is_active()
    }

    fn touch(&self) {
        *lock(&self.used) = Instant::now();
    }
}
