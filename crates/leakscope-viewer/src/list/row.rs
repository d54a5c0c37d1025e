//! One event, as the page shows it.

use leakscope_analysis::trace::{EventKind, HeapEvent};
use leakscope_report::sanitise;
use serde::Serialize;

use super::matching::site;
use crate::answer::address;
use crate::engine::Names;
use crate::index::kind::Kind;
use crate::index::ledger::Fate;
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
    pub(crate) size: Option<u64>,
    pub(crate) flag: Option<&'static str>,
    pub(crate) input: usize,
    pub(crate) offset: u64,
    /// Of a free, when the block was allocated.
    #[serde(skip)]
    pub(crate) born: Option<u64>,
}

impl ListRow {
    /// The event that is `row` in its list.
    pub(crate) fn new(row: u64, seen: &Seen<'_>, scan: &Scan<'_>, names: &mut Names<'_>) -> Self {
        let event = &seen.event;
        let (name, detail) = names.words(seen);
        let (address, size) = block(seen);
        Self {
            row,
            index: seen.index,
            time: event.time,
            core: event.core,
            context: (scan.index.contexts.known(event.context)).map_or(-1, i64::from),
            kind: Kind::of(event).name(),
            id: event.id,
            name: sanitise(&name).into_owned(),
            detail,
            site: site(seen, scan).map_or(-1, |site| i64::from(site.number())),
            address,
            size,
            flag: flag(seen),
            input: event.input,
            offset: event.offset,
            born: match (event.kind, seen.fate) {
                (EventKind::Heap(HeapEvent::Free { .. }), Some(Fate::Block { born, .. })) => {
                    Some(born)
                }
                _ => None,
            },
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
        } => (Some(address(at)), Some(size)),
        HeapEvent::Free {
            address: at, size, ..
        } => {
            let known = match seen.fate {
                Some(Fate::Block { size, .. }) => Some(size),
                _ => size,
            };
            (Some(address(at)), known)
        }
        HeapEvent::Failed { size, .. } => (None, Some(size)),
        HeapEvent::Define { .. } | HeapEvent::FreeOfNull { .. } => (None, None),
    }
}

/// What makes an event stand out.
pub(crate) fn flag(seen: &Seen<'_>) -> Option<&'static str> {
    match (seen.event.kind, seen.fate) {
        (EventKind::Heap(HeapEvent::Failed { .. }), _) => Some("failed"),
        (_, Some(Fate::DoubleFree)) => Some("double-free"),
        (_, Some(Fate::WrongFree)) => Some("wrong-free"),
        (EventKind::Gap { .. }, _) => Some("overflow"),
        (EventKind::Unreadable, _) => Some("damaged"),
        _ => None,
    }
}
