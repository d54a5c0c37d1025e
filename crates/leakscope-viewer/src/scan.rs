//! The one pass over a trace: everything is read once, for the analysis and for the index.
#[cfg(test)]
mod tests;

use std::io;

use leakscope_analysis::heap::{Effect, FoldStack, HeapModel, Watcher};
use leakscope_analysis::trace::{
    Context, Event, EventKind, Layout, Occasion, Pause, Switch, Trace,
};
use leakscope_report::program::AllocatorFrames;
use leakscope_report::units::Clock;
use leakscope_systemview::{id, varint};

use crate::index::Index;
use crate::index::actors::Actors;
use crate::index::batch::Batch;
use crate::index::record::Other;
use crate::index::sections::Sections;
use crate::index::system::SystemIndex;
use crate::names::Names;
use crate::query::Window;
use crate::second::Second;
use crate::source::TraceInputs;

/// A trace as far as it was read.
pub(crate) struct Scan<'s> {
    pub(crate) layout: Layout,
    pub(crate) trace: Trace,
    pub(crate) heap: HeapModel,
    pub(crate) sections: Sections,
    pub(crate) system: SystemIndex,
    pub(crate) actors: Actors,
    /// To be asked only after [`Scan::catch_up`].
    pub(crate) index: Index,
    second: Second,
    batch: Batch,
    fold: AllocatorFrames<'s>,
    /// Whether nothing can be read again.
    pub(crate) is_gone: bool,
}

/// Records that are handed on at once.
const BATCH: u64 = 4096;

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
            sections: Sections::for_length(bytes),
            system: SystemIndex::default(),
            actors: Actors::default(),
            index: Index::default(),
            second: Second::if_there_is_a_core(),
            batch: Batch::default(),
            fold,
            layout,
            is_gone: false,
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
        (self.actors.context(context)).map_or(-1, i64::from)
    }

    /// Reads so many events, or as many as there are.
    pub(crate) fn advance(
        &mut self,
        source: &mut dyn TraceInputs,
        names: &mut Names<'_>,
        events: u64,
    ) -> io::Result<Progress> {
        let progress = self.read(source, names, self.sections.events + events);
        self.batch.other(Other::Settle {
            time: self.trace.end(),
            lanes: self.actors.lanes().len(),
        });
        self.second.hand_on(&mut self.batch, &mut self.index);
        progress
    }

    fn read(
        &mut self,
        source: &mut dyn TraceInputs,
        names: &mut Names<'_>,
        end: u64,
    ) -> io::Result<Progress> {
        let mut full_at = self.sections.events + BATCH;
        loop {
            let mut watching = Watching {
                until: self.sections.full_at.min(full_at),
                sections: &mut self.sections,
                system: &mut self.system,
                actors: &mut self.actors,
                names: &mut *names,
                batch: &mut self.batch,
            };
            let heap = &mut self.heap;
            match heap.run(&mut self.trace, &mut *source, &mut self.fold, &mut watching)? {
                Pause::Enough => {}
                Pause::Waiting => return Ok(Progress::Waiting),
                Pause::Finished => return Ok(Progress::Finished),
            }
            if self.sections.is_full() {
                let begun = begin_section(&mut self.sections, &self.trace);
                self.batch.other(begun);
                if self.sections.events >= end {
                    return Ok(Progress::More);
                }
            }
            if self.sections.events >= full_at {
                full_at = self.sections.events + BATCH;
                self.second.hand_on(&mut self.batch, &mut self.index);
            }
        }
    }

    /// Waits until the index holds all that was read. It is an error if it could not be kept.
    pub(crate) fn catch_up(&mut self) -> io::Result<()> {
        self.second.catch_up(&mut self.index);
        self.index.take_error()
    }
}

/// Begins a section here, if reading can begin here.
fn begin_section(sections: &mut Sections, trace: &Trace) -> Other {
    match trace.checkpoint() {
        Some(checkpoint) => {
            let time = trace.end();
            let joined = sections.begin(time, checkpoint);
            Other::Section { time, joined }
        }
        None => {
            sections.postpone();
            Other::Full
        }
    }
}

/// Notes what happens, for the index.
struct Watching<'i, 'n, 's> {
    /// Up to so many events.
    until: u64,
    sections: &'i mut Sections,
    system: &'i mut SystemIndex,
    actors: &'i mut Actors,
    names: &'n mut Names<'s>,
    batch: &'i mut Batch,
}

impl Watching<'_, '_, '_> {
    #[inline(always)]
    fn count(&mut self, id: u32) {
        self.sections.events += 1;
        self.system.count(id);
    }

    /// A task is named.
    fn learn_task(&mut self, event: &Event<'_>, trace: &Trace) {
        let Ok((id, _)) = varint::read(event.payload, 0) else {
            return;
        };
        if let Some(task) = trace.task_index(event, id) {
            self.actors.learn(task, &trace.tasks()[task.index()]);
        }
    }
}

impl Watcher for Watching<'_, '_, '_> {
    #[inline]
    fn is_full(&self) -> bool {
        self.sections.events >= self.until
    }

    /// The first event of an id is looked at more closely, for its name. And only an event has the task that stops. (Nobody can
    /// foresee whether an id is predefined: a branch on that takes more time than to look it up.)
    #[inline]
    fn takes_plain(&self, id: u32) -> bool {
        id != id::TASK_STOP_READY && self.system.knows(id)
    }

    #[inline(always)]
    fn affected(&mut self, now: &Occasion, id: u32, named: u64, effect: &Effect, _: &HeapModel) {
        self.count(id);
        self.batch.affected(now, named, effect, self.actors);
    }

    #[inline(always)]
    fn switched(&mut self, switch: &Switch) {
        self.count(switch.id);
        self.batch.switched(switch, self.actors);
    }

    fn event(
        &mut self,
        event: &Event<'_>,
        effect: Option<&Effect>,
        trace: &Trace,
        _heap: &HeapModel,
    ) {
        self.names.learn(event, trace);
        if event.id == id::TASK_INFO {
            self.learn_task(event, trace);
        }
        let is_first = !self.system.knows(event.id);
        self.count(event.id);
        self.batch.event(event, effect, trace, self.actors);
        if matches!(event.kind, EventKind::System) {
            self.system.observe(event, trace);
        }
        if is_first && event.id >= id::FIRST_API {
            let named = self
                .names
                .naming
                .named(event, trace, &mut self.names.symbolizer);
            self.system.learn_name(event.id, named.name);
        }
    }
}
