//! Host-based mode: every event becomes a SystemView packet, in a buffer that somebody empties.
//!
//! What happens to an event:
//! 1. nothing, if nothing is recorded, or a [`Filter`] leaves it out;
//! 2. its call stack is walked, by the caller, with interrupts on;
//! 3. inside the critical section the clock is read, and the packet written where it will stay
//!    (`record.rs`, and `packets/`);
//! 4. if there is no room, it is dropped and counted, and the next one that finds room is preceded by
//!    an `OVERFLOW` packet with the count, as SEGGER's recorder does it ([`WhenFull`] can change that).
//!
//! Every 256 bytes an event takes a longer way, and sees to what comes up now and then: commands of the host
//! (`control.rs`, `command.rs`), parts of the start sequence that are due (`announce.rs`), and what is told again
//! (`repeat.rs`).
//!
//! A stream of several cores has a buffer and a chain of times for each, as SystemView has since V3.60:
//! each is a recording of its own, and the host joins them. All count from the moment when the first core began
//! to record, however late another one begins, or begins again.

mod announce;
mod command;
mod control;
mod drain;
mod record;
mod repeat;
mod scheduler;
mod tasks;

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use crate::dialect::Dialect;
use crate::line;
use crate::locked::{Locked, locked};
use crate::packets::{Chain, Mode, OVERFLOW, Output, Place, RESERVE, Ring, Scale, Time};
use crate::platform::{Clock, CoreNumber, SingleCore};
use crate::sink::rtt::ControlBlock;
use crate::stack::Ranges;
use command::Parser;
use critical_section::CriticalSection;
use tasks::TaskList;

pub use crate::config::{Config, WhenFull};
pub use crate::filter::Filter;

/// The longest text in one packet.
const TEXT: usize = line::LONGEST;
/// The longest packet with text: a message with its arguments.
const LONGEST_TEXT_PACKET: usize = 1 + 2 + (1 + TEXT) + 1 + 1 + 5 * ARGUMENTS + 5;
/// The most arguments of a message: SEGGER's number.
const ARGUMENTS: usize = 16;

/// The buffer for the host's commands: SEGGER's size.
const DOWN_BUFFER: usize = 8;

/// A recorder that streams to a host.
///
/// - `D`: the [`Dialect`] of its heap events, with the depth of call stacks: `Leakscope<10>`;
/// - `C`: its [`Clock`];
/// - `BYTES`: the size of the buffer, for each core. The longest possible packet's worth of it (219 bytes
///   up to a depth of 39) is working space, and 17 bytes are kept for the end of a recording;
/// - `CORES` and `N`: how many cores record, and how a core knows its [number](CoreNumber);
/// - `TASKS`: how many tasks are remembered, at 44 bytes each on 32-bit machines, so that a host that
///   connects later is told of them.
///
/// It is meant for a `static`: the debug probe is told its address. Such a static is all zeros, and takes
/// no room in flash.
///
/// ```
/// use leakscope_recorder::platform::Silent;
/// use leakscope_recorder::stack::Origin;
/// use leakscope_recorder::stream::{Config, Stream};
/// use leakscope_recorder::{Block, Recorder, dialect::Leakscope};
///
/// static STREAM: Stream<Leakscope<4>, Silent, 2048> = Stream::new();
///
/// STREAM.init(Silent, Config::new("example"));
/// STREAM.start();
/// let block = Block { address: 0x2000_0040, size: 24 };
/// STREAM.alloc(block, Origin::Frames(&[0x0800_1234, 0x0800_2000]));
///
/// let mut file = Vec::new();
/// STREAM.drain(0, &mut |bytes: &[u8]| {
///     file.extend_from_slice(bytes);
///     bytes.len()
/// })?;
/// assert!(file.starts_with(&[0; 10]));
/// # Ok::<(), core::convert::Infallible>(())
/// ```
#[repr(C)]
pub struct Stream<
    D: Dialect,
    C: Clock,
    const BYTES: usize = 4096,
    const CORES: usize = 1,
    N: CoreNumber = SingleCore,
    const TASKS: usize = 16,
> {
    /// Must come first, so that a static named `_SEGGER_RTT` is what probes look for.
    rtt: ControlBlock<CORES>,
    // What every event looks at stands near the beginning, where an instruction of Thumb reaches it.
    /// One of [`gate`]: what happens to events, before a core is looked at.
    gate: AtomicU8,
    /// Whether `settings` was written, which happens once.
    is_ready: AtomicBool,
    settings: UnsafeCell<MaybeUninit<Settings<C>>>,
    cores: [Core<D, BYTES>; CORES],
    tasks: Locked<TaskList<TASKS>>,
    /// From when on all cores count.
    time: Locked<Time>,
    number: PhantomData<fn() -> N>,
}

