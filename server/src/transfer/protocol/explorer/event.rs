//! The words in which a counterexample is told.
//!
//! Part of `protocol::explorer`.

use super::{server::Place, statement::Statement};
use crate::transfer::protocol::{Due, ending::Cause};

/// What a counterexample is told in.
#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "the fields are printed")]
pub(super) enum Event {
    /// The client begins the id with a version of its file.
    ClientBegins { server: usize, version: u8 },
    /// A server does what is next.
    Acts {
        server: usize,
        at: Place,
        sent: Option<Statement>,
    },
    /// What a server has sent is on its way, and its answer is lost; the server goes on.
    AnswerLost { server: usize, sent: Statement },
    /// A server ends, and forgets; what it has sent is on its way.
    Crashes {
        server: usize,
        sent: Option<Statement>,
    },
    /// The client leaves, a caller cancels it here, or an error ends it.
    Stops {
        server: usize,
        cause: Cause,
        sent: Option<Statement>,
    },
    /// A server hears that somebody else has taken or ended the upload.
    Hears { server: usize },
    /// A statement that was on its way begins, or happens.
    Arrives(Statement),
    /// It never happens.
    NeverArrives(Statement),
    /// ClickHouse is killed with a partition in both tables.
    KilledInMove { server: usize },
    /// ClickHouse is killed when it has a block's token, and not yet the block.
    KilledInInsert { server: usize },
    /// Another upload replaces the table.
    SomebodyReplaces,
    /// Somebody drops a staging table.
    SomebodyDrops,
    /// A caller cancels it through a server that does not run it; late: the step is still on its way.
    CancelsElsewhere { is_late: bool },
    /// The sweeper does what is due.
    Sweeps(Due),
    /// The sweeper drops tables that nobody needs.
    DropsOrphans,
}
