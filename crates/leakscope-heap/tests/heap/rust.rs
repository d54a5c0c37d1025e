//! The models of Rust's allocators against the crates.
//!
//! Those are built for this machine, whose words are twice as long as a device's. All that they round to, and keep, are multiples of
//! words: asked for twice as much, they give blocks twice as far from the beginning.

use std::alloc::Layout;
use std::ptr::NonNull;

use linked_list_allocator::Heap;

use crate::allocators::predicted;
use crate::workload::{BASE, LENGTH, Operation, PLACES, operations};

const SCALE: u64 = size_of::<usize>() as u64 / 4;

/// An allocator of this machine.
trait Allocates {
    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>>;
    fn free(&mut self, block: NonNull<u8>, layout: Layout);
}

/// The addresses that it gives, as a device would see them.
fn given(operations: &[Operation], start: usize, allocator: &mut impl Allocates) -> Vec<u64> {
    let mut places: Vec<Option<(NonNull<u8>, Layout)>> = vec![None; PLACES];
    let addresses = operations.iter().map(|operation| {
        let place = &mut places[operation.place];
        if let Some((block, layout)) = place.take() {
            allocator.free(block, layout);
            return 0;
        }
        let size = (operation.size * SCALE) as usize;
        let layout = Layout::from_size_align(size, size_of::<usize>()).expect("a layout");
        let Some(block) = allocator.allocate(layout) else {
            return 0;
        };
        *place = Some((block, layout));
        BASE + (block.addr().get() - start) as u64 / SCALE
    });
    addresses.collect()
}

fn assert_same(name: &str, given: &[u64], predicted: &[u64]) {
    let same = given.iter().zip(predicted).take_while(|(a, b)| a == b);
    assert_eq!(
        same.count(),
        given.len(),
        "addresses of {name} that are right"
    );
}

impl Allocates for Heap {
    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.allocate_first_fit(layout).ok()
    }

    fn free(&mut self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the block was allocated with this layout, and is freed once.
        unsafe { self.deallocate(block, layout) }
    }
}

#[test]
fn linked_list_allocator() {
    let operations = operations(false);
    let mut memory = vec![0_usize; LENGTH as usize / 4];
    let start = memory.as_mut_ptr().cast::<u8>();
    // SAFETY: nobody else uses the memory as long as the heap lives.
    let mut heap = unsafe { Heap::new(start, size_of_val(memory.as_slice())) };
    let given = given(&operations, start.addr(), &mut heap);
    let predicted = predicted("linked_list_allocator", &operations);
    assert_same("linked_list_allocator", &given, &predicted);
}

/// As `embedded-alloc` has it on a device of 32 bits.
type Rlsf<'m> = rlsf::Tlsf<'m, usize, usize, 32, 32>;

impl Allocates for Rlsf<'_> {
    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        Rlsf::allocate(self, layout)
    }

    fn free(&mut self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the block was allocated with this alignment, and is freed once.
        unsafe { self.deallocate(block, layout.align()) }
    }
}

#[test]
fn rlsf() {
    let operations = operations(false);
    // It begins at a multiple of what the allocator rounds to.
    let mut memory = vec![Unit([0; 32]); (LENGTH * SCALE / 32) as usize];
    let start = memory.as_mut_ptr().cast::<u8>();
    let length = size_of_val(memory.as_slice());
    let whole = NonNull::slice_from_raw_parts(NonNull::new(start).expect("memory"), length);
    let mut heap = Rlsf::new();
    // SAFETY: nobody else uses the memory as long as the heap lives.
    let added = unsafe { heap.insert_free_block_ptr(whole) };
    assert!(added.is_some());
    let given = given(&operations, start.addr(), &mut heap);
    assert_same("rlsf", &given, &predicted("rlsf", &operations));
}

#[derive(Clone)]
#[repr(align(32))]
#[allow(dead_code, reason = "it is memory")]
struct Unit([u8; 32]);
