//! Who owns an upload, and how it ended: the steps of the journal, and what may follow each.
//!
//! `transfer::upload`, `transfer::sweeper` and `transfer::listing` ask it and perform what it allows. Pure:
//! no I/O, no clock. Each step has a number and is written once, whoever tries: so two servers, a client
//! that comes back and a caller that cancels can want different things in the same instant, and all of
//! them learn the same answer. `explorer` goes through all that can happen. It must never let a final step
//! (DONE, CANCEL, FAIL) be followed by another one, nor COMMIT by anything but DONE.

pub(super) mod beginning;
pub(super) mod block;
pub(super) mod completion;
pub(super) mod ending;

#[cfg(test)]
mod explorer;

use uuid::Uuid;

use super::CommitMode;
use beginning::Coming;

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// Somebody works on the upload: begins it, goes on with it, or begins it anew.
    Own,
    /// Its rows become visible: they are staged and counted, and nothing stops that any more.
    Commit,
    /// Everything is in the table.
    Done,
    /// A caller ended it.
    Cancel,
    /// An error ended it.
    Fail,
    /// What was staged is given up: the same upload begins at its first byte again.
    Restart,
}

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    /// Its number, from 1.
    pub(super) number: u32,
    pub(super) step: Step,
    /// Who took it.
    pub(super) run: Uuid,
    /// How often the file had been begun anew.
    pub(super) incarnation: u32,
    /// COMMIT: the identity of the table that the rows were counted for; nil where it has none.
    pub(super) target: Uuid,
    /// COMMIT: the partitions that move, or the identity of the table that takes the target's place.
    pub(super) moves: Vec<String>,
    /// COMMIT, DONE: what was counted then.
    pub(super) counted: Counted,
}

/// What an upload was when all of its file had come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) file_bytes: u64,
    pub(super) file_crc32c: u32,
    pub(super) rows_parsed: u64,
    pub(super) rows_staged: u64,
    pub(super) rows_rejected: u64,
}

/// Where an upload stands, by its newest step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Somebody works on it, or did.
    Owned,
    /// Its rows become visible.
    Committing,
    /// It is loaded.
    Succeeded,
    /// It has ended, and its rows are not there (staged modes), or some may be (others).
    Ended {
        /// Whether by a caller.
        by_caller: bool,
    },
    /// It begins at its first byte again.
    Restarted,
}

/// What the row of an upload says beside its newest step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Described {
    pub(super) mode: CommitMode,
}

/// What a server makes of an id that a client begins, perhaps not for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It is taken: begun, begun again, or gone on with.
    Take(Coming),
    /// Its commit is completed.
    Complete,
    /// It is loaded: the client is told so again.
    Replay,
    /// It was broken off, and may have left rows in the table that nobody can tell from new ones.
    Refuse,
    /// It has ended without success, for good.
    Ended {
        /// Whether it may have left rows in the table.
        leaves_rows: bool,
    },
    /// A commit without a row: nobody can say whose it is.
    Lost,
}

/// What the sweeper does about an upload that no pipeline works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Completes its commit.
    Complete,
    /// Ends it: its client did not come back.
    Expire,
    /// Writes that it is loaded.
    DescribeSuccess,
    /// Writes how it ended, and drops what it has staged.
    DescribeEnd {
        /// Whether a caller ended it.
        by_caller: bool,
    },
}

impl Step {
    const ALL: [Self; 6] = [
        Self::Own,
        Self::Commit,
        Self::Done,
        Self::Cancel,
        Self::Fail,
        Self::Restart,
    ];

    /// The name, as the journal has it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Own => "OWN",
            Self::Commit => "COMMIT",
            Self::Done => "DONE",
            Self::Cancel => "CANCEL",
            Self::Fail => "FAIL",
            Self::Restart => "RESTART",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }

    /// Whether this step may come next. `is_new` says that an OWN begins a new incarnation.
    pub(super) const fn may_follow(self, newest: Option<Self>, is_new: bool) -> bool {
        match (newest, self) {
            // It begins, or begins anew.
            (None | Some(Self::Restart), Self::Own) => is_new,
            // It goes on elsewhere.
            (Some(Self::Own), Self::Own) => !is_new,
            (Some(Self::Own), _)
            | (Some(Self::Commit), Self::Done)
            // It was to begin again, and nobody came.
            | (Some(Self::Restart), Self::Cancel | Self::Fail)
            // It was being begun.
            | (None, Self::Cancel) => true,
            _ => false,
        }
    }
}

impl Described {
    /// Whether an upload that has ended may have left rows in its table. Who describes its end need not know
    /// how many it had sent: that it had begun is enough.
    const fn leaves_rows(self, has_begun: bool) -> bool {
        has_begun && !self.mode.is_staged()
    }
}

