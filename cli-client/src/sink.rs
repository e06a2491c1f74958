//! The file that an export writes, or standard output.
//!
//! `command::export` opens it before it connects. A regular file is written beside its place and
//! takes it in [`Sink::finish`]; dropping the sink before removes what was written and leaves the
//! old file as it was. It must never hold up the network longer than its queue is full.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use tempfile::TempPath;
use tokio::sync::mpsc;

use crate::{
    error::{Error, Result},
    settings::Endpoint,
    stdio,
    task::{self, Worker},
};

/// Pieces between the network and the thread that writes; the server sends up to 1 MiB in one.
const QUEUE_PIECES: usize = 4;

/// Where the bytes go.
#[derive(Debug)]
#[must_use = "dropping it before `finish` removes what was written"]
pub(crate) struct Sink {
    pieces: mpsc::Sender<Bytes>,
    writer: Worker<io::Result<()>>,
    /// Why the thread that writes has ended early, once that is known.
    failure: Option<io::Error>,
    written: Arc<AtomicU64>,
    name: String,
    /// The file under its working name and the name that it is to have; nothing for what is written
    /// directly.
    temporary: Option<(TempPath, PathBuf)>,
}

/// What is open for writing.
struct Opened {
    open: Box<dyn FnOnce() -> io::Result<File> + Send>,
    temporary: Option<(TempPath, PathBuf)>,
}

impl Sink {
    /// Opens the file and starts the thread that writes it. Fails with [`Error::Sink`].
    pub(crate) fn open(output: &Endpoint) -> Result<Self> {
        let (name, opened) = match output {
            Endpoint::Standard => (
                "standard output".to_owned(),
                Ok(Opened::directly(stdio::output)),
            ),
            Endpoint::Path(path) => (path.display().to_string(), open_path(path)),
        };
        match opened {
            Ok(opened) => Ok(Self::start(opened, name)),
            Err(source) => Err(Error::Sink {
                name,
                bytes: 0,
                source,
            }),
        }
    }

    /// Writes to the end of an open file, which keeps its name and stays whatever happens.
    pub(crate) fn of_file(file: File, name: String) -> Self {
        Self::start(Opened::directly(move || Ok(file)), name)
    }

    /// Starts the thread that writes.
    fn start(opened: Opened, name: String) -> Self {
        let Opened { open, temporary } = opened;
        let (pieces, queue) = mpsc::channel(QUEUE_PIECES);
        let written = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&written);
        Self {
            pieces,
            writer: task::worker(move || write_all(open, queue, &counter)),
            failure: None,
            written,
            name,
            temporary,
        }
    }

    /// Whether what is written is gone when the sink is dropped, so that another one can begin anew.
    pub(crate) fn can_be_replaced(&self) -> bool {
        self.temporary.is_some()
    }

    /// Writes the next bytes, or waits until there is room for them. Fails with [`Error::Sink`].
    pub(crate) async fn write(&mut self, piece: Bytes) -> Result<()> {
        if self.pieces.send(piece).await.is_ok() {
            return Ok(());
        }
        // The thread ends early only by a failure, and tells it once.
        let failure = match self.failure.take() {
            Some(failure) => failure,
            None => match self.writer.join().await.and_then(|written| written) {
                Err(failure) => failure,
                Ok(()) => io::Error::from(io::ErrorKind::WriteZero),
            },
        };
        let source = copy(&failure);
        self.failure = Some(failure);
        Err(Error::Sink {
            name: self.name.clone(),
            bytes: self.written.load(Ordering::Relaxed),
            source,
        })
    }

    /// Waits until everything is written, and gives the file its name. Fails with [`Error::Sink`].
    pub(crate) async fn finish(self) -> Result<()> {
        let Self {
            pieces,
            mut writer,
            failure,
            written,
            name,
            temporary,
        } = self;
        drop(pieces);
        let outcome = match failure {
            Some(failure) => Err(failure),
            None => writer.join().await.and_then(|written| written),
        };
        let result = match (outcome, temporary) {
            (Ok(()), Some((working, target))) => {
                working.persist(target).map_err(|error| error.error)
            }
            (result, _) => result,
        };
        result.map_err(|source| Error::Sink {
            name,
            bytes: written.load(Ordering::Relaxed),
            source,
        })
    }
}

impl Opened {
    /// Opens in the thread that writes, because a pipe opens only when somebody reads it.
    fn directly(open: impl FnOnce() -> io::Result<File> + Send + 'static) -> Self {
        Self {
            open: Box::new(open),
            temporary: None,
        }
    }
}

/// The same error once more.
fn copy(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

fn open_path(path: &Path) -> io::Result<Opened> {
    // Through a link to the file itself, so that the link stays a link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match fs::metadata(&target) {
        Ok(metadata) if metadata.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory)),
        Ok(metadata) if metadata.is_file() => {
            // Renaming needs no right to write the old file, replacing it does.
            drop(OpenOptions::new().write(true).open(&target)?);
            open_beside(target, Some(metadata.permissions()))
        }
        Ok(_) => Ok(Opened::directly(move || {
            OpenOptions::new().write(true).open(target)
        })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => open_beside(target, None),
        Err(error) => Err(error),
    }
}

/// Opens a working file in the directory of the target, with the rights of the file that it
/// replaces, or those of a new file.
fn open_beside(target: PathBuf, rights: Option<fs::Permissions>) -> io::Result<Opened> {
    let directory = match target.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".sluice-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let (file, working) = builder.tempfile_in(directory)?.into_parts();
    if let Some(rights) = rights {
        file.set_permissions(rights)?;
    }
    Ok(Opened {
        open: Box::new(move || Ok(file)),
        temporary: Some((working, target)),
    })
}

/// Opens the file and writes what comes, until nothing more can come.
fn write_all(
    open: Box<dyn FnOnce() -> io::Result<File> + Send>,
    mut queue: mpsc::Receiver<Bytes>,
    written: &AtomicU64,
) -> io::Result<()> {
    let mut file = open()?;
    while let Some(piece) = queue.blocking_recv() {
        write_piece(&mut file, &piece, written)?;
    }
    file.flush()
}

/// Writes one piece, counting also the part of it that a full disk has taken.
fn write_piece(file: &mut File, mut piece: &[u8], written: &AtomicU64) -> io::Result<()> {
    while !piece.is_empty() {
        match file.write(piece) {
            Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero)),
            Ok(count) => {
                written.fetch_add(count as u64, Ordering::Relaxed);
                piece = piece.get(count..).unwrap_or_default();
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
