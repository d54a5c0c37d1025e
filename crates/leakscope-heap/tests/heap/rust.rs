//! The models of Rust's allocators against the crates.
//!
//! Those are built for this machine, whose words are twice as long as a device's. All that they round to, and keep, are multiples of
//! words: asked for twice as much, they give blocks twice as far from the beginning.

use std::alloc::Layout;
use std::ptr::NonNull;

use crate::allocators::predicted;
use crate::workload::{BASE, LENGTH, Operation, PLACES, operations};

const SCALE: u64 = size_of::<usize>() as u64 / 4;

/// The heap of an allocator, which is full of zeros at first.
#[repr(align(4096))]
struct Memory([u8; (LENGTH * SCALE) as usize]);

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

#[test]
fn linked_list_allocator() {
    impl Allocates for linked_list_allocator::Heap {
        fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
            self.allocate_first_fit(layout).ok()
        }

        fn free(&mut self, block: NonNull<u8>, layout: Layout) {
            // SAFETY: the block was allocated with this layout, and is freed once.
            unsafe { self.deallocate(block, layout) }
        }
    }

    let operations = operations(false);
    let mut memory = Box::new(Memory([0; (LENGTH * SCALE) as usize]));
    let start = memory.0.as_mut_ptr();
    // SAFETY: nobody else uses the memory as long as the heap lives.
    let mut heap = unsafe { linked_list_allocator::Heap::new(start, memory.0.len()) };
    let given = given(&operations, start.addr(), &mut heap);
    let predicted = predicted("linked_list_allocator", &operations);
    assert_same("linked_list_allocator", &given, &predicted);
}
