//! Standalone mode: records in a buffer, which the device prints when it is asked.
//!
//! It is ESP-IDF's heap tracing without a host, with its functions and its text, for every chip. It
//! differs where ESP-IDF's loses things in silence: what happens when the buffer is full is a
//! [`Policy`], every loss is counted in the [`Summary`], and an address that is used again is matched
//! with its newest record.
//!
//! ```
//! use leakscope_recorder::platform::Silent;
//! use leakscope_recorder::stack::Origin;
//! use leakscope_recorder::standalone::{Mode, RecordBuffer, Slots};
//! use leakscope_recorder::{Block, Recorder};
//!
//! static SLOTS: Slots<4, 100> = Slots::new();
//! static RECORDER: RecordBuffer<'static, 4, Silent> = RecordBuffer::new(Silent);
//!
//! RECORDER.init(SLOTS.take().expect("taken once only"))?;
//! RECORDER.start(Mode::Leaks)?;
//! RECORDER.alloc(Block { address: 0x2000_0000, size: 24 }, Origin::Unknown);
//! RECORDER.stop()?;
//!
//! let mut text = String::new();
//! RECORDER.dump(&mut text).expect("a string takes all");
//! assert!(text.contains("24 bytes 'leaked' in trace (1 allocations)"));
//! # Ok::<(), leakscope_recorder::standalone::InvalidState>(())
//! ```

mod dump;
mod records;
mod slots;

use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;

use crate::event::{Block, Recorder};
use crate::locked::{Locked, locked};
use crate::platform::{Clock, CoreNumber, Silent, SingleCore};
use crate::stack::{Limits, Origin, Ranges};
use records::Records;

pub use records::{Mode, Policy, Summary};
pub use slots::{Record, Slot, Slots};

/// A recorder that keeps what it records.
///
/// `DEPTH` is the depth of call stacks; each record holds two, the allocation's and the free's, and takes
/// `28 + 8 * DEPTH` bytes on 32-bit machines, 8 of them for the order and 8 for the index by
/// address.
pub struct RecordBuffer<'buffer, const DEPTH: usize, C: Clock = Silent, N: CoreNumber = SingleCore>
{
    records: Locked<Records<'buffer, DEPTH>>,
    clock: C,
    ranges: Ranges,
    policy: Policy,
    number: PhantomData<fn() -> N>,
}

/// The call makes no sense at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidState {
    /// No buffer was given, or an empty one.
    NoBuffer,
    /// Recording is on (or paused), and must be stopped first.
    Running,
    /// Recording is not on.
    Stopped,
}

impl fmt::Display for InvalidState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoBuffer => "the recorder has no buffer",
            Self::Running => "the recorder is running",
            Self::Stopped => "the recorder is stopped",
        })
    }
}

impl core::error::Error for InvalidState {}

impl<'buffer, const DEPTH: usize, C: Clock, N: CoreNumber> RecordBuffer<'buffer, DEPTH, C, N> {
    /// A recorder without a buffer, which evicts the oldest records when it is full.
    pub const fn new(clock: C) -> Self {
        Self {
            records: Locked::new(Records::NEW),
            clock,
            ranges: Ranges::new(Limits::PLATFORM),
            policy: Policy::EvictOldest,
            number: PhantomData,
        }
    }

    /// What happens when the buffer is full.
    #[must_use]
    pub const fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Between which addresses call stacks are walked.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.ranges = Ranges::new(limits);
        self
    }

    /// Gives the recorder its buffer, in any memory. Former records are gone.
    ///
    /// # Errors
    /// If recording is on, or the buffer is empty.
    pub fn init(&self, slots: &'buffer mut [Slot<DEPTH>]) -> Result<(), InvalidState> {
        self.with(|records| records.init(slots))
    }

    /// Forgets everything and begins to record. While recording is on, that is a new beginning.
    ///
    /// # Errors
    /// If there is no buffer.
    pub fn start(&self, mode: Mode) -> Result<(), InvalidState> {
        self.with(|records| records.start(mode, self.policy))
    }

    /// Stops recording; the records stay.
    ///
    /// # Errors
    /// If recording is not on.
    pub fn stop(&self) -> Result<(), InvalidState> {
        self.with(Records::stop)
    }

    /// Ignores new allocations, and goes on recording frees: what is freed in time is no leak.
    ///
    /// # Errors
    /// If recording is not on.
    pub fn pause_allocations(&self) -> Result<(), InvalidState> {
        self.with(Records::pause_allocations)
    }

    /// Goes on after [`stop`](Self::stop) or [`pause_allocations`](Self::pause_allocations), with all
    /// records.
    ///
    /// # Errors
    /// If there is no buffer.
    pub fn resume(&self) -> Result<(), InvalidState> {
        self.with(Records::resume)
    }

    /// How many records there are.
    pub fn count(&self) -> usize {
        self.with(|records| records.count())
    }

    /// The record at `index`, the oldest first. One after the other takes constant time each; otherwise
    /// the list is walked.
    pub fn get(&self, index: usize) -> Option<Record<DEPTH>> {
        self.with(|records| records.get(index))
    }

    /// What was recorded and what was lost, in numbers.
    pub fn summary(&self) -> Summary {
        self.with(|records| records.summary())
    }

    fn with<R>(&self, access: impl FnOnce(&mut Records<'buffer, DEPTH>) -> R) -> R {
        locked(|section| self.records.with(section, access))
    }

    fn walk(&self, origin: Origin<'_>) -> [usize; DEPTH] {
        let mut frames = [MaybeUninit::uninit(); DEPTH];
        let found = if DEPTH > 0 {
            origin.walk(&mut frames, &self.ranges).frames
        } else {
            &[]
        };
        let mut stack = [0; DEPTH];
        stack[..found.len()].copy_from_slice(found);
        stack
    }
}

impl<const DEPTH: usize, C: Clock, N: CoreNumber> Recorder for RecordBuffer<'_, DEPTH, C, N> {
    fn alloc(&self, block: Block, origin: Origin<'_>) {
        let stack = self.walk(origin);
        locked(|section| {
            let (time, core) = (self.clock.now(), N::core() as u8);
            self.records
                .with(section, |records| records.alloc(block, time, core, &stack));
        });
    }

    fn free(&self, block: Block, origin: Origin<'_>) {
        let stack = self.walk(origin);
        self.with(|records| records.free(block.address, &stack));
    }

    fn realloc(&self, from: Block, to: Block, origin: Origin<'_>) {
        let stack = self.walk(origin);
        locked(|section| {
            let (time, core) = (self.clock.now(), N::core() as u8);
            self.records.with(section, |records| {
                records.realloc(from.address, to, time, core, &stack);
            });
        });
    }

    fn realloc_begins(&self, from: Block, origin: Origin<'_>) {
        let _ = origin;
        self.with(|records| records.realloc_begins(from.address));
    }

    fn realloc_failed(&self, from: Block, size: usize, origin: Origin<'_>) {
        let _ = (size, origin);
        self.with(|records| records.realloc_failed(from.address));
    }

    fn failed(&self, size: usize, origin: Origin<'_>) {
        let _ = (size, origin);
        self.with(Records::failed);
    }
}
