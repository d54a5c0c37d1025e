//! The least that any reader must do, for comparison: numbers are decoded, and live blocks kept in a
//! hash map. Nothing is checked, no time, context or call site is known; damaged bytes make it panic.

use leakscope_systemview::{Header, id, sync::SYNC};
use rustc_hash::FxHashMap;

/// Reads one core after the other; returns how many blocks live at the end, as far as that can tell.
pub(crate) fn floor(recording: &[u8]) -> usize {
    let mut bytes = Bytes {
        bytes: recording,
        at: Header::parse(recording).data,
    };
    let mut live: FxHashMap<u32, (u32, u32)> = FxHashMap::default();
    while bytes.at < recording.len() {
        match bytes.number() {
            id @ id::FIRST_WITH_LENGTH.. => {
                let length = bytes.number() as usize;
                let end = bytes.at + length;
                if id == id::FIRST_MODULE {
                    let (address, size) = (bytes.number(), bytes.number());
                    let mut stack = 0u32;
                    while bytes.at < end {
                        stack = stack.rotate_left(5) ^ bytes.number();
                    }
                    live.insert(address, (size, stack));
                } else if id == id::FIRST_MODULE + 1 {
                    live.remove(&bytes.number());
                }
                bytes.at = end;
            }
            id::NOP => {
                bytes.at += SYNC.len() - 1;
                continue;
            }
            id => bytes.skip_fields(id),
        }
        std::hint::black_box(bytes.number());
    }
    live.len()
}

struct Bytes<'r> {
    bytes: &'r [u8],
    at: usize,
}

impl Bytes<'_> {
    #[inline]
    fn byte(&mut self) -> u32 {
        let byte = self.bytes[self.at];
        self.at += 1;
        u32::from(byte)
    }

    #[inline]
    fn number(&mut self) -> u32 {
        let mut byte = self.byte();
        let mut value = byte & 0x7F;
        let mut shift = 7;
        while byte > 0x7F {
            byte = self.byte();
            value |= (byte & 0x7F) << shift;
            shift += 7;
        }
        value
    }

    /// The fields of those packets without a length that the made-up recordings contain.
    fn skip_fields(&mut self, id: u32) {
        match id {
            id::TASK_START_EXEC | id::ISR_ENTER => _ = self.number(),
            id::ISR_EXIT | id::TRACE_START | id::TRACE_STOP => {}
            id::SYSDESC => self.skip_string(),
            id::TASK_INFO | id::MODULEDESC => {
                let _ = (self.number(), self.number());
                self.skip_string();
            }
            _ => unreachable!("packet {id}"),
        }
    }

    fn skip_string(&mut self) {
        let length = self.byte();
        self.at += length as usize;
    }
}
