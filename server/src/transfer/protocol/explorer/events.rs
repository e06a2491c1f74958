//! What may happen next, in any state.
//!
//! Part of `protocol::explorer`.

use super::{
    Care, Mutation, State, World,
    event::Event,
    model::Taken,
    server::{self, Place, Run},
    statement::{Reply, Statement},
    steps,
};
use crate::transfer::{
    CommitMode, Phase,
    protocol::{
        Claim, Due, Step,
        block::{self, Sending},
        ending::Cause,
    },
};

/// Runs of those who are no upload: the sweeper, and a caller that cancels.
const SWEEPER: u8 = 101;
const CALLER: u8 = 102;

/// Gathers what follows a state.
pub(super) struct Following<'a> {
    world: &'a World,
    state: &'a State,
    pub(super) found: Vec<(Event, State)>,
}

impl<'a> Following<'a> {
    pub(super) fn new(world: &'a World, state: &'a State) -> Self {
        Self {
            world,
            state,
            found: Vec::with_capacity(32),
        }
    }

    pub(super) fn gather(mut self) -> Vec<(Event, State)> {
        self.client();
        for server in 0..self.state.runs.len() {
            if let Some(run) = self.state.runs[server] {
                self.run(server, &run);
            }
        }
        self.on_the_way();
        self.cancel();
        self.meddle();
        self.sweep();
        self.found
    }

    fn add(&mut self, event: Event, change: impl FnOnce(&World, &mut State)) {
        let mut state = *self.state;
        change(self.world, &mut state);
        state.normalize(self.world);
        if state != *self.state {
            self.found.push((event, state));
        }
    }

    /// The same, where there may be one more fault.
    fn add_fault(&mut self, event: Event, change: impl FnOnce(&World, &mut State)) {
        if self.state.faults_left > 0 {
            self.add(event, |world, state| {
                state.faults_left -= 1;
                change(world, state);
            });
        }
    }

    fn client(&mut self) {
        if self.state.attempts_left == 0 || self.state.shared.told_success {
            return;
        }
        let newest = self.state.shared.newest();
        let has_ended =
            newest.is_some_and(|newest| matches!(newest.step, Step::Cancel | Step::Fail));
        let now = self.state.shared.version;
        let may_change = now == 0 && (has_ended || self.world.changes && self.state.runs_begun > 0);
        for server in 0..self.state.runs.len() {
            // Both are alike before the first one is used.
            if self.state.runs[server].is_some() || self.state.runs_begun == 0 && server > 0 {
                continue;
            }
            for version in now..=now + u8::from(may_change) {
                self.add(Event::ClientBegins { server, version }, |world, state| {
                    state.attempts_left -= 1;
                    state.shared.version = version;
                    server::look(world, state, server);
                });
            }
        }
    }

    fn run(&mut self, server: usize, run: &Run) {
        let sent = server::statement(self.world, self.state, run);
        let at = run.place;
        match at {
            Place::Ready => self.ready(server, run),
            Place::Sending(sending) if sending.action() == block::Action::Send => {
                self.insert(server, run, sending, sent.unwrap());
            }
            Place::Waiting(_) => self.wait(server, run),
            _ => self.act(server, run, sent),
        }
        self.add_fault(Event::Crashes { server, sent }, |_, state| {
            state.shared.send(sent.unwrap_or_default());
            state.runs[server] = None;
        });
        if !run.may_stop(self.world.mode) {
            return;
        }
        for cause in [Cause::Passing, Cause::Cancelled, Cause::Lasting] {
            for sent in [None, sent]
                .into_iter()
                .take(1 + usize::from(sent.is_some()))
            {
                self.add_fault(
                    Event::Stops {
                        server,
                        cause,
                        sent,
                    },
                    |world, state| {
                        state.shared.send(sent.unwrap_or_default());
                        server::settle(world, state, server, cause);
                    },
                );
            }
        }
        if let Some(newest) = server::lost(self.state, run) {
            self.add(Event::Hears { server }, |world, state| {
                server::settle(world, state, server, server::cause_of(newest.step));
            });
        }
    }

