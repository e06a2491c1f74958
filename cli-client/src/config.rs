//! The configuration file of the command line: profiles, each a server with what belongs to it.
//!
//! `settings` takes from it what the command line leaves open, `sluice profiles` lists it. It must
//! never hold a secret: those are in files of their own.

mod reader;

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use crate::{
    credentials::Credentials,
    error::{Error, Result},
    place::Place,
    text,
};

/// The largest file: far more than anybody writes.
const MAX_BYTES: u64 = 1 << 20;

/// Which profile of which file is asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// The name of the profile; an empty one is none. Default: the one that the file names.
    pub(crate) profile: Option<String>,
    /// The file, which must be there.
    pub(crate) file: Option<PathBuf>,
    /// The file where none is given; it may be missing.
    pub(crate) usual: Option<PathBuf>,
    /// What `~` is in the file.
    pub(crate) home: Option<PathBuf>,
}

/// What the file says.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// The file, also when it is missing; none where the environment does not say where it would be.
    pub(crate) file: Option<PathBuf>,
    /// Whether there is a file.
    pub(crate) is_found: bool,
    /// The profile that counts where none is named; it is one of `profiles`.
    pub(crate) default: Option<String>,
    /// The profiles by their names.
    pub(crate) profiles: BTreeMap<String, Profile>,
}

/// A server, and what to show and send to this one only.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    /// Its address, with or without a scheme.
    pub(crate) server: String,
    /// Token and certificates.
    pub(crate) credentials: Credentials,
    /// Which ClickHouse it is to work with.
    pub(crate) place: Place,
}

impl Config {
    /// Reads the file. Fails with [`Error::Usage`], which names every fault with its line.
    pub(crate) fn load(wanted: &Wanted) -> Result<Self> {
        let Some(file) = wanted.file.as_ref().or(wanted.usual.as_ref()) else {
            return Ok(Self::default());
        };
        let read = match read(file) {
            Ok(text) => text,
            Err(error) if is_missing(&error) && wanted.file.is_none() => {
                return Ok(Self {
                    file: Some(file.clone()),
                    ..Self::default()
                });
            }
            Err(error) => {
                let text = format!("cannot read the configuration {}: {error}", file.display());
                return Err(Error::Usage(text));
            }
        };
        let parsed = reader::read(&read, file, wanted.home.as_deref());
        let (default, profiles) = parsed.map_err(|faults| {
            let file = file.display();
            Error::Usage(format!(
                "the configuration {file} cannot be used: {}",
                faults.join("; ")
            ))
        })?;
        Ok(Self {
            file: Some(file.clone()),
            is_found: true,
            default,
            profiles,
        })
    }

    /// The profile that counts, with its name. Fails with [`Error::Usage`] for one that is not there.
    pub(crate) fn choose(mut self, name: Option<&str>) -> Result<Option<(String, Profile)>> {
        let name = match name {
            Some("") => return Ok(None),
            Some(name) => name.to_owned(),
            None => match self.default.take() {
                Some(default) => default,
                None => return Ok(None),
            },
        };
        match self.profiles.remove(&name) {
            Some(profile) => Ok(Some((name, profile))),
            None => Err(Error::Usage(self.missing(&name))),
        }
    }

    fn missing(&self, name: &str) -> String {
        let name = text::one_line(name);
        match &self.file {
            None => format!("there is no profile {name}: --config says where profiles are"),
            Some(file) if !self.is_found => {
                format!("there is no profile {name}: {} is missing", file.display())
            }
            Some(file) => format!(
                "there is no profile {name} in {}, which has {}",
                file.display(),
                reader::names(&self.profiles)
            ),
        }
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// The text of the file, which says where tokens go: nobody else may be able to change that.
fn read(path: &Path) -> io::Result<String> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() && metadata.permissions().mode() & 0o002 != 0 {
        let path = path.display();
        let text =
            format!("everybody can change it, and with it where tokens go: chmod o-w {path}");
        return Err(io::Error::other(text));
    }
    let mut text = String::new();
    let length = file.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if length as u64 > MAX_BYTES {
        return Err(io::Error::other(format!(
            "it has more than {MAX_BYTES} bytes"
        )));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
