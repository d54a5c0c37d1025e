//! The packets that are no part of the hot path: descriptions, starts, stops, losses.

use leakscope_systemview::{Extended, Packet, SystemDescription, SystemItem, Text, id};

use super::clock::{Clock, Told};
use super::dialect;
use super::event::Start;
use super::modules::Description;
use super::reader::{Meant, Trace};
use super::stream::Piece;
use super::tasks::TaskStack;
use crate::problem::ProblemKind;

impl Trace {
    /// Packets that are no part of the hot path: descriptions, starts, stops, losses.
    #[inline(never)]
    pub(super) fn interpret_rarity(&mut self, index: usize, piece: &Piece) -> Meant {
        let payload = self.streams[index].stream.payload(piece).to_vec();
        let Ok(packet) = Packet::of(piece.id(), &payload) else {
            return self.unreadable(index, piece);
        };
        self.note_stream_facts(index, piece, &packet);
        if self.has_copies() && id::is_for_both_cores(piece.id()) {
            if let Some(behind) = self.copies.go_on(piece.time) {
                self.streams[behind.stream].stream.catch_up(behind.ticks);
            }
            if self.copies.is_copy(index, piece.id(), &payload) {
                self.counts.copies += 1;
                return Meant::Nothing;
            }
        }
        let meant = self.act(index, piece, &packet);
        let is_past_clock = matches!(packet, Packet::ModuleDesc { .. } | Packet::TaskInfo { .. });
        if is_past_clock && std::mem::take(&mut self.streams[index].asks_clock) {
            // The clock was to be told before: it was not, or its packet is lost.
            return Meant::Start(self.pause(index, piece));
        }
        meant
    }

    pub(super) fn has_copies(&self) -> bool {
        self.espressif && self.streams.len() > 1
    }

    /// What a packet says of its own stream holds, even if it is a copy of another stream's.
    pub(super) fn note_stream_facts(&mut self, index: usize, piece: &Piece, packet: &Packet<'_>) {
        match *packet {
            Packet::Init(init) => {
                let source = &mut self.streams[index];
                let before = std::mem::replace(&mut source.init, init).timestamp_hz;
                source.has_init = true;
                source.target_clock.is_said();
                if before != 0 && ![0, before].contains(&init.timestamp_hz) {
                    let kind = ProblemKind::ClockChanged {
                        before: self.target.timestamp_hz,
                        now: init.timestamp_hz,
                    };
                    self.piece_problem(index, kind, piece);
                } else if self.target.timestamp_hz == 0 {
                    self.target.timestamp_hz = init.timestamp_hz;
                    self.target.cpu_hz = init.cpu_hz;
                } else if self.target.timestamp_hz != init.timestamp_hz {
                    let kind = ProblemKind::ClocksDiffer;
                    self.piece_problem(index, kind, piece);
                }
            }
            Packet::ModuleDesc { offset, text, .. } => {
                let text = text.to_string();
                // Espressif's cores share one firmware, and so its modules.
                let shared = self.espressif;
                let mut told = Description::Fits;
                for (other, source) in self.streams.iter_mut().enumerate() {
                    if other == index || shared {
                        let (ids, description) = source.modules.register(offset, &text);
                        for id in ids {
                            source.stream.set_lane(id, source.modules.lane(id));
                        }
                        told = told.max(description);
                    }
                }
                let kind = match told {
                    Description::Fits => return,
                    Description::Resembles => ProblemKind::DescriptionDamaged { offset },
                    Description::Disagrees => ProblemKind::DescriptionsDisagree { offset },
                };
                self.piece_problem(index, kind, piece);
            }
            _ => {}
        }
    }

