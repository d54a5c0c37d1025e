//! Host-based mode: every event becomes a SystemView packet, in a buffer that somebody empties.
//!
//! What happens to an event:
//! 1. its call stack is walked, by the caller, with interrupts on;
//! 2. inside the critical section the clock is read, and the packet written where it will stay
//!    (`cursor.rs`, `output.rs`, `ring.rs`);
//! 3. if there is no room, it is dropped and counted, and the next one that finds room is preceded by
//!    an `OVERFLOW` packet with the count, as SEGGER's recorder does it ([`WhenFull`] can change that);
//! 4. if the host has sent a command, it is answered then and there (`command.rs`, `announce.rs`).
//!
//! A stream of several cores has a buffer and a chain of times for each, as SystemView has since V3.60:
//! each is a recording of its own, and the host joins them.

mod announce;
mod command;
mod config;
mod cursor;
mod drain;
mod output;
mod ring;
mod scheduler;
mod tasks;

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::sync::atomic::Ordering;

use leakscope_systemview::{Arguments, Extended, Level, Packet, Print, Text, Writer, id};

use crate::dialect::{Dialect, sealed::Frames as _};
use crate::event::{Block, Event, Recorder, Task, until_nul};
use crate::locked::Locked;
use crate::platform::{Clock, CoreNumber, SingleCore};
use crate::sink::rtt::ControlBlock;
use crate::stack::Origin;
use announce::cut;
use command::{Command, Parser};
use output::{Chain, Mode};
use ring::Ring;
use tasks::TaskList;

pub use config::{Config, WhenFull};
pub(crate) use cursor::Cursor;
pub(crate) use output::Output;

/// The id of the first event of the only module.
pub(crate) const MODULE_OFFSET: u32 = id::FIRST_MODULE;

/// The longest text in one packet: SEGGER's default, which readers expect.
const TEXT: usize = 128;
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
/// - `BYTES`: the size of the buffer, for each core. The longest possible packet's worth of it (224 bytes
///   up to a depth of 39) is working space;
/// - `CORES` and `N`: how many cores record, and how a core knows its [number](CoreNumber);
/// - `TASKS`: how many tasks are remembered, at 44 bytes each on 32-bit machines, so that a host that
///   connects later is told of them.
///
/// It is meant for a `static`: the debug probe is told its address.
///
/// ```
/// use leakscope_recorder::platform::Silent;
/// use leakscope_recorder::stack::Origin;
/// use leakscope_recorder::stream::{Config, Stream};
/// use leakscope_recorder::{Block, Recorder, dialect::Leakscope};
///
/// static STREAM: Stream<Leakscope<4>, Silent, 2048> = Stream::new(Silent, Config::new("example"));
///
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
    cores: [Core<D, BYTES>; CORES],
    tasks: Locked<TaskList<TASKS>>,
    clock: C,
    config: UnsafeCell<Config>,
    number: PhantomData<fn() -> N>,
}

// SAFETY: everything is shareable but the settings, which are written by the unsafe `configure` only.
unsafe impl<D, C, const BYTES: usize, const CORES: usize, N, const TASKS: usize> Sync
    for Stream<D, C, BYTES, CORES, N, TASKS>
where
    D: Dialect,
    C: Clock,
    N: CoreNumber,
{
}

/// One core's part.
struct Core<D, const BYTES: usize> {
    state: Locked<State<D>>,
    /// Whether somebody drains the buffer.
    reading: Locked<bool>,
    buffer: UnsafeCell<[u8; BYTES]>,
    down_buffer: UnsafeCell<[u8; DOWN_BUFFER]>,
}

// SAFETY: the buffers are reached through `Ring` and `Channel`, whose writers hold the critical section
// and whose reader is the only one (`reading`, or the debug probe).
unsafe impl<D: Send, const BYTES: usize> Sync for Core<D, BYTES> {}

struct State<D> {
    chain: Chain,
    session: Session<D>,
}

/// What is between this core and its host, beside packets.
struct Session<D> {
    parser: Parser,
    /// The start sequence is to be sent as soon as there is room.
    start_wanted: bool,
    dialect: D,
}

