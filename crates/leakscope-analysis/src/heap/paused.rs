//! Sessions at whose end the recording paused: what lived then may be freed yet, and then it is no evidence of a leak.

use std::sync::Arc;

use super::model::HeapModel;
use super::sessions::{Known, Past};
use super::site_id::SiteId;
use crate::findings::Lifetimes;
use crate::trace::{Occasion, StackId};

/// … unless a session has more call sites and live blocks: each is kept as a whole.
const MOST_KEPT: u64 = 1 << 17;

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
    /// Of this many pauses, the last ones, it counts what was freed behind them …
    pub(super) const MOST: usize = 8;

    /// Whether a session is small enough to be kept as a whole.
    pub(super) fn can_keep(heap: &HeapModel, end: u64) -> bool {
        heap.sites.len() as u64 + heap.session_at(end).outstanding_blocks <= MOST_KEPT
    }

    /// A session ends with a pause. What those before it have shown is in `past`, but for these.
    pub(super) fn add(&mut self, heap: HeapModel, end: u64, known: Known, past: &mut Past) {
        let paused = Paused { heap, end, known };
        self.0.push(Arc::new(paused));
        if self.0.len() > Self::MOST {
            let oldest = self.0.remove(0);
            oldest.add_to(past);
        }
    }

    /// All sessions that are over, judged by what is known now.
    pub(super) fn add_to(&self, past: &mut Past) {
        for paused in &self.0 {
            paused.add_to(past);
        }
    }

    /// A block that lived at a pause ends in a later session: its own is judged as if the block had been freed at its end. What the
    /// session left when it ended stays what it was. When it ended is known if its free was seen.
    #[cold]
    pub(super) fn end(&mut self, address: u64, stack: StackId, is_seen: bool, now: &Occasion) {
        let mut newest_first = self.0.iter_mut().rev();
        let Some(paused) = newest_first.find(|paused| paused.heap.blocks.at(address).is_some())
        else {
            return;
        };
        let Paused { heap, end, .. } = Arc::make_mut(paused);
        let then = Occasion {
            time: heap.last_heap_event.max(*end),
            ..*now
        };
        if let Some(block) = heap.free(address, stack, &then) {
            let later = heap.freed_later.entry(SiteId::new(block.site)).or_default();
            later.blocks += 1;
            later.bytes += block.bytes();
            later.at_pause.add(then.time.saturating_sub(block.time));
            if is_seen {
                later.lives.add(now.time.saturating_sub(block.time));
            }
        }
    }
}

/// Blocks that were freed behind a pause.
#[derive(Clone, Debug, Default)]
pub(super) struct FreedLater {
    pub(super) blocks: u64,
    pub(super) bytes: u64,
    /// How old they were when it began, and those whose frees were seen when they were freed.
    pub(super) at_pause: Lifetimes,
    pub(super) lives: Lifetimes,
}

impl Paused {
    fn add_to(&self, past: &mut Past) {
        self.heap.close(self.end, &self.known, past);
    }
}
