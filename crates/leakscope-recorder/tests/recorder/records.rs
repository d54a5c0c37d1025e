//! Standalone mode, against a naive twin: a `Vec` of records that is searched from end to end.

use leakscope_recorder::platform::Silent;
use leakscope_recorder::stack::Origin;
use leakscope_recorder::standalone::{
    InvalidState, Mode, Policy, Record, RecordBuffer, Slot, Slots, Summary,
};
use leakscope_recorder::{Block, Recorder};
use proptest::prelude::*;

const DEPTH: usize = 2;

#[derive(Clone, Debug)]
enum Step {
    Alloc(Block, usize),
    Free(usize, usize),
    Begin(usize),
    Realloc(usize, Block, usize),
    ReallocFailed(usize),
    Failed,
    Pause,
    Stop,
    Resume,
}

/// Few addresses, so that they are used again, and freed twice.
fn address() -> impl Strategy<Value = usize> {
    (1usize..12).prop_map(|number| 0x2000_0000 + number * 8)
}

fn block() -> impl Strategy<Value = Block> {
    (address(), 0usize..100).prop_map(|(address, size)| Block { address, size })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let frame = 1usize..5;
    let step = prop_oneof![
        8 => (block(), frame.clone()).prop_map(|(block, frame)| Step::Alloc(block, frame)),
        8 => (address(), frame.clone()).prop_map(|(address, frame)| Step::Free(address, frame)),
        3 => address().prop_map(Step::Begin),
        3 => (address(), block(), frame).prop_map(|(from, to, frame)| Step::Realloc(from, to, frame)),
        1 => address().prop_map(Step::ReallocFailed),
        1 => Just(Step::Failed),
        1 => Just(Step::Pause),
        1 => Just(Step::Stop),
        2 => Just(Step::Resume),
    ];
    proptest::collection::vec(step, 0..120)
}

/// What the recorder should do, in the plainest words.
struct Twin {
    records: Vec<Record<DEPTH>>,
    /// Freed records, by index of allocation, in the order of their frees.
    freed: Vec<usize>,
    /// Live records that are being reallocated, likewise.
    moving: Vec<usize>,
    /// All records, in the order in which they came to their addresses.
    entered: Vec<usize>,
    /// Each record's number, parallel to `records`.
    numbers: Vec<usize>,
    allocated: usize,
    summary: Summary,
    policy: Policy,
    is_running: bool,
    is_paused: bool,
}

impl Twin {
    fn alloc(&mut self, block: Block, frame: usize) {
        if !self.is_running || self.is_paused {
            return;
        }
        self.summary.total_allocations += 1;
        if self.records.len() == self.summary.capacity {
            let victim = match self.policy {
                Policy::StopRecording => {
                    self.summary.not_recorded += 1;
                    return;
                }
                Policy::EvictFreed if !self.freed.is_empty() => {
                    let number = self.freed.remove(0);
                    self.numbers
                        .iter()
                        .position(|&n| n == number)
                        .expect("it is there")
                }
                Policy::EvictOldest | Policy::EvictFreed => 0,
            };
            let record = self.records.remove(victim);
            let number = self.numbers.remove(victim);
            self.freed.retain(|&freed| freed != number);
            self.moving.retain(|&moving| moving != number);
            if record.is_freed {
                self.summary.evicted_freed += 1;
            } else {
                self.summary.evicted_live += 1;
            }
        }
        self.records.push(Record {
            block,
            time: 0,
            core: 0,
            is_freed: false,
            allocated_by: [frame, 0],
            freed_by: [0; DEPTH],
        });
        self.numbers.push(self.allocated);
        self.entered.push(self.allocated);
        self.allocated += 1;
        self.summary.high_water_mark = self.summary.high_water_mark.max(self.records.len());
    }

    fn free(&mut self, address: usize, frame: usize) {
        if self.is_running {
            let place = self.settled(address);
            self.end(place, frame);
        }
    }

    /// The newest live record with this address that is not being reallocated.
    fn settled(&self, address: usize) -> Option<usize> {
        let is_it = |place: &usize| {
            let record = &self.records[*place];
            !record.is_freed
                && record.block.address == address
                && !self.moving.contains(&self.numbers[*place])
        };
        let places = self.entered.iter().rev().filter_map(|number| {
            let mut numbers = self.numbers.iter();
            numbers.position(|known| known == number)
        });
        places.into_iter().find(is_it)
    }

    /// A record comes to its address.
    fn enter(&mut self, place: usize) {
        let number = self.numbers[place];
        self.entered.retain(|&known| known != number);
        self.entered.push(number);
    }