// SAFETY: everything is shareable but the settings; they are written once, inside the critical section,
// and read only after `is_ready` says so.
unsafe impl<D, C, const BYTES: usize, const CORES: usize, N, const TASKS: usize> Sync
    for Stream<D, C, BYTES, CORES, N, TASKS>
where
    D: Dialect,
    C: Clock + Send,
    N: CoreNumber,
{
}

/// What a stream does with events.
mod gate {
    /// Nothing, on any core. It is 0, so that a new stream is all zeros.
    pub(super) const CLOSED: u8 = 0;
    /// They are recorded.
    pub(super) const OPEN: u8 = 1;
    /// Those that the filter admits are.
    pub(super) const FILTERED: u8 = 2;
}

/// What `init` is told.
struct Settings<C> {
    clock: C,
    config: Config,
    ranges: Ranges,
}

/// One core's part: its buffer comes last.
#[repr(C)]
struct Core<D, const BYTES: usize> {
    state: Locked<State<D>>,
    /// Whether somebody drains the buffer.
    reading: Locked<bool>,
    down_buffer: UnsafeCell<[u8; DOWN_BUFFER]>,
    buffer: UnsafeCell<[u8; BYTES]>,
}

// SAFETY: the buffers are reached through `Ring` and `Channel`, whose writers hold the critical section
// and whose reader is the only one (`reading`, or the debug probe).
unsafe impl<D: Send, const BYTES: usize> Sync for Core<D, BYTES> {}

#[repr(C)]
struct State<D> {
    chain: Chain,
    session: Session<D>,
}

/// What is between a core and its host, beside packets.
struct Session<D> {
    parser: Parser,
    /// Send the start sequence as soon as there is room.
    start_wanted: bool,
    /// A stop came before that: the recording tells of events that were lost, and ends.
    ends_at_once: bool,
    /// Its first packets were sent, and time follows.
    has_begun: bool,
    /// The part of it that comes next, if it was begun.
    announced: Option<usize>,
    dialect: D,
}

impl<D, C, const BYTES: usize, const CORES: usize, N, const TASKS: usize>
    Stream<D, C, BYTES, CORES, N, TASKS>
