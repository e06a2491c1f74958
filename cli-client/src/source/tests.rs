//! Files and pipes as messages, and what happens when they cannot be read.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
    sync::Arc,
    time::Duration,
};

use sluice_proto::v1::{UploadSpec, upload_request::Payload};
use tokio_stream::StreamExt as _;

use super::{CHUNK_BYTES, Endpoint, Error, Reader, Source};
use crate::{progress::Counts, task};

/// Sends a file, and returns its bytes as they come out, the longest chunk, and the reader's end.
async fn send(source: Source, keep: bool) -> (Vec<u8>, usize, crate::error::Result<()>) {
    let counts = Arc::new(Counts::default());
    let (offset, sum) = (source.offset, source.sum);
    let (mut messages, reader) = source.into_messages(UploadSpec::default(), Arc::clone(&counts));
    let mut reader = task::worker(move || Reader::run(reader));
    let first = messages.next().await.unwrap().payload.unwrap();
    assert!(matches!(first, Payload::Spec(_)));
    let (mut bytes, mut longest, mut kept) = (Vec::new(), 0, Vec::new());
    let all = async {
        while let Some(message) = messages.next().await {
            match message.payload.unwrap() {
                Payload::Data(data) => {
                    bytes.extend_from_slice(&data);
                    longest = longest.max(data.len());
                    kept.extend(keep.then_some(data));
                }
                Payload::End(end) => {
                    let size = offset + bytes.len() as u64;
                    assert_eq!(end.total_bytes, i64::try_from(size).ok());
                    assert_eq!(end.crc32c, Some(crc32c::crc32c_append(sum, &bytes)));
                }
                Payload::Spec(_) => panic!("a second spec"),
            }
        }
    };
    // A reader that fails leaves the stream without an end.
    let outcome = tokio::select! {
        biased;
        () = all => reader.join().await.unwrap(),
        outcome = reader.join() => match outcome.unwrap() {
            Ok(()) => panic!("the reader ended before the stream"),
            Err(error) => Err(error),
        },
    };
    assert_eq!(counts.bytes(), bytes.len() as u64);
    (bytes, longest, outcome)
}

/// A file of which nothing is known.
fn unnamed() -> Source {
    Source {
        stamp: None,
        total_bytes: None,
        origin: None,
        ..Source::open(&Endpoint::Path("/dev/null".into())).unwrap()
    }
}

fn sample(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

async fn check_file(length: usize, keep: bool) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), sample(length)).unwrap();
    let source = Source::open(&Endpoint::Path(file.path().to_owned())).unwrap();
    assert_eq!(
        source.total_bytes(),
        Some(length as u64).filter(|size| *size > 0)
    );
    let (bytes, longest, outcome) = send(source, keep).await;
    assert!(bytes == sample(length), "{length} bytes");
    assert_eq!(longest, length.min(CHUNK_BYTES));
    outcome.unwrap();
}

#[tokio::test]
async fn a_file_arrives_whole_around_every_chunk_boundary() {
    for length in [
        0,
        1,
        CHUNK_BYTES - 1,
        CHUNK_BYTES,
        CHUNK_BYTES + 1,
        9 * CHUNK_BYTES + 7,
    ] {
        check_file(length, false).await;
    }
}

#[tokio::test]
async fn a_chunk_that_is_still_held_is_not_filled_again() {
    check_file(9 * CHUNK_BYTES + 7, true).await;
}

#[tokio::test]
async fn a_pipe_arrives_whole() {
    let (reader, mut writer) = io::pipe().unwrap();
    let source = Source {
        file: std::os::fd::OwnedFd::from(reader).into(),
        ..unnamed()
    };
    let writing = std::thread::spawn(move || writer.write_all(&sample(3_000_000)).unwrap());
    let (bytes, _, outcome) = send(source, false).await;
    assert!(bytes == sample(3_000_000));
    outcome.unwrap();
    writing.join().unwrap();
}

