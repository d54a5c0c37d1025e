//! One event, as the page shows it.

use leakscope_analysis::heap::{Effect, KnownBlock, UnknownFree};
use leakscope_analysis::trace::{EventKind, HeapEvent};
use leakscope_report::sanitise;
use serde::Serialize;

use crate::index::kind::Kind;
use crate::names::{Names, address};
use crate::replay::Seen;
use crate::scan::Scan;

/// A row of the Events view.
#[derive(Clone, Debug, Serialize)]
#[allow(clippy::struct_field_names, reason = "the names are those of API.md")]
pub(crate) struct ListRow {
    pub(crate) row: u64,
    pub(crate) index: u64,
    pub(crate) time: u64,
    pub(crate) core: u8,
    pub(crate) context: i64,
    pub(crate) kind: &'static str,
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) detail: String,
    pub(crate) site: i64,
    pub(crate) address: Option<String>,
    /// Where a reallocation found the block.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) old_address: Option<String>,
    pub(crate) size: Option<u64>,
    pub(crate) flag: Option<&'static str>,
    pub(crate) input: usize,
    pub(crate) offset: u64,
    /// What it did to the heap, for those who look for the other half of an allocation.
    #[serde(skip)]
    pub(crate) effect: Option<Effect>,
    /// The block that it left as it was, if it is of a reallocation that failed.
    #[serde(skip)]
    pub(crate) kept: Option<KnownBlock>,
}

impl ListRow {
    /// The event that is `row` in its list.
    pub(crate) fn new(row: u64, seen: &Seen<'_>, scan: &Scan<'_>, names: &mut Names<'_>) -> Self {
        let event = &seen.event;
        let (name, detail) = names.words(event, seen.trace);
        let (address, size) = block(seen);
        Self {
            row,
            index: seen.index,
            time: event.time,
            core: event.core,
            context: scan.context_number(event.context),
            kind: Kind::of(event).name(),
            id: event.id,
            name: sanitise(&name).into_owned(),
            detail,
            site: seen.site_number(),
            address,
            old_address: old_address(seen),
            size,
            flag: flag(seen),
            input: event.input,
            offset: event.offset,
            effect: seen.effect,
            kept: seen.kept,
        }
    }
}

fn block(seen: &Seen<'_>) -> (Option<String>, Option<u64>) {
    let EventKind::Heap(event) = seen.event.kind else {
        return (None, None);
    };
    match event {
        HeapEvent::Allocation {
            address: at, size, ..
        }
        | HeapEvent::Reallocation {
            address: at, size, ..
        }
        | HeapEvent::Moved {
            address: at, size, ..
        }
        | HeapEvent::Kept {
            address: at, size, ..
        } => (Some(address(at)), Some(size)),
        HeapEvent::Moving { address: at, .. } => {
            let size = ended(seen).map(|ended| ended.block.size);
            (Some(address(at)), size)
        }
        HeapEvent::Free {
            address: at, size, ..
        } => {
            let size = ended(seen).map_or(size, |ended| Some(ended.block.size));
            (Some(address(at)), size)
        }
        HeapEvent::Failed { size, .. } => (None, Some(size)),
        HeapEvent::Define { .. } | HeapEvent::FreeOfNull { .. } => (None, None),
    }
}

/// The block that an event ends, or seemed to end.
fn ended(seen: &Seen<'_>) -> Option<KnownBlock> {
    let ended = seen.effect.as_ref().and_then(Effect::ended).copied();
    ended.or(seen.kept)
}

fn old_address(seen: &Seen<'_>) -> Option<String> {
    match seen.event.kind {
        EventKind::Heap(
            HeapEvent::Reallocation { old_address, .. } | HeapEvent::Moved { old_address, .. },
        ) => Some(address(old_address)),
        _ => None,
    }
}

/// What makes an event stand out.
pub(crate) fn flag(seen: &Seen<'_>) -> Option<&'static str> {
    match (seen.event.kind, &seen.effect) {
        (_, Some(Effect::Failed { .. })) => Some("failed"),
        (EventKind::Gap { .. }, _) => Some("overflow"),
        (EventKind::Unreadable, _) => Some("damaged"),
        (_, Some(effect)) => match effect.unknown_free()? {
            UnknownFree::Double => Some("double-free"),
            UnknownFree::Wrong => Some("wrong-free"),
            UnknownFree::Older | UnknownFree::Paused { .. } | UnknownFree::AllocationLost => None,
        },
        _ => None,
    }
}
