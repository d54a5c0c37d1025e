//! ESP-IDF's heap module: `address, size, caller…` for an allocation, `address, caller…` for a free.
//!
//! All numbers are plain. The number of callers is constant in a run and not sent; unused ones are 0
//! (`heap_trace_module.c`, `heap_trace_tohost.c` in Espressif's `esp_sysview`). A failed allocation is
//! an allocation at address 0, and `free(NULL)` a free of it.

use leakscope_systemview::varint;

use crate::trace::event::HeapEvent;
use crate::trace::modules::IdfEvent;
use crate::trace::stacks::Stacks;

/// Reads an event; `None` if its payload is not whole.
#[inline]
pub(in crate::trace) fn read(
    event: IdfEvent,
    payload: &[u8],
    stacks: &mut Stacks,
) -> Option<HeapEvent> {
    let (address, position) = varint::read(payload, 0).ok()?;
    let address = u64::from(address);
    match event {
        IdfEvent::Allocation => {
            let (size, position) = varint::read(payload, position).ok()?;
            let size = u64::from(size);
            let stack = stacks.intern_encoded(payload.get(position..)?)?;
            Some(if address == 0 {
                HeapEvent::Failed { size, stack }
            } else {
                HeapEvent::Allocation {
                    heap: 0,
                    address,
                    size,
                    stack,
                    tag: None,
                }
            })
        }
        IdfEvent::Free => {
            let stack = stacks.intern_encoded(payload.get(position..)?)?;
            Some(if address == 0 {
                HeapEvent::FreeOfNull { stack }
            } else {
                HeapEvent::Free {
                    heap: 0,
                    address,
                    size: None,
                    stack,
                }
            })
        }
    }
}
