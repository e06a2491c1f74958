//! How a commit is completed: what follows each look and each statement, from COMMIT to DONE.
//!
//! Part of `transfer::protocol`. Pure: `transfer::upload` and the sweeper do each action, whoever of them began
//! the commit, and say what they have seen; nothing else decides. It must never say that rows are brought in
//! that may not be, nor bring a row in that may be there.
//!
//! How this works: a staging table gets its next name before anything is moved, and whatever repeats a commit
//! gives it another one. So what was sent under a name of before, by whomever, finds nothing; what is seen under
//! a name is changed by its owner alone; and a table that has no rows any more has brought them in only if it
//! still has the name. INSERTs that had begun go on, and are waited for: the table forgets the tokens of what it
//! leaves out. COMMIT must be the newest step then: else somebody has completed it, and the table is one that a
//! late statement has made. An exchange is sent once for each name that the new table has.

/// How the rows of a staging table come into the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::transfer) enum Passage {
    /// Partitions move from one table to the other.
    Move,
    /// All replicas add partitions, which are left out here afterwards.
    Attach,
    /// All replicas put them in the place of what they have.
    Replace,
    /// A table with the rows and the target exchange their names.
    Exchange,
}

/// What is done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::transfer) enum Action {
    /// Looks whether the new table has the place of the target. `Gone`: it has not, and is not there.
    LookExchanged,
    /// Gives the new table its next name.
    RenameNew,
    /// Sees that the table under that name is the new one: one that came late may have exchanged it.
    CheckNew,
    /// Looks for the staging table. `No`: somebody who completes the commit has given it its name.
    FindStaged,
    /// Gives the staging table its next name.
    RenameStaged,
    /// Ends the INSERTs that had begun under a name of before, and waits for them.
    WaitForInserts,
    /// Sees that COMMIT is the newest step. `lacks` is what there is not to go on with.
    CheckStep { lacks: Option<Stop> },
    /// Sees that the target is the table that the rows were counted for.
    CheckTarget(When),
    /// Puts nothing in the place of all rows.
    EmptyTarget,
    /// Looks how many partitions are staged.
    LookStaged,
    /// Waits for what runs.
    WaitForOthers,
    /// Lets this replica do what all have agreed on.
    Sync,
    /// Looks what is in the target already.
    LookThere,
    /// Leaves that out.
    LeaveOut,
    /// Looks what is left to be brought in.
    LookLeft,
    /// Brings some of that in.
    Bring,
    /// Leaves out what was brought in as a copy.
    LeaveOutBrought,
    /// Sees that nothing is left.
    CheckEmpty,
    /// Sees that the staging table has the name under which nothing was left.
    CheckName,
    /// Exchanges the new table and the target.
    Exchange,
    /// Takes the step DONE; that of anybody else is as good.
    TakeDone,
    /// Drops what was staged.
    Drop,
}

/// When the target is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::transfer) enum When {
    First,
    Between,
    Last,
}

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transfer) enum Observed {
    /// It is done, or as it should be.
    Yes,
    No,
    /// There is no table by that name.
    Gone,
    /// So many pieces are left, each of which is brought in at once.
    Left(u32),
    /// The answer was lost, or was an error that passes.
    Unknown,
}

/// Why a commit cannot be completed by whoever tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::transfer) enum Stop {
    /// Nobody has completed it, and what was staged is not there.
    StagedGone,
    /// The table that was to take the place of the target is not there.
    NewGone,
    /// The target is another table than that which the rows were counted for.
    TargetGone,
    /// The step DONE is taken by another one.
    Lost,
}

/// A commit on its way from COMMIT to DONE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::transfer) struct Completion {
    passage: Passage,
    /// Whether no rows were counted.
    is_empty: bool,
    /// Whether this, or another server, may have brought something in before: the staging table has a name that
    /// a commit has given to it.
    is_repeated: bool,
    action: Action,
    /// Pieces that are left to be brought in.
    left: u32,
}

impl Passage {
    /// Whether it is a step of all replicas.
    pub(in crate::transfer) const fn is_replicated(self) -> bool {
        matches!(self, Self::Attach | Self::Replace)
    }

    const fn first(self) -> Action {
        match self {
            Self::Exchange => Action::LookExchanged,
            Self::Move | Self::Attach | Self::Replace => Action::FindStaged,
        }
    }
}

