//! The trace itself: bytes are supplied, events come out, in time order over all cores.

use leakscope_systemview::{
    Extended, Frame, Init, Packet, SystemDescription, SystemItem, Text, id,
};
use rustc_hash::FxHashMap;

use super::clock::TargetClock;
use super::context::{Context, CoreState};
use super::copies::{self, Copies};
use super::dialect::{guess, idf, leakscope, segger};
use super::event::{Event, EventKind, HeapEvent, ModuleEvent, Start};
use super::layout::Layout;
use super::modules::{IdfEvent, Meaning, Module, Modules};
use super::stacks::Stacks;
use super::stream::{Piece, Ready, Special, Stream};
use super::tasks::{Task, TaskStack, Tasks};
use crate::outcome::Target;
use crate::problem::{ProblemKind, Problems};

/// The answer of [`Trace::step`].
#[derive(Debug)]
pub enum Step<'t> {
    /// The next event, and the trace up to it.
    Event(Event<'t>, &'t Trace),
    /// Nothing can be said before this stream has more bytes: read some into [`Trace::space`] and call
    /// [`Trace::supply`].
    NeedBytes(usize),
    /// Every stream has ended.
    Finished,
}

/// A trace that is being read.
#[derive(Clone, Debug)]
pub struct Trace {
    pub(super) streams: Vec<Source>,
    espressif: bool,
    pub(super) cores: Vec<CoreState>,
    tasks: Tasks,
    pub(super) stacks: Stacks,
    resources: FxHashMap<u32, String>,
    markers: FxHashMap<u32, String>,
    copies: Copies,
    target: Target,
    pub(super) counts: Counts,
    end: u64,
    was_stopped: bool,
    idle_since: Option<u64>,
    problems: Problems,
}

/// What was counted while reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets, on all streams.
    pub packets: u64,
    /// Those that were copies of others.
    pub copies: u64,
    /// Log messages.
    pub log_messages: u64,
    /// Packets that the target dropped, at the least.
    pub dropped: u64,
    /// Heap events.
    pub heap_events: u64,
    /// Bytes supplied.
    pub bytes: u64,
}

/// One stream, and what is only true of the packets in it.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) stream: Stream,
    pub(super) core: u8,
    init: Option<Init>,
    pub(super) modules: Modules,
    leakscope: leakscope::Dialect,
    target_clock: TargetClock,
    /// The last count of dropped packets, which is cumulative.
    drop_count: Option<u32>,
    /// Whether its `TRACE_START` was seen.
    started: bool,
}

/// What a packet means, before its payload is borrowed.
pub(super) enum Meant {
    System,
    Api,
    Module,
    Heap(HeapEvent),
    Log,
    Mark(u32),
    Gap {
        from: u64,
        packets: u64,
    },
    Start(Start),
    Stop,
    Unreadable,
    /// A copy of what another stream said.
    Nothing,
}

const NO_INIT: Init = Init {
    timestamp_hz: 0,
    cpu_hz: 0,
    ram_base: 0,
    id_shift: 0,
};

impl Trace {
    /// A trace laid out like this, of which nothing was read yet.
    pub fn new(layout: &Layout) -> Self {
        let streams = layout.parts.iter().map(|&part| Source {
            stream: Stream::new(part),
            core: part.core,
            init: None,
            modules: Modules::default(),
            leakscope: leakscope::Dialect::default(),
            target_clock: TargetClock::default(),
            drop_count: None,
            started: false,
        });
        let mut problems = Problems::default();
        if let Some(core) = layout.same_core_twice {
            problems.add(ProblemKind::SameCoreTwice { core }, 0, None, None);
        }
        Self {
            streams: streams.collect(),
            espressif: layout.espressif,
            cores: Vec::new(),
            tasks: Tasks::default(),
            stacks: Stacks::default(),
            resources: FxHashMap::default(),
            markers: FxHashMap::default(),
            copies: Copies::default(),
            target: Target::default(),
            counts: Counts::default(),
            end: 0,
            was_stopped: false,
            idle_since: None,
            problems,
        }
    }

    /// Room for more bytes of a stream; never empty.
    pub fn space(&mut self, stream: usize) -> &mut [u8] {
        self.streams[stream].stream.space()
    }

    /// So many bytes were written into [`Trace::space`]; 0 means that no more will come.
    pub fn supply(&mut self, stream: usize, count: usize) {
        self.counts.bytes += count as u64;
        self.streams[stream].stream.supply(count);
    }