    /// Everything but the sending of blocks.
    fn act(&mut self, server: usize, run: &Run, sent: Option<Statement>) {
        let at = run.place;
        let event = Event::Acts { server, at, sent };
        if at.waits_for_inserts(self.world) && self.state.shared.is_inserting() {
            for place in 0..self.state.shared.on_the_way.len() {
                if matches!(self.state.shared.on_the_way[place], Statement::Begun { .. }) {
                    let end = |_: &World, state: &mut State| {
                        state.shared.take_back(place);
                    };
                    // One that is not the owner any more does this for a minute at most.
                    if server::lost(self.state, run).is_some() {
                        self.add_fault(event, end);
                    } else {
                        self.add(event, end);
                    }
                }
            }
            return;
        }
        let looks = match at {
            Place::LookAgain(_) => true,
            Place::Sending(sending) => sending.action() == block::Action::LookWhoOwns,
            _ => false,
        };
        if looks && let Some(newest) = server::lost(self.state, run) {
            self.add(event, |world, state| {
                server::settle(world, state, server, server::cause_of(newest.step));
            });
            return;
        }
        let Some(sent) = sent else {
            self.add(event, |world, state| {
                steps::go_on(world, state, server, None);
            });
            return;
        };
        self.add(event, |world, state| {
            let answer = state.shared.execute(world, sent);
            steps::go_on(world, state, server, Some(answer));
        });
        self.add_fault(Event::AnswerLost { server, sent }, |world, state| {
            state.shared.send(sent);
            server::fail(world, state, server);
        });
        if let Statement::Move {
            partition,
            incarnation,
            epoch,
            into,
        } = sent
        {
            self.add_fault(Event::KilledInMove { server }, |world, state| {
                let table = (incarnation, epoch);
                state.shared.move_in(world, partition, table, into, false);
                state.shared.kill();
                server::fail(world, state, server);
            });
        }
    }

    /// Between two blocks.
    fn ready(&mut self, server: usize, run: &Run) {
        let (world, mode) = (self.world, self.world.mode);
        let act = Event::Acts {
            server,
            at: run.place,
            sent: None,
        };
        if run.covered < run.blocks && mode != CommitMode::Direct {
            self.add(act, |_, state| {
                let run = state.runs[server].as_mut().unwrap();
                run.covered = run.blocks;
                state.shared.checkpoint = state.shared.checkpoint.max(run.checkpoint());
            });
        }
        let next = if run.blocks < world.blocks {
            if mode == CommitMode::Blocks && run.blocks - run.covered >= world.uncovered {
                return;
            }
            Place::Sending(Sending::new(mode == CommitMode::Blocks, false))
        } else if run.covered < run.blocks && mode != CommitMode::Direct {
            return;
        } else if !mode.is_staged() {
            Place::Done
        } else if world.off == Some(Mutation::NoCount) {
            Place::Commit
        } else {
            Place::Count
        };
        self.add(act, |_, state| {
            state.runs[server].as_mut().unwrap().place = next;
        });
    }

    fn insert(&mut self, server: usize, run: &Run, sending: Sending, sent: Statement) {
        let act = Event::Acts {
            server,
            at: run.place,
            sent: Some(sent),
        };
        let begun = self.state.shared.begin(self.world, sent);
        self.add(act, |world, state| match begun {
            Ok(begun) => {
                state.shared.send(begun);
                state.runs[server].as_mut().unwrap().place = Place::Waiting(sending);
            }
            Err(Reply::Fenced) if world.mode == CommitMode::Blocks => {
                let place = Place::sending(world, sending, block::Observed::Fenced);
                state.runs[server].as_mut().unwrap().place = place;
            }
            Err(Reply::Fenced) => server::settle(world, state, server, Cause::Fenced),
            Err(_) => server::settle(world, state, server, Cause::StagedGone),
        });
        self.add_fault(Event::AnswerLost { server, sent }, |world, state| {
            state.shared.send(sent);
            server::fail(world, state, server);
        });
    }

