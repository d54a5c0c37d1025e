//! Allocators that call themselves: which calls are the program's.

use crate::host::{CORE, PLATFORM};
use crate::library::{Config, Library};

/// Where calls of two tasks have their frames.
const TASK: usize = 0x5000;
const OTHER_TASK: usize = 0x9000;
/// As far below a call lies what its allocator calls.
const DEEPER: usize = 0x80;

/// A recorder on one core, if there is a compiler.
fn begun(name: &str) -> Option<Library> {
    let library = Library::build(name, &[])?;
    library.reset(PLATFORM);
    let config = Config {
        clock: Some(crate::host::clock),
        clock_hz: 1,
        ..Config::NONE
    };
    // SAFETY: as declared.
    unsafe { (library.leakscope_init)(&raw const config) };
    Some(library)
}

#[test]
fn what_an_allocator_calls_is_not_the_programs() {
    let Some(library) = begun("calls") else {
        return;
    };
    // SAFETY: as declared.
    let begins = |frame| unsafe { (library.leakscope_call_begins)(frame) };
    // SAFETY: as declared.
    let ends = |frame| unsafe { (library.leakscope_call_ends)(frame) };

    assert!(begins(TASK));
    assert!(!begins(TASK - DEEPER), "the allocator calls itself");
    assert!(begins(OTHER_TASK), "a task comes in between");
    assert!(!begins(OTHER_TASK - DEEPER));
    // They need not end in the order in which they began.
    ends(TASK);
    assert!(!begins(OTHER_TASK - DEEPER));
    assert!(begins(TASK - DEEPER), "now it is a call of its own");
    ends(TASK - DEEPER);
    ends(OTHER_TASK);

    library.set_stack_end(TASK + 0x10);
    assert!(begins(TASK));
    library.set_stack_end(TASK - DEEPER + 8);
    assert!(begins(TASK - DEEPER), "a stack that lies side by side");
    ends(TASK - DEEPER);
    library.set_stack_end(TASK + 0x10);
    assert!(!begins(TASK - DEEPER));

    assert!(
        begins(TASK + DEEPER),
        "the call below never came to its end"
    );
    ends(TASK + DEEPER);
    assert!(begins(TASK - DEEPER));
    ends(TASK - DEEPER);

    // More than there is room for are calls all the same.
    let tasks = (1..20).map(|task| task * 0x10000);
    assert!(tasks.clone().all(begins));
    tasks.for_each(ends);
    assert!(begins(0x10000 - DEEPER));
}

/// An interrupt on the stack of what it interrupts, while the allocator serves a call.
#[test]
fn interrupts_are_told_apart_by_their_beginnings() {
    let Some(library) = begun("calls-of-interrupts") else {
        return;
    };
    // SAFETY: as declared.
    let begins = |frame| unsafe { (library.leakscope_call_begins)(frame) };
    // SAFETY: as declared.
    let ends = |frame| unsafe { (library.leakscope_call_ends)(frame) };

    // Another one has ended, of whose beginning nobody has told.
    // SAFETY: as declared.
    unsafe { (library.leakscope_isr_exit)() };
    assert!(begins(TASK));
    for interrupt in 1..3 {
        // SAFETY: as declared.
        unsafe { (library.leakscope_isr_enter_number)(interrupt as u32) };
        let frame = TASK - 2 * interrupt * DEEPER;
        assert!(begins(frame), "it is the interrupt's");
        assert!(!begins(frame - DEEPER));
    }
    for interrupt in [2, 1] {
        ends(TASK - 2 * interrupt * DEEPER);
        // SAFETY: as declared.
        unsafe { (library.leakscope_isr_exit)() };
    }
    assert!(!begins(TASK - DEEPER));
    ends(TASK);
}

/// Two tasks, whose stacks are small and lie side by side, and of whose ends nothing is known.
#[test]
fn tasks_are_told_apart_by_who_runs() {
    for cores in [1, 2] {
        let sizes = format!("LEAKSCOPE_CORES={cores}");
        let Some(library) = Library::build(&format!("calls-of-tasks-{cores}"), &[&sizes]) else {
            return;
        };
        library.reset(PLATFORM);
        // SAFETY: as declared.
        let begins = |frame| unsafe { (library.leakscope_call_begins)(frame) };
        // SAFETY: as declared.
        let ends = |frame| unsafe { (library.leakscope_call_ends)(frame) };
        // SAFETY: as declared.
        let runs = |task| unsafe { (library.leakscope_task_runs)(task) };
        let config = Config {
            clock: Some(crate::host::clock),
            clock_hz: 1,
            ..Config::NONE
        };
        // SAFETY: as declared.
        unsafe { (library.leakscope_init)(&raw const config) };

        runs(1);
        assert!(begins(TASK));
        runs(2);
        assert!(begins(TASK - DEEPER), "it is the other task's");
        assert!(!begins(TASK - 2 * DEEPER));
        ends(TASK - DEEPER);
        runs(1);
        assert!(!begins(TASK - DEEPER));
        // It goes on on the other core, if there is one.
        CORE.set(cores - 1);
        runs(1);
        assert!(!begins(TASK - DEEPER));
        ends(TASK);
        CORE.set(0);
    }
}
