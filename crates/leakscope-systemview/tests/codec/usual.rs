//! The quick way of cutting the usual packets, which needs room behind them, against the general way, which
//! is taken when the bytes end with the packet.

use leakscope_systemview::{Frame, Shape};
use proptest::prelude::*;

/// Ids of one byte, of two, and any byte at all; then bytes that are often parts of longer numbers.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let id = prop_oneof![
        (0u8..32).prop_map(|id| vec![id]),
        (0u8..=255, 0u8..8).prop_map(|(low, high)| vec![low | 0x80, high]),
        (0u8..=255, 0u8..=255).prop_map(|(low, high)| vec![low, high]),
    ];
    let byte = prop_oneof![0u8..128, 128u8..=255, Just(0x7F), Just(0x80)];
    (id, prop::collection::vec(byte, 0..300)).prop_map(|(id, rest)| [id, rest].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn the_quick_way_cuts_as_the_general_way(bytes in bytes()) {
        if let Ok(frame) = Frame::split(&bytes) {
            prop_assert_eq!(Frame::split(&bytes[..frame.length]), Ok(frame));
        }
        if let Some((frame, _)) = Frame::split_usual(&bytes, Shape::of_head) {
            prop_assert_eq!(Frame::split(&bytes[..frame.length]), Ok(frame));
        }
    }

    #[test]
    fn most_usual_packets_are_cut_quickly(id in 32u32..1024, payload in 0u8..128, delta in 0u32..1 << 28) {
        let (id, id_length) = leakscope_systemview::varint::write(id);
        let (delta, delta_length) = leakscope_systemview::varint::write(delta);
        let payload: Vec<u8> = (0..payload).collect();
        let mut bytes = id[..id_length].to_vec();
        bytes.push(payload.len() as u8);
        bytes.extend(&payload);
        bytes.extend(&delta[..delta_length]);
        let length = bytes.len();
        bytes.resize(length + 150, 0xFF);
        let frame = Frame::split_usual(&bytes, Shape::of_head);
        prop_assert_eq!(frame.map(|(frame, _)| (frame.length, frame.payload)), Some((length, &payload[..])));
    }
}
