//! Files that hold a secret or a key.
//!
//! The keys of tokens and `sluice-server token` come here. What was read is zeroed when it is dropped, and
//! must never be put into a message.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use secrecy::{ExposeSecretMut as _, SecretBox};

use super::KeyError;
use crate::secret_file;

/// The largest file, in bytes: RSA keys of 16,384 bits have 12 KiB in PEM.
const MAX_BYTES: u64 = 64 << 10;

/// The bytes of a secret.
pub(super) type SecretBytes = SecretBox<Vec<u8>>;

/// Reads a secret without the line ends at its end.
///
/// # Errors
///
/// The file cannot be read, others can read it, or it has more than 64 KiB.
pub fn read_secret(path: &Path) -> Result<SecretBytes, KeyError> {
    read_key(path, secret_file::open)
}

/// Reads a key that everybody may have.
///
/// # Errors
///
/// The file cannot be read, or has more than 64 KiB.
pub(super) fn read_public(path: &Path) -> Result<SecretBytes, KeyError> {
    read_key(path, |path| File::open(path))
}

fn read_key(
    path: &Path,
    open: impl FnOnce(&Path) -> io::Result<File>,
) -> Result<SecretBytes, KeyError> {
    let mut secret = open(path).and_then(read).map_err(|source| KeyError::Read {
        path: path.to_owned(),
        source,
    })?;
    let bytes = secret.expose_secret_mut();
    if bytes.len() as u64 > MAX_BYTES {
        return Err(KeyError::TooLarge {
            path: path.to_owned(),
            limit: MAX_BYTES,
        });
    }
    while let Some(b'\n' | b'\r') = bytes.last() {
        bytes.pop();
    }
    Ok(secret)
}

fn read(file: File) -> io::Result<SecretBytes> {
    // Room for all of it: a vector that grows would leave copies behind.
    let capacity = usize::try_from(MAX_BYTES + 1).unwrap_or_default();
    let mut secret = SecretBox::new(Box::new(Vec::with_capacity(capacity)));
    file.take(MAX_BYTES + 1)
        .read_to_end(secret.expose_secret_mut())?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::read_secret;
    use crate::auth::KeyError;

    #[test]
    fn a_secret_is_its_file_without_the_last_line_end() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), " a\nb \r\n\n").unwrap();
        let secret = read_secret(file.path()).unwrap();
        assert_eq!(secret.expose_secret(), b" a\nb ");
        assert!(format!("{secret:?}").contains("REDACTED"));
    }

    #[test]
    fn a_file_that_cannot_be_a_secret_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), vec![b'x'; (64 << 10) + 1]).unwrap();
        assert!(matches!(
            read_secret(file.path()),
            Err(KeyError::TooLarge { .. })
        ));
        std::fs::write(file.path(), vec![b'x'; 64 << 10]).unwrap();
        read_secret(file.path()).unwrap();
        let missing = file.path().with_extension("missing");
        assert!(matches!(read_secret(&missing), Err(KeyError::Read { .. })));
    }
}
