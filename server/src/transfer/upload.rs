//! The way in: chunks of a file become records, typed columns, Native blocks, and rows of a table.
//!
//! `rpc::upload` and `transfer::session` start it and feed the chunks. `upload::run` reads as the
//! path; typing runs on a thread of its own (`upload::typing`) so that receiving, typing and sending
//! overlap. Every queue in between is bounded: a slow ClickHouse makes the client wait.

mod intake;
mod records;

pub(super) mod head;
mod insert;
mod ledger;
mod places;
mod trial;
mod typing;

mod job;
mod past;

mod deliver;
mod fingerprint;
mod finish;
mod run;
mod target;

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use self::{
    intake::{Budget, Passed, Skip},
    records::Chunk,
};
use super::{
    Description, Error, Kind, Result, State, Transfer, Transfers, UploadRequest,
    admission::Admission, plan::Matching,
};
use crate::{config::TransferConfig, task};

pub use intake::Begun;
pub use job::{FileAccount, UploadOutcome};
pub(super) use records::Unclosed;

/// Chunks that wait for the decoder: as many as make up the byte budget, which bounds them besides, when
/// each is a frame of HTTP/2 of the usual 16 KiB.
const CHUNK_QUEUE: usize = 256;

/// The least budget of an upload's bytes, however small its file is said to be.
const LEAST_BUFFER_BYTES: usize = 64 << 10;

/// The bytes that may wait for the decoder: no more than the file is said to have, which bounds what was
/// reserved for them.
fn buffer_bytes(config: &TransferConfig, total_bytes: Option<u64>) -> usize {
    let total = total_bytes.and_then(|total| usize::try_from(total).ok());
    let total = total.map_or(usize::MAX, |total| total.max(LEAST_BUFFER_BYTES));
    config.buffer_bytes.min(total)
}

/// A file as its caller knows it at its end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Whole {
    /// Its bytes; none where the caller has not counted them.
    pub size: Option<u64>,
    /// The CRC-32C of all of it.
    pub crc32c: Option<u32>,
}

/// An upload that runs. Dropping it before its end stops the transfer: the caller has gone.
#[derive(Debug)]
#[must_use]
pub struct Upload {
    transfer: Arc<Transfer>,
    chunks: mpsc::Sender<Chunk>,
    admission: Admission,
    budget: Budget,
    max_file_bytes: u64,
    begun: oneshot::Receiver<Begun>,
    skip: Option<Skip>,
    outcome: oneshot::Receiver<Result<UploadOutcome, Arc<Error>>>,
}

impl UploadRequest {
    pub(super) fn matching(&self) -> Matching<'_> {
        Matching {
            mappings: &self.columns,
            renames: &self.renames,
            ignore_extra: self.ignore_extra_fields,
            default_missing: self.default_missing_columns,
            empty_as_default: self.file.values.empty_as_default,
        }
    }
}

impl Transfers {
    /// Registers an upload and starts its pipeline. One with the same id that runs here is
    /// interrupted first: its client has lost it. It waits for its turn with its first byte only.
    ///
    /// # Errors
    ///
    /// The id is that of somebody else's transfer, or the registry refuses.
    pub async fn start_upload(&self, request: UploadRequest) -> Result<Upload> {
        let inner = &self.inner;
        let known = inner.registry.get(request.id);
        let is_others = |known: &Description| {
            known.owner != request.owner || known.connection != inner.connection.name()
        };
        if known.is_ok_and(|known| is_others(known.description())) {
            let id = request.id.to_string();
            return Err(Error::Exists { id });
        }
        inner.registry.take_over(request.id).await;
        let running = inner.registry.get(request.id);
        if running.is_ok_and(|running| matches!(running.state(), State::Committing)) {
            let id = request.id.to_string();
            let cause = Arc::new(Error::TakenOver { id: id.clone() });
            return Err(Error::CommitPending { id, cause });
        }
        let running = inner.registry.begin(Description {
            id: request.id,
            kind: Kind::Upload,
            table: Some(request.table.clone()),
            source_name: request.source_name.clone(),
            total_bytes: request.total_bytes,
            owner: request.owner.clone(),
            connection: inner.connection.name().to_owned(),
            is_appended: request.start_offset.is_none(),
            is_dry_run: request.dry_run,
            is_scan: request.full_scan,
        })?;
        let transfer = Arc::clone(running.transfer());
        let total_bytes = request.total_bytes;
        let (chunks, receiver) = mpsc::channel(CHUNK_QUEUE);
        let (begin, begun) = oneshot::channel();
        let (sender, outcome) = oneshot::channel();
        let (admission, held) = Admission::new(Arc::clone(inner), total_bytes);
        let work = Arc::clone(inner);
        drop(task::spawn("upload", async move {
            let id = request.id;
            let outcome = run::run(&work, running, request, receiver, begin).await;
            let is_pending = matches!(
                outcome.as_ref().map_err(AsRef::as_ref),
                Err(Error::CommitPending { .. })
            );
            // The caller may have gone; the registry has the outcome.
            drop(sender.send(outcome));
            drop(held);
            if is_pending {
                work.complete_pending(id).await;
            }
        }));
        Ok(Upload {
            transfer,
            chunks,
            admission,
            budget: Budget::new(buffer_bytes(&inner.config, total_bytes)),
            max_file_bytes: inner.config.max_file_bytes,
            begun,
            skip: None,
            outcome,
        })
    }
}

