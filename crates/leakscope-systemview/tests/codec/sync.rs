//! Finding where a recording begins.

use leakscope_systemview::sync::{self, SYNC, Sync};
use leakscope_systemview::{Init, Packet};
use proptest::prelude::*;

use crate::encoded;

const INIT: Packet<'_> = Packet::Init(Init {
    timestamp_hz: 40_000_000,
    cpu_hz: 160_000_000,
    ram_base: 0x3F40_0000,
    id_shift: 0,
});

fn start() -> Vec<u8> {
    [
        &SYNC[..],
        &encoded(&Packet::TraceStart, 2_700_756),
        &encoded(&INIT, 300),
    ]
    .concat()
}

/// An ESP-IDF allocation with many call-stack slots that are not used, and a delta of ten: its end looks
/// like a sync and `TRACE_START`.
fn allocation_with_zeros() -> Vec<u8> {
    let payload = [
        0xA0, 0xD1, 0xED, 0xFF, 0x03, 8, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    encoded(
        &Packet::Other {
            id: 512,
            payload: &payload,
        },
        10,
    )
}

#[test]
fn a_start_sequence_is_a_start() {
    assert_eq!(sync::at(&start(), false), Some(Sync::Start));
    assert_eq!(sync::find(&start(), 0, false), Some(0));
}

#[test]
fn an_interrupt_may_come_between_trace_start_and_init() {
    let bytes = [
        &SYNC[..],
        &encoded(&Packet::TraceStart, 1),
        &encoded(&Packet::IsrEnter { interrupt: 15 }, 1),
        &encoded(&Packet::IsrExit, 1),
        &encoded(&INIT, 1),
    ]
    .concat();
    assert_eq!(sync::at(&bytes, false), Some(Sync::Start));
}

#[test]
fn an_init_without_trace_start_is_no_start() {
    let bytes = [&SYNC[..], &encoded(&Packet::Idle, 1), &encoded(&INIT, 1)].concat();
    assert_eq!(sync::at(&bytes, false), Some(Sync::Zeros));
}

#[test]
fn either_core_may_start() {
    let mut buffer = [0; 64];
    for core in [0, 1] {
        let mut bytes = SYNC.to_vec();
        for packet in [Packet::TraceStart, INIT] {
            let length = packet.encode_with_core_bit(core, 1, &mut buffer);
            bytes.extend(&buffer[..length.expect("room")]);
        }
        assert_eq!(sync::at(&bytes, true), Some(Sync::Start));
    }
}

#[test]
fn zeros_in_a_payload_are_no_start() {
    let allocation = allocation_with_zeros();
    let zeros: Vec<_> = sync::zeros(&allocation, 0).collect();
    assert_eq!(zeros.len(), 1);
    assert_eq!(sync::at(&allocation[zeros[0]..], false), Some(Sync::Zeros));
    assert_eq!(sync::find(&allocation.repeat(20), 0, false), None);
}

#[test]
fn a_start_is_found_behind_a_packet_that_ends_in_zeros() {
    let bytes = [encoded(&Packet::TaskStartExec { task: 0 }, 0), start()].concat();
    assert_eq!(sync::find(&bytes, 0, false), Some(3));
}

#[test]
fn a_start_that_is_cut_is_not_confirmed() {
    let start = start();
    for length in SYNC.len()..start.len() {
        assert_eq!(sync::at(&start[..length], false), Some(Sync::Zeros));
    }
    assert_eq!(sync::at(&SYNC[..9], false), None);
}

proptest! {
    #[test]
    fn every_start_is_found_among_allocations(
        gaps in prop::collection::vec(0..4usize, 1..5),
    ) {
        let mut bytes = Vec::new();
        let mut expected = Vec::new();
        for gap in gaps {
            bytes.extend(allocation_with_zeros().repeat(gap));
            expected.push(bytes.len());
            bytes.extend(start());
        }
        let mut found = Vec::new();
        let mut from = 0;
        while let Some(position) = sync::find(&bytes, from, false) {
            found.push(position);
            from = position + SYNC.len();
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn zeros_stand_where_a_plain_search_finds_them(
        bytes in prop::collection::vec(prop_oneof![9 => Just(0u8), 1 => 1..5u8], 0..200),
        from in 0..220usize,
    ) {
        let plain: Vec<_> = (from..bytes.len().saturating_sub(SYNC.len()))
            .filter(|&at| bytes[at..].starts_with(&SYNC) && bytes[at + SYNC.len()] != 0)
            .collect();
        prop_assert_eq!(sync::zeros(&bytes, from).collect::<Vec<_>>(), plain);
    }
}
