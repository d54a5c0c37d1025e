//! Contexts that interrupt each other: interrupts, tasks, another core.
//!
//! A *program* is what two or three contexts do, with one allocator; a *schedule* says which of them goes on at each
//! place where another one could run. All schedules are tried that change contexts a few times, and after each of them the
//! recording, as `leakscope-analysis` reads it, must say what happened.
//!
//! What is driven is a [`driven::Driven`]: this crate's stream, and `leakscope.c`.

#[cfg(unix)]
mod c_file;
mod driven;
mod full;
mod happened;
mod heard;
#[cfg(unix)]
#[path = "../c/library.rs"]
mod library;
mod program;
mod schedule;
mod time;

use driven::{Driven, Full, Settings, Stream};
use happened::Happened;
use program::{Op, Program};
use schedule::explore;

/// Makes a recorder that is set up in this way.
type New = Box<dyn Fn(Settings) -> Box<dyn Driven>>;

/// The recorders.
fn recorders() -> Vec<New> {
    let rust: New = Box::new(|settings| Box::new(Stream::new(settings)));
    let mut recorders = vec![rust];
    #[cfg(unix)]
    recorders.extend(c_file::new());
    recorders
}

/// Runs a program with each recorder by every schedule, and has it checked; how many schedules there were.
fn explore_all(program: &Program, changes: usize, check: fn(&dyn Driven, &Happened)) -> Vec<usize> {
    let explore_one = |new: &New| {
        explore(program.contexts.len(), changes, |schedule| {
            let driven = new(program.settings);
            let happened = program.run(&*driven, schedule);
            check(&*driven, &happened);
        })
    };
    recorders().iter().map(explore_one).collect()
}

/// Whether a program loses nothing, whatever the schedule; how many schedules there were.
fn says_what_happened(program: &Program, changes: usize) -> Vec<usize> {
    explore_all(program, changes, heard::check)
}

/// Whether what is lost is counted, whatever the schedule.
fn loses_nothing_in_silence(program: &Program, changes: usize) {
    explore_all(program, changes, heard::check_losses);
}

fn program(contexts: &[&[Op]]) -> Program {
    Program {
        settings: Settings::default(),
        contexts: contexts.iter().map(|ops| ops.to_vec()).collect(),
        cores: vec![0; contexts.len()],
    }
}

const WORK: &[Op] = &[Op::Alloc(10), Op::Alloc(20), Op::Free, Op::Event];
const RESIZE: &[Op] = &[Op::Alloc(10), Op::Realloc(30), Op::Free, Op::Alloc(5)];
const FAIL: &[Op] = &[Op::Alloc(7), Op::ReallocFails, Op::Fail, Op::Realloc(9)];

#[test]
fn every_schedule_of_two_short_programs() {
    let short = program(&[&[Op::Alloc(10), Op::Free], &[Op::Alloc(20)]]);
    for count in says_what_happened(&short, usize::MAX) {
        assert!(count > 20, "{count}");
    }
}

#[test]
fn two_tasks_at_work() {
    for (one, other) in [
        (WORK, WORK),
        (RESIZE, WORK),
        (RESIZE, RESIZE),
        (FAIL, RESIZE),
    ] {
        says_what_happened(&program(&[one, other]), 2);
    }
}

#[test]
fn a_task_that_drains_and_one_that_commands() {
    let drain = &[Op::Drain, Op::Poll, Op::Drain];
    let command = &[Op::Command(4), Op::Command(1), Op::Poll];
    says_what_happened(&program(&[RESIZE, drain]), 2);
    // Until there is room for another beginning, events are dropped, and counted.
    for contexts in [&[RESIZE, command][..], &[WORK, command, drain]] {
        loses_nothing_in_silence(&program(contexts), 2);
    }
}

#[test]
fn two_that_begin_at_once() {
    let begin = &[Op::Start, Op::Alloc(8)];
    let mut both = program(&[begin, begin]);
    both.settings.starts = false;
    // Which of the allocations comes before a start is up to the schedule: what is heard must fit together.
    explore_all(&both, 2, heard::check_part);
}

#[test]
fn one_that_stops_and_begins_again() {
    let restart = &[Op::Stop, Op::Drain, Op::Start];
    explore_all(&program(&[RESIZE, restart]), 2, heard::check_part);
}

/// The buffer is nearly full when the programs begin.
#[test]
fn what_finds_no_room_is_counted() {
    for ops in [WORK, RESIZE, FAIL] {
        let mut full = program(&[ops, ops, &[Op::Drain, Op::Event]]);
        full.settings.filled = true;
        loses_nothing_in_silence(&full, 1);
    }
}

/// Who finds no room writes the buffer itself, and whoever interrupts it must not wait.
#[test]
fn a_full_buffer_that_is_written_by_whoever_finds_it() {
    let mut full = program(&[WORK, RESIZE]);
    full.settings.filled = true;
    full.settings.when_full = Full::Write;
    loses_nothing_in_silence(&full, 2);
}

/// One waits until the other has made room: nothing is lost.
#[test]
fn a_full_buffer_that_is_waited_for() {
    let mut full = program(&[RESIZE, &[Op::Drain; 6]]);
    full.settings.filled = true;
    full.settings.when_full = Full::Wait;
    says_what_happened(&full, 2);
    // Nor do answers to the host cost anything.
    for command in [4, 5, 7] {
        let asked = [RESIZE, &[Op::Command(command)]].concat();
        full.contexts = vec![asked, vec![Op::Drain; 6]];
        says_what_happened(&full, 1);
    }
}

#[test]
fn two_cores() {
    for (one, other) in [(WORK, WORK), (RESIZE, RESIZE), (FAIL, WORK)] {
        let mut both = program(&[one, other]);
        both.cores = vec![0, 1];
        says_what_happened(&both, 2);
    }
    let mut three = program(&[RESIZE, WORK, RESIZE]);
    three.cores = vec![0, 1, 1];
    says_what_happened(&three, 1);
}