where
    D: Dialect,
    C: Clock,
    N: CoreNumber,
{
    /// Bytes at the buffer's end where packets are put together that wrap around.
    const SCRATCH: usize = if D::LONGEST > LONGEST_TEXT_PACKET {
        D::LONGEST
    } else {
        LONGEST_TEXT_PACKET
    };

    /// Bytes of the ring proper.
    const CAPACITY: usize = {
        assert!(
            BYTES > 4 * Self::SCRATCH + OVERFLOW + RESERVE && BYTES <= i32::MAX as usize,
            "the buffer must hold more than four of the longest packets"
        );
        BYTES - Self::SCRATCH
    };

    const SCALE: Scale = Scale {
        mask: C::MASK,
        shift: C::TICK_SHIFT,
    };

    /// A stream that does not record yet.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "it is for statics")]
    pub const fn new() -> Self {
        let _ = Self::CAPACITY;
        Self {
            rtt: ControlBlock::new(),
            cores: [const {
                Core {
                    state: Locked::new(State {
                        chain: Chain::NEW,
                        session: Session {
                            parser: Parser::NEW,
                            start_wanted: false,
                            ends_at_once: false,
                            has_begun: false,
                            announced: None,
                            dialect: D::NEW,
                        },
                    }),
                    reading: Locked::new(false),
                    buffer: UnsafeCell::new([0; BYTES]),
                    down_buffer: UnsafeCell::new([0; DOWN_BUFFER]),
                }
            }; CORES],
            tasks: Locked::new(TaskList::NEW),
            time: Locked::new(Time::NEW),
            gate: AtomicU8::new(gate::CLOSED),
            is_ready: AtomicBool::new(false),
            settings: UnsafeCell::new(MaybeUninit::uninit()),
            number: PhantomData,
        }
    }

    /// Tells the stream what it has to know, and lets a debug probe find it. It does not record yet:
    /// that begins with [`start`](Self::start), or with the host's command START.
    ///
    /// The first call counts: a later one changes nothing, and returns false.
    pub fn init(&self, clock: C, config: Config) -> bool {
        let ranges = Ranges::new(config.limits.clone());
        let settings = Settings {
            clock,
            config,
            ranges,
        };
        let is_first = locked(|_| {
            if self.is_ready.load(Ordering::Relaxed) {
                return false;
            }
            // SAFETY: nobody reads before `is_ready`, and this happens once.
            unsafe { (*self.settings.get()).write(settings) };
            self.is_ready.store(true, Ordering::Release);
            true
        });
        if is_first {
            self.rtt.publish(self.cores.iter().map(|core| {
                (
                    (core.buffer.get().cast(), Self::CAPACITY),
                    (core.down_buffer.get().cast(), DOWN_BUFFER),
                )
            }));
        }
        is_first
    }

    /// What `init` was told; `None` before.
    #[inline]
    fn settings(&self) -> Option<&Settings<C>> {
        if !self.is_ready.load(Ordering::Acquire) {
            return None;
        }
        // SAFETY: written before it was ready, and never again.
        Some(unsafe { (*self.settings.get()).assume_init_ref() })
    }

    #[inline]
    fn core() -> usize {
        if CORES == 1 {
            return 0;
        }
        let core = N::core();
        if core < CORES { core } else { 0 }
    }

    #[inline]
    fn ring(&self, core: usize) -> Ring<'_> {
        // SAFETY: capacity and scratch make up the buffer, which is reached through rings only.
        unsafe {
            Ring::new(
                self.cores[core].buffer.get().cast(),
                Self::CAPACITY,
                Self::SCRATCH,
                &self.rtt.up[core],
            )
        }
    }

    /// What is between `core` and its host, and an output at the present time.
    fn with_output<R: Default>(
        &self,
        settings: &Settings<C>,
        core: usize,
        mut access: impl FnMut(&mut Session<D>, &mut Output<'_>) -> R,
    ) -> R {
        let mut result = R::default();
        self.with_locked_output(settings, core, &mut |session, output| {
            result = access(session, output);
        });
        result
    }

    /// The one copy of what all of these have in common.
    #[inline(never)]
    fn with_locked_output(
        &self,
        settings: &Settings<C>,
        core: usize,
        access: &mut dyn FnMut(&mut Session<D>, &mut Output<'_>),
    ) {
        locked(|section| self.with_output_in(section, settings, core, access));
    }

    /// The same of the core that runs: a task can come to another one until it has locked.
    fn with_own_output<R>(
        &self,
        settings: &Settings<C>,
        access: impl FnOnce(usize, &mut Session<D>, &mut Output<'_>) -> R,
    ) -> R {
        locked(|section| {
            let core = Self::core();
            self.with_output_in(section, settings, core, |session, output| {
                access(core, session, output)
            })
        })
    }

    fn with_output_in<R>(
        &self,
        section: CriticalSection<'_>,
        settings: &Settings<C>,
        core: usize,
        access: impl FnOnce(&mut Session<D>, &mut Output<'_>) -> R,
    ) -> R {
        // Before the state is borrowed: the clock is the user's.
        let now = settings.clock.now();
        self.cores[core].state.with(section, |state| {
            let State { chain, session } = state;
            let mut output = self.output(core, chain, now, None);
            let look = &mut output.chain.look;
            (self.time).with(section, |time| time.look(look, now, Self::SCALE));
            output.time = look.map_or(0, |look| look.time);
            output.never_goes_back();
            let result = access(session, &mut output);
            output.account_of_repeats();
            output.reopen(D::LONGEST);
            if session.is_pending() {
                output.chain.limit = 0;
            }
            result
        })
    }

    #[inline]
    fn output<'o>(
        &'o self,
        core: usize,
        chain: &'o mut Chain,
        now: u32,
        place: Option<Place>,
    ) -> Output<'o> {
        Output {
            ring: self.ring(core),
            chain,
            now,
            time: 0,
            place,
            scale: Self::SCALE,
            stored: 0,
        }
    }

    /// Opens the gate if any core records, or will.
    fn set_gate(&self, settings: &Settings<C>) {
        locked(|section| {
            let is_open = self.cores.iter().any(|core| {
                core.state.with(section, |state| {
                    state.chain.mode != Mode::Stopped || state.session.waits_for_room()
                })
            });
            let gate = match (is_open, settings.config.filter == Filter::NONE) {
                (false, _) => gate::CLOSED,
                (true, true) => gate::OPEN,
                (true, false) => gate::FILTERED,
            };
            self.gate.store(gate, Ordering::Release);
        });
    }

    fn with_tasks<R>(&self, access: impl FnOnce(&mut TaskList<TASKS>) -> R) -> R {
        locked(|section| self.tasks.with(section, access))
    }
}

impl<D> Session<D> {
    /// Whether events would be recorded, if there was room to begin.
    fn waits_for_room(&self) -> bool {
        self.start_wanted && !self.ends_at_once
    }

    /// Whether there is more to do than to record.
    fn is_pending(&self) -> bool {
        self.start_wanted || self.announced.is_some()
    }
}
