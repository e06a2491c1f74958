//! An error with everything that caused it, in one line.
//!
//! For what is shown to operators; it knows nothing of any error in particular.

use std::{error::Error, iter};

/// The error and its causes, from the outermost to the innermost.
pub fn with_causes(error: &dyn Error) -> String {
    let causes = iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
