//! Reading a trace in the fast lane, watched or not.

use super::effect::Effect;
use super::fold::FoldStack;
use super::model::HeapModel;
use crate::outcome::Outcome;
use crate::trace::{
    Event, Feed, HeapEvent, Observer, Occasion, Pause, StackId, Stacks, Switch, Trace,
};

/// Is told of the events of a trace, after the model has taken them into account.
///
/// The events that most of a heap trace consists of come as plain values; what is in them is what an
/// [`Event`] would say.
pub trait Watcher {
    /// Whether it is told of all events; otherwise only of those that the heap's history depends on.
    const ALL: bool = true;

    /// Whether reading is to pause before the next event.
    #[inline]
    fn is_full(&self) -> bool {
        false
    }

    /// Whether events with this id may come as plain values. Others always come as an [`Event`].
    #[inline]
    fn takes_plain(&self, _id: u32) -> bool {
        true
    }

    /// An event with this id affected the heap, and named this one ([`HeapEvent::named`]).
    fn affected(&mut self, now: &Occasion, id: u32, named: u64, effect: &Effect, heap: &HeapModel);

    /// Another task or interrupt runs.
    fn switched(&mut self, switch: &Switch);

    /// Anything else; and what it did to the heap, if it did something.
    fn event(
        &mut self,
        event: &Event<'_>,
        effect: Option<&Effect>,
        trace: &Trace,
        heap: &HeapModel,
    );
}

/// Nobody watches.
impl Watcher for () {
    const ALL: bool = false;

    #[inline(always)]
    fn affected(&mut self, _: &Occasion, _id: u32, _named: u64, _: &Effect, _: &HeapModel) {}

    #[inline(always)]
    fn switched(&mut self, _switch: &Switch) {}

    #[inline(always)]
    fn event(&mut self, _: &Event<'_>, _: Option<&Effect>, _: &Trace, _: &HeapModel) {}
}

impl HeapModel {
    /// Takes all events into account that can be read, and tells of them.
    ///
    /// # Errors
    /// Those of the feed.
    pub fn run<D: Feed, F: FoldStack, W: Watcher>(
        &mut self,
        trace: &mut Trace,
        feed: D,
        fold: &mut F,
        watcher: &mut W,
    ) -> Result<Pause, D::Error> {
        let mut observer = Watched {
            heap: self,
            fold,
            watcher,
        };
        trace.run(feed, &mut observer)
    }

    /// The answer, if nothing more should come of the trace: its last packets are believed only when it is known
    /// that they are.
    pub fn outcome_if_over(&self, trace: &Trace, fold: &mut impl FoldStack) -> Outcome {
        let (mut heap, mut trace) = (self.clone(), trace.clone());
        let nothing: &[&[u8]] = &[];
        let Ok(_) = heap.run(&mut trace, nothing, fold, &mut ());
        heap.outcome(&trace)
    }
}

/// The model and who watches it.
struct Watched<'m, F, W> {
    heap: &'m mut HeapModel,
    fold: &'m mut F,
    watcher: &'m mut W,
}

impl<F: FoldStack, W: Watcher> Observer for Watched<'_, F, W> {
    const ALL: bool = W::ALL;

    #[inline(always)]
    fn is_full(&self) -> bool {
        self.watcher.is_full()
    }

    #[inline(always)]
    fn takes_plain(&self, id: u32) -> bool {
        self.watcher.takes_plain(id)
    }

    #[inline(always)]
    fn switch(&mut self, switch: &Switch) {
        self.watcher.switched(switch);
    }

    #[inline(always)]
    fn heap(&mut self, now: &Occasion, id: u32, event: HeapEvent, stacks: &Stacks) {
        match event {
            HeapEvent::Allocation {
                heap: 0,
                address,
                size,
                stack,
                ..
            } => self.allocation(now, id, address, size, stack, stacks),
            HeapEvent::Free {
                heap: 0,
                address,
                stack,
                ..
            } => self.free(now, id, address, stack, stacks),
            _ => self.other(now, id, event, stacks),
        }
    }

    #[inline(never)]
    fn event(&mut self, event: &Event<'_>, trace: &Trace) {
        let effect = self.heap.observe(event, trace.stacks(), self.fold);
        self.watcher.event(event, effect.as_ref(), trace, self.heap);
    }
}

/// What almost all events are has code of its own, and its parameters stay in registers.
impl<F: FoldStack, W: Watcher> Watched<'_, F, W> {
    #[inline(never)]
    fn allocation(
        &mut self,
        now: &Occasion,
        id: u32,
        address: u64,
        size: u64,
        stack: StackId,
        stacks: &Stacks,
    ) {
        let heap = &mut *self.heap;
        heap.count_event(now);
        let effect = heap.observe_allocation(0, address, size, stack, now, stacks, self.fold);
        self.watcher.affected(now, id, 0, &effect, heap);
    }

    #[inline(never)]
    fn free(&mut self, now: &Occasion, id: u32, address: u64, stack: StackId, stacks: &Stacks) {
        let heap = &mut *self.heap;
        heap.count_event(now);
        let effect = heap.observe_free(0, address, stack, now, stacks);
        self.watcher.affected(now, id, 0, &effect, heap);
    }

    #[inline(never)]
    fn other(&mut self, now: &Occasion, id: u32, event: HeapEvent, stacks: &Stacks) {
        let named = event.named();
        let effect = (self.heap).observe_heap(event, now, stacks, self.fold);
        self.watcher.affected(now, id, named, &effect, self.heap);
    }
}
