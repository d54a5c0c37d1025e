//! The trace itself: bytes are supplied, events come out, in time order over all cores.

use leakscope_systemview::{Extended, Init, Packet, id};
use rustc_hash::FxHashMap;

use super::admitted::Admitted;
use super::clock::TargetClock;
use super::context::{Context, Cores};
use super::copies::Copies;
use super::dialect::Dialects;
use super::event::{Event, EventKind, HeapEvent, Start};
use super::feed::Feed;
use super::layout::Layout;
use super::modules::Modules;
use super::stacks::{StackId, Stacks};
use super::stream::{Piece, Ready, Special, Stream};
use super::tasks::Tasks;
use super::together::Held;
use super::told_time::ToldTime;
use super::unnamed::Unnamed;
use crate::outcome::Target;
use crate::problem::{ProblemKind, Problems};

/// The answer of [`Trace::step`].
#[derive(Debug)]
pub enum Step<'t> {
    /// The next event, and the trace up to it.
    Event(Event<'t>, &'t Trace),
    /// There may be more, later: ask again.
    Waiting,
    /// Every stream has ended.
    Finished,
}

/// A trace that is being read. It knows where in the inputs its streams are, and how far it has come there.
#[derive(Clone, Debug)]
pub struct Trace {
    pub(super) streams: Vec<StreamState>,
    pub(super) espressif: bool,
    pub(super) cores: Cores,
    pub(super) tasks: Tasks,
    pub(super) stacks: Stacks,
    pub(super) admitted: Admitted,
    pub(super) unnamed: Unnamed,
    pub(super) told_time: ToldTime,
    pub(super) resources: FxHashMap<u32, String>,
    pub(super) markers: FxHashMap<u32, String>,
    pub(super) copies: Copies,
    pub(super) target: Target,
    pub(super) counts: Counts,
    pub(super) end: u64,
    pub(super) was_stopped: bool,
    /// Each core tells of the same ones: as many as the one that tells of most.
    pub(super) restarts: u32,
    pub(super) pauses: u32,
    /// How many heap events had come before this session.
    pub(super) before_session: u64,
    pub(super) problems: Problems,
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
    /// Bytes read.
    pub bytes: u64,
}

/// One stream, and what is only true of the packets in it.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each says something else")]
pub(super) struct StreamState {
    pub(super) stream: Stream,
    pub(super) core: u8,
    /// As it says itself, or [`NO_INIT`].
    pub(super) init: Init,
    /// Whether it has said so.
    pub(super) has_init: bool,
    pub(super) modules: Modules,
    pub(super) dialects: Dialects,
    pub(super) target_clock: TargetClock,
    /// The last count of dropped packets, which is cumulative.
    pub(super) drop_count: Option<u32>,
    /// Whether its `TRACE_START` was seen.
    pub(super) started: bool,
    /// When bytes were skipped last, or the data ended inside a packet.
    pub(super) damaged_at: Option<u64>,
    /// The restarts and pauses of which it has told, or whose start sequence it has come to.
    pub(super) restarts: u32,
    pub(super) pauses: u32,
    /// Whether its last start sequence is behind a pause.
    pub(super) was_paused: bool,
    /// Whether it started behind a stop, and its clock is still to say whether the target was reset meanwhile.
    pub(super) asks_clock: bool,
    pub(super) held: Option<Held>,
    /// What its clock said, in ticks, at the last start sequence behind which the target ran on.
    pub(super) ran_on: Option<u64>,
}

/// What a packet means, before its payload is borrowed.
pub(super) enum Meant {
    System,
    Api,
    Module,
    Heap(HeapEvent),
    FreeOfOther {
        address: u64,
        stack: StackId,
    },
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

pub(super) const NO_INIT: Init = Init {
    timestamp_hz: 0,
    cpu_hz: 0,
    ram_base: 0,
    id_shift: 0,
};

impl Trace {
    /// A trace laid out like this, of which nothing was read yet.
    pub fn new(layout: &Layout) -> Self {
        let streams = layout.parts.iter().map(|&part| StreamState {
            stream: Stream::new(part),
            core: part.core,
            init: NO_INIT,
            has_init: false,
            modules: Modules::default(),
            dialects: Dialects::default(),
            target_clock: TargetClock::default(),
            drop_count: None,
            started: false,
            damaged_at: None,
            restarts: 0,
            pauses: 0,
            was_paused: false,
            asks_clock: false,
            held: None,
            ran_on: None,
        });
        let mut problems = Problems::default();
        if let Some(core) = layout.same_core_twice {
            problems.add(ProblemKind::SameCoreTwice { core }, 0, None, None);
        }
        for &input in &layout.cut_inputs {
            problems.add(ProblemKind::PackedCut, input, None, None);
        }
        Self {
            streams: streams.collect(),
            espressif: layout.espressif,
            cores: Cores::default(),
            tasks: Tasks::default(),
            stacks: Stacks::new(layout.unwinder.clone()),
            admitted: Admitted::default(),
            unnamed: Unnamed::default(),
            told_time: ToldTime::default(),
            resources: FxHashMap::default(),
            markers: FxHashMap::default(),
            copies: Copies::default(),
            target: Target::default(),
            counts: Counts::default(),
            end: 0,
            was_stopped: false,
            restarts: 0,
            pauses: 0,
            before_session: 0,
            problems,
        }
    }

