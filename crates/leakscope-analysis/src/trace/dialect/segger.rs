//! SystemView's own heap events: extended events 2 to 5, since 3.40 (UM08027, section 3.8).
//!
//! Heaps and blocks are shrunk addresses, and lengths lost their low bits. There are no call stacks, no
//! failed allocations, and a reallocation looks like a free and an allocation.

use leakscope_systemview::{Extended, Init};

use super::Dialect;
use crate::trace::event::HeapEvent;
use crate::trace::stacks::StackId;

/// It needs no memory, and has no module.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::trace) struct Segger;

impl Dialect for Segger {
    fn read_extended(extended: &Extended<'_>, init: &Init) -> Option<HeapEvent> {
    let address = |id| u64::from(init.expand(id));
    let bytes = |length| u64::from(length) << init.id_shift;
    // NULL is shrunk like any other address.
    let stack = StackId::NONE;
    Some(match *extended {
        Extended::HeapDefine {
            heap, base, size, ..
        } => HeapEvent::Define {
            heap: address(heap),
            base: address(base),
            size: bytes(size),
        },
        Extended::HeapAlloc {
            heap,
            block,
            length,
            tag,
        } => match address(block) {
            0 => HeapEvent::Failed {
                size: bytes(length),
                stack,
            },
            block => HeapEvent::Allocation {
                heap: address(heap),
                address: block,
                size: bytes(length),
                stack,
                tag,
            },
        },
        Extended::HeapFree { heap, block } => match address(block) {
            0 => HeapEvent::FreeOfNull { stack },
            block => HeapEvent::Free {
                heap: address(heap),
                address: block,
                size: None,
                stack,
            },
        },
        _ => return None,
    })
}
}
