//! Which events are in a list.

use leakscope_analysis::trace::{EventKind, HeapEvent};

use crate::index::begins::Count;
use crate::index::kind::Kind;
use crate::names::Names;
use crate::query::Filter;
use crate::replay::Seen;
use crate::scan::Scan;

impl Filter {
    /// Whether it takes more than counting to say how many there are.
    pub(crate) fn is_searched(&self) -> bool {
        self.site.is_some() || self.address.is_some() || self.text.is_some()
    }

    fn has_kind(&self, kind: Kind) -> bool {
        self.kinds == 0 || self.kinds >> kind as u16 & 1 == 1
    }

    fn has_lane(&self, core: u8, context: u16) -> bool {
        self.core.is_none_or(|wanted| wanted == core)
            && (self.contexts.is_empty() || self.contexts.contains(&context))
    }

    /// Whether events that were counted together are in the list, wherever they stand.
    pub(crate) fn counts(&self, count: Count, scan: &Scan<'_>) -> bool {
        let lane = scan.actors.lanes()[count.lane as usize];
        self.has_kind(count.kind) && self.has_lane(lane.core, lane.context)
    }

    /// Whether an event is in the list, but for the list's window.
    pub(crate) fn matches(&self, seen: &Seen<'_>, scan: &Scan<'_>, names: &mut Names<'_>) -> bool {
        self.matches_but_for_text(seen, scan)
            && (self.text.as_deref())
                .is_none_or(|wanted| names.contain(&seen.event, seen.trace, wanted))
    }

    /// The same, whatever its words are.
    pub(super) fn matches_but_for_text(&self, seen: &Seen<'_>, scan: &Scan<'_>) -> bool {
        let event = &seen.event;
        if !self.has_kind(Kind::of(event)) {
            return false;
        }
        if self.core.is_some() || !self.contexts.is_empty() {
            let context = scan.actors.context(event.context);
            if !self.has_lane(event.core, context.unwrap_or_default()) {
                return false;
            }
        }
        (self.site).is_none_or(|wanted| seen.site().is_some_and(|site| site.index() == wanted))
            && self.has_address(seen)
    }

    fn has_address(&self, seen: &Seen<'_>) -> bool {
        let Some(wanted) = self.address else {
            return true;
        };
        let EventKind::Heap(event) = seen.event.kind else {
            return false;
        };
        match event {
            HeapEvent::Allocation { address, .. }
            | HeapEvent::Free { address, .. }
            | HeapEvent::Moving { address, .. }
            | HeapEvent::Kept { address, .. } => address == wanted,
            HeapEvent::Reallocation {
                old_address,
                address,
                ..
            }
            | HeapEvent::Moved {
                old_address,
                address,
                ..
            } => old_address == wanted || address == wanted,
            _ => false,
        }
    }
}