    /// The next event; bytes come from `feed` when they are needed.
    ///
    /// # Errors
    /// Those of the feed. Reading can be tried again.
    #[inline]
    pub fn step<F: Feed>(&mut self, mut feed: F) -> Result<Step<'_>, F::Error> {
        loop {
            let Some((index, source)) = earliest(&mut self.streams) else {
                if !self.is_holding() {
                    return Ok(Step::Finished);
                }
                if let Some(event) = self.go_on_together() {
                    return Ok(Step::Event(event, self));
                }
                continue;
            };
            let stream = &mut source.stream;
            if let Some(number) = stream.take_frame() {
                let piece = *stream.numbered(number);
                let (context, meant) = self.interpret(index, &piece);
                if !matches!(meant, Meant::Nothing) {
                    return Ok(Step::Event(
                        self.event(index, &piece, context, &meant),
                        self,
                    ));
                }
                continue;
            }
            if let Some(special) = stream.take_special() {
                if let Some(event) = self.special_event(index, special) {
                    return Ok(Step::Event(event, self));
                }
            } else if stream.prepare() == Ready::NeedBytes && !self.read_more(index, &mut feed)? {
                return Ok(Step::Waiting);
            }
        }
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
            Meant::FreeOfOther { address, stack } => EventKind::FreeOfOther { address, stack },
            Meant::Mark(marker) => EventKind::Mark { marker },
            Meant::Gap { from, packets } => EventKind::Gap {
                from,
                packets: Some(packets),
                bytes: 0,
            },
            Meant::Start(start) => EventKind::Start(start),
            Meant::Stop => EventKind::Stop,
            Meant::Unreadable => EventKind::Unreadable,
            Meant::Log => log(piece.id(), payload).unwrap_or(EventKind::Unreadable),
        };
        Event {
            time: piece.time,
            core: piece.core(),
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
            Special::Missing { offset } => {
                let core = self.streams[index].core;
                (ProblemKind::CoreMissing { core }, offset, None)
            }
            Special::Early { offset, bytes } => {
                let core = self.streams[index].core;
                (ProblemKind::CoreBeginsEarly { core, bytes }, offset, None)
            }
            Special::Cut {
                offset,
                bytes,
                time,
            } => (ProblemKind::Cut { bytes }, offset, Some(time)),
            Special::PerhapsTorn { time, clock } => {
                // Of several cores one may be quiet for as long, and then say something before the reset.
                if self.streams.len() == 1 && self.would_be_reset(index, time, clock) {
                    self.streams[index].stream.leave_delta_out();
                }
                return None;
            }
        };
        self.streams[index].damaged_at = time;
        self.problem(index, kind, offset, time);
        let Special::Skipped { bytes, time, .. } = special else {
            return None;
        };
        self.cores.forget();
        let gap = EventKind::Gap {
            from: time,
            packets: None,
            bytes,
        };
        Some(self.event_between(index, offset, time, id::OVERFLOW, gap))
    }

    /// What no packet tells of, beside the packet with this id that would; nobody is known to run.
    pub(super) fn event_between(
        &self,
        index: usize,
        offset: u64,
        time: u64,
        id: u32,
        kind: EventKind<'static>,
    ) -> Event<'static> {
        let source = &self.streams[index];
        Event {
            time,
            core: source.core,
            context: Context::Unknown,
            input: source.stream.part.input,
            stream: index,
            offset,
            id,
            payload: &[],
            kind,
        }
    }

    pub(super) fn piece_problem(&mut self, index: usize, kind: ProblemKind, piece: &Piece) {
        let offset = self.streams[index].stream.offset(piece);
        self.problem(index, kind, offset, Some(piece.time));
    }

    pub(super) fn problem(
        &mut self,
        index: usize,
        kind: ProblemKind,
        offset: u64,
        time: Option<u64>,
    ) {
        let input = self.streams[index].stream.part.input;
        self.problems.add(kind, input, Some(offset), time);
    }
}

/// The stream whose next item is the earliest, and its place; of equals, the first. `None` if all have ended, or wait for
/// others.
#[inline(always)]
pub(super) fn earliest(streams: &mut [StreamState]) -> Option<(usize, &mut StreamState)> {
    // Written out for one core and two, because almost no recording has more.
    let (index, source) = match streams {
        [only] => (0, only),
        [first, second] => {
            if second.stream.next_time < first.stream.next_time {
                (1, second)
            } else {
                (0, first)
            }
        }
        all => {
            let all = all.iter_mut().enumerate();
            all.min_by_key(|(_, source)| source.stream.next_time)?
        }
    };
    (source.stream.next_time < u64::MAX).then_some((index, source))
}

/// The message of a packet, if it can be read.
fn log(id: u32, payload: &[u8]) -> Option<EventKind<'_>> {
    match Packet::of(id, payload) {
        Ok(Packet::PrintFormatted(print)) => Some(EventKind::Log(print)),
        Ok(Packet::Extended(Extended::PrintElf {
            address,
            options,
            arguments,
        })) => Some(EventKind::LogInElf {
            address,
            options,
            arguments,
        }),
        _ => None,
    }
}
