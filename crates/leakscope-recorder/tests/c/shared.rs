//! Cores that share one recording: each says itself which task it runs.

use std::ffi::CString;

use crate::both::{ALLOC, FREE, streamed_ids};
use crate::host::{CLOCK_HZ, CORE, PLATFORM, clock};
use crate::library::{Config, Library};

const OVERFLOW: u32 = 1;
const TASK_START_EXEC: u32 = 4;

/// It records, and has told of its beginning.
fn started(name: &str, filter_task: usize) -> Option<Library> {
    // There is one recording, so that the number of the core is free to be the task's.
    let macros = [
        "LEAKSCOPE_DEPTH=4",
        "LEAKSCOPE_TASK()=((uintptr_t)harness.core())",
    ];
    let library = Library::build(name, &macros)?;
    library.reset(PLATFORM);
    let name = CString::new("shared").expect("no zero byte");
    // SAFETY (all): as declared.
    unsafe {
        (library.leakscope_init)(&Config {
            application: name.as_ptr(),
            clock: Some(clock),
            clock_hz: CLOCK_HZ,
            filter_task,
            ..Config::NONE
        });
        CORE.set(1);
        (library.leakscope_start)();
    }
    drop(streamed_ids(&library));
    Some(library)
}

/// The task told last is another core's: the filter asks who allocates.
#[test]
fn a_filter_knows_whose_core_it_is_on() {
    let Some(library) = started("shared", 2) else {
        return;
    };
    // SAFETY (all): as declared.
    unsafe {
        for (task, block) in [(1, 0x100), (2, 0x200), (1, 0x300), (2, 0x400)] {
            CORE.set(task);
            (library.leakscope_on_alloc_from)(block, 8, 0, 0);
        }
        let whose_it_is = [TASK_START_EXEC, ALLOC];
        assert_eq!(
            streamed_ids(&library),
            [&whose_it_is[..], &[ALLOC]].concat()
        );
        CORE.set(1);
        (library.leakscope_on_free_from)(0x200, 8, 0, 0);
        assert_eq!(streamed_ids(&library), [TASK_START_EXEC, FREE]);
        CORE.set(0);
    }
}

/// A loss makes the host forget who runs: the next event says it again, though it was this task's before, too.
#[test]
fn a_task_is_told_again_behind_a_loss() {
    let Some(library) = started("shared-loss", 0) else {
        return;
    };
    let told = |count: usize| {
        for block in 1..=count {
            // SAFETY: as declared.
            unsafe { (library.leakscope_on_alloc_from)(block << 8, 8, 0, 0) };
        }
        streamed_ids(&library)
    };
    assert_eq!(told(2), [TASK_START_EXEC, ALLOC, ALLOC]);
    let full = told(100_000);
    assert!(full.len() < 100_000, "it is full");
    assert_eq!(told(2), [OVERFLOW, TASK_START_EXEC, ALLOC, ALLOC]);
    CORE.set(0);
}
