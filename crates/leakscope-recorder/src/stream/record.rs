//! What becomes of an event.

#![allow(
    clippy::inline_always,
    reason = "a call for each event, with its output in memory, cost a third of the instructions"
)]

use core::fmt::Write as _;
use core::sync::atomic::{Ordering, fence};

use leakscope_systemview::{Arguments, Level, Printf, Text, Writer, id};

use super::announce::cut;
use super::{ARGUMENTS, LONGEST_TEXT_PACKET, Settings, State, Stream, TEXT, gate};
use crate::config::{Config, WhenFull};
use crate::dialect::{Dialect, HeapEvent, sealed::Frames as _};
use crate::event::{Block, Recorder, SystemEvent, Task, until_nul};
use crate::line::Line;
use crate::locked::{Section, locked};
use crate::packets::{Mode, OVERFLOW, Output, Running};
use crate::platform::{Clock, CoreNumber};
use crate::stack::{Origin, Walked};

/// What became of an event that took the long way.
enum Outcome {
    Done,
    /// This core's host wants something, or a start is due.
    Attend(usize),
    /// A start is due before the event.
    Begin(usize),
    /// There is no room on this core, and the caller is ready to wait.
    Full(usize),
}

/// What an event needs that is written at once.
struct ShortWay<'s, D> {
    dialect: &'s mut D,
    output: Output<'s>,
    config: &'s Config,
}

impl<D: Dialect> ShortWay<'_, D> {
    /// Whether the host knows all that it has to know of an event.
    #[inline(always)]
    fn knows(&self, event: SystemEvent) -> bool {
        match event {
            SystemEvent::IsrEnter(interrupt) => self.dialect.knows_interrupt(interrupt),
            _ => true,
        }
    }
}

impl<D, C, const BYTES: usize, const CORES: usize, N, const TASKS: usize>
    Stream<D, C, BYTES, CORES, N, TASKS>
