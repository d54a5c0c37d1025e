//! ESP-IDF's heap module: `address, size, caller…` for an allocation, `address, caller…` for a free.
//!
//! All numbers are plain. The number of callers is constant in a run and not sent; unused ones are 0
//! (`heap_trace_module.c`, `heap_trace_tohost.c` in Espressif's `esp_sysview`). A failed allocation is
//! an allocation at address 0, and `free(NULL)` a free of it. Leakscope's recorder in C writes an allocation of no bytes
//! where a reallocation failed, whose block it freed before, and does not know the size of; any other is what `malloc(0)` gave.
//!
//! Over a serial line Espressif's recorder sends no module descriptions, and a recording that begins in
//! the middle has lost them. An allocation has a shape of its own: an aligned address in RAM, a moderate
//! size, then addresses of code, then nothing but zeros.

use std::ops::Range;

use leakscope_systemview::varint::{self, Numbers};

use super::{Dialect, Said};
use crate::trace::event::HeapEvent;
use crate::trace::admitted::Admitted;
use crate::trace::stacks::{StackId, Stacks};

/// What was freed last: where, and from where, at a place that follows from the address.
#[derive(Clone, Copy, Debug)]
pub(in crate::trace) struct Idf {
    freed: [(u32, StackId); PLACES],
}

/// More blocks are seldom freed while a reallocation fails.
const PLACES: usize = 256;

impl Default for Idf {
    fn default() -> Self {
        Self {
            freed: [(0, StackId::NONE); PLACES],
        }
    }
}

impl Idf {
    #[inline(always)]
    fn place(address: u32) -> usize {
        (address.wrapping_mul(0x9E37_79B1) >> (u32::BITS - PLACES.ilog2())) as usize
    }

    #[inline(always)]
    fn note_free(&mut self, address: u32, stack: StackId) {
        self.freed[Self::place(address)] = (address, stack);
    }

    /// Whether this address was freed not long ago, and the last time by a call from here.
    #[cold]
    fn was_freed_from(&self, address: u32, stack: StackId) -> bool {
        self.freed[Self::place(address)] == (address, stack)
    }
}

/// Where the chips that ESP-IDF runs on, and those with Cortex-M cores, have their RAM.
const RAM: Range<u32> = 0x2000_0000..0x7000_0000;
/// Code lies in flash, ROM or RAM: above the first page and below the peripherals of all known chips.
const CODE: Range<u32> = 0x1000..0xE000_0000;
/// No block is larger; none is empty, either, while a free without callers looks as if.
const LARGEST: u32 = 64 << 20;
/// The call stack of ESP-IDF's tracing is never deeper (`CONFIG_HEAP_TRACING_STACK_DEPTH`).
const DEEPEST: usize = 32;

impl Dialect for Idf {
    const MODULE: Option<&'static str> = Some("ESP32 SystemView Heap Tracing Module");
    const EVENTS: u32 = 2;

    fn is_first_event(payload: &[u8], least: usize) -> bool {
        let mut numbers = Numbers::new(payload);
        let (Some(address), Some(size)) = (numbers.next(), numbers.next()) else {
            return false;
        };
        let callers: Vec<u32> = numbers.by_ref().collect();
        let used = callers.iter().take_while(|&&caller| caller != 0).count();
        let is_block = RAM.contains(&address) && address.is_multiple_of(4);
        numbers.is_whole()
            && (least..=DEEPEST).contains(&callers.len())
            && used >= least.min(1)
            && callers[used..].iter().all(|&caller| caller == 0)
            && callers[..used].iter().all(|caller| CODE.contains(caller))
            && (is_block || address == 0)
            && (1..=LARGEST).contains(&size)
    }

    #[inline(always)]
    fn read(
        &mut self,
        number: u32,
        payload: &[u8],
        stacks: &mut Stacks,
        _admitted: &mut Admitted,
    ) -> Option<Said> {
        let (place, position) = varint::read_any(payload, 0).ok()?;
        let address = u64::from(place);
        Some(Said::Heap(if number == 0 {
            let (size, position) = varint::read_any(payload, position).ok()?;
            let size = u64::from(size);
            let stack = stacks.intern_encoded(payload.get(position..)?)?;
            match (address, size) {
                (0, _) => HeapEvent::Failed { size, stack },
                (_, 0) if self.was_freed_from(place, stack) => HeapEvent::Kept {
                    address,
                    size,
                    stack,
                },
                _ => HeapEvent::Allocation {
                    heap: 0,
                    address,
                    size,
                    stack,
                    tag: None,
                },
            }
        } else {
            let stack = stacks.intern_encoded(payload.get(position..)?)?;
            self.note_free(place, stack);
            match address {
                0 => HeapEvent::FreeOfNull { stack },
                _ => HeapEvent::Free {
                    heap: 0,
                    address,
                    size: None,
                    stack,
                },
            }
        }))
    }
}
