//! Finds the ClickHouse library that the embedded engine loads.
//!
//! Called once when the embedded engine starts. It never loads the library.

use std::env;
use std::path::{Path, PathBuf};

use super::{Error, Result};

/// The names that the library goes by.
const FILE_NAMES: [&str; 2] = ["libchdb.so", "libchdb.dylib"];

/// The directory that holds what is built, in the root of the source tree.
const TARGET: &str = "target";

/// The directory that `npm ci` fills, from the root of the source tree.
const NODE_MODULES: &str = "server/engine/node_modules/@chdb";

/// The npm package with the library for this platform; `None` where there is none.
const PACKAGE: Option<&str> = if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
    Some("lib-linux-x64-gnu")
} else if cfg!(all(target_os = "linux", target_arch = "aarch64")) {
    Some("lib-linux-arm64-gnu")
} else if cfg!(all(target_os = "macos", target_arch = "aarch64")) {
    Some("lib-darwin-arm64")
} else if cfg!(all(target_os = "macos", target_arch = "x86_64")) {
    Some("lib-darwin-x64")
} else {
    None
};

/// The library: the named one, or the first that exists beside the program, in `../lib/sluice` from
/// it, or in the source tree that the program was built in. The working directory does not matter: what lies there may
/// be anybody's. The result is an absolute path.
///
/// # Errors
///
/// [`Error::LibraryNotFound`] with every file that was looked for.
pub(super) fn locate(named: Option<&Path>) -> Result<PathBuf> {
    let searched = match named {
        Some(path) => vec![path.to_owned()],
        None => directories(env::current_exe().ok().as_deref())
            .iter()
            .flat_map(|directory| FILE_NAMES.map(|name| directory.join(name)))
            .collect(),
    };
    let found = searched.iter().find(|path| path.is_file());
    match found.and_then(|path| path.canonicalize().ok()) {
        Some(path) => Ok(path),
        None => Err(Error::LibraryNotFound { searched }),
    }
}

/// The directories to look in, in order, for a program at `executable`.
fn directories(executable: Option<&Path>) -> Vec<PathBuf> {
    let mut directories = Vec::new();
    let Some(beside) = executable.and_then(Path::parent) else {
        return directories;
    };
    directories.push(beside.to_owned());
    if let Some(prefix) = beside.parent() {
        directories.push(prefix.join("lib/sluice"));
    }
    let built = beside
        .ancestors()
        .find(|directory| directory.ends_with(TARGET));
    if let (Some(root), Some(package)) = (built.and_then(Path::parent), PACKAGE) {
        directories.push(root.join(NODE_MODULES).join(package));
    }
    directories
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Error, NODE_MODULES, directories, locate};

    #[test]
    fn a_named_library_that_is_missing_is_the_only_place_searched() {
        let error = locate(Some(Path::new("/nowhere/libchdb.so"))).unwrap_err();
        let Error::LibraryNotFound { searched } = &error else {
            panic!("{error}")
        };
        assert_eq!(searched, &[PathBuf::from("/nowhere/libchdb.so")]);
        let text = error.to_string();
        assert!(
            text.contains("/nowhere/libchdb.so") && text.contains("make engine"),
            "{text}"
        );
    }

    #[test]
    fn a_named_library_that_exists_is_taken() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("libchdb.so");
        std::fs::write(&path, "").unwrap();
        assert_eq!(locate(Some(&path)).unwrap(), path.canonicalize().unwrap());
    }

    #[test]
    fn the_program_s_surroundings_come_before_the_source_tree() {
        let found = directories(Some(Path::new("/opt/sluice/bin/sluice-server")));
        assert_eq!(found.first().unwrap(), Path::new("/opt/sluice/bin"));
        assert_eq!(found.get(1).unwrap(), Path::new("/opt/sluice/lib/sluice"));
        assert_eq!(found.len(), 2);
        // One that was built is in its source tree, and is used from any directory.
        for built in ["/src/target/release", "/src/target/debug/deps"] {
            let found = directories(Some(&Path::new(built).join("sluice-server")));
            let tree = Path::new("/src").join(NODE_MODULES);
            assert!(found.last().unwrap().starts_with(tree), "{found:?}");
        }
    }
}
