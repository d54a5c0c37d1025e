//! The course of a recording, without a debugger: whatever a target does, it is left as it was found.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use leakscope_capture::course::{Action, Arrival, Course, Ending, Halt, Plan, Status};
use proptest::prelude::*;

const START: u64 = 0x100;
const STOP: u64 = 0x200;
const PATIENCE: Duration = Duration::from_secs(30);

/// What a course has done to a target.
struct Target {
    course: Course,
    now: Instant,
    breakpoints: BTreeSet<u64>,
    is_running: bool,
    resets: usize,
}

impl Target {
    fn new(plan: Plan) -> Self {
        let now = Instant::now();
        let mut target = Self {
            course: Course::new(plan, PATIENCE, now),
            now,
            breakpoints: BTreeSet::new(),
            is_running: false,
            resets: 0,
        };
        let actions = target.course.prepare();
        target.carry_out(&actions);
        target.is_running = true;
        target
    }

    fn carry_out(&mut self, actions: &[Action]) {
        for action in actions {
            match *action {
                Action::Reset => self.resets += 1,
                Action::Run | Action::LetGo => self.is_running = true,
                Action::Set(address) => assert!(self.breakpoints.insert(address)),
                Action::Clear(address) => assert!(self.breakpoints.remove(&address)),
                Action::Renew(address) => drop(self.breakpoints.insert(address)),
            }
        }
    }

    fn arrive(&mut self, halt: Halt) -> Arrival {
        self.is_running = false;
        let (arrival, actions) = self.course.arrive(halt);
        self.carry_out(&actions);
        arrival
    }

    fn leave(&mut self) {
        let actions = self.course.leave();
        self.carry_out(&actions);
    }
}

fn plan(start: bool, stop: bool) -> Plan {
    Plan {
        reset: false,
        start: start.then_some(START),
        stop: stop.then_some(STOP),
    }
}

#[test]
fn from_start_to_stop() {
    let mut target = Target::new(plan(true, true));
    assert_eq!(target.course.status(), Status::Waiting);
    let address = Some(START);
    assert_eq!(target.arrive(Halt::at(START)), Arrival::Start { address });
    assert_eq!(target.course.status(), Status::Recording);
    assert_eq!(target.breakpoints, [STOP].into());
    let address = Some(STOP);
    assert_eq!(target.arrive(Halt::at(STOP)), Arrival::Stop { address });
    assert_eq!(
        target.course.status(),
        Status::Finished(Ending::ReachedStop)
    );
    target.leave();
    assert!(target.is_running && target.breakpoints.is_empty());
}

/// A debugger that does not say where the target stands says at least that it is a breakpoint.
#[test]
fn a_breakpoint_without_a_place_is_ours() {
    let mut target = Target::new(plan(true, false));
    let halt = Halt::At {
        address: None,
        signal: 5,
    };
    let address = Some(START);
    assert_eq!(target.arrive(halt), Arrival::Start { address });
    let elsewhere = Arrival::Elsewhere {
        signal: 5,
        address: None,
    };
    assert_eq!(target.arrive(halt), elsewhere);
}

#[test]
fn a_target_that_does_not_get_on_is_left_as_it_stands() {
    for start in [false, true] {
        let mut target = Target::new(plan(start, true));
        let (signal, address) = (11, Some(0x300));
        let halt = Halt::At { address, signal };
        for _ in 0..2 {
            assert_eq!(target.arrive(halt), Arrival::Elsewhere { signal, address });
            assert!(target.is_running, "it is told to run on");
        }
        target.arrive(halt);
        let stuck = Ending::Stuck { signal, address };
        assert_eq!(target.course.status(), Status::Finished(stuck));
        target.leave();
        assert!(!target.is_running && target.breakpoints.is_empty());
    }
}

/// It is said once, and the start is waited for all the same.
#[test]
fn a_start_that_is_missed() {
    let mut target = Target::new(plan(true, true));
    let late = target.now + PATIENCE;
    let before = late.checked_sub(Duration::from_millis(1)).expect("a clock");
    assert_eq!(target.course.missed_start(before), None);
    assert_eq!(target.course.missed_start(late), Some(START));
    assert_eq!(target.course.missed_start(late), None);
    target.arrive(Halt::at(START));
    assert_eq!(target.course.status(), Status::Recording);
    let mut in_time = Target::new(plan(true, true));
    in_time.arrive(Halt::at(START));
    assert_eq!(in_time.course.missed_start(late), None);
    assert_eq!(
        Target::new(plan(false, true)).course.missed_start(late),
        None
    );
}

#[test]
fn a_reset_comes_first() {
    let reset = true;
    let target = Target::new(Plan {
        reset,
        ..plan(false, true)
    });
    assert_eq!(target.resets, 1);
    assert_eq!(target.course.status(), Status::Recording);
    assert_eq!(target.breakpoints, [STOP].into());
}

/// What may happen to a target, or be asked for.
#[derive(Clone, Copy, Debug)]
enum Step {
    Halt(Halt),
    /// It forgets its breakpoints, or has not.
    Renew {
        forgets: bool,
    },
    Stop,
}

fn steps() -> impl Strategy<Value = Step> {
    let address = prop::sample::select(vec![None, Some(START), Some(STOP), Some(0x300)]);
    let signal = prop::sample::select(vec![0, 2, 5, 11]);
    prop_oneof![
        8 => (address, signal).prop_map(|(address, signal)| Step::Halt(Halt::At { address, signal })),
        1 => any::<u8>().prop_map(|code| Step::Halt(Halt::Exited { code })),
        2 => any::<bool>().prop_map(|forgets| Step::Renew { forgets }),
        1 => Just(Step::Stop),
    ]
}

proptest! {
    #[test]
    fn nothing_is_left_behind(
        (reset, start, stop) in any::<(bool, bool, bool)>(),
        steps in prop::collection::vec(steps(), 0..20),
    ) {
        let mut target = Target::new(Plan { reset, ..plan(start, stop) });
        let rank = |status| match status {
            Status::Waiting => 0,
            Status::Recording => 1,
            Status::Finished(_) => 2,
        };
        let mut last = target.course.status();
        for step in steps {
            match step {
                Step::Halt(halt) => {
                    // A program that has ended has no breakpoints.
                    if let Halt::Exited { .. } = halt {
                        target.breakpoints.clear();
                    }
                    target.arrive(halt);
                }
                Step::Renew { forgets } => {
                    if forgets {
                        target.breakpoints.clear();
                    }
                    let actions = target.course.renew();
                    target.carry_out(&actions);
                }
                Step::Stop => {
                    let actions = target.course.stop();
                    target.carry_out(&actions);
                }
            }
            // One breakpoint at most, and what has ended stays so, for the same reason.
            prop_assert!(target.breakpoints.len() <= 1);
            let now = target.course.status();
            prop_assert!(rank(now) >= rank(last));
            if let Status::Finished(_) = last {
                prop_assert_eq!(now, last);
            }
            last = now;
        }
        target.leave();
        prop_assert!(target.breakpoints.is_empty());
        let stands = matches!(
            last,
            Status::Finished(Ending::Stuck { .. } | Ending::ProgramEnded(_))
        );
        prop_assert!(stands || target.is_running);
    }
}