impl Completion {
    /// Begins with a commit, of no rows or of some.
    pub(in crate::transfer) const fn new(passage: Passage, is_empty: bool) -> Self {
        Self {
            passage,
            is_empty,
            is_repeated: false,
            action: passage.first(),
            left: 0,
        }
    }

    pub(in crate::transfer) const fn action(&self) -> Action {
        self.action
    }

    /// Whether it begins, perhaps once more.
    pub(in crate::transfer) fn is_at_its_beginning(&self) -> bool {
        self.action == self.passage.first()
    }

    /// Goes on with what was seen; none where it is completed.
    pub(in crate::transfer) fn after(mut self, observed: Observed) -> Result<Option<Self>, Stop> {
        self.action = match (self.action, observed) {
            (Action::Drop, _) => return Ok(None),
            (Action::TakeDone, Observed::No) => return Err(Stop::Lost),
            (Action::CheckStep { lacks: Some(lacks) }, Observed::Yes) => return Err(lacks),
            // It may have been taken; or somebody has completed it.
            (Action::TakeDone, Observed::Unknown) | (Action::CheckStep { .. }, Observed::No) => {
                Action::TakeDone
            }
            (Action::CheckTarget(_), Observed::No) => return Err(Stop::TargetGone),
            (Action::LookExchanged, Observed::No) => Action::RenameNew,
            (Action::LookExchanged, Observed::Gone) => lacks(Stop::NewGone),
            (Action::FindStaged, Observed::Gone) => lacks(Stop::StagedGone),
            (Action::FindStaged, Observed::No) => {
                self.is_repeated = true;
                Action::CheckTarget(When::First)
            }
            (Action::LookThere, Observed::No) => Action::LookLeft,
            (action, Observed::Left(pieces)) => {
                self.left = pieces;
                self.counted(action)
            }
            (action, Observed::Yes) => self.done(action),
            // Or somebody else completes it too, and has given the table its next name.
            (_, Observed::No | Observed::Gone | Observed::Unknown) => self.passage.first(),
        };
        Ok(Some(self))
    }

    const fn counted(&self, action: Action) -> Action {
        match (action, self.left) {
            (_, 0) => Action::CheckEmpty,
            (Action::LookStaged, _) => Action::WaitForOthers,
            (_, _) => Action::Bring,
        }
    }

    /// What follows an action that has gone well.
    const fn done(&mut self, action: Action) -> Action {
        let exchanges = matches!(self.passage, Passage::Exchange);
        match action {
            Action::RenameNew => Action::CheckNew,
            Action::CheckNew => Action::FindStaged,
            Action::FindStaged => {
                self.is_repeated = false;
                Action::CheckTarget(When::First)
            }
            Action::CheckTarget(When::First) => Action::RenameStaged,
            Action::RenameStaged => Action::WaitForInserts,
            Action::WaitForInserts => Action::CheckStep { lacks: None },
            Action::CheckStep { .. }
                if self.is_empty && matches!(self.passage, Passage::Replace) =>
            {
                Action::EmptyTarget
            }
            Action::CheckStep { .. } if self.is_repeated => Action::LookStaged,
            Action::WaitForOthers if self.passage.is_replicated() => Action::Sync,
            Action::WaitForOthers | Action::Sync => Action::LookThere,
            Action::LookThere => Action::LeaveOut,
            Action::CheckStep { .. } | Action::LeaveOut | Action::LookStaged | Action::LookLeft => {
                Action::LookLeft
            }
            Action::Bring if self.passage.is_replicated() => Action::LeaveOutBrought,
            Action::Bring | Action::LeaveOutBrought => {
                self.left -= 1;
                match self.left {
                    0 => Action::CheckEmpty,
                    _ => Action::CheckTarget(When::Between),
                }
            }
            Action::CheckTarget(When::Between) => Action::Bring,
            Action::CheckEmpty => Action::CheckName,
            Action::CheckName => Action::CheckTarget(When::Last),
            Action::CheckTarget(When::Last) if exchanges => Action::Exchange,
            // It is looked whether the tables have exchanged their names: another one may have swapped them back.
            Action::Exchange => self.passage.first(),
            Action::LookExchanged | Action::EmptyTarget | Action::CheckTarget(When::Last) => {
                Action::TakeDone
            }
            Action::TakeDone | Action::Drop => Action::Drop,
        }
    }
}

/// Perhaps somebody has completed it; then nothing is lacking.
const fn lacks(stop: Stop) -> Action {
    Action::CheckStep { lacks: Some(stop) }
}
