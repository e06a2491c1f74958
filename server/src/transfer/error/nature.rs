//! What an error means for what follows: whether it passes, and who can mend it.
//!
//! Asked by all of `transfer`. Pure.

use super::Error;
use crate::{
    catalog,
    clickhouse::{self, sql::FENCED},
};

impl Error {
    /// Whether a table or its database is not there.
    pub(in crate::transfer) const fn is_unknown_table(&self) -> bool {
        matches!(
            self,
            Self::ClickHouse(
                clickhouse::Error::UnknownTable(_) | clickhouse::Error::UnknownDatabase(_)
            )
        )
    }

    /// The same for an upload of which so many rows may be in the table.
    pub(in crate::transfer) fn with_rows_left(self, rows: u64) -> Self {
        if rows == 0 {
            return self;
        }
        Self::RowsLeft {
            rows,
            cause: Box::new(self),
        }
    }

    /// Whether ClickHouse has refused for a grant.
    pub(in crate::transfer) const fn is_access_denied(&self) -> bool {
        matches!(self, Self::ClickHouse(clickhouse::Error::AccessDenied(_)))
    }

    /// Whether ClickHouse kept an INSERT out that began later than another step of its upload was taken.
    pub(in crate::transfer) fn is_fenced(&self) -> bool {
        let Self::ClickHouse(clickhouse::Error::Exception(exception)) = self else {
            return false;
        };
        exception.message.contains(FENCED)
    }

    /// Whether it passes: the same upload can go on later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::ClickHouse(error) | Self::Catalog(catalog::Error::ClickHouse(error)) => {
                error.is_passing()
            }
            Self::Journal(error) => error.is_passing(),
            // Two who complete it at once find tables renamed or dropped. What somebody has to mend is the target.
            Self::CommitPending { cause, .. } => {
                !(matches!(**cause, Self::TargetGone { .. }) || cause.is_access_denied())
            }
            Self::RowsLeft { cause, .. } => cause.is_passing(),
            Self::Engine(_)
            | Self::ClientGone
            | Self::IdleTimeout { .. }
            | Self::ShuttingDown
            | Self::TakenOver { .. }
            | Self::MemoryLimit { .. }
            | Self::TooManyTransfers { .. }
            | Self::CountMismatch { .. }
            // The server that works with that node completes it.
            | Self::OtherNode { .. }
            | Self::OffsetOutOfRange { .. } => true,
            _ => false,
        }
    }
}