    /// ClickHouse is at a block.
    fn wait(&mut self, server: usize, run: &Run) {
        let mut all = self.state.shared.on_the_way.iter();
        let Some(place) = all.position(|sent| is_waited_for(run, *sent)) else {
            let act = Event::Acts {
                server,
                at: run.place,
                sent: None,
            };
            self.add(act, |world, state| server::fail(world, state, server));
            return;
        };
        let sent = self.state.shared.on_the_way[place];
        let act = Event::Acts {
            server,
            at: run.place,
            sent: Some(sent),
        };
        self.add(act, |world, state| {
            let sent = state.shared.take_back(place);
            state.shared.execute(world, sent);
            let run = state.runs[server].as_mut().unwrap();
            run.blocks += 1;
            run.place = Place::Ready;
        });
        self.add_fault(Event::AnswerLost { server, sent }, |world, state| {
            server::fail(world, state, server);
        });
        if self.world.burns {
            self.add_fault(Event::KilledInInsert { server }, |world, state| {
                let sent = state.shared.take_back(place);
                state.shared.burn(world, sent);
                server::fail(world, state, server);
            });
        }
    }

    fn on_the_way(&mut self) {
        let all = self.state.shared.on_the_way;
        for (place, sent) in all.into_iter().enumerate() {
            if sent == Statement::Nothing || place > 0 && all[place - 1] == sent {
                continue;
            }
            let runs = self.state.runs.iter().flatten();
            let waiting = runs.filter(|run| is_waited_for(run, sent)).count();
            if all.iter().filter(|other| **other == sent).count() <= waiting {
                continue;
            }
            self.add(Event::NeverArrives(sent), |_, state| {
                state.shared.take_back(place);
            });
            self.add(Event::Arrives(sent), |world, state| {
                state.shared.take_back(place);
                if matches!(sent, Statement::Insert { .. }) {
                    if let Ok(begun) = state.shared.begin(world, sent) {
                        state.shared.send(begun);
                    }
                } else {
                    state.shared.execute(world, sent);
                    // All replicas have agreed on it; this one need not have done it.
                    if let Statement::Copy {
                        partition,
                        incarnation,
                        epoch,
                    } = sent
                        && let Some(place) = state.shared.named(incarnation, epoch)
                    {
                        state.shared.staging[place].unseen |= 1 << partition;
                    }
                }
            });
        }
    }

    fn cancel(&mut self) {
        let Some(newest) = self.state.shared.newest() else {
            self.cancel_unbegun();
            return;
        };
        let incarnation = u8::try_from(newest.incarnation).unwrap();
        if self.world.off == Some(Mutation::CancelWithoutClaim) {
            if matches!(newest.step, Step::Own) {
                let event = Event::CancelsElsewhere { is_late: false };
                self.add_fault(event, |_, state| {
                    state.shared.drop_all(incarnation);
                    state.shared.told_end |= 1 << incarnation;
                });
            }
            return;
        }
        // What no row tells of is not found, and what has ended is told as it is.
        let phase = self.state.shared.row.phase();
        let is_open = matches!(phase, Some(Phase::Running | Phase::Interrupted));
        if !is_open || !self.may_end(&newest, Step::Cancel) {
            return;
        }
        let sent = claim_of(Some(&newest), Step::Cancel, CALLER);
        self.add_fault(
            Event::CancelsElsewhere { is_late: false },
            |world, state| {
                state.shared.execute(world, sent);
                state.shared.told_end |= 1 << incarnation;
            },
        );
        self.add_fault(Event::CancelsElsewhere { is_late: true }, |_, state| {
            state.shared.send(sent);
        });
    }

    /// A caller cancels an upload that a server is about to take.
    fn cancel_unbegun(&mut self) {
        if self.state.runs == [None; 2] {
            return;
        }
        let sent = claim_of(None, Step::Cancel, CALLER);
        for is_late in [false, true] {
            self.add_fault(Event::CancelsElsewhere { is_late }, |world, state| {
                if is_late {
                    state.shared.send(sent);
                } else {
                    state.shared.execute(world, sent);
                    state.shared.told_end |= 1;
                }
            });
        }
    }

