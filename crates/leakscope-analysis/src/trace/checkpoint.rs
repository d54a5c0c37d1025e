//! Moments from which a trace can be read again, without what came before them.

use super::reader::{StreamState, Trace};
use super::stacks::Stacks;
use super::stream::Stream;
use super::tasks::{Tasks, TasksThen};

/// A moment of a trace from which it can be read again. It holds what the events before it said of those
/// behind it, without call stacks, without bytes and without tasks that have ended: some kilobytes.
///
/// ```
/// # use leakscope_analysis::trace::{Layout, Step, Trace};
/// # let bytes = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 24, 4, 100, 100, 0, 0, 0, 17, 5, 4, 0x60, 50];
/// let inputs: &[&[u8]] = &[&bytes];
/// let mut trace = Trace::new(&Layout::of(inputs));
/// while let Step::Event(event, _) = trace.step(inputs)? {
///     if event.id == 17 {
///         break;
///     }
/// }
/// let checkpoint = trace.checkpoint().expect("reading has begun");
/// assert_eq!(checkpoint.time(), 5);
///
/// // Later: the same trace from there on.
/// let mut again = checkpoint.resume(&trace);
/// assert!(matches!(again.step(inputs)?, Step::Event(event, _) if event.id == 4 && event.time == 55));
/// # Ok::<(), std::convert::Infallible>(())
/// ```
#[derive(Clone, Debug)]
pub struct Checkpoint {
    trace: Trace,
    tasks: TasksThen,
}

impl Checkpoint {
    /// The last moment before it.
    pub fn time(&self) -> u64 {
        self.trace.end
    }

    /// Whether it holds prices of packets that this one does not, some 64 KiB a stream: something was in doubt since.
    pub fn has_learnt_since(&self, before: &Self) -> bool {
        let streams = self.trace.streams.iter().zip(&before.trace.streams);
        streams
            .into_iter()
            .any(|(now, then)| !now.stream.has_prices_of(&then.stream))
    }

    /// The trace from here on. `later` is the same trace, read as far as this or farther, so that each stack and each
    /// task keeps its number.
    pub fn resume(&self, later: &Trace) -> Trace {
        let mut trace = self.trace.clone();
        trace.stacks = later.stacks.clone();
        trace.tasks = self.tasks.with(&later.tasks);
        trace
    }
}

impl Trace {
    /// This moment, to come back to it; `None` before every stream has begun.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        let begun = |source: &StreamState| source.stream.has_begun();
        if !self.streams.iter().all(begun) {
            return None;
        }
        let streams = self.streams.iter().map(StreamState::without_bytes);
        Some(Checkpoint {
            trace: self.with_streams(streams.collect()),
            tasks: self.tasks.now(),
        })
    }

    /// A copy with other streams, without call stacks and without tasks.
    fn with_streams(&self, streams: Vec<StreamState>) -> Self {
        Self {
            streams,
            espressif: self.espressif,
            cores: self.cores.clone(),
            tasks: Tasks::default(),
            stacks: Stacks::elsewhere(),
            admitted: self.admitted.clone(),
            unnamed: self.unnamed.clone(),
            told_time: self.told_time.clone(),
            resources: self.resources.clone(),
            markers: self.markers.clone(),
            copies: self.copies.clone(),
            target: self.target.clone(),
            counts: self.counts,
            end: self.end,
            was_stopped: self.was_stopped,
            restarts: self.restarts,
            pauses: self.pauses,
            before_session: self.before_session,
            problems: self.problems.clone(),
        }
    }
}

impl StreamState {
    fn without_bytes(&self) -> Self {
        let stream: Stream = self.stream.without_unread();
        Self {
            stream,
            core: self.core,
            init: self.init,
            has_init: self.has_init,
            modules: self.modules.clone(),
            dialects: self.dialects.clone(),
            target_clock: self.target_clock,
            drop_count: self.drop_count,
            started: self.started,
            damaged_at: self.damaged_at,
            restarts: self.restarts,
            pauses: self.pauses,
            was_paused: self.was_paused,
            asks_clock: self.asks_clock,
            held: self.held,
            ran_on: self.ran_on,
        }
    }
}
