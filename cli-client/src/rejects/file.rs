//! Rejected rows from the server into a file, or to standard output.
//!
//! `command::upload` and `command::transfers` use it. The rows pass through: it must never hold more
//! of them than a few pieces, nor touch the file before all of them are there to take its place.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use sluice_proto::v1::{
    ListRejectedRowsRequest, ListRejectedRowsResponse, list_rejected_rows_response::Payload,
};
use tonic::{Code, Streaming};

use super::RejectedObject;
use crate::{
    connect::{Connection, about},
    error::{Error, Result},
    settings::Endpoint,
    sink::Sink,
};

/// The file of `--rejects`, before it is known whether there is a row to write.
#[derive(Debug)]
#[must_use = "dropping it leaves the file of an earlier run as it was"]
pub(crate) struct RejectsFile {
    path: PathBuf,
    sink: Sink,
}

/// What has become of the file of `--rejects`.
#[derive(Debug)]
pub(crate) enum Kept {
    /// It holds the rejected rows.
    Written(Saved),
    /// There was none to write.
    Untouched {
        /// Its path, if such a file was there before, and still is.
        old: Option<String>,
    },
}

/// A file of rejected rows that was written.
#[derive(Debug)]
pub(crate) struct Saved {
    /// Its path.
    pub(crate) file: String,
    /// Whether the rows are in it as they stand in the file that was loaded, without its header: the
    /// server could not make a CSV of them.
    pub(crate) is_raw: bool,
}

impl Kept {
    /// The file that was written.
    pub(crate) fn saved(&self) -> Option<&Saved> {
        match self {
            Self::Written(saved) => Some(saved),
            Self::Untouched { .. } => None,
        }
    }

    /// The file that was written.
    pub(crate) fn into_saved(self) -> Option<Saved> {
        match self {
            Self::Written(saved) => Some(saved),
            Self::Untouched { .. } => None,
        }
    }

    /// `; bad.csv stays as it was`, if it is there and was not written.
    pub(crate) fn old_file_words(&self) -> String {
        match self {
            Self::Untouched { old: Some(file) } => format!("; {file} stays as it was"),
            Self::Untouched { old: None } | Self::Written(_) => String::new(),
        }
    }
}

impl RejectsFile {
    /// Makes sure that the file can be written. Fails with [`Error::Sink`], and with
    /// [`Error::Usage`] for the file that is to be loaded.
    pub(crate) fn open(path: &Path, input: Option<&Path>) -> Result<Self> {
        let is_input = input.is_some_and(|input| is_same(input, path));
        if is_input {
            return Err(Error::Usage(format!(
                "--rejects {} is the file to load: choose another",
                path.display()
            )));
        }
        Ok(Self {
            path: path.to_owned(),
            sink: Sink::open(&Endpoint::Path(path.to_owned()))?,
        })
    }

    /// Writes the rejected rows of an upload that has so many of them, as far as that is known. Where
    /// there is none, the file stays as it was. Fails with [`Error::Answer`] for a server that sends
    /// none where it counts some.
    pub(crate) async fn fill(
        self,
        connection: &Connection,
        transfer_id: &str,
        expected: i64,
    ) -> Result<Kept> {
        let file = self.path.display().to_string();
        let mut stream = match list(connection, transfer_id, true).await {
            Ok(stream) => stream,
            // An upload that was refused before it became a transfer.
            Err(Error::Call(status)) if status.code() == Code::NotFound => {
                return Ok(self.untouched());
            }
            Err(error) => return Err(error),
        };
        let Some(first) = next_payload(&mut stream).await? else {
            return match expected {
                0 => Ok(self.untouched()),
                _ => Err(Error::Answer("rejected rows")),
            };
        };
        let is_raw = write(Some(first), stream, self.sink).await?;
        Ok(Kept::Written(Saved { file, is_raw }))
    }

    fn untouched(self) -> Kept {
        let is_there = self.path.exists();
        Kept::Untouched {
            old: is_there.then(|| self.path.display().to_string()),
        }
    }
}

/// Whether two paths are one file.
fn is_same(one: &Path, other: &Path) -> bool {
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// Writes the rejected rows of an upload to standard output, as a CSV; or as they stand in the file
/// that was loaded, and then returns true.
pub(crate) async fn print_csv(connection: &Connection, transfer_id: &str) -> Result<bool> {
    let stream = list(connection, transfer_id, true).await?;
    write(None, stream, Sink::open(&Endpoint::Standard)?).await
}

/// Writes the rejected rows of an upload to standard output, one JSON object a line.
pub(crate) async fn print_objects(connection: &Connection, transfer_id: &str) -> Result<()> {
    let mut stream = list(connection, transfer_id, false).await?;
    let mut sink = Sink::open(&Endpoint::Standard)?;
    while let Some(message) = stream.message().await? {
        let Some(Payload::Row(row)) = message.payload else {
            continue;
        };
        let object = serde_json::to_vec(&RejectedObject::from(&row));
        let mut line = object.map_err(|error| Error::Runtime(error.into()))?;
        line.push(b'\n');
        sink.write(Bytes::from(line)).await?;
    }
    sink.finish().await
}

/// Asks for the rejected rows of an upload.
async fn list(
    connection: &Connection,
    transfer_id: &str,
    as_csv: bool,
) -> Result<Streaming<ListRejectedRowsResponse>> {
    let request = ListRejectedRowsRequest {
        transfer_id: transfer_id.to_owned(),
        as_csv,
    };
    let mut client = connection.whole_records();
    Ok(client
        .list_rejected_rows(about(transfer_id, request))
        .await?
        .into_inner())
}

/// What the next message holds: bytes of the CSV, or a row.
async fn next_payload(stream: &mut Streaming<ListRejectedRowsResponse>) -> Result<Option<Payload>> {
    while let Some(message) = stream.message().await? {
        // A kind of message that a later version of the contract knows is none.
        if let Some(payload) = message.payload {
            return Ok(Some(payload));
        }
    }
    Ok(None)
}

/// Writes what comes, from a message that has come to the end. Returns whether rows came instead of a
/// CSV; they are written as they stand in the file that was loaded.
async fn write(
    mut next: Option<Payload>,
    mut stream: Streaming<ListRejectedRowsResponse>,
    mut sink: Sink,
) -> Result<bool> {
    let mut is_raw = false;
    if next.is_none() {
        next = next_payload(&mut stream).await?;
    }
    while let Some(payload) = next {
        let piece = match payload {
            Payload::Csv(piece) => piece,
            Payload::Row(row) => {
                is_raw = true;
                [&row.raw[..], b"\n"].concat().into()
            }
        };
        sink.write(piece).await?;
        next = next_payload(&mut stream).await?;
    }
    sink.finish().await?;
    Ok(is_raw)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{RejectsFile, is_same};

    #[test]
    fn the_file_to_load_is_not_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.csv");
        assert!(!is_same(&path, &path));
        fs::write(&path, "id\n1\n").unwrap();
        let again = directory.path().join(".").join("x.csv");
        assert!(is_same(&path, &again));
        assert!(RejectsFile::open(&again, Some(&path)).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "id\n1\n");
    }
}
