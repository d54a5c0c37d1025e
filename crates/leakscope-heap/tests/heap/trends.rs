//! When a heap is said to fragment: not in random work without growth, not in a leak, and always where blocks are planted for it.

use leakscope_heap::{TrendKind, pins};

use crate::workload::{Heap, Random};

/// One way to build each allocator that merges holes. (heap_2 does not, and random work does fragment it.)
const ALLOCATORS: [&str; 6] = [
    "FreeRTOS' heap_4 or heap_5",
    "ESP-IDF's TLSF",
    "linked_list_allocator",
    "Zephyr's sys_heap",
    "newlib-nano's malloc",
    "rlsf",
];

const SHORT: u32 = 1;
const LONG: u32 = 2;

fn trend(heap: &Heap) -> Option<TrendKind> {
    heap.candidate().trend(0).map(|trend| trend.kind)
}

/// Blocks of random sizes come and go at random; how many there are wanders around a level.
fn random_work(heap: &mut Heap, random: &mut Random, steps: usize) {
    let level = 20 + random.below(120);
    let largest = 16 << random.below(6);
    let mut blocks: Vec<u64> = Vec::new();
    for _ in 0..steps {
        heap.time += random.below(50);
        let count = blocks.len() as u64;
        if random.below(2 * level) >= count {
            blocks.extend(heap.request(SHORT, 1 + random.below(largest)));
        } else {
            let place = random.below(count) as usize;
            heap.free(blocks.swap_remove(place));
        }
    }
}

#[test]
fn random_work_without_growth() {
    let mut random = Random(0x5eed_f4a6);
    let found: Vec<_> = (0..1000)
        .filter_map(|round| {
            let mut heap = Heap::new(ALLOCATORS[round % ALLOCATORS.len()]);
            random_work(&mut heap, &mut random, 2000);
            Some((round, trend(&heap)?))
        })
        .collect();
    assert_eq!(found, []);
}

/// A block that is never freed each time, of 24 to 200 bytes, between others that come and go.
#[test]
fn a_leak_is_no_fragmentation() {
    let mut random = Random(0x1ea4_1ea4);
    for allocator in ALLOCATORS {
        for _ in 0..20 {
            let mut heap = Heap::new(allocator);
            let size = 24 + random.below(176);
            for _ in 0..200 {
                let short: Vec<u64> = (0..4)
                    .filter_map(|_| heap.request(SHORT, 1 + random.below(100)))
                    .collect();
                heap.request(LONG, size);
                for block in short {
                    heap.free(block);
                }
            }
            assert_ne!(trend(&heap), Some(TrendKind::Fragmentation), "{allocator}");
        }
    }
}

/// In each round the heap is filled, one block in it is replaced by a smaller one that stays, and the rest is freed: what stays
/// stands further up each time.
#[test]
fn planted_blocks_fragment() {
    for allocator in ALLOCATORS {
        let mut heap = Heap::new(allocator);
        for round in 0..48 {
            let mut blocks: Vec<u64> = Vec::new();
            for size in [500, 8] {
                while let Some(block) = heap.request(SHORT, size) {
                    blocks.push(block);
                }
            }
            let highest_first = 10 + 2 * round;
            blocks.sort_unstable();
            if highest_first < blocks.len() {
                heap.free(blocks.remove(highest_first));
                assert!(heap.request(LONG, 20).is_some());
            }
            for block in blocks {
                heap.free(block);
            }
        }
        heap.map();
        assert_eq!(trend(&heap), Some(TrendKind::Fragmentation), "{allocator}");
        let worst = pins(heap.pool().space(), 1);
        assert_eq!(worst[0].site.number(), LONG, "{allocator}");
        assert!(worst[0].largest_after > worst[0].largest_before);
    }
}

/// Early on, small blocks that stay are put between large ones, which are then freed: from there on nothing changes, and the large
/// ones would not fit any more.
#[test]
fn a_heap_that_stays_split_is_fragmented() {
    for allocator in ALLOCATORS {
        let mut heap = Heap::new(allocator);
        let mut large = Vec::new();
        while let Some(block) = heap.request(SHORT, 2000) {
            large.push(block);
            heap.request(LONG, 16);
        }
        // In the place of each, a smaller one stays.
        for block in large {
            heap.free(block);
            heap.request(LONG, 1100);
        }
        for _ in 0..400 {
            heap.time += 50;
            if let Some(block) = heap.request(SHORT, 100) {
                heap.free(block);
            }
        }
        heap.map();
        assert_eq!(trend(&heap), Some(TrendKind::Fragmented), "{allocator}");
        let worst = pins(heap.pool().space(), 1);
        assert_eq!(worst[0].site.number(), LONG, "{allocator}");
    }
}
