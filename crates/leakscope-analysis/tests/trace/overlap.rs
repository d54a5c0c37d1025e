//! Blocks that live do not overlap, whatever was lost: a younger one that takes part of their memory has ended them.

use leakscope_analysis::heap::{Effect, HeapModel, KeepAll, Watcher};
use leakscope_analysis::trace::{Event, EventKind, HeapEvent, Layout, Occasion, Switch, Trace};
use leakscope_testing::scenario::Scenario;
use proptest::prelude::*;

const SITE: &[u32] = &[0x4008_2000, 0x400D_5000];

/// A heap that cuts the lowest hole and merges neighbours, so that memory returns at other addresses.
#[derive(Default)]
struct FirstFit {
    used: Vec<(u32, u32)>,
}

impl FirstFit {
    fn allocate(&mut self, size: u32) -> u32 {
        let mut address = 0x3FFB_0000;
        let mut place = 0;
        for &(start, length) in &self.used {
            if address + size <= start {
                break;
            }
            address = start + length;
            place += 1;
        }
        self.used.insert(place, (address, size));
        address
    }

    fn free(&mut self, index: usize) -> u32 {
        let place = index % self.used.len();
        self.used.remove(place).0
    }
}

/// Allocates where there is a size, and frees where there is none.
fn recorded(deeds: &[(Option<u32>, usize)]) -> Scenario {
    let mut recording = Scenario::begun();
    let mut heap = FirstFit::default();
    for &(size, index) in deeds {
        recording.after(10);
        match size {
            Some(size) => {
                let address = heap.allocate(size * 8);
                recording.allocate(address, size * 8, SITE);
            }
            None if heap.used.is_empty() => {}
            None => {
                let address = heap.free(index);
                recording.free(address, SITE);
            }
        }
    }
    recording
}

/// The blocks that live, found by looking at all of them.
#[derive(Default)]
struct Naive {
    /// Address, size, and whether data were lost since the block began.
    live: Vec<(u64, u64, bool)>,
}

impl Naive {
    fn observe(&mut self, event: &Event<'_>) {
        match event.kind {
            EventKind::Gap { .. } => self.live.iter_mut().for_each(|block| block.2 = true),
            EventKind::Heap(HeapEvent::Allocation { address, size, .. }) => {
                self.live.retain(|&(start, length, is_suspect)| {
                    start + length <= address || address + size <= start || !is_suspect
                });
                self.live.push((address, size, false));
            }
            EventKind::Heap(HeapEvent::Free { address, .. }) => {
                self.live.retain(|&(start, ..)| start != address);
            }
            _ => {}
        }
    }
}

impl Watcher for Naive {
    fn takes_plain(&self, _id: u32) -> bool {
        false
    }

    fn affected(&mut self, _: &Occasion, _: u32, _: u64, _: &Effect, _: &HeapModel) {}

    fn switched(&mut self, _: &Switch) {}

    fn event(
        &mut self,
        event: &Event<'_>,
        _effect: Option<&Effect>,
        _trace: &Trace,
        heap: &HeapModel,
    ) {
        self.observe(event);
        let blocks = heap.live_blocks();
        for pair in blocks.windows(2) {
            let behind = pair[0].block.address + pair[0].block.size;
            assert!(behind <= pair[1].block.address, "{pair:?} overlap");
        }
        self.live.sort_unstable();
        let live: Vec<(u64, u64)> = (self.live.iter())
            .map(|&(at, size, _)| (at, size))
            .collect();
        let model = blocks
            .iter()
            .map(|known| (known.block.address, known.block.size));
        assert_eq!(model.collect::<Vec<_>>(), live, "at {}", event.time);
    }
}

fn watch(recording: &Scenario) -> (Naive, HeapModel, Trace) {
    let bytes = recording.plain();
    let mut trace = Trace::new(&Layout::of(&[&bytes]));
    let (mut heap, mut naive) = (HeapModel::default(), Naive::default());
    let Ok(_) = heap.run(&mut trace, &[&bytes[..]][..], &mut KeepAll, &mut naive);
    (naive, heap, trace)
}

proptest! {
    #![proptest_config(crate::cases(100))]

    #[test]
    fn live_blocks_never_overlap(
        deeds in prop::collection::vec((prop::option::of(1..40_u32), any::<usize>()), 1..300),
        bursts in prop::collection::vec((5..60_usize, 1..20_usize), 1..20),
    ) {
        let mut recording = recorded(&deeds);
        let mut losses = Vec::new();
        // What the beginning says of the recording is not lost.
        let mut place = 10;
        for (apart, length) in bursts {
            place += apart;
            losses.push(place..place + length);
            place += length;
        }
        recording.lose(|number| losses.iter().any(|burst| burst.contains(&number)));
        let (naive, heap, trace) = watch(&recording);
        let outcome = heap.outcome(&trace);
        prop_assert_eq!(outcome.totals.outstanding_blocks, naive.live.len() as u64);
    }
}

/// One hundred blocks are freed unseen, and blocks of other sizes take their memory: the most that lived at once is what
/// one round holds, not what all rounds have held.
#[test]
fn memory_that_is_used_again_in_part_is_not_counted_twice() {
    let mut recording = Scenario::begun();
    let mut heap = FirstFit::default();
    let mut flushes = Vec::new();
    for round in 0..10 {
        for block in 0..100 {
            let size = 32 + 8 * ((round + block) % 5);
            let address = heap.allocate(size);
            recording.after(10).allocate(address, size, SITE);
        }
        let first = recording.packets();
        for _ in 0..100 {
            let address = heap.free(0);
            recording.after(1).free(address, SITE);
        }
        flushes.push(first..recording.packets());
    }
    recording.after(10).print("the end");
    recording.lose(|number| flushes.iter().any(|flush| flush.contains(&number)));
    let (_, heap, trace) = watch(&recording);
    let totals = heap.outcome(&trace).totals;
    assert_eq!(totals.outstanding_blocks, 100);
    assert!(totals.peak_bytes < 2 * 100 * 64, "{}", totals.peak_bytes);
}
