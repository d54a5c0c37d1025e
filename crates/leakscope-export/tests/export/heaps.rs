//! A target that tells its heaps apart: Perfetto shows what lives and what is free in each, and a flame graph of each.

use std::collections::BTreeMap;

use leakscope_export::Format;
use leakscope_systemview::{Extended, Packet};
use leakscope_testing::scenario::{MAIN, RAM, Scenario};

use crate::made::{Made, PROGRAM};
use crate::protobuf::{Message, Value};

/// Where they begin, and their sizes.
const HEAPS: [(u32, u32); 2] = [(RAM + 0x1000, 0x8000), (RAM + 0x9000, 0x100)];

/// Blocks come and go in both.
pub(crate) fn recording() -> Scenario {
    let mut recording = Scenario::empty();
    recording.shift(0).start().run(MAIN);
    for (base, size) in HEAPS {
        recording.packet(&Packet::Extended(Extended::HeapDefine {
            heap: recording.shrink(base - 16),
            base: recording.shrink(base),
            size,
            metadata_size: 8,
        }));
    }
    let block = |recording: &Scenario, heap: usize, place: u32| {
        let (base, _) = HEAPS[heap];
        (
            recording.shrink(base - 16),
            recording.shrink(base + 64 * place),
        )
    };
    for (heap, place, length) in [(0, 0, 64), (1, 0, 32), (0, 1, 128), (1, 1, 8), (0, 2, 1)] {
        let (heap, block) = block(&recording, heap, place);
        recording
            .after(3000)
            .packet(&Packet::Extended(Extended::HeapAlloc {
                heap,
                block,
                length,
                tag: None,
            }));
    }
    for (heap, place) in [(0, 0), (1, 1)] {
        let (heap, block) = block(&recording, heap, place);
        let free = Packet::Extended(Extended::HeapFree { heap, block });
        recording.after(3000).packet(&free);
    }
    recording
}

fn text(value: Value<'_>) -> String {
    match value {
        Value::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        Value::Number(number) => panic!("{number} is no text"),
    }
}

#[test]
fn each_heap_has_its_numbers() {
    let made = Made::new(&recording(), PROGRAM);
    let trace = made.export(Format::Perfetto);
    let trace = Message::read(&trace).unwrap();
    let (mut names, mut levels, mut left) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for packet in trace.all(1).map(Value::message) {
        if let Some(track) = packet.one(60).map(Value::message) {
            let name = track.one(2).map_or_else(String::new, text);
            names.insert(track.one(1).unwrap().number(), name);
        }
        let event = packet.one(11).map(Value::message);
        if let Some((event, value)) = event.and_then(|event| Some((event.clone(), event.one(30)?)))
        {
            let track = &names[&event.one(11).unwrap().number()];
            levels.insert(track.clone(), value.number());
        }
        for profile in packet.all(37).map(Value::message) {
            for dump in profile.all(5).map(Value::message) {
                let heap = text(dump.one(11).unwrap());
                for sample in dump.all(2).map(Value::message) {
                    let [stack, allocated, freed] =
                        [1, 2, 3].map(|field| sample.one(field).unwrap().number());
                    left.insert((heap.clone(), stack), allocated - freed);
                }
            }
        }
    }
    assert_eq!(
        levels["bytes that live"],
        made.report.totals.outstanding_bytes
    );
    for (heap, (base, size)) in made.report.heaps.iter().zip(HEAPS) {
        let name = format!("heap at {base:#x}");
        let outstanding = heap.outstanding_bytes;
        assert_eq!(levels[&format!("bytes that live, {name}")], outstanding);
        assert_eq!(
            levels[&format!("bytes that are free, {name}")],
            u64::from(size) - outstanding
        );
        let of_heap = left.iter().filter(|((known, _), _)| *known == name);
        assert_eq!(of_heap.map(|(_, left)| left).sum::<u64>(), outstanding);
    }
    // Sums of one stack are those of one heap: the importer knows no other.
    let stacks: Vec<u64> = left.keys().map(|(_, stack)| *stack).collect();
    assert!(stacks[0] != stacks[1] && left.len() == 2, "{left:?}");
}
