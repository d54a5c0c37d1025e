//! Beginning and ending, by the program or by the host.

use core::sync::atomic::Ordering;

use super::announce::{JOINED, Part, SystemText};
use super::command::Command;
use super::{DOWN_BUFFER, Session, Settings, Stream};
use crate::config::{Config, WhenFull};
use crate::dialect::Dialect;
use crate::locked::locked;
use crate::packets::{Mode, Output, RESERVE};
use crate::platform::{Clock, CoreNumber};

impl<D, C, const BYTES: usize, const CORES: usize, N, const TASKS: usize>
    Stream<D, C, BYTES, CORES, N, TASKS>
where
    D: Dialect,
    C: Clock,
    N: CoreNumber,
{
    /// Begins to record on this core, or begins anew: the start sequence is sent (now, or as soon as
    /// there is room for it), and everything after it. Nothing happens before [`init`](Self::init).
    pub fn start(&self) {
        self.obey(Self::core(), Command::Start);
        self.attend(Self::core());
    }

    /// Stops recording on this core. What is in the buffer can still be read.
    pub fn stop(&self) {
        self.obey(Self::core(), Command::Stop);
    }

    /// Whether events of this core are recorded at present.
    pub fn is_recording(&self) -> bool {
        self.settings().is_some_and(|settings| {
            self.with_output(settings, Self::core(), |_, output| {
                output.chain.mode != Mode::Stopped
            })
        })
    }

    /// How many events of this core were dropped, not counting those that found the buffer full: the
    /// number in the next `OVERFLOW` packet.
    pub fn drop_count(&self) -> u32 {
        self.settings().map_or(0, |settings| {
            self.with_output(settings, Self::core(), |_, output| output.chain.dropped)
        })
    }

    /// Answers the host's commands, and carries the time on. Events see to commands too, but not each; call it from
    /// an idle task, or whatever comes around ten times a second, and at least once in half of the clock's period
    /// (8 s of a 32-bit counter at 240 MHz), or the time of a longer silence is lost.
    pub fn poll(&self) {
        let core = Self::core();
        if let Some(settings) = self.settings() {
            self.with_output(settings, core, |_, output| output.keep_time());
        }
        self.attend(core);
    }

    /// Takes bytes that came from the host by another way than RTT: commands for this core. An answer for which there is
    /// no room is left out, unless the recorder [makes some](WhenFull::Write): the host can ask again.
    pub fn receive(&self, bytes: &[u8]) {
        let core = Self::core();
        for &byte in bytes {
            self.receive_byte(core, byte);
        }
        self.attend(core);
    }

    fn receive_byte(&self, core: usize, byte: u8) {
        let Some(settings) = self.settings() else {
            return;
        };
        let command = self.with_output(settings, core, |session, _| session.parser.push(byte));
        if let Some(command) = command {
            self.obey(core, command);
        }
    }

    /// Sees to all that comes up now and then: commands that the probe wrote, a start that is due, what is told again.
    #[cold]
    #[inline(never)]
    pub(super) fn attend(&self, core: usize) {
        let Some(settings) = self.settings() else {
            return;
        };
        for _ in 0..DOWN_BUFFER {
            let Some(byte) = self.next_command_byte(core) else {
                break;
            };
            self.receive_byte(core, byte);
        }
        let times = Times::of(settings);
        loop {
            let (is_changed, goes_on) = self.with_output(settings, core, |session, output| {
                let is_changed = self.start_if_wanted(&settings.config, session, output, &times);
                (is_changed, session.start_wanted && output.stored > 0)
            });
            if is_changed {
                self.set_gate(settings);
            }
            if !goes_on {
                break;
            }
        }
        self.announce(settings, core, &times);
        self.repeat(settings, core, &times);
    }

    fn next_command_byte(&self, core: usize) -> Option<u8> {
        let channel = &self.rtt.down[core];
        locked(|_| {
            // The probe might write anything, also a position that nobody could read up to.
            if !channel.has_data() || channel.write_position(Ordering::Acquire) >= DOWN_BUFFER {
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
        let Some(settings) = self.settings() else {
            return;
        };
        let config = &settings.config;
        let times = Times::of(settings);
        let all = |part: &mut dyn FnMut(usize) -> bool| {
            let mut number = 0;
            while part(number) {
                number += 1;
            }
        };
        let tell = |tell: &mut dyn FnMut(&mut Output<'_>)| self.answer(settings, core, tell);
        match command {
            Command::Start => {
                self.with_output(settings, core, |session, _| {
                    session.start_wanted = true;
                    session.ends_at_once = false;
                });
                self.set_gate(settings);
            }
            Command::Stop => {
                self.with_output(settings, core, |session, output| {
                    session.start_wanted = output.chain.has_missed;
                    session.ends_at_once = output.chain.has_missed;
                    session.announced = None;
                    if output.chain.mode != Mode::Stopped {
                        output.end();
                    }
                });
                self.set_gate(settings);
            }
            Command::GetSystemTime => tell(&mut |output| output.system_time(times.microseconds)),
            Command::GetTaskList => all(&mut |place| {
                tell(&mut |output| self.tell_task(output, place, config));
                place + 1 < TASKS
            }),
            Command::GetSystemDescription => {
                tell(&mut |output| output.init(config, times.clock_hz >> C::TICK_SHIFT));
                all(&mut |number| {
                    let text = SystemText::new(config, number);
                    tell(&mut |output| output.system_text(text.bytes()));
                    number + 1 < JOINED + config.descriptions.len()
                });
            }
            Command::GetModuleCount => tell(&mut |output| output.module_count()),
            Command::GetModuleDescriptions | Command::GetModule(0) => all(&mut |part| {
                tell(&mut |output| output.module_description::<D>(part));
                part + 1 < D::DESCRIPTION.len()
            }),
            Command::GetModule(_) => {}
        }
    }

    /// Answers are packets of a recording: a stopped recorder has none to put them between. One that finds no room is left
    /// out, as events are recorded before all else: the host can ask again.
    fn answer(&self, settings: &Settings<C>, core: usize, tell: &mut dyn FnMut(&mut Output<'_>)) {
        loop {
            let is_over = self.with_output(settings, core, |_, output| {
                let is_recording = output.chain.mode != Mode::Stopped;
                output.settle();
                let is_told = is_recording && output.has_room_for_part();
                if is_told {
                    tell(output);
                }
                is_told || !is_recording
            });
            let writes = matches!(settings.config.when_full, WhenFull::Write(_));
            if is_over || !writes || !self.make_room(settings, core) {
                return;
            }
        }
    }

    /// How much room a start needs.
    pub(super) fn room_for_start(&self, config: &Config) -> usize {
        let tasks = self.with_tasks(|tasks| tasks.len());
        let bound = Output::start_sequence_bound::<D>(config, tasks);
        bound.min(Self::CAPACITY - 1 - RESERVE)
    }

    /// Tells of the task at a place of the list, if there is one.
    pub(super) fn tell_task(&self, output: &mut Output<'_>, place: usize, config: &Config) {
        self.with_tasks(|tasks| {
            if let Some(task) = tasks.at(place) {
                output.task(&task, config);
            }
        });
    }

    /// Whether all time is told that went by before a start that is due; as much is told as there is room for. A recording
    /// begins at the moment from which all cores count: where this one comes late, its first packets, by which hosts know
    /// a start, are told before that.
    fn has_told_time(
        &self,
        config: &Config,
        session: &mut Session<D>,
        output: &mut Output<'_>,
        times: &Times,
    ) -> bool {
        if output.chain.mode != Mode::Stopped {
            return output.settle();
        }
        locked(|section| self.time.with(section, |time| time.begin(output.now)));
        output.resume_time();
        let (now, owed) = (output.now, output.chain.owed);
        if owed > 0 && output.chain.usual_mode == Mode::Stopped && !session.has_begun {
            output.now = output.chain.last;
            output.chain.owed = 0;
            output.begin();
            output.init(config, times.clock_hz >> C::TICK_SHIFT);
            output.now = now;
            output.chain.owed = owed;
            session.has_begun = true;
        }
        let is_told = output.settle();
        output.leave_time();
        is_told
    }

    /// Begins a recording, if that is due and there is room; whether it did.
    fn start_if_wanted(
        &self,
        config: &Config,
        session: &mut Session<D>,
        output: &mut Output<'_>,
        times: &Times,
    ) -> bool {
        if !session.start_wanted || !self.has_told_time(config, session, output, times) {
            return false;
        }
        if output.ring.free() < self.room_for_start(config) {
            if output.chain.mode >= Mode::Recording {
                output.chain.mode = Mode::Restarting;
            }
            return false;
        }
        session.start_wanted = false;
        let has_begun = core::mem::take(&mut session.has_begun);
        session.announced = Some(Part::FIRST);
        let is_first = output.chain.usual_mode == Mode::Stopped;
        output.chain.usual_mode = match config.when_full {
            WhenFull::Drop => Mode::Recording,
            WhenFull::Wait | WhenFull::Write(_) => Mode::Waiting,
        };
        if output.chain.mode != Mode::Dropping {
            output.chain.mode = output.chain.usual_mode;
        }
        output.chain.idle = false;
        output.chain.repeats.begin(output.now);
        output.chain.pause = (times.clock_hz / 64).min(C::MASK / 64).max(1);
        let now = output.now;
        if !has_begun {
            if is_first {
                output.now = output.chain.last;
            }
            output.begin();
            output.now = now;
            output.init(config, times.clock_hz >> C::TICK_SHIFT);
        }
        // The time says whether the device was reset: before anything is said of its heap.
        output.system_time(times.microseconds);
        output.module_description::<D>(0);
        session.dialect.forget(config);
        session.dialect.tell_units(output, config, false);
        if D::PLAIN {
            // Espressif's decoder counts no event before it knows who runs.
            output.running(config);
        }
        output.tell_missed();
        if core::mem::take(&mut session.ends_at_once) {
            session.announced = None;
            output.end();
        }
        true
    }

    /// Goes on with the start sequence, as far as there is room: a part in each critical section.
    fn announce(&self, settings: &Settings<C>, core: usize, times: &Times) {
        loop {
            let next = self.with_output(settings, core, |session, output| {
                output.settle();
                session.announced
            });
            let Some(index) = next else {
                return;
            };
            let part = Self::part(&settings.config, index);
            let is_told = self.with_output(settings, core, |session, output| {
                if session.announced != next {
                    // Another context told it meanwhile.
                    return true;
                }
                let Some((part, text)) = &part else {
                    session.announced = None;
                    return true;
                };
                let has_room = output.has_room_for_part();
                if has_room {
                    self.tell(
                        output,
                        &session.dialect,
                        settings,
                        times,
                        *part,
                        text,
                        false,
                    );
                    session.announced = Some(index + 1);
                }
                has_room
            });
            if !is_told {
                return;
            }
        }
    }

    /// A part of the start sequence, and its text: put together outside the critical section.
    pub(super) fn part(config: &Config, index: usize) -> Option<(Part, SystemText)> {
        let part = Part::at(index, config, TASKS, D::DESCRIPTION.len())?;
        let text = match part {
            Part::Text(number) => SystemText::new(config, number),
            _ => SystemText::NONE,
        };
        Some((part, text))
    }

    #[allow(clippy::too_many_arguments, reason = "what a part may consist of")]
    pub(super) fn tell(
        &self,
        output: &mut Output<'_>,
        dialect: &D,
        settings: &Settings<C>,
        times: &Times,
        part: Part,
        text: &SystemText,
        is_repeated: bool,
    ) {
        let config = &settings.config;
        match part {
            Part::Init => output.init(config, times.clock_hz >> C::TICK_SHIFT),
            Part::Module(part) => output.module_description::<D>(part),
            Part::Units => {
                output.module_description::<D>(0);
                dialect.tell_units(output, config, is_repeated);
            }
            Part::Text(_) => output.system_text(text.bytes()),
            Part::Task(place) => self.tell_task(output, place, config),
            Part::ModuleCount => output.module_count(),
            // In an interrupt, hosts would take the rest of it for the task's. It is told with the next repetition.
            Part::Running if D::PLAIN || output.chain.interrupts > 0 => {}
            Part::Running => output.running(config),
        }
    }
}

/// What the user's own functions say, which must not be called inside the critical section.
pub(super) struct Times {
    pub(super) clock_hz: u32,
    pub(super) microseconds: Option<u64>,
}

impl Times {
    fn of<C: Clock>(settings: &Settings<C>) -> Self {
        Self {
            clock_hz: settings.clock.hz(),
            microseconds: settings.config.microseconds.map(|time| time()),
        }
    }
}
