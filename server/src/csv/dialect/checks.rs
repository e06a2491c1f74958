//! Sees that no byte of a dialect has two roles.
//!
//! Used by the dialect after each change. An error must name what was changed first.

use super::super::{BYTE_ORDER_MARK, NULL_MARKER};
use super::{Dialect, DialectError};

/// What a role is called, and the bytes that have it.
type Role<'a> = (&'static str, &'a [u8]);

impl Dialect {
    pub(in super::super) const DELIMITER: &'static str = "delimiter";
    pub(in super::super) const QUOTE: &'static str = "quote";
    pub(in super::super) const ESCAPE: &'static str = "escape";
    pub(in super::super) const COMMENT: &'static str = "comment prefix";
    pub(in super::super) const SPACES: &'static str = "skipped space";
    pub(in super::super) const SKIPPED: &'static str = "lines to skip";
    pub(in super::super) const END: &'static str = "last line";

    /// Passes the dialect on if nothing is in conflict; `changed` is the role that was set.
    pub(super) fn checked(self, changed: &'static str) -> Result<Self, DialectError> {
        let roles = [
            (Self::DELIMITER, Some(self.delimiter.bytes())),
            (Self::QUOTE, self.quote.as_ref().map(std::slice::from_ref)),
            (Self::ESCAPE, self.escape.as_ref().map(std::slice::from_ref)),
            (Self::COMMENT, self.comment()),
        ];
        let present = roles
            .into_iter()
            .filter_map(|(role, bytes)| Some((role, bytes?)));
        for role in present.clone() {
            check_alone(role)?;
            check_null_marker(role)?;
            self.check_space(role)?;
        }
        let own = present.clone().find(|(role, _)| *role == changed);
        for other in present.filter(|(role, _)| *role != changed) {
            own.map_or(Ok(()), |own| check_pair(own, other))?;
        }
        self.check_letters()?;
        self.check_lines()?;
        Ok(self)
    }

    fn check_space(&self, (role, bytes): Role<'_>) -> Result<(), DialectError> {
        let is_long = bytes.len() > 1;
        let matters = match role {
            Self::DELIMITER => is_long,
            Self::QUOTE | Self::ESCAPE => true,
            _ => false,
        };
        if self.skip_initial_space && matters && bytes.first() == Some(&b' ') {
            return Err(DialectError::SpaceIsSkipped { role });
        }
        Ok(())
    }

    fn check_letters(&self) -> Result<(), DialectError> {
        let byte = self.delimiter.first();
        if self.is_tsv && byte.is_ascii_alphanumeric() {
            return Err(DialectError::DelimiterInEscapes { byte });
        }
        match self.escape {
            Some(byte) if byte.is_ascii_alphanumeric() => {
                Err(DialectError::AlphanumericEscape { byte })
            }
            _ => Ok(()),
        }
    }

    fn check_lines(&self) -> Result<(), DialectError> {
        let skip_lines = self.skip_lines;
        match self.end_line {
            Some(end_line) if end_line <= u64::from(skip_lines) => {
                Err(DialectError::EndsBeforeStart {
                    end_line,
                    skip_lines,
                })
            }
            _ => Ok(()),
        }
    }
}

/// Sees that the bytes can have a role at all.
fn check_alone((role, bytes): Role<'_>) -> Result<(), DialectError> {
    let unusable = |byte: &&u8| matches!(byte, b'\r' | b'\n' | 0);
    if let Some(&byte) = bytes.iter().find(unusable) {
        return Err(DialectError::UnusableByte { role, byte });
    }
    if BYTE_ORDER_MARK.starts_with(bytes) || bytes.starts_with(BYTE_ORDER_MARK) {
        return Err(DialectError::LikeByteOrderMark { role });
    }
    Ok(())
}

/// Sees that `\N` is one whole field, wherever it stands.
fn check_null_marker((role, bytes): Role<'_>) -> Result<(), DialectError> {
    let byte = bytes.first().copied().unwrap_or_default();
    let collides = match role {
        Dialect::DELIMITER => {
            let marked = [NULL_MARKER, bytes].concat();
            memchr::memmem::find(&marked, bytes) != Some(NULL_MARKER.len())
        }
        Dialect::COMMENT => NULL_MARKER.starts_with(bytes) || bytes.starts_with(NULL_MARKER),
        Dialect::QUOTE => NULL_MARKER.contains(&byte),
        _ => false,
    };
    if collides {
        return Err(DialectError::InNullMarker { role, byte });
    }
    Ok(())
}

/// Sees that two roles cannot be taken for each other.
fn check_pair(own: Role<'_>, other: Role<'_>) -> Result<(), DialectError> {
    let comment = [own, other]
        .into_iter()
        .find(|(role, _)| *role == Dialect::COMMENT);
    let delimiter = [own, other]
        .into_iter()
        .find(|(role, _)| *role == Dialect::DELIMITER);
    let shared = match (comment, delimiter) {
        // A record may begin with any text, then a delimiter: none of it may seem a comment.
        (Some((_, comment)), Some((_, delimiter))) => {
            let first = delimiter.first().copied();
            first.filter(|byte| comment.contains(byte))
        }
        // A quote may begin a record, and an escape may follow any text of it.
        (Some((_, comment)), None) if [own.0, other.0].contains(&Dialect::QUOTE) => {
            let quote = if own.0 == Dialect::QUOTE {
                own.1
            } else {
                other.1
            };
            let first = comment.first().copied();
            first.filter(|byte| quote.contains(byte))
        }
        _ => own.1.iter().copied().find(|byte| other.1.contains(byte)),
    };
    match shared {
        Some(byte) => Err(DialectError::SameByte {
            role: own.0,
            other: other.0,
            byte,
        }),
        None => Ok(()),
    }
}
