//! Reading a trace in the fast lane while somebody watches all that happens.

use super::model::{FoldStack, HeapModel};
use crate::trace::{Event, Observer, Occasion, Pause, StackId, Stacks, Switch, Trace};

/// Who is told of every event of a trace, after the model has taken it into account.
///
/// The events that most of a heap trace consists of come as plain values; what is in them is what an
/// [`Event`] would say.
pub trait Watcher {
    /// Whether reading is to pause before the next event.
    fn is_full(&self) -> bool;

    /// Whether events with this id may come as plain values. Others always come as an [`Event`].
    fn takes_plain(&self, id: u32) -> bool;

    /// Call site `site` was given `size` bytes at `address`, by an event with this id.
    fn allocated(
        &mut self,
        now: &Occasion,
        id: u32,
        address: u64,
        size: u64,
        site: usize,
        heap: &HeapModel,
    );

    /// What lived at `address` was freed: see [`HeapModel::freed_block`].
    fn freed(&mut self, now: &Occasion, id: u32, address: u64, heap: &HeapModel);

    /// Another task or interrupt runs.
    fn switched(&mut self, switch: &Switch);

    /// Anything else.
    fn event(&mut self, event: &Event<'_>, trace: &Trace, heap: &HeapModel);
}

impl HeapModel {
    /// Takes all events into account that can be read, as [`Analysis::run`](crate::Analysis::run) does, and
    /// tells of them.
    pub fn run_watched<F: FoldStack, W: Watcher>(
        &mut self,
        trace: &mut Trace,
        fold: &mut F,
        watcher: &mut W,
    ) -> Pause {
        let mut observer = Watched {
            heap: self,
            fold,
            watcher,
        };
        trace.run(&mut observer)
    }
}

/// The model and who watches it.
struct Watched<'m, F, W> {
    heap: &'m mut HeapModel,
    fold: &'m mut F,
    watcher: &'m mut W,
}

impl<F: FoldStack, W: Watcher> Observer for Watched<'_, F, W> {
    const ALL: bool = true;

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
        heap.observe_allocation(0, address, size, stack, now, stacks, self.fold);
        let site = heap.site_of(stack).unwrap_or_default();
        self.watcher.allocated(now, id, address, size, site, heap);
    }

    #[inline(never)]
    fn free(&mut self, now: &Occasion, id: u32, address: u64, stack: StackId, stacks: &Stacks) {
        let heap = &mut *self.heap;
        heap.count_event(now);
        heap.observe_free(0, address, stack, now, stacks);
        self.watcher.freed(now, id, address, heap);
    }

    #[inline(never)]
    fn event(&mut self, event: &Event<'_>, trace: &Trace) {
        self.heap.observe(event, trace.stacks(), self.fold);
        self.watcher.event(event, trace, self.heap);
    }
}
