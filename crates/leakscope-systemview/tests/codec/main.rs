//! Bytes to packets and back: worked bytes, properties against naive twins, damage, real recordings.

mod any_packet;
mod core_bit;
mod corpus;
mod damage;
mod header;
mod long_strings;
mod no_std;
mod printf;
mod round_trip;
mod sync;
mod system_description;
mod usual;
mod varint;
mod worked_bytes;

use leakscope_systemview::{Frame, Packet};

/// The one packet that `bytes` hold, with its delta; fails if bytes are left over.
fn only_packet(bytes: &[u8]) -> (Packet<'_>, u32) {
    let frame = Frame::split(bytes).expect("a frame");
    assert_eq!(frame.length, bytes.len(), "bytes left over");
    (Packet::parse(&frame).expect("a packet"), frame.delta)
}

/// The packet as [`Packet::encode`] writes it.
fn encoded(packet: &Packet<'_>, delta: u32) -> Vec<u8> {
    let mut buffer = vec![0; 0x2_0000];
    let length = packet.encode(delta, &mut buffer).expect("room");
    buffer.truncate(length);
    buffer
}
