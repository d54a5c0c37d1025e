//! Blocks that a device records while it leaves others out: of those alone it tells all frees.

use std::collections::HashSet;

use rustc_hash::FxBuildHasher;

use super::event::HeapEvent;
use super::stacks::StackId;

/// Where recorded blocks are, of all cores: one frees what another has allocated.
#[derive(Clone, Debug, Default)]
pub(super) struct Admitted(HashSet<u64, FxBuildHasher>);

impl Admitted {
    /// Of an event that is not about a recorded block: which block it ends, and from where.
    #[inline(never)]
    pub(super) fn other_freed(&mut self, event: &HeapEvent) -> Option<(u64, StackId)> {
        match *event {
            HeapEvent::Allocation { address, .. }
            | HeapEvent::Moved { address, .. }
            | HeapEvent::Kept { address, .. } => {
                self.0.insert(address);
                None
            }
            HeapEvent::Free { address, stack, .. } | HeapEvent::Moving { address, stack } => {
                (!self.0.remove(&address)).then_some((address, stack))
            }
            _ => None,
        }
    }

    /// The target was reset: nothing lives any more.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
