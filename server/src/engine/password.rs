//! The password of the embedded engine: made at each start of the server, in a file that only its user
//! can read.
//!
//! `engine::embedded` makes it, `engine::users` writes its hash down for the library, `engine::probe` and the
//! ClickHouse client use it. The text itself must never reach a log or the library's files.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use aws_lc_rs::{digest, rand};

use super::Secret;

/// The file in the data directory, for an operator's own tools. Its user is `default`.
const FILE: &str = "clickhouse-password";

/// The random bytes: more than can be guessed, whatever hash protects them.
const RANDOM_BYTES: usize = 32;

/// Makes a password and writes it to its file.
pub(super) fn make(data_dir: &Path) -> io::Result<Secret> {
    let text = random()?;
    write_private(&data_dir.join(FILE), &format!("{text}\n"))?;
    Ok(Secret::new(text))
}

/// Text that nobody can guess, from the system's generator.
pub(super) fn random() -> io::Result<String> {
    let mut bytes = [0; RANDOM_BYTES];
    rand::fill(&mut bytes).map_err(|_| io::Error::other("the system has no random bytes"))?;
    Ok(hex(&bytes))
}

/// The password that the last server on this directory made, whose engine may still run.
pub(super) fn last(data_dir: &Path) -> Secret {
    let text = fs::read_to_string(data_dir.join(FILE)).unwrap_or_default();
    Secret::new(text.trim_end().to_owned())
}

/// SHA-256 of a password, in the form that ClickHouse's configuration takes.
pub(super) fn hash(password: &Secret) -> String {
    hex(digest::digest(&digest::SHA256, password.expose().as_bytes()).as_ref())
}

/// Writes a file that nobody else can read: whole, or not at all.
pub(super) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    // What a server left that was killed in between.
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::{FILE, hash, last, make, write_private};
    use crate::engine::Secret;

    #[test]
    fn each_start_has_a_password_of_its_own_in_a_private_file() {
        let directory = tempfile::tempdir().unwrap();
        assert!(last(directory.path()).is_empty());
        let first = make(directory.path()).unwrap();
        assert_eq!(last(directory.path()), first);
        let second = make(directory.path()).unwrap();
        assert_ne!(first, second);
        assert_eq!(last(directory.path()), second);
        assert_eq!(second.expose().len(), 64);
        let file = directory.path().join(FILE);
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_private_file_replaces_what_is_there_and_follows_no_link() {
        let directory = tempfile::tempdir().unwrap();
        let (file, other) = (directory.path().join("a.xml"), directory.path().join("b"));
        std::fs::write(&other, "kept").unwrap();
        std::os::unix::fs::symlink(&other, &file).unwrap();
        std::os::unix::fs::symlink(&other, file.with_extension("new")).unwrap();
        write_private(&file, "text").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "text");
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "kept");
    }

    #[test]
    fn the_hash_is_that_of_the_standard() {
        assert_eq!(
            hash(&Secret::new("abc".to_owned())),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
