//! What becomes of an event.

use leakscope_systemview::{Level, Text, id};

use super::announce::cut;
use super::{ARGUMENTS, Settings, Stream, TEXT};
use crate::config::{Config, WhenFull};
use crate::dialect::{Dialect, HeapEvent, sealed::Frames as _};
use crate::event::{Block, Recorder, SystemEvent, Task, until_nul};
use crate::locked::locked;
use crate::packets::{Mode, OVERFLOW, Output};
use crate::platform::{Clock, CoreNumber};
use crate::stack::Origin;

/// What became of an event that took the long way.
enum Outcome {
    Done,
    /// This core's host wants something, or a start is due.
    Attend(usize),
    /// There is no room on this core, and the caller is ready to wait.
    Full(usize),
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

    /// The short way of an event: lets `write` write its packet if nothing stands against it. False if that was
    /// not done, and must be done the long way.
    #[inline]
    fn record_in_place(
        &self,
        write: impl FnOnce(&mut D, &mut Output<'_>, &Config) -> bool,
    ) -> bool {
        locked(|section| {
            let core = Self::core();
            let is_recording = self.cores[core]
                .state
                .with(section, |state| state.chain.mode >= Mode::Recording);
            // Room is looked for before the clock is read: an event reads it once.
            let Some(place) = self.ring(core).place(D::LONGEST) else {
                return false;
            };
            if !is_recording || self.rtt.down[core].has_data() {
                return false;
            }
            // SAFETY: what records was initialised before, as the start looks for that.
            let settings = unsafe { (*self.settings.get()).assume_init_ref() };
            self.with_output_in(section, settings, core, Some(place), |session, output| {
                write(&mut session.dialect, output, &settings.config)
            })
        })
    }

    /// The long way: with waiting, beginning anew, and the host's commands.
    fn record(&self, write: &mut dyn FnMut(&mut D, &mut Output<'_>, &Config)) {
        let Some(settings) = self.settings() else {
            return;
        };
        loop {
            let outcome = self.with_own_output(settings, |core, session, output| {
                let has_commands = self.rtt.down[core].has_data();
                let outcome = Self::check(output, core, session.start_wanted);
                if outcome.is_none() {
                    write(&mut session.dialect, output, &settings.config);
                }
                match outcome {
                    None | Some(Outcome::Done) if has_commands => Outcome::Attend(core),
                    outcome => outcome.unwrap_or(Outcome::Done),
                }
            });
            match outcome {
                Outcome::Done => return,
                Outcome::Attend(core) => return self.attend(core),
                Outcome::Full(core) => {
                    if !self.make_room(settings, core) {
                        return self.with_output(settings, core, |_, output| {
                            if output.chain.mode == Mode::Waiting {
                                output.drop_event();
                            }
                        });
                    }
                }
            }
        }
    }

    /// An event of one block. (Each `event` has a code of its own, without looking what it is.)
    #[inline(always)]
    fn record_block(
        &self,
        event: impl Fn(Block) -> HeapEvent + Copy,
        block: Block,
        stack: &[usize],
    ) {
        if !self.record_in_place(|dialect, output, config| {
            dialect.heap_event_in_place(output, config, event(block), stack)
        }) {
            self.record_heap_event(event(block), stack);
        }
    }

    #[cold]
    #[inline(never)]
    fn record_heap_event(&self, event: HeapEvent, stack: &[usize]) {
        self.record(&mut |dialect, output, config| {
            dialect.heap_event(output, config, event, stack);
        });
    }

    #[cold]
    #[inline(never)]
    fn record_event(&self, event: SystemEvent) {
        locked(|section| {
            let state = &self.cores[Self::core()].state;
            state.with(section, |state| state.chain.note(event));
        });
        self.record(&mut |_, output, config| output.event(event, config));
    }

    /// What becomes of an event that is not simply written; `None` if it must be written after all.
    fn check(output: &mut Output<'_>, core: usize, start_wanted: bool) -> Option<Outcome> {
        match output.chain.mode {
            Mode::Stopped if start_wanted => Some(Outcome::Attend(core)),
            Mode::Stopped => Some(Outcome::Done),
            // Recording must begin anew, and there was no room: what comes until then is lost.
            _ if start_wanted => {
                output.drop_event();
                Some(Outcome::Attend(core))
            }
            Mode::Waiting if output.ring.free() < Self::ROOM_FOR_AN_EVENT => {
                Some(Outcome::Full(core))
            }
            Mode::Recording | Mode::Waiting | Mode::Dropping | Mode::Restarting => None,
        }
    }

    /// Waits for room, or makes some: outside the critical section. False if another context is making some, which
    /// this one may have interrupted: it would wait for ever.
    #[cold]
    fn make_room(&self, settings: &Settings<C>, core: usize) -> bool {
        match settings.config.when_full {
            WhenFull::Write(write) => self.drain_if_alone(core, write),
            WhenFull::Drop | WhenFull::Wait => {
                core::hint::spin_loop();
                #[cfg(feature = "std")]
                std::thread::yield_now();
                true
            }
        }
    }

    /// The call stack of a heap event: outside the critical section.
    #[inline]
    fn walk<'f>(&self, origin: Origin<'_>, frames: &'f mut D::Frames) -> &'f [usize] {
        let slots = frames.slots();
        if slots.is_empty() {
            return &[];
        }
        match self.settings() {
            Some(settings) => origin.walk(slots, &settings.config.limits),
            None => &[],
        }
    }
}

impl<D, C, const BYTES: usize, const CORES: usize, N, const TASKS: usize> Recorder
    for Stream<D, C, BYTES, CORES, N, TASKS>
where
    D: Dialect,
    C: Clock + Send,
    N: CoreNumber,
{
    #[inline]
    fn alloc(&self, block: Block, origin: Origin<'_>) {
        let mut frames = D::Frames::NEW;
        let stack = self.walk(origin, &mut frames);
        self.record_block(HeapEvent::Alloc, block, stack);
    }

    #[inline]
    fn free(&self, block: Block, origin: Origin<'_>) {
        let mut frames = D::Frames::NEW;
        let stack = self.walk(origin, &mut frames);
        self.record_block(HeapEvent::Free, block, stack);
    }

    fn realloc(&self, from: Block, to: Block, origin: Origin<'_>) {
        let mut frames = D::Frames::NEW;
        let stack = self.walk(origin, &mut frames);
        self.record_heap_event(HeapEvent::Realloc { from, to }, stack);
    }

    fn failed(&self, size: usize, origin: Origin<'_>) {
        let mut frames = D::Frames::NEW;
        let stack = self.walk(origin, &mut frames);
        self.record_heap_event(HeapEvent::Failed(size), stack);
    }

    fn event(&self, event: SystemEvent) {
        if let SystemEvent::TaskTerminate(task) = event {
            self.with_tasks(|tasks| tasks.remove(task));
        }
        if !self.record_in_place(|_, output, config| output.event_in_place(event, config)) {
            self.record_event(event);
        }
    }

    fn task(&self, task: &Task<'_>) {
        let is_remembered = self.with_tasks(|tasks| tasks.insert(task));
        // Whatever else is known of a task beyond the list, the host was told.
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
        let text = Text(cut(until_nul(format), TEXT));
        let arguments = &arguments[..arguments.len().min(ARGUMENTS)];
        self.record(&mut |_, output, _| {
            output.packet(id::PRINT_FORMATTED, &mut |fields| {
                fields.string(text)?;
                fields.number(level as u32)?;
                fields.number(arguments.len() as u32)?;
                arguments
                    .iter()
                    .try_for_each(|&argument| fields.number(argument))
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
