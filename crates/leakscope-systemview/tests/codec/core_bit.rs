//! The framing of ESP chips, with the core in a bit of the id.

use leakscope_systemview::{Frame, Packet};
use proptest::prelude::*;

use crate::any_packet::{any_number, parts};

#[test]
fn the_bit_is_the_sixth_of_a_short_id() {
    let frame = Frame::split_with_core_bit(&[0x44, 0x60, 0x05]).expect("a frame");
    assert_eq!((frame.id, frame.core), (4, 1));
    assert_eq!(
        Packet::parse(&frame),
        Ok(Packet::TaskStartExec { task: 0x60 })
    );
    let frame = Frame::split_with_core_bit(&[0x04, 0x60, 0x05]).expect("a frame");
    assert_eq!((frame.id, frame.core), (4, 0));
}

#[test]
fn the_bit_is_the_sixth_of_the_second_byte_of_a_long_id() {
    for (bytes, id, core) in [
        ([0x80, 0x04], 512, 0),
        ([0x80, 0x44], 512, 1),
        ([0xFF, 0x40], 127, 1),
        ([0xFF, 0x3F], 8191, 0),
        ([0xFF, 0x7F], 8191, 1),
    ] {
        let bytes = [bytes[0], bytes[1], 0x00, 0x05];
        let frame = Frame::split_with_core_bit(&bytes).expect("a frame");
        assert_eq!((frame.id, frame.core, frame.delta), (id, core, 5));
    }
}

#[test]
fn ids_that_one_byte_cannot_hold_beside_the_bit_are_written_in_two() {
    let mut buffer = [0; 8];
    for id in [63, 64, 126, 127, 128, 8191] {
        for core in [0, 1] {
            let packet = Packet::Other { id, payload: &[] };
            let length = packet
                .encode_with_core_bit(core, 5, &mut buffer)
                .expect("room");
            let frame = Frame::split_with_core_bit(&buffer[..length]).expect("a frame");
            assert_eq!((frame.id, frame.core, frame.length), (id, core, length));
        }
    }
}

proptest! {
    #[test]
    fn a_packet_comes_back_with_its_core(
        parts in parts(),
        core in 0..2u8,
        delta in any_number(),
    ) {
        let packet = parts.packet();
        prop_assume!(packet.id() < 8192);
        let mut buffer = [0; 1024];
        let length = packet.encode_with_core_bit(core, delta, &mut buffer).expect("room");
        let frame = Frame::split_with_core_bit(&buffer[..length]).expect("a frame");
        prop_assert_eq!((frame.length, frame.core, frame.delta), (length, core, delta));
        prop_assert_eq!(Packet::parse(&frame), Ok(packet));
    }
}
