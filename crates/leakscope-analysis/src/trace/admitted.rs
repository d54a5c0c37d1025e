//! Blocks that a device records while it leaves others out: of those alone it tells all frees.

use std::collections::HashSet;

use rustc_hash::FxBuildHasher;

use super::event::HeapEvent;

/// Where recorded blocks are, of all cores: one frees what another has allocated.
#[derive(Clone, Debug, Default)]
pub(super) struct Admitted(HashSet<u64, FxBuildHasher>);

impl Admitted {
    /// Whether an event is about recorded blocks. What the device frees beside them was left out.
    #[inline(never)]
    pub(super) fn admits(&mut self, event: &HeapEvent) -> bool {
        match *event {
            HeapEvent::Allocation { address, .. }
            | HeapEvent::Moved { address, .. }
            | HeapEvent::Kept { address, .. } => {
                self.0.insert(address);
                true
            }
            HeapEvent::Free { address, .. } | HeapEvent::Moving { address, .. } => {
                self.0.remove(&address)
            }
            _ => true,
        }
    }

    /// The target was reset: nothing lives any more.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
