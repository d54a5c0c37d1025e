//! Reading a recording again, for a format to be told of it.

use std::io;

use leakscope_analysis::heap::{Effect, FoldStack, HeapModel, Watcher};
use leakscope_analysis::trace::{Event, Feed, Layout, Occasion, Switch, Trace};
use leakscope_systemview::id;

use crate::facts::Facts;
use crate::lives::Lives;
use crate::selection::{Chosen, Selection};
use crate::sink::{Effected, Sink};
use crate::undone::Undone;

/// Why a recording could not be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError<E> {
    /// It could not be read.
    #[error("{0}")]
    Read(E),
    /// The export could not be written.
    #[error("{0}")]
    Write(io::Error),
}

/// Reads a recording, which is laid out like this and is what `facts` tell of, and writes the part that is selected.
/// Returns what the format could not say, a sentence each without a full stop.
///
/// # Errors
/// Those of the feed, and of the output.
pub fn export<D: Feed>(
    mut feed: D,
    layout: &Layout,
    fold: &mut impl FoldStack,
    facts: &Facts<'_>,
    selection: Selection,
    mut sink: Box<dyn Sink + '_>,
) -> Result<Vec<String>, ExportError<D::Error>> {
    let mut undone = Undone::before(selection.to);
    if facts.outcome.totals.failed_allocations > 0 {
        HeapModel::default()
            .run(&mut Trace::new(layout), &mut feed, fold, &mut undone)
            .map_err(ExportError::Read)?;
    }
    let (mut trace, mut heap) = (Trace::new(layout), HeapModel::default());
    let mut telling = Telling {
        chosen: Chosen::new(facts.outcome, selection),
        lives: Lives::default(),
        sink: &mut *sink,
        undone,
        effects: 0,
        moving: 0,
        last: None,
        error: None,
        is_over: false,
    };
    heap.run(&mut trace, feed, fold, &mut telling)
        .map_err(ExportError::Read)?;
    telling.end(&heap);
    match telling.error {
        Some(error) => Err(ExportError::Write(error)),
        None => sink.finish().map_err(ExportError::Write),
    }
}

/// A format that is told of the part that is selected.
struct Telling<'r, 's> {
    chosen: Chosen<'r>,
    lives: Lives,
    sink: &'s mut dyn Sink,
    undone: Undone,
    /// How many there were.
    effects: u64,
    /// Bytes of blocks that seem to be freed and are not.
    moving: u64,
    /// When the last effect was.
    last: Option<Occasion>,
    error: Option<io::Error>,
    is_over: bool,
}

impl Telling<'_, '_> {
    /// Whether this moment lies before the end of what is selected.
    fn is_before_end(&mut self, time: u64) -> bool {
        self.is_over |= time >= self.chosen.selection.to;
        !self.is_over && self.error.is_none()
    }

    fn keep(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.error.get_or_insert(error);
        }
    }

    /// What lives when the exported part ends is outstanding, unless it turned out to have ended.
    fn end(&mut self, heap: &HeapModel) {
        let Some(now) = self.last.filter(|_| self.error.is_none()) else {
            return;
        };
        let ended = self.sink.effect(&Effected {
            now,
            effect: None,
            is_chosen: false,
            changes: self.lives.end(&heap.ended_unseen()),
            kept: None,
            live_bytes: heap.live_bytes() + self.moving,
        });
        self.keep(ended);
    }
}

impl Watcher for Telling<'_, '_> {
    fn is_full(&self) -> bool {
        self.is_over || self.error.is_some()
    }

    /// Only an event has the task that stops.
    #[inline]
    fn takes_plain(&self, id: u32) -> bool {
        id != id::TASK_STOP_READY
    }

    fn affected(&mut self, now: &Occasion, _: u32, _: u64, effect: &Effect, heap: &HeapModel) {
        if !self.is_before_end(now.time) {
            return;
        }
        self.last = Some(*now);
        self.effects += 1;
        if self.undone.has(self.effects - 1) {
            self.moving += effect.ended().map_or(0, |ended| ended.block.size);
            return;
        }
        let revived = effect.revived();
        let size = revived.map_or(0, |revived| revived.block.size);
        self.moving = self.moving.saturating_sub(size);
        let kept = revived.and_then(|revived| self.lives.number(revived));
        let chosen = &mut self.chosen;
        let is_chosen = chosen.has(now.time, now.context);
        let changes = self.lives.changes(effect, |began| {
            chosen.has(began.block.time, began.block.context)
        });
        let told = self.sink.effect(&Effected {
            now: *now,
            effect: Some(effect),
            is_chosen,
            changes,
            kept,
            live_bytes: heap.live_bytes() + self.moving,
        });
        self.keep(told);
    }

    fn switched(&mut self, switch: &Switch) {
        if self.is_before_end(switch.time) {
            let told = self.sink.switched(switch);
            self.keep(told);
        }
    }

    fn event(
        &mut self,
        event: &Event<'_>,
        effect: Option<&Effect>,
        trace: &Trace,
        heap: &HeapModel,
    ) {
        if !self.is_before_end(event.time) {
            return;
        }
        if let Some(effect) = effect {
            self.affected(&event.occasion(), event.id, 0, effect, heap);
        }
        let is_chosen = self.chosen.has(event.time, event.context);
        let told = self.sink.event(event, is_chosen, trace);
        self.keep(told);
    }
}
