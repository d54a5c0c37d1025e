//! What is written is read back, and nothing else is, however little of it has arrived.

use leakscope_systemview::{Frame, FrameError, Packet, Text};
use proptest::prelude::*;

use crate::any_packet::{any_number, parts};
use crate::{encoded, only_packet};

proptest! {
    #[test]
    fn a_packet_comes_back_as_it_was_written(parts in parts(), delta in any_number()) {
        let packet = parts.packet();
        let bytes = encoded(&packet, delta);
        prop_assert_eq!(only_packet(&bytes), (packet, delta));
    }

    #[test]
    fn what_follows_a_packet_does_not_change_it(
        parts in parts(),
        next in parts(),
        delta in any_number(),
    ) {
        let packet = parts.packet();
        let mut bytes = encoded(&packet, delta);
        let length = bytes.len();
        bytes.extend(encoded(&next.packet(), 0));
        let frame = Frame::split(&bytes).expect("a frame");
        prop_assert_eq!((frame.length, frame.delta), (length, delta));
        prop_assert_eq!(Packet::parse(&frame), Ok(packet));
    }

    #[test]
    fn each_prefix_of_a_packet_is_incomplete(parts in parts(), delta in any_number()) {
        let bytes = encoded(&parts.packet(), delta);
        for length in 0..bytes.len() {
            prop_assert_eq!(
                Frame::split(&bytes[..length]),
                Err(FrameError::Incomplete),
                "the first {} of {} bytes", length, bytes.len()
            );
        }
    }

    #[test]
    fn a_packet_is_written_whole_or_not_at_all(parts in parts(), room in 0..64usize) {
        let packet = parts.packet();
        let needed = encoded(&packet, 0).len();
        let written = packet.encode(0, &mut vec![0; room]);
        prop_assert_eq!(written.ok(), (needed <= room).then_some(needed));
    }
}

#[test]
fn a_string_beyond_65535_bytes_is_cut() {
    let text = "x".repeat(0x1_0010);
    let bytes = encoded(
        &Packet::NameResource {
            resource: 1,
            name: text.as_str().into(),
        },
        2,
    );
    let name = Text::from(&text[..0xFFFF]);
    let expected = Packet::NameResource { resource: 1, name };
    assert_eq!(only_packet(&bytes), (expected, 2));
}
