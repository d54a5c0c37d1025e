//! The ways in which targets tell of their heap: `docs/dialects.md`, and what others send.

mod idf;
mod leakscope;
mod segger;

use leakscope_analysis::trace::HeapEvent;
use leakscope_testing::scenario::{MAIN, Scenario};

use crate::reading::{Kind, Reading};

const SITE: &[u32] = &[0x400D_1000, 0x400D_2000];
const OTHER: &[u32] = &[0x400D_3000];
const BLOCK: u32 = 0x3FFB_0000;

/// A recording that has begun, without any module.
fn begun() -> Scenario {
    let mut recording = Scenario::empty();
    recording.start().task(MAIN, "main").run(MAIN);
    recording
}

fn heap_events(reading: &Reading) -> Vec<(HeapEvent, Vec<u64>)> {
    let events = reading.events.iter();
    events
        .filter_map(|event| match &event.kind {
            Kind::Heap(heap, frames) => Some((*heap, frames.clone())),
            _ => None,
        })
        .collect()
}

/// The addresses of allocations, in order.
fn addresses(reading: &Reading) -> Vec<u64> {
    let events = heap_events(reading).into_iter();
    events
        .filter_map(|(event, _)| match event {
            HeapEvent::Allocation { address, .. } | HeapEvent::Reallocation { address, .. } => {
                Some(address)
            }
            _ => None,
        })
        .collect()
}