/// What became of an event.
enum Outcome {
    Done,
    /// The host wants something, or a start is due.
    Attend,
    /// There is no room, and the caller is ready to wait.
    Full,
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
            BYTES >= 4 * Self::SCRATCH && BYTES <= i32::MAX as usize,
            "the buffer must hold at least four of the longest packets"
        );
        BYTES - Self::SCRATCH
    };

    /// Room that the packets of one event can need: overflow, call stack, two events.
    const ROOM_FOR_AN_EVENT: usize = 3 * D::LONGEST + 16;

    /// A stream that does not record yet.
    #[must_use]
    pub const fn new(clock: C, config: Config) -> Self {
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
                            dialect: D::NEW,
                        },
                    }),
                    reading: Locked::new(false),
                    buffer: UnsafeCell::new([0; BYTES]),
                    down_buffer: UnsafeCell::new([0; DOWN_BUFFER]),
                }
            }; CORES],
            tasks: Locked::new(TaskList::NEW),
            clock,
            config: UnsafeCell::new(config),
            number: PhantomData,
        }
    }

    /// Lets a debug probe find the stream, without recording yet: the host's START command begins it, at
    /// the next event or [`poll`](Self::poll).
    pub fn publish(&self) {
        self.rtt.publish(self.cores.iter().map(|core| {
            (
                (core.buffer.get().cast(), Self::CAPACITY),
                (core.down_buffer.get().cast(), DOWN_BUFFER),
            )
        }));
    }

    /// Begins to record on this core, or begins anew: the start sequence is sent (now, or as soon as
    /// there is room for it), and everything after it.
    pub fn start(&self) {
        self.publish();
        self.obey(Self::core(), Command::Start);
    }

    /// Stops recording on this core. What is in the buffer can still be read.
    pub fn stop(&self) {
        self.obey(Self::core(), Command::Stop);
    }

    /// Whether events of this core are recorded at present.
    pub fn is_recording(&self) -> bool {
        self.with_output(Self::core(), |_, output| output.chain.mode != Mode::Stopped)
    }

    /// How many events of this core were dropped, not counting those that found the buffer full: the
    /// number in the next `OVERFLOW` packet.
    pub fn drop_count(&self) -> u32 {
        self.with_output(Self::core(), |_, output| output.chain.dropped)
    }

    /// Answers the host's commands. Every event does that too; call it where there are times without
    /// events.
    pub fn poll(&self) {
        let core = Self::core();
        if self.rtt.down[core].has_data()
            || self.with_output(core, |session, _| session.start_wanted)
        {
            self.attend(core);
        }
    }

    /// Takes bytes that came from the host by another way than RTT: commands for this core.
    pub fn receive(&self, bytes: &[u8]) {
        let core = Self::core();
        for &byte in bytes {
            let command = self.with_output(core, |session, _| session.parser.push(byte));
            if let Some(command) = command {
                self.obey(core, command);
            }
        }
    }

    /// Replaces the settings: for what is known at run time only, such as the address of a heap.
    ///
    /// # Safety
    /// Nothing else may use the stream meanwhile, on no core and in no interrupt: call it first of all.
    pub unsafe fn configure(&self, config: Config) {
        // SAFETY: the caller promises that nobody looks.
        unsafe { *self.config.get() = config };
    }

    #[inline]
    fn config(&self) -> &Config {
        // SAFETY: only `configure` writes, and nobody calls it while the stream is used.
        unsafe { &*self.config.get() }
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

    /// Inside the critical section: what is between `core` and its host, and an output at the present time.
    #[inline]
    fn with_output<R>(
        &self,
        core: usize,
        access: impl FnOnce(&mut Session<D>, &mut Output<'_>) -> R,
    ) -> R {
        critical_section::with(|section| {
            // Before the state is borrowed: the clock is the user's.
            let now = self.clock.now();
            let ring = self.ring(core);
            self.cores[core].state.with(section, |state| {
                let mut output = Output {
                    ring,
                    chain: &mut state.chain,
                    now,
                    clock_mask: C::MASK,
                };
                access(&mut state.session, &mut output)
            })
        })
    }

    /// The short way of an event: lets `write` write its packets if nothing stands against it, and returns
    /// whether it did.
    #[inline]
    fn record_directly(&self, write: impl FnOnce(&mut D, &mut Output<'_>)) -> bool {
        let core = Self::core();
        self.with_output(core, |session, output| {
            let is_usual = output.chain.mode == Mode::Recording && !self.rtt.down[core].has_data();
            if is_usual {
                write(&mut session.dialect, output);
            }
            is_usual
        })
    }

    /// The long way: with waiting, beginning anew, and the host's commands.
    fn record(&self, write: &mut dyn FnMut(&mut D, &mut Output<'_>)) {
        let core = Self::core();
        loop {
            let outcome = self.with_output(core, |session, output| {
                let has_commands = self.rtt.down[core].has_data();
                let outcome = Self::check(output, session.start_wanted);
                if outcome.is_none() {
                    write(&mut session.dialect, output);
                }
                match outcome {
                    None | Some(Outcome::Done) if has_commands => Outcome::Attend,
                    outcome => outcome.unwrap_or(Outcome::Done),
                }
            });
            match outcome {
                Outcome::Done => return,
                Outcome::Attend => return self.attend(core),
                Outcome::Full => self.make_room(core),
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn record_alloc(&self, block: Block, stack: &[usize]) {
        self.record(&mut |dialect, output| dialect.alloc(output, self.config(), block, stack));
    }

    #[cold]
    #[inline(never)]
    fn record_free(&self, block: Block, stack: &[usize]) {
        self.record(&mut |dialect, output| dialect.free(output, self.config(), block, stack));
    }

    #[cold]
    #[inline(never)]
    fn record_event(&self, event: Event) {
        self.record(&mut |_, output| output.event(event, self.config()));
    }

    /// What becomes of an event that is not simply written; `None` if it is to be written after all.
    fn check(output: &mut Output<'_>, start_wanted: bool) -> Option<Outcome> {
        match output.chain.mode {
            Mode::Stopped if start_wanted => Some(Outcome::Attend),
            Mode::Stopped => Some(Outcome::Done),
            // Recording is to begin anew, and there was no room: what comes meanwhile is lost.
            _ if start_wanted => {
                output.drop_event();
                Some(Outcome::Attend)
            }
            Mode::Waiting if output.ring.free() < Self::ROOM_FOR_AN_EVENT => Some(Outcome::Full),
            Mode::Recording | Mode::Waiting | Mode::Dropping => None,
        }
    }

    /// Waits for room, or makes some: outside the critical section.
    #[cold]
    fn make_room(&self, core: usize) {
        match self.config().when_full {
            WhenFull::Write(mut write) => {
                let Ok(_) = self.drain(core, &mut write);
            }
            WhenFull::Drop | WhenFull::Wait => {
                core::hint::spin_loop();
                #[cfg(feature = "std")]
                std::thread::yield_now();
            }
        }
    }

    /// Obeys the commands that the probe wrote, and starts if that is due.
    #[cold]
    #[inline(never)]
    fn attend(&self, core: usize) {
        while let Some(byte) = self.next_command_byte(core) {
            let command = self.with_output(core, |session, _| session.parser.push(byte));
            if let Some(command) = command {
                self.obey(core, command);
            }
        }
        let microseconds = self.config().microseconds.map(|time| time());
        self.with_output(core, |session, output| {
            self.start_if_wanted(session, output, microseconds);
        });
    }

    fn next_command_byte(&self, core: usize) -> Option<u8> {
        let channel = &self.rtt.down[core];
        critical_section::with(|_| {
            if !channel.has_data() {
                return None;
            }
            let read = channel.read_position(Ordering::Acquire) % DOWN_BUFFER;
            // SAFETY: inside the buffer, at a byte that the probe has handed over; volatile, because
            // the compiler cannot know of the probe.
            let byte = unsafe {
                let buffer = self.cores[core].down_buffer.get().cast::<u8>();
                buffer.add(read).read_volatile()
            };
            channel.set_read_position((read + 1) % DOWN_BUFFER);
            Some(byte)
        })
    }

    #[cold]
    fn obey(&self, core: usize, command: Command) {
        let microseconds = self.config().microseconds.map(|time| time());
        self.with_output(core, |session, output| match command {
            Command::Start => {
                session.start_wanted = true;
                self.start_if_wanted(session, output, microseconds);
            }
            Command::Stop => {
                session.start_wanted = false;
                if output.chain.mode != Mode::Stopped {
                    output.packet(&Packet::TraceStop);
                    output.chain.mode = Mode::Stopped;
                }
            }
            // A stopped recorder has no packets to put answers between.
            _ if output.chain.mode == Mode::Stopped => {}
            Command::GetSystemTime => output.system_time(microseconds),
            Command::GetTaskList => self.with_tasks(|tasks| {
                tasks
                    .iter()
                    .for_each(|task| output.task(&task, self.config()));
            }),
            Command::GetSystemDescription => {
                output.init(self.config(), self.clock.hz());
                output.system_description(self.config());
            }
            Command::GetModuleCount => output.module_count(),
            Command::GetModuleDescriptions | Command::GetModule(0) => {
                output.module_descriptions::<D>();
            }
            Command::GetModule(_) => {}
        });
    }

    fn start_if_wanted(
        &self,
        session: &mut Session<D>,
        output: &mut Output<'_>,
        microseconds: Option<u64>,
    ) {
        if !session.start_wanted {
            return;
        }
        self.with_tasks(|tasks| {
            let bound = Output::start_sequence_bound::<D>(self.config(), tasks.len());
            if output.ring.free() < bound.min(Self::CAPACITY - 1) {
                return;
            }
            session.start_wanted = false;
            output.chain.usual_mode = match self.config().when_full {
                WhenFull::Drop => Mode::Recording,
                WhenFull::Wait | WhenFull::Write(_) => Mode::Waiting,
            };
            if output.chain.mode == Mode::Stopped {
                output.chain.last = output.now;
                output.chain.mode = output.chain.usual_mode;
            }
            output.chain.idle = false;
            output.start_sequence(
                &mut session.dialect,
                self.config(),
                self.clock.hz(),
                microseconds,
                tasks.iter(),
            );
        });
    }

    fn with_tasks<R>(&self, access: impl FnOnce(&mut TaskList<TASKS>) -> R) -> R {
        critical_section::with(|section| self.tasks.with(section, access))
    }

    /// The call stack of a heap event: outside the critical section.
    #[inline]
    fn walk<'f>(&self, origin: Origin<'_>, frames: &'f mut D::Frames) -> &'f [usize] {
        let slots = frames.slots();
        if slots.is_empty() {
            return &[];
        }
        origin.walk(slots, &self.config().limits)
    }
}

impl<D, C, const BYTES: usize, const CORES: usize, N, const TASKS: usize> Recorder
    for Stream<D, C, BYTES, CORES, N, TASKS>
where
    D: Dialect,
    C: Clock,
    N: CoreNumber,
{
    #[inline]
    fn alloc(&self, block: Block, origin: Origin<'_>) {
        let mut frames = D::Frames::NEW;
        let stack = self.walk(origin, &mut frames);
        if !self.record_directly(|dialect, output| {
            dialect.alloc(output, self.config(), block, stack);
        }) {
            self.record_alloc(block, stack);
        }
    }

    #[inline]
    fn free(&self, block: Block, origin: Origin<'_>) {
        let mut frames = D::Frames::NEW;
        let stack = self.walk(origin, &mut frames);
        if !self.record_directly(|dialect, output| {
            dialect.free(output, self.config(), block, stack);
        }) {
            self.record_free(block, stack);
        }
    }

    fn realloc(&self, from: Block, to: Block, origin: Origin<'_>) {
        let mut frames = D::Frames::NEW;
        let stack = self.walk(origin, &mut frames);
        self.record(&mut |dialect, output| dialect.realloc(output, self.config(), from, to, stack));
    }

    fn failed(&self, size: usize, origin: Origin<'_>) {
        let mut frames = D::Frames::NEW;
        let stack = self.walk(origin, &mut frames);
        self.record(&mut |dialect, output| dialect.failed(output, self.config(), size, stack));
    }

    fn event(&self, event: Event) {
        if let Event::TaskTerminate(task) = event {
            self.with_tasks(|tasks| tasks.remove(task));
        }
        if !self.record_directly(|_, output| output.event(event, self.config())) {
            self.record_event(event);
        }
    }

    fn task(&self, task: &Task<'_>) {
        self.with_tasks(|tasks| tasks.insert(task));
        self.record(&mut |_, output| {
            self.with_tasks(|tasks| {
                let known = tasks.get(task.id);
                output.task(&known.unwrap_or(*task), self.config());
            });
        });
    }

    fn name_marker(&self, marker: u32, name: &[u8]) {
        let name = Text(cut(until_nul(name), TEXT));
        self.record(&mut |_, output| {
            output.packet(&Packet::Extended(Extended::NameMarker { marker, name }));
        });
    }

    fn print(&self, level: Level, text: &[u8]) {
        self.print_format(level, text, &[]);
    }

    fn print_format(&self, level: Level, format: &[u8], arguments: &[u32]) {
        let arguments = &arguments[..arguments.len().min(ARGUMENTS)];
        let mut encoded = [0; 5 * ARGUMENTS];
        let mut writer = Writer::new(&mut encoded);
        for &argument in arguments {
            // There is room for every argument.
            let _ = writer.number(argument);
        }
        let print = Print {
            text: Text(cut(until_nul(format), TEXT)),
            options: level as u32,
            arguments: Arguments {
                count: arguments.len() as u32,
                encoded: writer.written(),
            },
        };
        self.record(&mut |_, output| {
            output.packet(&Packet::PrintFormatted(print));
        });
    }

    fn begin(&self) {
        self.start();
    }

    fn end(&self) {
        self.stop();
    }
}
