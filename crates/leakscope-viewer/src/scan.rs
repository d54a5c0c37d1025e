//! The one pass over a trace: everything is read once, for the analysis and for the index.

use std::io;

use leakscope_analysis::heap::{Effect, FoldStack, HeapModel, Watcher};
use leakscope_analysis::trace::{Context, Event, Layout, Occasion, Pause, Switch, Trace};
use leakscope_report::program::AllocatorFrames;
use leakscope_report::units::Clock;
use leakscope_systemview::id;

use crate::index::Index;
use crate::names::Names;
use crate::query::Window;
use crate::source::TraceInputs;

/// A trace as far as it was read.
pub(crate) struct Scan<'s> {
    pub(crate) layout: Layout,
    pub(crate) trace: Trace,
    pub(crate) heap: HeapModel,
    pub(crate) index: Index,
    fold: AllocatorFrames<'s>,
}

/// How reading went on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// There is more to read.
    More,
    /// There may be more, later.
    Waiting,
    /// Everything was read.
    Finished,
}

impl<'s> Scan<'s> {
    /// Of a trace that is laid out like this, and has so many bytes, as far as that is known.
    pub(crate) fn new(layout: Layout, bytes: u64, fold: AllocatorFrames<'s>) -> Self {
        Self {
            trace: Trace::new(&layout),
            heap: HeapModel::default(),
            index: Index::for_length(bytes),
            fold,
            layout,
        }
    }

    /// A call stack without the allocator's own frames, as call sites are told apart by it.
    pub(crate) fn program_frames<'f>(&self, frames: &'f [u64]) -> &'f [u64] {
        let mut fold = self.fold;
        fold.split(frames).1
    }

    /// One tick behind the last event.
    pub(crate) fn end(&self) -> u64 {
        self.trace.end() + 1
    }

    /// A window within the bounds of the trace; all of it without one.
    pub(crate) fn bounded(&self, window: Option<Window>) -> Window {
        let end = self.end();
        match window {
            None => Window { from: 0, to: end },
            Some(Window { from, to }) => {
                let from = from.min(end - 1);
                Window {
                    from,
                    to: to.clamp(from + 1, end),
                }
            }
        }
    }

    /// What the ticks are.
    pub(crate) fn clock(&self) -> Clock {
        Clock::new(self.trace.target().timestamp_hz, self.trace.end())
    }

    /// The number of a context, as the page knows it: -1 is none.
    pub(crate) fn context_number(&self, context: Context) -> i64 {
        (self.index.actors.context(context)).map_or(-1, i64::from)
    }

    /// Reads so many events, or as many as there are.
    pub(crate) fn advance(
        &mut self,
        source: &mut dyn TraceInputs,
        names: &mut Names<'_>,
        events: u64,
    ) -> io::Result<Progress> {
        let end = self.index.sections.events + events;
        while self.index.sections.events < end {
            let mut watching = Watching {
                index: &mut self.index,
                names: &mut *names,
            };
            let heap = &mut self.heap;
            match heap.run(&mut self.trace, &mut *source, &mut self.fold, &mut watching)? {
                Pause::Enough => self.index.begin_section(&self.trace),
                Pause::Waiting => return Ok(Progress::Waiting),
                Pause::Finished => return Ok(Progress::Finished),
            }
        }
        Ok(Progress::More)
    }
}

/// The index, being told what happens.
struct Watching<'i, 'n, 's> {
    index: &'i mut Index,
    names: &'n mut Names<'s>,
}

impl Watcher for Watching<'_, '_, '_> {
    #[inline]
    fn is_full(&self) -> bool {
        self.index.is_full()
    }

    /// The first event of an id that is not predefined is looked at more closely, for its name. And only an event
    /// has the task that stops.
    #[inline]
    fn takes_plain(&self, id: u32) -> bool {
        match id {
            id::TASK_STOP_READY => false,
            id::FIRST_API.. => self.index.system.knows(id),
            _ => true,
        }
    }

    #[inline(always)]
    fn affected(&mut self, now: &Occasion, id: u32, named: u64, effect: &Effect, _: &HeapModel) {
        self.index.affected(now, id, named, effect);
    }

    #[inline(never)]
    fn switched(&mut self, switch: &Switch) {
        self.index.switched(switch);
    }

    fn event(
        &mut self,
        event: &Event<'_>,
        effect: Option<&Effect>,
        trace: &Trace,
        _heap: &HeapModel,
    ) {
        self.names.learn(event, trace);
        let is_first = self.index.observe(event, effect, trace);
        if is_first && event.id >= id::FIRST_API {
            let named = self
                .names
                .naming
                .named(event, trace, &mut self.names.symbolizer);
            self.index.system.learn_name(event.id, named.name);
        }
    }
}
