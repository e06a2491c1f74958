//! The faults of a configuration, collected and reported together.
//!
//! Filled by `config::file` and `config::validate`, shown by `main`. It must never hold a secret.

use std::{borrow::Cow, collections::BTreeMap, fmt};

/// Where the configuration file says something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One fault: the option, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The option without its dashes, such as `block-rows`, or the path of a key of the file, such as
    /// `connections.sales.url`.
    pub option: Cow<'static, str>,
    /// Where it stands, if it is from the file.
    pub place: Option<Place>,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (option, problem) = (&self.option, &self.problem);
        match &self.place {
            Some(place) if option.is_empty() => write!(f, "{place}: {problem}"),
            Some(place) => write!(f, "{place}: {option}: {problem}"),
            None => {
                let variable = option.replace('-', "_").to_uppercase();
                write!(f, "--{option} (SLUICE_{variable}): {problem}")
            }
        }
    }
}

/// A configuration that cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The command line is not understood, or asks for help or the version.
    Usage(clap::Error),
    /// Options that cannot be used, at least one.
    Faults(Vec<Fault>),
}

impl Error {
    /// The faults, in the order of the options.
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::Usage(_) => &[],
            Self::Faults(faults) => faults,
        }
    }
}

impl From<clap::Error> for Error {
    fn from(error: clap::Error) -> Self {
        Self::Usage(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(error) => error.fmt(f),
            Self::Faults(faults) => {
                f.write_str("the configuration cannot be used")?;
                faults.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
            }
        }
    }
}

impl std::error::Error for Error {}

/// Collects faults while the options are read.
#[derive(Debug, Default)]
pub(super) struct Faults {
    faults: Vec<Fault>,
    places: BTreeMap<String, Place>,
}

impl Faults {
    /// Begins with those of the file, which has these options at these places.
    pub(super) const fn of_file(faults: Vec<Fault>, places: BTreeMap<String, Place>) -> Self {
        Self { faults, places }
    }

    /// Adds a fault.
    pub(super) fn add(&mut self, option: impl Into<Cow<'static, str>>, problem: impl Into<String>) {
        let option = option.into();
        self.faults.push(Fault {
            place: self.places.get(&*option).cloned(),
            option,
            problem: problem.into(),
        });
    }

    /// The value, or `fallback` and a fault.
    pub(super) fn take<T>(
        &mut self,
        option: impl Into<Cow<'static, str>>,
        result: Result<T, String>,
        fallback: T,
    ) -> T {
        result.unwrap_or_else(|problem| {
            self.add(option, problem);
            fallback
        })
    }

    /// The configuration, if there was no fault.
    pub(super) fn finish<T>(self, config: T) -> Result<T, Error> {
        if self.faults.is_empty() {
            Ok(config)
        } else {
            Err(Error::Faults(self.faults))
        }
    }
}
