//! The faults of a configuration, collected and reported together.
//!
//! Filled by `config::validate`, shown by `main`. It must never hold a secret.

use std::fmt;

/// One fault: the option, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The option without its dashes, such as `block-rows`.
    pub option: &'static str,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variable = self.option.replace('-', "_").to_uppercase();
        write!(f, "--{} (SLUICE_{variable}): {}", self.option, self.problem)
    }
}

/// A configuration that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    faults: Vec<Fault>,
}

impl Error {
    /// The faults, at least one, in the order of the options.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be used")?;
        for fault in &self.faults {
            write!(f, "\n  {fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Collects faults while the options are read.
#[derive(Debug, Default)]
pub(super) struct Faults {
    faults: Vec<Fault>,
}

impl Faults {
    /// Adds a fault.
    pub(super) fn add(&mut self, option: &'static str, problem: impl Into<String>) {
        self.faults.push(Fault {
            option,
            problem: problem.into(),
        });
    }

    /// The value, or `fallback` and a fault.
    pub(super) fn take<T>(
        &mut self,
        option: &'static str,
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
            Err(Error {
                faults: self.faults,
            })
        }
    }
}
