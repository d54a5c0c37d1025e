//! Beginning and ending, by the program or by the host.

use core::sync::atomic::Ordering;

use leakscope_systemview::id;

use super::command::Command;
use super::{DOWN_BUFFER, Session, Settings, Stream};
use crate::config::{Config, WhenFull};
use crate::dialect::Dialect;
use crate::locked::locked;
use crate::packets::{Mode, Output};
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

    /// Answers the host's commands. Every event does that too; call it where there are times without
    /// events.
    pub fn poll(&self) {
        self.attend(Self::core());
    }

    /// Takes bytes that came from the host by another way than RTT: commands for this core.
    pub fn receive(&self, bytes: &[u8]) {
        for &byte in bytes {
            self.receive_byte(Self::core(), byte);
        }
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

    /// Obeys the commands that the probe wrote, and starts if that is due.
    #[cold]
    #[inline(never)]
    pub(super) fn attend(&self, core: usize) {
        while let Some(byte) = self.next_command_byte(core) {
            self.receive_byte(core, byte);
        }
        let Some(settings) = self.settings() else {
            return;
        };
        let times = Times::of(settings);
        self.with_output(settings, core, |session, output| {
            self.start_if_wanted(&settings.config, session, output, &times);
        });
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
        self.with_output(settings, core, |session, output| match command {
            Command::Start => {
                session.start_wanted = true;
                self.start_if_wanted(config, session, output, &times);
            }
            Command::Stop => {
                session.start_wanted = false;
                if output.chain.mode != Mode::Stopped {
                    output.bare(id::TRACE_STOP);
                    output.chain.mode = Mode::Stopped;
                }
            }
            // A stopped recorder has no packets to put answers between.
            _ if output.chain.mode == Mode::Stopped => {}
            Command::GetSystemTime => output.system_time(times.microseconds),
            Command::GetTaskList => self.with_tasks(|tasks| {
                tasks.iter().for_each(|task| output.task(&task, config));
            }),
            Command::GetSystemDescription => {
                output.init(config, times.clock_hz);
                output.system_description(config);
            }
            Command::GetModuleCount => output.module_count(),
            Command::GetModuleDescriptions | Command::GetModule(0) => {
                output.module_descriptions::<D>();
            }
            Command::GetModule(_) => {}
        });
    }

    /// When the first core began, which is now if none has.
    fn epoch(&self, now: u32) -> u32 {
        locked(|section| self.epoch.with(section, |epoch| *epoch.get_or_insert(now)))
    }

    fn start_if_wanted(
        &self,
        config: &Config,
        session: &mut Session<D>,
        output: &mut Output<'_>,
        times: &Times,
    ) {
        if !session.start_wanted {
            return;
        }
        self.with_tasks(|tasks| {
            let bound = Output::start_sequence_bound::<D>(config, tasks.len());
            if output.ring.free() < bound.min(Self::CAPACITY - 1) {
                if output.chain.mode >= Mode::Recording {
                    output.chain.mode = Mode::Restarting;
                }
                return;
            }
            session.start_wanted = false;
            let is_first = output.chain.usual_mode == Mode::Stopped;
            output.chain.usual_mode = match config.when_full {
                WhenFull::Drop => Mode::Recording,
                WhenFull::Wait | WhenFull::Write(_) => Mode::Waiting,
            };
            if output.chain.mode != Mode::Dropping {
                output.chain.mode = output.chain.usual_mode;
            }
            output.chain.idle = false;
            let now = output.now;
            if is_first {
                output.now = self.epoch(now);
                output.chain.last = output.now;
            }
            output.begin();
            output.now = now;
            output.start_sequence(
                &mut session.dialect,
                config,
                times.clock_hz,
                times.microseconds,
                tasks.iter(),
            );
        });
    }
}

/// What the user's own functions say, which must not be called inside the critical section.
struct Times {
    clock_hz: u32,
    microseconds: Option<u64>,
}

impl Times {
    fn of<C: Clock>(settings: &Settings<C>) -> Self {
        Self {
            clock_hz: settings.clock.hz(),
            microseconds: settings.config.microseconds.map(|time| time()),
        }
    }
}