    /// Does what a packet says, to the state that all streams share.
    pub(super) fn act(&mut self, index: usize, piece: &Piece, packet: &Packet<'_>) -> Meant {
        let init = self.streams[index].init;
        match *packet {
            Packet::Overflow { drop_count } => return self.overflow(index, piece, drop_count),
            Packet::TaskInfo {
                task,
                priority,
                name,
            } => {
                let name = name.to_string();
                self.tasks.name(init.expand(task), name, priority);
            }
            Packet::StackInfo {
                task,
                base,
                size,
                usage,
            } => self
                .tasks
                .stack(init.expand(task), TaskStack { base, size, usage }),
            Packet::NameResource { resource, name } => {
                self.resources.insert(resource, name.to_string());
            }
            Packet::SysDesc { text } => self.describe_system(text),
            Packet::TraceStart => return Meant::Start(self.start(index, piece)),
            Packet::TraceStop => {
                self.streams[index].target_clock.is_said();
                self.was_stopped = true;
                self.forget_running(piece.core());
                return Meant::Stop;
            }
            Packet::SystimeUs { microseconds } => {
                return self.follow_clock(index, piece, Clock::Microseconds(microseconds));
            }
            Packet::SystimeCycles { cycles } => {
                return self.follow_clock(index, piece, Clock::Cycles(cycles));
            }
            Packet::MarkStart { marker } => return Meant::Mark(marker),
            Packet::Extended(extended) => match extended {
                Extended::Mark { marker } => return Meant::Mark(marker),
                Extended::NameMarker { marker, name } => {
                    self.markers.insert(marker, name.to_string());
                }
                Extended::PrintElf { .. } => {
                    self.counts.log_messages += 1;
                    return Meant::Log;
                }
                _ => {
                    if let Some(event) = dialect::read_extended(&extended, &init) {
                        return self.heap(event);
                    }
                }
            },
            _ => {}
        }
        Meant::System
    }

    /// The count is cumulative, and does not hold the packet that found the buffer full.
    pub(super) fn overflow(&mut self, index: usize, piece: &Piece, drop_count: u32) -> Meant {
        // Espressif's cores share one buffer, and so its count.
        let shared = self.espressif;
        let before = self.streams[index].drop_count.unwrap_or(0);
        for (other, source) in self.streams.iter_mut().enumerate() {
            if other == index || shared {
                source.drop_count = Some(drop_count);
            }
        }
        let packets = match drop_count.checked_sub(before) {
            Some(more) => u64::from(more) + 1,
            None => u64::from(drop_count) + 1,
        };
        self.counts.dropped += packets;
        let kind = ProblemKind::Overflow { packets };
        self.piece_problem(index, kind, piece);
        self.forget_running(piece.core());
        Meant::Gap {
            from: piece.time.saturating_sub(u64::from(piece.delta)),
            packets,
        }
    }

    /// From now on nobody knows who runs on a core, or on all that share its buffer.
    fn forget_running(&mut self, core: u8) {
        if self.espressif {
            self.cores.forget();
        } else {
            self.cores.of(core).forget();
        }
    }

    pub(super) fn start(&mut self, index: usize, piece: &Piece) -> Start {
        self.told_time.begin(index);
        let first_of_all = self.streams.iter().all(|source| !source.started);
        let after_stop = std::mem::take(&mut self.was_stopped);
        let source = &mut self.streams[index];
        source.target_clock.begin(self.counts.packets, after_stop);
        let first_here = !std::mem::replace(&mut source.started, true);
        self.pauses += u32::from(after_stop && !first_of_all);
        source.was_paused = source.pauses < self.pauses;
        source.pauses = self.pauses;
        if first_of_all {
            return Start::First;
        }
        if !first_here {
            let shared = self.espressif;
            for (other, source) in self.streams.iter_mut().enumerate() {
                if other == index || shared {
                    source.modules.restart();
                }
            }
        }
        if first_here || !after_stop {
            return Start::Repeated;
        }
        // If it was a reset, the other cores are to come to it, too.
        if self.waits_for_others() && self.streams[index].target_clock.is_known() {
            self.streams[index].asks_clock = true;
            return Start::Repeated;
        }
        self.pause(index, piece)
    }

    /// The recording was stopped and started again, and the target ran on.
    fn pause(&mut self, index: usize, piece: &Piece) -> Start {
        let offset = self.streams[index].stream.offset(piece);
        self.begin_session(index, ProblemKind::Paused, offset, piece.time);
        Start::AfterStop
    }

