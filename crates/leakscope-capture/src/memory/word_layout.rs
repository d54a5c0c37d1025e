//! How numbers lie in a target's memory.

/// The width of a pointer, and the order of bytes. The default is that of nearly every microcontroller:
/// 32 bits, the lowest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WordLayout {
    /// Pointers have 64 bits rather than 32.
    pub is_64_bit: bool,
    /// The highest byte comes first.
    pub is_big_endian: bool,
}

impl WordLayout {
    /// Bytes of a pointer.
    pub fn pointer_size(self) -> usize {
        if self.is_64_bit { 8 } else { 4 }
    }

    /// The number that `bytes` (at most eight) stand for.
    pub fn number(self, bytes: &[u8]) -> u64 {
        let add = |number: u64, &byte: &u8| number << 8 | u64::from(byte);
        if self.is_big_endian {
            bytes.iter().fold(0, add)
        } else {
            bytes.iter().rev().fold(0, add)
        }
    }

    /// The bytes of a 32-bit word.
    pub fn word(self, word: u32) -> [u8; 4] {
        if self.is_big_endian {
            word.to_be_bytes()
        } else {
            word.to_le_bytes()
        }
    }
}