    fn may_end(&self, newest: &Claim, step: Step) -> bool {
        let is_restarted = newest.step == Step::Restart;
        step.may_follow(Some(newest.step), false)
            && (self.world.has(Care::RestartedEnds) || !is_restarted)
    }

    fn meddle(&mut self) {
        let replacement = self.state.shared.replacement;
        if self.world.replaces_again && replacement.is_exchanged && !replacement.is_replaced {
            self.add_fault(Event::SomebodyReplaces, |_, state| {
                state.shared.replacement.is_replaced = true;
            });
        }
        for place in 0..self.state.shared.staging.len() {
            let incarnation = self.state.shared.staging[place].incarnation;
            if self.world.meddles && incarnation > 0 {
                self.add_fault(Event::SomebodyDrops, |_, state| {
                    state.shared.drop_staging(place);
                });
            }
        }
    }

    fn sweep(&mut self) {
        let shared = &self.state.shared;
        let Some(newest) = shared.newest() else {
            return;
        };
        let tables = shared.staging.iter();
        let mut tables = tables.filter(|table| table.incarnation > 0);
        let is_needed = |incarnation: u8| newest.needs_staging(u32::from(incarnation));
        let of = shared.replacement.incarnation;
        let made = shared.replacement.is_made && !is_needed(of);
        if made || tables.any(|table| !is_needed(table.incarnation)) {
            self.add(Event::DropsOrphans, |_, state| {
                for table in state.shared.staging {
                    if table.incarnation > 0 && !is_needed(table.incarnation) {
                        state.shared.drop_all(table.incarnation);
                    }
                }
                if made {
                    state.shared.drop_all(of);
                }
            });
        }
        // It lists what is open.
        if shared.row.phase().is_none_or(Phase::is_final) {
            return;
        }
        let number = shared.newest;
        let incarnation = shared.taken(number).incarnation;
        match newest.due(u64::MAX, 0, 0) {
            Some(Due::Complete) if self.world.off == Some(Mutation::CommitThenFail) => {
                let sent = claim_of(Some(&newest), Step::Fail, SWEEPER);
                self.add(Event::Sweeps(Due::Expire), |world, state| {
                    state.shared.execute(world, sent);
                });
            }
            Some(due @ Due::Complete) => {
                for server in 0..self.state.runs.len() {
                    if self.state.runs[server].is_none() {
                        self.add(Event::Sweeps(due), |world, state| {
                            server::look(world, state, server);
                            if let Some(run) = &mut state.runs[server] {
                                state.runs_begun -= 1;
                                run.run = SWEEPER;
                            }
                        });
                    }
                }
            }
            Some(due @ Due::Expire) if self.may_end(&newest, Step::Fail) => {
                let sent = claim_of(Some(&newest), Step::Fail, SWEEPER);
                self.add(Event::Sweeps(due), |world, state| {
                    state.shared.execute(world, sent);
                    state.shared.told_end |= 1 << incarnation;
                });
            }
            Some(due @ Due::DescribeSuccess) => {
                self.add(Event::Sweeps(due), |_, state| {
                    state.shared.row.put(Phase::Succeeded, number);
                });
            }
            Some(due @ Due::DescribeEnd { .. }) => self.add(Event::Sweeps(due), |_, state| {
                state.shared.row.put(Phase::Failed, number);
                state.shared.drop_all(incarnation);
            }),
            _ => {}
        }
    }
}

fn is_waited_for(run: &Run, sent: Statement) -> bool {
    let Statement::Begun {
        block,
        incarnation,
        version,
        ..
    } = sent
    else {
        return false;
    };
    matches!(run.place, Place::Waiting(_))
        && (run.blocks, run.incarnation, run.version) == (block, incarnation, version)
}

fn claim_of(newest: Option<&Claim>, step: Step, run: u8) -> Statement {
    let claim = Claim::after(newest, step, uuid::Uuid::from_u128(u128::from(run)));
    Statement::Claim {
        number: u8::try_from(claim.number).unwrap(),
        taken: Taken::of(&claim, 0),
    }
}