    /// Another session begins, as this problem says.
    pub(super) fn begin_session(&mut self, index: usize, why: ProblemKind, offset: u64, time: u64) {
        self.problem(index, why, offset, Some(time));
        self.cores.forget();
        self.before_session = self.counts.heap_events;
    }

    /// The target's clock was told at this time.
    fn ask_clock(&mut self, index: usize, time: u64, clock: Clock) -> Told {
        let may_be_shifted = !self.espressif;
        let source = &mut self.streams[index];
        let (init, damaged_at) = (source.init, source.damaged_at);
        let target_clock = &mut source.target_clock;
        match clock {
            Clock::Microseconds(now) => target_clock.microseconds(now, time, &init, damaged_at),
            Clock::Cycles(now) => target_clock.cycles(now, time, &init, may_be_shifted, damaged_at),
        }
    }

    /// Whether the target was reset if it says this at that time, behind a start sequence.
    pub(super) fn would_be_reset(&mut self, index: usize, time: u64, clock: Clock) -> bool {
        let before = self.streams[index].target_clock;
        self.streams[index].target_clock.begin(0, false);
        let told = self.ask_clock(index, time, clock);
        self.streams[index].target_clock = before;
        told == Told::Reset
    }

    /// The target's clock was told.
    fn follow_clock(&mut self, index: usize, piece: &Piece, clock: Clock) -> Meant {
        let is_start = self.streams[index].target_clock.has_begun();
        let source = &self.streams[index];
        let ticks = clock.in_ticks(&source.init);
        let keeps_step = (source.target_clock).keeps_step(clock, piece.time, &source.init);
        let waits = self.is_holding() || self.waits_for_others();
        let told = self.ask_clock(index, piece.time, clock);
        let ran_on = keeps_step || self.others_ran_on(index, ticks);
        let source = &mut self.streams[index];
        let hz = source.init.timestamp_hz;
        self.told_time.tell(index, ticks, piece.time, hz);
        let is_empty = self.counts.heap_events == self.before_session;
        let was_stopped = std::mem::take(&mut source.asks_clock);
        let is_likely_on = if waits {
            ran_on
        } else {
            source.was_paused || is_empty
        };
        if told == Told::RunsOn || told == Told::Either && is_likely_on {
            if is_start && waits {
                self.run_on(index, piece.time, ticks);
            }
            return if was_stopped {
                Meant::Start(self.pause(index, piece))
            } else {
                Meant::System
            };
        }
        if waits {
            self.hold(index, piece, told, ticks);
            return Meant::System;
        }
        source.restarts += 1;
        if source.restarts <= self.restarts {
            // Another core has told of it.
            return Meant::System;
        }
        self.restarts = self.streams[index].restarts;
        let offset = self.streams[index].stream.offset(piece);
        if told == Told::Reset {
            self.reset(index, offset, piece.time);
            return Meant::Start(Start::AfterReset);
        }
        self.begin_session(index, ProblemKind::PerhapsRestart, offset, piece.time);
        Meant::Start(Start::PerhapsAfterReset)
    }

    pub(super) fn reset(&mut self, index: usize, offset: u64, time: u64) {
        self.begin_session(index, ProblemKind::Restart, offset, time);
        self.tasks.forget_all();
        self.admitted.clear();
        self.stacks.are_of_whole_calls = false;
        self.stacks.leave_blocks_out = false;
        for source in &mut self.streams {
            source.drop_count = None;
            source.modules.restart();
        }
    }

    pub(super) fn describe_system(&mut self, text: Text<'_>) {
        for item in SystemDescription(text).items() {
            let target = &mut self.target;
            match item {
                SystemItem::Application(name) => target.application = Some(name.to_string()),
                SystemItem::Device(name) => target.device = Some(name.to_string()),
                SystemItem::OperatingSystem(name) => {
                    target.operating_system = Some(name.to_string());
                }
                SystemItem::ElfSha256(digits) => target.elf_sha256 = Some(digits.to_string()),
                SystemItem::Interrupt { number, name } => {
                    let name = name.to_string();
                    match target.interrupts.iter_mut().find(|known| known.0 == number) {
                        Some(known) => known.1 = name,
                        None => target.interrupts.push((number, name)),
                    }
                }
                _ => {}
            }
        }
    }
}
