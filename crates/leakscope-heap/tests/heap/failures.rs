//! Why an allocation failed: 20 that are planted.

use leakscope_heap::{Allocator, HeapMap, Reason, Region};

use crate::workload::{Heap, LENGTH};

/// Fills the heap with blocks of this size, from the beginning, and frees every `nth`; returns what is left.
fn filled(allocator: &str, size: u64, nth: usize) -> Heap {
    let mut heap = Heap::new(allocator);
    let mut blocks = Vec::new();
    while let Some(block) = heap.request(1, size) {
        blocks.push(block);
    }
    blocks.sort_unstable();
    for block in blocks.iter().skip(nth / 2).step_by(nth) {
        heap.free(*block);
    }
    heap.map();
    heap
}

/// Why a request fails now, after all that failed before.
fn reason(mut heap: Heap, size: u64) -> Reason {
    heap.fail(7, size);
    let (failures, more) = heap.candidate().failures();
    assert_eq!(more, 0);
    let last = failures.last().expect("it failed");
    assert_eq!(last.size, size);
    last.reason
}

#[test]
fn planted() {
    let heap_4 = "FreeRTOS' heap_4 or heap_5";
    let idf = "ESP-IDF's TLSF";
    let poisoned = "ESP-IDF's TLSF with light poisoning";
    let (llff, rlsf, nano) = ("linked_list_allocator", "rlsf", "newlib-nano's malloc");
    // The allocator, blocks of which size fill it, which of them are freed, and what is asked for.
    let scenarios = [
        (heap_4, 100, 1, LENGTH, Reason::TooLarge),
        (idf, 100, 1, LENGTH - 200, Reason::TooLarge),
        (llff, 100, 1, LENGTH + 1, Reason::TooLarge),
        (rlsf, 100, 1, LENGTH - 16, Reason::TooLarge),
        (heap_4, 100, 1000, 500, Reason::Full),
        (heap_4, 100, 500, 1000, Reason::Full),
        (idf, 200, 500, 1000, Reason::Full),
        (poisoned, 200, 500, 1000, Reason::Full),
        (llff, 64, 900, 200, Reason::Full),
        (rlsf, 64, 400, 3000, Reason::Full),
        (nano, 64, 900, 300, Reason::Full),
        (heap_4, 100, 2, 101 + 8, Reason::Fragmented),
        (heap_4, 1000, 3, 5000, Reason::Fragmented),
        (idf, 100, 2, 200, Reason::Fragmented),
        (poisoned, 100, 3, 300, Reason::Fragmented),
        (llff, 64, 2, 65, Reason::Fragmented),
        (rlsf, 64, 4, 200, Reason::Fragmented),
        (nano, 100, 5, 400, Reason::Fragmented),
        (heap_4, 100, 2, 90, Reason::Unexplained),
        (llff, 100, 3, 100, Reason::Unexplained),
    ];
    for (allocator, filling, nth, size, expected) in scenarios {
        let found = reason(filled(allocator, filling, nth), size);
        assert_eq!(
            found, expected,
            "{size} bytes of {allocator}, every {nth}th of {filling} free"
        );
    }
}

/// TLSF rounds a request up to its class before it looks: a hole that would do is not looked at.
#[test]
fn a_hole_is_overlooked() {
    let mut heap = Heap::new("ESP-IDF's TLSF");
    // 1,000 bytes lie between the classes 992 and 1,024, and only a hole of the size that is asked for is free.
    let hole = heap.request(1, 1000).expect("an empty heap");
    let last = heap.request(1, 16).expect("room");
    while heap.request(1, 16).is_some() {}
    heap.free(hole);
    heap.map();
    let length = heap.pool().space().largest_hole() - 4;
    assert!(length >= 1000 && heap.pool().largest_request() <= length);
    // The block is made longer by what is behind it, but not to the next class.
    heap.free(last);
    heap.map();
    let length = heap.pool().space().largest_hole() - 4;
    assert_eq!(reason(heap, length), Reason::Overlooked);
}

/// A failure that another region made good is none.
#[test]
fn another_region_had_room() {
    use leakscope_analysis::heap::{Completes, Effect, KnownBlock, SiteId};
    use leakscope_analysis::outcome::Block;
    use leakscope_analysis::trace::Context;

    let region = |start: u64| Region {
        range: start..start + 0x4000,
        name: None,
    };
    let regions = [region(0x3ffb_0000), region(0x4008_0000)];
    let mut map = HeapMap::new(&regions, &Allocator::with_id("tlsf"), u64::MAX);
    let size = 0x3000;
    let site = SiteId::new(0);
    let failed = Effect::Failed {
        site,
        size,
        revived: None,
        spares_older: false,
    };
    map.observe(1, &failed);
    let (context, core) = (Context::Unknown, 0);
    let block = Block {
        address: 0x4008_1000,
        size,
        time: 2,
        context,
        core,
    };
    let began = KnownBlock { block, site };
    map.observe(
        2,
        &Effect::Allocation {
            began,
            lost: None,
            completes: Completes::Retry,
        },
    );
    assert_eq!(map.best().failures(), (&[][..], 0));
    map.observe(3, &failed);
    assert_eq!(map.best().failures().0.len(), 1);
}
