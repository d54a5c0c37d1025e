//! Bytes that no recorder wrote.

use leakscope_systemview::{Extended, Frame, FrameError, Header, Packet, SystemDescription, sync};
use proptest::prelude::*;

use crate::any_packet::parts;
use crate::encoded;

/// Reads all of `bytes` as a reader of damaged recordings would: over what is malformed byte by byte, to
/// the end. Returns how many bytes were read or skipped, and how many packets there were.
fn walk<'a>(
    bytes: &'a [u8],
    split: impl Fn(&'a [u8]) -> Result<Frame<'a>, FrameError>,
) -> (usize, usize) {
    let (mut position, mut packets) = (0, 0);
    while position < bytes.len() {
        match split(&bytes[position..]) {
            Ok(frame) => {
                assert!(frame.length >= 2);
                let from_payload = &bytes[position + frame.payload_start..position + frame.length];
                assert!(from_payload.starts_with(frame.payload));
                assert!(from_payload.len() > frame.payload.len(), "room for a delta");
                show(&frame);
                position += frame.length;
                packets += 1;
            }
            Err(_) => position += 1,
        }
    }
    (position, packets)
}

/// Looks at everything that a packet holds.
fn show(frame: &Frame<'_>) {
    match Packet::parse(frame) {
        Ok(Packet::SysDesc { text }) => {
            let _ = format!("{:?}", SystemDescription(text).items().collect::<Vec<_>>());
        }
        Ok(Packet::PrintFormatted(print)) => {
            let _ = (print.formatted().to_string(), print.level());
        }
        Ok(packet) => {
            let _ = format!("{packet:?}");
        }
        Err(error) => {
            let _ = error.to_string();
        }
    }
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..400),
        // Few values, so that ids, lengths and strings of all kinds come up.
        prop::collection::vec(prop_oneof![0..40u8, Just(0xFF), Just(0x80)], 0..400),
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_read_to_their_end(bytes in bytes()) {
        prop_assert_eq!(walk(&bytes, Frame::split).0, bytes.len());
        prop_assert_eq!(walk(&bytes, Frame::split_with_core_bit).0, bytes.len());
    }

    #[test]
    fn any_bytes_have_a_header_or_none(bytes in bytes(), text in "[;\\n\\r\\t Offsetcr01]{0,80}") {
        let file = [text.as_bytes(), &bytes].concat();
        let header = Header::parse(&file);
        prop_assert!(header.data <= file.len());
        prop_assert!(header.text.0.len() <= header.data);
        let _ = (header.core_offsets().count(), header.is_espressif());
    }

    #[test]
    fn any_bytes_can_be_searched_for_a_start(bytes in bytes(), from in 0..500usize) {
        for core_bit in [false, true] {
            if let Some(position) = sync::find(&bytes, from, core_bit) {
                prop_assert!(position >= from);
                prop_assert_eq!(sync::at(&bytes[position..], core_bit), Some(sync::Sync::Start));
            }
        }
    }

    #[test]
    fn more_bytes_never_turn_malformed_into_a_packet(bytes in bytes(), more in bytes()) {
        if let Err(FrameError::Malformed(what)) = Frame::split(&bytes) {
            let all = [bytes, more].concat();
            prop_assert_eq!(Frame::split(&all), Err(FrameError::Malformed(what)));
        }
    }

    #[test]
    fn packets_behind_one_flipped_bit_are_still_read(
        damaged in parts(),
        bit in any::<prop::sample::Index>(),
    ) {
        let mut bytes = encoded(&damaged.packet(), 5);
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        // Enough that some are left, for any length that the damage claims.
        let behind = encoded(&Packet::Extended(Extended::Mark { marker: 1 }), 1).repeat(20_000);
        bytes.extend(behind);
        let (covered, packets) = walk(&bytes, Frame::split);
        prop_assert_eq!(covered, bytes.len());
        prop_assert!(packets > 1000);
    }
}
