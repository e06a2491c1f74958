//! Field bytes to values: one function for each family of types, strict, without allocation.
//!
//! [`super::builder`] and [`super::infer`] call it. A value fits its type exactly or is refused with a
//! [`Reason`]; it must never round, wrap, clamp, trim or guess.

pub mod bool;
pub mod date_time;
pub mod decimal;
pub mod enums;
pub mod float;
pub mod int;
pub mod ip;
pub mod nested;
pub mod text;
pub mod time;
pub mod uuid;

mod digits;

use std::fmt;

/// Why a cell does not fit its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A value outside the range of the type.
    Overflow,
    /// More digits of a fraction than the type holds, or a time of day that it does not.
    PrecisionLoss,
    /// Not a date or time that exists, or not in a form that is read.
    InvalidDate,
    /// A date whose day and month cannot be told apart.
    AmbiguousDate,
    /// Not a number.
    InvalidNumber,
    /// Digits that begin with a zero, which a number loses, in a column whose type was found in other rows.
    LeadingZero,
    /// Not a truth value.
    InvalidBool,
    /// Not a UUID.
    InvalidUuid,
    /// Not an IP address.
    InvalidIp,
    /// Neither a name nor a number of the Enum.
    UnknownEnum,
    /// Longer than the FixedString.
    TooLong,
    /// Not valid UTF-8.
    InvalidUtf8,
    /// Not an Array, Map or Tuple in ClickHouse's text form or as JSON, or of another shape.
    InvalidNested,
    /// Not a JSON object, or one that ClickHouse does not take: with a path that stands twice.
    InvalidDocument,
    /// NULL in a column that takes none and has no default.
    NullNotAllowed,
}

impl Reason {
    /// Returns the name that clients see, in capitals with underscores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Overflow => "OVERFLOW",
            Self::PrecisionLoss => "PRECISION_LOSS",
            Self::InvalidDate => "INVALID_DATE",
            Self::AmbiguousDate => "AMBIGUOUS_DATE",
            Self::InvalidNumber => "INVALID_NUMBER",
            Self::LeadingZero => "LEADING_ZERO",
            Self::InvalidBool => "INVALID_BOOL",
            Self::InvalidUuid => "INVALID_UUID",
            Self::InvalidIp => "INVALID_IP",
            Self::UnknownEnum => "UNKNOWN_ENUM",
            Self::TooLong => "TOO_LONG",
            Self::InvalidUtf8 => "INVALID_UTF8",
            Self::InvalidNested => "INVALID_NESTED",
            Self::InvalidDocument => "INVALID_DOCUMENT",
            Self::NullNotAllowed => "NULL_NOT_ALLOWED",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Overflow => "is outside the range of the type",
            Self::PrecisionLoss => "has more digits or a time of day that the type does not hold",
            Self::InvalidDate => "is no date or time that exists, such as 2024-02-29 23:59:59",
            Self::AmbiguousDate => {
                "has a day and a month that cannot be told apart; the year first, as in 2024-02-29, is clear"
            }
            Self::InvalidNumber => "is no number without spaces or separators",
            Self::LeadingZero => "begins with a zero that a number loses",
            Self::InvalidBool => {
                "is none of true and false, t and f, yes and no, y and n, on and off, 1 and 0"
            }
            Self::InvalidUuid => {
                "is no UUID of 32 hexadecimal digits, with or without hyphens and braces"
            }
            Self::InvalidIp => "is no IP address",
            Self::UnknownEnum => "is neither a name nor a number of the Enum",
            Self::TooLong => "is longer than the FixedString",
            Self::InvalidUtf8 => "is not valid UTF-8",
            Self::InvalidNested => {
                "is no value such as [1,2], {'key':1} or (1,'text'), with text in quotes: \
                 single ones in TSV, where it has a backslash"
            }
            Self::InvalidDocument => {
                "is not one JSON object such as {\"key\":[1,\"text\"]}, in which no key stands twice and \
                 no number has more than 64 bits"
            }
            Self::NullNotAllowed => "is NULL, and the column takes none and has no DEFAULT",
        })
    }
}
