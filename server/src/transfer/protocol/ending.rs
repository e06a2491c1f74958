//! What becomes of an upload whose run ended with an error.
//!
//! Part of `transfer::protocol`. Pure: `transfer::upload` says what it knows, and does what is answered; nothing
//! else decides. It must never end an upload that another run owns, nor call one ended of which the journal may
//! not have the end.

use super::Step;

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transfer) enum Cause {
    /// The rows are being made visible, and whoever comes next goes on with that.
    CommitPending,
    /// A caller has asked this server to end it, or another one has taken that step.
    Cancelled,
    /// Another run has the upload.
    TakenOver,
    /// ClickHouse has kept an INSERT out because of a later step.
    Fenced,
    /// There is no staging table by that name.
    StagedGone,
    /// What is staged is not what was sent.
    Miscounted,
    /// The client has gone, ClickHouse is away, or the like: the same upload can go on.
    Passing,
    /// The file is not the one that was begun: that one can go on.
    OtherFile,
    /// Anything else: nobody can mend it by sending the same again.
    Lasting,
}

/// What is known of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transfer) enum Journal {
    /// It was not asked yet: whether anybody has begun the upload is not known.
    Unasked,
    /// There is none, or this upload is not to be in it.
    Absent,
    Present,
}

/// How the upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transfer) struct Situation {
    pub(in crate::transfer) journal: Journal,
    pub(in crate::transfer) is_owner: bool,
    /// Whether this run has taken COMMIT or DONE.
    pub(in crate::transfer) has_committed: bool,
    /// Whether there is, or was, a staging table.
    pub(in crate::transfer) is_staged: bool,
    /// Whether rows may be in the table of which nobody can say which, so that it cannot go on.
    pub(in crate::transfer) is_out_of_hand: bool,
    /// Whether it was tried already to end it before anybody had begun it.
    pub(in crate::transfer) is_begun: bool,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::transfer) enum Ending {
    /// Nothing: the journal says what is true of it.
    Leave,
    /// Takes CANCEL as the first step, unless somebody has begun it; then it is asked again.
    CancelUnbegun,
    /// Looks who owns it, and asks again with the answer: [`explained`].
    LookWhoOwns,
    /// Drops what was staged too late, if nobody needs it.
    ClearLate,
    /// Takes RESTART: the same upload begins at its first byte again.
    Restart,
    /// Writes how far it has come: it goes on there.
    Interrupt,
    /// Takes the step that ends it for good.
    End(Step),
}

/// What became of a step that was to be taken, or of the question who owns the upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transfer) enum Answer {
    Taken,
    /// A caller has ended the upload.
    Cancelled,
    /// Somebody else has the step, or the upload.
    Lost,
    /// The journal may have it, or not.
    Unknown,
}

/// What is done then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transfer) enum Farewell {
    /// Drops what is staged, writes how it ended, and tells it.
    Tell,
    /// Leaves it to whoever comes next, and tells of no end.
    Leave,
}

impl Ending {
    /// What is done about an upload whose run here ended.
    pub(in crate::transfer) const fn of(cause: Cause, situation: Situation) -> Self {
        let Situation {
            journal,
            is_owner,
            has_committed,
            is_staged,
            is_out_of_hand,
            is_begun,
        } = situation;
        match cause {
            Cause::CommitPending => Self::Leave,
            // Whoever comes next completes it: the client, the sweeper, another server.
            _ if has_committed => Self::Leave,
            Cause::Cancelled if !is_owner && !is_begun => Self::CancelUnbegun,
            // It was refused before it became anybody's, or its caller was gone by then.
            _ if !matches!(journal, Journal::Absent) && !is_owner => Self::Leave,
            Cause::Fenced => Self::LookWhoOwns,
            Cause::StagedGone if is_staged => Self::LookWhoOwns,
            Cause::TakenOver => Self::ClearLate,
            Cause::Miscounted if is_staged => Self::Restart,
            // The right file can still be sent where another one was refused.
            Cause::Passing | Cause::Miscounted | Cause::OtherFile
                if matches!(journal, Journal::Present) && !is_out_of_hand =>
            {
                Self::Interrupt
            }
            Cause::Cancelled => Self::End(Step::Cancel),
            _ => Self::End(Step::Fail),
        }
    }

    /// What is done once it is known what became of its step.
    pub(in crate::transfer) const fn then(self, answer: Answer) -> Farewell {
        match (self, answer) {
            // Or ended by a caller through another server: that is the step to be told.
            (_, Answer::Taken) | (Self::End(_), Answer::Cancelled) => Farewell::Tell,
            // It has not ended before the journal has it: whoever goes on with it, or the sweeper, sees.
            _ => Farewell::Leave,
        }
    }
}

/// What a fenced INSERT or a staging table that is gone means, once it is known who owns the upload: a table that
/// is gone was dropped or renamed by whoever has taken the upload over, who keeps other INSERTs out too.
pub(in crate::transfer) const fn explained(cause: Cause, owner: Answer) -> Cause {
    match (cause, owner) {
        (_, Answer::Cancelled) => Cause::Cancelled,
        (_, Answer::Lost) => Cause::TakenOver,
        (Cause::Fenced, Answer::Taken) => Cause::Lasting,
        (Cause::Fenced, Answer::Unknown) => Cause::Passing,
        (_, Answer::Taken | Answer::Unknown) => Cause::Miscounted,
    }
}
