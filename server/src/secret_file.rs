//! Opens files that hold a secret: keys of tokens, passwords, the private key of TLS.
//!
//! Every reader of such a file comes here. A file that others can read is refused, as ssh, databases and
//! the command line do: whoever has it is the server, or makes tokens of every kind.

use std::{
    fs::{File, Metadata},
    io,
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use rustix::fs::{StatVfsMountFlags, fstatvfs};

/// What nobody but the owner may do.
const OTHERS: u32 = 0o077;

/// What the group may not do either with a file that another user owns, usually root, who gives it to the
/// server by its group: anything but to read it.
const OTHERS_THAN_GROUP: u32 = 0o037;

/// Opens the file.
///
/// # Errors
///
/// It cannot be opened, or others can read it. What is no file of a disk, such as a pipe, has no such mode.
/// Nor is a file asked that lies on a mount which can only be read: those of containers (`/run/secrets`)
/// are readable for everybody in the container, which is the server alone, and cannot be changed there.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let is_exposed = metadata.is_file() && is_open_to_others(&metadata);
    if is_exposed && !fstatvfs(&file)?.f_flag.contains(StatVfsMountFlags::RDONLY) {
        let path = path.display();
        let mode = metadata.mode() & 0o7777;
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!(
                "it holds a secret, and its mode {mode:04o} lets others in: chmod 600 {path} (or 640 for a \
                 file of root that the server reads by its group)"
            ),
        ));
    }
    Ok(file)
}

fn is_open_to_others(metadata: &Metadata) -> bool {
    let own = rustix::process::geteuid().as_raw();
    exposes(metadata.mode(), metadata.uid() == own)
}

/// Whether a mode lets others in, for a file of the server's own user or of another.
const fn exposes(mode: u32, is_own: bool) -> bool {
    let forbidden = if is_own { OTHERS } else { OTHERS_THAN_GROUP };
    mode & forbidden != 0
}

/// Writes a file that only its owner can read, for tests.
#[cfg(test)]
pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) {
    use std::{fs, os::unix::fs::PermissionsExt as _};
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(test)]
mod tests {
    use super::exposes;

    #[test]
    fn only_the_owner_may_read_and_the_group_what_another_owns() {
        for (mode, is_own, expected) in [
            (0o100_600, true, false),
            (0o100_400, true, false),
            (0o100_700, true, false),
            (0o100_640, true, true),
            (0o100_604, true, true),
            (0o100_644, true, true),
            (0o100_620, true, true),
            (0o100_640, false, false),
            (0o100_440, false, false),
            (0o100_400, false, false),
            (0o100_660, false, true),
            (0o100_644, false, true),
            (0o100_444, false, true),
        ] {
            assert_eq!(exposes(mode, is_own), expected, "{mode:o} {is_own}");
        }
    }
}
