//! The ways in which targets tell of their heap: `docs/dialects.md`, and what others send.

mod idf;
mod leakscope;
mod sampled;
mod scans;
mod segger;

use leakscope_analysis::trace::HeapEvent;
use leakscope_testing::scenario::{IDF_HEAP, MAIN, Scenario};

use crate::reading::{Kind, Reading, read_one};

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

/// Damage to one of two descriptions of a module takes nothing from the other, whichever comes first.
#[test]
fn the_sound_one_of_two_descriptions_counts() {
    let damaged = [
        "M=ESP32 SystemView Heap Tracing Module\u{0}\u{9}\u{1} main",
        "M=ESP32 SystemView Heaq Tracing Module",
        "M=ESP32",
    ];
    for other in damaged {
        for (first, second) in [(IDF_HEAP, other), (other, IDF_HEAP)] {
            let mut recording = begun();
            recording.module(512, first).module(512, second);
            recording.allocate(BLOCK, 16, SITE).free(BLOCK, SITE);
            let reading = read_one(recording.openocd());
            assert_eq!(
                reading.outcome.totals.heap_events, 2,
                "{first}, then {second}"
            );
            let mut codes = reading.codes();
            codes.retain(|code| *code != "description-damaged");
            assert_eq!(codes, ["descriptions-disagree"]);
        }
    }
}

/// After a restart another firmware may run, with another module at the same place.
#[test]
fn a_restarted_target_may_have_other_modules() {
    let mut recording = begun();
    recording.module(512, IDF_HEAP).allocate(BLOCK, 16, SITE);
    recording.after(10).stop();
    recording
        .after(10)
        .start()
        .module(512, "M=Another one, 0 turn");
    recording.event(512, &[7]);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.outcome.totals.heap_events, 1);
    assert_eq!(reading.problem("descriptions-disagree"), None);
}
