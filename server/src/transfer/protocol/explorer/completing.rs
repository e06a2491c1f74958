//! What a server does for a commit: the looks and the statements of each action, and what it sees.
//!
//! Part of `protocol::explorer`. What follows what is said by `protocol::completion`.

use super::{
    Mutation, State, World,
    model::{Shared, Taken},
    server::{Place, Run, Seen},
    statement::{Reply, Statement, narrow},
};
use crate::transfer::{
    Phase,
    protocol::{
        Step,
        completion::{Action, Completion, Observed},
    },
};

/// The name of a staging table that is no more, and does not come back.
pub(super) const NO_NAME: u8 = u8::MAX;

/// The statement of an action; none where it is a look.
pub(super) fn statement(
    world: &World,
    state: &State,
    run: &Run,
    completion: Completion,
) -> Option<Statement> {
    let incarnation = run.incarnation;
    let Seen {
        staged,
        attempt,
        there,
        left,
    } = run.seen;
    let first = left & left.wrapping_neg();
    Some(match completion.action() {
        Action::RenameStaged => Statement::Rename {
            incarnation,
            from: staged,
            to: next_name(run),
        },
        Action::RenameNew => Statement::RenameReplacement {
            from: attempt,
            to: attempt + 1,
        },
        Action::LeaveOut | Action::LeaveOutBrought => Statement::LeaveOut {
            incarnation,
            epoch: staged,
            partitions: if completion.action() == Action::LeaveOut {
                there
            } else {
                first
            },
        },
        Action::Bring if world.passage.is_replicated() => Statement::Copy {
            partition: narrow(left.trailing_zeros() as usize),
            incarnation,
            epoch: staged,
        },
        Action::Bring => Statement::Move {
            partition: narrow(left.trailing_zeros() as usize),
            incarnation,
            epoch: staged,
            into: attempt,
        },
        Action::Exchange => Statement::Exchange { attempt },
        Action::TakeDone => {
            let done = state.shared.claim(run.epoch)?.done(run.id());
            Statement::Claim {
                number: narrow(done.number as usize),
                taken: Taken::of(&done, run.version),
            }
        }
        Action::Drop => Statement::Drop { incarnation },
        _ => return None,
    })
}

/// The next name of a staging table, which no owner has given it.
const fn next_name(run: &Run) -> u8 {
    let next = run.seen.staged.saturating_add(1);
    if next < run.epoch { run.epoch } else { next }
}

/// What the answer to a statement says.
pub(super) fn answered(reply: Reply) -> Observed {
    match reply {
        Reply::Ok => Observed::Yes,
        // That of anybody is as good.
        Reply::Other(other) if other.step() == Step::Done => Observed::Yes,
        Reply::Other(_) => Observed::No,
        Reply::Absent | Reply::Fenced => Observed::Gone,
    }
}

/// Looks.
pub(super) fn look(world: &World, state: &mut State, run: &mut Run, action: Action) -> Observed {
    let shared = &mut state.shared;
    let found = shared.find(run.incarnation);
    let found = found.map(|place| shared.staging[place].epoch);
    let replacement = shared.replacement;
    let yes = |is_so| if is_so { Observed::Yes } else { Observed::No };
    match action {
        Action::LookExchanged => {
            run.seen.attempt = replacement.attempt;
            // The table that was the target has our name, or the new one has its place.
            let has_old = replacement.is_exchanged && replacement.is_made;
            let is_in_place = replacement.is_exchanged && !replacement.is_replaced;
            match replacement.is_made {
                _ if is_in_place => Observed::Yes,
                true if has_old && world.off != Some(Mutation::OldTableIsNotSeen) => Observed::Yes,
                true => Observed::No,
                false => Observed::Gone,
            }
        }
        Action::CheckNew => yes(replacement.is_made
            && !replacement.is_exchanged
            && replacement.attempt == run.seen.attempt),
        Action::FindStaged => match found {
            Some(epoch) => {
                run.seen.staged = epoch;
                yes(epoch < run.epoch || world.off == Some(Mutation::NameIsNotCompared))
            }
            None => Observed::Gone,
        },
        Action::CheckStep { .. } => {
            let newest = shared.newest();
            yes(newest.is_some_and(|newest| newest.step == Step::Commit))
        }
        Action::LookStaged | Action::LookLeft => {
            run.seen.left = partitions(world, shared, run);
            Observed::Left(run.seen.left.count_ones())
        }
        Action::Sync => {
            for table in &mut shared.staging {
                table.unseen = 0;
            }
            Observed::Yes
        }
        Action::LookThere => {
            let named = shared.named(run.incarnation, run.seen.staged);
            run.seen.there = named.map_or(0, |place| {
                let table = &shared.staging[place];
                table.in_both & !table.unseen & world.partitions_of(table.rows)
            });
            yes(run.seen.there != 0)
        }
        Action::CheckEmpty => yes(partitions(world, shared, run) == 0),
        Action::CheckName => yes(found == Some(run.seen.staged)),
        // Nothing else has the place of the target here, and every statement is done at once.
        _ => Observed::Yes,
    }
}

