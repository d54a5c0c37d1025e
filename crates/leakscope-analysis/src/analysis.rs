//! The whole chain in one value: bytes in, events and at any moment the outcome out.

use crate::heap::{FoldStack, HeapModel, Watcher};
use crate::outcome::Outcome;
use crate::trace::{Event, Feed, Layout, Pause, Step, Trace};

/// When an event happened, as a part of a recording sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Before the part, which begins at this moment.
    Before(u64),
    /// In the part.
    Within,
    /// Behind the part, which ended at this moment.
    Behind(u64),
}

/// An analysis that is under way.
#[derive(Clone, Debug)]
pub struct Analysis<F> {
    trace: Trace,
    heap: HeapModel,
    fold: F,
}

impl<F: FoldStack> Analysis<F> {
    /// An analysis of a recording that is laid out like this; `fold` tells the allocator's own frames.
    pub fn new(layout: &Layout, fold: F) -> Self {
        Self {
            trace: Trace::new(layout),
            heap: HeapModel::default(),
            fold,
        }
    }

    /// The next event, which is taken into account before it is returned.
    ///
    /// # Errors
    /// Those of the feed.
    #[inline]
    pub fn step<D: Feed>(&mut self, feed: D) -> Result<Step<'_>, D::Error> {
        let step = self.trace.step(feed)?;
        if let Step::Event(event, trace) = &step {
            self.heap.observe(event, trace.stacks(), &mut self.fold);
        }
        Ok(step)
    }

    /// The next event, which is taken into account if it is within a part. The outcome is that of a recording that began
    /// and ended with the part: a block that was allocated before is not known, and one that was freed behind it lives.
    ///
    /// # Errors
    /// Those of the feed.
    pub fn step_in<D: Feed>(
        &mut self,
        feed: D,
        when: impl FnOnce(&Event<'_>, &Trace) -> When,
    ) -> Result<Step<'_>, D::Error> {
        let counts = self.trace.counts();
        let step = self.trace.step(feed)?;
        if let Step::Event(event, trace) = &step {
            match when(event, trace) {
                When::Before(start) => self.heap.pass(event, start, trace.counts()),
                When::Within => {
                    self.heap.observe(event, trace.stacks(), &mut self.fold);
                }
                When::Behind(end) => self.heap.end_part(end, counts),
            }
        }
        Ok(step)
    }

    /// Takes all events into account that can be read, without returning them: faster than
    /// [`Analysis::step`], with the same outcome.
    ///
    /// # Errors
    /// Those of the feed.
    pub fn run<D: Feed>(&mut self, feed: D) -> Result<Pause, D::Error> {
        self.watched(feed, &mut ())
    }

    /// As [`Analysis::run`], and somebody is told of each event.
    ///
    /// # Errors
    /// Those of the feed.
    pub fn watched<D: Feed>(
        &mut self,
        feed: D,
        watcher: &mut impl Watcher,
    ) -> Result<Pause, D::Error> {
        self.heap
            .run(&mut self.trace, feed, &mut self.fold, watcher)
    }

    /// From now on, cycles begin only where [`Analysis::mark_cycle`] says, and not at the target's own
    /// marks (`MARK`).
    pub fn ignore_markers(&mut self) {
        self.heap.ignore_markers();
    }

    /// The event that was returned last begins a cycle, such as one round of the user's main loop.
    pub fn mark_cycle(&mut self) {
        self.heap.mark_cycle(self.trace.end());
    }

    /// The trace as far as it was read.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The answer, as of now.
    pub fn outcome(&self) -> Outcome {
        self.heap.outcome(&self.trace)
    }

    /// The answer, if nothing more should come.
    pub fn outcome_if_over(&mut self) -> Outcome {
        self.heap.outcome_if_over(&self.trace, &mut self.fold)
    }
}