    /// A record with this address that is being reallocated: the first or the last that began, which is over.
    fn moved(&mut self, address: usize, newest: bool) -> Option<usize> {
        let place = |number: usize| {
            let at = self.numbers.iter().position(|&known| known == number);
            at.expect("it is there")
        };
        let mut all = (0..self.moving.len())
            .filter(|&index| self.records[place(self.moving[index])].block.address == address);
        let index = if newest { all.next_back() } else { all.next() }?;
        let place = place(self.moving[index]);
        self.moving.remove(index);
        Some(place)
    }

    fn end(&mut self, place: Option<usize>, frame: usize) {
        self.summary.total_frees += 1;
        let Some(place) = place else {
            self.summary.unmatched_frees += 1;
            return;
        };
        if self.summary.mode == Mode::Leaks {
            self.records.remove(place);
            self.numbers.remove(place);
        } else {
            self.records[place].is_freed = true;
            self.records[place].freed_by = [frame, 0];
            self.freed.push(self.numbers[place]);
        }
    }

    fn begin(&mut self, address: usize) {
        if let Some(place) = self.settled(address) {
            self.moving.push(self.numbers[place]);
        }
    }

    fn realloc(&mut self, from: usize, to: Block, frame: usize) {
        match self.moved(from, false) {
            Some(place) if self.is_paused || !self.is_running => {
                self.records[place].block = to;
                self.enter(place);
            }
            None if !self.is_running => {}
            place => {
                self.end(place, frame);
                self.alloc(to, frame);
            }
        }
    }
}

fn compare(steps: &[Step], mode: Mode, policy: Policy, capacity: usize) {
    let mut slots = vec![Slot::<DEPTH>::EMPTY; capacity];
    let recorder: RecordBuffer<'_, DEPTH> = RecordBuffer::new(Silent).policy(policy);
    recorder.init(&mut slots).expect("a buffer");
    recorder.start(mode).expect("a start");
    let mut twin = Twin {
        records: Vec::new(),
        freed: Vec::new(),
        moving: Vec::new(),
        entered: Vec::new(),
        numbers: Vec::new(),
        allocated: 0,
        summary: recorder.summary(),
        policy,
        is_running: true,
        is_paused: false,
    };
    for step in steps {
        match *step {
            Step::Alloc(block, frame) => {
                recorder.alloc(block, Origin::Frames(&[frame]));
                twin.alloc(block, frame);
            }
            Step::Free(address, frame) => {
                recorder.free(Block { address, size: 0 }, Origin::Frames(&[frame]));
                twin.free(address, frame);
            }
            Step::Realloc(from, to, frame) => {
                let from = Block {
                    address: from,
                    size: 0,
                };
                recorder.realloc(from, to, Origin::Frames(&[frame]));
                twin.realloc(from.address, to, frame);
            }
            Step::Begin(address) => {
                recorder.realloc_begins(Block { address, size: 0 }, Origin::Unknown);
                twin.begin(address);
            }
            Step::ReallocFailed(address) => {
                recorder.realloc_failed(Block { address, size: 0 }, 77, Origin::Unknown);
                if let Some(place) = twin.moved(address, true) {
                    twin.enter(place);
                }
                twin.summary.failed_allocations += u32::from(twin.is_running);
            }
            Step::Failed => {
                recorder.failed(77, Origin::Unknown);
                twin.summary.failed_allocations += u32::from(twin.is_running);
            }
            Step::Pause => {
                let result = recorder.pause_allocations();
                assert_eq!(result.is_ok(), twin.is_running);
                twin.is_paused = twin.is_running;
            }
            Step::Stop => {
                let result = recorder.stop();
                assert_eq!(result.is_ok(), twin.is_running);
                (twin.is_running, twin.is_paused) = (false, false);
            }
            Step::Resume => {
                recorder.resume().expect("a buffer");
                (twin.is_running, twin.is_paused) = (true, false);
            }
        }
        // Looked at in between, so that the place that `get` remembers is tested too.
        let middle = twin.records.len() / 2;
        assert_eq!(recorder.get(middle), twin.records.get(middle).copied());
    }
    twin.summary.count = twin.records.len();
    assert_eq!(recorder.summary(), twin.summary);
    assert_eq!(recorder.count(), twin.records.len());
    let records: Vec<_> = (0..recorder.count())
        .map(|index| recorder.get(index).expect("it is there"))
        .collect();
    assert_eq!(records, twin.records);
    assert_eq!(recorder.get(records.len()), None);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn does_what_a_list_does(steps in steps(), capacity in 1usize..9, leaks: bool) {
        let mode = if leaks { Mode::Leaks } else { Mode::All };
        for policy in [Policy::EvictOldest, Policy::StopRecording, Policy::EvictFreed] {
            compare(&steps, mode, policy, capacity);
        }
    }
}