impl Claim {
    /// What `run` has to take to be the next one after `newest`.
    pub(super) fn after(newest: Option<&Self>, step: Step, run: Uuid) -> Self {
        let is_new = newest.is_none_or(|newest| newest.standing() != Standing::Owned);
        let begins_anew = is_new && step == Step::Own;
        Self {
            number: newest.map_or(1, |newest| newest.number + 1),
            step,
            run,
            incarnation: newest.map_or(0, |newest| newest.incarnation) + u32::from(begins_anew),
            target: Uuid::nil(),
            moves: Vec::new(),
            counted: Counted::default(),
        }
    }

    /// What follows a COMMIT that `run` has completed.
    pub(super) fn done(&self, run: Uuid) -> Self {
        Self {
            number: self.number + 1,
            step: Step::Done,
            run,
            ..self.clone()
        }
    }

    /// Whether this step, the newest one, takes an upload away from `run`, whose own newest step is `own`.
    pub(super) fn is_lost_to(&self, run: Uuid, own: u32) -> bool {
        self.number > own && self.run != run
    }

    /// Whether a caller has ended the upload.
    pub(super) const fn is_cancel(&self) -> bool {
        matches!(self.standing(), Standing::Ended { by_caller: true })
    }

    /// Whether what is staged for an incarnation is still needed.
    pub(super) const fn needs_staging(&self, incarnation: u32) -> bool {
        matches!(self.standing(), Standing::Owned | Standing::Committing)
            && self.incarnation == incarnation
    }

    /// What follows when a client begins the id of an upload whose newest step this is. `described` is its
    /// row; whoever took the first step may have been gone before he could write it. `has_begun` says that
    /// what this incarnation began with is written: nothing is sent before.
    pub(super) fn next(&self, described: Option<Described>, has_begun: bool) -> Next {
        match (self.standing(), described) {
            (Standing::Succeeded, Some(_)) => Next::Replay,
            (Standing::Committing, Some(_)) => Next::Complete,
            (Standing::Succeeded | Standing::Committing, None) => Next::Lost,
            (Standing::Ended { .. }, row) => Next::Ended {
                leaves_rows: row.is_some_and(|row| row.leaves_rows(has_begun)),
            },
            (Standing::Restarted, _) => Next::Take(Coming::New),
            (Standing::Owned, Some(row)) if has_begun => match row.mode {
                CommitMode::Direct => Next::Refuse,
                _ => Next::Take(Coming::Resumed),
            },
            (Standing::Owned, _) => Next::Take(Coming::Unsent),
        }
    }

    /// What the sweeper does about an upload whose newest step this is, and that nobody has shown alive for
    /// `age` seconds; a server is gone after `silence`, a client after `limit`.
    pub(super) const fn due(&self, age: u64, silence: u64, limit: u64) -> Option<Due> {
        match self.standing() {
            Standing::Committing if age >= silence => Some(Due::Complete),
            Standing::Owned | Standing::Restarted if age > limit => Some(Due::Expire),
            Standing::Succeeded => Some(Due::DescribeSuccess),
            Standing::Ended { by_caller } if age >= silence => Some(Due::DescribeEnd { by_caller }),
            _ => None,
        }
    }

    pub(super) const fn standing(&self) -> Standing {
        match self.step {
            Step::Own => Standing::Owned,
            Step::Commit => Standing::Committing,
            Step::Done => Standing::Succeeded,
            Step::Cancel => Standing::Ended { by_caller: true },
            Step::Fail => Standing::Ended { by_caller: false },
            Step::Restart => Standing::Restarted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Step;

    #[test]
    fn only_own_is_followed_by_what_others_want() {
        for next in Step::ALL {
            assert_eq!(
                next.may_follow(Some(Step::Commit), false),
                next == Step::Done
            );
            assert!(!next.may_follow(Some(Step::Done), true));
            assert!(next.may_follow(Some(Step::Own), false));
        }
    }

    #[test]
    fn nothing_follows_an_end() {
        for end in [Step::Done, Step::Cancel, Step::Fail] {
            for next in Step::ALL {
                assert!(!next.may_follow(Some(end), true));
                assert!(!next.may_follow(Some(end), false));
            }
        }
    }

    #[test]
    fn what_is_restarted_begins_anew_or_ends() {
        let follow = |next: Step, is_new| next.may_follow(Some(Step::Restart), is_new);
        assert!(follow(Step::Own, true) && !follow(Step::Own, false));
        assert!(follow(Step::Cancel, false) && follow(Step::Fail, false));
        assert!(!follow(Step::Commit, false) && !follow(Step::Done, false));
        assert!(Step::Own.may_follow(None, true));
        assert!(Step::Cancel.may_follow(None, false));
        assert!(!Step::Commit.may_follow(None, false));
    }

    #[test]
    fn names_are_read_again() {
        for step in Step::ALL {
            assert_eq!(Step::named(step.name()), Some(step));
        }
        assert_eq!(Step::named("OTHER"), None);
    }
}
