//! Rejected rows from the server into a file, or to standard output.
//!
//! `command::upload` and `command::transfers` use it. The rows pass through: it must never hold more
//! of them than a few pieces. A file takes its place only when it is whole, and is there only if a
//! row was rejected.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use sluice_proto::v1::{
    ListRejectedRowsRequest, ListRejectedRowsResponse, list_rejected_rows_response::Payload,
};
use tonic::{Code, Streaming};

use super::{PLACE, RejectedObject};
use crate::{
    connect::Connection,
    error::{Error, Result},
    settings::Endpoint,
    sink::Sink,
};

/// The longest header of a file that is known again as one of rejected rows.
const MAX_HEADER_BYTES: u64 = 16 << 20;

/// The file of `--rejects`, before it is known whether there is a row to write.
#[derive(Debug)]
#[must_use = "dropping it leaves the file of an earlier run as it was"]
pub(crate) struct RejectsFile {
    path: PathBuf,
    sink: Sink,
}

/// A file of rejected rows that was written.
#[derive(Debug)]
pub(crate) struct Saved {
    /// Its path.
    pub(crate) file: String,
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

    /// Writes the rejected rows of an upload. Where there is none, the file of an earlier run is
    /// removed, and nothing is returned.
    pub(crate) async fn fill(
        self,
        connection: &Connection,
        transfer_id: &str,
    ) -> Result<Option<Saved>> {
        let mut stream = match list(connection, transfer_id, true).await {
            Ok(stream) => stream,
            // An upload that was refused before it became a transfer.
            Err(Error::Call(status)) if status.code() == Code::NotFound => return self.clear(),
            Err(error) => return Err(error),
        };
        let Some(first) = next_piece(&mut stream).await? else {
            return self.clear();
        };
        write_csv(Some(first), stream, self.sink).await?;
        Ok(Some(Saved {
            file: self.path.display().to_string(),
        }))
    }

    /// Leaves nothing of an earlier run behind.
    fn clear(self) -> Result<Option<Saved>> {
        drop(self.sink);
        match remove_stale(&self.path) {
            Ok(()) => Ok(None),
            Err(source) => Err(Error::Sink {
                name: self.path.display().to_string(),
                bytes: 0,
                source,
            }),
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

/// Removes the rejected rows of an earlier run, and no other file.
fn remove_stale(path: &Path) -> io::Result<()> {
    let file = match File::open(path) {
        Ok(file) if file.metadata()?.is_file() => file,
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut line = Vec::new();
    let mut start = BufReader::new(file).take(MAX_HEADER_BYTES);
    start.read_until(b'\n', &mut line)?;
    if is_first_line(&line) {
        fs::remove_file(path)?;
    }
    Ok(())
}

/// Writes the rejected rows of an upload to standard output, as a CSV.
pub(crate) async fn print_csv(connection: &Connection, transfer_id: &str) -> Result<()> {
    let stream = list(connection, transfer_id, true).await?;
    write_csv(None, stream, Sink::open(&Endpoint::Standard)?).await
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
    Ok(client.list_rejected_rows(request).await?.into_inner())
}

/// The next bytes of the CSV.
async fn next_piece(stream: &mut Streaming<ListRejectedRowsResponse>) -> Result<Option<Bytes>> {
    while let Some(message) = stream.message().await? {
        if let Some(Payload::Csv(piece)) = message.payload
            && !piece.is_empty()
        {
            return Ok(Some(piece));
        }
    }
    Ok(None)
}

/// Writes the CSV from a piece that has come to its end.
async fn write_csv(
    first: Option<Bytes>,
    mut stream: Streaming<ListRejectedRowsResponse>,
    mut sink: Sink,
) -> Result<()> {
    if let Some(piece) = first {
        sink.write(piece).await?;
    }
    while let Some(piece) = next_piece(&mut stream).await? {
        sink.write(piece).await?;
    }
    sink.finish().await
}

/// Whether a line is the first one of a file of rejected rows.
fn is_first_line(line: &[u8]) -> bool {
    let ending = PLACE.join(",");
    line.trim_ascii_end().ends_with(ending.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{RejectsFile, is_first_line, is_same, remove_stale};

    #[test]
    fn only_rejected_rows_are_removed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bad.csv");
        remove_stale(&path).unwrap();
        fs::write(&path, "id,name\n1,a\n").unwrap();
        remove_stale(&path).unwrap();
        assert!(path.exists());
        let rejects = "id,_sluice_line,_sluice_column,_sluice_reason\n1,2,id,OVERFLOW\n";
        fs::write(&path, rejects).unwrap();
        remove_stale(&path).unwrap();
        assert!(!path.exists());
        remove_stale(directory.path()).unwrap();
    }

    #[test]
    fn only_a_file_of_rejected_rows_is_taken_for_one() {
        assert!(is_first_line(
            b"a,_sluice_line,_sluice_column,_sluice_reason\r\n"
        ));
        for line in [
            &b"a,b\n"[..],
            b"",
            b"_sluice_line,_sluice_column,_sluice_reason,a",
        ] {
            assert!(!is_first_line(line));
        }
    }

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
