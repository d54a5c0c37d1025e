//! The ways in which targets tell of their heap: `docs/dialects.md`, and what others send.

mod idf;
mod leakscope;
mod segger;

use std::fs;
use std::path::Path;

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

/// What the section on dialects in `CONTRIBUTING.md` names is there: files and folders in the repository, and the rest
/// in the files of this room.
#[test]
fn the_guide_names_what_there_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &str| fs::read_to_string(root.join(path)).expect(path);
    let guide = read("CONTRIBUTING.md");
    let section = guide
        .split("\n## ")
        .find(|part| part.starts_with("Add a dialect\n"));
    let named: Vec<&str> = section
        .expect("the section")
        .split('`')
        .skip(1)
        .step_by(2)
        .collect();
    let (paths, words): (Vec<&str>, Vec<&str>) = named.iter().partition(|name| name.contains('/'));
    let sources = ["src/trace/dialect/mod.rs", "tests/trace/effects.rs"]
        .map(|path| read(&format!("crates/leakscope-analysis/{path}")))
        .concat();
    for path in &paths {
        assert!(root.join(path).exists(), "there is no `{path}`");
    }
    for word in &words {
        assert!(sources.contains(word), "nothing is called `{word}`");
    }
    assert!(paths.len() >= 5 && words.len() >= 5, "{named:?}");
}