where
    D: Dialect,
    C: Clock,
    N: CoreNumber,
{
    /// Room that the packets of one event can need: an overflow; and a call stack and two events, or
    /// one packet with text.
    const ROOM_FOR_AN_EVENT: usize = OVERFLOW
        + if 3 * D::LONGEST > Self::SCRATCH {
            3 * D::LONGEST
        } else {
            Self::SCRATCH
        };

    /// Whether an event can take the short way at present: then it is locked, and there is room.
    #[inline(always)]
    fn short_way<'s>(&'s self, section: &'s Section) -> Option<ShortWay<'s, D>> {
        let core = Self::core();
        let state = &self.cores[core].state;
        // SAFETY: nothing refers to it any more when the clock is read.
        let (limit, last, pause) = {
            let chain = unsafe { &state.borrow(section.token()).chain };
            (chain.limit, chain.last, chain.pause)
        };
        // Room is looked for before the clock is read: an event reads it once.
        let place = self.ring(core).place_below(limit, D::LONGEST)?;
        // SAFETY: there is a limit only where recording has begun, for which this was initialised.
        let settings = unsafe { (*self.settings.get()).assume_init_ref() };
        let now = settings.clock.now();
        if now.wrapping_sub(last) & C::MASK >= pause {
            return None;
        }
        // SAFETY: this is the only reference, until the section is over.
        let State { chain, session } = unsafe { state.borrow(section.token()) };
        Some(ShortWay {
            dialect: &mut session.dialect,
            output: self.output(core, chain, now, Some(place)),
            config: &settings.config,
        })
    }

    /// The long way: with waiting, beginning anew, and all that comes up now and then.
    fn record(&self, write: &mut dyn FnMut(&mut D, &mut Output<'_>, &Config)) {
        let Some(settings) = self.settings() else {
            return;
        };
        let hz = settings.clock.hz();
        loop {
            let outcome = self.with_own_output(settings, |core, session, output| {
                let waits_for_room = session.waits_for_room();
                let outcome = self.check(output, core, waits_for_room, &settings.config);
                if outcome.is_none() {
                    write(&mut session.dialect, output, &settings.config);
                }
                let is_due = self.rtt.down[core].has_data()
                    || session.is_pending()
                    || Self::has_repeats(output, hz);
                match outcome {
                    None | Some(Outcome::Done) if is_due => Outcome::Attend(core),
                    outcome => outcome.unwrap_or(Outcome::Done),
                }
            });
            match outcome {
                Outcome::Done => return,
                Outcome::Attend(core) => return self.attend(core),
                Outcome::Begin(core) => self.attend(core),
                Outcome::Full(core) => {
                    if !self.make_room(settings, core) {
                        return self.with_output(settings, core, |session, output| {
                            if output.chain.mode != Mode::Stopped || session.start_wanted {
                                output.drop_event();
                            }
                        });
                    }
                }
            }
        }
    }

    /// An event of the heap. (Each `event` has a code of its own, without looking what it is.)
    #[inline(always)]
    fn record_heap(&self, event: impl Fn() -> HeapEvent + Copy, block: Block, origin: Origin<'_>) {
        let gate = self.gate.load(Ordering::Relaxed);
        if gate != gate::OPEN && (gate == gate::CLOSED || !self.passes(event(), block)) {
            return;
        }
        if D::KNOWS_STACKS {
            if !self.heap_event_in_place(event(), self.hash(origin)) {
                self.record_long(event(), origin);
            }
        } else {
            let mut frames = D::Frames::NEW;
            let stack = self.walk(origin, &mut frames);
            if !self.heap_event_in_place(event(), stack) {
                self.record_walked(event(), stack);
            }
        }
    }

    /// An event of the heap that takes the long way at once.
    fn record_seldom(&self, event: HeapEvent, block: Block, origin: Origin<'_>) {
        let gate = self.gate.load(Ordering::Relaxed);
        if gate == gate::OPEN || gate == gate::FILTERED && self.passes(event, block) {
            self.record_long(event, origin);
        }
    }

    #[inline(always)]
    fn heap_event_in_place(&self, event: HeapEvent, stack: Walked<'_>) -> bool {
        let section = Section::enter();
        match self.short_way(&section) {
            Some(mut way) => {
                let output = &mut way.output;
                way.dialect
                    .heap_event_in_place(output, way.config, event, stack)
            }
            None => false,
        }
    }

    #[cold]
    #[inline(never)]
    fn record_long(&self, event: HeapEvent, origin: Origin<'_>) {
        let mut frames = D::Frames::NEW;
        let stack = self.walk(origin, &mut frames);
        self.record_walked(event, stack);
    }

    #[cold]
    #[inline(never)]
    fn record_walked(&self, event: HeapEvent, stack: Walked<'_>) {
        self.record(&mut |dialect, output, config| {
            dialect.heap_event(output, config, event, stack);
        });
    }

    /// Whether an event of the heap goes on, where not all do.
    #[cold]
    #[inline(never)]
    fn passes(&self, event: HeapEvent, block: Block) -> bool {
        let Some(settings) = self.settings() else {
            return false;
        };
        let filter = &settings.config.filter;
        let begins = matches!(
            event,
            HeapEvent::Alloc(_) | HeapEvent::Moved { .. } | HeapEvent::Failed(_)
        );
        // ESP-IDF's dialect has no word for what is left out: a free of such a block would be one too many.
        if D::PLAIN {
            return filter.takes(block);
        }
        filter.admits(block) && (!begins || filter.task == 0 || self.runs(filter.task))
    }

    /// Whether this task runs on this core.
    fn runs(&self, task: usize) -> bool {
        locked(|section| {
            let state = &self.cores[Self::core()].state;
            state.with(section, |state| state.chain.running == Running::Task(task))
        })
    }

    #[cold]
    #[inline(never)]
    fn event_long(&self, event: SystemEvent) {
        // There may be no room to begin.
        self.note_running(event);
        self.record(&mut |dialect, output, config| {
            let is_known = match event {
                SystemEvent::IsrEnter(interrupt) => dialect.tell_interrupt(output, interrupt),
                _ => true,
            };
            if is_known {
                output.event(event, config);
            }
        });
    }

    /// While nothing is recorded, what runs is kept in mind all the same.
    #[cold]
    #[inline(never)]
    fn note_running(&self, event: SystemEvent) {
        if Running::is_told_by(event) {
            locked(|section| {
                let state = &self.cores[Self::core()].state;
                state.with(section, |state| state.chain.note(event));
            });
        }
    }

    /// What becomes of an event that is not simply written; `None` if it must be written after all. What comes before there
    /// is room to begin, or to begin anew, is lost. A recorder that waits for room does so whatever was lost before, and for a
    /// start too: nobody else might make any.
    fn check(
        &self,
        output: &mut Output<'_>,
        core: usize,
        waits_for_room: bool,
        config: &Config,
    ) -> Option<Outcome> {
        let waits = !matches!(config.when_full, WhenFull::Drop);
        if waits_for_room {
            return Some(if output.ring.free() >= self.room_for_start(config) {
                Outcome::Begin(core)
            } else if waits {
                Outcome::Full(core)
            } else {
                output.drop_event();
                Outcome::Attend(core)
            });
        }
        if output.chain.mode == Mode::Stopped {
            return Some(Outcome::Done);
        }
        let is_full = waits && (!output.settle() || output.ring.free() < Self::ROOM_FOR_AN_EVENT);
        is_full.then_some(Outcome::Full(core))
    }

    /// Waits for room, or makes some: outside the critical section. False if nobody takes the bytes, or another context is
    /// making room, which this one may have interrupted: it would wait for ever.
    #[cold]
    pub(super) fn make_room(&self, settings: &Settings<C>, core: usize) -> bool {
        match settings.config.when_full {
            WhenFull::Write(write) => self.drain_if_alone(core, write),
            WhenFull::Drop | WhenFull::Wait => {
                core::hint::spin_loop();
                #[cfg(feature = "model")]
                crate::platform::model::wait();
                #[cfg(feature = "std")]
                std::thread::yield_now();
                true
            }
        }
    }

    /// The call stack of a heap event: outside the critical section.
    fn walk<'f>(&self, origin: Origin<'_>, frames: &'f mut D::Frames) -> Walked<'f> {
        match self.settings() {
            Some(settings) => origin.find(frames.room(), &settings.ranges),
            None => Walked::NONE,
        }
    }

    /// Its hash, where the gate is open.
    #[inline(always)]
    fn hash(&self, origin: Origin<'_>) -> Walked<'static> {
        if D::DEPTH == 0 {
            return Walked::NONE;
        }
        fence(Ordering::Acquire);
        // SAFETY: the gate was opened after this was initialised.
        let settings = unsafe { (*self.settings.get()).assume_init_ref() };
        origin.hash(D::DEPTH, &settings.ranges)
    }
}

impl<D, C, const BYTES: usize, const CORES: usize, N, const TASKS: usize> Recorder
    for Stream<D, C, BYTES, CORES, N, TASKS>
where
    D: Dialect,
    C: Clock + Send,
    N: CoreNumber,
{
    #[inline(always)]
    fn alloc(&self, block: Block, origin: Origin<'_>) {
        self.record_heap(move || HeapEvent::Alloc(block), block, origin);
    }

    #[inline(always)]
    fn free(&self, block: Block, origin: Origin<'_>) {
        self.record_heap(move || HeapEvent::Free(block), block, origin);
    }

    #[inline(always)]
    fn realloc_begins(&self, from: Block, origin: Origin<'_>) {
        self.record_heap(move || HeapEvent::Move(from), from, origin);
    }

    #[inline(always)]
    fn realloc(&self, from: Block, to: Block, origin: Origin<'_>) {
        self.record_heap(move || HeapEvent::Moved { from, to }, to, origin);
    }

    #[cold]
    #[inline(never)]
    fn realloc_failed(&self, from: Block, size: usize, origin: Origin<'_>) {
        let event = HeapEvent::Kept {
            block: from,
            wanted: size,
        };
        self.record_seldom(event, from, origin);
    }

    #[cold]
    #[inline(never)]
    fn failed(&self, size: usize, origin: Origin<'_>) {
        let block = Block { address: 0, size };
        self.record_seldom(HeapEvent::Failed(size), block, origin);
    }

    fn event(&self, event: SystemEvent) {
        if let SystemEvent::TaskTerminate(task) = event {
            self.with_tasks(|tasks| tasks.remove(task));
        }
        if self.gate.load(Ordering::Relaxed) == gate::CLOSED {
            self.note_running(event);
            return;
        }
        if D::PLAIN && matches!(event, SystemEvent::TaskTerminate(_) | SystemEvent::Mark(_)) {
            return;
        }
        let is_stored = {
            let section = Section::enter();
            match self.short_way(&section) {
                Some(mut way) if way.knows(event) => way.output.event_in_place(event, way.config),
                _ => false,
            }
        };
        if !is_stored {
            self.event_long(event);
        }
    }

    fn task(&self, task: &Task<'_>) {
        let is_remembered = self.with_tasks(|tasks| tasks.insert(task));
        // The host was told all else that is known of a task beyond the list.
        if !is_remembered && task.name.is_empty() {
            return;
        }
        self.record(&mut |_, output, config| {
            self.with_tasks(|tasks| {
                let known = tasks.get(task.id);
                output.task(&known.unwrap_or(*task), config);
            });
        });
    }

    fn name_marker(&self, marker: u32, name: &[u8]) {
        if D::PLAIN {
            return;
        }
        let name = Text(cut(until_nul(name), TEXT));
        self.record(&mut |_, output, _| {
            output.packet(id::EX, &mut |fields| {
                fields.number(id::extended::NAME_MARKER)?;
                fields.number(marker)?;
                fields.string(name)
            });
        });
    }

    fn print(&self, level: Level, text: &[u8]) {
        self.print_format(level, text, &[]);
    }

    fn print_format(&self, level: Level, format: &[u8], arguments: &[u32]) {
        if self.gate.load(Ordering::Relaxed) == gate::CLOSED {
            return;
        }
        let format = cut(until_nul(format), TEXT);
        let arguments = &arguments[..arguments.len().min(ARGUMENTS)];
        let mut line = Line::NEW;
        let (text, arguments) = if D::PLAIN && !arguments.is_empty() {
            fill_in(&mut line, format, arguments);
            (line.bytes(), &[][..])
        } else {
            (format, arguments)
        };
        let longest = LONGEST_TEXT_PACKET - TEXT + text.len();
        self.record(&mut |_, output, _| {
            output.module_event(id::PRINT_FORMATTED, longest, |fields| {
                fields.byte(text.len() as u8);
                fields.bytes(text);
                fields.number(level as u32);
                fields.byte(arguments.len() as u8);
                for &argument in arguments {
                    fields.number(argument);
                }
            });
        });
    }

    fn begin(&self) {
        self.start();
    }

    fn end(&self) {
        self.stop();
    }
}

/// Formats a message as the host would.
#[inline(never)]
fn fill_in(line: &mut Line, format: &[u8], arguments: &[u32]) {
    let mut encoded = [0; 5 * ARGUMENTS];
    let mut writer = Writer::new(&mut encoded);
    for &argument in arguments {
        // There is room for all.
        let _ = writer.number(argument);
    }
    let message = Printf {
        format: Text(format),
        arguments: Arguments {
            count: arguments.len() as u32,
            encoded: writer.written(),
        },
    };
    // The end of a message that is too long is left out.
    let _ = write!(line, "{message}");
}