#[tokio::test]
async fn a_file_that_was_cut_has_no_end() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), sample(1_000)).unwrap();
    let source = Source::open(&Endpoint::Path(file.path().to_owned())).unwrap();
    file.as_file().set_len(400).unwrap();
    let (_, _, outcome) = send(source, false).await;
    let Err(Error::Source { bytes, source, .. }) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!((bytes, source.kind()), (400, io::ErrorKind::UnexpectedEof));
}

#[tokio::test]
async fn the_stream_of_a_failed_reader_stays_silent() {
    let counts = Arc::new(Counts::default());
    let source = Source {
        file: fs::File::open("/").unwrap(),
        ..unnamed()
    };
    let (mut messages, reader) = source.into_messages(UploadSpec::default(), counts);
    messages.next().await.unwrap();
    let outcome = task::worker(move || reader.run()).join().await.unwrap();
    assert!(matches!(outcome, Err(Error::Source { .. })));
    let next = tokio::time::timeout(Duration::from_millis(50), messages.next()).await;
    assert!(next.is_err(), "{next:?}");
}

#[test]
fn a_sample_knows_whether_it_is_the_whole_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), sample(100)).unwrap();
    for (limit, expected, is_whole) in [(99, 99, false), (100, 100, true), (101, 100, true)] {
        let source = Source::open(&Endpoint::Path(file.path().to_owned())).unwrap();
        let (bytes, whole) = source.read_sample(limit).unwrap();
        assert!(bytes == sample(expected), "{limit}");
        assert_eq!(whole, is_whole, "{limit}");
    }
}

#[test]
fn the_sample_of_an_archive_is_all_of_it() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let archive = [b"PK\x03\x04", sample(3_000_000).as_slice()].concat();
    fs::write(file.path(), &archive).unwrap();
    for limit in [1, 100, archive.len(), archive.len() + 1] {
        let source = Source::open(&Endpoint::Path(file.path().to_owned())).unwrap();
        let (bytes, whole) = source.read_sample(limit).unwrap();
        assert_eq!((bytes == archive, whole), (limit > 3, limit > 3), "{limit}");
    }
    let long = sample(super::MAX_ARCHIVE_BYTES);
    fs::write(file.path(), [b"PK\x03\x04", long.as_slice()].concat()).unwrap();
    let source = Source::open(&Endpoint::Path(file.path().to_owned())).unwrap();
    let (bytes, whole) = source.read_sample(100).unwrap();
    assert_eq!((bytes.len(), whole), (super::MAX_ARCHIVE_BYTES, false));
}

#[test]
fn only_a_file_is_read_twice() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for (path, expected) in [(file.path(), true), (Path::new("/dev/null"), false)] {
        let input = Endpoint::Path(path.to_owned());
        let source = Source::open(&input).unwrap();
        assert_eq!(
            source.reopen(&input).is_ok(),
            expected,
            "{}",
            path.display()
        );
    }
}

#[test]
fn a_missing_file_and_a_directory_are_refused() {
    for path in ["/does/not/exist.csv", "/"] {
        let opened = Source::open(&Endpoint::Path(path.into()));
        assert!(
            matches!(opened, Err(Error::Source { bytes: 0, .. })),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_file_goes_on_in_the_middle() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), sample(900_000)).unwrap();
    let source = Source::open(&Endpoint::Path(file.path().to_owned())).unwrap();
    let origin = source.origin().unwrap().clone();
    let (source, _) = origin.open_at(600_001).unwrap();
    let (bytes, _, outcome) = send(source, false).await;
    assert!(bytes == sample(900_000)[600_001..]);
    outcome.unwrap();
}

#[tokio::test]
async fn a_file_that_was_written_to_has_no_end() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), sample(1_000)).unwrap();
    let source = Source::open(&Endpoint::Path(file.path().to_owned())).unwrap();
    fs::write(file.path(), sample(1_001)).unwrap();
    let (_, _, outcome) = send(source, false).await;
    assert!(
        matches!(outcome, Err(Error::FileChanged { .. })),
        "{outcome:?}"
    );
}
