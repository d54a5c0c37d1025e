//! What one core sends.

use leakscope_systemview::sync::SYNC;
use leakscope_systemview::{Packet, varint};

/// The packets of one core, written.
pub(super) struct Stream {
    bytes: Vec<u8>,
    time: u64,
    packets: u64,
    payload: Vec<u8>,
}

impl Stream {
    pub(super) fn new() -> Self {
        Self {
            bytes: SYNC.to_vec(),
            time: 0,
            packets: 0,
            payload: Vec::new(),
        }
    }

    pub(super) fn send(&mut self, now: u64, packet: &Packet<'_>) {
        let mut buffer = [0; 256];
        let delta = (now - self.time) as u32;
        let length = packet.encode(delta, &mut buffer).expect("a short packet");
        self.bytes.extend_from_slice(&buffer[..length]);
        self.time = now;
        self.packets += 1;
    }

    /// An event of ESP-IDF's heap module: fields, then return addresses.
    pub(super) fn heap_event(&mut self, now: u64, id: u32, fields: &[u32], stack: &[u32]) {
        let mut payload = std::mem::take(&mut self.payload);
        payload.clear();
        for &field in fields.iter().chain(stack) {
            let (bytes, length) = varint::write(field);
            payload.extend_from_slice(&bytes[..length]);
        }
        let payload_of = &payload;
        self.send(
            now,
            &Packet::Other {
                id,
                payload: payload_of,
            },
        );
        self.payload = payload;
    }

    pub(super) fn packets(&self) -> u64 {
        self.packets
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
