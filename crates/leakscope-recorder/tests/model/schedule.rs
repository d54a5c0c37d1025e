//! Who goes on at each place where another context could run, and all ways to decide that.
//!
//! Contexts are threads of which one runs at a time. A run follows a list of decisions, and then lets each context go on
//! as long as it can; the next run takes the last decision that has an alternative otherwise.

use std::cell::RefCell;
use std::sync::{Arc, Condvar, Mutex};

use leakscope_recorder::platform::model::{self, Pause};

/// A context that pauses this often does not end.
const MOST_PAUSES: usize = 20_000;

/// A decision: who went on, and who else could have.
#[derive(Clone, Debug)]
struct Decision {
    chosen: usize,
    others: Vec<usize>,
}

/// One run's decisions.
pub(crate) struct Schedule {
    turns: Arc<Turns>,
}

struct Turns {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    running: usize,
    is_done: Vec<bool>,
    /// What is decided beforehand.
    plan: Vec<usize>,
    decisions: Vec<Decision>,
    /// How often contexts may still be changed without need.
    changes_left: usize,
    pauses: usize,
}

thread_local! {
    static CONTEXT: RefCell<Option<(Arc<Turns>, usize)>> = const { RefCell::new(None) };
}

impl Schedule {
    /// Runs the contexts, each on a thread of its own, until all have ended.
    pub(crate) fn run(&self, contexts: usize, context: &(dyn Fn(usize) + Sync)) {
        std::thread::scope(|scope| {
            for number in 0..contexts {
                let turns = Arc::clone(&self.turns);
                scope.spawn(move || {
                    CONTEXT.set(Some((Arc::clone(&turns), number)));
                    turns.wait_for(number);
                    model::on_pause(pause);
                    context(number);
                    model::on_pause(|_| ());
                    turns.pause(number, None);
                });
            }
        });
    }
}

fn pause(why: Pause) {
    CONTEXT.with_borrow(|context| {
        let (turns, number) = context.as_ref().expect("a context pauses");
        turns.pause(*number, Some(why));
    });
}

impl Turns {
    fn wait_for(&self, number: usize) {
        let state = self.state.lock().expect("no context panics");
        let is_other = |state: &mut State| state.running != number;
        drop(self.changed.wait_while(state, is_other).expect("no panic"));
    }

    /// Decides who goes on; returns when it is this context's turn again. `None`: it has ended.
    fn pause(&self, number: usize, why: Option<Pause>) {
        let mut state = self.state.lock().expect("no context panics");
        state.pauses += 1;
        assert!(state.pauses < MOST_PAUSES, "a context waits for ever");
        state.is_done[number] |= why.is_none();
        let count = state.is_done.len();
        let mut others: Vec<usize> = (1..count)
            .map(|step| (number + step) % count)
            .filter(|&other| !state.is_done[other])
            .collect();
        let can_go_on = why == Some(Pause::Lock);
        let chosen = if can_go_on {
            if state.changes_left == 0 {
                others.clear();
            }
            number
        } else if others.is_empty() {
            // One that waits looks again: there may be room since it looked. If not, it pauses too often.
            return;
        } else {
            others.remove(0)
        };
        let place = state.decisions.len();
        let is_planned = place < state.plan.len();
        let planned = state.plan.get(place).copied().unwrap_or(chosen);
        state.changes_left -= usize::from(can_go_on && planned != number);
        if is_planned {
            others.clear();
        }
        state.decisions.push(Decision {
            chosen: planned,
            others,
        });
        state.running = planned;
        if planned != number {
            drop(state);
            self.changed.notify_all();
            if why.is_some() {
                self.wait_for(number);
            }
        }
    }
}

/// Calls `run` with every schedule of so many contexts in which these are changed at most `changes` times without need;
/// returns how many there were.
pub(crate) fn explore(contexts: usize, changes: usize, run: impl Fn(&Schedule)) -> usize {
    let mut count = 0;
    // Plans that are to be tried.
    let mut plans = vec![Vec::new()];
    while let Some(plan) = plans.pop() {
        let turns = Arc::new(Turns {
            state: Mutex::new(State {
                is_done: vec![false; contexts],
                plan,
                changes_left: changes,
                ..State::default()
            }),
            changed: Condvar::new(),
        });
        let schedule = Schedule { turns };
        run(&schedule);
        count += 1;
        let state = schedule.turns.state.lock().expect("no context panics");
        let chosen: Vec<usize> = state.decisions.iter().map(|it| it.chosen).collect();
        for (place, decision) in state.decisions.iter().enumerate() {
            for &other in &decision.others {
                let mut plan = chosen[..place].to_vec();
                plan.push(other);
                plans.push(plan);
            }
        }
    }
    count
}
