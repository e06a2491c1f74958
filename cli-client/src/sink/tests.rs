//! Files that take their place only when they are whole.

use std::{fs, io, path::Path};

use bytes::Bytes;

use super::{Endpoint, Error, Sink};

fn open(path: &Path) -> Sink {
    Sink::open(&Endpoint::Path(path.to_owned())).unwrap()
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[tokio::test]
async fn a_finished_file_takes_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.csv");
    fs::write(&path, "old").unwrap();
    let mut sink = open(&path);
    for piece in 0..100 {
        sink.write(Bytes::from(format!("{piece}\n"))).await.unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    sink.finish().await.unwrap();
    let expected: String = (0..100).map(|piece| format!("{piece}\n")).collect();
    assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    assert_eq!(names(directory.path()), ["out.csv"]);
}

#[tokio::test]
async fn a_dropped_file_leaves_the_old_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.csv");
    fs::write(&path, "old").unwrap();
    let mut sink = open(&path);
    sink.write(Bytes::from_static(b"new")).await.unwrap();
    drop(sink);
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(names(directory.path()), ["out.csv"]);
}

#[tokio::test]
async fn a_full_disk_tells_the_path() {
    let mut sink = open(Path::new("/dev/full"));
    let error = loop {
        if let Err(error) = sink.write(Bytes::from_static(b"x")).await {
            break error;
        }
    };
    let Error::Sink {
        name,
        bytes,
        source,
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!((name.as_str(), bytes), ("/dev/full", 0));
    assert_eq!(source.kind(), io::ErrorKind::StorageFull);
}

#[cfg(unix)]
#[tokio::test]
async fn rights_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let directory = tempfile::tempdir().unwrap();
    let (file, link) = (directory.path().join("file"), directory.path().join("link"));
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&file, &link).unwrap();
    let mut sink = open(&link);
    sink.write(Bytes::from_static(b"new")).await.unwrap();
    sink.finish().await.unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[test]
fn a_directory_cannot_be_written() {
    for path in ["/", "/does/not/exist/out.csv"] {
        let opened = Sink::open(&Endpoint::Path(path.into()));
        assert!(
            matches!(opened, Err(Error::Sink { bytes: 0, .. })),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_sink_that_has_failed_fails_again_with_the_same_reason() {
    let full = || {
        let file = fs::File::options().write(true).open("/dev/full").unwrap();
        Sink::of_file(file, "full".to_owned())
    };
    let mut sink = full();
    let piece = Bytes::from_static(b"more");
    let failure = loop {
        if let Err(failure) = sink.write(piece.clone()).await {
            break failure;
        }
    };
    let again = sink.write(piece).await.unwrap_err();
    let last = sink.finish().await.unwrap_err();
    for failure in [failure, again, last] {
        let Error::Sink { source, name, .. } = failure else {
            panic!("{failure:?}");
        };
        assert_eq!(source.kind(), io::ErrorKind::StorageFull);
        assert_eq!(name, "full");
    }
}
