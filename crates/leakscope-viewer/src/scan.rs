//! The one pass over a trace: everything is read once, for the analysis and for the index.

use std::io;

use leakscope_analysis::heap::{FoldStack, HeapModel};
use leakscope_analysis::trace::{Layout, Step, Trace};
use leakscope_report::program::AllocatorFrames;
use leakscope_systemview::id;

use crate::engine::Names;
use crate::index::Index;
use crate::index::ledger::Before;
use crate::source::{Source, read_stream};

/// A trace as far as it was read.
pub(crate) struct Scan<'s> {
    pub(crate) layout: Layout,
    pub(crate) trace: Trace,
    pub(crate) heap: HeapModel,
    pub(crate) index: Index,
    fold: AllocatorFrames<'s>,
    positions: Vec<u64>,
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
    pub(crate) fn new(layout: Layout, fold: AllocatorFrames<'s>) -> Self {
        Self {
            trace: Trace::new(&layout),
            heap: HeapModel::default(),
            index: Index::default(),
            fold,
            positions: layout.parts.iter().map(|part| part.start).collect(),
            layout,
        }
    }

    /// A call stack without the allocator's own frames, as call sites are told apart by it.
    pub(crate) fn program_frames<'f>(&self, frames: &'f [u64]) -> &'f [u64] {
        let mut fold = self.fold;
        match fold.fold(frames) {
            all if all >= frames.len() => frames,
            some => &frames[some..],
        }
    }

    /// Reads so many events, or as many as there are.
    pub(crate) fn advance(
        &mut self,
        source: &mut dyn Source,
        names: &mut Names<'_>,
        events: u64,
    ) -> io::Result<Progress> {
        let end = self.index.sections.events + events;
        while self.index.sections.events < end {
            let before = Before::of(&self.heap);
            match self.trace.step() {
                Step::Event(event, trace) => {
                    names.naming.learn(&event);
                    self.heap.observe(&event, trace.stacks(), &mut self.fold);
                    let is_new = self.index.observe(&event, trace, &self.heap, &before);
                    if is_new && event.id >= id::FIRST_API {
                        let name = names
                            .naming
                            .named(&event, trace, &mut names.symbolizer)
                            .name;
                        self.index.system.learn_name(event.id, name);
                    }
                }
                Step::NeedBytes(stream) => {
                    let grows = source.grows();
                    let space = self.trace.space(stream);
                    let position = &mut self.positions[stream];
                    let count = read_stream(source, &self.layout, stream, position, space)?;
                    if count == 0 && grows && self.layout.parts[stream].end.is_none() {
                        return Ok(Progress::Waiting);
                    }
                    self.trace.supply(stream, count);
                }
                Step::Finished => return Ok(Progress::Finished),
            }
            self.index.between(&self.trace);
        }
        Ok(Progress::More)
    }
}