impl Upload {
    /// The transfer, for its id, counters and state.
    #[must_use]
    pub fn transfer(&self) -> &Arc<Transfer> {
        &self.transfer
    }

    /// Waits until it is known where the upload begins; none when it has failed before, see
    /// [`Upload::outcome`].
    pub async fn begun(&mut self) -> Option<Begun> {
        (&mut self.begun).await.ok()
    }

    /// Says where the bytes of the caller begin, and the CRC-32C of those before: what is loaded already will
    /// be compared with what it was, and left out.
    pub async fn start_at(&mut self, offset: u64, prefix_crc32c: u32) {
        if let Some(begun) = self.begun().await {
            self.skip = Skip::between(offset, prefix_crc32c, begun);
        }
    }

    /// Waits until the upload may begin to take bytes; [`Upload::send`] does it by itself.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyTransfers`] and [`Error::MemoryLimit`]; it can be asked again.
    pub async fn enter(&mut self) -> Result<()> {
        self.admission.enter().await
    }

    /// Hands the next bytes of the file over; waits while the pipeline has enough of them.
    /// Returns false when the pipeline has ended: ask [`Upload::outcome`] why. Dropped in the middle,
    /// it has handed over nothing.
    pub async fn send(&mut self, mut data: Bytes) -> bool {
        if let Err(error) = self.enter().await {
            self.transfer.stop(error);
            return false;
        }
        if let Some(skip) = &mut self.skip {
            match skip.pass(&mut data) {
                Passed::All => return true,
                Passed::Same => self.skip = None,
                Passed::Different => {
                    self.transfer.stop(Error::FileChanged {
                        id: self.transfer.description().id.to_string(),
                        offset: skip.offset(),
                    });
                    return false;
                }
            }
            if data.is_empty() {
                return true;
            }
        }
        let Some(share) = self.budget.take(data.len()).await else {
            return false;
        };
        let Ok(place) = self.chunks.reserve().await else {
            return false;
        };
        let counters = self.transfer.counters();
        counters.add_bytes_received(data.len());
        let crc32c = crc32c::crc32c_append(self.transfer.file_crc32c(), &data);
        self.transfer.set_file_crc32c(crc32c);
        if counters.read().bytes_received > self.max_file_bytes {
            self.transfer.stop(Error::FileTooLarge {
                limit: self.max_file_bytes,
            });
            return false;
        }
        place.send(Chunk::Data(data, share));
        true
    }

    /// Says that the file is whole, and what the caller knows of it.
    pub async fn end(&self, whole: Whole) {
        if let Some(error) = self.other_file(whole) {
            self.transfer.stop(error);
            return;
        }
        // A pipeline that has ended does not need to know.
        drop(self.chunks.send(Chunk::End).await);
    }

    /// What is wrong with the file that has ended: it is not the one that was declared, or not the one
    /// that was loaded.
    fn other_file(&self, whole: Whole) -> Option<Error> {
        let Whole { size, crc32c } = whole;
        let id = || self.transfer.description().id.to_string();
        let actual = self.transfer.counters().read().bytes_received;
        if let Some(skip) = &self.skip {
            return Some(Error::OtherFile {
                id: id(),
                expected: skip.offset(),
                actual: skip.passed(),
            });
        }
        let declared = [size, self.transfer.description().total_bytes];
        let mut declared = declared.into_iter().flatten();
        if let Some(expected) = declared.find(|declared| *declared != actual) {
            return Some(Error::FileTruncated { expected, actual });
        }
        let arrived = self.transfer.file_crc32c();
        let declared = crc32c.filter(|declared| *declared != arrived)?;
        // What is loaded has been compared, and stays: only another file can have another checksum.
        if let State::Succeeded = self.transfer.state() {
            return Some(Error::OtherFile {
                id: id(),
                expected: actual,
                actual,
            });
        }
        Some(Error::DamagedFile {
            id: id(),
            expected: declared,
            actual: arrived,
        })
    }

    /// Waits until the transfer has ended.
    ///
    /// # Errors
    ///
    /// Why it failed.
    pub async fn outcome(&mut self) -> Result<UploadOutcome, Arc<Error>> {
        let outcome = (&mut self.outcome).await;
        outcome.unwrap_or_else(|_| Err(Arc::new(Error::Internal("the upload's task ended early"))))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // A transfer that has ended does not hear it.
        self.transfer.stop(Error::ClientGone);
    }
}
