//! The allocator's own map in an image of memory: a map that missed something follows it, and one that missed nothing agrees with it.
//!
//! `golden/tlsf-memory.txt` has, by their offsets, the words with sizes that ESP-IDF's TLSF (with light poisoning) has left in
//! memory after the first 5,000 operations, as `allocators.rs` has its own code do them.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;

use leakscope_heap::{Memory, What};
use leakscope_testing::project;

use crate::allocators::predicted;
use crate::workload::{BASE, Heap, Operation, PLACES, operations};

/// Words of an image by their addresses, and the blocks that are in use, if it lists them.
#[derive(Default)]
pub(crate) struct Image {
    pub(crate) words: BTreeMap<u64, u32>,
    used: Option<Vec<Range<u64>>>,
}

impl Memory for Image {
    fn word(&self, address: u64) -> Option<u32> {
        self.words.get(&address).copied()
    }

    fn used(&self) -> Option<&[Range<u64>]> {
        self.used.as_deref()
    }
}

/// Tells a map what an allocator did, but for what is lost.
fn tell(
    name: &str,
    operations: &[Operation],
    addresses: &[u64],
    is_lost: impl Fn(usize) -> bool,
) -> Heap {
    let mut heap = Heap::new(name);
    let mut places = [0; PLACES];
    for (index, (operation, &address)) in operations.iter().zip(addresses).enumerate() {
        let (place, size) = (&mut places[operation.place], operation.size);
        let old = *place;
        let is_freed = old != 0 && !operation.is_reallocation;
        if address != 0 || is_freed {
            *place = address;
        }
        match (old, address) {
            _ if is_lost(index) => {}
            (old, 0) if is_freed => heap.free(old),
            (_, 0) => heap.fail(1, size),
            (0, address) => heap.allocate(1, address, size),
            (old, address) => heap.reallocate(1, old, address, size),
        }
    }
    heap.map();
    heap
}

/// What is free: bytes, holes and the largest request.
fn free(heap: &Heap) -> (u64, u64, u64) {
    let space = heap.pool().space();
    (
        space.free_bytes(),
        space.holes(),
        heap.pool().largest_request(),
    )
}

/// A map follows the image, whether it missed something or not.
pub(crate) fn check(name: &str, operations: &[Operation], addresses: &[u64], image: &Image) {
    let whole = free(&tell(name, operations, addresses, |_| false));
    let mut exact = tell(name, operations, addresses, |_| false);
    let image_has = |heap: &mut Heap| {
        heap.follow(image);
        assert!(heap.pool().is_exact(), "{name}");
        heap.map().image().expect("it is in the image")
    };
    let agrees = image_has(&mut exact);
    assert_eq!(
        (agrees.told.free, agrees.told.largest),
        (Some(agrees.free), Some(agrees.largest))
    );
    assert_eq!(
        (free(&exact), exact.pool().space().unknown_bytes()),
        (whole, 0),
        "{name}"
    );

    let mut torn = tell(name, operations, addresses, |index| index % 7 == 0);
    assert_ne!(free(&torn), whole, "{name}");
    let missed = image_has(&mut torn);
    assert_eq!(free(&torn), whole, "{name}");
    assert_eq!(
        (missed.told.free, missed.told.largest),
        (Some(whole.0), Some(whole.2))
    );
    assert_ne!((missed.free, missed.largest), (whole.0, whole.2), "{name}");
    let space = torn.pool().space();
    // Blocks of lost allocations are there, and of those that were lost when they were freed nothing is.
    assert!(space.unknown_bytes() > 0, "{name}");
    let blocks = space
        .pieces()
        .filter(|(_, what)| matches!(what, What::Block(_)));
    assert!(blocks.count() > 20, "{name}");
}

fn tlsf() -> (Vec<Operation>, Vec<u64>, Image) {
    let mut operations = operations(true);
    operations.truncate(5000);
    let addresses = predicted(POISONED, &operations);
    let golden = project().join("crates/leakscope-heap/tests/heap/golden/tlsf-memory.txt");
    let golden = fs::read_to_string(golden).expect("a golden file");
    let words = golden.lines().map(|line| {
        let (offset, word) = line.split_once(' ').expect("two numbers");
        let number = |digits| u32::from_str_radix(digits, 16).expect("a number");
        (BASE + u64::from(number(offset)), number(word))
    });
    let words = words.collect();
    (operations, addresses, Image { words, used: None })
}

const POISONED: &str = "ESP-IDF's TLSF with light poisoning";

#[test]
fn tlsf_in_memory() {
    let (operations, addresses, image) = tlsf();
    check(POISONED, &operations, &addresses, &image);
}

/// As ESP-IDF's core dumps have it.
#[test]
fn tlsf_as_a_list_of_what_is_in_use() {
    let (operations, addresses, image) = tlsf();
    let used = image.words.iter().filter(|(_, word)| **word & 1 == 0);
    let used = used.map(|(&address, &word)| address + 4..address + 4 + u64::from(word & !3));
    // Variables and other heaps are in them, too.
    let elsewhere = [BASE - 64..BASE - 32, BASE + 0x2_0000..BASE + 0x2_0010];
    let [before, behind] = elsewhere;
    let used = [before].into_iter().chain(used).chain([behind]).collect();
    let image = Image {
        words: BTreeMap::new(),
        used: Some(used),
    };
    check(POISONED, &operations, &addresses, &image);
}

#[test]
fn what_is_no_map_is_not_followed() {
    let (operations, addresses, image) = tlsf();
    let mut damaged = Image {
        words: image.words.clone(),
        used: None,
    };
    let middle = *image.words.keys().nth(100).expect("words");
    damaged.words.insert(middle, 0xffff_fff0);
    let empty = Image {
        words: BTreeMap::new(),
        used: Some(Vec::new()),
    };
    for image in [Image::default(), damaged, empty] {
        let mut heap = tell(POISONED, &operations, &addresses, |_| false);
        let before = free(&heap);
        heap.follow(&image);
        assert!(heap.map().image().is_none() && !heap.pool().is_exact());
        assert_eq!(free(&heap), before);
    }
}
