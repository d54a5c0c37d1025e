//! Recordings, read as a command reads them.

use std::convert::Infallible;

use leakscope_analysis::Analysis;
use leakscope_analysis::findings::Verdict;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::outcome::{AnomalyKind, CallSite, Outcome};
use leakscope_analysis::problem::{Problem, ProblemKind};
use leakscope_analysis::trace::{EventKind, Feed, HEAD, HeapEvent, Layout, Start, Step};

/// All that was read.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) events: Vec<Seen>,
    pub(crate) outcome: Outcome,
}

/// An event, as a listing would show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) time: u64,
    pub(crate) core: u8,
    /// The name of its context at that moment.
    pub(crate) context: String,
    pub(crate) input: usize,
    pub(crate) offset: u64,
    pub(crate) id: u32,
    pub(crate) payload: Vec<u8>,
    pub(crate) kind: Kind,
}

/// [`EventKind`], without borrowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    System,
    Api,
    /// The event's module and number.
    Module(Option<(String, u32)>),
    /// With the frames of its call stack.
    Heap(HeapEvent, Vec<u64>),
    Log(String),
    LogInElf(u32),
    Mark(u32),
    Gap {
        from: u64,
        packets: Option<u64>,
        bytes: u64,
    },
    Start(Start),
    Stop,
    Unreadable,
}

/// Reads inputs in large pieces, event by event. Who reads in the fast lane must get the same answer.
pub(crate) fn read(inputs: &[Vec<u8>]) -> Reading {
    let reading = read_in_pieces(inputs, || usize::MAX);
    let mut quick = Analysis::new(&layout(inputs), KeepAll);
    let Ok(_) = quick.run(inputs);
    assert_eq!(
        format!("{:?}", quick.outcome()),
        format!("{:?}", reading.outcome)
    );
    reading
}

pub(crate) fn layout(inputs: &[Vec<u8>]) -> Layout {
    let heads: Vec<&[u8]> = inputs
        .iter()
        .map(|input| &input[..input.len().min(HEAD)])
        .collect();
    Layout::of(&heads)
}

/// Reads one input.
pub(crate) fn read_one(input: Vec<u8>) -> Reading {
    read(&[input])
}

/// Reads inputs in pieces of at most as many bytes as `piece` says each time.
pub(crate) fn read_in_pieces(inputs: &[Vec<u8>], piece: impl FnMut() -> usize) -> Reading {
    let mut feed = Pieces { inputs, piece };
    let mut analysis = Analysis::new(&layout(inputs), KeepAll);
    let mut events = Vec::new();
    while let Ok(Step::Event(event, trace)) = analysis.step(&mut feed) {
        let described = |kind: &EventKind<'_>| match *kind {
            EventKind::System => Kind::System,
            EventKind::Api => Kind::Api,
            EventKind::Module | EventKind::FreeOfOther { .. } => Kind::Module(
                trace
                    .module_event(&event)
                    .map(|module| (module.description.to_owned(), module.number)),
            ),
            EventKind::Heap(heap) => {
                Kind::Heap(heap, trace.stacks().frames(stack_of(&heap)).to_vec())
            }
            EventKind::Log(print) => Kind::Log(print.formatted().to_string()),
            EventKind::LogInElf { address, .. } => Kind::LogInElf(address),
            EventKind::Mark { marker } => Kind::Mark(marker),
            EventKind::Gap {
                from,
                packets,
                bytes,
            } => Kind::Gap {
                from,
                packets,
                bytes,
            },
            EventKind::Start(start) => Kind::Start(start),
            EventKind::Stop => Kind::Stop,
            EventKind::Unreadable => Kind::Unreadable,
        };
        events.push((
            event.context,
            Seen {
                time: event.time,
                core: event.core,
                context: String::new(),
                input: event.input,
                offset: event.offset,
                id: event.id,
                payload: event.payload.to_vec(),
                kind: described(&event.kind),
            },
        ));
    }
    let outcome = analysis.outcome();
    let events = events
        .into_iter()
        .map(|(context, event)| Seen {
            context: outcome.context_name(context),
            ..event
        })
        .collect();
    Reading { events, outcome }
}

/// Inputs of which each read brings no more bytes than `piece` says, but at least one.
struct Pieces<'i, P> {
    inputs: &'i [Vec<u8>],
    piece: P,
}

impl<P: FnMut() -> usize> Feed for Pieces<'_, P> {
    type Error = Infallible;

    fn read_at(
        &mut self,
        input: usize,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, Infallible> {
        let most = buffer.len().min((self.piece)().max(1));
        self.inputs.read_at(input, offset, &mut buffer[..most])
    }
}

fn stack_of(event: &HeapEvent) -> leakscope_analysis::trace::StackId {
    match *event {
        HeapEvent::Allocation { stack, .. }
        | HeapEvent::Reallocation { stack, .. }
        | HeapEvent::Moving { stack, .. }
        | HeapEvent::Moved { stack, .. }
        | HeapEvent::Kept { stack, .. }
        | HeapEvent::Free { stack, .. }
        | HeapEvent::Failed { stack, .. }
        | HeapEvent::FreeOfNull { stack } => stack,
        HeapEvent::Define { .. } => leakscope_analysis::trace::StackId::NONE,
    }
}