/// The partitions that are staged under the name that the run has seen; under one that is no more, none.
fn partitions(world: &World, shared: &Shared, run: &Run) -> u8 {
    let named = shared.named(run.incarnation, run.seen.staged);
    named.map_or(0, |place| world.partitions_of(shared.staging[place].rows))
}

/// Goes on with what was seen, up to what is done or looked at next.
pub(super) fn go_on(
    world: &World,
    state: &mut State,
    run: &mut Run,
    mut completion: Completion,
    mut observed: Observed,
) -> Option<Place> {
    loop {
        if observed == Observed::Yes {
            note(world, run, completion.action());
        }
        match completion.after(observed) {
            Ok(Some(next)) => completion = next,
            Ok(None) => {
                state.shared.row.put(Phase::Succeeded, run.epoch + 1);
                state.shared.told_success = true;
                return None;
            }
            // It waits for somebody.
            Err(_) => return None,
        }
        let action = completion.action();
        if completion.is_at_its_beginning() {
            run.seen = Seen::default();
        }
        observed = match action {
            // Nothing can come between these and what was before.
            Action::CheckTarget(_) | Action::WaitForOthers | Action::LookStaged => {
                look(world, state, run, action)
            }
            _ => match left_out(world, action) {
                Some(observed) => observed,
                None => return Some(Place::Completing(completion)),
            },
        };
    }
}

/// What a run knows once an action is done.
const fn note(world: &World, run: &mut Run, action: Action) {
    match action {
        Action::RenameStaged if !matches!(world.off, Some(Mutation::CommitKeepsName)) => {
            run.seen.staged = next_name(run);
        }
        Action::RenameNew if !matches!(world.off, Some(Mutation::ExchangeUnderOneName)) => {
            run.seen.attempt += 1;
        }
        Action::Bring if !world.passage.is_replicated() => run.seen.left &= run.seen.left - 1,
        Action::LeaveOutBrought => run.seen.left &= run.seen.left - 1,
        Action::LeaveOut => run.seen.there = 0,
        _ => {}
    }
}

/// What a run takes for seen where the action is left out.
const fn left_out(world: &World, action: Action) -> Option<Observed> {
    match (world.off, action) {
        (Some(Mutation::CommitKeepsName), Action::RenameStaged)
        | (Some(Mutation::StepIsNotRead), Action::CheckStep { lacks: None })
        | (Some(Mutation::NameIsNotSeen), Action::CheckName)
        | (Some(Mutation::NoSync), Action::Sync)
        | (Some(Mutation::ExchangeUnderOneName), Action::RenameNew) => Some(Observed::Yes),
        (Some(Mutation::HalfMovesStay), Action::LookThere)
        | (Some(Mutation::AbsentIsCommitted), Action::CheckStep { lacks: Some(_) }) => {
            Some(Observed::No)
        }
        _ => None,
    }
}
