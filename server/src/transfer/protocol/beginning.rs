//! What a run does once it has taken an upload, before it sends anything.
//!
//! Part of `transfer::protocol`. Pure: `transfer::upload` does what is answered. It must never let a run go on at a
//! checkpoint that it has read before it was the owner, nor give up what another one may have begun to send.

/// How a run comes by an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::transfer) enum Coming {
    /// It begins at the first byte.
    New,
    /// Somebody has owned it, and has not written what it begins with: nothing is sent before that.
    Unsent,
    /// It goes on.
    Resumed,
}

/// What the owner does first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transfer) enum First {
    /// Writes what the upload begins with.
    Begin,
    /// Waits for INSERTs that are under way, then looks whether it was begun meanwhile: that owner may be alive.
    LookBegun,
    /// Waits for them, then reads the checkpoint: the table knows no more blocks again than the journal lacks, and
    /// in between there were others.
    CatchUp,
    /// Takes the staging table over, which remembers every block.
    TakeStaging,
}

/// What becomes of a staging table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transfer) enum Staging {
    /// It has the name of its owner now, who waits for the blocks that were on their way into it.
    WaitForBlocks,
    Make,
    /// What was staged is gone.
    Gone,
}

impl Coming {
    /// What whoever has taken the upload does first.
    pub(in crate::transfer) const fn first(self, is_staged: bool) -> First {
        match self {
            Self::New => First::Begin,
            Self::Unsent => First::LookBegun,
            Self::Resumed if is_staged => First::TakeStaging,
            Self::Resumed => First::CatchUp,
        }
    }
}

impl Staging {
    /// What is done about the staging table. That of a new upload may be there already: it was taken over before its
    /// first block. Where there is none to go on with, no other one is made under the same incarnation: what was
    /// sent to the one of before may still come.
    pub(in crate::transfer) const fn of(is_there: bool, coming: Coming) -> Self {
        match coming {
            _ if is_there => Self::WaitForBlocks,
            Coming::New | Coming::Unsent => Self::Make,
            Coming::Resumed => Self::Gone,
        }
    }
}