impl Reading {
    /// The events of the heap.
    pub(crate) fn heap(&self) -> Vec<&Seen> {
        let is_heap = |event: &&Seen| matches!(event.kind, Kind::Heap(..));
        self.events.iter().filter(is_heap).collect()
    }

    /// Contexts of the heap's events, in order.
    pub(crate) fn heap_contexts(&self) -> Vec<&str> {
        let events = self.heap().into_iter();
        events.map(|event| event.context.as_str()).collect()
    }

    /// The texts of the log, in order.
    pub(crate) fn logs(&self) -> Vec<&str> {
        let text = |event| match event {
            &Seen {
                kind: Kind::Log(ref text),
                ..
            } => Some(text.as_str()),
            _ => None,
        };
        self.events.iter().filter_map(text).collect()
    }

    /// How many events there are with an id.
    pub(crate) fn count(&self, id: u32) -> usize {
        self.events.iter().filter(|event| event.id == id).count()
    }

    /// The problem with this code, if there is one.
    pub(crate) fn problem(&self, code: &str) -> Option<&Problem> {
        let mut problems = self.outcome.problems.iter();
        problems.find(|problem| problem.kind.code() == code)
    }

    /// The codes of all problems, but that the recording is short: most are here.
    pub(crate) fn codes(&self) -> Vec<&'static str> {
        let codes = self
            .outcome
            .problems
            .iter()
            .map(|problem| problem.kind.code());
        codes.filter(|&code| code != "too-short").collect()
    }

    /// The kinds of the anomalies, by name.
    pub(crate) fn anomalies(&self) -> Vec<&'static str> {
        let anomalies = self.outcome.anomalies.iter();
        anomalies
            .map(|anomaly| match anomaly.kind {
                AnomalyKind::DoubleFree { .. } => "double free",
                AnomalyKind::WrongFree { .. } => "wrong free",
            })
            .collect()
    }

    /// The call site with this stack.
    pub(crate) fn site(&self, stack: &[u32]) -> &CallSite {
        let stack: Vec<u64> = stack.iter().copied().map(u64::from).collect();
        let mut sites = self.outcome.call_sites.iter();
        sites
            .find(|site| site.stack == stack)
            .unwrap_or_else(|| panic!("no call site {stack:x?} in {:#x?}", self.outcome.call_sites))
    }

    /// The verdict on a call site.
    pub(crate) fn verdict(&self, stack: &[u32]) -> Verdict {
        self.site(stack).finding.verdict
    }

    /// How the recordings began.
    pub(crate) fn starts(&self) -> Vec<Start> {
        let start = |event: &Seen| match event.kind {
            Kind::Start(start) => Some(start),
            _ => None,
        };
        self.events.iter().filter_map(start).collect()
    }

    /// What must be true of every reading, whatever was read.
    pub(crate) fn check(&self) {
        let mut time = 0;
        for event in &self.events {
            assert!(event.time >= time, "time runs backwards at {event:?}");
            time = event.time;
        }
        let outcome = &self.outcome;
        let totals = &outcome.totals;
        let sum = |count: fn(&CallSite) -> u64| outcome.call_sites.iter().map(count).sum::<u64>();
        assert_eq!(sum(|site| site.allocations), totals.allocations);
        assert_eq!(sum(|site| site.allocated_bytes), totals.allocated_bytes);
        assert_eq!(
            sum(|site| site.outstanding_blocks),
            totals.outstanding_blocks
        );
        assert_eq!(sum(|site| site.outstanding_bytes), totals.outstanding_bytes);
        assert_eq!(sum(|site| site.bytes_at_peak), totals.peak_bytes);
        assert_eq!(outcome.peak.bytes, totals.peak_bytes);
        assert!(totals.outstanding_blocks <= totals.allocations);
        assert!(totals.heap_events <= totals.events);
        let shown = |session: &leakscope_analysis::outcome::Session| session.heap_events;
        assert_eq!(
            outcome.sessions.iter().map(shown).sum::<u64>(),
            totals.heap_events,
            "each heap event belongs to one session"
        );
        for session in &outcome.sessions {
            assert!(session.start <= session.end && session.end <= totals.end);
        }
        if totals.heap_events == 0 && totals.events > 0 {
            assert!(self.problem("no-heap-events").is_some());
        }
        for problem in &outcome.problems {
            assert!(problem.count > 0);
            assert!(!problem.kind.message(problem.count).is_empty());
        }
        let skipped = self
            .outcome
            .problems
            .iter()
            .map(|problem| match problem.kind {
                ProblemKind::Skipped { bytes }
                | ProblemKind::BeforeStart { bytes }
                | ProblemKind::Cut { bytes } => bytes,
                _ => 0,
            });
        assert!(skipped.sum::<u64>() <= totals.bytes);
    }
}