/// A block moves while nothing is recorded: its record goes with it, and does not stay behind where others come to live.
#[test]
fn a_record_goes_with_a_block_that_moves_meanwhile() {
    let mut slots = [Slot::<0>::EMPTY; 4];
    let recorder: RecordBuffer<'_, 0> = RecordBuffer::new(Silent);
    recorder.init(&mut slots).expect("a buffer");
    recorder.start(Mode::Leaks).expect("a start");
    let block = |address, size| Block { address, size };
    recorder.alloc(block(1, 8), Origin::Unknown);
    recorder.realloc_begins(block(1, 8), Origin::Unknown);
    recorder.stop().expect("it runs");
    recorder.realloc(block(1, 8), block(2, 16), Origin::Unknown);
    recorder.resume().expect("a buffer");
    assert_eq!(
        recorder.get(0).map(|record| record.block),
        Some(block(2, 16))
    );
    recorder.free(block(2, 16), Origin::Unknown);
    recorder.alloc(block(1, 24), Origin::Unknown);
    recorder.realloc_begins(block(1, 24), Origin::Unknown);
    recorder.realloc(block(1, 24), block(3, 32), Origin::Unknown);
    recorder.free(block(3, 32), Origin::Unknown);
    assert_eq!(
        (recorder.count(), recorder.summary().unmatched_frees),
        (0, 0)
    );
}

#[test]
fn calls_at_the_wrong_time_are_refused() {
    static SLOTS: Slots<0, 3> = Slots::new();
    let recorder: RecordBuffer<'_, 0> = RecordBuffer::new(Silent);
    assert_eq!(recorder.start(Mode::All), Err(InvalidState::NoBuffer));
    assert_eq!(recorder.resume(), Err(InvalidState::NoBuffer));
    assert_eq!(recorder.stop(), Err(InvalidState::Stopped));
    assert_eq!(recorder.init(&mut []), Err(InvalidState::NoBuffer));
    let slots = SLOTS.take().expect("the first time");
    assert!(SLOTS.take().is_none(), "the second time");
    assert_eq!(recorder.init(slots), Ok(()));
    assert_eq!(recorder.start(Mode::All), Ok(()));
    assert_eq!(recorder.init(&mut []), Err(InvalidState::Running));
}

/// Between the two ends of a reallocation, another task gets the block's address, and keeps it: while the block has no
/// record, as it is older than the recording, and while recording is stopped.
#[test]
fn what_moves_takes_no_record_but_its_own() {
    let [here, there] = [0x2000_0040, 0x2000_0080].map(|address| Block { address, size: 8 });
    for is_stopped in [false, true] {
        let mut slots = [Slot::<1>::EMPTY; 4];
        let recorder: RecordBuffer<'_, 1> = RecordBuffer::new(Silent);
        recorder.init(&mut slots).expect("a buffer");
        recorder.start(Mode::Leaks).expect("a start");
        if is_stopped {
            recorder.alloc(here, Origin::Frames(&[1]));
            recorder.stop().expect("it records");
        }
        recorder.realloc_begins(here, Origin::Frames(&[1]));
        recorder.resume().expect("a buffer");
        recorder.alloc(here, Origin::Frames(&[2]));
        recorder.realloc(here, there, Origin::Frames(&[1]));
        recorder.free(there, Origin::Frames(&[1]));
        let left: Vec<_> = (0..recorder.count()).map(|at| recorder.get(at)).collect();
        let left: Vec<_> = (left.iter().flatten())
            .map(|it| (it.block, it.allocated_by[0]))
            .collect();
        assert_eq!(left, [(here, 2)]);
    }
}

#[test]
fn a_new_start_forgets_everything() {
    let mut slots = [Slot::<0>::EMPTY; 2];
    let recorder: RecordBuffer<'_, 0> = RecordBuffer::new(Silent);
    recorder.init(&mut slots).expect("a buffer");
    for _ in 0..2 {
        recorder.start(Mode::All).expect("a start");
        for address in 1..=5 {
            recorder.alloc(Block { address, size: 1 }, Origin::Unknown);
        }
        let summary = recorder.summary();
        assert_eq!((summary.count, summary.total_allocations), (2, 5));
        assert_eq!(summary.evicted_live, 3);
    }
}