    /// The next event, or what is needed to find it.
    #[inline]
    pub fn step(&mut self) -> Step<'_> {
        loop {
            let Some(index) = self.earliest() else {
                return Step::Finished;
            };
            let stream = &mut self.streams[index].stream;
            if let Some(piece) = stream.take_frame() {
                let (context, meant) = self.interpret(index, &piece);
                if !matches!(meant, Meant::Nothing) {
                    return Step::Event(self.event(index, &piece, context, &meant), self);
                }
                continue;
            }
            match stream.take_special() {
                Some(special) => {
                    if let Some(event) = self.special_event(index, special) {
                        return Step::Event(event, self);
                    }
                }
                None if stream.prepare() == Ready::NeedBytes => return Step::NeedBytes(index),
                None => {}
            }
        }
    }

    /// The stream whose next item is the earliest; of equals, the first.
    #[inline]
    pub(super) fn earliest(&self) -> Option<usize> {
        let mut earliest = (u64::MAX, None);
        for (index, source) in self.streams.iter().enumerate() {
            if source.stream.next_time < earliest.0 {
                earliest = (source.stream.next_time, Some(index));
            }
        }
        earliest.1
    }

    #[inline(always)]
    pub(super) fn event(
        &self,
        index: usize,
        piece: &Piece,
        context: Context,
        meant: &Meant,
    ) -> Event<'_> {
        let source = &self.streams[index];
        let payload = source.stream.payload(piece);
        let kind = match *meant {
            Meant::System | Meant::Nothing => EventKind::System,
            Meant::Api => EventKind::Api,
            Meant::Module => EventKind::Module,
            Meant::Heap(event) => EventKind::Heap(event),
            Meant::Mark(marker) => EventKind::Mark { marker },
            Meant::Gap { from, packets } => EventKind::Gap {
                from,
                packets: Some(packets),
                bytes: 0,
            },
            Meant::Start(start) => EventKind::Start(start),
            Meant::Stop => EventKind::Stop,
            Meant::Unreadable => EventKind::Unreadable,
            Meant::Log => log(piece.id(), payload),
        };
        Event {
            time: piece.time,
            core: source.core.max(piece.core),
            context,
            input: source.stream.part.input,
            stream: index,
            offset: source.stream.offset(piece),
            id: piece.id(),
            payload,
            kind,
        }
    }

    /// Notes what is no packet; bytes that were skipped are an event.
    pub(super) fn special_event(
        &mut self,
        index: usize,
        special: Special,
    ) -> Option<Event<'static>> {
        let (kind, offset, time) = match special {
            Special::Skipped {
                offset,
                bytes,
                time,
            } => (ProblemKind::Skipped { bytes }, offset, Some(time)),
            Special::BeforeStart { offset, bytes } => {
                (ProblemKind::BeforeStart { bytes }, offset, None)
            }
            Special::NoStart { offset } => (ProblemKind::NoStart, offset, None),
            Special::Nothing { offset } => (ProblemKind::NotSystemView, offset, None),
            Special::Cut {
                offset,
                bytes,
                time,
            } => (ProblemKind::Cut { bytes }, offset, Some(time)),
        };
        self.problem(index, kind, offset, time);
        let Special::Skipped { bytes, time, .. } = special else {
            return None;
        };
        self.cores.iter_mut().for_each(CoreState::forget);
        let source = &self.streams[index];
        Some(Event {
            time,
            core: source.core,
            context: Context::Unknown,
            input: source.stream.part.input,
            stream: index,
            offset,
            id: id::OVERFLOW,
            payload: &[],
            kind: EventKind::Gap {
                from: time,
                packets: None,
                bytes,
            },
        })
    }

    fn piece_problem(&mut self, index: usize, kind: ProblemKind, piece: &Piece) {
        let offset = self.streams[index].stream.offset(piece);
        self.problem(index, kind, offset, Some(piece.time));
    }

    fn problem(&mut self, index: usize, kind: ProblemKind, offset: u64, time: Option<u64>) {
        let input = self.streams[index].stream.part.input;
        self.problems.add(kind, input, Some(offset), time);
    }

    /// What a packet means, and who ran when it was sent.
    #[inline]
    pub(super) fn interpret(&mut self, index: usize, piece: &Piece) -> (Context, Meant) {
        let core = self.note_packet(index, piece);
        if let Some(context) = self.follow_switch(index, core, piece) {
            return (context, Meant::System);
        }
        let source = &self.streams[index];
        let meant = match piece.id() {
            id::FIRST_MODULE.. => match source.modules.meaning(piece.id()) {
                Meaning::Idf(event) => {
                    let payload = source.stream.payload(piece);
                    match idf::read(event, payload, &mut self.stacks) {
                        Some(event) => self.heap(event),
                        None => self.unreadable(index, piece),
                    }
                }
                Meaning::Module => Meant::Module,
                Meaning::Leakscope(_) | Meaning::Unknown => self.interpret_module(index, piece),
            },
            id::TASK_START_READY if !self.has_copies() => Meant::System,
            id::FIRST_API..id::FIRST_MODULE | id::END_CALL => Meant::Api,
            id::PRINT_FORMATTED => {
                self.counts.log_messages += 1;
                Meant::Log
            }
            _ => self.interpret_rarity(index, piece),
        };
        (self.cores[core].current(), meant)
    }

    /// Counts a packet; returns the core it comes from.
    #[inline]
    pub(super) fn note_packet(&mut self, index: usize, piece: &Piece) -> usize {
        self.counts.packets += 1;
        self.end = self.end.max(piece.time);
        let core = usize::from(self.streams[index].core.max(piece.core));
        if core >= self.cores.len() {
            self.cores.resize_with(core + 1, CoreState::default);
        }
        core
    }

    /// If a packet is about who runs: who that is. A packet that begins something belongs to what
    /// begins, one that ends something to what ends.
    #[inline]
    pub(super) fn follow_switch(
        &mut self,
        index: usize,
        core: usize,
        piece: &Piece,
    ) -> Option<Context> {
        let source = &self.streams[index];
        let number = || source.stream.first_number(piece);
        let address = || source.init.as_ref().unwrap_or(&NO_INIT).expand(number());
        let state = &mut self.cores[core];
        let before = state.current();
        match piece.id() {
            id::TASK_START_EXEC => {
                let task = self.tasks.at(address());
                state.start_task(task);
                return Some(Context::Task(task));
            }
            id::ISR_ENTER => {
                let interrupt = number();
                state.enter_interrupt(interrupt);
                return Some(Context::Interrupt(interrupt));
            }
            id::IDLE => {
                state.idle();
                if self.idle_since.is_none() && self.cores.iter().all(|core| core.was_idle) {
                    self.idle_since = Some(piece.time);
                }
                return Some(Context::Idle);
            }
            id::ISR_EXIT => state.exit_interrupt(),
            id::ISR_TO_SCHEDULER => state.exit_to_scheduler(),
            id::TASK_STOP_EXEC => state.stop_running_task(),
            id::TASK_STOP_READY => {
                let task = self.tasks.at(address());
                state.stop_task(task);
            }
            _ => return None,
        }
        Some(before)
    }

    fn heap(&mut self, event: HeapEvent) -> Meant {
        self.counts.heap_events += 1;
        Meant::Heap(event)
    }

    #[cold]
    pub(super) fn unreadable(&mut self, index: usize, piece: &Piece) -> Meant {
        let kind = ProblemKind::UnreadablePacket { id: piece.id() };
        self.piece_problem(index, kind, piece);
        Meant::Unreadable
    }

    /// Events of our own module, and of modules that nothing describes.
    fn interpret_module(&mut self, index: usize, piece: &Piece) -> Meant {
        let source = &mut self.streams[index];
        let payload = source.stream.payload(piece);
        if let Meaning::Leakscope(number) = source.modules.meaning(piece.id()) {
            let said = source.leakscope.read(number, payload, &mut self.stacks);
            let version = source.leakscope.version();
            return match said {
                Some(leakscope::Said::Heap(event)) => {
                    if version != leakscope::VERSION {
                        self.note_version(index, piece, version);
                    }
                    self.heap(event)
                }
                Some(leakscope::Said::Nothing) => Meant::Module,
                None => self.unreadable(index, piece),
            };
        }
        if guess::is_allocation(payload) {
            source.modules.guess_heap(piece.id());
            let kind = ProblemKind::HeapModuleGuessed { id: piece.id() };
            self.piece_problem(index, kind, piece);
            return self.interpret_guessed(index, piece);
        }
        let kind = ProblemKind::UnnamedModuleEvents { id: piece.id() };
        self.piece_problem(index, kind, piece);
        Meant::Module
    }

    /// Heap events that came before their units, or from a newer recorder.
    #[cold]
    fn note_version(&mut self, index: usize, piece: &Piece, version: u32) {
        let kind = match version {
            0 => ProblemKind::NoHeapUnits,
            version => ProblemKind::NewerRecorder { version },
        };
        self.piece_problem(index, kind, piece);
    }

    fn interpret_guessed(&mut self, index: usize, piece: &Piece) -> Meant {
        let payload = self.streams[index].stream.payload(piece);
        match idf::read(IdfEvent::Allocation, payload, &mut self.stacks) {
            Some(event) => self.heap(event),
            None => self.unreadable(index, piece),
        }
    }

    /// Packets that are no part of the hot path: descriptions, starts, stops, losses.
    #[inline(never)]
    fn interpret_rarity(&mut self, index: usize, piece: &Piece) -> Meant {
        let payload = self.streams[index].stream.payload(piece).to_vec();
        let frame = Frame {
            id: piece.id(),
            core: piece.core,
            payload: &payload,
            payload_start: 0,
            delta: piece.delta,
            length: 0,
        };
        let Ok(packet) = Packet::parse(&frame) else {
            return self.unreadable(index, piece);
        };
        self.note_stream_facts(index, piece, &packet);
        if self.has_copies()
            && copies::is_copied(piece.id())
            && self.copies.is_copy(index, piece.time, piece.id(), &payload)
        {
            self.counts.copies += 1;
            return Meant::Nothing;
        }
        self.act(index, piece, &packet)
    }

    fn has_copies(&self) -> bool {
        self.espressif && self.streams.len() > 1
    }

    /// What a packet says of its own stream holds, even if it is a copy of another stream's.
    fn note_stream_facts(&mut self, index: usize, piece: &Piece, packet: &Packet<'_>) {
        match *packet {
            Packet::Init(init) => {
                self.streams[index].init = Some(init);
                if self.target.timestamp_hz == 0 {
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
                for (other, source) in self.streams.iter_mut().enumerate() {
                    if other == index || shared {
                        for id in source.modules.register(offset, &text) {
                            source.stream.announce(id);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// Does what a packet says, to the state that all streams share.
    fn act(&mut self, index: usize, piece: &Piece, packet: &Packet<'_>) -> Meant {
        let init = self.streams[index].init.unwrap_or(NO_INIT);
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
            Packet::TaskTerminate { task } => self.tasks.forget(init.expand(task)),
            Packet::NameResource { resource, name } => {
                self.resources.insert(resource, name.to_string());
            }
            Packet::SysDesc { text } => self.describe_system(text),
            Packet::TraceStart => return Meant::Start(self.start(index, piece)),
            Packet::TraceStop => {
                self.was_stopped = true;
                return Meant::Stop;
            }
            Packet::SystimeUs { microseconds } => {
                let clock = &mut self.streams[index].target_clock;
                if clock.microseconds(microseconds, piece.time) {
                    return self.reset(index, piece);
                }
            }
            Packet::SystimeCycles { cycles } => {
                let clock = &mut self.streams[index].target_clock;
                if clock.cycles(cycles, piece.time, &init) {
                    return self.reset(index, piece);
                }
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
                    if let Some(event) = segger::read(&extended, &init) {
                        return self.heap(event);
                    }
                }
            },
            _ => {}
        }
        Meant::System
    }

    /// The count is cumulative, and does not hold the packet that found the buffer full.
    fn overflow(&mut self, index: usize, piece: &Piece, drop_count: u32) -> Meant {
        // Espressif's cores share one buffer, and so its count.
        let shared = self.espressif;
        let before = self.streams[index].drop_count.unwrap_or(0);
        for (other, source) in self.streams.iter_mut().enumerate() {
            if other == index || shared {
                source.drop_count = Some(drop_count);
            }
        }
        let source = &self.streams[index];
        let packets = match drop_count.checked_sub(before) {
            Some(more) => u64::from(more) + 1,
            None => u64::from(drop_count) + 1,
        };
        let core = usize::from(source.core.max(piece.core));
        self.counts.dropped += packets;
        let kind = ProblemKind::Overflow { packets };
        self.piece_problem(index, kind, piece);
        if self.espressif {
            self.cores.iter_mut().for_each(CoreState::forget);
        } else {
            self.cores[core].forget();
        }
        Meant::Gap {
            from: piece.time.saturating_sub(u64::from(piece.delta)),
            packets,
        }
    }

    fn start(&mut self, index: usize, piece: &Piece) -> Start {
        let first_of_all = self.streams.iter().all(|source| !source.started);
        let first_here = !std::mem::replace(&mut self.streams[index].started, true);
        let after_stop = std::mem::take(&mut self.was_stopped);
        if first_of_all {
            return Start::First;
        }
        if first_here || !after_stop {
            return Start::Repeated;
        }
        self.piece_problem(index, ProblemKind::Paused, piece);
        self.cores.iter_mut().for_each(CoreState::forget);
        Start::AfterStop
    }

    fn reset(&mut self, index: usize, piece: &Piece) -> Meant {
        self.piece_problem(index, ProblemKind::Restart, piece);
        self.cores.iter_mut().for_each(CoreState::forget);
        self.tasks.forget_all();
        for source in &mut self.streams {
            source.drop_count = None;
        }
        Meant::Start(Start::AfterReset)
    }

    fn describe_system(&mut self, text: Text<'_>) {
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

    /// Who was recorded, as far as it is known yet.
    pub fn target(&self) -> Target {
        let mut target = self.target.clone();
        target.interrupts.sort();
        target.cores = self.streams.iter().map(|source| source.core).collect();
        if self
            .streams
            .iter()
            .any(|source| source.stream.part.core_bit)
        {
            target.cores = (0..self.cores.len() as u8).collect();
        }
        target.cores.sort_unstable();
        target.cores.dedup();
        target
    }

    /// All tasks seen so far.
    pub fn tasks(&self) -> &[Task] {
        self.tasks.list()
    }

    /// The task that an event's parameter means: a shrunk id, valid at this moment of the trace.
    pub fn task(&self, event: &Event<'_>, id: u32) -> Option<&Task> {
        let init = self.init(event).unwrap_or(NO_INIT);
        self.tasks.find(init.expand(id))
    }

    /// The name of a resource, by its shrunk id.
    pub fn resource(&self, id: u32) -> Option<&str> {
        self.resources.get(&id).map(String::as_str)
    }

    /// The name of a marker.
    pub fn marker(&self, marker: u32) -> Option<&str> {
        self.markers.get(&marker).map(String::as_str)
    }

    /// The name of an interrupt.
    pub fn interrupt(&self, number: u32) -> Option<&str> {
        let known = self
            .target
            .interrupts
            .iter()
            .find(|known| known.0 == number);
        known.map(|known| known.1.as_str())
    }

    /// All call stacks seen so far.
    pub fn stacks(&self) -> &Stacks {
        &self.stacks
    }

    /// The units of the stream that an event came from.
    pub fn init(&self, event: &Event<'_>) -> Option<Init> {
        self.streams[event.stream].init
    }

    /// The module that an event belongs to, and the event's number in it.
    pub fn module_event(&self, event: &Event<'_>) -> Option<ModuleEvent<'_>> {
        let modules = &self.streams[event.stream].modules;
        modules.event(event.id)
    }

    /// The modules that were announced so far, by the stream of the event.
    pub fn modules(&self, event: &Event<'_>) -> &[Module] {
        self.streams[event.stream].modules.list()
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The last moment so far.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Since when every core has been idle at least once: by then the program had started up.
    pub fn idle_since(&self) -> Option<u64> {
        self.idle_since
    }

    /// Whether Espressif's OpenOCD wrote the recording.
    pub fn is_espressif(&self) -> bool {
        self.espressif
    }

    /// What is wrong with the data, as far as reading them showed.
    pub fn problems(&self) -> &Problems {
        &self.problems
    }
}

fn log(id: u32, payload: &[u8]) -> EventKind<'_> {
    let frame = Frame {
        id,
        core: 0,
        payload,
        payload_start: 0,
        delta: 0,
        length: 0,
    };
    match Packet::parse(&frame) {
        Ok(Packet::PrintFormatted(print)) => EventKind::Log(print),
        Ok(Packet::Extended(Extended::PrintElf {
            address,
            options,
            arguments,
        })) => EventKind::LogInElf {
            address,
            options,
            arguments,
        },
        _ => EventKind::Unreadable,
    }
}
