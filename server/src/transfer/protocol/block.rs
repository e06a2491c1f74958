//! How a block is sent, and sent again, until ClickHouse has it.
//!
//! Part of `transfer::protocol`. Pure: `transfer::upload` does each action and says what it has seen. It must never
//! send a block to the table itself while the same block of before may still come: the table may have forgotten it
//! by then. Into a staging table it may come twice: that table remembers every block, and belongs to one owner.

/// What is done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::transfer) enum Action {
    /// Sees that the upload is not another one's: whoever is told that it was cancelled sees no further block.
    LookWhoOwns,
    /// Ends the INSERT that was sent ahead but for its last byte.
    End,
    /// Sends all of the block.
    Send,
    /// Owns the upload by another step, so that an INSERT that has not begun never does.
    Renew,
    /// Ends the INSERT that has begun, and waits until it does not run.
    SeeEnded,
}

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transfer) enum Observed {
    Done,
    /// ClickHouse has kept the INSERT out because of a later step: somebody else's, or one of this run, since the
    /// block was sent ahead.
    Fenced,
    /// There is no journal to ask; the next step makes it again.
    NoJournal,
    /// The answer was lost, or was an error that passes.
    Failed,
}

/// A block on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::transfer) struct Sending {
    /// Whether it goes to the table itself.
    is_visible: bool,
    /// Whether it was sent ahead, and not given up.
    is_ahead: bool,
    has_lacked_journal: bool,
    action: Action,
}

impl Sending {
    /// Begins with a block whose turn has come.
    pub(in crate::transfer) const fn new(is_visible: bool, is_ahead: bool) -> Self {
        let begun = Self {
            is_visible,
            is_ahead,
            has_lacked_journal: false,
            action: Action::LookWhoOwns,
        };
        Self {
            action: if is_visible {
                Action::LookWhoOwns
            } else {
                begun.send()
            },
            ..begun
        }
    }

    pub(in crate::transfer) const fn action(self) -> Action {
        self.action
    }

    /// Whether a table that is not there may be the journal's.
    pub(in crate::transfer) const fn may_lack_journal(self) -> bool {
        self.is_visible && !self.has_lacked_journal
    }

    /// Goes on with what was seen; none where ClickHouse has the block.
    pub(in crate::transfer) fn after(mut self, observed: Observed) -> Option<Self> {
        let is_insert = matches!(self.action, Action::End | Action::Send);
        self.is_ahead &= !is_insert;
        self.has_lacked_journal |= observed == Observed::NoJournal;
        self.action = match (self.action, observed) {
            (Action::End | Action::Send, Observed::Done) => return None,
            (Action::LookWhoOwns | Action::SeeEnded, Observed::Done) => self.send(),
            (Action::Renew, Observed::Done) => Action::SeeEnded,
            (_, Observed::Fenced) => Action::LookWhoOwns,
            (_, _) if self.is_visible => Action::Renew,
            (_, _) => Action::Send,
        };
        Some(self)
    }

    const fn send(self) -> Action {
        if self.is_ahead {
            Action::End
        } else {
            Action::Send
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Observed, Sending};

    /// The actions of a block, with what is seen after each.
    fn actions(mut sending: Sending, seen: &[Observed]) -> Vec<Action> {
        let mut actions = vec![sending.action()];
        for observed in seen {
            match sending.after(*observed) {
                Some(next) => sending = next,
                None => return actions,
            }
            actions.push(sending.action());
        }
        actions
    }

    #[test]
    fn a_visible_block_is_not_sent_again_before_the_one_of_before_is_over() {
        use Action::{End, LookWhoOwns, Renew, SeeEnded, Send};
        use Observed::{Done, Failed};
        let seen = [Done, Failed, Done, Done, Failed, Done, Done, Done];
        assert_eq!(
            actions(Sending::new(true, true), &seen),
            [
                LookWhoOwns,
                End,
                Renew,
                SeeEnded,
                Send,
                Renew,
                SeeEnded,
                Send
            ]
        );
    }

    #[test]
    fn a_staged_block_is_sent_until_it_is_there() {
        use Observed::{Done, Failed};
        let seen = [Failed, Failed, Done];
        let sent = [Action::End, Action::Send, Action::Send];
        assert_eq!(actions(Sending::new(false, true), &seen), sent);
    }

    #[test]
    fn a_fenced_block_is_sent_again_by_its_owner() {
        let sending = Sending::new(true, true).after(Observed::Done).unwrap();
        let seen = [Observed::Fenced, Observed::Done];
        let sent = [Action::End, Action::LookWhoOwns, Action::Send];
        assert_eq!(actions(sending, &seen), sent);
    }

    #[test]
    fn a_journal_is_made_again_once() {
        let sending = Sending::new(true, false).after(Observed::Done).unwrap();
        assert!(sending.may_lack_journal());
        let again = sending.after(Observed::NoJournal).unwrap();
        assert_eq!(again.action(), Action::Renew);
        assert!(!again.may_lack_journal());
    }
}
