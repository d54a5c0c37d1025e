//! The allocator wrapper. It is not the tests' global allocator: it is called by hand.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::RefCell;

use leakscope_recorder::{Traced, stack::Origin};

/// Fails for large blocks, and otherwise counts what it is asked.
struct Counting(RefCell<Vec<&'static str>>);

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.0.borrow_mut().push("alloc");
        if layout.size() > 1 << 30 {
            return std::ptr::null_mut();
        }
        // SAFETY: passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.0.borrow_mut().push("alloc_zeroed");
        // SAFETY: passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.0.borrow_mut().push("dealloc");
        // SAFETY: passed on.
        unsafe { System.dealloc(pointer, layout) };
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.0.borrow_mut().push("realloc");
        // SAFETY: passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[test]
fn passes_every_call_on_as_it_is() {
    let heap = Traced::new(Counting(RefCell::default()));
    let layout = Layout::from_size_align(64, 8).expect("a layout");
    let huge = Layout::from_size_align(1 << 31, 8).expect("a layout");
    // SAFETY: blocks are freed with the layout that they have.
    unsafe {
        let block = heap.alloc(layout);
        block.write_bytes(7, 64);
        let block = heap.realloc(block, layout, 128);
        assert_eq!(*block.add(63), 7);
        let zeroed = heap.alloc_zeroed(layout);
        assert_eq!(*zeroed, 0);
        heap.dealloc(zeroed, layout);
        heap.dealloc(block, Layout::from_size_align(128, 8).expect("a layout"));
        assert!(heap.alloc(huge).is_null());
    }
    let calls = heap.inner().0.borrow();
    let expected = [
        "alloc",
        "realloc",
        "alloc_zeroed",
        "dealloc",
        "dealloc",
        "alloc",
    ];
    assert_eq!(*calls, expected);
}

#[test]
fn freeing_nothing_is_no_event() {
    // Would reach the recorder, and be seen by the tests of `hooks.rs`, as an event at address 0.
    leakscope_recorder::on_free(0, 10, Origin::Unknown);
}
