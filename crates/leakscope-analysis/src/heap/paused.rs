//! Sessions at whose end the recording paused: what lived then may be freed yet, and then they kept less.

use std::sync::Arc;

use super::model::HeapModel;
use super::sessions::{Known, Past};
use super::site_id::SiteId;
use crate::trace::{Occasion, StackId};

/// Of so many pauses, the last ones, it counts what was freed behind them.
const MOST_PAUSES: usize = 8;

/// The sessions before the last pauses, the newest last.
#[derive(Clone, Debug, Default)]
pub(super) struct PausedSessions(Vec<Arc<Paused>>);

/// One session, as it ended.
#[derive(Clone, Debug)]
struct Paused {
    heap: HeapModel,
    end: u64,
    known: Known,
}

impl PausedSessions {
    /// A session ends with a pause. What those before it have shown is in `past`, but for these.
    pub(super) fn add(&mut self, heap: HeapModel, end: u64, known: Known, past: &mut Past) {
        let paused = Paused { heap, end, known };
        self.0.push(Arc::new(paused));
        if self.0.len() > MOST_PAUSES {
            let oldest = self.0.remove(0);
            oldest.add_to(past);
        }
    }

    /// All sessions that are over, as far as it is known now what they kept.
    pub(super) fn add_to(&self, past: &mut Past) {
        for paused in &self.0 {
            paused.add_to(past);
        }
    }

    /// A block that lived at a pause ends in a later session. Its session takes it for freed at its end, and says who had
    /// allocated the block and how large it is.
    #[cold]
    pub(super) fn end(
        &mut self,
        address: u64,
        stack: StackId,
        now: &Occasion,
    ) -> Option<(u32, u64)> {
        let mut newest_first = self.0.iter_mut().rev();
        let paused = newest_first.find(|paused| paused.heap.blocks.at(address).is_some())?;
        let Paused { heap, end, .. } = Arc::make_mut(paused);
        let then = Occasion {
            time: heap.last_heap_event.max(*end),
            ..*now
        };
        let block = heap.free(address, stack, &then)?;
        *heap.freed_later.entry(SiteId::new(block.site)).or_default() += 1;
        Some((block.owner, block.bytes()))
    }
}

impl Paused {
    fn add_to(&self, past: &mut Past) {
        self.heap.close(self.end, &self.known, past);
    }
}
