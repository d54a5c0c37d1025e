//! What becomes of an event.

use leakscope_systemview::{Arguments, Extended, Level, Packet, Print, Text, Writer};

use super::announce::cut;
use super::config::WhenFull;
use super::output::{Mode, Output};
use super::{ARGUMENTS, Settings, Stream, TEXT};
use crate::dialect::{Dialect, sealed::Frames as _};
use crate::event::{Block, Event, Recorder, Task, until_nul};
use crate::platform::{Clock, CoreNumber};
use crate::stack::Origin;

/// What became of an event that took the long way.
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
    /// Room that the packets of one event can need: overflow, call stack, two events.
    const ROOM_FOR_AN_EVENT: usize = 3 * D::LONGEST + 16;

    /// The short way of an event: lets `write` write its packets if nothing stands against it, and returns
    /// whether it did.
    #[inline]
    fn record_directly(
        &self,
        settings: &Settings<C>,
        write: impl FnOnce(&mut D, &mut Output<'_>),
    ) -> bool {
        let core = Self::core();
        self.with_output(settings, core, |session, output| {
            let is_usual = output.chain.mode == Mode::Recording && !self.rtt.down[core].has_data();
            if is_usual {
                write(&mut session.dialect, output);
            }
            is_usual
        })
    }

    /// The long way: with waiting, beginning anew, and the host's commands.
    fn record(&self, settings: &Settings<C>, write: &mut dyn FnMut(&mut D, &mut Output<'_>)) {
        let core = Self::core();
        loop {
            let outcome = self.with_output(settings, core, |session, output| {
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
                Outcome::Full => self.make_room(settings, core),
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn record_alloc(&self, settings: &Settings<C>, block: Block, stack: &[usize]) {
        self.record(settings, &mut |dialect, output| {
            dialect.alloc(output, &settings.config, block, stack);
        });
    }

    #[cold]
    #[inline(never)]
    fn record_free(&self, settings: &Settings<C>, block: Block, stack: &[usize]) {
        self.record(settings, &mut |dialect, output| {
            dialect.free(output, &settings.config, block, stack);
        });
    }

    #[cold]
    #[inline(never)]
    fn record_event(&self, settings: &Settings<C>, event: Event) {
        self.record(settings, &mut |_, output| {
            output.event(event, &settings.config);
        });
    }

    /// A packet with text: always the long way.
    fn record_packet(&self, packet: &Packet<'_>) {
        if let Some(settings) = self.settings() {
            self.record(settings, &mut |_, output| {
                output.packet(packet);
            });
        }
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
    fn make_room(&self, settings: &Settings<C>, core: usize) {
        match settings.config.when_full {
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

    /// The call stack of a heap event: outside the critical section.
    #[inline]
    fn walk<'f>(
        settings: &Settings<C>,
        origin: Origin<'_>,
        frames: &'f mut D::Frames,
    ) -> &'f [usize] {
        let slots = frames.slots();
        if slots.is_empty() {
            return &[];
        }
        origin.walk(slots, &settings.config.limits)
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
        let Some(settings) = self.settings() else {
            return;
        };
        let mut frames = D::Frames::NEW;
        let stack = Self::walk(settings, origin, &mut frames);
        if !self.record_directly(settings, |dialect, output| {
            dialect.alloc(output, &settings.config, block, stack);
        }) {
            self.record_alloc(settings, block, stack);
        }
    }

    #[inline]
    fn free(&self, block: Block, origin: Origin<'_>) {
        let Some(settings) = self.settings() else {
            return;
        };
        let mut frames = D::Frames::NEW;
        let stack = Self::walk(settings, origin, &mut frames);
        if !self.record_directly(settings, |dialect, output| {
            dialect.free(output, &settings.config, block, stack);
        }) {
            self.record_free(settings, block, stack);
        }
    }

    fn realloc(&self, from: Block, to: Block, origin: Origin<'_>) {
        let Some(settings) = self.settings() else {
            return;
        };
        let mut frames = D::Frames::NEW;
        let stack = Self::walk(settings, origin, &mut frames);
        self.record(settings, &mut |dialect, output| {
            dialect.realloc(output, &settings.config, from, to, stack);
        });
    }

    fn failed(&self, size: usize, origin: Origin<'_>) {
        let Some(settings) = self.settings() else {
            return;
        };
        let mut frames = D::Frames::NEW;
        let stack = Self::walk(settings, origin, &mut frames);
        self.record(settings, &mut |dialect, output| {
            dialect.failed(output, &settings.config, size, stack);
        });
    }

    fn event(&self, event: Event) {
        if let Event::TaskTerminate(task) = event {
            self.with_tasks(|tasks| tasks.remove(task));
        }
        let Some(settings) = self.settings() else {
            return;
        };
        if !self.record_directly(settings, |_, output| output.event(event, &settings.config)) {
            self.record_event(settings, event);
        }
    }

    fn task(&self, task: &Task<'_>) {
        self.with_tasks(|tasks| tasks.insert(task));
        let Some(settings) = self.settings() else {
            return;
        };
        self.record(settings, &mut |_, output| {
            self.with_tasks(|tasks| {
                let known = tasks.get(task.id);
                output.task(&known.unwrap_or(*task), &settings.config);
            });
        });
    }

    fn name_marker(&self, marker: u32, name: &[u8]) {
        let name = Text(cut(until_nul(name), TEXT));
        self.record_packet(&Packet::Extended(Extended::NameMarker { marker, name }));
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
        self.record_packet(&Packet::PrintFormatted(Print {
            text: Text(cut(until_nul(format), TEXT)),
            options: level as u32,
            arguments: Arguments {
                count: arguments.len() as u32,
                encoded: writer.written(),
            },
        }));
    }

    fn begin(&self) {
        self.start();
    }

    fn end(&self) {
        self.stop();
    }
}
