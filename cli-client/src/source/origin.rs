//! The file of an upload, as it was when the upload began: opened again in the middle, or refused.
//!
//! `command::upload` keeps it for the time when the connection has broken. It must never hand out a
//! file that is another one than at the beginning.

use std::{
    fs::{File, Metadata},
    io::{self, Read as _, Seek as _, SeekFrom},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use super::{CHUNK_BYTES, Source, open_path};
use crate::error::{Error, Result};

/// Bytes between two marks: at most so many are read again to know the sum before an offset.
const MARK_INTERVAL: u64 = 16 << 20;

/// What tells that a file has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    /// The stamp of a regular file; nothing for a pipe, which has none. Files that the system makes
    /// up have no size, and the time of the question.
    pub(super) fn of(metadata: &Metadata) -> Option<Self> {
        let modified = metadata.modified().ok();
        metadata.is_file().then(|| Self {
            bytes: metadata.len(),
            modified: modified.filter(|_| metadata.len() > 0),
        })
    }

    /// Fails with [`Error::FileChanged`] for another one.
    pub(super) fn check(&self, now: &Self, name: &str) -> Result<()> {
        let what = if now.bytes != self.bytes {
            format!("it had {} bytes, and has {}", self.bytes, now.bytes)
        } else if now.modified != self.modified {
            "it was written to".to_owned()
        } else {
            return Ok(());
        };
        Err(Error::FileChanged {
            name: name.to_owned(),
            what,
        })
    }
}

/// The CRC-32C of the bytes before some offsets of a file, so that nobody has to read them again.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks(Arc<Mutex<Vec<(u64, u32)>>>);

impl Marks {
    /// Keeps the sum of the bytes before an offset, if the last one is far enough away.
    pub(super) fn note(&self, offset: u64, sum: u32) {
        let mut marks = self.lock();
        let last = marks.last().map_or(0, |(offset, _)| *offset);
        if offset >= last.saturating_add(MARK_INTERVAL) {
            marks.push((offset, sum));
        }
    }

    /// The last offset up to this one that has a sum.
    fn before(&self, offset: u64) -> (u64, u32) {
        let marks = self.lock();
        let found = marks.partition_point(|(mark, _)| *mark <= offset);
        let found = found.checked_sub(1).and_then(|index| marks.get(index));
        found.copied().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(u64, u32)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A regular file that can be read again.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    path: PathBuf,
    stamp: Stamp,
    marks: Marks,
}

impl Origin {
    pub(super) fn new(path: PathBuf, stamp: Stamp, marks: Marks) -> Self {
        Self { path, stamp, marks }
    }

    /// The size of the file.
    pub(crate) fn total_bytes(&self) -> u64 {
        self.stamp.bytes
    }

    /// Opens the file at an offset, and returns it with the CRC-32C of the bytes before. Waits for
    /// the file. Fails with [`Error::FileChanged`] and [`Error::Source`].
    pub(crate) fn open_at(&self, offset: u64) -> Result<(Source, u32)> {
        let name = self.path.display().to_string();
        let unreadable = |source| Error::Source {
            name: name.clone(),
            bytes: 0,
            source,
        };
        let (mut file, metadata) = open_path(&self.path).map_err(unreadable)?;
        let now = Stamp::of(&metadata).unwrap_or(Stamp {
            bytes: 0,
            modified: None,
        });
        self.stamp.check(&now, &name)?;
        if offset > self.stamp.bytes {
            return Err(Error::FileChanged {
                what: format!(
                    "it has {} bytes, and the server has {offset}",
                    self.stamp.bytes
                ),
                name,
            });
        }
        let sum = self.sum_before(&mut file, offset).map_err(unreadable)?;
        let source = Source {
            file,
            name,
            total_bytes: Some(self.stamp.bytes).filter(|bytes| *bytes > 0),
            stamp: Some(self.stamp),
            origin: Some(self.clone()),
            marks: self.marks.clone(),
            offset,
            sum,
        };
        Ok((source, sum))
    }

    /// Reads what lies between the last mark and the offset, and leaves the file at the offset.
    fn sum_before(&self, file: &mut File, offset: u64) -> io::Result<u32> {
        let (mut at, mut sum) = self.marks.before(offset);
        file.seek(SeekFrom::Start(at))?;
        let mut chunk = vec![0; CHUNK_BYTES];
        while at < offset {
            let wanted =
                usize::try_from(offset - at).map_or(CHUNK_BYTES, |rest| rest.min(CHUNK_BYTES));
            let part = chunk.get_mut(..wanted).unwrap_or_default();
            file.read_exact(part)?;
            sum = crc32c::crc32c_append(sum, part);
            at += wanted as u64;
            self.marks.note(at, sum);
        }
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _};

    use tempfile::NamedTempFile;

    use super::{MARK_INTERVAL, Marks};
    use crate::{
        error::Error,
        settings::Endpoint,
        source::{Origin, Source},
    };

    fn file(bytes: &[u8]) -> (NamedTempFile, Origin) {
        let file = NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        let source = Source::open(&Endpoint::Path(file.path().to_owned())).unwrap();
        (file, source.origin().unwrap().clone())
    }

    #[test]
    fn the_sum_is_that_of_the_bytes_before_the_offset() {
        let bytes: Vec<u8> = (0..=250).cycle().take(700_001).collect();
        let (_file, origin) = file(&bytes);
        for offset in [0, 1, 262_143, 262_144, 262_145, 700_001] {
            let (source, sum) = origin.open_at(offset as u64).unwrap();
            assert_eq!(sum, crc32c::crc32c(&bytes[..offset]), "{offset}");
            let (rest, _) = source.read_sample(1 << 20).unwrap();
            assert!(rest == bytes[offset..], "{offset}");
        }
        // The check value of RFC 3720's polynomial.
        assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn marks_are_far_apart_and_the_nearest_one_counts() {
        let marks = Marks::default();
        for step in 0..64_u32 {
            marks.note(u64::from(step) << 20, step);
        }
        assert_eq!(marks.0.lock().unwrap().len(), 3);
        assert_eq!(marks.before(0), (0, 0));
        assert_eq!(marks.before(MARK_INTERVAL - 1), (0, 0));
        assert_eq!(marks.before(MARK_INTERVAL), (MARK_INTERVAL, 16));
        assert_eq!(marks.before(u64::MAX), (48 << 20, 48));
    }

    #[test]
    fn another_file_is_refused() {
        let (kept, origin) = file(b"0123456789");
        assert!(matches!(origin.open_at(11), Err(Error::FileChanged { .. })));
        kept.as_file().set_len(9).unwrap();
        assert!(matches!(origin.open_at(1), Err(Error::FileChanged { .. })));

        let (mut grown, origin) = file(b"0123456789");
        grown.write_all(b"0123456789abc").unwrap();
        assert!(matches!(origin.open_at(1), Err(Error::FileChanged { .. })));

        let (touched, origin) = file(b"0123456789");
        let before = std::time::UNIX_EPOCH;
        touched.as_file().set_modified(before).unwrap();
        assert!(matches!(origin.open_at(1), Err(Error::FileChanged { .. })));

        let (gone, origin) = file(b"0123456789");
        drop(gone);
        assert!(matches!(origin.open_at(1), Err(Error::Source { .. })));
    }
}
