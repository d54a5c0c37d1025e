//! ESP-IDF's heap module: `address, size, caller…` for an allocation, `address, caller…` for a free.
//!
//! All numbers are plain. The number of callers is constant in a run and not sent; unused ones are 0
//! (`heap_trace_module.c`, `heap_trace_tohost.c` in Espressif's `esp_sysview`). A failed allocation is
//! an allocation at address 0, and `free(NULL)` a free of it.

use leakscope_systemview::varint;

use crate::trace::event::HeapEvent;
use crate::trace::modules::IdfEvent;
use crate::trace::stacks::{StackId, Stacks};

/// Reads an event; `None` if its payload is not whole.
pub(in crate::trace) fn read(
    event: IdfEvent,
    payload: &[u8],
    stacks: &mut Stacks,
) -> Option<HeapEvent> {
    Some(match event {
        IdfEvent::Allocation => match allocation(payload, stacks)? {
            (0, size, stack) => HeapEvent::Failed { size, stack },
            (address, size, stack) => HeapEvent::Allocation {
                heap: 0,
                address,
                size,
                stack,
                tag: None,
            },
        },
        IdfEvent::Free => match free(payload, stacks)? {
            (0, stack) => HeapEvent::FreeOfNull { stack },
            (address, stack) => HeapEvent::Free {
                heap: 0,
                address,
                size: None,
                stack,
            },
        },
    })
}

/// The address, size and call stack of an allocation.
#[inline(always)]
pub(in crate::trace) fn allocation(
    payload: &[u8],
    stacks: &mut Stacks,
) -> Option<(u64, u64, StackId)> {
    let (address, position) = varint::read(payload, 0).ok()?;
    let (size, position) = varint::read(payload, position).ok()?;
    let stack = stacks.intern_encoded(payload.get(position..)?)?;
    Some((u64::from(address), u64::from(size), stack))
}

/// The address and call stack of a free.
#[inline(always)]
pub(in crate::trace) fn free(payload: &[u8], stacks: &mut Stacks) -> Option<(u64, StackId)> {
    let (address, position) = varint::read(payload, 0).ok()?;
    let stack = stacks.intern_encoded(payload.get(position..)?)?;
    Some((u64::from(address), stack))
}
