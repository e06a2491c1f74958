//! What has arrived of an export, kept beside its file, and what it was made from.
//!
//! `export` opens it with `--resume`. The data takes the place of the file in [`Kept::finish`];
//! until then it stays, also when the program ends. It must never be gone on with where the export
//! is another one, or another program writes it.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sluice_proto::v1::{ExportRequest, ExportSchema};

use super::{
    cut::{Cut, Place, cut},
    key::Key,
};
use crate::error::{Error, Result};

/// What the data was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    /// The version of this program, the server and the request, without the id.
    export: String,
    /// Name and type of each column.
    columns: Vec<(String, String)>,
    /// The UUID of the table; empty where it has none.
    #[serde(default)]
    table_uuid: String,
}

/// A kept file, open and locked.
#[derive(Debug)]
pub(super) struct Kept {
    target: PathBuf,
    data: PathBuf,
    note: PathBuf,
    /// The file of the note, which holds the lock.
    lock: File,
}

/// Where an export begins.
#[derive(Debug)]
pub(super) struct Start {
    /// The data, cut back, at its end.
    pub(super) file: File,
    /// What is there; nothing at zero.
    pub(super) cut: Option<Cut>,
    /// Why data that was there is not gone on with.
    pub(super) reason: Option<String>,
}

impl Kept {
    /// Opens or makes what is kept for a file. Fails with [`Error::Sink`], and with
    /// [`Error::Usage`] for what is no regular file and where another program writes it.
    pub(super) fn open(path: &Path) -> Result<Self> {
        // Through a link to the file itself, so that the link stays a link.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let is_other = fs::metadata(&target).is_ok_and(|metadata| !metadata.is_file());
        let name = target.file_name().filter(|_| !is_other);
        let Some(name) = name.map(|name| name.to_string_lossy().into_owned()) else {
            let text = format!(
                "--resume goes on with a file, and {} is none",
                path.display()
            );
            return Err(Error::Usage(text));
        };
        let note = target.with_file_name(format!(".{name}.sluice-part.json"));
        let opened = open_note(&note);
        let lock = match opened {
            Ok(lock) => lock,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(Error::Usage(format!(
                    "another export writes {} at this moment",
                    path.display()
                )));
            }
            Err(source) => return Err(unwritable(&target, source)),
        };
        Ok(Self {
            data: target.with_file_name(format!(".{name}.sluice-part")),
            target,
            note,
            lock,
        })
    }

    /// The name of the file, for messages.
    pub(super) fn name(&self) -> String {
        self.target.display().to_string()
    }

    /// Whether there is anything to go on with.
    pub(super) fn holds_data(&self) -> bool {
        fs::metadata(&self.data).is_ok_and(|metadata| metadata.len() > 0)
    }

    /// Cuts the data back to where the export goes on. Reads all of it. Fails with [`Error::Sink`].
    pub(super) fn start(&self, export: &str, key: &Key) -> Result<Start> {
        self.try_start(export, key)
            .map_err(|source| unwritable(&self.data, source))
    }

    fn try_start(&self, export: &str, key: &Key) -> io::Result<Start> {
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&self.data)?;
        let is_empty = file.metadata()?.len() == 0;
        let (cut, reason) = match self.find(export, key, &file) {
            Ok(cut) => (Some(cut), None),
            Err(_) if is_empty => (None, None),
            Err(reason) => (None, Some(reason)),
        };
        let bytes = cut.as_ref().map_or(0, |cut| cut.bytes);
        file.set_len(bytes)?;
        file.seek(SeekFrom::Start(bytes))?;
        Ok(Start { file, cut, reason })
    }

    /// Finds the end of what can stay. Fails with the reason why nothing can.
    fn find(&self, export: &str, key: &Key, file: &File) -> Result<Cut, String> {
        let note = self.read_note().filter(|note| note.export == export);
        let note = note.ok_or("what was kept is of another export")?;
        let index = note
            .columns
            .iter()
            .position(|(name, _)| *name == key.column);
        let place = Place {
            name: key.column.clone(),
            index: index.ok_or("what was kept does not have the key")?,
        };
        let found = cut(file, &key.form, &place);
        let found = found.map_err(|error| format!("what was kept is damaged: {error}"))?;
        found.ok_or_else(|| "what was kept has no whole record".to_owned())
    }

    fn read_note(&self) -> Option<Note> {
        let mut text = String::new();
        let mut file = &self.lock;
        file.seek(SeekFrom::Start(0)).ok()?;
        file.read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Keeps what the data is made from. Fails with [`Error::Sink`]; and with
    /// [`Error::ColumnsChanged`] or [`Error::TableReplaced`] where this is the rest of data that is made
    /// from something else.
    pub(super) fn note(&self, export: &str, schema: &ExportSchema, is_rest: bool) -> Result<()> {
        let columns = schema.columns.iter();
        let note = Note {
            export: export.to_owned(),
            columns: columns
                .map(|column| (column.name.clone(), column.r#type.clone()))
                .collect(),
            table_uuid: schema.table_uuid.clone(),
        };
        if is_rest {
            return match self.read_note() {
                Some(kept) if kept == note => Ok(()),
                Some(kept) if kept.table_uuid != note.table_uuid => Err(Error::TableReplaced),
                _ => Err(Error::ColumnsChanged),
            };
        }
        let written = self.write_note(&note);
        written.map_err(|source| unwritable(&self.note, source))
    }

    fn write_note(&self, note: &Note) -> io::Result<()> {
        let mut file = &self.lock;
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        serde_json::to_writer(&mut file, note)?;
        file.flush()
    }

    /// Forgets what is kept: the next start is at zero. Fails with [`Error::Sink`].
    pub(super) fn forget(&self) -> Result<()> {
        let mut options = OpenOptions::new();
        let data = options.write(true).truncate(true).open(&self.data);
        data.map_err(|source| unwritable(&self.data, source))?;
        Ok(())
    }

    /// Gives the whole file its name. Fails with [`Error::Sink`].
    pub(super) fn finish(&self) -> Result<()> {
        let finished = self.replace();
        finished.map_err(|source| unwritable(&self.target, source))
    }

    fn replace(&self) -> io::Result<()> {
        if let Ok(metadata) = fs::metadata(&self.target) {
            fs::set_permissions(&self.data, metadata.permissions())?;
        }
        fs::rename(&self.data, &self.target)?;
        fs::remove_file(&self.note)
    }

    /// Removes what is kept.
    pub(super) fn remove(&self) {
        // What cannot be removed is found, and not gone on with, by the next run.
        fs::remove_file(&self.data).ok();
        fs::remove_file(&self.note).ok();
    }
}

/// Opens and locks the file of the note; an error of the kind `WouldBlock` where it is locked.
fn open_note(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn unwritable(path: &Path, source: io::Error) -> Error {
    Error::Sink {
        name: path.display().to_string(),
        bytes: 0,
        source,
    }
}

/// What tells one export from another: everything but the id of the transfer.
pub(super) fn fingerprint(server: &str, request: &ExportRequest) -> String {
    let request = ExportRequest {
        transfer_id: String::new(),
        ..request.clone()
    };
    format!("{} {server} {request:?}", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _};

    use sluice_proto::v1::{Column, ExportSchema};

    use super::{Kept, fingerprint};
    use crate::{
        command::export::{
            cut::Form,
            key::{self, Key},
        },
        error::Error,
    };

    fn id() -> Key {
        key::tests_key("id", Form::Tsv { header: true })
    }

    fn schema() -> ExportSchema {
        ExportSchema {
            columns: vec![Column {
                name: "id".to_owned(),
                r#type: "UInt8".to_owned(),
                ..Column::default()
            }],
            table_uuid: "one".to_owned(),
            ..ExportSchema::default()
        }
    }

    #[test]
    fn what_was_kept_is_gone_on_with_by_the_same_export() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.tsv");
        let kept = Kept::open(&path).unwrap();
        let mut start = kept.start("a", &id()).unwrap();
        assert!(start.cut.is_none() && start.reason.is_none());
        kept.note("a", &schema(), false).unwrap();
        start.file.write_all(b"id\n1\n2\n2\n3").unwrap();
        assert!(kept.holds_data());
        drop(kept);

        let kept = Kept::open(&path).unwrap();
        let mut start = kept.start("a", &id()).unwrap();
        let cut = start.cut.unwrap();
        assert_eq!((cut.bytes, cut.rows, cut.key.as_str()), (5, 1, "2"));
        kept.note("a", &schema(), true).unwrap();
        let narrower = ExportSchema {
            columns: Vec::new(),
            ..schema()
        };
        let refused = kept.note("a", &narrower, true);
        assert!(matches!(refused, Err(Error::ColumnsChanged)));
        let another = ExportSchema {
            table_uuid: "two".to_owned(),
            ..schema()
        };
        let refused = kept.note("a", &another, true);
        assert!(matches!(refused, Err(Error::TableReplaced)));
        start.file.write_all(b"2\n2\n3\n").unwrap();
        kept.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"id\n1\n2\n2\n3\n");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn another_export_begins_at_zero_and_says_why() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.tsv");
        let kept = Kept::open(&path).unwrap();
        let mut start = kept.start("a", &id()).unwrap();
        kept.note("a", &schema(), false).unwrap();
        start.file.write_all(b"id\n1\n2\n").unwrap();
        let start = kept.start("b", &id()).unwrap();
        assert!(start.cut.is_none());
        assert!(start.reason.unwrap().contains("another export"));
        assert!(!kept.holds_data());
        kept.remove();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn two_programs_do_not_write_one_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.tsv");
        let _kept = Kept::open(&path).unwrap();
        assert!(matches!(Kept::open(&path), Err(Error::Usage(_))));
        assert!(matches!(
            Kept::open("/dev/null".as_ref()),
            Err(Error::Usage(_))
        ));
        let missing = Kept::open("/does/not/exist/out.csv".as_ref());
        assert!(matches!(missing, Err(Error::Sink { .. })));
    }

    #[test]
    fn the_id_of_the_transfer_does_not_matter() {
        let mut request = super::ExportRequest::default();
        let plain = fingerprint("s", &request);
        request.transfer_id = "x".to_owned();
        assert_eq!(fingerprint("s", &request), plain);
        assert_ne!(fingerprint("t", &request), plain);
    }
}
