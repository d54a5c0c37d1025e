//! Whose blocks there are: a call site's, a task's or an interrupt's, a heap's.

use leakscope_analysis::heap::{Effect, KnownBlock};
use leakscope_analysis::trace::{Event, EventKind};

use crate::index::Index;
use crate::index::curve::Curve;
use crate::query::{By, Owner};
use crate::replay::Seen;
use crate::scan::Scan;

impl By {
    /// Whose a block is that an event has to do with.
    pub(crate) fn owner(self, known: &KnownBlock, event: &Event<'_>, scan: &Scan<'_>) -> Owner {
        match self {
            Self::Site => Owner::Site(known.site.index()),
            Self::Context => {
                let context = scan.actors.context(known.block.context);
                Owner::Context(context.unwrap_or_default())
            }
            Self::Heap => Owner::Heap(scan.index.owners.heaps.of(known, named(event))),
        }
    }

    /// Who asks for memory in vain; `None` if the event is no such request.
    pub(crate) fn asker(self, seen: &Seen<'_>, scan: &Scan<'_>) -> Option<(Owner, u64)> {
        let Some(Effect::Failed { site, size, .. }) = &seen.effect else {
            return None;
        };
        let event = &seen.event;
        let owner = match self {
            Self::Site => Owner::Site(site.index()),
            Self::Context => {
                Owner::Context((scan.actors).numbered(event.core, event.context).context)
            }
            Self::Heap => Owner::Heap(scan.index.owners.heaps.said(named(event))),
        };
        Some((owner, *size))
    }

    /// All that had blocks, and what of these lived when, in order of their numbers.
    pub(crate) fn curves(self, index: &Index) -> Vec<(Owner, &Curve)> {
        match self {
            Self::Site => {
                let sites = index.sites.iter().enumerate();
                sites
                    .map(|(number, site)| (Owner::Site(number), &site.curve))
                    .collect()
            }
            Self::Context => {
                let contexts = index.owners.contexts();
                contexts
                    .map(|(number, curve)| (Owner::Context(number), curve))
                    .collect()
            }
            Self::Heap => {
                let heaps = index.owners.heaps();
                heaps
                    .map(|(heap, curve)| (Owner::Heap(heap), curve))
                    .collect()
            }
        }
    }
}

/// The heap that an event names; 0 if it names none.
fn named(event: &Event<'_>) -> u64 {
    match &event.kind {
        EventKind::Heap(of_heap) => of_heap.named(),
        _ => 0,
    }
}
