//! Streaming and records, and a dump and what is recorded meanwhile, in one program.

use std::cell::Cell;
use std::ffi::CString;

use leakscope_systemview::{Frame, sync};

use crate::host::{CLOCK_HZ, PLATFORM, c_put, c_take, clock, set_room, written};
use crate::library::{Config, Library};

pub(crate) const ALLOC: u32 = 512;
pub(crate) const FREE: u32 = 519;

/// Set up, with a buffer for records, and without `leakscope_init` if there is no clock.
fn library(name: &str, has_clock: bool) -> Option<Library> {
    let library = Library::build(name, &["LEAKSCOPE_DEPTH=4"])?;
    library.reset(PLATFORM);
    let memory = vec![0_u64; 4000].leak();
    // SAFETY: the configuration is whole, and the memory stays.
    unsafe {
        if has_clock {
            let name = CString::new("both").expect("no zero byte").into_raw();
            (library.leakscope_init)(&Config {
                application: name,
                clock: Some(clock),
                clock_hz: CLOCK_HZ,
                ..Config::NONE
            });
        }
        (library.leakscope_records_init)(memory.as_mut_ptr().cast(), 32_000);
    }
    Some(library)
}

/// A block begins and ends, and another one begins.
fn work(library: &Library, blocks: [usize; 2]) {
    // SAFETY: as declared.
    unsafe {
        (library.leakscope_on_alloc_from)(blocks[0], 8, 0, 0);
        (library.leakscope_on_free_from)(blocks[0], 8, 0, 0);
        (library.leakscope_on_alloc_from)(blocks[1], 8, 0, 0);
    }
}

/// The numbers of the packets that were streamed since this was asked.
pub(crate) fn streamed_ids(library: &Library) -> Vec<u32> {
    set_room(usize::MAX);
    // SAFETY: as declared.
    unsafe { (library.leakscope_drain)(0, c_take) };
    let (_, bytes) = written();
    let (mut rest, mut ids) = (bytes.as_slice(), Vec::new());
    while !rest.is_empty() {
        if rest.starts_with(&sync::SYNC) {
            rest = &rest[sync::SYNC.len()..];
            continue;
        }
        let frame = Frame::split(rest).expect("a packet");
        ids.push(frame.id);
        rest = &rest[frame.length..];
    }
    ids
}

/// How many allocations and frees were streamed since this was asked.
fn streamed(library: &Library) -> [usize; 2] {
    let ids = streamed_ids(library);
    [ALLOC, FREE].map(|id| ids.iter().filter(|&&it| it == id).count())
}

/// Neither ends the other, in whichever order they begin.
#[test]
fn each_records_what_it_would_record_alone() {
    let Some(library) = library("both", true) else {
        return;
    };
    // SAFETY (all): as declared.
    unsafe {
        (library.leakscope_start)();
        work(&library, [0x100, 0x200]);
        assert_eq!(streamed(&library), [2, 1]);

        assert!((library.leakscope_records_start)(true));
        work(&library, [0x300, 0x400]);
        assert_eq!(streamed(&library), [2, 1]);
        assert_eq!((library.leakscope_records_count)(), 1);

        assert!((library.leakscope_records_stop)());
        work(&library, [0x500, 0x600]);
        assert_eq!(streamed(&library), [2, 1]);
        assert_eq!((library.leakscope_records_count)(), 1);

        assert!((library.leakscope_records_resume)());
        (library.leakscope_stop)();
        work(&library, [0x700, 0x800]);
        assert_eq!((library.leakscope_records_count)(), 2);

        (library.leakscope_start)();
        work(&library, [0x900, 0xA00]);
        assert_eq!(streamed(&library), [2, 1]);
        assert_eq!((library.leakscope_records_count)(), 3);
    }
}

#[test]
fn records_go_on_that_never_began() {
    let Some(library) = library("both-resume", true) else {
        return;
    };
    // SAFETY (all): as declared.
    unsafe {
        (library.leakscope_start)();
        assert!((library.leakscope_records_resume)());
        work(&library, [0x100, 0x200]);
        assert_eq!((library.leakscope_records_count)(), 2);
        assert_eq!(streamed(&library), [2, 1]);
    }
}

/// Nobody has said where stacks lie, nor what time it is.
#[test]
fn nothing_begins_before_the_configuration_is_known() {
    let Some(library) = library("both-before", false) else {
        return;
    };
    // SAFETY (all): as declared.
    unsafe {
        assert!(!(library.leakscope_records_start)(false));
        assert!(!(library.leakscope_records_resume)());
        work(&library, [0x100, 0x200]);
        assert_eq!((library.leakscope_records_count)(), 0);
    }
}

thread_local! {
    /// How a block is freed while a dump is printed, and which one comes next.
    static FREE_ONE: Cell<Option<unsafe extern "C" fn(usize, usize, usize, usize)>> = const { Cell::new(None) };
    static NEXT: Cell<usize> = const { Cell::new(0) };
}

extern "C" fn put_and_free(text: *const u8, length: usize) {
    c_put(text, length);
    if NEXT.get() < 50 {
        let free = FREE_ONE.get().expect("it is set");
        // SAFETY: as declared.
        unsafe { free(0x1_0000 + 16 * NEXT.replace(NEXT.get() + 1), 0, 0, 0) };
    }
}

/// Each second block is freed while the dump is printed: the others are all in it.
#[test]
fn a_dump_passes_over_what_is_removed_and_nothing_else() {
    let Some(library) = library("both-dump", true) else {
        return;
    };
    FREE_ONE.set(Some(library.leakscope_on_free_from));
    drop(written());
    // SAFETY (all): as declared.
    unsafe {
        assert!((library.leakscope_records_start)(true));
        for number in 0..100 {
            (library.leakscope_on_alloc_from)(0x1_0000 + 8 * number, 8, 0, 0);
        }
        (library.leakscope_records_dump)(put_and_free);
    }
    let (_, text) = written();
    let text = String::from_utf8(text).expect("text");
    for number in (1..100).step_by(2) {
        let record = format!("(@ 0x{:08x})", 0x1_0000 + 8 * number);
        assert_eq!(text.matches(&record).count(), 1, "{text}");
    }
}
