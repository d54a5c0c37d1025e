//! A recording that was stopped and started again: memory is what it was, and how sure that is depends on what came since.

use std::collections::BTreeSet;

use leakscope_analysis::heap::{HeapModel, KeepAll};
use leakscope_analysis::trace::{Layout, Trace};
use leakscope_heap::{HeapMap, Region, What};
use leakscope_testing::scenario::{RAM, Scenario};

/// FreeRTOS' heap_4 with blocks of one size: each lies in the lowest place that is free.
struct Device {
    recording: Scenario,
    used: BTreeSet<u32>,
    is_recorded: bool,
}

impl Device {
    fn begun() -> Self {
        Self {
            recording: Scenario::begun(),
            used: BTreeSet::new(),
            is_recorded: true,
        }
    }

    fn address(place: u32) -> u32 {
        RAM + 0x8008 + 128 * place
    }

    fn allocate(&mut self, blocks: u32) {
        for _ in 0..blocks {
            let place = (0..1_000).find(|place| !self.used.contains(place));
            let place = place.expect("a place");
            self.used.insert(place);
            if self.is_recorded {
                let callers = [0x4008_0000];
                (self.recording).allocate(Self::address(place), 120, &callers);
            }
        }
    }

    /// Frees blocks, of those that are in use one in three.
    fn free(&mut self, blocks: usize) {
        let places = self.used.iter().copied().step_by(3);
        for place in places.take(blocks).collect::<Vec<_>>() {
            self.used.remove(&place);
            if self.is_recorded {
                self.recording.free(Self::address(place), &[0x4008_1000]);
            }
        }
    }

    /// The recording is stopped, and started again.
    fn pause(&mut self, meanwhile: impl FnOnce(&mut Self)) {
        self.recording.after(10).stop();
        self.is_recorded = false;
        meanwhile(self);
        self.is_recorded = true;
        self.recording.after(1000).start();
    }

    fn map(&mut self) -> HeapMap {
        let file = self.recording.after(10).stop().openocd();
        let inputs = [&file[..]];
        let start = u64::from(RAM) + 0x8000;
        let region = Region {
            range: start..start + 0x8000,
            name: None,
        };
        let mut map = HeapMap::new(&[region], &[], u64::MAX);
        let (mut trace, mut heap) = (Trace::new(&Layout::of(&inputs)), HeapModel::default());
        let Ok(_) = heap.run(&mut trace, &inputs[..], &mut KeepAll, &mut map);
        map.finish();
        map
    }
}

/// What is free, the largest hole, holes, and blocks.
fn state(map: &HeapMap) -> [u64; 4] {
    let space = map.best().pools()[0].space();
    let pieces = space.pieces();
    let blocks = pieces.filter(|(_, what)| matches!(what, What::Block(_)));
    let blocks = blocks.count() as u64;
    [
        space.free_bytes(),
        space.largest_hole(),
        space.holes(),
        blocks,
    ]
}

#[test]
fn a_pause_in_which_nothing_happens_changes_nothing() {
    let run = |pauses: bool, goes_on: bool| {
        let mut device = Device::begun();
        device.allocate(60);
        device.free(15);
        if pauses {
            device.pause(|_| ());
        }
        // Of the blocks that are freed now, most were allocated before.
        device.free(10);
        device.allocate(5);
        if goes_on {
            device.allocate(25);
            device.free(12);
        }
        device.map()
    };
    let [early, late] = [false, true].map(|goes_on| run(false, goes_on));
    let [paused_early, paused_late] = [false, true].map(|goes_on| run(true, goes_on));
    assert_eq!(state(&early), state(&paused_early));
    assert_eq!(state(&late), state(&paused_late));
    assert!(early.is_sure() && late.is_sure() && paused_late.is_sure());
    assert_eq!(early.since_pause(), None);
    assert_eq!(paused_early.since_pause(), Some((5, 5)));
    assert!(
        !paused_early.is_sure(),
        "five blocks may lie there by chance"
    );
}

#[test]
fn twenty_blocks_where_they_were_expected_are_enough() {
    let mut device = Device::begun();
    device.allocate(60);
    device.free(15);
    device.pause(|_| ());
    device.allocate(20);
    let map = device.map();
    assert_eq!(map.since_pause(), Some((20, 20)));
    assert!(map.is_sure());
}

#[test]
fn a_pause_in_which_much_happens_leaves_an_estimate() {
    let mut device = Device::begun();
    device.allocate(100);
    device.free(10);
    device.pause(|device| {
        device.free(20);
        device.allocate(25);
        device.free(8);
    });
    device.allocate(40);
    let map = device.map();
    let (predicted, addresses) = map.since_pause().expect("a pause");
    assert!(predicted < addresses && addresses == 40);
    assert!(!map.is_sure());
    // No more is free than there is.
    let used = device.used.len() as u64;
    assert!(state(&map)[0] <= 0x8000 - 128 * used, "{:?}", state(&map));
}
